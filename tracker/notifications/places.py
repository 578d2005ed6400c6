"""Where a message leads to: the page on which whoever reads it can do something about it."""

from collections.abc import Mapping
from typing import Any

from flask import current_app

RECORDS = {
    "review": "reviews.show",
    "nonconformity": "nonconformities.show",
    "action": "actions.show",
    "audit": "audits.show",
    "metric": "metrics.show",
}
# Kinds of messages that lead to something else than the record they are about.
KINDS = {
    # The record may be of a site that the reader does not see; the question about it can be answered by them.
    "nonconformity-asked-elsewhere": "nonconformities.elsewhere",
    "review-due": "reviews.planner",
    "review-overdue": "reviews.planner",
    "review-never": "reviews.planner",
    "review-benchmark": "reviews.planner",
    "review-window": "reviews.planner",
    "deputy-named": "work.absences",
    "deputy-ended": "work.absences",
    "work-handed-over": "work.index",
    "reminders-of-day": "work.index",
    "digest": "work.index",
}
# A part of the record that is theirs: the item that stands first in the message.
ITEMS = {
    "review-calibration": "reviews.calibration",
    "review-sent-back": "reviews.judge",
    "review-assigned": "reviews.judge",
}
# Registers narrowed to what is overdue. The tasks of others stand on their actions.
OVERDUE: dict[str, tuple[str, dict[str, Any]]] = {
    "nonconformity": ("nonconformities.index", {"overdue": "1"}),
    "action": ("actions.index", {"overdue": "1"}),
    "task": ("actions.index", {"state": "implementing"}),
    "audit": ("audits.index", {"state": "overdue"}),
}


def path_of(kind: str, record_kind: str, number: int, payload: Mapping[str, Any]) -> str:
    """The address that a message leads to, below the root of the application."""
    if kind in KINDS:
        return _build(KINDS[kind])
    if kind == "escalations-of-day":
        return path_of_kind(next(iter(payload.get("kinds", {})), ""))
    if kind == "mail-refused":
        return _build("organisations.person", person_id=int(payload["person_id"]))
    items = payload.get("items")
    if kind in ITEMS and isinstance(items, str) and items:
        return _build(ITEMS[kind], number=number, element=items.partition(",")[0].strip())
    if record_kind in RECORDS:
        return path_of_record(record_kind, number)
    if record_kind == "site" and payload.get("code"):
        return _build("organisations.show", code=payload["code"])
    return _build("notifications.index")


def path_of_record(kind: str, number: int) -> str:
    """The page of a record."""
    return _build(RECORDS[kind], number=number)


def path_of_kind(kind: str) -> str:
    """The register that has what is overdue of a kind."""
    endpoint, narrowed = OVERDUE.get(kind, ("work.index", {}))
    return _build(endpoint, **narrowed)


def _build(endpoint: str, **values: Any) -> str:
    # Mails are written outside of requests, where `url_for` would ask for the name of the server.
    return current_app.url_map.bind("localhost").build(endpoint, values)
