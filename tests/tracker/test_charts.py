"""Chart options are plain data whose positions are exact and whose words never round up to a line."""

import json
from datetime import date
from fractions import Fraction

from tracker import charts

WORDS = charts.WaterfallWords("Baseline", "Verified", "Pass mark 1900", "Points (axis starts at {start})")
G21 = [
    charts.Step("NC-0001", Fraction(10)),
    charts.Step("NC-0002", Fraction(50)),
    charts.Step("NC-0003", Fraction(20)),
    charts.Step("NC-0004", Fraction(75)),
    charts.Step("NC-0005", Fraction(125, 3)),
    charts.Step("4.7", Fraction(50, 3)),
]


def base(option: charts.Option) -> dict:
    return option.get("baseOption", option)  # type: ignore[return-value]


def series(option: charts.Option, name: str) -> dict:
    return next(each for each in base(option)["series"] if each["name"] == name)


def test_a_waterfall_ends_at_the_sum_of_its_steps() -> None:
    option = charts.waterfall(Fraction(5360, 3), G21, WORDS, mark=1900)

    ends = series(option, "total")["data"]

    assert ends[0]["label"]["formatter"] == "1786.7"
    assert ends[-1]["value"] == 2000.0
    assert ends[1:-1] == ["-"] * 6


def test_each_step_of_a_waterfall_hangs_where_the_one_before_ended() -> None:
    option = charts.waterfall(
        Fraction(1800), [charts.Step("a", Fraction(20)), charts.Step("b", Fraction(-5))], WORDS, mark=1900
    )

    assert series(option, "offset")["data"][1:3] == [1800.0, 1815.0]
    assert series(option, "rise")["data"][1]["value"] == 20.0
    assert series(option, "fall")["data"][2]["value"] == 5.0
    assert series(option, "fall")["data"][2]["label"]["formatter"] == "−5"


def test_a_total_just_below_the_mark_is_not_written_as_the_mark() -> None:
    option = charts.waterfall(Fraction(189_999, 100), [], WORDS, mark=1900)

    assert series(option, "total")["data"][-1]["label"]["formatter"] == "1899.99"


def test_the_axis_says_where_it_begins_and_begins_below_everything() -> None:
    option = base(charts.waterfall(Fraction(5360, 3), G21, WORDS, mark=1900))

    assert option["yAxis"]["min"] == 1700
    assert option["yAxis"]["max"] == 2000
    assert option["yAxis"]["name"] == "Points (axis starts at 1700)"


def test_the_pass_mark_is_drawn() -> None:
    option = charts.waterfall(Fraction(1800), [], WORDS, mark=1900)

    line = series(option, "total")["markLine"]["data"][0]

    assert (line["yAxis"], line["label"]["formatter"]) == (1900.0, "Pass mark 1900")


def test_a_criterion_that_is_not_judged_is_no_nought_on_the_radar() -> None:
    option = base(charts.radar(["S1", "S2"], [charts.Profile("Verified", [2, None])]))

    outline = option["series"][0]["data"][0]

    assert outline["value"] == [2, "-"]
    assert outline["tooltip"]["formatter"] == "Verified\nS1: 2\nS2: –"


def test_long_names_on_the_radar_take_two_lines() -> None:
    option = base(
        charts.radar(["Partnership and resources", "客户联络与合作伙伴"], [charts.Profile("now", [1, 1])])
    )

    assert [each["name"] for each in option["radar"]["indicator"]] == [
        "Partnership\nand resources",
        "客户联络\n与合作伙伴",
    ]


def test_a_forecast_starts_where_the_verified_stair_ends() -> None:
    verified = [
        charts.Total(date(2026, 6, 1), Fraction(1800)),
        charts.Total(date(2026, 7, 1), Fraction(1850)),
    ]
    words = charts.TrajectoryWords("Verified", "Forecast", "Pass mark", "Points from {start}", "Audit")

    option = charts.trajectory(verified, [charts.Total(date(2026, 9, 1), Fraction(1900))], words, mark=1900)

    assert [each["value"] for each in series(option, "Forecast")["data"]] == [
        ["2026-07-01", 1850.0],
        ["2026-09-01", 1900.0],
    ]


def test_a_trajectory_without_any_run_is_still_drawn() -> None:
    words = charts.TrajectoryWords("Verified", "Forecast", "Pass mark", "Points from {start}")

    option = charts.trajectory([], [], words, mark=1900)

    assert [each["data"] for each in option["series"]] == [[], []]  # type: ignore[attr-defined,index]


def test_a_missed_period_has_a_sign_besides_its_colour_and_a_missing_one_is_a_gap() -> None:
    readings = [
        charts.Reading("2026-01", Fraction(80), False, "80 %"),
        charts.Reading("2026-02", None),
        charts.Reading("2026-03", Fraction(90), True, "90 %"),
    ]
    words = charts.RunWords("Resolution", "Target 85", "meets target", "misses target", "missing")

    points = charts.run_chart(readings, words, target=Fraction(85))["series"][0]["data"]  # type: ignore[index]

    assert (points[0]["symbol"], points[1]["value"], "symbol" in points[2]) == ("diamond", "-", False)
    assert points[0]["tooltip"]["formatter"] == "2026-01\n80 %\nmisses target"


def test_a_pareto_falls_in_bars_and_rises_to_all_in_a_line() -> None:
    words = charts.ParetoWords("Causes", "Cumulative share", "four fifths")

    option = charts.pareto_chart(
        [("process", 1599, True), ("systems", 400, False), ("people", 1, False)], words
    )

    assert [bar["value"] for bar in series(option, "Causes")["data"]] == [1599, 400, 1]
    assert series(option, "Cumulative share")["data"] == [79.9, 99.9, 100.0]
    assert [axis["max"] for axis in option["yAxis"]] == [2000, 100]
    assert json.loads(json.dumps(option)) == option
    assert charts.pareto_chart([], words)
