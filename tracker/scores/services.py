"""Make scoring runs: compute from the facts as they stand, store the whole of it, never change it again."""

import json
from dataclasses import dataclass, replace
from typing import cast

import sqlalchemy as sa

from scoring import catalogue, rescore
from scoring.copc import CopcResult
from scoring.rescore import Result
from scoring.sheet import to_json
from tracker import clock
from tracker.database import add, db
from tracker.history import canonical
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import next_number
from tracker.permissions import Actor
from tracker.reviews.models import FactSet
from tracker.scores import sheets
from tracker.scores.computing import (
    Computed,
    alone,
    compute,
    compute_material,
    result_level,
    result_verdict,
    run_hash,
    tier_of,
)
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun, Standing
from workflows.nonconformities import NonconformityState


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
            content=catalogue.source(key),
            created_at=clock.now(),
        )
    )


def rescore_site(organisation_id: int, site_id: int, why: Why, actor: Actor) -> list[ScoringRun]:
    """Score a site's current facts under every standard it is reviewed by, and renew what each gap is worth.

    Stores a run for each standard whose facts or result have moved since its last run; a baseline always.
    """
    runs = []
    for standard in sheets.STANDARDS:
        fact_set = sheets.current_set(organisation_id, site_id, standard)
        if fact_set is None:
            continue
        tier = tier_of(fact_set)
        computed = compute(fact_set, tier, clock.today())
        latest = _latest(fact_set, tier)
        if why.cause == Cause.BASELINE or latest is None or _differs(computed, latest):
            latest = _store_run(computed, tier, why, latest, actor)
            runs.append(latest)
        _renew_worth(computed)
        _renew_standing(computed, tier, latest)
    db.session.flush()
    return runs


def renew(organisation_id: int, site_id: int) -> None:
    """Renew the totals beside the verified one, after a move that touched no fact (`verifying`, an effort)."""
    for standard in sheets.STANDARDS:
        fact_set = sheets.current_set(organisation_id, site_id, standard)
        if fact_set is None:
            continue
        tier = tier_of(fact_set)
        latest = _latest(fact_set, tier)
        if latest is not None:
            _renew_standing(compute(fact_set, tier, clock.today()), tier, latest)


def leave_unscored(fact_set: FactSet, why: Why, actor: Actor) -> ScoringRun:
    """Nothing is reported of a site under a standard any more: a run without any facts says so, no total stands.

    `fact_set` is the one that was current last.
    """
    tier, today = tier_of(fact_set), clock.today()
    bare = replace(sheets.gather(fact_set, today), facts=(), overrules=(), gaps=())
    run = _store_run(compute_material(bare, tier, today), tier, why, _latest(fact_set, tier), actor)
    db.session.execute(
        sa.delete(Standing).where(
            Standing.organisation_id == fact_set.organisation_id,
            Standing.site_id == fact_set.site_id,
            Standing.standard == fact_set.standard,
        )
    )
    if fact_set.standard == sheets.COPC:
        table = cast("sa.Table", Nonconformity.__table__)
        db.session.execute(
            sa.update(table)
            .where(table.c.organisation_id == fact_set.organisation_id, table.c.site_id == fact_set.site_id)
            .values(points_alone=None, points_rank=0)
        )
    return run


def _store_run(
    computed: Computed, tier: str, why: Why, previous: ScoringRun | None, actor: Actor
) -> ScoringRun:
    """Keep a computation for good, linked to the run before it, with a hash over release, facts and result."""
    fact_set, result = computed.material.fact_set, computed.result
    sheet_text = canonical(to_json(computed.sheet))
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
            previous_id=None if previous is None else previous.id,
            as_of=computed.sheet.as_of,
            total=result.total,
            maximum=result.max,
            verdict=result_verdict(result),
            level=result_level(result),
            sheet=sheet_text,
            result=result_text,
            content_hash=run_hash(computed.material.release.content_hash, sheet_text, result_text),
            created_at=clock.now(),
        )
    )


def _latest(fact_set: FactSet, tier: str, cause: Cause | None = None) -> ScoringRun | None:
    statement = sa.select(ScoringRun).where(
        ScoringRun.organisation_id == fact_set.organisation_id,
        ScoringRun.site_id == fact_set.site_id,
        ScoringRun.standard == fact_set.standard,
        ScoringRun.tier == tier,
    )
    if cause is not None:
        statement = statement.where(ScoringRun.cause == cause)
    return db.session.execute(statement.order_by(ScoringRun.number.desc()).limit(1)).scalar_one_or_none()


def _differs(computed: Computed, run: ScoringRun) -> bool:
    """Whether anything that the score is made of has moved since a run; the day alone is nothing."""
    known, fresh = json.loads(run.sheet), json.loads(canonical(to_json(computed.sheet)))
    return (
        run.release_id != computed.material.fact_set.release_id
        or {**known, "as_of": ""} != {**fresh, "as_of": ""}
        or run.result != canonical(computed.result.to_json())
    )


def _renew_worth(computed: Computed) -> None:
    """Write on every open non-conformity what closing it alone would bring today, in COPC points."""
    if computed.material.fact_set.standard != sheets.COPC:
        return
    known = {gap.id for gap in computed.sheet.gaps}
    changed = [
        {"of_id": gap.nonconformity_id, "worth": worth, "rank": int(worth * 1_000_000)}
        for gap in computed.material.gaps
        if gap.id in known and (worth := alone(computed, gap.id)) != gap.points_alone
    ]
    if changed:
        # By key, around the version: what a closure is worth is not something that people edit.
        table = cast("sa.Table", Nonconformity.__table__)
        statement = (
            sa.update(table)
            .where(
                table.c.organisation_id == computed.material.fact_set.organisation_id,
                table.c.id == sa.bindparam("of_id"),
            )
            .values(points_alone=sa.bindparam("worth"), points_rank=sa.bindparam("rank"))
        )
        db.session.execute(statement, changed)


def _renew_standing(computed: Computed, tier: str, latest: ScoringRun) -> None:
    fact_set, result = computed.material.fact_set, computed.result
    open_gaps = {gap.id for gap in computed.sheet.gaps}
    verifying = frozenset(
        gap.id
        for gap in computed.material.gaps
        if gap.state == NonconformityState.VERIFYING and gap.id in open_gaps
    )
    claimed = rescore.score(rescore.close(computed.sheet, verifying), since=result)
    projected = rescore.score(rescore.close(computed.sheet, frozenset(open_gaps)), since=result)
    baseline = _latest(fact_set, tier, Cause.BASELINE)
    standing = db.session.execute(
        sa.select(Standing).where(
            Standing.organisation_id == fact_set.organisation_id,
            Standing.site_id == fact_set.site_id,
            Standing.standard == fact_set.standard,
        )
    ).scalar_one_or_none()
    if standing is None:
        standing = Standing(
            organisation_id=fact_set.organisation_id, site_id=fact_set.site_id, standard=fact_set.standard
        )
        db.session.add(standing)
    standing.tier = tier
    standing.run_id = latest.id
    standing.baseline_run_id = None if baseline is None else baseline.id
    standing.baseline = None if baseline is None else baseline.total
    standing.verified, standing.claimed, standing.projected = result.total, claimed.total, projected.total
    standing.maximum = result.max
    standing.verdict, standing.projected_verdict = result_verdict(result), result_verdict(projected)
    standing.level, standing.projected_level = result_level(result), result_level(projected)
    standing.unmet = _unmet(result)
    standing.renewed_at = clock.now()
    db.session.flush()


def _unmet(result: Result) -> list[dict[str, object]]:
    if not isinstance(result, CopcResult):
        return []
    return [
        {"id": condition.id, "items": list(condition.items or ()), "holds": condition.holds}
        for condition in result.conditions
        if not condition.holds
    ]
