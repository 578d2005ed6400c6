"""The shapes of a drawing: boxes, nodes, wires and labels, in pixels, y downwards; and the width of a text."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.machine import State, Transition

TITLE_SIZE = 14.0
LABEL_SIZE = 12.0
LINE = 16.0
HEAD = 40.0
ICON = 13.0
CLEAR = 3.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def grown(self, by: float) -> "Box":
        """The box with a margin all round."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    @property
    def middle(self) -> float:
        """The x of its centre."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a label; ``signed`` puts a pen after it."""

    text: str
    signed: bool = False

    @property
    def width(self) -> float:
        """Its width, pen included."""
        return text_width(self.text, LABEL_SIZE) + (ICON if self.signed else 0)


@dataclass(frozen=True, slots=True)
class Node:
    """A state: its box, the lines of its title, and the moves that stay in it."""

    state: State
    box: Box
    title: tuple[str, ...]
    stays: tuple[Line, ...]

    @property
    def id(self) -> str:
        """The identifier of the state."""
        return str(self.state.id)


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of text, the first at the top, in a box; ``anchor`` is ``start``, ``middle`` or ``end``."""

    lines: tuple[Line, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Wire:
    """Moves that share their target: one path for each source, in the order of the sources."""

    events: tuple[str, ...]
    sources: tuple[str, ...]
    target: str
    by_system: bool
    paths: tuple[tuple[Point, ...], ...]
    label: Label

    @property
    def trunks(self) -> frozenset[int]:
        """The paths that cover the others: those of the farthest source on either side of the target."""
        reach = [path[0][0] - path[-1][0] for path in self.paths]
        sides = [[each for each in reach if each <= 0], [each for each in reach if each > 0]]
        return frozenset(reach.index(max(side, key=abs)) for side in sides if side)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A laid-out machine, moved so that its upper left corner is at 0, 0."""

    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float


def text_width(text: str, size: float) -> float:
    """An estimate of the width of a text, a little on the wide side: fonts differ."""
    return sum(size * (1.0 if ord(each) > 0x2E7F else _LATIN.get(each, 0.6)) for each in text)


_LATIN = {
    **dict.fromkeys("iljI.,:;'|!()", 0.32),
    **dict.fromkeys("ftr- ", 0.38),
    **dict.fromkeys("mwMW", 0.88),
}


def wrap(text: str, size: float, width: float) -> tuple[str, ...]:
    """The text in lines not wider than ``width`` where its words allow; Chinese breaks anywhere, evenly."""
    if text_width(text, size) <= width:
        return (text,)
    if " " not in text:
        count = int(-(-text_width(text, size) // width))
        step = -(-len(text) // count)
        return tuple(text[n : n + step] for n in range(0, len(text), step))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


@dataclass(slots=True)
class Bundle:
    """Moves with the same sources and target, before they have a place."""

    moves: list[Transition[Any]]
    sources: tuple[str, ...]
    target: str
    lines: tuple[Line, ...] = ()
    lane: int = 0
    ports: dict[str, float] = field(default_factory=dict)
    """End (state) → x."""

    @property
    def ends(self) -> tuple[str, ...]:
        return (*self.sources, self.target)

    @property
    def width(self) -> float:
        return max(each.width for each in self.lines)

    @property
    def height(self) -> float:
        return LINE * len(self.lines)


def strokes(path: Sequence[Point]) -> Iterator[Box]:
    for (x1, y1), (x2, y2) in itertools.pairwise(path):
        yield Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)).grown(1)


def length(segment: tuple[Point, Point]) -> float:
    (x1, y1), (x2, y2) = segment
    return abs(x2 - x1) + abs(y2 - y1)


MARGIN = 14.0
START = 34.0
