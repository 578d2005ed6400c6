"""The page of a review's sampled audits: attach one, answer its checklist, draw the conclusion."""

from flask import Response, request, url_for

from tracker import clock
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs
from tracker.attempts import attempt
from tracker.database import db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.numbering import label
from tracker.permissions import Actor
from tracker.reviews import queries, sampling
from tracker.reviews.blueprint import blueprint
from tracker.reviews.forms import SampleForm, person_in
from tracker.reviews.models import Review
from tracker.submissions import once

Typed = dict[int, tuple[str, str]]


def _load(number: int, name: str) -> tuple[Actor, Review]:
    review = queries.get_review(present_actor().organisation_id, number)
    return allow(name, queries.subject_of(review)), review


@blueprint.get("/<record:number>/samples")
@permission("review:view")
def samples(number: int) -> Response:
    """The sampled audits of a review."""
    _actor, review = _load(number, "review:view")
    return _samples(review)


def _samples(
    review: Review,
    *,
    status: int = 200,
    form: SampleForm | None = None,
    problem: str = "",
    typed: tuple[int, Typed, str] | None = None,
) -> Response:
    if form is None:
        form = SampleForm(formdata=None, data={"sampled_on": clock.today()})
    form.process_id.choices = pairs(
        ("", _("not in the register")), *((str(key), name) for key, name in sampling.list_processes(review))
    )
    return render(
        "reviews/samples.html",
        status=status,
        review=review,
        code=label("review", review.number),
        found=sampling.list_samples(review),
        form=form,
        problem=problem,
        typed=typed,
        may_answer=review.state in sampling.BEGUN and allowed("review:judge", queries.subject_of(review)),
    )


@blueprint.post("/<record:number>/samples")
@permission("review:judge")
def attach_sample(number: int) -> Response:
    """Attach a sampled audit with its checklist."""
    actor, review = _load(number, "review:judge")
    form = SampleForm()
    if not form.validate_on_submit():
        return _samples(review, status=422, form=form)

    def change() -> None:
        sampling.begin(
            actor,
            review,
            process_id=person_in(form.process_id),
            process_name=form.process_name.data or "",
            sampled_on=form.sampled_on.data or clock.today(),
            sample=form.sample.data or "",
        )

    status = attempt(form, change, review)
    if status != 200:
        return _samples(queries.get_review(actor.organisation_id, number), status=status, form=form)
    return go(url_for("reviews.samples", number=number), _("The checklist has been drawn."))


@blueprint.post("/<record:number>/samples/<int:sample_id>")
@permission("review:judge")
def answer_sample(number: int, sample_id: int) -> Response:
    """Answer the checklist of a sampled audit."""
    actor, review = _load(number, "review:judge")
    typed, conclusion = _typed(), request.form.get("conclusion", "").replace("\x00", "").strip()
    text = request.form.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    try:
        once(actor, lambda: sampling.answer(actor, review, sample_id, typed, conclusion, version), review)
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        fresh = queries.get_review(actor.organisation_id, number)
        return _samples(
            fresh, status=error.status, problem=error.message, typed=(sample_id, typed, conclusion)
        )
    return go(url_for("reviews.samples", number=number), _("Saved."))


def _typed() -> Typed:
    keys = request.form.getlist("check")
    answers, notes = request.form.getlist("answer"), request.form.getlist("note")
    if not len(keys) == len(answers) == len(notes):
        raise NotFound
    if not all(key.isascii() and key.isdigit() and len(key) < 20 for key in keys):
        raise NotFound
    return {
        int(key): (answer, note.replace("\x00", "").strip())
        for key, answer, note in zip(keys, answers, notes, strict=True)
    }
