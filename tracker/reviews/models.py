"""Tables of reviews and of the facts that every score is computed from."""

import enum
from datetime import date, datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Exact, Numbered, Tenant, UTCDateTime, Versioned, choice, refers
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
    # Taken over from the last report and not yet confirmed for this review.
    carried: Mapped[bool] = mapped_column(sa.Boolean, default=False)
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


class ReviewOrigin(Tenant, Base):
    """The reported review whose facts another one took over as its starting point."""

    __tablename__ = "review_origins"
    __table_args__ = (
        refers("review_id", "reviews"),
        refers("from_review_id", "reviews"),
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "review_id"),
    )

    review_id: Mapped[int] = mapped_column(sa.BigInteger)
    from_review_id: Mapped[int] = mapped_column(sa.BigInteger)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class AssignmentState(enum.StrEnum):
    """How far an auditor's work on an item is."""

    ASSIGNED = "assigned"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class Assignment(Versioned, Tenant, Base):
    """An item or criterion of a review that one auditor works on, and whether the lead has taken the work."""

    __tablename__ = "review_assignments"
    __table_args__ = (
        refers("review_id", "reviews"),
        refers("auditor_id", "people"),
        sa.UniqueConstraint("organisation_id", "review_id", "element"),
        sa.Index("ix_review_assignments_auditor", "organisation_id", "auditor_id", "state"),
    )

    review_id: Mapped[int] = mapped_column(sa.BigInteger)
    element: Mapped[str] = mapped_column(sa.String(20))
    auditor_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[AssignmentState] = mapped_column(choice(AssignmentState, "assignment_state"))
    # What the lead wrote when the work went back.
    comment: Mapped[str] = mapped_column(sa.Text, default="")
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Calibration(Versioned, Tenant, Base):
    """An item that two auditors judge without seeing each other's verdicts; the lead settles what differs."""

    __tablename__ = "calibrations"
    __table_args__ = (
        refers("review_id", "reviews"),
        refers("first_id", "people"),
        refers("second_id", "people"),
        refers("settled_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "review_id", "element"),
        sa.CheckConstraint("first_id <> second_id", name="two_people"),
    )

    review_id: Mapped[int] = mapped_column(sa.BigInteger)
    element: Mapped[str] = mapped_column(sa.String(20))
    first_id: Mapped[int] = mapped_column(sa.BigInteger)
    second_id: Mapped[int] = mapped_column(sa.BigInteger)
    first_done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    second_done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class BlindVerdict(Tenant, Base):
    """What one of the two says of one fact; it counts for nothing before it is settled."""

    __tablename__ = "blind_verdicts"
    __table_args__ = (
        refers("calibration_id", "calibrations"),
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "calibration_id", "person_id", "key"),
    )

    calibration_id: Mapped[int] = mapped_column(sa.BigInteger)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(160))
    value: Mapped[str] = mapped_column(sa.String(20), default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    evidence: Mapped[str] = mapped_column(sa.Text, default="")


class ReviewSample(Versioned, Tenant, Base):
    """The sampled audit of a key customer-related process that a review rests on (1.2, explanation)."""

    __tablename__ = "review_samples"
    __table_args__ = (
        refers("review_id", "reviews"),
        refers("process_id", "processes"),
        refers("auditor_id", "people"),
        sa.Index("ix_review_samples_review", "organisation_id", "review_id"),
    )

    review_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The process in the register, where it stands there; its name as it was then stays beside it.
    process_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    process: Mapped[str] = mapped_column(sa.String(200))
    sampled_on: Mapped[date] = mapped_column(sa.Date)
    auditor_id: Mapped[int] = mapped_column(sa.BigInteger)
    sample: Mapped[str] = mapped_column(sa.Text)
    conclusion: Mapped[str] = mapped_column(sa.Text, default="")


class SampleAnswer(enum.StrEnum):
    """What the sample showed for one line of the checklist."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"


class SampleCheck(Versioned, Tenant, Base):
    """A line of the checklist of a sampled audit."""

    __tablename__ = "review_sample_checks"
    __table_args__ = (
        refers("sample_id", "review_samples"),
        sa.Index("ix_review_sample_checks_sample", "organisation_id", "sample_id", "position"),
    )

    sample_id: Mapped[int] = mapped_column(sa.BigInteger)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)
    # The line of item 2.2 that it speaks of; empty for a question of one's own.
    line: Mapped[str] = mapped_column(sa.String(40), default="")
    question: Mapped[str] = mapped_column(sa.Text)
    answer: Mapped[SampleAnswer | None] = mapped_column(choice(SampleAnswer, "sample_answer"))
    note: Mapped[str] = mapped_column(sa.Text, default="")


class ExternalState(enum.StrEnum):
    """Where an external audit stands."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class ExternalVerdict(enum.StrEnum):
    """What the body said."""

    PASSED = "passed"
    CONDITIONAL = "conditional"
    FAILED = "failed"


class ExternalAudit(Versioned, Numbered, Tenant, Base):
    """An audit of a site by somebody outside the organisation: planned, then held with its verdict."""

    __tablename__ = "external_audits"
    __table_args__ = (
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_external_audits_site", "organisation_id", "site_id", "planned_on"),
        sa.CheckConstraint("(state = 'held') = (held_on IS NOT NULL)", name="held_has_a_day"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[ExternalState] = mapped_column(choice(ExternalState, "external_state"))
    body: Mapped[str] = mapped_column(sa.String(160))
    # The standard in the body's words; `beside` is the one of ours that its verdict can stand beside.
    standard: Mapped[str] = mapped_column(sa.String(120))
    beside: Mapped[str] = mapped_column(sa.String(40), default="")
    planned_on: Mapped[date] = mapped_column(sa.Date)
    held_on: Mapped[date | None] = mapped_column(sa.Date)
    verdict: Mapped[ExternalVerdict | None] = mapped_column(choice(ExternalVerdict, "external_verdict"))
    score: Mapped[Fraction | None] = mapped_column(Exact)
    maximum: Mapped[Fraction | None] = mapped_column(Exact)
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ExternalFinding(Tenant, Base):
    """A non-conformity that an external audit found."""

    __tablename__ = "external_findings"
    __table_args__ = (
        refers("external_audit_id", "external_audits"),
        refers("nonconformity_id", "nonconformities"),
        sa.UniqueConstraint("organisation_id", "nonconformity_id"),
        sa.Index("ix_external_findings_audit", "organisation_id", "external_audit_id"),
    )

    external_audit_id: Mapped[int] = mapped_column(sa.BigInteger)
    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
