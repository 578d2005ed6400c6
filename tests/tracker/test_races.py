"""Many people press at once, over HTTP and on a database with real commits: one of them wins, the others are told.

``RACE_ROUNDS`` in the environment makes the race longer.
"""

import http.client
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa

from tests import factories
from tests.conftest import LiveServer
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.accounts.passwords import hash_lightly
from tracker.database import db
from tracker.history import HistoryEvent, verify_chain
from tracker.nonconformities.models import Nonconformity
from tracker.scores.models import Cause, ScoringRun
from workflows.nonconformities import NonconformityState

CLIENTS = 32
ROUNDS = int(os.environ.get("RACE_ROUNDS", "3"))
PEOPLE = 4
TODAY = date(2026, 9, 2)


@dataclass(frozen=True)
class Answer:
    """What a client was told."""

    status: int
    text: str


class Client:
    """A browser with its own cookies, so far as a race needs one."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._cookies: dict[str, str] = {}
        self.token = ""

    def ask(self, method: str, path: str, fields: dict[str, object] | None = None) -> Answer:
        """One request; what was set in cookies and in the token of forms is kept for the next."""
        connection = http.client.HTTPConnection(self._address, timeout=120)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        body = None
        if fields is not None:
            body = urlencode({"csrf_token": self.token, **fields})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _is, value = cookie.split(";")[0].partition("=")
            self._cookies[name] = value
        connection.close()
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        self.token = token.group(1) if token else self.token
        return Answer(response.status, unescape(text))

    def sign_in(self, email: str) -> None:
        self.ask("GET", "/sign-in")
        answer = self.ask("POST", "/sign-in", {"email": email, "password": factories.PASSWORD})
        assert answer.status == 303, answer.text[:2000]
        self.ask("GET", "/nonconformities/")


@dataclass
class Race:
    """A site with its loop, and people who may all close its records."""

    at: Ground
    clients: list[Client]
    names: list[str]

    def ready(self) -> Nonconformity:
        """A record that may be closed."""
        record = self.at.verified(ground.UNIT)
        db.session.commit()
        return record

    def press_all(self, path: str, fields: dict[str, object]) -> list[Answer]:
        """Everybody sends the same form at the same moment."""
        start = threading.Barrier(len(self.clients))

        def press(client: Client) -> Answer:
            start.wait()
            return client.ask("POST", path, fields)

        with ThreadPoolExecutor(len(self.clients)) as threads:
            return list(threads.map(press, self.clients))


@pytest.fixture
def race(live_server: LiveServer) -> Iterator[Race]:
    with live_server.app.app_context():
        with clock.at(ground.START):
            at = ground.ground()
            closers = [factories.person(at.organisation, Role.VERIFIER, at=at.site) for _ in range(PEOPLE)]
            for person in closers:
                person.password_hash = hash_lightly(factories.PASSWORD)
            db.session.commit()
        clients = [Client(live_server.url) for _ in range(CLIENTS)]
        for number, client in enumerate(clients):
            client.sign_in(closers[number % PEOPLE].email)
        clock.travel(TODAY)
        yield Race(at, clients, [person.name_en for person in closers])
        clock.travel(None)
        db.session.rollback()


def closings(record: Nonconformity) -> list[int | None]:
    """Who closed a record, as its history tells."""
    return list(
        db.session.execute(
            sa.select(HistoryEvent.person_id).where(
                HistoryEvent.record_kind == "nonconformity",
                HistoryEvent.record_id == record.id,
                HistoryEvent.event == "close",
            )
        ).scalars()
    )


def test_of_many_who_close_one_record_exactly_one_does(race: Race) -> None:
    for place in range(ROUNDS):
        with clock.at(ground.START):
            record = race.ready()
        version, number = record.version, record.number
        db.session.rollback()

        answers = race.press_all(
            f"/nonconformities/{number}/moves/close",
            {
                "version": version,
                "password": factories.PASSWORD,
                "reason": f"Seen by the client of round {place}",
            },
        )

        db.session.expire_all()
        statuses = sorted(answer.status for answer in answers)
        assert statuses == [303] + [409] * (CLIENTS - 1), f"round {place}: {statuses}"
        (winner,) = closings(record)
        person = db.session.get_one(Person, (record.organisation_id, winner))
        told = f"{person.name_en} changed this record in the meantime: close, "
        for answer in answers:
            if answer.status == 409:
                assert told in answer.text
                assert clock.now().strftime("%Y") in answer.text.partition(told)[2][:40]
                assert f"Seen by the client of round {place}" in answer.text
        assert record.state == NonconformityState.CLOSED
        runs = db.session.execute(
            sa.select(ScoringRun.id).where(
                ScoringRun.nonconformity_id == record.id, ScoringRun.cause == Cause.CLOSED
            )
        ).all()
        assert len(runs) == 1
    assert verify_chain(race.at.organisation.id) is None


def test_records_of_one_site_are_closed_at_once_without_standing_in_each_others_way(race: Race) -> None:
    with clock.at(ground.START):
        records = [race.at.verified(key) for key in (ground.LINE, ground.OTHER_LINE, ground.UNIT)]
        db.session.commit()
    paths = [f"/nonconformities/{record.number}/moves/close" for record in records]
    versions = [record.version for record in records]
    db.session.rollback()
    start = threading.Barrier(len(records))

    def press(place: int) -> Answer:
        start.wait()
        fields = {"version": versions[place], "password": factories.PASSWORD}
        return race.clients[place].ask("POST", paths[place], fields)

    with ThreadPoolExecutor(len(records)) as threads:
        answers = list(threads.map(press, range(len(records))))

    db.session.expire_all()
    assert [answer.status for answer in answers] == [303] * len(records)
    assert all(record.state == NonconformityState.CLOSED for record in records)
    # The last run stands on all three: nobody scored from what the others had not left yet.
    assert '"2.7-1":"met"' in race.at.runs()[-1].sheet
    assert '"2.7-2":"met"' in race.at.runs()[-1].sheet
