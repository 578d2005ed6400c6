"""Every field of a sheet: the fact that is read from it, and how it is written again."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from scoring import catalogue, rescore
from scoring.facts import (
    CopcSheet,
    Gap,
    ItemFacts,
    LineFact,
    Metric,
    Overrule,
    Range,
    Release,
    SeeSheet,
)
from scoring.policy import DEFAULT, Policy
from scoring.sheet import SheetFaults, loads, parse, to_json
from scoring.sheet_reader import find_cycles
from tests.scoring import builders

Plain = dict[str, Any]

WHOLE: Plain = {
    "format": "score-sheet/1",
    "standard": catalogue.COPC,
    "tier": "gold",
    "site": "Suzhou",
    "as_of": "2026-06-30",
    "policy": {"copc.cert_policy": "lenient", "metric.window": 12},
    "programmes": ["card", "loan"],
    "key_positions": ["agent"],
    "items": {
        "1.2": {
            "lines": {
                "a": "met",
                "b": {"status": "not_met", "improvement_approach": True},
                "c": {"status": "not_applicable"},
                "d": {"status": "not_assessed", "improvement_approach": False},
            },
            "deployed": ["loan", "card"],
            "in_scope": ["card"],
            "overrule": {"approach": 75, "deployment": 0, "reason": "seen"},
        },
        "3.4": {"lines": {}, "deployed": ["agent"]},
        "4.2": {
            "metrics": [
                {
                    "id": "said",
                    "required": False,
                    "collected": False,
                    "meets_target": True,
                    "improving": False,
                },
                {
                    "id": "wrong",
                    "usable": False,
                    "integrity": False,
                    "improving": True,
                    "meets_target": False,
                },
                {
                    "id": "wait",
                    "better": "lower",
                    "target": {"2026-03": "10", "2025-12": "1/3"},
                    "values": {"2026-02": 3, "2025-12": Decimal("1.50"), "2026-01": "2/3"},
                },
                {"id": "calls", "better": "range", "target": {"low": "1", "high": 2}, "values": {}},
                {
                    "id": "mail",
                    "better": "range",
                    "target": {"2026-01": {"low": -1, "high": "0.5"}},
                    "values": {"2026-06": "0"},
                },
                {"id": "goal", "better": "higher", "target": 98, "meets_target": True},
            ],
            "overrule": {"level": 50, "trend": 100, "reason": "recounted"},
        },
        "4.7": {"lines": {"x": "met"}, "compliant": True},
    },
    "gaps": [
        {
            "id": "NC-1",
            "grade": "major",
            "effort": "5/2",
            "ready_on": "2026-09-01",
            "needs": ["NC-2"],
            "releases": [
                {"item": "1.2", "line": "b"},
                {"item": "3.4", "unit": "agent"},
                {"item": "4.2", "metric": "wait", "fact": "meets"},
                {"item": "4.7", "fact": "compliant"},
            ],
        },
        {"id": "NC-2"},
    ],
}

FACTS = CopcSheet(
    standard=catalogue.COPC,
    as_of=date(2026, 6, 30),
    tier="gold",
    site="Suzhou",
    policy=Policy(cert_policy="lenient", window=12),
    programmes=("card", "loan"),
    key_positions=("agent",),
    items={
        "1.2": ItemFacts(
            "1.2",
            lines={
                "a": LineFact("met"),
                "b": LineFact("not_met", True),
                "c": LineFact("not_applicable"),
                "d": LineFact("not_assessed"),
            },
            deployed=("loan", "card"),
            in_scope=("card",),
            overrule=Overrule({"approach": 75, "deployment": 0}, "seen"),
        ),
        "3.4": ItemFacts("3.4", deployed=("agent",)),
        "4.2": ItemFacts(
            "4.2",
            metrics=(
                Metric("said", required=False, collected=False, meets_target=True, improving=False),
                Metric("wrong", usable=False, integrity=False, improving=True, meets_target=False),
                Metric(
                    "wait",
                    better="lower",
                    target=(("2025-12", Fraction(1, 3)), ("2026-03", Fraction(10))),
                    values=(
                        ("2025-12", Fraction(3, 2)),
                        ("2026-01", Fraction(2, 3)),
                        ("2026-02", Fraction(3)),
                    ),
                ),
                Metric("calls", better="range", target=(("", Range(Fraction(1), Fraction(2))),), values=()),
                Metric(
                    "mail",
                    better="range",
                    target=(("2026-01", Range(Fraction(-1), Fraction(1, 2))),),
                    values=(("2026-06", Fraction(0)),),
                ),
                Metric("goal", better="higher", target=(("", Fraction(98)),), meets_target=True),
            ),
            overrule=Overrule({"level": 50, "trend": 100}, "recounted"),
        ),
        "4.7": ItemFacts("4.7", lines={"x": LineFact("met")}, compliant=True),
    },
    gaps=(
        Gap(
            "NC-1",
            releases=(
                Release("line", "1.2", "b"),
                Release("unit", "3.4", "agent"),
                Release("metric", "4.2", "wait", "meets"),
                Release("compliant", "4.7", fact="compliant"),
            ),
            grade="major",
            effort=Fraction(5, 2),
            ready_on=date(2026, 9, 1),
            needs=("NC-2",),
        ),
        Gap("NC-2"),
    ),
)

ROWS: Plain = {
    "format": "score-sheet/1",
    "standard": catalogue.SEE_CMM,
    "site": "Suzhou",
    "part": "hotline",
    "target_level": 4,
    "as_of": "2026-06-30",
    "policy": {"see.level_rule": "mean_floor"},
    "rows": {"S1": {"approach": 0, "deployed": 4, "feedback": None}, "S2": {}, "S3": None},
    "gaps": [{"id": "NC-1", "releases": [{"criterion": "S1", "row": "approach", "level": 3}]}],
}


def test_everything_in_a_sheet_of_items_is_read() -> None:
    assert parse(WHOLE) == FACTS


def test_everything_in_a_sheet_of_rows_is_read() -> None:
    assert parse(ROWS) == SeeSheet(
        standard=catalogue.SEE_CMM,
        as_of=date(2026, 6, 30),
        site="Suzhou",
        part="hotline",
        target_level=4,
        policy=Policy(level_rule="mean_floor"),
        rows={"S1": {"approach": 0, "deployed": 4, "feedback": None}, "S2": {}},
        gaps=(Gap("NC-1", releases=(Release("row", "S1", "approach", level=3),)),),
    )


def test_what_a_sheet_leaves_out_stays_unsaid() -> None:
    bare = {"format": "score-sheet/1", "as_of": "2026-06-30"}

    assert parse({**bare, "standard": catalogue.COPC, "items": {"1.2": {}}}) == CopcSheet(
        catalogue.COPC, date(2026, 6, 30), items={"1.2": ItemFacts("1.2")}
    )
    assert parse({**bare, "standard": catalogue.SEE_CMM, "rows": {}}) == SeeSheet(
        catalogue.SEE_CMM, date(2026, 6, 30), policy=DEFAULT
    )


def test_a_sheet_of_items_is_written_as_it_is_read() -> None:
    """Numbers as exact text, months in order; what is at its default is left out."""
    written = to_json(FACTS)

    assert json.loads(json.dumps(written)) == written
    assert parse(written) == FACTS
    assert written["items"]["4.2"]["metrics"][2:5] == [
        {
            "id": "wait",
            "better": "lower",
            "target": {"2025-12": "1/3", "2026-03": "10"},
            "values": {"2025-12": "3/2", "2026-01": "2/3", "2026-02": "3"},
        },
        {"id": "calls", "better": "range", "target": {"low": "1", "high": "2"}, "values": {}},
        {
            "id": "mail",
            "better": "range",
            "target": {"2026-01": {"low": "-1", "high": "1/2"}},
            "values": {"2026-06": "0"},
        },
    ]


# ---------------------------------------------------------------- which standard

BARE: Plain = {"format": "score-sheet/1", "as_of": "2026-06-30"}


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({}, ["standard: missing", "items: missing: a sheet has items, or rows"]),
        ({"standard": "x@1"}, ["standard: unknown standard: 'x@1'", "items: missing: a sheet has items, or rows"]),
        ({"standard": 5, "items": {"9.9": {}}}, ["standard: unknown standard: 5", "items.9.9: unknown item"]),
        ({"items": {"9.9": {}}}, ["standard: missing", "items.9.9: unknown item"]),
        ({"rows": {"S9": {}}}, ["standard: missing", "rows.S9: unknown criterion"]),
        ({"standard": "copc-2000-csp@9", "rows": {}}, ["standard: unknown standard: 'copc-2000-csp@9'",
                                                      "rows: unknown field", "items: missing"]),
        ({"standard": "see-cmm@9", "rows": {"S9": {}}}, ["standard: unknown standard: 'see-cmm@9'",
                                                         "rows.S9: unknown criterion"]),
        ({"standard": "see-cmm@9@9", "rows": {"S9": {}}}, ["standard: unknown standard: 'see-cmm@9@9'",
                                                           "rows.S9: unknown criterion"]),
        ({"standard": catalogue.COPC, "items": {"2.1": {"in_scope": ["a"]}}}, ["programmes: missing"]),
        ({"standard": catalogue.COPC, "items": {"3.4": {"deployed": ["a"]}}}, ["key_positions: missing"]),
        ({"standard": "see-cmm", "rows": {"S9": {}}}, ["standard: unknown standard: 'see-cmm'",
                                                       "rows.S9: unknown criterion"]),
    ],
)  # fmt: skip
def test_a_sheet_without_a_known_standard_is_read_by_the_likely_one(plain: Plain, said: list[str]) -> None:
    with pytest.raises(SheetFaults) as caught:
        parse(BARE | plain)

    assert [str(fault) for fault in caught.value.faults] == said


def test_the_content_handed_in_is_the_one_that_is_read_with() -> None:
    known = catalogue.load(catalogue.SEE_CMM)

    found = parse(ROWS, known)

    assert found.read_with is known
    assert loads(json.dumps(ROWS), known) == found
    assert parse(ROWS).read_with is None
    with pytest.raises(SheetFaults) as caught:
        parse(BARE | {"standard": catalogue.COPC, "rows": {"S9": {}}}, known)
    assert [str(fault) for fault in caught.value.faults] == [
        f"standard: unknown standard: '{catalogue.COPC}'",
        "rows.S9: unknown criterion",
    ]


@pytest.mark.parametrize(("standard", "facts"), [(catalogue.COPC, "items"), (catalogue.SEE_CMM, "rows")])
def test_a_score_keeps_the_content_that_its_sheet_was_read_with(standard: str, facts: str) -> None:
    """Content that nobody registered, under a name that is not known: nothing can be looked up."""
    known = catalogue.parse(catalogue.source(standard).replace(f'id = "{standard}"', 'id = "unheard@1"', 1))

    found = rescore.score(parse(BARE | {"standard": "unheard@1", facts: {}}, known))

    assert found.read_with is known
    assert found.catalogue is known
    assert found.to_json()["standard"] == "unheard@1"


def test_a_unit_needs_its_list_and_each_list_is_asked_for_once() -> None:
    plain = builders.sheet()
    del plain["programmes"], plain["key_positions"]

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert [str(fault) for fault in caught.value.faults] == ["programmes: missing", "key_positions: missing"]


@pytest.mark.parametrize(
    ("graph", "cycles"),
    [
        ({}, []),
        ({"A": ["B"], "B": []}, []),
        ({"A": ["A"]}, [["A"]]),
        ({"A": ["B", "C"], "B": ["D"], "C": ["D"], "D": []}, []),
        ({"A": ["B"], "B": ["C"], "C": ["B"]}, [["B", "C"]]),
        ({"A": ["B"], "B": ["A"], "C": ["D"], "D": ["C"]}, [["A", "B"], ["C", "D"]]),
        ({"A": ["B", "C"], "B": ["A"], "C": ["A"]}, [["A", "B"], ["A", "C"]]),
        ({"A": [], "B": ["A", "B"]}, [["B"]]),
    ],
)
def test_each_circle_is_found_where_the_walk_meets_it(
    graph: dict[str, list[str]], cycles: list[list[str]]
) -> None:
    assert list(find_cycles(graph)) == cycles
