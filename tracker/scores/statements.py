"""The statements that every score asks: put together once, because that takes longer than asking them."""

from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from tracker.metrics.models import Metric
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.organisations.models import Site, Unit
from tracker.reviews.models import Fact, FactSet, FactSetKind, Overrule, Review
from tracker.scores.models import CatalogueRelease
from workflows.nonconformities import NonconformityState

COPC = "copc-2000-csp"
SEE_CMM = "see-cmm"
STANDARDS = (COPC, SEE_CMM)

# The states in which a non-conformity pins its facts: from its opening to its closure, disputed ones included.
PINNING = (
    NonconformityState.OPEN,
    NonconformityState.CONTAINED,
    NonconformityState.CORRECTING,
    NonconformityState.VERIFYING,
    NonconformityState.DISPUTED,
)


def _asked(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.BigInteger)


@cache
def currents(pinned: bool) -> Any:
    """A site's current fact sets with site, release (without its content) and tier."""
    organisation: sa.BindParameter[int] = sa.bindparam("organisation", type_=sa.BigInteger)
    found = (
        sa.select(FactSet, Site, CatalogueRelease, Review.tier.label("tier"))
        .join(Site, (Site.organisation_id == FactSet.organisation_id) & (Site.id == FactSet.site_id))
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == FactSet.organisation_id)
            & (CatalogueRelease.id == FactSet.release_id),
        )
        .join(Review, (Review.organisation_id == FactSet.organisation_id) & (Review.id == FactSet.review_id))
        .where(
            FactSet.organisation_id == organisation,
            FactSet.site_id == sa.bindparam("site", type_=sa.BigInteger),
            FactSet.kind == FactSetKind.CURRENT,
        )
        .options(sa.orm.defer(CatalogueRelease.content))
    )
    if not pinned:
        return found
    pins = sa.exists().where(
        Pin.organisation_id == organisation,
        Pin.nonconformity_id == sa.bindparam("pinned_by", type_=sa.BigInteger),
        Pin.standard == FactSet.standard,
    )
    return found.where(sa.or_(FactSet.standard == COPC, pins))


@cache
def facts() -> Any:
    """What a sheet reads of the facts of a set."""
    columns = (Fact.key, Fact.element, Fact.kind, Fact.subject, Fact.aspect, Fact.value, Fact.position)
    return (
        sa.select(*columns, Fact.improvement_approach)
        .where(Fact.organisation_id == _asked("organisation"), Fact.fact_set_id == _asked("facts"))
        .order_by(Fact.position, Fact.id)
    )


@cache
def overrules() -> Any:
    """The overrules of a set."""
    return sa.select(Overrule).where(
        Overrule.organisation_id == _asked("organisation"), Overrule.fact_set_id == _asked("facts")
    )


@cache
def units() -> Any:
    """The units of a site that are in scope on a day."""
    day: sa.BindParameter[date] = sa.bindparam("day", type_=sa.Date)
    return (
        sa.select(Unit)
        .where(
            Unit.organisation_id == _asked("organisation"),
            Unit.site_id == _asked("site"),
            sa.or_(Unit.starts_on.is_(None), Unit.starts_on <= day),
            sa.or_(Unit.ends_on.is_(None), Unit.ends_on >= day),
        )
        .order_by(Unit.position, Unit.code)
    )


@cache
def metrics() -> Any:
    """What a sheet reads of the metrics of a site."""
    return (
        sa.select(Metric.id, Metric.item, Metric.code, Metric.required, Metric.better)
        .where(Metric.organisation_id == _asked("organisation"), Metric.site_id == _asked("site"))
        .order_by(Metric.item, Metric.position, Metric.number)
    )


@cache
def gaps() -> Any:
    """The open non-conformities of a site that pin facts of a standard, with these pins."""
    return (
        sa.select(
            Nonconformity.id,
            Nonconformity.number,
            Nonconformity.grade,
            Nonconformity.state,
            Nonconformity.effort,
            Nonconformity.points_alone,
            Pin.element,
            Pin.kind,
            Pin.subject,
            Pin.aspect,
            Pin.level,
        )
        .join(
            Pin,
            (Pin.organisation_id == Nonconformity.organisation_id)
            & (Pin.nonconformity_id == Nonconformity.id),
        )
        .where(
            Nonconformity.organisation_id == _asked("organisation"),
            Pin.organisation_id == _asked("organisation"),
            Pin.site_id == _asked("site"),
            Pin.standard == sa.bindparam("standard"),
            Pin.released_at.is_(None),
            Nonconformity.state.in_(PINNING),
        )
        .order_by(Nonconformity.number, Pin.key)
    )
