"""The grid of programmes of a metric whose series is rolled up: reads."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

import sqlalchemy as sa

from scoring.roll_up import Rule
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import pick, say
from tracker.metrics import series
from tracker.metrics.models import Metric, ProgrammeValue
from tracker.metrics.rolled import Readings, month_of, scale_of
from tracker.metrics.viewmodels import PartView, ProgrammeView, RolledMonth, RollUpView
from tracker.organisations.models import Unit, UnitKind

# Which numbers a cell takes: one value, a ratio's two, or a value with its weight.
ASKS = {Rule.POOLED: "ratio", Rule.WEIGHTED: "weighted"}


def get_grid(metric: Metric, readings: Readings, months: Sequence[str]) -> RollUpView:
    """What each programme measured, month by month, and what follows for the site: two statements."""
    rule = metric.roll_up or Rule.EACH
    units = list_programmes(metric)
    known = _parts(metric)
    values = readings.values.get(metric.id, {})
    left_out = readings.left_out.get(metric.id, {})
    unsure = readings.provisional.get(metric.id, set())
    begins = {code: min(of_unit) for code, of_unit in known.items()}
    shown = [
        unit
        for unit in units
        if unit.code in known or unit.ends_on is None or month_of(unit.ends_on) >= months[-1]
    ]
    return RollUpView(
        rule=rule.value,
        label=say(rule.label),
        asks=ASKS.get(rule, "value"),
        programmes=tuple(
            ProgrammeView(
                unit.code,
                pick(unit.name_zh, unit.name_en),
                month_of(unit.ends_on) if unit.ends_on is not None else "",
            )
            for unit in shown
        ),
        months=tuple(
            RolledMonth(
                month=month,
                parts=tuple(
                    part_view(
                        metric, unit.code, known[unit.code].get(month), _takes_part(unit, month, begins)
                    )
                    for unit in shown
                ),
                rolled=series.with_measure(_short(values[month]), metric.measure) if month in values else "",
                left_out=left_out.get(month, ()),
                provisional=month in unsure,
            )
            for month in months
        ),
    )


def _takes_part(unit: Unit, month: str, begins: dict[str, str]) -> bool:
    """Whether the rule waits for this programme in a month."""
    ended = unit.ends_on is not None and month > month_of(unit.ends_on)
    return unit.code in begins and month >= begins[unit.code] and not ended


def list_programmes(metric: Metric) -> tuple[Unit, ...]:
    """The programmes of the metric's site, ended ones too."""
    return tuple(
        db.session.execute(
            sa.select(Unit)
            .where(
                Unit.organisation_id == metric.organisation_id,
                Unit.site_id == metric.site_id,
                Unit.kind == UnitKind.PROGRAMME,
            )
            .order_by(Unit.position, Unit.code)
        ).scalars()
    )


def get_programme(metric: Metric, code: str) -> Unit:
    """A programme of the metric's site. Raises NotFound."""
    found = db.session.execute(
        sa.select(Unit).where(
            Unit.organisation_id == metric.organisation_id,
            Unit.site_id == metric.site_id,
            Unit.kind == UnitKind.PROGRAMME,
            Unit.code == code,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def get_part(metric: Metric, unit: Unit, month: str) -> ProgrammeValue | None:
    """What a programme has in a month."""
    return db.session.execute(
        sa.select(ProgrammeValue).where(
            ProgrammeValue.organisation_id == metric.organisation_id,
            ProgrammeValue.metric_id == metric.id,
            ProgrammeValue.unit_id == unit.id,
            ProgrammeValue.month == month,
        )
    ).scalar_one_or_none()


def _parts(metric: Metric) -> dict[str, dict[str, ProgrammeValue]]:
    rows = db.session.execute(
        sa.select(Unit.code, ProgrammeValue)
        .join(
            Unit,
            (Unit.organisation_id == ProgrammeValue.organisation_id) & (Unit.id == ProgrammeValue.unit_id),
        )
        .where(
            ProgrammeValue.organisation_id == metric.organisation_id, ProgrammeValue.metric_id == metric.id
        )
    )
    found: dict[str, dict[str, ProgrammeValue]] = defaultdict(dict)
    for code, row in rows:
        found[code][row.month] = row
    return found


def part_view(metric: Metric, code: str, row: ProgrammeValue | None, wanted: bool = True) -> PartView:
    """A cell of the grid."""
    if row is None:
        return PartView(code, 0, wanted=wanted)
    return PartView(
        code=code,
        version=row.version,
        value=series.write(row.value),
        numerator=series.write(row.numerator),
        denominator=series.write(row.denominator),
        shown=series.with_measure(_short(row.value), metric.measure) if row.value is not None else "–",
        provisional=row.provisional,
        wanted=wanted,
    )


def ratio(metric: Metric, numerator: Fraction, denominator: Fraction) -> Fraction | None:
    """A ratio in the metric's unit of measure; None for nothing out of nothing."""
    return numerator / denominator * scale_of(metric.measure) if denominator else None


def _short(value: Fraction) -> str:
    from tracker.metrics.insight import shown

    return shown(value)
