"""The named totals of a site, and the total that certification asks for."""

from fractions import Fraction

import sqlalchemy as sa

from scoring.catalogue import Standard
from scoring.rescore import Result
from scoring.results import CopcResult
from tracker.database import db
from tracker.scores import releases
from tracker.scores.models import CatalogueRelease, ScoringRun, Standing
from tracker.scores.viewmodels import (
    Totals,
)


def totals(organisation_id: int, site_id: int, standard: str) -> Totals | None:
    """The named totals of a site under a standard; None before its first reported review."""
    row = db.session.execute(
        sa.select(Standing, CatalogueRelease)
        .join(
            ScoringRun,
            (ScoringRun.organisation_id == Standing.organisation_id) & (ScoringRun.id == Standing.run_id),
        )
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
            & (CatalogueRelease.id == ScoringRun.release_id),
        )
        .where(
            Standing.organisation_id == organisation_id,
            Standing.site_id == site_id,
            Standing.standard == standard,
        )
    ).one_or_none()
    return None if row is None else totals_of(row[0], releases.standard_of(row[1]))


def totals_of(standing: Standing, release: Standard) -> Totals:
    """The view of a site's standing, which its newest run has computed under `release`."""
    return Totals(
        standard=standing.standard,
        tier=standing.tier,
        baseline=standing.baseline,
        claimed=standing.claimed,
        verified=standing.verified,
        projected=standing.projected,
        maximum=standing.maximum,
        mark=pass_mark(release, standing.tier, standing.maximum),
        verdict=standing.verdict,
        projected_verdict=standing.projected_verdict,
        level=standing.level,
        projected_level=standing.projected_level,
    )


def pass_mark(release: Standard, tier: str, maximum: Fraction) -> Fraction:
    """The total that certification asks for; a standard without one is measured against its full marks."""
    return release.tiers[tier].pass_points if tier in release.tiers else maximum


def mark_of(result: Result) -> Fraction:
    """The total that certification asks for under the release that a result was computed with."""
    needs = result.condition("total").needs if isinstance(result, CopcResult) else None
    return result.max if needs is None else needs
