"""The migrations make exactly what the models say, on both databases, and can be taken back."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from tracker.config import packaged
from tracker.database import EngineError, assert_engine, db


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(packaged("migrations")))
    return found


def by_hand(change: tuple) -> bool:
    """Full-text tables and their shadows are made by hand and unknown to the models."""
    return not isinstance(change, list) and "search" in str(change)


def test_there_is_one_newest_migration_and_the_head_file_names_it() -> None:
    heads = ScriptDirectory(str(packaged("migrations"))).get_heads()

    assert len(heads) == 1
    named = (Path(packaged("migrations")) / "HEAD").read_text().strip()
    assert named.startswith(heads[0] + "_")
    assert (Path(packaged("migrations")) / "versions" / f"{named}.py").exists()


def test_the_schema_is_what_the_models_say(fresh_app: Flask) -> None:
    with fresh_app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        differences = [change for change in compare_metadata(context, db.metadata) if not by_hand(change)]

        assert differences == []


def test_every_migration_can_be_taken_back(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        command.downgrade(config(), "base")
        left = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
        command.upgrade(config(), "head")

        assert left == set()
        assert sa.inspect(db.engine).has_table("nonconformities")


def test_no_migration_imports_the_application() -> None:
    for path in (Path(packaged("migrations")) / "versions").glob("*.py"):
        assert "tracker" not in path.read_text()


def test_every_key_begins_with_the_organisation() -> None:
    alone = {"organisations", "sign_in_failures", "leases"}
    for table in db.metadata.sorted_tables:
        if table.name in alone:
            continue
        keys = [table.primary_key, *(c for c in table.constraints if isinstance(c, sa.UniqueConstraint))]
        keys += [index for index in table.indexes if index.unique]
        for key in keys:
            assert "organisation_id" in key.columns, f"{table.name}: {key.name}"
        for foreign in table.foreign_key_constraints:
            assert "organisation_id" in foreign.columns, f"{table.name}: {foreign.name}"


@pytest.mark.parametrize(
    "table", ["scoring_runs", "history", "audit_events", "signatures", "catalogue_releases"]
)
def test_the_database_refuses_to_change_what_is_only_ever_added(fresh_app: Flask, table: str) -> None:
    with fresh_app.app_context(), db.engine.connect() as connection:
        dialect = connection.dialect.name
        wanted = f"{table}_append_only" if dialect == "postgresql" else f"{table}_no_update"
        source = "pg_trigger" if dialect == "postgresql" else "sqlite_master"
        column = "tgname" if dialect == "postgresql" else "name"

        found = connection.execute(
            sa.text(f"SELECT {column} FROM {source} WHERE {column} = :name"), {"name": wanted}
        )

        assert found.scalar() == wanted


def test_a_database_without_foreign_keys_is_refused_at_start(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'bare.db'}")

    with pytest.raises(EngineError, match="foreign_keys"):
        assert_engine(engine)
