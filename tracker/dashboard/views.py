"""The first page."""

from flask import Blueprint, request
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import allow, allowed, permission
from tracker.dashboard.queries import get_dashboard
from tracker.fragments import render
from tracker.reviews.planner_views import list_clocks

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
@permission("signed-in")
def index() -> BaseResponse:
    """Where each site stands, and what waits for whoever looks."""
    if not allowed("score:view"):
        return render("dashboard/no_role.html")
    actor = allow("score:view")
    return render(
        "dashboard/index.html",
        board=get_dashboard(actor, request.args.get("site")),
        clocks={each.code: each for each in list_clocks(actor)},
        may_plan=allowed("review:plan"),
        may_edit=allowed("site:edit"),
        may_see_metrics=allowed("metric:view"),
    )
