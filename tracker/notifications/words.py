"""What a message says: one sentence for each kind, in the language of whoever reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tracker.i18n import gettext as _
from tracker.i18n import language, ngettext, pick, say, show_date
from tracker.i18n import lazy_gettext as _l
from tracker.notifications.places import path_of_kind, path_of_record
from tracker.numbering import PREFIXES, label
from workflows.schedule import Step

HEADLINES: dict[str, Any] = {
    "nonconformity-opened": _l("%(record)s has been raised, and you own it"),
    "nonconformity-disputed": _l("%(record)s is disputed by its owner"),
    "nonconformity-upheld": _l("%(record)s stands: the dispute has been answered"),
    "nonconformity-regraded": _l("%(record)s has another grade"),
    "nonconformity-sent-back": _l("The follow-up audit sent %(record)s back"),
    "nonconformity-closed": _l("%(record)s is closed"),
    "nonconformity-reopened": _l("%(record)s is open again"),
    "nonconformity-void": _l("%(record)s is void"),
    "nonconformity-void-declined": _l("%(record)s stands: it will not be made void"),
    "nonconformity-handed-over": _l("%(record)s has been handed over to you"),
    "nonconformity-asked-elsewhere": _l("%(record)s was found elsewhere: is it at your site, too?"),
    "nonconformity-found-elsewhere": _l("%(record)s was found at another place, too"),
    "nonconformity-extended": _l("The deadline of %(record)s has been extended"),
    "action-assigned": _l("%(record)s is yours"),
    "action-named": _l("%(record)s answers one more non-conformity"),
    "action-unnamed": _l("%(record)s no longer answers your non-conformity"),
    "action-extended": _l("The deadline of %(record)s has been extended"),
    "action-implemented": _l("%(record)s is implemented and waits for its follow-up audit"),
    "action-not-implemented": _l("%(record)s was found not implemented"),
    "action-not-effective": _l("%(record)s was found not effective: back to the causes"),
    "action-reopen": _l("%(record)s is open again"),
    "action-closed": _l("%(record)s is closed"),
    "action-cancelled": _l("%(record)s has been cancelled"),
    "plan-submitted": _l("The plan of %(record)s waits for approval"),
    "plan-approved": _l("The plan of %(record)s is approved"),
    "plan-returned": _l("The plan of %(record)s has been returned"),
    "review-planned": _l("%(record)s is planned, and you lead it"),
    "review-reported": _l("%(record)s is reported and waits for acceptance"),
    "review-assigned": _l("Items of %(record)s are yours to judge"),
    "review-submitted": _l("Judged items of %(record)s wait for you"),
    "review-sent-back": _l("An item of %(record)s came back to you"),
    "review-calibration": _l("An item of %(record)s is yours to judge blind, as another does"),
    "audit-scheduled": _l("%(record)s is scheduled"),
    "audit-reschedule": _l("%(record)s has another date"),
    "audit-cancel": _l("%(record)s has been cancelled"),
    "audit-concluded": _l("%(record)s is concluded"),
    "due-soon": _l("%(record)s is due on %(due_on)s"),
    "overdue": _l("%(record)s is overdue since %(due_on)s"),
    "escalated-manager": _l("%(record)s of %(owner)s is overdue since %(due_on)s"),
    "escalated-quality": _l("%(record)s is still overdue, since %(due_on)s"),
    "review-due": _l("%(site)s has to be reviewed again by %(due_on)s"),
    "review-overdue": _l("The yearly review of %(site)s is overdue since %(due_on)s"),
    "review-never": _l("%(site)s has never been reviewed as a whole"),
    "review-benchmark": _l("%(site)s was last reviewed more than six months ago"),
    "review-window": _l("An external audit of %(site)s on %(due_on)s has no review around it"),
    "reminders-of-day": _l("Your deadlines: %(count)s"),
    "escalations-of-day": _l("Escalated to you: %(count)s, the oldest since %(due_on)s"),
    "mail-refused": _l("Mail to %(owner)s is refused: nothing more reaches them by mail"),
    "digest": _l("Your day in Rescore: %(count)s"),
}
"""Kind of a message → its headline; other features may add theirs."""

WHY: dict[str, Any] = {
    "due-soon": _l("You get this because it is yours to do."),
    "overdue": _l("You get this because it is yours to do."),
    "reminders-of-day": _l("You get this because it is yours to do."),
    "escalated-manager": _l("You get this because its owner answers to you."),
    "escalated-quality": _l("You get this because you are quality manager of its site."),
    "escalations-of-day": _l(
        "You get this because the owners answer to you, or you are quality manager of their site."
    ),
    "nonconformity-asked-elsewhere": _l("You get this because you audit or manage quality at a site asked."),
    "review-due": _l("You get this because you are quality manager of its site."),
    "review-overdue": _l("You get this because you are quality manager of its site."),
    "review-never": _l("You get this because you are quality manager of its site."),
    "review-benchmark": _l("You get this because you are quality manager of its site."),
    "review-window": _l("You get this because you are quality manager of its site."),
    "mail-refused": _l("You get this because you administer people and their addresses."),
    "digest": _l("You get this because you chose one digest a day."),
}
"""Kind of a message → why somebody gets it by mail; other features may add theirs."""

# Their headlines name the day already.
SAY_THE_DAY = frozenset(
    {
        "due-soon",
        "overdue",
        "escalated-manager",
        "escalated-quality",
        "reminders-of-day",
        "escalations-of-day",
        "digest",
    }
)


@dataclass(frozen=True)
class Item:
    """One of several things that a message is about, with the address where it is dealt with."""

    label: str
    title: str
    due: str
    whose: str
    path: str


@dataclass(frozen=True)
class Sentence:
    """A message in words: what happened, the lines below it, and the things it lists.

    `counts` says how many of each kind they are, with the register that has them all; `more` how many are not
    listed.
    """

    headline: str
    lines: tuple[str, ...]
    items: tuple[Item, ...] = ()
    counts: tuple[tuple[str, str], ...] = ()
    more: int = 0


def describe(kind: str, record_kind: str, number: int, payload: Mapping[str, Any]) -> Sentence:
    """A message in the language in force."""
    record = label(record_kind, number) if record_kind in PREFIXES else ""
    names = {"record": record, "site": "", "owner": "", "due_on": "", "count": ""}
    names |= {"site": _both(payload, "site"), "owner": _both(payload, "owner")}
    names["due_on"] = _day(payload.get("due_on"))
    names["count"] = _count(payload)
    template = HEADLINES.get(kind)
    headline = _("News about %(record)s", record=record) if template is None else str(template) % names
    return Sentence(
        headline,
        tuple(_lines(kind, payload)),
        tuple(_listed(payload)),
        tuple(_counts(payload)),
        int(payload.get("more", 0)),
    )


def why(kind: str) -> str:
    """Why somebody gets a message of this kind, in the language in force."""
    return str(WHY.get(kind) or _("You get this because it concerns your work in Rescore."))


def _lines(kind: str, payload: Mapping[str, Any]) -> Iterator[str]:
    if payload.get("title"):
        yield str(payload["title"])
    step = payload.get("step")
    if step in set(Step):
        yield _("Step: %(step)s", step=say(Step(step).text))
    if payload.get("due_on") and kind not in SAY_THE_DAY and not kind.startswith("review-"):
        yield _("Due on %(day)s", day=_day(payload["due_on"]))
    if payload.get("address"):
        yield _("Address: %(address)s", address=payload["address"])
    if payload.get("reason"):
        yield _("Reason: %(reason)s", reason=payload["reason"])
    if payload.get("comment"):
        yield str(payload["comment"])
    items = payload.get("items", ())
    if isinstance(items, str) and items:
        yield _("Items: %(items)s", items=items)


def _listed(payload: Mapping[str, Any]) -> Iterator[Item]:
    items = payload.get("items", ())
    for each in () if isinstance(items, str) else items:
        kind, number = each.get("record_kind", ""), each.get("number", 0)
        known = kind in PREFIXES
        yield Item(
            label=label(kind, number) if known else str(each.get("record", "")),
            title=str(each["title"]),
            due=_("Due on %(day)s", day=_day(each["due_on"])),
            whose=_both(each, "owner"),
            path=path_of_record(kind, number) if known else "",
        )


def _counts(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """How many of each kind, and where they stand, the most of them first."""
    words = {
        "nonconformity": lambda n: ngettext("%(num)s non-conformity", "%(num)s non-conformities", n),
        "action": lambda n: ngettext("%(num)s corrective action", "%(num)s corrective actions", n),
        "task": lambda n: ngettext("%(num)s task", "%(num)s tasks", n),
        "audit": lambda n: ngettext("%(num)s follow-up audit", "%(num)s follow-up audits", n),
    }
    for kind, number in payload.get("kinds", {}).items():
        if kind in words:
            yield words[kind](number), path_of_kind(kind)


def _both(payload: Mapping[str, Any], name: str) -> str:
    return pick(str(payload.get(f"{name}_zh", "")), str(payload.get(f"{name}_en", "")))


def _count(payload: Mapping[str, Any]) -> str:
    parts = [
        (
            payload.get("overdue", 0),
            ngettext("%(num)s overdue", "%(num)s overdue", payload.get("overdue", 0)),
        ),
        (payload.get("due", 0), ngettext("%(num)s due soon", "%(num)s due soon", payload.get("due", 0))),
        (payload.get("news", 0), ngettext("%(num)s message", "%(num)s messages", payload.get("news", 0))),
    ]
    return ("、" if language() == "zh" else ", ").join(text for number, text in parts if number)


def _day(value: object) -> str:
    try:
        return show_date(date.fromisoformat(str(value))) if value else ""
    except ValueError:
        return str(value)
