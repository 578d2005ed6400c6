"""The page of required metrics: what a site's services ask for, what answers it, who confirmed it."""

from flask import Response, request, url_for
from flask_wtf import FlaskForm
from wtforms import SelectField, SelectMultipleField, StringField

from tracker import timeline
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import VersionField, at_most, pairs, read_id, strip
from tracker.attempts import attempt
from tracker.database import db
from tracker.errors import Conflict, InvalidInput
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.i18n import pick
from tracker.metrics import exhibit, exhibit_changes, queries
from tracker.metrics.exhibit_outline import SERVICES
from tracker.metrics.models import Service
from tracker.metrics.services import items
from tracker.metrics.views import blueprint, chosen
from tracker.organisations.models import Site
from tracker.permissions import Actor, Subject
from tracker.scores import releases
from tracker.scores.sheets import COPC
from tracker.submissions import once

timeline.TITLES["exhibit_confirmed"] = _l("List of required metrics confirmed")
timeline.FIELD_LABELS.update(services=_l("Services"), required_metric=_l("Required metric"))
timeline.VALUE_VIEWS.update(
    services=lambda value: ", ".join(str(SERVICES[Service(each)]) for each in str(value).split(", ")),
    required_metric=lambda value: pick(value["zh"], value["en"]),  # type: ignore[index]
)


class EntryForm(FlaskForm):
    """A line of the list."""

    service = SelectField(
        _l("Service"), choices=pairs(*((each.value, text) for each, text in SERVICES.items()))
    )
    item = SelectField(_l("Item"), validate_choice=False)
    name_zh = StringField(_l("Name in Chinese"), [at_most(200)], filters=[strip])
    name_en = StringField(_l("Name in English"), [at_most(200)], filters=[strip])


class ServicesForm(FlaskForm):
    """The kinds of service that a site offers."""

    services = SelectMultipleField(_l("Services"), validate_choice=False)
    version = VersionField()


class AnswerForm(FlaskForm):
    """What answers a line."""

    metric = StringField(_l("Metric"), [at_most(20)], filters=[strip])
    reason = StringField(_l("Reason"), [at_most(2000)], filters=[strip])
    version = VersionField()


class VersionForm(FlaskForm):
    """Nothing but the version that was shown."""

    version = VersionField()


def _load(name: str) -> tuple[Actor, Site | None]:
    actor = present_actor()
    site = chosen(queries.list_sites(actor), request.args.get("site"))
    return allow(name, Subject(site_id=site.id) if site is not None else None), site


@blueprint.get("/required")
@permission("metric:view")
def required() -> Response:
    """The required metrics of a site."""
    actor, site = _load("metric:view")
    return _page(actor, site)


def _page(
    actor: Actor,
    site: Site | None,
    *,
    status: int = 200,
    entry_form: EntryForm | None = None,
    problem: str = "",
) -> Response:
    form = entry_form or EntryForm(formdata=None)
    known = releases.in_use(actor.organisation_id).standards[COPC]
    form.item.choices = pairs(
        *((each.id, f"{each.id} {pick(each.name.zh, each.name.en)}") for each in items(*known))
    )
    subject = Subject(site_id=site.id) if site is not None else None
    return render(
        "metrics/required.html",
        status=status,
        site=site,
        sites=queries.list_sites(actor),
        view=exhibit.get_page(site) if site is not None else None,
        entry_form=form,
        problem=problem,
        all_services=[
            (service.value, str(text)) for service, text in SERVICES.items() if service is not Service.ANY
        ],
        may_confirm=site is not None and allowed("metric:confirm", subject),
        may_edit_metrics=site is not None and allowed("metric:edit", subject),
    )


def _refuse(site_id: int, error: Conflict | InvalidInput) -> Response:
    db.session.rollback()
    actor = present_actor()
    site = db.session.get_one(Site, (actor.organisation_id, site_id))
    return _page(actor, site, status=error.status, problem=error.message)


def _posted() -> tuple[Actor, Site]:
    """The actor and the site of a change, once the actor may keep its list. Raises NotFound."""
    actor = present_actor()
    site = chosen(queries.list_sites(actor), request.args.get("site") or "-")
    if site is None:
        raise InvalidInput({"site": [_("Choose a site first.")]})
    return allow("metric:confirm", Subject(site_id=site.id)), site


@blueprint.post("/required/start")
@permission("metric:confirm")
def start_required() -> Response:
    """Take over the shipped outline."""
    actor, site = _posted()
    once(actor, lambda: exhibit_changes.start_list(actor))
    return go(url_for("metrics.required", site=site.code), _("The outline has been taken over."))


@blueprint.post("/required/entries")
@permission("metric:confirm")
def add_required() -> Response:
    """Add a line to the list."""
    actor, site = _posted()
    form = EntryForm()
    form.item.choices = []
    if form.validate_on_submit():
        fields = {name: form[name].data or "" for name in ("service", "item", "name_zh", "name_en")}
        if attempt(form, lambda: exhibit_changes.add_entry(actor, **fields)) == 200:
            return go(url_for("metrics.required", site=site.code), _("The line has been added."))
    return _page(actor, site, status=422, entry_form=form)


@blueprint.post("/required/entries/<key:entry_id>/retire")
@permission("metric:confirm")
def retire_required(entry_id: int) -> Response:
    """Take a line off the list."""
    actor, site = _posted()
    entry = exhibit.get_entry(actor.organisation_id, entry_id)
    form = VersionForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput({"version": [_("This page is not complete. Reload it and try again.")]})
        once(actor, lambda: exhibit_changes.retire_entry(actor, entry, form.version.data), entry)
    except (Conflict, InvalidInput) as error:
        return _refuse(site.id, error)
    return go(url_for("metrics.required", site=site.code), _("The line has been taken off."))


@blueprint.post("/required/services")
@permission("metric:confirm")
def save_services() -> Response:
    """Say which kinds of service the site offers."""
    actor, site = _posted()
    form = ServicesForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput({"version": [_("This page is not complete. Reload it and try again.")]})
        named, version = form.services.data or [], form.version.data
        once(actor, lambda: exhibit_changes.set_services(actor, site, named, version), site)
    except (Conflict, InvalidInput) as error:
        return _refuse(site.id, error)
    return go(url_for("metrics.required", site=site.code), _("Saved."))


@blueprint.post("/required/entries/<key:entry_id>/answer")
@permission("metric:confirm")
def answer_required(entry_id: int) -> Response:
    """Say what answers a line at the site."""
    actor, site = _posted()
    entry = exhibit.get_entry(actor.organisation_id, entry_id)
    form = AnswerForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput({"version": [_("This page is not complete. Reload it and try again.")]})
        metric_id, reason = _metric_id(form.metric.data or ""), form.reason.data or ""
        version = form.version.data
        once(
            actor,
            lambda: exhibit_changes.answer(
                actor, site, entry, metric_id=metric_id, reason=reason, version=version
            ),
            entry,
        )
    except (Conflict, InvalidInput) as error:
        return _refuse(site.id, error)
    return go(url_for("metrics.required", site=site.code, _anchor=f"entry-{entry_id}"), _("Saved."))


def _metric_id(text: str) -> int | None:
    try:
        return read_id(text)
    except ValueError:
        raise InvalidInput({"metric": [_("Choose metrics of this site.")]}) from None


@blueprint.post("/required/confirm")
@permission("metric:confirm")
def confirm_required() -> Response:
    """Confirm that the list of the site is right as it stands."""
    actor, site = _posted()
    form = VersionForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput({"version": [_("This page is not complete. Reload it and try again.")]})
        once(actor, lambda: exhibit_changes.confirm(actor, site, form.version.data), site)
    except (Conflict, InvalidInput) as error:
        return _refuse(site.id, error)
    return go(url_for("metrics.required", site=site.code), _("The list has been confirmed."))
