"""The rounds of a day: who has to be reminded, told that something is overdue, or told of somebody else's delay.

Each is told once: a notice names the record, the kind and the day it is about (the due day, so that an extension
begins anew). The rounds can be made again, or by two at a time, and nobody hears the same thing twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import MailWish, Person, Role, RoleGrant
from tracker.actions.models import Action, Task
from tracker.audits.models import Audit
from tracker.database import db
from tracker.history import Record
from tracker.nonconformities.models import Nonconformity
from tracker.notifications import cycles
from tracker.notifications.models import Notice, OutboxMessage
from tracker.notifications.services import tell_once
from tracker.numbering import label
from tracker.organisations.models import Organisation
from tracker.organisations.rules import SiteRules, list_rules
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import TaskState
from workflows.nonconformities import NonconformityState

LONGEST_REMINDER = timedelta(days=60)
WEEK = 7
# A transaction holds no more than this, so that people who write meanwhile need not wait for the whole round.
PIECE = 100


# States in which nothing is waited for any more, or not yet.
OVER: tuple[tuple[Any, str, tuple[Any, ...]], ...] = (
    (
        Nonconformity,
        "nonconformity",
        (NonconformityState.DRAFT, NonconformityState.CLOSED, NonconformityState.VOID),
    ),
    (Action, "action", (ActionState.CLOSED, ActionState.CANCELLED)),
)


@dataclass(frozen=True)
class Due:
    """Something that has to be done by a day, and by whom. `key` is what the notice is about."""

    record: Record
    key: Record
    site_id: int
    title: str
    owner_id: int
    due_on: date
    step: str

    @property
    def payload(self) -> dict[str, Any]:
        return {"title": self.title, "due_on": self.due_on.isoformat(), "step": self.step}


@dataclass(frozen=True)
class Someone:
    """A person as the rounds need one."""

    id: int
    name_zh: str
    name_en: str
    manager_id: int | None
    mail: MailWish


def make_all_rounds() -> int:
    """Make the rounds of every organisation; how many messages were written. Commits as it goes."""
    ids = list(db.session.execute(sa.select(Organisation.id).order_by(Organisation.id)).scalars())
    db.session.commit()
    return sum(make_rounds(organisation_id) for organisation_id in ids)


def make_rounds(organisation_id: int) -> int:
    """Make the rounds of one organisation for today; how many messages were written. Commits as it goes."""
    today = clock.today()
    things = list_due(organisation_id, today + LONGEST_REMINDER)
    sites = sorted({each.site_id for each in things})
    rules = list_rules(organisation_id, sites)
    people = _people(organisation_id)
    quality = _quality_managers(organisation_id, people)
    told = _told(organisation_id, min((each.due_on for each in things), default=today))
    db.session.commit()

    def wanted() -> Iterator[Callable[[], int]]:
        for each in things:
            for news in _news(each, rules[each.site_id], people, quality, today):
                if news.key not in told:
                    yield news.tell
        yield from cycles.news(organisation_id, today, quality)

    written = _in_pieces(wanted())
    return written + _digests(organisation_id, today, things, people)


def _in_pieces(steps: Iterable[Callable[[], int]]) -> int:
    written = 0
    for number, step in enumerate(steps, 1):
        written += step()
        if number % PIECE == 0:
            db.session.commit()
    db.session.commit()
    return written


# ---------------------------------------------------------------- what is due


def list_due(organisation_id: int, until: date) -> list[Due]:
    """Everything in the organisation that somebody has to have done by that day, in four statements."""
    return [
        *_records(organisation_id, until),
        *_tasks(organisation_id, until),
        *_audits(organisation_id, until),
    ]


def _records(organisation_id: int, until: date) -> Iterator[Due]:
    for model, kind, over in OVER:
        rows = db.session.execute(
            sa.select(
                model.id,
                model.number,
                model.site_id,
                model.title,
                model.owner_id,
                model.due_on,
                model.due_step,
            )
            .where(
                model.organisation_id == organisation_id,
                model.due_on <= until,
                model.owner_id.is_not(None),
                model.state.not_in(over),
            )
            .order_by(model.due_on, model.number)
        )
        for row in rows:
            record = Record(organisation_id, kind, row.id, row.number)
            yield Due(record, record, row.site_id, row.title, row.owner_id, row.due_on, row.due_step)


def _tasks(organisation_id: int, until: date) -> Iterator[Due]:
    rows = db.session.execute(
        sa.select(Task.id, Task.title, Task.owner_id, Task.due_on, Action.id, Action.number, Action.site_id)
        .join(Action, (Action.organisation_id == Task.organisation_id) & (Action.id == Task.action_id))
        .where(
            Task.organisation_id == organisation_id,
            Task.due_on <= until,
            Task.state == TaskState.OPEN,
            Action.state == ActionState.IMPLEMENTING,
        )
        .order_by(Task.due_on, Task.id)
    )
    for task_id, title, owner_id, due_on, action_id, number, site_id in rows:
        record = Record(organisation_id, "action", action_id, number)
        yield Due(record, Record(organisation_id, "task", task_id, 0), site_id, title, owner_id, due_on, "")


def _audits(organisation_id: int, until: date) -> Iterator[Due]:
    rows = db.session.execute(
        sa.select(Audit.id, Audit.number, Audit.site_id, Audit.auditor_id, Audit.planned_on)
        .where(
            Audit.organisation_id == organisation_id,
            Audit.planned_on <= until,
            Audit.state.in_((AuditState.SCHEDULED, AuditState.IN_PROGRESS)),
        )
        .order_by(Audit.planned_on, Audit.number)
    )
    for row in rows:
        record = Record(organisation_id, "audit", row.id, row.number)
        yield Due(record, record, row.site_id, "", row.auditor_id, row.planned_on, "")


# ---------------------------------------------------------------- whom to tell


def _people(organisation_id: int) -> dict[int, Someone]:
    """Everybody who can be told something."""
    rows = db.session.execute(
        sa.select(Person.id, Person.name_zh, Person.name_en, Person.manager_id, Person.mail).where(
            Person.organisation_id == organisation_id, Person.active
        )
    )
    return {row.id: Someone(*row) for row in rows}


QualityManagers = Callable[[int], tuple[int, ...]]


def _quality_managers(organisation_id: int, people: dict[int, Someone]) -> QualityManagers:
    """The quality managers of a site, those of every site among them."""
    rows = db.session.execute(
        sa.select(RoleGrant.site_id, RoleGrant.person_id)
        .where(RoleGrant.organisation_id == organisation_id, RoleGrant.role == Role.QUALITY_MANAGER)
        .order_by(RoleGrant.person_id)
    )
    by_site: dict[int | None, list[int]] = defaultdict(list)
    for site_id, person_id in rows:
        if person_id in people:
            by_site[site_id].append(person_id)
    return lambda site_id: tuple(dict.fromkeys([*by_site[site_id], *by_site[None]]))


Key = tuple[str, int, str, date, int]


def _told(organisation_id: int, since: date) -> set[Key]:
    """What has been told about days from then on: what needs no second try."""
    rows = db.session.execute(
        sa.select(Notice.record_kind, Notice.record_id, Notice.kind, Notice.day, Notice.person_id).where(
            Notice.organisation_id == organisation_id, Notice.day >= since
        )
    )
    return {(kind, record_id, what, day, person) for kind, record_id, what, day, person in rows}


@dataclass(frozen=True)
class News:
    """One thing to tell one person."""

    due: Due
    person: Someone
    kind: str
    day: date
    owner: Someone | None = None

    @property
    def key(self) -> Key:
        return self.due.key.kind, self.due.key.id, self.kind, self.day, self.person.id

    def tell(self) -> int:
        """Tell it, unless somebody was faster, and put an escalation on the record; how many were told."""
        payload = self.due.payload
        if self.owner is not None:
            payload |= {"owner_zh": self.owner.name_zh, "owner_en": self.owner.name_en}
        about = self.due.record
        if not tell_once(self.person.id, self.kind, self.due.key, self.day, payload, shown_as=about):
            return 0
        if self.kind != "due-soon":
            changes: dict[str, Any] = {
                "told": [None, [self.person.name_zh, self.person.name_en]],
                "due_on": [None, self.due.due_on.isoformat()],
            }
            if self.due.key is not about:
                changes["task"] = [None, self.due.title]
            history.record(about, self.kind.replace("-", "_"), None, changes=changes)
            db.session.flush()
        return 1


def _news(
    due: Due, rules: SiteRules, people: dict[int, Someone], quality: QualityManagers, today: date
) -> Iterator[News]:
    """What is to be told about one thing today, whether it has been told or not."""
    owner = people.get(due.owner_id)
    if today <= due.due_on:
        if owner and rules.remind_days and due.due_on - today <= timedelta(days=rules.remind_days):
            yield News(due, owner, "due-soon", due.due_on)
        return
    if owner:
        weeks = (today - due.due_on - timedelta(days=1)).days // WEEK
        yield News(due, owner, "overdue", due.due_on + timedelta(days=1 + WEEK * weeks))
    late = rules.calendar.working_days_between(due.due_on, today)
    manager = people.get(owner.manager_id) if owner and owner.manager_id else None
    if late >= rules.manager_after and manager:
        yield News(due, manager, "escalated-manager", due.due_on, owner)
    # Nobody above the owner, or no owner any more: the quality managers hear of it in the manager's place.
    after = rules.quality_after if manager else rules.manager_after
    if late >= after:
        for person_id in quality(due.site_id):
            if person_id not in (due.owner_id, manager.id if manager else None):
                yield News(due, people[person_id], "escalated-quality", due.due_on, owner)


# ---------------------------------------------------------------- the digest


def _digests(organisation_id: int, today: date, things: list[Due], people: dict[int, Someone]) -> int:
    """One message a day to everybody who wants no more than that: what is due, and what is new."""
    readers = {person.id: person for person in people.values() if person.mail == MailWish.DIGEST}
    if not readers:
        return 0
    mine: dict[int, list[Due]] = defaultdict(list)
    for each in things:
        if each.owner_id in readers and each.due_on <= today + timedelta(days=WEEK):
            mine[each.owner_id].append(each)
    news = _unread(organisation_id, list(readers))
    written = 0
    for person_id in readers:
        due = sorted(mine[person_id], key=lambda each: each.due_on)
        if not due and not news.get(person_id):
            continue
        payload = {
            "overdue": sum(each.due_on < today for each in due),
            "due": sum(each.due_on >= today for each in due),
            "news": news.get(person_id, 0),
            "items": [_item(each) for each in due[:20]],
        }
        record = Record(organisation_id, "person", person_id, 0)
        written += tell_once(person_id, "digest", record, today, payload)
    db.session.flush()
    # In the application it would only repeat what stands there already.
    db.session.execute(
        sa.update(OutboxMessage)
        .where(
            OutboxMessage.organisation_id == organisation_id,
            OutboxMessage.kind == "digest",
            OutboxMessage.read_at.is_(None),
            OutboxMessage.person_id.in_(list(readers)),
        )
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return written


def _item(due: Due) -> dict[str, str]:
    return {
        "record": label(due.record.kind, due.record.number),
        "title": due.title,
        "due_on": due.due_on.isoformat(),
    }


def _unread(organisation_id: int, people: list[int]) -> dict[int, int]:
    """Person → messages not read."""
    rows = db.session.execute(
        sa.select(OutboxMessage.person_id, sa.func.count())
        .where(
            OutboxMessage.organisation_id == organisation_id,
            OutboxMessage.person_id.in_(people),
            OutboxMessage.read_at.is_(None),
            OutboxMessage.kind != "digest",
        )
        .group_by(OutboxMessage.person_id)
    )
    return {row[0]: row[1] for row in rows}
