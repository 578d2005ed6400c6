"""A form is taken once: sent twice, or sent again after a lost answer, it gets the first answer again.

Every form that posts carries a key that was made for it; the macros see to that. The key is written in the
transaction of what the form does, so that of two at once the database lets one wait for the other, and a refused
form leaves no trace.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, request
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from tracker import clock, conflicts
from tracker.database import Base, Tenant, UTCDateTime, db, new_id, refers, upsert
from tracker.errors import Conflict
from tracker.i18n import gettext as _
from tracker.permissions import Actor

FIELD = "once"
KEPT = timedelta(days=1)
SWEPT = 200
"""Keys that have run out are swept away this many at a time, by whoever writes the next one."""
_UNSAID = frozenset({FIELD, "csrf_token"})


class Submission(Tenant, Base):
    """A form that was taken, and where its answer led."""

    __tablename__ = "submissions"
    __table_args__ = (
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "person_id", "key"),
        sa.Index("ix_submissions_at", "organisation_id", "at"),
    )

    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(64))
    # What was sent, so that a key that comes back with other words is not taken for the same form.
    content: Mapped[str] = mapped_column(sa.String(64))
    location: Mapped[str] = mapped_column(sa.String(400), default="")
    message: Mapped[str] = mapped_column(sa.String(400), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True)
class Answer:
    """Where the answer to a form leads, and what it says; empty where the route knows it without the form."""

    location: str = ""
    message: str = ""


def once(actor: Actor, change: Callable[[], object], row: Any = None) -> Answer:
    """Make the change of a form and commit it; a form that was taken before changes nothing more.

    A change may hand back the Answer it leads to, which is the answer of the same form again. Raises what the
    change raises, and Conflict where another wrote the same rows meanwhile; of `row` it tells who.
    """
    key = sent_key()
    try:
        first = claim(actor, key, sent_content())
        if first is not None:
            again = Answer(first.location, first.message)
            db.session.rollback()
            return again
        made = change()
        answer = made if isinstance(made, Answer) else Answer()
        keep(actor, key, answer.location, answer.message)
        db.session.commit()
    except StaleDataError:
        db.session.rollback()
        raise Conflict(_somebody() if row is None else conflicts.explain(row)) from None
    return answer


def _somebody() -> str:
    return _("Somebody else changed this record in the meantime. Nothing of yours was written.")


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)


def sent_key() -> str:
    """The key that the form of this request carries; empty for one without."""
    key = request.form.get(FIELD, "").strip()
    return key if len(key) <= 64 else ""


def sent_content() -> str:
    """A digest of where the form was sent to and of all it says; keyed, so that nobody can try words on it."""
    said = sorted((name, value) for name, value in request.form.items(multi=True) if name not in _UNSAID)
    text = repr((request.path, request.query_string, said))
    return hmac.new(current_app.config["SECRET_KEY"].encode(), text.encode(), hashlib.sha256).hexdigest()


def claim(actor: Actor, key: str, content: str) -> Submission | None:
    """Take the key for this transaction; the first answer where it has been taken before.

    Raises Conflict where the same key comes with other words: the form was changed after it had been sent.
    """
    if not key:
        return None
    now = clock.now()
    row = {
        "organisation_id": actor.organisation_id,
        "id": new_id(),
        "person_id": actor.person_id,
        "key": key,
        "content": content,
        "location": "",
        "message": "",
        "at": now,
    }
    taking = upsert(Submission).values(row).on_conflict_do_nothing().returning(Submission.id)
    if db.session.execute(taking).scalar_one_or_none() is not None:
        _sweep(actor.organisation_id, now - KEPT)
        return None
    first = db.session.execute(
        sa.select(Submission).where(
            Submission.organisation_id == actor.organisation_id,
            Submission.person_id == actor.person_id,
            Submission.key == key,
        )
    ).scalar_one()
    if first.content != content:
        raise Conflict(
            _(
                "This form has been sent before, with other words, and was written then. Send it again to go on."
            )
        )
    return first


def answered_before(actor: Actor) -> Answer | None:
    """The answer that this very form has had, where it was taken before; for one that can no longer be sent at all."""
    key = sent_key()
    if not key:
        return None
    first = db.session.execute(
        sa.select(Submission).where(
            Submission.organisation_id == actor.organisation_id,
            Submission.person_id == actor.person_id,
            Submission.key == key,
            Submission.content == sent_content(),
        )
    ).scalar_one_or_none()
    return None if first is None else Answer(first.location, first.message)


def keep(actor: Actor, key: str, location: str, message: str) -> None:
    """Note the answer that the form of this key gets, in the transaction of what it did."""
    if not key or not (location or message):
        return
    db.session.execute(
        sa.update(Submission)
        .where(
            Submission.organisation_id == actor.organisation_id,
            Submission.person_id == actor.person_id,
            Submission.key == key,
        )
        .values(location=location[:400], message=message[:400])
    )


def _sweep(organisation_id: int, before: datetime) -> None:
    old = (
        sa.select(Submission.id)
        .where(Submission.organisation_id == organisation_id, Submission.at < before)
        .limit(SWEPT)
        # Two who sweep at once take different ones, and wait for nobody.
        .with_for_update(skip_locked=True)
    )
    db.session.execute(
        sa.delete(Submission)
        .where(Submission.organisation_id == organisation_id, Submission.id.in_(old.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )


def init_app(app: Flask) -> None:
    """Give the templates `once()`, the key of a form."""
    app.jinja_env.globals["once"] = new_key
