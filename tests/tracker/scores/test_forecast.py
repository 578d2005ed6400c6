"""The fifth total on the score page: a forecast for a day, never an achievement."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.scores import ahead
from tracker import clock
from tracker.database import db as database
from tracker.nonconformities.models import Nonconformity
from tracker.permissions import Actor
from tracker.scores import forecasting, queries
from tracker.scores.services import renew
from workflows.reviews import ReviewState


def forecast_of(who: Actor, code: str, day: object = None, standard: str = ahead.COPC):  # type: ignore[no-untyped-def]
    found = forecasting.get_forecast(who, queries.get_score_page(who, code, standard, None), day)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_due_days_make_the_forecast(app: Flask, db: SQLAlchemy) -> None:
    site, lead, (first, second) = ahead.bundle(make.organisation())
    who, today = make.actor_for(lead), clock.today()
    first.due_on, second.due_on = today + timedelta(days=10), today + timedelta(days=40)
    db.session.flush()
    renew(site.organisation_id, site.id)
    page = queries.get_score_page(who, site.code, ahead.COPC, None)
    assert page.totals is not None
    early = forecast_of(who, site.code, today + timedelta(days=9))
    assert (early.counted, early.total) == (0, page.totals.verified)
    assert [(each.label, each.day) for each in early.waiting] == [
        ("NC-0001", first.due_on),
        ("NC-0002", second.due_on),
    ]
    middle = forecast_of(who, site.code, today + timedelta(days=10))
    assert middle.counted == 1
    late = forecast_of(who, site.code, today + timedelta(days=40))
    assert (late.counted, late.total) == (2, page.totals.projected)
    first.due_on = today - timedelta(days=1)
    db.session.flush()
    assert (forecast_of(who, site.code, today).counted, forecast_of(who, site.code, today).overdue) == (1, 1)
    second.due_on = None
    db.session.flush()
    never = forecast_of(who, site.code, today + timedelta(days=900))
    assert (never.counted, never.waiting[0].day) == (1, None)


def test_the_day_is_the_next_planned_review_or_ninety_days_on(app: Flask, db: SQLAlchemy) -> None:
    site, lead, _records = ahead.bundle(make.organisation())
    who = make.actor_for(lead)
    assert forecast_of(who, site.code).day == clock.today() + timedelta(days=90)
    review = make.review(site, lead)
    review.state = ReviewState.PLANNED
    review.planned_on = clock.today() + timedelta(days=33)
    db.session.flush()
    found = forecast_of(who, site.code)
    assert (found.day, found.why) == (review.planned_on, "Next review")


@pytest.mark.parametrize("standard", [ahead.COPC, ahead.SEE_CMM])
def test_the_demo_shows_it_plainly_as_a_forecast(demo_app: Flask, standard: str) -> None:
    with ahead.inside(demo_app):
        lin = ahead.actor("lin")
        last = database.session.scalar(sa.select(sa.func.max(Nonconformity.due_on)))
        assert last is not None
        far = max(last, clock.today()) + timedelta(days=400)
        page = queries.get_score_page(lin, "chengdu", standard, None)
        totals = page.totals
        assert totals is not None
        found = forecast_of(lin, "chengdu", far, standard)
        assert totals.verified <= found.total <= totals.projected
    shown = ahead.pages(demo_app).get(f"/scores/?site=chengdu&standard={standard}&by={far.isoformat()}")
    assert "Not achieved and not a score" in shown.words
    assert 'id="trajectory"' in shown.text
    assert far.isoformat() in shown.text
    assert '"type": "dashed"' in shown.text


@pytest.mark.parametrize("typed", ["", "yesterday", "2020-01-01", "2999-12-31"])
def test_a_day_that_cannot_be_is_said_beside_it(demo_app: Flask, typed: str) -> None:
    shown = ahead.pages(demo_app).get(f"/scores/?site=chengdu&by={typed}", status=422)
    assert 'aria-invalid="true"' in shown.text
    if typed:
        assert f'value="{typed}"' in shown.text


def test_the_page_with_its_forecast_stays_within_a_record(app: Flask, db: SQLAlchemy) -> None:
    company = make.organisation()
    site, lead, _records = ahead.bundle(company)
    browser = Pages(make_client(app)).sign_in(lead)
    with counting() as few:
        browser.get(f"/scores/?site={site.code}")
    assert len(few) <= 12


def test_strict_lenient_and_gold_stand_side_by_side(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        lin = ahead.actor("lin")
        page = queries.get_score_page(lin, "chengdu", ahead.COPC, None)
        gold = queries.get_score_page(lin, "chengdu", ahead.COPC, "gold")
        assert page.totals is not None
        assert gold.run is not None
        strict, lenient, other = page.lenses
        assert [lens.id for lens in page.lenses] == ["strict", "lenient", "gold"]
        assert strict.total == lenient.total == page.totals.verified
        assert (other.total, other.maximum) == (sum(c.points for c in gold.categories), 3000)
        assert gold.lenses[0].total == strict.total, "the same three readings stand on both pages"
        assert queries.get_score_page(lin, "chengdu", ahead.SEE_CMM, None).lenses == ()
    words = ahead.pages(demo_app).get("/scores/?site=chengdu").words
    assert "Gold tier, indicative" in words
