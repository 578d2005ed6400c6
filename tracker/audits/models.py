"""Tables of follow-up audits and of their two answers for each non-conformity."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Numbered, Tenant, UTCDateTime, Versioned, choice, refers
from workflows.audits import AuditState
from workflows.kinds import AuditMode, AuditPurpose


class Audit(Versioned, Numbered, Tenant, Base):
    """A follow-up audit of one or more non-conformities."""

    __tablename__ = "audits"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("auditor_id", "people"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_audits_state", "organisation_id", "state", "planned_on"),
        sa.Index("ix_audits_site", "organisation_id", "site_id", "state", "planned_on"),
        sa.Index("ix_audits_auditor", "organisation_id", "auditor_id", "state", "planned_on"),
        sa.CheckConstraint("(state = 'concluded') = (concluded_at IS NOT NULL)", name="concluded_has_a_time"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[AuditState] = mapped_column(choice(AuditState, "audit_state"))
    purpose: Mapped[AuditPurpose] = mapped_column(choice(AuditPurpose, "audit_purpose"))
    mode: Mapped[AuditMode] = mapped_column(choice(AuditMode, "audit_mode"))
    desk_reason: Mapped[str] = mapped_column(sa.Text, default="")
    auditor_id: Mapped[int] = mapped_column(sa.BigInteger)
    planned_on: Mapped[date] = mapped_column(sa.Date)
    extensions: Mapped[int] = mapped_column(sa.Integer, default=0)
    sample: Mapped[str] = mapped_column(sa.Text, default="")
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    concluded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AuditVerdict(Versioned, Tenant, Base):
    """Implemented? Effective? — answered for one non-conformity; empty means not answered yet."""

    __tablename__ = "audit_verdicts"
    __table_args__ = (
        refers("audit_id", "audits"),
        refers("nonconformity_id", "nonconformities"),
        sa.UniqueConstraint("organisation_id", "audit_id", "nonconformity_id"),
        sa.Index("ix_audit_verdicts_nonconformity", "organisation_id", "nonconformity_id"),
    )

    audit_id: Mapped[int] = mapped_column(sa.BigInteger)
    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    implemented: Mapped[bool | None] = mapped_column(sa.Boolean)
    effective: Mapped[bool | None] = mapped_column(sa.Boolean)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    evidence: Mapped[str] = mapped_column(sa.Text, default="")


class AuditCheck(Versioned, Tenant, Base):
    """A line of the checklist, drawn from the plan when the audit is scheduled."""

    __tablename__ = "audit_checks"
    __table_args__ = (
        refers("audit_id", "audits"),
        refers("task_id", "tasks"),
        sa.Index("ix_audit_checks_audit", "organisation_id", "audit_id"),
    )

    audit_id: Mapped[int] = mapped_column(sa.BigInteger)
    task_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    text: Mapped[str] = mapped_column(sa.String(500))
    # Empty: not looked at yet; otherwise `yes`, `no` or `not_applicable`.
    answer: Mapped[str] = mapped_column(sa.String(20), default="")
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    position: Mapped[int] = mapped_column(sa.Integer, default=0)
