"""Reads of the first page: a few statements over stored standings, whatever the register holds."""

from collections import defaultdict
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import aliased

from scoring.catalogue import Standard
from scoring.certification import CONDITION_LABELS, CONDITIONS_OF, Verdict
from tracker import clock
from tracker.actions.models import Action
from tracker.dashboard.todo import list_tasks
from tracker.dashboard.viewmodels import Closure, Count, Dashboard, SiteCard, Unmet
from tracker.database import db
from tracker.i18n import language, pick, say
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.organisations.models import Site, Unit
from tracker.organisations.queries import seen
from tracker.permissions import Actor
from tracker.reviews.models import Review
from tracker.scores import sheets
from tracker.scores.charts import level_name, verdict_title
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun, Standing
from tracker.scores.releases import by_hash
from tracker.scores.totals import pass_mark, totals_of
from workflows.actions import ActionState

# Counting stops here: "1,000+" says all that a first page can say.
LIMIT = 1000
CARDS = 60
CLOSURES = 6

_ENDED = (ActionState.CLOSED, ActionState.CANCELLED)


class Stands(NamedTuple):
    """Where a site stands, and the release that says how much that is."""

    standing: Standing
    release: Standard


def get_dashboard(actor: Actor, code: str | None = None) -> Dashboard:
    """The first page for a person; with one site, or one chosen by its code, that site in full."""
    sites = _sites(actor)
    counts = _counts(actor)
    cards = tuple(_card(site, standings, counts[site.id]) for site, standings in sites)
    names = {card.id: card.name for card in cards}
    one = cards[0] if len(cards) == 1 else next((card for card in cards if card.code == code), None)
    shown = (one,) if one is not None and code else cards
    tasks, more = list_tasks(actor, names)
    return Dashboard(
        cards=cards,
        tasks=tasks,
        more_tasks=more,
        closures=_closures(actor, {card.id: card.name for card in shown}),
        one=one,
        programmes=any(count["programmes"] for count in counts.values()),
        reviews=any(count["reviews"] for count in counts.values()),
    )


def _sites(actor: Actor) -> list[tuple[Site, dict[str, Stands]]]:
    """The active sites that the person sees, each with its standing under each standard, in one statement."""
    rows = db.session.execute(
        sa.select(Site, Standing, CatalogueRelease.content_hash)
        .outerjoin(
            Standing, (Standing.organisation_id == Site.organisation_id) & (Standing.site_id == Site.id)
        )
        .outerjoin(
            ScoringRun,
            (ScoringRun.organisation_id == Standing.organisation_id) & (ScoringRun.id == Standing.run_id),
        )
        .outerjoin(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
            & (CatalogueRelease.id == ScoringRun.release_id),
        )
        .where(Site.organisation_id == actor.organisation_id, Site.active, seen(actor, Site.id))
        .order_by(Site.code)
        .limit(CARDS * len(sheets.STANDARDS))
    )
    standings: dict[int, dict[str, Stands]] = defaultdict(dict)
    sites: dict[int, Site] = {}
    for site, standing, content in rows:
        sites[site.id] = site
        if standing is not None:
            standings[site.id][standing.standard] = Stands(standing, by_hash(actor.organisation_id, content))
    return [(site, standings[site.id]) for site in sites.values()]


def _capped(model: Any, *conditions: Any) -> Any:
    """How many rows of a site there are, counted no further than `LIMIT` and one."""
    rows = (
        sa.select(sa.literal(1).label("one"))
        .where(model.organisation_id == Site.organisation_id, model.site_id == Site.id, *conditions)
        .correlate(Site)
        .limit(LIMIT + 1)
        .subquery()
    )
    return sa.select(sa.func.count()).select_from(rows).scalar_subquery()


def _any(model: Any) -> Any:
    return (
        sa.exists()
        .where(model.organisation_id == Site.organisation_id, model.site_id == Site.id)
        .correlate(Site)
    )


def _counts(actor: Actor) -> dict[int, dict[str, Any]]:
    """Open and overdue records of each site, in one statement of counts that stop early."""
    today = clock.today()
    pinning = Nonconformity.state.in_(sheets.PINNING)
    rows = db.session.execute(
        sa.select(
            Site.id,
            _capped(Nonconformity, pinning).label("open"),
            _capped(Nonconformity, pinning, Nonconformity.due_on < today).label("overdue"),
            _capped(Action, Action.state.not_in(_ENDED), Action.due_on < today).label("overdue_actions"),
            _any(Unit).label("programmes"),
            _any(Review).label("reviews"),
        )
        .where(Site.organisation_id == actor.organisation_id, Site.active, seen(actor, Site.id))
        .order_by(Site.code)
        .limit(CARDS)
    ).mappings()
    found: dict[int, dict[str, Any]] = defaultdict(
        lambda: {"open": 0, "overdue": 0, "overdue_actions": 0, "programmes": False, "reviews": False}
    )
    found.update({row["id"]: dict(row) for row in rows})
    return found


def _count(number: int) -> Count:
    return Count(min(number, LIMIT), number > LIMIT)


def _card(site: Site, standings: dict[str, Stands], counts: dict[str, Any]) -> SiteCard:
    of_items, of_rows = standings.get(sheets.COPC), standings.get(sheets.SEE_CMM)
    copc = None if of_items is None else of_items.standing
    reading = str(site.policy.get("copc.cert_policy", "strict"))
    return SiteCard(
        id=site.id,
        code=site.code,
        name=pick(site.name_zh, site.name_en),
        copc=None if of_items is None else totals_of(*of_items),
        see=None if of_rows is None else totals_of(*of_rows),
        passes=copc is not None and bool(copc.verdict) and Verdict(copc.verdict).passes(reading),
        verdict="" if copc is None else verdict_title(copc.verdict),
        unmet=() if copc is None else _unmet(copc, reading),
        level_title=""
        if of_rows is None or of_rows.standing.level is None
        else level_name(of_rows.release, of_rows.standing.level, language()),
        target_level=site.target_level,
        open=_count(counts["open"]),
        overdue=_count(counts["overdue"]),
        overdue_actions=_count(counts["overdue_actions"]),
    )


def _unmet(standing: Standing, reading: str) -> tuple[Unmet, ...]:
    """The conditions that do not hold under the reading that the site counts by."""
    return tuple(
        Unmet(
            entry["id"], say(CONDITION_LABELS[entry["id"]]), tuple(entry.get("items", ())), entry.get("holds")
        )
        for entry in standing.unmet
        if entry["id"] in CONDITIONS_OF[reading]
    )


def _closures(actor: Actor, names: dict[int, str]) -> tuple[Closure, ...]:
    """The latest closures of the sites shown, each run beside the one before it, in one statement."""
    before = aliased(ScoringRun)
    rows = db.session.execute(
        sa.select(
            ScoringRun.number,
            ScoringRun.site_id,
            ScoringRun.standard,
            ScoringRun.tier,
            ScoringRun.total,
            ScoringRun.maximum,
            ScoringRun.created_at,
            before.total.label("before"),
            CatalogueRelease.content_hash,
            Nonconformity.number.label("nonconformity"),
            Nonconformity.title,
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ScoringRun.organisation_id)
            & (Nonconformity.id == ScoringRun.nonconformity_id),
        )
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
            & (CatalogueRelease.id == ScoringRun.release_id),
        )
        .outerjoin(
            before,
            (before.organisation_id == ScoringRun.organisation_id) & (before.id == ScoringRun.previous_id),
        )
        .where(
            ScoringRun.organisation_id == actor.organisation_id,
            ScoringRun.site_id.in_(names),
            ScoringRun.cause == Cause.CLOSED,
        )
        .order_by(ScoringRun.number.desc())
        .limit(CLOSURES)
    )
    return tuple(_closure(row, names, by_hash(actor.organisation_id, row.content_hash)) for row in rows)


def _closure(row: Any, names: dict[int, str], release: Standard) -> Closure:
    known = row.total is not None and row.before is not None
    return Closure(
        nonconformity=label("nonconformity", row.nonconformity),
        url=url_for("nonconformities.show", number=row.nonconformity),
        title=row.title,
        site=names[row.site_id],
        on=row.created_at.date(),
        run_url=url_for("scores.run", number=row.number),
        standard="COPC" if row.standard == sheets.COPC else "SEE-CMM",
        moved=row.total - row.before if known else None,
        total=row.total,
        mark=pass_mark(release, row.tier, row.maximum),
    )
