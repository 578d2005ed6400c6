"""The facts of a sheet as frozen values: what the score knows, and all that it knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from scoring import catalogue, policy
from scoring.catalogue import Item, Standard
from scoring.policy import Policy

FORMAT = "score-sheet/1"
STATUSES = ("met", "not_met", "not_applicable", "not_assessed")
DIMENSIONS = {"approach": (0, 25, 50, 75, 100), "deployment": (0, 25, 50, 75, 100), "level": (0, 50, 100),
              "trend": (0, 50, 100)}  # fmt: skip
METRIC_FACTS = ("cui", "meets", "improves")
ACHIEVING_RESULTS = "4.7"
DEFAULT_TARGET_LEVEL = 3


@dataclass(frozen=True, slots=True)
class LineFact:
    """What the assessor said of a requirement line; the flag marks a line that note 3 may waive."""

    status: str
    improvement_approach: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """A target range, both ends included."""

    low: Fraction
    high: Fraction


Target = Fraction | Range


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by its monthly values, by facts an assessor stated, or by both.

    `target` lists (month, target) in force from that month on; a lasting target has the month `""`.
    `cui_released` is set only by a simulated closure.
    """

    id: str
    required: bool = True
    collected: bool = True
    usable: bool = True
    integrity: bool = True
    better: str | None = None
    target: tuple[tuple[str, Target], ...] | None = None
    values: tuple[tuple[str, Fraction], ...] | None = None
    meets_target: bool | None = None
    improving: bool | None = None
    cui_released: bool = False


@dataclass(frozen=True, slots=True)
class Overrule:
    """Dimension scores set by an assessor, with the reason."""

    scores: Mapping[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """The facts of one item; `None` means that the sheet does not say."""

    id: str
    lines: Mapping[str, LineFact] = field(default_factory=dict)
    deployed: tuple[str, ...] | None = None
    in_scope: tuple[str, ...] | None = None
    metrics: tuple[Metric, ...] | None = None
    compliant: bool | None = None
    overrule: Overrule | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A fact that a closure turns to met.

    `kind` is `line`, `unit`, `metric`, `compliant` or `row`; `item` the item or criterion; `name` the line, unit,
    metric or row; `fact` the metric's fact; `level` the row's level.
    """

    kind: str
    item: str
    name: str = ""
    fact: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """An open non-conformity: what it pins, what it costs to close, and what must be closed before it."""

    id: str
    releases: tuple[Release, ...] = ()
    grade: str | None = None
    effort: Fraction = Fraction(1)
    ready_on: date | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopcSheet:
    """The facts of one site for a standard of items."""

    standard: str
    as_of: date
    tier: str = "standard"
    site: str | None = None
    policy: Policy = policy.DEFAULT
    programmes: tuple[str, ...] | None = None
    key_positions: tuple[str, ...] | None = None
    items: Mapping[str, ItemFacts] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    # The very content of the standard, where its identifier alone does not say it (an organisation's own release).
    read_with: Standard | None = field(default=None, repr=False, compare=False)

    @property
    def catalogue(self) -> Standard:
        """The content that this sheet was read with: the one handed in, or else what its identifier stands for."""
        return self.read_with or catalogue.load(self.standard)

    def units_of(self, item: Item) -> tuple[str, ...]:
        """All units over which the item's deployment is counted."""
        named = self.key_positions if item.unit_kind == "key_position" else self.programmes
        return named or ()


@dataclass(frozen=True, slots=True)
class SeeSheet:
    """The rows of one site, or a part of it, for a standard of criteria: criterion → row → level or `None`."""

    standard: str
    as_of: date
    site: str | None = None
    part: str | None = None
    target_level: int | None = None
    policy: Policy = policy.DEFAULT
    rows: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    read_with: Standard | None = field(default=None, repr=False, compare=False)

    @property
    def catalogue(self) -> Standard:
        """The content that this sheet was read with: the one handed in, or else what its identifier stands for."""
        return self.read_with or catalogue.load(self.standard)


Sheet = CopcSheet | SeeSheet
