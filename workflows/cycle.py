"""The clock of reviews: when a site has to look at itself again, and whether it does (1.2-2a).

The must is a year. Six months, and a review within 90 days around an audit by others, are benchmarks: they are
hinted at and never keep anything back. Nothing here reads a clock: every date is an argument.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from workflows.text import Worded

MUST_MONTHS = 12
BENCHMARK_MONTHS = 6
AROUND_EXTERNAL = 90
"""Days before, and after, an audit by others within which a review is wanted (1.2, benchmark)."""
SOON = 60
"""Days before the yearly due day from which a site without a plan is called due."""


class CycleStatus(Worded):
    """How a site stands against the yearly must; the worst first."""

    OVERDUE = "overdue", "已逾期", "overdue"
    NEVER = "never", "从未评审", "never reviewed"
    LATE_PLAN = "late_plan", "计划日期晚于到期日", "planned too late"
    DUE = "due", "即将到期", "due soon"
    BENCHMARK = "benchmark", "已过半年", "over six months"
    KEPT = "kept", "按期", "on time"


class WindowKind(Worded):
    """On which side of an audit by others a review is wanted."""

    BEFORE = "before", "外部审核前", "before the external audit"
    AFTER = "after", "外部审核后", "after the external audit"


class WindowState(Worded):
    """Whether a review falls into such a window."""

    KEPT = "kept", "已评审", "reviewed"
    PLANNED = "planned", "已计划", "planned"
    OPEN = "open", "未安排", "nothing planned"
    MISSED = "missed", "已错过", "missed"


@dataclass(frozen=True, slots=True)
class Held:
    """A review that was reported. ``whole``: it looked at every requirement, as 1.2-2b asks."""

    number: int
    on: date
    whole: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A review that is planned or under way."""

    number: int
    on: date
    whole: bool


@dataclass(frozen=True, slots=True)
class External:
    """An audit by others; ``held`` once it has taken place."""

    number: int
    on: date
    held: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The days around an audit by others in which a review is wanted."""

    external: External
    kind: WindowKind
    first: date
    last: date
    state: WindowState


@dataclass(frozen=True, slots=True)
class Clock:
    """How a site stands: what it did last, by when it has to do it again, and what is planned."""

    status: CycleStatus
    last: Held | None
    must_by: date | None
    benchmark_by: date | None
    planned: Planned | None
    windows: tuple[Window, ...]

    @property
    def hints(self) -> tuple[Window, ...]:
        """Windows in which no review was held and none is planned."""
        return tuple(each for each in self.windows if each.state in (WindowState.OPEN, WindowState.MISSED))


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last of a shorter month.

    >>> months_after(date(2024, 8, 31), 6)
    datetime.date(2025, 2, 28)
    """
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def read(
    today: date, held: Iterable[Held], planned: Iterable[Planned], externals: Iterable[External]
) -> Clock:
    """How a site stands today.

    Only whole reviews move the yearly clock, and only whole ones are what an audit by others asks for.

    >>> clock = read(date(2026, 3, 1), [Held(1, date(2025, 2, 1), True)], [], [])
    >>> clock.status.value, clock.must_by
    ('overdue', datetime.date(2026, 2, 1))
    """
    done = sorted((each for each in held if each.whole and each.on <= today), key=lambda each: each.on)
    ahead = sorted((each for each in planned if each.whole), key=lambda each: each.on)
    last = done[-1] if done else None
    must_by = months_after(last.on, MUST_MONTHS) if last else None
    benchmark_by = months_after(last.on, BENCHMARK_MONTHS) if last else None
    next_plan = ahead[0] if ahead else None
    windows = tuple(
        window for external in sorted(externals, key=lambda e: e.on) for window in _around(external)
    )
    return Clock(
        status=_status(today, must_by, benchmark_by, next_plan),
        last=last,
        must_by=must_by,
        benchmark_by=benchmark_by,
        planned=next_plan,
        windows=tuple(_settled(window, today, done, ahead) for window in windows),
    )


def _status(
    today: date, must_by: date | None, benchmark_by: date | None, planned: Planned | None
) -> CycleStatus:
    if must_by is None or benchmark_by is None:
        return CycleStatus.NEVER
    if today > must_by:
        return CycleStatus.OVERDUE
    if planned is not None and planned.on > must_by:
        return CycleStatus.LATE_PLAN
    if planned is None and today > must_by - timedelta(days=SOON):
        return CycleStatus.DUE
    if planned is None and today > benchmark_by:
        return CycleStatus.BENCHMARK
    return CycleStatus.KEPT


def _around(external: External) -> tuple[Window, Window]:
    width = timedelta(days=AROUND_EXTERNAL)
    return (
        Window(external, WindowKind.BEFORE, external.on - width, external.on, WindowState.OPEN),
        Window(external, WindowKind.AFTER, external.on, external.on + width, WindowState.OPEN),
    )


def _settled(window: Window, today: date, done: list[Held], ahead: list[Planned]) -> Window:
    if any(window.first <= each.on <= window.last for each in done):
        state = WindowState.KEPT
    elif today > window.last:
        state = WindowState.MISSED
    elif any(max(window.first, today) <= each.on <= window.last for each in ahead):
        state = WindowState.PLANNED
    else:
        state = WindowState.OPEN
    return Window(window.external, window.kind, window.first, window.last, state)
