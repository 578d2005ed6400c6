"""The statements of the register: put together once for each kind of question, and then only given values.

What is selected are columns, because loading objects costs more than the query.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement

from tracker import clock, search
from tracker.accounts.models import Person
from tracker.nonconformities.models import Nonconformity, NonconformityLink
from tracker.nonconformities.register.columns import SORTS, L, N, P, R, S
from tracker.nonconformities.register.filters import UNSETTLED, Filter, read_cursor
from tracker.organisations.models import Site
from tracker.permissions import Actor
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState

PAGE = 50
SETTLED = (NonconformityState.CLOSED, NonconformityState.VOID)


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
class Sites:
    """How much of the organisation the actor sees: all of it, one site, or several."""

    one: bool = False
    several: bool = False


@dataclass(frozen=True)
class Asked:
    """The statements for one kind of question: the count, the page where few fit, and where many do.

    `straight`: one index holds just what is asked for, in its order, so it is walked however few there are.
    """

    count: sa.Select[Any]
    few: sa.Select[Any]
    many: sa.Select[Any]
    straight: bool


def asked(actor: Actor, wanted: Filter, limit: int, backwards: bool) -> Asked:
    """The statements; put together once for each kind of question, because that takes as long as asking it."""
    sites = actor.sites()
    seen = Sites() if sites is None else Sites(one=len(sites) == 1, several=len(sites) != 1)
    if searches(wanted):
        return _build(seen, wanted, limit, backwards)
    return _kept(seen, _shape(wanted), limit, backwards)


def _shape(wanted: Filter) -> Filter:
    """The filter with what it is narrowed to, but not the values."""
    return Filter(
        site=wanted.site and "1",
        element=wanted.element and "1",
        grade=wanted.grade and "1",
        source=wanted.source and "1",
        state=wanted.state and (UNSETTLED if wanted.state == UNSETTLED else "1"),
        owner=None if wanted.owner is None else 1,
        review=None if wanted.review is None else 1,
        overdue=wanted.overdue,
        mine=wanted.mine,
        sort=wanted.sort,
        after=wanted.after and "1",
        before=wanted.before and "1",
    )


def _build(seen: Sites, wanted: Filter, limit: int, backwards: bool) -> Asked:
    return Asked(
        count=_count(seen, wanted, limit),
        few=_gather(seen, wanted, backwards),
        many=_walk(seen, wanted, backwards),
        straight=_straight(seen, wanted),
    )


_kept = lru_cache(maxsize=256)(_build)

ORGANISATION = sa.bindparam("organisation", type_=sa.BigInteger)
"""The organisation of whoever asks; every statement below is bound to it."""
ROWS = sa.bindparam("rows", type_=sa.Integer)
"""One row more than a page shows, to know whether there is another page."""


def values(actor: Actor, wanted: Filter, backwards: bool) -> dict[str, Any]:
    """What the statements are to be asked with."""
    cursor = wanted.before if backwards else wanted.after
    place, number = read_cursor(cursor, wanted.key) if cursor else (None, None)
    sites = actor.sites() or frozenset()
    return {
        "organisation": actor.organisation_id,
        "me": actor.person_id,
        "rows": PAGE + 1,
        "only_site": next(iter(sites), None),
        "sites": list(sites),
        "today": clock.today(),
        "site": wanted.site,
        "element": wanted.element,
        "grade": Grade(wanted.grade) if wanted.grade else None,
        "source": Source(wanted.source) if wanted.source else None,
        "state": NonconformityState(wanted.state) if wanted.state not in ("", UNSETTLED) else None,
        "owner": wanted.owner,
        "review": wanted.review,
        "place": place,
        "number": number,
    }


_LINKED = (
    sa.select(sa.func.aggregate_strings(L.element, " "))
    .where(
        L.organisation_id == N.organisation_id,
        L.nonconformity_id == N.id,
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
    S.code.label("site"),
    S.name_zh.label("site_zh"),
    S.name_en.label("site_en"),
    P.name_zh.label("owner_zh"),
    P.name_en.label("owner_en"),
    _LINKED,
)


def _list(first: Any) -> sa.Select[Any]:
    """The columns of the list, beginning at `first`.

    Outer joins, although every record has a site: SQLite keeps their order, and so begins where it should.
    """
    return (
        sa.select(*_COLUMNS)
        .select_from(first)
        .outerjoin(Site.__table__, (S.organisation_id == N.organisation_id) & (S.id == N.site_id))
        .outerjoin(Person.__table__, (P.organisation_id == N.organisation_id) & (P.id == N.owner_id))
    )


def _ordered(key: Any, number: Any, downwards: bool) -> list[Any]:
    columns = [number] if key is None else [key, number]
    return [column.desc() if downwards else column.asc() for column in columns]


def _behind(wanted: Filter, backwards: bool, downwards: bool) -> list[Any]:
    """The condition that a row lies behind the cursor, in the direction of the page."""
    if not (wanted.before if backwards else wanted.after):
        return []
    number = sa.bindparam("number", type_=N.number.type)
    if wanted.key == "number":
        return [N.number < number if downwards else N.number > number]
    key = SORTS[wanted.key]
    here = sa.tuple_(key, N.number)
    there = sa.tuple_(sa.bindparam("place", type_=key.type), number)
    return [here < there if downwards else here > there]


def _walk(seen: Sites, wanted: Filter, backwards: bool) -> sa.Select[Any]:
    """Walk the order that is asked for and keep what fits: the way where much fits."""
    downwards = wanted.descending != backwards
    streamed = _stream(seen, wanted, backwards) if wanted.key == "number" else None
    if streamed is not None:
        return streamed
    key = None if wanted.key == "number" else SORTS[wanted.key]
    return (
        _list(Nonconformity.__table__)
        .where(*_conditions(seen, wanted), *_behind(wanted, backwards, downwards))
        .order_by(*_ordered(key, N.number, downwards))
        .limit(ROWS)
    )


def _straight(seen: Sites, wanted: Filter) -> bool:
    """Whether one index holds just what is asked for, in its order: then nothing is met that does not fit."""
    equal = {
        "site": bool(wanted.site) or seen.one,
        "grade": bool(wanted.grade),
        "source": bool(wanted.source),
        "state": bool(wanted.state),
        "owner": wanted.owner is not None or wanted.mine,
        "review": wanted.review is not None,
    }
    narrowed = [name for name, given in equal.items() if given]
    if wanted.element or wanted.overdue or wanted.state == UNSETTLED or searches(wanted):
        return False
    if seen.several or (seen.one and wanted.site):
        return False
    return not narrowed or (len(narrowed) == 1 and narrowed[0] in _INDEXED[wanted.key])


def _stream(seen: Sites, wanted: Filter, backwards: bool) -> sa.Select[Any] | None:
    """The newest hits of a search, or of an element, as their own index hands them out; None where it cannot."""
    downwards = wanted.descending != backwards
    number = sa.bindparam("number", type_=N.number.type)
    if searches(wanted) and not search.on_postgresql():
        first, conditions = _found_first(seen, wanted)
        place: sa.ColumnElement[Any] = search.fts.c.rowid
        last = _id_of(number)
    elif wanted.element and not searches(wanted):
        first, conditions = _touching_first(seen, wanted)
        place, last = L.number, number
    else:
        return None
    follows = wanted.before if backwards else wanted.after
    behind = [place < last if downwards else place > last] if follows else []
    return (
        _list(first)
        .where(*conditions, *behind)
        .order_by(place.desc() if downwards else place.asc())
        .limit(ROWS)
    )


def searches(wanted: Filter) -> bool:
    """Whether words are looked for."""
    return bool(search.phrases(wanted.q))


def _found_first(seen: Sites, wanted: Filter) -> tuple[Any, list[Any]]:
    """On SQLite: begin at the words, hit by hit, and look the records up; the join and its conditions.

    The organisation is made to hang on the hit, or SQLite would begin at the organisation's records instead.
    """
    hit = search.fts.c.rowid
    same = (N.organisation_id == hit * 0 + ORGANISATION) & (N.id == hit)
    rest = _conditions(seen, replace(wanted, q=""), "checked")
    return search.fts.outerjoin(Nonconformity.__table__, same), [search.matches(wanted.q), *rest]


def _id_of(number: Any) -> Any:
    return sa.select(N.id).where(N.organisation_id == ORGANISATION, N.number == number).scalar_subquery()


def _touching_first(seen: Sites, wanted: Filter) -> tuple[Any, list[Any]]:
    """Begin at the records that touch an element, by number; the join and its conditions."""
    same = (N.organisation_id == L.organisation_id) & (N.id == L.nonconformity_id)
    conditions = _conditions(seen, replace(wanted, element=""), "checked")
    conditions += [L.organisation_id == ORGANISATION, L.element == sa.bindparam("element")]
    return NonconformityLink.__table__.outerjoin(Nonconformity.__table__, same), conditions


def _start(seen: Sites, wanted: Filter) -> tuple[Any, list[Any]]:
    """Where to begin when the order does not matter: at the words, at the element, or where an index suits."""
    if searches(wanted) and not search.on_postgresql():
        return _found_first(seen, wanted)
    if wanted.element:
        return _touching_first(seen, wanted)
    return Nonconformity.__table__, _conditions(seen, wanted, "free")


def _gather(seen: Sites, wanted: Filter, backwards: bool) -> sa.Select[Any]:
    """Gather what fits by whatever index suits the filter, sort that, and only then read the page's rows."""
    downwards = wanted.descending != backwards
    key = N.number if wanted.key == "number" else SORTS[wanted.key]
    first, conditions = _start(seen, wanted)
    fits = (
        sa.select(N.id, key.label("key"), N.number.label("number"))
        .select_from(first)
        .where(*conditions, *_behind(wanted, backwards, downwards))
        .cte("fits")
        .prefix_with("MATERIALIZED")
    )
    page = (
        sa.select(fits).order_by(*_ordered(fits.c.key, fits.c.number, downwards)).limit(ROWS).subquery("page")
    )
    rows = page.outerjoin(Nonconformity.__table__, (N.organisation_id == ORGANISATION) & (N.id == page.c.id))
    return _list(rows).order_by(*_ordered(page.c.key, page.c.number, downwards))


def _count(seen: Sites, wanted: Filter, limit: int) -> sa.Select[Any]:
    """How many there are, counted no further than one above the limit."""
    first, conditions = _start(seen, wanted)
    few = sa.select(sa.literal(1)).select_from(first).where(*conditions).limit(limit + 1)
    return sa.select(sa.func.count()).select_from(few.subquery())


# The way in that SQLite is to take for an order and an equality: those pairs that have an index of their own.
_INDEXED = {
    "number": {"organisation", "site", "state", "owner", "review", "source"},
    "due": {"organisation", "site", "owner", "due"},
    "points": {"organisation"},
    "grade": {"organisation", "grade"},
    "state": {"organisation", "state"},
}


def _conditions(seen: Sites, wanted: Filter, way: str = "walk") -> list[Any]:
    """What a row must fulfil.

    `way` says what the database may begin with: only with what goes with the order (walk), with any of it
    (free), or with none of it, because the rows are looked up one by one (checked).
    """

    def ruled(column: Any, name: str = "") -> Any:
        usable = way == "free" or (way == "walk" and name in _INDEXED[wanted.key])
        return column if usable else unindexed(column)

    def value(name: str, column: Any) -> Any:
        return sa.bindparam(name, type_=column.type)

    one_state = wanted.state not in ("", UNSETTLED)
    equal = (
        (True, "organisation", N.organisation_id, ORGANISATION),
        (wanted.site, "site", N.site_id, _SITE_ID),
        (seen.one, "site", N.site_id, value("only_site", N.site_id)),
        (wanted.grade, "grade", N.grade, value("grade", N.grade)),
        (wanted.source, "source", N.source, value("source", N.source)),
        (one_state, "state", N.state, value("state", N.state)),
        (wanted.owner is not None, "owner", N.owner_id, value("owner", N.owner_id)),
        (wanted.mine, "owner", N.owner_id, value("me", N.owner_id)),
        (wanted.review is not None, "review", N.review_id, _REVIEW_ID),
    )
    more = (
        (seen.several, lambda: ruled(N.site_id).in_(sa.bindparam("sites", expanding=True))),
        (wanted.state == UNSETTLED, lambda: ruled(N.state).not_in(SETTLED)),
        (wanted.overdue, lambda: ruled(N.due_rank, "due") < value("today", N.due_rank)),
        (bool(wanted.element), _touches),
        (searches(wanted), lambda: search.matching(wanted.q)),
    )
    return [ruled(column, name) == found for given, name, column, found in equal if given] + [
        condition() for applies, condition in more if applies
    ]


_SITE_ID = (
    sa.select(S.id).where(S.organisation_id == ORGANISATION, S.code == sa.bindparam("site")).scalar_subquery()
)
_REVIEW_ID = (
    sa.select(R.id)
    .where(R.organisation_id == ORGANISATION, R.number == sa.bindparam("review"))
    .scalar_subquery()
)


def _touches() -> Any:
    """That a record touches an element, looked up record by record."""
    return (
        sa.select(sa.literal(1))
        .where(
            L.organisation_id == ORGANISATION,
            L.nonconformity_id == N.id,
            L.element == sa.bindparam("element"),
        )
        .correlate(Nonconformity.__table__)
        .exists()
    )
