"""The examples worked by hand, G1 to G22; their numbers stand in `examples.json`."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from scoring import catalogue, judging, metrics, rescore, results, variation
from scoring.policy import Policy
from scoring.sheet import parse
from tests.scoring import builders

G: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
COPC = catalogue.load(catalogue.COPC)


def share_of(percent: str) -> tuple[int, int]:
    share = Fraction(percent) / 100
    return share.numerator, share.denominator


def scored(plain: dict[str, Any]) -> results.CopcResult:
    result = rescore.score(parse(plain))
    assert isinstance(result, results.CopcResult)
    return result


def item_of(item_id: str, entry: dict[str, Any], tier: str = "standard", **policy: str) -> results.ItemResult:
    name = "_" + item_id.replace(".", "_")
    keys = {f"copc.{key}": value for key, value in policy.items()}
    return scored(builders.sheet(tier, keys, **{name: entry})).items[item_id]


@pytest.mark.parametrize(("percent", "score"), G["G1"]["approach"])
def test_g1_approach_band_edges(percent: str, score: int) -> None:
    assert judging.band(COPC.bands["approach"], *share_of(percent)) == score


@pytest.mark.parametrize(("percent", "score"), G["G1"]["deployment"])
def test_g1_deployment_band_edges(percent: str, score: int) -> None:
    assert judging.band(COPC.bands["deployment"], *share_of(percent)) == score


@pytest.mark.parametrize(("deployed", "units", "score"), G["G2"]["cases"])
def test_g2_deployment_by_units(deployed: int, units: int, score: int) -> None:
    names = [f"p{n}" for n in range(units)]
    plain = builders.sheet(_2_1=builders.item("2.1", deployed=names[:deployed]))
    plain["programmes"] = names
    for entry in plain["items"].values():
        if "deployed" in entry and entry["deployed"] == builders.PROGRAMMES:
            entry["deployed"] = names

    assert scored(plain).items["2.1"].dimensions["deployment"] == score


@pytest.mark.parametrize(("tier", "points"), [("standard", "points_std"), ("gold", "points_gold")])
def test_g3_the_minimum_counts(tier: str, points: str) -> None:
    g = G["G3"]
    entry = builders.item("2.1", lines=builders.lines("2.1", 8, 2), deployed=builders.PROGRAMMES[:6])

    found = item_of("2.1", entry, tier)

    assert found.dimensions == {"approach": g["A"], "deployment": g["D"]}
    assert (str(found.percent), str(found.points)) == (g["item_pct"], g[points])


def test_g4_a_line_that_is_not_applicable_leaves_both_sides() -> None:
    g = G["G4"]
    lines = builders.lines("2.1", g["lines_met"], g["lines_applicable"] - g["lines_met"])

    found = item_of("2.1", builders.item("2.1", lines=lines | {"2.1-2a": "not_applicable"}))

    assert found.dimensions == {"approach": g["A"], "deployment": g["D"]}
    assert (str(found.percent), str(found.points)) == (g["item_pct"], g["points_std"])


@pytest.mark.parametrize(("tier", "points"), [("standard", "points_std"), ("gold", "points_gold")])
def test_g5_the_mean_counts_in_category_4(tier: str, points: str) -> None:
    g = G["G5"]
    entry = builders.item("4.3", lines=builders.lines("4.3", 3, 1), metrics=builders.metrics(20, 8, 2))

    found = item_of("4.3", entry, tier)

    assert found.dimensions == {"approach": g["A"], "level": g["L"], "trend": g["T"]}
    assert (str(found.percent), str(found.points)) == (g["item_pct"], g[points])


@pytest.mark.parametrize(("met", "required", "standard", "gold"), G["G6"]["cases"])
def test_g6_level_edges(met: int, required: int, standard: int, gold: int) -> None:
    entry = builders.item("4.3", metrics=builders.metrics(required, met, 2))

    assert item_of("4.3", entry).dimensions["level"] == standard
    assert item_of("4.3", entry, "gold").dimensions["level"] == gold


@pytest.mark.parametrize(("improving", "score"), G["G7"]["counts"])
def test_g7_trend_counts(improving: int, score: int) -> None:
    entry = builders.item("4.3", metrics=builders.metrics(6, 6, improving))

    assert item_of("4.3", entry).dimensions["trend"] == score


@pytest.mark.parametrize("reading", ["literal", "capped"])
def test_g7_an_item_with_one_metric(reading: str) -> None:
    g = G["G7"]["one_metric"]
    entry = builders.item(g["item"], metrics=builders.metrics(1, 1, 1))

    found = item_of(g["item"], entry, "gold", trend_one_metric=reading)

    assert found.dimensions["trend"] == g[reading]["T"]
    assert str(found.percent) == g[reading]["item_pct"]
    assert str(found.points) == g[reading]["points_gold"]


def cui_metrics(ignored: bool = False) -> list[dict[str, Any]]:
    """Six metrics: four look met, two of them fail integrity; one of the two improving ones is among these."""
    found = builders.metrics(6, 4, 0)
    found[0]["improving"] = found[3]["improving"] = True
    for metric in found[2:4]:
        metric["integrity"] = ignored
    return found


@pytest.mark.parametrize(("name", "policy"), [("keep", "keep"), ("drop", "drop"), ("ignored", "keep")])
def test_g8_a_metric_with_bad_data(name: str, policy: str) -> None:
    g = G["G8"]
    entry = builders.item("4.4", metrics=cui_metrics(ignored=name == "ignored"))

    found = item_of("4.4", entry, cui_denominator=policy)

    assert found.dimensions == {"approach": g["A"], "level": g[name]["L"], "trend": g[name]["T"]}
    assert (str(found.percent), str(found.points)) == (g[name]["item_pct"], g[name]["points_std"])


@pytest.mark.parametrize(("tier", "name"), [("standard", "std"), ("gold", "gold")])
def test_g9_a_missing_required_metric(tier: str, name: str) -> None:
    g = G["G9"]
    found_metrics = [*builders.metrics(3, g["met"], g["improving"]), {"id": "not-measured"}]
    entry = builders.item("4.6", lines=builders.lines("4.6", 3, 1), metrics=found_metrics)
    plain = builders.sheet(tier, _4_6=entry)

    result = scored(plain)

    found = result.items["4.6"]
    assert found.dimensions == {"approach": g["A"], "level": g[name]["L"], "trend": g[name]["T"]}
    assert (str(found.percent), str(found.points)) == (g[name]["item_pct"], g[name]["points"])
    assert any("not-measured" in h.text() and "finding on 2.6" in h.text() for h in result.hints)


@pytest.mark.parametrize("compliant", [False, True])
def test_g10_the_word_on_4_7(compliant: bool) -> None:
    g = G["G10"]
    entry = builders.item("4.5", metrics=builders.metrics(4, 4, 0))
    plain = builders.sheet(_4_5=entry, _4_7=builders.item("4.7", compliant=compliant))
    gold = builders.sheet("gold", _4_5=entry, _4_7=builders.item("4.7", compliant=compliant))

    found, found_gold = scored(plain).items["4.5"], scored(gold).items["4.5"]

    wanted = g["with_c47"] if compliant else g["without"]
    assert found.dimensions["trend"] == wanted.get("T", 0)
    assert (str(found.percent), str(found.points)) == (wanted["item_pct"], wanted["points_std"])
    assert found_gold.dimensions["trend"] == g["gold"]["T"]
    assert str(found_gold.points) == g["gold"]["points_gold"]


@pytest.mark.parametrize(
    ("name", "met", "effect"),
    [("waive_lines", 3, "waive_lines"), ("auto_trend", 3, "auto_trend"), ("no_rule", 2, "waive_lines")],
)
def test_g11_the_75_percent_rule(name: str, met: int, effect: str) -> None:
    g = G["G11"]
    entry = builders.item(
        "4.2",
        lines=builders.lines("4.2", g["lines_met"], 0, g["waivable_unmet"]),
        metrics=builders.metrics(4, met, 1),
    )

    found = item_of("4.2", entry, note3_effect=effect)

    assert found.dimensions == {"approach": g[name]["A"], "level": g[name]["L"], "trend": g[name]["T"]}
    assert (str(found.percent), str(found.points)) == (g[name]["item_pct"], g[name]["points_std"])


def overruled(scores: dict[str, int]) -> dict[str, Any]:
    return scores | {"reason": "set by the example"}


def sheet_of(g: dict[str, Any], tier: str = "standard") -> dict[str, Any]:
    """A full sheet with the example's shortfalls; approach falls short only where the example says so."""
    plain = builders.sheet(tier)
    for item_id, percent in g.get("pct", {}).items():
        name = "approach" if item_id in g.get("approach_short", ()) else "deployment"
        plain["items"][item_id]["overrule"] = overruled({name: int(percent)})
    for item_id, (approach, level, trend) in g.get("alt", {}).items():
        scores = {"approach": approach, "level": level, "trend": trend}
        plain["items"][item_id]["overrule"] = overruled(scores)
    return plain


@pytest.mark.parametrize("name", ["G12", "G13a", "G13b", "G14", "G15", "G16"])
def test_g12_to_g16_totals_and_verdicts(name: str) -> None:
    g = G[name]

    result = scored(sheet_of(g))

    assert str(result.total) == g["total_std"]
    assert str(result.categories["4"].points) == g["cat4"]
    assert result.verdict == g["verdict"]


def test_g12_gold_full_marks() -> None:
    result = scored(builders.sheet("gold"))

    assert (result.total, result.verdict) == (3000, "meets")


def test_g16_rounded_percents_would_have_failed() -> None:
    g = G["G16"]
    items = scored(sheet_of(g)).items.values()

    for places, wanted in ((1, g["rounded_1dp_total"]), (2, g["rounded_2dp_total"])):
        total = sum(
            round(item.percent, places) * item.max / 100 for item in items if item.percent is not None
        )
        assert Fraction(wanted) == total


def test_g17_gold() -> None:
    g = G["G17"]
    level = g["level_11_20"]
    entry = builders.item("4.3", metrics=builders.metrics(20, 11, 2))

    assert item_of("4.3", entry).dimensions["level"] == level["std"]
    assert item_of("4.3", entry, "gold").dimensions["level"] == level["gold"]
    result = scored(sheet_of(g, "gold"))
    assert str(result.total) == g["total_gold"]
    assert result.verdict == "meets_lenient_only"
    assert result.condition("total").needs == 2850


def test_g18_a_blank_item() -> None:
    g = G["G18"]

    result = scored(builders.sheet(_3_5=None))

    assert list(result.blank) == g["blank"]
    assert str(result.total) == g["sum_scored"]
    assert result.verdict == g["verdict"]
    assert result.condition("total").holds is None


@pytest.mark.parametrize("case", G["G19"]["cases"])
def test_g19_range_and_standard_deviation(case: dict[str, Any]) -> None:
    data = [Fraction(value) for value in case["data"]]

    bond, spread = variation.bond_coefficient(data), variation.spread_ratio(data)

    assert bond is not None
    assert spread is not None
    assert (bond.shown, bond.flagged) == (case["range_over_mean"], case["var1"])
    assert (spread.shown, spread.flagged) == (case["sd_over_mean6"], case["var2"])


@pytest.mark.parametrize("case", G["G19"]["sigma"])
def test_g19_process_sigma(case: dict[str, Any]) -> None:
    found = variation.process_sigma(case["defects"], case["opportunities"])

    assert found is not None
    assert found.shown == f"{case['sigma']:.4f}" if isinstance(case["sigma"], float) else case["sigma"]
    assert found.flagged == case["var3"]


def series(values: list[int]) -> dict[str, str]:
    return {f"2026-{month:02}": str(value) for month, value in enumerate(values, start=1)}


@pytest.mark.parametrize(("met", "periods", "meets"), G["G20"]["meet"])
def test_g20_meeting_target(met: int, periods: int, meets: bool) -> None:
    values = series([1] * met + [0] * (periods - met))
    metric = {"id": "m", "better": "higher", "target": "1", "values": values}
    sheet = parse(builders.sheet(_4_3=builders.item("4.3", metrics=[metric])))

    found = metrics.facts(sheet.items["4.3"].metrics[0], Policy())

    assert found.meets is meets
    assert found.provisional is (periods < 6)


@pytest.mark.parametrize("case", G["G20"]["si"])
def test_g20_sustained_improvement(case: dict[str, Any]) -> None:
    values = [Fraction(value) for value in case["p"]]

    assert metrics.sustained_improvement(values, lower=case["lower"]) is case["yes"]


def g21_sheet() -> dict[str, Any]:
    plain = builders.sheet(
        _1_2=builders.item("1.2", lines=builders.lines("1.2", 4, 1)),
        _2_3=builders.item("2.3", deployed=builders.PROGRAMMES[:7]),
        _3_3=builders.item("3.3", deployed=builders.POSITIONS[:8]),
        _4_1=builders.item("4.1", metrics=builders.metrics(4, 2, 2)),
        _4_2=builders.item("4.2", metrics=builders.metrics(4, 2, 2)),
        _4_3=builders.item("4.3", metrics=builders.metrics(6, 3, 2)),
        _4_4=builders.item("4.4", metrics=cui_metrics()),
        _4_5=builders.item("4.5", metrics=builders.metrics(4, 2, 2)),
        _4_6=builders.item(
            "4.6",
            lines=builders.lines("4.6", 3, 1),
            metrics=[
                *builders.metrics(3, 1, 0),
                {"id": "missing", "collected": False, "meets_target": True, "improving": True},
            ],
        ),
        _4_7=builders.item("4.7", compliant=False),
    )
    plain["gaps"] = [
        builders.gap("NC-01", {"item": "1.2", "line": "1.2-4"}),
        builders.gap("NC-02", *({"item": "2.3", "unit": unit} for unit in builders.PROGRAMMES[7:9])),
        builders.gap("NC-03", {"item": "3.3", "unit": builders.POSITIONS[8]}),
        builders.gap("NC-04", *({"item": "4.4", "metric": f"metric-{n}", "fact": "cui"} for n in (2, 3))),
        builders.gap(
            "NC-05", {"item": "4.6", "line": "4.6-3"}, {"item": "4.6", "metric": "missing", "fact": "cui"}
        ),
        builders.gap("WORD", {"item": "4.7", "fact": "compliant"}),
    ]
    return plain


NAMES = ["NC-01", "NC-02", "NC-03", "NC-04", "NC-05", "WORD"]


@pytest.mark.parametrize("step", range(7))
def test_g21_closures_move_the_total(step: int) -> None:
    g = G["G21"]["steps"][step]

    result = rescore.simulate(parse(g21_sheet()), NAMES[:step]).after

    assert isinstance(result, results.CopcResult)
    assert str(result.total) == g["total"]
    assert str(result.categories["4"].points) == g["cat4"]
    assert result.verdict == g["verdict"]
    for item_id, scores in g["s"].items():
        # The example states the scores before note 4 lifts the trend.
        assert list(result.judgements[item_id].scores.values()) == scores
    assert result.compliant is g["c47"]


@pytest.mark.parametrize(("step", "closed"), [(0, 4), (1, 5)])
def test_g21_with_the_computed_word(step: int, closed: int) -> None:
    plain = g21_sheet()
    plain["policy"] = {"copc.c47_compliant": "computed"}

    result = rescore.simulate(parse(plain), NAMES[:closed]).after

    assert str(result.total) == G["G21"]["computed_switch"][step]["total"]


@pytest.mark.parametrize("case", G["G22"]["cases"])
def test_g22_see_cmm(case: dict[str, Any]) -> None:
    plain = builders.see_sheet(case["enablers"], case["results"])

    result = rescore.score(parse(plain))
    eighths = rescore.score(parse(plain | {"policy": {"see.weighting": "eighths"}}))

    assert [entry.level for entry in result.criteria.values()] == case["levels"]
    assert str(result.enabler_points) == case["enabler_points"]
    assert str(result.result_points) == case["result_points"]
    assert str(result.total) == case["total"]
    assert result.overall_level == case["overall"]
    if "total_eighths" in case:
        assert eighths.total == Fraction(case["total_eighths"])
