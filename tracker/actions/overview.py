"""Pages over many actions at once: the board and the timeline; and what one action's network says of it."""

from dataclasses import replace
from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import boards, submissions
from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.actions import board as cards
from tracker.actions import forms, services
from tracker.actions import timeline as lines
from tracker.actions.blueprint import blueprint
from tracker.actions.models import Action
from tracker.actions.narrowing import keys, read_address
from tracker.actions.pages import effects_of
from tracker.actions.queries import content_to_sign, facts_of, get_action, load_case, subject_of
from tracker.attempts import problem_of
from tracker.boards import Said, Stays
from tracker.database import db
from tracker.errors import Conflict, DomainError, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.fragments import go, render, toast, wants_fragment
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.moves import Signing, check_version
from tracker.numbering import label
from tracker.offers import MoveView, offered
from tracker.permissions import Actor
from tracker.submissions import Answer
from workflows.actions import ActionState

KEPT = ("site", "owner", "column", "after")


@blueprint.get("/timeline")
@permission("action:view")
def timeline() -> BaseResponse:
    """Bars on a scale of days: what runs, what waits for what, and what will be late."""
    actor = allow("action:view")
    narrowed = read_address(actor, state="live", sort="due")
    after, before = keys()
    found = lines.get_timeline(actor, narrowed.wanted, after, before)
    return render("actions/timeline.html", "actions/_timeline.html", found=found, **narrowed.context())


@blueprint.get("/<record:number>/schedule")
@permission("action:view")
def schedule(number: int) -> BaseResponse:
    """When the action can be finished, what it may slip, and the critical path it lies on."""
    action = get_action(present_actor(), number)
    allow("action:view", subject_of(action))
    context: dict[str, Any] = {
        "prospect": lines.get_prospect(action),
        "number": number,
        "label": label("action", number),
        "title": action.title,
    }
    return render("actions/schedule.html", "actions/_schedule.html", **context)


# ---------------------------------------------------------------- the board


@blueprint.get("/board")
@permission("action:view")
def board() -> BaseResponse:
    """Columns by state; a card is sent on by dragging it, by keys, or by its form."""
    return _board(allow("action:view"))


def _board(actor: Actor, said: Said | None = None, status: int = 200, moved: int | None = None) -> Response:
    narrowed = read_address(actor)
    columns = cards.get_board(actor, narrowed.wanted, boards.turn(request.args, moved), _address())
    return render(
        "actions/board.html",
        "actions/_board.html",
        status=status,
        columns=columns,
        said=said,
        moved=moved,
        signer=actor.name(language()),
        **narrowed.context(),
    )


@blueprint.post("/<record:number>/board")
@permission("action:view")
def board_move(number: int) -> BaseResponse:
    """Send a card to another column: move it, say why not, or ask what the move needs, all on the board."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    form = forms.BoardForm()
    form.validate()
    target = form.target.data or ""
    if target not in set(ActionState) or set(form.errors) - {"reason"}:
        raise NotFound

    def change() -> Answer:
        check_version(action, form.version.data)
        found = _way(actor, action, target)
        asks = found.move is not None and (found.move.signature or found.move.reason_required)
        if found.move is None or (asks and form.event.data != found.move.event):
            raise Stays(found)
        if form.reason.errors:
            raise InvalidInput({"reason": list(form.reason.errors)})
        _make(actor, action, found.move, form)
        return Answer("", _("Done: %(move)s.", move=found.title))

    try:
        said = submissions.once(actor, change, action).message
    except Stays as stays:
        db.session.rollback()
        return _board(actor, stays.said, stays.status)
    except (Conflict, InvalidInput, RefusedMove, WrongPassword) as error:
        db.session.rollback()
        return _again(actor, number, form, error)
    return _moved(actor, number, said)


def _moved(actor: Actor, number: int, said: str) -> BaseResponse:
    """Back on the board, with the card in the column where it stands now."""
    if wants_fragment():
        return toast(_board(actor, moved=number), said)
    return go(url_for("actions.board", card=number, _anchor=f"card-{number}", **_address()), said)


def _again(actor: Actor, number: int, form: forms.BoardForm, error: DomainError) -> Response:
    """The board as it stands now: the dialog once more with what was wrong, or the card with why it stays."""
    found = _way(actor, get_action(actor, number), form.target.data or "")
    typed = form.reason.data or ""
    if found.move is not None and form.event.data == found.move.event:
        said = replace(found, problem=problem_of(error), typed=typed)
    else:
        reasons = tuple(error.reasons) if isinstance(error, RefusedMove) else (str(error),)
        title = error.message if isinstance(error, RefusedMove) else _("Nothing was written.")
        said = Said(number, title, reasons, typed=typed)
    return _board(actor, said, error.status)


def _make(actor: Actor, action: Action, move: MoveView, form: forms.BoardForm) -> None:
    signing = Signing(form.password.data, content_to_sign(load_case(action))) if form.password.data else None
    services.make_move(
        actor, action, move.event, reason=form.reason.data or "", signing=signing, version=form.version.data
    )


def _address() -> dict[str, Any]:
    """What the address narrows and turns, to be kept through a move."""
    return {name: request.args[name] for name in KEPT if request.args.get(name)}


def _way(actor: Actor, action: Action, target: str) -> Said:
    """The move that leads to `target` with what it asks for, or why there is none."""
    if action.state == target:
        return Said(action.number, _("It is there already."), (_("Somebody may have moved it just now."),))
    case = load_case(action)
    subject = subject_of(action)
    offers = offered("action", action.state, actor, facts_of(action, case), subject)
    found = boards.toward("action", action.state, target, actor, subject, offers)
    if isinstance(found, tuple):
        return Said(action.number, *found)
    return Said(
        action.number,
        found.title,
        move=found,
        target=target,
        url=url_for("actions.board_move", number=action.number, **_address()),
        version=action.version,
        effects=tuple(effects_of(case).get(found.event, ())),
    )
