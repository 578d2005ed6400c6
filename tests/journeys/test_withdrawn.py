"""In a real browser: a report is signed, withdrawn with its reason, and signed again."""

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from tests.journeys.company import SITE
from tests.journeys.desks import Journey
from tracker.accounts.models import Person
from tracker.accounts.queries import get_actor
from tracker.database import db
from tracker.nonconformities.services import raise_for_gaps
from tracker.organisations.models import Site
from tracker.reviews import queries, services
from tracker.reviews.models import FactKind
from tracker.scores.sheets import COPC

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def walk(journey: Journey) -> Iterator[Journey]:
    """A journey that ends without a fault in any browser."""
    yield journey
    faults = {key: desk.seat.faults for key, desk in journey.desks.items() if desk.seat.faults}
    assert faults == {}


def ready(journey: Journey) -> tuple[int, int]:
    """A review of two items with one gap, which a draft carries: the numbers of both."""
    with journey.server.app.app_context():
        site = db.session.execute(sa.select(Site).where(Site.code == SITE)).scalar_one()
        lead, owner = (
            db.session.execute(
                sa.select(Person).where(Person.email == journey.colleagues[key].email)
            ).scalar_one()
            for key in ("lead", "owner")
        )
        actor = get_actor(lead.organisation_id, lead.id)
        review = services.plan_review(
            actor,
            site_id=site.id,
            title="Half-year review",
            scope=("1.2", "2.7"),
            period_start=date(2025, 9, 1),
            period_end=date(2026, 3, 1),
            lead_auditor_id=lead.id,
        )
        services.make_move(actor, review, "start")
        values = {FactKind.LINE: "met", FactKind.UNIT: "full"}
        facts = queries.load(review).facts[COPC]
        for kind, value in values.items():
            keys = [fact.key for fact in facts if fact.kind == kind]
            services.judge_many(actor, review, COPC, keys, value, note="Seen", evidence="E-1")
        services.judge(actor, review, COPC, "2.7/line/2.7-1", "not_met", note="None", evidence="E-2")
        services.describe(actor, review, sampled_kcrp="Call handling, 36 calls")
        draft = raise_for_gaps(actor, review, queries.gaps_of(review), owner_id=owner.id)[0]
        db.session.commit()
        return review.number, draft.number


def test_a_report_is_withdrawn_and_nothing_stands_until_it_is_signed_again(walk: Journey) -> None:
    review, gap = ready(walk)
    lead, manager = walk.lead, walk.manager
    lead.go(f"/reviews/{review}")
    lead.sign("report")
    lead.state("reported")
    manager.go(f"/scores/?site={SITE}")
    manager.see("Baseline")
    lead.go(f"/nonconformities/{gap}")
    lead.state("open")

    walk.wait(1)
    lead.go(f"/reviews/{review}")
    dialog = lead.open_move("withdraw")
    lead.fill("Reason", "The sample was of the wrong month", dialog)
    lead.shot("withdraw")
    lead.send(dialog)
    lead.state("in progress")
    lead.see("The report is withdrawn and the earlier facts are back.", within="#toasts")
    lead.see("The sample was of the wrong month", ".history")
    manager.go(f"/scores/?site={SITE}")
    manager.see("No review of this site has been reported under this standard yet.")
    manager.go("/reviews/planner")
    manager.see("never reviewed")
    manager.shot("nothing-is-reported")
    lead.go(f"/nonconformities/{gap}")
    lead.state("draft")

    lead.go(f"/reviews/{review}/items/2.7")
    line = lead.page.locator("#lines .fact").first
    line.get_by_label("Evidence").fill("March sample, 40 calls")
    line.get_by_label("Note").click()
    lead.saved(f"#{line.get_attribute('id')}")
    lead.go(f"/reviews/{review}")
    lead.sign("report")
    lead.state("reported")
    manager.go(f"/scores/?site={SITE}")
    manager.see("Baseline")
    manager.shot("reported-again")
