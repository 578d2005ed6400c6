"""Rescore: non-conformities, corrective actions and follow-up audits, and what each closure is worth in points."""

__version__ = "0.1.0"


def create_app(overrides: dict[str, object] | None = None):  # type: ignore[no-untyped-def]
    """Build the application; see `tracker.application`. Imported late, so that the pure commands start fast."""
    from tracker.application import build

    return build(overrides)
