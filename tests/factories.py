"""One builder per model with sensible defaults: rows for tests, added and flushed, not committed."""

from datetime import date
from itertools import count
from typing import Any

from tracker import clock
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.accounts.passwords import hash_password
from tracker.accounts.queries import get_actor
from tracker.database import add, db
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.numbering import next_number
from tracker.organisations.models import CspType, Organisation, Site
from tracker.permissions import Actor
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState

PASSWORD = "correct horse battery"
_serial = count(1)
_hash: list[str] = []


def password_hash() -> str:
    """The hash of PASSWORD, computed once for the whole run because it is slow by design."""
    if not _hash:
        _hash.append(hash_password(PASSWORD))
    return _hash[0]


def organisation(**fields: Any) -> Organisation:
    """A company of its own."""
    serial = next(_serial)
    wanted = {
        "slug": f"company-{serial}",
        "name_zh": f"公司{serial}",
        "name_en": f"Company {serial}",
        "created_at": clock.now(),
    }
    return add(Organisation(**wanted | fields))


def site(organisation: Organisation, **fields: Any) -> Site:
    """A site of a company."""
    serial = next(_serial)
    wanted = {
        "organisation_id": organisation.id,
        "code": f"S{serial}",
        "name_zh": f"地点{serial}",
        "name_en": f"Site {serial}",
        "csp_type": CspType.THIRD_PARTY,
    }
    return add(Site(**wanted | fields))


def person(organisation: Organisation, *roles: Role, at: Site | None = None, **fields: Any) -> Person:
    """Somebody who can sign in with PASSWORD; the roles hold at one site, or at every one."""
    serial = next(_serial)
    wanted = {
        "organisation_id": organisation.id,
        "email": f"person{serial}@example.com",
        "name_zh": f"员工{serial}",
        "name_en": f"Person {serial}",
        "password_hash": password_hash(),
        "created_at": clock.now(),
    }
    found = add(Person(**wanted | fields))
    for role in roles:
        add(
            RoleGrant(
                organisation_id=organisation.id,
                person_id=found.id,
                site_id=None if at is None else at.id,
                role=role,
            )
        )
    return found


def actor_for(person: Person) -> Actor:
    """The person as services know whoever acts."""
    return get_actor(person.organisation_id, person.id)


def nonconformity(site: Site, owner: Person, **fields: Any) -> Nonconformity:
    """A non-conformity that is under control and waits for an action."""
    number = next_number(site.organisation_id, "nonconformity")
    wanted = {
        "organisation_id": site.organisation_id,
        "site_id": site.id,
        "number": number,
        "state": NonconformityState.CONTAINED,
        "grade": Grade.MINOR,
        "source": Source.MONITORING,
        "title": f"Callbacks are late {number}",
        "statement": "Callbacks come later than promised.",
        "evidence": "12 of 60 calls sampled in March.",
        "element": "2.2",
        "unpinned_reason": "An isolated lapse.",
        "owner_id": owner.id,
        "raised_by_id": owner.id,
        "opened_at": clock.now(),
        "accepted_at": clock.now(),
        "correction": "Everybody was called back.",
        "created_at": clock.now(),
    }
    return add(Nonconformity(**wanted | fields))


def pin(nonconformity: Nonconformity, key: str, **fields: Any) -> Pin:
    """A fact that a non-conformity holds."""
    element, kind, subject, *aspect = key.split("/")
    wanted = {
        "organisation_id": nonconformity.organisation_id,
        "nonconformity_id": nonconformity.id,
        "site_id": nonconformity.site_id,
        "standard": "copc-2000-csp",
        "key": key,
        "element": element,
        "kind": kind,
        "subject": subject,
        "aspect": aspect[0] if aspect else "",
    }
    return add(Pin(**wanted | fields))


def day(text: str) -> date:
    """A date written as `2026-03-01`."""
    return date.fromisoformat(text)
