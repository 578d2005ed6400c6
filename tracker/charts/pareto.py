"""Which few causes make most of what is found."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.charts import parts
from tracker.charts.parts import Option


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
    option = parts.frame(top=36, bottom=8)
    option["legend"] = parts.legend([words.bars, words.line])
    names = [name for name, _count, _vital in bars]
    turned = parts.small() | {
        "interval": 0,
        "rotate": 30 if len(bars) > 4 else 0,
        "width": 96,
        "overflow": "truncate",
    }
    option["xAxis"] = parts.names(names) | {"axisLabel": turned}
    shown = parts.small() | {"formatter": "{value}%"}
    percent = parts.values("", 0, 100) | {"splitLine": {"show": False}, "axisLabel": shown}
    # Both axes end with the whole, so that the line begins at the top of the first bar.
    option["yAxis"] = [parts.values(words.bars, 0, total) | {"minInterval": 1}, percent]
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
            "markLine": parts.mark_line(80, words.mark),
        },
    ]
    return option
