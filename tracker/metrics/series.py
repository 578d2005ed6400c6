"""From rows to the metric of the scoring package, and its values as people read them; no statement is made."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from scoring import metrics as rules
from scoring import numbers
from scoring.metrics import MetricFacts
from scoring.policy import DEFAULT, Policy
from scoring.sheet import Metric as ScoredMetric
from scoring.sheet import Range, Target
from tracker.metrics.models import Metric, MetricTarget
from tracker.organisations.models import Site

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
# The longest decimal that is shown as it was typed; what goes on for ever is shown as a fraction.
PLACES = 10


def policy_of(site: Site) -> Policy:
    """The policy of a site, its own switches over the defaults."""
    return DEFAULT.with_keys(site.policy)


def scored(
    metric: Metric,
    targets: Iterable[MetricTarget],
    values: Mapping[str, Fraction],
    stated: Mapping[str, bool] | None = None,
) -> ScoredMetric:
    """A metric as the rules read it: `values` by month, `stated` by aspect (`usable`, `meets_target`, …)."""
    said = dict(stated or {})
    return ScoredMetric(
        id=metric.code,
        required=metric.required,
        collected=said.get("collected", True),
        usable=said.get("usable", True),
        integrity=said.get("integrity", True),
        better=metric.better.value if metric.better is not None else None,
        target=tuple((row.from_month, target_of(row)) for row in targets) or None,
        values=tuple(sorted(values.items())) or None,
        meets_target=said.get("meets_target"),
        improving=said.get("improving"),
    )


def facts_of(metric: ScoredMetric, policy: Policy) -> MetricFacts:
    """What the metric contributes to level and trend."""
    return rules.facts(metric, policy)


def target_of(row: MetricTarget) -> Target:
    """A target as the rules read it."""
    if row.value is not None:
        return row.value
    return Range(row.low or Fraction(0), row.high or Fraction(0))


def meets(metric: ScoredMetric, month: str, value: Fraction) -> bool | None:
    """Whether the value of a month met the target in force then; None where there was none."""
    target = rules.target_in(metric.target or (), month)
    return None if target is None else rules.value_meets(value, target, metric.better)


def target_text(targets: Sequence[MetricTarget], month: str, measure: str = "") -> str:
    """The target in force in a month, as people read it; empty where there is none."""
    in_force = None
    for row in targets:
        if row.from_month <= month:
            in_force = row
    return "" if in_force is None else text_of(in_force, measure)


def text_of(row: MetricTarget, measure: str = "") -> str:
    """A target as people read it: `98 %`, `3 – 5 min`."""
    shown = write(row.value) if row.value is not None else f"{write(row.low)} – {write(row.high)}"
    return with_measure(shown, measure)


def with_measure(text: str, measure: str) -> str:
    """A number with its unit of measure."""
    if not text or not measure:
        return text
    return f"{text}%" if measure == "%" else f"{text} {measure}"


def write(value: Fraction | None) -> str:
    """An exact number as it was typed: a decimal where it ends, otherwise a fraction.

    >>> write(Fraction(972, 10)), write(Fraction(1, 3)), write(None)
    ('97.2', '1/3', '')
    """
    if value is None:
        return ""
    for places in range(PLACES + 1):
        if (value * 10**places).denominator == 1:
            return numbers.show(value, places)
    return numbers.exact(value)


def month_after(month: str, count: int = 1) -> str:
    """The month `count` later (earlier, where negative).

    >>> month_after("2025-12"), month_after("2026-01", -1)
    ('2026-01', '2025-12')
    """
    index = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def latest_months(last: str, count: int) -> tuple[str, ...]:
    """The `count` months that end with `last`, oldest first."""
    return tuple(month_after(last, back) for back in range(1 - count, 1))


def first_day(month: str) -> date:
    """The day on which a month begins."""
    return date(int(month[:4]), int(month[5:]), 1)
