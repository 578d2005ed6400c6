"""What the score pages show."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class SiteChoice:
    """A site in the switcher."""

    code: str
    name: str
    here: bool


@dataclass(frozen=True)
class Reading:
    """One condition of certification, under the two readings it belongs to; None: nobody can say yet."""

    id: str
    title: str
    holds: bool | None
    detail: str
    strict: bool
    lenient: bool

    @property
    def status(self) -> str:
        return {True: "holds", False: "fails", None: "unknown"}[self.holds]


@dataclass(frozen=True)
class PinnedBy:
    """An open non-conformity that holds a fact of an element."""

    number: int
    label: str
    title: str


@dataclass(frozen=True)
class ItemRow:
    """An item with its dimensions in the order of the table, its points, and why."""

    id: str
    name: str
    dimensions: tuple[tuple[str, int | None], ...]
    computed: tuple[tuple[str, int | None], ...]
    percent: Fraction | None
    points: Fraction | None
    maximum: Fraction
    lost: Fraction | None
    reasons: tuple[str, ...]
    pinned_by: tuple[PinnedBy, ...]

    def dimension(self, name: str) -> int | None:
        return dict(self.dimensions).get(name)

    def has(self, name: str) -> bool:
        return name in dict(self.dimensions)


@dataclass(frozen=True)
class CategoryRows:
    """A category with its sum and its items."""

    id: str
    name: str
    points: Fraction
    maximum: Fraction
    items: tuple[ItemRow, ...]


@dataclass(frozen=True)
class RowMark:
    """A SEE-CMM row: its level, and what the next level asks for."""

    id: str
    name: str
    level: int | None
    next_step: str


@dataclass(frozen=True)
class CriterionRow:
    """A criterion with its rows, level and points."""

    id: str
    name: str
    kind: str
    level: int | None
    percent: Fraction | None
    points: Fraction | None
    maximum: Fraction
    rows: tuple[RowMark, ...]
    reasons: tuple[str, ...]
    pinned_by: tuple[PinnedBy, ...]


@dataclass(frozen=True)
class Step:
    """A run after the baseline: what caused it, and what it moved."""

    run: int
    cause: str
    label: str
    title: str
    nonconformity: int | None
    total: Fraction
    moved: Fraction
    items: tuple[tuple[str, Fraction], ...]
    verdict: str
    at: datetime


@dataclass(frozen=True)
class Totals:
    """The totals of a site under a standard, always named and never mixed (N-SCORE-2)."""

    standard: str
    tier: str
    baseline: Fraction | None
    claimed: Fraction | None
    verified: Fraction | None
    projected: Fraction | None
    maximum: Fraction
    mark: Fraction
    verdict: str
    projected_verdict: str
    level: int | None
    projected_level: int | None


@dataclass(frozen=True)
class Run:
    """A stored run as its page shows it."""

    number: int
    label: str
    standard: str
    tier: str
    cause: str
    site_code: str
    site_name: str
    release: str
    total: Fraction
    maximum: Fraction
    as_of: date
    at: datetime
    person: str
    content_hash: str
    intact: bool
    policy: tuple[tuple[str, str], ...]
    previous: int | None
    next: int | None


@dataclass(frozen=True)
class Word:
    """The assessor's word on item 4.7: what it is now, and whether the figures suggest a yes (C-N4)."""

    compliant: bool | None
    reason: str
    suggested: bool
    version: int | None
    may_speak: bool


@dataclass(frozen=True)
class Lens:
    """One reading of the same facts: strict, lenient, or another tier; `passes` is None while items are blank."""

    id: str
    total: Fraction
    mark: Fraction
    maximum: Fraction
    passes: bool | None


@dataclass(frozen=True)
class ScorePage:
    """All that a score page shows, of the newest run or of a past one."""

    sites: tuple[SiteChoice, ...]
    site_code: str
    site_name: str
    standard: str
    tier: str
    totals: Totals | None
    run: Run | None
    verdict: str
    verdict_title: str
    passes: bool
    conditions: tuple[Reading, ...]
    categories: tuple[CategoryRows, ...]
    criteria: tuple[CriterionRow, ...]
    level_name: str
    next_rows: tuple[str, ...]
    hints: tuple[str, ...]
    steps: tuple[Step, ...]
    chart: dict[str, Any] | None
    target_level: int
    word: Word | None = None
    lenses: tuple[Lens, ...] = ()


@dataclass(frozen=True)
class Moved:
    """What closing a non-conformity moves under one standard."""

    standard: str
    before: Fraction
    after: Fraction
    moved: tuple[tuple[str, Fraction], ...]
    level_before: int | None = None
    level_after: int | None = None

    @property
    def change(self) -> Fraction:
        return self.after - self.before


@dataclass(frozen=True)
class Promise:
    """What closing a non-conformity, and nothing else, would move now."""

    standards: tuple[Moved, ...]

    def of(self, standard: str) -> Moved | None:
        return next((each for each in self.standards if each.standard == standard), None)
