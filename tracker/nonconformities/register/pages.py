"""A page of the register, found by the values of its first or last row, never by counting rows."""

from functools import cache
from typing import Any

import sqlalchemy as sa

from tracker.database import db
from tracker.nonconformities.register import statements
from tracker.nonconformities.register.columns import S
from tracker.nonconformities.register.filters import Filter, cursor_of
from tracker.nonconformities.register.rows import views
from tracker.nonconformities.register.statements import searches
from tracker.nonconformities.viewmodels import RegisterPage
from tracker.permissions import Actor
from tracker.scores.releases import Known, hash_in_force, merged
from tracker.scores.sheets import COPC, SEE_CMM

COUNTED = 1_000
COUNTED_SEARCH = 200


def get_page(actor: Actor, wanted: Filter) -> RegisterPage:
    """A page of at most 50 rows that the actor may see, and how many there are up to a limit: two statements.

    The count goes first, because it decides the way. Few hits are gathered by the filter and then sorted; many
    are met soon enough when the order itself is walked. Either way nobody pays for the size of the register.
    """
    backwards = bool(wanted.before) and not wanted.after
    limit = COUNTED_SEARCH if searches(wanted) else COUNTED
    values = statements.values(actor, wanted, backwards)
    asked = statements.asked(actor, wanted, limit, backwards)
    count = int(db.session.execute(asked.count, values).scalar_one())
    few = count <= limit and not asked.straight
    rows = db.session.execute(asked.few if few else asked.many, values).all() if count else []
    more = len(rows) > statements.PAGE
    rows = list(rows[: statements.PAGE])
    if backwards:
        rows.reverse()
    has_previous = more if backwards else bool(wanted.after)
    has_next = bool(wanted.before) if backwards else more
    return RegisterPage(
        rows=views(rows),
        previous=cursor_of(rows[0], wanted.key) if rows and has_previous else "",
        next=cursor_of(rows[-1], wanted.key) if rows and has_next else "",
        count=count if count <= limit else None,
        limit=limit,
    )


def list_places(actor: Actor) -> tuple[list[tuple[str, str, str]], Known]:
    """Code and names of the sites a person sees, and what they are scored by: one statement for the filters."""
    sites = actor.sites()
    values = {"organisation": actor.organisation_id, "sites": list(sites or ())}
    rows = db.session.execute(_places(limited=sites is not None), values).all()
    known = merged(actor.organisation_id, ({COPC: row.copc, SEE_CMM: row.see_cmm} for row in rows))
    return [(row.code, row.name_zh, row.name_en) for row in rows], known


@cache
def _places(*, limited: bool) -> sa.Select[Any]:
    # Put together once: that takes as long as asking it.
    statement = (
        sa.select(
            S.code,
            S.name_zh,
            S.name_en,
            hash_in_force(COPC, S.organisation_id, S.id).label("copc"),
            hash_in_force(SEE_CMM, S.organisation_id, S.id).label("see_cmm"),
        )
        .where(S.organisation_id == sa.bindparam("organisation", type_=S.organisation_id.type), S.active)
        .order_by(S.code)
    )
    return statement.where(S.id.in_(sa.bindparam("sites", expanding=True))) if limited else statement
