"""Pages of audits by others: the register, planning, the verdict and the findings."""

from datetime import date
from typing import Any

from flask import Response, current_app, request, url_for

from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs
from tracker.attempts import attempt, make
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import pick, say
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor, Subject
from tracker.reviews import external, words
from tracker.reviews.blueprint import blueprint
from tracker.reviews.forms import CancelForm, ExternalForm, FindingForm, HeldForm
from tracker.reviews.models import ExternalAudit, ExternalVerdict
from tracker.submissions import Answer
from tracker.timeline import list_history
from workflows.kinds import Grade


@blueprint.get("/external")
@permission("external:view")
def external_index() -> Response:
    """The register of audits by others."""
    actor = allow("external:view")
    site, before = request.args.get("site", ""), request.args.get("before", "")
    rows, more = external.list_external(
        actor,
        site=site,
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None,
        size=current_app.config["SETTINGS"].page_size,
    )
    return render(
        "reviews/external.html",
        "reviews/_external.html",
        rows=rows,
        after=rows[-1].number if more else None,
        sites=list_sites(actor),
        site=site,
        before=before,
        may_edit=allowed("external:edit"),
        said=words.external_state,
        judged=words.external_verdict,
    )


@blueprint.get("/external/new")
@permission("external:edit")
def external_new() -> Response:
    """Ask who audits what, and when."""
    actor = allow("external:edit")
    form = ExternalForm(formdata=None, data={"version": 0})
    wanted = request.args.get("site")
    chosen = [str(site.id) for site in list_sites(actor) if site.code == wanted]
    form.site_id.data = chosen[0] if chosen else None
    return _form(actor, form)


def _form(
    actor: Actor, form: ExternalForm, audit: ExternalAudit | None = None, status: int = 200
) -> Response:
    _offer(form, actor)
    return render(
        "reviews/external_form.html",
        form=form,
        status=status,
        number=audit.number if audit else None,
        code=words.external_code(audit.number) if audit else "",
    )


def _offer(form: ExternalForm, actor: Actor) -> None:
    form.site_id.choices = pairs(
        *((str(site.id), pick(site.name_zh, site.name_en)) for site in list_sites(actor))
    )


@blueprint.post("/external/new")
@permission("external:edit")
def external_create() -> Response:
    """Write down an audit by others."""
    actor = allow("external:edit")
    form = ExternalForm()
    _offer(form, actor)
    if not form.validate_on_submit():
        return _form(actor, form, status=422)
    allow("external:edit", Subject(site_id=form.key_of_site()))

    def change() -> Answer:
        audit = external.plan_external(actor, site_id=form.key_of_site(), fields=form.fields())
        return Answer(url_for("reviews.external_show", number=audit.number))

    status, answer = make(form, change)
    if status != 200:
        return _form(actor, form, status=status)
    return go(answer.location, _("The external audit is noted."))


def _load(number: int, name: str) -> tuple[Actor, ExternalAudit]:
    audit = external.get_external(present_actor().organisation_id, number)
    return allow(name, Subject(site_id=audit.site_id)), audit


@blueprint.get("/external/<record:number>")
@permission("external:view")
def external_show(number: int) -> Response:
    """An audit by others: its verdict beside ours, and what it found."""
    _actor, audit = _load(number, "external:view")
    return _show(audit)


def _show(audit: ExternalAudit, status: int = 200, problem: str = "", **forms: Any) -> Response:
    subject = Subject(site_id=audit.site_id)
    held = forms.get("held") or _held_form(audit)
    finding = forms.get("finding") or FindingForm(formdata=None)
    finding.grade.choices = pairs(*((grade.value, say(grade.text)) for grade in Grade))
    return render(
        "reviews/external_show.html",
        status=status,
        view=external.page_of(audit),
        code=words.external_code(audit.number),
        held=held,
        finding=finding,
        cancel=forms.get("cancel") or CancelForm(formdata=None, data={"version": audit.version}),
        problem=problem,
        may_edit=allowed("external:edit", subject),
        may_raise=allowed("nonconformity:raise", subject),
        history=list_history(external.record_of(audit)),
        said=words.external_state,
        judged=words.external_verdict,
        verdict=words.verdict,
    )


def _held_form(audit: ExternalAudit) -> HeldForm:
    known = {
        "held_on": audit.held_on or audit.planned_on,
        "verdict": audit.verdict.value if audit.verdict else None,
        "score": audit.score,
        "maximum": audit.maximum,
        "summary": audit.summary,
    }
    return HeldForm(formdata=None, data=known)


@blueprint.get("/external/<record:number>/edit")
@permission("external:edit")
def external_edit(number: int) -> Response:
    """Ask what to change of the plan."""
    actor, audit = _load(number, "external:edit")
    form = ExternalForm(formdata=None, obj=audit)
    form.site_id.data = str(audit.site_id)
    return _form(actor, form, audit)


@blueprint.post("/external/<record:number>/edit")
@permission("external:edit")
def external_save(number: int) -> Response:
    """Change the plan; the site stays."""
    actor, audit = _load(number, "external:edit")
    form = ExternalForm()
    form.site_id.data = str(audit.site_id)
    _offer(form, actor)
    if not form.validate_on_submit():
        return _form(actor, form, audit, 422)
    status = attempt(
        form, lambda: external.edit_external(actor, audit, form.fields(), form.version.data), audit
    )
    if status != 200:
        return _form(actor, form, external.get_external(actor.organisation_id, number), status)
    return go(url_for("reviews.external_show", number=number), _("Saved."))


@blueprint.post("/external/<record:number>/held")
@permission("external:edit")
def external_held(number: int) -> Response:
    """Record that it took place, and the verdict."""
    actor, audit = _load(number, "external:edit")
    form = HeldForm()
    if not form.validate_on_submit():
        return _show(audit, 422, held=form)

    def change() -> None:
        external.hold(
            actor,
            audit,
            held_on=form.held_on.data or date.min,
            verdict=ExternalVerdict(form.verdict.data),
            score=form.score.data,
            maximum=form.maximum.data,
            summary=form.summary.data or "",
            version=form.version.data,
        )

    status = attempt(form, change, audit)
    if status != 200:
        return _show(external.get_external(actor.organisation_id, number), status, held=form)
    return go(url_for("reviews.external_show", number=number), _("Saved."))


@blueprint.post("/external/<record:number>/cancel")
@permission("external:edit")
def external_cancel(number: int) -> Response:
    """It will not take place."""
    actor, audit = _load(number, "external:edit")
    form = CancelForm()
    if not form.validate_on_submit():
        return _show(audit, 422, cancel=form)
    reason, version = form.reason.data or "", form.version.data
    status = attempt(form, lambda: external.cancel(actor, audit, reason, version), audit)
    if status != 200:
        return _show(external.get_external(actor.organisation_id, number), status, cancel=form)
    return go(url_for("reviews.external_show", number=number), _("The external audit is cancelled."))


@blueprint.post("/external/<record:number>/findings")
@permission("nonconformity:raise")
def external_finding(number: int) -> Response:
    """Draft the non-conformity for a finding."""
    actor, audit = _load(number, "nonconformity:raise")
    form = FindingForm()
    form.grade.choices = pairs(*((grade.value, say(grade.text)) for grade in Grade))
    if not form.validate_on_submit():
        return _show(audit, 422, finding=form)

    def change() -> None:
        external.add_finding(
            actor,
            audit,
            title=form.title.data or "",
            grade=Grade(form.grade.data),
            element=form.element.data or "",
            statement=form.statement.data or "",
        )

    status = attempt(form, change, audit)
    if status != 200:
        return _show(external.get_external(actor.organisation_id, number), status, finding=form)
    return go(url_for("reviews.external_show", number=number) + "#findings", _("The draft has been written."))
