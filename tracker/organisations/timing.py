"""Writes of how a site counts its days: its calendar, its terms, and whom it tells when.

No deadline that runs is moved by any of it: each was set when its step began, is on the record and may have been
promised to a client. What begins afterwards is counted by the new rules; whoever needs another day for what runs
already extends it, with a reason.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import history
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.moves import check_version
from tracker.organisations.models import Site, SiteCalendarDay, SiteSchedule, SiteTerm
from tracker.organisations.rules import SiteRules, forget_rules, make_rules, rules_for
from tracker.permissions import Actor
from workflows.calendars import LONGEST_TERM, Day, Holidays, write_days
from workflows.kinds import Grade
from workflows.schedule import DEFAULT_TERMS, Step, Term

OwnTerms = Mapping[tuple[Grade, Step], Term | None]


def own_only(terms: OwnTerms) -> dict[tuple[Grade, Step], Term | None]:
    """Of a whole table of terms those that differ from E.4."""
    return {key: term for key, term in terms.items() if term != DEFAULT_TERMS.get(key)}


def set_calendar(
    actor: Actor,
    site: Site,
    *,
    holidays: Holidays,
    weekend: frozenset[int],
    days: tuple[Day, ...],
    reason: str,
    version: int,
) -> SiteRules:
    """Replace the site's calendar. Raises Conflict, InvalidInput (`weekend`, `reason`)."""
    if len(weekend) > 6:
        raise InvalidInput({"weekend": [_("A week needs at least one working day.")]})
    before, row = _open(site, version, reason)
    after = make_rules(holidays, weekend, days, before.own_terms)
    changes = _differences(_calendar_words(before), _calendar_words(after))
    if changes:
        row.holidays, row.weekend = holidays, sorted(weekend)
        _replace_days(site, before.own_days, days)
        _keep(actor, site, row, "calendar_changed", reason, changes)
    return rules_for(site.organisation_id, site.id)


def set_terms(
    actor: Actor,
    site: Site,
    *,
    terms: OwnTerms,
    remind_days: int,
    manager_after: int,
    quality_after: int,
    reason: str,
    version: int,
) -> SiteRules:
    """Replace the site's terms. Raises Conflict, InvalidInput (`reason`, `quality_after`, `terms`)."""
    if quality_after < manager_after:
        raise InvalidInput({"quality_after": [_("Not before the manager is told.")]})
    if any(term is not None and not 1 <= term.days <= LONGEST_TERM for term in terms.values()):
        raise InvalidInput({"terms": [_("A term is between 1 and %(most)s days long.", most=LONGEST_TERM)]})
    before, row = _open(site, version, reason)
    own = own_only(terms)
    counts = {"remind_days": remind_days, "manager_after": manager_after, "quality_after": quality_after}
    after = make_rules(before.holidays, before.weekend, before.own_days, own, **counts)
    changes = _differences(_term_words(before), _term_words(after))
    if changes:
        row.remind_days, row.manager_after, row.quality_after = remind_days, manager_after, quality_after
        _replace_terms(site, own)
        _keep(actor, site, row, "terms_changed", reason, changes)
    return rules_for(site.organisation_id, site.id)


def _open(site: Site, version: int, reason: str) -> tuple[SiteRules, SiteSchedule]:
    """The rules in force and their row, which is made with the first change; the version is that of the form."""
    if not reason.strip():
        raise InvalidInput({"reason": [_("Say why the deadlines are counted in another way from now on.")]})
    row = db.session.execute(
        sa.select(SiteSchedule).where(
            SiteSchedule.organisation_id == site.organisation_id, SiteSchedule.site_id == site.id
        )
    ).scalar_one_or_none()
    if row is not None:
        check_version(row, version)
    elif version != 0:
        raise Conflict(_("This page is not complete. Reload it and try again."))
    forget_rules(db.session())
    rules = rules_for(site.organisation_id, site.id)
    return rules, row or _first(site, rules)


def _first(site: Site, rules: SiteRules) -> SiteSchedule:
    return SiteSchedule(
        organisation_id=site.organisation_id,
        site_id=site.id,
        holidays=rules.holidays,
        weekend=sorted(rules.weekend),
        remind_days=rules.remind_days,
        manager_after=rules.manager_after,
        quality_after=rules.quality_after,
    )


def _keep(
    actor: Actor, site: Site, row: SiteSchedule, event: str, reason: str, changes: dict[str, Any]
) -> None:
    if row.version is None:
        add(row)
    else:
        # Days and terms are rows of their own: a change of them alone must renew the version, too.
        sa.orm.attributes.flag_modified(row, "weekend")
        db.session.flush()
    record = Record(site.organisation_id, "site", site.id, 0)
    history.record(record, event, actor.person_id, reason=reason.strip(), changes=changes)
    db.session.flush()
    forget_rules(db.session())


def _replace_days(site: Site, before: tuple[Day, ...], after: tuple[Day, ...]) -> None:
    gone = {each.day for each in set(before) - set(after)}
    _delete(SiteCalendarDay, site, SiteCalendarDay.day.in_(gone))
    for each in sorted(set(after) - set(before)):
        db.session.add(
            SiteCalendarDay(
                organisation_id=site.organisation_id,
                site_id=site.id,
                day=each.day,
                working=each.working,
                name=each.name,
            )
        )
    db.session.flush()


def _replace_terms(site: Site, own: OwnTerms) -> None:
    _delete(SiteTerm, site, sa.true())
    for (grade, step), term in own.items():
        db.session.add(
            SiteTerm(
                organisation_id=site.organisation_id,
                site_id=site.id,
                grade=grade,
                step=step,
                days=None if term is None else term.days,
                working=term is not None and term.working,
            )
        )
    db.session.flush()


def _delete(model: Any, site: Site, condition: Any) -> None:
    db.session.execute(
        sa.delete(model)
        .where(model.organisation_id == site.organisation_id, model.site_id == site.id, condition)
        .execution_options(synchronize_session=False)
    )


# ---------------------------------------------------------------- what the history says


def _calendar_words(rules: SiteRules) -> dict[str, Any]:
    return {
        "holidays": rules.holidays.value,
        "weekend": ", ".join(str(each) for each in sorted(rules.weekend)),
        "own_days": write_days(rules.own_days).replace("\n", "; "),
    }


def _term_words(rules: SiteRules) -> dict[str, Any]:
    words: dict[str, Any] = {
        name: getattr(rules, name) for name in ("remind_days", "manager_after", "quality_after")
    }
    for (grade, step), term in rules.terms.items():
        words[f"{grade.value}/{step.value}"] = f"{term.days} W" if term.working else str(term.days)
    return words


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [before.get(name), after.get(name)]
        for name in before | after
        if before.get(name) != after.get(name)
    }


def sample_deadlines(rules: SiteRules, opened: date) -> dict[tuple[Grade, Step], date]:
    """Grade and step → the last day, were something opened or done on that day; for the page's preview."""
    from workflows.schedule import due

    found = {}
    for grade, step in rules.terms:
        day = due(step, grade, opened, rules.calendar, terms=rules.terms)
        if day is not None:
            found[grade, step] = day
    return found
