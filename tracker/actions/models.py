"""Tables of corrective actions: the case, its causes, its tasks, and what it answers."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Exact, Numbered, Tenant, UTCDateTime, Versioned, choice, refers
from workflows.actions import ActionState
from workflows.kinds import CauseKind, TaskState, VerificationMethod


class Action(Versioned, Numbered, Tenant, Base):
    """One structured problem-solving case (item 2.3); an entry of the action log."""

    __tablename__ = "actions"
    __table_args__ = (
        refers("site_id", "sites"),
        refers("owner_id", "people"),
        refers("approver_id", "people"),
        refers("metric_id", "metrics"),
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_actions_state", "organisation_id", "state", "number"),
        sa.Index("ix_actions_site", "organisation_id", "site_id", "state", "number"),
        sa.Index("ix_actions_owner", "organisation_id", "owner_id", "state", "number"),
        sa.Index("ix_actions_due", "organisation_id", "due_on", "number"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_a_time"),
        sa.CheckConstraint("window_days IS NULL OR window_days >= 0", name="window_not_negative"),
    )

    site_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[ActionState] = mapped_column(choice(ActionState, "action_state"))
    title: Mapped[str] = mapped_column(sa.String(200))
    owner_id: Mapped[int] = mapped_column(sa.BigInteger)
    # Define: what, where, since when, how much.
    problem_what: Mapped[str] = mapped_column(sa.Text, default="")
    problem_where: Mapped[str] = mapped_column(sa.Text, default="")
    problem_since: Mapped[date | None] = mapped_column(sa.Date)
    problem_extent: Mapped[str] = mapped_column(sa.Text, default="")
    metric_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    analysis: Mapped[str] = mapped_column(sa.Text, default="")
    # The ribs of its fishbone, head first; empty: those of the 8P.
    ribs: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")
    # Plan: fixed before doing, frozen at approval.
    solution: Mapped[str] = mapped_column(sa.Text, default="")
    criterion: Mapped[str] = mapped_column(sa.Text, default="")
    window_days: Mapped[int | None] = mapped_column(sa.Integer)
    effort: Mapped[Fraction] = mapped_column(Exact, default=Fraction(1))
    approver_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Implement.
    documents_updated: Mapped[bool | None] = mapped_column(sa.Boolean)
    documents_note: Mapped[str] = mapped_column(sa.Text, default="")
    read_across: Mapped[str] = mapped_column(sa.Text, default="")
    implemented_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Monitor and keep the gain.
    window_ends_on: Mapped[date | None] = mapped_column(sa.Date)
    effect_result: Mapped[str] = mapped_column(sa.Text, default="")
    # Judged on the data of the window; empty: not judged in this round.
    criterion_met: Mapped[bool | None] = mapped_column(sa.Boolean)
    standardised: Mapped[str] = mapped_column(sa.Text, default="")
    # The attempt it is in: analysing again after "not effective" or a reopening begins the next one.
    round: Mapped[int] = mapped_column(sa.Integer, default=1)
    returned: Mapped[int] = mapped_column(sa.Integer, default=0)
    not_effective: Mapped[int] = mapped_column(sa.Integer, default=0)
    # The day from which the deadlines of this attempt run.
    began_on: Mapped[date] = mapped_column(sa.Date)
    due_on: Mapped[date | None] = mapped_column(sa.Date)
    due_step: Mapped[str] = mapped_column(sa.String(32), default="")
    extensions: Mapped[int] = mapped_column(sa.Integer, default=0)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ActionNonconformity(Tenant, Base):
    """Which non-conformities an action answers, many to many, and what the follow-up answered for each.

    `implemented` and `effective` hold the latest signed answer of this round; an "effective" stays when the
    action returns for another non-conformity, so that this one can close meanwhile.
    """

    __tablename__ = "action_nonconformities"
    __table_args__ = (
        refers("action_id", "actions"),
        refers("nonconformity_id", "nonconformities"),
        sa.UniqueConstraint("organisation_id", "action_id", "nonconformity_id"),
        sa.Index("ix_action_nonconformities_nonconformity", "organisation_id", "nonconformity_id"),
    )

    action_id: Mapped[int] = mapped_column(sa.BigInteger)
    nonconformity_id: Mapped[int] = mapped_column(sa.BigInteger)
    implemented: Mapped[bool | None] = mapped_column(sa.Boolean)
    effective: Mapped[bool | None] = mapped_column(sa.Boolean)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Cause(Versioned, Tenant, Base):
    """A statement in the cause tree, answering why the one above it happened."""

    __tablename__ = "causes"
    __table_args__ = (
        refers("action_id", "actions"),
        refers("parent_id", "causes"),
        refers("verified_by_id", "people"),
        sa.Index("ix_causes_action", "organisation_id", "action_id"),
        sa.CheckConstraint("(verified_at IS NULL) = (verified_by_id IS NULL)", name="verified_by_somebody"),
    )

    action_id: Mapped[int] = mapped_column(sa.BigInteger)
    parent_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    text: Mapped[str] = mapped_column(sa.Text)
    # Empty for a why on the way to a cause.
    kind: Mapped[CauseKind | None] = mapped_column(choice(CauseKind, "cause_kind"))
    rib: Mapped[str] = mapped_column(sa.String(40), default="")
    controllable: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    method: Mapped[VerificationMethod | None] = mapped_column(
        choice(VerificationMethod, "verification_method")
    )
    verified_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Which process allowed it, where the chain ends at a person.
    person_answer: Mapped[str] = mapped_column(sa.Text, default="")
    no_task_reason: Mapped[str] = mapped_column(sa.Text, default="")
    position: Mapped[int] = mapped_column(sa.Integer, default=0)


class Task(Versioned, Tenant, Base):
    """A piece of work that removes a cause."""

    __tablename__ = "tasks"
    __table_args__ = (
        refers("action_id", "actions"),
        refers("cause_id", "causes"),
        refers("owner_id", "people"),
        refers("done_by_id", "people"),
        sa.Index("ix_tasks_action", "organisation_id", "action_id"),
        sa.Index("ix_tasks_owner", "organisation_id", "owner_id", "state", "due_on"),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_has_a_time"),
    )

    action_id: Mapped[int] = mapped_column(sa.BigInteger)
    cause_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    title: Mapped[str] = mapped_column(sa.String(300))
    owner_id: Mapped[int] = mapped_column(sa.BigInteger)
    due_on: Mapped[date] = mapped_column(sa.Date)
    extensions: Mapped[int] = mapped_column(sa.Integer, default=0)
    effort: Mapped[Fraction] = mapped_column(Exact, default=Fraction(1))
    state: Mapped[TaskState] = mapped_column(choice(TaskState, "task_state"))
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    dropped_reason: Mapped[str] = mapped_column(sa.Text, default="")
    done_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    round: Mapped[int] = mapped_column(sa.Integer, default=1)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)


class ActionDependency(Tenant, Base):
    """An action that must be finished before another can be; together they form a DAG."""

    __tablename__ = "action_dependencies"
    __table_args__ = (
        refers("action_id", "actions"),
        refers("needs_id", "actions"),
        sa.UniqueConstraint("organisation_id", "action_id", "needs_id"),
        sa.Index("ix_action_dependencies_needs", "organisation_id", "needs_id"),
        sa.CheckConstraint("action_id <> needs_id", name="not_itself"),
    )

    action_id: Mapped[int] = mapped_column(sa.BigInteger)
    needs_id: Mapped[int] = mapped_column(sa.BigInteger)


class PlanVersion(Tenant, Base):
    """A plan as an approver signed it: what is frozen, against which later plans are shown as a difference.

    Written once, with the approval, and never changed.
    """

    __tablename__ = "plan_versions"
    __table_args__ = (
        refers("action_id", "actions"),
        refers("approved_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "action_id", "number", name="uq_plan_versions_action"),
    )

    action_id: Mapped[int] = mapped_column(sa.BigInteger)
    # 1 for the first plan that was approved, over all attempts.
    number: Mapped[int] = mapped_column(sa.Integer)
    round: Mapped[int] = mapped_column(sa.Integer)
    approved_by_id: Mapped[int] = mapped_column(sa.BigInteger)
    approved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class PlanTemplate(Versioned, Tenant, Base):
    """A plan that worked, kept by the organisation as the beginning of others."""

    __tablename__ = "plan_templates"
    __table_args__ = (
        refers("created_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_plan_templates_name"),
        sa.CheckConstraint("window_days IS NULL OR window_days > 0", name="window_positive"),
    )

    name: Mapped[str] = mapped_column(sa.String(120))
    solution: Mapped[str] = mapped_column(sa.Text, default="")
    criterion: Mapped[str] = mapped_column(sa.Text, default="")
    window_days: Mapped[int | None] = mapped_column(sa.Integer)
    created_by_id: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # No longer offered; plans that began with it stay as they are.
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PlanTemplateTask(Tenant, Base):
    """A task of a template, due so many days after the plan is begun."""

    __tablename__ = "plan_template_tasks"
    __table_args__ = (
        refers("template_id", "plan_templates"),
        sa.Index("ix_plan_template_tasks_template", "organisation_id", "template_id", "position"),
        sa.CheckConstraint("days >= 0", name="days_not_negative"),
    )

    template_id: Mapped[int] = mapped_column(sa.BigInteger)
    title: Mapped[str] = mapped_column(sa.String(300))
    days: Mapped[int] = mapped_column(sa.Integer)
    effort: Mapped[Fraction] = mapped_column(Exact)
    position: Mapped[int] = mapped_column(sa.Integer)
