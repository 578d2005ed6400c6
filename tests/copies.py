"""Many rows out of a few: copies under keys and numbers of their own, by Core inserts."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from tracker.organisations.models import Counter

# Identifiers as the application makes them, from the first hours of its epoch: none of its own lies there.
_FIRST_ID = 1 << 22
KINDS = {
    "reviews": "review",
    "nonconformities": "nonconformity",
    "actions": "action",
    "audits": "audit",
    "metrics": "metric",
    "scoring_runs": "run",
}


class Ids:
    """Identifiers that no running application has made or will make."""

    def __init__(self) -> None:
        self.last = 0

    def __call__(self) -> int:
        self.last += 1
        return _FIRST_ID + (self.last << 10)


def copy_rows(
    connection: sa.Connection,
    table: sa.Table,
    rows: Iterable[Any],
    known: dict[tuple[str, int], int],
    ids: Ids,
    **changed: Any,
) -> None:
    """Insert `rows` anew; a reference follows to the copy where there is one in `known`, (table, id) → id."""
    refers = {
        element.parent.name: element.column.table.name
        for constraint in table.foreign_key_constraints
        for element in constraint.elements
        if element.parent.name != "organisation_id"
    }
    computed = {column.name for column in table.columns if column.computed is not None}
    copies = []
    for row in rows:
        values = {name: value for name, value in row._mapping.items() if name not in computed}
        known[table.name, row.id] = values["id"] = ids()
        for column, target in refers.items():
            values[column] = known.get((target, values[column]), values[column])
        copies.append(values | changed)
    if copies and table.name in KINDS:
        numbers = take_numbers(connection, copies[0]["organisation_id"], KINDS[table.name], len(copies))
        copies = [values | {"number": number} for values, number in zip(copies, numbers, strict=True)]
    if copies:
        connection.execute(sa.insert(table), copies)


def take_numbers(connection: sa.Connection, organisation_id: int, kind: str, count: int) -> range:
    """The next numbers of a kind, as the application's own counter hands them out."""
    counter = Counter.__table__
    where = (counter.c.organisation_id == organisation_id, counter.c.kind == kind)
    last = connection.scalar(sa.select(counter.c.last).where(*where)) or 0
    connection.execute(sa.update(counter).where(*where).values(last=last + count))
    return range(last + 1, last + count + 1)
