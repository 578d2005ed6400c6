from datetime import date
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from scoring import rescore
from scoring.sheet import loads
from tests import factories
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Role
from tracker.database import add
from tracker.database import db as database
from tracker.errors import Conflict, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.moves import Signing
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import CspType, Unit, UnitKind
from tracker.reviews import queries, services
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review
from tracker.scores import sheets
from tracker.scores.models import Cause, ScoringRun
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.kinds import Source
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


def facts_of(review: Review, standard: str = COPC) -> dict[str, Fact]:
    return {fact.key: fact for fact in queries.load(review).facts[standard]}


def runs(at: Ground, standard: str = COPC) -> list[ScoringRun]:
    return list(
        database.session.execute(
            sa.select(ScoringRun)
            .where(ScoringRun.site_id == at.site.id, ScoringRun.standard == standard)
            .order_by(ScoringRun.number)
        ).scalars()
    )


def current_value(at: Ground, key: str) -> str:
    found = sheets.current_set(at.organisation.id, at.site.id, COPC)
    assert found is not None
    wanted = sa.select(Fact.value).where(Fact.fact_set_id == found.id, Fact.key == key)
    return str(database.session.execute(wanted).scalar_one())


# ---------------------------------------------------------------- planning


def test_a_planned_review_lays_out_every_fact_unjudged(at: Ground) -> None:
    review = grounds.plan(at)

    copc, rows = facts_of(review), facts_of(review, SEE_CMM)
    assert len(rows) == 30
    assert copc["2.7/unit/loan"].value == ""
    assert copc["3.1/unit/csr"].value == ""
    assert "3.1/unit/loan" not in copc
    assert "4.1/unit/loan" not in copc
    assert copc["4.7/word/compliant"].value == ""
    judged = {key for key, fact in copc.items() if fact.value}
    assert judged == {"2.1/line/2.1-2b"}


@pytest.mark.parametrize(
    ("kind", "line"),
    [(CspType.THIRD_PARTY, "2.1-2b"), (CspType.INTERNAL, "2.1-2a")],
    ids=["third", "internal"],
)
def test_the_line_for_the_other_type_of_csp_does_not_apply(db: SQLAlchemy, kind: CspType, line: str) -> None:
    with clock.at(TODAY):
        review = grounds.plan(grounds.lay(csp_type=kind))

        assert facts_of(review)[f"2.1/line/{line}"].value == "not_applicable"


def test_the_gold_tier_brings_its_own_items(at: Ground) -> None:
    standard, gold = grounds.plan(at, see_cmm=False), grounds.plan(at, see_cmm=False, tier="gold")

    extra = {fact.element for fact in facts_of(gold).values()} - {
        fact.element for fact in facts_of(standard).values()
    }
    assert len(extra) == 9


def test_a_plan_that_cannot_be_says_everything_that_is_wrong(at: Ground) -> None:
    with pytest.raises(InvalidInput) as refused:
        grounds.plan(
            at, "9.9", title=" ", period_end=date(2020, 1, 1), lead_auditor_id=at.manager.id, see_cmm=False
        )

    assert set(refused.value.fields) == {"title", "scope", "period_end", "lead_auditor_id"}


def test_a_site_of_another_organisation_cannot_be_reviewed(at: Ground) -> None:
    other = grounds.lay()

    with pytest.raises(NotFound):
        grounds.plan(at, site_id=other.site.id)


def test_a_programme_begun_since_is_added_at_the_start(at: Ground) -> None:
    review = grounds.plan(at, "2.7")
    fields = {"organisation_id": at.organisation.id, "site_id": at.site.id, "kind": UnitKind.PROGRAMME}
    add(Unit(code="new", name_zh="新", name_en="New", **fields))

    services.make_move(at.actor(at.lead), review, "start")

    assert "2.7/unit/new" in facts_of(review)


# ---------------------------------------------------------------- judging


def test_a_verdict_keeps_note_evidence_and_who_gave_it(at: Ground) -> None:
    review = grounds.started(at, "2.7")

    services.judge(
        at.actor(at.lead),
        review,
        COPC,
        "2.7/unit/loan",
        "partial",
        note=" half ",
        evidence="P-1",
        sampled=True,
    )

    fact = facts_of(review)["2.7/unit/loan"]
    assert (fact.value, fact.note, fact.evidence, fact.sampled) == ("partial", "half", "P-1", True)
    assert fact.judged_by_id == at.lead.id


def test_a_verdict_against_an_older_version_is_refused(at: Ground) -> None:
    review = grounds.started(at, "2.7")
    version = facts_of(review)["2.7/unit/loan"].version
    lead = at.actor(at.lead)
    services.judge(lead, review, COPC, "2.7/unit/loan", "full", version=version)

    with pytest.raises(Conflict):
        services.judge(lead, review, COPC, "2.7/unit/loan", "none", version=version)

    assert facts_of(review)["2.7/unit/loan"].value == "full"


BAD = [
    ("2.7/unit/loan", "met", InvalidInput),
    ("2.7/line/2.7-1", "full", InvalidInput),
    ("2.7/unit/nowhere", "full", NotFound),
    ("nonsense", "full", NotFound),
    ("2.7/line/2.7-1", "not_assessed", InvalidInput),
]


@pytest.mark.parametrize(("key", "value", "error"), BAD, ids=lambda value: str(value)[:24])
def test_a_verdict_that_does_not_fit_is_refused(at: Ground, key: str, value: str, error: type) -> None:
    review = grounds.started(at, "2.7")

    with pytest.raises(error):
        services.judge(at.actor(at.lead), review, COPC, key, value)


def test_a_row_takes_levels_up_to_four_only(at: Ground) -> None:
    review = grounds.started(at, "S1")

    with pytest.raises(InvalidInput):
        services.judge(at.actor(at.lead), review, SEE_CMM, "S1/row/feedback", "5")


def test_many_are_judged_with_the_same_evidence_or_none_at_all(at: Ground) -> None:
    review = grounds.started(at, "2.7")
    lead, keys = at.actor(at.lead), ["2.7/unit/card", "2.7/unit/loan"]
    services.judge_many(lead, review, COPC, keys, "full", note="Walk-through", evidence="W-1")

    with pytest.raises(NotFound):
        services.judge_many(lead, review, COPC, [*keys, "2.7/unit/nowhere"], "none")

    found = facts_of(review)
    assert {(found[key].value, found[key].evidence) for key in keys} == {("full", "W-1")}


def test_nothing_is_judged_before_the_start_or_after_the_report(at: Ground) -> None:
    review = grounds.plan(at, "2.7")
    with pytest.raises(Conflict):
        grounds.judge_one(at, review, "2.7/unit/loan", "full")
    services.make_move(at.actor(at.lead), review, "start")
    grounds.judge_all(at, review)
    services.describe(at.actor(at.lead), review, sampled_kcrp="K")
    grounds.report(at, review)

    with pytest.raises(Conflict):
        grounds.judge_one(at, review, "2.7/unit/loan", "none")


def test_the_owner_of_a_metric_does_not_vouch_for_it(at: Ground) -> None:
    review = grounds.started(at)

    with pytest.raises(InvalidInput):
        services.state_metric(at.actor(at.owner), review, "m0", "integrity", True)
    services.state_metric(at.actor(at.lead), review, "m0", "integrity", False, note="Sample of 30 calls")

    gap = next(gap for gap in queries.gaps_of(review) if gap.kind == "metric")
    assert (gap.subject, gap.aspect, gap.pins[0].key) == ("m0", "cui", "4.1/metric/m0/cui")


def test_an_overrule_replaces_the_computed_score_and_can_be_lifted(at: Ground) -> None:
    review = grounds.judged(at)
    assessor = at.actor(at.assessor)
    services.set_overrule(assessor, review, "2.7", "approach", 50, "Reported, not seen")

    item = queries.load(review).computed[COPC].result.items["2.7"]
    assert (item.points, dict(item.computed)) == (Fraction(20), {"approach": 100})

    services.set_overrule(assessor, review, "2.7", "approach", None, "Seen since")
    assert queries.load(review).computed[COPC].result.items["2.7"].points == 40


@pytest.mark.parametrize(
    ("dimension", "score", "reason", "field"),
    [("level", 50, "r", "dimension"), ("approach", 40, "r", "score"), ("approach", 50, " ", "reason")],
    ids=["dimension", "score", "reason"],
)
def test_an_overrule_that_cannot_be_is_refused(at: Ground, dimension, score, reason, field) -> None:
    review = grounds.started(at, "2.7")

    with pytest.raises(InvalidInput) as refused:
        services.set_overrule(at.actor(at.assessor), review, "2.7", dimension, score, reason)

    assert list(refused.value.fields) == [field]


# ---------------------------------------------------------------- gaps


def test_every_kind_of_gap_is_found_once(at: Ground) -> None:
    review = grounds.judged(at)
    grounds.judge_one(at, review, "1.2/line/1.2-2c", "not_met")
    grounds.judge_one(at, review, "2.7/unit/loan", "partial")
    grounds.judge_one(at, review, "S1/row/feedback", "1")
    for code in ("m0", "m6"):
        services.state_metric(at.actor(at.assessor), review, code, "improving", False, note="Seasonal")
    services.state_metric(at.actor(at.assessor), review, "m1", "meets_target", False, note="Wrong target")

    gaps = {(gap.element, gap.kind): gap for gap in queries.gaps_of(review)}

    assert set(gaps) == {("1.2", "line"), ("2.7", "unit"), ("4.1", "trend"), ("4.2", "metric"), ("S1", "row")}
    pins = [pin.key for pin in gaps["4.1", "trend"].pins]
    assert pins == ["4.1/metric/m0/improves", "4.1/metric/m6/improves"]
    assert gaps["S1", "row"].pins[0].level == 3
    assert gaps["4.2", "metric"].key == "4.2/metric/m1/meets"


def test_a_draft_of_the_review_carries_its_gap_and_so_does_a_reason(at: Ground) -> None:
    review = grounds.judged(at)
    grounds.judge_one(at, review, "2.7/unit/loan", "none")
    grounds.judge_one(at, review, "2.7/unit/card", "none")
    draft = factories.nonconformity(at.site, at.owner, state=NonconformityState.DRAFT, review_id=review.id)
    factories.pin(draft, "2.7/unit/loan")
    services.give_gap_reason(at.actor(at.lead), review, "2.7/unit/card", "Closes in July")

    gaps = {gap.key: gap for gap in queries.gaps_of(review)}

    assert gaps["2.7/unit/loan"].carried_by == draft.number
    assert gaps["2.7/unit/card"].reason == "Closes in July"
    assert all(gap.carried for gap in gaps.values())


def test_an_open_gap_of_an_earlier_review_keeps_carrying_its_fact(at: Ground) -> None:
    earlier = factories.nonconformity(at.site, at.owner, state=NonconformityState.CORRECTING)
    factories.pin(earlier, "2.7/unit/loan")
    review = grounds.judged(at, "2.7")
    grounds.judge_one(at, review, "2.7/unit/loan", "none")

    (gap,) = queries.gaps_of(review)

    assert gap.carried_by == earlier.number


# ---------------------------------------------------------------- the report


def test_a_report_freezes_a_baseline_equal_to_scoring_its_sheet_alone(at: Ground) -> None:
    review = grounds.judged(at)
    running = queries.load(review).computed[COPC].result.total

    grounds.report(at, review)
    grounds.committed()

    (run,) = runs(at)
    assert (run.cause, run.review_id, run.total) == (Cause.BASELINE, review.id, running)
    assert rescore.score(loads(run.sheet)).total == run.total == 2000
    (rows,) = runs(at, SEE_CMM)
    assert (rows.total, rows.level) == (750, 3)
    assert review.state == ReviewState.REPORTED


def test_a_report_that_is_not_ready_says_why_and_changes_nothing(at: Ground) -> None:
    review = grounds.started(at, "2.7")
    grounds.judge_one(at, review, "2.7/unit/loan", "none")

    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)

    said = " ".join(refused.value.reasons)
    assert "not judged yet" in said
    assert "not carried" in said
    assert "sample audit is missing" in said
    assert review.state == ReviewState.IN_PROGRESS
    assert review.reported_at is None
    assert runs(at) == []


def test_a_verdict_without_evidence_keeps_the_report_back(at: Ground) -> None:
    review = grounds.judged(at, "2.7")
    services.judge(at.actor(at.lead), review, COPC, "2.7/unit/loan", evidence="")

    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)

    assert len(refused.value.reasons) == 1
    assert "2.7" in refused.value.reasons[0]


def test_who_gave_the_word_does_not_sign_what_relies_on_it(at: Ground) -> None:
    both = factories.person(at.organisation, Role.LEAD_AUDITOR, Role.ASSESSOR)
    review = grounds.judged(at, lead_auditor_id=both.id)
    services.record_word(at.actor(both), review, True, "All three full")

    signing = Signing(factories.PASSWORD, {})

    with pytest.raises(RefusedMove) as refused:
        services.make_move(at.actor(both), review, "report", signing=signing)

    assert "another person has to sign" in " ".join(refused.value.reasons)


def test_a_wrong_password_signs_nothing(at: Ground) -> None:
    review = grounds.judged(at, "2.7")

    with pytest.raises(WrongPassword):
        services.make_move(at.actor(at.lead), review, "report", signing=Signing("wrong", {}))

    assert review.state == ReviewState.IN_PROGRESS


def test_management_accepts_but_not_the_auditors(at: Ground) -> None:
    auditing_manager = factories.person(at.organisation, Role.LEAD_AUDITOR, Role.QUALITY_MANAGER)
    review = grounds.judged(at, "2.7", see_cmm=False, lead_auditor_id=auditing_manager.id)
    signing = Signing(factories.PASSWORD, {})
    services.make_move(at.actor(auditing_manager), review, "report", signing=signing)

    with pytest.raises(RefusedMove):
        services.make_move(at.actor(auditing_manager), review, "accept", signing=signing)
    services.make_move(at.actor(at.manager), review, "accept", signing=signing)

    assert review.accepted_by_id == at.manager.id
    services.make_move(at.actor(at.manager), review, "close")
    assert review.state == ReviewState.CLOSED


def test_a_review_of_some_items_leaves_the_others_as_they_are(at: Ground) -> None:
    whole = grounds.judged(at, see_cmm=False)
    grounds.report(at, whole)
    later = grounds.judged(at, "2.7", see_cmm=False)
    grounds.judge_one(at, later, "2.7/unit/loan", "none")
    services.give_gap_reason(at.actor(at.lead), later, "2.7/unit/loan", "Moves out")

    grounds.report(at, later)
    grounds.committed()

    assert [run.total for run in runs(at)] == [2000, 1990]
    assert current_value(at, "2.7/unit/loan") == "none"
    assert current_value(at, "2.6/unit/loan") == "full"


def test_closures_made_meanwhile_are_to_be_confirmed(at: Ground) -> None:
    review = grounds.judged(at, "2.7")
    earlier = factories.nonconformity(
        at.site, at.owner, state=NonconformityState.CLOSED, closed_at=clock.now()
    )
    factories.pin(earlier, "2.7/unit/loan", released_at=clock.now())

    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)
    services.confirm_closures(at.actor(at.lead), review, [earlier.number])
    grounds.report(at, review)

    assert "NC-0001" in " ".join(refused.value.reasons)


# ---------------------------------------------------------------- withdrawing


def withdraw(at: Ground, review: Review) -> None:
    services.make_move(at.actor(at.lead), review, "withdraw", reason="The scope was wrong")
    grounds.committed()


def test_a_withdrawal_brings_the_earlier_facts_back_by_a_new_run(at: Ground) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))
    later = grounds.judged(at, see_cmm=False)
    grounds.judge_one(at, later, "2.7/unit/loan", "none")
    services.give_gap_reason(at.actor(at.lead), later, "2.7/unit/loan", "Moves out")
    grounds.report(at, later)

    withdraw(at, later)

    assert [(run.cause, run.total) for run in runs(at)] == [
        (Cause.BASELINE, 2000),
        (Cause.BASELINE, 1990),
        (Cause.WITHDRAWN, 2000),
    ]
    assert current_value(at, "2.7/unit/loan") == "full"
    assert (later.state, later.reported_at) == (ReviewState.IN_PROGRESS, None)
    assert facts_of(later)["2.7/unit/loan"].value == "none"


def test_a_withdrawal_keeps_what_was_signed_meanwhile(at: Ground, db: SQLAlchemy) -> None:
    first = grounds.judged(at, "2.7", see_cmm=False)
    grounds.judge_one(at, first, "2.7/unit/loan", "none")
    services.give_gap_reason(at.actor(at.lead), first, "2.7/unit/loan", "Known")
    grounds.report(at, first)
    earlier = factories.nonconformity(at.site, at.owner, state=NonconformityState.VERIFYING)
    pin = factories.pin(earlier, "2.7/unit/loan")
    later = grounds.judged(at, "2.7", see_cmm=False)
    grounds.report(at, later)
    with clock.at(date(2026, 7, 1)):
        pin.released_at = earlier.closed_at = clock.now()
        earlier.state = NonconformityState.CLOSED
        db.session.flush()

    withdraw(at, later)

    assert current_value(at, "2.7/unit/loan") == "full"


def test_a_withdrawal_turns_the_findings_into_drafts_again(at: Ground) -> None:
    review = grounds.judged(at, "2.7", see_cmm=False)
    grounds.judge_one(at, review, "2.7/unit/loan", "none")
    draft = factories.nonconformity(
        at.site,
        at.owner,
        state=NonconformityState.DRAFT,
        source=Source.REVIEW,
        review_id=review.id,
        opened_at=None,
        accepted_at=None,
        raised_by_id=at.lead.id,
    )
    factories.pin(draft, "2.7/unit/loan")
    grounds.report(at, review)
    assert draft.state == NonconformityState.OPEN

    withdraw(at, review)

    assert (draft.state, draft.opened_at, draft.due_on) == (NonconformityState.DRAFT, None, None)
    assert sheets.current_set(at.organisation.id, at.site.id, COPC) is None


def test_a_report_whose_findings_have_moved_on_stays(at: Ground) -> None:
    review = grounds.judged(at, "2.7", see_cmm=False)
    grounds.report(at, review)
    factories.nonconformity(at.site, at.owner, state=NonconformityState.CONTAINED, review_id=review.id)

    with pytest.raises(RefusedMove) as refused:
        withdraw(at, review)

    assert "moved on" in " ".join(refused.value.reasons)


def test_only_the_latest_report_of_a_site_can_be_withdrawn(at: Ground) -> None:
    first, second = grounds.judged(at, "2.7", see_cmm=False), grounds.judged(at, "2.6", see_cmm=False)
    grounds.report(at, first)
    grounds.report(at, second)

    with pytest.raises(RefusedMove) as refused:
        withdraw(at, first)

    assert "later review" in " ".join(refused.value.reasons)


def test_a_closed_review_is_reported_again_when_a_finding_is_reopened(at: Ground) -> None:
    review = grounds.judged(at, "2.7", see_cmm=False)
    grounds.report(at, review)
    services.make_move(at.actor(at.manager), review, "accept", signing=Signing(factories.PASSWORD, {}))
    services.make_move(at.actor(at.manager), review, "close")
    factories.nonconformity(at.site, at.owner, state=NonconformityState.CORRECTING, review_id=review.id)

    services.reopen_if_unsettled(at.organisation.id, review.id, at.actor(at.lead))

    assert (review.state, review.closed_at) == (ReviewState.REPORTED, None)


def test_a_cancelled_review_never_counted(at: Ground, db: SQLAlchemy) -> None:
    review = grounds.started(at, "2.7")

    services.make_move(at.actor(at.manager), review, "cancel", reason="Postponed")

    assert review.state == ReviewState.CANCELLED
    kinds = db.session.execute(sa.select(FactSet.kind).where(FactSet.site_id == at.site.id)).scalars()
    assert set(kinds) == {FactSetKind.REVIEW}


# ---------------------------------------------------------------- worked examples, through the database


def test_one_metric_of_two_that_meets_target_and_improves_scores_as_worked_by_hand(at: Ground) -> None:
    """C-4-ITEM: approach 75, level 50, trend 50 make 58⅓ percent, exactly."""
    review = grounds.judged(at, see_cmm=False)
    lines = [key for key in facts_of(review) if key.startswith("4.4/line/")]
    grounds.judge_one(at, review, lines[0], "not_met")
    for aspect in ("meets_target", "improving"):
        services.state_metric(at.actor(at.assessor), review, "m3", aspect, False, note="Wrong source")

    item = queries.load(review).computed[COPC].result.items["4.4"]

    assert dict(item.dimensions) == {"approach": 75, "level": 100, "trend": 50}
    assert item.percent == Fraction(225, 3)


def test_deployment_is_blank_until_every_unit_is_judged(at: Ground) -> None:
    review = grounds.started(at, "2.7", see_cmm=False)
    for key in [key for key in facts_of(review) if "/line/" in key]:
        grounds.judge_one(at, review, key, "met")
    grounds.judge_one(at, review, "2.7/unit/card", "full")

    assert queries.load(review).computed[COPC].result.items["2.7"].points is None

    for code in ("loan", "retail", "air"):
        grounds.judge_one(at, review, f"2.7/unit/{code}", "not_applicable")
    assert queries.load(review).computed[COPC].result.items["2.7"].points == 40


def test_findings_of_another_organisation_are_not_seen(at: Ground) -> None:
    other = grounds.lay()
    review, foreign = grounds.judged(at, "2.7"), grounds.judged(other, "2.7")
    stranger = factories.nonconformity(other.site, other.owner, state=NonconformityState.OPEN)
    factories.pin(stranger, "2.7/unit/loan")
    grounds.judge_one(at, review, "2.7/unit/loan", "none")

    (gap,) = queries.gaps_of(review)

    assert gap.carried_by is None
    assert foreign.number == review.number
    with pytest.raises(NotFound):
        services.judge(at.actor(at.lead), review, COPC, "2.7/unit/nowhere", "full")
    assert isinstance(stranger, Nonconformity)


def test_the_facts_of_a_kind_stand_in_the_order_of_the_catalogue(at: Ground) -> None:
    lines = [
        fact.subject
        for fact in queries.load(grounds.plan(at, "1.2")).facts[COPC]
        if fact.kind == FactKind.LINE
    ]

    assert lines == ["1.2-1", "1.2-2a", "1.2-2b", "1.2-2c", "1.2-3"]
