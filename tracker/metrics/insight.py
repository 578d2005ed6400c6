"""What a metric's series says beside its verdict: control limits, variation, windows, and what is about to drop.

All of it is for people to look at; no score depends on it. The rules are functions of the scoring package.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from scoring import ahead, control, outlook, variation
from scoring import series as calendar
from scoring.ahead import Ahead, Prospect
from scoring.catalogue import Standard
from scoring.facts import CopcSheet, ItemFacts, Range
from scoring.facts import Metric as ScoredMetric
from scoring.metrics import IMPROVEMENT_PERIODS
from scoring.numbers import show
from scoring.outlook import Edge
from scoring.policy import Policy
from scoring.variation import Variation
from tracker import charts
from tracker.i18n import gettext as _
from tracker.i18n import language, points
from tracker.metrics import series
from tracker.metrics.viewmodels import ControlView, HintView, SignalView, VariationView, WindowView

# Fewer months than this and control limits would be drawn from noise (also "few data" of the variation rules).
FEWEST_CHARTED = 6
# A year: what is long past says nothing of how a process varies now.
MONTHS_VARIED = 12
PLACES = 2


# ---------------------------------------------------------------- about to drop


@dataclass(frozen=True)
class Known:
    """A metric as the rules read it with what pins it, and what is measured beside the series."""

    item: str
    scored: ScoredMetric
    measure: str
    pinned: frozenset[str] = frozenset()
    left_out: Mapping[str, tuple[str, ...]] | None = None

    @property
    def effective(self) -> ScoredMetric:
        """The metric with what open non-conformities hold at "not met"."""
        held = self.scored
        if "cui" in self.pinned:
            held = replace(held, integrity=False, cui_released=False)
        if "meets" in self.pinned:
            held = replace(held, meets_target=False)
        return replace(held, improving=False) if "improves" in self.pinned else held


def edges_of(
    known: Iterable[Known], policy: Policy, tier: str, day: date, standard: Standard
) -> dict[str, tuple[Edge, ...]]:
    """Item → where one more metric failing would drop its level or trend, asked of the scorer itself."""
    metrics: dict[str, list[ScoredMetric]] = {}
    for each in known:
        metrics.setdefault(each.item, []).append(each.effective)
    items = {
        item: ItemFacts(item, metrics=tuple(found))
        for item, found in metrics.items()
        if standard.has_item(item)
    }
    sheet = CopcSheet(standard.id, day, tier=tier, policy=policy, items=items, read_with=standard)
    found: dict[str, list[Edge]] = {}
    for edge in outlook.edges(sheet):
        found.setdefault(edge.item, []).append(edge)
    return {item: tuple(edges) for item, edges in found.items()}


def hints_of(
    known: Known, edges: Sequence[Edge], policy: Policy, day: date, standard: Standard
) -> tuple[HintView, ...]:
    """What to look at, the gravest first."""
    return (
        *_dropping(known, edges, policy, standard),
        *_untrusted(known, policy),
        *_silent(known, policy, day),
    )


def _dropping(known: Known, edges: Sequence[Edge], policy: Policy, standard: Standard) -> Iterator[HintView]:
    held = known.effective
    looked = ahead.look(held, policy) if held.required else None
    if looked is None:
        return
    for kind, prospect in (("meets", looked.meets), ("improves", looked.improves)):
        if prospect is None or prospect.holds is True:
            continue
        edge = next((edge for edge in edges if edge.kind == kind and held.id in edge.facts), None)
        if edge is None and kind == "improves":
            continue  # an improvement that ends takes no band along: not worth a warning
        condition = _condition(known, kind, prospect, looked)
        text = condition if edge is None else f"{condition} {_fall(edge, standard)}"
        if edge is None or prospect.as_last:
            yield HintView("edge", "attention", _("on the edge"), text, looked.month)
        else:
            yield HintView("drop", "danger", _("about to drop"), text, looked.month)


def _condition(known: Known, kind: str, prospect: Prospect, looked: Ahead) -> str:
    month = looked.month
    if kind == "meets":
        if prospect.holds is False:
            return _("Whatever %(month)s brings, the metric then no longer meets target.", month=month)
        return _(
            "Unless %(month)s meets the target (%(target)s), the metric no longer meets target.",
            month=month,
            target=_target(looked, known.measure),
        )
    if prospect.holds is False:
        return _("Whatever %(month)s brings, the metric then no longer counts as improving.", month=month)
    if known.scored.better == "range":
        return _(
            "Unless %(month)s lies nearer to the range, the metric no longer counts as improving.",
            month=month,
        )
    return _(
        "Unless %(month)s is better than %(bound)s, the metric no longer counts as improving.",
        month=month,
        bound=series.with_measure(shown(prospect.bound or Fraction(0)), known.measure),
    )


def _target(looked: Ahead, measure: str) -> str:
    if isinstance(looked.target, Range):
        ends = f"{series.write(looked.target.low)} – {series.write(looked.target.high)}"
        return series.with_measure(ends, measure)
    return series.with_measure(series.write(looked.target), measure)


def _fall(edge: Edge, standard: Standard) -> str:
    """Which band would fall, and what that costs in points of the item."""
    item = standard.item(edge.item)
    names = {"level": _("level"), "trend": _("trend"), "approach": _("approach")}
    own = [drop for drop in edge.drops if drop.item == edge.item]
    full = item.points.get("standard") or item.points["gold"]
    lost = sum((Fraction(drop.now - drop.then, 100) / 3 * full for drop in own), Fraction(0))
    falls = "; ".join(
        _(
            "%(dimension)s from %(now)s%% to %(then)s%%",
            dimension=names.get(drop.dimension, drop.dimension),
            now=drop.now,
            then=drop.then,
        )
        for drop in own
    )
    return _(
        "Item %(item)s would fall: %(falls)s, %(points)s points.",
        item=edge.item,
        falls=falls,
        points=points(lost),
    )


def _untrusted(known: Known, policy: Policy) -> Iterator[HintView]:
    failing = series.facts_of(known.effective, policy).failing
    if failing:
        letters = ", ".join(failing)
        yield HintView(
            "cui",
            "danger",
            _("fails %(letters)s of CUI", letters=letters),
            _(
                "The data fail %(letters)s of CUI: the metric counts neither as meeting target nor as improving.",
                letters=letters,
            ),
        )


def _silent(known: Known, policy: Policy, day: date) -> Iterator[HintView]:
    month = f"{day.year:04d}-{day.month:02d}"
    found = calendar.standing(known.scored, month, policy)
    last = calendar.month_name(calendar.month_number(month) - 1)
    if found.silent and last not in (known.left_out or {}):
        yield HintView(
            "stale",
            "attention",
            _("no value for %(month)s", month=last),
            _("No value for %(count)s whole months: the window still reads the old ones.", count=found.silent)
            if found.silent > 1
            else _("No value for %(month)s yet: the window still reads the months before.", month=last),
            last,
        )
    for gap, codes in sorted((known.left_out or {}).items())[-1:]:
        if codes:
            yield HintView(
                "gap",
                "attention",
                _("programmes missing"),
                _("%(month)s has no value: %(programmes)s missing.", month=gap, programmes=", ".join(codes)),
                gap,
            )


# ---------------------------------------------------------------- windows


def windows_of(metric: ScoredMetric, policy: Policy, day: date) -> tuple[WindowView, ...]:
    """Level and trend, each with the months it reads."""
    found = calendar.standing(metric, f"{day.year:04d}-{day.month:02d}", policy)
    facts = series.facts_of(metric, policy)
    if metric.meets_target is not None:
        level = _("as stated by the assessor")
    elif not facts.periods:
        level = _("no months yet")
    else:
        share = policy.meet_share
        needed = -(-share.numerator * facts.periods // share.denominator)
        level = _(
            "%(met)s of %(periods)s months met the target, %(needed)s are needed",
            met=facts.periods_met,
            periods=facts.periods,
            needed=needed,
        )
    if metric.improving is not None:
        trend = _("as stated by the assessor")
    elif not found.can_improve:
        trend = _("needs %(count)s months", count=IMPROVEMENT_PERIODS)
    elif facts.improving:
        trend = _("each of the last three months beats the mean of the three before")
    else:
        trend = _("not each of the last three months beats the mean of the three before")
    return (
        _window(_("Level"), facts.meets, found.meeting, level),
        _window(_("Trend"), facts.improving, found.improving, trend),
    )


def _window(name: str, holds: bool, found: calendar.Window, words: str) -> WindowView:
    months = f"{found.months[0]} – {found.months[-1]}" if found.months else "–"
    return WindowView(name, holds, months, words, ", ".join(found.missing))


# ---------------------------------------------------------------- variation


def variation_of(
    values: Sequence[Fraction],
    counts: Sequence[tuple[Fraction, Fraction]],
    better: str | None,
    policy: Policy,
) -> tuple[VariationView, ...]:
    """The three rules of item 2.2 over the last year, each with its own result."""
    latest = values[-MONTHS_VARIED:]
    shift = Fraction(policy.sigma_shift)
    sigma, why = _sigma(counts[-MONTHS_VARIED:], better, shift)
    return (
        _ruled(
            _("Bond coefficient"),
            _("range ÷ mean"),
            variation.bond_coefficient(latest),
            "> 0.70",
            _why_not(latest),
        ),
        _ruled(
            _("Spread against a sixth of the mean"),
            _("standard deviation ÷ (mean ÷ 6)"),
            variation.spread_ratio(latest, policy.sd_kind),
            "> 1.0",
            _why_not(latest),
        ),
        _ruled(
            _("Process sigma"),
            _("from defects ÷ opportunities, shift %(shift)s", shift=policy.sigma_shift),
            sigma,
            "< 2.5",
            why,
        ),
    )


def flagged(found: Iterable[VariationView]) -> bool:
    """Whether any rule fires."""
    return any(each.tone == "danger" for each in found)


def _why_not(values: Sequence[Fraction]) -> str:
    if len(values) < 2:
        return _("Not computable: fewer than two months.")
    return _("Not computable: the mean is not above 0.")


def _sigma(
    counts: Sequence[tuple[Fraction, Fraction]], better: str | None, shift: Fraction
) -> tuple[Variation | None, str]:
    if not counts:
        return None, _(
            "Not computable: it needs counts (numerator and denominator) in place of bare percentages."
        )
    good = sum((top for top, _bottom in counts), Fraction(0))
    all_of = sum((bottom for _top, bottom in counts), Fraction(0))
    defects = good if better == "lower" else all_of - good
    if (
        better not in ("higher", "lower")
        or defects.denominator != 1
        or all_of.denominator != 1
        or defects < 0
    ):
        return None, _("Not computable: the counts are not of defects among opportunities.")
    found = variation.process_sigma(int(defects), int(all_of), shift)
    return found, _("Not computable: no opportunity, or none or all of them defective.")


def _ruled(name: str, formula: str, found: Variation | None, line: str, why: str) -> VariationView:
    if found is None:
        return VariationView(name, formula, "–", why, "muted")
    words = (
        _("too much variation (%(line)s)", line=line)
        if found.flagged
        else _("not too much (too much is %(line)s)", line=line)
    )
    note = _("few data") if found.few_data else ""
    return VariationView(name, formula, found.shown, words, "danger" if found.flagged else "success", note)


# ---------------------------------------------------------------- the control chart


def control_of(
    name: str,
    measure: str,
    months: Sequence[str],
    values: Mapping[str, Fraction],
    provisional: Iterable[str] = (),
) -> ControlView:
    """The chart of individuals and moving ranges over the months that are there."""
    taken = [(month, values[month]) for month in months if month in values]
    if len(taken) < FEWEST_CHARTED:
        return ControlView(
            why=_(
                "Too few months for control limits: %(count)s are there, %(needed)s are needed.",
                count=len(taken),
                needed=FEWEST_CHARTED,
            )
        )
    numbers = [value for _month, value in taken]
    lines = control.limits(numbers)
    if lines is None:
        return ControlView()
    fired = _fired(taken, control.signals(numbers, lines))
    ranges = control.moving_ranges(numbers)
    moving = dict(zip((month for month, _value in taken[1:]), ranges, strict=True))
    title = f"{name} ({measure})" if measure else name
    return ControlView(
        note=_control_note(lines.values, months, values),
        individuals=charts.control_chart(
            _readings(months, values, measure),
            title,
            _levels(lines, measure),
            _numbered(fired, 0),
            _("No value"),
        ),
        ranges=charts.control_chart(
            _readings(months, moving, measure),
            _("Moving range"),
            (
                charts.Line(lines.mean_range, _("mean %(value)s", value=shown(lines.mean_range))),
                charts.Line(
                    lines.upper_range, _("upper limit %(value)s", value=shown(lines.upper_range)), limit=True
                ),
            ),
            _numbered(fired, 1),
            _("No value"),
        ),
        facts=_control_facts(lines, measure),
        signals=tuple(
            SignalView(number, month, (*words[0], *words[1]))
            for number, (month, words) in enumerate(fired.items(), start=1)
        ),
        rows=tuple(
            (
                month,
                series.with_measure(shown(values[month]), measure) if month in values else "–",
                shown(moving[month]) if month in moving else "–",
            )
            for month in months
        ),
    )


_Words = tuple[list[str], list[str]]


def _fired(taken: Sequence[tuple[str, Fraction]], signals: Iterable[control.Signal]) -> dict[str, _Words]:
    """Month → the rules that fire on its value, and on its range, in words."""
    found: dict[str, _Words] = {}
    for signal in signals:
        words = found.setdefault(taken[signal.place][0], ([], []))
        side = (
            ""
            if signal.rule == "range_beyond_limit"
            else _(" (high)")
            if signal.side == "high"
            else _(" (low)")
        )
        words[signal.rule == "range_beyond_limit"].append(signal.label.of(language()) + side)
    return found


def _numbered(fired: Mapping[str, _Words], which: int) -> dict[str, tuple[int, str]]:
    """Month → the number under which its signals are listed, and their words, of one of the two charts."""
    return {
        month: (number, "; ".join(words[which]))
        for number, (month, words) in enumerate(fired.items(), start=1)
        if words[which]
    }


def _readings(months: Sequence[str], values: Mapping[str, Fraction], measure: str) -> list[charts.Reading]:
    return [
        charts.Reading(
            month,
            values.get(month),
            None,
            series.with_measure(shown(values[month]), measure) if month in values else "",
        )
        for month in months
    ]


def _levels(lines: control.Limits, measure: str) -> tuple[charts.Line, ...]:
    return (
        charts.Line(lines.mean, _("mean %(value)s", value=shown(lines.mean))),
        charts.Line(lines.upper, _("upper limit %(value)s", value=shown(lines.upper)), limit=True),
        charts.Line(lines.lower, _("lower limit %(value)s", value=shown(lines.lower)), limit=True),
    )


def _control_facts(lines: control.Limits, measure: str) -> tuple[tuple[str, str], ...]:
    def said(value: Fraction) -> str:
        return series.with_measure(shown(value), measure)

    return (
        (_("Mean"), said(lines.mean)),
        (_("Limits"), f"{said(lines.lower)} – {said(lines.upper)}"),
        (_("Mean moving range"), shown(lines.mean_range)),
        (_("Upper limit of the range"), shown(lines.upper_range)),
    )


def _control_note(count: int, months: Sequence[str], values: Mapping[str, Fraction]) -> str:
    notes = []
    if count < control.FEW_VALUES:
        notes.append(
            _(
                "Provisional limits: %(count)s months, a year gives %(full)s.",
                count=count,
                full=control.FEW_VALUES,
            )
        )
    first = next((place for place, month in enumerate(months) if month in values), 0)
    holes = [month for month in months[first:-1] if month not in values]
    if holes:
        notes.append(_("Months without a value are stepped over: %(months)s.", months=", ".join(holes)))
    return " ".join(notes)


def shown(value: Fraction) -> str:
    """A number for reading: as it was typed where it is short, else rounded."""
    text = series.write(value)
    return text if "/" not in text and len(text.partition(".")[2]) <= PLACES else show(value, PLACES)
