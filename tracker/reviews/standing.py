"""How far a review is, and what it scores so far."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from tracker.i18n import pick, say
from tracker.offers import state_view
from tracker.reviews import scope
from tracker.reviews.viewmodels import (
    ElementView,
    GapView,
    GroupView,
    ReviewView,
    StandingView,
    is_evidenced,
)
from tracker.reviews.work import JUDGED_KINDS, Work
from tracker.scores.sheets import COPC, SEE_CMM

ZERO = Fraction(0)


def groups_of(work: Work, gaps: Sequence[GapView]) -> tuple[GroupView, ...]:
    """Categories with their items, then the criteria: how far each is judged, and what it scores so far."""
    return tuple(_copc_groups(work, gaps)) + tuple(_see_groups(work, gaps))


COUNTED = ("judged", "total", "unevidenced", "gaps", "uncarried", "unconfirmed")


def _counted(work: Work, standard: str, gaps: Sequence[GapView]) -> dict[str, dict[str, int]]:
    """Element → how many facts of it are judged, and so on; one that was only taken over is not judged yet."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for fact in work.facts[standard]:
        found = counts[fact.element]
        found["unconfirmed"] += fact.carried
        if fact.kind in JUDGED_KINDS:
            found["judged"] += bool(fact.value) and not fact.carried
            found["total"] += 1
            found["unevidenced"] += bool(fact.value) and not is_evidenced(
                fact.value, fact.note, fact.evidence
            )
    for gap in gaps:
        if gap.standard == standard:
            counts[gap.element]["gaps"] += 1
            counts[gap.element]["uncarried"] += not gap.carried
    return counts


def _view(named: tuple[str, str, str], counted: dict[str, int], **scored: Any) -> ElementView:
    return ElementView(
        *named,
        judged=counted["judged"],
        total=counted["total"],
        unevidenced=counted["unevidenced"],
        gaps=counted["gaps"],
        uncarried=counted["uncarried"],
        unconfirmed=counted["unconfirmed"],
        **scored,
    )


def _copc_groups(work: Work, gaps: Sequence[GapView]) -> Iterable[GroupView]:
    if COPC not in work.sets:
        return
    standard, tier = scope.content_of(work.review, COPC), work.review.tier.value
    counts = _counted(work, COPC, gaps)
    scored = work.copc.items if work.copc is not None else {}
    for category in standard.categories:
        elements = []
        for element in scope.elements_of(work.review, COPC):
            item = standard.item(element)
            if item.category == category.id:
                found = scored.get(element)
                elements.append(
                    _view(
                        (COPC, element, say(item.name)),
                        counts[element],
                        points=found.points if found else None,
                        maximum=item.points[tier],
                        dimensions=tuple(found.dimensions.items()) if found else (),
                    )
                )
        if elements:
            yield GroupView(
                category.id,
                say(category.name),
                tuple(elements),
                sum((element.points or ZERO for element in elements), start=ZERO),
                sum((element.maximum for element in elements), start=ZERO),
            )


def _see_groups(work: Work, gaps: Sequence[GapView]) -> Iterable[GroupView]:
    if SEE_CMM not in work.sets:
        return
    standard = scope.content_of(work.review, SEE_CMM)
    counts = _counted(work, SEE_CMM, gaps)
    scored = work.see_cmm.criteria if work.see_cmm is not None else {}
    elements = tuple(
        _view(
            (SEE_CMM, element, say(standard.criterion(element).name)),
            counts[element],
            points=scored[element].points,
            maximum=scored[element].max,
            level=scored[element].level,
        )
        for element in scope.elements_of(work.review, SEE_CMM)
    )
    if elements:
        yield GroupView(
            "S",
            say(standard.name),
            elements,
            sum((element.points or ZERO for element in elements), start=ZERO),
            sum((element.maximum for element in elements), start=ZERO),
        )


def standings_of(work: Work) -> tuple[StandingView, ...]:
    """The running total under each standard."""
    found = []
    if work.copc is not None:
        verdict = work.copc.verdict.value
        found.append(
            StandingView(
                standard=COPC,
                total=work.copc.total,
                maximum=work.copc.max,
                pass_points=scope.content_of(work.review, COPC).tiers[work.review.tier.value].pass_points,
                reached=verdict == "meets",
                verdict=verdict,
                blank=len(work.copc.blank),
            )
        )
    if work.see_cmm is not None:
        level, target = work.see_cmm.overall_level, work.site.target_level
        found.append(
            StandingView(
                standard=SEE_CMM,
                total=work.see_cmm.total,
                maximum=work.see_cmm.max,
                pass_points=work.see_cmm.max * target / 4,
                reached=level is not None and level >= target,
                verdict="",
                blank=len(work.see_cmm.blank),
                level=level,
                target_level=target,
            )
        )
    return tuple(found)


def view_of(work: Work) -> ReviewView:
    """The review's own values."""
    review, site, lead = work.review, work.site, work.lead
    return ReviewView(
        number=review.number,
        version=review.version,
        title=review.title,
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        state=state_view("review", review.state),
        copc=review.copc,
        see_cmm=review.see_cmm,
        tier=review.tier.value,
        period_start=review.period_start,
        period_end=review.period_end,
        planned_on=review.planned_on,
        lead=pick(lead.name_zh, lead.name_en),
        sampled_kcrp=review.sampled_kcrp,
        metric_list_confirmed=review.metric_list_confirmed,
        origin=work.origin,
        reported_at=review.reported_at,
        accepted_at=review.accepted_at,
    )
