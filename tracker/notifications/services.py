"""Queue a message; whoever empties the outbox sends it."""

from collections.abc import Iterable
from typing import Any

from tracker import clock
from tracker.database import db
from tracker.history import Record
from tracker.notifications.models import OutboxMessage


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
