"""Sites, programmes and key positions as pages see them."""

from dataclasses import dataclass
from datetime import date

from tracker.organisations.models import CspType, UnitKind


@dataclass(frozen=True)
class SiteView:
    """A site to choose from, or to name."""

    id: int
    code: str
    name_zh: str
    name_en: str
    csp_type: CspType


@dataclass(frozen=True)
class SiteRow:
    """A line of the list of sites; counts are of what is in force today."""

    code: str
    name_zh: str
    name_en: str
    csp_type: CspType
    target_level: int
    active: bool
    programmes: int
    key_positions: int


@dataclass(frozen=True)
class UnitView:
    """A programme or key position, and where it stands in time."""

    id: int
    version: int
    kind: UnitKind
    code: str
    name_zh: str
    name_en: str
    client: str
    starts_on: date | None
    ends_on: date | None
    # "planned", "current" or "retired", seen from today.
    status: str


@dataclass(frozen=True)
class SwitchView:
    """A policy switch of a site: what is in force, what it means, and whether it is the default."""

    key: str
    rule: str
    title: str
    value: str
    meaning: str
    is_default: bool


@dataclass(frozen=True)
class SitePage:
    """All of a site."""

    id: int
    version: int
    code: str
    name_zh: str
    name_en: str
    csp_type: CspType
    target_level: int
    active: bool
    scored: bool
    programmes: tuple[UnitView, ...]
    key_positions: tuple[UnitView, ...]
    switches: tuple[SwitchView, ...]


@dataclass(frozen=True)
class Preview:
    """What a change of scope would move: (standard, total before, total after) of each standard in force."""

    effective_on: date
    totals: tuple[tuple[str, object, object], ...]
