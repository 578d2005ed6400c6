"""The planner: how every site stands against the clock of reviews, and what to plan next."""

from dataclasses import dataclass
from datetime import date

from flask import Response, request, url_for

from tracker import clock
from tracker.access import allow, allowed, permission
from tracker.fragments import render
from tracker.i18n import gettext as _
from tracker.i18n import language, show_date
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.permissions import Actor, Subject, can
from tracker.reviews.blueprint import blueprint
from tracker.reviews.cycle import SiteClock, review_clock
from tracker.reviews.planner_svg import timeline
from workflows.cycle import CycleStatus, Window, WindowKind, WindowState

TONES = {
    CycleStatus.OVERDUE: "danger",
    CycleStatus.NEVER: "attention",
    CycleStatus.LATE_PLAN: "danger",
    CycleStatus.DUE: "attention",
    CycleStatus.BENCHMARK: "info",
    CycleStatus.KEPT: "success",
}


@dataclass(frozen=True)
class ClockView:
    """A site's clock in words."""

    code: str
    name: str
    status: str
    tone: str
    last_number: int | None
    last_on: date | None
    must_by: date | None
    days: int | None
    benchmark_by: date | None
    benchmark_kept: bool
    planned_number: int | None
    planned_on: date | None
    externals: tuple[tuple[int, str, date, bool], ...]
    hints: tuple[str, ...]
    plan_url: str

    @property
    def wants_plan(self) -> bool:
        """Whether a review should be planned now."""
        return self.planned_number is None or bool(self.hints)


def view_of(each: SiteClock, today: date) -> ClockView:
    """What a page shows of a site's clock."""
    found = each.clock
    return ClockView(
        code=each.code,
        name=each.name,
        status=found.status.of(language()),
        tone=TONES[found.status],
        last_number=found.last.number if found.last else None,
        last_on=found.last.on if found.last else None,
        must_by=found.must_by,
        days=(found.must_by - today).days if found.must_by else None,
        benchmark_by=found.benchmark_by,
        benchmark_kept=found.benchmark_by is not None
        and (today <= found.benchmark_by or found.planned is not None),
        planned_number=found.planned.number if found.planned else None,
        planned_on=found.planned.on if found.planned else None,
        externals=tuple(
            (external.number, label("external_audit", external.number), external.on, external.held)
            for external in each.externals[-3:]
        ),
        hints=tuple(
            _hint(window) for window in found.hints if window.last >= today or _is_recent(window, today)
        ),
        plan_url=url_for("reviews.new", site=each.code, on=_proposed(each, today).isoformat()),
    )


def _is_recent(window: Window, today: date) -> bool:
    """A window that was missed is told of for as long as it was wide; after that it helps nobody."""
    return (today - window.last).days <= (window.last - window.first).days


def _proposed(each: SiteClock, today: date) -> date:
    """The day to plan a review for: inside the next window around an audit by others, or else when it is due."""
    ahead = [each.clock.must_by] if each.clock.must_by else []
    ahead += [window.last for window in each.clock.hints if window.state is WindowState.OPEN]
    return min((day for day in ahead if day >= today), default=today)


def _hint(window: Window) -> str:
    code, day = label("external_audit", window.external.number), show_date(window.external.on)
    missed = window.state is WindowState.MISSED
    if window.kind is WindowKind.BEFORE:
        if missed:
            return _("No review was held in the 90 days before %(code)s on %(day)s.", code=code, day=day)
        return _("No review is planned in the 90 days before %(code)s on %(day)s.", code=code, day=day)
    if missed:
        return _("No review followed within 90 days after %(code)s on %(day)s.", code=code, day=day)
    return _("No review is planned within 90 days after %(code)s on %(day)s.", code=code, day=day)


def list_clocks(actor: Actor) -> list[ClockView]:
    """The clock of every site that the person sees, in one statement; none for whoever sees no reviews."""
    if not can(actor, "review:view"):
        return []
    today = clock.today()
    return [view_of(each, today) for each in review_clock(actor.organisation_id, actor.sites())]


def site_clock(site: Site) -> ClockView | None:
    """The clock of one site, for its page; None for one out of use."""
    found = review_clock(site.organisation_id, [site.id])
    return view_of(found[0], clock.today()) if found else None


def day_asked_for() -> date | None:
    """The day that the planner proposes to the form."""
    try:
        found = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2200 else None


@blueprint.get("/planner")
@permission("review:view")
def planner() -> Response:
    """Every site on a line of time: reviews held, due and planned, and the audits by others."""
    actor, today = allow("review:view"), clock.today()
    clocks = review_clock(actor.organisation_id, actor.sites())
    rows = [(view_of(each, today), allowed("review:plan", Subject(site_id=each.site_id))) for each in clocks]
    order = list(CycleStatus)
    worst_first = sorted(
        zip(clocks, rows, strict=True), key=lambda pair: (order.index(pair[0].clock.status), pair[0].code)
    )
    return render(
        "reviews/planner.html",
        rows=[row for _each, row in worst_first],
        drawing=timeline((each for each, _row in worst_first), today),
        may_plan_external=allowed("external:edit"),
    )
