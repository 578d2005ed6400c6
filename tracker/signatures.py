"""Electronic signatures: the password again, printed name, UTC time, meaning, and a hash of what was signed."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker import clock
from tracker.accounts.models import Person
from tracker.accounts.passwords import matches
from tracker.database import Base, Tenant, UTCDateTime, add, db, refers
from tracker.errors import WrongPassword
from tracker.history import Record, canonical
from tracker.permissions import Actor


class Signature(Tenant, Base):
    """Who signed which version of a record, when, and what the signature means. Rows are only ever added."""

    __tablename__ = "signatures"
    __table_args__ = (
        refers("person_id", "people"),
        sa.Index("ix_signatures_record", "organisation_id", "record_kind", "record_id", "id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    record_version: Mapped[int] = mapped_column(sa.Integer)
    event: Mapped[str] = mapped_column(sa.String(64))
    # The meaning in both languages, as it was shown when the person signed.
    meaning_zh: Mapped[str] = mapped_column(sa.String(200))
    meaning_en: Mapped[str] = mapped_column(sa.String(200))
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    printed_name: Mapped[str] = mapped_column(sa.String(250))
    signed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    # False where only the single-person switch let the signer sign (N-SOD 5).
    segregated: Mapped[bool] = mapped_column(sa.Boolean, default=True)


def content_hash(content: object) -> str:
    """SHA-256 over the canonical JSON of what the signer saw."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def sign(
    record: Record,
    version: int,
    event: str,
    meaning: tuple[str, str],
    content: object,
    actor: Actor,
    password: str,
    *,
    segregated: bool = True,
) -> Signature:
    """Sign `content` as `actor`, who gives the password once more; `meaning` is (zh, en).

    Raises WrongPassword, in which case nothing is written.
    """
    person = db.session.get_one(Person, (actor.organisation_id, actor.person_id))
    if not matches(person.password_hash, password):
        raise WrongPassword
    return add(
        Signature(
            organisation_id=record.organisation_id,
            record_kind=record.kind,
            record_id=record.id,
            record_version=version,
            event=event,
            meaning_zh=meaning[0],
            meaning_en=meaning[1],
            person_id=actor.person_id,
            printed_name=person.name_zh
            if person.name_zh == person.name_en
            else f"{person.name_zh} {person.name_en}",
            signed_at=clock.now(),
            content_hash=content_hash(content),
            segregated=segregated,
        )
    )
