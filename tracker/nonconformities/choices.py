"""The facts of an item or criterion that a non-conformity at a site can pin."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.metrics.models import Metric
from tracker.nonconformities import wording
from tracker.nonconformities.drafts import decode_pin, encode_pin
from tracker.nonconformities.facts import around
from tracker.nonconformities.models import Pin
from tracker.nonconformities.naming import fact_name, subject_names
from tracker.organisations.models import Site
from tracker.reviews.facts import PIN_ASPECTS, parse_key
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind
from tracker.scores.releases import Known
from tracker.scores.sheets import COPC


@dataclass(frozen=True)
class PinChoice:
    """A fact with a box to tick."""

    value: str
    group: str
    name: str
    words: str
    unmet: bool
    holders: tuple[str, ...]
    ticked: bool


def list_choices(
    site: Site, elements: Iterable[str], ticked: Iterable[str], releases: Known, review_id: int | None = None
) -> list[PinChoice]:
    """The facts of `elements` at a site, and those ticked already, in the order of the standards.

    A review works on its own copy of the facts: with `review_id` its values are the ones that are shown.
    """
    values = _values(site, set(elements), review_id)
    wanted = {encode_pin(*spec): unmet for spec, unmet in values.items()}
    chosen = set(ticked)
    for value in chosen:
        wanted.setdefault(value, True)
    pins = [_as_pin(site, value) for value in wanted]
    known = around(site.organisation_id, pins)
    names = subject_names(site.organisation_id, site.id, pins)
    lang = language()
    return [
        PinChoice(
            value=value,
            group=f"{pin.element} {wording.element_name(pin.element, lang, releases)}",
            name=fact_name(pin, names, lang, releases),
            words=wording.requirement(pin, lang, releases)[0],
            unmet=wanted[value],
            holders=tuple(
                known.labels[each] for each in sorted(known.holders[(pin.site_id, pin.standard, pin.key)])
            ),
            ticked=value in chosen,
        )
        for value, pin in zip(wanted, pins, strict=True)
    ]


Spec = tuple[str, str, int | None]


def _values(site: Site, elements: set[str], review_id: int | None) -> dict[Spec, bool]:
    """(standard, key, level) → whether the fact is unmet as it is recorded."""
    if not elements:
        return {}
    mine = FactSet.kind == FactSetKind.CURRENT
    if review_id is not None:
        mine = FactSet.review_id == review_id
    rows = db.session.execute(
        sa.select(FactSet.standard, Fact)
        .join(Fact, (Fact.organisation_id == FactSet.organisation_id) & (Fact.fact_set_id == FactSet.id))
        .where(
            FactSet.organisation_id == site.organisation_id,
            FactSet.site_id == site.id,
            mine,
            Fact.element.in_(elements),
            Fact.kind.in_([FactKind.LINE, FactKind.UNIT, FactKind.ROW]),
        )
        .order_by(Fact.element, Fact.position, Fact.id)
    ).all()
    found: dict[Spec, bool] = {}
    for standard, fact in rows:
        found |= _specs(standard, fact, site.target_level)
    return found | _metrics(site, elements)


def _specs(standard: str, fact: Fact, target: int) -> dict[Spec, bool]:
    if fact.kind != FactKind.ROW:
        return {(standard, fact.key, None): fact.value in ("not_met", "partial", "none")}
    level = int(fact.value or 0)
    return {
        (standard, fact.key, each): each <= target
        for each in range(level + 1, max(target, level + 1) + 1)
        if each <= 4
    }


def _metrics(site: Site, elements: set[str]) -> dict[Spec, bool]:
    rows = db.session.execute(
        sa.select(Metric.item, Metric.code)
        .where(
            Metric.organisation_id == site.organisation_id,
            Metric.site_id == site.id,
            Metric.item.in_(elements),
        )
        .order_by(Metric.item, Metric.position, Metric.number)
    )
    return {
        (COPC, f"{item}/metric/{code}/{aspect}", None): False for item, code in rows for aspect in PIN_ASPECTS
    }


def _as_pin(site: Site, value: str) -> Pin:
    """A pin that is never stored, to ask with."""
    spec = decode_pin(value)
    key = parse_key(spec.key)
    return Pin(
        organisation_id=site.organisation_id,
        nonconformity_id=0,
        site_id=site.id,
        standard=spec.standard,
        key=spec.key,
        element=key.element,
        kind=key.kind.value,
        subject=key.subject,
        aspect=key.aspect,
        level=spec.level,
    )


def unmet_words() -> str:
    """The mark of a fact that is unmet as recorded."""
    return _("not met")
