"""What people owe each other: comments, watching, standing in, handing over, and the page that gathers it."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import SIGNED, Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.accounts.queries import get_actor
from tracker.actions import services as actions
from tracker.actions.models import Task
from tracker.database import db as database
from tracker.errors import Forbidden, InvalidInput, RefusedMove
from tracker.history import HistoryEvent, Record
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.models import Nonconformity
from tracker.notifications.models import OutboxMessage
from tracker.work import handing_over, services
from tracker.work.models import Comment, Watch

TODAY = ground.START


@pytest.fixture
def at(db: SQLAlchemy):
    clock.travel(TODAY)  # requests do not see what `clock.at` says here
    yield ground.ground()
    clock.travel(None)


def as_client(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


def told(db: SQLAlchemy, person: Person) -> list[str]:
    return list(
        db.session.execute(
            sa.select(OutboxMessage.kind)
            .where(OutboxMessage.person_id == person.id)
            .order_by(OutboxMessage.id)
        ).scalars()
    )


def record_of(record: Nonconformity) -> Record:
    return Record(record.organisation_id, "nonconformity", record.id, record.number)


def stand_in(at: Ground, person: Person, deputy: Person, days: int = 5) -> None:
    services.delegate(
        at.act(person),
        person_id=person.id,
        deputy_id=deputy.id,
        from_on=TODAY,
        until_on=TODAY + timedelta(days=days),
        reason="On leave",
    )


# ---------------------------------------------------------------- comments


def test_a_comment_tells_whom_it_names_and_who_watches(at: Ground, app: Flask, db: SQLAlchemy) -> None:
    record = at.opened()
    services.watch(at.manager.id, record_of(record))
    named = at.lead
    page = as_client(app, at.process_owner)
    path = f"/records/nonconformity/{record.number}/comments"

    page.post(path, {"text": f"Please look, @{named.name_en}.", "mention": [str(at.auditor.id)]})

    shown = page.get(path)
    assert "Please look" in shown.words
    assert told(db, named)[-1] == "mentioned"
    assert told(db, at.auditor)[-1] == "mentioned"
    assert told(db, at.manager)[-1] == "commented"
    assert "mentioned" not in told(db, at.process_owner)
    # Whoever writes watches from then on.
    watchers = db.session.execute(sa.select(Watch.person_id)).scalars().all()
    assert set(watchers) == {at.manager.id, at.process_owner.id}


def test_an_empty_comment_is_refused_beside_the_field(at: Ground, app: Flask, db: SQLAlchemy) -> None:
    record = at.opened()
    page = as_client(app, at.process_owner).post(
        f"/records/nonconformity/{record.number}/comments", {"text": "   "}, status=422
    )

    assert "Write something first." in page.errors()
    assert db.session.execute(sa.select(Comment)).first() is None


def test_one_withdraws_only_ones_own_words(at: Ground, app: Flask, db: SQLAlchemy) -> None:
    record = at.opened()
    path = f"/records/nonconformity/{record.number}/comments"
    author = as_client(app, at.process_owner)
    author.post(path, {"text": "Said in haste"})
    comment = db.session.execute(sa.select(Comment)).scalar_one()

    as_client(app, at.lead).post(f"{path}/{comment.id}/withdraw", {}, status=403)
    author.post(f"{path}/{comment.id}/withdraw", {})

    shown = author.get(path)
    assert "Said in haste" not in shown.text
    assert "Withdrawn by its author." in shown.words


def test_comments_of_another_organisation_or_site_are_not_there(at: Ground, app: Flask) -> None:
    record = at.opened()
    other = ground.ground()
    elsewhere = factories.person(at.organisation, Role.AUDITOR, at=factories.site(at.organisation))
    path = f"/records/nonconformity/{record.number}/comments"

    for person in (other.lead, elsewhere):
        page = as_client(app, person)
        page.get(path, status=404)
        page.post(path, {"text": "Hello"}, status=404)
        page.post(f"/records/nonconformity/{record.number}/watch", {"watch": "yes"}, status=404)


@pytest.mark.parametrize("path", ["/records/site/1/comments", "/records/nonconformity/999/comments"])
def test_what_there_is_not_has_no_comments(at: Ground, app: Flask, path: str) -> None:
    as_client(app, at.lead).get(path, status=404)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Lin Lan, please", {1}),
        ("@lin lan", {1}),
        ("@林岚请看，@陈默也看", {1, 2}),
        ("mail lin@Lin.example", {3}),
        ("@Linda", set()),
        ("Lin Lan", set()),
    ],
)
def test_names_after_an_at_sign_are_found(text: str, found: set[int]) -> None:
    people = {1: "林岚\nLin Lan", 2: "陈默\nChen Mo", 3: "Lin"}

    assert services.named_in(text, people) == found


def test_watchers_are_told_of_moves_but_not_of_their_own(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened()
    for person in (at.manager, at.process_owner):
        services.watch(person.id, record_of(record))
        services.watch(person.id, record_of(record))

    nonconformities.make_move(at.actor("process_owner"), record, "contain", correction="By hand")

    assert told(db, at.manager).count("watched-moved") == 1
    assert "watched-moved" not in told(db, at.process_owner)
    services.unwatch(at.manager.id, record_of(record))
    assert db.session.execute(sa.select(sa.func.count()).select_from(Watch)).scalar_one() == 1


# ---------------------------------------------------------------- standing in


def test_a_deputy_has_the_rights_of_the_absent_and_it_shows(at: Ground, db: SQLAlchemy) -> None:
    record = at.opened()
    deputy = factories.person(at.organisation, Role.VIEWER, at=at.site)
    with pytest.raises(Forbidden):
        nonconformities.make_move(at.act(deputy), record, "accept")
    stand_in(at, at.process_owner, deputy)

    nonconformities.make_move(at.act(deputy), record, "accept")

    line = db.session.execute(
        sa.select(HistoryEvent).where(HistoryEvent.record_id == record.id, HistoryEvent.event == "accept")
    ).scalar_one()
    assert line.person_id == deputy.id
    assert line.changes == {"deputy_of": at.process_owner.name_en}
    assert "deputy-named" in told(db, deputy)


def test_a_deputy_has_the_conflicts_of_the_absent_too(at: Ground) -> None:
    record = at.verified()
    stand_in(at, at.owner, at.lead)

    with pytest.raises(RefusedMove) as refusal:
        nonconformities.make_move(at.actor("lead"), record, "close", signing=SIGNED)

    assert any("implement" in reason for reason in refusal.value.reasons), refusal.value.reasons


def test_an_owner_cannot_approve_through_a_deputy_and_a_deputy_not_for_the_owner(at: Ground) -> None:
    action = loop.submitted(at, at.contained())
    stand_in(at, at.owner, at.approver)

    with pytest.raises(RefusedMove):
        actions.make_move(at.act(at.approver), action, "approve_plan", signing=SIGNED)


def test_rights_begin_and_end_with_the_days(at: Ground) -> None:
    deputy = factories.person(at.organisation, Role.VIEWER, at=at.site)
    stand_in(at, at.process_owner, deputy, days=5)

    for days, expected in ((-1, False), (0, True), (5, True), (6, False)):
        with clock.at(TODAY + timedelta(days=days)):
            found = get_actor(deputy.organisation_id, deputy.id)
            assert (at.process_owner.id in found.acting_for) is expected
            roles = {role for _site, role in found.grants}
            assert (Role.PROCESS_OWNER in roles) is expected


def test_administration_is_never_lent(at: Ground) -> None:
    administrator = factories.person(at.organisation, Role.ADMINISTRATOR, Role.AUDITOR)
    deputy = factories.person(at.organisation, Role.VIEWER, at=at.site)
    stand_in(at, administrator, deputy)

    roles = {role for _site, role in get_actor(deputy.organisation_id, deputy.id).grants}

    assert Role.AUDITOR in roles
    assert Role.ADMINISTRATOR not in roles


def test_a_deputy_lends_nothing_on(at: Ground) -> None:
    first = factories.person(at.organisation, Role.VIEWER, at=at.site)
    second = factories.person(at.organisation, Role.VIEWER, at=at.site)
    stand_in(at, at.process_owner, first)
    stand_in(at, first, second)

    found = get_actor(second.organisation_id, second.id)

    assert found.acting_for == {first.id}
    assert Role.PROCESS_OWNER not in {role for _site, role in found.grants}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"deputy": "process_owner"}, "deputy_id"),
        ({"from_on": TODAY + timedelta(days=3), "until_on": TODAY}, "until_on"),
        ({"from_on": TODAY - timedelta(days=9), "until_on": TODAY - timedelta(days=1)}, "until_on"),
        ({"until_on": TODAY + timedelta(days=500)}, "until_on"),
    ],
)
def test_what_makes_no_absence_is_refused_beside_its_field(
    at: Ground, change: dict[str, object], field: str
) -> None:
    wanted = {"deputy": "lead", "from_on": TODAY, "until_on": TODAY + timedelta(days=5)} | change
    deputy: Person = getattr(at, str(wanted.pop("deputy")))

    with pytest.raises(InvalidInput) as fault:
        services.delegate(
            at.actor("process_owner"),
            person_id=at.process_owner.id,
            deputy_id=deputy.id,
            reason="",
            **wanted,  # type: ignore[arg-type]
        )

    assert set(fault.value.fields) == {field}


def test_two_deputies_on_one_day_are_refused_and_an_ended_one_makes_room(at: Ground, db: SQLAlchemy) -> None:
    stand_in(at, at.process_owner, at.lead)
    with pytest.raises(InvalidInput):
        stand_in(at, at.process_owner, at.manager)
    row = db.session.execute(sa.text("SELECT id FROM delegations")).scalar_one()

    with pytest.raises(Forbidden):
        services.end_delegation(at.actor("viewer"), row)
    services.end_delegation(at.actor("process_owner"), row)
    stand_in(at, at.process_owner, at.manager)

    assert get_actor(at.lead.organisation_id, at.lead.id).acting_for == frozenset()


def test_nobody_sends_somebody_else_on_leave_but_those_who_hand_work_over(at: Ground) -> None:
    wanted = {"deputy_id": at.lead.id, "from_on": TODAY, "until_on": TODAY, "reason": ""}

    with pytest.raises(Forbidden):
        services.delegate(at.actor("owner"), person_id=at.process_owner.id, **wanted)  # type: ignore[arg-type]
    services.delegate(at.actor("manager"), person_id=at.process_owner.id, **wanted)  # type: ignore[arg-type]


def test_an_absence_is_made_and_ended_in_the_browser(at: Ground, app: Flask) -> None:
    page = as_client(app, at.process_owner)
    form = {
        "person_id": at.process_owner.id,
        "deputy_id": at.lead.id,
        "from_on": TODAY.isoformat(),
        "until_on": (TODAY + timedelta(days=3)).isoformat(),
    }
    wrong = page.post("/my-work/absences", form | {"until_on": "2020-01-01", "reason": "Holiday"}, status=422)
    assert wrong.errors()
    assert wrong.value("reason") == "Holiday"
    page.post("/my-work/absences", form)
    shown = page.get("/my-work/absences")
    assert at.lead.name_en in shown.words
    assert "stands in for" in as_client(app, at.lead).get("/my-work/").words
    # Somebody who may not send others on leave is offered nobody else.
    other = page.post("/my-work/absences", form | {"person_id": at.owner.id}, status=422)
    assert other.errors()


# ---------------------------------------------------------------- handing over


def test_everything_unfinished_goes_over_with_a_line_in_each_history(at: Ground, db: SQLAlchemy) -> None:
    first = at.contained()
    action = loop.implementing(at, first)
    heir = factories.person(at.organisation, Role.ACTION_OWNER, at=at.site)
    counts = handing_over.count_holdings(at.organisation.id, at.owner.id)
    assert counts == {"action": 1, "task": 1}

    done = handing_over.hand_over(
        at.actor("manager"), person_id=at.owner.id, to_id=heir.id, reason="Moves to Chengdu"
    )

    assert done.counts == counts
    assert action.owner_id == heir.id
    assert handing_over.count_holdings(at.organisation.id, at.owner.id) == {}
    lines = db.session.execute(
        sa.select(HistoryEvent.reason).where(
            HistoryEvent.record_id == action.id, HistoryEvent.event == "handed_over"
        )
    ).scalars()
    assert list(lines) == ["Moves to Chengdu"] * 2
    assert told(db, heir) == ["work-handed-over"]


def test_an_audit_goes_only_to_somebody_independent_who_may_audit(at: Ground) -> None:
    record = at.contained()
    loop.implemented(at, record)
    audit = loop.started(at, record, purpose=loop.AuditPurpose.IMPLEMENTATION)
    someone = factories.person(at.organisation, Role.AUDITOR, at=at.site)

    for heir in (at.owner, at.approver, at.viewer):
        done = handing_over.hand_over(
            at.actor("manager"), person_id=at.auditor.id, to_id=heir.id, reason="Leaves"
        )
        assert f"FA-{audit.number:04d}" in done.left
        assert audit.auditor_id == at.auditor.id
    handing_over.hand_over(at.actor("manager"), person_id=at.auditor.id, to_id=someone.id, reason="Leaves")
    assert audit.auditor_id == someone.id


def test_nothing_goes_to_somebody_who_does_not_see_the_site(at: Ground) -> None:
    record = at.contained()
    action = loop.submitted(at, record)
    task = database.session.execute(sa.select(Task).where(Task.action_id == action.id)).scalars().first()
    assert task is not None
    west = factories.site(at.organisation)
    heir = factories.person(at.organisation, Role.PROCESS_OWNER, at=west)

    of_record = handing_over.hand_over(
        at.actor("manager"), person_id=at.process_owner.id, to_id=heir.id, reason="Leaves"
    )
    of_action = handing_over.hand_over(
        at.actor("manager"), person_id=action.owner_id, to_id=heir.id, reason="Leaves"
    )

    assert f"NC-{record.number:04d}" in of_record.left
    assert {f"CA-{action.number:04d}", task.title} <= set(of_action.left)
    assert of_record.total == of_action.total == 0
    assert record.owner_id == at.process_owner.id


def test_handing_over_in_the_browser(at: Ground, app: Flask) -> None:
    at.opened()
    heir = factories.person(at.organisation, Role.PROCESS_OWNER, at=at.site)
    path = f"/people/{at.process_owner.id}/hand-over"
    as_client(app, at.owner).get(path, status=403)
    page = as_client(app, at.manager)
    assert "non-conformities 1" in page.get(path).words
    page.post(path, {"to_id": heir.id, "reason": ""}, status=422)

    page.post(path, {"to_id": heir.id, "reason": "Leaves the company"})

    assert "Nothing unfinished is theirs." in page.get(path).words


# ---------------------------------------------------------------- my work


def test_my_work_says_what_waits_for_me_and_what_i_wait_for(at: Ground, app: Flask) -> None:
    record = at.contained()
    loop.submitted(at, record)
    at.opened(ground.OTHER_LINE)

    owner = as_client(app, at.owner).get("/my-work/").words
    approver = as_client(app, at.approver).get("/my-work/").words
    process_owner = as_client(app, at.process_owner).get("/my-work/").words
    raiser = as_client(app, at.auditor).get("/my-work/").words

    assert "approval of the plan" in owner
    assert "Approve the plan" in approver
    assert "Accept or dispute" in process_owner
    assert "its correction" in raiser
    assert at.process_owner.name_en in raiser


def test_the_deputy_sees_the_work_of_the_absent(at: Ground, app: Flask) -> None:
    at.opened()
    deputy = factories.person(at.organisation, Role.VIEWER, at=at.site)
    assert "Accept or dispute" not in as_client(app, deputy).get("/my-work/").words

    stand_in(at, at.process_owner, deputy)

    assert "Accept or dispute" in as_client(app, deputy).get("/my-work/").words


def test_my_work_is_empty_for_somebody_new(client: FlaskClient, at: Ground, app: Flask) -> None:
    newcomer = factories.person(at.organisation, Role.ACTION_OWNER, at=at.site)

    words = as_client(app, newcomer).get("/my-work/").words

    assert "Nothing waits for you." in words
    assert "You wait for nobody." in words


def test_a_day_before_the_leap_day_is_no_trouble(at: Ground, app: Flask) -> None:
    clock.travel(date(2028, 2, 29))
    assert as_client(app, at.viewer).get("/my-work/absences").status == 200
