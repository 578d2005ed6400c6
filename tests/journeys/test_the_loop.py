"""The whole loop as people walk it, in a real browser: from an annual review to points that count.

With JOURNEY_SHOTS=DIR in the environment each step leaves its picture there.
"""

from datetime import timedelta
from fractions import Fraction

from playwright.sync_api import expect

from tests.journeys.company import SITE
from tests.journeys.desks import (
    ANALYSE,
    DEFINE,
    SOLVE,
    START,
    WINDOW,
    Desk,
    Journey,
    close_the_action,
    follow_up,
    judge_the_effect,
)


def test_from_a_review_to_points_that_count(journey: Journey) -> None:
    review = plan_a_review(journey)
    judge_its_items(journey, review)
    gap = raise_what_is_unmet(journey, review)
    report_and_accept(journey, review)
    accept_and_contain(journey, gap)
    action = find_the_cause(journey, gap)
    plan_and_approve(journey, action)
    carry_out(journey, action)
    follow_up(journey, gap, "implementation")
    journey.wait(WINDOW + 3)  # the window ends on a working day
    judge_the_effect(journey, action)
    follow_up(journey, gap, "effectiveness")
    close_the_action(journey, action)
    close_and_see_the_points(journey, gap)

    faults = {key: desk.seat.faults for key, desk in journey.desks.items() if desk.seat.faults}
    assert faults == {}


# ---------------------------------------------------------------- the review


def plan_a_review(journey: Journey) -> int:
    lead = journey.lead
    lead.see("Begin here")
    lead.shot("first-page")
    lead.go("/reviews/new")
    lead.fill("Title", "Annual review 2026")
    lead.choose("Site", "Wuxi contact centre")
    lead.choose("Lead auditor", journey.name("lead"))
    lead.page.get_by_label("SEE-CMM", exact=True).uncheck()
    lead.pick("Scope", "Only those chosen")
    lead.page.get_by_text("Choose items and criteria").click()
    for item in ("1.2", "2.3", "3.3"):
        lead.page.locator(f"input[name=scope][value='{item}']").check()
    lead.shot("plan-a-review")
    lead.press("Plan the review")
    lead.see("The review has been planned.")
    lead.state("planned")
    return lead.number()


def judge_its_items(journey: Journey, review: int) -> None:
    lead = journey.lead
    lead.move("start")
    lead.state("in progress")

    for item in ("1.2", "2.3", "3.3"):
        lead.go(f"/reviews/{review}/items/{item}")
        lead.page.locator("#same-value").select_option("met")
        lead.fill("Note", "Interviews with three shifts", "#same")
        lead.fill("Evidence", "Minutes of February", "#same")
        lead.press("Apply to all chosen", "#same")
        lead.see("Saved.")
        lead.seat.settle()
        if item == "1.2":
            lead.see("100", "#running")
            continue
        # Of the two units the second is not there yet.
        unit = lead.page.locator("#deployment .fact").nth(1)
        unit.get_by_role("radio", name="Partial" if item == "2.3" else "Not", exact=True).check()
        lead.saved(f"#{unit.get_attribute('id')}")
        lead.see("1 of 2 units fully deployed", "#running")
        lead.shot(f"judged-{item}")


# ---------------------------------------------------------------- the non-conformity


def raise_what_is_unmet(journey: Journey, review: int) -> int:
    lead = journey.lead
    lead.go(f"/reviews/{review}/items/2.3")
    lead.press("Raise non-conformity", "#deployment")
    expect(lead.page.locator("#pins input:checked")).to_have_count(1)
    lead.fill("Title", "Chat does not use the corrective-action method")
    lead.fill("What was found", "Missed targets of the chat programme are answered with more training.")
    lead.fill("Objective evidence", "Four months of reports, no cause named.")
    lead.choose("Grade", "minor")
    lead.choose("Owner", journey.name("owner"))
    lead.shot("raise")
    lead.press("Write it down")
    lead.state("draft")
    gap = lead.number()

    lead.go(f"/reviews/{review}")
    lead.see("1 gap is carried by nobody yet.")
    lead.page.locator("#gaps summary", has_text="Give a reason").click()
    lead.page.locator("#gaps textarea:visible").fill("The position is merged into another in June.")
    lead.press("Save", "#gaps")
    lead.see("Every gap is carried.")
    return gap


def report_and_accept(journey: Journey, review: int) -> None:
    lead, manager = journey.lead, journey.manager
    lead.fill("Sampled audit of a key customer-related process", "Card loss, 36 cases, all as written.")
    lead.page.get_by_label("The list of required metrics (Exhibit 1) is confirmed").check()
    lead.page.locator("form[action$='/details'] button[type=submit]").click()
    lead.see("Saved.")
    lead.sign("report")
    lead.state("reported")
    lead.see(journey.name("lead"), ".signed")
    lead.shot("reported")

    journey.wait(1)
    manager.go(f"/reviews/{review}")
    manager.sign("accept")
    manager.see("accepted by management")


def accept_and_contain(journey: Journey, gap: int) -> None:
    owner = journey.owner
    owner.go(f"/nonconformities/{gap}")
    owner.state("open")
    owner.shot("open-non-conformity")
    owner.move("accept")
    owner.see("accept", ".history")
    dialog = owner.open_move("contain")
    owner.fill("Correction made", "Cases opened for the four months.", dialog)
    owner.shot("contain")
    owner.send(dialog)
    owner.state("contained")


# ---------------------------------------------------------------- the corrective action


def find_the_cause(journey: Journey, gap: int) -> int:
    owner, worker = journey.owner, journey.worker
    owner.press("New corrective action")
    owner.fill("Title", "Teach the method with every launch")
    owner.choose("Action owner", journey.name("worker"))
    owner.press("Open the action")
    owner.state("defining")
    action = owner.number()

    worker.go(f"/actions/{action}")
    worker.fill("What happens?", "Targets are missed and nobody looks for the cause", DEFINE)
    worker.fill("Where?", "Chat", DEFINE)
    worker.fill("How much?", "Four of six months", DEFINE)
    worker.fill("Since when?", (START - timedelta(days=120)).isoformat(), DEFINE)
    worker.press("Save", DEFINE)
    worker.seat.settle()
    worker.move("define")
    worker.state("analysing")

    whys = (
        "Team leaders do not know how to analyse causes",
        "The method was taught in the pilot only",
        "The launch checklist does not ask for it",
    )
    for depth, why in enumerate(whys):
        worker.page.locator(f"{ANALYSE} .tree-node").nth(depth).get_by_role("link", name="Why?").click()
        worker.fill("Because …", why, f"{ANALYSE} form[action*=causes]")
        if why == whys[-1]:
            worker.choose("Kind of cause", "root cause", f"{ANALYSE} form[action*=causes]")
        worker.press("Add the cause", ANALYSE)
        expect(worker.page.locator(f"{ANALYSE} .tree-node")).to_have_count(depth + 2)
        worker.see(why, ANALYSE)
    root = worker.page.locator(f"{ANALYSE} .tree-node").last
    root.get_by_role("link", name="Verify").click()
    worker.page.locator(f"{ANALYSE} form[action$=verify] input[type=radio]").first.check()
    worker.fill(
        "What shows it", "Checklist 2.1 compared; six leaders asked.", f"{ANALYSE} form[action$=verify]"
    )
    worker.press("Verify the cause", ANALYSE)
    worker.see("Verified by measurement", f"{ANALYSE} .tree-node-root")
    worker.seat.settle()
    worker.shot("cause-tree")
    worker.move("analyse")
    worker.state("planning")
    return action


def plan_and_approve(journey: Journey, action: int) -> None:
    worker, approver = journey.worker, journey.approver
    worker.fill("Effectiveness criterion", "Two months with a verified cause for every missed target", SOLVE)
    worker.fill("Effectiveness window", str(WINDOW), SOLVE)
    worker.press("Save", SOLVE)
    worker.seat.settle()
    for title in ("Extend the launch checklist", "Train twelve team leaders"):
        worker.press("Add a task", SOLVE)
        worker.fill("Task", title, f"{SOLVE} form[action*=tasks]")
        worker.choose("Owner", journey.name("worker"), f"{SOLVE} form[action*=tasks]")
        worker.fill(
            "Due date", (journey.day + timedelta(days=10)).isoformat(), f"{SOLVE} form[action*=tasks]"
        )
        worker.press("Add the task", SOLVE)
        worker.see(title, f"{SOLVE} table")
    worker.seat.settle()
    worker.shot("plan")
    worker.move("submit_plan")
    worker.state("plan awaiting approval")

    journey.wait(2)
    approver.go(f"/actions/{action}")
    approver.sign("approve_plan")
    approver.state("implementing")
    approver.see(journey.name("approver"), ".signed")


def carry_out(journey: Journey, action: int) -> None:
    worker = journey.worker
    journey.wait(8)
    worker.go(f"/actions/{action}")
    for _task in range(2):
        worker.page.locator(SOLVE).get_by_role("link", name="Done", exact=True).first.click()
        worker.fill("What shows that it is done", "Record filed.", SOLVE)
        worker.press("Report it done", SOLVE)
        expect(worker.page.locator(f"{SOLVE} form[action$=done]")).to_have_count(0)
    worker.see("2 of 2 tasks done", SOLVE)
    worker.pick("Documents updated?", "Yes", SOLVE)
    worker.fill("Which documents, or why none", "Launch checklist 2.2", SOLVE)
    worker.fill("Similar cases", "The hotline was launched with the method already.", SOLVE)
    worker.press("Save", SOLVE)
    worker.seat.settle()
    worker.move("implement")
    worker.state("follow-up")
    worker.shot("implemented")


# ---------------------------------------------------------------- closures and what they moved


def close_and_see_the_points(journey: Journey, gap: int) -> None:
    verifier = journey.verifier
    before = verified_total(verifier)
    verifier.go(f"/nonconformities/{gap}")
    verifier.state("verifying")
    promised = Fraction(verifier.page.locator("#worth .delta").first.inner_text().lstrip("+"))
    assert promised > 0
    verifier.shot("before-the-closure")
    verifier.sign("close")
    verifier.state("closed")
    verifier.shot("closed")

    after = verified_total(verifier)
    assert after - before == promised
    row = verifier.page.locator("table tr", has_text=f"NC-{gap:04d}").last
    expect(row).to_contain_text(f"+{float(promised)}")
    assert risen(verifier, f"NC-{gap:04d}") == promised
    verifier.page.locator("#waterfall").scroll_into_view_if_needed()
    verifier.shot("waterfall")


def risen(desk: Desk, label: str) -> Fraction:
    """How high the waterfall draws the step of this name."""
    option = desk.page.evaluate("JSON.parse(document.querySelector('#waterfall-option').textContent)")
    option = option.get("baseOption", option)
    place = option["xAxis"]["data"].index(label)
    bars = [series["data"][place] for series in option["series"] if series["name"] == "rise"]
    return Fraction(bars[0]["value"])


def verified_total(desk: Desk) -> Fraction:
    """The verified points of the score page."""
    desk.go(f"/scores/?site={SITE}")
    tile = desk.page.locator(".tile", has_text="Verified")
    return Fraction(tile.locator(".tile-value").inner_text())
