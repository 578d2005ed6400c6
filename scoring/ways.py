"""The ways of closing gaps of one item that are worth choosing from: no other costs less and brings as much.

A program that knows single lines, units and metrics may take a third of a band for a third of its cheapest gaps,
and has to try all that out. One that chooses among ways cannot: its relaxation lies close to the best whole answer.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge
from typing import Any

from scoring.closures import Entity, Vector

# An item with more combinations than this at any moment has no list of ways.
MOST = 2_500

# What a way brings, compared place by place: more is never worse.
Gains = tuple[Any, ...]

# Counts are packed into one number, each in a field of so many bits of which the highest stays free.
_FIELD = 16


@dataclass(frozen=True, slots=True)
class Way:
    """Closing the gaps of this mask, and what it brings."""

    closed: int
    gains: Gains


@dataclass(frozen=True, slots=True)
class Question:
    """The counts of an item as it stands, the entities that change them, and what to make of the counts.

    `keys` holds what each gap that may be closed costs, in numbers that add up and settle every tie. Gaps of the
    mask `shared` are read elsewhere too: what they cost is not counted here, and each choice of them is kept apart.
    `rising` says of each count whether more of it is better (1) or worse (-1).
    """

    now: Vector
    rising: Vector
    entities: Sequence[Entity]
    keys: Mapping[int, int]
    shared: int
    gains: Callable[[Vector], Gains]


# Closed gaps that still matter, progress of the counts, cost of the gaps that are read here alone, all closed gaps.
_State = tuple[int, int, int, int]


def worth_choosing(asked: Question) -> list[Way] | None:
    """The ways that no other outdoes, `None` where there are too many combinations to look at."""
    states = _combinations(asked)
    if states is None:
        return None
    known = {progress: asked.gains(_counts(asked, progress)) for _, progress, _, _ in states}
    # Whatever outdoes a way comes before it.
    states.sort(key=lambda state: known[state[1]], reverse=True)
    states.sort(key=lambda state: (state[2], state[0].bit_count()))
    kept: list[tuple[int, Gains, int]] = []
    for held, progress, _, closed in states:
        gains = known[progress]
        if not any(not other & ~held and all(map(ge, others, gains)) for other, others, _ in kept):
            kept.append((held, gains, closed))
    return [Way(closed, gains) for _, gains, closed in kept]


def _counts(asked: Question, progress: int) -> Vector:
    mask = (1 << _FIELD) - 1
    return tuple(
        value + sign * (progress >> _FIELD * place & mask)
        for place, (value, sign) in enumerate(zip(asked.now, asked.rising, strict=True))
    )


def _progress(asked: Question, row: Vector, start: Vector) -> int:
    """How far a contribution moves the counts, packed."""
    moves = (sign * (value - before) for sign, value, before in zip(asked.rising, row, start, strict=True))
    return sum(move << _FIELD * place for place, move in enumerate(moves))


# The pins of an entity, and how far each combination of its facts moves the counts.
_Effect = tuple[tuple[int, ...], list[int]]


def _combinations(asked: Question) -> list[_State] | None:
    """All that closing gap after gap can come to, without what another state outdoes on the way."""
    guard = sum(1 << _FIELD * place + _FIELD - 1 for place in range(len(asked.now)))
    order = _order(asked)
    # The place in the order at which all gaps of an entity are decided.
    ends = {
        id(entity): max((place for place, bit in enumerate(order) if entity.mask >> bit & 1), default=-1)
        for entity in asked.entities
    }
    states: list[_State] = [(0, 0, 0, 0)]
    for place, bit in enumerate(order):
        through = [entity for entity in asked.entities if ends[id(entity)] == place]
        effects = [
            (entity.pins, [_progress(asked, row, entity.table[0]) for row in entity.table])
            for entity in through
        ]
        live = 0
        for entity in asked.entities:
            live |= entity.mask if ends[id(entity)] > place else 0
        groups = _decided(asked, states, bit, effects, live)
        if sum(map(len, groups.values())) > MOST:
            return None
        states = [state for group in groups.values() for state in _undone(group, guard)]
    return states


# Closed gaps that still matter and progress → the least cost of coming there, and all gaps closed for it.
_Group = dict[tuple[int, int], tuple[int, int]]


def _decided(
    asked: Question, states: Sequence[_State], bit: int, effects: Sequence[_Effect], live: int
) -> dict[int, _Group]:
    """The states once a gap has been left open or closed, by the closed gaps that later entities ask for."""
    alone = not asked.shared >> bit & 1
    groups: dict[int, _Group] = defaultdict(dict)
    for held, progress, spent, closed in states:
        for taken in (0, 1 << bit):
            now = held | taken
            moved = progress
            for pins, table in effects:
                moved += table[sum((pin & now == pin) << fact for fact, pin in enumerate(pins))]
            state = now & (live | asked.shared), moved
            entry = spent + (asked.keys[bit] if taken and alone else 0), closed | taken
            group = groups[now & live]
            known = group.get(state)
            if known is None or entry < known:
                group[state] = entry
    return groups


def _undone(group: _Group, guard: int) -> list[_State]:
    """Of states that later gaps cannot tell apart, those that no other outdoes."""
    found = [(held, progress, *entry) for (held, progress), entry in group.items()]
    found.sort(key=lambda state: (state[2], state[0].bit_count(), -state[1]))
    kept: list[_State] = []
    for state in found:
        held, progress, *_ = state
        # With the guard bits set beforehand no field borrows from the next, and those that stay say "at least".
        if not any(
            not other & ~held and (far | guard) - progress & guard == guard for other, far, _, _ in kept
        ):
            kept.append(state)
    return kept


def _order(asked: Question) -> list[int]:
    """The gaps, so that few of them matter to an entity that is begun and not yet through."""
    waiting = [{bit for bit in asked.keys if entity.mask >> bit & 1} for entity in asked.entities]
    rest = dict.fromkeys(bit for bits in waiting for bit in sorted(bits))
    order: list[int] = []
    begun = [(bits, set(bits)) for bits in waiting]
    while rest:
        best = min(rest, key=lambda bit: _live(begun, bit))
        del rest[best]
        order.append(best)
        for _, left in begun:
            left.discard(best)
    return order


def _live(begun: Sequence[tuple[set[int], set[int]]], following: int) -> tuple[int, int]:
    """How many gaps stay live when this one is decided next, and how few of its entities that begins."""
    live: set[int] = set()
    fresh = 0
    for bits, left in begun:
        if following in left and len(left) > 1:
            live |= (bits - left) | {following}
            fresh += len(left) == len(bits)
        elif following not in left and left and len(left) < len(bits):
            live |= bits - left
    return len(live), fresh
