"""What `tracker doctor` looks at: all that an installation needs and that can be wrong without a trace."""

import shutil
import smtplib
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from tracker import __version__, clock
from tracker.config import Settings
from tracker.database import EngineError, assert_engine, db
from tracker.health import newest_migration

FINE, NOTE, WARNING, FAULT = range(4)
MARKS = {FINE: "✓", NOTE: "i", WARNING: "!", FAULT: "✗"}

# Below this a busy week fills the disk; below a tenth of it the database may stop at any moment.
SPACE_WANTED = 1024**3

# Released in 2026: a clock before that is one that was never set.
BUILT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Check:
    """One thing looked at: `weight` is 0 fine, 1 to know, 2 to repair soon, 3 broken."""

    name: str
    finding: str
    weight: int = FINE

    @property
    def mark(self) -> str:
        """The sign in front of the line."""
        return MARKS[self.weight]


def examine(settings: Settings) -> list[Check]:
    """Look at everything; a check that breaks is itself a fault with its reason, and the others go on."""
    looks: tuple[tuple[str, Callable[[Settings], Check]], ...] = (
        ("database", check_database),
        ("settings of the database", check_engine),
        ("migrations", check_migrations),
        ("clock", check_clock),
        ("disk", check_disk),
        ("secret", check_secret),
        ("cookies", check_cookies),
        ("font", check_font),
        ("mail", check_mail),
        ("background work", check_background),
    )
    found = [Check("version", f"Rescore {__version__}")]
    for name, look in looks:
        try:
            found.append(look(settings))
        except Exception as error:  # whatever it is, the operator should read it
            found.append(Check(name, f"{type(error).__name__}: {_first_line(error)}", FAULT))
    return found


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no further word"


@contextmanager
def _connection() -> Iterator[sa.Connection]:
    with db.engine.connect() as connection:
        yield connection


def check_database(_settings: Settings) -> Check:
    """The database answers, and says which one it is."""
    with _connection() as connection:
        connection.execute(sa.text("SELECT 1"))
        if connection.dialect.name == "postgresql":
            version = connection.execute(sa.text("SHOW server_version")).scalar_one()
            return Check("database", f"PostgreSQL {version} answers")
        version = connection.execute(sa.text("SELECT sqlite_version()")).scalar_one()
    return Check("database", f"SQLite {version} answers, {db.engine.url.database}")


def check_engine(_settings: Settings) -> Check:
    """What durability and integrity rest on is switched on."""
    name = "settings of the database"
    try:
        assert_engine(db.engine)
    except EngineError as error:
        return Check(name, str(error), FAULT)
    if db.engine.dialect.name == "sqlite":
        return Check(name, "WAL, synchronous FULL, foreign keys on")
    with _connection() as connection:
        encoding = connection.execute(sa.text("SHOW server_encoding")).scalar_one()
        durable = connection.execute(sa.text("SHOW synchronous_commit")).scalar_one()
    if encoding != "UTF8":
        return Check(name, f"the encoding is {encoding}, and Chinese needs UTF8", FAULT)
    if durable == "off":
        return Check(
            name, "synchronous_commit is off: a crash can lose what people were told is saved", WARNING
        )
    return Check(name, f"{encoding}, synchronous_commit {durable}")


def check_migrations(_settings: Settings) -> Check:
    """The database has every migration of this version, and none of a later one."""
    with _connection() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    newest = newest_migration()
    if found == newest:
        return Check("migrations", f"up to date ({newest})")
    if found is None:
        return Check("migrations", "the database is empty; `tracker serve` fills it", WARNING)
    return Check(
        "migrations", f"the database has {found}, this version {newest}; run `tracker db upgrade`", FAULT
    )


def check_clock(_settings: Settings) -> Check:
    """The clock is set, and agrees with that of the database and with the last thing recorded."""
    now = clock.now()
    if now < BUILT:
        return Check("clock", f"{now:%Y-%m-%d %H:%M} UTC is before this version was made", FAULT)
    with _connection() as connection:
        if connection.dialect.name == "postgresql":
            theirs: datetime = connection.execute(sa.text("SELECT now()")).scalar_one()
            apart = abs(theirs.astimezone(UTC) - now)
            if apart > timedelta(seconds=30):
                return Check("clock", f"{apart.total_seconds():.0f} s apart from the database's", WARNING)
    return Check("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def check_disk(settings: Settings) -> Check:
    """There is room where the database file lies."""
    place = next(
        path for path in (settings.instance.resolve(), *settings.instance.resolve().parents) if path.exists()
    )
    free = shutil.disk_usage(place).free
    finding = f"{free / 1024**3:.1f} GiB free at {place}"
    return Check(
        "disk", finding, FAULT if free < SPACE_WANTED // 10 else WARNING if free < SPACE_WANTED else FINE
    )


def check_secret(settings: Settings) -> Check:
    """Whoever can read the secret can be anybody."""
    if settings.secret_key:
        return Check("secret", "given by the environment")
    path = settings.instance / "secret_key"
    if not path.exists():
        return Check("secret", "made at the first start", NOTE)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Check("secret", f"{path} can be read by others ({mode:o}); run `chmod 600`", FAULT)
    return Check("secret", f"{path}, readable by its owner alone")


def check_cookies(settings: Settings) -> Check:
    """Behind TLS, cookies should never travel without it."""
    if settings.secure_cookies:
        return Check("cookies", "sent over HTTPS only")
    return Check("cookies", "sent over HTTP, too; set TRACKER_SECURE_COOKIES=true behind TLS", NOTE)


def check_font(_settings: Settings) -> Check:
    """Chinese on paper needs a font that has it; on the screen the reader's own machine brings one."""
    found = _chinese_fonts()
    if found is None:
        return Check("font", "fontconfig is not installed, so fonts for print cannot be looked up", NOTE)
    if not found:
        return Check("font", "no font with Chinese for print; install Noto Sans CJK", NOTE)
    return Check("font", found[0])


def _chinese_fonts() -> list[str] | None:
    tool = shutil.which("fc-list")
    if tool is None:
        return None
    answer = subprocess.run(  # noqa: S603 - the arguments are ours
        [tool, ":lang=zh-cn", "family"], capture_output=True, text=True, timeout=10, check=False
    )
    return sorted({line.split(",")[0].strip() for line in answer.stdout.splitlines() if line.strip()})


def check_mail(settings: Settings) -> Check:
    """Mail is optional: without a server messages stay in the application."""
    if not settings.mail_host:
        finding = "TRACKER_MAIL_HOST is not set: messages stay in the application and nobody is mailed"
        return Check("mail", finding, NOTE)
    from tracker.notifications.sender import connection

    where = f"{settings.mail_host}:{settings.mail_port}"
    try:
        with connection(settings) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Check("mail", f"{where} does not take mail: {_first_line(error)}", WARNING)
    if not settings.base_url:
        return Check(
            "mail", f"{where} answers; set TRACKER_BASE_URL so that mails can link to records", WARNING
        )
    if settings.mail_security == "none" and settings.mail_user:
        return Check("mail", f"{where} answers, but the password travels in the open", WARNING)
    return Check("mail", f"{where} answers, sender {settings.mail_from}")


def check_background(settings: Settings) -> Check:
    """Somebody makes the rounds: the last slot of each duty is not old."""
    from tracker.notifications.models import Lease

    with _connection() as connection:
        done = connection.execute(sa.select(sa.func.max(Lease.done))).scalar()
    where = "inside the web process" if settings.background else "by `tracker worker`"
    if not done:
        return Check("background work", f"{where}; nothing has been done yet", NOTE)
    if done < f"{clock.now() - timedelta(days=1):%Y-%m-%d}":
        return Check("background work", f"{where}; last done {done}: nobody is reminded at present", WARNING)
    return Check("background work", f"{where}; last done {done} UTC")
