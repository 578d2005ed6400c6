"""A small company for the journey: one site, two programmes, two key positions, and a person for each role."""

from dataclasses import dataclass

from flask import Flask

from tracker.accounts.models import Role
from tracker.accounts.services import create_organisation, create_person
from tracker.database import db
from tracker.organisations.models import UnitKind
from tracker.organisations.services import add_unit, create_site

PASSWORD = "a loop of seven people"
SITE = "wuxi"

PEOPLE = {
    "lead": ("Lin Zhao", Role.LEAD_AUDITOR),
    "manager": ("Mei Tan", Role.QUALITY_MANAGER),
    "auditor": ("Ada Zhu", Role.AUDITOR),
    "owner": ("Omar Pei", Role.PROCESS_OWNER),
    "worker": ("Wen Ding", Role.ACTION_OWNER),
    "approver": ("Anna Gao", Role.APPROVER),
    "verifier": ("Vera Han", Role.VERIFIER),
}
UNITS = {
    UnitKind.PROGRAMME: {"hotline": ("热线", "Hotline"), "chat": ("在线", "Chat")},
    UnitKind.KEY_POSITION: {"agent": ("客服代表", "Agent"), "planner": ("排班师", "Planner")},
}


@dataclass(frozen=True)
class Colleague:
    """How somebody signs in and is called."""

    email: str
    name: str


def found_company(app: Flask) -> dict[str, Colleague]:
    """Create it through the services and hand back the people by their part in the loop."""
    with app.app_context():
        organisation = create_organisation("wuxi-contact", "无锡联络", "Wuxi Contact")
        site = create_site(
            None,
            code=SITE,
            name_zh="无锡联络中心",
            name_en="Wuxi contact centre",
            organisation_id=organisation.id,
        )
        for kind, units in UNITS.items():
            for code, (zh, en) in units.items():
                add_unit(None, site, kind=kind, code=code, name_zh=zh, name_en=en)
        for key, (name, role) in PEOPLE.items():
            create_person(organisation.id, _email(key), name, name, PASSWORD, [(site.id, role)])
        db.session.commit()
    return {key: Colleague(_email(key), name) for key, (name, _role) in PEOPLE.items()}


def _email(key: str) -> str:
    return f"{key}@wuxi.example"
