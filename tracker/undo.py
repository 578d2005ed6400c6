"""Taking back the last move of a record: what it changed is kept with it, and put back while the rule allows."""

import enum
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker import clock, history
from tracker.database import Base, Tenant, UTCDateTime, db, new_id, refers, upsert
from tracker.errors import RefusedMove
from tracker.history import HistoryEvent, Record
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.permissions import Actor
from workflows.undo import NOT_LAST, LastMove, can_undo, undo_refusals


class MoveUndo(Tenant, Base):
    """The last move of a record, as far as it can be taken back: one row for a record."""

    __tablename__ = "move_undos"
    __table_args__ = (
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "record_kind", "record_id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The line of history that the move wrote: nothing may have been written after it.
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


def before(row: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in these columns now, in a form that JSON can keep."""
    return {column: _packed(getattr(row, column)) for column in columns}


def note(record: Record, event: str, old_state: str, was: dict[str, Any], line: HistoryEvent) -> None:
    """Keep what a move has changed, where moves of its kind can be taken back."""
    if line.person_id is None or not can_undo(record.kind, event):
        return
    values = {
        "history_id": line.id,
        "person_id": line.person_id,
        "event": event,
        "old_state": old_state,
        "before": was,
        "at": line.at,
    }
    key = {
        "organisation_id": record.organisation_id,
        "record_kind": record.kind,
        "record_id": record.id,
    }
    statement = upsert(MoveUndo).values(**key, **values, id=new_id())
    db.session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


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


# ---------------------------------------------------------------- taking it back


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
        sa.select(MoveUndo, last_line(record.kind, record.id)).where(
            MoveUndo.organisation_id == record.organisation_id,
            MoveUndo.record_kind == record.kind,
            MoveUndo.record_id == record.id,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1] == row[0].history_id)


def possible(kind: str, kept: MoveUndo, *, is_last: bool, actor: Actor) -> bool:
    """Whether this person may take the move back now."""
    return not undo_refusals(_last_move(kind, kept, is_last), actor.person_id, clock.now())


def _last_move(kind: str, kept: MoveUndo, is_last: bool) -> LastMove:
    return LastMove(machine=kind, event=kept.event, by=kept.person_id, at=kept.at, is_last=is_last)


def take_back(record: Record, row: Any, actor: Actor) -> str:
    """Put back what the last move of a record changed; the event that was taken back.

    The state goes back by the line that moved it, not by the machine: the history shows both. Raises RefusedMove.
    """
    found = find(record)
    title = _("Take it back")
    if found is None:
        raise RefusedMove(title, [NOT_LAST.of(language())])
    kept, is_last = found
    refused = undo_refusals(_last_move(record.kind, kept, is_last), actor.person_id, clock.now())
    if refused:
        raise RefusedMove(title, [each.of(language()) for each in refused])
    old, event = row.state, kept.event
    row.state = type(row).__table__.c.state.type.enum_class(kept.old_state)
    for column, value in kept.before.items():
        setattr(row, column, _unpacked(value))
    history.record(
        record,
        "undone",
        actor.person_id,
        old_state=str(old),
        new_state=kept.old_state,
        changes={"move_undone": [None, f"{record.kind}:{event}"]},
    )
    db.session.delete(kept)
    db.session.flush()
    return event
