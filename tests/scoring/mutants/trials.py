"""Try changes against the tests, each in a fork of a process that has everything loaded.

First all tests run once unchanged: how long each takes, and the lines of `scoring/` it runs. Then each change is
switched on in a fork, and the tests that run its lines follow, those first that noticed the changes next to it, then
the quick ones, until one fails. A change is killed only by a test that fails, or that burns far more time than it
ever needs unchanged.
"""

import functools
import gc
import hashlib
import itertools
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import hypothesis
import pytest

from tests.scoring.mutants.changes import Mutant

SPARE_SECONDS = 3.0  # of processor time that a test may take beyond ten times what it needs unchanged
MEMORY = 4 << 30
MEASURED = Path("measured")


@dataclass
class Measured:
    """What the unchanged run of one file of tests told: seconds of each test, and the tests that run a line."""

    took: dict[str, float] = field(default_factory=dict)
    runs: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """How a change fared: killed (by which test), timeout, survived, unreached by any test, or not decided."""

    verdict: str
    by: str
    seconds: float
    tests: int


class Trials:
    """A pytest plugin that takes the place of the loop over the tests."""

    def __init__(
        self, mutants: Iterable[Mutant], seconds: float, done: Callable[[Mutant, Trial], None]
    ) -> None:
        self.mutants, self.seconds, self.done = mutants, seconds, done
        self.failed: list[str] = []
        self.took: dict[str, float] = {}
        self.runs: dict[tuple[str, int], list[str]] = {}
        self.recent: dict[tuple[str, str], list[str]] = {}
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=["scoring"])
        self.coverage.start()

    def pytest_configure(self, config: pytest.Config) -> None:
        # The first example that fails is enough, and a slow machine is no reason to fail.
        hypothesis.settings.register_profile(
            "mutants",
            parent=hypothesis.settings.default,
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
            print_blob=False,
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        assert Path(sys.modules["scoring"].__file__ or "").parent.samefile("scoring")
        self.items = {item.nodeid: item for item in session.items}
        for found in self.measure():
            self.took |= {test: took for test, took in found.took.items() if test not in found.broken}
            for path, lines in found.runs.items():
                for line, tests in lines.items():
                    self.runs.setdefault((path, int(line)), []).extend(tests)
            for test in found.broken:
                print(f"left out, since it fails unchanged: {test}", flush=True)
        self.coverage.stop()
        gc.freeze()
        for mutant in self.mutants:
            self.done(mutant, self.trial(mutant))
        return True

    # ------------------------------------------------------------ the unchanged run

    def measure(self) -> Iterator[Measured]:
        """The unchanged run of each file of tests, kept until the file, or anything it may lean on, changes."""
        common = [*Path("scoring").rglob("*.*"), *Path("tests/scoring").glob("[!t]*.[!m]*")]
        basis = b"".join(path.read_bytes() for path in sorted(common) if path.suffix != ".pyc")
        MEASURED.mkdir(exist_ok=True)
        for file, tests in itertools.groupby(
            self.items.values(), lambda item: item.nodeid.partition("::")[0]
        ):
            chosen = list(tests)
            names = "".join(item.nodeid for item in chosen).encode()
            told = MEASURED / f"{hashlib.sha256(basis + Path(file).read_bytes() + names).hexdigest()}.json"
            if not told.exists():
                if not os.fork():
                    found = self._measure(chosen)
                    told.write_text(json.dumps(vars(found)))
                    os._exit(0)
                os.wait()
            yield Measured(**json.loads(told.read_text()))

    def _measure(self, items: list[pytest.Item]) -> Measured:
        found = Measured()
        _quiet()
        for item in items:
            _clear_caches()
            self.coverage.switch_context(item.nodeid)
            before = time.process_time()
            if self.fails(item):
                found.broken.append(item.nodeid)
            found.took[item.nodeid] = round(time.process_time() - before, 4)
        self.coverage.stop()
        data = self.coverage.get_data()
        for path in data.measured_files():
            lines = data.contexts_by_lineno(path)
            found.runs[os.path.relpath(path)] = {
                str(line): [test for test in tests if test] for line, tests in lines.items()
            }
        return found

    def fails(self, item: pytest.Item) -> bool:
        self.failed.clear()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return bool(self.failed)

    # ------------------------------------------------------------ a change

    def trial(self, mutant: Mutant) -> Trial:
        tests, whole = self.order(mutant)
        before = time.monotonic()
        if not tests:
            return Trial("unreached", "", 0, 0)
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            self._try(mutant, tests, write)
        os.close(write)
        with os.fdopen(read) as pipe:
            tried = pipe.read().split("\n")[:-1]
        _, status = os.waitpid(pid, 0)
        if status and not tried:
            raise RuntimeError(f"{mutant.name} cannot be switched on")
        verdict, by = "survived" if whole else "undecided", ""
        if status:
            verdict, by = "timeout" if os.WIFSIGNALED(status) else "killed", tried[-1]
        if verdict == "killed":
            for place in ((mutant.path, mutant.function), (mutant.path, "")):
                self.recent[place] = [by, *(test for test in self.recent.get(place, ()) if test != by)][:12]
        return Trial(verdict, by, round(time.monotonic() - before, 2), len(tried))

    def order(self, mutant: Mutant) -> tuple[list[str], bool]:
        """The tests in the order to take them, and whether they are all that run the lines of the change."""
        lines = [(mutant.path, line) for line in range(mutant.first, mutant.last + 1)]
        found = {test for line in lines for test in self.runs.get(line, ()) if test in self.took}
        noticed = [
            test
            for function in (mutant.function, "")
            for test in self.recent.get((mutant.path, function), ())
            if test in found
        ]
        tests = list(dict.fromkeys([*noticed, *sorted(found, key=lambda test: self.took[test])]))
        ends = itertools.accumulate(self.took[test] for test in tests)
        chosen = [test for test, end in zip(tests, ends, strict=True) if end <= self.seconds]
        return chosen, len(chosen) == len(tests)

    def _try(self, mutant: Mutant, tests: list[str], pipe: int) -> None:
        """In the fork: ends it, with 0 when no test fails and 1 when one does; the last name told is its."""
        code = 1
        try:
            _quiet()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            _clear_caches()
            mutant.switch_on()
            for test in tests:
                os.write(pipe, f"{test}\n".encode())
                signal.setitimer(signal.ITIMER_PROF, SPARE_SECONDS + 10 * self.took[test])
                if self.fails(self.items[test]):
                    break
            else:
                code = 0
        finally:
            os._exit(code)


def _quiet() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _clear_caches() -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith(("scoring", "tests.")):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()
