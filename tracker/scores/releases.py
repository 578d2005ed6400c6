"""Releases of standards as an organisation keeps them: what a site, a review or a run is scored with.

Every reader takes the content from the organisation's own row, never from what ships, so a run keeps the release
it was made with, and two organisations may hold different content under one identifier.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from scoring import catalogue
from scoring.catalogue import Criterion, Item, Line, Standard
from tracker.database import db
from tracker.reviews.models import FactSet, FactSetKind
from tracker.scores.models import CatalogueRelease

# The release that a site starts with under each standard, before it has moved to another.
FIRST = {"copc-2000-csp": catalogue.COPC, "see-cmm": catalogue.SEE_CMM}


@lru_cache(maxsize=64)
def read(content: str) -> Standard:
    """The standard that a stored text describes; read once for each text. Raises `CatalogueError`."""
    return catalogue.parse(content)


_KEPT = 256
_read: dict[tuple[int, int, str], Standard] = {}


def standard_of(release: CatalogueRelease) -> Standard:
    """What a stored release says; a row whose content this process has read before need not be loaded with it."""
    if release.id is None:  # made to look ahead, and never stored
        return read(release.content)
    key = (release.organisation_id, release.id, release.content_hash)
    found = _read.get(key)
    if found is None:
        if len(_read) >= _KEPT:
            _read.clear()
        found = _read[key] = read(release.content)
    return found


def content_of(organisation_id: int, release_id: int) -> Standard:
    """What the release of a run says; from memory where the session has read it before."""
    return standard_of(db.session.get_one(CatalogueRelease, (organisation_id, release_id)))


def of_facts(organisation_id: int, site_id: int, review_id: int, standard: str) -> CatalogueRelease | None:
    """The release that a review's facts lie under, or else that of its site's current facts, or None."""
    own = FactSet.review_id == review_id
    return db.session.execute(
        sa.select(CatalogueRelease)
        .join(
            FactSet,
            (FactSet.organisation_id == CatalogueRelease.organisation_id)
            & (FactSet.release_id == CatalogueRelease.id),
        )
        .where(
            CatalogueRelease.organisation_id == organisation_id,
            FactSet.organisation_id == organisation_id,
            FactSet.site_id == site_id,
            FactSet.standard == standard,
            sa.or_(own, FactSet.kind == FactSetKind.CURRENT),
        )
        .order_by(sa.case((own, 0), else_=1), sa.case((FactSet.kind == FactSetKind.CURRENT, 0), else_=1))
        .limit(1)
    ).scalar_one_or_none()


def site_key(organisation_id: int, site_id: int, standard: str) -> str:
    """The identifier of the release that a site is scored by; the first one before its first reported review."""
    found = of_facts(organisation_id, site_id, 0, standard)
    return FIRST[standard] if found is None else found.key


# ---------------------------------------------------------------- what pages name things by


@dataclass(frozen=True)
class Known:
    """The releases that a page speaks of: those that count first, what sites start with behind them.

    What a site has left is still named on its older records, and what nobody knows is called by its identifier.
    """

    standards: Mapping[str, tuple[Standard, ...]]

    def __getitem__(self, standard: str) -> Standard:
        return self.standards[standard][0]

    def standard_of(self, element: str) -> str | None:
        """The standard that an item or criterion belongs to."""
        return next((name for name, found in self._all() if _element(found, element) is not None), None)

    def name(self, element: str, lang: str) -> str:
        """What an item or criterion is called."""
        found = next((each for _name, each in self._all() if _element(each, element) is not None), None)
        entry = None if found is None else _element(found, element)
        return element if entry is None else entry.name.of(lang)

    def names(self, lang: str) -> dict[str, str]:
        """Identifier → name of every item and criterion."""
        found: dict[str, str] = {}
        for _name, standard in self._all():
            elements: tuple[Item | Criterion, ...] = (*standard.items, *standard.criteria)
            for entry in elements:
                found.setdefault(entry.id, entry.name.of(lang))
        return found

    def criterion(self, element: str) -> Criterion | None:
        """A criterion by its identifier."""
        found = (each.criterion(element) for _name, each in self._all() if each.has_criterion(element))
        return next(found, None)

    def line(self, standard: str, line: str) -> Line | None:
        """A requirement line by its identifier."""
        return next(
            (found[line] for each in self.standards[standard] if line in (found := _lines(each))), None
        )

    def _all(self) -> Iterator[tuple[str, Standard]]:
        return ((name, each) for name, found in self.standards.items() for each in found)


def _element(standard: Standard, element: str) -> Item | Criterion | None:
    if standard.has_item(element):
        return standard.item(element)
    return standard.criterion(element) if standard.has_criterion(element) else None


def _lines(standard: Standard) -> dict[str, Line]:
    return {line.id: line for item in standard.items for line in item.lines}


@cache
def first() -> Known:
    """What a site starts with."""
    return _known({})


def _known(found: Mapping[str, Iterable[Standard]]) -> Known:
    return Known(
        {
            name: tuple(
                {each.content_hash: each for each in (*found.get(name, ()), catalogue.load(key))}.values()
            )
            for name, key in FIRST.items()
        }
    )


def of_site(organisation_id: int, site_id: int) -> Known:
    """What a site's current facts lie under: one statement, and one more for a content that is read first."""
    return _in_force(organisation_id, FactSet.site_id == site_id)


def in_use(organisation_id: int) -> Known:
    """What any site of an organisation is scored by, for pages over many sites."""
    return _in_force(organisation_id)


def _in_force(organisation_id: int, *conditions: Any) -> Known:
    rows = db.session.execute(
        sa.select(FactSet.standard, CatalogueRelease.content_hash)
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == FactSet.organisation_id)
            & (CatalogueRelease.id == FactSet.release_id),
        )
        .where(FactSet.organisation_id == organisation_id, FactSet.kind == FactSetKind.CURRENT, *conditions)
        .distinct()
        .order_by(FactSet.standard, CatalogueRelease.content_hash)
    ).all()
    found: dict[str, list[Standard]] = {}
    for standard, content_hash in rows:
        found.setdefault(standard, []).append(by_hash(organisation_id, content_hash))
    return _known(found)


def of_hashes(organisation_id: int, hashes: Mapping[str, str | None]) -> Known:
    """What stands behind hashes that were read along with something else, by the name of the standard."""
    return merged(organisation_id, [hashes])


def merged(organisation_id: int, sites: Iterable[Mapping[str, str | None]]) -> Known:
    """What stands behind the hashes of several sites."""
    found: dict[str, list[Standard]] = {}
    for hashes in sites:
        for standard, content_hash in hashes.items():
            if content_hash:
                found.setdefault(standard, []).append(by_hash(organisation_id, content_hash))
    return _known(found)


def hash_in_force(standard: str, organisation_id: Any, site_id: Any) -> "sa.ScalarSelect[str]":
    """The hash of what a site is scored by, to be read along with something else; `by_hash` takes it."""
    return (
        sa.select(CatalogueRelease.content_hash)
        .join(
            FactSet,
            (FactSet.organisation_id == CatalogueRelease.organisation_id)
            & (FactSet.release_id == CatalogueRelease.id),
        )
        .where(
            FactSet.organisation_id == organisation_id,
            FactSet.site_id == site_id,
            FactSet.standard == standard,
            FactSet.kind == FactSetKind.CURRENT,
        )
        .limit(1)
        .scalar_subquery()
    )


@cache
def _shipped() -> dict[str, Standard]:
    """What ships needs no asking."""
    return {found.content_hash: found for found in map(catalogue.load, catalogue.FILES)}


@lru_cache(maxsize=64)
def by_hash(organisation_id: int, content_hash: str) -> Standard:
    """A content that the organisation holds, by its hash; the same hash is the same text for ever."""
    return _shipped().get(content_hash) or read(
        db.session.execute(
            sa.select(CatalogueRelease.content)
            .where(
                CatalogueRelease.organisation_id == organisation_id,
                CatalogueRelease.content_hash == content_hash,
            )
            .limit(1)
        ).scalar_one()
    )
