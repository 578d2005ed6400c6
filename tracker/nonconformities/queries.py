"""Reads of one non-conformity: its moves, its page, its facts, and what closing it is worth."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tracker import clock, timeline, undo
from tracker.accounts.models import Person
from tracker.audits.models import Audit, AuditVerdict
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, show_datetime
from tracker.nonconformities import wording
from tracker.nonconformities.cases import list_cases, read_related
from tracker.nonconformities.facts import (
    SPLITTABLE,
    ActionFact,
    Around,
    record_of,
    subject_of,
)
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.nonconformities.naming import fact_name, subject_names
from tracker.nonconformities.reading import Dossier
from tracker.nonconformities.register import GRADE_TONES
from tracker.nonconformities.viewmodels import (
    ActionLine,
    AuditLine,
    NonconformityView,
    PinView,
    WorthLine,
)
from tracker.numbering import label
from tracker.offers import MoveView, offered, state_view
from tracker.permissions import Actor, can
from tracker.scores.releases import Known, of_site
from tracker.undo import MoveUndo
from workflows.facts import NonconformityFacts
from workflows.kinds import Grade
from workflows.nonconformities import NONCONFORMITY, NonconformityState
from workflows.schedule import Step

if TYPE_CHECKING:
    from tracker.scores.worth import RecordWorth


def offers(dossier: Dossier, actor: Actor) -> tuple[MoveView, ...]:
    """The moves for this person. What the form of a move asks for is taken as given here."""
    record = dossier.record
    facts = replace(
        dossier.facts,
        correction_given=True,
        short_answer_given=True,
        closing_judgement_wrong=True,
        new_grade=_another_grade(dossier.facts),
        reason="-",
    )
    found = offered("nonconformity", record.state, actor, facts, subject_of(record))
    return tuple(move for move in found if _concerns(move, record))


def _another_grade(facts: NonconformityFacts) -> Grade | None:
    """The first other grade that the pinned facts would allow, so that the form can ask for the one wanted."""
    pinned = facts.copc_pins + facts.see_cmm_pins > 0
    fitting = (Grade.MAJOR, Grade.MINOR) if pinned else (Grade.OBSERVATION, Grade.OFI)
    return next((grade for grade in fitting if grade is not facts.grade), None)


def _concerns(move: MoveView, record: Nonconformity) -> bool:
    """Leave out moves of the other kind of record, which no doing of anybody would ever allow."""
    full = record.grade in (Grade.MAJOR, Grade.MINOR)
    asked = record.void_requested_by_id is not None
    senseless = {
        "approve_closure": record.grade is not Grade.MAJOR or record.closure_approved_by_id is not None,
        "close_short": full,
        "reopen": record.closed_short,
        "reopen_short": not record.closed_short,
        "accept": record.accepted_at is not None,
        "dispute": record.accepted_at is not None,
        "request_void": asked,
        "decline_void": not asked,
        "void": not asked,
    }
    return not senseless.get(move.event, False)


def get_view(dossier: Dossier, actor: Actor) -> NonconformityView:
    """The page of a record for a person: five more statements."""
    record, names, lang = dossier.record, dossier.names, language()
    subject, today = subject_of(record), clock.today()
    return NonconformityView(
        id=record.id,
        number=record.number,
        label=label("nonconformity", record.number),
        version=record.version,
        title=record.title,
        statement=record.statement,
        evidence=record.evidence,
        source=record.source.of(lang),
        grade=record.grade.of(lang),
        grade_id=record.grade.value,
        grade_tone=GRADE_TONES[record.grade],
        grade_help=grade_help(record.grade),
        state=state_view("nonconformity", record.state),
        site_code=names.site,
        site_name=pick(names.site_zh, names.site_en),
        owner=_name(names.owner_zh, names.owner_en),
        owner_id=record.owner_id,
        raised_by=_name(names.raiser_zh, names.raiser_en),
        review_number=names.review,
        review_label=label("review", names.review) if names.review else "",
        review_title=names.review_title or "",
        repeat_number=names.repeated,
        repeat_label=label("nonconformity", names.repeated) if names.repeated else "",
        effort=record.effort,
        due=record.due_on,
        due_step=Step(record.due_step).of(lang) if record.due_step else "",
        days_left=(record.due_on - today).days if record.due_on else None,
        extensions=record.extensions,
        sent_back=record.not_effective,
        opened=show_datetime(record.opened_at),
        accepted=show_datetime(record.accepted_at),
        closed=show_datetime(record.closed_at),
        correction=record.correction,
        no_correction_reason="" if record.correction_needed else record.no_correction_reason,
        consequence=record.consequence,
        short_answer=record.short_answer,
        unpinned_reason=record.unpinned_reason,
        dispute_reason=record.dispute_reason,
        dispute_answer=record.dispute_answer,
        void_reason=record.void_reason,
        void_asked_by=_name(names.asker_zh, names.asker_en) if record.void_requested_by_id else "",
        approved_by=_name(names.approver_zh, names.approver_en) if record.closure_approved_by_id else "",
        points_alone=record.points_alone,
        links=_links(names.links, lang, dossier.releases),
        pins=_pins(dossier),
        actions=tuple(_action(action, today) for action in dossier.work.actions),
        audits=_audits(record),
        signatures=timeline.list_signatures(record_of(record)),
        history=timeline.list_history(record_of(record)),
        moves=offers(dossier, actor),
        related=read_related(names.related),
        cases=list_cases(record.organisation_id, [record.id]),
        may_split=can(actor, "nonconformity:raise", subject)
        and record.state in SPLITTABLE
        and record.void_requested_by_id is None
        and len(dossier.pins) > 1,
        may_look=can(actor, "nonconformity:look", subject)
        and record.state not in (NonconformityState.DRAFT, NonconformityState.VOID),
        may_edit=can(actor, "nonconformity:edit", subject),
        undo=_undo(names.MoveUndo, actor),
        may_extend=can(actor, "nonconformity:extend", subject) and record.due_on is not None,
        may_act=can(actor, "action:create", subject) and record.state in ACTING,
        may_settle=can(actor, "nonconformity:settle", subject) and record.void_requested_by_id is not None,
    )


def _undo(kept: MoveUndo | None, actor: Actor) -> str:
    """The title of the last move, where this person may take it back now."""
    if kept is None or not undo.possible("nonconformity", kept, is_last=True, actor=actor):
        return ""
    title = NONCONFORMITY.event_title(kept.event)
    return title.of(language()) if title is not None else ""


ACTING = (NonconformityState.CONTAINED, NonconformityState.CORRECTING, NonconformityState.VERIFYING)


def grade_help(grade: Grade) -> str:
    """What a grade means, in one sentence (E.3)."""
    return {
        Grade.MAJOR: _("A requirement is missing or the system fails; it holds its facts at “not met”."),
        Grade.MINOR: _(
            "An isolated lapse of an approach that mostly works; it holds its facts at “not met”."
        ),
        Grade.OBSERVATION: _(
            "May become a non-conformity; the requirement is met today, so no fact is held."
        ),
        Grade.OFI: _("Meets the requirement and could be better; no COPC fact is held."),
    }[grade]


def _name(zh: str | None, en: str | None) -> str:
    return pick(zh or "", en or "") or "–"


def _links(text: str | None, lang: str, releases: Known) -> tuple[tuple[str, str, str], ...]:
    """(standard, element, name) of everything it touches."""
    pairs = sorted(tuple(part.split(" ", 1)) for part in (text or "").split("|") if part)
    return tuple(
        (standard, element, wording.element_name(element, lang, releases)) for standard, element in pairs
    )


def _action(action: ActionFact, today: date) -> ActionLine:
    return ActionLine(
        number=action.number,
        label=label("action", action.number),
        title=action.title,
        state=state_view("action", action.state),
        owner=pick(*action.owner),
        due=action.due_on,
        days_left=(action.due_on - today).days if action.due_on else None,
        answer=_answer(action.implemented, action.effective),
    )


def _answer(implemented: bool | None, effective: bool | None) -> str:
    if effective is not None:
        return _("effective") if effective else _("not effective")
    if implemented is not None:
        return _("implemented") if implemented else _("not implemented")
    return ""


def _audits(record: Nonconformity) -> tuple[AuditLine, ...]:
    lang = language()
    rows = db.session.execute(
        sa.select(
            Audit.number,
            Audit.purpose,
            Audit.state,
            Audit.planned_on,
            Audit.concluded_at,
            AuditVerdict.implemented,
            AuditVerdict.effective,
            AuditVerdict.note,
            Person.name_zh,
            Person.name_en,
        )
        .join(
            Audit,
            (Audit.organisation_id == AuditVerdict.organisation_id) & (Audit.id == AuditVerdict.audit_id),
        )
        .join(Person, (Person.organisation_id == Audit.organisation_id) & (Person.id == Audit.auditor_id))
        .where(
            AuditVerdict.organisation_id == record.organisation_id,
            AuditVerdict.nonconformity_id == record.id,
        )
        .order_by(Audit.number)
    )
    return tuple(
        AuditLine(
            number=row.number,
            label=label("audit", row.number),
            purpose=row.purpose.of(lang),
            state=state_view("audit", row.state),
            auditor=pick(row.name_zh, row.name_en),
            day=row.concluded_at.date() if row.concluded_at else row.planned_on,
            implemented=row.implemented,
            effective=row.effective,
            note=row.note,
        )
        for row in rows
    )


def _pins(dossier: Dossier) -> tuple[PinView, ...]:
    record, known = dossier.record, dossier.known
    names = subject_names(record.organisation_id, record.site_id, dossier.pins)
    held = dossier.record.state not in (NonconformityState.DRAFT, NonconformityState.VOID)
    releases = dossier.releases
    return tuple(_pin(pin, known, names, releases, held) for pin in dossier.pins)


def _pin(pin: Pin, known: Around, names: dict[tuple[str, str], str], releases: Known, held: bool) -> PinView:
    lang = language()
    words, outline = wording.requirement(pin, lang, releases)
    value = known.values.get((pin.site_id, pin.standard, pin.key), "")
    others = known.holders[(pin.site_id, pin.standard, pin.key)] - {pin.nonconformity_id}
    status, tone = _status(pin, value, held)
    return PinView(
        id=pin.id,
        standard=pin.standard,
        element=pin.element,
        element_name=wording.element_name(pin.element, lang, releases),
        key=pin.key,
        name=fact_name(pin, names, lang, releases),
        words=words,
        outline=outline,
        kind=pin.kind,
        value=status,
        value_tone=tone,
        released=show_datetime(pin.released_at) if pin.released_at else "",
        holders=tuple(known.labels[other] for other in sorted(others) if other in known.labels),
        settled=pin.settled_reason,
        judged=pin.judged_value,
    )


def _status(pin: Pin, value: str, held: bool) -> tuple[str, str]:
    if pin.released_at is not None:
        return _("released"), "success"
    if held:
        return _("held at “not met”"), "danger"
    return (_("met in the record"), "muted") if value in ("met", "full", "yes") else (_("not held"), "muted")


def get_worth(organisation_id: int, site_id: int, nonconformity_id: int) -> tuple[WorthLine, ...]:
    """What closing it alone would move now: the same computation as the closure itself."""
    from tracker.scores.promises import promise

    lang, releases = language(), of_site(organisation_id, site_id)
    return tuple(
        WorthLine(
            standard=moved.standard,
            name=releases[moved.standard].name.of(lang),
            before=moved.before or Fraction(0),
            after=moved.after or Fraction(0),
            moved=tuple(
                (element, wording.element_name(element, lang, releases), gain)
                for element, gain in moved.moved
            ),
            level_before=moved.level_before,
            level_after=moved.level_after,
        )
        for moved in promise(organisation_id, nonconformity_id).standards
    )


def get_shares(record: Nonconformity) -> "tuple[RecordWorth, ...]":
    """What it is worth alone, as the last one, and its fair share, under each standard; nothing once it is settled."""
    from tracker.scores.worth import list_record_worth

    name = label("nonconformity", record.number)
    return list_record_worth(record.organisation_id, record.site_id, (name,), record.effort)


def signing_content(dossier: Dossier, event: str, reason: str) -> dict[str, Any]:
    """What somebody who signs `event` has on the screen: the record, the facts, and what they move."""
    record = dossier.record
    worth = (
        get_worth(record.organisation_id, record.site_id, record.id)
        if event in ("close", "approve_closure")
        else ()
    )
    return {
        "event": event,
        "nonconformity": label("nonconformity", record.number),
        "title": record.title,
        "grade": record.grade.value,
        "state": record.state.value,
        "reason": reason,
        "facts": [
            {"standard": pin.standard, "key": pin.key, "level": pin.level}
            for pin in dossier.pins
            if pin.released_at is None
        ],
        "totals": {line.standard: [str(line.before), str(line.after)] for line in worth},
    }


def list_labels(pins: Sequence[PinView]) -> list[tuple[str, str]]:
    """The facts as the signing dialog lists them: element and what becomes of each."""
    return [(f"{pin.element} · {pin.name}", _("released")) for pin in pins]
