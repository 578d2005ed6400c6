"""A stored run read back: its facts, and its result computed again from them."""

from dataclasses import dataclass, replace
from typing import Self

import sqlalchemy as sa

from scoring import rescore
from scoring.catalogue import Standard
from scoring.rescore import Result
from scoring.sheet import Sheet, loads, parse, to_json
from scoring.text import Names, Text
from tracker.database import db
from tracker.metrics.models import Metric
from tracker.organisations.models import Unit
from tracker.scores.models import ScoringRun


@dataclass(frozen=True)
class Stored:
    """A run with its facts and its result, computed again from the facts."""

    run: ScoringRun
    sheet: Sheet
    result: Result

    def in_tier(self, tier: str) -> Self:
        """The same facts scored in another tier."""
        sheet = parse(to_json(self.sheet) | {"tier": tier}, self.sheet.catalogue)
        return replace(self, sheet=sheet, result=rescore.score(sheet))


def read(run: ScoringRun, standard: Standard) -> tuple[Sheet, Result]:
    """The facts of a run and what the release it was made under makes of them."""
    sheet = loads(run.sheet, standard)
    return sheet, rescore.score(sheet)


def names_of(organisation_id: int, site_id: int) -> Names:
    """What a site calls its metrics, programmes and key positions, by the codes that its sheets use."""
    parts = [
        sa.select(table.code, table.name_zh, table.name_en).where(
            table.organisation_id == organisation_id, table.site_id == site_id
        )
        for table in (Metric, Unit)
    ]
    rows = db.session.execute(sa.union_all(*parts))
    return {row.code: Text(zh=row.name_zh, en=row.name_en) for row in rows}
