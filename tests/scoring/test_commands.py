"""The scoring commands as people and scripts meet them: output, faults, exit status, never a traceback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from scoring import rescore
from scoring.sheet import loads
from tests.scoring import builders
from tests.scoring.test_sheet_faults import TABLE
from tests.scoring.test_worked_examples import g21_sheet
from tracker import scoring_commands

SHEETS = Path(__file__).with_name("sheets")
EXAMPLES = [SHEETS / "copc-example.json", SHEETS / "see-example.json"]
COMMANDS = {command.name: command for command in scoring_commands.SCORING_COMMANDS}


def run(*words: str, stdin: bytes | None = None) -> Result:
    name, *rest = words
    found = CliRunner().invoke(COMMANDS[name], rest, input=stdin)
    assert "Traceback" not in found.output
    return found


def compact(plain: Any) -> bytes:
    return json.dumps(plain).encode() + b"\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["score", "simulate", "attribute", "path"])
@pytest.mark.parametrize("options", [["--json"], [], ["--lang", "zh"]])
def test_every_command_answers_for_both_standards(name: str, path: Path, options: list[str]) -> None:
    found = run(name, str(path), *options)

    assert found.exit_code == 0
    if options == ["--json"]:
        json.loads(found.stdout)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_schemas_accept_what_goes_in_and_what_comes_out(path: Path) -> None:
    sheet_schema = json.loads(run("schema", "score-sheet").stdout)
    result_schema = json.loads(run("schema", "score-result").stdout)
    for schema in (sheet_schema, result_schema):
        Draft202012Validator.check_schema(schema)

    Draft202012Validator(sheet_schema).validate(json.loads(path.read_text(encoding="utf-8")))
    Draft202012Validator(result_schema).validate(json.loads(run("score", str(path), "--json").stdout))


# What no schema can say: facts about other fields, dates that do not exist, circles.
BEYOND_A_SCHEMA = {
    "as_of", "programmes", "items.1.2.deployed[0]", "items.2.1.in_scope[0]", "items.4.4.metrics[0].target",
    "items.4.4.metrics[1].id", "items.4.4.metrics[0].values.2026-07", "gaps[1].id", "gaps[0].needs[0]",
    "gaps[0].needs", "gaps[0].effort", "policy.metric.window", "policy.metric.meet_share",
    "policy.copc.sigma_shift", "policy.copc.gold_pass_points", "gaps[0].releases[0].line",
    "gaps[0].releases[0].item", "gaps[0].releases[0].unit", "gaps[0].releases[0].metric",
}  # fmt: skip


@pytest.mark.parametrize(("change", "path"), [case for case in TABLE if case[1] not in BEYOND_A_SCHEMA])
def test_the_schema_refuses_what_the_reader_refuses(change: Any, path: str) -> None:
    plain = json.loads(EXAMPLES[0].read_text(encoding="utf-8"))
    change(plain)
    schema = json.loads(run("schema", "score-sheet").stdout)
    plain = json.loads(json.dumps(plain, default=str))

    assert not Draft202012Validator(schema).is_valid(plain)


def test_the_table_gives_a_reason_for_every_lost_point() -> None:
    sheet = loads(compact(g21_sheet()))

    text = run("score", "-", stdin=compact(g21_sheet())).stdout

    result = rescore.score(sheet)
    for item in result.items.values():
        assert (item.points == item.max) or item.reasons
        for reason in item.reasons:
            assert reason.text("en") in text
    assert "1786.7" in text
    assert "Not met" in text


@pytest.mark.parametrize("name", ["score", "simulate", "attribute", "path"])
def test_a_bad_sheet_ends_with_2_and_a_line_per_fault(name: str) -> None:
    plain = builders.sheet()
    plain["items"]["4.4"]["metrics"][0]["target"] = "abc"
    plain["gaps"] = [builders.gap("A", effort="-1")]

    found = run(name, "-", "--json", stdin=compact(plain))

    assert found.exit_code == 2
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        "items.4.4.metrics[0].target: not a number: 'abc'",
        "gaps[0].effort: must not be negative: -1",
    ]


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"{", b"[" * 200_000, b"NaN", b'"x"', b'{"format": 1e999999999}']
)
def test_a_broken_document_ends_with_2(data: bytes) -> None:
    found = run("score", "-", stdin=data)

    assert found.exit_code == 2
    assert found.stderr.strip()


@pytest.mark.parametrize(
    "words",
    [
        ("score", "no-such-file.json"),
        ("score", str(SHEETS)),
        ("score",),
        ("score", "--colour", "red"),
        ("path", str(EXAMPLES[0]), "--to", "the moon"),
        ("path", str(EXAMPLES[0]), "--to", "points=many"),
        ("path", str(EXAMPLES[0]), "--by", "magic"),
        ("schema", "score-card"),
    ],
)
def test_anything_else_ends_with_1(words: tuple[str, ...]) -> None:
    found = run(*words)

    assert found.exit_code == 1
    assert found.stderr.strip()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("simulate", "--close", "NC-99"), "close: unknown gap: 'NC-99'"),
        (("simulate", "--close", "NC-02"), "close: NC-02 needs NC-01, which stays open"),
        (("path", "--to", "level=3"), "to: must be strict or lenient or points=NUMBER"),
    ],
)
def test_a_question_the_sheet_cannot_answer_ends_with_2(words: tuple[str, ...], fault: str) -> None:
    found = run(*words, str(EXAMPLES[0]))

    assert found.exit_code == 2
    assert found.stderr.startswith(fault)


def test_simulate_closes_what_is_asked_and_all_by_default() -> None:
    one = json.loads(run("simulate", str(EXAMPLES[0]), "--close", "NC-01", "--json").stdout)
    every = json.loads(run("simulate", str(EXAMPLES[0]), "--json").stdout)

    assert (one["closed"], one["moved"]) == (["NC-01"], {"1.2": "10"})
    assert (every["closed"], every["moved"]) == (["NC-01", "NC-02"], {"1.2": "10", "2.7": "30", "4.4": "25"})
    assert set(every) == {"closed", "before", "after", "moved"}


def test_lines_answer_in_order_and_name_the_faulty_ones() -> None:
    good = builders.sheet()
    bad = builders.sheet() | {"tier": "silver"}
    stdin = compact(good) + b"\n" + compact(bad) + b"{\n" + b"\xff\n" + compact(g21_sheet()).rstrip()

    found = run("score", "-", "--lines", stdin=stdin)

    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.exit_code == 2
    assert answers[0]["total"] == "2000"
    assert [answer.get("line") for answer in answers] == [None, 3, 4, 5, None]
    assert answers[1]["errors"] == ["tier: must be standard or gold, not 'silver'"]
    assert answers[4]["total"] == "5360/3"


def test_a_portfolio_streams_and_stays_small(tmp_path: Path) -> None:
    """The first answer comes before the last sheet is sent, and memory does not grow with the number of sheets."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tracker.scoring_commands", "score", "--lines", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    with program:
        for _ in range(3):
            program.stdin.write(compact(builders.sheet()))
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["total"] == "2000"
        program.stdin.close()
        assert program.wait() == 0


def test_a_reader_that_goes_away_causes_no_complaint() -> None:
    done = subprocess.run(
        f"yes '{json.dumps(builders.sheet())}' | head -300 | "
        f"{sys.executable} -m tracker.scoring_commands score --lines - | head -1 | wc -l",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "1"
    assert done.stderr == ""


def test_chinese_comes_out_whatever_the_locale() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tracker.scoring_commands", "score", "--lang", "zh", str(EXAMPLES[0])],
        capture_output=True,
        env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=True,
    )

    assert "评分不完整" in done.stdout.decode()


def test_without_the_solver_a_path_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    plain = builders.sheet(_1_2=builders.item("1.2", lines=builders.lines("1.2", 3, 1)))
    plain["gaps"] = [builders.gap("A", {"item": "1.2", "line": "1.2-3"})]

    found = run("path", "-", stdin=compact(plain))

    assert found.exit_code == 1
    assert found.stderr.startswith("tracker: a path needs the solver")
    assert run("attribute", "-", stdin=compact(plain)).exit_code == 0
