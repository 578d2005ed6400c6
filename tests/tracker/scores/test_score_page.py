"""The page of a score: what it says first, and in whose words."""

import pytest
from flask import Flask

from tests.tracker.scores import ahead


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_reasons_and_hints_call_metrics_and_units_by_their_names(demo_app: Flask, lang: str) -> None:
    browser = ahead.pages(demo_app, language=lang)
    text = browser.get("/scores/?site=chengdu").text

    name = {"zh": "合规关键差错准确率", "en": "Compliance critical accuracy"}[lang]
    assert name in text
    assert "critical-accuracy-compliance" not in text


def test_the_items_come_before_the_story_of_the_total(demo_app: Flask) -> None:
    browser = ahead.pages(demo_app)
    text = browser.get("/scores/?site=chengdu").text

    assert text.index('id="item-1.1"') < text.index('id="waterfall"')
