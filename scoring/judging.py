"""Judging an item from its facts: bands, dimensions, notes 1 and 3, overrules; before the word on 4.7 and note 4."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from scoring import metrics
from scoring.catalogue import Bands, Item, Standard
from scoring.metrics import MetricFacts
from scoring.policy import Policy
from scoring.reasons import DIMENSION_NAMES, Reason, because
from scoring.sheet import ACHIEVING_RESULTS, CopcSheet, ItemFacts, LineFact

# The items whose trend note 4 makes full when 4.7 is compliant.
NOTE_4_ITEMS = frozenset({"4.1", "4.2", "4.3", "4.4", "4.5", "4.6"})
PRACTICE = ("approach", "deployment")
RESULTS = ("approach", "level", "trend")
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


def judge_results(facts: ItemFacts, required: Sequence[MetricFacts], frame: Frame) -> Judgement:
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


# The whole sheet


def required_metrics(facts: ItemFacts | None, policy: Policy) -> tuple[MetricFacts, ...]:
    """The facts of an item's required metrics."""
    if facts is None or facts.metrics is None:
        return ()
    return tuple(metrics.facts(metric, policy) for metric in facts.metrics if metric.required)


def judge(item: Item, facts: ItemFacts, sheet: CopcSheet, frame: Frame) -> Judgement:
    if item.unit_kind is not None:
        return _judge_practice(item, facts, sheet.units_of(item), frame)
    return judge_results(facts, required_metrics(facts, frame.policy), frame)
