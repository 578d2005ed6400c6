"""`tracker rescore`: every stored run computed again, and sites brought up to date with their facts."""

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from tests.tracker.scores import ahead
from tracker.database import db
from tracker.rescore_command import rescore_command
from tracker.scores.models import CatalogueRelease, ScoringRun


def rescore(app: Flask, *args: str) -> tuple[int, list[str]]:
    found = app.test_cli_runner().invoke(rescore_command, args)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.output
    return found.exit_code, found.output.splitlines()


def unlock(engine: str, table: str) -> None:
    """Take away the trigger that forbids what this test does."""
    if engine == "postgresql":
        db.session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    else:
        db.session.execute(sa.text(f"DROP TRIGGER {table}_no_update"))


def tamper(engine: str, number: int, **values: object) -> None:
    unlock(engine, "scoring_runs")
    db.session.execute(sa.update(ScoringRun).where(ScoringRun.number == number).values(**values))
    db.session.commit()


def a_run() -> ScoringRun:
    return db.session.execute(
        sa.select(ScoringRun).where(ScoringRun.standard == ahead.COPC).order_by(ScoringRun.number).limit(1)
    ).scalar_one()


def test_every_run_of_the_demo_is_computed_again_and_agrees(demo_app: Flask) -> None:
    status, lines = rescore(demo_app, "--check")
    with demo_app.app_context():
        runs = db.session.scalar(sa.select(sa.func.count()).select_from(ScoringRun))
    assert (status, lines) == (0, [f"{runs} runs computed again: {runs} agree, 0 differ."])
    status, lines = rescore(demo_app, "--check", "--json")
    assert (status, json.loads(lines[-1])) == (0, {"runs": runs, "agree": runs, "differ": 0})
    status, lines = rescore(demo_app, "--check", "--site", "suzhou")
    assert status == 0
    assert not lines[0].startswith(f"{runs} ")


def test_points_changed_behind_our_back_are_named(fresh_demo: Flask, engine: str) -> None:
    with fresh_demo.app_context():
        run = a_run()
        result = json.loads(run.result)
        result["items"]["2.7"]["points"] = "39"
        number = run.number
        tamper(engine, number, result=json.dumps(result))
    status, lines = rescore(fresh_demo, "--check")
    assert status == 1
    named = [line for line in lines if f"-{number:04d}" in line]
    assert any("items.2.7.points: stored 39, recomputed " in line for line in named)
    assert any("content hash: stored " in line for line in named)
    assert lines[-1].endswith("1 differ.")
    status, lines = rescore(fresh_demo, "--check", "--json")
    found, counts = json.loads(lines[0]), json.loads(lines[-1])
    assert status == 1
    assert {place["where"]: place["stored"] for place in found["differences"]}["items.2.7.points"] == "39"
    assert counts["differ"] == 1


@pytest.mark.parametrize("column", ["total", "sheet", "release"])
def test_whatever_is_changed_is_seen(fresh_demo: Flask, engine: str, column: str) -> None:
    with fresh_demo.app_context():
        run = a_run()
        if column == "total":
            tamper(engine, run.number, total=run.total + 1)
        elif column == "sheet":
            tamper(engine, run.number, sheet=run.sheet.replace('"met"', '"not_met"', 1))
        else:
            unlock(engine, "catalogue_releases")
            release = db.session.get_one(CatalogueRelease, (run.organisation_id, run.release_id))
            release.content = release.content.replace("pass_points = 1900", "pass_points = 1800")
            db.session.commit()
    status, lines = rescore(fresh_demo, "--check")
    assert status == 1
    expected = {
        "total": "run total: stored",
        "sheet": "items.",
        "release": "release copc-2000-csp@4.1: stored",
    }
    assert any(expected[column] in line for line in lines)


def test_a_site_is_renewed_and_a_run_stored_only_where_something_moved(fresh_demo: Flask) -> None:
    assert rescore(fresh_demo)[1][-1].endswith(" sites renewed, 0 runs stored.")
    with fresh_demo.app_context():
        site_fact = db.session.execute(
            sa.text(
                "SELECT facts.id FROM facts JOIN fact_sets ON fact_sets.id = facts.fact_set_id "
                "JOIN sites ON sites.id = fact_sets.site_id WHERE fact_sets.kind = 'current' "
                "AND sites.code = 'suzhou' AND facts.key = '1.1/line/1.1-1'"
            )
        ).scalar_one()
        db.session.execute(sa.text("UPDATE facts SET value = 'not_met' WHERE id = :id"), {"id": site_fact})
        db.session.commit()
    status, lines = rescore(fresh_demo, "--site", "suzhou", "--json")
    assert status == 0
    assert json.loads(lines[0])["standard"] == ahead.COPC
    assert json.loads(lines[-1]) == {"sites": 1, "stored": 1}
    assert rescore(fresh_demo, "--check")[0] == 0


def test_a_site_that_is_not_there_is_refused(demo_app: Flask) -> None:
    found = CliRunner().invoke(rescore_command, ["--help"])
    assert "--check" in found.output
    assert rescore(demo_app, "--site", "nowhere")[0] == 2
