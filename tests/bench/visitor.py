"""Somebody who signs in over HTTP as people do, and prepares requests that a load can send."""

import http.client
import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

from tests.bench.load import request
from tests.bench.serving import HOST
from tracker.demo.cast import DOMAIN, PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Visitor:
    """A session at our side: its cookie and the token that its forms carry."""

    port: int
    cookie: str
    token: str

    def get(self, path: str, *, fragment: bool = False, packed: bool = False) -> bytes:
        """A request for a page, or for the fragment that htmx would ask for; `packed` as a browser accepts it."""
        headers = {"Cookie": self.cookie, "Accept-Language": "en"}
        if fragment:
            headers |= {"HX-Request": "true"}
        if packed:
            headers |= {"Accept-Encoding": "gzip, deflate, br, zstd"}
        return request("GET", path, headers)

    def post(self, path: str, fields: dict[str, object]) -> bytes:
        """A form as a browser sends it."""
        body = urlencode({"csrf_token": self.token, **fields}, doseq=True).encode()
        return request("POST", path, {"Cookie": self.cookie, "Accept-Language": "en"}, body)

    def read(self, path: str) -> str:
        """A page as text."""
        return _ask(self.port, "GET", path, {"Cookie": self.cookie, "Accept-Language": "en"})[1]


def sign_in(port: int, key: str) -> Visitor:
    """Sign in as one of the demo's people."""
    cookie, page = _ask(port, "GET", "/sign-in", {})
    form = urlencode({"csrf_token": _token(page), "email": f"{key}@{DOMAIN}", "password": PASSWORD})
    sent = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    cookie, page = _ask(port, "POST", "/sign-in", sent, form)
    # The new session gets its token with its first page.
    renewed, page = _ask(port, "GET", "/sites/", {"Cookie": cookie})
    return Visitor(port, renewed or cookie, _token(page))


def _token(page: str) -> str:
    found = _TOKEN.search(page)
    if found is None:
        raise RuntimeError(f"no form in this page: {page[:2000]}")
    return unescape(found.group(1))


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[str, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {page[:2000]}")
        return (answer.getheader("Set-Cookie") or "").split(";")[0], page
    finally:
        connection.close()
