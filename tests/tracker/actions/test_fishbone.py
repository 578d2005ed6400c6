"""The fishbone in the workspace of an action: ribs of one's own, causes lit as they are verified."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import START, UNIT, Ground
from tracker import clock
from tracker.actions import causes, services
from tracker.errors import Conflict, InvalidInput, RefusedMove
from workflows.kinds import CauseKind, VerificationMethod

HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


def test_ribs_are_chosen_and_causes_hang_on_them(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    action = loop.analysing(at, at.contained(UNIT))
    pages.sign_in(at.owner)
    address = f"/actions/{action.number}"
    assert "promotion" in pages.get(address).words

    form = {"ribs-version": action.version, "ribs-ribs": ["process", "machine"], "ribs-own": "电话线路\n"}
    part = pages.post(f"{address}/ribs", form, status=200, headers=HTMX)

    assert 'id="fishbone"' in part.text
    assert action.ribs == ["process", "machine", "own:电话线路"]
    assert "promotion" not in part.text
    opened = pages.get(f"{address}?open=why-0")
    assert 'value="own:电话线路"' in opened.text
    added = pages.post(
        f"{address}/causes",
        {"why-0-text": "线路忙", "why-0-rib": "own:电话线路", "why-0-kind": "root", "why-0-evidence": "日志"},
        status=200,
        headers=HTMX,
    )
    assert 'id="fishbone" class="stack gap-tight" hx-swap-oob="true"' in added.text
    assert "● 线路忙" in added.text


def test_a_verified_root_cause_lights_its_rib_until_its_words_change(at: Ground, pages: Pages) -> None:
    action = loop.analysing(at, at.contained(UNIT))
    actor = at.act(at.owner)
    cause = services.add_cause(actor, action, "No step", kind=CauseKind.ROOT, evidence="Seen", rib="process")
    services.verify_cause(actor, action, cause, VerificationMethod.OBSERVATION)
    address = f"/actions/{action.number}"

    assert "● No step ✓" in pages.sign_in(at.owner).get(address).text
    services.edit_cause(actor, action, cause, {"text": "No step there"})

    page = pages.get(address)
    assert "● No step there" in page.text
    assert "No step there ✓" not in page.text


def test_ribs_are_refused_in_words_with_what_was_typed(at: Ground, pages: Pages) -> None:
    action = loop.analysing(at, at.contained(UNIT))
    form = {"ribs-version": action.version, "ribs-ribs": [], "ribs-own": "x" * 40}

    page = pages.sign_in(at.owner).post(f"/actions/{action.number}/ribs", form, status=422)

    assert "at most 30" in page.words
    assert "x" * 40 in page.text
    assert action.ribs == []


def test_ribs_follow_the_rules_of_causes(at: Ground) -> None:
    action = loop.analysing(at, at.contained(UNIT))
    actor = at.act(at.owner)

    with pytest.raises(Conflict):
        causes.set_ribs(actor, action, ["process"], [], action.version - 1)
    with pytest.raises(InvalidInput):
        causes.set_ribs(actor, action, [], [])
    other = loop.submitted(at, at.contained(ground.LINE))
    with pytest.raises(RefusedMove):
        causes.set_ribs(actor, other, ["process"], [])
