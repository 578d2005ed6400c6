"""How a small form of an action's workspace is written: load, allow, check, change, and answer with its section."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow
from tracker.actions import pages, services
from tracker.actions.desk import Desk
from tracker.actions.models import Action
from tracker.actions.queries import get_action, subject_of
from tracker.actions.workspace import show_section
from tracker.attempts import refuse
from tracker.database import db
from tracker.desk import Opened, rebase
from tracker.errors import Conflict, DomainError, InvalidInput, RefusedMove
from tracker.fragments import go
from tracker.permissions import Actor
from tracker.submissions import once

# Parts of an action that have forms of their own, by how the names of these forms begin.
_CAUSES = ("cause", "verify")
_REPORTS = ("done", "drop", "reopen")
_TASKS = ("task", *_REPORTS)


@dataclass(frozen=True)
class At:
    """What a small form writes: who, in which action, and the cause, the task, or the action itself."""

    actor: Actor
    action: Action
    row: Any


def write(
    number: int,
    section: str,
    name: str,
    form: Any,
    change: Callable[[At], object],
    said: str,
    permission: str = "action:work",
) -> BaseResponse:
    """Make the change that the form `name` of a section asks for; or say why not, with what was typed kept."""
    action = get_action(present_actor(), number)
    row = _row(name, action)
    reports = _kind(name) in _REPORTS
    actor = allow(permission, subject_of(action, row.owner_id) if reports else subject_of(action))
    desk = Desk(actor, action, None, Opened())
    if "cause_id" in form:
        desk.page = pages.get_page(actor, action)
    desk.bind(form)
    if not form.validate():
        return show_section(actor, action, section, Opened(name, form), 422)
    try:
        once(actor, lambda: change(At(actor, action, row)), row)
    except (Conflict, InvalidInput, RefusedMove) as error:
        db.session.rollback()
        fresh = get_action(actor, number)
        return show_section(actor, fresh, section, _refusal(name, form, error, fresh), error.status)
    if request.headers.get("HX-Request"):
        return show_section(actor, action, section, Opened(), said=said)
    return go(url_for("actions.show", number=number, _anchor=section), said)


def _kind(name: str) -> str:
    return name.partition("-")[0]


def _row(name: str, action: Action) -> Any:
    """The row that a small form writes. Raises NotFound."""
    kind, _dash, key = name.partition("-")
    if key and kind in _CAUSES:
        return services.get_cause(action, int(key))
    return services.get_task(action, int(key)) if kind in _TASKS else action


def _refusal(name: str, form: Any, error: DomainError, fresh: Action) -> Opened:
    if isinstance(error, InvalidInput):
        refuse(form, error)
        return Opened(name, form)
    if isinstance(error, RefusedMove):
        return Opened(name, form, error.message, tuple(error.reasons))
    rebase(form, _row(name, fresh))
    return Opened(name, form, str(error))
