"""Tables of non-conformities, the facts they pin and the elements they touch."""

from datetime import date, datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Exact, Numbered, Tenant, UTCDateTime, Versioned, choice, refers
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState


class Nonconformity(Versioned, Numbered, Tenant, Base):
    """A requirement that is not fulfilled, from its draft to its signed closure."""

    __tablename__ = "nonconformities"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("review_id", "reviews"),
        refers("owner_id", "people"),
        refers("raised_by_id", "people"),
        refers("void_requested_by_id", "people"),
        refers("repeat_of_id", "nonconformities"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_nonconformities_state", "organisation_id", "state", "number"),
        sa.Index("ix_nonconformities_site", "organisation_id", "site_id", "state", "number"),
        sa.Index("ix_nonconformities_owner", "organisation_id", "owner_id", "state", "number"),
        sa.Index("ix_nonconformities_element", "organisation_id", "element", "number"),
        sa.Index("ix_nonconformities_due", "organisation_id", "due_on", "number"),
        sa.Index("ix_nonconformities_review", "organisation_id", "review_id", "number"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_a_time"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    review_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[NonconformityState] = mapped_column(choice(NonconformityState, "nonconformity_state"))
    grade: Mapped[Grade] = mapped_column(choice(Grade, "grade"))
    source: Mapped[Source] = mapped_column(choice(Source, "source"))
    title: Mapped[str] = mapped_column(sa.String(200))
    statement: Mapped[str] = mapped_column(sa.Text, default="")
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    # The element it is filed under; every element it touches stands in nonconformity_links.
    element: Mapped[str] = mapped_column(sa.String(20), default="")
    unpinned_reason: Mapped[str] = mapped_column(sa.Text, default="")
    owner_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    raised_by_id: Mapped[int] = mapped_column(sa.BigInteger)
    effort: Mapped[Fraction] = mapped_column(Exact, default=Fraction(1))
    consequence: Mapped[str] = mapped_column(sa.Text, default="")
    correction: Mapped[str] = mapped_column(sa.Text, default="")
    correction_needed: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    no_correction_reason: Mapped[str] = mapped_column(sa.Text, default="")
    short_answer: Mapped[str] = mapped_column(sa.Text, default="")
    dispute_reason: Mapped[str] = mapped_column(sa.Text, default="")
    dispute_answer: Mapped[str] = mapped_column(sa.Text, default="")
    void_reason: Mapped[str] = mapped_column(sa.Text, default="")
    void_requested_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    repeat_of_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # The deadline of the step it is in now (E.4); set and cleared by every move.
    due_on: Mapped[date | None] = mapped_column(sa.Date)
    due_step: Mapped[str] = mapped_column(sa.String(32), default="")
    extensions: Mapped[int] = mapped_column(sa.Integer, default=0)
    not_effective: Mapped[int] = mapped_column(sa.Integer, default=0)
    # Points that closing it alone would bring today; renewed with every scoring run of its site.
    points_alone: Mapped[Fraction | None] = mapped_column(Exact)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # What the search reads: title, statement and number, with a space around each Chinese character.
    search_text: Mapped[str] = mapped_column(sa.Text, default="")


class Pin(Tenant, Base):
    """A fact that a non-conformity holds at "not met" while it is open (N-SCORE-1).

    `key` is the fact's key without a fact set, so that an open gap keeps carrying its fact into later reviews.
    For a metric the aspect is `cui`, `meets` or `improves`; for a SEE-CMM row `level` is what closure raises it to.
    `released_at` is set by the effective, signed closure, and cleared by a reopening.
    """

    __tablename__ = "pins"
    __table_args__ = (
        refers("nonconformity_id", "nonconformities"),
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "nonconformity_id", "standard", "key"),
        sa.Index("ix_pins_fact", "organisation_id", "site_id", "standard", "key"),
    )

    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    standard: Mapped[str] = mapped_column(sa.String(40))
    key: Mapped[str] = mapped_column(sa.String(160))
    element: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(20))
    subject: Mapped[str] = mapped_column(sa.String(80))
    aspect: Mapped[str] = mapped_column(sa.String(20), default="")
    level: Mapped[int | None] = mapped_column(sa.SmallInteger)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class NonconformityLink(Tenant, Base):
    """A COPC item or SEE-CMM criterion that a non-conformity touches, pinned or not."""

    __tablename__ = "nonconformity_links"
    __table_args__ = (
        refers("nonconformity_id", "nonconformities"),
        sa.UniqueConstraint("organisation_id", "nonconformity_id", "standard", "element"),
        sa.Index(
            "ix_nonconformity_links_element", "organisation_id", "standard", "element", "nonconformity_id"
        ),
    )

    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    standard: Mapped[str] = mapped_column(sa.String(40))
    element: Mapped[str] = mapped_column(sa.String(20))
