"""What a report does to the current facts of its site, and how a withdrawal undoes it.

A report never overwrites: the set it replaces is kept as it stood and becomes current again when the report
is withdrawn. What signed closures and reopenings changed in the meantime is then applied to it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.database import add, db, new_id
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.reviews import facts, scope
from tracker.reviews.models import Fact, FactSet, FactSetKind, Overrule, Review
from tracker.reviews.queries import Work
from tracker.scores import sheets

_FACT_COLUMNS = (
    "key", "element", "kind", "subject", "aspect", "value", "improvement_approach", "sampled", "note",
    "evidence", "judged_by_id", "judged_at", "position",
)  # fmt: skip
_OVERRULE_COLUMNS = ("element", "dimension", "score", "reason", "person_id", "at")


def publish(work: Work) -> None:
    """Put the review's facts in place of the site's current ones; items outside its scope keep theirs."""
    review = work.review
    for standard, (reviewed, _release) in work.sets.items():
        inside = frozenset(scope.elements_of(review, standard))
        earlier = sheets.current_set(review.organisation_id, review.site_id, standard)
        kept: list[Fact] = []
        kept_overrules: list[Overrule] = []
        if earlier is not None:
            kept = [row for row in _rows(Fact, earlier) if row.element not in inside]
            kept_overrules = [row for row in _rows(Overrule, earlier) if row.element not in inside]
            earlier.kind = FactSetKind.REPLACED
            db.session.flush()  # one current set at a time
        current = add(
            FactSet(
                organisation_id=review.organisation_id,
                site_id=review.site_id,
                kind=FactSetKind.CURRENT,
                review_id=review.id,
                standard=standard,
                release_id=reviewed.release_id,
                as_of=clock.today(),
            )
        )
        _copy(Fact, _FACT_COLUMNS, (*kept, *work.facts[standard]), current)
        _copy(Overrule, _OVERRULE_COLUMNS, (*kept_overrules, *work.overrules[standard]), current)
    db.session.flush()


def _rows(model: Any, fact_set: FactSet) -> list[Any]:
    return list(
        db.session.execute(
            sa.select(model).where(
                model.organisation_id == fact_set.organisation_id, model.fact_set_id == fact_set.id
            )
        ).scalars()
    )


def _copy(model: Any, columns: tuple[str, ...], rows: Iterable[Any], target: FactSet) -> None:
    copies = [
        {
            "organisation_id": target.organisation_id,
            "id": new_id(),
            "fact_set_id": target.id,
            "version": 1,
            **{column: getattr(row, column) for column in columns},
        }
        for row in rows
    ]
    if copies:
        db.session.execute(sa.insert(model), copies)


def restore(review: Review, reported_at: datetime | None) -> list[FactSet]:
    """Bring back the facts that the report of `reported_at` had replaced, with what has been signed since.

    Handed back are the sets that had replaced none: nothing is reported under their standards any more.
    """
    bare = []
    for current in _current_sets(review):
        current.kind = FactSetKind.WITHDRAWN
        db.session.flush()  # one current set at a time
        earlier = db.session.execute(
            sa.select(FactSet)
            .where(
                FactSet.organisation_id == review.organisation_id,
                FactSet.site_id == review.site_id,
                FactSet.standard == current.standard,
                FactSet.kind == FactSetKind.REPLACED,
            )
            .order_by(FactSet.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        if earlier is None:
            bare.append(current)
        else:
            earlier.kind = FactSetKind.CURRENT
            db.session.flush()
            _settle_meanwhile(review, earlier, reported_at)
    db.session.flush()
    return bare


def _current_sets(review: Review) -> list[FactSet]:
    return list(
        db.session.execute(
            sa.select(FactSet).where(
                FactSet.organisation_id == review.organisation_id,
                FactSet.review_id == review.id,
                FactSet.kind == FactSetKind.CURRENT,
            )
        ).scalars()
    )


def _settle_meanwhile(review: Review, fact_set: FactSet, reported_at: datetime | None) -> None:
    """Apply to facts that come back what closures released, and reopenings took back, since the report."""
    rows = db.session.execute(
        sa.select(Pin, Fact)
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == Pin.organisation_id)
            & (Nonconformity.id == Pin.nonconformity_id),
        )
        .join(
            Fact,
            (Fact.organisation_id == Pin.organisation_id)
            & (Fact.fact_set_id == fact_set.id)
            & (Fact.key == Pin.key),
        )
        .where(
            Pin.organisation_id == review.organisation_id,
            Pin.site_id == review.site_id,
            Pin.standard == fact_set.standard,
            Nonconformity.review_id.is_distinct_from(review.id),
            sa.or_(
                Pin.released_at >= reported_at,
                Pin.released_at.is_(None) & Nonconformity.state.in_(sheets.PINNING),
            ),
        )
        .order_by(Pin.released_at.is_(None), Pin.released_at, Pin.id)
    ).all()
    for pin, fact in rows:
        fact.value = facts.settled_value(fact, pin, met=pin.released_at is not None)
