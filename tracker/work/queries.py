"""Reads of comments, of watches, and of who stands in for whom."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import aliased

from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.history import Record
from tracker.i18n import pick, show_date, show_datetime
from tracker.numbering import label
from tracker.permissions import Actor
from tracker.work.models import Comment, Delegation, Watch
from tracker.work.waiting import ADDRESSES

COMMENTS_SHOWN = 100
WATCHED_SHOWN = 50


@dataclass(frozen=True)
class CommentView:
    """What somebody said; withdrawn words are not shown any more."""

    id: int
    who: str
    when: str
    text: str
    withdrawn: bool
    mine: bool


@dataclass(frozen=True)
class WatchView:
    """A record that somebody watches."""

    label: str
    url: str
    since: str


@dataclass(frozen=True)
class DelegationView:
    """Who stands in for whom, from when until when."""

    id: int
    person: str
    deputy: str
    from_on: date
    until_on: date
    days: str
    reason: str
    state: str  # running, coming, over
    may_end: bool


def list_comments(record: Record, actor: Actor) -> tuple[CommentView, ...]:
    """What was said about a record, the newest last; one statement."""
    rows = db.session.execute(
        sa.select(Comment, Person.name_zh, Person.name_en)
        .join(Person, (Person.organisation_id == Comment.organisation_id) & (Person.id == Comment.person_id))
        .where(
            Comment.organisation_id == record.organisation_id,
            Comment.record_kind == record.kind,
            Comment.record_id == record.id,
        )
        .order_by(Comment.id.desc())
        .limit(COMMENTS_SHOWN)
    ).all()
    return tuple(
        CommentView(
            row.id,
            pick(zh, en),
            show_datetime(row.at),
            "" if row.withdrawn_at else row.text,
            row.withdrawn_at is not None,
            row.person_id == actor.person_id,
        )
        for row, zh, en in reversed(rows)
    )


def is_watching(record: Record, person_id: int) -> bool:
    """Whether somebody watches a record."""
    found = db.session.execute(
        sa.select(Watch.id).where(
            Watch.organisation_id == record.organisation_id,
            Watch.record_kind == record.kind,
            Watch.record_id == record.id,
            Watch.person_id == person_id,
        )
    ).first()
    return found is not None


def list_watched(actor: Actor) -> tuple[WatchView, ...]:
    """The records that somebody watches, the newest first."""
    rows = db.session.execute(
        sa.select(Watch)
        .where(Watch.organisation_id == actor.organisation_id, Watch.person_id == actor.person_id)
        .order_by(Watch.id.desc())
        .limit(WATCHED_SHOWN)
    ).scalars()
    return tuple(
        WatchView(
            label(row.record_kind, row.record_number),
            url_for(ADDRESSES[row.record_kind], number=row.record_number),
            show_date(row.since),
        )
        for row in rows
    )


def list_delegations(actor: Actor, *, everyone: bool = False) -> tuple[DelegationView, ...]:
    """Who stands in for this person and for whom this person does, or all of them; past ones for a year."""
    absent, deputy = aliased(Person), aliased(Person)
    today = clock.today()
    statement = (
        sa.select(Delegation, absent.name_zh, absent.name_en, deputy.name_zh, deputy.name_en)
        .join(
            absent,
            (absent.organisation_id == Delegation.organisation_id) & (absent.id == Delegation.person_id),
        )
        .join(
            deputy,
            (deputy.organisation_id == Delegation.organisation_id) & (deputy.id == Delegation.deputy_id),
        )
        .where(
            Delegation.organisation_id == actor.organisation_id,
            Delegation.until_on >= today.replace(year=today.year - 1, day=1),
        )
        .order_by(Delegation.from_on.desc(), Delegation.id.desc())
        .limit(100)
    )
    if not everyone:
        me = actor.person_id
        statement = statement.where(sa.or_(Delegation.person_id == me, Delegation.deputy_id == me))
    return tuple(
        DelegationView(
            row.id,
            pick(zh, en),
            pick(deputy_zh, deputy_en),
            row.from_on,
            row.until_on,
            f"{show_date(row.from_on)} – {show_date(row.until_on)}",
            row.reason,
            _state(row, today),
            row.ended_at is None
            and row.until_on >= today
            and (everyone or actor.person_id in (row.person_id, row.made_by_id)),
        )
        for row, zh, en, deputy_zh, deputy_en in db.session.execute(statement)
    )


def _state(row: Delegation, today: date) -> str:
    if row.ended_at is not None or row.until_on < today:
        return "over"
    return "running" if row.from_on <= today else "coming"
