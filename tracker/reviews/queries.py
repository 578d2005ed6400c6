"""Reads of reviews: a fixed number of statements whatever the size of the review."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from scoring import rescore
from scoring.sheet import SheetFaults, parse
from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import language, pick, say
from tracker.metrics.models import Metric, MetricTarget
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.numbering import label
from tracker.offers import StateView, machine_of, state_view
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor, Subject
from tracker.reviews import scope
from tracker.reviews.facts import Key
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, GapReason, Overrule, Review
from tracker.reviews.viewmodels import (
    ElementView,
    GapView,
    GroupView,
    PinView,
    ReviewRow,
    ReviewView,
    StandingView,
    is_evidenced,
)
from tracker.scores import sheets
from tracker.scores.computing import Computed
from tracker.scores.models import CatalogueRelease
from tracker.scores.sheets import COPC, PINNING, SEE_CMM
from workflows.facts import NonconformityFacts, ReviewFacts
from workflows.machine import Refused, fire
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

SETTLED = (NonconformityState.CLOSED, NonconformityState.VOID)
# What counts as unmet, by kind of fact; rows are compared with the target level of the site.
UNMET = {FactKind.LINE: ("not_met",), FactKind.UNIT: ("partial", "none")}
JUDGED_KINDS = (FactKind.LINE, FactKind.UNIT, FactKind.ROW)


# ---------------------------------------------------------------- one review


@dataclass(frozen=True)
class Head:
    """A review with what stands around it; `later_report` says that the site has been reported on since."""

    review: Review
    site: Site
    lead: Person
    later_report: bool


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
    later = sa.orm.aliased(Review)
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
        )
        .join(Site, (Site.organisation_id == Review.organisation_id) & (Site.id == Review.site_id))
        .join(
            Person, (Person.organisation_id == Review.organisation_id) & (Person.id == Review.lead_auditor_id)
        )
        .where(*conditions)
    ).one_or_none()
    return None if row is None else Head(*row)


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
    values: dict[int, dict[str, Any]]
    findings: tuple[Finding, ...]
    reasons: dict[str, GapReason] = field(default_factory=dict)
    later_report: bool = False
    is_current: bool = False
    as_of: date = field(default_factory=clock.today)

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
            values=self.values,
            gaps=self._gaps(standard),
        )
        sheet = parse(sheets.build(material, self.review.tier.value, self.as_of))
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

    @cached_property
    def carriers(self) -> dict[tuple[str, str], int]:
        """Standard and key of a fact → the number of the non-conformity that carries it (the lowest).

        Open ones of any review of the site count, and drafts of this review, which open with its report.
        """
        found: dict[tuple[str, str], int] = {}
        for finding in self.findings:
            record = finding.record
            drafted = record.state == NonconformityState.DRAFT and record.review_id == self.review.id
            if drafted or finding.pinning:
                for pin in finding.pins:
                    if pin.released_at is None:
                        found.setdefault((pin.standard, pin.key), record.number)
        return found

    def unit(self, element: str, code: str) -> Unit | None:
        """The unit of an item by its code."""
        kind = scope.standard_of(COPC).item(element).unit_kind
        return next((unit for unit in self.units if unit.kind == kind and unit.code == code), None)


def load(
    review: Review,
    standards: Iterable[str] | None = None,
    *,
    reasons: bool = True,
    head: Head | None = None,
) -> Work:
    """Read everything about a review; with `standards`, only what concerns these; `head` saves reading it again."""
    wanted = tuple(name for name in scope.standards_of(review) if standards is None or name in standards)
    organisation_id = review.organisation_id
    head = head or _head(Review.organisation_id == organisation_id, Review.id == review.id)
    if head is None:
        raise NotFound
    sets, overrules, current = _sets(review, wanted)
    by_set = {fact_set.id: standard for standard, (fact_set, _release) in sets.items()}
    facts = _facts(organisation_id, by_set)
    as_of = clock.today()
    copc = COPC in wanted
    targets, values = sheets.read_series(organisation_id, review.site_id, as_of) if copc else ({}, {})
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
        values=values,
        findings=list_findings(review),
        reasons=_reasons(review) if reasons else {},
        later_report=head.later_report,
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
        .options(sa.orm.defer(CatalogueRelease.content))
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


def _reasons(review: Review) -> dict[str, GapReason]:
    rows = db.session.execute(
        sa.select(GapReason).where(
            GapReason.organisation_id == review.organisation_id, GapReason.review_id == review.id
        )
    ).scalars()
    return {row.key: row for row in rows}


# ---------------------------------------------------------------- gaps


def gaps_of(review: Review) -> list[GapView]:
    """The unmet facts of a review: who carries each, or why nobody does."""
    return gaps_in(load(review))


def gaps_in(work: Work) -> list[GapView]:
    """The same from rows that are already read."""
    gaps: list[GapView] = []
    if COPC in work.sets:
        gaps += [_fact_gap(work, COPC, fact) for fact in work.facts[COPC] if is_unmet(work, fact)]
        if COPC in work.computed:
            gaps += _result_gaps(work)
    if SEE_CMM in work.sets:
        gaps += [_fact_gap(work, SEE_CMM, fact) for fact in work.facts[SEE_CMM] if is_unmet(work, fact)]
    places = {element: place for place, element in enumerate(order_of(work))}
    return sorted(gaps, key=lambda gap: places.get(gap.element, len(places)))


def order_of(work: Work) -> tuple[str, ...]:
    """Every item and criterion of the review, in the order of its pages."""
    return tuple(element for standard in work.sets for element in scope.elements_of(work.review, standard))


def is_unmet(work: Work, fact: Fact) -> bool:
    """Whether a line, unit or row leaves a gap; a row does below the target level of the site."""
    if fact.kind == FactKind.ROW:
        return bool(fact.value) and int(fact.value) < work.site.target_level
    if fact.kind == FactKind.UNIT and work.unit(fact.element, fact.subject) is None:
        return False  # a programme that has ended in the meantime
    return fact.value in UNMET.get(fact.kind, ())


def _gap(
    work: Work,
    standard: str,
    key: str,
    parts: tuple[str, str, str, str],
    title: str,
    pins: tuple[PinView, ...],
) -> GapView:
    element, kind, subject, aspect = parts
    carried = [work.carriers[found] for pin in pins if (found := (standard, pin.key)) in work.carriers]
    reason = work.reasons.get(key)
    return GapView(
        standard=standard,
        key=key,
        element=element,
        kind=kind,
        subject=subject,
        aspect=aspect,
        title=title,
        pins=pins,
        carried_by=min(carried) if carried else None,
        reason=reason.reason if reason is not None else None,
    )


def _fact_gap(work: Work, standard: str, fact: Fact) -> GapView:
    level = work.site.target_level if fact.kind == FactKind.ROW else None
    parts = (fact.element, fact.kind.value, fact.subject, fact.aspect)
    return _gap(
        work, standard, fact.key, parts, fact_title(work, fact), (PinView(standard, fact.key, level),)
    )


def fact_title(work: Work, fact: Fact) -> str:
    """What a fact is about, in words: the text of the line, the name of the unit or of the row."""
    if fact.kind == FactKind.LINE:
        lines = {line.id: line for line in scope.standard_of(COPC).item(fact.element).lines}
        return say(lines[fact.subject].text) if fact.subject in lines else fact.subject
    if fact.kind == FactKind.UNIT:
        unit = work.unit(fact.element, fact.subject)
        return pick(unit.name_zh, unit.name_en) if unit is not None else fact.subject
    if fact.kind == FactKind.ROW:
        rows = scope.standard_of(SEE_CMM).criterion(fact.element).rows
        return next((say(row.name) for row in rows if row.id == fact.subject), fact.subject)
    return fact.subject


def _result_gaps(work: Work) -> list[GapView]:
    """Required metrics that fail CUI or target, and items whose trend score is below 100, once each."""
    result = work.computed[COPC].result
    names = {(metric.item, metric.code): pick(metric.name_zh, metric.name_en) for metric in work.metrics}
    still = {
        item: tuple(facts.id for facts in entry.metrics if not facts.improving)
        for item, entry in result.items.items()
        if item != scope.ACHIEVING_RESULTS
    }
    gaps = []
    for element in scope.elements_of(work.review, COPC):
        entry = result.items[element]
        if element != scope.ACHIEVING_RESULTS:
            gaps += [
                _metric_gap(work, element, facts, names)
                for facts in entry.metrics
                if facts.failing or not facts.meets
            ]
        trend = entry.dimensions.get("trend")
        if trend is not None and trend < 100:
            of_items = still if element == scope.ACHIEVING_RESULTS else {element: still[element]}
            gaps.append(_trend_gap(work, element, of_items, names))
    return gaps


def _metric_gap(work: Work, element: str, facts: Any, names: dict[tuple[str, str], str]) -> GapView:
    aspect = "cui" if facts.failing else "meets"
    key = str(Key(element, FactKind.METRIC, facts.id, aspect))
    title = names.get((element, facts.id), facts.id)
    return _gap(work, COPC, key, (element, "metric", facts.id, aspect), title, (PinView(COPC, key),))


def _trend_gap(
    work: Work, element: str, still: dict[str, tuple[str, ...]], names: dict[tuple[str, str], str]
) -> GapView:
    found = [(item, code) for item, codes in still.items() for code in codes]
    pins = tuple(PinView(COPC, str(Key(item, FactKind.METRIC, code, "improves"))) for item, code in found)
    title = ("、" if language() == "zh" else ", ").join(names.get(pair, pair[1]) for pair in found)
    return _gap(work, COPC, f"{element}/trend", (element, "trend", "", "improves"), title, pins)


# ---------------------------------------------------------------- guards


def facts_of(work: Work) -> ReviewFacts:
    """What the guards of a review look at."""
    review = work.review
    judged = [fact for facts in work.facts.values() for fact in facts if fact.kind in JUDGED_KINDS]
    own = [finding.record for finding in work.findings if finding.record.review_id == review.id]
    return ReviewFacts(
        lead_auditor=review.lead_auditor_id,
        auditors=frozenset(
            {review.lead_auditor_id} | {fact.judged_by_id for fact in judged if fact.judged_by_id}
        ),
        items_in_scope=sum(len(scope.elements_of(review, standard)) for standard in work.sets),
        period_set=review.period_start <= review.period_end,
        items_unjudged=_elements(fact for fact in judged if not fact.value),
        verdicts_without_evidence=_elements(
            fact for fact in judged if fact.value and not is_evidenced(fact.value, fact.note, fact.evidence)
        ),
        carried_unconfirmed=(),
        own_work_items=_own_work(work, judged),
        gaps_uncarried=tuple(f"{gap.element} {gap.title}" for gap in gaps_in(work) if not gap.carried),
        drafts_unready=tuple(
            label("nonconformity", finding.record.number)
            for finding in work.findings
            if finding.record.review_id == review.id
            and finding.record.state == NonconformityState.DRAFT
            and not _is_ready(finding)
        ),
        closures_unconfirmed=tuple(
            label("nonconformity", number)
            for number in closures_meanwhile(work)
            if number not in review.confirmed_closures
        ),
        sampled_audit_attached=bool(review.sampled_kcrp.strip()),
        overrule_recorders=_overrule_recorders(work),
        accepted_by=review.accepted_by_id,
        nonconformities_moved_on=tuple(
            label("nonconformity", record.number) for record in own if _has_moved_on(record)
        ),
        nonconformities_unsettled=_unsettled(work, own),
    )


def _elements(facts: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.element for fact in facts))


def _own_work(work: Work, judged: Iterable[Fact]) -> tuple[str, ...]:
    """Items judged by somebody who owns a metric of the item, or an open non-conformity on it (N-SOD 3)."""
    owners: dict[str, set[int]] = defaultdict(set)
    for metric in work.metrics:
        if metric.owner_id is not None:
            owners[metric.item].add(metric.owner_id)
    for finding in work.findings:
        if finding.pinning and finding.record.owner_id is not None:
            owners[finding.record.element].add(finding.record.owner_id)
    return _elements(fact for fact in judged if fact.judged_by_id in owners[fact.element])


def _overrule_recorders(work: Work) -> frozenset[int]:
    people = {row.person_id for rows in work.overrules.values() for row in rows}
    words = (
        fact for facts in work.facts.values() for fact in facts if fact.kind == FactKind.WORD and fact.value
    )
    return frozenset(people | {fact.judged_by_id for fact in words if fact.judged_by_id is not None})


def _is_ready(finding: Finding) -> bool:
    """Whether a draft could be opened with the report, by the guards of its own machine."""
    record, pins = finding.record, finding.pins
    facts = NonconformityFacts(
        actor=record.raised_by_id,
        owner=record.owner_id,
        raised_by=record.raised_by_id,
        title_given=bool(record.title.strip()),
        source=record.source,
        evidence_given=bool(record.evidence.strip()),
        grade=record.grade,
        awaiting_report=False,
        copc_pins=sum(pin.standard == COPC for pin in pins),
        see_cmm_pins=sum(pin.standard == SEE_CMM for pin in pins),
        isolated_lapse=bool(record.unpinned_reason.strip()),
        repeat_of_closed=record.repeat_of_id is not None,
    )
    try:
        fire(machine_of("nonconformity"), record.state, "raise", facts)
    except Refused:
        return False
    return True


def closures_meanwhile(work: Work) -> tuple[int, ...]:
    """Numbers of earlier non-conformities of the site that were closed since this review began."""
    review = work.review
    if review.started_at is None:
        return ()
    return tuple(
        finding.record.number
        for finding in work.findings
        if finding.record.review_id != review.id
        and finding.record.state == NonconformityState.CLOSED
        and finding.record.closed_at is not None
        and finding.record.closed_at >= review.started_at
        and (review.reported_at is None or finding.record.closed_at <= review.reported_at)
        and any(pin.standard in work.sets for pin in finding.pins)
    )


def _has_moved_on(record: Nonconformity) -> bool:
    """Whether anything has happened to it since the report opened it."""
    if record.opened_at is None or record.state == NonconformityState.DRAFT:
        return False
    return record.state != NonconformityState.OPEN or record.accepted_at is not None


def _unsettled(work: Work, own: Iterable[Nonconformity]) -> tuple[str, ...]:
    """Own non-conformities neither closed nor void; a later reported review carries those still open."""
    left = tuple(label("nonconformity", record.number) for record in own if record.state not in SETTLED)
    return () if work.later_report else left


# ---------------------------------------------------------------- progress and running score


def groups_of(work: Work, gaps: Sequence[GapView]) -> tuple[GroupView, ...]:
    """Categories with their items, then the criteria: how far each is judged, and what it scores so far."""
    return tuple(_copc_groups(work, gaps)) + tuple(_see_groups(work, gaps))


def _counted(work: Work, standard: str, gaps: Sequence[GapView]) -> dict[str, tuple[int, int, int, int, int]]:
    """Element → judged, total, without evidence, gaps, gaps that nobody carries."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for fact in work.facts[standard]:
        if fact.kind in JUDGED_KINDS:
            counts[fact.element][0] += bool(fact.value)
            counts[fact.element][1] += 1
            counts[fact.element][2] += bool(fact.value) and not is_evidenced(
                fact.value, fact.note, fact.evidence
            )
    for gap in gaps:
        if gap.standard == standard:
            counts[gap.element][3] += 1
            counts[gap.element][4] += not gap.carried
    return {element: (a, b, c, d, e) for element, (a, b, c, d, e) in counts.items()}


def _copc_groups(work: Work, gaps: Sequence[GapView]) -> Iterable[GroupView]:
    if COPC not in work.sets:
        return
    standard, tier = scope.standard_of(COPC), work.review.tier.value
    counts = _counted(work, COPC, gaps)
    scored = work.computed[COPC].result.items if COPC in work.computed else {}
    for category in standard.categories:
        elements = []
        for element in scope.elements_of(work.review, COPC):
            item = standard.item(element)
            if item.category == category.id:
                found = scored.get(element)
                elements.append(
                    ElementView(
                        COPC,
                        element,
                        say(item.name),
                        *counts.get(element, (0, 0, 0, 0, 0)),
                        points=found.points if found else None,
                        maximum=item.points[tier],
                        dimensions=tuple(found.dimensions.items()) if found else (),
                    )
                )
        if elements:
            yield GroupView(
                category.id,
                say(category.name),
                tuple(elements),
                sum((element.points or 0 for element in elements), start=type(elements[0].maximum)(0)),
                sum((element.maximum for element in elements), start=type(elements[0].maximum)(0)),
            )


def _see_groups(work: Work, gaps: Sequence[GapView]) -> Iterable[GroupView]:
    if SEE_CMM not in work.sets:
        return
    standard = scope.standard_of(SEE_CMM)
    counts = _counted(work, SEE_CMM, gaps)
    scored = work.computed[SEE_CMM].result.criteria
    elements = tuple(
        ElementView(
            SEE_CMM,
            element,
            say(standard.criterion(element).name),
            *counts.get(element, (0, 0, 0, 0, 0)),
            points=scored[element].points,
            maximum=scored[element].max,
            level=scored[element].level,
        )
        for element in scope.elements_of(work.review, SEE_CMM)
    )
    if elements:
        zero = type(elements[0].maximum)(0)
        yield GroupView(
            "S",
            say(standard.name),
            elements,
            sum((element.points or zero for element in elements), start=zero),
            sum((element.maximum for element in elements), start=zero),
        )


def standings_of(work: Work) -> tuple[StandingView, ...]:
    """The running total under each standard."""
    found = []
    for standard, computed in work.computed.items():
        result = computed.result
        if standard == COPC:
            mark = scope.standard_of(COPC).tiers[work.review.tier.value].pass_points
            verdict = result.verdict.value
            found.append(
                StandingView(
                    standard, result.total, result.max, mark,
                    reached=verdict == "meets", verdict=verdict, blank=len(result.blank),
                )
            )  # fmt: skip
        else:
            mark = result.max * work.site.target_level / 4
            level = result.overall_level
            found.append(
                StandingView(
                    standard, result.total, result.max, mark,
                    reached=level is not None and level >= work.site.target_level,
                    verdict="", blank=len(result.blank), level=level,
                )
            )  # fmt: skip
    return tuple(found)


def view_of(work: Work) -> ReviewView:
    """The review's own values."""
    review, site, lead = work.review, work.site, work.lead
    return ReviewView(
        number=review.number,
        version=review.version,
        title=review.title,
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        state=state_view("review", review.state),
        copc=review.copc,
        see_cmm=review.see_cmm,
        tier=review.tier.value,
        period_start=review.period_start,
        period_end=review.period_end,
        planned_on=review.planned_on,
        lead=pick(lead.name_zh, lead.name_en),
        sampled_kcrp=review.sampled_kcrp,
        metric_list_confirmed=review.metric_list_confirmed,
        reported_at=review.reported_at,
        accepted_at=review.accepted_at,
    )


# ---------------------------------------------------------------- the register


@dataclass(frozen=True)
class Page:
    """One page of the register; `after` is the number below which the next one begins."""

    rows: tuple[ReviewRow, ...]
    after: int | None


def list_reviews(
    actor: Actor, *, site: str = "", state: str = "", before: int | None = None, size: int = 50
) -> Page:
    """The reviews that a person sees, newest first, with how far each is judged: two statements."""
    wanted = (
        sa.select(Review, Site, Person)
        .join(Site, (Site.organisation_id == Review.organisation_id) & (Site.id == Review.site_id))
        .join(
            Person, (Person.organisation_id == Review.organisation_id) & (Person.id == Review.lead_auditor_id)
        )
        .where(Review.organisation_id == actor.organisation_id)
        .order_by(Review.number.desc())
        .limit(size + 1)
    )
    sites = actor.sites()
    if sites is not None:
        wanted = wanted.where(Review.site_id.in_(sites))
    if site:
        wanted = wanted.where(Site.code == site)
    if state:
        wanted = wanted.where(Review.state == state)
    if before is not None:
        wanted = wanted.where(Review.number < before)
    found = db.session.execute(wanted).all()
    shown = found[:size]
    counts = _counts(actor.organisation_id, [review.id for review, _site, _person in shown])
    rows = tuple(
        ReviewRow(
            number=review.number,
            title=review.title,
            site_code=site_row.code,
            site_name=pick(site_row.name_zh, site_row.name_en),
            state=state_view("review", review.state),
            standards=scope.standards_of(review),
            tier=review.tier.value,
            period_start=review.period_start,
            period_end=review.period_end,
            lead=pick(person.name_zh, person.name_en),
            judged=counts.get(review.id, (0, 0, 0))[0],
            total=counts.get(review.id, (0, 0, 0))[1],
            findings=counts.get(review.id, (0, 0, 0))[2],
        )
        for review, site_row, person in shown
    )
    return Page(rows, shown[-1][0].number if len(found) > size else None)


def _counts(organisation_id: int, reviews: list[int]) -> dict[int, tuple[int, int, int]]:
    """Review → facts judged, facts to judge, non-conformities."""
    facts = (
        sa.select(
            FactSet.review_id.label("review_id"),
            sa.func.sum(sa.case((Fact.value != "", 1), else_=0)).label("judged"),
            sa.func.count().label("total"),
            sa.literal(0).label("findings"),
        )
        .join(Fact, (Fact.organisation_id == FactSet.organisation_id) & (Fact.fact_set_id == FactSet.id))
        .where(
            FactSet.organisation_id == organisation_id,
            FactSet.review_id.in_(reviews),
            FactSet.kind == FactSetKind.REVIEW,
            Fact.kind.in_(JUDGED_KINDS),
        )
        .group_by(FactSet.review_id)
    )
    findings = (
        sa.select(Nonconformity.review_id, sa.literal(0), sa.literal(0), sa.func.count().label("findings"))
        .where(Nonconformity.organisation_id == organisation_id, Nonconformity.review_id.in_(reviews))
        .group_by(Nonconformity.review_id)
    )
    found: dict[int, tuple[int, int, int]] = {}
    for review_id, judged, total, count in db.session.execute(sa.union_all(facts, findings)):
        known = found.get(review_id, (0, 0, 0))
        found[review_id] = (known[0] + judged, known[1] + total, known[2] + count)
    return found


def states() -> tuple[StateView, ...]:
    """Every state of a review, for the filter."""
    return tuple(state_view("review", state) for state in ReviewState)
