"""Exact numbers: what is read, what is refused, and how a value is shown beside a line."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import numbers


@pytest.mark.parametrize(
    ("given_value", "value"),
    [("97.20", "486/5"), ("225/2", "225/2"), ("-3", "-3"), ("+.5", "1/2"), ("5.", "5"), ("1e3", "1000"),
     (7, "7"), (Decimal("0.1"), "1/10"), ("4/8", "1/2")],
)  # fmt: skip
def test_numbers_are_read_exactly(given_value: object, value: str) -> None:
    assert numbers.exact(numbers.parse(given_value)) == value


@pytest.mark.parametrize(
    "value",
    ["", " 1", "1 ", ".", "e5", "1/0", "1/-2", "1.5/2", "1_000", "٣", "0x10", "NaN", "inf", "--1", None, True, 0.5, [],
     {}, Decimal("NaN"), Decimal("1e999"), 10**100, "1e999", "9" * 200],
)  # fmt: skip
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(numbers.NotANumber, match="not a number"):
        numbers.parse(value)


@pytest.mark.parametrize(
    ("value", "places", "lines", "shown"),
    [
        ("8996/100", 1, [90], "89.96"),
        ("8999999/100000", 1, [90], "89.99999"),
        ("90", 1, [90], "90.0"),
        ("8994/100", 1, [90], "89.9"),
        ("5360/3", 1, [1900], "1786.7"),
        ("379999/200", 1, [1900], "1899.995"),
        ("1/4", 1, [], "0.3"),
        ("-1/4", 1, [], "-0.3"),
        ("1/2", 0, [], "1"),
        ("-1/100", 1, [], "0.0"),
        ("2/3", 3, [], "0.667"),
    ],
)
def test_what_is_shown(value: str, places: int, lines: list[int], shown: str) -> None:
    assert numbers.show(Fraction(value), places, lines) == shown


@given(st.fractions(-3000, 3000), st.sampled_from([0, 25, 50, 65, 75, 90, 100, 1900]))
def test_a_value_never_looks_as_if_it_had_reached_a_line(value: Fraction, line: int) -> None:
    assert (Fraction(numbers.show(value, lines=[line])) >= line) <= (value >= line)


@given(st.fractions(-3000, 3000))
def test_what_is_written_is_read_back(value: Fraction) -> None:
    assert numbers.parse(numbers.exact(value)) == value


def test_a_whole_number_beyond_reason_is_refused_in_words() -> None:
    assert numbers.parse(16**numbers.MAX_DIGITS - 1) == 16**numbers.MAX_DIGITS - 1
    with pytest.raises(numbers.NotANumber, match=r"^not a number of reasonable size$"):
        numbers.parse(16**numbers.MAX_DIGITS)
