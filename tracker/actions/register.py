"""The register of actions: a page of it in two statements, in the order that its address names."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Person
from tracker.actions.models import Action, ActionNonconformity, Task
from tracker.actions.showing import answer_view, days_left
from tracker.actions.viewmodels import AnswerView, Register, Row
from tracker.database import db
from tracker.i18n import pick
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.offers import state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.turning import Order
from workflows.actions import ActionState
from workflows.kinds import TaskState

FAR = date(9999, 12, 31)
SORTS = ("number", "-number", "due", "-due")


@dataclass(frozen=True)
class Filters:
    """What the register is narrowed to; all of it stands in the address."""

    site_id: int | None = None
    state: str = ""
    owner_id: int | None = None
    overdue: bool = False
    q: str = ""
    sort: str = "-number"


def list_register(actor: Actor, wanted: Filters, after: str, before: str, size: int) -> Register:
    """A page of the register in two statements: the actions, and what they answer."""
    order = Order(Action.number, _day(wanted.sort), wanted.sort.startswith("-"))
    found = order.turn(_narrow(actor, wanted), after, before, size)
    answers = _answers_of(actor.organisation_id, [row.id for row in found.rows])
    rows = tuple(_row(row, answers.get(row.id, ())) for row in found.rows)
    return Register(rows, before=found.before, after=found.after)


def _narrow(actor: Actor, wanted: Filters) -> Any:
    tasks = (
        sa.select(sa.func.count())
        .where(
            Task.organisation_id == Action.organisation_id,
            Task.action_id == Action.id,
            Task.state != TaskState.DROPPED,
        )
        .correlate(Action)
    )
    query = (
        sa.select(
            Action.id,
            Action.number,
            Action.title,
            Action.state,
            Action.due_on,
            Action.not_effective,
            Site.name_zh.label("site_zh"),
            Site.name_en.label("site_en"),
            Person.name_zh.label("owner_zh"),
            Person.name_en.label("owner_en"),
            tasks.scalar_subquery().label("tasks"),
            tasks.where(Task.state == TaskState.DONE).scalar_subquery().label("done"),
        )
        .join(Site, (Site.organisation_id == Action.organisation_id) & (Site.id == Action.site_id))
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
    if wanted.overdue:
        query = query.where(Action.due_on < clock.today())
    if wanted.q:
        query = query.where(_matches(wanted.q))
    ended = (ActionState.CLOSED, ActionState.CANCELLED)
    if wanted.state == "live":
        query = query.where(Action.state.notin_(ended))
    elif wanted.state:
        query = query.where(Action.state == ActionState(wanted.state))
    return query


def _matches(words: str) -> Any:
    """Titles that hold the words, or the action of that number."""
    digits = words.upper().removeprefix("CA-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 9:
        return Action.number == int(digits)
    pattern = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Action.title.ilike(f"%{pattern}%", escape="\\")


def _day(sort: str) -> Any:
    return sa.func.coalesce(Action.due_on, sa.literal(FAR, sa.Date)) if sort.lstrip("-") == "due" else None


def _row(row: Any, answers: tuple[AnswerView, ...]) -> Row:
    return Row(
        number=row.number,
        label=label("action", row.number),
        title=row.title,
        state=state_view("action", row.state),
        site=pick(row.site_zh, row.site_en),
        owner=pick(row.owner_zh, row.owner_en),
        due_on=row.due_on,
        days_left=days_left(row.due_on),
        tasks_done=row.done,
        tasks=row.tasks,
        not_effective=row.not_effective,
        answers=answers,
    )


def _answers_of(organisation_id: int, ids: list[int]) -> dict[int, tuple[AnswerView, ...]]:
    if not ids:
        return {}
    found: dict[int, list[AnswerView]] = {}
    for row in db.session.execute(
        sa.select(
            ActionNonconformity.action_id,
            ActionNonconformity.implemented,
            ActionNonconformity.effective,
            Nonconformity.id,
            Nonconformity.number,
            Nonconformity.title,
            Nonconformity.element,
            Nonconformity.grade,
            Nonconformity.state,
            Nonconformity.points_alone,
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ActionNonconformity.organisation_id)
            & (Nonconformity.id == ActionNonconformity.nonconformity_id),
        )
        .where(ActionNonconformity.organisation_id == organisation_id, ActionNonconformity.action_id.in_(ids))
        .order_by(Nonconformity.number)
    ):
        found.setdefault(row.action_id, []).append(answer_view(row))
    return {action: tuple(rows) for action, rows in found.items()}
