"""The ways of every item of a sheet that a path may choose among, and which gaps more than one choice reads."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil

from scoring import judging
from scoring.closures import (
    COUNTED,
    DEPLOYED,
    IMPROVING,
    MEETS,
    MET,
    UNMET,
    WAIVABLE,
    CopcModel,
    Entity,
    ItemModel,
    Vector,
)
from scoring.ways import Gains, Question, Way, worth_choosing

# What a choice is about: an item, or a part of one.
WHOLE, LINES, UNITS, METRICS = "whole", "lines", "units", "metrics"

# Of an item's counts, which are better the more, and which the fewer.
_RISING: Vector = (1, -1, -1, 1, 1, 1, 1)


class Listing:
    """`ways` of the items, or of parts of them, as far as they can be listed; `told` holds the entities in these.

    Under `drop` closing more can cost points, so that a way is no longer as good as what it brings: none is listed.
    """

    def __init__(self, model: CopcModel, goal: str, keys: Mapping[int, int]) -> None:
        self.model = model
        self.goal = goal
        self.keys = keys
        self.ways: dict[tuple[str, str], list[Way]] = {}
        self.told: set[int] = set()
        self.pooling = model.items.get(model.frame.word_item or "")
        if model.frame.policy.cui_denominator == "keep":
            self.own = {item_id: self._own(item) for item_id, item in model.items.items()}
            self.shared = self._shared()
            for item_id, item in model.items.items():
                self._list(item, self.own[item_id])

    def _own(self, item: ItemModel) -> list[Entity]:
        """The entities of an item, of 4.7 without the metrics of others."""
        return [entity for entity in item.entities if item is not self.pooling or _part(entity) == LINES]

    def _shared(self) -> int:
        """The gaps that are read by two items, by the word on 4.7, or by another gap."""
        shared = 0 if self.model.word is None else self.model.word.mask
        seen = 0
        for entities in self.own.values():
            mask = _mask(entities)
            shared |= seen & mask
            seen |= mask
        place = {gap.id: bit for bit, gap in enumerate(self.model.gaps)}
        for gap in self.model.gaps:
            for name in (gap.id, *gap.needs) if gap.needs else ():
                shared |= 1 << place[name]
        return shared

    def _list(self, item: ItemModel, entities: Sequence[Entity]) -> None:
        """Ways of the item where they are not too many, else of those of its parts."""
        whole = item is not self.pooling and self._keep(item, WHOLE, entities, 0)
        for part in () if whole else (LINES, UNITS, METRICS):
            of_part = [entity for entity in entities if _part(entity) == part]
            rest = [entity for entity in entities if _part(entity) != part]
            self._keep(item, part, of_part, _mask(rest))

    def _keep(self, item: ItemModel, part: str, entities: Sequence[Entity], also_read: int) -> bool:
        gains = {WHOLE: self._of_whole, LINES: _of_lines, UNITS: _of_units, METRICS: self._of_metrics}[part]
        if not entities or not all(map(_rises, entities)):
            return False
        asked = Question(item.vector(0), _RISING, entities, self.keys, self.shared | also_read, gains(item))
        found = worth_choosing(asked)
        if found is None:
            return False
        self.ways[item.item.id, part] = found
        self.told.update(map(id, entities))
        return True

    def _of_whole(self, item: ItemModel) -> Callable[[Vector], Gains]:
        """Points without and with the word on 4.7, whether the goal's condition holds, and the metrics for 4.7."""
        pooled = self._pooled(item)

        def gains(v: Vector) -> Gains:
            return (
                item.points(v, False),
                item.points(v, True),
                self._fulfils(item, v, False),
                self._fulfils(item, v, True),
                *pooled(v),
            )

        return gains

    def _fulfils(self, item: ItemModel, v: Vector, word: bool) -> bool:
        scores = item.scores(v, word)
        if self.goal == "points":
            return True
        if self.goal == "strict" and item.item.unit_kind is None:
            return all(score == 100 for score in scores)
        return scores[0] == 100 and None not in scores

    def _of_metrics(self, item: ItemModel) -> Callable[[Vector], Gains]:
        """Level, trend before note 4, whether note 3 applies, and the metrics for 4.7."""
        pooled = self._pooled(item)

        def gains(v: Vector) -> Gains:
            note_3 = judging.note_3_applies(v[MEETS], v[COUNTED])
            return item.level(v) or 0, item.trend(v) or 0, note_3, *pooled(v)

        return gains

    def _pooled(self, item: ItemModel) -> Callable[[Vector], tuple[int, int]]:
        """How many more metrics meet target, and improve: no more than 4.7 can use."""
        meets = improving = 0
        start = item.vector(0)
        if self.pooling is not None and item.item.unit_kind is None:
            now = self.pooling.vector(0)
            edge = max(75, self.model.frame.level[-1][0])
            meets = max(0, ceil(Fraction(edge * now[COUNTED], 100)) - now[MEETS])
            improving = max(0, 2 - now[IMPROVING])
        return lambda v: (
            min(meets, v[MEETS] - start[MEETS]),
            min(improving, v[IMPROVING] - start[IMPROVING]),
        )


def _of_lines(item: ItemModel) -> Callable[[Vector], Gains]:
    """Approach without note 3, and where it applies."""

    def gains(v: Vector) -> Gains:
        found = [
            judging.approach_score(item.frame.approach, v[MET], v[UNMET], v[WAIVABLE], waive) or 0
            for waive in (False, item.waives)
        ]
        return tuple(found)

    return gains


def _of_units(item: ItemModel) -> Callable[[Vector], Gains]:
    return lambda v: (item.deployment(v) or 0,)


def _mask(entities: Sequence[Entity]) -> int:
    found = 0
    for entity in entities:
        found |= entity.mask
    return found


def _rises(entity: Entity) -> bool:
    """Whether releasing one more fact never takes anything away, which is what makes ways comparable."""
    return all(
        sign * (more - less) >= 0
        for index, row in enumerate(entity.table)
        for fact in range(len(entity.pins))
        for sign, more, less in zip(_RISING, entity.table[index | 1 << fact], row, strict=True)
    )


def _part(entity: Entity) -> str:
    """The part of an item that an entity belongs to, by the counts that it moves."""
    first, last = entity.table[0], entity.table[-1]
    if first[:DEPLOYED] != last[:DEPLOYED]:
        return LINES
    return UNITS if first[DEPLOYED] != last[DEPLOYED] else METRICS
