"""Queue a message; whoever empties the outbox sends it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import MailWish, Person
from tracker.database import db, new_id, upsert
from tracker.history import Record
from tracker.notifications.models import Notice, OutboxMessage
from tracker.permissions import Actor


def tell(
    people: Iterable[int | None], kind: str, record: Record, payload: dict[str, Any] | None = None
) -> None:
    """Queue the message `kind` about `record` for each of `people`, once each; nobody is skipped over."""
    for person_id in dict.fromkeys(person for person in people if person is not None):
        db.session.add(
            OutboxMessage(
                organisation_id=record.organisation_id,
                person_id=person_id,
                kind=kind,
                record_kind=record.kind,
                record_id=record.id,
                record_number=record.number,
                payload=payload or {},
                created_at=clock.now(),
            )
        )


def note(person_id: int, kind: str, record: Record, day: date) -> bool:
    """Write down that a person is told of something about a record and a day; whether it had not been.

    The notice is a row that can be there once only: of two who try at the same time one is refused by the
    database, so the same is never told twice.
    """
    noted = db.session.execute(
        upsert(Notice)
        .values(
            organisation_id=record.organisation_id,
            id=new_id(),
            person_id=person_id,
            kind=kind,
            record_kind=record.kind,
            record_id=record.id,
            day=day,
            told_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Notice.id)
    ).first()
    return noted is not None


def tell_once(
    person_id: int, kind: str, record: Record, day: date, payload: dict[str, Any] | None = None
) -> bool:
    """Tell a person of something about a record and a day, unless it has been told; whether it was told now."""
    if not note(person_id, kind, record, day):
        return False
    tell([person_id], kind, record, payload)
    return True


def mark_read(actor: Actor, message_ids: Iterable[int] | None = None) -> int:
    """Mark messages to the actor as read, or all of them; how many were unread."""
    statement = sa.update(OutboxMessage).where(
        OutboxMessage.organisation_id == actor.organisation_id,
        OutboxMessage.person_id == actor.person_id,
        OutboxMessage.read_at.is_(None),
    )
    if message_ids is not None:
        statement = statement.where(OutboxMessage.id.in_(list(message_ids)))
    changed: Any = db.session.execute(
        statement.values(read_at=clock.now()).execution_options(synchronize_session=False)
    )
    return int(changed.rowcount)


def choose_mail(actor: Actor, wish: MailWish) -> None:
    """Set what the actor gets by mail."""
    person = db.session.get_one(Person, (actor.organisation_id, actor.person_id))
    if person.mail == wish:
        return
    changes = {"mail": [person.mail.value, wish.value]}
    person.mail = wish
    record = Record(actor.organisation_id, "person", person.id, 0)
    history.record(record, "mail_chosen", actor.person_id, changes=changes)
    db.session.flush()
