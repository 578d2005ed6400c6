"""Somebody presses a button that may not be there for them, with everything it could ask for."""

from datetime import timedelta
from typing import Any

from tests import factories
from tests.tracker.walk.company import CREW, Company, Dice
from tests.tracker.walk.turns import Turns
from tracker.actions.models import Action
from tracker.audits.models import Audit
from tracker.nonconformities.models import Nonconformity
from tracker.reviews.models import Review
from workflows.registry import MACHINES

# Machine → its rows, and where their pages are.
RECORDS: dict[str, tuple[Any, str]] = {
    "nonconformity": (Nonconformity, "nonconformities"),
    "action": (Action, "actions"),
    "audit": (Audit, "audits"),
    "review": (Review, "reviews"),
}


def press_anything(company: Company, dice: Dice) -> None:
    """Whoever it is: what is refused has changed nothing, and a form of an older page never wins."""
    kind = dice.weighed((6, "nonconformity"), (4, "action"), (3, "audit"), (1, "review"))
    model, path = RECORDS[kind]
    # The first review was never judged in this walk, so that it could not be reported again.
    rows = company.rows(model, *((Review.number > 1,) if kind == "review" else ()))
    if not rows:
        return
    row, who = dice.pick(rows), dice.pick(CREW)
    before = str(row.state)
    if company.can_undo(path) and dice.often(8):
        company.undo(who, path, row)
        return
    stale = dice.weighed((4, 0), (1, 1))
    fields = _everything(company, dice, row) if kind == "nonconformity" else {}
    fields |= {
        "planned_on": (company.day + timedelta(days=3)).isoformat(),
        "reason": dice.pick(["Because", ""]),
        "password": dice.weighed((4, factories.PASSWORD), (1, ""), (1, "wrong")),
        "version": row.version - stale,
    }
    status = company.move(who, path, row, dice.pick(sorted(MACHINES[kind].events)), **fields)
    if stale:
        assert status != 303, "a form of an older page has won"
    assert status == 303 or str(company.fresh(row).state) == before, "refused, and moved all the same"


def _everything(company: Company, dice: Dice, row: Nonconformity) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "correction": "Done",
        "new_grade": dice.pick(["major", "minor", "observation", "ofi"]),
        "short_answer": "Done",
    }
    if dice.often(50):
        fields |= Turns(company, dice).settled(row) | {"judgement_wrong": "y"}
    return fields
