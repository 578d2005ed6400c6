"""Pages of follow-up audits: the register, the schedule form, and the record with its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs, strip
from tracker.accounts.models import Role
from tracker.accounts.queries import list_people
from tracker.attempts import make, refuse
from tracker.audits import forms, pages, planning, services
from tracker.audits.blueprint import blueprint
from tracker.audits.models import Audit
from tracker.audits.queries import content_to_sign, get_audit, load_scope, subject_of
from tracker.database import db
from tracker.desk import Opened, number_in_address, rebase
from tracker.errors import Conflict, DomainError, InvalidInput, NotFound, RefusedMove
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.moves import Signing
from tracker.moving import Records
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.reading import find as find_nonconformity
from tracker.offers import machine_of
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from tracker.submissions import Answer, once
from workflows.audits import AuditState
from workflows.kinds import AuditMode, AuditPurpose

__all__ = ["blueprint", "planning"]

TOGETHER = 50
"""Records that one address can tick."""


# ---------------------------------------------------------------- the register


@blueprint.get("/")
@permission("audit:view")
def index() -> BaseResponse:
    """The register, narrowed, sorted and paged by its address."""
    actor = allow("audit:view")
    sites = list_sites(actor)
    people = list_people(actor.organisation_id, role=[Role.AUDITOR, Role.LEAD_AUDITOR])
    args = request.args
    state, auditor, sort = args.get("state", ""), args.get("auditor", ""), args.get("sort", "")
    wanted = pages.Filters(
        site_id=next((site.id for site in sites if site.code == args.get("site", "")), None),
        state=state if state in ("live", "overdue") or state in set(AuditState) else "",
        auditor_id=actor.person_id
        if auditor == "me"
        else next((view.id for view in people if str(view.id) == auditor), None),
        sort=sort if sort in pages.SORTS else "-number",
    )
    found = pages.list_register(
        actor,
        wanted,
        strip(args.get("after"))[:40],
        strip(args.get("before"))[:40],
        current_app.config["SETTINGS"].page_size,
    )
    states = [("live", _("Not concluded yet")), ("overdue", _("Overdue"))]
    return render(
        "audits/index.html",
        "audits/_register.html",
        found=found,
        wanted=wanted,
        site_choices=[(site.code, pick(site.name_zh, site.name_en)) for site in sites],
        site_code=next((site.code for site in sites if site.id == wanted.site_id), ""),
        people=[(view.id, pick(view.name_zh, view.name_en)) for view in people],
        states=states + [(each.value, each.of(language())) for each in AuditState],
        mine=wanted.auditor_id == actor.person_id,
    )


# ---------------------------------------------------------------- scheduling


@blueprint.get("/new")
@permission("audit:schedule")
def new() -> BaseResponse:
    """Ask what is audited, why, how, when and by whom."""
    actor = allow("audit:schedule")
    chosen = _chosen(actor)
    form = _bind(actor, forms.ScheduleForm(formdata=None), chosen)
    asked = request.args.get("purpose", "")
    form.mode.data = AuditMode.ON_SITE.value
    form.purpose.data = asked if asked in set(AuditPurpose) else AuditPurpose.IMPLEMENTATION.value
    form.nonconformity_ids.data = [str(each.id) for each in chosen if each.site_id == form.site_id]
    return render("audits/new.html", form=form, chosen=chosen)


@blueprint.post("/new")
@permission("audit:schedule")
def create() -> BaseResponse:
    """Schedule the audit."""
    actor = allow("audit:schedule")
    chosen = _chosen(actor)
    form = _bind(actor, forms.ScheduleForm(), chosen)
    if not form.validate():
        return render("audits/new.html", status=422, form=form, chosen=chosen)

    def change() -> Answer:
        audit = services.schedule(
            actor,
            nonconformity_ids=[int(key) for key in form.nonconformity_ids.data],
            purpose=AuditPurpose(form.purpose.data),
            mode=AuditMode(form.mode.data),
            planned_on=form.planned_on.data,
            auditor_id=form.auditor_id.id_value,
            desk_reason=form.desk_reason.data,
        )
        allow("audit:schedule", subject_of(audit))
        return Answer(url_for("audits.show", number=audit.number))

    status, answer = make(form, change)
    if status != 200:
        return render("audits/new.html", status=status, form=form, chosen=chosen)
    return go(answer.location, _("The audit is scheduled."))


def _chosen(actor: Actor) -> list[Nonconformity]:
    """The non-conformities that the audit starts from: the one whose page led here, or those ticked."""
    number = number_in_address("nonconformity")
    if number is not None:
        return [find_nonconformity(actor, number)]
    ticked = {int(text) for text in request.args.getlist("record")[:TOGETHER] if _is_number(text)}
    return pages.list_chosen(actor, ticked) if ticked else []


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _bind(actor: Actor, form: Any, chosen: list[Nonconformity]) -> Any:
    """Offer records and auditors of a site; who had a hand in what is audited stands there marked."""
    first = chosen[0] if chosen else None
    sites = list_sites(actor)
    code = request.args.get("site", "")
    site_id = first.site_id if first else next((site.id for site in sites if site.code == code), None)
    if site_id is None and sites:
        site_id = sites[0].id
    auditors = list_people(actor.organisation_id, site_id, [Role.AUDITOR, Role.LEAD_AUDITOR])
    barred = services.barred(actor.organisation_id, chosen) if chosen and not actor.single_person else ()
    names = [
        (view.id, pick(view.name_zh, view.name_en))
        if view.id not in barred
        else (view.id, _("%(name)s (not independent)", name=pick(view.name_zh, view.name_en)))
        for view in auditors
    ]
    form.auditor_id.offer(names, _("Choose …"))
    found = pages.list_auditable(actor, site_id) if site_id else []
    form.nonconformity_ids.choices = pairs(*((str(key), text) for key, text in found))
    form.purpose.choices = pairs(*((each.value, each.of(language())) for each in AuditPurpose))
    form.mode.choices = pairs(*((each.value, each.of(language())) for each in AuditMode))
    form.sites, form.site_id = sites, site_id
    return form


# ---------------------------------------------------------------- the record


@blueprint.get("/<record:number>")
@permission("audit:view")
def show(number: int) -> BaseResponse:
    """All of one audit."""
    audit = get_audit(present_actor(), number)
    actor = allow("audit:view", subject_of(audit))
    return _page(actor, audit, Opened())


def _context(actor: Actor, audit: Audit, opened: Opened) -> dict[str, Any]:
    page = pages.get_page(actor, audit)
    return {
        "audit": page,
        "opened": opened,
        "desk": Desk(audit, page, opened),
        "signer": actor.name(language()),
        "move_urls": {
            event: url_for("audits.move", number=audit.number, event=event)
            for event in machine_of("audit").events
        },
    }


def _page(actor: Actor, audit: Audit, opened: Opened, status: int = 200) -> BaseResponse:
    return render("audits/show.html", "audits/_moved.html", status=status, **_context(actor, audit, opened))


class Desk:
    """The forms of the record: made when the page asks, or the one that came back refused."""

    def __init__(self, audit: Audit, page: Any, opened: Opened) -> None:
        self.audit, self.page, self.opened = audit, page, opened

    @property
    def may_answer(self) -> bool:
        """Whether this person may write answers now."""
        return self.audit.state == AuditState.IN_PROGRESS and allowed("audit:conduct", subject_of(self.audit))

    @property
    def may_uncover(self) -> bool:
        """Whether this person may take a record out of the audit."""
        scheduled = self.audit.state == AuditState.SCHEDULED and len(self.page.verdicts) > 1
        return scheduled and allowed("audit:schedule", subject_of(self.audit))

    def sample(self) -> Any:
        """The form of the sample."""
        return self.opened.refused("sample") or forms.SampleForm(
            formdata=None,
            prefix="sample-",
            data={
                "sample": self.page.sample,
                "summary": self.page.summary,
                "version": self.page.version,
            },
        )

    def check(self, check: Any) -> Any:
        """The form of a line of the checklist."""
        name = f"check-{check.id}"
        return self.opened.refused(name) or forms.CheckForm(
            formdata=None,
            prefix=f"{name}-",
            data={"answer": check.answer, "evidence": check.evidence, "version": check.version},
        )

    def verdict(self, verdict: Any) -> Any:
        """The form of the two answers."""
        name = f"verdict-{verdict.id}"
        return self.opened.refused(name) or forms.VerdictForm(
            formdata=None,
            prefix=f"{name}-",
            data={
                "implemented": _word(verdict.implemented),
                "effective": _word(verdict.effective),
                "note": verdict.note,
                "evidence": verdict.evidence,
                "version": verdict.version,
            },
        )

    def question(self) -> Any:
        """The form of a question of the auditor's own."""
        return self.opened.refused("question") or forms.OwnCheckForm(formdata=None, prefix="question-")


def _word(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


@dataclass(frozen=True)
class At:
    """What a small form writes: who, in which audit, and the line, the answers, or the audit itself."""

    actor: Actor
    audit: Audit
    row: Any


def _write(number: int, name: str, form: Any, change: Callable[[At], object]) -> BaseResponse:
    """Write the form `name` and answer with its part; or say why not, with what was typed kept."""
    audit = get_audit(present_actor(), number)
    actor = allow("audit:conduct", subject_of(audit))
    row = _row(name, audit)
    if not form.validate():
        return _part(actor, audit, Opened(name, form), name, 422)
    try:
        once(actor, lambda: change(At(actor, audit, row)), row)
    except (Conflict, InvalidInput, RefusedMove) as error:
        db.session.rollback()
        fresh = get_audit(actor, number)
        return _part(actor, fresh, _refusal(name, form, error, fresh), name, error.status)
    if request.headers.get("HX-Request"):
        return _part(actor, audit, Opened(), name)
    return go(url_for("audits.show", number=number, _anchor=name), _("Saved."))


def _row(name: str, audit: Audit) -> Any:
    """The row that a small form writes. Raises NotFound."""
    kind, _dash, key = name.partition("-")
    if kind == "check":
        return services.get_check(audit, int(key))
    return services.get_verdict(audit, int(key)) if kind == "verdict" else audit


def _refusal(name: str, form: Any, error: DomainError, fresh: Audit) -> Opened:
    if isinstance(error, InvalidInput):
        refuse(form, error)
        return Opened(name, form)
    if isinstance(error, RefusedMove):
        return Opened(name, form, error.message, tuple(error.reasons))
    rebase(form, _row(name, fresh))
    return Opened(name, form, str(error))


def _part(actor: Actor, audit: Audit, opened: Opened, name: str, status: int = 200) -> BaseResponse:
    context = _context(actor, audit, opened) | {"part": name, "out_of_band": True}
    return render("audits/show.html", "audits/_answer.html", status=status, **context)


@blueprint.post("/<record:number>/checks/<key:check_id>")
@permission("audit:conduct")
def answer_check(number: int, check_id: int) -> BaseResponse:
    """Answer a line of the checklist."""
    name = f"check-{check_id}"
    form = forms.CheckForm(prefix=f"{name}-")

    def change(at: At) -> None:
        answer, evidence = form.answer.data or "", form.evidence.data
        services.answer_check(at.actor, at.audit, at.row, answer, evidence, form.version.data)

    return _write(number, name, form, change)


@blueprint.post("/<record:number>/checks")
@permission("audit:conduct")
def add_check(number: int) -> BaseResponse:
    """Put a question of one's own on the checklist."""
    form = forms.OwnCheckForm(prefix="question-")
    return _write(number, "question", form, lambda at: services.add_check(at.actor, at.audit, form.text.data))


@blueprint.post("/<record:number>/sample")
@permission("audit:conduct")
def save_sample(number: int) -> BaseResponse:
    """Write down the sample and the summary."""
    form = forms.SampleForm(prefix="sample-")

    def change(at: At) -> None:
        sample, summary = form.sample.data, form.summary.data
        services.set_sample(at.actor, at.audit, sample=sample, summary=summary, version=form.version.data)

    return _write(number, "sample", form, change)


@blueprint.post("/<record:number>/verdicts/<key:nonconformity_id>")
@permission("audit:conduct")
def give_verdict(number: int, nonconformity_id: int) -> BaseResponse:
    """Answer implemented? and effective? for one non-conformity."""
    name = f"verdict-{nonconformity_id}"
    form = forms.VerdictForm(prefix=f"{name}-")

    def change(at: At) -> None:
        services.set_verdict(
            at.actor,
            at.audit,
            nonconformity_id,
            implemented=forms.truth(form.implemented),
            effective=forms.truth(form.effective),
            note=form.note.data,
            evidence=form.evidence.data,
            version=form.version.data,
        )

    return _write(number, name, form, change)


@blueprint.post("/<record:number>/verdicts/<key:nonconformity_id>/remove")
@permission("audit:schedule")
def uncover(number: int, nonconformity_id: int) -> BaseResponse:
    """Take a record out of an audit that has not begun."""
    audit = get_audit(present_actor(), number)
    actor = allow("audit:schedule", subject_of(audit))
    form = forms.Versioned()

    def change() -> None:
        services.uncover(actor, audit, nonconformity_id, form.version.data)

    return RECORDS.press(actor, audit, "cover", form, change, _("The record is out of this audit."))


# ---------------------------------------------------------------- moves


@blueprint.post("/<record:number>/moves/<event>")
@permission("audit:view")
def move(number: int, event: str) -> BaseResponse:
    """Make a move; the machine says who may."""
    audit = get_audit(present_actor(), number)
    actor = allow("audit:view", subject_of(audit))
    if event not in machine_of("audit").events:
        raise NotFound
    form = forms.AuditMoveForm()

    def change() -> None:
        signing = None
        if form.password.data:
            signing = Signing(form.password.data, content_to_sign(audit, load_scope(audit)))
        services.make_move(
            actor,
            audit,
            event,
            reason=form.reason.data,
            signing=signing,
            version=form.version.data,
            planned_on=form.planned_on.data,
        )

    return RECORDS.press(actor, audit, event, form, change)


@blueprint.post("/<record:number>/undo")
@permission("audit:view")
def take_back(number: int) -> BaseResponse:
    """Take back the last move, where its rule still allows that."""
    audit = get_audit(present_actor(), number)
    actor = allow("audit:view", subject_of(audit))
    return RECORDS.take_back(actor, audit, forms.MoveForm())


RECORDS = Records("audit", "audits.show", get_audit, _page, services.record_of)
