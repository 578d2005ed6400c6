"""The words for what the rounds put on a record, and for what somebody chose to get by mail."""

from tracker.i18n import lazy_gettext as _l
from tracker.i18n import pick
from tracker.timeline import FIELD_LABELS, TITLES, VALUE_VIEWS


def _names(value: object) -> str:
    """The name of whoever was told, kept in both languages."""
    if isinstance(value, list) and len(value) == 2:
        return pick(str(value[0]), str(value[1]))
    return str(value)


TITLES.update(
    overdue=_l("Overdue: the owner was told"),
    escalated_manager=_l("Overdue: the owner's manager was told"),
    escalated_quality=_l("Overdue: a quality manager was told"),
    mail_chosen=_l("Mail preference changed"),
)
FIELD_LABELS.update(told=_l("Told"), mail=_l("By mail"))
VALUE_VIEWS["told"] = _names
