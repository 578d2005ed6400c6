"""What the page of one item or criterion shows: its score, every fact behind it, and what holds each."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tracker.offers import StateView
from tracker.scores.viewmodels import SiteChoice


@dataclass(frozen=True)
class HeldBy:
    """An open non-conformity that holds a fact; of a metric, the aspect that it holds."""

    number: int
    label: str
    aspect: str = ""


@dataclass(frozen=True)
class LineRow:
    """A requirement line; `waived` by note 3, `outline` where the words are not those of the standard."""

    id: str
    text: str
    status: str
    improvement: bool
    waived: bool
    outline: bool
    note: str
    evidence: str
    held_by: tuple[HeldBy, ...]


@dataclass(frozen=True)
class UnitRow:
    """A programme or key position; `judged` is what was found there: full, partial, none, not_applicable."""

    code: str
    name: str
    in_scope: bool
    deployed: bool
    judged: str
    sampled: bool
    note: str
    evidence: str
    held_by: tuple[HeldBy, ...]


@dataclass(frozen=True)
class Month:
    """One month of a series; `met` is None where no target was in force."""

    month: str
    value: Fraction
    met: bool | None


@dataclass(frozen=True)
class MetricRow:
    """A metric with the facts that it contributes; `window` are the months that decide whether it meets target."""

    code: str
    name: str
    number: int | None
    item: str
    required: bool
    letters: tuple[tuple[str, bool], ...]
    meets: bool
    improving: bool
    stated: bool
    periods_met: int
    periods: int
    provisional: bool
    better: str
    measure: str
    target: str
    window: tuple[Month, ...]
    notes: tuple[str, ...]
    held_by: tuple[HeldBy, ...]


@dataclass(frozen=True)
class MarkRow:
    """A row of a criterion: its level, what that level says, and what the next one asks for."""

    id: str
    name: str
    question: str
    level: int | None
    says: str
    next_step: str
    note: str
    evidence: str
    held_by: tuple[HeldBy, ...]


@dataclass(frozen=True)
class ActionLink:
    """A corrective action that answers a non-conformity."""

    number: int
    label: str
    title: str
    state: StateView


@dataclass(frozen=True)
class OpenGap:
    """An open non-conformity of the item: what it holds, what closing it alone moves, and its actions."""

    number: int
    label: str
    title: str
    state: StateView | None
    holds: tuple[str, ...]
    alone: Fraction
    effort: Fraction
    due_on: date | None
    days_left: int | None
    actions: tuple[ActionLink, ...]


@dataclass(frozen=True)
class DimensionRow:
    """A dimension: `met` of `count`, its score, the rule, and how it came to differ from its own figures."""

    name: str
    score: int | None
    met: int
    count: int
    rule: str
    missing: tuple[str, ...]
    computed: int | None = None
    overruled: bool = False
    by_note: bool = False


@dataclass(frozen=True)
class HeldCondition:
    """A condition of certification and whether this item keeps it from holding."""

    id: str
    title: str
    status: str
    blocked_here: bool
    detail: str
    strict: bool
    lenient: bool


@dataclass(frozen=True)
class ItemPage:
    """Everything behind one number of the score."""

    sites: tuple[SiteChoice, ...]
    site_code: str
    site_name: str
    standard: str
    tier: str
    element: str
    name: str
    category: str
    run: int
    run_label: str
    newest: bool
    as_of: date
    percent: Fraction | None
    points: Fraction | None
    maximum: Fraction
    level: int | None
    total: Fraction
    total_maximum: Fraction
    dimensions: tuple[DimensionRow, ...] = ()
    why: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    lines: tuple[LineRow, ...] = ()
    units: tuple[UnitRow, ...] = ()
    unit_kind: str = ""
    metrics: tuple[MetricRow, ...] = ()
    pooled: bool = False
    marks: tuple[MarkRow, ...] = ()
    gaps: tuple[OpenGap, ...] = ()
    conditions: tuple[HeldCondition, ...] = ()
    policy: tuple[tuple[str, str], ...] = ()
    before: str = ""
    after: str = ""

    @property
    def of_items(self) -> bool:
        return bool(self.dimensions)

    @property
    def blocked(self) -> tuple[HeldCondition, ...]:
        """The conditions that this item keeps from holding."""
        return tuple(condition for condition in self.conditions if condition.blocked_here)
