from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.reviews import queries, services
from tracker.reviews.models import Fact, Review
from tracker.scores.sheets import COPC
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

HTMX = {"HX-Request": "true"}
Be = Callable[[Person], Pages]


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask) -> Be:
    return lambda person: Pages(make_client(app)).sign_in(person)


def fact(review: Review, key: str) -> Fact:
    fresh = queries.get_review(review.organisation_id, review.number)
    return next(found for found in queries.load(fresh).facts[COPC] if found.key == key)


PAGES = [
    "/reviews/",
    "/reviews/1",
    "/reviews/1/items/1.2",
    "/reviews/1/items/3.1",
    "/reviews/1/items/4.4",
    "/reviews/1/items/4.7",
    "/reviews/1/items/S6",
    "/reviews/1/deployment/2",
    "/reviews/1/deployment/3",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_is_shown_to_an_auditor_and_to_a_reader(
    at: Ground, be: Be, path: str, language: str
) -> None:
    grounds.started(at)
    reader = factories.person(at.organisation, Role.VIEWER)

    for person in (at.lead, reader):
        be(person).get(path, headers={"Accept-Language": language})


def test_the_register_is_empty_with_one_action_and_then_filters(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    assert "Plan the first one" in pages.get("/reviews/").words

    review = grounds.plan(at, "2.7")

    assert review.title in pages.get(f"/reviews/?site={at.site.code}&state=planned").words
    assert review.title not in pages.get("/reviews/?state=closed").words
    pages.get("/reviews/?state=nonsense&before=x&site=none")


def test_a_review_is_planned_with_the_form(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    typed = {
        "title": "Half-year review",
        "site_id": str(at.site.id),
        "copc": "y",
        "tier": "standard",
        "whole": "no",
        "scope": ["2.7", "1.2"],
        "period_start": "2026-01-01",
        "period_end": "2026-06-20",
        "lead_auditor_id": str(at.lead.id),
    }

    sent = pages.post("/reviews/new", typed)

    assert sent.location == "/reviews/1"
    assert set(queries.get_review(at.organisation.id, 1).scope) == {"1.2", "2.7"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"period_end": "2020-01-01"}, "ends before it begins"),
        ({"period_start": "yesterday"}, "not a date"),
        ({"copc": ""}, "at least one standard"),
        ({"whole": "no"}, "at least one item"),
        ({"lead_auditor_id": str(2**70)}, "Not a valid choice"),
        ({"title": "x" * 300}, "200"),
    ],
    ids=["period", "date", "standard", "scope", "lead", "title"],
)
def test_a_plan_that_cannot_be_keeps_what_was_typed(
    at: Ground, be: Be, changes: dict[str, str], said: str
) -> None:
    typed = {
        "title": "Half-year review",
        "site_id": str(at.site.id),
        "copc": "y",
        "tier": "standard",
        "whole": "yes",
        "period_start": "2026-01-01",
        "period_end": "2026-06-20",
        "lead_auditor_id": str(at.lead.id),
    } | changes

    page = be(at.manager).post("/reviews/new", {key: value for key, value in typed.items() if value}, 422)

    assert said in page.words
    assert page.value("title") == typed["title"]


# ---------------------------------------------------------------- cells


def test_a_cell_saves_itself_and_tells_that_the_score_has_changed(at: Ground, be: Be) -> None:
    review = grounds.started(at, "2.7")
    key = "2.7/line/2.7-1"

    page = be(at.lead).post(
        "/reviews/1/items/2.7",
        {"key": key, "value": "met", "note": "Seen", "evidence": "E", "version": "1"},
        200,
        headers=HTMX,
    )

    assert "score-changed" in page.headers["HX-Trigger"]
    assert page.text.lstrip().startswith("<form")
    assert page.value("version") == "2"
    assert (fact(review, key).value, fact(review, key).evidence) == ("met", "E")


def test_a_plain_form_saves_as_well(at: Ground, be: Be) -> None:
    review = grounds.started(at, "2.7")

    sent = be(at.lead).post("/reviews/1/items/2.7", {"key": "2.7/unit/loan", "value": "full", "version": "1"})

    assert sent.location == "/reviews/1/items/2.7"
    assert fact(review, "2.7/unit/loan").value == "full"


def test_a_stale_cell_shows_the_fresh_value_and_what_was_typed(at: Ground, be: Be) -> None:
    review = grounds.started(at, "2.7")
    grounds.judge_one(at, review, "2.7/line/2.7-1", "not_met")
    typed = {"key": "2.7/line/2.7-1", "value": "met", "note": "My own note", "version": "1"}

    page = be(at.lead).post("/reviews/1/items/2.7", typed, 409, headers=HTMX)

    assert "My own note" in page.words
    assert 'value="not_met" id="fact-2-7-line-2-7-1-value-1" checked' in page.text
    assert fact(review, "2.7/line/2.7-1").value == "not_met"


@pytest.mark.parametrize(
    "typed",
    [{"value": "splendid"}, {"value": "met", "note": "x" * 5000}, {"value": "met", "version": "abc"}],
    ids=["value", "note", "version"],
)
def test_a_bad_cell_is_refused_beside_itself(at: Ground, be: Be, typed: dict[str, str]) -> None:
    review = grounds.started(at, "2.7")
    given = {"key": "2.7/line/2.7-1", "version": "1"} | typed

    page = be(at.lead).post("/reviews/1/items/2.7", given, 422, headers=HTMX)

    assert page.errors()
    assert fact(review, "2.7/line/2.7-1").value == ""
    assert typed.get("note", "") in page.text


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/reviews/1/items/2.7", "2.7/unit/nowhere"),
        ("/reviews/1/items/2.7", "2.6/unit/loan"),
        ("/reviews/1/items/9.9", "2.7/unit/loan"),
        ("/reviews/99/items/2.7", "2.7/unit/loan"),
    ],
    ids=["fact", "item", "element", "review"],
)
def test_an_unknown_cell_is_not_found(at: Ground, be: Be, path: str, key: str) -> None:
    grounds.started(at, "2.7")

    be(at.lead).post(path, {"key": key, "value": "full"}, 404)


def test_the_running_score_is_fetched_alone(at: Ground, be: Be) -> None:
    grounds.started(at)

    page = be(at.lead).get("/reviews/1/items/2.7/running", headers=HTMX)

    assert page.text.lstrip().startswith("<div")
    assert "Whole review" in page.words


def test_a_cell_of_the_grid_saves_and_the_rest_is_filled_at_once(at: Ground, be: Be) -> None:
    review = grounds.started(at)
    pages = be(at.lead)
    cell = {"key": "2.7/unit/loan", "value": "partial", "version": "1", "back": "grid"}
    assert 'data-value="partial"' in pages.post("/reviews/1/items/2.7", cell, 200, headers=HTMX).text

    pages.post("/reviews/1/deployment/2/same", {"value": "full", "note": "Walk", "evidence": "W-1"})

    assert (fact(review, "2.7/unit/loan").value, fact(review, "2.7/unit/loan").evidence) == ("partial", "W-1")
    assert fact(review, "2.6/unit/air").value == "full"


def test_the_same_evidence_goes_to_everything_chosen(at: Ground, be: Be) -> None:
    review = grounds.started(at, "2.7")
    keys = ["2.7/unit/loan", "2.7/unit/card"]

    be(at.lead).post("/reviews/1/items/2.7/same", {"key": keys, "evidence": "Folder 7"})

    assert {fact(review, key).evidence for key in keys} == {"Folder 7"}
    page = be(at.lead).post("/reviews/1/items/2.7/same", {"evidence": "Folder 7"}, 422)
    assert "Choose at least one" in page.words


def test_a_metric_is_stated_and_the_word_given_by_an_assessor(at: Ground, be: Be) -> None:
    review = grounds.started(at)
    pages = be(at.assessor)

    stated = pages.post(
        "/reviews/1/items/4.4/metrics/m3/improving",
        {"value": "no", "note": "Season", "version": "0"},
        200,
        headers=HTMX,
    )
    pages.post("/reviews/1/word", {"word-compliant": "yes", "word-reason": "All full", "word-version": "1"})
    missing = pages.post(
        "/reviews/1/word", {"word-compliant": "yes", "word-reason": " ", "word-version": "2"}, 422
    )

    assert "score-changed" in stated.headers["HX-Trigger"]
    assert fact(review, "4.4/metric/m3/improving").value == "no"
    assert fact(review, "4.7/word/compliant").value == "yes"
    assert missing.errors()


def test_an_overrule_with_a_score_that_cannot_be_is_refused(at: Ground, be: Be) -> None:
    grounds.started(at)
    typed = {"dimension": "level", "score": "75", "reason": "r"}

    page = be(at.assessor).post("/reviews/1/items/4.4/overrule", typed, 422)

    assert "one of 0, 50, 100" in page.words


# ---------------------------------------------------------------- moves and gaps


def test_a_review_is_started_reported_and_accepted_in_the_browser(at: Ground, be: Be) -> None:
    review = grounds.plan(at, "2.7")
    lead = be(at.lead)

    def version() -> str:
        return str(queries.get_review(at.organisation.id, review.number).version)

    lead.post("/reviews/1/moves/start", {"version": version()})
    grounds.judge_all(at, queries.get_review(at.organisation.id, review.number))
    lead.post("/reviews/1/details", {"sampled_kcrp": "Call handling", "version": version()})

    wrong = lead.post("/reviews/1/moves/report", {"password": "no", "version": version()}, 422)
    lead.post("/reviews/1/moves/report", {"password": factories.PASSWORD, "version": version()})
    be(at.manager).post("/reviews/1/moves/accept", {"password": factories.PASSWORD, "version": version()})

    assert "The password is not right" in wrong.words
    fresh = queries.get_review(at.organisation.id, review.number)
    assert (fresh.state, fresh.accepted_by_id) == (ReviewState.REPORTED, at.manager.id)
    shown = be(at.manager).get("/reviews/1").words
    assert "accepted by management" in shown
    assert "Management accepts this report" in shown


def test_a_refused_move_says_why_on_the_page(at: Ground, be: Be) -> None:
    typed = {"password": factories.PASSWORD, "version": str(grounds.started(at, "2.7").version)}

    page = be(at.lead).post("/reviews/1/moves/report", typed, 409)

    assert "judge each of them" in page.words


def test_a_move_from_an_older_page_is_refused(at: Ground, be: Be) -> None:
    grounds.plan(at, "2.7")

    be(at.lead).post("/reviews/1/moves/start", {"version": "7"}, 409)
    be(at.lead).post("/reviews/1/moves/fly", {"version": "1"}, 404)


def test_gaps_are_raised_together_after_a_preview(at: Ground, be: Be) -> None:
    review = grounds.judged(at, "2.7", "2.6", see_cmm=False)
    grounds.judge_one(at, review, "2.7/unit/loan", "none")
    grounds.judge_one(at, review, "2.6/unit/loan", "none")
    pages = be(at.lead)
    assert "2.6" in pages.get("/reviews/1/gaps").words

    pages.post("/reviews/1/gaps", {}, 422)
    pages.post("/reviews/1/gaps", {"element": ["2.7", "2.6"]})

    assert all(gap.carried_by for gap in queries.gaps_of(queries.get_review(at.organisation.id, 1)))
    assert "NC-0001" in pages.get("/reviews/1/items/2.6").words


def test_a_reason_is_written_in_place_of_a_non_conformity(at: Ground, be: Be) -> None:
    review = grounds.judged(at, "2.7")
    grounds.judge_one(at, review, "2.7/unit/loan", "none")
    pages = be(at.lead)

    pages.post("/reviews/1/reasons", {"key": "2.7/unit/loan", "reason": "Closes in July"})
    pages.post("/reviews/1/reasons", {"key": "nonsense", "reason": "r"}, 404)

    assert "Closes in July" in pages.get("/reviews/1").words


# ---------------------------------------------------------------- who may, and who sees

MAY = [
    ("get", "/reviews/new", {Role.QUALITY_MANAGER, Role.LEAD_AUDITOR}),
    ("post", "/reviews/1/items/2.7", {Role.LEAD_AUDITOR, Role.AUDITOR}),
    ("post", "/reviews/1/items/2.7/same", {Role.LEAD_AUDITOR, Role.AUDITOR}),
    ("post", "/reviews/1/items/2.7/overrule", {Role.ASSESSOR}),
    ("post", "/reviews/1/word", {Role.ASSESSOR}),
    ("post", "/reviews/1/items/4.4/metrics/m3/integrity", {Role.LEAD_AUDITOR, Role.AUDITOR, Role.ASSESSOR}),
    ("post", "/reviews/1/items/4.4/metrics/m3/improving", {Role.ASSESSOR}),
    ("post", "/reviews/1/details", {Role.LEAD_AUDITOR, Role.AUDITOR}),
    ("get", "/reviews/1/gaps", {Role.LEAD_AUDITOR, Role.AUDITOR, Role.QUALITY_MANAGER}),
]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(("method", "path", "allowed"), MAY, ids=[path for _method, path, _roles in MAY])
def test_only_these_roles_may(at: Ground, be: Be, method: str, path: str, allowed: set[Role]) -> None:
    grounds.started(at)

    for role in Role:
        pages = be(factories.person(at.organisation, role))
        token = pages.get("/account").token
        send = pages.client.get if method == "get" else pages.client.post
        answer = send(path, data={"csrf_token": token, "key": "2.7/unit/loan"})
        assert (answer.status_code != 403) == (role in allowed), role


def test_another_organisation_and_another_site_are_not_seen(at: Ground, be: Be) -> None:
    grounds.started(at, "2.7")
    stranger = grounds.lay()
    elsewhere = factories.person(at.organisation, Role.LEAD_AUDITOR, at=factories.site(at.organisation))

    be(stranger.lead).get("/reviews/1", 404)
    assert be(elsewhere).client.get("/reviews/1").status_code in (403, 404)
    assert "Annual review" not in be(elsewhere).get("/reviews/").words


# ---------------------------------------------------------------- the number of statements


def test_no_page_asks_more_when_there_is_more_to_show(at: Ground, be: Be) -> None:
    def counts() -> list[int]:
        pages = be(at.lead)
        pages.get("/account")  # commits what was arranged
        found = []
        for path in PAGES:
            with counting() as statements:
                pages.get(path)
            found.append(len(statements))
        return found

    review = grounds.started(at)
    small = counts()
    grounds.judge_all(at, review)
    for number in range(5):
        found = factories.nonconformity(at.site, at.owner, state=NonconformityState.OPEN, review_id=review.id)
        factories.pin(found, f"2.{number + 1}/unit/loan")
        grounds.plan(at, "2.7")
    services.set_overrule(at.actor(at.assessor), review, "2.6", "approach", 50, "r")

    assert counts() == small
    assert small[0] <= 6
    assert max(small) <= 12
