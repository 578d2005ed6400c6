"""How days, grades and answers of actions are shown, wherever they are."""

from datetime import date
from fractions import Fraction
from typing import Any

from tracker import clock
from tracker.actions.viewmodels import AnswerView, Chip
from tracker.i18n import language
from tracker.numbering import label
from tracker.offers import state_view
from workflows.kinds import Grade

GRADE_TONES = {
    Grade.MAJOR: "danger",
    Grade.MINOR: "attention",
    Grade.OBSERVATION: "info",
    Grade.OFI: "neutral",
}


def days_left(due_on: date | None) -> int | None:
    """Days until a date; negative when it has passed."""
    return None if due_on is None else (due_on - clock.today()).days


def days_text(effort: Fraction) -> str:
    """Working days as people write them: `2`, `0.5`, `1/3`."""
    decimal = f"{float(effort):.3f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == effort else str(effort)


def day_of(moment: Any) -> date | None:
    """The day of a moment, where there is one."""
    return None if moment is None else moment.date()


def answer_view(row: Any) -> AnswerView:
    """A non-conformity beside its action."""
    return AnswerView(
        id=row.id,
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        element=row.element,
        grade=grade_chip(row.grade),
        state=state_view("nonconformity", row.state),
        points=row.points_alone,
        implemented=row.implemented,
        effective=row.effective,
    )


def grade_chip(grade: Grade) -> Chip:
    """A grade in words and tone."""
    return Chip(grade.of(language()), GRADE_TONES[grade])
