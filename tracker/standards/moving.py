"""What a site would be under another release of a standard: computed from its rows, nothing written."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from scoring import catalogue
from scoring.catalogue import Standard
from tracker import clock
from tracker.database import db, new_id
from tracker.errors import InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.organisations.models import Site, Unit
from tracker.reviews import scope
from tracker.reviews.models import Fact, FactSet, FactSetKind, Review
from tracker.scores import releases, sheets
from tracker.scores.computing import Computed, compute_material, tier_of
from tracker.scores.models import CatalogueRelease
from workflows.reviews import ReviewState

# A review that has not been reported works on a copy of its own, which moves along with its site.
UNREPORTED = (ReviewState.PLANNED, ReviewState.IN_PROGRESS)


@dataclass(frozen=True)
class Move:
    """A site's current facts under the release they have and under another one; `blanks` are the facts it adds."""

    fact_set: FactSet
    tier: str
    known: Standard
    before: Computed
    after: Computed
    blanks: tuple[dict[str, Any], ...]
    parked: int


def find_content(organisation_id: int, standard: str, key: str) -> tuple[Standard, str]:
    """A release of a standard by its identifier: one that ships, or the organisation's own. Raises NotFound."""
    row = db.session.execute(
        sa.select(CatalogueRelease).where(
            CatalogueRelease.organisation_id == organisation_id,
            CatalogueRelease.key == key,
            CatalogueRelease.standard == standard,
        )
    ).scalar_one_or_none()
    if row is not None:
        return releases.standard_of(row), row.content
    if key in catalogue.FILES and key.partition("@")[0] == standard:
        content = catalogue.source(key)
        return releases.read(content), content
    raise NotFound


def moving(site: Site, standard: str, key: str) -> Move:
    """The site before and after a move. Raises NotFound, and InvalidInput (`release`) for one that cannot be."""
    fact_set = sheets.current_set(site.organisation_id, site.id, standard)
    if fact_set is None:
        raise NotFound
    known, content = find_content(site.organisation_id, standard, key)
    tier, today = tier_of(fact_set), clock.today()
    material = sheets.gather(fact_set, today)
    if material.release.key == key:
        raise InvalidInput({"release": [_("The site is scored by this release already.")]})
    if known.tiers and tier not in known.tiers:
        raise InvalidInput(
            {"release": [_("This release has no tier like the one that the site is scored in.")]}
        )
    review = db.session.get_one(Review, (fact_set.organisation_id, fact_set.review_id))
    blanks = tuple(missing(known, fact_set, material.facts, review, material.units, site))
    target = CatalogueRelease(
        organisation_id=site.organisation_id, key=key, standard=standard, content=content
    )
    after = replace(material, release=target, facts=(*material.facts, *(Fact(**row) for row in blanks)))
    return Move(
        fact_set=fact_set,
        tier=tier,
        known=known,
        before=compute_material(material, tier, today),
        after=compute_material(after, tier, today),
        blanks=blanks,
        parked=_unknown(known, material.facts),
    )


def missing(
    known: Standard,
    fact_set: FactSet,
    facts: tuple[Any, ...],
    review: Review,
    units: tuple[Unit, ...],
    site: Site,
) -> list[dict[str, Any]]:
    """The facts that a release asks for and a set lacks, as rows that nobody has judged yet.

    A review of narrower scope stays as narrow, but for items that its own release did not have.
    """
    before = scope.content_of(review, fact_set.standard)
    had = set(scope.all_elements(before, review.tier.value))
    wanted = [
        element
        for element in scope.all_elements(known, review.tier.value)
        if not review.scope or element in review.scope or element not in had
    ]
    present = {fact.key for fact in facts}
    position = max((fact.position for fact in facts), default=0)
    slots = scope.slots_of(known, wanted, units, site.csp_type)
    return [
        {
            "organisation_id": fact_set.organisation_id,
            "id": new_id(),
            "fact_set_id": fact_set.id,
            "version": 1,
            "key": str(slot.key),
            "element": slot.key.element,
            "kind": slot.key.kind,
            "subject": slot.key.subject,
            "aspect": slot.key.aspect,
            "value": slot.value,
            "note": slot.note,
            "evidence": "",
            "sampled": False,
            "improvement_approach": slot.improvement_approach,
            "position": position + place,
        }
        for place, slot in enumerate(slots, start=1)
        if str(slot.key) not in present
    ]


def _unknown(known: Standard, facts: tuple[Any, ...]) -> int:
    """How many facts stay recorded that the release does not ask for."""
    rows = sheets.asked_rows(known)
    return sum(
        (fact.element, fact.subject) not in rows
        if known.family == "rows"
        else not (known.has_item(fact.element) and sheets.asks(known.item(fact.element), fact))
        for fact in facts
    )


def unreported_sets(site: Site, standard: str) -> list[tuple[FactSet, Review]]:
    """The copies of reviews that are planned or under way at a site, with these reviews."""
    rows = db.session.execute(
        sa.select(FactSet, Review)
        .join(Review, (Review.organisation_id == FactSet.organisation_id) & (Review.id == FactSet.review_id))
        .where(
            FactSet.organisation_id == site.organisation_id,
            FactSet.site_id == site.id,
            FactSet.standard == standard,
            FactSet.kind == FactSetKind.REVIEW,
            Review.state.in_(UNREPORTED),
        )
        .order_by(Review.number)
    ).all()
    return [(row.FactSet, row.Review) for row in rows]
