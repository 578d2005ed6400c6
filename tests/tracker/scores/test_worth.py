"""What open non-conformities are worth: the numbers of the scoring package, in an order that pays."""

from fractions import Fraction

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import attribution, rescore
from scoring.attribution import attribute
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.scores import ahead
from tracker.i18n import points, signed
from tracker.scores.worth import SORTS, get_worth_page


@pytest.mark.parametrize("standard", [ahead.COPC, ahead.SEE_CMM])
def test_the_numbers_are_those_of_the_attribution(demo_app: Flask, standard: str) -> None:
    with ahead.inside(demo_app):
        expected = attribute(ahead.sheet_of("chengdu", standard))
        page = get_worth_page(ahead.actor("lin"), "chengdu", standard, "number")
        found = {row.label: (row.alone, row.last, row.share, row.error) for row in page.rows}
        wanted = {name: (w.alone, w.last, w.share, w.error) for name, w in expected.gaps.items()}
    assert found == wanted
    assert page.gain == expected.gain == sum(row.share for row in page.rows)
    assert [row.label for row in page.rows] == sorted(wanted)
    shown = ahead.pages(demo_app).get(f"/scores/worth?site=chengdu&standard={standard}")
    for row in page.rows:
        assert f'href="/nonconformities/{row.number}"' in shown.text
        assert row.rate == row.share / row.effort
        assert points(row.rate) in shown.words
    assert f"The shares add up to the gain {signed(page.gain)}" in shown.words
    assert "averaged over every order of closing" in shown.words


def test_actions_are_worth_what_they_answer(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        sheet = ahead.sheet_of("chengdu")
        shares = attribute(sheet).gaps
        actions = get_worth_page(ahead.actor("lin"), "chengdu", ahead.COPC, "").actions
        now = rescore.score(sheet).total
        for row in actions:
            assert row.together == rescore.score(rescore.close(sheet, row.answers)).total - now
            assert row.share == sum(shares[name].share for name in row.answers)
    assert len(actions) > 5
    rates = [row.rate for row in actions]
    assert rates == sorted(rates, reverse=True)
    page = ahead.pages(demo_app).get("/scores/worth?site=chengdu")
    places = [page.text.index(f'href="/actions/{row.action.number}"') for row in actions]
    assert places == sorted(places)


def test_what_pays_most_comes_first_and_every_column_sorts(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        who = ahead.actor("lin")
        pays = get_worth_page(who, "chengdu", ahead.COPC, "").rows
        assert [row.rate for row in pays] == sorted((row.rate for row in pays), reverse=True)
        for key in SORTS:
            up = get_worth_page(who, "chengdu", ahead.COPC, key).rows
            down = get_worth_page(who, "chengdu", ahead.COPC, f"-{key}").rows
            assert {row.number for row in up} == {row.number for row in down}
            if key != "due":
                values = [getattr(row, key) for row in up]
                assert values == sorted(values)
                assert [getattr(row, key) for row in down] == values[::-1]
        days = [row.due_on for row in get_worth_page(who, "chengdu", ahead.COPC, "due").rows]
        assert days == sorted(days, key=lambda day: (day is None, day))
    page = ahead.pages(demo_app).get("/scores/worth?site=chengdu&sort=due", headers={"HX-Request": "true"})
    assert page.text.startswith('<div id="worth"')
    assert 'aria-sort="ascending"' in page.text


def test_what_costs_nothing_stands_above_all(app: Flask, db: SQLAlchemy) -> None:
    _site, lead, (free, _other) = ahead.bundle(make.organisation(), efforts=(0, 1))
    page = get_worth_page(make.actor_for(lead), "east", ahead.COPC, "")
    assert page.rows[0].number == free.number
    assert page.rows[0].rate is None
    assert "takes no effort" in Pages(make_client(app)).sign_in(lead).get("/scores/worth").text


def test_an_effort_counts_from_the_moment_it_is_changed(app: Flask, db: SQLAlchemy) -> None:
    _site, lead, (first, _second) = ahead.bundle(make.organisation())
    first.effort = Fraction(7, 2)
    db.session.flush()
    rows = get_worth_page(make.actor_for(lead), "east", ahead.COPC, "number").rows
    assert rows[0].effort == Fraction(7, 2)


def test_sampled_shares_carry_their_error(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "MOST_COMBINATIONS", 1)
    with ahead.inside(demo_app):
        page = get_worth_page(ahead.actor("lin"), "chengdu", ahead.COPC, "number")
    assert not page.exact
    assert sum(row.share for row in page.rows) == page.gain
    shown = ahead.pages(demo_app).get("/scores/worth?site=chengdu")
    assert "the shares are sampled" in shown.words


def test_nothing_open_and_nothing_reported_say_so(demo_app: Flask) -> None:
    pages = ahead.pages(demo_app)
    assert "No open non-conformity holds a fact" in pages.get("/scores/worth?site=suzhou").words
    assert (
        "has been reported under this standard"
        in pages.get("/scores/worth?site=suzhou&standard=see-cmm").words
    )
    pages.get("/scores/worth?site=chengdu&standard=iso", status=404)


@pytest.mark.parametrize("path", ["worth", "what-if", "path"])
def test_a_site_unseen_is_no_site(demo_app: Flask, path: str) -> None:
    pages = ahead.pages(demo_app, "he")
    pages.get(f"/scores/{path}?site=chengdu", status=404)
    page = pages.get(f"/scores/{path}?site=suzhou")
    assert "Chengdu" not in page.words
    assert pages.get(f"/scores/{path}").words.count("Suzhou") == page.words.count("Suzhou")


@pytest.mark.parametrize(("path", "most"), [("worth", 5), ("what-if", 7), ("path", 7)])
def test_the_statements_do_not_grow_with_what_is_open(demo_app: Flask, path: str, most: int) -> None:
    pages = ahead.pages(demo_app)
    counts = set()
    for site in ("suzhou", "chengdu"):
        pages.get(f"/scores/{path}?site={site}")
        with counting() as statements:
            pages.get(f"/scores/{path}?site={site}")
        counts.add(len(statements))
    assert len(counts) == 1
    assert counts.pop() <= most


def test_the_pages_speak_chinese(demo_app: Flask) -> None:
    pages = ahead.pages(demo_app, language="zh-CN")
    assert "分摊之和等于总增益" in pages.get("/scores/worth?site=chengdu").words
    assert "工作量" in pages.get("/scores/what-if?site=chengdu&close=NC-0009").words
    assert "受阻之处" in pages.get("/scores/path?site=chengdu").words


@pytest.mark.parametrize("name", ["NC-0009", "NC-0013", "NC-0030"])
def test_the_record_shows_its_points_and_where_to_look_ahead(demo_app: Flask, name: str) -> None:
    with ahead.inside(demo_app):
        sheet = ahead.sheet_of("chengdu")
        worth = attribute(sheet).gaps[name]
        number = ahead.record(name).number
    browser = ahead.pages(demo_app)
    browser.get(f"/nonconformities/{number}/worth")

    with counting() as statements:
        page = browser.get(f"/nonconformities/{number}/worth")

    assert len(statements) <= 20
    shown = {"Alone": worth.alone, "As the last one": worth.last, "Share": worth.share}
    for title, value in shown.items():
        assert f"{title} {signed(value) if value else '0'}" in page.words
    assert f"close={name}" in page.text
    assert "See the path" in page.words


def test_an_action_shows_what_its_records_are_worth_together(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        row = get_worth_page(ahead.actor("lin"), "chengdu", ahead.COPC, "").actions[0]
    page = ahead.pages(demo_app).get(f"/actions/{row.action.number}/worth", headers={"HX-Request": "true"})

    assert f"Together {signed(row.together)}" in page.words
    assert f"Share {signed(row.share)}" in page.words
    assert all(f"close={name}" in page.text for name in row.answers)
