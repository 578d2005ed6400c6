"""The console script itself, as it is installed: on a bad sheet, on the sheet that is promised, and on the demo's."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.tracker.scores import ahead
from tracker.database import db
from tracker.organisations.models import Site
from tracker.scores.models import ScoringRun

COMMANDS = ("score", "simulate", "attribute", "path")
EXAMPLE = json.loads((Path(__file__).parent / "sheets" / "copc-example.json").read_text(encoding="utf-8"))
TRACKER = str(Path(sys.executable).with_name("tracker"))


def tracker(*words: str, stdin: str) -> "subprocess.CompletedProcess[str]":
    """What a shell would see; `-` reads the sheet from standard input."""
    return subprocess.run(
        [TRACKER, words[0], "-", *words[1:]], input=stdin, capture_output=True, text=True, check=False
    )


def lines(*sheets: Any) -> str:
    return "".join(json.dumps(sheet, ensure_ascii=False) + "\n" for sheet in sheets)


# ---------------------------------------------------------------- a bad sheet

# Ten faults of ten kinds: a field nobody knows, a value out of a list, a wrong type, a missing reason …
TEN = {
    "surprise": "surprise: unknown field",
    "tier": "tier: must be standard or gold, not 'silver'",
    "window": "policy.metric.window: must be a whole number of at least 3 periods, not 2",
    "item": "items.9.9: unknown item",
    "status": "items.1.2.lines.1.2-1: must be met, not_met, not_applicable or not_assessed, not 'perhaps'",
    "unit": "items.2.7.deployed[1]: unknown unit: 'mortgage'",
    "reason": "items.2.1.overrule.reason: missing",
    "target": "items.4.4.metrics[0].target: not a number: 'abc'",
    "effort": "gaps[0].effort: must not be negative: -3",
    "needs": "gaps[1].needs[0]: unknown gap: 'NC-77'",
}


def ten_faults() -> dict[str, Any]:
    plain = json.loads(json.dumps(EXAMPLE))
    plain["surprise"] = 1
    plain["tier"] = "silver"
    plain["policy"]["metric.window"] = 2
    plain["items"]["9.9"] = {}
    plain["items"]["1.2"]["lines"]["1.2-1"] = "perhaps"
    plain["items"]["2.7"]["deployed"] = ["card", "mortgage"]
    del plain["items"]["2.1"]["overrule"]["reason"]
    plain["items"]["4.4"]["metrics"][0]["target"] = "abc"
    plain["gaps"][0]["effort"] = "-3"
    plain["gaps"][1]["needs"] = ["NC-77"]
    return plain


@pytest.mark.parametrize("name", COMMANDS)
def test_ten_faults_are_ten_lines_each_with_its_path(name: str) -> None:
    done = tracker(name, stdin=json.dumps(ten_faults()))

    assert done.returncode == 2
    assert done.stdout == ""
    assert sorted(done.stderr.splitlines()) == sorted(TEN.values())


@pytest.mark.parametrize("name", COMMANDS)
def test_ten_faults_on_a_line_stand_in_its_place(name: str) -> None:
    done = tracker(name, "--lines", stdin=lines(EXAMPLE, ten_faults(), EXAMPLE))

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert len(answers) == 3
    assert answers[0] == answers[2]
    assert answers[1]["line"] == 2
    assert sorted(answers[1]["errors"]) == sorted(TEN.values())


# ---------------------------------------------------------------- the sheet that is promised


def test_the_promised_sheet_is_answered_by_every_command_with_lines_or_without() -> None:
    """Worked by hand. 1.2: 4 of 5 lines, 75 % of 40. 2.1: overruled to 75 % of 60. 2.7: 1 of 3 programmes, 25 % of 40.
    4.4: 1 of 2 lines, 1 of 2 metrics at target, both improving: (50 + 100 + 100) ÷ 3 of 150. 4.7: full."""
    answers = {name: tracker(name, "--json", stdin=json.dumps(EXAMPLE)) for name in COMMANDS}
    streamed = {name: tracker(name, "--lines", stdin=lines(EXAMPLE)) for name in COMMANDS}

    found = {name: json.loads(done.stdout) for name, done in answers.items()}
    assert {done.returncode for done in [*answers.values(), *streamed.values()]} == {0}
    assert {name: json.loads(done.stdout) for name, done in streamed.items()} == found
    points = {name: item["points"] for name, item in found["score"]["items"].items() if item["points"]}
    assert points == {"1.2": "30", "2.1": "45", "2.7": "10", "4.4": "125", "4.7": "150"}
    assert found["simulate"]["moved"] == {"1.2": "10", "2.7": "30", "4.4": "25"}
    assert found["attribute"] == {
        "gain": "65",
        "exact": True,
        "gaps": {
            "NC-01": {"alone": "10", "last": "10", "share": "10"},
            "NC-02": {"alone": "55", "last": "55", "share": "55"},
        },
    }
    assert found["path"]["feasible"] is False
    assert found["path"]["blocking"][-1].startswith("blank: 1.1, 2.2")


# ---------------------------------------------------------------- the demo's


SITES = [("suzhou", ahead.COPC), ("chengdu", ahead.COPC), ("chengdu", ahead.SEE_CMM)]


def exported(app: Flask, code: str, standard: str) -> tuple[dict[str, Any], ScoringRun]:
    """The sheet of a site's newest run as the application exports it, and the run."""
    with app.app_context():
        run = db.session.scalars(
            sa.select(ScoringRun)
            .join(
                Site,
                sa.and_(Site.organisation_id == ScoringRun.organisation_id, Site.id == ScoringRun.site_id),
            )
            .where(Site.code == code, ScoringRun.standard == standard)
            .order_by(ScoringRun.number.desc())
            .limit(1)
        ).one()
        db.session.expunge(run)
    answer = ahead.pages(app).client.get(f"/scores/runs/{run.number}/sheet.json")
    assert answer.status_code == 200
    return json.loads(answer.data), run


@pytest.mark.parametrize(("code", "standard"), SITES)
def test_the_demo_s_sites_leave_the_application_and_are_answered(
    demo_app: Flask, code: str, standard: str
) -> None:
    sheet, run = exported(demo_app, code, standard)

    answers = {name: tracker(name, "--json", stdin=json.dumps(sheet)) for name in COMMANDS}
    streamed = {name: tracker(name, "--lines", stdin=lines(sheet, sheet)) for name in COMMANDS}

    assert {done.returncode for done in [*answers.values(), *streamed.values()]} == {0}
    assert {done.stderr for done in [*answers.values(), *streamed.values()]} == {""}
    found = {name: json.loads(done.stdout) for name, done in answers.items()}
    for name, done in streamed.items():
        assert [json.loads(line) for line in done.stdout.splitlines()] == [found[name]] * 2
    assert Fraction(found["score"]["total"]) == run.total
    assert found["score"] == found["simulate"]["before"]
    gain = Fraction(found["simulate"]["after"]["total"]) - Fraction(found["simulate"]["before"]["total"])
    assert Fraction(found["attribute"]["gain"]) == gain
    assert sum(Fraction(entry["share"]) for entry in found["attribute"]["gaps"].values()) == gain
    assert set(found["attribute"]["gaps"]) == {gap["id"] for gap in sheet.get("gaps", [])}
    plan = found["path"]
    if plan["feasible"]:
        closing = [word for name in plan["close"] for word in ("--close", name)]
        if closing:
            simulated = json.loads(tracker("simulate", "--json", *closing, stdin=json.dumps(sheet)).stdout)
            assert plan["result"] == simulated["after"]
    else:
        assert plan["best"] == found["simulate"]["after"]
        assert plan["blocking"]


def test_a_path_on_the_demo_s_open_site_is_one_that_the_simulation_confirms(demo_app: Flask) -> None:
    sheet, run = exported(demo_app, "chengdu", ahead.COPC)
    plan = json.loads(tracker("path", "--json", "--to", "lenient", stdin=json.dumps(sheet)).stdout)

    closing = [word for name in plan["close"] for word in ("--close", name)]
    simulated = json.loads(tracker("simulate", "--json", *closing, stdin=json.dumps(sheet)).stdout)

    assert len(plan["close"]) > 3
    assert sorted(plan["order"]) == plan["close"]
    assert plan["result"] == simulated["after"]
    assert simulated["after"]["verdict"] == "meets_lenient_only"
    assert simulated["before"]["total"] == str(run.total)
