"""Pages of people's work: my work, comments of a record, absences, handing over."""

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import clock
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.queries import get_person_page, list_people
from tracker.attempts import attempt, make
from tracker.dashboard.todo import list_tasks
from tracker.database import db
from tracker.errors import NotFound
from tracker.fragments import go, render
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from tracker.submissions import Answer
from tracker.work import handing_over, queries, services, words
from tracker.work.forms import AbsenceForm, CommentForm, HandOverForm
from tracker.work.records import Found, find
from tracker.work.waiting import list_waiting

blueprint = Blueprint("work", __name__)

TASKS = 50


@blueprint.get("/my-work/")
@permission("signed-in")
def index() -> BaseResponse:
    """What waits for me, what I wait for, what I watch, who stands in for whom."""
    actor = present_actor()
    names = {site.id: pick(site.name_zh, site.name_en) for site in list_sites(actor)}
    tasks, more = list_tasks(actor, names, TASKS)
    waiting, more_waiting = list_waiting(actor)
    return render(
        "work/index.html",
        tasks=tasks,
        more=more,
        several_sites=len(names) > 1,
        waiting=waiting,
        more_waiting=more_waiting,
        watched=queries.list_watched(actor),
        delegations=[each for each in queries.list_delegations(actor) if each.state in ("running", "coming")],
    )


# ---------------------------------------------------------------- comments and watching


def _names(actor: Actor, found: Found) -> list[tuple[int, str, str]]:
    return [
        (person.id, person.name_zh, person.name_en)
        for person in list_people(actor.organisation_id, found.site_id)
    ]


def _comments(actor: Actor, found: Found, form: CommentForm | None = None, status: int = 200) -> BaseResponse:
    people = _names(actor, found)
    form = form or CommentForm(formdata=None)
    form.offer([(key, pick(zh, en)) for key, zh, en in people if key != actor.person_id])
    return render(
        "work/comments.html",
        "work/_comments.html",
        status=status,
        found=found,
        comments=queries.list_comments(found.record, actor),
        watching=queries.is_watching(found.record, actor.person_id),
        form=form,
        may_write=allowed("comment:write", found.subject),
    )


@blueprint.get("/records/<kind>/<record:number>/comments")
@permission("signed-in")
def comments(kind: str, number: int) -> BaseResponse:
    """What was said about a record."""
    actor = present_actor()
    return _comments(actor, find(actor, kind, number))


@blueprint.post("/records/<kind>/<record:number>/comments")
@permission("comment:write")
def write(kind: str, number: int) -> BaseResponse:
    """Say something about a record."""
    found = find(present_actor(), kind, number)
    actor = allow("comment:write", found.subject)
    people = _names(actor, found)
    form = CommentForm()
    form.offer([(key, pick(zh, en)) for key, zh, en in people])
    known = {key: f"{zh}\n{en}" for key, zh, en in people}

    def change() -> None:
        services.write_comment(actor, found.record, form.text.data or "", form.chosen(), known)

    if not form.validate_on_submit() or attempt(form, change) != 200:
        return _comments(actor, found, form, 422)
    return _after(actor, found)


@blueprint.post("/records/<kind>/<record:number>/comments/<key:comment_id>/withdraw")
@permission("comment:write")
def withdraw(kind: str, number: int, comment_id: int) -> BaseResponse:
    """Take one's own words back."""
    found = find(present_actor(), kind, number)
    actor = allow("comment:write", found.subject)
    services.withdraw_comment(actor, found.record, comment_id)
    db.session.commit()
    return _after(actor, found)


@blueprint.post("/records/<kind>/<record:number>/watch")
@permission("signed-in")
def watch(kind: str, number: int) -> BaseResponse:
    """Be told of every move and comment of a record, or no more."""
    actor = present_actor()
    found = find(actor, kind, number)
    if request.form.get("watch") == "yes":
        services.watch(actor.person_id, found.record)
    else:
        services.unwatch(actor.person_id, found.record)
    db.session.commit()
    return _after(actor, found)


def _after(actor: Actor, found: Found) -> BaseResponse:
    if request.headers.get("HX-Request"):
        return _comments(actor, found)
    return go(url_for(".comments", kind=found.record.kind, number=found.record.number))


# ---------------------------------------------------------------- absences


def _absences(actor: Actor, form: AbsenceForm | None = None, status: int = 200) -> BaseResponse:
    for_others = allowed("work:hand_over")
    people = [
        (person.id, pick(person.name_zh, person.name_en)) for person in list_people(actor.organisation_id)
    ]
    form = form or AbsenceForm.fresh(actor.person_id, clock.today())
    _offer(form, actor, people, for_others)
    return render(
        "work/absences.html",
        status=status,
        form=form,
        for_others=for_others,
        delegations=queries.list_delegations(actor, everyone=for_others),
    )


def _offer(form: AbsenceForm, actor: Actor, people: list[tuple[int, str]], for_others: bool) -> None:
    away = people if for_others else [pair for pair in people if pair[0] == actor.person_id]
    form.person_id.offer(away, _("Choose …"))
    form.deputy_id.offer(people, _("Choose …"))


@blueprint.get("/my-work/absences")
@permission("signed-in")
def absences() -> BaseResponse:
    """Who stands in for whom."""
    return _absences(present_actor())


@blueprint.post("/my-work/absences")
@permission("signed-in")
def delegate() -> BaseResponse:
    """Name a deputy for some days."""
    actor = present_actor()
    form = AbsenceForm()
    people = [
        (person.id, pick(person.name_zh, person.name_en)) for person in list_people(actor.organisation_id)
    ]
    _offer(form, actor, people, allowed("work:hand_over"))

    def change() -> None:
        services.delegate(
            actor,
            person_id=form.person_id.id_value or 0,
            deputy_id=form.deputy_id.id_value or 0,
            from_on=form.from_on.data,
            until_on=form.until_on.data,
            reason=form.reason.data or "",
        )

    if not form.validate_on_submit() or attempt(form, change) != 200:
        return _absences(actor, form, 422)
    return go(url_for(".absences"), _("The deputy is named, and has been told."))


@blueprint.post("/my-work/absences/<key:delegation_id>/end")
@permission("signed-in")
def end(delegation_id: int) -> BaseResponse:
    """Let the deputy stand in no more."""
    services.end_delegation(present_actor(), delegation_id)
    db.session.commit()
    return go(url_for(".absences"), _("Ended from now on."))


# ---------------------------------------------------------------- handing over


@blueprint.get("/people/<key:person_id>/hand-over")
@permission("work:hand_over")
def hand_over(person_id: int) -> BaseResponse:
    """What somebody holds that is not finished, and to whom it shall go."""
    return _hand_over(allow("work:hand_over"), person_id, HandOverForm(formdata=None))


def _hand_over(actor: Actor, person_id: int, form: HandOverForm, status: int = 200) -> BaseResponse:
    person = get_person_page(actor.organisation_id, person_id)
    _offer_heirs(actor, person_id, form)
    counts = handing_over.count_holdings(actor.organisation_id, person_id)
    held = [(str(words.KINDS[kind]), number) for kind, number in counts.items()]
    return render("work/hand_over.html", status=status, person=person, held=held, form=form)


def _offer_heirs(actor: Actor, person_id: int, form: HandOverForm) -> None:
    people = list_people(actor.organisation_id)
    form.offer(
        [(view.id, pick(view.name_zh, view.name_en)) for view in people if view.id != person_id],
        _("Choose …"),
    )


@blueprint.post("/people/<key:person_id>/hand-over")
@permission("work:hand_over")
def give(person_id: int) -> BaseResponse:
    """Hand everything unfinished over."""
    actor = allow("work:hand_over")
    form = HandOverForm()
    _offer_heirs(actor, person_id, form)
    if not form.validate_on_submit():
        return _hand_over(actor, person_id, form, 422)
    status, answer = make(form, lambda: _hand_all_over(actor, person_id, form))
    if status != 200:
        return _hand_over(actor, person_id, form, status)
    return go(url_for(".hand_over", person_id=person_id), answer.message)


def _hand_all_over(actor: Actor, person_id: int, form: HandOverForm) -> Answer:
    """Hand over, and say what went and what stayed. Raises NotFound, InvalidInput."""
    if not handing_over.count_holdings(actor.organisation_id, person_id):
        raise NotFound
    done = handing_over.hand_over(
        actor, person_id=person_id, to_id=form.to_id.id_value or 0, reason=form.reason.data or ""
    )
    if not done.left:
        return Answer("", _("Handed over: %(count)s.", count=done.total))
    said = _(
        "Handed over: %(count)s. Not handed over, because the new person may not audit them: %(left)s.",
        count=done.total,
        left=", ".join(done.left),
    )
    return Answer("", said)
