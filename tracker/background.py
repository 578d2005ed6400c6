"""Work beside the requests: jobs on a queue, and duties that come round with the clock.

The queue is Huey with its embedded SQLite storage in the instance folder, or Redis by `TRACKER_QUEUE_URL`. The
consumer runs inside the web process unless it is told not to, and dies with it; `tracker worker` is the same
consumer on its own. However many of them there are, a duty's slot (this minute, this day) is claimed by a row of
the database and done by one; whoever dies over it leaves a claim that lapses, and another begins anew. So every
duty must be able to be done twice.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, current_app

from tracker import clock
from tracker.config import Settings
from tracker.database import db, renew_statistics, upsert
from tracker.notifications.models import Lease

if TYPE_CHECKING:
    from huey import Huey
    from huey.consumer import Consumer

log = logging.getLogger(__name__)

NEVER = datetime(2000, 1, 1, tzinfo=UTC)
# A duty that takes longer than this is taken for dead.
LEASE = timedelta(minutes=10)


@dataclass(frozen=True)
class Duty:
    """What is done once in every slot of time: `slot` names the one that a moment falls into."""

    name: str
    slot: Callable[[datetime], str]
    run: Callable[[], object]


def minutely(moment: datetime) -> str:
    """A slot for every minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"


def daily(moment: datetime) -> str:
    """A slot for every day, which begins when the day does in UTC: at eight in the morning in China."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def duties() -> tuple[Duty, ...]:
    """Everything that comes round; rounds first, since they write what the mail carries."""
    from tracker.notifications import rounds, sender

    return (
        Duty("rounds", daily, rounds.make_all_rounds),
        Duty("mail", minutely, sender.send_waiting),
        Duty("statistics", daily, renew_statistics),
    )


JOBS: dict[str, Callable[..., object]] = {}
"""Name of a job → what does it, within an application context; arguments are plain values, ids not rows."""


def job(name: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a function as the job of that name."""

    def keep(function: Callable[..., object]) -> Callable[..., object]:
        JOBS[name] = function
        return function

    return keep


def myself() -> str:
    """A name for this process and thread in claims."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_ident() % 10**8}"


# ---------------------------------------------------------------- slots


def claim(name: str, slot: str, holder: str) -> bool:
    """Take a slot of a duty: whether it is ours to do. Commits."""
    now = clock.now()
    db.session.execute(
        upsert(Lease).values(name=name, holder="", until=NEVER, done="").on_conflict_do_nothing()
    )
    taken: Any = db.session.execute(
        sa.update(Lease)
        .where(Lease.name == name, Lease.done < slot, sa.or_(Lease.until <= now, Lease.holder == holder))
        .values(holder=holder, until=now + LEASE)
    )
    db.session.commit()
    return bool(taken.rowcount == 1)


def finish(name: str, slot: str, holder: str) -> None:
    """Write down that a slot is done, unless the claim has gone to another meanwhile. Commits."""
    db.session.execute(
        sa.update(Lease)
        .where(Lease.name == name, Lease.holder == holder)
        .values(done=slot, until=clock.now())
    )
    db.session.commit()


def tick() -> list[str]:
    """Do each duty whose slot nobody has done yet; the names of those that were ours."""
    done = []
    for duty in duties():
        slot, holder = duty.slot(clock.now()), myself()
        if not claim(duty.name, slot, holder):
            continue
        try:
            duty.run()
        except Exception:  # one duty that fails must not keep the others from being done
            db.session.rollback()
            log.exception("the duty %s failed; it is tried again when its claim lapses", duty.name)
            continue
        finish(duty.name, slot, holder)
        done.append(duty.name)
    return done


# ---------------------------------------------------------------- the queue


def make_queue(settings: Settings) -> "Huey":
    """The queue as the settings want it. Importing it takes a while, so only those who use it do."""
    from huey import RedisHuey, SqliteHuey
    from huey.registry import Message
    from huey.serializer import Serializer

    class Plain(Serializer):
        """Tasks as JSON: whoever can write the queue must not be able to run code by it."""

        def _serialize(self, data: Any) -> bytes:
            if isinstance(data, Message):
                data = {"message": list(data)}
            return json.dumps(data, default=_written).encode()

        def _deserialize(self, data: bytes) -> Any:
            found = json.loads(data)
            if not isinstance(found, dict) or "message" not in found:
                return found
            message = Message(*found["message"])
            return message._replace(
                eta=_moment(message.eta),
                args=tuple(message.args),
                expires_resolved=_moment(message.expires_resolved),
            )

    shared: dict[str, Any] = {"results": False, "utc": True, "serializer": Plain()}
    if settings.queue_url:
        return RedisHuey("rescore", url=settings.queue_url, **shared)
    settings.instance.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("rescore", filename=str(settings.instance / "queue.db"), cache_mb=1, **shared)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be queued: hand over plain values")


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def queue_of(app: Flask) -> "Huey":
    """The queue of an application, made when it is first asked for, with its two tasks."""
    found = app.extensions.get("queue")
    if found is None:
        found = app.extensions["queue"] = make_queue(app.config["SETTINGS"])
        _tasks(app, found)
    return found


def _tasks(app: Flask, queue: "Huey") -> None:
    from huey import crontab

    def run(name: str, arguments: list[Any]) -> None:
        with app.app_context():
            JOBS[name](*arguments)

    def come_round() -> None:
        with app.app_context():
            tick()

    app.extensions["run-job"] = queue.task(name="run", retries=3, retry_delay=60)(run)
    queue.periodic_task(crontab(minute="*"), name="come_round")(come_round)


def enqueue(name: str, *arguments: Any) -> None:
    """Queue a job; call it after the commit of what the job is to look at. Raises KeyError for an unknown one."""
    if name not in JOBS:
        raise KeyError(name)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    queue_of(app)
    app.extensions["run-job"](name, list(arguments))


# ---------------------------------------------------------------- the consumer


def make_consumer(app: Flask, *, signals: bool, workers: int = 1) -> "Consumer":
    """The consumer of an application's queue, in threads of this process."""
    from huey.consumer import Consumer

    class Quiet(Consumer):
        """One that leaves the signals to the web server around it."""

        def _set_signal_handlers(self) -> None:
            if signals:
                super()._set_signal_handlers()

    return Quiet(queue_of(app), workers=workers, max_delay=2.0, worker_type="thread", scheduler_interval=5)


def start_inside(app: Flask) -> Callable[[], None]:
    """Run the consumer in a thread beside the requests; hands back what stops it.

    A daemon: it never outlives its process. It begins after a moment, so that the first page comes first.
    """
    stopping = threading.Event()
    running: list[Consumer] = []

    def run() -> None:
        if stopping.wait(1.0):
            return
        try:
            with app.app_context():
                tick()  # what was missed while nothing ran
            consumer = make_consumer(app, signals=False)
            running.append(consumer)
            if not stopping.is_set():
                consumer.run()
        except Exception:
            log.exception("background work has stopped; pages go on without it")

    def stop() -> None:
        stopping.set()
        for consumer in running:
            consumer.stop_flag.set()

    threading.Thread(target=run, name="background", daemon=True).start()
    return stop


def work(app: Flask, workers: int) -> None:
    """Run the consumer until stopped: `tracker worker`."""
    with app.app_context():
        tick()
    make_consumer(app, signals=True, workers=workers).run()
