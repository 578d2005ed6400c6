"""Tables of reviews and of the facts that every score is computed from."""

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Numbered, Tenant, UTCDateTime, Versioned, choice, refers
from workflows.reviews import ReviewState


class Tier(enum.StrEnum):
    """Which points column and which items count."""

    STANDARD = "standard"
    GOLD = "gold"


class Review(Versioned, Numbered, Tenant, Base):
    """One review of the management system of a site (item 1.2)."""

    __tablename__ = "reviews"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("lead_auditor_id", "people"),
        refers("accepted_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_reviews_register", "organisation_id", "site_id", "state", "period_end"),
        sa.CheckConstraint("period_start <= period_end", name="period_in_order"),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'closed') OR reported_at IS NOT NULL", name="reported_has_a_time"
        ),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[ReviewState] = mapped_column(choice(ReviewState, "review_state"))
    title: Mapped[str] = mapped_column(sa.String(200))
    copc: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    see_cmm: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    tier: Mapped[Tier] = mapped_column(choice(Tier, "tier"))
    # Identifiers of the items and criteria in scope; empty means all of the standards and the tier.
    scope: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    period_start: Mapped[date] = mapped_column(sa.Date)
    period_end: Mapped[date] = mapped_column(sa.Date)
    planned_on: Mapped[date | None] = mapped_column(sa.Date)
    lead_auditor_id: Mapped[int] = mapped_column(sa.BigInteger)
    sampled_kcrp: Mapped[str] = mapped_column(sa.Text, default="")
    metric_list_confirmed: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    # Numbers of earlier non-conformities closed while this review was under way, their effect on it confirmed.
    confirmed_closures: Mapped[list[int]] = mapped_column(sa.JSON, default=list)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reported_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    accepted_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class FactSetKind(enum.StrEnum):
    """A review works on a copy of its own; the current set of a site carries the verified score.

    A report puts its facts in place of the current ones, which are kept as `replaced` and come back when the
    report is withdrawn; the facts it had brought are then kept as `withdrawn`.
    """

    REVIEW = "review"
    CURRENT = "current"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class FactSet(Versioned, Tenant, Base):
    """The facts of one site under one standard: a review's own copy, or the site's current ones."""

    __tablename__ = "fact_sets"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("review_id", "reviews"),
        refers("release_id", "catalogue_releases"),
        sa.Index(
            "uq_fact_sets_current",
            "organisation_id",
            "site_id",
            "standard",
            unique=True,
            sqlite_where=sa.text("kind = 'current'"),
            postgresql_where=sa.text("kind = 'current'"),
        ),
        sa.Index("ix_fact_sets_review", "organisation_id", "review_id", "standard"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[FactSetKind] = mapped_column(choice(FactSetKind, "fact_set_kind"))
    # The review that the facts were judged in; of the current set, the latest reported one.
    review_id: Mapped[int] = mapped_column(sa.BigInteger)
    standard: Mapped[str] = mapped_column(sa.String(40))
    release_id: Mapped[int] = mapped_column(sa.BigInteger)
    as_of: Mapped[date] = mapped_column(sa.Date)


class FactKind(enum.StrEnum):
    """What a fact is about."""

    LINE = "line"
    UNIT = "unit"
    METRIC = "metric"
    ROW = "row"
    WORD = "word"


class Fact(Versioned, Tenant, Base):
    """One fact with its note and evidence.

    `key` names it inside its set and is what non-conformities pin:
    `2.7/line/2.7-1`, `2.7/unit/loan`, `4.4/metric/recontact/meets_target`, `S1/row/feedback`, `4.7/word/compliant`.

    `value` by kind: line `met`, `not_met`, `not_applicable`; unit `full`, `partial`, `none`, `not_applicable`;
    metric (`collected`, `usable`, `integrity`, `meets_target`, `improving`) and word `yes`, `no`; row `0` to `4`.
    Empty means not judged yet.
    """

    __tablename__ = "facts"
    __table_args__ = (
        refers("fact_set_id", "fact_sets"),
        refers("judged_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "fact_set_id", "key"),
    )

    fact_set_id: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(160))
    element: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[FactKind] = mapped_column(choice(FactKind, "fact_kind"))
    subject: Mapped[str] = mapped_column(sa.String(80))
    aspect: Mapped[str] = mapped_column(sa.String(20), default="")
    value: Mapped[str] = mapped_column(sa.String(20), default="")
    improvement_approach: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    sampled: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    judged_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    judged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)


class Overrule(Versioned, Tenant, Base):
    """An assessor's score for one dimension, in place of the computed one, which is kept beside it (C-LINE)."""

    __tablename__ = "overrules"
    __table_args__ = (
        refers("fact_set_id", "fact_sets"),
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "fact_set_id", "element", "dimension"),
    )

    fact_set_id: Mapped[int] = mapped_column(sa.BigInteger)
    element: Mapped[str] = mapped_column(sa.String(20))
    dimension: Mapped[str] = mapped_column(sa.String(20))
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    reason: Mapped[str] = mapped_column(sa.Text)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class GapReason(Versioned, Tenant, Base):
    """Why an unmet fact of a review is carried by no non-conformity."""

    __tablename__ = "gap_reasons"
    __table_args__ = (
        refers("review_id", "reviews"),
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "review_id", "key"),
    )

    review_id: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(160))
    reason: Mapped[str] = mapped_column(sa.Text)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
