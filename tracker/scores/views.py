"""Pages of scores."""

from flask import Blueprint, render_template

from tracker.access import allow, permission

blueprint = Blueprint("scores", __name__, url_prefix="/scores")


@blueprint.get("/")
@permission("score:view")
def index() -> str:
    """The register."""
    allow("score:view")
    return render_template("scores/index.html")
