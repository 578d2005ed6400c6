"""A machine as a graph, and the questions that prove it sound."""

from typing import Any

import networkx as nx

from workflows.machine import Machine


def to_graph(machine: Machine[Any]) -> "nx.MultiDiGraph[str]":
    """One node per state (attribute ``state``), one edge per source of each move (key: event; ``move``)."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=machine.name)
    for each in machine.states:
        graph.add_node(str(each.id), state=each)
    for move in machine.transitions:
        for source in move.sources:
            graph.add_edge(str(source), str(move.target_from(source)), key=move.event, move=move)
    return graph


def unreachable(machine: Machine[Any]) -> frozenset[str]:
    """States that no sequence of moves leads to from the start."""
    graph = to_graph(machine)
    start = str(machine.initial)
    reached: set[str] = nx.descendants(graph, start)
    return frozenset(graph) - reached - {start}


def trapped(machine: Machine[Any]) -> frozenset[str]:
    """States that are not final and that no move leaves."""
    graph = to_graph(machine)
    return frozenset(
        each for each in graph if not machine.state(each).final and set(graph.successors(each)) <= {each}
    )


def never_ending(machine: Machine[Any]) -> frozenset[str]:
    """States from which no sequence of moves leads to a final state."""
    graph = to_graph(machine)
    finals = [str(each.id) for each in machine.states if each.final]
    can_end = set(finals).union(*(nx.ancestors(graph, each) for each in finals))
    return frozenset(graph) - can_end


def spine(machine: Machine[Any]) -> tuple[str, ...]:
    """The states that a record passes when all goes well, in order.

    It is the longest way forward, in the order of declaration, from the start to a final state that is
    neither given up nor void.
    """
    order = [str(each.id) for each in machine.states]
    given_up = {each for each in order if machine.state(each).tone == "muted"}
    forward: nx.DiGraph[str] = nx.DiGraph()
    forward.add_nodes_from(order)
    forward.add_edges_from(
        (source, target)
        for source, target in to_graph(machine).edges()
        if order.index(source) < order.index(target) and target not in given_up
    )
    start = str(machine.initial)
    ends = [each for each in order if machine.state(each).final and each not in given_up]
    ways = [tuple(way) for end in ends for way in nx.all_simple_paths(forward, start, end)]
    return max(ways, key=len, default=(start,))
