"""Pages of scores: where a site stands, why, and every stored run."""

from flask import Blueprint, Response, request, url_for

from tracker import fragments
from tracker.access import actor, allow, permission
from tracker.database import db
from tracker.errors import Conflict, NotFound
from tracker.i18n import gettext as _
from tracker.permissions import Subject
from tracker.reviews.current import record_word
from tracker.scores import queries, sheets
from tracker.scores.forms import WordForm

blueprint = Blueprint("scores", __name__, url_prefix="/scores")

TIERS = ("standard", "gold")


@blueprint.get("/")
@permission("score:view")
def index() -> Response:
    """The newest score of a site, with its reasons and the way it came."""
    who = allow("score:view")
    standard = request.args.get("standard", sheets.COPC)
    tier = request.args.get("tier") or None
    if standard not in sheets.STANDARDS or (tier is not None and tier not in TIERS):
        raise NotFound
    page = queries.get_score_page(who, request.args.get("site") or None, standard, tier)
    return fragments.render("scores/index.html", "scores/_score.html", shown=page, word_form=WordForm())


@blueprint.post("/word")
@permission("review:overrule")
def give_word() -> Response:
    """Record the assessor's word on item 4.7; a form that is wrong comes back with what was typed."""
    site = queries.get_site(actor().organisation_id, request.form.get("site", ""))
    who = allow("review:overrule", Subject(site.id))
    form = WordForm()
    if form.validate():
        try:
            record_word(
                who, site, form.compliant.data == "yes", form.reason.data or "", version=form.version.data
            )
        except Conflict as error:
            db.session.rollback()
            form.reason.errors = [error.message]
            return _score_page(site.code, form, 409)
        db.session.commit()
        return fragments.go(
            url_for("scores.index", site=site.code), _("Recorded. The score has been renewed.")
        )
    return _score_page(site.code, form, 422)


def _score_page(site_code: str, form: WordForm, status: int) -> Response:
    page = queries.get_score_page(actor(), site_code, sheets.COPC, None)
    return fragments.render("scores/index.html", shown=page, word_form=form, status=status)


@blueprint.get("/runs/<record:number>")
@permission("score:view")
def run(number: int) -> Response:
    """A stored run, exactly as it was computed."""
    who = allow("score:view")
    return fragments.render("scores/run.html", shown=queries.get_run_page(who, number))


@blueprint.get("/runs/<record:number>/sheet.json")
@permission("score:view")
def sheet(number: int) -> Response:
    """The sheet of a run, for any other tool that reads the public form."""
    text = queries.get_run_sheet(allow("score:view"), number)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="score-sheet-{number}.json"'
    return response
