"""The addresses of the small forms of an action's workspace: its steps, causes, tasks and what stands beside."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import permission
from tracker.actions import causes, forms, services
from tracker.actions.blueprint import blueprint
from tracker.actions.desk import STEPS
from tracker.actions.queries import get_action
from tracker.actions.writing import At, write
from tracker.errors import InvalidInput, NotFound
from tracker.i18n import gettext as _
from workflows.kinds import CauseKind, VerificationMethod


def _read(name: str, each: Any) -> Any:
    """A form field as the column holds it."""
    if isinstance(each, forms.IdSelect):
        return each.id_value
    if isinstance(each, forms.EffortField):
        return each.amount
    if name in ("documents_updated", "criterion_met"):
        return {"yes": True, "no": False}.get(each.data)
    return each.data


@blueprint.post("/<record:number>/steps/<step>")
@permission("action:work")
def save_step(number: int, step: str) -> BaseResponse:
    """Write the fields of a step."""
    if step not in STEPS:
        raise NotFound
    form = STEPS[step](prefix=f"{step}-")

    def change(at: At) -> None:
        named = {each.short_name: each for each in form if each.short_name in services.EDITABLE}
        fields = {name: _read(name, each) for name, each in named.items()}
        services.edit_step(at.actor, at.action, fields, form.version.data)

    return write(number, step, step, form, change, _("Saved."))


# ---------------------------------------------------------------- causes


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


def _key(text: str) -> int | None:
    """An identifier in an address; none for nothing. Raises NotFound for what no column can hold."""
    try:
        return forms.read_id(text)
    except ValueError:
        raise NotFound from None


@blueprint.post("/<record:number>/causes")
@permission("action:work")
def add_cause(number: int) -> BaseResponse:
    """Answer a why."""
    parent = _key(request.args.get("under", ""))
    name = f"why-{parent or 0}"
    form = forms.NewCauseForm(prefix=f"{name}-")

    def change(at: At) -> None:
        services.add_cause(at.actor, at.action, parent_id=parent, **_cause_fields(form))

    return write(number, "causes", name, form, change, _("The cause has been added."))


@blueprint.post("/<record:number>/causes/<key:cause_id>")
@permission("action:work")
def edit_cause(number: int, cause_id: int) -> BaseResponse:
    """Change a cause; new words undo its verification."""
    name = f"cause-{cause_id}"
    form = forms.CauseForm(prefix=f"{name}-")

    def change(at: At) -> None:
        services.edit_cause(at.actor, at.action, at.row, _cause_fields(form), form.version.data)

    return write(number, "causes", name, form, change, _("Saved."))


@blueprint.post("/<record:number>/causes/<key:cause_id>/verify")
@permission("action:work")
def verify_cause(number: int, cause_id: int) -> BaseResponse:
    """Say how a cause was shown to be one."""
    name = f"verify-{cause_id}"
    form = forms.VerifyForm(prefix=f"{name}-")

    def change(at: At) -> None:
        method = VerificationMethod(form.method.data)
        services.verify_cause(at.actor, at.action, at.row, method, form.evidence.data, form.version.data)

    return write(number, "causes", name, form, change, _("The cause is verified."))


@blueprint.post("/<record:number>/causes/<key:cause_id>/delete")
@permission("action:work")
def delete_cause(number: int, cause_id: int) -> BaseResponse:
    """Take a cause out of the tree."""
    form = forms.Versioned()

    def change(at: At) -> None:
        services.delete_cause(at.actor, at.action, at.row, form.version.data)

    return write(number, "causes", f"cause-{cause_id}", form, change, _("The cause is removed."))


@blueprint.post("/<record:number>/ribs")
@permission("action:work")
def set_ribs(number: int) -> BaseResponse:
    """Choose the ribs of the fishbone."""
    form = forms.RibsForm(prefix="ribs-")

    def change(at: At) -> None:
        own = (form.own.data or "").splitlines()
        causes.set_ribs(at.actor, at.action, form.ribs.data or [], own, form.version.data)

    return write(number, "fishbone", "ribs", form, change, _("The ribs have been saved."))


# ---------------------------------------------------------------- tasks


def _task_fields(form: Any) -> dict[str, Any]:
    return {
        "title": form.title.data,
        "owner_id": form.owner_id.id_value,
        "due_on": form.due_on.data,
        "effort": form.effort.amount,
        "cause_id": form.cause_id.id_value,
    }


@blueprint.post("/<record:number>/tasks")
@permission("action:work")
def add_task(number: int) -> BaseResponse:
    """Put a task into the plan."""
    name = f"newtask-{_key(request.args.get('cause', '')) or 0}"
    form = forms.NewTaskForm(prefix=f"{name}-")

    def change(at: At) -> None:
        services.add_task(at.actor, at.action, **_task_fields(form))

    return write(number, "tasks", name, form, change, _("The task is planned."))


@blueprint.post("/<record:number>/tasks/<key:task_id>")
@permission("action:work")
def edit_task(number: int, task_id: int) -> BaseResponse:
    """Change a task of the plan."""
    name = f"task-{task_id}"
    form = forms.TaskForm(prefix=f"{name}-")

    def change(at: At) -> None:
        services.edit_task(at.actor, at.action, at.row, _task_fields(form), form.version.data)

    return write(number, "tasks", name, form, change, _("Saved."))


@blueprint.post("/<record:number>/tasks/<key:task_id>/done")
@permission("action:work")
def finish_task(number: int, task_id: int) -> BaseResponse:
    """Report a task done."""
    name = f"done-{task_id}"
    form = forms.DoneForm(prefix=f"{name}-")

    def change(at: At) -> None:
        services.finish_task(at.actor, at.action, at.row, form.evidence.data, form.version.data)

    return write(number, "tasks", name, form, change, _("The task is done."))


@blueprint.post("/<record:number>/tasks/<key:task_id>/<any(drop, reopen):kind>")
@permission("action:work")
def settle_task(number: int, task_id: int, kind: str) -> BaseResponse:
    """Drop a task with the reason, or take "done" back."""
    name = f"{kind}-{task_id}"
    form = forms.ReasonForm(prefix=f"{name}-")
    service = services.drop_task if kind == "drop" else services.reopen_task
    said = _("The task is dropped.") if kind == "drop" else _("The task is open again.")

    def change(at: At) -> None:
        service(at.actor, at.action, at.row, form.reason.data, form.version.data)

    return write(number, "tasks", name, form, change, said)


@blueprint.post("/<record:number>/needs")
@permission("action:work")
def add_dependency(number: int) -> BaseResponse:
    """Let the action wait for another."""
    form = forms.DependencyForm(prefix="needs-")

    def change(at: At) -> None:
        try:
            needs = get_action(at.actor, form.number)
        except NotFound:
            raise InvalidInput({"needs": [_("There is no such action.")]}) from None
        services.add_dependency(at.actor, at.action, needs)

    return write(number, "tasks", "needs", form, change, _("The dependency is added."))


@blueprint.post("/<record:number>/needs/<record:needs>/remove")
@permission("action:work")
def remove_dependency(number: int, needs: int) -> BaseResponse:
    """Let the action no longer wait for another."""

    def change(at: At) -> None:
        services.remove_dependency(at.actor, at.action, get_action(at.actor, needs))

    return write(number, "tasks", "", FlaskForm(), change, _("The dependency is removed."))


# ---------------------------------------------------------------- beside it


@blueprint.post("/<record:number>/owner")
@permission("action:work")
def hand_over(number: int) -> BaseResponse:
    """Give the action to somebody else."""
    form = forms.OwnerForm(prefix="owner-")

    def change(at: At) -> None:
        heir, reason = form.owner_id.id_value or 0, form.reason.data
        services.hand_over(at.actor, at.action, heir, reason, form.version.data)

    return write(number, "side", "owner", form, change, _("The action is handed over."))


@blueprint.post("/<record:number>/deadline")
@permission("action:extend")
def extend(number: int) -> BaseResponse:
    """Set a later deadline."""
    form = forms.ExtendForm(prefix="deadline-")

    def change(at: At) -> None:
        services.extend(at.actor, at.action, form.due_on.data, form.reason.data, form.version.data)

    said = _("The deadline is extended.")
    return write(number, "side", "deadline", form, change, said, "action:extend")
