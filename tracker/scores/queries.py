"""Reads of scores: the pages of a site's score and of a stored run."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import Gap
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.permissions import Actor, Subject, can
from tracker.reviews.models import Fact, FactSet, FactSetKind
from tracker.scores import charts, releases, results, sheets
from tracker.scores.computing import run_hash
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun, Standing
from tracker.scores.stored import Stored, names_of, read
from tracker.scores.totals import mark_of, totals_of
from tracker.scores.viewmodels import (
    Lens,
    PinnedBy,
    Run,
    ScorePage,
    SiteChoice,
    Step,
    Totals,
    Word,
)

WORD = "4.7/word/compliant"

_RUNS = sa.select(ScoringRun, CatalogueRelease).join(
    CatalogueRelease,
    (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
    & (CatalogueRelease.id == ScoringRun.release_id),
)

# A longer story is told by the register of runs, not by one chart.
STEPS_SHOWN = 60


def list_site_choices(
    actor: Actor, here: str | None
) -> tuple[list[Site], tuple[SiteChoice, ...], Site | None]:
    """The sites this person sees, as choices, and the one the page is about."""
    statement = sa.select(Site).where(Site.organisation_id == actor.organisation_id, Site.active)
    seen = actor.sites()
    if seen is not None:
        statement = statement.where(Site.id.in_(seen))
    found = list(db.session.execute(statement.order_by(Site.code)).scalars())
    chosen = next((site for site in found if site.code == here), None)
    if here is not None and chosen is None:
        raise NotFound
    if chosen is None and found:
        chosen = found[0]
    choices = tuple(
        SiteChoice(site.code, pick(site.name_zh, site.name_en), chosen is not None and site.id == chosen.id)
        for site in found
    )
    return found, choices, chosen


def get_score_page(actor: Actor, site_code: str | None, standard: str, tier: str | None) -> ScorePage:
    """The newest score of a site under a standard; with a tier other than its own, the same facts through that lens."""
    _found, choices, site = list_site_choices(actor, site_code)
    if site is None:
        return _empty_page(choices, None, standard)
    row = db.session.execute(
        _RUNS.add_columns(Standing)
        .join(
            Standing,
            (Standing.organisation_id == ScoringRun.organisation_id) & (Standing.run_id == ScoringRun.id),
        )
        .where(
            Standing.organisation_id == actor.organisation_id,
            Standing.site_id == site.id,
            Standing.standard == standard,
        )
    ).one_or_none()
    if row is None:
        return _empty_page(choices, site, standard)
    run, release, standing = row
    shown = _read(run, release)
    steps = _steps(standing)
    lens = standing.tier if tier is None or standard != sheets.COPC else tier
    if lens != standing.tier:
        if lens not in shown.sheet.catalogue.tiers:
            raise NotFound  # a release of one tier has no other lens
        shown = shown.in_tier(lens)
    found = totals_of(standing, shown.sheet.catalogue) if lens == standing.tier else None
    lenses = _lenses(shown, standing.tier)
    page = _page(choices, site, standard, lens, found, shown, steps if found else (), _pinning(shown))
    page = replace(page, lenses=lenses)
    return replace(page, word=_word(actor, site, shown)) if found and lens == "standard" else page


def _lenses(shown: Stored, own_tier: str) -> tuple[Lens, ...]:
    """The same facts read strictly, leniently, and in the other tiers that the release has."""
    if not isinstance(shown.result, CopcResult):
        return ()
    found = []
    for tier in (own_tier, *(name for name in shown.sheet.catalogue.tiers if name != own_tier)):
        result = shown.result if tier == shown.result.tier else shown.in_tier(tier).result
        if not isinstance(result, CopcResult):
            continue
        for policy in ("strict", "lenient") if tier == own_tier else ("strict",):
            passes = None if result.blank else result.verdict.passes(policy)
            name = policy if tier == own_tier else tier
            found.append(Lens(name, result.total, mark_of(result), result.max, passes))
    return tuple(found)


def _word(actor: Actor, site: Site, shown: Stored) -> Word | None:
    """The word on 4.7 as the site's current facts hold it; None under a standard without that item."""
    if not isinstance(shown.result, CopcResult):
        return None
    fact = db.session.execute(
        sa.select(Fact.value, Fact.note, Fact.version)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            Fact.organisation_id == site.organisation_id,
            FactSet.site_id == site.id,
            FactSet.kind == FactSetKind.CURRENT,
            FactSet.standard == sheets.COPC,
            Fact.key == WORD,
        )
    ).one_or_none()
    item = shown.result.items.get("4.7")
    suggested = item is not None and all(score == 100 for score in item.dimensions.values())
    may_speak = can(actor, "review:overrule", Subject(site.id))
    if fact is None:
        return Word(None, "", suggested, None, may_speak)
    return Word({"yes": True, "no": False}.get(fact.value), fact.note, suggested, fact.version, may_speak)


def get_run_page(actor: Actor, number: int) -> ScorePage:
    """A stored run, exactly as it was."""
    row = db.session.execute(
        _RUNS.add_columns(Site)
        .join(Site, (Site.organisation_id == ScoringRun.organisation_id) & (Site.id == ScoringRun.site_id))
        .where(ScoringRun.organisation_id == actor.organisation_id, ScoringRun.number == number)
    ).one_or_none()
    seen = actor.sites()
    if row is None or (seen is not None and row.Site.id not in seen):
        raise NotFound
    run, release, site = row
    shown = _read(run, release)
    choices = (SiteChoice(site.code, pick(site.name_zh, site.name_en), True),)
    return _page(choices, site, run.standard, run.tier, None, shown, (), _pinning(shown))


def get_site(organisation_id: int, code: str) -> Site:
    """A site by its code. Raises NotFound."""
    found = db.session.execute(
        sa.select(Site).where(Site.organisation_id == organisation_id, Site.code == code)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def get_run_sheet(actor: Actor, number: int) -> str:
    """The sheet of a stored run, byte for byte; NotFound for one of a site that this person does not see."""
    row = db.session.execute(
        sa.select(ScoringRun.sheet, ScoringRun.site_id).where(
            ScoringRun.organisation_id == actor.organisation_id, ScoringRun.number == number
        )
    ).one_or_none()
    seen = actor.sites()
    if row is None or (seen is not None and row.site_id not in seen):
        raise NotFound
    return str(row.sheet)


def _empty_page(choices: tuple[SiteChoice, ...], site: Site | None, standard: str) -> ScorePage:
    return ScorePage(
        sites=choices,
        site_code=site.code if site else "",
        site_name=pick(site.name_zh, site.name_en) if site else "",
        standard=standard,
        tier="standard",
        totals=None,
        run=None,
        verdict="",
        verdict_title="",
        passes=False,
        conditions=(),
        categories=(),
        criteria=(),
        level_name="",
        next_rows=(),
        hints=(),
        steps=(),
        chart=None,
        target_level=site.target_level if site else 3,
    )


def _read(run: ScoringRun, release: CatalogueRelease) -> Stored:
    return Stored(run, *read(run, releases.standard_of(release)))


def _page(
    choices: tuple[SiteChoice, ...],
    site: Site,
    standard: str,
    tier: str,
    found: Totals | None,
    shown: Stored,
    steps: tuple[Step, ...],
    pinning: dict[str, tuple[PinnedBy, ...]],
) -> ScorePage:
    result, lang = shown.result, language()
    names = names_of(site.organisation_id, site.id)
    of_items = isinstance(result, CopcResult)
    standard_data = result.catalogue
    level = result.overall_level if isinstance(result, SeeResult) else None
    return ScorePage(
        sites=choices,
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        standard=standard,
        tier=tier,
        totals=found,
        run=_run_view(shown),
        verdict=result.verdict.value if isinstance(result, CopcResult) else "",
        verdict_title=result.verdict.label.of(lang) if isinstance(result, CopcResult) else "",
        passes=isinstance(result, CopcResult) and result.verdict.passes(result.policy.cert_policy),
        conditions=results.conditions(result) if isinstance(result, CopcResult) else (),
        categories=results.categories(result, pinning, names) if isinstance(result, CopcResult) else (),
        criteria=results.criteria(result, pinning) if isinstance(result, SeeResult) else (),
        level_name="" if level is None else charts.level_name(standard_data, level, lang),
        next_rows=results.next_rows(result) if isinstance(result, SeeResult) else (),
        hints=tuple(
            hint.text(lang, names)
            for hint in (result.hints if isinstance(result, CopcResult) else result.warnings)
        ),
        steps=steps,
        chart=charts.waterfall_of(found, steps)
        if of_items and found is not None and steps
        else (charts.radar_of(result, site.target_level) if isinstance(result, SeeResult) else None),
        target_level=site.target_level,
    )


def _run_view(shown: Stored) -> Run:
    run = shown.run
    after = aliased(ScoringRun)
    before = aliased(ScoringRun)
    row = db.session.execute(
        sa.select(
            Site.code,
            Site.name_zh,
            Site.name_en,
            Person.name_zh.label("person_zh"),
            Person.name_en.label("person_en"),
            CatalogueRelease.key,
            CatalogueRelease.content_hash,
            before.number.label("before"),
            after.number.label("after"),
        )
        .select_from(ScoringRun)
        .join(Site, (Site.organisation_id == ScoringRun.organisation_id) & (Site.id == ScoringRun.site_id))
        .join(
            Person,
            (Person.organisation_id == ScoringRun.organisation_id) & (Person.id == ScoringRun.person_id),
        )
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
            & (CatalogueRelease.id == ScoringRun.release_id),
        )
        .outerjoin(
            before,
            (before.organisation_id == ScoringRun.organisation_id) & (before.id == ScoringRun.previous_id),
        )
        .outerjoin(
            after,
            (after.organisation_id == ScoringRun.organisation_id)
            & (after.site_id == ScoringRun.site_id)
            & (after.standard == ScoringRun.standard)
            & (after.previous_id == ScoringRun.id),
        )
        .where(ScoringRun.organisation_id == run.organisation_id, ScoringRun.id == run.id)
        .limit(1)
    ).one()
    return Run(
        number=run.number,
        label=label("run", run.number),
        standard=run.standard,
        tier=run.tier,
        cause=cause_title(run.cause),
        site_code=row.code,
        site_name=pick(row.name_zh, row.name_en),
        release=row.key,
        total=run.total or Fraction(0),
        maximum=run.maximum,
        as_of=run.as_of,
        at=run.created_at,
        person=pick(row.person_zh, row.person_en),
        content_hash=run.content_hash,
        intact=run_hash(row.content_hash, run.sheet, run.result) == run.content_hash,
        policy=tuple((key, str(value)) for key, value in shown.result.policy.to_json().items()),
        previous=row.before,
        next=row.after,
    )


def cause_title(cause: Cause) -> str:
    """Why a run was made, in words."""
    return {
        Cause.BASELINE: _("Baseline"),
        Cause.RAISED: _("Non-conformity raised"),
        Cause.CLOSED: _("Non-conformity closed"),
        Cause.REOPENED: _("Non-conformity reopened"),
        Cause.DATA: _("New data"),
        Cause.SCOPE: _("Scope changed"),
        Cause.OVERRULE: _("Assessor's word"),
        Cause.VOIDED: _("Non-conformity voided"),
        Cause.WITHDRAWN: _("Report withdrawn"),
        Cause.RELEASE: _("Another release of the standard"),
    }[cause]


def _pinning(shown: Stored) -> dict[str, tuple[PinnedBy, ...]]:
    """Element → the gaps that hold facts of it, as the run knew them, with the titles of today."""
    numbers = {int(gap.id.rpartition("-")[2]): gap for gap in shown.sheet.gaps}
    if not numbers:
        return {}
    titles: dict[int, str] = {
        row.number: row.title
        for row in db.session.execute(
            sa.select(Nonconformity.number, Nonconformity.title).where(
                Nonconformity.organisation_id == shown.run.organisation_id, Nonconformity.number.in_(numbers)
            )
        )
    }
    found: dict[str, list[PinnedBy]] = defaultdict(list)
    for number, gap in numbers.items():
        for element in _elements(gap):
            found[element].append(PinnedBy(number, gap.id, titles.get(number, "")))
    return {element: tuple(pins) for element, pins in found.items()}


def _elements(gap: Gap) -> Iterable[str]:
    return dict.fromkeys(release.item for release in gap.releases)


def _steps(standing: Standing) -> tuple[Step, ...]:
    """The runs since the baseline in the order they were made, with what each moved (N-SCORE-5)."""
    if standing.baseline_run_id is None:
        return ()
    baseline = (
        sa.select(ScoringRun.number)
        .where(
            ScoringRun.organisation_id == standing.organisation_id, ScoringRun.id == standing.baseline_run_id
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(
            ScoringRun.number,
            ScoringRun.cause,
            ScoringRun.total,
            ScoringRun.verdict,
            ScoringRun.result,
            ScoringRun.created_at,
            Nonconformity.number.label("nonconformity"),
            Nonconformity.title,
        )
        .outerjoin(
            Nonconformity,
            (Nonconformity.organisation_id == ScoringRun.organisation_id)
            & (Nonconformity.id == ScoringRun.nonconformity_id),
        )
        .where(
            ScoringRun.organisation_id == standing.organisation_id,
            ScoringRun.site_id == standing.site_id,
            ScoringRun.standard == standing.standard,
            ScoringRun.tier == standing.tier,
            ScoringRun.number >= baseline,
        )
        .order_by(ScoringRun.number.desc())
        .limit(STEPS_SHOWN + 1)
    ).all()[::-1]
    return tuple(_step(before, row) for before, row in pairwise(rows))


def _step(before: Any, row: Any) -> Step:
    name = "" if row.nonconformity is None else label("nonconformity", row.nonconformity)
    return Step(
        run=row.number,
        cause=cause_title(row.cause),
        label=name or cause_title(row.cause),
        title=row.title or "",
        nonconformity=row.nonconformity,
        total=row.total,
        moved=row.total - before.total,
        items=charts.moved_between(before.result, row.result),
        verdict=charts.verdict_title(row.verdict),
        at=row.created_at,
    )
