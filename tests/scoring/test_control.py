"""The XmR chart: limits against a published example, each rule at its edge, exact on every line."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import control, numbers
from scoring.control import Limits, Signal

# The worked example of the NIST/SEMATECH e-Handbook, 6.3.2.2: flow rates of ten batches.
NIST = [
    Fraction(value)
    for value in ("49.6", "47.6", "49.9", "51.3", "47.8", "51.2", "52.6", "52.4", "53.6", "52.1")
]
# Lines that make the edges easy to see: mean 0, sigma 1.
UNIT = Limits(Fraction(0), control.D2, Fraction(1), Fraction(-3), Fraction(3), control.D4 * control.D2, 20)
A_BIT = Fraction(1, 10**12)


def series(*values: Fraction | int | str) -> list[Fraction]:
    return [Fraction(value) for value in values]


def fired(values: Sequence[Fraction], rule: str) -> list[tuple[int, str]]:
    return [(signal.place, signal.side) for signal in control.signals(values, UNIT) if signal.rule == rule]


def test_limits_equal_the_published_example() -> None:
    found = control.limits(NIST)

    assert found is not None
    shown = [numbers.show(value, 4) for value in (found.mean, found.mean_range, found.lower, found.upper)]
    assert shown == ["50.8100", "1.8778", "45.8159", "55.8041"]
    assert control.predictable(NIST, found)


def test_limits_are_exact_and_say_how_firm_they_are() -> None:
    found = control.limits(series(10, 12, 11, 13))

    assert found == Limits(Fraction(23, 2), Fraction(5, 3), Fraction(625, 423), Fraction(23, 2) - Fraction(625, 141),
                           Fraction(23, 2) + Fraction(625, 141), Fraction(1089, 200), 4)  # fmt: skip
    assert found.provisional
    twelve = control.limits(series(*range(12)))
    assert twelve is not None
    assert not twelve.provisional


def test_lines_may_rest_on_a_baseline() -> None:
    assert control.limits(series(10, 12, 11, 90, 95), baseline=3) == control.limits(series(10, 12, 11))


@pytest.mark.parametrize(("values", "baseline"), [([], None), ([5], None), ([5, 6, 7], 1), ([5, 6], -3)])
def test_too_few_values_have_no_limits(values: list[int], baseline: int | None) -> None:
    assert control.limits(series(*values), baseline) is None


def test_a_flat_series_has_lines_that_nothing_crosses() -> None:
    lines = control.limits(series(7, 7, 7, 7, 7, 7, 7, 7, 7))

    assert lines is not None
    assert (lines.lower, lines.upper) == (7, 7)
    assert control.predictable(series(*[7] * 9), lines)
    assert control.signals(series(8), lines) == (Signal(0, "beyond_limits", "high"),)


def test_on_the_limit_is_no_signal_and_a_hair_beyond_is() -> None:
    assert fired(series(3, -3), "beyond_limits") == []
    assert fired([3 + A_BIT, -3 - A_BIT], "beyond_limits") == [(0, "high"), (1, "low")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, "5/2", "5/2"), [(2, "high")]),
        (("5/2", 0, "5/2"), [(2, "high")]),
        (("5/2", 0, 0, "5/2"), []),
        (("5/2", "-5/2", 0), []),
        (("-5/2", "-5/2"), [(1, "low")]),
        ((2, 2, 2), []),
        (("5/2", "5/2", 0), [(1, "high")]),
    ],
)
def test_two_of_three_beyond_two_sigma(
    values: tuple[int | str, ...], expected: list[tuple[int, str]]
) -> None:
    assert fired(series(*values), "two_of_three") == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, "3/2", "3/2", "3/2", "3/2"), [(4, "high")]),
        (("3/2", "3/2", 0, "3/2", "3/2"), [(4, "high")]),
        (("3/2", "3/2", 0, 0, "3/2", "3/2"), []),
        (("3/2", "3/2", "3/2", "-3/2", "-3/2"), []),
        ((1, 1, 1, 1, 1), []),
    ],
)
def test_four_of_five_beyond_one_sigma(
    values: tuple[int | str, ...], expected: list[tuple[int, str]]
) -> None:
    assert fired(series(*values), "four_of_five") == expected


def test_eight_on_a_side_are_broken_by_a_point_on_the_mean() -> None:
    half = Fraction(1, 2)

    assert fired([half] * 7, "eight_on_a_side") == []
    assert fired([-half] * 9, "eight_on_a_side") == [(7, "low"), (8, "low")]
    assert fired([half] * 4 + [Fraction(0)] + [half] * 7, "eight_on_a_side") == []


def test_six_rising_are_a_trend_and_equal_neighbours_break_it() -> None:
    assert fired(series("0.1", "0.2", "0.3", "0.4", "0.5"), "six_in_a_row") == []
    assert fired(series("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"), "six_in_a_row") == [
        (5, "high"),
        (6, "high"),
    ]
    assert fired(series("0.6", "0.5", "0.4", "0.3", "0.2", "0.1"), "six_in_a_row") == [(5, "low")]
    assert fired(series("0.1", "0.2", "0.3", "0.3", "0.4", "0.5", "0.6"), "six_in_a_row") == []


def test_a_jump_beyond_the_range_limit_is_a_signal_where_it_lands() -> None:
    edge = UNIT.upper_range

    assert fired([Fraction(0), edge], "range_beyond_limit") == []
    assert fired([Fraction(0), edge + A_BIT], "range_beyond_limit") == [(1, "high")]


def test_signals_come_in_order_and_have_words() -> None:
    found = control.signals(series(0, 4, 4, 4), UNIT)

    assert [(signal.place, signal.rule) for signal in found] == [
        (1, "beyond_limits"), (1, "range_beyond_limit"), (2, "beyond_limits"), (2, "two_of_three"),
        (3, "beyond_limits"), (3, "two_of_three"),
    ]  # fmt: skip
    assert found[0].label.of("en") == "One point beyond a control limit"
    assert found[0].label.of("zh") == "一点超出控制限"


VALUES = st.lists(st.fractions(-100, 100, max_denominator=50), min_size=2, max_size=15)


@given(VALUES, st.fractions(-50, 50, max_denominator=9), st.fractions(Fraction(1, 9), 9, max_denominator=9))
def test_moving_and_stretching_the_scale_changes_no_signal(
    values: list[Fraction], shift: Fraction, stretch: Fraction
) -> None:
    moved = [value * stretch + shift for value in values]
    before, after = control.limits(values), control.limits(moved)

    assert before is not None
    assert after is not None
    assert control.signals(values, before) == control.signals(moved, after)
    assert all(type(value) is Fraction for value in (after.mean, after.sigma, after.lower, after.upper_range))


@given(VALUES)
def test_turned_upside_down_highs_become_lows(values: list[Fraction]) -> None:
    lines, turned = control.limits(values), control.limits([-value for value in values])

    assert lines is not None
    assert turned is not None
    swap = {"high": "low", "low": "high"}
    found = [s for s in control.signals(values, lines) if s.rule != "range_beyond_limit"]
    other = [
        s for s in control.signals([-value for value in values], turned) if s.rule != "range_beyond_limit"
    ]
    assert [(s.place, s.rule, swap[s.side]) for s in found] == [(s.place, s.rule, s.side) for s in other]
