"""Releases of standards as an organisation keeps them: what a site, a review or a run is scored with.

Every reader takes the content from the organisation's own row, never from what ships, so a run keeps the release
it was made with, and two organisations may hold different content under one identifier.
"""

from functools import lru_cache

import sqlalchemy as sa

from scoring import catalogue
from scoring.catalogue import Standard
from tracker.database import db
from tracker.reviews.models import FactSet, FactSetKind
from tracker.scores.models import CatalogueRelease

# The release that a site starts with under each standard, before it has moved to another.
FIRST = {"copc-2000-csp": catalogue.COPC, "see-cmm": catalogue.SEE_CMM}


@lru_cache(maxsize=64)
def read(content: str) -> Standard:
    """The standard that a stored text describes; read once for each text. Raises `CatalogueError`."""
    return catalogue.parse(content)


def standard_of(release: CatalogueRelease) -> Standard:
    """What a stored release says."""
    return read(release.content)


def content_of(organisation_id: int, release_id: int) -> Standard:
    """What the release of a run says; from memory where the session has read it before."""
    return standard_of(db.session.get_one(CatalogueRelease, (organisation_id, release_id)))


def of_facts(organisation_id: int, site_id: int, review_id: int, standard: str) -> CatalogueRelease | None:
    """The release that a review's facts lie under, or else that of its site's current facts, or None."""
    own = FactSet.review_id == review_id
    return db.session.execute(
        sa.select(CatalogueRelease)
        .join(
            FactSet,
            (FactSet.organisation_id == CatalogueRelease.organisation_id)
            & (FactSet.release_id == CatalogueRelease.id),
        )
        .where(
            CatalogueRelease.organisation_id == organisation_id,
            FactSet.organisation_id == organisation_id,
            FactSet.site_id == site_id,
            FactSet.standard == standard,
            sa.or_(own, FactSet.kind == FactSetKind.CURRENT),
        )
        .order_by(sa.case((own, 0), else_=1), sa.case((FactSet.kind == FactSetKind.CURRENT, 0), else_=1))
        .limit(1)
    ).scalar_one_or_none()


def site_key(organisation_id: int, site_id: int, standard: str) -> str:
    """The identifier of the release that a site is scored by; the first one before its first reported review."""
    found = of_facts(organisation_id, site_id, 0, standard)
    return FIRST[standard] if found is None else found.key
