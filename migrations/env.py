"""Runs migrations on the application's own engine; used by `tracker db …` and when `tracker serve` starts."""

import importlib

import sqlalchemy as sa
from alembic import context

FEATURES = (
    "organisations",
    "accounts",
    "reviews",
    "nonconformities",
    "actions",
    "audits",
    "metrics",
    "scores",
    "notifications",
    "processes",
    "work",
)

for feature in FEATURES:
    importlib.import_module(f"tracker.{feature}.models")
for module in ("tracker.history", "tracker.signatures", "tracker.submissions", "tracker.undo"):
    importlib.import_module(module)

from tracker.database import db  # noqa: E402 (after the models, which fill its metadata)

# Indexes on expressions and full-text tables are made by hand in the migrations and unknown to the models.
BY_HAND = ("search_", "nonconformity_search")


def include(obj: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    return not (reflected and name is not None and any(name.startswith(prefix) for prefix in BY_HAND))


def render_item(type_: str, obj: object, autogen_context: object) -> str | bool:
    """Migrations must run in three years: they name plain types, never ours."""
    if type_ == "type" and isinstance(obj, sa.types.TypeDecorator):
        return f"sa.{obj.impl!r}"
    return False


def run() -> None:
    with db.engine.connect() as connection:
        # SQLite rebuilds a table to alter it; its foreign keys must sleep meanwhile, which they can only
        # outside a transaction.
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            raw = connection.connection.dbapi_connection
            raw.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            include_object=include,
            render_item=render_item,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if sqlite:
            raw.execute("PRAGMA foreign_keys=ON")


run()
