"""When actions can be finished, and the page of bars that shows it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.actions.statements import count_statements
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.actions import network, services
from tracker.actions.models import Action
from tracker.actions.timeline import get_prospect

MONDAY = loop.date(2026, 3, 2)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(MONDAY):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


def sized(at, days: int, title: str = "Callbacks on time") -> Action:
    """An action whose whole takes so many working days."""
    action = loop.created(at)
    action.effort, action.title = loop_fraction(days), title
    return action


def loop_fraction(days: int):
    from fractions import Fraction

    return Fraction(days)


def chain(at) -> tuple[Action, Action, Action]:
    """Five days, then three; two days beside them, for both of which the last waits."""
    first, side, last = sized(at, 5, "First"), sized(at, 2, "Beside"), sized(at, 3, "Last")
    manager = at.act(at.manager)
    services.add_dependency(manager, last, first)
    services.add_dependency(manager, last, side)
    return first, side, last


def test_the_longest_chain_is_critical_and_the_rest_may_slip(at) -> None:
    first, side, last = chain(at)

    found = network.places(network.load_network(first.organisation_id, [side.id]))

    assert [found[each.id].critical for each in (first, side, last)] == [True, False, True]
    assert [found[each.id].slack for each in (first, side, last)] == [0, 3, 0]
    assert found[first.id].finish == MONDAY + timedelta(days=4)
    assert found[last.id].finish == MONDAY + timedelta(days=9)
    assert found[last.id].path == (first.id, last.id)


def test_what_is_implemented_holds_nothing_up(at) -> None:
    done = loop.implemented(at)
    waits = sized(at, 2)
    services.add_dependency(at.act(at.manager), waits, done)

    prospect = get_prospect(waits)

    assert prospect.finish_on == MONDAY + timedelta(days=1)
    assert [each.number for each in get_prospect(done).waiting] == [waits.number]


def test_open_tasks_say_how_long_it_takes(at) -> None:
    action = loop.planned(at)
    action.effort = loop_fraction(40)
    services.edit_task(
        at.act(at.owner),
        action,
        services.get_task(action, loop.queries.load_case(action).tasks[0].id),
        {"effort": loop_fraction(2)},
    )

    assert get_prospect(action).finish_on == MONDAY + timedelta(days=1)


def test_what_cannot_be_finished_in_time_says_so_before_it_is_overdue(at) -> None:
    action = sized(at, 60)

    prospect = get_prospect(action)

    assert prospect.due_on > clock.today()
    assert prospect.late


def test_the_schedule_of_an_action_names_the_path_and_who_waits(app, at) -> None:
    first, _side, last = chain(at)
    pages = be(app, at.owner)

    page = pages.get(f"/actions/{first.number}/schedule")
    fragment = pages.get(f"/actions/{first.number}/schedule", headers={"HX-Request": "true"})

    assert "critical path" in page.words.lower()
    assert f"/actions/{last.number}" in page.text
    assert "Waiting for it" in fragment.words
    assert "<!doctype" not in fragment.text
    assert f"/actions/{first.number}/schedule" in pages.get(f"/actions/{first.number}").text


def test_the_timeline_draws_bars_arrows_and_a_table(app, at) -> None:
    first, side, last = chain(at)
    closed = loop.implemented(at)

    page = be(app, at.owner).get("/actions/timeline")

    for action in (first, side, last, closed):
        assert action.title in page.words
    assert page.text.count("gantt-arrow") >= 2
    assert "gantt-arrow-critical" in page.text
    assert page.text.count("<tr>") >= 4
    assert "Today" in page.words
    assert "style=" not in page.text


def test_the_timeline_is_narrowed_and_paged_by_its_address(app, at, monkeypatch) -> None:
    for action in chain(at):
        action.due_on = clock.today() + timedelta(days=4000)
    pages = be(app, at.owner)
    monkeypatch.setattr("tracker.actions.timeline.get_timeline.__defaults__", (2,))

    first = pages.get("/actions/timeline")
    forward = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert forward
    second = pages.get(forward[1].replace("&amp;", "&"))

    assert first.text.count('<li><a class="truncate"') == 2
    assert second.text.count('<li><a class="truncate"') == 1
    assert "No action fits" in pages.get("/actions/timeline?state=closed").words
    assert "First" in pages.get("/actions/timeline?owner=me&overdue=0").words
    assert "First" not in pages.get("/actions/timeline?overdue=1").words


def test_the_timeline_asks_the_same_however_many_it_shows(app, at, db) -> None:
    pages = be(app, at.owner)
    chain(at)
    pages.get("/actions/timeline")
    with count_statements() as few:
        pages.get("/actions/timeline")
    for _each in range(5):
        chain(at)
    db.session.commit()
    with count_statements() as many:
        pages.get("/actions/timeline")

    assert len(many) == len(few)
    assert len(many) <= 12


def test_an_action_of_a_site_unseen_is_not_on_the_timeline(app, at) -> None:
    loop.created(at)
    elsewhere = loop.factories.site(at.organisation)
    stranger = loop.factories.person(at.organisation, Role.ACTION_OWNER, at=elsewhere)

    assert "Callbacks" not in be(app, stranger).get("/actions/timeline?state=all").words
    be(app, stranger).get("/actions/1/schedule", status=404)
