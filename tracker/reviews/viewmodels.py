"""What pages and other features see of a review: frozen values, no rows."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from tracker.metrics.viewmodels import GridRow
from tracker.nonconformities.drafts import PinSpec
from tracker.numbering import label
from tracker.offers import MoveView, StateView


@dataclass(frozen=True)
class GapView:
    """A fact of a review that is not met, and who carries it.

    `kind` is `line`, `unit`, `metric` (aspect `cui` or `meets`), `trend` (once per item) or `row`. `key`
    names the gap; what a non-conformity about it pins stands in `pins`.
    """

    standard: str
    key: str
    element: str
    kind: str
    subject: str
    aspect: str
    title: str
    pins: tuple[PinSpec, ...]
    carried_by: int | None = None
    reason: str | None = None

    @property
    def carried(self) -> bool:
        """Whether a non-conformity or a written reason carries it."""
        return self.carried_by is not None or bool(self.reason)

    @property
    def carrier(self) -> str:
        """The non-conformity as people read it: `NC-0012`; empty where none carries the gap."""
        return "" if self.carried_by is None else label("nonconformity", self.carried_by)


@dataclass(frozen=True)
class ElementView:
    """An item or criterion with how far its judging is, and its running score."""

    standard: str
    id: str
    name: str
    judged: int
    total: int
    unevidenced: int
    gaps: int
    uncarried: int
    points: Fraction | None
    maximum: Fraction
    dimensions: tuple[tuple[str, int | None], ...] = ()
    level: int | None = None
    unconfirmed: int = 0

    @property
    def status(self) -> str:
        """`done`, `begun` or `open`."""
        if self.judged == self.total and not self.unevidenced and not self.unconfirmed:
            return "done"
        return "begun" if self.judged else "open"


@dataclass(frozen=True)
class GroupView:
    """A category, or the criteria together, with its elements."""

    id: str
    name: str
    elements: tuple[ElementView, ...]
    points: Fraction
    maximum: Fraction

    @property
    def judged(self) -> int:
        return sum(element.judged for element in self.elements)

    @property
    def total(self) -> int:
        return sum(element.total for element in self.elements)

    @property
    def unconfirmed(self) -> int:
        return sum(element.unconfirmed for element in self.elements)


@dataclass(frozen=True)
class StandingView:
    """The running score of a review under one standard."""

    standard: str
    total: Fraction
    maximum: Fraction
    pass_points: Fraction
    reached: bool
    verdict: str
    blank: int
    level: int | None = None
    target_level: int | None = None


@dataclass(frozen=True)
class ReviewRow:
    """A line of the register."""

    number: int
    title: str
    site_code: str
    site_name: str
    state: StateView
    standards: tuple[str, ...]
    tier: str
    period_start: date
    period_end: date
    lead: str
    judged: int
    total: int
    findings: int

    @property
    def code(self) -> str:
        return label("review", self.number)


@dataclass(frozen=True)
class ReviewView:
    """A review's own values as its page shows them."""

    number: int
    version: int
    title: str
    site_code: str
    site_name: str
    state: StateView
    copc: bool
    see_cmm: bool
    tier: str
    period_start: date
    period_end: date
    planned_on: date | None
    lead: str
    sampled_kcrp: str
    metric_list_confirmed: bool
    reported_at: datetime | None
    accepted_at: datetime | None
    origin: int | None = None

    @property
    def code(self) -> str:
        return label("review", self.number)

    @property
    def origin_code(self) -> str:
        """The review whose facts were taken over; empty where none were."""
        return "" if self.origin is None else label("review", self.origin)


@dataclass(frozen=True)
class FactView:
    """A cell: one line, unit, row, word or stated metric fact, with everything its form needs."""

    standard: str
    key: str
    element: str
    kind: str
    subject: str
    title: str
    value: str
    note: str
    evidence: str
    sampled: bool
    version: int
    improvement_approach: bool = False
    outline: bool = False
    pinned_by: int | None = None
    unmet: bool = False
    rubric: tuple[str, ...] = ()
    question: str = ""
    pin_key: str = ""
    aspect: str = ""
    judged: str = ""
    carried: bool = False

    @property
    def ident(self) -> str:
        """The key as an id of the page."""
        return "fact-" + "".join(sign if sign.isalnum() else "-" for sign in self.key)

    @property
    def carrier(self) -> str:
        return "" if self.pinned_by is None else label("nonconformity", self.pinned_by)

    @property
    def complete(self) -> bool:
        """Judged, with what 1.2-2c asks for."""
        return bool(self.value) and is_evidenced(self.value, self.note, self.evidence)


def is_evidenced(value: str, note: str, evidence: str) -> bool:
    """Whether a verdict has its note and evidence (1.2-2c); "not applicable" only needs the note."""
    return bool(note.strip()) and (value == "not_applicable" or bool(evidence.strip()))


@dataclass(frozen=True)
class OverruleView:
    """An assessor's score beside the computed one."""

    dimension: str
    score: int
    computed: int | None
    reason: str


@dataclass(frozen=True)
class DimensionView:
    """A dimension of an item: its score, and the overrule in force."""

    id: str
    name: str
    score: int | None
    allowed: tuple[int, ...]
    overrule: OverruleView | None = None


@dataclass(frozen=True)
class MetricFacts:
    """What is stated of a metric in a review, by aspect, and who carries its gaps."""

    row: GridRow
    stated: tuple[FactView, ...]
    carriers: tuple[int, ...] = ()
    gap_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunningView:
    """What stands beside the judging: progress and score of the element and of the whole review."""

    element: ElementView
    standings: tuple[StandingView, ...]
    dimensions: tuple[DimensionView, ...]
    reasons: tuple[str, ...]
    judged: int
    total: int
    uncarried: int


@dataclass(frozen=True)
class ElementPage:
    """Everything on the page of an item or criterion of a review."""

    review: ReviewView
    standard: str
    id: str
    name: str
    group: GroupView
    heading: str
    hints: tuple[tuple[str, str], ...]
    lines: tuple[FactView, ...]
    units: tuple[FactView, ...]
    rows: tuple[FactView, ...]
    word: FactView | None
    unconfirmed: tuple[FactView, ...]
    metrics: tuple[MetricFacts, ...]
    months: tuple[str, ...]
    running: RunningView
    gaps: tuple[GapView, ...]
    previous: str | None
    next: str | None
    has_metrics: bool = False
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeploymentPage:
    """The grid of a whole category: units down, items across."""

    review: ReviewView
    category: str
    name: str
    items: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    cells: dict[tuple[str, str], FactView]
    categories: tuple[tuple[str, str], ...]
    running: RunningView | None = None


@dataclass(frozen=True)
class ReviewPage:
    """Everything on the page of a review."""

    review: ReviewView
    groups: tuple[GroupView, ...]
    standings: tuple[StandingView, ...]
    gaps: tuple[GapView, ...]
    closures: tuple[tuple[int, bool], ...]
    findings: tuple[tuple[int, str, StateView], ...]
    moves: tuple[MoveView, ...]
    unconfirmed: int = 0
    last_reported: str = ""
    lacking: tuple[str, ...] = ()
