"""Keep the list of required metrics, and what answers it at a site. No score moves by it."""

from collections.abc import Iterable

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.metrics import exhibit
from tracker.metrics.exhibit_outline import OUTLINE
from tracker.metrics.models import ExhibitAnswer, ExhibitEntry, ExhibitSite, Metric, Service
from tracker.metrics.services import items
from tracker.moves import check_version
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.scores import releases
from tracker.scores.sheets import COPC


def _record_of(site: Site) -> Record:
    return Record(site.organisation_id, "site", site.id, 0)


def _entry_record(entry: ExhibitEntry) -> Record:
    return Record(entry.organisation_id, "exhibit", entry.id, 0)


def start_list(actor: Actor) -> int:
    """Take over the shipped outline where the organisation has no list yet; hands back how many lines it added."""
    known = db.session.execute(
        sa.select(sa.func.count())
        .select_from(ExhibitEntry)
        .where(ExhibitEntry.organisation_id == actor.organisation_id)
    ).scalar_one()
    if known:
        return 0
    for position, line in enumerate(OUTLINE, start=1):
        entry = add(
            ExhibitEntry(
                organisation_id=actor.organisation_id,
                service=line.service,
                item=line.item,
                name_zh=line.name.zh,
                name_en=line.name.en,
                position=position,
            )
        )
        history.record(_entry_record(entry), "created", actor.person_id, changes={"item": ["", line.item]})
    return len(OUTLINE)


def add_entry(actor: Actor, *, service: str, item: str, name_zh: str = "", name_en: str = "") -> ExhibitEntry:
    """Add a line to the organisation's list. Raises InvalidInput."""
    zh, en = name_zh.strip(), name_en.strip()
    faults: dict[str, list[str]] = {}
    if service not in set(Service):
        faults["service"] = [_("Choose one of the list.")]
    if item not in {entry.id for entry in items(*releases.in_use(actor.organisation_id).standards[COPC])}:
        faults["item"] = [_("Choose an item of category 4; item 4.7 has no metrics of its own.")]
    if not zh and not en:
        faults["name_en"] = [_("Name the metric in at least one language.")]
    for name, text in (("name_zh", zh), ("name_en", en)):
        if len(text) > 200:
            faults[name] = [_("At most %(count)d characters.", count=200)]
    if faults:
        raise InvalidInput(faults)
    last = db.session.execute(
        sa.select(sa.func.max(ExhibitEntry.position)).where(
            ExhibitEntry.organisation_id == actor.organisation_id
        )
    ).scalar_one()
    entry = add(
        ExhibitEntry(
            organisation_id=actor.organisation_id,
            service=Service(service),
            item=item,
            name_zh=zh or en,
            name_en=en or zh,
            position=(last or 0) + 1,
        )
    )
    history.record(_entry_record(entry), "created", actor.person_id, changes={"item": ["", item]})
    return entry


def retire_entry(actor: Actor, entry: ExhibitEntry, version: int | None = None) -> None:
    """Take a line off the list; what answered it stays in the base. Raises Conflict."""
    check_version(entry, version)
    entry.active = False
    db.session.flush()
    history.record(_entry_record(entry), "edited", actor.person_id, changes={"active": [True, False]})


def set_services(actor: Actor, site: Site, services: Iterable[str], version: int | None = None) -> None:
    """Say which kinds of service a site offers. Raises InvalidInput, Conflict."""
    wanted = sorted(set(services))
    if set(wanted) - {service.value for service in Service if service is not Service.ANY}:
        raise InvalidInput({"services": [_("Choose one of the list.")]})
    row = _site_row(site, version)
    before = row.services
    if before != wanted:
        row.services = wanted
        db.session.flush()
        history.record(
            _record_of(site),
            "edited",
            actor.person_id,
            changes={"services": [", ".join(before), ", ".join(wanted)]},
        )


def _site_row(site: Site, version: int | None) -> ExhibitSite:
    row = db.session.execute(
        sa.select(ExhibitSite).where(
            ExhibitSite.organisation_id == site.organisation_id, ExhibitSite.site_id == site.id
        )
    ).scalar_one_or_none()
    if version is not None and version != (row.version if row is not None else 0):
        raise Conflict(_("Somebody else changed this list in the meantime."))
    return row or add(ExhibitSite(organisation_id=site.organisation_id, site_id=site.id, services=[]))


def answer(
    actor: Actor,
    site: Site,
    entry: ExhibitEntry,
    *,
    metric_id: int | None = None,
    reason: str = "",
    version: int | None = None,
) -> ExhibitAnswer | None:
    """Say which metric of the site answers a line, or why none is needed; neither takes the answer away.

    Raises InvalidInput, Conflict.
    """
    row = db.session.execute(
        sa.select(ExhibitAnswer).where(
            ExhibitAnswer.organisation_id == site.organisation_id,
            ExhibitAnswer.site_id == site.id,
            ExhibitAnswer.entry_id == entry.id,
        )
    ).scalar_one_or_none()
    if version is not None and version != (row.version if row is not None else 0):
        raise Conflict(_("Somebody else changed this list in the meantime."))
    metric = db.session.get(Metric, (site.organisation_id, metric_id)) if metric_id is not None else None
    if metric_id is not None and (metric is None or metric.site_id != site.id):
        raise InvalidInput({"metric": [_("Choose metrics of this site.")]})
    if metric is not None and metric.item != entry.item:
        raise InvalidInput({"metric": [_("Choose a metric of item %(item)s.", item=entry.item)]})
    if len(reason) > 2000:
        raise InvalidInput({"reason": [_("At most %(count)d characters.", count=2000)]})
    before = _said(entry, row)
    if row is None:
        row = add(ExhibitAnswer(organisation_id=site.organisation_id, site_id=site.id, entry_id=entry.id))
    row.metric_id = metric.id if metric is not None else None
    row.reason = "" if metric is not None else reason.strip()
    db.session.flush()
    if before != _said(entry, row):
        history.record(
            _record_of(site),
            "edited",
            actor.person_id,
            changes={"required_metric": [before, _said(entry, row)]},
        )
    return row


def _said(entry: ExhibitEntry, row: ExhibitAnswer | None) -> dict[str, str] | None:
    """What answers a line, in both languages, as history keeps it."""
    if row is None:
        return None
    if row.metric_id is None:
        return {"zh": f"{entry.name_zh}：{row.reason or '–'}", "en": f"{entry.name_en}: {row.reason or '–'}"}
    metric = db.session.get_one(Metric, (row.organisation_id, row.metric_id))
    return {
        "zh": f"{entry.name_zh}：{metric.name_zh}（{metric.code}）",
        "en": f"{entry.name_en}: {metric.name_en} ({metric.code})",
    }


def confirm(actor: Actor, site: Site, version: int | None = None) -> None:
    """Confirm that the list of a site is right as it stands; any later change asks for it again.

    Raises InvalidInput where there is no list or a line is unanswered, and Conflict.
    """
    row = _site_row(site, version)
    page = exhibit.get_page(site)
    if not page.has_list:
        raise InvalidInput({"confirm": [_("There is no list yet.")]})
    if page.missing:
        raise InvalidInput(
            {"confirm": [_("Answer every line first: %(count)s are open.", count=len(page.missing))]}
        )
    row.confirmed_by_id, row.confirmed_at = actor.person_id, clock.now()
    row.confirmed_of = exhibit.fingerprint(row.services, exhibit.list_rows(site))
    db.session.flush()
    history.record(_record_of(site), "exhibit_confirmed", actor.person_id)
