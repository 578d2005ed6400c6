"""Changes of a site's current facts after the report: an assessor's word, and checks of metrics.

Lines, units and rows change only by a signed closure or by the next review. What an assessor says of item 4.7,
and what a check of a metric's data shows, may change at any time and stores a run at once.
"""

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.metrics.models import Metric
from tracker.moves import check_version
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.facts import CUI, Key
from tracker.reviews.models import Fact, FactKind, FactSet
from tracker.scores import sheets
from tracker.scores.models import Cause
from tracker.scores.services import Why, rescore_site

WORD = Key("4.7", FactKind.WORD, "compliant")
STATED = ("meets_target", "improving")


def record_word(
    actor: Actor, site: Site, compliant: bool, reason: str, *, version: int | None = None
) -> Fact:
    """Record whether item 4.7 is compliant now, with the reason, and store a run (C-N4; an assessor's word).

    Raises NotFound where the site has no reported review, InvalidInput, Conflict.
    """
    if not reason.strip():
        raise InvalidInput({"reason": [_("Write down the reason.")]})
    fact = _fact(_current(site), WORD)
    check_version(fact, version)
    before = fact.value
    _write(fact, actor, "yes" if compliant else "no", reason.strip(), "")
    history.record(
        _record(site),
        "word_given",
        actor.person_id,
        reason=reason.strip(),
        changes={fact.key: [before, fact.value]},
    )
    rescore_site(site.organisation_id, site.id, Why(Cause.OVERRULE, review_id=None), actor)
    return fact


def state_metrics(
    actor: Actor,
    site: Site,
    statements: dict[tuple[str, str, str], bool | None],
    *,
    note: str,
    evidence: str = "",
) -> None:
    """State facts of metrics from now on: (item, metric code, aspect) → yes, no, or None to let the data speak.

    U and I come from a recorded check by somebody else than the metric's owner; a stated level or trend is an
    assessor's. All of them make one run. Raises NotFound, InvalidInput.
    """
    if not note.strip():
        raise InvalidInput({"note": [_("Write down what was checked.")]})
    fact_set = _current(site)
    changes: dict[str, list[str]] = {}
    for (item, code, aspect), value in statements.items():
        if aspect not in (*CUI, *STATED):
            raise InvalidInput({"value": [_("This cannot be stated of a metric.")]})
        metric = _metric(site, item, code)
        if metric.owner_id == actor.person_id and not actor.single_person:
            raise InvalidInput(
                {"value": [_("Somebody other than the owner of the metric has to say this (N-SOD 3).")]}
            )
        fact = _fact(fact_set, Key(item, FactKind.METRIC, code, aspect))
        written = "" if value is None else "yes" if value else "no"
        if fact.value != written:
            changes[fact.key] = [fact.value, written]
        _write(fact, actor, written, note.strip(), evidence.strip())
    history.record(_record(site), "stated", actor.person_id, reason=note.strip(), changes=changes)
    rescore_site(site.organisation_id, site.id, Why(Cause.DATA), actor)


def _record(site: Site) -> Record:
    return Record(site.organisation_id, "site", site.id, 0)


def _current(site: Site) -> FactSet:
    found = sheets.current_set(site.organisation_id, site.id, sheets.COPC)
    if found is None:
        raise NotFound
    return found


def _metric(site: Site, item: str, code: str) -> Metric:
    found = db.session.execute(
        sa.select(Metric).where(
            Metric.organisation_id == site.organisation_id,
            Metric.site_id == site.id,
            Metric.item == item,
            Metric.code == code,
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def _fact(fact_set: FactSet, key: Key) -> Fact:
    found = db.session.execute(
        sa.select(Fact).where(
            Fact.organisation_id == fact_set.organisation_id,
            Fact.fact_set_id == fact_set.id,
            Fact.key == str(key),
        )
    ).scalar_one_or_none()
    if found is not None:
        return found
    return add(
        Fact(
            organisation_id=fact_set.organisation_id,
            fact_set_id=fact_set.id,
            key=str(key),
            element=key.element,
            kind=key.kind,
            subject=key.subject,
            aspect=key.aspect,
        )
    )


def _write(fact: Fact, actor: Actor, value: str, note: str, evidence: str) -> None:
    fact.value, fact.note, fact.evidence = value, note, evidence
    fact.judged_by_id, fact.judged_at = actor.person_id, clock.now()
    db.session.flush()
