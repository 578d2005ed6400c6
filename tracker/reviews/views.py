"""Pages of reviews: the register, planning, the review itself and its moves."""

from datetime import date
from typing import Any

from flask import Response, current_app, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from tracker import clock, undo
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs
from tracker.accounts.models import Role
from tracker.accounts.queries import list_people
from tracker.attempts import attempt, make
from tracker.database import db
from tracker.desk import Opened
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, say
from tracker.moves import Signing
from tracker.moving import Records, came_back
from tracker.nonconformities import proposals
from tracker.nonconformities.services import raise_for_gaps
from tracker.offers import machine_of
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor, Subject
from tracker.reviews import (
    comparing_views,
    external_views,
    judging_views,
    pages,
    planner_views,
    queries,
    sampling_views,
    scope,
    services,
    sharing_views,
    words,
)
from tracker.reviews.blueprint import blueprint
from tracker.reviews.forms import DetailsForm, MoveForm, PlanForm, ReasonForm
from tracker.reviews.models import Review, Tier
from tracker.scores.releases import in_use
from tracker.scores.sheets import COPC, SEE_CMM
from tracker.submissions import Answer, once
from tracker.timeline import list_history, list_signatures
from workflows.drawing import svg
from workflows.reviews import ReviewState

__all__ = [
    "blueprint",
    "comparing_views",
    "external_views",
    "judging_views",
    "planner_views",
    "sampling_views",
    "sharing_views",
]

# Verdicts are far too many for the page; the audit trail keeps each.
QUIET = ("judged", "stated", "gap_reasoned", "confirmed")


def load_review(number: int, name: str) -> tuple[Actor, Review]:
    """The actor and a review of the organisation, once the actor may do `name` to it."""
    review = queries.get_review(present_actor().organisation_id, number)
    return allow(name, queries.subject_of(review)), review


# ---------------------------------------------------------------- the register


@blueprint.get("/")
@permission("review:view")
def index() -> Response:
    """The register."""
    actor = allow("review:view")
    site, state = request.args.get("site", ""), request.args.get("state", "")
    before = request.args.get("before", "")
    found = queries.list_reviews(
        actor,
        site=site,
        state=state if state in set(ReviewState) else "",
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None,
        size=current_app.config["SETTINGS"].page_size,
    )
    return render(
        "reviews/index.html",
        "reviews/_register.html",
        view=found,
        sites=list_sites(actor),
        states=queries.states(),
        site=site,
        state=state,
        before=before,
        may_plan=allowed("review:plan"),
    )


# ---------------------------------------------------------------- planning


@blueprint.get("/new")
@permission("review:plan")
def new() -> Response:
    """Ask what is to be reviewed."""
    actor = allow("review:plan")
    today = clock.today()
    half_year_ago = date(today.year, 1, 1) if today.month > 6 else date(today.year - 1, 7, 1)
    proposed = {
        "site_id": _site_asked_for(actor),
        "period_start": half_year_ago,
        "period_end": today,
        "planned_on": planner_views.day_asked_for() or today,
    }
    form = PlanForm(formdata=None, data=proposed)
    _offer(form, actor)
    return render("reviews/new.html", form=form, elements=_elements(actor))


def _site_asked_for(actor: Actor) -> str | None:
    wanted = request.args.get("site")
    return next((str(site.id) for site in list_sites(actor) if site.code == wanted), None)


@blueprint.post("/new")
@permission("review:plan")
def create() -> Response:
    """Plan a review."""
    actor = allow("review:plan")
    form = PlanForm()
    _offer(form, actor)
    if form.validate_on_submit():
        allow("review:plan", Subject(site_id=form.key_of(form.site_id)))
        status, answer = make(form, lambda: _plan(actor, form))
        if status == 200:
            return go(answer.location, _("The review has been planned."))
    return render("reviews/new.html", form=form, elements=_elements(actor), status=422)


def _plan(actor: Actor, form: PlanForm) -> Answer:
    review = services.plan_review(
        actor,
        site_id=form.key_of(form.site_id),
        title=form.title.data or "",
        copc=form.copc.data,
        see_cmm=form.see_cmm.data,
        tier=Tier(form.tier.data),
        scope=form.chosen_scope(),
        **form.days(),
        lead_auditor_id=form.key_of(form.lead_auditor_id),
        from_last=form.from_last.data,
    )
    return Answer(url_for("reviews.show", number=review.number))


def _offer(form: PlanForm, actor: Actor) -> None:
    """Fill the lists of the form."""
    form.site_id.choices = pairs(
        *((str(site.id), pick(site.name_zh, site.name_en)) for site in list_sites(actor))
    )
    leads = list_people(actor.organisation_id, role=Role.LEAD_AUDITOR)
    form.lead_auditor_id.choices = pairs(
        *((str(person.id), pick(person.name_zh, person.name_en)) for person in leads)
    )
    form.scope.choices = pairs(
        *((entry, entry) for _id, _title, entries in _elements(actor) for entry, _name, _gold in entries)
    )


def _elements(actor: Actor) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
    """Categories and criteria with what can be chosen of each: identifier, name, whether it is gold only."""
    known = in_use(actor.organisation_id)
    items = {item.id: item for standard in reversed(known.standards[COPC]) for item in standard.items}
    order = dict.fromkeys(item.id for standard in known.standards[COPC] for item in standard.items)
    groups = [
        (
            category.id,
            say(category.name),
            [
                (name, say(items[name].name), items[name].gold_only)
                for name in order
                if items[name].category == category.id
            ],
        )
        for category in known[COPC].categories
    ]
    other = known[SEE_CMM]
    criteria = [(criterion.id, say(criterion.name), False) for criterion in other.criteria]
    return [*groups, ("S", say(other.name), criteria)]


# ---------------------------------------------------------------- the review


@blueprint.get("/<record:number>")
@permission("review:view")
def show(number: int) -> Response:
    """A review: how far it is, what it scores so far, its gaps, and what may be done next."""
    head = queries.get_head(present_actor().organisation_id, number)
    actor = allow("review:view", queries.subject_of(head.review))
    return _show(actor, head.review, head=head)


def _show(
    actor: Actor,
    review: Review,
    *,
    status: int = 200,
    details: DetailsForm | None = None,
    opened: Opened | None = None,
    reason_form: ReasonForm | None = None,
    head: queries.Head | None = None,
) -> Response:
    work = queries.load(review, head=head)
    page = pages.review_page(work, actor)
    if details is None:
        details = DetailsForm(formdata=None, obj=review)
    record = services.record_of(review)
    return render(
        "reviews/show.html",
        "reviews/_moved.html",
        speaks_to=lambda gap: proposals.propose(gap.pins, scope.known_of(review)),
        status=status,
        view=page,
        details=details,
        opened=opened or Opened(),
        undo=undo.title_of("review", work.last_move, actor),
        reason_form=reason_form,
        grids=pages.deployment_categories(work),
        history=list_history(record, but=QUIET),
        signatures=list_signatures(record),
        drawing=svg(machine_of("review"), language(), review.state),
        may_judge=pages.may_judge(work) and allowed("review:judge", queries.subject_of(review)),
        may_raise=allowed("nonconformity:raise", Subject(site_id=review.site_id)),
        may_plan=allowed("review:plan", queries.subject_of(review)),
        samples=list(work.beside.samples.values()),
        external=work.external,
        external_code=words.external_code,
        external_verdict=words.external_verdict,
        assignments=work.beside.assignments,
        calibrations=work.beside.calibrations,
        assigned_in_words=words.assignment,
        me=actor.hands,
        only_mine=request.args.get("mine") == "1",
        verdict=words.verdict,
        signer=actor.name(language()),
    )


@blueprint.post("/<record:number>/details")
@permission("review:judge")
def describe(number: int) -> Response:
    """Attach the sampled audit and confirm the metric list."""
    actor, review = load_review(number, "review:judge")
    form = DetailsForm()

    def change() -> None:
        services.describe(
            actor,
            review,
            sampled_kcrp=form.sampled_kcrp.data,
            metric_list_confirmed=form.metric_list_confirmed.data,
            version=form.version.data,
        )

    status = attempt(form, change, review) if form.validate_on_submit() else 422
    if status != 200:
        return _show(actor, _again(actor, number), status=status, details=form)
    return go(url_for("reviews.show", number=number), _("Saved."))


def _again(actor: Actor, number: int) -> Review:
    """The review as it stands now."""
    return queries.get_review(actor.organisation_id, number)


@blueprint.post("/<record:number>/carry")
@permission("review:plan")
def carry(number: int) -> Response:
    """Start from what was reported last at the site."""
    actor, review = load_review(number, "review:plan")

    def change() -> Answer:
        return Answer("", words.taken_over(services.carry_forward(actor, review)))

    try:
        answer = once(actor, change, review)
    except Conflict as error:
        db.session.rollback()
        opened = came_back("carry", FlaskForm(), error)
        return _show(actor, _again(actor, number), status=409, opened=opened)
    return go(url_for("reviews.show", number=number), answer.message)


@blueprint.post("/<record:number>/units")
@permission("review:judge")
def take_in(number: int) -> Response:
    """Take units that came since the start into the review."""
    actor, review = load_review(number, "review:judge")
    if review.state == ReviewState.IN_PROGRESS:
        site = queries.get_head(actor.organisation_id, number).site
        once(actor, lambda: services.take_in(review, site, actor.person_id), review)
    return go(url_for("reviews.show", number=number), _("Saved."))


@blueprint.post("/<record:number>/closures")
@permission("review:judge")
def confirm(number: int) -> Response:
    """Confirm that closures made meanwhile are taken into account."""
    actor, review = load_review(number, "review:judge")
    open_now = set(queries.closures_meanwhile(queries.load(review)))
    named = [int(text) for text in request.form.getlist("number") if text in map(str, open_now)]
    once(actor, lambda: services.confirm_closures(actor, review, named), review)
    return go(url_for("reviews.show", number=number), _("Confirmed."))


@blueprint.post("/<record:number>/reasons")
@permission("review:judge")
def give_reason(number: int) -> Response:
    """Write down why no non-conformity carries a gap."""
    actor, review = load_review(number, "review:judge")
    form = ReasonForm()

    def change() -> None:
        services.give_gap_reason(actor, review, form.key.data or "", form.reason.data or "")

    status = attempt(form, change, review) if form.validate_on_submit() else 422
    if status != 200:
        return _show(actor, _again(actor, number), status=status, reason_form=form)
    return go(url_for("reviews.show", number=number) + "#gaps", _("Saved."))


@blueprint.post("/<record:number>/moves/<event>")
@permission("review:view")
def move(number: int, event: str) -> BaseResponse:
    """Make a move; the machine says who may, and the guards whether."""
    actor, review = load_review(number, "review:view")
    if machine_of("review").transition(review.state, event) is None and event not in _events():
        raise NotFound
    form = MoveForm()

    def change() -> None:
        signing = None
        if form.password.data:
            signing = Signing(form.password.data, services.report_content(queries.load(review)))
        services.make_move(
            actor, review, event, reason=form.reason.data or "", signing=signing, version=form.version.data
        )

    return RECORDS.press(actor, review, event, form, change, words.moved(event))


@blueprint.post("/<record:number>/undo")
@permission("review:view")
def take_back(number: int) -> BaseResponse:
    """Take back the last move, where its rule still allows that."""
    actor, review = load_review(number, "review:view")
    return RECORDS.take_back(actor, review, MoveForm())


RECORDS = Records(
    "review",
    "reviews.show",
    _again,
    lambda actor, review, opened, status: _show(actor, review, opened=opened, status=status),
    services.record_of,
)


def _events() -> set[str]:
    return {transition.event for transition in machine_of("review").transitions if not transition.by_system}


# ---------------------------------------------------------------- all gaps at once


@blueprint.get("/<record:number>/gaps")
@permission("nonconformity:raise")
def preview_gaps(number: int) -> Response:
    """What would be raised for the gaps that nobody carries."""
    actor, review = _load_for_raising(number)
    gaps = [gap for gap in queries.gaps_of(review) if not gap.carried]
    return _preview(actor, review, gaps)


def _load_for_raising(number: int) -> tuple[Actor, Review]:
    review = queries.get_review(present_actor().organisation_id, number)
    return allow("nonconformity:raise", Subject(site_id=review.site_id)), review


def _preview(actor: Actor, review: Review, gaps: list[Any], status: int = 200, error: str = "") -> Response:
    by_element: dict[str, list[Any]] = {}
    for gap in gaps:
        by_element.setdefault(gap.element, []).append(gap)
    return render(
        "reviews/gaps.html",
        status=status,
        review=review,
        code=services.label_of(review),
        elements=[
            (element, words.element_name(review, element), found) for element, found in by_element.items()
        ],
        count=len(gaps),
        error=error,
        wording=words.gap,
        speaks_to=lambda gap: proposals.propose(gap.pins, scope.known_of(review)),
    )


@blueprint.post("/<record:number>/gaps")
@permission("nonconformity:raise")
def raise_all(number: int) -> Response:
    """Raise a draft for every element that has gaps nobody carries, or for those chosen."""
    actor, review = _load_for_raising(number)
    chosen = set(request.form.getlist("element"))

    def change() -> Answer:
        wanted = [gap for gap in queries.gaps_of(review) if not gap.carried and gap.element in chosen]
        if not wanted:
            raise InvalidInput({"element": [_("Choose at least one item.")]})
        return Answer("", words.raised(len(raise_for_gaps(actor, review, wanted))))

    try:
        answer = once(actor, change, review)
    except InvalidInput as error:
        db.session.rollback()
        gaps = [gap for gap in queries.gaps_of(review) if not gap.carried]
        return _preview(actor, review, gaps, 422, error.message)
    return go(url_for("reviews.show", number=number) + "#findings", answer.message)
