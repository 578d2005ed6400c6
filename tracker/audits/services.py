"""What can be done with follow-up audits; services flush, routes commit."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock, history, moves
from tracker.accounts.models import Person
from tracker.actions import services as actions
from tracker.audits import queries
from tracker.audits.models import Audit, AuditCheck, AuditVerdict
from tracker.audits.queries import Scope, facts_of, load_scope, subject_of
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.moves import Signing, check_version
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.models import Nonconformity
from tracker.notifications.services import tell
from tracker.numbering import label, next_number
from tracker.permissions import Actor
from workflows.audits import AuditState
from workflows.kinds import AuditMode, AuditPurpose, Grade
from workflows.nonconformities import NonconformityState

ANSWERS = ("yes", "no", "not_applicable")
_ENDED = (NonconformityState.DRAFT, NonconformityState.CLOSED, NonconformityState.VOID)


def record_of(audit: Audit) -> Record:
    """The audit as history, signatures and messages point to it."""
    return Record(audit.organisation_id, "audit", audit.id, audit.number)


def schedule(
    actor: Actor,
    *,
    nonconformity_ids: Iterable[int],
    purpose: AuditPurpose,
    mode: AuditMode,
    planned_on: date,
    auditor_id: int,
    desk_reason: str = "",
) -> Audit:
    """Arrange an audit of non-conformities of one site, with a checklist drawn from the plans' tasks.

    Raises InvalidInput for what is missing, of another site, or an auditor who is not independent (N-SOD).
    """
    covered = _auditable(actor, nonconformity_ids)
    _check_auditor(actor, covered, auditor_id)
    if mode == AuditMode.DESK and not desk_reason.strip() and any(_is_major(each) for each in covered):
        raise InvalidInput(
            {"desk_reason": [_("A major is audited on site: say why a desk audit is enough.")]}
        )
    audit = add(
        Audit(
            organisation_id=actor.organisation_id,
            number=next_number(actor.organisation_id, "audit"),
            site_id=covered[0].site_id,
            state=AuditState.SCHEDULED,
            purpose=purpose,
            mode=mode,
            desk_reason=desk_reason.strip(),
            auditor_id=auditor_id,
            planned_on=planned_on,
            created_at=clock.now(),
        )
    )
    for each in covered:
        db.session.add(
            AuditVerdict(organisation_id=audit.organisation_id, audit_id=audit.id, nonconformity_id=each.id)
        )
    db.session.flush()
    _draw_checklist(audit)
    numbers = ", ".join(label("nonconformity", each.number) for each in covered)
    history.record(
        record_of(audit),
        "created",
        actor.person_id,
        new_state=AuditState.SCHEDULED.value,
        changes={"nonconformities": [None, numbers], "planned_on": [None, str(planned_on)]},
    )
    tell([auditor_id, *(each.owner_id for each in covered)], "audit-scheduled", record_of(audit))
    return audit


def _is_major(nonconformity: Nonconformity) -> bool:
    return nonconformity.grade == Grade.MAJOR


def _draw_checklist(audit: Audit) -> None:
    """A line for each task of the plans that is not on the checklist yet; lines already answered stay.

    Drawn when the audit is scheduled and once more at its start, because plans may change in between.
    """
    scope = load_scope(audit)
    known = {check.task_id for check in scope.checks}
    place = len(scope.checks)
    for task in scope.tasks:
        if task.id in known:
            continue
        db.session.add(
            AuditCheck(
                organisation_id=audit.organisation_id,
                audit_id=audit.id,
                task_id=task.id,
                text=f"{label('action', task.action_number)} · {task.title}"[:500],
                position=place,
            )
        )
        place += 1
    db.session.flush()


def add_check(actor: Actor, audit: Audit, text: str) -> AuditCheck:
    """Put a question of the auditor's own on the checklist."""
    _refuse_outside(audit, (AuditState.SCHEDULED, AuditState.IN_PROGRESS))
    text = text.strip()
    if not text or len(text) > 500:
        raise InvalidInput({"text": [_("Write a question of at most 500 characters.")]})
    place = len(queries.list_checks(audit))
    check = add(
        AuditCheck(organisation_id=audit.organisation_id, audit_id=audit.id, text=text, position=place)
    )
    history.record(record_of(audit), "edited", actor.person_id, changes={"checklist": [None, text]})
    return check


def answer_check(
    actor: Actor, audit: Audit, check: AuditCheck, answer: str, evidence: str = "", version: int | None = None
) -> None:
    """Answer a line of the checklist: `yes`, `no`, `not_applicable`, or empty to take the answer back."""
    check_version(check, version)
    _refuse_outside(audit, (AuditState.IN_PROGRESS,))
    if answer not in (*ANSWERS, ""):
        raise InvalidInput({"answer": [_("Choose one of the answers.")]})
    evidence = evidence.strip()
    if (check.answer, check.evidence) == (answer, evidence):
        return
    changes = {"line": [None, check.text], "answer": [check.answer or None, answer or None]}
    check.answer, check.evidence = answer, evidence
    history.record(record_of(audit), "check_answered", actor.person_id, changes=changes)
    db.session.flush()


def set_sample(
    actor: Actor, audit: Audit, *, sample: str, summary: str = "", version: int | None = None
) -> None:
    """Write down what was drawn and how much, and a summary of what was found."""
    check_version(audit, version)
    _refuse_outside(audit, (AuditState.IN_PROGRESS,))
    changes = {
        name: [getattr(audit, name), text.strip()]
        for name, text in (("sample", sample), ("summary", summary))
        if getattr(audit, name) != text.strip()
    }
    if not changes:
        return
    audit.sample, audit.summary = sample.strip(), summary.strip()
    history.record(record_of(audit), "edited", actor.person_id, changes=changes)
    db.session.flush()


def set_verdict(
    actor: Actor,
    audit: Audit,
    nonconformity_id: int,
    *,
    implemented: bool | None,
    effective: bool | None,
    note: str = "",
    evidence: str = "",
    version: int | None = None,
) -> AuditVerdict:
    """Answer implemented? and effective? for one non-conformity; it counts once the audit is signed."""
    verdict = get_verdict(audit, nonconformity_id)
    check_version(verdict, version)
    _refuse_outside(audit, (AuditState.IN_PROGRESS,))
    if audit.purpose == AuditPurpose.IMPLEMENTATION and effective is not None:
        raise InvalidInput({"effective": [_("This audit answers only whether it was implemented.")]})
    if implemented is False and effective is True:
        raise InvalidInput({"effective": [_("What is not implemented cannot be effective.")]})
    given = {
        "implemented": implemented,
        "effective": effective,
        "note": note.strip(),
        "evidence": evidence.strip(),
    }
    changes = {
        name: [getattr(verdict, name), value]
        for name, value in given.items()
        if getattr(verdict, name) != value
    }
    if not changes:
        return verdict
    for name in changes:
        setattr(verdict, name, given[name])
    history.record(record_of(audit), "verdict_given", actor.person_id, changes=changes)
    db.session.flush()
    return verdict


def uncover(actor: Actor, audit: Audit, nonconformity_id: int, version: int | None = None) -> None:
    """Take a record out of an audit that has not begun, with the lines drawn for it alone; never the last one."""
    check_version(audit, version)
    title = _("Take it out")
    if audit.state != AuditState.SCHEDULED:
        raise RefusedMove(title, [_("The audit has begun: what it covers stands.")])
    verdict = get_verdict(audit, nonconformity_id)
    scope = load_scope(audit)
    if len(scope.covered) == 1:
        raise RefusedMove(title, [_("It covers nothing else: cancel the audit instead.")])
    kept = {each.id for each in scope.actions if each.nonconformity_id != nonconformity_id}
    gone = {task.id for task in scope.tasks if task.action_id not in kept}
    for check in scope.checks:
        if check.task_id in gone:
            db.session.delete(check)
    db.session.delete(verdict)
    number = next(each.label for each in scope.covered if each.id == nonconformity_id)
    history.record(record_of(audit), "edited", actor.person_id, changes={"nonconformities": [number, None]})
    db.session.flush()


def get_verdict(audit: Audit, nonconformity_id: int) -> AuditVerdict:
    """The answers of this audit for a non-conformity. Raises NotFound for one it does not cover."""
    found = db.session.execute(
        sa.select(AuditVerdict).where(
            AuditVerdict.organisation_id == audit.organisation_id,
            AuditVerdict.audit_id == audit.id,
            AuditVerdict.nonconformity_id == nonconformity_id,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def get_check(audit: Audit, check_id: int) -> AuditCheck:
    """A line of this audit's checklist. Raises NotFound."""
    found = db.session.execute(
        sa.select(AuditCheck).where(
            AuditCheck.organisation_id == audit.organisation_id,
            AuditCheck.audit_id == audit.id,
            AuditCheck.id == check_id,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


# ---------------------------------------------------------------- moves


def make_move(
    actor: Actor,
    audit: Audit,
    event: str,
    *,
    reason: str = "",
    signing: Signing | None = None,
    version: int | None = None,
    planned_on: date | None = None,
) -> None:
    """Make a move, with everything that follows from it. `planned_on` is the new date of a `reschedule`.

    Raises Conflict, Forbidden, WrongPassword, RefusedMove; nothing is written then.
    """
    check_version(audit, version)
    stamps, changes = _stamps(audit, event, planned_on)
    _refuse_own_extension(actor, audit, event, planned_on)
    scope = load_scope(audit)
    moves.move(
        "audit",
        audit,
        event,
        actor,
        facts_of(audit, scope),
        subject_of(audit),
        reason=reason,
        signing=signing,
        changes=changes,
        stamps=stamps,
    )
    if event == "start":
        _draw_checklist(audit)
    if event in ("cancel", "reschedule"):
        tell(_concerned(audit, scope), f"audit-{event}", record_of(audit), {"reason": reason})
    if event == "conclude":
        _give_verdicts(actor, audit, scope)


def _stamps(audit: Audit, event: str, planned_on: date | None) -> tuple[dict[str, Any], dict[str, Any]]:
    if event == "start":
        return {"started_at": clock.now()}, {}
    if event == "conclude":
        return {"concluded_at": clock.now()}, {}
    if event == "reschedule":
        if planned_on is None:
            raise InvalidInput({"planned_on": [_("Enter the new date.")]})
        later = planned_on > audit.planned_on
        stamps = {"planned_on": planned_on, "extensions": audit.extensions + later}
        return stamps, {"planned_on": [str(audit.planned_on), str(planned_on)]}
    return {}, {}


def _refuse_own_extension(actor: Actor, audit: Audit, event: str, planned_on: date | None) -> None:
    """A later date is an extension, and another than whoever audits grants it (E.4)."""
    if event != "reschedule" or planned_on is None or planned_on <= audit.planned_on:
        return
    if actor.person_id == audit.auditor_id and not actor.single_person:
        raise RefusedMove(
            _("Reschedule"), [_("The auditor cannot put off the own audit; ask somebody else.")]
        )


def _give_verdicts(actor: Actor, audit: Audit, scope: Scope) -> None:
    """The signed answers reach the records: first each non-conformity, then the actions behind them.

    In this order, because an action that returns takes its other non-conformities back with it, and those
    that were answered here have gone their own way by then.
    """
    rows = _rows(audit, scope)
    answers: dict[int, tuple[bool | None, bool | None]] = {}
    for each in scope.covered:
        answers[each.id] = (each.implemented, each.effective)
        nonconformities.verdict_given(rows[each.id], audit, each.implemented, each.effective, actor)
    failed = [check.task_id for check in scope.checks if check.answer == "no" and check.task_id is not None]
    actions.verdicts_given(actor, audit.organisation_id, answers, failed)
    tell(_concerned(audit, scope), "audit-concluded", record_of(audit))


def _rows(audit: Audit, scope: Scope) -> Mapping[int, Nonconformity]:
    rows = db.session.execute(
        sa.select(Nonconformity).where(
            Nonconformity.organisation_id == audit.organisation_id,
            Nonconformity.id.in_([each.id for each in scope.covered]),
        )
    ).scalars()
    return {row.id: row for row in rows}


def _concerned(audit: Audit, scope: Scope) -> list[int | None]:
    return [audit.auditor_id, *queries.owners(scope)]


# ---------------------------------------------------------------- checks


def _auditable(actor: Actor, nonconformity_ids: Iterable[int]) -> list[Nonconformity]:
    wanted = set(nonconformity_ids)
    query = sa.select(Nonconformity).where(
        Nonconformity.organisation_id == actor.organisation_id, Nonconformity.id.in_(wanted)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Nonconformity.site_id.in_(sites))
    found = list(db.session.execute(query.order_by(Nonconformity.number)).scalars())
    field = "nonconformity_ids"
    if not wanted:
        raise InvalidInput({field: [_("Choose at least one non-conformity.")]})
    if len(found) != len(wanted):
        raise InvalidInput({field: [_("There is no such non-conformity.")]})
    if len({each.site_id for each in found}) > 1:
        raise InvalidInput({field: [_("An audit covers non-conformities of one site.")]})
    wrong = [label("nonconformity", each.number) for each in found if each.state in _ENDED]
    if wrong:
        raise InvalidInput({field: [_("Not open: %(numbers)s.", numbers=", ".join(wrong))]})
    return found


def _check_auditor(actor: Actor, covered: list[Nonconformity], auditor_id: int) -> None:
    """The auditor exists, audits at this site, and had no hand in what is audited (N-SOD 1 and 3)."""
    organisation_id = actor.organisation_id
    known = db.session.execute(
        sa.select(Person.active).where(Person.organisation_id == organisation_id, Person.id == auditor_id)
    ).scalar_one_or_none()
    if not known:
        raise InvalidInput({"auditor_id": [_("There is no such person.")]})
    if actor.single_person:
        return
    if auditor_id in barred(organisation_id, covered):
        raise InvalidInput(
            {
                "auditor_id": [
                    _("This person owns, did or approved what is audited: name somebody independent.")
                ]
            }
        )


def barred(organisation_id: int, covered: Iterable[Nonconformity]) -> frozenset[int]:
    """Everybody who may not audit these non-conformities, because they had a hand in them."""
    covered = list(covered)
    audited = queries.list_audited(organisation_id, [each.id for each in covered])
    ids = {each.id for each in audited}
    tasks = queries.list_tasks(organisation_id, ids)
    scope = Scope((), audited, tasks, (), queries.list_approvers(organisation_id, ids), ())
    owners = frozenset(each.owner_id for each in covered if each.owner_id is not None)
    return owners | queries.owners(scope) | queries.implementers(scope) | scope.approvers


def _refuse_outside(audit: Audit, states: tuple[AuditState, ...]) -> None:
    if audit.state not in states:
        why = _("Answers are written while the audit is in progress.")
        raise RefusedMove(_("Not possible now"), [why])
