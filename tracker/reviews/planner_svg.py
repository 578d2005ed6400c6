"""The planner as a drawing: a line of time for each site, with what was held, what is due and what is planned.

Colours are presentation attributes that name the page's own variables, as in the drawings of the machines.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from xml.sax.saxutils import escape

from tracker.i18n import gettext as _
from tracker.i18n import language, show_date
from tracker.numbering import label
from tracker.reviews.cycle import SiteClock
from workflows.cycle import AROUND_EXTERNAL, CycleStatus, External, Held, Planned, months_after

BACK, AHEAD = 13, 15
"""Months that the line of time reaches back, and ahead."""
# The head and the rows are as high as those of the names beside the drawing (`.gantt-names`).
MONTH, LEFT, TOP, ROW = 34, 12, 40, 44
WIDTH = LEFT + MONTH * (BACK + AHEAD) + 12


@dataclass(frozen=True)
class Drawing:
    """The drawing, and where today stands in it: a narrow page begins there."""

    svg: str
    today_x: float


def timeline(clocks: Iterable[SiteClock], today: date) -> Drawing:
    """The drawing without the names of the sites; the same facts stand in the table below it."""
    rows = list(clocks)
    height = TOP + ROW * len(rows)
    scale = _Scale(today)
    title = escape(_("Reviews of every site on a line of time"))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-size="12" aria-label="{title}">'
    )
    parts = [opening, *scale.months(height)]
    for place, each in enumerate(rows):
        parts += _row(each, TOP + ROW * place, scale, today)
    x, now = scale.x(today), escape(_("today"))
    parts.append(
        f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height}" stroke="var(--accent)" stroke-width="1.5"/>'
        f'<text x="{x}" y="{TOP - 30}" text-anchor="middle" fill="var(--accent-ink)">{now}</text>'
    )
    return Drawing("".join([*parts, "</svg>"]), x)


class _Scale:
    """Days to places on the line."""

    def __init__(self, today: date) -> None:
        month = today.replace(day=1)
        self.first, self.last = months_after(month, -BACK), months_after(month, AHEAD)

    def x(self, day: date) -> float:
        """Where a day stands; what lies outside is put at the edge."""
        inside = min(max(day, self.first), self.last)
        share = (inside - self.first).days / (self.last - self.first).days
        return round(LEFT + share * MONTH * (BACK + AHEAD), 1)

    def holds(self, day: date) -> bool:
        """Whether a day is on the line at all."""
        return self.first <= day <= self.last

    def months(self, height: int) -> Iterator[str]:
        """The grid: a line for each month, the year where it begins."""
        for number in range(BACK + AHEAD + 1):
            day = months_after(self.first, number)
            x, strong = self.x(day), day.month == 1
            yield (
                f'<line x1="{x}" y1="{TOP - 4}" x2="{x}" y2="{height}" '
                f'stroke="var({"--line-strong" if strong else "--line"})"/>'
            )
            if number < BACK + AHEAD:
                yield (
                    f'<text x="{x + MONTH / 2}" y="{TOP - 10}" text-anchor="middle" fill="var(--ink-3)" '
                    f'font-size="11">{day.month}</text>'
                )
            if strong or number == 0:
                yield f'<text x="{x + 2}" y="{TOP - 26}" fill="var(--ink-2)" font-weight="600">{day.year}</text>'


def _row(each: SiteClock, top: int, scale: _Scale, today: date) -> Iterator[str]:
    middle = top + ROW / 2
    yield f'<line x1="0" y1="{top}" x2="{WIDTH}" y2="{top}" stroke="var(--line)"/>'
    for external in each.externals:
        yield from _external(external, top, scale)
    yield from _due(each, middle, scale, today)
    for held in each.held:
        if scale.holds(held.on):
            yield _held(held, middle, scale)
    for planned in each.planned:
        if scale.holds(planned.on):
            yield _planned(planned, middle, scale)


def _due(each: SiteClock, middle: float, scale: _Scale, today: date) -> Iterator[str]:
    clock = each.clock
    if clock.last is None or clock.must_by is None or clock.benchmark_by is None:
        return
    first, must = scale.x(clock.last.on), scale.x(clock.must_by)
    yield (
        f'<line x1="{first}" y1="{middle}" x2="{must}" y2="{middle}" stroke="var(--line-strong)" stroke-width="3"/>'
    )
    if clock.status is CycleStatus.OVERDUE:
        words = escape(CycleStatus.OVERDUE.of(language()))
        yield (
            f'<line x1="{must}" y1="{middle}" x2="{scale.x(today)}" y2="{middle}" '
            f'stroke="var(--danger-mark)" stroke-width="5"><title>{words}</title></line>'
        )
    if scale.holds(clock.benchmark_by):
        yield _tick(scale.x(clock.benchmark_by), middle, 6, "--ink-3", _("half a year"), clock.benchmark_by)
    if scale.holds(clock.must_by):
        late = clock.status in (CycleStatus.OVERDUE, CycleStatus.LATE_PLAN)
        colour = "--danger-mark" if late else "--attention-mark"
        yield _tick(must, middle, 12, colour, _("due: a year"), clock.must_by)


def _tick(x: float, middle: float, half: int, colour: str, words: str, day: date) -> str:
    return (
        f'<line x1="{x}" y1="{middle - half}" x2="{x}" y2="{middle + half}" stroke="var({colour})" '
        f'stroke-width="3"><title>{escape(words)} {escape(show_date(day))}</title></line>'
    )


def _held(held: Held, middle: float, scale: _Scale) -> str:
    fill = "var(--success-mark)" if held.whole else "var(--surface)"
    said = f"{label('review', held.number)} {show_date(held.on)}"
    return (
        f'<circle cx="{scale.x(held.on)}" cy="{middle}" r="7" fill="{fill}" stroke="var(--success-mark)" '
        f'stroke-width="2"><title>{escape(said)}</title></circle>'
    )


def _planned(planned: Planned, middle: float, scale: _Scale) -> str:
    x, said = scale.x(planned.on), f"{label('review', planned.number)} {show_date(planned.on)}"
    return (
        f'<path d="M{x} {middle - 9}L{x + 9} {middle}L{x} {middle + 9}L{x - 9} {middle}Z" fill="var(--surface)" '
        f'stroke="var(--accent)" stroke-width="2"><title>{escape(said)}</title></path>'
    )


def _external(external: External, top: int, scale: _Scale) -> Iterator[str]:
    if not scale.holds(external.on):
        return
    width = timedelta(days=AROUND_EXTERNAL)
    first, last, x = scale.x(external.on - width), scale.x(external.on + width), scale.x(external.on)
    said = f"{label('external_audit', external.number)} {show_date(external.on)}"
    yield (
        f'<rect x="{first}" y="{top + 8}" width="{round(last - first, 1)}" height="{ROW - 16}" rx="4" '
        f'fill="var(--review-bg)"/>'
    )
    yield (
        f'<rect x="{x - 6}" y="{top + ROW / 2 - 6}" width="12" height="12" '
        f'fill="var({"--review-mark" if external.held else "--surface"})" stroke="var(--review-mark)" '
        f'stroke-width="2"><title>{escape(said)}</title></rect>'
    )
