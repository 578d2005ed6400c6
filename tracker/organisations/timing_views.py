"""Pages of how a site counts its days: the terms and the calendar in force, and the forms to change them."""

from datetime import date, timedelta
from typing import Any

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker import clock
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.attempts import attempt
from tracker.fragments import go
from tracker.i18n import gettext as _
from tracker.organisations import timing
from tracker.organisations.blueprint import blueprint
from tracker.organisations.models import Site
from tracker.organisations.queries import find_site
from tracker.organisations.rules import SiteRules, make_rules, official_days, rules_for
from tracker.organisations.timing_forms import CalendarForm, terms_form, weekdays
from tracker.organisations.year import read_year, year_of
from tracker.permissions import Actor, Subject
from workflows.calendars import Day, Holidays
from workflows.kinds import Grade
from workflows.schedule import Step

AHEAD = timedelta(days=366)


def _load(code: str, name: str) -> tuple[Actor, Site, SiteRules]:
    site = find_site(present_actor(), code)
    actor = allow(name, Subject(site_id=site.id))
    return actor, site, rules_for(site.organisation_id, site.id)


def _page(template: str, status: int = 200, **context: object) -> BaseResponse:
    return make_response(render_template(template, Grade=Grade, Step=Step, **context), status)


@blueprint.get("/sites/<code>/deadlines")
@permission("site:view")
def timing_show(code: str) -> BaseResponse:
    """The terms and the calendar in force at a site."""
    _actor, site, rules = _load(code, "site:view")
    return _page(
        "organisations/timing.html",
        site=site,
        rules=rules,
        days=_days_ahead(rules),
        samples=timing.sample_deadlines(rules, clock.today()),
        weekend=[name for number, name in weekdays() if int(number) in rules.weekend],
        known_until=_known_until(rules),
        glance=year_of(rules, read_year(request.args.get("year", ""), clock.today()), clock.today()),
        may_edit=allowed("site:edit", Subject(site_id=site.id)),
    )


def _days_ahead(rules: SiteRules) -> list[tuple[Day, bool]]:
    """The unusual days of the year ahead, and whether each is the site's own."""
    today = clock.today()
    said = {each.day: (each, False) for each in official_days(rules.holidays)}
    said |= {each.day: (each, True) for each in rules.own_days}
    return [said[day] for day in sorted(said) if today <= day <= today + AHEAD]


def _known_until(rules: SiteRules) -> date | None:
    """The last day that the official calendar knows, where the year ahead runs past it."""
    days = official_days(rules.holidays)
    last = date(days[-1].day.year, 12, 31) if days else None
    return last if last is not None and clock.today() + timedelta(days=90) > last else None


def _preview(before: SiteRules, after: SiteRules) -> list[tuple[Grade, Step, date | None, date | None]]:
    """The deadlines of something that begins today, before and after."""
    today = clock.today()
    old, new = timing.sample_deadlines(before, today), timing.sample_deadlines(after, today)
    return [
        (grade, step, old.get((grade, step)), new.get((grade, step)))
        for grade in Grade
        for step in Step
        if (grade, step) in old or (grade, step) in new
    ]


# ---------------------------------------------------------------- the calendar


@blueprint.get("/sites/<code>/calendar")
@permission("site:edit")
def calendar(code: str) -> BaseResponse:
    """Ask for the calendar of a site."""
    _actor, site, rules = _load(code, "site:edit")
    form = CalendarForm(formdata=None)
    form.fill(rules)
    if request.args.get("holidays") in set(Holidays):
        # Proposed by whoever sent one here; it counts once it is saved, with a reason.
        form.holidays.data = request.args["holidays"]
    return _page("organisations/calendar.html", form=form, site=site)


@blueprint.post("/sites/<code>/calendar")
@permission("site:edit")
def save_calendar(code: str) -> BaseResponse:
    """Change the calendar, or show what that would move."""
    actor, site, rules = _load(code, "site:edit")
    form = CalendarForm()
    previewing = "preview" in request.form
    if not (form.validate_on_submit() or (previewing and not (form.errors.keys() - {"reason"}))):
        return _page("organisations/calendar.html", 422, form=form, site=site)
    wanted: dict[str, Any] = {
        "holidays": Holidays(form.holidays.data),
        "weekend": form.read_weekend,
        "days": form.read_days,
    }
    if previewing:
        form.reason.errors = ()
        after = make_rules(wanted["holidays"], wanted["weekend"], wanted["days"], rules.own_terms)
        return _page(
            "organisations/calendar.html",
            form=form,
            site=site,
            preview=_preview(rules, after),
            read=form.read_days,
        )
    status = attempt(
        form,
        lambda: timing.set_calendar(
            actor, site, **wanted, reason=form.reason.data or "", version=form.version.data or 0
        ),
    )
    if status != 200:
        return _page("organisations/calendar.html", status, form=form, site=find_site(actor, code))
    return go(
        url_for(".timing_show", code=code), _("Saved. Deadlines that begin from now on are counted so.")
    )


# ---------------------------------------------------------------- the terms


@blueprint.get("/sites/<code>/terms")
@permission("site:edit")
def terms(code: str) -> BaseResponse:
    """Ask how long each step may take."""
    _actor, site, rules = _load(code, "site:edit")
    form = terms_form(formdata=None)
    form.fill(rules)
    return _page("organisations/terms.html", form=form, site=site)


@blueprint.post("/sites/<code>/terms")
@permission("site:edit")
def save_terms(code: str) -> BaseResponse:
    """Change the terms, or show what that would move."""
    actor, site, rules = _load(code, "site:edit")
    form = terms_form()
    previewing = "preview" in request.form
    if not (form.validate_on_submit() or (previewing and not (form.errors.keys() - {"reason"}))):
        return _page("organisations/terms.html", 422, form=form, site=site)
    if previewing:
        form.reason.errors = ()
        own = timing.own_only(form.read_terms())
        after = make_rules(rules.holidays, rules.weekend, rules.own_days, own)
        return _page("organisations/terms.html", form=form, site=site, preview=_preview(rules, after))
    status = attempt(
        form,
        lambda: timing.set_terms(
            actor,
            site,
            terms=form.read_terms(),
            remind_days=form.remind_days.data or 0,
            manager_after=form.manager_after.data or 1,
            quality_after=form.quality_after.data or 1,
            reason=form.reason.data or "",
            version=form.version.data or 0,
        ),
    )
    if status != 200:
        return _page("organisations/terms.html", status, form=form, site=find_site(actor, code))
    return go(
        url_for(".timing_show", code=code), _("Saved. Deadlines that begin from now on are counted so.")
    )
