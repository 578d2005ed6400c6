"""What somebody has to have done by a day, in the whole of an organisation: records, tasks and audits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker.actions.models import Action, Task
from tracker.audits.models import Audit
from tracker.database import db
from tracker.history import Record
from tracker.nonconformities.models import Nonconformity
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import TaskState
from workflows.nonconformities import NonconformityState

# States in which nothing is waited for any more, or not yet.
OVER: tuple[tuple[Any, str, tuple[Any, ...]], ...] = (
    (
        Nonconformity,
        "nonconformity",
        (NonconformityState.DRAFT, NonconformityState.CLOSED, NonconformityState.VOID),
    ),
    (Action, "action", (ActionState.CLOSED, ActionState.CANCELLED)),
)


@dataclass(frozen=True)
class Due:
    """Something that has to be done by a day, and by whom. `key` is what the notice is about."""

    record: Record
    key: Record
    site_id: int
    title: str
    owner_id: int
    due_on: date
    step: str

    @property
    def payload(self) -> dict[str, Any]:
        return {"title": self.title, "due_on": self.due_on.isoformat(), "step": self.step}


def list_due(organisation_id: int, until: date) -> list[Due]:
    """Everything in the organisation that somebody has to have done by that day, in four statements."""
    return [
        *_records(organisation_id, until),
        *_tasks(organisation_id, until),
        *_audits(organisation_id, until),
    ]


def _records(organisation_id: int, until: date) -> Iterator[Due]:
    for model, kind, over in OVER:
        rows = db.session.execute(
            sa.select(
                model.id,
                model.number,
                model.site_id,
                model.title,
                model.owner_id,
                model.due_on,
                model.due_step,
            )
            .where(
                model.organisation_id == organisation_id,
                model.due_on <= until,
                model.owner_id.is_not(None),
                model.state.not_in(over),
            )
            .order_by(model.due_on, model.number)
        )
        for row in rows:
            record = Record(organisation_id, kind, row.id, row.number)
            yield Due(record, record, row.site_id, row.title, row.owner_id, row.due_on, row.due_step)


def _tasks(organisation_id: int, until: date) -> Iterator[Due]:
    rows = db.session.execute(
        sa.select(Task.id, Task.title, Task.owner_id, Task.due_on, Action.id, Action.number, Action.site_id)
        .join(Action, (Action.organisation_id == Task.organisation_id) & (Action.id == Task.action_id))
        .where(
            Task.organisation_id == organisation_id,
            Task.due_on <= until,
            Task.state == TaskState.OPEN,
            Action.state == ActionState.IMPLEMENTING,
        )
        .order_by(Task.due_on, Task.id)
    )
    for task_id, title, owner_id, due_on, action_id, number, site_id in rows:
        record = Record(organisation_id, "action", action_id, number)
        yield Due(record, Record(organisation_id, "task", task_id, 0), site_id, title, owner_id, due_on, "")


def _audits(organisation_id: int, until: date) -> Iterator[Due]:
    rows = db.session.execute(
        sa.select(Audit.id, Audit.number, Audit.site_id, Audit.auditor_id, Audit.planned_on)
        .where(
            Audit.organisation_id == organisation_id,
            Audit.planned_on <= until,
            Audit.state.in_((AuditState.SCHEDULED, AuditState.IN_PROGRESS)),
        )
        .order_by(Audit.planned_on, Audit.number)
    )
    for row in rows:
        record = Record(organisation_id, "audit", row.id, row.number)
        yield Due(record, record, row.site_id, "", row.auditor_id, row.planned_on, "")
