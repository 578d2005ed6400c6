"""A gap proposes rows: where item and dimension cross, each once, the primary criterion first."""

import pytest

from scoring import catalogue, crosswalk
from scoring.facts import Release

COPC, SEE = catalogue.load(catalogue.COPC), catalogue.load(catalogue.SEE_CMM)


def rows(*pins: Release) -> list[tuple[str, bool]]:
    return [(f"{entry.criterion}.{entry.row}", entry.primary) for entry in crosswalk.propose(COPC, SEE, pins)]


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        (Release("line", "1.1", "1.1-1"), [("S1.approach", True), ("S2.approach", False)]),
        (Release("unit", "1.1", "card"), [("S1.deployed", True), ("S2.deployed", False)]),
        (Release("line", "1.2", "1.2-2a"), [("S1.feedback", True), ("S4.feedback", False)]),
        (Release("line", "2.6", "2.6-1"), [("S5.approach", True), ("S4.approach", False)]),
        (Release("line", "2.6", "2.6-5"), [("S5.feedback", True), ("S4.feedback", False)]),
        (Release("compliant", "4.7", fact="compliant"), []),
        (Release("line", "9.9", "9.9-1"), []),
    ],
)
def test_a_pin_proposes_the_rows_that_ask_the_same(pin: Release, expected: list[tuple[str, bool]]) -> None:
    assert rows(pin) == expected


@pytest.mark.parametrize(("fact", "row"), [("meets", "targets"), ("improves", "trends"), ("cui", "scope")])
def test_a_metric_speaks_to_rows_of_results(fact: str, row: str) -> None:
    found = crosswalk.propose(COPC, SEE, [Release("metric", "4.2", "csat", fact)])

    assert {(entry.row, SEE.criterion(entry.criterion).kind) for entry in found} == {(row, "result")}


def test_a_row_is_proposed_once_and_by_its_primary_item() -> None:
    found = crosswalk.propose(COPC, SEE, [Release("line", "1.1", "1.1-0"), Release("line", "1.1", "1.1-1")])

    assert [(entry.criterion, entry.item, entry.dimension) for entry in found] == [
        ("S1", "1.1", "approach"), ("S2", "1.1", "approach"),
    ]  # fmt: skip
    assert found[0].reasons[0].of("en") == "Direction is set and lived by leaders; it states policy"
    assert found[0].reasons[1].of("zh") == "问的是同一个问题"


def test_release_4_3_crosses_over_as_well_and_no_proposal_names_a_row_that_is_not_there() -> None:
    for standard in (COPC, catalogue.load(catalogue.COPC_4_3)):
        pins = [Release("line", item.id, line.id) for item in standard.items for line in item.lines]
        pins += [Release("unit", item.id, "card") for item in standard.items]
        pins += [
            Release("metric", item.id, "m", fact)
            for item in standard.items
            for fact in ("cui", "meets", "improves")
        ]
        for entry in crosswalk.propose(standard, SEE, pins):
            assert entry.row in {row.id for row in SEE.criterion(entry.criterion).rows}
