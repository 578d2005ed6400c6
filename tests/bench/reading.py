"""Figure 1: the register and the record beside the same by hand."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from tests.bench.data import World
from tests.bench.load import Round, request, run
from tests.bench.report import Line, describe, ratio_of_medians
from tests.bench.serving import Side, serving
from tests.bench.visitor import Visitor, sign_in

ROUNDS = 9
REQUESTS = 60


@dataclass(frozen=True)
class Sides:
    """Both servers, up at the same time on the same file."""

    ours: Side
    bare: Side
    visitor: Visitor

    def rounds(
        self, ours: list[bytes], bare: list[bytes], count: int = ROUNDS, **options: int
    ) -> list[Round]:
        """Alternating rounds of the same length; each side leads in every other pair."""
        plan = []
        for place in range(count):
            pair = [
                Round("ours", self.ours.port, tuple(self.ours.workers()), tuple(ours), **options),
                Round("bare", self.bare.port, tuple(self.bare.workers()), tuple(bare), **options),
            ]
            plan += pair if place % 2 else pair[::-1]
        return plan


@contextmanager
def both(folder: Path, database: Path, world: World) -> Iterator[Sides]:
    """Serve both sides while the block runs, with somebody signed in at ours."""
    with serving("ours", folder, database, world) as ours, serving("bare", folder, database, world) as bare:
        yield Sides(ours, bare, sign_in(ours.port, "lin"))


def measure(sides: Sides, world: World) -> list[Line]:
    """The second page of one site's register by due day, 50 rows on either side; and one record."""
    address = f"/nonconformities/?site={world.site_code}&sort=due"
    following = _next(sides.visitor.read(address))
    due, number = re.search(r"after=([^&~]*)(?:~|%7E)(\d+)", following).groups()  # type: ignore[union-attr]
    bare = request("GET", f"/?due={due}&number={number}")
    lines = [
        _line(
            sides, "register, fragment / bare list", sides.visitor.get(following, fragment=True), bare, 2.0
        ),
        _line(sides, "register, whole page / bare list", sides.visitor.get(following), bare, 3.0),
        _line(
            sides,
            "register, fragment compressed for a browser / bare list",
            sides.visitor.get(following, fragment=True, packed=True),
            bare,
            None,
        ),
    ]
    record = int(number)
    ours = sides.visitor.get(f"/nonconformities/{record}")
    lines.append(_line(sides, "record, whole page / bare record", ours, request("GET", f"/{record}"), None))
    return lines


def _next(page: str) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', page)
    if found is None:
        raise RuntimeError("the register has no second page")
    return unescape(found.group(1))


def _line(sides: Sides, what: str, ours: bytes, bare: bytes, goal: float | None) -> Line:
    warm = sides.rounds([ours] * 20, [bare] * 20, 1)
    taken = run(warm + sides.rounds([ours] * REQUESTS, [bare] * REQUESTS))[2:]
    return Line(1, what, ratio_of_medians(taken, "ours", "bare"), goal, note=describe(taken, "ours", "bare"))
