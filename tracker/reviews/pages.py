"""From the rows of a review to what its pages show."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from scoring.catalogue import Standard
from scoring.sheet import DIMENSIONS
from tracker import offers
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, say
from tracker.metrics import queries as metric_queries
from tracker.metrics.loaded import SiteSeries, stated_in, value_versions
from tracker.numbering import label
from tracker.offers import MoveView, state_view
from tracker.permissions import Actor
from tracker.reviews import queries, scope
from tracker.reviews.facts import Key
from tracker.reviews.models import Fact, FactKind
from tracker.reviews.queries import Work
from tracker.reviews.viewmodels import (
    DeploymentPage,
    DimensionView,
    ElementPage,
    ElementView,
    FactView,
    GapView,
    GroupView,
    MetricFacts,
    OverruleView,
    ReviewPage,
    RunningView,
)
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.reviews import ReviewState

# The aspects that a person may state, with the aspect of the pin that speaks of the same.
STATED_ASPECTS = ("usable", "integrity", "meets_target", "improving")


def dimension_name(name: str) -> str:
    """A dimension in words."""
    return {
        "approach": _("Approach"),
        "deployment": _("Deployment"),
        "level": _("Level"),
        "trend": _("Trend"),
    }[name]


# ---------------------------------------------------------------- the review


def review_page(work: Work, actor: Actor) -> ReviewPage:
    """The page of a review: progress, score, gaps with who carries each, and what may be done next."""
    gaps = tuple(queries.gaps_in(work))
    review = work.review
    offered = offers.offered(
        "review", review.state, actor, queries.facts_of(work), queries.subject_of(review)
    )
    confirmed = set(review.confirmed_closures)
    may_withdraw = review.state != ReviewState.REPORTED or work.is_current
    groups = queries.groups_of(work, gaps)
    open_now = review.state in (ReviewState.PLANNED, ReviewState.IN_PROGRESS)
    may_start_from = work.last_reported if open_now and work.origin is None else None
    return ReviewPage(
        review=queries.view_of(work),
        groups=groups,
        unconfirmed=sum(group.unconfirmed for group in groups),
        lacking=tuple(dict.fromkeys(pick(unit.name_zh, unit.name_en) for _element, unit in work.lacking)),
        last_reported="" if may_start_from is None else label("review", may_start_from),
        standings=queries.standings_of(work),
        gaps=gaps,
        closures=tuple((number, number in confirmed) for number in queries.closures_meanwhile(work)),
        findings=tuple(
            (finding.record.number, finding.record.title, state_view("nonconformity", finding.record.state))
            for finding in work.findings
            if finding.record.review_id == review.id
        ),
        moves=tuple(_with_later_report(move, may_withdraw) for move in offered),
    )


def _with_later_report(move: MoveView, may_withdraw: bool) -> MoveView:
    """Only the latest report of a site can be withdrawn: a later one has been built on it."""
    if move.event != "withdraw" or may_withdraw:
        return move
    return replace(move, reasons=(*move.reasons, _("A later review of this site has been reported since.")))


# ---------------------------------------------------------------- one fact


def fact_view(work: Work, standard: str, fact: Fact) -> FactView:
    """A line, unit, row or word as its cell shows it."""
    title, outline, rubric, question = _words_of(work, standard, fact)
    return FactView(
        standard=standard,
        key=fact.key,
        element=fact.element,
        kind=fact.kind.value,
        subject=fact.subject,
        title=title,
        value=fact.value,
        note=fact.note,
        evidence=fact.evidence,
        sampled=fact.sampled,
        version=fact.version,
        improvement_approach=fact.improvement_approach,
        outline=outline,
        pinned_by=work.carriers.get((standard, fact.key)),
        unmet=queries.is_unmet(work, fact),
        rubric=rubric,
        question=question,
        aspect=fact.aspect,
        carried=fact.carried,
    )


def _words_of(work: Work, standard: str, fact: Fact) -> tuple[str, bool, tuple[str, ...], str]:
    if fact.kind == FactKind.LINE:
        lines = {line.id: line for line in scope.content_of(work.review, standard).item(fact.element).lines}
        line = lines.get(fact.subject)
        return (say(line.text), line.outline, (), "") if line is not None else (fact.subject, False, (), "")
    if fact.kind == FactKind.ROW:
        rows = {row.id: row for row in scope.content_of(work.review, standard).criterion(fact.element).rows}
        row = rows[fact.subject]
        return say(row.name), False, tuple(say(level) for level in row.rubric), say(row.question)
    return queries.fact_title(work, fact), False, (), ""


# ---------------------------------------------------------------- one item or criterion


def element_page(work: Work, element: str, actor: Actor) -> ElementPage:
    """The page of an item or criterion. Raises KeyError for one outside the review's scope."""
    standard = scope.standard_of_element(work.review, element)
    if (
        standard is None
        or standard not in work.sets
        or element not in scope.elements_of(work.review, standard)
    ):
        raise KeyError(element)
    gaps = queries.gaps_in(work)
    group = next(
        group
        for group in queries.groups_of(work, gaps)
        if any(entry.id == element for entry in group.elements)
    )
    facts = [fact for fact in work.facts[standard] if fact.element == element]
    views = {fact.key: fact_view(work, standard, fact) for fact in facts if fact.kind != FactKind.METRIC}
    own = tuple(gap for gap in gaps if gap.element == element)
    order = queries.order_of(work)
    place = order.index(element)
    metrics, months = _metrics(work, element, own, facts)
    stated = tuple(fact for metric in metrics for fact in metric.stated)
    heading, hints = _help(scope.content_of(work.review, standard), element)
    return ElementPage(
        review=queries.view_of(work),
        standard=standard,
        id=element,
        name=next(entry.name for entry in group.elements if entry.id == element),
        group=group,
        heading=heading,
        hints=hints,
        lines=tuple(view for view in views.values() if view.kind == FactKind.LINE),
        units=tuple(
            view
            for view in views.values()
            if view.kind == FactKind.UNIT and work.unit(element, view.subject) is not None
        ),
        rows=tuple(view for view in views.values() if view.kind == FactKind.ROW),
        word=next((view for view in views.values() if view.kind == FactKind.WORD), None),
        unconfirmed=tuple(view for view in (*views.values(), *stated) if view.carried),
        metrics=metrics,
        months=months,
        running=running_view(work, element, gaps),
        gaps=own,
        previous=order[place - 1] if place else None,
        next=order[place + 1] if place + 1 < len(order) else None,
        has_metrics=element.startswith("4.") and element != scope.ACHIEVING_RESULTS,
        levels=_levels(work) if standard == SEE_CMM else (),
    )


def _levels(work: Work) -> tuple[str, ...]:
    return tuple(say(level.name) for level in scope.content_of(work.review, SEE_CMM).levels)


def _help(known: Standard, element: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    if known.family == "rows":
        return say(known.criterion(element).definition), ()
    item = known.item(element)
    return say(item.heading) if item.heading else "", tuple(
        (hint.kind, say(hint.text)) for hint in item.hints
    )


def _metrics(
    work: Work, element: str, gaps: Iterable[GapView], facts: Iterable[Fact]
) -> tuple[tuple[MetricFacts, ...], tuple[str, ...]]:
    own = [metric for metric in work.metrics if metric.item == element]
    if not own:
        return (), ()
    stated = {(fact.subject, fact.aspect): fact for fact in facts if fact.kind == FactKind.METRIC}
    loaded = series_of(work)
    versions = value_versions(work.review.organisation_id, [metric.id for metric in own])
    rows = metric_queries.grid_of(loaded, element, versions)
    keys: dict[str, list[str]] = {row.code: [] for row in rows}
    for gap in gaps:
        if gap.kind == "metric" and gap.carried_by is None:
            keys[gap.subject].append(gap.key)
    return tuple(
        MetricFacts(
            row=row,
            stated=tuple(_stated_view(element, row.code, aspect, stated) for aspect in STATED_ASPECTS),
            carriers=_carriers(work, element, row.code),
            gap_keys=tuple(keys[row.code]),
        )
        for row in rows
    ), tuple(view.month for view in rows[0].months)


def series_of(work: Work) -> SiteSeries:
    """The site's metrics as the review sees them: with what is stated in it, not in the current facts."""
    return SiteSeries(
        site=work.site,
        rows=tuple(
            (metric, next((unit for unit in work.units if unit.id == metric.unit_id), None), None)
            for metric in work.metrics
        ),
        targets=work.targets,
        readings=work.readings,
        stated=stated_in(work.facts.get(COPC, ())),
        standard=scope.content_of(work.review, COPC),
    )


def _stated_view(element: str, code: str, aspect: str, known: Mapping[tuple[str, str], Fact]) -> FactView:
    fact = known.get((code, aspect))
    return FactView(
        standard=COPC,
        key=str(Key(element, FactKind.METRIC, code, aspect)),
        element=element,
        kind="metric",
        subject=code,
        aspect=aspect,
        title=aspect_name(aspect),
        value=fact.value if fact is not None else "",
        note=fact.note if fact is not None else "",
        evidence=fact.evidence if fact is not None else "",
        sampled=False,
        version=fact.version if fact is not None else 0,
        carried=fact is not None and fact.carried,
    )


def aspect_name(aspect: str) -> str:
    """What is stated of a metric, in words."""
    return {
        "usable": _("Usable"),
        "integrity": _("Integrity"),
        "meets_target": _("Meets target"),
        "improving": _("Sustained improvement"),
    }[aspect]


def _carriers(work: Work, element: str, code: str) -> tuple[int, ...]:
    start = str(Key(element, FactKind.METRIC, code)) + "/"
    return tuple(
        sorted(
            {
                number
                for (standard, key), number in work.carriers.items()
                if standard == COPC and key.startswith(start)
            }
        )
    )


# ---------------------------------------------------------------- beside it


def running_view(work: Work, element: str, gaps: Iterable[GapView]) -> RunningView:
    """Progress and running score of an element and of the review around it."""
    found = tuple(gaps)
    groups = queries.groups_of(work, found)
    entry = next(entry for group in groups for entry in group.elements if entry.id == element)
    return RunningView(
        element=entry,
        standings=queries.standings_of(work),
        dimensions=_dimensions(work, entry),
        reasons=_reasons(work, entry),
        judged=sum(group.judged for group in groups),
        total=sum(group.total for group in groups),
        uncarried=sum(not gap.carried for gap in found),
    )


def _dimensions(work: Work, entry: ElementView) -> tuple[DimensionView, ...]:
    if entry.standard != COPC:
        return ()
    overrules = {row.dimension: row for row in work.overrules[COPC] if row.element == entry.id}
    computed = work.copc.items[entry.id].computed if work.copc is not None else {}
    return tuple(
        DimensionView(
            id=name,
            name=dimension_name(name),
            score=score,
            allowed=tuple(DIMENSIONS[name]),
            overrule=OverruleView(name, overrules[name].score, computed.get(name), overrules[name].reason)
            if name in overrules
            else None,
        )
        for name, score in entry.dimensions
    )


def _reasons(work: Work, entry: ElementView) -> tuple[str, ...]:
    scored: Any = None
    if entry.standard == COPC and work.copc is not None:
        scored = work.copc.items[entry.id]
    elif entry.standard == SEE_CMM and work.see_cmm is not None:
        scored = work.see_cmm.criteria[entry.id]
    return tuple(reason.text(language()) for reason in scored.reasons) if scored is not None else ()


# ---------------------------------------------------------------- the grid of a category


def deployment_page(work: Work, category: str) -> DeploymentPage:
    """The deployment grid of a category. Raises KeyError where the review has none."""
    grids = deployment_categories(work)
    name = dict(grids)[category]
    standard = scope.content_of(work.review, COPC)
    items = tuple(
        standard.item(element)
        for element in scope.elements_of(work.review, COPC)
        if standard.item(element).category == category
    )
    units = scope.units_of(items[0], work.units)
    cells = {
        (fact.subject, fact.element): fact_view(work, COPC, fact)
        for fact in work.facts[COPC]
        if fact.kind == FactKind.UNIT and standard.item(fact.element).category == category
    }
    return DeploymentPage(
        review=queries.view_of(work),
        category=category,
        name=name,
        items=tuple((item.id, say(item.name)) for item in items),
        units=tuple((unit.code, pick(unit.name_zh, unit.name_en)) for unit in units),
        cells=cells,
        categories=grids,
    )


def deployment_categories(work: Work) -> tuple[tuple[str, str], ...]:
    """The categories of the review whose items are deployed over units."""
    if COPC not in work.sets:
        return ()
    standard = scope.content_of(work.review, COPC)
    inside = {standard.item(element).category for element in scope.elements_of(work.review, COPC)}
    return tuple(
        (entry.id, say(entry.name)) for entry in standard.categories if entry.unit_kind and entry.id in inside
    )


def may_judge(work: Work) -> bool:
    """Whether verdicts can be given now."""
    return work.review.state == ReviewState.IN_PROGRESS


def group_of(groups: Iterable[GroupView], element: str) -> GroupView:
    """The group that an element stands in."""
    return next(group for group in groups if any(entry.id == element for entry in group.elements))
