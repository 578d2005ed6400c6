"""A site with reported facts under both standards, a baseline, and the people of the loop."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from tests import factories
from tests.tracker.actions import loop
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.database import add, db
from tracker.moves import Signing
from tracker.nonconformities import queries, reading, services
from tracker.nonconformities.drafts import PinSpec
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import next_number
from tracker.organisations.models import Unit, UnitKind
from tracker.permissions import Actor
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review, Tier
from tracker.scores.models import Cause, ScoringRun
from tracker.scores.services import Why, ensure_release, rescore_site
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.kinds import Grade, Source
from workflows.reviews import ReviewState

START = date(2026, 3, 2)
LINES = ("2.7-1", "2.7-2", "2.7-3")
LINE = f"2.7/line/{LINES[0]}"
OTHER_LINE = f"2.7/line/{LINES[1]}"
UNIT = "2.7/unit/loan"
ROW = "S1/row/approach"


@dataclass
class Ground(loop.Company):
    """The company with its reported review."""

    review: Review
    assessor: Person
    viewer: Person

    def actor(self, name: str) -> Actor:
        person: Person = getattr(self, name)
        return self.act(person)

    def value(self, key: str) -> str:
        """The value of a current fact."""
        found = db.session.execute(
            sa.select(Fact.value)
            .join(FactSet, FactSet.id == Fact.fact_set_id)
            .where(FactSet.site_id == self.site.id, FactSet.kind == FactSetKind.CURRENT, Fact.key == key)
        ).scalar_one()
        return str(found)

    def runs(self, standard: str = COPC) -> list[ScoringRun]:
        """The runs of the site in order."""
        return list(
            db.session.execute(
                sa.select(ScoringRun)
                .where(ScoringRun.site_id == self.site.id, ScoringRun.standard == standard)
                .order_by(ScoringRun.number)
            ).scalars()
        )

    def total(self, standard: str = COPC) -> Fraction:
        return self.runs(standard)[-1].total or Fraction(0)

    def draft(self, *keys: str, **fields: Any) -> Nonconformity:
        """A draft that pins these facts."""
        wanted: dict[str, Any] = {
            "site_id": self.site.id,
            "title": "Complaints are not recorded",
            "grade": Grade.MINOR,
            "source": Source.MONITORING,
            "statement": "客户投诉没有记录",
            "evidence": "12 of 60 calls of March",
            "owner_id": self.process_owner.id,
            "pins": [spec(key) for key in keys or (LINE,)],
        }
        return services.raise_draft(self.actor("auditor"), **wanted | fields)

    def opened(self, *keys: str, **fields: Any) -> Nonconformity:
        record = self.draft(*keys, **fields)
        services.make_move(self.actor("auditor"), record, "raise")
        return record

    def contained(self, *keys: str, **fields: Any) -> Nonconformity:
        record = self.opened(*keys, **fields)
        services.make_move(self.actor("process_owner"), record, "contain", correction="Recorded by hand")
        return record

    def verified(self, *keys: str, **fields: Any) -> Nonconformity:
        """A record whose follow-up audit has said yes twice."""
        record = self.contained(*keys, **fields)
        loop.implemented(self, record)
        loop.audited(self, record, purpose=loop.AuditPurpose.IMPLEMENTATION, effective=None)
        with clock.at(date(2026, 9, 1)):
            loop.audited(self, record)
        return record

    def closed(self, *keys: str, **fields: Any) -> Nonconformity:
        record = self.verified(*keys, **fields)
        if record.grade is Grade.MAJOR:
            services.make_move(self.actor("manager"), record, "approve_closure", signing=SIGNED)
        services.make_move(self.actor("lead"), record, "close", signing=SIGNED)
        return record


SIGNED = Signing(factories.PASSWORD, {"seen": "everything"})


def spec(key: str) -> PinSpec:
    return PinSpec(SEE_CMM, key, 2) if "/row/" in key else PinSpec(COPC, key)


def ground() -> Ground:
    """The company of the loop with facts: 2.7 has unmet lines and an undeployed programme, S1 an unmet row."""
    at = loop.company()
    review = _review(at)
    for code in ("loan", "card"):
        add(
            Unit(
                organisation_id=at.organisation.id,
                site_id=at.site.id,
                kind=UnitKind.PROGRAMME,
                code=code,
                name_zh=f"方案{code}",
                name_en=f"Programme {code}",
            )
        )
    copc = _set(at, review, COPC, "copc-2000-csp@4.1")
    see = _set(at, review, SEE_CMM, "see-cmm@2009")
    for item in ("2.1", "2.7"):
        for line in _line_ids(item):
            value = "not_met" if line in LINES[:2] else "met"
            _fact(copc, f"{item}/line/{line}", FactKind.LINE, value)
        for code in ("loan", "card"):
            value = "none" if (item, code) == ("2.7", "loan") else "full"
            _fact(copc, f"{item}/unit/{code}", FactKind.UNIT, value)
    for row in _row_ids("S1"):
        _fact(see, f"S1/row/{row}", FactKind.ROW, "1")
    people = {
        "assessor": factories.person(at.organisation, Role.ASSESSOR, at=at.site),
        "viewer": factories.person(at.organisation, Role.VIEWER, at=at.site),
    }
    found = Ground(**vars(at), review=review, **people)
    rescore_site(
        at.organisation.id, at.site.id, Why(Cause.BASELINE, review_id=review.id), found.actor("lead")
    )
    return found


def _review(at: loop.Company) -> Review:
    return add(
        Review(
            organisation_id=at.organisation.id,
            number=next_number(at.organisation.id, "review"),
            site_id=at.site.id,
            state=ReviewState.REPORTED,
            title="Annual review",
            copc=True,
            see_cmm=True,
            tier=Tier.STANDARD,
            scope=[],
            period_start=date(2025, 1, 1),
            period_end=date(2025, 12, 31),
            lead_auditor_id=at.lead.id,
            reported_at=clock.now(),
            created_at=clock.now(),
        )
    )


def _set(at: loop.Company, review: Review, standard: str, release: str) -> FactSet:
    return add(
        FactSet(
            organisation_id=at.organisation.id,
            site_id=at.site.id,
            kind=FactSetKind.CURRENT,
            review_id=review.id,
            standard=standard,
            release_id=ensure_release(at.organisation.id, release).id,
            as_of=START,
        )
    )


def _fact(fact_set: FactSet, key: str, kind: FactKind, value: str) -> None:
    element, _kind, subject = key.split("/")
    add(
        Fact(
            organisation_id=fact_set.organisation_id,
            fact_set_id=fact_set.id,
            key=key,
            element=element,
            kind=kind,
            subject=subject,
            value=value,
            note="seen",
        )
    )


def _line_ids(item: str) -> list[str]:
    from scoring import catalogue

    return [line.id for line in catalogue.load(catalogue.COPC).item(item).lines]


def _row_ids(criterion: str) -> list[str]:
    from scoring import catalogue

    return [row.id for row in catalogue.load(catalogue.SEE_CMM).criterion(criterion).rows]


def page_of(record: Nonconformity, actor: Actor) -> Any:
    """The record's page as this person sees it."""
    return queries.get_view(reading.load(actor, record.number), actor)
