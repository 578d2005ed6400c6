"""The loop as people walk it, in a browser each: the desks they sit at, and the steps that several walks share.

With JOURNEY_SHOTS=DIR in the environment each step leaves its picture there.
"""

import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.conftest import LiveServer
from tests.gallery.stage import DESK, Watched
from tests.journeys.company import PASSWORD, Colleague, found_company
from tracker import clock

START = date(2026, 3, 2)
WINDOW = 30
# The four steps of a corrective action, each a card of its own.
DEFINE, ANALYSE, SOLVE, VERIFY = (f".card:has(> .card-head h2:text('{step} ·'))" for step in range(1, 5))
SHOTS = os.environ.get("JOURNEY_SHOTS")


class Desk:
    """Somebody at a browser of their own."""

    def __init__(self, journey: "Journey", colleague: Colleague) -> None:
        self.journey = journey
        self.colleague = colleague
        context = journey.browser.new_context(
            locale="en-US",
            reduced_motion="reduce",
            viewport={"width": DESK[0], "height": DESK[1]},
        )
        context.set_default_timeout(15_000)
        self.seat = Watched(context.new_page())
        self.page = self.seat.page

    def go(self, path: str) -> None:
        self.seat.goto(self.journey.server.url + path)

    def sign_in(self) -> None:
        self.go("/sign-in")
        self.fill("E-mail", self.colleague.email)
        self.fill("Password", PASSWORD)
        self.press("Sign in")
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
        self.seat.settle()

    def see(self, text: str | re.Pattern[str], within: str = "main") -> None:
        expect(self.page.locator(within).get_by_text(text).first).to_be_visible()

    def state(self, text: str) -> None:
        """The state beside the heading."""
        expect(self.page.locator(".page-head-line .state").first).to_have_text(text)

    def fill(self, label: str, text: str, within: str = "body") -> None:
        self._field(label, within).fill(text)

    def choose(self, label: str, option: str, within: str = "body") -> None:
        self._field(label, within).select_option(label=option)

    def _field(self, label: str, within: str) -> Any:
        words = re.compile(rf"^\s*{re.escape(label)}(\s+\(optional\))?\s*$")
        return self.page.locator(within).get_by_label(words)

    def pick(self, group: str, option: str, within: str = "body") -> None:
        """A segment of a row of segments."""
        row = self.page.locator(within).get_by_role("group", name=group, exact=True)
        row.get_by_role("radio", name=option, exact=True).check()

    def press(self, name: str, within: str = "main") -> None:
        """A button, or a link that looks like one."""
        place = self.page.locator(within)
        place.get_by_role("button", name=name, exact=True).or_(
            place.get_by_role("link", name=name, exact=True)
        ).first.click()

    def move(self, event: str) -> None:
        """A move that asks nothing."""
        self.page.locator(f"form:has(> input[name=event][value={event}]) > button").click()
        self.seat.settle()

    def open_move(self, event: str) -> str:
        """A move that asks something first; the selector of its dialog."""
        self.page.locator(f"[data-dialog=move-{event}]").click()
        expect(self.page.locator(f"#move-{event}")).to_be_visible()
        return f"#move-{event}"

    def send(self, dialog: str) -> None:
        self.page.locator(f"{dialog} button[type=submit]").click()
        expect(self.page.locator(dialog)).not_to_be_visible()
        self.seat.settle()

    def sign(self, event: str) -> None:
        """A move with the password again."""
        dialog = self.open_move(event)
        self.fill("Your password", PASSWORD, dialog)
        self.shot(f"sign-{event}")
        self.send(dialog)

    def saved(self, within: str) -> None:
        """A part that saves itself has done so."""
        expect(self.page.locator(f"{within} .autosave").first).to_have_attribute("data-state", "saved")
        self.seat.settle()

    def shot(self, name: str) -> None:
        if SHOTS:
            self.journey.picture(self.page, name)

    def number(self) -> int:
        """The number of the record at hand, from its address."""
        return int(re.findall(r"/(\d+)(?=[/?#]|$)", self.page.url)[0])


class Journey:
    """One company, one server, a day at a time."""

    def __init__(self, browser: Any, server: LiveServer, folder: Path | None) -> None:
        self.browser = browser
        self.server = server
        self.folder = folder
        self.day = START
        clock.travel(self.day)
        self.colleagues = found_company(server.app)
        self.desks: dict[str, Desk] = {}
        self.pictures = 0

    def __getattr__(self, key: str) -> Desk:
        """The desk of a colleague, who signs in when first asked for."""
        if key not in self.colleagues:
            raise AttributeError(key)
        if key not in self.desks:
            self.desks[key] = Desk(self, self.colleagues[key])
            self.desks[key].sign_in()
        return self.desks[key]

    def name(self, key: str) -> str:
        return self.colleagues[key].name

    def wait(self, days: int) -> None:
        self.day += timedelta(days=days)
        clock.travel(self.day)

    def picture(self, page: Any, name: str) -> None:
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pictures += 1
        page.screenshot(
            path=self.folder / f"{self.pictures:02d}-{name}.png", full_page=name.startswith("last")
        )

    def end(self) -> None:
        """Leave; where a journey broke off, the last pictures show what each of them saw."""
        clock.travel(None)
        for key, desk in self.desks.items():
            desk.shot(f"last-{key}")
            desk.page.context.close()


# ---------------------------------------------------------------- steps that walks share


def follow_up(journey: Journey, gap: int, purpose: str, *, works: bool = True) -> None:
    """Schedule an audit of one record, hold it and sign it; `works` answers whether it was effective."""
    lead, auditor = journey.lead, journey.auditor
    lead.go(f"/audits/new?nonconformity={gap}")
    lead.page.locator(f"input[name=purpose][value={purpose}]").check()
    lead.page.locator("input[name=mode][value=on_site]").check()
    lead.fill("Planned for", journey.day.isoformat())
    lead.choose("Auditor", journey.name("auditor"))
    lead.press("Schedule the audit")
    lead.state("scheduled")
    audit = lead.number()

    auditor.go(f"/audits/{audit}")
    auditor.move("start")
    auditor.state("in progress")
    for check in auditor.page.locator("#checklist > [id^=check-]").all():
        place = f"#{check.get_attribute('id')}"
        auditor.page.locator(place).get_by_role("radio", name="Yes", exact=True).check()
        auditor.saved(place)
        auditor.fill("What was seen", "Record seen on the floor", place)
        auditor.page.keyboard.press("Tab")
        auditor.saved(place)
    verdict = f"#{auditor.page.locator('[id^=verdict-]').first.get_attribute('id')}"
    for question in ("Implemented?", "Effective?") if purpose == "effectiveness" else ("Implemented?",):
        auditor.pick(question, "Yes" if works or question != "Effective?" else "No", verdict)
        auditor.saved(verdict)
    for label, words in (("Finding", "As planned"), ("Objective evidence", "Sample of 20 cases")):
        auditor.fill(label, words, verdict)
        auditor.page.keyboard.press("Tab")
        auditor.saved(verdict)
    auditor.fill("Sample", "Four cases from each of five teams", "#sample")
    auditor.page.keyboard.press("Tab")
    auditor.saved("#sample")
    auditor.shot(f"audit-{purpose}")
    auditor.sign("conclude")
    auditor.state("concluded")


def judge_the_effect(journey: Journey, action: int) -> None:
    worker = journey.worker
    worker.go(f"/actions/{action}")
    worker.see("The window is over")
    worker.fill("What the data of the window show", "Five missed targets, five verified causes", VERIFY)
    worker.pick("Criterion met?", "Yes", VERIFY)
    worker.fill("How the gain is kept", "The checklist is part of every launch", VERIFY)
    worker.press("Save", VERIFY)
    worker.seat.settle()


def close_the_action(journey: Journey, action: int) -> None:
    verifier = journey.verifier
    journey.wait(1)
    verifier.go(f"/actions/{action}")
    verifier.sign("close")
    verifier.state("closed")
