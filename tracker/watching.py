"""Who watches a record is told of what happens to it, in the transaction in which it happens."""

from collections.abc import Iterable
from functools import cache
from typing import Any

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
    asked = {"organisation": record.organisation_id, "kind": record.kind, "id": record.id}
    watchers = db.session.execute(_watchers_statement(), asked).scalars()
    told = [person for person in watchers if person != by and person not in set(but)]
    if not told:
        return
    payload = {"event": event, "title": text}
    if by is not None:
        name = db.session.get_one(Person, (record.organisation_id, by))
        payload |= {"owner_zh": name.name_zh, "owner_en": name.name_en}
    tell(told, kind, record, payload)


@cache
def _watchers_statement() -> Any:
    return sa.select(Watch.person_id).where(
        Watch.organisation_id == sa.bindparam("organisation"),
        Watch.record_kind == sa.bindparam("kind"),
        Watch.record_id == sa.bindparam("id"),
    )
