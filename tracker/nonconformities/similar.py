"""Looking for the same elsewhere (举一反三): ask at other sites and programmes, answer, raise what is found."""

from collections.abc import Iterable

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import Role
from tracker.accounts.queries import list_people
from tracker.database import add, db
from tracker.errors import InvalidInput, RefusedMove
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.nonconformities.drafts import PinSpec
from tracker.nonconformities.facts import around, pins_of, record_of, subject_of
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin, SimilarCase
from tracker.nonconformities.relations import relate
from tracker.nonconformities.services import raise_draft, unknown_pins
from tracker.notifications.services import tell
from tracker.numbering import label
from tracker.organisations.models import Unit
from tracker.permissions import Actor, Subject, can, require
from tracker.reviews.facts import parse_key
from tracker.reviews.models import FactKind
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState
from workflows.repeats import Relation, SimilarAnswer

ASKED_ROLES = (Role.AUDITOR, Role.LEAD_AUDITOR, Role.QUALITY_MANAGER)

Place = tuple[int, int | None]
"""A site, and a programme or key position of it or the whole of it."""


def ask(actor: Actor, nonconformity: Nonconformity, places: Iterable[Place]) -> list[SimilarCase]:
    """Ask whether the same exists at these places; one that was asked before is not asked again.

    Raises Forbidden, InvalidInput without a new place, RefusedMove for a draft or a void record.
    """
    require(actor, "nonconformity:look", subject_of(nonconformity))
    if nonconformity.state in (NonconformityState.DRAFT, NonconformityState.VOID):
        raise RefusedMove(_("Look elsewhere"), [_("Similar cases are looked for once the record is raised.")])
    known = {
        (site_id, unit_id)
        for site_id, unit_id in db.session.execute(
            sa.select(SimilarCase.site_id, SimilarCase.unit_id).where(
                SimilarCase.organisation_id == nonconformity.organisation_id,
                SimilarCase.nonconformity_id == nonconformity.id,
            )
        )
    }
    wanted = [place for place in dict.fromkeys(places) if place not in known]
    if not wanted:
        raise InvalidInput({"places": [_("Choose at least one place that has not been asked yet.")]})
    asked = [_ask(actor, nonconformity, place) for place in wanted]
    _tell(actor, nonconformity, {site_id for site_id, _unit in wanted})
    history.record(
        record_of(nonconformity), "similar_asked", actor.person_id, changes={"places": [None, len(asked)]}
    )
    db.session.flush()
    return asked


def _tell(actor: Actor, nonconformity: Nonconformity, sites: set[int]) -> None:
    """Let those who audit and manage quality at the sites know that they are asked."""
    people = {
        person.id
        for site_id in sorted(sites)
        for person in list_people(actor.organisation_id, site_id, ASKED_ROLES)
    }
    about = {"title": nonconformity.title}
    tell(sorted(people - {actor.person_id}), "nonconformity-asked-elsewhere", record_of(nonconformity), about)


def _ask(actor: Actor, nonconformity: Nonconformity, place: Place) -> SimilarCase:
    site_id, unit_id = place
    if unit_id is not None:
        unit = db.session.get(Unit, (actor.organisation_id, unit_id))
        if unit is None or unit.site_id != site_id:
            raise InvalidInput({"places": [_("There is no such place.")]})
    return add(
        SimilarCase(
            organisation_id=actor.organisation_id,
            nonconformity_id=nonconformity.id,
            site_id=site_id,
            unit_id=unit_id,
            answer=SimilarAnswer.ASKED,
            asked_by_id=actor.person_id,
            asked_at=clock.now(),
        )
    )


def answer(
    actor: Actor,
    nonconformity: Nonconformity,
    case: SimilarCase,
    found: SimilarAnswer,
    note: str,
    version: int | None = None,
) -> Nonconformity | None:
    """Say what was found at a place; what is there gets a record there, which is handed back.

    Raises Forbidden, Conflict, InvalidInput without a note, RefusedMove for a question that has been answered.
    """
    require(actor, "nonconformity:look", Subject(site_id=case.site_id))
    check_version(case, version)
    if case.answer is not SimilarAnswer.ASKED:
        raise RefusedMove(_("Answer"), [_("This place has been answered already.")])
    faults: dict[str, list[str]] = {}
    if found is SimilarAnswer.ASKED:
        faults["answer"] = [_("Say whether it is there.")]
    if not note.strip():
        faults["note"] = [_("Say what was looked at.")]
    if found is SimilarAnswer.PRESENT and not can(
        actor, "nonconformity:raise", Subject(site_id=case.site_id)
    ):
        faults["answer"] = [
            _("What is there is answered by somebody who raises non-conformities at that site.")
        ]
    if faults:
        raise InvalidInput(faults)
    there = _carried(actor, nonconformity, case, note.strip()) if found is SimilarAnswer.PRESENT else None
    case.answer, case.note = found, note.strip()
    case.answered_by_id, case.answered_at = actor.person_id, clock.now()
    case.raised_id = there.id if there is not None else None
    changes = {"similar_answer": [None, found.value]}
    if there is not None:
        changes["record"] = [None, label("nonconformity", there.number)]
    if there is not None:
        people = [nonconformity.owner_id, case.asked_by_id]
        tell(people, "nonconformity-found-elsewhere", record_of(nonconformity), {"title": there.title})
    history.record(
        record_of(nonconformity), "similar_answered", actor.person_id, reason=case.note, changes=changes
    )
    db.session.flush()
    return there


def _carried(actor: Actor, nonconformity: Nonconformity, case: SimilarCase, note: str) -> Nonconformity:
    """The record of the other place: the open one that holds the facts already, or a draft of its own."""
    pins = translated(nonconformity, case)
    holder = _holder(nonconformity, case, pins)
    if holder is not None:
        return holder
    full = nonconformity.grade in (Grade.MAJOR, Grade.MINOR)
    there = raise_draft(
        actor,
        site_id=case.site_id,
        title=nonconformity.title,
        grade=nonconformity.grade if pins or not full else Grade.MINOR,
        source=nonconformity.source,
        statement=nonconformity.statement,
        evidence=note,
        effort=nonconformity.effort,
        pins=pins,
        links=_links(nonconformity),
    )
    relate(there, nonconformity, Relation.SIMILAR)
    history.record(
        record_of(there),
        "similar_found",
        actor.person_id,
        changes={"record": [None, label("nonconformity", nonconformity.number)]},
    )
    return there


def translated(nonconformity: Nonconformity, case: SimilarCase) -> tuple[PinSpec, ...]:
    """The facts of a record as they are called at another place; those that it does not have are left out.

    A programme's fact becomes the fact of the programme asked. At the same site the other facts are held already.
    """
    unit = db.session.get(Unit, (case.organisation_id, case.unit_id)) if case.unit_id is not None else None
    elsewhere = case.site_id != nonconformity.site_id
    found: dict[tuple[str, str], PinSpec] = {}
    for pin in pins_of(nonconformity.organisation_id, [nonconformity.id])[nonconformity.id]:
        key = pin.key
        if pin.kind == FactKind.UNIT and unit is not None:
            key = f"{pin.element}/{FactKind.UNIT.value}/{unit.code}"
        elif not elsewhere:
            continue
        found[(pin.standard, key)] = PinSpec(pin.standard, key, pin.level)
    specs = tuple(found.values())
    unknown = set(unknown_pins(case.organisation_id, case.site_id, None, specs))
    return tuple(spec for spec in specs if spec.key not in unknown)


def _holder(
    nonconformity: Nonconformity, case: SimilarCase, pins: tuple[PinSpec, ...]
) -> Nonconformity | None:
    """The open record of that site that holds every one of these facts already."""
    if not pins:
        return None
    asked = [
        Pin(
            organisation_id=case.organisation_id,
            nonconformity_id=0,
            site_id=case.site_id,
            standard=spec.standard,
            key=spec.key,
            element=parse_key(spec.key).element,
            kind=parse_key(spec.key).kind.value,
            subject=parse_key(spec.key).subject,
        )
        for spec in pins
    ]
    known = around(case.organisation_id, asked)
    holders = [known.holders[(pin.site_id, pin.standard, pin.key)] - {nonconformity.id} for pin in asked]
    common = set.intersection(*holders)
    if not common:
        return None
    return db.session.get(Nonconformity, (case.organisation_id, min(common)))


def _links(nonconformity: Nonconformity) -> tuple[tuple[str, str], ...]:
    rows = db.session.execute(
        sa.select(NonconformityLink.standard, NonconformityLink.element)
        .where(
            NonconformityLink.organisation_id == nonconformity.organisation_id,
            NonconformityLink.nonconformity_id == nonconformity.id,
        )
        .order_by(NonconformityLink.element)
    )
    return tuple((standard, element) for standard, element in rows)
