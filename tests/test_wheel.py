"""The wheel runs where there is no checkout: in an empty environment, with everything it needs inside."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.static_files import MANIFEST

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def contents(wheel: Path) -> Iterator[set[str]]:
    with zipfile.ZipFile(wheel) as archive:
        yield set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `tracker` of an environment that holds the wheel and, by reference, the libraries of this one.

    The libraries are linked rather than fetched again, because the suite uses no network. The checkout is not
    on the path: the link leads to the libraries' folder only, and files that name other folders are not read
    a second time.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    pip = [sys.executable, "-m", "pip", f"--python={python}", "--disable-pip-version-check", "install", "-q"]
    done = subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "tracker"


def run(tracker: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    return subprocess.run([tracker, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)


def relative(folder: str, pattern: str) -> set[str]:
    base = ROOT / folder
    return {str(path.relative_to(base)) for path in base.rglob(pattern) if path.is_file()}


def test_wheel_carries_every_template(contents: set[str]) -> None:
    assert {f"tracker/_templates/{name}" for name in relative("templates", "*.html")} <= contents


def test_wheel_carries_every_migration(contents: set[str]) -> None:
    names = relative("migrations", "*.py")

    assert names
    assert {f"tracker/_migrations/{name}" for name in names} <= contents
    assert "tracker/_migrations/script.py.mako" in contents


def test_wheel_carries_the_built_front_end(contents: set[str]) -> None:
    names = {path.name for path in MANIFEST.parent.iterdir()}

    assert {f"tracker/static/dist/{name}" for name in names} <= contents


def test_wheel_carries_the_translations_and_catalogues(contents: set[str]) -> None:
    assert "tracker/translations/zh/LC_MESSAGES/messages.mo" in contents
    assert {f"scoring/data/{name}" for name in relative("scoring/data", "*.toml")} <= contents


def test_wheel_leaves_the_workshop_behind(contents: set[str]) -> None:
    tops = {name.split("/")[0] for name in contents}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"tracker", "workflows", "scoring"}
    assert not [name for name in contents if name.startswith("tracker/assets/")]


def test_installed_command_lists_what_it_can(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "--help", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    for name in ("demo", "serve", "doctor", "score", "schema", "draw", "db"):
        assert f"\n  {name} " in done.stdout


def test_installed_command_scores_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "schema", "score-sheet", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert '"$schema"' in done.stdout


def test_installed_application_migrates_its_own_database(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "db", "upgrade", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".local/share/rescore/tracker.db").exists()
