"""The numbers that people see: counted per organisation and kind, and written with a prefix."""

from tracker.database import db, upsert
from tracker.organisations.models import Counter

PREFIXES = {
    "review": "RV",
    "nonconformity": "NC",
    "action": "CA",
    "audit": "FA",
    "run": "SR",
    "metric": "M",
    "process": "P",
    "external_audit": "XA",
}


def next_numbers(organisation_id: int, kind: str, count: int = 1) -> range:
    """Take the next `count` numbers of a kind; the counter's row lock puts takers in line."""
    insert = upsert(Counter).values(organisation_id=organisation_id, kind=kind, last=count)
    taken = db.session.execute(
        insert.on_conflict_do_update(
            index_elements=[Counter.organisation_id, Counter.kind], set_={"last": Counter.last + count}
        ).returning(Counter.last)
    ).scalar_one()
    return range(taken - count + 1, taken + 1)


def next_number(organisation_id: int, kind: str) -> int:
    """Take the next number of a kind."""
    return next_numbers(organisation_id, kind)[0]


def label(kind: str, number: int) -> str:
    """How a number is written: `NC-0012`."""
    return f"{PREFIXES[kind]}-{number:04d}"
