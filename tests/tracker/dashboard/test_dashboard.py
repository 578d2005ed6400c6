"""The first page: where each site stands, and what waits for whoever looks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.actions.models import Action
from tracker.audits.models import Audit, AuditVerdict
from tracker.dashboard import queries, todo
from tracker.dashboard.queries import get_dashboard
from tracker.database import add
from tracker.database import db as database
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import next_number
from tracker.organisations.models import Organisation, Site
from tracker.reviews.models import ExternalAudit, ExternalState, Review
from tracker.scores.models import Cause
from tracker.scores.services import Why, rescore_site
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import AuditMode, AuditPurpose, Grade
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState


@pytest.fixture
def company(db: SQLAlchemy) -> Organisation:
    return make.organisation()


@pytest.fixture
def site(company: Organisation) -> Site:
    return make.site(company, code="east", name_en="East")


def baseline(site: Site) -> Review:
    """A reported review with a few points, and its run."""
    lead = make.person(database.session.get_one(Organisation, site.organisation_id), Role.LEAD_AUDITOR)
    make.unit(site, "loan")
    review = make.review(site, lead)
    lines = {f"1.1/line/1.1-{number}": "met" for number in (1, 2, 3)}
    make.current_facts(review, lines | {"1.1/unit/loan": "full"})
    rescore_site(site.organisation_id, site.id, Why(Cause.BASELINE, review.id), make.actor_for(lead))
    return review


def action(site: Site, owner: Person, **fields: Any) -> Action:
    wanted = {
        "organisation_id": site.organisation_id,
        "number": next_number(site.organisation_id, "action"),
        "site_id": site.id,
        "state": ActionState.DEFINING,
        "title": "Shorten the wait",
        "began_on": clock.today(),
        "owner_id": owner.id,
        "created_at": clock.now(),
    }
    return add(Action(**wanted | fields))


def audit(
    nonconformity: Nonconformity, auditor: Person, effective: bool | None = None, **fields: Any
) -> Audit:
    done = fields.get("state") == AuditState.CONCLUDED
    wanted = {
        "organisation_id": nonconformity.organisation_id,
        "number": next_number(nonconformity.organisation_id, "audit"),
        "site_id": nonconformity.site_id,
        "state": AuditState.SCHEDULED,
        "purpose": AuditPurpose.EFFECTIVENESS,
        "mode": AuditMode.DESK,
        "auditor_id": auditor.id,
        "planned_on": clock.today(),
        "concluded_at": clock.now() if done else None,
        "created_at": clock.now(),
    }
    found = add(Audit(**wanted | fields))
    add(
        AuditVerdict(
            organisation_id=found.organisation_id,
            audit_id=found.id,
            nonconformity_id=nonconformity.id,
            implemented=True if done else None,
            effective=effective,
        )
    )
    return found


@pytest.fixture
def request_context(app: Flask, db: SQLAlchemy) -> Iterator[None]:
    with app.test_request_context("/"):
        yield


def kinds(person: Person) -> list[str]:
    """The kinds of work that wait for a person."""
    found, _more = todo.list_tasks(make.actor_for(person), {})
    return [task.kind for task in found]


# ---------------------------------------------------------------- an empty beginning


def test_a_new_organisation_is_told_what_to_do_first(client: FlaskClient, company: Organisation) -> None:
    pages = Pages(client).sign_in(make.person(company, Role.ADMINISTRATOR, Role.QUALITY_MANAGER))
    assert "No site yet. Add the first one" in pages.get("/").words

    site = make.site(company)
    assert "Add programmes" in pages.get("/").words

    make.unit(site, "loan")
    assert "Plan a review" in pages.get("/").words


def test_somebody_without_a_role_sees_nothing_but_whom_to_ask(
    client: FlaskClient, company: Organisation, site: Site
) -> None:
    page = Pages(client).sign_in(make.person(company)).get("/")

    assert "Ask an administrator" in page.words
    assert "East" not in page.words


# ---------------------------------------------------------------- totals


def test_totals_are_named_and_measured_against_both_marks(
    client: FlaskClient, company: Organisation, site: Site
) -> None:
    baseline(site)

    words = Pages(client).sign_in(make.person(company, Role.VIEWER)).get("/").words

    assert "Verified score" in words
    assert "Projected" in words
    assert "Baseline" in words
    assert "points to 1900" in words
    assert "to 2000" in words
    assert "The total reaches the pass mark" in words


def test_a_gap_takes_points_from_the_verified_and_not_from_the_projected_total(
    company: Organisation, site: Site, request_context: None
) -> None:
    review = baseline(site)
    owner = make.person(company, Role.PROCESS_OWNER)
    gap = make.nonconformity(site, owner, grade=Grade.MAJOR, review_id=review.id)
    make.pin(gap, "1.1/unit/loan")
    rescore_site(company.id, site.id, Why(Cause.RAISED), make.actor_for(owner))

    [card] = get_dashboard(make.actor_for(owner)).cards

    assert card.copc is not None
    assert card.copc.verified < card.copc.baseline == card.copc.projected  # type: ignore[operator]
    assert str(card.open) == "1"
    assert not card.passes


def test_the_lenient_reading_shows_its_own_conditions(
    company: Organisation, site: Site, request_context: None
) -> None:
    baseline(site)
    viewer = make.actor_for(make.person(company, Role.VIEWER))
    strict = {unmet.title for unmet in get_dashboard(viewer).cards[0].unmet}

    site.policy = {"copc.cert_policy": "lenient"}
    database.session.flush()
    lenient = {unmet.title for unmet in get_dashboard(viewer).cards[0].unmet}

    assert any("strict" in title for title in strict)
    assert not any("lenient" in title for title in strict)
    assert any("lenient" in title for title in lenient)


def test_counts_stop_at_a_thousand(
    company: Organisation, site: Site, request_context: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "LIMIT", 3)
    owner = make.person(company, Role.PROCESS_OWNER)
    yesterday = clock.today() - timedelta(days=1)
    for number in range(5):
        make.nonconformity(site, owner, due_on=yesterday if number < 2 else None)
    make.nonconformity(site, owner, state=NonconformityState.DRAFT)

    [card] = get_dashboard(make.actor_for(owner)).cards

    assert (str(card.open), str(card.overdue)) == ("3+", "2")


def test_overdue_counts_lead_into_the_register(
    client: FlaskClient, company: Organisation, site: Site
) -> None:
    owner = make.person(company, Role.PROCESS_OWNER)
    make.nonconformity(site, owner, due_on=clock.today() - timedelta(days=1))
    baseline(site)

    page = Pages(client).sign_in(owner).get("/")

    assert re.search(r'href="/nonconformities/\?site=east&amp;overdue=1"', page.text)


# ---------------------------------------------------------------- what to do next


def test_an_owner_answers_contains_and_plans(
    company: Organisation, site: Site, request_context: None
) -> None:
    owner = make.person(company, Role.PROCESS_OWNER)
    today = clock.today()
    make.nonconformity(site, owner, due_on=today + timedelta(days=3))
    make.nonconformity(site, owner, state=NonconformityState.OPEN, due_on=today + timedelta(days=2))
    make.nonconformity(
        site, owner, state=NonconformityState.OPEN, accepted_at=None, due_on=today - timedelta(days=1)
    )
    make.nonconformity(site, make.person(company, Role.PROCESS_OWNER))

    assert kinds(owner) == ["answer", "contain", "start"]


def test_drafts_wait_for_who_wrote_them_unless_a_review_opens_them(
    company: Organisation, site: Site, request_context: None
) -> None:
    writer = make.person(company, Role.AUDITOR)
    review = make.review(site, writer, state=ReviewState.REPORTED)
    make.nonconformity(site, writer, state=NonconformityState.DRAFT, owner_id=None)
    make.nonconformity(site, writer, state=NonconformityState.DRAFT, owner_id=None, review_id=review.id)

    assert kinds(writer) == ["raise"]


def test_a_plan_waits_for_an_approver_who_does_not_own_it(
    company: Organisation, site: Site, request_context: None
) -> None:
    owner = make.person(company, Role.ACTION_OWNER, Role.APPROVER)
    approver = make.person(company, Role.APPROVER, at=site)
    elsewhere = make.person(company, Role.APPROVER, at=make.site(company))
    action(site, owner, state=ActionState.PLAN_REVIEW)

    assert (kinds(owner), kinds(approver), kinds(elsewhere)) == ([], ["approve"], [])


def test_a_closure_waits_for_a_verifier_once_it_was_found_effective(
    company: Organisation, site: Site, request_context: None
) -> None:
    owner = make.person(company, Role.PROCESS_OWNER, Role.VERIFIER)
    verifier = make.person(company, Role.VERIFIER)
    auditor = make.person(company, Role.AUDITOR)
    gap = make.nonconformity(site, owner, state=NonconformityState.VERIFYING)
    assert (kinds(verifier), kinds(auditor)) == ([], ["follow_up"])

    audit(gap, auditor, effective=True, state=AuditState.CONCLUDED)

    assert (kinds(verifier), kinds(owner)) == (["close"], [])


def test_the_closure_of_a_major_one_waits_for_approval_first(
    company: Organisation, site: Site, request_context: None
) -> None:
    verifier = make.person(company, Role.VERIFIER)
    approver = make.person(company, Role.APPROVER)
    auditor = make.person(company, Role.AUDITOR, at=make.site(company))
    gap = make.nonconformity(
        site, make.person(company), state=NonconformityState.VERIFYING, grade=Grade.MAJOR
    )
    audit(gap, auditor, effective=True, state=AuditState.CONCLUDED)
    assert (kinds(verifier), kinds(approver)) == ([], ["approve_closure"])

    gap.closure_approved_by_id = approver.id
    database.session.flush()

    assert (kinds(verifier), kinds(approver)) == (["close"], [])


def test_an_audit_waits_for_its_auditor(company: Organisation, site: Site, request_context: None) -> None:
    auditor = make.person(company, Role.AUDITOR)
    gap = make.nonconformity(site, make.person(company), state=NonconformityState.VERIFYING)
    audit(gap, auditor)

    assert kinds(auditor) == ["audit"]


def test_reviews_wait_for_the_lead_auditor_and_then_for_management(
    company: Organisation, site: Site, request_context: None
) -> None:
    lead, manager = make.person(company, Role.LEAD_AUDITOR), make.person(company, Role.QUALITY_MANAGER)
    make.review(site, lead, state=ReviewState.IN_PROGRESS, reported_at=None)
    make.review(site, lead, accepted_at=None, accepted_by_id=None)
    make.review(site, lead, state=ReviewState.PLANNED, planned_on=clock.today() + timedelta(days=60))

    assert (kinds(lead), kinds(manager)) == (["judge"], ["accept"])


def test_what_others_are_late_with_waits_for_management_once(
    company: Organisation, site: Site, request_context: None
) -> None:
    manager = make.person(company, Role.QUALITY_MANAGER)
    elsewhere = make.person(company, Role.QUALITY_MANAGER, at=make.site(company))
    lead = make.person(company, Role.LEAD_AUDITOR)
    yesterday = clock.today() - timedelta(days=1)
    make.nonconformity(site, make.person(company), due_on=yesterday)
    make.nonconformity(site, make.person(company), due_on=yesterday, state=NonconformityState.DISPUTED)
    make.nonconformity(site, make.person(company), due_on=clock.today())

    assert kinds(manager) == ["overdue", "overdue"]
    assert kinds(elsewhere) == []
    assert sorted(kinds(lead)) == ["judge_dispute", "overdue"]


def test_what_waits_is_cut_at_the_most_urgent(client: FlaskClient, company: Organisation, site: Site) -> None:
    owner = make.person(company, Role.PROCESS_OWNER)
    for number in range(todo.SHOWN + 5):
        make.nonconformity(
            site, owner, due_on=clock.today() + timedelta(days=number), title=f"Finding {number:02d}"
        )

    words = Pages(client).sign_in(owner).get("/").words

    assert "Finding 00" in words
    assert f"Finding {todo.SHOWN - 1}" in words
    assert f"Finding {todo.SHOWN}" not in words
    assert "There is more" in words


# ---------------------------------------------------------------- who sees what, and what it costs


def test_a_person_of_one_site_sees_nothing_of_another(app: Flask, company: Organisation, site: Site) -> None:
    hidden = make.site(company, code="hidden", name_en="Hidden Site")
    baseline(hidden)
    baseline(site)
    pages = Pages(make_client(app)).sign_in(make.person(company, Role.VIEWER, at=site))

    assert "Hidden Site" not in pages.get("/").text
    assert "Hidden Site" not in pages.get("/?site=hidden").text


def test_organisations_do_not_see_each_other(client: FlaskClient, company: Organisation, site: Site) -> None:
    other = make.site(make.organisation(), name_en="Not Ours")
    baseline(other)

    assert "Not Ours" not in Pages(client).sign_in(make.person(company, Role.VIEWER)).get("/").text


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that the block runs, transactions aside."""
    seen: list[str] = []
    with app.app_context():
        engine = database.engine

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_the_first_page_costs_the_same_however_much_there_is(
    client: FlaskClient, app: Flask, company: Organisation, site: Site
) -> None:
    owner = make.person(company, Role.PROCESS_OWNER, Role.APPROVER, Role.VERIFIER)
    pages = Pages(client).sign_in(owner)
    with statements(app) as few:
        pages.get("/")
    baseline(site)
    for _number in range(5):
        other = make.site(company)
        baseline(other)
        for _time in range(5):
            make.nonconformity(other, owner)
            action(other, owner)
    with statements(app) as many:
        pages.get("/")

    assert len(many) == len(few) <= 8


def test_the_first_page_speaks_chinese(client: FlaskClient, company: Organisation, site: Site) -> None:
    baseline(site)
    person = make.person(company, Role.VIEWER, language="zh")

    words = Pages(client).sign_in(person).get("/").words

    assert "已验证得分" in words
    assert "预计" in words
    assert "下一步" in words


# ---------------------------------------------------------------- the clock of reviews


def clock_line(pages: Pages, site: Site) -> str:
    """The line of a site's clock, as it is read."""
    text = pages.get("/").text
    found = re.search(rf'data-clock="{site.code}">(.*?)</div>', text, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


@pytest.fixture
def moved() -> Iterator[Any]:
    yield lambda day: clock.travel(make.day(day))
    clock.travel(None)


@pytest.mark.parametrize(
    ("day", "status", "words"),
    [
        ("2026-03-20", "on time", "yearly, by 10 Mar 2027 · six months, by 10 Sep 2026"),
        ("2026-11-01", "over six months", "yearly, by 10 Mar 2027"),
        ("2027-02-01", "due soon", "yearly, by 10 Mar 2027"),
        ("2027-04-01", "overdue", "yearly, by 10 Mar 2027"),
    ],
)
def test_the_clock_of_each_site_is_a_line_that_leads_to_the_planner(
    client: FlaskClient, site: Site, company: Organisation, moved: Any, day: str, status: str, words: str
) -> None:
    manager = make.person(company, Role.QUALITY_MANAGER)
    moved("2026-03-10")
    make.review(site, manager)
    never = make.site(company, code="west", name_en="West")
    moved(day)
    pages = Pages(client).sign_in(manager)

    said = clock_line(pages, site)

    assert said.startswith("Review clock")
    assert status in said
    assert words in said
    assert "never reviewed nothing planned" in clock_line(pages, never)
    assert 'href="/reviews/planner"' in pages.get("/?site=east").text
    assert clock_line(pages, site) == said


def test_the_clock_names_an_external_audit_without_a_review_around_it(
    client: FlaskClient, site: Site, company: Organisation, moved: Any
) -> None:
    manager = make.person(company, Role.QUALITY_MANAGER)
    moved("2026-01-05")
    make.review(site, manager)
    add(
        ExternalAudit(
            organisation_id=company.id,
            number=1,
            site_id=site.id,
            state=ExternalState.PLANNED,
            body="A certification body",
            standard="COPC",
            planned_on=make.day("2026-08-01"),
            created_at=clock.now(),
        )
    )
    moved("2026-06-01")

    said = clock_line(Pages(client).sign_in(manager), site)

    assert "No review is planned in the 90 days before XA-0001 on 1 Aug 2026." in said
