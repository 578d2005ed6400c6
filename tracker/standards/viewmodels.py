"""What the pages of releases show."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True)
class ReleaseRow:
    """A release that sites of the organisation can be scored by, and how many are."""

    key: str
    name: str
    shipped: bool
    tiers: tuple[str, ...]
    elements: int
    sites: tuple[str, ...]
    content_hash: str
    loaded_at: datetime | None


@dataclass(frozen=True)
class StandardHere:
    """A standard at a site: the release in force, and those that it can move to."""

    standard: str
    title: str
    release: str
    tier: str
    version: int
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MovedItem:
    """An item or criterion that a move of release touches; None where it is not in that release or is blank."""

    id: str
    name: str
    before: Fraction | None
    after: Fraction | None
    maximum_before: Fraction | None
    maximum_after: Fraction | None

    @property
    def joins(self) -> bool:
        return self.maximum_before is None

    @property
    def leaves(self) -> bool:
        return self.maximum_after is None


@dataclass(frozen=True)
class MovePreview:
    """All that a move of release would change, before anybody confirms it."""

    standard: str
    release_before: str
    release_after: str
    before: Fraction
    after: Fraction
    maximum_before: Fraction
    maximum_after: Fraction
    verdict_before: str
    verdict_after: str
    items: tuple[MovedItem, ...]
    blanks: int
    parked: int
    gaps: tuple[tuple[int, str, str], ...]
    reviews: tuple[tuple[int, str], ...]
    lost_tiers: tuple[str, ...]

    @property
    def change(self) -> Fraction:
        return self.after - self.before
