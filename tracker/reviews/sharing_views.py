"""Pages where the work of a review is shared out, collected and calibrated."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from flask import Response, request, url_for

from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs
from tracker.accounts.models import Role
from tracker.accounts.queries import list_people
from tracker.attempts import attempt
from tracker.database import db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import pick, say
from tracker.permissions import Actor
from tracker.reviews import calibrating, judging_views, pages, queries, scope, sharing, words
from tracker.reviews.blueprint import blueprint
from tracker.reviews.calibrating import Said
from tracker.reviews.forms import AssignForm, CalibrateForm, ReturnForm, person_in
from tracker.reviews.judging import VALUES
from tracker.reviews.models import AssignmentState, Review
from tracker.reviews.viewmodels import ElementView, FactView
from tracker.submissions import once
from workflows.agreement import in_words
from workflows.reviews import ReviewState


@dataclass(frozen=True)
class AuditorRow:
    """How far one auditor is."""

    name: str
    items: int
    judged: int
    total: int
    submitted: int
    returned: int
    accepted: int


def _load(number: int, name: str) -> tuple[Actor, Review]:
    review = queries.get_review(present_actor().organisation_id, number)
    return allow(name, queries.subject_of(review)), review


# ---------------------------------------------------------------- who works on what


@blueprint.get("/<record:number>/team")
@permission("review:view")
def team(number: int) -> Response:
    """Who works on which item, how far they are, and what is calibrated."""
    actor, review = _load(number, "review:view")
    return _team(actor, review)


def _team(
    actor: Actor,
    review: Review,
    *,
    status: int = 200,
    assign_form: AssignForm | None = None,
    calibrate_form: CalibrateForm | None = None,
    problem: str = "",
) -> Response:
    work = queries.load(review)
    elements = [element for group in queries.groups_of(work, ()) for element in group.elements]
    assign_form, calibrate_form = (
        assign_form or AssignForm(formdata=None),
        calibrate_form or CalibrateForm(formdata=None),
    )
    _offer(review, assign_form, calibrate_form, elements, work.beside.calibrations.keys())
    subject = queries.subject_of(review)
    return render(
        "reviews/team.html",
        status=status,
        review=queries.view_of(work),
        elements=elements,
        beside=work.beside,
        auditors=_auditors(work, elements),
        assign_form=assign_form,
        calibrate_form=calibrate_form,
        chosen=request.form.getlist("element") if status != 200 else [],
        problem=problem,
        said=words.assignment,
        may_assign=review.state in sharing.BEGUN and allowed("review:assign", subject),
        leads=review.lead_auditor_id in actor.hands and review.state == ReviewState.IN_PROGRESS,
    )


def _offer(
    review: Review,
    assign_form: AssignForm,
    calibrate_form: CalibrateForm,
    elements: list[ElementView],
    taken: Collection[str],
) -> None:
    """What the forms offer; `taken` are the items that are calibrated already."""
    people = list_people(review.organisation_id, review.site_id, (Role.AUDITOR, Role.LEAD_AUDITOR))
    choices = [(str(person.id), pick(person.name_zh, person.name_en)) for person in people]
    assign_form.auditor_id.choices = pairs(("", _("nobody in particular")), *choices)
    calibrate_form.first_id.choices = pairs(*choices)
    calibrate_form.second_id.choices = pairs(*choices)
    if calibrate_form.second_id.data is None and len(choices) > 1:
        calibrate_form.second_id.data = choices[1][0]  # two different people from the first
    calibrate_form.element.choices = pairs(
        *((element.id, f"{element.id} {element.name}") for element in elements if element.id not in taken)
    )


def _auditors(work: queries.Work, elements: list[ElementView]) -> list[AuditorRow]:
    by_person: dict[int, list[str]] = defaultdict(list)
    for row in work.beside.assignments.values():
        by_person[row.auditor_id].append(row.element)
    known = {element.id: element for element in elements}
    found = []
    for owned in by_person.values():
        rows = [work.beside.assignments[element] for element in owned]
        inside = [known[element] for element in owned if element in known]
        states = [row.state for row in rows]
        found.append(
            AuditorRow(
                name=rows[0].auditor,
                items=len(rows),
                judged=sum(element.judged for element in inside),
                total=sum(element.total for element in inside),
                submitted=states.count(AssignmentState.SUBMITTED),
                returned=states.count(AssignmentState.RETURNED),
                accepted=states.count(AssignmentState.ACCEPTED),
            )
        )
    return sorted(found, key=lambda row: row.name)


@blueprint.post("/<record:number>/team/assign")
@permission("review:assign")
def assign(number: int) -> Response:
    """Give items to an auditor."""
    actor, review = _load(number, "review:assign")
    form = AssignForm()
    if not form.validate_on_submit():
        return _team(actor, review, status=422, assign_form=form)
    named = request.form.getlist("element")
    status = attempt(form, lambda: sharing.assign(actor, review, named, person_in(form.auditor_id)), review)
    if status != 200:
        return _team(actor, _again(actor, number), status=status, assign_form=form)
    return go(url_for("reviews.team", number=number), _("Saved."))


def _again(actor: Actor, number: int) -> Review:
    """The review as it stands now."""
    return queries.get_review(actor.organisation_id, number)


@blueprint.post("/<record:number>/team/accept")
@permission("review:submit")
def accept(number: int) -> Response:
    """Take what was handed in."""
    actor, review = _load(number, "review:submit")
    try:
        once(actor, lambda: sharing.accept(actor, review, request.form.getlist("element")), review)
    except Conflict as error:
        db.session.rollback()
        return _team(actor, _again(actor, number), status=409, problem=error.message)
    return go(url_for("reviews.team", number=number), _("Accepted."))


@blueprint.post("/<record:number>/items/<element>/submit")
@permission("review:submit")
def submit(number: int, element: str) -> Response:
    """Hand an item in."""
    actor, review = _load(number, "review:submit")
    try:
        once(actor, lambda: sharing.submit(actor, review, element), review)
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        fresh = _again(actor, number)
        return judging_views.show_element(actor, fresh, element, status=error.status, refusal=error.message)
    return go(url_for("reviews.judge", number=number, element=element), _("Handed in."))


@blueprint.post("/<record:number>/items/<element>/return")
@permission("review:submit")
def send_back(number: int, element: str) -> Response:
    """Send an item back with a comment."""
    actor, review = _load(number, "review:submit")
    form = ReturnForm()
    if not form.validate_on_submit():
        return judging_views.show_element(actor, review, element, status=422, return_form=form)
    comment, version = form.comment.data or "", form.version.data
    status = attempt(form, lambda: sharing.send_back(actor, review, element, comment, version), review)
    if status != 200:
        fresh = _again(actor, number)
        return judging_views.show_element(actor, fresh, element, status=status, return_form=form)
    return go(url_for("reviews.judge", number=number, element=element), _("Sent back."))


# ---------------------------------------------------------------- calibration


@blueprint.post("/<record:number>/calibrations")
@permission("review:assign")
def calibrate(number: int) -> Response:
    """Let two auditors judge an item blind."""
    actor, review = _load(number, "review:assign")
    form = CalibrateForm()
    if not form.validate_on_submit():
        return _team(actor, review, status=422, calibrate_form=form)

    def change() -> None:
        first, second = person_in(form.first_id) or 0, person_in(form.second_id) or 0
        calibrating.begin(actor, review, form.element.data or "", first, second)

    status = attempt(form, change, review)
    if status != 200:
        return _team(actor, _again(actor, number), status=status, calibrate_form=form)
    return go(url_for("reviews.team", number=number) + "#calibration", _("Saved."))


@blueprint.get("/<record:number>/calibrations/<element>")
@permission("review:view")
def calibration(number: int, element: str) -> Response:
    """One's own verdicts on an item; once both are done, where the two differ."""
    actor, review = _load(number, "review:view")
    return _calibration(actor, review, element)


def _calibration(
    actor: Actor,
    review: Review,
    element: str,
    *,
    status: int = 200,
    problem: str = "",
    typed: dict[str, Said] | None = None,
) -> Response:
    seen = calibrating.sight(actor, review, element)
    work = queries.load(review)
    standard = scope.standard_of_element(work.review, element) or ""
    facts = [pages.fact_view(work, standard, fact) for fact in seen.facts]
    found = seen.agreement
    return render(
        "reviews/calibration.html",
        status=status,
        review=queries.view_of(work),
        element=element,
        name=words.element_name(work.review, element),
        seen=seen,
        facts=facts,
        choices={fact.key: _choices(fact) for fact in facts},
        typed=typed if typed is not None else dict(seen.mine),
        blank=Said(),
        kappa_words=say(in_words(found.kappa)) if found and found.kappa is not None else "",
        problem=problem,
    )


def _choices(fact: FactView) -> list[tuple[str, str]]:
    names = {
        "met": _("Met"),
        "not_met": _("Not met"),
        "not_applicable": _("N/A"),
        "full": _("Full"),
        "partial": _("Partial"),
        "none": _("Not"),
    }
    values = next(values for kind, values in VALUES.items() if kind.value == fact.kind)
    return [(value, names.get(value, value)) for value in values]


def _typed() -> dict[str, Said]:
    """The verdicts of the form, by key: parallel fields, one of each for every fact."""
    keys = request.form.getlist("key")
    columns = [request.form.getlist(name) for name in ("value", "note", "evidence")]
    if any(len(column) != len(keys) for column in columns):
        raise NotFound
    return {
        key: Said(value.strip(), note.replace("\x00", "").strip(), evidence.replace("\x00", "").strip())
        for key, value, note, evidence in zip(keys, *columns, strict=True)
    }


@blueprint.post("/<record:number>/calibrations/<element>")
@permission("review:judge")
def judge_blind(number: int, element: str) -> Response:
    """Keep what one of the two says; closing it opens both sets of verdicts once the other is done as well."""
    actor, review = _load(number, "review:judge")
    typed = _typed()
    done = request.form.get("done") == "1"
    try:
        once(actor, lambda: calibrating.judge(actor, review, element, typed, done=done), review)
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        return _calibration(
            actor, _again(actor, number), element, status=error.status, problem=error.message, typed=typed
        )
    said = _("You are done; the differences show once both are.") if done else _("Saved.")
    return go(url_for("reviews.calibration", number=number, element=element), said)


@blueprint.post("/<record:number>/calibrations/<element>/settle")
@permission("review:judge")
def settle(number: int, element: str) -> Response:
    """The lead auditor's word where the two differ."""
    actor, review = _load(number, "review:judge")
    typed = _typed()
    try:
        once(actor, lambda: calibrating.settle(actor, review, element, typed), review)
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        return _calibration(
            actor, _again(actor, number), element, status=error.status, problem=error.message, typed=typed
        )
    return go(url_for("reviews.judge", number=number, element=element), _("The item is settled."))
