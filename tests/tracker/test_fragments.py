"""One address, two renderings; and what the browser is told along with them."""

import json

import pytest
from flask import Flask
from jinja2 import DictLoader

from tracker import fragments
from tracker.extensions import htmx

HTMX = {"HX-Request": "true"}


@pytest.fixture
def small() -> Flask:
    app = Flask(__name__)
    app.secret_key = "only for this test"
    app.jinja_loader = DictLoader(
        {"page.html": "page {{ n }} {{ here(sort='-due', after=none) }}", "_part.html": "part {{ n }}"}
    )
    htmx.init_app(app)
    fragments.init_app(app)
    app.add_url_rule("/", "index", lambda: fragments.render("page.html", "_part.html", n=1))
    return app


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, "page 1 /?sort=-due"),
        (HTMX, "part 1"),
        (HTMX | {"HX-Boosted": "true"}, "page 1 /?sort=-due"),
        (HTMX | {"HX-History-Restore-Request": "true"}, "page 1 /?sort=-due"),
    ],
    ids=["browser", "htmx", "boosted", "history"],
)
def test_the_whole_page_goes_to_whoever_shows_a_whole_page(
    small: Flask, headers: dict[str, str], body: str
) -> None:
    response = small.test_client().get("/", headers=headers)

    assert response.text == body


def test_no_cache_may_hand_out_a_fragment_for_a_page(small: Flask) -> None:
    response = small.test_client().get("/", headers=HTMX)

    assert "HX-Request" in response.headers["Vary"]


def test_a_link_to_another_order_keeps_the_filter_and_leaves_the_page(small: Flask) -> None:
    response = small.test_client().get("/?state=open&state=closed&sort=due&after=9")

    assert response.text == "page 1 /?state=open&amp;state=closed&amp;sort=-due"


def test_a_query_cannot_reach_into_how_addresses_are_built(small: Flask) -> None:
    response = small.test_client().get("/?_external=1&_scheme=x&endpoint=y")

    assert response.status_code == 200
    assert response.text.startswith("page 1 /?")


def test_after_a_success_a_form_is_sent_on_and_htmx_is_told_where(small: Flask) -> None:
    with small.test_request_context("/", method="POST"):
        assert (fragments.go("/next").status_code, fragments.go("/next").location) == (303, "/next")
    with small.test_request_context("/", method="POST", headers=HTMX):
        response = fragments.go("/next")
        assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/next")


def test_events_add_up_and_survive_the_header(small: Flask) -> None:
    with small.test_request_context("/"):
        response = fragments.part("_part.html", n=2, trigger=fragments.SCORE_CHANGED)
        fragments.toast(response, "已保存")

    told = json.loads(response.headers["HX-Trigger"])
    assert told == {"score-changed": None, "toast": {"text": "已保存", "tone": "success"}}
    assert response.headers["HX-Trigger"].isascii()
