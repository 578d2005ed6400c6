"""Boards: records of a machine in columns by state, each column a page of its own, and the move a drop asks for.

Two statements bring a board, whatever the number of records: one counts every column up to a limit, one reads a
page of each. Which move leads from one column to another the machine says; whether it may happen, its guards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.offers import MoveView, StateView, machine_of, sentence, state_view
from tracker.permissions import Actor, Subject, can
from workflows.machine import Transition

PAGE = 12
COUNTED = 1_000


@dataclass(frozen=True)
class Card:
    """A record on the board."""

    number: int
    label: str
    title: str
    url: str
    move_url: str
    version: int
    owner: str
    due_on: date | None
    days_left: int | None
    ended: bool
    points: Any
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Column:
    """A state with a page of its records; `more` says that they are more than were counted."""

    state: StateView
    count: int
    more: bool
    cards: tuple[Card, ...]
    after: str | None
    paged: bool
    # Where a card may be sent from here by hand: (state, title).
    targets: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Said:
    """What became of a drop: refused with reasons, or a move that asks something first, on the board itself.

    `form` holds what the move asks for beyond a reason and a signature; `problem` and `typed` are what was wrong
    with the answer, and the reason that was given in it.
    """

    number: int
    title: str
    reasons: tuple[str, ...] = ()
    move: MoveView | None = None
    target: str = ""
    url: str = ""
    version: int | None = None
    effects: tuple[tuple[str, str], ...] = ()
    form: Any = None
    problem: str = ""
    typed: str = ""
    # The record as its page shows it, where the form asks about parts of it.
    record: Any = None


class Stays(Exception):
    """A drop that writes nothing: the card stays, and what there is to say or to ask."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.title)
        self.said = said

    @property
    def status(self) -> int:
        return 409 if self.said.reasons else 200


@dataclass(frozen=True)
class Turned:
    """The column that the address turns to another page, and the mark where that begins."""

    state: str = ""
    after: str = ""
    # A card that is shown wherever it stands: the one that was moved just now.
    also: int | None = None


def read_columns(
    base: sa.Select[Any],
    state: Any,
    number: Any,
    states: Sequence[str],
    turned: Turned,
    *,
    falling: Callable[[str], bool],
    key: Any,
    size: int = PAGE,
) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """State → up to `size` + 1 rows of its page, and state → how many there are, counted up to COUNTED + 1.

    `base` selects the columns of a card and is narrowed already. Columns are in order of `key` and number,
    or by falling number where `falling` says so of a state.
    """
    pages = [_page(base, state, number, each, turned, falling(each), key, size) for each in states]
    if turned.also is not None:
        pages.append(sa.select(base.where(number == turned.also).subquery()))
    rows = db.session.execute(sa.union_all(*pages)).all()
    counts = [
        sa.select(
            sa.literal(each).label("column_state"),
            sa.select(sa.func.count())
            .select_from(
                base.with_only_columns(sa.literal(1)).where(state == each).limit(COUNTED + 1).subquery()
            )
            .scalar_subquery()
            .label("counted"),
        )
        for each in states
    ]
    counted = {row.column_state: row.counted for row in db.session.execute(sa.union_all(*counts))}
    found: dict[str, list[Any]] = {each: [] for each in states}
    for row in rows:
        if row.number != turned.also:
            found[str(row.state)].append(row)
    for row in rows:
        if row.number == turned.also:
            _put_first(found[str(row.state)], row)
    return found, counted


def _put_first(column: list[Any], row: Any) -> None:
    """The card that was moved leads its column, so that it is found at once on whatever page it would stand."""
    if all(each.number != row.number for each in column):
        column.insert(0, row)


def _page(
    base: sa.Select[Any],
    state: Any,
    number: Any,
    wanted: str,
    turned: Turned,
    falling: bool,
    key: Any,
    size: int,
) -> sa.Select[Any]:
    query = base.where(state == wanted)
    if turned.state == wanted and (bound := _bound(turned.after)) is not None:
        day, last = bound
        query = query.where(
            number < last if falling else sa.tuple_(key, number) > sa.tuple_(sa.literal(day, sa.Date), last)
        )
    order = [number.desc()] if falling else [key, number]
    # A limit inside a union has to be in a query of its own.
    return sa.select(query.order_by(*order).limit(size + 1).subquery())


def turn(args: Mapping[str, str], moved: int | None = None) -> Turned:
    """What the address turns, and the card to be shown in any case: moved just now, or named there."""
    named = args.get("card", "")
    known = named.isascii() and named.isdigit() and len(named) < 10
    also = moved if moved is not None else int(named) if known else None
    return Turned(args.get("column", "").strip()[:40], args.get("after", "").strip()[:40], also)


def mark(day: date | None, number: int) -> str:
    """Where the next page of a column begins, for the address."""
    return f"{(day or date.max).isoformat()}.{number}"


def _bound(text: str) -> tuple[date, int] | None:
    first, _dot, number = text.partition(".")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    try:
        return date.fromisoformat(first), int(number)
    except ValueError:
        return None


def make_column(
    kind: str, state: str, count: int, cards: Sequence[Card], after: str | None, turned: Turned
) -> Column:
    """A column with its title, its count as far as it was counted, and where its cards may go."""
    return Column(
        state=state_view(kind, state),
        count=min(count, COUNTED),
        more=count > COUNTED,
        cards=tuple(cards),
        after=after,
        paged=turned.state == state and bool(turned.after),
        targets=targets(kind, state),
    )


def targets(kind: str, state: str) -> tuple[tuple[str, str], ...]:
    """The states that somebody's move leads to from here, in the order of the machine."""
    machine = machine_of(kind)
    reached = {
        str(move.target_from(state))
        for move in machine.moves[state].values()
        if not move.by_system and move.target is not None
    }
    return tuple(
        (str(each.id), each.title.of(language()))
        for each in machine.states
        if str(each.id) in reached and str(each.id) != state
    )


# ---------------------------------------------------------------- what a drop asks for


def toward(
    kind: str, state: str, target: str, actor: Actor, subject: Subject, offers: Sequence[MoveView]
) -> MoveView | tuple[str, tuple[str, ...]]:
    """The move that brings a record from its state to `target`: allowed, or a title with reasons in words.

    `offers` are the moves that the record's page would show to this person.
    """
    machine = machine_of(kind)
    ways = [
        move
        for move in machine.moves[state].values()
        if move.target is not None and str(move.target_from(state)) == target
    ]
    by_hand = [move for move in ways if not move.by_system]
    if not by_hand:
        return _no_way(kind, state, target, ways)
    mine = {offer.event: offer for offer in offers}
    found = [mine[move.event] for move in by_hand if move.event in mine]
    allowed = [offer for offer in found if offer.allowed]
    if allowed:
        # The plainest first: what asks for no signature and no reason.
        return min(allowed, key=lambda offer: (bool(offer.signature), offer.reason_required))
    if found:
        return found[0].title, tuple(dict.fromkeys(reason for offer in found for reason in offer.reasons))
    title = sentence(by_hand[0].title.of(language()))
    if any(can(actor, move.permission, subject) for move in by_hand):
        return title, (_("It does not apply to this record as it stands."),)
    return title, (_("With your roles at this site you cannot make this move."),)


def _no_way(
    kind: str, state: str, target: str, ways: Sequence[Transition[Any]]
) -> tuple[str, tuple[str, ...]]:
    machine = machine_of(kind)
    here, there = machine.state(state).title.of(language()), machine.state(target).title.of(language())
    title = _("Not from “%(here)s” to “%(there)s”", here=here, there=there)
    if ways:
        why = _("This follows by itself from what happens elsewhere: nobody makes it by hand.")
        return title, (f"{sentence(ways[0].title.of(language()))}: {why}",)
    exits = [title for _state, title in targets(kind, state)]
    if not exits:
        return title, (_("From here no move of anybody leads on."),)
    joined = ("、" if language() == "zh" else ", ").join(exits)
    return title, (_("From here it can go to: %(states)s.", states=joined),)
