"""Every number opens: an item shows its counts, its facts, what holds each, and sentences that scoring bears out."""

import re
from fractions import Fraction

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import rescore
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.scores import ahead
from tracker.accounts.models import Role
from tracker.i18n import points
from tracker.scores.items import get_item_page
from tracker.scores.itemviews import ItemPage

EXACTLY_90 = "/scores/items/2.3?site=suzhou"


def opened(app: Flask, element: str, site: str, standard: str = ahead.COPC) -> ItemPage:
    with ahead.inside(app):
        return get_item_page(ahead.actor("lin"), element, site, standard, None)


def test_deployment_at_exactly_ninety_percent_is_explained(demo_app: Flask) -> None:
    page = opened(demo_app, "2.3", "suzhou")

    deployment = next(row for row in page.dimensions if row.name == "deployment")
    assert (deployment.met, deployment.count, deployment.score, deployment.rule) == (9, 10, 100, "C-13-DEP")
    assert deployment.missing == ("Insurance claims",)
    assert [unit.name for unit in page.units if not unit.deployed] == ["Insurance claims"]
    words = " ".join((*page.why, *page.change))
    assert (
        "9 of 10 programmes, 90 %: exactly the lower edge of 90 %, which belongs to the band above it"
        in words
    )
    assert "Deploying the rest as well (Insurance claims) would add no points, only reserve." in words
    assert (
        "one more unit not deployed, deployment would fall from 100 to 75, and 25 points would be lost"
        in words
    )


def test_cui_failures_are_named_with_their_letters_and_denominators(demo_app: Flask) -> None:
    page = opened(demo_app, "4.4", "chengdu")

    letters = {
        metric.code: "".join(letter for letter, holds in metric.letters if not holds)
        for metric in page.metrics
    }
    assert {code: failing for code, failing in letters.items() if failing} == {
        "critical-accuracy-compliance": "I",
        "non-critical-accuracy": "C",
    }
    required = [metric for metric in page.metrics if metric.required]
    assert {row.name: row.count for row in page.dimensions}["level"] == len(required) == len(page.metrics) - 1
    words = " ".join(page.why)
    assert "Compliance critical accuracy fails I" in words
    assert "stay in both denominators" in words
    held = {metric.code: [gap.label for gap in metric.held_by] for metric in page.metrics}
    assert held["critical-accuracy-compliance"] == ["NC-0013"]


def test_the_word_on_4_7_is_explained_with_the_trends_that_it_fills(demo_app: Flask) -> None:
    page = opened(demo_app, "4.7", "suzhou")

    assert page.pooled
    assert len(page.metrics) == 28
    words = " ".join((*page.why, *page.change))
    assert "15 of 28 required metrics of all the other items of category 4 meet target" in words
    assert "that lifts 4.6 and brings +16.7 points (C-N4)" in words
    trend = next(row for row in opened(demo_app, "4.6", "suzhou").dimensions if row.name == "trend")
    assert (trend.score, trend.computed, trend.by_note, trend.overruled) == (100, 50, True, False)


@pytest.mark.parametrize(("site", "element"), [("chengdu", "4.4"), ("chengdu", "2.2"), ("chengdu", "4.7")])
def test_what_holds_an_item_is_worth_what_closing_it_moves(demo_app: Flask, site: str, element: str) -> None:
    page = opened(demo_app, element, site)
    with ahead.inside(demo_app):
        sheet = ahead.sheet_of(site)

    assert page.gaps
    for gap in page.gaps:
        simulated = rescore.simulate(sheet, [gap.label])
        assert gap.alone == simulated.after.total - simulated.before.total
        assert gap.state is not None
        assert gap.holds


def test_it_says_which_conditions_it_keeps_from_holding(demo_app: Flask) -> None:
    blocked = {condition.id for condition in opened(demo_app, "4.4", "chengdu").blocked}

    assert blocked == {"total", "category_4_full", "category_4_approach"}
    assert {condition.id for condition in opened(demo_app, "1.1", "chengdu").blocked} == set()
    assert {condition.id for condition in opened(demo_app, "2.2", "chengdu").blocked} == {
        "total",
        "approach_1_3",
    }


def test_a_criterion_opens_into_its_rows(demo_app: Flask) -> None:
    page = opened(demo_app, "S5", "chengdu", ahead.SEE_CMM)

    assert [row.level for row in page.marks] == [2, 1, 1]
    assert page.level == 1
    assert page.points == Fraction(100) * Fraction(4, 12)
    assert [gap.label for row in page.marks for gap in row.held_by]
    assert "the lowest row decides" in page.why[0]


PAGES = [
    EXACTLY_90,
    "/scores/items/4.4?site=chengdu",
    "/scores/items/4.7?site=chengdu",
    "/scores/items/S5?site=chengdu",
    "/scores/items/1.G.A?site=chengdu&tier=gold",
    "/scores/sums?site=chengdu",
    "/scores/sums?site=suzhou&tier=gold",
    "/scores/sums?site=chengdu&standard=see-cmm",
]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_it_reads_in_both_languages_and_takes_few_statements(
    demo_app: Flask, path: str, language: str
) -> None:
    browser = ahead.pages(demo_app, language=language)
    browser.get(path)

    with counting() as statements:
        page = browser.get(path)

    assert len(statements) <= 12, list(statements)
    english = re.search(r"What would change it|How the total adds up|Why it is", page.words)
    assert (english is None) == (language == "zh")


def test_the_sum_of_the_page_is_the_total(demo_app: Flask) -> None:
    page = ahead.pages(demo_app).get("/scores/sums?site=chengdu")
    with ahead.inside(demo_app):
        result = rescore.score(ahead.sheet_of("chengdu"))

    total = re.search(r'<tr id="sum-total">.*?</tr>', page.text, re.S)
    assert total is not None
    assert points(result.total, result.max) in total[0]
    assert str(result.total) in total[0], "the exact number stands beside the rounded one"


def test_a_stored_run_opens_as_it_was(demo_app: Flask) -> None:
    browser = ahead.pages(demo_app)
    with ahead.inside(demo_app):
        from tests.tracker.demo.test_demo import runs_of

        first = runs_of("suzhou")[0].number

    shown = browser.get(f"/scores/items/2.3?run={first}")
    assert "a past run, not the score now" in shown.words
    assert "7 of 10" in shown.words
    assert f"run={first}" in browser.get(f"/scores/runs/{first}").text


@pytest.mark.parametrize(
    "path",
    [
        "/scores/items/9.9?site=suzhou",
        "/scores/items/S1?site=suzhou",
        "/scores/items/2.3?site=nowhere",
        "/scores/items/2.3?site=suzhou&tier=lead",
        "/scores/items/2.3?standard=iso",
        "/scores/items/2.3?run=999999",
        "/scores/sums?site=suzhou&tier=lead",
    ],
)
def test_what_there_is_not_is_not_found(demo_app: Flask, path: str) -> None:
    ahead.pages(demo_app).get(path, status=404)


def test_another_organisation_and_another_site_see_nothing(app: Flask, db: SQLAlchemy) -> None:
    company = make.organisation()
    site, lead, _records = ahead.bundle(company)
    other = make.site(company, code="west", name_en="West")
    path = f"/scores/items/1.1?site={site.code}"
    run = get_item_page(make.actor_for(lead), "1.1", site.code, ahead.COPC, None).run
    stranger = make.person(make.organisation(), Role.QUALITY_MANAGER)
    for nobody in (stranger, make.person(company, Role.VIEWER, at=other)):
        browser = Pages(make_client(app)).sign_in(nobody)
        browser.get(path, status=404)
        browser.get(f"/scores/items/1.1?run={run}", status=404)
    assert "1 of 3" in Pages(make_client(app)).sign_in(lead).get(path).words
