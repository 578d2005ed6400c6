"""The words of people's work in messages and in history."""

from tracker import timeline
from tracker.i18n import lazy_gettext as _l
from tracker.notifications.words import HEADLINES, WHY

HEADLINES.update(
    {
        "mentioned": _l("%(owner)s mentioned you in %(record)s"),
        "commented": _l("%(owner)s wrote about %(record)s"),
        "watched-moved": _l("%(record)s, which you watch, has been moved on by %(owner)s"),
        "deputy-named": _l("You stand in for %(owner)s"),
        "deputy-ended": _l("You no longer stand in for %(owner)s"),
        "work-handed-over": _l("%(owner)s has handed work over to you"),
    }
)
WHY.update(
    {
        "mentioned": _l("You get this because somebody named you in a comment."),
        "commented": _l("You get this because you watch the record."),
        "watched-moved": _l("You get this because you watch the record."),
        "deputy-named": _l("You get this because you were named as a deputy."),
        "deputy-ended": _l("You get this because you were named as a deputy."),
    }
)
timeline.TITLES.update(
    {
        "comment_withdrawn": _l("Comment withdrawn"),
        "deputy_named": _l("Deputy named"),
        "deputy_ended": _l("Deputy ended"),
    }
)
timeline.FIELD_LABELS.update(
    {"deputy": _l("Deputy"), "deputy_of": _l("Standing in for"), "days": _l("Days"), "task": _l("Task")}
)
KINDS = {
    "nonconformity": _l("non-conformities"),
    "action": _l("corrective actions"),
    "task": _l("tasks"),
    "audit": _l("follow-up audits"),
    "review": _l("reviews"),
    "metric": _l("metrics"),
    "process": _l("key processes"),
}
