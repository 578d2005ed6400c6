"""A measured figure as a line of the table, and the machine that it was measured on."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy

from tests.bench.load import Taken


@dataclass(frozen=True)
class Line:
    """One measurement beside its goal; `goal` is None where there is none and the line is there to read only."""

    figure: int
    what: str
    measured: float
    goal: float | None
    unit: str = "×"
    note: str = ""

    @property
    def holds(self) -> bool | None:
        return None if self.goal is None else self.measured <= self.goal


def ratio_of_medians(taken: Iterable[Taken], ours: str, bare: str) -> float:
    """The median, over alternating rounds, of our median latency over that of the yardstick beside it."""
    rounds = list(taken)
    pairs = zip(_of(rounds, ours), _of(rounds, bare), strict=True)
    return statistics.median(
        statistics.median(one.seconds) / statistics.median(other.seconds) for one, other in pairs
    )


def describe(taken: Iterable[Taken], ours: str, bare: str) -> str:
    """Median latency and processor time of a request on both sides."""
    rounds = list(taken)
    return " | ".join(f"{name} {_one(_of(rounds, side))}" for name, side in (("ours", ours), ("bare", bare)))


def _one(rounds: Sequence[Taken]) -> str:
    latency = statistics.median(second for each in rounds for second in each.seconds)
    cpu = sum(each.cpu for each in rounds) / sum(len(each.seconds) for each in rounds)
    return f"{latency * 1e3:.2f} ms, {cpu * 1e3:.2f} ms CPU"


def _of(rounds: Iterable[Taken], name: str) -> list[Taken]:
    return [each for each in rounds if each.name == name]


def machine() -> dict[str, Any]:
    """Cores, memory, Python and what else the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlalchemy": sqlalchemy.__version__,
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def table(lines: Sequence[Line]) -> str:
    """The table for people, in Markdown."""
    rows = [("#", "What", "Measured", "Goal", "Holds", "Beside it")]
    rows += [
        (
            str(line.figure),
            line.what,
            _number(line.measured, line.unit),
            "" if line.goal is None else f"≤ {_number(line.goal, line.unit)}",
            {True: "yes", False: "NO", None: ""}[line.holds],
            line.note,
        )
        for line in lines
    ]
    return "\n".join(["| " + " | ".join(rows[0]) + " |", "|---|---|---|---|---|---|", *map(_row, rows[1:])])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "·") for cell in cells) + " |"


def _number(value: float, unit: str) -> str:
    text = f"{value:.0f}" if value == int(value) and unit not in ("×", "s") else f"{value:.2f}"
    return f"{text} {unit}".strip()


def plain(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as JSON has them."""
    return [asdict(line) | {"holds": line.holds} for line in lines]
