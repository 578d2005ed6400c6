"""The workspace of an action: its page, and the sections that htmx asks for."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.actions import pages
from tracker.actions.desk import Desk
from tracker.actions.models import Action
from tracker.desk import Opened
from tracker.fragments import render, toast
from tracker.i18n import language
from tracker.offers import machine_of
from tracker.permissions import Actor


def context_of(actor: Actor, action: Action, opened: Opened) -> dict[str, Any]:
    page = pages.get_page(actor, action)
    return {
        "action": page,
        "opened": opened,
        "desk": Desk(actor, action, page, opened),
        "signer": actor.name(language()),
        "move_urls": {
            event: url_for("actions.move", number=action.number, event=event)
            for event in machine_of("action").events
        },
    }


def show_page(actor: Actor, action: Action, opened: Opened, status: int = 200) -> BaseResponse:
    return render(
        "actions/show.html", "actions/_moved.html", status=status, **context_of(actor, action, opened)
    )


def show_section(
    actor: Actor, action: Action, name: str, opened: Opened, status: int = 200, said: str = ""
) -> BaseResponse:
    """The section for htmx, with what else of the page it changes; the whole page for everyone else."""
    context = context_of(actor, action, opened) | {"section": name, "out_of_band": True}
    response = render("actions/show.html", "actions/_answer.html", status=status, **context)
    return toast(response, said) if said else response
