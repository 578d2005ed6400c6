"""Scoring a standard of items: bands, dimensions, notes 1-4, item percents and points.

The order of computation is the promise of this module: CUI of each metric, level share and number improving,
note 3, overrule, the word on 4.7, note 4. Percents and points are exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from scoring import catalogue, certification, metrics, numbers
from scoring.catalogue import Bands, Item, Standard
from scoring.certification import Condition, Verdict
from scoring.metrics import MetricFacts
from scoring.policy import Policy
from scoring.reasons import DIMENSION_NAMES, NO, YES, Reason, because
from scoring.sheet import ACHIEVING_RESULTS, CopcSheet, Gap, ItemFacts, LineFact

# The items whose trend note 4 makes full when 4.7 is compliant.
NOTE_4_ITEMS = frozenset({"4.1", "4.2", "4.3", "4.4", "4.5", "4.6"})
PRACTICE = ("approach", "deployment")
RESULTS = ("approach", "level", "trend")
FORMAT = "score-result/1"

Scores = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Tally:
    """A share as a count: `met` of `count`, the names that are missing, and those set aside by note 3."""

    met: int
    count: int
    missing: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """An item's dimensions before note 4: `scores` in force, `computed` beside each that was overruled."""

    facts: ItemFacts | None
    scores: Mapping[str, int | None]
    computed: Mapping[str, int | None] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    metrics: tuple[MetricFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item's score. `None` is blank: never 0. Points and percents are exact; `max` is the tier's full marks."""

    id: str
    category: str
    dimensions: Mapping[str, int | None]
    percent: Fraction | None
    points: Fraction | None
    max: Fraction
    reasons: tuple[Reason, ...]
    computed: Mapping[str, int | None]
    tallies: Mapping[str, Tally]
    metrics: tuple[MetricFacts, ...]

    def to_json(self) -> dict[str, Any]:
        """The item as the public result shows it."""
        shown: dict[str, Any] = dict(self.dimensions)
        shown["percent"] = _exact(self.percent)
        shown["points"] = _exact(self.points)
        shown["max"] = numbers.exact(self.max)
        shown["why"] = [reason.text("en") for reason in self.reasons]
        if self.computed:
            shown["computed"] = dict(self.computed)
        return shown


@dataclass(frozen=True, slots=True)
class CategoryResult:
    """Points of the scored items of a category, and its full marks."""

    points: Fraction
    max: Fraction


@dataclass(frozen=True, slots=True)
class CopcResult:
    """The score of a sheet. `total` is the sum of what is scored; `blank` lists the items that are not."""

    standard: str
    tier: str
    policy: Policy
    items: Mapping[str, ItemResult]
    categories: Mapping[str, CategoryResult]
    total: Fraction
    max: Fraction
    verdict: Verdict
    conditions: tuple[Condition, ...]
    blank: tuple[str, ...]
    hints: tuple[Reason, ...]
    compliant: bool
    judgements: Mapping[str, Judgement] = field(repr=False, compare=False)
    read_with: Standard | None = field(default=None, repr=False, compare=False)

    @property
    def catalogue(self) -> Standard:
        """The content that this score was computed with: the one handed in, or else what its identifier stands for."""
        return self.read_with or catalogue.load(self.standard)

    def condition(self, name: str) -> Condition:
        """One condition by its identifier."""
        return next(entry for entry in self.conditions if entry.id == name)

    def points_of(self) -> dict[str, Fraction]:
        """Item → points, blank counted as 0."""
        return {item.id: item.points or Fraction(0) for item in self.items.values()}

    def to_json(self) -> dict[str, Any]:
        """The public result."""
        return {
            "format": FORMAT,
            "standard": self.standard,
            "tier": self.tier,
            "policy": self.policy.to_json(),
            "items": {item.id: item.to_json() for item in self.items.values()},
            "categories": {
                name: {"points": numbers.exact(entry.points), "max": numbers.exact(entry.max)}
                for name, entry in self.categories.items()
            },
            "total": numbers.exact(self.total),
            "max": numbers.exact(self.max),
            "verdict": self.verdict.value,
            "conditions": [_condition_json(entry) for entry in self.conditions],
            "blank": list(self.blank),
            "hints": [hint.text("en") for hint in self.hints],
        }


def _exact(value: Fraction | None) -> str | None:
    return None if value is None else numbers.exact(value)


def _condition_json(condition: Condition) -> dict[str, Any]:
    if condition.needs is not None and condition.has is not None:
        needs, has = numbers.exact(condition.needs), numbers.exact(condition.has)
        return {"id": condition.id, "holds": condition.holds, "needs": needs, "has": has}
    return {"id": condition.id, "holds": condition.holds, "items": list(condition.items)}


# Bands


def band(bands: Bands, part: int, whole: int) -> int:
    """The score of the share part ÷ whole: the last band whose lower edge (percent, inclusive) it reaches (C-ARITH-3).

    >>> band(((25, 25), (50, 50), (75, 75), (90, 100)), 9, 10)
    100
    """
    score = 0
    for edge, reached in bands:
        if 100 * part < edge * whole:
            break
        score = reached
    return score


def approach_score(bands: Bands, met: int, unmet: int, waivable: int, waive: bool) -> int | None:
    """Approach from counted lines: `unmet` without the `waivable` ones that note 3 may set aside.

    `None` where no line is left to judge; where only waived lines remain the approach is 100 (C-N3).
    """
    if waive and waivable:
        return band(bands, met, met + unmet) if met + unmet else 100
    applicable = met + unmet + waivable
    return band(bands, met, applicable) if applicable else None


def trend_score(improving: int, required: int, one_metric: str) -> int:
    """Trend from the number of improving metrics (C-TREND); `capped` asks for no more than the item has."""
    full = min(2, required) if one_metric == "capped" else 2
    return 100 if improving >= full else 50 if improving else 0


def note_3_applies(met: int, counted: int) -> bool:
    """Whether at least 75 % of the metrics in the level's denominator meet target (C-N3)."""
    return counted > 0 and 4 * met >= 3 * counted


# One item


@dataclass(frozen=True, slots=True)
class Frame:
    """What every item of a run shares.

    `word_item` reads the metrics of all others and carries the word of note 4; `lifted` are the items whose trend
    that word makes full, none in the gold tier.
    """

    tier: str
    policy: Policy
    approach: Bands
    deployment: Bands
    level: Bands
    word_item: str | None = None
    lifted: frozenset[str] = frozenset()


@lru_cache(maxsize=256)
def frame_of(standard: Standard, tier: str, policy: Policy) -> Frame:
    """The bands and switches of a run, and in a release of COPC-2000 CSP its item 4.7 with those that it lifts."""
    bands = standard.bands
    lifted = NOTE_4_ITEMS if standard.copc and tier == "standard" else frozenset()
    word_item = ACHIEVING_RESULTS if standard.copc else None
    return Frame(
        tier, policy, bands["approach"], bands["deployment"], bands[f"level.{tier}"], word_item, lifted
    )


def _sorted_lines(lines: Mapping[str, LineFact]) -> tuple[int, list[str], list[tuple[str, LineFact]]]:
    """How many lines are met, which are not assessed, and which are not met."""
    met = 0
    open_lines: list[str] = []
    unmet: list[tuple[str, LineFact]] = []
    for name, fact in lines.items():
        if fact.status == "met":
            met += 1
        elif fact.status == "not_met":
            unmet.append((name, fact))
        elif fact.status == "not_assessed":
            open_lines.append(name)
    return met, open_lines, unmet


def _judge_approach(
    lines: Mapping[str, LineFact], frame: Frame, rule: str, level: Tally | None
) -> tuple[int | None, Tally, list[Reason]]:
    met, open_lines, unmet = _sorted_lines(lines)
    waive = (
        level is not None
        and frame.policy.note3_effect == "waive_lines"
        and note_3_applies(level.met, level.count)
    )
    waived = tuple(name for name, fact in unmet if waive and fact.improvement_approach)
    counted = tuple(name for name, _ in unmet if name not in waived)
    tally = Tally(met, met + len(counted), counted, waived)
    if open_lines:
        return None, tally, [because("approach_not_assessed", missing=tuple(open_lines))]
    if not lines:
        return None, tally, [because("approach_no_lines")]
    score = approach_score(frame.approach, met, len(counted), len(waived), waive)
    if score is None:
        return None, tally, [because("approach_not_applicable")]
    reasons = []
    if score < 100:
        reasons.append(
            because("approach", score=score, met=met, count=tally.count, rule=rule, missing=counted)
        )
    if waived and level is not None:
        reasons.append(because("waived", met=level.met, count=level.count, missing=waived))
    return score, tally, reasons


def _judge_deployment(
    facts: ItemFacts, units: Sequence[str], frame: Frame
) -> tuple[int | None, Tally, list[Reason]]:
    scope = units if facts.in_scope is None else facts.in_scope
    if facts.deployed is None:
        return None, Tally(0, len(scope)), [because("deployment_missing")]
    if not scope:
        return None, Tally(0, 0), [because("deployment_no_units")]
    deployed = frozenset(facts.deployed)
    missing = tuple(unit for unit in scope if unit not in deployed)
    tally = Tally(len(scope) - len(missing), len(scope), missing)
    score = band(frame.deployment, tally.met, tally.count)
    if score == 100:
        return score, tally, []
    return (
        score,
        tally,
        [because("deployment", score=score, met=tally.met, count=tally.count, missing=missing)],
    )


def _judge_practice(item: Item, facts: ItemFacts, units: Sequence[str], frame: Frame) -> Judgement:
    approach, lines, approach_reasons = _judge_approach(facts.lines, frame, "C-13-APP", None)
    deployment, deployed, deployment_reasons = _judge_deployment(facts, units, frame)
    return _with_overrule(
        facts,
        {"approach": approach, "deployment": deployment},
        {"approach": lines, "deployment": deployed},
        {"approach": approach_reasons, "deployment": deployment_reasons},
        (),
    )


def _tally_level(required: Sequence[MetricFacts], policy: Policy) -> Tally:
    counted = [entry for entry in required if entry.cui or policy.cui_denominator == "keep"]
    missing = tuple(entry.id for entry in counted if not entry.meets)
    return Tally(len(counted) - len(missing), len(counted), missing)


def _judge_results(facts: ItemFacts, required: Sequence[MetricFacts], frame: Frame) -> Judgement:
    """A category 4 item up to its overrule; `required` are the metrics that its level and trend read."""
    level_tally = _tally_level(required, frame.policy)
    approach, lines, approach_reasons = _judge_approach(facts.lines, frame, "C-4-APP", level_tally)
    level, level_reasons = _judge_level(required, level_tally, frame)
    trend, trend_tally, trend_reasons = _judge_trend(required, level_tally, frame)
    return _with_overrule(
        facts,
        {"approach": approach, "level": level, "trend": trend},
        {"approach": lines, "level": level_tally, "trend": trend_tally},
        {"approach": approach_reasons, "level": level_reasons, "trend": trend_reasons},
        required,
    )


def _judge_level(
    required: Sequence[MetricFacts], tally: Tally, frame: Frame
) -> tuple[int | None, list[Reason]]:
    if not required:
        return None, [because("level_none")]
    if not tally.count:
        return None, [because("level_dropped")]
    score = band(frame.level, tally.met, tally.count)
    if score == 100:
        return score, []
    distrusted = [
        because("cui", metric=entry.id, letters=", ".join(entry.failing))
        for entry in required
        if entry.failing
    ]
    worded = because("level", score=score, met=tally.met, count=tally.count, missing=tally.missing)
    return score, [worded, *distrusted]


def _judge_trend(
    required: Sequence[MetricFacts], level: Tally, frame: Frame
) -> tuple[int | None, Tally, list[Reason]]:
    missing = tuple(entry.id for entry in required if not entry.improving)
    tally = Tally(len(required) - len(missing), len(required), missing)
    if not required:
        return None, tally, [because("trend_none")]
    if frame.policy.note3_effect == "auto_trend" and note_3_applies(level.met, level.count):
        return 100, tally, [because("trend_note3", met=level.met, count=level.count)]
    score = trend_score(tally.met, tally.count, frame.policy.trend_one_metric)
    if score == 100:
        return score, tally, []
    return score, tally, [because("trend", score=score, met=tally.met, count=tally.count)]


def _with_overrule(
    facts: ItemFacts,
    scores: Scores,
    tallies: Mapping[str, Tally],
    reasons: dict[str, list[Reason]],
    required: Sequence[MetricFacts],
) -> Judgement:
    computed: Scores = {}
    if facts.overrule is not None:
        for name in scores.keys() & facts.overrule.scores.keys():
            score = facts.overrule.scores[name]
            reasons[name] = [
                because("overruled", dimension=DIMENSION_NAMES[name], score=score, computed=scores[name],
                        reason=" ".join(facts.overrule.reason.split()))
            ]  # fmt: skip
            computed[name] = scores[name]
            scores[name] = score
    ordered = {name: computed[name] for name in scores if name in computed}
    flat = tuple(reason for entries in reasons.values() for reason in entries)
    return Judgement(facts, scores, ordered, tallies, flat, tuple(required))


def item_percent(scores: Mapping[str, int | None]) -> Fraction | None:
    """Item percent 0-100: the minimum of two practice scores or the mean of three result scores; `None` when blank.

    >>> item_percent({"approach": 75, "level": 50, "trend": 100})
    Fraction(75, 1)
    """
    values = list(scores.values())
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return Fraction(min(known)) if "deployment" in scores else Fraction(sum(known), len(known))


def _finish(item: Item, judgement: Judgement, frame: Frame, compliant: bool) -> ItemResult:
    """Note 4, then percent and points."""
    scores: Mapping[str, int | None] = judgement.scores
    reasons = judgement.reasons
    if compliant and item.id in frame.lifted and judgement.facts is not None and scores["trend"] != 100:
        scores = {**scores, "trend": 100}
        kept = tuple(reason for reason in reasons if not _speaks_of_trend(reason))
        reasons = (*kept, because("trend_note4"))
    percent = item_percent(scores)
    full = item.points[frame.tier]
    points = None if percent is None else percent * full / 100
    if points is not None and points < full:
        code = "lost_min" if "deployment" in scores else "lost_mean"
        reasons = (*reasons, because(code, lost=full - points, max=full, **scores))
    return ItemResult(
        id=item.id,
        category=item.category,
        dimensions=scores,
        percent=percent,
        points=points,
        max=full,
        reasons=reasons,
        computed=judgement.computed,
        tallies=judgement.tallies,
        metrics=judgement.metrics,
    )


def _speaks_of_trend(reason: Reason) -> bool:
    overruled = reason.code == "overruled" and reason["dimension"] is DIMENSION_NAMES["trend"]
    return overruled or reason.code in ("trend", "trend_none")


# The whole sheet


def required_metrics(facts: ItemFacts | None, policy: Policy) -> tuple[MetricFacts, ...]:
    """The facts of an item's required metrics."""
    if facts is None or facts.metrics is None:
        return ()
    return tuple(metrics.facts(metric, policy) for metric in facts.metrics if metric.required)


def score(sheet: CopcSheet, since: CopcResult | None = None) -> CopcResult:
    """Score a sheet; items whose facts are the very ones that `since` was computed from are taken from there.

    >>> from datetime import date
    >>> score(CopcSheet("copc-2000-csp@4.1", date(2026, 6, 30))).verdict.value
    'incomplete'
    """
    standard = sheet.catalogue
    frame = frame_of(standard, sheet.tier, sheet.policy)
    known = _reusable(sheet, since)
    judgements = _judge_all(standard, sheet, frame, known)
    compliant = says_compliant(judgements.get(frame.word_item or ""), frame)
    items = _finish_all(standard, frame, judgements, compliant, known)
    return _result(standard, sheet, items, judgements, compliant, known)


def gain(sheet: CopcSheet, since: CopcResult) -> Fraction:
    """How much more the total of a sheet is than that of `since`, from the items that moved alone.

    >>> from datetime import date
    >>> empty = CopcSheet("copc-2000-csp@4.1", date(2026, 6, 30))
    >>> gain(empty, score(empty))
    Fraction(0, 1)
    """
    known = _reusable(sheet, since)
    if known is None:
        return score(sheet).total - since.total
    frame = frame_of(sheet.catalogue, sheet.tier, sheet.policy)
    judgements = _judge_all(sheet.catalogue, sheet, frame, known)
    compliant = says_compliant(judgements.get(frame.word_item or ""), frame)
    items = _finish_all(sheet.catalogue, frame, judgements, compliant, known)
    return sum(
        (
            (item.points or Fraction(0)) - (known.items[name].points or Fraction(0))
            for name, item in items.items()
            if item is not known.items[name]
        ),
        Fraction(0),
    )


def _reusable(sheet: CopcSheet, since: CopcResult | None) -> CopcResult | None:
    """The earlier result, where it was computed by the same rules."""
    if since is None or (since.tier, since.policy) != (sheet.tier, sheet.policy):
        return None
    return since if since.catalogue is sheet.catalogue else None


def _judge_all(
    standard: Standard, sheet: CopcSheet, frame: Frame, since: CopcResult | None
) -> dict[str, Judgement]:
    known: Mapping[str, Judgement] = {} if since is None else since.judgements
    judgements: dict[str, Judgement] = {}
    pooled: list[MetricFacts] = []
    for item in standard.items_of(sheet.tier):
        if item.id == frame.word_item:
            # Judged last: it reads the metrics of every other category 4 item. The place in the order stays.
            judgements[item.id] = _not_assessed(item, known.get(item.id))
            continue
        facts = sheet.items.get(item.id)
        judgement = known.get(item.id)
        if facts is None:
            judgement = _not_assessed(item, judgement)
        elif judgement is None or judgement.facts is not facts:
            judgement = _judge(item, facts, sheet, frame)
        judgements[item.id] = judgement
        pooled.extend(judgement.metrics)
    achieving = sheet.items.get(frame.word_item or "")
    if achieving is not None and achieving.id in judgements:
        judgement = known.get(achieving.id)
        same = judgement is not None and judgement.facts is achieving and judgement.metrics == tuple(pooled)
        judgements[achieving.id] = (
            judgement if judgement is not None and same else _judge_results(achieving, pooled, frame)
        )
    return judgements


def _judge(item: Item, facts: ItemFacts, sheet: CopcSheet, frame: Frame) -> Judgement:
    if item.unit_kind is not None:
        return _judge_practice(item, facts, sheet.units_of(item), frame)
    return _judge_results(facts, required_metrics(facts, frame.policy), frame)


def _finish_all(
    standard: Standard,
    frame: Frame,
    judgements: Mapping[str, Judgement],
    compliant: bool,
    since: CopcResult | None,
) -> dict[str, ItemResult]:
    """Every item's result; that of `since` where neither its judgement nor the word that lifts it has moved."""
    found = {}
    for item in standard.items_of(frame.tier):
        judgement = judgements[item.id]
        if (
            since is not None
            and judgement is since.judgements[item.id]
            and (compliant == since.compliant or item.id not in frame.lifted)
        ):
            found[item.id] = since.items[item.id]
        else:
            found[item.id] = _finish(item, judgement, frame, compliant)
    return found


def _not_assessed(item: Item, known: Judgement | None = None) -> Judgement:
    if known is not None and known.facts is None:
        return known
    names = RESULTS if item.unit_kind is None else PRACTICE
    return Judgement(None, dict.fromkeys(names), reasons=(because("not_assessed"),))


def says_compliant(achieving: Judgement | None, frame: Frame) -> bool:
    """The word on 4.7 as note 4 uses it: never in the gold tier."""
    if achieving is None or achieving.facts is None or not frame.lifted:
        return False
    if frame.policy.c47_compliant == "computed":
        return all(value == 100 for value in achieving.scores.values())
    return achieving.facts.compliant is True


def pass_points(standard: Standard, tier: str, policy: Policy) -> Fraction:
    """The total that the first condition asks for."""
    return policy.gold_pass_points if standard.copc and tier == "gold" else standard.tiers[tier].pass_points


def _result(
    standard: Standard,
    sheet: CopcSheet,
    items: Mapping[str, ItemResult],
    judgements: Mapping[str, Judgement],
    compliant: bool,
    since: CopcResult | None,
) -> CopcResult:
    sums = _sums(standard, items, since)
    total = sum(sums.values(), Fraction(0))
    found = certification.conditions(items.values(), total, pass_points(standard, sheet.tier, sheet.policy))
    return CopcResult(
        standard=sheet.standard,
        tier=sheet.tier,
        policy=sheet.policy,
        items=items,
        categories={
            c.id: CategoryResult(sums[c.id], c.points[sheet.tier])
            for c in standard.categories
            if sheet.tier in c.points
        },
        total=total,
        max=standard.tiers[sheet.tier].max,
        verdict=certification.verdict(found),
        conditions=found,
        blank=tuple(item.id for item in items.values() if item.percent is None),
        hints=tuple(_hints(sheet, items, compliant, frame_of(standard, sheet.tier, sheet.policy))),
        compliant=compliant,
        judgements=judgements,
        read_with=sheet.read_with,
    )


def _sums(
    standard: Standard, items: Mapping[str, ItemResult], since: CopcResult | None
) -> dict[str, Fraction]:
    """Category → points; only categories with an item that moved are added up again."""
    moved = {
        item.category for item in items.values() if since is None or item is not since.items.get(item.id)
    }
    sums = {
        category.id: since.categories[category.id].points
        if since is not None and category.id not in moved and category.id in since.categories
        else Fraction(0)
        for category in standard.categories
    }
    for item in items.values():
        if item.category in moved and item.points is not None:
            sums[item.category] += item.points
    return sums


# Hints


def _hints(
    sheet: CopcSheet, items: Mapping[str, ItemResult], compliant: bool, frame: Frame
) -> Iterable[Reason]:
    for item in items.values():
        if item.id != frame.word_item:
            yield from _metric_hints(item, frame)
    achieving = items.get(frame.word_item or "")
    if achieving is not None and not compliant and frame.lifted and achieving.percent == 100:
        yield because("hint_c47", older=YES if passes_older_test(achieving.metrics) else NO)
    yield from _gap_hints(sheet.gaps, items)


def _metric_hints(item: ItemResult, frame: Frame) -> Iterable[Reason]:
    for entry in item.metrics:
        if entry.failing and frame.word_item is None:
            # A standard of one's own has no item 2.6 on which to raise a finding.
            yield because("hint_cui_own", metric=entry.id, item=item.id, letters=", ".join(entry.failing))
        elif "C" in entry.failing:
            yield because("hint_missing", metric=entry.id, item=item.id)
        elif entry.failing:
            yield because("hint_cui", metric=entry.id, item=item.id, letters=", ".join(entry.failing))
        elif entry.provisional:
            yield because("hint_provisional", metric=entry.id, item=item.id, periods=entry.periods)
    if (
        len(item.metrics) == 1
        and frame.policy.trend_one_metric == "literal"
        and item.dimensions["trend"] != 100
    ):
        yield because("hint_one_metric", item=item.id)


def passes_older_test(required: Sequence[MetricFacts]) -> bool:
    """The older published test: half at target, and three quarters at target or improving."""
    met = sum(entry.meets for entry in required)
    either = sum(entry.meets or entry.improving for entry in required)
    return bool(required) and 2 * met >= len(required) and 4 * either >= 3 * len(required)


_DIMENSIONS_OF_RELEASE = {"line": ("approach",), "unit": ("deployment",), "metric": ("level", "trend")}
_DIMENSION_OF_FACT = {"meets": ("level",), "improves": ("trend",)}


def _gap_hints(gaps: Sequence[Gap], items: Mapping[str, ItemResult]) -> Iterable[Reason]:
    overruled = {item.id: item for item in items.values() if item.computed}
    if overruled:
        yield from _overruled_hints(gaps, overruled)
    minors: dict[str, dict[str, None]] = {}
    for gap in gaps:
        if gap.grade == "minor":
            for release in gap.releases:
                if release.item in items:
                    minors.setdefault(release.item, {})[gap.id] = None
    for item_id, gap_ids in minors.items():
        if len(gap_ids) >= 3:
            yield because("hint_minors", item=item_id, count=len(gap_ids), missing=tuple(gap_ids))


def _overruled_hints(gaps: Iterable[Gap], overruled: Mapping[str, ItemResult]) -> Iterable[Reason]:
    said: set[tuple[str, str, str]] = set()
    for gap in gaps:
        for release in gap.releases:
            item = overruled.get(release.item)
            if item is None:
                continue
            names = _DIMENSION_OF_FACT.get(release.fact) or _DIMENSIONS_OF_RELEASE.get(release.kind, ())
            for name in names:
                if name in item.computed and (gap.id, item.id, name) not in said:
                    said.add((gap.id, item.id, name))
                    yield because(
                        "hint_overruled_gap", gap=gap.id, item=item.id, dimension=DIMENSION_NAMES[name]
                    )
