"""Causes of an action as a tree: added under a why, edited, verified, taken out."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.actions.checks import BEFORE_APPROVAL, exists, get_part, plain, record_of, refuse_outside, words
from tracker.actions.models import Action, Cause, Task
from tracker.database import add, db
from tracker.errors import InvalidInput, RefusedMove
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.moves import check_version
from tracker.permissions import Actor
from workflows.fishbone import BadRibs, chosen_ribs, rib_title
from workflows.kinds import CauseKind, VerificationMethod


def add_cause(
    actor: Actor,
    action: Action,
    text: str,
    *,
    parent_id: int | None = None,
    kind: CauseKind | None = None,
    evidence: str = "",
    rib: str = "",
    controllable: bool = True,
    person_answer: str = "",
    no_task_reason: str = "",
) -> Cause:
    """Answer a why: under `parent_id`, or under the problem itself."""
    _refuse_causes(action)
    text = words(text, "text", 2000)
    if parent_id is not None:
        get_cause(action, parent_id)
    places = sa.select(sa.func.count()).where(
        Cause.organisation_id == action.organisation_id, Cause.action_id == action.id
    )
    cause = add(
        Cause(
            organisation_id=action.organisation_id,
            action_id=action.id,
            parent_id=parent_id,
            text=text,
            kind=kind,
            evidence=evidence.strip(),
            rib=rib,
            controllable=controllable,
            person_answer=person_answer.strip(),
            no_task_reason=no_task_reason.strip(),
            position=db.session.execute(places).scalar_one(),
        )
    )
    history.record(record_of(action), "cause_added", actor.person_id, changes={"cause": [None, text]})
    return cause


CAUSE_FIELDS = frozenset(
    {"text", "kind", "evidence", "rib", "controllable", "person_answer", "no_task_reason"}
)


def edit_cause(
    actor: Actor, action: Action, cause: Cause, fields: Mapping[str, Any], version: int | None = None
) -> None:
    """Change a cause; new words or evidence undo its verification, which was given for the old ones."""
    check_version(cause, version)
    _refuse_causes(action)
    wrong = set(fields) - CAUSE_FIELDS
    if wrong:
        raise KeyError(", ".join(sorted(wrong)))
    if "text" in fields:
        words(fields["text"], "text", 2000)
    changes = {
        name: [plain(getattr(cause, name)), plain(value)]
        for name, value in fields.items()
        if getattr(cause, name) != value
    }
    if not changes:
        return
    for name in changes:
        setattr(cause, name, fields[name])
    if cause.verified_at is not None and changes.keys() & {"text", "evidence"}:
        changes["verified"] = [str(cause.method), None]
        cause.verified_at = cause.verified_by_id = cause.method = None
    history.record(record_of(action), "cause_edited", actor.person_id, changes=changes)
    db.session.flush()


def verify_cause(
    actor: Actor,
    action: Action,
    cause: Cause,
    method: VerificationMethod,
    evidence: str | None = None,
    version: int | None = None,
) -> None:
    """State how a cause was shown to be one, with evidence (E.5)."""
    check_version(cause, version)
    _refuse_causes(action)
    if evidence is not None and evidence.strip() != cause.evidence:
        cause.evidence = evidence.strip()
    if not cause.evidence:
        raise InvalidInput({"evidence": [_("A cause is verified by its evidence: say what shows it.")]})
    cause.method, cause.verified_by_id, cause.verified_at = method, actor.person_id, clock.now()
    history.record(
        record_of(action),
        "cause_verified",
        actor.person_id,
        changes={"cause": [None, cause.text], "method": [None, method.value]},
    )
    db.session.flush()


def delete_cause(actor: Actor, action: Action, cause: Cause, version: int | None = None) -> None:
    """Take a last why out of the tree; its words stay in the history."""
    check_version(cause, version)
    _refuse_causes(action)
    title = _("Remove the cause")
    if exists(Cause, action, Cause.parent_id == cause.id):
        raise RefusedMove(title, [_("Other causes answer to it: remove those first.")])
    if exists(Task, action, Task.cause_id == cause.id):
        raise RefusedMove(title, [_("A task removes this cause: let the task name another one first.")])
    history.record(record_of(action), "cause_deleted", actor.person_id, changes={"cause": [cause.text, None]})
    db.session.delete(cause)
    db.session.flush()


def set_ribs(
    actor: Actor, action: Action, codes: Iterable[str], own: Iterable[str], version: int | None = None
) -> None:
    """Say which ribs the fishbone of an action has: known ones, and names of the team's own (E.5).

    Raises Conflict, RefusedMove after the plan was submitted, InvalidInput for ribs that cannot be drawn.
    """
    check_version(action, version)
    _refuse_causes(action)
    try:
        ribs = list(chosen_ribs(codes, own))
    except BadRibs as fault:
        raise InvalidInput({"ribs": [fault.text.of(language())]}) from None
    if ribs == action.ribs:
        return
    changes = {"ribs": [" · ".join(_titles(action.ribs)), " · ".join(_titles(ribs))]}
    action.ribs = ribs
    history.record(record_of(action), "ribs_changed", actor.person_id, changes=changes)
    db.session.flush()


def _titles(ribs: Iterable[str]) -> list[str]:
    return [rib_title(code).of(language()) for code in ribs]


def get_cause(action: Action, cause_id: int) -> Cause:
    """A cause of this action. Raises NotFound."""
    return get_part(Cause, action, cause_id)


def _refuse_causes(action: Action) -> None:
    refuse_outside(
        action, BEFORE_APPROVAL, _("Causes are written before the plan is submitted: revise the plan first.")
    )
