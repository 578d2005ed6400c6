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


VALUES = st.lists(st.integers(0, 12), min_size=3, max_size=9)
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
