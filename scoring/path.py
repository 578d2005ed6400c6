"""The shortest path to a goal: the closures of least effort, or of the earliest date, proven optimal.

The sheet is compiled to its counts (`closures`) and written as an integer program that chooses, for every item, among
the ways of closing its gaps that no other outdoes (`ways`, exact), or climbs its rows level by level. The program only
searches: whether a set of closures reaches the goal is always decided by the exact scorer. Ties: fewer gaps, then the
smallest list of identifiers.

At worst, where an item has some two dozen gaps and most facts wait for several of them, or where most gaps speak to
several items or rows, the ways are too many; the item is then written part by part or fact by fact. It is the same
path, proven in the same manner, but the solver may take minutes, not seconds; no limit of time cuts it short.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from heapq import heapify, heappop, heappush
from math import lcm
from typing import Any

from scoring import closures, numbers, rescore
from scoring.closures import CopcModel
from scoring.faults import Fault, SheetFaults
from scoring.path_items import ItemWriter
from scoring.path_rows import RowWriter
from scoring.path_writer import Goal, Writer
from scoring.program import Linear, constant, variable
from scoring.rescore import Result
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import DEFAULT_TARGET_LEVEL, CopcSheet, Sheet

__all__ = ["Goal", "Plan", "blocking", "find", "goal_of", "in_order", "is_goal", "reaches", "ready_days"]

_GOAL = re.compile(r"(strict|lenient)|(points|level)=(.+)")
# Identifiers whose tie is settled by one call of the solver: their weights stay exact in its arithmetic.
_TIES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer; `days` holds the earliest day of each gap to close.

    Where the goal is out of reach, `result` has every gap closed and `blocking` says what is missing.
    """

    goal: Goal
    feasible: bool
    result: Result
    close: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    effort: Fraction = Fraction(0)
    ready_on: date | None = None
    blocking: tuple[str, ...] = ()
    days: Mapping[str, date] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The public answer."""
        if not self.feasible:
            return {"feasible": False, "best": self.result.to_json(), "blocking": list(self.blocking)}
        return {
            "feasible": True,
            "effort": numbers.exact(self.effort),
            "close": list(self.close),
            "order": list(self.order),
            "ready_on": None if self.ready_on is None else self.ready_on.isoformat(),
            "result": self.result.to_json(),
        }


# Goals


def is_goal(text: str) -> bool:
    """Whether a text names a goal of any standard."""
    found = _GOAL.fullmatch(text)
    if found is None or found[3] is None:
        return found is not None
    try:
        value = numbers.parse(found[3])
    except numbers.NotANumber:
        return False
    return found[2] == "points" or (value.denominator == 1 and 0 <= value <= 4)


def goal_of(sheet: Sheet, text: str | None) -> Goal:
    """The goal for a sheet, by default its own; raises `SheetFaults` for one that its standard does not have."""
    if text is None:
        if isinstance(sheet, CopcSheet):
            return Goal(sheet.policy.cert_policy)
        return Goal("level", Fraction(sheet.target_level or DEFAULT_TARGET_LEVEL))
    kinds = ("strict", "lenient", "points") if isinstance(sheet, CopcSheet) else ("level", "points")
    found = _GOAL.fullmatch(text) if is_goal(text) else None
    kind = str(found[1] or found[2]) if found else ""
    if found is None or kind not in kinds:
        wanted = " or ".join(f"{kind}=NUMBER" if kind in ("points", "level") else kind for kind in kinds)
        raise SheetFaults(
            [Fault("to", f"must be {wanted} for {sheet.standard}, not {numbers.describe(text)}")]
        )
    return Goal(kind, numbers.parse(found[3]) if found[3] else Fraction(0))


def reaches(result: Result, goal: Goal) -> bool:
    """Whether a result meets a goal, decided on exact values."""
    if goal.kind == "points":
        return result.total >= goal.value
    if isinstance(result, SeeResult):
        return result.overall_level is not None and result.overall_level >= goal.value
    return result.verdict.passes(goal.kind)


def blocking(result: Result, goal: Goal) -> Iterator[str]:
    """What keeps a result from a goal, one string a condition."""
    if goal.kind == "points":
        yield f"points: {numbers.exact(result.total)} < {numbers.exact(goal.value)}"
    elif isinstance(result, SeeResult):
        yield from _level_blocking(result, goal)
    else:
        yield from _certification_blocking(result, goal)


def _level_blocking(result: SeeResult, goal: Goal) -> Iterator[str]:
    short = [
        f"{entry.id}.{row} {mark} < {goal.value}"
        for entry in result.criteria.values()
        if entry.level is None or entry.level < goal.value
        for row, mark in entry.rows.items()
        if mark is not None and mark < goal.value
    ]
    if short:
        yield f"level: {', '.join(short)}"
    if result.blank:
        yield f"blank: {', '.join(result.blank)}"


def _certification_blocking(result: CopcResult, goal: Goal) -> Iterator[str]:
    last = "category_4_full" if goal.kind == "strict" else "category_4_approach"
    for condition in result.conditions:
        if condition.needs is not None and condition.has is not None:
            if condition.has < condition.needs:
                yield f"total: {numbers.exact(condition.has)} < {numbers.exact(condition.needs)}"
        elif condition.items and condition.id in ("approach_1_3", last):
            yield f"{condition.id}: {', '.join(condition.items)}"
    if result.blank:
        yield f"blank: {', '.join(result.blank)}"


# The search


def find(sheet: Sheet, to: str | None = None, by: str = "effort") -> Plan:
    """The best set of closures that reaches a goal.

    `by` is `effort`, or `date` for the earliest day first. Raises `SheetFaults` for a goal the standard lacks.
    """
    goal = goal_of(sheet, to)
    search = _Search(sheet, goal)
    chosen = search.best(by)
    if chosen is None:
        everything = search.scored(search.all)
        return Plan(goal, False, everything, blocking=tuple(blocking(everything, goal)))
    gaps = [gap for gap in sheet.gaps if gap.id in chosen]
    days = ready_days(sheet)
    return Plan(
        goal=goal,
        feasible=True,
        result=search.scored(chosen),
        close=tuple(sorted(chosen)),
        order=tuple(in_order(chosen, {gap.id: gap.needs for gap in gaps})),
        effort=sum((gap.effort for gap in gaps), Fraction(0)),
        ready_on=max((days[gap.id] for gap in gaps), default=sheet.as_of),
        days={gap.id: days[gap.id] for gap in gaps},
    )


def in_order(chosen: Iterable[str], needs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The gaps so that each follows its needs; of those ready, the smallest identifier first.

    >>> list(in_order({"A", "B", "C"}, {"A": ["C"], "B": [], "C": []}))
    ['B', 'C', 'A']
    """
    waiting = {name: set(needs[name]) for name in chosen}
    ready = [name for name, needed in waiting.items() if not needed]
    heapify(ready)
    while ready:
        name = heappop(ready)
        yield name
        for other, needed in waiting.items():
            if name in needed:
                needed.remove(name)
                if not needed:
                    heappush(ready, other)


def ready_days(sheet: Sheet) -> dict[str, date]:
    """Gap → earliest day it can be closed: not before `as_of`, nor before the gaps it needs."""
    days: dict[str, date] = {}
    everything = {gap.id: gap for gap in sheet.gaps}
    for name in in_order(everything, {gap.id: gap.needs for gap in sheet.gaps}):
        gap = everything[name]
        days[name] = max([gap.ready_on or sheet.as_of, sheet.as_of, *(days[need] for need in gap.needs)])
    return days


def _written(sheet: Sheet, goal: Goal, keys: Mapping[int, int]) -> Writer:
    writer = Writer(sheet, goal, keys)
    model = closures.compile_sheet(sheet)
    if isinstance(model, CopcModel):
        ItemWriter(writer, model).write()
    else:
        RowWriter(writer, model).write()
    writer.program.tighten()
    return writer


class _Search:
    """One sheet and one goal; every answer of the solver is checked by the exact scorer."""

    def __init__(self, sheet: Sheet, goal: Goal) -> None:
        self.sheet = sheet
        self.goal = goal
        self.all = frozenset(gap.id for gap in sheet.gaps)
        self.now = rescore.score(sheet)

    def scored(self, closed: frozenset[str]) -> Result:
        return rescore.score(rescore.close(self.sheet, closed), since=self.now)

    def reached(self, closed: frozenset[str]) -> bool:
        return reaches(self.scored(closed), self.goal)

    @property
    def monotone(self) -> bool:
        """Whether closing more can never take a goal away; only a shrinking denominator breaks that."""
        return self.sheet.policy.cui_denominator == "keep"

    def best(self, by: str) -> frozenset[str] | None:
        if reaches(self.now, self.goal):
            return frozenset()
        if not self.all or (self.monotone and not self.reached(self.all)):
            return None
        if by == "date":
            return self._earliest()
        return self._cheapest(self.all)

    def _earliest(self) -> frozenset[str] | None:
        days = ready_days(self.sheet)
        steps = sorted(set(days.values()))
        by_then = [frozenset(name for name, day in days.items() if day <= step) for step in steps]
        if self.monotone:
            return self._cheapest(by_then[bisect_left(by_then, True, key=self.reached)])
        answers = (self._cheapest(allowed) for allowed in by_then)
        return next((answer for answer in answers if answer is not None), None)

    def _cheapest(self, allowed: frozenset[str]) -> frozenset[str] | None:
        """The least effort within `allowed`, then the fewest gaps, then the smallest list."""
        scale = lcm(*(gap.effort.denominator for gap in self.sheet.gaps))
        many = len(self.all) + 1
        costs = {
            bit: int(gap.effort * scale) * many + 1
            for bit, gap in enumerate(self.sheet.gaps)
            if gap.id in allowed
        }
        ranked = sorted(costs, key=lambda bit: self.sheet.gaps[bit].id, reverse=True)
        keys = {bit: (costs[bit] << len(ranked)) - (1 << place) for place, bit in enumerate(ranked)}
        writer = _written(self.sheet, self.goal, keys)
        found = self._least(writer, costs)
        if found is None:
            return None
        found = self._smallest_list(writer, sorted(costs, key=lambda bit: self.sheet.gaps[bit].id), found)
        return frozenset(self.sheet.gaps[bit].id for bit in found)

    def _least(self, writer: Writer, costs: Mapping[int, int]) -> set[int] | None:
        """A set of least cost; afterwards the program allows only sets of that cost."""
        digits = writer.program.digits(Linear(dict(costs)))
        found: set[int] | None = None
        for digit in digits:
            found = self._solved(writer, digit.terms)
            if found is None or writer.known is None:
                return None
            if len(digits) == 1:
                writer.program.narrow(costs, sum(costs[bit] for bit in found))
            least = sum(cost * writer.known[name] for name, cost in digit.terms.items())
            writer.program.at_least_zero(constant(least).add(digit, -1))
        return found

    def _smallest_list(self, writer: Writer, bits: list[int], found: set[int]) -> set[int]:
        """Among equally good sets of equal size, the one whose sorted list comes first, settled piece by piece.

        Of two lists of one length the smaller is the one that has the first identifier on which they differ.
        """
        for start in range(0, len(bits), _TIES_AT_ONCE):
            piece = bits[start : start + _TIES_AT_ONCE]
            if all(bit in found for bit in piece):
                weights: dict[int, int] = {}
            else:
                weights = {bit: -(1 << (len(piece) - place)) for place, bit in enumerate(piece)}
                found = self._solved(writer, weights) or found
            for bit in piece:
                fixed = variable(bit).add(constant(-1)) if bit in found else variable(bit).times(-1)
                writer.program.at_least_zero(fixed)
            if not any(bit in found for bit in bits[start + _TIES_AT_ONCE :]):
                break
        return found

    def _solved(self, writer: Writer, costs: Mapping[int, int]) -> set[int] | None:
        while True:
            values = writer.program.minimise(costs, writer.known)
            if values is None:
                return None
            found = {bit for bit in range(len(self.sheet.gaps)) if values[bit]}
            if self.reached(frozenset(self.sheet.gaps[bit].id for bit in found)):
                writer.known = values
                return found
            # The solver's rounding let something through that exact arithmetic refuses.
            writer.forbid(found)
