"""What the first page shows."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tracker.scores.viewmodels import Totals


@dataclass(frozen=True)
class Count:
    """A number of records; past a thousand only that there are more, so counting never grows."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.more else str(self.number)

    def __bool__(self) -> bool:
        return self.number > 0


@dataclass(frozen=True)
class Unmet:
    """A condition of certification that does not hold, or (None) that nobody can judge yet."""

    id: str
    title: str
    items: tuple[str, ...]
    holds: bool | None


@dataclass(frozen=True)
class SiteCard:
    """Where one site stands."""

    id: int
    code: str
    name: str
    copc: Totals | None
    see: Totals | None
    passes: bool
    verdict: str
    unmet: tuple[Unmet, ...]
    level_title: str
    target_level: int
    open: Count
    overdue: Count
    overdue_actions: Count

    @property
    def scored(self) -> bool:
        """Whether a review of the site has been reported under any standard."""
        return self.copc is not None or self.see is not None

    @property
    def to_pass(self) -> Fraction | None:
        """Points that are missing to the pass mark; 0 when the total has reached it."""
        if self.copc is None or self.copc.verified is None:
            return None
        return max(Fraction(0), self.copc.mark - self.copc.verified)

    @property
    def to_full(self) -> Fraction | None:
        """Points that are missing to full marks."""
        if self.copc is None or self.copc.verified is None:
            return None
        return self.copc.maximum - self.copc.verified


@dataclass(frozen=True)
class Task:
    """Something that waits for this person: what to do, with which record, by when."""

    kind: str
    verb: str
    record: str
    title: str
    url: str
    icon: str
    due_on: date | None
    days: int | None
    site: str
    points: Fraction | None


@dataclass(frozen=True)
class Closure:
    """A closure and what it moved."""

    nonconformity: str
    url: str
    title: str
    site: str
    on: date
    run_url: str
    standard: str
    moved: Fraction | None
    total: Fraction | None
    mark: Fraction


@dataclass(frozen=True)
class Dashboard:
    """All of the first page."""

    cards: tuple[SiteCard, ...]
    tasks: tuple[Task, ...]
    more_tasks: bool
    closures: tuple[Closure, ...]
    one: SiteCard | None
    programmes: bool
    reviews: bool
