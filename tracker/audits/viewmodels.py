"""Follow-up audits as pages see them."""

from dataclasses import dataclass
from datetime import date

from tracker.actions.viewmodels import Chip
from tracker.offers import MoveView, StateView
from tracker.timeline import Entry, SignatureView


@dataclass(frozen=True)
class Row:
    """A line of the register."""

    number: int
    label: str
    state: StateView
    purpose: str
    mode: str
    planned_on: date
    days_left: int | None
    auditor: str
    site: str
    covered: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Register:
    """A page of the register, and the keys of its neighbours."""

    rows: tuple[Row, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class CheckView:
    """A line of the checklist, with what the plan says of its task."""

    id: int
    version: int
    text: str
    answer: str
    evidence: str
    claimed: str


@dataclass(frozen=True)
class ActionLine:
    """An action behind a covered non-conformity."""

    number: int
    label: str
    title: str
    state: StateView
    criterion: str
    window_ends_on: date | None


@dataclass(frozen=True)
class VerdictView:
    """A covered non-conformity with its two answers."""

    id: int
    version: int
    number: int
    label: str
    title: str
    element: str
    grade: Chip
    state: StateView
    implemented: bool | None
    effective: bool | None
    note: str
    evidence: str
    actions: tuple[ActionLine, ...]
    window_ends_on: date | None
    window_left: int | None


@dataclass(frozen=True)
class AuditPage:
    """All of one follow-up audit."""

    id: int
    number: int
    label: str
    version: int
    status: str
    state: StateView
    purpose: str
    purpose_title: str
    mode_title: str
    desk_reason: str
    planned_on: date
    days_left: int | None
    auditor_id: int
    auditor: str
    site: str
    sample: str
    summary: str
    started_on: date | None
    concluded_on: date | None
    checks: tuple[CheckView, ...]
    verdicts: tuple[VerdictView, ...]
    moves: tuple[MoveView, ...]
    signatures: tuple[SignatureView, ...]
    history: tuple[Entry, ...]
    steps: tuple[tuple[str, str], ...]
    drawing: str
    forward: str
    # The last move, where this person may take it back now.
    undo: str
    effects: dict[str, list[tuple[str, str]]]

    @property
    def answers_effect(self) -> bool:
        """Whether it answers effective? too."""
        return self.purpose == "effectiveness"

    @property
    def checked(self) -> int:
        """How many lines of the checklist are answered."""
        return sum(bool(check.answer) for check in self.checks)
