"""The public result, field by field; a blank counts for nothing in sums and is never said to be 0."""

from fractions import Fraction

from scoring import closures, hints, rescore, results, see_cmm
from scoring.metrics import MetricFacts
from scoring.sheet import parse
from tests.scoring import builders
from tests.scoring.builders import gap, item, metrics


def test_the_result_of_items_has_these_fields() -> None:
    result = rescore.score(parse(builders.sheet("gold", _2_3=None)))
    shown = result.to_json()

    assert (shown["format"], shown["standard"], shown["tier"]) == (
        "score-result/1",
        "copc-2000-csp@4.1",
        "gold",
    )
    assert shown["max"] == "3000"
    assert set(shown) == {
        "format", "standard", "tier", "policy", "items", "categories", "total", "max", "verdict", "conditions",
        "blank", "hints",
    }  # fmt: skip
    assert set(shown["items"]["2.3"]) == {"approach", "deployment", "percent", "points", "max", "why"}
    assert shown["items"]["2.3"]["points"] is None
    assert result.points_of()["2.3"] == 0
    assert shown["blank"] == ["2.3"]


def test_the_result_of_rows_has_these_fields() -> None:
    rows = builders.see_sheet([[3] * 3] * 5, [[3] * 5] * 3) | {"target_level": 4}
    result = rescore.score(parse(rows))
    shown = result.to_json()

    assert isinstance(result, see_cmm.SeeResult)
    assert result.target_level == 4
    assert (shown["format"], shown["standard"], shown["max"]) == ("score-result/1", "see-cmm@2009", "1000")
    assert set(shown) == {
        "format", "standard", "policy", "criteria", "enabler_points", "result_points", "total", "max",
        "overall_level", "next", "warnings", "blank",
    }  # fmt: skip
    assert len(shown["next"]) == 30
    assert {row["level"] for row in shown["next"]} == {3}


def test_at_the_highest_level_no_row_lies_below_the_next() -> None:
    result = rescore.score(parse(builders.see_sheet([[4] * 3] * 5, [[4] * 5] * 3)))

    assert result.to_json()["next"] == []


def test_the_compiled_total_is_the_total_with_blanks_and_overrules() -> None:
    ruled = item("4.2", metrics=metrics(2, 0, 0), overrule={"trend": 50, "reason": "seen"})
    blank = item("2.3", deployed=None)
    pin = gap("A", {"item": "4.2", "metric": "metric-0", "fact": "improves"})
    sheet = parse(builders.sheet(_4_2=ruled, _2_3=blank, _4_1=item("4.1", metrics=[]), gaps=[pin]))

    model = closures.compile_sheet(sheet)

    assert model.total(0) == rescore.score(sheet).total
    assert model.total(1) == rescore.simulate(sheet).after.total
    rows = parse(builders.see_sheet([[1] * 3] * 5, [[2] * 5] * 3))
    assert closures.compile_sheet(rows).total(0) == rescore.score(rows).total == 375


def test_the_older_test_asks_for_half_and_three_quarters() -> None:
    def facts(meets: int, improves: int, neither: int) -> list[MetricFacts]:
        made = [(True, False)] * meets + [(False, True)] * improves + [(False, False)] * neither
        return [MetricFacts("m", True, (), met, improving) for met, improving in made]

    cases = {
        (2, 1, 1): True,
        (2, 0, 2): False,
        (1, 3, 0): False,
        (1, 2, 0): False,
        (3, 0, 1): True,
        (0, 0, 0): False,
    }

    assert {case: hints.passes_older_test(facts(*case)) for case in cases} == cases


def test_tallies_of_what_is_not_recorded_count_nothing() -> None:
    sheet = parse(builders.sheet(_2_3=item("2.3", deployed=None), _2_7=item("2.7", in_scope=[])))
    result = rescore.score(sheet)
    assert isinstance(result, results.CopcResult)

    unsaid, empty = (result.items[name].tallies["deployment"] for name in ("2.3", "2.7"))
    assert (unsaid.met, unsaid.count) == (0, 10)
    assert (empty.met, empty.count) == (0, 0)
    assert result.items["2.7"].points is None
    assert result.points_of()["2.7"] == Fraction(0)
