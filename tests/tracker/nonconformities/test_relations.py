"""Duplicates merged by two people, records split, and the same looked for elsewhere."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import LINE, OTHER_LINE, SIGNED, START, UNIT, Ground
from tracker import clock
from tracker.accounts.models import Role
from tracker.actions.queries import facts_of
from tracker.errors import Forbidden, InvalidInput, RefusedMove
from tracker.history import HistoryEvent
from tracker.nonconformities import queries, reading, register, relations, services, similar
from tracker.nonconformities.cases import list_cases
from tracker.nonconformities.facts import facts_of as nonconformity_facts
from tracker.nonconformities.models import Nonconformity, NonconformityRelation, Pin, SimilarCase
from tracker.notifications.models import OutboxMessage
from tracker.organisations.models import Unit
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState as State
from workflows.repeats import Relation, SimilarAnswer

REGISTER = "/nonconformities/"


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


def keys(db: SQLAlchemy, record: Nonconformity) -> set[str]:
    return set(db.session.execute(sa.select(Pin.key).where(Pin.nonconformity_id == record.id)).scalars())


def events(db: SQLAlchemy, record: Nonconformity) -> set[str]:
    return set(
        db.session.execute(sa.select(HistoryEvent.event).where(HistoryEvent.record_id == record.id)).scalars()
    )


def ask_to_merge(at: Ground, record: Nonconformity, kept: Nonconformity) -> None:
    services.make_move(
        at.actor("auditor"), record, "request_void", reason="Raised twice", duplicate_of=kept.number
    )


# ---------------------------------------------------------------- duplicates


def test_a_duplicate_is_merged_by_two_people_and_its_facts_go_over(at: Ground, db: SQLAlchemy) -> None:
    kept, record = at.opened(LINE), at.opened(LINE, OTHER_LINE)
    before = at.total()

    ask_to_merge(at, record, kept)
    with pytest.raises(RefusedMove):
        services.make_move(at.actor("auditor"), record, "void", signing=SIGNED)
    services.make_move(at.actor("lead"), record, "void", signing=SIGNED)

    assert record.state == State.VOID
    assert keys(db, kept) == {LINE, OTHER_LINE}
    assert at.total() == before
    assert at.value(OTHER_LINE) == "not_met"
    assert "merged_from" in events(db, kept)
    assert "merged_into" in events(db, record)
    found = queries.get_view(reading.load(at.actor("lead"), record.number), at.actor("lead")).related
    assert [(line.number, line.words) for line in found] == [(kept.number, "duplicate of")]


def test_the_facts_of_a_duplicate_need_no_reasons(at: Ground) -> None:
    kept, record = at.opened(LINE), at.opened(OTHER_LINE)

    assert nonconformity_facts(record).pins_unsettled == (OTHER_LINE,)
    ask_to_merge(at, record, kept)

    assert nonconformity_facts(record).pins_unsettled == ()


@pytest.mark.parametrize("state", ["verified", "closed", "draft"])
def test_only_a_record_that_still_takes_facts_on_is_kept(at: Ground, state: str) -> None:
    kept, record = getattr(at, state)(LINE), at.opened(OTHER_LINE)

    with pytest.raises(InvalidInput, match="takes on no more facts"):
        ask_to_merge(at, record, kept)


def test_what_may_hold_no_facts_keeps_none(at: Ground) -> None:
    kept, record = at.opened(pins=[], grade=Grade.OBSERVATION), at.opened(OTHER_LINE)

    with pytest.raises(InvalidInput, match="grade"):
        ask_to_merge(at, record, kept)
    with pytest.raises(InvalidInput, match="no such record"):
        services.make_move(
            at.actor("auditor"), record, "request_void", reason="Twice", duplicate_of=record.number
        )


def test_a_kept_record_that_moved_on_meanwhile_is_asked_again_at_the_signature(at: Ground) -> None:
    kept, record = at.contained(LINE), at.opened(OTHER_LINE)
    ask_to_merge(at, record, kept)
    kept.state = State.VERIFYING

    with pytest.raises(RefusedMove) as refusal:
        services.make_move(at.actor("lead"), record, "void", signing=SIGNED)

    assert "takes on no more facts" in refusal.value.reasons[0]


def test_a_declined_merge_leaves_no_trace_of_the_link(at: Ground, db: SQLAlchemy) -> None:
    kept, record = at.opened(LINE), at.opened(OTHER_LINE)
    ask_to_merge(at, record, kept)

    services.make_move(at.actor("lead"), record, "decline_void", reason="It is another matter")

    assert db.session.execute(sa.select(NonconformityRelation)).all() == []
    assert keys(db, kept) == {LINE}


def test_two_people_merge_in_the_browser(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    kept, record = at.opened(LINE), at.opened(OTHER_LINE)
    address = f"{REGISTER}{record.number}/moves/"

    wrong = pages.sign_in(at.auditor).post(
        f"{address}request_void",
        {"version": record.version, "reason": "Twice", "duplicate_of": "NC-9999"},
        status=422,
    )
    assert "no such record" in wrong.words
    assert "NC-9999" in wrong.text
    pages.post(
        f"{address}request_void",
        {"version": record.version, "reason": "Twice", "duplicate_of": f"NC-{kept.number:04d}"},
        status=303,
    )
    pages.sign_in(at.lead).post(
        f"{address}void", {"version": record.version, "password": factories.PASSWORD}, status=303
    )

    assert record.state == State.VOID
    assert keys(db, kept) == {LINE, OTHER_LINE}


# ---------------------------------------------------------------- splitting


def test_a_record_is_split_and_no_fact_is_let_go_of(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened(LINE, OTHER_LINE, "2.1/unit/loan")
    before, due = at.total(), record.due_on
    pin = next(pin for pin in db.session.execute(sa.select(Pin)).scalars() if pin.key.startswith("2.1"))

    with clock.at(START.replace(day=5)):
        part = relations.split(
            at.actor("auditor"), record, title="The other item", pin_ids={pin.id}, reason="Two owners"
        )

    assert (part.state, part.grade, part.element) == (State.OPEN, record.grade, "2.1")
    assert (part.opened_at, part.due_on) == (record.opened_at, due)
    assert keys(db, record) == {LINE, OTHER_LINE}
    assert keys(db, part) == {"2.1/unit/loan"}
    assert at.total() == before
    assert "split_off" in events(db, record)
    assert "split_from" in events(db, part)
    kinds = db.session.execute(sa.select(NonconformityRelation.kind)).scalars().all()
    assert kinds == [Relation.SPLIT]


@pytest.mark.parametrize("taken", [0, 2])
def test_a_split_takes_some_facts_and_leaves_some(at: Ground, db: SQLAlchemy, taken: int) -> None:
    record = at.opened(LINE, OTHER_LINE)
    pins = db.session.execute(sa.select(Pin.id)).scalars().all()

    with pytest.raises(InvalidInput) as refusal:
        relations.split(
            at.actor("auditor"), record, title="Part", pin_ids=set(pins[:taken]), reason="Two owners"
        )

    assert set(refusal.value.fields) == {"pins"}


def test_what_is_being_verified_or_voided_is_not_split(at: Ground) -> None:
    verified, asked = at.verified(LINE, UNIT), at.opened(OTHER_LINE, "2.1/unit/loan")
    services.make_move(at.actor("auditor"), asked, "request_void", reason="No")

    for record in (verified, asked):
        with pytest.raises(RefusedMove):
            relations.split(at.actor("auditor"), record, title="Part", pin_ids={1}, reason="Two owners")
    with pytest.raises(Forbidden):
        relations.split(at.actor("viewer"), asked, title="Part", pin_ids={1}, reason="Two owners")


def test_a_split_in_the_browser_keeps_what_was_typed(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    record = at.opened(LINE, OTHER_LINE)
    pin = db.session.execute(sa.select(Pin.id).where(Pin.key == LINE)).scalar_one()
    address = f"{REGISTER}{record.number}/split"
    pages.sign_in(at.auditor)
    form = {"version": record.version, "title": "A part of it", "taken": [pin]}

    page = pages.post(address, form, status=422)
    assert "A part of it" in page.text
    made = pages.post(address, form | {"reason": "Two owners"}, status=303)

    assert made.location == f"{REGISTER}{record.number + 1}"
    assert "split from" in pages.get(made.location).words.lower()
    assert "was split" in pages.get(f"{REGISTER}{record.number}").words.lower()


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize("source", list(Source))
def test_every_source_can_be_chosen_and_filtered(at: Ground, pages: Pages, source: Source) -> None:
    at.draft(source=Source.REVIEW if source is not Source.REVIEW else Source.CLIENT)
    pages.sign_in(at.auditor)
    form = pages.get(f"{REGISTER}new?site={at.site.code}")
    assert f'value="{source.value}"' in form.text
    pages.post(
        f"{REGISTER}new?site={at.site.code}",
        {"title": f"From {source.value}", "grade": "observation", "source": source.value, "evidence": "Seen"},
    )

    page = pages.get(f"{REGISTER}?source={source.value}")

    assert page.text.count('class="row-main"') == 1
    assert f"From {source.value}" in page.words


def test_an_unknown_source_is_named(at: Ground) -> None:
    with pytest.raises(InvalidInput, match="gossip"):
        register.read_filter({"source": "gossip"})


# ---------------------------------------------------------------- the same elsewhere


def unit(db: SQLAlchemy, code: str) -> Unit:
    return db.session.execute(sa.select(Unit).where(Unit.code == code)).scalar_one()


def test_a_place_answers_not_there(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened(UNIT)
    card = unit(db, "card")

    (case,) = similar.ask(at.actor("auditor"), record, [(at.site.id, card.id)])
    there = similar.answer(at.actor("auditor"), record, case, SimilarAnswer.ABSENT, "20 calls heard")

    assert there is None
    (line,) = list_cases(at.organisation.id, [record.id])
    assert (line.answer, line.note, line.open) == ("absent", "20 calls heard", False)
    assert {"similar_asked", "similar_answered"} <= events(db, record)


def test_what_is_there_is_raised_there_with_the_facts_translated(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened(UNIT, LINE)
    card = unit(db, "card")
    (case,) = similar.ask(at.actor("auditor"), record, [(at.site.id, card.id)])

    there = similar.answer(at.actor("auditor"), record, case, SimilarAnswer.PRESENT, "3 of 20 calls")

    assert there is not None
    assert keys(db, there) == {"2.7/unit/card"}
    assert (there.state, there.grade, there.evidence) == (State.DRAFT, record.grade, "3 of 20 calls")
    assert case.raised_id == there.id
    related = queries.get_view(reading.load(at.actor("lead"), there.number), at.actor("lead")).related
    assert [(line.number, line.words) for line in related] == [(record.number, "similar case of")]


def test_what_an_open_record_holds_there_is_not_raised_twice(at: Ground, db: SQLAlchemy) -> None:
    holder = at.opened("2.7/unit/card")
    record = at.opened(UNIT)
    (case,) = similar.ask(at.actor("auditor"), record, [(at.site.id, unit(db, "card").id)])

    there = similar.answer(at.actor("auditor"), record, case, SimilarAnswer.PRESENT, "Known")

    assert there is holder
    assert db.session.execute(sa.select(sa.func.count()).select_from(Nonconformity)).scalar_one() == 2


def test_a_place_is_asked_and_answered_once(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened(UNIT)
    place = (at.site.id, unit(db, "card").id)
    (case,) = similar.ask(at.actor("auditor"), record, [place, place])

    with pytest.raises(InvalidInput):
        similar.ask(at.actor("auditor"), record, [place])
    with pytest.raises(InvalidInput) as refusal:
        similar.answer(at.actor("auditor"), record, case, SimilarAnswer.ASKED, " ")
    assert set(refusal.value.fields) == {"answer", "note"}
    similar.answer(at.actor("auditor"), record, case, SimilarAnswer.ABSENT, "Looked")
    with pytest.raises(RefusedMove):
        similar.answer(at.actor("auditor"), record, case, SimilarAnswer.PRESENT, "After all")


def test_who_may_look_and_who_may_raise(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened(UNIT)
    place = (at.site.id, unit(db, "card").id)

    with pytest.raises(Forbidden):
        similar.ask(at.actor("viewer"), record, [place])
    (case,) = similar.ask(at.actor("process_owner"), record, [place])
    with pytest.raises(InvalidInput, match="raises non-conformities"):
        similar.answer(at.actor("process_owner"), record, case, SimilarAnswer.PRESENT, "It is there")
    with pytest.raises(RefusedMove):
        similar.ask(at.actor("auditor"), at.draft(LINE), [place])


def test_an_action_is_not_implemented_while_a_place_has_not_answered(at: Ground, db: SQLAlchemy) -> None:
    record = at.contained(UNIT)
    action = loop.implementing(at, record)
    action.read_across = ""
    db.session.flush()
    assert facts_of(action).read_across_done is False

    (case,) = similar.ask(at.actor("auditor"), record, [(at.site.id, unit(db, "card").id)])
    action.read_across = "Looked everywhere"
    db.session.flush()
    assert facts_of(action).read_across_done is False
    similar.answer(at.actor("auditor"), record, case, SimilarAnswer.ABSENT, "20 calls heard")
    action.read_across = ""
    db.session.flush()

    assert facts_of(action).read_across_done is True


def test_looking_elsewhere_in_the_browser(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    record = at.opened(UNIT)
    card = unit(db, "card")
    address = f"{REGISTER}{record.number}/similar"
    pages.sign_in(at.auditor)

    pages.post(address, {}, status=422)
    pages.post(address, {"places": ["999-1"]}, status=422)
    pages.post(address, {"places": [f"{at.site.id}-{card.id}"]}, status=303)
    case = db.session.execute(sa.select(SimilarCase)).scalar_one()
    name = f"case-{case.id}-"
    page = pages.post(f"{address}/{case.id}", {f"{name}version": 1, f"{name}answer": "present"}, status=422)
    assert "Please fill this in" in page.words
    pages.post(
        f"{address}/{case.id}",
        {f"{name}version": 1, f"{name}answer": "present", f"{name}note": "3 of 20 calls"},
        status=303,
    )

    page = pages.get(f"{REGISTER}{record.number}")
    assert "3 of 20 calls" in page.words
    assert f"NC-{record.number + 1:04d}" in page.words
    assert pages.sign_in(at.viewer).post(address, {"places": []}, status=403)


def test_another_site_answers_without_seeing_the_record_it_is_asked_about(
    at: Ground, pages: Pages, db: SQLAlchemy
) -> None:
    record = at.opened(UNIT, LINE)
    site = factories.site(at.organisation)
    theirs = factories.person(at.organisation, Role.AUDITOR, at=site)
    (case,) = similar.ask(at.actor("manager"), record, [(site.id, None)])
    told = db.session.execute(
        sa.select(OutboxMessage.person_id).where(OutboxMessage.kind == "nonconformity-asked-elsewhere")
    ).scalars()
    assert theirs.id in set(told)

    pages.sign_in(theirs).get(f"{REGISTER}{record.number}", status=404)
    page = pages.get(f"{REGISTER}elsewhere")
    assert record.title in page.words
    assert f"/nonconformities/{record.number}" not in page.text
    name = f"case-{case.id}-"
    address = f"{REGISTER}elsewhere/{case.id}"
    pages.post(address, {f"{name}version": 1, f"{name}answer": "absent"}, status=422)
    pages.post(address, {f"{name}version": 9, f"{name}answer": "absent", f"{name}note": "Seen"}, status=409)
    made = pages.post(
        address, {f"{name}version": 1, f"{name}answer": "present", f"{name}note": "4 of 20"}, status=303
    )

    there = db.session.execute(sa.select(Nonconformity).where(Nonconformity.site_id == site.id)).scalar_one()
    assert made.location == f"{REGISTER}{there.number}"
    assert (there.state, there.evidence, keys(db, there)) == (State.DRAFT, "4 of 20", set())
    assert "Nothing is asked" in pages.get(f"{REGISTER}elsewhere").words
    pages.sign_in(at.auditor).post(address, {}, status=404)
