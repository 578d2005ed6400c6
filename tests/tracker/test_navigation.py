"""The side of every page: what is lit, and in whose language, although it is put together once."""

import re

import pytest
from flask import Flask

from tests.tracker.scores import ahead
from tracker.kept import kept


def lit(text: str) -> list[tuple[str, str]]:
    """(address, how) of each lit link of the side."""
    side = text[text.index('id="navigation"') : text.index('class="nav-scrim"')]
    return re.findall(r'href="([^"]+)" aria-current="(page|true)"', side)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", [("/", "page")]),
        ("/nonconformities/", [("/nonconformities/", "page")]),
        ("/nonconformities/board", [("/nonconformities/", "true")]),
        ("/scores/what-if", [("/scores/", "true")]),
        ("/people/", [("/people/", "page")]),
        ("/sites/chengdu", [("/sites/", "true")]),
        ("/my-work/absences", [("/my-work/", "true")]),
        ("/account", []),
    ],
)
def test_the_link_is_lit_whose_page_or_parent_this_is(
    demo_app: Flask, path: str, expected: list[tuple[str, str]]
) -> None:
    browser = ahead.pages(demo_app)

    assert lit(browser.get(path).text) == expected
    assert lit(browser.get(path).text) == expected


def test_each_language_keeps_its_own(demo_app: Flask) -> None:
    kept.cache_clear()
    english, chinese = ahead.pages(demo_app), ahead.pages(demo_app, language="zh")

    for browser, word in ((english, "Key processes"), (chinese, "关键流程"), (english, "Key processes")):
        side = browser.get("/metrics/").text.partition('class="nav-scrim"')[0]
        assert word in side
    assert kept.cache_info().hits > 0
