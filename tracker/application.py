"""The application factory: settings, extensions, blueprints, headers."""

import time
from datetime import timedelta

from flask import Blueprint, Flask, Response, abort, g, request, session
from flask_login import current_user
from werkzeug.routing import BaseConverter, ValidationError

from tracker import access, fragments, i18n, kept, options, static_files, submissions
from tracker.accounts.queries import SignedIn, get_signed_in
from tracker.config import PACKAGE, load_settings, packaged, secret_key
from tracker.database import MAX_ID, assert_engine, db, prepare_engine, writing
from tracker.extensions import compress, csrf, htmx, login

SEEN_AGAIN_AFTER = 600
"""Seconds between two notes in a session that somebody is still there."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# No inline script and no eval anywhere; style attributes carry only widths of charts and progress bars.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)


class RecordNumber(BaseConverter):
    """A record's number in an address: digits; one that no column can hold is simply not found."""

    regex = r"\d{1,40}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > min(MAX_ID, 2**31 - 1):
            raise ValidationError
        return number


class RecordKey(BaseConverter):
    """An identifier in an address, for what people do not number (persons, programmes)."""

    regex = r"\d{1,40}"

    def to_python(self, value: str) -> int:
        if int(value) > MAX_ID:
            raise ValidationError
        return int(value)


def build(overrides: dict[str, object] | None = None) -> Flask:
    """Create the Flask application from the environment and `overrides`. Raises SettingsError, EngineError."""
    settings = load_settings(overrides)
    app = Flask(
        "tracker",
        template_folder=str(packaged("templates")),
        static_folder=str(PACKAGE / "static"),
        instance_path=str(settings.instance.resolve()),
    )
    app.config.update(
        SETTINGS=settings,
        TESTING=settings.testing,
        SECRET_KEY=secret_key(settings),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database, settings.pool_size),
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=settings.max_upload_mb * 1024 * 1024,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_NAME="rescore",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_I18N_ENABLED=True,
    )
    app.url_map.converters.update(record=RecordNumber, key=RecordKey)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.database.startswith("sqlite:") and ":memory:" not in settings.database:
        settings.instance.mkdir(parents=True, exist_ok=True)
    _bind_extensions(app)
    _headers(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    _commands(app)
    with app.app_context():
        prepare_engine(db.engine, settings.sqlite_busy_ms)
        assert_engine(db.engine)
    return app


def _engine_options(address: str, pool_size: int) -> dict[str, object]:
    if address.startswith("sqlite:"):
        return {}
    return {"pool_size": pool_size, "max_overflow": pool_size, "pool_pre_ping": True}


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    htmx.init_app(app)
    csrf.init_app(app)
    compress.init_app(app)
    static_files.init_static(app)
    login.init_app(app)
    login.session_protection = "basic"

    @login.user_loader
    def load(session_id: str) -> SignedIn | None:
        found = get_signed_in(session_id)
        g.person = found
        return found

    @app.before_request
    def refuse_null_characters() -> None:
        # No keyboard types one, and PostgreSQL keeps none in a text, not even to compare with.
        typed = (*request.args.items(multi=True), *request.form.items(multi=True))
        if "\x00" in request.path or any("\x00" in part for pair in typed for part in pair):
            abort(400)

    @app.before_request
    def keep_signed_in() -> None:
        # A session lapses after hours without a request. Signing its cookie anew for every answer costs as much as
        # reading it, so its time is counted to ten minutes.
        if session.permanent and time.time() - session.get("seen", 0) > SEEN_AGAIN_AFTER:
            session["seen"] = int(time.time())

    @app.before_request
    def open_kind_of_transaction() -> None:
        # A safe request only reads; anything else takes SQLite's write lock from its first statement on.
        g.writing = writing.set(request.method not in SAFE)

    @app.teardown_request
    def close_kind_of_transaction(_error: BaseException | None) -> None:
        token = g.pop("writing", None)
        if token is not None:
            writing.reset(token)

    access.init_app(app)
    i18n.init_app(app)
    fragments.init_app(app)
    options.init_app(app)
    kept.init_app(app)
    submissions.init_app(app)

    @app.context_processor
    def who() -> dict[str, object]:
        person = current_user if current_user and current_user.is_authenticated else None
        theme = person.theme if person else request.cookies.get("theme", "auto")
        return {"current_person": person, "theme": theme if theme in ("light", "dark") else "auto"}


def _headers(app: Flask) -> None:
    @app.after_request
    def secure(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if response.mimetype == "text/html":
            headers.setdefault(
                "Cache-Control", "private, no-store" if request.method != "GET" else "private, no-cache"
            )
            response.vary.update(["Cookie", "Accept-Language"])
        return response


def _blueprints() -> list[Blueprint]:
    """Every feature's pages."""
    from tracker import handlers, health
    from tracker.accounts.views import blueprint as accounts
    from tracker.actions.views import blueprint as actions
    from tracker.audits.views import blueprint as audits
    from tracker.causes.views import blueprint as causes
    from tracker.dashboard.views import blueprint as dashboard
    from tracker.figures.views import blueprint as figures
    from tracker.metrics.exhibit_views import blueprint as metrics
    from tracker.nonconformities.board import blueprint as nonconformities
    from tracker.notifications.views import blueprint as notifications
    from tracker.organisations.views import blueprint as organisations
    from tracker.processes.views import blueprint as processes
    from tracker.reviews.views import blueprint as reviews
    from tracker.scores.views import blueprint as scores
    from tracker.standards.views import blueprint as standards
    from tracker.work.views import blueprint as work

    return [
        health.blueprint,
        handlers.blueprint,
        accounts,
        organisations,
        reviews,
        nonconformities,
        actions,
        causes,
        audits,
        metrics,
        processes,
        scores,
        standards,
        dashboard,
        figures,
        notifications,
        work,
    ]


def _commands(app: Flask) -> None:
    from tracker import commands

    commands.init_app(app)
