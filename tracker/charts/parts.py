"""What the charts are made of: frames, axes, legends, marks."""

from collections.abc import Sequence
from fractions import Fraction

Option = dict[str, object]


def frame(top: int = 16, bottom: int = 8) -> Option:
    return {
        "animationDuration": 300,
        "animationEasing": "cubicOut",
        "textStyle": {"color": "@ink-2", "fontSize": 12},
        "grid": {"left": 8, "right": 16, "top": top, "bottom": bottom, "containLabel": True},
        "tooltip": {
            "renderMode": "richText",
            "confine": True,
            "backgroundColor": "@surface-raised",
            "borderColor": "@line-strong",
            "borderWidth": 1,
            "padding": [8, 10],
            "textStyle": {"color": "@ink", "fontSize": 12, "lineHeight": 18},
        },
    }


def narrow(option: Option, changes: Option) -> Option:
    """The same option with changes for a canvas as wide as a phone."""
    return {"baseOption": option, "media": [{"query": {"maxWidth": 520}, "option": changes}]}


def small() -> Option:
    return {"color": "@ink-3", "fontSize": 11}


def rule() -> Option:
    return {"lineStyle": {"color": "@line-strong"}}


def names(labels: Sequence[str], *, every: bool = True) -> Option:
    shown: Option = {"interval": 0, "width": 84, "overflow": "break"} if every else {"hideOverlap": True}
    return {
        "type": "category",
        "data": list(labels),
        "axisLabel": small() | shown,
        "axisLine": rule(),
        "axisTick": {"show": False},
    }


def values(name: str, least: int | None = None, most: int | None = None) -> Option:
    return {
        "type": "value",
        "name": name,
        "nameTextStyle": {"color": "@ink-3", "fontSize": 11, "align": "left", "padding": [0, 0, 0, -28]},
        "min": least,
        "max": most,
        "axisLabel": small(),
        "splitLine": {"lineStyle": {"color": "@line"}},
    }


def legend(names: Sequence[str]) -> Option:
    return {
        "data": list(names),
        "top": 0,
        "right": 0,
        "itemWidth": 18,
        "itemHeight": 8,
        "textStyle": {"color": "@ink-2", "fontSize": 12},
        "inactiveColor": "@muted-mark",
    }


def mark(value: Fraction | int, name: str) -> Option:
    return {"yAxis": float(value), "label": {"formatter": name}}


def mark_lines(lines: list[Option], at: str = "insideStartTop") -> Option:
    return {
        "silent": True,
        "symbol": "none",
        "animation": False,
        "lineStyle": {"color": "@ink-2", "type": "dashed", "width": 1},
        "label": {"color": "@ink-2", "fontSize": 11, "position": at},
        "data": lines,
    }


def mark_line(value: Fraction | int, name: str) -> Option:
    return mark_lines([mark(value, name)])


def dot(colour: str, *, hollow: bool) -> Option:
    return {
        "color": "@surface" if hollow else colour,
        "borderColor": colour,
        "borderWidth": 2 if hollow else 0,
    }


def told(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
