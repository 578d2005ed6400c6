"""The demo organisation: two sites with a year of real input, made through the services that the pages use."""

from datetime import timedelta

import sqlalchemy as sa

from tracker import clock
from tracker.database import db
from tracker.demo.cast import DOMAIN, PASSWORD, PEOPLE, SHOWN, SLUG, build_cast
from tracker.organisations.models import Organisation


def build_demo() -> None:
    """Fill the database with the demo; every day of it is counted back from today, so it never looks stale."""
    from tracker.demo.chengdu import build_chengdu
    from tracker.demo.registers import build_registers
    from tracker.demo.suzhou import build_suzhou

    today = clock.today()
    with clock.at(today - timedelta(days=400)):
        cast = build_cast(today - timedelta(days=700))
        db.session.commit()
    build_suzhou(cast, today)
    build_chengdu(cast, today)
    build_registers(cast, today)


def sign_ins() -> list[str]:
    """The lines that tell how to sign in to the demo; none where the database holds no demo."""
    found = db.session.execute(
        sa.select(Organisation.id).where(Organisation.slug == SLUG)
    ).scalar_one_or_none()
    db.session.rollback()
    if found is None:
        return []
    lines = [f"Demo sign-ins, password {PASSWORD}"]
    for key in SHOWN:
        zh, en, title, _roles = PEOPLE[key]
        lines.append(f"  {key}@{DOMAIN:<18} {zh} {en}, {title}")
    return lines
