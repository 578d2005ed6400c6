"""Certification readiness: the conditions as a checklist, what is in the way of each, and what comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from scoring.certification import CONDITIONS_OF, Condition
from scoring.program import SolverMissing
from scoring.results import CopcResult
from tracker import clock
from tracker.database import db
from tracker.i18n import language
from tracker.metrics.exhibit import ExhibitPage
from tracker.metrics.exhibit import get_page as get_exhibit
from tracker.numbering import label
from tracker.permissions import Actor
from tracker.reviews.models import Review
from tracker.scores import charts, sheets, shortest
from tracker.scores.ground import Ground, Now
from tracker.scores.shortest import Found
from tracker.scores.totals import mark_of
from tracker.scores.viewmodels import PinnedBy, SiteChoice
from workflows.reviews import ReviewState

# A review of the whole management system is due once a year (1.2-2a).
REVIEW_DAYS = 365


@dataclass(frozen=True)
class Short:
    """An item that keeps a condition from holding, with the dimensions that fall short and what holds it."""

    element: str
    name: str
    dimensions: tuple[tuple[str, int], ...]
    held_by: tuple[PinnedBy, ...]


@dataclass(frozen=True)
class Check:
    """A condition of certification: `holds`, `fails` or `unknown`, and what is short of it."""

    id: str
    title: str
    status: str
    strict: bool
    lenient: bool
    detail: str
    missing: str
    short: tuple[Short, ...]


@dataclass(frozen=True)
class LastReview:
    """The latest reported review: the ground of the score, with the checks that are not scored."""

    number: int
    label: str
    title: str
    reported_on: date
    days_ago: int
    due_on: date
    sampled_kcrp: str
    metric_list_confirmed: bool

    @property
    def overdue(self) -> bool:
        return clock.today() > self.due_on


@dataclass(frozen=True)
class Way:
    """How a reading can be reached by closing what is open; `found` is None without a solver."""

    reading: str
    found: Found | None


@dataclass(frozen=True)
class ReadinessPage:
    """The checklist of one site."""

    sites: tuple[SiteChoice, ...]
    site_code: str
    site_name: str
    standard: str
    scored: bool
    verdict: str = ""
    passes: bool = False
    counts_by: str = "strict"
    tier: str = "standard"
    checks: tuple[Check, ...] = ()
    blank: tuple[tuple[str, str], ...] = ()
    review: LastReview | None = None
    exhibit: ExhibitPage | None = None
    ways: tuple[Way, ...] = ()
    total: str = ""
    mark: str = ""

    def counts(self, reading: str) -> tuple[int, int]:
        """How many conditions of a reading hold, of how many."""
        asked = [check for check in self.checks if (check.strict if reading == "strict" else check.lenient)]
        return sum(check.status == "holds" for check in asked), len(asked)


def get_readiness_page(actor: Actor, site_code: str | None) -> ReadinessPage:
    """How far a site is from its certification. Raises NotFound for a site that this person does not see."""
    ground = shortest.read_path_ground(actor, site_code)
    now = ground.now.get(sheets.COPC)
    if now is None or ground.site is None or not isinstance(now.result, CopcResult):
        return ReadinessPage(ground.sites, ground.site_code, ground.site_name, sheets.COPC, scored=False)
    result = now.result
    mark = mark_of(result)
    return ReadinessPage(
        sites=ground.sites,
        site_code=ground.site_code,
        site_name=ground.site_name,
        standard=sheets.COPC,
        scored=True,
        verdict=result.verdict.label.of(language()),
        passes=result.verdict.passes(result.policy.cert_policy),
        counts_by=result.policy.cert_policy,
        tier=now.tier,
        checks=tuple(_checks(ground, now, result)),
        blank=tuple((name, result.catalogue.item(name).name.of(language())) for name in result.blank),
        review=_last_review(ground),
        exhibit=get_exhibit(ground.site),
        ways=tuple(_way(ground, reading) for reading in CONDITIONS_OF),
        total=charts.shown(result.total, mark),
        mark=charts.shown(mark),
    )


def _checks(ground: Ground, now: Now, result: CopcResult) -> Iterator[Check]:
    for condition in result.conditions:
        has, needs = condition.has, condition.needs
        by_points = has is not None and needs is not None
        yield Check(
            id=condition.id,
            title=condition.label.of(language()),
            status={True: "holds", False: "fails", None: "unknown"}[condition.holds],
            strict=condition.id in CONDITIONS_OF["strict"],
            lenient=condition.id in CONDITIONS_OF["lenient"],
            detail=f"{charts.shown(has, needs)} / {charts.shown(needs)}"
            if has is not None and needs is not None
            else "",
            missing=charts.shown(needs - has)
            if has is not None and needs is not None and has < needs
            else "",
            short=() if by_points else tuple(_short(ground, now, result, condition)),
        )


def _short(ground: Ground, now: Now, result: CopcResult, condition: Condition) -> Iterator[Short]:
    """The items short of a condition; where only the approach is asked for, only that is what is short."""
    lang = language()
    for name in condition.items:
        dimensions = result.items[name].dimensions
        asked = tuple(dimensions) if condition.id == "category_4_full" else ("approach",)
        yield Short(
            element=name,
            name=result.catalogue.item(name).name.of(lang),
            dimensions=tuple(
                (each, score) for each in asked if (score := dimensions[each]) is not None and score < 100
            ),
            held_by=tuple(_held_by(ground, now, name, only_lines=condition.id != "category_4_full")),
        )


def _held_by(ground: Ground, now: Now, element: str, *, only_lines: bool) -> Iterator[PinnedBy]:
    """What is open against the item; a condition on the approach asks about its lines alone."""
    for gap in now.sheet.gaps:
        kinds = {release.kind for release in gap.releases if release.item == element}
        if (kinds & {"line"}) if only_lines else kinds:
            record = ground.records.get(gap.id)
            yield PinnedBy(int(gap.id.rpartition("-")[2]), gap.id, record.title if record else "")


def _way(ground: Ground, reading: str) -> Way:
    try:
        return Way(reading, shortest.find(ground, sheets.COPC, reading, "effort"))
    except SolverMissing:
        return Way(reading, None)


def _last_review(ground: Ground) -> LastReview | None:
    if ground.site is None:
        return None
    row = db.session.execute(
        sa.select(
            Review.number,
            Review.title,
            Review.reported_at,
            Review.sampled_kcrp,
            Review.metric_list_confirmed,
        )
        .where(
            Review.organisation_id == ground.site.organisation_id,
            Review.site_id == ground.site.id,
            Review.copc,
            Review.state.in_((ReviewState.REPORTED, ReviewState.CLOSED)),
            Review.reported_at.is_not(None),
        )
        .order_by(Review.reported_at.desc(), Review.number.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    day: date = row.reported_at.date()
    return LastReview(
        number=row.number,
        label=label("review", row.number),
        title=row.title,
        reported_on=day,
        days_ago=(clock.today() - day).days,
        due_on=day + timedelta(days=REVIEW_DAYS),
        sampled_kcrp=row.sampled_kcrp,
        metric_list_confirmed=row.metric_list_confirmed,
    )
