"""What every open non-conformity of a site is worth: alone, as the last one, its share, and for what effort."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import sqlalchemy as sa

from scoring import rescore
from scoring.attribution import Attribution, Worth, attribute
from scoring.sheet import Gap, Sheet, loads
from tracker.database import db
from tracker.offers import StateView
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.scores import releases
from tracker.scores.ground import Ground, Now, OpenAction, OpenRecord, list_open_actions, read_ground
from tracker.scores.models import ScoringRun, Standing
from tracker.scores.totals import mark_of
from tracker.scores.viewmodels import SiteChoice

SORTS = ("rate", "number", "alone", "last", "share", "effort", "due")
DEFAULT_SORT = "-rate"


@dataclass(frozen=True)
class WorthRow:
    """An open non-conformity with what it is worth; `rate` is its share for each unit of effort."""

    number: int
    label: str
    title: str
    state: StateView
    elements: tuple[str, ...]
    alone: Fraction
    last: Fraction
    share: Fraction
    error: Fraction | None
    effort: Fraction
    due_on: date | None
    days_left: int | None

    @property
    def rate(self) -> Fraction | None:
        """None where it takes no effort at all."""
        return self.share / self.effort if self.effort else None


@dataclass(frozen=True)
class ActionWorth:
    """A corrective action with what closing all that it answers moves together, and their shares."""

    action: OpenAction
    answers: tuple[str, ...]
    together: Fraction
    share: Fraction

    @property
    def rate(self) -> Fraction | None:
        """None where it takes no effort at all."""
        return self.share / self.action.effort if self.action.effort else None

    @property
    def records(self) -> tuple[tuple[int, str], ...]:
        """Number and label of each answered record."""
        return tuple((int(name.rpartition("-")[2]), name) for name in self.answers)


@dataclass(frozen=True)
class WorthPage:
    """The open non-conformities of a site under a standard; the shares add up to the gain."""

    sites: tuple[SiteChoice, ...]
    site_code: str
    site_name: str
    standard: str
    sort: str
    scored: bool
    rows: tuple[WorthRow, ...] = ()
    unpinned: int = 0
    total: Fraction = Fraction(0)
    gain: Fraction = Fraction(0)
    mark: Fraction = Fraction(0)
    maximum: Fraction = Fraction(0)
    exact: bool = True
    actions: tuple[ActionWorth, ...] = ()

    @property
    def effort(self) -> Fraction:
        """The effort of all of them."""
        return sum((row.effort for row in self.rows), Fraction(0))


def get_worth_page(actor: Actor, site_code: str | None, standard: str, sort: str) -> WorthPage:
    """What is open at a site and what it is worth; an unknown order is the usual one. Raises NotFound."""
    ground = read_ground(actor, site_code)
    now = ground.now.get(standard)
    sort = sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT
    if now is None:
        return WorthPage(ground.sites, ground.site_code, ground.site_name, standard, sort, scored=False)
    found = attribute(now.sheet)
    rows = _rows(ground, now, found)
    return WorthPage(
        sites=ground.sites,
        site_code=ground.site_code,
        site_name=ground.site_name,
        standard=standard,
        sort=sort,
        scored=True,
        rows=in_order(rows, sort),
        unpinned=len(ground.records) - len(rows),
        total=now.result.total,
        gain=found.gain,
        mark=mark_of(now.result),
        maximum=now.result.max,
        exact=found.exact,
        actions=_actions(ground, now, found),
    )


def _actions(ground: Ground, now: Now, found: Attribution) -> tuple[ActionWorth, ...]:
    """The unsettled actions that answer what is open here, by what they pay for their effort."""
    rows = []
    for action in list_open_actions(ground):
        answers = tuple(name for name in action.answers if name in found.gaps)
        if answers:
            after = rescore.score(rescore.close(now.sheet, frozenset(answers)), since=now.result)
            share = sum((found.gaps[name].share for name in answers), Fraction(0))
            rows.append(ActionWorth(action, answers, after.total - now.result.total, share))
    return tuple(sorted(rows, key=lambda row: _rate_place(row.rate, row.share), reverse=True))


def _rate_place(rate: Fraction | None, share: Fraction) -> tuple[int, Fraction]:
    """What costs nothing stands above all that costs something."""
    return (1, share) if rate is None and share else (0, rate or Fraction(0))


def _rows(ground: Ground, now: Now, found: Attribution) -> list[WorthRow]:
    return [
        _row(gap, ground.records[gap.id], found.gaps[gap.id])
        for gap in now.sheet.gaps
        if gap.id in ground.records
    ]


def _row(gap: Gap, record: OpenRecord, worth: Worth) -> WorthRow:
    return WorthRow(
        number=record.number,
        label=record.label,
        title=record.title,
        state=record.state,
        elements=tuple(dict.fromkeys(release.item for release in gap.releases)),
        alone=worth.alone,
        last=worth.last,
        share=worth.share,
        error=worth.error,
        effort=gap.effort,
        due_on=record.due_on,
        days_left=record.days_left,
    )


def in_order(rows: list[WorthRow], sort: str) -> tuple[WorthRow, ...]:
    """The rows by one column, equal ones by number."""
    key = sort.removeprefix("-")
    # `reverse` keeps equal rows in the order they had, which is that of the numbers.
    by_number = sorted(rows, key=lambda row: row.number)
    return tuple(sorted(by_number, key=lambda row: _place(row, key), reverse=sort.startswith("-")))


def _place(row: WorthRow, key: str) -> tuple[int, Fraction | int]:
    if key == "rate":
        return _rate_place(row.rate, row.share)
    if key == "due":
        return (0, row.due_on.toordinal()) if row.due_on else (1, 0)
    worth: Fraction | int = getattr(row, key)
    return (0, worth)


# ---------------------------------------------------------------- one record


@dataclass(frozen=True)
class RecordWorth:
    """What some open records of one site are worth together under a standard, for the effort of closing them.

    `alone` is what closing them and nothing else moves, `last` what they add when all others are closed.
    """

    standard: str
    site_code: str
    names: tuple[str, ...]
    alone: Fraction
    last: Fraction
    share: Fraction
    effort: Fraction
    exact: bool

    @property
    def rate(self) -> Fraction | None:
        """The share for each unit of effort; None where it takes none at all."""
        return self.share / self.effort if self.effort else None


def list_record_worth(
    organisation_id: int, site_id: int, names: Collection[str], effort: Fraction
) -> tuple[RecordWorth, ...]:
    """The points of open records, read from the newest runs of their site: one statement, whatever is open there."""
    rows = db.session.execute(
        sa.select(Standing.standard, Site.code, ScoringRun)
        .join(
            ScoringRun,
            (ScoringRun.organisation_id == Standing.organisation_id) & (ScoringRun.id == Standing.run_id),
        )
        .join(Site, (Site.organisation_id == Standing.organisation_id) & (Site.id == Standing.site_id))
        .where(Standing.organisation_id == organisation_id, Standing.site_id == site_id)
        .order_by(Standing.standard)
    ).all()
    found = []
    for standard, code, run in rows:
        sheet = loads(run.sheet, releases.content_of(organisation_id, run.release_id))
        mine = tuple(gap.id for gap in sheet.gaps if gap.id in names)
        if mine:
            found.append(_record_worth(standard, code, sheet, mine, effort))
    return tuple(found)


def _record_worth(
    standard: str, code: str, sheet: Sheet, names: tuple[str, ...], effort: Fraction
) -> RecordWorth:
    found, now = attribute(sheet), rescore.score(sheet)
    everything = frozenset(gap.id for gap in sheet.gaps)
    best = rescore.score(rescore.close(sheet, everything), since=now)
    alone = rescore.score(rescore.close(sheet, frozenset(names)), since=now)
    without = rescore.score(rescore.close(sheet, everything - set(names)), since=now)
    return RecordWorth(
        standard=standard,
        site_code=code,
        names=names,
        alone=alone.total - now.total,
        last=best.total - without.total,
        share=sum((found.gaps[name].share for name in names), Fraction(0)),
        effort=effort,
        exact=found.exact,
    )
