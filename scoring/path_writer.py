"""A sheet and a goal as an integer program: switches that can be on only when a dimension has reached a band.

Variable i says whether gap i is closed. The counts are those of `closures`, the bands those of the catalogue.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, lcm

from scoring import closures, copc
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
from scoring.program import Linear, Program, constant, variable
from scoring.sheet import SeeSheet, Sheet


@dataclass(frozen=True, slots=True)
class Goal:
    """`kind` is strict, lenient, points or level; `value` the points or the level."""

    kind: str
    value: Fraction = Fraction(0)

    @property
    def label(self) -> str:
        """The goal as it is written on the command line."""
        return f"{self.kind}={self.value}" if self.kind in ("points", "level") else self.kind


class Writer:
    """The program of one sheet, one goal and the gaps that may be closed."""

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
        self.program.tighten()

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

    def __init__(self, writer: Writer, model: CopcModel) -> None:
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
            standard = self.model.sheet.catalogue
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
