"""Walk through every page that can be reached by links, and count the statements of each."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from tests.statements import counting

_LINK = re.compile(r'\b(?:href|hx-get|action)="(/[^"#]*)')
# Pages of one route differ little beyond the first few.
EACH = 4


@dataclass(frozen=True)
class Visited:
    """A page that was looked at: its route, its address, and the statements it took."""

    endpoint: str
    path: str
    statements: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.statements)


def crawl(app: Flask, client: FlaskClient, start: str = "/") -> list[Visited]:
    """Follow links from `start`, a few addresses of each route; `client` is signed in.

    An address is read twice and counted the second time, when nothing is done for the first time any more.
    """
    waiting, known, found = [start], {start}, []
    seen: dict[str, int] = {}
    while waiting:
        path = waiting.pop(0)
        endpoint = route_of(app, path)
        if endpoint is None or seen.get(endpoint, 0) >= EACH:
            continue
        seen[endpoint] = seen.get(endpoint, 0) + 1
        visited, text = visit(app, client, path)
        found.append(visited)
        links = [unescape(each) for each in _LINK.findall(text)]
        fresh = [link for link in dict.fromkeys(links) if link not in known]
        known.update(fresh)
        waiting += fresh
    return found


def visit(app: Flask, client: FlaskClient, path: str) -> tuple[Visited, str]:
    """Read an address and count. Raises AssertionError for an answer that is none."""
    client.get(path)
    with counting() as statements:
        answer = client.get(path)
    assert answer.status_code < 400, f"{path} answered {answer.status_code}"
    text = answer.text if answer.mimetype == "text/html" else ""
    return Visited(route_of(app, path) or "", path, tuple(statements)), text


def route_of(app: Flask, path: str) -> str | None:
    """The route that answers an address by GET; None for files and for what only takes a form."""
    try:
        endpoint, _values = app.url_map.bind("localhost").match(urlsplit(path).path, method="GET")
    except HTTPException:
        return None
    return None if endpoint == "static" else str(endpoint)


def most(visits: list[Visited]) -> dict[str, Visited]:
    """Route → the visit that took the most statements."""
    found: dict[str, Visited] = {}
    for visited in visits:
        if visited.endpoint not in found or visited.count > found[visited.endpoint].count:
            found[visited.endpoint] = visited
    return dict(sorted(found.items()))
