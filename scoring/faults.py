"""What is wrong with a sheet: every fault at once, each with the path of its field."""

from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `path` names the field as a reader would (`items.4.4.metrics[0].target`)."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class SheetFaults(ValueError):
    """A sheet, or a question about it, that cannot be answered; `faults` lists all that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def below(path: str, key: str) -> str:
    """The path of a field inside `path`; a key that is empty or would break the line is quoted."""
    shown = key if key and key.isprintable() and len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]!r}"
    return f"{path}.{shown}" if path else shown
