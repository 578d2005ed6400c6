"""What an earlier result is good for: nothing that has not moved is judged again, and nothing that has is kept."""

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from scoring import copc, judging, outlook, rescore
from scoring.catalogue import Item
from scoring.facts import CopcSheet, LineFact, Metric
from scoring.results import CopcResult
from scoring.sheet import SheetFaults, parse, to_json
from tests.scoring import builders
from tests.scoring.builders import gap, item, lines, metrics

Plain = dict[str, Any]


def items_of(plain: Plain) -> CopcSheet:
    sheet = parse(plain)
    assert isinstance(sheet, CopcSheet)
    return sheet


def with_item(sheet: CopcSheet, plain: Plain, name: str) -> CopcSheet:
    """The sheet with the facts of one item of another sheet; all others stay the very objects."""
    changed = items_of(plain).items[name]
    return CopcSheet(
        **{key: getattr(sheet, key) for key in CopcSheet.__slots__}
        | {"items": {**sheet.items, name: changed}}
    )


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The items that are judged or finished while a test runs, in order."""
    seen: list[str] = []
    judge, finish = judging.judge, copc._finish

    def judged(entry: Item, *rest: Any) -> Any:
        seen.append(f"judge {entry.id}")
        return judge(entry, *rest)

    def finished(entry: Item, *rest: Any) -> Any:
        seen.append(f"finish {entry.id}")
        return finish(entry, *rest)

    monkeypatch.setattr(copc, "judge", judged)
    monkeypatch.setattr(copc, "_finish", finished)
    return seen


LESS = builders.sheet(_1_2=item("1.2", lines=lines("1.2", 3, 1)), _4_7=None, _1_1=None)
FULL = builders.sheet(_4_7=None, _1_1=None)


def test_only_the_item_that_moved_is_scored_again(worked: list[str]) -> None:
    before = items_of(LESS)
    earlier = copc.score(before)
    after = with_item(before, FULL, "1.2")
    worked.clear()

    found = copc.score(after, earlier)

    assert worked == ["judge 1.2", "finish 1.2"]
    assert found == copc.score(after)
    assert all(found.items[name] is earlier.items[name] for name in found.items if name != "1.2")


def test_a_gain_is_reckoned_from_the_item_that_moved_alone(worked: list[str]) -> None:
    before = items_of(LESS)
    earlier = copc.score(before)
    worked.clear()

    assert copc.gain(with_item(before, FULL, "1.2"), earlier) == 10
    assert worked == ["judge 1.2", "finish 1.2"]


@pytest.mark.parametrize("changed", [{"tier": "gold"}, {"policy": {"copc.cert_policy": "lenient"}}])
def test_a_result_by_other_rules_is_good_for_nothing(changed: Plain, worked: list[str]) -> None:
    earlier = copc.score(items_of(LESS))
    sheet = items_of(LESS | changed)
    worked.clear()

    found = copc.score(sheet, earlier)

    assert len(worked) > 30
    assert found == copc.score(sheet)
    assert copc.gain(sheet, earlier) == found.total - earlier.total


def test_the_word_on_4_7_moves_the_items_that_it_lifts_and_no_other(worked: list[str]) -> None:
    weak = {"_4_1": item("4.1", metrics=metrics(4, 4, 1))}
    before = items_of(builders.sheet(**weak, _4_7=item("4.7", compliant=False)))
    earlier = copc.score(before)
    after = with_item(before, builders.sheet(**weak, _4_7=item("4.7", compliant=True)), "4.7")
    worked.clear()

    found = copc.score(after, earlier)

    assert worked == [*(f"finish 4.{n}" for n in range(1, 7)), "finish 4.7"]
    assert found.total - earlier.total == Fraction(100, 6)


def test_an_item_that_nobody_assessed_has_its_dimensions_and_none_of_the_others() -> None:
    result = copc.score(items_of(builders.sheet(_2_3=None, _4_2=None)))

    assert result.items["2.3"].dimensions == {"approach": None, "deployment": None}
    assert result.items["4.2"].dimensions == {"approach": None, "level": None, "trend": None}


@pytest.mark.parametrize(
    ("met", "counted", "applies"),
    [
        (0, 0, False),
        (1, 1, True),
        (0, 1, False),
        (3, 4, True),
        (2, 3, False),
        (74, 99, False),
        (75, 100, True),
    ],
)
def test_note_3_asks_for_three_quarters_of_at_least_one_metric(met: int, counted: int, applies: bool) -> None:
    assert judging.note_3_applies(met, counted) is applies


@pytest.mark.parametrize(
    ("improving", "required", "literal", "capped"),
    [
        (0, 1, 0, 0),
        (1, 1, 50, 100),
        (0, 2, 0, 0),
        (1, 2, 50, 50),
        (2, 2, 100, 100),
        (1, 9, 50, 50),
        (2, 9, 100, 100),
    ],
)
def test_a_trend_asks_for_two_metrics_or_capped_for_as_many_as_there_are(
    improving: int, required: int, literal: int, capped: int
) -> None:
    assert judging.trend_score(improving, required, "literal") == literal
    assert judging.trend_score(improving, required, "capped") == capped


@pytest.mark.parametrize(
    ("met", "unmet", "waivable", "waive", "score"),
    [
        (3, 1, 0, False, 75), (3, 0, 1, False, 75), (3, 0, 1, True, 100), (2, 1, 1, False, 50), (3, 1, 1, True, 75),
        (0, 0, 1, True, 100), (0, 0, 1, False, 0), (0, 0, 0, True, None), (0, 0, 0, False, None),
    ],
)  # fmt: skip
def test_an_approach_with_and_without_the_lines_that_may_be_waived(
    met: int, unmet: int, waivable: int, waive: bool, score: int | None
) -> None:
    bands = ((25, 25), (50, 50), (75, 75), (100, 100))

    assert judging.approach_score(bands, met, unmet, waivable, waive) == score


def test_a_metric_whose_data_a_closure_released_may_still_fail() -> None:
    released = Metric("m", meets_target=True, improving=True, integrity=False, cui_released=True)
    sheet = items_of(builders.sheet(_4_2=item("4.2", metrics=metrics(1, 1, 1))))
    sheet = replace(sheet, items={**sheet.items, "4.2": replace(sheet.items["4.2"], metrics=(released,))})

    result = rescore.score(sheet)
    assert isinstance(result, CopcResult)
    found = [edge for edge in outlook.edges_of(sheet, "4.2", result) if edge.kind == "cui"]

    assert [edge.facts for edge in found] == [("m",)]


# ---------------------------------------------------------------- what a change stirs


def a_register() -> Plain:
    entry = {"metrics": metrics(2, 0, 0)}
    return to_json(
        parse(
            builders.sheet(
                policy={"metric.window": 6},
                _1_2=item("1.2", lines=lines("1.2", 3, 1)),
                _2_7=item("2.7", lines=lines("2.7", 3, 1)),
                _4_2=item("4.2", **entry),
                _4_7=item("4.7", compliant=False),
                gaps=[
                    gap("A", {"item": "1.2", "line": "1.2-3"}),
                    gap("B", {"item": "2.7", "line": "2.7-3"}),
                    gap("C", {"item": "4.2", "metric": "metric-0", "fact": "meets"}),
                    gap("D", {"item": "4.7", "fact": "compliant"}),
                    gap("E"),
                ],
            )
        )
    )


def stirred(change: Plain) -> set[str]:
    before, after = a_register(), deepcopy(a_register())
    for path, value in change.items():
        *steps, last = path.split("/")
        place: Any = after
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        place[int(last) if isinstance(place, list) else last] = value
    return set(rescore.stirred(before, after, items_of(before).catalogue))


@pytest.mark.parametrize(
    ("change", "gaps"),
    [
        ({}, ""),
        ({"site": "elsewhere"}, ""),
        ({"format": "score-sheet/2"}, "ABCDE"),
        ({"standard": "copc-2000-csp@4.3"}, "ABCDE"),
        ({"policy/metric.window": 12}, "ABCDE"),
        ({"tier": "gold"}, "ABCDE"),
        ({"programmes": ["one"]}, "ABCDE"),
        ({"key_positions": ["one"]}, "ABCDE"),
        ({"as_of": "2026-07-31"}, "CD"),
        ({"items/1.2/lines/1.2-0": "not_met"}, "A"),
        ({"items/2.3": {}}, ""),
        ({"items/4.1": {}}, "CD"),
        ({"items/4.7/compliant": True}, "CD"),
        ({"gaps/0/releases": [{"item": "2.7", "line": "2.7-3"}]}, "AB"),
        ({"gaps/4/releases": [{"item": "1.2", "line": "1.2-3"}]}, "AE"),
        ({"gaps/4/id": "F"}, ""),
        ({"gaps/1/id": "F"}, "F"),
        ({"gaps/1/effort": "7"}, ""),
    ],
)
def test_a_change_stirs_the_gaps_on_what_it_moves(change: Plain, gaps: str) -> None:
    assert stirred(change) == set(gaps)


def test_a_register_without_gaps_stirs_none() -> None:
    before = to_json(parse(builders.sheet()))
    standard = items_of(before).catalogue

    assert "gaps" not in before
    assert rescore.stirred(before, before | {"tier": "gold"}, standard) == frozenset()
    assert rescore.stirred(before, before | {"as_of": "2026-07-31"}, standard) == frozenset()


def test_a_line_that_is_released_keeps_its_flag() -> None:
    facts = items_of(builders.sheet(_1_2=item("1.2", lines=lines("1.2", 1, 0, 1)))).items["1.2"]

    found = rescore.release_facts(facts, [rescore.Release("line", "1.2", "1.2-1")])

    assert found.lines["1.2-1"] == LineFact("met", True)


def test_every_gap_that_cannot_be_closed_is_named() -> None:
    sheet = parse(builders.sheet(gaps=[gap("A"), gap("B", needs=["A"]), gap("C", needs=["A", "B"])]))

    with pytest.raises(SheetFaults) as caught:
        rescore.simulate(sheet, ["Z", "C", "Y"])

    assert [str(fault) for fault in caught.value.faults] == [
        "close: unknown gap: 'Z'",
        "close: C needs A, B, which stays open",
        "close: unknown gap: 'Y'",
    ]
