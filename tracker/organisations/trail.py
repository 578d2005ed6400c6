"""The words for what is recorded about sites, programmes and key positions."""

from scoring.policy import SWITCHES
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.i18n import ngettext, say
from tracker.timeline import FIELD_LABELS, TITLES, VALUE_VIEWS, VALUE_WORDS
from workflows.calendars import Holidays
from workflows.kinds import Grade
from workflows.schedule import Step

TITLES.update(
    calendar_changed=_l("Calendar changed"),
    terms_changed=_l("Terms changed"),
    site_added=_l("Site added"),
    site_edited=_l("Site edited"),
    policy_changed=_l("Policy changed"),
    programme_added=_l("Programme added"),
    programme_edited=_l("Programme edited"),
    programme_retired=_l("Programme ended"),
    key_position_added=_l("Key position added"),
    key_position_edited=_l("Key position edited"),
    key_position_retired=_l("Key position ended"),
)
FIELD_LABELS.update(
    holidays=_l("Official calendar"),
    weekend=_l("Not worked every week (0 is Monday)"),
    own_days=_l("Days of this site"),
    remind_days=_l("Remind the owner"),
    manager_after=_l("Tell the owner's manager"),
    quality_after=_l("Tell the quality managers"),
    code=_l("Short code"),
    item=_l("Item"),
    csp_type=_l("Kind of site"),
    target_level=_l("Target level"),
    client=_l("Client"),
    starts_on=_l("First day"),
    ends_on=_l("Last day"),
)
# Switches are known by their keys, in sheets and in stored runs; their names stand on the page itself.
FIELD_LABELS.update({key: key for key in SWITCHES})


class _Term:
    """The label of a term: its grade and step, in the language of whoever reads the history."""

    def __init__(self, grade: Grade, step: Step) -> None:
        self._grade, self._step = grade, step

    def __str__(self) -> str:
        return f"{say(self._grade.text)}, {say(self._step.text)}"


def _length(value: object) -> str:
    """A stored term (`3 W`, `15`) in words."""
    days, _space, working = str(value).partition(" ")
    if not days.isdigit():
        return str(value)
    if working:
        return ngettext("%(num)s working day", "%(num)s working days", int(days))
    return ngettext("%(num)s day", "%(num)s days", int(days))


def _days(value: object) -> str:
    """Stored days of one's own (`2026-12-24 off Christmas Eve; …`) in words."""
    return "; ".join(_day(text) for text in str(value).split("; "))


def _day(text: str) -> str:
    when, _space, rest = text.partition(" ")
    kind, _space, name = rest.partition(" ")
    said = {"work": _("Worked"), "off": _("Not worked")}.get(kind, kind)
    return f"{when} {said} {name}".strip()


TERMS = {f"{grade.value}/{step.value}": _Term(grade, step) for grade in Grade for step in Step}
FIELD_LABELS.update(TERMS)
VALUE_VIEWS.update(dict.fromkeys(TERMS, _length))
VALUE_WORDS["holidays"] = Holidays
VALUE_VIEWS["own_days"] = _days
