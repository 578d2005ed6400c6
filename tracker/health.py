"""Two addresses for machines: is the process alive, and can it serve?"""

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from tracker.access import PUBLIC, permission
from tracker.config import packaged
from tracker.database import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@permission(PUBLIC)
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@permission(PUBLIC)
def ready() -> tuple[Response, int]:
    """The database answers and has every migration."""
    try:
        found = applied_migration()
    except sa.exc.SQLAlchemyError:
        return jsonify(status="unavailable", database="no answer"), 503
    if found != newest_migration():
        return jsonify(status="unavailable", migrations="behind"), 503
    return jsonify(status="ok"), 200


def newest_migration() -> str:
    """The identifier of the newest migration that ships with this version, as the file `HEAD` names it."""
    return (packaged("migrations") / "HEAD").read_text(encoding="utf-8").partition("_")[0]


def applied_migration() -> str | None:
    """The newest migration that the database has; None for one without any. Raises SQLAlchemyError."""
    with db.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return found
