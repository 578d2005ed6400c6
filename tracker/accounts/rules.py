"""What an e-mail address and a new password have to be, for forms and services alike."""

from tracker.accounts.passwords import MAXIMUM_LENGTH, MINIMUM_LENGTH
from tracker.i18n import gettext as _


def normal_email(email: str) -> str:
    """The one form in which an e-mail address is kept and compared."""
    return email.strip().casefold()[:254]


def check_password(password: str, email: str = "") -> list[str]:
    """What is wrong with a new password; empty when it will do."""
    if len(password) < MINIMUM_LENGTH:
        return [_("Use at least %(count)d characters.", count=MINIMUM_LENGTH)]
    if len(password) > MAXIMUM_LENGTH:
        return [_("Use at most %(count)d characters.", count=MAXIMUM_LENGTH)]
    if len(set(password)) < 5:
        return [_("Too few different characters.")]
    if email and password.casefold() == normal_email(email):
        return [_("The password must not be the e-mail address.")]
    return []
