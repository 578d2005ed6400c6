"""A review with all rows that its score, its progress and its guards are made of, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from scoring import rescore
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import SheetFaults, parse
from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.metrics.models import Metric, MetricTarget
from tracker.metrics.rolled import Readings
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.numbering import label
from tracker.organisations.models import Site, Unit
from tracker.permissions import Subject
from tracker.reviews import beside, scope
from tracker.reviews.beside import Beside
from tracker.reviews.models import (
    ExternalAudit,
    ExternalState,
    Fact,
    FactKind,
    FactSet,
    FactSetKind,
    Overrule,
    Review,
    ReviewOrigin,
)
from tracker.scores import releases, sheets
from tracker.scores.computing import Computed
from tracker.scores.models import CatalogueRelease
from tracker.scores.sheets import COPC, PINNING, SEE_CMM
from tracker.undo import MoveUndo, belongs
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

JUDGED_KINDS = (FactKind.LINE, FactKind.UNIT, FactKind.ROW)


@dataclass(frozen=True)
class Head:
    """A review with what stands around it; `later_report` says that the site has been reported on since.

    `origin` is the number of the review whose facts it took over, `last_reported` the one whose report is
    current at the site, which it could take them over from.
    """

    review: Review
    site: Site
    lead: Person
    later_report: bool
    origin: int | None = None
    last_reported: int | None = None
    external: ExternalAudit | None = None
    last_move: MoveUndo | None = None


def get_head(organisation_id: int, number: int) -> Head:
    """The review with this number, with its site and its lead auditor, in one statement. Raises NotFound."""
    found = _head(Review.organisation_id == organisation_id, Review.number == number)
    if found is None:
        raise NotFound
    return found


def get_review(organisation_id: int, number: int) -> Review:
    """The review with this number. Raises NotFound."""
    return get_head(organisation_id, number).review


def _head(*conditions: Any) -> Head | None:
    later, source, last = (sa.orm.aliased(Review) for _each in range(3))
    row = db.session.execute(
        sa.select(
            Review,
            Site,
            Person,
            sa.exists().where(
                later.organisation_id == Review.organisation_id,
                later.site_id == Review.site_id,
                later.id != Review.id,
                later.state.in_((ReviewState.REPORTED, ReviewState.CLOSED)),
                later.reported_at > Review.reported_at,
            ),
            source.number,
            sa.select(sa.func.max(last.number))
            .join(FactSet, (FactSet.organisation_id == last.organisation_id) & (FactSet.review_id == last.id))
            .where(
                FactSet.organisation_id == Review.organisation_id,
                FactSet.site_id == Review.site_id,
                FactSet.kind == FactSetKind.CURRENT,
                last.id != Review.id,
            )
            .scalar_subquery(),
            ExternalAudit,
            MoveUndo,
        )
        .join(Site, (Site.organisation_id == Review.organisation_id) & (Site.id == Review.site_id))
        .join(
            Person, (Person.organisation_id == Review.organisation_id) & (Person.id == Review.lead_auditor_id)
        )
        .outerjoin(
            ReviewOrigin,
            (ReviewOrigin.organisation_id == Review.organisation_id) & (ReviewOrigin.review_id == Review.id),
        )
        .outerjoin(
            source,
            (source.organisation_id == ReviewOrigin.organisation_id)
            & (source.id == ReviewOrigin.from_review_id),
        )
        .outerjoin(
            ExternalAudit,
            (ExternalAudit.organisation_id == Review.organisation_id)
            & (ExternalAudit.id == _last_external()),
        )
        .outerjoin(MoveUndo, belongs("review", Review.organisation_id, Review.id))
        .where(*conditions)
    ).one_or_none()
    return None if row is None else Head(*row)


def _last_external() -> Any:
    """The audit by others that was held last at the site of a review, and stands beside one of our standards."""
    audit = sa.orm.aliased(ExternalAudit)
    return (
        sa.select(audit.id)
        .where(
            audit.organisation_id == Review.organisation_id,
            audit.site_id == Review.site_id,
            audit.state == ExternalState.HELD,
            audit.beside != "",
        )
        .order_by(audit.held_on.desc(), audit.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def subject_of(review: Review) -> Subject:
    """The review as permissions see it."""
    return Subject(site_id=review.site_id, auditor_ids=frozenset({review.lead_auditor_id}))


@dataclass(frozen=True)
class Finding:
    """A non-conformity that matters to a review, with the facts it pins."""

    record: Nonconformity
    pins: tuple[Pin, ...]

    @property
    def pinning(self) -> bool:
        """Whether it holds its facts at "not met" now."""
        return self.record.state in PINNING


@dataclass(frozen=True)
class Work:
    """A review with all rows that its score, its progress and its guards are made of."""

    review: Review
    site: Site
    lead: Person
    sets: dict[str, tuple[FactSet, CatalogueRelease]]
    facts: dict[str, tuple[Fact, ...]]
    overrules: dict[str, tuple[Overrule, ...]]
    units: tuple[Unit, ...]
    metrics: tuple[Metric, ...]
    targets: dict[int, list[MetricTarget]]
    readings: Readings
    findings: tuple[Finding, ...]
    beside: Beside = field(default_factory=Beside)
    later_report: bool = False
    origin: int | None = None
    last_reported: int | None = None
    external: ExternalAudit | None = None
    last_move: MoveUndo | None = None
    is_current: bool = False
    as_of: date = field(default_factory=clock.today)

    @property
    def values(self) -> dict[int, dict[str, Any]]:
        """Metric → month → value."""
        return self.readings.values

    @cached_property
    def computed(self) -> dict[str, Computed]:
        """The running score under each standard; a standard whose facts make no sheet yet is left out."""
        found = {}
        for standard in self.sets:
            try:
                found[standard] = self._compute(standard)
            except SheetFaults:
                continue
        return found

    def _compute(self, standard: str) -> Computed:
        fact_set, release = self.sets[standard]
        material = sheets.Material(
            site=self.site,
            fact_set=fact_set,
            release=release,
            facts=self.facts[standard],
            overrules=self.overrules[standard],
            units=self.units if standard == COPC else (),
            metrics=self.metrics if standard == COPC else (),
            targets=self.targets,
            values=self.readings.values,
            gaps=self._gaps(standard),
        )
        sheet = parse(
            sheets.build(material, self.review.tier.value, self.as_of), releases.standard_of(release)
        )
        return Computed(material, sheet, rescore.score(sheet))

    def _gaps(self, standard: str) -> tuple[sheets.Gap, ...]:
        gaps = []
        for finding in self.findings:
            pins = [pin for pin in finding.pins if pin.standard == standard and pin.released_at is None]
            if finding.pinning and pins:
                record = finding.record
                gaps.append(
                    sheets.Gap(
                        id=label("nonconformity", record.number),
                        nonconformity_id=record.id,
                        number=record.number,
                        grade=record.grade,
                        state=record.state,
                        effort=record.effort,
                        releases=tuple(sheets.release_of(pin) for pin in pins),
                    )
                )
        return tuple(gaps)

    @property
    def copc(self) -> CopcResult | None:
        """The running score under COPC; None while there is none."""
        found = self.computed.get(COPC)
        return found.result if found is not None and isinstance(found.result, CopcResult) else None

    @property
    def see_cmm(self) -> SeeResult | None:
        """The running score under SEE-CMM; None while there is none."""
        found = self.computed.get(SEE_CMM)
        return found.result if found is not None and isinstance(found.result, SeeResult) else None

    @cached_property
    def carriers(self) -> dict[tuple[str, str], int]:
        """Standard and key of a fact → the number of the non-conformity that carries it (the lowest).

        Open ones of any review of the site count; of this review also drafts, which open with its report, and
        those that have carried their fact to the closure since.
        """
        found: dict[tuple[str, str], int] = {}
        for finding in self.findings:
            own = finding.record.review_id == self.review.id
            closed = own and finding.record.state == NonconformityState.CLOSED
            if closed or finding.pinning or (own and finding.record.state == NonconformityState.DRAFT):
                for pin in finding.pins:
                    if closed or pin.released_at is None:
                        found.setdefault((pin.standard, pin.key), finding.record.number)
        return found

    @cached_property
    def lacking(self) -> tuple[tuple[str, Unit], ...]:
        """Items and units in force whose deployment this review has no place to judge yet."""
        if COPC not in self.sets or self.review.state != ReviewState.IN_PROGRESS:
            return ()
        known = {fact.key for fact in self.facts[COPC]}
        standard = scope.content_of(self.review, COPC)
        return tuple(
            (element, unit)
            for element in scope.elements_of(self.review, COPC)
            for unit in scope.units_of(standard.item(element), self.units)
            if f"{element}/{FactKind.UNIT.value}/{unit.code}" not in known
        )

    def unit(self, element: str, code: str) -> Unit | None:
        """The unit of an item by its code."""
        kind = scope.content_of(self.review, COPC).item(element).unit_kind
        return next((unit for unit in self.units if unit.kind == kind and unit.code == code), None)


def load(
    review: Review,
    standards: Iterable[str] | None = None,
    *,
    reasons: bool = True,
    head: Head | None = None,
) -> Work:
    """Read everything about a review; with `standards`, only what concerns these; `head` saves reading it again.

    Without `reasons`, what stands beside the facts is left out: reasons, assignments and calibrations.
    """
    wanted = tuple(name for name in scope.standards_of(review) if standards is None or name in standards)
    organisation_id = review.organisation_id
    head = head or _head(Review.organisation_id == organisation_id, Review.id == review.id)
    if head is None:
        raise NotFound
    sets, overrules, current = _sets(review, wanted)
    for standard, (_fact_set, release) in sets.items():
        scope.remember(review, standard, release)
    by_set = {fact_set.id: standard for standard, (fact_set, _release) in sets.items()}
    facts = _facts(organisation_id, by_set)
    # A report is frozen: months that came after it move the site's score, not the review's.
    as_of = clock.today() if review.reported_at is None else review.reported_at.date()
    copc = COPC in wanted
    targets, readings = (
        sheets.read_readings(organisation_id, review.site_id, as_of) if copc else ({}, Readings())
    )
    return Work(
        review=review,
        site=head.site,
        lead=head.lead,
        sets=sets,
        facts=facts,
        overrules=overrules,
        units=list_units(organisation_id, review.site_id, as_of) if copc else (),
        metrics=_metrics(organisation_id, review.site_id) if copc else (),
        targets=targets,
        readings=readings,
        findings=list_findings(review),
        beside=beside.read(review) if reasons else Beside(),
        later_report=head.later_report,
        origin=head.origin,
        last_reported=head.last_reported,
        external=head.external,
        last_move=head.last_move,
        is_current=current == len(scope.standards_of(review)),
        as_of=as_of,
    )


def _sets(
    review: Review, standards: Sequence[str]
) -> tuple[dict[str, tuple[FactSet, CatalogueRelease]], dict[str, tuple[Overrule, ...]], int]:
    """The review's own sets with their releases and overrules, and under how many standards its report is current."""
    rows = db.session.execute(
        sa.select(FactSet, CatalogueRelease, Overrule)
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == FactSet.organisation_id)
            & (CatalogueRelease.id == FactSet.release_id),
        )
        .outerjoin(
            Overrule,
            (Overrule.organisation_id == FactSet.organisation_id) & (Overrule.fact_set_id == FactSet.id),
        )
        .where(
            FactSet.organisation_id == review.organisation_id,
            FactSet.review_id == review.id,
            FactSet.kind.in_((FactSetKind.REVIEW, FactSetKind.CURRENT)),
        )
        .order_by(Overrule.id)
    )
    found: dict[str, tuple[FactSet, CatalogueRelease]] = {}
    overrules: dict[str, list[Overrule]] = {}
    current = set()
    for fact_set, release, overrule in rows:
        if fact_set.kind == FactSetKind.CURRENT:
            current.add(fact_set.id)
            continue
        found[fact_set.standard] = (fact_set, release)
        known = overrules.setdefault(fact_set.standard, [])
        if overrule is not None:
            known.append(overrule)
    return (
        {name: found[name] for name in standards if name in found},
        {name: tuple(overrules[name]) for name in standards if name in found},
        len(current),
    )


def _facts(organisation_id: int, by_set: dict[int, str]) -> dict[str, tuple[Fact, ...]]:
    found: dict[str, list[Fact]] = {standard: [] for standard in by_set.values()}
    rows = db.session.execute(
        sa.select(Fact)
        .where(Fact.organisation_id == organisation_id, Fact.fact_set_id.in_(list(by_set)))
        .order_by(Fact.position, Fact.id)
    ).scalars()
    for row in rows:
        found[by_set[row.fact_set_id]].append(row)
    return {standard: tuple(rows) for standard, rows in found.items()}


def list_units(organisation_id: int, site_id: int, on: date) -> tuple[Unit, ...]:
    """The programmes and key positions of a site that exist on a day."""
    return tuple(
        db.session.execute(
            sa.select(Unit)
            .where(
                Unit.organisation_id == organisation_id,
                Unit.site_id == site_id,
                sa.or_(Unit.starts_on.is_(None), Unit.starts_on <= on),
                sa.or_(Unit.ends_on.is_(None), Unit.ends_on >= on),
            )
            .order_by(Unit.position, Unit.code)
        ).scalars()
    )


def _metrics(organisation_id: int, site_id: int) -> tuple[Metric, ...]:
    return tuple(
        db.session.execute(
            sa.select(Metric)
            .where(Metric.organisation_id == organisation_id, Metric.site_id == site_id)
            .order_by(Metric.item, Metric.position, Metric.number)
        ).scalars()
    )


def list_findings(review: Review) -> tuple[Finding, ...]:
    """The non-conformities of a review, those open at its site, and those closed there since it began."""
    matters = [Nonconformity.review_id == review.id, Nonconformity.state.in_(PINNING)]
    if review.started_at is not None:
        matters.append(Nonconformity.closed_at >= review.started_at)
    rows = db.session.execute(
        sa.select(Nonconformity, Pin)
        .outerjoin(
            Pin,
            (Pin.organisation_id == Nonconformity.organisation_id)
            & (Pin.nonconformity_id == Nonconformity.id),
        )
        .where(
            Nonconformity.organisation_id == review.organisation_id,
            Nonconformity.site_id == review.site_id,
            sa.or_(*matters),
        )
        .order_by(Nonconformity.number, Pin.key)
    )
    pins: dict[int, list[Pin]] = defaultdict(list)
    records: dict[int, Nonconformity] = {}
    for record, pin in rows:
        records[record.id] = record
        if pin is not None:
            pins[record.id].append(pin)
    return tuple(Finding(record, tuple(pins[record.id])) for record in records.values())
