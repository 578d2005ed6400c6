"""The live figures, computed by the database: a fixed number of statements however many records there are."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.actions.models import Action, Task
from tracker.audits.models import Audit
from tracker.database import db
from tracker.figures.viewmodels import BANDS, Ageing, Closing, Figures, Month, Rate, Stay
from tracker.history import HistoryEvent
from tracker.nonconformities.models import Nonconformity as Nc
from tracker.organisations.queries import seen
from tracker.permissions import Actor
from workflows.audits import AuditState
from workflows.kinds import Grade, TaskState
from workflows.nonconformities import NONCONFORMITY, NonconformityState

OVER = (NonconformityState.DRAFT, NonconformityState.CLOSED, NonconformityState.VOID)
ORDER = {NonconformityState(state.id): place for place, state in enumerate(NONCONFORMITY.states)}


@dataclass(frozen=True)
class Choice:
    """Whose figures, and of which days, both ends counted."""

    actor: Actor
    site_id: int | None
    first: date
    last: date

    def of_site(self, model: Any) -> tuple[Any, ...]:
        """The conditions that rows are of this organisation, seen by the actor, and of the chosen site."""
        found = [model.organisation_id == self.actor.organisation_id, seen(self.actor, model.site_id)]
        if self.site_id is not None:
            found.append(model.site_id == self.site_id)
        return tuple(found)

    def within(self, column: Any) -> Any:
        """The condition that a moment is in the period."""
        begin = datetime.combine(self.first, time.min, UTC)
        end = datetime.combine(self.last + timedelta(days=1), time.min, UTC)
        return sa.and_(column >= begin, column < end)


def get_figures(choice: Choice) -> Figures:
    """Every figure of a choice."""
    ageing, in_time = _ageing(choice)
    closings, first_time, extended = _closings(choice)
    months, repeats = _months(choice)
    return Figures(
        ageing=ageing,
        stays=_stays(choice),
        closings=closings,
        months=months,
        first_time=first_time,
        repeats=repeats,
        in_time=in_time,
        tasks_on_time=_tasks(choice),
        audits_on_time=_audits(choice),
        extended=extended,
    )


def _days(begin: Any, end: Any) -> Any:
    """The days between two moments, with their fraction, in the words of the engine."""
    if db.session.get_bind().dialect.name == "postgresql":
        return sa.cast(sa.func.extract("epoch", end - begin), sa.Float) / 86400
    return sa.func.julianday(end) - sa.func.julianday(begin)


def _day_of(moment: Any) -> Any:
    """The day of a moment, in UTC."""
    if db.session.get_bind().dialect.name == "postgresql":
        return sa.cast(sa.func.timezone("UTC", moment), sa.Date)
    return sa.func.date(moment)


def _count(condition: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _ageing(choice: Choice) -> tuple[tuple[Ageing, ...], Rate]:
    """What is open today: state and grade by age, and how much of what has a deadline is within it."""
    today = clock.today()
    opened = datetime.combine(today, time.min, UTC)
    edges = [opened - timedelta(days=days) for days in BANDS]
    band = sa.case(*((Nc.opened_at >= edge, place) for place, edge in enumerate(edges)), else_=len(BANDS))
    late = _count(Nc.due_on < today)
    rows = db.session.execute(
        sa.select(Nc.state, Nc.grade, band.label("band"), sa.func.count(), late, sa.func.count(Nc.due_on))
        .where(*choice.of_site(Nc), Nc.state.not_in(OVER), Nc.opened_at.is_not(None))
        .group_by(Nc.state, Nc.grade, sa.text("3"))
    )
    bands: dict[tuple[NonconformityState, Grade], list[int]] = defaultdict(lambda: [0] * (len(BANDS) + 1))
    overdue: dict[tuple[NonconformityState, Grade], int] = defaultdict(int)
    with_deadline = 0
    for state, grade, place, count, behind, running in rows:
        bands[state, grade][place] += count
        overdue[state, grade] += behind
        with_deadline += running
    ageing = tuple(
        Ageing(state, grade, tuple(found), overdue[state, grade])
        for (state, grade), found in sorted(
            bands.items(), key=lambda item: (ORDER[item[0][0]], list(Grade).index(item[0][1]))
        )
    )
    return ageing, Rate(with_deadline - sum(overdue.values()), with_deadline)


def _summary(spans: Any, by: Any) -> Any:
    """Group, count, median, mean and longest of a statement with the columns `by` and `days`."""
    ranked = sa.select(
        by.label("what"),
        spans.c.days,
        sa.func.row_number().over(partition_by=by, order_by=spans.c.days).label("place"),
        sa.func.count().over(partition_by=by).label("many"),
    ).subquery()
    middle = sa.or_(
        ranked.c.place * 2 == ranked.c.many,
        ranked.c.place * 2 == ranked.c.many + 1,
        ranked.c.place * 2 == ranked.c.many + 2,
    )
    # Of an even number the two in the middle, of an odd one the one: the third condition belongs to even ones.
    middle = sa.and_(middle, sa.or_(ranked.c.many % 2 == 0, ranked.c.place * 2 == ranked.c.many + 1))
    return sa.select(
        ranked.c.what,
        sa.func.count(),
        sa.func.avg(sa.case((middle, ranked.c.days))),
        sa.func.avg(ranked.c.days),
        sa.func.max(ranked.c.days),
    ).group_by(ranked.c.what)


def _stays(choice: Choice) -> tuple[Stay, ...]:
    """How long records stayed in each state, read from their history; a stay counts where it ended in the period."""
    moves = (
        sa.select(
            HistoryEvent.new_state.label("state"),
            HistoryEvent.at.label("begin"),
            sa.func.lead(HistoryEvent.at)
            .over(partition_by=HistoryEvent.record_id, order_by=(HistoryEvent.at, HistoryEvent.id))
            .label("end"),
        )
        .join(Nc, (Nc.organisation_id == HistoryEvent.organisation_id) & (Nc.id == HistoryEvent.record_id))
        .where(
            HistoryEvent.organisation_id == choice.actor.organisation_id,
            HistoryEvent.record_kind == "nonconformity",
            HistoryEvent.new_state != "",
            HistoryEvent.new_state != HistoryEvent.old_state,
            *choice.of_site(Nc),
        )
        .subquery()
    )
    spans = (
        sa.select(moves.c.state, _days(moves.c.begin, moves.c.end).label("days"))
        .where(choice.within(moves.c.end), moves.c.state.not_in([each.value for each in OVER]))
        .subquery()
    )
    rows = db.session.execute(_summary(spans, spans.c.state))
    stays = [
        Stay(NonconformityState(state), count, float(median), float(mean), float(longest))
        for state, count, median, mean, longest in rows
    ]
    return tuple(sorted(stays, key=lambda stay: ORDER[stay.state]))


def _closings(choice: Choice) -> tuple[tuple[Closing, ...], Rate, Rate]:
    """Time to close by grade; how many closures needed one try only, and how many an extension."""
    closed = (
        *choice.of_site(Nc),
        Nc.state == NonconformityState.CLOSED,
        choice.within(Nc.closed_at),
        Nc.opened_at.is_not(None),
    )
    spans = sa.select(Nc.grade.label("grade"), _days(Nc.opened_at, Nc.closed_at).label("days")).where(*closed)
    inner = spans.subquery()
    rows = db.session.execute(_summary(inner, inner.c.grade))
    closings = [
        Closing(Grade(grade), count, float(median), float(mean), float(longest))
        for grade, count, median, mean, longest in rows
    ]
    audited = sa.and_(Nc.closed_short.is_(False), Nc.grade.in_((Grade.MAJOR, Grade.MINOR)))
    once, whole, extended, everything = db.session.execute(
        sa.select(
            _count(sa.and_(audited, Nc.not_effective == 0)),
            _count(audited),
            _count(Nc.extensions > 0),
            sa.func.count(),
        ).where(*closed)
    ).one()
    order = list(Grade)
    return (
        tuple(sorted(closings, key=lambda each: order.index(each.grade))),
        Rate(once, whole),
        Rate(extended, everything),
    )


def _months(choice: Choice) -> tuple[tuple[Month, ...], Rate]:
    """What was opened and closed month by month, and how much of the opened was there before."""
    opened: dict[date, int] = defaultdict(int)
    closed: dict[date, int] = defaultdict(int)
    repeated = 0
    for found, column in ((opened, Nc.opened_at), (closed, Nc.closed_at)):
        day = _day_of(column)
        month: tuple[Any, Any] = (sa.func.extract("year", day), sa.func.extract("month", day))
        if db.session.get_bind().dialect.name == "sqlite":
            month = (sa.func.strftime("%Y", day), sa.func.strftime("%m", day))
        rows = db.session.execute(
            sa.select(*month, sa.func.count(), _count(Nc.repeat_of_id.is_not(None)))
            .where(*choice.of_site(Nc), choice.within(column), Nc.state != NonconformityState.VOID)
            .group_by(sa.text("1"), sa.text("2"))
        )
        for year, number, count, repeats in rows:
            found[date(int(year), int(number), 1)] += count
            repeated += repeats if found is opened else 0
    months = [Month(first, opened[first], closed[first]) for first in _firsts(choice.first, choice.last)]
    return tuple(months), Rate(repeated, sum(opened.values()))


def _firsts(first: date, last: date) -> list[date]:
    """The first days of the months of a period."""
    found = [first.replace(day=1)]
    while (after := (found[-1] + timedelta(days=32)).replace(day=1)) <= last:
        found.append(after)
    return found


def _tasks(choice: Choice) -> Rate:
    """Of the tasks done in the period those done by their day."""
    on_time, whole = db.session.execute(
        sa.select(_count(_day_of(Task.done_at) <= Task.due_on), sa.func.count())
        .join(Action, (Action.organisation_id == Task.organisation_id) & (Action.id == Task.action_id))
        .where(*choice.of_site(Action), Task.state == TaskState.DONE, choice.within(Task.done_at))
    ).one()
    return Rate(on_time, whole)


def _audits(choice: Choice) -> Rate:
    """Of the follow-up audits concluded in the period those concluded by their day."""
    on_time, whole = db.session.execute(
        sa.select(_count(_day_of(Audit.concluded_at) <= Audit.planned_on), sa.func.count()).where(
            *choice.of_site(Audit), Audit.state == AuditState.CONCLUDED, choice.within(Audit.concluded_at)
        )
    ).one()
    return Rate(on_time, whole)
