"""python -m tests.gallery              the pictures of the README, into tests/gallery/shots
python -m tests.gallery --all DIR    every page of the demo at both widths, in both themes and languages, to look at
"""

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from tests import chromium
from tests.gallery.places import places
from tests.gallery.shots import take_shots
from tests.gallery.stage import DESK, PHONE, Audience, demo_served

SHOTS = Path(__file__).parent / "shots"


@contextmanager
def browser() -> Iterator[Any]:
    """A Chromium of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium.chromium(), args=list(chromium.ARGUMENTS))
        yield found
        found.close()


def take_all(
    audience: Audience, app: Any, folder: Path, wanted: str, looks: list[tuple[str, str, str]]
) -> None:
    """A picture of every page in each look, whole pages."""
    sizes = {"1440": DESK, "390": PHONE}
    for place in places(app):
        if wanted not in place.name:
            continue
        for width, theme, lang in looks:
            seen = audience.look(place, lang, sizes[width], theme)
            # The whole page as one screen: what sticks to the window is then where a reader sees it.
            height = min(seen.page.evaluate("document.documentElement.scrollHeight"), 15_000)
            seen.page.set_viewport_size({"width": sizes[width][0], "height": height})
            seen.settle()
            seen.page.screenshot(path=folder / f"{place.name}-{width}-{theme}-{lang}.png")
            for fault in seen.take_faults():
                print(f"{place.name} {width} {theme} {lang}: {fault}")


def main() -> None:
    """Take the pictures that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__)
    parser.add_argument("--all", metavar="DIR", type=Path, help="every page, into this folder")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--looks", default="", help="for instance 1440-light-zh,390-dark-en")
    asked = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    looks = [
        look
        for look in product(("1440", "390"), ("light", "dark"), ("zh", "en"))
        if not asked.looks or "-".join(look) in asked.looks.split(",")
    ]
    with browser() as chrome, demo_served() as server:
        audience = Audience(chrome, server)
        if asked.all:
            asked.all.mkdir(parents=True, exist_ok=True)
            take_all(audience, server.app, asked.all, asked.only, looks)
        else:
            take_shots(audience, server.app, SHOTS)
        audience.close()


if __name__ == "__main__":
    main()
