"""Taking back a move: which ones, by whom, how long, and nothing that anybody signed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workflows.registry import MACHINES
from workflows.undo import (
    NOT_LAST,
    NOT_UNDOABLE,
    NOT_YOURS,
    TOO_LATE,
    UNDO_TIME,
    UNDOABLE,
    LastMove,
    undo_refusals,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACCEPTED = LastMove(machine="nonconformity", event="accept", by=7, at=NOW, is_last=True)


@pytest.mark.parametrize(
    ("move", "person", "later", "said"),
    [
        (ACCEPTED, 7, timedelta(0), ()),
        (ACCEPTED, 7, UNDO_TIME, ()),
        (ACCEPTED, 7, UNDO_TIME + timedelta(seconds=1), (TOO_LATE,)),
        (ACCEPTED, 8, timedelta(0), (NOT_YOURS,)),
        (replace(ACCEPTED, by=None), 7, timedelta(0), (NOT_YOURS,)),
        (replace(ACCEPTED, is_last=False), 7, timedelta(0), (NOT_LAST,)),
        (replace(ACCEPTED, event="close"), 7, timedelta(0), (NOT_UNDOABLE,)),
        (replace(ACCEPTED, machine="audit"), 7, timedelta(0), (NOT_UNDOABLE,)),
        (replace(ACCEPTED, event="raise", is_last=False), 8, timedelta(hours=9),
         (NOT_UNDOABLE, NOT_LAST, NOT_YOURS, TOO_LATE)),
    ],
)  # fmt: skip
def test_the_rule_says_what_stands_in_the_way(move, person, later, said):
    assert undo_refusals(move, person, NOW + later) == said


def test_nothing_that_is_signed_or_made_by_the_product_can_be_taken_back():
    for name, events in UNDOABLE.items():
        machine = MACHINES[name]
        moves = [move for move in machine.transitions if move.event in events]
        assert {move.event for move in moves} == events
        assert not [move.event for move in moves if move.signature or move.by_system]
