"""The words of a prefilled non-conformity, and the words of the standards about pinned facts."""

from collections.abc import Sequence
from typing import Protocol

from scoring.catalogue import Row
from tracker.scores.releases import Known

MAX_TITLE = 200


def element_name(element: str, lang: str, known: Known) -> str:
    """What an item or criterion is called; its identifier where no release at hand has it."""
    return known.name(element, lang)


def title_for(element: str, gaps: Sequence[str], lang: str, known: Known) -> str:
    """A title of at most 200 characters about the gaps of one element."""
    name = element_name(element, lang, known)
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


def requirement(pin: Pinned, lang: str, known: Known) -> tuple[str, bool]:
    """The words of what a pinned fact requires, and whether they are a working outline to be checked."""
    if pin.kind == "line":
        found = known.line(pin.standard, pin.subject)
        return (found.text.of(lang), found.outline) if found else ("", False)
    if pin.kind == "row":
        row = _row(pin.element, pin.subject, known)
        if row is None:
            return "", False
        level = min(max(pin.level or 1, 1), len(row.rubric))
        return row.rubric[level - 1].of(lang), False
    return "", False


def _row(criterion: str, row: str, known: Known) -> Row | None:
    found = known.criterion(criterion)
    return None if found is None else next((each for each in found.rows if each.id == row), None)


def row_name(criterion: str, row: str, lang: str, known: Known) -> str:
    """The label of a row of the assessment grid."""
    found = _row(criterion, row, known)
    return found.name.of(lang) if found else row


def element_choices(lang: str, known: Known) -> tuple[tuple[str, str], ...]:
    """Every item and criterion to choose from, as (identifier, identifier and name)."""
    return tuple((element, f"{element} {title}") for element, title in known.names(lang).items())
