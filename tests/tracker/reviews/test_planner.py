"""The planner, the clock of a site, and audits by others."""

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import catalogue
from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Role
from tracker.errors import Conflict, InvalidInput
from tracker.nonconformities.models import Nonconformity
from tracker.reviews import external, queries, services
from tracker.reviews.models import ExternalAudit, ExternalState, ExternalVerdict
from tracker.scores.sheets import COPC
from workflows.cycle import CycleStatus
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask):
    return lambda person: Pages(make_client(app)).sign_in(person)


def clock_of(at: Ground, on: date | None = None):
    return queries.review_clock(at.organisation.id, [at.site.id], on)[0]


def reported(at: Ground, *scope: str, **fields):
    review = grounds.judged(at, *scope, **fields)
    grounds.report(at, review)
    return review


PLAN = {"body": "Certifier", "standard": "COPC 4.1", "beside": COPC, "planned_on": TODAY + timedelta(days=60)}


def planned(at: Ground, **fields) -> ExternalAudit:
    return external.plan_external(at.actor(at.manager), site_id=at.site.id, fields=PLAN | fields)


def held(at: Ground, audit: ExternalAudit, **fields) -> None:
    given = {
        "held_on": clock.today(),
        "verdict": ExternalVerdict.CONDITIONAL,
        "score": Fraction(1850),
        "maximum": Fraction(2000),
        "summary": "Two items short",
        "version": None,
    }
    external.hold(at.actor(at.manager), audit, **given | fields)


# ---------------------------------------------------------------- the clock


def test_a_site_runs_by_its_last_whole_report(at: Ground) -> None:
    assert clock_of(at).clock.status is CycleStatus.NEVER

    reported(at)
    found = clock_of(at, TODAY + timedelta(days=366))

    assert found.clock.status is CycleStatus.OVERDUE
    assert (found.clock.must_by, found.clock.last.number) == (date(2027, 6, 20), 1)


@pytest.mark.parametrize(
    ("scope", "fields"),
    [(("2.7",), {}), ((), {"copc": False, "see_cmm": True})],
    ids=["some items", "another standard"],
)
def test_a_review_of_less_than_every_requirement_does_not_count(at: Ground, scope, fields) -> None:
    reported(at, *scope, **fields)

    found = clock_of(at)

    assert found.clock.status is CycleStatus.NEVER
    assert [each.whole for each in found.held] == [False]


def test_every_item_chosen_by_hand_is_a_whole_review(at: Ground) -> None:
    from tracker.reviews import scope

    grounds.plan(at, *scope.all_elements(catalogue.load(catalogue.COPC), "standard"), see_cmm=False)

    assert clock_of(at).clock.planned.whole


def test_a_review_under_way_is_planned_from_today_on_and_a_cancelled_one_is_not(at: Ground) -> None:
    review = grounds.started(at, planned_on=TODAY - timedelta(days=30))
    assert clock_of(at).clock.planned.on == TODAY

    services.make_move(at.actor(at.manager), review, "cancel", reason="Moved")
    assert clock_of(at).clock.planned is None


def test_a_withdrawn_report_no_longer_counts(at: Ground) -> None:
    review = reported(at)

    services.make_move(at.actor(at.lead), review, "withdraw", reason="Wrong sample")

    assert clock_of(at).clock.status is CycleStatus.NEVER


def test_all_sites_are_read_at_once_and_only_those_seen(at: Ground) -> None:
    other = factories.site(at.organisation)
    factories.site(at.organisation, active=False)
    grounds.lay()
    planned(at)

    with counting() as statements:
        found = queries.review_clock(at.organisation.id)

    assert len(statements) == 1
    assert {each.site_id for each in found} == {at.site.id, other.id}
    assert queries.review_clock(at.organisation.id, []) == ()


# ---------------------------------------------------------------- audits by others


def test_an_audit_is_planned_held_and_stands_beside_our_score_of_that_day(at: Ground) -> None:
    reported(at, see_cmm=False)
    with clock.at(TODAY + timedelta(days=60)):
        audit = planned(at)
        held(at, audit)

        page = external.page_of(audit)

    assert (audit.state, audit.verdict, audit.score) == (ExternalState.HELD, "conditional", Fraction(1850))
    assert page.own is not None
    assert (page.own.standard, page.own.on) == (COPC, TODAY)
    assert page.own.total is not None


def test_nothing_of_ours_stands_there_before_the_first_report(at: Ground) -> None:
    audit = planned(at)
    held(at, audit)

    assert external.page_of(audit).own is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"held_on": TODAY + timedelta(days=1)}, "held_on"),
        ({"score": Fraction(2001)}, "score"),
        ({"score": Fraction(-1)}, "score"),
        ({"maximum": None}, "maximum"),
    ],
)
def test_a_verdict_that_cannot_be_is_refused(at: Ground, fields, field) -> None:
    audit = planned(at)

    with pytest.raises(InvalidInput) as refused:
        held(at, audit, **fields)

    assert set(refused.value.fields) == {field}
    assert audit.state is ExternalState.PLANNED


def test_its_findings_become_drafts_of_that_source(at: Ground) -> None:
    audit = planned(at)
    finding = {"title": "No privacy training", "grade": Grade.MAJOR, "element": "2.7", "statement": "Seen"}
    with pytest.raises(Conflict):
        external.add_finding(at.actor(at.lead), audit, **finding)
    held(at, audit)

    record = external.add_finding(at.actor(at.lead), audit, **finding)

    assert isinstance(record, Nonconformity)
    assert (record.source, record.state, record.element) == (
        Source.EXTERNAL_AUDIT,
        NonconformityState.DRAFT,
        "2.7",
    )
    assert record.review_id is None
    assert [number for number, _title, _state in external.page_of(audit).findings] == [record.number]


def test_a_finding_on_no_item_is_refused(at: Ground) -> None:
    audit = planned(at)
    held(at, audit)

    with pytest.raises(InvalidInput):
        external.add_finding(
            at.actor(at.lead), audit, title="T", grade=Grade.MINOR, element="9.9", statement=""
        )


def test_only_a_planned_audit_is_cancelled_and_with_a_reason(at: Ground) -> None:
    manager = at.actor(at.manager)
    audit, other = planned(at), planned(at)
    with pytest.raises(InvalidInput):
        external.cancel(manager, audit, " ", None)
    external.cancel(manager, audit, "Postponed", None)
    held(at, other)

    with pytest.raises(Conflict):
        external.cancel(manager, other, "Postponed", None)
    with pytest.raises(Conflict):
        held(at, audit)
    assert [each.number for each in clock_of(at).externals] == [other.number]


def test_an_older_version_is_refused(at: Ground) -> None:
    audit = planned(at)
    version = audit.version
    held(at, audit, version=version)

    with pytest.raises(Conflict):
        held(at, audit, version=version)


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_planner_shows_every_site_and_proposes_a_day(at: Ground, be, language: str) -> None:
    reported(at).reported_at = datetime(2025, 1, 10, tzinfo=UTC)
    new = factories.site(at.organisation)
    today = datetime.now(UTC).date()
    page = be(at.manager).get("/reviews/planner", headers={"Accept-Language": language})

    assert "<svg" in page.text
    # A narrow page begins at today, with the names of the sites beside the line.
    (begins,) = re.findall(r'data-scroll-to="([0-9.]+)"', page.text)
    assert f'<line x1="{begins}"' in page.text
    assert page.text.count('<ol class="gantt-names">') == 1
    assert set(re.findall(r'href="(/reviews/new[^"]*)"', page.text)) == {
        f"/reviews/new?site={code}&amp;on={today}" for code in (at.site.code, new.code)
    }
    if language == "en":
        assert "overdue" in page.words
        assert "never reviewed" in page.words


def test_the_plan_form_takes_the_proposed_day(at: Ground, be) -> None:
    page = be(at.manager).get(f"/reviews/new?site={at.site.code}&on=2026-09-01")

    assert page.value("planned_on") == "2026-09-01"
    be(at.manager).get("/reviews/new?on=nonsense")


def test_the_site_shows_its_clock(at: Ground, be) -> None:
    reported(at)

    page = be(at.manager).get(f"/sites/{at.site.code}")

    assert "Yearly, by" in page.words
    assert "on time" in page.words


def test_an_audit_goes_its_way_in_the_browser(at: Ground, be) -> None:
    pages = be(at.lead)
    typed = {"site_id": str(at.site.id), "body": "Certifier", "standard": "COPC 4.1", "beside": COPC}
    pages.post("/reviews/external/new", typed | {"version": "0"}, 422)
    sent = pages.post("/reviews/external/new", typed | {"version": "0", "planned_on": "2026-06-20"})
    assert sent.location == "/reviews/external/1"
    pages.post("/reviews/external/1/edit", typed | {"planned_on": "2026-06-19", "version": "1"})
    assert pages.post("/reviews/external/1/edit", typed | {"planned_on": "2026-06-18", "version": "1"}, 409)

    said = {
        "held_on": "2026-06-20",
        "verdict": "failed",
        "score": "1700.5",
        "maximum": "2000",
        "version": "2",
    }
    bad = pages.post("/reviews/external/1/held", said | {"score": "lots"}, 422)
    assert "not a number" in bad.words
    pages.post("/reviews/external/1/held", said)
    page = pages.get("/reviews/external/1")
    assert "Not passed" in page.words
    assert "1700.5" in page.words

    finding = {"title": "Targets missed", "grade": "major", "element": "4.4", "statement": "Seen"}
    assert pages.post("/reviews/external/1/findings", finding | {"element": "nowhere"}, 422).errors()
    pages.post("/reviews/external/1/findings", finding)
    assert "NC-0001 Targets missed" in pages.get("/reviews/external/1").words
    assert "Certifier" in pages.get("/reviews/external").words
    assert "No external audit fits" in pages.get("/reviews/external?site=nowhere&before=x").words


def test_the_last_verdict_of_others_stands_on_the_review(at: Ground, be) -> None:
    grounds.started(at, "2.7")
    pages = be(at.manager)
    for number, body in enumerate(("First body", "Second body", "Other standard")):
        audit = planned(at, body=body, beside="" if number == 2 else COPC)
        held(at, audit, held_on=TODAY - timedelta(days=10 - number))
    other = grounds.lay()
    held(other, planned(other, body="Elsewhere"))

    words = pages.get("/reviews/1").words

    assert "Second body" in words
    assert "1850.0 / 2000" in words
    assert not any(body in words for body in ("First body", "Other standard", "Elsewhere"))


def test_a_cancelled_audit_says_so(at: Ground, be) -> None:
    planned(at)
    pages = be(at.manager)

    pages.post("/reviews/external/1/cancel", {"version": "1"}, 422)
    pages.post("/reviews/external/1/cancel", {"version": "1", "reason": "Postponed"})

    assert "Cancelled" in pages.get("/reviews/external/1").words


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/reviews/external/1/held", {Role.QUALITY_MANAGER, Role.LEAD_AUDITOR}),
        ("/reviews/external/1/cancel", {Role.QUALITY_MANAGER, Role.LEAD_AUDITOR}),
        ("/reviews/external/1/findings", {Role.QUALITY_MANAGER, Role.LEAD_AUDITOR, Role.AUDITOR}),
    ],
)
def test_only_these_roles_may(at: Ground, be, path: str, roles: set[Role]) -> None:
    planned(at)
    for role in Role:
        person = factories.person(at.organisation, role, at=at.site)
        be(person).post(path, {}, 422 if role in roles else 403)


def test_another_organisation_and_another_site_are_not_seen(at: Ground, be) -> None:
    planned(at)
    other = grounds.lay()
    elsewhere = factories.person(at.organisation, Role.QUALITY_MANAGER, at=factories.site(at.organisation))

    be(other.manager).get("/reviews/external/1", 404)
    be(elsewhere).get("/reviews/external/1", 403)
    assert "Certifier" not in be(elsewhere).get("/reviews/external").words
    assert at.site.name_en not in be(elsewhere).get("/reviews/planner").words


def test_the_pages_take_a_few_statements_however_many_there_are(at: Ground, be) -> None:
    paths = ("/reviews/planner", "/reviews/external", "/reviews/external/1")
    pages = be(at.manager)

    def counts() -> list[int]:
        pages.get("/account")
        found = []
        for path in paths:
            with counting() as statements:
                pages.get(path)
            found.append(len(statements))
        return found

    audit = planned(at)
    held(at, audit)
    small = counts()
    for _number in range(6):
        planned(at)
        grounds.plan(at, "2.7")
        factories.site(at.organisation)
        external.add_finding(
            at.actor(at.lead), audit, title="T", grade=Grade.MINOR, element="2.7", statement=""
        )

    assert counts() == small
    assert max(small) <= 6
