"""How far two people agree who judged the same facts without seeing each other's verdicts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from workflows.text import Text

LEAST_FOR_KAPPA = 10
"""Below this number of facts kappa says more about chance than about people."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two sets of verdicts have in common.

    ``share`` is None without a fact that both judged. ``kappa`` is None below LEAST_FOR_KAPPA facts, and where
    both gave one and the same verdict throughout, when chance alone would agree just as well.
    """

    compared: int
    same: int
    share: Fraction | None
    kappa: Fraction | None
    differing: tuple[str, ...]


def agreement(first: Mapping[str, str], second: Mapping[str, str]) -> Agreement:
    """Compare two people's verdicts, key by key; Cohen's kappa, exact.

    >>> agreement({"a": "met", "b": "met"}, {"a": "met", "b": "not_met"}).share
    Fraction(1, 2)
    """
    both = [key for key in first if key in second]
    differing = tuple(key for key in both if first[key] != second[key])
    count, same = len(both), len(both) - len(differing)
    share = Fraction(same, count) if count else None
    kappa = None
    if share is not None and count >= LEAST_FOR_KAPPA:
        left, right = Counter(first[key] for key in both), Counter(second[key] for key in both)
        by_chance = sum((Fraction(left[each] * right[each], count * count) for each in left), Fraction(0))
        kappa = None if by_chance == 1 else (share - by_chance) / (1 - by_chance)
    return Agreement(count, same, share, kappa, differing)


_BANDS = (
    (Fraction(4, 5), Text("几乎一致", "almost perfect")),
    (Fraction(3, 5), Text("高度一致", "substantial")),
    (Fraction(2, 5), Text("中等一致", "moderate")),
    (Fraction(1, 5), Text("一般", "fair")),
    (Fraction(0), Text("轻微", "slight")),
)


def in_words(kappa: Fraction) -> Text:
    """The customary word for a kappa (Landis and Koch, 1977)."""
    return next(
        (words for least, words in _BANDS if kappa > least), Text("低于偶然", "no better than chance")
    )
