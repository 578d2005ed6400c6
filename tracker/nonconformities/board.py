"""The addresses of the board of non-conformities."""

from dataclasses import replace
from typing import Any

from flask import Response, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import StringField
from wtforms.validators import Length

from tracker import boards, fragments, submissions
from tracker.access import actor, allow, permission
from tracker.accounts.forms import VersionField, strip
from tracker.accounts.queries import list_people
from tracker.attempts import problem_of, refuse
from tracker.boards import Said, Stays
from tracker.database import db
from tracker.errors import Conflict, DomainError, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.moves import Signing, check_version
from tracker.nonconformities import cards, elsewhere, page, queries, reading, services
from tracker.nonconformities.forms import FORMS, MoveForm, faults
from tracker.nonconformities.views import blueprint
from tracker.offers import MoveView
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from tracker.submissions import Answer
from workflows.nonconformities import NonconformityState

__all__ = ["blueprint", "elsewhere"]

# Moves whose dialog shows the facts that the record holds.
SHOWING = frozenset({"close", "approve_closure", "request_void", "void"})
KEPT = ("site", "owner", "column", "after")


class CardForm(FlaskForm):
    """A card sent to another column; `event` names the move once what it asks for has been asked."""

    version = VersionField()
    target = StringField(filters=[strip], validators=[Length(max=32)])
    event = StringField(filters=[strip], validators=[Length(max=64)])


@blueprint.get("/board")
@permission("nonconformity:view")
def board() -> Response:
    """Columns by state; a card is sent on by dragging it, by keys, or by its form."""
    return _board(allow("nonconformity:view"))


def _board(person: Actor, said: Said | None = None, status: int = 200, moved: int | None = None) -> Response:
    sites = list_sites(person)
    people = list_people(person.organisation_id)
    site = next((each for each in sites if each.code == request.args.get("site")), None)
    owner = request.args.get("owner", "")
    owner_id = person.person_id if owner == "me" else next((v.id for v in people if str(v.id) == owner), None)
    turned = boards.turn(request.args, moved)
    return fragments.render(
        "nonconformities/board.html",
        "nonconformities/_board.html",
        status=status,
        columns=cards.get_board(person, site.id if site else None, owner_id, turned, _address()),
        said=said,
        moved=moved,
        signer=person.name(language()),
        site_choices=[(each.code, pick(each.name_zh, each.name_en)) for each in sites],
        site_code=site.code if site else "",
        people=[(view.id, pick(view.name_zh, view.name_en)) for view in people],
        owner="me" if owner == "me" else owner_id or "",
    )


def _address() -> dict[str, Any]:
    """What the address narrows and turns, to be kept through a move."""
    return {name: request.args[name] for name in KEPT if request.args.get(name)}


@blueprint.post("/<record:number>/board")
@permission("nonconformity:view")
def board_move(number: int) -> BaseResponse:
    """Send a card to another column: move it, say why not, or ask what the move needs, all on the board."""
    dossier = reading.load(actor(), number)
    person = allow("nonconformity:view", services.subject_of(dossier.record))
    card = CardForm()
    target = card.target.data or ""
    if not card.validate() or target not in set(NonconformityState):
        raise NotFound
    event = card.event.data or ""
    form = FORMS.get(event, MoveForm)()

    def change() -> Answer:
        check_version(dossier.record, card.version.data)
        found = _way(person, dossier, target)
        if found.move is None or (_asks(found.move) and event != found.move.event):
            raise Stays(found)
        if event and not form.validate():
            raise faults(form)
        _make(person, dossier, found.move, form)
        return Answer("", page.done(found.move.event))

    try:
        words = submissions.once(person, change, dossier.record).message
    except Stays as stays:
        db.session.rollback()
        return _board(person, stays.said, stays.status)
    except (Conflict, InvalidInput, RefusedMove, WrongPassword) as error:
        return _again(person, number, card, form, error)
    return _moved(person, number, words)


def _moved(person: Actor, number: int, words: str) -> BaseResponse:
    """Back on the board, with the card in the column where it stands now."""
    if fragments.wants_fragment():
        answer = fragments.with_trigger(_board(person, moved=number), fragments.SCORE_CHANGED)
        return fragments.toast(answer, words)
    return fragments.go(url_for(".board", card=number, _anchor=f"card-{number}", **_address()), words)


def _again(person: Actor, number: int, card: CardForm, form: MoveForm, error: DomainError) -> Response:
    """The board as it stands now: the dialog once more with what was wrong, or the card with why it stays."""
    db.session.rollback()
    found = _way(person, reading.load(person, number), card.target.data or "")
    typed = form.reason.data or ""
    if found.move is not None and card.event.data == found.move.event:
        if isinstance(error, InvalidInput):
            refuse(form, error)
        return _board(person, replace(found, problem=problem_of(error), typed=typed, form=form), error.status)
    reasons = tuple(error.reasons) if isinstance(error, RefusedMove) else (str(error),)
    title = error.message if isinstance(error, RefusedMove) else _("Nothing was written.")
    return _board(person, Said(number, title, reasons, typed=typed), error.status)


def _asks(move: MoveView) -> bool:
    """Whether a move wants to be told something before it is made."""
    return bool(move.event in FORMS or move.signature or move.reason_required)


def _make(person: Actor, dossier: reading.Dossier, move: MoveView, form: MoveForm) -> None:
    signing = None
    if form.password.data:
        content = queries.signing_content(dossier, move.event, form.reason.data or "")
        signing = Signing(form.password.data, content)
    fields = form.fields() if hasattr(form, "fields") else {}
    services.make_move(
        person, dossier.record, move.event, reason=form.reason.data or "", signing=signing, **fields
    )


def _way(person: Actor, dossier: reading.Dossier, target: str) -> Said:
    """The move that leads to `target` with what it asks for, or why there is none."""
    record = dossier.record
    if record.state == target:
        return Said(record.number, _("It is there already."), (_("Somebody may have moved it just now."),))
    offers = queries.offers(dossier, person)
    subject = services.subject_of(record)
    found = boards.toward("nonconformity", record.state, target, person, subject, offers)
    if isinstance(found, tuple) and target == NonconformityState.VOID:
        # Two people are needed: the first asks for it, and the card stays until the second agrees.
        found = next((each for each in offers if each.event == "request_void" and each.allowed), found)
    if isinstance(found, tuple):
        return Said(record.number, *found)
    asked = FORMS.get(found.event)
    view = queries.get_view(dossier, person) if found.event in SHOWING else None
    released = view is not None and found.event in ("close", "approve_closure")
    return Said(
        record.number,
        found.title,
        move=found,
        target=target,
        url=url_for(".board_move", number=record.number, **_address()),
        version=record.version,
        effects=tuple(queries.list_labels(view.pins_held)) if view is not None and released else (),
        form=asked(formdata=None) if asked is not None else None,
        record=view,
    )
