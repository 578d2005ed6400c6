"""What a standard is made of: items with lines, points and bands, or criteria with rows and levels. Frozen values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from scoring.text import Text

# Releases of the standard whose item 4.7 has no metrics of its own and may lift the trends of others.
COPC_PREFIX = "copc-2000-csp@"


@dataclass(frozen=True, slots=True)
class Line:
    """A requirement line. `basis` is `standard`, `provisional` or `outline`; only the first restates the standard."""

    id: str
    text: Text
    improvement_approach: bool = False
    basis: str = "standard"
    csp_type: str | None = None

    @property
    def outline(self) -> bool:
        """Whether the line is a working outline that people must check against their own copy."""
        return self.basis != "standard"


@dataclass(frozen=True, slots=True)
class Hint:
    """An explanation or a benchmark: help for the assessor, never scored."""

    kind: str
    text: Text


@dataclass(frozen=True, slots=True)
class Crossing:
    """The SEE-CMM criteria that an item speaks to: the primary one, further ones, and why."""

    primary: str
    secondary: tuple[str, ...]
    reason: Text


@dataclass(frozen=True, slots=True)
class Item:
    """A scored item; `points` maps each tier that has the item to its full marks."""

    id: str
    category: str
    name: Text
    points: Mapping[str, Fraction]
    lines: tuple[Line, ...]
    unit_kind: str | None
    hints: tuple[Hint, ...] = ()
    heading: Text | None = None
    crossing: Crossing | None = None

    @property
    def gold_only(self) -> bool:
        """Whether the item exists in the gold tier alone."""
        return "standard" not in self.points


@dataclass(frozen=True, slots=True)
class Category:
    """A category and its full marks in each tier."""

    id: str
    name: Text
    points: Mapping[str, Fraction]
    unit_kind: str | None


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier: its full marks and the total that its first condition asks for."""

    id: str
    name: Text
    max: Fraction
    pass_points: Fraction


Bands = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the assessment grid: its label, its question, and what each level 1-4 asks for."""

    id: str
    name: Text
    question: Text
    rubric: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A SEE-CMM criterion; `kind` is `enabler` or `result`."""

    id: str
    name: Text
    kind: str
    definition: Text
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class MaturityLevel:
    """A maturity level 1-4 with its checklist."""

    number: int
    name: Text
    grid_label: Text
    checklist: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class DimensionCrossing:
    """A COPC notion and the SEE-CMM row that asks the same question."""

    id: str
    name: Text
    row: str
    reason: Text


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """One release of one standard. `family` is `items` (COPC) or `rows` (SEE-CMM). Equal is only the same object."""

    id: str
    family: str
    release: str
    name: Text
    content_hash: str
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    categories: tuple[Category, ...] = ()
    items: tuple[Item, ...] = ()
    bands: Mapping[str, Bands] = field(default_factory=dict)
    dimension_crossings: tuple[DimensionCrossing, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    levels: tuple[MaturityLevel, ...] = ()
    concepts: tuple[Text, ...] = ()
    _items: Mapping[str, Item] = field(default_factory=dict, repr=False)
    _of_tier: Mapping[str, tuple[Item, ...]] = field(default_factory=dict, repr=False)
    _criteria: Mapping[str, Criterion] = field(default_factory=dict, repr=False)

    @property
    def copc(self) -> bool:
        """Whether this is a release of COPC-2000 CSP, with the item 4.7 and its note 4."""
        return self.id.startswith(COPC_PREFIX)

    @property
    def default_tier(self) -> str:
        """The tier of a sheet that names none: `standard`, or the first one where there is no such tier."""
        return "standard" if "standard" in self.tiers else next(iter(self.tiers), "")

    def item(self, item_id: str) -> Item:
        """The item with this identifier, `KeyError` when there is none."""
        return self._items[item_id]

    def has_item(self, item_id: str) -> bool:
        """Whether the standard has such an item in any tier."""
        return item_id in self._items

    def items_of(self, tier: str) -> tuple[Item, ...]:
        """The items of a tier in catalogue order."""
        return self._of_tier[tier]

    def category(self, category_id: str) -> Category:
        """The category with this identifier, `KeyError` when there is none."""
        return next(entry for entry in self.categories if entry.id == category_id)

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion with this identifier, `KeyError` when there is none."""
        return self._criteria[criterion_id]

    def has_criterion(self, criterion_id: str) -> bool:
        """Whether the standard has such a criterion."""
        return criterion_id in self._criteria

    def rows(self) -> Iterator[tuple[Criterion, Row]]:
        """Every row with its criterion, in catalogue order."""
        return ((criterion, row) for criterion in self.criteria for row in criterion.rows)
