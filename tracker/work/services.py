"""Write comments, watch records, stand in for somebody."""

import re
from datetime import date, timedelta

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import Person
from tracker.database import add, db, new_id, upsert
from tracker.errors import Forbidden, InvalidInput, NotFound
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.notifications.services import tell
from tracker.permissions import Actor, can
from tracker.watching import tell_watchers
from tracker.work.models import Comment, Delegation, Watch

LONGEST = 4000
LONGEST_ABSENCE = 366
# What of a comment stands in the message about it.
EXCERPT = 140


# ---------------------------------------------------------------- comments


def write_comment(
    actor: Actor,
    record: Record,
    text: str,
    mentioned: tuple[int, ...] = (),
    people: dict[int, str] | None = None,
) -> Comment:
    """Say something about a record; those whom it names, and those who watch the record, are told.

    `people` are those who may be named, by id, with both names as people type them after an @.
    """
    text = text.strip()
    if not text:
        raise InvalidInput({"text": [_("Write something first.")]})
    if len(text) > LONGEST:
        raise InvalidInput({"text": [_("At most %(count)d characters.", count=LONGEST)]})
    known = people or {}
    named = sorted(({*mentioned} | named_in(text, known)) & set(known))
    comment = add(
        Comment(
            organisation_id=record.organisation_id,
            record_kind=record.kind,
            record_id=record.id,
            person_id=actor.person_id,
            text=text,
            mentioned=named,
            at=clock.now(),
        )
    )
    told = [person for person in named if person != actor.person_id]
    excerpt = text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
    payload = {"title": excerpt, "owner_zh": actor.name_zh, "owner_en": actor.name_en}
    tell(told, "mentioned", record, payload)
    tell_watchers(record, "commented", actor.person_id, kind="commented", text=excerpt, but=told)
    watch(actor.person_id, record)
    return comment


def named_in(text: str, people: dict[int, str]) -> set[int]:
    """Those of `people` (id → names, one a line) whom a text names after an @, the longest name first.

    >>> sorted(named_in("@Lin Lan, please; and @陈默", {1: "林岚\\nLin Lan", 2: "陈默\\nChen Mo", 3: "Lin"}))
    [1, 2]
    """
    names = sorted(
        ((name, person) for person, both in people.items() for name in both.split("\n") if name),
        key=lambda pair: -len(pair[0]),
    )
    found: set[int] = set()
    for name, person in names:
        # A Latin name ends where its word does; Chinese has no gaps between words.
        end = r"(?!\w)" if name.isascii() else ""
        text, times = re.subn(f"@{re.escape(name)}{end}", " ", text, flags=re.IGNORECASE)
        if times:
            found.add(person)
    return found


def withdraw_comment(actor: Actor, record: Record, comment_id: int) -> None:
    """Take one's own words back: they are not shown any more, that there were some is."""
    comment = db.session.get(Comment, (record.organisation_id, comment_id))
    if comment is None or (comment.record_kind, comment.record_id) != (record.kind, record.id):
        raise NotFound
    if comment.person_id != actor.person_id:
        raise Forbidden("comment:write")
    if comment.withdrawn_at is None:
        comment.withdrawn_at = clock.now()
        history.record(record, "comment_withdrawn", actor.person_id)
        db.session.flush()


# ---------------------------------------------------------------- watching


def watch(person_id: int, record: Record) -> None:
    """Let somebody be told of every move and comment of a record; doing so twice changes nothing."""
    db.session.execute(
        upsert(Watch)
        .values(
            organisation_id=record.organisation_id,
            id=new_id(),
            record_kind=record.kind,
            record_id=record.id,
            record_number=record.number,
            person_id=person_id,
            since=clock.now(),
        )
        .on_conflict_do_nothing()
    )


def unwatch(person_id: int, record: Record) -> None:
    """Tell somebody no more of a record."""
    db.session.execute(
        sa.delete(Watch).where(
            Watch.organisation_id == record.organisation_id,
            Watch.record_kind == record.kind,
            Watch.record_id == record.id,
            Watch.person_id == person_id,
        )
    )


# ---------------------------------------------------------------- standing in


def delegate(
    actor: Actor, *, person_id: int, deputy_id: int, from_on: date, until_on: date, reason: str
) -> Delegation:
    """Let a deputy stand in for somebody from one day to another, both included.

    One's own absence, or anybody's for whoever may hand work over. The deputy gets the rights and the conflicts of
    that person (N-SOD), but never administration, and nothing of what that person borrows in turn.
    """
    if person_id != actor.person_id and not can(actor, "work:hand_over"):
        raise Forbidden("work:hand_over")
    faults: dict[str, list[str]] = {}
    if deputy_id == person_id:
        faults["deputy_id"] = [_("Choose somebody else.")]
    for field, who in (("person_id", person_id), ("deputy_id", deputy_id)):
        person = db.session.get(Person, (actor.organisation_id, who))
        if person is None or (field == "deputy_id" and not person.active):
            faults.setdefault(field, []).append(_("There is no such person."))
    if until_on < from_on:
        faults["until_on"] = [_("Not before the first day.")]
    elif until_on < clock.today():
        faults["until_on"] = [_("This is over already.")]
    elif until_on - from_on > timedelta(days=LONGEST_ABSENCE):
        faults["until_on"] = [_("At most a year. Hand the work over instead.")]
    if not faults and _overlapping(actor.organisation_id, person_id, from_on, until_on):
        faults["from_on"] = [_("Somebody stands in on some of these days already. End that first.")]
    if faults:
        raise InvalidInput(faults)
    row = add(
        Delegation(
            organisation_id=actor.organisation_id,
            person_id=person_id,
            deputy_id=deputy_id,
            from_on=from_on,
            until_on=until_on,
            reason=reason.strip(),
            made_by_id=actor.person_id,
            made_at=clock.now(),
        )
    )
    days = f"{from_on.isoformat()} – {until_on.isoformat()}"
    _note(actor, row, "deputy_named", {"days": [None, days]})
    return row


def end_delegation(actor: Actor, delegation_id: int) -> None:
    """Let somebody stand in no more, from now on."""
    row = db.session.get(Delegation, (actor.organisation_id, delegation_id))
    if row is None:
        raise NotFound
    if actor.person_id not in (row.person_id, row.made_by_id) and not can(actor, "work:hand_over"):
        raise Forbidden("work:hand_over")
    if row.ended_at is None:
        row.ended_at = clock.now()
        _note(actor, row, "deputy_ended", {})


def _overlapping(organisation_id: int, person_id: int, from_on: date, until_on: date) -> bool:
    found = db.session.execute(
        sa.select(Delegation.id).where(
            Delegation.organisation_id == organisation_id,
            Delegation.person_id == person_id,
            Delegation.ended_at.is_(None),
            Delegation.from_on <= until_on,
            Delegation.until_on >= from_on,
        )
    ).first()
    return found is not None


def _note(actor: Actor, row: Delegation, event: str, changes: dict[str, object]) -> None:
    """In the history of the one who is away and of the deputy; the deputy is told."""
    names = {
        who: db.session.get_one(Person, (row.organisation_id, who)) for who in (row.person_id, row.deputy_id)
    }
    for who, other in ((row.person_id, row.deputy_id), (row.deputy_id, row.person_id)):
        field = "deputy" if who == row.person_id else "deputy_of"
        record = Record(row.organisation_id, "person", who, 0)
        said = changes | {field: [None, names[other].name_en]}
        history.record(record, event, actor.person_id, reason=row.reason, changes=said)
    away = names[row.person_id]
    payload = {"title": row.reason, "owner_zh": away.name_zh, "owner_en": away.name_en}
    kind = "deputy-named" if event == "deputy_named" else "deputy-ended"
    if event == "deputy_named":
        payload["due_on"] = row.until_on.isoformat()
    tell([row.deputy_id], kind, Record(row.organisation_id, "person", row.person_id, 0), payload)
    db.session.flush()
