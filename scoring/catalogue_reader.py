"""Reads the TOML of a catalogue: every field checked, all faults at once, each with the path of its field.

The two families differ in their tables; neither holds a rule: bands, points and texts are data, the rules are code.
"""

import hashlib
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

from scoring import numbers
from scoring.faults import Fault, below
from scoring.reading import Object, Reader
from scoring.standard import (
    Bands,
    Category,
    Criterion,
    Crossing,
    DimensionCrossing,
    Hint,
    Item,
    Line,
    MaturityLevel,
    Row,
    Standard,
    Tier,
)
from scoring.text import Text

T = TypeVar("T")

WHOLE = "catalogue"
FAMILIES = ("items", "rows")
UNIT_KINDS = ("programme", "key_position")
KINDS = ("enabler", "result")
BASES = ("standard", "provisional", "outline")
LEVELS = 4
# The scores that each dimension can take; a band may begin no other.
_SCORES = {"approach": (25, 50, 75, 100), "deployment": (25, 50, 75, 100), "level": (50, 100)}
_SUMMED = ("tiers", "categories", "items")
_TEXT = frozenset({"zh", "en"})
_HEAD = frozenset({"id", "family", "release", "name"})
_ITEM_FIELDS = _HEAD | {"counts", "tiers", "categories", "bands", "items", "dimension_crossings"}
_ROW_FIELDS = _HEAD | {"concepts", "criteria", "rows", "levels"}


class CatalogueError(ValueError):
    """A catalogue that must not be used; `faults` lists everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def read(source: str) -> Standard:
    """The standard that a TOML text describes; raises `CatalogueError` with every fault."""
    try:
        table = tomllib.loads(source, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogueError([Fault(WHOLE, f"not TOML: {' '.join(str(error).split())}")]) from None
    reader = _CatalogueReader()
    digest = hashlib.sha256(source.encode()).hexdigest()
    standard = reader.standard(table, digest)
    if reader.faults or standard is None:
        raise CatalogueError(reader.faults)
    return standard


class _CatalogueReader(Reader):
    """Walks a catalogue once. What cannot be read is reported and left out, so that reading goes on."""

    def standard(self, table: Object, digest: str) -> Standard | None:
        family = self.mandatory(table, "family", "", lambda v, p: self.one_of(v, p, FAMILIES))
        if family is None:
            return None
        self.table(table, "", _ITEM_FIELDS if family == "items" else _ROW_FIELDS)
        head: dict[str, Any] = {
            "id": self.mandatory(table, "id", "", self.standard_id),
            "family": family,
            "release": self.mandatory(table, "release", "", self.identifier),
            "name": self.mandatory(table, "name", "", lambda v, p: self.words(v, p, _TEXT)),
            "content_hash": digest,
        }
        body = self.of_items(table) if family == "items" else self.of_rows(table)
        return None if self.faults else Standard(**head, **body)

    # Fields of either family

    def standard_id(self, value: object, path: str) -> str | None:
        name = self.identifier(value, path)
        if name is not None and not all(name.partition("@")):
            self.fault(path, f"must be NAME@RELEASE, not {numbers.describe(name)}")
        return name

    def words(self, value: object, path: str, allowed: frozenset[str] | None = None) -> Text:
        """A text in both languages, from a table that may hold more fields where `allowed` names them."""
        table = self.table(value, path, allowed)
        found = {} if table is None else {tag: self.filled(table, tag, path) for tag in ("zh", "en")}
        return Text(zh=found.get("zh") or "", en=found.get("en") or "")

    def filled(self, table: Object, key: str, path: str) -> str | None:
        text = self.mandatory(table, key, path, self.text)
        if text is not None and not text.strip():
            self.fault(below(path, key), "empty: a text is needed in both languages")
        return text

    def entries(
        self, table: Object, key: str, path: str, one: Callable[[Object, str], T | None], least: int = 0
    ) -> list[T]:
        """A list of tables under a key; with `least` a shorter list is a fault."""
        where = below(path, key)
        if key not in table:
            if least:
                self.fault(where, "missing")
            return []
        listed = self.listed(table[key], where)
        if isinstance(table[key], list) and len(listed) < least:
            self.fault(where, f"needs at least {least}, not {len(listed)}")
        found = []
        for index, entry in enumerate(listed):
            inner = self.table(entry, f"{where}[{index}]")
            made = None if inner is None else one(inner, f"{where}[{index}]")
            if made is not None:
                found.append(made)
        return found

    def allow(self, table: Object, path: str, *fields: str) -> None:
        self.table(table, path, frozenset(fields) | {"id"} | _TEXT)

    def twice(self, names: Iterable[tuple[str, str]]) -> None:
        """Identifiers with their paths; each after the first of its kind is a fault."""
        seen: set[str] = set()
        for name, path in names:
            if name in seen:
                self.fault(path, f"named twice: {numbers.describe(name)}")
            seen.add(name)

    def ids(self, table: Object, key: str, path: str = "") -> list[tuple[str, str]]:
        """The identifiers of a list of tables, with their paths."""
        listed = table.get(key)
        rows = listed if isinstance(listed, list) else []
        return [
            (row["id"], f"{below(path, key)}[{index}].id")
            for index, row in enumerate(rows)
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        ]

    def points(self, value: object, path: str) -> Fraction | None:
        found = self.number(value, path)
        if found is not None and found < 0:
            self.fault(path, f"must not be negative: {found}")
        return found

    def whole(self, value: object, path: str, low: int, high: int) -> int | None:
        if type(value) is int and low <= value <= high:
            return value
        self.fault(path, f"must be a whole number from {low} to {high}, not {numbers.describe(value)}")
        return None

    # Items

    def of_items(self, table: Object) -> dict[str, Any]:
        tiers = {tier.id: tier for tier in self.entries(table, "tiers", "", self.tier, least=1)}
        self.twice(self.ids(table, "tiers"))
        categories = self.entries(table, "categories", "", lambda v, p: self.category(v, p, tiers), least=1)
        self.twice(self.ids(table, "categories"))
        kinds = {category.id: category.unit_kind for category in categories}
        items = self.entries(table, "items", "", lambda v, p: self.item(v, p, tiers, kinds), least=1)
        self.twice(self.names_of_items(table))
        bands = self.mandatory(table, "bands", "", lambda v, p: self.bands(v, p, tiers)) or {}
        if self.can_add_up(table, tiers, categories, items):
            self.sums(table, tiers, categories, items)
        return {
            "tiers": tiers,
            "categories": tuple(categories),
            "items": tuple(items),
            "bands": bands,
            "dimension_crossings": tuple(self.entries(table, "dimension_crossings", "", self.dimension)),
            "_items": {item.id: item for item in items},
            "_of_tier": {tier: tuple(item for item in items if tier in item.points) for tier in tiers},
        }

    def can_add_up(self, table: Object, *read: Collection[object]) -> bool:
        """Whether every number that goes into the sums could be read; texts may still be wrong."""
        tiers = read[0]
        wrong = {fault.path.rpartition(".")[2] for fault in self.faults}
        whole = all(len(table.get(key, ())) == len(found) for key, found in zip(_SUMMED, read, strict=True))
        return whole and wrong.isdisjoint({"max", "category", *map(str, tiers)})

    def names_of_items(self, table: Object) -> list[tuple[str, str]]:
        """Items and lines share one name space: a gap names either."""
        names = self.ids(table, "items")
        listed = table.get("items")
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(item, dict):
                names += self.ids(item, "lines", f"items[{index}]")
        return names

    def tier(self, table: Object, path: str) -> Tier | None:
        self.allow(table, path, "max", "pass_points")
        name = self.mandatory(table, "id", path, self.identifier)
        text = self.words(table, path)
        most = self.mandatory(table, "max", path, self.points)
        mark = self.mandatory(table, "pass_points", path, self.points)
        if most is not None and mark is not None and mark > most:
            self.fault(below(path, "pass_points"), f"the pass mark {mark} lies above the maximum {most}")
        return None if name is None or most is None or mark is None else Tier(name, text, most, mark)

    def tier_points(self, table: Object, path: str, tiers: Mapping[str, Tier]) -> dict[str, Fraction]:
        found = {tier: self.points(table[tier], below(path, tier)) for tier in tiers if tier in table}
        if tiers and not found:
            self.fault(path, f"needs points in a tier: {', '.join(tiers)}")
        return {tier: value for tier, value in found.items() if value is not None}

    def category(self, table: Object, path: str, tiers: Mapping[str, Tier]) -> Category | None:
        self.allow(table, path, "unit_kind", *tiers)
        name = self.mandatory(table, "id", path, self.identifier)
        kind = self.optional(table, "unit_kind", path, lambda v, p: self.one_of(v, p, UNIT_KINDS))
        text, points = self.words(table, path), self.tier_points(table, path, tiers)
        return None if name is None else Category(name, text, points, kind)

    def item(
        self, table: Object, path: str, tiers: Mapping[str, Tier], kinds: Mapping[str, str | None]
    ) -> Item | None:
        self.allow(table, path, "category", "basis", "heading", "crossing", "lines", "hints", *tiers)
        name = self.mandatory(table, "id", path, self.identifier)
        category = self.mandatory(table, "category", path, self.identifier)
        if category is not None and kinds and category not in kinds:
            self.fault(below(path, "category"), f"unknown category: {numbers.describe(category)}")
        basis = self.optional(table, "basis", path, lambda v, p: self.one_of(v, p, BASES)) or "standard"
        text, points = self.words(table, path), self.tier_points(table, path, tiers)
        lines = self.entries(table, "lines", path, lambda v, p: self.line(v, p, basis), least=1)
        hints = self.entries(table, "hints", path, self.hint)
        heading = self.optional(table, "heading", path, lambda v, p: self.words(v, p, _TEXT))
        crossing = self.optional(table, "crossing", path, self.crossing)
        if name is None or category is None:
            return None
        return Item(
            name, category, text, points, tuple(lines), kinds.get(category), tuple(hints), heading, crossing
        )

    def line(self, table: Object, path: str, basis: str) -> Line | None:
        self.allow(table, path, "improvement_approach", "basis", "csp_type")
        name = self.mandatory(table, "id", path, self.identifier)
        text = self.words(table, path)
        flagged = self.optional(table, "improvement_approach", path, self.flag) or False
        own = self.optional(table, "basis", path, lambda v, p: self.one_of(v, p, BASES))
        csp_type = self.optional(table, "csp_type", path, self.identifier)
        return None if name is None else Line(name, text, flagged, own or basis, csp_type)

    def hint(self, table: Object, path: str) -> Hint:
        self.allow(table, path, "kind")
        kind = self.mandatory(
            table, "kind", path, lambda v, p: self.one_of(v, p, ("explanation", "benchmark"))
        )
        return Hint(kind or "", self.words(table, path))

    def crossing(self, value: object, path: str) -> Crossing | None:
        table = self.table(value, path, _TEXT | {"primary", "secondary"})
        if table is None:
            return None
        primary = self.mandatory(table, "primary", path, self.identifier)
        secondary = self.mandatory(table, "secondary", path, self.names)
        return Crossing(primary or "", secondary or (), self.words(table, path))

    def dimension(self, table: Object, path: str) -> DimensionCrossing | None:
        self.allow(table, path, "row", "reason")
        name = self.mandatory(table, "id", path, self.identifier)
        row = self.mandatory(table, "row", path, self.identifier)
        reason = self.mandatory(table, "reason", path, lambda v, p: self.words(v, p, _TEXT))
        text = self.words(table, path)
        return (
            None
            if name is None or row is None or reason is None
            else DimensionCrossing(name, text, row, reason)
        )

    def bands(self, value: object, path: str, tiers: Mapping[str, Tier]) -> dict[str, Bands]:
        needed = ["approach", "deployment", *(f"level.{tier}" for tier in tiers)]
        table = self.table(value, path, frozenset(needed)) or {}
        return {
            name: self.mandatory(table, name, path, lambda v, p, name=name: self.band(v, p, name)) or ()  # type: ignore[misc]
            for name in needed
        }

    def band(self, value: object, path: str, name: str) -> Bands:
        """Pairs of lower edge (percent of the share) and score, both rising, the last score 100."""
        allowed = _SCORES[name.partition(".")[0]]
        before = len(self.faults)
        found = []
        for index, entry in enumerate(self.listed(value, path)):
            where = f"{path}[{index}]"
            pair = self.listed(entry, where)
            if len(pair) != 2:
                self.fault(where, "must be [edge, score]")
                continue
            edge, score = self.whole(pair[0], f"{where}[0]", 1, 100), pair[1]
            if type(score) is not int or score not in allowed:
                shown = ", ".join(str(entry) for entry in allowed)
                self.fault(f"{where}[1]", f"must be one of {shown}, not {numbers.describe(score)}")
            elif edge is not None:
                found.append((edge, score))
        rising = all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(found))
        if len(self.faults) == before and not (found and rising and found[-1][1] == 100):
            self.fault(path, "edges and scores must rise to 100")
        return tuple(found)

    def sums(
        self, table: Object, tiers: Mapping[str, Tier], categories: Sequence[Category], items: Sequence[Item]
    ) -> None:
        """Points of items, categories and tiers must add up; where `counts` is given, so must the items."""
        for place, tier in enumerate(tiers.values()):
            for index, category in enumerate(categories):
                inside = [item.points.get(tier.id) for item in items if item.category == category.id]
                found = sum((value for value in inside if value is not None), Fraction(0))
                wanted = category.points.get(tier.id, Fraction(0))
                if found != wanted:
                    self.fault(f"categories[{index}].{tier.id}", f"its items add up to {found}, not {wanted}")
            total = sum((category.points.get(tier.id, Fraction(0)) for category in categories), Fraction(0))
            if total != tier.max:
                self.fault(f"tiers[{place}].max", f"the categories add up to {total}, not {tier.max}")
            if not tier.max:
                self.fault(f"tiers[{place}].max", "must be above 0")
        counts = self.optional(table, "counts", "", lambda v, p: self.table(v, p, frozenset(tiers))) or {}
        for tier_id, count in counts.items():
            found_items = sum(tier_id in item.points for item in items)
            if tier_id in tiers and found_items != count:
                self.fault(f"counts.{tier_id}", f"{found_items} items, not {numbers.describe(count)}")

    # Rows

    def of_rows(self, table: Object) -> dict[str, Any]:
        rows = self.entries(table, "rows", "", self.row, least=1)
        criteria = self.entries(table, "criteria", "", lambda v, p: self.criterion(v, p, rows), least=1)
        self.twice(self.ids(table, "criteria"))
        for kind in KINDS:
            named = [(row["id"], path) for row, path in self.rows_of(table, kind)]
            self.twice(named)
            if not self.faults and not (named and any(entry.kind == kind for entry in criteria)):
                self.fault(WHOLE, f"needs a criterion and a row of kind {kind}")
        levels = self.entries(table, "levels", "", self.level, least=1)
        numbered = [level.number for level in levels]
        if not self.faults and numbered != list(range(1, LEVELS + 1)):
            self.fault("levels", f"must be numbered 1 to {LEVELS}, in order")
        concepts = self.optional(table, "concepts", "", self.listed) or []
        return {
            "criteria": tuple(criteria),
            "levels": tuple(levels),
            "concepts": tuple(self.words(entry, f"concepts[{i}]", _TEXT) for i, entry in enumerate(concepts)),
            "_criteria": {criterion.id: criterion for criterion in criteria},
        }

    def rows_of(self, table: Object, kind: str) -> list[tuple[Object, str]]:
        listed = table.get("rows")
        rows = listed if isinstance(listed, list) else []
        return [
            (row, f"rows[{index}].id")
            for index, row in enumerate(rows)
            if isinstance(row, dict) and row.get("kind") == kind and isinstance(row.get("id"), str)
        ]

    def row(self, table: Object, path: str) -> tuple[str, Row] | None:
        self.allow(table, path, "kind", "question", "rubric")
        name = self.mandatory(table, "id", path, self.identifier)
        kind = self.mandatory(table, "kind", path, lambda v, p: self.one_of(v, p, KINDS))
        text = self.words(table, path)
        question = self.mandatory(table, "question", path, lambda v, p: self.words(v, p, _TEXT))
        rubric = self.mandatory(table, "rubric", path, self.listed) or []
        if len(rubric) != LEVELS:
            self.fault(below(path, "rubric"), f"must speak of every level: {LEVELS} texts, not {len(rubric)}")
        cells = [self.words(cell, f"{path}.rubric[{i}]", _TEXT) for i, cell in enumerate(rubric)]
        if name is None or kind is None or question is None:
            return None
        return kind, Row(name, text, question, tuple(cells))

    def criterion(self, table: Object, path: str, rows: Sequence[tuple[str, Row]]) -> Criterion | None:
        self.allow(table, path, "kind", "definition")
        name = self.mandatory(table, "id", path, self.identifier)
        kind = self.mandatory(table, "kind", path, lambda v, p: self.one_of(v, p, KINDS))
        text = self.words(table, path)
        definition = self.mandatory(table, "definition", path, lambda v, p: self.words(v, p, _TEXT))
        if name is None or kind is None or definition is None:
            return None
        return Criterion(name, text, kind, definition, tuple(row for of, row in rows if of == kind))

    def level(self, table: Object, path: str) -> MaturityLevel | None:
        self.table(table, path, _TEXT | {"number", "grid_label", "checklist"})
        number = self.mandatory(table, "number", path, lambda v, p: self.whole(v, p, 1, LEVELS))
        text = self.words(table, path)
        label = self.optional(table, "grid_label", path, lambda v, p: self.words(v, p, _TEXT)) or text
        listed = self.optional(table, "checklist", path, self.listed) or []
        checklist = [self.words(entry, f"{path}.checklist[{i}]", _TEXT) for i, entry in enumerate(listed)]
        return None if number is None else MaturityLevel(number, text, label, tuple(checklist))
