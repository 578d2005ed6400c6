"""What stands beside the facts of a review, read in one statement: reasons, assignments, calibrations, samples."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tracker.accounts.models import Person
from tracker.database import db
from tracker.i18n import pick
from tracker.reviews.models import (
    Assignment,
    AssignmentState,
    Calibration,
    GapReason,
    Review,
    ReviewSample,
    SampleCheck,
)


@dataclass(frozen=True)
class Reason:
    """Why no non-conformity carries a gap."""

    reason: str
    person_id: int


@dataclass(frozen=True)
class Assigned:
    """Who works on an item, and how far."""

    element: str
    auditor_id: int
    auditor: str
    state: AssignmentState
    comment: str
    version: int

    @property
    def open(self) -> bool:
        """Whether the lead auditor has not taken the work yet."""
        return self.state is not AssignmentState.ACCEPTED


@dataclass(frozen=True)
class Calibrated:
    """Who judges an item blind, and whether it is settled."""

    element: str
    first_id: int
    second_id: int
    first_done: bool
    second_done: bool
    settled: bool

    @property
    def both_done(self) -> bool:
        """Whether the two may see each other's verdicts."""
        return self.first_done and self.second_done


@dataclass(frozen=True)
class Sampled:
    """A sampled audit that the review rests on; `complete` once its checklist is answered and concluded."""

    process: str
    complete: bool


@dataclass(frozen=True)
class Beside:
    """All of it, by key of the gap and by element."""

    reasons: dict[str, Reason] = field(default_factory=dict)
    assignments: dict[str, Assigned] = field(default_factory=dict)
    calibrations: dict[str, Calibrated] = field(default_factory=dict)
    samples: dict[str, Sampled] = field(default_factory=dict)


def read(review: Review) -> Beside:
    """What stands beside the facts of a review: one statement."""
    found = Beside()
    for row in db.session.execute(_statement(review)):
        if row.kind == "reason":
            found.reasons[row.key] = Reason(row.text, row.one)
        elif row.kind == "assignment":
            found.assignments[row.key] = Assigned(
                element=row.key,
                auditor_id=row.one,
                auditor=pick(row.name_zh, row.name_en),
                state=AssignmentState(row.state),
                comment=row.text,
                version=row.version,
            )
        elif row.kind == "sample":
            found.samples[row.key] = Sampled(row.text, row.state == "complete")
        else:
            found.calibrations[row.key] = Calibrated(
                element=row.key,
                first_id=row.one,
                second_id=row.two,
                first_done="1" in row.state,
                second_done="2" in row.state,
                settled="s" in row.state,
            )
    return found


def _statement(review: Review) -> sa.CompoundSelect[Any]:
    nobody, none = sa.cast(sa.null(), sa.BigInteger), sa.literal("")

    def of(model: Any) -> tuple[Any, Any]:
        return model.organisation_id == review.organisation_id, model.review_id == review.id

    def mark(column: Any, sign: str) -> Any:
        return sa.case((column.is_not(None), sign), else_="")

    reasons = sa.select(
        sa.literal("reason").label("kind"),
        GapReason.key.label("key"),
        GapReason.reason.label("text"),
        GapReason.person_id.label("one"),
        nobody.label("two"),
        none.label("state"),
        sa.literal(0).label("version"),
        none.label("name_zh"),
        none.label("name_en"),
    ).where(*of(GapReason))
    assignments = (
        sa.select(
            sa.literal("assignment"),
            Assignment.element,
            Assignment.comment,
            Assignment.auditor_id,
            nobody,
            sa.cast(Assignment.state, sa.String(32)),
            Assignment.version,
            Person.name_zh,
            Person.name_en,
        )
        .join(
            Person,
            (Person.organisation_id == Assignment.organisation_id) & (Person.id == Assignment.auditor_id),
        )
        .where(*of(Assignment))
    )
    calibrations = sa.select(
        sa.literal("calibration"),
        Calibration.element,
        none,
        Calibration.first_id,
        Calibration.second_id,
        mark(Calibration.first_done_at, "1")
        + mark(Calibration.second_done_at, "2")
        + mark(Calibration.settled_at, "s"),
        Calibration.version,
        none,
        none,
    ).where(*of(Calibration))
    unanswered = sa.exists().where(
        SampleCheck.organisation_id == ReviewSample.organisation_id,
        SampleCheck.sample_id == ReviewSample.id,
        SampleCheck.answer.is_(None),
    )
    samples = sa.select(
        sa.literal("sample"),
        sa.cast(ReviewSample.id, sa.String(32)),
        ReviewSample.process,
        ReviewSample.auditor_id,
        nobody,
        sa.case((~unanswered & (ReviewSample.conclusion != ""), "complete"), else_=""),
        ReviewSample.version,
        none,
        none,
    ).where(*of(ReviewSample))
    return sa.union_all(reasons, assignments, calibrations, samples)
