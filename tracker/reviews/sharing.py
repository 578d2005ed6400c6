"""The work of a review shared among auditors: items assigned, handed in, sent back with a comment, accepted."""

from collections.abc import Iterable

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.database import db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.notifications.services import tell
from tracker.permissions import Actor
from tracker.reviews import beside, scope
from tracker.reviews.models import Assignment, AssignmentState, Fact, FactSet, FactSetKind, Review
from tracker.reviews.records import record_of
from tracker.reviews.viewmodels import is_evidenced
from tracker.reviews.work import JUDGED_KINDS, list_units
from workflows.reviews import ReviewState

BEGUN = (ReviewState.PLANNED, ReviewState.IN_PROGRESS)
TAKEN = (AssignmentState.SUBMITTED, AssignmentState.ACCEPTED)
LONGEST = 4000


def assign(actor: Actor, review: Review, elements: Iterable[str], auditor_id: int | None) -> None:
    """Give items to an auditor, or to nobody in particular. Raises Conflict, InvalidInput."""
    wanted = tuple(dict.fromkeys(elements))
    _check(review, wanted, auditor_id)
    known = {row.element: row for row in _rows(review)}
    said = {}
    for element in wanted:
        row = known.get(element)
        if row is None and auditor_id is None:
            continue
        if row is not None and row.auditor_id == auditor_id:
            continue
        said[element] = [row.auditor_id if row else None, auditor_id]
        _put(review, row, element, auditor_id)
    if said:
        history.record(
            record_of(review), "assigned", actor.person_id, changes={"items": [None, ", ".join(said)]}
        )
        tell([auditor_id], "review-assigned", record_of(review), {"items": ", ".join(said)})
    db.session.flush()


def _put(review: Review, row: Assignment | None, element: str, auditor_id: int | None) -> None:
    if auditor_id is None:
        db.session.delete(row)
        return
    if row is None:
        row = Assignment(organisation_id=review.organisation_id, review_id=review.id, element=element)
        db.session.add(row)
    row.auditor_id, row.state = auditor_id, AssignmentState.ASSIGNED
    row.comment, row.submitted_at = "", None


def _check(review: Review, elements: tuple[str, ...], auditor_id: int | None) -> None:
    if review.state not in BEGUN:
        raise Conflict(_("Items are shared out before the report only."))
    known = {each for standard in scope.standards_of(review) for each in scope.elements_of(review, standard)}
    if not elements:
        raise InvalidInput({"element": [_("Choose at least one item or criterion.")]})
    if not set(elements) <= known:
        raise NotFound
    if auditor_id is not None and not audits_at(review, auditor_id):
        raise InvalidInput({"auditor_id": [_("Choose an auditor of this site.")]})


def audits_at(review: Review, person_id: int) -> bool:
    """Whether somebody is an auditor at the site of a review, and still there."""
    return bool(
        db.session.execute(
            sa.select(
                sa.exists().where(
                    Person.organisation_id == review.organisation_id,
                    Person.id == person_id,
                    Person.active,
                    RoleGrant.organisation_id == review.organisation_id,
                    RoleGrant.person_id == Person.id,
                    RoleGrant.role.in_([Role.AUDITOR, Role.LEAD_AUDITOR]),
                    sa.or_(RoleGrant.site_id.is_(None), RoleGrant.site_id == review.site_id),
                )
            )
        ).scalar()
    )


def _rows(review: Review, elements: Iterable[str] | None = None) -> list[Assignment]:
    wanted = sa.select(Assignment).where(
        Assignment.organisation_id == review.organisation_id, Assignment.review_id == review.id
    )
    if elements is not None:
        wanted = wanted.where(Assignment.element.in_(list(elements)))
    return list(db.session.execute(wanted.order_by(Assignment.id)).scalars())


def _get(review: Review, element: str) -> Assignment:
    found = _rows(review, [element])
    if not found:
        raise NotFound
    return found[0]


def submit(actor: Actor, review: Review, element: str, version: int | None = None) -> None:
    """Hand an item in: everything of it is judged, with note and evidence. Raises NotFound, Conflict, InvalidInput.

    What the lead auditor works on needs nobody else to take it.
    """
    row = _get(review, element)
    check_version(row, version)
    if review.state != ReviewState.IN_PROGRESS:
        raise Conflict(_("Verdicts can be given only while the review is in progress."))
    if row.auditor_id not in actor.hands:
        raise Conflict(_("This item is assigned to somebody else."))
    if row.state in TAKEN:
        raise Conflict(_("This item has been handed in already."))
    if unfinished(review, element):
        raise InvalidInput(
            {"element": [_("Judge and confirm everything of this item first, with note and evidence.")]}
        )
    own = row.auditor_id == review.lead_auditor_id
    row.state = AssignmentState.ACCEPTED if own else AssignmentState.SUBMITTED
    row.submitted_at = clock.now()
    history.record(record_of(review), "submitted", actor.person_id, changes={"items": [None, element]})
    if not own:
        tell([review.lead_auditor_id], "review-submitted", record_of(review), {"items": element})
    db.session.flush()


def unfinished(review: Review, element: str) -> bool:
    """Whether a fact of an item lacks its verdict, its confirmation, its note or its evidence."""
    units = {unit.code for unit in list_units(review.organisation_id, review.site_id, clock.today())}
    rows = db.session.execute(
        sa.select(Fact)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            Fact.organisation_id == review.organisation_id,
            FactSet.review_id == review.id,
            FactSet.kind == FactSetKind.REVIEW,
            Fact.element == element,
            Fact.kind.in_(JUDGED_KINDS),
        )
    ).scalars()
    return any(
        not fact.value or fact.carried or not is_evidenced(fact.value, fact.note, fact.evidence)
        for fact in rows
        if fact.kind.value != "unit" or fact.subject in units
    )


def accept(actor: Actor, review: Review, elements: Iterable[str]) -> int:
    """Take what was handed in; how many items. Nobody takes their own work but the lead. Raises Conflict."""
    _require_lead(actor, review)
    taken = [row for row in _rows(review, elements) if row.state is AssignmentState.SUBMITTED]
    for row in taken:
        row.state = AssignmentState.ACCEPTED
    if taken:
        names = ", ".join(row.element for row in taken)
        history.record(record_of(review), "work_accepted", actor.person_id, changes={"items": [None, names]})
    db.session.flush()
    return len(taken)


def _require_lead(actor: Actor, review: Review) -> None:
    if review.lead_auditor_id not in actor.hands:
        raise Conflict(_("The lead auditor of this review does that."))


def send_back(actor: Actor, review: Review, element: str, comment: str, version: int | None = None) -> None:
    """Send an item back to its auditor, with what is to be looked at again. Raises Conflict, InvalidInput."""
    _require_lead(actor, review)
    row = _get(review, element)
    check_version(row, version)
    if row.state not in TAKEN or review.state != ReviewState.IN_PROGRESS:
        raise Conflict(_("Only what was handed in can be sent back."))
    if not comment.strip():
        raise InvalidInput({"comment": [_("Write down what is to be looked at again.")]})
    if len(comment) > LONGEST:
        raise InvalidInput({"comment": [_("At most %(count)d characters.", count=LONGEST)]})
    row.state, row.comment, row.submitted_at = AssignmentState.RETURNED, comment.strip(), None
    history.record(
        record_of(review),
        "sent_back",
        actor.person_id,
        reason=row.comment,
        changes={"items": [None, element]},
    )
    tell([row.auditor_id], "review-sent-back", record_of(review), {"items": element, "comment": row.comment})
    db.session.flush()


# ---------------------------------------------------------------- who may judge what


def closed_to(actor: Actor, review: Review, elements: Iterable[str]) -> dict[str, str]:
    """Items whose facts this person may not judge now → why, in words."""
    return why_closed(actor, review, beside.read(review), elements)


def why_closed(actor: Actor, review: Review, found: beside.Beside, elements: Iterable[str]) -> dict[str, str]:
    """The same from what is already read."""
    wanted = set(elements)
    closed = {
        element: _("Two auditors judge this item without seeing each other's verdicts; it is settled first.")
        for element, row in found.calibrations.items()
        if element in wanted and not row.settled
    }
    if review.lead_auditor_id in actor.hands:
        return closed
    for element, row in found.assignments.items():
        if element not in wanted or element in closed:
            continue
        if row.auditor_id not in actor.hands:
            closed[element] = _("This item is assigned to %(name)s.", name=row.auditor)
        elif row.state in TAKEN:
            closed[element] = _("This item has been handed in; the lead auditor can send it back.")
    return closed


def require_open(actor: Actor, review: Review, elements: Iterable[str]) -> None:
    """Raise Conflict where one of the items is not this person's to judge now."""
    for element, why in closed_to(actor, review, elements).items():
        raise Conflict(f"{element}: {why}")
