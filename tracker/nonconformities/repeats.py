"""Which records a finding may be the same as: a few candidates out of the register, compared by a pure rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from tracker import clock, search
from tracker.actions.models import ActionNonconformity, Cause
from tracker.database import db
from tracker.i18n import language, pick, show_date
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
from tracker.numbering import label
from tracker.offers import StateView, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.scores.sheets import STANDARDS
from workflows.kinds import CauseKind
from workflows.nonconformities import NonconformityState
from workflows.repeats import REPEAT_DAYS, Finding, Known, Match, Matched, compare, groups_of

FROM_WORDS = 60
FROM_FACTS = 40
FROM_CAUSE = 40
SHOWN = 6

N = Nonconformity.__table__.c
OVER = (NonconformityState.CLOSED, NonconformityState.VOID)


@dataclass(frozen=True)
class MatchView:
    """A record that a finding may be the same as, as a page shows it."""

    id: int
    number: int
    label: str
    title: str
    site: str
    state: StateView
    closed: str
    match: str
    words: str
    signs: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Whether it has to be looked at before the finding is written down."""
        return self.match in (Match.CARRIED, Match.REPEAT)

    @property
    def repeats(self) -> bool:
        return self.match == Match.REPEAT


def find_matches(
    actor: Actor, site_id: int, finding: Finding, but: int | None = None
) -> tuple[MatchView, ...]:
    """The records that a finding at a site may be the same as, the surest first: at most four statements.

    Candidates come from where they stand: the pins of the same facts, the causes of the same category at the same
    items, the newest hits of the words. Nothing grows with the register.
    """
    ids = _candidates(actor, site_id, finding)
    ids.discard(but or 0)
    if not ids:
        return ()
    rows = {row.number: row for row in _read(actor, ids)}
    known = [_known(row, site_id) for row in rows.values()]
    found = compare(finding, known, clock.today())[:SHOWN]
    return tuple(_view(match, rows[match.number]) for match in found)


def _candidates(actor: Actor, site_id: int, finding: Finding) -> set[int]:
    found: set[int] = set()
    if finding.facts:
        found.update(db.session.execute(_same_facts(actor, site_id, finding.facts)).scalars())
    if finding.elements and finding.cause:
        found.update(db.session.execute(_same_cause(actor, site_id, finding)).scalars())
    groups = groups_of(finding.title, 24)
    if groups and (query := search.any_of(groups)):
        found.update(db.session.execute(_same_words(actor, query)).scalars())
    return found


def _worth_a_look() -> sa.ColumnElement[bool]:
    """Open, or closed so lately that it may have come back."""
    since = clock.now() - timedelta(days=REPEAT_DAYS + 1)
    return sa.or_(N.state.not_in(OVER), (N.state == NonconformityState.CLOSED) & (N.closed_at >= since))


def _same_facts(actor: Actor, site_id: int, keys: Iterable[str]) -> sa.Select[Any]:
    return (
        sa.select(Pin.nonconformity_id)
        .join(
            Nonconformity.__table__,
            (N.organisation_id == Pin.organisation_id) & (N.id == Pin.nonconformity_id),
        )
        .where(
            Pin.organisation_id == actor.organisation_id,
            Pin.site_id == site_id,
            Pin.standard.in_(STANDARDS),  # the index of facts has the standard before the key
            Pin.key.in_(sorted(keys)),
            _worth_a_look(),
        )
        .order_by(Pin.nonconformity_id.desc())
        .limit(FROM_FACTS)
    )


def _same_cause(actor: Actor, site_id: int, finding: Finding) -> sa.Select[Any]:
    link, cause = NonconformityLink, Cause
    return (
        sa.select(link.nonconformity_id)
        .join(
            Nonconformity.__table__,
            (N.organisation_id == link.organisation_id) & (N.id == link.nonconformity_id),
        )
        .join(
            ActionNonconformity,
            (ActionNonconformity.organisation_id == link.organisation_id)
            & (ActionNonconformity.nonconformity_id == link.nonconformity_id),
        )
        .join(
            cause,
            (cause.organisation_id == ActionNonconformity.organisation_id)
            & (cause.action_id == ActionNonconformity.action_id),
        )
        .where(
            link.organisation_id == actor.organisation_id,
            link.element.in_(sorted(finding.elements)),
            N.site_id == site_id,
            cause.kind == CauseKind.ROOT,
            cause.rib == finding.cause,
            _worth_a_look(),
        )
        .order_by(link.nonconformity_id.desc())
        .limit(FROM_CAUSE)
    )


def _same_words(actor: Actor, query: str) -> sa.Select[Any]:
    """The newest records with some of the words, of every site that the person sees."""
    sites = actor.sites()
    mine = [] if sites is None else [N.site_id.in_(sorted(sites))]
    if search.on_postgresql():
        found = sa.select(N.id).where(N.organisation_id == actor.organisation_id)
        return (
            found.where(search.matches_query(query), _worth_a_look(), *mine)
            .order_by(N.id.desc())
            .limit(FROM_WORDS)
        )
    # On SQLite begin at the words and look the records up, hit by hit, the newest first.
    hit = search.fts.c.rowid
    same = (N.organisation_id == hit * 0 + actor.organisation_id) & (N.id == hit)
    return (
        sa.select(N.id)
        .select_from(search.fts.outerjoin(Nonconformity.__table__, same))
        .where(search.matches_query(query), N.id.is_not(None), _worth_a_look(), *mine)
        .order_by(hit.desc())
        .limit(FROM_WORDS)
    )


def _read(actor: Actor, ids: Iterable[int]) -> Sequence[Any]:
    """What is compared and shown of the candidates, in one statement."""
    sites = actor.sites()
    statement = _statement()
    if sites is not None:
        statement = statement.where(N.site_id.in_(sorted(sites)))
    return db.session.execute(
        statement.where(N.id.in_(sorted(ids))), {"organisation": actor.organisation_id}
    ).all()


@cache
def _statement() -> sa.Select[Any]:
    organisation: sa.BindParameter[Any] = sa.bindparam("organisation", type_=sa.BigInteger)

    pins = (
        sa.select(sa.func.aggregate_strings(Pin.key, " "))
        .where(Pin.organisation_id == N.organisation_id, Pin.nonconformity_id == N.id)
        .correlate(Nonconformity.__table__)
        .scalar_subquery()
    )
    elements = (
        sa.select(sa.func.aggregate_strings(NonconformityLink.element, " "))
        .where(
            NonconformityLink.organisation_id == N.organisation_id,
            NonconformityLink.nonconformity_id == N.id,
        )
        .correlate(Nonconformity.__table__)
        .scalar_subquery()
    )
    causes = (
        sa.select(sa.func.aggregate_strings(Cause.rib, "|"))
        .select_from(ActionNonconformity)
        .join(
            Cause,
            (Cause.organisation_id == ActionNonconformity.organisation_id)
            & (Cause.action_id == ActionNonconformity.action_id),
        )
        .where(
            ActionNonconformity.organisation_id == N.organisation_id,
            ActionNonconformity.nonconformity_id == N.id,
            Cause.kind == CauseKind.ROOT,
            Cause.verified_at.is_not(None),
            Cause.rib != "",
        )
        .correlate(Nonconformity.__table__)
        .scalar_subquery()
    )
    site = Site.__table__.c
    return (
        sa.select(
            N.id,
            N.number,
            N.title,
            N.statement,
            N.state,
            N.closed_at,
            N.site_id,
            site.name_zh.label("site_zh"),
            site.name_en.label("site_en"),
            pins.label("pins"),
            elements.label("elements"),
            causes.label("causes"),
        )
        .join(Site.__table__, (site.organisation_id == N.organisation_id) & (site.id == N.site_id))
        .where(N.organisation_id == organisation)
    )


def _known(row: Any, site_id: int) -> Known:
    return Known(
        number=row.number,
        open=row.state not in OVER,
        closed_on=_day(row.closed_at) if row.state == NonconformityState.CLOSED else None,
        same_site=row.site_id == site_id,
        facts=frozenset((row.pins or "").split()),
        elements=frozenset((row.elements or "").split()),
        causes=frozenset((row.causes or "").split("|")) - {""},
        title=row.title,
        statement=row.statement,
    )


def _day(moment: Any) -> date | None:
    return None if moment is None else moment.date()


def _view(match: Matched, row: Any) -> MatchView:
    lang = language()
    return MatchView(
        id=row.id,
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        site=pick(row.site_zh, row.site_en),
        state=state_view("nonconformity", row.state),
        closed=show_date(_day(row.closed_at)) if row.closed_at else "",
        match=match.match.value,
        words=match.match.of(lang),
        signs=tuple(sign.of(lang) for sign in match.signs),
        facts=match.facts,
    )
