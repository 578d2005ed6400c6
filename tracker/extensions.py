"""The extensions, created unbound; the application factory binds them."""

from flask_compress import Compress
from flask_htmx import HTMX
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from tracker.database import db

htmx = HTMX()
csrf = CSRFProtect()
login = LoginManager()
compress = Compress()

__all__ = ["compress", "csrf", "db", "htmx", "login"]
