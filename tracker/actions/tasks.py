"""Tasks of an action's plan: planned, changed, done with evidence, dropped with a reason."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.actions.checks import changed, check_person, get_part, record_of, refuse_outside, words
from tracker.actions.models import Action, Cause, Task
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.permissions import Actor
from workflows.actions import ActionState as State
from workflows.kinds import TaskState


def add_task(
    actor: Actor,
    action: Action,
    *,
    title: str,
    owner_id: int,
    due_on: date,
    effort: Fraction | int = 1,
    cause_id: int | None = None,
) -> Task:
    """Put a task into the plan: who, until when, how much work in days, and the cause it removes."""
    _refuse_plan(action)
    title = words(title, "title", 300)
    _check_task(action, owner_id, Fraction(effort), cause_id)
    places = sa.select(sa.func.count()).where(
        Task.organisation_id == action.organisation_id, Task.action_id == action.id
    )
    task = add(
        Task(
            organisation_id=action.organisation_id,
            action_id=action.id,
            cause_id=cause_id,
            title=title,
            owner_id=owner_id,
            due_on=due_on,
            effort=Fraction(effort),
            state=TaskState.OPEN,
            round=action.round,
            position=db.session.execute(places).scalar_one(),
        )
    )
    history.record(
        record_of(action),
        "task_added",
        actor.person_id,
        changes={"task": [None, title], "due_on": [None, str(due_on)]},
    )
    return task


TASK_FIELDS = frozenset({"title", "owner_id", "due_on", "effort", "cause_id"})


def edit_task(
    actor: Actor, action: Action, task: Task, fields: Mapping[str, Any], version: int | None = None
) -> None:
    """Change an open task while the plan is not approved."""
    check_version(task, version)
    _refuse_plan(action)
    _refuse_task(task, TaskState.OPEN, _("Only an open task can be changed."))
    wrong = set(fields) - TASK_FIELDS
    if wrong:
        raise KeyError(", ".join(sorted(wrong)))
    wanted = {name: getattr(task, name) for name in TASK_FIELDS} | dict(fields)
    words(wanted["title"], "title", 300)
    names = _check_task(action, wanted["owner_id"], Fraction(wanted["effort"]), wanted["cause_id"])
    changes = changed(task, fields, names)
    if not changes:
        return
    for name in changes:
        setattr(task, name, fields[name])
    named = {"task": [None, task.title]} if "title" not in changes else {}
    history.record(record_of(action), "task_edited", actor.person_id, changes=named | changes)
    db.session.flush()


def finish_task(actor: Actor, action: Action, task: Task, evidence: str, version: int | None = None) -> None:
    """Report a task done, with what shows it."""
    check_version(task, version)
    refuse_outside(action, {State.IMPLEMENTING}, _("Tasks are done once the plan is approved."))
    _refuse_task(task, TaskState.OPEN, _("This task is not open."))
    task.evidence = words(evidence, "evidence", 4000)
    task.state, task.done_at, task.done_by_id = TaskState.DONE, clock.now(), actor.person_id
    history.record(
        record_of(action),
        "task_done",
        actor.person_id,
        changes={"task": [None, task.title], "evidence": [None, task.evidence]},
    )
    db.session.flush()


def drop_task(actor: Actor, action: Action, task: Task, reason: str, version: int | None = None) -> None:
    """Give a task up, with the reason."""
    check_version(task, version)
    refuse_outside(
        action, {State.PLANNING, State.IMPLEMENTING}, _("Tasks are dropped while planning or doing.")
    )
    _refuse_task(task, TaskState.OPEN, _("This task is not open."))
    task.dropped_reason = words(reason, "reason", 4000)
    task.state = TaskState.DROPPED
    history.record(
        record_of(action),
        "task_dropped",
        actor.person_id,
        reason=reason,
        changes={"task": [None, task.title]},
    )
    db.session.flush()


def reopen_task(actor: Actor, action: Action, task: Task, reason: str, version: int | None = None) -> None:
    """Take "done" or "dropped" back while the plan is being carried out."""
    check_version(task, version)
    refuse_outside(action, {State.IMPLEMENTING}, _("Tasks are done once the plan is approved."))
    if task.state == TaskState.OPEN:
        return
    open_again(action, task, actor.person_id, words(reason, "reason", 4000))


def get_task(action: Action, task_id: int) -> Task:
    """A task of this action. Raises NotFound."""
    return get_part(Task, action, task_id)


def open_again(action: Action, task: Task, person_id: int | None, reason: str) -> None:
    task.state, task.done_at, task.done_by_id = TaskState.OPEN, None, None
    history.record(
        record_of(action), "task_reopened", person_id, reason=reason, changes={"task": [None, task.title]}
    )
    db.session.flush()


def _refuse_plan(action: Action) -> None:
    refuse_outside(
        action, {State.PLANNING}, _("Tasks are planned in the planning step: revise the plan first.")
    )


def _refuse_task(task: Task, state: TaskState, why: str) -> None:
    if task.state != state:
        raise RefusedMove(_("Not possible now"), [why])


def _check_task(action: Action, owner_id: int, effort: Fraction, cause_id: int | None) -> dict[str, str]:
    """The words for owner and cause. Raises InvalidInput for what does not exist, and for no effort."""
    names = {"owner_id": check_person(action.organisation_id, owner_id, "owner_id"), "cause_id": "–"}
    if effort <= 0:
        raise InvalidInput({"effort": [_("The effort has to be more than nothing.")]})
    if cause_id is not None:
        try:
            names["cause_id"] = get_part(Cause, action, cause_id).text
        except NotFound:
            raise InvalidInput({"cause_id": [_("There is no such cause.")]}) from None
    return names
