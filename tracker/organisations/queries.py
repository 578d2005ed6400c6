"""Reads of sites and their units."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.database import db
from tracker.errors import NotFound
from tracker.organisations.models import Site, Unit, UnitKind
from tracker.organisations.policies import switches_of
from tracker.organisations.viewmodels import SitePage, SiteRow, SiteView, UnitView
from tracker.permissions import Actor
from tracker.reviews.models import FactSet, FactSetKind


def seen(actor: Actor, column: Any) -> Any:
    """The condition that a site's key is one of those that the actor sees."""
    sites = actor.sites()
    return sa.true() if sites is None else column.in_(sites)


def list_sites(actor: Actor) -> list[SiteView]:
    """The active sites that a person sees, by code."""
    rows = db.session.execute(
        sa.select(Site.id, Site.code, Site.name_zh, Site.name_en, Site.csp_type)
        .where(Site.organisation_id == actor.organisation_id, Site.active, seen(actor, Site.id))
        .order_by(Site.code)
    )
    return [SiteView(*row) for row in rows]


def get_site(actor: Actor, code: str) -> SiteView:
    """A site by its code. Raises NotFound where there is none, or none for this person to see."""
    site = find_site(actor, code)
    return SiteView(site.id, site.code, site.name_zh, site.name_en, site.csp_type)


def find_site(actor: Actor, code: str) -> Site:
    """The row of a site by its code, the inactive ones too. Raises NotFound."""
    if "\x00" in code:  # PostgreSQL takes no such character, not even in a question
        raise NotFound
    site = db.session.execute(
        sa.select(Site).where(
            Site.organisation_id == actor.organisation_id, Site.code == code, seen(actor, Site.id)
        )
    ).scalar_one_or_none()
    if site is None:
        raise NotFound
    return site


def find_unit(site: Site, unit_id: int) -> Unit:
    """A programme or key position of a site. Raises NotFound."""
    unit = db.session.get(Unit, (site.organisation_id, unit_id))
    if unit is None or unit.site_id != site.id:
        raise NotFound
    return unit


def chosen_site(sites: list[SiteView], code: str | None) -> SiteView | None:
    """The site that a page is narrowed to: the one of that code, or the only one there is."""
    if len(sites) == 1:
        return sites[0]
    return next((site for site in sites if site.code == code), None)


def list_site_rows(actor: Actor) -> list[SiteRow]:
    """The list of sites with the counts of what is in force today, in one statement."""
    today = clock.today()
    counts = [
        sa.select(sa.func.count())
        .where(
            Unit.organisation_id == Site.organisation_id,
            Unit.site_id == Site.id,
            Unit.kind == kind,
            sa.or_(Unit.starts_on.is_(None), Unit.starts_on <= today),
            sa.or_(Unit.ends_on.is_(None), Unit.ends_on >= today),
        )
        .correlate(Site)
        .scalar_subquery()
        for kind in (UnitKind.PROGRAMME, UnitKind.KEY_POSITION)
    ]
    rows = db.session.execute(
        sa.select(
            Site.code, Site.name_zh, Site.name_en, Site.csp_type, Site.target_level, Site.active, *counts
        )
        .where(Site.organisation_id == actor.organisation_id, seen(actor, Site.id))
        .order_by(Site.active.desc(), Site.code)
    )
    return [SiteRow(*row) for row in rows]


def status_of(starts_on: date | None, ends_on: date | None) -> str:
    """Where a unit stands today: `planned`, `current` or `retired`."""
    today = clock.today()
    if ends_on is not None and ends_on < today:
        return "retired"
    if starts_on is not None and starts_on > today:
        return "planned"
    return "current"


def unit_view(unit: Unit) -> UnitView:
    """A unit as the page shows it."""
    return UnitView(
        unit.id,
        unit.version,
        unit.kind,
        unit.code,
        unit.name_zh,
        unit.name_en,
        unit.client,
        unit.starts_on,
        unit.ends_on,
        status_of(unit.starts_on, unit.ends_on),
    )


def get_site_page(site: Site) -> SitePage:
    """All of a site: its units, retired ones last, and the switches in force."""
    found = db.session.execute(
        sa.select(Unit)
        .where(Unit.organisation_id == site.organisation_id, Unit.site_id == site.id)
        .order_by(Unit.position, Unit.code)
    ).scalars()
    units = sorted((unit_view(unit) for unit in found), key=lambda view: view.status == "retired")
    return SitePage(
        id=site.id,
        version=site.version,
        code=site.code,
        name_zh=site.name_zh,
        name_en=site.name_en,
        csp_type=site.csp_type,
        target_level=site.target_level,
        active=site.active,
        scored=has_current_facts(site),
        programmes=tuple(view for view in units if view.kind == UnitKind.PROGRAMME),
        key_positions=tuple(view for view in units if view.kind == UnitKind.KEY_POSITION),
        switches=switches_of(site.policy),
    )


def has_current_facts(site: Site) -> bool:
    """Whether the site has a reported review, and with it a verified score that a change would move."""
    return bool(current_sets(site, limit=1))


def current_sets(site: Site, limit: int = 10) -> list[FactSet]:
    """The site's current facts under each standard that it is reviewed by."""
    return list(
        db.session.execute(
            sa.select(FactSet)
            .where(
                FactSet.organisation_id == site.organisation_id,
                FactSet.site_id == site.id,
                FactSet.kind == FactSetKind.CURRENT,
            )
            .order_by(FactSet.standard)
            .limit(limit)
        ).scalars()
    )
