"""The page of the live figures."""

from flask import Blueprint, request
from werkzeug.wrappers import Response as BaseResponse

from tracker import clock
from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.figures.forms import read_period
from tracker.figures.queries import Choice, get_figures
from tracker.figures.viewmodels import BANDS
from tracker.fragments import render
from tracker.i18n import pick
from tracker.offers import state_view
from tracker.organisations.queries import chosen_site, list_sites
from tracker.permissions import Subject

blueprint = Blueprint("figures", __name__)


@blueprint.get("/figures/")
@permission("nonconformity:view")
def index() -> BaseResponse:
    """How the loop performs, at the sites one sees or at one of them, in a period."""
    sites = list_sites(present_actor())
    site = chosen_site(sites, request.args.get("site"))
    actor = allow("nonconformity:view", Subject(site_id=site.id if site else None))
    period = read_period(request.args, clock.today())
    figures = get_figures(Choice(actor, site.id if site else None, period.first, period.last))
    return render(
        "figures/index.html",
        "figures/_figures.html",
        figures=figures,
        sites=sites,
        choices=[(each.code, pick(each.name_zh, each.name_en)) for each in sites],
        site=site,
        period=period,
        bands=BANDS,
        state=lambda value: state_view("nonconformity", value),
        most=max((max(each.opened, each.closed) for each in figures.months), default=0),
    )
