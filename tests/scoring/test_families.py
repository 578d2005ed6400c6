"""Further families of examples, each worked by hand where it stands: `families.json`.

A case is a sheet at full marks but for what it says. Counts stand for lists: `lines` is [met, unmet, flagged and
unmet, not applicable], `metrics` [required, meeting target, improving], `deployed` and `in_scope` the first so many
units, `others` the mark of every row that is not given. What a case names is compared, exactly.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from scoring import attribution, catalogue, metrics, path, rescore
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import CopcSheet, Sheet, parse
from tests.scoring import builders

Plain = dict[str, Any]
FAMILIES: list[Plain] = json.loads(Path(__file__).with_name("families.json").read_text(encoding="utf-8"))
CASES = [
    pytest.param(case, id=f"{family['id']}-{place}")
    for family in FAMILIES
    for place, case in enumerate(family["cases"], start=1)
]
ASKED = {"scores", "metrics", "criteria", "total", "overall", "verdict", "blank", "hint", "moved", "worth", "share",
         "path", "path_by_date"}  # fmt: skip
GIVEN = {
    "working",
    "tier",
    "policy",
    "standard",
    "items",
    "rows",
    "others",
    "gaps",
    "close",
    "same_gaps",
    "releases",
}


def item_of(item_id: str, parts: Plain, standard: str) -> Plain:
    """An item at full marks but for its parts, counts turned into what they stand for."""
    parts = dict(parts)
    if isinstance(parts.get("lines"), list):
        met, unmet, flagged, beside = [*parts["lines"], 0, 0][:4]
        parts["lines"] = builders.lines(item_id, met, unmet, flagged)
        parts["lines"] |= {f"{item_id}-n{n}": "not_applicable" for n in range(beside)}
    units = builders.POSITIONS if item_id.startswith("3") else builders.PROGRAMMES
    for key in ("deployed", "in_scope"):
        if isinstance(parts.get(key), int):
            parts[key] = units[: parts[key]]
    if parts.get("metrics") and isinstance(parts["metrics"][0], int):
        parts["metrics"] = builders.metrics(*parts["metrics"])
    return builders.item(item_id, standard, **parts)


def sheet_of(case: Plain) -> Sheet:
    gaps = case.get("gaps", [])
    if "same_gaps" in case:
        gaps = [builders.gap(f"NC-{n:02}", *case["releases"]) for n in range(case["same_gaps"])]
    if "rows" in case:
        plain = builders.see_sheet([[case["others"]] * 3] * 5, [[case["others"]] * 5] * 3)
        for criterion, marks in case["rows"].items():
            plain["rows"][criterion] = dict(zip(plain["rows"][criterion], marks, strict=True))
        return parse(plain | {"policy": case.get("policy", {}), "gaps": gaps})
    standard = case.get("standard", catalogue.COPC)
    plain = builders.sheet(case.get("tier", "standard"), case.get("policy"), gaps, standard)
    for item_id, parts in case["items"].items():
        if parts is None:
            del plain["items"][item_id]
        else:
            plain["items"][item_id] = item_of(item_id, parts, standard)
    return parse(plain)


def test_there_are_twenty_families_and_every_case_says_how_it_was_worked() -> None:
    assert [family["id"] for family in FAMILIES] == [f"F{n}" for n in range(1, 21)]
    for family in FAMILIES:
        for case in family["cases"]:
            assert set(case) <= ASKED | GIVEN
            assert case["working"]
            assert set(case) & ASKED, "a case must ask for something"


@pytest.mark.parametrize("case", CASES)
def test_what_was_worked_by_hand_comes_out(case: Plain) -> None:
    sheet = sheet_of(case)
    result = rescore.score(sheet)

    if "total" in case:
        assert str(result.total) == case["total"]
    if isinstance(result, CopcResult) and isinstance(sheet, CopcSheet):
        check_items(case, sheet, result)
    elif isinstance(result, SeeResult):
        check_rows(case, result)
    check_closures(case, sheet)


def check_items(case: Plain, sheet: CopcSheet, result: CopcResult) -> None:
    shown = result.to_json()
    for item_id, wanted in case.get("scores", {}).items():
        assert {key: shown["items"][item_id][key] for key in wanted} == wanted
    for name, wanted in case.get("metrics", {}).items():
        (metric,) = [m for item in case["items"] for m in sheet.items[item].metrics or () if m.id == name]
        found = metrics.facts(metric, sheet.policy)
        assert [found.meets, found.improving] == wanted
    if "verdict" in case:
        assert result.verdict == case["verdict"]
    if "blank" in case or result.blank:
        assert list(result.blank) == case["blank"]
    if "hint" in case:
        assert case["hint"] in shown["hints"]


def check_rows(case: Plain, result: SeeResult) -> None:
    shown = result.to_json()["criteria"]
    for criterion, wanted in case.get("criteria", {}).items():
        assert {key: shown[criterion][key] for key in wanted} == wanted
    if "overall" in case:
        assert result.overall_level == case["overall"]


def check_closures(case: Plain, sheet: Sheet) -> None:
    if "moved" in case:
        moved = rescore.simulate(sheet, case.get("close")).moved
        assert {name: str(change) for name, change in moved.items()} == case["moved"]
    if "worth" in case:
        found = attribution.attribute(sheet)
        assert found.exact
        assert {
            name: [str(worth.alone), str(worth.last), str(worth.share)] for name, worth in found.gaps.items()
        } == case["worth"]
    if "share" in case:
        check_shares(sheet, *case["share"])
    for by, key in (("effort", "path"), ("date", "path_by_date")):
        for goal, wanted in case.get(key, {}).items():
            plan = path.find(sheet, goal, by)
            assert plan.feasible is ("close" in wanted)
            shown = plan.to_json()
            assert {name: shown[name] for name in wanted} == wanted


def check_shares(sheet: Sheet, each: str, exact: bool) -> None:
    found = attribution.attribute(sheet)
    assert found.exact is exact
    assert sum(worth.share for worth in found.gaps.values()) == found.gain == 10
    for worth in found.gaps.values():
        if exact:
            assert worth.share == Fraction(each)
        else:
            assert worth.error
            assert abs(worth.share - Fraction(each)) <= 5 * worth.error
