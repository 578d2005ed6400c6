"""Pages of actions."""

from flask import Blueprint, render_template

from tracker.access import allow, permission

blueprint = Blueprint("actions", __name__, url_prefix="/actions")


@blueprint.get("/")
@permission("action:view")
def index() -> str:
    """The register."""
    allow("action:view")
    return render_template("actions/index.html")
