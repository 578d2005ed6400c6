"""The owner's answer: disputed in time, answered in writing, and contained before anybody looks for the cause."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.pages import Pages
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import LINE, START, Ground
from tracker import clock
from tracker.actions.models import Action
from tracker.actions.services import edit_step
from tracker.database import db as database
from tracker.nonconformities.models import Nonconformity, Pin
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState as State

REGISTER = "/nonconformities/"


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


@pytest.fixture
def record(at: Ground) -> Nonconformity:
    """A minor that was raised today, because requests live today."""
    with clock.at(datetime.now(UTC)):
        return at.opened(LINE)


def press(pages: Pages, record: Nonconformity, event: str, status: int = 303, **fields: object):
    return pages.post(
        f"{REGISTER}{record.number}/moves/{event}", {"version": record.version, **fields}, status=status
    )


def test_a_dispute_is_answered_in_writing_and_both_stand_in_the_record(
    at: Ground, pages: Pages, record: Nonconformity
) -> None:
    due = record.due_on
    press(pages.sign_in(at.process_owner), record, "dispute", reason="The client forbids recording")
    assert (record.state, record.due_on) == (State.DISPUTED, due)
    refused = press(pages, record, "uphold", 403, reason="I say so")
    assert refused.status == 403

    silent = press(pages.sign_in(at.lead), record, "uphold", 409)
    assert "Write down the reason" in silent.words
    press(pages, record, "uphold", reason="The contract asks for it in clause 4")

    assert (record.state, record.dispute_upheld) == (State.OPEN, True)
    page = pages.sign_in(at.process_owner).get(f"{REGISTER}{record.number}")
    assert "The client forbids recording" in page.words
    assert "The contract asks for it in clause 4" in page.words
    press(pages, record, "dispute", 409, reason="Again")


def test_a_granted_dispute_regrades_and_lets_go_only_of_settled_facts(
    at: Ground, pages: Pages, record: Nonconformity, db: SQLAlchemy
) -> None:
    press(pages.sign_in(at.process_owner), record, "dispute", reason="It was one call")

    kept = press(pages.sign_in(at.lead), record, "regrade", 409, reason="Agreed", new_grade="observation")
    assert record.grade is Grade.MINOR
    assert "Agreed" in kept.text
    pin = db.session.execute(sa.select(Pin).where(Pin.nonconformity_id == record.id)).scalar_one()
    pin.settled_reason = "It stays unmet in the record; the next review judges it"
    db.session.flush()
    press(pages, record, "regrade", reason="Agreed", new_grade="observation")

    assert (record.grade, record.state) == (Grade.OBSERVATION, State.OPEN)
    assert db.session.execute(sa.select(Pin).where(Pin.nonconformity_id == record.id)).all() == []


def test_nobody_looks_for_the_cause_before_it_is_contained(
    at: Ground, pages: Pages, record: Nonconformity
) -> None:
    form = {"title": "Record every complaint", "owner_id": at.owner.id, "nonconformity_ids": [record.id]}
    pages.sign_in(at.owner).post(f"/actions/new?nonconformity={record.number}", form, status=303)
    action = database.session.execute(sa.select(Action)).scalar_one()
    problem = {"where": "Hotline", "since": date(2026, 1, 5), "extent": "12 of 60"}
    edit_step(at.act(at.owner), action, {f"problem_{name}": value for name, value in problem.items()})
    address = f"/actions/{action.number}/moves/define"

    refused = pages.post(address, {"version": action.version}, status=409)
    assert "Containment comes before the cause" in refused.words
    assert f"NC-{record.number:04d}" in refused.words
    press(pages.sign_in(at.process_owner), record, "contain", 409)
    press(pages, record, "contain", none_needed="1", no_correction_reason="Nothing was lost")

    assert record.accepted_at is not None
    assert record.state == State.CORRECTING
    pages.sign_in(at.owner).post(address, {"version": action.version}, status=303)
    assert action.state == "analysing"
