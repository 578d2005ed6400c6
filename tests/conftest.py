"""What every test may ask for: the application on both databases, a client, a browser; and no network.

A test that asks for `app`, `db` or `client` (or `fresh_app`, `live_server`) runs once on SQLite and once on
PostgreSQL, each with the schema that the migrations make. `app` lives in a transaction that is rolled back;
`fresh_app` has a database of its own, for tests of commits, of parallel writers and of a served application.
"""

import contextvars
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from werkzeug.serving import make_server

from tests import chromium
from tests.databases import ENGINES, Run

# ---------------------------------------------------------------- one run, many workers

RUN = pytest.StashKey[Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=[*ENGINES, "both"],
        default="both",
        help="the databases that tests with a database run on",
    )


# Examples of properties are the same in every run, and a busy machine is no reason to fail one.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name == "DATABASE_URL" or name.startswith("TRACKER_")]:
        del os.environ[name]  # the settings of whoever runs the suite are not part of it
    config.addinivalue_line("markers", "engine(name): run on this database only")
    worker = getattr(config, "workerinput", None)
    config.stash[RUN] = Run(Path(worker["run"])) if worker else Run.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["run"] = str(node.config.stash[RUN].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[RUN].end()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("engine")
    engines = list(ENGINES) if chosen == "both" else [chosen]
    only = metafunc.definition.get_closest_marker("engine")
    if only is not None:
        engines = [name for name in engines if name in only.args]
    metafunc.parametrize("engine", engines, indirect=True)


# ---------------------------------------------------------------- no network

LOCAL = {"127.0.0.1", "::1", "localhost", "0.0.0.0", ""}


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise AssertionError(f"a test reached for the network: {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


# ---------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """The folder of this run of the suite, with its databases."""
    return request.config.stash[RUN]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the database that this test runs on."""
    return str(request.param)


def make_app(url: str, folder: Path, **overrides: object) -> Flask:
    """The application on the database at `url`, as the suite wants it."""
    from tracker import create_app

    return create_app(
        {"testing": True, "instance": folder, "database_url": url, "secret_key": "x" * 40} | overrides
    )


def dispose(app: Flask) -> None:
    """Close every connection of an application."""
    from tracker.database import db

    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def migrate(url: str) -> None:
    """Make the schema as a user's database gets it: by the migrations."""
    from tracker.commands import upgrade_database

    with tempfile.TemporaryDirectory() as folder:
        app = make_app(url, Path(folder))
        with app.app_context():
            upgrade_database()
        dispose(app)


class LentConnection(sa.Connection):
    """The one connection of a test, standing in for the engine where code asks that for a connection."""

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        savepoint = self.begin_nested()
        try:
            yield self
        finally:
            if savepoint.is_active:
                savepoint.rollback()


def fill_demo(url: str) -> None:
    """Make the schema and fill it with the demo organisation."""
    from tracker.commands import upgrade_database
    from tracker.demo import build_demo

    with tempfile.TemporaryDirectory() as folder:
        app = make_app(url, Path(folder))
        with app.app_context():
            upgrade_database()
            build_demo()
        dispose(app)


def fill_crowd(url: str) -> None:
    """Copy what the demo organisation has many times over (`tests/crowd.py`)."""
    from tests.crowd import crowd

    with tempfile.TemporaryDirectory() as folder:
        app = make_app(url, Path(folder))
        with app.app_context():
            crowd()
        dispose(app)


TEMPLATES = {"schema": migrate, "demo": fill_demo, "crowd": fill_crowd}
# Template → the one that it begins with, so that what both have is the same in both.
BEGINS_WITH = {"crowd": "demo"}


@dataclass(frozen=True)
class Home:
    """An application on a migrated database that no test ever changes for good."""

    app: Flask

    @contextmanager
    def rolled_back(self) -> Iterator[Flask]:
        """Lend the application; commits inside end at a savepoint, and everything is undone afterwards."""
        from tracker.database import db

        engines = db._app_engines[self.app]
        engine = engines[None]
        with LentConnection(engine) as connection:
            transaction = connection.begin()
            engines[None] = connection  # type: ignore[assignment]
            try:
                yield self.app
            finally:
                engines[None] = engine
                transaction.rollback()


@pytest.fixture(scope="session")
def home(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Home]]:
    """The home of each database, made when first asked for: of an engine, and of what it is filled with."""
    homes: dict[tuple[str, str], Home] = {}

    def get(engine: str, template: str = "schema") -> Home:
        if (engine, template) not in homes:
            from tracker.database import db

            # A session that joins the test's transaction must commit and roll back its own part only.
            db.session.session_factory.configure(join_transaction_mode="create_savepoint")
            base = BEGINS_WITH.get(template)
            on = None if base is None else (TEMPLATES[base], base)
            url = run.database(engine, TEMPLATES[template], template, on)
            homes[engine, template] = Home(make_app(url, tmp_path_factory.mktemp(engine)))
        return homes[engine, template]

    yield get
    for place in homes.values():
        dispose(place.app)


@pytest.fixture
def app(engine: str, home: Callable[..., Home]) -> Iterator[Flask]:
    """The application; whatever the test writes is rolled back."""
    with home(engine).rolled_back() as app:
        yield app


@pytest.fixture
def demo_app(engine: str, home: Callable[..., Home]) -> Iterator[Flask]:
    """The application on a database that holds the demo; whatever the test writes is rolled back."""
    with home(engine, "demo").rolled_back() as app:
        yield app


@pytest.fixture
def db(app: Flask) -> Iterator[SQLAlchemy]:
    """The database within an application context, for tests that call queries and services themselves."""
    from tracker.database import db

    with app.app_context():
        yield db
        db.session.remove()


class SeparateClient(FlaskClient):
    """A client whose requests do not share the test's application context.

    A request inside a pushed context would see the test's session and `g`: unflushed rows, yesterday's user.
    So what the test arranged is committed first (to the savepoint), and read anew afterwards.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        from flask import has_app_context

        from tracker.database import db

        kwargs.setdefault("buffered", True)  # read to the end and closed, as a browser would
        arranged = has_app_context()
        if arranged:
            db.session.commit()
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if arranged:
            db.session.expire_all()
        return response


def make_client(app: Flask) -> FlaskClient:
    """Another browser, so to speak: a client with its own cookies."""
    return SeparateClient(app, app.response_class)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that is not signed in."""
    return make_client(app)


@pytest.fixture
def fresh_app(engine: str, run: Run, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database of its own, with real commits and as many connections as it likes."""
    url = run.database(engine, migrate)
    app = make_app(url, tmp_path)
    yield app
    dispose(app)
    run.drop(url)


@pytest.fixture
def fresh_demo(engine: str, run: Run, tmp_path: Path) -> Iterator[Flask]:
    """The application on a demo of its own, with real commits."""
    url = run.database(engine, fill_demo, "demo")
    app = make_app(url, tmp_path)
    yield app
    dispose(app)
    run.drop(url)


# ---------------------------------------------------------------- served, and seen


@dataclass(frozen=True)
class LiveServer:
    """A running server: its application and its address without a trailing slash."""

    app: Flask
    url: str


def read_whole(app: Flask) -> Callable[..., list[bytes]]:
    """The same application with every answer read and closed before it is sent.

    A browser that moves on drops the files it still waits for, and the development server then forgets to close
    them; a file left open is an error here, in whichever test runs by the time it is collected.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        parts = app(environ, start_response)
        try:
            return [b"".join(parts)]
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    return answer


@contextmanager
def serve(app: Flask) -> Iterator[LiveServer]:
    """Serve an application on a free port of this machine while the block runs."""
    server = make_server("127.0.0.1", 0, read_whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield LiveServer(app, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def live_server(fresh_app: Flask) -> Iterator[LiveServer]:
    """The application of `fresh_app`, served over HTTP."""
    with serve(fresh_app) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium, started once per worker; a missing one is an error with the line to type, never a skip."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.chromium(), args=list(chromium.ARGUMENTS)
        )
        yield browser
        browser.close()
