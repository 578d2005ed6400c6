"""Taking back the last move puts everything back that it changed and took along, on every machine."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from tests.tracker.actions import loop
from tests.tracker.reviews import ground as reviews_ground
from tracker import clock, undo
from tracker.accounts.models import Person
from tracker.actions import services as actions
from tracker.actions.checks import record_of as action_record
from tracker.audits import services as audits
from tracker.database import Base
from tracker.errors import RefusedMove
from tracker.history import HistoryEvent, Record
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.facts import record_of as nonconformity_record
from tracker.reviews import services as reviews
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState
from workflows.undo import UNDOABLE

# What tells of the moves stays; the version goes on; the lines that a review or checklist was given may stay.
TELLING = {
    "history",
    "audit_events",
    "audit_heads",
    "move_undos",
    "outbox_messages",
    "facts",
    "audit_checks",
}
START = loop.date(2026, 3, 2)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield loop.company()


def everything(db: SQLAlchemy) -> dict[str, list[tuple[Any, ...]]]:
    """What stands in the database, but for what only tells of it."""
    db.session.flush()
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in TELLING and "computed_at" not in table.c:
            columns = [column for column in table.c if column.name != "version"]
            found[table.name] = sorted(map(tuple, db.session.execute(sa.select(*columns))), key=repr)
    return found


def events(db: SQLAlchemy, record: Record) -> list[str]:
    lines = sa.select(HistoryEvent.event).where(HistoryEvent.record_id == record.id)
    return list(db.session.execute(lines.order_by(HistoryEvent.id)).scalars())


def is_taken_back(db: SQLAlchemy, row: Any, record: Record, who: Any, make: Callable[[], None]) -> None:
    """Make the move, take it back, and see that nothing is left of it but its story."""
    before, version, known = everything(db), row.version, events(db, record)
    make()
    assert everything(db) != before
    moved = [each for each in events(db, record)[len(known) :] if each != "edited"]

    event = undo.take_back(record, row, who)

    assert everything(db) == before
    assert row.version > version
    assert events(db, record) == [*known, *moved, "undone"]
    assert event == moved[0]
    assert undo.find(record) is None


# ---------------------------------------------------------------- actions

Stage = Callable[..., Any]
ACTIONS: list[tuple[Stage, str, str]] = [
    (loop.created, "owner", "define"),
    (loop.analysing, "owner", "analyse"),
    (loop.planned, "owner", "submit_plan"),
    (loop.submitted, "owner", "recall_plan"),
    (loop.submitted, "approver", "return_to_planning"),
    (loop.submitted, "approver", "return_to_analysis"),
    (loop.implementing, "owner", "revise_plan"),
    (loop.implementing, "owner", "implement"),
    (loop.created, "manager", "cancel"),
    (loop.implementing, "manager", "cancel"),
    (loop.implemented, "manager", "cancel"),
]


def ready(at: loop.Company, action: Any, event: str) -> None:
    """What the guards of the move want to see."""
    if event == "define":
        actions.edit_step(at.act(at.owner), action, loop.PROBLEM)
    elif event == "analyse":
        cause = actions.add_cause(
            at.act(at.owner), action, "No due time", kind=loop.CauseKind.ROOT, evidence="Screen"
        )
        actions.verify_cause(at.act(at.owner), action, cause, loop.VerificationMethod.OBSERVATION)
    elif event == "implement":
        loop.finish(at, action)


@pytest.mark.parametrize(("stage", "who", "event"), ACTIONS)
def test_moves_of_actions_are_taken_back(at, db, stage, who, event) -> None:
    record = at.nonconformity(grade=Grade.MAJOR)
    action = stage(at, record)
    ready(at, action, event)
    actor = at.act(getattr(at, who))

    is_taken_back(
        db,
        action,
        action_record(action),
        actor,
        lambda: actions.make_move(actor, action, event, reason="A slip of the hand"),
    )


def test_every_move_that_may_be_undone_is_undone_here() -> None:
    assert {event for _stage, _who, event in ACTIONS} == UNDOABLE["action"]
    assert {event for _state, event in AUDITS} == UNDOABLE["audit"]
    assert set(REVIEWS) | {"close"} == UNDOABLE["review"]


def test_what_an_action_took_along_comes_back_and_says_so(at, db) -> None:
    record = at.nonconformity()
    action = loop.implementing(at, record)
    loop.finish(at, action)
    due, version = record.due_on, record.version
    actions.make_move(at.act(at.owner), action, "implement")
    assert record.state is NonconformityState.VERIFYING

    undo.take_back(action_record(action), action, at.act(at.owner))

    assert (record.state, record.due_on) == (NonconformityState.CORRECTING, due)
    assert record.version > version
    assert events(db, nonconformity_record(record))[-2:] == ["await_verification", "undone"]
    last = db.session.execute(
        sa.select(HistoryEvent).where(HistoryEvent.record_id == record.id).order_by(HistoryEvent.id.desc())
    ).scalars()
    line = next(last)
    assert (line.person_id, line.old_state, line.new_state) == (None, "verifying", "correcting")


def test_answers_of_the_round_before_come_back(at, db) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    loop.audited(at, record, purpose=loop.AuditPurpose.IMPLEMENTATION, implemented=False, effective=None)
    assert action.state is ActionState.IMPLEMENTING
    from tracker.actions.answers import list_links

    link = list_links(action)[0]
    link.implemented = False
    db.session.flush()
    loop.finish(at, action)
    actions.make_move(at.act(at.owner), action, "implement")
    assert link.implemented is None

    undo.take_back(action_record(action), action, at.act(at.owner))

    assert link.implemented is False


def test_a_move_stays_once_a_record_that_it_took_along_has_gone_on(at, db) -> None:
    record = at.nonconformity()
    action = loop.implementing(at, record)
    loop.finish(at, action)
    actions.make_move(at.act(at.owner), action, "implement")
    nonconformities.extend_due(
        at.act(at.lead), record, record.due_on + timedelta(days=7), "Holidays", record.version
    )

    with pytest.raises(RefusedMove) as refused:
        undo.take_back(action_record(action), action, at.act(at.owner))

    assert "NC-0001 moved with it" in refused.value.reasons[0]
    assert (action.state, record.state) == (ActionState.FOLLOW_UP, NonconformityState.VERIFYING)


@pytest.mark.parametrize("kind", ["signed", "system", "edited"])
def test_what_stays_says_why(at, db, kind) -> None:
    record = at.nonconformity()
    if kind == "signed":
        row, said = loop.implementing(at, record), "signed"
    elif kind == "system":
        loop.implemented(at, record)
        row, said = record, "as a consequence"
    else:
        row, said = loop.submitted(at, record), "has happened"
        actions.hand_over(at.act(at.manager), row, at.manager.id, "Holidays")
    place = nonconformity_record(row) if kind == "system" else action_record(row)

    with pytest.raises(RefusedMove) as refused:
        undo.take_back(place, row, at.act(at.approver))

    assert said in refused.value.reasons[0]


def test_a_containment_that_set_the_correcting_going_is_taken_back_whole(at, db) -> None:
    record = at.nonconformity(state=NonconformityState.OPEN)
    loop.created(at, record)
    owner = at.act(at.process_owner)

    is_taken_back(
        db,
        record,
        nonconformity_record(record),
        owner,
        lambda: nonconformities.make_move(owner, record, "contain", correction="Called back by hand"),
    )


# ---------------------------------------------------------------- audits

AUDITS = [
    ("scheduled", "reschedule"),
    ("scheduled", "start"),
    ("scheduled", "cancel"),
    ("in_progress", "cancel"),
]


@pytest.mark.parametrize(("state", "event"), AUDITS)
def test_moves_of_audits_are_taken_back(at, db, state, event) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = audits.schedule(
        at.act(at.lead),
        nonconformity_ids=[record.id],
        purpose=loop.AuditPurpose.IMPLEMENTATION,
        mode=loop.AuditMode.ON_SITE,
        planned_on=clock.today(),
        auditor_id=at.auditor.id,
    )
    if state == "in_progress":
        audits.make_move(at.act(at.auditor), audit, "start")
    assert audit.state is AuditState(state)
    who = at.act(at.auditor if event == "start" else at.lead)
    later = clock.today() + timedelta(days=3) if event == "reschedule" else None

    is_taken_back(
        db,
        audit,
        audits.record_of(audit),
        who,
        lambda: audits.make_move(who, audit, event, reason="A slip", planned_on=later),
    )


# ---------------------------------------------------------------- reviews

REVIEWS = ["start", "cancel"]


@pytest.mark.parametrize("event", REVIEWS)
def test_moves_of_reviews_are_taken_back(db, event) -> None:
    with clock.at(reviews_ground.TODAY):
        at = reviews_ground.lay()
        review = reviews_ground.plan(at, "2.7")
        lead = at.actor(at.lead)

        is_taken_back(
            db,
            review,
            reviews.record_of(review),
            lead,
            lambda: reviews.make_move(lead, review, event, reason="A slip"),
        )


def test_a_closed_review_is_reported_again(db) -> None:
    with clock.at(reviews_ground.TODAY):
        at = reviews_ground.lay()
        review = reviews_ground.judged(at, "2.7")
        reviews_ground.report(at, review)
        reviews.make_move(at.actor(at.manager), review, "accept", signing=loop.SIGNED)
        lead = at.actor(at.lead)
        assert review.state is ReviewState.REPORTED

        is_taken_back(
            db,
            review,
            reviews.record_of(review),
            lead,
            lambda: reviews.make_move(lead, review, "close"),
        )


def test_a_review_in_which_a_verdict_was_given_has_gone_on(db) -> None:
    with clock.at(reviews_ground.TODAY):
        at = reviews_ground.lay()
        review = reviews_ground.started(at, "2.7")
        reviews_ground.judge_one(at, review, "2.7/line/2.7-1", "met")

        with pytest.raises(RefusedMove):
            undo.take_back(reviews.record_of(review), review, at.actor(at.lead))

    assert review.state is ReviewState.IN_PROGRESS


def test_somebody_else_takes_nothing_back(at: loop.Company, db: SQLAlchemy) -> None:
    action = loop.submitted(at)
    other: Person = at.manager

    assert undo.offered(action_record(action), at.act(at.owner)) == "submit the plan"
    assert undo.offered(action_record(action), at.act(other)) == ""
    with pytest.raises(RefusedMove) as refused:
        undo.take_back(action_record(action), action, at.act(other))

    assert refused.value.reasons == ["Only whoever made the move takes it back."]
