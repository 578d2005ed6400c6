"""The small forms of a record's page: which one stands open, what was refused in it, what was typed.

A page has many small forms. One of them may come back refused, and then stands there as it was sent.
"""

from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_wtf import FlaskForm

from tracker.errors import NotFound
from tracker.i18n import gettext as _


@dataclass
class Opened:
    """The small form that stands open: its name, the form as sent, what was refused, what was typed beside it."""

    name: str = ""
    form: FlaskForm | None = None
    problem: str = ""
    reasons: tuple[str, ...] = ()
    typed: dict[str, Any] = field(default_factory=dict)
    status: int = 200

    @property
    def event(self) -> str:
        """The move whose dialog came back; empty for another form."""
        return self.name.removeprefix("move-") if self.name.startswith("move-") else ""

    def refused(self, name: str) -> Any:
        """The form as it was sent, where it is the one that came back."""
        return self.form if self.name == name else None


def rebase(form: Any, row: Any) -> None:
    """Let a form go on from the fresh version of its row, and show beside each text what is saved by now."""
    form.version.data = row.version
    form.version.raw_data = None
    for each in form:
        name = each.short_name
        if name in ("version", "reason") or not hasattr(row, name):
            continue
        saved = getattr(row, name)
        if isinstance(saved, str) and saved != (each.data or ""):
            each.description = _("Saved by now: %(text)s", text=saved or "–")


def number_in_address(name: str) -> int | None:
    """The record number that an address names; None without one. Raises NotFound for what is no number."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotFound
    return int(text)
