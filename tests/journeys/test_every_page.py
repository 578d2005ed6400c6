"""Every page of the demo, in both languages, on a desk and on a phone: whole, quiet, translated, and for everybody.

A page is opened on a desk in one language and on a phone in the other, and looked at once more after the window
has changed to the other width, so that each of the four has been seen.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveServer, dispose, fill_demo, make_app, serve
from tests.databases import Run
from tests.gallery.places import GROUPS, Place, places
from tests.gallery.stage import DESK, PHONE, Audience, Watched
from tests.gallery.work import take_up_work
from tests.journeys.words import data_of_database, foreign_words, texts_of

HTML_LANG = {"zh": "zh-CN", "en": "en"}
OTHER = {"zh": "en", "en": "zh"}

# Contrast is proved pair by pair over the tokens, which is quicker and covers both themes.
AXE_RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "rules": {"color-contrast": {"enabled": False}},
}


def axe_script() -> str:
    """axe-core, from the package that brings it along."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def demo(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A served demo with work in hand, once for each worker: nothing here changes it."""
    url = run.database("sqlite", fill_demo, "demo")
    app = make_app(url, tmp_path_factory.mktemp("pages"))
    with app.app_context():
        take_up_work()
    with serve(app) as server:
        yield server
    dispose(app)
    run.drop(url)


@pytest.fixture(scope="module")
def audience(browser: Any, demo: LiveServer) -> Iterator[Audience]:
    """Everybody who looks at the demo's pages."""
    found = Audience(browser, demo)
    yield found
    found.close()


@pytest.fixture(scope="module")
def data(demo: LiveServer) -> re.Pattern[str]:
    """What the database holds, in whatever language it was typed."""
    with demo.app.app_context():
        return data_of_database()


@pytest.mark.parametrize("group", GROUPS)
def test_every_page(demo: LiveServer, audience: Audience, data: re.Pattern[str], group: str) -> None:
    faults: list[str] = []
    for place, desk in zip(places(demo.app, group), cycle(OTHER), strict=False):
        on_desk = look(audience, place, desk, DESK, PHONE, data)
        on_phone = look(audience, place, OTHER[desk], PHONE, DESK, data)
        faults += [f"{place.name} ({place.path}): {fault}" for fault in (*on_desk, *on_phone)]
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def look(
    audience: Audience,
    place: Place,
    lang: str,
    size: tuple[int, int],
    then: tuple[int, int],
    data: re.Pattern[str],
) -> Iterator[str]:
    """What is wrong with a page, opened at one width and then brought to the other."""
    seat = audience.look(place, lang, size)
    for width, height in (size, then):
        seat.page.set_viewport_size({"width": width, "height": height})
        if too_wide := seat.page.evaluate(TOO_WIDE):
            yield f"{lang} {width}: wider than the window: {too_wide}"
    yield from (f"{lang}: {fault}" for fault in [*shape(seat, lang), *seat.take_faults()])
    yield from (
        f"{lang}: not translated: {words}" for words in foreign_words(texts_of(seat.page), lang, data)
    )
    if lang == "en":
        yield from (f"axe: {fault}" for fault in barriers(seat))


# The elements that reach beyond the window, where the page as a whole does.
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? ''
  : [...document.querySelectorAll('main *')].filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
      .slice(0, 3).map((node) => node.localName + '.' + node.className).join(', ') || 'something'"""

SHAPE = """() => ({
  lang: document.documentElement.lang,
  headings: [...document.querySelectorAll('h1')].map((node) => node.innerText.trim()),
  title: document.title,
  ids: [...document.querySelectorAll('[id]')].map((node) => node.id),
})"""


def shape(seat: Watched, lang: str) -> Iterator[str]:
    """What holds of every page: its language, its one heading that opens the title, ids that are unique."""
    found = seat.page.evaluate(SHAPE)
    if found["lang"] != HTML_LANG[lang]:
        yield f"lang={found['lang']!r}"
    if len(found["headings"]) != 1:
        yield f"headings of the first level: {found['headings']}"
    elif not found["title"].startswith(found["headings"][0]):
        yield f"the title {found['title']!r} does not open with {found['headings'][0]!r}"
    twice = {each for each in found["ids"] if found["ids"].count(each) > 1}
    if twice:
        yield f"ids used twice: {sorted(twice)}"


def barriers(seat: Watched) -> list[str]:
    """What axe-core finds that keeps somebody out."""
    # Evaluated from outside the page, which its policy forbids the page itself.
    if not seat.page.evaluate("() => Boolean(window.axe)"):
        seat.page.evaluate(axe_script())
    found = seat.page.evaluate("(rules) => axe.run(document, rules)", AXE_RULES)
    return [
        f"{each['id']} ({each['help']}): {', '.join(str(node['target']) for node in each['nodes'][:3])}"
        for each in found["violations"]
    ]
