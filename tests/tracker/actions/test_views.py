import re
from html import unescape

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.actions.statements import count_statements
from tracker import clock
from tracker.accounts.models import Person


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(loop.date(2026, 3, 2)):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


@pytest.fixture
def owner(app: Flask, at) -> Pages:
    return be(app, at.owner)


STAGES = [
    loop.created,
    loop.analysing,
    loop.planning,
    loop.planned,
    loop.submitted,
    loop.implementing,
    loop.implemented,
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_workspace_is_shown_in_every_state(app, at, stage, language) -> None:
    action = stage(at)

    page = be(app, at.owner).get(f"/actions/{action.number}", headers={"Accept-Language": language})

    assert "CA-0001" in page.words


def test_the_register_lists_and_narrows(owner, at) -> None:
    loop.created(at)

    assert "Callbacks on time" in owner.get("/actions/").words
    assert "Callbacks on time" in owner.get("/actions/?state=defining&owner=me").words
    assert "Callbacks on time" not in owner.get("/actions/?state=closed").words
    assert "Callbacks on time" in owner.get("/actions/?q=CA-0001&sort=due").words
    owner.get("/actions/?state=nonsense&owner=x&after=y&sort=z", status=200)


# ---------------------------------------------------------------- small forms


HTMX = {"HX-Request": "true"}


def test_a_new_action_starts_from_a_record(app, at) -> None:
    record = at.nonconformity()
    manager = be(app, at.manager)
    path = f"/actions/new?nonconformity={record.number}"
    assert record.title in manager.get(path).text

    answer = manager.post(path, {"title": "Sort it", "owner_id": at.owner.id, "nonconformity_ids": record.id})

    assert answer.location.endswith("/actions/1")


def test_a_new_action_keeps_what_was_typed_when_refused(app, at) -> None:
    at.nonconformity()

    page = be(app, at.manager).post("/actions/new", {"title": "Sort it", "owner_id": "x"}, status=422)

    assert 'value="Sort it"' in page.text
    assert len(page.errors()) == 2


@pytest.mark.parametrize("number", ["abc", "99999999999999999999", "77"])
def test_a_new_action_of_an_unknown_record_is_not_found(app, at, number) -> None:
    be(app, at.manager).get(f"/actions/new?nonconformity={number}", status=404)


def step(name: str, version: int, **fields: object) -> dict[str, object]:
    return {f"{name}-{key}": value for key, value in fields.items()} | {f"{name}-version": version}


def test_a_step_is_saved_with_and_without_script(app, at, owner) -> None:
    action = loop.created(at)
    path = f"/actions/{action.number}/steps/define"
    fields = {"title": "New title", "problem_what": "What", "problem_since": "2026-01-05"}

    plain = owner.post(path, step("define", action.version, **fields))
    assert plain.location.endswith("/actions/1#define")
    fragment = owner.post(
        path, step("define", action.version, **fields | {"problem_where": "Here"}), 200, headers=HTMX
    )

    assert action.problem_where == "Here"
    assert "<!doctype" not in fragment.text.lower()
    assert 'id="define"' in fragment.text
    assert 'hx-swap-oob="true"' in fragment.text


def test_a_stale_step_is_a_conflict_with_both_texts(app, at, owner) -> None:
    action = loop.created(at)
    version = action.version
    path = f"/actions/{action.number}/steps/define"
    fields = {"title": action.title, "problem_what": "Theirs"}
    be(app, at.manager).post(path, step("define", version, **fields))

    page = owner.post(path, step("define", version, **fields | {"problem_what": "Mine"}), 409, headers=HTMX)

    assert "Mine" in page.text
    assert "Theirs" in page.text
    assert f'form="define-form" value="{action.version}"' in page.text
    assert action.problem_what == "Theirs"


def test_a_wrong_date_is_said_beside_the_field(app, at, owner) -> None:
    action = loop.created(at)

    page = owner.post(
        f"/actions/{action.number}/steps/define",
        step("define", action.version, title="", problem_since="2026-02-31"),
        422,
    )

    assert len(page.errors()) == 2
    assert "2026-02-31" in page.text


def test_causes_are_added_verified_and_removed(app, at, owner) -> None:
    action = loop.analysing(at)
    base = f"/actions/{action.number}/causes"
    owner.get(f"/actions/{action.number}?open=why-0")

    owner.post(base, {"why-0-text": "No due time", "why-0-kind": "root", "why-0-controllable": "y"})
    (cause,) = loop.queries.load_case(action).causes
    name = f"verify-{cause.id}"
    assert "No due time" in owner.get(f"/actions/{action.number}?open={name}").words
    owner.post(f"{base}/{cause.id}/verify", {f"{name}-method": "observation"}, 422)
    owner.post(
        f"{base}/{cause.id}/verify",
        {f"{name}-method": "observation", f"{name}-evidence": "Screen", f"{name}-version": cause.version},
    )
    assert cause.verified_at is not None

    edit = f"cause-{cause.id}"
    owner.get(f"/actions/{action.number}?open={edit}")
    owner.post(
        f"{base}/{cause.id}",
        {
            f"{edit}-text": "Another",
            f"{edit}-kind": "root",
            f"{edit}-evidence": "Screen",
            f"{edit}-version": cause.version,
        },
    )
    assert cause.verified_at is None

    owner.post(f"{base}/{cause.id}/delete", {"version": cause.version})
    assert loop.queries.load_case(action).causes == ()


def test_an_empty_why_is_refused_in_its_place(app, at, owner) -> None:
    action = loop.analysing(at)

    page = owner.post(
        f"/actions/{action.number}/causes",
        {"why-0-text": " ", "why-0-evidence": "Kept"},
        422,
        headers=HTMX,
    )

    assert "Kept" in page.text
    assert len(page.errors()) == 1


def test_tasks_are_planned_done_dropped_and_opened_again(app, at, owner) -> None:
    action = loop.planning(at)
    root = loop.queries.load_case(action).causes[-1]
    base, name = f"/actions/{action.number}/tasks", f"newtask-{root.id}"
    owner.get(f"/actions/{action.number}?open={name}")
    fields = {"title": "Do it", "owner_id": at.owner.id, "due_on": "2026-03-20", "effort": "1/2"}
    fields |= {"cause_id": root.id}
    data = {f"{name}-{key}": value for key, value in fields.items()}

    owner.post(f"{base}?cause={root.id}", data | {f"{name}-effort": "much"}, 422)
    owner.post(f"{base}?cause={root.id}", data | {f"{name}-owner_id": 77}, 422)
    owner.post(f"{base}?cause={root.id}", data)
    (task,) = loop.queries.load_case(action).tasks
    assert str(task.effort) == "1/2"
    assert "0.5" in owner.get(f"/actions/{action.number}?open=task-{task.id}").words
    owner.post(
        f"/actions/{action.number}/steps/plan",
        step("plan", action.version, criterion="95 %", window_days="30", effort="2"),
    )
    owner.post(f"/actions/{action.number}/moves/submit_plan", {"version": action.version})
    approver = be(app, at.approver)
    wrong = approver.post(
        f"/actions/{action.number}/moves/approve_plan",
        {"version": action.version, "password": "wrong", "reason": "Fine"},
        422,
    )
    assert "The password is not right" in wrong.words
    assert "Fine" in wrong.text
    approver.post(
        f"/actions/{action.number}/moves/approve_plan",
        {"version": action.version, "password": loop.factories.PASSWORD},
    )
    assert action.state == "implementing"

    for kind, field in (("done", "evidence"), ("reopen", "reason"), ("drop", "reason")):
        owner.get(f"/actions/{action.number}?open={kind}-{task.id}")
        owner.post(f"{base}/{task.id}/{kind}", {f"{kind}-{task.id}-{field}": ""}, 422)
        owner.post(
            f"{base}/{task.id}/{kind}",
            {f"{kind}-{task.id}-{field}": "Because", f"{kind}-{task.id}-version": task.version},
        )
    assert task.state == "dropped"


def test_a_task_is_reported_by_its_own_owner(app, at) -> None:
    doer = loop.factories.person(at.organisation, loop.Role.ACTION_OWNER, at=at.site)
    action = loop.implementing(at)
    (task,) = loop.queries.load_case(action).tasks
    name = f"done-{task.id}"
    path = f"/actions/{action.number}/tasks/{task.id}/done"
    be(app, doer).post(path, {f"{name}-evidence": "Mine", f"{name}-version": 1}, 403)

    task.owner_id = doer.id
    be(app, doer).post(path, {f"{name}-evidence": "Mine", f"{name}-version": task.version})

    assert task.state == "done"


def test_a_circle_is_said_where_it_was_typed(app, at, owner) -> None:
    first, second = loop.created(at), loop.created(at)
    owner.post(f"/actions/{first.number}/needs", {"needs-needs": "CA-0002"})

    page = owner.post(f"/actions/{second.number}/needs", {"needs-needs": "1"}, 409, headers=HTMX)

    assert "CA-0002 → CA-0001 → CA-0002" in page.words
    owner.post(f"/actions/{first.number}/needs", {"needs-needs": "CA-0099"}, 422)
    owner.post(f"/actions/{first.number}/needs/{second.number}/remove")


def test_handing_over_and_extending(app, at, owner) -> None:
    action = loop.created(at)
    manager = be(app, at.manager)
    manager.get(f"/actions/{action.number}?open=deadline")
    day = {
        "deadline-due_on": "2026-05-04",
        "deadline-reason": "More data",
        "deadline-version": action.version,
    }
    owner.post(f"/actions/{action.number}/deadline", day, 403)
    manager.post(f"/actions/{action.number}/deadline", day)
    assert str(action.due_on) == "2026-05-04"

    owner.get(f"/actions/{action.number}?open=owner")
    owner.post(
        f"/actions/{action.number}/owner",
        {"owner-owner_id": at.manager.id, "owner-reason": "Away", "owner-version": action.version},
    )
    assert action.owner_id == at.manager.id


# ---------------------------------------------------------------- moves


def test_a_refused_move_says_why_on_the_page(app, at, owner) -> None:
    action = loop.created(at)
    assert "does not say where" in owner.get(f"/actions/{action.number}").words

    page = owner.post(f"/actions/{action.number}/moves/define", {"version": action.version}, 409)

    assert "does not say where" in page.words


def test_a_move_on_an_older_version_keeps_the_reason(app, at, owner) -> None:
    action = loop.created(at)

    page = owner.post(
        f"/actions/{action.number}/moves/cancel", {"version": action.version - 1, "reason": "Twice"}, 409
    )

    assert "Twice" in page.text
    assert action.state == "defining"


def test_unknown_events_and_records_are_not_found(app, at, owner) -> None:
    action = loop.created(at)

    owner.post(f"/actions/{action.number}/moves/fly", {"version": 1}, 404)
    owner.post(f"/actions/{action.number}/steps/fly", {"version": 1}, 404)
    owner.post(f"/actions/{action.number}/causes/9223372036854775807", {}, 404)
    owner.post(f"/actions/{action.number}/causes/9223372036854775808", {}, 404)
    owner.get("/actions/99", 404)
    owner.get("/actions/99999999999999999999", 404)


def test_a_move_without_token_does_nothing(app, at) -> None:
    action = loop.created(at)
    client = make_client(app)
    Pages(client).sign_in(at.owner)

    answer = client.post(f"/actions/{action.number}/moves/cancel", data={"reason": "x"})

    assert answer.status_code == 400
    assert action.state == "defining"


def test_strangers_find_nothing(app, at) -> None:
    action = loop.created(at)
    role = loop.Role.QUALITY_MANAGER
    elsewhere = loop.factories.person(loop.factories.organisation(), role)
    beside = loop.factories.person(at.organisation, role, at=loop.factories.site(at.organisation))

    for stranger in (elsewhere, beside):
        pages = be(app, stranger)
        pages.get(f"/actions/{action.number}", 404)
        pages.post(f"/actions/{action.number}/moves/cancel", {"reason": "x", "version": 1}, 404)
        assert "CA-0001" not in pages.get("/actions/").words


def test_a_viewer_looks_but_does_not_write(app, at) -> None:
    action = loop.created(at)
    viewer = be(app, loop.factories.person(at.organisation, loop.Role.VIEWER, at=at.site))

    viewer.get(f"/actions/{action.number}")
    viewer.post(f"/actions/{action.number}/steps/define", {}, 403)
    viewer.post(f"/actions/{action.number}/moves/define", {"version": action.version}, 403)
    viewer.get("/actions/new", 403)


# ---------------------------------------------------------------- pages and statements


def test_the_register_pages_forth_and_back(app, at, owner) -> None:
    record = at.nonconformity()
    for _ in range(7):
        loop.created(at, record)
    app.config["SETTINGS"].page_size, size = 5, app.config["SETTINGS"].page_size
    try:
        for sort in ("-number", "number", "due", "-due"):
            first = owner.get(f"/actions/?sort={sort}")
            second = owner.get(link(first.text, "next"))
            back = owner.get(link(second.text, "prev"))
            assert numbers(first.text) == numbers(back.text)
            assert len(numbers(first.text)) == 5
            assert len(set(numbers(first.text) + numbers(second.text))) == 7
    finally:
        app.config["SETTINGS"].page_size = size


def link(text: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', text)
    assert found, f"no {rel} link"
    return unescape(found[1])


def numbers(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"CA-\d{4}", text)))


def test_statements_do_not_grow_with_rows(app, at, owner) -> None:
    record = at.nonconformity()
    action = loop.implementing(at, record)

    def counts() -> tuple[int, int]:
        owner.get("/actions/")  # what the test arranged is committed by the first request
        with count_statements() as register:
            owner.get("/actions/")
        with count_statements() as page:
            owner.get(f"/actions/{action.number}")
        return len(register), len(page)

    before = counts()
    for _ in range(4):
        loop.created(at, record, at.nonconformity())
        loop.services.add_dependency(at.act(at.owner), action, loop.created(at))
    action.state = "planning"
    grow(at, action)
    action.state = "implementing"

    after = counts()
    assert after[0] == before[0] <= 6
    assert after[1] == before[1] <= 12


def grow(at, action) -> None:
    """Many causes and tasks."""
    owner = at.act(at.owner)
    for number in range(5):
        cause = loop.services.add_cause(owner, action, f"Why {number}")
        loop.services.add_task(
            owner,
            action,
            title=f"Task {number}",
            owner_id=at.manager.id,
            due_on=clock.today(),
            cause_id=cause.id,
        )


def test_the_last_step_is_saved_and_told_in_words(app, at, owner) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    loop.audited(at, record, purpose=loop.AuditPurpose.IMPLEMENTATION, effective=None)
    path, version = f"/actions/{action.number}/steps/verify", action.version
    fields = {"effect_result": "97 %", "criterion_met": "yes", "standardised": "Procedure 7"}
    owner.post(path, step("verify", version, **fields))
    assert action.criterion_met is True

    page = owner.post(path, step("verify", version, **fields | {"standardised": "Mine"}), 409, headers=HTMX)

    assert "Mine" in page.text
    assert "Procedure 7" in page.text
    history = owner.get(f"/actions/{action.number}").words
    assert "Criterion met?: Yes" in history
    assert "Verified by: observation" in history


def test_a_history_names_people_and_not_their_keys(app, at, owner) -> None:
    action = loop.planned(at)
    (task,) = loop.queries.load_case(action).tasks
    loop.services.edit_task(at.act(at.owner), action, task, {"owner_id": at.manager.id})
    loop.services.hand_over(at.act(at.owner), action, at.manager.id, "Away")

    text = be(app, at.manager).get(f"/actions/{action.number}").words

    assert f"Owner: {at.manager.name_zh} {at.manager.name_en}" in text
    assert str(at.manager.id) not in text.split("History")[-1]
