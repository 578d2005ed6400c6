"""Reads of the outbox: what somebody has been told, and has not read yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tracker.accounts.models import MailWish, Person
from tracker.database import db
from tracker.notifications.models import OutboxMessage
from tracker.notifications.places import path_of
from tracker.notifications.words import Item, describe
from tracker.permissions import Actor

PAGE = 30
# Kinds whose tone is more than news.
TONES = {
    "overdue": "danger",
    "escalated-manager": "danger",
    "escalated-quality": "danger",
    "escalations-of-day": "danger",
    "reminders-of-day": "attention",
    "mail-refused": "attention",
    "review-overdue": "danger",
    "review-never": "attention",
    "review-due": "attention",
    "review-window": "attention",
    "due-soon": "attention",
}


@dataclass(frozen=True)
class MessageView:
    """A message as it is kept; `kind` names its words, `payload` fills them."""

    id: int
    kind: str
    record_kind: str
    record_number: int
    payload: dict[str, Any]
    created_at: datetime
    read: bool
    items: tuple[Item, ...] = ()
    counts: tuple[tuple[str, str], ...] = ()
    more: int = 0


@dataclass(frozen=True)
class InboxLine:
    """A message as its reader sees it, in words."""

    id: int
    kind: str
    tone: str
    headline: str
    lines: tuple[str, ...]
    created_at: datetime
    read: bool
    items: tuple[Item, ...] = ()
    counts: tuple[tuple[str, str], ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Inbox:
    """A page of messages; `older` is the key to go on from, None at the end."""

    messages: tuple[InboxLine, ...]
    older: int | None
    mail: MailWish


def list_messages(
    actor: Actor, *, unread: bool = False, before: int | None = None, limit: int = PAGE
) -> list[MessageView]:
    """The newest messages to a person; `before` is the key of the last one already seen."""
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
        for row in _list(actor, unread, before, limit)
    ]


def _list(actor: Actor, unread: bool, before: int | None, limit: int) -> list[OutboxMessage]:
    statement = (
        sa.select(OutboxMessage)
        .where(
            OutboxMessage.organisation_id == actor.organisation_id,
            OutboxMessage.person_id == actor.person_id,
            OutboxMessage.kind != "digest",
        )
        .order_by(OutboxMessage.id.desc())
        .limit(limit)
    )
    if unread:
        statement = statement.where(OutboxMessage.read_at.is_(None))
    if before is not None:
        statement = statement.where(OutboxMessage.id < before)
    return list(db.session.execute(statement).scalars())


def get_inbox(actor: Actor, *, unread: bool = False, before: int | None = None) -> Inbox:
    """The newest messages to a person; `before` is the key of the last one already seen."""
    rows = _list(actor, unread, before, PAGE + 1)
    wish = db.session.execute(
        sa.select(Person.mail).where(
            Person.organisation_id == actor.organisation_id, Person.id == actor.person_id
        )
    ).scalar_one()
    older = rows[PAGE - 1].id if len(rows) > PAGE else None
    return Inbox(tuple(_view(row) for row in rows[:PAGE]), older, wish)


def _view(row: OutboxMessage) -> InboxLine:
    said = describe(row.kind, row.record_kind, row.record_number, row.payload)
    return InboxLine(
        row.id,
        row.kind,
        TONES.get(row.kind, "info"),
        said.headline,
        said.lines,
        row.created_at,
        row.read_at is not None,
        said.items,
        said.counts,
        said.more,
    )


def find_path(actor: Actor, message_id: int) -> str | None:
    """Where a message of the actor leads to; None for one that is not theirs."""
    row = db.session.get(OutboxMessage, (actor.organisation_id, message_id))
    if row is None or row.person_id != actor.person_id:
        return None
    return path_of(row.kind, row.record_kind, row.record_number, row.payload)
