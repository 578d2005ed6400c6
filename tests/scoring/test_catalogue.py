"""The catalogues are whole, add up, speak both languages, and a broken one is refused with all its faults."""

import re

import pytest

from scoring import catalogue
from scoring.catalogue import CatalogueError, Item, Standard

COPC = catalogue.load(catalogue.COPC)
SEE = catalogue.load(catalogue.SEE_CMM)
SOURCE = (catalogue.DATA / catalogue.FILES[catalogue.COPC]).read_text(encoding="utf-8")


def test_copc_has_21_standard_and_30_gold_items_that_add_up() -> None:
    assert len(COPC.items_of("standard")) == 21
    assert len(COPC.items_of("gold")) == 30
    assert sum(item.points["standard"] for item in COPC.items_of("standard")) == 2000
    assert sum(item.points["gold"] for item in COPC.items_of("gold")) == 3000
    assert [item.id for item in COPC.items if item.gold_only] == [
        "1.G.A", "2.G.A", "2.G.B", "2.G.C", "2.G.D", "2.G.E", "2.G.F", "4.G.A", "4.G.B"]  # fmt: skip


@pytest.mark.parametrize(
    ("item_id", "standard", "gold"),
    [("1.1", 60, 70), ("2.2", 100, 120), ("3.3", 80, 130), ("4.2", 200, 300), ("4.7", 150, 200)],
)
def test_points_of_some_items(item_id: str, standard: int, gold: int) -> None:
    assert COPC.item(item_id).points == {"standard": standard, "gold": gold}


@pytest.mark.parametrize("item", COPC.items, ids=lambda item: item.id)
def test_units_flags_and_crossings_of_each_item(item: Item) -> None:
    assert (
        item.unit_kind == {"1": "programme", "2": "programme", "3": "key_position", "4": None}[item.category]
    )
    assert all(line.id.startswith(f"{item.id}-") for line in item.lines)
    assert item.crossing is not None
    kind = SEE.criterion(item.crossing.primary).kind
    assert kind == ("result" if item.category == "4" else "enabler")
    flagged = [line.id for line in item.lines if line.improvement_approach]
    assert len(flagged) == (1 if item.category == "4" and item.id != "4.7" else 0)


def test_every_criterion_has_a_primary_item() -> None:
    primary = [item.crossing.primary for item in COPC.items if item.crossing]

    assert {name: primary.count(name) for name in sorted(set(primary))} == {
        "S1": 2, "S2": 1, "S3": 5, "S4": 10, "S5": 3, "S6": 3, "S7": 2, "S8": 4}  # fmt: skip


def test_outlines_are_marked_and_restated_lines_are_not() -> None:
    assert not any(line.outline for line in COPC.item("1.2").lines)
    assert all(line.outline for line in COPC.item("2.4").lines)
    assert [line.basis for line in COPC.item("2.3").lines] == ["standard", "standard", *["provisional"] * 4]
    assert [line.id for line in COPC.item("1.2").lines] == ["1.2-1", "1.2-2a", "1.2-2b", "1.2-2c", "1.2-3"]


def test_see_cmm_has_8_criteria_30_rows_and_120_cells() -> None:
    assert [criterion.kind for criterion in SEE.criteria] == ["enabler"] * 5 + ["result"] * 3
    rows = [row for _, row in SEE.rows()]
    assert len(rows) == 30
    assert sum(len(row.rubric) for row in rows) == 120
    assert [len(level.checklist) for level in SEE.levels] == [7, 10, 10, 8]


@pytest.mark.parametrize("standard", [COPC, SEE], ids=lambda standard: standard.id)
def test_chinese_texts_are_chinese_and_english_ones_are_not(standard: Standard) -> None:
    texts = [standard.name]
    for item in standard.items:
        texts += [item.name, *(line.text for line in item.lines), *(hint.text for hint in item.hints)]
    for criterion, row in standard.rows():
        texts += [criterion.name, criterion.definition, row.name, row.question, *row.rubric]
    han = re.compile("[\u4e00-\u9fff]")
    for text in texts:
        assert not han.search(text.en), text
        assert han.search(text.zh) or text.zh == "CUIKA", text


def test_a_release_has_an_identifier_and_a_hash() -> None:
    assert (COPC.release, SEE.release) == ("4.1", "2009")
    assert re.fullmatch("[0-9a-f]{64}", COPC.content_hash)
    assert catalogue.load(catalogue.COPC) is COPC


def test_an_unknown_standard_is_refused() -> None:
    with pytest.raises(catalogue.UnknownStandard):
        catalogue.load("copc@9")


def faults(source: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        catalogue.parse(source)
    return "\n".join(map(str, caught.value.faults))


def test_points_that_do_not_add_up_are_all_named() -> None:
    broken = SOURCE.replace("standard = 60\ngold = 70", "standard = 61\ngold = 70").replace(
        'id = "2.G.A"\ncategory = "2"', 'id = "2.G.B"\ncategory = "2"'
    )

    found = faults(broken)

    assert "categories[0].standard: its items add up to 101, not 100" in found
    assert "items[11].id: named twice: '2.G.B'" in found


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[[items]]", "[[items", "not TOML"),
        ('family = "items"', 'family = "songs"', "family"),
        ("deployment = [[25, 25], [50, 50]", "deployment = [[50, 50], [25, 25]", "bands.deployment: edges"),
        ("pass_points = 1900", "pass_points = 2001", "pass mark"),
        ("counts = { standard = 21", "counts = { standard = 22", "21 items, not 22"),
        ('zh = "方向声明"', 'zh = " "', "items[0].zh: empty"),
        ('category = "1"\nzh = "方向声明"', 'zh = "方向声明"', "items[0].category: missing"),
    ],
)
def test_a_broken_catalogue_is_refused(old: str, new: str, fault: str) -> None:
    assert fault in faults(SOURCE.replace(old, new, 1))
