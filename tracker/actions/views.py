"""Pages of corrective actions: the register, the workspace, and the addresses of its small forms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs, strip
from tracker.accounts.queries import list_people
from tracker.actions import forms, pages, services
from tracker.actions.models import Action
from tracker.actions.queries import content_to_sign, get_action, load_case, subject_of
from tracker.database import db
from tracker.errors import Conflict, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.fragments import go, part, render, toast
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.moves import Signing
from tracker.nonconformities.models import Nonconformity
from tracker.offers import machine_of
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from workflows.actions import ActionState
from workflows.causes import RIBS
from workflows.kinds import CauseKind, VerificationMethod

blueprint = Blueprint("actions", __name__, url_prefix="/actions")

SECTIONS = ("define", "analysis", "causes", "plan", "tasks", "carry", "verify", "side")


@dataclass
class Opened:
    """The small form that stands open on the page: its name, the form as sent, and what was refused."""

    name: str = ""
    form: FlaskForm | None = None
    problem: str = ""
    reasons: tuple[str, ...] = ()
    typed: dict[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------- the register


@blueprint.get("/")
@permission("action:view")
def index() -> BaseResponse:
    """The register, narrowed, sorted and paged by its address."""
    actor = allow("action:view")
    sites = list_sites(actor)
    people = list_people(actor.organisation_id)
    wanted = _filters(
        actor, {site.code: site.id for site in sites}, {str(view.id): view.id for view in people}
    )
    found = pages.list_register(
        actor,
        wanted,
        strip(request.args.get("after"))[:40],
        strip(request.args.get("before"))[:40],
        current_app.config["SETTINGS"].page_size,
    )
    states = [("live", _("All that are not finished"))]
    states += [(state.value, state.of(language())) for state in ActionState]
    return render(
        "actions/index.html",
        "actions/_register.html",
        found=found,
        wanted=wanted,
        sites=sites,
        site_choices=[(site.code, pick(site.name_zh, site.name_en)) for site in sites],
        site_code=next((site.code for site in sites if site.id == wanted.site_id), ""),
        people=[(view.id, pick(view.name_zh, view.name_en)) for view in people],
        states=states,
        mine=wanted.owner_id == actor.person_id,
    )


def _filters(actor: Actor, sites: Mapping[str, int], people: Mapping[str, int]) -> pages.Filters:
    """The filters of the address; what cannot be read narrows nothing."""
    args = request.args
    state = args.get("state", "")
    owner = args.get("owner", "")
    sort = args.get("sort", "")
    return pages.Filters(
        site_id=sites.get(args.get("site", "")),
        state=state if state == "live" or state in set(ActionState) else "",
        owner_id=actor.person_id if owner == "me" else people.get(owner),
        overdue=args.get("overdue") == "1",
        q=strip(args.get("q"))[:120],
        sort=sort if sort in pages.SORTS else "-number",
    )


# ---------------------------------------------------------------- a new action


@blueprint.get("/new")
@permission("action:create")
def new() -> BaseResponse:
    """Ask what the action is called, who owns it, and what it answers."""
    actor = allow("action:create")
    first = _named_in_address(actor)
    form = _bind_new(actor, forms.NewActionForm(formdata=None), first)
    if first is not None:
        form.title.data = first.title
        form.nonconformity_ids.data = [str(first.id)]
        form.owner_id.data = str(first.owner_id or "")
    return render("actions/new.html", form=form, first=first)


@blueprint.post("/new")
@permission("action:create")
def create() -> BaseResponse:
    """Open the action."""
    actor = allow("action:create")
    first = _named_in_address(actor)
    form = _bind_new(actor, forms.NewActionForm(), first)
    if not form.validate():
        return render("actions/new.html", status=422, form=form, first=first)
    try:
        action = services.create_action(
            actor,
            title=form.title.data,
            owner_id=form.owner_id.id_value,
            nonconformity_ids=[int(key) for key in form.nonconformity_ids.data],
        )
        allow("action:create", subject_of(action))
        db.session.commit()
    except InvalidInput as error:
        db.session.rollback()
        _beside(form, error)
        return render("actions/new.html", status=422, form=_bind_new(actor, form, first), first=first)
    return go(
        url_for("actions.show", number=action.number), _("The action is open. Define the problem first.")
    )


def _named_in_address(actor: Actor) -> Nonconformity | None:
    """The non-conformity that the new action starts from."""
    text = request.args.get("nonconformity", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotFound
    query = sa.select(Nonconformity).where(
        Nonconformity.organisation_id == actor.organisation_id, Nonconformity.number == int(text)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Nonconformity.site_id.in_(sites))
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def _bind_new(actor: Actor, form: Any, first: Nonconformity | None) -> Any:
    """Offer people and non-conformities: of the site of the first, or of the site chosen in the address."""
    sites = list_sites(actor)
    code = request.args.get("site", "")
    site_id = first.site_id if first else next((site.id for site in sites if site.code == code), None)
    if site_id is None and sites:
        site_id = sites[0].id
    people = list_people(actor.organisation_id, site_id)
    form.owner_id.offer([(view.id, pick(view.name_zh, view.name_en)) for view in people], _("Choose …"))
    found = pages.list_nameable(actor, site_id) if site_id else []
    form.nonconformity_ids.choices = pairs(*((str(key), text) for key, text in found))
    form.sites, form.site_id = sites, site_id
    return form


# ---------------------------------------------------------------- the workspace


@blueprint.get("/<record:number>")
@permission("action:view")
def show(number: int) -> BaseResponse:
    """All of one action."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    return _page(actor, action, Opened(name=strip(request.args.get("open"))[:40]))


@blueprint.get("/<record:number>/sections/<section>")
@permission("action:view")
def section(number: int, section: str) -> BaseResponse:
    """One section of the workspace, with the small form that the address opens."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    if section not in SECTIONS:
        raise NotFound
    opened = Opened(name=strip(request.args.get("open"))[:40])
    return _section(actor, action, section, opened)


@blueprint.get("/<record:number>/worth")
@permission("action:view")
def worth(number: int) -> BaseResponse:
    """What closing each of its non-conformities would move now."""
    from tracker.scores.queries import promise

    action = get_action(present_actor(), number)
    allow("action:view", subject_of(action))
    answers = [each for each in load_case(action).live if each.points_alone is not None]
    promises = [(each, promise(action.organisation_id, each.id)) for each in answers]
    return part("actions/_worth.html", promises=promises)


def _context(actor: Actor, action: Action, opened: Opened) -> dict[str, Any]:
    page = pages.get_page(actor, action)
    return {
        "action": page,
        "opened": opened,
        "desk": Desk(actor, action, page, opened),
        "signer": actor.name(language()),
        "move_urls": {
            event: url_for("actions.move", number=action.number, event=event)
            for event in machine_of("action").events
        },
    }


def _page(actor: Actor, action: Action, opened: Opened, status: int = 200) -> BaseResponse:
    return render("actions/show.html", status=status, **_context(actor, action, opened))


def _section(
    actor: Actor, action: Action, name: str, opened: Opened, status: int = 200, said: str = ""
) -> BaseResponse:
    """The section for htmx, with what else of the page it changes; the whole page for everyone else."""
    context = _context(actor, action, opened) | {"section": name, "out_of_band": True}
    response = render("actions/show.html", "actions/_answer.html", status=status, **context)
    return toast(response, said) if said else response


# ---------------------------------------------------------------- small forms


class Desk:
    """The small forms of the workspace: made when the page asks, or the one that came back refused."""

    def __init__(self, actor: Actor, action: Action, page: Any, opened: Opened) -> None:
        self.actor, self.action, self.page, self.opened = actor, action, page, opened
        self._people: list[tuple[int, str]] | None = None

    @property
    def may_work(self) -> bool:
        """Whether this person may write the steps of the action."""
        return allowed("action:work", subject_of(self.action))

    def may_do(self, task: Any) -> bool:
        """Whether this person may report a task: the owner of the task, or whoever works on the action."""
        return allowed("action:work", subject_of(self.action, task.owner_id))

    def can(self, field_name: str) -> bool:
        """Whether a field may be written now, by this person."""
        return self.may_work and self.action.state in services.EDITABLE[field_name]

    @property
    def may_extend(self) -> bool:
        """Whether this person may set a later deadline: never the owner (E.4)."""
        return allowed("action:extend", subject_of(self.action)) and (
            self.actor.person_id != self.action.owner_id or self.actor.single_person
        )

    @property
    def open_steps(self) -> list[str]:
        """The steps whose form stands on the page and carries the action's version."""
        return [name for name, columns in STEP_FIELDS.items() if self.can(columns)]

    @property
    def can_analyse(self) -> bool:
        return self.may_work and self.action.state in services.BEFORE_APPROVAL

    @property
    def can_plan(self) -> bool:
        return self.may_work and self.action.state == ActionState.PLANNING

    @property
    def is_doing(self) -> bool:
        return self.action.state == ActionState.IMPLEMENTING

    @property
    def can_depend(self) -> bool:
        return self.may_work and (
            self.action.state in services.BEFORE_APPROVAL or self.action.state == ActionState.IMPLEMENTING
        )

    def people(self) -> list[tuple[int, str]]:
        if self._people is None:
            views = list_people(self.action.organisation_id, self.action.site_id)
            self._people = [(view.id, pick(view.name_zh, view.name_en)) for view in views]
        return self._people

    def step(self, name: str) -> Any:
        """The form of a step, filled with what is saved."""
        if self.opened.form is not None and self.opened.name == name:
            return self.bind(self.opened.form)
        form = self.bind(STEPS[name](formdata=None, prefix=f"{name}-"))
        for each in form:
            if hasattr(self.action, each.short_name) and each.short_name != "version":
                each.data = _shown(getattr(self.action, each.short_name))
        form.version.data = self.action.version
        if name == "plan" and form.window_days.data is None:
            form.window_days.data = self.page.window_default
        return form

    def cause(self, node: Any) -> Any:
        """The form to edit a cause."""
        form = self._refused(f"cause-{node.id}") or forms.CauseForm(
            formdata=None,
            prefix=f"cause-{node.id}-",
            data={
                "text": node.text,
                "kind": node.kind,
                "evidence": node.evidence,
                "rib": node.rib,
                "controllable": node.controllable,
                "person_answer": node.person_answer,
                "no_task_reason": node.no_task_reason,
                "version": node.version,
            },
        )
        return self.bind(form)

    def why(self, parent_id: int | None) -> Any:
        """The form to answer a why, under a cause or under the problem."""
        name = f"why-{parent_id or 0}"
        form = self._refused(name) or forms.NewCauseForm(formdata=None, prefix=f"{name}-")
        return self.bind(form)

    def verify(self, node: Any) -> Any:
        """The form to verify a cause."""
        name = f"verify-{node.id}"
        form = self._refused(name) or forms.VerifyForm(
            formdata=None, prefix=f"{name}-", data={"evidence": node.evidence, "version": node.version}
        )
        return self.bind(form)

    def new_task(self, cause_id: int | None) -> Any:
        """The form to plan a task."""
        name = f"newtask-{cause_id or 0}"
        data = {"cause_id": str(cause_id or ""), "owner_id": str(self.action.owner_id)}
        form = self._refused(name) or forms.NewTaskForm(formdata=None, prefix=f"{name}-", data=data)
        return self.bind(form)

    def task(self, task: Any) -> Any:
        """The form to change a task."""
        name = f"task-{task.id}"
        form = self._refused(name) or forms.TaskForm(
            formdata=None,
            prefix=f"{name}-",
            data={
                "title": task.title,
                "owner_id": str(task.owner_id),
                "due_on": task.due_on,
                "effort": str(task.effort),
                "cause_id": str(task.cause_id or ""),
                "version": task.version,
            },
        )
        return self.bind(form)

    def done(self, task: Any) -> Any:
        """The form to report a task done."""
        name = f"done-{task.id}"
        return self._refused(name) or forms.DoneForm(
            formdata=None, prefix=f"{name}-", data={"version": task.version}
        )

    def reason(self, kind: str, task: Any) -> Any:
        """The form to drop a task, or to open it again."""
        name = f"{kind}-{task.id}"
        return self._refused(name) or forms.ReasonForm(
            formdata=None, prefix=f"{name}-", data={"version": task.version}
        )

    def small(self, name: str) -> Any:
        """The form to add a dependency, hand over, or extend."""
        found = self._refused(name)
        if found is None:
            found = SMALL[name](formdata=None, prefix=f"{name}-")
            if "version" in found:
                found.version.data = self.action.version
        return self.bind(found)

    def _refused(self, name: str) -> Any:
        return self.opened.form if self.opened.name == name else None

    def bind(self, form: Any) -> Any:
        """Fill the choices of a form."""
        if "owner_id" in form and not form.owner_id.choices:
            form.owner_id.offer(self.people(), _("Choose …"))
        if "metric_id" in form and not form.metric_id.choices:
            form.metric_id.offer(pages.list_metrics(self.action), _("None"))
        if "cause_id" in form and not form.cause_id.choices:
            nodes = pages.walk(self.page.causes)
            form.cause_id.offer([(node.id, node.text) for node in nodes], _("Choose …"))
        if "kind" in form:
            kinds = [(kind.value, kind.of(language())) for kind in CauseKind]
            form.kind.choices = pairs(("", _("A why on the way")), *kinds)
            ribs = [
                (key, f"{ribs.of(language())} · {text.of(language())}")
                for ribs, found in RIBS.items()
                for key, text in found
            ]
            form.rib.choices = pairs(("", _("None")), *ribs)
        if "method" in form:
            form.method.choices = pairs(*((each.value, each.of(language())) for each in VerificationMethod))
        return form


STEPS: dict[str, type[FlaskForm]] = {
    "define": forms.DefineForm,
    "analysis": forms.AnalysisForm,
    "plan": forms.PlanForm,
    "carry": forms.ImplementForm,
    "verify": forms.EffectForm,
}
# A field of each step, by which to tell whether the step may be written.
STEP_FIELDS = {
    "define": "problem_what",
    "analysis": "analysis",
    "plan": "criterion",
    "carry": "read_across",
    "verify": "effect_result",
}
SMALL: dict[str, type[FlaskForm]] = {
    "needs": forms.DependencyForm,
    "owner": forms.OwnerForm,
    "deadline": forms.ExtendForm,
}


def _shown(value: Any) -> Any:
    """A column as a form field holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, Fraction) else value


def _read(name: str, each: Any) -> Any:
    """A form field as the column holds it."""
    if isinstance(each, forms.IdSelect):
        return each.id_value
    if isinstance(each, forms.EffortField):
        return each.amount
    if name in ("documents_updated", "criterion_met"):
        return {"yes": True, "no": False}.get(each.data)
    return each.data


def _beside(form: Any, error: InvalidInput) -> None:
    """Put what a service refused beside the field, or above the form where no field has that name."""
    for name, messages in error.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, *messages]
        else:
            form.form_errors.extend(messages)


@dataclass(frozen=True)
class Place:
    """Where a small form stands: its section, and the name it is opened by."""

    section: str
    name: str


def _change(
    actor: Actor, action: Action, place: Place, form: Any, change: Callable[[], object], said: str
) -> BaseResponse:
    """Validate, change, commit, answer with the section; or say why not, with what was typed kept."""
    number = action.number
    desk = Desk(actor, action, None, Opened())
    if "cause_id" in form:
        desk.page = pages.get_page(actor, action)
    desk.bind(form)
    if not form.validate():
        return _section(actor, action, place.section, Opened(place.name, form), 422)
    try:
        change()
        db.session.commit()
    except (Conflict, InvalidInput, RefusedMove) as error:
        db.session.rollback()
        fresh = get_action(actor, number)
        opened, status = _refusal(place, form, error, fresh)
        return _section(actor, fresh, place.section, opened, status)
    if request.headers.get("HX-Request"):
        return _section(actor, action, place.section, Opened(), said=said)
    return go(url_for("actions.show", number=number, _anchor=place.section), said)


def _refusal(place: Place, form: Any, error: Exception, fresh: Action) -> tuple[Opened, int]:
    if isinstance(error, InvalidInput):
        _beside(form, error)
        return Opened(place.name, form), 422
    if isinstance(error, RefusedMove):
        return Opened(place.name, form, error.message, tuple(error.reasons)), 409
    _rebase(form, place, fresh)
    return Opened(place.name, form, str(error)), 409


def _rebase(form: Any, place: Place, fresh: Action) -> None:
    """Let the form go on from the fresh version, and show beside each field what is saved by now."""
    row: Any = fresh
    kind, _dash, key = place.name.partition("-")
    if key and kind in ("cause", "verify"):
        row = services.get_cause(fresh, int(key))
    elif kind in ("task", "done", "drop", "reopen"):
        row = services.get_task(fresh, int(key))
    form.version.data = row.version
    form.version.raw_data = None
    for each in form:
        name = each.short_name
        if name in ("version", "reason") or not hasattr(row, name):
            continue
        saved = getattr(row, name)
        if isinstance(saved, str) and saved != (each.data or ""):
            each.description = _("Saved by now: %(text)s", text=saved or "–")


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

    return _change(actor, action, Place(step, step), form, change, _("Saved."))


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

    return _change(actor, action, Place("causes", name), form, change, _("The cause has been added."))


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

    return _change(actor, action, Place("causes", name), form, change, _("Saved."))


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

    return _change(actor, action, Place("causes", name), form, change, _("The cause is verified."))


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

    return _change(
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

    return _change(actor, action, Place("tasks", name), form, change, _("The task is planned."))


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

    return _change(actor, action, Place("tasks", name), form, change, _("Saved."))


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

    return _change(actor, action, Place("tasks", name), form, change, _("The task is done."))


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
    return _change(actor, action, Place("tasks", name), form, change, said)


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

    return _change(actor, action, Place("tasks", "needs"), form, change, _("The dependency is added."))


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

    return _change(actor, action, Place("tasks", ""), form, change, _("The dependency is removed."))


@blueprint.post("/<record:number>/owner")
@permission("action:work")
def hand_over(number: int) -> BaseResponse:
    """Give the action to somebody else."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    form = forms.OwnerForm(prefix="owner-")

    def change() -> None:
        services.hand_over(actor, action, form.owner_id.id_value or 0, form.reason.data, form.version.data)

    return _change(actor, action, Place("side", "owner"), form, change, _("The action is handed over."))


@blueprint.post("/<record:number>/deadline")
@permission("action:extend")
def extend(number: int) -> BaseResponse:
    """Set a later deadline."""
    action = get_action(present_actor(), number)
    actor = allow("action:extend", subject_of(action))
    form = forms.ExtendForm(prefix="deadline-")

    def change() -> None:
        services.extend(actor, action, form.due_on.data, form.reason.data, form.version.data)

    return _change(actor, action, Place("side", "deadline"), form, change, _("The deadline is extended."))


# ---------------------------------------------------------------- moves


@blueprint.post("/<record:number>/moves/<event>")
@permission("action:view")
def move(number: int, event: str) -> BaseResponse:
    """Make a move; the machine says who may."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    if event not in machine_of("action").events:
        raise NotFound
    form = forms.MoveForm()
    if not form.validate():
        return _page(actor, action, _retry(event, form, " ".join(form.reason.errors)), 422)
    signing = None
    if form.password.data:
        signing = Signing(form.password.data, content_to_sign(load_case(action)))
    try:
        services.make_move(
            actor, action, event, reason=form.reason.data, signing=signing, version=form.version.data
        )
        db.session.commit()
    except WrongPassword:
        db.session.rollback()
        return _page(
            actor, get_action(actor, number), _retry(event, form, _("This is not your password.")), 422
        )
    except Conflict as error:
        db.session.rollback()
        return _page(actor, get_action(actor, number), _retry(event, form, str(error)), 409)
    except RefusedMove as error:
        db.session.rollback()
        opened = _retry(event, form, error.message)
        opened.reasons = tuple(error.reasons)
        return _page(actor, get_action(actor, number), opened, error.status)
    return go(url_for("actions.show", number=number), _moved(event))


def _retry(event: str, form: Any, problem: str) -> Opened:
    return Opened(f"move-{event}", None, problem, typed={"reason": form.reason.data or ""})


def _moved(event: str) -> str:
    title = machine_of("action").event_title(event)
    return _("Done: %(move)s.", move=title.of(language()) if title else event)
