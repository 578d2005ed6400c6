"""What happens at the edges of a review: a unit that comes while it runs, and a site's only report withdrawn."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.database import add
from tracker.database import db as database
from tracker.errors import RefusedMove
from tracker.moves import Signing
from tracker.organisations.models import Unit, UnitKind
from tracker.organisations.services import add_unit
from tracker.reviews import queries, services
from tracker.reviews.models import Fact, Review
from tracker.scores import sheets
from tracker.scores.models import Cause, ScoringRun, Standing
from tracker.scores.sheets import COPC, SEE_CMM
from tracker.scores.totals import totals
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask):
    return lambda person: Pages(make_client(app)).sign_in(person)


def facts_of(review: Review) -> dict[str, Fact]:
    fresh = queries.get_review(review.organisation_id, review.number)
    return {fact.key: fact for fact in queries.load(fresh).facts[COPC]}


# ---------------------------------------------------------------- a unit that comes


def come(at: Ground, code: str = "new", **fields) -> Unit:
    """A programme is added by the manager."""
    given = {"kind": UnitKind.PROGRAMME, "name_zh": "新方案", "name_en": "New programme"}
    return add_unit(at.actor(at.manager), at.site, code=code, **given | fields)


def test_a_programme_that_comes_is_not_judged_and_says_why(at: Ground) -> None:
    review = grounds.judged(at, "2.6", "2.7")
    planned = grounds.plan(at, "2.7")

    come(at)

    fact = facts_of(review)["2.7/unit/new"]
    assert (fact.value, fact.judged_by_id) == ("", None)
    assert "while the review was under way" in fact.note
    assert "2.6/unit/new" in facts_of(review)
    assert "2.7/unit/new" not in facts_of(planned)
    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)
    assert any("2.6, 2.7" in reason for reason in refused.value.reasons)


def test_a_programme_of_the_future_is_not_asked_for_before_its_day(at: Ground) -> None:
    review = grounds.judged(at, "2.7")

    come(at, starts_on=TODAY + timedelta(days=10))

    assert "2.7/unit/new" not in facts_of(review)
    with clock.at(TODAY + timedelta(days=10)):
        with pytest.raises(RefusedMove) as refused:
            grounds.report(at, review)
        assert any("not judged" in reason and "2.7" in reason for reason in refused.value.reasons)
        services.take_in(review, at.site, at.lead.id)
        assert facts_of(review)["2.7/unit/new"].value == ""


def test_a_key_position_enters_its_own_items_only(at: Ground) -> None:
    review = grounds.started(at, "2.7", "3.1")

    come(at, kind=UnitKind.KEY_POSITION)

    assert "3.1/unit/new" in facts_of(review)
    assert "2.7/unit/new" not in facts_of(review)


def test_the_page_tells_what_came_and_takes_it_in(at: Ground, be) -> None:
    review = grounds.started(at, "2.7")
    fields = {"organisation_id": at.organisation.id, "site_id": at.site.id, "kind": UnitKind.PROGRAMME}
    add(Unit(code="late", name_zh="迟到", name_en="Latecomer", **fields))
    pages = be(at.lead)

    assert "Not judged yet: Latecomer" in pages.get("/reviews/1").words
    be(at.manager).post("/reviews/1/units", {}, 403)
    pages.post("/reviews/1/units", {})

    assert "Latecomer" not in pages.get("/reviews/1").words
    assert "2.7/unit/late" in facts_of(review)


# ---------------------------------------------------------------- the only report withdrawn


def withdrawn(at: Ground) -> Review:
    review = grounds.judged(at, "2.7", "S1")
    grounds.report(at, review)
    services.make_move(at.actor(at.lead), review, "withdraw", reason="Wrong sample")
    return review


def test_nothing_stands_after_the_only_report_is_withdrawn_and_a_run_says_so(at: Ground) -> None:
    review = grounds.judged(at, "2.7", "S1")
    grounds.report(at, review)
    other = factories.nonconformity(at.site, at.owner, state=NonconformityState.OPEN)
    other.points_alone, other.points_rank = 3, 3_000_000
    assert totals(at.organisation.id, at.site.id, COPC) is not None

    services.make_move(at.actor(at.lead), review, "withdraw", reason="Wrong sample")

    assert review.state == ReviewState.IN_PROGRESS
    for standard in (COPC, SEE_CMM):
        assert sheets.current_set(at.organisation.id, at.site.id, standard) is None
        assert totals(at.organisation.id, at.site.id, standard) is None
    runs = database.session.execute(
        sa.select(ScoringRun.standard, ScoringRun.cause, ScoringRun.total, ScoringRun.verdict)
        .where(ScoringRun.site_id == at.site.id)
        .order_by(ScoringRun.number.desc())
        .limit(2)
    ).all()
    assert {(run.standard, run.cause) for run in runs} == {
        (COPC, Cause.WITHDRAWN),
        (SEE_CMM, Cause.WITHDRAWN),
    }
    assert all(run.total == 0 for run in runs)
    assert next(run.verdict for run in runs if run.standard == COPC) == "incomplete"
    database.session.expire(other)
    assert (other.points_alone, other.points_rank) == (None, 0)


def test_the_report_signed_again_stands_again(at: Ground) -> None:
    review = withdrawn(at)

    grounds.report(at, review)

    found = totals(at.organisation.id, at.site.id, COPC)
    assert found is not None
    assert found.baseline == found.verified


def test_an_earlier_report_still_comes_back(at: Ground) -> None:
    first = grounds.judged(at, "2.7")
    grounds.report(at, first)
    with clock.at(TODAY + timedelta(days=30)):
        second = grounds.judged(at, "2.7")
        grounds.report(at, second)
        services.make_move(at.actor(at.lead), second, "withdraw", reason="Wrong sample")

    standing = database.session.execute(sa.select(Standing).where(Standing.site_id == at.site.id)).scalars()
    assert {row.standard for row in standing} == {COPC, SEE_CMM} or first.see_cmm is False
    assert totals(at.organisation.id, at.site.id, COPC) is not None


def test_what_a_withdrawn_report_carried_opens_the_review_before_it(at: Ground) -> None:
    first = grounds.judged(at, "2.7")
    grounds.report(at, first)
    signing = Signing(factories.PASSWORD, {})
    services.make_move(at.actor(at.manager), first, "accept", signing=signing)
    services.make_move(at.actor(at.lead), first, "close")
    with clock.at(TODAY + timedelta(days=30)):
        second = grounds.judged(at, "2.7")
        grounds.report(at, second)
        reopened = factories.nonconformity(
            at.site, at.owner, review_id=first.id, state=NonconformityState.CORRECTING
        )
        services.reopen_if_unsettled(at.organisation.id, first.id, at.actor(at.lead))
        assert (first.state, reopened.closed_at) == (ReviewState.CLOSED, None)

        services.make_move(at.actor(at.lead), second, "withdraw", reason="Wrong sample")

    assert (first.state, first.closed_at) == (ReviewState.REPORTED, None)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_of_the_site_says_that_nothing_is_reported(at: Ground, be, language: str) -> None:
    withdrawn(at)
    pages = be(at.manager)
    code = at.site.code

    for path in (
        "/",
        f"/scores/?site={code}",
        f"/scores/?site={code}&standard={SEE_CMM}",
        f"/sites/{code}",
        "/reviews/",
        "/reviews/1",
        "/reviews/planner",
        "/nonconformities/",
    ):
        page = pages.get(path, headers={"Accept-Language": language})
        if path.startswith("/scores/") and language == "en":
            assert "No review of this site has been reported" in page.words
