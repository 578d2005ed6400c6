"""What the next month decides, held against the rules themselves with that month added."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import ahead, metrics
from scoring.ahead import Prospect
from scoring.facts import Metric, Range
from scoring.policy import Policy


def metric(*values: int, better: str = "higher", target: int | Range = 98, **stated: bool) -> Metric:
    aim = target if isinstance(target, Range) else Fraction(target)
    months = tuple((f"2026-{month:02}", Fraction(value)) for month, value in enumerate(values, 1))
    return Metric("m", better=better, target=(("", aim),), values=months, **stated)


def test_the_next_miss_decides_where_four_of_six_just_do() -> None:
    found = ahead.look(metric(99, 99, 90, 99, 99, 90))

    assert found is not None
    assert (found.month, found.target, found.meets) == ("2026-07", Fraction(98), Prospect(None, False))
    assert found.threatened


def test_a_miss_is_above_the_target_where_lower_is_better() -> None:
    found = ahead.look(metric(9, 9, 11, 9, 9, 11, better="lower", target=10))

    assert found is not None
    assert found.meets == Prospect(None, False)


def test_a_bad_month_that_leaves_the_window_makes_room() -> None:
    found = ahead.look(metric(90, 100, 90, 99, 99, 99, improving=False))

    assert found is not None
    assert found.meets == Prospect(True, True)
    assert not found.threatened


def test_a_metric_that_misses_has_nothing_to_lose() -> None:
    found = ahead.look(metric(90, 90, 90, 99, 99, 99))

    assert found is not None
    assert found.meets is None


def test_an_improvement_may_be_lost_whatever_comes() -> None:
    # After the next month 70, 60 and 90 are the base with a mean of 73.3, and 73 is not better than that.
    lost = ahead.look(metric(60, 70, 60, 90, 75, 73, target=50))
    open_yet = ahead.look(metric(60, 60, 60, 70, 72, 73, target=50))

    assert lost is not None
    assert lost.improves == Prospect(False, False)
    assert open_yet is not None
    assert open_yet.improves == Prospect(None, True, Fraction(60 + 60 + 70, 3))


@pytest.mark.parametrize("known", [metric(), metric(99, 99), metric(99, 99, 99, integrity=False)])
def test_without_data_that_can_be_trusted_nothing_is_foretold(known: Metric) -> None:
    assert ahead.look(known) is None


def test_a_stated_fact_does_not_wait_for_a_month() -> None:
    found = ahead.look(metric(99, 99, 99, 99, 99, 99, meets_target=True, improving=True))

    assert found is not None
    assert (found.meets, found.improves) == (None, None)


@pytest.mark.parametrize(
    ("better", "values"), [("higher", (60, 60, 60, 90, 70, 80)), ("lower", (80, 80, 80, 50, 70, 60))]
)
def test_a_month_just_at_the_base_to_come_is_no_improvement(better: str, values: tuple[int, ...]) -> None:
    """The base to come is 60, 60, 90, or 80, 80, 50: a mean of 70, which the fifth month must beat and only equals."""
    found = ahead.look(metric(*values, better=better, target=70))

    assert found is not None
    assert found.improves == Prospect(False, False)


@pytest.mark.parametrize(
    ("following", "last_again", "bound"),
    [
        (Range(Fraction(10), Fraction(20)), True, Fraction(14, 3)),
        (Range(Fraction(10), Fraction(19)), True, Fraction(14, 3)),
        (Range(Fraction(10), Fraction(17)), True, Fraction(14, 3)),
        (Range(Fraction(10), Fraction(15)), False, Fraction(14, 3)),
        (Range(Fraction(10), Fraction(46, 3)), False, Fraction(14, 3)),
    ],
)
def test_the_next_month_is_held_against_the_range_of_then(
    following: Range, last_again: bool, bound: Fraction
) -> None:
    """6, 5, 3 outside make the base to come 14/3; 20 again is 0, 1, 3, 5 and just 14/3 outside."""
    now = Range(Fraction(10), Fraction(20))
    series = replace(
        metric(30, 26, 25, 23, 22, 20, better="range"), target=(("", now), ("2026-07", following))
    )

    found = ahead.look(series)

    assert found is not None
    assert found.target == following
    assert found.improves == Prospect(None, last_again, bound)


def test_a_metric_with_a_range_that_gets_a_number_improves_no_more() -> None:
    now = Range(Fraction(10), Fraction(20))
    series = replace(
        metric(30, 26, 25, 23, 22, 20, better="range"), target=(("", now), ("2026-07", Fraction(20)))
    )

    found = ahead.look(series)

    assert found is not None
    assert found.improves == Prospect(False, False)


VALUES = st.one_of(
    st.lists(st.integers(0, 12), min_size=3, max_size=9),
    # Rising and falling ones improve more often than chance has it.
    st.lists(st.integers(0, 12), min_size=6, max_size=7).map(sorted),
    st.lists(st.integers(0, 12), min_size=6, max_size=7).map(lambda values: sorted(values, reverse=True)),
)
AIMS = {"higher": 6, "lower": 6, "range": Range(Fraction(4), Fraction(7))}


@given(VALUES, st.integers(0, 12), st.sampled_from(sorted(AIMS)), st.sampled_from([3, 4, 6]))
def test_what_is_foretold_comes_true(values: list[int], following: int, better: str, window: int) -> None:
    policy = Policy(window=window)
    series = metric(*values, better=better, target=AIMS[better])
    found = ahead.look(series, policy)
    assert found is not None
    after = replace(series, values=(*(series.values or ()), (found.month, Fraction(following))))
    now, then = metrics.facts(series, policy), metrics.facts(after, policy)

    assert (found.meets is not None) == now.meets
    assert (found.improves is not None) == now.improving
    if found.meets is not None:
        hit = metrics.value_meets(Fraction(following), AIMS[better], better)  # type: ignore[arg-type]
        assert then.meets == (hit if found.meets.holds is None else found.meets.holds)
    again = replace(series, values=(*(series.values or ()), (found.month, Fraction(values[-1]))))
    for prospect, holds in (
        (found.meets, metrics.facts(again, policy).meets),
        (found.improves, metrics.facts(again, policy).improving),
    ):
        assert prospect is None or prospect.as_last == holds
    if found.improves is not None:
        assert then.improving == (
            found.improves.holds is None and _beats(found.improves.bound, following, better)
        )


def _beats(bound: Fraction | None, value: int, better: str) -> bool:
    assert bound is not None
    if better == "higher":
        return value > bound
    return (value if better == "lower" else max(4 - value, value - 7, 0)) < bound
