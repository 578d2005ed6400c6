"""Every route says which permission it asks for, and every answer has been checked against one."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from tracker.extensions import htmx
from tracker.permissions import PERMISSIONS, Actor, Subject, can, require

P = ParamSpec("P")
R = TypeVar("R")

PUBLIC = "public"
SIGNED_IN = "signed-in"


def permission(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare what a route asks for: the name of a permission, `public`, or `signed-in` (one's own things).

    The route itself calls `allow` with the record it loaded; the suite fails where an answer was given without.
    """
    if name not in PERMISSIONS and name not in (PUBLIC, SIGNED_IN):
        raise KeyError(name)

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if name in (PUBLIC, SIGNED_IN):
                g.permission_checked = True
            return view(*args, **kwargs)

        checked.permission = name  # type: ignore[attr-defined]
        return checked

    return mark


def actor() -> Actor:
    """The person who sent this request."""
    found: Actor = current_user.actor
    return found


def allow(name: str, subject: Subject | None = None) -> Actor:
    """Check the permission for the record at hand and hand back the actor; raises Forbidden."""
    g.permission_checked = True
    found = actor()
    require(found, name, subject)
    return found


def allowed(name: str, subject: Subject | None = None) -> bool:
    """Whether to show what needs this permission."""
    return bool(current_user.is_authenticated) and can(actor(), name, subject)


def init_app(app: Flask) -> None:
    """Ask for a sign-in everywhere but on public routes; in tests, insist that each route checked."""

    @app.before_request
    def ask_for_sign_in() -> BaseResponse | None:
        view = app.view_functions.get(request.endpoint or "")
        if view is None or request.endpoint == "static" or getattr(view, "permission", "") == PUBLIC:
            g.permission_checked = True
            return None
        if current_user.is_authenticated:
            return None
        g.permission_checked = True  # nothing is shown to whoever is turned away
        where = url_for(
            "accounts.sign_in", next=request.full_path.rstrip("?") if request.method == "GET" else None
        )
        if htmx:
            return Response(status=401, headers={"HX-Redirect": where})
        return redirect(where, 303)

    @app.after_request
    def insist(response: Response) -> Response:
        if current_app.testing and response.status_code < 400 and not g.get("permission_checked"):
            raise AssertionError(f"{request.endpoint} answered without checking a permission")
        return response

    app.jinja_env.globals["allowed"] = allowed
