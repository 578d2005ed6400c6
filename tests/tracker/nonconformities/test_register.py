"""The register: filters, search in both languages, and pages that show each row once in both directions."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.pages import Pages
from tracker.accounts.models import Role
from tracker.database import new_id
from tracker.errors import InvalidInput
from tracker.nonconformities.models import Nonconformity, NonconformityLink
from tracker.nonconformities.register import SORTS, Filter, get_page, pages, read_filter, statements
from tracker.permissions import Actor
from tracker.search import phrases, searchable, words
from workflows.kinds import Grade

ROWS = 130
STATES = ("open", "contained", "correcting", "verifying", "disputed", "draft", "void")


class Shelf:
    """A register of rows with few different values, so that every order has ties."""

    def __init__(self, rows: int = ROWS) -> None:
        self.organisation = factories.organisation()
        self.sites = [factories.site(self.organisation) for _ in range(3)]
        self.people = [factories.person(self.organisation, Role.QUALITY_MANAGER) for _ in range(2)]
        self.local = factories.person(self.organisation, Role.AUDITOR, at=self.sites[0])
        from tracker.database import db

        made = [self.row(number) for number in range(1, rows + 1)]
        db.session.execute(sa.insert(Nonconformity), made)
        db.session.execute(sa.insert(NonconformityLink), [self.link(row) for row in made])
        db.session.flush()

    def row(self, number: int) -> dict[str, Any]:
        title = ("客户投诉未记录", "Callbacks are late")[number % 2]
        points = Fraction(number % 4, 3)
        return {
            "organisation_id": self.organisation.id,
            "id": new_id(),
            "number": number,
            "site_id": self.sites[number % 3].id,
            "state": STATES[number % 7],
            "grade": list(Grade)[number % 4].value,
            "source": "client",
            "title": title,
            "element": ("2.7", "4.4", "S1")[number % 3],
            "owner_id": self.people[number % 2].id,
            "raised_by_id": self.people[0].id,
            "due_on": None if number % 5 == 0 else date(2026, 1, 1) + timedelta(days=number % 3),
            "points_alone": points,
            "points_rank": int(points * 1_000_000),
            "created_at": factories.clock.now(),
            "search_text": searchable(f"NC-{number:04d} NC-{number}", title),
        }

    def link(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "organisation_id": row["organisation_id"],
            "nonconformity_id": row["id"],
            "number": row["number"],
            "standard": "copc-2000-csp",
            "element": row["element"],
        }

    @property
    def boss(self) -> Actor:
        return factories.actor_for(self.people[0])


@pytest.fixture
def shelf(db: SQLAlchemy) -> Shelf:
    return Shelf()


@pytest.fixture(params=["few", "many"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways through the register, whatever the number of rows, and pages that are quick to turn."""
    monkeypatch.setattr(statements, "PAGE", 7)
    if request.param == "many":
        monkeypatch.setattr(pages, "COUNTED", 3)
        monkeypatch.setattr(pages, "COUNTED_SEARCH", 3)
    return request.param


def forward(actor: Actor, wanted: Filter) -> list[list[int]]:
    pages = []
    while True:
        page = get_page(actor, wanted)
        pages.append([row.number for row in page.rows])
        if not page.next:
            return pages
        wanted = replace(wanted, after=page.next, before="")


def backward(actor: Actor, wanted: Filter, last: str) -> list[list[int]]:
    pages = []
    wanted = replace(wanted, after="", before=last)
    while True:
        page = get_page(actor, wanted)
        pages.insert(0, [row.number for row in page.rows])
        if not page.previous:
            return pages
        wanted = replace(wanted, before=page.previous)


def key_of(row: dict[str, Any], sort: str) -> Any:
    return {
        "number": row["number"],
        "due": row["due_on"] or date.max,
        "points": row["points_rank"],
        "grade": row["grade"],
        "state": [
            "draft",
            "open",
            "disputed",
            "contained",
            "correcting",
            "verifying",
            "closed",
            "void",
        ].index(row["state"]),
    }[sort]


@pytest.mark.parametrize("sort", [sign + key for key in SORTS for sign in ("", "-")])
def test_pages_show_each_row_once_in_both_directions(shelf: Shelf, ways: str, sort: str) -> None:
    wanted = Filter(sort=sort)
    rows = [shelf.row(number) for number in range(1, ROWS + 1)]
    rows.sort(key=lambda row: (key_of(row, wanted.key), row["number"]), reverse=wanted.descending)
    expected = [row["number"] for row in rows]

    ahead = forward(shelf.boss, wanted)
    cursor = get_page(shelf.boss, wanted)
    while cursor.next:
        last = cursor.next
        cursor = get_page(shelf.boss, replace(wanted, after=cursor.next))
    behind = backward(shelf.boss, wanted, cursor.previous)

    assert [number for page in ahead for number in page] == expected
    assert [number for page in behind for number in page] == expected[: len(expected) - len(ahead[-1])]
    assert last


FILTERS: list[tuple[dict[str, Any], Any]] = [
    ({"state": "open"}, lambda row: row["state"] == "open"),
    ({"state": "unsettled"}, lambda row: row["state"] != "void"),
    ({"grade": "major"}, lambda row: row["grade"] == "major"),
    ({"element": "S1"}, lambda row: row["element"] == "S1"),
    ({"element": "9.9"}, lambda row: False),
    ({"overdue": True}, lambda row: row["due_on"] is not None),
    ({"q": "投诉"}, lambda row: "投诉" in row["title"]),
    ({"q": "诉投"}, lambda row: False),
    ({"q": "callbacks late"}, lambda row: "late" in row["title"]),
    ({"q": "CALLB"}, lambda row: "late" in row["title"]),
    ({"q": "NC-0007"}, lambda row: row["number"] == 7),
    ({"q": "投诉", "element": "2.7", "state": "open"}, lambda row: False),
    ({"q": '"; DROP TABLE --'}, lambda row: False),
    ({"q": "- ' * ("}, lambda row: True),
]


@pytest.mark.parametrize(("fields", "fits"), FILTERS)
@pytest.mark.parametrize("sort", ["-number", "due", "-points"])
def test_a_filter_keeps_what_fits(
    shelf: Shelf, ways: str, sort: str, fields: dict[str, Any], fits: Any
) -> None:
    rows = [shelf.row(number) for number in range(1, ROWS + 1)]
    if set(fields) == {"q", "element", "state"}:
        fits = lambda row: "投诉" in row["title"] and row["element"] == "2.7" and row["state"] == "open"  # noqa: E731

    found = [number for page in forward(shelf.boss, Filter(sort=sort, **fields)) for number in page]

    assert sorted(found) == sorted(row["number"] for row in rows if fits(row))
    assert len(found) == len(set(found))


def test_site_owner_and_review_narrow_the_register(shelf: Shelf) -> None:
    boss = shelf.boss
    by_site = get_page(boss, Filter(site=shelf.sites[1].code))
    by_owner = get_page(boss, Filter(owner=shelf.people[1].id, sort="due"))
    mine = get_page(boss, Filter(mine=True))

    assert {row.number % 3 for row in by_site.rows} == {1}
    assert {row.number % 2 for row in by_owner.rows} == {1}
    assert {row.number % 2 for row in mine.rows} == {0}
    assert get_page(boss, Filter(review=99)).rows == ()
    assert get_page(boss, Filter(site="nowhere")).rows == ()


def test_people_of_one_site_see_that_site(shelf: Shelf, ways: str) -> None:
    actor = factories.actor_for(shelf.local)

    for wanted in (Filter(), Filter(q="投诉"), Filter(element="2.7"), Filter(sort="-points")):
        found = [number for page in forward(actor, wanted) for number in page]
        assert {number % 3 for number in found} == {0}
    assert get_page(actor, Filter(site=shelf.sites[1].code)).rows == ()


def test_other_organisations_stay_unseen(shelf: Shelf, ways: str) -> None:
    stranger = Shelf(rows=5)

    for wanted in (Filter(), Filter(q="投诉"), Filter(element="2.7"), Filter(sort="due")):
        numbers = [number for page in forward(stranger.boss, wanted) for number in page]
        assert max(numbers) <= 5


def test_a_count_stops_at_its_limit(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_page(shelf.boss, Filter()).count == ROWS
    monkeypatch.setattr(pages, "COUNTED", 100)
    assert get_page(shelf.boss, Filter()).count is None


@pytest.mark.parametrize(
    "query",
    [
        {"grade": "worst"},
        {"state": "gone"},
        {"sort": "colour"},
        {"owner": "me"},
        {"owner": str(2**63)},
        {"review": "-1"},
        {"after": "nonsense"},
        {"after": f"~{2**40}"},
        {"after": "2026-02-30~1", "sort": "due"},
        {"before": "x~1", "sort": "points"},
        {"after": f"{2**70}~1", "sort": "-points"},
    ],
)
def test_an_address_that_cannot_be_is_refused(
    db: SQLAlchemy, client: FlaskClient, query: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        read_filter(query)
    person = factories.person(factories.organisation(), Role.VIEWER)

    Pages(client).sign_in(person).get(
        f"/nonconformities/?{'&'.join(f'{k}={v}' for k, v in query.items())}", 422
    )


def test_a_search_follows_what_is_edited(db: SQLAlchemy) -> None:
    organisation = factories.organisation()
    site = factories.site(organisation)
    person = factories.person(organisation, Role.QUALITY_MANAGER)
    record = factories.nonconformity(site, person, search_text=searchable("服务水平下降"))
    actor = factories.actor_for(person)
    assert len(get_page(actor, Filter(q="服务水平")).rows) == 1

    record.search_text = searchable("Service level fell")
    db.session.flush()

    assert get_page(actor, Filter(q="服务水平")).rows == ()
    assert len(get_page(actor, Filter(q="service lev")).rows) == 1


def test_words_are_the_same_for_what_is_stored_and_what_is_asked() -> None:
    assert words("NC-0012 首次解决率 ＦＣＲ_Rate") == [
        "nc",
        "0012",
        "首",
        "次",
        "解",
        "决",
        "率",
        "fcr",
        "rate",
    ]
    assert phrases("  投诉 NC-12 ") == [["投", "诉"], ["nc", "12"]]
    assert phrases("… —") == []


def test_the_page_turns_its_pages(client: FlaskClient, db: SQLAlchemy) -> None:
    shelf = Shelf()
    pages = Pages(client).sign_in(shelf.people[0])

    first = pages.get("/nonconformities/?sort=due&state=unsettled")
    part = pages.get("/nonconformities/?sort=due&q=投诉", headers={"HX-Request": "true"})

    assert 'rel="next"' in first.text
    assert 'rel="prev"' not in first.text
    assert 'aria-sort="ascending"' in first.text
    assert "not settled" in first.words
    assert part.text.count("<tr>") == 51
    assert "HX-Request" in part.headers["Vary"]
