"""Pages of key processes."""

from flask import Blueprint, Response, request, url_for

from tracker import clock, timeline
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.queries import list_people
from tracker.attempts import attempt, make
from tracker.database import db
from tracker.errors import NotFound
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.metrics.queries import list_sites
from tracker.organisations.models import Site, UnitKind
from tracker.permissions import Actor, Subject
from tracker.processes import queries, services
from tracker.processes.forms import AuditForm, EditProcessForm, ProcessForm, RemoveForm
from tracker.processes.models import Process, ProcessKind
from tracker.reviews import queries as reviews
from tracker.submissions import Answer

blueprint = Blueprint("processes", __name__, url_prefix="/processes")


def load(number: int, name: str) -> tuple[Actor, Process]:
    """The actor and a process of the organisation, once the actor may do `name` to it."""
    process = queries.get_process(present_actor().organisation_id, number)
    return allow(name, queries.subject_of(process)), process


def _chosen(sites: tuple[Site, ...], code: str | None) -> Site | None:
    if code:
        found = next((site for site in sites if site.code == code), None)
        if found is None:
            raise NotFound
        return found
    return sites[0] if sites else None


@blueprint.get("/")
@permission("process:view")
def index() -> Response:
    """The key processes of a site: procedure, owner, variation, last sampled audit."""
    actor = allow("process:view")
    sites = list_sites(actor)
    site = _chosen(sites, request.args.get("site"))
    kind, state = request.args.get("kind", ""), request.args.get("state", "")
    return render(
        "processes/index.html",
        "processes/_register.html",
        sites=sites,
        site=site,
        kind=kind,
        state=state,
        states=[
            ("overdue", _("Sampled audit overdue")),
            ("varies", _("Too much variation")),
            ("retired", _("No longer in use")),
        ],
        rows=queries.list_processes(actor, site, kind, state) if site is not None else (),
        may_add=site is not None and allowed("process:edit", Subject(site_id=site.id)),
    )


# ---------------------------------------------------------------- adding and editing


def _site_for_new() -> tuple[Actor, Site]:
    actor = present_actor()
    site = _chosen(list_sites(actor), request.args.get("site"))
    if site is None:
        raise NotFound
    return allow("process:edit", Subject(site_id=site.id)), site


def _offer(form: ProcessForm, site: Site) -> None:
    units = reviews.list_units(site.organisation_id, site.id, clock.today())
    form.offer(
        [
            (str(unit.id), pick(unit.name_zh, unit.name_en))
            for unit in units
            if unit.kind == UnitKind.PROGRAMME
        ],
        _people(site),
        queries.list_metric_choices(site.organisation_id, site.id),
    )


def _people(site: Site) -> list[tuple[str, str]]:
    people = list_people(site.organisation_id, site_id=site.id)
    return [(str(person.id), pick(person.name_zh, person.name_en)) for person in people]


@blueprint.get("/new")
@permission("process:edit")
def new() -> Response:
    """Ask for a new process."""
    _actor, site = _site_for_new()
    form = ProcessForm(formdata=None)
    _offer(form, site)
    form.kind.data, form.unit_id.data, form.owner_id.data = ProcessKind.KCRP.value, "", ""
    return render("processes/edit.html", form=form, site=site, process=None)


@blueprint.post("/new")
@permission("process:edit")
def create() -> Response:
    """Add a process."""
    actor, site = _site_for_new()
    form = ProcessForm()
    _offer(form, site)
    if form.validate_on_submit():
        status, answer = make(form, lambda: _add(actor, site, form))
        if status == 200:
            return go(answer.location, _("The process has been added."))
    return render("processes/edit.html", status=422, form=form, site=site, process=None)


def _add(actor: Actor, site: Site, form: ProcessForm) -> Answer:
    fields = form.fields()
    process = services.create_process(actor, site_id=site.id, fields=fields, metric_ids=form.chosen())
    return Answer(url_for(".show", number=process.number))


@blueprint.get("/<record:number>/edit")
@permission("process:edit")
def edit(number: int) -> Response:
    """Ask what to change of a process."""
    _actor, process = load(number, "process:edit")
    site = db.session.get_one(Site, (process.organisation_id, process.site_id))
    form = EditProcessForm(formdata=None, obj=process)
    _offer(form, site)
    form.kind.data = process.kind.value
    form.unit_id.data, form.owner_id.data = str(process.unit_id or ""), str(process.owner_id or "")
    form.metrics.data = [str(each) for each in queries.metric_ids(process)]
    return render("processes/edit.html", form=form, site=site, process=process)


@blueprint.post("/<record:number>/edit")
@permission("process:edit")
def save(number: int) -> Response:
    """Change a process."""
    actor, process = load(number, "process:edit")
    site = db.session.get_one(Site, (process.organisation_id, process.site_id))
    form = EditProcessForm()
    _offer(form, site)
    status = 422
    if form.validate_on_submit():
        status = attempt(
            form,
            lambda: services.edit_process(actor, process, form.fields(), form.chosen(), form.version.data),
            process,
        )
        if status == 200:
            return go(url_for(".show", number=number), _("Saved."))
        if status == 409:
            form.version.data = process.version
    return render("processes/edit.html", status=status, form=form, site=site, process=process)


# ---------------------------------------------------------------- one process


@blueprint.get("/<record:number>")
@permission("process:view")
def show(number: int) -> Response:
    """A process: what it follows, how much it varies, and its sampled audits."""
    _actor, process = load(number, "process:view")
    return _show(process)


def _show(
    process: Process, *, status: int = 200, audit_form: AuditForm | None = None, problem: str = ""
) -> Response:
    subject = queries.subject_of(process)
    may_audit = process.active and allowed("process:audit", subject)
    form = audit_form
    if may_audit and form is None:
        form = AuditForm(formdata=None)
        form.audited_on.data, form.auditor_id.data = clock.today(), str(present_actor().person_id)
    if may_audit and form is not None:
        form.offer(
            [
                (str(person.id), pick(person.name_zh, person.name_en))
                for person in list_people(process.organisation_id, site_id=process.site_id)
            ]
        )
    return render(
        "processes/show.html",
        status=status,
        view=queries.get_page(process),
        audit_form=form,
        problem=problem,
        may_edit=allowed("process:edit", subject),
        may_audit=may_audit,
        may_raise=allowed("nonconformity:raise", subject),
        history=timeline.list_history(services.record_of(process)),
    )


@blueprint.post("/<record:number>/audits")
@permission("process:audit")
def audit(number: int) -> Response:
    """Take down a sampled audit."""
    actor, process = load(number, "process:audit")
    form = AuditForm()
    form.offer(
        [
            (str(person.id), pick(person.name_zh, person.name_en))
            for person in list_people(process.organisation_id, site_id=process.site_id)
        ]
    )
    status = 422
    if form.validate_on_submit():
        status = attempt(form, lambda: services.record_audit(actor, process, **form.fields()))
    if status == 200:
        return go(url_for(".show", number=number), _("The sampled audit has been recorded."))
    problem = " ".join(form.form_errors) if not process.active else ""
    return _show(
        queries.get_process(actor.organisation_id, number), status=status, audit_form=form, problem=problem
    )


@blueprint.post("/<record:number>/audits/<key:audit_id>/remove")
@permission("process:audit")
def remove_audit(number: int, audit_id: int) -> Response:
    """Take back a sampled audit that was taken down by mistake."""
    actor, process = load(number, "process:audit")
    form = RemoveForm()
    row = queries.get_audit(process, audit_id)
    status, problem = 422, ""
    if form.validate_on_submit():
        reason, version = form.reason.data or "", form.version.data
        status = attempt(form, lambda: services.remove_audit(actor, process, row, reason, version), row)
        if status == 200:
            return go(url_for(".show", number=number), _("The sampled audit has been taken back."))
        problem = " ".join(map(str, [*form.form_errors, *form.reason.errors]))
    else:
        problem = _("Say why it is taken back.")
    return _show(queries.get_process(actor.organisation_id, number), status=status, problem=problem)
