"""Which moves can be taken back, by whom and for how long.

Taking back is for a slip of the hand. It is for whoever made the move, for a short time, and only while nothing
has come after it, on the record and on those that the move took along. What is signed, what stored a scoring run
and what the product did by itself is never taken back: for these the machines have moves of their own (reopen,
void, withdraw), which ask for a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.registry import MACHINES
from workflows.text import Text

UNDO_TIME = timedelta(minutes=30)
"""How long the last move of a record can be taken back, a product default."""

UNDOABLE: Mapping[str, frozenset[str]] = {
    "review": frozenset({"start", "close", "cancel"}),
    "nonconformity": frozenset(
        {
            "accept",
            "dispute",
            "uphold",
            "contain",
            "close_short",
            "reopen_short",
            "request_void",
            "decline_void",
        }
    ),
    "action": frozenset(
        {
            "define",
            "analyse",
            "submit_plan",
            "recall_plan",
            "return_to_planning",
            "return_to_analysis",
            "revise_plan",
            "implement",
            "cancel",
        }
    ),
    "audit": frozenset({"reschedule", "start", "cancel"}),
}
"""Machine → events that nobody signs and that leave every fact, and with it the score, where it was."""


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
    in_the_way: tuple[str, ...] = ()
    """Records that the move took along and that something has happened to since."""


SIGNED = Text("已签名的操作不能撤销。", "What was signed cannot be taken back.")
BY_ITSELF = Text(
    "这是系统随其他操作自动进行的，不能单独撤销。",
    "The product did this as a consequence of another move; it cannot be taken back alone.",
)
SCORED = Text(
    "此操作改变了得分所依据的事实，并已留存一次计分，不能撤销。",
    "This move changed facts that the score rests on, and a scoring run keeps that; it cannot be taken back.",
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


def why_kept(machine: str, event: str) -> Text:
    """Why moves of this kind are never taken back.

    >>> why_kept("review", "report").en
    'What was signed cannot be taken back.'
    """
    moves = [move for move in MACHINES[machine].transitions if move.event == event]
    if any(move.signature is not None for move in moves):
        return SIGNED
    return BY_ITSELF if any(move.by_system for move in moves) else SCORED


def in_the_way(records: tuple[str, ...]) -> Text:
    """What is said where records that a move took along have gone on since.

    >>> in_the_way(("NC-0003",)).en
    'NC-0003 moved with it and has gone on since, so it stays.'
    """
    verb = "has" if len(records) == 1 else "have"
    return Text(
        f"{'、'.join(records)} 随之变动，此后又有新的变动，不能再撤销。",
        f"{', '.join(records)} moved with it and {verb} gone on since, so it stays.",
    )


def undo_refusals(move: LastMove, person: int, now: datetime) -> tuple[Text, ...]:
    """Why this person cannot take the move back now; empty where nothing speaks against it."""
    said = []
    if not can_undo(move.machine, move.event):
        said.append(why_kept(move.machine, move.event))
    if not move.is_last:
        said.append(NOT_LAST)
    if move.in_the_way:
        said.append(in_the_way(move.in_the_way))
    if move.by != person:
        said.append(NOT_YOURS)
    if now - move.at > UNDO_TIME:
        said.append(TOO_LATE)
    return tuple(said)
