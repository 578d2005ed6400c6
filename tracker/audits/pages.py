"""What the pages of follow-up audits show: the register, and the whole of one audit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tracker import clock, undo
from tracker.accounts.models import Person
from tracker.accounts.queries import get_names
from tracker.actions.showing import days_left, grade_chip
from tracker.audits.models import Audit, AuditVerdict
from tracker.audits.queries import Covered, Scope, facts_of, load_scope, subject_of
from tracker.audits.services import record_of
from tracker.audits.viewmodels import ActionLine, AuditPage, CheckView, Register, Row, VerdictView
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, show_date
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.offers import machine_of, offered, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.timeline import list_history, list_signatures
from tracker.turning import Order
from workflows.audits import AuditState
from workflows.nonconformities import NonconformityState
from workflows.svg import svg

ENDED = (AuditState.CONCLUDED, AuditState.CANCELLED)
SORTS = ("-number", "number", "planned", "-planned")


@dataclass(frozen=True)
class Filters:
    """What the register is narrowed to; all of it stands in the address."""

    site_id: int | None = None
    state: str = ""
    auditor_id: int | None = None
    sort: str = "-number"


def list_register(actor: Actor, wanted: Filters, after: str, before: str, size: int) -> Register:
    """A page of the register in two statements: the audits, and what they cover."""
    day = Audit.planned_on if wanted.sort.lstrip("-") == "planned" else None
    found = Order(Audit.number, day, wanted.sort.startswith("-")).turn(
        _narrow(actor, wanted), after, before, size
    )
    covered = _covered_by(actor.organisation_id, [row.id for row in found.rows])
    rows = tuple(_row(row, covered.get(row.id, ())) for row in found.rows)
    return Register(rows, before=found.before, after=found.after)


def _narrow(actor: Actor, wanted: Filters) -> Any:
    query = (
        sa.select(
            Audit.id,
            Audit.number,
            Audit.state,
            Audit.purpose,
            Audit.mode,
            Audit.planned_on,
            Person.name_zh,
            Person.name_en,
            Site.name_zh.label("site_zh"),
            Site.name_en.label("site_en"),
        )
        .join(Person, (Person.organisation_id == Audit.organisation_id) & (Person.id == Audit.auditor_id))
        .join(Site, (Site.organisation_id == Audit.organisation_id) & (Site.id == Audit.site_id))
        .where(Audit.organisation_id == actor.organisation_id)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Audit.site_id.in_(sites))
    if wanted.site_id is not None:
        query = query.where(Audit.site_id == wanted.site_id)
    if wanted.auditor_id is not None:
        query = query.where(Audit.auditor_id == wanted.auditor_id)
    if wanted.state == "live":
        return query.where(Audit.state.notin_(ENDED))
    if wanted.state == "overdue":
        return query.where(Audit.state.notin_(ENDED), Audit.planned_on < clock.today())
    if wanted.state:
        return query.where(Audit.state == AuditState(wanted.state))
    return query


def _row(row: Any, covered: tuple[tuple[int, str, str], ...]) -> Row:
    return Row(
        number=row.number,
        label=label("audit", row.number),
        state=state_view("audit", row.state),
        purpose=row.purpose.of(language()),
        mode=row.mode.of(language()),
        planned_on=row.planned_on,
        days_left=None if row.state in ENDED else days_left(row.planned_on),
        auditor=pick(row.name_zh, row.name_en),
        site=pick(row.site_zh, row.site_en),
        covered=covered,
    )


def _covered_by(organisation_id: int, ids: list[int]) -> dict[int, tuple[tuple[int, str, str], ...]]:
    if not ids:
        return {}
    found: dict[int, list[tuple[int, str, str]]] = {}
    for row in db.session.execute(
        sa.select(AuditVerdict.audit_id, Nonconformity.number, Nonconformity.title)
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == AuditVerdict.organisation_id)
            & (Nonconformity.id == AuditVerdict.nonconformity_id),
        )
        .where(AuditVerdict.organisation_id == organisation_id, AuditVerdict.audit_id.in_(ids))
        .order_by(Nonconformity.number)
    ):
        found.setdefault(row.audit_id, []).append((row.number, label("nonconformity", row.number), row.title))
    return {audit: tuple(rows) for audit, rows in found.items()}


# ---------------------------------------------------------------- one audit


def get_page(actor: Actor, audit: Audit) -> AuditPage:
    """Everything the record shows, in a number of statements that does not grow with what is in it."""
    scope = load_scope(audit)
    tasks = {task.id: task for task in scope.tasks}
    names = get_names(audit.organisation_id, {audit.auditor_id, *(task.done_by_id for task in scope.tasks)})
    named = {key: pick(view.name_zh, view.name_en) for key, view in names.items()}
    record = record_of(audit)
    site = db.session.execute(
        sa.select(Site.name_zh, Site.name_en, undo.MoveUndo)
        .outerjoin(undo.MoveUndo, undo.belongs("audit", audit.organisation_id, audit.id))
        .where(Site.organisation_id == audit.organisation_id, Site.id == audit.site_id)
    ).one()
    return AuditPage(
        id=audit.id,
        number=audit.number,
        label=label("audit", audit.number),
        version=audit.version,
        status=audit.state.value,
        state=state_view("audit", audit.state),
        purpose=audit.purpose.value,
        purpose_title=audit.purpose.of(language()),
        mode_title=audit.mode.of(language()),
        desk_reason=audit.desk_reason,
        planned_on=audit.planned_on,
        days_left=None if audit.state in ENDED else days_left(audit.planned_on),
        auditor_id=audit.auditor_id,
        auditor=named.get(audit.auditor_id, ""),
        site=pick(site[0], site[1]),
        sample=audit.sample,
        summary=audit.summary,
        started_on=None if audit.started_at is None else audit.started_at.date(),
        concluded_on=None if audit.concluded_at is None else audit.concluded_at.date(),
        checks=tuple(
            CheckView(
                check.id,
                check.version,
                check.text,
                check.answer,
                check.evidence,
                _claimed(tasks.get(check.task_id or 0), named),
            )
            for check in scope.checks
        ),
        verdicts=tuple(_verdict(each, scope) for each in scope.covered),
        moves=offered("audit", audit.state, actor, facts_of(audit, scope), subject_of(audit)),
        signatures=list_signatures(record),
        history=list_history(record),
        steps=_steps(audit.state),
        drawing=svg(machine_of("audit"), language(), audit.state, compact=True),
        forward="start" if audit.state == AuditState.SCHEDULED else "conclude",
        undo=undo.title_of("audit", site.MoveUndo, actor),
        effects={"conclude": _effects(audit, scope)},
    )


def _claimed(task: Any, names: dict[int, str]) -> str:
    """What the plan says of the task: done when, by whom, with which evidence."""
    if task is None or task.done_on is None:
        return ""
    said = f"{names.get(task.done_by_id, '')}, {show_date(task.done_on)}"
    return f"{said}: {task.evidence}" if task.evidence else said


def _verdict(each: Covered, scope: Scope) -> VerdictView:
    actions = [action for action in scope.actions if action.nonconformity_id == each.id]
    ends = max((action.window_ends_on for action in actions if action.window_ends_on), default=None)
    return VerdictView(
        id=each.id,
        version=each.version,
        number=each.number,
        label=each.label,
        title=each.title,
        element=each.element,
        grade=grade_chip(each.grade),
        state=state_view("nonconformity", each.state),
        implemented=each.implemented,
        effective=each.effective,
        note=each.note,
        evidence=each.evidence,
        actions=tuple(
            ActionLine(
                action.number,
                action.label,
                action.title,
                state_view("action", action.state),
                action.criterion,
                action.window_ends_on,
            )
            for action in actions
        ),
        window_ends_on=ends,
        window_left=days_left(ends),
    )


def _steps(state: AuditState) -> tuple[tuple[str, str], ...]:
    course = [AuditState.SCHEDULED, AuditState.IN_PROGRESS, AuditState.CONCLUDED]
    if state == AuditState.CANCELLED:
        return tuple((each.of(language()), "") for each in course)
    here = course.index(state)
    end = state == AuditState.CONCLUDED
    return tuple(
        (each.of(language()), "done" if place < here or end else "now" if place == here else "")
        for place, each in enumerate(course)
    )


def _effects(audit: Audit, scope: Scope) -> list[tuple[str, str]]:
    """What the signature sets going, record by record."""
    return [(each.label, _outcome(each)) for each in scope.covered]


def _outcome(each: Covered) -> str:
    if each.implemented is False:
        return _("not implemented: back to correcting")
    if each.effective is False:
        return _("not effective: back to correcting, the action analyses anew")
    if each.effective:
        return _("implemented and effective: may be closed")
    return _("implemented: the window is watched") if each.implemented else _("not answered")


# ---------------------------------------------------------------- choices


def list_auditable(actor: Actor, site_id: int) -> list[tuple[int, str]]:
    """The non-conformities of a site that a follow-up audit can cover: those awaiting one first."""
    awaiting = sa.case((Nonconformity.state == NonconformityState.VERIFYING, 0), else_=1)
    rows = db.session.execute(
        sa.select(Nonconformity.id, Nonconformity.number, Nonconformity.title, Nonconformity.state)
        .where(
            Nonconformity.organisation_id == actor.organisation_id,
            Nonconformity.site_id == site_id,
            Nonconformity.state.in_([NonconformityState.VERIFYING, NonconformityState.CORRECTING]),
        )
        .order_by(awaiting, Nonconformity.number)
        .limit(500)
    )
    return [
        (row.id, f"{label('nonconformity', row.number)} {row.title} ({row.state.of(language())})")
        for row in rows
    ]


def list_chosen(actor: Actor, numbers: Iterable[int]) -> list[Nonconformity]:
    """The non-conformities of these numbers that the actor sees, by number."""
    query = sa.select(Nonconformity).where(
        Nonconformity.organisation_id == actor.organisation_id, Nonconformity.number.in_(list(numbers))
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Nonconformity.site_id.in_(sites))
    return list(db.session.execute(query.order_by(Nonconformity.number)).scalars())
