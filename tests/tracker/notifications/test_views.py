"""The inbox: what was told, read once, seen by nobody else."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.notifications.ground import Ground, lay
from tracker.accounts.models import MailWish
from tracker.database import db as database
from tracker.history import Record
from tracker.notifications import queries
from tracker.notifications.services import tell
from tracker.notifications.words import HEADLINES, describe


@pytest.fixture
def ground(db: SQLAlchemy) -> Ground:
    return lay()


@pytest.fixture
def pages(client: FlaskClient, ground: Ground) -> Pages:
    return Pages(client).sign_in(ground.owner)


def write(ground: Ground, number: int = 7, kind: str = "nonconformity-opened", **payload: str) -> None:
    record = Record(ground.company.id, "nonconformity", number, number)
    tell([ground.owner.id], kind, record, {"title": f"Callbacks are late {number}"} | payload)
    database.session.commit()


def keys(ground: Ground) -> list[int]:
    return [each.id for each in queries.list_messages(make.actor_for(ground.owner))]


def test_the_bell_counts_what_is_not_read(pages: Pages, ground: Ground) -> None:
    assert 'aria-label="Messages"' in pages.get("/notifications/").text

    write(ground)
    write(ground, 8)

    page = pages.get("/notifications/")
    assert 'aria-label="Messages: 2 not read"' in page.text
    assert "NC-0008 has been raised, and you own it Callbacks are late 8" in page.words


def test_beyond_a_hundred_the_bell_says_many(pages: Pages, ground: Ground) -> None:
    for number in range(120):
        write(ground, number + 1)

    assert "99+" in pages.get("/notifications/").words


def test_one_message_is_read_and_then_all(pages: Pages, ground: Ground) -> None:
    for number in (1, 2, 3):
        write(ground, number)

    pages.post("/notifications/read", {"message": str(keys(ground)[0])})
    assert "2 not read" in pages.get("/notifications/").words
    assert "NC-0003" not in pages.get("/notifications/?unread=1").words
    pages.post("/notifications/read", {})
    assert "You have read everything." in pages.get("/notifications/").words


def test_going_to_a_message_reads_it_and_leads_to_its_record(pages: Pages, ground: Ground) -> None:
    write(ground)

    page = pages.post(f"/notifications/open/{keys(ground)[0]}", {})

    assert page.location == "/nonconformities/7"
    assert queries.list_messages(make.actor_for(ground.owner))[0].read


def test_messages_of_others_are_neither_seen_nor_read(pages: Pages, ground: Ground) -> None:
    record = Record(ground.company.id, "nonconformity", 9, 9)
    tell([ground.manager.id], "overdue", record, {"due_on": "2026-07-01"})
    database.session.commit()
    theirs = queries.list_messages(make.actor_for(ground.manager))[0].id

    assert "NC-0009" not in pages.get("/notifications/").words
    pages.post(f"/notifications/open/{theirs}", {}, 404)
    pages.post("/notifications/read", {"message": str(theirs)})
    pages.post("/notifications/read", {})

    assert not queries.list_messages(make.actor_for(ground.manager))[0].read


@pytest.mark.parametrize("message", ["x", "9" * 40, "-1", "１"])
def test_what_names_no_message_reads_none(pages: Pages, ground: Ground, message: str) -> None:
    write(ground)

    pages.post("/notifications/read", {"message": message})

    assert "1 not read" in pages.get("/notifications/").words


def test_older_messages_are_on_the_next_page(pages: Pages, ground: Ground) -> None:
    for number in range(queries.PAGE + 5):
        write(ground, number + 1)
    last = keys(ground)[queries.PAGE - 1]

    first = pages.get("/notifications/")
    second = pages.get(f"/notifications/?before={last}")

    assert f"before={last}" in first.text
    assert "NC-0001" in second.words
    assert "NC-0035" not in second.words


def test_the_page_takes_few_statements_however_many_messages(
    client: FlaskClient, pages: Pages, ground: Ground
) -> None:
    write(ground)
    pages.get("/notifications/")
    with counting() as few:
        client.get("/notifications/")
    for number in range(20):
        write(ground, number + 1)
    pages.get("/notifications/")
    with counting() as many:
        client.get("/notifications/")

    assert len(many) == len(few) <= 4


def test_what_comes_by_mail_is_chosen_and_recorded(pages: Pages, ground: Ground) -> None:
    page = pages.post("/notifications/mail", {"mail": "digest"})

    assert page.location == "/notifications/"
    assert ground.owner.mail == MailWish.DIGEST
    pages.post("/notifications/mail", {"mail": "hourly"})
    assert "Choose one of the three." in pages.get("/notifications/").words


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"items": "2.1, 2.2"}, ("Items: 2.1, 2.2",)),
        ({"comment": "Look again"}, ("Look again",)),
        (
            {"title": "T", "due_on": "2026-07-01", "step": "plan"},
            ("T", "Step: cause and plan submitted", "Due on 1 Jul 2026"),
        ),
        ({"due_on": "soon", "step": "no step"}, ("Due on soon",)),
        ({}, ()),
    ],
)
def test_whatever_a_message_carries_is_said(
    ground: Ground, payload: dict[str, object], expected: tuple[str, ...]
) -> None:
    assert describe("action-assigned", "action", 3, payload).lines == expected
    assert "CA-0003" in describe("something-new", "action", 3, payload).headline


def test_every_kind_that_is_told_has_its_words(ground: Ground) -> None:
    import re
    from pathlib import Path

    import tracker
    from tracker.work import words as _more

    assert _more.HEADLINES is HEADLINES
    told = set()
    for path in Path(tracker.__file__).parent.rglob("*.py"):
        told |= set(re.findall(r'tell\(\s*[^"()]*?"([a-z]+-[a-z-]+)"', path.read_text()))

    assert len(told) > 10
    assert told - set(HEADLINES) == set()
