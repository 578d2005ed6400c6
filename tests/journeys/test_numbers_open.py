"""Three scores that a stranger would doubt, opened from the first page by clicking, and what-if on a phone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import LiveServer, dispose, fill_demo, make_app, serve
from tests.databases import Run
from tests.gallery.places import Place
from tests.gallery.stage import DESK, PHONE, Audience

WORDS = {
    "2.3": {
        "en": "9 of 10 programmes, 90 %: exactly the lower edge of 90 %, which belongs to the band above it",
        "zh": "10 个方案中 9 个全面部署",
    },
    "4.7": {"en": "4.7 counts as compliant: an assessor recorded it", "zh": "4.7 计为合规"},
    "4.4": {"en": "The data of 2 required metrics cannot be trusted", "zh": "有 2 个要求指标的数据不可信"},
}
SITES = {"2.3": "suzhou", "4.7": "suzhou", "4.4": "chengdu"}


@pytest.fixture(scope="module")
def demo(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A served demo: nothing here changes it."""
    url = run.database("sqlite", fill_demo, "demo")
    app = make_app(url, tmp_path_factory.mktemp("numbers"))
    with serve(app) as server:
        yield server
    dispose(app)
    run.drop(url)


@pytest.fixture(scope="module")
def audience(browser: Any, demo: LiveServer) -> Iterator[Audience]:
    found = Audience(browser, demo)
    yield found
    found.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("element", WORDS)
def test_a_doubted_score_explains_itself(audience: Audience, element: str, lang: str) -> None:
    """First page → the site's score → the score of one dimension → why, what holds it, what would change it."""
    seat = audience.look(Place("first", f"/?site={SITES[element]}", "lin"), lang, DESK)
    page = seat.page
    page.locator(f'main a[href^="/scores/?site={SITES[element]}"]').first.click()
    page.wait_for_url(re.compile(r"/scores/\?site="))
    seat.settle()
    page.locator(f'tr[id="item-{element}"] a.dimension').first.click()
    page.wait_for_url(re.compile(rf"/scores/items/{re.escape(element)}\?"))
    seat.settle()

    said = page.locator("#why").inner_text()
    assert WORDS[element][lang] in said
    assert page.locator("#dimensions tbody tr").count() in (2, 3)
    if element == "4.4":
        assert page.locator("#gaps tbody tr").count() == 2
        page.locator("#gaps a[href*='what-if']").first.click()
        page.wait_for_url(re.compile("/scores/what-if"))
        assert page.locator("#ticks input:checked").count() == 1
    assert seat.take_faults() == []


def test_the_totals_stay_in_sight_while_a_phone_ticks(audience: Audience) -> None:
    seat = audience.look(Place("what-if", "/scores/what-if?site=chengdu", "lin"), "en", PHONE)
    page = seat.page
    before = page.locator(".totals-bar").inner_text()
    tick = page.locator('#ticks input[value="NC-0016"]')
    tick.scroll_into_view_if_needed()
    tick.check()
    page.wait_for_url(re.compile("close=NC-0016"))
    seat.settle()

    box = page.locator(".totals-bar").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < PHONE[1] / 4, "the bar has scrolled away"
    page.wait_for_function("before => document.querySelector('.totals-bar').innerText !== before", arg=before)
    assert "+12.5" in page.locator(".totals-bar").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert seat.take_faults() == []
