"""A message as a mail: text and HTML in the language of its reader, with an address that can be opened."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Any

from flask import current_app

from tracker.config import Settings
from tracker.i18n import language, pick, speaking
from tracker.notifications.places import path_of
from tracker.notifications.words import describe, why


@dataclass(frozen=True)
class Letter:
    """All that a mail is made of, in plain values: what it needs is read before the mail server is talked to."""

    organisation_id: int
    message_id: int
    kind: str
    record_kind: str
    record_number: int
    payload: dict[str, Any]
    created_at: datetime
    person_id: int
    email: str
    name_zh: str
    name_en: str
    language: str | None


def compose(letter: Letter, settings: Settings) -> EmailMessage:
    """The mail of a message. A mail that is sent twice carries the same Message-ID, by which mailboxes know it."""
    with speaking(letter.language):
        said = describe(letter.kind, letter.record_kind, letter.record_number, letter.payload)
        name = pick(letter.name_zh, letter.name_en)
        path = path_of(letter.kind, letter.record_kind, letter.record_number, letter.payload)
        choose = f"{settings.base_url}{path_of('', '', 0, {})}#by-mail" if settings.base_url else ""
        context = {
            "name": name,
            "headline": said.headline,
            "lines": said.lines,
            "link": f"{settings.base_url}{path}" if settings.base_url else "",
            "items": said.items,
            "counts": said.counts,
            "more": said.more,
            "base": settings.base_url,
            "why": why(letter.kind),
            "choose": choose,
            "gap": "" if language() == "zh" else " ",
            "mail_lang": "zh-CN" if language() == "zh" else "en",
        }
        # Not `render_template`: what the pages have in common (who is signed in, the theme) needs a request.
        text = current_app.jinja_env.get_template("notifications/mail.txt").render(context)
        html = current_app.jinja_env.get_template("notifications/mail.html").render(context)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = settings.mail_from
    mail["To"] = formataddr((name, letter.email))
    mail["Subject"] = " ".join(said.headline.split())
    mail["Date"] = format_datetime(letter.created_at)
    mail["Message-ID"] = f"<{letter.organisation_id}.{letter.message_id}@{_domain(settings)}>"
    # Automatic answers (holidays, "out of office") to this mail are not wanted.
    mail["Auto-Submitted"] = "auto-generated"
    if choose:
        # Mail programs show it as a button: what comes by mail is chosen there, down to nothing.
        mail["List-Unsubscribe"] = f"<{choose}>"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail


def _domain(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2].strip("> ") or "localhost"
