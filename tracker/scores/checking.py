"""Compute every stored run again from what is stored with it, and say where the two disagree. Reads only."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from scoring import rescore
from scoring.catalogue import CatalogueError
from scoring.numbers import exact
from scoring.sheet import SheetFaults, loads, to_json
from tracker.database import db
from tracker.history import canonical
from tracker.numbering import label
from tracker.organisations.models import Organisation, Site
from tracker.scores import releases
from tracker.scores.computing import result_level, result_verdict, run_hash
from tracker.scores.models import CatalogueRelease, ScoringRun

BATCH = 200
MISSING = "(nothing)"


@dataclass(frozen=True)
class Difference:
    """A place of a run where what is stored is not what its facts give: `items.4.4.points`."""

    where: str
    stored: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.where}: stored {self.stored}, recomputed {self.recomputed}"


@dataclass(frozen=True)
class Checked:
    """A stored run with its differences, none where it agrees."""

    organisation: str
    site: str
    run: str
    differences: tuple[Difference, ...]


def check_runs(site_code: str | None = None) -> Iterator[Checked]:
    """Every stored run of every organisation, oldest first, in batches, so that memory does not grow with them."""
    last: tuple[int, int] = (0, 0)
    known: dict[int, str] = {}
    while rows := _rows_after(last, site_code):
        for row in rows:
            yield Checked(row.slug, row.code, label("run", row.number), tuple(_differences(row, known)))
        if rows[-1].organisation_id != last[0]:
            known.clear()
        last = (rows[-1].organisation_id, rows[-1].number)
        db.session.rollback()  # nothing was written; a long check must not hold a snapshot open


def _rows_after(last: tuple[int, int], site_code: str | None) -> list[Any]:
    statement = (
        sa.select(
            *ScoringRun.__table__.columns,
            Organisation.slug,
            Site.code,
            CatalogueRelease.key,
            CatalogueRelease.content_hash.label("release_hash"),
        )
        .select_from(ScoringRun)
        .join(Organisation, Organisation.id == ScoringRun.organisation_id)
        .join(Site, (Site.organisation_id == ScoringRun.organisation_id) & (Site.id == ScoringRun.site_id))
        .join(
            CatalogueRelease,
            (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
            & (CatalogueRelease.id == ScoringRun.release_id),
        )
        .where(sa.tuple_(ScoringRun.organisation_id, ScoringRun.number) > sa.tuple_(*map(sa.literal, last)))
        .order_by(ScoringRun.organisation_id, ScoringRun.number)
        .limit(BATCH)
    )
    if site_code is not None:
        statement = statement.where(Site.code == site_code)
    return list(db.session.execute(statement))


def _differences(row: Any, known: dict[int, str]) -> Iterator[Difference]:
    """What is wrong with a run, from its release to its hash."""
    fresh_hash = run_hash(row.release_hash, row.sheet, row.result)
    if fresh_hash != row.content_hash:
        yield Difference("content hash", row.content_hash, fresh_hash)
    if row.release_id not in known:
        known[row.release_id] = _content(row.organisation_id, row.release_id)
    content = known[row.release_id]
    release_hash = hashlib.sha256(content.encode()).hexdigest()
    if release_hash != row.release_hash:
        yield Difference(f"release {row.key}", row.release_hash, release_hash)
    try:
        sheet = loads(row.sheet, releases.read(content))
    except (SheetFaults, CatalogueError) as refused:
        for fault in refused.faults:
            yield Difference(f"sheet.{fault.path}", "facts", f"not readable: {fault.message}")
        return
    yield from _apart("sheet", json.loads(row.sheet), to_json(sheet))
    result = rescore.score(sheet)
    text = canonical(result.to_json())
    found = list(_apart("", _read(row.result), json.loads(text)))
    if not found and text != row.result:
        found = [Difference("result", "the same values in other bytes", "canonical bytes")]
    yield from found
    yield from _columns(row, sheet, result)


def _content(organisation_id: int, release_id: int) -> str:
    return str(
        db.session.execute(
            sa.select(CatalogueRelease.content).where(
                CatalogueRelease.organisation_id == organisation_id, CatalogueRelease.id == release_id
            )
        ).scalar_one()
    )


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return "not JSON"


def _columns(row: Any, sheet: Any, result: rescore.Result) -> Iterator[Difference]:
    """What stands beside the stored result for registers and charts to read."""
    known = {
        "run total": (_exact(row.total), exact(result.total)),
        "run maximum": (_exact(row.maximum), exact(result.max)),
        "run verdict": (row.verdict, result_verdict(result)),
        "run level": (row.level, result_level(result)),
        "run date": (row.as_of.isoformat(), sheet.as_of.isoformat()),
        "run tier": (row.tier, getattr(sheet, "tier", row.tier)),
        "run release": (row.key, sheet.standard),
        "run site": (row.code, sheet.site),
    }
    for where, (stored, recomputed) in known.items():
        if stored != recomputed:
            yield Difference(where, _shown(stored), _shown(recomputed))


def _exact(value: Fraction | None) -> str | None:
    return None if value is None else exact(value)


def _apart(path: str, stored: Any, recomputed: Any) -> Iterator[Difference]:
    """The deepest places at which two plain values differ, each with its path."""
    if isinstance(stored, dict) and isinstance(recomputed, dict):
        for key in dict.fromkeys([*stored, *recomputed]):
            below = f"{path}.{key}" if path else str(key)
            yield from _apart(below, stored.get(key, MISSING), recomputed.get(key, MISSING))
    elif stored != recomputed:
        yield Difference(path or "result", _shown(stored), _shown(recomputed))


def _shown(value: Any) -> str:
    if value is None:
        return "blank"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
