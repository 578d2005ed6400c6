"""Figures 10 and 11: the what-if page of the demo's open site, in time, and beside the score page it stands on."""

import re
import statistics
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

from tests.bench.data import World
from tests.bench.load import Round, Taken, run
from tests.bench.report import Line, describe, ratio_of_medians
from tests.bench.serving import serving
from tests.bench.visitor import sign_in

SITE = "chengdu"
ROUNDS = 7
REQUESTS = 25
GOAL_MS = 60.0


def measure(folder: Path, figures: set[int]) -> list[Line]:
    """The page with half of its open records ticked, as a tick asks for it, and whole."""
    database = folder / "demo-site.db"
    world = _demo(folder, database)
    with serving("ours", folder, database, world) as side:
        visitor = sign_in(side.port, "lin")
        page = visitor.read(f"/scores/what-if?site={SITE}")
        names = re.findall(r'name="close" value="([^"]+)"', page)
        if len(names) < 8:
            raise RuntimeError("the demo's open site has hardly anything to tick")
        ticked = f"/scores/what-if?{urlencode({'site': SITE, 'close': names[::2]}, doseq=True)}"
        asked = {
            "tick": visitor.get(ticked, fragment=True),
            "ours": visitor.get(ticked),
            "bare": visitor.get(f"/scores/?site={SITE}"),
        }
        pids = tuple(side.workers())

        def rounds(order: list[str], requests: int) -> list[Round]:
            return [Round(name, side.port, pids, (asked[name],) * requests) for name in order]

        plan = rounds(list(asked), 10)
        for place in range(ROUNDS):
            plan += rounds(list(asked) if place % 2 else list(asked)[::-1], REQUESTS)
        taken = run(plan)[len(asked) :]
    lines = []
    if 10 in figures:
        note = f"{len(names[::2])} of {len(names)} ticked, both standards"
        lines += [
            _time("what-if, the answer to a tick", taken, "tick", note),
            _time("what-if, the whole page", taken, "ours", note),
        ]
    if 11 in figures:
        ratio = ratio_of_medians(taken, "ours", "bare")
        note = describe(taken, "ours", "bare").replace("ours", "what-if").replace("bare", "score")
        lines.append(Line(11, "what-if page / score page", ratio, 2.0, note=note))
    return lines


def _time(what: str, taken: list[Taken], name: str, note: str) -> Line:
    mine = [each for each in taken if each.name == name]
    cpu = sum(each.cpu for each in mine) / sum(len(each.seconds) for each in mine)
    latency = statistics.median(second for each in mine for second in each.seconds)
    return Line(10, what, latency * 1e3, GOAL_MS, "ms", f"{cpu * 1e3:.1f} ms CPU; {note}")


def _demo(folder: Path, database: Path) -> World:
    """The demo in a file of its own, as `make run` makes it; kept with the other data."""
    from tracker import create_app
    from tracker.commands import upgrade_database
    from tracker.database import db
    from tracker.demo import build_demo
    from tracker.organisations.models import Site

    new = not database.exists()
    app = create_app({"instance": folder, "database_url": f"sqlite:///{database}"})
    with app.app_context():
        if new:
            upgrade_database()
            build_demo()
        site = db.session.scalars(sa.select(Site).where(Site.code == SITE)).one()
        world = World(site.organisation_id, SITE, site.id, rows=0, sites=2)
        db.session.remove()
        db.engine.dispose()
    return world
