"""What the next month of a metric must bring for the metric to go on meeting its target, and improving.

Only series are asked; a fact that an assessor states does not wait for a month. A hint for people; no score
depends on it.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from scoring import metrics
from scoring.facts import Metric, Range, Target
from scoring.metrics import FEWEST_VALUES, IMPROVEMENT_PERIODS
from scoring.policy import DEFAULT, Policy
from scoring.series import month_name, month_number


@dataclass(frozen=True, slots=True)
class Prospect:
    """A fact that holds now: whether it still holds after the next month.

    `holds` is true where it does whatever comes, false where it does not whatever comes, and `None` where the next
    value decides. For a trend `bound` is what that value must then be better than: a number, or the distance to
    the range. `as_last` says whether it still holds when the next month is as the last one was.
    """

    holds: bool | None
    as_last: bool
    bound: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next month without a value, the target in force in it, and what becomes of what holds now.

    `meets` and `improves` are `None` where the fact does not hold now, or is stated.
    """

    month: str
    target: Target | None
    meets: Prospect | None
    improves: Prospect | None

    @property
    def threatened(self) -> bool:
        """Whether a fact that holds now may be lost with the next month."""
        return any(each is not None and each.holds is not True for each in (self.meets, self.improves))


def look(metric: Metric, policy: Policy = DEFAULT) -> Ahead | None:
    """What the month after the last value decides; `None` for a metric without values or with untrusted data.

    >>> values = tuple((f"2026-0{month}", Fraction(value)) for month, value in enumerate((90, 90, 99, 99, 99, 99), 1))
    >>> found = look(Metric("accuracy", better="higher", target=(("", Fraction(98)),), values=values))
    >>> found.month, found.meets.holds, found.improves.bound
    ('2026-07', True, Fraction(96, 1))
    """
    shown = metrics.facts(metric, policy)
    if not metric.values or shown.failing:
        return None
    month = month_name(month_number(metric.values[-1][0]) + 1)
    target = metrics.target_in(metric.target or (), month)
    asked = shown.meets and metric.meets_target is None
    return Ahead(
        month=month,
        target=target,
        meets=_meets(metric, month, target, policy) if target is not None and asked else None,
        improves=_improves(metric, month, target) if shown.improving and metric.improving is None else None,
    )


def _meets(metric: Metric, month: str, target: Target, policy: Policy) -> Prospect:
    """One more good month never makes a metric that meets miss; a bad one may."""
    missed = _with(metric, month, _missing(target, metric.better))
    if metrics.facts(missed, policy).meets:
        return Prospect(True, True)
    last = (metric.values or ())[-1][1]
    return Prospect(None, metrics.value_meets(last, target, metric.better))


def _with(metric: Metric, month: str, value: Fraction) -> Metric:
    return replace(metric, values=(*(metric.values or ()), (month, value)))


def _missing(target: Target, better: str | None) -> Fraction:
    """Some value that misses a target."""
    if isinstance(target, Range):
        return target.high + 1
    return target + 1 if better == "lower" else target - 1


def _improves(metric: Metric, month: str, target: Target | None) -> Prospect:
    """Of the six latest months after the next one, three are the base; two of the three later ones are known."""
    values = metric.values or ()
    if metric.better == "range" and not isinstance(target, Range):
        return Prospect(False, False)
    lower = metric.better != "higher"
    known = [_judged(metric, each, value) for each, value in values[1 - IMPROVEMENT_PERIODS :]]
    base = sum(known[:FEWEST_VALUES], Fraction(0)) / FEWEST_VALUES
    if not all(value < base if lower else value > base for value in known[FEWEST_VALUES:]):
        return Prospect(False, False)
    # The range may be another one by then, and the same value nearer to it or farther.
    again = _judged(metric, month, values[-1][1])
    return Prospect(None, again < base if lower else again > base, base)


def _judged(metric: Metric, month: str, value: Fraction) -> Fraction:
    """The value as improvement is judged on it: for a range, how far it lies outside."""
    if metric.better != "range":
        return value
    in_force = metrics.target_in(metric.target or (), month)
    return metrics.distance(value, in_force) if isinstance(in_force, Range) else Fraction(0)
