"""The other half of a release: while a gap is open, the facts that it pins count as not met (N-SCORE-1)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from scoring import metrics
from scoring.policy import Policy
from scoring.sheet import CopcSheet, Gap, ItemFacts, LineFact, Metric, Release, SeeSheet, Sheet


def hold(sheet: Sheet) -> Sheet:
    """The sheet with every fact that its gaps name held at "not met", whatever the records or the data say.

    A fact that is unmet anyway stays as it is written, so that a series keeps speaking for itself. A line that is
    not applicable and a blank row stay too. Closing all gaps of the answer gives the score of the facts alone.
    """
    releases = [release for gap in sheet.gaps for release in gap.releases]
    if isinstance(sheet, SeeSheet):
        return replace(sheet, rows=_hold_rows(sheet.rows, sheet.gaps))
    return _hold_items(sheet, releases)


def _hold_items(sheet: CopcSheet, releases: Iterable[Release]) -> CopcSheet:
    items = dict(sheet.items)
    for release in dict.fromkeys(releases):
        if release.item in items:
            items[release.item] = _hold_fact(items[release.item], release, sheet.policy)
    return replace(sheet, items=items)


def _hold_fact(facts: ItemFacts, release: Release, policy: Policy) -> ItemFacts:
    if release.kind == "line":
        return _hold_line(facts, release.name)
    if release.kind == "unit":
        left = (
            None if facts.deployed is None else tuple(unit for unit in facts.deployed if unit != release.name)
        )
        return replace(facts, deployed=left)
    if release.kind == "metric" and facts.metrics is not None:
        held = tuple(_hold_metric(each, release, policy) for each in facts.metrics)
        return replace(facts, metrics=held)
    return replace(facts, compliant=False) if release.kind == "compliant" else facts


def _hold_line(facts: ItemFacts, name: str) -> ItemFacts:
    line = facts.lines.get(name)
    if line is None or line.status != "met":
        return facts
    return replace(facts, lines={**facts.lines, name: LineFact("not_met", line.improvement_approach)})


def _hold_metric(metric: Metric, release: Release, policy: Policy) -> Metric:
    if metric.id != release.name:
        return metric
    if release.fact == "cui":
        return metric if metrics.facts(metric, policy).failing else replace(metric, integrity=False)
    # What the data would say once C, U and I hold: a pin on them may be released before this one.
    shown = metrics.facts(replace(metric, cui_released=True), policy)
    if release.fact == "meets":
        return replace(metric, meets_target=False) if shown.meets else metric
    return replace(metric, improving=False) if shown.improving else metric


def _hold_rows(
    rows: Mapping[str, Mapping[str, int | None]], gaps: Iterable[Gap]
) -> dict[str, dict[str, int | None]]:
    held = {criterion: dict(marks) for criterion, marks in rows.items()}
    for gap in gaps:
        for release in gap.releases:
            mark = held.get(release.item, {}).get(release.name)
            if mark is not None and mark >= release.level:
                held[release.item][release.name] = release.level - 1
    return held
