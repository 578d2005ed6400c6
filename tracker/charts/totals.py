"""The road of a total: closures as a waterfall, and the totals with their forecast as stairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor

from scoring.numbers import show
from tracker.charts import parts
from tracker.charts.parts import Option


@dataclass(frozen=True)
class Step:
    """One closure of a waterfall: its name under the bar, the points it moved, a sentence about it."""

    label: str
    moved: Fraction
    detail: str = ""


@dataclass(frozen=True)
class WaterfallWords:
    """What a waterfall says: its two totals, the pass mark, and the axis (`{start}` is its foot)."""

    baseline: str
    verified: str
    mark: str
    axis: str


def waterfall(
    baseline: Fraction,
    steps: Sequence[Step],
    words: WaterfallWords,
    *,
    mark: Fraction | int,
    maximum: Fraction | int = 2000,
) -> Option:
    """From the baseline over what each closure moved to the verified total, in points, with the pass mark.

    The axis does not begin at nought, because the steps would vanish; its title says where it begins.
    """
    levels = [baseline]
    for step in steps:
        levels.append(levels[-1] + step.moved)
    foot = _foot([*levels, Fraction(mark)])
    totals = [words.baseline, *(step.label for step in steps), words.verified]
    empty: list[object] = ["-"] * len(totals)
    hidden, rises, falls, ends = empty[:], empty[:], empty[:], empty[:]
    ends[0] = _bar(
        baseline, f"{words.baseline}: {show(baseline, 1, [mark])}", _short(show(baseline, 1, [mark]))
    )
    ends[-1] = _bar(
        levels[-1], f"{words.verified}: {show(levels[-1], 1, [mark])}", _short(show(levels[-1], 1, [mark]))
    )
    for index, step in enumerate(steps, start=1):
        hidden[index] = float(min(levels[index - 1], levels[index]))
        told = f"{step.label}  {_signed(step.moved)}\n{step.detail}\n→ {show(levels[index], 1, [mark])}"
        bar = _bar(abs(step.moved), told.replace("\n\n", "\n"), _short(_signed(step.moved)))
        (rises if step.moved >= 0 else falls)[index] = bar
    option = parts.frame(top=36, bottom=8)
    option["xAxis"] = parts.names(totals)
    option["yAxis"] = parts.values(
        words.axis.format(start=foot), least=foot, most=_head([*levels, Fraction(mark)], maximum)
    )
    option["series"] = [
        _stacked("offset", hidden, "transparent", silent=True),
        _stacked("total", ends, "@accent") | {"markLine": parts.mark_line(mark, words.mark)},
        _stacked("rise", rises, "@success-mark"),
        _stacked("fall", falls, "@danger-mark"),
    ]
    small = {"label": {"fontSize": 9}}
    return parts.narrow(
        option,
        {
            "xAxis": {"axisLabel": {"rotate": 55, "fontSize": 10, "overflow": "truncate"}},
            "series": [{}, small, small, small],
        },
    )


@dataclass(frozen=True)
class Total:
    """A total of points on a day: a stored run, or what is forecast."""

    day: date
    points: Fraction
    detail: str = ""


@dataclass(frozen=True)
class TrajectoryWords:
    """What a trajectory says: its two lines, the pass mark, and the day that counts (empty: none)."""

    verified: str
    forecast: str
    mark: str
    axis: str
    audit_day: str = ""


def trajectory(
    verified: Sequence[Total],
    forecast: Sequence[Total],
    words: TrajectoryWords,
    *,
    audit_day: date | None = None,
    mark: Fraction | int,
    maximum: Fraction | int = 2000,
) -> Option:
    """Verified totals as a solid stair; forecast ones as a dashed stair from where that ends."""
    ahead = [verified[-1], *forecast] if verified and forecast else list(forecast)
    known = [each.points for each in (*verified, *forecast)] or [Fraction(mark)]
    foot = _foot([*known, Fraction(mark)])
    option = parts.frame(top=40, bottom=8)
    option["legend"] = parts.legend([words.verified, words.forecast])
    option["xAxis"] = {
        "type": "time",
        "axisLabel": parts.small() | {"hideOverlap": True},
        "axisLine": parts.rule(),
        "axisTick": {"show": False},
    }
    option["yAxis"] = parts.values(
        words.axis.format(start=foot), least=foot, most=_head([*known, Fraction(mark)], maximum)
    )
    lines = [parts.mark(mark, words.mark)]
    if audit_day is not None:
        lines.append(
            {"xAxis": audit_day.isoformat(), "label": {"formatter": words.audit_day, "position": "end"}}
        )
    option["series"] = [
        _stair(words.verified, verified, "@accent", mark) | {"markLine": parts.mark_lines(lines)},
        _stair(words.forecast, ahead, "@muted-mark", mark, dashed=True),
    ]
    return option


def _bar(value: Fraction, told: str, label: str) -> Option:
    return {"value": float(value), "tooltip": {"formatter": told}, "label": {"formatter": label}}


def _stacked(name: str, data: list[object], colour: str, *, silent: bool = False) -> Option:
    return {
        "type": "bar",
        "name": name,
        "stack": "total",
        "silent": silent,
        "barMaxWidth": 56,
        "barCategoryGap": "28%",
        "itemStyle": {"color": colour, "borderRadius": 2},
        "label": {"show": not silent, "position": "top", "color": "@ink", "fontSize": 11, "fontWeight": 500},
        "data": data,
    }


def _stair(
    name: str, totals: Sequence[Total], colour: str, mark: Fraction | int, *, dashed: bool = False
) -> Option:
    return {
        "type": "line",
        "name": name,
        "step": "end",
        "symbol": "circle",
        "symbolSize": 7,
        "itemStyle": parts.dot(colour, hollow=dashed),
        "lineStyle": {"color": colour, "width": 2, "type": "dashed" if dashed else "solid"},
        "data": [
            {
                "value": [each.day.isoformat(), float(each.points)],
                "tooltip": {
                    "formatter": parts.told(
                        f"{name}  {each.day.isoformat()}", show(each.points, 1, [mark]), each.detail
                    )
                },
            }
            for each in totals
        ],
    }


def _short(shown: str) -> str:
    """A displayed number for a crowded place: without a decimal that is nought."""
    return shown.removesuffix(".0")


def _signed(value: Fraction) -> str:
    return f"−{show(abs(value))}" if value < 0 else f"+{show(value)}"


def _foot(values: Sequence[Fraction]) -> int:
    """A round number below everything, with about a third of the span as air under the lowest."""
    span = max(values) - min(values)
    return max(0, floor((min(values) - max(span / 3, Fraction(50))) / 50) * 50)


def _head(values: Sequence[Fraction], maximum: Fraction | int) -> int:
    """The top of the axis: the maximum where it is near, else a round number above everything."""
    highest = max(values)
    if highest > Fraction(maximum) - 150:
        return int(maximum)
    return -(-int(highest + 25) // 50) * 50
