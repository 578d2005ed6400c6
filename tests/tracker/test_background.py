"""Work beside the requests: slots that are done once, jobs on the queue, and a consumer that dies with its process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tracker import background, clock
from tracker.background import Duty
from tracker.database import db, renew_statistics
from tracker.notifications.models import Lease

MOMENT = datetime(2026, 7, 15, 9, 30, 12, tzinfo=UTC)
Runs = list[str]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """What the duties of this test did."""
    done: Runs = []
    found = (
        Duty("each-day", background.daily, lambda: done.append("day")),
        Duty("each-minute", background.minutely, lambda: done.append("minute")),
    )
    monkeypatch.setattr(background, "duties", lambda: found)
    return done


def tick(app: Flask, moment: datetime) -> list[str]:
    with app.app_context(), clock.at(moment):
        return background.tick()


def test_a_slot_is_done_once(app: Flask, runs: Runs) -> None:
    tick(app, MOMENT)
    tick(app, MOMENT + timedelta(seconds=20))

    assert runs == ["day", "minute"]


def test_the_next_slot_is_done_again(app: Flask, runs: Runs) -> None:
    tick(app, MOMENT)
    tick(app, MOMENT + timedelta(minutes=1))
    tick(app, MOMENT + timedelta(days=1))

    assert runs == ["day", "minute", "minute", "day", "minute"]


def test_the_database_is_told_how_many_rows_it_has(app: Flask, engine: str) -> None:
    assert "statistics" in {duty.name for duty in background.duties()}
    with app.app_context():
        db.session.add(Lease(name="one", holder="", until=MOMENT, done=""))
        renew_statistics()
        if engine == "sqlite":
            known = db.session.execute(sa.text("SELECT tbl FROM sqlite_stat1")).scalars().all()
            assert "leases" in known


def test_a_clock_that_goes_back_repeats_nothing(app: Flask, runs: Runs) -> None:
    tick(app, MOMENT)
    tick(app, MOMENT - timedelta(hours=1))

    assert runs == ["day", "minute"]


def test_the_slot_of_somebody_who_died_is_done_after_a_while(app: Flask, runs: Runs) -> None:
    with app.app_context(), clock.at(MOMENT):
        assert background.claim("each-day", background.daily(MOMENT), "a process that died")

    assert tick(app, MOMENT) == ["each-minute"]
    assert "each-day" in tick(app, MOMENT + background.LEASE)


def test_a_duty_that_fails_is_tried_again_and_keeps_no_other_from_its_turn(
    app: Flask, monkeypatch: pytest.MonkeyPatch, runs: Runs
) -> None:
    def fail() -> None:
        raise OSError("no network")

    found = (
        Duty("bad", background.daily, fail),
        Duty("good", background.minutely, lambda: runs.append("good")),
    )
    monkeypatch.setattr(background, "duties", lambda: found)

    assert tick(app, MOMENT) == ["good"]

    with app.app_context():
        assert db.session.get_one(Lease, "bad").done == ""


def test_of_many_at_once_one_does_it(fresh_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def slowly() -> None:
        time.sleep(0.2)
        done.append(1)

    monkeypatch.setattr(background, "duties", lambda: (Duty("one", background.daily, slowly),))
    start = threading.Barrier(6)

    def run() -> None:
        start.wait()
        tick(fresh_app, MOMENT)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == [1]


# ---------------------------------------------------------------- the queue


@pytest.fixture
def job() -> Iterator[tuple[str, list[object]]]:
    seen: list[object] = []
    background.job("test-job")(lambda *arguments: seen.append(arguments))
    yield "test-job", seen
    del background.JOBS["test-job"]


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.05)


@pytest.mark.engine("sqlite")
def test_a_job_is_done_by_the_consumer_inside_the_process(
    fresh_app: Flask, runs: Runs, job: tuple[str, list[object]]
) -> None:
    name, seen = job
    with fresh_app.app_context():
        background.enqueue(name, 7, "text")
    stop = background.start_inside(fresh_app)
    try:
        wait_for(lambda: seen and len(runs) >= 2)
    finally:
        stop()

    assert seen == [(7, "text")]
    # What was missed while nothing ran is done at the start.
    assert runs[:2] == ["day", "minute"]
    wait_for(
        lambda: not any(thread.name == "background" and thread.is_alive() for thread in threading.enumerate())
    )


@pytest.mark.engine("sqlite")
def test_the_queue_holds_plain_text_and_refuses_what_is_not(
    fresh_app: Flask, job: tuple[str, list[object]]
) -> None:
    with fresh_app.app_context():
        background.enqueue(job[0], 7)
        with pytest.raises(TypeError, match="cannot be queued"):
            background.enqueue(job[0], object())
        with pytest.raises(KeyError):
            background.enqueue("no such job")
        held = background.queue_of(fresh_app).storage.enqueued_items()

    assert len(held) == 1
    assert bytes(held[0]).startswith(b'{"message"')


# ---------------------------------------------------------------- the command


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tracker.cli", *arguments]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"TRACKER_INSTANCE": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_worker_does_what_is_due_and_stops_when_told(tmp_path: Path) -> None:
    once = subprocess.run(
        command("worker", "--once"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (once.returncode, once.stdout) == (0, "Done: rounds, mail, statistics\n"), once.stderr

    with subprocess.Popen(command("worker"), env=environment(tmp_path), stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert b"Rescore worker" in worker.stdout.readline()
        time.sleep(2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
