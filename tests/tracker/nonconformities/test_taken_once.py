"""Moves answer htmx with the record, a form is taken once, and a slip of the hand can be taken back."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.pages import Pages
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import START, Ground
from tracker import clock
from tracker.history import HistoryEvent
from tracker.nonconformities.models import Nonconformity
from tracker.submissions import Submission
from workflows.nonconformities import NonconformityState as State

REGISTER = "/nonconformities/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


def moves_of(record: Nonconformity, db: SQLAlchemy) -> list[str]:
    lines = db.session.execute(
        sa.select(HistoryEvent.event).where(HistoryEvent.record_id == record.id).order_by(HistoryEvent.id)
    )
    return list(lines.scalars())


def draft(at: Ground, **fields: object) -> dict[str, object]:
    return {
        "title": "Calls are not recorded",
        "grade": "observation",
        "source": "client",
        "evidence": "Seen",
        "owner": at.process_owner.id,
        **fields,
    }


# ---------------------------------------------------------------- htmx


def test_a_move_answers_htmx_with_the_record_and_what_stands_above_it(at: Ground, pages: Pages) -> None:
    record = at.opened()
    pages.sign_in(at.process_owner)

    part = pages.post(
        f"{REGISTER}{record.number}/moves/accept", {"version": record.version}, status=200, headers=HTMX
    )

    assert not part.text.lstrip().startswith("<!doctype")
    assert 'id="record"' in part.text
    assert 'id="record-beside" hx-swap-oob="true"' in part.text
    assert "score-changed" in part.headers["HX-Trigger"]
    assert record.accepted_at is not None


def test_the_forms_of_moves_go_by_htmx_and_without(at: Ground, pages: Pages) -> None:
    record = at.opened()

    page = pages.sign_in(at.process_owner).get(f"{REGISTER}{record.number}")

    address = f"{REGISTER}{record.number}/moves/request_void"
    assert f'action="{address}"' in page.text
    assert f'hx-post="{address}"' in page.text


def test_whoever_comes_second_reads_who_was_first(at: Ground, pages: Pages) -> None:
    record = at.opened()
    seen = record.version
    ground.services.make_move(at.actor("process_owner"), record, "accept")

    part = pages.sign_in(at.auditor).post(
        f"{REGISTER}{record.number}/moves/request_void",
        {"version": seen, "reason": "Not ours"},
        status=409,
        headers=HTMX,
    )

    assert at.process_owner.name_en in part.words
    assert "accept" in part.words
    assert "Not ours" in part.text


# ---------------------------------------------------------------- once


def test_a_move_sent_twice_is_made_once_and_answered_twice(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    record = at.opened()
    form = {"version": record.version, "once": "k1", "reason": "Not a requirement"}
    address = f"{REGISTER}{record.number}/moves/request_void"
    pages.sign_in(at.process_owner)

    first = pages.post(address, form, status=303)
    again = pages.post(address, form, status=303)

    assert first.location == again.location
    assert record.void_requested_by_id == at.process_owner.id
    assert moves_of(record, db).count("request_void") == 1


def test_a_record_sent_twice_is_written_down_once(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    pages.sign_in(at.auditor)
    address = f"{REGISTER}new?site={at.site.code}"
    key = pages.get(address).value("once")

    first = pages.post(address, draft(at, once=key), status=303)
    again = pages.post(address, draft(at, once=key), status=303)

    assert len(key) > 20
    assert first.location == again.location
    assert db.session.execute(sa.select(sa.func.count()).select_from(Nonconformity)).scalar_one() == 1


def test_a_form_that_was_changed_after_it_was_sent_is_not_taken_for_the_first(
    at: Ground, pages: Pages, db: SQLAlchemy
) -> None:
    pages.sign_in(at.auditor)
    address = f"{REGISTER}new?site={at.site.code}"
    pages.post(address, draft(at, once="k1"), status=303)

    page = pages.post(address, draft(at, once="k1", title="Another matter"), status=409)

    assert "sent before" in page.words
    assert page.value("title") == "Another matter"
    assert page.value("once") != "k1"
    assert db.session.execute(sa.select(sa.func.count()).select_from(Nonconformity)).scalar_one() == 1


def test_a_refused_form_may_be_sent_again_under_its_key(at: Ground, pages: Pages) -> None:
    record = at.opened()
    address = f"{REGISTER}{record.number}/moves/contain"
    pages.sign_in(at.process_owner)

    pages.post(address, {"version": record.version, "once": "k1"}, status=409)
    pages.post(address, {"version": record.version, "once": "k1", "correction": "Recorded"}, status=303)

    assert record.state == State.CONTAINED


def test_keys_are_each_persons_own_and_are_kept_for_a_day(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    address = f"{REGISTER}new?site={at.site.code}"
    pages.sign_in(at.auditor).post(address, draft(at, once="k1"), status=303)
    pages.sign_in(at.lead).post(address, draft(at, once="k1", title="Mine"), status=303)
    assert db.session.execute(sa.select(Submission.key)).scalars().all() == ["k1", "k1"]
    # Written down on the day of the fixture, months before requests live.
    db.session.execute(sa.update(Submission).values(at=clock.now()))
    pages.sign_in(at.lead).post(address, draft(at, once="k2", title="Later"), status=303)

    left = db.session.execute(sa.select(Submission.key)).scalars().all()
    assert left == ["k2"]
    assert db.session.execute(sa.select(sa.func.count()).select_from(Nonconformity)).scalar_one() == 3


# ---------------------------------------------------------------- taking back


def test_the_last_move_is_taken_back_and_the_history_shows_both(
    at: Ground, pages: Pages, db: SQLAlchemy
) -> None:
    record = at.opened()
    due = record.due_on
    pages.sign_in(at.process_owner)
    pages.post(
        f"{REGISTER}{record.number}/moves/contain", {"version": record.version, "correction": "Recorded"}
    )
    assert record.state == State.CONTAINED

    page = pages.get(f"{REGISTER}{record.number}")
    assert "Take back" in page.words
    pages.post(f"{REGISTER}{record.number}/undo", {"version": record.version}, status=303)

    assert record.state == State.OPEN
    assert (record.correction, record.accepted_at, record.due_on) == ("", None, due)
    assert moves_of(record, db)[-2:] == ["contain", "undone"]
    page = pages.get(f"{REGISTER}{record.number}")
    assert "Taken back" in page.words
    assert "Take back" not in page.words


def test_a_move_is_not_taken_back_by_another_nor_late_nor_after_something_else(
    at: Ground, pages: Pages
) -> None:
    record = at.opened()
    ground.services.make_move(at.actor("process_owner"), record, "accept")
    address = f"{REGISTER}{record.number}/undo"

    other = pages.sign_in(at.lead).post(address, {"version": record.version}, status=409)
    assert "Only whoever made the move" in other.words
    late = pages.sign_in(at.process_owner).post(address, {"version": record.version}, status=409)
    assert "30 minutes" in late.words  # the move was made in March, and requests live today
    ground.services.make_move(at.actor("process_owner"), record, "request_void", reason="Not ours")
    ground.services.edit(
        at.actor("auditor"), record, ground.services.Draft(record.grade, record.source, "Another title")
    )
    page = pages.sign_in(at.process_owner).get(f"{REGISTER}{record.number}")
    assert "Take back" not in page.words
    gone = pages.post(address, {"version": record.version}, status=409)
    assert "Something has happened" in gone.words
    assert record.accepted_at is not None


def test_what_was_signed_stays(at: Ground, pages: Pages) -> None:
    record = at.closed()

    page = pages.sign_in(at.lead).post(
        f"{REGISTER}{record.number}/undo", {"version": record.version}, status=409
    )

    assert "cannot be taken back" in page.words or "stays" in page.words
    assert record.state == State.CLOSED
