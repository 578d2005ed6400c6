"""The engine against a second, naive reading of the rules, and its searches against trying everything."""

import json
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import combinations
from math import factorial
from typing import Any

import pytest

from scoring import attribution, path, rescore
from scoring.sheet import Sheet, loads, to_json
from tests.scoring import second_reading
from tests.scoring.random_sheets import Maker

Plain = dict[str, Any]
COPC_KEYS = ("total", "blank", "conditions", "verdict")
SEE_KEYS = ("enabler_points", "result_points", "total", "overall_level", "next", "blank", "criteria")


def exact(value: Any) -> Any:
    """The plain form in which results write numbers."""
    if isinstance(value, dict):
        return {key: exact(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [exact(entry) for entry in value]
    return str(value) if isinstance(value, Fraction) else value


def public(result: Plain) -> Plain:
    """What of a public result the second reading speaks about."""
    if "criteria" in result:
        return {key: result[key] for key in SEE_KEYS}
    items = {
        name: {key: value for key, value in item.items() if key != "why"}
        for name, item in result["items"].items()
    }
    return {"items": items, **{key: result[key] for key in COPC_KEYS}}


def read(plain: Plain) -> Sheet:
    sheet = loads(json.dumps(plain))
    assert loads(json.dumps(to_json(sheet))) == sheet
    return sheet


@pytest.mark.parametrize("seed", range(20))
def test_scores_agree(seed: int) -> None:
    maker = Maker(seed)
    for _ in range(15):
        plain = maker.sheet(rough=maker.chance.choice([0.1, 0.5, 0.9]))
        assert public(rescore.score(read(plain)).to_json()) == exact(second_reading.score(plain))


def test_scores_of_rows_agree() -> None:
    maker = Maker(1)
    for _ in range(60):
        plain = maker.rows()
        assert public(rescore.score(read(plain)).to_json()) == exact(second_reading.score_rows(plain))


class Tried:
    """Every set of closures of a sheet, tried by the second reading."""

    def __init__(self, plain: Plain) -> None:
        rows = "rows" in plain
        self.plain = plain
        self.gaps = {gap["id"]: gap for gap in plain["gaps"]}
        close: Callable[[Plain, Iterable[str]], Plain] = (
            second_reading.closed_rows if rows else second_reading.closed
        )
        score = second_reading.score_rows if rows else second_reading.score
        names = list(self.gaps)
        self.results = {
            frozenset(some): score(close(plain, some))
            for size in range(len(names) + 1)
            for some in combinations(names, size)
        }

    def total(self, some: frozenset[str]) -> Fraction:
        found: Fraction = self.results[some]["total"]
        return found

    def share(self, name: str) -> Fraction:
        many = len(self.gaps)
        return sum(
            (
                Fraction(factorial(len(some)) * factorial(many - len(some) - 1), factorial(many))
                * (self.total(some | {name}) - self.total(some))
                for some in self.results
                if name not in some
            ),
            Fraction(0),
        )

    def day(self, name: str) -> str:
        gap = self.gaps[name]
        as_of: str = self.plain["as_of"]
        return max([as_of, gap.get("ready_on", as_of), *(self.day(need) for need in gap.get("needs", []))])

    def best(self, reaches: Callable[[Plain], bool], by: str) -> tuple[Any, ...] | None:
        """The key of the best set: day (by date), effort, number of gaps, list."""
        keys = []
        for some, result in self.results.items():
            bound = all(need in some for name in some for need in self.gaps[name].get("needs", []))
            if bound and reaches(result):
                effort = sum((Fraction(self.gaps[name].get("effort", "1")) for name in some), Fraction(0))
                day = max([self.plain["as_of"], *(self.day(name) for name in some)])
                keys.append((day if by == "date" else "", effort, len(some), sorted(some), day))
        return min(keys) if keys else None


def reaches_goal(goal: str) -> Callable[[Plain], bool]:
    if goal.startswith("points="):
        return lambda result: bool(result["total"] >= Fraction(goal.removeprefix("points=")))
    if goal.startswith("level="):
        wanted = int(goal.removeprefix("level="))
        return lambda result: result["overall_level"] is not None and result["overall_level"] >= wanted
    passing = ("meets",) if goal == "strict" else ("meets", "meets_lenient_only")
    return lambda result: result["verdict"] in passing


def check_answers(plain: Plain, goals: list[str]) -> None:
    sheet, tried = read(plain), Tried(plain)
    everything = frozenset(tried.gaps)
    worth = attribution.attribute(sheet)
    assert worth.gain == tried.total(everything) - tried.total(frozenset())
    for name, found in worth.gaps.items():
        assert found.share == tried.share(name)
        assert found.alone == tried.total(frozenset({name})) - tried.total(frozenset())
        assert found.last == tried.total(everything) - tried.total(everything - {name})
    after = rescore.simulate(sheet).after.to_json()
    assert public(after) == exact(tried.results[everything])
    for goal in goals:
        for by in ("effort", "date"):
            check_path(sheet, tried, goal, by)


def check_path(sheet: Sheet, tried: Tried, goal: str, by: str) -> None:
    plan = path.find(sheet, goal, by).to_json()
    best = tried.best(reaches_goal(goal), by)
    assert plan["feasible"] is (best is not None)
    if best is None:
        assert public(plan["best"]) == exact(tried.results[frozenset(tried.gaps)])
        assert plan["blocking"]
        return
    _, effort, _, names, day = best
    assert (plan["effort"], plan["close"], plan["ready_on"]) == (str(effort), names, day)
    assert sorted(plan["order"]) == names
    for place, name in enumerate(plan["order"]):
        needs = tried.gaps[name].get("needs", [])
        ready = [
            n
            for n in plan["order"][place:]
            if set(tried.gaps[n].get("needs", [])) <= set(plan["order"][:place])
        ]
        assert set(needs) <= set(plan["order"][:place])
        assert name == min(ready)
    assert public(plan["result"]) == exact(tried.results[frozenset(names)])


@pytest.mark.parametrize("seed", range(14))
def test_answers_agree_with_trying_everything(seed: int) -> None:
    maker = Maker(seed)
    plain = maker.sheet(gaps=5, rough=0.2, blank=0.04 if seed % 4 == 0 else 0)
    totals = sorted(
        {second_reading.score(second_reading.closed(plain, some))["total"] for some in ([], ["NC-1"])}
    )
    most = second_reading.score(second_reading.closed(plain, [gap["id"] for gap in plain["gaps"]]))["total"]

    check_answers(plain, ["strict", "lenient", f"points={(totals[0] + most) / 2}", f"points={most + 1}"])


@pytest.mark.parametrize("seed", range(14))
def test_answers_on_rows_agree_with_trying_everything(seed: int) -> None:
    plain = Maker(seed).rows(gaps=5)
    most = second_reading.score_rows(second_reading.closed_rows(plain, [gap["id"] for gap in plain["gaps"]]))

    check_answers(
        plain, ["level=1", "level=2", f"points={most['total']}", f"points={most['total'] * Fraction(9, 10)}"]
    )
