"""The score sheet: plain JSON values to frozen facts and back, all faults at once.

`parse` never looks anything up outside the sheet but the items (or rows) of its standard.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar

from scoring import catalogue, numbers, policy
from scoring.catalogue import Item, Standard
from scoring.document import WHOLE, Doubled, read
from scoring.faults import Fault, SheetFaults, below
from scoring.policy import Policy

__all__ = ["CopcSheet", "Fault", "Gap", "ItemFacts", "LineFact", "Metric", "Overrule", "Range", "Release", "SeeSheet",
           "Sheet", "SheetFaults", "loads", "parse", "to_json"]  # fmt: skip

FORMAT = "score-sheet/1"
STATUSES = ("met", "not_met", "not_applicable", "not_assessed")
DIMENSIONS = {"approach": (0, 25, 50, 75, 100), "deployment": (0, 25, 50, 75, 100), "level": (0, 50, 100),
              "trend": (0, 50, 100)}  # fmt: skip
METRIC_FACTS = ("cui", "meets", "improves")
ACHIEVING_RESULTS = "4.7"
DEFAULT_TARGET_LEVEL = 3

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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


Sheet = CopcSheet | SeeSheet
_T = TypeVar("_T")
_Object = Mapping[str, Any]


def loads(data: bytes | str) -> Sheet:
    """Read a sheet from JSON text; raises `SheetFaults`."""
    return parse(read(data))


def parse(value: object) -> Sheet:
    """Read a sheet from plain values (numbers as `int`, `Decimal` or text; a binary float is refused).

    Raises `SheetFaults` with every fault.

    >>> parse({"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", "rows": {}}).as_of
    datetime.date(2026, 6, 30)
    """
    reader = _Reader()
    sheet = reader.sheet(value)
    if reader.faults or sheet is None:
        raise SheetFaults(reader.faults)
    return sheet


_COMMON = frozenset({"format", "standard", "site", "as_of", "policy", "gaps"})
_COPC_FIELDS = _COMMON | {"tier", "programmes", "key_positions", "items"}
_SEE_FIELDS = _COMMON | {"part", "target_level", "rows"}
_METRIC_FIELDS = frozenset({"id", "required", "collected", "usable", "integrity", "better", "target", "values",
                            "meets_target", "improving"})  # fmt: skip
_GAP_FIELDS = frozenset({"id", "grade", "effort", "ready_on", "needs", "releases"})
_LINE_FIELDS = frozenset({"status", "improvement_approach"})
_RANGE_FIELDS = frozenset({"low", "high"})
_RELEASE_SHAPES = {
    frozenset({"item", "line"}): "line",
    frozenset({"item", "unit"}): "unit",
    frozenset({"item", "metric", "fact"}): "metric",
    frozenset({"item", "fact"}): "compliant",
}
# Immutable, so one value serves every line that says the same.
_LINE_FACTS = {status: LineFact(status) for status in STATUSES}
_FLAGGED_FACTS = {status: LineFact(status, True) for status in STATUSES}


class _Reader:
    """Walks a sheet once, collecting faults; a value that cannot be read is left out and reported."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.last_month: str | None = None
        self.standard: Standard | None = None

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    # Plain values

    def table(self, value: object, path: str, allowed: frozenset[str] | None = None) -> _Object | None:
        """An object; with `allowed`, unknown fields are faults."""
        if not isinstance(value, dict):
            self.fault(path or WHOLE, f"not an object: {numbers.describe(value)}")
            return None
        if isinstance(value, Doubled):
            for key in value.repeated:
                self.fault(below(path, key), "duplicate identifier: it stands twice")
        if allowed is not None and not value.keys() <= allowed:
            for key in value:
                if key not in allowed:
                    self.fault(below(path, str(key)), "unknown field")
        return value

    def listed(self, value: object, path: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            self.fault(path, f"not a list: {numbers.describe(value)}")
            return []
        return list(value)

    def text(self, value: object, path: str) -> str | None:
        if not isinstance(value, str):
            self.fault(path, f"not a text: {numbers.describe(value)}")
            return None
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            self.fault(path, f"not a valid text: {numbers.describe(value)}")
            return None
        return value

    def identifier(self, value: object, path: str) -> str | None:
        name = self.text(value, path)
        if name is not None and not name.strip():
            self.fault(path, "empty identifier")
            return None
        return name

    def names(self, value: object, path: str) -> tuple[str, ...]:
        """A list of identifiers without doubles."""
        found: dict[str, None] = {}
        for index, entry in enumerate(self.listed(value, path)):
            name = self.identifier(entry, f"{path}[{index}]")
            if name is not None and name in found:
                self.fault(f"{path}[{index}]", f"duplicate identifier: {numbers.describe(name)}")
            elif name is not None:
                found[name] = None
        return tuple(found)

    def flag(self, value: object, path: str) -> bool:
        if not isinstance(value, bool):
            self.fault(path, f"not true or false: {numbers.describe(value)}")
            return False
        return value

    def number(self, value: object, path: str) -> Fraction | None:
        try:
            return numbers.parse(value)
        except numbers.NotANumber as error:
            self.fault(path, str(error))
            return None

    def day(self, value: object, path: str) -> date | None:
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.fault(path, f"not a date (YYYY-MM-DD): {numbers.describe(value)}")
        return None

    def one_of(self, value: object, path: str, choices: tuple[str, ...]) -> str | None:
        if isinstance(value, str) and value in choices:
            return value
        self.fault(path, f"must be {', '.join(choices[:-1])} or {choices[-1]}, not {numbers.describe(value)}")
        return None

    def optional(self, table: _Object, key: str, path: str, reader: Callable[[object, str], _T]) -> _T | None:
        return reader(table[key], below(path, key)) if key in table else None

    def mandatory(
        self, table: _Object, key: str, path: str, reader: Callable[[object, str], _T]
    ) -> _T | None:
        if key not in table:
            self.fault(below(path, key), "missing")
            return None
        return reader(table[key], below(path, key))

    # The sheet

    def sheet(self, value: object) -> Sheet | None:
        table = self.table(value, "")
        if table is None:
            return None
        self.standard = self.mandatory(table, "standard", "", self.find_standard)
        if self.standard is None:
            self.common(table)
            return None
        read_sheet = self.copc if self.standard.family == "items" else self.see_cmm
        return read_sheet(table, self.standard)

    def find_standard(self, value: object, path: str) -> Standard | None:
        if isinstance(value, str) and value in catalogue.FILES:
            return catalogue.load(value)
        self.fault(path, f"unknown standard: {numbers.describe(value)}")
        return None

    def common(self, table: _Object) -> dict[str, Any]:
        """The fields that every sheet has; `as_of` falls back to the last day so that reading can go on."""
        self.mandatory(table, "format", "", lambda value, path: self.one_of_formats(value, path))
        as_of = self.mandatory(table, "as_of", "", self.day)
        if as_of is not None:
            self.last_month = as_of.isoformat()[:7]
        return {
            "as_of": as_of or date.max,
            "site": self.optional(table, "site", "", self.text),
            "policy": self.optional(table, "policy", "", self.read_policy) or policy.DEFAULT,
        }

    def one_of_formats(self, value: object, path: str) -> None:
        if value != FORMAT:
            self.fault(path, f"must be {FORMAT}, not {numbers.describe(value)}")

    def read_policy(self, value: object, path: str) -> Policy:
        changes: dict[str, Any] = {}
        for key, given in (self.table(value, path) or {}).items():
            switch = policy.SWITCHES.get(key)
            if switch is None:
                self.fault(below(path, key), "unknown policy key")
                continue
            try:
                changes[switch.name] = switch.read(given)
            except policy.BadValue as error:
                self.fault(below(path, key), str(error))
        return Policy(**changes)

    def copc(self, table: _Object, standard: Standard) -> CopcSheet:
        self.table(table, "", _COPC_FIELDS)
        common = self.common(table)
        tier = (
            self.optional(table, "tier", "", lambda v, p: self.one_of(v, p, tuple(standard.tiers)))
            or "standard"
        )
        units = {
            "programme": self.optional(table, "programmes", "", self.names),
            "key_position": self.optional(table, "key_positions", "", self.names),
        }
        items = self.mandatory(table, "items", "", lambda v, p: self.items(v, p, standard, units)) or {}
        check = _ReleaseCheck(standard, tier, items, units)
        gaps = self.optional(table, "gaps", "", lambda v, p: self.gaps(v, p, check.read))
        return CopcSheet(
            standard=standard.id,
            tier=tier,
            programmes=units["programme"],
            key_positions=units["key_position"],
            items=items,
            gaps=gaps or (),
            **common,
        )

    # Items

    def items(
        self, value: object, path: str, standard: Standard, units: Mapping[str, tuple[str, ...] | None]
    ) -> dict[str, ItemFacts]:
        found = {}
        lacking: dict[str, None] = {}
        for item_id, entry in (self.table(value, path) or {}).items():
            where = below(path, item_id)
            if not standard.has_item(item_id):
                self.fault(where, "unknown item")
                continue
            item = standard.item(item_id)
            if item.unit_kind and units[item.unit_kind] is None and _names_units(entry):
                lacking[item.unit_kind] = None
            found[item_id] = self.item(entry, where, item, units)
        for kind in lacking:
            self.fault({"programme": "programmes", "key_position": "key_positions"}[kind], "missing")
        return found

    def item(
        self, value: object, path: str, item: Item, units: Mapping[str, tuple[str, ...] | None]
    ) -> ItemFacts:
        table = self.table(value, path)
        if table is None:
            return ItemFacts(item.id)
        self.misplaced(table, path, item)
        named = units[item.unit_kind] if item.unit_kind else None
        return ItemFacts(
            id=item.id,
            lines=self.optional(table, "lines", path, self.lines) or {},
            deployed=self.units(table, "deployed", path, item, named),
            in_scope=self.units(table, "in_scope", path, item, named),
            metrics=self.optional(table, "metrics", path, self.metrics) if _takes_metrics(item) else None,
            compliant=self.optional(table, "compliant", path, self.flag)
            if item.id == ACHIEVING_RESULTS
            else None,
            overrule=self.optional(table, "overrule", path, lambda v, p: self.overrule(v, p, item)),
        )

    def misplaced(self, table: _Object, path: str, item: Item) -> None:
        """Fields that are unknown, or that this item cannot have."""
        for key in table:
            if key in ("lines", "overrule"):
                continue
            if key in ("deployed", "in_scope"):
                if item.unit_kind is None:
                    self.fault(below(path, key), "a category 4 item is not deployed in units")
            elif key == "metrics":
                if item.id == ACHIEVING_RESULTS:
                    self.fault(below(path, key), "item 4.7 has no metrics of its own")
                elif item.unit_kind is not None:
                    self.fault(below(path, key), "only category 4 items have metrics")
            elif key == "compliant":
                if item.id != ACHIEVING_RESULTS:
                    self.fault(below(path, key), "only item 4.7 is said to be compliant")
            else:
                self.fault(below(path, key), "unknown field")

    def units(
        self, table: _Object, key: str, path: str, item: Item, named: tuple[str, ...] | None
    ) -> tuple[str, ...] | None:
        if key not in table or item.unit_kind is None:
            return None
        where = below(path, key)
        found = self.names(table[key], where)
        if named is not None and not set(found) <= set(named):
            for index, name in enumerate(table[key]):
                if isinstance(name, str) and name in found and name not in named:
                    self.fault(f"{where}[{index}]", f"unknown unit: {numbers.describe(name)}")
        return found

    def lines(self, value: object, path: str) -> dict[str, LineFact]:
        found = {}
        for line_id, entry in (self.table(value, path) or {}).items():
            fact = _LINE_FACTS.get(entry) if type(entry) is str else None
            if fact is None:
                fact = self.line(entry, below(path, line_id))
            if not line_id.isascii() or not line_id.strip():
                self.identifier(line_id, below(path, line_id))
            found[line_id] = fact
        return found

    def line(self, value: object, path: str) -> LineFact:
        if not isinstance(value, dict):
            self.one_of(value, path, STATUSES)
            return _LINE_FACTS["not_assessed"]
        table = self.table(value, path, _LINE_FIELDS) or {}
        status = (
            self.mandatory(table, "status", path, lambda v, p: self.one_of(v, p, STATUSES)) or "not_assessed"
        )
        flagged = self.optional(table, "improvement_approach", path, self.flag)
        return (_FLAGGED_FACTS if flagged else _LINE_FACTS)[status]

    def overrule(self, value: object, path: str, item: Item) -> Overrule:
        table = self.table(value, path) or {}
        fitting = ("approach", "level", "trend") if item.unit_kind is None else ("approach", "deployment")
        scores = {}
        for key, score in table.items():
            where = below(path, key)
            if key == "reason":
                continue
            if key not in DIMENSIONS:
                self.fault(where, "unknown field")
            elif key not in fitting:
                self.fault(where, f"item {item.id} has no such dimension")
            elif type(score) is not int or score not in DIMENSIONS[key]:
                allowed = ", ".join(str(entry) for entry in DIMENSIONS[key])
                self.fault(where, f"must be one of {allowed}, not {numbers.describe(score)}")
            else:
                scores[key] = score
        reason = self.mandatory(table, "reason", path, self.text)
        if reason is not None and not reason.strip():
            self.fault(below(path, "reason"), "missing: an overrule needs a reason")
        return Overrule(scores, reason or "")

    # Metrics

    def metrics(self, value: object, path: str) -> tuple[Metric, ...]:
        found: dict[str, Metric] = {}
        for index, entry in enumerate(self.listed(value, path)):
            where = f"{path}[{index}]"
            metric = self.metric(entry, where)
            if metric is not None and metric.id in found:
                self.fault(below(where, "id"), f"duplicate identifier: {numbers.describe(metric.id)}")
            elif metric is not None:
                found[metric.id] = metric
        return tuple(found.values())

    def metric(self, value: object, path: str) -> Metric | None:
        table = self.table(value, path, _METRIC_FIELDS)
        if table is None:
            return None
        name = self.mandatory(table, "id", path, self.identifier)
        better = None
        if "better" in table:
            better = self.one_of(table["better"], f"{path}.better", ("higher", "lower", "range"))
        elif "values" in table:
            self.fault(f"{path}.better", "missing: a metric given by its values needs it")
        flags = {
            key: self.flag(table[key], f"{path}.{key}")
            for key in ("required", "collected", "usable", "integrity", "meets_target", "improving")
            if key in table
        }
        target = self.target(table["target"], f"{path}.target", better) if "target" in table else None
        values = self.values(table["values"], f"{path}.values") if "values" in table else None
        return None if name is None else Metric(id=name, better=better, target=target, values=values, **flags)

    def values(self, value: object, path: str) -> tuple[tuple[str, Fraction], ...]:
        found = []
        for month, entry in (self.table(value, path) or {}).items():
            if not _is_month(month):
                self.fault(below(path, month), "not a month (YYYY-MM)")
                continue
            if self.last_month is not None and month > self.last_month:
                self.fault(below(path, month), f"a month after as_of ({self.last_month})")
            try:
                found.append((month, numbers.parse(entry)))
            except numbers.NotANumber as error:
                self.fault(below(path, month), str(error))
        found.sort()
        return tuple(found)

    def target(self, value: object, path: str, better: str | None) -> tuple[tuple[str, Target], ...] | None:
        """A target, or a map from month to targets; a map without a month says nothing and is a fault."""
        if not isinstance(value, dict) or not value or not value.keys().isdisjoint(_RANGE_FIELDS):
            target = self.one_target(value, path, better)
            return None if target is None else (("", target),)
        found = []
        for month, entry in (self.table(value, path) or {}).items():
            where = below(path, month)
            if not _is_month(month):
                self.fault(where, "not a month (YYYY-MM)")
                continue
            target = self.one_target(entry, where, better)
            if target is not None:
                found.append((month, target))
        return tuple(sorted(found, key=lambda pair: pair[0]))

    def one_target(self, value: object, path: str, better: str | None) -> Target | None:
        if better == "range" and not isinstance(value, dict):
            self.fault(path, f"a range needs a target with low and high, not {numbers.describe(value)}")
            return None
        if better in ("higher", "lower") and isinstance(value, dict):
            self.fault(path, f"{better} needs a number as target, not {numbers.describe(value)}")
            return None
        if not isinstance(value, dict):
            return self.number(value, path)
        table = self.table(value, path, _RANGE_FIELDS) or {}
        low = self.mandatory(table, "low", path, self.number)
        high = self.mandatory(table, "high", path, self.number)
        if low is None or high is None:
            return None
        if low > high:
            self.fault(path, f"low {low} lies above high {high}")
            return None
        return Range(low, high)

    # Gaps

    def gaps(self, value: object, path: str, read_release: "_ReadRelease") -> tuple[Gap, ...]:
        found: dict[str, tuple[int, Gap]] = {}
        for index, entry in enumerate(self.listed(value, path)):
            where = f"{path}[{index}]"
            gap = self.gap(entry, where, read_release)
            if gap is not None and gap.id in found:
                self.fault(below(where, "id"), f"duplicate identifier: {numbers.describe(gap.id)}")
            elif gap is not None:
                found[gap.id] = (index, gap)
        self.needs(found, path)
        return tuple(gap for _, gap in found.values())

    def gap(self, value: object, path: str, read_release: "_ReadRelease") -> Gap | None:
        table = self.table(value, path, _GAP_FIELDS)
        if table is None:
            return None
        name = self.mandatory(table, "id", path, self.identifier)
        grade = self.optional(table, "grade", path, lambda v, p: self.one_of(v, p, ("major", "minor")))
        effort = self.optional(table, "effort", path, self.number)
        if effort is not None and effort < 0:
            self.fault(below(path, "effort"), f"must not be negative: {effort}")
        ready_on = self.optional(table, "ready_on", path, self.day)
        needs = self.listed(table.get("needs", ()), below(path, "needs"))
        releases = []
        for index, entry in enumerate(self.listed(table.get("releases", ()), below(path, "releases"))):
            release = read_release(self, entry, f"{path}.releases[{index}]")
            if release is not None:
                releases.append(release)
        if name is None:
            return None
        return Gap(
            id=name,
            releases=tuple(releases),
            grade=grade,
            effort=Fraction(1) if effort is None else effort,
            ready_on=ready_on,
            needs=tuple(self.need(entry, f"{path}.needs[{index}]") for index, entry in enumerate(needs)),
        )

    def need(self, value: object, path: str) -> str:
        return self.identifier(value, path) or ""

    def needs(self, found: Mapping[str, tuple[int, Gap]], path: str) -> None:
        """Needs must name gaps of the sheet and must not run in a circle."""
        for index, gap in found.values():
            for position, name in enumerate(gap.needs):
                if name and name not in found:
                    self.fault(f"{path}[{index}].needs[{position}]", f"unknown gap: {numbers.describe(name)}")
        graph = {name: [need for need in gap.needs if need in found] for name, (_, gap) in found.items()}
        for cycle in find_cycles(graph):
            shown = " -> ".join(numbers.describe(name).strip("'\"") for name in [*cycle, cycle[0]])
            self.fault(f"{path}[{found[cycle[0]][0]}].needs", f"a cycle of needs: {shown}")

    # SEE-CMM

    def see_cmm(self, table: _Object, standard: Standard) -> SeeSheet:
        self.table(table, "", _SEE_FIELDS)
        common = self.common(table)
        rows = self.mandatory(table, "rows", "", lambda v, p: self.criteria(v, p, standard)) or {}
        gaps = self.optional(table, "gaps", "", lambda v, p: self.gaps(v, p, _row_release_reader(standard)))
        return SeeSheet(
            standard=standard.id,
            part=self.optional(table, "part", "", self.text),
            target_level=self.optional(table, "target_level", "", lambda v, p: self.level(v, p, 1)),
            rows=rows,
            gaps=gaps or (),
            **common,
        )

    def level(self, value: object, path: str, lowest: int = 0) -> int | None:
        if type(value) is int and lowest <= value <= 4:
            return value
        self.fault(path, f"must be a level from {lowest} to 4, not {numbers.describe(value)}")
        return None

    def criteria(self, value: object, path: str, standard: Standard) -> dict[str, dict[str, int | None]]:
        found = {}
        for criterion_id, entry in (self.table(value, path) or {}).items():
            where = below(path, criterion_id)
            if not standard.has_criterion(criterion_id):
                self.fault(where, "unknown criterion")
                continue
            if entry is None:
                continue
            known = frozenset(row.id for row in standard.criterion(criterion_id).rows)
            marks: dict[str, int | None] = {}
            for row, mark in (self.table(entry, where) or {}).items():
                if row not in known:
                    self.fault(below(where, row), "unknown row")
                else:
                    marks[row] = None if mark is None else self.level(mark, below(where, row))
            found[criterion_id] = marks
        return found


_ReadRelease = Callable[[_Reader, object, str], Release | None]


@lru_cache(maxsize=4096)
def _is_month(text: str) -> bool:
    return _MONTH.fullmatch(text) is not None


def _names_units(entry: object) -> bool:
    return isinstance(entry, dict) and ("deployed" in entry or "in_scope" in entry)


def _takes_metrics(item: Item) -> bool:
    return item.unit_kind is None and item.id != ACHIEVING_RESULTS


def find_cycles(graph: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Each cycle that a depth-first walk meets, as the list of its nodes in order."""
    state: dict[str, int] = {}
    for start in graph:
        if start in state:
            continue
        trail: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(graph[start]))]
        state[start] = 1
        trail.append(start)
        while stack:
            node, following = stack[-1]
            succ = next(following, None)
            if succ is None:
                state[node] = 2
                stack.pop()
                trail.pop()
            elif state.get(succ) == 1:
                yield trail[trail.index(succ) :]
            elif succ not in state:
                state[succ] = 1
                trail.append(succ)
                stack.append((succ, iter(graph[succ])))


@dataclass(frozen=True, slots=True)
class _ReleaseCheck:
    """Reads the releases of a sheet of items: each must name a fact that the sheet has."""

    standard: Standard
    tier: str
    items: Mapping[str, ItemFacts]
    units: Mapping[str, tuple[str, ...] | None]

    def read(self, reader: _Reader, value: object, path: str) -> Release | None:
        table = reader.table(value, path)
        if table is None:
            return None
        kind = _RELEASE_SHAPES.get(frozenset(table))
        if kind is None:
            self.wrong_shape(reader, table, path)
            return None
        for key, entry in table.items():
            if reader.identifier(entry, below(path, key)) is None:
                return None
        item_id = table["item"]
        if not self.standard.has_item(item_id):
            reader.fault(below(path, "item"), f"unknown item: {numbers.describe(item_id)}")
            return None
        release = Release(kind, item_id, table.get(kind, ""), table.get("fact", ""))
        fault = self.fact_fault(release)
        if fault is not None:
            reader.fault(below(path, fault[0]), fault[1])
            return None
        return release

    def wrong_shape(self, reader: _Reader, table: _Object, path: str) -> None:
        known = {"item", "line", "unit", "metric", "fact"}
        strange = [key for key in table if key not in known]
        for key in strange:
            reader.fault(below(path, key), "unknown field")
        if "item" not in table:
            reader.fault(below(path, "item"), "missing")
        if not strange and "item" in table:
            reader.fault(
                path, "must name one line, one unit, one metric with its fact, or 4.7 with fact compliant"
            )

    def fact_fault(self, release: Release) -> tuple[str, str] | None:
        """The field that is wrong and why, or `None`."""
        if release.kind == "metric" and release.fact not in METRIC_FACTS:
            return "fact", f"must be cui, meets or improves, not {numbers.describe(release.fact)}"
        if release.kind == "compliant" and (release.item, release.fact) != (ACHIEVING_RESULTS, "compliant"):
            return "fact", "without a metric only item 4.7 has a fact to release: compliant"
        item = self.standard.item(release.item)
        if self.tier not in item.points:
            return None
        facts = self.items.get(release.item)
        if facts is None:
            return "item", f"item {release.item} does not stand in the sheet"
        return None if self.named(release, item, facts) else (
            release.kind, f"unknown {release.kind}: {numbers.describe(release.name)}"
        )  # fmt: skip

    def named(self, release: Release, item: Item, facts: ItemFacts) -> bool:
        if release.kind == "line":
            return release.name in facts.lines
        if release.kind == "unit":
            return item.unit_kind is not None and release.name in (self.units[item.unit_kind] or ())
        if release.kind == "metric":
            return any(metric.id == release.name for metric in facts.metrics or ())
        return True


_ROW_RELEASE = frozenset({"criterion", "row", "level"})


def _row_release_reader(standard: Standard) -> _ReadRelease:
    def read_release(reader: _Reader, value: object, path: str) -> Release | None:
        table = reader.table(value, path, _ROW_RELEASE)
        if table is None:
            return None
        criterion = reader.mandatory(table, "criterion", path, reader.identifier)
        row = reader.mandatory(table, "row", path, reader.identifier)
        level = reader.mandatory(table, "level", path, reader.level)
        if criterion is None or row is None or level is None:
            return None
        if not standard.has_criterion(criterion):
            reader.fault(below(path, "criterion"), f"unknown criterion: {numbers.describe(criterion)}")
            return None
        if all(entry.id != row for entry in standard.criterion(criterion).rows):
            reader.fault(below(path, "row"), f"unknown row: {numbers.describe(row)}")
            return None
        return Release("row", criterion, row, level=level)

    return read_release


# Back to plain values


def to_json(sheet: Sheet) -> dict[str, Any]:
    """The sheet as plain JSON values; parsing them again gives an equal sheet. Exact numbers are strings.

    >>> plain = {"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", "rows": {}}
    >>> parse(to_json(parse(plain))) == parse(plain)
    True
    """
    common = {
        "format": FORMAT,
        "standard": sheet.standard,
        "site": sheet.site,
        "as_of": sheet.as_of.isoformat(),
        "policy": sheet.policy.to_json(),
    }
    own = _copc_json(sheet) if isinstance(sheet, CopcSheet) else _see_json(sheet)
    gaps = [_gap_json(gap) for gap in sheet.gaps]
    return _without_none({**common, **own, "gaps": gaps or None})


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _copc_json(sheet: CopcSheet) -> dict[str, Any]:
    return {
        "tier": sheet.tier,
        "programmes": None if sheet.programmes is None else list(sheet.programmes),
        "key_positions": None if sheet.key_positions is None else list(sheet.key_positions),
        "items": {item_id: _item_json(facts) for item_id, facts in sheet.items.items()},
    }


def _see_json(sheet: SeeSheet) -> dict[str, Any]:
    rows = {criterion: dict(marks) for criterion, marks in sheet.rows.items()}
    return {"part": sheet.part, "target_level": sheet.target_level, "rows": rows}


def _item_json(facts: ItemFacts) -> dict[str, Any]:
    overrule = facts.overrule
    return _without_none(
        {
            "lines": {line: _line_json(fact) for line, fact in facts.lines.items()} or None,
            "in_scope": None if facts.in_scope is None else list(facts.in_scope),
            "deployed": None if facts.deployed is None else list(facts.deployed),
            "metrics": None if facts.metrics is None else [_metric_json(metric) for metric in facts.metrics],
            "compliant": facts.compliant,
            "overrule": None if overrule is None else {**overrule.scores, "reason": overrule.reason},
        }
    )


def _line_json(fact: LineFact) -> object:
    return {"status": fact.status, "improvement_approach": True} if fact.improvement_approach else fact.status


def _target_json(target: Target) -> object:
    if isinstance(target, Range):
        return {"low": numbers.exact(target.low), "high": numbers.exact(target.high)}
    return numbers.exact(target)


def _targets_json(targets: tuple[tuple[str, Target], ...]) -> object:
    if len(targets) == 1 and targets[0][0] == "":
        return _target_json(targets[0][1])
    return {month: _target_json(target) for month, target in targets}


def _metric_json(metric: Metric) -> dict[str, Any]:
    flags = {
        key: False for key in ("required", "collected", "usable", "integrity") if not getattr(metric, key)
    }
    return _without_none(
        {
            "id": metric.id,
            **flags,
            "better": metric.better,
            "target": None if metric.target is None else _targets_json(metric.target),
            "values": None
            if metric.values is None
            else {m: numbers.exact(value) for m, value in metric.values},
            "meets_target": metric.meets_target,
            "improving": metric.improving,
        }
    )


def _gap_json(gap: Gap) -> dict[str, Any]:
    return _without_none(
        {
            "id": gap.id,
            "grade": gap.grade,
            "effort": numbers.exact(gap.effort),
            "ready_on": None if gap.ready_on is None else gap.ready_on.isoformat(),
            "needs": list(gap.needs) or None,
            "releases": [_release_json(release) for release in gap.releases],
        }
    )


def _release_json(release: Release) -> dict[str, object]:
    if release.kind == "row":
        return {"criterion": release.item, "row": release.name, "level": release.level}
    if release.kind == "compliant":
        return {"item": release.item, "fact": release.fact}
    if release.kind == "metric":
        return {"item": release.item, "metric": release.name, "fact": release.fact}
    return {"item": release.item, release.kind: release.name}
