"""What the register is narrowed to and how it is ordered, as it stands in an address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tracker import search
from tracker.database import MAX_ID
from tracker.errors import InvalidInput
from tracker.i18n import gettext as _
from tracker.nonconformities.register.columns import SORTS
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState

UNSETTLED = "unsettled"
DEFAULT_SORT = "-number"


@dataclass(frozen=True)
class Filter:
    """What the register is narrowed to and how it is ordered, as it stands in the address."""

    q: str = ""
    site: str = ""
    element: str = ""
    grade: str = ""
    source: str = ""
    state: str = ""
    owner: int | None = None
    review: int | None = None
    overdue: bool = False
    mine: bool = False
    sort: str = DEFAULT_SORT
    after: str = ""
    before: str = ""

    @property
    def key(self) -> str:
        return self.sort.lstrip("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def narrowed(self) -> bool:
        """Whether anything but order and page is set."""
        return replace(self, sort=DEFAULT_SORT, after="", before="") != Filter()


TEXTS = ("q", "site", "element", "grade", "source", "state", "sort")


def read_filter(args: Mapping[str, str]) -> Filter:
    """The filter out of an address. Raises InvalidInput that names every value that cannot be one."""
    faults: dict[str, list[str]] = {}
    text = {name: args.get(name, "").strip() for name in TEXTS}
    numbers = {name: _number(args.get(name, "").strip(), name, faults) for name in ("owner", "review")}
    if text["grade"] and text["grade"] not in set(Grade):
        faults["grade"] = [_("There is no grade %(value)s.", value=text["grade"][:40])]
    if text["source"] and text["source"] not in set(Source):
        faults["source"] = [_("There is no source %(value)s.", value=text["source"][:40])]
    if text["state"] and text["state"] not in {*NonconformityState, UNSETTLED}:
        faults["state"] = [_("There is no state %(value)s.", value=text["state"][:40])]
    if text["sort"].lstrip("-") not in {"", *SORTS}:
        faults["sort"] = [_("The register cannot be sorted by %(value)s.", value=text["sort"][:40])]
    found = Filter(
        q=text["q"][: search.MAX_LENGTH],
        site=text["site"],
        element=text["element"],
        grade=text["grade"],
        source=text["source"],
        state=text["state"],
        owner=numbers["owner"],
        review=numbers["review"],
        overdue=args.get("overdue", "") in ("1", "on"),
        mine=args.get("mine", "") in ("1", "on"),
        sort=text["sort"] or DEFAULT_SORT,
        after=args.get("after", ""),
        before=args.get("before", ""),
    )
    if not faults:
        for name in ("after", "before"):
            _check_cursor(getattr(found, name), found.key, name, faults)
    if faults:
        raise InvalidInput(faults)
    return found


def _number(text: str, name: str, faults: dict[str, list[str]]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_ID):
        faults[name] = [_("%(value)s is not a number.", value=text[:40])]
        return None
    return int(text)


def _check_cursor(cursor: str, key: str, name: str, faults: dict[str, list[str]]) -> None:
    if cursor:
        try:
            read_cursor(cursor, key)
        except ValueError:
            faults[name] = [_("This page of the register does not exist.")]


def read_cursor(cursor: str, key: str) -> tuple[Any, int]:
    """The values of the row that the page begins behind. Raises ValueError."""
    value, _separator, number = cursor.rpartition("~")
    if len(cursor) > 60 or not (number.isascii() and number.isdigit()) or int(number) >= 2**31:
        raise ValueError(cursor)
    if key == "number":
        return None, int(number)
    if key == "due":
        return date.fromisoformat(value), int(number)
    if key == "grade":
        return Grade(value), int(number)
    whole = int(value)
    if abs(whole) > (MAX_ID if key == "points" else 99):
        raise ValueError(cursor)
    return whole, int(number)


def cursor_of(row: Any, key: str) -> str:
    """Where a page goes on: the values of a row that its order is made of."""
    value = {
        "number": "",
        "due": row.due_rank,
        "points": row.points_rank,
        "grade": row.grade.value,
        "state": row.state_rank,
    }[key]
    return f"{value}~{row.number}"
