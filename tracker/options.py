"""The options of a drop-down, put together once for every list that comes again: five hundred people cost no page."""

from collections.abc import Iterable
from functools import lru_cache

from flask import Flask
from markupsafe import Markup, escape

from tracker.i18n import Bilingual, say


def options(choices: Iterable[tuple[object, Bilingual | str]], chosen: object = "") -> Markup:
    """`<option>` elements of (value, text), the chosen value's marked."""
    html = _rendered(tuple((str(value), str(say(text))) for value, text in choices))
    tag = f'<option value="{escape("" if chosen is None else str(chosen))}"'
    return Markup(html.replace(f"{tag}>", f"{tag} selected>", 1))  # noqa: S704 (escaped below)


# What is kept is named by all that it shows, so it can never be out of date.
@lru_cache(maxsize=64)
def _rendered(choices: tuple[tuple[str, str], ...]) -> str:
    return "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in choices)


def init_app(app: Flask) -> None:
    """Give the templates `options()`."""
    app.jinja_env.globals["options"] = options
