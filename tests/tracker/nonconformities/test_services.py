"""The life of a non-conformity through its services: each event, its refusals, and what it does to the score."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.tracker.actions import loop
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import LINE, OTHER_LINE, ROW, SIGNED, START, UNIT, Ground, spec
from tracker import clock
from tracker.accounts.models import Role
from tracker.actions.models import Action
from tracker.database import add
from tracker.errors import Conflict, Forbidden, InvalidInput, NotFound, RefusedMove, WrongPassword
from tracker.history import HistoryEvent
from tracker.moves import Signing
from tracker.nonconformities import services
from tracker.nonconformities.drafts import Draft, PinSpec
from tracker.nonconformities.facts import facts_of
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
from tracker.notifications.models import OutboxMessage
from tracker.reviews.models import Fact, FactSet, Overrule
from tracker.scores.models import Cause
from tracker.scores.promises import promise
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.facts import NonconformityFacts
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState as State


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


def move(at: Ground, who: str, record: Nonconformity, event: str, **fields: object) -> None:
    services.make_move(at.actor(who), record, event, **fields)


def refused(at: Ground, who: str, record: Nonconformity, event: str, **fields: object) -> str:
    before = record.state
    with pytest.raises(RefusedMove) as caught:
        move(at, who, record, event, **fields)
    assert record.state == before
    assert caught.value.reasons
    return " ".join(caught.value.reasons)


# ---------------------------------------------------------------- raising


def test_a_draft_holds_nothing_and_knows_what_it_touches(at: Ground, db: SQLAlchemy) -> None:
    record = at.draft(LINE, UNIT, ROW, links=[(COPC, "4.4")])

    links = db.session.execute(
        sa.select(NonconformityLink.element).where(NonconformityLink.nonconformity_id == record.id)
    ).scalars()
    assert sorted(links) == ["2.7", "4.4", "S1"]
    assert (record.state, record.element, record.number) == (State.DRAFT, "2.7", 1)
    assert len(at.runs()) == 1


def test_raising_holds_the_facts_and_stores_a_run(at: Ground) -> None:
    met = "2.7/line/2.7-4"
    record = at.opened(met, grade=Grade.MAJOR)

    runs = at.runs()
    assert record.state == State.OPEN
    assert [run.cause for run in runs] == [Cause.BASELINE, Cause.RAISED]
    assert runs[-1].nonconformity_id == record.id
    assert runs[-1].total < runs[0].total


def test_the_containment_of_a_major_counts_working_days(at: Ground) -> None:
    with clock.at(date(2026, 3, 6)):  # a Friday
        record = at.opened(grade=Grade.MAJOR)

    assert (record.due_on, record.due_step) == (date(2026, 3, 11), "containment")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": " "}, "title"),
        ({"evidence": ""}, "evidence"),
        ({"owner_id": None}, "owner"),
        ({"pins": [], "grade": Grade.MAJOR}, "pinned facts"),
        ({"pins": []}, "pinned facts"),
        ({"grade": Grade.OBSERVATION}, "pinned facts"),
        ({"grade": Grade.OFI}, "pinned facts"),
    ],
)
def test_what_is_missing_is_said_when_raising(at: Ground, fields: dict[str, object], words: str) -> None:
    record = at.draft(**fields)

    assert words in refused(at, "auditor", record, "raise")


def test_a_minor_without_pins_needs_the_lead_auditors_word(at: Ground) -> None:
    record = at.draft(pins=[])
    services.edit(at.actor("lead"), record, _draft(record, pins=(), unpinned_reason="One slip of one agent"))

    move(at, "auditor", record, "raise")

    assert record.state == State.OPEN


def test_only_a_lead_auditor_calls_it_an_isolated_lapse(at: Ground) -> None:
    with pytest.raises(InvalidInput):
        services.raise_draft(
            at.actor("auditor"),
            site_id=at.site.id,
            title="x",
            grade=Grade.MINOR,
            unpinned_reason="One slip of one agent",
        )


def test_a_repeat_of_a_closed_record_is_a_major(at: Ground) -> None:
    first = at.closed(LINE)
    record = at.draft(repeat_of_id=first.id)

    assert "major" in refused(at, "auditor", record, "raise")


def test_a_finding_of_a_review_waits_for_its_report(at: Ground, db: SQLAlchemy) -> None:
    at.review.state, at.review.reported_at = "in_progress", None
    record = at.draft(review_id=at.review.id, source=Source.REVIEW)

    assert "report" in refused(at, "auditor", record, "raise")
    services.open_drafts(at.review, at.actor("lead"))
    assert record.state == State.OPEN


def test_the_owner_is_told(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened()

    message = db.session.execute(
        sa.select(OutboxMessage).where(OutboxMessage.record_id == record.id)
    ).scalar_one()
    assert (message.person_id, message.kind) == (at.process_owner.id, "nonconformity-opened")


@pytest.mark.parametrize("key", ["9.9/line/9.9-1", "2.7/line/2.7-99", "nonsense", "4.4/metric/none/meets"])
def test_a_fact_of_elsewhere_cannot_be_pinned(at: Ground, key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        at.draft(pins=[PinSpec(COPC, key)])

    assert "pins" in caught.value.fields


def test_a_row_is_pinned_with_a_level(at: Ground) -> None:
    with pytest.raises(InvalidInput):
        at.draft(pins=[PinSpec(SEE_CMM, ROW)])


def test_a_viewer_raises_nothing(at: Ground) -> None:
    with pytest.raises(Forbidden):
        services.raise_draft(at.actor("viewer"), site_id=at.site.id, title="x", grade=Grade.MINOR)


# ---------------------------------------------------------------- the owner's answer


def test_only_the_owner_answers(at: Ground) -> None:
    record = at.opened()

    with pytest.raises(Forbidden):
        move(at, "auditor", record, "accept")
    move(at, "process_owner", record, "accept")

    assert record.accepted_at is not None


def test_a_dispute_needs_a_reason_and_comes_in_time(at: Ground) -> None:
    record = at.opened(grade=Grade.MAJOR)

    assert refused(at, "process_owner", record, "dispute")
    with clock.at(START + timedelta(days=20)):
        assert "containment time" in refused(at, "process_owner", record, "dispute", reason="No")


def test_an_upheld_dispute_cannot_be_repeated(at: Ground) -> None:
    record = at.opened()
    move(at, "process_owner", record, "dispute", reason="It is recorded")
    due = record.due_on
    move(at, "lead", record, "uphold", reason="12 of 60 were not")

    assert (record.state, record.due_on, record.dispute_answer) == (State.OPEN, due, "12 of 60 were not")
    assert "upheld" in refused(at, "process_owner", record, "dispute", reason="It is")


def test_a_granted_dispute_changes_the_grade_and_its_deadline(at: Ground) -> None:
    record = at.opened(grade=Grade.MAJOR)
    move(at, "process_owner", record, "dispute", reason="It is a slip")

    move(at, "lead", record, "regrade", reason="Agreed", new_grade=Grade.MINOR)

    assert (record.grade, record.state) == (Grade.MINOR, State.OPEN)
    assert record.due_on == date(2026, 3, 16)


def test_a_milder_grade_lets_go_of_settled_facts_only(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened()
    move(at, "process_owner", record, "dispute", reason="It is met")
    assert "pinned facts" in refused(at, "lead", record, "regrade", reason="x", new_grade=Grade.OBSERVATION)

    other = at.opened(LINE)
    move(at, "lead", record, "regrade", reason="Carried by the other", new_grade=Grade.OBSERVATION)

    assert db.session.execute(sa.select(Pin).where(Pin.nonconformity_id == record.id)).first() is None
    assert other.state == State.OPEN


# ---------------------------------------------------------------- containing and following the actions


def test_containing_asks_for_the_correction_or_why_none(at: Ground) -> None:
    record = at.opened()

    assert "correction" in refused(at, "process_owner", record, "contain")
    move(
        at,
        "process_owner",
        record,
        "contain",
        correction_needed=False,
        no_correction_reason="Nothing to put right",
    )

    assert (record.state, record.due_step) == (State.CONTAINED, "plan")
    assert record.accepted_at is not None


def test_it_follows_its_actions_to_verifying_and_back(at: Ground) -> None:
    record = at.contained()

    loop.implemented(at, record)
    assert (record.state, record.due_step) == (State.VERIFYING, "follow_up")
    loop.created(at, record)

    assert (record.state, record.due_step) == (State.CORRECTING, "implementation")


def test_a_no_of_the_follow_up_sends_it_back_and_counts(at: Ground) -> None:
    record = at.contained()
    loop.implemented(at, record)

    loop.audited(at, record, purpose=loop.AuditPurpose.IMPLEMENTATION, implemented=False, effective=None)

    assert (record.state, record.not_effective) == (State.CORRECTING, 1)
    assert (record.answered_implemented, record.answered_effective) == (None, None)


def test_moves_of_the_system_cannot_be_asked_for(at: Ground) -> None:
    record = at.opened()

    for event in ("return_to_draft", "send_back", "start_correcting", "dance"):
        with pytest.raises(NotFound):
            move(at, "lead", record, event)


# ---------------------------------------------------------------- closing


@pytest.mark.parametrize(
    "keys", [(LINE,), (LINE, OTHER_LINE), (UNIT,), (LINE, OTHER_LINE, UNIT), (ROW,), (UNIT, ROW)]
)
def test_closing_moves_the_totals_by_exactly_what_was_promised(
    at: Ground, db: SQLAlchemy, keys: tuple[str, ...]
) -> None:
    record = at.verified(*keys)
    promised = promise(record.organisation_id, record.id)
    before = {each.standard: at.total(each.standard) for each in promised.standards}
    db.session.refresh(record)
    alone = record.points_alone

    move(at, "lead", record, "close", signing=SIGNED)

    assert promised.standards
    for each in promised.standards:
        assert at.total(each.standard) - before[each.standard] == each.after - each.before
        assert sum((gain for _, gain in each.moved), Fraction(0)) == each.after - each.before
    if promised.of(COPC):
        assert promised.of(COPC).change == alone


def test_closing_releases_the_facts_and_says_so(at: Ground, db: SQLAlchemy) -> None:
    record = at.closed(LINE, ROW)

    events = set(
        db.session.execute(sa.select(HistoryEvent.event).where(HistoryEvent.record_id == record.id)).scalars()
    )
    assert (at.value(LINE), at.value(ROW)) == ("met", "2")
    assert {"created", "raise", "contain", "close", "fact_released"} <= events
    assert at.runs()[-1].cause == Cause.CLOSED
    assert (record.closed_at is not None, record.due_on) == (True, None)


def test_a_fact_that_another_record_holds_stays_held(at: Ground) -> None:
    at.opened(LINE)
    record = at.verified(LINE)
    before = at.total()

    move(at, "lead", record, "close", signing=SIGNED)

    assert at.value(LINE) == "met"
    assert at.total() == before


def test_closing_waits_for_the_follow_up(at: Ground) -> None:
    record = at.contained()
    assert "not possible" in refused(at, "lead", record, "close", signing=SIGNED)
    loop.implemented(at, record)

    words = refused(at, "lead", record, "close", signing=SIGNED)

    assert "follow-up" in words


def test_closing_is_signed_with_the_own_password(at: Ground) -> None:
    record = at.verified()

    assert "signed" in refused(at, "lead", record, "close")
    with pytest.raises(WrongPassword):
        move(at, "lead", record, "close", signing=Signing("not mine", {}))

    assert record.state == State.VERIFYING
    assert at.value(LINE) == "not_met"


def test_a_major_is_approved_by_another_than_who_closes_it(at: Ground) -> None:
    record = at.verified(grade=Grade.MAJOR)
    assert "approve" in refused(at, "lead", record, "close", signing=SIGNED)
    both = factories.person(at.organisation, Role.APPROVER, Role.VERIFIER, at=at.site)
    actor = at.act(both)

    services.make_move(actor, record, "approve_closure", signing=SIGNED)
    with pytest.raises(RefusedMove) as caught:
        services.make_move(actor, record, "close", signing=SIGNED)
    move(at, "lead", record, "close", signing=SIGNED)

    assert "another verifier" in caught.value.reasons[0]
    assert record.state == State.CLOSED


@pytest.mark.parametrize(
    ("who", "words"),
    [("process_owner", "own it"), ("owner", "implemented"), ("approver", "approved the plan")],
)
def test_who_had_a_hand_in_it_does_not_close_it(at: Ground, who: str, words: str) -> None:
    record = at.verified()
    person = getattr(at, who)
    add(
        factories.RoleGrant(
            organisation_id=at.organisation.id, person_id=person.id, site_id=at.site.id, role=Role.VERIFIER
        )
    )

    assert words in refused(at, who, record, "close", signing=SIGNED)


def test_who_overruled_the_item_does_not_close_it(at: Ground, db: SQLAlchemy) -> None:
    record = at.verified()
    fact_set = db.session.execute(
        sa.select(FactSet).where(FactSet.site_id == at.site.id, FactSet.standard == COPC)
    ).scalar_one()
    add(
        Overrule(
            organisation_id=at.organisation.id,
            fact_set_id=fact_set.id,
            element="2.7",
            dimension="approach",
            score=75,
            reason="Seen otherwise",
            person_id=at.lead.id,
            at=clock.now(),
        )
    )

    assert "overrule" in refused(at, "lead", record, "close", signing=SIGNED)


def test_an_organisation_of_one_signs_everything_and_is_marked(at: Ground, db: SQLAlchemy) -> None:
    record = at.verified()
    at.organisation.single_person = True
    db.session.flush()
    add(
        factories.RoleGrant(
            organisation_id=at.organisation.id,
            person_id=at.process_owner.id,
            site_id=at.site.id,
            role=Role.VERIFIER,
        )
    )

    move(at, "process_owner", record, "close", signing=SIGNED)

    assert not ground.page_of(record, at.actor("lead")).signatures[-1].segregated


def test_an_observation_closes_with_a_short_answer(at: Ground) -> None:
    record = at.opened(pins=[], grade=Grade.OBSERVATION, links=[(COPC, "2.7")])
    assert record.due_on is None

    assert "short answer" in refused(at, "lead", record, "close_short")
    move(at, "lead", record, "close_short", short_answer="The form was changed")

    assert (record.state, record.closed_short) == (State.CLOSED, True)


# ---------------------------------------------------------------- reopening


def test_reopening_restores_what_the_closure_moved(at: Ground, db: SQLAlchemy) -> None:
    record = at.verified(LINE, OTHER_LINE, UNIT, ROW)
    before = (at.total(), at.total(SEE_CMM))
    move(at, "lead", record, "close", signing=SIGNED)
    assert (at.total(), at.total(SEE_CMM)) != before

    move(at, "lead", record, "reopen", reason="The sample was another site's", judgement_wrong=True)

    assert (at.total(), at.total(SEE_CMM)) == before
    assert (at.value(LINE), at.value(ROW), record.state) == ("not_met", "1", State.CORRECTING)
    assert at.runs()[-1].cause == Cause.REOPENED
    assert db.session.execute(sa.select(Action.state)).scalars().all() == ["analysing"]


def test_reopening_is_for_wrong_judgements_within_ninety_days(at: Ground) -> None:
    record = at.closed()

    assert "repeat" in refused(at, "lead", record, "reopen", reason="It is back")
    with clock.at(START + timedelta(days=91)):
        words = refused(at, "lead", record, "reopen", reason="Wrong", judgement_wrong=True)

    assert "90 days" in words


def test_a_short_answer_is_reopened_to_open(at: Ground) -> None:
    record = at.opened(pins=[], grade=Grade.OBSERVATION)
    move(at, "lead", record, "close_short", short_answer="Done")

    move(at, "lead", record, "reopen_short", reason="It was not", judgement_wrong=True)

    assert (record.state, record.closed_at) == (State.OPEN, None)


# ---------------------------------------------------------------- voiding


def test_voiding_takes_two_people_neither_of_them_the_owner(at: Ground) -> None:
    record = at.opened()
    pin = _pin(record, LINE)
    assert refused(at, "auditor", record, "void", signing=SIGNED)
    move(at, "auditor", record, "request_void", reason="Wrong site", settlements={pin.id: "Judged elsewhere"})

    assert "two people" in refused(at, "auditor", record, "void", signing=SIGNED)
    move(at, "lead", record, "void", signing=SIGNED)

    assert record.state == State.VOID


def test_voiding_waits_until_every_fact_is_settled(at: Ground) -> None:
    record = at.opened(LINE, OTHER_LINE)
    move(
        at, "auditor", record, "request_void", reason="Wrong", settlements={_pin(record, LINE).id: "Not ours"}
    )

    words = refused(at, "lead", record, "void", signing=SIGNED)

    assert OTHER_LINE in words
    assert LINE not in words.replace(OTHER_LINE, "")


def test_voiding_never_turns_a_fact_to_met(at: Ground) -> None:
    met = "2.7/line/2.7-4"
    record = at.opened(met)
    held = at.total()
    move(
        at, "auditor", record, "request_void", reason="Wrong", settlements={_pin(record, met).id: "It is met"}
    )

    words = refused(at, "lead", record, "void", signing=SIGNED)
    services.judge_pin(at.actor("assessor"), record, _pin(record, met).id, "not_met", "Seen on the floor")
    move(at, "lead", record, "void", signing=SIGNED)

    assert met in words
    assert at.total() == held
    assert at.value(met) == "not_met"


def test_an_assessors_word_takes_effect_in_a_run_of_its_own(at: Ground) -> None:
    record = at.opened(LINE)
    before = at.total()
    services.judge_pin(at.actor("assessor"), record, _pin(record, LINE).id, "met", "Records of March")
    move(at, "auditor", record, "request_void", reason="It was met all along")
    move(at, "lead", record, "void", signing=SIGNED)

    causes = [run.cause for run in at.runs()]
    assert causes[-2:] == [Cause.VOIDED, Cause.OVERRULE]
    assert at.runs()[-2].total == before
    assert at.value(LINE) == "met"


def test_a_declined_void_leaves_it_as_it_was(at: Ground) -> None:
    record = at.opened()
    move(at, "auditor", record, "request_void", reason="Wrong")
    move(at, "lead", record, "decline_void", reason="It stands")

    assert (record.state, record.void_requested_by_id) == (State.OPEN, None)


def _pin(record: Nonconformity, key: str) -> Pin:
    from tracker.database import db

    return db.session.execute(
        sa.select(Pin).where(Pin.nonconformity_id == record.id, Pin.key == key)
    ).scalar_one()


# ---------------------------------------------------------------- editing and deadlines


def _draft(record: Nonconformity, **fields: object) -> Draft:
    wanted: dict[str, object] = {
        "grade": record.grade,
        "source": record.source,
        "title": record.title,
        "evidence": record.evidence,
        "owner_id": record.owner_id,
        "pins": (spec(LINE),),
    }
    return Draft(**wanted | fields)


def test_a_draft_can_be_changed_altogether(at: Ground) -> None:
    record = at.draft()

    services.edit(
        at.actor("auditor"), record, _draft(record, grade=Grade.MAJOR, pins=(spec(UNIT),), title="Renamed"), 1
    )

    assert (record.grade, record.title, record.search_text.count("renamed")) == (Grade.MAJOR, "Renamed", 1)
    assert facts_of(record).copc_pins == 1


def test_after_the_raising_grade_and_facts_stay(at: Ground) -> None:
    record = at.opened()

    services.edit(at.actor("auditor"), record, _draft(record, grade=Grade.MAJOR, pins=(), title="Renamed"))

    assert (record.grade, record.title) == (Grade.MINOR, "Renamed")
    assert facts_of(record).copc_pins == 1


def test_an_older_version_is_not_written(at: Ground) -> None:
    record = at.draft()

    with pytest.raises(Conflict):
        services.edit(at.actor("auditor"), record, _draft(record, title="Mine"), record.version - 1)

    assert record.title == "Complaints are not recorded"


def test_a_closed_record_is_not_edited(at: Ground) -> None:
    record = at.closed()

    with pytest.raises(RefusedMove):
        services.edit(at.actor("auditor"), record, _draft(record, title="Mine"))


def test_an_extension_has_a_reason_and_another_name_and_is_counted(at: Ground) -> None:
    owner = factories.person(at.organisation, Role.QUALITY_MANAGER, at=at.site)
    record = at.opened(owner_id=owner.id)
    later = record.due_on + timedelta(days=5)

    with pytest.raises(RefusedMove):
        services.extend_due(at.act(owner), record, later, "Holidays")
    with pytest.raises(RefusedMove):
        services.extend_due(at.actor("manager"), record, later, " ")
    with pytest.raises(RefusedMove):
        services.extend_due(at.actor("manager"), record, record.due_on, "Holidays")
    services.extend_due(at.actor("manager"), record, later, "Holidays")

    assert (record.due_on, record.extensions) == (later, 1)


def test_facts_for_the_guards_leave_no_field_to_its_default(at: Ground) -> None:
    record = at.closed(LINE)
    facts = facts_of(record)

    # Whatever may be None must have been looked up; what belongs to the move is filled by the move.
    of_the_move = {"actor", "new_grade", "closure_approved_by", "void_requested_by", "metrics_disagree"}
    missing = {
        name
        for name in NonconformityFacts.__dataclass_fields__
        if name not in of_the_move and getattr(facts, name) is None
    }
    assert missing == set()
    assert facts.implementers == {at.owner.id}
    assert facts.plan_approvers == {at.approver.id}
    assert facts.root_cause_verified
    assert not facts.awaiting_report


# ---------------------------------------------------------------- from the gaps of a review


def test_gaps_become_one_draft_for_each_element(at: Ground, db: SQLAlchemy) -> None:
    from tracker.nonconformities.drafts import PinSpec as GapPin
    from tracker.reviews.viewmodels import GapView

    def gap(key: str, kind: str, carried_by: int | None = None) -> GapView:
        pin = GapPin(SEE_CMM if kind == "row" else COPC, key, 2 if kind == "row" else None)
        return GapView(
            pin.standard,
            key,
            key.split("/")[0],
            kind,
            key.split("/")[2],
            "",
            f"Gap {key}",
            (pin,),
            carried_by,
        )

    gaps = [gap(LINE, "line"), gap(UNIT, "unit"), gap(ROW, "row"), gap(OTHER_LINE, "line", carried_by=7)]
    records = services.raise_for_gaps(at.actor("auditor"), at.review, gaps)

    pins = db.session.execute(sa.select(Pin.nonconformity_id, Pin.key).order_by(Pin.key)).all()
    assert [record.element for record in records] == ["2.7", "S1"]
    assert pins == [(records[0].id, LINE), (records[0].id, UNIT), (records[1].id, ROW)]
    assert "2 gaps" in records[0].title
    assert records[0].evidence == "seen"
    assert records[0].grade == Grade.MINOR


@pytest.mark.parametrize(
    ("kind", "aspect", "approach", "deployment", "grade"),
    [
        ("metric", "cui", None, None, Grade.MAJOR),
        ("metric", "meets", None, None, Grade.MINOR),
        ("line", "", Fraction(49, 100), Fraction(1), Grade.MAJOR),
        ("line", "", Fraction(1, 2), Fraction(1), Grade.MINOR),
        ("unit", "", Fraction(1), Fraction(49, 100), Grade.MAJOR),
        ("unit", "", Fraction(0), Fraction(1, 2), Grade.MINOR),
        ("row", "", None, None, Grade.MINOR),
    ],
)
def test_the_proposed_grade_follows_the_defaults(kind, aspect, approach, deployment, grade) -> None:
    from types import SimpleNamespace

    from tracker.nonconformities.grading import Shares, proposed_grade

    assert proposed_grade([SimpleNamespace(kind=kind, aspect=aspect)], Shares(approach, deployment)) is grade


def test_facts_are_kept_apart_by_site_and_organisation(at: Ground, db: SQLAlchemy) -> None:
    elsewhere = ground.ground()
    record = elsewhere.opened(LINE)
    total = at.total()

    elsewhere_closed = elsewhere.closed(OTHER_LINE)

    assert at.total() == total
    assert at.value(LINE) == "not_met"
    assert (record.number, elsewhere_closed.number) == (1, 2)
    assert db.session.execute(sa.select(sa.func.count()).select_from(Fact)).scalar_one() > 0
