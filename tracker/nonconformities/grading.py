"""How grave a finding is to begin with (E.3): a proposal that whoever raises it may change."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import sqlalchemy as sa

from tracker.database import db
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review
from workflows.kinds import Grade

HALF = Fraction(1, 2)


class Found(Protocol):
    """What a review found on an element."""

    @property
    def kind(self) -> str: ...
    @property
    def aspect(self) -> str: ...


@dataclass(frozen=True)
class Shares:
    """How much of an element holds: its lines met, its units fully deployed; None where it has none."""

    approach: Fraction | None = None
    deployment: Fraction | None = None


def proposed_grade(found: Iterable[Found], shares: Shares) -> Grade:
    """Major where a metric fails CUI, or more than half of the lines or units are missing; else minor.

    An approach score of 0 or 25 % is a share of lines below one half (C-13-APP).
    """
    found = list(found)
    kinds = {each.kind for each in found}
    if any(each.kind == FactKind.METRIC and each.aspect == "cui" for each in found):
        return Grade.MAJOR
    if FactKind.LINE in kinds and shares.approach is not None and shares.approach < HALF:
        return Grade.MAJOR
    if FactKind.UNIT in kinds and shares.deployment is not None and shares.deployment < HALF:
        return Grade.MAJOR
    return Grade.MINOR


def shares_of(review: Review, elements: Iterable[str]) -> dict[str, Shares]:
    """Element → its shares as the review has judged them so far."""
    return shares_at(review.organisation_id, review.site_id, review.id, elements)


def shares_at(
    organisation_id: int, site_id: int, review_id: int | None, elements: Iterable[str]
) -> dict[str, Shares]:
    """Element → its shares in a review, or without one in the site's current facts."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    elements = set(elements)
    of_review = FactSet.kind == FactSetKind.CURRENT if review_id is None else FactSet.review_id == review_id
    for element, kind, value, number in db.session.execute(
        sa.select(Fact.element, Fact.kind, Fact.value, sa.func.count())
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            FactSet.organisation_id == organisation_id,
            FactSet.site_id == site_id,
            of_review,
            Fact.kind.in_([FactKind.LINE, FactKind.UNIT]),
            Fact.element.in_(elements),
        )
        .group_by(Fact.element, Fact.kind, Fact.value)
    ):
        counts[(element, kind)][value] += number
    return {
        element: Shares(
            _share(counts[(element, FactKind.LINE)], "met"), _share(counts[(element, FactKind.UNIT)], "full")
        )
        for element in elements
    }


def _share(counts: Counter[str], good: str) -> Fraction | None:
    total = sum(number for value, number in counts.items() if value != "not_applicable")
    return Fraction(counts[good], total) if total else None
