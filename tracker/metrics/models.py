"""Tables of metrics, their targets and their monthly values."""

import enum
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Exact, Numbered, Tenant, Versioned, choice, refers


class Better(enum.StrEnum):
    """The good direction of a metric."""

    HIGHER = "higher"
    LOWER = "lower"
    RANGE = "range"


class Metric(Versioned, Numbered, Tenant, Base):
    """A metric of a category 4 item; sheets and facts name it by its code."""

    __tablename__ = "metrics"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("unit_id", "units"),
        refers("owner_id", "people"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.UniqueConstraint("organisation_id", "site_id", "item", "code"),
        sa.Index("ix_metrics_site", "organisation_id", "site_id", "item", "position"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The programme it is kept for; empty when it is kept once for the whole site.
    unit_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    item: Mapped[str] = mapped_column(sa.String(20))
    code: Mapped[str] = mapped_column(sa.String(60))
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    required: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    better: Mapped[Better | None] = mapped_column(choice(Better, "better"))
    measure: Mapped[str] = mapped_column(sa.String(20), default="")
    owner_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)


class MetricTarget(Versioned, Tenant, Base):
    """A target in force from a month (`2026-01`) on: one number, or for a range its two ends in `low` and `high`."""

    __tablename__ = "metric_targets"
    __table_args__ = (
        refers("metric_id", "metrics"),
        sa.UniqueConstraint("organisation_id", "metric_id", "from_month"),
    )

    metric_id: Mapped[int] = mapped_column(sa.BigInteger)
    from_month: Mapped[str] = mapped_column(sa.String(7))
    value: Mapped[Fraction | None] = mapped_column(Exact)
    low: Mapped[Fraction | None] = mapped_column(Exact)
    high: Mapped[Fraction | None] = mapped_column(Exact)


class MetricValue(Versioned, Tenant, Base):
    """The value of one month, exact as it was typed."""

    __tablename__ = "metric_values"
    __table_args__ = (
        refers("metric_id", "metrics"),
        sa.UniqueConstraint("organisation_id", "metric_id", "month"),
    )

    metric_id: Mapped[int] = mapped_column(sa.BigInteger)
    month: Mapped[str] = mapped_column(sa.String(7))
    value: Mapped[Fraction] = mapped_column(Exact)
    numerator: Mapped[Fraction | None] = mapped_column(Exact)
    denominator: Mapped[Fraction | None] = mapped_column(Exact)
