"""The standards as data: catalogues read from `data/`, checked whole, found by identifier.

A catalogue that does not add up is refused with the list of all its faults, so a wrong digit can never
reach a score. Every standard carries its release and a hash of its content; a scoring run stores both.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from scoring.text import Text

DATA = Path(__file__).parent / "data"
COPC = "copc-2000-csp@4.1"
SEE_CMM = "see-cmm@2009"
FILES = {COPC: "copc-2000-csp-4.1.toml", SEE_CMM: "see-cmm-2009.toml"}

OUTLINE_NOTICE = Text(
    zh="工作提纲(非标准原文),请按贵公司持有的标准核对",
    en="Working outline (not the text of the standard): check it against your own licensed copy",
)


class CatalogueError(ValueError):
    """A catalogue that must not be used; `faults` lists everything that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class UnknownStandard(KeyError):
    """No catalogue with this identifier ships."""


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


@dataclass(frozen=True, slots=True)
class Standard:
    """One release of one standard. `family` is `items` (COPC) or `rows` (SEE-CMM)."""

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


@cache
def load(standard_id: str) -> Standard:
    """The catalogue of a standard that ships, read once.

    Raises `UnknownStandard`, and `CatalogueError` when the file does not add up.

    >>> load("copc-2000-csp@4.1").item("2.3").points["standard"]
    Fraction(100, 1)
    """
    return parse(source(standard_id))


def source(standard_id: str) -> str:
    """The TOML text of a catalogue that ships, to be kept with the runs made under it; raises `UnknownStandard`."""
    if standard_id not in FILES:
        raise UnknownStandard(standard_id)
    return (DATA / FILES[standard_id]).read_text(encoding="utf-8")


def parse(source: str) -> Standard:
    """Read a catalogue from its TOML text; raises `CatalogueError` with every fault."""
    try:
        table = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError([f"not TOML: {error}"]) from error
    digest = hashlib.sha256(source.encode()).hexdigest()
    readers = {"items": _read_items, "rows": _read_rows}
    reader = readers.get(str(table.get("family")))
    if reader is None:
        raise CatalogueError(["family: must be items or rows"])
    try:
        standard = reader(table, digest)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CatalogueError([f"a field is missing or of the wrong kind: {error}"]) from error
    faults = list(_item_faults(standard, table) if standard.family == "items" else _row_faults(standard))
    if faults:
        raise CatalogueError(faults)
    return standard


def _text(table: Mapping[str, Any]) -> Text:
    return Text(zh=table["zh"], en=table["en"])


def _points(table: Mapping[str, Any], tiers: Mapping[str, Tier]) -> dict[str, Fraction]:
    return {tier: Fraction(table[tier]) for tier in tiers if tier in table}


def _read_items(table: Mapping[str, Any], digest: str) -> Standard:
    tiers = {
        entry["id"]: Tier(entry["id"], _text(entry), Fraction(entry["max"]), Fraction(entry["pass_points"]))
        for entry in table["tiers"]
    }
    categories = tuple(
        Category(entry["id"], _text(entry), _points(entry, tiers), entry.get("unit_kind"))
        for entry in table["categories"]
    )
    units = {category.id: category.unit_kind for category in categories}
    items = tuple(_read_item(entry, tiers, units) for entry in table["items"])
    return Standard(
        id=table["id"],
        family="items",
        release=table["release"],
        name=_text(table["name"]),
        content_hash=digest,
        tiers=tiers,
        categories=categories,
        items=items,
        bands={name: tuple((edge, score) for edge, score in rows) for name, rows in table["bands"].items()},
        dimension_crossings=tuple(
            DimensionCrossing(entry["id"], _text(entry), entry["row"], _text(entry["reason"]))
            for entry in table.get("dimension_crossings", ())
        ),
        _items={item.id: item for item in items},
        _of_tier={tier: tuple(item for item in items if tier in item.points) for tier in tiers},
    )


def _read_item(entry: Mapping[str, Any], tiers: Mapping[str, Tier], units: Mapping[str, str | None]) -> Item:
    basis = entry.get("basis", "standard")
    crossing = entry.get("crossing")
    return Item(
        id=entry["id"],
        category=entry["category"],
        name=_text(entry),
        points=_points(entry, tiers),
        lines=tuple(_read_line(line, basis) for line in entry["lines"]),
        unit_kind=units[entry["category"]],
        hints=tuple(Hint(hint["kind"], _text(hint)) for hint in entry.get("hints", ())),
        heading=_text(entry["heading"]) if "heading" in entry else None,
        crossing=Crossing(crossing["primary"], tuple(crossing["secondary"]), _text(crossing))
        if crossing
        else None,
    )


def _read_line(entry: Mapping[str, Any], basis: str) -> Line:
    return Line(
        id=entry["id"],
        text=_text(entry),
        improvement_approach=entry.get("improvement_approach", False),
        basis=entry.get("basis", basis),
        csp_type=entry.get("csp_type"),
    )


def _read_rows(table: Mapping[str, Any], digest: str) -> Standard:
    rows = {
        kind: tuple(
            Row(row["id"], _text(row), _text(row["question"]), tuple(_text(cell) for cell in row["rubric"]))
            for row in table["rows"]
            if row["kind"] == kind
        )
        for kind in ("enabler", "result")
    }
    criteria = tuple(
        Criterion(entry["id"], _text(entry), entry["kind"], _text(entry["definition"]), rows[entry["kind"]])
        for entry in table["criteria"]
    )
    return Standard(
        id=table["id"],
        family="rows",
        release=table["release"],
        name=_text(table["name"]),
        content_hash=digest,
        criteria=criteria,
        levels=tuple(
            MaturityLevel(
                entry["number"],
                _text(entry),
                _text(entry["grid_label"]),
                tuple(_text(e) for e in entry["checklist"]),
            )
            for entry in table["levels"]
        ),
        concepts=tuple(_text(entry) for entry in table.get("concepts", ())),
        _criteria={criterion.id: criterion for criterion in criteria},
    )


def _doubled(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _item_faults(standard: Standard, table: Mapping[str, Any]) -> Iterator[str]:
    names = [item.id for item in standard.items] + [line.id for item in standard.items for line in item.lines]
    yield from (f"{name}: named twice" for name in _doubled(names))
    yield from _sum_faults(standard)
    yield from _band_faults(standard)
    for tier, count in table["counts"].items():
        found = len(standard.items_of(tier)) if tier in standard.tiers else 0
        if found != count:
            yield f"tier {tier}: {found} items, not {count}"
    for item in standard.items:
        if not item.lines:
            yield f"{item.id}: has no requirement line"
        yield from _text_faults(item.id, [item.name, *(line.text for line in item.lines)])


def _sum_faults(standard: Standard) -> Iterator[str]:
    for tier in standard.tiers.values():
        for category in standard.categories:
            items = [item for item in standard.items_of(tier.id) if item.category == category.id]
            found = sum((item.points[tier.id] for item in items), Fraction(0))
            wanted = category.points.get(tier.id, Fraction(0))
            if found != wanted:
                yield f"category {category.id}, {tier.id}: its items add up to {found}, not {wanted}"
        total = sum(
            (category.points.get(tier.id, Fraction(0)) for category in standard.categories), Fraction(0)
        )
        if total != tier.max:
            yield f"tier {tier.id}: the categories add up to {total}, not {tier.max}"
        if not 0 <= tier.pass_points <= tier.max:
            yield f"tier {tier.id}: the pass mark lies outside the scale"


def _band_faults(standard: Standard) -> Iterator[str]:
    needed = ["approach", "deployment", *(f"level.{tier}" for tier in standard.tiers)]
    for name in needed:
        bands = standard.bands.get(name, ())
        if not bands or bands[-1][1] != 100 or list(bands) != sorted(set(bands)):
            yield f"bands {name}: edges and scores must rise to 100"


def _row_faults(standard: Standard) -> Iterator[str]:
    yield from (f"{name}: named twice" for name in _doubled([entry.id for entry in standard.criteria]))
    for kind in ("enabler", "result"):
        if not any(criterion.kind == kind for criterion in standard.criteria):
            yield f"no {kind} criterion"
    if [level.number for level in standard.levels] != [1, 2, 3, 4]:
        yield "the levels must be 1 to 4"
    for criterion in standard.criteria:
        if not criterion.rows:
            yield f"{criterion.id}: has no row"
        yield from _text_faults(criterion.id, [criterion.name, criterion.definition])
        for row in criterion.rows:
            if len(row.rubric) != len(standard.levels):
                yield f"{criterion.id}.{row.id}: the rubric must speak of every level"
            yield from _text_faults(f"{criterion.id}.{row.id}", [row.name, row.question, *row.rubric])


def _text_faults(where: str, texts: Sequence[Text]) -> Iterator[str]:
    if any(not text.zh.strip() or not text.en.strip() for text in texts):
        yield f"{where}: a text is missing in one language"
