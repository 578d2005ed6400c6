"""Each page asks the database a fixed number of times, however many rows it shows.

The demo is copied once for each database and looked at by the person who sees the most. Table MOST says what a
route may take; routes that are not in it must keep within what every page may take.
"""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import dispose, fill_demo, make_app, make_client
from tests.copies import Ids, copy_rows
from tests.crawl import Visited, crawl, most, visit
from tests.databases import Run
from tests.pages import Pages
from tracker.database import Base, db
from tracker.demo.cast import DOMAIN, PASSWORD

LIST, RECORD = 6, 12

# Route → the most statements it may take, sign-in included.
MOST = {
    "accounts.account": LIST,
    "actions.board": LIST,
    "actions.index": LIST,
    "actions.show": RECORD,
    "audits.index": LIST,
    "audits.show": RECORD,
    "audits.waiting": LIST,
    "dashboard.index": LIST,
    "metrics.index": LIST,
    "metrics.show": RECORD,
    "processes.index": LIST,
    "processes.show": RECORD,
    "nonconformities.board": LIST,
    "nonconformities.index": LIST,
    "nonconformities.show": RECORD,
    "organisations.index": LIST,
    "organisations.people": LIST,
    "organisations.show": RECORD,
    "reviews.index": LIST,
    "reviews.show": RECORD,
    "scores.index": RECORD,
    "scores.item": RECORD,
    "scores.run": RECORD,
    "scores.show_readiness": RECORD,
    "scores.sums": RECORD,
}
# No page may take more than this, the ones that compute a score afresh among them.
ANY = 20
# What the demo's links must lead to.
REACHED = {
    "actions.board",
    "actions.index",
    "actions.schedule",
    "actions.show",
    "actions.templates",
    "actions.timeline",
    "audits.calendar",
    "audits.index",
    "audits.show",
    "audits.waiting",
    "causes.index",
    "dashboard.index",
    "metrics.index",
    "metrics.required",
    "metrics.show",
    "nonconformities.board",
    "nonconformities.index",
    "nonconformities.show",
    "nonconformities.similar",
    "organisations.index",
    "organisations.people",
    "organisations.show",
    "processes.index",
    "processes.show",
    "reviews.index",
    "reviews.show",
    "scores.index",
    "scores.item",
    "scores.show_readiness",
    "scores.sums",
}
LISTS = {
    "/nonconformities/": ("nonconformities", "nonconformity_links"),
    "/actions/": ("actions", "action_nonconformities"),
    "/audits/": ("audits", "audit_verdicts"),
    "/reviews/": ("reviews",),
}


@pytest.fixture(scope="session")
def demos(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Flask]]:
    """A demo of one's own on each database, copied when first asked for."""
    built: dict[str, tuple[Flask, str]] = {}

    def get(engine: str) -> Flask:
        if engine not in built:
            url = run.database(engine, fill_demo, "demo")
            built[engine] = (make_app(url, tmp_path_factory.mktemp("demo")), url)
        return built[engine][0]

    yield get
    for app, url in built.values():
        dispose(app)
        run.drop(url)


@pytest.fixture
def demo(engine: str, demos: Callable[[str], Flask]) -> Flask:
    return demos(engine)


@pytest.fixture
def manager(demo: Flask) -> FlaskClient:
    """The quality manager's browser: no other role sees more."""
    client = make_client(demo)
    token = Pages(client).get("/sign-in").token
    form = {"csrf_token": token, "email": f"lin@{DOMAIN}", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def test_pages_take_a_few_statements(demo: Flask, manager: FlaskClient) -> None:
    found = most(crawl(demo, manager))
    assert not REACHED - set(found), "no link leads there"
    over = {
        endpoint: (visited.path, visited.count, list(visited.statements))
        for endpoint, visited in found.items()
        if visited.count > MOST.get(endpoint, ANY)
    }
    assert not over


@pytest.mark.parametrize("path", LISTS)
def test_more_rows_take_no_more_statements(demo: Flask, manager: FlaskClient, path: str) -> None:
    few, _few_rows = look(demo, manager, path)
    while count_rows(demo, LISTS[path][0]) < 60:
        double(demo, LISTS[path])
    many, many_rows = look(demo, manager, path)
    assert many_rows >= 50
    assert many.count <= few.count + 1, "beyond one page the rows may be counted once"
    assert many.count <= LIST
    assert shapes(many) - shapes(few) == set() or many.count == few.count + 1


def look(demo: Flask, client: FlaskClient, path: str) -> tuple[Visited, int]:
    """The page and the number of rows that it lists."""
    visited, text = visit(demo, client, path)
    return visited, text.count("<tr") - text.count("<thead")


def shapes(visited: Visited) -> set[str]:
    """The statements without the number of values that they ask for."""
    return {statement.split(" IN (")[0] for statement in visited.statements}


def count_rows(app: Flask, name: str) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Base.metadata.tables[name])) or 0


def double(app: Flask, names: tuple[str, ...]) -> None:
    """Copy every row of the first table, and those of the others that belong to them."""
    known: dict[tuple[str, int], int] = {}
    with app.app_context(), db.engine.begin() as connection:
        for name in names:
            table = Base.metadata.tables[name]
            rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
            copy_rows(connection, table, rows, known, IDS)


IDS = Ids()
