"""The same form from many hands at the same moment, with real commits: one record, and the same answer for all."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests import factories
from tests.conftest import LiveServer
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import Ground
from tests.tracker.test_races import Answer, Client
from tracker import clock
from tracker.accounts.passwords import hash_lightly
from tracker.database import db
from tracker.nonconformities.models import Nonconformity
from tracker.submissions import Submission

CLIENTS = 8


@pytest.fixture
def at(live_server: LiveServer) -> Iterator[Ground]:
    with live_server.app.app_context():
        with clock.at(ground.START):
            found = ground.ground()
            found.auditor.password_hash = hash_lightly(factories.PASSWORD)
            db.session.commit()
        yield found
        db.session.rollback()


def test_a_form_pressed_by_many_hands_is_written_once(at: Ground, live_server: LiveServer) -> None:
    clients = [Client(live_server.url) for _each in range(CLIENTS)]
    for client in clients:
        client.sign_in(at.auditor.email)
    address = f"/nonconformities/new?site={at.site.code}"
    fields = {
        "once": "one-key",
        "title": "Calls are not recorded",
        "grade": "observation",
        "source": "client",
        "evidence": "Seen",
    }
    start = threading.Barrier(CLIENTS)

    def press(client: Client) -> Answer:
        start.wait()
        return client.ask("POST", address, fields)

    db.session.rollback()
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(press, clients))

    assert [answer.status for answer in answers] == [303] * CLIENTS
    assert {answer.text.partition('href="')[2].partition('"')[0] for answer in answers} == {
        "/nonconformities/1"
    }
    assert db.session.execute(sa.select(sa.func.count()).select_from(Nonconformity)).scalar_one() == 1
    assert db.session.execute(sa.select(sa.func.count()).select_from(Submission)).scalar_one() == 1
