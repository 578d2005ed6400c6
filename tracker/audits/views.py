"""Pages of audits."""

from flask import Blueprint, render_template

from tracker.access import allow, permission

blueprint = Blueprint("audits", __name__, url_prefix="/audits")


@blueprint.get("/")
@permission("audit:view")
def index() -> str:
    """The register."""
    allow("audit:view")
    return render_template("audits/index.html")
