"""Closing gaps: which facts a closure releases, what the score is before and after, and what moved.

A released fact gives a new sheet; the old one stays as it was, so both results can stand side by side.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from scoring import copc, numbers, see_cmm
from scoring.faults import Fault, SheetFaults
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import CopcSheet, Gap, ItemFacts, LineFact, Metric, Release, SeeSheet, Sheet
from scoring.standard import Standard

Result = CopcResult | SeeResult


@dataclass(frozen=True, slots=True)
class Simulation:
    """Two results and, item by item (or criterion by criterion), the change of points between them."""

    closed: tuple[str, ...]
    before: Result
    after: Result
    moved: Mapping[str, Fraction]

    def to_json(self) -> dict[str, Any]:
        """The public answer of a simulation."""
        return {
            "closed": list(self.closed),
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "moved": {name: numbers.exact(change) for name, change in self.moved.items()},
        }


def score(sheet: Sheet, since: Result | None = None) -> Result:
    """Score a sheet as its facts are written.

    `since` may be an earlier result of the same site: items whose facts are unchanged (the same objects) are not
    judged again. The answer is the same with and without it.
    """
    if isinstance(sheet, CopcSheet):
        return copc.score(sheet, since if isinstance(since, CopcResult) else None)
    return see_cmm.score(sheet)


def released(gaps: Sequence[Gap], closed: Collection[str]) -> list[Release]:
    """The facts that are released once every gap that names them is closed; each once."""
    freed: dict[Release, None] = {}
    for gap in gaps:
        if gap.id in closed:
            freed.update(dict.fromkeys(gap.releases))
    touched = {release.item for release in freed}
    for gap in gaps:
        if gap.id not in closed:
            for release in gap.releases:
                if release.item in touched:
                    freed.pop(release, None)
    return list(freed)


def close(sheet: Sheet, closed: Collection[str]) -> Sheet:
    """The sheet with the facts released that these closures free; untouched items stay the same objects."""
    if isinstance(sheet, CopcSheet):
        return _close_items(sheet, released(sheet.gaps, closed))
    return _close_rows(sheet, closed)


def alone(sheet: CopcSheet, before: CopcResult, wanted: Collection[str]) -> dict[str, Fraction]:
    """What the total gains when each of these gaps is closed by itself; `before` is the sheet's own result.

    A fact that a second gap pins as well is released by neither alone.
    """
    holders = Counter(release for gap in sheet.gaps for release in dict.fromkeys(gap.releases))
    found = {}
    for gap in sheet.gaps:
        if gap.id in wanted:
            freed = [release for release in dict.fromkeys(gap.releases) if holders[release] == 1]
            found[gap.id] = copc.gain(_close_items(sheet, freed), before) if freed else Fraction(0)
    return found


def stirred(before: Mapping[str, Any], after: Mapping[str, Any], standard: Standard) -> frozenset[str]:
    """The gaps of a plain sheet of items that may be worth something else alone than in an earlier plain sheet.

    What a gap alone is worth follows from the facts of the items that it touches and from who else pins them; the
    items of results count as one, because the word on 4.7 reads the metrics of all and lifts the trends of all. All
    gaps are stirred where anything but facts, gaps and the day differs, and those of results by another day.
    """
    frame = ("format", "standard", "policy", "tier", "programmes", "key_positions")
    if any(before.get(key) != after.get(key) for key in frame):
        return frozenset(gap["id"] for gap in after.get("gaps", ()))
    old, new = before["items"], after["items"]
    held, holds = _pinned(before), _pinned(after)
    moved = {
        item
        for item in (*old, *new, *held, *holds)
        if old.get(item) != new.get(item) or held.get(item) != holds.get(item)
    }
    results = {item.id for item in standard.items if item.unit_kind is None}
    if before["as_of"] != after["as_of"] or moved & results:
        moved |= results
    return frozenset(
        gap["id"]
        for gap in after.get("gaps", ())
        if any(release.get("item") in moved for release in gap["releases"])
    )


def _pinned(sheet: Mapping[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    """Item → who pins what of it."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for gap in sheet.get("gaps", ()):
        for release in gap["releases"]:
            found.setdefault(release["item"], []).append((gap["id"], release))
    return found


def _close_items(sheet: CopcSheet, freed: Sequence[Release]) -> CopcSheet:
    by_item: dict[str, list[Release]] = {}
    for release in freed:
        by_item.setdefault(release.item, []).append(release)
    items = dict(sheet.items)
    for item_id, releases in by_item.items():
        if item_id in items:
            items[item_id] = release_facts(items[item_id], releases)
    return replace(sheet, items=items)


def release_facts(facts: ItemFacts, releases: Iterable[Release]) -> ItemFacts:
    """An item's facts with some of them turned to met; the same object when nothing changes."""
    lines = dict(facts.lines)
    deployed = facts.deployed
    changed = {metric.id: metric for metric in facts.metrics or ()}
    compliant = facts.compliant
    for release in releases:
        if release.kind == "line" and lines[release.name].status == "not_met":
            lines[release.name] = LineFact("met", lines[release.name].improvement_approach)
        elif release.kind == "unit" and deployed is not None and release.name not in deployed:
            deployed = (*deployed, release.name)
        elif release.kind == "metric":
            changed[release.name] = _release_metric(changed[release.name], release.fact)
        elif release.kind == "compliant":
            compliant = True
    new_metrics = None if facts.metrics is None else tuple(changed.values())
    after = replace(facts, lines=lines, deployed=deployed, metrics=new_metrics, compliant=compliant)
    return facts if after == facts else after


def _release_metric(metric: Metric, fact: str) -> Metric:
    if fact == "cui":
        return replace(metric, cui_released=True)
    return replace(metric, meets_target=True) if fact == "meets" else replace(metric, improving=True)


def _close_rows(sheet: SeeSheet, closed: Collection[str]) -> SeeSheet:
    rows = {criterion: dict(marks) for criterion, marks in sheet.rows.items()}
    for (criterion, row), level in raised_rows(sheet.gaps, closed).items():
        marks = rows.setdefault(criterion, {})
        marks[row] = max(marks.get(row) or 0, level)
    return replace(sheet, rows=rows)


def raised_rows(gaps: Iterable[Gap], closed: Collection[str]) -> dict[tuple[str, str], int]:
    """(criterion, row) → the highest level whose gaps, and those of all lower levels on the row, are closed."""
    named: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for gap in gaps:
        for release in gap.releases:
            named.setdefault((release.item, release.name), []).append((release.level, gap.id in closed))
    raised = {}
    for row, levels in named.items():
        blocked = min((level for level, done in levels if not done), default=5)
        reached = [level for level, done in levels if done and level < blocked]
        if reached:
            raised[row] = max(reached)
    return raised


def simulate(sheet: Sheet, close_gaps: Iterable[str] | None = None) -> Simulation:
    """Close some gaps (all of them for `None`) and compare.

    Raises `SheetFaults` for a gap that the sheet does not have and for one whose needs stay open.
    """
    known = {gap.id: gap for gap in sheet.gaps}
    wanted = list(known) if close_gaps is None else list(dict.fromkeys(close_gaps))
    faults = list(_closing_faults(known, wanted))
    if faults:
        raise SheetFaults(faults)
    before = score(sheet)
    after = score(close(sheet, frozenset(wanted)), since=before)
    return Simulation(tuple(sorted(wanted)), before, after, moved(before, after))


def _closing_faults(known: Mapping[str, Gap], wanted: Sequence[str]) -> Iterable[Fault]:
    for name in wanted:
        if name not in known:
            yield Fault("close", f"unknown gap: {numbers.describe(name)}")
            continue
        missing = [need for need in known[name].needs if need not in wanted]
        if missing:
            yield Fault("close", f"{name} needs {', '.join(missing)}, which stays open")


def moved(before: Result, after: Result) -> dict[str, Fraction]:
    """Item or criterion → change of points, for those that moved; blank counts as 0."""
    old, new = before.points_of(), after.points_of()
    return {name: new[name] - old[name] for name in new if new[name] != old[name]}


def content_hash(value: Mapping[str, Any]) -> str:
    """The SHA-256 of a sheet's or result's plain JSON in canonical form: sorted keys, no spaces, UTF-8.

    >>> content_hash({"b": 1, "a": "x"}) == content_hash({"a": "x", "b": 1})
    True
    """
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
