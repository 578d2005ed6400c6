"""Tables of metrics, their targets and their monthly values."""

import enum
from datetime import datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scoring.roll_up import Rule
from tracker.database import Base, Exact, Numbered, Tenant, UTCDateTime, Versioned, choice, refers


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
    # How the values of the programmes become the one series of the site; empty when they are entered for the site.
    roll_up: Mapped[Rule | None] = mapped_column(choice(Rule, "roll_up"))
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
    # Entered before the figures were final: it counts, and it is marked wherever it is shown.
    provisional: Mapped[bool] = mapped_column(sa.Boolean, default=False)


class ProgrammeValue(Versioned, Tenant, Base):
    """What one programme measured in a month, of a metric whose series is rolled up from its programmes.

    The value is empty for a ratio of nothing to nothing: a programme without transactions in the month.
    """

    __tablename__ = "metric_programme_values"
    __table_args__ = (
        refers("metric_id", "metrics"),
        refers("unit_id", "units"),
        sa.UniqueConstraint(
            "organisation_id", "metric_id", "unit_id", "month", name="uq_metric_programme_values_month"
        ),
    )

    metric_id: Mapped[int] = mapped_column(sa.BigInteger)
    unit_id: Mapped[int] = mapped_column(sa.BigInteger)
    month: Mapped[str] = mapped_column(sa.String(7))
    value: Mapped[Fraction | None] = mapped_column(Exact)
    numerator: Mapped[Fraction | None] = mapped_column(Exact)
    denominator: Mapped[Fraction | None] = mapped_column(Exact)
    provisional: Mapped[bool] = mapped_column(sa.Boolean, default=False)


class Service(enum.StrEnum):
    """The kinds of service for which required metrics are listed."""

    ANY = "any"
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    WRITTEN = "written"
    CHAT = "chat"
    BACK_OFFICE = "back_office"


class ExhibitEntry(Versioned, Tenant, Base):
    """A line of an organisation's own list of metrics that a kind of service requires."""

    __tablename__ = "exhibit_entries"
    __table_args__ = (sa.Index("ix_exhibit_entries_item", "organisation_id", "item", "position"),)

    service: Mapped[Service] = mapped_column(choice(Service, "service"))
    item: Mapped[str] = mapped_column(sa.String(20))
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    position: Mapped[int] = mapped_column(sa.Integer, default=0)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)


class ExhibitSite(Versioned, Tenant, Base):
    """The services of a site, and who confirmed when that its list of required metrics is right.

    `confirmed_of` is the fingerprint of what was confirmed; a later change of the list shows by it.
    """

    __tablename__ = "exhibit_sites"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("confirmed_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "site_id"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    services: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_of: Mapped[str] = mapped_column(sa.String(64), default="")


class ExhibitAnswer(Versioned, Tenant, Base):
    """What answers a line of the list at a site: one of its metrics, or a reason why none is needed."""

    __tablename__ = "exhibit_answers"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("entry_id", "exhibit_entries"),
        refers("metric_id", "metrics"),
        sa.UniqueConstraint("organisation_id", "site_id", "entry_id"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    entry_id: Mapped[int] = mapped_column(sa.BigInteger)
    metric_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
