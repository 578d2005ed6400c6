"""Verdicts: what auditors and assessors say of the facts of a review, one at a time or many at once.

Whether a person may judge is asked by the route; what may be said of which fact, and by whom, is here.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from scoring.sheet import DIMENSIONS
from tracker import clock, history
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.metrics.models import Metric
from tracker.moves import check_version
from tracker.permissions import Actor
from tracker.reviews import scope, sharing
from tracker.reviews.facts import Key
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, GapReason, Overrule, Review
from tracker.reviews.records import record_of
from tracker.scores.sheets import COPC
from workflows.reviews import ReviewState

VALUES: dict[FactKind, tuple[str, ...]] = {
    FactKind.LINE: ("met", "not_met", "not_applicable"),
    FactKind.UNIT: ("full", "partial", "none", "not_applicable"),
    FactKind.ROW: ("0", "1", "2", "3", "4"),
    FactKind.METRIC: ("yes", "no"),
    FactKind.WORD: ("yes", "no"),
}
# What a person may state of a metric: U and I from a check of the data, the other two as an assessor.
CHECKED = ("usable", "integrity")
STATED = ("meets_target", "improving")
LONGEST = 4000


def judge(
    actor: Actor,
    review: Review,
    standard: str,
    key: str,
    value: str | None = None,
    *,
    note: str | None = None,
    evidence: str | None = None,
    sampled: bool | None = None,
    improvement_approach: bool | None = None,
    version: int | None = None,
) -> Fact:
    """Record the verdict on one line, unit or row; None leaves what is there, "" takes the verdict back.

    Raises NotFound, InvalidInput, and Conflict where somebody else judged it since `version`.
    """
    _require_in_progress(review)
    fact = get_fact(review, standard, key)
    check_version(fact, version)
    _judge_all(actor, review, [fact], _changes(value, note, evidence, sampled, improvement_approach))
    return fact


def judge_many(
    actor: Actor,
    review: Review,
    standard: str,
    keys: Iterable[str],
    value: str | None = None,
    *,
    note: str | None = None,
    evidence: str | None = None,
    sampled: bool | None = None,
) -> list[Fact]:
    """Give many lines, units or rows the same verdict, note or evidence; None leaves what each has.

    Raises NotFound when one of the keys is unknown, InvalidInput when the value does not fit one of them.
    """
    wanted = tuple(dict.fromkeys(keys))
    facts = facts_for_keys(review, standard, wanted)
    if len(facts) < len(wanted):
        raise NotFound
    _judge_all(actor, review, facts, _changes(value, note, evidence, sampled, None))
    return facts


def facts_for_keys(review: Review, standard: str, keys: tuple[str, ...]) -> list[Fact]:
    """The facts of a review with these keys, in the order of its pages; Conflict outside of the judging."""
    _require_in_progress(review)
    return list(
        db.session.execute(
            _facts_of(review, standard).where(Fact.key.in_(keys)).order_by(Fact.position, Fact.id)
        ).scalars()
    )


def facts_of_element(review: Review, element: str) -> list[Fact]:
    """Every fact of an item or criterion, in the order of its page."""
    standard = scope.standard_of_element(review, element)
    if standard is None:
        raise NotFound
    wanted = _facts_of(review, standard).where(Fact.element == element)
    return list(db.session.execute(wanted.order_by(Fact.position, Fact.id)).scalars())


def _require_in_progress(review: Review) -> None:
    if review.state != ReviewState.IN_PROGRESS:
        raise Conflict(_("Verdicts can be given only while the review is in progress."))


def _facts_of(review: Review, standard: str) -> sa.Select[Any]:
    return (
        sa.select(Fact)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            Fact.organisation_id == review.organisation_id,
            FactSet.review_id == review.id,
            FactSet.kind == FactSetKind.REVIEW,
            FactSet.standard == standard,
        )
    )


def get_fact(review: Review, standard: str, key: str) -> Fact:
    """One fact of a review. Raises NotFound."""
    wanted = _facts_of(review, standard).where(Fact.key == key)
    found: Fact | None = db.session.execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def _changes(
    value: str | None,
    note: str | None,
    evidence: str | None,
    sampled: bool | None,
    improvement_approach: bool | None,
) -> dict[str, Any]:
    texts = {"note": note, "evidence": evidence}
    too_long = {
        name: [_("At most %(count)d characters.", count=LONGEST)]
        for name, text in texts.items()
        if text is not None and len(text) > LONGEST
    }
    if too_long:
        raise InvalidInput(too_long)
    given = {
        "value": value,
        **{name: None if text is None else text.strip() for name, text in texts.items()},
        "sampled": sampled,
        "improvement_approach": improvement_approach,
    }
    return {name: entry for name, entry in given.items() if entry is not None}


def _judge_all(actor: Actor, review: Review, facts: list[Fact], changes: dict[str, Any]) -> None:
    sharing.require_open(actor, review, {fact.element for fact in facts})
    for fact in facts:
        if fact.kind in (FactKind.METRIC, FactKind.WORD):
            raise InvalidInput({"value": [_("An assessor states this; it is not judged here.")]})
        if changes.get("value", "") not in ("", *VALUES[fact.kind]):
            raise InvalidInput({"value": [_("Choose one of the verdicts.")]})
    said: dict[str, list[Any]] = {}
    for fact in facts:
        for name, after in changes.items():
            before = getattr(fact, name)
            if before != after:
                setattr(fact, name, after)
                said[fact.key if name == "value" else f"{fact.key} {name}"] = [before, after]
        if "value" in changes or (fact.judged_by_id is None and fact.value and not fact.carried):
            mark(fact, actor, fact.value)
    if said:
        history.record(record_of(review), "judged", actor.person_id, changes=said)
    db.session.flush()


def mark(fact: Fact, actor: Actor, value: str) -> None:
    """Whoever gives a verdict answers for it: it is no longer one that was merely taken over."""
    fact.carried = False
    fact.judged_by_id = actor.person_id if value else None
    fact.judged_at = clock.now() if value else None


# ---------------------------------------------------------------- what is stated of metrics


def state_metric(
    actor: Actor,
    review: Review,
    code: str,
    aspect: str,
    value: bool | None,
    *,
    item: str | None = None,
    note: str = "",
    evidence: str = "",
    version: int | None = None,
) -> Fact:
    """State one fact of a metric in a review.

    `usable` and `integrity` are said after a check of the data by somebody else than its owner, `meets_target`
    and `improving` by an assessor, with the reason in `note`. None as value takes the statement back: the data
    speak again. `item` is needed where two items have a metric of that code.

    Raises NotFound, InvalidInput, Conflict.
    """
    _require_in_progress(review)
    metric = _get_metric(review, code, item)
    if aspect not in (*CHECKED, *STATED):
        raise InvalidInput({"value": [_("This cannot be stated of a metric.")]})
    if metric.owner_id == actor.person_id and not actor.single_person:
        raise InvalidInput(
            {"value": [_("Somebody other than the owner of the metric has to say this (N-SOD 3).")]}
        )
    fact = _metric_fact(review, metric, aspect)
    check_version(fact, version)
    written = "" if value is None else "yes" if value else "no"
    before = fact.value
    fact.value, fact.note, fact.evidence = written, note.strip(), evidence.strip()
    mark(fact, actor, written)
    history.record(
        record_of(review), "stated", actor.person_id, changes={fact.key: [before, written]}, reason=note
    )
    db.session.flush()
    return fact


def _get_metric(review: Review, code: str, item: str | None) -> Metric:
    wanted = sa.select(Metric).where(
        Metric.organisation_id == review.organisation_id,
        Metric.site_id == review.site_id,
        Metric.code == code,
    )
    found = db.session.execute(wanted if item is None else wanted.where(Metric.item == item)).scalars().all()
    if len(found) != 1 or found[0].item not in scope.elements_of(review, COPC):
        raise NotFound
    return found[0]


def _metric_fact(review: Review, metric: Metric, aspect: str) -> Fact:
    key = Key(metric.item, FactKind.METRIC, metric.code, aspect)
    wanted = _facts_of(review, COPC).where(Fact.key == str(key))
    found: Fact | None = db.session.execute(wanted).scalar_one_or_none()
    if found is not None:
        return found
    return add(
        Fact(
            organisation_id=review.organisation_id,
            fact_set_id=set_of(review, COPC).id,
            key=str(key),
            element=key.element,
            kind=key.kind,
            subject=key.subject,
            aspect=aspect,
            position=metric.position,
        )
    )


def set_of(review: Review, standard: str) -> FactSet:
    """The review's own set of facts under a standard. Raises NotFound."""
    found = db.session.execute(
        sa.select(FactSet).where(
            FactSet.organisation_id == review.organisation_id,
            FactSet.review_id == review.id,
            FactSet.kind == FactSetKind.REVIEW,
            FactSet.standard == standard,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


# ---------------------------------------------------------------- the assessor's own


def set_overrule(
    actor: Actor, review: Review, element: str, dimension: str, score: int | None, reason: str
) -> Overrule | None:
    """Put an assessor's score in place of a computed one, with the reason; None lifts it again (C-LINE).

    Raises NotFound, InvalidInput, Conflict.
    """
    _require_in_progress(review)
    if element not in scope.elements_of(review, COPC):
        raise NotFound
    _check_overrule(element, dimension, score, reason)
    fact_set = set_of(review, COPC)
    found = db.session.execute(
        sa.select(Overrule).where(
            Overrule.organisation_id == review.organisation_id,
            Overrule.fact_set_id == fact_set.id,
            Overrule.element == element,
            Overrule.dimension == dimension,
        )
    ).scalar_one_or_none()
    before = found.score if found is not None else None
    row = _write_overrule(actor, fact_set, found, (element, dimension, score, reason.strip()))
    history.record(
        record_of(review),
        "overruled",
        actor.person_id,
        reason=reason.strip(),
        changes={f"{element} {dimension}": [before, score]},
    )
    db.session.flush()
    return row


def _check_overrule(element: str, dimension: str, score: int | None, reason: str) -> None:
    has = ("approach", "level", "trend") if element.startswith("4.") else ("approach", "deployment")
    if dimension not in has:
        raise InvalidInput({"dimension": [_("This item has no such dimension.")]})
    if score is not None and score not in DIMENSIONS[dimension]:
        allowed = ", ".join(str(each) for each in DIMENSIONS[dimension])
        raise InvalidInput({"score": [_("The score is one of %(allowed)s.", allowed=allowed)]})
    if not reason.strip():
        raise InvalidInput({"reason": [_("Write down the reason.")]})


def _write_overrule(
    actor: Actor, fact_set: FactSet, found: Overrule | None, given: tuple[str, str, int | None, str]
) -> Overrule | None:
    element, dimension, score, reason = given
    if score is None:
        if found is not None:
            db.session.delete(found)
        return None
    if found is None:
        found = Overrule(
            organisation_id=fact_set.organisation_id,
            fact_set_id=fact_set.id,
            element=element,
            dimension=dimension,
        )
        db.session.add(found)
    found.score, found.reason = score, reason
    found.person_id, found.at = actor.person_id, clock.now()
    return found


def record_word(
    actor: Actor, review: Review, compliant: bool | None, reason: str, *, version: int | None = None
) -> Fact:
    """Record the assessor's word on whether item 4.7 is compliant, and why (C-N4); None takes it back.

    Raises NotFound, InvalidInput, Conflict.
    """
    _require_in_progress(review)
    if not reason.strip():
        raise InvalidInput({"reason": [_("Write down the reason.")]})
    fact = get_fact(review, COPC, str(scope.WORD))
    check_version(fact, version)
    before, fact.value = fact.value, "" if compliant is None else "yes" if compliant else "no"
    fact.note = reason.strip()
    mark(fact, actor, fact.value)
    history.record(
        record_of(review),
        "word_given",
        actor.person_id,
        reason=reason,
        changes={fact.key: [before, fact.value]},
    )
    db.session.flush()
    return fact


# ---------------------------------------------------------------- gaps without a non-conformity


def give_gap_reason(actor: Actor, review: Review, key: str, reason: str) -> GapReason | None:
    """Write down why no non-conformity carries a gap; an empty reason takes it back.

    Raises NotFound, InvalidInput, Conflict.
    """
    _require_in_progress(review)
    if len(reason) > LONGEST:
        raise InvalidInput({"reason": [_("At most %(count)d characters.", count=LONGEST)]})
    if len(key) > 160 or scope.standard_of_element(review, key.partition("/")[0]) is None:
        raise NotFound
    found = db.session.execute(
        sa.select(GapReason).where(
            GapReason.organisation_id == review.organisation_id,
            GapReason.review_id == review.id,
            GapReason.key == key,
        )
    ).scalar_one_or_none()
    before, text = found.reason if found is not None else "", reason.strip()
    if not text:
        if found is not None:
            db.session.delete(found)
        row = None
    else:
        row = found or GapReason(organisation_id=review.organisation_id, review_id=review.id, key=key)
        row.reason, row.person_id, row.at = text, actor.person_id, clock.now()
        db.session.add(row)
    history.record(
        record_of(review), "gap_reasoned", actor.person_id, reason=text, changes={key: [before, text]}
    )
    db.session.flush()
    return row
