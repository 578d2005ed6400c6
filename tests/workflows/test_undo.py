"""Taking back a move: which ones, by whom, how long, and nothing that anybody signed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workflows.registry import MACHINES
from workflows.undo import (
    BY_ITSELF,
    NOT_LAST,
    NOT_YOURS,
    SCORED,
    SIGNED,
    TOO_LATE,
    UNDO_TIME,
    UNDOABLE,
    LastMove,
    can_undo,
    in_the_way,
    undo_refusals,
    why_kept,
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
        (replace(ACCEPTED, event="close"), 7, timedelta(0), (SIGNED,)),
        (replace(ACCEPTED, event="send_back"), 7, timedelta(0), (BY_ITSELF,)),
        (replace(ACCEPTED, machine="review"), 7, timedelta(0), (SIGNED,)),
        (replace(ACCEPTED, in_the_way=("CA-0001",)), 7, timedelta(0), (in_the_way(("CA-0001",)),)),
        (replace(ACCEPTED, event="raise", is_last=False), 8, timedelta(hours=9),
         (SCORED, NOT_LAST, NOT_YOURS, TOO_LATE)),
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


# Nobody signs these, and each changes what the score rests on.
SCORING = {
    ("review", "withdraw"),
    ("nonconformity", "raise"),
    ("nonconformity", "regrade"),
    ("nonconformity", "reopen"),
}


def test_every_other_move_has_its_reason_to_stay():
    kept = {
        (name, move.event): why_kept(name, move.event)
        for name, machine in MACHINES.items()
        for move in machine.transitions
        if not can_undo(name, move.event)
    }

    assert {key for key, why in kept.items() if why == SCORED} == SCORING
    for (name, event), why in kept.items():
        moves = [move for move in MACHINES[name].transitions if move.event == event]
        assert (why == SIGNED) == any(move.signature for move in moves), (name, event)
        assert (why == BY_ITSELF) == any(move.by_system for move in moves), (name, event)


def test_what_stands_in_the_way_is_named():
    assert "NC-0003, NC-0005" in in_the_way(("NC-0003", "NC-0005")).en
    assert "NC-0003" in in_the_way(("NC-0003",)).zh
