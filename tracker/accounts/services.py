"""Writes of organisations' people: sign-in, first run, people, roles and passwords."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from tracker import clock, history
from tracker.accounts.models import Person, Role, RoleGrant, SignInFailure
from tracker.accounts.passwords import hash_password, matches
from tracker.accounts.queries import any_organisation, get_actor, get_candidates, get_grants
from tracker.accounts.rules import check_password, normal_email
from tracker.accounts.viewmodels import Candidate
from tracker.database import add, db, new_id
from tracker.errors import DomainError, Forbidden, InvalidInput, NotFound, WrongPassword
from tracker.history import AuditHead, Record
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.moves import check_version
from tracker.organisations.models import CspType, Organisation, Site
from tracker.permissions import Actor

# ---------------------------------------------------------------- sign-in

WINDOW = timedelta(minutes=15)
# A whole office may sign in from one address; one mailbox belongs to one person.
EMAIL_LIMIT = 10
ADDRESS_LIMIT = 60


class TooManyAttempts(DomainError):
    """Too many refused sign-ins for this e-mail or from this address; `minutes` to wait for the next."""

    status = 429

    def __init__(self, minutes: int) -> None:
        super().__init__(_("Too many attempts. Wait %(minutes)d minutes and try again.", minutes=minutes))
        self.minutes = minutes


@dataclass(frozen=True)
class Attempt:
    """A sign-in that has been counted and not yet decided."""

    email: str
    address: str
    ids: tuple[int, int]

    @property
    def subjects(self) -> tuple[str, str]:
        """Under what the attempt is counted."""
        return f"email:{self.email}"[:300], f"address:{self.address}"[:300]


def count_attempt(email: str, address: str) -> Attempt:
    """Count a sign-in as refused until it has succeeded.

    Counting comes first and is committed by the caller, so that parallel attempts see each other.
    """
    attempt = Attempt(normal_email(email), address, (new_id(), new_id()))
    now = clock.now()
    for key, subject in zip(attempt.ids, attempt.subjects, strict=True):
        db.session.add(SignInFailure(id=key, subject=subject, at=now))
    db.session.flush()
    return attempt


def candidates_for(attempt: Attempt) -> tuple[Candidate, ...]:
    """Whom the attempt may mean. Raises TooManyAttempts, having taken the attempt back out of the count."""
    since = clock.now() - WINDOW
    rows = db.session.execute(
        sa.select(SignInFailure.subject, sa.func.count())
        .where(SignInFailure.subject.in_(attempt.subjects), SignInFailure.at > since)
        .group_by(SignInFailure.subject)
    ).all()
    counted = dict(rows)
    of_email, of_address = (counted.get(subject, 0) for subject in attempt.subjects)
    if of_email > EMAIL_LIMIT or of_address > ADDRESS_LIMIT:
        # A refused attempt must not lengthen the wait, or anybody could lock somebody out for good.
        db.session.execute(sa.delete(SignInFailure).where(SignInFailure.id.in_(attempt.ids)))
        raise TooManyAttempts(int(WINDOW.total_seconds()) // 60)
    return get_candidates(attempt.email)


def recognise(candidates: Iterable[Candidate], password: str) -> tuple[Candidate, ...]:
    """The candidates whose password this is; as slow for an unknown e-mail as for a known one."""
    found = tuple(candidates)
    if not found:
        matches("", password)
    return tuple(candidate for candidate in found if matches(candidate.password_hash, password))


def forget_attempts(attempt: Attempt) -> None:
    """A sign-in has succeeded: its e-mail starts afresh, and so does everything older than the window."""
    by_email, _by_address = attempt.subjects
    db.session.execute(
        sa.delete(SignInFailure).where(
            sa.or_(
                SignInFailure.id.in_(attempt.ids),
                SignInFailure.subject == by_email,
                SignInFailure.at < clock.now() - WINDOW,
            )
        )
    )


# ---------------------------------------------------------------- organisations and the first run


def create_organisation(slug: str, name_zh: str, name_en: str, single_person: bool = False) -> Organisation:
    """Make an organisation and the head of its audit trail. Raises InvalidInput where `slug` is taken."""
    taken = db.session.execute(sa.select(Organisation.id).where(Organisation.slug == slug)).first()
    if taken is not None:
        raise InvalidInput({"slug": [_("This short name is taken.")]})
    organisation = add(
        Organisation(
            slug=slug,
            name_zh=name_zh or name_en,
            name_en=name_en or name_zh,
            single_person=single_person,
            created_at=clock.now(),
        )
    )
    add(AuditHead(organisation_id=organisation.id))
    return organisation


def first_run_token() -> str | None:
    """The token that opens the first-run page; None once any organisation exists.

    It is derived from the secret key, so every process of an installation knows it and none has to store it.
    """
    if any_organisation():
        return None
    return _first_run_token()


def _first_run_token() -> str:
    key = current_app.config["SECRET_KEY"]
    secret = key.encode() if isinstance(key, str) else bytes(key)
    digest = hmac.new(secret, b"first-run", hashlib.sha256).digest()
    text = base64.b32encode(digest[:10]).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def is_first_run_token(token: str) -> bool:
    """Whether this is the token shown in the terminal; dashes, spaces and case do not matter."""
    given = token.replace("-", "").replace(" ", "").upper().encode()
    return hmac.compare_digest(given, _first_run_token().replace("-", "").encode())


@dataclass(frozen=True)
class FirstRun:
    """All that a new installation needs to know."""

    organisation_zh: str
    organisation_en: str
    single_person: bool
    site_code: str
    site_zh: str
    site_en: str
    csp_type: CspType
    name_zh: str
    name_en: str
    email: str
    password: str


def set_up(first: FirstRun, token: str) -> Person:
    """Make the organisation, its first site and its administrator. Raises NotFound once there is one."""
    from tracker.organisations.services import create_site

    _lock_organisations()
    if any_organisation():
        raise NotFound
    if not is_first_run_token(token):
        raise InvalidInput({"token": [_("This is not the token shown in the terminal.")]})
    organisation = create_organisation(
        "main", first.organisation_zh, first.organisation_en, single_person=first.single_person
    )
    # Whoever works alone does everything; otherwise roles are handed out on purpose.
    roles = tuple(Role) if first.single_person else (Role.ADMINISTRATOR, Role.QUALITY_MANAGER)
    person = create_person(
        organisation.id,
        first.email,
        first.name_zh,
        first.name_en,
        first.password,
        [(None, role) for role in roles],
        language=language(),
    )
    create_site(
        get_actor(organisation.id, person.id),
        code=first.site_code,
        name_zh=first.site_zh,
        name_en=first.site_en,
        csp_type=first.csp_type,
    )
    return person


def _lock_organisations() -> None:
    """Let nobody else make the first organisation at the same moment; SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(sa.text("LOCK TABLE organisations IN SHARE ROW EXCLUSIVE MODE"))


# ---------------------------------------------------------------- people


def record_of(person: Person) -> Record:
    """The person as the audit trail points to one."""
    return record_of_id(person.organisation_id, person.id)


def record_of_id(organisation_id: int, person_id: int) -> Record:
    """The same from the keys."""
    return Record(organisation_id, "person", person_id, 0)


def create_person(
    organisation_id: int,
    email: str,
    name_zh: str,
    name_en: str,
    password: str,
    roles: Iterable[tuple[int | None, Role]],
    title: str = "",
    manager_id: int | None = None,
    language: str | None = None,
    actor: Actor | None = None,
) -> Person:
    """Add a person with roles, each (site id, or None for every site; role).

    Without an actor the product itself does it (first run, demo). Raises InvalidInput (`email`, `password`),
    Forbidden where the actor may not give one of the roles.
    """
    roles = tuple(dict.fromkeys(roles))
    for site_id, _role in roles:
        _require_administration(actor, site_id)
    email = normal_email(email)
    wrong = check_password(password, email)
    if wrong:
        raise InvalidInput({"password": wrong})
    _require_free_email(organisation_id, email)
    person = add(
        Person(
            organisation_id=organisation_id,
            id=new_id(),
            email=email,
            name_zh=name_zh or name_en,
            name_en=name_en or name_zh,
            title=title,
            password_hash=hash_password(password),
            language=language,
            theme="auto",
            manager_id=manager_id,
            active=True,
            session_epoch=0,
            created_at=clock.now(),
        )
    )
    for site_id, role in roles:
        _add_grant(person, site_id, role)
    by = actor.person_id if actor else None
    granted = ", ".join(_places(organisation_id, roles))
    history.record(
        record_of(person), "person_added", by, changes={"email": [None, email], "roles": [None, granted]}
    )
    return person


def _require_free_email(organisation_id: int, email: str, but: int | None = None) -> None:
    taken = db.session.execute(
        sa.select(Person.id).where(
            Person.organisation_id == organisation_id, Person.email == email, Person.id != (but or 0)
        )
    ).first()
    if taken is not None:
        raise InvalidInput({"email": [_("Somebody with this e-mail address is in the list already.")]})


def get_person(organisation_id: int, person_id: int) -> Person:
    """The row of a person. Raises NotFound."""
    found = db.session.get(Person, (organisation_id, person_id))
    if found is None:
        raise NotFound
    return found


def edit_person(actor: Actor, person: Person, fields: dict[str, Any], version: int | None) -> None:
    """Change names, title, e-mail, language or manager. Raises Conflict, InvalidInput, Forbidden."""
    require_administers(actor, person)
    check_version(person, version)
    fields = dict(fields)
    fields["name_zh"] = fields["name_zh"] or fields["name_en"]
    fields["name_en"] = fields["name_en"] or fields["name_zh"]
    fields["email"] = normal_email(fields["email"])
    _require_free_email(person.organisation_id, fields["email"], but=person.id)
    if fields.get("manager_id") == person.id:
        raise InvalidInput({"manager_id": [_("Nobody is their own manager.")]})
    changes = {
        name: [getattr(person, name), value]
        for name, value in fields.items()
        if getattr(person, name) != value
    }
    if not changes:
        return
    for name, value in fields.items():
        setattr(person, name, value)
    history.record(record_of(person), "person_edited", actor.person_id, changes=changes)
    db.session.flush()


def set_active(actor: Actor, person: Person, active: bool, version: int | None = None) -> None:
    """Let a person in again, or out for good; the last administrator stays."""
    require_administers(actor, person)
    check_version(person, version)
    if person.active == active:
        return
    if not active and person.id == actor.person_id:
        raise InvalidInput({"active": [_("You cannot deactivate yourself; ask another administrator.")]})
    if not active:
        _keep_an_administrator(person.organisation_id, without=person.id)
        person.session_epoch += 1
    person.active = active
    history.record(
        record_of(person),
        "person_activated" if active else "person_deactivated",
        actor.person_id,
        changes={"active": [not active, active]},
    )
    db.session.flush()


# ---------------------------------------------------------------- roles


def administers(actor: Actor, site_id: int | None) -> bool:
    """Whether the actor may give roles at a site; at every site only who administers every site."""
    return any(
        role == Role.ADMINISTRATOR and (site is None or (site_id is not None and site == site_id))
        for site, role in actor.grants
    )


def administers_person(actor: Actor, sites: Iterable[int | None]) -> bool:
    """Whether the actor may change a person who holds roles at `sites`.

    An administrator of one site must not reach, by a password reset, what only somebody above may do.
    """
    sites = tuple(sites)
    return all(administers(actor, site) for site in sites) if sites else administers(actor, None)


def _require_administration(actor: Actor | None, site_id: int | None) -> None:
    if actor is not None and not administers(actor, site_id):
        raise Forbidden("person:edit")


def require_administers(actor: Actor, person: Person) -> None:
    """Raise Forbidden unless the actor may change this person."""
    sites = {grant.site_id for grant in get_grants(person.organisation_id, [person.id]).get(person.id, ())}
    if not administers_person(actor, sites):
        raise Forbidden("person:edit")


def grant_role(actor: Actor, person: Person, site_id: int | None, role: Role) -> None:
    """Give a person a role; holding it already changes nothing. Raises Forbidden, NotFound."""
    _require_administration(actor, site_id)
    if site_id is not None and db.session.get(Site, (person.organisation_id, site_id)) is None:
        raise NotFound
    held = get_grants(person.organisation_id, [person.id]).get(person.id, ())
    if any(grant.site_id == site_id and grant.role == role for grant in held):
        return
    _add_grant(person, site_id, role)
    _record_role(actor, person, "role_granted", site_id, role, given=True)


def _add_grant(person: Person, site_id: int | None, role: Role) -> None:
    add(
        RoleGrant(
            organisation_id=person.organisation_id,
            id=new_id(),
            person_id=person.id,
            site_id=site_id,
            role=role,
        )
    )


def withdraw_role(actor: Actor, person: Person, grant_id: int) -> None:
    """Take a role from a person; the last administrator keeps theirs.

    Raises Forbidden, NotFound, InvalidInput.
    """
    grant = db.session.get(RoleGrant, (person.organisation_id, grant_id))
    if grant is None or grant.person_id != person.id:
        raise NotFound
    _require_administration(actor, grant.site_id)
    if grant.role == Role.ADMINISTRATOR and grant.site_id is None:
        _keep_an_administrator(person.organisation_id, without=person.id)
    site_id, role = grant.site_id, grant.role
    db.session.delete(grant)
    _record_role(actor, person, "role_withdrawn", site_id, role, given=False)


def _record_role(
    actor: Actor, person: Person, event: str, site_id: int | None, role: Role, given: bool
) -> None:
    [text] = _places(person.organisation_id, [(site_id, role)])
    history.record(
        record_of(person), event, actor.person_id, changes={"roles": [None, text] if given else [text, None]}
    )
    db.session.flush()


def _places(organisation_id: int, roles: Iterable[tuple[int | None, Role]]) -> list[str]:
    """Roles as the trail writes them: `auditor@suzhou`, and `auditor@*` for every site."""
    roles = tuple(roles)
    wanted = {site_id for site_id, _role in roles if site_id is not None}
    rows = (
        db.session.execute(
            sa.select(Site.id, Site.code).where(Site.organisation_id == organisation_id, Site.id.in_(wanted))
        ).all()
        if wanted
        else []
    )
    codes = dict(rows)
    return [
        f"{role.value}@{'*' if site_id is None else codes.get(site_id, site_id)}" for site_id, role in roles
    ]


def _keep_an_administrator(organisation_id: int, without: int) -> None:
    """Raise InvalidInput where nobody else could administer the organisation any more.

    The organisation's row is locked, so that two administrators cannot remove each other at the same moment.
    """
    db.session.execute(sa.select(Organisation.id).where(Organisation.id == organisation_id).with_for_update())
    other = db.session.execute(
        sa.select(RoleGrant.person_id)
        .join(
            Person,
            (Person.organisation_id == RoleGrant.organisation_id) & (Person.id == RoleGrant.person_id),
        )
        .where(
            RoleGrant.organisation_id == organisation_id,
            RoleGrant.role == Role.ADMINISTRATOR,
            RoleGrant.site_id.is_(None),
            Person.active,
            Person.id != without,
        )
        .limit(1)
    ).first()
    if other is None:
        raise InvalidInput({"roles": [_("This is the last administrator. Make somebody else one first.")]})


# ---------------------------------------------------------------- passwords, sessions and preferences


def change_own_password(actor: Actor, current: str, new: str) -> Person:
    """Give oneself a new password; every session made before lapses. Raises WrongPassword, InvalidInput."""
    person = get_person(actor.organisation_id, actor.person_id)
    if not matches(person.password_hash, current):
        raise WrongPassword(_("This is not your present password."))
    _set_password(person, new)
    history.record(record_of(person), "password_changed", actor.person_id)
    db.session.flush()
    return person


def set_password(actor: Actor, person: Person, new: str) -> None:
    """Give another person a new password; all their sessions lapse. Raises Forbidden, InvalidInput."""
    require_administers(actor, person)
    if person.id == actor.person_id:
        raise InvalidInput({"password": [_("Change your own password on your account's page.")]})
    _set_password(person, new)
    history.record(record_of(person), "password_set", actor.person_id)
    db.session.flush()


def _set_password(person: Person, new: str) -> None:
    wrong = check_password(new, person.email)
    if wrong:
        raise InvalidInput({"password": wrong})
    person.password_hash = hash_password(new)
    person.session_epoch += 1


def sign_out_everywhere(actor: Actor) -> Person:
    """Let every session of a person lapse."""
    person = get_person(actor.organisation_id, actor.person_id)
    person.session_epoch += 1
    history.record(record_of(person), "signed_out_everywhere", actor.person_id)
    db.session.flush()
    return person


def set_preferences(actor: Actor, *, language: str | None = None, theme: str | None = None) -> None:
    """Keep a person's language or theme; that is no change of a record and leaves its version alone."""
    values = {name: value for name, value in (("language", language), ("theme", theme)) if value is not None}
    if not values:
        return
    db.session.execute(
        sa.update(Person)
        .where(Person.organisation_id == actor.organisation_id, Person.id == actor.person_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
