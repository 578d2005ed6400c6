"""Somebody leaves: what is theirs and not finished goes to somebody else, each with a line in its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tracker import history
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.actions.models import Action, Task
from tracker.audits.models import Audit, AuditVerdict
from tracker.audits.services import barred
from tracker.database import db
from tracker.errors import InvalidInput
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.metrics.models import Metric
from tracker.nonconformities.models import Nonconformity
from tracker.notifications.services import tell
from tracker.numbering import label
from tracker.permissions import Actor, require
from tracker.processes.models import Process
from tracker.reviews.models import Review
from tracker.scores.sheets import PINNING
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import TaskState
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

LIVE_ACTIONS = [state for state in ActionState if state not in (ActionState.CLOSED, ActionState.CANCELLED)]
LIVE_AUDITS = [AuditState.SCHEDULED, AuditState.IN_PROGRESS]


@dataclass(frozen=True)
class Holding:
    """A kind of work that somebody holds: the rows, the column that says whose, and the kind of record."""

    kind: str
    model: Any
    column: str
    conditions: tuple[Any, ...] = ()


HOLDINGS = (
    Holding(
        "nonconformity",
        Nonconformity,
        "owner_id",
        (Nonconformity.state.in_([*PINNING, NonconformityState.DRAFT]),),
    ),
    Holding("action", Action, "owner_id", (Action.state.in_(LIVE_ACTIONS),)),
    Holding("task", Task, "owner_id", (Task.state == TaskState.OPEN,)),
    Holding("audit", Audit, "auditor_id", (Audit.state.in_(LIVE_AUDITS),)),
    Holding(
        "review",
        Review,
        "lead_auditor_id",
        (Review.state.in_([ReviewState.PLANNED, ReviewState.IN_PROGRESS]),),
    ),
    Holding("metric", Metric, "owner_id"),
    Holding("process", Process, "owner_id"),
)
AUDITORS = {"audit": (Role.AUDITOR, Role.LEAD_AUDITOR), "review": (Role.LEAD_AUDITOR,)}


@dataclass(frozen=True)
class HandedOver:
    """How many of each kind went over, and the labels of what could not."""

    counts: dict[str, int]
    left: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def count_holdings(organisation_id: int, person_id: int) -> dict[str, int]:
    """How many unfinished things of each kind are somebody's, in one statement."""
    selects = [
        sa.select(
            sa.literal(each.kind).label("kind"),
            sa.select(sa.func.count())
            .select_from(each.model)
            .where(*_mine(each, organisation_id, person_id))
            .scalar_subquery()
            .label("number"),
        )
        for each in HOLDINGS
    ]
    return {row.kind: row.number for row in db.session.execute(sa.union_all(*selects)) if row.number}


def _mine(each: Holding, organisation_id: int, person_id: int) -> Iterable[Any]:
    return (
        each.model.organisation_id == organisation_id,
        getattr(each.model, each.column) == person_id,
        *each.conditions,
    )


def hand_over(actor: Actor, *, person_id: int, to_id: int, reason: str) -> HandedOver:
    """Give everything unfinished of one person to another, who is told once.

    Nothing goes to somebody without a role at its site. Audits and the lead of a review go only to somebody who has
    that role there, an audit only to somebody independent (N-SOD); what cannot go stays and is named. Raises
    Forbidden, InvalidInput.
    """
    require(actor, "work:hand_over")
    to = db.session.get(Person, (actor.organisation_id, to_id))
    faults: dict[str, list[str]] = {}
    if to is None or not to.active:
        faults["to_id"] = [_("There is no such person.")]
    elif to_id == person_id:
        faults["to_id"] = [_("Choose somebody else.")]
    if not reason.strip():
        faults["reason"] = [_("This field is required.")]
    if faults or to is None:
        raise InvalidInput(faults)
    roles = _roles(actor.organisation_id, to_id)
    counts: dict[str, int] = {}
    left: list[str] = []
    for each in HOLDINGS:
        rows = db.session.execute(
            sa.select(each.model)
            .where(*_mine(each, actor.organisation_id, person_id))
            .order_by(each.model.id)
        ).scalars()
        for row in list(rows):
            if not _may_take(actor, each, row, to_id, roles):
                left.append(row.title if each.kind == "task" else label(each.kind, row.number))
                continue
            setattr(row, each.column, to_id)
            counts[each.kind] = counts.get(each.kind, 0) + 1
            _note(actor, each, row, to, reason)
    db.session.flush()
    found = HandedOver(counts, tuple(left))
    if found.total:
        payload = {"title": reason.strip(), "owner_zh": actor.name_zh, "owner_en": actor.name_en}
        tell([to_id], "work-handed-over", Record(actor.organisation_id, "person", person_id, 0), payload)
    return found


def _roles(organisation_id: int, person_id: int) -> frozenset[tuple[int | None, Role]]:
    rows = db.session.execute(
        sa.select(RoleGrant.site_id, RoleGrant.role).where(
            RoleGrant.organisation_id == organisation_id, RoleGrant.person_id == person_id
        )
    )
    return frozenset((row.site_id, Role(row.role)) for row in rows)


def _may_take(
    actor: Actor, each: Holding, row: Any, to_id: int, roles: frozenset[tuple[int | None, Role]]
) -> bool:
    site_id = _site_of(row) if each.kind == "task" else row.site_id
    if not any(site in (None, site_id) for site, _role in roles):
        return False  # what somebody cannot open is not theirs to do
    asked = AUDITORS.get(each.kind)
    if asked is None:
        return True
    if not any((site, role) in roles for site in (None, row.site_id) for role in asked):
        return False
    if each.kind != "audit" or actor.single_person:
        return True
    covered = db.session.execute(
        sa.select(Nonconformity)
        .join(
            AuditVerdict,
            (AuditVerdict.organisation_id == Nonconformity.organisation_id)
            & (AuditVerdict.nonconformity_id == Nonconformity.id),
        )
        .where(AuditVerdict.organisation_id == row.organisation_id, AuditVerdict.audit_id == row.id)
    ).scalars()
    return to_id not in barred(row.organisation_id, covered)


def _site_of(task: Task) -> int:
    """The site of the action that a task belongs to."""
    return db.session.get_one(Action, (task.organisation_id, task.action_id)).site_id


def _note(actor: Actor, each: Holding, row: Any, to: Person, reason: str) -> None:
    """A line in the history of the record; that of a task in its action's."""
    if each.kind == "task":
        action = db.session.get_one(Action, (row.organisation_id, row.action_id))
        record = Record(row.organisation_id, "action", action.id, action.number)
        said: dict[str, Any] = {"task": row.title, "owner_id": [None, to.name_en]}
    else:
        record = Record(row.organisation_id, each.kind, row.id, row.number)
        said = {each.column: [None, to.name_en]}
    history.record(record, "handed_over", actor.person_id, reason=reason.strip(), changes=said)
