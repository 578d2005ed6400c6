"""Writes of sites and their units. What changes the scope of a score stores a run of its own."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa

from scoring.policy import DEFAULT, SWITCHES, BadValue
from tracker import clock, history
from tracker.database import add, db, new_id
from tracker.errors import InvalidInput
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.organisations.models import CODE, CspType, Site, Unit, UnitKind
from tracker.organisations.queries import current_sets, has_current_facts
from tracker.organisations.viewmodels import Preview
from tracker.permissions import Actor
from tracker.reviews.laying import unit_came
from tracker.reviews.models import Fact, FactKind
from tracker.scores.computing import compute, tier_of
from tracker.scores.models import Cause
from tracker.scores.services import Why, rescore_site


def record_of(site: Site) -> Record:
    """The site as the audit trail points to one."""
    return Record(site.organisation_id, "site", site.id, 0)


def _require_code(code: str) -> None:
    """Codes stand in addresses and in the keys of facts, so a slash or a space would break them."""
    if not CODE.fullmatch(code):
        raise InvalidInput({"code": [_("Only letters, digits, full stops, hyphens and underscores.")]})


# ---------------------------------------------------------------- sites


def create_site(
    actor: Actor | None,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    csp_type: CspType = CspType.THIRD_PARTY,
    target_level: int = 3,
    policy: dict[str, Any] | None = None,
    organisation_id: int | None = None,
) -> Site:
    """Add a site; without an actor the product itself does it, in `organisation_id`.

    Raises InvalidInput (`code`).
    """
    organisation = actor.organisation_id if actor is not None else organisation_id
    if organisation is None:
        raise ValueError("an actor or an organisation is needed")
    _require_code(code)
    if code.lower() == "new":  # the address of the form that adds a site
        raise InvalidInput({"code": [_("This word cannot be a code.")]})
    taken = db.session.execute(
        sa.select(Site.id).where(
            Site.organisation_id == organisation, sa.func.lower(Site.code) == code.lower()
        )
    ).first()
    if taken is not None:
        raise InvalidInput({"code": [_("Another site has this code.")]})
    site = add(
        Site(
            organisation_id=organisation,
            id=new_id(),
            code=code,
            name_zh=name_zh or name_en,
            name_en=name_en or name_zh,
            csp_type=csp_type,
            target_level=target_level,
            policy=differing(policy or {}),
            active=True,
        )
    )
    history.record(
        record_of(site), "site_added", actor.person_id if actor else None, changes={"code": [None, code]}
    )
    return site


def edit_site(actor: Actor, site: Site, fields: dict[str, Any], version: int | None) -> None:
    """Change names, kind, target level or whether it is in use. The code stays: sheets and addresses name it.

    Raises Conflict. The kind and the target level are part of the score sheet, so a run is stored with them.
    """
    check_version(site, version)
    fields = dict(fields)
    fields["name_zh"] = fields["name_zh"] or fields["name_en"]
    fields["name_en"] = fields["name_en"] or fields["name_zh"]
    changes = {
        name: [getattr(site, name), value] for name, value in fields.items() if getattr(site, name) != value
    }
    if not changes:
        return
    for name, value in fields.items():
        setattr(site, name, value)
    history.record(record_of(site), "site_edited", actor.person_id, changes=changes)
    db.session.flush()
    if changes.keys() & {"csp_type", "target_level"}:
        _rescore(site, actor)


# ---------------------------------------------------------------- policy switches


def differing(policy: dict[str, Any]) -> dict[str, Any]:
    """Of a policy only what differs from the defaults, each value in its one written form.

    Raises InvalidInput with a message for each switch that cannot have its value.
    """
    wrong: dict[str, list[str]] = {}
    kept: dict[str, Any] = {}
    defaults = DEFAULT.to_json()
    for key, value in policy.items():
        try:
            written = DEFAULT.with_keys({key: value}).to_json()[key]
        except (BadValue, KeyError):
            wrong[key] = [_("This switch cannot have this value.")]
            continue
        if written != defaults[key]:
            kept[key] = written
    if wrong:
        raise InvalidInput(wrong)
    return kept


def set_policy(actor: Actor, site: Site, policy: dict[str, Any], version: int | None, reason: str) -> None:
    """Change the switches of a site, with a reason, and store a run. Raises Conflict, InvalidInput."""
    check_version(site, version)
    kept = differing(policy)
    if kept == site.policy:
        return
    if not reason:
        raise InvalidInput({"reason": [_("Say why: the score will be read another way from now on.")]})
    defaults = DEFAULT.to_json()
    changes = {
        key: [str(site.policy.get(key, defaults[key])), str(kept.get(key, defaults[key]))]
        for key in SWITCHES
        if site.policy.get(key) != kept.get(key)
    }
    site.policy = kept
    history.record(record_of(site), "policy_changed", actor.person_id, reason=reason, changes=changes)
    db.session.flush()
    _rescore(site, actor)


# ---------------------------------------------------------------- programmes and key positions


def add_unit(
    actor: Actor | None,
    site: Site,
    *,
    kind: UnitKind,
    code: str,
    name_zh: str,
    name_en: str,
    client: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
    position: int | None = None,
) -> Unit:
    """Add a programme or a key position. Raises InvalidInput (`code`, `ends_on`).

    Where the site is scored already, the new unit counts from its first day on as not yet deployed, and a run
    is stored: more to do is never hidden by not having looked yet.
    """
    _require_code(code)
    _require_order(starts_on, ends_on)
    _require_free_code(site, code)
    unit = add(
        Unit(
            organisation_id=site.organisation_id,
            id=new_id(),
            site_id=site.id,
            kind=kind,
            code=code,
            name_zh=name_zh or name_en,
            name_en=name_en or name_zh,
            client=client,
            starts_on=starts_on,
            ends_on=ends_on,
            position=_next_position(site, kind) if position is None else position,
        )
    )
    changes = {"code": [None, code], "starts_on": [None, starts_on and starts_on.isoformat()]}
    history.record(
        record_of(site), f"{kind.value}_added", actor.person_id if actor else None, changes=changes
    )
    if actor is not None:
        _carry_into_facts(site, unit)
        unit_came(site, unit, actor.person_id)
        _rescore(site, actor)
    return unit


def _require_order(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise InvalidInput({"ends_on": [_("The last day is before the first.")]})


def _require_free_code(site: Site, code: str) -> None:
    """One code means one unit of a site, whatever its kind: the keys of facts do not name the kind."""
    taken = db.session.execute(
        sa.select(Unit.id).where(
            Unit.organisation_id == site.organisation_id,
            Unit.site_id == site.id,
            sa.func.lower(Unit.code) == code.lower(),
        )
    ).first()
    if taken is not None:
        raise InvalidInput({"code": [_("Another programme or key position of this site has this code.")]})


def _next_position(site: Site, kind: UnitKind) -> int:
    last = db.session.execute(
        sa.select(sa.func.max(Unit.position)).where(
            Unit.organisation_id == site.organisation_id, Unit.site_id == site.id, Unit.kind == kind
        )
    ).scalar_one()
    return 0 if last is None else last + 1


def edit_unit(actor: Actor, site: Site, unit: Unit, fields: dict[str, Any], version: int | None) -> None:
    """Change names, client or dates. The code stays: facts and non-conformities name it.

    Raises Conflict, InvalidInput (`ends_on`). A change of dates is a change of scope, with a run of its own.
    """
    check_version(unit, version)
    fields = dict(fields)
    fields["name_zh"] = fields["name_zh"] or fields["name_en"]
    fields["name_en"] = fields["name_en"] or fields["name_zh"]
    _require_order(fields["starts_on"], fields["ends_on"])
    changes = {
        name: [getattr(unit, name), value] for name, value in fields.items() if getattr(unit, name) != value
    }
    if not changes:
        return
    for name, value in fields.items():
        setattr(unit, name, value)
    history.record(
        record_of(site),
        f"{unit.kind.value}_edited",
        actor.person_id,
        changes={"code": [unit.code, unit.code]}
        | {name: [str(old or ""), str(new or "")] for name, (old, new) in changes.items()},
    )
    db.session.flush()
    if changes.keys() & {"starts_on", "ends_on"}:
        _rescore(site, actor)


def retire_unit(
    actor: Actor, site: Site, unit: Unit, last_day: date, reason: str, version: int | None
) -> None:
    """End a programme or key position: `last_day` is the last on which it counts.

    Raises Conflict, InvalidInput.
    """
    check_version(unit, version)
    if unit.starts_on is not None and last_day < unit.starts_on:
        raise InvalidInput({"ends_on": [_("The last day is before the first.")]})
    if not reason:
        raise InvalidInput({"reason": [_("Say why it ends.")]})
    before, unit.ends_on = unit.ends_on, last_day
    history.record(
        record_of(site),
        f"{unit.kind.value}_retired",
        actor.person_id,
        reason=reason,
        changes={
            "code": [unit.code, unit.code],
            "ends_on": [before and before.isoformat(), last_day.isoformat()],
        },
    )
    db.session.flush()
    _rescore(site, actor)


# ---------------------------------------------------------------- what a change of scope does to the score


def _rescore(site: Site, actor: Actor) -> None:
    if not has_current_facts(site):
        return
    rescore_site(site.organisation_id, site.id, Why(Cause.SCOPE), actor)


def _carry_into_facts(site: Site, unit: Unit) -> None:
    """Give the new unit its facts in the site's current sets: not deployed, until somebody has looked.

    Only with facts of its own can non-conformities pin it and closures release it.
    """
    units = db.session.execute(
        sa.select(Unit.code, Unit.kind).where(
            Unit.organisation_id == site.organisation_id, Unit.site_id == site.id
        )
    ).all()
    kinds = {code: kind for code, kind in units}  # noqa: C416 - rows are not pairs to the type checker
    for fact_set in current_sets(site):
        elements: dict[str, int] = defaultdict(int)
        rows = db.session.execute(
            sa.select(Fact.element, Fact.subject, Fact.position).where(
                Fact.organisation_id == site.organisation_id,
                Fact.fact_set_id == fact_set.id,
                Fact.kind == FactKind.UNIT,
            )
        )
        for element, subject, position in rows:
            if kinds.get(subject) == unit.kind:
                elements[element] = max(elements[element], position)
        for element, position in elements.items():
            db.session.add(
                Fact(
                    organisation_id=site.organisation_id,
                    fact_set_id=fact_set.id,
                    key=f"{element}/{FactKind.UNIT.value}/{unit.code}",
                    element=element,
                    kind=FactKind.UNIT,
                    subject=unit.code,
                    value="none",
                    note=_("Added to the scope after the review; not looked at yet."),
                    position=position,
                )
            )
    db.session.flush()


def preview(site: Site, change: Callable[[], object], effective_on: date) -> Preview:
    """What `change` would do to the totals on the day it takes effect; everything is undone again.

    Computed by the same code as the run itself, inside a savepoint.
    """

    as_of = max(effective_on, clock.today())
    sets = current_sets(site)
    before = {row.standard: compute(row, tier_of(row), as_of).result.total for row in sets}
    queued = len(db.session.info.get("audit", []))
    savepoint = db.session.begin_nested()
    try:
        change()
        after = {row.standard: compute(row, tier_of(row), as_of).result.total for row in sets}
    finally:
        savepoint.rollback()
        del db.session.info.setdefault("audit", [])[queued:]
    return Preview(effective_on, tuple((key, before[key], after[key]) for key in before))
