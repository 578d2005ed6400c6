"""The house stays in shape: pure folders are pure, routes ask for permissions, settings are explained."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tracker.cli import PURE_COMMANDS
from tracker.config import Settings

ROOT = Path(__file__).resolve().parent.parent
PURE = ("scoring", "workflows")
# The solver serves one command and is imported there only, when a path is asked for.
LIBRARIES = {"networkx", "highspy"}

# Reading the clock, chance, the environment or the world is for callers, who hand over values.
IMPURE_CALLS = {
    "now",
    "utcnow",
    "today",
    "perf_counter",
    "getenv",
    "urlopen",
    "randint",
    "uuid4",
    "input",
    "print",
}
IMPURE_MODULES = {
    "asyncio",
    "http",
    "os",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def pure_modules() -> list[Path]:
    return [path for folder in PURE for path in modules(folder)]


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in it; a seeded generator is no chance."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and [alias.name for alias in node.names] != ["Random"]:
            names.add((node.module or "").split(".")[0])
    return names


def test_seeded_generators_are_given_a_seed() -> None:
    calls = [
        node
        for path in pure_modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Random"
    ]

    assert all(call.args for call in calls)


def called(path: Path) -> set[str]:
    """The last names of what a module calls: `datetime.now()` → `now`."""
    calls = (
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_folders_import_nothing_that_could_touch_the_world(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]

    foreign = imported(path) - set(sys.stdlib_module_names) - LIBRARIES - {own}

    assert not foreign
    assert not imported(path) & IMPURE_MODULES


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_folders_take_no_clock_and_no_chance(path: Path) -> None:
    assert not called(path) & IMPURE_CALLS


@pytest.mark.parametrize("name", sorted(PURE_COMMANDS))
def test_scoring_and_drawing_start_without_the_application(name: str) -> None:
    script = (
        "import sys; sys.argv = ['tracker', sys.argv[1], '--help']\n"
        "from tracker.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "loaded = {'flask', 'sqlalchemy', 'wtforms', 'alembic'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )

    done = subprocess.run([sys.executable, "-c", script, name], capture_output=True, text=True, cwd=ROOT)

    assert done.returncode == 0, done.stderr


@pytest.mark.engine("sqlite")
def test_every_route_names_its_permission(app: Flask) -> None:
    unnamed = [
        f"{rule.endpoint} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "permission")
    ]

    assert not unnamed


def test_every_setting_is_explained() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]
