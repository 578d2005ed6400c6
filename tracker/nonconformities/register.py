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
COUNTED_SEARCH = 200
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
L = NonconformityLink.__table__.c

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


def get_page(actor: Actor, wanted: Filter) -> RegisterPage:
    """A page of at most 50 rows that the actor may see, and how many there are up to a limit: two statements.

    The count goes first, because it decides the way. Few hits are gathered by the filter and then sorted; many
    are met soon enough when the order itself is walked. Either way nobody pays for the size of the register.
    """
    backwards = bool(wanted.before) and not wanted.after
    limit = COUNTED_SEARCH if _searches(wanted) else COUNTED
    count = _count(actor, wanted, limit)
    build = _walk if count > limit or _straight(actor, wanted) else _gather
    rows = db.session.execute(build(actor, wanted, backwards)).all() if count else []
    more = len(rows) > PAGE
    rows = list(rows[:PAGE])
    if backwards:
        rows.reverse()
    has_previous = more if backwards else bool(wanted.after)
    has_next = bool(wanted.before) if backwards else more
    return RegisterPage(
        rows=_views(rows),
        previous=_cursor(rows[0], wanted.key) if rows and has_previous else "",
        next=_cursor(rows[-1], wanted.key) if rows and has_next else "",
        count=count if count <= limit else None,
        limit=limit,
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
_COLUMNS = (
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


def _list(first: Any) -> sa.Select[Any]:
    """The columns of the list, beginning at `first`.

    Outer joins, although every record has a site: SQLite keeps their order, and so begins where it should.
    """
    return (
        sa.select(*_COLUMNS)
        .select_from(first)
        .outerjoin(Site, (Site.organisation_id == N.organisation_id) & (Site.id == N.site_id))
        .outerjoin(Person, (Person.organisation_id == N.organisation_id) & (Person.id == N.owner_id))
    )


def _ordered(key: Any, number: Any, downwards: bool) -> list[Any]:
    columns = [number] if key is None else [key, number]
    return [column.desc() if downwards else column.asc() for column in columns]


def _behind(wanted: Filter, backwards: bool, downwards: bool) -> list[Any]:
    """The condition that a row lies behind the cursor, in the direction of the page."""
    cursor = wanted.before if backwards else wanted.after
    if not cursor:
        return []
    value, number = _read_cursor(cursor, wanted.key)
    if wanted.key == "number":
        return [N.number < number if downwards else N.number > number]
    key = SORTS[wanted.key]
    here = sa.tuple_(key, N.number)
    there = sa.tuple_(sa.literal(value, key.type), sa.literal(number, N.number.type))
    return [here < there if downwards else here > there]


def _walk(actor: Actor, wanted: Filter, backwards: bool) -> sa.Select[Any]:
    """Walk the order that is asked for and keep what fits: the way where much fits."""
    downwards = wanted.descending != backwards
    streamed = _stream(actor, wanted, backwards) if wanted.key == "number" else None
    if streamed is not None:
        return streamed
    key = None if wanted.key == "number" else SORTS[wanted.key]
    return (
        _list(Nonconformity.__table__)
        .where(*_conditions(actor, wanted), *_behind(wanted, backwards, downwards))
        .order_by(*_ordered(key, N.number, downwards))
        .limit(PAGE + 1)
    )


def _straight(actor: Actor, wanted: Filter) -> bool:
    """Whether one index holds just what is asked for, in its order: then nothing is met that does not fit."""
    sites = actor.sites()
    equal = {
        "site": bool(wanted.site) or sites is not None,
        "grade": bool(wanted.grade),
        "state": bool(wanted.state),
        "owner": wanted.owner is not None or wanted.mine,
        "review": wanted.review is not None,
    }
    narrowed = [name for name, given in equal.items() if given]
    if wanted.element or wanted.overdue or wanted.state == UNSETTLED or _searches(wanted):
        return False
    if sites is not None and (wanted.site or len(sites) != 1):
        return False
    return not narrowed or (len(narrowed) == 1 and narrowed[0] in _INDEXED[wanted.key])


def _stream(actor: Actor, wanted: Filter, backwards: bool) -> sa.Select[Any] | None:
    """The newest hits of a search, or of an element, as their own index hands them out; None where it cannot."""
    downwards = wanted.descending != backwards
    cursor = wanted.before if backwards else wanted.after
    number = _read_cursor(cursor, "number")[1] if cursor else None
    if _searches(wanted) and not search.on_postgresql():
        first, conditions = _found_first(actor, wanted)
        place: sa.ColumnElement[Any] = search.fts.c.rowid
        last = _id_of(actor, number)
    elif wanted.element and not _searches(wanted):
        first, conditions = _touching_first(actor, wanted)
        place, last = L.number, number
    else:
        return None
    behind = [] if number is None else [place < last if downwards else place > last]
    return (
        _list(first)
        .where(*conditions, *behind)
        .order_by(place.desc() if downwards else place.asc())
        .limit(PAGE + 1)
    )


def _searches(wanted: Filter) -> bool:
    return bool(search.phrases(wanted.q))


def _found_first(actor: Actor, wanted: Filter) -> tuple[Any, list[Any]]:
    """On SQLite: begin at the words, hit by hit, and look the records up; the join and its conditions.

    The organisation is made to hang on the hit, or SQLite would begin at the organisation's records instead.
    """
    hit = search.fts.c.rowid
    same = (N.organisation_id == hit * 0 + actor.organisation_id) & (N.id == hit)
    rest = _conditions(actor, replace(wanted, q=""), "checked")
    return search.fts.outerjoin(Nonconformity.__table__, same), [search.matches(wanted.q), *rest]


def _id_of(actor: Actor, number: int | None) -> Any:
    return (
        sa.select(N.id)
        .where(N.organisation_id == actor.organisation_id, N.number == number)
        .scalar_subquery()
    )


def _touching_first(actor: Actor, wanted: Filter) -> tuple[Any, list[Any]]:
    """Begin at the records that touch an element, by number; the join and its conditions."""
    same = (N.organisation_id == L.organisation_id) & (N.id == L.nonconformity_id)
    conditions = _conditions(actor, replace(wanted, element=""), "checked")
    conditions += [L.organisation_id == actor.organisation_id, L.element == wanted.element]
    return NonconformityLink.__table__.outerjoin(Nonconformity.__table__, same), conditions


def _start(actor: Actor, wanted: Filter) -> tuple[Any, list[Any]]:
    """Where to begin when the order does not matter: at the words, at the element, or where an index suits."""
    if _searches(wanted) and not search.on_postgresql():
        return _found_first(actor, wanted)
    if wanted.element:
        return _touching_first(actor, wanted)
    return Nonconformity.__table__, _conditions(actor, wanted, "free")


def _gather(actor: Actor, wanted: Filter, backwards: bool) -> sa.Select[Any]:
    """Gather what fits by whatever index suits the filter, sort that, and only then read the page's rows."""
    downwards = wanted.descending != backwards
    key = N.number if wanted.key == "number" else SORTS[wanted.key]
    first, conditions = _start(actor, wanted)
    fits = (
        sa.select(N.id, key.label("key"), N.number.label("number"))
        .select_from(first)
        .where(*conditions, *_behind(wanted, backwards, downwards))
        .cte("fits")
        .prefix_with("MATERIALIZED")
    )
    page = (
        sa.select(fits)
        .order_by(*_ordered(fits.c.key, fits.c.number, downwards))
        .limit(PAGE + 1)
        .subquery("page")
    )
    rows = page.outerjoin(
        Nonconformity.__table__, (N.organisation_id == actor.organisation_id) & (N.id == page.c.id)
    )
    return _list(rows).order_by(*_ordered(page.c.key, page.c.number, downwards))


def _count(actor: Actor, wanted: Filter, limit: int) -> int:
    """How many there are, counted no further than one above the limit."""
    first, conditions = _start(actor, wanted)
    few = sa.select(sa.literal(1)).select_from(first).where(*conditions).limit(limit + 1)
    return int(db.session.execute(sa.select(sa.func.count()).select_from(few.subquery())).scalar_one())


# The way in that SQLite is to take for an order and an equality: those pairs that have an index of their own.
_INDEXED = {
    "number": {"organisation", "site", "state", "owner", "review"},
    "due": {"organisation", "site", "owner", "due"},
    "points": {"organisation"},
    "grade": {"organisation", "grade"},
    "state": {"organisation", "state"},
}


def _conditions(actor: Actor, wanted: Filter, way: str = "walk") -> list[Any]:
    """What a row must fulfil.

    `way` says what the database may begin with: only with what goes with the order (walk), with any of it
    (free), or with none of it, because the rows are looked up one by one (checked).
    """

    def ruled(column: Any, name: str = "") -> Any:
        usable = way == "free" or (way == "walk" and name in _INDEXED[wanted.key])
        return column if usable else unindexed(column)

    today, sites = clock.today(), actor.sites()
    state = NonconformityState(wanted.state) if wanted.state not in ("", UNSETTLED) else None
    equal = (
        ("organisation", N.organisation_id, actor.organisation_id),
        ("site", N.site_id, _site_id(actor, wanted.site) if wanted.site else None),
        ("site", N.site_id, next(iter(sites)) if sites and len(sites) == 1 else None),
        ("grade", N.grade, Grade(wanted.grade) if wanted.grade else None),
        ("state", N.state, state),
        ("owner", N.owner_id, wanted.owner),
        ("owner", N.owner_id, actor.person_id if wanted.mine else None),
        ("review", N.review_id, None if wanted.review is None else _review_id(actor, wanted.review)),
    )
    more = (
        (sites is not None and len(sites) != 1, lambda: ruled(N.site_id).in_(sites or ())),
        (wanted.state == UNSETTLED, lambda: ruled(N.state).not_in(SETTLED)),
        (wanted.overdue, lambda: ruled(N.due_rank, "due") < today),
        (bool(wanted.element), lambda: _touches(actor, wanted.element)),
        (_searches(wanted), lambda: search.matching(wanted.q)),
    )
    return [ruled(column, name) == value for name, column, value in equal if value is not None] + [
        condition() for applies, condition in more if applies
    ]


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


def _touches(actor: Actor, element: str) -> Any:
    """That a record touches an element, looked up record by record."""
    return (
        sa.select(sa.literal(1))
        .where(L.organisation_id == actor.organisation_id, L.nonconformity_id == N.id, L.element == element)
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
