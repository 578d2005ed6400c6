"""E.4: working days, deadlines, windows, extensions, dependencies."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.kinds import Grade
from workflows.schedule import (
    Calendar,
    Circular,
    Deadline,
    ExtensionRefused,
    Span,
    Step,
    Term,
    Work,
    counting_periods,
    deadlines,
    dependencies,
    due,
    extend,
    overdue,
    timetable,
    window,
)

PLAIN = Calendar()
# The National Day holiday of 2025 (1 to 8 October, Wednesday to Wednesday), made up for on two weekend days.
AUTUMN = Calendar(
    holidays=frozenset(date(2025, 10, n) for n in range(1, 9)),
    made_up=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
)
FRIDAY, SATURDAY, MONDAY = date(2025, 1, 3), date(2025, 1, 4), date(2025, 1, 6)


@pytest.mark.parametrize(
    ("calendar", "day", "worked"),
    [
        (PLAIN, FRIDAY, True),
        (PLAIN, SATURDAY, False),
        (AUTUMN, date(2025, 10, 1), False),
        (AUTUMN, date(2025, 10, 11), True),
        (AUTUMN, date(2025, 10, 12), False),
        (AUTUMN, date(2025, 9, 28), True),
        (Calendar(weekend=frozenset({4, 5})), FRIDAY, False),
        (Calendar(weekend=frozenset()), SATURDAY, True),
    ],
)
def test_working_days(calendar, day, worked):
    assert calendar.is_working_day(day) is worked


@pytest.mark.parametrize(
    ("calendar", "day", "count", "reached"),
    [
        (PLAIN, FRIDAY, 0, FRIDAY),
        (PLAIN, SATURDAY, 0, MONDAY),
        (PLAIN, FRIDAY, 1, MONDAY),
        (PLAIN, SATURDAY, 1, MONDAY),
        (PLAIN, FRIDAY, 10, date(2025, 1, 17)),
        # Tuesday, then nothing until Thursday the 9th, Friday, and the made-up Saturday.
        (AUTUMN, date(2025, 9, 29), 1, date(2025, 9, 30)),
        (AUTUMN, date(2025, 9, 29), 2, date(2025, 10, 9)),
        (AUTUMN, date(2025, 9, 29), 4, date(2025, 10, 11)),
        (AUTUMN, date(2025, 9, 26), 1, date(2025, 9, 28)),
    ],
)
def test_counting_working_days_forward(calendar, day, count, reached):
    assert calendar.add_working_days(day, count) == reached


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 60))
def test_counting_back_and_forth_agrees(day, count):
    start = AUTUMN.roll(day)

    reached = AUTUMN.add_working_days(start, count)

    assert AUTUMN.is_working_day(reached)
    assert AUTUMN.working_days_between(start, reached) == count
    assert AUTUMN.working_days_between(reached, start) == -count


def test_impossible_calendars_and_counts_are_refused():
    with pytest.raises(ValueError, match="2025-10-01"):
        Calendar(holidays=AUTUMN.holidays, made_up=frozenset({date(2025, 10, 1)}))
    with pytest.raises(ValueError, match="at least one"):
        Calendar(weekend=frozenset(range(7)))
    with pytest.raises(ValueError, match="forward"):
        PLAIN.add_working_days(FRIDAY, -1)
    with pytest.raises(ValueError, match="no working day"):
        Calendar(holidays=frozenset(date.fromordinal(FRIDAY.toordinal() + n) for n in range(400))).roll(
            FRIDAY
        )


@pytest.mark.parametrize(
    ("step", "grade", "start", "last_day"),
    [
        (Step.CONTAINMENT, Grade.MAJOR, FRIDAY, date(2025, 1, 8)),
        (Step.CONTAINMENT, Grade.MINOR, FRIDAY, date(2025, 1, 17)),
        (Step.PLAN, Grade.MAJOR, FRIDAY, date(2025, 1, 20)),  # the 18th is a Saturday
        (Step.PLAN, Grade.MINOR, FRIDAY, date(2025, 2, 3)),  # the 2nd is a Sunday
        (Step.IMPLEMENTATION, Grade.MAJOR, FRIDAY, date(2025, 3, 4)),
        (Step.IMPLEMENTATION, Grade.MINOR, FRIDAY, date(2025, 4, 3)),
        (Step.WINDOW, Grade.MAJOR, FRIDAY, date(2025, 4, 3)),
        (Step.WINDOW, Grade.MINOR, FRIDAY, date(2025, 3, 4)),
        (Step.FOLLOW_UP, Grade.MAJOR, FRIDAY, date(2025, 4, 3)),
        (Step.FOLLOW_UP, Grade.MINOR, FRIDAY, date(2025, 7, 2)),
        (Step.PLAN, Grade.OBSERVATION, FRIDAY, None),
        (Step.CONTAINMENT, Grade.OFI, FRIDAY, None),
    ],
)
def test_the_terms_of_each_grade(step, grade, start, last_day):
    assert due(step, grade, start, PLAIN) == last_day


def test_deadlines_know_the_holidays():
    opened = date(2025, 9, 29)

    assert deadlines(Grade.MAJOR, opened, AUTUMN) == {
        Step.CONTAINMENT: date(2025, 10, 10),
        Step.PLAN: date(2025, 10, 14),
        Step.IMPLEMENTATION: date(2025, 11, 28),
    }
    # Fifteen days from the 20th of September end in the holiday and roll past it.
    assert due(Step.PLAN, Grade.MAJOR, date(2025, 9, 20), AUTUMN) == date(2025, 10, 9)
    assert deadlines(Grade.OFI, opened, AUTUMN) == {}


def test_a_site_sets_its_own_terms():
    terms = {(Grade.OFI, Step.PLAN): Term(5, working=True)}

    assert due(Step.PLAN, Grade.OFI, FRIDAY, PLAIN, terms=terms) == date(2025, 1, 10)
    assert due(Step.PLAN, Grade.MAJOR, FRIDAY, PLAIN, terms=terms) is None


@pytest.mark.parametrize(
    ("grade", "next_review", "last_day"),
    [
        (Grade.MINOR, date(2025, 5, 3), date(2025, 5, 5)),
        (Grade.MINOR, date(2025, 12, 1), date(2025, 7, 2)),
        (Grade.MINOR, date(2024, 12, 1), date(2025, 7, 2)),
        (Grade.MAJOR, date(2025, 2, 3), date(2025, 4, 3)),
    ],
)
def test_a_minor_is_followed_up_at_the_next_review(grade, next_review, last_day):
    assert due(Step.FOLLOW_UP, grade, FRIDAY, PLAIN, next_review=next_review) == last_day


@pytest.mark.parametrize(
    ("last_day", "today", "done", "late"),
    [
        (FRIDAY, FRIDAY, False, False),
        (FRIDAY, SATURDAY, False, True),
        (FRIDAY, SATURDAY, True, False),
        (None, SATURDAY, False, False),
    ],
)
def test_overdue_begins_the_day_after(last_day, today, done, late):
    assert overdue(last_day, today, done=done) is late


@pytest.mark.parametrize(
    ("done", "days", "level_or_trend", "ends", "months"),
    [
        (date(2025, 1, 15), 90, False, date(2025, 4, 15), ()),
        # Three whole months begun after the 15th of January: February, March, April.
        (date(2025, 1, 15), 60, True, date(2025, 4, 30), (2, 3, 4)),
        # A month that begins on the day of the last task has not begun after it.
        (date(2025, 1, 1), 60, True, date(2025, 4, 30), (2, 3, 4)),
        (date(2025, 1, 31), 60, True, date(2025, 4, 30), (2, 3, 4)),
        # The longer of the two applies.
        (date(2025, 1, 15), 180, True, date(2025, 7, 14), (2, 3, 4)),
        (date(2025, 11, 20), 60, True, date(2026, 2, 28), (12, 1, 2)),
    ],
)
def test_the_effectiveness_window(done, days, level_or_trend, ends, months):
    found = window(done, days, PLAIN, level_or_trend=level_or_trend)

    assert found.ends == ends
    assert tuple(each.month for each in found.periods) == months
    assert not found.over(ends)
    assert found.over(found.judged_from)


def test_a_window_has_a_length():
    with pytest.raises(ValueError, match="at least one"):
        window(FRIDAY, 0, PLAIN)


def test_only_periods_begun_after_the_last_task_count():
    starts = [date(2025, n, 1) for n in (4, 3, 2, 1)]

    assert counting_periods(date(2025, 2, 1), starts) == (date(2025, 3, 1), date(2025, 4, 1))


def test_an_extension_is_counted():
    first = extend(Deadline(Step.PLAN, FRIDAY), MONDAY, reason="Data late", by=2, owner=1)

    assert first == Deadline(Step.PLAN, MONDAY, 1)
    assert extend(first, date(2025, 2, 3), reason="Again", by=2, owner=1).extensions == 2


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"by": 1}, 1),
        ({"reason": " "}, 1),
        ({"new_day": FRIDAY}, 1),
        ({"by": 1, "reason": "", "new_day": FRIDAY}, 3),
    ],
)
def test_an_extension_needs_a_reason_another_person_and_a_later_day(changes, count):
    asked = {"new_day": MONDAY, "reason": "Data late", "by": 2, "owner": 1} | changes

    with pytest.raises(ExtensionRefused) as refusal:
        extend(Deadline(Step.PLAN, FRIDAY), **asked)

    assert len(refusal.value.reasons("zh")) == len(refusal.value.reasons("en")) == count


def test_one_person_alone_may_extend():
    assert extend(Deadline(Step.PLAN, FRIDAY), MONDAY, reason="x", by=1, owner=1, single_person=True)


def test_a_circle_of_dependencies_is_named():
    works = [
        Work(id="CA-1", days=1, needs=("CA-3",)),
        Work(id="CA-2", days=1, needs=("CA-1",)),
        Work(id="CA-3", days=1, needs=("CA-2",)),
        Work(id="CA-4", days=1),
    ]

    with pytest.raises(Circular) as refusal:
        dependencies(works)

    circle = refusal.value.circle
    assert circle[0] == circle[-1]
    assert set(circle) == {"CA-1", "CA-2", "CA-3"}
    assert " → " in refusal.value.text.zh


@pytest.mark.parametrize(
    ("works", "words"),
    [
        ([Work(id="a", days=1), Work(id="a", days=2)], "twice"),
        ([Work(id="a", days=1, needs=("b",))], "not known"),
        ([Work(id="a", days=-1)], "less than no time"),
    ],
)
def test_works_that_make_no_sense_are_refused(works, words):
    with pytest.raises(ValueError, match=words):
        dependencies(works)


def test_the_earliest_dates_and_the_critical_path():
    works = [
        Work(id="train", days=3, needs=("script",)),
        Work(id="script", days=2),
        Work(id="roster", days=1),
        Work(id="go", days=0, needs=("train", "roster")),
    ]

    plan = timetable(works, SATURDAY, PLAIN)

    assert plan.spans["script"] == Span(MONDAY, date(2025, 1, 7), 0)
    assert plan.spans["train"] == Span(date(2025, 1, 8), date(2025, 1, 10), 0)
    assert plan.spans["go"] == Span(date(2025, 1, 13), date(2025, 1, 13), 0)
    assert plan.spans["roster"] == Span(MONDAY, MONDAY, 4)
    assert plan.critical == ("script", "train", "go")
    assert plan.finish == date(2025, 1, 13)


def test_work_starts_no_earlier_than_it_may_and_not_in_a_holiday():
    works = [
        Work(id="a", days=2),
        Work(id="b", days=2, needs=("a",)),
        Work(id="c", days=1, not_before=date(2025, 10, 20)),
    ]

    plan = timetable(works, date(2025, 9, 29), AUTUMN)

    assert plan.spans["a"].finish == date(2025, 9, 30)
    assert plan.spans["b"].start == date(2025, 10, 9)
    assert plan.critical == ("c",)
    assert plan.finish == date(2025, 10, 20)


def test_nothing_cannot_be_planned():
    with pytest.raises(ValueError, match="nothing"):
        timetable([], FRIDAY, PLAIN)


@given(st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(0, 8), max_size=3)), min_size=1, max_size=9))
def test_no_work_starts_before_what_it_needs_is_finished(drawn):
    works = [
        Work(id=str(n), days=days, needs=tuple(str(need) for need in sorted(needs) if need < n))
        for n, (days, needs) in enumerate(drawn)
    ]

    plan = timetable(works, date(2025, 9, 27), AUTUMN)

    for work in works:
        for need in work.needs:
            assert plan.spans[work.id].start >= plan.spans[need].finish
    assert plan.finish == max(span.finish for span in plan.spans.values())
    assert plan.spans[plan.critical[-1]].finish == plan.finish
    assert all(plan.spans[each].slack == 0 for each in plan.critical)
    assert min(span.slack for span in plan.spans.values()) >= 0
