"""What the services of an action check before they write."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from tracker.accounts.models import Person
from tracker.actions.models import Action
from tracker.database import db
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.history import Record
from tracker.i18n import gettext as _
from workflows.actions import ActionState as State

LIVE = frozenset(State) - {State.CLOSED, State.CANCELLED}
BEFORE_APPROVAL = frozenset({State.DEFINING, State.ANALYSING, State.PLANNING})


def record_of(action: Action) -> Record:
    """The action as history, signatures and messages point to it."""
    return Record(action.organisation_id, "action", action.id, action.number)


def words(text: str | None, field: str, longest: int) -> str:
    """A text that must be there and fit."""
    text = (text or "").strip()
    if not text:
        raise InvalidInput({field: [_("This field is required.")]})
    if len(text) > longest:
        raise InvalidInput({field: [_("At most %(count)d characters.", count=longest)]})
    return text


def plain(value: Any) -> Any:
    """A value as history keeps it."""
    return value if value is None or isinstance(value, bool | int) else str(value)


def changed(row: Any, fields: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Field → [before, after] of what differs; identifiers are told by the words in `names`, not by their digits."""
    found = {
        name: [plain(getattr(row, name)), plain(value)]
        for name, value in fields.items()
        if getattr(row, name) != value
    }
    for name in found.keys() & (names or {}).keys():
        found[name] = [None, (names or {})[name]]
    return found


def check_person(organisation_id: int, person_id: int, field: str) -> str:
    """The printed name of somebody active. Raises InvalidInput where there is nobody of that identifier."""
    found = db.session.execute(
        sa.select(Person.name_zh, Person.name_en).where(
            Person.organisation_id == organisation_id, Person.id == person_id, Person.active
        )
    ).one_or_none()
    if found is None:
        raise InvalidInput({field: [_("There is no such person.")]})
    return found.name_zh if found.name_zh == found.name_en else f"{found.name_zh} {found.name_en}".strip()


def get_part(model: type[Any], action: Action, part_id: int) -> Any:
    found = db.session.execute(
        sa.select(model).where(
            model.organisation_id == action.organisation_id,
            model.action_id == action.id,
            model.id == part_id,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def exists(model: type[Any], action: Action, condition: Any) -> bool:
    return bool(
        db.session.execute(
            sa.select(
                sa.exists().where(
                    model.organisation_id == action.organisation_id, model.action_id == action.id, condition
                )
            )
        ).scalar()
    )


def refuse_outside(action: Action, states: Iterable[State], why: str) -> None:
    if action.state not in set(states):
        raise RefusedMove(_("Not possible now"), [why])
