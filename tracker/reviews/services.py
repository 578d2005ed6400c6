"""Plan a review, judge in it, and move it: what the pages and the demo call."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from tracker import clock, history, moves
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.i18n import gettext as _
from tracker.moves import Signing, check_version
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.services import open_drafts, return_to_draft
from tracker.notifications.services import tell
from tracker.numbering import label, next_number
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews import queries, reporting, scope
from tracker.reviews.carrying import carry_forward, confirm, current_exists
from tracker.reviews.judging import (
    give_gap_reason,
    judge,
    judge_many,
    record_word,
    set_overrule,
    state_metric,
)
from tracker.reviews.laying import complete_facts, take_in
from tracker.reviews.models import Review, Tier
from tracker.reviews.records import record_of
from tracker.scores.computing import RELEASES
from tracker.scores.models import Cause
from tracker.scores.releases import site_key, standard_of
from tracker.scores.services import Why, ensure_release, leave_unscored, rescore_site
from tracker.scores.sheets import COPC, PINNING
from workflows.kinds import Source
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

__all__ = [
    "carry_forward", "confirm", "confirm_closures", "describe", "give_gap_reason", "judge", "judge_many",
    "label_of", "make_move", "plan_review", "record_of",
    "record_word", "reopen_if_unsettled", "report_content", "set_overrule", "state_metric", "take_in",
]  # fmt: skip


# ---------------------------------------------------------------- planning


def plan_review(
    actor: Actor,
    *,
    site_id: int,
    title: str,
    copc: bool = True,
    see_cmm: bool = False,
    tier: Tier | str = Tier.STANDARD,
    scope: Iterable[str] = (),
    period_start: date,
    period_end: date,
    planned_on: date | None = None,
    lead_auditor_id: int,
    from_last: bool = False,
) -> Review:
    """Plan a review and lay out every fact that it has to judge; an empty scope means all of the standards.

    With `from_last` it starts from what was reported last at the site, where anything was.

    Raises NotFound for an unknown site, and InvalidInput with every field that cannot be accepted.
    """
    site = db.session.get(Site, (actor.organisation_id, site_id))
    if site is None:
        raise NotFound
    wanted = tuple(dict.fromkeys(scope))
    tier = Tier(tier)
    _check_plan(site, title, (copc, see_cmm, tier, wanted), (period_start, period_end), lead_auditor_id)
    review = add(
        Review(
            organisation_id=actor.organisation_id,
            number=next_number(actor.organisation_id, "review"),
            site_id=site_id,
            state=ReviewState.PLANNED,
            title=title.strip(),
            copc=copc,
            see_cmm=see_cmm,
            tier=tier,
            scope=list(wanted),
            period_start=period_start,
            period_end=period_end,
            planned_on=planned_on,
            lead_auditor_id=lead_auditor_id,
            confirmed_closures=[],
            created_at=clock.now(),
        )
    )
    complete_facts(review, site)
    if from_last and current_exists(review.organisation_id, site_id):
        carry_forward(actor, review)
    history.record(record_of(review), "planned", actor.person_id, new_state=str(ReviewState.PLANNED))
    tell([lead_auditor_id], "review-planned", record_of(review), {"title": review.title})
    db.session.flush()
    return review


def _check_plan(
    site: Site,
    title: str,
    covered: tuple[bool, bool, Tier, tuple[str, ...]],
    period: tuple[date, date],
    lead_auditor_id: int,
) -> None:
    copc, see_cmm, tier, wanted = covered
    names = [name for name, chosen in zip(RELEASES, (copc, see_cmm), strict=True) if chosen]
    known = {element for name in names for element in _elements(site, name, tier)}
    faults: dict[str, list[str]] = {}
    if not title.strip():
        faults["title"] = [_("Give the review a title.")]
    elif len(title.strip()) > 200:
        faults["title"] = [_("At most %(count)d characters.", count=200)]
    if not names:
        faults["copc"] = [_("Choose at least one standard.")]
    elif copc and not _elements(site, COPC, tier):
        faults["tier"] = [_("The release that this site is scored by has no such tier.")]
    elif unknown := [element for element in wanted if element not in known]:
        faults["scope"] = [
            _("Not an item or criterion of what is reviewed: %(names)s", names=", ".join(unknown))
        ]
    if period[0] > period[1]:
        faults["period_end"] = [_("The period ends before it begins.")]
    if not _leads_at(site, lead_auditor_id):
        faults["lead_auditor_id"] = [_("Choose a lead auditor of this site.")]
    if faults:
        raise InvalidInput(faults)


def _elements(site: Site, standard: str, tier: Tier) -> tuple[str, ...]:
    """What there is to review under the release that a site is scored by now."""
    release = ensure_release(site.organisation_id, site_key(site.organisation_id, site.id, standard))
    return scope.all_elements(standard_of(release), tier.value)


def _leads_at(site: Site, person_id: int) -> bool:
    return bool(
        db.session.execute(
            sa.select(
                sa.exists().where(
                    Person.organisation_id == site.organisation_id,
                    Person.id == person_id,
                    Person.active,
                    RoleGrant.organisation_id == site.organisation_id,
                    RoleGrant.person_id == Person.id,
                    RoleGrant.role == Role.LEAD_AUDITOR,
                    sa.or_(RoleGrant.site_id.is_(None), RoleGrant.site_id == site.id),
                )
            )
        ).scalar()
    )


# ---------------------------------------------------------------- moves


def describe(
    actor: Actor,
    review: Review,
    *,
    sampled_kcrp: str | None = None,
    metric_list_confirmed: bool | None = None,
    version: int | None = None,
) -> None:
    """Attach the sampled audit of a KCRP, and say whether the metric list is confirmed."""
    check_version(review, version)
    given = {"sampled_kcrp": sampled_kcrp, "metric_list_confirmed": metric_list_confirmed}
    said = {}
    for name, value in given.items():
        after = value.strip() if isinstance(value, str) else value
        if after is not None and after != getattr(review, name):
            said[name] = [getattr(review, name), after]
            setattr(review, name, after)
    if said:
        history.record(record_of(review), "described", actor.person_id, changes=said)
    db.session.flush()


def confirm_closures(actor: Actor, review: Review, numbers: Iterable[int]) -> None:
    """Confirm that closures made while the review was under way are taken into account in its verdicts."""
    added = [number for number in dict.fromkeys(numbers) if number not in review.confirmed_closures]
    if added:
        # A new list, because a change inside a JSON value is not seen.
        review.confirmed_closures = [*review.confirmed_closures, *added]
        names = [label("nonconformity", number) for number in added]
        history.record(
            record_of(review), "closures_confirmed", actor.person_id, changes={"closures": [[], names]}
        )
    db.session.flush()


def make_move(
    actor: Actor,
    review: Review,
    event: str,
    *,
    reason: str = "",
    signing: Signing | None = None,
    version: int | None = None,
    sampled_kcrp: str | None = None,
    metric_list_confirmed: bool | None = None,
) -> None:
    """Make one move of a review with all that follows from it.

    `sampled_kcrp` and `metric_list_confirmed` may be given with `report`.

    Raises Conflict, Forbidden, WrongPassword, RefusedMove.
    """
    check_version(review, version)
    if sampled_kcrp is not None or metric_list_confirmed is not None:
        describe(actor, review, sampled_kcrp=sampled_kcrp, metric_list_confirmed=metric_list_confirmed)
    work = queries.load(review)
    if event == "withdraw" and review.state == ReviewState.REPORTED and not work.is_current:
        raise RefusedMove(
            _("withdraw the report"), [_("A later review of this site has been reported since.")]
        )
    reported_at = review.reported_at
    moves.move(
        "review",
        review,
        event,
        actor,
        queries.facts_of(work),
        queries.subject_of(review),
        reason=reason,
        signing=signing,
        stamps=_stamps(event, actor),
    )
    if event == "start":
        complete_facts(review, work.site)
    elif event == "report":
        _after_report(actor, review, work)
    elif event == "withdraw":
        _after_withdraw(actor, review, work, reported_at)
    db.session.flush()


def _stamps(event: str, actor: Actor) -> dict[str, Any]:
    """What each move leaves on the row beside the state."""
    now = clock.now()
    stamps: dict[str, dict[str, Any]] = {
        "start": {"started_at": now},
        "report": {"reported_at": now},
        "accept": {"accepted_at": now, "accepted_by_id": actor.person_id},
        "withdraw": {"reported_at": None, "accepted_at": None, "accepted_by_id": None},
        "close": {"closed_at": now},
    }
    return stamps.get(event, {})


def _after_report(actor: Actor, review: Review, work: queries.Work) -> None:
    """The facts become the site's current ones, the drafts open, the baseline is stored."""
    reporting.publish(work)
    open_drafts(review, actor)
    rescore_site(review.organisation_id, review.site_id, Why(Cause.BASELINE, review_id=review.id), actor)
    tell(_managers(review), "review-reported", record_of(review), {"title": review.title})


def _managers(review: Review) -> list[int]:
    return list(
        db.session.execute(
            sa.select(RoleGrant.person_id)
            .where(
                RoleGrant.organisation_id == review.organisation_id,
                RoleGrant.role == Role.QUALITY_MANAGER,
                sa.or_(RoleGrant.site_id.is_(None), RoleGrant.site_id == review.site_id),
            )
            .distinct()
            .order_by(RoleGrant.person_id)
        ).scalars()
    )


def _after_withdraw(actor: Actor, review: Review, work: queries.Work, reported_at: datetime | None) -> None:
    """The findings are drafts again, the earlier facts come back, and a run says so."""
    for finding in work.findings:
        record = finding.record
        raised_here = record.review_id == review.id and record.source == Source.REVIEW
        if raised_here and record.state == NonconformityState.OPEN:
            return_to_draft(record, actor)
    why = Why(Cause.WITHDRAWN, review_id=review.id)
    for left in reporting.restore(review, reported_at):
        leave_unscored(left, why, actor)
    rescore_site(review.organisation_id, review.site_id, why, actor)
    for earlier in _closed_over_open(review):
        reopen_if_unsettled(review.organisation_id, earlier, actor)


def _closed_over_open(review: Review) -> list[int]:
    """Closed reviews of the site with records that were reopened: the report that carried them may be gone."""
    return list(
        db.session.execute(
            sa.select(Review.id)
            .join(
                Nonconformity,
                (Nonconformity.organisation_id == Review.organisation_id)
                & (Nonconformity.review_id == Review.id),
            )
            .where(
                Review.organisation_id == review.organisation_id,
                Review.site_id == review.site_id,
                Review.state == ReviewState.CLOSED,
                Nonconformity.state.in_(PINNING),
            )
            .distinct()
            .order_by(Review.id)
        ).scalars()
    )


def reopen_if_unsettled(organisation_id: int, review_id: int, actor: Actor) -> None:
    """A non-conformity was reopened: its closed review is reported again, unless a later one carries it."""
    review = db.session.get(Review, (organisation_id, review_id))
    if review is None or review.state != ReviewState.CLOSED:
        return
    work = queries.load(review)
    if work.later_report:
        return
    facts = queries.facts_of(work)
    subject = queries.subject_of(review)
    moves.move("review", review, "reopen", actor, facts, subject, stamps={"closed_at": None})


def label_of(review: Review) -> str:
    """The review's number as people read it."""
    return label("review", review.number)


def report_content(work: queries.Work) -> dict[str, Any]:
    """What the lead auditor, or management, sees when signing: the totals, the gaps and the findings."""
    review = work.review
    return {
        "review": label("review", review.number),
        "title": review.title,
        "period": [review.period_start, review.period_end],
        "scope": review.scope,
        "totals": {
            view.standard: [view.total, view.verdict, view.level] for view in queries.standings_of(work)
        },
        "gaps": [[gap.standard, gap.key, gap.carrier, gap.reason] for gap in queries.gaps_in(work)],
        "facts": {
            standard: {fact.key: fact.value for fact in facts} for standard, facts in work.facts.items()
        },
    }
