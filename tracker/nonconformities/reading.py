"""Everything about one record, read once for its page and its moves."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from tracker import undo
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.nonconformities.cases import related_text
from tracker.nonconformities.facts import (
    UNREPORTED,
    Around,
    Work,
    around,
    gathered,
    pins_of,
    work_of,
)
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.models import Review
from tracker.scores.releases import Known, hash_in_force, of_hashes
from tracker.scores.sheets import COPC, SEE_CMM
from tracker.undo import MoveUndo
from workflows.facts import NonconformityFacts
from workflows.nonconformities import NonconformityState


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
