"""The ground of the pages that look ahead: the newest score of a site and the non-conformities open against it.

The sheets are those of the newest runs, so that "now" is the number that the score page and the dashboard show.
What a run has no part in, the effort, the days and what waits for what, is read from the records as they stand.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any

import networkx as nx
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from scoring import rescore
from scoring.rescore import Result
from scoring.sheet import Gap, Sheet, loads
from tracker import clock
from tracker.actions.models import Action, ActionDependency, ActionNonconformity, Task
from tracker.database import db
from tracker.i18n import pick
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.offers import StateView, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.scores.models import CatalogueRelease, ScoringRun, Standing
from tracker.scores.queries import list_site_choices
from tracker.scores.releases import standard_of
from tracker.scores.sheets import PINNING
from tracker.scores.viewmodels import SiteChoice
from workflows.actions import ActionState
from workflows.kinds import TaskState
from workflows.nonconformities import NonconformityState

# Made once: an alias learns its columns anew each time it is made, and that costs more than the statement.
waiting, awaited = aliased(ActionNonconformity), aliased(ActionNonconformity)
holder, first = aliased(Action), aliased(Action)

SETTLED_ACTIONS = (ActionState.CLOSED, ActionState.CANCELLED)


@dataclass(frozen=True)
class OpenRecord:
    """An open non-conformity; `ready_on` is the day on which its plan says that it can be closed."""

    number: int
    label: str
    title: str
    state: StateView
    effort: Fraction
    due_on: date | None
    days_left: int | None
    ready_on: date | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenAction:
    """A corrective action that is not settled, with the labels of the open non-conformities that it answers."""

    number: int
    label: str
    title: str
    state: StateView
    effort: Fraction
    due_on: date | None
    days_left: int | None
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Now:
    """Where a site stands under one standard: its sheet with the open gaps, and what that is worth."""

    standard: str
    tier: str
    sheet: Sheet
    result: Result


@dataclass(frozen=True)
class Ground:
    """A site, its newest score under each standard, and its open non-conformities by label."""

    sites: tuple[SiteChoice, ...]
    site: Site | None
    now: Mapping[str, Now] = field(default_factory=dict)
    records: Mapping[str, OpenRecord] = field(default_factory=dict)

    @property
    def site_code(self) -> str:
        return self.site.code if self.site else ""

    @property
    def site_name(self) -> str:
        return pick(self.site.name_zh, self.site.name_en) if self.site else ""


def read_ground(actor: Actor, site_code: str | None, *, plans: bool = False) -> Ground:
    """The newest score of a site and its open non-conformities; with `plans`, their days and what they wait for.

    Raises NotFound for a site that this person does not see. Three statements, five with plans.
    """
    _found, choices, site = list_site_choices(actor, site_code)
    if site is None:
        return Ground(choices, None)
    rows = _open_rows(site)
    needs = needs_of(site, {row.id: row.number for row in rows}) if plans else {}
    days = _ready_days(site) if plans else {}
    records = {
        record.label: record
        for record in (_record(row, days.get(row.id, row.due_on), needs.get(row.number, ())) for row in rows)
    }
    now = {
        standing.standard: _now(standing.standard, standing.tier, sheet, records)
        for standing, sheet in _newest(site)
    }
    return Ground(choices, site, now, records)


def _newest(site: Site) -> Iterable[tuple[Standing, Sheet]]:
    rows = db.session.execute(
        sa.select(Standing, ScoringRun.sheet, CatalogueRelease)
        .join(
            ScoringRun,
            (ScoringRun.organisation_id == Standing.organisation_id) & (ScoringRun.id == Standing.run_id),
        )
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
            & (CatalogueRelease.id == ScoringRun.release_id),
        )
        .where(Standing.organisation_id == site.organisation_id, Standing.site_id == site.id)
        .order_by(Standing.standard)
    )
    return [(standing, loads(sheet, standard_of(release))) for standing, sheet, release in rows]


def _now(standard: str, tier: str, stored: Sheet, records: Mapping[str, OpenRecord]) -> Now:
    known = {gap.id for gap in stored.gaps}
    gaps = tuple(_planned(gap, records.get(gap.id), known) for gap in stored.gaps)
    sheet = replace(stored, gaps=gaps, as_of=max(stored.as_of, clock.today()))
    return Now(standard, tier, sheet, rescore.score(sheet))


def _planned(gap: Gap, record: OpenRecord | None, known: set[str]) -> Gap:
    """A gap with the effort, day and needs that its record has today."""
    if record is None:
        return gap
    needs = tuple(need for need in record.needs if need in known)
    return replace(gap, effort=record.effort, ready_on=record.ready_on, needs=needs)


def _record(row: Any, ready_on: date | None, needs: tuple[int, ...]) -> OpenRecord:
    return OpenRecord(
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        state=state_view("nonconformity", row.state),
        effort=row.effort,
        due_on=row.due_on,
        days_left=(row.due_on - clock.today()).days if row.due_on else None,
        ready_on=ready_on,
        needs=tuple(label("nonconformity", need) for need in needs),
    )


def _open(site: Site) -> tuple[Any, ...]:
    """The conditions of an open non-conformity of a site."""
    return (
        Nonconformity.organisation_id == site.organisation_id,
        Nonconformity.site_id == site.id,
        Nonconformity.state.in_(PINNING),
    )


def _open_rows(site: Site) -> list[Any]:
    columns = (
        Nonconformity.id,
        Nonconformity.number,
        Nonconformity.title,
        Nonconformity.state,
        Nonconformity.effort,
        Nonconformity.due_on,
    )
    return list(db.session.execute(sa.select(*columns).where(*_open(site)).order_by(Nonconformity.number)))


def list_open_actions(ground: Ground) -> tuple[OpenAction, ...]:
    """The unsettled actions that answer open non-conformities of the site, by number: one statement."""
    if ground.site is None:
        return ()
    rows = db.session.execute(
        sa.select(
            Action.number,
            Action.title,
            Action.state,
            Action.effort,
            Action.due_on,
            Nonconformity.number.label("answered"),
        )
        .join(
            ActionNonconformity,
            (ActionNonconformity.organisation_id == Action.organisation_id)
            & (ActionNonconformity.action_id == Action.id),
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ActionNonconformity.organisation_id)
            & (Nonconformity.id == ActionNonconformity.nonconformity_id),
        )
        .where(
            Action.organisation_id == ground.site.organisation_id,
            *_open(ground.site),
            Action.state.not_in(SETTLED_ACTIONS),
        )
        .order_by(Action.number, Nonconformity.number)
    ).all()
    return tuple(_action(list(found)) for _number, found in groupby(rows, key=lambda row: row.number))


def _action(rows: list[Any]) -> OpenAction:
    row = rows[0]
    return OpenAction(
        number=row.number,
        label=label("action", row.number),
        title=row.title,
        state=state_view("action", row.state),
        effort=row.effort,
        due_on=row.due_on,
        days_left=(row.due_on - clock.today()).days if row.due_on else None,
        answers=tuple(label("nonconformity", each.answered) for each in rows),
    )


# ---------------------------------------------------------------- plans


def _ready_days(site: Site) -> dict[int, date]:
    """Non-conformity → the day on which the last of its actions has shown its effect.

    That is the end of the window of observation; before it has begun, the last task and the planned window;
    without a plan, the due day. Where nothing of an action is left to wait for, its audit may be held at once.
    """
    last_task = (
        sa.select(sa.func.max(Task.due_on))
        .where(
            Task.organisation_id == Action.organisation_id,
            Task.action_id == Action.id,
            Task.state == TaskState.OPEN,
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(
            Nonconformity.id,
            Nonconformity.state,
            Action.due_on,
            Action.window_days,
            Action.window_ends_on,
            last_task.label("last_task"),
        )
        .join(
            ActionNonconformity,
            (ActionNonconformity.organisation_id == Nonconformity.organisation_id)
            & (ActionNonconformity.nonconformity_id == Nonconformity.id),
        )
        .join(
            Action,
            (Action.organisation_id == ActionNonconformity.organisation_id)
            & (Action.id == ActionNonconformity.action_id),
        )
        .where(*_open(site), Action.state.not_in(SETTLED_ACTIONS))
    )
    found: dict[int, date] = {}
    for row in rows:
        day = _ready_day(row)
        if day is not None:
            found[row.id] = max(day, found.get(row.id, day))
    return found


def _ready_day(row: Any) -> date | None:
    if row.window_ends_on is not None:
        ends: date = row.window_ends_on
        return ends
    if row.last_task is not None:
        last: date = row.last_task
        return last + timedelta(days=row.window_days or 0)
    due: date | None = row.due_on
    return clock.today() if row.state == NonconformityState.VERIFYING else due


def needs_of(site: Site, numbers: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Number → the numbers of those that must be closed first: an action of theirs is waited for."""
    edge = ActionDependency
    rows = db.session.execute(
        sa.select(waiting.nonconformity_id, awaited.nonconformity_id)
        .select_from(edge)
        .join(holder, (holder.organisation_id == edge.organisation_id) & (holder.id == edge.action_id))
        .join(first, (first.organisation_id == edge.organisation_id) & (first.id == edge.needs_id))
        .join(
            waiting,
            (waiting.organisation_id == edge.organisation_id) & (waiting.action_id == edge.action_id),
        )
        .join(
            awaited, (awaited.organisation_id == edge.organisation_id) & (awaited.action_id == edge.needs_id)
        )
        .where(
            edge.organisation_id == site.organisation_id,
            holder.organisation_id == site.organisation_id,
            # An action answers records of its own site only; to look at theirs leads SQLite to pair all of them.
            holder.site_id == site.id,
            holder.state.not_in(SETTLED_ACTIONS),
            first.state.not_in(SETTLED_ACTIONS),
        )
    )
    edges = [
        (numbers[after], numbers[before])
        for after, before in rows
        if after != before and after in numbers and before in numbers
    ]
    return without_circles(edges)


def without_circles(edges: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """Record → what it needs, from (record, need) pairs; those that wait for each other close together.

    Actions never wait in a circle, but the records that they answer may: two that do are of one plan, and
    neither comes first.

    >>> without_circles([(3, 2), (2, 1), (1, 2)])
    {3: (2,)}
    """
    graph = nx.DiGraph(edges)
    together = {
        node: place for place, group in enumerate(nx.strongly_connected_components(graph)) for node in group
    }
    needs: dict[int, list[int]] = defaultdict(list)
    for record, need in sorted(graph.edges):
        if together[record] != together[need]:
            needs[record].append(need)
    return {record: tuple(found) for record, found in needs.items()}
