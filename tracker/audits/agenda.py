"""What is ahead of those who follow up: records that await an audit, and the calendar of the next weeks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Person
from tracker.actions.models import Action, ActionNonconformity
from tracker.actions.showing import days_left, grade_chip
from tracker.actions.viewmodels import Chip
from tracker.audits.models import Audit, AuditVerdict
from tracker.database import db
from tracker.i18n import language, pick, show_date
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.organisations.rules import default_rules, rules_for
from tracker.permissions import Actor
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import AuditPurpose
from workflows.nonconformities import NonconformityState
from workflows.schedule import Calendar

LIVE = (AuditState.SCHEDULED, AuditState.IN_PROGRESS)
SPANS = (30, 60, 90)
MOST = 300
A_DAY = 4
_DAY = timedelta(days=1)


# ---------------------------------------------------------------- what awaits an audit


@dataclass(frozen=True)
class Waiting:
    """A record that awaits its follow-up audit."""

    number: int
    label: str
    title: str
    element: str
    grade: Chip
    site: str
    owner: str
    due_on: date | None
    days_left: int | None
    not_effective: int
    implemented: bool | None
    window_ends_on: date | None
    # What an audit could answer today.
    purpose: str
    purpose_title: str


@dataclass(frozen=True)
class WaitingPage:
    """A page of them, and the key of the next."""

    rows: tuple[Waiting, ...]
    after: str | None


def list_waiting(actor: Actor, site_id: int | None, after: str, size: int) -> WaitingPage:
    """The records in verification that no audit under way covers, the most urgent first, in two statements."""
    query = _narrow_records(actor, site_id).where(_uncovered())
    bound = _bound(after)
    if bound is not None:
        at = sa.tuple_(Nonconformity.due_rank, Nonconformity.number)
        query = query.where(at > sa.tuple_(sa.literal(bound[0], sa.Date), bound[1]))
    query = query.order_by(Nonconformity.due_rank, Nonconformity.number).limit(size + 1)
    found = db.session.execute(query).all()
    more, found = len(found) > size, found[:size]
    windows = _windows(actor.organisation_id, [row.id for row in found])
    rows = tuple(_waiting(row, windows.get(row.id)) for row in found)
    last = found[-1] if more else None
    return WaitingPage(rows, None if last is None else f"{last.due_rank.isoformat()}.{last.number}")


def _narrow_records(actor: Actor, site_id: int | None) -> Any:
    query = (
        sa.select(
            Nonconformity.id,
            Nonconformity.number,
            Nonconformity.title,
            Nonconformity.element,
            Nonconformity.grade,
            Nonconformity.due_on,
            Nonconformity.due_rank,
            Nonconformity.not_effective,
            Nonconformity.answered_implemented,
            Site.name_zh.label("site_zh"),
            Site.name_en.label("site_en"),
            Person.name_zh,
            Person.name_en,
        )
        .join(
            Site, (Site.organisation_id == Nonconformity.organisation_id) & (Site.id == Nonconformity.site_id)
        )
        .outerjoin(
            Person,
            (Person.organisation_id == Nonconformity.organisation_id) & (Person.id == Nonconformity.owner_id),
        )
        .where(
            Nonconformity.organisation_id == actor.organisation_id,
            Nonconformity.state == NonconformityState.VERIFYING,
            # One that is answered effective waits for its closure, not for an audit.
            Nonconformity.answered_effective.is_not(True),
        )
    )
    return _of_sites(query, Nonconformity.site_id, actor, site_id)


def _of_sites(query: Any, column: Any, actor: Actor, site_id: int | None) -> Any:
    sites = actor.sites()
    if sites is not None:
        query = query.where(column.in_(sites))
    return query if site_id is None else query.where(column == site_id)


def _uncovered() -> Any:
    """No audit that is scheduled or in progress covers the record."""
    covering = (
        sa.select(sa.literal(1))
        .select_from(AuditVerdict)
        .join(
            Audit,
            (Audit.organisation_id == AuditVerdict.organisation_id) & (Audit.id == AuditVerdict.audit_id),
        )
        .where(
            AuditVerdict.organisation_id == Nonconformity.organisation_id,
            AuditVerdict.nonconformity_id == Nonconformity.id,
            Audit.state.in_(LIVE),
        )
        .correlate(Nonconformity)
    )
    return ~covering.exists()


def _windows(organisation_id: int, ids: list[int]) -> dict[int, date]:
    """Record → the last day of the longest window among its actions that are not settled."""
    rows = db.session.execute(
        sa.select(ActionNonconformity.nonconformity_id, sa.func.max(Action.window_ends_on).label("ends"))
        .join(
            Action,
            (Action.organisation_id == ActionNonconformity.organisation_id)
            & (Action.id == ActionNonconformity.action_id),
        )
        .where(
            ActionNonconformity.organisation_id == organisation_id,
            ActionNonconformity.nonconformity_id.in_(ids),
            Action.state.not_in((ActionState.CLOSED, ActionState.CANCELLED)),
            Action.window_ends_on.is_not(None),
        )
        .group_by(ActionNonconformity.nonconformity_id)
    )
    return {row.nonconformity_id: row.ends for row in rows}


def _waiting(row: Any, window_ends_on: date | None) -> Waiting:
    over = window_ends_on is None or window_ends_on < clock.today()
    purpose = AuditPurpose.EFFECTIVENESS if over else AuditPurpose.IMPLEMENTATION
    return Waiting(
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        element=row.element,
        grade=grade_chip(row.grade),
        site=pick(row.site_zh, row.site_en),
        owner=pick(row.name_zh or "", row.name_en or ""),
        due_on=row.due_on,
        days_left=days_left(row.due_on),
        not_effective=row.not_effective,
        implemented=row.answered_implemented,
        window_ends_on=window_ends_on,
        purpose=purpose.value,
        purpose_title=purpose.of(language()),
    )


def _bound(text: str) -> tuple[date, int] | None:
    first, _dot, number = text.partition(".")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    try:
        return date.fromisoformat(first), int(number)
    except ValueError:
        return None


# ---------------------------------------------------------------- the calendar


@dataclass(frozen=True)
class Happening:
    """Something on a day: an audit planned, a window that ends, a follow-up that is due."""

    day: date
    kind: str
    label: str
    title: str
    detail: str
    number: int


@dataclass(frozen=True)
class Day:
    """A day of the calendar; `more` happenings do not fit into it."""

    day: date
    title: str
    happenings: tuple[Happening, ...]
    more: int
    today: bool
    worked: bool
    outside: bool


@dataclass(frozen=True)
class Agenda:
    """Whole weeks from today on, what is overdue already, and how many of each kind there are."""

    weeks: tuple[tuple[Day, ...], ...]
    overdue: tuple[Happening, ...]
    counts: dict[str, int]
    first: date
    last: date
    cut: bool

    @property
    def days(self) -> tuple[Day, ...]:
        """The days on which something happens."""
        return tuple(day for week in self.weeks for day in week if day.happenings)


def get_agenda(actor: Actor, site_id: int | None, span: int) -> Agenda:
    """The next `span` days in three statements, and one more for the calendar of a site."""
    first, last = clock.today(), clock.today() + (span - 1) * _DAY
    found = [
        *_audits(actor, site_id, last),
        *_windows_ending(actor, site_id, first, last),
        *_follow_ups_due(actor, site_id, last),
    ]
    ahead: dict[date, list[Happening]] = {}
    for each in found:
        if each.day >= first:
            ahead.setdefault(each.day, []).append(each)
    calendar = (default_rules() if site_id is None else rules_for(actor.organisation_id, site_id)).calendar
    kinds = ("audit", "window", "due")
    counts = {kind: sum(each.kind == kind and each.day >= first for each in found) for kind in kinds}
    return Agenda(
        weeks=_weeks(first, last, ahead, calendar),
        overdue=tuple(sorted((each for each in found if each.day < first), key=lambda each: each.day)),
        counts=counts,
        first=first,
        last=last,
        cut=any(sum(each.kind == kind for each in found) >= MOST for kind in kinds),
    )


def _weeks(
    first: date, last: date, ahead: dict[date, list[Happening]], calendar: Calendar
) -> tuple[tuple[Day, ...], ...]:
    begin = first - first.weekday() * _DAY
    count = ((last - begin).days // 7) + 1
    return tuple(
        tuple(_one_day(begin + (7 * week + place) * _DAY, first, last, ahead, calendar) for place in range(7))
        for week in range(count)
    )


def _one_day(
    day: date, first: date, last: date, ahead: dict[date, list[Happening]], calendar: Calendar
) -> Day:
    found = ahead.get(day, [])
    return Day(
        day=day,
        title=_short(day),
        happenings=tuple(found),
        more=max(0, len(found) - A_DAY),
        today=day == first,
        worked=calendar.is_working_day(day),
        outside=not first <= day <= last,
    )


def _short(day: date) -> str:
    """A day without its year."""
    return f"{day.month}月{day.day}日" if language() == "zh" else show_date(day).rsplit(" ", 1)[0]


def _audits(actor: Actor, site_id: int | None, last: date) -> Iterable[Happening]:
    query = (
        sa.select(Audit.number, Audit.planned_on, Audit.purpose, Person.name_zh, Person.name_en)
        .join(Person, (Person.organisation_id == Audit.organisation_id) & (Person.id == Audit.auditor_id))
        .where(
            Audit.organisation_id == actor.organisation_id,
            Audit.state.in_(LIVE),
            Audit.planned_on <= last,
        )
    )
    query = _of_sites(query, Audit.site_id, actor, site_id)
    for row in db.session.execute(query.order_by(Audit.planned_on, Audit.number).limit(MOST)):
        yield Happening(
            row.planned_on,
            "audit",
            label("audit", row.number),
            row.purpose.of(language()),
            pick(row.name_zh, row.name_en),
            row.number,
        )


def _windows_ending(actor: Actor, site_id: int | None, first: date, last: date) -> Iterable[Happening]:
    query = sa.select(Action.number, Action.title, Action.window_ends_on).where(
        Action.organisation_id == actor.organisation_id,
        Action.state.in_((ActionState.FOLLOW_UP, ActionState.MONITORING)),
        Action.window_ends_on >= first,
        Action.window_ends_on <= last,
    )
    query = _of_sites(query, Action.site_id, actor, site_id)
    for row in db.session.execute(query.order_by(Action.window_ends_on, Action.number).limit(MOST)):
        number = label("action", row.number)
        yield Happening(row.window_ends_on, "window", number, row.title, "", row.number)


def _follow_ups_due(actor: Actor, site_id: int | None, last: date) -> Iterable[Happening]:
    query = _narrow_records(actor, site_id).where(_uncovered(), Nonconformity.due_rank <= last)
    query = query.order_by(Nonconformity.due_rank, Nonconformity.number).limit(MOST)
    for row in db.session.execute(query):
        number = label("nonconformity", row.number)
        owner = pick(row.name_zh or "", row.name_en or "")
        yield Happening(row.due_on, "due", number, row.title, owner, row.number)
