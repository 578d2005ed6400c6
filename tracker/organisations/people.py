"""Pages of the people of an organisation: who they are, what they may do, and how they get in."""

from dataclasses import replace
from typing import Any

from flask import current_app, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts import services, trail
from tracker.accounts.forms import (
    GrantForm,
    NewPersonForm,
    PersonForm,
    SetPasswordForm,
    pairs,
    read_id,
    strip,
)
from tracker.accounts.models import Person, Role
from tracker.accounts.queries import get_person_page, list_people, list_people_page
from tracker.accounts.roles import role_meaning, role_title
from tracker.accounts.viewmodels import PersonPage
from tracker.attempts import attempt, make
from tracker.errors import Forbidden
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.organisations.blueprint import blueprint
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor, can
from tracker.submissions import Answer
from tracker.timeline import list_history

__all__ = ["blueprint", "trail"]  # importing the trail registers the words for the history of a person

FIELDS = ("name_zh", "name_en", "email", "title")


def may_everywhere(name: str) -> bool:
    """Whether a permission holds at every site, for what belongs to the organisation as a whole.

    Only roles that were given for every site count: a manager of one site adds no other.
    """
    me = present_actor()
    grants = frozenset((site, role) for site, role in me.grants if site is None)
    return can(replace(me, grants=grants), name)


def allow_everywhere(name: str) -> Actor:
    """Check such a permission and hand back the actor; raises Forbidden."""
    found = allow(name)
    if not may_everywhere(name):
        raise Forbidden(name)
    return found


@blueprint.get("/people/")
@permission("person:view")
def people() -> BaseResponse:
    """The list of people, by name."""
    actor = allow("person:view")
    search = strip(request.args.get("q"))[:120]
    inactive = request.args.get("show") == "inactive"
    found = list_people_page(
        actor.organisation_id,
        search=search,
        inactive=inactive,
        after=strip(request.args.get("after")),
        before=strip(request.args.get("before")),
        size=current_app.config["SETTINGS"].page_size,
    )
    return render(
        "organisations/people.html",
        "organisations/_people.html",
        found=found,
        search=search,
        inactive=inactive,
        role_title=role_title,
        may_edit=allowed("person:edit"),
    )


@blueprint.get("/people/new")
@permission("person:edit")
def new_person() -> BaseResponse:
    """Ask who is to be added."""
    actor = allow("person:edit")
    return _page("organisations/person_new.html", form=_bind(actor, NewPersonForm(formdata=None)))


@blueprint.post("/people/new")
@permission("person:edit")
def create_person() -> BaseResponse:
    """Add somebody, with roles at one place; more are given on their page."""
    actor = allow("person:edit")
    form = _bind(actor, NewPersonForm())
    if not form.validate_on_submit():
        return _page("organisations/person_new.html", 422, form=form)
    site_id = read_id(form.site_id.data)

    def change() -> Answer:
        person = services.create_person(
            actor.organisation_id,
            form.email.data,
            form.name_zh.data,
            form.name_en.data,
            form.password.data,
            [(site_id, Role(role)) for role in form.roles.data],
            title=form.title.data,
            manager_id=read_id(form.manager_id.data),
            language=form.language.data or None,
            actor=actor,
        )
        return Answer(url_for("organisations.person", person_id=person.id))

    status, answer = make(form, change)
    if status != 200:
        return _page("organisations/person_new.html", status, form=_bind(actor, form))
    name = pick(form.name_zh.data, form.name_en.data)
    return go(answer.location, _("%(name)s has been added. Hand over the password in person.", name=name))


@blueprint.get("/people/<key:person_id>")
@permission("person:view")
def person(person_id: int) -> BaseResponse:
    """All of a person: roles, and for an administrator what can be changed."""
    actor = allow("person:view")
    return _person_page(actor, person_id)


def _person_page(actor: Actor, person_id: int, status: int = 200, **forms: Any) -> BaseResponse:
    """The page of a person, with `forms` that were refused in place of fresh ones."""
    found = get_person_page(actor.organisation_id, person_id)
    may_edit = services.administers_person(actor, {grant.site_id for grant in found.grants})
    # Whoever may give any role gets the form for it; the service refuses the places that are not theirs.
    may_grant = any(role == Role.ADMINISTRATOR for _site, role in actor.grants)
    shown: dict[str, Any] = {}
    if may_edit or may_grant:
        shown["grant"] = _bind(actor, GrantForm(formdata=None, prefix="grant-"))
        shown["form"] = _bind(actor, _filled(found), but=person_id)
        shown["password"] = SetPasswordForm(formdata=None, prefix="password-")
    return _page(
        "organisations/person.html",
        status,
        person=found,
        grants=found.grants,
        may_edit=may_edit,
        may_grant=may_grant,
        is_me=person_id == actor.person_id,
        administers=lambda site_id: services.administers(actor, site_id),
        history=list_history(services.record_of_id(actor.organisation_id, person_id)) if may_edit else (),
        **shown | forms,
    )


def _filled(found: PersonPage) -> PersonForm:
    form = PersonForm(formdata=None, data={name: getattr(found, name) for name in FIELDS})
    form.manager_id.data = str(found.manager_id or "")
    form.language.data = found.language or ""
    form.version.data = found.version
    return form


def _bind(actor: Actor, form: Any, but: int | None = None) -> Any:
    """Fill the choices of a form: sites and roles in words, and the people who could be a manager."""
    if "site_id" in form:
        places = [("", _("Every site"))] if services.administers(actor, None) else []
        places += [
            (str(site.id), pick(site.name_zh, site.name_en))
            for site in list_sites(actor)
            if services.administers(actor, site.id)
        ]
        form.site_id.choices = pairs(*places)
    if "manager_id" in form:
        people = [view for view in list_people(actor.organisation_id) if view.id != but]
        named = [(str(view.id), pick(view.name_zh, view.name_en)) for view in people]
        form.manager_id.choices = pairs(("", _("Nobody")), *named)
    for name in ("roles", "role"):
        if name in form:
            form[name].choices = pairs(*((role.value, role_title(role)) for role in Role))
    return form


def _page(template: str, status: int = 200, **context: object) -> BaseResponse:
    context = {"role_title": role_title, "role_meaning": role_meaning} | context
    context.setdefault("Role", Role)
    return make_response(render_template(template, **context), status)


def _load(person_id: int) -> tuple[Actor, Person]:
    """The actor, who may edit people, and a person of the same organisation."""
    found = services.get_person(present_actor().organisation_id, person_id)
    return allow("person:edit"), found


def _back(person_id: int, message: str) -> BaseResponse:
    return go(url_for("organisations.person", person_id=person_id), message)


@blueprint.post("/people/<key:person_id>")
@permission("person:edit")
def save_person(person_id: int) -> BaseResponse:
    """Change who somebody is."""
    actor, found = _load(person_id)
    services.require_administers(actor, found)
    form = _bind(actor, PersonForm(), but=person_id)
    if not form.validate_on_submit():
        return _person_page(actor, person_id, 422, form=form)
    fields = {name: form[name].data for name in FIELDS}
    fields |= {"manager_id": read_id(form.manager_id.data), "language": form.language.data or None}
    status = attempt(form, lambda: services.edit_person(actor, found, fields, form.version.data))
    if status != 200:
        return _person_page(actor, person_id, status, form=_bind(actor, form, but=person_id))
    return _back(person_id, _("Saved."))


@blueprint.post("/people/<key:person_id>/roles")
@permission("person:edit")
def grant_role(person_id: int) -> BaseResponse:
    """Give one more role."""
    actor, found = _load(person_id)
    form = _bind(actor, GrantForm(prefix="grant-"))
    if not form.validate_on_submit():
        return _person_page(actor, person_id, 422, grant=form)
    place, role = read_id(form.site_id.data), Role(form.role.data)
    status = attempt(form, lambda: services.grant_role(actor, found, place, role))
    if status != 200:
        return _person_page(actor, person_id, status, grant=_bind(actor, form))
    return _back(person_id, _("The role has been given."))


@blueprint.post("/people/<key:person_id>/roles/<key:grant_id>/withdraw")
@permission("person:edit")
def withdraw_role(person_id: int, grant_id: int) -> BaseResponse:
    """Take a role away."""
    actor, found = _load(person_id)
    form = _bind(actor, GrantForm(formdata=None, prefix="grant-"))
    status = attempt(form, lambda: services.withdraw_role(actor, found, grant_id))
    if status != 200:
        return _person_page(actor, person_id, status, grant=_bind(actor, form))
    return _back(person_id, _("The role has been taken away."))


@blueprint.post("/people/<key:person_id>/active")
@permission("person:edit")
def set_active(person_id: int) -> BaseResponse:
    """Let somebody in again, or out for good."""
    actor, found = _load(person_id)
    active = request.form.get("active") == "yes"
    form = _bind(actor, GrantForm(formdata=None, prefix="grant-"))
    status = attempt(form, lambda: services.set_active(actor, found, active))
    if status != 200:
        return _person_page(actor, person_id, status, grant=_bind(actor, form))
    return _back(
        person_id, _("Signing in is possible again.") if active else _("Deactivated and signed out.")
    )


@blueprint.post("/people/<key:person_id>/password")
@permission("person:edit")
def set_password(person_id: int) -> BaseResponse:
    """Give somebody a new password, to be handed over in person."""
    actor, found = _load(person_id)
    services.require_administers(actor, found)
    form = SetPasswordForm(prefix="password-")
    if not form.validate_on_submit():
        return _person_page(actor, person_id, 422, password=form)
    status = attempt(form, lambda: services.set_password(actor, found, form.password.data))
    if status != 200:
        return _person_page(actor, person_id, status, password=form)
    return _back(person_id, _("The password has been set; every device of this person is signed out."))
