"""Standards of one's own as data: read whole, refused with every fault, scored by the same rules."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from scoring import attribution, catalogue, path, rescore
from scoring.catalogue import CatalogueError
from scoring.sheet import SheetFaults, parse, to_json
from tests.scoring import builders
from tracker import scoring_commands

SHEETS = Path(__file__).with_name("sheets")
FILES = {name: SHEETS / f"own-{name}.toml" for name in ("items", "rows")}
SOURCES = {name: file.read_text(encoding="utf-8") for name, file in FILES.items()}
ITEMS, ROWS = (catalogue.register(catalogue.parse(SOURCES[name])) for name in ("items", "rows"))


def own_sheet(gaps: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "format": "score-sheet/1",
        "standard": "acme-service@2",
        "as_of": "2026-06-30",
        "programmes": ["a", "b", "c", "d", "e"],
        "key_positions": ["agent"],
        "items": {
            "M1": {"lines": {"M1-a": "met", "M1-b": "not_met"}, "deployed": ["a", "b", "c", "d"]},
            "P1": {"lines": {"P1-a": "met"}, "deployed": ["agent"]},
            "R1": {
                "lines": {"R1-a": "met", "R1-b": {"status": "not_met", "improvement_approach": True}},
                "metrics": builders.metrics(4, 3, 2),
            },
            "4.7": {"lines": {"4.7-a": "met"}, "metrics": builders.metrics(3, 1, 1)},
        },
        "gaps": gaps or [],
    }


def own_rows(gaps: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    rows = {"E1": {"plan": 3, "do": 2}, "E2": {"plan": 4, "do": 4}, "O1": {"trend": 1}}
    return {
        "format": "score-sheet/1", "standard": "acme-maturity@1", "as_of": "2026-06-30", "rows": rows,
        "gaps": gaps or [],
    }  # fmt: skip


def test_items_are_scored_by_the_file_s_points_and_bands() -> None:
    """M1 at 50 of 100 by its lines (80 % deployed is full here); note 3 waives R1-b; 4.7 is an item like any other."""
    result = rescore.score(parse(own_sheet()))

    assert result.points_of() == {
        "M1": Fraction(25), "P1": Fraction(25, 2), "R1": Fraction(25), "4.7": Fraction(25, 3),
    }  # fmt: skip
    assert result.items["4.7"].dimensions == {"approach": 100, "level": 50, "trend": 50}
    assert (result.total, result.max) == (Fraction(425, 6), 100)
    assert result.to_json()["conditions"] == [
        {"id": "total", "holds": False, "needs": "175/2", "has": "425/6"},
        {"id": "approach_1_3", "holds": False, "items": ["M1"]},
        {"id": "category_4_full", "holds": False, "items": ["4.7"]},
        {"id": "category_4_approach", "holds": True, "items": []},
    ]
    assert set(result.to_json()["categories"]) == {"M", "P", "R"}


def test_gaps_path_and_worth_work_on_items_of_one_s_own() -> None:
    sheet = parse(
        own_sheet(
            [
                builders.gap("NC-1", {"item": "M1", "line": "M1-b"}),
                builders.gap("NC-2", {"item": "4.7", "metric": "metric-1", "fact": "meets"}),
                builders.gap("NC-3", {"item": "4.7", "metric": "metric-1", "fact": "improves"}, effort="2"),
            ]
        )
    )

    assert {name: worth.share for name, worth in attribution.attribute(sheet).gaps.items()} == {
        "NC-1": Fraction(25), "NC-2": Fraction(25, 12), "NC-3": Fraction(25, 12),
    }  # fmt: skip
    assert path.find(sheet, "lenient").close == ("NC-1",)
    assert path.find(sheet, "strict").close == ("NC-1", "NC-2", "NC-3")
    assert parse(to_json(sheet)) == sheet


def test_rows_are_scored_over_the_file_s_criteria() -> None:
    result = rescore.score(
        parse(own_rows([builders.gap("NC-1", {"criterion": "O1", "row": "trend", "level": 2})]))
    )

    assert result.to_json()["criteria"]["E1"] == {
        "level": 2,
        "percent": "125/2",
        "points": "625/4",
        "max": "250",
    }
    assert result.to_json()["criteria"]["O1"] == {"level": 1, "percent": "25", "points": "125", "max": "500"}
    assert result.to_json()["overall_level"] == 1
    assert result.to_json()["next"] == [{"criterion": "O1", "row": "trend", "level": 1}]


def test_the_road_to_a_level_works_on_rows_of_one_s_own() -> None:
    sheet = parse(own_rows([builders.gap("NC-1", {"criterion": "O1", "row": "trend", "level": 2})]))

    assert path.find(sheet, "level=2").close == ("NC-1",)
    assert list(path.find(sheet).to_json()["blocking"]) == ["level: E1.do 2 < 3, O1.trend 2 < 3"]
    assert attribution.attribute(sheet).gaps["NC-1"].share == 125


def faults(source: str) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        catalogue.parse(source)
    return [str(fault) for fault in caught.value.faults]


def test_all_faults_of_a_file_of_items_come_at_once() -> None:
    broken = (
        SOURCES["items"]
        .replace('en = "Goals"', 'en = " "')
        .replace('unit_kind = "key_position"', 'unit_kind = "heads"')
        .replace("deployment = [[50, 50], [80, 100]]", "deployment = [[80, 50], [50, 100]]")
        .replace('"level.standard" = [[30, 50]', '"level.standard" = [[30, 25]')
        .replace('id = "P1-a"', 'id = "M1-a"')
        .replace("improvement_approach = true", 'improvement_approach = "yes"')
        .replace("standard = 50\nlines", "standard = 51\nlines")
        .replace('release = "2"', "release = 2\nrule = 'x'")
    )

    assert faults(broken) == [
        "rule: unknown field",
        "release: not a text: 2",
        "categories[1].unit_kind: must be programme or key_position, not 'heads'",
        "items[0].en: empty: a text is needed in both languages",
        "items[2].lines[1].improvement_approach: not true or false: 'yes'",
        "items[1].lines[0].id: named twice: 'M1-a'",
        "bands.deployment: edges and scores must rise to 100",
        "bands.level.standard[0][1]: must be one of 50, 100, not 25",
        "categories[0].standard: its items add up to 51, not 50",
    ]


def test_all_faults_of_a_file_of_rows_come_at_once() -> None:
    broken = (
        SOURCES["rows"]
        .replace('id = "acme-maturity@1"', 'id = "acme"')
        .replace('{ id = "E2", kind = "enabler"', '{ id = "E1", kind = "pillar"')
        .replace(', { zh = "领先", en = "Leading" } ] },', " ] },", 1)
        .replace("number = 4", "number = 5")
        .replace('question = { zh = "变好了吗?", en = "Does it improve?" }, ', "")
    )

    assert faults(broken) == [
        "id: must be NAME@RELEASE, not 'acme'",
        "rows[0].rubric: must speak of every level: 4 texts, not 3",
        "rows[2].question: missing",
        "criteria[1].kind: must be enabler or result, not 'pillar'",
        "criteria[1].id: named twice: 'E1'",
        "levels[3].number: must be a whole number from 1 to 4, not 5",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "", "family = 3", "family = 'items'", "family = 'rows'", "x = [", "family = 'items'\nitems = 3\ntiers = [3]",
        "family = 'items'\nitems = [{lines = 3}]\ncategories = [{}]\ntiers = [{id = 3}]\nbands = 4\ncounts = 4",
        "family = 'items'\nid = '@'\nbands = {approach = [[1], [1, 2, 3], 4, ['a', 'b']]}",
        "family = 'rows'\nrows = [{kind = 'enabler', id = 3}]\nlevels = [1]\ncriteria = {}\nconcepts = [3]",
        SOURCES["items"].replace("max = 100", "max = nan"),
        SOURCES["items"].replace("counts = { standard = 4 }", "counts = { standard = 4.5, gold = 1 }"),
        SOURCES["items"].replace('zh = "目标"', 'zh = "目标"\nextra = 1'),
        SOURCES["items"].replace("unit_kind", "unit-kind"),
    ],
)  # fmt: skip
def test_no_file_raises_anything_but_faults(source: str) -> None:
    assert all(": " in fault and "\n" not in fault for fault in faults(source))


def test_one_identifier_stands_for_one_content() -> None:
    assert catalogue.register(catalogue.parse(SOURCES["items"])) is ITEMS
    with pytest.raises(CatalogueError, match="known already"):
        catalogue.register(catalogue.parse(SOURCES["items"] + "\n# another"))
    with pytest.raises(CatalogueError, match="ships"):
        catalogue.register(catalogue.parse(catalogue.source(catalogue.COPC)))


def test_a_missing_unit_or_word_is_still_a_fault() -> None:
    plain = own_sheet([builders.gap("NC-1", {"item": "4.7", "fact": "compliant"})])
    plain["items"]["4.7"]["compliant"] = True
    plain["items"]["M1"]["deployed"] = ["z"]

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert [fault.path for fault in caught.value.faults] == [
        "items.M1.deployed[0]", "items.4.7.compliant", "gaps[0].releases[0].fact",
    ]  # fmt: skip


# The commands


def run(name: str, *words: str, stdin: bytes | None = None) -> Result:
    commands = {command.name: command for command in scoring_commands.SCORING_COMMANDS}
    found = CliRunner().invoke(commands[name], list(words), input=stdin)
    assert "Traceback" not in found.output
    return found


BOTH = ("--catalogue", str(FILES["items"]), "--catalogue", str(FILES["rows"]))


@pytest.mark.parametrize("name", ["score", "simulate", "attribute", "path"])
@pytest.mark.parametrize("options", [["--json"], ["--lang", "zh"], ["--lines"]])
def test_the_commands_take_standards_of_one_s_own(name: str, options: list[str]) -> None:
    for plain in (own_sheet(), own_rows()):
        found = run(name, "-", *BOTH, *options, stdin=json.dumps(plain).encode())

        assert found.exit_code == 0
        assert found.stdout


def test_the_schemas_speak_of_standards_of_one_s_own() -> None:
    sheets, results = (
        json.loads(run("schema", name, *BOTH).stdout) for name in ("score-sheet", "score-result")
    )
    for schema in (sheets, results):
        Draft202012Validator.check_schema(schema)
    for plain in (own_sheet(), own_rows()):
        Draft202012Validator(sheets).validate(plain)
        Draft202012Validator(results).validate(rescore.score(parse(plain)).to_json())


def test_a_wrong_file_ends_with_2_and_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("family = 'items'\nid = 'x'", encoding="utf-8")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"name = '\xe9'")

    found = run("score", "-", "--catalogue", str(file), "--catalogue", str(latin), stdin=b"{}")

    assert found.exit_code == 2
    lines = found.stderr.splitlines()
    assert f"{file}: id: must be NAME@RELEASE, not 'x'" in lines
    assert f"{file}: tiers: missing" in lines
    assert lines[-1] == f"{latin}: catalogue: not UTF-8: byte 8 cannot be read"


@pytest.mark.parametrize("words", [("score", "-"), ("schema", "score-sheet")])
def test_a_file_that_is_not_there_ends_with_1(words: tuple[str, ...]) -> None:
    found = run(*words, "--catalogue", "/nowhere/own.toml", stdin=b"{}")

    assert found.exit_code == 1
    assert found.stderr == "tracker: cannot read /nowhere/own.toml: No such file or directory\n"
