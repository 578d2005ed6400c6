"""A machine drawn from its declaration: Mermaid, SVG, and a table of its transitions."""

import re
from typing import Any

from workflows.machine import SYSTEM, Guard, Machine, Transition
from workflows.registry import MACHINES
from workflows.svg import svg
from workflows.text import Text

__all__ = ["mermaid", "svg", "table", "with_drawings"]

_HEADINGS = (
    Text("操作", "Move"),
    Text("从", "From"),
    Text("到", "To"),
    Text("拒绝情形", "Refused when"),
    Text("需填写", "Asks for"),
    Text("权限", "Permission"),
    Text("依据", "Clause"),
)
_REASON = Text("理由", "a reason")
_SIGNED = Text("电子签名", "a signature")
_STAYS = Text("（状态不变）", "(stays)")
_SYSTEM = Text("系统", "system")
_PLACE = re.compile(r"(<!-- machine: (\w+) (\w+) -->\n).*?(<!-- /machine -->)", re.DOTALL)


def mermaid(machine: Machine[Any], lang: str, current: str | None = None) -> str:
    """The machine as a Mermaid state diagram. Raises LookupError for an unknown current state."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{each.title.of(lang)}" as {each.id}' for each in machine.states]
    lines.append(f"    [*] --> {machine.initial}")
    for move in machine.transitions:
        for source in move.sources:
            lines.append(f"    {source} --> {move.target_from(source)}: {move.title.of(lang)}")
    lines += [f"    {each.id} --> [*]" for each in machine.states if each.final]
    if current is not None:
        lines += [
            "    classDef current font-weight:bold,stroke-width:3px",
            f"    class {machine.state(current).id} current",
        ]
    return "\n".join(lines) + "\n"


def table(machine: Machine[Any], lang: str) -> str:
    """The transitions as a Markdown table: one row per move, with all it needs in words."""
    rows = [
        [each.of(lang) for each in _HEADINGS],
        ["---"] * len(_HEADINGS),
        *(_row(machine, move, lang) for move in machine.transitions),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + "\n"


def _row(machine: Machine[Any], move: Transition[Any], lang: str) -> list[str]:
    sources = ", ".join(machine.state(each).title.of(lang) for each in move.sources)
    target = _STAYS.of(lang) if move.target is None else machine.state(move.target).title.of(lang)
    asked = [_REASON.of(lang)] if move.reason_required else []
    asked += [_SIGNED.of(lang)] if move.signature else []
    return [
        f"{move.title.of(lang)} `{move.event}`",
        sources,
        target,
        "<br>".join(_refusal(each, lang) for each in move.guards) or "—",
        ", ".join(asked) or "—",
        _SYSTEM.of(lang) if move.permission == SYSTEM else f"`{move.permission}`",
        move.clause,
    ]


def _refusal(guard: Guard[Any], lang: str) -> str:
    return f"{guard.message.of(lang)} [{guard.clause}]"


def with_drawings(text: str) -> str:
    """The text of a README with every drawing between markers made anew.

    A place is ``<!-- machine: NAME LANG -->`` … ``<!-- /machine -->``. Raises KeyError for an unknown one.
    """

    def redraw(place: re.Match[str]) -> str:
        begin, name, lang, end = place.groups()
        return f"{begin}```mermaid\n{mermaid(MACHINES[name], lang)}```\n{end}"

    return _PLACE.sub(redraw, text)
