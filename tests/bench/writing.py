"""Figure 7: a record written down and moved, with history, audit trail and rescore, beside one bare statement."""

import sqlite3
import statistics
from dataclasses import dataclass
from pathlib import Path

from tests.bench.data import World
from tests.bench.load import Round, request, run
from tests.bench.reading import Sides
from tests.bench.report import Line, describe, ratio_of_medians
from tracker.demo.cast import DOMAIN

ROUNDS = 7
REQUESTS = 12
WRITERS = 4
# Four writers send this many creates and as many moves in all.
CROWD = 60
FORM = b"grade=minor&title=A+finding&statement=Found&evidence=12+records&owner_id=1"

_MINE = """
SELECT n.number FROM nonconformities n
JOIN people p ON p.organisation_id = n.organisation_id AND p.id = n.owner_id
WHERE n.state = ? AND n.version = 1 AND n.grade = 'minor' AND p.email = ? AND n.site_id = ?
ORDER BY n.number
"""
_OPENED = (
    "SELECT number FROM nonconformities WHERE state = 'draft' AND site_id = ? AND number > ? ORDER BY number"
)


@dataclass(frozen=True)
class Stock:
    """Records of one site that wait to be moved, and a fact of the site that a new one can pin."""

    last: int
    pins: tuple[str, ...]
    owner: str
    holders: dict[str, list[int]]


def measure(sides: Sides, database: Path, world: World) -> list[Line]:
    """Creates first; the drafts they leave are then raised, which rescores the site, and then accepted."""
    stock = _stock(database, world)
    moved = ROUNDS * REQUESTS
    creates = [_create(sides, world, stock, place) for place in range(moved + CROWD)]
    lines = [_pair(sides, "create (pin, history, audit event, commit)", creates[:moved], 4.0)]
    raises = [_move(sides, number, "raise") for number in _drafts(database, world, stock)[:moved]]
    lines.append(_pair(sides, "move: raise (and rescore of the site)", raises, 4.0))
    accepts = [_move(sides, number, "accept", 2) for number in _opened(database, world, stock)[:moved]]
    lines.append(_pair(sides, "move: accept (no fact moves)", accepts, 4.0))
    lines.append(_crowd(sides, database, world, creates[moved:]))
    return lines


def _pair(sides: Sides, what: str, ours: list[bytes], goal: float) -> Line:
    """Alternating rounds; no request is sent twice, because a record moves but once."""
    if len(ours) < ROUNDS * REQUESTS:
        raise RuntimeError(f"only {len(ours)} records for {what}")
    plan: list[Round] = []
    for place in range(ROUNDS):
        part = ours[place * REQUESTS : (place + 1) * REQUESTS]
        bare = [_bare(what, number + 1) for number in range(REQUESTS)]
        pair = sides.rounds(part, bare, 1, status=303)
        plan += pair if place % 2 else pair[::-1]
    taken = run(plan)[2:]  # the first pair warms both up
    return Line(
        7,
        f"{what} / bare write",
        ratio_of_medians(taken, "ours", "bare"),
        goal,
        note=describe(taken, "ours", "bare"),
    )


def _crowd(sides: Sides, database: Path, world: World, creates: list[bytes]) -> Line:
    """Four at once, half of their requests creates and half moves that rescore."""
    stock = [_move(sides, number, "raise") for number in _waiting(database, world)[:CROWD]]
    mixed = tuple(each for pair in zip(creates, stock, strict=False) for each in pair)
    (taken,) = run([Round("ours", sides.ours.port, tuple(sides.ours.workers()), mixed, WRITERS, 303)])
    p50 = statistics.median(taken.seconds)
    p95 = statistics.quantiles(taken.seconds, n=20)[-1]
    speed = len(mixed) / taken.whole
    note = f"{len(mixed)} writes: p50 {p50 * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms, {speed:.0f} per second"
    return Line(7, f"{WRITERS} writers, creates and raises: p95 / p50", p95 / p50, 10.0, note=note)


def _bare(what: str, number: int) -> bytes:
    return request("POST", "/new" if what.startswith("create") else f"/{number}/moves/open", body=FORM)


def _create(sides: Sides, world: World, stock: Stock, place: int) -> bytes:
    """A form that has been sent before and shown what is like it: the second time it is written down."""
    pin = stock.pins[place % len(stock.pins)]
    ours = range(stock.last + 1, stock.last + 1 + place)
    fields: dict[str, object] = {
        "title": f"每月抽查记录不完整 {place}",
        "grade": "minor",
        "source": "monitoring",
        "owner": stock.owner,
        "statement": "抽查 60 份监控记录, 12 份没有评分人签名。Twelve of 60 records bear no signature.",
        "evidence": "Records of the week, room 3.",
        "effort": "2",
        "pins": pin,
        "looked": [*stock.holders.get(pin.split("|")[1], ()), *ours],
    }
    return sides.visitor.post(f"/nonconformities/new?site={world.site_code}", fields)


def _move(sides: Sides, number: int, event: str, version: int = 1) -> bytes:
    return sides.visitor.post(f"/nonconformities/{number}/moves/{event}", {"version": version})


def _rows(database: Path, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
    connection = sqlite3.connect(database)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def _stock(database: Path, world: World) -> Stock:
    ((last,),) = _rows(database, "SELECT max(number) FROM nonconformities")
    ((owner,),) = _rows(database, "SELECT id FROM people WHERE email = ?", f"lin@{DOMAIN}")
    facts = _rows(
        database,
        "SELECT s.standard, f.key FROM facts f JOIN fact_sets s ON s.id = f.fact_set_id "
        "WHERE s.site_id = ? AND s.kind = 'current' AND f.kind = 'line' ORDER BY f.key LIMIT 40",
        world.site_id,
    )
    holders: dict[str, list[int]] = {}
    for key, number in _rows(
        database,
        "SELECT p.key, n.number FROM pins p JOIN nonconformities n ON n.id = p.nonconformity_id WHERE p.site_id = ?",
        world.site_id,
    ):
        holders.setdefault(key, []).append(number)
    return Stock(last, tuple(f"{standard}|{key}|" for standard, key in facts), str(owner), holders)


def _drafts(database: Path, world: World, stock: Stock) -> list[int]:
    """What the creates have left."""
    return [number for (number,) in _rows(database, _OPENED, world.site_id, stock.last)]


def _opened(database: Path, world: World, stock: Stock) -> list[int]:
    statement = _OPENED.replace("'draft'", "'open'")
    return [number for (number,) in _rows(database, statement, world.site_id, stock.last)]


def _waiting(database: Path, world: World) -> list[int]:
    """Drafts of many sites, as four people of one organisation would raise them."""
    statement = _MINE.replace("AND n.site_id = ?", "AND n.site_id <> ?")
    return [number for (number,) in _rows(database, statement, "draft", f"lin@{DOMAIN}", world.site_id)]
