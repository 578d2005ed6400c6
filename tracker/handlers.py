"""What a person sees when something cannot be done: the right status, and words that say what to do next."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from tracker.database import db
from tracker.errors import DomainError, RefusedMove
from tracker.fragments import go
from tracker.i18n import gettext as _
from tracker.submissions import answered_before

blueprint = Blueprint("handlers", __name__)


def page(status: int, message: str = "", reasons: list[str] | None = None) -> Response:
    """The error page of a status; `message` and `reasons` add what is known of the cause."""
    known = {400, 403, 404, 405, 409, 413, 422, 500}
    name = f"errors/{status if status in known else 500 if status >= 500 else 400}.html"
    body = render_template(name, message=message, reasons=reasons or [], status=status)
    return make_response(body, status)


@blueprint.app_errorhandler(CSRFError)
def csrf_failed(_error: CSRFError) -> Response:
    """A missing or stale token: nothing was done, and the person can go back to what was typed."""
    return make_response(render_template("errors/csrf.html", status=400), 400)


@blueprint.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response | HTTPException:
    """Errors that the framework raises."""
    if error.code is None or error.code < 400:
        return error
    db.session.rollback()
    response = page(error.code)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


@blueprint.app_errorhandler(RefusedMove)
def refused(error: RefusedMove) -> Response:
    """A move that a guard refused, with the guards' words."""
    db.session.rollback()
    return page(error.status, error.message, error.reasons)


@blueprint.app_errorhandler(DomainError)
def domain_error(error: DomainError) -> Response:
    """Errors that the product raises; a permission's name is for the log, not for the page."""
    db.session.rollback()
    if request.method == "POST" and error.status in (403, 404) and current_user.is_authenticated:
        # Its own success can put a form out of reach: whoever hands an action over works on it no more.
        first = answered_before(current_user.actor)
        if first is not None:
            g.permission_checked = True  # an answer of one's own
            return go(first.location or _page_of_form(), first.message)
    return page(error.status, error.message if error.status not in (403, 404) else "")


def _page_of_form() -> str:
    """The page that the form of this request stood on, where it is one of ours."""
    came_from = urlsplit(request.referrer or "")
    return came_from.path if came_from.netloc == request.host and came_from.path else "/"


@blueprint.app_errorhandler(StaleDataError)
def stale(_error: StaleDataError) -> Response:
    """Two people wrote at once and this one was second."""
    db.session.rollback()
    return page(409, _("Somebody else changed this record in the meantime. Nothing of yours was written."))


@blueprint.app_errorhandler(DataError)
def unfit_value(error: DataError) -> Response:
    """A value that passed the form but that no column can hold: refused whole, and logged for us to catch earlier."""
    db.session.rollback()
    current_app.logger.warning("a value that the database refused", exc_info=error)
    return page(422)


@blueprint.app_errorhandler(OperationalError)
def database_busy(error: OperationalError) -> Response:
    """The database could not take the write in time."""
    db.session.rollback()
    current_app.logger.exception("database error", exc_info=error)
    return page(500)


@blueprint.app_errorhandler(500)
def crashed(_error: Exception) -> Response:
    """Anything unforeseen: logged in full, shown without a traceback."""
    db.session.rollback()
    return page(500)
