"""Chart options as plain data: pure functions from exact numbers to what ECharts draws.

Values stay exact until here. A position on an axis is a float made for the drawing alone; every number that
is read as text is rounded for display by `scoring.numbers.show`, and never looks as if it had reached a line
that it has not. Colours are names of design tokens ("@success-mark"): the browser, or whoever draws the
option for paper, puts in those of its theme. Words come as arguments, in the language of the page.

The options hold no functions and no HTML: they pass as JSON, and tooltips are drawn as text.
"""

from tracker.charts.maturity import Profile, radar
from tracker.charts.pareto import ParetoWords, pareto_chart
from tracker.charts.parts import Option
from tracker.charts.runs import Line, Reading, RunWords, control_chart, run_chart
from tracker.charts.totals import Step, Total, TrajectoryWords, WaterfallWords, trajectory, waterfall

__all__ = [
    "Line",
    "Option",
    "ParetoWords",
    "Profile",
    "Reading",
    "RunWords",
    "Step",
    "Total",
    "TrajectoryWords",
    "WaterfallWords",
    "control_chart",
    "pareto_chart",
    "radar",
    "run_chart",
    "trajectory",
    "waterfall",
]
