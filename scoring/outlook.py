"""What stands on the edge: facts of which one more failing would drop a dimension, before it happens.

Asked of the scorer itself: one fact is turned to failing, the sheet is scored, and what falls is compared. Bands,
the lower of two, the mean of three, the 75 % rule and the metrics that 4.7 reads are so taken into account without
a second formula. A hint for people; no score depends on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from scoring import metrics, rescore
from scoring.policy import Policy
from scoring.results import CopcResult, ItemResult
from scoring.sheet import CopcSheet, ItemFacts, LineFact, Metric
from scoring.text import Text

KINDS = {
    "line": Text(zh="再有一条要求不满足", en="one more requirement line not met"),
    "unit": Text(zh="再有一个单元未部署", en="one more unit not deployed"),
    "meets": Text(zh="再有一个指标未达标", en="one more metric missing its target"),
    "improves": Text(zh="再有一个指标不再改善", en="one more metric no longer improving"),
    "cui": Text(zh="再有一个指标的数据不可信", en="one more metric with data that cannot be trusted"),
}


@dataclass(frozen=True, slots=True)
class Drop:
    """A dimension of an item that would fall, from one score to another."""

    item: str
    dimension: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class Edge:
    """One more failing of a kind in an item: what would fall, and the points that it would cost in all.

    `facts` are the lines, units or metrics of which any one would do it. `drops` begins with the item's own
    dimensions; others (4.7, or items whose trend hangs on its word) follow. `lost` is 0 where a lower dimension
    already decides the item, and may lie below 0 where `copc.cui_denominator` drops the metric from the count.
    """

    item: str
    kind: str
    facts: tuple[str, ...]
    drops: tuple[Drop, ...]
    lost: Fraction

    @property
    def label(self) -> Text:
        """The kind of failing as people read it."""
        return KINDS[self.kind]


def edges(sheet: CopcSheet) -> tuple[Edge, ...]:
    """Every item and kind of fact where one more failing would drop a dimension, in catalogue order.

    >>> from datetime import date
    >>> edges(CopcSheet("copc-2000-csp@4.1", date(2026, 6, 30)))
    ()
    """
    now = rescore.score(sheet)
    if not isinstance(now, CopcResult):
        return ()
    return tuple(edge for item in now.items.values() for edge in _edges_of(sheet, item, now))


def edges_of(sheet: CopcSheet, item_id: str, now: CopcResult) -> tuple[Edge, ...]:
    """The same of one item, `now` being the score of the sheet."""
    return tuple(_edges_of(sheet, now.items[item_id], now))


def _edges_of(sheet: CopcSheet, item: ItemResult, now: CopcResult) -> Iterator[Edge]:
    facts = sheet.items.get(item.id)
    if facts is None:
        return
    for kind, groups in _failings(sheet, item, facts).items():
        for names, failed in groups:
            after = rescore.score(replace(sheet, items={**sheet.items, item.id: failed}), since=now)
            if not isinstance(after, CopcResult):
                continue
            drops = tuple(_drops(item, now, after))
            if drops:
                yield Edge(item.id, kind, names, drops, now.total - after.total)


def _drops(item: ItemResult, now: CopcResult, after: CopcResult) -> Iterator[Drop]:
    for other in sorted(now.items.values(), key=lambda entry: entry.id != item.id):
        then = after.items[other.id].dimensions
        for name, score in other.dimensions.items():
            fallen = then[name]
            if score is not None and fallen is not None and fallen < score:
                yield Drop(other.id, name, score, fallen)


_Groups = list[tuple[tuple[str, ...], ItemFacts]]


def _failings(sheet: CopcSheet, item: ItemResult, facts: ItemFacts) -> Mapping[str, _Groups]:
    """Kind → groups of facts that weigh the same, each with the item's facts after one of the group has failed."""
    found: dict[str, _Groups] = {"line": _failing_lines(facts), "unit": _failing_units(sheet, facts)}
    for kind in ("meets", "improves", "cui"):
        found[kind] = _failing_metrics(kind, item, facts, sheet.policy)
    return found


def _failing_lines(facts: ItemFacts) -> _Groups:
    groups: _Groups = []
    for flagged in (False, True):
        names = tuple(
            name
            for name, line in facts.lines.items()
            if line.status == "met" and line.improvement_approach is flagged
        )
        if names:
            failed = {**facts.lines, names[0]: LineFact("not_met", flagged)}
            groups.append((names, replace(facts, lines=failed)))
    return groups


def _failing_units(sheet: CopcSheet, facts: ItemFacts) -> _Groups:
    if facts.deployed is None:
        return []
    scope = facts.in_scope if facts.in_scope is not None else facts.deployed
    names = tuple(unit for unit in facts.deployed if unit in scope)
    left = tuple(unit for unit in facts.deployed if unit != names[0]) if names else ()
    return [(names, replace(facts, deployed=left))] if names else []


def _failing_metrics(kind: str, item: ItemResult, facts: ItemFacts, policy: Policy) -> _Groups:
    """Metrics grouped by what they contribute, because a metric that both meets and improves weighs more."""
    groups: dict[tuple[bool, bool], list[Metric]] = {}
    for metric in facts.metrics or ():
        shown = metrics.facts(metric, policy)
        holds = {"meets": shown.meets, "improves": shown.improving, "cui": shown.cui}[kind]
        if metric.required and holds:
            key = (shown.meets, shown.improving) if kind == "cui" else (True, True)
            groups.setdefault(key, []).append(metric)
    return [
        (tuple(metric.id for metric in group), _with_metric(facts, _failed(group[0], kind, policy)))
        for group in groups.values()
    ]


def _failed(metric: Metric, kind: str, policy: Policy) -> Metric:
    """The metric with one fact failing and the other two as they are."""
    if kind == "cui":
        return replace(metric, integrity=False, cui_released=False)
    shown = metrics.facts(metric, policy)
    if kind == "meets":
        return replace(metric, meets_target=False, improving=shown.improving)
    return replace(metric, improving=False)


def _with_metric(facts: ItemFacts, changed: Metric) -> ItemFacts:
    return replace(facts, metrics=tuple(changed if m.id == changed.id else m for m in facts.metrics or ()))


# One metric


def spare_misses(metric: Metric, policy: Policy) -> int | None:
    """How many of the next months in a row may miss the target before the metric stops meeting it.

    0 says that the next miss decides. `None` for a metric that is stated, that has no values, or that does not meet
    its target now. The window moves on with each month, so a good month that leaves it counts as well.

    >>> from scoring.policy import DEFAULT
    >>> values = tuple((f"2026-0{month}", Fraction(99 if month > 1 else 90)) for month in range(1, 7))
    >>> spare_misses(Metric("accuracy", better="higher", target=(("", Fraction(98)),), values=values), DEFAULT)
    2
    """
    shown = metrics.facts(metric, policy)
    if metric.meets_target is not None or not metric.values or not shown.meets:
        return None
    hits = list(_hits(metric, metric.values))
    spare = -1
    while _share(hits[-policy.window :]) >= policy.meet_share:
        hits.append(False)
        spare += 1
    return spare


def _share(hits: Sequence[bool]) -> Fraction:
    return Fraction(sum(hits), len(hits))


def _hits(metric: Metric, values: Sequence[tuple[str, Fraction]]) -> Iterator[bool]:
    for month, value in values:
        target = metrics.target_in(metric.target or (), month)
        yield target is not None and metrics.value_meets(value, target, metric.better)
