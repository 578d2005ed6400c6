"""Which moves can be taken back, by whom and for how long.

Taking back is for a slip of the hand. It is for whoever made the move, for a short time, and only while nothing
has come after it. What is signed, what stored a scoring run and what moved other records is never taken back:
for these the machines have moves of their own (reopen, void, withdraw), which ask for a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.text import Text

UNDO_TIME = timedelta(minutes=30)
"""How long the last move of a record can be taken back, a product default."""

UNDOABLE: Mapping[str, frozenset[str]] = {
    "nonconformity": frozenset(
        {"accept", "dispute", "uphold", "contain", "close_short", "request_void", "decline_void"}
    ),
}
"""Machine → events that change nothing but their own record, and that nobody signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMove:
    """The last move of a record, as far as the rule looks at it."""

    machine: str
    event: str
    by: int | None
    """Who made it; None: the product itself."""
    at: datetime
    is_last: bool
    """Nothing has been written in the record's history after it."""


NOT_UNDOABLE = Text(
    "此操作不能撤销：它已签名、影响了得分或牵动了其他记录。",
    "This move cannot be taken back: it was signed, moved the score, or moved other records.",
)
NOT_LAST = Text("此后记录又有变动，不能再撤销。", "Something has happened to the record since, so it stays.")
NOT_YOURS = Text("只有操作人本人可以撤销。", "Only whoever made the move takes it back.")
TOO_LATE = Text("已超过 30 分钟，不能再撤销。", "More than 30 minutes have passed, so it stays.")


def can_undo(machine: str, event: str) -> bool:
    """Whether moves of this kind can be taken back at all.

    >>> can_undo("nonconformity", "accept"), can_undo("nonconformity", "close")
    (True, False)
    """
    return event in UNDOABLE.get(machine, frozenset())


def undo_refusals(move: LastMove, person: int, now: datetime) -> tuple[Text, ...]:
    """Why this person cannot take the move back now; empty where nothing speaks against it."""
    said = []
    if not can_undo(move.machine, move.event):
        said.append(NOT_UNDOABLE)
    if not move.is_last:
        said.append(NOT_LAST)
    if move.by != person:
        said.append(NOT_YOURS)
    if now - move.at > UNDO_TIME:
        said.append(TOO_LATE)
    return tuple(said)
