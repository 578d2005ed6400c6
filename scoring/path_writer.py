"""What the programs of all sheets have in common: variable i says whether gap i is closed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

from scoring.closures import Entity
from scoring.program import Linear, Program, constant, variable
from scoring.sheet import Sheet


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
    """The program of one sheet, one goal and the gaps that may be closed, as far as it does not ask for the standard.

    `keys` holds what each of these gaps costs, in numbers that add up and settle every tie.
    """

    def __init__(self, sheet: Sheet, goal: Goal, keys: Mapping[int, int]) -> None:
        self.program = Program()
        self.goal = goal
        self.keys = keys
        self.gaps = sheet.gaps
        # The last answer, from which the next call of the solver starts.
        self.known: list[int] | None = None
        place = {gap.id: bit for bit, gap in enumerate(sheet.gaps)}
        for bit in range(len(sheet.gaps)):
            self.program.new(upper=int(bit in keys))
        for gap in sheet.gaps:
            for need in gap.needs:
                self.program.at_least_zero(variable(place[need]).add(variable(place[gap.id]), -1))

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
        self.equal(switches, constant(1))
        for bit, fact in enumerate(facts):
            self.equal([switch for index, switch in enumerate(switches) if index >> bit & 1], fact)
        return switches

    def equal(self, parts: Iterable[Linear], whole: Linear) -> None:
        """The parts must add up to the whole."""
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

    def demand(self, switch: Linear) -> None:
        """The switch must be on."""
        self.program.at_least_zero(switch.add(constant(-1)))
