"""Pages of corrective actions: the register, the workspace, and the addresses of its small forms."""

from typing import Any

from flask import current_app, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.accounts.forms import pairs, strip
from tracker.accounts.queries import list_people
from tracker.actions import choices, forms, overview, planning, register, services, steps
from tracker.actions.blueprint import blueprint
from tracker.actions.narrowing import keys, read_address
from tracker.actions.queries import (
    SETTLED,
    content_to_sign,
    get_action,
    list_answers,
    load_case,
    subject_of,
)
from tracker.actions.workspace import show_page, show_section
from tracker.attempts import make
from tracker.desk import Opened, number_in_address
from tracker.errors import NotFound
from tracker.fragments import go, part, render
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.moves import Signing
from tracker.moving import Records
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.reading import find as find_nonconformity
from tracker.offers import machine_of
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from tracker.submissions import Answer

__all__ = ["blueprint", "overview", "planning", "steps"]

SECTIONS = ("define", "analysis", "causes", "fishbone", "plan", "tasks", "carry", "verify", "side")


# ---------------------------------------------------------------- the register


@blueprint.get("/")
@permission("action:view")
def index() -> BaseResponse:
    """The register, narrowed, sorted and paged by its address."""
    actor = allow("action:view")
    narrowed = read_address(actor)
    after, before = keys()
    size = current_app.config["SETTINGS"].page_size
    found = register.list_register(actor, narrowed.wanted, after, before, size)
    return render("actions/index.html", "actions/_register.html", found=found, **narrowed.context())


# ---------------------------------------------------------------- a new action


@blueprint.get("/new")
@permission("action:create")
def new() -> BaseResponse:
    """Ask what the action is called, who owns it, and what it answers."""
    actor = allow("action:create")
    first = _first(actor)
    form = _bind_new(actor, forms.NewActionForm(formdata=None), first)
    if first is not None:
        form.title.data = first.title
        form.nonconformity_ids.data = [str(first.id)]
        form.owner_id.data = str(first.owner_id or "")
    return render("actions/new.html", first=first, **_new_context(actor, form, first))


@blueprint.post("/new")
@permission("action:create")
def create() -> BaseResponse:
    """Open the action."""
    actor = allow("action:create")
    first = _first(actor)
    form = _bind_new(actor, forms.NewActionForm(), first)
    if not form.validate():
        return render("actions/new.html", status=422, first=first, **_new_context(actor, form, first))

    def change() -> Answer:
        action = services.create_action(
            actor,
            title=form.title.data,
            owner_id=form.owner_id.id_value,
            nonconformity_ids=[int(key) for key in form.nonconformity_ids.data],
        )
        allow("action:create", subject_of(action))
        return Answer(url_for("actions.show", number=action.number))

    status, answer = make(form, change)
    if status != 200:
        context = _new_context(actor, _bind_new(actor, form, first), first)
        return render("actions/new.html", status=status, first=first, **context)
    return go(answer.location, _("The action is open. Define the problem first."))


def _new_context(actor: Actor, form: Any, first: Nonconformity | None) -> dict[str, Any]:
    """The form, and the actions that could answer the non-conformity as well."""
    joinable = [] if first is None else choices.list_joinable(actor, first.site_id, first.id)
    return {"form": form, "joinable": joinable}


def _first(actor: Actor) -> Nonconformity | None:
    """The non-conformity that the new action starts from."""
    number = number_in_address("nonconformity")
    return None if number is None else find_nonconformity(actor, number)


def _bind_new(actor: Actor, form: Any, first: Nonconformity | None) -> Any:
    """Offer people and non-conformities: of the site of the first, or of the site chosen in the address."""
    sites = list_sites(actor)
    code = request.args.get("site", "")
    site_id = first.site_id if first else next((site.id for site in sites if site.code == code), None)
    if site_id is None and sites:
        site_id = sites[0].id
    people = list_people(actor.organisation_id, site_id)
    form.owner_id.offer([(view.id, pick(view.name_zh, view.name_en)) for view in people], _("Choose …"))
    found = choices.list_nameable(actor, site_id) if site_id else []
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
    return show_page(actor, action, Opened(name=strip(request.args.get("open"))[:40]))


@blueprint.get("/<record:number>/sections/<section>")
@permission("action:view")
def section(number: int, section: str) -> BaseResponse:
    """One section of the workspace, with the small form that the address opens."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    if section not in SECTIONS:
        raise NotFound
    opened = Opened(name=strip(request.args.get("open"))[:40])
    return show_section(actor, action, section, opened)


@blueprint.get("/<record:number>/worth")
@permission("action:view")
def worth(number: int) -> BaseResponse:
    """What closing each of its non-conformities would move now."""
    from tracker.scores.promises import promises
    from tracker.scores.worth import list_record_worth

    action = get_action(present_actor(), number)
    allow("action:view", subject_of(action))
    open_ones = [each for each in list_answers(action) if each.state not in SETTLED]
    answers = [each for each in open_ones if each.points_alone is not None]
    found = promises(action.organisation_id, [each.id for each in answers])
    names = [each.label for each in answers]
    totals = list_record_worth(action.organisation_id, action.site_id, names, action.effort) if names else ()
    return part("actions/_worth.html", promises=[(each, found[each.id]) for each in answers], totals=totals)


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

    def change() -> None:
        signing = None
        if form.password.data:
            signing = Signing(form.password.data, content_to_sign(load_case(action)))
        services.make_move(
            actor, action, event, reason=form.reason.data, signing=signing, version=form.version.data
        )

    return RECORDS.press(actor, action, event, form, change)


@blueprint.post("/<record:number>/undo")
@permission("action:view")
def take_back(number: int) -> BaseResponse:
    """Take back the last move, where its rule still allows that."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    return RECORDS.take_back(actor, action, forms.MoveForm())


RECORDS = Records("action", "actions.show", get_action, show_page, services.record_of)
