"""The sampled audit of a key customer-related process that a review rests on, with its own checklist (1.2, 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from scoring.catalogue import Standard
from tracker import clock, history
from tracker.accounts.models import Person
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, say
from tracker.moves import check_version
from tracker.permissions import Actor
from tracker.processes.models import Process, ProcessKind
from tracker.reviews import scope
from tracker.reviews.models import Review, ReviewSample, SampleAnswer, SampleCheck
from tracker.reviews.records import record_of
from tracker.scores.sheets import COPC
from workflows.reviews import ReviewState

BEGUN = (ReviewState.PLANNED, ReviewState.IN_PROGRESS)
LONGEST = 4000
# The item whose requirement lines the checklist is drawn from.
ITEM = "2.2"


@dataclass(frozen=True)
class CheckView:
    """A line of the checklist."""

    id: int
    line: str
    question: str
    answer: str
    note: str


@dataclass(frozen=True)
class SampleView:
    """A sampled audit with its checklist."""

    id: int
    version: int
    process_number: int | None
    process: str
    sampled_on: date
    auditor: str
    sample: str
    conclusion: str
    checks: tuple[CheckView, ...]

    @property
    def open(self) -> int:
        """Lines without an answer."""
        return sum(not check.answer for check in self.checks)

    @property
    def complete(self) -> bool:
        """Whether a report can rest on it: every line answered, and a conclusion drawn."""
        return not self.open and bool(self.conclusion.strip())


def list_samples(review: Review) -> tuple[SampleView, ...]:
    """The sampled audits of a review with their checklists: one statement."""
    rows = db.session.execute(
        sa.select(ReviewSample, SampleCheck, Person.name_zh, Person.name_en, Process.number)
        .join(
            Person,
            (Person.organisation_id == ReviewSample.organisation_id) & (Person.id == ReviewSample.auditor_id),
        )
        .outerjoin(
            Process,
            (Process.organisation_id == ReviewSample.organisation_id)
            & (Process.id == ReviewSample.process_id),
        )
        .outerjoin(
            SampleCheck,
            (SampleCheck.organisation_id == ReviewSample.organisation_id)
            & (SampleCheck.sample_id == ReviewSample.id),
        )
        .where(ReviewSample.organisation_id == review.organisation_id, ReviewSample.review_id == review.id)
        .order_by(ReviewSample.id, SampleCheck.position, SampleCheck.id)
    )
    found: dict[int, tuple[Any, list[CheckView]]] = {}
    for row in rows:
        checks = found.setdefault(row.ReviewSample.id, (row, []))[1]
        check = row.SampleCheck
        if check is not None:
            answer = check.answer.value if check.answer else ""
            checks.append(CheckView(check.id, check.line, check.question, answer, check.note))
    return tuple(_view(row, tuple(checks)) for row, checks in found.values())


def _view(row: Any, checks: tuple[CheckView, ...]) -> SampleView:
    sample = row.ReviewSample
    return SampleView(
        id=sample.id,
        version=sample.version,
        process_number=row.number,
        process=sample.process,
        sampled_on=sample.sampled_on,
        auditor=pick(row.name_zh, row.name_en),
        sample=sample.sample,
        conclusion=sample.conclusion,
        checks=checks,
    )


def list_processes(review: Review) -> list[tuple[int, str]]:
    """The key customer-related processes in the register of the review's site."""
    rows = db.session.execute(
        sa.select(Process.id, Process.name_zh, Process.name_en)
        .where(
            Process.organisation_id == review.organisation_id,
            Process.site_id == review.site_id,
            Process.kind == ProcessKind.KCRP,
            Process.active,
        )
        .order_by(Process.number)
    )
    return [(row.id, pick(row.name_zh, row.name_en)) for row in rows]


# ---------------------------------------------------------------- writes


def begin(
    actor: Actor,
    review: Review,
    *,
    process_id: int | None,
    process_name: str,
    sampled_on: date,
    sample: str,
) -> ReviewSample:
    """Attach a sampled audit; its checklist is drawn from the requirement lines of 2.2.

    Raises Conflict, InvalidInput.
    """
    _require_begun(review)
    known = _process(review, process_id)
    name = pick(known.name_zh, known.name_en) if known is not None else process_name.strip()
    faults: dict[str, list[str]] = {}
    if process_id is not None and known is None:
        faults["process_id"] = [_("Choose a process of this site.")]
    elif not name:
        faults["process_name"] = [_("Choose a process, or name it.")]
    if known is not None and known.owner_id == actor.person_id and not actor.single_person:
        faults["process_id"] = [_("The owner of a process does not audit it.")]
    if not sample.strip():
        faults["sample"] = [_("Say what was sampled, and how much.")]
    if sampled_on > clock.today():
        faults["sampled_on"] = [_("This day has not come yet.")]
    if faults:
        raise InvalidInput(faults)
    row = add(
        ReviewSample(
            organisation_id=review.organisation_id,
            review_id=review.id,
            process_id=process_id,
            process=name[:200],
            sampled_on=sampled_on,
            auditor_id=actor.person_id,
            sample=sample.strip(),
        )
    )
    _draw(row, scope.content_of(review, COPC))
    history.record(record_of(review), "sample_begun", actor.person_id, changes={"process": [None, name]})
    db.session.flush()
    return row


def _process(review: Review, process_id: int | None) -> Process | None:
    if process_id is None:
        return None
    return db.session.execute(
        sa.select(Process).where(
            Process.organisation_id == review.organisation_id,
            Process.site_id == review.site_id,
            Process.kind == ProcessKind.KCRP,
            Process.id == process_id,
        )
    ).scalar_one_or_none()


def _draw(row: ReviewSample, known: Standard) -> None:
    lines = known.item(ITEM).lines
    questions = [(line.id, say(line.text)) for line in lines]
    targets = {
        "zh": "抽取的样本达到了该流程的目标。",
        "en": "The sample meets the targets of the process.",
    }
    questions.append(("", targets["zh" if language() == "zh" else "en"]))
    for position, (line, question) in enumerate(questions):
        db.session.add(
            SampleCheck(
                organisation_id=row.organisation_id,
                sample_id=row.id,
                position=position,
                line=line,
                question=question,
            )
        )
    db.session.flush()


def _require_begun(review: Review) -> None:
    if review.state not in BEGUN:
        raise Conflict(_("A sampled audit is attached before the report."))


def answer(
    actor: Actor,
    review: Review,
    sample_id: int,
    answers: Mapping[int, tuple[str, str]],
    conclusion: str,
    version: int | None,
) -> None:
    """Answer the checklist, check id → answer and note, and say what follows. Raises Conflict, InvalidInput."""
    _require_begun(review)
    row = _get(review, sample_id)
    check_version(row, version)
    if row.auditor_id not in actor.hands and review.lead_auditor_id not in actor.hands:
        raise Conflict(_("Whoever took the sample answers its checklist, or the lead auditor."))
    checks = {check.id: check for check in _checks(row)}
    allowed = ("", *(value.value for value in SampleAnswer))
    for check_id, (value, note) in answers.items():
        if check_id not in checks:
            raise NotFound
        if value not in allowed:
            raise InvalidInput({"answer": [_("Choose one of the answers.")]})
        if value == SampleAnswer.NO.value and not note.strip():
            raise InvalidInput({"answer": [_("Write beside each No what was seen.")]})
        if len(note) > LONGEST:
            raise InvalidInput({"answer": [_("At most %(count)d characters.", count=LONGEST)]})
    if len(conclusion) > LONGEST:
        raise InvalidInput({"conclusion": [_("At most %(count)d characters.", count=LONGEST)]})
    for check_id, (value, note) in answers.items():
        checks[check_id].answer = SampleAnswer(value) if value else None
        checks[check_id].note = note.strip()
    row.conclusion = conclusion.strip()
    history.record(
        record_of(review), "sample_answered", actor.person_id, changes={"process": [None, row.process]}
    )
    db.session.flush()


def _get(review: Review, sample_id: int) -> ReviewSample:
    row = db.session.get(ReviewSample, (review.organisation_id, sample_id))
    if row is None or row.review_id != review.id:
        raise NotFound
    return row


def _checks(row: ReviewSample) -> list[SampleCheck]:
    return list(
        db.session.execute(
            sa.select(SampleCheck).where(
                SampleCheck.organisation_id == row.organisation_id, SampleCheck.sample_id == row.id
            )
        ).scalars()
    )
