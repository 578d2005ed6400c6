"""Every page in a company with ten thousand non-conformities: it asks the database as often as among thirty, and ends.

The demo and the crowd that was made of it are looked at side by side: by the quality manager, who sees everything, by
somebody who sees one site only, and by the administrator. A route that is in no table is a page that nobody has looked
at: the test fails. ``-s`` prints the figures of each page.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Home, make_client
from tests.crawl import crawl, most, route_of
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.test_query_counts import ANY, MOST
from tracker.demo.cast import DOMAIN, PASSWORD

# What is sent at most, before it is compressed. A page that lists everything is far beyond it.
LARGEST = 300_000
# Routes without a page of rows: files, forms before anybody is signed in, answers to machines.
NO_PAGES = {
    "accounts.choose",
    "accounts.first_run",
    "accounts.sign_in",
    "health.alive",
    "health.ready",
    "static",
}
# Pages that no link of the demo leads to, or that links lead to with other questions.
MORE = (
    "/actions/?state=closed",
    "/actions/timeline",
    "/audits/?state=concluded",
    "/causes/?kind=root",
    "/figures/",
    "/figures/?site=chengdu",
    "/nonconformities/?overdue=1",
    "/nonconformities/?q=%E8%AF%84%E5%88%86",
    "/nonconformities/?sort=points",
    "/nonconformities/?state=closed&site=chengdu",
    "/nonconformities/elsewhere",
    "/notifications/?unread=1",
    "/reviews/1/gaps",
    "/reviews/external",
    "/reviews/external/new",
    "/reviews/planner",
)
ADMINISTRATOR = ("/people/new", "/sites/chengdu/policy")
# What the demo has none of: its pages are looked at in the crowd alone.
ONLY_IN_CROWD = ("/reviews/external/1", "/reviews/external/1/edit", "/reviews/compare?second=3")
NOTHING_IN_DEMO = ("reviews.external_show", "reviews.external_edit", "reviews.compare")
# Route → why nobody looks at it here.
ELSEWHERE = {"reviews.calibration": "tests/tracker/reviews/test_sharing.py"}

# Who sees one site only, and who administers.
ONE_SITE, ADMIN = "feng", "luo"


@dataclass(frozen=True)
class Look:
    """A page that was fetched for the second time."""

    status: int
    statements: tuple[str, ...]
    size: int
    milliseconds: float


@pytest.fixture
def few(engine: str, home: Callable[..., Home]) -> Iterator[Flask]:
    with home(engine, "demo").rolled_back() as app:
        yield app


@pytest.fixture
def many(engine: str, home: Callable[..., Home]) -> Iterator[Flask]:
    with home(engine, "crowd").rolled_back() as app:
        yield app


def signed_in(app: Flask, who: str) -> FlaskClient:
    client = make_client(app)
    token = Pages(client).get("/sign-in").token
    form = {"csrf_token": token, "email": f"{who}@{DOMAIN}", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def look(client: FlaskClient, path: str) -> Look:
    client.get(path)
    began = time.process_time()
    with counting() as statements:
        answer: Any = client.get(path)
    spent = (time.process_time() - began) * 1000
    return Look(answer.status_code, tuple(statements), len(answer.data), spent)


@pytest.fixture(scope="module")
def crawled() -> dict[str, list[str]]:
    """Engine → the costliest page of each route that links lead to, once they have been followed."""
    return {}


@pytest.mark.parametrize("who", ["lin", ONE_SITE, ADMIN])
def test_no_page_grows_with_the_register(
    few: Flask, many: Flask, who: str, engine: str, crawled: dict[str, list[str]]
) -> None:
    if engine not in crawled:
        crawled[engine] = [each.path for each in most(crawl(few, signed_in(few, "lin"))).values()]
    paths = dict.fromkeys(ADMINISTRATOR if who == ADMIN else [*crawled[engine], *MORE, *ONLY_IN_CROWD])
    here, there = signed_in(few, who), signed_in(many, who)
    wrong = []
    for path in paths:
        route = route_of(many, path) or ""
        found = look(there, path)
        asked = None if route in NOTHING_IN_DEMO else look(here, path)
        print(f"{route:28} {len(found.statements):3} {found.size:8,} {found.milliseconds:6.0f} ms {path}")
        if who == ONE_SITE and found.status in (403, 404) and (asked is None or asked.status == found.status):
            continue  # not for this person, here as there
        wrong += [f"{path}: {fault}" for fault in faults(route, asked, found)]
    assert not wrong


def test_every_page_is_looked_at(few: Flask, engine: str, crawled: dict[str, list[str]]) -> None:
    found = crawled.get(engine) or [each.path for each in crawl(few, signed_in(few, "lin"))]
    seen = {route_of(few, path) for path in (*found, *MORE, *ONLY_IN_CROWD, *ADMINISTRATOR)}
    assert pages_of(few) - seen == set(ELSEWHERE)


def pages_of(app: Flask) -> set[str]:
    """The routes that answer with a page."""
    return {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())} - NO_PAGES


def faults(route: str, few: Look | None, many: Look) -> Iterator[str]:
    """What is wrong with a page of the crowd, beside the same page of the demo."""
    if many.status >= 400:
        yield f"answers {many.status}"
    if many.size > LARGEST:
        yield f"sends {many.size} bytes"
    count, most_allowed = len(many.statements), MOST.get(route, ANY)
    if count > most_allowed:
        yield f"takes {count} statements, {most_allowed} are allowed"
    if few is not None and count > len(few.statements):
        yield f"takes {count} statements, {len(few.statements)} in the demo: {many.statements}"
