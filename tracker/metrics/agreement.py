"""N-METRIC: whether the data agree that a level or trend gap is closed."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

import sqlalchemy as sa

from scoring.policy import Policy
from tracker import clock
from tracker.database import db
from tracker.i18n import pick
from tracker.metrics import series
from tracker.metrics.loaded import current_facts, stated_in
from tracker.metrics.models import Metric, MetricTarget
from tracker.organisations.models import Site
from tracker.scores.sheets import read_series

# Periods begun after the last task that a level or trend gap needs (N-METRIC).
PERIODS_NEEDED = 3


class Pinned(Protocol):
    """What `disagree` reads of a pin."""

    element: Any
    subject: Any
    aspect: Any
    nonconformity_id: Any


def disagree(
    organisation_id: int, site_id: int, pins: Sequence[Pinned], since: date | Mapping[int, date | None] | None
) -> tuple[str, ...]:
    """Names of the pinned metric facts that the data do not show (N-METRIC).

    Of a level only months begun after `since`, the day of the last task, count, and at least three of them; of a
    trend the last three months must have begun after it. `since` may also say it for each non-conformity, where
    several are judged together, each on its own work. CUI is read as it stands. A fact that an assessor stated
    agrees when it says yes. Facts of other kinds are passed over.
    """
    wanted = [pin for pin in pins if pin.aspect in ("cui", "meets", "improves")]
    if not wanted:
        return ()
    site = db.session.get_one(Site, (organisation_id, site_id))
    targets, values = read_series(organisation_id, site_id, clock.today())
    stated = stated_in(fact for fact, _person in current_facts(organisation_id, site_id))
    known = {
        (metric.item, metric.code): metric
        for metric in db.session.execute(
            sa.select(Metric).where(Metric.organisation_id == organisation_id, Metric.site_id == site_id)
        ).scalars()
    }
    policy = series.policy_of(site)
    names = []
    for pin in wanted:
        metric = known.get((pin.element, pin.subject))
        if metric is None:
            names.append(pin.subject)
            continue
        said = stated.get((pin.element, pin.subject), {})
        if not _agrees(
            pin.aspect,
            metric,
            (targets.get(metric.id, []), values.get(metric.id, {})),
            said,
            since.get(pin.nonconformity_id) if isinstance(since, Mapping) else since,
            policy,
        ):
            names.append(f"{metric.item} {pick(metric.name_zh, metric.name_en)}")
    return tuple(dict.fromkeys(names))


def _agrees(
    aspect: str,
    metric: Metric,
    data: tuple[Sequence[MetricTarget], Mapping[str, Fraction]],
    stated: Mapping[str, bool],
    since: date | None,
    policy: Policy,
) -> bool:
    targets, values = data
    counted = {
        month: value for month, value in values.items() if since is None or series.first_day(month) > since
    }
    whole = series.facts_of(series.scored(metric, targets, values, stated), policy)
    if aspect == "cui":
        return whole.cui
    if aspect == "meets":
        if "meets_target" in stated:
            return whole.meets
        later = series.facts_of(series.scored(metric, targets, counted, stated), policy)
        return len(counted) >= PERIODS_NEEDED and later.meets
    if "improving" in stated:
        return whole.improving
    return len(counted) >= PERIODS_NEEDED and whole.improving
