"""Scoring a standard of items: from its facts to percents, points and conditions.

The order of computation is the promise of this module: CUI of each metric, level share and number improving,
note 3, overrule (`judging`), the word on 4.7, note 4. Percents and points are exact.
"""

from collections.abc import Mapping
from fractions import Fraction

from scoring import certification
from scoring.catalogue import Item, Standard
from scoring.hints import hints
from scoring.judging import PRACTICE, RESULTS, Frame, Judgement, frame_of, judge, judge_results
from scoring.metrics import MetricFacts
from scoring.policy import Policy
from scoring.reasons import DIMENSION_NAMES, Reason, because
from scoring.results import CategoryResult, CopcResult, ItemResult
from scoring.sheet import CopcSheet


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
            judgement = judge(item, facts, sheet, frame)
        judgements[item.id] = judgement
        pooled.extend(judgement.metrics)
    achieving = sheet.items.get(frame.word_item or "")
    if achieving is not None and achieving.id in judgements:
        judgement = known.get(achieving.id)
        same = judgement is not None and judgement.facts is achieving and judgement.metrics == tuple(pooled)
        judgements[achieving.id] = (
            judgement if judgement is not None and same else judge_results(achieving, pooled, frame)
        )
    return judgements


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
        hints=tuple(hints(sheet, items, compliant, frame_of(standard, sheet.tier, sheet.policy))),
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
