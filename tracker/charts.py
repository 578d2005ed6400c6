"""Chart options as plain data: pure functions from exact numbers to what ECharts draws.

Values stay exact until here. A position on an axis is a float made for the drawing alone; every number that
is read as text is rounded for display by `scoring.numbers.show`, and never looks as if it had reached a line
that it has not. Colours are names of design tokens ("@success-mark"): the browser, or whoever draws the
option for paper, puts in those of its theme. Words come as arguments, in the language of the page.

The options hold no functions and no HTML: they pass as JSON, and tooltips are drawn as text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor

from scoring.numbers import show

Option = dict[str, object]

PASS_MARK = 1900

PAPER: Mapping[str, str] = {
    "ink": "#171a21",
    "ink-2": "#4a5261",
    "ink-3": "#636c7c",
    "line": "#e4e7ec",
    "line-strong": "#cdd2db",
    "surface": "#ffffff",
    "surface-raised": "#ffffff",
    "accent": "#3350cc",
    "neutral-mark": "#6b7485",
    "muted-mark": "#a3abb9",
    "info-mark": "#2371d9",
    "progress-mark": "#7c54e0",
    "attention-mark": "#b87300",
    "review-mark": "#0e9191",
    "success-mark": "#1b8f4e",
    "success-bg": "#e3f5e9",
    "danger-mark": "#d2303a",
}
"""The light values of the tokens that charts use, for drawing where there is no style sheet."""


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
    mark: Fraction | int = PASS_MARK,
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
    option = _frame(top=36, bottom=8)
    option["xAxis"] = _names(totals)
    option["yAxis"] = _values(
        words.axis.format(start=foot), least=foot, most=_head([*levels, Fraction(mark)], maximum)
    )
    option["series"] = [
        _stacked("offset", hidden, "transparent", silent=True),
        _stacked("total", ends, "@accent") | {"markLine": _mark_line(mark, words.mark)},
        _stacked("rise", rises, "@success-mark"),
        _stacked("fall", falls, "@danger-mark"),
    ]
    small = {"label": {"fontSize": 9}}
    return _narrow(
        option,
        {
            "xAxis": {"axisLabel": {"rotate": 55, "fontSize": 10, "overflow": "truncate"}},
            "series": [{}, small, small, small],
        },
    )


@dataclass(frozen=True)
class Profile:
    """One outline of the radar: a level for each criterion (None: not judged), and how it is drawn."""

    name: str
    levels: Sequence[int | None]
    colour: str = "accent"
    dashed: bool = False


def radar(criteria: Sequence[str], profiles: Sequence[Profile], *, top: int = 4) -> Option:
    """The maturity levels 0…`top` of the SEE-CMM criteria, one outline for each profile."""
    option = _frame()
    option.pop("grid")
    option["legend"] = _legend([profile.name for profile in profiles])
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
    return _narrow(option, {"radar": {"radius": "54%", "axisName": {"fontSize": 10, "lineHeight": 13}}})


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
    mark: Fraction | int = PASS_MARK,
    maximum: Fraction | int = 2000,
) -> Option:
    """Verified totals as a solid stair; forecast ones as a dashed stair from where that ends."""
    ahead = [verified[-1], *forecast] if verified and forecast else list(forecast)
    known = [each.points for each in (*verified, *forecast)] or [Fraction(mark)]
    foot = _foot([*known, Fraction(mark)])
    option = _frame(top=40, bottom=8)
    option["legend"] = _legend([words.verified, words.forecast])
    option["xAxis"] = {
        "type": "time",
        "axisLabel": _small() | {"hideOverlap": True},
        "axisLine": _rule(),
        "axisTick": {"show": False},
    }
    option["yAxis"] = _values(
        words.axis.format(start=foot), least=foot, most=_head([*known, Fraction(mark)], maximum)
    )
    lines = [_mark(mark, words.mark)]
    if audit_day is not None:
        lines.append(
            {"xAxis": audit_day.isoformat(), "label": {"formatter": words.audit_day, "position": "end"}}
        )
    option["series"] = [
        _stair(words.verified, verified, "@accent", mark) | {"markLine": _mark_lines(lines)},
        _stair(words.forecast, ahead, "@muted-mark", mark, dashed=True),
    ]
    return option


@dataclass(frozen=True)
class Reading:
    """A metric's value in one period, None where nothing was measured; `text` is how people read it."""

    period: str
    value: Fraction | None
    meets: bool | None = None
    text: str = ""
    provisional: bool = False


@dataclass(frozen=True)
class RunWords:
    """What a run chart says: the metric with its unit, the target, and in words whether a period met it."""

    metric: str
    target: str
    met: str
    missed: str
    missing: str = ""


def run_chart(
    readings: Sequence[Reading],
    words: RunWords,
    *,
    target: Fraction | None = None,
    target_range: tuple[Fraction, Fraction] | None = None,
    limits: tuple[Fraction, Fraction, Fraction] | None = None,
) -> Option:
    """A metric by period with its target or target range; `limits` adds mean, lower and upper control limit.

    A period that misses the target is drawn as a red diamond, so that colour is not the only sign.
    """
    option = _frame(top=36, bottom=8)
    option["xAxis"] = _names([reading.period for reading in readings], every=False)
    option["yAxis"] = _values(words.metric) | {"scale": True}
    lines: list[Option] = []
    if target is not None:
        lines.append(_mark(target, words.target))
    lines += [_limit(value) for value in limits or ()]
    series: Option = {
        "type": "line",
        "name": words.metric,
        "data": [_reading(each, words) for each in readings],
        "connectNulls": False,
        "lineStyle": {"color": "@accent", "width": 2},
        "itemStyle": {"color": "@accent"},
        "symbol": "circle",
        "symbolSize": 7,
        # At the far end: the near one is where the axis has its name.
        "markLine": _mark_lines(lines, at="insideEndTop"),
    }
    if target_range is not None:
        low, high = target_range
        series["markArea"] = {
            "silent": True,
            "itemStyle": {"color": "@success-bg"},
            "label": {"color": "@ink-2", "position": "insideTopRight", "formatter": words.target},
            "data": [[{"yAxis": float(low)}, {"yAxis": float(high)}]],
        }
    option["series"] = [series]
    return option


@dataclass(frozen=True)
class Line:
    """A level line of a control chart with its name and number, as people read it."""

    value: Fraction
    name: str
    limit: bool = False


def control_chart(
    readings: Sequence[Reading],
    name: str,
    lines: Sequence[Line],
    signals: Mapping[str, tuple[int, str]],
    missing: str = "",
) -> Option:
    """A metric by period between its control limits; `signals` is what a period shows, with its number.

    A period with a signal is drawn as a numbered red diamond; the numbers stand in words under the chart.
    """
    option = _frame(top=36, bottom=8)
    option["xAxis"] = _names([reading.period for reading in readings], every=False)
    option["yAxis"] = _values(name) | {
        "scale": True,
        "min": _edge(readings, lines, min),
        "max": _edge(readings, lines, max),
        # The ends lie where the drawing needs them: they are no round numbers.
        "axisLabel": _small() | {"showMinLabel": False, "showMaxLabel": False},
    }
    option["series"] = [
        {
            "type": "line",
            "name": name,
            "data": [_controlled(each, signals, missing) for each in readings],
            "connectNulls": False,
            "lineStyle": {"color": "@accent", "width": 2},
            "itemStyle": {"color": "@accent"},
            "symbol": "circle",
            "symbolSize": 7,
            "markLine": _mark_lines([_level(line) for line in lines], at="insideEndTop"),
        }
    ]
    return option


@dataclass(frozen=True)
class ParetoWords:
    """What a Pareto chart says: its bars, its line, and the mark of the vital few."""

    bars: str
    line: str
    mark: str


def pareto_chart(bars: Sequence[tuple[str, int, bool]], words: ParetoWords) -> Option:
    """Counts by falling size as bars (name, count, whether one of the vital few), and their cumulative share."""
    total = sum(count for _name, count, _vital in bars) or 1
    reached, shares = 0, []
    for _name, count, _vital in bars:
        reached += count
        shares.append(reached * 1000 // total / 10)  # cut, never rounded up to the mark
    option = _frame(top=36, bottom=8)
    option["legend"] = _legend([words.bars, words.line])
    names = [name for name, _count, _vital in bars]
    turned = _small() | {
        "interval": 0,
        "rotate": 30 if len(bars) > 4 else 0,
        "width": 96,
        "overflow": "truncate",
    }
    option["xAxis"] = _names(names) | {"axisLabel": turned}
    shown = _small() | {"formatter": "{value}%"}
    percent = _values("", 0, 100) | {"splitLine": {"show": False}, "axisLabel": shown}
    # Both axes end with the whole, so that the line begins at the top of the first bar.
    option["yAxis"] = [_values(words.bars, 0, total) | {"minInterval": 1}, percent]
    option["series"] = [
        {
            "type": "bar",
            "name": words.bars,
            "barMaxWidth": 56,
            "itemStyle": {"color": "@accent", "borderRadius": 2},
            "label": {"show": True, "position": "top", "color": "@ink", "fontSize": 11},
            "data": [
                {"value": count, "itemStyle": {"color": "@accent" if vital else "@muted-mark"}}
                for _name, count, vital in bars
            ],
        },
        {
            "type": "line",
            "name": words.line,
            "yAxisIndex": 1,
            "symbol": "circle",
            "symbolSize": 7,
            "lineStyle": {"color": "@attention-mark", "width": 2},
            "itemStyle": {"color": "@attention-mark"},
            "data": shares,
            "markLine": _mark_line(80, words.mark),
        },
    ]
    return option


def on_paper(option: object, colours: Mapping[str, str] = PAPER) -> object:
    """The option with colours in place of token names, for drawing where there is no style sheet."""
    if isinstance(option, str):
        return colours.get(option[1:], "#000000") if option.startswith("@") else option
    if isinstance(option, list):
        return [on_paper(each, colours) for each in option]
    if isinstance(option, dict):
        return {key: on_paper(value, colours) for key, value in option.items()}
    return option


# ---------------------------------------------------------------- parts


def _frame(top: int = 16, bottom: int = 8) -> Option:
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


def _narrow(option: Option, changes: Option) -> Option:
    """The same option with changes for a canvas as wide as a phone."""
    return {"baseOption": option, "media": [{"query": {"maxWidth": 520}, "option": changes}]}


def _small() -> Option:
    return {"color": "@ink-3", "fontSize": 11}


def _rule() -> Option:
    return {"lineStyle": {"color": "@line-strong"}}


def _names(labels: Sequence[str], *, every: bool = True) -> Option:
    shown: Option = {"interval": 0, "width": 84, "overflow": "break"} if every else {"hideOverlap": True}
    return {
        "type": "category",
        "data": list(labels),
        "axisLabel": _small() | shown,
        "axisLine": _rule(),
        "axisTick": {"show": False},
    }


def _values(name: str, least: int | None = None, most: int | None = None) -> Option:
    return {
        "type": "value",
        "name": name,
        "nameTextStyle": {"color": "@ink-3", "fontSize": 11, "align": "left", "padding": [0, 0, 0, -28]},
        "min": least,
        "max": most,
        "axisLabel": _small(),
        "splitLine": {"lineStyle": {"color": "@line"}},
    }


def _legend(names: Sequence[str]) -> Option:
    return {
        "data": list(names),
        "top": 0,
        "right": 0,
        "itemWidth": 18,
        "itemHeight": 8,
        "textStyle": {"color": "@ink-2", "fontSize": 12},
        "inactiveColor": "@muted-mark",
    }


def _mark(value: Fraction | int, name: str) -> Option:
    return {"yAxis": float(value), "label": {"formatter": name}}


def _limit(value: Fraction) -> Option:
    dotted = {"color": "@muted-mark", "type": "dotted"}
    return {"yAxis": float(value), "lineStyle": dotted, "label": {"show": False}}


def _mark_lines(lines: list[Option], at: str = "insideStartTop") -> Option:
    return {
        "silent": True,
        "symbol": "none",
        "animation": False,
        "lineStyle": {"color": "@ink-2", "type": "dashed", "width": 1},
        "label": {"color": "@ink-2", "fontSize": 11, "position": at},
        "data": lines,
    }


def _mark_line(value: Fraction | int, name: str) -> Option:
    return _mark_lines([_mark(value, name)])


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


def _dot(colour: str, *, hollow: bool) -> Option:
    return {
        "color": "@surface" if hollow else colour,
        "borderColor": colour,
        "borderWidth": 2 if hollow else 0,
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
        "itemStyle": _dot(colour, hollow=dashed),
        "lineStyle": {"color": colour, "width": 2, "type": "dashed" if dashed else "solid"},
        "data": [
            {
                "value": [each.day.isoformat(), float(each.points)],
                "tooltip": {
                    "formatter": _told(
                        f"{name}  {each.day.isoformat()}", show(each.points, 1, [mark]), each.detail
                    )
                },
            }
            for each in totals
        ],
    }


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
        "itemStyle": _dot(colour, hollow=profile.dashed),
        "lineStyle": {"color": colour, "width": 2, "type": "dashed" if profile.dashed else "solid"},
        "areaStyle": {"color": colour, "opacity": 0 if profile.dashed else 0.12},
        "tooltip": {"formatter": _told(profile.name, *lines)},
    }


def _reading(reading: Reading, words: RunWords) -> Option:
    if reading.value is None:
        return {"value": "-", "tooltip": {"formatter": _told(reading.period, words.missing)}}
    verdict = "" if reading.meets is None else words.met if reading.meets else words.missed
    told = _told(reading.period, reading.text or show(reading.value), verdict)
    point: Option = {"value": float(reading.value), "tooltip": {"formatter": told}}
    if reading.meets is False:
        point |= {"symbol": "diamond", "symbolSize": 11, "itemStyle": {"color": "@danger-mark"}}
    if reading.provisional:
        # Hollow, as what is not final is drawn everywhere.
        hollow = "@danger-mark" if reading.meets is False else "@accent"
        point |= {"itemStyle": _dot(hollow, hollow=True), "symbolSize": 11}
    return point


def _level(line: Line) -> Option:
    return _mark(line.value, line.name) | {
        "lineStyle": {
            "color": "@danger-mark" if line.limit else "@ink-2",
            "type": "dashed" if line.limit else "solid",
        }
    }


def _edge(
    readings: Sequence[Reading], lines: Sequence[Line], pick: Callable[[list[Fraction]], Fraction]
) -> float:
    """An end of the axis, with a little air beyond whatever lies furthest out."""
    known = [each.value for each in readings if each.value is not None] + [line.value for line in lines]
    air = (max(known) - min(known)) / 12
    return float(round(pick(known) + (air if pick is max else -air), 4))


def _controlled(reading: Reading, signals: Mapping[str, tuple[int, str]], missing: str) -> Option:
    if reading.value is None:
        return {"value": "-", "tooltip": {"formatter": _told(reading.period, missing)}}
    number, words = signals.get(reading.period, (0, ""))
    told = _told(reading.period, reading.text or show(reading.value), words)
    point: Option = {"value": float(reading.value), "tooltip": {"formatter": told}}
    if words:
        label = {"show": True, "formatter": str(number), "color": "@danger-mark", "fontWeight": 600}
        point |= {
            "symbol": "diamond",
            "symbolSize": 12,
            "itemStyle": {"color": "@danger-mark"},
            "label": label,
        }
    return point


def _told(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def _short(shown: str) -> str:
    """A displayed number for a crowded place: without a decimal that is nought."""
    return shown.removesuffix(".0")


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
