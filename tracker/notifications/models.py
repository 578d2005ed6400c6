"""The outbox: messages written in the same transaction as the change they tell of."""

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Tenant, UTCDateTime, choice, refers


class MailState(enum.StrEnum):
    """How far the mail of a message has come. `skipped`: it stays in the application only."""

    WAITING = "waiting"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


class OutboxMessage(Tenant, Base):
    """A message to one person, waiting to be sent; `kind` names its template, `payload` fills it."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        refers("person_id", "people"),
        sa.Index("ix_outbox_messages_waiting", "organisation_id", "sent_at", "id"),
        sa.Index("ix_outbox_messages_person", "organisation_id", "person_id", "id"),
        sa.Index(
            "ix_outbox_messages_mail",
            "organisation_id",
            "id",
            sqlite_where=sa.text("mail = 'waiting'"),
            postgresql_where=sa.text("mail = 'waiting'"),
        ),
    )

    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(64))
    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    record_number: Mapped[int] = mapped_column(sa.Integer)
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    mail: Mapped[MailState] = mapped_column(choice(MailState, "mail_state"), default=MailState.WAITING)
    # Whoever sends it has claimed it until then; afterwards another may.
    claimed_by: Mapped[str] = mapped_column(sa.String(80), default="")
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # After a failure: not to be tried again before then, and what the mail server said.
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure: Mapped[str] = mapped_column(sa.String(300), default="")


class Notice(Tenant, Base):
    """Somebody has been told something about a record once: the row that keeps it from being told twice.

    `day` is what the notice is about: the due day of a reminder or an escalation, the day of a digest.
    """

    __tablename__ = "notices"
    __table_args__ = (
        refers("person_id", "people"),
        sa.UniqueConstraint(
            "organisation_id", "record_kind", "record_id", "kind", "day", "person_id", name="uq_notices_once"
        ),
    )

    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(64))
    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    day: Mapped[date] = mapped_column(sa.Date)
    told_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Lease(Base):
    """A duty that one process at a time holds, and what it has done last.

    It belongs to the installation, not to an organisation.
    """

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(80), default="")
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    done: Mapped[str] = mapped_column(sa.String(40), default="")
