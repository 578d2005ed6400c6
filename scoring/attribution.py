"""What every gap is worth: closed alone, closed last, and its Shapley share of the gain.

The total is a sum over items (and, where nothing can turn blank, over the dimensions of an item), and the Shapley
value of a sum is the sum of the Shapley values. So each small part is solved on its own, exactly: gaps that add
the same to a part's counts are interchangeable and only their number matters, the others are enumerated. A part
with too many combinations is sampled, and says so. Needs between gaps are set aside.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb, factorial, isqrt
from random import Random
from typing import Any

from scoring import closures, numbers
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
    Model,
    SeeModel,
    Vector,
    plus,
)
from scoring.sheet import Sheet

# Combinations of one part that are still enumerated: 16 gaps that all differ, and more where some are alike.
MOST_COMBINATIONS = 1 << 16
# Each sample is a random order of the gaps and its reverse, which cancels much of the noise.
SAMPLED_PAIRS = 400
_SIZE = len(closures.NOTHING)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one gap is worth in points; `error` is the standard error of a sampled share, else `None`."""

    alone: Fraction
    last: Fraction
    share: Fraction
    error: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """The gain of closing every gap and what each gap is worth; the shares sum exactly to the gain."""

    gain: Fraction
    exact: bool
    gaps: Mapping[str, Worth]

    def to_json(self) -> dict[str, Any]:
        """The public answer."""
        gaps: dict[str, dict[str, str]] = {}
        for name, worth in self.gaps.items():
            shown = {"alone": worth.alone, "last": worth.last, "share": worth.share}
            gaps[name] = {key: numbers.exact(value) for key, value in shown.items()}
            if not self.exact:
                gaps[name]["standard_error"] = numbers.exact(worth.error or Fraction(0))
        return {"gain": numbers.exact(self.gain), "exact": self.exact, "gaps": gaps}


def attribute(sheet: Sheet) -> Attribution:
    """Alone, last and share of every gap of a sheet, in points.

    >>> from scoring.sheet import parse
    >>> plain = {"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", "rows": {}}
    >>> attribute(parse(plain)).gain
    Fraction(0, 1)
    """
    model = closures.compile_sheet(sheet)
    everything = (1 << len(model.gaps)) - 1
    now, then = model.total(0), model.total(everything)
    shares = [Fraction(0)] * len(model.gaps)
    variances = [Fraction(0)] * len(model.gaps)
    exact = True
    for number, part in enumerate(parts_of(model)):
        found = shapley(part, number)
        exact = exact and found.exact
        for player, share in found.shares.items():
            shares[player] += share
            variances[player] += found.variances.get(player, Fraction(0))
    gaps = {
        gap.id: Worth(
            alone=model.total(1 << bit) - now,
            last=then - model.total(everything & ~(1 << bit)),
            share=shares[bit],
            error=None if exact else _root(variances[bit]),
        )
        for bit, gap in enumerate(model.gaps)
    }
    return Attribution(then - now, exact, gaps)


def _root(value: Fraction) -> Fraction:
    scale = 10**6
    return Fraction(isqrt(value.numerator * scale**2 // value.denominator), scale)


# The parts of a total


@dataclass(frozen=True, slots=True)
class Part:
    """One term of the total: a value that depends on the sum of the entities' contributions.

    `scale` turns every value into an integer number of points.
    """

    base: Vector
    entities: tuple[Entity, ...]
    value: Callable[[Vector], Fraction]
    scale: int


def parts_of(model: Model) -> Iterator[Part]:
    """The total as a sum of parts that share no scoring rule; parts that no closure changes are left out."""
    found = _item_parts(model) if isinstance(model, CopcModel) else _criterion_parts(model)
    return (part for part in found if part.entities)


def _project(entity: Entity, places: Sequence[int], offset: int, size: int) -> Entity:
    """The entity with only the counts that a part reads, set at an offset in a longer vector."""

    def moved(row: Vector) -> Vector:
        found = [0] * size
        for place in places:
            found[offset + place] = row[place]
        return tuple(found)

    return Entity(entity.name, entity.pins, tuple(moved(row) for row in entity.table))


def _part(
    value: Callable[[Vector], Fraction],
    scale: int,
    base: Vector,
    *groups: tuple[Sequence[Entity], Sequence[int], int],
) -> Part:
    changing = []
    for entities, places, offset in groups:
        for entity in entities:
            projected = _project(entity, places, offset, len(base))
            if projected.matters():
                changing.append(projected)
            else:
                base = plus(base, projected.table[0])
    return Part(base, tuple(changing), value, scale)


_LINES = (MET, UNMET, WAIVABLE)
_LEVEL = (COUNTED, MEETS)
_ALL = tuple(range(_SIZE))


def _item_parts(model: CopcModel) -> Iterator[Part]:
    for item in model.items.values():
        if item.approach(item.base) is None and not item.entities:
            continue
        if item.item.unit_kind is not None:
            yield _part(_practice_value(item), 100 * item.max.denominator, item.base,
                        (item.entities, (MET, UNMET, DEPLOYED), 0))  # fmt: skip
        else:
            yield from _result_parts(model, item)


def _practice_value(item: ItemModel) -> Callable[[Vector], Fraction]:
    return lambda v: item.points(v, False)


def _result_parts(model: CopcModel, item: ItemModel) -> Iterator[Part]:
    """Approach, level and trend each on its own; together where a closure may fill or empty a dimension."""
    start = item.vector(0)
    if item.approach(start) is None:
        return
    blank = item.level(start) is None or item.trend(start) is None
    scale = 300 * item.max.denominator
    if blank or item.frame.policy.cui_denominator == "drop":
        yield _with_word(model, item, _ALL, lambda v, yes: item.points(v, yes))
        return
    weight = item.max / 300
    lines = (*_LINES, *_LEVEL) if item.waives and item.computed("approach") else _LINES
    yield _part(lambda v: (item.approach(v) or 0) * weight, scale, item.base, (item.entities, lines, 0))
    yield _part(lambda v: (item.level(v) or 0) * weight, scale, item.base, (item.entities, _LEVEL, 0))
    automatic = item.frame.policy.note3_effect == "auto_trend"
    places = (IMPROVING, *_LEVEL) if automatic else (IMPROVING,)
    yield _with_word(
        model,
        item,
        places,
        lambda v, yes: (100 if yes and item.takes_note_4 else item.trend(v) or 0) * weight,
    )


def _with_word(
    model: CopcModel, item: ItemModel, places: Sequence[int], value: Callable[[Vector, bool], Fraction]
) -> Part:
    """A part that note 4 may change, so that the gaps on 4.7 play in it as well."""
    scale = 300 * item.max.denominator
    own = (item.entities, places, 0)
    achieving = model.achieving
    if achieving is None or not item.takes_note_4 or (not model.word_is_computed and model.word is None):
        fixed = model.compliant(0)
        return _part(lambda v: value(v, fixed), scale, item.base, own)
    if model.word_is_computed:
        judge = achieving
        return _part(
            lambda v: value(v[:_SIZE], all(s == 100 for s in judge.scores(v[_SIZE:], False))),
            scale,
            (*item.base, *judge.base),
            own,
            (judge.entities, _ALL, _SIZE),
        )
    said = achieving.facts.compliant is True
    word = [model.word] if model.word is not None else []
    return _part(
        lambda v: value(v[:_SIZE], said or v[_SIZE] == 1), scale, (*item.base, 0), own, (word, (0,), _SIZE)
    )


def _criterion_parts(model: SeeModel) -> Iterator[Part]:
    for criterion in model.criteria.values():
        fixed = [mark for row, mark in criterion.rows.items() if row not in criterion.entities]
        known = [mark for mark in fixed if mark is not None]
        base = (sum(known), len(fixed) - len(known))
        points = criterion.points
        yield Part(
            base,
            tuple(criterion.entities.values()),
            lambda v, points=points: points(v[0], v[1]),  # type: ignore[misc]
            4 * len(criterion.rows) * criterion.full.denominator,
        )


# Shapley shares of one part


@dataclass(frozen=True, slots=True)
class Shares:
    """Player (bit of the gap) → share; variances of the shares' means where they were sampled."""

    shares: Mapping[int, Fraction]
    exact: bool = True
    variances: Mapping[int, Fraction] = field(default_factory=dict)


@dataclass(slots=True)
class _Slot:
    """Players that are interchangeable: closing any of them adds `delta`. A lone one may also share entities."""

    players: list[int]
    delta: Vector
    settles: list[Entity] = field(default_factory=list)


def shapley(part: Part, number: int) -> Shares:
    """The Shapley value of every gap that plays in a part; `number` tells the part from the others of a total.

    Where shares are sampled each part draws orders of its own: only then do the variances of a gap add up.
    """
    slots, base = _slots(part)
    combinations = 1
    for slot in slots:
        combinations *= len(slot.players) + 1
    memo = _Memo(part)
    if combinations > MOST_COMBINATIONS:
        return _sampled(part, memo, number)
    return _enumerated(slots, base, memo)


class _Memo:
    """Integer values of a part, each computed once."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.known: dict[Vector, int] = {}

    def at(self, vector: Vector) -> int:
        found = self.known.get(vector)
        if found is None:
            scaled = self.part.value(vector) * self.part.scale
            assert scaled.denominator == 1, "the scale of a part must make its values whole"  # noqa: S101
            found = self.known[vector] = scaled.numerator
        return found


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _minus(left: Vector, right: Vector) -> Vector:
    return tuple(a - b for a, b in zip(left, right, strict=True))


def _slots(part: Part) -> tuple[list[_Slot], Vector]:
    """Players grouped by what they add; the base then holds everything with no gap closed, shared entities left out."""
    base = part.base
    deltas: dict[int, Vector] = {}
    shared: list[Entity] = []
    zero = (0,) * len(base)
    for entity in part.entities:
        players = _bits(entity.mask)
        for player in players:
            deltas.setdefault(player, zero)
        if len(players) == 1:
            base = plus(base, entity.table[0])
            deltas[players[0]] = plus(deltas[players[0]], _minus(entity.at(entity.mask), entity.table[0]))
        else:
            shared.append(entity)
    sharing = sorted({player for entity in shared for player in _bits(entity.mask)})
    slots = [_Slot([player], deltas[player]) for player in sharing]
    for entity in shared:
        # An entity's contribution is known once the last of its gaps is decided.
        slots[sharing.index(_bits(entity.mask)[-1])].settles.append(entity)
    alike: dict[Vector, list[int]] = {}
    for player, delta in deltas.items():
        if player not in sharing:
            alike.setdefault(delta, []).append(player)
    return slots + [_Slot(players, delta) for delta, players in alike.items()], base


class _Coalitions:
    """Sums value × multiplicity over all coalitions by size: once in total, and once per slot times its count."""

    def __init__(self, slots: Sequence[_Slot], memo: _Memo) -> None:
        self.slots = slots
        self.memo = memo
        self.players = sum(len(slot.players) for slot in slots)
        self.by_size = [0] * (self.players + 1)
        self.by_slot = [[0] * (self.players + 1) for _ in slots]
        self.counts = [0] * len(slots)
        self.nobody = 0

    def sum_up(self, base: Vector) -> None:
        """Visit every coalition; values are counted from the empty one, so where nothing moves nothing is summed."""
        nothing = base
        for slot in self.slots:
            for entity in slot.settles:
                nothing = plus(nothing, entity.table[0])
        self.nobody = self.memo.at(nothing)
        self._visit(0, base, 0, 0, 1)

    def _visit(self, index: int, vector: Vector, closed: int, size: int, ways: int) -> None:
        if index == len(self.slots):
            value = (self.memo.at(vector) - self.nobody) * ways
            if value:
                self._note(value, size)
            return
        slot = self.slots[index]
        many = len(slot.players)
        for count in range(many + 1):
            self.counts[index] = count
            now = closed | 1 << slot.players[0] if count and many == 1 else closed
            reached = vector
            for entity in slot.settles:
                reached = plus(reached, entity.at(now))
            self._visit(index + 1, reached, now, size + count, ways * comb(many, count))
            vector = plus(vector, slot.delta)
        self.counts[index] = 0

    def _note(self, value: int, size: int) -> None:
        self.by_size[size] += value
        for sums, count in zip(self.by_slot, self.counts, strict=True):
            if count:
                sums[size] += value * count


def _enumerated(slots: Sequence[_Slot], base: Vector, memo: _Memo) -> Shares:
    """Exact shares: each coalition's value, weighted by how often a player joins to make it or to change it."""
    found = _Coalitions(slots, memo)
    found.sum_up(base)
    players = found.players
    weights = [factorial(size) * factorial(players - size - 1) for size in range(players)]
    shares: dict[int, Fraction] = {}
    for slot, sums in zip(slots, found.by_slot, strict=True):
        many = len(slot.players)
        joined = sum(weights[size - 1] * sums[size] for size in range(1, players + 1))
        absent = sum(weights[size] * (many * found.by_size[size] - sums[size]) for size in range(players))
        share = Fraction(joined - absent, many * factorial(players) * memo.part.scale)
        shares.update(dict.fromkeys(slot.players, share))
    return Shares(shares)


def _sampled(part: Part, memo: _Memo, number: int) -> Shares:
    """Mean marginal values over random orders; always the same orders, so that an answer can be repeated."""
    players = sorted({player for entity in part.entities for player in _bits(entity.mask)})
    touching = {p: [entity for entity in part.entities if entity.mask >> p & 1] for p in players}
    start = part.base
    for entity in part.entities:
        start = plus(start, entity.table[0])
    chance = Random(f"{number} {len(players)}")  # noqa: S311 - a sample, not a secret
    sums, squares = dict.fromkeys(players, 0), dict.fromkeys(players, 0)
    for _ in range(SAMPLED_PAIRS):
        order = players[:]
        chance.shuffle(order)
        pair = dict.fromkeys(players, 0)
        for walk in (order, order[::-1]):
            closed, vector, value = 0, start, memo.at(start)
            for player in walk:
                after = closed | 1 << player
                for entity in touching[player]:
                    vector = plus(vector, _minus(entity.at(after), entity.at(closed)))
                reached = memo.at(vector)
                pair[player] += reached - value
                closed, value = after, reached
        for player, gained in pair.items():
            sums[player] += gained
            squares[player] += gained * gained
    unit = 2 * part.scale
    shares = {p: Fraction(total, SAMPLED_PAIRS * unit) for p, total in sums.items()}
    variances = {
        p: Fraction(
            SAMPLED_PAIRS * squares[p] - sums[p] ** 2, SAMPLED_PAIRS**2 * (SAMPLED_PAIRS - 1) * unit**2
        )
        for p in players
    }
    return Shares(shares, False, variances)
