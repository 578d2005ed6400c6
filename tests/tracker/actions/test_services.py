from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.tracker.actions import loop
from tracker import clock
from tracker.accounts.models import Role
from tracker.actions import services
from tracker.actions.queries import facts_of, get_action, load_case
from tracker.errors import Conflict, Forbidden, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.moves import Signing
from workflows.causes import CauseKind, VerificationMethod
from workflows.kinds import AuditPurpose, TaskState
from workflows.nonconformities import NonconformityState

START = loop.date(2026, 3, 2)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield loop.company()


def later(days: int):
    return clock.at(START + timedelta(days=days))


def effect(at, action) -> None:
    services.edit_step(
        at.act(at.owner),
        action,
        {"effect_result": "97 %", "criterion_met": True, "standardised": "Procedure 7, trained"},
    )


def refused(error: pytest.ExceptionInfo) -> str:
    return " ".join(error.value.reasons)


# ---------------------------------------------------------------- the whole way


def test_an_action_goes_from_its_problem_to_its_kept_gain(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    assert record.state == NonconformityState.VERIFYING
    assert action.window_ends_on == loop.date(2026, 4, 1)

    with later(5):
        loop.audited(at, record, purpose=AuditPurpose.IMPLEMENTATION, effective=None)
    assert action.state == "monitoring"

    with later(40):
        loop.audited(at, record)
        effect(at, action)
        services.make_move(at.act(at.lead), action, "close", signing=loop.SIGNED)

    assert action.state == "closed"
    assert action.closed_at is not None
    assert record.state == NonconformityState.VERIFYING


def test_naming_an_action_starts_the_correction(at) -> None:
    record = at.nonconformity()

    loop.created(at, record)

    assert record.state == NonconformityState.CORRECTING


def test_one_action_answers_many(at) -> None:
    records = [at.nonconformity() for _ in range(3)]

    action = loop.implemented(at, *records)

    assert [each.number for each in load_case(action).answers] == [each.number for each in records]
    assert {each.state for each in records} == {NonconformityState.VERIFYING}


def test_a_record_waits_for_all_its_actions(at) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    loop.created(at, record)

    assert record.state == NonconformityState.CORRECTING


def test_cancelling_the_last_action_sends_the_record_back(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)

    services.make_move(at.act(at.owner), action, "cancel", reason="Another way was found")

    assert action.state == "cancelled"
    assert record.state == NonconformityState.CORRECTING


# ---------------------------------------------------------------- what each move asks for


@pytest.mark.parametrize("field", sorted(loop.PROBLEM))
def test_each_part_of_the_problem_is_asked_for(at, field) -> None:
    action = loop.created(at)
    empty = None if field == "problem_since" else ""
    services.edit_step(at.act(at.owner), action, loop.PROBLEM | {field: empty})

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.owner), action, "define")

    assert "problem statement" in refused(error)
    assert action.state == "defining"


def test_analysis_ends_with_a_verified_root_cause(at) -> None:
    action = loop.analysing(at)
    owner = at.act(at.owner)
    cause = services.add_cause(owner, action, "No due time", kind=CauseKind.ROOT, evidence="Screen")

    with pytest.raises(RefusedMove) as error:
        services.make_move(owner, action, "analyse")
    assert "root cause has to be verified" in refused(error)

    services.verify_cause(owner, action, cause, VerificationMethod.MEASUREMENT)
    services.make_move(owner, action, "analyse")
    assert action.state == "planning"


@pytest.mark.parametrize("field", ["text", "evidence"])
def test_an_edit_undoes_the_verification(at, field) -> None:
    action = loop.planning(at)
    root = load_case(action).causes[-1]
    assert facts_of(action).root_causes_verified == 1

    services.edit_cause(at.act(at.owner), action, root, {field: "Something else"})

    assert root.verified_at is None
    assert facts_of(action).root_causes_verified == 0


def test_other_edits_leave_the_verification(at) -> None:
    action = loop.planning(at)
    root = load_case(action).causes[-1]

    services.edit_cause(at.act(at.owner), action, root, {"rib": "systems", "controllable": False})

    assert root.verified_at is not None


def test_a_cause_is_not_verified_without_evidence(at) -> None:
    action = loop.analysing(at)
    cause = services.add_cause(at.act(at.owner), action, "No due time")

    with pytest.raises(InvalidInput):
        services.verify_cause(at.act(at.owner), action, cause, VerificationMethod.OBSERVATION)


def test_a_chain_that_ends_at_a_person_is_questioned(at) -> None:
    action = loop.analysing(at)
    owner = at.act(at.owner)
    root = services.add_cause(owner, action, "No due time", kind=CauseKind.ROOT, evidence="Screen")
    services.verify_cause(owner, action, root, VerificationMethod.OBSERVATION)
    blame = services.add_cause(owner, action, "The agent was careless")

    with pytest.raises(RefusedMove) as error:
        services.make_move(owner, action, "analyse")
    assert "The agent was careless" in refused(error)

    services.edit_cause(owner, action, blame, {"person_answer": "No second check of the list"})
    services.make_move(owner, action, "analyse")
    assert action.state == "planning"


def test_a_cause_with_answers_or_tasks_stays(at) -> None:
    action = loop.planned(at)
    why, root = load_case(action).causes

    with pytest.raises(RefusedMove, match="Remove the cause"):
        services.delete_cause(at.act(at.owner), action, why)
    with pytest.raises(RefusedMove) as error:
        services.delete_cause(at.act(at.owner), action, root)
    assert "A task removes this cause" in refused(error)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"criterion": ""}, "effectiveness criterion"),
        ({"window_days": None}, "effectiveness window"),
    ],
)
def test_the_plan_is_complete_before_it_is_submitted(at, spoil, said) -> None:
    action = loop.planned(at)
    services.edit_step(at.act(at.owner), action, spoil)

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.owner), action, "submit_plan")

    assert said in refused(error)


def test_tasks_name_causes_and_causes_have_tasks(at) -> None:
    action = loop.planned(at)
    (task,) = load_case(action).tasks
    services.edit_task(at.act(at.owner), action, task, {"cause_id": None})

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.owner), action, "submit_plan")

    assert "Show the due time" in refused(error)
    assert "The system offers no due time" in refused(error)


# ---------------------------------------------------------------- approval


def test_the_owner_does_not_approve(at) -> None:
    both = factories.person(at.organisation, Role.APPROVER, Role.ACTION_OWNER, at=at.site)
    at.owner = both
    action = loop.submitted(at)

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(both), action, "approve_plan", signing=loop.SIGNED)

    assert "You own the action" in refused(error)
    assert action.state == "plan_review"


def test_who_owns_the_record_does_not_approve(at) -> None:
    at.process_owner = factories.person(at.organisation, Role.APPROVER, at=at.site)
    action = loop.submitted(at)

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.process_owner), action, "approve_plan", signing=loop.SIGNED)

    assert "You own a non-conformity" in refused(error)


def test_approval_is_a_role_and_a_signature(at) -> None:
    action = loop.submitted(at)

    with pytest.raises(Forbidden):
        services.make_move(at.act(at.manager), action, "approve_plan", signing=loop.SIGNED)
    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.approver), action, "approve_plan")
    assert "password" in refused(error)
    with pytest.raises(WrongPassword):
        services.make_move(at.act(at.approver), action, "approve_plan", signing=Signing("wrong", {}))


def test_one_person_alone_may_do_it_all_and_it_is_marked(at, db) -> None:
    at.organisation.single_person = True
    db.session.flush()
    alone = factories.person(at.organisation, Role.APPROVER, Role.ACTION_OWNER)
    at.owner = at.approver = alone

    action = loop.implementing(at)

    from tracker.timeline import list_signatures

    assert [each.segregated for each in list_signatures(services.record_of(action))] == [False]


@pytest.mark.parametrize("field", sorted(services.FROZEN))
@pytest.mark.parametrize("stage", [loop.submitted, loop.implementing], ids=["submitted", "approved"])
def test_criterion_and_window_are_frozen(at, stage, field) -> None:
    action = stage(at)
    value = {"window_days": 90, "effort": 3}.get(field, "Something easier")

    with pytest.raises(RefusedMove) as error:
        services.edit_step(at.act(at.owner), action, {field: value})

    assert "frozen" in refused(error)


def test_a_revised_plan_is_approved_again(at) -> None:
    action = loop.implementing(at)

    services.make_move(at.act(at.owner), action, "revise_plan", reason="The release is late")
    services.edit_step(at.act(at.owner), action, {"window_days": 60})
    services.make_move(at.act(at.owner), action, "submit_plan")

    assert action.state == "plan_review"
    assert action.approver_id is None
    assert facts_of(action).plan_approvers == {at.approver.id}


@pytest.mark.parametrize(
    ("event", "state"), [("return_to_planning", "planning"), ("return_to_analysis", "analysing")]
)
def test_a_rejected_plan_returns_and_is_counted(at, event, state) -> None:
    action = loop.submitted(at)

    services.make_move(at.act(at.approver), action, event, reason="The cause is not shown")

    assert (action.state, action.returned) == (state, 1)


# ---------------------------------------------------------------- doing


def test_implementation_is_reported_with_everything_done(at) -> None:
    action = loop.implementing(at)

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.owner), action, "implement")

    said = refused(error)
    assert "Show the due time" in said
    assert "document updates" in said
    assert "Similar cases" in said


def test_a_task_is_done_with_evidence_or_dropped_with_a_reason(at) -> None:
    action = loop.implementing(at)
    (task,) = load_case(action).tasks

    with pytest.raises(InvalidInput):
        services.finish_task(at.act(at.owner), action, task, "  ")
    with pytest.raises(InvalidInput):
        services.drop_task(at.act(at.owner), action, task, "")
    services.finish_task(at.act(at.owner), action, task, "Release notes")

    assert task.state == TaskState.DONE
    with pytest.raises(RefusedMove):
        services.drop_task(at.act(at.owner), action, task, "Too late")


def test_a_dropped_task_alone_is_not_an_implementation(at) -> None:
    action = loop.implementing(at)
    (task,) = load_case(action).tasks
    services.drop_task(at.act(at.owner), action, task, "Not needed")

    assert facts_of(action).tasks_done == 0


def test_tasks_are_planned_only_while_planning(at) -> None:
    action = loop.implementing(at)

    with pytest.raises(RefusedMove):
        services.add_task(at.act(at.owner), action, title="Late", owner_id=at.owner.id, due_on=clock.today())


# ---------------------------------------------------------------- dependencies


def test_a_circle_is_refused_and_named(at) -> None:
    first, second, third = (loop.created(at) for _ in range(3))
    services.add_dependency(at.act(at.owner), first, second)
    services.add_dependency(at.act(at.owner), second, third)

    with pytest.raises(RefusedMove) as error:
        services.add_dependency(at.act(at.owner), third, first)

    assert "CA-0003 → CA-0001 → CA-0002 → CA-0003" in refused(error)


def test_an_action_does_not_wait_for_itself(at) -> None:
    action = loop.created(at)

    with pytest.raises(RefusedMove):
        services.add_dependency(at.act(at.owner), action, action)


def test_what_it_waits_for_comes_first(at) -> None:
    first = loop.created(at)
    action = loop.implementing(at)
    services.add_dependency(at.act(at.owner), action, first)
    loop.finish(at, action)

    with pytest.raises(RefusedMove) as error:
        services.make_move(at.act(at.owner), action, "implement")
    assert "CA-0001" in refused(error)

    services.remove_dependency(at.act(at.owner), action, first)
    services.make_move(at.act(at.owner), action, "implement")
    assert action.state == "follow_up"


# ---------------------------------------------------------------- returns


def test_not_implemented_returns_to_implementing_with_the_task_open(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)

    with later(3):
        loop.audited(at, record, implemented=False, effective=None, failed=True)

    assert action.state == "implementing"
    assert action.returned == 1
    assert [task.state for task in load_case(action).tasks] == [TaskState.OPEN]
    assert record.state == NonconformityState.CORRECTING


def test_not_effective_analyses_again_and_is_counted(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)

    with later(40):
        loop.audited(at, record, effective=False)

    assert action.state == "analysing"
    assert (action.not_effective, action.round, action.returned) == (1, 2, 1)
    assert action.approved_at is None
    assert record.state == NonconformityState.CORRECTING
    assert record.not_effective == 1


def test_the_second_try_needs_a_task_of_its_own_and_can_be_effective(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    with later(40):
        loop.audited(at, record, effective=False)
        services.make_move(at.act(at.owner), action, "analyse")
        with pytest.raises(RefusedMove) as error:
            services.make_move(at.act(at.owner), action, "submit_plan")
        assert "has no task" in refused(error)
        root = load_case(action).causes[-1]
        services.add_task(
            at.act(at.owner),
            action,
            title="Sort the list by due time",
            owner_id=at.owner.id,
            due_on=clock.today(),
            cause_id=root.id,
        )
        services.make_move(at.act(at.owner), action, "submit_plan")
        services.make_move(at.act(at.approver), action, "approve_plan", signing=loop.SIGNED)
        loop.finish(at, action)
        services.make_move(at.act(at.owner), action, "implement")
    assert facts_of(action).effective is None

    with later(90):
        loop.audited(at, record)
        effect(at, action)
        services.make_move(at.act(at.lead), action, "close", signing=loop.SIGNED)

    assert action.state == "closed"
    assert record.state == NonconformityState.VERIFYING


def test_a_shared_action_returns_for_one_while_the_other_may_close(at) -> None:
    good, bad = at.nonconformity(), at.nonconformity()
    action = loop.implemented(at, good, bad)

    with later(40):
        loop.audited(at, good, bad, answers={good.id: (True, True), bad.id: (True, False)})

    assert action.state == "analysing"
    assert good.state == NonconformityState.VERIFYING
    assert bad.state == NonconformityState.CORRECTING
    answers = {each.id: each for each in load_case(action).answers}
    assert answers[good.id].effective is True
    assert answers[bad.id].effective is None


def test_a_reopened_record_sends_its_closed_action_back(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    with later(40):
        loop.audited(at, record)
        effect(at, action)
        services.make_move(at.act(at.lead), action, "close", signing=loop.SIGNED)

        services.nonconformity_reopened(record, at.act(at.lead))

    assert (action.state, action.round, action.closed_at) == ("analysing", 2, None)


# ---------------------------------------------------------------- closing


def test_the_owner_does_not_close(at) -> None:
    at.owner = factories.person(at.organisation, Role.ACTION_OWNER, Role.VERIFIER, at=at.site)
    record = at.nonconformity()
    action = loop.implemented(at, record)
    with later(40):
        loop.audited(at, record)
        effect(at, action)
        with pytest.raises(RefusedMove) as error:
            services.make_move(at.act(at.owner), action, "close", signing=loop.SIGNED)

    assert "You own the action" in refused(error)
    assert "You carried out one of its tasks" in refused(error)


def test_closing_waits_for_window_criterion_and_gain(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    with later(5):
        loop.audited(at, record, purpose=AuditPurpose.IMPLEMENTATION, effective=None)
        with pytest.raises(RefusedMove) as error:
            services.make_move(at.act(at.lead), action, "close", signing=loop.SIGNED)

    said = refused(error)
    assert "window is not over" in said
    assert "criterion has not been judged" in said
    assert "gain is not secured" in said
    assert "NC-0001" in said


@pytest.mark.parametrize("event", ["confirm_implemented", "not_effective", "not_implemented", "reopen"])
def test_nobody_presses_a_move_of_the_system(at, event) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)

    with pytest.raises(RefusedMove):
        services.make_move(at.act(at.owner), action, event)


# ---------------------------------------------------------------- deadlines


def test_deadlines_follow_the_step(at) -> None:
    record = at.nonconformity()
    action = loop.created(at, record)
    assert (action.due_step, action.due_on) == ("plan", loop.date(2026, 4, 1))

    other = loop.implementing(at)
    assert (other.due_step, other.due_on) == ("implementation", loop.date(2026, 6, 1))


def test_another_than_the_owner_extends_with_a_reason(at) -> None:
    action = loop.created(at)
    day = action.due_on + timedelta(days=10)

    with pytest.raises(RefusedMove) as error:
        services.extend(at.act(at.owner), action, day, "More data needed")
    assert "owner" in refused(error)
    with pytest.raises(RefusedMove):
        services.extend(at.act(at.manager), action, day, " ")
    services.extend(at.act(at.manager), action, day, "More data needed")

    assert (action.due_on, action.extensions) == (day, 1)


# ---------------------------------------------------------------- bad input, versions, walls


def test_an_action_answers_something_open_of_one_site(at) -> None:
    manager = at.act(at.manager)
    other = factories.nonconformity(factories.site(at.organisation), at.process_owner)
    closed = at.nonconformity(state=NonconformityState.VOID)

    for wrong in ([], [10**18], [other.id], [closed.id], [at.nonconformity().id, other.id]):
        with pytest.raises(InvalidInput):
            services.create_action(manager, title="X", owner_id=at.owner.id, nonconformity_ids=wrong)
    with pytest.raises(InvalidInput):
        services.create_action(
            manager, title=" ", owner_id=at.owner.id, nonconformity_ids=[at.nonconformity().id]
        )
    with pytest.raises(InvalidInput):
        services.create_action(manager, title="X", owner_id=10**18, nonconformity_ids=[at.nonconformity().id])


def test_an_older_version_is_a_conflict(at) -> None:
    action = loop.created(at)
    version = action.version
    services.edit_step(at.act(at.owner), action, {"problem_what": "First"}, version)

    with pytest.raises(Conflict):
        services.edit_step(at.act(at.manager), action, {"problem_what": "Second"}, version)
    with pytest.raises(Conflict):
        services.make_move(at.act(at.owner), action, "define", version=version)


def test_fields_of_another_step_are_refused(at) -> None:
    action = loop.created(at)

    with pytest.raises(RefusedMove):
        services.edit_step(at.act(at.owner), action, {"read_across": "Elsewhere"})


def test_other_companies_and_sites_are_not_seen(at) -> None:
    action = loop.created(at)
    elsewhere = factories.person(factories.organisation(), Role.QUALITY_MANAGER)
    beside = factories.person(at.organisation, Role.QUALITY_MANAGER, at=factories.site(at.organisation))

    for stranger in (elsewhere, beside):
        with pytest.raises(NotFound):
            get_action(factories.actor_for(stranger), action.number)
