"""The boards of actions and of non-conformities: what a card that is sent to another column comes to."""

import re

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.conftest import make_client
from tests.factories import PASSWORD
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.actions.statements import count_statements
from tracker import boards, clock
from tracker.accounts.models import Person, Role
from tracker.boards import targets
from workflows.actions import ActionState
from workflows.nonconformities import NonconformityState

HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(loop.date(2026, 3, 2)):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


def send(pages: Pages, record, target: str, status: int = 200, kind: str = "actions", **kwargs):
    """Send a card to a column, by htmx unless told otherwise."""
    form = {"target": target, "version": record.version}
    kwargs.setdefault("headers", HTMX)
    return pages.post(f"/{kind}/{record.number}/board", form, status, **kwargs)


def column_of(text: str, number: int) -> str:
    """The state of the column in which a card stands."""
    before = text.split(f'id="card-{number}"')[0]
    return re.findall(r'data-board-column="([^"]+)"', before)[-1]


def test_every_state_is_a_column_and_counts_its_cards(app, at) -> None:
    loop.created(at)
    loop.created(at)
    loop.implementing(at)

    page = be(app, at.owner).get("/actions/board")

    assert re.findall(r'data-board-column="([^"]+)"', page.text) == [state.value for state in ActionState]
    counts = [int(each) for each in re.findall(r'</h2><span class="count"[^>]*>(\d+)<', page.text)]
    assert counts == [2, 0, 0, 0, 1, 0, 0, 0, 0]


def test_an_allowed_move_moves_the_card(app, at) -> None:
    action = loop.planned(at)

    answer = send(be(app, at.owner), action, "plan_review")

    assert action.state == ActionState.PLAN_REVIEW
    assert column_of(answer.text, action.number) == "plan_review"
    assert "HX-Trigger" in answer.headers
    assert "<!doctype" not in answer.text


def test_without_a_script_the_form_of_the_card_does_the_same(app, at) -> None:
    action = loop.planned(at)
    pages = be(app, at.owner)

    answer = send(pages, action, "plan_review", 303, headers={})
    assert answer.location.endswith(f"/actions/board?card={action.number}#card-{action.number}")
    refused = send(pages, action, "closed", 409, headers={})

    assert "<!doctype" in refused.text
    assert "Not from" in refused.words


def test_a_refused_move_says_every_reason_and_the_card_stays(app, at) -> None:
    action = loop.created(at)

    answer = send(be(app, at.owner), action, "analysing", 409)

    assert action.state == ActionState.DEFINING
    assert column_of(answer.text, action.number) == "defining"
    assert "does not say where" in answer.words
    assert "does not say since when" in answer.words


def test_a_column_that_no_move_leads_to_names_those_that_do(app, at) -> None:
    action = loop.implementing(at)

    answer = send(be(app, at.owner), action, "closed", 409)

    assert "Not from “implementing” to “closed”" in answer.words
    assert "follow-up" in answer.words


def test_what_follows_from_an_audit_is_made_by_nobody(app, at) -> None:
    action = loop.implemented(at)

    answer = send(be(app, at.owner), action, "monitoring", 409)

    assert "follows by itself" in answer.words
    assert action.state == ActionState.FOLLOW_UP


def test_a_move_of_other_roles_is_refused_in_words(app, at) -> None:
    action = loop.submitted(at)

    answer = send(be(app, at.owner), action, "implementing", 409)

    assert "With your roles" in answer.words


def test_a_signed_move_opens_its_dialog_and_writes_nothing(app, at) -> None:
    action = loop.submitted(at)

    answer = send(be(app, at.approver), action, "implementing")

    assert action.state == ActionState.PLAN_REVIEW
    assert "data-open-now" in answer.text
    assert 'name="event" value="approve_plan"' in answer.text
    assert 'name="password"' in answer.text
    assert action.criterion in answer.words


def answered(
    pages: Pages, record, target: str, event: str, status: int = 200, kind: str = "actions", **fields
):
    """Answer the dialog that a drop has opened."""
    form = {"target": target, "version": record.version, "event": event} | fields
    headers = fields.pop("headers", HTMX)
    return pages.post(f"/{kind}/{record.number}/board", form, status, headers=headers)


def focus_of(text: str) -> str:
    """The id of what takes the focus."""
    return re.findall(r'id="([^"]+)" data-focus', text)[-1]


def test_a_signed_dialog_leads_back_to_the_board_with_the_card_in_focus(app, at) -> None:
    action = loop.submitted(at)
    pages = be(app, at.approver)
    send(pages, action, "implementing")

    wrong = answered(
        pages, action, "implementing", "approve_plan", 422, password="not mine", reason="As agreed"
    )
    assert action.state == ActionState.PLAN_REVIEW
    assert "data-open-now" in wrong.text
    assert "password" in wrong.words
    assert "As agreed" in wrong.text

    done = answered(pages, action, "implementing", "approve_plan", password=PASSWORD, reason="As agreed")
    assert action.state == ActionState.IMPLEMENTING
    assert column_of(done.text, action.number) == "implementing"
    assert focus_of(done.text) == f"grip-{action.number}"
    assert "data-open-now" not in done.text
    assert "HX-Redirect" not in done.headers


def test_without_a_script_the_dialog_leads_back_to_the_board_too(app, at) -> None:
    action = loop.implementing(at)
    pages = be(app, at.owner)
    page = send(pages, action, "planning", headers={})
    assert 'name="event" value="revise_plan"' in page.text

    done = pages.post(
        f"/actions/{action.number}/board",
        {"target": "planning", "version": action.version, "event": "revise_plan", "reason": "A better way"},
        303,
    )

    assert action.state == ActionState.PLANNING
    assert f"/actions/board?card={action.number}" in done.location
    assert f'id="card-{action.number}"' in pages.get(done.location.partition("#")[0]).text


def test_a_dialog_that_comes_too_late_keeps_what_was_typed(app, at) -> None:
    action = loop.implementing(at)
    pages = be(app, at.owner)
    stale = action.version
    loop.services.edit_step(at.act(at.owner), action, {"read_across": "Elsewhere, too"})
    assert action.version != stale

    answer = pages.post(
        f"/actions/{action.number}/board",
        {"target": "planning", "version": stale, "event": "revise_plan", "reason": "A better way"},
        409,
        headers=HTMX,
    )

    assert action.state == ActionState.IMPLEMENTING
    assert "data-open-now" in answer.text
    assert "A better way" in answer.text


def test_a_dialog_sent_twice_is_taken_once(app, at) -> None:
    action = loop.implementing(at)
    pages = be(app, at.owner)
    form = {"target": "planning", "version": action.version, "event": "revise_plan", "reason": "Better"}

    for _each in range(2):
        answer = pages.post(
            f"/actions/{action.number}/board", form | {"once": "k1"}, headers=HTMX, status=200
        )
        assert column_of(answer.text, action.number) == "planning"


def test_a_card_that_was_moved_is_shown_on_whatever_page_it_stands(app, at) -> None:
    for _each in range(boards.PAGE + 2):
        loop.created(at)
    last = loop.planned(at)
    pages = be(app, at.owner)

    page = pages.get(f"/actions/board?card={last.number}")
    assert page.text.count(f'id="card-{last.number}"') == 1
    hidden = (
        max(int(each) for each in re.findall(r'id="card-(\d+)"', page.text) if int(each) != last.number) + 1
    )
    shown = pages.get(f"/actions/board?card={hidden}")

    assert f'id="card-{hidden}"' not in page.text
    assert column_of(shown.text, hidden) == "defining"
    following = re.search(r'rel="next" href="([^"]+)"', shown.text)
    assert following
    rest = pages.get(following[1].replace("&amp;", "&").replace(f"card={hidden}", ""))
    seen = set(re.findall(r'id="card-(\d+)"', shown.text + rest.text))
    assert len(seen) == boards.PAGE + 3


def test_a_move_with_a_reason_asks_for_it(app, at) -> None:
    action = loop.implementing(at)

    answer = send(be(app, at.owner), action, "planning")

    assert 'name="event" value="revise_plan"' in answer.text
    assert "required" in re.findall(r"<textarea[^>]*>", answer.text)[-1]


def test_a_card_that_somebody_moved_meanwhile_is_a_conflict(app, at) -> None:
    action = loop.planned(at)
    stale = action.version
    pages = be(app, at.owner)
    send(pages, action, "plan_review")

    answer = pages.post(
        f"/actions/{action.number}/board", {"target": "planning", "version": stale}, 409, headers=HTMX
    )

    assert action.state == ActionState.PLAN_REVIEW
    assert "Nothing was written." in answer.words
    assert "changed" in answer.words


@pytest.mark.parametrize("form", [{}, {"target": "nowhere"}, {"target": "analysing", "version": "x"}])
def test_what_is_no_move_is_not_found(app, at, form) -> None:
    action = loop.created(at)

    be(app, at.owner).post(f"/actions/{action.number}/board", {"version": 1} | form, 404)


def test_a_long_column_is_paged_and_counted_up_to_a_limit(app, at, monkeypatch) -> None:
    for _each in range(boards.PAGE + 3):
        loop.created(at)
    monkeypatch.setattr(boards, "COUNTED", 10)
    pages = be(app, at.owner)

    first = pages.get("/actions/board")
    more = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert more
    second = pages.get(more[1].replace("&amp;", "&"))

    assert first.text.count("data-board-card") == boards.PAGE
    assert second.text.count("data-board-card") == 3
    assert ">10+<" in first.text
    seen = set(re.findall(r'id="card-(\d+)"', first.text + second.text))
    assert len(seen) == boards.PAGE + 3


def test_the_board_takes_six_statements_at_most(app, at, db) -> None:
    pages = be(app, at.owner)
    loop.created(at)
    pages.get("/actions/board")
    with count_statements() as few:
        pages.get("/actions/board")
    for _each in range(boards.PAGE + 2):
        loop.created(at)
    db.session.commit()
    with count_statements() as many:
        pages.get("/actions/board")
    with count_statements() as records:
        pages.get("/nonconformities/board")

    assert len(few) == len(many) <= 6
    assert len(records) <= 6


def test_cards_of_sites_unseen_are_not_shown_and_not_moved(app, at) -> None:
    action = loop.planned(at)
    elsewhere = loop.factories.site(at.organisation)
    stranger = be(app, loop.factories.person(at.organisation, Role.QUALITY_MANAGER, at=elsewhere))

    assert "data-board-card" not in stranger.get("/actions/board").text
    assert "data-board-card" not in stranger.get("/nonconformities/board").text
    send(stranger, action, "plan_review", 404)


def test_targets_are_those_of_moves_that_people_make() -> None:
    assert [state for state, _title in targets("action", "follow_up")] == ["cancelled"]
    assert [state for state, _title in targets("action", "closed")] == []
    assert "correcting" not in dict(targets("nonconformity", "contained"))


# ---------------------------------------------------------------- non-conformities


def test_a_record_is_sent_on_from_the_board(app, at) -> None:
    record = at.nonconformity(state=NonconformityState.OPEN, accepted_at=None)
    pages = be(app, at.process_owner)
    board = pages.get("/nonconformities/board?owner=me")
    assert column_of(board.text, record.number) == "open"

    disputing = send(pages, record, "disputed", kind="nonconformities")
    assert 'name="event" value="dispute"' in disputing.text

    refused = send(pages, record, "verifying", 409, kind="nonconformities")
    assert "Not from “open”" in refused.words
    assert record.state == NonconformityState.OPEN


def test_a_move_that_asks_for_more_asks_on_the_board(app, at) -> None:
    record = at.nonconformity(state=NonconformityState.OPEN)
    pages = be(app, at.process_owner)

    asked = send(pages, record, "contained", kind="nonconformities")
    assert "data-open-now" in asked.text
    assert 'name="correction"' in asked.text

    empty = answered(pages, record, "contained", "contain", 409, kind="nonconformities", correction="")
    assert record.state == NonconformityState.OPEN
    assert "The correction is missing" in empty.errors()[0]
    assert "data-open-now" in empty.text

    done = answered(
        pages, record, "contained", "contain", kind="nonconformities", correction="Everybody was called back"
    )
    assert record.state == NonconformityState.CONTAINED
    assert record.correction == "Everybody was called back"
    assert column_of(done.text, record.number) == "contained"
    assert focus_of(done.text) == f"grip-{record.number}"
    assert "score-changed" in done.headers["HX-Trigger"]


def test_a_void_is_asked_for_on_the_board_fact_by_fact(app, at) -> None:
    record = at.nonconformity(state=NonconformityState.OPEN)
    loop.factories.pin(record, "2.7/line/2.7-1")
    pages = be(app, at.lead)

    asked = send(pages, record, "void", kind="nonconformities")

    assert re.search(r'name="settle-\d+"', asked.text)
    done = answered(pages, record, "void", "request_void", kind="nonconformities", reason="Seen twice")
    assert record.void_requested_by_id == at.lead.id
    assert column_of(done.text, record.number) == "open"


def test_a_draft_is_raised_from_the_board(app, at) -> None:
    record = at.nonconformity(
        state=NonconformityState.DRAFT, opened_at=None, accepted_at=None, raised_by_id=at.manager.id
    )

    answer = send(be(app, at.manager), record, "open", kind="nonconformities")

    assert record.state == NonconformityState.OPEN
    assert column_of(answer.text, record.number) == "open"
