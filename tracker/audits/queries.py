"""Reads of follow-up audits: what is audited, the facts its guards ask for, the register."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.actions.models import Action, ActionNonconformity, Task
from tracker.actions.queries import metric_pins
from tracker.audits.models import Audit, AuditCheck, AuditVerdict
from tracker.database import db
from tracker.errors import NotFound
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.numbering import label
from tracker.permissions import Actor, Subject
from tracker.signatures import Signature
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.facts import AuditFacts
from workflows.kinds import AuditPurpose, Grade, TaskState
from workflows.nonconformities import NonconformityState


@dataclass(frozen=True)
class Covered:
    """A non-conformity that an audit covers, with the answers given so far."""

    verdict_id: int
    version: int
    id: int
    number: int
    title: str
    state: NonconformityState
    grade: Grade
    element: str
    owner_id: int | None
    site_id: int
    implemented: bool | None
    effective: bool | None
    note: str
    evidence: str

    @property
    def label(self) -> str:
        return label("nonconformity", self.number)


@dataclass(frozen=True)
class Audited:
    """An action that answers a covered non-conformity."""

    nonconformity_id: int
    id: int
    number: int
    title: str
    state: ActionState
    owner_id: int
    criterion: str
    window_ends_on: date | None

    @property
    def label(self) -> str:
        return label("action", self.number)


@dataclass(frozen=True)
class Done:
    """A task of an audited action."""

    id: int
    action_id: int
    action_number: int
    title: str
    state: TaskState
    owner_id: int
    done_by_id: int | None
    done_on: date | None
    evidence: str


@dataclass(frozen=True)
class Scope:
    """Everything that the guards of an audit look at, read in a fixed number of statements."""

    covered: tuple[Covered, ...]
    actions: tuple[Audited, ...]
    tasks: tuple[Done, ...]
    checks: tuple[AuditCheck, ...]
    approvers: frozenset[int]
    metrics_disagree: tuple[str, ...] | None


def get_audit(actor: Actor, number: int) -> Audit:
    """An audit by its number. Raises NotFound for one of another organisation or of a site unseen."""
    query = sa.select(Audit).where(Audit.organisation_id == actor.organisation_id, Audit.number == number)
    sites = actor.sites()
    if sites is not None:
        query = query.where(Audit.site_id.in_(sites))
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def subject_of(audit: Audit) -> Subject:
    """What permissions look at."""
    return Subject(site_id=audit.site_id, auditor_ids=frozenset({audit.auditor_id}))


def load_scope(audit: Audit) -> Scope:
    """Read what an audit is about: five statements, and those of the metric data where a move needs them."""
    covered = list_covered(audit)
    ids = [each.id for each in covered]
    actions = list_audited(audit.organisation_id, ids)
    tasks = list_tasks(audit.organisation_id, {each.id for each in actions})
    return Scope(
        covered=covered,
        actions=actions,
        tasks=tasks,
        checks=list_checks(audit),
        approvers=list_approvers(audit.organisation_id, {each.id for each in actions}),
        metrics_disagree=_metrics_disagree(audit, covered, actions, tasks),
    )


def facts_of(audit: Audit, scope: Scope | None = None) -> AuditFacts:
    """The facts that guard the moves of an audit."""
    scope = scope or load_scope(audit)
    covered = scope.covered
    return AuditFacts(
        auditor=audit.auditor_id,
        date_set=audit.planned_on is not None,
        nonconformities=len(covered),
        purpose=AuditPurpose(audit.purpose),
        mode=audit.mode,
        covers_major=any(each.grade == Grade.MAJOR for each in covered),
        desk_reason_given=bool(audit.desk_reason.strip()),
        owners=owners(scope),
        implementers=implementers(scope),
        plan_approvers=scope.approvers,
        records_unready=tuple(each.label for each in covered if each.state != NonconformityState.VERIFYING),
        checklist_open=tuple(check.text for check in scope.checks if not check.answer),
        sample_taken=bool(audit.sample.strip()),
        answers_missing=tuple(each.label for each in covered if _is_unanswered(audit, each)),
        answers_without_evidence=tuple(
            each.label for each in covered if _is_answered(each) and not each.evidence.strip()
        ),
        noes_unexplained=tuple(
            each.label
            for each in covered
            if False in (each.implemented, each.effective) and not each.note.strip()
        ),
        effective_too_early=effective_too_early(scope),
        metrics_disagree=scope.metrics_disagree,
    )


def _is_answered(each: Covered) -> bool:
    return each.implemented is not None or each.effective is not None


def _is_unanswered(audit: Audit, each: Covered) -> bool:
    """Whether an answer is missing the purpose asks for; what is not done has no effect to judge."""
    if each.implemented is None:
        return True
    asks_effect = audit.purpose == AuditPurpose.EFFECTIVENESS
    return asks_effect and each.implemented and each.effective is None


def owners(scope: Scope) -> frozenset[int]:
    """The owners of the non-conformities covered and of their actions."""
    people = {each.owner_id for each in scope.covered} | {each.owner_id for each in scope.actions}
    return frozenset(person for person in people if person is not None)


def implementers(scope: Scope) -> frozenset[int]:
    """Everybody who owned or reported a task that was done."""
    done = [task for task in scope.tasks if task.state == TaskState.DONE]
    people = {task.owner_id for task in done} | {task.done_by_id for task in done}
    return frozenset(person for person in people if person is not None)


def effective_too_early(scope: Scope) -> tuple[str, ...]:
    """Non-conformities called effective while the window of one of their actions still runs (N-METRIC)."""
    today = clock.today()
    running = {
        each.nonconformity_id
        for each in scope.actions
        if each.state not in (ActionState.CLOSED, ActionState.CANCELLED)
        and (each.window_ends_on is None or today <= each.window_ends_on)
    }
    return tuple(each.label for each in scope.covered if each.effective and each.id in running)


def list_covered(audit: Audit) -> tuple[Covered, ...]:
    """The non-conformities an audit covers, by number."""
    rows = db.session.execute(
        sa.select(
            AuditVerdict.id,
            AuditVerdict.version,
            Nonconformity.id,
            Nonconformity.number,
            Nonconformity.title,
            Nonconformity.state,
            Nonconformity.grade,
            Nonconformity.element,
            Nonconformity.owner_id,
            Nonconformity.site_id,
            AuditVerdict.implemented,
            AuditVerdict.effective,
            AuditVerdict.note,
            AuditVerdict.evidence,
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == AuditVerdict.organisation_id)
            & (Nonconformity.id == AuditVerdict.nonconformity_id),
        )
        .where(AuditVerdict.organisation_id == audit.organisation_id, AuditVerdict.audit_id == audit.id)
        .order_by(Nonconformity.number)
    )
    return tuple(Covered(*tuple(row)) for row in rows)


def list_audited(organisation_id: int, nonconformity_ids: Iterable[int]) -> tuple[Audited, ...]:
    """The actions that answer these non-conformities, cancelled ones left out; one row for each pair."""
    rows = db.session.execute(
        sa.select(
            ActionNonconformity.nonconformity_id,
            Action.id,
            Action.number,
            Action.title,
            Action.state,
            Action.owner_id,
            Action.criterion,
            Action.window_ends_on,
        )
        .join(
            Action,
            (Action.organisation_id == ActionNonconformity.organisation_id)
            & (Action.id == ActionNonconformity.action_id),
        )
        .where(
            ActionNonconformity.organisation_id == organisation_id,
            ActionNonconformity.nonconformity_id.in_(list(nonconformity_ids)),
            Action.state != ActionState.CANCELLED,
        )
        .order_by(Action.number, ActionNonconformity.nonconformity_id)
    )
    return tuple(Audited(*row) for row in rows)


def list_tasks(organisation_id: int, action_ids: Iterable[int]) -> tuple[Done, ...]:
    """The tasks of these actions that were not dropped, in the order of their plans."""
    rows = db.session.execute(
        sa.select(
            Task.id,
            Task.action_id,
            Action.number,
            Task.title,
            Task.state,
            Task.owner_id,
            Task.done_by_id,
            Task.done_at,
            Task.evidence,
        )
        .join(Action, (Action.organisation_id == Task.organisation_id) & (Action.id == Task.action_id))
        .where(
            Task.organisation_id == organisation_id,
            Task.action_id.in_(list(action_ids)),
            Task.state != TaskState.DROPPED,
        )
        .order_by(Action.number, Task.position, Task.id)
    )
    return tuple(
        Done(
            row.id,
            row.action_id,
            row.number,
            row.title,
            row.state,
            row.owner_id,
            row.done_by_id,
            None if row.done_at is None else row.done_at.date(),
            row.evidence,
        )
        for row in rows
    )


def list_checks(audit: Audit) -> tuple[AuditCheck, ...]:
    """The checklist of an audit, in order."""
    return tuple(
        db.session.execute(
            sa.select(AuditCheck)
            .where(AuditCheck.organisation_id == audit.organisation_id, AuditCheck.audit_id == audit.id)
            .order_by(AuditCheck.position, AuditCheck.id)
        ).scalars()
    )


def list_approvers(organisation_id: int, action_ids: Iterable[int]) -> frozenset[int]:
    return frozenset(
        db.session.execute(
            sa.select(Signature.person_id).where(
                Signature.organisation_id == organisation_id,
                Signature.record_kind == "action",
                Signature.record_id.in_(list(action_ids)),
                Signature.event == "approve_plan",
            )
        ).scalars()
    )


def _metrics_disagree(
    audit: Audit, covered: tuple[Covered, ...], actions: tuple[Audited, ...], tasks: tuple[Done, ...]
) -> tuple[str, ...] | None:
    """Metric facts of what is called effective that the data do not show; asked while the audit runs."""
    if audit.state != AuditState.IN_PROGRESS:
        return None
    called = [each.id for each in covered if each.effective]
    if not called:
        return ()
    pins: tuple[Pin, ...] = metric_pins(audit.organisation_id, called)
    if not pins:
        return ()
    from tracker.metrics.agreement import disagree

    return disagree(audit.organisation_id, audit.site_id, pins, _last_work(called, actions, tasks))


def _last_work(
    ids: Iterable[int], actions: Iterable[Audited], tasks: Iterable[Done]
) -> dict[int, date | None]:
    """Non-conformity → the day the last task for it was done: audited together, each is judged on its own work."""
    done: dict[int, list[date]] = {}
    for task in tasks:
        if task.done_on is not None:
            done.setdefault(task.action_id, []).append(task.done_on)
    days: dict[int, list[date]] = {}
    for action in actions:
        days.setdefault(action.nonconformity_id, []).extend(done.get(action.id, ()))
    return {each: max(days.get(each, ()), default=None) for each in ids}


def content_to_sign(audit: Audit, scope: Scope) -> dict[str, Any]:
    """What the auditor signs: scope, checklist, sample and every answer."""
    return {
        "audit": label("audit", audit.number),
        "version": audit.version,
        "purpose": str(audit.purpose),
        "mode": [str(audit.mode), audit.desk_reason],
        "checklist": [[check.text, check.answer, check.evidence] for check in scope.checks],
        "sample": audit.sample,
        "summary": audit.summary,
        "answers": [
            [each.label, each.implemented, each.effective, each.note, each.evidence] for each in scope.covered
        ],
    }
