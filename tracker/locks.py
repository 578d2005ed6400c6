"""Who goes first where several processes write: the rows that a change stands on are held until it is committed.

SQLite has one writer at a time, who holds everything. PostgreSQL has many: without these two they would renew the
numbers of one site in each other's way, or find out only at the end that somebody was faster.
"""

from typing import Any

import sqlalchemy as sa

from tracker.database import db
from tracker.organisations.models import Site


def hold_site(organisation_id: int, site_id: int) -> None:
    """Be the only one who changes what a site's score is made of; always before a record of the site is held."""
    if _many_writers():
        db.session.execute(
            sa.select(Site.id)
            .where(Site.organisation_id == organisation_id, Site.id == site_id)
            .with_for_update(key_share=True)
        )


def hold(row: Any) -> None:
    """Be the only one who changes a record, and see it as whoever was before left it."""
    if _many_writers():
        site_id = getattr(row, "site_id", None)
        if site_id is not None:
            hold_site(row.organisation_id, site_id)
        db.session.refresh(row, with_for_update={"key_share": True})


def _many_writers() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"
