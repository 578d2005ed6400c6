"""The demo on a stage: built at a fixed hour, served, and looked at through a real browser."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from tests.conftest import LiveServer, dispose, make_app, make_client, serve
from tests.gallery.places import Place
from tests.gallery.work import person, take_up_work
from tracker import clock

# The hour at which pictures are taken, so that a picture changes only when the product does.
HOUR = datetime(2026, 6, 29, 2, 30, tzinfo=UTC)

DESK, PHONE = (1440, 900), (390, 844)
LOCALES = {"zh": "zh-CN", "en": "en-US"}

# Charts are drawn when their bundle has come, and some parts of a page fetch themselves.
SETTLED = """() => [...document.querySelectorAll('[data-chart]')].every((box) => box.querySelector('svg'))
    && !document.querySelector('.htmx-request') && document.fonts.status === 'loaded'"""


@contextmanager
def demo_served() -> Iterator[LiveServer]:
    """A demo of its own in a temporary folder, served at HOUR."""
    from tracker.commands import upgrade_database
    from tracker.demo import build_demo

    clock.travel(HOUR)
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(f"sqlite:///{Path(folder) / 'demo.db'}", Path(folder))
        with app.app_context():
            upgrade_database()
            build_demo()
            take_up_work()
        with serve(app) as server:
            yield server
        dispose(app)
    clock.travel(None)


def session_of(app: Flask, key: str) -> str:
    """The cookie of somebody who is signed in; the form itself has tests of its own."""
    with app.app_context():
        found = person(key)
        name = f"{found.organisation_id}:{found.id}:{found.session_epoch}"
    client = make_client(app)
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = name, True
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    return cookie.value


@dataclass
class Watched:
    """A page of the browser, and everything that went wrong on it."""

    page: Any
    faults: list[str] = field(default_factory=list)
    expected: int = 200

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _console(self, message: Any) -> None:
        # What the network says is judged by its status, where an error page is what was asked for.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the browser left the page before the answer came
            self.faults.append(f"no answer: {request.url} {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400 and not (response.status == self.expected and _is_page(response)):
            self.faults.append(f"status {response.status}: {response.request.method} {response.url}")

    def goto(self, url: str, status: int = 200) -> None:
        """Open an address and wait until the page is whole."""
        self.expected = status
        self.page.goto(url, wait_until="load")
        self.settle()

    def settle(self) -> None:
        """Wait until charts are drawn and nothing is under way."""
        self.page.wait_for_function(SETTLED)

    def take_faults(self) -> list[str]:
        """What went wrong since the last time."""
        found = list(self.faults)
        self.faults.clear()
        return found


def _is_page(response: Any) -> bool:
    return bool(response.request.is_navigation_request())


class Audience:
    """Whoever looks: a context of the browser for each person, language and look, kept for the next page."""

    def __init__(self, browser: Any, server: LiveServer) -> None:
        self._browser = browser
        self._server = server
        self._seats: dict[tuple[str | None, str, str], Watched] = {}

    def look(self, place: Place, lang: str, size: tuple[int, int], theme: str = "light") -> Watched:
        """The page of a place, as its person sees it."""
        seat = self._seat(place.who, lang, theme)
        seat.page.set_viewport_size({"width": size[0], "height": size[1]})
        seat.goto(self._server.url + place.path, place.status)
        return seat

    def _seat(self, who: str | None, lang: str, theme: str) -> Watched:
        if (who, lang, theme) not in self._seats:
            context = self._browser.new_context(
                locale=LOCALES[lang], color_scheme=theme, reduced_motion="reduce", timezone_id="Asia/Shanghai"
            )
            if who is not None:
                name = self._server.app.config["SESSION_COOKIE_NAME"]
                value = session_of(self._server.app, who)
                context.add_cookies([{"name": name, "value": value, "url": self._server.url}])
            self._seats[who, lang, theme] = Watched(context.new_page())
        return self._seats[who, lang, theme]

    def close(self) -> None:
        """Let everybody go."""
        for seat in self._seats.values():
            seat.page.context.close()
        self._seats.clear()
