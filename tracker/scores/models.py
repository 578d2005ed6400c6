"""Tables of catalogue releases and of scoring runs, which are never changed."""

import enum
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Exact, Numbered, Tenant, UTCDateTime, choice, refers


class Cause(enum.StrEnum):
    """Why a scoring run was made."""

    BASELINE = "baseline"
    RAISED = "raised"
    CLOSED = "closed"
    REOPENED = "reopened"
    DATA = "data"
    SCOPE = "scope"
    OVERRULE = "overrule"
    VOIDED = "voided"
    WITHDRAWN = "withdrawn"
    RELEASE = "release"


class CatalogueRelease(Tenant, Base):
    """A release of a standard as an organisation uses it, whole, so that old runs keep theirs."""

    __tablename__ = "catalogue_releases"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "key"),)

    key: Mapped[str] = mapped_column(sa.String(80))
    standard: Mapped[str] = mapped_column(sa.String(40))
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    content: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ScoringRun(Numbered, Tenant, Base):
    """One immutable computation: release, switches, facts, result, cause, and a hash over all of them.

    `sheet` and `result` are canonical JSON, byte for byte what the hash was taken over.
    """

    __tablename__ = "scoring_runs"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("review_id", "reviews"),
        refers("nonconformity_id", "nonconformities"),
        refers("person_id", "people"),
        refers("release_id", "catalogue_releases"),
        refers("previous_id", "scoring_runs"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_scoring_runs_site", "organisation_id", "site_id", "standard", "tier", "number"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    standard: Mapped[str] = mapped_column(sa.String(40))
    release_id: Mapped[int] = mapped_column(sa.BigInteger)
    tier: Mapped[str] = mapped_column(sa.String(12), default="standard")
    cause: Mapped[Cause] = mapped_column(choice(Cause, "run_cause"))
    review_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    nonconformity_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    previous_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    as_of: Mapped[date] = mapped_column(sa.Date)
    total: Mapped[Fraction | None] = mapped_column(Exact)
    maximum: Mapped[Fraction] = mapped_column(Exact)
    verdict: Mapped[str] = mapped_column(sa.String(24), default="")
    level: Mapped[int | None] = mapped_column(sa.SmallInteger)
    sheet: Mapped[str] = mapped_column(sa.Text)
    result: Mapped[str] = mapped_column(sa.Text)
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Standing(Tenant, Base):
    """Where a site stands under a standard now: its newest run, and the totals that are never mixed with it.

    A read model, renewed in the transaction of every change that moves one of them, so that dashboards and
    roll-ups over many sites compute nothing.
    """

    __tablename__ = "standings"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("run_id", "scoring_runs"),
        refers("baseline_run_id", "scoring_runs"),
        sa.UniqueConstraint("organisation_id", "site_id", "standard"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    standard: Mapped[str] = mapped_column(sa.String(40))
    tier: Mapped[str] = mapped_column(sa.String(12))
    run_id: Mapped[int] = mapped_column(sa.BigInteger)
    baseline_run_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    baseline: Mapped[Fraction | None] = mapped_column(Exact)
    verified: Mapped[Fraction | None] = mapped_column(Exact)
    claimed: Mapped[Fraction | None] = mapped_column(Exact)
    projected: Mapped[Fraction | None] = mapped_column(Exact)
    maximum: Mapped[Fraction] = mapped_column(Exact)
    verdict: Mapped[str] = mapped_column(sa.String(24), default="")
    projected_verdict: Mapped[str] = mapped_column(sa.String(24), default="")
    level: Mapped[int | None] = mapped_column(sa.SmallInteger)
    projected_level: Mapped[int | None] = mapped_column(sa.SmallInteger)
    # Identifiers of the conditions of certification that do not hold, with what they need and have.
    unmet: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    renewed_at: Mapped[datetime] = mapped_column(UTCDateTime)
