"""Pages of scores: where a site stands, why, and every stored run."""

from flask import Blueprint, Response, request

from tracker import fragments
from tracker.access import allow, permission
from tracker.errors import NotFound
from tracker.permissions import Subject
from tracker.scores import queries, sheets

blueprint = Blueprint("scores", __name__, url_prefix="/scores")

TIERS = ("standard", "gold")


@blueprint.get("/")
@permission("score:view")
def index() -> Response:
    """The newest score of a site, with its reasons and the way it came."""
    actor = allow("score:view")
    standard = request.args.get("standard", sheets.COPC)
    tier = request.args.get("tier") or None
    if standard not in sheets.STANDARDS or (tier is not None and tier not in TIERS):
        raise NotFound
    page = queries.get_score_page(actor, request.args.get("site") or None, standard, tier)
    return fragments.render("scores/index.html", "scores/_score.html", page=page)


@blueprint.get("/runs/<record:number>")
@permission("score:view")
def run(number: int) -> Response:
    """A stored run, exactly as it was computed."""
    actor = allow("score:view")
    return fragments.render("scores/run.html", page=queries.get_run_page(actor, number))


@blueprint.get("/runs/<record:number>/sheet.json")
@permission("score:view")
def sheet(number: int) -> Response:
    """The sheet of a run, for any other tool that reads the public form."""
    actor = allow("score:view", Subject())
    text = queries.get_run_sheet(actor, number)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="score-sheet-{number}.json"'
    return response


