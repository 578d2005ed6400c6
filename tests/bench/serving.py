"""Both sides, each in a process of its own, under the same server with the same settings: `tracker.server.serve`.

python -m tests.bench.serving ours FOLDER DATABASE PORT
python -m tests.bench.serving bare FOLDER DATABASE PORT ORGANISATION SITE
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from tests.bench.data import World

HOST = "127.0.0.1"
THREADS = 8
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Side:
    """A running server: where it listens, and the process that started it."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """The server's process and those it has forked."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [self.pid, *map(int, children.read_text().split())] if children.exists() else [self.pid]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(side: str, folder: Path, database: Path, world: World) -> Iterator[Side]:
    """Serve one side while the block runs."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.serving", side, str(folder), str(database), str(port)]
    command += [str(world.organisation_id), str(world.site_id)]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "DATABASE_URL" and not name.startswith("TRACKER_")
    }
    with (folder / f"{side}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log)
    try:
        await_port(port, process, folder / f"{side}.log")
        yield Side(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def await_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when something answers at the port. Raises RuntimeError with what the process said instead."""
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"no server on port {port}: {log.read_text()}")


def main(side: str, folder: str, database: str, port: str, organisation_id: str, site_id: str) -> None:
    """Serve until stopped."""
    from tracker.server import serve

    if side == "bare":
        from tests.bench.bare import create_bare

        app = create_bare(Path(database), int(organisation_id), int(site_id))
        app.config["SETTINGS"] = SimpleNamespace(background=False)
    else:
        from tracker import create_app
        from tracker.database import db

        app = create_app({"instance": Path(folder), "database_url": f"sqlite:///{database}"})
        with app.app_context():
            db.engine.dispose()
    serve(app, HOST, int(port), THREADS, lambda: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
