"""From a metric's series to its facts: can the number be trusted, does it meet target, does it improve.

Also the three variation rules of item 2.2. Exact throughout: values, targets and means are rationals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from scoring.policy import DEFAULT, Policy
from scoring.sheet import Metric, Range, Target

# Fewer values than this and the metric counts as not collected (C-METRIC-MEET).
FEWEST_VALUES = 3
# Sustained improvement always compares the last three periods with the three before (C-METRIC-SI).
IMPROVEMENT_PERIODS = 6

Series = Sequence[tuple[str, Fraction]]


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """What a metric contributes to level and trend.

    `failing` lists the letters of CUI that do not hold; `meets` and `improving` already take them into account.
    `periods_met` of `periods` months in the window met the target; both are 0 for a metric that is only stated.
    `provisional` marks a verdict on fewer periods than the window has.
    """

    id: str
    required: bool
    failing: tuple[str, ...]
    meets: bool
    improving: bool
    periods_met: int = 0
    periods: int = 0
    provisional: bool = False

    @property
    def cui(self) -> bool:
        """Whether the data are collected, usable and have integrity."""
        return not self.failing


def facts(metric: Metric, policy: Policy = DEFAULT) -> MetricFacts:
    """The facts of one metric (C-N1, C-METRIC-MEET, C-METRIC-SI); a stated fact wins over the series.

    >>> facts(Metric("wait", meets_target=True)).meets
    True
    >>> facts(Metric("wait")).failing
    ('C',)
    """
    window = (metric.values or ())[-policy.window :]
    periods_met = _periods_met(metric, window)
    failing = _failing(metric)
    meets = (
        metric.meets_target if metric.meets_target is not None else _enough(periods_met, len(window), policy)
    )
    improving = metric.improving if metric.improving is not None else _series_improves(metric)
    return MetricFacts(
        id=metric.id,
        required=metric.required,
        failing=failing,
        meets=meets and not failing,
        improving=improving and not failing,
        periods_met=periods_met,
        periods=len(window),
        provisional=metric.meets_target is None and FEWEST_VALUES <= len(window) < policy.window,
    )


def _failing(metric: Metric) -> tuple[str, ...]:
    """The letters of CUI that fail; a stated `meets_target` sets the tests of the series aside."""
    if metric.cui_released:
        return ()
    sound = metric.collected and metric.usable and metric.integrity
    if sound and metric.target and metric.values and len(metric.values) >= FEWEST_VALUES:
        return ()
    collected, usable = metric.collected, metric.usable
    if metric.values is None:
        collected = collected and not (metric.meets_target is None and metric.improving is None)
    elif metric.meets_target is None:
        collected = collected and len(metric.values) >= FEWEST_VALUES
        usable = usable and metric.target is not None
    holds = (("C", collected), ("U", usable), ("I", metric.integrity))
    return tuple(letter for letter, held in holds if not held)


def _enough(met: int, periods: int, policy: Policy) -> bool:
    share = policy.meet_share
    return periods >= FEWEST_VALUES and met * share.denominator >= share.numerator * periods


def target_in(targets: Sequence[tuple[str, Target]], month: str) -> Target | None:
    """The target in force in a month, `None` before the first one."""
    in_force = None
    for start, target in targets:
        if start > month:
            break
        in_force = target
    return in_force


def value_meets(value: Fraction, target: Target, better: str | None) -> bool:
    """Whether one value meets a target; meeting it exactly is meeting it."""
    if isinstance(target, Range):
        return target.low <= value <= target.high
    return value <= target if better == "lower" else value >= target


def _periods_met(metric: Metric, window: Series) -> int:
    if not metric.target or not window:
        return 0
    start, lasting = metric.target[0]
    if len(metric.target) == 1 and start <= window[0][0] and isinstance(lasting, Fraction):
        return _values_meeting(lasting, [value for _, value in window], metric.better == "lower")
    met = 0
    for month, value in window:
        target = target_in(metric.target, month)
        met += target is not None and value_meets(value, target, metric.better)
    return met


def _values_meeting(target: Fraction, values: Sequence[Fraction], lower: bool) -> int:
    """How many values meet one number; crossed products of integers, because this runs for every metric."""
    top, bottom = target.as_integer_ratio()
    ratios = [value.as_integer_ratio() for value in values]
    if lower:
        return sum([part * bottom <= top * whole for part, whole in ratios])
    return sum([part * bottom >= top * whole for part, whole in ratios])


def distance(value: Fraction, target: Range) -> Fraction:
    """How far a value lies outside a range; 0 inside."""
    return max(target.low - value, value - target.high, Fraction(0))


def _series_improves(metric: Metric) -> bool:
    if metric.values is None or len(metric.values) < IMPROVEMENT_PERIODS:
        return False
    latest = metric.values[-IMPROVEMENT_PERIODS:]
    if metric.better != "range":
        return sustained_improvement([value for _, value in latest], lower=metric.better == "lower")
    distances = []
    for month, value in latest:
        target = target_in(metric.target or (), month)
        if not isinstance(target, Range):
            return False
        distances.append(distance(value, target))
    return sustained_improvement(distances, lower=True)


def sustained_improvement(values: Sequence[Fraction], lower: bool) -> bool:
    """Whether each of the last three of six values beats the mean of the first three (C-METRIC-SI).

    The rule also asks for a better mean of the last three; that follows when each of them is better.

    >>> sustained_improvement([Fraction(v) for v in (70, 72, 74, 76, 78, 80)], lower=False)
    True
    """
    ratios = [value.as_integer_ratio() for value in values]
    common = lcm(*[whole for _, whole in ratios])
    first, second, third, *latest = [part * (common // whole) for part, whole in ratios]
    base = first + second + third
    return 3 * max(latest) < base if lower else 3 * min(latest) > base
