"""The built front end: from plain names to hashed files, and their serving.

The bundler (tracker/assets/build.mjs) writes `static/dist/manifest.json`. A hashed name never changes its
content, so browsers keep those files for ever; WhiteNoise hands out the compressed copy beside each.
"""

import json
import re
from functools import cache
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask, current_app, has_request_context, request
from whitenoise import WhiteNoise

STATIC = Path(__file__).resolve().parent / "static"
MANIFEST = STATIC / "dist" / "manifest.json"

_HASHED = re.compile(r"/dist/[^/]+-[0-9A-Za-z]{8,10}\.[a-z0-9]+$")


class AssetMissing(RuntimeError):
    """The front end has not been built, or a page asks for a file that the build does not make."""


@cache
def _manifest() -> dict[str, str]:
    """Plain name → hashed name, read once: what is served is settled when the server starts."""
    try:
        names: dict[str, str] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssetMissing("the front end has not been built: run `make assets`") from None
    return names


def asset_file(name: str) -> str:
    """The hashed name of a built file, relative to `static/`.

    Raises AssetMissing with what to do about it.
    """
    names = _manifest()
    if name not in names:
        raise AssetMissing(f"the build makes no {name!r}; it makes {', '.join(sorted(names))}")
    return f"dist/{names[name]}"


def asset_url(name: str) -> str:
    """The address of a built file: `asset_url('main.css')`.

    Put together by hand: a list has hundreds of icons, and `url_for` would take most of its time.
    """
    root = request.script_root if has_request_context() else ""
    return f"{root}{current_app.static_url_path}/{asset_file(name)}"


def icon_url(name: str) -> str:
    """The address of one icon in the sprite: `<use href="{{ icon_url('check') }}">`."""
    return f"{asset_url('sprite.svg')}#icon-{name}"


def asset_bytes(name: str) -> int:
    """Size of a built file in bytes as it is sent, compressed where that helps."""
    path = STATIC / asset_file(name)
    packed = path.with_name(f"{path.name}.br")
    return (packed if packed.exists() else path).stat().st_size


def _immutable(_path: str, url: str) -> bool:
    return _HASHED.search(url) is not None


def _secure(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


def init_static(app: Flask) -> None:
    """Give templates `asset_url` and `icon_url`, and serve `static/` before the application is asked."""
    _manifest.cache_clear()
    app.jinja_env.globals.update(asset_url=asset_url, icon_url=icon_url)
    if not STATIC.is_dir():
        return
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC),
        prefix=f"{app.static_url_path}/",
        max_age=3600,
        allow_all_origins=False,
        immutable_file_test=_immutable,
        add_headers_function=_secure,
    )
