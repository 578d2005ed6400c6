"""What a route does with a service that may refuse: commit, or keep nothing and say why in the form."""

from collections.abc import Callable
from typing import Any

from tracker.database import db
from tracker.errors import Conflict, DomainError, InvalidInput, RefusedMove


def refuse(form: Any, error: DomainError) -> None:
    """Put what a service refused beside the field, or above the form where no field has that name."""
    if not isinstance(error, InvalidInput):
        form.form_errors.extend(error.reasons if isinstance(error, RefusedMove) else [error.message])
        return
    for name, messages in error.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, *messages]
        else:
            form.form_errors.extend(messages)


def attempt(form: Any, change: Callable[[], object]) -> int:
    """Make a change and commit it, or keep nothing and say why in the form; hands back the status."""
    try:
        change()
        db.session.commit()
        return 200
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        refuse(form, error)
        return error.status
