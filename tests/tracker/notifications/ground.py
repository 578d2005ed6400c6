"""A site with a chain of people above an owner, and what they have been told."""

from dataclasses import dataclass

import sqlalchemy as sa

from tests import factories as make
from tracker.accounts.models import Person, Role
from tracker.database import db
from tracker.notifications.models import OutboxMessage
from tracker.organisations.models import Organisation, Site


@dataclass(frozen=True)
class Ground:
    """A company with one site; the owner answers to the manager, the quality manager to nobody."""

    company: Organisation
    site: Site
    owner: Person
    manager: Person
    quality: Person

    def told(self) -> list[tuple[str, str]]:
        """Kind and the name of whoever was told, in order, the yearly clock of reviews aside."""
        rows = db.session.execute(
            sa.select(OutboxMessage.kind, Person.name_en)
            .join(
                Person,
                (Person.organisation_id == OutboxMessage.organisation_id)
                & (Person.id == OutboxMessage.person_id),
            )
            .where(OutboxMessage.organisation_id == self.company.id, OutboxMessage.kind.not_like("review-%"))
            .order_by(OutboxMessage.id)
        )
        return [(kind, name) for kind, name in rows]


def lay() -> Ground:
    """The company, in an application context."""
    company = make.organisation()
    site = make.site(company, code="east", name_en="East")
    manager = make.person(company, Role.VIEWER, name_en="Manager")
    quality = make.person(company, Role.QUALITY_MANAGER, name_en="Quality")
    owner = make.person(company, Role.PROCESS_OWNER, name_en="Owner", manager_id=manager.id)
    return Ground(company, site, owner, manager, quality)
