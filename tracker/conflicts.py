"""What to say to somebody who was second: who was first, when, and with what."""

from typing import Any

from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.timeline import last_change

# Table → the kind of record whose history tells of its rows, and the column that names the record.
RECORDS = {
    "reviews": ("review", "id"),
    "nonconformities": ("nonconformity", "id"),
    "actions": ("action", "id"),
    "causes": ("action", "action_id"),
    "tasks": ("action", "action_id"),
    "audits": ("audit", "id"),
    "audit_checks": ("audit", "audit_id"),
    "audit_verdicts": ("audit", "audit_id"),
    "metrics": ("metric", "id"),
    "metric_targets": ("metric", "metric_id"),
    "processes": ("process", "id"),
    "process_audits": ("process", "process_id"),
    "sites": ("site", "id"),
    "site_schedules": ("site", "site_id"),
    "people": ("person", "id"),
}


def explain(row: Any) -> str:
    """Who changed a record last, when and how, in the words that whoever came second reads."""
    kind, column = RECORDS.get(row.__tablename__, ("", ""))
    last = last_change(Record(row.organisation_id, kind, getattr(row, column), 0)) if kind else None
    if last is None:
        return _("Somebody else changed this record in the meantime. Look at it again before you go on.")
    return _(
        "%(name)s changed this record in the meantime: %(what)s, %(when)s. Look at it again before you go on.",
        name=last.who,
        what=last.what,
        when=last.when,
    )
