"""The live figures against records laid out by hand, and against ten thousand."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.pages import Pages
from tests.statements import counting
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.database import db as database
from tracker.database import new_id
from tracker.figures.forms import read_period
from tracker.figures.queries import Choice, get_figures
from tracker.figures.viewmodels import Figures
from tracker.history import HistoryEvent
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Organisation, Site
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState as State

TODAY = date(2026, 7, 15)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def company(db: SQLAlchemy) -> Organisation:
    return make.organisation()


@pytest.fixture
def site(company: Organisation) -> Site:
    return make.site(company, code="east", name_en="East")


@pytest.fixture
def boss(company: Organisation) -> Person:
    return make.person(company, Role.QUALITY_MANAGER)


def figures(
    boss: Person, site: Site | None = None, first: str = "2026-01-01", last: str = "2026-07-15"
) -> Figures:
    with clock.at(TODAY):
        return get_figures(
            Choice(make.actor_for(boss), site.id if site else None, make.day(first), make.day(last))
        )


def record(site: Site, owner: Person, opened: str, closed: str = "", **fields: Any) -> Nonconformity:
    wanted: dict[str, Any] = {"opened_at": moment(opened), "state": State.CORRECTING}
    if closed:
        wanted |= {"state": State.CLOSED, "closed_at": moment(closed)}
    return make.nonconformity(site, owner, **wanted | fields)


def moved(record: Nonconformity, *moves: tuple[str, str]) -> None:
    before = ""
    for at, state in moves:
        database.session.add(
            HistoryEvent(
                organisation_id=record.organisation_id,
                id=new_id(),
                record_kind="nonconformity",
                record_id=record.id,
                event="moved",
                old_state=before,
                new_state=state,
                changes={},
                at=moment(at),
            )
        )
        before = state
    database.session.flush()


# ---------------------------------------------------------------- what they say


def test_what_is_open_by_state_grade_and_age(site: Site, boss: Person) -> None:
    record(site, boss, "2026-07-15T08:00")
    record(site, boss, "2026-06-15T00:00", due_on=make.day("2026-07-14"))
    record(site, boss, "2026-06-14T23:59", due_on=make.day("2026-07-15"))
    record(site, boss, "2026-01-02T12:00", grade=Grade.MAJOR, state=State.OPEN, due_on=make.day("2026-01-07"))
    record(site, boss, "2026-01-02T12:00", "2026-02-02T12:00")
    record(site, boss, "2026-01-02T12:00", state=State.VOID)

    found = figures(boss)

    assert [(row.state, row.grade, row.bands, row.overdue) for row in found.ageing] == [
        (State.OPEN, Grade.MAJOR, (0, 0, 0, 1), 1),
        (State.CORRECTING, Grade.MINOR, (2, 1, 0, 0), 1),
    ]
    assert (found.open_count, found.overdue_count) == (4, 2)
    assert (found.in_time.part, found.in_time.whole) == (1, 3)


def test_time_in_state_is_read_from_the_history(site: Site, boss: Person) -> None:
    first = record(site, boss, "2026-03-01T00:00")
    moved(
        first,
        ("2026-03-01T00:00", "draft"),
        ("2026-03-01T12:00", "open"),
        ("2026-03-03T12:00", "contained"),
        ("2026-03-13T12:00", "correcting"),
        ("2026-04-02T12:00", "verifying"),
        ("2026-04-03T12:00", "correcting"),
    )
    second = record(site, boss, "2026-03-01T00:00")
    moved(second, ("2026-03-01T00:00", "open"), ("2026-03-07T00:00", "contained"))

    stays = {row.state: row for row in figures(boss).stays}

    assert set(stays) == {State.OPEN, State.CONTAINED, State.CORRECTING, State.VERIFYING}
    opened = stays[State.OPEN]
    assert (opened.count, opened.median, opened.mean, opened.longest) == pytest.approx((2, 4, 4, 6))
    assert stays[State.CORRECTING].count == 1
    assert stays[State.CORRECTING].median == pytest.approx(20)


def test_a_stay_counts_where_it_ended_in_the_period(site: Site, boss: Person) -> None:
    found = record(site, boss, "2026-03-01T00:00")
    moved(found, ("2026-03-30T00:00", "open"), ("2026-04-02T00:00", "contained"))

    assert figures(boss, last="2026-04-01").stays == ()
    assert len(figures(boss, last="2026-04-02").stays) == 1
    assert figures(boss, first="2026-04-03").stays == ()


@pytest.mark.parametrize(
    ("days", "median"), [([3], 3), ([1, 9], 5), ([1, 2, 9], 2), ([1, 2, 4, 50], 3), ([1, 2, 3, 4, 100], 3)]
)
def test_time_to_close_has_a_median_of_its_own(
    site: Site, boss: Person, days: list[int], median: float
) -> None:
    for each in days:
        closed = moment("2026-02-01T00:00") + timedelta(days=each)
        record(site, boss, "2026-02-01T00:00", closed.isoformat()[:16])

    (row,) = figures(boss).closings

    assert (row.grade, row.count) == (Grade.MINOR, len(days))
    assert (row.median, row.mean, row.longest) == pytest.approx((median, sum(days) / len(days), max(days)))


def test_rates_carry_both_their_numbers(site: Site, boss: Person) -> None:
    earlier = record(site, boss, "2025-02-01T00:00", "2025-03-01T00:00")
    record(site, boss, "2026-02-01T00:00", "2026-03-01T00:00", extensions=2)
    record(site, boss, "2026-02-01T00:00", "2026-03-01T00:00", not_effective=1)
    record(site, boss, "2026-02-01T00:00", "2026-03-01T00:00", grade=Grade.OBSERVATION, closed_short=True)
    record(site, boss, "2026-02-01T00:00", repeat_of_id=earlier.id)

    found = figures(boss)

    assert (found.first_time.part, found.first_time.whole) == (1, 2)
    assert (found.extended.part, found.extended.whole) == (1, 3)
    assert (found.repeats.part, found.repeats.whole) == (1, 4)
    assert found.tasks_on_time.percent is None


def test_months_without_anything_are_there(site: Site, boss: Person) -> None:
    record(site, boss, "2026-02-28T23:59", "2026-04-01T00:00")

    months = figures(boss, first="2026-01-15", last="2026-04-10").months

    assert [(each.first.month, each.opened, each.closed) for each in months] == [
        (1, 0, 0),
        (2, 1, 0),
        (3, 0, 0),
        (4, 0, 1),
    ]


# ---------------------------------------------------------------- whose they are


def test_figures_are_of_the_sites_that_one_sees(company: Organisation, site: Site, boss: Person) -> None:
    other = make.site(company)
    record(site, boss, "2026-07-01T00:00")
    record(other, boss, "2026-07-01T00:00")
    record(other, boss, "2026-07-01T00:00")
    local = make.person(company, Role.VIEWER, at=other)

    assert figures(boss).open_count == 3
    assert figures(boss, site).open_count == 1
    assert figures(local).open_count == 2
    assert figures(local, site).open_count == 0


def test_other_organisations_count_for_nothing(boss: Person) -> None:
    theirs = make.organisation()
    stranger = make.person(theirs, Role.QUALITY_MANAGER)
    record(make.site(theirs), stranger, "2026-07-01T00:00")

    assert figures(boss).open_count == 0
    assert figures(stranger).open_count == 1


# ---------------------------------------------------------------- the page


def test_the_page_shows_them_and_keeps_its_filter(client: FlaskClient, site: Site, boss: Person) -> None:
    record(site, boss, "2026-02-01T00:00", "2026-03-01T00:00")
    pages = Pages(client).sign_in(boss)

    page = pages.get("/figures/?first=2026-01-01&last=2026-06-30")

    assert page.value("first") == "2026-01-01"
    assert "minor 1 28.0 28.0 28.0" in page.words
    assert "Effective at the first try 100.0 % 1 of 1" in page.words


@pytest.mark.parametrize(
    "query",
    [
        "first=x",
        "last=2026-02-30",
        "first=2026-05-01&last=2026-04-01",
        "first=1999-01-01",
        "last=9999-12-31",
        "last=0001-01-01",
    ],
)
def test_a_period_that_is_none_is_said_and_answered(client: FlaskClient, boss: Person, query: str) -> None:
    page = Pages(client).sign_in(boss).get(f"/figures/?{query}")

    assert "The last twelve months are shown." in page.words


def test_the_default_is_twelve_months() -> None:
    period = read_period({}, TODAY)

    assert (period.first, period.last) == (date(2025, 8, 1), TODAY)


def test_ten_thousand_records_take_no_more_statements_and_little_time(
    company: Organisation, site: Site, boss: Person
) -> None:
    record(site, boss, "2026-07-01T00:00")
    actor = make.actor_for(boss)
    choice = Choice(actor, None, make.day("2025-08-01"), TODAY)
    with counting() as few:
        get_figures(choice)
    fill(site, boss, 10_000)

    with counting() as many:
        begin = time.perf_counter()
        found = get_figures(choice)
        took = time.perf_counter() - begin

    assert len(many) == len(few) <= 9
    assert found.stays[0].count > 5000
    assert took < 5, "a page that takes so long even on a busy machine is computed in the wrong place"


def fill(site: Site, owner: Person, count: int) -> None:
    """Records with three moves each, written at once."""
    template = make.nonconformity(site, owner)
    database.session.flush()
    columns = {
        column.key: getattr(template, column.key)
        for column in sa.inspect(Nonconformity).columns
        if column.key not in ("state_rank", "due_rank")
    }
    start = moment("2025-08-02T00:00")
    rows, events = [], []
    for number in range(count):
        key, opened = new_id(), start + timedelta(hours=number % 7000)
        closed = opened + timedelta(days=20 + number % 30) if number % 3 else None
        rows.append(
            columns
            | {
                "id": key,
                "number": 100_000 + number,
                "opened_at": opened,
                "closed_at": closed,
                "state": State.CLOSED if closed else State.CORRECTING,
            }
        )
        for days, before, after in (
            (0, "draft", "open"),
            (3, "open", "contained"),
            (9, "contained", "correcting"),
        ):
            events.append(
                {
                    "organisation_id": site.organisation_id,
                    "id": new_id(),
                    "record_kind": "nonconformity",
                    "record_id": key,
                    "event": "moved",
                    "old_state": before,
                    "new_state": after,
                    "reason": "",
                    "changes": {},
                    "person_id": None,
                    "at": opened + timedelta(days=days),
                }
            )
    database.session.execute(sa.insert(Nonconformity), rows)
    database.session.execute(sa.insert(HistoryEvent), events)
    database.session.flush()
