"""The words of key processes."""

from tracker import timeline
from tracker.i18n import lazy_gettext as _l
from tracker.processes.models import AuditResult, ProcessKind

KINDS = {
    ProcessKind.KCRP: _l("Key customer-related process (KCRP)"),
    ProcessKind.KSP: _l("Key support process (KSP)"),
}
SHORT_KINDS = {ProcessKind.KCRP: "KCRP", ProcessKind.KSP: "KSP"}
RESULTS = {
    AuditResult.FOLLOWED: _l("Followed"),
    AuditResult.DEVIATIONS: _l("With deviations"),
    AuditResult.NOT_FOLLOWED: _l("Not followed"),
}
TONES = {
    AuditResult.FOLLOWED: "success",
    AuditResult.DEVIATIONS: "attention",
    AuditResult.NOT_FOLLOWED: "danger",
}

timeline.TITLES.update(
    {
        "process_audited": _l("Sampled audit recorded"),
        "process_audit_removed": _l("Sampled audit taken back"),
    }
)
timeline.FIELD_LABELS.update(
    {
        "kind": _l("Kind"),
        "name": _l("Name"),
        "procedure": _l("Procedure"),
        "owner_id": _l("Owner"),
        "unit_id": _l("Programme"),
        "audit_months": _l("Sampled audit every (months)"),
        "outsourced": _l("Run by a supplier"),
        "active": _l("In use"),
        "metrics": _l("Metrics"),
        "sampled_on": _l("Sampled on"),
        "sampled_result": _l("Result"),
    }
)
timeline.VALUE_VIEWS["sampled_result"] = lambda value: str(RESULTS[AuditResult(str(value))])
