"""Taking back the last move of a record: what it changed is kept with it, and put back while the rule allows.

What followed from a move is kept with it, too: the other records that it moved, and rows beside them. They go back
together with it, or nothing does.
"""

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker import clock, history, locks
from tracker.conflicts import RECORDS
from tracker.database import Base, Tenant, UTCDateTime, db, new_id, refers, upsert
from tracker.errors import RefusedMove
from tracker.history import HistoryEvent, Record
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.numbering import label
from tracker.offers import machine_of
from tracker.permissions import Actor
from workflows.text import Text
from workflows.undo import NOT_LAST, LastMove, can_undo, undo_refusals, why_kept

_TABLES = {kind: table for table, (kind, column) in RECORDS.items() if column == "id"}

AFTERWARDS: dict[str, Callable[[Any, str], None]] = {}
"""Kind of record → what is to be renewed once one has gone back, given the row and the state it came from."""


class MoveUndo(Tenant, Base):
    """The last move of a record, as far as it can be taken back: one row for a record."""

    __tablename__ = "move_undos"
    __table_args__ = (
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "record_kind", "record_id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The last line of the record's history that the move wrote: nothing may have been written after it.
    history_id: Mapped[int] = mapped_column(sa.BigInteger)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    event: Mapped[str] = mapped_column(sa.String(64))
    old_state: Mapped[str] = mapped_column(sa.String(32))
    # Column → what stood there before the move.
    before: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    # What followed from it, in order: rows with what stood in them, and for moves of other records their line.
    along: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list, server_default="[]")
    at: Mapped[datetime] = mapped_column(UTCDateTime)


# ---------------------------------------------------------------- keeping what was


@dataclass
class _Trail:
    """A move while it is being made, and what has followed from it so far."""

    move: tuple[Record, str, str, dict[str, Any], HistoryEvent] | None = None
    along: list[dict[str, Any]] = field(default_factory=list)


_trail: ContextVar[_Trail | None] = ContextVar("trail", default=None)


@contextmanager
def together() -> Iterator[None]:
    """What happens inside follows from the move that a person makes there, and is taken back with it."""
    trail = _Trail()
    token = _trail.set(trail)
    try:
        yield
    finally:
        _trail.reset(token)
    if trail.move is not None:
        _write(*trail.move, trail.along)


def before(row: Any, columns: Iterable[str]) -> dict[str, Any]:
    """What stands in these columns now, in a form that JSON can keep."""
    return {column: _packed(getattr(row, column)) for column in columns}


def keep(row: Any, *columns: str) -> None:
    """Say that what follows from a move is about to change these columns of a row."""
    trail = _trail.get()
    if trail is not None and trail.move is not None:
        trail.along.append({"table": row.__tablename__, "id": row.id, "before": before(row, columns)})


def note(record: Record, event: str, old_state: str, was: dict[str, Any], line: HistoryEvent) -> None:
    """Keep what a move has changed, where moves of its kind can be taken back."""
    trail, by_person = _trail.get(), line.person_id is not None
    if not by_person:
        if trail is not None and trail.move is not None:
            entry = {"table": _TABLES[record.kind], "id": record.id, "before": was}
            trail.along.append(entry | {"line": line.id, "event": event, "state": old_state})
        return
    if not can_undo(record.kind, event):
        return
    if trail is None:
        _write(record, event, old_state, was, line, [])
    else:
        trail.move = (record, event, old_state, was, line)


def _write(
    record: Record,
    event: str,
    old_state: str,
    was: dict[str, Any],
    line: HistoryEvent,
    along: list[dict[str, Any]],
) -> None:
    own = (_TABLES[record.kind], record.id)
    values = {
        "history_id": max([line.id, *(line_id for place, line_id in _lines(along) if place == own)]),
        "person_id": line.person_id,
        "event": event,
        "old_state": old_state,
        "before": was,
        "along": along,
        "at": line.at,
    }
    key = {
        "organisation_id": record.organisation_id,
        "record_kind": record.kind,
        "record_id": record.id,
    }
    statement = upsert(MoveUndo).values(**key, **values, id=new_id())
    # A row that has been loaded before is not to go on telling of the move before this one.
    db.session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=values).returning(MoveUndo),
        execution_options={"populate_existing": True},
    ).one()


def _lines(along: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, int], int]]:
    """The records that were moved along, as table and key, with the lines of their history."""
    return (((entry["table"], entry["id"]), entry["line"]) for entry in along if "line" in entry)


def _packed(value: object) -> object:
    if isinstance(value, datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, date):
        return ["day", value.isoformat()]
    return str(value) if isinstance(value, enum.StrEnum) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        kind, text = value
        return datetime.fromisoformat(text) if kind == "moment" else date.fromisoformat(text)
    return value


# ---------------------------------------------------------------- whether it can go back


def last_line(kind: str, record_id: Any) -> sa.ScalarSelect[int]:
    """The newest line in the history of a record, inside a statement about rows with an `organisation_id`."""
    return (
        sa.select(sa.func.max(HistoryEvent.id))
        .where(
            HistoryEvent.organisation_id == MoveUndo.organisation_id,
            HistoryEvent.record_kind == kind,
            HistoryEvent.record_id == record_id,
        )
        .correlate_except(HistoryEvent)
        .scalar_subquery()
    )


def find(record: Record) -> tuple[MoveUndo, bool] | None:
    """What is kept of the last move of a record, and whether it still is the last thing that happened to it."""
    row = db.session.execute(
        sa.select(MoveUndo, last_line(record.kind, record.id))
        .where(
            MoveUndo.organisation_id == record.organisation_id,
            MoveUndo.record_kind == record.kind,
            MoveUndo.record_id == record.id,
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else (row[0], row[1] == row[0].history_id)


def belongs(kind: str, organisation_id: Any, record_id: Any) -> sa.ColumnElement[bool]:
    """The condition of a join to what is kept of the last move of a record, while it still is the last."""
    return (
        (MoveUndo.organisation_id == organisation_id)
        & (MoveUndo.record_kind == kind)
        & (MoveUndo.record_id == record_id)
        & (MoveUndo.history_id == last_line(kind, record_id))
    )


def offered(record: Record, actor: Actor) -> str:
    """The title of the last move of a record, where this person may take it back now."""
    kept = sa.select(MoveUndo).where(belongs(record.kind, record.organisation_id, record.id))
    return title_of(record.kind, db.session.execute(kept).scalar(), actor)


def title_of(kind: str, kept: MoveUndo | None, actor: Actor) -> str:
    """The title of a last move that is kept; nothing without one, or where this person may not take it back now."""
    if kept is None or not possible(kind, kept, is_last=True, actor=actor):
        return ""
    title = machine_of(kind).event_title(kept.event)
    return title.of(language()) if title is not None else ""


def possible(kind: str, kept: MoveUndo, *, is_last: bool, actor: Actor) -> bool:
    """Whether this person may take the move back now, as far as its own record tells."""
    return not undo_refusals(_last_move(kind, kept, is_last), actor.person_id, clock.now())


def _last_move(kind: str, kept: MoveUndo, is_last: bool, in_the_way: tuple[str, ...] = ()) -> LastMove:
    return LastMove(
        machine=kind,
        event=kept.event,
        by=kept.person_id,
        at=kept.at,
        is_last=is_last,
        in_the_way=in_the_way,
    )


def _allowed(record: Record, found: tuple[MoveUndo, bool] | None, actor: Actor) -> MoveUndo:
    """What is kept of the last move. Raises RefusedMove with what stands in the way of taking it back."""
    if found is None or not found[1]:
        refused: tuple[Text, ...] = (_why_it_stays(record),)
    else:
        move = _last_move(record.kind, found[0], True, _gone_on(found[0]))
        refused = undo_refusals(move, actor.person_id, clock.now())
        if not refused:
            return found[0]
    raise RefusedMove(_("Take it back"), [each.of(language()) for each in refused])


def _why_it_stays(record: Record) -> Text:
    """Why moves like the last one stay for good; where something else came last, that something did."""
    event = db.session.execute(
        sa.select(HistoryEvent.event)
        .where(
            HistoryEvent.organisation_id == record.organisation_id,
            HistoryEvent.record_kind == record.kind,
            HistoryEvent.record_id == record.id,
        )
        .order_by(HistoryEvent.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    is_kept = event in machine_of(record.kind).events and not can_undo(record.kind, event)
    return why_kept(record.kind, event) if event is not None and is_kept else NOT_LAST


def _gone_on(kept: MoveUndo) -> tuple[str, ...]:
    """The records that the move took along and that something has happened to since, by their numbers."""
    moved, own = dict(_lines(kept.along)), (_TABLES[kept.record_kind], kept.record_id)
    kinds = {place: RECORDS[place[0]][0] for place in moved if place != own}
    if not kinds:
        return ()
    newest = db.session.execute(
        sa.select(HistoryEvent.record_kind, HistoryEvent.record_id, sa.func.max(HistoryEvent.id))
        .where(
            HistoryEvent.organisation_id == kept.organisation_id,
            HistoryEvent.record_kind.in_(set(kinds.values())),
            HistoryEvent.record_id.in_([key for _table, key in kinds]),
        )
        .group_by(HistoryEvent.record_kind, HistoryEvent.record_id)
    ).all()
    last = {(_TABLES[kind], key): line for kind, key, line in newest}
    gone = [place for place in kinds if last.get(place) != moved[place]]
    rows = [_row(kept.organisation_id, *place) for place in gone]
    return tuple(label(kinds[place], row.number) for place, row in zip(gone, rows, strict=True))


# ---------------------------------------------------------------- taking it back


def take_back(record: Record, row: Any, actor: Actor) -> str:
    """Put back what the last move of a record changed and took along; the event that was taken back.

    The states go back by the lines that moved them, not by the machine: the histories show both. Raises RefusedMove.
    """
    found = find(record)
    if found is not None:
        # Whoever is at one of these records now is waited for, before it is looked whether it has gone on.
        for place in dict(_lines(found[0].along)):
            locks.hold(_row(record.organisation_id, *place))
    kept = _allowed(record, found, actor)
    entries = [
        {"table": row.__tablename__, "id": row.id, "before": kept.before, "line": 0}
        | {"event": kept.event, "state": kept.old_state},
        *kept.along,
    ]
    rows = {
        (each["table"], each["id"]): _row(record.organisation_id, each["table"], each["id"])
        for each in entries
    }
    states = {place: str(rows[place].state) for place, _line in _lines(entries)}
    with db.session.no_autoflush:
        for entry in reversed(entries):
            _put_back(rows[entry["table"], entry["id"]], entry)
    event = kept.event
    db.session.delete(kept)
    for place, came_from in states.items():
        first = next(each for each in entries if (each["table"], each["id"]) == place and "line" in each)
        by = actor.person_id if rows[place] is row else None
        _tell(rows[place], RECORDS[place[0]][0], first["event"], came_from, by)
    db.session.flush()
    for place, came_from in states.items():
        AFTERWARDS.get(RECORDS[place[0]][0], _nothing)(rows[place], came_from)
    return event


def _nothing(_row: Any, _came_from: str) -> None:
    """Nothing to be renewed."""


def _row(organisation_id: int, table: str, key: int) -> Any:
    models = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    return db.session.get_one(models[table], (organisation_id, key))


def _put_back(row: Any, entry: Mapping[str, Any]) -> None:
    if "state" in entry:
        row.state = type(row).__table__.c.state.type.enum_class(entry["state"])
    for column, value in entry["before"].items():
        setattr(row, column, _unpacked(value))


def _tell(row: Any, kind: str, event: str, came_from: str, by: int | None) -> None:
    history.record(
        Record(row.organisation_id, kind, row.id, row.number),
        "undone",
        by,
        old_state=came_from,
        new_state=str(row.state),
        changes={"move_undone": [None, f"{kind}:{event}"]},
    )
