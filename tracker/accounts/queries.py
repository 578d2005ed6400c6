"""Reads of people and their roles."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.accounts.viewmodels import (
    Candidate,
    GrantView,
    PeoplePage,
    PersonPage,
    PersonRow,
    PersonView,
)
from tracker.database import MAX_ID, db
from tracker.errors import NotFound
from tracker.i18n import language
from tracker.notifications.models import OutboxMessage
from tracker.organisations.models import Organisation, Site
from tracker.permissions import Actor
from tracker.work.models import Delegation


@dataclass(frozen=True)
class SignedIn:
    """The signed-in person as the session library wants one."""

    actor: Actor
    email: str
    language: str | None
    theme: str
    epoch: int
    unread: int = 0
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @property
    def name_zh(self) -> str:
        return self.actor.name_zh

    @property
    def name_en(self) -> str:
        return self.actor.name_en

    @property
    def name(self) -> str:
        """The name in the language of this request."""
        return self.actor.name(language())

    def get_id(self) -> str:
        """`organisation:person:epoch`, kept in the signed session."""
        return f"{self.actor.organisation_id}:{self.actor.person_id}:{self.epoch}"


_P, _O, _G = Person.__table__.c, Organisation.__table__.c, RoleGrant.__table__.c
_M = OutboxMessage.__table__.c

# Beyond this a number says no more than "many".
MANY = 99
_FIRST_UNREAD = (
    sa.select(_M.id)
    .where(
        _M.organisation_id == sa.bindparam("organisation"),
        _M.person_id == sa.bindparam("person"),
        _M.read_at.is_(None),
    )
    .limit(MANY + 1)
    .subquery()
)
_UNREAD = sa.select(sa.func.count()).select_from(_FIRST_UNREAD).scalar_subquery().label("unread")
_D = Delegation.__table__.c

# Put together once, and of tables rather than mapped classes: every request begins with it.
_SIGNED_IN = (
    sa.select(
        _P.name_zh,
        _P.name_en,
        _P.email,
        _P.language,
        _P.theme,
        _O.single_person,
        _G.site_id,
        _G.role,
        _D.person_id.label("absent"),
        _UNREAD,
    )
    .select_from(Person.__table__)
    .join(Organisation.__table__, _O.id == _P.organisation_id)
    .outerjoin(
        Delegation.__table__,
        (_D.organisation_id == _P.organisation_id)
        & (_D.deputy_id == _P.id)
        & (_D.from_on <= sa.bindparam("today", type_=sa.Date()))
        & (_D.until_on >= sa.bindparam("today", type_=sa.Date()))
        & _D.ended_at.is_(None),
    )
    # A deputy has the roles of those stood in for beside the own ones; administration is never lent.
    .outerjoin(
        RoleGrant.__table__,
        (_G.organisation_id == _P.organisation_id)
        & ((_G.person_id == _P.id) | ((_G.person_id == _D.person_id) & (_G.role != Role.ADMINISTRATOR))),
    )
    .where(
        _P.organisation_id == sa.bindparam("organisation"),
        _P.id == sa.bindparam("person"),
        _P.session_epoch == sa.bindparam("epoch"),
        _P.active,
    )
)


def get_signed_in(session_id: str) -> SignedIn | None:
    """The person behind a session, with roles and those stood in for, in one statement; None once it has lapsed."""
    try:
        organisation_id, person_id, epoch = (int(part) for part in session_id.split(":"))
    except ValueError:
        return None
    if not all(0 <= number <= MAX_ID for number in (organisation_id, person_id, epoch)):
        return None
    rows = db.session.execute(
        _SIGNED_IN,
        {"organisation": organisation_id, "person": person_id, "epoch": epoch, "today": clock.today()},
    ).all()
    if not rows:
        return None
    first = rows[0]
    actor = Actor(
        organisation_id=organisation_id,
        person_id=person_id,
        name_zh=first.name_zh,
        name_en=first.name_en,
        grants=frozenset((row.site_id, Role(row.role)) for row in rows if row.role is not None),
        single_person=first.single_person,
        acting_for=frozenset(row.absent for row in rows if row.absent is not None),
    )
    return SignedIn(actor, first.email, first.language, first.theme, epoch, first.unread)


def get_actor(organisation_id: int, person_id: int) -> Actor:
    """The actor for a person by key: for commands, the demo and tests."""
    epoch = db.session.execute(
        sa.select(Person.session_epoch).where(
            Person.organisation_id == organisation_id, Person.id == person_id
        )
    ).scalar_one()
    found = get_signed_in(f"{organisation_id}:{person_id}:{epoch}")
    if found is None:
        raise LookupError(f"no active person {person_id}")
    return found.actor


# ---------------------------------------------------------------- before anybody is recognised


def any_organisation() -> bool:
    """Whether anybody has set this installation up."""
    return db.session.execute(sa.select(Organisation.id).limit(1)).first() is not None


def get_candidates(email: str) -> tuple[Candidate, ...]:
    """Everybody with this e-mail address who may sign in, in whichever organisation."""
    rows = db.session.execute(
        sa.select(Person, Organisation.name_zh, Organisation.name_en)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(Person.email == email, Person.active, Person.password_hash != "")
        .order_by(Organisation.id)
        .limit(20)
    )
    return tuple(
        Candidate(
            organisation_id=person.organisation_id,
            organisation_zh=name_zh,
            organisation_en=name_en,
            person_id=person.id,
            epoch=person.session_epoch,
            language=person.language,
            password_hash=person.password_hash,
        )
        for person, name_zh, name_en in rows
    )


# ---------------------------------------------------------------- people of an organisation

# A choice longer than this is searched, not scrolled.
CHOICES = 500


def list_people(
    organisation_id: int, site_id: int | None = None, role: Role | Collection[Role] | None = None
) -> list[PersonView]:
    """The active people to choose from, by name: those with any role at the site, or one of `role` there."""
    statement = (
        sa.select(_P.id, _P.name_zh, _P.name_en)
        .where(_P.organisation_id == organisation_id, _P.active)
        .order_by(_P.name_en, _P.id)
        .limit(CHOICES)
    )
    if site_id is not None or role is not None:
        held = sa.select(RoleGrant.person_id).where(RoleGrant.organisation_id == organisation_id)
        if site_id is not None:
            held = held.where(sa.or_(RoleGrant.site_id.is_(None), RoleGrant.site_id == site_id))
        if role is not None:
            held = held.where(RoleGrant.role.in_([role] if isinstance(role, Role) else list(role)))
        statement = statement.where(_P.id.in_(held))
    return [PersonView(*row) for row in db.session.execute(statement)]


def get_names(organisation_id: int, person_ids: Iterable[int | None]) -> dict[int, PersonView]:
    """The names of some people by id, the inactive ones too."""
    wanted = {person for person in person_ids if person is not None}
    if not wanted:
        return {}
    rows = db.session.execute(
        sa.select(Person.id, Person.name_zh, Person.name_en).where(
            Person.organisation_id == organisation_id, Person.id.in_(wanted)
        )
    )
    return {row.id: PersonView(*row) for row in rows}


def get_grants(organisation_id: int, person_ids: Collection[int]) -> dict[int, tuple[GrantView, ...]]:
    """The roles of some people with the names of the sites, in one statement; those for every site first."""
    found: dict[int, list[GrantView]] = defaultdict(list)
    rows = db.session.execute(
        sa.select(RoleGrant, Site.code, Site.name_zh, Site.name_en)
        .outerjoin(Site, (Site.organisation_id == RoleGrant.organisation_id) & (Site.id == RoleGrant.site_id))
        .where(RoleGrant.organisation_id == organisation_id, RoleGrant.person_id.in_(person_ids))
    )
    order = list(Role)
    for grant, code, name_zh, name_en in rows:
        found[grant.person_id].append(
            GrantView(grant.id, grant.role, grant.site_id, code or "", name_zh or "", name_en or "")
        )
    return {
        person: tuple(sorted(grants, key=lambda grant: (grant.site_code, order.index(grant.role))))
        for person, grants in found.items()
    }


def list_people_page(
    organisation_id: int,
    *,
    search: str = "",
    inactive: bool = False,
    after: str = "",
    before: str = "",
    size: int = 50,
) -> PeoplePage:
    """One page of the people, by name; `after` and `before` are keys that an earlier page gave."""
    statement = sa.select(Person).where(
        Person.organisation_id == organisation_id, Person.active.is_(not inactive)
    )
    if search:
        wanted = search.casefold()
        columns = (Person.name_zh, Person.name_en, Person.email)
        statement = statement.where(
            sa.or_(*(sa.func.lower(column).contains(wanted, autoescape=True) for column in columns))
        )
    backwards = bool(before)
    key = _read_key(before or after)
    place = sa.tuple_(Person.name_en, Person.id)
    if key is not None:
        statement = statement.where(place < key if backwards else place > key)
    order = (Person.name_en.desc(), Person.id.desc()) if backwards else (Person.name_en, Person.id)
    people = list(db.session.execute(statement.order_by(*order).limit(size + 1)).scalars())
    more = len(people) > size
    people = people[:size]
    if backwards:
        people.reverse()
    grants = get_grants(organisation_id, [person.id for person in people]) if people else {}
    rows = tuple(
        PersonRow(
            person.id,
            person.name_zh,
            person.name_en,
            person.email,
            person.title,
            person.active,
            grants.get(person.id, ()),
        )
        for person in people
    )
    has_previous = more if backwards else key is not None
    has_next = key is not None if backwards else more
    return PeoplePage(
        rows,
        before=_write_key(rows[0]) if rows and has_previous else None,
        after=_write_key(rows[-1]) if rows and has_next else None,
    )


def _write_key(row: PersonRow) -> str:
    return f"{row.id}~{row.name_en}"


def _read_key(text: str) -> Any:
    """The place in the list that a key names; None for none, and for one that nobody has been given."""
    head, mark, name = text.partition("~")
    if not mark or not head.isascii() or not head.isdigit() or len(head) > 18:
        return None
    return sa.tuple_(sa.literal(name), sa.literal(int(head), sa.BigInteger))


def get_person_page(organisation_id: int, person_id: int) -> PersonPage:
    """All of a person. Raises NotFound."""
    person = db.session.execute(
        sa.select(Person).where(Person.organisation_id == organisation_id, Person.id == person_id)
    ).scalar_one_or_none()
    if person is None:
        raise NotFound
    return PersonPage(
        id=person.id,
        version=person.version,
        name_zh=person.name_zh,
        name_en=person.name_en,
        email=person.email,
        title=person.title,
        language=person.language,
        active=person.active,
        manager_id=person.manager_id,
        created_at=person.created_at,
        grants=get_grants(organisation_id, [person.id]).get(person.id, ()),
    )


def get_trail(organisation_id: int, kind: str, record_id: int, limit: int = 20) -> list[Any]:
    """The latest lines of a record's history with the names of those who acted: (event, name_zh, name_en)."""
    event = history.HistoryEvent
    rows = db.session.execute(
        sa.select(event, Person.name_zh, Person.name_en)
        .outerjoin(Person, (Person.organisation_id == event.organisation_id) & (Person.id == event.person_id))
        .where(
            event.organisation_id == organisation_id, event.record_kind == kind, event.record_id == record_id
        )
        .order_by(event.id.desc())
        .limit(limit)
    )
    return list(rows)
