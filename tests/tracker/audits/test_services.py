from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.tracker.actions import loop
from tracker import clock
from tracker.accounts.models import Role
from tracker.audits import queries, services
from tracker.errors import Conflict, Forbidden, InvalidInput, NotFound, RefusedMove
from workflows.kinds import AuditMode, AuditPurpose, Grade

START = loop.date(2026, 3, 2)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield loop.company()


def schedule(at, *records, **fields):
    wanted = {
        "purpose": AuditPurpose.EFFECTIVENESS,
        "mode": AuditMode.ON_SITE,
        "planned_on": clock.today(),
        "auditor_id": at.auditor.id,
    } | fields
    return services.schedule(at.act(at.lead), nonconformity_ids=[each.id for each in records], **wanted)


def refused(error: pytest.ExceptionInfo) -> str:
    return " ".join(error.value.reasons)


def answer(at, audit, record, implemented=True, effective=None, note="Seen", evidence="Recordings"):
    return services.set_verdict(
        at.act(at.auditor),
        audit,
        record.id,
        implemented=implemented,
        effective=effective,
        note=note,
        evidence=evidence,
    )


def prepared(at, audit, record, **given):
    for check in queries.list_checks(audit):
        services.answer_check(at.act(at.auditor), audit, check, "yes", "Seen")
    services.set_sample(at.act(at.auditor), audit, sample="30 calls")
    answer(at, audit, record, **given)


def conclude(at, audit):
    services.make_move(at.act(at.auditor), audit, "conclude", signing=loop.SIGNED)


# ---------------------------------------------------------------- scheduling


def test_the_checklist_is_drawn_from_the_plans(at) -> None:
    first, second = at.nonconformity(), at.nonconformity()
    loop.implemented(at, first, second)
    loop.implemented(at, second)

    audit = schedule(at, first, second)

    assert [check.text for check in queries.list_checks(audit)] == [
        "CA-0001 · Show the due time",
        "CA-0002 · Show the due time",
    ]


def test_tasks_planned_since_are_drawn_at_the_start(at) -> None:
    record = at.nonconformity()
    action = loop.planning(at, record)
    audit = schedule(at, record)
    assert queries.list_checks(audit) == ()

    root_plan(at, action)
    services.make_move(at.act(at.auditor), audit, "start")

    assert len(queries.list_checks(audit)) == 1


def root_plan(at, action) -> None:
    """Finish what `planning` began, up to the report of implementation."""
    from tracker.actions import services as actions
    from tracker.actions.queries import load_case

    root = load_case(action).causes[-1]
    owner = at.act(at.owner)
    actions.edit_step(owner, action, {"criterion": "95 %", "window_days": 30})
    actions.add_task(
        owner, action, title="Do it", owner_id=at.owner.id, due_on=clock.today(), cause_id=root.id
    )
    actions.make_move(owner, action, "submit_plan")
    actions.make_move(at.act(at.approver), action, "approve_plan", signing=loop.SIGNED)
    loop.finish(at, action)
    actions.make_move(owner, action, "implement")


@pytest.mark.parametrize("who", ["owner", "process_owner", "approver"])
def test_whoever_had_a_hand_in_it_does_not_audit(at, who) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)

    with pytest.raises(InvalidInput) as error:
        schedule(at, record, auditor_id=getattr(at, who).id)

    assert "independent" in str(error.value)


def test_who_did_a_task_since_does_not_start_the_audit(at) -> None:
    record = at.nonconformity()
    action = loop.implementing(at, record)
    audit = schedule(at, record)
    at.owner, owner = at.manager, at.owner
    (task,) = loop.queries.load_case(action).tasks
    loop.services.finish_task(at.act(at.auditor), action, task, "I did it myself")
    at.owner = owner
    loop.finish(at, action)
    loop.services.make_move(at.act(at.owner), action, "implement")

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.auditor), audit, "start")

    assert "carried out a task" in refused(error)


def test_a_major_is_audited_on_site_unless_reasoned(at) -> None:
    record = at.nonconformity(grade=Grade.MAJOR)
    loop.implemented(at, record)

    with pytest.raises(InvalidInput):
        schedule(at, record, mode=AuditMode.DESK)
    audit = schedule(at, record, mode=AuditMode.DESK, desk_reason="All is in the recordings")

    assert audit.state == "scheduled"


def test_an_audit_covers_something_of_one_site(at) -> None:
    other = factories.nonconformity(factories.site(at.organisation), at.process_owner)

    for wrong in ((), (other, at.nonconformity())):
        with pytest.raises(InvalidInput):
            schedule(at, *wrong)


def test_an_audit_is_put_off_with_a_reason(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = schedule(at, record)
    day = clock.today() + timedelta(days=7)

    with pytest.raises(RefusedMove):
        services.make_move(at.act(at.lead), audit, "reschedule", planned_on=day)
    services.make_move(at.act(at.lead), audit, "reschedule", reason="Ill", planned_on=day)

    assert (audit.state, audit.planned_on) == ("scheduled", day)


def test_the_auditor_does_not_put_off_the_own_audit_and_what_is_put_off_is_counted(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = schedule(at, record)
    planned, week = audit.planned_on, timedelta(days=7)
    auditor = at.act(at.auditor)

    with pytest.raises(RefusedMove) as refused:
        services.make_move(auditor, audit, "reschedule", reason="No time", planned_on=planned + week)
    assert "put off the own audit" in refused.value.reasons[0]
    services.make_move(at.act(at.lead), audit, "reschedule", reason="Ill", planned_on=planned + week)
    services.make_move(auditor, audit, "reschedule", reason="Early is better", planned_on=planned + week / 7)

    assert (audit.planned_on, audit.extensions) == (planned + timedelta(days=1), 1)


# ---------------------------------------------------------------- carrying out


def test_only_the_auditor_named_starts(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = schedule(at, record)

    with pytest.raises(Forbidden):
        services.make_move(at.act(at.lead), audit, "start")


def test_records_await_verification_before_the_start(at) -> None:
    record = at.nonconformity()
    loop.implementing(at, record)
    audit = schedule(at, record)

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.auditor), audit, "start")

    assert "NC-0001" in refused(error)


def test_a_conclusion_is_complete(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)

    with pytest.raises(RefusedMove) as error:
        conclude(at, audit)

    said = refused(error)
    assert "checklist is not complete" in said
    assert "sample is not recorded" in said
    assert "NC-0001" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"evidence": ""}, "no evidence"),
        ({"implemented": False, "note": ""}, "without a finding"),
        ({"effective": True}, "before their window is over"),
        ({"implemented": True, "effective": None}, "not answered"),
    ],
    ids=["evidence", "finding", "window", "second"],
)
def test_answers_are_sound(at, given, said) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)
    prepared(at, audit, record, **given)

    with pytest.raises(RefusedMove) as error:
        conclude(at, audit)

    assert said in refused(error)


def test_what_is_not_implemented_cannot_be_effective(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)

    with pytest.raises(InvalidInput):
        answer(at, audit, record, implemented=False, effective=True)


def test_an_audit_of_implementation_says_nothing_of_the_effect(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record, purpose=AuditPurpose.IMPLEMENTATION)

    with pytest.raises(InvalidInput):
        answer(at, audit, record, effective=True)


def test_answers_stand_still_once_signed(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.audited(at, record, purpose=AuditPurpose.IMPLEMENTATION, effective=None)

    with pytest.raises(RefusedMove):
        answer(at, audit, record, implemented=False)
    assert audit.concluded_at is not None


def test_an_audit_is_cancelled_with_a_reason(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)

    services.make_move(at.act(at.lead), audit, "cancel", reason="Wrong record")

    assert audit.state == "cancelled"


# ---------------------------------------------------------------- versions, walls


def test_an_older_version_is_a_conflict(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)
    (check,) = queries.list_checks(audit)
    version = check.version
    services.answer_check(at.act(at.auditor), audit, check, "yes", "Seen", version)

    with pytest.raises(Conflict):
        services.answer_check(at.act(at.auditor), audit, check, "no", "Not seen", version)


def test_other_companies_and_sites_are_not_seen(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = schedule(at, record)
    elsewhere = factories.person(factories.organisation(), Role.LEAD_AUDITOR)
    beside = factories.person(at.organisation, Role.LEAD_AUDITOR, at=factories.site(at.organisation))

    for stranger in (elsewhere, beside):
        with pytest.raises(NotFound):
            queries.get_audit(factories.actor_for(stranger), audit.number)
