"""What closing a non-conformity would move now: the same computation as the closure itself."""

from collections.abc import Sequence

import sqlalchemy as sa

from scoring import rescore
from scoring.rescore import Result
from scoring.see_cmm import SeeResult
from tracker import clock
from tracker.database import db
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.numbering import label
from tracker.scores import sheets
from tracker.scores.computing import Computed, compute, tier_of
from tracker.scores.viewmodels import (
    Moved,
    Promise,
)


def promise(organisation_id: int, nonconformity_id: int) -> Promise:
    """What closing this non-conformity alone would move now, under each standard it pins facts of.

    The same computation as the closure itself, so that the page promises exactly what the signature moves.
    """
    return promises(organisation_id, [nonconformity_id])[nonconformity_id]


def promises(organisation_id: int, nonconformity_ids: Sequence[int]) -> dict[int, Promise]:
    """What closing each of some non-conformities alone would move; a site is computed once for all of them."""
    rows = db.session.execute(
        sa.select(Pin.nonconformity_id, Pin.site_id, Pin.standard, Nonconformity.number)
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == Pin.organisation_id)
            & (Nonconformity.id == Pin.nonconformity_id),
        )
        .where(Pin.organisation_id == organisation_id, Pin.nonconformity_id.in_(nonconformity_ids))
        .distinct()
    ).all()
    found: dict[int, list[Moved]] = {each: [] for each in nonconformity_ids}
    known: dict[tuple[int, str], Computed | None] = {}
    for nonconformity_id, site_id, standard, number in sorted(rows, key=lambda row: str(row.standard)):
        if (site_id, standard) not in known:
            fact_set = sheets.current_set(organisation_id, site_id, standard)
            known[site_id, standard] = (
                None if fact_set is None else compute(fact_set, tier_of(fact_set), clock.today())
            )
        computed = known[site_id, standard]
        name = label("nonconformity", number)
        if computed is None or all(gap.id != name for gap in computed.sheet.gaps):
            continue
        after = rescore.score(rescore.close(computed.sheet, frozenset({name})), since=computed.result)
        found[nonconformity_id].append(_moved(standard, computed.result, after))
    return {each: Promise(tuple(moved)) for each, moved in found.items()}


def _moved(standard: str, before: Result, after: Result) -> Moved:
    return Moved(
        standard=standard,
        before=before.total,
        after=after.total,
        moved=tuple(rescore.moved(before, after).items()),
        level_before=before.overall_level if isinstance(before, SeeResult) else None,
        level_after=after.overall_level if isinstance(after, SeeResult) else None,
    )
