"""Tables of non-conformities, the facts they pin and the elements they touch."""

from datetime import date, datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Exact, Numbered, Tenant, UTCDateTime, Versioned, choice, refers
from workflows.kinds import Grade, Source
from workflows.nonconformities import NONCONFORMITY, NonconformityState
from workflows.repeats import Relation, SimilarAnswer

# What a register sorts by, made by the database itself so that no write can forget it: the state's place in
# the life of a record, and the due day with "none" at the end.
_STATE_RANK = " ".join(f"WHEN '{state.id}' THEN {rank}" for rank, state in enumerate(NONCONFORMITY.states))
STATE_RANK = f"CASE state {_STATE_RANK} END"
DUE_RANK = "COALESCE(due_on, '9999-12-31')"


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
        refers("closure_approved_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "number"),
        # Every sort of the register ends with the number, so that a page is found by its first row alone.
        sa.Index("ix_nonconformities_state", "organisation_id", "state", "number"),
        sa.Index("ix_nonconformities_site", "organisation_id", "site_id", "number"),
        sa.Index("ix_nonconformities_site_state", "organisation_id", "site_id", "state", "number"),
        sa.Index("ix_nonconformities_site_due", "organisation_id", "site_id", "due_rank", "number"),
        sa.Index("ix_nonconformities_owner", "organisation_id", "owner_id", "number"),
        sa.Index("ix_nonconformities_owner_due", "organisation_id", "owner_id", "due_rank", "number"),
        sa.Index("ix_nonconformities_due", "organisation_id", "due_rank", "number"),
        sa.Index("ix_nonconformities_points", "organisation_id", "points_rank", "number"),
        sa.Index("ix_nonconformities_grade", "organisation_id", "grade", "number"),
        sa.Index("ix_nonconformities_source", "organisation_id", "source", "number"),
        sa.Index("ix_nonconformities_state_rank", "organisation_id", "state_rank", "number"),
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
    # A finding is upheld once; after that the owner cannot dispute it again.
    dispute_upheld: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    void_reason: Mapped[str] = mapped_column(sa.Text, default="")
    void_requested_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    repeat_of_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # The deadline of the step it is in now (E.4); set and cleared by every move.
    due_on: Mapped[date | None] = mapped_column(sa.Date)
    due_step: Mapped[str] = mapped_column(sa.String(32), default="")
    extensions: Mapped[int] = mapped_column(sa.Integer, default=0)
    # How often a follow-up audit sent it back.
    not_effective: Mapped[int] = mapped_column(sa.Integer, default=0)
    # The follow-up answers that stand; empty again as soon as it is sent back.
    answered_implemented: Mapped[bool | None] = mapped_column(sa.Boolean)
    answered_effective: Mapped[bool | None] = mapped_column(sa.Boolean)
    closure_approved_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    closed_short: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    # Points that closing it alone would bring today; renewed with every scoring run of its site.
    points_alone: Mapped[Fraction | None] = mapped_column(Exact)
    # The same in millionths, rounded down, for sorting only.
    points_rank: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    state_rank: Mapped[int] = mapped_column(sa.SmallInteger, sa.Computed(STATE_RANK, persisted=True))
    due_rank: Mapped[date] = mapped_column(sa.Date, sa.Computed(DUE_RANK, persisted=True))
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # What the search reads: title, statement and number, with a space around each Chinese character.
    search_text: Mapped[str] = mapped_column(sa.Text, default="")


class Pin(Tenant, Base):
    """A fact that a non-conformity holds at "not met" while it is open (N-SCORE-1).

    `key` is the fact's key without a fact set, so that an open gap carries its fact into later reviews.
    For a metric the aspect is `cui`, `meets` or `improves`; for a SEE-CMM row, closure raises it to `level`.
    `released_at` is set by the effective, signed closure, and cleared by a reopening. Before a void, each pin
    is settled: by another record that carries it, by an assessor's word, or by a reason.
    """

    __tablename__ = "pins"
    __table_args__ = (
        refers("nonconformity_id", "nonconformities"),
        refers("site_id", "sites"),
        refers("judged_by_id", "people"),
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
    settled_reason: Mapped[str] = mapped_column(sa.Text, default="")
    # An assessor's word on the fact, which takes effect by a run of its own when the record is void.
    judged_value: Mapped[str] = mapped_column(sa.String(20), default="")
    judged_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)


class NonconformityLink(Tenant, Base):
    """A COPC item or SEE-CMM criterion that a non-conformity touches, pinned or not."""

    __tablename__ = "nonconformity_links"
    __table_args__ = (
        refers("nonconformity_id", "nonconformities"),
        sa.UniqueConstraint("organisation_id", "nonconformity_id", "standard", "element"),
        sa.Index("ix_nonconformity_links_element", "organisation_id", "element", "number"),
    )

    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    standard: Mapped[str] = mapped_column(sa.String(40))
    element: Mapped[str] = mapped_column(sa.String(20))
    # The record's number, so that the register of one element is read in its order.
    number: Mapped[int] = mapped_column(sa.Integer)


class NonconformityRelation(Tenant, Base):
    """Two records that belong together: a duplicate and the one kept, a part and the whole it was split from,
    a similar case and the one that it was looked for from. A record is the first of a pair once for each kind.
    """

    __tablename__ = "nonconformity_relations"
    __table_args__ = (
        refers("nonconformity_id", "nonconformities"),
        refers("other_id", "nonconformities"),
        sa.UniqueConstraint(
            "organisation_id", "nonconformity_id", "kind", name="uq_nonconformity_relations_one_of_a_kind"
        ),
        sa.Index("ix_nonconformity_relations_other", "organisation_id", "other_id"),
        sa.CheckConstraint("nonconformity_id <> other_id", name="not_itself"),
    )

    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    other_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[Relation] = mapped_column(choice(Relation, "relation_kind"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class SimilarCase(Versioned, Tenant, Base):
    """A place where the same thing is looked for, and what was found there (ISO 9001 10.2.1b)."""

    __tablename__ = "similar_cases"
    __table_args__ = (
        refers("nonconformity_id", "nonconformities"),
        refers("raised_id", "nonconformities"),
        refers("site_id", "sites"),
        refers("unit_id", "units"),
        refers("asked_by_id", "people"),
        refers("answered_by_id", "people"),
        sa.Index("ix_similar_cases_nonconformity", "organisation_id", "nonconformity_id"),
        sa.Index("ix_similar_cases_raised", "organisation_id", "raised_id"),
        sa.CheckConstraint("(answer = 'asked') = (answered_at IS NULL)", name="answered_at_a_time"),
    )

    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    # A programme or key position of the site; empty: the site as a whole.
    unit_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    answer: Mapped[SimilarAnswer] = mapped_column(choice(SimilarAnswer, "similar_case_answer"))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    asked_by_id: Mapped[int] = mapped_column(sa.BigInteger)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The record that carries what was found there.
    raised_id: Mapped[int | None] = mapped_column(sa.BigInteger)
