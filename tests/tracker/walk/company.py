"""A company that is walked through: its people with a browser each, what they send, and the dice they throw."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from hypothesis import strategies as st

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.nonconformities import ground
from tracker import clock
from tracker.accounts.models import Person
from tracker.accounts.passwords import hash_lightly
from tracker.actions.models import Action, ActionNonconformity
from tracker.audits.models import AuditVerdict
from tracker.database import db
from tracker.nonconformities.models import Nonconformity

CREW = ("process_owner", "owner", "approver", "auditor", "lead", "manager", "assessor", "viewer")
# Whatever is sent, in whatever state: these are answers, and everything else is an accident.
ANSWERS = frozenset({200, 204, 303, 403, 404, 409, 422})
# The clock stops here: the calendar of holidays does not reach further.
LAST_DAY = date(2031, 1, 1)

T = TypeVar("T")


class Dice:
    """What hypothesis draws, in the words of a walk."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def pick(self, choices: Sequence[T]) -> T:
        """One of them."""
        return self._data.draw(st.sampled_from(choices)) if len(choices) > 1 else choices[0]

    def weighed(self, *choices: tuple[int, T]) -> T:
        """One of them, each as often as its weight says."""
        rest = self.number(1, sum(weight for weight, _ in choices))
        for weight, choice in choices:
            rest -= weight
            if rest <= 0:
                return choice
        raise AssertionError("weights that do not add up")

    def number(self, least: int, most: int) -> int:
        return int(self._data.draw(st.integers(least, most)))

    def often(self, percent: int) -> bool:
        """Yes, that often in a hundred times."""
        return self.number(1, 100) <= percent


class Company:
    """One company on the application's database; `seen` counts what was sent and what was answered."""

    def __init__(self, app: Flask, seen: Counter[str]) -> None:
        self.app = app
        self.seen = seen
        self.day = ground.START
        clock.travel(self.day)
        self.at = ground.ground()
        for name in CREW:
            person: Person = getattr(self.at, name)
            person.password_hash = hash_lightly(factories.PASSWORD)
        db.session.commit()
        self.organisation_id = self.at.organisation.id
        self.site_id = self.at.site.id
        self._addresses = {rule.rule for rule in app.url_map.iter_rules()}
        self._browsers: dict[str, tuple[Pages, str]] = {}
        # Who sent what, and what came of it: told when a promise is broken.
        self.trail: list[str] = []

    # ------------------------------------------------------------ what people send

    def press(self, who: str, path: str, fields: dict[str, Any]) -> int:
        """One form sent by one person; whatever it says, it is an answer and not an accident."""
        pages, token = self._browser(who)
        answer = pages.client.post(path, data={"csrf_token": token, **fields})
        self.seen["requests"] += 1
        self.seen[f"status {answer.status_code}"] += 1
        self.trail.append(f"{self.day} {who} {path} {answer.status_code}")
        assert answer.status_code in ANSWERS, f"{answer.status_code} for {who} at {path} with {fields}"
        return answer.status_code

    def _browser(self, who: str) -> tuple[Pages, str]:
        """A browser that is signed in, with the token of its forms; opened when first needed."""
        if who not in self._browsers:
            pages = Pages(make_client(self.app)).sign_in(getattr(self.at, who))
            self._browsers[who] = pages, pages.get("/account").token
        return self._browsers[who]

    def move(self, who: str, kind: str, record: Any, event: str, **fields: Any) -> int:
        """One move of a machine, with the version that is on the screen, a reason and the password."""
        given = {"version": record.version, "reason": "Because", "password": factories.PASSWORD, **fields}
        return self.press(who, f"/{kind}/{record.number}/moves/{event}", given)

    def undo(self, who: str, kind: str, record: Any) -> None:
        """Take the last move back."""
        status = self.press(who, f"/{kind}/{record.number}/undo", {"version": self.fresh(record).version})
        self.seen[f"undo of {kind} {status}"] += 1

    def can_undo(self, kind: str) -> bool:
        """Whether these pages have a button for that."""
        return f"/{kind}/<record:number>/undo" in self._addresses

    def wait(self, days: int) -> None:
        """Let some days pass, as long as there are any."""
        self.day = min(self.day + timedelta(days=days), LAST_DAY)
        clock.travel(self.day)

    # ------------------------------------------------------------ what stands

    def rows(self, model: Any, *where: Any) -> list[Any]:
        """The rows of this company, in the order in which they were made."""
        statement = sa.select(model).where(model.organisation_id == self.organisation_id, *where)
        return list(db.session.execute(statement.order_by(model.id)).scalars())

    def actions_of(self, record: Nonconformity) -> list[Action]:
        """The corrective actions that name a record."""
        statement = (
            sa.select(Action)
            .join(ActionNonconformity, ActionNonconformity.action_id == Action.id)
            .where(
                Action.organisation_id == self.organisation_id,
                ActionNonconformity.organisation_id == self.organisation_id,
                ActionNonconformity.nonconformity_id == record.id,
            )
        )
        return list(db.session.execute(statement.order_by(Action.id)).scalars())

    def verdicts(self, *where: Any) -> list[AuditVerdict]:
        return self.rows(AuditVerdict, *where)

    def fresh(self, row: Any) -> Any:
        """The row as it stands now."""
        db.session.refresh(row)
        return row
