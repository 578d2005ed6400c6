"""What a route does with a service that may refuse: commit, or keep nothing and say why in the form."""

from collections.abc import Callable
from typing import Any

from tracker.accounts.forms import tell
from tracker.database import db
from tracker.errors import Conflict, InvalidInput


def attempt(form: Any, change: Callable[[], object]) -> int:
    """Make a change and commit it, or keep nothing and say why in the form; hands back the status."""
    try:
        change()
        db.session.commit()
        return 200
    except Conflict as error:
        db.session.rollback()
        form.form_errors.append(error.message)
        return error.status
    except InvalidInput as error:
        db.session.rollback()
        tell(form, error)
        return error.status
