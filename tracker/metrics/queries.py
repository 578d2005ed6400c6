"""Reads of metrics: the register and the grid of an item."""

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import pick
from tracker.metrics import insight, series
from tracker.metrics.loaded import MONTHS_SHOWN, SiteSeries, load_site, target_view
from tracker.metrics.models import Metric, MetricTarget
from tracker.metrics.viewmodels import (
    GridRow,
    HintView,
    MetricRow,
)
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor, Subject
from tracker.scores.sheets import month_of


def get_metric(organisation_id: int, number: int) -> Metric:
    """The metric with this number. Raises NotFound."""
    found = db.session.execute(
        sa.select(Metric).where(Metric.organisation_id == organisation_id, Metric.number == number)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def subject_of(metric: Metric) -> Subject:
    """The metric as permissions see it."""
    owners = frozenset({metric.owner_id}) if metric.owner_id is not None else frozenset()
    return Subject(site_id=metric.site_id, owner_ids=owners)


def get_target(metric: Metric, target_id: int) -> MetricTarget:
    """A target of a metric. Raises NotFound."""
    found = db.session.get(MetricTarget, (metric.organisation_id, target_id))
    if found is None or found.metric_id != metric.id:
        raise NotFound
    return found


def list_sites(actor: Actor) -> tuple[Site, ...]:
    """The active sites that a person sees."""
    sites = actor.sites()
    wanted = (
        sa.select(Site).where(Site.organisation_id == actor.organisation_id, Site.active).order_by(Site.code)
    )
    if sites is not None:
        wanted = wanted.where(Site.id.in_(sites))
    return tuple(db.session.execute(wanted).scalars())


def list_metrics(actor: Actor, site: Site, *, item: str = "", verdict: str = "") -> tuple[MetricRow, ...]:
    """The metrics of a site, by item; `verdict` is `cui`, `missing_target`, `not_improving`, `good` or `hints`."""
    return rows_of(load_site(actor.organisation_id, site), item=item, verdict=verdict)


def rows_of(loaded: SiteSeries, *, item: str = "", verdict: str = "") -> tuple[MetricRow, ...]:
    """The metrics that have been read, as their register shows them; narrowed like `list_metrics`."""
    hints = loaded.hints()
    rows = (
        _row(loaded, entry, hints[entry[0].id]) for entry in loaded.rows if not item or entry[0].item == item
    )
    return tuple(row for row in rows if not verdict or _speaks(row, verdict))


def hints(organisation_id: int, site: Site) -> tuple[tuple[MetricRow, HintView], ...]:
    """What people should look at among the metrics of a site, the gravest first: four statements."""
    loaded = load_site(organisation_id, site)
    found = loaded.hints()
    told = [
        (_row(loaded, entry, found[entry[0].id]), hint)
        for entry in loaded.rows
        for hint in found[entry[0].id]
    ]
    order = {kind: place for place, kind in enumerate(("drop", "cui", "stale", "gap", "edge"))}
    return tuple(sorted(told, key=lambda pair: order[pair[1].kind]))


def _speaks(row: MetricRow, wanted: str) -> bool:
    found = row.verdict
    return {
        "hints": bool(row.hints),
        "cui": bool(found.failing),
        "missing_target": not found.failing and not found.meets,
        "not_improving": not found.improving,
        "good": found.meets and found.improving,
    }.get(wanted, True)


def _row(
    loaded: SiteSeries,
    entry: tuple[Metric, Unit | None, Person | None],
    hints: tuple[HintView, ...] = (),
) -> MetricRow:
    metric, unit, owner = entry
    values = loaded.values.get(metric.id, {})
    last = max(values, default="")
    shown = loaded.months(metric, sorted(values)[-MONTHS_SHOWN:])
    return MetricRow(
        number=metric.number,
        item=metric.item,
        item_name=loaded.item_name(metric.item),
        code=metric.code,
        name=pick(metric.name_zh, metric.name_en),
        unit=pick(unit.name_zh, unit.name_en) if unit is not None else "",
        required=metric.required,
        better=metric.better.value if metric.better is not None else "",
        measure=metric.measure,
        last_month=last,
        last_value=series.with_measure(insight.shown(values[last]), metric.measure) if last else "",
        target=series.target_text(
            loaded.targets.get(metric.id, []), last or month_of(clock.today()), metric.measure
        ),
        owner=pick(owner.name_zh, owner.name_en) if owner is not None else "",
        verdict=loaded.verdict(metric),
        spark=tuple((view.month, view.value, view.meets) for view in shown),
        hints=hints,
    )


def grid_of(
    loaded: SiteSeries, item: str, versions: Mapping[tuple[int, str], int], count: int = MONTHS_SHOWN
) -> tuple[GridRow, ...]:
    """The metrics of an item as rows of months up to now, for editing in place."""
    shown = series.latest_months(month_of(clock.today()), count)
    rows = []
    for metric, unit, _owner in loaded.rows:
        if metric.item != item:
            continue
        targets = loaded.targets.get(metric.id, [])
        months = tuple(
            replace(view, version=versions.get((metric.id, view.month), 0))
            for view in loaded.months(metric, shown)
        )
        rows.append(
            GridRow(
                number=metric.number,
                version=metric.version,
                code=metric.code,
                name=pick(metric.name_zh, metric.name_en),
                unit=pick(unit.name_zh, unit.name_en) if unit is not None else "",
                better=metric.better.value if metric.better is not None else "",
                measure=metric.measure,
                required=metric.required,
                verdict=loaded.verdict(metric),
                months=months,
                target=target_view(targets[-1], metric.measure) if targets else None,
            )
        )
    return tuple(rows)
