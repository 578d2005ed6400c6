"""Tables of organisations, sites, and the units in which an approach is deployed."""

import enum
import re
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Tenant, UTCDateTime, Versioned, choice, new_id, refers
from workflows.calendars import Holidays
from workflows.kinds import Grade
from workflows.schedule import Step

# Codes stand in addresses and in the keys of facts, so a slash or a space would break both.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class CspType(enum.StrEnum):
    """Whose customers a site serves; decides between requirement lines 2.1-2a and 2.1-2b."""

    THIRD_PARTY = "third_party"
    INTERNAL = "internal"


class UnitKind(enum.StrEnum):
    """The units that deployment is counted over: programmes, in category 3 key positions (C-13-DEP)."""

    PROGRAMME = "programme"
    KEY_POSITION = "key_position"


class Organisation(Base):
    """A company; the partition key of everything else."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False, default=new_id)
    slug: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    single_person: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Counter(Base):
    """The last number given to a record of each kind in an organisation."""

    __tablename__ = "counters"

    organisation_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    last: Mapped[int] = mapped_column(sa.Integer, default=0)


class Site(Versioned, Tenant, Base):
    """A place of work with a score of its own."""

    __tablename__ = "sites"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "code"),)

    code: Mapped[str] = mapped_column(sa.String(40))
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    csp_type: Mapped[CspType] = mapped_column(choice(CspType, "csp_type"))
    target_level: Mapped[int] = mapped_column(sa.SmallInteger, default=3)
    # Policy switches that differ from the defaults; the full set is stored with each run.
    policy: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)


class Unit(Versioned, Tenant, Base):
    """A programme or a key position of a site; facts and sheets name it by its code."""

    __tablename__ = "units"
    __table_args__ = (
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "site_id", "kind", "code"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[UnitKind] = mapped_column(choice(UnitKind, "unit_kind"))
    code: Mapped[str] = mapped_column(sa.String(60))
    name_zh: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    client: Mapped[str] = mapped_column(sa.String(200), default="")
    starts_on: Mapped[date | None] = mapped_column(sa.Date)
    ends_on: Mapped[date | None] = mapped_column(sa.Date)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)


class SiteSchedule(Versioned, Tenant, Base):
    """How a site counts days and whom it tells when they run out; sites without a row keep the defaults.

    The version covers its calendar days and terms, too: they are edited together.
    """

    __tablename__ = "site_schedules"
    __table_args__ = (
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "site_id"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The official calendar that the site's own days are laid over.
    holidays: Mapped[Holidays] = mapped_column(choice(Holidays, "holidays"))
    # Days of the week that are not worked; Monday is 0.
    weekend: Mapped[list[int]] = mapped_column(sa.JSON)
    # Days before a deadline to remind its owner; working days after it to tell manager and quality manager.
    remind_days: Mapped[int] = mapped_column(sa.SmallInteger)
    manager_after: Mapped[int] = mapped_column(sa.SmallInteger)
    quality_after: Mapped[int] = mapped_column(sa.SmallInteger)


class SiteCalendarDay(Tenant, Base):
    """A day on which a site differs from its official calendar: a holiday, or a day that is worked after all."""

    __tablename__ = "site_calendar_days"
    __table_args__ = (
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "site_id", "day"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    day: Mapped[date] = mapped_column(sa.Date)
    working: Mapped[bool] = mapped_column(sa.Boolean)
    name: Mapped[str] = mapped_column(sa.String(80), default="")


class SiteTerm(Tenant, Base):
    """How long a step may take at a site where that differs from E.4; without days, the step has no deadline."""

    __tablename__ = "site_terms"
    __table_args__ = (
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "site_id", "grade", "step"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    grade: Mapped[Grade] = mapped_column(choice(Grade, "term_grade"))
    step: Mapped[Step] = mapped_column(choice(Step, "term_step"))
    days: Mapped[int | None] = mapped_column(sa.SmallInteger)
    working: Mapped[bool] = mapped_column(sa.Boolean, default=False)
