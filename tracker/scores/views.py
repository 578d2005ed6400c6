"""Pages of scores: where a site stands, why, and every stored run."""

from dataclasses import replace

from flask import Blueprint, Response, request, url_for

from scoring.numbers import show
from scoring.program import SolverMissing
from tracker import fragments
from tracker.access import actor, allow, permission
from tracker.database import db
from tracker.errors import Conflict, NotFound
from tracker.i18n import gettext as _
from tracker.permissions import Subject
from tracker.reviews.current import record_word
from tracker.scores import forecasting, items, queries, readiness, sheets, shortest, whatif, worth
from tracker.scores.forms import ForecastForm, PathForm, WordForm
from tracker.scores.viewmodels import ScorePage

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
    return _shown(page, WordForm(), 200)


def _standard() -> str:
    """The standard that the address names. Raises NotFound for one that there is not."""
    standard = request.args.get("standard") or sheets.COPC
    if standard not in sheets.STANDARDS:
        raise NotFound
    return standard


@blueprint.get("/sums")
@permission("score:view")
def sums() -> Response:
    """The total as a sum: of its categories, and those of their items."""
    who = allow("score:view")
    tier = request.args.get("tier") or None
    if tier is not None and tier not in TIERS:
        raise NotFound
    page = queries.get_score_page(who, request.args.get("site") or None, _standard(), tier)
    return fragments.render("scores/sums.html", shown=page)


@blueprint.get("/items/<element>")
@permission("score:view")
def item(element: str) -> Response:
    """One item or criterion: why it has its score, every fact behind it, and what holds each."""
    who = allow("score:view")
    standard = items.standard_of(element, request.args.get("standard"))
    tier, run = request.args.get("tier") or None, request.args.get("run", type=int)
    if standard not in sheets.STANDARDS or (tier is not None and tier not in TIERS):
        raise NotFound
    page = items.get_item_page(who, element, request.args.get("site") or None, standard, tier, run)
    return fragments.render("scores/item.html", shown=page)


@blueprint.get("/readiness")
@permission("score:view")
def show_readiness() -> Response:
    """The conditions of certification as a checklist, with what is in the way and what comes next."""
    who = allow("score:view")
    page = readiness.get_readiness_page(who, request.args.get("site") or None)
    return fragments.render("scores/readiness.html", shown=page)


@blueprint.get("/worth")
@permission("score:view")
def show_worth() -> Response:
    """What every open non-conformity of a site is worth."""
    who = allow("score:view")
    page = worth.get_worth_page(
        who, request.args.get("site") or None, _standard(), request.args.get("sort", "")
    )
    return fragments.render("scores/worth.html", "scores/_worth.html", shown=page)


@blueprint.get("/what-if")
@permission("score:view")
def what_if() -> Response:
    """Both standards before and after closing what is ticked; the ticks are the address."""
    who = allow("score:view")
    page = whatif.get_what_if_page(who, request.args.get("site") or None, request.args.getlist("close"))
    return fragments.render("scores/what_if.html", "scores/_what_if.html", shown=page)


@blueprint.get("/path")
@permission("score:view")
def path() -> Response:
    """The shortest way to a goal; a question that makes no sense comes back with what was typed."""
    ground = shortest.read_path_ground(allow("score:view"), request.args.get("site") or None)
    page = shortest.page_of(ground, _standard())
    asked = request.args if {"to", "points", "level", "by"} & set(request.args) else None
    form = PathForm(
        page.maximum,
        page.standard == sheets.SEE_CMM,
        asked,
        to=page.wish,
        points=show(page.mark, 0),
        level=str(page.target_level),
        by="effort",
    )
    if not page.scored:
        return fragments.render("scores/path.html", shown=page, form=form)
    if asked is not None and not form.validate():
        return fragments.render("scores/path.html", shown=page, form=form, status=422)
    try:
        page = replace(page, found=shortest.find(ground, page.standard, form.goal, form.by.data))
    except SolverMissing:
        page = replace(page, solver_missing=True)
    return fragments.render("scores/path.html", shown=page, form=form)


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
    return _shown(queries.get_score_page(actor(), site_code, sheets.COPC, None), form, status)


def _shown(page: ScorePage, word_form: WordForm, status: int) -> Response:
    """The page with its forecast; a day that cannot be asked for comes back as it was typed."""
    asked = request.args if "by" in request.args else None
    day_form = ForecastForm(asked, forecasting.last_day())
    valid = asked is None or day_form.validate()
    found = forecasting.get_forecast(actor(), page, day_form.by.data if valid else None)
    if found is not None and asked is None:
        day_form.by.data = found.day
    return fragments.render(
        "scores/index.html",
        "scores/_score.html",
        shown=page,
        word_form=word_form,
        forecast=found,
        day_form=day_form,
        status=status if valid else 422,
    )


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
