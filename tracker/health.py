"""Two addresses for machines: is the process alive, and can it serve?"""

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
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
        with db.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except sa.exc.SQLAlchemyError:
        return jsonify(status="unavailable", database="no answer"), 503
    if found != newest_migration():
        return jsonify(status="unavailable", migrations="behind"), 503
    return jsonify(status="ok"), 200


def newest_migration() -> str | None:
    """The identifier of the newest migration that ships with this version."""
    return ScriptDirectory(str(packaged("migrations"))).get_current_head()
