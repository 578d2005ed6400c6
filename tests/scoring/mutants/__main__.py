"""`make mutants`: try every change that the types let pass against the tests. See tests/scoring/MUTANTS.md."""

import argparse
import fnmatch
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.scoring.mutants import changes
from tests.scoring.mutants.changes import Mutant
from tests.scoring.mutants.trials import Trial, Trials

KNOWN = Path("mutants.jsonl")
TYPED = Path("typed")
REFUSED = TYPED / "refused.json"
ALIVE = ("survived", "unreached", "undecided")
VERDICTS = ("killed", "timeout", *ALIVE)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"], help="names, such as scoring.copc.*")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="of tests that a change gets at most"
    )
    parser.add_argument("--again", action="store_true", help="try those again that no test had noticed")
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="those in new processes, slowly: what is made at import shows there",
    )
    parser.add_argument("--sample", type=int, help="so many of each module, drawn with seed 1")
    parser.add_argument("--show", action="store_true", help="try nothing, show what no test noticed")
    parser.add_argument("--report", action="store_true", help="try nothing, count")
    asked = parser.parse_args()
    complaints = _complaints()
    mutants = [each for each in _mutants(asked.patterns, asked.sample) if each.name not in complaints]
    known = _known()
    if asked.show:
        _show(mutants, known)
    elif not asked.report:
        waiting = [each for each in mutants if _wanted(asked, known.get(each.key))]
        random.Random(1).shuffle(waiting)  # a run that is broken off is a fair sample
        print(f"{len(waiting)} of {len(mutants)} changes to try", flush=True)
        _try_afresh(waiting) if asked.fresh else _try(waiting, asked.seconds)
    _report(mutants, _known(), complaints)
    return 0


def _wanted(asked: argparse.Namespace, entry: dict[str, Any] | None) -> bool:
    if entry is None:
        return not asked.fresh
    alive = entry["verdict"] in ALIVE
    return alive and (asked.again or asked.fresh)


def _mutants(patterns: Iterable[str], sample: int | None) -> list[Mutant]:
    found = []
    for path in changes.paths():
        start = path.removesuffix(".py").replace("/", ".") + "."
        fixed = [pattern.partition("*")[0] for pattern in patterns]
        if not any(start.startswith(part) or part.startswith(start) for part in fixed):
            continue
        each = [
            mutant
            for mutant in changes.changes(path)
            if any(fnmatch.fnmatch(mutant.name, pattern) for pattern in patterns)
        ]
        found += random.Random(f"1 {path}").sample(each, min(sample, len(each))) if sample else each
    return found


def _complaints() -> dict[str, str]:
    """What the type checker says, asked again when a module has changed."""
    sources = {path: Path(path).read_text() for path in changes.paths()}
    if REFUSED.exists():
        kept = json.loads(REFUSED.read_text())
        if kept["sources"] == sources:
            return dict(kept["complaints"])
    TYPED.mkdir(exist_ok=True)
    complaints = changes.refused(TYPED)
    REFUSED.write_text(json.dumps({"sources": sources, "complaints": complaints}))
    return complaints


def _known() -> dict[str, dict[str, Any]]:
    lines = KNOWN.read_text().splitlines() if KNOWN.exists() else []
    return {entry["key"]: entry for entry in map(json.loads, lines)}


def _keep(mutant: Mutant, trial: Trial) -> None:
    with KNOWN.open("a") as file:
        print(json.dumps({"key": mutant.key, "name": mutant.name, **vars(trial)}), file=file)


def _try(mutants: Iterable[Mutant], seconds: float) -> None:
    options = [
        *changes.SETTINGS["pytest_add_cli_args"],
        *changes.SETTINGS["pytest_add_cli_args_test_selection"],
    ]
    quiet = ["-q", "-s", "--assert=plain", "--tb=no", "--no-summary", "--engine=sqlite", "--basetemp=tmp"]
    pytest.main([*options, *quiet], plugins=[Trials(mutants, seconds, _keep)])


def _try_afresh(mutants: Iterable[Mutant]) -> None:
    options = [
        *changes.SETTINGS["pytest_add_cli_args"],
        *changes.SETTINGS["pytest_add_cli_args_test_selection"],
    ]
    for mutant in mutants:
        path = Path(mutant.path)
        original = path.read_text()
        path.write_text(mutant.source())
        try:
            command = [sys.executable, "-m", "pytest", "-xq", "--tb=no", "--engine=sqlite", *options]
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        finally:
            path.write_text(original)
        by = next((line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
        _keep(mutant, Trial("killed" if run.returncode else "survived", by, 0, 0))


def _show(mutants: Iterable[Mutant], known: dict[str, dict[str, Any]]) -> None:
    for mutant in mutants:
        if (entry := known.get(mutant.key)) and entry["verdict"] in ALIVE:
            print(f"\n# {mutant.name} line {mutant.first}: {entry['verdict']}, {entry['tests']} tests")
            print(mutant.diff())


def _report(mutants: Iterable[Mutant], known: dict[str, dict[str, Any]], complaints: dict[str, str]) -> None:
    counts: dict[str, Counter[str]] = {}
    for mutant in mutants:
        entry = known.get(mutant.key)
        counts.setdefault(mutant.path, Counter())[entry["verdict"] if entry else "waiting"] += 1
    for name in complaints:
        path = name.rpartition(".")[0].replace(".", "/") + ".py"
        if path in counts:
            counts[path]["refused"] += 1
    counts["all"] = sum(counts.values(), Counter())
    columns = ("refused", *VERDICTS, "waiting")
    print("| Module |", " | ".join(columns), "| noticed |")
    print("|---|", "---|" * (len(columns) + 1))
    for path, count in counts.items():
        tried = sum(count[verdict] for verdict in VERDICTS)
        share = f"{(count['killed'] + count['timeout']) / tried:.1%}" if tried else "-"
        print(f"| {Path(path).stem} |", " | ".join(str(count[column]) for column in columns), f"| {share} |")


if __name__ == "__main__":
    sys.exit(main())
