"""Release 4.3 beside 4.1: its own points, the same rules, the same commands."""

import json
from fractions import Fraction

import pytest

from scoring import attribution, catalogue, path, rescore
from scoring.sheet import SheetFaults, parse
from tests.scoring import builders

NEW, OLD = catalogue.load(catalogue.COPC_4_3), catalogue.load(catalogue.COPC)
CATEGORY_2 = {"2.1": 60, "2.2": 100, "2.3": 80, "2.4": 100, "2.5": 100, "2.6": 80, "2.7": 40, "2.G.F": 40}


def of_4_3(gaps: list[builders.Plain] | None = None, **items: builders.Plain | None) -> builders.Plain:
    return builders.sheet(gaps=gaps, of=catalogue.COPC_4_3, **items)


def test_release_4_3_moves_one_item_into_the_standard_and_takes_its_points_from_two() -> None:
    points = {item.id: item.points["standard"] for item in NEW.items}

    assert {name: value for name, value in points.items() if name.startswith("2.")} == CATEGORY_2
    assert len(points) == 22
    assert sum(points.values()) == NEW.tiers["standard"].max == 2000
    assert set(NEW.tiers) == {"standard"}
    assert NEW.tiers["standard"].pass_points == 1900
    assert {name for name in points if OLD.item(name).points.get("standard") != points[name]} == {
        "2.3",
        "2.6",
        "2.G.F",
    }


def test_names_are_those_of_the_earlier_release_and_no_line_claims_to_restate_this_one() -> None:
    assert NEW.item("2.G.F").name.en == "Data and Information Availability and Update"
    assert all(item.name == OLD.item(item.id).name for item in NEW.items)
    assert all(line.outline for item in NEW.items for line in item.lines)
    assert all(
        [a.text for a in item.lines] == [b.text for b in OLD.item(item.id).lines] for item in NEW.items
    )
    assert NEW.content_hash != OLD.content_hash


def test_a_full_sheet_meets_the_mark() -> None:
    result = rescore.score(parse(of_4_3()))

    assert (result.total, result.max) == (2000, 2000)
    assert result.to_json()["verdict"] == "meets"
    assert result.to_json()["categories"]["2"] == {"points": "600", "max": "600"}
    assert [entry["id"] for entry in result.to_json()["conditions"]] == [
        "total", "approach_1_3", "category_4_full", "category_4_approach",
    ]  # fmt: skip


def test_the_same_shortfall_costs_less_than_before() -> None:
    half = builders.item("2.3", deployed=builders.PROGRAMMES[:6])

    old = rescore.score(parse(builders.sheet(_2_3=half)))
    new = rescore.score(parse(of_4_3(_2_3=half)))

    assert (old.total, new.total) == (Fraction(1950), Fraction(1960))


def test_the_new_item_counts_for_approach_and_can_be_blank() -> None:
    short = parse(
        of_4_3(_2_G_F=builders.item("2.G.F", catalogue.COPC_4_3, lines=builders.lines("2.G.F", 3, 1)))
    )
    without = parse(of_4_3(_2_G_F=None))

    assert rescore.score(short).condition("approach_1_3").items == ("2.G.F",)
    assert rescore.score(without).blank == ("2.G.F",)
    assert rescore.score(without).total == 1960


def test_item_4_7_keeps_its_word() -> None:
    still = builders.item("4.5", metrics=builders.metrics(4, 4, 0))
    sheet = of_4_3(_4_5=still, gaps=[builders.gap("NC-01", {"item": "4.7", "fact": "compliant"})])

    simulated = rescore.simulate(parse(sheet))

    assert simulated.moved == {"4.5": Fraction(50)}


def test_gaps_are_worth_what_this_release_says() -> None:
    item = builders.item("2.6", lines=builders.lines("2.6", 3, 1), deployed=builders.PROGRAMMES[:7])
    units = [{"item": "2.6", "unit": unit} for unit in builders.PROGRAMMES[7:9]]
    sheet = parse(
        of_4_3(
            _2_6=item,
            gaps=[
                builders.gap("NC-01", {"item": "2.6", "line": "2.6-3"}, effort="3"),
                builders.gap("NC-02", *units, effort="2"),
            ],
        )
    )

    worth = attribution.attribute(sheet)
    plan = path.find(sheet, "strict")

    assert {name: entry.share for name, entry in worth.gaps.items()} == {
        "NC-01": Fraction(10),
        "NC-02": Fraction(30),
    }
    assert worth.gain == 40
    assert plan.close == ("NC-01",)
    assert plan.result.total == 1960
    assert path.find(sheet, "points=2000").close == ("NC-01", "NC-02")


@pytest.mark.parametrize("change", [{"tier": "gold"}, {"items": {"2.G.A": {}}}, {"items": {"1.G.A": {}}}])
def test_the_gold_tier_and_its_items_do_not_exist_here(change: builders.Plain) -> None:
    with pytest.raises(SheetFaults) as caught:
        parse(of_4_3() | change)

    assert str(caught.value) in (
        "tier: must be standard, not 'gold'", "items.2.G.A: unknown item", "items.1.G.A: unknown item",
    )  # fmt: skip


def test_a_sheet_of_the_earlier_release_still_scores_as_it_did() -> None:
    result = rescore.score(parse(builders.sheet()))

    assert result.to_json()["standard"] == "copc-2000-csp@4.1"
    assert result.points_of()["2.3"] == 100
    json.dumps(result.to_json())
