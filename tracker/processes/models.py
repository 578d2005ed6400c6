"""Tables of key processes, the metrics that speak of them, and their sampled audits."""

import enum
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Numbered, Tenant, Versioned, choice, refers


class ProcessKind(enum.StrEnum):
    """Whether a process touches end users or clients itself, or lets the entity run those that do."""

    KCRP = "kcrp"
    KSP = "ksp"


class AuditResult(enum.StrEnum):
    """What a sampled audit found: is the process run as its procedure says?"""

    FOLLOWED = "followed"
    DEVIATIONS = "deviations"
    NOT_FOLLOWED = "not_followed"


class Process(Versioned, Numbered, Tenant, Base):
    """A key customer-related or key support process of a site."""

    __tablename__ = "processes"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("unit_id", "units"),
        refers("owner_id", "people"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_processes_site", "organisation_id", "site_id", "kind", "number"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The programme it is run for; empty when it is the same for the whole site.
    unit_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    kind: Mapped[ProcessKind] = mapped_column(choice(ProcessKind, "kind"))
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    # Where its procedure is written: a document number, an address.
    procedure: Mapped[str] = mapped_column(sa.String(400), default="")
    owner_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # How many months a sampled audit keeps; after that the next one is overdue.
    audit_months: Mapped[int] = mapped_column(sa.Integer, default=12)
    # Run by a supplier; its results still count as the entity's own.
    outsourced: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)


class ProcessMetric(Tenant, Base):
    """A metric that speaks of a process."""

    __tablename__ = "process_metrics"
    __table_args__ = (
        refers("process_id", "processes"),
        refers("metric_id", "metrics"),
        sa.UniqueConstraint("organisation_id", "process_id", "metric_id"),
    )

    process_id: Mapped[int] = mapped_column(sa.BigInteger)
    metric_id: Mapped[int] = mapped_column(sa.BigInteger)


class ProcessAudit(Versioned, Tenant, Base):
    """A sampled audit of a process against its procedure."""

    __tablename__ = "process_audits"
    __table_args__ = (
        refers("process_id", "processes"),
        refers("auditor_id", "people"),
        sa.Index("ix_process_audits_process", "organisation_id", "process_id", "audited_on"),
    )

    process_id: Mapped[int] = mapped_column(sa.BigInteger)
    audited_on: Mapped[date] = mapped_column(sa.Date)
    auditor_id: Mapped[int] = mapped_column(sa.BigInteger)
    result: Mapped[AuditResult] = mapped_column(choice(AuditResult, "result"))
    sample: Mapped[str] = mapped_column(sa.Text)
    # The checklist that was used: a document number, a file's name or address.
    checklist: Mapped[str] = mapped_column(sa.String(400), default="")
    notes: Mapped[str] = mapped_column(sa.Text, default="")
