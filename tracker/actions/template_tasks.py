"""The tasks of a template as a form has them: rows that are added, moved and taken out before anything is saved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from werkzeug.datastructures import MultiDict

from tracker.actions.plan_templates import TaskLine
from tracker.actions.showing import days_text
from tracker.i18n import gettext as _

MOST_ROWS = 60
LONGEST_TITLE, LATEST, MOST_EFFORT = 300, 1000, 1000
FIELDS = ("title", "days", "effort")


@dataclass(frozen=True)
class Row:
    """A task as it was typed; `faults` are the words beside its fields."""

    title: str = ""
    days: str = ""
    effort: str = "1"
    faults: Mapping[str, str] | None = None

    @property
    def blank(self) -> bool:
        """Nothing was typed: such a row is left out."""
        return not self.title and not self.days

    def fault(self, name: str) -> str:
        return (self.faults or {}).get(name, "")


class Kept(Protocol):
    """A task as it is kept."""

    @property
    def title(self) -> str: ...
    @property
    def days(self) -> int: ...
    @property
    def effort(self) -> Fraction: ...


def rows_of(tasks: Iterable[Kept]) -> list[Row]:
    """What is kept, as a form shows it."""
    return [Row(task.title, str(task.days), days_text(task.effort)) for task in tasks]


def read_rows(sent: "MultiDict[str, str]", prefix: str) -> list[Row] | None:
    """The rows as they were sent; None for a form without them, which leaves the tasks alone."""
    if f"{prefix}tasks" not in sent:
        return None
    columns = [sent.getlist(f"{prefix}task-{name}")[:MOST_ROWS] for name in FIELDS]
    rows = zip(*([text.replace("\x00", "").strip() for text in column] for column in columns), strict=False)
    return [Row(*row) for row in rows]


def arrange(rows: Sequence[Row], what: str) -> list[Row]:
    """The rows after a press: `add`, `up-2`, `down-2` or `drop-2`; what names no row changes nothing."""
    found = list(rows)
    if what == "add":
        return [*found, Row()] if len(found) < MOST_ROWS else found
    verb, _dash, digits = what.partition("-")
    place = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else len(found)
    if place >= len(found):
        return found
    if verb == "drop":
        del found[place]
    other = {"up": place - 1, "down": place + 1}.get(verb, -1)
    if 0 <= other < len(found):
        found[place], found[other] = found[other], found[place]
    return found


def check_rows(rows: Iterable[Row]) -> tuple[list[TaskLine], list[Row]]:
    """The tasks that the rows say, and the rows with what is wrong beside their fields; blank ones are left out."""
    tasks: list[TaskLine] = []
    checked: list[Row] = []
    for row in rows:
        if row.blank:
            continue
        faults: dict[str, str] = {}
        days, effort = _days(row.days, faults), _effort(row.effort, faults)
        if not row.title:
            faults["title"] = _("Please fill this in.")
        elif len(row.title) > LONGEST_TITLE:
            faults["title"] = _("At most %(count)d characters.", count=LONGEST_TITLE)
        checked.append(replace(row, faults=faults))
        if not faults:
            tasks.append(TaskLine(row.title, days, effort))
    return tasks, checked


def _days(text: str, faults: dict[str, str]) -> int:
    known = text.isascii() and text.isdigit() and len(text) < 6
    if not known or int(text) > LATEST:
        faults["days"] = _("Between 0 and %(most)s days.", most=LATEST)
        return 0
    return int(text)


def _effort(text: str, faults: dict[str, str]) -> Fraction:
    try:
        amount = Fraction(text) if len(text) <= 40 else Fraction(0)
    except (ValueError, ZeroDivisionError):
        faults["effort"] = _("Write a number of days, such as 2 or 0.5.")
        return Fraction(0)
    if not 0 < amount <= MOST_EFFORT or len(str(amount)) > 40:
        faults["effort"] = _("Between more than 0 and 1000 days.")
    return amount
