"""A machine as SVG: wide, or as a column of cards that reads on a phone.

Colours are presentation attributes that name the page's own variables, each with a fallback: the drawing
follows the theme of the page it stands in, needs no style sheet there, and still looks right on its own.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from workflows.geometry import (
    HEAD,
    ICON,
    LABEL_SIZE,
    LINE,
    TITLE_SIZE,
    Drawing,
    Line,
    Node,
    Point,
    Wire,
    text_width,
)
from workflows.graph import spine
from workflows.layout import lay_out
from workflows.machine import Machine, State, Tone, Transition
from workflows.text import Text

PALETTE: dict[str, tuple[str, str]] = {
    "ink": ("#171a21", "#e9ebf0"),
    "ink-2": ("#4a5261", "#adb5c3"),
    "ink-3": ("#636c7c", "#8f98a8"),
    "line": ("#e4e7ec", "#262c36"),
    "field-line": ("#8a92a0", "#6b7586"),
    "surface": ("#ffffff", "#151920"),
    "neutral-bg": ("#eef0f4", "#242a34"),
    "neutral-fg": ("#434b5a", "#c3cad6"),
    "neutral-mark": ("#6b7485", "#97a1b2"),
    "info-bg": ("#e8f1fd", "#14284a"),
    "info-fg": ("#164e9c", "#9cc4ff"),
    "info-mark": ("#2371d9", "#5b9dff"),
    "attention-bg": ("#fdf1dc", "#3a2b0d"),
    "attention-fg": ("#7d4a00", "#f5c56b"),
    "attention-mark": ("#c77d00", "#e6a32e"),
    "progress-bg": ("#f0ecfd", "#2a2250"),
    "progress-fg": ("#5734b5", "#c6b6ff"),
    "progress-mark": ("#7c54e0", "#9d82f5"),
    "review-bg": ("#dff5f3", "#0e3436"),
    "review-fg": ("#0b5b5e", "#7fdcd9"),
    "review-mark": ("#0e9191", "#35b8b5"),
    "success-bg": ("#e3f5e9", "#10341f"),
    "success-fg": ("#146239", "#86dfa9"),
    "success-mark": ("#1b8f4e", "#3cc07a"),
    "danger-bg": ("#fdeaea", "#43181b"),
    "danger-fg": ("#a31b24", "#ffabaa"),
    "danger-mark": ("#d2303a", "#f0666c"),
    "muted-bg": ("#f6f7f9", "#191e26"),
    "muted-fg": ("#636c7c", "#8f98a8"),
    "muted-mark": ("#a3abb9", "#5d6675"),
}
"""Variable (without its dashes) → value on a light and on a dark page. A page that defines them wins."""

_FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', "
    "sans-serif"
)
_PEN = "M0 8.2 6.1 2.1 8.4 4.4 2.3 10.5H0zM6.9 1.3 8 .2 10.3 2.5 9.2 3.6z"

BY_PEOPLE = Text("由人操作", "made by people")
BY_SYSTEM = Text("由系统自动触发", "follows by itself")
SIGNED = Text("需电子签名", "signed")
STAYS = Text("状态不变", "stays in its state")


def svg(
    machine: Machine[Any],
    lang: str,
    current: str | None = None,
    *,
    visited: Collection[str] = (),
    compact: bool = False,
    standalone: bool = False,
) -> str:
    """The machine as an ``<svg>`` element, with title and description for screen readers.

    ``current`` is lit (class ``is-current``), ``visited`` is marked (``is-visited``). ``compact`` stacks the
    states in a column 344 pixels wide. ``standalone`` adds font, background and a dark variant for use as a
    file; without it there is no ``<style>``, so that a strict content security policy is kept.
    Raises LookupError for an unknown current state.
    """
    here = machine.state(current).id if current is not None else None
    seen = frozenset(visited) - {here}
    if compact:
        width, height, body = _column(machine, lang, here, seen)
    else:
        drawing = _laid_out(machine, "zh" if lang.lower().startswith("zh") else "en")
        width, height, body = _wide(machine, drawing, lang, here, seen)
    return "".join(_frame(machine, lang, here, (width, height), compact, standalone, body))


# The places do not depend on the record shown, and finding them takes ten times as long as drawing.
_laid_out = lru_cache(maxsize=32)(lay_out)


def _frame(
    machine: Machine[Any],
    lang: str,
    here: str | None,
    size: tuple[float, float],
    compact: bool,
    standalone: bool,
    body: Iterable[str],
) -> Iterator[str]:
    width, height = size
    name = f"machine-{machine.name}{'-compact' if compact else ''}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="machine{" machine-compact" if compact else ""}"'
        f' viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" role="img"'
        f' lang="{"zh-CN" if lang.lower().startswith("zh") else "en"}"'
        f' aria-labelledby="{name}-title {name}-desc"'
        f"{' font-family=' + quoteattr(_FONT) if standalone else ''}>"
    )
    yield f'<title id="{name}-title">{escape(machine.title.of(lang))}</title>'
    yield f'<desc id="{name}-desc">{escape(describe(machine, lang, here))}</desc>'
    if standalone:
        yield f"<style>{_dark()}</style>"
        yield f'<rect width="100%" height="100%" fill={_ink("surface")}/>'
    yield from body
    yield "</svg>\n"


def _dark() -> str:
    values = "".join(f"--{name}:{dark};" for name, (_, dark) in PALETTE.items())
    return f"@media (prefers-color-scheme:dark){{svg{{{values}}}}}"


def describe(machine: Machine[Any], lang: str, current: str | None = None) -> str:
    """The drawing in words: where the record stands and which moves leave that state, or every state."""
    if current is None:
        titles = [each.title.of(lang) for each in machine.states]
        return Text(f"状态：{'、'.join(titles)}。", f"States: {', '.join(titles)}.").of(lang)
    state = machine.state(current)
    moves = [
        f"{move.title.of(lang)} → {machine.state(move.target_from(current)).title.of(lang)}"
        for move in machine.moves[current].values()
    ]
    zh = f"当前状态：{state.title.zh}。{state.meaning.zh}可能的操作：{'；'.join(moves) or '无'}。"
    en = f"Present state: {state.title.en}. {state.meaning.en} Moves from here: {'; '.join(moves) or 'none'}."
    return Text(zh, en).of(lang)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _ink(name: str) -> str:
    return f'"var(--{name}, {PALETTE[name][0]})"'


def _text(
    x: float, y: float, words: str, size: float, colour: str, *, anchor: str = "start", strong: bool = False
) -> str:
    weight = ' font-weight="600"' if strong else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"{weight}{where} fill={_ink(colour)}>'
        f"{escape(words)}</text>"
    )


def _pen(x: float, y: float, colour: str) -> str:
    where = f"translate({_n(x)} {_n(y - 9.5)})"
    return f'<path class="is-signed" d="{_PEN}" transform="{where}" fill={_ink(colour)}/>'


def _arrow(tip: Point, before: Point, colour: str) -> str:
    """A head that ends at ``tip`` and points away from ``before``."""
    (x, y), (bx, by) = tip, before
    if x == bx:
        back = 7 if by > y else -7
        points = [(x, y), (x - 4, y + back), (x + 4, y + back)]
    else:
        back = 7 if bx > x else -7
        points = [(x, y), (x + back, y - 4), (x + back, y + 4)]
    way = " ".join(f"{_n(px)},{_n(py)}" for px, py in points)
    return f'<polygon points="{way}" fill={_ink(colour)}/>'


def _rounded(path: Sequence[Point], radius: float = 9.0) -> str:
    """A path of straight lines with its corners rounded."""
    way = [f"M{_n(path[0][0])} {_n(path[0][1])}"]
    for before, corner, after in zip(path, path[1:], path[2:], strict=False):
        r = min(radius, _gap(before, corner) / 2, _gap(corner, after) / 2)
        (x1, y1), (x2, y2) = _towards(corner, before, r), _towards(corner, after, r)
        way.append(f"L{_n(x1)} {_n(y1)}Q{_n(corner[0])} {_n(corner[1])} {_n(x2)} {_n(y2)}")
    return f"{''.join(way)}L{_n(path[-1][0])} {_n(path[-1][1])}"


def _gap(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(point: Point, other: Point, by: float) -> Point:
    far = _gap(point, other) or 1.0
    return (
        point[0] + (other[0] - point[0]) * by / far,
        point[1] + (other[1] - point[1]) * by / far,
    )


def _classes(state: State, here: str | None, seen: Collection[str]) -> str:
    names = ["machine-state", f"tone-{state.tone}"]
    names += ["is-current"] if state.id == here else []
    names += ["is-visited"] if state.id in seen else []
    names += ["is-final"] if state.final else []
    return " ".join(names)


# The wide drawing


def _wide(
    machine: Machine[Any], drawing: Drawing, lang: str, here: str | None, seen: Collection[str]
) -> tuple[float, float, list[str]]:
    lit = [each for each in drawing.wires if here in each.sources]
    rest = [each for each in drawing.wires if each not in lit]
    body = ['<g class="machine-moves" fill="none">']
    # What leaves the present state is drawn last, over the rest, in the colour of that state.
    body += [
        _wire(each, here, machine.state(here).tone if here in each.sources else None)
        for each in (*rest, *lit)
    ]
    body += ["</g>", _start(next(each for each in drawing.nodes if each.id == machine.initial))]
    body += [part for each in drawing.nodes for part in _box(each, lang, here, seen)]
    width = max(drawing.width, _WIDTH)
    legend, bottom = _legend(lang, width, drawing.height + 4)
    return width, bottom, [*body, *legend]


def _wire(wire: Wire, here: str | None, tone: Tone | None) -> str:
    colour = f"{tone}-mark" if tone else "field-line"
    kind = f"machine-move{' is-open' if tone else ''}{' by-system' if wire.by_system else ''}"
    parts = [f'<g class="{kind}" data-events="{" ".join(wire.events)}">']
    # Where paths run together only one is drawn: two dashed lines over each other look solid.
    for n, (source, path) in enumerate(zip(wire.sources, wire.paths, strict=True)):
        if source != here:
            parts.append(_stroke(wire, path if n in wire.trunks else _first_leg(path), "field-line", "1.3"))
    if here in wire.sources:
        parts.append(_stroke(wire, wire.paths[wire.sources.index(here)], colour, "1.8"))
    parts.append(_arrow(wire.paths[0][-1], wire.paths[0][-2], colour))
    parts += _label(wire.label.lines, wire.label.box.middle, wire.label.box.top, "ink" if tone else "ink-2")
    parts.append("</g>")
    return "".join(parts)


def _stroke(wire: Wire, path: Sequence[Point], colour: str, width: str) -> str:
    dash = ' stroke-dasharray="4 4"' if wire.by_system else ""
    return f'<path d="{_rounded(path)}" stroke={_ink(colour)} stroke-width="{width}"{dash}/>'


def _first_leg(path: Sequence[Point]) -> Sequence[Point]:
    """The path up to where it has joined the lane."""
    return path if len(path) < 4 else (*path[:2], _towards(path[1], path[2], 9.0))


def _label(lines: Sequence[Line], middle: float, top: float, colour: str) -> Iterator[str]:
    for n, line in enumerate(lines):
        y = top + LINE * n + 12
        if line.signed:
            yield _text(middle - ICON / 2, y, line.text, LABEL_SIZE, colour, anchor="middle")
            yield _pen(middle + line.width / 2 - ICON + 4, y, colour)
        else:
            yield _text(middle, y, line.text, LABEL_SIZE, colour, anchor="middle")


def _start(node: Node) -> str:
    x, y = node.box.left, node.box.top + HEAD / 2
    return (
        f'<g class="machine-start"><circle cx="{_n(x - 28)}" cy="{_n(y)}" r="5" fill={_ink("ink-2")}/>'
        f'<path d="M{_n(x - 23)} {_n(y)}H{_n(x - 2)}" stroke={_ink("field-line")} stroke-width="1.3"/>'
        f"{_arrow((x - 1, y), (x - 20, y), 'field-line')}</g>"
    )


def _box(node: Node, lang: str, here: str | None, seen: Collection[str]) -> Iterator[str]:
    state, box = node.state, node.box
    lit = state.id == here
    fill, ink = (f"{state.tone}-fg", f"{state.tone}-bg") if lit else (f"{state.tone}-bg", f"{state.tone}-fg")
    yield f'<g class="{_classes(state, here, seen)}" data-state="{state.id}">'
    yield f"<title>{escape(state.title.of(lang))}: {escape(state.meaning.of(lang))}</title>"
    if lit:
        yield _rect(
            node, 4, f'fill="none" stroke={_ink(state.tone + "-mark")} stroke-width="2" opacity="0.45"', 12
        )
    if state.final and not lit:
        yield _rect(node, 3, f'fill="none" stroke={_ink(state.tone + "-mark")} stroke-width="1"', 11)
    width = "2.4" if state.id in seen else "1.3"
    yield _rect(node, 0, f'fill={_ink(fill)} stroke={_ink(state.tone + "-mark")} stroke-width="{width}"', 9)
    first = box.top + HEAD / 2 + 5 - (len(node.title) - 1) * 8
    for n, words in enumerate(node.title):
        yield _text(box.middle, first + 16 * n, words, TITLE_SIZE, ink, anchor="middle", strong=True)
    for n, line in enumerate(node.stays):
        y = box.top + HEAD + 10 + LINE * n
        left = box.left + 13
        yield _loop(left, y, ink)
        yield from _stay(line, left + 15, y, ink)
    yield "</g>"


def _stay(line: Line, left: float, y: float, colour: str) -> Iterator[str]:
    yield _text(left, y, line.text, LABEL_SIZE, colour)
    if line.signed:
        yield _pen(left + line.width - ICON + 4, y, colour)


def _loop(x: float, y: float, colour: str) -> str:
    """The small round arrow of a move that stays in its state."""
    return (
        f'<path d="M8.6 2.4A4.2 4.2 0 1 0 9.2 6" transform="translate({_n(x)} {_n(y - 9)})" fill="none"'
        f' stroke={_ink(colour)} stroke-width="1.3"/>'
        f'<path d="M9.6 .2V3.4H6.4z" transform="translate({_n(x)} {_n(y - 9)})" fill={_ink(colour)}/>'
    )


def _rect(node: Node, by: float, paint: str, radius: float) -> str:
    box = node.box.grown(by)
    return (
        f'<rect x="{_n(box.left)}" y="{_n(box.top)}" width="{_n(box.right - box.left)}"'
        f' height="{_n(box.bottom - box.top)}" rx="{_n(radius)}" {paint}/>'
    )


def _legend(lang: str, width: float, y: float) -> tuple[list[str], float]:
    """What the strokes and signs mean, in as many rows as the width takes, and where they end."""
    parts = ['<g class="machine-legend">']
    x, base = 14.0, y + 8
    for words in (BY_PEOPLE, BY_SYSTEM, SIGNED, STAYS):
        stroke = words in (BY_PEOPLE, BY_SYSTEM)
        room = (32 if stroke else 16) + text_width(words.of(lang), 11.5)
        if x + room > width:
            x, base = 14.0, base + 18
        if stroke:
            parts.append(f'<path d="M{_n(x)} {_n(base - 4)}h26" {_dash_sign(words is BY_SYSTEM)}/>')
        else:
            parts.append(_pen(x, base, "ink-3") if words is SIGNED else _loop(x, base, "ink-3"))
        parts.append(_text(x + (32 if stroke else 16), base, words.of(lang), 11.5, "ink-3"))
        x += room + 22
    return [*parts, "</g>"], base + 14


def _dash_sign(dashed: bool) -> str:
    return f'stroke={_ink("field-line")} stroke-width="1.3"' + (' stroke-dasharray="4 4"' if dashed else "")


# The column of cards

_WIDTH = 344.0
_CARD = 36.0
_ROW = 24.0
_STEP = 34.0


def _column(
    machine: Machine[Any], lang: str, here: str | None, seen: Collection[str]
) -> tuple[float, float, list[str]]:
    way = spine(machine)
    order = [*way, *(str(each.id) for each in machine.states if str(each.id) not in way)]
    body: list[str] = []
    y = 10.0
    for n, state in enumerate(order):
        following = order[n + 1] if n + 1 < len(way) else None
        steps = [move for move in _moves(machine, state) if move.target == following and following]
        rows = [move for move in _moves(machine, state) if move not in steps]
        body += _card(machine, state, rows, (y, lang, here, seen))
        y += _CARD + (_ROW * len(rows) + 6 if rows else 0)
        if steps:
            body += _down(steps, machine.state(state), y, lang, here)
            y += _STEP + LINE * (len(steps) - 1)
        else:
            y += 14
    legend, bottom = _legend(lang, _WIDTH, y)
    return _WIDTH, bottom, [*body, *legend]


def _moves(machine: Machine[Any], state: str) -> list[Transition[Any]]:
    return list(machine.moves[state].values())


def _card(
    machine: Machine[Any],
    state_id: str,
    rows: Sequence[Transition[Any]],
    context: tuple[float, str, str | None, Collection[str]],
) -> Iterator[str]:
    y, lang, here, seen = context
    state = machine.state(state_id)
    lit = state.id == here
    mark, back, ink = f"{state.tone}-mark", f"{state.tone}-bg", f"{state.tone}-fg"
    height = _CARD + (_ROW * len(rows) + 6 if rows else 0)
    yield f'<g class="{_classes(state, here, seen)}" data-state="{state.id}">'
    yield f"<title>{escape(state.title.of(lang))}: {escape(state.meaning.of(lang))}</title>"
    frame = f'x="8" y="{_n(y)}" width="{_n(_WIDTH - 16)}" height="{_n(height)}" rx="9"'
    if lit:
        yield (
            f'<rect x="4" y="{_n(y - 4)}" width="{_n(_WIDTH - 8)}" height="{_n(height + 8)}" rx="12"'
            f' fill="none" stroke={_ink(mark)} stroke-width="2" opacity="0.45"/>'
        )
    stroke = "2.4" if state.id in seen else "1.3"
    yield f'<rect {frame} fill={_ink("surface")} stroke={_ink(mark)} stroke-width="{stroke}"/>'
    foot = f"V{_n(y + _CARD)}H8" if rows else f"V{_n(y + _CARD - 9)}a9 9 0 0 1 -9 9H17a9 9 0 0 1 -9 -9"
    right = _n(_WIDTH - 17)
    yield (
        f'<path d="M8 {_n(y + 9)}a9 9 0 0 1 9 -9H{right}a9 9 0 0 1 9 9{foot}z"'
        f' fill={_ink(ink if lit else back)} stroke={_ink(mark)} stroke-width="{stroke}"/>'
    )
    yield _text(22, y + 23, state.title.of(lang), TITLE_SIZE, back if lit else ink, strong=True)
    for n, move in enumerate(rows):
        yield from _exit(machine, state_id, move, y + _CARD + 3 + _ROW * n, lang)
    yield "</g>"


def _exit(machine: Machine[Any], state_id: str, move: Transition[Any], y: float, lang: str) -> Iterator[str]:
    """One row of a card: a move, and at the right edge the state it leads to."""
    base = y + 16
    target = machine.state(move.target_from(state_id))
    stays = target.id == state_id
    kind = "by-system" if move.by_system else "by-people"
    yield f'<g class="machine-move {kind}" data-events="{move.event}">'
    if stays:
        yield _loop(22, base, "ink-3")
    else:
        dash = ' stroke-dasharray="3 3"' if move.by_system else ""
        yield f'<path d="M21 {_n(base - 4)}h9" stroke={_ink("field-line")} stroke-width="1.4"{dash}/>'
        yield _arrow((35, base - 4), (25, base - 4), "field-line")
    yield from _stay(Line(move.title.of(lang), move.signature is not None), 42, base, "ink")
    if not stays:
        words = target.title.of(lang)
        right = _WIDTH - 20
        left = right - text_width(words, LABEL_SIZE) - 12
        yield f'<circle cx="{_n(left)}" cy="{_n(base - 4)}" r="4" fill={_ink(target.tone + "-mark")}/>'
        yield _text(right, base, words, LABEL_SIZE, "ink-2", anchor="end")
    yield "</g>"


def _down(
    steps: Sequence[Transition[Any]], state: State, y: float, lang: str, here: str | None
) -> Iterator[str]:
    """The arrow to the next card, with its moves beside it."""
    lit = state.id == here
    colour = f"{state.tone}-mark" if lit else "field-line"
    bottom = y + _STEP + LINE * (len(steps) - 1)
    dash = ' stroke-dasharray="4 4"' if all(each.by_system for each in steps) else ""
    events = " ".join(each.event for each in steps)
    yield f'<g class="machine-move{" is-open" if lit else ""}" data-events="{events}">'
    yield (
        f'<path d="M30 {_n(y)}V{_n(bottom - 3)}" fill="none" stroke={_ink(colour)}'
        f' stroke-width="{"1.8" if lit else "1.3"}"{dash}/>'
    )
    yield _arrow((30, bottom - 1), (30, y), colour)
    for n, move in enumerate(steps):
        line = Line(move.title.of(lang), move.signature is not None)
        yield from _stay(line, 42, y + 21 + LINE * n, "ink" if lit else "ink-2")
    yield "</g>"
