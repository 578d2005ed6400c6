"""The built front end: from plain names to hashed files, and their serving.

The bundler (tracker/assets/build.mjs) writes `static/dist/manifest.json`. A hashed name never changes its
content, so browsers keep those files for a year; WhiteNoise hands out the compressed copy beside each.
"""

import json
import re
from functools import cache
from pathlib import Path

from flask import Flask, url_for
from whitenoise import WhiteNoise

STATIC = Path(__file__).resolve().parent / "static"
MANIFEST = STATIC / "dist" / "manifest.json"

_HASHED = re.compile(r"/dist/.+-[0-9a-zA-Z]{8,10}\.[a-z0-9]+$")


class AssetMissing(RuntimeError):
    """The front end has not been built, or a page asks for a file that the build does not make."""


@cache
def _manifest(changed: int) -> dict[str, str]:
    """The mapping from plain to hashed name; `changed` is the file's time, so that a rebuild is noticed."""
    names: dict[str, str] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return names


def asset_file(name: str) -> str:
    """The hashed name of a built file, relative to `static/`.

    Raises AssetMissing with what to do about it.
    """
    try:
        names = _manifest(MANIFEST.stat().st_mtime_ns)
    except FileNotFoundError:
        raise AssetMissing("the front end has not been built: run `make assets`") from None
    if name not in names:
        raise AssetMissing(f"the build makes no {name!r}: it makes {', '.join(sorted(names))}")
    return f"dist/{names[name]}"


def asset_url(name: str) -> str:
    """The address of a built file: `asset_url('main.css')`."""
    return url_for("static", filename=asset_file(name))


def icon_url(name: str) -> str:
    """The address of one icon in the sprite: `<use href="{{ icon_url('check') }}">`."""
    return f"{asset_url('sprite.svg')}#icon-{name}"


def _immutable(_path: str, url: str) -> bool:
    return _HASHED.search(url) is not None


def init_static(app: Flask) -> None:
    """Give templates `asset_url` and `icon_url`, and serve `static/` before the application is asked."""
    app.jinja_env.globals.update(asset_url=asset_url, icon_url=icon_url)
    if app.debug or not STATIC.is_dir():
        return  # Flask's own route reads the folder anew on every request
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC),
        prefix=f"{app.static_url_path}/",
        max_age=3600,
        immutable_file_test=_immutable,
    )


def asset_bytes(name: str) -> int:
    """Size of a built file as sent compressed, in bytes; for the size budget and `tracker doctor`."""
    path = STATIC / asset_file(name)
    packed = path.with_name(f"{path.name}.br")
    return (packed if packed.exists() else path).stat().st_size
