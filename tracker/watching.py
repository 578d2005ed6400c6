"""Who watches a record is told of what happens to it, in the transaction in which it happens."""

from collections.abc import Iterable

import sqlalchemy as sa

from tracker.accounts.models import Person
from tracker.database import db
from tracker.history import Record
from tracker.notifications.services import tell
from tracker.work.models import Watch


def tell_watchers(
    record: Record,
    event: str,
    by: int | None,
    *,
    kind: str = "watched-moved",
    text: str = "",
    but: Iterable[int] = (),
) -> None:
    """Tell everybody who watches a record, except whoever did it and those told of it already."""
    watchers = db.session.execute(
        sa.select(Watch.person_id).where(
            Watch.organisation_id == record.organisation_id,
            Watch.record_kind == record.kind,
            Watch.record_id == record.id,
        )
    ).scalars()
    told = [person for person in watchers if person != by and person not in set(but)]
    if not told:
        return
    payload = {"event": event, "title": text}
    if by is not None:
        name = db.session.get_one(Person, (record.organisation_id, by))
        payload |= {"owner_zh": name.name_zh, "owner_en": name.name_en}
    tell(told, kind, record, payload)
