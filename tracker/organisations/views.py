"""Pages of sites, their programmes, key positions and policy switches."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from scoring.policy import SWITCHES
from tracker import clock
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.attempts import attempt, refuse
from tracker.database import db
from tracker.errors import Conflict, InvalidInput
from tracker.fragments import go
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.organisations import people, services, timing_views, trail
from tracker.organisations.blueprint import blueprint
from tracker.organisations.forms import (
    NewSiteForm,
    NewUnitForm,
    RetireForm,
    SiteForm,
    UnitForm,
    field_name,
    policy_form,
)
from tracker.organisations.models import CspType, Site, Unit, UnitKind
from tracker.organisations.queries import find_site, find_unit, get_site_page, list_site_rows, unit_view
from tracker.organisations.viewmodels import Preview
from tracker.permissions import Actor, Subject
from tracker.reviews.planner_views import site_clock
from tracker.timeline import list_history

__all__ = ["blueprint", "people", "timing_views", "trail"]  # these register pages and words when imported


def _load(code: str, name: str) -> tuple[Actor, Site]:
    """The actor and a site by its code, once the actor may do `name` to it."""
    site = find_site(present_actor(), code)
    return allow(name, Subject(site_id=site.id)), site


def _page(template: str, status: int = 200, **context: object) -> BaseResponse:
    return make_response(render_template(template, **context), status)


# ---------------------------------------------------------------- sites


@blueprint.get("/sites/")
@permission("site:view")
def index() -> str:
    """The list of sites."""
    actor = allow("site:view")
    return render_template(
        "organisations/index.html", sites=list_site_rows(actor), may_add=people.may_everywhere("site:edit")
    )


@blueprint.get("/sites/new")
@permission("site:edit")
def new() -> str:
    """Ask for a new site."""
    people.allow_everywhere("site:edit")
    return render_template("organisations/site_new.html", form=NewSiteForm(formdata=None))


@blueprint.post("/sites/new")
@permission("site:edit")
def create() -> BaseResponse:
    """Add a site."""
    actor = people.allow_everywhere("site:edit")
    form = NewSiteForm()
    if not form.validate_on_submit():
        return _page("organisations/site_new.html", 422, form=form)
    status = attempt(
        form,
        lambda: services.create_site(
            actor,
            code=form.code.data,
            name_zh=form.name_zh.data,
            name_en=form.name_en.data,
            csp_type=CspType(form.csp_type.data),
            target_level=int(form.target_level.data),
        ),
    )
    if status != 200:
        return _page("organisations/site_new.html", status, form=form)
    return go(
        url_for("organisations.show", code=form.code.data), _("The site has been added. Now its programmes.")
    )


@blueprint.get("/sites/<code>")
@permission("site:view")
def show(code: str) -> str:
    """All of a site."""
    _actor, site = _load(code, "site:view")
    return render_template(
        "organisations/show.html",
        site=get_site_page(site),
        history=list_history(services.record_of(site)),
        review_clock=site_clock(site),
        may_plan=allowed("review:plan", Subject(site_id=site.id)),
        may_edit=allowed("site:edit", Subject(site_id=site.id)),
        may_set=allowed("settings:edit", Subject(site_id=site.id)),
    )


@blueprint.get("/sites/<code>/edit")
@permission("site:edit")
def edit(code: str) -> str:
    """Ask what to change of a site."""
    _actor, site = _load(code, "site:edit")
    form = SiteForm(formdata=None, obj=site)
    form.csp_type.data, form.target_level.data = site.csp_type.value, str(site.target_level)
    return render_template("organisations/site_edit.html", form=form, site=site)


@blueprint.post("/sites/<code>/edit")
@permission("site:edit")
def save(code: str) -> BaseResponse:
    """Change a site."""
    actor, site = _load(code, "site:edit")
    form = SiteForm()
    if not form.validate_on_submit():
        return _page("organisations/site_edit.html", 422, form=form, site=site)
    fields = {
        "name_zh": form.name_zh.data,
        "name_en": form.name_en.data,
        "csp_type": CspType(form.csp_type.data),
        "target_level": int(form.target_level.data),
        "active": form.active.data,
    }
    status = attempt(form, lambda: services.edit_site(actor, site, fields, form.version.data))
    if status != 200:
        return _page("organisations/site_edit.html", status, form=form, site=find_site(actor, code))
    return go(url_for("organisations.show", code=code), _("Saved."))


# ---------------------------------------------------------------- policy switches


@blueprint.get("/sites/<code>/policy")
@permission("settings:edit")
def policy(code: str) -> str:
    """Ask how the contested rules are to be read."""
    _actor, site = _load(code, "settings:edit")
    form = policy_form(site.policy, formdata=None)
    form.version.data = site.version
    return render_template("organisations/policy.html", form=form, site=site, fields=_switch_fields(form))


@blueprint.post("/sites/<code>/policy")
@permission("settings:edit")
def save_policy(code: str) -> BaseResponse:
    """Change the switches, with a reason."""
    actor, site = _load(code, "settings:edit")
    form = policy_form(site.policy)
    valid = form.validate_on_submit()
    status = 422
    if valid:
        status = attempt(form, lambda: _set_policy(actor, site, form))
    if status != 200:
        fresh = find_site(actor, code)
        return _page("organisations/policy.html", status, form=form, site=fresh, fields=_switch_fields(form))
    return go(url_for("organisations.show", code=code), _("The policy has been changed."))


def _set_policy(actor: Any, site: Site, form: Any) -> None:
    try:
        services.set_policy(actor, site, form.values(), form.version.data, form.reason.data)
    except InvalidInput as error:
        raise InvalidInput(
            {field_name(key) if "." in key else key: messages for key, messages in error.fields.items()}
        ) from None


def _switch_fields(form: Any) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {"copc": [], "metric": [], "see": []}
    for key in SWITCHES:
        groups[key.partition(".")[0]].append(form[field_name(key)])
    return groups


# ---------------------------------------------------------------- programmes and key positions


@blueprint.get("/sites/<code>/<any(programmes, positions):kind>/new")
@permission("site:edit")
def new_unit(code: str, kind: str) -> str:
    """Ask for a new programme or key position."""
    _actor, site = _load(code, "site:edit")
    return render_template(
        "organisations/unit_new.html", form=NewUnitForm(formdata=None), site=site, kind=kind
    )


@blueprint.post("/sites/<code>/<any(programmes, positions):kind>/new")
@permission("site:edit")
def create_unit(code: str, kind: str) -> BaseResponse:
    """Add a programme or key position, or show what that would move."""
    actor, site = _load(code, "site:edit")
    form = NewUnitForm()
    context = {"site": site, "kind": kind}
    if not form.validate_on_submit():
        return _page("organisations/unit_new.html", 422, form=form, **context)

    def change() -> Unit:
        return services.add_unit(
            actor,
            site,
            kind=UnitKind.PROGRAMME if kind == "programmes" else UnitKind.KEY_POSITION,
            code=form.code.data,
            name_zh=form.name_zh.data,
            name_en=form.name_en.data,
            client=form.client.data,
            starts_on=form.starts_on.data,
            ends_on=form.ends_on.data,
        )

    if "preview" in request.form:
        day = form.starts_on.data or clock.today()
        return _show_preview("organisations/unit_new.html", form, site, change, day, {"form": form} | context)
    status = attempt(form, change)
    if status != 200:
        return _page("organisations/unit_new.html", status, form=form, site=find_site(actor, code), kind=kind)
    name = pick(form.name_zh.data, form.name_en.data)
    return go(url_for("organisations.show", code=code), _("%(name)s has been added.", name=name))


def _show_preview(
    template: str, form: Any, site: Site, change: Callable[[], object], day: date, context: dict[str, Any]
) -> BaseResponse:
    """The same page with what the change would move; nothing is kept."""
    found: Preview | None = None
    status = 200
    try:
        found = services.preview(site, change, day)
    except (Conflict, InvalidInput) as error:
        status = error.status
        refuse(form, error)
    body = _page(template, status, preview=found, **context)
    db.session.rollback()
    return body


@blueprint.get("/sites/<code>/units/<key:unit_id>")
@permission("site:edit")
def edit_unit(code: str, unit_id: int) -> str:
    """Ask what to change of a programme or key position, or when it ends."""
    _actor, site = _load(code, "site:edit")
    unit = find_unit(site, unit_id)
    return render_template("organisations/unit_edit.html", **_unit_context(site, unit))


def _unit_context(site: Site, unit: Unit, **forms: Any) -> dict[str, Any]:
    retire = RetireForm(formdata=None, prefix="end-", data={"version": unit.version, "ends_on": unit.ends_on})
    return {
        "site": site,
        "unit": unit_view(unit),
        "form": UnitForm(formdata=None, obj=unit),
        "retire": retire,
        "UnitKind": UnitKind,
    } | forms


@blueprint.post("/sites/<code>/units/<key:unit_id>")
@permission("site:edit")
def save_unit(code: str, unit_id: int) -> BaseResponse:
    """Change a programme or key position."""
    actor, site = _load(code, "site:edit")
    unit = find_unit(site, unit_id)
    form = UnitForm()
    if not form.validate_on_submit():
        return _page("organisations/unit_edit.html", 422, **_unit_context(site, unit, form=form))
    fields = {name: form[name].data for name in ("name_zh", "name_en", "client", "starts_on", "ends_on")}
    status = attempt(form, lambda: services.edit_unit(actor, site, unit, fields, form.version.data))
    if status != 200:
        site = find_site(actor, code)
        return _page(
            "organisations/unit_edit.html", status, **_unit_context(site, find_unit(site, unit_id), form=form)
        )
    return go(url_for("organisations.show", code=code), _("Saved."))


@blueprint.post("/sites/<code>/units/<key:unit_id>/retire")
@permission("site:edit")
def retire_unit(code: str, unit_id: int) -> BaseResponse:
    """End a programme or key position, or show what that would move."""
    actor, site = _load(code, "site:edit")
    unit = find_unit(site, unit_id)
    form = RetireForm(prefix="end-")
    template = "organisations/unit_edit.html"
    if not form.validate_on_submit():
        return _page(template, 422, **_unit_context(site, unit, retire=form))

    last_day: Any = form.ends_on.data

    def change() -> None:
        services.retire_unit(actor, site, unit, last_day, form.reason.data or "", form.version.data)

    if "preview" in request.form:
        after = last_day + timedelta(days=1)
        return _show_preview(template, form, site, change, after, _unit_context(site, unit, retire=form))
    status = attempt(form, change)
    if status != 200:
        site = find_site(actor, code)
        return _page(template, status, **_unit_context(site, find_unit(site, unit_id), retire=form))
    return go(url_for("organisations.show", code=code), _("The end has been recorded."))
