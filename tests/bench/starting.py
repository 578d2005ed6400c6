"""Figure 16: how soon the second `make run` answers, its data kept."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.bench.report import Line
from tests.bench.serving import CHECKOUT, HOST, free_port

PATIENCE = 240


def measure(folder: Path) -> list[Line]:
    """Start as a newcomer does, twice on the same folder; the first builds the demo, the second is timed thrice."""
    home = folder / "run"
    home.mkdir(exist_ok=True)
    first = _start(home)
    again = sorted(_start(home) for _ in range(3))
    size = (home / "tracker.db").stat().st_size / 2**20
    note = (
        f"the first took {first:.1f} s and made a demo of {size:.1f} MiB; slowest of three {again[-1]:.2f} s"
    )
    return [Line(16, "second `make run` until a page answers", again[1], 3.0, "s", note)]


def _start(home: Path) -> float:
    """Seconds from the command to the first page; the server is stopped again."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRACKER_", "MAKE"))
    }
    environment.pop("DATABASE_URL", None)
    environment |= {"TRACKER_INSTANCE": str(home), "PORT": str(port)}
    begun = time.perf_counter()
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            ["make", "run"], cwd=CHECKOUT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                raise RuntimeError(f"`make run` did not come up: {(home / 'log').read_text()}")
            time.sleep(0.02)
        return time.perf_counter() - begun
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/sign-in", timeout=10) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
