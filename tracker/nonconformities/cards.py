"""The board of non-conformities: columns by state, each a page of cards."""

from typing import Any

import sqlalchemy as sa
from flask import url_for

from tracker import boards, clock
from tracker.accounts.models import Person
from tracker.boards import Card, Column, Turned
from tracker.i18n import language, pick
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.register import GRADE_TONES, SETTLED
from tracker.numbering import label
from tracker.permissions import Actor
from workflows.nonconformities import NonconformityState

STATES = tuple(state.value for state in NonconformityState)
ENDED = frozenset(state.value for state in SETTLED)


def get_board(
    actor: Actor, site_id: int | None, owner_id: int | None, turned: Turned, address: dict[str, Any]
) -> tuple[Column, ...]:
    """Every column with a page of its cards, in two statements. `address` is kept by the moves."""
    found, counted = boards.read_columns(
        _narrow(actor, site_id, owner_id),
        Nonconformity.state,
        Nonconformity.number,
        STATES,
        turned,
        falling=lambda state: state in ENDED,
        key=Nonconformity.due_rank,
    )
    columns = []
    for state, rows in found.items():
        shown = rows[: boards.PAGE]
        last = shown[-1] if len(rows) > boards.PAGE else None
        after = None if last is None else boards.mark(last.due_on, last.number)
        cards = [_card(row, address) for row in shown]
        columns.append(boards.make_column("nonconformity", state, counted[state], cards, after, turned))
    return tuple(columns)


def _narrow(actor: Actor, site_id: int | None, owner_id: int | None) -> Any:
    query: Any = (
        sa.select(
            Nonconformity.number,
            Nonconformity.version,
            Nonconformity.title,
            Nonconformity.state,
            Nonconformity.grade,
            Nonconformity.element,
            Nonconformity.due_on,
            Nonconformity.points_alone,
            Person.name_zh,
            Person.name_en,
        )
        .outerjoin(
            Person,
            (Person.organisation_id == Nonconformity.organisation_id) & (Person.id == Nonconformity.owner_id),
        )
        .where(Nonconformity.organisation_id == actor.organisation_id)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Nonconformity.site_id.in_(sites))
    if site_id is not None:
        query = query.where(Nonconformity.site_id == site_id)
    if owner_id is not None:
        query = query.where(Nonconformity.owner_id == owner_id)
    return query


def _card(row: Any, address: dict[str, Any]) -> Card:
    ended = row.state in ENDED
    tags = ((row.grade.of(language()), GRADE_TONES[row.grade]), (row.element, ""))
    return Card(
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        url=url_for("nonconformities.show", number=row.number),
        move_url=url_for("nonconformities.board_move", number=row.number, **address),
        version=row.version,
        owner=pick(row.name_zh or "", row.name_en or ""),
        due_on=row.due_on,
        days_left=None if ended or row.due_on is None else (row.due_on - clock.today()).days,
        ended=ended,
        points=row.points_alone,
        tags=tuple(tag for tag in tags if tag[0]),
    )
