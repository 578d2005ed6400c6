"""Between a result and its pictures: names, differences, and the options of the two charts."""

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scoring.catalogue import Standard
from scoring.certification import Verdict
from scoring.numbers import show
from scoring.see_cmm import SeeResult
from tracker.charts import Profile, WaterfallWords, radar, waterfall
from tracker.charts import Step as Bar
from tracker.i18n import gettext as _
from tracker.i18n import language

if TYPE_CHECKING:
    from tracker.scores.viewmodels import Step, Totals


def shown(value: Fraction, *lines: Fraction) -> str:
    """A number for display, never looking as if it had reached a line that it has not."""
    return show(value, 1, lines)


def signed(value: Fraction) -> str:
    """A change with its sign."""
    return f"−{show(-value, 1)}" if value < 0 else f"+{show(value, 1)}"


def level_name(standard: Standard, level: int, lang: str) -> str:
    """The name of a maturity level; level 0 is evidence not yet given."""
    if level == 0:
        return _("no evidence yet")
    return next(each.name.of(lang) for each in standard.levels if each.number == level)


def verdict_title(verdict: str) -> str:
    """A stored verdict in words; empty stays empty."""
    return Verdict(verdict).label.of(language()) if verdict else ""


def moved_between(before: str, after: str) -> tuple[tuple[str, Fraction], ...]:
    """Element → change of points between two stored results, for those that moved; blank counts as 0."""
    old, new = _points(before), _points(after)
    changes = {name: points - old.get(name, Fraction(0)) for name, points in new.items()}
    return tuple((name, change) for name, change in changes.items() if change)


def _points(result: str) -> dict[str, Fraction]:
    stored: dict[str, Any] = json.loads(result)
    elements = stored.get("items") or stored.get("criteria") or {}
    return {name: Fraction(entry["points"] or 0) for name, entry in elements.items()}


def waterfall_of(totals: "Totals", steps: "tuple[Step, ...]") -> dict[str, Any]:
    """From the baseline to the verified total, a bar for each run in between."""
    bars = [
        Bar(
            step.label,
            step.moved,
            f"{step.title or step.cause}: {signed(step.moved)} → {shown(step.total, totals.mark)}",
        )
        for step in steps
        if step.moved
    ]
    words = WaterfallWords(
        baseline=_("Baseline"),
        verified=_("Verified"),
        mark=_("Pass mark %(mark)s", mark=shown(totals.mark)),
        axis=_("Points, from {start}"),
    )
    first = steps[0].total - steps[0].moved
    return waterfall(first, bars, words, mark=totals.mark, maximum=totals.maximum)


def radar_of(result: SeeResult, target: int) -> dict[str, Any]:
    """The level of each criterion against the target level."""
    standard, lang = result.catalogue, language()
    names = [f"{each.id} {standard.criterion(each.id).name.of(lang)}" for each in result.criteria.values()]
    levels = [each.level for each in result.criteria.values()]
    return radar(
        names,
        [
            Profile(_("Verified"), levels),
            Profile(_("Target level"), [target] * len(levels), "success-mark", dashed=True),
        ],
    )
