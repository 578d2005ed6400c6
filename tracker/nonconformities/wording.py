"""The words of a prefilled non-conformity, and the words of the standards about pinned facts."""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from scoring import catalogue
from scoring.catalogue import Line, Row, Standard
from tracker.scores.sheets import COPC, SEE_CMM

MAX_TITLE = 200


@cache
def standard(name: str) -> Standard:
    """The shipped release of a standard, by the name that facts carry."""
    return catalogue.load({COPC: catalogue.COPC, SEE_CMM: catalogue.SEE_CMM}[name])


def element_name(element: str, lang: str) -> str:
    """What an item or criterion is called; its identifier where no shipped standard knows it."""
    for name in (COPC, SEE_CMM):
        found = _names(name, lang).get(element)
        if found is not None:
            return found
    return element


@cache
def _names(name: str, lang: str) -> dict[str, str]:
    loaded = standard(name)
    items = {item.id: item.name.of(lang) for item in loaded.items}
    return items | {criterion.id: criterion.name.of(lang) for criterion in loaded.criteria}


def title_for(element: str, gaps: Sequence[str], lang: str) -> str:
    """A title of at most 200 characters about the gaps of one element."""
    name = element_name(element, lang)
    if len(gaps) == 1:
        title = f"{element} {name}：{gaps[0]}" if lang == "zh" else f"{element} {name}: {gaps[0]}"
    else:
        title = (
            f"{element} {name}：{len(gaps)} 处差距" if lang == "zh" else f"{element} {name}: {len(gaps)} gaps"
        )
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"


def nothing_seen(gaps: Sequence[str], lang: str) -> str:
    """Evidence where the auditor has written none: what the review judged."""
    return f"评审判定：{'；'.join(gaps)}" if lang == "zh" else f"As judged in the review: {'; '.join(gaps)}"


class Pinned(Protocol):
    """A pinned fact, as much as words need of it."""

    @property
    def standard(self) -> str: ...
    @property
    def element(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def level(self) -> int | None: ...


def requirement(pin: Pinned, lang: str) -> tuple[str, bool]:
    """The words of what a pinned fact requires, and whether they are a working outline to be checked."""
    if pin.kind == "line":
        found = _lines(pin.standard).get(pin.subject)
        return (found.text.of(lang), found.outline) if found else ("", False)
    if pin.kind == "row":
        row = _row(pin.element, pin.subject)
        if row is None:
            return "", False
        level = min(max(pin.level or 1, 1), len(row.rubric))
        return row.rubric[level - 1].of(lang), False
    return "", False


@cache
def _lines(name: str) -> dict[str, Line]:
    return {line.id: line for item in standard(name).items for line in item.lines}


def _row(criterion: str, row: str) -> Row | None:
    loaded = standard(SEE_CMM)
    if not loaded.has_criterion(criterion):
        return None
    return next((each for each in loaded.criterion(criterion).rows if each.id == row), None)


def row_name(criterion: str, row: str, lang: str) -> str:
    """The label of a row of the assessment grid."""
    found = _row(criterion, row)
    return found.name.of(lang) if found else row


@cache
def element_choices(lang: str) -> tuple[tuple[str, str], ...]:
    """Every item and criterion to choose from, as (identifier, identifier and name)."""
    return tuple(
        (element, f"{element} {title}")
        for name in (COPC, SEE_CMM)
        for element, title in _names(name, lang).items()
    )


@cache
def standard_of(element: str) -> str | None:
    """The standard that an item or criterion belongs to."""
    for name in (COPC, SEE_CMM):
        if element in _names(name, "en"):
            return name
    return None
