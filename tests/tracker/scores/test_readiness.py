"""Readiness: each condition under both readings, what is short of it, what is in the way, and the next step."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import path, rescore
from scoring.results import CopcResult
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.scores import ahead
from tracker.accounts.models import Role
from tracker.scores.readiness import ReadinessPage, get_readiness_page


def ready(app: Flask, site: str) -> ReadinessPage:
    with ahead.inside(app):
        return get_readiness_page(ahead.actor("lin"), site)


@pytest.mark.parametrize("site", ["chengdu", "suzhou"])
def test_the_checks_are_those_of_the_score(demo_app: Flask, site: str) -> None:
    page = ready(demo_app, site)
    with ahead.inside(demo_app):
        result = rescore.score(ahead.sheet_of(site))

    assert isinstance(result, CopcResult)
    status = {True: "holds", False: "fails", None: "unknown"}
    assert [(check.id, check.status) for check in page.checks] == [
        (condition.id, status[condition.holds]) for condition in result.conditions
    ]
    for check, condition in zip(page.checks, result.conditions, strict=True):
        assert tuple(short.element for short in check.short) == condition.items
    assert page.blank == ()


def test_each_item_short_names_what_is_in_the_way(demo_app: Flask) -> None:
    checks = {check.id: check for check in ready(demo_app, "chengdu").checks}

    shorts = {short.element: short for short in checks["category_4_approach"].short}
    assert [gap.label for gap in shorts["4.4"].held_by] == ["NC-0016"]
    assert shorts["4.4"].dimensions == (("approach", 75),)
    full = {short.element: short for short in checks["category_4_full"].short}
    # The data of one of its metrics are held by the record on item 2.6.
    assert [gap.label for gap in full["4.4"].held_by] == ["NC-0013", "NC-0016"]


def test_the_next_step_is_the_first_of_the_path(demo_app: Flask) -> None:
    page = ready(demo_app, "chengdu")
    with ahead.inside(demo_app):
        sheet = ahead.sheet_of("chengdu")

    ways = {way.reading: way.found for way in page.ways}
    strict, lenient = ways["strict"], ways["lenient"]
    assert strict is not None
    assert lenient is not None
    assert not strict.feasible
    assert [block.id for block in strict.blocks] == ["category_4_full"]
    plan = path.find(sheet, "lenient", "effort")
    assert lenient.feasible == plan.feasible
    assert {step.label for step in lenient.steps} == set(plan.close)
    shown = ahead.pages(demo_app).get("/scores/readiness?site=chengdu").words
    assert lenient.steps[0].title in shown
    assert page.counts("strict") == (0, 3)


def test_a_site_that_meets_everything_needs_nothing(demo_app: Flask) -> None:
    page = ready(demo_app, "suzhou")

    assert page.passes
    assert page.counts("strict") == page.counts("lenient") == (3, 3)
    assert all(way.found is not None and way.found.feasible and not way.found.steps for way in page.ways)


def test_what_is_not_scored_stands_beside_it(demo_app: Flask) -> None:
    review = ready(demo_app, "chengdu").review

    assert review is not None
    assert review.days_ago == 140
    assert not review.overdue
    assert review.metric_list_confirmed
    words = ahead.pages(demo_app).get("/scores/readiness?site=chengdu").words
    assert "140 days ago" in words
    assert "Sample audit of the delivery-chase process" in words
    assert "confirmed Metric list of Exhibit 1" in words


def test_a_blank_item_is_a_condition_of_its_own(app: Flask, db: SQLAlchemy) -> None:
    site, lead, _records = ahead.bundle(make.organisation())

    page = Pages(make_client(app)).sign_in(lead).get(f"/scores/readiness?site={site.code}")

    assert "Every item is assessed" in page.words
    assert "2.3 Corrective Action" in page.words
    assert "Metric list of Exhibit 1" in page.words or "No review has been reported yet." in page.words
    stranger = make.person(make.organisation(), Role.QUALITY_MANAGER)
    Pages(make_client(app)).sign_in(stranger).get(f"/scores/readiness?site={site.code}", status=404)


@pytest.mark.parametrize("path_", ["/scores/", "/scores/sums", "/"])
def test_it_is_reached_from_the_score_and_the_dashboard(demo_app: Flask, path_: str) -> None:
    assert "/scores/readiness?site=chengdu" in ahead.pages(demo_app).get(f"{path_}?site=chengdu").text


def test_it_takes_few_statements(demo_app: Flask) -> None:
    browser = ahead.pages(demo_app, language="zh")
    browser.get("/scores/readiness?site=chengdu")

    with counting() as statements:
        words = browser.get("/scores/readiness?site=chengdu").words

    assert len(statements) <= 12
    assert "认证准备情况" in words
