"""Figure 4: statements of every page that links lead to, in the demo and among many rows."""

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from tests.bench.report import Line
from tests.crawl import Visited, crawl, most
from tests.pages import Pages
from tracker import create_app
from tracker.commands import upgrade_database
from tracker.database import db
from tracker.demo import build_demo
from tracker.demo.cast import DOMAIN, PASSWORD

LIST, RECORD = 6, 12
# Where a site's score is shown: no list, whatever its address is called.
SCORE = "scores.index"


def measure(folder: Path, database: Path, rows: int) -> list[Line]:
    """Walk the demo, then the same pages of the large register; counts know no noise, so once is enough."""
    few = _walk(folder / "few", None)
    many = _walk(folder, database)
    shared = [name for name in few if name in many]
    growth = max(many[name].count / max(1, few[name].count) for name in shared)
    lists = _worst({name: each for name, each in many.items() if name != SCORE}, ".index")
    records = _worst(many, (".show", SCORE))
    return [
        Line(
            4,
            f"statements among {rows:,} records / in the demo, worst page",
            growth,
            1.0,
            note=_said(few, many),
        ),
        Line(4, "statements of a list, worst", lists.count, LIST, "", f"{lists.endpoint} {lists.path}"),
        Line(
            4,
            "statements of a record, worst",
            records.count,
            RECORD,
            "",
            f"{records.endpoint} {records.path}",
        ),
    ]


def _walk(folder: Path, database: Path | None) -> dict[str, Visited]:
    """Route → its costliest page, for somebody who sees everything."""
    folder.mkdir(exist_ok=True)
    app = create_app({"instance": folder, "database_url": f"sqlite:///{database or folder / 'demo.db'}"})
    if database is None:
        with app.app_context():
            upgrade_database()
            build_demo()
    found = most(crawl(app, _signed_in(app)))
    with app.app_context():
        db.engine.dispose()
    return found


def _signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = Pages(client).get("/sign-in").token
    client.post("/sign-in", data={"csrf_token": token, "email": f"lin@{DOMAIN}", "password": PASSWORD})
    return client


def _worst(found: dict[str, Visited], ending: str | tuple[str, ...]) -> Visited:
    return max((each for name, each in found.items() if name.endswith(ending)), key=lambda each: each.count)


def _said(few: dict[str, Visited], many: dict[str, Visited]) -> str:
    grown = [
        f"{name} {few[name].count} → {each.count}"
        for name, each in many.items()
        if name in few and each.count > few[name].count
    ]
    return f"{len(few)} routes walked; grown: {', '.join(grown) or 'none'}"
