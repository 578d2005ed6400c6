"""What follow-up audits and reopenings bring to an action, and what it passes on to its non-conformities."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from tracker import clock, moves, undo
from tracker.actions import deadlines, queries
from tracker.actions.checks import record_of
from tracker.actions.models import Action, ActionNonconformity
from tracker.actions.queries import Case, facts_of, load_case, subject_of
from tracker.actions.tasks import open_again
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.models import Nonconformity
from tracker.notifications.services import tell
from tracker.organisations.rules import rules_for
from tracker.permissions import Actor
from workflows.actions import ActionState as State
from workflows.kinds import TaskState


def verdicts_given(
    actor: Actor,
    organisation_id: int,
    answers: Mapping[int, tuple[bool | None, bool | None]],
    failed_tasks: Iterable[int] = (),
) -> None:
    """The signed answers of an audit reach the actions: non-conformity id → (implemented, effective).

    All answers are written before any action moves, because one audit may answer several non-conformities of
    one action, and the first no decides. `failed_tasks` are those the auditor found not done.
    """
    failed = frozenset(failed_tasks)
    for action in queries.list_naming(organisation_id, answers):
        _write_answers(action, answers, actor)
        _move_by_answers(actor, action, failed, frozenset(answers))


def verdict_given(
    action: Action,
    nonconformity: Nonconformity,
    implemented: bool | None,
    effective: bool | None,
    actor: Actor,
) -> None:
    """One answer alone, for one action."""
    _write_answers(action, {nonconformity.id: (implemented, effective)}, actor)
    _move_by_answers(actor, action, frozenset(), frozenset({nonconformity.id}))


def nonconformity_reopened(nonconformity: Nonconformity, actor: Actor) -> None:
    """A closed non-conformity was reopened: the actions that had answered it return to analysing (E.6)."""
    for action in queries.list_naming(nonconformity.organisation_id, [nonconformity.id]):
        _write_answers(action, {nonconformity.id: (None, None)}, actor, forget=True)
        if action.state in (State.FOLLOW_UP, State.MONITORING, State.CLOSED):
            _return(actor, action, "reopen", frozenset({nonconformity.id}), nonconformity_reopened=True)


def _write_answers(
    action: Action,
    answers: Mapping[int, tuple[bool | None, bool | None]],
    actor: Actor,
    *,
    forget: bool = False,
) -> None:
    for link in list_links(action):
        if link.nonconformity_id not in answers:
            continue
        implemented, effective = answers[link.nonconformity_id]
        link.implemented = implemented if forget or implemented is not None else link.implemented
        link.effective = effective if forget or effective is not None else link.effective
        link.answered_at = clock.now()
    db.session.flush()


def _move_by_answers(actor: Actor, action: Action, failed: frozenset[int], audited: frozenset[int]) -> None:
    if action.state not in (State.FOLLOW_UP, State.MONITORING):
        return
    implemented, effective = queries.answered(queries.list_answers(action))
    if implemented is False:
        _return(actor, action, "not_implemented", audited)
        for task in load_case(action).tasks:
            if task.id in failed and task.state == TaskState.DONE:
                open_again(action, task, None, _("The follow-up audit found it not done."))
    elif effective is False:
        _return(actor, action, "not_effective", audited)
    elif implemented and action.state == State.FOLLOW_UP:
        _system_move(actor, action, "confirm_implemented", {})


def _return(actor: Actor, action: Action, event: str, audited: frozenset[int], **moving: Any) -> None:
    """Send an action back: counted, its round renewed, the deadlines running anew from today."""
    again = event in ("not_effective", "reopen")
    stamps: dict[str, Any] = {
        "returned": action.returned + 1,
        "not_effective": action.not_effective + (event == "not_effective"),
        "round": action.round + again,
        "began_on": clock.today(),
        "implemented_at": None,
        "window_ends_on": None,
        "criterion_met": None,
        "closed_at": None,
    }
    if again:
        stamps |= {"approver_id": None, "approved_at": None, "documents_updated": None}
    _system_move(actor, action, event, stamps, **moving)
    clear_answers(action)
    tell([action.owner_id], f"action-{event.replace('_', '-')}", record_of(action), {"title": action.title})
    move_nonconformities(actor, action, load_case(action), audited)


def _system_move(actor: Actor, action: Action, event: str, stamps: Mapping[str, Any], **moving: Any) -> None:
    case = load_case(action)
    moves.move(
        "action",
        action,
        event,
        actor,
        facts_of(action, case, **moving),
        subject_of(action),
        stamps=stamps,
    )
    renew_deadline(action)


def clear_answers(action: Action) -> None:
    """Forget the answers of the round before, but for an "effective", which stands for its non-conformity."""
    for link in list_links(action):
        undo.keep(link, "implemented", "effective")
        link.implemented = None
        if link.effective is False:
            link.effective = None
    db.session.flush()


def move_nonconformities(actor: Actor, action: Action, case: Case, but: frozenset[int] = frozenset()) -> None:
    """Let the non-conformities follow: all of them, but those answered effective and those already judged."""
    wanted = [each.id for each in case.live if each.id not in but and each.effective is not True]
    if not wanted:
        return
    rows = db.session.execute(
        sa.select(Nonconformity)
        .where(Nonconformity.organisation_id == action.organisation_id, Nonconformity.id.in_(wanted))
        .order_by(Nonconformity.number)
    ).scalars()
    for row in rows:
        nonconformities.actions_changed(row, actor)


def renew_deadline(action: Action, case: Case | None = None) -> None:
    """Set the deadline of the step that begins; an extension holds for the step it was given for."""
    step = deadlines.step_of(action.state)
    name = "" if step is None else step.value
    if name == action.due_step and action.extensions and action.due_on is not None:
        return
    case = case or load_case(action)
    undo.keep(action, "due_step", "due_on")
    action.due_step = name
    action.due_on = deadlines.due_on(
        rules_for(action.organisation_id, action.site_id),
        action.state,
        [each.grade for each in case.live],
        action.began_on,
        case.last_task_on,
        action.window_ends_on,
    )
    db.session.flush()


def list_links(action: Action) -> list[ActionNonconformity]:
    return list(
        db.session.execute(
            sa.select(ActionNonconformity)
            .where(
                ActionNonconformity.organisation_id == action.organisation_id,
                ActionNonconformity.action_id == action.id,
            )
            .order_by(ActionNonconformity.nonconformity_id)
        ).scalars()
    )
