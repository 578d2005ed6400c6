"""Pages of non-conformities: the register, the record, its moves, and the form that raises one."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import fragments, submissions, undo
from tracker.access import actor, allow, permission
from tracker.accounts.queries import list_people
from tracker.attempts import attempt, make
from tracker.database import MAX_ID, db
from tracker.desk import number_in_address
from tracker.errors import Conflict, DomainError, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.i18n import gettext as _
from tracker.moves import Signing, check_version
from tracker.nonconformities import (
    cases,
    page,
    queries,
    reading,
    register,
    relations,
    services,
    trail,  # noqa: F401  (registers the words of the history)
)
from tracker.nonconformities import similar as looking
from tracker.nonconformities.advice import advise
from tracker.nonconformities.forms import (
    FORMS,
    DraftForm,
    ExtendForm,
    FoundForm,
    JudgeForm,
    LookForm,
    MoveForm,
    SplitForm,
    faults,
)
from tracker.nonconformities.life import HANDLERS
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.permissions import Actor, Subject
from tracker.scores.releases import of_site
from tracker.submissions import Answer
from workflows.repeats import SimilarAnswer

blueprint = Blueprint("nonconformities", __name__, url_prefix="/nonconformities")


# ---------------------------------------------------------------- the register


@blueprint.get("/")
@permission("nonconformity:view")
def index() -> Response:
    """The register: filtered, sorted and paged by its address."""
    person = allow("nonconformity:view")
    wanted = register.read_filter(request.args)
    part = fragments.wants_fragment()
    found = register.get_page(person, wanted)
    context = page.register_context(person, wanted, found, whole=not part)
    return fragments.render("nonconformities/index.html", "nonconformities/_register.html", **context)


# ---------------------------------------------------------------- the record


@blueprint.get("/<record:number>")
@permission("nonconformity:view")
def show(number: int) -> Response:
    """The record's page."""
    dossier = reading.load(actor(), number)
    person = allow("nonconformity:view", services.subject_of(dossier.record))
    return _page(dossier, person)


def _page(dossier: reading.Dossier, person: Any, status: int = 200, **problem: Any) -> Response:
    context = page.record_context(dossier, person, **problem)
    return fragments.render(
        "nonconformities/show.html", "nonconformities/_moved.html", status=status, **context
    )


def _moved(number: int, message: str) -> BaseResponse:
    """After a success: the fresh record in its place for htmx, the record's page for everyone else."""
    if not fragments.wants_fragment():
        return fragments.go(url_for(".show", number=number), message)
    answer = _page(reading.load(actor(), number), actor())
    return fragments.toast(fragments.with_trigger(answer, fragments.SCORE_CHANGED), message)


@blueprint.get("/<record:number>/worth")
@permission("nonconformity:view")
def worth(number: int) -> Response:
    """What closing the record alone would move now, item by item."""
    record = reading.find(actor(), number)
    allow("nonconformity:view", services.subject_of(record))
    lines = queries.get_worth(record.organisation_id, record.site_id, record.id)
    return fragments.render(
        "nonconformities/worth.html",
        "nonconformities/_worth.html",
        worth=lines,
        record=record,
        shares=queries.get_shares(record),
    )


@blueprint.post("/<record:number>/moves/<event>")
@permission("nonconformity:view")
def move(number: int, event: str) -> BaseResponse:
    """Make one move of the machine; the same form sent again gets the first answer."""
    if event not in HANDLERS:
        raise NotFound
    record = reading.find(actor(), number)
    person = allow("nonconformity:view", services.subject_of(record))
    form = FORMS.get(event, MoveForm)()
    if not form.validate_on_submit():
        return _refuse(number, event, form, faults(form))

    def change() -> None:
        check_version(record, form.version.data)
        services.make_move(
            person,
            record,
            event,
            reason=form.reason.data or "",
            signing=_signing(number, event, form),
            **(form.fields() if hasattr(form, "fields") else {}),
        )

    return _make(person, record, event, form, change, page.done(event))


def _make(
    person: Actor, record: Nonconformity, what: str, form: Any, change: Callable[[], object], said: str
) -> BaseResponse:
    """Make a change and answer with the record as it is then, or with what was wrong and what had been typed."""
    number = record.number
    try:
        submissions.once(person, change, record)
    except (Conflict, InvalidInput, RefusedMove, WrongPassword) as error:
        return _refuse(number, what, form, error)
    return _moved(number, said)


@blueprint.post("/<record:number>/undo")
@permission("nonconformity:view")
def take_back(number: int) -> BaseResponse:
    """Take back the last move, where its rule still allows that."""
    record = reading.find(actor(), number)
    person = allow("nonconformity:view", services.subject_of(record))
    form = MoveForm()

    def change() -> None:
        check_version(record, form.version.data)
        undo.take_back(services.record_of(record), record, person)

    return _make(person, record, "undo", form, change, _("The move has been taken back."))


def _signing(number: int, event: str, form: MoveForm) -> Signing | None:
    if not form.password.data:
        return None
    content = queries.signing_content(reading.load(actor(), number), event, form.reason.data or "")
    return Signing(form.password.data, content)


def _refuse(number: int, event: str, form: Any, error: DomainError) -> Response:
    """The fresh page with the dialog of the move open, what was wrong, and what had been typed."""
    db.session.rollback()
    dossier = reading.load(actor(), number)
    return _page(dossier, actor(), error.status, event=event, error=error, form=form)


# ---------------------------------------------------------------- deadline, settled facts


@blueprint.post("/<record:number>/due")
@permission("nonconformity:extend")
def extend(number: int) -> BaseResponse:
    """Move the deadline of the present step."""
    record = reading.find(actor(), number)
    person = allow("nonconformity:extend", services.subject_of(record))
    form = ExtendForm()
    if not form.validate_on_submit():
        return _refuse(number, "extend", form, faults(form))

    def change() -> None:
        services.extend_due(person, record, form.new_day.data, form.reason.data or "", form.version.data)

    return _make(person, record, "extend", form, change, _("The deadline has been extended."))


@blueprint.post("/<record:number>/pins/<pin_id>")
@permission("nonconformity:settle")
def judge(number: int, pin_id: str) -> BaseResponse:
    """Take down an assessor's word on a pinned fact, before a void."""
    record = reading.find(actor(), number)
    person = allow("nonconformity:settle", services.subject_of(record))
    if not (pin_id.isascii() and pin_id.isdigit() and len(pin_id) <= 19 and int(pin_id) <= MAX_ID):
        raise NotFound
    form = JudgeForm()
    if not form.validate_on_submit():
        return _refuse(number, "judge", form, faults(form))

    def change() -> None:
        services.judge_pin(person, record, int(pin_id), form.value.data or "", form.note.data or "")

    return _make(person, record, "judge", form, change, _("The judgement has been taken down."))


@blueprint.post("/<record:number>/split")
@permission("nonconformity:raise")
def split(number: int) -> BaseResponse:
    """Part some of the facts off into a record of their own."""
    record = reading.find(actor(), number)
    person = allow("nonconformity:raise", services.subject_of(record))
    form = SplitForm()
    if not form.validate_on_submit():
        return _refuse(number, "split", form, faults(form))

    def change() -> Answer:
        part = relations.split(
            person,
            record,
            title=form.title.data or "",
            pin_ids=form.pin_ids(),
            reason=form.reason.data or "",
            version=form.version.data,
        )
        return Answer(url_for(".show", number=part.number))

    try:
        answer = submissions.once(person, change, record)
    except (Conflict, InvalidInput, RefusedMove) as error:
        return _refuse(number, "split", form, error)
    return fragments.go(answer.location, _("The facts have a record of their own now."))


# ---------------------------------------------------------------- the same elsewhere


@blueprint.get("/<record:number>/similar")
@permission("nonconformity:view")
def similar(number: int) -> Response:
    """Where the same was looked for, and where else it may be."""
    record = reading.find(actor(), number)
    person = allow("nonconformity:view", services.subject_of(record))
    return _similar_page(person, record)


@blueprint.post("/<record:number>/similar")
@permission("nonconformity:look")
def look(number: int) -> BaseResponse:
    """Ask at other sites and programmes."""
    record = reading.find(actor(), number)
    person = allow("nonconformity:look", services.subject_of(record))
    form = LookForm()
    form.places.choices = cases.list_places(person, record)
    if not form.validate_on_submit():
        return _similar_page(person, record, 422, look=form)
    status = attempt(form, lambda: looking.ask(person, record, form.chosen()), record)
    if status != 200:
        return _similar_page(person, reading.find(person, number), status, look=form)
    return fragments.go(url_for(".similar", number=number), _("The places have been asked."))


@blueprint.post("/<record:number>/similar/<key:case_id>")
@permission("nonconformity:look")
def found(number: int, case_id: int) -> BaseResponse:
    """Answer for one place; what is there is raised there."""
    record = reading.find(actor(), number)
    case = cases.find_case(actor(), record, case_id)
    person = allow("nonconformity:look", Subject(site_id=case.site_id))
    form = FoundForm(prefix=f"case-{case_id}-")
    if not form.validate_on_submit():
        return _similar_page(person, record, 422, answered=(case_id, form))
    back = url_for(".similar", number=number)

    def change() -> Answer:
        there = looking.answer(
            person, record, case, SimilarAnswer(form.answer.data), form.note.data or "", form.version.data
        )
        return Answer(back, found_there(there))

    status, answer = make(form, change, case)
    if status != 200:
        return _similar_page(person, reading.find(person, number), status, answered=(case_id, form))
    return fragments.go(answer.location, answer.message)


def found_there(there: Nonconformity | None) -> str:
    """What is said once it was answered whether the same is at a place."""
    if there is None:
        return _("The answer has been taken down.")
    return _("It is there: %(record)s carries it.", record=label("nonconformity", there.number))


def _similar_page(person: Actor, record: Nonconformity, status: int = 200, **sent: Any) -> Response:
    return fragments.render(
        "nonconformities/similar.html", status=status, **page.similar_context(person, record, **sent)
    )


# ---------------------------------------------------------------- writing one down


@blueprint.get("/new")
@permission("nonconformity:raise")
def new() -> BaseResponse:
    """The form of a new record: free, or prefilled from the gaps of a review."""
    person = allow("nonconformity:raise")
    start = page.read_start(person, request.args)
    form = DraftForm(formdata=None, **page.defaults(start))
    return _draft_page(form, start)


@blueprint.post("/new")
@permission("nonconformity:raise")
def create() -> BaseResponse:
    """Write down a record."""
    start = page.read_start(actor(), request.args)
    if start.site is None:
        raise InvalidInput({"site": [_("Choose a site first.")]})
    site_id = start.site.id
    person = allow("nonconformity:raise", Subject(site_id=site_id))
    form = DraftForm()
    form.offer(list_people(person.organisation_id, site_id), start.known)
    if page.use_help(form, request.form):
        return _draft_page(form, start)
    status = 422
    if form.validate_on_submit():
        status, answer = make(form, lambda: _write_down(person, form, start, site_id))
        if status == 200:
            return fragments.go(answer.location, _("The record has been written down."))
    return _draft_page(form, start, status)


def _write_down(person: Actor, form: DraftForm, start: page.Start, site_id: int) -> Answer:
    """Write the record down; its page. Raises InvalidInput."""
    draft = form.draft(page.find_repeated(person, form))
    _look_first(person, form, start, site_id)
    record = services.raise_draft(person, site_id=site_id, review_id=start.review_id, **vars(draft))
    return Answer(url_for(".show", number=record.number))


def _look_first(person: Actor, form: DraftForm, start: page.Start, site_id: int) -> None:
    """Raise InvalidInput while there are records that it may be the same as, and that were not shown before."""
    advice = advise(person, page.typed_so_far(form, site_id, start.review_id))
    looked = set(request.form.getlist("looked"))
    fresh = [
        match
        for match in advice.sure
        if str(match.number) not in looked and not (match.repeats and form.repeat_of.data)
    ]
    if fresh:
        names = ", ".join(match.label for match in fresh)
        message = _(
            "Look at %(records)s first. If this is another matter, write it down again.", records=names
        )
        raise InvalidInput({"similar": [message]})


@blueprint.get("/advice")
@permission("nonconformity:raise")
def advice() -> Response:
    """What a finding may be the same as and how grave it is, as far as it has been typed."""
    person = allow("nonconformity:raise")
    start = page.read_start(person, request.args)
    if start.site is None:
        raise NotFound
    allow("nonconformity:raise", Subject(site_id=start.site.id))
    form = DraftForm(formdata=request.args)
    form.offer([], start.known)
    number = number_in_address("but")
    but = None if number is None else reading.find(person, number).id
    found = advise(person, page.typed_so_far(form, start.site.id, start.review_id, but))
    ask = url_for(".advice", **page.address_of(start), but=number)
    return fragments.part("nonconformities/_advice.html", advice=found, form=form, ask=ask)


def _draft_page(form: DraftForm, start: page.Start, status: int = 200) -> Response:
    context = page.draft_context(actor(), form, start)
    return fragments.render(
        "nonconformities/new.html", "nonconformities/_draft.html", status=status, **context
    )


@blueprint.get("/<record:number>/edit")
@permission("nonconformity:edit")
def edit(number: int) -> BaseResponse:
    """The form of what is written down."""
    dossier = reading.load(actor(), number)
    allow("nonconformity:edit", services.subject_of(dossier.record))
    form = DraftForm(formdata=None, **page.defaults_of(dossier))
    return _edit_page(form, dossier)


@blueprint.post("/<record:number>/edit")
@permission("nonconformity:edit")
def save(number: int) -> BaseResponse:
    """Change what is written down."""
    dossier = reading.load(actor(), number)
    record = dossier.record
    person = allow("nonconformity:edit", services.subject_of(record))
    form = DraftForm()
    form.offer(
        list_people(person.organisation_id, record.site_id), of_site(record.organisation_id, record.site_id)
    )
    page.fix_what_stays(form, dossier)
    if page.use_help(form, request.form):
        return _edit_page(form, dossier)
    status = 422
    if form.validate_on_submit():
        status = attempt(form, lambda: _edit(person, record, form), record)
        if status == 200:
            return fragments.go(url_for(".show", number=number), _("Saved."))
    db.session.rollback()
    return _edit_page(form, reading.load(actor(), number), status)


def _edit(person: Actor, record: Nonconformity, form: DraftForm) -> None:
    services.edit(person, record, form.draft(page.find_repeated(person, form)), form.version.data)


def _edit_page(form: DraftForm, dossier: reading.Dossier, status: int = 200) -> Response:
    context = page.edit_context(actor(), form, dossier, conflict=status == 409)
    return fragments.render(
        "nonconformities/edit.html", "nonconformities/_draft.html", status=status, **context
    )
