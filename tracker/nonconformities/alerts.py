"""Drafts that a metric or the variation of a process proposes; a person reads, changes and raises them, or does not."""

from collections.abc import Iterable

import sqlalchemy as sa

from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.metrics import insight
from tracker.metrics.loaded import SiteSeries, load_site
from tracker.metrics.queries import get_metric
from tracker.nonconformities.drafts import Draft, PinSpec
from tracker.nonconformities.models import Pin
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.processes.queries import get_process, list_flagged
from tracker.processes.viewmodels import MetricView
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind
from tracker.scores.sheets import COPC
from workflows.kinds import Grade, Source

MAX_TITLE = 200
VARIATION_ITEM, VARIATION_LINE = "2.2", "2.2-3"
MONTHS_QUOTED = 6


def of_metric(actor: Actor, number: int) -> tuple[Site, tuple[str, ...], Draft]:
    """What the data of a metric propose: a record that holds what fails, or an observation of what is about to.

    Raises NotFound.
    """
    metric = get_metric(actor.organisation_id, number)
    site = _site(actor, metric.site_id)
    loaded = load_site(actor.organisation_id, site)
    verdict = loaded.verdict(metric)
    name = pick(metric.name_zh, metric.name_en)
    found = loaded.hints([metric])[metric.id]
    hints = [hint.text for hint in found]
    failing = [] if not verdict.failing else ["cui"]
    if not verdict.failing and not verdict.meets:
        failing = ["meets"]
    held = loaded.pinned.get(metric.id, frozenset())
    aspects = [aspect for aspect in failing if aspect not in held]
    if verdict.failing:
        title = _("%(item)s %(metric)s: the data cannot be trusted", item=metric.item, metric=name)
    elif not verdict.meets:
        title = _("%(item)s %(metric)s: misses its target", item=metric.item, metric=name)
    elif any(hint.kind in ("drop", "edge") for hint in found):
        title = _("%(item)s %(metric)s: about to drop", item=metric.item, metric=name)
    else:
        title = f"{metric.item} {name}"
    draft = Draft(
        grade=Grade.MINOR if aspects else Grade.OBSERVATION,
        source=Source.METRIC_ALERT,
        title=title[:MAX_TITLE],
        statement=" ".join(hints),
        evidence=_quoted(loaded, metric.id, metric.measure),
        owner_id=metric.owner_id,
        pins=tuple(PinSpec(COPC, f"{metric.item}/metric/{metric.code}/{aspect}") for aspect in aspects),
    )
    return site, (metric.item,), draft


def _site(actor: Actor, site_id: int) -> Site:
    sites = actor.sites()
    if sites is not None and site_id not in sites:
        raise NotFound
    return db.session.get_one(Site, (actor.organisation_id, site_id))


def _quoted(loaded: SiteSeries, metric_id: int, measure: str) -> str:
    """The latest months as evidence."""
    values = loaded.values.get(metric_id, {})
    months = sorted(values)[-MONTHS_QUOTED:]
    told = "; ".join(f"{month}: {insight.shown(values[month])}" for month in months)
    unit = f" ({measure})" if measure else ""
    return _("Monthly values%(unit)s: %(values)s", unit=unit, values=told) if told else ""


def of_process(actor: Actor, number: int) -> tuple[Site, tuple[str, ...], Draft]:
    """What too much variation of a process proposes: a gap on the line that asks for its correction.

    Raises NotFound.
    """
    process = get_process(actor.organisation_id, number)
    site = _site(actor, process.site_id)
    flagged = list_flagged(process, site)
    name = pick(process.name_zh, process.name_en)
    key = f"{VARIATION_ITEM}/line/{VARIATION_LINE}"
    draft = Draft(
        grade=Grade.MINOR,
        source=Source.METRIC_ALERT,
        title=_("2.2 %(process)s: too much variation", process=name)[:MAX_TITLE],
        statement=_(
            "%(process)s (%(record)s) varies too much on %(count)s of its metrics; line 2.2-3 asks that it is "
            "assessed and corrected.",
            process=name,
            record=label("process", process.number),
            count=len(flagged),
        ),
        evidence=_rules_said(flagged),
        owner_id=process.owner_id,
        pins=(PinSpec(COPC, key),) if _is_free(site, key) else (),
    )
    return site, (VARIATION_ITEM,), draft


def _rules_said(flagged: Iterable[MetricView]) -> str:
    """What the rules that fire said, metric by metric."""
    return "\n".join(
        f"{metric.item} {metric.name}: "
        + "; ".join(
            f"{rule.name} {rule.shown} ({rule.verdict})" for rule in metric.variation if rule.tone == "danger"
        )
        for metric in flagged
    )


def _is_free(site: Site, key: str) -> bool:
    """Whether the site's current facts know a line, and no non-conformity holds it yet."""
    held = sa.exists().where(
        Pin.organisation_id == site.organisation_id,
        Pin.site_id == site.id,
        Pin.standard == COPC,
        Pin.key == key,
        Pin.released_at.is_(None),
    )
    known = sa.exists().where(
        Fact.organisation_id == site.organisation_id,
        Fact.fact_set_id == FactSet.id,
        Fact.kind == FactKind.LINE,
        Fact.key == key,
        FactSet.organisation_id == site.organisation_id,
        FactSet.site_id == site.id,
        FactSet.standard == COPC,
        FactSet.kind == FactSetKind.CURRENT,
    )
    return bool(db.session.execute(sa.select(sa.and_(known, sa.not_(held)))).scalar())
