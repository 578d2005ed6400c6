"""The words of a prefilled non-conformity, and the words of the standards about pinned facts."""

from collections.abc import Sequence
from functools import cache

from scoring import catalogue
from scoring.catalogue import Standard
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
    elements = (*loaded.items, *loaded.criteria)
    return {each.id: each.name.of(lang) for each in elements}


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
