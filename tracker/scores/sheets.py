"""From facts in the database to a score sheet: the one bridge between rows and the scoring package.

A sheet is complete in itself (format `score-sheet/1`), so whatever is computed from it can be computed again
anywhere. An open non-conformity stands in its `gaps` with what its closure releases.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from scoring.numbers import exact
from scoring.standard import Item, Standard
from tracker.database import db
from tracker.errors import NotFound
from tracker.metrics import rolled
from tracker.metrics.models import Metric, MetricTarget
from tracker.metrics.rolled import Readings
from tracker.numbering import label
from tracker.organisations.models import Site, Unit, UnitKind
from tracker.reviews.models import FactKind, FactSet, FactSetKind, Overrule
from tracker.scores import releases, statements
from tracker.scores.models import CatalogueRelease
from tracker.scores.statements import COPC as COPC
from tracker.scores.statements import PINNING as PINNING
from tracker.scores.statements import SEE_CMM as SEE_CMM
from tracker.scores.statements import STANDARDS as STANDARDS
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState

# Series longer than this bring nothing: the rules read the latest six periods, a window at most these.
MONTHS_READ = 36


@dataclass(frozen=True)
class Gap:
    """An open non-conformity as the sheet names it."""

    id: str
    nonconformity_id: int
    number: int
    grade: Grade
    state: NonconformityState
    effort: Fraction
    releases: tuple[dict[str, Any], ...]
    points_alone: Fraction | None = None


@dataclass(frozen=True)
class Material:
    """All rows that a sheet is made of, read in a fixed number of statements.

    Facts and metrics are rows of `Fact` and `Metric`, or of those of their columns that a sheet reads.
    """

    site: Site
    fact_set: FactSet
    release: CatalogueRelease
    facts: tuple[Any, ...]
    overrules: tuple[Overrule, ...]
    units: tuple[Unit, ...] = ()
    metrics: tuple[Any, ...] = ()
    targets: dict[int, list[MetricTarget]] = field(default_factory=dict)
    values: dict[int, dict[str, Fraction]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


def current_set(organisation_id: int, site_id: int, standard: str) -> FactSet | None:
    """The site's current facts under a standard; None before its first reported review."""
    return db.session.execute(
        sa.select(FactSet).where(
            FactSet.organisation_id == organisation_id,
            FactSet.site_id == site_id,
            FactSet.standard == standard,
            FactSet.kind == FactSetKind.CURRENT,
        )
    ).scalar_one_or_none()


@dataclass(frozen=True)
class Current:
    """The site's current facts under a standard with the site, the release and the tier they are scored by."""

    fact_set: FactSet
    site: Site
    release: CatalogueRelease
    tier: str


def currents(organisation_id: int, site_id: int, pinned_by: int | None = None) -> list[Current]:
    """The site's current facts under every standard it is reviewed by, in one statement.

    With `pinned_by` rows are left out where this non-conformity has never pinned one: they change by nothing else. The
    items are always there, because time passes over their series and programmes.
    """
    asked = {"organisation": organisation_id, "site": site_id, "pinned_by": pinned_by}
    found = {
        row.FactSet.standard: Current(
            row.FactSet,
            row.Site,
            row.CatalogueRelease,
            row.tier if row.FactSet.standard == COPC else "standard",
        )
        for row in db.session.execute(statements.currents(pinned_by is not None), asked)
    }
    return [found[standard] for standard in STANDARDS if standard in found]


def review_set(organisation_id: int, review_id: int, standard: str) -> FactSet | None:
    """The copy of the facts that a review works on."""
    return db.session.execute(
        sa.select(FactSet).where(
            FactSet.organisation_id == organisation_id,
            FactSet.review_id == review_id,
            FactSet.standard == standard,
            FactSet.kind == FactSetKind.REVIEW,
        )
    ).scalar_one_or_none()


def gather(fact_set: FactSet, as_of: date) -> Material:
    """Read everything that the sheet of a fact set is made of, as it stood on `as_of`."""
    organisation_id, site_id = fact_set.organisation_id, fact_set.site_id
    site = db.session.get(Site, (organisation_id, site_id))
    release = db.session.get(CatalogueRelease, (organisation_id, fact_set.release_id))
    if site is None or release is None:
        raise NotFound
    asked = {"organisation": organisation_id, "site": site_id, "facts": fact_set.id, "day": as_of}
    facts = tuple(db.session.execute(statements.facts(), asked))
    overrules = tuple(db.session.execute(statements.overrules(), asked).scalars())
    gaps = _gaps(organisation_id, site_id, fact_set.standard)
    if fact_set.standard != COPC:
        return Material(site, fact_set, release, facts, overrules, gaps=gaps)
    units = tuple(db.session.execute(statements.units(), asked).scalars())
    metrics = tuple(db.session.execute(statements.metrics(), asked))
    targets, values = read_series(organisation_id, site_id, as_of)
    return Material(site, fact_set, release, facts, overrules, units, metrics, targets, values, gaps)


def _all(statement: sa.Select[Any]) -> tuple[Any, ...]:
    return tuple(db.session.execute(statement).scalars())


def read_series(
    organisation_id: int, site_id: int, as_of: date
) -> tuple[dict[int, list[MetricTarget]], dict[int, dict[str, Fraction]]]:
    """The targets of a site's metrics, and their monthly values up to the month of a day, by metric: two statements.

    A metric with a declared roll-up has the series that its programmes make; a provisional month counts as any other.
    """
    targets, readings = read_readings(organisation_id, site_id, as_of)
    return targets, readings.values


def read_readings(
    organisation_id: int, site_id: int, as_of: date
) -> tuple[dict[int, list[MetricTarget]], Readings]:
    """As `read_series`, with what stands beside the values: counts, provisional months, programmes left out."""
    of_site = sa.select(Metric.id).where(Metric.organisation_id == organisation_id, Metric.site_id == site_id)
    targets: dict[int, list[MetricTarget]] = defaultdict(list)
    for target in _all(
        sa.select(MetricTarget)
        .where(MetricTarget.organisation_id == organisation_id, MetricTarget.metric_id.in_(of_site))
        .order_by(MetricTarget.from_month)
    ):
        targets[target.metric_id].append(target)
    first = months_before(as_of, MONTHS_READ - 1)
    return targets, rolled.read(organisation_id, of_site, first, month_of(as_of))


def month_of(day: date) -> str:
    """The month of a day, as series name it: `2026-06`."""
    return f"{day.year:04d}-{day.month:02d}"


def months_before(day: date, count: int) -> str:
    """The month `count` months before that of `day`."""
    index = day.year * 12 + day.month - 1 - count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def _gaps(organisation_id: int, site_id: int, standard: str) -> tuple[Gap, ...]:
    """The open non-conformities of a site that pin facts of a standard, by number, with what each releases."""
    asked = {"organisation": organisation_id, "site": site_id, "standard": standard}
    records: dict[int, Any] = {}
    pins: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.execute(statements.gaps(), asked):
        records[row.id] = row
        pins[row.id].append(release_of(row))
    return tuple(
        Gap(
            id=label("nonconformity", row.number),
            nonconformity_id=row.id,
            number=row.number,
            grade=row.grade,
            state=row.state,
            effort=row.effort,
            points_alone=row.points_alone,
            releases=tuple(pins[row.id]),
        )
        for row in records.values()
    )


def release_of(pin: Any) -> dict[str, Any]:
    """What closing a pin, or a row with its columns, releases in the sheet's words."""
    if pin.kind == FactKind.ROW:
        return {"criterion": pin.element, "row": pin.subject, "level": pin.level}
    if pin.kind == FactKind.METRIC:
        return {"item": pin.element, "metric": pin.subject, "fact": pin.aspect}
    if pin.kind == FactKind.WORD:
        return {"item": pin.element, "fact": pin.subject}
    return {"item": pin.element, pin.kind: pin.subject}


def build(material: Material, tier: str, as_of: date) -> dict[str, Any]:
    """The sheet of a fact set, facts as they are recorded; `scoring.hold` then holds what the gaps pin.

    Facts that the release does not know are left out: they stay recorded, and are not scored.
    """
    known = releases.standard_of(material.release)
    sheet: dict[str, Any] = {
        "format": "score-sheet/1",
        "standard": material.release.key,
        "site": material.site.code,
        "as_of": as_of.isoformat(),
        "policy": dict(material.site.policy),
    }
    if material.fact_set.standard == SEE_CMM:
        sheet["policy"] = {
            key: value for key, value in material.site.policy.items() if key.startswith("see.")
        }
        sheet["target_level"] = material.site.target_level
        sheet["rows"] = _rows(material, known)
    else:
        sheet["policy"] = {
            key: value for key, value in material.site.policy.items() if not key.startswith("see.")
        }
        sheet["tier"] = tier
        sheet["programmes"] = [unit.code for unit in material.units if unit.kind == UnitKind.PROGRAMME]
        sheet["key_positions"] = [unit.code for unit in material.units if unit.kind == UnitKind.KEY_POSITION]
        sheet["items"] = _items(material, known)
    sheet["gaps"] = _known_gaps(material, sheet, known)
    return sheet


def asked_rows(known: Standard) -> frozenset[tuple[str, str]]:
    """Every criterion and row that a release asks about."""
    return frozenset((criterion.id, row.id) for criterion, row in known.rows())


def _rows(material: Material, known: Standard) -> dict[str, dict[str, int | None]]:
    asked = asked_rows(known)
    rows: dict[str, dict[str, int | None]] = defaultdict(dict)
    for fact in material.facts:
        if (fact.element, fact.subject) in asked:
            rows[fact.element][fact.subject] = int(fact.value) if fact.value else None
    return dict(rows)


def _items(material: Material, known: Standard) -> dict[str, Any]:
    by_element: dict[str, list[Any]] = defaultdict(list)
    for fact in material.facts:
        if known.has_item(fact.element) and asks(known.item(fact.element), fact):
            by_element[fact.element].append(fact)
    metrics: dict[str, list[Any]] = defaultdict(list)
    for metric in material.metrics:
        if known.has_item(metric.item) and known.item(metric.item).unit_kind is None:
            metrics[metric.item].append(metric)
    overrules: dict[str, list[Overrule]] = defaultdict(list)
    for overrule in material.overrules:
        if known.has_item(overrule.element) and overrule.dimension in _dimensions(
            known.item(overrule.element)
        ):
            overrules[overrule.element].append(overrule)
    units: dict[str | None, set[str]] = defaultdict(set)
    for unit in material.units:
        units[unit.kind.value].add(unit.code)
    return {
        element: _item(
            facts, metrics[element], overrules[element], units[known.item(element).unit_kind], material
        )
        for element, facts in by_element.items()
    }


def asks(item: Item, fact: Any) -> bool:
    """Whether a release asks for this fact: an item of results has no units, one of practice no metrics."""
    if fact.kind == FactKind.LINE:
        return any(line.id == fact.subject for line in item.lines)
    return fact.kind == FactKind.WORD or (fact.kind == FactKind.UNIT) == (item.unit_kind is not None)


def _dimensions(item: Item) -> tuple[str, ...]:
    return ("approach", "level", "trend") if item.unit_kind is None else ("approach", "deployment")


def _item(
    facts: Sequence[Any],
    metrics: Sequence[Any],
    overrules: list[Overrule],
    units: set[str],
    material: Material,
) -> dict[str, Any]:
    item: dict[str, Any] = {}
    lines = {fact.subject: _line(fact) for fact in facts if fact.kind == FactKind.LINE}
    if lines:
        item["lines"] = lines
    item.update(_deployment([fact for fact in facts if fact.kind == FactKind.UNIT and fact.subject in units]))
    if metrics:
        stated: dict[str, dict[str, bool]] = defaultdict(dict)
        for fact in facts:
            if fact.kind == FactKind.METRIC and fact.value:
                stated[fact.subject][fact.aspect] = fact.value == "yes"
        item["metrics"] = [_metric(metric, stated[metric.code], material) for metric in metrics]
    for fact in facts:
        if fact.kind == FactKind.WORD and fact.value:
            item[fact.subject] = fact.value == "yes"
    if overrules:
        item["overrule"] = {row.dimension: row.score for row in overrules} | {
            "reason": "; ".join(dict.fromkeys(row.reason for row in overrules))
        }
    return item


def _line(fact: Any) -> Any:
    status = fact.value or "not_assessed"
    return {"status": status, "improvement_approach": True} if fact.improvement_approach else status


def _deployment(facts: Sequence[Any]) -> dict[str, list[str]]:
    """Which units are in scope and which fully deployed; nothing before every unit has been judged (C-ARITH-4)."""
    scope = [fact for fact in facts if fact.value != "not_applicable"]
    if not facts or any(not fact.value for fact in facts):
        return {}
    found = {"deployed": [fact.subject for fact in scope if fact.value == "full"]}
    if len(scope) < len(facts):
        found["in_scope"] = [fact.subject for fact in scope]
    return found


def _metric(metric: Any, stated: dict[str, bool], material: Material) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": metric.code, "required": metric.required, **stated}
    if metric.better is not None:
        entry["better"] = metric.better.value
    target = _target(material.targets.get(metric.id, []))
    if target is not None:
        entry["target"] = target
    values = material.values.get(metric.id)
    if values:
        entry["values"] = {month: exact(value) for month, value in values.items()}
    return entry


def _target(targets: list[MetricTarget]) -> Any:
    """A map from the month in which each target comes into force to a number or a range."""
    written: dict[str, Any] = {}
    for row in targets:
        if row.value is not None:
            written[row.from_month] = exact(row.value)
        elif row.low is not None and row.high is not None:
            written[row.from_month] = {"low": exact(row.low), "high": exact(row.high)}
    return written or None


def _known_gaps(material: Material, sheet: dict[str, Any], known: Standard) -> list[dict[str, Any]]:
    """The gaps, without releases of facts that this set does not know (a programme retired, an item out of scope)."""
    gaps = []
    for gap in material.gaps:
        freed = [release for release in gap.releases if _knows(sheet, release, known)]
        if freed:
            entry: dict[str, Any] = {"id": gap.id, "effort": exact(gap.effort), "releases": freed}
            if gap.grade in (Grade.MAJOR, Grade.MINOR):
                entry["grade"] = gap.grade.value
            gaps.append(entry)
    return gaps


def _knows(sheet: dict[str, Any], release: dict[str, Any], known: Standard) -> bool:
    if "criterion" in release:
        return (release["criterion"], release["row"]) in asked_rows(known)
    item = sheet["items"].get(release["item"])
    if item is None:
        return False
    if "line" in release:
        return release["line"] in item.get("lines", {})
    if "unit" in release:
        return release["unit"] in sheet["programmes"] or release["unit"] in sheet["key_positions"]
    if "metric" in release:
        return any(metric["id"] == release["metric"] for metric in item.get("metrics", []))
    return True
