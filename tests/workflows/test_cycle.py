"""The clock of reviews against days worked out by hand."""

from datetime import date

import pytest

from workflows.cycle import (
    CycleStatus,
    External,
    Held,
    Planned,
    WindowKind,
    WindowState,
    months_after,
    read,
)

LAST = Held(3, date(2025, 6, 30), whole=True)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2025, 6, 30), 6, date(2025, 12, 30)),
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 12, 1), 1, date(2026, 1, 1)),
    ],
)
def test_months_end_where_the_calendar_ends(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


@pytest.mark.parametrize(
    ("today", "plan", "status"),
    [
        (date(2025, 12, 30), None, CycleStatus.KEPT),
        (date(2025, 12, 31), None, CycleStatus.BENCHMARK),
        (date(2025, 12, 31), date(2026, 2, 1), CycleStatus.KEPT),
        (date(2026, 5, 1), None, CycleStatus.BENCHMARK),
        (date(2026, 5, 2), None, CycleStatus.DUE),
        (date(2026, 5, 2), date(2026, 6, 30), CycleStatus.KEPT),
        (date(2026, 5, 2), date(2026, 7, 1), CycleStatus.LATE_PLAN),
        (date(2026, 6, 30), None, CycleStatus.DUE),
        (date(2026, 7, 1), None, CycleStatus.OVERDUE),
        (date(2026, 7, 1), date(2026, 7, 2), CycleStatus.OVERDUE),
    ],
)
def test_the_yearly_must_and_the_half_year(today: date, plan: date | None, status: CycleStatus) -> None:
    planned = [] if plan is None else [Planned(4, plan, whole=True)]

    clock = read(today, [LAST], planned, [])

    assert clock.status is status
    assert (clock.must_by, clock.benchmark_by) == (date(2026, 6, 30), date(2025, 12, 30))


def test_a_site_that_never_looked_at_itself_is_called_that() -> None:
    clock = read(date(2026, 1, 1), [], [Planned(1, date(2026, 1, 2), whole=True)], [])

    assert (clock.status, clock.last, clock.must_by) == (CycleStatus.NEVER, None, None)
    assert clock.planned == Planned(1, date(2026, 1, 2), whole=True)


def test_a_review_of_some_items_does_not_move_the_clock() -> None:
    """1.2-2b: every requirement."""
    partial = Held(4, date(2026, 5, 1), whole=False)

    clock = read(date(2026, 7, 1), [LAST, partial], [Planned(5, date(2026, 6, 1), whole=False)], [])

    assert (clock.status, clock.last, clock.planned) == (CycleStatus.OVERDUE, LAST, None)


def test_the_latest_of_many_counts_and_none_of_the_future() -> None:
    early, late = Held(1, date(2024, 6, 1), whole=True), Held(9, date(2026, 9, 1), whole=True)

    assert read(date(2026, 1, 1), [LAST, late, early], [], []).last == LAST


# The audit is on 10 October 2026: 90 days before is 12 July, 90 days after is 8 January.
AUDIT = External(1, date(2026, 10, 10), held=False)


def test_the_windows_around_an_external_audit_are_ninety_days_wide() -> None:
    before, after = read(date(2026, 1, 1), [], [], [AUDIT]).windows

    assert (before.kind, before.first, before.last) == (
        WindowKind.BEFORE,
        date(2026, 7, 12),
        date(2026, 10, 10),
    )
    assert (after.kind, after.first, after.last) == (WindowKind.AFTER, date(2026, 10, 10), date(2027, 1, 8))


@pytest.mark.parametrize(
    ("today", "held", "plan", "states"),
    [
        (date(2026, 6, 1), None, None, ("open", "open")),
        (date(2026, 6, 1), None, date(2026, 7, 12), ("planned", "open")),
        (date(2026, 6, 1), None, date(2026, 7, 11), ("open", "open")),
        (date(2026, 9, 1), date(2026, 7, 12), None, ("kept", "open")),
        (date(2026, 9, 1), date(2026, 7, 11), None, ("open", "open")),
        # A plan whose day has passed is no plan any more.
        (date(2026, 9, 1), None, date(2026, 8, 1), ("open", "open")),
        (date(2026, 10, 11), None, date(2027, 1, 8), ("missed", "planned")),
        (date(2027, 1, 8), date(2027, 1, 8), None, ("missed", "kept")),
        (date(2027, 1, 9), None, None, ("missed", "missed")),
        # A review on the very day serves both sides.
        (date(2026, 10, 10), date(2026, 10, 10), None, ("kept", "kept")),
    ],
)
def test_a_review_is_wanted_on_both_sides(
    today: date, held: date | None, plan: date | None, states: tuple[str, str]
) -> None:
    clock = read(
        today,
        [] if held is None else [Held(1, held, whole=True)],
        [] if plan is None else [Planned(2, plan, whole=True)],
        [AUDIT],
    )

    assert tuple(window.state.value for window in clock.windows) == states
    wanting = [each for each in states if each in ("open", "missed")]
    assert [hint.state.value for hint in clock.hints] == wanting


def test_every_name_is_in_both_languages() -> None:
    for words in (CycleStatus, WindowKind, WindowState):
        assert all(each.of("zh") and each.of("en") and each.of("zh") != each.of("en") for each in words)
