"""What-if: what the page shows is what the closures would bring, and the address holds the question."""

from fractions import Fraction
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import rescore
from scoring.results import CopcResult
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.scores import ahead
from tracker import clock
from tracker.database import add
from tracker.database import db as database
from tracker.i18n import points, signed
from tracker.numbering import label
from tracker.reviews.models import Overrule
from tracker.scores import sheets
from tracker.scores.ground import without_circles
from tracker.scores.models import Cause
from tracker.scores.promises import promise
from tracker.scores.services import Why, rescore_site
from tracker.scores.whatif import get_what_if_page

SETS = [(), ("NC-0009",), ("NC-0009", "NC-0013", "NC-0020"), ("NC-0016", "NC-0017", "NC-0018", "NC-0025")]


@pytest.mark.parametrize("close", SETS)
def test_both_standards_move_as_the_simulation_says(demo_app: Flask, close: tuple[str, ...]) -> None:
    with ahead.inside(demo_app):
        page = get_what_if_page(ahead.actor("lin"), "chengdu", close)
        simulated = {}
        for standard in (ahead.COPC, ahead.SEE_CMM):
            sheet = ahead.sheet_of("chengdu", standard)
            known = {gap.id for gap in sheet.gaps}
            simulated[standard] = rescore.simulate(sheet, [name for name in close if name in known])
    for outlook in page.outlooks:
        wanted = simulated[outlook.standard]
        assert (outlook.before, outlook.after) == (wanted.before.total, wanted.after.total)
        assert {row.id: row.change for row in outlook.rows if row.change} == dict(wanted.moved)
        if isinstance(wanted.after, CopcResult):
            status = {True: "holds", False: "fails", None: "unknown"}
            assert [each.after for each in outlook.conditions] == [
                status[c.holds] for c in wanted.after.conditions
            ]
    assert len(page.outlooks) == 2
    shown = ahead.pages(demo_app).get(
        f"/scores/what-if?{urlencode({'site': 'chengdu', 'close': close}, doseq=True)}"
    )
    for outlook in page.outlooks:
        after = points(outlook.after, outlook.mark)
        change = signed(outlook.change) if outlook.change else "±0"
        assert f"{points(outlook.before, outlook.mark)} {after} {change}" in shown.words
    for choice in page.choices:
        if choice.pinned:
            ticked = f'value="{choice.label}" id="close-{choice.number}" checked' in shown.text
            assert ticked == (choice.label in close)


def test_closing_all_turns_the_lenient_verdict(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        who = ahead.actor("lin")
        names = [choice.label for choice in get_what_if_page(who, "chengdu", ()).choices]
        copc = get_what_if_page(who, "chengdu", names).outlooks[0]
        after = rescore.simulate(ahead.sheet_of("chengdu")).after
    assert isinstance(after, CopcResult)
    assert copc.verdict_moves
    assert copc.verdict_after == after.verdict.label.en
    assert {each.id for each in copc.conditions if each.flips} == {
        "total",
        "approach_1_3",
        "category_4_approach",
    }
    assert ("lenient", 0, 3, 3) in copc.readings
    query = urlencode({"site": "chengdu", "close": names}, doseq=True)
    page = ahead.pages(demo_app).get(f"/scores/what-if?{query}")
    assert page.words.count("turns") == 3
    assert after.verdict.label.en in page.words


def test_one_tick_is_what_the_record_promises(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        who = ahead.actor("lin")
        record = ahead.record("NC-0013")
        promised = promise(who.organisation_id, record.id).of(ahead.COPC)
        found = get_what_if_page(who, "chengdu", ["NC-0013"]).outlooks[0]
    assert promised is not None
    assert (found.before, found.after) == (promised.before, promised.after)


def test_a_tick_is_answered_by_the_part_that_changes(demo_app: Flask) -> None:
    pages = ahead.pages(demo_app)
    whole = pages.get("/scores/what-if?site=chengdu&close=NC-0009")
    part = pages.get("/scores/what-if?site=chengdu&close=NC-0009", headers={"HX-Request": "true"})
    assert part.text.startswith('<div id="what-if"')
    assert part.words in whole.words
    assert 'hx-push-url="true"' in part.text
    assert 'method="get"' in part.text
    assert 'type="submit"' in part.text


def test_an_old_address_names_what_is_open_no_more(demo_app: Flask) -> None:
    page = ahead.pages(demo_app).get("/scores/what-if?site=chengdu&close=NC-0007&close=%3Cb%3E&close=NC-0009")
    assert "Left out, because it is not open at this site: NC-0007, <B>" in page.words
    assert "1 ticked" in page.words


def test_what_waits_for_another_is_said(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        ahead.let_wait("NC-0013", "NC-0014")
        database.session.commit()
    pages = ahead.pages(demo_app)
    alone = pages.get("/scores/what-if?site=chengdu&close=NC-0013").words
    assert "NC-0013 waits for NC-0014" in alone
    both = pages.get("/scores/what-if?site=chengdu&close=NC-0013&close=NC-0014").words
    assert "as planned it cannot be closed before" not in both


def test_records_that_wait_for_each_other_close_together() -> None:
    assert without_circles([(1, 2), (2, 1), (3, 1), (4, 3)]) == {3: (1,), 4: (3,)}
    assert without_circles([]) == {}


def test_nothing_to_tick_says_so(demo_app: Flask) -> None:
    assert "no closure can move the score" in ahead.pages(demo_app).get("/scores/what-if?site=suzhou").words


@pytest.mark.usefixtures("db")
def test_parts_of_a_bundle_move_less_than_the_bundle() -> None:
    _site, lead, records = ahead.bundle(make.organisation())
    who, names = make.actor_for(lead), [f"NC-{record.number:04d}" for record in records]
    single = [get_what_if_page(who, "east", [name]).outlooks[0].change for name in names]
    both = get_what_if_page(who, "east", names).outlooks[0].change
    assert both > sum(single, Fraction(0)) > 0


def test_an_overruled_dimension_is_named_when_its_record_is_ticked(app: Flask, db: SQLAlchemy) -> None:
    site, lead, records = ahead.bundle(make.organisation())
    facts = sheets.current_set(site.organisation_id, site.id, ahead.COPC)
    assert facts is not None
    add(
        Overrule(organisation_id=site.organisation_id, fact_set_id=facts.id, element="1.1", dimension="approach",
                 score=75, reason="seen on site", person_id=lead.id, at=clock.now())
    )  # fmt: skip
    rescore_site(site.organisation_id, site.id, Why(Cause.OVERRULE), make.actor_for(lead))
    name = label("nonconformity", records[0].number)
    pages = Pages(make_client(app)).sign_in(lead)

    assert "it is overruled" not in pages.get(f"/scores/what-if?site={site.code}").words
    ticked = pages.get(f"/scores/what-if?site={site.code}&close={name}").words
    assert f"closing {name} moves nothing in the approach of 1.1: it is overruled" in ticked


def test_the_totals_of_both_standards_stand_in_the_bar_of_a_phone(demo_app: Flask) -> None:
    page = ahead.pages(demo_app).get("/scores/what-if?site=chengdu&close=NC-0009")
    bar = page.text[page.text.index("totals-bar") : page.text.index("split-sticky")]

    assert bar.count("delta") >= 2
    assert "COPC CSP" in bar
    assert "SEE-CMM" in bar
