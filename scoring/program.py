"""A small integer program: whole-number variables, linear rows, one objective; solved by HiGHS.

All coefficients are integers, so the solver's rounding can be told from a real difference; whoever asks checks
the answer exactly and can forbid it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd
from typing import Any

# Prices of rows are whole multiples of one part in so many.
_PRICE = 1 << 20
# The solver takes whole numbers up to here for what they are; wider sums are written in digits of this base.
_EXACT = 1 << 30
_BASE = 1 << 20


class SolverMissing(RuntimeError):
    """The optional solver is not installed; everything but a path works without it."""

    def __init__(self) -> None:
        super().__init__(
            'a path needs the solver: install the extra "solver" (pip install "rescore[solver]")'
        )


@dataclass(slots=True)
class Linear:
    """Σ coefficient × variable + constant, with integer coefficients."""

    terms: dict[int, int] = field(default_factory=dict)
    constant: int = 0

    def add(self, other: "Linear", times: int = 1) -> "Linear":
        """This expression plus a multiple of another, as a new one."""
        terms = dict(self.terms)
        for variable, coefficient in other.terms.items():
            terms[variable] = terms.get(variable, 0) + times * coefficient
        return Linear(terms, self.constant + times * other.constant)

    def times(self, factor: int) -> "Linear":
        """A multiple, as a new expression."""
        return Linear().add(self, factor)


def constant(value: int) -> Linear:
    """An expression without variables."""
    return Linear({}, value)


def variable(index: int) -> Linear:
    """An expression of one variable."""
    return Linear({index: 1})


def _reduced(expression: Linear) -> Linear:
    """What is at least 0 whenever the expression is, divided by what its coefficients have in common.

    The constant is rounded down: with whole variables nothing lies between.
    """
    common = gcd(*expression.terms.values())
    if not common:
        return constant(expression.constant)
    terms = {name: value // common for name, value in expression.terms.items() if value}
    return Linear(terms, expression.constant // common)


class Program:
    """Variables between bounds and rows `expression >= 0`."""

    def __init__(self) -> None:
        self.upper: list[int] = []
        self.whole: list[bool] = []
        self.rows: list[Linear] = []
        self.switches: dict[object, Linear] = {}
        # Switches on one sum, each with the value that the sum must reach.
        self.ladders: dict[frozenset[tuple[int, int]], list[tuple[int, Linear]]] = {}

    def new(self, upper: int = 1, whole: bool = True) -> Linear:
        """A variable from 0 to `upper`. Pass `whole=False` where the rows leave no fraction anyway."""
        self.upper.append(upper)
        self.whole.append(whole)
        return variable(len(self.upper) - 1)

    def at_least_zero(self, expression: Linear) -> None:
        """Add a row, divided by what its coefficients have in common."""
        row = _reduced(expression)
        if row.terms:
            self.rows.append(row)
        elif row.constant < 0:
            self.rows.append(constant(-1))

    def lowest(self, expression: Linear) -> int:
        """The least value the expression can take within the bounds."""
        return expression.constant + sum(
            value * self.upper[name] for name, value in expression.terms.items() if value < 0
        )

    def implies(self, switch: Linear, expression: Linear) -> None:
        """While the switch (0 or 1) is on, the expression must be at least 0."""
        room = -self.lowest(expression)
        if room > 0:
            self.at_least_zero(expression.add(constant(room)).add(switch, -room))

    def reached(self, *expressions: Linear) -> Linear:
        """A switch that can be on only while all expressions are at least 0; a constant where that is settled."""
        if any(self._highest(expression) < 0 for expression in expressions):
            return constant(0)
        open_ones = [_reduced(expression) for expression in expressions if self.lowest(expression) < 0]
        if not open_ones:
            return constant(1)
        key = tuple((frozenset(expression.terms.items()), expression.constant) for expression in open_ones)
        if key in self.switches:
            return self.switches[key]
        switch = self.switches[key] = self.new()
        for expression in open_ones:
            self.implies(switch, expression)
        if len(open_ones) == 1:
            (only,) = open_ones
            self.ladders.setdefault(frozenset(only.terms.items()), []).append((-only.constant, switch))
        return switch

    def tighten(self) -> None:
        """Say of switches on one sum what they say together: a higher one needs the lower, and all it adds.

        Nothing is lost, because a switch that may be on is never worse on. Without it the solver may take half of
        every step of a ladder where whole numbers allow one step, and has to try them all.
        """
        for terms, steps in self.ladders.items():
            climb = Linear(dict(terms))
            reached = self.lowest(climb)
            climb = climb.add(constant(-reached))
            below: Linear | None = None
            for value, switch in sorted(steps, key=lambda step: step[0]):
                climb = climb.add(switch, reached - value)
                reached = value
                if below is not None:
                    self.at_least_zero(below.add(switch, -1))
                below = switch
            self.at_least_zero(climb)

    def _highest(self, expression: Linear) -> int:
        return -self.lowest(expression.times(-1))

    def both(self, *switches: Linear) -> Linear:
        """A switch that can be on only while all of these are."""
        if any(not switch.terms and not switch.constant for switch in switches):
            return constant(0)
        open_ones = [switch for switch in switches if switch.terms]
        if len(open_ones) <= 1:
            return open_ones[0] if open_ones else constant(1)
        joint = self.new(whole=False)
        for switch in open_ones:
            self.at_least_zero(switch.add(joint, -1))
        return joint

    def either(self, *switches: Linear) -> Linear:
        """A switch that can be on only while at least one of these is."""
        if any(not switch.terms and switch.constant for switch in switches):
            return constant(1)
        open_ones = [switch for switch in switches if switch.terms]
        if len(open_ones) <= 1:
            return open_ones[0] if open_ones else constant(0)
        joint = self.new()
        total = Linear()
        for switch in open_ones:
            total = total.add(switch)
        self.at_least_zero(total.add(joint, -1))
        return joint

    def all_of(self, switches: Iterable[Linear]) -> Linear:
        """A switch that is on exactly when all of these are."""
        found = list(switches)
        if len(found) == 1:
            return found[0]
        joint = self.new(whole=False)
        total = Linear()
        for switch in found:
            self.at_least_zero(switch.add(joint, -1))
            total = total.add(switch)
        self.at_least_zero(joint.add(constant(len(found) - 1)).add(total, -1))
        return joint

    def digits(self, total: Linear) -> list[Linear]:
        """A sum as digits, the highest first: of two sums the one whose first differing digit is smaller is smaller.

        What is over the base is carried. A sum that the solver's arithmetic holds is its own only digit.
        """
        if self._highest(total) < _EXACT:
            return [total]
        found: list[Linear] = []
        carried, rest = Linear(), total.terms
        while rest:
            digit = Linear({name: value % _BASE for name, value in rest.items() if value % _BASE}).add(
                carried
            )
            rest = {name: value // _BASE for name, value in rest.items() if value >= _BASE}
            if rest:
                carried = self.new(upper=self._highest(digit) // _BASE)
                digit = digit.add(carried, -_BASE)
                self.at_least_zero(digit)
                self.at_least_zero(constant(_BASE - 1).add(digit, -1))
            found.append(digit)
        return found[::-1]

    def minimise(self, costs: Mapping[int, int], start: Sequence[int] | None = None) -> list[int] | None:
        """The values of a cheapest solution, `None` where there is none; `start` may give a known solution."""
        return _Solver(self).solve(costs, start)

    def narrow(self, costs: Mapping[int, int], most: int) -> None:
        """Fix what no solution in whole numbers that costs `most` or less can have otherwise.

        Whatever prices are put on the rows, if none is negative, what is left of a variable's cost bounds from below
        what it adds. The solver only proposes prices; they are rounded to whole numbers, and all that follows is exact.
        """
        prices = _Solver(self).prices(costs)
        left = [costs.get(name, 0) * _PRICE for name in range(len(self.upper))]
        least = 0
        for price, row in zip(prices, self.rows, strict=True):
            least -= price * row.constant
            for name, value in row.terms.items():
                left[name] -= price * value
        least += sum(min(0, rest) * upper for rest, upper in zip(left, self.upper, strict=True))
        slack = most * _PRICE - least
        for name, rest in enumerate(left):
            if rest > slack:
                self.upper[name] = 0
            elif -rest > slack:
                self.at_least_zero(variable(name).add(constant(-self.upper[name])))


class _Solver:
    """One call of HiGHS. The import is late: only a path needs a solver."""

    def __init__(self, program: Program) -> None:
        try:
            import highspy as untyped
        except ImportError:
            raise SolverMissing from None
        highspy: Any = untyped
        self.highs = highspy.Highs()
        self.optimal = highspy.HighsModelStatus.kOptimal
        self.infeasible = (
            highspy.HighsModelStatus.kInfeasible,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        )
        self.solution = highspy.HighsSolution
        self.program = program
        lp = highspy.HighsLp()
        lp.num_col_ = len(program.upper)
        lp.num_row_ = len(program.rows)
        lp.col_lower_ = [0.0] * len(program.upper)
        lp.col_upper_ = [float(bound) for bound in program.upper]
        lp.row_lower_ = [float(-row.constant) for row in program.rows]
        lp.row_upper_ = [highspy.kHighsInf] * len(program.rows)
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in program.whole]
        starts = [0]
        names: list[int] = []
        values: list[float] = []
        for row in program.rows:
            names.extend(row.terms)
            values.extend(float(value) for value in row.terms.values())
            starts.append(len(names))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, names, values
        self.lp = lp

    def prices(self, costs: Mapping[int, int]) -> list[int]:
        """What one more in each row would cost, were fractions allowed, in parts of `_PRICE`."""
        self.lp.col_cost_ = [float(costs.get(name, 0)) for name in range(len(self.program.upper))]
        kinds, self.lp.integrality_ = self.lp.integrality_, []
        self.highs.setOptionValue("output_flag", False)
        self.highs.passModel(self.lp)
        self.lp.integrality_ = kinds
        self.highs.run()
        return [max(0, round(price * _PRICE)) for price in self.highs.getSolution().row_dual]

    def solve(self, costs: Mapping[int, int], start: Sequence[int] | None) -> list[int] | None:
        self.lp.col_cost_ = [float(costs.get(name, 0)) for name in range(len(self.program.upper))]
        # Costs are whole, so a gap below one proves the optimum. One thread and one seed: the same answer each time.
        # Beginning anew from the root costs these small programs more than it gives them.
        options = {"output_flag": False, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5, "threads": 1, "random_seed": 0,
                   "mip_allow_restart": False,
                   "mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9}  # fmt: skip
        for name, value in options.items():
            self.highs.setOptionValue(name, value)
        self.highs.passModel(self.lp)
        if start is not None:
            known = self.solution()
            known.col_value = [float(value) for value in start]
            self.highs.setSolution(known)
        self.highs.run()
        status = self.highs.getModelStatus()
        if status in self.infeasible:
            return None
        if status != self.optimal:
            raise RuntimeError(f"the solver gave up: {self.highs.modelStatusToString(status)}")
        return [round(value) for value in self.highs.getSolution().col_value]
