"""Several programmes' series of one metric rolled up into what is scored, by a rule that is declared with the metric.

A metric kept per programme counts once per programme, one kept for the entity counts once (C-METRIC); which of the
two holds, and how the one series comes about, is a choice that must be written down. Exact throughout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from scoring.text import Text


class Rule(StrEnum):
    """How programmes become one series.

    `each` keeps one series per programme. `sum` adds, `mean` takes the plain average, `pooled` divides the sum of
    numerators by the sum of denominators, `weighted` averages the values with their denominators as weights,
    `worst` takes the programme that is worst in the metric's direction.
    """

    EACH = "each"
    SUM = "sum"
    MEAN = "mean"
    POOLED = "pooled"
    WEIGHTED = "weighted"
    WORST = "worst"

    @property
    def label(self) -> Text:
        """The rule as people read it."""
        return _LABELS[self]


_LABELS = {
    Rule.EACH: Text(zh="每个方案各计一次", en="Each programme counts once"),
    Rule.SUM: Text(zh="各方案相加", en="Sum over programmes"),
    Rule.MEAN: Text(zh="各方案简单平均", en="Plain mean over programmes"),
    Rule.POOLED: Text(zh="分子之和除以分母之和", en="Sum of numerators over sum of denominators"),
    Rule.WEIGHTED: Text(zh="各方案按数量加权平均", en="Mean over programmes weighted by their volumes"),
    Rule.WORST: Text(zh="取最差的方案", en="The worst programme"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One month of one programme: the value, and where it is a ratio or an average what it was made from."""

    value: Fraction
    numerator: Fraction | None = None
    denominator: Fraction | None = None


Parts = Mapping[str, Mapping[str, Point]]


@dataclass(frozen=True, slots=True)
class Rolled:
    """Name → series in order of months; a series of one is named by the metric, else `metric/programme`.

    `left_out` names for each month without a value the programmes whose value (or, where pooled, whose numerator or
    denominator) is missing; none are named where all are there but nothing was counted.
    """

    series: Mapping[str, tuple[tuple[str, Fraction], ...]]
    left_out: Mapping[str, tuple[str, ...]]


class RollUpError(ValueError):
    """The rule cannot be used with this metric."""


def roll_up(
    metric: str,
    parts: Parts,
    rule: Rule,
    better: str | None = None,
    scale: Fraction = Fraction(1),
    ended: Mapping[str, str] | None = None,
) -> Rolled:
    """The series that are scored, from programme → month → point.

    A programme takes part from its first month on, until the month that `ended` names for it, if any. Within that
    time a month counts only when every programme has it, so that a total never falls because one of them was not
    yet entered. `scale` is what a `pooled` ratio is multiplied by: 100 for a percentage. Raises `RollUpError` for
    `worst` without a direction of higher or lower.

    >>> one, two = Point(Fraction(90), Fraction(9), Fraction(10)), Point(Fraction(50), Fraction(15), Fraction(30))
    >>> parts = {"card": {"2026-01": one}, "loan": {"2026-01": two}}
    >>> roll_up("sl", parts, Rule.POOLED, scale=Fraction(100)).series
    {'sl': (('2026-01', Fraction(60, 1)),)}
    """
    if rule is Rule.EACH:
        return Rolled({f"{metric}/{name}": _sorted(points) for name, points in parts.items()}, {})
    if rule is Rule.WORST and better not in ("higher", "lower"):
        raise RollUpError("the worst of several programmes needs a metric that is better higher or lower")
    series, left_out = [], {}
    for month in sorted({month for points in parts.values() for month in points}):
        taking = _taking_part(parts, month, ended or {})
        missing = tuple(name for name in taking if not _usable(parts[name].get(month), rule))
        values = [] if missing else [parts[name][month] for name in taking]
        value = _one(rule, values, better, scale) if values else None
        if value is None:
            left_out[month] = missing
        else:
            series.append((month, value))
    return Rolled({metric: tuple(series)}, left_out)


def _taking_part(parts: Parts, month: str, ended: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        name
        for name, points in parts.items()
        if points and min(points) <= month and month <= ended.get(name, month)
    )


def _sorted(points: Mapping[str, Point]) -> tuple[tuple[str, Fraction], ...]:
    return tuple((month, points[month].value) for month in sorted(points))


def _usable(point: Point | None, rule: Rule) -> bool:
    if point is None:
        return False
    if rule is Rule.WEIGHTED:
        return point.denominator is not None
    return rule is not Rule.POOLED or (point.numerator is not None and point.denominator is not None)


def _one(rule: Rule, points: Sequence[Point], better: str | None, scale: Fraction) -> Fraction | None:
    values = [point.value for point in points]
    if rule is Rule.POOLED:
        bottom = sum((point.denominator or Fraction(0) for point in points), Fraction(0))
        top = sum((point.numerator or Fraction(0) for point in points), Fraction(0))
        return top / bottom * scale if bottom else None
    if rule is Rule.WEIGHTED:
        weights = [point.denominator or Fraction(0) for point in points]
        whole = sum(weights, Fraction(0))
        weighed = sum((value * weight for value, weight in zip(values, weights, strict=True)), Fraction(0))
        return weighed / whole if whole else None
    if rule is Rule.WORST:
        return min(values) if better == "higher" else max(values)
    total = sum(values, Fraction(0))
    return total if rule is Rule.SUM else total / len(values)
