"""The records that people talk about, watch and hand over: how each kind is found, and who may see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tracker.access import allow
from tracker.actions.queries import get_action
from tracker.actions.queries import subject_of as subject_of_action
from tracker.audits.queries import get_audit
from tracker.audits.queries import subject_of as subject_of_audit
from tracker.errors import NotFound
from tracker.history import Record
from tracker.nonconformities.reading import find as find_nonconformity
from tracker.nonconformities.services import subject_of as subject_of_nonconformity
from tracker.numbering import label
from tracker.permissions import Actor, Subject
from tracker.reviews.work import get_review
from tracker.reviews.work import subject_of as subject_of_review


@dataclass(frozen=True)
class Kind:
    """A kind of record: its pages' endpoint, and how to find one with the people it belongs to."""

    endpoint: str
    find: Callable[[Actor, int], Any]
    subject: Callable[[Any], Subject]


KINDS = {
    "review": Kind(
        "reviews.show", lambda actor, number: get_review(actor.organisation_id, number), subject_of_review
    ),
    "nonconformity": Kind("nonconformities.show", find_nonconformity, subject_of_nonconformity),
    "action": Kind("actions.show", get_action, subject_of_action),
    "audit": Kind("audits.show", get_audit, subject_of_audit),
}


@dataclass(frozen=True)
class Found:
    """A record that the person may see."""

    record: Record
    site_id: int
    title: str
    endpoint: str
    subject: Subject

    @property
    def label(self) -> str:
        """How the record is called: `NC-0012`."""
        return label(self.record.kind, self.record.number)


def find(actor: Actor, kind: str, number: int) -> Found:
    """A record of a kind by its number, once the person may see it. Raises NotFound, Forbidden."""
    known = KINDS.get(kind)
    if known is None:
        raise NotFound
    row = known.find(actor, number)
    subject = known.subject(row)
    allow(f"{kind}:view", subject)
    return Found(
        Record(row.organisation_id, kind, row.id, row.number),
        row.site_id,
        getattr(row, "title", ""),
        known.endpoint,
        subject,
    )
