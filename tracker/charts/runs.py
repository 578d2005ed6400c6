"""Months of a metric: against its target, and against its limits of control."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring.numbers import show
from tracker.charts import parts
from tracker.charts.parts import Option


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
    option = parts.frame(top=36, bottom=8)
    option["xAxis"] = parts.names([reading.period for reading in readings], every=False)
    option["yAxis"] = parts.values(words.metric) | {"scale": True}
    lines: list[Option] = []
    if target is not None:
        lines.append(parts.mark(target, words.target))
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
        "markLine": parts.mark_lines(lines, at="insideEndTop"),
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
    option = parts.frame(top=36, bottom=8)
    option["xAxis"] = parts.names([reading.period for reading in readings], every=False)
    option["yAxis"] = parts.values(name) | {
        "scale": True,
        "min": _edge(readings, lines, min),
        "max": _edge(readings, lines, max),
        # The ends lie where the drawing needs them: they are no round numbers.
        "axisLabel": parts.small() | {"showMinLabel": False, "showMaxLabel": False},
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
            "markLine": parts.mark_lines([_level(line) for line in lines], at="insideEndTop"),
        }
    ]
    return option


def _reading(reading: Reading, words: RunWords) -> Option:
    if reading.value is None:
        return {"value": "-", "tooltip": {"formatter": parts.told(reading.period, words.missing)}}
    verdict = "" if reading.meets is None else words.met if reading.meets else words.missed
    told = parts.told(reading.period, reading.text or show(reading.value), verdict)
    point: Option = {"value": float(reading.value), "tooltip": {"formatter": told}}
    if reading.meets is False:
        point |= {"symbol": "diamond", "symbolSize": 11, "itemStyle": {"color": "@danger-mark"}}
    if reading.provisional:
        # Hollow, as what is not final is drawn everywhere.
        hollow = "@danger-mark" if reading.meets is False else "@accent"
        point |= {"itemStyle": parts.dot(hollow, hollow=True), "symbolSize": 11}
    return point


def _level(line: Line) -> Option:
    return parts.mark(line.value, line.name) | {
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
        return {"value": "-", "tooltip": {"formatter": parts.told(reading.period, missing)}}
    number, words = signals.get(reading.period, (0, ""))
    told = parts.told(reading.period, reading.text or show(reading.value), words)
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


def _limit(value: Fraction) -> Option:
    dotted = {"color": "@muted-mark", "type": "dotted"}
    return {"yAxis": float(value), "lineStyle": dotted, "label": {"show": False}}
