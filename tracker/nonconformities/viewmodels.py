"""What the pages of non-conformities show: frozen values, already in the language of the request."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tracker.offers import MoveView, StateView
from tracker.timeline import Entry, SignatureView


class RegisterRow(NamedTuple):
    """A line of the register; every text is ready, because a list has hundreds of cells."""

    number: int
    label: str
    title: str
    elements: str
    site: str
    site_name: str
    grade: str
    grade_tone: str
    state: str
    state_tone: str
    state_icon: str
    owner: str
    due: str
    overdue: str
    points: str


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """A page of the register; cursors are empty at an end. `count` is exact, or None above `limit`."""

    rows: tuple[RegisterRow, ...]
    previous: str
    next: str
    count: int | None
    limit: int


@dataclass(frozen=True)
class PinView:
    """A pinned fact with the words of the standard."""

    id: int
    standard: str
    element: str
    element_name: str
    key: str
    name: str
    words: str
    outline: bool
    kind: str
    value: str
    value_tone: str
    released: str
    holders: tuple[str, ...]
    settled: str
    judged: str


@dataclass(frozen=True)
class ActionLine:
    """A corrective action that names the record."""

    number: int
    label: str
    title: str
    state: StateView
    owner: str
    due: date | None
    days_left: int | None
    answer: str


@dataclass(frozen=True)
class AuditLine:
    """A follow-up audit of the record, with its answers."""

    number: int
    label: str
    purpose: str
    state: StateView
    auditor: str
    day: date
    implemented: bool | None
    effective: bool | None
    note: str


@dataclass(frozen=True)
class WorthLine:
    """What closing the record alone would move now, under one standard."""

    standard: str
    name: str
    before: Fraction
    after: Fraction
    moved: tuple[tuple[str, str, Fraction], ...]
    level_before: int | None
    level_after: int | None

    @property
    def gain(self) -> Fraction:
        return self.after - self.before


@dataclass(frozen=True)
class RelatedLine:
    """A record that belongs to the one at hand, and how."""

    words: str
    number: int
    label: str
    title: str
    state: StateView


@dataclass(frozen=True)
class CaseLine:
    """A place where the same was looked for, and what was found."""

    id: int
    version: int
    source: int
    source_label: str
    site_id: int
    unit_id: int | None
    place: str
    answer: str
    answer_words: str
    tone: str
    note: str
    told: str
    raised: int | None
    raised_label: str

    @property
    def open(self) -> bool:
        return self.answer == "asked"


@dataclass(frozen=True)
class QuestionView:
    """A question that another place asks: what was found there, and whether its record may be opened."""

    line: CaseLine
    title: str
    statement: str
    element: str
    visible: bool


@dataclass(frozen=True)
class NonconformityView:
    """The record's page."""

    id: int
    number: int
    label: str
    version: int
    title: str
    statement: str
    evidence: str
    source: str
    grade: str
    grade_id: str
    grade_tone: str
    grade_help: str
    state: StateView
    site_code: str
    site_name: str
    owner: str
    owner_id: int | None
    raised_by: str
    review_number: int | None
    review_label: str
    review_title: str
    repeat_number: int | None
    repeat_label: str
    effort: Fraction
    due: date | None
    due_step: str
    days_left: int | None
    extensions: int
    sent_back: int
    opened: str
    accepted: str
    closed: str
    correction: str
    no_correction_reason: str
    consequence: str
    short_answer: str
    unpinned_reason: str
    dispute_reason: str
    dispute_answer: str
    void_reason: str
    void_asked_by: str
    approved_by: str
    points_alone: Fraction | None
    links: tuple[tuple[str, str, str], ...]
    pins: tuple[PinView, ...]
    actions: tuple[ActionLine, ...]
    audits: tuple[AuditLine, ...]
    signatures: tuple[SignatureView, ...]
    history: tuple[Entry, ...]
    moves: tuple[MoveView, ...]
    related: tuple[RelatedLine, ...]
    cases: tuple[CaseLine, ...]
    may_split: bool
    may_look: bool
    may_edit: bool
    # The title of the last move, where whoever looks may take it back.
    undo: str
    may_extend: bool
    may_act: bool
    may_settle: bool

    @property
    def editable(self) -> bool:
        return self.may_edit and self.state.id not in ("closed", "void")

    @property
    def pins_held(self) -> tuple[PinView, ...]:
        return tuple(pin for pin in self.pins if not pin.released)
