"""Work in hand that the demo does not hold: reviews that are planned and under way, audits to be carried out."""

from datetime import timedelta

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Person
from tracker.accounts.queries import get_actor
from tracker.audits import services as audits
from tracker.database import db
from tracker.demo.cast import DOMAIN
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews import services as reviews
from tracker.reviews.models import Review
from tracker.reviews.queries import load
from tracker.scores.sheets import COPC
from workflows.kinds import AuditMode, AuditPurpose

JUDGED = ("1.1", "1.2", "2.1", "2.2")
NOT_MET = {"1.2/line/1.2-2c"}
UNDEPLOYED = {"2.2/unit/delivery-chat"}
NOTE = "访谈三个班次 Three shifts interviewed"
EVIDENCE = "会议记录 3 月 Minutes of March"


def person(key: str) -> Person:
    """One of the demo's people."""
    return db.session.execute(sa.select(Person).where(Person.email == f"{key}@{DOMAIN}")).scalar_one()


def actor(key: str) -> Actor:
    """One of the demo's people, as services know whoever acts."""
    return get_actor(person(key).organisation_id, person(key).id)


def take_up_work() -> None:
    """Plan one review and begin another; schedule one follow-up audit and begin another."""
    site = db.session.execute(sa.select(Site).where(Site.code == "chengdu")).scalar_one()
    _judge(_plan(site, "年中复查 Half-year check"))
    _plan(site, "下年度评审 Review of next year")
    _schedule(site, "监控员未校准%")
    reviewer = actor("zhou")
    audits.make_move(reviewer, _schedule(site, "预测未按时段%"), "start")
    db.session.commit()


def _plan(site: Site, title: str) -> Review:
    today = clock.today()
    return reviews.plan_review(
        actor("chen"),
        site_id=site.id,
        title=title,
        copc=True,
        see_cmm=True,
        period_start=today - timedelta(days=180),
        period_end=today,
        planned_on=today,
        lead_auditor_id=person("chen").id,
    )


def _judge(review: Review) -> None:
    """Judge the first items, not all of them well, and leave one verdict without evidence."""
    lead = actor("chen")
    reviews.make_move(lead, review, "start")
    keys: dict[str, list[str]] = {}
    for fact in load(review).facts[COPC]:
        if fact.element in JUDGED and fact.kind in ("line", "unit") and fact.value != "not_applicable":
            bad = fact.key in NOT_MET | UNDEPLOYED
            good = "met" if fact.kind == "line" else "full"
            keys.setdefault(("not_met" if fact.kind == "line" else "partial") if bad else good, []).append(
                fact.key
            )
    for value, chosen in keys.items():
        reviews.judge_many(lead, review, COPC, chosen, value, note=NOTE, evidence=EVIDENCE, sampled=False)


def _schedule(site: Site, title: str):  # type: ignore[no-untyped-def]
    record = db.session.execute(
        sa.select(Nonconformity).where(Nonconformity.site_id == site.id, Nonconformity.title.like(title))
    ).scalar_one()
    return audits.schedule(
        actor("chen"),
        nonconformity_ids=[record.id],
        purpose=AuditPurpose.IMPLEMENTATION,
        mode=AuditMode.ON_SITE,
        planned_on=clock.today() + timedelta(days=3),
        auditor_id=person("zhou").id,
    )
