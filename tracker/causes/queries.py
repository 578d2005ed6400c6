"""Reads of causes across the register: counted by category, listed with their records, shared between places."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.actions.models import Action, ActionNonconformity, Cause
from tracker.causes.viewmodels import Category, CauseRow, SharedCause
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.nonconformities import wording
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.models import FactKind
from tracker.scores.releases import Known
from workflows.actions import ActionState
from workflows.fishbone import rib_title
from workflows.kinds import CauseKind
from workflows.pareto import pareto

PERIODS = {"90": 90, "365": 365, "730": 730}
LISTED = 50
SHARED = 20
NO_RIB = "-"
"""Stands in an address for causes that hang on no rib."""


@dataclass(frozen=True)
class Filter:
    """What the page is narrowed to, as it stands in the address; what cannot be read narrows nothing."""

    site: str = ""
    item: str = ""
    period: str = ""
    kind: str = CauseKind.ROOT.value
    category: str = ""
    verified: bool = False


def read_filter(args: Mapping[str, str], known: Known) -> Filter:
    """The filter out of an address."""
    kind = args.get("kind", CauseKind.ROOT.value)
    item = args.get("item", "")
    period = args.get("period", "")
    return Filter(
        site=args.get("site", "")[:40],
        item=item if known.standard_of(item) else "",
        period=period if period in PERIODS else "",
        kind=kind if kind == "all" or kind in set(CauseKind) else CauseKind.ROOT.value,
        category=args.get("category", "")[:40],
        verified=args.get("verified") == "1",
    )


def category_title(code: str) -> str:
    """What a category is called; causes that hang on no rib have none."""
    return rib_title(code).of(language()) if code and code != NO_RIB else _("On no rib")


# ---------------------------------------------------------------- what is counted


def _conditions(actor: Actor, wanted: Filter) -> list[Any]:
    """What a cause must fulfil; it counts once, however many records its action answers."""
    found: list[Any] = [
        Cause.organisation_id == actor.organisation_id,
        Action.state != ActionState.CANCELLED,
        Cause.kind.is_not(None) if wanted.kind == "all" else Cause.kind == CauseKind(wanted.kind),
    ]
    sites = actor.sites()
    if sites is not None:
        found.append(Action.site_id.in_(sorted(sites)))
    if wanted.site:
        found.append(Site.code == wanted.site)
    if wanted.period:
        found.append(Action.created_at >= _since(wanted.period))
    if wanted.verified:
        found.append(Cause.verified_at.is_not(None))
    if wanted.item:
        found.append(_touches(wanted.item))
    return found


def _since(period: str) -> datetime:
    return clock.now() - timedelta(days=PERIODS[period])


def _touches(item: str) -> Any:
    """That the action answers a record that touches an item."""
    return (
        sa.select(sa.literal(1))
        .select_from(ActionNonconformity)
        .join(
            NonconformityLink,
            (NonconformityLink.organisation_id == ActionNonconformity.organisation_id)
            & (NonconformityLink.nonconformity_id == ActionNonconformity.nonconformity_id),
        )
        .where(
            ActionNonconformity.organisation_id == Action.organisation_id,
            ActionNonconformity.action_id == Action.id,
            NonconformityLink.element == item,
        )
        .correlate(Action)
        .exists()
    )


def _causes(*columns: Any) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(Cause)
        .join(Action, (Action.organisation_id == Cause.organisation_id) & (Action.id == Cause.action_id))
        .join(Site, (Site.organisation_id == Action.organisation_id) & (Site.id == Action.site_id))
    )


def count_categories(actor: Actor, wanted: Filter) -> tuple[Category, ...]:
    """The Pareto of categories under the filter (the category itself aside), in one statement."""
    rows = db.session.execute(
        _causes(
            Cause.rib,
            sa.func.count(),
            sa.func.count(Cause.verified_at),
            sa.func.count(Action.id.distinct()),
            sa.func.count(Action.site_id.distinct()),
        )
        .where(*_conditions(actor, wanted))
        .group_by(Cause.rib)
    ).all()
    known = {row[0]: row for row in rows}
    total = sum(row[1] for row in rows)
    found = []
    for bar in pareto({code: row[1] for code, row in known.items()}):
        _rib, count, verified, actions, sites = known[bar.category]
        found.append(
            Category(
                code=bar.category or NO_RIB,
                title=category_title(bar.category),
                count=count,
                verified=verified,
                actions=actions,
                sites=sites,
                share=_percent(Fraction(count, total)),
                cumulative=_percent(bar.cumulative),
                vital=bar.vital,
            )
        )
    return tuple(found)


def _percent(share: Fraction) -> str:
    """A share in whole percent, which reads 100 only when it is all."""
    whole = int(share * 100 + Fraction(1, 2))
    return f"{min(whole, 99) if share < 1 else 100}%"


# ---------------------------------------------------------------- which they are


def list_causes(actor: Actor, wanted: Filter) -> tuple[CauseRow, ...]:
    """The newest causes under the filter with their actions and records: two statements."""
    conditions = _conditions(actor, wanted)
    if wanted.category:
        conditions.append(Cause.rib == ("" if wanted.category == NO_RIB else wanted.category))
    rows = db.session.execute(
        _causes(
            Cause.text,
            Cause.rib,
            Cause.kind,
            Cause.verified_at,
            Cause.controllable,
            Action.id.label("action_id"),
            Action.number,
            Action.title,
            Site.name_zh,
            Site.name_en,
        )
        .where(*conditions)
        .order_by(Action.number.desc(), Cause.position, Cause.id)
        .limit(LISTED)
    ).all()
    records = _records(actor, {row.action_id for row in rows})
    lang = language()
    return tuple(
        CauseRow(
            text=row.text,
            category=category_title(row.rib),
            kind=row.kind.of(lang) if row.kind is not None else "",
            verified=row.verified_at is not None,
            controllable=row.controllable,
            action=row.number,
            action_label=label("action", row.number),
            action_title=row.title,
            site=pick(row.name_zh, row.name_en),
            records=records.get(row.action_id, ()),
        )
        for row in rows
    )


def _records(actor: Actor, ids: set[int]) -> dict[int, tuple[tuple[int, str], ...]]:
    """Action → number and label of the non-conformities that it answers."""
    found: dict[int, tuple[tuple[int, str], ...]] = {}
    if not ids:
        return found
    for action_id, number in db.session.execute(
        sa.select(ActionNonconformity.action_id, Nonconformity.number)
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ActionNonconformity.organisation_id)
            & (Nonconformity.id == ActionNonconformity.nonconformity_id),
        )
        .where(
            ActionNonconformity.organisation_id == actor.organisation_id,
            ActionNonconformity.action_id.in_(sorted(ids)),
        )
        .order_by(Nonconformity.number)
    ):
        found[action_id] = (*found.get(action_id, ()), (number, label("nonconformity", number)))
    return found


# ---------------------------------------------------------------- shared between places


def list_shared(actor: Actor, wanted: Filter, known: Known) -> tuple[SharedCause, ...]:
    """The same category of cause at the same item in more than one action, the most widespread first.

    Sites, programmes (units whose deployment is held) and repeats are counted, in one statement.
    """
    programme = sa.case((Pin.kind == FactKind.UNIT.value, Pin.subject))
    repeat = sa.case((Nonconformity.repeat_of_id.is_not(None), Nonconformity.id))
    sites = sa.func.count(Action.site_id.distinct())
    programmes = sa.func.count(programme.distinct())
    actions = sa.func.count(Action.id.distinct())
    causes = sa.func.count(Cause.id.distinct())
    rows = db.session.execute(
        _causes(
            Nonconformity.element,
            Cause.rib,
            sites,
            programmes,
            actions,
            causes,
            sa.func.count(repeat.distinct()),
        )
        .join(
            ActionNonconformity,
            (ActionNonconformity.organisation_id == Action.organisation_id)
            & (ActionNonconformity.action_id == Action.id),
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ActionNonconformity.organisation_id)
            & (Nonconformity.id == ActionNonconformity.nonconformity_id),
        )
        .outerjoin(
            Pin,
            (Pin.organisation_id == Nonconformity.organisation_id)
            & (Pin.nonconformity_id == Nonconformity.id),
        )
        .where(*_conditions(actor, wanted), Cause.rib != "", Nonconformity.element != "")
        .group_by(Nonconformity.element, Cause.rib)
        .having(sa.or_(sites > 1, programmes > 1, actions > 1))
        .order_by(sites.desc(), actions.desc(), causes.desc(), Nonconformity.element, Cause.rib)
        .limit(SHARED)
    )
    lang = language()
    return tuple(
        SharedCause(
            element=element,
            element_name=wording.element_name(element, lang, known),
            code=rib,
            title=category_title(rib),
            sites=site_count,
            programmes=programme_count,
            actions=action_count,
            causes=cause_count,
            repeats=repeats,
        )
        for element, rib, site_count, programme_count, action_count, cause_count, repeats in rows
    )
