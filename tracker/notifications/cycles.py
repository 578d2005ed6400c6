"""The yearly clock of reviews in messages: a site's quality managers are told before it runs out, and when it has."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from tracker.database import db
from tracker.history import Record
from tracker.notifications.services import tell_once
from tracker.organisations.models import Site
from tracker.reviews.models import ExternalAudit, ExternalState, Review
from workflows.cycle import Clock, CycleStatus, External, Held, Planned, WindowState, read
from workflows.reviews import ReviewState

MONTH = 30
QualityManagers = Callable[[int], tuple[int, ...]]
Told = tuple[str, date]


def news(organisation_id: int, today: date, quality: QualityManagers) -> Iterator[Callable[[], int]]:
    """What is to be told about each site today; each step tells one person, unless it has been told."""
    sites = db.session.execute(
        sa.select(Site.id, Site.code, Site.name_zh, Site.name_en)
        .where(Site.organisation_id == organisation_id, Site.active)
        .order_by(Site.code)
    ).all()
    clocks = read_clocks(organisation_id, today)
    for site in sites:
        record = Record(organisation_id, "site", site.id, 0)
        payload = {"code": site.code, "site_zh": site.name_zh, "site_en": site.name_en}
        for kind, day, due_on in messages(clocks[site.id], today):
            said = payload | ({"due_on": due_on.isoformat()} if due_on else {})
            for person_id in quality(site.id):
                yield partial(_tell, person_id, kind, record, day, said)


def _tell(person_id: int, kind: str, record: Record, day: date, payload: dict[str, Any]) -> int:
    return int(tell_once(person_id, kind, record, day, payload))


def messages(clock: Clock, today: date) -> Iterator[tuple[str, date, date | None]]:
    """Kind, the day that the notice is about, and the day that it names."""
    if clock.must_by is None or clock.benchmark_by is None:
        yield "review-never", date(today.year, today.month, 1), None
        return
    if clock.status is CycleStatus.OVERDUE:
        # Once a month for as long as nobody has reviewed the site.
        months = (today - clock.must_by).days // MONTH
        yield "review-overdue", clock.must_by + timedelta(days=MONTH * months), clock.must_by
    elif clock.status in (CycleStatus.DUE, CycleStatus.LATE_PLAN):
        near = today > clock.must_by - timedelta(days=MONTH)
        yield "review-due", clock.must_by - timedelta(days=0 if near else MONTH), clock.must_by
    elif clock.status is CycleStatus.BENCHMARK:
        yield "review-benchmark", clock.benchmark_by, None
    for window in clock.windows:
        if window.state is WindowState.OPEN and window.first <= today <= window.last:
            yield "review-window", window.first, window.external.on


def read_clocks(organisation_id: int, today: date) -> dict[int, Clock]:
    """Site → how it stands against the yearly must; a site that has none of it stands as never reviewed."""
    held: dict[int, list[Held]] = defaultdict(list)
    planned: dict[int, list[Planned]] = defaultdict(list)
    reviews = db.session.execute(
        sa.select(
            Review.site_id, Review.number, Review.reported_at, Review.planned_on, Review.scope, Review.state
        ).where(Review.organisation_id == organisation_id, Review.state != ReviewState.CANCELLED)
    )
    for row in reviews:
        if row.reported_at is not None:
            held[row.site_id].append(Held(row.number, row.reported_at.date(), not row.scope))
        elif row.planned_on is not None:
            planned[row.site_id].append(Planned(row.number, row.planned_on, not row.scope))
    externals: dict[int, list[External]] = defaultdict(list)
    audits = db.session.execute(
        sa.select(
            ExternalAudit.site_id,
            ExternalAudit.number,
            ExternalAudit.planned_on,
            ExternalAudit.held_on,
        ).where(
            ExternalAudit.organisation_id == organisation_id, ExternalAudit.state != ExternalState.CANCELLED
        )
    )
    for audit in audits:
        day = audit.held_on or audit.planned_on
        externals[audit.site_id].append(External(audit.number, day, audit.held_on is not None))
    return defaultdict(
        lambda: read(today, (), (), ()),
        {
            site_id: read(today, held[site_id], planned[site_id], externals[site_id])
            for site_id in {*held, *planned, *externals}
        },
    )
