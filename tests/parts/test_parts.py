"""The parts of a page hold in both languages, both themes, on a desk and on a phone, with and without script."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import serve
from tests.parts.gallery import gallery

PAGES = {
    "dashboard": "/",
    "register": "/nonconformities/?state=open",
    "record": "/actions/",
    "forms": "/metrics/",
    "sign-in": "/sign-in",
    "not-found": "/error/404",
    "crashed": "/error/500",
    "stranger": "/error/403?anonymous=1",
}
LOOKS = [("en", "light", 1440), ("zh", "dark", 1440), ("en", "dark", 390), ("zh", "light", 390)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(gallery()) as server:
        yield server.url


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def address(url: str, path: str, lang: str = "en", theme: str = "light") -> str:
    return f"{url}{path}{'&' if '?' in path else '?'}lang={lang}&theme={theme}"


@pytest.mark.parametrize(("lang", "theme", "width"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_says_nothing_in_the_console(
    url: str, page: Any, name: str, lang: str, theme: str, width: int
) -> None:
    said: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_viewport_size({"width": width, "height": 844})

    page.goto(address(url, PAGES[name], lang, theme), wait_until="networkidle")

    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title().startswith(page.locator("h1").inner_text().strip())
    ids = page.eval_on_selector_all("[id]", "all => all.map((each) => each.id)")
    assert sorted(ids) == sorted(set(ids))


def test_every_form_that_writes_carries_the_token(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["record"]))

    bare = (
        "all => all.filter((form) => !form.querySelector('[name=csrf_token]')).map((form) => form.outerHTML)"
    )

    assert page.eval_on_selector_all("form[method=post]", bare) == []


def test_charts_are_drawn_in_the_colours_of_the_theme(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["dashboard"]), wait_until="networkidle")
    page.wait_for_selector("#waterfall svg")
    light = page.locator("#waterfall svg").inner_html()

    page.click("[aria-label=Theme]")
    page.click("button[value=dark]")
    page.wait_for_function("light => document.querySelector('#waterfall svg').innerHTML !== light", arg=light)

    assert "theme-dark" in (page.get_attribute("html", "class") or "")
    assert page.locator(".chart-canvas svg").count() == 4


def test_a_signature_opens_as_a_dialog_and_gives_the_focus_back(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["record"]))

    page.click("text=Sign and close")
    assert page.locator("#move-close input[name=password]").is_visible()
    page.keyboard.press("Escape")

    assert not page.locator("#move-close").is_visible()
    assert page.evaluate("document.activeElement.textContent.trim()") == "Sign and close"


def test_a_wrong_password_comes_back_with_the_dialog_open(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["record"] + "?open=close"))

    assert page.locator("#move-close:modal").is_visible()
    assert page.evaluate("document.activeElement.name") == "password"


def test_a_refused_move_says_why(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["record"]))

    page.focus("summary:has-text('Approve the plan')")
    page.keyboard.press("Enter")

    assert page.locator("text=Cause C2 has no task yet.").first.is_visible()


def test_without_script_the_same_forms_stand_in_the_page(url: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address(url, PAGES["record"]))

    assert page.locator("#move-close input[name=password]").is_visible()
    assert not page.locator("#navigation").is_visible()
    page.click("[aria-label='Open navigation']")
    assert page.locator("#navigation").is_visible()
    context.close()


def choose(page: Any, number: int) -> None:
    page.check(f"#cell-verdict-{number}", force=True)


def mark(page: Any, state: str) -> None:
    page.wait_for_selector(f"#cell .autosave[data-state={state}]")


def test_a_cell_says_that_it_is_saved(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))

    choose(page, 0)

    mark(page, "saved")


def test_what_was_typed_stays_when_the_server_fails(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))
    page.fill("#cell-note", "three shifts")

    choose(page, 2)

    mark(page, "failed")
    assert page.input_value("#cell-note") == "three shifts"
    assert "Nothing was saved" in page.inner_text("#toasts")


def test_a_refused_value_is_swapped_in_with_what_was_typed(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))
    page.fill("#cell-note", "three shifts")

    choose(page, 1)

    mark(page, "failed")
    assert page.input_value("#cell-note") == "three shifts"
    assert page.inner_text("#toasts") == ""


def test_an_answer_does_not_undo_what_was_entered_while_it_was_on_its_way(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))
    held: list[Any] = []
    page.route("**/cell", lambda route: held.append(route))

    page.fill("#cell-note", "three shifts")
    page.focus("#cell-verdict-0")
    page.wait_for_function("document.querySelector('#cell .autosave').dataset.state === 'saving'")
    choose(page, 0)
    page.unroute("**/cell")  # lets the first request go on

    mark(page, "saved")
    assert page.is_checked("#cell-verdict-0")
    assert page.input_value("#cell-note") == "three shifts"


def test_an_ended_session_does_not_throw_away_the_page(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))
    page.route("**/cell", lambda route: route.fulfill(status=401, headers={"HX-Redirect": "/sign-in"}))

    page.fill("#cell-note", "three shifts")
    choose(page, 0)

    link = page.locator("#toasts a")
    assert re.search(r"/sign-in\?next=%2Fmetrics", link.get_attribute("href"))
    assert page.input_value("#cell-note") == "three shifts"


def test_a_lost_network_is_said_in_words(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))
    page.route("**/cell", lambda route: route.abort())

    choose(page, 0)

    mark(page, "failed")
    assert "could not be reached" in page.inner_text("#toasts")


def test_a_question_is_asked_before_something_is_removed(url: str, page: Any) -> None:
    page.goto(address(url, PAGES["forms"]))

    page.click("form[data-confirm] button")

    assert page.locator("dialog:modal").inner_text().startswith("Remove it?")
    page.click("dialog:modal button:has-text('Cancel')")
    assert page.locator("dialog:modal").count() == 0


def test_filters_keep_the_address_short(url: str, page: Any) -> None:
    page.goto(address(url, "/nonconformities/"))

    page.select_option("select[name=grade]", "major")
    page.wait_for_url("**grade=major**")

    assert "owner=" not in page.url


def test_the_drawer_of_a_phone_takes_and_returns_the_focus(url: str, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address(url, PAGES["record"]))

    page.click("[aria-label='Open navigation']")
    page.wait_for_function("document.activeElement.matches('.nav-link')")
    page.keyboard.press("Escape")

    page.wait_for_function("document.activeElement.matches('.nav-open')")
    page.locator("#navigation").wait_for(state="hidden")
