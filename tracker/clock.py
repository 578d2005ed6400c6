"""The one clock: services ask it for the time, and the demo and the tests can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)
_everywhere: datetime | None = None


def now() -> datetime:
    """The present moment, in UTC and aware of it."""
    return _fixed.get() or _everywhere or datetime.now(UTC)


def today() -> date:
    """The present day, in UTC."""
    return now().date()


@contextmanager
def at(moment: datetime | date) -> Iterator[None]:
    """Within the block it is `moment` (a date counts as nine in the morning, UTC)."""
    token = _fixed.set(_moment(moment))
    try:
        yield
    finally:
        _fixed.reset(token)


def travel(moment: datetime | date | None) -> None:
    """Stop the clock at `moment` for every thread of the process; None lets it run again.

    For tests of a served application, whose threads do not see what `at` says in another one. `at` wins over it.
    """
    global _everywhere
    _everywhere = None if moment is None else _moment(moment)


def _moment(moment: datetime | date) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day, 9, tzinfo=UTC)
