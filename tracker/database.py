"""What every table shares: names of constraints, the organisation's key, exact column types, engine settings."""

import enum
import os
import secrets
import threading
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

MAX_ID = 2**63 - 1

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """The declarative base, with a name for every constraint so that migrations can address it."""

    metadata = sa.MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


# ---------------------------------------------------------------- identifiers

_EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_lock = threading.Lock()
_last = 0
_node = secrets.randbelow(1024)


def _new_node() -> None:
    global _node
    _node = secrets.randbelow(1024)


os.register_at_fork(after_in_child=_new_node)  # two workers must not share a place in the identifier


def new_id() -> int:
    """A 63-bit identifier that grows with time: 41 bits of milliseconds, 10 of the process, 12 of a sequence.

    Made by the application, so that rows of one organisation can live on any shard without a common sequence.
    """
    global _last
    with _lock:
        floor = max(0, int(time.time() * 1000) - _EPOCH_MS) << 12
        _last = max(_last + 1, floor)
        return ((_last >> 12) << 22 | _node << 12 | (_last & 0xFFF)) & MAX_ID


# ---------------------------------------------------------------- column types


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, `timestamptz` on PostgreSQL, a sortable text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must carry its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Fraction]):
    """An exact rational, kept as text (`225/2`): no binary float ever stands between a fact and its score."""

    impl = sa.String(120)
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        return None if value is None else str(Fraction(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Fraction | None:
        return None if value is None else Fraction(value)


def choice(values: type[enum.StrEnum], name: str) -> sa.Enum:
    """A column type for a StrEnum: readable text with a CHECK constraint called `name`."""
    return sa.Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        validate_strings=True,
    )


# ---------------------------------------------------------------- mixins


class Tenant:
    """The organisation's key comes first in every primary key, so a sharded PostgreSQL can split by it."""

    organisation_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False, default=new_id)


class Versioned:
    """What people edit carries a version; a write against an older one is refused by the database itself."""

    version: Mapped[int] = mapped_column(sa.Integer, nullable=False, default=1)

    @sa.orm.declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 (a class-level declaration)
        return {"version_id_col": cls.version}


class Numbered:
    """The number that people see and that addresses use (NC-0012), counted per organisation."""

    number: Mapped[int] = mapped_column(sa.Integer, nullable=False)


def refers(column: str, table: str) -> sa.ForeignKeyConstraint:
    """A composite foreign key inside one organisation: (organisation_id, column) → table (organisation_id, id)."""
    return sa.ForeignKeyConstraint(["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"])


# ---------------------------------------------------------------- sessions and engines

# On SQLite a transaction that may write takes the write lock at its start (BEGIN IMMEDIATE): a read
# transaction that is upgraded later can fail at once, however long the busy timeout.
writing: ContextVar[bool] = ContextVar("writing", default=True)


Row = TypeVar("Row", bound=Base)


def add(row: Row) -> Row:
    """Add a row and flush it, so that its database constraints speak here and not at the commit."""
    db.session.add(row)
    db.session.flush()
    return row


def upsert(model: type[Base]) -> Any:
    """An INSERT of the engine in use that knows `on_conflict_do_update`."""
    dialect = db.session.get_bind().dialect.name
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(model)


def prepare_engine(engine: Engine, busy_ms: int) -> None:
    """Attach what the product asserts about a connection."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, busy_ms)


def _prepare_sqlite(engine: Engine, busy_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours to open, below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(busy_ms)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    # Writers of this process wait in line for each other here: SQLite's own waiting is a sleep that grows, by
    # which the unlucky one among four wakes when the next is already at it.
    line = threading.Lock()

    def leave(connection: Any) -> None:
        if connection.info.pop("in_line", False):
            line.release()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if not writing.get():
            connection.exec_driver_sql("BEGIN")
            return
        # Whoever waits too long is told by the database, as if it were another process that holds the lock.
        connection.info["in_line"] = line.acquire(timeout=busy_ms / 1000)
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            leave(connection)
            raise

    event.listen(engine, "commit", leave)
    event.listen(engine, "rollback", leave)

    @event.listens_for(engine, "reset")
    def reset(_connection: Any, record: Any, _state: Any) -> None:
        leave(record)


# Of each index, so many entries are looked at.
_COUNTED = 1000


def renew_statistics() -> None:
    """Tell SQLite how many rows there are, which it does not know by itself; PostgreSQL does. Commits.

    Without, it takes any index for selective, the one that begins with the organisation too, and reads a table
    from end to end where a few of its rows are wanted.
    """
    if db.session.get_bind().dialect.name == "sqlite":
        db.session.execute(sa.text(f"PRAGMA analysis_limit={_COUNTED}"))
        db.session.execute(sa.text("ANALYZE"))
        db.session.commit()


class EngineError(RuntimeError):
    """The database does not keep what the product promises; the message says which setting."""


def assert_engine(engine: Engine) -> None:
    """Check at start that the durability and integrity settings are in force."""
    if engine.dialect.name != "sqlite":
        return
    wanted: dict[str, object] = {"foreign_keys": 1, "synchronous": 2}
    if engine.url.database and engine.url.database != ":memory:":
        wanted["journal_mode"] = "wal"
    with engine.connect() as connection:
        for pragma, value in wanted.items():
            found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            if found != value:
                raise EngineError(f"SQLite: {pragma} is {found!r}, not {value!r}")
