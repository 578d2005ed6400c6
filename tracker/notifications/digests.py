"""One mail a day for whoever wants no more than that: what is due, and what is new."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import MailWish
from tracker.database import db
from tracker.history import Record
from tracker.notifications.dues import Due
from tracker.notifications.models import OutboxMessage
from tracker.notifications.services import tell_once

A_WEEK = timedelta(days=7)
LISTED = 20


class Reader(Protocol):
    """A person, as much as the digest needs of one."""

    @property
    def id(self) -> int: ...
    @property
    def mail(self) -> MailWish: ...


def write(organisation_id: int, today: date, things: Iterable[Due], people: Iterable[Reader]) -> int:
    """One message a day to everybody who wants no more than that: what is due, and what is new. Commits."""
    readers = [person.id for person in people if person.mail == MailWish.DIGEST]
    if not readers:
        return 0
    mine: dict[int, list[Due]] = defaultdict(list)
    for each in things:
        if each.owner_id in readers and each.due_on <= today + A_WEEK:
            mine[each.owner_id].append(each)
    news = _unread(organisation_id, readers)
    written = 0
    for person_id in readers:
        due = sorted(mine[person_id], key=lambda each: each.due_on)
        if not due and not news.get(person_id):
            continue
        payload = {
            "overdue": sum(each.due_on < today for each in due),
            "due": sum(each.due_on >= today for each in due),
            "news": news.get(person_id, 0),
            "more": max(len(due) - LISTED, 0),
            "items": [_item(each) for each in due[:LISTED]],
        }
        record = Record(organisation_id, "person", person_id, 0)
        written += tell_once(person_id, "digest", record, today, payload)
    db.session.flush()
    # In the application it would only repeat what stands there already.
    db.session.execute(
        sa.update(OutboxMessage)
        .where(
            OutboxMessage.organisation_id == organisation_id,
            OutboxMessage.kind == "digest",
            OutboxMessage.read_at.is_(None),
            OutboxMessage.person_id.in_(readers),
        )
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return written


def _item(due: Due) -> dict[str, Any]:
    return {
        "record_kind": due.record.kind,
        "number": due.record.number,
        "title": due.title,
        "due_on": due.due_on.isoformat(),
    }


def _unread(organisation_id: int, people: list[int]) -> dict[int, int]:
    """Person → messages not read."""
    rows = db.session.execute(
        sa.select(OutboxMessage.person_id, sa.func.count())
        .where(
            OutboxMessage.organisation_id == organisation_id,
            OutboxMessage.person_id.in_(people),
            OutboxMessage.read_at.is_(None),
            OutboxMessage.kind != "digest",
        )
        .group_by(OutboxMessage.person_id)
    )
    return {row[0]: row[1] for row in rows}
