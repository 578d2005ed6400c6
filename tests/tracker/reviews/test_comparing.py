"""Two reviews side by side, against changes made by hand."""

from collections.abc import Callable
from datetime import timedelta
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
from tracker.accounts.models import Person, Role
from tracker.reviews import comparing, services
from tracker.reviews.comparing import ElementChange, compare
from tracker.scores.sheets import COPC, SEE_CMM
from tracker.standards import services as moving
from workflows.nonconformities import NonconformityState


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask):
    return lambda person: Pages(make_client(app)).sign_in(person)


def two(at: Ground, *scope: str) -> None:
    """A first report with everything full, and a second with one line unmet and one row lower."""
    first = grounds.judged(at, *scope)
    grounds.report(at, first)
    with clock.at(TODAY + timedelta(days=180)):
        second = grounds.judged(at, *scope)
        grounds.judge_one(at, second, "2.7/unit/loan", "none")
        grounds.judge_one(at, second, "S1/row/feedback", "2")
        lead = at.actor(at.lead)
        services.give_gap_reason(lead, second, "2.7/unit/loan", "Known")
        services.give_gap_reason(lead, second, "S1/row/feedback", "Known")
        grounds.report(at, second)


def by_id(at: Ground) -> dict[str, ElementChange]:
    return {element.id: element for element in compare(at.organisation.id, 1, 2).elements}


def test_reviews_under_two_releases_name_the_items_of_both(at: Ground) -> None:
    grounds.report(at, grounds.judged(at, "2.7", see_cmm=False))
    manager = at.actor(at.manager)
    moving.move_site(manager, at.site, COPC, catalogue.COPC_4_3, "Next year's release.", None)
    with clock.at(TODAY + timedelta(days=180)):
        grounds.judged(at, "2.7", "2.G.F", see_cmm=False)

    found = by_id(at)

    assert found["2.G.F"].name == "Data and Information Availability and Update"
    assert (found["2.G.F"].before, found["2.7"].before) == (None, Fraction(40))
    assert any(change.kind == "line" and " " in change.title for change in found["2.G.F"].facts)


def test_what_one_review_left_out_is_no_loss(at: Ground, be: Callable[[Person], Pages]) -> None:
    grounds.report(at, grounds.judged(at, "2.6", "2.7", see_cmm=False))
    with clock.at(TODAY + timedelta(days=180)):
        second = grounds.judged(at, "2.7", see_cmm=False)
        grounds.judge_one(at, second, "2.7/unit/loan", "none")

        found = compare(at.organisation.id, 1, 2)
        assert found.moved(COPC) == Fraction(-10)
        assert found.compared(COPC) == (1, 2)
        assert (
            "over the 1 of 2 that both scored" in be(at.lead).get("/reviews/compare?first=1&second=2").words
        )


def test_points_dimensions_and_facts_are_put_side_by_side(at: Ground) -> None:
    two(at, "2.6", "2.7", "S1")

    found = by_id(at)

    assert set(found) == {"2.6", "2.7", "S1"}
    changed = found["2.7"]
    assert (changed.before, changed.maximum) == (Fraction(40), Fraction(40))
    assert changed.moved is not None
    assert changed.moved < 0
    assert ("approach", 100, 100) in changed.dimensions
    assert [(name, before) for name, before, after in changed.dimensions if before != after] == [
        ("deployment", 100)
    ]
    assert [(fact.key, fact.before, fact.after, fact.title) for fact in changed.facts] == [
        ("2.7/unit/loan", "full", "none", "Loan")
    ]
    assert not found["2.6"].changed
    assert [(fact.subject, fact.before, fact.after) for fact in found["S1"].facts] == [("feedback", "3", "2")]
    assert found["S1"].standard == SEE_CMM


def test_the_other_way_round_everything_is_reversed(at: Ground) -> None:
    two(at, "2.7", "S1")
    there = by_id(at)
    back = {element.id: element for element in compare(at.organisation.id, 2, 1).elements}

    for element, change in there.items():
        assert back[element].moved == -(change.moved or 0)
        assert [(fact.before, fact.after) for fact in back[element].facts] == [
            (fact.after, fact.before) for fact in change.facts
        ]


def test_the_totals_are_those_of_the_reports(at: Ground) -> None:
    two(at, "2.7", "S1")

    found = compare(at.organisation.id, 1, 2)

    moved = sum(element.moved or 0 for element in found.elements if element.standard == COPC)
    first, second = found.first[COPC].total, found.second[COPC].total
    assert first is not None
    assert second is not None
    assert second - first == moved


def test_a_review_under_way_is_compared_by_its_running_score(at: Ground) -> None:
    first = grounds.judged(at, "2.7")
    grounds.report(at, first)
    grounds.started(at, "2.6", "2.7")

    found = by_id(at)

    assert (found["2.7"].before, found["2.7"].after) == (Fraction(40), None)
    assert found["2.6"].before is None
    assert found["2.7"].moved is None
    assert any(fact.after == "" for fact in found["2.7"].facts)


def test_what_was_found_in_between_stands_with_its_item(at: Ground) -> None:
    two(at, "2.7", "S1")
    between = TODAY + timedelta(days=90)
    with clock.at(between):
        inside = factories.nonconformity(at.site, at.owner, element="2.7", state=NonconformityState.OPEN)
    with clock.at(TODAY - timedelta(days=90)):
        factories.nonconformity(at.site, at.owner, element="2.7", state=NonconformityState.OPEN)
    with clock.at(between):
        factories.nonconformity(at.site, at.owner, element="2.7", state=NonconformityState.VOID)
        other = grounds.lay()
        factories.nonconformity(other.site, other.owner, element="2.7", state=NonconformityState.OPEN)

    assert [record.number for record in by_id(at)["2.7"].found] == [inside.number]


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_shows_both_and_filters(at: Ground, be, language: str) -> None:
    two(at, "2.6", "2.7", "S1")
    pages = be(at.manager)

    page = pages.get("/reviews/compare", headers={"Accept-Language": language})
    assert "RV-0001" in page.words
    assert "RV-0002" in page.words
    rows = lambda query: pages.get(f"/reviews/compare?{query}").text.count('class="record-number">2.')  # noqa: E731
    assert rows("first=1&second=2&only=all") == 2
    assert rows("first=1&second=2") == 1
    assert rows("first=1&second=2&only=better") == 0
    assert rows("first=1&second=2&only=worse&standard=see-cmm") == 0
    assert rows("second=2") == 1
    assert rows("first=1") == 1


def test_the_page_without_two_reviews_says_so(at: Ground, be) -> None:
    pages = be(at.manager)
    assert "not two reviews" in pages.get("/reviews/compare").words
    grounds.started(at, "2.7")

    assert "not two reviews" in pages.get("/reviews/compare").words
    pages.get("/reviews/compare?first=1&second=1")
    pages.get("/reviews/compare?first=9", 404)
    pages.get("/reviews/compare?first=x", 404)


def test_a_review_that_is_asked_for_has_room_before_newer_ones_elsewhere(
    at: Ground, be, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(at, "2.7", "S1")
    elsewhere = factories.site(at.organisation)
    for _each in range(3):
        review = grounds.plan(at, "2.7", site_id=elsewhere.id)
        services.make_move(at.actor(at.lead), review, "start")
    monkeypatch.setattr(comparing, "CHOICES", 2)

    assert [each.number for each in comparing.list_choices(at.actor(at.lead))] == [5, 4]
    page = be(at.lead).get("/reviews/compare?second=2")

    assert 'value="1" selected' in page.text
    assert 'value="2" selected' in page.text


def test_reviews_of_other_sites_and_organisations_are_not_compared(at: Ground, be) -> None:
    two(at, "2.7", "S1")
    other = grounds.lay()
    elsewhere = factories.person(at.organisation, Role.QUALITY_MANAGER, at=factories.site(at.organisation))

    be(other.manager).get("/reviews/compare?first=1&second=2", 404)
    be(elsewhere).get("/reviews/compare?first=1&second=2", 404)


def test_the_page_takes_a_fixed_number_of_statements(at: Ground, be) -> None:
    two(at, "2.7", "S1")
    pages = be(at.manager)

    def count(query: str) -> int:
        path = f"/reviews/compare?{query}"
        pages.get(path)
        with counting() as statements:
            pages.get(path)
        return len(statements)

    small = count("first=1&second=2")
    for number in range(8):
        factories.nonconformity(
            at.site, at.owner, element="2.7", state=NonconformityState.OPEN, title=f"T{number}"
        )
    assert count("first=1&second=2") == small <= 15
    grounds.started(at)
    assert count("first=2&second=3") <= 20
