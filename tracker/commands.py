"""The commands that need the application: `serve`, `demo`, `doctor`, `worker`."""

import shutil
import tempfile
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from tracker.config import Settings, packaged
from tracker.database import db
from tracker.health import applied_migration, newest_migration
from tracker.rescore_command import rescore_command


def upgrade_database() -> bool:
    """Bring the database to the newest migration; whether it was empty before."""
    found = applied_migration()
    if found == newest_migration():
        return False
    from alembic import command as alembic  # half a second that a start without migrations need not spend
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")))
    alembic.upgrade(config, "head")
    return found is None


def create_with_migrations() -> Flask:
    """The application as `tracker db …` wants it; the product itself needs no migration tool to run."""
    from flask_migrate import Migrate

    from tracker import create_app

    app = create_app()
    Migrate(app, db, directory=str(packaged("migrations")), render_as_batch=True)
    return app


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _serve(port: int, host: str, lines: list[str]) -> None:
    from tracker.server import serve

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (compared, not bound)
    # What was read to say hello must not hold SQLite's write lock while requests are answered.
    db.session.remove()
    db.engine.dispose()

    def ready() -> None:
        click.echo(f"Rescore  http://{shown}:{port}/")
        for line in lines:
            click.echo(line)

    serve(app, host, port, _settings().threads, ready)


_port = click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", show_default=True)
_host = click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)


@click.command("serve")
@_port
@_host
@click.option("--demo-if-new", is_flag=True, help="Fill a new database with the demo organisation.")
@with_appcontext
def serve_command(port: int, host: str, demo_if_new: bool) -> None:
    """Run Rescore; the database is brought up to date first."""
    from tracker.accounts.services import first_run_token
    from tracker.demo import build_demo, sign_ins

    new = upgrade_database()
    if new and demo_if_new:
        click.echo("A new database: building the demo organisation …")
        build_demo()
    lines = sign_ins()
    token = first_run_token()
    if token:
        lines = [f"First run: open /first-run and enter the one-time token  {token}"]
    _serve(port, host, lines)


@click.command("demo")
@_port
@_host
def demo_command(port: int, host: str) -> None:
    """Show Rescore with sample data in a throw-away database."""
    from tracker import create_app
    from tracker.demo import build_demo, sign_ins

    folder = Path(tempfile.mkdtemp(prefix="rescore-demo-"))
    try:
        app = create_app({"instance": folder, "database_url": f"sqlite:///{folder / 'demo.db'}"})
        with app.app_context():
            upgrade_database()
            build_demo()
            _serve(port, host, sign_ins())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@click.command("doctor")
@with_appcontext
def doctor_command() -> None:
    """Check what Rescore needs: database, migrations, clock, disk, fonts, mail."""
    from tracker.doctor import examine

    worst = 0
    for check in examine(_settings()):
        click.echo(f"{check.mark}  {check.name}: {check.finding}")
        worst = max(worst, check.weight)
    raise SystemExit(1 if worst > 1 else 0)


@click.command("worker")
@click.option("--threads", type=click.IntRange(1, 32), default=2, show_default=True, help="Jobs at a time.")
@click.option("--once", is_flag=True, help="Do what is due now and stop: for cron, and to try things out.")
@with_appcontext
def worker_command(threads: int, once: bool) -> None:
    """Do the background work apart from the web process: reminders, escalation, mail."""
    from tracker import background

    upgrade_database()
    if once:
        done = background.tick()
        click.echo(f"Done: {', '.join(done) or 'nothing was due'}")
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.remove()
    click.echo("Rescore worker: reminders, escalation and mail. Stop with Ctrl-C.")
    background.work(app, threads)


COMMANDS = (serve_command, demo_command, doctor_command, rescore_command, worker_command)


def init_app(app: Flask) -> None:
    """Attach the commands to the application, so that `flask` knows them too."""
    for command in COMMANDS:
        app.cli.add_command(command)
