"""Exact numbers in, exact numbers out: no binary float ever takes part (C-ARITH-1, C-ARITH-2)."""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

_NUMBER = re.compile(
    r"(?P<top>[+-]?[0-9]+)/(?P<bottom>[0-9]+)"
    r"|(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?(?:[eE](?P<power>[+-]?[0-9]{1,4}))?"
)
# A number of a contact centre has a dozen digits. The bound keeps a hostile sheet (1e999999999, ten thousand
# digits) from costing more than its own length.
MAX_DIGITS = 60
_SHOWN = 40


class NotANumber(ValueError):
    """The value cannot be read as an exact number; the message says what it was."""


def parse(value: object) -> Fraction:
    """Read a decimal or rational string, an integer or a `Decimal` as an exact rational.

    Raises `NotANumber` for anything else, binary floats and booleans included.

    >>> parse("97.20"), parse("225/2"), parse(3)
    (Fraction(486, 5), Fraction(225, 2), Fraction(3, 1))
    """
    if type(value) is str:
        return _parse_text(value)
    if type(value) is int:
        return _parse_integer(value)
    if isinstance(value, Decimal):
        return _parse_decimal(value)
    raise NotANumber(f"not a number: {describe(value)}")


def _parse_integer(value: int) -> Fraction:
    if value.bit_length() > 4 * MAX_DIGITS:
        raise NotANumber("not a number of reasonable size")
    return Fraction(value)


def _parse_decimal(value: Decimal) -> Fraction:
    if not value.is_finite():
        raise NotANumber(f"not a number: {value}")
    digits = value.as_tuple()
    if len(digits.digits) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS:
        raise NotANumber("not a number of reasonable size")
    return Fraction(value)


@lru_cache(maxsize=32768)
def _parse_text(text: str) -> Fraction:
    if len(text) > 2 * MAX_DIGITS:
        raise NotANumber(f"not a number of reasonable size: {describe(text)}")
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise NotANumber(f"not a number: {describe(text)}")
    if found["top"] is not None:
        if int(found["bottom"]) == 0:
            raise NotANumber(f"not a number: {describe(text)}")
        return Fraction(int(found["top"]), int(found["bottom"]))
    if not found["whole"] and not found["part"]:
        raise NotANumber(f"not a number: {describe(text)}")
    return _parse_decimal(Decimal(text))


def describe(value: object) -> str:
    """How a wrong value is quoted in a fault: short, and never more than one line.

    >>> describe("abc"), describe(None), describe([1])
    ("'abc'", 'null', 'a list')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 4 * MAX_DIGITS:
        return "a very long number"
    # repr, not str: a line break inside the text must not break the fault in two.
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def exact(value: Fraction) -> str:
    """The canonical text of an exact number.

    >>> exact(Fraction(225, 2)), exact(Fraction(112))
    ('225/2', '112')
    """
    return str(value)


def _rounded(value: Fraction, places: int) -> Fraction:
    scale = 10**places
    magnitude = (abs(value) * scale * 2 + 1) // 2
    return Fraction(magnitude if value >= 0 else -magnitude, scale)


def _decimal_text(value: Fraction, places: int) -> str:
    digits = abs(value.numerator * 10**places // value.denominator)
    whole, part = divmod(digits, 10**places)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def show(value: Fraction, places: int = 1, lines: Iterable[Fraction | int] = ()) -> str:
    """A value for display, rounded half up; more decimals where it would look as if it had reached a line.

    `lines` are the thresholds that the value is compared with elsewhere (C-ARITH-2).

    >>> show(Fraction(8996, 100), lines=[90]), show(Fraction(5360, 3)), show(Fraction(1, 2), places=0)
    ('89.96', '1786.7', '1')
    """
    missed = [Fraction(line) for line in lines if value < line]
    rounded = _rounded(value, places)
    while any(rounded >= line for line in missed):
        places += 1
        rounded = _rounded(value, places)
    return _decimal_text(rounded, places)
