"""A site with programmes, key positions and metrics, the people of a review, and helpers that judge it whole."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from tests import factories
from tracker.accounts.models import Person, Role
from tracker.database import add, db, new_id
from tracker.metrics.models import Better, Metric, MetricTarget, MetricValue
from tracker.moves import Signing
from tracker.numbering import next_number
from tracker.organisations.models import Organisation, Site, Unit, UnitKind
from tracker.permissions import Actor
from tracker.reviews import queries, services
from tracker.reviews.models import FactKind, Review
from tracker.scores.sheets import COPC, SEE_CMM

TODAY = date(2026, 6, 20)
PROGRAMMES = ("card", "loan", "retail", "air")
POSITIONS = ("csr", "leader")


@dataclass
class Ground:
    """Who and where."""

    organisation: Organisation
    site: Site
    lead: Person
    manager: Person
    assessor: Person
    owner: Person
    metrics: list[Metric]

    def actor(self, person: Person) -> Actor:
        return factories.actor_for(person)


def lay(**site: Any) -> Ground:
    """The site with its people, and two metrics that meet target and improve in each item of category 4."""
    organisation = factories.organisation()
    place = factories.site(organisation, **site)
    people = {
        "lead": factories.person(organisation, Role.LEAD_AUDITOR),
        "manager": factories.person(organisation, Role.QUALITY_MANAGER),
        "assessor": factories.person(organisation, Role.ASSESSOR),
        "owner": factories.person(organisation, Role.PROCESS_OWNER),
    }
    for kind, codes in ((UnitKind.PROGRAMME, PROGRAMMES), (UnitKind.KEY_POSITION, POSITIONS)):
        for position, code in enumerate(codes):
            add(
                Unit(
                    organisation_id=organisation.id,
                    site_id=place.id,
                    kind=kind,
                    code=code,
                    name_zh=code,
                    name_en=code.title(),
                    position=position,
                )
            )
    ground = Ground(organisation, place, metrics=[], **people)
    _keep_metrics(ground)
    return ground


def _keep_metrics(ground: Ground) -> None:
    key = {"organisation_id": ground.organisation.id}
    for number in range(12):
        ground.metrics.append(
            Metric(
                **key,
                id=new_id(),
                number=next_number(ground.organisation.id, "metric"),
                site_id=ground.site.id,
                item=f"4.{number % 6 + 1}",
                code=f"m{number}",
                name_zh=f"指标{number}",
                name_en=f"Metric {number}",
                better=Better.HIGHER,
                owner_id=ground.owner.id,
                position=number,
            )
        )
    db.session.add_all(ground.metrics)
    db.session.flush()
    for metric in ground.metrics:
        db.session.add(MetricTarget(**key, metric_id=metric.id, from_month="2026-01", value=Fraction(90)))
        for month in range(1, 7):
            db.session.add(
                MetricValue(**key, metric_id=metric.id, month=f"2026-0{month}", value=Fraction(90 + month))
            )
    db.session.flush()


def plan(ground: Ground, *scope: str, **fields: Any) -> Review:
    """A review that is planned; with elements, of these only."""
    wanted: dict[str, Any] = {
        "site_id": ground.site.id,
        "title": "Annual review",
        "copc": True,
        "see_cmm": True,
        "scope": scope,
        "period_start": date(2025, 7, 1),
        "period_end": TODAY,
        "planned_on": TODAY,
        "lead_auditor_id": ground.lead.id,
    }
    return services.plan_review(ground.actor(ground.manager), **wanted | fields)


def started(ground: Ground, *scope: str, **fields: Any) -> Review:
    """A review in progress."""
    review = plan(ground, *scope, **fields)
    services.make_move(ground.actor(ground.lead), review, "start")
    return review


def judge_all(ground: Ground, review: Review, level: str = "3") -> None:
    """Everything that is not judged yet is met, fully deployed, and at the target level."""
    lead = ground.actor(ground.lead)
    values = {FactKind.LINE: "met", FactKind.UNIT: "full", FactKind.ROW: level}
    for standard, facts in queries.load(review).facts.items():
        for kind, value in values.items():
            keys = [fact.key for fact in facts if fact.kind == kind and not fact.value]
            if keys:
                services.judge_many(lead, review, standard, keys, value, note="Seen", evidence="E-1")


def judged(ground: Ground, *scope: str, **fields: Any) -> Review:
    """A review in progress with everything judged, and the sampled audit attached."""
    review = started(ground, *scope, **fields)
    judge_all(ground, review)
    services.describe(ground.actor(ground.lead), review, sampled_kcrp="Call handling, 3 June, by Li")
    return review


def report(ground: Ground, review: Review) -> None:
    """Sign the report as its lead auditor."""
    signing = Signing(factories.PASSWORD, {})
    services.make_move(ground.actor(ground.lead), review, "report", signing=signing)


def judge_one(ground: Ground, review: Review, key: str, value: str) -> None:
    """One verdict by the lead auditor."""
    standard = SEE_CMM if key.startswith("S") else COPC
    services.judge(ground.actor(ground.lead), review, standard, key, value, note="Seen", evidence="E-2")


def committed() -> None:
    """End the transaction, as a route does."""
    db.session.commit()
