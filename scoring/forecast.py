"""What the score would be on a day to come, if every gap were closed on the day that it is due.

A plan and not an achievement: a gap counts from its due day on, not before those that it depends on, and one that
pins a metric no earlier than the end of the first month in which the series could satisfy the rule, were every
month from now on a good one. A gap without a due day is never counted.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoring import rescore
from scoring.metrics import (
    FEWEST_VALUES,
    IMPROVEMENT_PERIODS,
    distance,
    sustained_improvement,
    target_in,
    value_meets,
)
from scoring.policy import Policy
from scoring.rescore import Result
from scoring.series import month_name, month_number
from scoring.sheet import CopcSheet, Gap, Metric, Range, Sheet


@dataclass(frozen=True, slots=True)
class Forecast:
    """The score on a day: which gaps it counts as closed, and the day from which each other one would count."""

    day: date
    closed: tuple[str, ...]
    waiting: Mapping[str, date | None]
    result: Result


def forecast(sheet: Sheet, day: date) -> Forecast:
    """The forecast of a sheet for a day; `ready_on` of its gaps is the day that each is due, without one never."""
    days = count_from(sheet)
    closed = tuple(name for name, first in days.items() if first is not None and first <= day)
    result = rescore.score(rescore.close(sheet, frozenset(closed)))
    waiting = {name: first for name, first in days.items() if name not in closed}
    return Forecast(day, closed, waiting, result)


def count_from(sheet: Sheet) -> dict[str, date | None]:
    """Gap → the first day on which a forecast counts it as closed; None for one that no day is known for.

    >>> from datetime import date
    >>> gaps = (Gap("A", ready_on=date(2026, 9, 1)), Gap("B", ready_on=date(2026, 8, 1), needs=("A",)), Gap("C"))
    >>> found = count_from(CopcSheet("copc-2000-csp@4.1", date(2026, 6, 30), gaps=gaps))
    >>> found["B"] == found["A"] == date(2026, 9, 1), found["C"]
    (True, None)
    """
    gaps = {gap.id: gap for gap in sheet.gaps}
    known: dict[str, date | None] = {}
    for gap in sheet.gaps:
        _settle(gap, gaps, sheet, known)
    return {gap.id: known[gap.id] for gap in sheet.gaps}


def _settle(gap: Gap, gaps: Mapping[str, Gap], sheet: Sheet, known: dict[str, date | None]) -> date | None:
    """The day of a gap after those of its needs, which hold no circle."""
    if gap.id not in known:
        days = [_own_day(gap, sheet)]
        days += [_settle(gaps[need], gaps, sheet, known) for need in gap.needs if need in gaps]
        sure = [day for day in days if day is not None]
        known[gap.id] = max(sure) if len(sure) == len(days) else None
    return known[gap.id]


def _own_day(gap: Gap, sheet: Sheet) -> date | None:
    """The day that a gap is due, or later the one on which the data could show the metric facts that it pins."""
    if gap.ready_on is None:
        return None
    days: list[date | None] = [max(gap.ready_on, sheet.as_of)]
    if isinstance(sheet, CopcSheet):
        for release in gap.releases:
            facts = sheet.items.get(release.item)
            if release.kind != "metric" or facts is None:
                continue
            metric = next((each for each in facts.metrics or () if each.id == release.name), None)
            if metric is not None:
                days.append(first_day(metric, release.fact, sheet.as_of, sheet.policy))
    sure = [day for day in days if day is not None]
    return max(sure) if len(sure) == len(days) else None


def first_day(metric: Metric, fact: str, as_of: date, policy: Policy) -> date | None:
    """The end of the first month in which a series could show a fact (`cui`, `meets`, `improves`); None for never.

    A metric that is only stated waits for no month, and neither does a series that shows the fact already.
    """
    if not metric.values:
        return as_of
    months = _months_to(metric, fact, policy)
    if months is None:
        return None
    if months == 0:
        return as_of
    last = month_name(month_number(metric.values[-1][0]) + months)
    year, month = int(last[:4]), int(last[5:7])
    return max(as_of, date(year, month, monthrange(year, month)[1]))


def _months_to(metric: Metric, fact: str, policy: Policy) -> int | None:
    """How many good months a series needs before it satisfies a rule."""
    values = metric.values or ()
    if fact == "cui":
        return max(0, FEWEST_VALUES - len(values))
    return _months_to_meet(metric, policy) if fact == "meets" else _months_to_improve(metric)


def _months_to_meet(metric: Metric, policy: Policy) -> int:
    """The fewest further months; at the latest a whole window of good ones."""
    good = [_met(metric, month, value) for month, value in metric.values or ()]
    for more in range(policy.window):
        window = (good + [True] * more)[-policy.window :]
        if len(window) >= FEWEST_VALUES and sum(window) >= policy.meet_share * len(window):
            return more
    return policy.window


def _met(metric: Metric, month: str, value: Fraction) -> bool:
    target = target_in(metric.target or (), month)
    return target is not None and value_meets(value, target, metric.better)


def _months_to_improve(metric: Metric) -> int | None:
    """The fewest further months; each may be as good as it takes, a range no better than inside."""
    values = _steps(metric)
    half = IMPROVEMENT_PERIODS // 2
    lower = metric.better != "higher"
    for more in range(half + 1):
        latest = values[-(IMPROVEMENT_PERIODS - more) :]
        if len(latest) < IMPROVEMENT_PERIODS - more:
            continue
        best = _best(metric, latest[:half])
        if sustained_improvement([*latest, *[best] * more], lower):
            return more
    if metric.better == "range" and not any(values[-half:]):
        return None  # inside all along, and nothing is better than inside
    # Too short a series: the months to come make the whole comparison, and may rise from any beginning.
    return IMPROVEMENT_PERIODS - len(values)


def _steps(metric: Metric) -> list[Fraction]:
    """What improvement is judged on: the values, or for a range how far each lies outside."""
    if metric.better != "range":
        return [value for _, value in metric.values or ()]
    found = []
    for month, value in metric.values or ():
        target = target_in(metric.target or (), month)
        found.append(distance(value, target) if isinstance(target, Range) else Fraction(0))
    return found


def _best(metric: Metric, base: list[Fraction]) -> Fraction:
    """A month as good as it takes to beat the first half."""
    if metric.better == "range":
        return Fraction(0)
    return min(base) - 1 if metric.better == "lower" else max(base) + 1
