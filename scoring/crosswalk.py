"""From a gap in one standard to the row of another that asks the same question. It proposes; people set rows.

Which criteria an item speaks to, and which row a dimension asks about, is data of the catalogue; a proposal is made
where both meet: an enabler has no row for trends, and a result none for approach.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scoring.facts import Release
from scoring.standard import Criterion, DimensionCrossing, Item, Standard
from scoring.text import Text

# Items whose requirements are themselves the loop back: their lines speak of feedback, not of approach.
FEEDBACK_ITEMS = frozenset({"1.2", "2.3", "2.G.C"})
# … and so does the A of CUIKA in item 2.6: the data are acted on.
FEEDBACK_LINES = frozenset({"2.6-5"})
_METRIC_DIMENSIONS = {"cui": "collected", "meets": "level", "improves": "trend"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A row that may deserve another look, because of a gap in an item.

    `primary` says whether the criterion is the one the item speaks to first. `reasons` are the two crossings that
    lead there: why the criterion, and why the row.
    """

    criterion: str
    row: str
    primary: bool
    item: str
    dimension: str
    reasons: tuple[Text, Text]


def dimension_of(release: Release) -> str | None:
    """The dimension that a pinned fact speaks about, in the names of the crossings; `None` for the word on 4.7.

    >>> dimension_of(Release("unit", "2.3", "card")), dimension_of(Release("line", "2.3", "2.3-1a"))
    ('deployment', 'feedback')
    """
    if release.kind == "line":
        loop = release.item in FEEDBACK_ITEMS or release.name in FEEDBACK_LINES
        return "feedback" if loop else "approach"
    if release.kind == "unit":
        return "deployment"
    return _METRIC_DIMENSIONS.get(release.fact)


def propose(source: Standard, target: Standard, pins: Iterable[Release]) -> tuple[Proposal, ...]:
    """The rows of `target` to look at for facts pinned in `source`: primary criteria first, each row once.

    Facts that the source does not have, and items without a crossing, propose nothing.
    """
    rows = {crossing.id: crossing for crossing in source.dimension_crossings}
    found: dict[tuple[str, str], Proposal] = {}
    for proposal in sorted(_proposals(source, target, pins, rows), key=lambda entry: not entry.primary):
        found.setdefault((proposal.criterion, proposal.row), proposal)
    return tuple(found.values())


def _proposals(
    source: Standard, target: Standard, pins: Iterable[Release], rows: dict[str, DimensionCrossing]
) -> Iterator[Proposal]:
    for pin in pins:
        dimension = dimension_of(pin)
        if dimension not in rows or not source.has_item(pin.item):
            continue
        crossing = rows[dimension]
        for criterion, primary in _criteria(source.item(pin.item), target):
            if any(row.id == crossing.row for row in criterion.rows):
                why = source.item(pin.item).crossing
                words = (why.reason if why else crossing.reason, crossing.reason)
                yield Proposal(criterion.id, crossing.row, primary, pin.item, dimension, words)


def _criteria(item: Item, target: Standard) -> Iterator[tuple[Criterion, bool]]:
    if item.crossing is None:
        return
    for name in (item.crossing.primary, *item.crossing.secondary):
        if target.has_criterion(name):
            yield target.criterion(name), name == item.crossing.primary
