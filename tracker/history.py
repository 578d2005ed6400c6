"""Who did what, when and why: the history of each record, and the hash-chained audit trail of an organisation."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from tracker import clock
from tracker.database import Base, Tenant, UTCDateTime, db, new_id, refers, upsert

GENESIS = "0" * 64


@dataclass(frozen=True)
class Record:
    """A record as history, signatures and messages point to it."""

    organisation_id: int
    kind: str
    id: int
    number: int


class HistoryEvent(Tenant, Base):
    """One line in the life of a record, shown on its page. Rows are only ever added."""

    __tablename__ = "history"
    __table_args__ = (
        refers("person_id", "people"),
        sa.Index("ix_history_record", "organisation_id", "record_kind", "record_id", "id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    event: Mapped[str] = mapped_column(sa.String(64))
    old_state: Mapped[str] = mapped_column(sa.String(32), default="")
    new_state: Mapped[str] = mapped_column(sa.String(32), default="")
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    # Field → [before, after], as shown to people.
    changes: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    # Empty when the product itself moved the record, as a consequence of another move.
    person_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class AuditEvent(Tenant, Base):
    """A link of the chain: `hash` covers the link before it, so nothing can be changed or cut out unseen."""

    __tablename__ = "audit_events"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "sequence"),)

    sequence: Mapped[int] = mapped_column(sa.BigInteger)
    entry: Mapped[str] = mapped_column(sa.Text)
    previous_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class AuditHead(Base):
    """The last link of an organisation's chain; its row lock puts writers in line."""

    __tablename__ = "audit_heads"

    organisation_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    hash: Mapped[str] = mapped_column(sa.String(64), default=GENESIS)


def record(
    subject: Record,
    event_name: str,
    person_id: int | None,
    *,
    old_state: str = "",
    new_state: str = "",
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
) -> HistoryEvent:
    """Write a line of history and queue its link of the audit trail for this transaction."""
    at = clock.now()
    row = HistoryEvent(
        organisation_id=subject.organisation_id,
        id=new_id(),
        record_kind=subject.kind,
        record_id=subject.id,
        event=event_name,
        old_state=old_state,
        new_state=new_state,
        reason=reason,
        changes=dict(changes or {}),
        person_id=person_id,
        at=at,
    )
    db.session.add(row)
    entry = {
        "at": at.astimezone(UTC).isoformat(),
        "changes": row.changes,
        "event": event_name,
        "new": new_state,
        "number": subject.number,
        "old": old_state,
        "person": person_id,
        "reason": reason,
        "record": f"{subject.kind}:{subject.id}",
    }
    db.session.info.setdefault("audit", []).append((subject.organisation_id, canonical(entry)))
    return row


def canonical(value: object) -> str:
    """JSON in one form only: sorted keys, no spaces, exact values as text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def link_hash(previous: str, sequence: int, entry: str) -> str:
    """The hash of a link: SHA-256 over the link before it, its place, and what it says."""
    return hashlib.sha256(f"{previous}\n{sequence}\n{entry}".encode()).hexdigest()


@event.listens_for(Session, "before_commit")
def _write_links(session: Session) -> None:
    """Chain the queued entries last, so that the head is locked only for the end of the transaction."""
    queued: list[tuple[int, str]] = session.info.pop("audit", [])
    if not queued:
        return
    session.flush()
    links = []
    for organisation_id in sorted({organisation for organisation, _ in queued}):
        last, sequence = _lock_head(session, organisation_id)
        for entry in (entry for organisation, entry in queued if organisation == organisation_id):
            sequence += 1
            this = link_hash(last, sequence, entry)
            links.append(
                {
                    "organisation_id": organisation_id,
                    "id": new_id(),
                    "sequence": sequence,
                    "entry": entry,
                    "previous_hash": last,
                    "hash": this,
                }
            )
            last = this
        session.execute(
            sa.update(AuditHead)
            .where(AuditHead.organisation_id == organisation_id)
            .values(sequence=sequence, hash=last)
        )
    session.execute(sa.insert(AuditEvent), links)


def _lock_head(session: Session, organisation_id: int) -> tuple[str, int]:
    """The last link's hash and sequence, locked until the transaction ends; made where there is none yet."""
    wanted = (
        sa.select(AuditHead.hash, AuditHead.sequence)
        .where(AuditHead.organisation_id == organisation_id)
        .with_for_update()
    )
    head = session.execute(wanted).one_or_none()
    if head is None:
        session.execute(upsert(AuditHead).values(organisation_id=organisation_id).on_conflict_do_nothing())
        head = session.execute(wanted).one()
    return head.hash, head.sequence


@event.listens_for(Session, "after_transaction_create")
def _mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    """Remember how much was queued when a savepoint was set."""
    if transaction.nested:
        marks = session.info.setdefault("audit_marks", WeakKeyDictionary())
        marks[transaction] = len(session.info.get("audit", ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget_links(session: Session, previous: SessionTransaction) -> None:
    """Forget what was queued and is undone: since the savepoint, or all of it."""
    if previous.nested:
        del session.info.get("audit", [])[session.info["audit_marks"][previous] :]
    else:
        session.info.pop("audit", None)


def verify_chain(organisation_id: int) -> int | None:
    """Walk the whole chain; the sequence of the first broken link, or None when it holds."""
    last, sequence = GENESIS, 0
    while links := _links_after(organisation_id, sequence):
        for link in links:
            sequence += 1
            if link.sequence != sequence or link.previous_hash != last:
                return sequence
            if link.hash != link_hash(last, sequence, link.entry):
                return sequence
            last = link.hash
    head = db.session.get(AuditHead, organisation_id)
    if head is not None and (head.sequence, head.hash) != (sequence, last):
        return sequence + 1
    return None


def _links_after(
    organisation_id: int, sequence: int, count: int = 1000
) -> Sequence[sa.Row[int, str, str, str]]:
    return db.session.execute(
        sa.select(AuditEvent.sequence, AuditEvent.entry, AuditEvent.previous_hash, AuditEvent.hash)
        .where(AuditEvent.organisation_id == organisation_id, AuditEvent.sequence > sequence)
        .order_by(AuditEvent.sequence)
        .limit(count)
    ).all()
