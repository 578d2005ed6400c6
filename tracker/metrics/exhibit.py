"""The list of required metrics, and what answers it at a site: reads.

A required metric that nobody measures fails C of CUI (C-N1b). What is missing here is shown as a question; the
score changes only when somebody adds the metric.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import pick
from tracker.metrics.exhibit_outline import SERVICES
from tracker.metrics.models import ExhibitAnswer, ExhibitEntry, ExhibitSite, Metric, Service
from tracker.organisations.models import Site
from tracker.signatures import content_hash


@dataclass(frozen=True)
class EntryView:
    """A line of the list as a site answers it. `state` is `answered`, `excused` or `missing`."""

    id: int
    version: int
    item: str
    name: str
    service: str
    service_label: str
    state: str
    metric_number: int | None = None
    metric_id: int | None = None
    metric_name: str = ""
    reason: str = ""
    answer_version: int = 0


@dataclass(frozen=True)
class Confirmation:
    """Who confirmed the list of a site, and whether it has changed since."""

    confirmed: bool
    who: str = ""
    at: datetime | None = None
    changed_since: bool = False


@dataclass(frozen=True)
class ExhibitPage:
    """The list of a site: its services, the lines that hold for them, and who confirmed it."""

    services: tuple[str, ...]
    version: int
    entries: tuple[EntryView, ...]
    confirmation: Confirmation
    has_list: bool
    choices: tuple[tuple[int, str, str], ...] = ()

    @property
    def missing(self) -> tuple[EntryView, ...]:
        """The lines that neither a metric nor a reason answers."""
        return tuple(entry for entry in self.entries if entry.state == "missing")


def get_entry(organisation_id: int, entry_id: int) -> ExhibitEntry:
    """A line of the organisation's list. Raises NotFound."""
    found = db.session.get(ExhibitEntry, (organisation_id, entry_id))
    if found is None:
        raise NotFound
    return found


def get_page(site: Site) -> ExhibitPage:
    """What a site's services require, and what answers it: four statements."""
    kept, who = _site_row(site)
    services = tuple(kept.services) if kept is not None else ()
    rows = list_rows(site)
    held = [
        row for row in rows if row[0].active and (row[0].service == Service.ANY or row[0].service in services)
    ]
    metrics = db.session.execute(
        sa.select(Metric.id, Metric.item, Metric.name_zh, Metric.name_en)
        .where(Metric.organisation_id == site.organisation_id, Metric.site_id == site.id)
        .order_by(Metric.item, Metric.position, Metric.number)
    )
    return ExhibitPage(
        services=services,
        version=kept.version if kept is not None else 0,
        entries=tuple(_entry(*row) for row in held),
        confirmation=_confirmation(kept, who, fingerprint(services, rows)),
        has_list=any(row[0].active for row in rows),
        choices=tuple((metric_id, item, pick(zh, en)) for metric_id, item, zh, en in metrics),
    )


def exhibit_confirmed(organisation_id: int, site_id: int) -> Confirmation:
    """Whether a person has confirmed the list of required metrics of a site as it stands: two statements."""
    site = db.session.get_one(Site, (organisation_id, site_id))
    kept, who = _site_row(site)
    if kept is None or kept.confirmed_at is None:
        return Confirmation(False)
    return _confirmation(kept, who, fingerprint(kept.services, list_rows(site)))


def list_missing(organisation_id: int, site_id: int) -> tuple[EntryView, ...]:
    """The required metrics that neither a metric nor a reason answers at a site (C-N1b): a hint, never a change."""
    return get_page(db.session.get_one(Site, (organisation_id, site_id))).missing


Answered = tuple[ExhibitEntry, ExhibitAnswer | None, Metric | None]


def list_rows(site: Site) -> list[Answered]:
    """The whole list of the organisation with a site's answers."""
    found = db.session.execute(
        sa.select(ExhibitEntry, ExhibitAnswer, Metric)
        .outerjoin(
            ExhibitAnswer,
            (ExhibitAnswer.organisation_id == ExhibitEntry.organisation_id)
            & (ExhibitAnswer.entry_id == ExhibitEntry.id)
            & (ExhibitAnswer.site_id == site.id),
        )
        .outerjoin(
            Metric,
            (Metric.organisation_id == ExhibitAnswer.organisation_id)
            & (Metric.id == ExhibitAnswer.metric_id),
        )
        .where(ExhibitEntry.organisation_id == site.organisation_id)
        .order_by(ExhibitEntry.item, ExhibitEntry.position, ExhibitEntry.id)
    )
    return [(entry, answer, metric) for entry, answer, metric in found]


def _site_row(site: Site) -> tuple[ExhibitSite | None, Person | None]:
    row = db.session.execute(
        sa.select(ExhibitSite, Person)
        .outerjoin(
            Person,
            (Person.organisation_id == ExhibitSite.organisation_id)
            & (Person.id == ExhibitSite.confirmed_by_id),
        )
        .where(ExhibitSite.organisation_id == site.organisation_id, ExhibitSite.site_id == site.id)
    ).one_or_none()
    return (None, None) if row is None else (row[0], row[1])


def fingerprint(services: Iterable[str], rows: Iterable[Answered]) -> str:
    """What a confirmation confirms: the services, the lines that hold for them, and what answers each."""
    held = set(services) | {Service.ANY.value}
    return content_hash(
        [
            sorted(services),
            [
                [
                    str(entry.id),
                    entry.item,
                    entry.name_zh,
                    entry.name_en,
                    "" if metric is None else str(metric.id),
                    "" if answer is None else answer.reason,
                ]
                for entry, answer, metric in rows
                if entry.active and entry.service.value in held
            ],
        ]
    )


def _confirmation(kept: ExhibitSite | None, who: Person | None, now: str) -> Confirmation:
    if kept is None or kept.confirmed_at is None:
        return Confirmation(False)
    changed = kept.confirmed_of != now
    return Confirmation(
        confirmed=not changed,
        who=pick(who.name_zh, who.name_en) if who is not None else "",
        at=kept.confirmed_at,
        changed_since=changed,
    )


def _entry(entry: ExhibitEntry, answer: ExhibitAnswer | None, metric: Metric | None) -> EntryView:
    state = (
        "answered" if metric is not None else "excused" if answer is not None and answer.reason else "missing"
    )
    return EntryView(
        id=entry.id,
        version=entry.version,
        item=entry.item,
        name=pick(entry.name_zh, entry.name_en),
        service=entry.service.value,
        service_label=str(SERVICES[entry.service]),
        state=state,
        metric_number=metric.number if metric is not None else None,
        metric_id=metric.id if metric is not None else None,
        metric_name=pick(metric.name_zh, metric.name_en) if metric is not None else "",
        reason=answer.reason if answer is not None else "",
        answer_version=answer.version if answer is not None else 0,
    )
