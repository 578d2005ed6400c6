"""Figure 10: what 60 gaps are worth, and the shortest path through 200."""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from scoring import attribution, catalogue, path, rescore
from scoring.sheet import Sheet, parse
from tests.bench.report import Line

ROUNDS = 3
PROGRAMMES = [f"programme-{place:02d}" for place in range(12)]
POSITIONS = [f"position-{place:02d}" for place in range(10)]
LINES, METRICS = 12, 10
EFFORTS = ["1", "2", "3", "5", "8", "13", "5/2"]
FLAGS = {"cui": "integrity", "meets": "meets_target", "improves": "improving"}
Plain = dict[str, Any]


def measure() -> list[Line]:
    """Attribution and path on a register as they grow, and on one made to be hard."""
    lines = []
    for name, most, shared in (("", 2, 0.15), (", made hard", 4, 0.5)):
        sixty, many = (parse(register(gaps, most, shared)) for gaps in (60, 200))
        lines.append(_attribution(f"attribution of 60 gaps{name}", sixty))
        lines += _paths(name, many, "strict")
    return lines + _paths(" of SEE-CMM", parse(rows(200, 2)), "level=2")


def _paths(name: str, sheet: Sheet, goal: str) -> list[Line]:
    """To a verdict or level, and to a number of points; the latter also by date."""
    points = _points(sheet)
    return [
        _path(f"path through 200 gaps to {goal}{name}", sheet, goal),
        _path(f"path through 200 gaps to points{name}", sheet, points),
        _path(f"path through 200 gaps to points{name}, by date", sheet, points, "date"),
    ]


def register(gaps: int, most: int, shared: float, seed: int = 10) -> Plain:
    """A standard sheet with `gaps` open non-conformities, spread over its items as reviews find them.

    Each pins one to `most` facts of an item: lines, units, facts of a metric, in 4.7 also its word. `shared` is the
    share of them that a second gap of the item pins too, so that it takes both.
    """
    chance = random.Random(seed)
    standard = catalogue.load(catalogue.COPC)
    items = {item.id: _item(item) for item in standard.items_of("standard")}
    names = [f"NC-{place:04d}" for place in range(1, gaps + 1)]
    homes = [list(items)[place % len(items)] for place in range(gaps)]
    releases = [[_fail(items, home, chance) for _ in range(chance.randint(1, most))] for home in homes]
    for place, home in enumerate(homes):
        others = [other for other in range(gaps) if homes[other] == home and other != place]
        for fact in releases[place][:]:
            if others and chance.random() < shared:
                releases[chance.choice(others)].append(fact)
    found = []
    for place, name in enumerate(names):
        gap: Plain = {
            "id": name,
            "grade": chance.choice(["major", "minor", "minor"]),
            "effort": chance.choice(EFFORTS),
            "ready_on": f"2026-{chance.randint(7, 12):02d}-{chance.randint(1, 28):02d}",
            "releases": releases[place],
        }
        if place and chance.random() < 0.1:
            gap["needs"] = [chance.choice(names[:place])]
        found.append(gap)
    return {
        "format": "score-sheet/1",
        "standard": standard.id,
        "as_of": "2026-06-30",
        "programmes": PROGRAMMES,
        "key_positions": POSITIONS,
        "items": items,
        "gaps": found,
    }


def rows(gaps: int, most: int, seed: int = 10) -> Plain:
    """A sheet of rows, most of them low, where each gap asks to raise one to `most` rows by one to three levels."""
    chance = random.Random(seed)
    standard = catalogue.load(catalogue.SEE_CMM)
    marks = {
        entry.id: {row.id: chance.choice([0, 0, 1, 1, 2, 3]) for row in entry.rows}
        for entry in standard.criteria
    }
    places = [(criterion, row) for criterion, found in marks.items() for row in found]
    names = [f"NC-{place:04d}" for place in range(1, gaps + 1)]
    found = []
    for place, name in enumerate(names):
        releases = []
        for criterion, row in chance.sample(places, chance.randint(1, most)):
            level = min(4, marks[criterion][row] + chance.choice([1, 1, 2, 3]))
            releases.append({"criterion": criterion, "row": row, "level": level})
        gap: Plain = {
            "id": name,
            "effort": chance.choice(EFFORTS),
            "ready_on": f"2026-{chance.randint(7, 12):02d}-{chance.randint(1, 28):02d}",
            "releases": releases,
        }
        if place and chance.random() < 0.1:
            gap["needs"] = [chance.choice(names[:place])]
        found.append(gap)
    return {
        "format": "score-sheet/1",
        "standard": standard.id,
        "as_of": "2026-06-30",
        "rows": marks,
        "gaps": found,
    }


def _item(item: Any) -> Plain:
    found: Plain = {"lines": {f"{item.id}-{place}": "met" for place in range(LINES)}}
    if item.unit_kind is not None:
        found["deployed"] = list(PROGRAMMES if item.unit_kind == "programme" else POSITIONS)
    elif item.id == "4.7":
        found["compliant"] = False
    else:
        found["metrics"] = [
            {"id": f"{item.id}-m{place}", "meets_target": True, "improving": True} for place in range(METRICS)
        ]
    return found


def _fail(items: dict[str, Plain], home: str, chance: random.Random) -> Plain:
    """Make one fact of an item fail, and name it; now and then one that fails already."""
    item = items[home]
    kind = chance.choice(
        ["line", *(key for key in ("deployed", "metrics", "compliant") if item.get(key, []) != [])]
    )
    if kind == "deployed":
        unit = item["deployed"].pop(chance.randrange(len(item["deployed"])))
        return {"item": home, "unit": unit}
    if kind == "compliant":
        return {"item": home, "fact": "compliant"}
    if kind == "metrics":
        metric, fact = chance.choice(item["metrics"]), chance.choice(list(FLAGS))
        metric[FLAGS[fact]] = False
        return {"item": home, "metric": metric["id"], "fact": fact}
    line = chance.choice(list(item["lines"]))
    flagged = "metrics" in item and chance.random() < 0.2
    item["lines"][line] = {"status": "not_met", "improvement_approach": True} if flagged else "not_met"
    return {"item": home, "line": line}


def _points(sheet: Sheet) -> str:
    """Two thirds of the way that closing everything goes."""
    found = rescore.simulate(sheet)
    return f"points={found.before.total + (found.after.total - found.before.total) * 2 / 3}"


def _attribution(what: str, sheet: Sheet) -> Line:
    found = attribution.attribute(sheet)
    if sum(worth.share for worth in found.gaps.values()) != found.gain:
        raise RuntimeError("the shares do not add up to the gain")
    note = f"{'exact' if found.exact else 'sampled'}, gain {float(found.gain):.1f} points"
    return Line(10, what, _seconds(lambda: attribution.attribute(sheet)), 1.0, "s", note)


def _path(what: str, sheet: Sheet, goal: str, by: str = "effort") -> Line:
    plan = path.find(sheet, goal, by)
    if not plan.feasible:
        raise RuntimeError(f"out of reach: {plan.blocking}")
    note = f"{len(plan.close)} of {len(sheet.gaps)} gaps, effort {plan.effort}"
    return Line(10, what, _seconds(lambda: path.find(sheet, goal, by)), 2.0, "s", note)


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)
