"""What happened to a record, and who signed what: the same two lists on every record's page."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from tracker.accounts.models import Person
from tracker.database import db
from tracker.history import HistoryEvent, Record
from tracker.i18n import gettext as _
from tracker.i18n import language, lazy_gettext, pick, show_datetime
from tracker.offers import StateView, machine_of, state_view
from tracker.signatures import Signature
from workflows.text import Worded

MAX_SHOWN = 200

# What features record beside moves; a move's own title comes from its machine.
TITLES = {
    "created": lazy_gettext("Record created"),
    "plan_kept": lazy_gettext("Plan kept as a template"),
    "plan_begun": lazy_gettext("Plan begun with a template"),
    "edited": lazy_gettext("Edited"),
    "extended": lazy_gettext("Deadline extended"),
    "handed_over": lazy_gettext("Handed over"),
    "cause_added": lazy_gettext("Cause added"),
    "cause_edited": lazy_gettext("Cause edited"),
    "cause_verified": lazy_gettext("Cause verified"),
    "cause_deleted": lazy_gettext("Cause removed"),
    "ribs_changed": lazy_gettext("Ribs of the fishbone changed"),
    "task_added": lazy_gettext("Task added"),
    "task_edited": lazy_gettext("Task edited"),
    "task_done": lazy_gettext("Task done"),
    "task_dropped": lazy_gettext("Task dropped"),
    "task_reopened": lazy_gettext("Task open again"),
    "dependency_added": lazy_gettext("Dependency added"),
    "dependency_removed": lazy_gettext("Dependency removed"),
    "nonconformity_named": lazy_gettext("Non-conformity added"),
    "nonconformity_unnamed": lazy_gettext("Non-conformity taken out"),
    "answered": lazy_gettext("Answered by a follow-up audit"),
    "check_answered": lazy_gettext("Checklist line answered"),
    "verdict_given": lazy_gettext("Answer given"),
    "fact_released": lazy_gettext("Fact released"),
    "fact_held": lazy_gettext("Fact held again"),
    "undone": lazy_gettext("Taken back"),
}


@dataclass(frozen=True)
class Entry:
    """A line of history as the page shows it."""

    who: str
    when: str
    what: str
    state: StateView | None
    tone: str
    icon: str
    detail: str
    quote: str


@dataclass(frozen=True)
class SignatureView:
    """A signature as the page shows it."""

    name: str
    meaning: str
    when: str
    digest: str
    segregated: bool
    event: str
    person_id: int


def list_history(record: Record, *, but: Collection[str] = ()) -> tuple[Entry, ...]:
    """The newest lines of a record's history first, without the events in `but`, in one statement."""
    rows = db.session.execute(_lines(record).where(HistoryEvent.event.not_in(list(but))).limit(MAX_SHOWN))
    return tuple(_entry(record.kind, row, zh, en) for row, zh, en in rows)


def last_change(record: Record) -> Entry | None:
    """What was done to a record last; none for a record without any history.

    A move writes what followed from it after itself, within the same moment and by the same hand: the move is told.
    """
    rows = db.session.execute(_lines(record).limit(20)).all()
    if not rows:
        return None
    newest = rows[0][0]
    together = [
        row
        for row in rows
        if row[0].person_id == newest.person_id and newest.at - row[0].at <= timedelta(seconds=2)
    ]
    told = next((row for row in together if row[0].new_state), rows[0])
    return _entry(record.kind, *told)


def _lines(record: Record) -> sa.Select[HistoryEvent, str, str]:
    """The history of a record, newest first, with the names of who did it."""
    return (
        sa.select(HistoryEvent, Person.name_zh, Person.name_en)
        .outerjoin(
            Person,
            (Person.organisation_id == HistoryEvent.organisation_id) & (Person.id == HistoryEvent.person_id),
        )
        .where(
            HistoryEvent.organisation_id == record.organisation_id,
            HistoryEvent.record_kind == record.kind,
            HistoryEvent.record_id == record.id,
        )
        .order_by(HistoryEvent.id.desc())
    )


def list_signatures(record: Record) -> tuple[SignatureView, ...]:
    """The signatures of a record, oldest first, in one statement."""
    rows = db.session.execute(
        sa.select(Signature)
        .where(
            Signature.organisation_id == record.organisation_id,
            Signature.record_kind == record.kind,
            Signature.record_id == record.id,
        )
        .order_by(Signature.id)
    ).scalars()
    return tuple(
        SignatureView(
            name=row.printed_name,
            meaning=pick(row.meaning_zh, row.meaning_en),
            when=show_datetime(row.signed_at),
            digest=row.content_hash,
            segregated=row.segregated,
            event=row.event,
            person_id=row.person_id,
        )
        for row in rows
    )


def _undone(value: object) -> str:
    """The title of a move that was taken back, kept as `machine:event`."""
    kind, _colon, event = str(value).partition(":")
    return _title(kind, event)


def _entry(kind: str, row: HistoryEvent, zh: str | None, en: str | None) -> Entry:
    moved = row.new_state and row.new_state != row.old_state
    state = state_view(kind, row.new_state) if moved else None
    return Entry(
        who=pick(zh, en or zh) if zh else _("The product itself"),
        when=show_datetime(row.at),
        what=_title(kind, row.event),
        state=state,
        tone=state.tone if state else "",
        icon="arrow-right" if state else "point",
        detail=_changes(row.changes),
        quote=row.reason,
    )


def _title(kind: str, event: str) -> str:
    if event in TITLES:
        return str(TITLES[event])
    title = machine_of(kind).event_title(event)
    return title.of(language()) if title is not None else event.replace("_", " ")


def _changes(changes: dict[str, object]) -> str:
    """Field by field what it was and what it became; long texts are cut, the audit trail keeps them whole."""
    colon, semicolon = ("：", "；") if language() == "zh" else (": ", "; ")
    parts = []
    for field, pair in changes.items():
        before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        before, after = _value(field, before), _value(field, after)
        said = _short(after) if before in (None, "") else f"{_short(before)} → {_short(after)}"
        parts.append(f"{field_label(field)}{colon}{said}")
    return semicolon.join(parts)


# Answers and verdicts, which many fields share.
ANSWERS = {
    "yes": lazy_gettext("Yes"),
    "no": lazy_gettext("No"),
    "met": lazy_gettext("Met"),
    "not_met": lazy_gettext("Not met"),
    "full": lazy_gettext("Full"),
    "partial": lazy_gettext("Partial"),
    "none": lazy_gettext("Not"),
    "not_applicable": lazy_gettext("N/A"),
}


def _short(value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, str) and value in ANSWERS:
        return str(ANSWERS[value])
    text = "–" if value in (None, "") else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


VALUE_WORDS: dict[str, type[Worded]] = {}
"""Field of a record → the vocabulary its values come from; features add theirs when they are imported."""


VALUE_VIEWS: dict[str, Callable[[object], str]] = {}
"""Field of a record → how its values are written, where a vocabulary is not enough; features add theirs."""


def _value(field: str, value: object) -> object:
    """A stored value in words, where its field has a vocabulary that knows it."""
    if field in VALUE_VIEWS and value:
        return VALUE_VIEWS[field](value)
    words = VALUE_WORDS.get(field)
    if words is None or value not in set(words):
        return value
    return words(str(value)).of(language())


VALUE_VIEWS["move_undone"] = _undone

FIELD_LABELS: dict[str, object] = {"move_undone": lazy_gettext("Move")}
"""Field of a record → its label; features add theirs when they are imported."""


KEY_WORDS: list[Callable[[str], str]] = []
"""How the key of a fact is said in words; the feature that knows facts adds it when it is imported."""


def field_label(field: str) -> str:
    """The words for a field of a history line, which may be the key of a fact."""
    if "/" in field and field not in FIELD_LABELS:
        return next((words(field) for words in KEY_WORDS), field)
    return str(FIELD_LABELS.get(field, field.replace("_", " ")))
