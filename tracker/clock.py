"""The one clock: services ask it for the time, and the demo and the tests can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, in UTC and aware of it."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """The present day, in UTC."""
    return now().date()


@contextmanager
def at(moment: datetime | date) -> Iterator[None]:
    """Within the block it is `moment` (a date counts as nine in the morning, UTC)."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, 9, tzinfo=UTC)
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
