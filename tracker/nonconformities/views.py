"""Pages of nonconformities."""

from flask import Blueprint, render_template

from tracker.access import allow, permission

blueprint = Blueprint("nonconformities", __name__, url_prefix="/nonconformities")


@blueprint.get("/")
@permission("nonconformity:view")
def index() -> str:
    """The register."""
    allow("nonconformity:view")
    return render_template("nonconformities/index.html")
