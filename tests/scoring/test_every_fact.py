"""Each fact on its own, turned to met, never lowers the total; and numbers that refuse to meet a float."""

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest

from scoring import attribution, outlook, path, rescore
from scoring.facts import CopcSheet
from scoring.sheet import Sheet, loads, parse, to_json
from tests.scoring import builders
from tests.scoring.random_sheets import CHOICES, Maker

Plain = dict[str, Any]
# Under this switch a metric that becomes sound re-enters the denominator, and may lower the level with it.
CAN_COST = "copc.cui_denominator"
KINDS = {"line", "unit", "collected", "usable", "integrity", "meets_target", "improving", "compliant"}


def read(plain: Plain) -> Sheet:
    return loads(json.dumps(plain))


def turned(plain: Plain) -> Iterator[tuple[str, Plain]]:
    """The kind of fact, and the sheet with one fact of it turned to met; every fact of the sheet once."""
    for name, item in plain["items"].items():
        for line, said in item["lines"].items():
            status = said["status"] if isinstance(said, dict) else said
            if status == "not_met":
                yield "line", with_item(plain, name, lambda it, line=line: set_line(it, line))
        units = plain["key_positions" if name[0] == "3" else "programmes"]
        for unit in units:
            if "deployed" in item and unit not in item["deployed"]:
                yield "unit", with_item(plain, name, lambda it, unit=unit: it["deployed"].append(unit))
        for place, metric in enumerate(item.get("metrics", [])):
            for flag in ("collected", "usable", "integrity", "meets_target", "improving"):
                if metric.get(flag) is False:
                    yield (
                        flag,
                        with_item(
                            plain, name, lambda it, p=place, f=flag: it["metrics"][p].update({f: True})
                        ),
                    )
        if name == "4.7" and item.get("compliant") is not True:
            yield "compliant", with_item(plain, name, lambda it: it.update(compliant=True))


def with_item(plain: Plain, name: str, change: Any) -> Plain:
    item = deepcopy(plain["items"][name])
    change(item)
    return plain | {"items": plain["items"] | {name: item}}


def set_line(item: Plain, line: str) -> None:
    said = item["lines"][line]
    item["lines"][line] = said | {"status": "met"} if isinstance(said, dict) else "met"


@pytest.mark.parametrize("key", ["", *(key for key in CHOICES if key != CAN_COST)])
def test_no_fact_turned_to_met_lowers_the_total(key: str) -> None:
    kinds: Counter[str] = Counter()
    raised: Counter[str] = Counter()
    for seed in range(4):
        plain = Maker(seed).sheet(rough=0.7, blank=0.01)
        plain["policy"] = {key: CHOICES[key][-1]} if key else {}
        before = rescore.score(read(plain)).total
        for kind, after in turned(plain):
            gained = rescore.score(read(after)).total - before
            assert gained >= 0, kind
            kinds[kind] += 1
            raised[kind] += gained > 0
    assert set(kinds) == KINDS, "every kind of fact was turned"
    assert {"line", "unit", "meets_target"} <= set(+raised), "and did something"


def test_under_the_one_switch_that_can_cost_points_only_trust_in_data_does() -> None:
    """`copc.cui_denominator = drop`: turning a flag of CUI may lower the total, no other fact ever does."""
    fell: set[str] = set()
    for seed in range(30):
        plain = Maker(seed).sheet(rough=0.6, blank=0)
        plain["policy"] = {CAN_COST: "drop"}
        before = rescore.score(read(plain)).total
        fell |= {kind for kind, after in turned(plain) if rescore.score(read(after)).total < before}

    assert fell
    assert fell <= {"collected", "usable", "integrity"}


def test_no_row_raised_lowers_the_total_or_the_level() -> None:
    raised = 0
    for seed in range(6):
        plain = Maker(seed).rows(empty=0)
        before = rescore.score(read(plain))
        for criterion, marks in plain["rows"].items():
            for row, mark in marks.items():
                if mark < 4:
                    rows = plain["rows"] | {criterion: marks | {row: mark + 1}}
                    after = rescore.score(read(plain | {"rows": rows}))
                    assert after.total > before.total
                    assert (after.overall_level or 0) >= (before.overall_level or 0)  # type: ignore[union-attr]
                    raised += 1
    assert raised > 100


# ---------------------------------------------------------------- no float in a comparison, by type

METHODS = ["_richcmp", "__eq__", "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__",
           "__rtruediv__", "__pow__", "__rpow__", "__float__"]  # fmt: skip


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact numbers that raise where a float meets them, in a comparison or in a sum, or where they become one."""
    for name in METHODS:
        monkeypatch.setattr(Fraction, name, refusing(getattr(Fraction, name), name))


def refusing(method: Any, name: str) -> Any:
    def call(self: Fraction, *others: Any) -> Any:
        assert name != "__float__", "an exact number became a float"
        assert not any(isinstance(other, float) for other in others), f"a float met {name}"
        return method(self, *others)

    return call


@pytest.mark.usefixtures("strict")
def test_the_strict_numbers_do_refuse() -> None:
    for question in (
        lambda: Fraction(1, 2) < 0.5,
        lambda: Fraction(1, 2) == 0.5,
        lambda: Fraction(1, 2) >= 0.5,
        lambda: max(0.25, Fraction(1, 2)),
        lambda: Fraction(1, 2) + 0.5,
        lambda: sum([Fraction(1), 0.5]),
        lambda: float(Fraction(1, 2)),
    ):
        with pytest.raises(AssertionError, match="float"):
            question()
    assert Fraction(1, 2) < 1


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("seed", range(6))
def test_no_float_meets_an_exact_number_in_any_answer(seed: int) -> None:
    for plain in (Maker(seed).sheet(gaps=5, rough=0.3), Maker(seed).rows(gaps=4)):
        # Numbers as people write them, so that a careless reader of JSON would make floats of them.
        sheet = loads(json.dumps(plain).replace('"5/2"', "2.5").replace('"1/3"', "0.3"))
        simulated = rescore.simulate(sheet)
        simulated.to_json()
        attribution.attribute(sheet).to_json()
        half = (simulated.before.total + simulated.after.total) / 2
        for by in ("effort", "date"):
            path.find(sheet, f"points={half}", by).to_json()
        if isinstance(sheet, CopcSheet):
            outlook.edges(sheet)
        assert parse(to_json(sheet)) == sheet


def test_at_full_marks_only_more_improvement_and_the_word_are_left_to_turn() -> None:
    kinds = Counter(kind for kind, _ in turned(builders.sheet()))

    assert kinds == {"improving": 12, "compliant": 1}
