"""The levels of maturity of a site against its target."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.charts import parts
from tracker.charts.parts import Option


@dataclass(frozen=True)
class Profile:
    """One outline of the radar: a level for each criterion (None: not judged), and how it is drawn."""

    name: str
    levels: Sequence[int | None]
    colour: str = "accent"
    dashed: bool = False


def radar(criteria: Sequence[str], profiles: Sequence[Profile], *, top: int = 4) -> Option:
    """The maturity levels 0…`top` of the SEE-CMM criteria, one outline for each profile."""
    option = parts.frame()
    option.pop("grid")
    option["legend"] = parts.legend([profile.name for profile in profiles])
    option["radar"] = {
        "indicator": [{"name": _wrap(name), "min": 0, "max": top} for name in criteria],
        "splitNumber": top,
        "radius": "64%",
        "center": ["50%", "54%"],
        "axisName": {"color": "@ink-2", "fontSize": 12, "lineHeight": 15},
        "axisLine": {"lineStyle": {"color": "@line"}},
        "splitLine": {"lineStyle": {"color": "@line"}},
        "splitArea": {"show": False},
    }
    option["series"] = [
        {"type": "radar", "symbolSize": 5, "data": [_outline(each, criteria) for each in profiles]}
    ]
    return parts.narrow(option, {"radar": {"radius": "54%", "axisName": {"fontSize": 10, "lineHeight": 13}}})


def _outline(profile: Profile, criteria: Sequence[str]) -> Option:
    lines = [
        f"{name}: {'–' if level is None else level}"
        for name, level in zip(criteria, profile.levels, strict=True)
    ]
    colour = f"@{profile.colour}"
    return {
        "name": profile.name,
        "value": ["-" if level is None else level for level in profile.levels],
        "symbol": "circle",
        "itemStyle": parts.dot(colour, hollow=profile.dashed),
        "lineStyle": {"color": colour, "width": 2, "type": "dashed" if profile.dashed else "solid"},
        "areaStyle": {"color": colour, "opacity": 0 if profile.dashed else 0.12},
        "tooltip": {"formatter": parts.told(profile.name, *lines)},
    }


def _wrap(name: str, room: int = 14) -> str:
    """A name in two lines where it is long: at a space near its middle, or between two Chinese characters."""
    if len(name) <= room // 2 or (len(name) <= room and name.isascii()):
        return name
    breaks = [index for index, letter in enumerate(name) if letter == " "] or (
        [] if name.isascii() else [len(name) // 2]
    )
    if not breaks:
        return name
    middle = min(breaks, key=lambda index: abs(index - len(name) // 2))
    return f"{name[:middle]}\n{name[middle:].lstrip()}"
