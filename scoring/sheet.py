"""The score sheet: plain JSON values to frozen facts and back.

`parse` reports all faults at once and never looks anything up outside the sheet but the items (or rows) of its
standard.
"""

from typing import Any

from scoring import numbers
from scoring.document import read
from scoring.facts import (
    ACHIEVING_RESULTS,
    DEFAULT_TARGET_LEVEL,
    DIMENSIONS,
    FORMAT,
    METRIC_FACTS,
    STATUSES,
    CopcSheet,
    Gap,
    ItemFacts,
    LineFact,
    Metric,
    Overrule,
    Range,
    Release,
    SeeSheet,
    Sheet,
    Target,
)
from scoring.faults import Fault, SheetFaults
from scoring.sheet_reader import SheetReader
from scoring.standard import Standard

__all__ = [
    "ACHIEVING_RESULTS",
    "DEFAULT_TARGET_LEVEL",
    "DIMENSIONS",
    "FORMAT",
    "METRIC_FACTS",
    "STATUSES",
    "CopcSheet",
    "Fault",
    "Gap",
    "ItemFacts",
    "LineFact",
    "Metric",
    "Overrule",
    "Range",
    "Release",
    "SeeSheet",
    "Sheet",
    "SheetFaults",
    "Target",
    "loads",
    "parse",
    "to_json",
]


def loads(data: bytes | str, known: Standard | None = None) -> Sheet:
    """Read a sheet from JSON text, as `parse` does; raises `SheetFaults`."""
    return parse(read(data), known)


def parse(value: object, known: Standard | None = None) -> Sheet:
    """Read a sheet from plain values (numbers as `int`, `Decimal` or text; a binary float is refused).

    With `known` the sheet is read with this content and must name it; nothing is looked up, so two holders of
    different content under one identifier never meet. Raises `SheetFaults` with every fault.

    >>> parse({"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", "rows": {}}).as_of
    datetime.date(2026, 6, 30)
    """
    reader = SheetReader(known)
    sheet = reader.sheet(value)
    if reader.faults or sheet is None:
        raise SheetFaults(reader.faults)
    return sheet


# Back to plain values


def to_json(sheet: Sheet) -> dict[str, Any]:
    """The sheet as plain JSON values; parsing them again gives an equal sheet. Exact numbers are strings.

    >>> plain = {"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", "rows": {}}
    >>> parse(to_json(parse(plain))) == parse(plain)
    True
    """
    common = {
        "format": FORMAT,
        "standard": sheet.standard,
        "site": sheet.site,
        "as_of": sheet.as_of.isoformat(),
        "policy": sheet.policy.to_json(),
    }
    own = _copc_json(sheet) if isinstance(sheet, CopcSheet) else _see_json(sheet)
    gaps = [_gap_json(gap) for gap in sheet.gaps]
    return _without_none({**common, **own, "gaps": gaps or None})


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _copc_json(sheet: CopcSheet) -> dict[str, Any]:
    return {
        "tier": sheet.tier,
        "programmes": None if sheet.programmes is None else list(sheet.programmes),
        "key_positions": None if sheet.key_positions is None else list(sheet.key_positions),
        "items": {item_id: _item_json(facts) for item_id, facts in sheet.items.items()},
    }


def _see_json(sheet: SeeSheet) -> dict[str, Any]:
    rows = {criterion: dict(marks) for criterion, marks in sheet.rows.items()}
    return {"part": sheet.part, "target_level": sheet.target_level, "rows": rows}


def _item_json(facts: ItemFacts) -> dict[str, Any]:
    overrule = facts.overrule
    return _without_none(
        {
            "lines": {line: _line_json(fact) for line, fact in facts.lines.items()} or None,
            "in_scope": None if facts.in_scope is None else list(facts.in_scope),
            "deployed": None if facts.deployed is None else list(facts.deployed),
            "metrics": None if facts.metrics is None else [_metric_json(metric) for metric in facts.metrics],
            "compliant": facts.compliant,
            "overrule": None if overrule is None else {**overrule.scores, "reason": overrule.reason},
        }
    )


def _line_json(fact: LineFact) -> object:
    return {"status": fact.status, "improvement_approach": True} if fact.improvement_approach else fact.status


def _target_json(target: Target) -> object:
    if isinstance(target, Range):
        return {"low": numbers.exact(target.low), "high": numbers.exact(target.high)}
    return numbers.exact(target)


def _targets_json(targets: tuple[tuple[str, Target], ...]) -> object:
    if len(targets) == 1 and targets[0][0] == "":
        return _target_json(targets[0][1])
    return {month: _target_json(target) for month, target in targets}


def _metric_json(metric: Metric) -> dict[str, Any]:
    flags = {
        key: False for key in ("required", "collected", "usable", "integrity") if not getattr(metric, key)
    }
    return _without_none(
        {
            "id": metric.id,
            **flags,
            "better": metric.better,
            "target": None if metric.target is None else _targets_json(metric.target),
            "values": None
            if metric.values is None
            else {m: numbers.exact(value) for m, value in metric.values},
            "meets_target": metric.meets_target,
            "improving": metric.improving,
        }
    )


def _gap_json(gap: Gap) -> dict[str, Any]:
    return _without_none(
        {
            "id": gap.id,
            "grade": gap.grade,
            "effort": numbers.exact(gap.effort),
            "ready_on": None if gap.ready_on is None else gap.ready_on.isoformat(),
            "needs": list(gap.needs) or None,
            "releases": [_release_json(release) for release in gap.releases],
        }
    )


def _release_json(release: Release) -> dict[str, object]:
    if release.kind == "row":
        return {"criterion": release.item, "row": release.name, "level": release.level}
    if release.kind == "compliant":
        return {"item": release.item, "fact": release.fact}
    if release.kind == "metric":
        return {"item": release.item, "metric": release.name, "fact": release.fact}
    return {"item": release.item, release.kind: release.name}
