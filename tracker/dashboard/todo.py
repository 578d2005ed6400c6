"""What waits for a person, over all records, in one statement.

Each kind of work is a small SELECT that an index answers and that stops early; together they are a UNION.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import url_for

from tracker import clock
from tracker.accounts.models import Role
from tracker.actions.models import Action
from tracker.actions.models import Task as ActionTask
from tracker.audits.models import Audit, AuditVerdict
from tracker.dashboard.viewmodels import Task
from tracker.database import db
from tracker.i18n import lazy_gettext as _l
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.permissions import Actor
from tracker.reviews.models import Review
from tracker.scores.sheets import PINNING
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import Grade, TaskState
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

SHOWN = 12

NC, CA, FA, RV = "nonconformity", "action", "audit", "review"
ADDRESSES = {NC: "nonconformities.show", CA: "actions.show", FA: "audits.show", RV: "reviews.show"}

# Kind → what to do, and the icon beside it.
VERBS: Mapping[str, tuple[Any, str]] = {
    "raise": (_l("Raise the draft"), "pencil"),
    "answer": (_l("Accept or dispute"), "message"),
    "contain": (_l("Contain"), "shield-check"),
    "start": (_l("Plan a corrective action"), "tool"),
    "judge_dispute": (_l("Answer the dispute"), "scale"),
    "define": (_l("Define the problem"), "target"),
    "analyse": (_l("Find the root cause"), "binary-tree"),
    "plan": (_l("Complete the plan"), "list-check"),
    "approve": (_l("Approve the plan"), "user-check"),
    "task": (_l("Do the task"), "check"),
    "follow_up": (_l("Schedule a follow-up audit"), "calendar"),
    "audit": (_l("Carry out the audit"), "eye-check"),
    "approve_closure": (_l("Approve the closure"), "signature"),
    "close": (_l("Sign the closure"), "signature"),
    "judge": (_l("Judge and report"), "clipboard-check"),
    "accept": (_l("Accept the report"), "signature"),
    "overdue": (_l("Overdue: extend or hand over"), "clock-exclamation"),
}


@dataclass(frozen=True)
class _Part:
    """One kind of work: which records, with which title, due when."""

    kind: str
    record: str
    model: Any
    conditions: tuple[Any, ...]
    due: Any = None
    title: Any = None
    points: Any = None


def list_tasks(actor: Actor, names: Mapping[int, str], shown: int = SHOWN) -> tuple[tuple[Task, ...], bool]:
    """What waits for the person, overdue first, then by date; and whether there is more than is shown."""
    # Of each kind one more than can be shown, to know whether there are more.
    parts = [_select(part, actor, shown + 1) for part in _parts(actor)]
    rows = db.session.execute(sa.union_all(*(sa.select(part.subquery()) for part in parts))).all()
    found = sorted(_once(rows), key=lambda row: (row.due_on is None, row.due_on or date.max, row.number))
    return tuple(_task(row, names) for row in found[:shown]), len(found) > shown


def _once(rows: Iterable[Any]) -> list[Any]:
    """Without what is only overdue where the person has something more definite to do with the same record."""
    rows = list(rows)
    definite = {(row.record, row.number) for row in rows if row.kind != "overdue"}
    return [row for row in rows if row.kind != "overdue" or (row.record, row.number) not in definite]


def _task(row: Any, names: Mapping[int, str]) -> Task:
    verb, icon = VERBS[row.kind]
    due_on = row.due_on
    return Task(
        kind=row.kind,
        verb=str(verb),
        record=label(row.record, row.number),
        title=row.title,
        url=url_for(ADDRESSES[row.record], number=row.number),
        icon=icon,
        due_on=due_on,
        days=None if due_on is None else (due_on - clock.today()).days,
        site=names.get(row.site_id, ""),
        points=row.points,
    )


def _select(part: _Part, actor: Actor, taken: int) -> Any:
    """The records of one kind of work, the most urgent first, no more than could be shown."""
    model = part.model
    due = part.due if part.due is not None else sa.null()
    statement = sa.select(
        sa.literal(part.kind).label("kind"),
        sa.literal(part.record).label("record"),
        model.number.label("number"),
        (part.title if part.title is not None else model.title).label("title"),
        model.site_id.label("site_id"),
        sa.cast(due, sa.Date).label("due_on") if part.due is None else due.label("due_on"),
        (
            part.points if part.points is not None else sa.cast(sa.null(), Nonconformity.points_alone.type)
        ).label("points"),
    ).where(model.organisation_id == actor.organisation_id, *part.conditions)
    order = (model.number,) if part.due is None else (due.is_(None), due, model.number)
    return statement.order_by(*order).limit(taken)


def _where(actor: Actor, column: Any, *roles: Role) -> Any:
    """The condition that the person holds one of the roles at a record's site; None where nowhere."""
    held = [site for site, role in actor.grants if role in roles]
    if None in held:
        return sa.true()
    return column.in_([site for site in held if site is not None]) if held else None


def _parts(actor: Actor) -> Iterable[_Part]:
    yield from _own_nonconformities(actor)
    yield from _own_actions(actor)
    yield from _audits(actor)
    yield from _approvals(actor)
    yield from _closures(actor)
    yield from _reviews(actor)
    yield from _overdue(actor)


def _own_nonconformities(actor: Actor) -> Iterable[_Part]:
    state, mine = Nonconformity.state, Nonconformity.owner_id.in_(actor.hands)
    due, points = Nonconformity.due_on, Nonconformity.points_alone
    yield _Part(
        "raise",
        NC,
        Nonconformity,
        # Drafts of a review open by themselves with its report.
        (
            state == NonconformityState.DRAFT,
            Nonconformity.raised_by_id.in_(actor.hands),
            Nonconformity.review_id.is_(None),
        ),
    )
    is_open = state == NonconformityState.OPEN
    yield _Part(
        "answer", NC, Nonconformity, (mine, is_open, Nonconformity.accepted_at.is_(None)), due, None, points
    )
    yield _Part(
        "contain",
        NC,
        Nonconformity,
        (mine, is_open, Nonconformity.accepted_at.is_not(None)),
        due,
        None,
        points,
    )
    yield _Part("start", NC, Nonconformity, (mine, state == NonconformityState.CONTAINED), due, None, points)
    lead = _where(actor, Nonconformity.site_id, Role.LEAD_AUDITOR)
    if lead is not None:
        disputed = (lead, state == NonconformityState.DISPUTED, Nonconformity.owner_id.not_in(actor.hands))
        yield _Part("judge_dispute", NC, Nonconformity, disputed, due, None, points)


def _own_actions(actor: Actor) -> Iterable[_Part]:
    steps = {
        "define": ActionState.DEFINING,
        "analyse": ActionState.ANALYSING,
        "plan": ActionState.PLANNING,
    }
    for kind, state in steps.items():
        mine = (Action.owner_id.in_(actor.hands), Action.state == state)
        yield _Part(kind, CA, Action, mine, Action.due_on)
    task = (
        ActionTask.organisation_id == actor.organisation_id,
        ActionTask.action_id == Action.id,
        ActionTask.owner_id.in_(actor.hands),
        ActionTask.state == TaskState.OPEN,
        Action.state == ActionState.IMPLEMENTING,
    )
    yield _Part("task", CA, Action, task, ActionTask.due_on, ActionTask.title)


def _audits(actor: Actor) -> Iterable[_Part]:
    running = Audit.state.in_((AuditState.SCHEDULED, AuditState.IN_PROGRESS))
    # An audit has no title of its own; its place says enough.
    yield _Part(
        "audit", FA, Audit, (Audit.auditor_id.in_(actor.hands), running), Audit.planned_on, sa.literal("")
    )
    place = _where(actor, Nonconformity.site_id, Role.AUDITOR, Role.LEAD_AUDITOR)
    if place is None:
        return
    yield _Part(
        "follow_up",
        NC,
        Nonconformity,
        (
            place,
            Nonconformity.state == NonconformityState.VERIFYING,
            Nonconformity.owner_id.not_in(actor.hands),
            ~_has_verdict(Audit.state.in_((AuditState.SCHEDULED, AuditState.IN_PROGRESS))),
            ~_answered_effective(),
        ),
        Nonconformity.due_on,
        None,
        Nonconformity.points_alone,
    )


def _has_verdict(*conditions: Any) -> Any:
    """That a follow-up audit that fulfils the conditions covers the non-conformity."""
    return (
        sa.exists()
        .where(
            AuditVerdict.organisation_id == Nonconformity.organisation_id,
            AuditVerdict.nonconformity_id == Nonconformity.id,
            Audit.organisation_id == AuditVerdict.organisation_id,
            Audit.id == AuditVerdict.audit_id,
            *conditions,
        )
        .correlate(Nonconformity)
    )


def _answered_effective() -> Any:
    return _has_verdict(Audit.state == AuditState.CONCLUDED, AuditVerdict.effective.is_(True))


def _approvals(actor: Actor) -> Iterable[_Part]:
    place = _where(actor, Action.site_id, Role.APPROVER)
    if place is None:
        return
    conditions = (
        place,
        Action.state == ActionState.PLAN_REVIEW,
        Action.owner_id.not_in(actor.hands),
        sa.or_(Action.approver_id.is_(None), Action.approver_id.in_(actor.hands)),
    )
    yield _Part("approve", CA, Action, conditions, Action.due_on)


def _closures(actor: Actor) -> Iterable[_Part]:
    ready = (
        Nonconformity.state == NonconformityState.VERIFYING,
        Nonconformity.owner_id.not_in(actor.hands),
        _answered_effective(),
    )
    due, points = Nonconformity.due_on, Nonconformity.points_alone
    approver = _where(actor, Nonconformity.site_id, Role.APPROVER, Role.QUALITY_MANAGER)
    unapproved = (Nonconformity.grade == Grade.MAJOR, Nonconformity.closure_approved_by_id.is_(None))
    if approver is not None:
        yield _Part("approve_closure", NC, Nonconformity, (approver, *ready, *unapproved), due, None, points)
    verifier = _where(actor, Nonconformity.site_id, Role.VERIFIER, Role.AUDITOR, Role.LEAD_AUDITOR)
    if verifier is not None:
        yield _Part("close", NC, Nonconformity, (verifier, *ready, ~sa.and_(*unapproved)), due, None, points)


def _reviews(actor: Actor) -> Iterable[_Part]:
    soon = clock.today() + timedelta(days=14)
    mine = Review.lead_auditor_id.in_(actor.hands)
    running = sa.or_(
        Review.state == ReviewState.IN_PROGRESS,
        sa.and_(Review.state == ReviewState.PLANNED, Review.planned_on <= soon),
    )
    yield _Part("judge", RV, Review, (mine, running), Review.planned_on)
    place = _where(actor, Review.site_id, Role.VIEWER, Role.QUALITY_MANAGER)
    if place is not None:
        waiting = (place, Review.state == ReviewState.REPORTED, Review.accepted_at.is_(None))
        yield _Part("accept", RV, Review, waiting)


def _overdue(actor: Actor) -> Iterable[_Part]:
    """Other people's overdue findings, for those who may move a deadline or name another owner."""
    place = _where(actor, Nonconformity.site_id, Role.QUALITY_MANAGER, Role.LEAD_AUDITOR)
    if place is not None:
        late = (
            place,
            Nonconformity.state.in_(PINNING),
            Nonconformity.due_on < clock.today(),
            Nonconformity.owner_id.not_in(actor.hands),
        )
        due, points = Nonconformity.due_on, Nonconformity.points_alone
        yield _Part("overdue", NC, Nonconformity, late, due, None, points)
