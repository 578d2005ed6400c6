"""Taking a move back while somebody else moves on, with real commits: one of the two wins, the other is told."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests import factories
from tests.conftest import LiveServer
from tests.tracker.actions import loop
from tests.tracker.test_races import Answer, Client
from tracker import clock
from tracker.accounts.passwords import hash_lightly
from tracker.actions import services as actions
from tracker.actions.models import Action
from tracker.database import db
from tracker.history import HistoryEvent, verify_chain
from workflows.actions import ActionState

ROUNDS = 5
TODAY = loop.date(2026, 3, 2)


@pytest.fixture
def at(live_server: LiveServer) -> Iterator[loop.Company]:
    with live_server.app.app_context():
        clock.travel(TODAY)
        found = loop.company()
        for person in (found.owner, found.approver):
            person.password_hash = hash_lightly(factories.PASSWORD)
        db.session.commit()
        yield found
        clock.travel(None)
        db.session.rollback()


def submitted(at: loop.Company) -> Action:
    action = loop.planned(at)
    db.session.commit()
    actions.make_move(at.act(at.owner), action, "submit_plan")
    db.session.commit()
    return action


def test_an_undo_and_a_move_at_the_same_moment(at: loop.Company, live_server: LiveServer) -> None:
    owner, approver = Client(live_server.url), Client(live_server.url)
    owner.sign_in(at.owner.email)
    approver.sign_in(at.approver.email)
    for _round in range(ROUNDS):
        action = submitted(at)
        version, key = action.version, action.id
        place = f"/actions/{action.number}"
        start = threading.Barrier(2)

        def press(client: Client, path: str, fields: dict[str, object], start: threading.Barrier) -> Answer:
            start.wait()
            return client.ask("POST", path, fields)

        db.session.rollback()
        with ThreadPoolExecutor(2) as threads:
            back = threads.submit(press, owner, f"{place}/undo", {"version": version}, start)
            sent = {"version": version, "reason": "The criterion is vague"}
            on = threads.submit(press, approver, f"{place}/moves/return_to_analysis", sent, start)

        answers = {"undone": back.result(), "return_to_analysis": on.result()}
        assert sorted(answer.status for answer in answers.values()) == [303, 409]
        won = next(name for name, answer in answers.items() if answer.status == 303)
        lost = next(answer for answer in answers.values() if answer.status == 409)
        winner = at.owner if won == "undone" else at.approver
        assert winner.name_en in lost.text
        db.session.expire_all()
        state = db.session.get_one(Action, (at.organisation.id, key)).state
        assert state == (ActionState.PLANNING if won == "undone" else ActionState.ANALYSING)
        lines = db.session.execute(
            sa.select(HistoryEvent.event).where(HistoryEvent.record_id == key).order_by(HistoryEvent.id)
        ).scalars()
        assert list(lines)[-2:] == ["submit_plan", won]
    assert verify_chain(at.organisation.id) is None
