"""Figure 9: one full sheet warm, and ten thousand through the command."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scoring import catalogue
from scoring.rescore import score
from scoring.sheet import parse
from tests.bench.report import Line
from tests.bench.serving import CHECKOUT

SHEETS = 10_000
ROUNDS = 300
METRICS = 60
WATCH = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def measure(folder: Path) -> list[Line]:
    """The warm sheet in this process, the lines in one of their own, whose memory is then its own as well."""
    plain = next(sheets(1))
    return [_warm(plain), *_lines(folder)]


def sheets(count: int, seed: int = 9) -> Iterator[dict[str, Any]]:
    """Gold sheets of 30 items with 60 metrics of 12 months each, every one different and none of full marks."""
    random_ = random.Random(seed)
    standard = catalogue.load(catalogue.COPC)
    items = list(standard.items_of("gold"))
    measured = [item.id for item in items if item.unit_kind is None and item.id != "4.7"]
    for _ in range(count):
        yield {
            "format": "score-sheet/1",
            "standard": standard.id,
            "tier": "gold",
            "as_of": "2026-06-30",
            "programmes": PROGRAMMES,
            "key_positions": POSITIONS,
            "items": {item.id: _item(item, measured, random_) for item in items},
        }


PROGRAMMES = [f"programme-{place:02d}" for place in range(10)]
POSITIONS = [f"position-{place:02d}" for place in range(10)]
MONTHS = [f"{2025 + (place + 6) // 12}-{(place + 6) % 12 + 1:02d}" for place in range(12)]


def _item(item: Any, measured: list[str], random_: random.Random) -> dict[str, Any]:
    lines = {f"{item.id}-{place}": "met" if random_.random() < 0.9 else "not_met" for place in range(6)}
    found: dict[str, Any] = {"lines": lines}
    if item.unit_kind is not None:
        units = PROGRAMMES if item.unit_kind == "programme" else POSITIONS
        found["deployed"] = [unit for unit in units if random_.random() < 0.92]
    elif item.id in measured:
        share = METRICS // len(measured) + (measured.index(item.id) < METRICS % len(measured))
        found["metrics"] = [_metric(item.id, place, random_) for place in range(share)]
    return found


def _metric(item: str, place: int, random_: random.Random) -> dict[str, Any]:
    base = random_.uniform(60, 95)
    return {
        "id": f"{item}-m{place}",
        "required": True,
        "collected": True,
        "usable": True,
        "integrity": True,
        "better": "higher",
        "target": 80,
        "values": {month: f"{base + rise + random_.uniform(-2, 2):.2f}" for rise, month in enumerate(MONTHS)},
    }


def _warm(plain: dict[str, Any]) -> Line:
    sheet = parse(plain)
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        result = score(sheet)
        taken.append(time.perf_counter() - begun)
    reasons = sum(len(item["why"]) for item in result.to_json()["items"].values())
    note = f"{len(plain['items'])} items, {METRICS} metrics of 12 months, {reasons} reasons in the answer"
    return Line(9, "one gold sheet with reasons, warm", statistics.median(taken) * 1e3, 2.0, "ms", note)


def _lines(folder: Path) -> list[Line]:
    source = folder / "sheets.jsonl"
    with source.open("w", encoding="utf-8") as out:
        for sheet in sheets(SHEETS):
            out.write(json.dumps(sheet, ensure_ascii=False) + "\n")
    command = [str(Path(sys.executable).with_name("tracker")), "score", str(source), "--lines"]
    size = source.stat().st_size / 2**20
    begun = time.perf_counter()
    with (folder / "answers.jsonl").open("wb") as answers:
        # Between the two stands a small process, because one that is started counts the memory of its starter.
        done = subprocess.run(
            [sys.executable, "-c", WATCH, *command],
            cwd=CHECKOUT,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdout=answers,
            stderr=subprocess.PIPE,
            check=False,
        )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"`tracker score --lines` ended with {done.stderr.decode(errors='replace')}")
    cpu, memory = map(float, done.stderr.split()[-2:])
    answered = sum(1 for _ in (folder / "answers.jsonl").open("rb"))
    note = f"{answered:,} answers to {size:.0f} MiB of sheets, {cpu:.1f} s CPU"
    return [
        Line(9, f"{SHEETS:,} sheets by `tracker score --lines`", seconds, 30.0, "s", note),
        Line(9, "its memory at most", memory * (1 if sys.platform == "darwin" else 1024) / 1e6, 200.0, "MB"),
    ]
