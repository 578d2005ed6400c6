"""The addresses of the board of non-conformities."""

from typing import Any

from flask import Response, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import StringField
from wtforms.validators import Length

from tracker import boards, fragments
from tracker.access import actor, allow, permission
from tracker.accounts.forms import VersionField, strip
from tracker.accounts.queries import list_people
from tracker.boards import Said, Turned
from tracker.database import db
from tracker.errors import Conflict, NotFound, RefusedMove
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.moves import check_version
from tracker.nonconformities import cards, elsewhere, page, queries, services
from tracker.nonconformities.forms import FORMS
from tracker.nonconformities.views import blueprint
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from workflows.nonconformities import NonconformityState

__all__ = ["blueprint", "elsewhere"]

KEPT = ("site", "owner", "column", "after")


class CardForm(FlaskForm):
    """A card sent to another column."""

    version = VersionField()
    target = StringField(filters=[strip], validators=[Length(max=32)])


@blueprint.get("/board")
@permission("nonconformity:view")
def board() -> Response:
    """Columns by state; a card is sent on by dragging it, by keys, or by its form."""
    return _board(allow("nonconformity:view"))


def _board(person: Actor, said: Said | None = None, status: int = 200) -> Response:
    sites = list_sites(person)
    people = list_people(person.organisation_id)
    site = next((each for each in sites if each.code == request.args.get("site")), None)
    owner = request.args.get("owner", "")
    owner_id = person.person_id if owner == "me" else next((v.id for v in people if str(v.id) == owner), None)
    turned = Turned(strip(request.args.get("column"))[:40], strip(request.args.get("after"))[:40])
    return fragments.render(
        "nonconformities/board.html",
        "nonconformities/_board.html",
        status=status,
        columns=cards.get_board(person, site.id if site else None, owner_id, turned, _address()),
        said=said,
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
    """Send a card to another column: move it, say why not, or ask what the move needs."""
    dossier = queries.load(actor(), number)
    person = allow("nonconformity:view", services.subject_of(dossier.record))
    form = CardForm()
    target = form.target.data or ""
    if not form.validate() or target not in set(NonconformityState):
        raise NotFound
    try:
        check_version(dossier.record, form.version.data)
        found = _way(person, dossier, target)
        if not isinstance(found, Said) and found.event in FORMS:
            # This move asks for more than a reason: its dialog stands on the record's page.
            return fragments.go(url_for(".show", number=number, _anchor=f"move-{found.event}"))
        if not isinstance(found, Said):
            services.make_move(person, dossier.record, found.event, reason="")
            db.session.commit()
    except (Conflict, RefusedMove) as error:
        db.session.rollback()
        reasons = tuple(error.reasons) if isinstance(error, RefusedMove) else (str(error),)
        title = error.message if isinstance(error, RefusedMove) else _("Nothing was written.")
        return _board(person, Said(number, title, reasons), 409)
    if isinstance(found, Said):
        return _board(person, found, 409 if found.reasons else 200)
    words = page.done(found.event)
    if fragments.wants_fragment():
        return fragments.toast(_board(person), words)
    return fragments.go(url_for(".board", _anchor=f"card-{number}", **_address()), words)


def _way(person: Actor, dossier: queries.Dossier, target: str) -> Any:
    """The move that leads to `target` and asks nothing more here, or what there is to say instead."""
    record = dossier.record
    if record.state == target:
        return Said(record.number, _("It is there already."), (_("Somebody may have moved it just now."),))
    offers = queries.offers(dossier, person)
    subject = services.subject_of(record)
    found = boards.toward("nonconformity", record.state, target, person, subject, offers)
    if isinstance(found, tuple):
        return Said(record.number, *found)
    if found.event in FORMS or not (found.signature or found.reason_required):
        return found
    return Said(
        record.number,
        found.title,
        move=found,
        url=url_for(".move", number=record.number, event=found.event),
        version=record.version,
        effects=_effects(person, dossier, found.event),
    )


def _effects(person: Actor, dossier: queries.Dossier, event: str) -> tuple[tuple[str, str], ...]:
    """The facts that a closure releases, shown before it is signed."""
    if event not in ("close", "approve_closure"):
        return ()
    return tuple(queries.list_labels(queries.get_view(dossier, person).pins_held))
