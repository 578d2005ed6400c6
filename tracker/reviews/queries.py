"""Reads of reviews: the register, and the names under which other features read a review."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tracker.accounts.models import Person
from tracker.database import db
from tracker.i18n import pick
from tracker.nonconformities.models import Nonconformity
from tracker.offers import StateView, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews import scope
from tracker.reviews.cycle import SiteClock, review_clock
from tracker.reviews.gaps import fact_title, gaps_in, gaps_of, is_unmet, order_of
from tracker.reviews.models import Fact, FactSet, FactSetKind, Review
from tracker.reviews.readiness import closures_meanwhile, facts_of
from tracker.reviews.standing import groups_of, standings_of, view_of
from tracker.reviews.viewmodels import (
    ReviewRow,
)
from tracker.reviews.work import (
    JUDGED_KINDS,
    Finding,
    Head,
    Work,
    get_head,
    get_review,
    list_findings,
    list_units,
    load,
    subject_of,
)
from workflows.reviews import ReviewState

__all__ = [
    "Finding",
    "Head",
    "Page",
    "SiteClock",
    "Work",
    "closures_meanwhile",
    "fact_title",
    "facts_of",
    "gaps_in",
    "gaps_of",
    "get_head",
    "get_review",
    "groups_of",
    "is_unmet",
    "list_findings",
    "list_reviews",
    "list_units",
    "load",
    "order_of",
    "review_clock",
    "standings_of",
    "states",
    "subject_of",
    "view_of",
]


@dataclass(frozen=True)
class Page:
    """One page of the register; `after` is the number below which the next one begins."""

    rows: tuple[ReviewRow, ...]
    after: int | None


def list_reviews(
    actor: Actor, *, site: str = "", state: str = "", before: int | None = None, size: int = 50
) -> Page:
    """The reviews that a person sees, newest first, with how far each is judged: two statements."""
    wanted = (
        sa.select(Review, Site, Person)
        .join(Site, (Site.organisation_id == Review.organisation_id) & (Site.id == Review.site_id))
        .join(
            Person, (Person.organisation_id == Review.organisation_id) & (Person.id == Review.lead_auditor_id)
        )
        .where(Review.organisation_id == actor.organisation_id)
        .order_by(Review.number.desc())
        .limit(size + 1)
    )
    sites = actor.sites()
    if sites is not None:
        wanted = wanted.where(Review.site_id.in_(sites))
    if site:
        wanted = wanted.where(Site.code == site)
    if state:
        wanted = wanted.where(Review.state == state)
    if before is not None:
        wanted = wanted.where(Review.number < before)
    found = db.session.execute(wanted).all()
    shown = found[:size]
    counts = _counts(actor.organisation_id, [review.id for review, _site, _person in shown])
    rows = tuple(
        ReviewRow(
            number=review.number,
            title=review.title,
            site_code=site_row.code,
            site_name=pick(site_row.name_zh, site_row.name_en),
            state=state_view("review", review.state),
            standards=scope.standards_of(review),
            tier=review.tier.value,
            period_start=review.period_start,
            period_end=review.period_end,
            lead=pick(person.name_zh, person.name_en),
            judged=counts.get(review.id, (0, 0, 0))[0],
            total=counts.get(review.id, (0, 0, 0))[1],
            findings=counts.get(review.id, (0, 0, 0))[2],
        )
        for review, site_row, person in shown
    )
    return Page(rows, shown[-1][0].number if len(found) > size else None)


def _counts(organisation_id: int, reviews: list[int]) -> dict[int, tuple[int, int, int]]:
    """Review → facts judged, facts to judge, non-conformities."""
    facts = (
        sa.select(
            FactSet.review_id.label("review_id"),
            sa.func.sum(sa.case(((Fact.value != "") & ~Fact.carried, 1), else_=0)).label("judged"),
            sa.func.count().label("total"),
            sa.literal(0).label("findings"),
        )
        .join(Fact, (Fact.organisation_id == FactSet.organisation_id) & (Fact.fact_set_id == FactSet.id))
        .where(
            FactSet.organisation_id == organisation_id,
            FactSet.review_id.in_(reviews),
            FactSet.kind == FactSetKind.REVIEW,
            Fact.kind.in_(JUDGED_KINDS),
        )
        .group_by(FactSet.review_id)
    )
    findings = (
        sa.select(Nonconformity.review_id, sa.literal(0), sa.literal(0), sa.func.count().label("findings"))
        .where(Nonconformity.organisation_id == organisation_id, Nonconformity.review_id.in_(reviews))
        .group_by(Nonconformity.review_id)
    )
    found: dict[int, tuple[int, int, int]] = {}
    rows: sa.Result[Any] = db.session.execute(sa.union_all(facts, findings))
    for row in rows:
        known = found.get(row.review_id, (0, 0, 0))
        found[row.review_id] = (known[0] + row.judged, known[1] + row.total, known[2] + row.findings)
    return found


def states() -> tuple[StateView, ...]:
    """Every state of a review, for the filter."""
    return tuple(state_view("review", state) for state in ReviewState)
