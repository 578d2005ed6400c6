"""A client that looks at every page it fetches: what must hold of each page is checked once, here, for all of them.

    pages = Pages(client)
    pages.sign_in(person)
    page = pages.get("/sites/")
    page = pages.post("/sites/new", {"code": "east"}, status=422)      # token included

A page has one h1, which opens its title; ids are unique and labels point to them; every form says where it goes
and how, and carries the token when it posts; whatever fetches by htmx is a link or a form as well.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

from tracker.accounts.models import Person

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
Attributes = dict[str, str]


@dataclass
class Form:
    """A form as it stands in a page."""

    attributes: Attributes
    names: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects what the checks look at."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, Attributes]] = []
        self.forms: list[Form] = []
        self.headings: list[str] = []
        self.title = ""
        self._inside: str | None = None
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag == "form":
            assert self._form is None, "a form inside a form"
            self._form = Form(attributes)
            self.forms.append(self._form)
        if self._form is not None and "name" in attributes:
            self._form.names.append(attributes["name"])
        if tag == "h1":
            self.headings.append("")
        if tag in ("h1", "title"):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "h1":
            self.headings[-1] += data
        elif self._inside == "title" and not any(tag == "svg" for tag, _ in self.tags):
            self.title += data


@dataclass(frozen=True)
class Page:
    """An answer that has been looked at."""

    status: int
    text: str
    location: str | None
    headers: Any

    @property
    def words(self) -> str:
        """What is read on the page: without tags, with single spaces."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.text))).strip()

    @property
    def token(self) -> str:
        """The token that forms of this session carry."""
        found = re.search(r'name="csrf_token" value="([^"]+)"|name="csrf-token" content="([^"]+)"', self.text)
        assert found, "the page has no token"
        return found.group(1) or found.group(2)

    def value(self, name: str) -> str:
        """What stands in the input of that name."""
        for tag in re.findall(r"<input[^>]*>", self.text):
            if re.search(rf'\bname="{re.escape(name)}"', tag):
                found = re.search(r'\bvalue="([^"]*)"', tag)
                return unescape(found.group(1)) if found else ""
        raise AssertionError(f"no input {name}")

    def errors(self) -> list[str]:
        """What is said beside the fields."""
        found = re.findall(r'class="field-error"[^>]*>(.*?)</p>', self.text, re.S)
        return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", text))).strip() for text in found]


def check(text: str) -> None:
    """Assert what holds of every page and, as far as it applies, of every fragment."""
    reader = _Reader()
    reader.feed(text)
    if text.lstrip().lower().startswith("<!doctype"):
        assert len(reader.headings) == 1, f"{len(reader.headings)} h1"
        heading = " ".join(reader.headings[0].split())
        assert heading, "the h1 is empty"
        title = " ".join(reader.title.split())
        assert title.startswith(heading), f"the title {title!r} does not open with {heading!r}"
    ids = Counter(attributes["id"] for _tag, attributes in reader.tags if "id" in attributes)
    twice = [name for name, times in ids.items() if times > 1]
    assert not twice, f"ids that stand twice: {twice}"
    for tag, attributes in reader.tags:
        if tag == "label" and "for" in attributes:
            assert attributes["for"] in ids, f"a label for nothing: {attributes['for']}"
        if "hx-get" in attributes and "from:body" not in attributes.get("hx-trigger", ""):
            assert attributes.get("href") or attributes.get("action"), (
                f"hx-get without a way around: {attributes}"
            )
        if "hx-post" in attributes:
            assert tag == "form" or "formaction" in attributes or "name" in attributes, f"hx-post on {tag}"
        if tag in ("script", "style"):
            assert "src" in attributes or attributes.get("type") == "application/json", (
                "an inline script or style"
            )
        assert not any(name.startswith("on") for name in attributes), f"an inline handler on {tag}"
    for form in reader.forms:
        assert form.attributes.get("action"), f"a form that goes nowhere: {form.attributes}"
        method = form.attributes.get("method", "").lower()
        assert method in ("get", "post"), f"a form without a method: {form.attributes}"
        if method == "post":
            assert "csrf_token" in form.names, f"a form without a token: {form.attributes}"


class Pages:
    """A browser without eyes, which nevertheless looks."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token: str | None = None

    def sign_in(self, person: Person) -> "Pages":
        """Be this person, without the form: its hashing takes long and has tests of its own."""
        with self.client.session_transaction() as session:
            session.clear()
            session["_user_id"] = f"{person.organisation_id}:{person.id}:{person.session_epoch}"
            session["_fresh"] = True
        self._token = None
        return self

    def get(self, path: str, status: int = 200, **kwargs: Any) -> Page:
        """Fetch and look."""
        return self._look(self.client.get(path, **kwargs), status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int = 303, **kwargs: Any) -> Page:
        """Send a form with its token, and look at the answer."""
        if self._token is None:
            self._token = self._look(self.client.get("/account", follow_redirects=True), 200).token
        token = {"csrf_token": self._token}
        return self._look(self.client.post(path, data=(data or {}) | token, **kwargs), status)

    def _look(self, response: Any, status: int) -> Page:
        page = Page(response.status_code, response.text, response.location, response.headers)
        assert page.status == status, f"{page.status} instead of {status}: {page.location} {page.words[:600]}"
        if response.mimetype == "text/html" and page.text and not 300 <= page.status < 400:
            check(page.text)
        if page.status == 200 and self._token is None and "csrf-token" in page.text:
            self._token = page.token
        return page
