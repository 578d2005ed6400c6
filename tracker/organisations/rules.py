"""How a site counts its days: the calendar and the terms in force, read once in a transaction and site.

Sites that have set nothing keep the defaults of E.4 and the calendar of mainland China.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from tracker.database import db
from tracker.organisations.models import SiteCalendarDay, SiteSchedule, SiteTerm
from workflows.calendars import WEEKEND, Day, Holidays, calendar_of, parse_days, terms_of
from workflows.kinds import Grade
from workflows.schedule import Calendar, Step, Term, Terms

SHIPPED = Path(__file__).resolve().parent / "holidays"

DEFAULT_HOLIDAYS = Holidays.CHINA
# Year → the day on which the State Council announced its holidays. Nothing ships of a year before it is announced.
ANNOUNCED = {2025: date(2024, 11, 12), 2026: date(2025, 11, 4)}
REMIND_DAYS, MANAGER_AFTER, QUALITY_AFTER = 3, 1, 5


@dataclass(frozen=True)
class SiteRules:
    """What a site's deadlines are counted by, and whom it tells when one runs out."""

    calendar: Calendar
    terms: Terms
    holidays: Holidays = DEFAULT_HOLIDAYS
    weekend: frozenset[int] = WEEKEND
    own_days: tuple[Day, ...] = ()
    own_terms: Mapping[tuple[Grade, Step], Term | None] | None = None
    remind_days: int = REMIND_DAYS
    manager_after: int = MANAGER_AFTER
    quality_after: int = QUALITY_AFTER
    version: int = 0


@cache
def official_days(holidays: Holidays) -> tuple[Day, ...]:
    """The days of an official calendar as it ships. Raises ValueError for a file that cannot be read whole."""
    if holidays is Holidays.NONE:
        return ()
    reading = parse_days((SHIPPED / f"{holidays.value}.txt").read_text(encoding="utf-8"))
    if reading.faults:
        raise ValueError(f"{holidays.value}.txt, line {reading.faults[0].line}: {reading.faults[0].text.en}")
    return reading.days


def make_rules(
    holidays: Holidays = DEFAULT_HOLIDAYS,
    weekend: Iterable[int] = WEEKEND,
    own_days: Iterable[Day] = (),
    own_terms: Mapping[tuple[Grade, Step], Term | None] | None = None,
    **counts: int,
) -> SiteRules:
    """The rules made of an official calendar, the site's own days, and its own terms."""
    weekend, own_days, own_terms = frozenset(weekend), tuple(sorted(own_days)), dict(own_terms or {})
    return SiteRules(
        calendar_of(official_days(holidays), own_days, weekend),
        terms_of(own_terms),
        holidays,
        weekend,
        own_days,
        own_terms,
        **counts,
    )


@cache
def default_rules() -> SiteRules:
    """The rules of a site that has set nothing."""
    return make_rules()


def rules_for(organisation_id: int, site_id: int) -> SiteRules:
    """The rules in force at a site; in one transaction they are read once."""
    known: dict[tuple[int, int], SiteRules] = db.session.info.setdefault("site_rules", {})
    key = (organisation_id, site_id)
    if key not in known:
        known[key] = list_rules(organisation_id, [site_id])[site_id]
    return known[key]


def forget_rules(session: Session, *_rest: object) -> None:
    """Read the rules anew when they are next asked for."""
    session.info.pop("site_rules", None)


for moment in ("after_commit", "after_soft_rollback"):
    event.listen(Session, moment, forget_rules)


def list_rules(organisation_id: int, site_ids: Iterable[int]) -> dict[int, SiteRules]:
    """Site → rules in force, in one statement however many sites."""
    site_ids = list(site_ids)
    schedules: dict[int, dict[str, Any]] = {}
    days: dict[int, list[Day]] = {}
    terms: dict[int, dict[tuple[Grade, Step], Term | None]] = {}
    for row in db.session.execute(_everything(organisation_id, site_ids)):
        if row.what == "schedule":
            schedules[row.site_id] = {
                "holidays": Holidays(row.one),
                "weekend": frozenset(json.loads(row.two)),
                "remind_days": row.amount,
                "manager_after": row.manager_after,
                "quality_after": row.quality_after,
                "version": row.version,
            }
        elif row.what == "day":
            days.setdefault(row.site_id, []).append(Day(row.day, bool(row.working), row.one))
        else:
            term = None if row.amount is None else Term(row.amount, bool(row.working))
            terms.setdefault(row.site_id, {})[Grade(row.one), Step(row.two)] = term
    return {
        site_id: make_rules(
            own_days=days.get(site_id, ()), own_terms=terms.get(site_id), **schedules.get(site_id, {})
        )
        if site_id in schedules or site_id in days or site_id in terms
        else default_rules()
        for site_id in site_ids
    }


def _everything(organisation_id: int, site_ids: list[int]) -> Any:
    """The three tables laid under each other: deadlines are on pages that have no statements to spare."""

    def part(model: Any, **columns: Any) -> Any:
        null = {
            "one": sa.null(),
            "two": sa.null(),
            "day": sa.cast(sa.null(), sa.Date),
            "amount": sa.cast(sa.null(), sa.Integer),
            "working": sa.cast(sa.null(), sa.Boolean),
            "manager_after": sa.cast(sa.null(), sa.Integer),
            "quality_after": sa.cast(sa.null(), sa.Integer),
            "version": sa.cast(sa.null(), sa.Integer),
        }
        return sa.select(
            model.site_id, *(column.label(name) for name, column in (null | columns).items())
        ).where(model.organisation_id == organisation_id, model.site_id.in_(site_ids))

    text = sa.String
    return sa.union_all(
        part(
            SiteSchedule,
            one=sa.cast(SiteSchedule.holidays, text),
            two=sa.cast(SiteSchedule.weekend, text),
            amount=SiteSchedule.remind_days,
            manager_after=SiteSchedule.manager_after,
            quality_after=SiteSchedule.quality_after,
            version=SiteSchedule.version,
        ).add_columns(sa.literal("schedule").label("what")),
        part(
            SiteCalendarDay,
            one=sa.cast(SiteCalendarDay.name, text),
            day=SiteCalendarDay.day,
            working=SiteCalendarDay.working,
        ).add_columns(sa.literal("day").label("what")),
        part(
            SiteTerm,
            one=sa.cast(SiteTerm.grade, text),
            two=sa.cast(SiteTerm.step, text),
            amount=SiteTerm.days,
            working=SiteTerm.working,
        ).add_columns(sa.literal("term").label("what")),
    )
