"""Words of reviews that are made in Python: verdicts, gaps, moves, and the names of what history records."""

from scoring.certification import Verdict
from tracker import timeline
from tracker.i18n import gettext as _
from tracker.i18n import language, ngettext, say
from tracker.i18n import lazy_gettext as _l
from tracker.numbering import label
from tracker.reviews import scope
from tracker.reviews.models import AssignmentState, ExternalState, ExternalVerdict, Review
from tracker.reviews.viewmodels import GapView

timeline.TITLES.update(
    {
        "planned": _l("Planned"),
        "judged": _l("Judged"),
        "stated": _l("Metric facts stated"),
        "overruled": _l("Score overruled"),
        "word_given": _l("Word on 4.7 given"),
        "gap_reasoned": _l("Gap reasoned"),
        "described": _l("Report details changed"),
        "closures_confirmed": _l("Closures confirmed"),
        "carried_forward": _l("Started from the last report"),
        "confirmed": _l("Verdicts confirmed"),
        "sample_begun": _l("Sampled audit attached"),
        "sample_answered": _l("Sampled audit answered"),
        "units_taken_in": _l("New units taken in"),
        "assigned": _l("Items assigned"),
        "submitted": _l("Handed in"),
        "sent_back": _l("Work sent back"),
        "work_accepted": _l("Work accepted"),
        "calibration_begun": _l("Calibration begun"),
        "calibration_done": _l("Calibration: one auditor done"),
        "calibration_settled": _l("Calibration settled"),
        "external_planned": _l("Planned"),
        "external_held": _l("Held"),
        "external_cancelled": _l("Cancelled"),
        "external_finding": _l("Finding entered"),
    }
)
timeline.FIELD_LABELS.update(
    {
        "sampled_kcrp": _l("Sampled audit of a key customer-related process"),
        "metric_list_confirmed": _l("The list of required metrics (Exhibit 1) is confirmed"),
        "closures": _l("Closures"),
        "facts": _l("Facts"),
        "confirmed": _l("Confirmed"),
        "body": _l("Who audits"),
        "standard": _l("Standard"),
        "beside": _l("Stands beside our score under"),
        "planned_on": _l("Planned for"),
        "held_on": _l("Held on"),
        "score": _l("Score"),
        "maximum": _l("Out of"),
        "summary": _l("Summary"),
        "finding": _l("Finding"),
        "items": _l("Items"),
        "process": _l("Process"),
    }
)


def verdict(value: str) -> str:
    """The verdict of certification in words."""
    return say(Verdict(value).label) if value else ""


def element_name(review: Review, element: str) -> str:
    """The name of an item or criterion of a review."""
    return scope.known_of(review).name(element, language())


def gap(view: GapView) -> str:
    """What is missing, in a few words."""
    return {
        "line": _("Requirement not met"),
        "unit": _("Not fully deployed"),
        "row": _("Below the target level"),
        "trend": _("Trend below 100"),
        "metric": _("Data cannot be trusted (CUI)") if view.aspect == "cui" else _("Misses target"),
    }[view.kind]


def moved(event: str) -> str:
    """What is said after a move."""
    return {
        "start": _("The review is in progress."),
        "report": _("The report is signed and the baseline is frozen."),
        "accept": _("The report is accepted."),
        "withdraw": _("The report is withdrawn and the earlier facts are back."),
        "close": _("The review is closed."),
        "cancel": _("The review is cancelled."),
    }.get(event, _("Done."))


def raised(count: int) -> str:
    """What is said after raising for gaps."""
    return ngettext("%(num)d draft has been raised.", "%(num)d drafts have been raised.", count)


def taken_over(count: int) -> str:
    """What is said after starting from the last report."""
    return ngettext(
        "%(num)d verdict has been taken over; it is to be confirmed.",
        "%(num)d verdicts have been taken over; each is to be confirmed.",
        count,
    )


def confirmed(count: int) -> str:
    """What is said after confirming."""
    return ngettext("%(num)d verdict confirmed.", "%(num)d verdicts confirmed.", count)


def external_code(number: int) -> str:
    """The number of an external audit as people read it."""
    return label("external_audit", number)


def external_state(state: ExternalState) -> tuple[str, str]:
    """Where an external audit stands, and its tone."""
    return {
        ExternalState.PLANNED: (_("Planned"), "progress"),
        ExternalState.HELD: (_("Held"), "review"),
        ExternalState.CANCELLED: (_("Cancelled"), "muted"),
    }[state]


def external_verdict(verdict: ExternalVerdict) -> tuple[str, str]:
    """What the body said, and its tone."""
    return {
        ExternalVerdict.PASSED: (_("Passed"), "success"),
        ExternalVerdict.CONDITIONAL: (_("Passed with conditions"), "attention"),
        ExternalVerdict.FAILED: (_("Not passed"), "danger"),
    }[verdict]


def assignment(state: AssignmentState) -> tuple[str, str]:
    """How far an auditor's work is, and its tone."""
    return {
        AssignmentState.ASSIGNED: (_("assigned"), "neutral"),
        AssignmentState.SUBMITTED: (_("handed in"), "review"),
        AssignmentState.RETURNED: (_("sent back"), "attention"),
        AssignmentState.ACCEPTED: (_("accepted"), "success"),
    }[state]
