"""The addresses of the small forms of an action's workspace: its steps, causes, tasks and what stands beside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.actions import forms, pages, services
from tracker.actions.blueprint import blueprint
from tracker.actions.desk import STEPS, Desk
from tracker.actions.models import Action
from tracker.actions.queries import get_action, subject_of
from tracker.actions.workspace import show_section
from tracker.attempts import refuse
from tracker.database import db
from tracker.desk import Opened, rebase
from tracker.errors import Conflict, InvalidInput, NotFound, RefusedMove
from tracker.fragments import go
from tracker.i18n import gettext as _
from tracker.permissions import Actor
from workflows.kinds import CauseKind, VerificationMethod


@dataclass(frozen=True)
class Place:
    """Where a small form stands: its section, and the name it is opened by."""

    section: str
    name: str


def write(
    actor: Actor, action: Action, place: Place, form: Any, change: Callable[[], object], said: str
) -> BaseResponse:
    """Validate, change, commit, answer with the section; or say why not, with what was typed kept."""
    number = action.number
    desk = Desk(actor, action, None, Opened())
    if "cause_id" in form:
        desk.page = pages.get_page(actor, action)
    desk.bind(form)
    if not form.validate():
        return show_section(actor, action, place.section, Opened(place.name, form), 422)
    try:
        change()
        db.session.commit()
    except (Conflict, InvalidInput, RefusedMove) as error:
        db.session.rollback()
        fresh = get_action(actor, number)
        opened, status = _refusal(place, form, error, fresh)
        return show_section(actor, fresh, place.section, opened, status)
    if request.headers.get("HX-Request"):
        return show_section(actor, action, place.section, Opened(), said=said)
    return go(url_for("actions.show", number=number, _anchor=place.section), said)


def _refusal(place: Place, form: Any, error: Exception, fresh: Action) -> tuple[Opened, int]:
    if isinstance(error, InvalidInput):
        refuse(form, error)
        return Opened(place.name, form), 422
    if isinstance(error, RefusedMove):
        return Opened(place.name, form, error.message, tuple(error.reasons)), 409
    rebase(form, _row(place, fresh))
    return Opened(place.name, form, str(error)), 409


def _row(place: Place, fresh: Action) -> Any:
    """The row that a small form writes."""
    kind, _dash, key = place.name.partition("-")
    if key and kind in ("cause", "verify"):
        return services.get_cause(fresh, int(key))
    if kind in ("task", "done", "drop", "reopen"):
        return services.get_task(fresh, int(key))
    return fresh


def _read(name: str, each: Any) -> Any:
    """A form field as the column holds it."""
    if isinstance(each, forms.IdSelect):
        return each.id_value
    if isinstance(each, forms.EffortField):
        return each.amount
    if name in ("documents_updated", "criterion_met"):
        return {"yes": True, "no": False}.get(each.data)
    return each.data


# ---------------------------------------------------------------- addresses of the steps


@blueprint.post("/<record:number>/steps/<step>")
@permission("action:work")
def save_step(number: int, step: str) -> BaseResponse:
    """Write the fields of a step."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    if step not in STEPS:
        raise NotFound
    form = STEPS[step](prefix=f"{step}-")

    def change() -> None:
        fields = {
            each.short_name: _read(each.short_name, each)
            for each in form
            if each.short_name in services.EDITABLE
        }
        services.edit_step(actor, action, fields, form.version.data)

    return write(actor, action, Place(step, step), form, change, _("Saved."))


def _cause_fields(form: Any) -> dict[str, Any]:
    return {
        "text": form.text.data,
        "kind": CauseKind(form.kind.data) if form.kind.data else None,
        "evidence": form.evidence.data,
        "rib": form.rib.data or "",
        "controllable": form.controllable.data,
        "person_answer": form.person_answer.data,
        "no_task_reason": form.no_task_reason.data,
    }


@blueprint.post("/<record:number>/causes")
@permission("action:work")
def add_cause(number: int) -> BaseResponse:
    """Answer a why."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    parent = _key(request.args.get("under", ""))
    name = f"why-{parent or 0}"
    form = forms.NewCauseForm(prefix=f"{name}-")

    def change() -> None:
        fields = _cause_fields(form)
        services.add_cause(actor, action, fields.pop("text"), parent_id=parent, **fields)

    return write(actor, action, Place("causes", name), form, change, _("The cause has been added."))


def _key(text: str) -> int | None:
    """An identifier in an address; none for nothing. Raises NotFound for what no column can hold."""
    try:
        return forms.read_id(text)
    except ValueError:
        raise NotFound from None


@blueprint.post("/<record:number>/causes/<key:cause_id>")
@permission("action:work")
def edit_cause(number: int, cause_id: int) -> BaseResponse:
    """Change a cause; new words undo its verification."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    cause = services.get_cause(action, cause_id)
    name = f"cause-{cause_id}"
    form = forms.CauseForm(prefix=f"{name}-")

    def change() -> None:
        services.edit_cause(actor, action, cause, _cause_fields(form), form.version.data)

    return write(actor, action, Place("causes", name), form, change, _("Saved."))


@blueprint.post("/<record:number>/causes/<key:cause_id>/verify")
@permission("action:work")
def verify_cause(number: int, cause_id: int) -> BaseResponse:
    """Say how a cause was shown to be one."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    cause = services.get_cause(action, cause_id)
    name = f"verify-{cause_id}"
    form = forms.VerifyForm(prefix=f"{name}-")

    def change() -> None:
        method = VerificationMethod(form.method.data)
        services.verify_cause(actor, action, cause, method, form.evidence.data, form.version.data)

    return write(actor, action, Place("causes", name), form, change, _("The cause is verified."))


@blueprint.post("/<record:number>/causes/<key:cause_id>/delete")
@permission("action:work")
def delete_cause(number: int, cause_id: int) -> BaseResponse:
    """Take a cause out of the tree."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    cause = services.get_cause(action, cause_id)
    form = forms.Versioned()

    def change() -> None:
        services.delete_cause(actor, action, cause, form.version.data)

    return write(
        actor, action, Place("causes", f"cause-{cause_id}"), form, change, _("The cause is removed.")
    )


@blueprint.post("/<record:number>/tasks")
@permission("action:work")
def add_task(number: int) -> BaseResponse:
    """Put a task into the plan."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    name = f"newtask-{_key(request.args.get('cause', '')) or 0}"
    form = forms.NewTaskForm(prefix=f"{name}-")

    def change() -> None:
        services.add_task(actor, action, **_task_fields(form))

    return write(actor, action, Place("tasks", name), form, change, _("The task is planned."))


def _task_fields(form: Any) -> dict[str, Any]:
    return {
        "title": form.title.data,
        "owner_id": form.owner_id.id_value,
        "due_on": form.due_on.data,
        "effort": form.effort.amount,
        "cause_id": form.cause_id.id_value,
    }


@blueprint.post("/<record:number>/tasks/<key:task_id>")
@permission("action:work")
def edit_task(number: int, task_id: int) -> BaseResponse:
    """Change a task of the plan."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    task = services.get_task(action, task_id)
    name = f"task-{task_id}"
    form = forms.TaskForm(prefix=f"{name}-")

    def change() -> None:
        services.edit_task(actor, action, task, _task_fields(form), form.version.data)

    return write(actor, action, Place("tasks", name), form, change, _("Saved."))


@blueprint.post("/<record:number>/tasks/<key:task_id>/done")
@permission("action:work")
def finish_task(number: int, task_id: int) -> BaseResponse:
    """Report a task done."""
    action = get_action(present_actor(), number)
    task = services.get_task(action, task_id)
    actor = allow("action:work", subject_of(action, task.owner_id))
    name = f"done-{task_id}"
    form = forms.DoneForm(prefix=f"{name}-")

    def change() -> None:
        services.finish_task(actor, action, task, form.evidence.data, form.version.data)

    return write(actor, action, Place("tasks", name), form, change, _("The task is done."))


@blueprint.post("/<record:number>/tasks/<key:task_id>/<any(drop, reopen):kind>")
@permission("action:work")
def settle_task(number: int, task_id: int, kind: str) -> BaseResponse:
    """Drop a task with the reason, or take "done" back."""
    action = get_action(present_actor(), number)
    task = services.get_task(action, task_id)
    actor = allow("action:work", subject_of(action, task.owner_id))
    name = f"{kind}-{task_id}"
    form = forms.ReasonForm(prefix=f"{name}-")
    service = services.drop_task if kind == "drop" else services.reopen_task

    def change() -> None:
        service(actor, action, task, form.reason.data, form.version.data)

    said = _("The task is dropped.") if kind == "drop" else _("The task is open again.")
    return write(actor, action, Place("tasks", name), form, change, said)


@blueprint.post("/<record:number>/needs")
@permission("action:work")
def add_dependency(number: int) -> BaseResponse:
    """Let the action wait for another."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    form = forms.DependencyForm(prefix="needs-")

    def change() -> None:
        try:
            needs = get_action(actor, form.number)
        except NotFound:
            raise InvalidInput({"needs": [_("There is no such action.")]}) from None
        services.add_dependency(actor, action, needs)

    return write(actor, action, Place("tasks", "needs"), form, change, _("The dependency is added."))


@blueprint.post("/<record:number>/needs/<record:needs>/remove")
@permission("action:work")
def remove_dependency(number: int, needs: int) -> BaseResponse:
    """Let the action no longer wait for another."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    other = get_action(actor, needs)
    form = FlaskForm()

    def change() -> None:
        services.remove_dependency(actor, action, other)

    return write(actor, action, Place("tasks", ""), form, change, _("The dependency is removed."))


@blueprint.post("/<record:number>/owner")
@permission("action:work")
def hand_over(number: int) -> BaseResponse:
    """Give the action to somebody else."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    form = forms.OwnerForm(prefix="owner-")

    def change() -> None:
        services.hand_over(actor, action, form.owner_id.id_value or 0, form.reason.data, form.version.data)

    return write(actor, action, Place("side", "owner"), form, change, _("The action is handed over."))


@blueprint.post("/<record:number>/deadline")
@permission("action:extend")
def extend(number: int) -> BaseResponse:
    """Set a later deadline."""
    action = get_action(present_actor(), number)
    actor = allow("action:extend", subject_of(action))
    form = forms.ExtendForm(prefix="deadline-")

    def change() -> None:
        services.extend(actor, action, form.due_on.data, form.reason.data, form.version.data)

    return write(actor, action, Place("side", "deadline"), form, change, _("The deadline is extended."))
