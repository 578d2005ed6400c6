"""Calendars as people write them: lists of holidays and made-up working days (调休), read into a `Calendar`.

A list has one entry a line: a day or a range, whether it is worked, a name. The shipped official calendars, what
somebody pastes for a site, and what the page shows again are all the same form.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from workflows.kinds import Grade
from workflows.schedule import DEFAULT_TERMS, Calendar, Step, Term, Terms
from workflows.text import Text, Worded

LONGEST_RANGE = 60
"""Days that one line may span: more is a slip of the keyboard, not a holiday."""

LONGEST_TERM = 1000
WEEKEND = frozenset({5, 6})


class Holidays(Worded):
    """The official calendar that a site's own days are laid over."""

    NONE = "none", "无（仅周末）", "none (weekends only)"
    CHINA = "china", "中国大陆法定节假日与调休", "mainland China, with made-up working days"


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """A day that is not what its place in the week says: a holiday, or one that is worked after all."""

    day: date
    working: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that could not be read, counted from 1, with the reason."""

    line: int
    text: Text


@dataclass(frozen=True, slots=True)
class Reading:
    """What a list says, in order of the days, and every line that says nothing readable."""

    days: tuple[Day, ...]
    faults: tuple[Fault, ...] = ()


_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_TO = re.compile(r"\s*(?:\.\.|~|～|–|—|至|到|\bto\b)\s*")
_WORKING = frozenset({"work", "working", "上班", "班", "调休", "补班", "调休上班"})
_OFF = frozenset({"off", "holiday", "休", "放假", "休息", "节假日"})


def parse_days(text: str) -> Reading:
    """Read a list of days. Empty lines and what follows a `#` say nothing; the last line about a day counts.

    >>> parse_days("2026-02-14 work 春节调休").days
    (Day(day=datetime.date(2026, 2, 14), working=True, name='春节调休'),)
    """
    found: dict[date, Day] = {}
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        days = _read(said)
        if isinstance(days, Text):
            faults.append(Fault(number, days))
        else:
            found.update((each.day, each) for each in days)
    return Reading(tuple(sorted(found.values())), tuple(faults))


def _read(line: str) -> list[Day] | Text:
    first, rest = _date(line)
    if first is None:
        return Text("这一行应以日期开头，例如 2026-10-01。", "A line begins with a day, like 2026-10-01.")
    last: date | None = first
    to = _TO.match(rest)
    if to:
        last, rest = _date(rest[to.end() :])
        if last is None:
            return Text("时间段的最后一天无法识别。", "The last day of the range cannot be read.")
    if last is None or last < first:
        return Text("最后一天早于第一天。", "The last day is before the first.")
    if (last - first).days >= LONGEST_RANGE:
        return Text(f"时间段超过 {LONGEST_RANGE} 天。", f"The range is longer than {LONGEST_RANGE} days.")
    word, _, name = rest.strip().lstrip(",，:：").strip().partition(" ")
    if word.lower() not in _WORKING | _OFF:
        name = f"{word} {name}"
    working = word.lower() in _WORKING
    return [
        Day(first + timedelta(days=n), working, name.strip()[:80]) for n in range((last - first).days + 1)
    ]


def _date(text: str) -> tuple[date | None, str]:
    match = _DAY.match(text)
    if match is None:
        return None, text
    try:
        found = date(*(int(part) for part in match.groups()))
    except ValueError:
        return None, text
    return (found, text[match.end() :]) if 1990 <= found.year <= 2200 else (None, text)


def write_days(days: Iterable[Day], lang: str = "en") -> str:
    """The list that reads back as these days, in words of a language; neighbours of one kind and name share a line.

    >>> write_days([Day(date(2026, 1, 1), name="元旦"), Day(date(2026, 1, 2), name="元旦")])
    '2026-01-01..2026-01-02 off 元旦'
    """
    runs: list[list[Day]] = []
    for each in sorted(days):
        last = runs[-1][-1] if runs else None
        alike = last is not None and (last.working, last.name) == (each.working, each.name)
        if last and alike and each.day - last.day == timedelta(days=1) and len(runs[-1]) < LONGEST_RANGE:
            runs[-1].append(each)
        else:
            runs.append([each])
    words = ("上班", "放假") if lang == "zh" else ("work", "off")
    return "\n".join(_line(run, *words) for run in runs)


def _line(run: list[Day], work: str, off: str) -> str:
    when = f"{run[0].day}" if len(run) == 1 else f"{run[0].day}..{run[-1].day}"
    return f"{when} {work if run[0].working else off} {run[0].name}".strip()


def calendar_of(
    official: Iterable[Day], own: Iterable[Day] = (), weekend: Iterable[int] = WEEKEND
) -> Calendar:
    """The calendar in force: the official days, those of the site laid over them, and the weekend.

    Raises ValueError where no day of the week would be left.
    """
    said = {each.day: each.working for each in official} | {each.day: each.working for each in own}
    return Calendar(
        holidays=frozenset(day for day, working in said.items() if not working),
        made_up=frozenset(day for day, working in said.items() if working),
        weekend=frozenset(weekend),
    )


def terms_of(own: Mapping[tuple[Grade, Step], Term | None]) -> Terms:
    """The terms in force: those of E.4, with a site's own in their place; None takes a deadline away."""
    merged: dict[tuple[Grade, Step], Term | None] = {**DEFAULT_TERMS, **own}
    return {key: term for key, term in merged.items() if term is not None}
