"""Two programs for one path: choosing among the ways of each item, and switches on single lines, units and metrics."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from random import Random
from typing import Any

import pytest

from scoring import path, path_choices, rescore, ways
from scoring.closures import Entity, Vector
from scoring.program import Linear, Program
from scoring.sheet import Sheet, parse
from tests.scoring import builders
from tests.scoring.builders import gap

EFFORTS = {
    "equal": ["1"],
    "usual": ["1", "2", "3", "5", "8", "5/2"],
    "decimal": ["0.1", "0.25", "1.05", "2.75", "3.3"],
    "large": ["120", "733", "981", "4099", "10007"],
    "free": ["0", "0", "1", "2"],
}
FLAGS = {"cui": "integrity", "meets": "meets_target", "improves": "improving"}


class Register:
    """A register over some items of the standard tier, full marks but for what its gaps pin."""

    def __init__(self, seed: int, gaps: int, items: int, **how: Any) -> None:
        self.chance = Random(seed)
        self.plain = builders.sheet(policy=how.get("policy"))
        self.homes = self.chance.sample(list(self.plain["items"]), items)
        names = [f"NC-{number:02}" for number in range(gaps)]
        releases = [
            [self.fail(self.homes[place % items]) for _ in range(self.chance.randint(1, how.get("facts", 2)))]
            for place in range(gaps)
        ]
        for place, found in enumerate(releases):
            for fact in found[:]:
                if self.chance.random() < how.get("inside", 0.2):
                    releases[(place + items) % gaps].append(fact)
                if self.chance.random() < how.get("across", 0):
                    self.chance.choice(releases).append(fact)
        for place, name in enumerate(names):
            needs = (
                [self.chance.choice(names[:place])]
                if self.chance.random() < how.get("needs", 0.1) and place
                else []
            )
            effort = self.chance.choice(EFFORTS[how.get("effort", "usual")])
            day = f"2026-0{self.chance.randint(7, 9)}-01"
            self.plain["gaps"].append(gap(name, *releases[place], needs=needs, effort=effort, ready_on=day))
        self.chance.shuffle(self.plain["gaps"])

    def fail(self, home: str) -> dict[str, Any]:
        """Make one fact of an item fail, and name it."""
        entry = self.plain["items"][home]
        kind = self.chance.choice(["line", "rest", "rest"])
        if kind == "line" or (home == "4.7" and self.chance.random() < 0.5):
            entry["lines"].setdefault(f"{home}-x", "met")
            line = self.chance.choice(list(entry["lines"]))
            flagged = home[0] == "4" and self.chance.random() < 0.4
            entry["lines"][line] = (
                {"status": "not_met", "improvement_approach": True} if flagged else "not_met"
            )
            return {"item": home, "line": line}
        if home == "4.7":
            return {"item": home, "fact": "compliant"}
        if "metrics" in entry:
            metric, fact = self.chance.choice(entry["metrics"]), self.chance.choice(list(FLAGS))
            metric[FLAGS[fact]] = False
            return {"item": home, "metric": metric["id"], "fact": fact}
        unit = self.chance.choice(builders.POSITIONS if home[0] == "3" else builders.PROGRAMMES)
        if unit in entry["deployed"]:
            entry["deployed"].remove(unit)
        return {"item": home, "unit": unit}


def plans(sheet: Sheet, *parts: Fraction) -> Iterator[dict[str, Any]]:
    """The paths of a sheet: under both readings, to some points, and by date."""
    simulated = rescore.simulate(sheet)
    gain = simulated.after.total - simulated.before.total
    points = [f"points={simulated.before.total + gain * part}" for part in parts]
    for goal, by in [("strict", "effort"), ("lenient", "date"), *((goal, "effort") for goal in points)]:
        yield path.find(sheet, goal, by).to_json()
    yield path.find(sheet, points[0], "date").to_json()


COMPUTED = {"copc.c47_compliant": "computed"}
BY_NOTE_3 = {"copc.note3_effect": "auto_trend"}


@pytest.mark.parametrize(
    ("seed", "gaps", "items", "how"),
    [
        (1, 40, 12, {}),
        (2, 32, 8, {"facts": 4, "inside": 0.5}),
        (3, 30, 6, {"across": 0.3, "effort": "decimal"}),
        (4, 24, 3, {"facts": 3, "effort": "large"}),
        (5, 36, 12, {"needs": 0.6, "effort": "equal"}),
        (6, 30, 7, {"policy": COMPUTED, "effort": "free"}),
        (7, 30, 7, {"policy": BY_NOTE_3, "facts": 3}),
        (8, 28, 21, {"across": 0.5, "facts": 3, "effort": "equal"}),
    ],
)  # fmt: skip
def test_ways_and_switches_find_the_same_path(
    seed: int, gaps: int, items: int, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = parse(Register(seed, gaps, items, **how).plain)
    parts = Fraction(1, 2), Fraction(4, 5)

    chosen = list(plans(sheet, *parts))
    with monkeypatch.context() as turned:
        turned.setattr(ways, "MOST", 12)
        by_parts = list(plans(sheet, *parts))
    with monkeypatch.context() as turned:
        turned.setattr(path_choices, "worth_choosing", lambda asked: None)
        switched = list(plans(sheet, *parts))

    assert chosen == by_parts == switched
    assert any(plan["feasible"] for plan in chosen)


WIDE = [
    ["0.30000000000000004", "3", "8"],
    ["0.3333333333333333", "0.6666666666666666", "5"],
    ["1/7", "1/11", "1/13", "123456789/1000000007"],
    ["1e14", "1", "1e14"],
    ["1e30", "1", "1e-12"],
]


@pytest.mark.parametrize("efforts", WIDE)
@pytest.mark.parametrize("seed", [1, 2])
def test_efforts_of_any_size_are_compared_exactly(efforts: list[str], seed: int) -> None:
    register = Register(seed, 8, 4)
    for entry in register.plain["gaps"]:
        entry["effort"] = register.chance.choice(efforts)
    sheet = parse(register.plain)
    simulated = rescore.simulate(sheet)
    goal = path.Goal(
        "points", simulated.before.total + (simulated.after.total - simulated.before.total) * 2 / 3
    )

    found = path.find(sheet, goal.label)

    assert (found.effort, len(found.close), found.close) == min(_sets(sheet, goal))


def _sets(sheet: Sheet, goal: path.Goal) -> Iterator[tuple[Fraction, int, tuple[str, ...]]]:
    """Every set of closures that is complete in its needs and reaches the goal, as the contract orders them."""
    gaps = {gap.id: gap for gap in sheet.gaps}
    for count in range(len(gaps) + 1):
        for names in combinations(sorted(gaps), count):
            whole = all(need in names for name in names for need in gaps[name].needs)
            if whole and path.reaches(rescore.score(rescore.close(sheet, frozenset(names))), goal):
                yield sum((gaps[name].effort for name in names), Fraction(0)), count, names


def test_digits_order_sums_as_the_sums_are_ordered() -> None:
    program = Program()
    costs = [3 << 40, 1 << 30, (1 << 20) - 1, (1 << 41) + 7, 1]
    for _ in costs:
        program.new()
    digits = program.digits(Linear(dict(enumerate(costs))))

    assert len(digits) == 3
    for places in combinations(range(len(costs)), 3):
        values = dict.fromkeys(places, 1)
        total = sum(costs[place] for place in places)
        # The carries, from the lowest digit up, as the rows leave them no choice.
        for digit in digits[::-1][:-1]:
            (carry,) = [name for name, factor in digit.terms.items() if factor < 0]
            raw = sum(factor * values.get(name, 0) for name, factor in digit.terms.items() if name != carry)
            values[carry] = raw >> 20
        shown = [
            sum(factor * values.get(name, 0) for name, factor in digit.terms.items()) for digit in digits
        ]
        assert (shown[0] << 40) + (shown[1] << 20) + shown[2] == total


# Ways


def entity(*pins: int) -> Entity:
    """A line that is met once all gaps of its pin are closed, one for each pin."""
    return Entity("line", pins, ((0, 1), (1, 0)))


def asked(entities: list[Entity], keys: dict[int, int], shared: int = 0) -> ways.Question:
    def gains(v: Vector) -> tuple[int]:
        return (v[0] // 2,)

    return ways.Question((0, len(entities)), (1, -1), entities, keys, shared, gains)


def test_the_cheapest_way_to_each_gain_is_listed() -> None:
    found = ways.worth_choosing(asked([entity(1), entity(2), entity(4), entity(8)], {0: 5, 1: 3, 2: 9, 3: 4}))

    assert found == [ways.Way(0, (0,)), ways.Way(0b1010, (1,)), ways.Way(0b1111, (2,))]


def test_gaps_that_others_read_are_kept_apart() -> None:
    """Gap 2 is read elsewhere: whoever closes it there may have the first step for less."""
    found = ways.worth_choosing(asked([entity(1), entity(2), entity(4)], {0: 5, 1: 3, 2: 9}, shared=4))

    assert found is not None
    assert {(way.closed, way.gains) for way in found} == {(0, (0,)), (0b011, (1,)), (0b110, (1,))}


def test_a_line_of_two_gaps_takes_both() -> None:
    found = ways.worth_choosing(asked([entity(0b11), entity(0b110)], {0: 1, 1: 1, 2: 1}))

    assert found == [ways.Way(0, (0,)), ways.Way(0b111, (1,))]


def test_a_gap_that_may_not_be_closed_brings_nothing() -> None:
    assert ways.worth_choosing(asked([entity(0b11), entity(0b100)], {1: 1, 2: 1})) == [ways.Way(0, (0,))]


def test_too_many_combinations_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    question = asked(
        [entity(1 << bit) for bit in range(6)], {bit: 1 << bit for bit in range(6)}, shared=0b111111
    )
    assert len(ways.worth_choosing(question) or []) == 1 + 15 + 15 + 1
    monkeypatch.setattr(ways, "MOST", 63)
    assert ways.worth_choosing(question) is None
    monkeypatch.setattr(ways, "MOST", 64)
    assert ways.worth_choosing(question) is not None


@pytest.mark.parametrize("seed", range(20))
def test_no_way_is_outdone_and_none_is_missing(seed: int) -> None:
    """Against every set of closures of a small item."""
    chance = Random(seed)
    bits = range(7)
    pins = [sum({1 << chance.choice(bits) for _ in range(chance.randint(1, 3))}) for _ in range(8)]
    keys = {bit: (chance.randint(1, 4) << 7) - (1 << bit) for bit in bits}
    shared = chance.choice([0, 0b11, 0b1111])
    question = asked([entity(pin) for pin in pins], keys, shared)

    found = ways.worth_choosing(question)

    def cost(closed: int) -> int:
        return sum(key for bit, key in keys.items() if closed >> bit & 1 and not shared >> bit & 1)

    def gain(closed: int) -> int:
        return sum(pin & closed == pin for pin in pins) // 2

    assert found is not None
    for way in found:
        assert way.gains == (gain(way.closed),)
    for closed in range(1 << 7):
        assert any(
            not way.closed & shared & ~closed
            and way.gains[0] >= gain(closed)
            and cost(way.closed) <= cost(closed)
            for way in found
        )
    for one, other in combinations(found, 2):
        assert (one.closed & shared, one.gains) != (other.closed & shared, other.gains)
