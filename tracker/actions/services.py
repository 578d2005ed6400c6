"""What can be done with corrective actions; services flush, routes commit."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock, history, moves, undo
from tracker.accounts.models import Role
from tracker.actions import deadlines, queries
from tracker.actions.answers import (
    clear_answers,
    move_nonconformities,
    nonconformity_reopened,
    renew_deadline,
    verdict_given,
    verdicts_given,
)
from tracker.actions.causes import add_cause, delete_cause, edit_cause, get_cause, verify_cause
from tracker.actions.checks import (
    BEFORE_APPROVAL,
    LIVE,
    changed,
    check_person,
    record_of,
    refuse_outside,
    words,
)
from tracker.actions.dependencies import add_dependency, remove_dependency
from tracker.actions.models import Action
from tracker.actions.naming import link_to, list_nameable, name_nonconformity, unname_nonconformity
from tracker.actions.plan_versions import keep_plan
from tracker.actions.queries import Case, facts_of, load_case, subject_of
from tracker.actions.tasks import add_task, drop_task, edit_task, finish_task, get_task, reopen_task
from tracker.database import add, db
from tracker.errors import InvalidInput, RefusedMove
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.moves import Signing, check_version
from tracker.nonconformities import services as nonconformities
from tracker.notifications.services import tell
from tracker.numbering import label, next_number
from tracker.offers import machine_of
from tracker.organisations.rules import rules_for
from tracker.permissions import Actor
from workflows import schedule
from workflows.actions import ActionState as State
from workflows.schedule import Deadline

__all__ = [
    "add_cause",
    "add_dependency",
    "add_task",
    "create_action",
    "delete_cause",
    "drop_task",
    "edit_cause",
    "edit_step",
    "edit_task",
    "extend",
    "finish_task",
    "get_cause",
    "get_task",
    "hand_over",
    "make_move",
    "name_nonconformity",
    "nonconformity_reopened",
    "record_of",
    "remove_dependency",
    "reopen_task",
    "unname_nonconformity",
    "verdict_given",
    "verdicts_given",
    "verify_cause",
]

_PLAN = frozenset({State.PLANNING})

# In which states a field may be written. Criterion and window are fixed before doing: approval freezes them.
EDITABLE: dict[str, frozenset[State]] = {
    "title": BEFORE_APPROVAL,
    "problem_what": BEFORE_APPROVAL,
    "problem_where": BEFORE_APPROVAL,
    "problem_since": BEFORE_APPROVAL,
    "problem_extent": BEFORE_APPROVAL,
    "metric_id": BEFORE_APPROVAL,
    "analysis": frozenset({State.ANALYSING, State.PLANNING}),
    "solution": _PLAN,
    "criterion": _PLAN,
    "window_days": _PLAN,
    "effort": _PLAN,
    "documents_updated": frozenset({State.IMPLEMENTING}),
    "documents_note": frozenset({State.IMPLEMENTING}),
    "read_across": frozenset({State.IMPLEMENTING}),
    "effect_result": frozenset({State.MONITORING}),
    "criterion_met": frozenset({State.MONITORING}),
    "standardised": frozenset({State.MONITORING}),
}
FROZEN = frozenset({"solution", "criterion", "window_days", "effort"})


# ---------------------------------------------------------------- the action itself


def create_action(actor: Actor, *, title: str, owner_id: int, nonconformity_ids: Iterable[int]) -> Action:
    """Open a case that answers one or more non-conformities of one site.

    Raises InvalidInput for what is missing, unknown, settled already, or of another site.
    """
    named = list_nameable(actor, nonconformity_ids)
    title = words(title, "title", 200)
    check_person(actor.organisation_id, owner_id, "owner_id")
    today = clock.today()
    opened = [each.opened_at.date() for each in named if each.opened_at is not None]
    action = add(
        Action(
            organisation_id=actor.organisation_id,
            number=next_number(actor.organisation_id, "action"),
            site_id=named[0].site_id,
            state=State.DEFINING,
            title=title,
            owner_id=owner_id,
            problem_what=named[0].statement if len(named) == 1 else "",
            effort=max(each.effort for each in named),
            began_on=min(opened, default=today),
            created_at=clock.now(),
        )
    )
    for each in named:
        db.session.add(link_to(action, each.id))
    db.session.flush()
    history.record(
        record_of(action),
        "created",
        actor.person_id,
        new_state=State.DEFINING.value,
        changes={"nonconformities": [None, ", ".join(label("nonconformity", each.number) for each in named)]},
    )
    renew_deadline(action)
    tell([owner_id], "action-assigned", record_of(action), {"title": title})
    for each in named:
        nonconformities.action_named(each, action, actor)
    return action


def edit_step(actor: Actor, action: Action, fields: Mapping[str, Any], version: int | None = None) -> None:
    """Write fields of the present step; what belongs to another step, or is frozen, is refused in words."""
    check_version(action, version)
    changes = changed(action, fields)
    _refuse_fields(action, changes)
    if "title" in changes:
        words(fields["title"], "title", 200)
    if fields.get("metric_id") is not None and "metric_id" in changes:
        changes["metric_id"] = [None, _check_metric(action, fields["metric_id"])]
    if not changes:
        return
    for name in changes:
        setattr(action, name, fields[name])
    history.record(record_of(action), "edited", actor.person_id, changes=changes)
    db.session.flush()


def hand_over(actor: Actor, action: Action, owner_id: int, reason: str, version: int | None = None) -> None:
    """Give the action to another owner, with a reason."""
    check_version(action, version)
    refuse_outside(action, LIVE, _("This action is finished."))
    name = check_person(action.organisation_id, owner_id, "owner_id")
    reason = words(reason, "reason", 4000)
    if owner_id == action.owner_id:
        return
    action.owner_id = owner_id
    history.record(
        record_of(action), "handed_over", actor.person_id, reason=reason, changes={"owner_id": [None, name]}
    )
    tell([owner_id], "action-assigned", record_of(action), {"title": action.title})
    db.session.flush()


def extend(actor: Actor, action: Action, new_day: date, reason: str, version: int | None = None) -> None:
    """Move the deadline of the present step; by another than the owner, with a reason, and counted (E.4)."""
    check_version(action, version)
    step = deadlines.step_of(action.state)
    if step is None or action.due_on is None:
        raise RefusedMove(_("Extend the deadline"), [_("No deadline is running.")])
    try:
        later = schedule.extend(
            Deadline(step, action.due_on, action.extensions),
            new_day,
            reason=reason,
            by=actor.person_id,
            owner=action.owner_id,
            single_person=actor.single_person,
        )
    except schedule.ExtensionRefused as refused:
        raise RefusedMove(_("Extend the deadline"), refused.reasons(language())) from None
    changes = {"due_on": [str(action.due_on), str(new_day)]}
    action.due_on, action.extensions = later.last_day, later.extensions
    history.record(record_of(action), "extended", actor.person_id, reason=reason, changes=changes)
    tell([action.owner_id], "action-extended", record_of(action), {"due_on": str(new_day)})
    db.session.flush()


# ---------------------------------------------------------------- moves


def make_move(
    actor: Actor,
    action: Action,
    event: str,
    *,
    reason: str = "",
    signing: Signing | None = None,
    version: int | None = None,
) -> None:
    """Make a move that a person asks for, with everything that follows from it.

    Raises Conflict, Forbidden, WrongPassword, RefusedMove; nothing is written then.
    """
    check_version(action, version)
    transition = machine_of("action").transition(action.state, event)
    if transition is not None and transition.by_system:
        raise RefusedMove(
            transition.title.of(language()), [_("This follows by itself from a follow-up audit.")]
        )
    case = load_case(action)
    stamps = _stamps(action, event, case, actor)
    with undo.together():
        moves.move(
            "action",
            action,
            event,
            actor,
            facts_of(action, case),
            subject_of(action),
            reason=reason,
            signing=signing,
            stamps=stamps,
        )
        renew_deadline(action, case)
        _follow(actor, action, event, case, reason)


def _stamps(action: Action, event: str, case: Case, actor: Actor) -> dict[str, Any]:
    """The columns that change with the state."""
    if event == "approve_plan":
        return {"approver_id": actor.person_id, "approved_at": clock.now()}
    if event == "revise_plan":
        return {"approver_id": None, "approved_at": None}
    if event in ("return_to_planning", "return_to_analysis"):
        return {"returned": action.returned + 1}
    if event == "implement":
        return {"implemented_at": clock.now(), "window_ends_on": _window_end(action, case)}
    if event == "close":
        return {"closed_at": clock.now()}
    return {}


def _window_end(action: Action, case: Case) -> date | None:
    """The last day of the effectiveness window, counted from the last task done (E.4, N-METRIC)."""
    if case.last_task_on is None or not action.window_days:
        return None
    return schedule.window(
        case.last_task_on,
        action.window_days,
        rules_for(action.organisation_id, action.site_id).calendar,
        level_or_trend=queries.is_on_level_or_trend(action),
    ).ends


def _follow(actor: Actor, action: Action, event: str, case: Case, reason: str) -> None:
    """What a move sets going: answers cleared for a new round, non-conformities moved, people told."""
    record, payload = record_of(action), {"title": action.title, "reason": reason}
    if event == "implement":
        clear_answers(action)
        tell(_auditors(action), "action-implemented", record, payload)
    if event in ("implement", "cancel"):
        move_nonconformities(actor, action, case)
    if event == "approve_plan":
        keep_plan(actor, action, case)
    if event == "submit_plan":
        approvers = queries.list_people_with(Role.APPROVER, action.organisation_id, action.site_id)
        tell([each for each in approvers if each != action.owner_id], "plan-submitted", record, payload)
    if event == "approve_plan":
        tell([action.owner_id, *(task.owner_id for task in case.plan)], "plan-approved", record, payload)
    if event in ("return_to_planning", "return_to_analysis"):
        tell([action.owner_id], "plan-returned", record, payload)
    if event in ("close", "cancel"):
        owners = [action.owner_id, *(each.owner_id for each in case.answers)]
        tell(owners, "action-closed" if event == "close" else "action-cancelled", record, payload)


def _auditors(action: Action) -> tuple[int, ...]:
    return queries.list_people_with(Role.LEAD_AUDITOR, action.organisation_id, action.site_id)


def _check_metric(action: Action, metric_id: int) -> str:
    """The code of a metric of the action's site. Raises InvalidInput for any other."""
    from tracker.metrics.models import Metric

    found = db.session.execute(
        sa.select(Metric.code).where(
            Metric.organisation_id == action.organisation_id,
            Metric.id == metric_id,
            Metric.site_id == action.site_id,
        )
    ).scalar_one_or_none()
    if found is None:
        raise InvalidInput({"metric_id": [_("There is no such metric.")]})
    return found


def _refuse_fields(action: Action, names: Iterable[str]) -> None:
    late = [name for name in names if action.state not in EDITABLE[name]]
    if not late:
        return
    if FROZEN & set(late) and action.state not in BEFORE_APPROVAL:
        why = _("Solution, criterion and window are frozen with the plan: revise the plan to change them.")
    else:
        why = _("This belongs to another step of the action.")
    raise RefusedMove(_("Not possible now"), [why])
