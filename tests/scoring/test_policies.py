"""Policy switches, overrules, notes and the order in which they act: one case each."""

from typing import Any

import pytest

from scoring import rescore
from scoring.policy import SWITCHES, Policy
from scoring.results import CopcResult, ItemResult
from scoring.sheet import parse
from tests.scoring import builders
from tests.scoring.builders import item, lines, metrics

OVER = {"reason": "seen on site"}


def scored(plain: dict[str, Any]) -> CopcResult:
    result = rescore.score(parse(plain))
    assert isinstance(result, CopcResult)
    return result


def one(item_id: str, entry: dict[str, Any] | None, tier: str = "standard", **policy: Any) -> ItemResult:
    keys = {f"copc.{key}": value for key, value in policy.items()}
    return scored(builders.sheet(tier, keys, **{"_" + item_id.replace(".", "_"): entry})).items[item_id]


def series(*values: object, **parts: Any) -> dict[str, Any]:
    year = 2026 if len(values) <= 6 else 2025
    months = {f"{year}-{month:02}": str(value) for month, value in enumerate(values, start=1)}
    return {"id": "m", "better": "higher", "target": "10", "values": months, **parts}


def test_a_result_names_every_switch_with_its_value() -> None:
    shown = scored(builders.sheet()).to_json()["policy"]

    assert list(shown) == list(SWITCHES)
    assert shown == Policy().to_json()
    assert (shown["copc.gold_pass_points"], shown["metric.window"], shown["metric.meet_share"]) == (
        "2850",
        6,
        "2/3",
    )


def test_the_gold_mark_is_a_switch() -> None:
    result = scored(builders.sheet("gold", {"copc.gold_pass_points": "3001"}))

    assert result.verdict == "not_met"
    assert result.condition("total").needs == 3001


# Approach


def test_a_line_not_assessed_makes_the_approach_blank() -> None:
    found = one("1.2", item("1.2", lines={"a": "met", "b": "not_assessed"}))

    assert (found.dimensions["approach"], found.percent, found.points) == (None, None, None)


@pytest.mark.parametrize("given", [{}, {"a": "not_applicable"}])
def test_no_applicable_line_makes_the_approach_blank(given: dict[str, str]) -> None:
    assert one("1.2", item("1.2", lines=given)).dimensions["approach"] is None


def test_where_only_waived_lines_remain_the_approach_is_full() -> None:
    found = one("4.2", item("4.2", lines=lines("4.2", 0, 0, 2), metrics=metrics(4, 3, 2)))

    assert found.dimensions["approach"] == 100
    assert found.tallies["approach"].waived == ("4.2-0", "4.2-1")


def test_a_flagged_line_that_is_met_stays_counted() -> None:
    given = {"a": {"status": "met", "improvement_approach": True}, "b": "not_met"}

    assert one("4.2", item("4.2", lines=given)).dimensions["approach"] == 50


def test_note_3_does_not_reach_category_2() -> None:
    assert one("2.3", item("2.3", lines=lines("2.3", 1, 0, 1))).dimensions["approach"] == 50


# Deployment


@pytest.mark.parametrize(
    ("parts", "score"),
    [
        ({"deployed": None}, None),
        ({"in_scope": []}, None),
        ({"deployed": []}, 0),
        ({"in_scope": ["programme-01"], "deployed": ["programme-01", "programme-02"]}, 100),
        ({"in_scope": ["programme-03"], "deployed": ["programme-01"]}, 0),
    ],
)
def test_deployment_counts_the_units_in_scope(parts: dict[str, Any], score: int | None) -> None:
    assert one("2.3", item("2.3", **parts)).dimensions["deployment"] == score


# Overrules


def test_an_overrule_keeps_the_computed_score_beside_it() -> None:
    found = one("1.2", item("1.2", lines=lines("1.2", 1, 1), overrule={"approach": 75, **OVER}))

    assert found.dimensions["approach"] == 75
    assert found.to_json()["computed"] == {"approach": 50}
    assert "overruled to 75 (computed 50): seen on site" in found.reasons[0].text("en")


def test_an_overrule_fills_what_cannot_be_computed() -> None:
    found = one("4.2", {"lines": {"a": "met"}, "overrule": {"level": 100, "trend": 50, **OVER}})

    assert (found.dimensions, str(found.percent)) == ({"approach": 100, "level": 100, "trend": 50}, "250/3")
    assert found.computed == {"level": None, "trend": None}


# Level and trend


def test_dropping_every_metric_leaves_the_level_blank_and_the_trend_0() -> None:
    bad = [metric | {"usable": False} for metric in metrics(2, 2, 2)]

    assert one("4.2", item("4.2", metrics=bad), cui_denominator="drop").dimensions["level"] is None
    assert one("4.2", item("4.2", metrics=bad), cui_denominator="drop").dimensions["trend"] == 0
    assert one("4.2", item("4.2", metrics=bad)).dimensions["level"] == 0


def test_capped_counts_the_required_metrics_even_when_some_are_dropped() -> None:
    given = metrics(2, 2, 1)
    given[1]["integrity"] = False

    assert one(
        "4.2", item("4.2", metrics=given), cui_denominator="drop", trend_one_metric="capped"
    ).dimensions["trend"] == (50)


@pytest.mark.parametrize("given", [None, [], [{"id": "m", "required": False, "meets_target": True}]])
def test_without_a_required_metric_level_and_trend_are_blank(given: Any) -> None:
    found = one("4.2", item("4.2", metrics=given))

    assert (found.dimensions["level"], found.dimensions["trend"]) == (None, None)


@pytest.mark.parametrize(
    ("metric", "failing", "meets", "improving"),
    [
        ({"id": "m"}, "C", False, False),
        ({"id": "m", "meets_target": True}, "", True, False),
        ({"id": "m", "improving": True}, "", False, True),
        ({"id": "m", "meets_target": True, "collected": False}, "C", False, False),
        (series(11, 11), "C", False, False),
        (series(11, 11, meets_target=True), "", True, False),
        (series(11, 11, improving=True), "C", False, False),
        ({k: v for k, v in series(11, 11, 11).items() if k != "target"}, "U", False, False),
        (series(11, 11, 9), "", True, False),
        (series(9, 9, 9, 11, 11, 11), "", False, True),
        (series(10, 10, 10), "", True, False),
        (series(11, 12, 13, 10, 10, 10, better="lower"), "", False, True),
        (series(), "C", False, False),
        (series(9, 9, 9, 9, 11, 11, 11, 11), "", True, True),
        (series(11, 11, 11, target={"2026-03": "10"}), "", False, False),
        (series(11, 11, 11, target={"2026-01": "10", "2026-03": "12"}), "", True, False),
        (series(10, 12, 13, better="range", target={"low": "10", "high": "12"}), "", True, False),
        (series(15, 15, 15, 14, 13, 12, better="range", target={"low": "10", "high": "12"}), "", False, True),
        (series(15, 15, 15, 14, 13, 12, better="range", target={"2026-02": {"low": "10", "high": "12"}}), "",
         False, False),
    ],
)  # fmt: skip
def test_facts_of_a_metric(metric: dict[str, Any], failing: str, meets: bool, improving: bool) -> None:
    (found,) = one("4.2", item("4.2", metrics=[metric])).metrics

    assert ("".join(found.failing), found.meets, found.improving) == (failing, meets, improving)


def test_window_and_share_decide_meeting_target_only() -> None:
    plain = builders.sheet(
        policy={"metric.window": 3, "metric.meet_share": "1"},
        _4_2=item("4.2", metrics=[series(9, 9, 9, 11, 11, 11)]),
    )

    (found,) = scored(plain).items["4.2"].metrics
    assert (found.meets, found.improving, found.provisional) == (True, True, False)


# Item 4.7 and note 4


def compliant(**parts: Any) -> dict[str, Any]:
    return item("4.7", compliant=True, **parts)


def test_note_4_wins_over_an_overrule_and_over_what_cannot_be_computed() -> None:
    plain = builders.sheet(
        _4_2=item("4.2", overrule={"trend": 50, **OVER}),
        _4_5={"lines": {"a": "met"}, "overrule": {"level": 100, **OVER}},
        _4_6=None,
        _4_7=compliant(),
    )

    items = scored(plain).items

    assert items["4.2"].dimensions["trend"] == 100
    assert items["4.5"].dimensions["trend"] == 100
    assert items["4.6"].dimensions["trend"] is None


def test_note_4_leaves_4_7_itself_alone() -> None:
    plain = builders.sheet(
        **{f"_4_{n}": item(f"4.{n}", metrics=metrics(4, 4, 0)) for n in range(1, 7)}, _4_7=compliant()
    )

    items = scored(plain).items

    assert (items["4.1"].dimensions["trend"], items["4.7"].dimensions["trend"]) == (100, 0)


def test_the_computed_word_reads_4_7_after_its_own_overrule() -> None:
    plain = builders.sheet(
        policy={"copc.c47_compliant": "computed"},
        _4_1=item("4.1", metrics=metrics(4, 4, 0)),
        _4_7=item("4.7", lines=lines("4.7", 1, 1), overrule={"approach": 100, **OVER}),
    )

    assert scored(plain).items["4.1"].dimensions["trend"] == 100
    del plain["items"]["4.7"]["overrule"]
    assert scored(plain).items["4.1"].dimensions["trend"] == 0


def test_4_7_counts_the_metrics_of_blank_items_and_in_gold_those_of_the_gold_items() -> None:
    standard = builders.sheet(_4_1={"metrics": metrics(4, 4, 4)})
    gold = builders.sheet("gold")

    assert scored(standard).items["4.1"].percent is None
    assert scored(standard).items["4.7"].tallies["level"].count == 24
    assert scored(gold).items["4.7"].tallies["level"].count == 32


def test_note_3_holds_for_4_7_too() -> None:
    assert one("4.7", item("4.7", lines=lines("4.7", 1, 0, 1))).dimensions["approach"] == 100


# Conditions


def test_a_condition_with_a_blank_item_in_its_range_is_open_and_lists_the_known_shortfalls() -> None:
    plain = builders.sheet(_1_2=item("1.2", lines=lines("1.2", 1, 1)), _2_3=item("2.3", deployed=None))

    result = scored(plain)

    assert result.verdict == "incomplete"
    condition = result.condition("approach_1_3")
    assert (condition.holds, condition.items) == (None, ("1.2",))
    assert result.condition("category_4_full").holds is True


@pytest.mark.parametrize("cert_policy", ["strict", "lenient"])
def test_the_verdict_passes_by_the_chosen_reading(cert_policy: str) -> None:
    result = scored(builders.sheet(_4_1=item("4.1", metrics=metrics(4, 1, 2))))

    assert result.verdict.passes(cert_policy) is (cert_policy == "lenient")


def test_a_closure_under_an_overrule_gives_a_hint() -> None:
    gaps = [builders.gap("NC-1", {"item": "1.2", "line": "1.2-0"})]
    entry = item("1.2", lines=lines("1.2", 0, 1), overrule={"approach": 50, **OVER})

    hints = [hint.text() for hint in scored(builders.sheet(gaps=gaps, _1_2=entry)).hints]

    assert hints[-1:] == ["closing NC-1 moves nothing in the approach of 1.2: it is overruled"]
