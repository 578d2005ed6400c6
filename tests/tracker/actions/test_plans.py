"""Plans as approved and as changed since, what an action answers, and plans kept as templates."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.actions import plan_templates, queries, services
from tracker.actions.models import PlanTemplate, PlanVersion
from tracker.actions.plan_versions import get_difference
from tracker.errors import Conflict, InvalidInput, NotFound, RefusedMove
from workflows.actions import ActionState
from workflows.nonconformities import NonconformityState

MONDAY = loop.date(2026, 3, 2)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(MONDAY):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


def difference(action, number=None):
    return get_difference(action, queries.load_case(action), number)


def revised(at, *records):
    """An action whose approved plan is being changed."""
    action = loop.implementing(at, *records)
    services.make_move(at.act(at.owner), action, "revise_plan", reason="Two more teams")
    return action


# ---------------------------------------------------------------- since the approval


def test_an_approval_keeps_the_plan_whole(at, db) -> None:
    action = loop.implementing(at)

    kept = db.session.query(PlanVersion).one()

    assert (kept.number, kept.approved_by_id) == (1, at.approver.id)
    assert kept.content["criterion"] == action.criterion
    assert [task["title"] for task in kept.content["tasks"]] == ["Show the due time"]
    assert difference(action).changes == ()


def test_a_task_that_is_given_more_time_is_counted_as_extended(at) -> None:
    action = revised(at)
    owner = at.act(at.owner)
    (task,) = queries.load_case(action).tasks
    services.edit_task(owner, action, task, {"due_on": task.due_on + timedelta(days=14)})
    services.make_move(owner, action, "submit_plan")
    assert task.extensions == 0

    services.make_move(at.act(at.approver), action, "approve_plan", signing=loop.SIGNED)

    assert task.extensions == 1


def test_criterion_and_window_are_frozen_once_approved(at) -> None:
    action = loop.implementing(at)

    for fields in ({"criterion": "Anything"}, {"window_days": 5}):
        with pytest.raises(RefusedMove) as refused:
            services.edit_step(at.act(at.owner), action, fields)
        assert "frozen" in refused.value.reasons[0]


def test_whoever_approves_again_sees_what_changed(at) -> None:
    action = revised(at)
    owner = at.act(at.owner)
    (task,) = queries.load_case(action).tasks
    services.edit_task(owner, action, task, {"due_on": loop.date(2026, 5, 1)})
    services.add_task(
        owner, action, title="Train", owner_id=at.owner.id, due_on=MONDAY, cause_id=task.cause_id
    )
    services.edit_step(owner, action, {"criterion": "97 % in time", "window_days": 45})

    found = [
        (each.kind, each.subject, each.field, each.before, each.after) for each in difference(action).changes
    ]

    assert ("changed", "Effectiveness criterion", "", "95 % in time over 30 days", "97 % in time") in found
    assert ("changed", "Effectiveness window", "", "30 days", "45 days") in found
    assert ("changed", "Show the due time", "Due date", "22 Mar 2026", "1 May 2026") in found
    assert [each[:2] for each in found if each[0] == "added"] == [("added", "Train")]
    assert len(found) == 4


def test_a_task_dropped_while_doing_is_a_difference_with_its_reason(at) -> None:
    action = loop.implementing(at)
    (task,) = queries.load_case(action).tasks

    services.drop_task(at.act(at.owner), action, task, "The system cannot show it")

    (change,) = difference(action).changes
    assert (change.kind, change.subject) == ("dropped", "Show the due time")
    assert change.after == "The system cannot show it"


def test_a_second_approval_is_a_version_of_its_own(app, at) -> None:
    action = revised(at)
    services.edit_step(at.act(at.owner), action, {"criterion": "97 % in time"})
    services.make_move(at.act(at.owner), action, "submit_plan")
    approver = be(app, at.approver)
    shown = approver.get(f"/actions/{action.number}/changes")
    assert "97 % in time" in shown.words
    assert f"/actions/{action.number}/changes" in approver.get(f"/actions/{action.number}").text
    services.make_move(at.act(at.approver), action, "approve_plan", signing=loop.SIGNED)

    assert difference(action).since.number == 2
    assert difference(action).changes == ()
    first = approver.get(f"/actions/{action.number}/changes?since=1", headers=HTMX)
    assert "95 % in time" in first.words
    assert "<!doctype" not in first.text
    approver.get(f"/actions/{action.number}/changes?since=9", status=404)


def test_what_was_done_in_an_earlier_attempt_was_not_dropped(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    with clock.at(loop.date(2026, 7, 1)):
        loop.audited(at, record, effective=False)
        services.make_move(at.act(at.owner), action, "analyse")
        (first,) = queries.load_case(action).tasks
        services.add_task(
            at.act(at.owner),
            action,
            title="Train",
            owner_id=at.owner.id,
            due_on=loop.date(2026, 8, 3),
            cause_id=first.cause_id,
        )

        assert [(each.kind, each.subject) for each in difference(action).changes] == [("added", "Train")]


def test_an_action_never_approved_has_nothing_to_compare(app, at) -> None:
    action = loop.planned(at)

    assert difference(action) is None
    assert "No approved plan" in be(app, at.owner).get(f"/actions/{action.number}/changes").words


# ---------------------------------------------------------------- what it answers


def test_one_more_non_conformity_joins_while_planning(app, at) -> None:
    action = loop.planned(at)
    other = at.nonconformity()
    form = {"answers-nonconformity_id": other.id, "answers-version": action.version}
    pages = be(app, at.owner)
    assert other.title in pages.get(f"/actions/{action.number}?open=answers").text

    pages.post(f"/actions/{action.number}/nonconformities", form, 200, headers=HTMX)

    assert [each.id for each in queries.list_answers(action)][-1] == other.id
    assert other.state == NonconformityState.CORRECTING
    assert f"CA-{action.number:04d}" in pages.get(f"/nonconformities/{other.number}").words
    assert other.title in pages.get(f"/actions/{action.number}").words


@pytest.mark.parametrize("stage", [loop.submitted, loop.implementing, loop.implemented])
def test_once_approved_nothing_joins_and_nothing_leaves(at, stage) -> None:
    first, second, other = at.nonconformity(), at.nonconformity(), at.nonconformity()
    action = stage(at, first, second)

    with pytest.raises(RefusedMove):
        services.name_nonconformity(at.act(at.owner), action, other.id)
    with pytest.raises(RefusedMove) as refused:
        services.unname_nonconformity(at.act(at.owner), action, second.id, "Another cause")

    assert "revise the plan" in refused.value.reasons[0]
    assert len(queries.list_answers(action)) == 2


def test_a_non_conformity_is_taken_out_with_a_reason(app, at) -> None:
    first, second = at.nonconformity(), at.nonconformity()
    action = revised(at, first, second)
    path = f"/actions/{action.number}/nonconformities/{second.id}/remove"
    name = f"unname-{second.id}"
    pages = be(app, at.owner)
    assert "Take it out" in pages.get(f"/actions/{action.number}?open={name}").words

    empty = pages.post(path, {f"{name}-reason": "", f"{name}-version": action.version}, 422)
    assert empty.errors()
    pages.post(path, {f"{name}-reason": "Another cause", f"{name}-version": action.version})

    assert [each.id for each in queries.list_answers(action)] == [first.id]
    (change,) = difference(action).changes
    assert (change.kind, change.before) == ("dropped", f"NC-{second.number:04d}")
    assert "Another cause" in pages.get(f"/actions/{action.number}").words


def test_the_last_open_one_stays(at) -> None:
    record = at.nonconformity()
    action = loop.planned(at, record)

    with pytest.raises(RefusedMove) as refused:
        services.unname_nonconformity(at.act(at.owner), action, record.id, "Wrong")

    assert "cancel the action" in refused.value.reasons[0]
    with pytest.raises(NotFound):
        services.unname_nonconformity(at.act(at.owner), action, 12345, "Wrong")


def test_one_answered_effective_stays_with_the_action_that_did_it(at) -> None:
    first, second = at.nonconformity(), at.nonconformity()
    action = loop.implemented(at, first, second)
    answers = {first.id: (True, True), second.id: (True, False)}
    with clock.at(loop.date(2026, 7, 1)):
        loop.audited(at, first, second, answers=answers)
        assert action.state == ActionState.ANALYSING

        with pytest.raises(RefusedMove) as refused:
            services.unname_nonconformity(at.act(at.owner), action, first.id, "Done")

    assert "effective" in refused.value.reasons[0]


def test_a_record_finds_the_actions_that_could_answer_it_too(app, at) -> None:
    action = loop.planned(at)
    approved = loop.implementing(at)
    other = at.nonconformity()
    manager = be(app, at.manager)
    page = manager.get(f"/actions/new?nonconformity={other.number}")
    (offered,) = re.findall(r'<select[^>]*name="join-action_number".*?</select>', page.text, re.S)
    assert re.findall(r'value="(\d+)"', offered) == [str(action.number)]

    path = f"/actions/join?nonconformity={other.number}"
    refused = manager.post(path, {"join-action_number": approved.number})
    assert refused.location.endswith(f"nonconformity={other.number}")
    answer = manager.post(path, {"join-action_number": action.number})

    assert answer.location.endswith(f"/actions/{action.number}")
    assert other.id in {each.id for each in queries.list_answers(action)}
    manager.post("/actions/join", {"join-action_number": action.number}, 404)


# ---------------------------------------------------------------- templates


def test_a_plan_is_kept_and_begins_another(app, at, db) -> None:
    kept_from = loop.planned(at)
    owner = be(app, at.owner)
    owner.post(f"/actions/{kept_from.number}/template", {"keep-name": "Late callbacks"})
    template = db.session.query(PlanTemplate).one()
    action = loop.planning(at)
    assert "Late callbacks" in owner.get(f"/actions/{action.number}?open=use").text

    form = {"use-template_id": template.id, "use-version": action.version}
    owner.post(f"/actions/{action.number}/template/use", form, 200, headers=HTMX)

    (task,) = queries.load_case(action).tasks
    assert (task.title, task.owner_id) == ("Show the due time", at.owner.id)
    assert task.cause_id == queries.load_case(action).causes[-1].id
    assert (action.criterion, action.window_days) == (kept_from.criterion, 30)
    services.make_move(at.act(at.owner), action, "submit_plan")


def test_a_template_never_writes_over_what_is_there(at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    action = loop.planning(at)
    services.edit_step(at.act(at.owner), action, {"criterion": "My own"})

    plan_templates.begin_with_template(at.act(at.owner), action, template, None)

    assert action.criterion == "My own"
    with pytest.raises(Conflict):
        plan_templates.begin_with_template(at.act(at.owner), action, template, None, version=0)


def test_tasks_of_a_template_fall_on_working_days(at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    action = loop.planning(at)

    with clock.at(loop.date(2026, 3, 1)):  # twenty days later is a Saturday
        plan_templates.begin_with_template(at.act(at.owner), action, template, None)

    assert queries.load_case(action).tasks[0].due_on == loop.date(2026, 3, 23)


def test_a_template_is_used_only_while_planning_and_not_once_retired(at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    with pytest.raises(RefusedMove):
        plan_templates.begin_with_template(at.act(at.owner), loop.implementing(at), template, None)

    plan_templates.retire_template(template, True)

    assert plan_templates.list_choices(at.organisation.id) == []
    with pytest.raises(InvalidInput):
        plan_templates.begin_with_template(at.act(at.owner), loop.planning(at), template, None)


def test_names_of_templates_are_taken_once(app, at) -> None:
    action = loop.planned(at)
    owner = be(app, at.owner)
    owner.post(f"/actions/{action.number}/template", {"keep-name": "Late callbacks"})

    page = owner.post(f"/actions/{action.number}/template", {"keep-name": "Late callbacks"}, 422)

    assert "There is a template of this name already." in page.errors()
    with pytest.raises(RefusedMove):
        plan_templates.keep_as_template(at.act(at.owner), loop.created(at), "Empty")


def test_templates_are_listed_changed_and_retired(app, at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    manager = be(app, at.manager)
    assert "Show the due time" in manager.get("/actions/templates").words
    name = f"template-{template.id}"
    form = {f"{name}-name": "Callbacks", f"{name}-window_days": "45", f"{name}-version": template.version}

    wrong = manager.post(f"/actions/templates/{template.id}", form | {f"{name}-name": ""}, 422)
    assert wrong.errors()
    manager.post(f"/actions/templates/{template.id}", form)
    assert (template.name, template.window_days) == ("Callbacks", 45)
    stale = manager.post(f"/actions/templates/{template.id}", form | {f"{name}-version": 0}, 409)
    assert "changed" in stale.words

    manager.post(f"/actions/templates/{template.id}/retire", {"version": template.version})
    assert "Retired" in manager.get("/actions/templates").words
    manager.post(f"/actions/templates/{template.id}/restore", {"version": template.version})
    assert template.retired_at is None


def task_form(template, *rows: tuple[str, str, str], **more: object) -> dict[str, object]:
    """The form of a template with these tasks in it."""
    name = f"template-{template.id}"
    columns = dict(zip(("title", "days", "effort"), zip(*rows, strict=True), strict=True)) if rows else {}
    form: dict[str, object] = {
        f"{name}-name": template.name,
        f"{name}-version": template.version,
        f"{name}-tasks": "1",
    }
    return form | {f"{name}-task-{column}": list(values) for column, values in columns.items()} | more


def tasks_of(at, template) -> list[tuple[str, int, str]]:
    (view,) = [each for each in plan_templates.list_templates(at.organisation.id) if each.id == template.id]
    return [(task.title, task.days, str(task.effort)) for task in view.tasks]


def test_tasks_of_a_template_are_added_changed_moved_and_taken_out(app, at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    manager = be(app, at.manager)
    address = f"/actions/templates/{template.id}"
    version = template.version

    manager.post(
        address,
        task_form(template, ("Tell the team", "0", "1/2"), ("Show the due time", "21", "3"), ("", "", "1")),
    )
    assert tasks_of(at, template) == [("Tell the team", 0, "1/2"), ("Show the due time", 21, "3")]
    assert template.version > version

    manager.post(
        address, task_form(template, ("Show the due time", "21", "3"), ("Tell the team", "2", "0.5"))
    )
    assert tasks_of(at, template) == [("Show the due time", 21, "3"), ("Tell the team", 2, "1/2")]
    stale = task_form(template) | {f"template-{template.id}-version": version}
    assert "Show the due time" in manager.post(address, stale, 409).words

    manager.post(address, task_form(template))
    assert tasks_of(at, template) == []


def test_a_template_saved_without_its_tasks_keeps_them(app, at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    name = f"template-{template.id}"

    be(app, at.manager).post(
        f"/actions/templates/{template.id}", {f"{name}-name": "Other", f"{name}-version": template.version}
    )

    assert [title for title, _days, _effort in tasks_of(at, template)] == ["Show the due time"]


@pytest.mark.parametrize(
    ("press", "titles"),
    [
        ("add", ["A", "B", "C", ""]),
        ("up-0", ["A", "B", "C"]),
        ("up-2", ["A", "C", "B"]),
        ("down-0", ["B", "A", "C"]),
        ("down-2", ["A", "B", "C"]),
        ("drop-1", ["A", "C"]),
        ("drop-9", ["A", "B", "C"]),
        ("nonsense", ["A", "B", "C"]),
    ],
)
def test_rows_are_arranged_on_the_page_and_nothing_is_saved(app, at, press: str, titles: list[str]) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    before = tasks_of(at, template)

    page = be(app, at.manager).post(
        f"/actions/templates/{template.id}",
        task_form(template, ("A", "1", "1"), ("B", "2", "1"), ("C", "x", "1"), arrange=press),
        200,
    )

    found = re.findall(rf'name="template-{template.id}-task-title" value="([^"]*)"', page.text)
    assert found == titles
    assert tasks_of(at, template) == before
    assert page.errors() == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("", "3", "1"), "Please fill this in."),
        (("T" * 301, "3", "1"), "At most 300 characters."),
        (("T", "soon", "1"), "Between 0 and 1000 days."),
        (("T", "1001", "1"), "Between 0 and 1000 days."),
        (("T", "3", "much"), "Write a number of days"),
        (("T", "3", "0"), "Between more than 0"),
    ],
)
def test_what_is_wrong_with_a_row_stands_beside_it(app, at, row: tuple[str, str, str], fault: str) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    before = tasks_of(at, template)

    page = be(app, at.manager).post(
        f"/actions/templates/{template.id}", task_form(template, ("Fine", "3", "1"), row), 422
    )

    assert [each for each in page.errors() if fault in each]
    assert 'value="Fine"' in page.text
    assert tasks_of(at, template) == before


def test_an_edited_template_begins_a_plan_in_its_order(app, at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    be(app, at.manager).post(
        f"/actions/templates/{template.id}", task_form(template, ("First", "1", "2"), ("Second", "30", "1/2"))
    )
    action = loop.planning(at)

    assert plan_templates.begin_with_template(at.act(at.owner), action, template, None) == 2

    plan = queries.load_case(action).plan
    assert [(task.title, str(task.effort)) for task in plan] == [("First", "2"), ("Second", "1/2")]


def test_templates_of_another_organisation_do_not_exist(app, at) -> None:
    template = plan_templates.keep_as_template(at.act(at.owner), loop.planned(at), "Late callbacks")
    others = loop.factories.organisation()
    stranger = be(app, loop.factories.person(others, Role.QUALITY_MANAGER))
    name = f"template-{template.id}"

    assert "Late callbacks" not in stranger.get("/actions/templates").words
    stranger.post(f"/actions/templates/{template.id}", {f"{name}-name": "Mine", f"{name}-version": 1}, 404)
    viewer = be(app, loop.factories.person(at.organisation, Role.VIEWER))
    viewer.post(f"/actions/templates/{template.id}/retire", {"version": 1}, 403)
