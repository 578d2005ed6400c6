"""Moves of a record from its page, and taking the last one back: the same for actions, audits and reviews.

A move that was made answers htmx with the fresh record in its place, everyone else with the record's address. One
that was refused comes back with the record as it stands now, the dialog of the move open, and what had been typed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import undo
from tracker.attempts import problem_of
from tracker.database import db
from tracker.desk import Opened
from tracker.errors import Conflict, DomainError, InvalidInput, RefusedMove, WrongPassword
from tracker.fragments import SCORE_CHANGED, go, toast, wants_fragment, with_trigger
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.moves import check_version
from tracker.offers import machine_of
from tracker.permissions import Actor
from tracker.submissions import once

MOVE = "move-"
_UNSAID = frozenset({"csrf_token", "password", "version"})


@dataclass(frozen=True)
class Records:
    """A kind of record, as far as its moves need it: how one is found again, shown, and pointed to."""

    kind: str
    endpoint: str
    find: Callable[[Actor, int], Any]
    show: Callable[[Actor, Any, Opened, int], BaseResponse]
    record_of: Callable[[Any], Record]

    def press(
        self, actor: Actor, row: Any, event: str, form: Any, change: Callable[[], object], said: str = ""
    ) -> BaseResponse:
        """Make the move that a form asks for."""
        if not form.validate():
            return self.show(actor, row, came_back(event, form, _faults(form)), 422)
        number = row.number
        try:
            once(actor, change, row)
        except (Conflict, InvalidInput, RefusedMove, WrongPassword) as error:
            db.session.rollback()
            return self.show(actor, self.find(actor, number), came_back(event, form, error), error.status)
        said = said or done(self.kind, event)
        if not wants_fragment():
            return go(url_for(self.endpoint, number=number), said)
        answer: Any = self.show(actor, self.find(actor, number), Opened(), 200)
        return toast(with_trigger(answer, SCORE_CHANGED), said)

    def take_back(self, actor: Actor, row: Any, form: Any) -> BaseResponse:
        """Take back the last move of a record, where its rule still allows that."""

        def change() -> None:
            check_version(row, form.version.data)
            undo.take_back(self.record_of(row), row, actor)

        return self.press(actor, row, "undo", form, change, _("The move has been taken back."))


def came_back(event: str, form: Any, error: DomainError) -> Opened:
    """The dialog of a move as it comes back: what was wrong, and what had been typed in it."""
    typed = {
        each.short_name: str(each.raw_data[0]).replace("\x00", "")
        for each in form
        if each.short_name not in _UNSAID and each.raw_data and each.raw_data[0]
    }
    return Opened(MOVE + event, None, problem_of(error), typed=typed, status=error.status)


def _faults(form: Any) -> DomainError:
    return InvalidInput(
        {each.short_name: [str(said) for said in each.errors] for each in form if each.errors}
    )


def done(kind: str, event: str) -> str:
    """What is said after a move."""
    title = machine_of(kind).event_title(event)
    return _("Done: %(move)s.", move=title.of(language()) if title else event)
