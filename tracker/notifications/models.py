"""The outbox: messages written in the same transaction as the change they tell of."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Tenant, UTCDateTime, refers


class OutboxMessage(Tenant, Base):
    """A message to one person, waiting to be sent; `kind` names its template, `payload` fills it."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        refers("person_id", "people"),
        sa.Index("ix_outbox_messages_waiting", "organisation_id", "sent_at", "id"),
        sa.Index("ix_outbox_messages_person", "organisation_id", "person_id", "id"),
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
