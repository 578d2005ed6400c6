"""Pages of metrics."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for

from tracker import clock, timeline
from tracker.access import actor as present_actor
from tracker.access import allow, allowed, permission
from tracker.accounts.forms import pairs
from tracker.accounts.queries import list_people
from tracker.attempts import attempt, make
from tracker.database import MAX_ID, db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.fragments import SCORE_CHANGED, go, part, render, vary, wants_fragment, with_trigger
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.i18n import pick
from tracker.metrics import parts, programmes, queries, series, services
from tracker.metrics.forms import CheckForm, EditMetricForm, MetricForm, TargetForm, ValueForm
from tracker.metrics.loaded import Stated, load_site, stated_in, target_view, value_versions
from tracker.metrics.models import Better, Metric
from tracker.metrics.page import get_metric_page
from tracker.metrics.viewmodels import MonthView, PartView, RollUpView
from tracker.organisations.models import Site, UnitKind
from tracker.permissions import Actor, Subject
from tracker.reviews import current
from tracker.reviews import queries as reviews
from tracker.scores import releases
from tracker.scores.sheets import COPC, month_of
from tracker.submissions import Answer, once

# How many warnings the first page shows; the register has all of them.
HINTS_SHOWN = 5

blueprint = Blueprint("metrics", __name__, url_prefix="/metrics")

timeline.TITLES.update(
    {
        "value_set": _l("Value entered"),
        "target_set": _l("Target set"),
        "target_removed": _l("Target removed"),
    }
)
RANGE = re.compile(r"\s*(?:–|—|~|～|\.\.\.?|(?<=[0-9])-)\s*")


def load_metric(number: int, name: str) -> tuple[Actor, Metric]:
    """The actor and a metric of the organisation, once the actor may do `name` to it."""
    metric = queries.get_metric(present_actor().organisation_id, number)
    return allow(name, queries.subject_of(metric)), metric


def chosen(sites: tuple[Site, ...], code: str | None) -> Site | None:
    """The site that was asked for, or the first one. Raises NotFound for one that is not seen."""
    if code:
        found = next((site for site in sites if site.code == code), None)
        if found is None:
            raise NotFound
        return found
    return sites[0] if sites else None


# ---------------------------------------------------------------- the register


@blueprint.get("/")
@permission("metric:view")
def index() -> Response:
    """The metrics of a site with the verdict on each."""
    actor = allow("metric:view")
    sites = queries.list_sites(actor)
    site = chosen(sites, request.args.get("site"))
    item, verdict = request.args.get("item", ""), request.args.get("verdict", "")
    loaded = load_site(actor.organisation_id, site) if site is not None else None
    return render(
        "metrics/index.html",
        "metrics/_register.html",
        sites=sites,
        site=site,
        items=services.items(loaded.standard) if loaded is not None else (),
        item=item,
        verdict=verdict,
        verdicts=_verdicts(),
        rows=queries.rows_of(loaded, item=item, verdict=verdict) if loaded is not None else (),
        may_add=site is not None and allowed("metric:edit", Subject(site_id=site.id)),
    )


@blueprint.get("/hints")
@permission("metric:view")
def hints() -> Response:
    """The gravest of what needs a look among the metrics of a site: a card that the first page fetches."""
    actor = allow("metric:view")
    site = chosen(queries.list_sites(actor), request.args.get("site"))
    if site is None:
        raise NotFound
    found = queries.hints(actor.organisation_id, site)
    return part("metrics/_hints.html", site=site, hints=found[:HINTS_SHOWN], more=len(found) > HINTS_SHOWN)


def _verdicts() -> list[tuple[str, str]]:
    return [
        ("good", _("Meets target and improves")),
        ("missing_target", _("Misses target")),
        ("not_improving", _("Does not improve")),
        ("cui", _("Fails CUI")),
        ("hints", _("Needs a look")),
    ]


# ---------------------------------------------------------------- adding and editing


@blueprint.get("/new")
@permission("metric:edit")
def new() -> Response:
    """Ask for a new metric."""
    actor, site = _site_for_new()
    form = MetricForm(formdata=None)
    _offer(form, actor, site)
    form.item.data = request.args.get("item")
    form.unit_id.data = form.owner_id.data = form.roll_up.data = ""
    return render("metrics/edit.html", form=form, site=site, metric=None)


def _site_for_new() -> tuple[Actor, Site]:
    actor = present_actor()
    site = chosen(queries.list_sites(actor), request.args.get("site"))
    if site is None:
        raise NotFound
    return allow("metric:edit", Subject(site_id=site.id)), site


def _offer(form: MetricForm, actor: Actor, site: Site) -> None:
    """Fill the lists of the form."""
    standard = releases.of_site(site.organisation_id, site.id)[COPC]
    form.item.choices = pairs(
        *(
            (entry.id, f"{entry.id} {pick(entry.name.zh, entry.name.en)}")
            for entry in services.items(standard)
        )
    )
    units = reviews.list_units(site.organisation_id, site.id, clock.today())
    programmes = (unit for unit in units if unit.kind == UnitKind.PROGRAMME)
    form.unit_id.choices = pairs(
        ("", _("The whole site")),
        *((str(unit.id), pick(unit.name_zh, unit.name_en)) for unit in programmes),
    )
    people = list_people(actor.organisation_id, site_id=site.id)
    form.owner_id.choices = pairs(
        ("", _("Nobody yet")),
        *((str(person.id), pick(person.name_zh, person.name_en)) for person in people),
    )


@blueprint.post("/new")
@permission("metric:edit")
def create() -> Response:
    """Add a metric."""
    actor, site = _site_for_new()
    form = MetricForm()
    _offer(form, actor, site)
    if form.validate_on_submit():
        status, answer = make(form, lambda: _add(actor, site, form))
        if status == 200:
            return go(answer.location, _("The metric has been added."))
    return render("metrics/edit.html", status=422, form=form, site=site, metric=None)


def _add(actor: Actor, site: Site, form: MetricForm) -> Answer:
    item, code = form.item.data or "", form.code.data or ""
    metric = services.create_metric(actor, site_id=site.id, item=item, code=code, **form.fields())
    return Answer(url_for("metrics.show", number=metric.number))


@blueprint.get("/<record:number>/edit")
@permission("metric:edit")
def edit(number: int) -> Response:
    """Ask what to change of a metric."""
    actor, metric = load_metric(number, "metric:edit")
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    form = EditMetricForm(formdata=None, obj=metric)
    _offer(form, actor, site)
    form.better.data = metric.better.value if metric.better is not None else None
    form.unit_id.data, form.owner_id.data = str(metric.unit_id or ""), str(metric.owner_id or "")
    form.roll_up.data = metric.roll_up.value if metric.roll_up is not None else ""
    return render("metrics/edit.html", form=form, site=site, metric=metric)


@blueprint.post("/<record:number>/edit")
@permission("metric:edit")
def save(number: int) -> Response:
    """Change a metric."""
    actor, metric = load_metric(number, "metric:edit")
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    form = EditMetricForm()
    _offer(form, actor, site)
    status = 422
    if form.validate_on_submit():
        status = attempt(
            form, lambda: services.edit_metric(actor, metric, form.fields(), form.version.data), metric
        )
        if status == 200:
            return go(url_for("metrics.show", number=number), _("Saved."))
        if status == 409:
            form.version.data = metric.version
    return render("metrics/edit.html", status=status, form=form, site=site, metric=metric)


# ---------------------------------------------------------------- one metric


@blueprint.get("/<record:number>")
@permission("metric:view")
def show(number: int) -> Response:
    """A metric: its series, its targets, what follows, and whether the number can be trusted."""
    _actor, metric = load_metric(number, "metric:view")
    return _show(metric)


def _show(
    metric: Metric,
    *,
    status: int = 200,
    target_form: TargetForm | None = None,
    check_form: CheckForm | None = None,
    cells: dict[str, MonthView] | None = None,
    parts: dict[tuple[str, str], PartView] | None = None,
) -> Response:
    page = get_metric_page(metric)
    if cells:
        page = replace(page, months=tuple(cells.get(cell.month, cell) for cell in page.months))
    if parts and page.roll_up is not None:
        page = replace(page, roll_up=_with_parts(page.roll_up, parts))
    subject = queries.subject_of(metric)
    return render(
        "metrics/show.html",
        status=status,
        view=page,
        target_form=target_form or TargetForm(formdata=None),
        check_form=check_form or CheckForm(formdata=None),
        may_edit_metrics=allowed("metric:edit", subject),
        may_check=allowed("metric:check", subject),
        may_raise=allowed("nonconformity:raise", subject),
        with_counts=page.counted
        and (
            "counts" in request.args
            or "numerator" in request.form
            or any(cell.numerator for cell in page.months)
        ),
        chart_rows=[
            [cell.month, series.with_measure(cell.shown, page.measure) or "–", cell.target or "–"]
            for cell in page.months
        ],
        history=timeline.list_history(services.record_of(metric)),
        review_number=None,
    )


@blueprint.post("/<record:number>/values/<month>")
@permission("metric:edit")
def save_value(number: int, month: str) -> Response:
    """Write the value of a month."""
    actor, metric = load_metric(number, "metric:edit")
    form = ValueForm()
    status, message = 200, ""
    typed = (form.value.data or "")[:120]
    if not form.validate_on_submit():
        status, message = 422, _("Not a number of reasonable size.")
    else:

        def change() -> None:
            version = form.version.data
            if "numerator" in request.form:
                counts = form.numerator.data, form.denominator.data
                parts.set_counts(actor, metric, month, *counts, version=version)
            else:
                services.set_value(actor, metric, month, typed, version=version)

        status, message = _write(change, metric)
        if status == 422 and not series.MONTH.fullmatch(month):
            raise NotFound
    if "numerator" in request.form:
        return _count_cell(
            actor, number, month, (form.numerator.data, form.denominator.data), status, message
        )
    return _value_cell(actor, number, month, typed, status, message)


def _write(change: Callable[[], object], metric: Metric) -> tuple[int, str]:
    """Write a cell: the status, and what was wrong with it."""
    try:
        once(present_actor(), change, metric)
    except (Conflict, InvalidInput) as error:
        db.session.rollback()
        return error.status, error.message
    return 200, ""


def _count_cell(
    actor: Actor, number: int, month: str, typed: tuple[str | None, str | None], status: int, message: str
) -> Response:
    """The counts of a month after they were sent; the value beside them comes along."""
    metric = queries.get_metric(actor.organisation_id, number)
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    if not wants_fragment() and status == 200:
        return go(url_for("metrics.show", number=number), _("Saved."))
    loaded = load_site(metric.organisation_id, site)
    versions = value_versions(metric.organisation_id, [metric.id])
    cell = replace(
        loaded.months(metric, [month])[0], version=versions.get((metric.id, month), 0), saved=status == 200
    )
    if status != 200:
        cell = replace(cell, numerator=typed[0] or "", denominator=typed[1] or "", error=message)
    if not wants_fragment():
        return _show(metric, status=status, cells={month: cell})
    return _fragment(
        "metrics/_counts.html",
        status,
        loaded.verdict(metric),
        cell=cell,
        ident=number,
        label=pick(metric.name_zh, metric.name_en),
        review_number=None,
        with_value=status == 200,
    )


def _with_parts(grid: RollUpView, typed: dict[tuple[str, str], PartView]) -> RollUpView:
    """The grid with what was typed and could not be saved."""
    return replace(
        grid,
        months=tuple(
            replace(month, parts=tuple(typed.get((part.code, month.month), part) for part in month.parts))
            for month in grid.months
        ),
    )


@blueprint.post("/<record:number>/programmes/<code>/<month>")
@permission("metric:edit")
def save_part(number: int, code: str, month: str) -> Response:
    """Write what a programme measured in a month."""
    actor, metric = load_metric(number, "metric:edit")
    unit = programmes.get_programme(metric, code)
    if not series.MONTH.fullmatch(month):
        raise NotFound
    form = ValueForm()
    typed = parts.Typed(form.value.data, form.numerator.data, form.denominator.data)
    status, message = 200, ""
    if not form.validate_on_submit():
        status, message = 422, _("Not a number of reasonable size.")
    else:
        version = form.version.data
        status, message = _write(
            lambda: parts.set_part(actor, metric, unit, month, typed, version=version), metric
        )
    metric = queries.get_metric(actor.organisation_id, number)
    cell = programmes.part_view(metric, code, programmes.get_part(metric, unit, month))
    cell = replace(cell, error=message, saved=status == 200)
    if status != 200:
        cell = replace(
            cell,
            value=(form.value.data or "")[:120],
            numerator=(form.numerator.data or "")[:120],
            denominator=(form.denominator.data or "")[:120],
            provisional=False,
        )
    return _part_cell(metric, cell, month, status)


def _part_cell(metric: Metric, cell: PartView, month: str, status: int) -> Response:
    if not wants_fragment():
        if status == 200:
            return go(url_for("metrics.show", number=metric.number), _("Saved."))
        return _show(metric, status=status, parts={(cell.code, month): cell})
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    loaded = load_site(metric.organisation_id, site)
    grid = programmes.get_grid(metric, loaded.readings, [month])
    return _fragment(
        "metrics/_part.html",
        status,
        loaded.verdict(metric),
        part=cell,
        month=grid.months[0],
        grid=grid,
        ident=metric.number,
        label=pick(metric.name_zh, metric.name_en),
        with_rolled=True,
    )


def _review_stated(metric: Metric) -> tuple[int | None, Stated | None]:
    """Inside a review, what is stated there counts for the verdict that is shown, not the current facts."""
    text = request.form.get("review", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None, None
    review = reviews.get_review(metric.organisation_id, int(text))
    if review.site_id != metric.site_id:
        raise NotFound
    work = reviews.load(review, [COPC], reasons=False)
    return review.number, stated_in(work.facts.get(COPC, ()))


def _value_cell(actor: Actor, number: int, month: str, typed: str, status: int, message: str) -> Response:
    metric = queries.get_metric(actor.organisation_id, number)
    review_number, stated = _review_stated(metric)
    if not wants_fragment() and status == 200:
        if review_number is not None:
            return go(url_for("reviews.judge", number=review_number, element=metric.item), _("Saved."))
        return go(url_for("metrics.show", number=number), _("Saved."))
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    loaded = load_site(metric.organisation_id, site, stated)
    versions = value_versions(metric.organisation_id, [metric.id])
    cell = replace(loaded.months(metric, [month])[0], version=versions.get((metric.id, month), 0))
    if status == 422:
        cell = replace(cell, value=typed, error=message, provisional=False)
    elif status == 409:
        cell = replace(
            cell, error=_("%(message)s You had typed %(typed)s.", message=message, typed=typed or "–")
        )
    else:
        cell = replace(cell, saved=True)
    if not wants_fragment():
        return _show(metric, status=status, cells={month: cell})
    return _fragment(
        "metrics/_value.html",
        status,
        loaded.verdict(metric),
        cell=cell,
        ident=number,
        label=pick(metric.name_zh, metric.name_en),
        review_number=review_number,
    )


def _fragment(template: str, status: int, verdict: Any, **context: Any) -> Response:
    """A cell, and out of band the verdict on its metric."""
    body = render_template(template, may_edit_metrics=True, **context)
    if status == 200:
        body += render_template("metrics/_verdict.html", verdict=verdict, ident=context["ident"])
    response = make_response(body, status)
    return with_trigger(vary(response), SCORE_CHANGED if status == 200 else None)


@blueprint.post("/<record:number>/targets/now")
@permission("metric:edit")
def save_target_cell(number: int) -> Response:
    """Change the latest target, or set the first one, from one text: `98`, or `3 – 5` for a range."""
    actor, metric = load_metric(number, "metric:edit")
    form = ValueForm()
    status, message = 200, ""
    typed = (form.target.data or "")[:120]
    if not form.validate_on_submit():
        status, message = 422, _("Not a number of reasonable size.")
    else:
        version = form.version.data
        status, message = _write(lambda: _set_latest(actor, metric, typed, version), metric)
    return _target_cell(actor, number, typed, status, message)


def _set_latest(actor: Actor, metric: Metric, typed: str, version: int | None) -> None:
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    loaded = load_site(metric.organisation_id, site)
    known = loaded.targets.get(metric.id, [])
    if known:
        from_month = known[-1].from_month
    else:
        now = month_of(clock.today())
        from_month = min([*loaded.values.get(metric.id, {}), series.month_after(now, -11)])
    if (known[-1].version if known else 0) != (version or 0):
        raise Conflict(_("Somebody else changed this target in the meantime."))
    services.set_target(actor, metric, from_month, **_target_parts(metric, typed))


def _target_parts(metric: Metric, typed: str) -> dict[str, Any]:
    if metric.better != Better.RANGE:
        return {"value": typed}
    low, *rest = RANGE.split(typed, maxsplit=1)
    return {"low": low, "high": rest[0] if rest else ""}


def _target_cell(actor: Actor, number: int, typed: str, status: int, message: str) -> Response:
    metric = queries.get_metric(actor.organisation_id, number)
    review_number, stated = _review_stated(metric)
    if not wants_fragment():
        if status == 200 and review_number is not None:
            return go(url_for("reviews.judge", number=review_number, element=metric.item), _("Saved."))
        if status == 200:
            return go(url_for("metrics.show", number=number), _("Saved."))
        form = TargetForm(formdata=None)
        form.form_errors.append(message)
        return _show(metric, status=status, target_form=form)
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    loaded = load_site(metric.organisation_id, site, stated)
    known = loaded.targets.get(metric.id, [])
    return _fragment(
        "metrics/_target.html",
        status,
        loaded.verdict(metric),
        target=target_view(known[-1], metric.measure) if known else None,
        target_error=message if status == 422 else f"{message} {typed}".strip() if status != 200 else "",
        target_typed=typed if status == 422 else None,
        target_saved=status == 200,
        ident=number,
        label=pick(metric.name_zh, metric.name_en),
        review_number=review_number,
    )


@blueprint.post("/<record:number>/targets")
@permission("metric:edit")
def add_target(number: int) -> Response:
    """Set a target from a month on."""
    actor, metric = load_metric(number, "metric:edit")
    form = TargetForm()
    if form.validate_on_submit():
        month, parts = (
            form.from_month.data or "",
            {name: form[name].data for name in ("value", "low", "high")},
        )
        if attempt(form, lambda: services.set_target(actor, metric, month, **parts), metric) == 200:
            return go(url_for("metrics.show", number=number), _("Saved."))
    return _show(queries.get_metric(actor.organisation_id, number), status=422, target_form=form)


@blueprint.post("/<record:number>/targets/<int:target_id>/remove")
@permission("metric:edit")
def remove_target(number: int, target_id: int) -> Response:
    """Take a target away."""
    actor, metric = load_metric(number, "metric:edit")
    if target_id > MAX_ID:
        raise NotFound
    text = request.form.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def change() -> None:
        services.remove_target(actor, metric, queries.get_target(metric, target_id), version)

    once(actor, change, metric)
    return go(url_for("metrics.show", number=number), _("The target has been removed."))


@blueprint.post("/<record:number>/checks")
@permission("metric:check")
def check(number: int) -> Response:
    """Record a check of the data on the site's current facts."""
    actor, metric = load_metric(number, "metric:check")
    form = CheckForm()
    if form.validate_on_submit():
        said = {
            (metric.item, metric.code, aspect): value == "yes"
            for aspect, value in (("usable", form.usable.data), ("integrity", form.integrity.data))
            if value
        }
        site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
        note, evidence = form.note.data or "", form.evidence.data or ""

        def change() -> None:
            if not said:
                raise InvalidInput({"usable": [_("Say of at least one whether it holds.")]})
            current.state_metrics(actor, site, said, note=note, evidence=evidence)

        if attempt(form, change, metric) == 200:
            return go(url_for("metrics.show", number=number), _("The check has been recorded."))
    return _show(queries.get_metric(actor.organisation_id, number), status=422, check_form=form)
