"""Each field of a catalogue: what is read from it, and the words and the path when it is wrong."""

import hashlib
import json
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from scoring import catalogue
from scoring.catalogue import (
    CatalogueError,
    Category,
    Criterion,
    Crossing,
    DimensionCrossing,
    Hint,
    Item,
    Line,
    MaturityLevel,
    Row,
    Standard,
    Tier,
)
from scoring.faults import Fault
from scoring.text import Text

Plain = dict[str, Any]


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def source(table: Plain) -> str:
    return "\n".join(f"{json.dumps(key)} = {toml(entry)}" for key, entry in table.items())


def words(name: str) -> Plain:
    return {"zh": f"{name}(中)", "en": name}


def text(name: str) -> Text:
    return Text(zh=f"{name}(中)", en=name)


ITEMS: Plain = {
    "id": "own@1",
    "family": "items",
    "release": "1st",
    "name": words("Own"),
    "counts": {"basic": 2, "full": 3},
    "tiers": [
        {"id": "basic", **words("Basic"), "max": 10, "pass_points": 10},
        {"id": "full", **words("Full"), "max": Decimal("12.5"), "pass_points": 0},
    ],
    "categories": [
        {"id": "M", **words("Managing"), "basic": 10, "full": 10, "unit_kind": "programme"},
        {"id": "R", **words("Results"), "basic": 0, "full": Decimal("2.5")},
    ],
    "bands": {
        "approach": [[25, 25], [50, 50], [75, 75], [100, 100]],
        "deployment": [[1, 25], [100, 100]],
        "level.basic": [[100, 100]],
        "level.full": [[50, 50], [75, 100]],
    },
    "items": [
        {
            "id": "M1",
            "category": "M",
            **words("Goals"),
            "basic": 4,
            "full": 4,
            "basis": "outline",
            "heading": words("Above"),
            "crossing": {"primary": "S1", "secondary": ["S2", "S3"], **words("why")},
            "hints": [{"kind": "explanation", **words("so")}, {"kind": "benchmark", **words("ten")}],
            "lines": [
                {"id": "M1-a", **words("a")},
                {"id": "M1-b", **words("b"), "improvement_approach": True, "basis": "standard", "csp_type": "in"},
            ],
        },
        {"id": "M2", "category": "M", **words("Plans"), "basic": 6, "full": 6, "lines": [{"id": "M2-a", **words("a")}]},
        {"id": "R1", "category": "R", **words("Wait"), "full": Decimal("2.5"), "lines": [{"id": "R1-a", **words("a")}]},
    ],
    "dimension_crossings": [{"id": "trend", **words("Trend"), "row": "trend", "reason": words("because")}],
}  # fmt: skip

ROWS: Plain = {
    "id": "grid@1",
    "family": "rows",
    "release": "1",
    "name": words("Grid"),
    "concepts": [words("Flow"), words("Pull")],
    "criteria": [
        {"id": "E", "kind": "enabler", **words("Way"), "definition": words("how")},
        {"id": "O", "kind": "result", **words("End"), "definition": words("what")},
    ],
    "rows": [
        {"id": kind, "kind": kind, **words(kind), "question": words("ask"), "rubric": [words(str(n)) for n in range(4)]}
        for kind in ("result", "enabler")
    ],
    "levels": [
        {"number": 1, **words("One")},
        {"number": 2, **words("Two"), "grid_label": words("2nd"), "checklist": [words("tick"), words("tock")]},
        {"number": 3, **words("Three")},
        {"number": 4, **words("Four")},
    ],
}  # fmt: skip


def fields(standard: Standard) -> Plain:
    return {name: getattr(standard, name) for name in Standard.__slots__}


def test_everything_in_a_file_of_items_is_read() -> None:
    lines = (Line("M1-a", text("a"), False, "outline"), Line("M1-b", text("b"), True, "standard", "in"))
    hints = (Hint("explanation", text("so")), Hint("benchmark", text("ten")))
    crossing = Crossing("S1", ("S2", "S3"), text("why"))
    points = [{"basic": Fraction(n), "full": Fraction(n)} for n in (4, 6, 10)]
    items = (
        Item("M1", "M", text("Goals"), points[0], lines, "programme", hints, text("Above"), crossing),
        Item("M2", "M", text("Plans"), points[1], (Line("M2-a", text("a")),), "programme"),
        Item("R1", "R", text("Wait"), {"full": Fraction(5, 2)}, (Line("R1-a", text("a")),), None),
    )

    found = catalogue.parse(source(ITEMS))

    assert fields(found) == {
        "id": "own@1",
        "family": "items",
        "release": "1st",
        "name": text("Own"),
        "content_hash": hashlib.sha256(source(ITEMS).encode()).hexdigest(),
        "tiers": {
            "basic": Tier("basic", text("Basic"), Fraction(10), Fraction(10)),
            "full": Tier("full", text("Full"), Fraction(25, 2), Fraction(0)),
        },
        "categories": (
            Category("M", text("Managing"), points[2], "programme"),
            Category("R", text("Results"), {"basic": Fraction(0), "full": Fraction(5, 2)}, None),
        ),
        "items": items,
        "bands": {name: tuple(map(tuple, pairs)) for name, pairs in ITEMS["bands"].items()},
        "dimension_crossings": (DimensionCrossing("trend", text("Trend"), "trend", text("because")),),
        "criteria": (),
        "levels": (),
        "concepts": (),
        "_items": {item.id: item for item in items},
        "_of_tier": {"basic": items[:2], "full": items},
        "_criteria": {},
    }
    assert found.category("R").id == "R"


def test_everything_in_a_file_of_rows_is_read() -> None:
    rubric = tuple(text(str(n)) for n in range(4))
    rows = {kind: Row(kind, text(kind), text("ask"), rubric) for kind in ("enabler", "result")}
    criteria = (
        Criterion("E", text("Way"), "enabler", text("how"), (rows["enabler"],)),
        Criterion("O", text("End"), "result", text("what"), (rows["result"],)),
    )

    found = catalogue.parse(source(ROWS))

    assert found.criteria == criteria
    assert found._criteria == {"E": criteria[0], "O": criteria[1]}
    assert found.concepts == (text("Flow"), text("Pull"))
    assert found.levels == (
        MaturityLevel(1, text("One"), text("One"), ()),
        MaturityLevel(2, text("Two"), text("2nd"), (text("tick"), text("tock"))),
        MaturityLevel(3, text("Three"), text("Three"), ()),
        MaturityLevel(4, text("Four"), text("Four"), ()),
    )


def test_a_single_tier_category_item_and_line_are_enough() -> None:
    table = deepcopy(ITEMS)
    for name, count in (("tiers", 1), ("categories", 1), ("items", 2)):
        del table[name][count:]
    del table["counts"], table["bands"]["level.full"], table["dimension_crossings"]
    for entry in (*table["categories"], *table["items"]):
        del entry["full"]

    found = catalogue.parse(source(table))

    assert (len(found.tiers), len(found.categories), found.dimension_crossings) == (1, 1, ())


# ---------------------------------------------------------------- faults

GONE = object()


def changed(table: Plain, place: tuple[str | int, ...], value: object) -> Plain:
    found = deepcopy(table)
    inner: Any = found
    for step in place[:-1]:
        inner = inner[step]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return found


def faults(table: Plain) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        catalogue.parse(source(table))
    return [str(fault) for fault in caught.value.faults]


def begin_as(found: list[str], said: list[Any]) -> bool:
    """Whether each fault begins as it should; where `...` ends the list what follows from them may follow."""
    if said[-1] is ...:
        assert len(found) >= len(said)
        found, said = found[: len(said) - 1], said[:-1]
    assert [fault[: len(start)] for fault, start in zip(found, said, strict=True)] == said
    return True


UNTOLD = {"en": "only English"}


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("id",), GONE, ["id: missing"]),
        (("id",), "own@", ["id: must be NAME@RELEASE, not 'own@'"]),
        (("id",), "@1", ["id: must be NAME@RELEASE, not '@1'"]),
        (("id",), "@own@1", ["id: must be NAME@RELEASE, not '@own@1'"]),
        (("id",), " ", ["id: empty identifier"]),
        (("family",), GONE, ["family: missing"]),
        (("family",), "songs", ["family: must be items or rows, not 'songs'"]),
        (("release",), GONE, ["release: missing"]),
        (("name",), GONE, ["name: missing"]),
        (("name",), {**words("Own"), "fr": "A moi"}, ["name.fr: unknown field"]),
        (("name",), UNTOLD, ["name.zh: missing"]),
        (("levels",), [], ["levels: unknown field"]),
        (("tiers",), GONE, ["tiers: missing", "categories[0].basic: unknown field", ...]),
        (("tiers",), [], ["tiers: needs at least 1, not 0", "categories[0].basic: unknown field", ...]),
        (("tiers", 0, "max"), -1, ["tiers[0].max: must not be negative: -1",
                                     "tiers[0].pass_points: the pass mark 10 lies above the maximum -1"]),
        (("tiers", 0, "max"), "many", ["tiers[0].max: not a number: 'many'", ...]),
        (("tiers", 0, "max"), 11, ["tiers[0].max: the categories add up to 10, not 11"]),
        (("tiers", 0, "pass_points"), 11, ["tiers[0].pass_points: the pass mark 11 lies above the maximum 10"]),
        (("tiers", 0, "pass_points"), GONE, ["tiers[0].pass_points: missing", ...]),
        (("tiers", 0, "zh"), GONE, ["tiers[0].zh: missing"]),
        (("tiers", 0, "colour"), 1, ["tiers[0].colour: unknown field"]),
        (("tiers", 1, "id"), "basic", ["tiers[1].id: named twice: 'basic'", ...]),
        (("categories",), GONE, ["categories: missing", "tiers[0].max: the categories add up to 0, not 10", ...]),
        (("categories",), [], ["categories: needs at least 1, not 0", ...]),
        (("categories", 1), 3, ["categories[1]: not an object: 3", "items[2].category: unknown category: 'R'"]),
        (("categories", 0, "unit_kind"), "team", ["categories[0].unit_kind: must be programme or key_position"]),
        (("categories", 0, "basic"), 9, ["categories[0].basic: its items add up to 10, not 9",
                                         "tiers[0].max: the categories add up to 9, not 10"]),
        (("categories", 0, "en"), "  ", ["categories[0].en: empty: a text is needed in both languages"]),
        (("categories", 0, "colour"), 1, ["categories[0].colour: unknown field"]),
        (("categories", 1, "id"), "M", ["categories[1].id: named twice: 'M'", "items[2].category: unknown"]),
        (("categories", 1), {"id": "R", **words("Results")}, ["categories[1]: needs points in a tier: basic, full",
            "categories[1].full: its items add up to 5/2, not 0", "tiers[1].max: the categories add up to 10"]),
        (("items",), GONE, ["items: missing", "categories[0].basic: its items add up to 0, not 10", ...]),
        (("items",), [], ["items: needs at least 1, not 0", ...]),
        (("items", 0, "id"), GONE, ["items[0].id: missing"]),
        (("items", 0, "category"), GONE, ["items[0].category: missing"]),
        (("items", 0, "category"), "X", ["items[0].category: unknown category: 'X'"]),
        (("items", 0, "basis"), "hearsay", ["items[0].basis: must be standard, provisional or outline, not 'hearsay'"]),
        (("items", 0, "basic"), -4, ["items[0].basic: must not be negative: -4"]),
        (("items", 0, "basic"), 3, ["categories[0].basic: its items add up to 9, not 10"]),
        (("items", 0, "zh"), GONE, ["items[0].zh: missing"]),
        (("items", 0, "heading"), UNTOLD, ["items[0].heading.zh: missing"]),
        (("items", 0, "heading"), {**words("x"), "fr": "x"}, ["items[0].heading.fr: unknown field"]),
        (("items", 0, "crossing"), 1, ["items[0].crossing: not an object: 1"]),
        (("items", 0, "crossing", "primary"), GONE, ["items[0].crossing.primary: missing"]),
        (("items", 0, "crossing", "secondary"), GONE, ["items[0].crossing.secondary: missing"]),
        (("items", 0, "crossing", "secondary"), ["S2", "S2"], ["items[0].crossing.secondary[1]: duplicate identifier"]),
        (("items", 0, "crossing", "zh"), GONE, ["items[0].crossing.zh: missing"]),
        (("items", 0, "crossing", "colour"), 1, ["items[0].crossing.colour: unknown field"]),
        (("items", 0, "hints", 0, "kind"), "joke", ["items[0].hints[0].kind: must be explanation or benchmark"]),
        (("items", 0, "hints", 0, "kind"), GONE, ["items[0].hints[0].kind: missing"]),
        (("items", 0, "hints", 0, "zh"), GONE, ["items[0].hints[0].zh: missing"]),
        (("items", 0, "hints", 0, "colour"), 1, ["items[0].hints[0].colour: unknown field"]),
        (("items", 0, "lines"), GONE, ["items[0].lines: missing"]),
        (("items", 0, "lines"), [], ["items[0].lines: needs at least 1, not 0"]),
        (("items", 0, "lines"), 3, ["items[0].lines: not a list: 3"]),
        (("items", 0, "lines", 1), 3, ["items[0].lines[1]: not an object: 3"]),
        (("items", 0, "lines", 1, "id"), "M1-a", ["items[0].lines[1].id: named twice: 'M1-a'"]),
        (("items", 1, "lines", 0, "id"), "M1", ["items[1].lines[0].id: named twice: 'M1'"]),
        (("items", 0, "lines", 1, "id"), GONE, ["items[0].lines[1].id: missing"]),
        (("items", 0, "lines", 1, "zh"), GONE, ["items[0].lines[1].zh: missing"]),
        (("items", 0, "lines", 1, "basis"), "no", ["items[0].lines[1].basis: must be standard"]),
        (("items", 0, "lines", 1, "csp_type"), 3, ["items[0].lines[1].csp_type: not a text: 3"]),
        (("items", 0, "lines", 1, "improvement_approach"), 1, ["items[0].lines[1].improvement_approach: not true"]),
        (("items", 0, "lines", 1, "colour"), 1, ["items[0].lines[1].colour: unknown field"]),
        (("items", 0, "colour"), 1, ["items[0].colour: unknown field"]),
        (("items", 2, "full"), GONE, ["items[2]: needs points in a tier: basic, full",
                                      "categories[1].full: its items add up to 0, not 5/2", "counts.full: 2 items"]),
        (("bands",), GONE, ["bands: missing"]),
        (("bands",), 4, ["bands: not an object: 4", "bands.approach: missing", "bands.deployment: missing",
                         "bands.level.basic: missing", "bands.level.full: missing"]),
        (("bands", "level.full"), GONE, ["bands.level.full: missing"]),
        (("bands", "level.gold"), [], ["bands.level.gold: unknown field"]),
        (("bands", "approach"), [], ["bands.approach: edges and scores must rise to 100"]),
        (("bands", "approach"), [[25, 25], [50, 75]], ["bands.approach: edges and scores must rise to 100"]),
        (("bands", "approach"), [[25, 25], [25, 100]], ["bands.approach: edges and scores must rise to 100"]),
        (("bands", "approach"), [[25, 100], [50, 100]], ["bands.approach: edges and scores must rise to 100"]),
        (("bands", "approach"), [[25, 20], [50, 100]], ["bands.approach[0][1]: must be one of 25, 50, 75"]),
        (("bands", "approach"), [[25], [50, 100]], ["bands.approach[0]: must be [edge, score]"]),
        (("bands", "approach"), [3, [50, 100]], ["bands.approach[0]: not a list: 3", "bands.approach[0]: must be ["]),
        (("bands", "approach"), [[25], [50, 60], [0, 100]], ["bands.approach[0]: must be [edge, score]",
            "bands.approach[1][1]: must be one of 25, 50, 75, 100, not 60",
            "bands.approach[2][0]: must be a whole number from 1 to 100, not 0"]),
        (("bands", "approach"), [[101, 100]], ["bands.approach[0][0]: must be a whole number from 1 to 100, not 101"]),
        (("bands", "level.full"), [[50, 25], [75, 100]], ["bands.level.full[0][1]: must be one of 50, 100, not 25"]),
        (("counts",), {"gold": 3}, ["counts.gold: unknown field"]),
        (("counts", "basic"), 3, ["counts.basic: 2 items, not 3"]),
        (("counts",), 3, ["counts: not an object: 3"]),
        (("dimension_crossings", 0, "id"), GONE, ["dimension_crossings[0].id: missing"]),
        (("dimension_crossings", 0, "row"), GONE, ["dimension_crossings[0].row: missing"]),
        (("dimension_crossings", 0, "reason"), GONE, ["dimension_crossings[0].reason: missing"]),
        (("dimension_crossings", 0, "reason"), UNTOLD, ["dimension_crossings[0].reason.zh: missing"]),
        (("dimension_crossings", 0, "reason"), {**words("x"), "fr": "x"}, ["dimension_crossings[0].reason.fr"]),
        (("dimension_crossings", 0, "zh"), GONE, ["dimension_crossings[0].zh: missing"]),
        (("dimension_crossings", 0, "colour"), 1, ["dimension_crossings[0].colour: unknown field"]),
        (("dimension_crossings",), 1, ["dimension_crossings: not a list: 1"]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_wrong_field_of_items_is_told_with_its_path(
    place: tuple[str | int, ...], value: object, said: list[Any]
) -> None:
    assert begin_as(faults(changed(ITEMS, place, value)), said)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("tiers",), [], ["tiers: unknown field"]),
        (("concepts",), 3, ["concepts: not a list: 3"]),
        (("concepts", 1), UNTOLD, ["concepts[1].zh: missing"]),
        (("concepts", 1), {**words("x"), "fr": "x"}, ["concepts[1].fr: unknown field"]),
        (("criteria",), GONE, ["criteria: missing"]),
        (("criteria",), [], ["criteria: needs at least 1, not 0"]),
        (("criteria", 0, "id"), "O", ["criteria[1].id: named twice: 'O'"]),
        (("criteria", 0, "id"), GONE, ["criteria[0].id: missing"]),
        (("criteria", 0, "kind"), GONE, ["criteria[0].kind: missing"]),
        (("criteria", 0, "kind"), "pillar", ["criteria[0].kind: must be enabler or result, not 'pillar'"]),
        (("criteria", 0, "kind"), "result", ["catalogue: needs a criterion and a row of kind enabler"]),
        (("criteria", 1, "kind"), "enabler", ["catalogue: needs a criterion and a row of kind result"]),
        (("criteria", 0, "definition"), GONE, ["criteria[0].definition: missing"]),
        (("criteria", 0, "definition"), UNTOLD, ["criteria[0].definition.zh: missing"]),
        (("criteria", 0, "definition"), {**words("x"), "fr": "x"}, ["criteria[0].definition.fr: unknown field"]),
        (("criteria", 0, "zh"), GONE, ["criteria[0].zh: missing"]),
        (("criteria", 0, "colour"), 1, ["criteria[0].colour: unknown field"]),
        (("rows",), GONE, ["rows: missing"]),
        (("rows",), [], ["rows: needs at least 1, not 0"]),
        (("rows",), 3, ["rows: not a list: 3"]),
        (("rows", 0, "id"), GONE, ["rows[0].id: missing"]),
        (("rows", 0, "kind"), GONE, ["rows[0].kind: missing"]),
        (("rows", 0, "kind"), "enabler", ["catalogue: needs a criterion and a row of kind result"]),
        (("rows", 0, "question"), UNTOLD, ["rows[0].question.zh: missing"]),
        (("rows", 0, "question"), {**words("x"), "fr": "x"}, ["rows[0].question.fr: unknown field"]),
        (("rows", 0, "rubric"), GONE, ["rows[0].rubric: missing", "rows[0].rubric: must speak of every"]),
        (("rows", 0, "rubric", 2), UNTOLD, ["rows[0].rubric[2].zh: missing"]),
        (("rows", 0, "rubric", 2), {**words("x"), "fr": "x"}, ["rows[0].rubric[2].fr: unknown field"]),
        (("rows", 0, "zh"), GONE, ["rows[0].zh: missing"]),
        (("rows", 0, "colour"), 1, ["rows[0].colour: unknown field"]),
        (("levels",), GONE, ["levels: missing"]),
        (("levels",), [], ["levels: needs at least 1, not 0"]),
        (("levels", 3), GONE, ["levels: must be numbered 1 to 4, in order"]),
        (("levels", 0, "number"), 2, ["levels: must be numbered 1 to 4, in order"]),
        (("levels", 0, "number"), 0, ["levels[0].number: must be a whole number from 1 to 4, not 0"]),
        (("levels", 0, "number"), GONE, ["levels[0].number: missing"]),
        (("levels", 0, "zh"), GONE, ["levels[0].zh: missing"]),
        (("levels", 0, "colour"), 1, ["levels[0].colour: unknown field"]),
        (("levels", 1, "grid_label"), UNTOLD, ["levels[1].grid_label.zh: missing"]),
        (("levels", 1, "grid_label"), {**words("x"), "fr": "x"}, ["levels[1].grid_label.fr: unknown field"]),
        (("levels", 1, "checklist"), 3, ["levels[1].checklist: not a list: 3"]),
        (("levels", 1, "checklist", 1), UNTOLD, ["levels[1].checklist[1].zh: missing"]),
        (("levels", 1, "checklist", 1), {**words("x"), "fr": "x"}, ["levels[1].checklist[1].fr: unknown field"]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_wrong_field_of_rows_is_told_with_its_path(
    place: tuple[str | int, ...], value: object, said: list[Any]
) -> None:
    assert begin_as(faults(changed(ROWS, place, value)), said)


def test_two_rows_of_a_kind_may_not_share_a_name_and_two_of_different_kinds_may() -> None:
    table = deepcopy(ROWS)
    for row in table["rows"]:
        row["id"] = "same"
    assert [row.id for _, row in catalogue.parse(source(table)).rows()] == ["same", "same"]

    table["rows"].append(table["rows"][0])

    assert faults(table) == ["rows[2].id: named twice: 'same'"]


def test_a_tier_without_marks_is_refused() -> None:
    table = changed(ITEMS, ("tiers", 0, "max"), 0)
    table["tiers"][0]["pass_points"] = 0
    table["categories"][0]["basic"] = 0
    for item in table["items"][:2]:
        item["basic"] = 0

    assert faults(table) == ["tiers[0].max: must be above 0"]


def test_what_is_no_toml_is_told_in_one_line_and_faults_in_one_each() -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue.parse("x = 1\ny =")
    assert str(caught.value).startswith("catalogue: not TOML: ")
    assert "not TOML: Invalid value (at " in str(caught.value)

    with pytest.raises(CatalogueError) as caught:
        catalogue.parse(source(changed(changed(ITEMS, ("id",), GONE), ("release",), GONE)))
    assert str(caught.value) == "id: missing\nrelease: missing"
    assert caught.value.faults == (Fault("id", "missing"), Fault("release", "missing"))


def test_a_name_that_stands_for_other_content_is_told_by_its_path() -> None:
    table = changed(ITEMS, ("id",), "told@1")
    catalogue.register(catalogue.parse(source(table)))

    with pytest.raises(CatalogueError) as caught:
        catalogue.register(catalogue.parse(source(table) + "\n"))

    assert caught.value.faults == (Fault("id", "told@1 is known already with other content"),)
