"""The series of a site's metrics: entered for the site, or rolled up from its programmes by the declared rule.

One statement reads both kinds of values. From the first month in which a programme has one on, a metric with a
rule takes its series from the programmes alone; what was entered for the site before stays as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from scoring.roll_up import Parts, Point, RollUpError, Rule, roll_up
from tracker.database import db
from tracker.metrics.models import Better, Metric, MetricValue, ProgrammeValue
from tracker.organisations.models import Unit

Months = dict[str, Fraction]
PERCENT = ("%", "％")


@dataclass(frozen=True)
class Readings:
    """Metric → month → what was measured, with what must be seen beside it.

    `counts` are the numerator and denominator of a month, `provisional` the months that are not final, `left_out`
    the months that have no value because of the programmes named (codes), `rolled` the metrics whose series comes
    from programmes, with the first month in which it does.
    """

    values: dict[int, Months] = field(default_factory=lambda: defaultdict(dict))
    counts: dict[int, dict[str, tuple[Fraction, Fraction]]] = field(default_factory=lambda: defaultdict(dict))
    provisional: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    left_out: dict[int, dict[str, tuple[str, ...]]] = field(default_factory=lambda: defaultdict(dict))
    rolled: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Declared:
    """A metric's rule with what the rule needs to know."""

    rule: Rule
    better: Better | None
    measure: str


def scale_of(measure: str) -> Fraction:
    """What a ratio is multiplied by to stand in a unit of measure: 100 for a percentage."""
    return Fraction(100 if measure.strip() in PERCENT else 1)


def month_of(day: date) -> str:
    """The month of a day, as series name it."""
    return f"{day.year:04d}-{day.month:02d}"


def read(organisation_id: int, of_site: sa.Select[Any], first: str, last: str) -> Readings:
    """What the metrics of `of_site` measured from `first` to `last`: one statement."""
    found = Readings()
    parts: dict[int, dict[str, dict[str, Point]]] = defaultdict(lambda: defaultdict(dict))
    unsure: dict[int, set[str]] = defaultdict(set)
    ended: dict[int, dict[str, str]] = defaultdict(dict)
    declared: dict[int, _Declared] = {}
    for row in db.session.execute(_statement(organisation_id, of_site, first, last)):
        if row.rule is None:
            _take_site(found, row)
            continue
        declared[row.metric_id] = _Declared(row.rule, row.better, row.measure)
        if row.ends_on is not None:
            ended[row.metric_id][row.code] = month_of(row.ends_on)
        points = parts[row.metric_id][row.code]
        # Nothing out of nothing has no value of its own; a pooled ratio needs none, every other rule does.
        if row.value is not None or row.rule is Rule.POOLED:
            points[row.month] = Point(row.value or Fraction(0), row.numerator, row.denominator)
        if row.provisional:
            unsure[row.metric_id].add(row.month)
    for metric_id, known in declared.items():
        _take_rolled(found, metric_id, known, parts[metric_id], ended[metric_id])
        found.provisional[metric_id] = {
            month for month in found.provisional[metric_id] if month < found.rolled[metric_id]
        } | (unsure[metric_id] & found.values[metric_id].keys())
    return found


def _statement(organisation_id: int, of_site: sa.Select[Any], first: str, last: str) -> Any:
    """The values of programmes under a rule, then those of sites, as rows of one shape."""
    of_programmes = (
        sa.select(
            ProgrammeValue.metric_id,
            ProgrammeValue.month,
            ProgrammeValue.value,
            ProgrammeValue.numerator,
            ProgrammeValue.denominator,
            ProgrammeValue.provisional,
            Unit.code,
            Unit.ends_on,
            Metric.roll_up.label("rule"),
            Metric.better,
            Metric.measure,
        )
        .join(
            Unit,
            (Unit.organisation_id == ProgrammeValue.organisation_id) & (Unit.id == ProgrammeValue.unit_id),
        )
        .join(
            Metric,
            (Metric.organisation_id == ProgrammeValue.organisation_id)
            & (Metric.id == ProgrammeValue.metric_id),
        )
        .where(
            ProgrammeValue.organisation_id == organisation_id,
            ProgrammeValue.metric_id.in_(of_site),
            ProgrammeValue.month <= last,
            ProgrammeValue.month >= first,
            Metric.roll_up.is_not(None),
            Metric.roll_up != Rule.EACH,
        )
    )
    of_sites = sa.select(
        MetricValue.metric_id,
        MetricValue.month,
        MetricValue.value,
        MetricValue.numerator,
        MetricValue.denominator,
        MetricValue.provisional,
        *(sa.null() for _column in ("code", "ends_on", "rule", "better", "measure")),
    ).where(
        MetricValue.organisation_id == organisation_id,
        MetricValue.metric_id.in_(of_site),
        MetricValue.month <= last,
        MetricValue.month >= first,
    )
    both: Any = sa.union_all(of_programmes, of_sites)
    return both.order_by(both.selected_columns.metric_id, both.selected_columns.month)


def _take_site(found: Readings, row: Any) -> None:
    found.values[row.metric_id][row.month] = row.value
    if row.numerator is not None and row.denominator is not None:
        found.counts[row.metric_id][row.month] = (row.numerator, row.denominator)
    if row.provisional:
        found.provisional[row.metric_id].add(row.month)


def _take_rolled(
    found: Readings, metric_id: int, known: _Declared, parts: Parts, ended: Mapping[str, str]
) -> None:
    """Put the rolled-up months in place of those entered for the site from the first of them on."""
    begins = min((month for points in parts.values() for month in points), default="9999-12")
    found.rolled[metric_id] = begins
    for months in (found.values[metric_id], found.counts[metric_id]):
        for month in [month for month in months if month >= begins]:
            del months[month]
    try:
        rolled = roll_up(
            "series",
            parts,
            known.rule,
            better=known.better.value if known.better is not None else None,
            scale=scale_of(known.measure),
            ended=ended,
        )
    except RollUpError:
        return
    found.values[metric_id].update(rolled.series["series"])
    found.left_out[metric_id].update(rolled.left_out)
    if known.rule is Rule.POOLED:
        for month, _value in rolled.series["series"]:
            found.counts[metric_id][month] = _pooled(
                points[month] for points in parts.values() if month in points
            )


def _pooled(points: Iterable[Point]) -> tuple[Fraction, Fraction]:
    top = bottom = Fraction(0)
    for point in points:
        top += point.numerator or Fraction(0)
        bottom += point.denominator or Fraction(0)
    return top, bottom
