"""A sheet compiled for asking "what if these gaps were closed" thousands of times.

Every fact-bearing thing that an open gap pins (a line, a unit, a metric, a row, the word on 4.7) becomes an
`Entity`: a small table from the facts released to what it then contributes to its item's counts. An item's score
depends on the sum of these contributions alone, so a set of closures, written as a bit mask over the sheet's
gaps, is scored by adding a few integers. The formulas are those of `copc` and `see_cmm`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import add

from scoring import judging, metrics, see_cmm
from scoring.catalogue import Item
from scoring.judging import Frame
from scoring.rescore import release_facts
from scoring.sheet import CopcSheet, Gap, ItemFacts, Metric, Release, SeeSheet, Sheet

# An item's counts, in this order.
MET, UNMET, WAIVABLE, DEPLOYED, COUNTED, MEETS, IMPROVING = range(7)
Vector = tuple[int, ...]
NOTHING: Vector = (0,) * 7


def plus(left: Vector, right: Vector) -> Vector:
    """The sum of two vectors."""
    return tuple(map(add, left, right))


@dataclass(frozen=True, slots=True)
class Entity:
    """What some facts contribute. `pins` holds, per fact, the mask of gaps that must all be closed to release it;
    `table` holds the contribution for each combination of released facts, bit i standing for fact i."""

    name: str
    pins: tuple[int, ...]
    table: tuple[Vector, ...]

    @property
    def mask(self) -> int:
        """All gaps that touch the entity."""
        found = 0
        for pin in self.pins:
            found |= pin
        return found

    def at(self, closed: int) -> Vector:
        """The contribution when the gaps of this mask are closed."""
        index = 0
        for bit, pin in enumerate(self.pins):
            if pin & closed == pin:
                index |= 1 << bit
        return self.table[index]

    def matters(self) -> bool:
        """Whether any closure changes the contribution."""
        return any(row != self.table[0] for row in self.table)


@dataclass(frozen=True, slots=True)
class ItemModel:
    """One scored item: the counts that no closure changes, and the entities that closures do change."""

    item: Item
    facts: ItemFacts
    frame: Frame
    required: int
    scope: int
    base: Vector
    entities: tuple[Entity, ...]

    def vector(self, closed: int) -> Vector:
        """The item's counts under these closures."""
        found = self.base
        for entity in self.entities:
            found = plus(found, entity.at(closed))
        return found

    def overruled(self, name: str) -> int | None:
        """The score that an overrule sets, `None` where it sets none."""
        return None if self.facts.overrule is None else self.facts.overrule.scores.get(name)

    def computed(self, name: str) -> bool:
        """Whether the dimension follows its facts."""
        return self.overruled(name) is None

    def approach(self, v: Vector) -> int | None:
        """Approach from the counts."""
        fixed = self.overruled("approach")
        if fixed is not None:
            return fixed
        if any(fact.status == "not_assessed" for fact in self.facts.lines.values()):
            return None
        waive = self.waives and judging.note_3_applies(v[MEETS], v[COUNTED])
        return judging.approach_score(self.frame.approach, v[MET], v[UNMET], v[WAIVABLE], waive)

    @property
    def waives(self) -> bool:
        """Whether note 3 could set lines of this item aside."""
        return self.item.unit_kind is None and self.frame.policy.note3_effect == "waive_lines"

    def deployment(self, v: Vector) -> int | None:
        """Deployment from the counts."""
        fixed = self.overruled("deployment")
        if fixed is not None or self.facts.deployed is None or not self.scope:
            return fixed
        return judging.band(self.frame.deployment, v[DEPLOYED], self.scope)

    def level(self, v: Vector) -> int | None:
        """Level from the counts."""
        fixed = self.overruled("level")
        if fixed is not None or not self.required or not v[COUNTED]:
            return fixed
        return judging.band(self.frame.level, v[MEETS], v[COUNTED])

    def trend(self, v: Vector) -> int | None:
        """Trend from the counts, before note 4."""
        fixed = self.overruled("trend")
        if fixed is not None or not self.required:
            return fixed
        if self.frame.policy.note3_effect == "auto_trend" and judging.note_3_applies(v[MEETS], v[COUNTED]):
            return 100
        return judging.trend_score(v[IMPROVING], self.required, self.frame.policy.trend_one_metric)

    @property
    def max(self) -> Fraction:
        """Full marks in the tier."""
        return self.item.points[self.frame.tier]

    @property
    def takes_note_4(self) -> bool:
        """Whether a compliant 4.7 makes this item's trend full."""
        return self.item.id in self.frame.lifted

    def scores(self, v: Vector, compliant: bool) -> tuple[int | None, ...]:
        """The dimension scores in force: two of a practice item, three of a result item."""
        if self.item.unit_kind is not None:
            return self.approach(v), self.deployment(v)
        trend = 100 if compliant and self.takes_note_4 else self.trend(v)
        return self.approach(v), self.level(v), trend

    def points(self, v: Vector, compliant: bool) -> Fraction:
        """Points, 0 while blank."""
        found = self.scores(v, compliant)
        known = [score for score in found if score is not None]
        if len(known) < len(found):
            return Fraction(0)
        percent = Fraction(min(known)) if self.item.unit_kind is not None else Fraction(sum(known), 3)
        return percent * self.max / 100


@dataclass(frozen=True, slots=True)
class CopcModel:
    """All items of a sheet that stand in it, and how the word on 4.7 comes about."""

    sheet: CopcSheet
    frame: Frame
    gaps: tuple[Gap, ...]
    items: Mapping[str, ItemModel]
    word: Entity | None

    @property
    def achieving(self) -> ItemModel | None:
        """The model of 4.7, `None` where note 4 cannot apply."""
        return self.items.get(self.frame.word_item or "") if self.frame.lifted else None

    @property
    def word_is_computed(self) -> bool:
        """Whether 4.7's own scores say that it is compliant."""
        return self.frame.policy.c47_compliant == "computed"

    def compliant(self, closed: int) -> bool:
        """The word on 4.7 under these closures."""
        model = self.achieving
        if model is None:
            return False
        if self.word_is_computed:
            return all(score == 100 for score in model.scores(model.vector(closed), False))
        return model.facts.compliant is True or (self.word is not None and self.word.at(closed)[0] == 1)

    def total(self, closed: int) -> Fraction:
        """The total under these closures, equal to scoring the closed sheet."""
        compliant = self.compliant(closed)
        return sum((m.points(m.vector(closed), compliant) for m in self.items.values()), Fraction(0))


@dataclass(frozen=True, slots=True)
class CriterionModel:
    """One criterion: per row the level as it stands, or the entity whose contribution is (level, empty)."""

    id: str
    full: Fraction
    rows: Mapping[str, int | None]
    entities: Mapping[str, Entity]

    def marks(self, closed: int) -> dict[str, int | None]:
        """Row → level under these closures."""
        found = dict(self.rows)
        for row, entity in self.entities.items():
            mark, empty = entity.at(closed)
            found[row] = None if empty else mark
        return found

    def points(self, total: int, empty: int) -> Fraction:
        """Points from the sum of the rows, 0 while a row is empty."""
        return Fraction(0) if empty else Fraction(total, 4 * len(self.rows)) * self.full


@dataclass(frozen=True, slots=True)
class SeeModel:
    """All criteria of a sheet of rows."""

    sheet: SeeSheet
    gaps: tuple[Gap, ...]
    criteria: Mapping[str, CriterionModel]

    def total(self, closed: int) -> Fraction:
        """The total under these closures."""
        total = Fraction(0)
        for criterion in self.criteria.values():
            marks = criterion.marks(closed).values()
            known = [mark for mark in marks if mark is not None]
            total += criterion.points(sum(known), len(marks) - len(known))
        return total


Model = CopcModel | SeeModel


def compile_sheet(sheet: Sheet) -> Model:
    """The model of a sheet; bit i of a mask stands for `sheet.gaps[i]`."""
    return _compile_items(sheet) if isinstance(sheet, CopcSheet) else _compile_rows(sheet)


def pins_of(gaps: Iterable[Gap]) -> dict[Release, int]:
    """Each fact that is named, with the mask of the gaps that name it."""
    found: dict[Release, int] = {}
    for bit, gap in enumerate(gaps):
        for release in gap.releases:
            found[release] = found.get(release, 0) | 1 << bit
    return found


def _compile_items(sheet: CopcSheet) -> CopcModel:
    standard = sheet.catalogue
    frame = judging.frame_of(standard, sheet.tier, sheet.policy)
    pins = pins_of(sheet.gaps)
    by_item: dict[str, list[tuple[Release, int]]] = {}
    for release, mask in pins.items():
        by_item.setdefault(release.item, []).append((release, mask))
    present = [item for item in standard.items_of(sheet.tier) if item.id in sheet.items]
    metric_parts = {
        item.id: list(_metric_parts(sheet, item.id, by_item.get(item.id, []))) for item in present
    }
    pooled = [part for parts in metric_parts.values() for part in parts]
    items = {}
    for item in present:
        parts = pooled if item.id == frame.word_item else metric_parts[item.id]
        items[item.id] = _compile_item(sheet, item, frame, by_item.get(item.id, []), parts)
    word = [mask for release, mask in by_item.get(frame.word_item or "", []) if release.kind == "compliant"]
    return CopcModel(
        sheet, frame, sheet.gaps, items, Entity("4.7", tuple(word), ((0,), (1,))) if word else None
    )


_Pinned = Sequence[tuple[Release, int]]


def _compile_item(
    sheet: CopcSheet, item: Item, frame: Frame, pinned: _Pinned, metric_parts: Sequence[Entity]
) -> ItemModel:
    facts = sheet.items[item.id]
    units = sheet.units_of(item) if facts.in_scope is None else facts.in_scope
    parts = [*_line_parts(item, facts, pinned), *_unit_parts(facts, units, pinned), *metric_parts]
    base = NOTHING
    for entity in parts:
        if not entity.matters():
            base = plus(base, entity.table[0])
    changing = tuple(entity for entity in parts if entity.matters())
    return ItemModel(item, facts, frame, len(metric_parts), len(units), base, changing)


def _unit_vector(index: int) -> Vector:
    return tuple(int(place == index) for place in range(len(NOTHING)))


def _line_parts(item: Item, facts: ItemFacts, pinned: _Pinned) -> Iterator[Entity]:
    masks = {release.name: mask for release, mask in pinned if release.kind == "line"}
    met = _unit_vector(MET)
    for name, line in facts.lines.items():
        if line.status == "met":
            yield Entity(name, (), (met,))
        elif line.status == "not_met":
            waivable = line.improvement_approach and item.unit_kind is None
            unmet = _unit_vector(WAIVABLE if waivable else UNMET)
            yield Entity(name, (masks[name],), (unmet, met)) if name in masks else Entity(name, (), (unmet,))


def _unit_parts(facts: ItemFacts, units: Sequence[str], pinned: _Pinned) -> Iterator[Entity]:
    if facts.deployed is None:
        return
    masks = {release.name: mask for release, mask in pinned if release.kind == "unit"}
    deployed = _unit_vector(DEPLOYED)
    for name in units:
        if name in facts.deployed:
            yield Entity(name, (), (deployed,))
        elif name in masks:
            yield Entity(name, (masks[name],), (NOTHING, deployed))


def _metric_parts(sheet: CopcSheet, item_id: str, pinned: _Pinned) -> Iterator[Entity]:
    for metric in sheet.items[item_id].metrics or ():
        if not metric.required:
            continue
        named = [
            (release, mask)
            for release, mask in pinned
            if release.kind == "metric" and release.name == metric.id
        ]
        table = []
        for combination in range(1 << len(named)):
            freed = [release for bit, (release, _) in enumerate(named) if combination >> bit & 1]
            table.append(_metric_vector(sheet, metric, freed))
        yield Entity(f"{item_id}.{metric.id}", tuple(mask for _, mask in named), tuple(table))


def _metric_vector(sheet: CopcSheet, metric: Metric, freed: Sequence[Release]) -> Vector:
    """What a metric adds to the counts, asked of the same code that scores it."""
    if freed:
        released = release_facts(ItemFacts("", metrics=(metric,)), freed).metrics
        metric = released[0] if released else metric
    found = metrics.facts(metric, sheet.policy)
    counted = found.cui or sheet.policy.cui_denominator == "keep"
    return 0, 0, 0, 0, int(counted), int(found.meets), int(found.improving)


def _compile_rows(sheet: SeeSheet) -> SeeModel:
    standard = sheet.catalogue
    full = see_cmm.full_marks(standard, sheet.policy.weighting)
    named: dict[tuple[str, str], dict[int, int]] = {}
    for release, mask in pins_of(sheet.gaps).items():
        levels = named.setdefault((release.item, release.name), {})
        levels[release.level] = levels.get(release.level, 0) | mask
    criteria = {}
    for criterion in standard.criteria:
        given = sheet.rows.get(criterion.id, {})
        rows = {row.id: given.get(row.id) for row in criterion.rows}
        entities = {
            row: _row_entity(f"{criterion.id}.{row}", mark, named[criterion.id, row])
            for row, mark in rows.items()
            if (criterion.id, row) in named
        }
        changing = {row: entity for row, entity in entities.items() if entity.matters()}
        criteria[criterion.id] = CriterionModel(criterion.id, full[criterion.id], rows, changing)
    return SeeModel(sheet, sheet.gaps, criteria)


def _row_entity(name: str, mark: int | None, masks: Mapping[int, int]) -> Entity:
    """A row rises to a level when every gap that names it or a lower one on the row is closed."""
    pins, levels, below = [], sorted(masks), 0
    for level in levels:
        below |= masks[level]
        pins.append(below)
    table = []
    for combination in range(1 << len(pins)):
        reached = [level for bit, level in enumerate(levels) if combination >> bit & 1]
        raised = max([*reached, *([] if mark is None else [mark])], default=None)
        table.append((raised or 0, int(raised is None)))
    return Entity(name, tuple(pins), tuple(table))


def effects(model: CopcModel) -> dict[int, frozenset[tuple[str, Vector]]]:
    """Gap (its bit) → what it adds to the counts of each item; gaps with equal effects are interchangeable.

    Left out are gaps whose effect depends on others: those that share a fact or a metric, that need another gap or
    are needed, and those on the word on 4.7.
    """
    bound = {need for gap in model.gaps for need in gap.needs}
    found: dict[int, dict[str, Vector]] = {
        bit: {} for bit, gap in enumerate(model.gaps) if not gap.needs and gap.id not in bound
    }
    dependent = model.word.mask if model.word is not None else 0
    for item_id, item in model.items.items():
        for entity in item.entities:
            mask = entity.mask
            if mask & (mask - 1):
                dependent |= mask
                continue
            added = found.get(mask.bit_length() - 1)
            if added is not None:
                before = tuple(-value for value in entity.table[0])
                added[item_id] = plus(added.get(item_id, NOTHING), plus(entity.at(mask), before))
    return {bit: frozenset(added.items()) for bit, added in found.items() if not dependent >> bit & 1}
