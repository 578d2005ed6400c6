"""The shortest path to a goal: the closures of least effort, or of the earliest date, proven optimal.

The sheet is compiled to its counts (`closures`) and written as an integer program whose switches say "this
dimension has reached that band". The program only searches: whether a set of closures reaches the goal is always
decided by the exact scorer. Ties: fewer gaps, then the smallest list of identifiers.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import pairwise
from math import ceil, lcm
from typing import Any

from scoring import catalogue, closures, copc, numbers, rescore
from scoring.catalogue import Bands
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
    SeeModel,
)
from scoring.copc import CopcResult
from scoring.faults import Fault, SheetFaults
from scoring.program import Linear, Program, constant, variable
from scoring.rescore import Result
from scoring.see_cmm import SeeResult
from scoring.sheet import DEFAULT_TARGET_LEVEL, CopcSheet, SeeSheet, Sheet

_GOAL = re.compile(r"(strict|lenient)|(points|level)=(.+)")
# Identifiers whose tie is settled by one call of the solver: their weights stay exact in its arithmetic.
_TIES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Goal:
    """`kind` is strict, lenient, points or level; `value` the points or the level."""

    kind: str
    value: Fraction = Fraction(0)

    @property
    def label(self) -> str:
        """The goal as it is written on the command line."""
        return f"{self.kind}={self.value}" if self.kind in ("points", "level") else self.kind


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
        writer = _Writer(self.sheet, self.goal, allowed)
        scale = lcm(*(gap.effort.denominator for gap in self.sheet.gaps))
        many = len(self.all) + 1
        costs = {
            bit: int(gap.effort * scale) * many + 1
            for bit, gap in enumerate(self.sheet.gaps)
            if gap.id in allowed
        }
        found = self._solved(writer, costs)
        if found is None:
            return None
        spent = sum(costs[bit] for bit in found)
        total = Linear({bit: -cost for bit, cost in costs.items()}, spent)
        writer.program.at_least_zero(total)
        found = self._smallest_list(writer, sorted(costs, key=lambda bit: self.sheet.gaps[bit].id), found)
        return frozenset(self.sheet.gaps[bit].id for bit in found)

    def _smallest_list(self, writer: "_Writer", bits: list[int], found: set[int]) -> set[int]:
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

    def _solved(self, writer: "_Writer", costs: Mapping[int, int]) -> set[int] | None:
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


# The program


class _Writer:
    """Writes a sheet and a goal as an integer program; variable i says whether gap i is closed."""

    def __init__(self, sheet: Sheet, goal: Goal, allowed: frozenset[str]) -> None:
        self.program = Program()
        self.goal = goal
        self.gaps = sheet.gaps
        # The last answer, from which the next call of the solver starts.
        self.known: list[int] | None = None
        place = {gap.id: bit for bit, gap in enumerate(sheet.gaps)}
        for gap in sheet.gaps:
            self.program.new(upper=int(gap.id in allowed))
        for gap in sheet.gaps:
            for need in gap.needs:
                self.program.at_least_zero(variable(place[need]).add(variable(place[gap.id]), -1))
        model = closures.compile_sheet(sheet)
        if isinstance(model, CopcModel):
            _CopcWriter(self, model).write()
            self._rank_alike(model, allowed)
        else:
            self._write_rows(model)

    def _rank_alike(self, model: CopcModel, allowed: frozenset[str]) -> None:
        """Of gaps that do the same, the cheaper (then the smaller identifier) goes first.

        Any best answer can be brought into this order by exchange, so nothing is lost, and the solver does not
        have to walk through all the ways of choosing among equals.
        """
        alike: dict[frozenset[tuple[str, closures.Vector]], list[int]] = {}
        for bit, effect in closures.effects(model).items():
            if self.gaps[bit].id in allowed:
                alike.setdefault(effect, []).append(bit)
        for effect, bits in alike.items():
            ranked = sorted(bits, key=lambda bit: (self.gaps[bit].effort, self.gaps[bit].id))
            if not effect:
                for bit in ranked:
                    self.program.at_least_zero(variable(bit).times(-1))
            for first, second in pairwise(ranked):
                self.program.at_least_zero(variable(first).add(variable(second), -1))

    def forbid(self, found: set[int]) -> None:
        """Shut out exactly this set of closures."""
        row = Linear({bit: -1 if bit in found else 1 for bit in range(len(self.gaps))}, len(found) - 1)
        self.program.at_least_zero(row)

    def entity(self, entity: Entity) -> list[Linear]:
        """The entity's contribution, one expression for each place of its vector."""
        facts = [
            self.program.all_of(variable(bit) for bit in range(len(self.gaps)) if pin >> bit & 1)
            for pin in entity.pins
        ]
        alone = len(facts) == 1
        switches = [constant(1).add(facts[0], -1), facts[0]] if alone else self._combinations(facts)
        found = [Linear() for _ in entity.table[0]]
        for switch, row in zip(switches, entity.table, strict=True):
            found = [
                sum_.add(switch, value) if value else sum_ for sum_, value in zip(found, row, strict=True)
            ]
        return found

    def _combinations(self, facts: Sequence[Linear]) -> list[Linear]:
        """One switch for each combination of facts; exactly the one that holds is on."""
        switches = [self.program.new(whole=False) for _ in range(1 << len(facts))]
        self._equal(switches, constant(1))
        for bit, fact in enumerate(facts):
            self._equal([switch for index, switch in enumerate(switches) if index >> bit & 1], fact)
        return switches

    def _equal(self, parts: Iterable[Linear], whole: Linear) -> None:
        total = Linear()
        for part in parts:
            total = total.add(part)
        self.program.at_least_zero(total.add(whole, -1))
        self.program.at_least_zero(whole.add(total, -1))

    def reach(self, terms: Sequence[tuple[Fraction, Linear]], target: Fraction) -> None:
        """Σ weight × expression must reach the target; weights may be fractions."""
        scale = lcm(target.denominator, *(weight.denominator for weight, _ in terms))
        total = constant(-ceil(target * scale))
        for weight, expression in terms:
            total = total.add(expression, int(weight * scale))
        self.program.at_least_zero(total)

    def _write_rows(self, model: SeeModel) -> None:
        terms: list[tuple[Fraction, Linear]] = []
        for criterion in model.criteria.values():
            written = {row: self.entity(entity) for row, entity in criterion.entities.items()}
            marks, empties = [], []
            for row, mark in criterion.rows.items():
                level, empty = written.get(row, [constant(mark or 0), constant(int(mark is None))])
                marks.append(level)
                empties.append(empty)
            if self.goal.kind == "level":
                self._reach_level(marks, empties, model.sheet)
            else:
                terms.append((criterion.full / (4 * len(marks)), self._sum_unless_empty(marks, empties)))
        if self.goal.kind == "points":
            self.reach(terms, self.goal.value)

    def _reach_level(self, marks: Sequence[Linear], empties: Sequence[Linear], sheet: SeeSheet) -> None:
        level = int(self.goal.value)
        for empty in empties:
            self.program.at_least_zero(empty.times(-1))
        if sheet.policy.level_rule == "weakest":
            for mark in marks:
                self.program.at_least_zero(mark.add(constant(-level)))
        else:
            total = constant(-level * len(marks))
            for mark in marks:
                total = total.add(mark)
            self.program.at_least_zero(total)

    def _sum_unless_empty(self, marks: Sequence[Linear], empties: Sequence[Linear]) -> Linear:
        total = Linear()
        for mark in marks:
            total = total.add(mark)
        if all(not empty.terms and not empty.constant for empty in empties):
            return total
        most = 4 * len(marks)
        counted = self.program.new(upper=most, whole=False)
        self.program.at_least_zero(total.add(counted, -1))
        for empty in empties:
            self.program.at_least_zero(constant(most).add(empty, -most).add(counted, -1))
        return counted


_Switch = Callable[[int], Linear]


class _CopcWriter:
    """The items of a sheet: for every dimension and score, a switch that can be on only when it is reached."""

    def __init__(self, writer: _Writer, model: CopcModel) -> None:
        self.writer = writer
        self.program = writer.program
        self.model = model
        # A metric is read by its own item and by 4.7; its rows are written once.
        self.known: dict[int, list[Linear]] = {}
        self.counts = {item_id: self._count(item) for item_id, item in model.items.items()}
        self.word = self._write_word()

    def _count(self, item: ItemModel) -> list[Linear]:
        counts = [constant(value) for value in item.base]
        for entity in item.entities:
            if id(entity) not in self.known:
                self.known[id(entity)] = self.writer.entity(entity)
            counts = [left.add(right) for left, right in zip(counts, self.known[id(entity)], strict=True)]
        return counts

    def _write_word(self) -> Linear:
        """The switch for "4.7 is compliant"."""
        item = self.model.achieving
        if item is None:
            return constant(0)
        if self.model.word_is_computed:
            full = [self._approach(item)(100), self._level(item)(100), self._own_trend(item)(100)]
            return self.program.both(*full)
        if item.facts.compliant is True:
            return constant(1)
        return self.writer.entity(self.model.word)[0] if self.model.word is not None else constant(0)

    def write(self) -> None:
        """Every condition of the goal."""
        goal = self.writer.goal
        target = goal.value
        if goal.kind != "points":
            standard = catalogue.load(self.model.sheet.standard)
            target = copc.pass_points(standard, self.model.frame.tier, self.model.frame.policy)
            self._demand_conditions([item.id for item in standard.items_of(self.model.frame.tier)])
        terms = [term for item in self.model.items.values() for term in self._points(item)]
        self.writer.reach(terms, target)

    def _demand_conditions(self, item_ids: Sequence[str]) -> None:
        for item_id in item_ids:
            item = self.model.items.get(item_id)
            if item is None:
                self._demand(constant(0))
                continue
            for gate in self._gates(item):
                self._demand(gate)
            self._demand(self._approach(item)(100))
            if item.item.unit_kind is None and self.writer.goal.kind == "strict":
                self._demand(self._level(item)(100))
                self._demand(self._trend(item)(100))

    def _demand(self, switch: Linear) -> None:
        self.program.at_least_zero(switch.add(constant(-1)))

    def _points(self, item: ItemModel) -> Iterator[tuple[Fraction, Linear]]:
        gates = self._gates(item)
        practice = item.item.unit_kind is not None
        names: list[_Switch]
        if practice:
            deployment = self._deployment(item)
            approach = self._approach(item)
            names = [lambda score: self.program.both(approach(score), deployment(score))]
        else:
            names = [self._approach(item), self._level(item), self._trend(item)]
        for reached in names:
            for score in (25, 50, 75, 100):
                switch = self.program.both(reached(score), *gates)
                if switch.terms or switch.constant:
                    yield item.max / 100 * 25 / (1 if practice else 3), switch

    # Dimensions

    def _gates(self, item: ItemModel) -> list[Linear]:
        """Switches without which the item is blank."""
        gates = []
        if item.approach(item.base) is None and not self._lines(item):
            gates.append(constant(0))
        if item.item.unit_kind is not None:
            gates.append(constant(int(item.deployment(item.base) is not None)))
            return gates
        counts = self.counts[item.item.id]
        if item.computed("level"):
            gates.append(self.program.reached(counts[COUNTED].add(constant(-1))))
        if item.computed("trend") and not item.required:
            gates.append(self.word if item.takes_note_4 else constant(0))
        return gates

    def _lines(self, item: ItemModel) -> bool:
        """Whether the item has lines to judge, and all of them are judged."""
        statuses = {fact.status for fact in item.facts.lines.values()}
        return "not_assessed" not in statuses and bool(statuses & {"met", "not_met"})

    @staticmethod
    def _fixed(score: int | None) -> _Switch:
        return lambda wanted: constant(int(score is not None and score >= wanted))

    def _approach(self, item: ItemModel) -> _Switch:
        if not item.computed("approach") or not self._lines(item):
            return self._fixed(item.overruled("approach"))
        counts = self.counts[item.item.id]
        judged = counts[MET].add(counts[UNMET])
        plain = self._band(item.frame.approach, counts[MET], judged.add(counts[WAIVABLE]))
        if not item.waives or not (counts[WAIVABLE].terms or counts[WAIVABLE].constant):
            return plain
        waived = self._band(item.frame.approach, counts[MET], judged)
        return lambda wanted: self.program.either(
            plain(wanted), self.program.both(self._note_3(item), waived(wanted))
        )

    def _note_3(self, item: ItemModel) -> Linear:
        counts = self.counts[item.item.id]
        share = counts[MEETS].times(4).add(counts[COUNTED], -3)
        return self.program.reached(share, counts[COUNTED].add(constant(-1)))

    def _band(self, bands: Bands, part: Linear, whole: Linear) -> _Switch:
        def reached(wanted: int) -> Linear:
            edge = next((edge for edge, score in bands if score >= wanted), None)
            if edge is None:
                return constant(0)
            return self.program.reached(part.times(100).add(whole, -edge))

        return reached

    def _deployment(self, item: ItemModel) -> _Switch:
        if not item.computed("deployment") or item.facts.deployed is None or not item.scope:
            return self._fixed(item.overruled("deployment"))
        return self._band(item.frame.deployment, self.counts[item.item.id][DEPLOYED], constant(item.scope))

    def _level(self, item: ItemModel) -> _Switch:
        if not item.computed("level") or not item.required:
            return self._fixed(item.overruled("level"))
        counts = self.counts[item.item.id]
        return self._band(item.frame.level, counts[MEETS], counts[COUNTED])

    def _own_trend(self, item: ItemModel) -> _Switch:
        if not item.computed("trend") or not item.required:
            return self._fixed(item.overruled("trend"))
        improving = self.counts[item.item.id][IMPROVING]
        policy = item.frame.policy
        full = min(2, item.required) if policy.trend_one_metric == "capped" else 2

        def reached(wanted: int) -> Linear:
            own = self.program.reached(improving.add(constant(-(full if wanted > 50 else 1))))
            return (
                self.program.either(own, self._note_3(item)) if policy.note3_effect == "auto_trend" else own
            )

        return reached

    def _trend(self, item: ItemModel) -> _Switch:
        own = self._own_trend(item)
        if not item.takes_note_4:
            return own
        return lambda wanted: self.program.either(own(wanted), self.word)
