"""A sheet of items and a goal as an integer program: every item a choice among its ways of closing gaps.

An item with too many ways is taken part by part; a part with too many is written as switches on its counts that can be
on only when a band is reached. The counts are those of `closures`, the bands those of the catalogue.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

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
    ItemModel,
)
from scoring.path_choices import LINES, METRICS, UNITS, WHOLE, Listing
from scoring.path_writer import Writer
from scoring.program import Linear, constant, variable
from scoring.ways import Gains, Way

_Switch = Callable[[int], Linear]

# A switch for each way, exactly one of them on, and what it brings.
Choice = list[tuple[Linear, Gains]]


def _at_least(choice: Choice, place: int) -> _Switch:
    """The switch for the ways that bring so much in one place."""

    def reached(wanted: int) -> Linear:
        total = Linear()
        for switch, gains in choice:
            if gains[place] >= wanted:
                total = total.add(switch)
        return total

    return reached


class ItemWriter:
    """The items of a sheet: what they bring, and the conditions of the goal."""

    def __init__(self, writer: Writer, model: CopcModel) -> None:
        self.writer = writer
        self.program = writer.program
        self.model = model
        listing = Listing(model, writer.goal.kind, writer.keys)
        self.pooling = listing.pooling
        # What the ways of a part say needs no rows of its own.
        self.told = listing.told
        self.choices = {part: self._choose(ways) for part, ways in listing.ways.items()}
        # A metric is read by its own item and by 4.7; its rows are written once.
        self.known: dict[int, list[Linear]] = {}
        self.counts = {
            item_id: self._count(item)
            for item_id, item in model.items.items()
            if (item_id, WHOLE) not in self.choices
        }
        self.word = self._write_word()

    def _choose(self, ways: Sequence[Way]) -> Choice:
        """Exactly one of these ways, which needs its gaps closed."""
        switches = [self.program.new() for _ in ways]
        self.writer.equal(switches, constant(1))
        for bit in self.writer.keys:
            needing = Linear()
            for switch, way in zip(switches, ways, strict=True):
                if way.closed >> bit & 1:
                    needing = needing.add(switch)
            if needing.terms:
                self.program.at_least_zero(variable(bit).add(needing, -1))
        return [(switch, way.gains) for switch, way in zip(switches, ways, strict=True)]

    def _count(self, item: ItemModel) -> list[Linear]:
        counts = [constant(value) for value in item.base]
        for entity in item.entities:
            if id(entity) in self.told:
                found = [constant(value) for value in entity.at(0)]
            else:
                if id(entity) not in self.known:
                    self.known[id(entity)] = self.writer.entity(entity)
                found = self.known[id(entity)]
            counts = [left.add(right) for left, right in zip(counts, found, strict=True)]
        if item is self.pooling:
            for (_, part), choice in self.choices.items():
                if part in (WHOLE, METRICS):
                    for switch, (*_, meets, improving) in choice:
                        counts[MEETS] = counts[MEETS].add(switch, meets)
                        counts[IMPROVING] = counts[IMPROVING].add(switch, improving)
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
        self._rank_alike()

    def _rank_alike(self) -> None:
        """Of gaps that do the same, the cheaper (then the smaller identifier) goes first.

        Any best answer can be brought into this order by exchange, so nothing is lost, and the solver does not
        have to walk through all the ways of choosing among equals.
        """
        alike: dict[frozenset[tuple[str, closures.Vector]], list[int]] = {}
        for bit, effect in closures.effects(self.model).items():
            if bit in self.writer.keys:
                alike.setdefault(effect, []).append(bit)
        for effect, bits in alike.items():
            ranked = sorted(bits, key=lambda bit: (self.writer.gaps[bit].effort, self.writer.gaps[bit].id))
            if not effect:
                for bit in ranked:
                    self.program.at_least_zero(variable(bit).times(-1))
            for first, second in pairwise(ranked):
                self.program.at_least_zero(variable(first).add(variable(second), -1))

    def _demand_conditions(self, item_ids: Sequence[str]) -> None:
        for item_id in item_ids:
            item = self.model.items.get(item_id)
            if item is None:
                self.writer.demand(constant(0))
                continue
            if (item_id, WHOLE) in self.choices:
                self._demand_way(self.choices[item_id, WHOLE])
                continue
            for gate in self._gates(item):
                self.writer.demand(gate)
            self.writer.demand(self._approach(item)(100))
            if item.item.unit_kind is None and self.writer.goal.kind == "strict":
                self.writer.demand(self._level(item)(100))
                self.writer.demand(self._trend(item)(100))

    def _demand_way(self, choice: Choice) -> None:
        """One of the ways that fulfil the condition, the word on 4.7 permitting."""
        freely = by_word = Linear()
        for switch, (_, _, without, with_word, *_) in choice:
            if without:
                freely = freely.add(switch)
            elif with_word:
                by_word = by_word.add(switch)
        self.writer.demand(freely.add(by_word))
        if by_word.terms:
            self.program.at_least_zero(self.word.add(by_word, -1))

    def _points(self, item: ItemModel) -> Iterator[tuple[Fraction, Linear]]:
        if (item.item.id, WHOLE) in self.choices:
            yield from self._points_of_ways(self.choices[item.item.id, WHOLE])
            return
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

    def _points_of_ways(self, choice: Choice) -> Iterator[tuple[Fraction, Linear]]:
        lifted = Linear()
        for switch, (plain, with_word, *_) in choice:
            if plain:
                yield plain, switch
            if with_word > plain:
                lift = self.program.new()
                self.program.at_least_zero(switch.add(lift, -1))
                lifted = lifted.add(lift)
                yield with_word - plain, lift
        if lifted.terms:
            self.program.at_least_zero(self.word.add(lifted, -1))

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
        choice = self.choices.get((item.item.id, LINES))
        if choice is not None:
            plain, waived = _at_least(choice, 0), _at_least(choice, 1)
            waives = any(gains[0] < gains[1] for _, gains in choice)
        else:
            plain, waived, waives = self._approach_by_counts(item)
        if not waives:
            return plain
        return lambda wanted: self.program.either(
            plain(wanted), self.program.both(self._note_3(item), waived(wanted))
        )

    def _approach_by_counts(self, item: ItemModel) -> tuple[_Switch, _Switch, bool]:
        counts = self.counts[item.item.id]
        judged = counts[MET].add(counts[UNMET])
        plain = self._band(item.frame.approach, counts[MET], judged.add(counts[WAIVABLE]))
        waived = self._band(item.frame.approach, counts[MET], judged)
        return plain, waived, item.waives and bool(counts[WAIVABLE].terms or counts[WAIVABLE].constant)

    def _note_3(self, item: ItemModel) -> Linear:
        if (item.item.id, METRICS) in self.choices:
            return _at_least(self.choices[item.item.id, METRICS], 2)(1)
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
        if (item.item.id, UNITS) in self.choices:
            return _at_least(self.choices[item.item.id, UNITS], 0)
        return self._band(item.frame.deployment, self.counts[item.item.id][DEPLOYED], constant(item.scope))

    def _level(self, item: ItemModel) -> _Switch:
        if not item.computed("level") or not item.required:
            return self._fixed(item.overruled("level"))
        if (item.item.id, METRICS) in self.choices:
            return _at_least(self.choices[item.item.id, METRICS], 0)
        counts = self.counts[item.item.id]
        return self._band(item.frame.level, counts[MEETS], counts[COUNTED])

    def _own_trend(self, item: ItemModel) -> _Switch:
        if not item.computed("trend") or not item.required:
            return self._fixed(item.overruled("trend"))
        if (item.item.id, METRICS) in self.choices:
            return _at_least(self.choices[item.item.id, METRICS], 1)
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
