"""What may be sent from the inbox."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField, StringField

from tracker.accounts.forms import pairs
from tracker.accounts.models import MailWish
from tracker.database import MAX_ID
from tracker.i18n import lazy_gettext as _l


def read_key(text: str) -> int | None:
    """A key in an address or a form; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID else None


class ReadForm(FlaskForm):
    """Which message was read; empty for all of them."""

    message = StringField()

    @property
    def ids(self) -> list[int] | None:
        """The key of the message, or None for all; what is no key names nothing."""
        text = self.message.data or ""
        if not text:
            return None
        return (
            [int(text)]
            if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID
            else []
        )


class MailForm(FlaskForm):
    """What somebody wants by mail."""

    mail: Any = RadioField(
        _l("By mail"),
        choices=pairs(
            (MailWish.EACH.value, _l("Every message")),
            (MailWish.DIGEST.value, _l("One digest a day")),
            (MailWish.NONE.value, _l("Nothing")),
        ),
        default=MailWish.EACH.value,
        description=_l("In the application you find every message in any case."),
    )
