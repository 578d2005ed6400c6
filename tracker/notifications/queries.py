"""Reads of the outbox: what somebody has been told, and has not read yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tracker.database import db
from tracker.notifications.models import OutboxMessage
from tracker.permissions import Actor

# Counting stops here: past it a number says no more than "many".
COUNTED = 99


@dataclass(frozen=True)
class MessageView:
    """A message as its reader sees it; `kind` names its words, `payload` fills them."""

    id: int
    kind: str
    record_kind: str
    record_number: int
    payload: dict[str, Any]
    created_at: datetime
    read: bool


def list_messages(
    actor: Actor, *, unread: bool = False, before: int | None = None, limit: int = 20
) -> list[MessageView]:
    """The newest messages to a person; `before` is the id of the last one already seen."""
    statement = (
        sa.select(OutboxMessage)
        .where(
            OutboxMessage.organisation_id == actor.organisation_id, OutboxMessage.person_id == actor.person_id
        )
        .order_by(OutboxMessage.id.desc())
        .limit(limit)
    )
    if unread:
        statement = statement.where(OutboxMessage.read_at.is_(None))
    if before is not None:
        statement = statement.where(OutboxMessage.id < before)
    return [
        MessageView(
            row.id,
            row.kind,
            row.record_kind,
            row.record_number,
            row.payload,
            row.created_at,
            row.read_at is not None,
        )
        for row in db.session.execute(statement).scalars()
    ]


def count_unread(actor: Actor) -> int:
    """How many messages a person has not read, counted no further than `COUNTED` and one."""
    rows = (
        sa.select(OutboxMessage.id)
        .where(
            OutboxMessage.organisation_id == actor.organisation_id,
            OutboxMessage.person_id == actor.person_id,
            OutboxMessage.read_at.is_(None),
        )
        .limit(COUNTED + 1)
        .subquery()
    )
    return int(db.session.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())
