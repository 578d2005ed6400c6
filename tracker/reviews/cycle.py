"""The clock of reviews of every site: what was held, what is planned, and the audits by others around it.

`review_clock` is what reminders and the planner read: one statement, whatever the number of sites.
"""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.database import db
from tracker.i18n import pick
from tracker.organisations.models import Site
from tracker.reviews import scope
from tracker.reviews.models import ExternalAudit, ExternalState, FactSet, FactSetKind, Review, Tier
from tracker.scores import releases
from tracker.scores.models import CatalogueRelease
from tracker.scores.sheets import COPC
from workflows import cycle
from workflows.reviews import ReviewState

HELD = (ReviewState.REPORTED, ReviewState.CLOSED)
AHEAD = (ReviewState.PLANNED, ReviewState.IN_PROGRESS)


@dataclass(frozen=True)
class SiteClock:
    """A site with everything its clock was read from."""

    site_id: int
    code: str
    name: str
    clock: cycle.Clock
    held: tuple[cycle.Held, ...]
    planned: tuple[cycle.Planned, ...]
    externals: tuple[cycle.External, ...]


def review_clock(
    organisation_id: int, sites: Collection[int] | None = None, on: date | None = None
) -> tuple[SiteClock, ...]:
    """How each active site stands against the yearly must and its benchmarks; `sites` None: all of them.

    `clock.status`, `clock.must_by`, `clock.benchmark_by`, `clock.planned` and `clock.hints` say what to remind of.
    """
    today = on or clock.today()
    found: dict[int, Site] = {}
    events: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(_statement(organisation_id, sites)):
        found[row.Site.id] = row.Site
        if row.kind is not None:
            events[row.Site.id].append(row)
    return tuple(_clock_of(site, events[site.id], today) for site in found.values())


def _statement(organisation_id: int, sites: Collection[int] | None) -> sa.Select[Any]:
    nothing = sa.cast(sa.null(), sa.Date)
    reviews = sa.select(
        Review.site_id.label("site_id"),
        sa.literal("review").label("kind"),
        Review.number.label("number"),
        sa.cast(Review.state, sa.String(32)).label("state"),
        sa.func.coalesce(Review.planned_on, Review.period_end).label("day"),
        Review.reported_at.label("reported_at"),
        sa.case((Review.copc, sa.cast(Review.scope, sa.Text)), else_="").label("scope"),
        _release().label("release"),
    ).where(Review.organisation_id == organisation_id, Review.state != ReviewState.CANCELLED)
    externals = sa.select(
        ExternalAudit.site_id,
        sa.literal("external"),
        ExternalAudit.number,
        sa.cast(ExternalAudit.state, sa.String(32)),
        sa.func.coalesce(ExternalAudit.held_on, ExternalAudit.planned_on, nothing),
        sa.null(),
        sa.literal(""),
        sa.null(),
    ).where(ExternalAudit.organisation_id == organisation_id, ExternalAudit.state != ExternalState.CANCELLED)
    all_of = sa.union_all(reviews, externals).subquery()
    wanted = (
        sa.select(
            Site,
            all_of.c.kind,
            all_of.c.number,
            all_of.c.state,
            all_of.c.day,
            all_of.c.reported_at,
            all_of.c.scope,
            all_of.c.release,
        )
        .outerjoin(all_of, all_of.c.site_id == Site.id)
        .where(Site.organisation_id == organisation_id, Site.active)
        .order_by(Site.code, all_of.c.day, all_of.c.number)
    )
    return wanted if sites is None else wanted.where(Site.id.in_(list(sites)))


def _release() -> Any:
    """The hash of what a review is judged by; before it has facts that of its site."""
    own = (
        sa.select(CatalogueRelease.content_hash)
        .join(
            FactSet,
            (FactSet.organisation_id == CatalogueRelease.organisation_id)
            & (FactSet.release_id == CatalogueRelease.id),
        )
        .where(
            FactSet.organisation_id == Review.organisation_id,
            FactSet.review_id == Review.id,
            FactSet.standard == COPC,
            FactSet.kind == FactSetKind.REVIEW,
        )
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(own, releases.hash_in_force(COPC, Review.organisation_id, Review.site_id))


def _clock_of(site: Site, rows: list[Any], today: date) -> SiteClock:
    reviews = [row for row in rows if row.kind == "review"]
    held = tuple(
        cycle.Held(row.number, row.reported_at.date(), _is_whole(row)) for row in reviews if row.state in HELD
    )
    planned = tuple(
        cycle.Planned(row.number, _day_ahead(row, today), _is_whole(row))
        for row in reviews
        if row.state in AHEAD
    )
    externals = tuple(
        cycle.External(row.number, row.day, row.state == ExternalState.HELD)
        for row in rows
        if row.kind == "external"
    )
    return SiteClock(
        site_id=site.id,
        code=site.code,
        name=pick(site.name_zh, site.name_en),
        clock=cycle.read(today, held, planned, externals),
        held=held,
        planned=planned,
        externals=externals,
    )


def _day_ahead(row: Any, today: date) -> date:
    """A review under way will be reported from today on, whatever day it was planned for."""
    day: date = row.day
    return max(day, today) if row.state == ReviewState.IN_PROGRESS else day


def _is_whole(row: Any) -> bool:
    """Whether a review looks at every requirement of its release (1.2-2b); one without COPC does not."""
    if not row.scope:
        return False
    items = set(json.loads(row.scope))
    if not items:
        return True
    known = releases.of_hashes(row.Site.organisation_id, {COPC: row.release})[COPC]
    return items >= set(scope.all_elements(known, Tier.STANDARD.value))
