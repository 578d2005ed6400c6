"""The fishbone of Ishikawa: the effect at the head, causes on ribs, drawn as such (E.5).

Which ribs there are is the team's to say: those of the 4S, 8P or 6M, any of them, and names of their own. A cause
stands on its rib with its kind and with whether it has been verified; what hangs on no rib stands beside.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from workflows.causes import RIBS, RibSet
from workflows.geometry import text_width
from workflows.kinds import CauseKind
from workflows.svg import PALETTE
from workflows.text import Text

OWN = "own:"
"""A rib of the team's own: its identifier is this and its name."""
OWN_LENGTH = 30
MOST_RIBS = 12
DEFAULT_RIBS = tuple(code for code, _ in RIBS[RibSet.EIGHT_P])
KNOWN_RIBS: dict[str, Text] = {code: title for ribs in RIBS.values() for code, title in ribs}

_KIND_TONES = {CauseKind.ROOT: "danger", CauseKind.CONTRIBUTING: "attention", CauseKind.ESCAPE: "review"}
_KIND_MARKS = {CauseKind.ROOT: "●", CauseKind.CONTRIBUTING: "◆", CauseKind.ESCAPE: "▲"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """A cause as it hangs on a rib."""

    text: str
    rib: str
    kind: CauseKind | None = None
    verified: bool = False


def rib_title(code: str) -> Text:
    """What a rib is called; a rib of the team's own has one name in both languages.

    >>> rib_title("process").en, rib_title("own:Phone lines").zh
    ('process', 'Phone lines')
    """
    name = code.removeprefix(OWN)
    return KNOWN_RIBS.get(code, Text(name, name))


class BadRibs(ValueError):
    """Ribs that cannot be drawn. ``text`` says why, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def chosen_ribs(codes: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """The ribs of a fishbone from known identifiers and names of one's own, each once, in this order.

    Raises BadRibs for none, too many, an unknown identifier, or a name that is too long.

    >>> chosen_ribs(["process"], [" Phone lines ", "", "Phone lines"])
    ('process', 'own:Phone lines')
    """
    names = [" ".join(name.split()) for name in own]
    found = dict.fromkeys([*codes, *(f"{OWN}{name}" for name in names if name)])
    for code in found:
        if code not in KNOWN_RIBS and not code.startswith(OWN):
            raise BadRibs(Text(f"没有分支“{code}”。", f"There is no rib “{code}”."))
        if len(code) - len(OWN) > OWN_LENGTH or "|" in code:
            raise BadRibs(
                Text(
                    f"分支名称最多 {OWN_LENGTH} 个字符，且不含“|”。",
                    f"The name of a rib has at most {OWN_LENGTH} characters and no “|”.",
                )
            )
    if not found:
        raise BadRibs(Text("请至少保留一条分支。", "Keep at least one rib."))
    if len(found) > MOST_RIBS:
        raise BadRibs(Text(f"最多 {MOST_RIBS} 条分支。", f"At most {MOST_RIBS} ribs."))
    return tuple(found)


def ribs_of(chosen: Sequence[str], bones: Iterable[Bone]) -> tuple[str, ...]:
    """The ribs to draw: those chosen (without any, the 8P), and those that causes hang on already."""
    return tuple(dict.fromkeys([*(chosen or DEFAULT_RIBS), *(bone.rib for bone in bones if bone.rib)]))


def describe(effect: str, ribs: Sequence[str], bones: Sequence[Bone], lang: str) -> str:
    """The drawing in words, rib by rib: what a screen reader reads, and what is printed beside it."""
    parts = []
    for code in ribs:
        texts = [_told(bone, lang) for bone in bones if bone.rib == code]
        if texts:
            parts.append(f"{rib_title(code).of(lang)}{_colon(lang)}{_semicolon(lang).join(texts)}")
    empty = [rib_title(code).of(lang) for code in ribs if not any(bone.rib == code for bone in bones)]
    if empty:
        parts.append(
            Text(f"无原因的分支：{'、'.join(empty)}", f"Ribs without a cause: {', '.join(empty)}").of(lang)
        )
    return Text(f"结果：{effect}。", f"Effect: {effect}. ").of(lang) + "".join(
        f"{part}{Text('。', '. ').of(lang)}" for part in parts
    )


def _told(bone: Bone, lang: str) -> str:
    marks = [bone.kind.of(lang)] if bone.kind is not None else []
    if bone.verified:
        marks.append(Text("已验证", "verified").of(lang))
    if not marks:
        return bone.text
    inside = Text("、", ", ").of(lang).join(marks)
    return f"{bone.text}（{inside}）" if lang.startswith("zh") else f"{bone.text} ({inside})"


def _colon(lang: str) -> str:
    return Text("：", ": ").of(lang)


def _semicolon(lang: str) -> str:
    return Text("；", "; ").of(lang)


# ---------------------------------------------------------------- the drawing

_RIB = 178.0  # from one rib to the next on the same side
_LEAN = 60.0  # how far a rib leans back from head to tip
_STEP = 36.0  # between two causes of a rib
_HEAD = 176.0
_TITLE = 28.0
_ROOM = 140.0  # for the text of a cause
_SIZE, _SMALL = 14.0, 13.0
_MOST_LINES = 4
_LEAST = 740.0  # narrower than this it scrolls, because nobody could read it


def fishbone(
    effect: str, ribs: Sequence[str], bones: Sequence[Bone], lang: str, name: str = "fishbone"
) -> str:
    """The fishbone as an ``<svg>`` element: the head at the right, ribs in turn above and below the spine.

    Causes are lit by kind and by whether they are verified, with a mark of shape as well as of colour. The whole
    stands in words in its description. Without ribs the 8P are drawn.
    """
    ribs = tuple(ribs) or DEFAULT_RIBS
    hung = {code: [bone for bone in bones if bone.rib == code] for code in ribs}
    sides = (ribs[0::2], ribs[1::2])
    heights = [_TITLE + 14 + _STEP * max([1, *(len(hung[code]) for code in side)]) for side in sides]
    columns = max(len(sides[0]), len(sides[1]), 1)
    width = 24 + columns * _RIB + _LEAN + _HEAD
    spine = heights[0] + 8
    height = spine + heights[1] + 8
    parts = [*_spine(effect, width, spine)]
    for side, up in zip(sides, (True, False), strict=True):
        for place, code in enumerate(side):
            foot = 24 + (place + 1) * _RIB + _LEAN - 12
            parts.extend(_rib(code, hung[code], foot, spine, heights[0 if up else 1], up, lang))
    title = Text("鱼骨图", "Fishbone").of(lang)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fishbone" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" style="min-width:{min(width, _LEAST):.0f}px" role="img" '
        f'lang="{"zh-CN" if lang.startswith("zh") else "en"}" '
        f'aria-labelledby="{name}-title {name}-desc">'
    )
    told = escape(describe(effect, ribs, bones, lang))
    return "".join(
        [
            head,
            f'<title id="{name}-title">{title}</title><desc id="{name}-desc">{told}</desc>',
            *parts,
            "</svg>",
        ]
    )


def _spine(effect: str, width: float, y: float) -> Iterator[str]:
    """The spine and its head, with the effect in up to four lines."""
    left = width - _HEAD
    yield f'<path d="M12 {y:.1f}H{left:.1f}" fill="none" stroke={_ink("ink-2")} stroke-width="3"/>'
    yield (
        f'<path d="M{left:.1f} {y - 46:.1f}H{width - 30:.1f}L{width - 4:.1f} {y:.1f}L{width - 30:.1f} {y + 46:.1f}'
        f'H{left:.1f}Z" fill={_ink("danger-bg")} stroke={_ink("danger-mark")} stroke-width="1.5"/>'
    )
    lines = _lines(effect, _HEAD - 46)
    for number, line in enumerate(lines):
        at = y + (number - (len(lines) - 1) / 2) * 18 + 4.5
        yield _text(line, left + 12, at, "danger-fg", _SIZE, weight=600, typed=True)


def _rib(
    code: str, bones: Sequence[Bone], foot: float, spine: float, height: float, up: bool, lang: str
) -> Iterator[str]:
    """A rib from its title down (or up) to the spine, its causes at its left."""
    sign = -1.0 if up else 1.0
    reach = height - _TITLE
    tip_x, tip_y = foot - _LEAN, spine + sign * reach
    lit = any(bone.kind is CauseKind.ROOT and bone.verified for bone in bones)
    ink = "danger-mark" if lit else "ink-3" if bones else "line"
    yield (
        f'<path d="M{tip_x:.1f} {tip_y:.1f}L{foot:.1f} {spine:.1f}" fill="none" stroke={_ink(ink)} '
        f'stroke-width="{2.5 if lit else 1.75}"/>'
    )
    title = _cut(rib_title(code).of(lang), _RIB - 34, _SIZE)
    wide = text_width(title, _SIZE) + 20
    top = tip_y - 24 if up else tip_y
    back, front = ("danger-bg", "danger-fg") if lit else ("neutral-bg", "neutral-fg")
    yield (
        f'<rect x="{tip_x - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" height="24" rx="6" '
        f"fill={_ink(back)}/>"
    )
    yield _text(title, tip_x, top + 16.5, front, _SIZE, weight=600, anchor="middle")
    for place, bone in enumerate(bones):
        y = tip_y - sign * (20 + _STEP * place)
        x = foot - _LEAN * (abs(y - spine) / reach)
        yield from _bone(bone, x, y)


def _bone(bone: Bone, x: float, y: float) -> Iterator[str]:
    tone = _KIND_TONES.get(bone.kind, "muted") if bone.kind is not None else "muted"
    dashed = "" if bone.verified else ' stroke-dasharray="4 3"'
    yield (
        f'<path d="M{x - _ROOM:.1f} {y + 6:.1f}H{x:.1f}" fill="none" stroke={_ink(f"{tone}-mark")} '
        f'stroke-width="1.5"{dashed}/>'
    )
    mark = _KIND_MARKS.get(bone.kind, "") if bone.kind is not None else ""
    shown = f"{mark} " if mark else ""
    tail = " ✓" if bone.verified else ""
    room = _ROOM - 6 - text_width(shown + tail, _SMALL)
    said = f"{shown}{_cut(bone.text, room, _SMALL)}{tail}"
    ink = f"{tone}-fg" if bone.kind is not None else "ink-2"
    weight = 600 if bone.verified and bone.kind is CauseKind.ROOT else 400
    line = _text(said, x - _ROOM, y, ink, _SMALL, weight=weight, typed=True)
    yield f"<g><title>{escape(bone.text)}</title>{line}</g>"


def _text(
    text: str,
    x: float,
    y: float,
    ink: str,
    size: float,
    *,
    weight: int = 400,
    anchor: str = "start",
    typed: bool = False,
) -> str:
    """A text of the drawing; what people have typed is nothing to translate."""
    kept = ' translate="no"' if typed else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill={_ink(ink)} font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}"{kept}>{escape(text)}</text>'
    )


def _ink(name: str) -> str:
    return quoteattr(f"var(--{name},{PALETTE[name][0]})")


def _cut(text: str, room: float, size: float) -> str:
    """As much of a text as fits into a width, with a sign that there is more."""
    text = " ".join(text.split())
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


_PIECE = re.compile(r"[!-~]+\s*|\S\s*")


def _lines(text: str, room: float) -> list[str]:
    """A text in a few lines that fit, broken at spaces and after any Chinese sign; the last may be cut."""
    lines = [""]
    for piece in _PIECE.findall(" ".join(text.split())):
        if len(lines) < _MOST_LINES and text_width((lines[-1] + piece).rstrip(), _SIZE) > room and lines[-1]:
            lines.append("")
        lines[-1] += piece
    return [_cut(line, room, _SIZE) for line in lines]
