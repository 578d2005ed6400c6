"""The shortest path: the plan of the scoring package, step by step, and what blocks in words."""

from dataclasses import replace
from fractions import Fraction

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import path, program, rescore
from scoring.results import CopcResult
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.scores import ahead
from tracker import clock
from tracker.database import db as database
from tracker.i18n import points, signed
from tracker.scores import shortest


@pytest.mark.parametrize("by", ["effort", "date"])
@pytest.mark.parametrize("goal", ["lenient", "points=1900", "points=1650"])
def test_the_plan_is_that_of_the_search(demo_app: Flask, goal: str, by: str) -> None:
    with ahead.inside(demo_app):
        ground = shortest.read_path_ground(ahead.actor("lin"), "chengdu")
        found = shortest.find(ground, ahead.COPC, goal, by)
        sheet = ahead.sheet_of("chengdu")
    planned = {gap.id: gap for gap in ground.now[ahead.COPC].sheet.gaps}
    gaps = tuple(
        replace(gap, ready_on=planned[gap.id].ready_on, needs=planned[gap.id].needs) for gap in sheet.gaps
    )
    plan = path.find(replace(sheet, gaps=gaps), goal, by)
    assert plan.feasible
    assert found.close == plan.close
    assert tuple(step.label for step in found.steps) == plan.order
    assert (found.effort, found.ready_on) == (plan.effort, plan.ready_on)
    assert found.after == plan.result.total == found.steps[-1].total
    done: set[str] = set()
    total = spent = Fraction(0)
    for step in found.steps:
        before = rescore.score(rescore.close(sheet, done))
        done.add(step.label)
        after = rescore.score(rescore.close(sheet, done))
        total, spent = after.total, spent + step.effort
        assert (step.total, step.change, step.effort_so_far) == (total, after.total - before.total, spent)
        assert dict(step.moved) == rescore.moved(before, after)
    assert sum(step.change for step in found.steps) == found.gain


def test_the_page_shows_the_plan_in_order(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        ground = shortest.read_path_ground(ahead.actor("lin"), "chengdu")
        found = shortest.find(ground, ahead.COPC, "lenient", "effort")
    page = ahead.pages(demo_app).get("/scores/path?site=chengdu&to=lenient&by=effort")
    places = [page.text.index(f'href="/nonconformities/{step.number}"') for step in found.steps]
    assert places == sorted(places)
    for step in found.steps:
        assert points(step.total, 1900) in page.words
    assert found.verdict in page.words
    assert f"ogether they bring {signed(found.gain)}" in page.words
    assert f"To be closed {len(found.steps)} / 18" in page.words
    assert "&amp;".join(f"close={name}" for name in found.close) in page.text


def test_what_blocks_is_told_in_words_with_links(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        best = rescore.simulate(ahead.sheet_of("chengdu")).after
    assert isinstance(best, CopcResult)
    page = ahead.pages(demo_app).get("/scores/path?site=chengdu&to=strict")
    assert "Not reachable by closing alone" in page.words
    assert points(best.total, 1900) in page.words
    short = next(condition.items for condition in best.conditions if condition.id == "category_4_full")
    assert short
    for name in short:
        assert f"/scores/items/{name}?" in page.text
    assert "Level (of results) 50 / 100" in page.words
    assert "category_4_full:" not in page.words


def test_points_beyond_reach_say_how_many_are_missing(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        best = rescore.simulate(ahead.sheet_of("chengdu")).after.total
    page = ahead.pages(demo_app).get("/scores/path?site=chengdu&to=points&points=1950&by=date")
    has, short = points(best, 1950), points(1950 - best)
    assert f"{has} of 1950.0 points with everything closed: {short} are missing." in page.words


def test_a_level_is_a_goal_too(demo_app: Flask) -> None:
    pages = ahead.pages(demo_app)
    page = pages.get("/scores/path?site=chengdu&standard=see-cmm&to=level&level=2")
    assert "Rows below the level" in page.words
    assert "level 1, asked for is 2" in page.words
    assert "/scores/items/S3?" in page.text
    reached = pages.get("/scores/path?site=chengdu&standard=see-cmm&to=level&level=1")
    assert "The goal is reached already" in reached.words
    with ahead.inside(demo_app):
        gain = rescore.simulate(ahead.sheet_of("chengdu", ahead.SEE_CMM)).after.total
    found = pages.get(f"/scores/path?site=chengdu&standard=see-cmm&to=points&points={gain}")
    assert "To be closed 2 / 2" in found.words


def test_where_the_goal_is_reached_nothing_is_planned(demo_app: Flask) -> None:
    page = ahead.pages(demo_app).get("/scores/path?site=suzhou")
    assert "The goal is reached already: nothing needs to be closed for it." in page.words


@pytest.mark.parametrize(
    ("query", "message", "kept"),
    [
        ("to=points&points=abc", "Enter a number of points, such as 1900.", 'value="abc"'),
        ("to=points&points=", "Enter a number of points.", 'value="points" id="to-2" checked'),
        ("to=points&points=2001", "Enter a number from 0 to 2000.", 'value="2001"'),
        ("to=points&points=-1", "Enter a number from 0 to 2000.", 'value="-1"'),
        ("to=strict&points=%3Cb%3E", "Enter a number of points, such as 1900.", 'value="&lt;b&gt;"'),
        ("to=soon&points=1800", "Choose one.", 'value="1800"'),
        ("to=level&level=3", "Choose one.", 'value="1900"'),
        ("to=strict&by=luck", "Choose one.", 'value="strict" id="to-0" checked'),
        ("standard=see-cmm&to=level&level=9", "Choose one.", 'value="level" id="to-0" checked'),
    ],
)
def test_a_question_that_makes_no_sense_comes_back(
    demo_app: Flask, query: str, message: str, kept: str
) -> None:
    page = ahead.pages(demo_app).get(f"/scores/path?site=chengdu&{query}", status=422)
    assert page.errors() == [message]
    assert kept in page.text
    assert "The plan" not in page.words


def test_without_the_solver_the_page_says_so(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_anything: object) -> None:
        raise program.SolverMissing

    monkeypatch.setattr(program.Program, "minimise", missing)
    page = ahead.pages(demo_app).get("/scores/path?site=chengdu&to=lenient")
    assert "needs the optional solver, and it is not installed here" in page.words
    assert "The plan" not in page.words


def test_the_plan_respects_what_waits_for_what(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        ahead.let_wait("NC-0008", "NC-0018")
        database.session.commit()
        ground = shortest.read_path_ground(ahead.actor("lin"), "chengdu")
        order = [step.label for step in shortest.find(ground, ahead.COPC, "lenient", "effort").steps]
    # On its own NC-0018 moves nothing; now the other cannot be closed without it.
    assert order.index("NC-0018") < order.index("NC-0008")
    page = ahead.pages(demo_app).get("/scores/path?site=chengdu&to=lenient")
    assert "after NC-0018" in page.words
    assert "nothing yet: it clears the way for the others" in page.words


def test_a_bundle_beats_its_parts(app: Flask, db: SQLAlchemy) -> None:
    site, lead, records = ahead.bundle(make.organisation())
    who = make.actor_for(lead)
    for record, day in zip(records, ("2020-01-31", "2999-12-31"), strict=True):
        record.due_on = make.day(day)
    db.session.commit()
    ground = shortest.read_path_ground(who, site.code)
    now = ground.now[ahead.COPC]
    best = rescore.simulate(now.sheet).after.total
    found = shortest.find(ground, ahead.COPC, f"points={best}", "effort")
    assert found.gain > found.alone > 0
    assert [step.ready_on for step in found.steps] == [clock.today(), make.day("2999-12-31")]
    page = Pages(make_client(app)).sign_in(lead).get(f"/scores/path?to=points&points={best}")
    assert "so the bundle beats its parts" in page.words


def test_the_demo_has_a_bundle_and_an_order(demo_app: Flask) -> None:
    """Two records on 3.2 bring nothing alone; one waits for the other, and that for the one on 3.1."""
    with ahead.inside(demo_app):
        ground = shortest.read_path_ground(ahead.actor("lin"), "chengdu")
        found = shortest.find(ground, ahead.COPC, "lenient", "effort")
    bundle = next(each for each in found.bundles if each.element == "3.2")
    names = [name for _number, name in bundle.numbers]
    pair = [name for name in names if ground.records[name].title.startswith(("培训内容", "两个职位"))]
    assert len(pair) == 2
    assert bundle.together > bundle.alone
    steps = {step.label: step for step in found.steps}
    assert all(steps[name].alone == 0 for name in pair)
    order = [step.label for step in found.steps]
    content, coverage = pair
    assert steps[coverage].needs == (content,)
    assert order.index("NC-0014") < order.index(content) < order.index(coverage)
    days = [steps[name].ready_on for name in ("NC-0014", content, coverage)]
    assert days == sorted(day for day in days if day)
    page = ahead.pages(demo_app).get("/scores/path?site=chengdu&to=lenient&by=effort")
    assert "What pays only together" in page.words
    assert f"after {content}" in page.words
    assert f"together {signed(bundle.together)}" in page.words
