"""Records that belong together: duplicates merged by voiding one, and one split into two (E.6)."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import add, db
from tracker.errors import InvalidInput, RefusedMove
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.nonconformities import deadlines
from tracker.nonconformities.facts import FIT_TO_KEEP, SPLITTABLE, may_hold, pins_of, record_of, subject_of
from tracker.nonconformities.models import Nonconformity, NonconformityLink, NonconformityRelation, Pin
from tracker.numbering import label
from tracker.permissions import Actor, require
from tracker.scores.sheets import PINNING
from workflows.nonconformities import NonconformityState
from workflows.repeats import Relation


def relate(nonconformity: Nonconformity, other: Nonconformity, kind: Relation) -> NonconformityRelation:
    """Write down how a record belongs to another."""
    return add(
        NonconformityRelation(
            organisation_id=nonconformity.organisation_id,
            nonconformity_id=nonconformity.id,
            other_id=other.id,
            kind=kind,
            at=clock.now(),
        )
    )


# ---------------------------------------------------------------- duplicates


def name_kept(nonconformity: Nonconformity, number: int) -> Nonconformity:
    """Name the record that stays when this one is voided as its duplicate. Raises InvalidInput."""
    kept = db.session.execute(
        sa.select(Nonconformity).where(
            Nonconformity.organisation_id == nonconformity.organisation_id,
            Nonconformity.site_id == nonconformity.site_id,
            Nonconformity.number == number,
        )
    ).scalar_one_or_none()
    if kept is None or kept.id == nonconformity.id:
        raise InvalidInput({"duplicate_of": [_("There is no such record at this site.")]})
    pins = _missing(nonconformity, kept)
    if pins and (fault := _unfit(nonconformity, kept, pins)):
        raise InvalidInput({"duplicate_of": [fault]})
    relate(nonconformity, kept, Relation.DUPLICATE)
    return kept


def forget_kept(nonconformity: Nonconformity) -> None:
    """The record is no duplicate after all."""
    db.session.execute(
        sa.delete(NonconformityRelation).where(
            NonconformityRelation.organisation_id == nonconformity.organisation_id,
            NonconformityRelation.nonconformity_id == nonconformity.id,
            NonconformityRelation.kind == Relation.DUPLICATE,
        )
    )


def carry_over(actor: Actor, nonconformity: Nonconformity) -> Nonconformity | None:
    """Let the record that is kept hold what this one held, before this one is void; None without such a record.

    Raises RefusedMove where the kept one cannot take the facts on any more.
    """
    kept = db.session.execute(
        sa.select(Nonconformity)
        .join(
            NonconformityRelation,
            (NonconformityRelation.organisation_id == Nonconformity.organisation_id)
            & (NonconformityRelation.other_id == Nonconformity.id),
        )
        .where(
            NonconformityRelation.organisation_id == nonconformity.organisation_id,
            NonconformityRelation.nonconformity_id == nonconformity.id,
            NonconformityRelation.kind == Relation.DUPLICATE,
        )
    ).scalar_one_or_none()
    if kept is None:
        return None
    pins = _missing(nonconformity, kept)
    if pins and (fault := _unfit(nonconformity, kept, pins)):
        raise RefusedMove(_("Duplicate of"), [fault])
    for pin in pins:
        db.session.add(_copy(pin, kept))
    _link(kept, _links(nonconformity.id, kept.organisation_id))
    _tell_both(actor, nonconformity, kept, "merged_into", "merged_from", [pin.key for pin in pins])
    db.session.flush()
    return kept


def _missing(nonconformity: Nonconformity, kept: Nonconformity) -> list[Pin]:
    """The facts that only the duplicate holds."""
    pins = pins_of(nonconformity.organisation_id, [nonconformity.id, kept.id])
    held = {(pin.standard, pin.key) for pin in pins[kept.id]}
    return [
        pin
        for pin in pins[nonconformity.id]
        if pin.released_at is None and (pin.standard, pin.key) not in held
    ]


def _unfit(nonconformity: Nonconformity, kept: Nonconformity, pins: Iterable[Pin]) -> str:
    """Why the kept record cannot take these facts on; empty where it can."""
    name = label("nonconformity", kept.number)
    fits = kept.state in FIT_TO_KEEP or (
        kept.state == NonconformityState.DRAFT and nonconformity.state == NonconformityState.DRAFT
    )
    if not fits:
        return _("%(record)s takes on no more facts in its present state.", record=name)
    if not all(may_hold(kept.grade, pin.standard) for pin in pins):
        return _("The grade of %(record)s lets it hold no such facts.", record=name)
    return ""


def _copy(pin: Pin, kept: Nonconformity) -> Pin:
    return Pin(
        organisation_id=kept.organisation_id,
        nonconformity_id=kept.id,
        site_id=kept.site_id,
        standard=pin.standard,
        key=pin.key,
        element=pin.element,
        kind=pin.kind,
        subject=pin.subject,
        aspect=pin.aspect,
        level=pin.level,
    )


# ---------------------------------------------------------------- splitting


def split(
    actor: Actor,
    nonconformity: Nonconformity,
    *,
    title: str,
    pin_ids: Collection[int],
    reason: str,
    version: int | None = None,
) -> Nonconformity:
    """Part some of the facts of a record off into a new one, which stands where a fresh one would.

    Its clock is that of the record it comes from, so nobody wins time by it. No fact is let go of: the pins change
    hands. Raises Forbidden, Conflict, InvalidInput, RefusedMove.
    """
    from tracker.nonconformities import services

    require(actor, "nonconformity:raise", subject_of(nonconformity))
    check_version(nonconformity, version)
    if nonconformity.state not in SPLITTABLE or nonconformity.void_requested_by_id is not None:
        raise RefusedMove(_("Split"), [_("In its present state the record is not split.")])
    pins = pins_of(nonconformity.organisation_id, [nonconformity.id])[nonconformity.id]
    moving = [pin for pin in pins if pin.id in pin_ids]
    staying = [pin for pin in pins if pin.id not in pin_ids]
    _check_split(title, moving, staying, pin_ids, reason)
    part = services.raise_draft(
        actor,
        site_id=nonconformity.site_id,
        title=title,
        grade=nonconformity.grade,
        source=nonconformity.source,
        review_id=nonconformity.review_id,
        statement=nonconformity.statement,
        evidence=nonconformity.evidence,
        owner_id=nonconformity.owner_id,
        effort=nonconformity.effort,
        links=tuple(dict.fromkeys((pin.standard, pin.element) for pin in moving)),
        repeat_of_id=nonconformity.repeat_of_id,
    )
    raised = nonconformity.state in PINNING
    for pin in moving:
        pin.nonconformity_id = part.id
    _unlink(nonconformity, moving, staying)
    relate(part, nonconformity, Relation.SPLIT)
    _tell_both(actor, part, nonconformity, "split_from", "split_off", [pin.key for pin in moving], reason)
    db.session.flush()
    if raised:
        services.make_move(actor, part, "raise", reason=reason)
        part.opened_at = nonconformity.opened_at
        opened = deadlines.opened_on(nonconformity)
        for column, value in deadlines.deadline(part, NonconformityState.OPEN, opened).items():
            setattr(part, column, value)
    db.session.flush()
    return part


def _check_split(
    title: str, moving: Collection[Pin], staying: Collection[Pin], asked: Collection[int], reason: str
) -> None:
    faults: dict[str, list[str]] = {}
    if not title.strip():
        faults["title"] = [_("Please fill this in.")]
    if not moving or len(moving) != len(set(asked)):
        faults["pins"] = [_("Choose the facts that the new record takes over.")]
    elif not staying:
        faults["pins"] = [_("At least one fact stays with this record.")]
    if not reason.strip():
        faults["reason"] = [_("Write down the reason.")]
    if faults:
        raise InvalidInput(faults)


def _unlink(nonconformity: Nonconformity, moving: Iterable[Pin], staying: Iterable[Pin]) -> None:
    """What a record touches only by the facts that it gives away, it touches no more."""
    kept = list(dict.fromkeys(pin.element for pin in staying))
    gone = {pin.element for pin in moving} - set(kept)
    for link in _links(nonconformity.id, nonconformity.organisation_id):
        if link.element in gone:
            db.session.delete(link)
    if nonconformity.element in gone:
        nonconformity.element = kept[0]


# ---------------------------------------------------------------- parts


def _links(nonconformity_id: int, organisation_id: int) -> list[NonconformityLink]:
    return list(
        db.session.execute(
            sa.select(NonconformityLink).where(
                NonconformityLink.organisation_id == organisation_id,
                NonconformityLink.nonconformity_id == nonconformity_id,
            )
        ).scalars()
    )


def _link(kept: Nonconformity, links: Iterable[NonconformityLink]) -> None:
    known = {(link.standard, link.element) for link in _links(kept.id, kept.organisation_id)}
    for link in links:
        if (link.standard, link.element) not in known:
            db.session.add(
                NonconformityLink(
                    organisation_id=kept.organisation_id,
                    nonconformity_id=kept.id,
                    number=kept.number,
                    standard=link.standard,
                    element=link.element,
                )
            )


def _tell_both(
    actor: Actor,
    one: Nonconformity,
    other: Nonconformity,
    event: str,
    back: str,
    keys: list[str],
    reason: str = "",
) -> None:
    """A line in the history of both records, each naming the other and the facts that changed hands."""
    pairs: tuple[tuple[Nonconformity, str, Nonconformity], ...] = ((one, event, other), (other, back, one))
    for record, what, there in pairs:
        changes: dict[str, Any] = {"record": [None, label("nonconformity", there.number)]}
        if keys:
            changes["pins"] = [None, ", ".join(keys)]
        history.record(record_of(record), what, actor.person_id, reason=reason, changes=changes)
