"""Tables of comments, of who watches which record, and of who stands in for whom."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Tenant, UTCDateTime, refers


class Comment(Tenant, Base):
    """What somebody said about a record. Words are never changed; they can be withdrawn, and that shows."""

    __tablename__ = "comments"
    __table_args__ = (
        refers("person_id", "people"),
        sa.Index("ix_comments_record", "organisation_id", "record_kind", "record_id", "id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    text: Mapped[str] = mapped_column(sa.Text)
    # The people that it names, who were told.
    mentioned: Mapped[list[int]] = mapped_column(sa.JSON, default=list)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Watch(Tenant, Base):
    """Somebody wants to be told of every move and every comment of a record."""

    __tablename__ = "watches"
    __table_args__ = (
        refers("person_id", "people"),
        sa.UniqueConstraint(
            "organisation_id", "record_kind", "record_id", "person_id", name="uq_watches_once"
        ),
        sa.Index("ix_watches_person", "organisation_id", "person_id", "id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    record_number: Mapped[int] = mapped_column(sa.Integer)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    since: Mapped[datetime] = mapped_column(UTCDateTime)


class Delegation(Tenant, Base):
    """From one day to another, both included, a deputy stands in for somebody who is away.

    The deputy has that person's rights and that person's conflicts (N-SOD), and signs under the own name.
    """

    __tablename__ = "delegations"
    __table_args__ = (
        refers("person_id", "people"),
        refers("deputy_id", "people"),
        refers("made_by_id", "people"),
        sa.CheckConstraint("deputy_id <> person_id", name="another_person"),
        sa.CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        sa.Index("ix_delegations_deputy", "organisation_id", "deputy_id", "until_on"),
        sa.Index("ix_delegations_person", "organisation_id", "person_id", "until_on"),
    )

    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    deputy_id: Mapped[int] = mapped_column(sa.BigInteger)
    from_on: Mapped[date] = mapped_column(sa.Date)
    until_on: Mapped[date] = mapped_column(sa.Date)
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    made_by_id: Mapped[int] = mapped_column(sa.BigInteger)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
