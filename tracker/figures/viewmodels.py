"""The live figures as the page shows them."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState

BANDS = (30, 60, 90)
"""Ages in days at which a band ends; the last band has no end."""


@dataclass(frozen=True)
class Ageing:
    """Open non-conformities of one state and grade by age."""

    state: NonconformityState
    grade: Grade
    bands: tuple[int, ...]
    overdue: int

    @property
    def total(self) -> int:
        return sum(self.bands)


@dataclass(frozen=True)
class Stay:
    """How long records stayed in a state, in days, of those that left it in the period."""

    state: NonconformityState
    count: int
    median: float
    mean: float
    longest: float


@dataclass(frozen=True)
class Closing:
    """How long non-conformities of a grade took from their opening to their closure, in days."""

    grade: Grade
    count: int
    median: float
    mean: float
    longest: float


@dataclass(frozen=True)
class Rate:
    """A share of a whole, with both numbers: a rate without them says nothing."""

    part: int
    whole: int

    @property
    def percent(self) -> Fraction | None:
        """Percent, or None of nothing."""
        return Fraction(100 * self.part, self.whole) if self.whole else None


@dataclass(frozen=True)
class Month:
    """What was opened and what was closed in a month."""

    first: date
    opened: int
    closed: int


@dataclass(frozen=True)
class Figures:
    """All of them, for one choice of site and period."""

    ageing: tuple[Ageing, ...]
    stays: tuple[Stay, ...]
    closings: tuple[Closing, ...]
    months: tuple[Month, ...]
    first_time: Rate
    repeats: Rate
    in_time: Rate
    tasks_on_time: Rate
    audits_on_time: Rate
    extended: Rate

    @property
    def open_count(self) -> int:
        return sum(each.total for each in self.ageing)

    @property
    def overdue_count(self) -> int:
        return sum(each.overdue for each in self.ageing)
