"""The board of actions: columns by state, and what a card that is dropped in another column asks for."""

from typing import Any

import sqlalchemy as sa
from flask import url_for

from tracker import boards
from tracker.accounts.models import Person
from tracker.actions.models import Action, ActionNonconformity
from tracker.actions.register import FAR, Filters
from tracker.actions.showing import days_left
from tracker.boards import Card, Column, Turned
from tracker.database import db
from tracker.i18n import ngettext, pick
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.permissions import Actor
from workflows.actions import ActionState

ENDED = frozenset({ActionState.CLOSED.value, ActionState.CANCELLED.value})
STATES = tuple(state.value for state in ActionState)


def get_board(actor: Actor, wanted: Filters, turned: Turned, address: dict[str, Any]) -> tuple[Column, ...]:
    """Every column with a page of its cards, in three statements. `address` is kept by the moves."""
    key = sa.func.coalesce(Action.due_on, sa.literal(FAR, sa.Date))
    found, counted = boards.read_columns(
        _narrow(actor, wanted),
        Action.state,
        Action.number,
        STATES,
        turned,
        falling=lambda state: state in ENDED,
        key=key,
    )
    shown = {state: rows[: boards.PAGE] for state, rows in found.items()}
    points = _points(actor.organisation_id, [row.id for rows in shown.values() for row in rows])
    columns = []
    for state, rows in shown.items():
        last = rows[-1] if len(found[state]) > boards.PAGE else None
        after = None if last is None else boards.mark(last.due_on, last.number)
        cards = [_card(row, points.get(row.id), address) for row in rows]
        columns.append(boards.make_column("action", state, counted[state], cards, after, turned))
    return tuple(columns)


def _narrow(actor: Actor, wanted: Filters) -> Any:
    query: Any = (
        sa.select(
            Action.id,
            Action.number,
            Action.version,
            Action.title,
            Action.state,
            Action.due_on,
            Action.not_effective,
            Person.name_zh,
            Person.name_en,
        )
        .join(Person, (Person.organisation_id == Action.organisation_id) & (Person.id == Action.owner_id))
        .where(Action.organisation_id == actor.organisation_id)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Action.site_id.in_(sites))
    if wanted.site_id is not None:
        query = query.where(Action.site_id == wanted.site_id)
    if wanted.owner_id is not None:
        query = query.where(Action.owner_id == wanted.owner_id)
    return query


def _points(organisation_id: int, ids: list[int]) -> dict[int, Any]:
    """Action → the most that one of its non-conformities is worth alone; points of several do not add up."""
    found: dict[int, Any] = {}
    for row in db.session.execute(
        sa.select(ActionNonconformity.action_id, Nonconformity.points_alone)
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ActionNonconformity.organisation_id)
            & (Nonconformity.id == ActionNonconformity.nonconformity_id),
        )
        .where(
            ActionNonconformity.organisation_id == organisation_id,
            ActionNonconformity.action_id.in_(ids),
            Nonconformity.points_alone.is_not(None),
        )
    ):
        found[row.action_id] = max(found.get(row.action_id, row.points_alone), row.points_alone)
    return found


def _card(row: Any, points: Any, address: dict[str, Any]) -> Card:
    ended = row.state in ENDED
    tags: tuple[tuple[str, str], ...] = ()
    if row.not_effective:
        words = ngettext("%(num)d time not effective", "%(num)d times not effective", row.not_effective)
        tags = ((words, "attention"),)
    return Card(
        number=row.number,
        label=label("action", row.number),
        title=row.title,
        url=url_for("actions.show", number=row.number),
        move_url=url_for("actions.board_move", number=row.number, **address),
        version=row.version,
        owner=pick(row.name_zh, row.name_en),
        due_on=row.due_on,
        days_left=None if ended else days_left(row.due_on),
        ended=ended,
        points=points,
        tags=tags,
    )
