"""People, roles, passwords and the first run, as services."""

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tracker.accounts import services
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.accounts.queries import get_candidates, get_signed_in, list_people
from tracker.errors import Conflict, Forbidden, InvalidInput, NotFound, WrongPassword
from tracker.history import AuditEvent, AuditHead, verify_chain
from tracker.organisations.models import CspType, Organisation, Site

FIRST = services.FirstRun(
    organisation_zh="海岸服务",
    organisation_en="",
    single_person=False,
    site_code="suzhou",
    site_zh="苏州",
    site_en="Suzhou",
    csp_type=CspType.INTERNAL,
    name_zh="",
    name_en="Lin Wei",
    email=" Lin.Wei@Example.com ",
    password=make.PASSWORD,
)


def test_an_organisation_begins_with_the_head_of_its_audit_trail(db: SQLAlchemy) -> None:
    found = services.create_organisation("coast", "海岸", "Coast")

    assert db.session.get(AuditHead, found.id) is not None


def test_a_short_name_is_taken_only_once(db: SQLAlchemy) -> None:
    services.create_organisation("coast", "海岸", "Coast")

    with pytest.raises(InvalidInput) as refused:
        services.create_organisation("coast", "别的", "Other")

    assert "slug" in refused.value.fields


def test_a_person_is_kept_with_one_form_of_the_address_and_no_password(db: SQLAlchemy) -> None:
    company = make.organisation()

    person = services.create_person(
        company.id, " Wang@Example.COM", "王芳", "", make.PASSWORD, [(None, Role.AUDITOR)]
    )

    assert person.email == "wang@example.com"
    assert person.name_en == "王芳"
    assert make.PASSWORD not in person.password_hash
    assert person.password_hash.startswith("$argon2id$")


def test_an_address_belongs_to_one_person_of_an_organisation_but_may_be_in_another(db: SQLAlchemy) -> None:
    here, there = make.organisation(), make.organisation()
    make.person(here, email="wang@example.com")

    with pytest.raises(InvalidInput) as refused:
        services.create_person(here.id, "WANG@example.com", "王", "W", make.PASSWORD, [])
    services.create_person(there.id, "wang@example.com", "王", "W", make.PASSWORD, [])

    assert "email" in refused.value.fields
    assert {found.organisation_id for found in get_candidates("wang@example.com")} == {here.id, there.id}


@pytest.mark.parametrize("password", ["short", "a" * 20, "x" * 201, "aaaabbbbcccc", "wang@example.com"])
def test_weak_passwords_are_refused(db: SQLAlchemy, password: str) -> None:
    company = make.organisation()

    with pytest.raises(InvalidInput):
        services.create_person(company.id, "wang@example.com", "王", "W", password, [])


def test_every_change_of_a_person_is_in_the_audit_trail(db: SQLAlchemy) -> None:
    company = make.organisation()
    boss = make.actor_for(make.person(company, Role.ADMINISTRATOR))
    person = services.create_person(company.id, "w@example.com", "王", "W", make.PASSWORD, [], actor=boss)

    services.grant_role(boss, person, None, Role.AUDITOR)
    services.set_active(boss, person, False)
    db.session.commit()

    entries = db.session.execute(
        sa.select(AuditEvent.entry)
        .where(AuditEvent.organisation_id == company.id)
        .order_by(AuditEvent.sequence)
    ).scalars()
    assert [
        name
        for entry in entries
        for name in ("person_added", "role_granted", "person_deactivated")
        if name in entry
    ] == [
        "person_added",
        "role_granted",
        "person_deactivated",
    ]
    assert verify_chain(company.id) is None


# ---------------------------------------------------------------- who may change whom


def test_an_administrator_of_one_site_gives_no_role_elsewhere(db: SQLAlchemy) -> None:
    company = make.organisation()
    here, there = make.site(company), make.site(company)
    local = make.actor_for(make.person(company, Role.ADMINISTRATOR, at=here))
    person = make.person(company, Role.VIEWER, at=here)

    services.grant_role(local, person, here.id, Role.AUDITOR)

    for place in (there.id, None):
        with pytest.raises(Forbidden):
            services.grant_role(local, person, place, Role.AUDITOR)


def test_an_administrator_of_one_site_cannot_reach_somebody_above(db: SQLAlchemy) -> None:
    company = make.organisation()
    here = make.site(company)
    local = make.actor_for(make.person(company, Role.ADMINISTRATOR, at=here))
    above = make.person(company, Role.ADMINISTRATOR)

    with pytest.raises(Forbidden):
        services.set_password(local, above, "another long password")
    with pytest.raises(Forbidden):
        services.set_active(local, above, False)


def test_a_role_at_a_site_of_another_organisation_is_not_found(db: SQLAlchemy) -> None:
    company, other = make.organisation(), make.organisation()
    boss = make.actor_for(make.person(company, Role.ADMINISTRATOR))
    person = make.person(company)

    with pytest.raises(NotFound):
        services.grant_role(boss, person, make.site(other).id, Role.AUDITOR)


def test_the_last_administrator_stays(db: SQLAlchemy) -> None:
    company = make.organisation()
    first = make.person(company, Role.ADMINISTRATOR)
    second = make.person(company, Role.ADMINISTRATOR, active=False)
    boss = make.actor_for(first)
    grant = db.session.execute(
        sa.select(RoleGrant).where(RoleGrant.organisation_id == company.id, RoleGrant.person_id == first.id)
    ).scalar_one()

    with pytest.raises(InvalidInput):
        services.withdraw_role(boss, first, grant.id)
    services.set_active(boss, second, True)
    services.withdraw_role(boss, first, grant.id)

    with pytest.raises(InvalidInput):
        services.set_active(boss, second, False)


def test_nobody_deactivates_themselves(db: SQLAlchemy) -> None:
    company = make.organisation()
    me = make.person(company, Role.ADMINISTRATOR)
    make.person(company, Role.ADMINISTRATOR)

    with pytest.raises(InvalidInput):
        services.set_active(make.actor_for(me), me, False)


def test_an_edit_from_an_old_page_is_a_conflict(db: SQLAlchemy) -> None:
    company = make.organisation()
    boss = make.actor_for(make.person(company, Role.ADMINISTRATOR))
    person = make.person(company)
    fields = {"name_zh": "李", "name_en": "Li", "email": "li@example.com"}

    services.edit_person(boss, person, fields, version=1)

    with pytest.raises(Conflict):
        services.edit_person(boss, person, fields | {"name_en": "Lee"}, version=1)


# ---------------------------------------------------------------- sessions


def test_a_new_password_ends_every_earlier_session(db: SQLAlchemy) -> None:
    person = make.person(make.organisation(), Role.VIEWER)
    earlier = f"{person.organisation_id}:{person.id}:{person.session_epoch}"

    services.change_own_password(make.actor_for(person), make.PASSWORD, "a completely new one")
    db.session.commit()

    assert get_signed_in(earlier) is None
    assert services.recognise(get_candidates(person.email), "a completely new one")


def test_ones_own_password_is_changed_only_with_the_present_one(db: SQLAlchemy) -> None:
    person = make.person(make.organisation(), Role.VIEWER)

    with pytest.raises(WrongPassword):
        services.change_own_password(make.actor_for(person), "guessed", "a completely new one")


def test_somebody_deactivated_is_signed_out_and_stays_out(db: SQLAlchemy) -> None:
    company = make.organisation()
    boss = make.actor_for(make.person(company, Role.ADMINISTRATOR))
    person = make.person(company, Role.VIEWER)
    earlier = f"{person.organisation_id}:{person.id}:{person.session_epoch}"

    services.set_active(boss, person, False)

    assert get_signed_in(earlier) is None
    assert get_candidates(person.email) == ()


@pytest.mark.parametrize("session_id", ["", "1", "1:2", "a:b:c", "1:2:3:4", f"{2**70}:1:0", "-1:2:0"])
def test_a_forged_session_is_nobody(db: SQLAlchemy, session_id: str) -> None:
    assert get_signed_in(session_id) is None


# ---------------------------------------------------------------- choices


def test_people_are_chosen_by_role_and_place(db: SQLAlchemy) -> None:
    company = make.organisation()
    here, there = make.site(company), make.site(company)
    everywhere = make.person(company, Role.AUDITOR)
    local = make.person(company, Role.AUDITOR, at=here)
    make.person(company, Role.AUDITOR, at=there)
    make.person(company, Role.VIEWER, at=here)
    make.person(company, Role.AUDITOR, at=here, active=False)
    make.person(make.organisation(), Role.AUDITOR)

    found = list_people(company.id, site_id=here.id, role=Role.AUDITOR)

    assert {view.id for view in found} == {everywhere.id, local.id}


# ---------------------------------------------------------------- the first run


def test_the_first_run_makes_organisation_site_and_administrator(db: SQLAlchemy) -> None:
    token = services.first_run_token()
    assert token is not None

    person = services.set_up(FIRST, token.lower().replace("-", " "))
    db.session.commit()

    assert person.email == "lin.wei@example.com"
    assert {role for _site, role in make.actor_for(person).grants} == {
        Role.ADMINISTRATOR,
        Role.QUALITY_MANAGER,
    }
    assert db.session.execute(sa.select(Site.code)).scalars().all() == ["suzhou"]
    assert services.first_run_token() is None


def test_the_first_run_happens_once_and_only_with_the_token(db: SQLAlchemy) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.set_up(FIRST, "AAAA-BBBB-CCCC-DDDD")
    assert "token" in refused.value.fields
    token = services.first_run_token()
    assert token is not None
    services.set_up(FIRST, token)

    with pytest.raises(NotFound):
        services.set_up(FIRST, token)

    assert db.session.execute(sa.select(sa.func.count()).select_from(Organisation)).scalar_one() == 1
    assert db.session.execute(sa.select(sa.func.count()).select_from(Person)).scalar_one() == 1


def test_one_person_alone_has_every_role(db: SQLAlchemy) -> None:
    from dataclasses import replace

    token = services.first_run_token()
    assert token is not None

    person = services.set_up(replace(FIRST, single_person=True), token)

    actor = make.actor_for(person)
    assert actor.single_person
    assert {role for _site, role in actor.grants} == set(Role)
