"""Settings: one documented class, filled from the environment, checked at start.

Every setting can be given as an environment variable with the prefix `TRACKER_`
(`TRACKER_SECRET_KEY`, …); the database also as the customary `DATABASE_URL`.
"""

import os
import secrets
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


class SettingsError(ValueError):
    """The environment holds a setting that cannot be used; the message names each one."""


def in_checkout() -> bool:
    """Whether the package runs from a source checkout rather than from an installed wheel."""
    return (CHECKOUT / "pyproject.toml").exists() and (CHECKOUT / "templates").is_dir()


def default_instance() -> Path:
    """Where the database file and the secret live: `instance/` in a checkout, the user's data folder otherwise."""
    if in_checkout():
        return CHECKOUT / "instance"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "rescore"


def packaged(folder: str) -> Path:
    """A top-level folder (`templates`, `migrations`) where the checkout or the wheel keeps it."""
    return CHECKOUT / folder if in_checkout() else PACKAGE / f"_{folder}"


class Settings(BaseSettings):
    """All that an operator can set, with its default."""

    model_config = SettingsConfigDict(env_prefix="TRACKER_", extra="ignore", populate_by_name=True)

    instance: Path = Field(
        default_factory=default_instance, description="Folder of the database file and secret."
    )
    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("DATABASE_URL", "TRACKER_DATABASE_URL", "database_url"),
        description="SQLAlchemy address of the database; empty means a SQLite file in the instance folder.",
    )
    secret_key: str = Field(
        default="", description="Signs sessions; empty means one made and kept in the instance folder."
    )
    session_hours: int = Field(default=12, ge=1, le=720, description="Hours after which a sign-in lapses.")
    secure_cookies: bool = Field(
        default=False, description="Send cookies over HTTPS only; set it behind TLS."
    )
    page_size: int = Field(default=50, ge=5, le=200, description="Rows on a page of a register.")
    max_upload_mb: int = Field(default=16, ge=1, le=512, description="Largest request body, in MiB.")
    sqlite_busy_ms: int = Field(
        default=10_000, ge=100, description="How long a SQLite writer waits for its turn."
    )
    pool_size: int = Field(default=8, ge=1, le=100, description="PostgreSQL connections kept by a process.")
    threads: int = Field(default=8, ge=1, le=64, description="Threads that answer requests in one process.")
    base_url: str = Field(
        default="",
        description="Address that people open, as in https://rescore.example.com; links in mails begin with it.",
    )
    mail_host: str = Field(
        default="", description="Mail server (SMTP); empty means messages stay in the application."
    )
    mail_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to the mail server is protected."
    )
    mail_user: str = Field(default="", description="Name to sign in with at the mail server; empty for none.")
    mail_password: str = Field(default="", description="Password at the mail server.")
    mail_from: str = Field(
        default="",
        description="Sender of the mails, as in Rescore <rescore@example.com>; needed with a host.",
    )
    background: bool = Field(
        default=True,
        description="Do reminders and mail inside the web process; switch it off where `tracker worker` runs.",
    )
    queue_url: str = Field(
        default="",
        description="redis:// address of the queue; empty means a SQLite file in the instance folder.",
    )
    testing: bool = Field(
        default=False, description="For the test suite: no secret file, no start-up checks of disk."
    )

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value.startswith("postgres://"):
            value = "postgresql://" + value.removeprefix("postgres://")
        if value.startswith("postgresql://"):
            value = "postgresql+psycopg://" + value.removeprefix("postgresql://")
        if value and not value.startswith(("sqlite:", "postgresql+psycopg:")):
            raise ValueError("only sqlite: and postgresql: addresses are supported")
        return value

    @field_validator("queue_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a redis:// address")
        return value

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError("must hold an e-mail address")
        return value

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> "Settings":
        if self.mail_host and not self.mail_from:
            raise ValueError("mail_from is needed with mail_host")
        return self

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @property
    def database(self) -> str:
        """The address in force, the SQLite default filled in."""
        return self.database_url or f"sqlite:///{self.instance / 'tracker.db'}"


def load_settings(overrides: dict[str, object] | None = None) -> Settings:
    """Read and check the settings; `overrides` win over the environment.

    Raises SettingsError with one line for each setting that is wrong.
    """
    try:
        return Settings(**(overrides or {}))  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def secret_key(settings: Settings) -> str:
    """The signing secret: as set, or made once and kept readable by its owner alone."""
    if settings.secret_key:
        return settings.secret_key
    if settings.testing:
        return secrets.token_hex(32)
    path = settings.instance / "secret_key"
    settings.instance.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text().strip()
