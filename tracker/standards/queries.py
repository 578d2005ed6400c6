"""Reads of releases: the list of an organisation, a site's own, and what a move would change."""

from collections import defaultdict

import sqlalchemy as sa

from scoring import catalogue
from scoring.catalogue import Standard
from scoring.rescore import Result
from scoring.results import CopcResult
from tracker.database import db
from tracker.i18n import language, pick, say
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Site
from tracker.organisations.queries import seen
from tracker.permissions import Actor
from tracker.reviews.models import FactSet, FactSetKind, Review
from tracker.scores import releases, sheets
from tracker.scores.models import CatalogueRelease
from tracker.standards.moving import Move, moving, unreported_sets
from tracker.standards.viewmodels import MovedItem, MovePreview, ReleaseRow, StandardHere

TITLES = {sheets.COPC: "COPC-2000 CSP", sheets.SEE_CMM: "SEE-CMM"}


def list_releases(actor: Actor) -> tuple[ReleaseRow, ...]:
    """The releases that ship and those that this organisation has loaded, by identifier."""
    own = {
        row.key: row
        for row in db.session.execute(
            sa.select(CatalogueRelease).where(CatalogueRelease.organisation_id == actor.organisation_id)
        ).scalars()
    }
    sites: dict[int, list[str]] = defaultdict(list)
    for release_id, zh, en in db.session.execute(
        sa.select(FactSet.release_id, Site.name_zh, Site.name_en)
        .join(Site, (Site.organisation_id == FactSet.organisation_id) & (Site.id == FactSet.site_id))
        .where(
            FactSet.organisation_id == actor.organisation_id,
            FactSet.kind == FactSetKind.CURRENT,
            seen(actor, Site.id),
        )
        .order_by(Site.code)
    ):
        sites[release_id].append(pick(zh, en))
    rows = []
    for key in sorted({*catalogue.FILES, *own}):
        row = own.get(key)
        known = catalogue.load(key) if row is None else releases.standard_of(row)
        rows.append(_row(key, known, row, tuple(sites[row.id]) if row is not None else ()))
    return tuple(rows)


def _row(key: str, known: Standard, row: CatalogueRelease | None, sites: tuple[str, ...]) -> ReleaseRow:
    shipped = key in catalogue.FILES
    return ReleaseRow(
        key=key,
        name=say(known.name),
        shipped=shipped,
        tiers=tuple(say(tier.name) for tier in known.tiers.values()),
        elements=len(known.items or known.criteria),
        sites=sites,
        content_hash=known.content_hash,
        loaded_at=None if row is None or shipped else row.created_at,
    )


def standards_here(site: Site) -> tuple[StandardHere, ...]:
    """Every standard that a site has current facts under, with the release in force and the others."""
    rows = db.session.execute(
        sa.select(FactSet, CatalogueRelease.key, Review.tier)
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == FactSet.organisation_id)
            & (CatalogueRelease.id == FactSet.release_id),
        )
        .join(Review, (Review.organisation_id == FactSet.organisation_id) & (Review.id == FactSet.review_id))
        .where(
            FactSet.organisation_id == site.organisation_id,
            FactSet.site_id == site.id,
            FactSet.kind == FactSetKind.CURRENT,
        )
        .order_by(FactSet.standard)
    ).all()
    own = db.session.execute(
        sa.select(CatalogueRelease.key, CatalogueRelease.standard).where(
            CatalogueRelease.organisation_id == site.organisation_id
        )
    ).all()
    keys = {(key, standard) for key, standard in own} | {
        (key, key.partition("@")[0]) for key in catalogue.FILES
    }
    return tuple(
        StandardHere(
            standard=fact_set.standard,
            title=TITLES[fact_set.standard],
            release=key,
            tier=tier.value,
            version=fact_set.version,
            choices=tuple(
                sorted((other, other) for other, name in keys if name == fact_set.standard and other != key)
            ),
        )
        for fact_set, key, tier in rows
    )


def preview_move(site: Site, standard: str, key: str) -> MovePreview:
    """What a move would change. Raises NotFound, and InvalidInput (`release`) for a move that cannot be."""
    move = moving(site, standard, key)
    before, after = move.before.result, move.after.result
    old, new = before.catalogue, after.catalogue
    return MovePreview(
        standard=standard,
        release_before=before.standard,
        release_after=after.standard,
        before=before.total,
        after=after.total,
        maximum_before=before.max,
        maximum_after=after.max,
        verdict_before=_verdict(before),
        verdict_after=_verdict(after),
        items=_moved(before, after),
        blanks=len(move.blanks),
        parked=move.parked,
        gaps=_gaps(site, move),
        reviews=tuple((review.number, review.title) for _set, review in unreported_sets(site, standard)),
        lost_tiers=tuple(say(tier.name) for name, tier in old.tiers.items() if name not in new.tiers),
    )


def _verdict(result: Result) -> str:
    return result.verdict.label.of(language()) if isinstance(result, CopcResult) else ""


def _moved(before: Result, after: Result) -> tuple[MovedItem, ...]:
    """The items or criteria that join, leave, or have other points or full marks, in catalogue order."""
    old = before.items if isinstance(before, CopcResult) else before.criteria
    new = after.items if isinstance(after, CopcResult) else after.criteria
    found = []
    for name in dict.fromkeys([*new, *old]):
        one, other = old.get(name), new.get(name)
        row = MovedItem(
            id=name,
            name=_name(after.catalogue if other is not None else before.catalogue, name),
            before=None if one is None else one.points,
            after=None if other is None else other.points,
            maximum_before=None if one is None else one.max,
            maximum_after=None if other is None else other.max,
        )
        if (row.before, row.maximum_before) != (row.after, row.maximum_after):
            found.append(row)
    return tuple(found)


def _name(known: Standard, element: str) -> str:
    return say(known.item(element).name if known.has_item(element) else known.criterion(element).name)


def _gaps(site: Site, move: Move) -> tuple[tuple[int, str, str], ...]:
    """The open non-conformities that pin a fact which the release does not know: number, label, title."""
    kept = {gap.id: len(gap.releases) for gap in move.after.sheet.gaps}
    lost = {
        gap.number: gap.id for gap in move.before.material.gaps if kept.get(gap.id, 0) < len(gap.releases)
    }
    if not lost:
        return ()
    titles = db.session.execute(
        sa.select(Nonconformity.number, Nonconformity.title)
        .where(Nonconformity.organisation_id == site.organisation_id, Nonconformity.number.in_(lost))
        .order_by(Nonconformity.number)
    )
    return tuple((number, lost[number], title) for number, title in titles)
