"""Reading plain values: each kind with its faults, collected instead of raised, so that all come at once."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from scoring import numbers
from scoring.document import WHOLE, Doubled
from scoring.faults import Fault, below

T = TypeVar("T")
Object = Mapping[str, Any]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def whole(value: object) -> object:
    """A number of JSON without a fraction as the integer that it is there: spreadsheets write a level as `2.0`."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < numbers.MAX_DIGITS:
        return int(value) if value == value.to_integral_value() else value
    return value


class Reader:
    """Reads plain values and collects faults; a value that cannot be read is left out and reported."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    def table(self, value: object, path: str, allowed: frozenset[str] | None = None) -> Object | None:
        """An object; with `allowed`, unknown fields are faults."""
        if not isinstance(value, dict):
            self.fault(path or WHOLE, f"not an object: {numbers.describe(value)}")
            return None
        if isinstance(value, Doubled):
            for key in value.repeated:
                self.fault(below(path, key), "duplicate identifier: it stands twice")
        if allowed is not None and not value.keys() <= allowed:
            for key in value:
                if key not in allowed:
                    self.fault(below(path, str(key)), "unknown field")
        return value

    def listed(self, value: object, path: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            self.fault(path, f"not a list: {numbers.describe(value)}")
            return []
        return list(value)

    def text(self, value: object, path: str) -> str | None:
        if not isinstance(value, str):
            self.fault(path, f"not a text: {numbers.describe(value)}")
            return None
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            self.fault(path, f"not a valid text: {numbers.describe(value)}")
            return None
        return value

    def identifier(self, value: object, path: str) -> str | None:
        if type(value) is str and value.isascii() and value and not value.isspace():
            return value
        name = self.text(value, path)
        if name is not None and not name.strip():
            self.fault(path, "empty identifier")
            return None
        return name

    def names(self, value: object, path: str) -> tuple[str, ...]:
        """A list of identifiers without doubles."""
        found: dict[str, None] = {}
        for index, entry in enumerate(self.listed(value, path)):
            name = self.identifier(entry, f"{path}[{index}]")
            if name is not None and name in found:
                self.fault(f"{path}[{index}]", f"duplicate identifier: {numbers.describe(name)}")
            elif name is not None:
                found[name] = None
        return tuple(found)

    def flag(self, value: object, path: str) -> bool:
        if not isinstance(value, bool):
            self.fault(path, f"not true or false: {numbers.describe(value)}")
            return False
        return value

    def number(self, value: object, path: str) -> Fraction | None:
        try:
            return numbers.parse(value)
        except numbers.NotANumber as error:
            self.fault(path, str(error))
            return None

    def day(self, value: object, path: str) -> date | None:
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.fault(path, f"not a date (YYYY-MM-DD): {numbers.describe(value)}")
        return None

    def one_of(self, value: object, path: str, choices: tuple[str, ...]) -> str | None:
        if isinstance(value, str) and value in choices:
            return value
        wanted = " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))
        self.fault(path, f"must be {wanted}, not {numbers.describe(value)}")
        return None

    def optional(self, table: Object, key: str, path: str, reader: Callable[[object, str], T]) -> T | None:
        return reader(table[key], below(path, key)) if key in table else None

    def mandatory(self, table: Object, key: str, path: str, reader: Callable[[object, str], T]) -> T | None:
        if key not in table:
            self.fault(below(path, key), "missing")
            return None
        return reader(table[key], below(path, key))
