"""Pages of reviews."""

from flask import Blueprint, render_template

from tracker.access import allow, permission

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")


@blueprint.get("/")
@permission("review:view")
def index() -> str:
    """The register."""
    allow("review:view")
    return render_template("reviews/index.html")
