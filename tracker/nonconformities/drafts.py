"""What a non-conformity says and pins before it is raised: plain values between forms and services."""

from dataclasses import dataclass
from fractions import Fraction

from workflows.kinds import Grade, Source


@dataclass(frozen=True)
class PinSpec:
    """A fact to pin: its key, and for a SEE-CMM row the level that closing raises it to."""

    standard: str
    key: str
    level: int | None = None


@dataclass(frozen=True)
class Draft:
    """What people write about a non-conformity before it is raised."""

    grade: Grade
    source: Source
    title: str
    statement: str = ""
    evidence: str = ""
    owner_id: int | None = None
    effort: Fraction = Fraction(1)
    pins: tuple[PinSpec, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    unpinned_reason: str = ""
    repeat_of_id: int | None = None


def encode_pin(standard: str, key: str, level: int | None) -> str:
    """A pin as the value of a checkbox."""
    return f"{standard}|{key}|{'' if level is None else level}"


def decode_pin(value: str) -> PinSpec:
    """The pin behind the value of a checkbox. Raises ValueError."""
    standard, key, level = value.split("|")
    if len(value) > 240 or not (level == "" or level in "01234"):
        raise ValueError(value)
    return PinSpec(standard, key, int(level) if level else None)
