"""Where everything of a drawing stands: boxes, wires and labels, in pixels, y downwards.

The states that a record passes when all goes well stand in one row. Moves that go back or skip a state run in
lanes above it; states beside the way stand below. Labels are set last, where nothing else is.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from workflows.geometry import (
    HEAD,
    LABEL_SIZE,
    LINE,
    TITLE_SIZE,
    Box,
    Bundle,
    Drawing,
    Line,
    Node,
    Point,
    text_width,
    wrap,
)
from workflows.graph import spine
from workflows.labels import Placed, settle
from workflows.machine import Machine, Transition

_NODE_PADDING = 15.0
_NODE_LEAST = 96.0
_TITLE_WRAP = 104.0
_GAP_LABEL_WRAP = 92.0
_GAP_LEAST = 58.0
_LANE_PADDING = 16.0
_PORT_STEP = 22.0
_SIDE_GAP = 110.0
_PLUMB_INSET = 24.0


def lay_out(machine: Machine[Any], lang: str) -> Drawing:
    """The drawing of a machine in one language, wide: the way forward runs from left to right."""
    way = spine(machine)
    beside = tuple(str(each.id) for each in machine.states if str(each.id) not in way)
    bundles = _bundles(machine, lang)
    forward = [each for each in bundles if _is_step(each, way)]
    above = [each for each in bundles if set(each.ends) <= set(way) and each not in forward]
    below = [each for each in bundles if not set(each.ends) <= set(way) and set(each.ends) & set(way)]
    nodes = _row(machine, way, forward, below, lang)
    level = [each for each in bundles if not set(each.ends) & set(way)]
    nodes |= _beside(machine, beside, nodes, below, lang)
    upper = _run_lanes(above, nodes, way, max((each.height for each in forward), default=0.0) - HEAD / 2)
    nodes, lower = _hang(machine, below, nodes, way)
    paths = [
        *((each, (_across(nodes, each.sources[0], each.target),)) for each in (*forward, *level)),
        *upper,
        *lower,
    ]
    return settle(nodes, paths)


def _bundles(machine: Machine[Any], lang: str) -> list[Bundle]:
    found: dict[tuple[tuple[str, ...], str, bool], Bundle] = {}
    way = set(spine(machine))
    for move in machine.transitions:
        for sources, target in _parts(move, way):
            key = (sources, target, move.by_system)
            found.setdefault(key, Bundle([], sources, target)).moves.append(move)
    for each in found.values():
        each.lines = tuple(Line(move.title.of(lang), move.signature is not None) for move in each.moves)
    return list(found.values())


def _parts(move: Transition[Any], way: set[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """A move by its sources on the way, together, and those beside it, one by one."""
    if move.target is None:
        return
    target = str(move.target)
    sources = [str(each) for each in move.sources if each != target]
    on_way = tuple(each for each in sources if each in way)
    if on_way:
        yield on_way, target
    yield from (((each,), target) for each in sources if each not in way)


def _is_step(bundle: Bundle, way: Sequence[str]) -> bool:
    """Whether it leads from one state of the way to the next."""
    steps: set[tuple[str, ...]] = set(itertools.pairwise(way))
    return bundle.ends in steps


def _node(
    machine: Machine[Any], state: str, left: float, top: float, lang: str, least: float = _NODE_LEAST
) -> Node:
    stays = tuple(
        Line(move.title.of(lang), move.signature is not None)
        for move in machine.moves[state].values()
        if move.target_from(state) == state
    )
    here = machine.state(state)
    title = wrap(here.title.of(lang), TITLE_SIZE, _TITLE_WRAP)
    widest = max(
        *(text_width(each, TITLE_SIZE) * 1.06 for each in title), *(each.width + 16 for each in stays), 0
    )
    height = HEAD + (LINE * len(stays) + 8 if stays else 0)
    width = max(least, widest + 2 * _NODE_PADDING)
    return Node(here, Box(left, top, left + width, top + height), title, stays)


def _row(
    machine: Machine[Any],
    way: Sequence[str],
    forward: Sequence[Bundle],
    below: Sequence[Bundle],
    lang: str,
) -> dict[str, Node]:
    """The nodes of the way; a gap is as wide as the label that stands in it."""
    nodes: dict[str, Node] = {}
    least = {each: _plumb_width(each, below) for each in way}
    left = 0.0
    for each in way:
        steps = [step for step in forward if step.target == each]
        for step in steps:
            step.lines = tuple(_wrapped(step.lines))
        left += max([_GAP_LEAST, *(step.width + 26 for step in steps)]) if nodes else 0
        nodes[each] = _node(machine, each, left, -HEAD / 2, lang, least.get(each, _NODE_LEAST))
        left = nodes[each].box.right
    return nodes


def _plumb_width(state: str, below: Sequence[Bundle]) -> float:
    """Room for plumb lines to a state below, their labels, and the wires that turn off beside them."""
    joined = [each for each in below if state in each.ends]
    plumb = [each for each in joined if len(each.sources) == 1]
    if not plumb or len(plumb) == len(joined):
        return _NODE_LEAST
    return 2 * _PLUMB_INSET + 24 * (len(plumb) - 1) + plumb[-1].width + 20


def _wrapped(lines: Iterable[Line]) -> Iterator[Line]:
    for line in lines:
        *before, last = wrap(line.text, LABEL_SIZE, _GAP_LABEL_WRAP)
        yield from (Line(each) for each in before)
        yield Line(last, line.signed)


def _beside(
    machine: Machine[Any], beside: Sequence[str], nodes: dict[str, Node], below: Sequence[Bundle], lang: str
) -> dict[str, Node]:
    """The states beside the way, each under the middle of those it is joined to; their y comes later."""

    def wanted(state: str) -> float:
        joined = {end for each in below if state in each.ends for end in each.ends if end in nodes}
        return sum(nodes[each].box.middle for each in joined) / len(joined)

    placed: dict[str, Node] = {}
    free_from = float("-inf")
    for each in sorted(beside, key=wanted):
        node = _node(machine, each, 0, 0, lang)
        width = node.box.right
        left = max(_under_plumb(each, nodes, below, wanted(each) - width / 2), free_from)
        placed[each] = replace(node, box=Box(left, 0, left + width, node.box.bottom))
        free_from = left + width + _SIDE_GAP
    return placed


def _under_plumb(state: str, nodes: dict[str, Node], below: Sequence[Bundle], left: float) -> float:
    """Where plumb lines keep to the left, the state below starts where the upper one does."""
    for each in below:
        others = [end for end in each.ends if end != state and end in nodes]
        if state in each.ends and len(others) == 1 and _plumb_width(others[0], below) > _NODE_LEAST:
            return nodes[others[0]].box.left
    return left


def _across(nodes: dict[str, Node], source: str, target: str) -> tuple[Point, ...]:
    """Straight from one node to its neighbour, at the height of the titles."""
    here, there = nodes[source].box, nodes[target].box
    y = here.top + HEAD / 2
    return (
        ((here.right, y), (there.left, y)) if here.left < there.left else ((here.left, y), (there.right, y))
    )


def _run_lanes(
    bundles: list[Bundle], nodes: dict[str, Node], way: Sequence[str], step_label: float
) -> list[Placed]:
    """Lanes above the row: the shorter the nearer, so that what lies inside another never crosses it.

    ``step_label`` is how far the labels between the boxes reach above them.
    """
    _assign_lanes(bundles, nodes)
    _assign_ports(bundles, nodes, way)
    heights = _lane_heights(bundles, first=step_label)
    placed: list[Placed] = []
    for each in bundles:
        y = -HEAD / 2 - heights[each.lane]
        target = each.ports[each.target]
        paths = tuple(
            (
                (each.ports[source], nodes[source].box.top),
                (each.ports[source], y),
                (target, y),
                (target, -HEAD / 2),
            )
            for source in each.sources
        )
        placed.append((each, paths))
    return placed


def _interval(bundle: Bundle, nodes: dict[str, Node]) -> tuple[float, float]:
    middles = [nodes[each].box.middle for each in bundle.ends]
    low, high = min(middles), max(middles)
    spare = max(0.0, bundle.width + 20 - (high - low)) / 2
    return low - spare, high + spare


def _assign_lanes(bundles: list[Bundle], nodes: dict[str, Node]) -> None:
    bundles.sort(key=lambda each: (_span(each, nodes), each.moves[0].event))
    for n, each in enumerate(bundles):
        low, high = _interval(each, nodes)
        beneath = [
            other.lane
            for other in bundles[:n]
            if low < _interval(other, nodes)[1] and _interval(other, nodes)[0] < high
        ]
        each.lane = max(beneath, default=0) + 1


def _span(bundle: Bundle, nodes: dict[str, Node]) -> float:
    middles = [nodes[each].box.middle for each in bundle.ends]
    return max(middles) - min(middles)


def _lane_heights(bundles: Sequence[Bundle], first: float = 0.0) -> dict[int, float]:
    """Lane → distance of its line from the row; each lane has room for the labels that stand on it."""
    heights = {0: max(first - 6.0, 0.0)}
    for lane in range(1, max((each.lane for each in bundles), default=0) + 1):
        # The room above a line is for its own label; the lowest line keeps clear of the boxes.
        below = max((each.height for each in bundles if each.lane == lane - 1), default=0.0)
        heights[lane] = heights[lane - 1] + below + _LANE_PADDING
    return heights


def _assign_ports(bundles: Sequence[Bundle], nodes: dict[str, Node], way: Sequence[str]) -> None:
    """Where wires leave and enter the upper or lower edge: the nearer lanes turn off first on either side."""
    for state in way:
        here = nodes[state].box
        leftward = [each for each in bundles if state in each.ends and _leads_left(each, state, nodes)]
        rightward = [each for each in bundles if state in each.ends and not _leads_left(each, state, nodes)]
        ends = [
            *sorted(leftward, key=lambda each: each.lane),
            *sorted(rightward, key=lambda each: -each.lane),
        ]
        step = min(_PORT_STEP, (here.right - here.left - 20) / max(len(ends) - 1, 1))
        first = here.middle - step * (len(ends) - 1) / 2
        for n, each in enumerate(ends):
            each.ports[state] = first + n * step


def _leads_left(bundle: Bundle, state: str, nodes: dict[str, Node]) -> bool:
    here = nodes[state].box.middle
    others = [nodes[each].box.middle for each in bundle.ends if each != state]
    far = (
        nodes[bundle.target].box.middle
        if state != bundle.target
        else max(others, key=lambda x: abs(x - here))
    )
    return far < here


def _hang(
    machine: Machine[Any], below: list[Bundle], nodes: dict[str, Node], way: Sequence[str]
) -> tuple[dict[str, Node], list[Placed]]:
    """The states beside the way, below the row, and the wires that lead there and back."""
    if not below:
        return nodes, []
    straight = [each for each in below if _is_straight(each, nodes)]
    bent = [each for each in below if each not in straight]
    _assign_lanes(bent, nodes)
    sides = [each for each in nodes if each not in way]
    row_bottom = max(nodes[each].box.bottom for each in way)
    room = max((each.height for each in straight), default=0) + 14 if straight else 10
    heights = _lane_heights(bent)
    depth = max(heights.values()) + max((each.height for each in bent), default=0)
    top = row_bottom + room + depth + 22
    nodes = nodes | {each: replace(nodes[each], box=_lowered(nodes[each].box, top)) for each in sides}
    _side_ports(straight, bent, nodes, sides)
    _row_ports(bent, straight, nodes, way)
    placed: list[Placed] = [(each, _straight_paths(each, nodes, sides)) for each in straight]
    deepest = row_bottom + room + depth
    for each in bent:
        y = deepest - heights[each.lane] + _LANE_PADDING
        placed.append((each, _bent_paths(each, nodes, y)))
    return nodes, placed


def _lowered(box: Box, top: float) -> Box:
    return Box(box.left, top, box.right, top + box.bottom - box.top)


def _is_straight(bundle: Bundle, nodes: dict[str, Node]) -> bool:
    """Whether a plumb line joins the two."""
    if len(bundle.sources) != 1:
        return False
    one, other = (nodes[each].box for each in bundle.ends)
    return min(one.right, other.right) - max(one.left, other.left) > 60


def _side_ports(
    straight: Sequence[Bundle], bent: Sequence[Bundle], nodes: dict[str, Node], sides: Sequence[str]
) -> None:
    for state in sides:
        box = nodes[state].box
        ends = [each for each in (*straight, *bent) if state in each.ends]
        first = box.middle - 24.0 * (len(ends) - 1) / 2
        for other in (end for each in ends if each in straight for end in each.ends if end != state):
            # Beside plumb lines, wires of the upper node have to turn off: start from its left edge.
            if any(other in each.ends for each in bent):
                first = nodes[other].box.left + _PLUMB_INSET
        for n, each in enumerate(ends):
            x = first + n * 24.0
            each.ports[state] = x
            if each in straight:
                each.ports[next(end for end in each.ends if end != state)] = x


def _row_ports(
    bent: Sequence[Bundle], straight: Sequence[Bundle], nodes: dict[str, Node], way: Sequence[str]
) -> None:
    """Ports of the lower edge: beside the plumb lines if there are any, else in the middle."""
    for state in way:
        box = nodes[state].box
        plumb = [each.ports[state] for each in straight if state in each.ends]
        ends = sorted((each for each in bent if state in each.ends), key=lambda each: each.lane)
        for n, each in enumerate(ends):
            if plumb:
                each.ports[state] = box.right - _PLUMB_INSET - 16 * n
            else:
                each.ports[state] = box.middle + 20 * (n - (len(ends) - 1) / 2)


def _straight_paths(
    bundle: Bundle, nodes: dict[str, Node], sides: Sequence[str]
) -> tuple[tuple[Point, ...], ...]:
    source, target = bundle.sources[0], bundle.target
    x = bundle.ports[source]
    if target in sides:
        return (((x, nodes[source].box.bottom), (x, nodes[target].box.top)),)
    return (((x, nodes[source].box.top), (x, nodes[target].box.bottom)),)


def _bent_paths(bundle: Bundle, nodes: dict[str, Node], y: float) -> tuple[tuple[Point, ...], ...]:
    end_x, end_y = bundle.ports[bundle.target], nodes[bundle.target].box.top
    return tuple(
        ((bundle.ports[each], nodes[each].box.bottom), (bundle.ports[each], y), (end_x, y), (end_x, end_y))
        for each in bundle.sources
    )
