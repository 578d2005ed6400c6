"""Pages that plan follow-ups: what awaits an audit, to be ticked for one, and the calendar ahead."""

from babel import Locale
from flask import current_app, request
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import allow, permission
from tracker.accounts.forms import strip
from tracker.audits import agenda
from tracker.audits.blueprint import blueprint
from tracker.fragments import render
from tracker.i18n import language, ngettext, pick
from tracker.organisations.queries import list_sites


@blueprint.get("/waiting")
@permission("audit:view")
def waiting() -> BaseResponse:
    """The records that await an audit; those ticked are audited together."""
    actor = allow("audit:view")
    sites = list_sites(actor)
    site = next((each for each in sites if each.code == request.args.get("site")), None)
    if site is None and len(sites) == 1:
        site = sites[0]
    found = agenda.list_waiting(
        actor,
        site.id if site else None,
        strip(request.args.get("after"))[:40],
        current_app.config["SETTINGS"].page_size,
    )
    return render(
        "audits/waiting.html",
        "audits/_waiting.html",
        found=found,
        site=site,
        site_choices=[(each.code, pick(each.name_zh, each.name_en)) for each in sites],
    )


@blueprint.get("/calendar")
@permission("audit:view")
def calendar() -> BaseResponse:
    """Audits, ends of windows and due follow-ups of the next 30, 60 or 90 days."""
    actor = allow("audit:view")
    sites = list_sites(actor)
    site = next((each for each in sites if each.code == request.args.get("site")), None)
    asked = request.args.get("days", "")
    span = next((each for each in agenda.SPANS if str(each) == asked), agenda.SPANS[0])
    return render(
        "audits/calendar.html",
        "audits/_calendar.html",
        found=agenda.get_agenda(actor, site.id if site else None, span),
        span=span,
        spans_offered=[(each, ngettext("%(num)d day", "%(num)d days", each)) for each in agenda.SPANS],
        weekdays=_weekdays(),
        shown=agenda.A_DAY,
        site_code=site.code if site else "",
        site_choices=[(each.code, pick(each.name_zh, each.name_en)) for each in sites],
    )


def _weekdays() -> list[str]:
    """The names of the days, Monday first."""
    names = Locale.parse("zh_CN" if language() == "zh" else "en_GB").days["stand-alone"]["abbreviated"]
    return [names[place] for place in range(7)]
