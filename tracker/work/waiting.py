"""What somebody waits for: their own matters that are somebody else's turn, in one statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import aliased

from tracker import clock
from tracker.accounts.models import Person
from tracker.actions.models import Action, Task
from tracker.database import db
from tracker.i18n import lazy_gettext as _l
from tracker.i18n import pick
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.permissions import Actor
from tracker.reviews.models import Review
from workflows.actions import ActionState
from workflows.kinds import TaskState
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

SHOWN = 50

ADDRESSES = {
    "nonconformity": "nonconformities.show",
    "action": "actions.show",
    "audit": "audits.show",
    "review": "reviews.show",
}
# What is waited for, and from whom where nobody is named.
WORDS: dict[str, tuple[Any, Any]] = {
    "dispute": (_l("an answer to the dispute"), _l("lead auditor")),
    "verification": (_l("the follow-up audit and the closure"), _l("auditor")),
    "correction": (_l("its correction"), _l("its owner")),
    "approval": (_l("approval of the plan"), _l("approver")),
    "follow_up": (_l("the follow-up audit"), _l("auditor")),
    "task": (_l("a task"), _l("its owner")),
    "acceptance": (_l("acceptance of the report"), _l("management")),
}


@dataclass(frozen=True)
class Waiting:
    """A matter of this person's that is somebody else's turn."""

    record: str
    title: str
    url: str
    what: str
    whom: str
    due_on: date | None
    days: int | None


@dataclass(frozen=True)
class _Part:
    kind: str
    record: str
    model: Any
    conditions: tuple[Any, ...]
    whom: Any = None
    due: Any = None
    title: Any = None


def list_waiting(actor: Actor) -> tuple[tuple[Waiting, ...], bool]:
    """What the person waits for, what is due first at the top; and whether there is more than is shown."""
    selects = [sa.select(_select(part, actor).subquery()) for part in _parts(actor)]
    person = aliased(Person)
    union = sa.union_all(*selects).subquery()
    rows = db.session.execute(
        sa.select(union, person.name_zh, person.name_en)
        .outerjoin(person, (person.organisation_id == actor.organisation_id) & (person.id == union.c.whom))
        .order_by(union.c.due_on.is_(None), union.c.due_on, union.c.record, union.c.number)
        .limit(SHOWN + 1)
    ).all()
    return tuple(_view(row) for row in rows[:SHOWN]), len(rows) > SHOWN


def _view(row: Any) -> Waiting:
    what, nobody = WORDS[row.kind]
    return Waiting(
        record=label(row.record, row.number),
        title=row.title,
        url=url_for(ADDRESSES[row.record], number=row.number),
        what=str(what),
        whom=pick(row.name_zh, row.name_en) if row.name_zh else str(nobody),
        due_on=row.due_on,
        days=None if row.due_on is None else (row.due_on - clock.today()).days,
    )


def _select(part: _Part, actor: Actor) -> Any:
    model = part.model
    due = sa.cast(sa.null(), sa.Date) if part.due is None else part.due
    whom = sa.cast(sa.null(), sa.BigInteger) if part.whom is None else part.whom
    order = (model.number,) if part.due is None else (due.is_(None), due, model.number)
    return (
        sa.select(
            sa.literal(part.kind).label("kind"),
            sa.literal(part.record).label("record"),
            model.number.label("number"),
            (model.title if part.title is None else part.title).label("title"),
            whom.label("whom"),
            due.label("due_on"),
        )
        .where(model.organisation_id == actor.organisation_id, *part.conditions)
        .order_by(*order)
        .limit(SHOWN + 1)
    )


def _parts(actor: Actor) -> Iterable[_Part]:
    hands, state = actor.hands, Nonconformity.state
    own = Nonconformity.owner_id.in_(hands)
    due = Nonconformity.due_on
    nc = "nonconformity"
    yield _Part("dispute", nc, Nonconformity, (own, state == NonconformityState.DISPUTED), due=due)
    yield _Part("verification", nc, Nonconformity, (own, state == NonconformityState.VERIFYING), due=due)
    others = (
        Nonconformity.raised_by_id.in_(hands),
        sa.or_(Nonconformity.owner_id.is_(None), Nonconformity.owner_id.not_in(hands)),
        state.in_([NonconformityState.OPEN, NonconformityState.CONTAINED, NonconformityState.CORRECTING]),
    )
    yield _Part("correction", nc, Nonconformity, others, Nonconformity.owner_id, due)
    mine = Action.owner_id.in_(hands)
    yield _Part(
        "approval",
        "action",
        Action,
        (mine, Action.state == ActionState.PLAN_REVIEW),
        Action.approver_id,
        Action.due_on,
    )
    yield _Part(
        "follow_up", "action", Action, (mine, Action.state == ActionState.FOLLOW_UP), due=Action.due_on
    )
    task = (
        mine,
        Action.state == ActionState.IMPLEMENTING,
        Task.organisation_id == Action.organisation_id,
        Task.action_id == Action.id,
        Task.state == TaskState.OPEN,
        Task.owner_id.not_in(hands),
    )
    yield _Part("task", "action", Action, task, Task.owner_id, Task.due_on, Task.title)
    reported = (
        Review.lead_auditor_id.in_(hands),
        Review.state == ReviewState.REPORTED,
        Review.accepted_at.is_(None),
    )
    yield _Part("acceptance", "review", Review, reported)
