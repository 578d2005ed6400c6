"""Pages where verdicts are given: one item or criterion, or the deployment grid of a category."""

from typing import Any

from flask import Response, request, url_for

from scoring.catalogue import OUTLINE_NOTICE
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.attempts import attempt
from tracker.database import db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.fragments import SCORE_CHANGED, go, part, render, wants_fragment
from tracker.i18n import gettext as _
from tracker.i18n import say
from tracker.permissions import Actor, Subject
from tracker.reviews import pages, queries, scope, services, sharing, words
from tracker.reviews.blueprint import blueprint
from tracker.reviews.forms import JudgeForm, ManyForm, OverruleForm, ReturnForm, StateForm, WordForm
from tracker.reviews.judging import CHECKED, get_fact
from tracker.reviews.models import FactKind, Review
from tracker.reviews.sharing import closed_to
from tracker.reviews.viewmodels import FactView
from tracker.scores.sheets import COPC
from tracker.submissions import Answer, once

# No review has more facts than this; a longer list of keys is no honest form.
MOST_AT_ONCE = 2000
# What a verdict on lines says of the units that are judged together with them.
FOR_UNITS = {"met": "full", "not_met": "none"}


def _load(number: int, name: str = "review:judge") -> tuple[Actor, Review]:
    review = queries.get_review(present_actor().organisation_id, number)
    return allow(name, queries.subject_of(review)), review


def _standard(review: Review, element: str) -> str:
    """The standard of an element of the review's scope. Raises NotFound."""
    for standard in scope.standards_of(review):
        if element in scope.elements_of(review, standard):
            return standard
    raise NotFound


# ---------------------------------------------------------------- one item or criterion


@blueprint.get("/<record:number>/items/<element>")
@permission("review:view")
def judge(number: int, element: str) -> Response:
    """An item or criterion with everything that is judged of it."""
    head = queries.get_head(present_actor().organisation_id, number)
    actor = allow("review:view", queries.subject_of(head.review))
    return show_element(actor, head.review, element, head=head)


def show_element(
    actor: Actor,
    review: Review,
    element: str,
    *,
    status: int = 200,
    head: queries.Head | None = None,
    **forms: Any,
) -> Response:
    _standard(review, element)
    work = queries.load(review, head=head)
    page = pages.element_page(work, element, actor)
    subject = queries.subject_of(review)
    open_now = pages.may_judge(work)
    closed = sharing.why_closed(actor, review, work.beside, [element]).get(element, "") if open_now else ""
    return render(
        "reviews/judge.html",
        status=status,
        view=page,
        closed=closed,
        assigned=work.beside.assignments.get(element),
        calibrated=work.beside.calibrations.get(element),
        mine=(found := work.beside.assignments.get(element)) is not None and found.auditor_id in actor.hands,
        leads=review.lead_auditor_id in actor.hands,
        return_form=forms.get("return_form") or ReturnForm(formdata=None),
        open_now=open_now,
        may_judge=open_now and not closed and allowed("review:judge", subject),
        may_check=open_now and (allowed("metric:check", subject) or allowed("review:judge", subject)),
        may_overrule=open_now and allowed("review:overrule", subject),
        may_edit_metrics=allowed("metric:edit", Subject(site_id=review.site_id)),
        may_raise=allowed("nonconformity:raise", Subject(site_id=review.site_id)),
        verdict=words.verdict,
        wording=words.gap,
        outline_notice=say(OUTLINE_NOTICE),
        overrule_form=forms.get("overrule_form") or OverruleForm(formdata=None),
        word_form=forms.get("word_form") or _word_form(page.word),
        many_form=forms.get("many_form") or ManyForm(formdata=None),
        refusal=forms.get("refusal", ""),
    )


def _word_form(word: FactView | None) -> WordForm:
    form = WordForm(formdata=None, prefix="word-")
    if word is not None:
        form.compliant.data = word.value or None
        form.reason.data = word.note
        form.version.data = word.version
    return form


@blueprint.get("/<record:number>/items/<element>/running")
@permission("review:view")
def running(number: int, element: str) -> Response:
    """What stands beside the judging: progress and running score, fetched anew when the score has changed."""
    _actor, review = _load(number, "review:view")
    _standard(review, element)
    if not wants_fragment():
        return go(url_for("reviews.judge", number=number, element=element))
    work = queries.load(review)
    return part(
        "reviews/_running.html",
        running=pages.running_view(work, element, queries.gaps_in(work)),
        number=number,
        verdict=words.verdict,
    )


@blueprint.post("/<record:number>/items/<element>")
@permission("review:judge")
def save(number: int, element: str) -> Response:
    """Save the verdict on one line, unit or row."""
    actor, review = _load(number)
    standard = _standard(review, element)
    key = request.form.get("key", "")
    fact = get_fact(review, standard, key)
    if fact.element != element:
        raise NotFound
    form = JudgeForm()
    status, problem = 200, ""
    if form.validate_on_submit():
        given = request.form

        def change() -> None:
            services.judge(
                actor,
                review,
                standard,
                key,
                form.value.data if "value" in given else None,
                note=form.note.data if "note" in given else None,
                evidence=form.evidence.data if "evidence" in given else None,
                sampled=form.sampled.data if "sampling" in given else None,
                version=form.version.data,
            )

        status = attempt(form, change, fact)
        problem = " ".join(form.form_errors) if status == 409 else ""
    else:
        status = 422
    return _cell(actor, number, standard, key, form, status, problem)


def _cell(
    actor: Actor, number: int, standard: str, key: str, form: JudgeForm, status: int, problem: str
) -> Response:
    """The cell alone for htmx, in the shape it was sent from; the page for everyone else."""
    review = queries.get_review(actor.organisation_id, number)
    if status == 200 and not wants_fragment():
        back = request.form.get("back", "")
        element = key.partition("/")[0]
        if back == "grid":
            category = scope.content_of(review, COPC).item(element).category
            return go(url_for("reviews.deployment", number=number, category=category), _("Saved."))
        return go(url_for("reviews.judge", number=number, element=element), _("Saved."))
    work = queries.load(review, [standard], reasons=False)
    fact = next(fact for fact in work.facts[standard] if fact.key == key)
    shape = "reviews/_grid_cell.html" if request.form.get("back") == "grid" else "reviews/_fact.html"
    return part(
        shape,
        status=status,
        trigger=SCORE_CHANGED if status == 200 else None,
        fact=pages.fact_view(work, standard, fact),
        number=number,
        may_judge=pages.may_judge(work),
        may_raise=allowed("nonconformity:raise", Subject(site_id=review.site_id)),
        form=form if status == 422 else None,
        typed=form if status in (409, 422) else None,
        problem=problem,
        saved=status == 200,
    )


@blueprint.post("/<record:number>/items/<element>/confirm")
@permission("review:judge")
def confirm_carried(number: int, element: str) -> Response:
    """Confirm facts of an item that were taken over from the last report."""
    review = queries.get_review(present_actor().organisation_id, number)
    subject = queries.subject_of(review)
    # What an assessor stated is an assessor's to confirm.
    name = "review:judge" if allowed("review:judge", subject) else "review:overrule"
    actor = allow(name, subject)
    standard = _standard(review, element)
    keys = [key for key in request.form.getlist("key") if key.partition("/")[0] == element][:MOST_AT_ONCE]
    try:
        answer = once(actor, lambda: _confirm(actor, review, standard, keys), review)
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        fresh = queries.get_review(actor.organisation_id, number)
        return show_element(actor, fresh, element, status=error.status, refusal=error.message)
    return go(url_for("reviews.judge", number=number, element=element), answer.message)


def _confirm(actor: Actor, review: Review, standard: str, keys: list[str]) -> Answer:
    return Answer("", words.confirmed(services.confirm(actor, review, standard, keys)))


@blueprint.post("/<record:number>/deployment/<category>/confirm")
@permission("review:judge")
def confirm_grid(number: int, category: str) -> Response:
    """Confirm every cell of a category that was taken over."""
    actor, review = _load(number)
    try:
        page = pages.deployment_page(queries.load(review), category)
    except KeyError:
        raise NotFound from None
    carried = [cell for cell in page.cells.values() if cell.carried]
    closed = closed_to(actor, review, {cell.element for cell in carried})
    keys = [cell.key for cell in carried if cell.element not in closed]
    try:
        answer = once(actor, lambda: _confirm(actor, review, COPC, keys), review)
    except Conflict as error:
        db.session.rollback()
        fresh = queries.get_review(actor.organisation_id, number)
        return _grid(actor, fresh, category, status=error.status, refusal=error.message)
    return go(url_for("reviews.deployment", number=number, category=category), answer.message)


@blueprint.post("/<record:number>/items/<element>/same")
@permission("review:judge")
def same(number: int, element: str) -> Response:
    """Give the facts of an item that are chosen the same verdict, note or evidence."""
    actor, review = _load(number)
    standard = _standard(review, element)
    form, status = ManyForm(), 422
    if form.validate_on_submit():
        status = attempt(form, lambda: _judge_chosen(actor, review, standard, form), review)
        if status == 200:
            return go(url_for("reviews.judge", number=number, element=element), _("Saved."))
    fresh = queries.get_review(actor.organisation_id, number)
    return show_element(actor, fresh, element, status=status, many_form=form)


def _judge_chosen(actor: Actor, review: Review, standard: str, form: ManyForm) -> None:
    keys = [key for key in request.form.getlist("key") if key][:MOST_AT_ONCE]
    if not keys:
        raise InvalidInput({"note": [_("Choose at least one line, unit or row.")]})
    if not (form.value.data or form.note.data or form.evidence.data):
        raise InvalidInput({"note": [_("Choose a verdict, or write a note or evidence.")]})
    value = form.value.data or ""
    units = [key for key in keys if _is_unit(key)]
    for chosen, given in (
        ([key for key in keys if not _is_unit(key)], value),
        (units, FOR_UNITS.get(value, value)),
    ):
        if chosen:
            services.judge_many(
                actor,
                review,
                standard,
                chosen,
                given or None,
                note=form.note.data or None,
                evidence=form.evidence.data or None,
            )


def _is_unit(key: str) -> bool:
    return key.split("/")[1:2] == [FactKind.UNIT.value]


# ---------------------------------------------------------------- metrics, overrules, the word


@blueprint.post("/<record:number>/items/<element>/metrics/<code>/<aspect>")
@permission("review:judge")
def state(number: int, element: str, code: str, aspect: str) -> Response:
    """State a fact of a metric: U and I after a check, the rest as an assessor."""
    name = "metric:check" if aspect in CHECKED else "review:overrule"
    actor, review = _load(number, name)
    _standard(review, element)
    form = StateForm()
    status, problem = 422, ""
    if form.validate_on_submit():
        value = {"yes": True, "no": False}.get(form.value.data or "")

        def change() -> None:
            services.state_metric(
                actor,
                review,
                code,
                aspect,
                value,
                item=element,
                note=form.note.data or "",
                evidence=form.evidence.data or "",
                version=form.version.data or None,
            )

        status = attempt(form, change, review)
        problem = " ".join(form.form_errors) if status == 409 else ""
    return _stated(actor, number, (element, code, aspect), form, status, problem)


def _stated(
    actor: Actor, number: int, place: tuple[str, str, str], form: StateForm, status: int, problem: str
) -> Response:
    element, code, aspect = place
    if status == 200 and not wants_fragment():
        return go(url_for("reviews.judge", number=number, element=element), _("Saved."))
    review = queries.get_review(actor.organisation_id, number)
    page = pages.element_page(queries.load(review), element, actor)
    metric = next(entry for entry in page.metrics if entry.row.code == code)
    return part(
        "reviews/_stated.html",
        status=status,
        trigger=SCORE_CHANGED if status == 200 else None,
        metric=metric,
        fact=next(fact for fact in metric.stated if fact.aspect == aspect),
        number=number,
        may_state=True,
        typed=form if status in (409, 422) else None,
        problem=problem,
        saved=status == 200,
    )


@blueprint.post("/<record:number>/items/<element>/overrule")
@permission("review:overrule")
def overrule(number: int, element: str) -> Response:
    """Put an assessor's score in place of a computed one, or lift it."""
    actor, review = _load(number, "review:overrule")
    _standard(review, element)
    form, status = OverruleForm(), 422
    if form.validate_on_submit():
        text = form.score.data or ""
        score = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
        dimension, reason = form.dimension.data or "", form.reason.data or ""
        status = attempt(
            form, lambda: services.set_overrule(actor, review, element, dimension, score, reason), review
        )
        if status == 200:
            return go(url_for("reviews.judge", number=number, element=element), _("Saved."))
    fresh = queries.get_review(actor.organisation_id, number)
    return show_element(actor, fresh, element, status=status, overrule_form=form)


@blueprint.post("/<record:number>/word")
@permission("review:overrule")
def give_word(number: int) -> Response:
    """Record the assessor's word on item 4.7."""
    actor, review = _load(number, "review:overrule")
    element = scope.ACHIEVING_RESULTS
    _standard(review, element)
    form = WordForm(prefix="word-")
    status = 422
    if form.validate_on_submit():
        word = {"yes": True, "no": False}.get(form.compliant.data or "")
        reason, version = form.reason.data or "", form.version.data
        status = attempt(
            form, lambda: services.record_word(actor, review, word, reason, version=version), review
        )
        if status == 200:
            return go(url_for("reviews.judge", number=number, element=element), _("Saved."))
    fresh = queries.get_review(actor.organisation_id, number)
    return show_element(actor, fresh, element, status=status, word_form=form)


# ---------------------------------------------------------------- the grid of a category


@blueprint.get("/<record:number>/deployment/<category>")
@permission("review:view")
def deployment(number: int, category: str) -> Response:
    """Units down, items across: the deployment of a whole category."""
    actor, review = _load(number, "review:view")
    return _grid(actor, review, category)


def _grid(
    actor: Actor,
    review: Review,
    category: str,
    *,
    status: int = 200,
    many_form: ManyForm | None = None,
    refusal: str = "",
) -> Response:
    work = queries.load(review)
    try:
        page = pages.deployment_page(work, category)
    except KeyError:
        raise NotFound from None
    return render(
        "reviews/deployment.html",
        status=status,
        view=page,
        number=review.number,
        may_judge=pages.may_judge(work) and allowed("review:judge", queries.subject_of(review)),
        many_form=many_form or ManyForm(formdata=None),
        refusal=refusal,
    )


@blueprint.post("/<record:number>/deployment/<category>/same")
@permission("review:judge")
def same_in_grid(number: int, category: str) -> Response:
    """Fill the empty cells of a category, or give cells without evidence theirs."""
    actor, review = _load(number)
    form, status = ManyForm(), 422
    work = queries.load(review)
    try:
        page = pages.deployment_page(work, category)
    except KeyError:
        raise NotFound from None
    if form.validate_on_submit():
        status = attempt(form, lambda: _fill(actor, review, list(page.cells.values()), form), review)
        if status == 200:
            return go(url_for("reviews.deployment", number=number, category=category), _("Saved."))
    fresh = queries.get_review(actor.organisation_id, number)
    return _grid(actor, fresh, category, status=status, many_form=form)


def _fill(actor: Actor, review: Review, cells: list[FactView], form: ManyForm) -> None:
    """The verdict goes to cells that have none; note and evidence to every cell that then lacks them."""
    if not (form.value.data or form.note.data or form.evidence.data):
        raise InvalidInput({"note": [_("Choose a verdict, or write a note or evidence.")]})
    closed = closed_to(actor, review, {cell.element for cell in cells})
    cells = [cell for cell in cells if cell.element not in closed]
    blank = [cell.key for cell in cells if not cell.value]
    if form.value.data and blank:
        services.judge_many(actor, review, COPC, blank, form.value.data)
    for name, text in (("note", form.note.data), ("evidence", form.evidence.data)):
        bare = [
            cell.key for cell in cells if not getattr(cell, name).strip() and (cell.value or form.value.data)
        ]
        if text and bare:
            services.judge_many(actor, review, COPC, bare, **{name: text})
