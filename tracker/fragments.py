"""Page or fragment: one address and one query, rendered for whoever asks.

A request by htmx gets the fragment, anyone else the page. The whole page goes out, too, when htmx asks for
one: on a boosted link, and when it restores a page that is no longer in its history.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Flask, Response, flash, make_response, redirect, render_template, request

from tracker.extensions import htmx

SCORE_CHANGED = "score-changed"
"""The event to which everything that shows totals listens."""


def wants_fragment() -> bool:
    """Whether this request is to be answered with a part of the page."""
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render(
    page: str,
    fragment: str | None = None,
    /,
    *,
    status: int = 200,
    trigger: str | Mapping[str, object] | None = None,
    **context: object,
) -> Response:
    """The page, or its fragment `_name.html` when htmx asks and there is one, from the same context.

    `trigger` is the name of an event for the browser, or names with their details. Both renderings carry
    `Vary: HX-Request`, so that no cache hands one out for the other.
    """
    name = fragment if fragment is not None and wants_fragment() else page
    response = make_response(render_template(name, **context), status)
    return with_trigger(vary(response), trigger)


def part(
    fragment: str, *, status: int = 200, trigger: str | Mapping[str, object] | None = None, **context: object
) -> Response:
    """A fragment alone, for addresses that have no page of their own."""
    return with_trigger(vary(make_response(render_template(fragment, **context), status)), trigger)


def go(location: str, message: str = "", category: str = "success") -> Response:
    """After a success: on to `location`, with a message there.

    A form gets a 303. htmx would follow that by itself and put the page where only a part belongs, so it is
    told to load the address instead.
    """
    if message:
        flash(message, category)
    if wants_fragment():
        return vary(Response(status=204, headers={"HX-Redirect": location}))
    response = redirect(location, 303)
    return vary(make_response(response))


def with_trigger(response: Response, trigger: str | Mapping[str, object] | None) -> Response:
    """Tell the browser that something has happened; an event that is already told stays."""
    if trigger is None:
        return response
    told = json.loads(response.headers.get("HX-Trigger", "{}"))
    told.update({trigger: None} if isinstance(trigger, str) else trigger)
    # ASCII on purpose: header values cannot carry Chinese.
    response.headers["HX-Trigger"] = json.dumps(told)
    return response


def toast(response: Response, text: str, tone: str = "success") -> Response:
    """Say something in the corner of the page, along with the fragment."""
    return with_trigger(response, {"toast": {"text": text, "tone": tone}})


def vary(response: Response) -> Response:
    """Mark an answer as depending on who asks."""
    response.vary.update(["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def here(**changes: object) -> str:
    """The address of this page with some of its query changed; None takes a name out.

    What sorts, filters and pages is kept in the address, so a link to another order keeps the filter.
    """
    query = request.args.to_dict(flat=False)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
    text = urlencode(query, doseq=True)
    return f"{request.path}?{text}" if text else request.path


def init_app(app: Flask) -> None:
    """Give the templates `here`."""
    app.jinja_env.globals["here"] = here
