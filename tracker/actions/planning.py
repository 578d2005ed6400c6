"""The addresses around a plan: what it answers, what changed since its approval, and templates."""

from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.actions import choices, forms, plan_templates, services, template_tasks
from tracker.actions.blueprint import blueprint
from tracker.actions.plan_versions import get_difference
from tracker.actions.queries import get_action, load_case, subject_of
from tracker.actions.showing import days_text
from tracker.actions.template_tasks import Row
from tracker.actions.writing import At, write
from tracker.attempts import attempt, reasons_of
from tracker.database import db
from tracker.desk import Opened, number_in_address, rebase
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.nonconformities.reading import find as find_nonconformity
from tracker.numbering import label
from tracker.submissions import once

# ---------------------------------------------------------------- what it answers


@blueprint.post("/<record:number>/nonconformities")
@permission("action:work")
def name_nonconformity(number: int) -> BaseResponse:
    """Let the action answer one more non-conformity."""
    form = forms.NameForm(prefix="answers-")

    def change(at: At) -> None:
        check_version(at.action, form.version.data)
        services.name_nonconformity(at.actor, at.action, form.nonconformity_id.id_value or 0)

    return write(number, "side", "answers", form, change, _("The action answers it too."))


@blueprint.post("/<record:number>/nonconformities/<key:nonconformity_id>/remove")
@permission("action:work")
def unname_nonconformity(number: int, nonconformity_id: int) -> BaseResponse:
    """Let the action no longer answer a non-conformity."""
    name = f"unname-{nonconformity_id}"
    form = forms.ReasonForm(prefix=f"{name}-")

    def change(at: At) -> None:
        check_version(at.action, form.version.data)
        services.unname_nonconformity(at.actor, at.action, nonconformity_id, form.reason.data)

    return write(number, "side", name, form, change, _("The action no longer answers it."))


@blueprint.post("/join")
@permission("action:work")
def join() -> BaseResponse:
    """Let an action that is being planned answer a non-conformity that its owner would open one for."""
    record_number = number_in_address("nonconformity")
    if record_number is None:
        raise NotFound
    actor = allow("action:view")
    record = find_nonconformity(actor, record_number)
    form = forms.JoinForm(prefix="join-")
    form.action_number.offer(choices.list_joinable(actor, record.site_id, record.id), _("Choose …"))
    back = url_for("actions.new", nonconformity=record_number)
    if not form.validate():
        return go(back, " ".join(form.action_number.errors), "danger")
    action = get_action(actor, form.action_number.id_value or 0)
    allow("action:work", subject_of(action))
    try:
        once(actor, lambda: services.name_nonconformity(actor, action, record.id), action)
    except (InvalidInput, RefusedMove) as error:
        db.session.rollback()
        return go(back, " ".join(reasons_of(error)), "danger")
    return go(url_for("actions.show", number=action.number), _("The action answers it too."))


# ---------------------------------------------------------------- since the approval


@blueprint.get("/<record:number>/changes")
@permission("action:view")
def changes(number: int) -> BaseResponse:
    """What was added, changed and dropped since the plan was approved."""
    action = get_action(present_actor(), number)
    allow("action:view", subject_of(action))
    since = request.args.get("since", "")
    chosen = int(since) if since.isascii() and since.isdigit() and len(since) < 6 else None
    difference = get_difference(action, load_case(action), chosen)
    if difference is None and since:
        raise NotFound
    return render(
        "actions/changes.html",
        "actions/_changes.html",
        difference=difference,
        number=number,
        label=label("action", number),
        title=action.title,
    )


# ---------------------------------------------------------------- templates


@blueprint.get("/templates")
@permission("plan_template:view")
def templates() -> BaseResponse:
    """The templates of the organisation."""
    allow("plan_template:view")
    return _templates(Opened(name=request.args.get("open", "")[:40]))


def _templates(opened: Opened, status: int = 200) -> BaseResponse:
    found = plan_templates.list_templates(present_actor().organisation_id)
    return render(
        "actions/templates.html",
        status=status,
        found=found,
        opened=opened,
        form_of=_form_of(opened),
        rows_of=_rows_of(opened),
        days_text=days_text,
    )


def _rows_of(opened: Opened) -> Any:
    """The tasks of a template as its form has them: those that came back, or those that are saved."""

    def rows(template: plan_templates.TemplateView) -> list[Row]:
        sent = opened.typed.get("rows") if opened.name == f"template-{template.id}" else None
        return sent if sent is not None else template_tasks.rows_of(template.tasks)

    return rows


def _form_of(opened: Opened) -> Any:
    """The form of a template: the one that came back, or one filled with what is saved."""

    def form(template: plan_templates.TemplateView) -> Any:
        name = f"template-{template.id}"
        return opened.refused(name) or forms.TemplateForm(formdata=None, prefix=f"{name}-", obj=template)

    return form


@blueprint.post("/templates/<key:template_id>")
@permission("plan_template:edit")
def edit_template(template_id: int) -> BaseResponse:
    """Change a template, or only put its tasks in another order on the page, where nothing is saved yet."""
    actor = allow("plan_template:edit")
    template = plan_templates.get_template(actor.organisation_id, template_id)
    name = f"template-{template_id}"
    form = forms.TemplateForm(prefix=f"{name}-")
    rows = template_tasks.read_rows(request.form, f"{name}-")
    if "arrange" in request.form:
        arranged = template_tasks.arrange(rows or [], request.form["arrange"])
        return _templates(Opened(name, form, typed={"rows": arranged}))
    tasks, checked = template_tasks.check_rows(rows or [])
    typed = {"rows": None if rows is None else checked}
    if not form.validate() or any(row.faults for row in checked):
        return _templates(Opened(name, form, typed=typed), 422)
    fields = {each: form[each].data for each in ("name", "solution", "criterion", "window_days")}

    def change() -> None:
        wanted = None if rows is None else tasks
        plan_templates.edit_template(actor, template, fields, form.version.data, wanted)

    status = attempt(form, change, template)
    if status == 409:
        rebase(form, plan_templates.get_template(actor.organisation_id, template_id))
    if status != 200:
        return _templates(Opened(name, form, " ".join(map(str, form.form_errors)), typed=typed), status)
    return go(url_for("actions.templates", _anchor=name), _("Saved."))


@blueprint.post("/templates/<key:template_id>/<any(retire, restore):kind>")
@permission("plan_template:edit")
def retire_template(template_id: int, kind: str) -> BaseResponse:
    """Offer a template no longer, or again."""
    actor = allow("plan_template:edit")
    template = plan_templates.get_template(actor.organisation_id, template_id)
    form = forms.Versioned()
    if not form.validate():
        raise NotFound
    version = form.version.data
    once(actor, lambda: plan_templates.retire_template(template, kind == "retire", version), template)
    said = _("The template is retired.") if kind == "retire" else _("The template is offered again.")
    return go(url_for("actions.templates", _anchor=f"template-{template_id}"), said)


@blueprint.post("/<record:number>/template")
@permission("plan_template:edit")
def keep_template(number: int) -> BaseResponse:
    """Keep the plan of an action as a template."""
    form = forms.KeepPlanForm(prefix="keep-")

    def change(at: At) -> None:
        plan_templates.keep_as_template(at.actor, at.action, form.name.data)

    said = _("The plan is kept as a template.")
    return write(number, "tasks", "keep", form, change, said, "plan_template:edit")


@blueprint.post("/<record:number>/template/use")
@permission("action:work")
def use_template(number: int) -> BaseResponse:
    """Begin the plan of an action with a template."""
    form = forms.UseTemplateForm(prefix="use-")

    def change(at: At) -> None:
        template = plan_templates.get_template(at.actor.organisation_id, form.template_id.id_value or 0)
        cause, version = form.cause_id.id_value, form.version.data
        plan_templates.begin_with_template(at.actor, at.action, template, cause, version)

    return write(number, "tasks", "use", form, change, _("The plan begins with the template."))
