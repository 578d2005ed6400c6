"""One builder per model with sensible defaults: rows for tests, added and flushed, not committed."""

from datetime import date
from itertools import count
from typing import Any

from tracker import clock
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.accounts.passwords import hash_password
from tracker.accounts.queries import get_actor
from tracker.database import add
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.numbering import next_number
from tracker.organisations.models import CspType, Organisation, Site, Unit, UnitKind
from tracker.permissions import Actor
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review, Tier
from tracker.scores.computing import RELEASES
from tracker.scores.services import ensure_release
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

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


def unit(site: Site, code: str, kind: UnitKind = UnitKind.PROGRAMME, **fields: Any) -> Unit:
    """A programme or key position of a site."""
    wanted = {
        "organisation_id": site.organisation_id,
        "site_id": site.id,
        "kind": kind,
        "code": code,
        "name_zh": code,
        "name_en": code,
    }
    return add(Unit(**wanted | fields))


def review(site: Site, lead: Person, **fields: Any) -> Review:
    """A review that is reported and accepted."""
    wanted = {
        "organisation_id": site.organisation_id,
        "number": next_number(site.organisation_id, "review"),
        "site_id": site.id,
        "state": ReviewState.REPORTED,
        "title": "Annual review",
        "tier": Tier.STANDARD,
        "period_start": day("2025-07-01"),
        "period_end": day("2026-06-30"),
        "lead_auditor_id": lead.id,
        "reported_at": clock.now(),
        "accepted_at": clock.now(),
        "accepted_by_id": lead.id,
        "created_at": clock.now(),
    }
    return add(Review(**wanted | fields))


def current_facts(review: Review, values: dict[str, str], standard: str = "copc-2000-csp") -> FactSet:
    """The current facts of the review's site, by key: `{"2.7/unit/loan": "full"}`."""
    release = ensure_release(review.organisation_id, RELEASES[standard])
    found = add(
        FactSet(
            organisation_id=review.organisation_id,
            site_id=review.site_id,
            kind=FactSetKind.CURRENT,
            review_id=review.id,
            standard=standard,
            release_id=release.id,
            as_of=review.period_end,
        )
    )
    for position, (key, value) in enumerate(values.items()):
        element, kind, subject, *aspect = key.split("/")
        add(
            Fact(
                organisation_id=review.organisation_id,
                fact_set_id=found.id,
                key=key,
                element=element,
                kind=FactKind(kind),
                subject=subject,
                aspect=aspect[0] if aspect else "",
                value=value,
                position=position,
            )
        )
    return found
