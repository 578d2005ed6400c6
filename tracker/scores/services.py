"""Make scoring runs: compute from the facts as they stand, store the whole of it, never change it again."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from scoring import catalogue, rescore
from scoring.sheet import Sheet, parse
from tracker import clock
from tracker.database import add, db
from tracker.history import canonical
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import next_number
from tracker.permissions import Actor
from tracker.reviews.models import FactSet, Review
from tracker.scores import sheets
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun
from tracker.signatures import content_hash

RELEASES = {sheets.COPC: "copc-2000-csp@4.1", sheets.SEE_CMM: "see-cmm@2009"}


@dataclass(frozen=True)
class Computed:
    """A sheet made from rows, and what it is worth."""

    material: sheets.Material
    sheet: Sheet
    result: Any


@dataclass(frozen=True)
class Why:
    """What caused a scoring run."""

    cause: Cause
    review_id: int | None = None
    nonconformity_id: int | None = None


def ensure_release(organisation_id: int, key: str) -> CatalogueRelease:
    """The organisation's own copy of a release of a standard; made when it is first used."""
    found = db.session.execute(
        sa.select(CatalogueRelease).where(
            CatalogueRelease.organisation_id == organisation_id, CatalogueRelease.key == key
        )
    ).scalar_one_or_none()
    if found is not None:
        return found
    standard = catalogue.load(key)
    return add(
        CatalogueRelease(
            organisation_id=organisation_id,
            key=key,
            standard=key.partition("@")[0],
            content_hash=standard.content_hash,
            content=canonical(standard.to_json()),
            created_at=clock.now(),
        )
    )


def compute(fact_set: FactSet, tier: str, as_of: date) -> Computed:
    """Score a fact set as it stands on `as_of`: the site's current facts, or a review's running copy."""
    material = sheets.gather(fact_set, as_of)
    sheet = parse(sheets.build(material, tier, as_of))
    return Computed(material, sheet, rescore.score(sheet))


def store_run(computed: Computed, tier: str, why: Why, actor: Actor) -> ScoringRun:
    """Keep a computation for good, linked to the run before it, with a hash over release, facts and result."""
    fact_set, result = computed.material.fact_set, computed.result
    as_of = computed.sheet.as_of
    sheet_text = canonical(computed.sheet.to_json())
    result_text = canonical(result.to_json())
    return add(
        ScoringRun(
            organisation_id=fact_set.organisation_id,
            number=next_number(fact_set.organisation_id, "run"),
            site_id=fact_set.site_id,
            standard=fact_set.standard,
            release_id=fact_set.release_id,
            tier=tier,
            cause=why.cause,
            review_id=why.review_id,
            nonconformity_id=why.nonconformity_id,
            person_id=actor.person_id,
            previous_id=_latest_id(fact_set, tier),
            as_of=as_of,
            total=result.total,
            maximum=result.max,
            verdict=getattr(result, "verdict", "") or "",
            level=getattr(result, "overall_level", None),
            sheet=sheet_text,
            result=result_text,
            content_hash=content_hash([computed.material.release.content_hash, sheet_text, result_text]),
            created_at=clock.now(),
        )
    )


def _latest_id(fact_set: FactSet, tier: str) -> int | None:
    return db.session.execute(
        sa.select(ScoringRun.id)
        .where(
            ScoringRun.organisation_id == fact_set.organisation_id,
            ScoringRun.site_id == fact_set.site_id,
            ScoringRun.standard == fact_set.standard,
            ScoringRun.tier == tier,
        )
        .order_by(ScoringRun.number.desc())
        .limit(1)
    ).scalar_one_or_none()


def tier_of(fact_set: FactSet) -> str:
    """The tier that the site is scored in: that of the review its facts come from."""
    if fact_set.standard != sheets.COPC:
        return "standard"
    review = db.session.get_one(Review, (fact_set.organisation_id, fact_set.review_id))
    return str(review.tier.value)


def rescore_site(organisation_id: int, site_id: int, why: Why, actor: Actor) -> list[ScoringRun]:
    """Score a site's current facts under every standard it is reviewed by, and renew what each gap is worth.

    Stores a run for each standard whose sheet or result has changed; a first or baseline run always.
    """
    runs = []
    for standard in sheets.STANDARDS:
        fact_set = sheets.current_set(organisation_id, site_id, standard)
        if fact_set is None:
            continue
        tier = tier_of(fact_set)
        computed = compute(fact_set, tier, clock.today())
        if why.cause == Cause.BASELINE or _differs(computed, tier):
            runs.append(store_run(computed, tier, why, actor))
        if standard == sheets.COPC:
            renew_worth(computed)
    return runs


def _differs(computed: Computed, tier: str) -> bool:
    """Whether anything that the score is made of has moved since the last run; the day alone is nothing."""
    latest = _latest_id(computed.material.fact_set, tier)
    if latest is None:
        return True
    run = db.session.get_one(ScoringRun, (computed.material.fact_set.organisation_id, latest))
    known = parse(_loads(run.sheet)).to_json()
    fresh = computed.sheet.to_json()
    return {**known, "as_of": ""} != {**fresh, "as_of": ""} or run.result != canonical(
        computed.result.to_json()
    )


def _loads(text: str) -> Any:
    from scoring.sheet import read_json

    return read_json(text)


def renew_worth(computed: Computed) -> None:
    """Write on every open non-conformity what closing it alone would bring today, in COPC points."""
    organisation_id = computed.material.fact_set.organisation_id
    known = {gap["id"] for gap in computed.sheet.to_json().get("gaps", [])}
    worth: list[tuple[int, Fraction]] = []
    for gap in computed.material.gaps:
        if gap.id in known:
            moved = rescore.simulate(computed.sheet, [gap.id], needs=False)
            worth.append((gap.nonconformity_id, moved.after.total - moved.before.total))
    for nonconformity_id, points in worth:
        db.session.execute(
            sa.update(Nonconformity)
            .where(
                Nonconformity.organisation_id == organisation_id,
                Nonconformity.id == nonconformity_id,
                Nonconformity.points_alone.is_distinct_from(points),
            )
            .values(points_alone=points)
            .execution_options(synchronize_session=False)
        )
