"""The one bridge from a row to the state machines: every change of state goes through `move`."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Mapped

from tracker import conflicts, history, locks, signatures, undo, watching
from tracker.accounts.queries import get_names
from tracker.database import db
from tracker.errors import Conflict, RefusedMove
from tracker.history import Record
from tracker.i18n import language
from tracker.offers import machine_of
from tracker.permissions import Actor, Subject, require
from workflows.machine import Machine, Refused, fire, unsegregated


class Moving(Protocol):
    """A row that a machine moves."""

    organisation_id: Mapped[int]
    id: Mapped[int]
    number: Mapped[int]
    version: Mapped[int]
    state: Mapped[Any]


@dataclass(frozen=True)
class Signing:
    """What a person gives to sign: the password, and what was on the screen."""

    password: str
    content: dict[str, Any]


def check_version(row: Any, version: int | None) -> None:
    """Hold a row until the end of the transaction; Conflict, naming who was first, when the form is of an older one.

    None asks for no check.
    """
    if version is None:
        return
    locks.hold(row)
    if version != row.version:
        raise Conflict(conflicts.explain(row))


def move(
    kind: str,
    row: Any,
    event: str,
    actor: Actor,
    facts: Any,
    subject: Subject,
    *,
    reason: str = "",
    signing: Signing | None = None,
    changes: dict[str, Any] | None = None,
    stamps: Mapping[str, Any] | None = None,
) -> None:
    """Make one move: permission, signature, guards, then state and history together.

    `stamps` are columns that belong to the new state (closed and when): they are set in the same statement as the
    state, because the database holds the two to each other.

    A move of the system (the consequence of another) asks for no permission. Raises Forbidden, WrongPassword,
    RefusedMove; nothing is written then.
    """
    machine = machine_of(kind)
    transition = machine.transition(row.state, event)
    record = Record(row.organisation_id, kind, row.id, row.number)
    facts = dataclasses.replace(
        facts,
        actor=actor.person_id,
        acting_for=actor.acting_for,
        single_person=actor.single_person,
        reason=reason,
    )
    if transition is not None and not transition.by_system:
        require(actor, transition.permission, subject)
    wants_signature = transition is not None and transition.signature is not None
    try:
        if wants_signature and signing is not None:
            # The guards speak before the password is looked at, so that nobody signs what is refused anyway.
            fire(machine, row.state, event, dataclasses.replace(facts, signed=True))
        target = fire(machine, row.state, event, dataclasses.replace(facts, signed=signing is not None))
    except Refused as refused:
        raise RefusedMove(_title(machine, event), refused.reasons(language())) from None
    if transition is not None and transition.signature is not None and signing is not None:
        meaning = (transition.signature.zh, transition.signature.en)
        waived = bool(unsegregated(machine, row.state, event, facts))
        signatures.sign(
            record,
            row.version,
            event,
            meaning,
            signing.content,
            actor,
            signing.password,
            segregated=not waived,
        )
    was = undo.before(row, stamps or {})
    old, row.state = row.state, type(row).__table__.c.state.type.enum_class(target)
    for column, value in (stamps or {}).items():
        setattr(row, column, value)
    by = None if transition is not None and transition.by_system else actor.person_id
    changes = (changes or {}) | (_deputised(actor) if by is not None else {})
    line = history.record(
        record, event, by, old_state=str(old), new_state=str(target), reason=reason, changes=changes
    )
    db.session.flush()
    undo.note(record, event, str(old), was, line)
    watching.tell_watchers(record, event, by)


def _deputised(actor: Actor) -> dict[str, Any]:
    """Whom the actor stands in for, as history tells it; nothing for most people on most days."""
    if not actor.acting_for:
        return {}
    names = get_names(actor.organisation_id, actor.acting_for).values()
    return {"deputy_of": ", ".join(sorted(name.name_en for name in names))}


def _title(machine: Machine[Any], event: str) -> str:
    title = machine.event_title(event)
    return title.of(language()) if title is not None else event
