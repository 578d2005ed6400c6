"""What a metric's series says, on its edges: targets that change, fractions, ranges and very large numbers."""

from fractions import Fraction

import pytest

from scoring import metrics
from scoring.facts import Metric, Range, Target

MONTHS = [f"2026-{number:02}" for number in range(1, 13)]


def metric(
    *values: int | str | Fraction, better: str = "higher", target: dict[str, Target | int] | None = None
) -> Metric:
    in_force = tuple(
        (month, Fraction(found) if isinstance(found, int) else found)
        for month, found in (target or {}).items()
    )
    series = tuple(zip(MONTHS, map(Fraction, values), strict=False))
    return Metric("m", better=better, target=in_force or None, values=series)


def test_the_months_that_meet_are_counted_and_so_is_the_window() -> None:
    """Of the last six of seven months, the fourth to the sixth meet 10."""
    found = metrics.facts(metric(10, 1, 2, 10, 11, 12, 3, target={"": 10}))

    assert (found.periods_met, found.periods, found.meets, found.provisional) == (3, 6, False, False)


def test_without_a_target_no_month_meets_and_the_data_are_not_usable() -> None:
    found = metrics.facts(metric(10, 11, 12))

    assert (found.periods_met, found.periods, found.failing, found.meets) == (0, 3, ("U",), False)


@pytest.mark.parametrize(
    ("better", "values", "met"), [("higher", (10, 19, 19, 20), 3), ("lower", (10, 19, 20, 21), 2)]
)
def test_each_month_is_held_against_the_target_in_force_then(
    better: str, values: tuple[int, ...], met: int
) -> None:
    """10 until February, 20 from March on: upwards the first 19 meets and the second does not."""
    found = metrics.facts(metric(*values, better=better, target={"": 10, "2026-03": 20}))

    assert found.periods_met == met


def test_months_before_the_first_target_do_not_meet() -> None:
    found = metrics.facts(metric(30, 30, 30, 30, target={"2026-02": 10}))

    assert found.periods_met == 3


@pytest.mark.parametrize(("better", "met"), [("higher", 2), ("lower", 3)])
def test_a_target_between_whole_numbers_is_met_exactly_and_not_by_a_hair(better: str, met: int) -> None:
    """Against 7/3: 7/3 itself meets both ways, 12/5 only upwards, 9/4 and 2 only downwards."""
    found = metrics.facts(metric("9/4", "7/3", "12/5", 2, better=better, target={"": Fraction(7, 3)}))

    assert found.periods_met == met


def test_inside_a_range_no_value_is_better_than_another() -> None:
    """From the rim to the middle of 10 to 20 nothing improves; from outside to the rim it does."""
    span: dict[str, Target | int] = {"": Range(Fraction(10), Fraction(20))}

    assert metrics.distance(Fraction(15), Range(Fraction(10), Fraction(20))) == 0
    assert not metrics.facts(metric(10, 10, 20, 15, 15, 15, better="range", target=span)).improving
    assert metrics.facts(metric(9, 21, 9, 10, 20, 15, better="range", target=span)).improving


def test_improvement_compares_values_of_different_denominators() -> None:
    """The mean of 1/2, 1/3 and 1/6 is 1/3: 2/5, 3/8 and 5/14 beat it, 1/3 itself does not."""
    better = [Fraction(value) for value in ("1/2", "1/3", "1/6", "2/5", "3/8", "5/14")]

    assert metrics.sustained_improvement(better, lower=False)
    assert not metrics.sustained_improvement([*better[:5], Fraction(1, 3)], lower=False)
    assert not metrics.sustained_improvement(better, lower=True)


def test_improvement_of_very_large_numbers_is_exact() -> None:
    """One in 10^20 is an improvement, and none is none; no binary float would tell them apart."""
    large = Fraction(10**20)

    assert metrics.sustained_improvement([large, large, large, *[large + 1] * 3], lower=False)
    assert not metrics.sustained_improvement([large, large, large, large, large + 1, large + 1], lower=False)
    assert metrics.sustained_improvement([large, large, large, *[large - Fraction(1, 3)] * 3], lower=True)
