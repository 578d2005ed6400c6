"""Rescore: findings of reviews, corrective actions, follow-up audits, and what each closure is worth in points."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"


def create_app(overrides: dict[str, object] | None = None) -> "Flask":
    """Build the application, see `tracker.application`; imported late, so that the pure commands start fast."""
    from tracker.application import build

    return build(overrides)
