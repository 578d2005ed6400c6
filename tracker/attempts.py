"""What a route does with a service that may refuse: commit, or keep nothing and say why in the form."""

from collections.abc import Callable
from typing import Any

from tracker.access import actor
from tracker.database import db
from tracker.errors import Conflict, DomainError, InvalidInput, RefusedMove, WrongPassword
from tracker.i18n import gettext as _
from tracker.submissions import Answer, once


def refuse(form: Any, error: DomainError) -> None:
    """Put what a service refused beside the field, or above the form where no field has that name."""
    if not isinstance(error, InvalidInput):
        form.form_errors.extend(reasons_of(error))
        return
    for name, messages in error.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, *messages]
        else:
            form.form_errors.extend(messages)


def reasons_of(error: DomainError) -> list[str]:
    """What a service said, sentence by sentence."""
    if isinstance(error, InvalidInput):
        return [message for messages in error.fields.values() for message in messages]
    return error.reasons if isinstance(error, RefusedMove) else [error.message]


def problem_of(error: DomainError) -> str:
    """What was wrong with the answer to a dialog, in one line."""
    if isinstance(error, WrongPassword):
        return _("The password is not right. Nothing was signed.")
    return " ".join(reasons_of(error))


def attempt(form: Any, change: Callable[[], object], row: Any = None) -> int:
    """Make a change and commit it, or keep nothing and say why in the form; hands back the status.

    The same form sent again changes nothing more and gets the same status. `row` names what is changed, so that
    whoever was second reads who was first.
    """
    return make(form, change, row)[0]


def make(form: Any, change: Callable[[], object], row: Any = None) -> tuple[int, Answer]:
    """An attempt at something whose answer only the change can tell, such as the page of what it made."""
    try:
        return 200, once(actor(), change, row)
    except (Conflict, InvalidInput, RefusedMove) as error:
        db.session.rollback()
        refuse(form, error)
        return error.status, Answer()
