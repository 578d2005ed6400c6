"""Reads of one non-conformity: the record, what its guards know, and its page in a fixed number of statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from tracker import clock, timeline, undo
from tracker.accounts.models import Person
from tracker.audits.models import Audit, AuditVerdict
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import gettext as _
from tracker.i18n import language, lazy_gettext, pick, show_datetime
from tracker.metrics.models import Metric
from tracker.nonconformities import wording
from tracker.nonconformities.cases import list_cases, read_related, related_text
from tracker.nonconformities.drafts import PinSpec
from tracker.nonconformities.facts import (
    SPLITTABLE,
    UNREPORTED,
    ActionFact,
    Around,
    Work,
    around,
    facts_of,
    gathered,
    pins_of,
    record_of,
    subject_of,
    work_of,
)
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
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
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor, can
from tracker.reviews.facts import parse_key
from tracker.reviews.models import FactKind, Review
from tracker.scores.releases import Known, hash_in_force, of_hashes, of_site
from tracker.scores.sheets import COPC, SEE_CMM
from tracker.undo import MoveUndo
from workflows.facts import NonconformityFacts
from workflows.kinds import Grade
from workflows.nonconformities import NONCONFORMITY, NonconformityState
from workflows.repeats import SimilarAnswer
from workflows.schedule import Step

if TYPE_CHECKING:
    from tracker.scores.worth import RecordWorth

__all__ = ["facts_of", "find", "get_shares", "get_view", "get_worth", "load", "offers", "signing_content"]


def find(actor: Actor, number: int) -> Nonconformity:
    """The record with this number, if the actor may see its site. Raises NotFound."""
    found = db.session.execute(
        sa.select(Nonconformity).where(
            Nonconformity.organisation_id == actor.organisation_id, Nonconformity.number == number
        )
    ).scalar_one_or_none()
    return _visible(actor, found)


def _visible(actor: Actor, found: Nonconformity | None) -> Nonconformity:
    sites = actor.sites()
    if found is None or (sites is not None and found.site_id not in sites):
        raise NotFound
    return found


# ---------------------------------------------------------------- everything about one record


@dataclass(frozen=True)
class Dossier:
    """A record with the rows that its page and its guards are made of."""

    record: Nonconformity
    names: Any
    pins: tuple[Pin, ...]
    work: Work
    known: Around

    @property
    def releases(self) -> Known:
        """What the record's site is scored by."""
        hashes = {COPC: self.names.copc_release, SEE_CMM: self.names.see_cmm_release}
        return of_hashes(self.record.organisation_id, hashes)

    @property
    def facts(self) -> NonconformityFacts:
        origin = (
            self.names.review_state in UNREPORTED,
            self.names.repeated_state == NonconformityState.CLOSED,
        )
        return gathered(self.record, self.pins, self.work, self.known, origin)


def load(actor: Actor, number: int) -> Dossier:
    """Read a record for its page, in five statements. Raises NotFound."""
    row = _read(actor, number)
    record: Nonconformity = _visible(actor, row[0] if row else None)
    organisation_id = record.organisation_id
    pins = tuple(pins_of(organisation_id, [record.id])[record.id])
    work = work_of(organisation_id, [record.id])[record.id]
    return Dossier(record, row, pins, work, around(organisation_id, pins))


def _read(actor: Actor, number: int) -> Any:
    asked = {"organisation": actor.organisation_id, "number": number}
    return db.session.execute(_record_with_names(), asked).one_or_none()


@cache
def _record_with_names() -> sa.Select[Any]:
    """A record with the names around it; put together once, because that takes three times as long as asking."""
    owner, raiser, asker, approver = (aliased(Person) for _each in range(4))
    repeated = aliased(Nonconformity)
    here = Nonconformity.organisation_id
    links = (
        sa.select(
            sa.func.aggregate_strings(NonconformityLink.standard + " " + NonconformityLink.element, "|")
        )
        .where(
            NonconformityLink.organisation_id == here, NonconformityLink.nonconformity_id == Nonconformity.id
        )
        .correlate(Nonconformity)
        .scalar_subquery()
    )
    columns: list[Any] = [
        Nonconformity,
        links.label("links"),
        hash_in_force(COPC, here, Nonconformity.site_id).label("copc_release"),
        hash_in_force(SEE_CMM, here, Nonconformity.site_id).label("see_cmm_release"),
        Site.code.label("site"),
        Site.name_zh.label("site_zh"),
        Site.name_en.label("site_en"),
        Review.number.label("review"),
        Review.title.label("review_title"),
        Review.state.label("review_state"),
        repeated.number.label("repeated"),
        repeated.state.label("repeated_state"),
        MoveUndo,
        related_text().label("related"),
    ]
    people = {"owner": owner, "raiser": raiser, "asker": asker, "approver": approver}
    for name, person in people.items():
        columns += [person.name_zh.label(f"{name}_zh"), person.name_en.label(f"{name}_en")]
    statement = (
        sa.select(*columns)
        .join(Site, (Site.organisation_id == here) & (Site.id == Nonconformity.site_id))
        .outerjoin(Review, (Review.organisation_id == here) & (Review.id == Nonconformity.review_id))
        .outerjoin(repeated, (repeated.organisation_id == here) & (repeated.id == Nonconformity.repeat_of_id))
        .outerjoin(
            MoveUndo,
            (MoveUndo.organisation_id == here)
            & (MoveUndo.record_kind == "nonconformity")
            & (MoveUndo.record_id == Nonconformity.id)
            & (MoveUndo.history_id == undo.last_line("nonconformity", Nonconformity.id)),
        )
    )
    keys = {
        "owner": Nonconformity.owner_id,
        "raiser": Nonconformity.raised_by_id,
        "asker": Nonconformity.void_requested_by_id,
        "approver": Nonconformity.closure_approved_by_id,
    }
    for name, person in people.items():
        statement = statement.outerjoin(person, (person.organisation_id == here) & (person.id == keys[name]))
    return statement.where(
        here == sa.bindparam("organisation"), Nonconformity.number == sa.bindparam("number")
    )


# ---------------------------------------------------------------- the moves


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


# ---------------------------------------------------------------- the page


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


# ---------------------------------------------------------------- pinned facts


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


def subject_names(organisation_id: int, site_id: int, pins: Iterable[Any]) -> dict[tuple[str, str], str]:
    """(kind, code) → name of the programmes, key positions and metrics that pins speak of: one statement."""
    pins = list(pins)
    units = {pin.subject for pin in pins if pin.kind == FactKind.UNIT}
    metrics = {pin.subject for pin in pins if pin.kind == FactKind.METRIC}
    if not units and not metrics:
        return {}
    rows = db.session.execute(
        sa.union_all(
            sa.select(sa.literal("unit"), Unit.code, Unit.name_zh, Unit.name_en).where(
                Unit.organisation_id == organisation_id, Unit.site_id == site_id, Unit.code.in_(units)
            ),
            sa.select(sa.literal("metric"), Metric.code, Metric.name_zh, Metric.name_en).where(
                Metric.organisation_id == organisation_id, Metric.site_id == site_id, Metric.code.in_(metrics)
            ),
        )
    )
    return {(kind, code): pick(zh, en) for kind, code, zh, en in rows}


def fact_name(pin: Any, names: dict[tuple[str, str], str], lang: str, releases: Known) -> str:
    """What a pinned fact is called: the line, the unit, the metric with its aspect, the row with its level."""
    if pin.kind == FactKind.UNIT:
        return _("Deployed in %(unit)s", unit=names.get(("unit", pin.subject), pin.subject))
    if pin.kind == FactKind.METRIC:
        return f"{names.get(('metric', pin.subject), pin.subject)}: {aspect_words(pin.aspect)}"
    if pin.kind == FactKind.ROW:
        row = wording.row_name(pin.element, pin.subject, lang, releases)
        return _("%(row)s at level %(level)s", row=row, level=pin.level)
    if pin.kind == FactKind.WORD:
        return _("The assessor's word: compliant")
    return _("Line %(line)s", line=pin.subject)


def aspect_words(aspect: str) -> str:
    """What about a metric is pinned."""
    return {
        "cui": _("collected, usable, with integrity"),
        "meets": _("meets its target"),
        "improves": _("sustained improvement"),
        "collected": _("collected"),
        "usable": _("usable"),
        "integrity": _("with integrity"),
        "meets_target": _("meets its target"),
        "improving": _("sustained improvement"),
    }.get(aspect, aspect)


def name_facts(organisation_id: int, site_id: int, pins: Iterable[PinSpec]) -> dict[str, str]:
    """Key → the item and what the fact is called: three statements at most, none for nothing."""
    known = [(pin, parse_key(pin.key)) for pin in pins]
    if not known:
        return {}
    named = [
        SimpleNamespace(
            element=key.element, kind=key.kind, subject=key.subject, aspect=key.aspect, level=pin.level
        )
        for pin, key in known
    ]
    names = subject_names(organisation_id, site_id, named)
    lang, releases = language(), of_site(organisation_id, site_id)
    return {
        pin.key: f"{each.element} · {fact_name(each, names, lang, releases)}"
        for (pin, _key), each in zip(known, named, strict=True)
    }


def key_words(key: str) -> str:
    """A fact by its key alone, as history kept it; what is no key stays as it is."""
    try:
        found = parse_key(key)
    except ValueError:
        return key
    said = {
        FactKind.LINE: _("Line %(line)s", line=found.subject),
        FactKind.UNIT: _("Deployed in %(unit)s", unit=found.subject),
        FactKind.METRIC: f"{found.subject}: {aspect_words(found.aspect)}",
        FactKind.WORD: _("The assessor's word: compliant"),
    }
    return f"{found.element} · {said.get(found.kind, found.subject)}"


def _keys_words(value: object) -> str:
    keys = value if isinstance(value, list) else str(value).split(", ")
    return ", ".join(key_words(str(key)) for key in keys)


# ---------------------------------------------------------------- what closing it is worth


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


# ---------------------------------------------------------------- the words of its history

timeline.TITLES.update(
    {
        "facts_settled": lazy_gettext("Reasons given for the facts"),
        "fact_judged": lazy_gettext("Fact judged again by an assessor"),
        "facts_judged_again": lazy_gettext("Judgement taken over into the facts"),
        "facts_let_go": lazy_gettext("Facts let go"),
        "merged_into": lazy_gettext("Merged into another record"),
        "merged_from": lazy_gettext("Took over from a duplicate"),
        "split_from": lazy_gettext("Split off from another record"),
        "split_off": lazy_gettext("Split"),
        "similar_asked": lazy_gettext("Looked for elsewhere"),
        "similar_answered": lazy_gettext("Answer from elsewhere"),
        "similar_found": lazy_gettext("Found by looking elsewhere"),
    }
)
timeline.FIELD_LABELS.update(
    {
        "title": lazy_gettext("Title"),
        "grade": lazy_gettext("Grade"),
        "source": lazy_gettext("Source"),
        "statement": lazy_gettext("What was found"),
        "evidence": lazy_gettext("Objective evidence"),
        "effort": lazy_gettext("Effort"),
        "owner_id": lazy_gettext("Owner"),
        "due_on": lazy_gettext("Due"),
        "pins": lazy_gettext("Facts it holds"),
        "elements": lazy_gettext("Touches"),
        "unpinned_reason": lazy_gettext("Why it is an isolated lapse"),
        "repeat_of_id": lazy_gettext("Repeat of"),
        "duplicate_of": lazy_gettext("Duplicate of"),
        "record": lazy_gettext("Record"),
        "places": lazy_gettext("Places"),
        "similar_answer": lazy_gettext("Answer"),
    }
)
timeline.VALUE_WORDS["similar_answer"] = SimilarAnswer
timeline.VALUE_VIEWS["pins"] = _keys_words
timeline.KEY_WORDS.append(key_words)
