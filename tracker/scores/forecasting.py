"""The fifth total: what the score would be on a day to come, and the way there as a chart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from scoring import forecast, rescore
from scoring.see_cmm import SeeResult
from scoring.sheet import Sheet, loads
from tracker import clock
from tracker.charts import Total, TrajectoryWords, trajectory
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.models import ExternalAudit, ExternalState, Review
from tracker.scores import charts
from tracker.scores.ground import needs_of
from tracker.scores.models import CatalogueRelease, ScoringRun, Standing
from tracker.scores.releases import standard_of
from tracker.scores.sheets import PINNING
from tracker.scores.totals import mark_of
from tracker.scores.viewmodels import ScorePage
from workflows.reviews import ReviewState

# How far ahead the page looks where no audit and no review is planned.
DAYS_AHEAD = 90
# The picker ends somewhere: a forecast for a day in ten years says nothing.
FURTHEST = 3 * 366


@dataclass(frozen=True)
class Waiting:
    """An open non-conformity that the forecast does not count yet; `day` is None where none is known."""

    number: int
    label: str
    title: str
    day: date | None


@dataclass(frozen=True)
class ForecastView:
    """The forecast for a day beside the four totals; never what has been achieved."""

    day: date
    why: str
    total: Fraction
    verified: Fraction
    mark: Fraction
    maximum: Fraction
    verdict: str
    level: int | None
    counted: int
    overdue: int
    waiting: tuple[Waiting, ...]
    chart: dict[str, Any]
    rows: tuple[tuple[str, str, str], ...]

    @property
    def change(self) -> Fraction:
        return self.total - self.verified


def last_day() -> date:
    """The last day that can be asked for."""
    return clock.today() + timedelta(days=FURTHEST)


def get_forecast(actor: Actor, page: ScorePage, day: date | None) -> ForecastView | None:
    """The forecast of a site whose newest score is shown, for a day or for its next audit; None without a score.

    Four statements, three where the day is given.
    """
    if page.totals is None:
        return None
    row = _newest(actor.organisation_id, page.site_code, page.standard)
    if row is None:
        return None
    site, today = row.Site, clock.today()
    why = ""
    if day is None:
        day, why = _next_day(site)
    stored = loads(row.sheet, standard_of(row.CatalogueRelease))
    records = _records(site)
    sheet = _planned(stored, records, needs_of(site, {each.id: each.number for each in records}))
    found = forecast.forecast(sheet, day)
    ahead = _ahead(sheet, today, day)
    mark = mark_of(found.result)
    past = _past(page, row.began)
    names = {label("nonconformity", each.number): each for each in records}
    words = TrajectoryWords(
        verified=_("Verified"),
        forecast=_("Forecast"),
        mark=_("Pass mark %(mark)s", mark=charts.shown(mark)),
        axis=_("Points, from {start}"),
        audit_day=why,
    )
    return ForecastView(
        day=day,
        why=why,
        total=found.result.total,
        verified=page.totals.verified or Fraction(0),
        mark=mark,
        maximum=found.result.max,
        verdict=""
        if isinstance(found.result, SeeResult)
        else charts.verdict_title(found.result.verdict.value),
        level=found.result.overall_level if isinstance(found.result, SeeResult) else None,
        counted=len(found.closed),
        overdue=sum(_is_overdue(names[name], today) for name in found.closed if name in names),
        waiting=tuple(
            Waiting(names[name].number, name, names[name].title, first)
            for name, first in found.waiting.items()
            if name in names
        ),
        chart=trajectory(past, ahead, words, audit_day=day, mark=mark, maximum=found.result.max),
        rows=_rows(past, _("Verified"), mark) + _rows(ahead, _("Forecast"), mark),
    )


def _is_overdue(record: Any, today: date) -> bool:
    """Whether a due day has passed: the forecast counts on it all the same, and the page says so."""
    return record.due_on is not None and record.due_on < today


def _rows(totals: Iterable[Total], kind: str, mark: Fraction) -> tuple[tuple[str, str, str], ...]:
    return tuple((each.day.isoformat(), kind, charts.shown(each.points, mark)) for each in totals)


def _newest(organisation_id: int, site_code: str, standard: str) -> Any:
    """The site with its newest run, the release of that, and when its baseline was taken."""
    run, baseline = aliased(ScoringRun), aliased(ScoringRun)
    return db.session.execute(
        sa.select(Site, run.sheet, CatalogueRelease, baseline.created_at.label("began"))
        .join(Standing, (Standing.organisation_id == Site.organisation_id) & (Standing.site_id == Site.id))
        .join(run, (run.organisation_id == Standing.organisation_id) & (run.id == Standing.run_id))
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == run.organisation_id)
            & (CatalogueRelease.id == run.release_id),
        )
        .outerjoin(
            baseline,
            (baseline.organisation_id == Standing.organisation_id)
            & (baseline.id == Standing.baseline_run_id),
        )
        .where(Site.organisation_id == organisation_id, Site.code == site_code, Standing.standard == standard)
    ).one_or_none()


def _records(site: Site) -> list[Any]:
    return list(
        db.session.execute(
            sa.select(Nonconformity.id, Nonconformity.number, Nonconformity.title, Nonconformity.due_on)
            .where(
                Nonconformity.organisation_id == site.organisation_id,
                Nonconformity.site_id == site.id,
                Nonconformity.state.in_(PINNING),
            )
            .order_by(Nonconformity.number)
        )
    )


def _planned(stored: Sheet, records: list[Any], needs: Mapping[int, tuple[int, ...]]) -> Sheet:
    """The sheet of today with the day that each gap is due and what it depends on."""
    due = {label("nonconformity", each.number): each for each in records}
    known = {gap.id for gap in stored.gaps}
    gaps = []
    for gap in stored.gaps:
        record = due.get(gap.id)
        first = tuple(label("nonconformity", each) for each in needs.get(record.number, ())) if record else ()
        gaps.append(
            replace(
                gap,
                ready_on=record.due_on if record else None,
                needs=tuple(need for need in first if need in known),
            )
        )
    return replace(stored, gaps=tuple(gaps), as_of=max(stored.as_of, clock.today()))


def _next_day(site: Site) -> tuple[date, str]:
    """The next planned audit from outside or review, with what it is; or so many days on."""
    today = clock.today()
    audits = sa.select(ExternalAudit.planned_on, sa.literal("audit").label("kind")).where(
        ExternalAudit.organisation_id == site.organisation_id,
        ExternalAudit.site_id == site.id,
        ExternalAudit.state == ExternalState.PLANNED,
        ExternalAudit.planned_on >= today,
    )
    reviews = sa.select(Review.planned_on, sa.literal("review")).where(
        Review.organisation_id == site.organisation_id,
        Review.site_id == site.id,
        Review.state == ReviewState.PLANNED,
        Review.planned_on >= today,
    )
    both: Any = sa.union_all(audits, reviews).order_by("planned_on", "kind").limit(1)
    found = db.session.execute(both).first()
    if found is None:
        return today + timedelta(days=DAYS_AHEAD), ""
    return found[0], _("Next external audit") if found[1] == "audit" else _("Next review")


def _past(page: ScorePage, began: Any) -> list[Total]:
    """The stored runs as the stair begins: the baseline, then each run with what it moved."""
    if not page.steps:
        totals = page.totals
        if totals is None or totals.verified is None or page.run is None:
            return []
        return [Total(page.run.at.date(), totals.verified)]
    first = page.steps[0]
    start = [Total((began or first.at).date(), first.total - first.moved, _("Baseline"))]
    steps = [
        Total(step.at.date(), step.total, f"{step.label} {charts.signed(step.moved)}") for step in page.steps
    ]
    # Where nothing has moved for a while, the verified total reaches to today.
    today = clock.today()
    ends = [Total(today, steps[-1].points)] if steps[-1].day < today else []
    return start + steps + ends


def _ahead(sheet: Sheet, today: date, day: date) -> list[Total]:
    """The total on each day up to the one asked for on which the forecast moves, and on that day itself."""
    days = forecast.count_from(sheet)
    by_day: dict[date, list[str]] = {}
    for name, first in days.items():
        if first is not None and first <= day:
            by_day.setdefault(max(first, today), []).append(name)
    now = rescore.score(sheet)
    closed: set[str] = set()
    found = []
    for step in sorted(by_day):
        closed.update(by_day[step])
        total = rescore.score(rescore.close(sheet, frozenset(closed)), since=now).total
        found.append(Total(step, total, ", ".join(by_day[step])))
    last = found[-1].points if found else now.total
    return found if found and found[-1].day == day else [*found, Total(day, last)]
