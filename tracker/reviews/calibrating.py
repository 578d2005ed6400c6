"""Calibration: two auditors judge one item without seeing each other; what differs is settled by the lead.

What the two say lies apart from the facts of the review, and nothing here hands one's verdicts to the other
before both are done. History says that they judged, not what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import Person
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.notifications.services import tell
from tracker.permissions import Actor
from tracker.reviews import scope, sharing
from tracker.reviews.judging import VALUES, facts_of_element, mark
from tracker.reviews.models import BlindVerdict, Calibration, Fact, FactKind, Review
from tracker.reviews.records import record_of
from tracker.reviews.viewmodels import is_evidenced
from tracker.reviews.work import JUDGED_KINDS, list_units
from workflows.agreement import Agreement, agreement
from workflows.reviews import ReviewState

LONGEST = 4000


@dataclass(frozen=True)
class Said:
    """One person's verdict on one fact."""

    value: str = ""
    note: str = ""
    evidence: str = ""

    @property
    def complete(self) -> bool:
        """Judged, with what 1.2-2c asks for."""
        return bool(self.value) and is_evidenced(self.value, self.note, self.evidence)


@dataclass(frozen=True)
class Sight:
    """What somebody may see of a calibration. `others` stays empty before both are done."""

    row: Calibration
    first: str
    second: str
    facts: tuple[Fact, ...]
    mine: Mapping[str, Said]
    verdicts: tuple[Mapping[str, Said], Mapping[str, Said]] | None
    agreement: Agreement | None
    may_judge: bool
    may_settle: bool

    @property
    def both_done(self) -> bool:
        """Whether the verdicts lie open."""
        return self.verdicts is not None


# ---------------------------------------------------------------- reads


def get(review: Review, element: str) -> Calibration:
    """The calibration of an item. Raises NotFound."""
    found = db.session.execute(
        sa.select(Calibration).where(
            Calibration.organisation_id == review.organisation_id,
            Calibration.review_id == review.id,
            Calibration.element == element,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def sight(actor: Actor, review: Review, element: str) -> Sight:
    """What this person sees: their own verdicts, and everybody's once both are done. Raises NotFound."""
    row = get(review, element)
    both = row.first_done_at is not None and row.second_done_at is not None
    # The statement itself asks for no more than may be seen.
    people = (row.first_id, row.second_id) if both else (actor.person_id,)
    said = _said(row, people)
    verdicts = (said.get(row.first_id, {}), said.get(row.second_id, {})) if both else None
    names = _names(row)
    return Sight(
        row=row,
        first=names[row.first_id],
        second=names[row.second_id],
        facts=tuple(_facts(review, element)),
        mine=said.get(actor.person_id, {}),
        verdicts=verdicts,
        agreement=_agreement(verdicts) if verdicts else None,
        may_judge=_is_open_for(actor, review, row),
        may_settle=both and row.settled_at is None and _leads(actor, review),
    )


def _said(row: Calibration, people: tuple[int, ...]) -> dict[int, dict[str, Said]]:
    found: dict[int, dict[str, Said]] = {}
    rows = db.session.execute(
        sa.select(BlindVerdict).where(
            BlindVerdict.organisation_id == row.organisation_id,
            BlindVerdict.calibration_id == row.id,
            BlindVerdict.person_id.in_(people),
        )
    ).scalars()
    for each in rows:
        found.setdefault(each.person_id, {})[each.key] = Said(each.value, each.note, each.evidence)
    return found


def _agreement(verdicts: tuple[Mapping[str, Said], Mapping[str, Said]]) -> Agreement:
    first, second = verdicts
    return agreement(
        {key: said.value for key, said in first.items()}, {key: said.value for key, said in second.items()}
    )


def _names(row: Calibration) -> dict[int, str]:
    rows = db.session.execute(
        sa.select(Person.id, Person.name_zh, Person.name_en).where(
            Person.organisation_id == row.organisation_id, Person.id.in_([row.first_id, row.second_id])
        )
    )
    return {each.id: pick(each.name_zh, each.name_en) for each in rows}


def _facts(review: Review, element: str) -> list[Fact]:
    """Lines, units in force and rows of an item."""
    units = {unit.code for unit in list_units(review.organisation_id, review.site_id, clock.today())}
    return [
        fact
        for fact in facts_of_element(review, element)
        if fact.kind in JUDGED_KINDS and (fact.kind != FactKind.UNIT or fact.subject in units)
    ]


def _is_open_for(actor: Actor, review: Review, row: Calibration) -> bool:
    done = {row.first_id: row.first_done_at, row.second_id: row.second_done_at}
    return (
        review.state == ReviewState.IN_PROGRESS
        and actor.person_id in done
        and done[actor.person_id] is None
        and row.settled_at is None
    )


def _leads(actor: Actor, review: Review) -> bool:
    return review.lead_auditor_id in actor.hands and review.state == ReviewState.IN_PROGRESS


# ---------------------------------------------------------------- writes


def begin(actor: Actor, review: Review, element: str, first_id: int, second_id: int) -> Calibration:
    """Let two auditors judge an item blind. Raises Conflict, NotFound, InvalidInput."""
    if review.state not in sharing.BEGUN:
        raise Conflict(_("Items are calibrated before the report only."))
    known = {each for standard in scope.standards_of(review) for each in scope.elements_of(review, standard)}
    if element not in known:
        raise InvalidInput({"element": [_("Choose an item or criterion of this review.")]})
    faults: dict[str, list[str]] = {}
    if first_id == second_id:
        faults["second_id"] = [_("Choose two different people.")]
    for name, person in (("first_id", first_id), ("second_id", second_id)):
        if not sharing.audits_at(review, person):
            faults[name] = [_("Choose an auditor of this site.")]
    if _exists(review, element):
        faults["element"] = [_("This item is calibrated already.")]
    if faults:
        raise InvalidInput(faults)
    row = add(
        Calibration(
            organisation_id=review.organisation_id,
            review_id=review.id,
            element=element,
            first_id=first_id,
            second_id=second_id,
        )
    )
    history.record(
        record_of(review), "calibration_begun", actor.person_id, changes={"items": [None, element]}
    )
    tell([first_id, second_id], "review-calibration", record_of(review), {"items": element})
    db.session.flush()
    return row


def _exists(review: Review, element: str) -> bool:
    try:
        get(review, element)
    except NotFound:
        return False
    return True


def judge(actor: Actor, review: Review, element: str, given: Mapping[str, Said], *, done: bool) -> None:
    """Keep what one of the two says, and with `done` close it for good. Raises Conflict, InvalidInput."""
    row = get(review, element)
    if not _is_open_for(actor, review, row):
        raise Conflict(_("This item is not yours to judge here, or you are done with it."))
    facts = {fact.key: fact for fact in _facts(review, element)}
    for key, said in given.items():
        if key not in facts:
            raise NotFound
        if said.value not in ("", *VALUES[facts[key].kind]):
            raise InvalidInput({"value": [_("Choose one of the verdicts.")]})
        if max(len(said.note), len(said.evidence)) > LONGEST:
            raise InvalidInput({"note": [_("At most %(count)d characters.", count=LONGEST)]})
    _keep(actor, row, given)
    if done:
        mine = _said(row, (actor.person_id,)).get(actor.person_id, {})
        missing = [key for key in facts if not mine.get(key, Said()).complete]
        if missing:
            raise InvalidInput(
                {
                    "done": [
                        _(
                            "Judge everything first, with note and evidence: %(names)s",
                            names=", ".join(missing),
                        )
                    ]
                }
            )
        name = "first_done_at" if actor.person_id == row.first_id else "second_done_at"
        setattr(row, name, clock.now())
        history.record(
            record_of(review), "calibration_done", actor.person_id, changes={"items": [None, element]}
        )
    db.session.flush()


def _keep(actor: Actor, row: Calibration, given: Mapping[str, Said]) -> None:
    known = {
        each.key: each
        for each in db.session.execute(
            sa.select(BlindVerdict).where(
                BlindVerdict.organisation_id == row.organisation_id,
                BlindVerdict.calibration_id == row.id,
                BlindVerdict.person_id == actor.person_id,
            )
        ).scalars()
    }
    for key, said in given.items():
        found = known.get(key)
        if found is None:
            found = BlindVerdict(
                organisation_id=row.organisation_id,
                calibration_id=row.id,
                person_id=actor.person_id,
                key=key,
            )
            db.session.add(found)
        found.value, found.note, found.evidence = said.value, said.note.strip(), said.evidence.strip()
    db.session.flush()


def settle(actor: Actor, review: Review, element: str, decided: Mapping[str, Said]) -> None:
    """Make the verdicts the review's: where the two agree, theirs; where they differ, the lead's, with why.

    Raises Conflict, InvalidInput.
    """
    seen = sight(actor, review, element)
    if seen.verdicts is None or seen.agreement is None:
        raise Conflict(_("Both have to be done first."))
    if seen.row.settled_at is not None:
        raise Conflict(_("This item is settled already."))
    if not seen.may_settle:
        raise Conflict(_("The lead auditor of this review does that."))
    first, second = seen.verdicts
    _check_decided(seen, seen.agreement.differing, decided)
    said: dict[str, list[Any]] = {}
    for fact in seen.facts:
        before = fact.value
        if fact.key in seen.agreement.differing:
            chosen, person = decided[fact.key], actor.person_id
        else:
            chosen, person = _together(first[fact.key], second[fact.key]), seen.row.first_id
        fact.value, fact.note, fact.evidence = chosen.value, chosen.note, chosen.evidence
        mark(fact, actor, fact.value)
        fact.judged_by_id = person
        said[fact.key] = [before, fact.value]
    seen.row.settled_at, seen.row.settled_by_id = clock.now(), actor.person_id
    history.record(record_of(review), "calibration_settled", actor.person_id, changes=said)
    db.session.flush()


def _check_decided(seen: Sight, differing: tuple[str, ...], decided: Mapping[str, Said]) -> None:
    kinds = {fact.key: fact.kind for fact in seen.facts}
    for key in differing:
        said = decided.get(key, Said())
        if said.value not in VALUES[kinds[key]] or not said.complete:
            raise InvalidInput(
                {
                    "decided": [
                        _("Settle each difference with a verdict, a note and evidence: %(name)s", name=key)
                    ]
                }
            )


def _together(first: Said, second: Said) -> Said:
    """One verdict from two that agree: what both wrote."""
    join = "\n".join
    return Said(
        first.value,
        join(dict.fromkeys([first.note, second.note])),
        join(dict.fromkeys(text for text in (first.evidence, second.evidence) if text)),
    )
