"""Measure the figures and print them as a table.

make bench                          all of them at 100,000 records
make bench ARGS="1 7"               some of them
make bench ARGS="1 --records 1000000 --json figures.json"
make bench ARGS="1 --keep FOLDER"   keep the data there, and use what is already there
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench import asking, closing, counting, reading, report, scoring, starting, writing
from tests.bench.data import World, fill
from tests.bench.report import Line

FIGURES = {
    1: "register beside a bare list",
    4: "statements of every page",
    7: "create and move beside a bare write; four writers",
    9: "scoring a sheet, and ten thousand",
    10: "what 60 gaps are worth; the path through 200; the what-if page",
    11: "the what-if page beside the score page",
    16: "second `make run`",
}
WITH_DATA = {1, 4, 7}
RECORDS = 100_000
MOST_RECORDS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 0, or 1 where a goal is missed and `--strict` was given."""
    options = _options().parse_args(arguments)
    chosen = sorted(set(options.figures) or FIGURES)
    unknown = [figure for figure in chosen if figure not in FIGURES]
    if unknown:
        _options().error(f"no figure {unknown[0]}; there are {', '.join(map(str, FIGURES))}")
    begun = time.perf_counter()
    about = report.machine()
    with tempfile.TemporaryDirectory(prefix="rescore-bench-") as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        lines = _measure(chosen, folder, options.records)
    about |= {"records": options.records, "seconds": round(time.perf_counter() - begun)}
    print("\n" + ", ".join(f"{name} {value}" for name, value in about.items()) + "\n")
    print(report.table(lines))
    if options.json:
        text = json.dumps({"machine": about, "figures": report.plain(lines)}, indent=2, ensure_ascii=False)
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    return int(options.strict and any(line.holds is False for line in lines))


def _measure(chosen: Sequence[int], folder: Path, records: int) -> list[Line]:
    lines: list[Line] = []
    if WITH_DATA & set(chosen):
        database, world = _data(folder, records)
        if 4 in chosen:
            _say(f"4: {FIGURES[4]}")
            lines += counting.measure(folder, database, world.rows)
        if {1, 7} & set(chosen):
            with reading.both(folder, database, world) as sides:
                if 1 in chosen:
                    _say(f"1: {FIGURES[1]}")
                    lines += reading.measure(sides, world)
                if 7 in chosen:
                    _say(f"7: {FIGURES[7]}")
                    lines += writing.measure(sides, database, world)
    if 9 in chosen:
        _say(f"9: {FIGURES[9]}")
        lines += scoring.measure(folder)
    if 10 in chosen:
        _say(f"10: {FIGURES[10]}")
        lines += closing.measure()
    if {10, 11} & set(chosen):
        _say("10, 11: what-if")
        lines += asking.measure(folder, {10, 11} & set(chosen))
    if 16 in chosen:
        _say(f"16: {FIGURES[16]}")
        lines += starting.measure(folder)
    return sorted(lines, key=lambda line: line.figure)


def _data(folder: Path, records: int) -> tuple[Path, World]:
    """The large register, made now or kept from before."""
    database, about = folder / f"register-{records}.db", folder / f"register-{records}.json"
    if about.exists():
        return database, World(**json.loads(about.read_text()))
    from tracker import create_app
    from tracker.database import db

    _say(f"a register of {records:,} records")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    app = create_app({"instance": folder, "database_url": f"sqlite:///{database}"})
    world = fill(app, records)
    with app.app_context():
        db.engine.dispose()
    about.write_text(json.dumps(asdict(world)))
    return database, world


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("figures", nargs="*", type=int, help="numbers of figures; none for all")
    parser.add_argument("--records", type=_records, default=RECORDS, help="non-conformities in the register")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the data there for the next time")
    parser.add_argument("--strict", action="store_true", help="end with 1 where a goal is missed")
    return parser


def _records(text: str) -> int:
    count = int(text.replace(",", "").replace("_", ""))
    if not 2_000 <= count <= MOST_RECORDS:
        raise argparse.ArgumentTypeError(f"from 2,000 to {MOST_RECORDS:,}")
    return count


if __name__ == "__main__":
    sys.exit(main())
