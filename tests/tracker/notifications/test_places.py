"""Every kind of message leads its receiver to a page that opens, and that is about what the message says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.conftest import make_client
from tests.pages import Page, Pages
from tests.tracker.actions import loop
from tests.tracker.reviews import ground as reviews
from tracker import clock
from tracker.accounts.models import MailWish, Person, Role
from tracker.database import db as database
from tracker.history import Record
from tracker.nonconformities import similar
from tracker.nonconformities.models import SimilarCase
from tracker.notifications import rounds, sender
from tracker.notifications.mail import Letter
from tracker.notifications.models import OutboxMessage
from tracker.notifications.services import tell
from tracker.notifications.words import HEADLINES, describe
from tracker.organisations.models import Site
from tracker.reviews import calibrating, sharing
from tracker.reviews.models import ExternalAudit, ExternalState
from tracker.work import handing_over, services, words
from workflows.repeats import SimilarAnswer
from workflows.reviews import ReviewState

assert words.HEADLINES is HEADLINES  # the kinds of people's work are among them

TODAY = make.day("2026-07-15")
CLOCK = {"review-never", "review-benchmark", "review-due", "review-overdue", "review-window"}
# Kinds that are told by the tests below in the way the product does, because they lead elsewhere than to a record.
IN_EARNEST = {
    "nonconformity-asked-elsewhere",
    "nonconformity-found-elsewhere",
    "review-assigned",
    "review-submitted",
    "review-sent-back",
    "review-calibration",
    *CLOCK,
    "due-soon",
    "overdue",
    "escalated-manager",
    "escalated-quality",
    "reminders-of-day",
    "escalations-of-day",
    "digest",
    "deputy-named",
    "deputy-ended",
    "work-handed-over",
    "mail-refused",
}
# All others are about one record, and lead to its page: by how their names begin, or to any.
ABOUT = {
    "nonconformity": "nonconformity",
    "action": "action",
    "plan": "action",
    "review": "review",
    "audit": "audit",
}
ANY = ("mentioned", "commented", "watched-moved")


@dataclass
class Walk:
    """A company of one-site people, and a browser for each of them."""

    app: Flask
    at: loop.Company
    west: Site
    opened: dict[str, list[Page]] = field(default_factory=dict)

    def read(self) -> dict[str, list[Page]]:
        """Open the link of every message as its receiver; kind → the pages found there."""
        rows = database.session.execute(
            sa.select(OutboxMessage, Person)
            .join(
                Person,
                (Person.organisation_id == OutboxMessage.organisation_id)
                & (Person.id == OutboxMessage.person_id),
            )
            .where(OutboxMessage.organisation_id == self.at.organisation.id, OutboxMessage.read_at.is_(None))
            .order_by(OutboxMessage.id)
        ).all()
        with self.app.test_request_context():
            said = {
                row.id: describe(row.kind, row.record_kind, row.record_number, row.payload)
                for row, _who in rows
            }
        messages = [(row.id, row.kind, who) for row, who in rows]
        found: dict[str, list[Page]] = {}
        for key, kind, person in messages:
            browser = Pages(make_client(self.app)).sign_in(person)
            leads_to = browser.post(f"/notifications/open/{key}", {}).location
            assert leads_to, kind
            found.setdefault(kind, []).append(browser.get(leads_to))
            for path in [item.path for item in said[key].items] + [path for _text, path in said[key].counts]:
                browser.get(path)
        return found


@pytest.fixture
def walk(app: Flask, db: SQLAlchemy) -> Iterator[Walk]:
    clock.travel(TODAY)
    at = loop.company()
    yield Walk(app, at, make.site(at.organisation, code="west", name_en="West"))
    clock.travel(None)


def test_every_kind_of_message_is_walked_here() -> None:
    plain = {kind for kind in HEADLINES if kind in ANY or kind.partition("-")[0] in ABOUT}

    assert IN_EARNEST | plain == set(HEADLINES)


def test_news_of_a_record_lead_to_its_page(walk: Walk) -> None:
    at = walk.at
    nonconformity = at.nonconformity()
    action = loop.implemented(at, nonconformity)
    audit = loop.started(at, nonconformity)
    review = make.review(at.site, at.lead)
    records: dict[str, Any] = {
        "nonconformity": nonconformity,
        "action": action,
        "audit": audit,
        "review": review,
    }
    told = set(HEADLINES) - IN_EARNEST
    for kind in sorted(told):
        for about in list(records) if kind in ANY else [ABOUT[kind.partition("-")[0]]]:
            row = records[about]
            tell(
                [at.auditor.id], kind, Record(row.organisation_id, about, row.id, row.number), {"title": "T"}
            )

    found = walk.read()

    assert told <= set(found)
    assert "NC-" in found["nonconformity-opened"][0].words
    assert len(found["mentioned"]) >= 4


def test_what_is_asked_of_another_site_leads_to_the_question(walk: Walk) -> None:
    at = walk.at
    theirs = make.person(at.organisation, Role.LEAD_AUDITOR, at=walk.west)
    record = at.nonconformity(title="Callbacks are late", element="2.2")
    everywhere = make.person(at.organisation, Role.QUALITY_MANAGER)
    similar.ask(make.actor_for(everywhere), record, [(walk.west.id, None)])

    (page,) = walk.read()["nonconformity-asked-elsewhere"]

    assert "Asked of our sites" in page.words
    assert "Take the answer down" in page.words
    case = database.session.execute(sa.select(SimilarCase)).scalar_one()
    similar.answer(make.actor_for(theirs), record, case, SimilarAnswer.PRESENT, "Ten calls listened to")
    pages = walk.read()["nonconformity-found-elsewhere"]
    assert len(pages) == 2
    assert all("NC-0001" in page.words for page in pages)


def test_shared_work_of_a_review_leads_to_the_item(walk: Walk) -> None:
    clock.travel(reviews.TODAY)
    ground = reviews.lay()
    walk.at.organisation = ground.organisation
    ada, bo = (make.person(ground.organisation, Role.AUDITOR, at=ground.site) for _ in range(2))
    review = reviews.started(ground, "2.6", "2.7")
    lead = ground.actor(ground.lead)
    sharing.assign(ground.actor(ground.manager), review, ["2.7"], ada.id)
    reviews.judge_all(ground, review)
    sharing.submit(ground.actor(ada), review, "2.7")
    sharing.send_back(lead, review, "2.7", "Sample the night shift as well")
    calibrating.begin(lead, review, "2.6", ada.id, bo.id)

    found = walk.read()

    assert found["review-assigned"][0].words.count("2.7")
    assert "Sample the night shift" in found["review-sent-back"][0].words
    assert "review-submitted" in found
    assert [re.search("2.6", page.words) is not None for page in found["review-calibration"]] == [True, True]
    assert all("/calibrations/2.6" in page.text for page in found["review-calibration"])


def test_the_clock_of_reviews_leads_to_where_a_review_is_planned(walk: Walk) -> None:
    at = walk.at
    # Of every site, West as well, which was never reviewed.
    make.person(at.organisation, Role.QUALITY_MANAGER)
    with clock.at(make.day("2025-03-10")):
        make.review(at.site, at.manager)
    database.session.add(
        ExternalAudit(
            organisation_id=at.organisation.id,
            number=1,
            site_id=at.site.id,
            state=ExternalState.PLANNED,
            body="A certification body",
            standard="COPC",
            planned_on=make.day("2026-04-20"),
            created_at=clock.now(),
        )
    )
    told = set()
    for day in ("2025-10-01", "2026-02-20", "2026-04-01"):
        clock.travel(make.day(day))
        rounds.make_all_rounds()
        for kind, pages in walk.read().items():
            told.add(kind)
            assert all("Review planner" in page.words for page in pages)

    assert told == CLOCK


def test_what_is_due_leads_to_it_alone_and_together(walk: Walk) -> None:
    at = walk.at
    chief = make.person(at.organisation, Role.VIEWER, at=at.site)
    at.process_owner.manager_id = chief.id
    at.process_owner.mail = MailWish.DIGEST
    make.review(
        at.site, at.lead, state=ReviewState.PLANNED, reported_at=None, accepted_at=None, planned_on=TODAY
    )
    make.nonconformity(at.site, at.process_owner, due_on=TODAY, due_step="plan")
    kinds = set()
    for days in (0, 1, 9):
        clock.travel(TODAY + timedelta(days=days))
        rounds.make_all_rounds()
        kinds |= set(walk.read())
    assert {"due-soon", "overdue", "escalated-manager", "escalated-quality"} <= kinds

    many = [
        make.nonconformity(at.site, at.process_owner, due_on=TODAY - timedelta(days=each), due_step="plan")
        for each in range(30)
    ]
    clock.travel(TODAY + timedelta(days=10))
    rounds.make_all_rounds()

    found = walk.read()
    assert {"reminders-of-day", "escalations-of-day"} == {kind for kind in found if "-of-day" in kind}
    assert "My work" in found["reminders-of-day"][0].words
    assert all(f"NC-{many[-1].number:04d}" in page.words for page in found["escalations-of-day"])
    digest = database.session.execute(
        sa.select(OutboxMessage)
        .where(OutboxMessage.kind == "digest")
        .order_by(OutboxMessage.id.desc())
        .limit(1)
    ).scalar_one()
    digest.read_at = None
    assert "My work" in walk.read()["digest"][0].words


def test_deputies_and_heirs_are_led_to_what_is_theirs_now(walk: Walk) -> None:
    at = walk.at
    at.nonconformity()
    row = services.delegate(
        at.act(at.process_owner),
        person_id=at.process_owner.id,
        deputy_id=at.owner.id,
        from_on=TODAY,
        until_on=TODAY + timedelta(days=3),
        reason="On leave",
    )
    services.end_delegation(at.act(at.process_owner), row.id)
    handing_over.hand_over(
        at.act(at.manager), person_id=at.process_owner.id, to_id=at.owner.id, reason="Left"
    )

    found = walk.read()

    assert "deputies" in found["deputy-named"][0].words
    assert "deputies" in found["deputy-ended"][0].words
    assert "My work" in found["work-handed-over"][0].words


def test_a_refused_mail_leads_the_administrator_to_the_address(walk: Walk) -> None:
    at = walk.at
    make.person(at.organisation, Role.ADMINISTRATOR)
    letter = Letter(
        at.organisation.id,
        1,
        "overdue",
        "nonconformity",
        1,
        {},
        clock.now(),
        at.owner.id,
        at.owner.email,
        at.owner.name_zh,
        at.owner.name_en,
        None,
    )
    for _each in range(2):
        sender._tell_administrators(letter, "550 no such mailbox")

    (page,) = walk.read()["mail-refused"]

    assert at.owner.email in page.words
