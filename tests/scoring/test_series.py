"""Months as a calendar, and programmes rolled up by a declared rule."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import roll_up as rolling
from scoring import series
from scoring.facts import Metric
from scoring.policy import Policy
from scoring.roll_up import Point, RollUpError, Rule, roll_up


def metric(*months: str, **parts: object) -> Metric:
    values = tuple((month, Fraction(place)) for place, month in enumerate(months))
    return replace(Metric("wait", better="lower", values=values), **parts)  # type: ignore[arg-type]


@given(st.integers(0, 9998 * 12))
def test_months_count_and_read_back(number: int) -> None:
    assert series.month_number(series.month_name(number)) == number
    assert series.month_name(number) < series.month_name(number + 1)


@pytest.mark.parametrize(
    ("months", "until", "missing"),
    [
        ([], "2026-06", ()),
        (["2026-06"], None, ()),
        (["2025-11", "2026-02"], None, ("2025-12", "2026-01")),
        (["2026-02", "2025-11"], "2026-03", ("2025-12", "2026-01", "2026-03")),
        (["2026-05"], "2026-01", ()),
    ],
)
def test_missing_months(months: list[str], until: str | None, missing: tuple[str, ...]) -> None:
    assert series.missing_months(months, until) == missing


def test_a_window_with_a_gap_reaches_further_back_than_it_looks() -> None:
    found = series.window(metric("2025-06", "2025-09", "2026-01").values or (), 6)

    assert found.months == ("2025-06", "2025-09", "2026-01")
    assert found.span == 8
    assert found.missing == ("2025-07", "2025-08", "2025-10", "2025-11", "2025-12")
    assert not found.gapless
    assert series.window((), 6) == series.Window((), 0, ())


@pytest.mark.parametrize(("count", "provisional", "meets", "improves"), [
    (0, False, False, False), (2, False, False, False), (3, True, True, False), (5, True, True, False),
    (6, False, True, True),
])  # fmt: skip
def test_a_short_series_is_provisional(count: int, provisional: bool, meets: bool, improves: bool) -> None:
    found = series.standing(metric(*(f"2026-0{month}" for month in range(1, count + 1))), "2026-07")

    assert (found.provisional, found.can_meet, found.can_improve) == (provisional, meets, improves)


def test_a_longer_window_is_provisional_longer_and_a_stated_fact_never_is() -> None:
    months = [f"2026-0{month}" for month in range(1, 7)]

    assert series.standing(metric(*months), "2026-07", Policy(window=12)).provisional
    assert not series.standing(metric(*months[:4], meets_target=True), "2026-07").provisional


@pytest.mark.parametrize(("as_of", "silent", "missing"), [
    ("2026-03", 0, ()), ("2026-04", 0, ()), ("2026-05", 1, ("2026-04",)),
    ("2026-07", 3, ("2026-04", "2026-05", "2026-06")),
])  # fmt: skip
def test_a_running_month_is_not_missing_yet(as_of: str, silent: int, missing: tuple[str, ...]) -> None:
    found = series.standing(metric("2026-02", "2026-03"), as_of)

    assert (found.silent, found.missing) == (silent, missing)


def test_a_series_is_cut_at_its_gaps() -> None:
    months = ("2025-12", "2026-01", "2026-03", "2026-05", "2026-06")

    cut = [[month for month, _ in piece] for piece in series.runs(metric(*months).values or ())]

    assert cut == [["2025-12", "2026-01"], ["2026-03"], ["2026-05", "2026-06"]]


# Rolling up


def ratio(top: int, bottom: int) -> Point:
    return Point(Fraction(100 * top, bottom), Fraction(top), Fraction(bottom))


CARD = {"2026-01": ratio(9, 10), "2026-02": ratio(8, 10)}
LOAN = {"2026-01": ratio(15, 30), "2026-02": ratio(30, 40)}
BOTH = {"card": CARD, "loan": LOAN}


@pytest.mark.parametrize(
    ("rule", "better", "january", "february"),
    [
        (Rule.SUM, None, 140, 155),
        (Rule.MEAN, None, 70, Fraction(155, 2)),
        (Rule.POOLED, None, 60, 76),
        (Rule.WORST, "higher", 50, 75),
        (Rule.WORST, "lower", 90, 80),
    ],
)
def test_each_rule_makes_one_series(
    rule: Rule, better: str | None, january: Fraction, february: Fraction
) -> None:
    found = roll_up("sl", BOTH, rule, better, scale=Fraction(100))

    assert found == rolling.Rolled({"sl": (("2026-01", january), ("2026-02", february))}, {})


def test_each_keeps_one_series_per_programme() -> None:
    assert roll_up("sl", BOTH, Rule.EACH).series == {
        "sl/card": (("2026-01", 90), ("2026-02", 80)), "sl/loan": (("2026-01", 50), ("2026-02", 75)),
    }  # fmt: skip


def test_a_month_that_one_programme_lacks_is_left_out_by_name() -> None:
    parts = {"card": CARD | {"2026-03": ratio(1, 2)}, "loan": LOAN}

    found = roll_up("sl", parts, Rule.SUM)

    assert [month for month, _ in found.series["sl"]] == ["2026-01", "2026-02"]
    assert found.left_out == {"2026-03": ("loan",)}


def test_a_programme_takes_part_from_its_first_month_until_its_end() -> None:
    parts = {"card": CARD | {"2026-03": ratio(1, 2)}, "loan": {"2026-02": ratio(30, 40)}}

    found = roll_up("sl", parts, Rule.SUM, ended={"loan": "2026-02"})

    assert found.series["sl"] == (("2026-01", 90), ("2026-02", 155), ("2026-03", 50))
    assert not found.left_out


def test_a_ratio_needs_what_it_was_made_from() -> None:
    nothing = Point(Fraction(0), Fraction(0), Fraction(0))
    parts = {
        "card": {
            "2026-01": Point(Fraction(90)),
            "2026-02": ratio(0, 5),
            "2026-03": Point(Fraction(90), Fraction(9)),
            "2026-04": Point(Fraction(90), None, Fraction(10)),
        },
        "loan": {"2026-02": nothing, "2026-03": nothing, "2026-04": nothing},
    }

    found = roll_up("sl", parts, Rule.POOLED)

    assert found.series["sl"] == (("2026-02", 0),)
    assert found.left_out == dict.fromkeys(("2026-01", "2026-03", "2026-04"), ("card",))


def test_nothing_counted_is_no_value() -> None:
    parts = {"card": {"2026-01": Point(Fraction(0), Fraction(0), Fraction(0))}}

    assert roll_up("sl", parts, Rule.POOLED) == rolling.Rolled({"sl": ()}, {"2026-01": ()})


def test_the_worst_needs_a_direction_and_no_programme_gives_no_month() -> None:
    with pytest.raises(
        RollUpError, match=r"^the worst of several programmes needs a metric that is better higher or"
    ):
        roll_up("sl", BOTH, Rule.WORST, "range")
    assert roll_up("sl", {}, Rule.SUM) == rolling.Rolled({"sl": ()}, {})
    assert {rule.label.of("zh") for rule in Rule} == {
        "每个方案各计一次", "各方案相加", "各方案简单平均", "分子之和除以分母之和",
        "各方案按数量加权平均", "取最差的方案",
    }  # fmt: skip


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.fractions(0, 100, max_denominator=9), min_size=1))
def test_mean_lies_between_worst_of_either_direction(values: dict[str, Fraction]) -> None:
    parts = {name: {"2026-01": Point(value)} for name, value in values.items()}
    low, mean, high = (
        roll_up("m", parts, rule, better).series["m"][0][1]
        for rule, better in ((Rule.WORST, "higher"), (Rule.MEAN, None), (Rule.WORST, "lower"))
    )

    assert low <= mean <= high
    assert type(mean) is Fraction


def test_a_weighted_mean_weighs_each_programme_by_its_volume() -> None:
    small = Point(Fraction(200), denominator=Fraction(100))
    large = Point(Fraction(260), denominator=Fraction(300))
    silent = Point(Fraction(500), denominator=Fraction(0))
    parts = {"card": {"2026-01": small}, "loan": {"2026-01": large}, "air": {"2026-01": silent}}

    assert roll_up("aht", parts, Rule.WEIGHTED).series == {"aht": (("2026-01", Fraction(245)),)}


def test_a_weighted_mean_needs_every_volume_and_some_volume() -> None:
    unweighed = {
        "card": {"2026-01": Point(Fraction(200))},
        "loan": {"2026-01": Point(Fraction(1), None, Fraction(1))},
    }
    nothing = {"card": {"2026-01": Point(Fraction(200), denominator=Fraction(0))}}

    assert roll_up("aht", unweighed, Rule.WEIGHTED) == rolling.Rolled({"aht": ()}, {"2026-01": ("card",)})
    assert roll_up("aht", nothing, Rule.WEIGHTED) == rolling.Rolled({"aht": ()}, {"2026-01": ()})
