"""By when a non-conformity has to leave the state it is in (E.4)."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.database import db
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.rules import rules_for
from tracker.reviews.models import Review
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState
from workflows.schedule import Step, due

STEPS = {
    NonconformityState.OPEN: Step.CONTAINMENT,
    NonconformityState.DISPUTED: Step.CONTAINMENT,
    NonconformityState.CONTAINED: Step.PLAN,
    NonconformityState.CORRECTING: Step.IMPLEMENTATION,
    NonconformityState.VERIFYING: Step.FOLLOW_UP,
}

NO_DEADLINE: dict[str, Any] = {"due_on": None, "due_step": ""}


def deadline(
    record: Nonconformity, state: NonconformityState, start: date, grade: Grade | None = None
) -> dict[str, Any]:
    """The columns of the deadline that begins when the record comes into `state`.

    `start` is the day it was opened; of a follow-up, the day the last task was done; of a record that was
    sent back, the day of that, since nobody can implement anew within a time that has run out.
    The site's calendar and terms of that moment count: to change them later moves no deadline that runs.
    """
    step = STEPS.get(state)
    if step is None:
        return NO_DEADLINE
    grade = grade or record.grade
    planned = next_review(record) if step is Step.FOLLOW_UP and grade == Grade.MINOR else None
    rules = rules_for(record.organisation_id, record.site_id)
    day = due(step, grade, start, rules.calendar, terms=rules.terms, next_review=planned)
    return {"due_on": day, "due_step": "" if day is None else step.value}


def opened_on(record: Nonconformity) -> date:
    """The day its deadlines run from."""
    return (record.opened_at or clock.now()).date()


def next_review(record: Nonconformity) -> date | None:
    """When the next review of the site is planned."""
    return db.session.execute(
        sa.select(sa.func.min(Review.planned_on)).where(
            Review.organisation_id == record.organisation_id,
            Review.site_id == record.site_id,
            Review.state == ReviewState.PLANNED,
            Review.planned_on > clock.today(),
        )
    ).scalar_one()
