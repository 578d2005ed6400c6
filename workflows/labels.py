"""Where the labels of a drawing stand: beside their wires, where nothing else is."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workflows.geometry import (
    CLEAR,
    MARGIN,
    START,
    Box,
    Bundle,
    Drawing,
    Label,
    Node,
    Point,
    Wire,
    length,
    strokes,
)

Placed = tuple[Bundle, tuple[tuple[Point, ...], ...]]


def settle(nodes: dict[str, Node], placed: Sequence[Placed]) -> Drawing:
    """Sets every label where it meets nothing, and moves the whole to the origin."""
    taken = [each.box.grown(2) for each in nodes.values()]
    drawn = [box for _, paths in placed for path in paths for box in strokes(path)]
    wires = []
    for bundle, paths in placed:
        box = _free_place(bundle, paths, taken, drawn)
        taken.append(box)
        events = tuple(each.event for each in bundle.moves)
        wires.append(
            Wire(
                events,
                bundle.sources,
                bundle.target,
                bundle.moves[0].by_system,
                paths,
                Label(bundle.lines, box),
            )
        )
    return _at_origin(tuple(nodes.values()), tuple(wires))


def _free_place(
    bundle: Bundle, paths: Sequence[tuple[Point, ...]], taken: Sequence[Box], strokes: Sequence[Box]
) -> Box:
    """The first place along its own lines that is free; the least crowded one if none is."""
    size = (bundle.width, bundle.height)

    def crowd(box: Box) -> int:
        around = box.grown(CLEAR)
        return sum(around.meets(each) for each in taken) * 10 + sum(
            box.grown(1).meets(each) for each in strokes
        )

    places = list(_candidates(paths, size))
    free = next((box for box in places if crowd(box) == 0), None)
    return free or min(places, key=crowd)


def _candidates(paths: Sequence[tuple[Point, ...]], size: tuple[float, float]) -> Iterator[Box]:
    width, height = size
    segments = [pair for path in paths for pair in itertools.pairwise(path)]
    flat = sorted((each for each in segments if each[0][1] == each[1][1]), key=lambda each: -length(each))
    upright = sorted((each for each in segments if each[0][0] == each[1][0]), key=lambda each: -length(each))
    for (x1, y), (x2, _) in flat:
        low, high = min(x1, x2) + width / 2, max(x1, x2) - width / 2
        for middle in _outwards((x1 + x2) / 2, low, high):
            yield Box(middle - width / 2, y - height - 4, middle + width / 2, y - 4)
        for middle in _outwards((x1 + x2) / 2, low, high):
            yield Box(middle - width / 2, y + 5, middle + width / 2, y + 5 + height)
    for (x, y1), (_, y2) in upright:
        for middle in _outwards((y1 + y2) / 2, min(y1, y2) + height / 2, max(y1, y2) - height / 2):
            yield Box(x - 7 - width, middle - height / 2, x - 7, middle + height / 2)
            yield Box(x + 7, middle - height / 2, x + 7 + width, middle + height / 2)


def _outwards(middle: float, low: float, high: float) -> Iterator[float]:
    """The middle, then ever farther from it on both sides, within the bounds."""
    yield middle
    for n in range(1, 60):
        for each in (middle - 6.0 * n, middle + 6.0 * n):
            if low <= each <= high:
                yield each


def _at_origin(nodes: tuple[Node, ...], wires: tuple[Wire, ...]) -> Drawing:
    boxes = [each.box for each in nodes] + [each.label.box for each in wires]
    boxes += [stroke for each in wires for path in each.paths for stroke in strokes(path)]
    # The dot before the first state needs room at the left.
    left = min(min(each.left for each in boxes), -START) - MARGIN
    top = min(each.top for each in boxes) - MARGIN
    width = max(each.right for each in boxes) + MARGIN - left
    height = max(each.bottom for each in boxes) + MARGIN - top

    def moved(box: Box) -> Box:
        return Box(box.left - left, box.top - top, box.right - left, box.bottom - top)

    return Drawing(
        tuple(replace(each, box=moved(each.box)) for each in nodes),
        tuple(
            replace(
                each,
                paths=tuple(tuple((x - left, y - top) for x, y in path) for path in each.paths),
                label=replace(each.label, box=moved(each.label.box)),
            )
            for each in wires
        ),
        width,
        height,
    )
