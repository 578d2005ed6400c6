"""Make scoring runs: compute from the facts as they stand, store the whole of it, never change it again."""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any, cast

import sqlalchemy as sa

from scoring import catalogue, rescore
from scoring.rescore import Result
from scoring.results import CopcResult
from scoring.sheet import CopcSheet, to_json
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
    compute,
    compute_material,
    result_level,
    result_verdict,
    run_hash,
    tier_of,
)
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun, Standing
from workflows.nonconformities import NonconformityState

# Moves of a non-conformity that reach no further than the facts it pins.
PINNED = (Cause.RAISED, Cause.CLOSED, Cause.REOPENED)


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


def rescore_site(
    organisation_id: int, site_id: int, why: Why, actor: Actor, *, thorough: bool = False
) -> list[ScoringRun]:
    """Score a site's current facts under every standard it is reviewed by, and renew what each gap is worth.

    Stores a run for each standard whose facts or result have moved since its last run; a baseline always. The
    move of a non-conformity that pins no row leaves the rows of SEE-CMM alone. A gap whose items nothing has touched
    since the last run is worth what it was; `thorough` computes all of them anew.
    """
    runs = []
    pinned_by = why.nonconformity_id if why.cause in PINNED else None
    thorough = thorough or why.cause == Cause.BASELINE
    for current in sheets.currents(organisation_id, site_id, pinned_by):
        computed = compute(current.fact_set, current.tier, clock.today())
        kept = _kept(current, look_again=thorough)
        texts = _Texts.of(computed)
        run, baseline = kept.run, kept.baseline
        differs = run is None or _differs(computed, texts, run)
        if differs or why.cause == Cause.BASELINE:
            run = _store_run(computed, texts, current.tier, why, None if run is None else run.id, actor)
            runs.append(run)
            baseline = run if why.cause == Cause.BASELINE else baseline
        _renew_worth(computed, _stirred(computed, texts, None if thorough else kept.run, differs))
        _renew_standing(computed, current.tier, kept.standing, run.id, baseline)
    db.session.flush()
    return runs


def renew(organisation_id: int, site_id: int) -> None:
    """Renew the totals beside the verified one, after a move that touched no fact (`verifying`, an effort)."""
    for current in sheets.currents(organisation_id, site_id):
        kept = _kept(current)
        if kept.run is not None:
            computed = compute(current.fact_set, current.tier, clock.today())
            _renew_standing(computed, current.tier, kept.standing, kept.run.id, kept.baseline)


# ---------------------------------------------------------------- what is known of the last time


@dataclass(frozen=True)
class _Kept:
    """What the last scoring has left: the site's standing, its newest run, and its baseline (id and total)."""

    standing: Standing | None
    run: Any
    baseline: Any


_RUN = (ScoringRun.id, ScoringRun.release_id, ScoringRun.as_of, ScoringRun.sheet, ScoringRun.result)


def _kept(current: sheets.Current, *, look_again: bool = False) -> _Kept:
    """The standing names the newest run and the baseline; both are looked up where it is of another tier."""
    fact_set = current.fact_set
    found = db.session.execute(
        _kept_statement(),
        {
            "organisation": fact_set.organisation_id,
            "site": fact_set.site_id,
            "standard": fact_set.standard,
        },
    ).one_or_none()
    standing = None if found is None else found.Standing
    if found is None or standing is None or standing.tier != current.tier or look_again:
        return _Kept(
            standing, _newest(fact_set, current.tier), _newest(fact_set, current.tier, Cause.BASELINE)
        )
    baseline = None
    if standing.baseline_run_id is not None:
        baseline = _Baseline(standing.baseline_run_id, standing.baseline)
    return _Kept(standing, found, baseline)


@dataclass(frozen=True)
class _Baseline:
    id: int
    total: Fraction | None


@cache
def _kept_statement() -> Any:
    return (
        sa.select(Standing, *_RUN)
        .join(
            ScoringRun,
            (ScoringRun.organisation_id == Standing.organisation_id) & (ScoringRun.id == Standing.run_id),
        )
        .where(
            Standing.organisation_id == sa.bindparam("organisation", type_=sa.BigInteger),
            Standing.site_id == sa.bindparam("site", type_=sa.BigInteger),
            Standing.standard == sa.bindparam("standard"),
        )
    )


def _newest(fact_set: FactSet, tier: str, cause: Cause | None = None) -> Any:
    """The newest run of a site under a standard and tier, or the newest of a cause; None before the first."""
    statement = sa.select(*_RUN, ScoringRun.total).where(
        ScoringRun.organisation_id == fact_set.organisation_id,
        ScoringRun.site_id == fact_set.site_id,
        ScoringRun.standard == fact_set.standard,
        ScoringRun.tier == tier,
    )
    if cause is not None:
        statement = statement.where(ScoringRun.cause == cause)
    return db.session.execute(statement.order_by(ScoringRun.number.desc()).limit(1)).one_or_none()


@dataclass(frozen=True)
class _Texts:
    """A computation as it is kept: canonical JSON of the sheet and of the result."""

    plain: dict[str, Any]
    sheet: str
    result: str

    @classmethod
    def of(cls, computed: Computed) -> "_Texts":
        plain = to_json(computed.sheet)
        return cls(plain, canonical(plain), canonical(computed.result.to_json()))


def _differs(computed: Computed, texts: _Texts, run: Any) -> bool:
    """Whether anything that the score is made of has moved since a run; the day alone is nothing."""
    of_that_day = texts.sheet
    if run.as_of != computed.sheet.as_of:
        of_that_day = canonical({**texts.plain, "as_of": run.as_of.isoformat()})
    return bool(
        run.release_id != computed.material.fact_set.release_id
        or run.sheet != of_that_day
        or run.result != texts.result
    )


# ---------------------------------------------------------------- writing


def leave_unscored(fact_set: FactSet, why: Why, actor: Actor) -> ScoringRun:
    """Nothing is reported of a site under a standard any more: a run without any facts says so, no total stands.

    `fact_set` is the one that was current last.
    """
    tier, today = tier_of(fact_set), clock.today()
    bare = replace(sheets.gather(fact_set, today), facts=(), overrules=(), gaps=())
    computed, last = compute_material(bare, tier, today), _newest(fact_set, tier)
    run = _store_run(computed, _Texts.of(computed), tier, why, None if last is None else last.id, actor)
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
    computed: Computed, texts: _Texts, tier: str, why: Why, previous_id: int | None, actor: Actor
) -> ScoringRun:
    """Keep a computation for good, linked to the run before it, with a hash over release, facts and result."""
    fact_set, result = computed.material.fact_set, computed.result
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
            previous_id=previous_id,
            as_of=computed.sheet.as_of,
            total=result.total,
            maximum=result.max,
            verdict=result_verdict(result),
            level=result_level(result),
            sheet=texts.sheet,
            result=texts.result,
            content_hash=run_hash(computed.material.release.content_hash, texts.sheet, texts.result),
            created_at=clock.now(),
        )
    )


def _stirred(computed: Computed, texts: _Texts, run: Any, differs: bool) -> frozenset[str]:
    """The gaps that may be worth something else than when `run` was made; all of them without one."""
    if not isinstance(computed.sheet, CopcSheet):
        return frozenset()
    if run is None or run.release_id != computed.material.fact_set.release_id:
        return frozenset(gap.id for gap in computed.sheet.gaps)
    if not differs and run.as_of == computed.sheet.as_of:
        return frozenset()
    return rescore.stirred(json.loads(run.sheet), texts.plain, computed.sheet.catalogue)


def _renew_worth(computed: Computed, stirred: frozenset[str]) -> None:
    """Write on open non-conformities what closing each alone would bring today, in COPC points."""
    if not isinstance(computed.sheet, CopcSheet) or not isinstance(computed.result, CopcResult):
        return
    # A gap without a number has come into the sheet since, or never been counted.
    wanted = stirred | {gap.id for gap in computed.material.gaps if gap.points_alone is None}
    worth = rescore.alone(computed.sheet, computed.result, wanted)
    changed = [
        {
            "of_id": gap.nonconformity_id,
            "worth": worth[gap.id],
            "rank": int(worth[gap.id] * 1_000_000),
        }
        for gap in computed.material.gaps
        if gap.id in worth and worth[gap.id] != gap.points_alone
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


def _renew_standing(
    computed: Computed, tier: str, standing: Standing | None, run_id: int, baseline: Any
) -> None:
    fact_set, result = computed.material.fact_set, computed.result
    open_gaps = {gap.id for gap in computed.sheet.gaps}
    verifying = frozenset(
        gap.id
        for gap in computed.material.gaps
        if gap.state == NonconformityState.VERIFYING and gap.id in open_gaps
    )
    claimed = result
    if verifying:
        claimed = rescore.score(rescore.close(computed.sheet, verifying), since=result)
    projected = rescore.score(rescore.close(computed.sheet, frozenset(open_gaps)), since=result)
    if standing is None:
        standing = Standing(
            organisation_id=fact_set.organisation_id, site_id=fact_set.site_id, standard=fact_set.standard
        )
        db.session.add(standing)
    standing.tier = tier
    standing.run_id = run_id
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
