"""People as pages see them."""

from dataclasses import dataclass
from datetime import datetime

from tracker.accounts.models import Role


@dataclass(frozen=True)
class PersonView:
    """Somebody to choose from, or to name."""

    id: int
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class GrantView:
    """One role of a person; without a site it holds at every one."""

    id: int
    role: Role
    site_id: int | None
    site_code: str = ""
    site_name_zh: str = ""
    site_name_en: str = ""


@dataclass(frozen=True)
class PersonRow:
    """A line of the list of people."""

    id: int
    name_zh: str
    name_en: str
    email: str
    title: str
    active: bool
    grants: tuple[GrantView, ...] = ()


@dataclass(frozen=True)
class PeoplePage:
    """One page of the list, and the keys of its neighbours."""

    rows: tuple[PersonRow, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class PersonPage:
    """All of one person."""

    id: int
    version: int
    name_zh: str
    name_en: str
    email: str
    title: str
    language: str | None
    active: bool
    manager_id: int | None
    created_at: datetime
    grants: tuple[GrantView, ...]


@dataclass(frozen=True)
class Candidate:
    """A person whom an e-mail address may mean, before the password has been looked at."""

    organisation_id: int
    organisation_zh: str
    organisation_en: str
    person_id: int
    epoch: int
    language: str | None
    password_hash: str

    @property
    def session_id(self) -> str:
        """What the session keeps: `organisation:person:epoch`."""
        return f"{self.organisation_id}:{self.person_id}:{self.epoch}"


@dataclass(frozen=True)
class ChangeView:
    """A line of the audit trail as a page shows it (the fields of the `history` macro)."""

    what: str
    who: str
    when: str
    detail: str = ""
    quote: str = ""
