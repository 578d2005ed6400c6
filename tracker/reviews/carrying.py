"""Start a review from what was reported last, and confirm what was taken over, fact by fact or many at once.

The starting point is the site's current facts: those of the latest report with what signed closures have changed
since. Each is marked until somebody of this review says that it holds, or says otherwise.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import db, new_id
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.metrics.models import Metric
from tracker.permissions import Actor, Subject, require
from tracker.reviews import scope, sharing
from tracker.reviews.judging import CHECKED, STATED, facts_for_keys, mark, set_of
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review, ReviewOrigin
from tracker.reviews.records import record_of
from tracker.scores.sheets import COPC, current_set
from workflows.reviews import ReviewState

# What is taken over with the verdict.
TAKEN = ("value", "note", "evidence", "sampled")
BEGUN = (ReviewState.PLANNED, ReviewState.IN_PROGRESS)


def carry_forward(actor: Actor, review: Review) -> int:
    """Take the site's current facts over as a starting point; how many. Facts judged already keep their verdict.

    Raises Conflict where nothing has been reported, or the review is past its judging or has done so before.
    """
    if review.state not in BEGUN:
        raise Conflict(_("Verdicts can be given only while the review is in progress."))
    found = [(standard, _current(review, standard)) for standard in scope.standards_of(review)]
    sources = [fact_set for _standard, fact_set in found if fact_set is not None]
    if not sources:
        raise Conflict(_("No review of this site has been reported yet, so there is nothing to start from."))
    _remember(actor, review, sources[0])
    count = sum(_take(review, standard, source) for standard, source in found if source is not None)
    history.record(record_of(review), "carried_forward", actor.person_id, changes={"facts": [None, count]})
    db.session.flush()
    return count


def _current(review: Review, standard: str) -> FactSet | None:
    found = current_set(review.organisation_id, review.site_id, standard)
    return None if found is None or found.review_id == review.id else found


def _remember(actor: Actor, review: Review, source: FactSet) -> None:
    key = (ReviewOrigin.organisation_id == review.organisation_id) & (ReviewOrigin.review_id == review.id)
    if db.session.execute(sa.select(sa.exists().where(key))).scalar():
        raise Conflict(_("This review has been started from an earlier one already."))
    db.session.add(
        ReviewOrigin(
            organisation_id=review.organisation_id,
            review_id=review.id,
            from_review_id=source.review_id,
            person_id=actor.person_id,
            at=clock.now(),
        )
    )


def _take(review: Review, standard: str, source: FactSet) -> int:
    own_set = set_of(review, standard)
    inside = set(scope.elements_of(review, standard))
    given = [fact for fact in _facts(source) if fact.value and fact.element in inside]
    own = {fact.key: fact for fact in _facts(own_set)}
    taken = 0
    for fact in given:
        mine = own.get(fact.key)
        if mine is not None and not mine.value:
            for name in TAKEN:
                setattr(mine, name, getattr(fact, name))
            mine.carried = True
            taken += 1
    fresh = _statements(review, own_set, [fact for fact in given if fact.key not in own])
    if fresh:
        db.session.execute(sa.insert(Fact), fresh)
    return taken + len(fresh)


def _facts(fact_set: FactSet) -> list[Fact]:
    return list(
        db.session.execute(
            sa.select(Fact)
            .where(Fact.organisation_id == fact_set.organisation_id, Fact.fact_set_id == fact_set.id)
            .order_by(Fact.position, Fact.id)
        ).scalars()
    )


def _statements(review: Review, own_set: FactSet, given: Iterable[Fact]) -> list[dict[str, Any]]:
    """What is stated of metrics has no place of its own before it is said; of metrics that still exist."""
    if own_set.standard != COPC:
        return []
    kept = _metrics(review)
    return [
        {
            "organisation_id": own_set.organisation_id,
            "id": new_id(),
            "fact_set_id": own_set.id,
            "version": 1,
            "key": fact.key,
            "element": fact.element,
            "kind": fact.kind,
            "subject": fact.subject,
            "aspect": fact.aspect,
            "improvement_approach": False,
            "position": fact.position,
            "carried": True,
            **{name: getattr(fact, name) for name in TAKEN},
        }
        for fact in given
        if fact.kind == FactKind.METRIC
        and fact.aspect in (*CHECKED, *STATED)
        and (fact.element, fact.subject) in kept
    ]


def _metrics(review: Review, *conditions: sa.ColumnElement[bool]) -> set[tuple[str, str]]:
    rows = db.session.execute(
        sa.select(Metric.item, Metric.code).where(
            Metric.organisation_id == review.organisation_id, Metric.site_id == review.site_id, *conditions
        )
    )
    return {(row.item, row.code) for row in rows}


def confirm(actor: Actor, review: Review, standard: str, keys: Iterable[str]) -> int:
    """Say that facts which were taken over hold now as well; how many there were to confirm.

    Raises NotFound for an unknown key, Forbidden for a statement that is an assessor's, InvalidInput where
    the owner of a metric would vouch for it, Conflict outside of the judging.
    """
    wanted = tuple(dict.fromkeys(keys))
    facts = facts_for_keys(review, standard, wanted)
    if len(facts) < len(wanted):
        raise NotFound
    waiting = [fact for fact in facts if fact.carried]
    _check_rights(actor, review, waiting)
    judged = {fact.element for fact in waiting if fact.kind in (FactKind.LINE, FactKind.UNIT, FactKind.ROW)}
    sharing.require_open(actor, review, judged)
    for fact in waiting:
        mark(fact, actor, fact.value)
    if waiting:
        said = {"confirmed": [None, ", ".join(fact.key for fact in waiting)]}
        history.record(record_of(review), "confirmed", actor.person_id, changes=said)
    db.session.flush()
    return len(waiting)


def _check_rights(actor: Actor, review: Review, facts: list[Fact]) -> None:
    subject = Subject(site_id=review.site_id, auditor_ids=frozenset({review.lead_auditor_id}))
    if any(fact.kind == FactKind.WORD or fact.aspect in STATED for fact in facts):
        require(actor, "review:overrule", subject)
    stated = {(fact.element, fact.subject) for fact in facts if fact.kind == FactKind.METRIC}
    if not stated or actor.single_person:
        return
    if stated & _metrics(review, Metric.owner_id == actor.person_id):
        raise InvalidInput(
            {"key": [_("Somebody other than the owner of the metric has to say this (N-SOD 3).")]}
        )


def current_exists(organisation_id: int, site_id: int) -> bool:
    """Whether a site has reported facts that a review could start from."""
    return bool(
        db.session.execute(
            sa.select(
                sa.exists().where(
                    FactSet.organisation_id == organisation_id,
                    FactSet.site_id == site_id,
                    FactSet.kind == FactSetKind.CURRENT,
                )
            )
        ).scalar()
    )
