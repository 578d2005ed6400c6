"""What goes wrong on the way, in a real browser: a plan that did not work, a card that may not move, a deadline."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests.journeys.company import PASSWORD, SITE
from tests.journeys.desks import (
    ANALYSE,
    SOLVE,
    WINDOW,
    Journey,
    close_the_action,
    follow_up,
    judge_the_effect,
)
from tests.tracker.actions import loop
from tracker.accounts.models import Person
from tracker.actions.models import Action
from tracker.database import db
from tracker.moves import Signing
from tracker.organisations.models import Organisation, Site

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture(autouse=True)
def signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is signed before a walk begins is signed with the company's password."""
    monkeypatch.setattr(loop, "SIGNED", Signing(PASSWORD, {"seen": "everything"}))


@pytest.fixture
def walk(journey: Journey) -> Iterator[Journey]:
    """A journey that ends without a fault in any browser."""
    yield journey
    faults = {key: desk.seat.faults for key, desk in journey.desks.items() if desk.seat.faults}
    assert faults == {}


def company(journey: Journey) -> loop.Company:
    """The people of the journey, as the services know them."""
    people = {
        key: db.session.execute(sa.select(Person).where(Person.email == colleague.email)).scalar_one()
        for key, colleague in journey.colleagues.items()
    }
    return loop.Company(
        db.session.execute(sa.select(Organisation)).scalar_one(),
        db.session.execute(sa.select(Site).where(Site.code == SITE)).scalar_one(),
        process_owner=people["owner"],
        owner=people["worker"],
        approver=people["approver"],
        auditor=people["auditor"],
        lead=people["lead"],
        manager=people["manager"],
    )


def begin(journey: Journey, stage) -> tuple[int, int]:
    """Bring an action to where a walk begins; the numbers of its non-conformity and its own."""
    with journey.server.app.app_context():
        at = company(journey)
        gap = at.nonconformity()
        action: Action = stage(at, gap)
        db.session.commit()
        return gap.number, action.number


def test_what_did_not_work_is_analysed_again_and_works_the_second_time(walk: Journey) -> None:
    gap, action = begin(walk, loop.implemented)
    walk.wait(WINDOW + 3)
    follow_up(walk, gap, "effectiveness", works=False)

    worker, approver = walk.worker, walk.approver
    worker.go(f"/nonconformities/{gap}")
    worker.state("correcting")
    worker.go(f"/actions/{action}")
    worker.state("analysing")
    worker.see("1 time not effective", ".page-head-line")
    worker.shot("back-to-analysis")
    find_another_cause(walk)
    plan_what_removes_it(walk)

    approver.go(f"/actions/{action}")
    approver.see("What changed since the approval", SOLVE)
    approver.see("Sort by the time promised", "#changes")
    approver.shot("what-changed")
    approver.sign("approve_plan")
    approver.state("implementing")

    carry_out_again(walk, action)
    walk.wait(WINDOW + 5)
    follow_up(walk, gap, "effectiveness")
    judge_the_effect(walk, action)
    close_the_action(walk, action)
    verifier = walk.verifier
    verifier.go(f"/nonconformities/{gap}")
    verifier.sign("close")
    verifier.state("closed")
    verifier.go(f"/actions/{action}")
    verifier.see("1 time not effective", ".page-head-line")
    verifier.see("Attempt", "#side")


def find_another_cause(walk: Journey) -> None:
    worker = walk.worker
    worker.page.locator(f"{ANALYSE} .tree-node").first.get_by_role("link", name="Why?").click()
    form = f"{ANALYSE} form[action*=causes]"
    worker.fill("Because …", "The list is worked from the top, whatever is due", form)
    worker.choose("Kind of cause", "root cause", form)
    worker.press("Add the cause", ANALYSE)
    node = worker.page.locator(f"{ANALYSE} .tree-node", has_text="worked from the top").last
    node.get_by_role("link", name="Verify").click()
    verify = f"{ANALYSE} form[action$=verify]"
    worker.page.locator(f"{verify} input[type=radio]").first.check()
    worker.fill("What shows it", "Forty callbacks in the order they were made", verify)
    worker.press("Verify the cause", ANALYSE)
    expect(worker.page.locator(f"{ANALYSE} .tree-node-root")).to_have_count(2)
    worker.seat.settle()
    worker.move("analyse")
    worker.state("planning")


def plan_what_removes_it(walk: Journey) -> None:
    worker = walk.worker
    group = worker.page.locator(f"{SOLVE} #tasks > .stack", has_text="worked from the top")
    group.get_by_role("link", name="Add a task").click()
    form = f"{SOLVE} form[action*=tasks]"
    worker.fill("Task", "Sort by the time promised", form)
    worker.choose("Owner", walk.name("worker"), form)
    worker.fill("Due date", (walk.day + timedelta(days=10)).isoformat(), form)
    worker.press("Add the task", SOLVE)
    worker.see("Sort by the time promised", f"{SOLVE} table")
    worker.seat.settle()
    worker.move("submit_plan")
    worker.state("plan awaiting approval")


def carry_out_again(walk: Journey, action: int) -> None:
    worker = walk.worker
    worker.go(f"/actions/{action}")
    worker.page.locator(SOLVE).get_by_role("link", name="Done", exact=True).first.click()
    worker.fill("What shows that it is done", "Screen of the sorted list", SOLVE)
    worker.press("Report it done", SOLVE)
    expect(worker.page.locator(f"{SOLVE} form[action$=done]")).to_have_count(0)
    worker.seat.settle()
    worker.pick("Documents updated?", "Yes", SOLVE)
    worker.fill("Which documents, or why none", "Callback procedure 3", SOLVE)
    worker.press("Save", "#carry")
    worker.seat.settle()
    worker.move("implement")
    worker.state("follow-up")


def test_a_card_that_may_not_move_says_why_and_returns(journey: Journey) -> None:
    _gap, action = begin(journey, loop.created)
    worker = journey.worker
    worker.go("/actions/board")
    card = worker.page.locator(f"#card-{action}")
    column = worker.page.locator("[data-board-column]:has(.board-card)")
    expect(column).to_have_attribute("data-board-column", "defining")

    drag(journey, action, "analysing")

    expect(card.get_by_role("alert")).to_contain_text("does not say where")
    expect(column).to_have_attribute("data-board-column", "defining")
    worker.shot("refused-on-the-board")

    drag(journey, action, "planning")
    expect(card.get_by_role("alert")).to_contain_text("Not from “defining” to “planning”")

    worker.page.locator(f"#grip-{action}").focus()
    for key in ("Enter", *["ArrowRight"] * 7):
        worker.page.keyboard.press(key)
    expect(worker.page.locator("[data-board-said]")).to_have_text("Over “closed”.")
    worker.page.keyboard.press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("Not from “defining” to “closed”")

    for field, text in (("What happens?", "Late"), ("Where?", "Chat"), ("How much?", "12 of 60")):
        worker.go(f"/actions/{action}")
        worker.fill(field, text)
        worker.fill("Since when?", "2026-01-05")
        worker.press("Save", "#define")
        worker.seat.settle()
    worker.go("/actions/board")
    drag(journey, action, "analysing")
    expect(worker.page.locator("[data-board-column=analysing] .board-card")).to_have_count(1)
    expect(worker.page.locator("#toasts")).to_contain_text("Define the problem")


def test_a_card_that_asks_for_a_reason_asks_on_the_board_and_stays_there(journey: Journey) -> None:
    _gap, action = begin(journey, loop.implementing)
    worker = journey.worker
    worker.go("/actions/board")

    drag(journey, action, "planning")
    dialog = worker.page.locator("dialog[open]")
    dialog.get_by_role("textbox").fill("A better way was found")
    with worker.page.expect_response(re.compile(r"/actions/\d+/board")):
        dialog.locator("button[type=submit]").click()
    worker.seat.settle()

    expect(worker.page.locator("[data-board-column=planning] .board-card")).to_have_count(1)
    expect(worker.page.locator(f"#grip-{action}")).to_be_focused()
    expect(worker.page.locator("dialog[open]")).to_have_count(0)
    assert worker.page.url.endswith("/actions/board")
    worker.shot("back-on-the-board")


def drag(journey: Journey, action: int, state: str) -> None:
    """Take a card by its head and drop it in a column."""
    page = journey.worker.page
    target = page.locator(f"[data-board-column={state}]")
    target.scroll_into_view_if_needed()
    head = page.locator(f"#card-{action} .board-card-head")
    head.scroll_into_view_if_needed()
    start, end = head.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 20, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 20, steps=3)
    page.mouse.move(end["x"] + min(60, end["width"] / 2), end["y"] + 60, steps=6)
    with page.expect_response(re.compile(r"/actions/\d+/board")):
        page.mouse.up()
    journey.worker.seat.settle()


def test_a_deadline_is_extended_by_another_with_a_reason(walk: Journey) -> None:
    _gap, action = begin(walk, loop.created)
    worker, manager = walk.worker, walk.manager
    worker.go(f"/actions/{action}")
    expect(worker.page.locator("#side").get_by_role("link", name="Extend")).to_have_count(0)

    manager.go(f"/actions/{action}")
    manager.press("Extend", "#side")
    manager.fill("New date", (walk.day + timedelta(days=60)).isoformat(), "#deadline")
    manager.fill("Reason", "The supplier delivers in April", "#deadline")
    manager.press("Extend", "#deadline")
    manager.see("Extensions", "#side")
    manager.see("The supplier delivers in April", "#history")
    manager.shot("extended")

    worker.go(f"/actions/{action}")
    worker.see("1 May 2026", "#side")
