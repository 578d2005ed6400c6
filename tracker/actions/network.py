"""What waits for what, beyond one action: the earliest finish, the slack and the critical path of whole networks.

A network is everything connected by dependencies. What is implemented takes no more time; the rest takes the
effort of its open tasks, or of the whole where no task is planned yet, in working days of the site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

import networkx as nx
import sqlalchemy as sa

from tracker import clock
from tracker.actions.models import Action, ActionDependency, Task
from tracker.actions.queries import IMPLEMENTED
from tracker.database import db
from tracker.numbering import label
from tracker.organisations.rules import list_rules
from workflows import schedule
from workflows.actions import ActionState
from workflows.kinds import TaskState
from workflows.schedule import Calendar, Span, Timetable, Work

MOST = 500
"""Actions of which a network is computed; beyond that it is cut, and says so."""


@dataclass(frozen=True)
class Node:
    """An action as far as the network is concerned."""

    id: int
    number: int
    title: str
    state: ActionState
    site_id: int
    due_on: date | None
    effort: Fraction

    @property
    def label(self) -> str:
        return label("action", self.number)

    @property
    def done(self) -> bool:
        """Whether nothing has to wait for it any more."""
        return self.state in IMPLEMENTED


@dataclass(frozen=True)
class Network:
    """Actions and their dependencies: `edges` holds (who waits, for whom)."""

    nodes: Mapping[int, Node]
    edges: tuple[tuple[int, int], ...]
    lengths: Mapping[int, int]
    calendars: Mapping[int, Calendar]
    cut: bool = False


@dataclass(frozen=True)
class Place:
    """Where an action stands in its network."""

    start: date
    finish: date
    slack: int
    critical: bool
    # The critical path of the network it belongs to, in order, and when the whole is finished.
    path: tuple[int, ...]
    end: date
    size: int

    def late(self, due_on: date | None) -> bool:
        """Whether it cannot be finished by its deadline, even if nothing goes wrong."""
        return due_on is not None and self.finish > due_on


def load_network(organisation_id: int, ids: Iterable[int]) -> Network:
    """Everything connected with these actions, in four statements; cut at MOST actions."""
    reached = _reached(organisation_id, list(ids))
    rows = db.session.execute(
        sa.select(
            Action.id,
            Action.number,
            Action.title,
            Action.state,
            Action.site_id,
            Action.due_on,
            Action.effort,
        )
        .where(Action.organisation_id == organisation_id, Action.id.in_(sa.select(reached.c.id)))
        .order_by(Action.number)
        .limit(MOST + 1)
    ).all()
    nodes = {row.id: Node(*row) for row in rows[:MOST]}
    edges = _edges(organisation_id, nodes) if len(nodes) > 1 else ()
    live = [node.id for node in nodes.values() if not node.done]
    planned = _open_effort(organisation_id, live)
    lengths = {
        node.id: 0 if node.done else max(1, ceil(planned.get(node.id, node.effort)))
        for node in nodes.values()
    }
    rules = list_rules(organisation_id, sorted({node.site_id for node in nodes.values()}))
    calendars = {site: each.calendar for site, each in rules.items()}
    return Network(nodes, edges, lengths, calendars, cut=len(rows) > MOST)


def _reached(organisation_id: int, ids: list[int]) -> sa.CTE:
    """The actions connected with `ids` in either direction, walked by the database."""
    of_organisation = ActionDependency.organisation_id == organisation_id
    seeds = sa.select(Action.id.label("id")).where(
        Action.organisation_id == organisation_id, Action.id.in_(ids)
    )
    reached = seeds.cte("reached", recursive=True)
    both = sa.union_all(
        sa.select(ActionDependency.action_id.label("at"), ActionDependency.needs_id.label("to")).where(
            of_organisation
        ),
        sa.select(ActionDependency.needs_id.label("at"), ActionDependency.action_id.label("to")).where(
            of_organisation
        ),
    ).subquery("both_ways")
    # UNION, not UNION ALL: a network is walked once, whatever its shape.
    return reached.union(sa.select(both.c.to).join(reached, both.c.at == reached.c.id))


def _edges(organisation_id: int, nodes: Mapping[int, Node]) -> tuple[tuple[int, int], ...]:
    rows = db.session.execute(
        sa.select(ActionDependency.action_id, ActionDependency.needs_id)
        .where(
            ActionDependency.organisation_id == organisation_id, ActionDependency.action_id.in_(list(nodes))
        )
        .order_by(ActionDependency.action_id, ActionDependency.needs_id)
    )
    return tuple((row.action_id, row.needs_id) for row in rows if row.needs_id in nodes)


def _open_effort(organisation_id: int, ids: list[int]) -> dict[int, Fraction]:
    """Action → the effort of its open tasks; those without an open task are left out."""
    found: dict[int, Fraction] = {}
    for row in db.session.execute(
        sa.select(Task.action_id, Task.effort).where(
            Task.organisation_id == organisation_id, Task.action_id.in_(ids), Task.state == TaskState.OPEN
        )
    ):
        found[row.action_id] = found.get(row.action_id, Fraction(0)) + row.effort
    return found


def places(network: Network) -> dict[int, Place]:
    """Where each action stands, network by network; those in a circle have no place."""
    graph: nx.Graph[int] = nx.Graph(network.edges)
    graph.add_nodes_from(network.nodes)
    found: dict[int, Place] = {}
    for connected in nx.connected_components(graph):
        members = sorted(connected, key=lambda each: network.nodes[each].number)
        table = _timetable(network, members)
        if table is None:
            continue
        path = tuple(int(each) for each in table.critical)
        for each in members:
            span = table.spans[str(each)]
            found[each] = _place(span, table, path, each, len(members))
    return found


def _timetable(network: Network, members: list[int]) -> Timetable | None:
    inside = set(members)
    needs: dict[int, list[str]] = {each: [] for each in members}
    for waiting, needed in network.edges:
        if waiting in inside:
            needs[waiting].append(str(needed))
    works = [Work(id=str(each), days=network.lengths[each], needs=tuple(needs[each])) for each in members]
    calendar = network.calendars[network.nodes[members[0]].site_id]
    try:
        return schedule.timetable(works, clock.today(), calendar)
    except schedule.Circular:  # refused when a dependency is added; data brought in may still hold one
        return None


def _place(span: Span, table: Timetable, path: tuple[int, ...], action_id: int, size: int) -> Place:
    return Place(span.start, span.finish, span.slack, action_id in path, path, table.finish, size)
