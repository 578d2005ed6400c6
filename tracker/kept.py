"""Parts of every page that hang on a few words alone are put together once for each of them."""

from functools import lru_cache
from typing import Any

from flask import Flask


@lru_cache(maxsize=512)
def kept(macro: Any, *arguments: str) -> Any:
    """What a macro makes of these arguments; what is kept is named by all that it shows, the language among them."""
    return macro(*arguments)


def init_app(app: Flask) -> None:
    """Give the templates `kept()`."""
    app.jinja_env.globals["kept"] = kept
