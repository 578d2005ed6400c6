"""What a review looks at: its standards, items and criteria, and the facts that each of them asks for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scoring import catalogue
from scoring.catalogue import Item, Standard
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.organisations.models import CspType, Unit
from tracker.reviews.facts import Key
from tracker.reviews.models import FactKind, Review
from tracker.scores import releases
from tracker.scores.computing import RELEASES
from tracker.scores.models import CatalogueRelease
from tracker.scores.sheets import COPC, SEE_CMM

ACHIEVING_RESULTS = "4.7"
WORD = Key(ACHIEVING_RESULTS, FactKind.WORD, "compliant")


@dataclass(frozen=True)
class Slot:
    """A fact that a review has to judge, before anybody has."""

    key: Key
    value: str = ""
    note: str = ""
    improvement_approach: bool = False


def content_of(review: Review, standard: str) -> Standard:
    """The release that a review is judged by under a standard, read once.

    Before a review has facts it is its site's own; of a standard that it does not cover it is the first release.
    """
    if standard not in standards_of(review):
        return catalogue.load(RELEASES[standard])
    known, place = _read(), (review.id, standard)
    if place not in known:
        found = releases.of_facts(review.organisation_id, review.site_id, review.id, standard)
        known[place] = catalogue.load(RELEASES[standard]) if found is None else releases.standard_of(found)
    return known[place]


def remember(review: Review, standard: str, release: CatalogueRelease) -> None:
    """What a review is judged by, from rows that have been read with it."""
    _read()[review.id, standard] = releases.standard_of(release)


def forget_contents() -> None:
    """After a site has moved to another release: nothing read before is true of its reviews any more."""
    _read().clear()


def _read() -> dict[tuple[int, str], Standard]:
    """(review, standard) → its release, as this session has read it."""
    found: dict[tuple[int, str], Standard] = db.session.info.setdefault("review_standards", {})
    return found


def known_of(*reviews: Review) -> releases.Known:
    """The releases that reviews are judged by, the first one's before the others', for what names things by them."""
    return releases.Known(
        {
            name: (*(content_of(review, name) for review in reviews), *releases.first().standards[name])
            for name in RELEASES
        }
    )


def standards_of(review: Review) -> tuple[str, ...]:
    """The standards that a review covers."""
    return tuple(name for name, covered in ((COPC, review.copc), (SEE_CMM, review.see_cmm)) if covered)


def all_elements(known: Standard, tier: str) -> tuple[str, ...]:
    """Every item of a tier, or every criterion, in catalogue order; none of a tier that the release lacks."""
    if known.family == "rows":
        return tuple(criterion.id for criterion in known.criteria)
    return tuple(item.id for item in known.items_of(tier)) if tier in known.tiers else ()


def elements_of(review: Review, standard: str) -> tuple[str, ...]:
    """The items or criteria of a review's scope, in catalogue order."""
    every = all_elements(content_of(review, standard), review.tier.value)
    return tuple(name for name in every if name in review.scope) if review.scope else every


def standard_of_element(review: Review, element: str) -> str | None:
    """The standard that an item or criterion of a review belongs to; None for an unknown one."""
    return known_of(review).standard_of(element)


def units_of(item: Item, units: Iterable[Unit]) -> tuple[Unit, ...]:
    """The units over which an item's deployment is counted."""
    return tuple(unit for unit in units if unit.kind == item.unit_kind)


def slots(review: Review, standard: str, units: Iterable[Unit], csp_type: CspType) -> Iterator[Slot]:
    """Every fact that a review has to judge under a standard, in the order of its pages."""
    known = content_of(review, standard)
    yield from slots_of(known, elements_of(review, standard), units, csp_type)


def slots_of(
    known: Standard, elements: Iterable[str], units: Iterable[Unit], csp_type: CspType
) -> Iterator[Slot]:
    """Every fact that a release asks for about these items or criteria."""
    if known.family == "rows":
        for element in elements:
            for row in known.criterion(element).rows:
                yield Slot(Key(element, FactKind.ROW, row.id))
        return
    all_units = tuple(units)
    for element in elements:
        yield from _item_slots(known.item(element), all_units, csp_type)


def _item_slots(item: Item, units: tuple[Unit, ...], csp_type: CspType) -> Iterator[Slot]:
    for line in item.lines:
        key = Key(item.id, FactKind.LINE, line.id)
        if line.csp_type is not None and line.csp_type != csp_type.value:
            # 2.1-2a and 2.1-2b are alternatives; the type of the site decides which one does not apply.
            yield Slot(
                key, "not_applicable", _("Written for the other type of CSP."), line.improvement_approach
            )
        else:
            yield Slot(key, improvement_approach=line.improvement_approach)
    for unit in units_of(item, units):
        yield Slot(Key(item.id, FactKind.UNIT, unit.code))
    if item.id == ACHIEVING_RESULTS:
        yield Slot(WORD)
