"""Reads of key processes: a fixed number of statements whatever the number of processes."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import pick
from tracker.metrics import insight, rolled, series
from tracker.metrics.loaded import load_site
from tracker.metrics.models import Metric
from tracker.metrics.rolled import Readings
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor, Subject
from tracker.processes import words
from tracker.processes.models import Process, ProcessAudit, ProcessKind, ProcessMetric
from tracker.processes.viewmodels import AuditView, MetricView, ProcessPage, ProcessRow
from tracker.scores.sheets import MONTHS_READ, month_of, months_before


def get_process(organisation_id: int, number: int) -> Process:
    """The process with this number. Raises NotFound."""
    found = db.session.execute(
        sa.select(Process).where(Process.organisation_id == organisation_id, Process.number == number)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def get_audit(process: Process, audit_id: int) -> ProcessAudit:
    """A sampled audit of a process. Raises NotFound."""
    found = db.session.get(ProcessAudit, (process.organisation_id, audit_id))
    if found is None or found.process_id != process.id:
        raise NotFound
    return found


def subject_of(process: Process) -> Subject:
    """The process as permissions see it."""
    owners = frozenset({process.owner_id}) if process.owner_id is not None else frozenset()
    return Subject(site_id=process.site_id, owner_ids=owners)


def due_on(process: Process, last: date | None) -> date | None:
    """The day by which the next sampled audit is wanted; None where there has been none: it is wanted now."""
    if last is None:
        return None
    months = last.year * 12 + last.month - 1 + process.audit_months
    year, month = divmod(months, 12)
    return date(year, month + 1, min(last.day, monthrange(year, month + 1)[1]))


# ---------------------------------------------------------------- the register


def list_processes(actor: Actor, site: Site, kind: str = "", state: str = "") -> tuple[ProcessRow, ...]:
    """The processes of a site with their variation and last sampled audit: three statements."""
    rows = _rows(Process.organisation_id == actor.organisation_id, Process.site_id == site.id)
    metrics = _metrics_of(site, [process.id for process, *_rest in rows])
    readings = _readings(site) if metrics else Readings()
    policy = series.policy_of(site)
    found = (
        _row(
            row,
            len(metrics[row[0].id]),
            sum(insight.flagged(_variation(metric, readings, policy)) for metric in metrics[row[0].id]),
        )
        for row in rows
    )
    wanted = {
        "overdue": lambda row: row.overdue and row.active,
        "varies": lambda row: row.flagged and row.active,
        "retired": lambda row: not row.active,
    }.get(state, lambda row: row.active)
    return tuple(row for row in found if (not kind or row.kind == kind) and wanted(row))


def _readings(site: Site) -> Readings:
    """What the site's metrics measured: their targets say nothing of variation."""
    day = clock.today()
    of_site = sa.select(Metric.id).where(
        Metric.organisation_id == site.organisation_id, Metric.site_id == site.id
    )
    return rolled.read(site.organisation_id, of_site, months_before(day, MONTHS_READ - 1), month_of(day))


def _rows(*where: sa.ColumnElement[bool]) -> Sequence[Any]:
    """Processes with their site, programme, owner, and the day and result of the last sampled audit."""
    of_process = (
        ProcessAudit.organisation_id == Process.organisation_id,
        ProcessAudit.process_id == Process.id,
    )
    newest = (ProcessAudit.audited_on.desc(), ProcessAudit.id.desc())
    last = sa.select(ProcessAudit.audited_on).where(*of_process).order_by(*newest).limit(1).scalar_subquery()
    result = sa.select(ProcessAudit.result).where(*of_process).order_by(*newest).limit(1).scalar_subquery()
    return db.session.execute(
        sa.select(Process, Site, Unit, Person, last, result)
        .join(Site, (Site.organisation_id == Process.organisation_id) & (Site.id == Process.site_id))
        .outerjoin(Unit, (Unit.organisation_id == Process.organisation_id) & (Unit.id == Process.unit_id))
        .outerjoin(
            Person, (Person.organisation_id == Process.organisation_id) & (Person.id == Process.owner_id)
        )
        .where(*where)
        .order_by(Process.kind, Process.number)
    ).all()


def _metrics_of(site: Site, process_ids: Iterable[int]) -> dict[int, list[Metric]]:
    rows = db.session.execute(
        sa.select(ProcessMetric.process_id, Metric)
        .join(
            Metric,
            (Metric.organisation_id == ProcessMetric.organisation_id)
            & (Metric.id == ProcessMetric.metric_id),
        )
        .where(
            ProcessMetric.organisation_id == site.organisation_id,
            ProcessMetric.process_id.in_(list(process_ids)),
        )
        .order_by(Metric.item, Metric.position, Metric.number)
    )
    found: dict[int, list[Metric]] = defaultdict(list)
    for process_id, metric in rows:
        found[process_id].append(metric)
    return found


def _variation(metric: Metric, readings: Readings, policy: Any) -> Any:
    values, counts = readings.values.get(metric.id, {}), readings.counts.get(metric.id, {})
    return insight.variation_of(
        [values[month] for month in sorted(values)],
        [counts[month] for month in sorted(counts)],
        metric.better.value if metric.better is not None else None,
        policy,
    )


def _row(row: Any, metrics: int, flagged: int) -> ProcessRow:
    process, site, unit, owner, last, result = row
    due = due_on(process, last)
    return ProcessRow(
        number=process.number,
        kind=process.kind.value,
        kind_label=words.SHORT_KINDS[process.kind],
        name=pick(process.name_zh, process.name_en),
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        unit=pick(unit.name_zh, unit.name_en) if unit is not None else "",
        procedure=process.procedure,
        owner=pick(owner.name_zh, owner.name_en) if owner is not None else "",
        metrics=metrics,
        flagged=flagged,
        audited_on=last,
        result_label=str(words.RESULTS[result]) if result is not None else "",
        tone=words.TONES[result] if result is not None else "",
        due_on=due,
        overdue=due is None or due < clock.today(),
        active=process.active,
    )


# ---------------------------------------------------------------- one process


def get_page(process: Process) -> ProcessPage:
    """Everything on the page of a process."""
    row = _rows(Process.organisation_id == process.organisation_id, Process.id == process.id)[0]
    site = row[1]
    loaded = load_site(process.organisation_id, site)
    policy = series.policy_of(site)
    metrics = tuple(
        _metric_view(metric, loaded.readings, policy, meets=loaded.verdict(metric).meets)
        for metric in _metrics_of(site, [process.id])[process.id]
    )
    return ProcessPage(
        row=_row(row, len(metrics), sum(metric.flagged for metric in metrics)),
        version=process.version,
        outsourced=process.outsourced,
        audit_months=process.audit_months,
        metrics=metrics,
        audits=list_audits(process),
        owner_id=process.owner_id,
    )


def list_flagged(process: Process, site: Site) -> tuple[MetricView, ...]:
    """The metrics of a process on which a rule of variation fires: two statements."""
    readings, policy = _readings(site), series.policy_of(site)
    found = (_metric_view(metric, readings, policy) for metric in _metrics_of(site, [process.id])[process.id])
    return tuple(metric for metric in found if metric.flagged)


def _metric_view(metric: Metric, readings: Readings, policy: Any, *, meets: bool = False) -> MetricView:
    return MetricView(
        number=metric.number,
        id=metric.id,
        name=pick(metric.name_zh, metric.name_en),
        item=metric.item,
        meets=meets,
        variation=_variation(metric, readings, policy),
    )


def list_audits(process: Process) -> tuple[AuditView, ...]:
    """The sampled audits of a process, the newest first."""
    rows = db.session.execute(
        sa.select(ProcessAudit, Person)
        .join(
            Person,
            (Person.organisation_id == ProcessAudit.organisation_id) & (Person.id == ProcessAudit.auditor_id),
        )
        .where(ProcessAudit.organisation_id == process.organisation_id, ProcessAudit.process_id == process.id)
        .order_by(ProcessAudit.audited_on.desc(), ProcessAudit.id.desc())
    )
    return tuple(_audit_view(audit, person) for audit, person in rows)


def _audit_view(audit: ProcessAudit, person: Person) -> AuditView:
    return AuditView(
        id=audit.id,
        version=audit.version,
        on=audit.audited_on,
        auditor=pick(person.name_zh, person.name_en),
        auditor_id=person.id,
        result=audit.result.value,
        result_label=str(words.RESULTS[audit.result]),
        tone=words.TONES[audit.result],
        sample=audit.sample,
        checklist=audit.checklist,
        notes=audit.notes,
    )


def metric_ids(process: Process) -> tuple[int, ...]:
    """The metrics that speak of a process."""
    return tuple(
        db.session.execute(
            sa.select(ProcessMetric.metric_id).where(
                ProcessMetric.organisation_id == process.organisation_id,
                ProcessMetric.process_id == process.id,
            )
        ).scalars()
    )


def list_metric_choices(organisation_id: int, site_id: int) -> list[tuple[str, str]]:
    """The metrics of a site as choices."""
    rows = db.session.execute(
        sa.select(Metric)
        .where(Metric.organisation_id == organisation_id, Metric.site_id == site_id)
        .order_by(Metric.item, Metric.position, Metric.number)
    ).scalars()
    return [(str(metric.id), f"{metric.item} {pick(metric.name_zh, metric.name_en)}") for metric in rows]


def list_sampled(organisation_id: int, site_id: int, since: date) -> tuple[tuple[ProcessRow, AuditView], ...]:
    """The sampled audits of a site's key customer-related processes since a day, the newest first: what a review
    can attach. Two statements."""
    rows = {
        row[0].id: (row[0], _row(row, 0, 0))
        for row in _rows(
            Process.organisation_id == organisation_id,
            Process.site_id == site_id,
            Process.kind == ProcessKind.KCRP,
        )
    }
    found = db.session.execute(
        sa.select(ProcessAudit, Person)
        .join(
            Person,
            (Person.organisation_id == ProcessAudit.organisation_id) & (Person.id == ProcessAudit.auditor_id),
        )
        .where(
            ProcessAudit.organisation_id == organisation_id,
            ProcessAudit.process_id.in_(list(rows)),
            ProcessAudit.audited_on >= since,
        )
        .order_by(ProcessAudit.audited_on.desc(), ProcessAudit.id.desc())
    )
    return tuple(
        (
            rows[audit.process_id][1],
            _audit_view(audit, person),
        )
        for audit, person in found
    )
