"""The three variation rules of item 2.2. Each gives its own result; any one that fires flags a process.

Ratios that involve a square root are compared by their squares, so that a value exactly on a line is seen to be
exactly on it. Only the normal quantile of process sigma needs a float; it decides nothing but its own rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from statistics import NormalDist

from scoring import numbers

BOND_LINE = Fraction(7, 10)
SPREAD_LINE = Fraction(1)
SIGMA_LINE = Fraction(5, 2)
FEW_DATA = 6
_PLACES = 4


@dataclass(frozen=True, slots=True)
class Variation:
    """One rule's result: its value to four decimals, whether it flags too much variation, and whether data are few."""

    rule: str
    shown: str
    flagged: bool
    few_data: bool


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _computable(values: Sequence[Fraction]) -> bool:
    return len(values) >= 2 and _mean(values) > 0


def bond_coefficient(values: Sequence[Fraction]) -> Variation | None:
    """Range ÷ mean, too much above 0.70 (C-VAR1); `None` for fewer than two values or a mean not above 0.

    >>> bond_coefficient([Fraction(v) for v in (150, 240, 330, 200, 310, 270)]).flagged
    True
    """
    if not _computable(values):
        return None
    ratio = (max(values) - min(values)) / _mean(values)
    return Variation("C-VAR1", _shown(ratio), ratio > BOND_LINE, len(values) < FEW_DATA)


def spread_ratio(values: Sequence[Fraction], sd_kind: str = "sample") -> Variation | None:
    """Standard deviation ÷ (mean ÷ 6), too much above 1.0 (C-VAR2); `None` as for the Bond coefficient.

    >>> spread_ratio([Fraction(v) for v in (5, 6, 7)]).flagged
    False
    """
    if not _computable(values):
        return None
    mean = _mean(values)
    degrees = len(values) - 1 if sd_kind == "sample" else len(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / degrees
    squared = 36 * variance / mean**2
    return Variation("C-VAR2", _shown(_root(squared)), squared > SPREAD_LINE**2, len(values) < FEW_DATA)


def process_sigma(defects: int, opportunities: int, shift: Fraction = Fraction(3, 2)) -> Variation | None:
    """Sigma level Φ⁻¹(1 - defects ÷ opportunities) + shift, too much variation below 2.5 (C-VAR3).

    `None` where it is not a number: no opportunities, or defects of none or of all.

    >>> process_sigma(1600, 10000).shown
    '2.4945'
    """
    if opportunities <= 0 or not 0 < defects < opportunities:
        return None
    quantile = NormalDist().inv_cdf(1 - defects / opportunities)
    sigma = Fraction(quantile) + shift
    return Variation("C-VAR3", _shown(sigma), sigma < SIGMA_LINE, opportunities < FEW_DATA)


def _root(value: Fraction) -> Fraction:
    """A square root exact to far more digits than are ever shown."""
    scale = 10**12
    return Fraction(isqrt(value.numerator * scale**2 // value.denominator), scale)


def _shown(value: Fraction) -> str:
    return numbers.show(value, places=_PLACES)
