"""Reads a score sheet into facts: its fields, items, metrics, gaps and rows, with every fault by its path."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any

from scoring import catalogue, numbers, policy
from scoring.catalogue import Item, Standard
from scoring.facts import (
    ACHIEVING_RESULTS,
    DIMENSIONS,
    FORMAT,
    METRIC_FACTS,
    STATUSES,
    CopcSheet,
    Gap,
    ItemFacts,
    LineFact,
    Metric,
    Overrule,
    Range,
    Release,
    SeeSheet,
    Sheet,
    Target,
)
from scoring.faults import below
from scoring.policy import Policy
from scoring.reading import Object, Reader, whole

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_COMMON = frozenset({"format", "standard", "site", "as_of", "policy", "gaps"})
_COPC_FIELDS = _COMMON | {"tier", "programmes", "key_positions", "items"}
_SEE_FIELDS = _COMMON | {"part", "target_level", "rows"}
_METRIC_FIELDS = frozenset({"id", "required", "collected", "usable", "integrity", "better", "target", "values",
                            "meets_target", "improving"})  # fmt: skip
_GAP_FIELDS = frozenset({"id", "grade", "effort", "ready_on", "needs", "releases"})
_LINE_FIELDS = frozenset({"status", "improvement_approach"})
_RANGE_FIELDS = frozenset({"low", "high"})
_RELEASE_FIELDS = frozenset({"item", "line", "unit", "metric", "fact"})
_RELEASE_SHAPES = {
    frozenset({"item", "line"}): "line",
    frozenset({"item", "unit"}): "unit",
    frozenset({"item", "metric", "fact"}): "metric",
    frozenset({"item", "fact"}): "compliant",
}
# Immutable, so one value serves every line that says the same.
_LINE_FACTS = {status: LineFact(status) for status in STATUSES}
_FLAGGED_FACTS = {status: LineFact(status, True) for status in STATUSES}


class SheetReader(Reader):
    """Walks a sheet once; `known` is the content it must be read with, where the caller has it at hand."""

    def __init__(self, known: Standard | None = None) -> None:
        super().__init__()
        self.known = known
        self.last_month: str | None = None
        self.standard: Standard | None = None

    # The sheet

    def sheet(self, value: object) -> Sheet | None:
        table = self.table(value, "")
        if table is None:
            return None
        self.standard = self.mandatory(table, "standard", "", self.find_standard)
        if self.standard is None:
            self.standard = self.likely_standard(table)
        if self.standard is None:
            self.common(table)
            if not table.keys() & {"items", "rows"}:
                self.fault("items", "missing: a sheet has items, or rows")
            return None
        read_sheet = self.copc if self.standard.family == "items" else self.see_cmm
        return read_sheet(table, self.standard)

    def find_standard(self, value: object, path: str) -> Standard | None:
        if self.known is not None:
            if value == self.known.id:
                return self.known
        elif isinstance(value, str) and catalogue.known(value):
            return catalogue.load(value)
        self.fault(path, f"unknown standard: {numbers.describe(value)}")
        return None

    def likely_standard(self, table: Object) -> Standard | None:
        """The standard that a sheet without a known one seems to mean, so that its other faults come at once."""
        if self.known is not None:
            return self.known
        named = table.get("standard")
        if isinstance(named, str) and "@" in named:
            family = named.partition("@")[0] + "@"
            return next((catalogue.load(key) for key in catalogue.FILES if key.startswith(family)), None)
        if "items" in table:
            return catalogue.load(catalogue.COPC)
        return catalogue.load(catalogue.SEE_CMM) if "rows" in table else None

    def common(self, table: Object) -> dict[str, Any]:
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

    def copc(self, table: Object, standard: Standard) -> CopcSheet:
        self.table(table, "", _COPC_FIELDS)
        common = self.common(table)
        tier = (
            self.optional(table, "tier", "", lambda v, p: self.one_of(v, p, tuple(standard.tiers)))
            or standard.default_tier
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
            read_with=self.known,
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
            metrics=self.optional(table, "metrics", path, self.metrics)
            if item.unit_kind is None and not self.has_word(item)
            else None,
            compliant=self.optional(table, "compliant", path, self.flag) if self.has_word(item) else None,
            overrule=self.optional(table, "overrule", path, lambda v, p: self.overrule(v, p, item)),
        )

    def has_word(self, item: Item) -> bool:
        """Whether this is item 4.7, which reads the metrics of others and may be said to be compliant."""
        return self.standard is not None and self.standard.copc and item.id == ACHIEVING_RESULTS

    def misplaced(self, table: Object, path: str, item: Item) -> None:
        """Fields that are unknown, or that this item cannot have."""
        for key in table:
            if key in ("lines", "overrule"):
                continue
            if key in ("deployed", "in_scope"):
                if item.unit_kind is None:
                    self.fault(below(path, key), "a category 4 item is not deployed in units")
            elif key == "metrics":
                if self.has_word(item):
                    self.fault(below(path, key), "item 4.7 has no metrics of its own")
                elif item.unit_kind is not None:
                    self.fault(below(path, key), "only category 4 items have metrics")
            elif key == "compliant":
                if not self.has_word(item):
                    self.fault(below(path, key), "only item 4.7 is said to be compliant")
            else:
                self.fault(below(path, key), "unknown field")

    def units(
        self, table: Object, key: str, path: str, item: Item, named: tuple[str, ...] | None
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
        for key, given in table.items():
            where, score = below(path, key), whole(given)
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
        table = self.table(value, path) or {}
        months = tuple(table)
        if _in_order(months, self.last_month):
            try:
                return tuple(zip(months, map(numbers.parse, table.values()), strict=True))
            except numbers.NotANumber:
                pass
        return self.values_one_by_one(table, path)

    def values_one_by_one(self, table: Object, path: str) -> tuple[tuple[str, Fraction], ...]:
        """The values of a series in which something is out of order or wrong."""
        found = []
        for month, entry in table.items():
            if not _is_month(month):
                self.fault(below(path, month), "not a month (YYYY-MM)")
                continue
            if self.last_month is not None and month > self.last_month:
                self.fault(below(path, month), f"a month after as_of ({self.last_month})")
            number = self.number(entry, below(path, month))
            if number is not None:
                found.append((month, number))
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
        needs: list[tuple[str, str]] = []
        for index, entry in enumerate(self.listed(value, path)):
            where = f"{path}[{index}]"
            gap = self.gap(entry, where, read_release)
            if gap is None:
                continue
            needs += ((f"{where}.needs[{position}]", name) for position, name in enumerate(gap.needs))
            if gap.id in found:
                self.fault(below(where, "id"), f"duplicate identifier: {numbers.describe(gap.id)}")
            elif gap.id:
                found[gap.id] = (index, gap)
        for where, name in needs:
            if name and name not in found:
                self.fault(where, f"unknown gap: {numbers.describe(name)}")
        self.cycles(found, path)
        return tuple(gap for _, gap in found.values())

    def gap(self, value: object, path: str, read_release: "_ReadRelease") -> Gap | None:
        """A gap; without an identifier that can be read its own is empty, so that its needs are still judged."""
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
        return Gap(
            id=name or "",
            releases=tuple(releases),
            grade=grade,
            effort=Fraction(1) if effort is None else effort,
            ready_on=ready_on,
            needs=tuple(self.need(entry, f"{path}.needs[{index}]") for index, entry in enumerate(needs)),
        )

    def need(self, value: object, path: str) -> str:
        return self.identifier(value, path) or ""

    def cycles(self, found: Mapping[str, tuple[int, Gap]], path: str) -> None:
        """Needs must not run in a circle."""
        graph = {name: [need for need in gap.needs if need in found] for name, (_, gap) in found.items()}
        for cycle in find_cycles(graph):
            shown = " -> ".join(numbers.describe(name).strip("'\"") for name in [*cycle, cycle[0]])
            self.fault(f"{path}[{found[cycle[0]][0]}].needs", f"a cycle of needs: {shown}")

    # SEE-CMM

    def see_cmm(self, table: Object, standard: Standard) -> SeeSheet:
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
            read_with=self.known,
            **common,
        )

    def level(self, value: object, path: str, lowest: int = 0) -> int | None:
        number = whole(value)
        if type(number) is int and lowest <= number <= 4:
            return number
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


_ReadRelease = Callable[[SheetReader, object, str], Release | None]


@lru_cache(maxsize=256)
def _in_order(months: tuple[str, ...], last: str | None) -> bool:
    """Whether all are months, rising, none after the last one; the metrics of a sheet mostly share theirs."""
    rising = all(map(_is_month, months)) and list(months) == sorted(months)
    return rising and (last is None or not months or months[-1] <= last)


@lru_cache(maxsize=4096)
def _is_month(text: str) -> bool:
    return _MONTH.fullmatch(text) is not None


def _names_units(entry: object) -> bool:
    return isinstance(entry, dict) and ("deployed" in entry or "in_scope" in entry)


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

    def read(self, reader: SheetReader, value: object, path: str) -> Release | None:
        table = reader.table(value, path, _RELEASE_FIELDS)
        if table is None:
            return None
        faults_before = len(reader.faults)
        names = {
            key: reader.identifier(table[key], below(path, key)) for key in table if key in _RELEASE_FIELDS
        }
        kind = _RELEASE_SHAPES.get(frozenset(table))
        if "item" not in table:
            reader.fault(below(path, "item"), "missing")
        elif kind is None and len(names) == len(table):
            reader.fault(
                path, "must name one line, one unit, one metric with its fact, or 4.7 with fact compliant"
            )
        for key, message in self.wrong(names):
            reader.fault(below(path, key), message)
        if kind is None or len(reader.faults) > faults_before:
            return None
        return Release(kind, names["item"] or "", names.get(kind) or "", names.get("fact") or "")

    def wrong(self, names: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
        """Each field that names what the sheet does not have, and why: all of them, not only the first."""
        item_id, fact = names.get("item"), names.get("fact")
        known = item_id is not None and self.standard.has_item(item_id)
        if item_id is not None and not known:
            yield "item", f"unknown item: {numbers.describe(item_id)}"
        if fact is not None and "metric" in names and fact not in METRIC_FACTS:
            yield "fact", f"must be cui, meets or improves, not {numbers.describe(fact)}"
        alone = fact is not None and names.keys() <= {"item", "fact"} and (known or fact != "compliant")
        if alone and not (self.standard.copc and (item_id, fact) == (ACHIEVING_RESULTS, "compliant")):
            yield "fact", "without a metric only item 4.7 has a fact to release: compliant"
        if item_id is not None and known:
            yield from self.missing(item_id, names)

    def missing(self, item_id: str, names: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
        item, facts = self.standard.item(item_id), self.items.get(item_id)
        if self.tier not in item.points:
            return
        if facts is None:
            yield "item", f"item {item_id} does not stand in the sheet"
            return
        for kind in ("line", "unit", "metric"):
            name = names.get(kind)
            if name is not None and not self.named(kind, name, item, facts):
                yield kind, f"unknown {kind}: {numbers.describe(name)}"

    def named(self, kind: str, name: str, item: Item, facts: ItemFacts) -> bool:
        if kind == "line":
            return name in facts.lines
        if kind == "unit":
            return item.unit_kind is not None and name in (self.units[item.unit_kind] or ())
        return any(metric.id == name for metric in facts.metrics or ())


_ROW_RELEASE = frozenset({"criterion", "row", "level"})


def _row_release_reader(standard: Standard) -> _ReadRelease:
    def read_release(reader: SheetReader, value: object, path: str) -> Release | None:
        table = reader.table(value, path, _ROW_RELEASE)
        if table is None:
            return None
        criterion = reader.mandatory(table, "criterion", path, reader.identifier)
        row = reader.mandatory(table, "row", path, reader.identifier)
        level = reader.mandatory(table, "level", path, reader.level)
        if criterion is None:
            return None
        if not standard.has_criterion(criterion):
            reader.fault(below(path, "criterion"), f"unknown criterion: {numbers.describe(criterion)}")
            return None
        if row is not None and all(entry.id != row for entry in standard.criterion(criterion).rows):
            reader.fault(below(path, "row"), f"unknown row: {numbers.describe(row)}")
            return None
        if row is None or level is None:
            return None
        return Release("row", criterion, row, level=level)

    return read_release
