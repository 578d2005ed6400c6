"""Empties the outbox: claims messages, hands them to the mail server, and writes down what became of each.

At least once: a message is marked after the server has taken it, so a crash in between sends it again. Never twice
by two workers: whoever sends a message has claimed its row, and the database is not held while the server talks.
"""

import logging
import smtplib
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from tracker import clock
from tracker.accounts.models import MailWish, Person, Role
from tracker.accounts.queries import list_people
from tracker.config import Settings
from tracker.database import db
from tracker.history import Record
from tracker.notifications.mail import Letter, compose
from tracker.notifications.models import MailState, OutboxMessage
from tracker.notifications.services import tell_once

log = logging.getLogger(__name__)

BATCH = 50
CLAIM = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
# Whoever has not been reached by then looks into the application, or has gone.
GIVE_UP = timedelta(days=3)
TIMEOUT = 20

Mark = dict[str, Any]


def send_waiting(limit: int = 2000) -> int:
    """Send what waits, oldest first, at most `limit` messages; how many went out. Commits as it goes."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.mail_host:
        return 0
    sent = 0
    for organisation_id in _organisations():
        while limit > 0:
            claim = uuid.uuid4().hex
            claimed, letters = _claim(organisation_id, claim)
            if not claimed:
                break
            limit -= claimed
            if letters:
                sent += _deliver(letters, claim, settings)
    return sent


def _ready() -> sa.ColumnElement[bool]:
    now = clock.now()
    return sa.and_(
        OutboxMessage.mail == MailState.WAITING,
        sa.or_(OutboxMessage.claimed_until.is_(None), OutboxMessage.claimed_until <= now),
        sa.or_(OutboxMessage.not_before.is_(None), OutboxMessage.not_before <= now),
    )


def _organisations() -> list[int]:
    found = list(
        db.session.execute(sa.select(OutboxMessage.organisation_id).where(_ready()).distinct()).scalars()
    )
    db.session.commit()
    return found


def _claim(organisation_id: int, claim: str) -> tuple[int, list[Letter]]:
    """Take the next messages: how many, and those to send; what nobody wants by mail is put aside on the way."""
    chosen = (
        sa.select(OutboxMessage.id)
        .where(OutboxMessage.organisation_id == organisation_id, _ready())
        .order_by(OutboxMessage.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    ids = list(db.session.execute(chosen).scalars())
    mine = (OutboxMessage.organisation_id == organisation_id, OutboxMessage.id.in_(ids))
    db.session.execute(
        sa.update(OutboxMessage)
        .where(*mine)
        .values(claimed_by=claim, claimed_until=clock.now() + CLAIM)
        .execution_options(synchronize_session=False)
    )
    rows = db.session.execute(
        sa.select(OutboxMessage, Person)
        .join(
            Person,
            (Person.organisation_id == OutboxMessage.organisation_id)
            & (Person.id == OutboxMessage.person_id),
        )
        .where(*mine)
        .order_by(OutboxMessage.id)
        .execution_options(populate_existing=True)
    ).all()
    letters = []
    for message, person in rows:
        why_not = _unwanted(message, person)
        if why_not:
            message.mail, message.failure, message.claimed_until = MailState.SKIPPED, why_not, None
        else:
            letters.append(_letter(message, person))
    db.session.commit()
    return len(rows), letters


def _unwanted(message: OutboxMessage, person: Person) -> str:
    """Why a message stays in the application; empty when it goes out."""
    if not person.active:
        return "the person is no longer active"
    digest = message.kind == "digest"
    if person.mail == MailWish.NONE or (person.mail == MailWish.DIGEST) != digest:
        return f"the person wants {person.mail.value}"
    if clock.now() - message.created_at > GIVE_UP:
        return "older than three days when it could first be sent"
    return ""


def _letter(message: OutboxMessage, person: Person) -> Letter:
    return Letter(
        message.organisation_id,
        message.id,
        message.kind,
        message.record_kind,
        message.record_number,
        dict(message.payload),
        message.created_at,
        person.id,
        person.email,
        person.name_zh,
        person.name_en,
        person.language,
    )


def _deliver(letters: list[Letter], claim: str, settings: Settings) -> int:
    """Send a batch over one connection; what could not be sent is put off. How many went out."""
    waiting = list(letters)
    sent = 0
    try:
        with connection(settings) as server:
            while waiting:
                mark = _send(server, waiting[0], settings)
                _mark(waiting.pop(0), claim, mark)
                sent += mark["mail"] == MailState.SENT
    except (OSError, smtplib.SMTPException) as error:
        log.warning("the mail server did not take mail: %s", error)
        for letter in waiting:
            _mark(letter, claim, _put_off(letter, error))
    return sent


def _send(server: smtplib.SMTP, letter: Letter, settings: Settings) -> Mark:
    """Hand one letter over: sent, refused for good, or put off. Raises where the connection itself is gone."""
    try:
        server.send_message(compose(letter, settings))
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        code = max(code for code, _ in error.recipients.values())
        return _refused(error) if code >= 500 else _put_off(letter, error)
    except smtplib.SMTPResponseException as error:
        return _refused(error) if error.smtp_code >= 500 else _put_off(letter, error)
    except (smtplib.SMTPException, ValueError, UnicodeError) as error:
        return _refused(error)
    return {"mail": MailState.SENT, "sent_at": clock.now(), "failure": ""}


def _refused(error: Exception) -> Mark:
    return {"mail": MailState.FAILED, "failure": str(error)[:300]}


def _put_off(letter: Letter, error: Exception) -> Mark:
    """Try again later, each time after a longer while; in the end no more."""
    now = clock.now()
    if now - letter.created_at > GIVE_UP:
        return _refused(error)
    return {"mail": MailState.WAITING, "not_before": now, "failure": str(error)[:300]}


def _mark(letter: Letter, claim: str, mark: Mark) -> None:
    """Write down what became of a letter, and let go of it; only while the claim is still ours."""
    mark = dict(mark)
    row = db.session.execute(
        sa.select(OutboxMessage)
        .where(
            OutboxMessage.organisation_id == letter.organisation_id,
            OutboxMessage.id == letter.message_id,
            OutboxMessage.claimed_by == claim,
            OutboxMessage.mail == MailState.WAITING,
        )
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is not None:
        row.attempts += 1
        row.claimed_until = None
        if "not_before" in mark:
            wait = min(timedelta(minutes=2 ** min(row.attempts - 1, 10)), LONGEST_WAIT)
            mark["not_before"] = clock.now() + wait
        for name, value in mark.items():
            setattr(row, name, value)
        if row.mail == MailState.FAILED:
            _tell_administrators(letter, row.failure)
    db.session.commit()


def _tell_administrators(letter: Letter, failure: str) -> None:
    """Somebody whose mail is refused for good hears nothing any more: once a day whoever may mend it is told."""
    record = Record(letter.organisation_id, "person", letter.person_id, 0)
    payload = {
        "owner_zh": letter.name_zh,
        "owner_en": letter.name_en,
        "person_id": str(letter.person_id),
        "address": letter.email,
        "reason": failure,
    }
    for person in list_people(letter.organisation_id, role=Role.ADMINISTRATOR):
        tell_once(person.id, "mail-refused", record, clock.today(), payload)


@contextmanager
def connection(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A connection to the mail server, protected and signed in as the settings say. Raises OSError, SMTPException."""
    kind = smtplib.SMTP_SSL if settings.mail_security == "tls" else smtplib.SMTP
    extra: dict[str, Any] = {"context": ssl.create_default_context()} if kind is smtplib.SMTP_SSL else {}
    with kind(settings.mail_host, settings.mail_port, timeout=TIMEOUT, **extra) as server:
        if settings.mail_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.mail_user:
            server.login(settings.mail_user, settings.mail_password)
        yield server
