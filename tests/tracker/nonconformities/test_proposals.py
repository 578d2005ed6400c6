"""Rows of SEE-CMM are proposed where a gap in an item is drafted; nothing is ever set by them."""

import pytest
from flask import Flask

from tracker.nonconformities.drafts import PinSpec
from tracker.nonconformities.proposals import propose
from tracker.scores import releases
from tracker.scores.sheets import COPC, SEE_CMM


@pytest.fixture(autouse=True)
def in_a_request(app: Flask):
    with app.test_request_context():
        yield


def rows(*pins: PinSpec) -> list[tuple[str, str, bool]]:
    return [(found.criterion, found.row, found.primary) for found in propose(pins, releases.first())]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("1.1/line/1.1-1", [("S1", "approach", True), ("S2", "approach", False)]),
        ("2.3/unit/loan", [("S4", "deployed", True), ("S5", "deployed", False)]),
        ("2.3/line/2.3-1a", [("S4", "feedback", True), ("S5", "feedback", False)]),
        ("4.2/metric/csat/meets", [("S6", "targets", True), ("S8", "targets", False)]),
        ("4.2/metric/csat/improves", [("S6", "trends", True), ("S8", "trends", False)]),
        ("4.7/word/compliant", []),
        ("nonsense", []),
    ],
)
def test_item_and_dimension_lead_to_a_row(key: str, expected: list) -> None:
    assert rows(PinSpec(COPC, key)) == expected


def test_a_row_that_is_pinned_already_is_not_proposed() -> None:
    gap, held = PinSpec(COPC, "1.1/line/1.1-1"), PinSpec(SEE_CMM, "S1/row/approach", 3)

    assert rows(gap, held) == [("S2", "approach", False)]
    assert rows(held) == []


def test_a_proposal_says_why() -> None:
    first, *_rest = propose([PinSpec(COPC, "1.1/line/1.1-1")], releases.first())

    assert first.why.startswith("Direction is set and lived by leaders")
    assert "The same question" in first.why
