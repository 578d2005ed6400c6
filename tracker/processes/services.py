"""Keep the register of key processes and their sampled audits."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from tracker import clock, history
from tracker.accounts.models import Person
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.metrics.models import Metric
from tracker.moves import check_version
from tracker.numbering import next_number
from tracker.organisations.models import Site, Unit, UnitKind
from tracker.permissions import Actor
from tracker.processes.models import AuditResult, Process, ProcessAudit, ProcessKind, ProcessMetric

EDITABLE = (
    "kind",
    "name_zh",
    "name_en",
    "procedure",
    "owner_id",
    "unit_id",
    "audit_months",
    "outsourced",
    "active",
)
LONGEST_MONTHS = 36


def record_of(process: Process) -> Record:
    """The process as history points to it."""
    return Record(process.organisation_id, "process", process.id, process.number)


def create_process(
    actor: Actor, *, site_id: int, fields: Mapping[str, Any], metric_ids: Iterable[int] = ()
) -> Process:
    """Add a process to the register of a site. Raises NotFound, InvalidInput."""
    site = db.session.get(Site, (actor.organisation_id, site_id))
    if site is None:
        raise NotFound
    given = _read(site, fields)
    process = add(
        Process(
            organisation_id=actor.organisation_id,
            number=next_number(actor.organisation_id, "process"),
            site_id=site_id,
            **given,
        )
    )
    _set_metrics(process, metric_ids)
    history.record(
        record_of(process),
        "created",
        actor.person_id,
        changes={"kind": ["", given["kind"].value.upper()], "name": ["", given["name_zh"]]},
    )
    return process


def edit_process(
    actor: Actor,
    process: Process,
    fields: Mapping[str, Any],
    metric_ids: Iterable[int] | None = None,
    version: int | None = None,
) -> None:
    """Change a process and the metrics that speak of it. Raises InvalidInput, Conflict."""
    check_version(process, version)
    site = db.session.get_one(Site, (process.organisation_id, process.site_id))
    now = {name: getattr(process, name) for name in EDITABLE}
    given = _read(site, now | dict(fields))
    said = {}
    for name, after in given.items():
        before = getattr(process, name)
        if before != after:
            setattr(process, name, after)
            said[name] = [before, after]
    if metric_ids is not None:
        before_codes, after_codes = _set_metrics(process, metric_ids)
        if before_codes != after_codes:
            said["metrics"] = [before_codes, after_codes]
    if said:
        # The metrics lie beside the row: its version moves with them all the same.
        flag_modified(process, "name_en")
        db.session.flush()
        history.record(record_of(process), "edited", actor.person_id, changes=said)


def _read(site: Site, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a process may be. Raises InvalidInput with every field that it cannot."""
    faults: dict[str, list[str]] = {}
    given: dict[str, Any] = {name: fields.get(name) for name in EDITABLE}
    for name in ("name_zh", "name_en", "procedure"):
        given[name] = (given[name] or "").strip()
    for name, longest in (("name_zh", 200), ("name_en", 200), ("procedure", 400)):
        if len(given[name]) > longest:
            faults[name] = [_("At most %(count)d characters.", count=longest)]
    if not given["name_zh"] and not given["name_en"]:
        faults["name_en"] = [_("Name the process in at least one language.")]
    given["name_zh"] = given["name_zh"] or given["name_en"]
    given["name_en"] = given["name_en"] or given["name_zh"]
    if given["kind"] not in set(ProcessKind):
        faults["kind"] = [_("Choose one of the list.")]
    months = given["audit_months"] if given["audit_months"] is not None else 12
    if not 1 <= months <= LONGEST_MONTHS:
        faults["audit_months"] = [_("Between 1 and %(count)s months.", count=LONGEST_MONTHS)]
    if given["unit_id"] is not None and not _is_programme(site, given["unit_id"]):
        faults["unit_id"] = [_("Choose a programme of this site.")]
    if given["owner_id"] is not None and not _is_person(site.organisation_id, given["owner_id"]):
        faults["owner_id"] = [_("Choose one of the list.")]
    if faults:
        raise InvalidInput(faults)
    given |= {"kind": ProcessKind(given["kind"]), "audit_months": months}
    given["outsourced"] = bool(given["outsourced"])
    given["active"] = given["active"] is not False
    return given


def _is_programme(site: Site, unit_id: int) -> bool:
    unit = db.session.get(Unit, (site.organisation_id, unit_id))
    return unit is not None and unit.site_id == site.id and unit.kind == UnitKind.PROGRAMME


def _is_person(organisation_id: int, person_id: int) -> bool:
    return db.session.get(Person, (organisation_id, person_id)) is not None


def _set_metrics(process: Process, metric_ids: Iterable[int]) -> tuple[str, str]:
    """Say which metrics speak of a process; codes before and after. Raises InvalidInput for one of another site."""
    wanted = set(metric_ids)
    known = {
        metric.id: f"{metric.item} {metric.code}"
        for metric in db.session.execute(
            sa.select(Metric).where(
                Metric.organisation_id == process.organisation_id, Metric.site_id == process.site_id
            )
        ).scalars()
    }
    if wanted - known.keys():
        raise InvalidInput({"metrics": [_("Choose metrics of this site.")]})
    rows = {
        row.metric_id: row
        for row in db.session.execute(
            sa.select(ProcessMetric).where(
                ProcessMetric.organisation_id == process.organisation_id,
                ProcessMetric.process_id == process.id,
            )
        ).scalars()
    }
    for metric_id in rows.keys() - wanted:
        db.session.delete(rows[metric_id])
    for metric_id in sorted(wanted - rows.keys()):
        db.session.add(
            ProcessMetric(organisation_id=process.organisation_id, process_id=process.id, metric_id=metric_id)
        )
    db.session.flush()
    return _codes(rows, known), _codes(wanted, known)


def _codes(metric_ids: Iterable[int], known: Mapping[int, str]) -> str:
    return ", ".join(sorted(known[each] for each in metric_ids if each in known))


# ---------------------------------------------------------------- sampled audits


def record_audit(
    actor: Actor,
    process: Process,
    *,
    audited_on: date | None,
    auditor_id: int | None,
    result: AuditResult | str,
    sample: str,
    checklist: str = "",
    notes: str = "",
) -> ProcessAudit:
    """Take down a sampled audit of a process; nobody audits a process of their own. Raises InvalidInput."""
    if not process.active:
        raise InvalidInput({"process": [_("This process is no longer in use.")]})
    faults: dict[str, list[str]] = {}
    if audited_on is None:
        faults["audited_on"] = [_("Please give a date.")]
    elif audited_on > clock.today():
        faults["audited_on"] = [_("This day has not come yet.")]
    if auditor_id is None or not _is_person(process.organisation_id, auditor_id):
        faults["auditor_id"] = [_("Choose one of the list.")]
    elif auditor_id == process.owner_id:
        faults["auditor_id"] = [_("The owner of a process does not audit it.")]
    if result not in set(AuditResult):
        faults["result"] = [_("Choose one of the list.")]
    if not sample.strip():
        faults["sample"] = [_("Say what was sampled, and how much.")]
    if faults or audited_on is None or auditor_id is None:
        raise InvalidInput(faults)
    audit = add(
        ProcessAudit(
            organisation_id=process.organisation_id,
            process_id=process.id,
            audited_on=audited_on,
            auditor_id=auditor_id,
            result=AuditResult(result),
            sample=sample.strip(),
            checklist=checklist.strip(),
            notes=notes.strip(),
        )
    )
    history.record(
        record_of(process),
        "process_audited",
        actor.person_id,
        changes={
            "sampled_on": ["", audited_on.isoformat()],
            "sampled_result": ["", AuditResult(result).value],
        },
    )
    return audit


def remove_audit(
    actor: Actor, process: Process, audit: ProcessAudit, reason: str, version: int | None = None
) -> None:
    """Take back a sampled audit that was taken down by mistake; the history keeps it. Raises InvalidInput, Conflict."""
    check_version(audit, version)
    if not reason.strip():
        raise InvalidInput({"reason": [_("Say why it is taken back.")]})
    said = {"sampled_on": [audit.audited_on.isoformat(), ""], "sampled_result": [audit.result.value, ""]}
    db.session.delete(audit)
    history.record(
        record_of(process), "process_audit_removed", actor.person_id, reason=reason.strip(), changes=said
    )
