"""What other sites ask: places of one's own sites where the same is to be looked for, each with its answer."""

from typing import Any

from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import fragments
from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.attempts import make
from tracker.nonconformities import cases
from tracker.nonconformities import similar as looking
from tracker.nonconformities.forms import FoundForm
from tracker.nonconformities.views import blueprint, found_there
from tracker.permissions import Actor, Subject, can
from tracker.submissions import Answer
from workflows.repeats import SimilarAnswer


@blueprint.get("/elsewhere")
@permission("nonconformity:view")
def elsewhere() -> Response:
    """The questions that wait at the sites of this person."""
    return _show(allow("nonconformity:view"))


@blueprint.post("/elsewhere/<key:case_id>")
@permission("nonconformity:look")
def answer_elsewhere(case_id: int) -> BaseResponse:
    """Answer a question of another site, whose record need not be seen for that."""
    record, case = cases.find_question(present_actor(), case_id)
    person = allow("nonconformity:look", Subject(site_id=case.site_id))
    form = FoundForm(prefix=f"case-{case_id}-")
    if not form.validate_on_submit():
        return _show(person, 422, (case_id, form))

    def change() -> Answer:
        there = looking.answer(
            person, record, case, SimilarAnswer(form.answer.data), form.note.data or "", form.version.data
        )
        back = url_for(".elsewhere") if there is None else url_for(".show", number=there.number)
        return Answer(back, found_there(there))

    status, answer = make(form, change, case)
    if status != 200:
        return _show(person, status, (case_id, form))
    return fragments.go(answer.location, answer.message)


def _show(actor: Actor, status: int = 200, sent: tuple[int, Any] | None = None) -> Response:
    found = cases.list_questions(actor)
    questions = found[: cases.MOST_ASKED]
    forms = {}
    for each in questions:
        if can(actor, "nonconformity:look", Subject(site_id=each.line.site_id)):
            kept = sent[1] if sent is not None and sent[0] == each.line.id else None
            data = {"version": each.line.version}
            forms[each.line.id] = kept or FoundForm(formdata=None, prefix=f"case-{each.line.id}-", data=data)
    return fragments.render(
        "nonconformities/elsewhere.html",
        status=status,
        questions=questions,
        more=len(found) > len(questions),
        forms_of=forms,
    )
