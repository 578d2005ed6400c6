"""While a finding is written down: what it may be the same as, one press to make it a repeat, and its grade."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import LINE, OTHER_LINE, START, UNIT, Ground
from tracker import clock, timeline
from tracker.database import db as database
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.naming import key_words
from tracker.nonconformities.repeats import find_matches
from tracker.organisations.models import Unit
from workflows.kinds import CauseKind, Grade
from workflows.nonconformities import NonconformityState as State
from workflows.repeats import Finding

REGISTER = "/nonconformities/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


def typed(at: Ground, *keys: str, **fields: object) -> dict[str, object]:
    return {
        "title": "Nobody writes complaints down",
        "grade": "minor",
        "source": "complaint",
        "evidence": "Three customers",
        "owner": at.process_owner.id,
        "pins": [f"copc-2000-csp|{key}|" for key in keys],
        **fields,
    }


def closed_lately(record: Nonconformity) -> Nonconformity:
    """Requests live today, so a record closed in the spring of the fixture is moved near."""
    record.closed_at = datetime.now(UTC)
    database.session.flush()
    return record


def matches(at: Ground, **finding: object) -> list[tuple[int, str]]:
    found = find_matches(at.actor("auditor"), at.site.id, Finding(**finding))
    return [(each.number, each.match) for each in found]


# ---------------------------------------------------------------- finding them


def test_same_facts_are_carried_by_an_open_record_and_come_back_from_a_closed_one(at: Ground) -> None:
    opened = at.opened(LINE)
    closed = at.closed(OTHER_LINE, title="Something else")

    with clock.at(closed.closed_at):
        assert matches(at, facts=frozenset({LINE})) == [(opened.number, "carried")]
        assert matches(at, facts=frozenset({OTHER_LINE})) == [(closed.number, "repeat")]
        assert matches(at, facts=frozenset({UNIT})) == []


def test_the_same_item_and_category_of_cause(at: Ground) -> None:
    from tracker.actions.models import Cause

    closed = at.closed(LINE)
    cause = database.session.execute(sa.select(Cause).where(Cause.kind == CauseKind.ROOT)).scalars().first()
    cause.rib = "procedures"
    database.session.flush()

    with clock.at(closed.closed_at):
        assert matches(at, elements=frozenset({"2.7"}), cause="procedures") == [(closed.number, "repeat")]
        assert matches(at, elements=frozenset({"2.7"}), cause="people") == []
        assert matches(at, elements=frozenset({"2.1"}), cause="procedures") == []


@pytest.mark.parametrize("title", ["投诉记录缺失", "客户投诉没有记录", "Recording of complaints"])
def test_words_find_what_is_alike_in_both_languages(at: Ground, title: str) -> None:
    chinese = at.opened(LINE, title="客户投诉记录缺失", statement="")
    english = at.opened(OTHER_LINE, title="Complaints without recording", statement="")
    at.opened(UNIT, title="流失率过高 Attrition", statement="")

    found = matches(at, title=title)

    wanted = english if title.isascii() else chinese
    assert [number for number, _match in found] == [wanted.number]


def test_nothing_of_other_sites_or_organisations_is_shown(at: Ground) -> None:
    at.opened(LINE)
    other = factories.organisation()
    site = factories.site(other)
    person = factories.person(other, ground.Role.AUDITOR, at=site)

    finding = Finding(
        facts=frozenset({LINE}), title="Complaints are not recorded", elements=frozenset({"2.7"})
    )

    assert find_matches(at.act(person), site.id, finding) == ()


def test_looking_takes_a_few_statements_however_many_there_are(at: Ground) -> None:
    for _each in range(12):
        at.opened(LINE)
    finding = Finding(
        facts=frozenset({LINE}), elements=frozenset({"2.7"}), cause="process", title="Complaints are recorded"
    )

    auditor = at.actor("auditor")

    with counting() as statements:
        found = find_matches(auditor, at.site.id, finding)

    assert len(found) == 6
    assert len(statements) <= 4


# ---------------------------------------------------------------- while writing


def test_what_is_carried_already_is_shown_as_one_types(at: Ground, pages: Pages) -> None:
    record = at.opened(LINE)
    pages.sign_in(at.auditor)

    part = pages.get(
        f"{REGISTER}advice?site={at.site.code}&title=Complaints&grade=minor&pins=copc-2000-csp|{LINE}|",
        headers=HTMX,
    )

    assert f"NC-{record.number:04d}" in part.words
    assert "already carried by it" in part.words
    assert f'name="looked" value="{record.number}"' in part.text


def test_the_facts_that_are_shared_are_called_by_their_names(at: Ground, pages: Pages) -> None:
    at.opened(LINE)
    at.opened(UNIT)
    unit = database.session.execute(sa.select(Unit).where(Unit.code == "loan")).scalar_one()
    unit.name_en = "Consumer loans"
    pages.sign_in(at.auditor)

    part = pages.get(
        f"{REGISTER}advice?site={at.site.code}&title=T&grade=minor"
        f"&pins=copc-2000-csp|{LINE}|&pins=copc-2000-csp|{UNIT}|",
        headers=HTMX,
    )

    assert f"2.7 · Line {LINE.rpartition('/')[2]}" in part.words
    assert "2.7 · Deployed in Consumer loans" in part.words
    assert LINE not in part.words
    assert UNIT not in part.words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("2.7/line/2.7-1", "2.7 · Line 2.7-1"),
        ("2.1/unit/loan", "2.1 · Deployed in loan"),
        ("4.4/metric/recontact/meets_target", "4.4 · recontact: meets its target"),
        ("4.4/metric/recontact/cui", "4.4 · recontact: collected, usable, with integrity"),
        ("S1/row/feedback", "S1 · Feedback mechanism in place"),
        ("no key", "no key"),
    ],
)
def test_history_says_the_key_of_a_fact_in_words(app: Flask, key: str, words: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert key_words(key) == words
        assert timeline.field_label(key) == (words if "/" in key else key)


def test_without_script_it_is_shown_on_submit_and_the_second_press_writes(
    at: Ground, pages: Pages, db: SQLAlchemy
) -> None:
    record = at.opened(LINE)
    pages.sign_in(at.auditor)
    address = f"{REGISTER}new?site={at.site.code}&element=2.7"

    page = pages.post(address, typed(at, LINE), status=422)
    assert "Look at NC-0001 first" in page.words
    assert page.value("title") == "Nobody writes complaints down"
    made = pages.post(address, typed(at, LINE, looked=[record.number]), status=303)

    assert made.location == f"{REGISTER}{record.number + 1}"


def test_one_press_makes_it_a_repeat_graded_major(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    closed = closed_lately(at.closed(LINE))
    pages.sign_in(at.auditor)
    address = f"{REGISTER}new?site={at.site.code}&element=2.7"

    shown = pages.post(address, typed(at, LINE), status=422)
    assert "Repeat of NC-0001, major" in shown.words
    page = pages.post(address, typed(at, LINE, use_repeat=closed.number), status=200)
    assert page.value("repeat_of") == "NC-0001"
    assert '<option selected value="major">' in page.text
    made = pages.post(address, typed(at, LINE, grade="major", repeat_of="NC-0001"), status=303)

    record = db.session.execute(sa.select(Nonconformity).where(Nonconformity.id != closed.id)).scalar_one()
    assert made.location == f"{REGISTER}{record.number}"
    assert (record.repeat_of_id, record.grade, record.state) == (closed.id, Grade.MAJOR, State.DRAFT)


def test_a_form_that_comes_again_does_not_find_itself(at: Ground, pages: Pages) -> None:
    pages.sign_in(at.auditor)
    address = f"{REGISTER}new?site={at.site.code}&element=2.7"
    record = pages.post(address, typed(at, LINE, once="k1"), status=303)

    assert pages.post(address, typed(at, LINE, once="k1"), status=303).location == record.location


def test_questions_and_facts_propose_a_grade(at: Ground, pages: Pages) -> None:
    pages.sign_in(at.auditor)
    address = f"{REGISTER}advice?site={at.site.code}"

    assert "Proposed grade: minor" in pages.get(f"{address}&pins=copc-2000-csp|2.1/unit/loan|").words
    deployed = pages.get(f"{address}&pins=copc-2000-csp|{UNIT}|&asked=absent")
    assert "Proposed grade: major" in deployed.words
    assert "Proposed grade: observation" in pages.get(f"{address}&asked=may_become").words
    page = pages.post(f"{REGISTER}new?site={at.site.code}", typed(at, use_grade="observation"), status=200)
    assert '<option selected value="observation">' in page.text


def test_the_third_minor_on_an_item_is_hinted_at(at: Ground, pages: Pages) -> None:
    at.opened(LINE)
    address = f"{REGISTER}advice?site={at.site.code}&grade=minor&pins=copc-2000-csp|{UNIT}|"
    pages.sign_in(at.auditor)

    assert "open minors on one item" not in pages.get(address).words
    at.opened(OTHER_LINE)

    assert "3 open minors on one item" in pages.get(address).words
    assert "open minors on one item" not in pages.get(address.replace("minor", "major")).words
