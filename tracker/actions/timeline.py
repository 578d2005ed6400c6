"""The timeline of actions: a page of bars on a scale of days, with what waits for what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.actions.models import Action
from tracker.actions.network import Network, Place, load_network, places
from tracker.actions.register import Filters, list_register
from tracker.actions.viewmodels import Row
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, show_date
from tracker.numbering import label
from tracker.permissions import Actor
from workflows.actions import ActionState

PAGE = 40
ROW, HEAD = 44, 40
BAR = 14
# The scale: as wide as a desk shows, at least four pixels a week and at most sixteen a day.
WIDTH, NARROWEST, WIDEST = 960, 0.6, 16.0
# What lies further back or ahead is cut off at the edge, so that one old action does not squeeze the rest.
BACK, AHEAD = 270, 400
_ENDED = (ActionState.CLOSED, ActionState.CANCELLED)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """A stretch of time in the drawing: where it begins, how wide it is, and what it stands for."""

    x: int
    width: int
    kind: str


@dataclass(frozen=True)
class Line:
    """An action on the timeline."""

    row: Row
    y: int
    bars: tuple[Bar, ...]
    due_x: int | None
    began_on: date
    finish_on: date | None
    window_ends_on: date | None
    slack: int | None
    critical: bool
    late: bool
    overdue: bool
    needs: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class Timeline:
    """A page of the timeline: its lines, the scale, and the keys of its neighbours."""

    lines: tuple[Line, ...]
    arrows: tuple[tuple[str, bool], ...]
    months: tuple[tuple[int, str], ...]
    today_x: int
    width: int
    height: int
    cut: bool
    before: str | None
    after: str | None
    row: int = field(default=ROW)
    head: int = field(default=HEAD)
    bar: int = field(default=BAR)


@dataclass(frozen=True)
class _Dates:
    id: int
    began_on: date
    implemented_on: date | None
    closed_on: date | None
    window_ends_on: date | None
    due_on: date | None
    state: ActionState


def get_timeline(actor: Actor, wanted: Filters, after: str, before: str, size: int = PAGE) -> Timeline:
    """A page of bars in a number of statements that grows neither with the register nor with the page."""
    found = list_register(actor, wanted, after, before, size)
    dates = _list_dates(actor.organisation_id, [row.number for row in found.rows])
    network = load_network(actor.organisation_id, [each.id for each in dates.values()])
    standing = places(network)
    scale = _Scale.fitting(dates.values(), standing)
    ids = {dates[row.number].id: place for place, row in enumerate(found.rows)}
    lines = tuple(
        _line(row, place, dates[row.number], standing.get(dates[row.number].id), network, scale)
        for place, row in enumerate(found.rows)
    )
    return Timeline(
        lines=lines,
        arrows=_arrows(network, standing, ids, lines),
        months=scale.months(),
        today_x=scale.x(clock.today()),
        width=scale.width,
        height=HEAD + ROW * len(lines),
        cut=network.cut,
        before=found.before,
        after=found.after,
    )


def _list_dates(organisation_id: int, numbers: list[int]) -> dict[int, _Dates]:
    rows = db.session.execute(
        sa.select(
            Action.number,
            Action.id,
            Action.began_on,
            Action.implemented_at,
            Action.closed_at,
            Action.window_ends_on,
            Action.due_on,
            Action.state,
        ).where(Action.organisation_id == organisation_id, Action.number.in_(numbers))
    )
    return {
        row.number: _Dates(
            row.id,
            row.began_on,
            _day(row.implemented_at),
            _day(row.closed_at),
            row.window_ends_on,
            None if row.state in _ENDED else row.due_on,
            row.state,
        )
        for row in rows
    }


def _day(moment: Any) -> date | None:
    return None if moment is None else moment.date()


# ---------------------------------------------------------------- the scale


@dataclass(frozen=True)
class _Scale:
    """Days as pixels."""

    first: date
    last: date
    pixels: float

    @classmethod
    def fitting(cls, dates: Any, standing: Mapping[int, Place]) -> "_Scale":
        """The scale on which everything has its place, within what a page can show."""
        today = clock.today()
        days = {today, *(place.finish for place in standing.values())}
        for each in dates:
            days |= {day for day in (each.began_on, each.due_on, each.window_ends_on) if day is not None}
        first = max(min(days), today - BACK * _DAY).replace(day=1)
        last = min(max(days), today + AHEAD * _DAY) + 7 * _DAY
        pixels = min(max(WIDTH / ((last - first).days + 1), NARROWEST), WIDEST)
        return cls(first, last, pixels)

    @property
    def width(self) -> int:
        """The whole of the drawing."""
        return round(((self.last - self.first).days + 1) * self.pixels)

    def x(self, day: date) -> int:
        """Where a day begins, kept within the drawing."""
        inside = min(max(day, self.first), self.last + _DAY)
        return round((inside - self.first).days * self.pixels)

    def bar(self, first: date, last: date, kind: str) -> Bar:
        """The days from one to another, both included."""
        begin = self.x(first)
        return Bar(begin, max(self.x(last + _DAY) - begin, 3), kind)

    def months(self) -> tuple[tuple[int, str], ...]:
        """Where months begin, with their names; only every second or third where they would run together."""
        found: list[tuple[int, str]] = []
        day = self.first
        while day <= self.last:
            if not found or self.x(day) - found[-1][0] >= 60:
                found.append((self.x(day), _month(day)))
            day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return tuple(found)


def _month(day: date) -> str:
    if language() == "zh":
        return f"{day.year}年{day.month}月" if day.month == 1 else f"{day.month}月"
    return show_date(day).split(" ", 1)[1] if day.month == 1 else show_date(day).split(" ")[1]


# ---------------------------------------------------------------- a line


def _line(
    row: Row, place: int, dates: _Dates, standing: Place | None, network: Network, scale: _Scale
) -> Line:
    today = clock.today()
    ended = dates.state in _ENDED
    done = dates.implemented_on is not None
    finish = dates.implemented_on if done else None if standing is None or ended else standing.finish
    overdue = dates.due_on is not None and dates.due_on < today
    late = overdue or (not done and not ended and standing is not None and standing.late(dates.due_on))
    critical = standing is not None and standing.critical and standing.size > 1 and not done and not ended
    needs = tuple(network.nodes[needed].label for waiting, needed in network.edges if waiting == dates.id)
    return Line(
        row=row,
        y=HEAD + place * ROW,
        bars=_bars(dates, finish, scale),
        due_x=None if dates.due_on is None else scale.x(dates.due_on),
        began_on=dates.began_on,
        finish_on=finish,
        window_ends_on=dates.window_ends_on,
        slack=None if standing is None or standing.size == 1 or done or ended else standing.slack,
        critical=critical,
        late=late,
        overdue=overdue,
        needs=needs,
        said=_said(row, dates, finish, late),
    )


def _bars(dates: _Dates, finish: date | None, scale: _Scale) -> tuple[Bar, ...]:
    """What is behind us, what is still to come, and the window in which the effect is watched."""
    today = clock.today()
    if dates.state in _ENDED and dates.implemented_on is None:
        return (scale.bar(dates.began_on, max(dates.began_on, dates.closed_on or dates.began_on), "ended"),)
    if dates.implemented_on is not None:
        bars = [scale.bar(min(dates.began_on, dates.implemented_on), dates.implemented_on, "done")]
        if dates.window_ends_on is not None and dates.window_ends_on > dates.implemented_on:
            bars.append(scale.bar(dates.implemented_on + _DAY, dates.window_ends_on, "window"))
        return tuple(bars)
    bars = [scale.bar(min(dates.began_on, today), today, "spent")]
    if finish is not None and finish > today:
        bars.append(scale.bar(today + _DAY, finish, "ahead"))
    return tuple(bars)


def _said(row: Row, dates: _Dates, finish: date | None, late: bool) -> str:
    """The bar in words, for whoever points at it."""
    parts = [f"{row.label} {row.title}", row.state.title]
    if dates.implemented_on is not None:
        parts.append(_("Implemented %(day)s", day=show_date(dates.implemented_on)))
    elif finish is not None:
        parts.append(_("Earliest finish %(day)s", day=show_date(finish)))
    if dates.due_on is not None:
        parts.append(_("Due %(day)s", day=show_date(dates.due_on)))
    if late:
        parts.append(_("Late"))
    return " · ".join(parts)


def _arrows(
    network: Network, standing: Mapping[int, Place], places_of: Mapping[int, int], lines: tuple[Line, ...]
) -> tuple[tuple[str, bool], ...]:
    """Lines from the end of what is waited for to the beginning of what waits, where both are on the page."""
    found = []
    for waiting, needed in network.edges:
        if waiting not in places_of or needed not in places_of:
            continue
        above, below = lines[places_of[needed]], lines[places_of[waiting]]
        x1, y1 = above.bars[-1].x + above.bars[-1].width, above.y + ROW // 2
        x2, y2 = below.bars[-1].x, below.y + ROW // 2
        turn = max(x1 + 8, 8) if x2 >= x1 + 16 else x1 + 8
        back = y2 - ROW // 2 if y2 > y1 else y2 + ROW // 2
        if x2 >= x1 + 16:
            way = f"M{x1} {y1}H{turn}V{y2}H{x2 - 2}"
        else:
            way = f"M{x1} {y1}H{turn}V{back}H{max(x2 - 8, 0)}V{y2}H{x2 - 2}"
        critical = all(each in standing and standing[each].critical for each in (waiting, needed))
        live = not network.nodes[waiting].done
        found.append((way, critical and live))
    return tuple(found)


# ---------------------------------------------------------------- beside one action


@dataclass(frozen=True)
class Neighbour:
    """An action beside this one, in the order of the critical path or of what waits."""

    number: int
    label: str
    title: str
    here: bool


@dataclass(frozen=True)
class Prospect:
    """When an action can be finished, what it may slip, and the way that fixes the finish of the whole."""

    start_on: date | None
    finish_on: date | None
    slack: int | None
    critical: bool
    late: bool
    due_on: date | None
    end_on: date | None
    path: tuple[Neighbour, ...]
    waiting: tuple[Neighbour, ...]
    done: bool
    size: int


def get_prospect(action: Action) -> Prospect:
    """The prospect of one action, read in four statements."""
    network = load_network(action.organisation_id, [action.id])
    standing = places(network).get(action.id)
    node = network.nodes[action.id]
    waiting = tuple(
        _neighbour(network, waits, action.id) for waits, needed in network.edges if needed == action.id
    )
    if standing is None or node.done:
        return Prospect(None, None, None, False, False, node.due_on, None, (), waiting, node.done, 1)
    path = tuple(_neighbour(network, each, action.id) for each in standing.path)
    return Prospect(
        standing.start,
        standing.finish,
        standing.slack,
        standing.critical and standing.size > 1,
        standing.late(node.due_on),
        node.due_on,
        standing.end,
        path if standing.size > 1 else (),
        waiting,
        False,
        standing.size,
    )


def _neighbour(network: Network, action_id: int, here: int) -> Neighbour:
    node = network.nodes[action_id]
    return Neighbour(node.number, label("action", node.number), node.title, action_id == here)
