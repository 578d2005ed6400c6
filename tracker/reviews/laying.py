"""Laying out the facts that a review has to judge: when it is planned, when it starts, and when a unit comes."""

from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import add, db, new_id
from tracker.errors import NotFound
from tracker.i18n import gettext as _
from tracker.i18n import show_date
from tracker.organisations.models import Site, Unit
from tracker.reviews import scope
from tracker.reviews.judging import set_of
from tracker.reviews.models import Fact, FactSet, FactSetKind, Review
from tracker.reviews.records import record_of
from tracker.reviews.work import list_units
from tracker.scores.releases import site_key
from tracker.scores.services import ensure_release
from workflows.reviews import ReviewState


def complete_facts(review: Review, site: Site, note: str = "") -> int:
    """Lay out the facts that the review has to judge and lacks (a programme begun since it was planned); how many.

    `note` says beside each of them why it stands there.
    """
    laid = 0
    units = list_units(review.organisation_id, review.site_id, clock.today())
    for standard in scope.standards_of(review):
        fact_set = _own_set(review, standard)
        known = set(
            db.session.execute(
                sa.select(Fact.key).where(
                    Fact.organisation_id == review.organisation_id, Fact.fact_set_id == fact_set.id
                )
            ).scalars()
        )
        rows = [
            _blank(fact_set, slot, position, note)
            for position, slot in enumerate(scope.slots(review, standard, units, site.csp_type))
            if str(slot.key) not in known
        ]
        if rows:
            db.session.execute(sa.insert(Fact), rows)
            laid += len(rows)
    return laid


def _own_set(review: Review, standard: str) -> FactSet:
    try:
        return set_of(review, standard)
    except NotFound:
        return add(
            FactSet(
                organisation_id=review.organisation_id,
                site_id=review.site_id,
                kind=FactSetKind.REVIEW,
                review_id=review.id,
                standard=standard,
                release_id=ensure_release(
                    review.organisation_id,
                    site_key(review.organisation_id, review.site_id, standard),
                ).id,
                as_of=review.period_end,
            )
        )


def _blank(fact_set: FactSet, slot: scope.Slot, position: int, note: str) -> dict[str, Any]:
    return {
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
        "note": slot.note or note,
        "evidence": "",
        "sampled": False,
        "improvement_approach": slot.improvement_approach,
        "position": position,
    }


def take_in(review: Review, site: Site, person_id: int | None) -> int:
    """Take units that came since the start into a review under way, not judged and with a note; how many facts."""
    note = _("Added on %(day)s, while the review was under way.", day=show_date(clock.today()))
    laid = complete_facts(review, site, note)
    if laid:
        history.record(record_of(review), "units_taken_in", person_id, changes={"facts": [None, laid]})
    db.session.flush()
    return laid


def unit_came(site: Site, unit: Unit, person_id: int | None) -> None:
    """A unit of a site is in force from today on: the reviews under way there have to judge it as well."""
    today = clock.today()
    if unit.starts_on is not None and unit.starts_on > today:
        return
    rows = db.session.execute(
        sa.select(Review).where(
            Review.organisation_id == site.organisation_id,
            Review.site_id == site.id,
            Review.copc,
            Review.state == ReviewState.IN_PROGRESS,
        )
    ).scalars()
    for review in rows.all():
        take_in(review, site, person_id)
