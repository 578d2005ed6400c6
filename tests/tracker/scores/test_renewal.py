"""What a change renews: only what it touches, and always the numbers that everything scored afresh would give."""

from fractions import Fraction
from random import Random

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from scoring import rescore
from scoring.facts import CopcSheet
from tests import factories as make
from tests.statements import counting
from tracker import clock
from tracker.accounts.models import Role
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.models import Fact, FactSet, Review
from tracker.scores import sheets
from tracker.scores.computing import compute
from tracker.scores.models import Cause, ScoringRun, Standing
from tracker.scores.services import Why, rescore_site
from workflows.nonconformities import NonconformityState

ITEMS = ("1.1", "1.2", "2.1", "2.3", "4.1", "4.2", "4.7")
PRACTICE = tuple(item for item in ITEMS if item[0] != "4")


def scored(company: make.Organisation) -> tuple[Site, Review, Actor, list[Nonconformity]]:
    """A site with seven items, and ten non-conformities that pin a line or two, or the word on 4.7."""
    site = make.site(company, code="east", name_en="East")
    lead = make.person(company, Role.QUALITY_MANAGER, Role.LEAD_AUDITOR)
    make.unit(site, "loan")
    review = make.review(site, lead)
    facts = {f"{item}/line/{item}-{line}": "met" for item in ITEMS for line in (0, 1, 2)}
    facts |= {f"{item}/unit/loan": "full" for item in PRACTICE}
    make.current_facts(review, facts | {"4.7/word/compliant": "yes"})
    records = []
    for place in range(10):
        record = make.nonconformity(site, lead, state=NonconformityState.OPEN)
        item = ITEMS[place % len(ITEMS)]
        make.pin(record, f"{item}/line/{item}-{place % 3}")
        if place % 3 == 0:
            make.pin(record, "4.7/word/compliant" if place == 6 else "1.1/line/1.1-2")
        records.append(record)
    actor = make.actor_for(lead)
    rescore_site(site.organisation_id, site.id, Why(Cause.BASELINE, review.id), actor)
    return site, review, actor, records


def as_kept(db: SQLAlchemy, site: Site) -> tuple[dict[str, Fraction | None], tuple[object, ...]]:
    """What the database holds: what each open gap is worth, and where the site stands."""
    db.session.flush()
    rows = db.session.execute(
        sa.select(Nonconformity.number, Nonconformity.points_alone).where(
            Nonconformity.site_id == site.id, Nonconformity.state == NonconformityState.OPEN
        )
    )
    standing = db.session.execute(
        sa.select(
            Standing.verified,
            Standing.claimed,
            Standing.projected,
            Standing.verdict,
            Standing.projected_verdict,
            Standing.baseline,
            Standing.run_id,
        ).where(Standing.site_id == site.id)
    ).one()
    return {f"NC-{number:04d}": worth for number, worth in rows}, tuple(standing)


def afresh(db: SQLAlchemy, site: Site) -> tuple[dict[str, Fraction | None], tuple[object, ...]]:
    """The same from the facts alone, with nothing taken over from before."""
    facts = sheets.current_set(site.organisation_id, site.id, sheets.COPC)
    assert facts is not None
    computed = compute(facts, "standard", clock.today())
    assert isinstance(computed.sheet, CopcSheet)
    now = computed.result
    names = frozenset(gap.id for gap in computed.sheet.gaps)
    alone = {name: rescore.score(rescore.close(computed.sheet, {name})).total - now.total for name in names}
    projected = rescore.score(rescore.close(computed.sheet, names))
    runs = db.session.execute(
        sa.select(ScoringRun.id, ScoringRun.cause, ScoringRun.total).order_by(ScoringRun.number.desc())
    ).all()
    baseline = next(run.total for run in runs if run.cause is Cause.BASELINE)
    standing = (
        now.total,
        now.total,
        projected.total,
        now.verdict.value,  # type: ignore[union-attr]
        projected.verdict.value,  # type: ignore[union-attr]
        baseline,
        runs[0].id,
    )
    return alone, standing


def turn(db: SQLAlchemy, chance: Random, site: Site, records: list[Nonconformity]) -> Why:
    """One random event, written as the services write it; what it gives as the cause."""
    record = chance.choice(records)
    choice = chance.randrange(4)
    if choice == 0:
        opened = record.state is NonconformityState.DRAFT
        record.state = NonconformityState.OPEN if opened else NonconformityState.DRAFT
        record.opened_at = clock.now() if opened else None
        return Why(Cause.RAISED if opened else Cause.VOIDED, nonconformity_id=record.id)
    if choice == 1:
        fact = chance.choice(
            list(
                db.session.execute(
                    sa.select(Fact)
                    .join(FactSet, FactSet.id == Fact.fact_set_id)
                    .where(FactSet.site_id == site.id)
                    .order_by(Fact.key)
                ).scalars()
            )
        )
        answers = {"line": ("met", "not_met"), "unit": ("full", "none"), "word": ("yes", "no")}[fact.kind]
        fact.value = chance.choice(answers)
        return Why(Cause.DATA)
    if choice == 2:
        pin = chance.choice(
            list(
                db.session.execute(
                    sa.select(Pin).where(Pin.nonconformity_id == record.id).order_by(Pin.key)
                ).scalars()
            )
        )
        pin.released_at = None if pin.released_at else clock.now()
        return Why(Cause.REOPENED, nonconformity_id=record.id)
    site.policy = {"copc.c47_compliant": chance.choice(["computed", "assessor"])}
    return Why(Cause.DATA)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_taken_over_equals_what_is_scored_afresh(db: SQLAlchemy, seed: int) -> None:
    chance = Random(seed)
    site, _review, actor, records = scored(make.organisation())
    for _ in range(14):
        why = turn(db, chance, site, records)
        db.session.flush()
        rescore_site(site.organisation_id, site.id, why, actor)
        kept, standing = as_kept(db, site)
        worth, fresh = afresh(db, site)
        assert {name: kept[name] for name in worth} == worth
        assert standing == fresh


def test_a_number_that_nothing_touched_is_not_computed_again_but_by_a_thorough_look(db: SQLAlchemy) -> None:
    site, _review, actor, records = scored(make.organisation())
    table = Nonconformity.__table__
    untouched, moved = records[3], records[1]
    db.session.execute(sa.update(table).where(table.c.id == untouched.id).values(points_alone=Fraction(999)))
    moved.state = NonconformityState.DRAFT
    moved.opened_at = None
    db.session.flush()

    rescore_site(site.organisation_id, site.id, Why(Cause.VOIDED), actor)
    assert as_kept(db, site)[0][f"NC-{untouched.number:04d}"] == 999

    rescore_site(site.organisation_id, site.id, Why(Cause.DATA), actor, thorough=True)
    kept, worth = as_kept(db, site)[0], afresh(db, site)[0]
    assert {name: kept[name] for name in worth} == worth


def test_a_move_that_pins_no_row_asks_nothing_of_the_rows(db: SQLAlchemy) -> None:
    site, review, actor, records = scored(make.organisation())
    make.current_facts(review, {"S1/row/strategy": "2"}, standard=sheets.SEE_CMM)
    rescore_site(site.organisation_id, site.id, Why(Cause.BASELINE, review.id), actor)
    why = Why(Cause.RAISED, nonconformity_id=records[0].id)
    with counting() as one:
        rescore_site(site.organisation_id, site.id, why, actor)
    with counting() as both:
        rescore_site(site.organisation_id, site.id, Why(Cause.DATA), actor)
    assert len(both) - len(one) >= 4
