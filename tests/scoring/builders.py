"""Sheets for the tests: plain values as people write them, full marks unless said otherwise."""

from copy import deepcopy
from typing import Any

from scoring import catalogue

Plain = dict[str, Any]
PROGRAMMES = [f"programme-{n:02}" for n in range(1, 11)]
POSITIONS = [f"position-{n:02}" for n in range(1, 11)]


def metrics(required: int, met: int, improving: int) -> list[Plain]:
    """Stated metrics, the first ones meeting target and the first ones improving."""
    return [
        {"id": f"metric-{n}", "meets_target": n < met, "improving": n < improving} for n in range(required)
    ]


def lines(item: str, met: int, unmet: int = 0, flagged: int = 0) -> Plain:
    """`met` and `unmet` lines, and unmet ones that note 3 may waive."""
    found: Plain = {f"{item}-{n}": "met" for n in range(met)}
    found |= {f"{item}-{met + n}": "not_met" for n in range(unmet)}
    waivable = {"status": "not_met", "improvement_approach": True}
    return found | {f"{item}-{met + unmet + n}": dict(waivable) for n in range(flagged)}


def item(item_id: str, standard: str = catalogue.COPC, **parts: Any) -> Plain:
    """One item with full marks, parts replaced by name; a part of `None` is left out."""
    entry = catalogue.load(standard).item(item_id)
    full: Plain = {"lines": lines(item_id, 4)}
    if entry.unit_kind is not None:
        full["deployed"] = list(PROGRAMMES if entry.unit_kind == "programme" else POSITIONS)
    elif item_id != "4.7" or not catalogue.load(standard).copc:
        full["metrics"] = metrics(4, 4, 2)
    return {key: value for key, value in (full | parts).items() if value is not None}


def sheet(
    tier: str = "standard",
    policy: Plain | None = None,
    gaps: list[Plain] | None = None,
    of: str = catalogue.COPC,
    **items: Any,
) -> Plain:
    """A sheet with every item of the tier at full marks; `items` replaces some (`_1_2=None` leaves 1.2 out)."""
    standard = catalogue.load(of)
    found = {entry.id: item(entry.id, of) for entry in standard.items_of(tier)}
    for name, value in items.items():
        item_id = name.removeprefix("_").replace("_", ".")
        found[item_id] = value
        if value is None:
            del found[item_id]
    return deepcopy(
        {
            "format": "score-sheet/1",
            "standard": standard.id,
            "tier": tier,
            "as_of": "2026-06-30",
            "policy": policy or {},
            "programmes": PROGRAMMES,
            "key_positions": POSITIONS,
            "items": found,
            "gaps": gaps or [],
        }
    )


def gap(name: str, *releases: Plain, **parts: Any) -> Plain:
    """A gap with its releases."""
    return {"id": name, "releases": list(releases), **parts}


def see_sheet(enablers: list[list[int]], results: list[list[int]], **parts: Any) -> Plain:
    """A SEE-CMM sheet from rows in catalogue order."""
    standard = catalogue.load(catalogue.SEE_CMM)
    marks = [*enablers, *results]
    rows = {
        criterion.id: {row.id: mark for row, mark in zip(criterion.rows, given, strict=True)}
        for criterion, given in zip(standard.criteria, marks, strict=True)
    }
    return {"format": "score-sheet/1", "standard": standard.id, "as_of": "2026-06-30", "rows": rows, **parts}
