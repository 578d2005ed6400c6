"""In a real browser: a finding that came back is raised as a major, and two people void a duplicate."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests import factories
from tests.journeys.company import PASSWORD, SITE
from tests.journeys.desks import Journey
from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.nonconformities.models import Pin
from tracker.organisations.models import Site
from workflows.nonconformities import NonconformityState as State

pytestmark = pytest.mark.engine("sqlite")

LINE, OTHER = "2.7/line/2.7-1", "2.7/line/2.7-2"


@pytest.fixture
def walk(journey: Journey) -> Iterator[Journey]:
    """A journey that ends without a fault in any browser."""
    yield journey
    faults = {key: desk.seat.faults for key, desk in journey.desks.items() if desk.seat.faults}
    assert faults == {}


def record(journey: Journey, fact: str, **fields: object) -> int:
    """A record about a fact of the site, in some state; its number."""
    with journey.server.app.app_context():
        site = db.session.execute(sa.select(Site).where(Site.code == SITE)).scalar_one()
        people = {
            key: db.session.execute(sa.select(Person).where(Person.email == each.email)).scalar_one()
            for key, each in journey.colleagues.items()
        }
        if db.session.execute(sa.select(sa.func.count()).select_from(Pin)).scalar_one() == 0:
            review = factories.review(site, people["lead"])
            factories.current_facts(review, {LINE: "not_met", OTHER: "not_met"})
        found = factories.nonconformity(site, people["owner"], element="2.7", unpinned_reason="", **fields)
        factories.pin(found, fact, released_at=fields.get("closed_at"))
        db.session.commit()
        return int(found.number)


def test_a_finding_that_came_back_is_raised_as_a_major(walk: Journey) -> None:
    closed = record(
        walk,
        LINE,
        state=State.CLOSED,
        title="Complaints are not recorded",
        closed_at=clock.now() - timedelta(90),
    )
    lead = walk.lead
    lead.go(f"/nonconformities/new?site={SITE}&element=2.7")
    lead.fill("Title", "Nobody records complaints")
    lead.page.locator(f"input[name=pins][value='copc-2000-csp|{LINE}|']").check()

    lead.see("This may be known already", "#advice")
    lead.see("repeat of it", "#advice")
    lead.shot("a-repeat-is-recognised")
    lead.press(f"Repeat of NC-{closed:04d}, major", "#advice")
    lead.seat.settle()
    expect(lead.page.locator("#repeat_of")).to_have_value(f"NC-{closed:04d}")
    expect(lead.page.locator("#grade")).to_have_value("major")
    lead.see("A repeat of a closed non-conformity is always a major.", "#advice")
    lead.choose("Owner", walk.name("owner"))
    lead.fill("Objective evidence", "9 of 40 calls of this week")
    lead.press("Write it down")
    lead.state("draft")
    lead.move("raise")

    lead.state("open")
    lead.see(f"NC-{closed:04d}", "aside")
    expect(lead.page.locator("#record-beside")).to_contain_text("major")
    assert lead.number() == closed + 1


def test_two_people_void_a_duplicate_and_its_fact_goes_over(walk: Journey) -> None:
    kept = record(walk, LINE, title="Complaints are not recorded")
    twice = record(walk, OTHER, title="Complaints are not written down")
    auditor, lead = walk.auditor, walk.lead

    auditor.go(f"/nonconformities/{twice}")
    dialog = auditor.open_move("request_void")
    auditor.fill("Duplicate of", f"NC-{kept:04d}", dialog)
    auditor.fill("Reason", "Raised twice in one week", dialog)
    auditor.send(dialog)
    auditor.see("Two people are needed to void a record")
    auditor.page.locator("details.refused", has_text="void").first.locator("summary").click()
    auditor.shot("one-person-is-not-enough")
    expect(auditor.page.locator("[data-dialog=move-void]")).to_have_count(0)

    lead.go(f"/nonconformities/{twice}")
    dialog = lead.open_move("void")
    lead.fill("Your password", PASSWORD, dialog)
    lead.send(dialog)
    lead.state("void")
    lead.see("Merged into another record", ".history")

    lead.go(f"/nonconformities/{kept}")
    lead.see("2.7-2", "#facts")
    lead.see("Took over from a duplicate", ".history")


def test_a_slip_of_the_hand_is_taken_back(walk: Journey) -> None:
    number = record(walk, LINE, state=State.OPEN, accepted_at=None, correction="")
    owner = walk.owner

    owner.go(f"/nonconformities/{number}")
    dialog = owner.open_move("contain")
    owner.fill("Correction made", "Recorded by hand", dialog)
    owner.send(dialog)
    owner.state("contained")
    owner.press("Take back “contain”")
    owner.seat.settle()

    owner.state("open")
    owner.see("Taken back", ".history")
