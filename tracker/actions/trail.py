"""The words for what is recorded about actions and follow-up audits."""

from tracker.i18n import lazy_gettext as _l
from tracker.timeline import FIELD_LABELS, VALUE_WORDS
from workflows.kinds import VerificationMethod

VALUE_WORDS.update(method=VerificationMethod, verified=VerificationMethod)

FIELD_LABELS.update(
    nonconformities=_l("Non-conformities"),
    problem_what=_l("What happens?"),
    problem_where=_l("Where?"),
    problem_since=_l("Since when?"),
    problem_extent=_l("How much?"),
    metric_id=_l("Metric that shows it"),
    analysis=_l("What do the data show?"),
    solution=_l("Solution"),
    criterion=_l("Effectiveness criterion"),
    window_days=_l("Effectiveness window"),
    effort=_l("Effort"),
    documents_updated=_l("Documents updated?"),
    documents_note=_l("Which documents, or why none"),
    read_across=_l("Similar cases"),
    effect_result=_l("What the data of the window show"),
    criterion_met=_l("Criterion met?"),
    standardised=_l("How the gain is kept"),
    cause=_l("Cause"),
    text=_l("Description"),
    kind=_l("Kind"),
    evidence=_l("Evidence"),
    rib=_l("Rib of the fishbone"),
    ribs=_l("Ribs"),
    controllable=_l("Controllable"),
    person_answer=_l("Which process allowed it?"),
    no_task_reason=_l("Why no task removes it"),
    verified=_l("Verification"),
    method=_l("Verified by"),
    task=_l("Task"),
    owner_id=_l("Owner"),
    cause_id=_l("Cause it removes"),
    due_on=_l("Due date"),
    needs=_l("Waits for"),
    template=_l("Template"),
    planned_on=_l("Planned for"),
    checklist=_l("Checklist"),
    line=_l("Line"),
    answer=_l("Answer"),
    sample=_l("Sample"),
    summary=_l("Summary of the audit"),
    implemented=_l("Implemented?"),
    effective=_l("Effective?"),
    note=_l("Note"),
)
