"""The unmet facts of a review: what each is, what a non-conformity about it pins, and who carries it."""

from scoring.metrics import MetricFacts
from scoring.results import CopcResult
from tracker.i18n import language, pick, say
from tracker.nonconformities.drafts import PinSpec
from tracker.reviews import scope
from tracker.reviews.facts import Key
from tracker.reviews.models import Fact, FactKind, Review
from tracker.reviews.viewmodels import (
    GapView,
)
from tracker.reviews.work import Work, load
from tracker.scores.sheets import COPC, SEE_CMM

# What counts as unmet, by kind of fact; rows are compared with the target level of the site.
UNMET = {FactKind.LINE: ("not_met",), FactKind.UNIT: ("partial", "none")}


def gaps_of(review: Review) -> list[GapView]:
    """The unmet facts of a review: who carries each, or why nobody does."""
    return gaps_in(load(review))


def gaps_in(work: Work) -> list[GapView]:
    """The same from rows that are already read."""
    gaps: list[GapView] = []
    if COPC in work.sets:
        gaps += [_fact_gap(work, COPC, fact) for fact in work.facts[COPC] if is_unmet(work, fact)]
        if work.copc is not None:
            gaps += _result_gaps(work, work.copc)
    if SEE_CMM in work.sets:
        gaps += [_fact_gap(work, SEE_CMM, fact) for fact in work.facts[SEE_CMM] if is_unmet(work, fact)]
    places = {element: place for place, element in enumerate(order_of(work))}
    return sorted(gaps, key=lambda gap: places.get(gap.element, len(places)))


def order_of(work: Work) -> tuple[str, ...]:
    """Every item and criterion of the review, in the order of its pages."""
    return tuple(element for standard in work.sets for element in scope.elements_of(work.review, standard))


def is_unmet(work: Work, fact: Fact) -> bool:
    """Whether a line, unit or row leaves a gap; a row does below the target level of the site."""
    if fact.kind == FactKind.ROW:
        return bool(fact.value) and int(fact.value) < work.site.target_level
    if fact.kind == FactKind.UNIT and work.unit(fact.element, fact.subject) is None:
        return False  # a programme that has ended in the meantime
    return fact.value in UNMET.get(fact.kind, ())


def _gap(
    work: Work,
    standard: str,
    key: str,
    parts: tuple[str, str, str, str],
    title: str,
    pins: tuple[PinSpec, ...],
) -> GapView:
    element, kind, subject, aspect = parts
    carried = [work.carriers[found] for pin in pins if (found := (standard, pin.key)) in work.carriers]
    reason = work.beside.reasons.get(key)
    return GapView(
        standard=standard,
        key=key,
        element=element,
        kind=kind,
        subject=subject,
        aspect=aspect,
        title=title,
        pins=pins,
        carried_by=min(carried) if carried else None,
        reason=reason.reason if reason is not None else None,
    )


def _fact_gap(work: Work, standard: str, fact: Fact) -> GapView:
    level = work.site.target_level if fact.kind == FactKind.ROW else None
    parts = (fact.element, fact.kind.value, fact.subject, fact.aspect)
    return _gap(
        work, standard, fact.key, parts, fact_title(work, fact), (PinSpec(standard, fact.key, level),)
    )


def fact_title(work: Work, fact: Fact) -> str:
    """What a fact is about, in words: the text of the line, the name of the unit or of the row."""
    if fact.kind == FactKind.LINE:
        lines = {line.id: line for line in scope.content_of(work.review, COPC).item(fact.element).lines}
        return say(lines[fact.subject].text) if fact.subject in lines else fact.subject
    if fact.kind == FactKind.UNIT:
        unit = work.unit(fact.element, fact.subject)
        return pick(unit.name_zh, unit.name_en) if unit is not None else fact.subject
    if fact.kind == FactKind.ROW:
        rows = scope.content_of(work.review, SEE_CMM).criterion(fact.element).rows
        return next((say(row.name) for row in rows if row.id == fact.subject), fact.subject)
    return fact.subject


def _result_gaps(work: Work, result: CopcResult) -> list[GapView]:
    """Required metrics that fail CUI or target, and items whose trend score is below 100, once each."""
    names = {(metric.item, metric.code): pick(metric.name_zh, metric.name_en) for metric in work.metrics}
    still = {
        item: tuple(facts.id for facts in entry.metrics if not facts.improving)
        for item, entry in result.items.items()
        if item != scope.ACHIEVING_RESULTS
    }
    gaps = []
    for element in scope.elements_of(work.review, COPC):
        entry = result.items[element]
        if element != scope.ACHIEVING_RESULTS:
            gaps += [
                _metric_gap(work, element, facts, names)
                for facts in entry.metrics
                if facts.failing or not facts.meets
            ]
        trend = entry.dimensions.get("trend")
        if trend is not None and trend < 100:
            of_items = still if element == scope.ACHIEVING_RESULTS else {element: still[element]}
            gaps.append(_trend_gap(work, element, of_items, names))
    return gaps


def _metric_gap(work: Work, element: str, facts: MetricFacts, names: dict[tuple[str, str], str]) -> GapView:
    aspect = "cui" if facts.failing else "meets"
    key = str(Key(element, FactKind.METRIC, facts.id, aspect))
    title = names.get((element, facts.id), facts.id)
    return _gap(work, COPC, key, (element, "metric", facts.id, aspect), title, (PinSpec(COPC, key),))


def _trend_gap(
    work: Work, element: str, still: dict[str, tuple[str, ...]], names: dict[tuple[str, str], str]
) -> GapView:
    found = [(item, code) for item, codes in still.items() for code in codes]
    pins = tuple(PinSpec(COPC, str(Key(item, FactKind.METRIC, code, "improves"))) for item, code in found)
    title = ("、" if language() == "zh" else ", ").join(names.get(pair, pair[1]) for pair in found)
    return _gap(work, COPC, f"{element}/trend", (element, "trend", "", "improves"), title, pins)
