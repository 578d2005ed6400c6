"""JSON text to plain values, exactly: decimals stay decimals, doubled keys are not lost.

Whatever the bytes are, nothing is raised but `SheetFaults`.
"""

import json
from collections.abc import Iterable
from decimal import Decimal, DecimalException

from scoring.faults import Fault, SheetFaults
from scoring.numbers import MAX_DIGITS

# The path of a fault that concerns the whole document.
WHOLE = "sheet"


class Doubled(dict[str, object]):
    """An object in which a key stood twice; readers report `repeated` instead of silently keeping the last."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) == len(pairs):
        return table
    doubled = Doubled(table)
    doubled.repeated = tuple(_repeated(key for key, _ in pairs))
    return doubled


def _repeated(keys: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    again: dict[str, None] = {}
    for key in keys:
        if key in seen:
            again[key] = None
        seen.add(key)
    return list(again)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except DecimalException:
        # An exponent beyond all reason; the reader of the field refuses it by path.
        return Decimal("NaN")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= MAX_DIGITS else _decimal(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_decimal,
    parse_int=_integer,
    parse_constant=lambda _: Decimal("NaN"),
)


def read(data: bytes | str) -> object:
    """The value of a JSON text (UTF-8, with or without a byte-order mark).

    Raises `SheetFaults` with one fault when it is not JSON at all.
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        value: object = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise SheetFaults([Fault(WHOLE, f"not UTF-8: byte {error.start} cannot be read")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SheetFaults([Fault(WHOLE, f"not JSON: {error.msg} ({where})")]) from None
    except RecursionError:
        raise SheetFaults([Fault(WHOLE, "nested too deeply")]) from None
    return value
