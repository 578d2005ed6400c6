"""The pictures of the README: few, small, and the same every time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from tests.gallery.places import PROCESS_ITEM, Place
from tests.gallery.stage import PHONE, Audience
from tracker.actions.models import Action
from tracker.database import db
from tracker.nonconformities.models import Nonconformity
from tracker.reviews.models import Review
from workflows.actions import ActionState
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

LARGEST = 250_000  # bytes: a README has to come up quickly
SCREEN = (1440, 940)


@dataclass(frozen=True)
class Shot:
    """A picture: its page, the part of the page that stands at the top, and how it is looked at."""

    place: Place
    top: str = ""
    lang: str = "en"
    theme: str = "light"
    size: tuple[int, int] = SCREEN


def list_shots(app: Flask) -> list[Shot]:
    """All of them; the numbers of records are looked up, because the demo may grow."""
    with app.app_context():
        review = _last(Review, Review.state == ReviewState.IN_PROGRESS)
        record = _last(Nonconformity, Nonconformity.state == NonconformityState.VERIFYING)
        action = _last(Action, Action.state == ActionState.IMPLEMENTING)
        db.session.rollback()
    score = "/scores/?site=suzhou"
    return [
        Shot(Place("dashboard", "/")),
        Shot(Place("scores", score), top=".card:has(#waterfall)"),
        Shot(Place("register", "/nonconformities/?site=chengdu")),
        Shot(Place("record", f"/nonconformities/{record}", "han")),
        Shot(Place("action", f"/actions/{action}", "feng"), top="#analyse"),
        Shot(Place("judge", f"/reviews/{review}/items/{PROCESS_ITEM}", "chen")),
        Shot(Place("dark", score), theme="dark"),
        Shot(Place("phone", "/"), lang="zh", size=PHONE),
    ]


def _last(model: Any, condition: Any) -> int:
    found: int = db.session.execute(sa.select(sa.func.max(model.number)).where(condition)).scalar_one()
    return found


def take_shots(audience: Audience, app: Flask, folder: Path, said: Callable[[str], None] = print) -> None:
    """Take them all. Raises RuntimeError where a page complains or a picture is too large."""
    folder.mkdir(parents=True, exist_ok=True)
    for shot in list_shots(app):
        seen = audience.look(shot.place, shot.lang, shot.size, shot.theme)
        # What is folded away tells nothing in a picture.
        seen.page.evaluate(
            "document.querySelectorAll('#analyse details').forEach((node) => node.open = true)"
        )
        if shot.top:
            seen.page.locator(shot.top).first.evaluate("(node) => node.scrollIntoView({block: 'start'})")
        path = folder / f"{shot.place.name}.png"
        seen.page.screenshot(path=path)
        faults = seen.take_faults()
        if faults or path.stat().st_size > LARGEST:
            raise RuntimeError(f"{path.name}: {faults or f'{path.stat().st_size} bytes'}")
        said(f"{path.stat().st_size // 1000:4} kB  {path.name}")
