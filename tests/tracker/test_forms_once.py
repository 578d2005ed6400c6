"""A form that is sent twice is taken once, wherever it makes something or moves something.

Each case sends the same form two times under one key. The second time nothing at all may change in the database,
and the answer has to lead to where the first one led.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.reviews import ground as grounds
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.actions import services as actions
from tracker.audits import services as audits
from tracker.database import Base
from tracker.history import HistoryEvent
from workflows.actions import ActionState
from workflows.nonconformities import NonconformityState

HTMX = {"HX-Request": "true"}
GOOD = "a sentence is a good one"
START = loop.date(2026, 3, 2)
Case = tuple[Person, str, dict[str, Any]]


@contextmanager
def company() -> Iterator[loop.Company]:
    with clock.at(START):
        yield loop.company()


@contextmanager
def reviewed() -> Iterator[grounds.Ground]:
    with clock.at(grounds.TODAY):
        yield grounds.lay()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


def stand(db: SQLAlchemy) -> dict[str, Any]:
    """All that is in the database."""
    db.session.expire_all()
    return {
        table.name: sorted(map(tuple, db.session.execute(sa.select(table))), key=repr)
        for table in Base.metadata.sorted_tables
    }


# ---------------------------------------------------------------- what makes something


def new_action(at: loop.Company) -> Case:
    record = at.nonconformity()
    return (
        at.manager,
        "/actions/new",
        {"title": "On time", "owner_id": at.owner.id, "nonconformity_ids": record.id},
    )


def cause(at: loop.Company) -> Case:
    loop.analysing(at)
    return at.owner, "/actions/1/causes", {"why-0-text": "Nobody sorts the list"}


def task(at: loop.Company) -> Case:
    root = loop.queries.load_case(loop.planning(at)).causes[-1]
    fields = {"title": "Sort it", "owner_id": at.owner.id, "due_on": "2026-03-20", "effort": "2"}
    fields["cause_id"] = root.id
    name = f"newtask-{root.id}"
    typed = {f"{name}-{key}": value for key, value in fields.items()}
    return at.owner, f"/actions/1/tasks?cause={root.id}", typed


def done(at: loop.Company) -> Case:
    (found,) = loop.queries.load_case(loop.implementing(at)).tasks
    name = f"done-{found.id}"
    return (
        at.owner,
        f"/actions/1/tasks/{found.id}/done",
        {f"{name}-evidence": "Release notes", f"{name}-version": found.version},
    )


def step(at: loop.Company) -> Case:
    action = loop.created(at)
    return (
        at.owner,
        "/actions/1/steps/define",
        {"define-title": "Late", "define-problem_what": "Late calls", "define-version": action.version},
    )


def dependency(at: loop.Company) -> Case:
    loop.created(at), loop.created(at)
    return at.owner, "/actions/1/needs", {"needs-needs": "CA-0002"}


def naming(at: loop.Company) -> Case:
    action, other = loop.created(at), at.nonconformity()
    typed = {"answers-nonconformity_id": other.id, "answers-version": action.version}
    return at.owner, "/actions/1/nonconformities", typed


def template(at: loop.Company) -> Case:
    loop.implementing(at)
    return at.manager, "/actions/1/template", {"keep-name": "Callbacks"}


def new_audit(at: loop.Company) -> Case:
    record = at.nonconformity()
    loop.implemented(at, record)
    typed = {"purpose": "implementation", "mode": "on_site", "planned_on": "2026-03-09"}
    typed |= {"nonconformity_ids": record.id, "auditor_id": at.auditor.id}
    return at.lead, "/audits/new", typed


def question(at: loop.Company) -> Case:
    record = at.nonconformity()
    loop.implemented(at, record)
    loop.started(at, record)
    return at.auditor, "/audits/1/checks", {"question-text": "Is the list sorted?"}


def comment(at: loop.Company) -> Case:
    loop.created(at)
    return at.owner, "/records/action/1/comments", {"text": "Please look"}


def new_person(at: loop.Company) -> Case:
    admin = factories.person(at.organisation, Role.ADMINISTRATOR)
    typed = {"email": "ada@example.test", "name_zh": "艾达", "name_en": "Ada", "roles": "viewer"}
    typed |= {"password": GOOD, "again": GOOD, "site_id": "", "manager_id": "", "language": ""}
    return admin, "/people/new", typed


def new_review(at: grounds.Ground) -> Case:
    typed = {"title": "Half-year", "site_id": at.site.id, "copc": "y", "tier": "standard", "whole": "no"}
    typed |= {"scope": "2.7", "period_start": "2026-01-01", "period_end": "2026-06-20"}
    return at.manager, "/reviews/new", typed | {"lead_auditor_id": at.lead.id}


def gaps(at: grounds.Ground) -> Case:
    review = grounds.started(at, "2.7")
    grounds.judge_one(at, review, "2.7/line/2.7-1", "not_met")
    return at.lead, "/reviews/1/gaps", {"element": "2.7"}


def gap_reason(at: grounds.Ground) -> Case:
    review = grounds.started(at, "2.7")
    grounds.judge_one(at, review, "2.7/line/2.7-1", "not_met")
    return at.lead, "/reviews/1/reasons", {"key": "2.7/line/2.7-1", "reason": "Replaced next month"}


def external(at: grounds.Ground) -> Case:
    typed = {"site_id": at.site.id, "body": "Certifier", "standard": "COPC 4.1", "beside": "copc-2000-csp"}
    return at.lead, "/reviews/external/new", typed | {"version": "0", "planned_on": "2026-06-20"}


def sample(at: grounds.Ground) -> Case:
    grounds.started(at, "2.7")
    typed = {"process_name": "Card loss", "sampled_on": "2026-06-18", "sample": "36 calls", "process_id": ""}
    return at.lead, "/reviews/1/samples", typed


def calibration(at: grounds.Ground) -> Case:
    grounds.started(at, "2.7")
    first, second = (factories.person(at.organisation, Role.AUDITOR) for _ in range(2))
    typed = {"element": "2.7", "first_id": first.id, "second_id": second.id}
    return at.lead, "/reviews/1/calibrations", typed


def metric(at: grounds.Ground) -> Case:
    typed = {"item": "4.4", "code": "fcr", "name_en": "First contact", "better": "higher", "required": "y"}
    return at.manager, "/metrics/new", typed


def target(at: grounds.Ground) -> Case:
    return at.manager, "/metrics/1/targets", {"from_month": "2026-07", "value": "95"}


def process(at: grounds.Ground) -> Case:
    typed = {"kind": "kcrp", "name_en": "Card loss", "audit_months": "12", "metrics": at.metrics[0].id}
    return at.manager, "/processes/new", typed


COMPANY: list[Callable[[loop.Company], Case]] = [
    new_action,
    cause,
    task,
    done,
    step,
    dependency,
    naming,
    template,
    new_audit,
    question,
    comment,
    new_person,
]
REVIEWED: list[Callable[[grounds.Ground], Case]] = [
    new_review,
    gaps,
    gap_reason,
    external,
    sample,
    calibration,
    metric,
    target,
    process,
]


def is_taken_once(app: Flask, db: SQLAlchemy, case: Case) -> None:
    person, path, typed = case
    pages = be(app, person)
    form = typed | {"once": "one-key"}
    before = stand(db)

    first = pages.post(path, form)
    after = stand(db)
    again = pages.post(path, form)

    assert after != before
    assert stand(db) == after
    assert again.location == first.location


@pytest.mark.parametrize("build", COMPANY, ids=lambda build: build.__name__)
def test_what_the_loop_makes_is_made_once(app: Flask, db: SQLAlchemy, build: Any) -> None:
    with company() as at:
        is_taken_once(app, db, build(at))


@pytest.mark.parametrize("build", REVIEWED, ids=lambda build: build.__name__)
def test_what_a_review_makes_is_made_once(app: Flask, db: SQLAlchemy, build: Any) -> None:
    with reviewed() as at:
        is_taken_once(app, db, build(at))


def test_another_password_under_the_same_key_is_another_form(app: Flask, db: SQLAlchemy) -> None:
    with company() as at:
        admin = factories.person(at.organisation, Role.ADMINISTRATOR)
        pages, path = be(app, admin), f"/people/{at.owner.id}/password"
        pages.post(path, {"once": "k", "password-password": GOOD, "password-again": GOOD})
        other = "quite another one, and good"

        page = pages.post(path, {"once": "k", "password-password": other, "password-again": other}, 409)

        assert "sent before" in page.words


def test_a_form_whose_success_puts_it_out_of_reach_is_answered_again(app: Flask, db: SQLAlchemy) -> None:
    with company() as at:
        action = loop.created(at)
        pages, place = be(app, at.owner), f"/actions/{action.number}"
        typed = {"owner-owner_id": at.approver.id, "owner-reason": "Away", "owner-version": action.version}
        headers = {"Referer": f"http://localhost{place}"}
        pages.post(f"{place}/owner", typed | {"once": "k"}, headers=headers)
        assert action.owner_id == at.approver.id

        again = pages.post(f"{place}/owner", typed | {"once": "k"}, headers=headers)

        assert again.location == place
        pages.post(f"{place}/owner", typed | {"once": "another"}, 403)
        elsewhere = {"Referer": "http://elsewhere.test/actions/1"}
        assert pages.post(f"{place}/owner", typed | {"once": "k"}, headers=elsewhere).location == "/"


def test_every_form_that_posts_carries_its_key(app: Flask, db: SQLAlchemy) -> None:
    with company() as at:
        action = loop.planning(at)
        page = be(app, at.owner).get(f"/actions/{action.number}")

    forms = page.text.split("<form ")[1:]
    sent = [form for form in forms if 'method="post"' in form and "/actions/" in form.partition(">")[0]]
    keys = [form.partition('name="once" value="')[2].partition('"')[0] for form in sent]
    assert len(sent) >= 3
    assert all(keys)
    assert len(set(keys)) == len(keys)


# ---------------------------------------------------------------- moves


def moves(at: Any) -> dict[str, Case]:
    """A move of each machine, by the person who may make it."""
    if isinstance(at, grounds.Ground):
        review = grounds.plan(at, "2.7")
        return {"review": (at.lead, "/reviews/1", {"event": "start", "version": review.version})}
    record = at.nonconformity()
    action = loop.submitted(at, at.nonconformity())
    loop.implemented(at, record)
    audit = audits.schedule(
        at.act(at.lead),
        nonconformity_ids=[record.id],
        purpose=loop.AuditPurpose.IMPLEMENTATION,
        mode=loop.AuditMode.ON_SITE,
        planned_on=clock.today(),
        auditor_id=at.auditor.id,
    )
    return {
        "action": (
            at.owner,
            f"/actions/{action.number}",
            {"event": "recall_plan", "version": action.version},
        ),
        "audit": (at.auditor, f"/audits/{audit.number}", {"event": "start", "version": audit.version}),
    }


@pytest.fixture(params=["action", "audit", "review"])
def case(request: pytest.FixtureRequest, db: SQLAlchemy) -> Iterator[Case]:
    with reviewed() if request.param == "review" else company() as at:
        yield moves(at)[request.param]


def post_move(pages: Pages, case: Case, status: int = 303, **fields: Any) -> Any:
    _person, path, typed = case
    headers = fields.pop("headers", {})
    form = {"version": typed["version"]} | fields
    return pages.post(f"{path}/moves/{typed['event']}", form, status, headers=headers)


def test_a_move_is_made_once(app: Flask, db: SQLAlchemy, case: Case) -> None:
    pages = be(app, case[0])

    first = post_move(pages, case, once="k")
    after = stand(db)
    again = post_move(pages, case, once="k")
    part = post_move(pages, case, status=200, once="k", headers=HTMX)

    assert again.location == first.location == case[1]
    assert stand(db) == after
    assert 'id="record"' in part.text


def test_a_move_answers_htmx_with_the_fresh_record(app: Flask, case: Case) -> None:
    part = post_move(be(app, case[0]), case, status=200, headers=HTMX)

    assert not part.text.lstrip().startswith("<!doctype")
    assert 'id="record"' in part.text
    assert 'id="record-beside" hx-swap-oob="true"' in part.text
    assert "toast" in part.headers["HX-Trigger"]
    assert "Take back" in part.words


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_whoever_comes_second_reads_who_was_first(app: Flask, db, case: Case, headers: Any) -> None:
    person, _path, typed = case
    post_move(be(app, person), case)

    page = post_move(be(app, person), case, status=409, headers=headers, reason="My own words")

    assert person.name_en in page.words
    assert "changed this record in the meantime" in page.words
    assert "My own words" in page.text
    assert f'name="version" value="{typed["version"]}"' not in page.text
    assert page.text.lstrip().startswith("<!doctype") != bool(headers)


# ---------------------------------------------------------------- taking back


def test_a_move_is_taken_back_from_the_page(app: Flask, db: SQLAlchemy, case: Case) -> None:
    person, path, _typed = case
    pages = be(app, person)
    post_move(pages, case)
    page = pages.get(path)
    assert "Take back" in page.words

    part = pages.post(f"{path}/undo", {"version": page.value("version")}, 200, headers=HTMX)

    assert "Taken back" in part.words
    assert "Take back" not in part.words
    lines = db.session.execute(sa.select(HistoryEvent.event).order_by(HistoryEvent.id)).scalars().all()
    assert "undone" in lines[-3:]


def test_what_was_overtaken_is_not_taken_back(app: Flask, db: SQLAlchemy, case: Case) -> None:
    person, path, typed = case
    pages = be(app, person)
    post_move(pages, case)

    page = pages.post(f"{path}/undo", {"version": typed["version"]}, 409)

    assert "changed this record in the meantime" in page.words
    assert "Taken back" not in page.words


def test_an_undo_takes_the_other_records_along_and_renews_what_is_claimed(app: Flask, db: SQLAlchemy) -> None:
    with company() as at:
        record = at.nonconformity()
        action = loop.implementing(at, record)
        loop.finish(at, action)
        pages = be(app, at.owner)
        pages.post(f"/actions/{action.number}/moves/implement", {"version": action.version})
        assert record.state is NonconformityState.VERIFYING

        pages.post(f"/actions/{action.number}/undo", {"version": action.version})

        assert (action.state, record.state) == (ActionState.IMPLEMENTING, NonconformityState.CORRECTING)
        assert "Taken back" in pages.get(f"/nonconformities/{record.number}").words


def test_what_had_been_typed_stays_where_its_dialog_is_gone(app: Flask, db: SQLAlchemy) -> None:
    with company() as at:
        action = loop.submitted(at)
        seen = action.version
        actions.make_move(at.act(at.owner), action, "recall_plan")

        page = be(app, at.approver).post(
            f"/actions/{action.number}/moves/return_to_planning",
            {"version": seen, "reason": "The criterion is vague"},
            409,
            headers=HTMX,
        )

        assert "What you had typed" in page.words
        assert "The criterion is vague" in page.words
        assert at.owner.name_en in page.words
