"""Pages over many actions at once: the board and the timeline; and what one action's network says of it."""

from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import boards
from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.accounts.forms import strip
from tracker.actions import board as cards
from tracker.actions import forms, services
from tracker.actions import timeline as lines
from tracker.actions.blueprint import blueprint
from tracker.actions.models import Action
from tracker.actions.narrowing import keys, read_address
from tracker.actions.pages import effects_of
from tracker.actions.queries import facts_of, get_action, load_case, subject_of
from tracker.boards import Said, Turned
from tracker.database import db
from tracker.errors import Conflict, NotFound, RefusedMove
from tracker.fragments import go, render, toast, wants_fragment
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.moves import check_version
from tracker.numbering import label
from tracker.offers import offered
from tracker.permissions import Actor
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


def _board(actor: Actor, said: Said | None = None, status: int = 200) -> Response:
    narrowed = read_address(actor)
    turned = Turned(strip(request.args.get("column"))[:40], strip(request.args.get("after"))[:40])
    address = _address()
    columns = cards.get_board(actor, narrowed.wanted, turned, address)
    return render(
        "actions/board.html",
        "actions/_board.html",
        status=status,
        columns=columns,
        said=said,
        signer=actor.name(language()),
        **narrowed.context(),
    )


@blueprint.post("/<record:number>/board")
@permission("action:view")
def board_move(number: int) -> BaseResponse:
    """Send a card to another column: move it, say why not, or ask what the move needs."""
    action = get_action(present_actor(), number)
    actor = allow("action:view", subject_of(action))
    form = forms.BoardForm()
    target = form.target.data or ""
    if not form.validate() or target not in set(ActionState):
        raise NotFound
    try:
        check_version(action, form.version.data)
        said = _send(actor, action, target)
        db.session.commit()
    except (Conflict, RefusedMove) as error:
        db.session.rollback()
        reasons = tuple(error.reasons) if isinstance(error, RefusedMove) else (str(error),)
        title = error.message if isinstance(error, RefusedMove) else _("Nothing was written.")
        return _board(actor, Said(number, title, reasons), 409)
    if isinstance(said, Said):
        return _board(actor, said, 409 if said.reasons else 200)
    words = _("Done: %(move)s.", move=said)
    if wants_fragment():
        return toast(_board(actor), words)
    return go(url_for("actions.board", _anchor=f"card-{number}", **_address()), words)


def _address() -> dict[str, Any]:
    """What the address narrows and turns, to be kept through a move."""
    return {name: request.args[name] for name in KEPT if request.args.get(name)}


def _send(actor: Actor, action: Action, target: str) -> Said | str:
    """Make the move that leads to `target`; its title, or what there is to say instead."""
    if action.state == target:
        return Said(action.number, _("It is there already."), (_("Somebody may have moved it just now."),))
    case = load_case(action)
    subject = subject_of(action)
    offers = offered("action", action.state, actor, facts_of(action, case), subject)
    found = boards.toward("action", action.state, target, actor, subject, offers)
    if isinstance(found, tuple):
        return Said(action.number, *found)
    if found.signature or found.reason_required:
        return Said(
            action.number,
            found.title,
            move=found,
            url=url_for("actions.move", number=action.number, event=found.event),
            version=action.version,
            effects=tuple(effects_of(case).get(found.event, ())),
        )
    services.make_move(actor, action, found.event, version=action.version)
    return found.title
