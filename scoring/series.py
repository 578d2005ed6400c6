"""A metric's months as a calendar: months that are missing, windows that reach back further than they look.

The rules of scoring read the latest months that are present and fill no gap; what is said here stands beside the
score as a question to the people who keep the data, and changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring.facts import Metric
from scoring.metrics import FEWEST_VALUES, IMPROVEMENT_PERIODS
from scoring.policy import DEFAULT, Policy

Series = Sequence[tuple[str, Fraction]]
_MONTHS = 12


def month_number(month: str) -> int:
    """A month as a count of months, so that months can be subtracted.

    >>> month_number("2026-01") - month_number("2025-11")
    2
    """
    return int(month[:4]) * _MONTHS + int(month[5:7]) - 1


def month_name(number: int) -> str:
    """The month of a count of months.

    >>> month_name(month_number("2025-12") + 1)
    '2026-01'
    """
    return f"{number // _MONTHS:04}-{number % _MONTHS + 1:02}"


def missing_months(months: Iterable[str], until: str | None = None) -> tuple[str, ...]:
    """The months between the first and the last, or up to `until`, that have no value.

    >>> missing_months(["2026-01", "2026-04"], until="2026-05")
    ('2026-02', '2026-03', '2026-05')
    """
    present = {month_number(month) for month in months}
    if not present:
        return ()
    last = max(present) if until is None else max(max(present), month_number(until))
    return tuple(month_name(number) for number in range(min(present), last + 1) if number not in present)


@dataclass(frozen=True, slots=True)
class Window:
    """The latest months that a rule reads: which, how many calendar months they span, and which lie missing between."""

    months: tuple[str, ...]
    span: int
    missing: tuple[str, ...]

    @property
    def gapless(self) -> bool:
        """Whether the months follow each other."""
        return not self.missing


def window(values: Series, periods: int) -> Window:
    """The latest so many months of a series, fewer where it is shorter; months must be sorted."""
    months = tuple(month for month, _ in values[-periods:])
    span = month_number(months[-1]) - month_number(months[0]) + 1 if months else 0
    return Window(months, span, missing_months(months))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a series can be relied on as it stands.

    `meeting` and `improving` are the windows of the two rules. `provisional`: the verdict on target rests on fewer
    periods than the switch asks for. `silent`: whole months since the last value, up to the day of the sheet.
    """

    meeting: Window
    improving: Window
    missing: tuple[str, ...]
    provisional: bool
    silent: int

    @property
    def can_meet(self) -> bool:
        """Whether there are enough values for a verdict on target."""
        return len(self.meeting.months) >= FEWEST_VALUES

    @property
    def can_improve(self) -> bool:
        """Whether there are enough values for a verdict on improvement."""
        return len(self.improving.months) >= IMPROVEMENT_PERIODS


def standing(metric: Metric, as_of: str, policy: Policy = DEFAULT) -> Standing:
    """The standing of a metric's series in the month `as_of`; a month that is still running is not missing.

    >>> metric = Metric("wait", values=(("2026-01", Fraction(1)), ("2026-03", Fraction(2)), ("2026-04", Fraction(2))))
    >>> found = standing(metric, "2026-06")
    >>> found.missing, found.silent, found.provisional
    (('2026-02', '2026-05'), 1, True)
    """
    values = metric.values or ()
    last_whole = month_name(month_number(as_of) - 1)
    months = [month for month, _ in values]
    meeting = window(values, policy.window)
    silent = month_number(last_whole) - month_number(months[-1]) if months else 0
    return Standing(
        meeting=meeting,
        improving=window(values, IMPROVEMENT_PERIODS),
        missing=missing_months(months, last_whole),
        provisional=metric.meets_target is None and FEWEST_VALUES <= len(meeting.months) < policy.window,
        silent=max(0, silent),
    )


def runs(values: Series) -> Iterator[tuple[tuple[str, Fraction], ...]]:
    """The series cut at its missing months, so that a chart draws no line across a gap."""
    piece: list[tuple[str, Fraction]] = []
    for month, value in values:
        if piece and month_number(month) != month_number(piece[-1][0]) + 1:
            yield tuple(piece)
            piece = []
        piece.append((month, value))
    if piece:
        yield tuple(piece)
