"""The facts of one item or criterion as rows: what the score read, beside what people wrote about it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from scoring import metrics
from scoring.numbers import show
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import ACHIEVING_RESULTS, CopcSheet, Metric, Range, Release, SeeSheet, Sheet, Target
from scoring.text import Text
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.scores.itemviews import HeldBy, LineRow, MarkRow, MetricRow, Month, UnitRow


@dataclass(frozen=True)
class Written:
    """What people recorded of a fact."""

    value: str = ""
    note: str = ""
    evidence: str = ""
    sampled: bool = False


@dataclass(frozen=True)
class Known:
    """What the rows of the database add to a sheet: names, numbers of metrics, notes."""

    units: Mapping[str, Text] = field(default_factory=dict)
    metrics: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    written: Mapping[tuple[str, str, str], Written] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, Text]:
        """Names by the codes that a sheet uses."""
        of_metrics = {
            code: Text(zh=row.name_zh, en=row.name_en) for (_item, code), row in self.metrics.items()
        }
        return {**of_metrics, **self.units}

    def note(self, kind: str, subject: str, aspect: str = "") -> Written:
        return self.written.get((kind, subject, aspect), Written())


Pinned = Mapping[tuple[str, str, str], tuple[HeldBy, ...]]


def pins_of(sheet: Sheet) -> Pinned:
    """(item, kind, name) → the open non-conformities that hold the fact."""
    found: dict[tuple[str, str, str], list[HeldBy]] = defaultdict(list)
    for gap in sheet.gaps:
        number = int(gap.id.rpartition("-")[2])
        for release in gap.releases:
            found[release.item, release.kind, release.name].append(HeldBy(number, gap.id, release.fact))
    return {key: tuple(held) for key, held in found.items()}


def lines_of(sheet: CopcSheet, result: CopcResult, element: str, known: Known) -> Iterator[LineRow]:
    """The requirement lines of an item in the order of the sheet."""
    facts = sheet.items.get(element)
    if facts is None:
        return
    texts = {line.id: line for line in result.catalogue.item(element).lines}
    tally = result.judgements[element].tallies.get("approach")
    waived = () if tally is None else tally.waived
    pinned = pins_of(sheet)
    for name, fact in facts.lines.items():
        line, written = texts.get(name), known.note("line", name)
        yield LineRow(
            id=name,
            text="" if line is None else line.text.of(language()),
            status=fact.status,
            improvement=fact.improvement_approach,
            waived=name in waived,
            outline=line is not None and line.outline,
            note=written.note,
            evidence=written.evidence,
            held_by=pinned.get((element, "line", name), ()),
        )


def units_of(sheet: CopcSheet, result: CopcResult, element: str, known: Known) -> Iterator[UnitRow]:
    """The programmes or key positions over which the deployment of an item is counted."""
    facts, item = sheet.items.get(element), result.catalogue.item(element)
    if facts is None or item.unit_kind is None:
        return
    everywhere = sheet.units_of(item)
    scope = everywhere if facts.in_scope is None else facts.in_scope
    pinned = pins_of(sheet)
    for code in dict.fromkeys((*everywhere, *scope)):
        written, name = known.note("unit", code), known.units.get(code)
        yield UnitRow(
            code=code,
            name=code if name is None else name.of(language()),
            in_scope=code in scope,
            deployed=code in (facts.deployed or ()),
            judged=written.value,
            sampled=written.sampled,
            note=written.note,
            evidence=written.evidence,
            held_by=pinned.get((element, "unit", code), ()),
        )


def metrics_of(sheet: CopcSheet, result: CopcResult, element: str, known: Known) -> Iterator[MetricRow]:
    """The metrics that an item reads: its own, or for item 4.7 the required ones of all others."""
    pooled = reads_all(result, element)
    places = [name for name in sheet.items if name in result.items] if pooled else [element]
    pinned = pins_of(sheet)
    for place in places:
        facts = sheet.items.get(place)
        for metric in (facts.metrics if facts else None) or ():
            if metric.required or not pooled:
                held = pinned.get((place, "metric", metric.id), ())
                yield _metric(sheet, place, metric, known, held)


def reads_all(result: CopcResult, element: str) -> bool:
    """Whether an item reads the metrics of every other one (4.7)."""
    return element == ACHIEVING_RESULTS and result.catalogue.copc


def _metric(sheet: CopcSheet, item: str, metric: Metric, known: Known, held: tuple[HeldBy, ...]) -> MetricRow:
    shown, row = metrics.facts(metric, sheet.policy), known.metrics.get((item, metric.id))
    window = (metric.values or ())[-max(sheet.policy.window, metrics.IMPROVEMENT_PERIODS) :]
    last = window[-1][0] if window else "9999-99"
    target = metrics.target_in(metric.target or (), last)
    notes = dict.fromkeys(
        known.note("metric", metric.id, aspect).note
        for aspect in ("collected", "usable", "integrity", "meets_target", "improving")
    )
    return MetricRow(
        code=metric.id,
        name=metric.id if row is None else (row.name_zh if language() == "zh" else row.name_en),
        number=None if row is None else row.number,
        item=item,
        required=metric.required,
        letters=tuple((letter, letter not in shown.failing) for letter in "CUI"),
        meets=shown.meets,
        improving=shown.improving,
        stated=metric.meets_target is not None,
        periods_met=shown.periods_met,
        periods=shown.periods,
        provisional=shown.provisional,
        better={
            "higher": _("higher is better"),
            "lower": _("lower is better"),
            "range": _("within a range"),
        }.get(metric.better or "", ""),
        measure="" if row is None else row.measure,
        target="" if target is None else _target(target),
        window=tuple(_months(metric, window)),
        notes=tuple(note for note in notes if note),
        held_by=held,
    )


def number(value: Fraction) -> str:
    """A value of a series or a target: whole where it is, else with a decimal."""
    return show(value, 0 if value.denominator == 1 else 1)


def _target(target: Target) -> str:
    return f"{number(target.low)}–{number(target.high)}" if isinstance(target, Range) else number(target)


def _months(metric: Metric, window: Iterable[tuple[str, Fraction]]) -> Iterator[Month]:
    for month, value in window:
        target = metrics.target_in(metric.target or (), month)
        met = None if target is None else metrics.value_meets(value, target, metric.better)
        yield Month(month, value, met)


def marks_of(sheet: SeeSheet, result: SeeResult, element: str, known: Known) -> Iterator[MarkRow]:
    """The rows of a criterion with what their levels say."""
    lang, pinned = language(), pins_of(sheet)
    given = result.criteria[element].rows
    for row in result.catalogue.criterion(element).rows:
        level, written = given.get(row.id), known.note("row", row.id)
        yield MarkRow(
            id=row.id,
            name=row.name.of(lang),
            question=row.question.of(lang),
            level=level,
            says=row.rubric[level - 1].of(lang) if level else "",
            next_step=row.rubric[level or 0].of(lang) if (level or 0) < len(row.rubric) else "",
            note=written.note,
            evidence=written.evidence,
            held_by=pinned.get((element, "row", row.id), ()),
        )


def fact_words(release: Release, known: Known, result: CopcResult | SeeResult) -> str:
    """What a non-conformity holds, in words."""
    if release.kind == "line":
        return _("Line %(line)s", line=release.name)
    if release.kind == "unit":
        name = known.units.get(release.name)
        return release.name if name is None else name.of(language())
    if release.kind == "metric":
        name = known.names.get(release.name)
        aspect = {
            "cui": _("collected, usable, with integrity"),
            "meets": _("meets its target"),
            "improves": _("sustained improvement"),
        }[release.fact]
        return f"{release.name if name is None else name.of(language())}: {aspect}"
    if release.kind == "row" and isinstance(result, SeeResult):
        rows = {row.id: row.name.of(language()) for row in result.catalogue.criterion(release.item).rows}
        return _("%(row)s, level %(level)s", row=rows.get(release.name, release.name), level=release.level)
    return _("The assessor's word: compliant")
