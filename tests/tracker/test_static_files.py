"""The built front end is served compressed, for ever, and by its hashed name."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tracker import static_files

pytestmark = pytest.mark.engine("sqlite")


def test_hashed_file_is_kept_for_ever(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = static_files.asset_url("main.css")

    answer = client.get(address, headers={"Accept-Encoding": "br"})

    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.data) == static_files.asset_bytes("main.css")


def test_every_named_file_exists(app: Flask) -> None:
    names = json.loads(static_files.MANIFEST.read_text())

    assert {"main.css", "main.js", "charts.js", "sprite.svg"} <= names.keys()
    for hashed in names.values():
        assert (static_files.MANIFEST.parent / hashed).is_file()


def test_style_sheet_keeps_every_class_that_a_page_uses(app: Flask) -> None:
    root = Path(static_files.__file__).parent.parent
    sources = "".join(path.read_text() for path in (root / "tracker/assets/css").glob("*.css"))
    pages = "".join(path.read_text() for path in (root / "templates").rglob("*.html"))
    built = (static_files.STATIC / static_files.asset_file("main.css")).read_text()
    ours = set(re.findall(r"\.([a-z][\w-]+)", re.sub(r"/\*.*?\*/", "", sources, flags=re.DOTALL)))

    used = ours & set(re.findall(r"[\w-]+", pages))

    kept = set(re.findall(r"\.([a-z][\w-]+)", built))
    assert not used - kept, "`make assets` brings a style sheet up to date with pages that changed"


def test_style_sheet_keeps_the_ring_around_what_has_focus(app: Flask) -> None:
    built = (static_files.STATIC / static_files.asset_file("main.css")).read_text()

    assert re.search(r"[}{]:focus-visible\{outline:", built)


def test_first_load_stays_within_its_budget(app: Flask) -> None:
    first_load = sum(static_files.asset_bytes(name) for name in ("main.css", "main.js", "sprite.svg"))

    assert first_load < 250 * 1024


def test_address_follows_the_place_where_the_application_is_mounted(app: Flask) -> None:
    with app.test_request_context(base_url="http://localhost/quality"):
        assert static_files.asset_url("main.css").startswith("/quality/static/dist/main-")


def test_unknown_file_is_named(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(static_files.AssetMissing, match=r"no 'mian\.css'"):
        static_files.asset_url("mian.css")
