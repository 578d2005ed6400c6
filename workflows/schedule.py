"""Deadlines, the effectiveness window, and the plan of tasks that wait for each other (E.4).

Nothing here reads a clock: every date is an argument.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

import networkx as nx

from workflows.kinds import Grade
from workflows.text import Text, Worded

_DAY = timedelta(days=1)
_LONGEST_CLOSURE = 366


class Step(Worded):
    """What has a deadline."""

    CONTAINMENT = "containment", "遏制与纠正", "containment and correction"
    PLAN = "plan", "提交原因与计划", "cause and plan submitted"
    IMPLEMENTATION = "implementation", "实施行动", "actions implemented"
    WINDOW = "window", "观察期", "effectiveness window"
    FOLLOW_UP = "follow_up", "跟进审核", "follow-up audit"


@dataclass(frozen=True, slots=True)
class Term:
    """How long a step may take. ``working``: counted in working days instead of calendar days."""

    days: int
    working: bool = False


Terms = Mapping[tuple[Grade, Step], Term]

DEFAULT_TERMS: Terms = MappingProxyType(
    {
        (Grade.MAJOR, Step.CONTAINMENT): Term(3, working=True),
        (Grade.MAJOR, Step.PLAN): Term(15),
        (Grade.MAJOR, Step.IMPLEMENTATION): Term(60),
        (Grade.MAJOR, Step.WINDOW): Term(90),
        (Grade.MAJOR, Step.FOLLOW_UP): Term(90),
        (Grade.MINOR, Step.CONTAINMENT): Term(10, working=True),
        (Grade.MINOR, Step.PLAN): Term(30),
        (Grade.MINOR, Step.IMPLEMENTATION): Term(90),
        (Grade.MINOR, Step.WINDOW): Term(60),
        (Grade.MINOR, Step.FOLLOW_UP): Term(180),
    }
)
"""The defaults of E.4. Observations and opportunities have none; a site may set them."""

FOLLOW_UP_AT_NEXT_REVIEW = frozenset({Grade.MINOR})
"""Grades whose follow-up falls to the next review, at the latest to the end of their term (E.4)."""

PERIODS_NEEDED = 3
"""Periods begun after the last task that a level or trend gap needs to be judged (N-METRIC)."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked: the weekend (Monday is 0), holidays, and made-up working days (调休)."""

    holidays: frozenset[date] = frozenset()
    made_up: frozenset[date] = frozenset()
    weekend: frozenset[int] = frozenset({5, 6})

    def __post_init__(self) -> None:
        both = self.holidays & self.made_up
        if both:
            raise ValueError(f"both a holiday and a working day: {', '.join(map(str, sorted(both)))}")
        if len(self.weekend) > 6:
            raise ValueError("a week needs at least one working day")

    def is_working_day(self, day: date) -> bool:
        """Whether people work on that day; a made-up day counts even at the weekend."""
        return day in self.made_up or (day not in self.holidays and day.weekday() not in self.weekend)

    def roll(self, day: date) -> date:
        """The day itself if it is worked, else the next working day."""
        for offset in range(_LONGEST_CLOSURE):
            later = day + offset * _DAY
            if self.is_working_day(later):
                return later
        raise ValueError(f"no working day within a year from {day}")

    def after(self, day: date) -> date:
        """The first working day after that day."""
        return self.roll(day + _DAY)

    def add_working_days(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day`` (the day itself does not count); 0 rolls forward."""
        if count < 0:
            raise ValueError("working days are counted forward")
        reached = self.roll(day) if count == 0 else day
        for _ in range(count):
            reached = self.after(reached)
        return reached

    def add_days(self, day: date, count: int) -> date:
        """``count`` calendar days after ``day``, rolled to the next working day."""
        return self.roll(day + count * _DAY)

    def working_days_between(self, first: date, last: date) -> int:
        """Working days after ``first`` up to and including ``last``; negative if ``last`` is earlier."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working_day(first + n * _DAY) for n in range(1, (last - first).days + 1))


def due(
    step: Step,
    grade: Grade,
    start: date,
    calendar: Calendar,
    *,
    terms: Terms = DEFAULT_TERMS,
    next_review: date | None = None,
) -> date | None:
    """The last day for a step; None if the grade has no term for it (E.4).

    ``start`` is the day the non-conformity was opened; for window and follow-up, the day the last task was
    done. ``next_review`` is when the next review is planned: a minor is followed up there if that is earlier.

    >>> due(Step.CONTAINMENT, Grade.MAJOR, date(2025, 1, 3), Calendar())
    datetime.date(2025, 1, 8)
    """
    term = terms.get((grade, step))
    if term is None:
        return None
    if term.working:
        return calendar.add_working_days(start, term.days)
    latest = calendar.add_days(start, term.days)
    if step is Step.FOLLOW_UP and grade in FOLLOW_UP_AT_NEXT_REVIEW and next_review and next_review > start:
        return min(latest, calendar.roll(next_review))
    return latest


def deadlines(
    grade: Grade, opened: date, calendar: Calendar, terms: Terms = DEFAULT_TERMS
) -> dict[Step, date]:
    """Step → last day, for the steps that run from the opening of a non-conformity."""
    steps = (Step.CONTAINMENT, Step.PLAN, Step.IMPLEMENTATION)
    found = {step: due(step, grade, opened, calendar, terms=terms) for step in steps}
    return {step: day for step, day in found.items() if day is not None}


def overdue(last_day: date | None, today: date, *, done: bool = False) -> bool:
    """Whether a step is late: its last day has passed and it is not done (E.4)."""
    return last_day is not None and not done and today > last_day


# The effectiveness window


@dataclass(frozen=True, slots=True)
class Window:
    """When an effect may be judged: from ``judged_from`` on, on the periods in ``periods`` if any are needed.

    ``ends`` is the last day of the window. ``periods`` holds the first days of the months that must be
    complete (N-METRIC); it is empty for gaps that are not on level or trend.
    """

    began: date
    ends: date
    periods: tuple[date, ...] = ()

    @property
    def judged_from(self) -> date:
        """The first day on which the window is over."""
        return self.ends + _DAY

    def over(self, today: date) -> bool:
        """Whether the window is over today."""
        return today > self.ends


def window(
    last_task_done: date,
    days: int,
    calendar: Calendar,
    *,
    level_or_trend: bool = False,
    periods: int = PERIODS_NEEDED,
) -> Window:
    """The effectiveness window, in calendar days from the day the last task was done (E.4).

    On a level or trend gap it also holds ``periods`` whole months begun after that day; the longer of the
    two applies (N-METRIC). Raises ValueError for a window of no length.

    >>> window(date(2025, 1, 15), 60, Calendar(), level_or_trend=True).ends
    datetime.date(2025, 4, 30)
    """
    if days < 1 or periods < 1:
        raise ValueError("a window is at least one day and one period long")
    by_days = calendar.add_days(last_task_done, days)
    if not level_or_trend:
        return Window(last_task_done, by_days)
    months = tuple(_month(last_task_done, n) for n in range(1, periods + 1))
    return Window(last_task_done, max(by_days, _month(months[-1], 1) - _DAY), months)


def counting_periods(last_task_done: date, starts: Iterable[date]) -> tuple[date, ...]:
    """The periods, by their first day, that count for a level or trend gap: begun after the last task."""
    return tuple(sorted(each for each in starts if each > last_task_done))


def _month(day: date, later: int) -> date:
    """The first day of the month ``later`` months after that of ``day``."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


# Extensions


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a step and how often it was moved."""

    step: Step
    last_day: date
    extensions: int = 0


class ExtensionRefused(ValueError):
    """An extension that may not be granted; ``texts`` says why, in both languages."""

    def __init__(self, texts: tuple[Text, ...]) -> None:
        super().__init__(" ".join(each.en for each in texts))
        self.texts = texts

    def reasons(self, lang: str) -> list[str]:
        """Why not, in words."""
        return [each.of(lang) for each in self.texts]


def extend(
    deadline: Deadline, new_day: date, *, reason: str, by: int, owner: int | None, single_person: bool = False
) -> Deadline:
    """The deadline moved to a later day and counted.

    Raises ExtensionRefused without a reason, for an earlier day, or when the owner grants it (E.4); the
    last is waived for an organisation of one person (N-SOD 5).
    """
    faults = []
    if new_day <= deadline.last_day:
        faults.append(Text("新期限须晚于现有期限。", "The new date has to be later than the present one."))
    if not reason.strip():
        faults.append(Text("请写明延期的理由。", "Write down the reason for the extension."))
    if by == owner and not single_person:
        faults.append(Text("责任人不能批准自己的延期。", "The owner cannot extend the own deadline."))
    if faults:
        raise ExtensionRefused(tuple(faults))
    return replace(deadline, last_day=new_day, extensions=deadline.extensions + 1)


# Tasks and actions that wait for each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A task or action: its length in working days, and what has to be finished before it starts."""

    id: str
    days: int
    needs: tuple[str, ...] = ()
    not_before: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """When a piece of work can start and finish at the earliest, and the working days it may slip.

    ``slack`` 0: every day it slips moves the finish of the whole.
    """

    start: date
    finish: date
    slack: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """The earliest dates of everything, the finish of the whole, and the critical path in order."""

    finish: date
    critical: tuple[str, ...]
    spans: Mapping[str, Span] = field(hash=False)


class Circular(ValueError):
    """Work that waits for itself. ``circle`` names each piece in order, the first one again at the end."""

    def __init__(self, circle: tuple[str, ...]) -> None:
        self.circle = circle
        way = " → ".join(circle)
        self.text = Text(f"依赖关系形成循环：{way}。", f"The dependencies form a circle: {way}.")
        super().__init__(self.text.en)


def dependencies(works: Iterable[Work]) -> "nx.DiGraph[str]":
    """The works as a DAG; an edge leads from a piece to what waits for it, and nodes carry their ``work``.

    Raises Circular with the circle named, ValueError for an identifier used twice or not known.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    works = tuple(works)
    for each in works:
        if each.id in graph:
            raise ValueError(f"{each.id} occurs twice")
        if each.days < 0:
            raise ValueError(f"{each.id} cannot take less than no time")
        graph.add_node(each.id, work=each)
    for each in works:
        for need in each.needs:
            if need not in graph:
                raise ValueError(f"{each.id} waits for {need}, which is not known")
            graph.add_edge(need, each.id)
    circle = find_circle(graph)
    if circle:
        raise Circular(circle)
    return graph


def find_circle(graph: "nx.DiGraph[str]") -> tuple[str, ...]:
    """A circle in a graph of dependencies, the first name again at the end; empty if there is none."""
    try:
        edges = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return ()
    return (*(edge[0] for edge in edges), edges[0][0])


def timetable(works: Sequence[Work], start: date, calendar: Calendar) -> Timetable:
    """The earliest dates of works that begin on ``start`` or on the day they may, in working days.

    Work of one day starts and finishes on the same day; what waits for it starts on the next working day.
    Work of no length is a milestone: it finishes when it starts, and holds nothing up by itself. The critical
    path is the chain that fixes the finish. Raises as ``dependencies``, and ValueError without works.
    """
    if not works:
        raise ValueError("there is nothing to plan")
    graph = dependencies(works)
    order = list(nx.lexicographical_topological_sort(graph))
    dates: dict[str, tuple[date, date]] = {}
    for each in order:
        begin = calendar.roll(max(start, graph.nodes[each]["work"].not_before or start))
        begin = max(
            [begin, *(_free_after(graph, need, dates, calendar) for need in graph.predecessors(each))]
        )
        dates[each] = (begin, _finish(begin, graph.nodes[each]["work"].days, calendar))
    finish = max(last for _, last in dates.values())
    slack = _slack(graph, order, dates, finish, calendar)
    spans = {each: Span(*dates[each], slack[each]) for each in order}
    return Timetable(finish, _critical(graph, order, dates, finish, calendar), MappingProxyType(spans))


def _finish(begin: date, days: int, calendar: Calendar) -> date:
    return calendar.add_working_days(begin, max(days - 1, 0))


def _free_after(
    graph: "nx.DiGraph[str]", work: str, dates: Mapping[str, tuple[date, date]], calendar: Calendar
) -> date:
    """The first day on which what waits for ``work`` can start."""
    finish = dates[work][1]
    return finish if graph.nodes[work]["work"].days == 0 else calendar.after(finish)


def _slack(
    graph: "nx.DiGraph[str]",
    order: Sequence[str],
    dates: Mapping[str, tuple[date, date]],
    finish: date,
    calendar: Calendar,
) -> dict[str, int]:
    slack: dict[str, int] = {}
    for each in reversed(order):
        waiting = [
            slack[later]
            + calendar.working_days_between(_free_after(graph, each, dates, calendar), dates[later][0])
            for later in graph.successors(each)
        ]
        slack[each] = min(waiting, default=calendar.working_days_between(dates[each][1], finish))
    return slack


def _critical(
    graph: "nx.DiGraph[str]",
    order: Sequence[str],
    dates: Mapping[str, tuple[date, date]],
    finish: date,
    calendar: Calendar,
) -> tuple[str, ...]:
    """Back from the last to finish, each time to a piece that the present one really waited for."""
    way = [next(each for each in reversed(order) if dates[each][1] == finish)]
    while True:
        begin = dates[way[-1]][0]
        held_up_by = [
            need
            for need in sorted(graph.predecessors(way[-1]))
            if _free_after(graph, need, dates, calendar) == begin
        ]
        if not held_up_by:
            return tuple(reversed(way))
        way.append(held_up_by[0])
