"""Pareto: which few categories hold most of what was counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

VITAL = Fraction(4, 5)
"""The share that the vital few reach together."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A category, how often it was counted, and the share that it and all before it hold."""

    category: str
    count: int
    cumulative: Fraction
    """From 0 to 1."""
    vital: bool
    """It belongs to the fewest categories that hold four fifths."""


def pareto(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    """The categories by falling count (the same count: by name), each with the share reached so far.

    >>> [(bar.category, str(bar.cumulative), bar.vital) for bar in pareto({"a": 1, "b": 4, "c": 0})]
    [('b', '4/5', True), ('a', '1', False)]
    """
    total = sum(counts.values())
    found: list[Bar] = []
    reached = 0
    for category, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count > 0:
            before = Fraction(reached, total)
            reached += count
            found.append(Bar(category, count, Fraction(reached, total), before < VITAL))
    return tuple(found)
