"""A year of a site's calendar at a glance: every month with what is not worked, and what is worked after all."""

from calendar import Calendar as Weeks
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date

from tracker.i18n import language
from tracker.organisations.rules import ANNOUNCED, SiteRules, official_days
from workflows.calendars import Day, Holidays

FIRST, LAST = 2000, 2100


@dataclass(frozen=True)
class Cell:
    """A day: `kind` is "off" or "work" where it is not what its place in the week says, "weekend", or empty."""

    day: date
    kind: str
    own: bool
    name: str
    today: bool


@dataclass(frozen=True)
class Month:
    """A month in weeks from Monday to Sunday; None stands for days of the months around it."""

    name: str
    weeks: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True)
class Year:
    """A year; `announced` is the day of the official announcement it was taken from, None where there is none."""

    year: int
    months: tuple[Month, ...]
    announced: date | None
    official: bool
    """The site follows an official calendar at all."""
    off: int
    worked: int
    own: int
    may_add: bool
    """The public holidays of this year ship, and the site does not count them."""

    @property
    def before(self) -> int | None:
        return self.year - 1 if self.year > FIRST else None

    @property
    def after(self) -> int | None:
        return self.year + 1 if self.year < LAST else None


def read_year(text: str, today: date) -> int:
    """The year that an address names; this one for what is none."""
    known = text.isascii() and text.isdigit() and len(text) == 4 and FIRST <= int(text) <= LAST
    return int(text) if known else today.year


def year_of(rules: SiteRules, year: int, today: date) -> Year:
    """The calendar of a site in a year."""
    official = rules.holidays is not Holidays.NONE
    special = {each.day: (each, False) for each in official_days(rules.holidays)}
    special |= {each.day: (each, True) for each in rules.own_days}
    inside = [(day, own) for day, own in special.values() if day.day.year == year]
    announced = ANNOUNCED.get(year)
    return Year(
        year=year,
        months=tuple(_month(year, number, special, rules.weekend, today) for number in range(1, 13)),
        announced=announced if official else None,
        official=official,
        off=sum(not day.working for day, _own in inside),
        worked=sum(day.working for day, _own in inside),
        own=sum(own for _day, own in inside),
        may_add=not official and announced is not None,
    )


def _month(
    year: int, number: int, special: dict[date, tuple[Day, bool]], weekend: frozenset[int], today: date
) -> Month:
    weeks = Weeks().monthdatescalendar(year, number)
    return Month(
        str(format_date(date(year, number, 1), "M月" if language() == "zh" else "MMMM")),
        tuple(
            tuple(_cell(day, special, weekend, today) if day.month == number else None for day in week)
            for week in weeks
        ),
    )


def _cell(day: date, special: dict[date, tuple[Day, bool]], weekend: frozenset[int], today: date) -> Cell:
    found, own = special.get(day, (None, False))
    if found is not None:
        return Cell(day, "work" if found.working else "off", own, found.name, day == today)
    return Cell(day, "weekend" if day.weekday() in weekend else "", False, "", day == today)
