"""The chart of individuals and moving ranges (XmR): natural process limits and run rules for a metric's series.

The formulas are the textbook ones. Limits: mean ± 3 × mean moving range ÷ d₂, upper range limit D₄ × mean moving
range, with d₂ = 1.128 and D₄ = 3.267 for ranges of two (Shewhart 1931; Wheeler and Chambers, *Understanding
Statistical Process Control*, 1992; NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2). Run rules: the four of
the Western Electric *Statistical Quality Control Handbook* (1956) and the trend of six of L. S. Nelson (*Journal of
Quality Technology* 16, 1984). The constants are taken as the decimals of the tables, so everything is exact: a value
on a limit is on it, and only beyond it is a signal.

Signals speak of stability, not of targets: no score depends on them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from scoring.text import Text

D2 = Fraction(1128, 1000)
D4 = Fraction(3267, 1000)
FEWEST_VALUES = 2
# With fewer values than a year of months the limits still move much with each new one; they are marked as provisional.
FEW_VALUES = 12

RULES = {
    "beyond_limits": Text(zh="一点超出控制限", en="One point beyond a control limit"),
    "two_of_three": Text(
        zh="连续三点中有两点在同侧两个标准差之外",
        en="Two of three points in a row beyond two sigma on one side",
    ),
    "four_of_five": Text(
        zh="连续五点中有四点在同侧一个标准差之外",
        en="Four of five points in a row beyond one sigma on one side",
    ),
    "eight_on_a_side": Text(zh="连续八点在中心线同侧", en="Eight points in a row on one side of the mean"),
    "six_in_a_row": Text(zh="连续六点持续上升或下降", en="Six points in a row steadily rising or falling"),
    "range_beyond_limit": Text(zh="移动极差超出上限", en="A moving range beyond its limit"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The lines of the chart, in the unit of the values.

    `sigma` is the mean moving range ÷ d₂; `values` says from how many values the lines were computed.
    """

    mean: Fraction
    mean_range: Fraction
    sigma: Fraction
    lower: Fraction
    upper: Fraction
    upper_range: Fraction
    values: int

    @property
    def provisional(self) -> bool:
        """Whether the lines rest on few values."""
        return self.values < FEW_VALUES


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule that fires at a point: its place in the series (from 0), the rule, and `high` or `low`.

    A rule on several points in a row is reported at its last point.
    """

    place: int
    rule: str
    side: str

    @property
    def label(self) -> Text:
        """The rule as people read it."""
        return RULES[self.rule]


def moving_ranges(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The distance of each value from the one before; one fewer than the values.

    >>> [int(value) for value in moving_ranges([Fraction(5), Fraction(8), Fraction(6)])]
    [3, 2]
    """
    return tuple(abs(after - before) for before, after in pairwise(values))


def limits(values: Sequence[Fraction], baseline: int | None = None) -> Limits | None:
    """The lines of the chart from all values, or from the first `baseline` of them; `None` for fewer than two.

    >>> found = limits([Fraction(value) for value in (10, 12, 11, 13)])
    >>> found.mean, found.mean_range, found.upper_range
    (Fraction(23, 2), Fraction(5, 3), Fraction(1089, 200))
    """
    taken = values if baseline is None else values[: max(baseline, 0)]
    if len(taken) < FEWEST_VALUES:
        return None
    mean = sum(taken, Fraction(0)) / len(taken)
    mean_range = sum(moving_ranges(taken), Fraction(0)) / (len(taken) - 1)
    sigma = mean_range / D2
    return Limits(mean, mean_range, sigma, mean - 3 * sigma, mean + 3 * sigma, D4 * mean_range, len(taken))


def signals(values: Sequence[Fraction], lines: Limits) -> tuple[Signal, ...]:
    """Every rule that fires, in the order of the series, then of `RULES`.

    `values` may be longer than what the lines were computed from.
    """
    found = [signal for rule in _RULES for signal in rule(values, lines)]
    order = list(RULES)
    return tuple(sorted(found, key=lambda signal: (signal.place, order.index(signal.rule))))


def predictable(values: Sequence[Fraction], lines: Limits) -> bool:
    """Whether no rule fires: what comes next should lie within the limits."""
    return not signals(values, lines)


_Found = list[Signal]


def _sides(values: Sequence[Fraction], lines: Limits, sigmas: int) -> list[int]:
    """For each value 1 above, -1 below, 0 within (or on) so many sigma of the mean."""
    high, low = lines.mean + sigmas * lines.sigma, lines.mean - sigmas * lines.sigma
    return [1 if value > high else -1 if value < low else 0 for value in values]


def _name(side: int) -> str:
    return "high" if side > 0 else "low"


def _zone(rule: str, sigmas: int, enough: int, of: int) -> Callable[[Sequence[Fraction], Limits], _Found]:
    """At least `enough` of `of` points in a row beyond so many sigma on one side, the last of them among these."""

    def fires(values: Sequence[Fraction], lines: Limits) -> _Found:
        sides = _sides(values, lines, sigmas)
        return [
            Signal(place, rule, _name(side))
            for place, side in enumerate(sides)
            if side and sides[max(0, place - of + 1) : place + 1].count(side) >= enough
        ]

    return fires


def _trend(values: Sequence[Fraction], lines: Limits) -> _Found:
    """Six points, each above (or each below) the one before."""
    del lines
    found, run = [], 0
    for place, (before, after) in enumerate(pairwise(values), start=1):
        step = (after > before) - (after < before)
        run = run + step if run * step > 0 else step
        if abs(run) >= 5:
            found.append(Signal(place, "six_in_a_row", _name(run)))
    return found


def _ranges(values: Sequence[Fraction], lines: Limits) -> _Found:
    return [
        Signal(place, "range_beyond_limit", "high")
        for place, distance in enumerate(moving_ranges(values), start=1)
        if distance > lines.upper_range
    ]


_RULES = (
    _zone("beyond_limits", 3, 1, 1),
    _zone("two_of_three", 2, 2, 3),
    _zone("four_of_five", 1, 4, 5),
    _zone("eight_on_a_side", 0, 8, 8),
    _trend,
    _ranges,
)
