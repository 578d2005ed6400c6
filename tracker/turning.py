"""Turning the pages of a register by the place of its first or last row, never by counting rows."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker.database import db


@dataclass(frozen=True)
class Turned:
    """A page of rows, with the marks under which the pages before and after it are found."""

    rows: list[Any]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Order:
    """By number, or by a day that is never empty and then the number; `falling` begins at the end."""

    number: Any
    day: Any
    falling: bool

    def turn(self, query: sa.Select[Any], after: str, before: str, size: int) -> Turned:
        """The page behind the mark `after` or in front of `before`, else the first one: one statement."""
        back = bool(before) and not after
        down = self.falling != back
        columns = (self.number,) if self.day is None else (self.day, self.number)
        bound = self._bound(before if back else after)
        if bound is not None:
            here, there = sa.tuple_(*columns), sa.tuple_(*bound)
            query = query.where(here < there if down else here > there)
        if self.day is not None:
            query = query.add_columns(self.day.label("turned_at"))
        order = [column.desc() if down else column.asc() for column in columns]
        found = list(db.session.execute(query.order_by(*order).limit(size + 1)).all())
        more, rows = len(found) > size, found[:size]
        if back:
            rows.reverse()
        return Turned(
            rows,
            before=self._mark(rows[0]) if rows and (more if back else bound is not None) else None,
            after=self._mark(rows[-1]) if rows and (back or more) else None,
        )

    def _mark(self, row: Any) -> str:
        first = row.number if self.day is None else row.turned_at.isoformat()
        return f"{first}.{row.number}"

    def _bound(self, mark: str) -> tuple[Any, ...] | None:
        """The place in the order that a mark of the address stands for; None for one that cannot be read."""
        first, _dot, number = mark.partition(".")
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            return None
        if self.day is None:
            return (int(number),) if first == number else None
        try:
            return sa.literal(date.fromisoformat(first), sa.Date), int(number)
        except ValueError:
            return None
