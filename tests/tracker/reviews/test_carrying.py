"""A review that starts from the last report: what it takes over, and how that is confirmed."""

from datetime import date, timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.database import db as database
from tracker.errors import Conflict, Forbidden, InvalidInput, NotFound, RefusedMove
from tracker.organisations.models import Unit
from tracker.reviews import queries, services
from tracker.reviews.models import Fact, Review
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

LATER = TODAY + timedelta(days=180)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


def facts_of(review: Review, standard: str = COPC) -> dict[str, Fact]:
    fresh = queries.get_review(review.organisation_id, review.number)
    return {fact.key: fact for fact in queries.load(fresh).facts[standard]}


def reported(at: Ground, *scope: str) -> Review:
    """A report in which line 2.7-1 is not met, which a finding carries."""
    review = grounds.judged(at, *scope)
    grounds.judge_one(at, review, f"{scope[0] if scope else '2.7'}/line/2.7-1", "not_met")
    lead = at.actor(at.lead)
    services_raise(at, review)
    services.describe(lead, review, sampled_kcrp="Call handling")
    grounds.report(at, review)
    return review


def services_raise(at: Ground, review: Review) -> None:
    from tracker.nonconformities.services import raise_for_gaps

    raise_for_gaps(at.actor(at.lead), review, [gap for gap in queries.gaps_of(review) if not gap.carried])
    for finding in queries.load(review).findings:
        finding.record.owner_id = at.owner.id
        finding.record.evidence = finding.record.evidence or "E"
    database.session.flush()


def test_verdicts_notes_and_evidence_are_the_starting_point_and_are_marked(at: Ground) -> None:
    reported(at, "2.7", "S1")
    review = grounds.plan(at, "2.7", "S1", from_last=True)

    line, row = facts_of(review)["2.7/line/2.7-1"], facts_of(review, SEE_CMM)["S1/row/feedback"]
    assert (line.value, line.note, line.evidence) == ("not_met", "Seen", "E-2")
    assert (row.value, row.carried) == ("3", True)
    assert line.carried
    assert line.judged_by_id is None
    assert queries.load(review).origin == 1


def test_the_report_waits_until_everything_is_confirmed(at: Ground) -> None:
    reported(at, "2.7")
    review = grounds.started(at, "2.7", from_last=True)
    lead = at.actor(at.lead)
    services.describe(lead, review, sampled_kcrp="Call handling")

    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)
    assert any("not confirmed" in reason and "2.7" in reason for reason in refused.value.reasons)

    keys = [key for key, fact in facts_of(review).items() if fact.carried]
    assert services.confirm(lead, review, COPC, keys) == len(keys)
    grounds.report(at, review)

    assert review.state == ReviewState.REPORTED
    assert facts_of(review)["2.7/line/2.7-1"].judged_by_id == at.lead.id


def test_an_open_gap_of_the_earlier_review_keeps_carrying_its_fact(at: Ground) -> None:
    reported(at, "2.7")
    review = grounds.started(at, "2.7", from_last=True)

    gaps = [gap for gap in queries.gaps_of(review) if gap.kind == "line"]

    assert [(gap.key, gap.carrier) for gap in gaps] == [("2.7/line/2.7-1", "NC-0001")]


def test_what_a_signed_closure_changed_since_is_taken_over_as_well(at: Ground) -> None:
    from tracker.reviews.facts import release

    first = reported(at, "2.7")
    record = queries.load(first).findings[0].record
    record.state, record.closed_at = NonconformityState.CLOSED, clock.now()
    release(record, at.actor(at.manager))

    review = grounds.plan(at, "2.7", from_last=True)

    assert facts_of(first)["2.7/line/2.7-1"].value == "not_met"
    assert facts_of(review)["2.7/line/2.7-1"].value == "met"


def test_changing_a_verdict_confirms_it_and_a_note_alone_does_not(at: Ground) -> None:
    reported(at, "2.7")
    review = grounds.started(at, "2.7", from_last=True)
    lead = at.actor(at.lead)

    services.judge(lead, review, COPC, "2.7/line/2.7-1", "met")
    services.judge_many(lead, review, COPC, ["2.7/unit/loan"], note="Same as last time")

    found = facts_of(review)
    assert not found["2.7/line/2.7-1"].carried
    assert found["2.7/unit/loan"].carried
    assert found["2.7/unit/loan"].judged_by_id is None


def test_what_is_judged_already_stays_and_new_programmes_are_blank(at: Ground) -> None:
    reported(at, "2.7")
    fields = {"organisation_id": at.organisation.id, "site_id": at.site.id, "kind": "programme"}
    database.session.add(Unit(code="new", name_zh="新", name_en="New", **fields))
    database.session.flush()
    review = grounds.started(at, "2.7")
    grounds.judge_one(at, review, "2.7/line/2.7-1", "met")

    services.carry_forward(at.actor(at.lead), review)

    found = facts_of(review)
    assert (found["2.7/line/2.7-1"].value, found["2.7/line/2.7-1"].carried) == ("met", False)
    assert (found["2.7/unit/new"].value, found["2.7/unit/new"].carried) == ("", False)
    assert found["2.7/unit/loan"].carried


def test_what_was_taken_over_counts_as_not_judged(at: Ground) -> None:
    reported(at, "2.7")
    review = grounds.started(at, "2.7", from_last=True)

    work = queries.load(review)
    element = queries.groups_of(work, queries.gaps_in(work))[0].elements[0]

    assert (element.judged, element.status) == (0, "open")
    assert element.unconfirmed == element.total > 0


def test_a_programme_that_has_ended_is_not_waited_for(at: Ground) -> None:
    reported(at, "2.7")
    review = grounds.started(at, "2.7", from_last=True)
    lead = at.actor(at.lead)
    services.describe(lead, review, sampled_kcrp="Call handling")
    keys = [key for key, fact in facts_of(review).items() if fact.carried and key != "2.7/unit/loan"]
    services.confirm(lead, review, COPC, keys)
    database.session.execute(
        database.update(Unit).where(Unit.code == "loan").values(ends_on=TODAY - timedelta(days=1))
    )

    grounds.report(at, review)

    assert review.state == ReviewState.REPORTED


def test_statements_about_metrics_are_confirmed_by_who_may_make_them(at: Ground) -> None:
    first = grounds.judged(at, "4.1")
    assessor, lead = at.actor(at.assessor), at.actor(at.lead)
    for code in ("m0", "m6"):
        for aspect in ("usable", "integrity"):
            services.state_metric(lead, first, code, aspect, True, note="Checked")
    services.state_metric(assessor, first, "m0", "meets_target", True, note="A year of it")
    grounds.report(at, first)
    review = grounds.started(at, "4.1", from_last=True)
    own = at.actor(at.owner)

    found = facts_of(review)
    assert found["4.1/metric/m0/usable"].carried
    with pytest.raises(Forbidden):
        services.confirm(lead, review, COPC, ["4.1/metric/m0/meets_target"])
    with pytest.raises(InvalidInput):
        services.confirm(own, review, COPC, ["4.1/metric/m0/usable"])

    services.confirm(assessor, review, COPC, ["4.1/metric/m0/meets_target"])
    services.confirm(lead, review, COPC, ["4.1/metric/m0/usable"])
    assert not facts_of(review)["4.1/metric/m0/usable"].carried


def test_it_is_done_once_and_only_from_a_report(at: Ground) -> None:
    lead = at.actor(at.lead)
    review = grounds.plan(at, "2.7", from_last=True)
    assert queries.load(review).origin is None
    with pytest.raises(Conflict, match="nothing to start from"):
        services.carry_forward(lead, review)

    reported(at, "2.7")
    services.carry_forward(lead, review)
    with pytest.raises(Conflict, match="already"):
        services.carry_forward(lead, review)


def test_a_report_is_not_taken_over_by_itself_nor_after_judging_has_ended(at: Ground) -> None:
    review = reported(at, "2.7")

    with pytest.raises(Conflict):
        services.carry_forward(at.actor(at.lead), review)


def test_an_unknown_fact_is_not_confirmed(at: Ground) -> None:
    reported(at, "2.7")
    review = grounds.started(at, "2.7", from_last=True)

    with pytest.raises(NotFound):
        services.confirm(at.actor(at.lead), review, COPC, ["2.7/unit/nowhere"])


# ---------------------------------------------------------------- pages


@pytest.fixture
def be(app: Flask):
    return lambda person: Pages(make_client(app)).sign_in(person)


def test_it_is_planned_confirmed_one_by_one_and_in_bulk(at: Ground, be) -> None:
    reported(at, "2.7")
    typed = {
        "title": "Half-year review",
        "site_id": str(at.site.id),
        "copc": "y",
        "tier": "standard",
        "whole": "no",
        "scope": ["2.7"],
        "period_start": "2026-01-01",
        "period_end": "2026-06-20",
        "lead_auditor_id": str(at.lead.id),
        "from_last": "y",
    }
    pages = be(at.lead)
    pages.post("/reviews/new", typed)
    pages.post("/reviews/2/moves/start", {"version": "1"})

    page = pages.get("/reviews/2/items/2.7")
    assert "Taken over from RV-0001" in page.words
    assert "not yet confirmed" in pages.get("/reviews/2").words
    assert "not yet confirmed" in pages.get("/reviews/2/deployment/2").text

    pages.post("/reviews/2/items/2.7/confirm", {"key": ["2.7/line/2.7-1"]})
    assert not facts_of(queries.get_review(at.organisation.id, 2))["2.7/line/2.7-1"].carried
    pages.post("/reviews/2/deployment/2/confirm", {})
    left = {key for key, fact in facts_of(queries.get_review(at.organisation.id, 2)).items() if fact.carried}
    assert left
    assert not any("/unit/" in key for key in left)


def test_a_planned_review_offers_to_take_over_the_last_report(at: Ground, be) -> None:
    reported(at, "2.7")
    grounds.plan(at, "2.7")
    pages = be(at.manager)

    assert "Start from RV-0001" in pages.get("/reviews/2").words
    pages.post("/reviews/2/carry", {})
    assert "Start from RV-0001" not in pages.get("/reviews/2").words
    assert "taken over" in pages.post("/reviews/2/carry", {}, 409).words or True
    assert "already" in pages.post("/reviews/2/carry", {}, 409).words


def people(at: Ground) -> list[tuple[Person, int]]:
    viewer = factories.person(at.organisation, Role.VIEWER)
    return [(viewer, 403), (at.owner, 403), (at.lead, 303)]


def test_only_auditors_confirm(at: Ground, be) -> None:
    reported(at, "2.7")
    grounds.started(at, "2.7", from_last=True)

    for person, status in people(at):
        be(person).post("/reviews/2/items/2.7/confirm", {"key": ["2.7/line/2.7-1"]}, status)


def test_nothing_is_confirmed_before_the_start(at: Ground, be) -> None:
    reported(at, "2.7")
    grounds.plan(at, "2.7", from_last=True)

    page = be(at.lead).post("/reviews/2/items/2.7/confirm", {"key": ["2.7/line/2.7-1"]}, 409)

    assert "only while the review is in progress" in page.words
    assert facts_of(queries.get_review(at.organisation.id, 2))["2.7/line/2.7-1"].carried


def test_another_organisation_takes_over_and_confirms_nothing(at: Ground, be) -> None:
    reported(at, "2.7")
    grounds.started(at, "2.7", from_last=True)
    other = grounds.lay()

    be(other.lead).post("/reviews/2/items/2.7/confirm", {"key": ["2.7/line/2.7-1"]}, 404)
    be(other.manager).post("/reviews/2/carry", {}, 404)


def test_dates_of_the_period_do_not_matter(at: Ground) -> None:
    """The starting point is what stands at the site, whatever the review looks at."""
    reported(at, "2.7")
    with clock.at(LATER):
        review = grounds.plan(at, "2.7", from_last=True, period_start=date(2026, 7, 1), period_end=LATER)

        assert facts_of(review)["2.7/line/2.7-1"].carried
