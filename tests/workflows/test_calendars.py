"""Lists of holidays as people write them, and the calendar and terms that come of them."""

from datetime import date

import pytest

from workflows.calendars import Day, calendar_of, parse_days, terms_of, write_days
from workflows.kinds import Grade
from workflows.schedule import DEFAULT_TERMS, Step, Term

EVE = date(2026, 12, 24)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-12-24", Day(EVE)),
        ("2026-12-24 off", Day(EVE)),
        ("2026-12-24 off Christmas Eve", Day(EVE, name="Christmas Eve")),
        ("2026-12-24 Christmas Eve", Day(EVE, name="Christmas Eve")),
        ("2026/12/24, work, Stocktaking", Day(EVE, name="work, Stocktaking")),
        ("2026-12-24 work Stocktaking", Day(EVE, working=True, name="Stocktaking")),
        ("2026年12月24日 上班 盘点", Day(EVE, working=True, name="盘点")),
        ("2026.12.24 调休", Day(EVE, working=True)),
        ("  2026-12-24 放假  # as agreed", Day(EVE)),
    ],
)
def test_a_line_says_a_day_its_kind_and_its_name(line: str, expected: Day) -> None:
    assert parse_days(line).days == (expected,)


@pytest.mark.parametrize("between", ["..", "~", " – ", "至", " to ", "到"])
def test_a_range_is_every_day_of_it(between: str) -> None:
    days = parse_days(f"2026-10-01{between}2026-10-07 off National Day").days

    assert [each.day.day for each in days] == [1, 2, 3, 4, 5, 6, 7]
    assert {each.name for each in days} == {"National Day"}


@pytest.mark.parametrize(
    "line",
    [
        "Christmas",
        "2026-13-01",
        "2026-02-30",
        "2026-10-07..2026-10-01",
        "2026-01-01..2026-12-31",
        "2026-01-01..x",
        "0001-01-01",
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    reading = parse_days(f"2026-12-24\n\n{line}")

    assert [each.day for each in reading.days] == [EVE]
    assert [fault.line for fault in reading.faults] == [3]
    assert reading.faults[0].text.zh


def test_the_last_line_about_a_day_counts() -> None:
    days = parse_days("2026-10-01..2026-10-03 off\n2026-10-02 work").days

    assert [each.working for each in days] == [False, True, False]


def test_what_is_written_reads_back_the_same() -> None:
    days = parse_days("2026-10-01..2026-10-07 off 国庆节\n2026-10-10 work 调休\n2026-10-08 off").days

    assert parse_days(write_days(days)).days == days
    assert len(write_days(days).splitlines()) == 3


def test_the_days_of_a_site_are_laid_over_the_official_ones() -> None:
    official = [Day(date(2026, 10, 1)), Day(date(2026, 10, 10), working=True)]
    own = [Day(date(2026, 10, 1), working=True), Day(date(2026, 10, 10))]

    calendar = calendar_of(official, own)

    assert calendar.is_working_day(date(2026, 10, 1))
    assert not calendar.is_working_day(date(2026, 10, 10))


def test_a_week_without_a_working_day_is_no_calendar() -> None:
    with pytest.raises(ValueError, match="working day"):
        calendar_of([], weekend=range(7))


def test_own_terms_stand_in_for_those_proposed_and_none_takes_one_away() -> None:
    own = {
        (Grade.MAJOR, Step.PLAN): Term(10),
        (Grade.MINOR, Step.PLAN): None,
        (Grade.OFI, Step.PLAN): Term(90),
    }

    terms = terms_of(own)

    assert terms[Grade.MAJOR, Step.PLAN] == Term(10)
    assert (Grade.MINOR, Step.PLAN) not in terms
    assert terms[Grade.OFI, Step.PLAN] == Term(90)
    assert terms[Grade.MAJOR, Step.WINDOW] == DEFAULT_TERMS[Grade.MAJOR, Step.WINDOW]


def test_days_are_written_in_chinese_and_read_back() -> None:
    days = [Day(date(2026, 12, 12), True, "盘点"), Day(date(2026, 12, 18), name="补休")]

    text = write_days(days, "zh")

    assert text == "2026-12-12 上班 盘点\n2026-12-18 放假 补休"
    assert list(parse_days(text).days) == days
