"""Pages of a register, turned forth and back: each row once, whichever the order."""

from datetime import date

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from tracker.turning import Order

ROWS = [(1, 5), (2, 3), (3, 5), (4, 1), (5, 3), (6, 9), (7, 5)]


@pytest.mark.parametrize("by_day", [True, False])
@pytest.mark.parametrize("falling", [True, False])
def test_pages_show_each_row_once_in_both_directions(db: SQLAlchemy, by_day: bool, falling: bool) -> None:
    parts = [
        sa.select(sa.literal(number).label("number"), sa.literal(date(2026, 1, day), sa.Date).label("day"))
        for number, day in ROWS
    ]
    table = sa.union_all(*parts).subquery()
    order = Order(table.c.number, table.c.day if by_day else None, falling)
    expected = [
        number for number, _day in sorted(ROWS, key=lambda row: row[::-1] if by_day else row, reverse=falling)
    ]

    pages = [order.turn(sa.select(table.c.number), "", "", 3)]
    assert pages[0].before is None
    while pages[-1].after is not None:
        pages.append(order.turn(sa.select(table.c.number), pages[-1].after, "", 3))
    assert [row.number for page in pages for row in page.rows] == expected

    back = pages[-1]
    for page in pages[-2::-1]:
        assert back.before is not None
        back = order.turn(sa.select(table.c.number), "", back.before, 3)
        assert [row.number for row in back.rows] == [row.number for row in page.rows]
    assert back.before is None


@pytest.mark.parametrize("mark", ["x", "2026-01-03", "2026-13-01.4", "1.99999999999", "5.4"])
def test_a_mark_that_nobody_made_shows_the_first_page(db: SQLAlchemy, mark: str) -> None:
    table = sa.select(
        sa.literal(1).label("number"), sa.literal(date(2026, 1, 3), sa.Date).label("day")
    ).subquery()
    page = Order(table.c.number, table.c.day, False).turn(sa.select(table.c.number), mark, "", 3)

    assert [row.number for row in page.rows] == [1]
