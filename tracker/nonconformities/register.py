"""The register: filter, search, sort and page in one statement, as fast for a million rows as for a thousand.

Pages are found by the values of their first or last row, never by counting rows. Permissions are part of the
statement. What is selected are columns, because loading objects costs more than the query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement

from tracker import clock, search
from tracker.accounts.models import Person
from tracker.database import MAX_ID, db
from tracker.errors import InvalidInput
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.nonconformities.models import Nonconformity, NonconformityLink
from tracker.nonconformities.viewmodels import RegisterPage, RegisterRow
from tracker.numbering import label
from tracker.offers import machine_of
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.models import Review
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState

PAGE = 50
COUNTED = 1_000
UNSETTLED = "unsettled"
SETTLED = (NonconformityState.CLOSED, NonconformityState.VOID)
GRADE_TONES = {
    Grade.MAJOR: "danger",
    Grade.MINOR: "attention",
    Grade.OBSERVATION: "info",
    Grade.OFI: "neutral",
}
STATE_ICONS = {
    "neutral": "circle",
    "info": "circle-dot",
    "attention": "alert-triangle",
    "progress": "progress",
    "review": "eye",
    "success": "circle-check",
    "danger": "alert-octagon",
    "muted": "circle-minus",
}

N = Nonconformity.__table__.c

# Name in the address → column. Each is never empty and has an index that ends with the number.
SORTS: dict[str, Any] = {
    "number": N.number,
    "due": N.due_rank,
    "points": N.points_rank,
    "grade": N.grade,
    "state": N.state_rank,
}
DEFAULT_SORT = "-number"


class unindexed(ColumnElement[Any]):  # noqa: N801  it reads like a function of SQL
    """A column by which SQLite is not to look rows up.

    Without statistics SQLite takes any equality for the best way in, and then sorts everything it found. Where
    the order of the page has an index, that one is to be walked, and the others are only to be checked.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type

    _traverse_internals = [("column", sa.sql.visitors.InternalTraversal.dp_clauseelement)]


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


@compiles(unindexed, "sqlite")
def _behind_a_plus(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.column, **options)}"


@dataclass(frozen=True)
class Filter:
    """What the register is narrowed to and how it is ordered, as it stands in the address."""

    q: str = ""
    site: str = ""
    element: str = ""
    grade: str = ""
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


def read_filter(args: Mapping[str, str]) -> Filter:
    """The filter out of an address. Raises InvalidInput that names every value that cannot be one."""
    faults: dict[str, list[str]] = {}
    text = {name: args.get(name, "").strip() for name in ("q", "site", "element", "grade", "state", "sort")}
    numbers = {name: _number(args.get(name, "").strip(), name, faults) for name in ("owner", "review")}
    if text["grade"] and text["grade"] not in set(Grade):
        faults["grade"] = [_("There is no grade %(value)s.", value=text["grade"][:40])]
    if text["state"] and text["state"] not in {*NonconformityState, UNSETTLED}:
        faults["state"] = [_("There is no state %(value)s.", value=text["state"][:40])]
    if text["sort"].lstrip("-") not in {"", *SORTS}:
        faults["sort"] = [_("The register cannot be sorted by %(value)s.", value=text["sort"][:40])]
    found = Filter(
        q=text["q"][: search.MAX_LENGTH],
        site=text["site"],
        element=text["element"],
        grade=text["grade"],
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


# ---------------------------------------------------------------- cursors


def _check_cursor(cursor: str, key: str, name: str, faults: dict[str, list[str]]) -> None:
    if cursor:
        try:
            _read_cursor(cursor, key)
        except ValueError:
            faults[name] = [_("This page of the register does not exist.")]


def _read_cursor(cursor: str, key: str) -> tuple[Any, int]:
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


def _cursor(row: Any, key: str) -> str:
    value = {
        "number": "",
        "due": row.due_rank,
        "points": row.points_rank,
        "grade": row.grade.value,
        "state": row.state_rank,
    }[key]
    return f"{value}~{row.number}"


# ---------------------------------------------------------------- the statement


def get_page(actor: Actor, wanted: Filter, *, counted: bool = True) -> RegisterPage:
    """A page of at most 50 rows that the actor may see; with `counted`, how many there are up to 1,000."""
    backwards = bool(wanted.before) and not wanted.after
    conditions = _conditions(actor, wanted)
    rows = db.session.execute(_statement(conditions, wanted, backwards)).all()
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    if backwards:
        rows.reverse()
    has_previous = more if backwards else bool(wanted.after)
    has_next = bool(wanted.before) if backwards else more
    count = None
    if not has_previous and not has_next:
        count = len(rows)
    elif counted:
        count = _count(conditions)
    return RegisterPage(
        rows=_views(rows),
        previous=_cursor(rows[0], wanted.key) if rows and has_previous else "",
        next=_cursor(rows[-1], wanted.key) if rows and has_next else "",
        count=count,
    )


_LINKED = (
    sa.select(sa.func.aggregate_strings(NonconformityLink.element, " "))
    .where(
        NonconformityLink.organisation_id == N.organisation_id,
        NonconformityLink.nonconformity_id == N.id,
    )
    .correlate(Nonconformity.__table__)
    .scalar_subquery()
    .label("elements")
)

# Outer joins, although every record has a site: SQLite keeps their order, and so walks the register first.
_LIST = (
    sa.select(
        N.number,
        N.title,
        N.element,
        N.grade,
        N.state,
        N.due_on,
        N.points_rank,
        N.due_rank,
        N.state_rank,
        N.points_alone.is_not(None).label("has_points"),
        Site.code.label("site"),
        Site.name_zh.label("site_zh"),
        Site.name_en.label("site_en"),
        Person.name_zh.label("owner_zh"),
        Person.name_en.label("owner_en"),
        _LINKED,
    )
    .select_from(Nonconformity.__table__)
    .outerjoin(Site, (Site.organisation_id == N.organisation_id) & (Site.id == N.site_id))
    .outerjoin(Person, (Person.organisation_id == N.organisation_id) & (Person.id == N.owner_id))
)


def _statement(conditions: list[Any], wanted: Filter, backwards: bool) -> sa.Select[Any]:
    key = SORTS[wanted.key]
    downwards = wanted.descending != backwards
    columns = [N.number] if key is N.number else [key, N.number]
    cursor = wanted.before if backwards else wanted.after
    statement = _LIST.where(*conditions)
    if cursor:
        value, number = _read_cursor(cursor, wanted.key)
        here = sa.tuple_(*columns)
        there = sa.tuple_(*[sa.literal(each, column.type) for each, column in _pairs(value, number, columns)])
        statement = statement.where(here < there if downwards else here > there)
    order = [column.desc() if downwards else column.asc() for column in columns]
    return statement.order_by(*order).limit(PAGE + 1)


def _pairs(value: Any, number: int, columns: list[Any]) -> list[tuple[Any, Any]]:
    return [(number, columns[0])] if len(columns) == 1 else [(value, columns[0]), (number, columns[1])]


def _count(conditions: list[Any]) -> int | None:
    few = sa.select(sa.literal(1)).select_from(Nonconformity.__table__).where(*conditions).limit(COUNTED + 1)
    found = db.session.execute(sa.select(sa.func.count()).select_from(few.subquery())).scalar_one()
    return int(found) if found <= COUNTED else None


# The way in that SQLite is to take for an order and an equality: those pairs that have an index of their own.
_INDEXED = {
    "number": {"site", "state", "owner", "review"},
    "due": {"site", "owner"},
    "points": set[str](),
    "grade": {"grade"},
    "state": {"state"},
}


def _conditions(actor: Actor, wanted: Filter) -> list[Any]:
    today = clock.today()
    state = NonconformityState(wanted.state) if wanted.state not in ("", UNSETTLED) else None
    equal = {
        "site": (N.site_id, _site_id(actor, wanted.site) if wanted.site else None),
        "grade": (N.grade, Grade(wanted.grade) if wanted.grade else None),
        "state": (N.state, state),
        "owner": (N.owner_id, wanted.owner),
        "review": (N.review_id, None if wanted.review is None else _review_id(actor, wanted.review)),
    }
    conditions: list[Any] = [N.organisation_id == actor.organisation_id]
    conditions += [
        (column if name in _INDEXED[wanted.key] else unindexed(column)) == value
        for name, (column, value) in equal.items()
        if value is not None
    ]
    sites = actor.sites()
    more = (
        (sites is not None, lambda: unindexed(N.site_id).in_(sites or ())),
        (wanted.state == UNSETTLED, lambda: unindexed(N.state).not_in(SETTLED)),
        (wanted.mine, lambda: N.owner_id == actor.person_id),
        (wanted.overdue, lambda: (N.due_rank if wanted.key == "due" else unindexed(N.due_rank)) < today),
        (bool(wanted.element), lambda: _touches(wanted.element)),
        (bool(search.phrases(wanted.q)), lambda: search.matching(wanted.q)),
    )
    return conditions + [condition() for applies, condition in more if applies]


def _site_id(actor: Actor, code: str) -> Any:
    return (
        sa.select(Site.id)
        .where(Site.organisation_id == actor.organisation_id, Site.code == code)
        .scalar_subquery()
    )


def _review_id(actor: Actor, number: int) -> Any:
    return (
        sa.select(Review.id)
        .where(Review.organisation_id == actor.organisation_id, Review.number == number)
        .scalar_subquery()
    )


def _touches(element: str) -> Any:
    return (
        sa.select(sa.literal(1))
        .where(
            NonconformityLink.organisation_id == N.organisation_id,
            NonconformityLink.nonconformity_id == N.id,
            NonconformityLink.element == element,
        )
        .correlate(Nonconformity.__table__)
        .exists()
    )


# ---------------------------------------------------------------- from rows to what is shown


def _views(rows: list[Any]) -> tuple[RegisterRow, ...]:
    lang, today = language(), clock.today()
    return tuple(_view(row, lang, today) for row in rows)


def _view(row: Any, lang: str, today: date) -> RegisterRow:
    zh = lang == "zh"
    state, tone = state_words(row.state, lang)
    late = (today - row.due_on).days if row.due_on is not None else 0
    return RegisterRow(
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        elements=_elements(row.element, row.elements),
        site=row.site,
        site_name=(row.site_zh or row.site_en) if zh else (row.site_en or row.site_zh),
        grade=row.grade.of(lang),
        grade_tone=GRADE_TONES[row.grade],
        state=state,
        state_tone=tone,
        state_icon=STATE_ICONS[tone],
        owner=((row.owner_zh or row.owner_en) if zh else (row.owner_en or row.owner_zh)) or "–",
        due=short_date(row.due_on, lang),
        overdue=_late(late, lang) if late > 0 else "",
        points=_points(row.points_rank) if row.has_points else "–",
    )


@cache
def state_words(state: NonconformityState, lang: str) -> tuple[str, str]:
    """Title and tone of a state."""
    found = machine_of("nonconformity").state(state)
    return found.title.of(lang), found.tone.value


def _elements(first: str, linked: str | None) -> str:
    """Every element it touches, the one it is filed under first."""
    others = sorted(set((linked or "").split()) - {first})
    return " · ".join([first, *others] if first else others)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short_date(day: date | None, lang: str) -> str:
    """A day as `i18n.show_date` writes it, without asking the library fifty times a page."""
    if day is None:
        return "–"
    return day.isoformat() if lang == "zh" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _late(days: int, lang: str) -> str:
    if lang == "zh":
        return f"逾期 {days} 天"
    return f"{days} day overdue" if days == 1 else f"{days} days overdue"


def _points(rank: int) -> str:
    """Millionths of a point with one decimal, rounded half up."""
    tenths = (abs(rank) + 50_000) // 100_000
    sign = "−" if rank < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}"
