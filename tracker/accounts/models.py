"""Tables of people, their roles, and refused sign-ins."""

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Tenant, UTCDateTime, Versioned, choice, new_id, refers


class Role(enum.StrEnum):
    """What a person may do at a site (or, granted without a site, at every one)."""

    ADMINISTRATOR = "administrator"
    QUALITY_MANAGER = "quality_manager"
    LEAD_AUDITOR = "lead_auditor"
    AUDITOR = "auditor"
    PROCESS_OWNER = "process_owner"
    ACTION_OWNER = "action_owner"
    APPROVER = "approver"
    VERIFIER = "verifier"
    ASSESSOR = "assessor"
    VIEWER = "viewer"


class MailWish(enum.StrEnum):
    """What somebody wants by mail: every message, one digest a day, or nothing."""

    EACH = "each"
    DIGEST = "digest"
    NONE = "none"


class Person(Versioned, Tenant, Base):
    """Somebody who signs in, owns, approves, audits or is told."""

    __tablename__ = "people"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "email"),
        sa.Index("ix_people_email", "email"),
        refers("manager_id", "people"),
    )

    email: Mapped[str] = mapped_column(sa.String(254))
    name_zh: Mapped[str] = mapped_column(sa.String(120))
    name_en: Mapped[str] = mapped_column(sa.String(120))
    title: Mapped[str] = mapped_column(sa.String(120), default="")
    password_hash: Mapped[str] = mapped_column(sa.String(255), default="")
    language: Mapped[str | None] = mapped_column(sa.String(8))
    theme: Mapped[str] = mapped_column(sa.String(8), default="auto")
    mail: Mapped[MailWish] = mapped_column(choice(MailWish, "mail_wish"), default=MailWish.EACH)
    manager_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    # Raised by a sign-out everywhere or a new password: older sessions lapse.
    session_epoch: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RoleGrant(Tenant, Base):
    """One role of one person, at one site or (site empty) at all."""

    __tablename__ = "role_grants"
    __table_args__ = (
        refers("person_id", "people"),
        refers("site_id", "sites"),
        sa.UniqueConstraint("organisation_id", "person_id", "site_id", "role"),
    )

    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    site_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    role: Mapped[Role] = mapped_column(choice(Role, "role"))


class SignInFailure(Base):
    """A refused sign-in; counted per address and e-mail before the organisation is known.

    The one table without an organisation: nobody has been recognised yet.
    """

    __tablename__ = "sign_in_failures"
    __table_args__ = (sa.Index("ix_sign_in_failures_subject", "subject", "at"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False, default=new_id)
    subject: Mapped[str] = mapped_column(sa.String(300))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
