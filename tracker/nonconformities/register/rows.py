"""From a row of the register to what is shown of it: plain texts, because a page has 450 cells."""

from datetime import date
from functools import cache
from typing import Any

from tracker import clock
from tracker.i18n import language
from tracker.nonconformities.viewmodels import RegisterRow
from tracker.numbering import label
from tracker.offers import machine_of
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState

GRADE_TONES = {
    Grade.MAJOR: "danger",
    Grade.MINOR: "attention",
    Grade.OBSERVATION: "info",
    Grade.OFI: "neutral",
}
STATE_ICONS = {
    "neutral": "circle",
    "info": "circle-dot",
    "attention": "alert-triangle",
    "progress": "progress",
    "review": "eye",
    "success": "circle-check",
    "danger": "alert-octagon",
    "muted": "circle-minus",
}


def views(rows: list[Any]) -> tuple[RegisterRow, ...]:
    """What a page shows of its rows, in the language of the reader."""
    lang, today = language(), clock.today()
    return tuple(_view(row, lang, today) for row in rows)


def _view(row: Any, lang: str, today: date) -> RegisterRow:
    # Unpacked once, in the order of _COLUMNS: asking a row for each of its names takes longer.
    number, title, element, grade, state, due_on, rank, _due, _place, has_points, *names, linked = row
    site, site_zh, site_en, owner_zh, owner_en = names
    zh = lang == "zh"
    state_name, state_tone = state_words(state, lang)
    late = (today - due_on).days if due_on is not None else 0
    return RegisterRow(
        number,
        label("nonconformity", number),
        title,
        element if linked == element else _elements(element, linked),
        site,
        (site_zh or site_en) if zh else (site_en or site_zh),
        _grade_name(grade, lang),
        GRADE_TONES[grade],
        state_name,
        state_tone,
        STATE_ICONS[state_tone],
        ((owner_zh or owner_en) if zh else (owner_en or owner_zh)) or "–",
        short_date(due_on, lang),
        _late(late, lang) if late > 0 else "",
        _points(rank) if has_points else "–",
    )


@cache
def _grade_name(grade: Grade, lang: str) -> str:
    return grade.of(lang)


@cache
def state_words(state: NonconformityState, lang: str) -> tuple[str, str]:
    """Title and tone of a state."""
    found = machine_of("nonconformity").state(state)
    return found.title.of(lang), found.tone.value


def _elements(first: str, linked: str | None) -> str:
    """Every element it touches, the one it is filed under first."""
    others = sorted(set((linked or "").split()) - {first})
    return " · ".join([first, *others] if first else others)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short_date(day: date | None, lang: str) -> str:
    """A day as `i18n.show_date` writes it, without asking the library fifty times a page."""
    if day is None:
        return "–"
    return day.isoformat() if lang == "zh" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _late(days: int, lang: str) -> str:
    if lang == "zh":
        return f"逾期 {days} 天"
    return f"{days} day overdue" if days == 1 else f"{days} days overdue"


def _points(rank: int) -> str:
    """Millionths of a point with one decimal, rounded half up."""
    tenths = (abs(rank) + 50_000) // 100_000
    sign = "−" if rank < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}"
