"""The life of a non-conformity: one function for each event of its machine, and what each one entails."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from tracker import clock, history, moves, undo
from tracker.database import db
from tracker.errors import NotFound
from tracker.moves import Signing
from tracker.nonconformities import deadlines
from tracker.nonconformities.facts import facts_for, facts_of, pins_of, record_of, subject_of, work_of
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.notifications.services import tell
from tracker.numbering import label
from tracker.permissions import Actor
from tracker.reviews import facts as review_facts
from tracker.reviews.models import Fact, FactSet, FactSetKind, Review
from tracker.scores.models import Cause
from tracker.scores.services import Why, renew, rescore_site
from tracker.scores.sheets import COPC, PINNING
from workflows.facts import NonconformityFacts
from workflows.kinds import Grade
from workflows.machine import allowed
from workflows.nonconformities import NONCONFORMITY, NonconformityState

# What is forgotten as soon as a record is sent back: answers and approvals belong to one round.
NEW_ROUND: dict[str, Any] = {
    "answered_implemented": None,
    "answered_effective": None,
    "closure_approved_by_id": None,
}
UNASKED: dict[str, Any] = {"void_requested_by_id": None, "void_reason": ""}


def make_move(
    actor: Actor,
    nonconformity: Nonconformity,
    event: str,
    *,
    reason: str = "",
    signing: Signing | None = None,
    **fields: Any,
) -> None:
    """Make the move `event`, with the fields of its form; moves of the system cannot be asked for.

    Raises NotFound for an event that no person makes, Forbidden, WrongPassword, RefusedMove.
    """
    handler = HANDLERS.get(event)
    if handler is None:
        raise NotFound
    with undo.together():
        handler(actor, nonconformity, event=event, reason=reason.strip(), signing=signing, **fields)


def _move(
    actor: Actor,
    nonconformity: Nonconformity,
    event: str,
    facts: NonconformityFacts | None = None,
    *,
    reason: str = "",
    signing: Signing | None = None,
    stamps: Mapping[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    moves.move(
        "nonconformity",
        nonconformity,
        event,
        actor,
        facts or facts_of(nonconformity),
        subject_of(nonconformity),
        reason=reason,
        signing=signing,
        stamps=stamps,
        changes=changes,
    )


def _rescore(actor: Actor, nonconformity: Nonconformity, cause: Cause) -> None:
    why = Why(cause, nonconformity_id=nonconformity.id)
    rescore_site(nonconformity.organisation_id, nonconformity.site_id, why, actor)


def _renew(nonconformity: Nonconformity) -> None:
    """The claimed total counts what is being verified, so it moves without any fact having moved."""
    renew(nonconformity.organisation_id, nonconformity.site_id)


def _gone_back(nonconformity: Nonconformity, came_from: str) -> None:
    """A move was taken back, and with it what was claimed by it."""
    if NonconformityState.VERIFYING in (nonconformity.state, came_from):
        _renew(nonconformity)


undo.AFTERWARDS["nonconformity"] = _gone_back


# ---------------------------------------------------------------- raising


def open_record(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """Raise a draft: its deadlines run and its facts are held, which a run of its own records."""
    _open(actor, nonconformity, facts_of(nonconformity), reason)
    _rescore(actor, nonconformity, Cause.RAISED)


def open_drafts(review: Review, actor: Actor) -> list[Nonconformity]:
    """Raise every draft of a review with its report; the report's own run then shows what they hold."""
    drafts = list(
        db.session.execute(
            sa.select(Nonconformity)
            .where(
                Nonconformity.organisation_id == review.organisation_id,
                Nonconformity.review_id == review.id,
                Nonconformity.state == NonconformityState.DRAFT,
            )
            .order_by(Nonconformity.number)
        ).scalars()
    )
    facts = facts_for(drafts)
    for draft in drafts:
        _open(actor, draft, dataclasses.replace(facts[draft.id], awaiting_report=False))
    return drafts


def _open(actor: Actor, nonconformity: Nonconformity, facts: NonconformityFacts, reason: str = "") -> None:
    stamps = {"opened_at": clock.now()} | UNASKED
    stamps |= deadlines.deadline(nonconformity, NonconformityState.OPEN, clock.today())
    _move(actor, nonconformity, "raise", facts, reason=reason, stamps=stamps)
    tell([nonconformity.owner_id], "nonconformity-opened", record_of(nonconformity), _about(nonconformity))


def return_to_draft(nonconformity: Nonconformity, actor: Actor) -> None:
    """Take a record back to draft, as a consequence of its review's report being withdrawn."""
    stamps = {"opened_at": None, "accepted_at": None} | deadlines.NO_DEADLINE
    _move(actor, nonconformity, "return_to_draft", stamps=stamps)


def _about(nonconformity: Nonconformity) -> dict[str, Any]:
    due = nonconformity.due_on
    return {"title": nonconformity.title, "due_on": due.isoformat() if due else ""}


# ---------------------------------------------------------------- the owner's answer


def accept(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """The owner takes it on."""
    _move(actor, nonconformity, event, reason=reason, stamps={"accepted_at": clock.now()})


def dispute(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """The owner says why it is none; the clock runs on."""
    _move(actor, nonconformity, event, reason=reason, stamps={"dispute_reason": reason, "dispute_answer": ""})
    tell(
        [nonconformity.raised_by_id],
        "nonconformity-disputed",
        record_of(nonconformity),
        _about(nonconformity),
    )


def uphold(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """The lead auditor answers that it stands."""
    _move(
        actor, nonconformity, event, reason=reason, stamps={"dispute_answer": reason, "dispute_upheld": True}
    )
    tell([nonconformity.owner_id], "nonconformity-upheld", record_of(nonconformity), _about(nonconformity))


def regrade(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    new_grade: Grade | None = None,
) -> None:
    """The lead auditor grants the dispute in part; a grade that may not pin lets go of the facts."""
    facts = dataclasses.replace(facts_of(nonconformity), new_grade=new_grade)
    before = nonconformity.grade
    stamps: dict[str, Any] = {"dispute_answer": reason}
    if new_grade is not None:
        opened = deadlines.opened_on(nonconformity)
        stamps |= {"grade": new_grade}
        stamps |= deadlines.deadline(nonconformity, NonconformityState.OPEN, opened, new_grade)
    changes = {"grade": [before.value, new_grade.value if new_grade else None]}
    _move(actor, nonconformity, event, facts, reason=reason, stamps=stamps, changes=changes)
    if _let_go(nonconformity, actor):
        _rescore(actor, nonconformity, Cause.VOIDED)
    tell([nonconformity.owner_id], "nonconformity-regraded", record_of(nonconformity), _about(nonconformity))


def _let_go(nonconformity: Nonconformity, actor: Actor) -> list[str]:
    """Drop the pins that its grade may not have; each has been settled before (E.3)."""
    if nonconformity.grade not in (Grade.OBSERVATION, Grade.OFI):
        return []
    pins = pins_of(nonconformity.organisation_id, [nonconformity.id])[nonconformity.id]
    dropped = [pin for pin in pins if nonconformity.grade is Grade.OBSERVATION or pin.standard == COPC]
    for pin in dropped:
        db.session.delete(pin)
    if dropped:
        keys = [pin.key for pin in dropped]
        history.record(
            record_of(nonconformity), "facts_let_go", actor.person_id, changes={"pins": [keys, []]}
        )
        db.session.flush()
        _settle_judged(nonconformity, dropped, actor)
    return [pin.key for pin in dropped]


def contain(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    correction: str = "",
    correction_needed: bool = True,
    no_correction_reason: str = "",
    consequence: str = "",
) -> None:
    """Bring the effect under control; an owner who does so in person has accepted by it."""
    stamps: dict[str, Any] = {
        "correction": correction.strip(),
        "correction_needed": correction_needed,
        "no_correction_reason": no_correction_reason.strip(),
        "consequence": consequence.strip(),
        "accepted_at": nonconformity.accepted_at or clock.now(),
    }
    facts = dataclasses.replace(
        facts_of(nonconformity),
        correction_given=bool(stamps["correction"]),
        no_correction_reason=not correction_needed and bool(stamps["no_correction_reason"]),
    )
    opened = deadlines.opened_on(nonconformity)
    stamps |= deadlines.deadline(nonconformity, NonconformityState.CONTAINED, opened)
    _move(actor, nonconformity, event, facts, reason=reason, stamps=stamps)
    actions_changed(nonconformity, actor)


# ---------------------------------------------------------------- moves of the system


def action_named(nonconformity: Nonconformity, action: object, actor: Actor) -> None:
    """An action has been named for it: correcting begins, or begins anew."""
    actions_changed(nonconformity, actor)


def actions_changed(nonconformity: Nonconformity, actor: Actor) -> None:
    """Follow the actions: to correcting with the first, to verifying when all are implemented, and back."""
    for _ in range(2):  # an action that is implemented already takes a contained record through both steps
        if not _follow(nonconformity, actor, facts_of(nonconformity)):
            return


def _follow(nonconformity: Nonconformity, actor: Actor, facts: NonconformityFacts) -> bool:
    """Make the one move of the system that the actions ask for; whether there was one."""
    possible = {move.event for move in allowed(NONCONFORMITY, nonconformity.state, facts)}
    event = next(iter(possible & {"start_correcting", "await_verification", "resume_correcting"}), None)
    if event is None:
        return False
    stamps = _round(nonconformity, event)
    _move(actor, nonconformity, event, facts, stamps=stamps)
    if event != "start_correcting":
        _renew(nonconformity)
    return True


def _round(nonconformity: Nonconformity, event: str) -> dict[str, Any]:
    if event == "await_verification":
        done = work_of(nonconformity.organisation_id, [nonconformity.id])[nonconformity.id].last_done
        start = done or clock.today()
        return NEW_ROUND | deadlines.deadline(nonconformity, NonconformityState.VERIFYING, start)
    start = deadlines.opened_on(nonconformity) if event == "start_correcting" else clock.today()
    return NEW_ROUND | deadlines.deadline(nonconformity, NonconformityState.CORRECTING, start)


def verdict_given(
    nonconformity: Nonconformity,
    audit: object,
    implemented: bool | None,
    effective: bool | None,
    actor: Actor,
) -> None:
    """Take over the signed answers of a follow-up audit; a "no" sends the record back and counts."""
    if implemented is not None:
        nonconformity.answered_implemented = implemented
    if effective is not None:
        nonconformity.answered_effective = effective
    if implemented is False or effective is False:
        send_back(nonconformity, actor)
    db.session.flush()


def send_back(nonconformity: Nonconformity, actor: Actor) -> None:
    """The follow-up said no: to correcting again, with a deadline that starts today."""
    facts = facts_of(nonconformity)
    due = deadlines.deadline(nonconformity, NonconformityState.CORRECTING, clock.today())
    stamps = NEW_ROUND | due | {"not_effective": nonconformity.not_effective + 1}
    _move(actor, nonconformity, "send_back", facts, stamps=stamps)
    tell([nonconformity.owner_id], "nonconformity-sent-back", record_of(nonconformity), _about(nonconformity))
    _renew(nonconformity)


# ---------------------------------------------------------------- closing and reopening


def approve_closure(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """The approver signs that a major may be closed."""
    stamps = {"closure_approved_by_id": actor.person_id}
    _move(actor, nonconformity, event, reason=reason, signing=signing, stamps=stamps)


def close(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """The verifier signs: the facts are released and a run stores what that moves, all at once."""
    stamps = {"closed_at": clock.now(), "closed_short": False} | deadlines.NO_DEADLINE
    _move(actor, nonconformity, event, reason=reason, signing=signing, stamps=stamps)
    review_facts.release(nonconformity, actor)
    _rescore(actor, nonconformity, Cause.CLOSED)
    people = [nonconformity.owner_id, nonconformity.raised_by_id]
    tell(people, "nonconformity-closed", record_of(nonconformity), _about(nonconformity))


def close_short(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    short_answer: str = "",
) -> None:
    """Close an observation or opportunity that pins nothing, with what was done about it."""
    answer = short_answer.strip() or nonconformity.short_answer
    facts = dataclasses.replace(facts_of(nonconformity), short_answer_given=bool(answer))
    stamps = {"short_answer": answer, "closed_at": clock.now(), "closed_short": True} | deadlines.NO_DEADLINE
    _move(actor, nonconformity, event, facts, reason=reason, stamps=stamps)


def reopen(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    judgement_wrong: bool = False,
) -> None:
    """The closing judgement was wrong: the facts are held again, its actions analyse anew."""
    from tracker.actions.answers import nonconformity_reopened

    facts = dataclasses.replace(facts_of(nonconformity), closing_judgement_wrong=judgement_wrong)
    due = deadlines.deadline(nonconformity, NonconformityState.CORRECTING, clock.today())
    _move(actor, nonconformity, event, facts, reason=reason, stamps=NEW_ROUND | due | {"closed_at": None})
    review_facts.hold_again(nonconformity, actor)
    nonconformity_reopened(nonconformity, actor)
    _reopen_review(nonconformity, actor)
    _rescore(actor, nonconformity, Cause.REOPENED)
    tell([nonconformity.owner_id], "nonconformity-reopened", record_of(nonconformity), _about(nonconformity))


def reopen_short(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    judgement_wrong: bool = False,
) -> None:
    """A short answer was wrong: back to open."""
    facts = dataclasses.replace(facts_of(nonconformity), closing_judgement_wrong=judgement_wrong)
    due = deadlines.deadline(nonconformity, NonconformityState.OPEN, clock.today())
    stamps = due | {"closed_at": None, "closed_short": False}
    _move(actor, nonconformity, event, facts, reason=reason, stamps=stamps)
    _reopen_review(nonconformity, actor)


def _reopen_review(nonconformity: Nonconformity, actor: Actor) -> None:
    """A closed review has something unsettled again."""
    from tracker.reviews.services import reopen_if_unsettled

    if nonconformity.review_id is not None:
        reopen_if_unsettled(nonconformity.organisation_id, nonconformity.review_id, actor)


# ---------------------------------------------------------------- voiding, by two persons


def request_void(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    settlements: Mapping[int, str] | None = None,
    duplicate_of: int | None = None,
) -> None:
    """The first person asks to void it, may name the record it duplicates, and say why facts need no other record."""
    from tracker.nonconformities.relations import forget_kept, name_kept

    stamps = {"void_requested_by_id": actor.person_id, "void_reason": reason}
    _give_reasons(nonconformity, settlements or {}, actor)
    changes = {}
    forget_kept(nonconformity)
    if duplicate_of is not None:
        kept = name_kept(nonconformity, duplicate_of)
        changes = {"duplicate_of": [None, label("nonconformity", kept.number)]}
    _move(actor, nonconformity, event, reason=reason, stamps=stamps, changes=changes)


def decline_void(
    actor: Actor, nonconformity: Nonconformity, *, event: str, reason: str, signing: Signing | None
) -> None:
    """It stands after all; the request is gone."""
    from tracker.nonconformities.relations import forget_kept

    asked = nonconformity.void_requested_by_id
    _move(actor, nonconformity, event, reason=reason, stamps=UNASKED)
    forget_kept(nonconformity)
    tell([asked], "nonconformity-void-declined", record_of(nonconformity), _about(nonconformity))


def void(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    event: str,
    reason: str,
    signing: Signing | None,
    settlements: Mapping[int, str] | None = None,
    duplicate_of: int | None = None,
) -> None:
    """The second person signs that it does not stand. No fact is met by it.

    The record that a duplicate names takes its facts over first. What an assessor has said about a pinned fact takes
    effect after that, in a run of its own.
    """
    from tracker.nonconformities.relations import carry_over

    held = nonconformity.state in PINNING
    _give_reasons(nonconformity, settlements or {}, actor)
    carry_over(actor, nonconformity)
    _move(actor, nonconformity, event, reason=reason, signing=signing, stamps=deadlines.NO_DEADLINE)
    if held:
        _rescore(actor, nonconformity, Cause.VOIDED)
        pins = pins_of(nonconformity.organisation_id, [nonconformity.id])[nonconformity.id]
        if _settle_judged(nonconformity, pins, actor):
            _rescore(actor, nonconformity, Cause.OVERRULE)
    people = [nonconformity.owner_id, nonconformity.raised_by_id]
    tell(people, "nonconformity-void", record_of(nonconformity), _about(nonconformity))


def _give_reasons(nonconformity: Nonconformity, reasons: Mapping[int, str], actor: Actor) -> None:
    given = {pin_id: reason.strip() for pin_id, reason in reasons.items() if reason.strip()}
    if not given:
        return
    pins = pins_of(nonconformity.organisation_id, [nonconformity.id])[nonconformity.id]
    changes = {}
    for pin in pins:
        if pin.id in given and given[pin.id] != pin.settled_reason:
            changes[pin.key] = [pin.settled_reason, given[pin.id]]
            pin.settled_reason = given[pin.id]
    if changes:
        history.record(record_of(nonconformity), "facts_settled", actor.person_id, changes=changes)
        db.session.flush()


def _settle_judged(nonconformity: Nonconformity, pins: list[Pin], actor: Actor) -> bool:
    """Write the assessors' words into the site's current facts; whether any changed."""
    judged = {
        (pin.standard, pin.key): pin for pin in pins if pin.judged_by_id is not None and pin.judged_value
    }
    if not judged:
        return False
    rows = db.session.execute(
        sa.select(FactSet.standard, Fact)
        .join(Fact, (Fact.organisation_id == FactSet.organisation_id) & (Fact.fact_set_id == FactSet.id))
        .where(
            FactSet.organisation_id == nonconformity.organisation_id,
            FactSet.site_id == nonconformity.site_id,
            FactSet.kind == FactSetKind.CURRENT,
            Fact.key.in_({key for _, key in judged}),
        )
    ).all()
    changes = {}
    for standard, fact in rows:
        pin = judged.get((standard, fact.key))
        if pin is None or fact.value == pin.judged_value:
            continue
        changes[fact.key] = [fact.value, pin.judged_value]
        fact.value, fact.judged_by_id, fact.judged_at = pin.judged_value, pin.judged_by_id, clock.now()
        fact.note = pin.settled_reason or fact.note
    if changes:
        history.record(record_of(nonconformity), "facts_judged_again", actor.person_id, changes=changes)
        db.session.flush()
    return bool(changes)


Handler = Callable[..., None]

HANDLERS: Mapping[str, Handler] = {
    "raise": open_record,
    "accept": accept,
    "dispute": dispute,
    "uphold": uphold,
    "regrade": regrade,
    "contain": contain,
    "approve_closure": approve_closure,
    "close": close,
    "close_short": close_short,
    "reopen": reopen,
    "reopen_short": reopen_short,
    "request_void": request_void,
    "decline_void": decline_void,
    "void": void,
}
