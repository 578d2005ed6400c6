"""What the guards of a review look at: is it judged, evidenced, carried; has anything moved on since."""

from collections import defaultdict
from collections.abc import Iterable

from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.offers import machine_of
from tracker.reviews import scope
from tracker.reviews.gaps import gaps_in
from tracker.reviews.models import Fact, FactKind
from tracker.reviews.viewmodels import (
    is_evidenced,
)
from tracker.reviews.work import JUDGED_KINDS, Finding, Work
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.facts import NonconformityFacts, ReviewFacts
from workflows.machine import Refused, fire
from workflows.nonconformities import NonconformityState

SETTLED = (NonconformityState.CLOSED, NonconformityState.VOID)


def facts_of(work: Work) -> ReviewFacts:
    """What the guards of a review look at."""
    review = work.review
    judged = [fact for fact in _in_force(work) if fact.kind in JUDGED_KINDS]
    own = [finding.record for finding in work.findings if finding.record.review_id == review.id]
    return ReviewFacts(
        lead_auditor=review.lead_auditor_id,
        auditors=frozenset(
            {review.lead_auditor_id} | {fact.judged_by_id for fact in judged if fact.judged_by_id}
        ),
        items_in_scope=sum(len(scope.elements_of(review, standard)) for standard in work.sets),
        period_set=review.period_start <= review.period_end,
        items_unjudged=tuple(
            dict.fromkeys(
                [fact.element for fact in judged if not fact.value]
                + [element for element, _unit in work.lacking]
            )
        ),
        verdicts_without_evidence=_elements(
            fact for fact in judged if fact.value and not is_evidenced(fact.value, fact.note, fact.evidence)
        ),
        carried_unconfirmed=_elements(fact for fact in _in_force(work) if fact.carried),
        assignments_open=tuple(
            f"{row.element} ({row.auditor})" for row in work.beside.assignments.values() if row.open
        ),
        calibrations_open=tuple(row.element for row in work.beside.calibrations.values() if not row.settled),
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
        sampled_audit_attached=bool(review.sampled_kcrp.strip())
        or any(sample.complete for sample in work.beside.samples.values()),
        overrule_recorders=_overrule_recorders(work),
        accepted_by=review.accepted_by_id,
        nonconformities_moved_on=tuple(
            label("nonconformity", record.number) for record in own if _has_moved_on(record)
        ),
        nonconformities_unsettled=_unsettled(work, own),
    )


def _in_force(work: Work) -> Iterable[Fact]:
    """The facts of the review without those of programmes, positions and metrics that are no more."""
    metrics = {(metric.item, metric.code) for metric in work.metrics}
    for facts in work.facts.values():
        for fact in facts:
            gone = (fact.kind == FactKind.UNIT and work.unit(fact.element, fact.subject) is None) or (
                fact.kind == FactKind.METRIC and (fact.element, fact.subject) not in metrics
            )
            if not gone:
                yield fact


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
