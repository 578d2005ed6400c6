"""Who is told what on which day; each of it once, however often the rounds are made."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.tracker.actions import loop
from tests.tracker.notifications.ground import Ground, lay
from tracker import clock
from tracker.accounts.models import MailWish, RoleGrant
from tracker.actions.models import Task
from tracker.database import db as database
from tracker.history import HistoryEvent
from tracker.nonconformities.models import Nonconformity
from tracker.notifications import rounds
from tracker.notifications.models import Notice, OutboxMessage
from tracker.organisations import timing
from tracker.reviews.models import ExternalAudit, ExternalState
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState
from workflows.schedule import DEFAULT_TERMS

# A Wednesday in a week without holidays.
DUE = date(2026, 7, 15)


@pytest.fixture
def ground(db: SQLAlchemy) -> Ground:
    return lay()


@pytest.fixture
def record(ground: Ground) -> Nonconformity:
    return make.nonconformity(ground.site, ground.owner, due_on=DUE, due_step="plan")


def on(day: date | str) -> int:
    """The rounds of a day in the whole installation."""
    with clock.at(make.day(day) if isinstance(day, str) else day):
        return rounds.make_all_rounds()


# ---------------------------------------------------------------- what falls due


def test_a_month_of_days_tells_each_thing_once(ground: Ground, record: Nonconformity) -> None:
    for offset in range(-10, 21):
        day = DUE + timedelta(days=offset)
        on(day)
        on(day)

    assert ground.told() == [
        ("due-soon", "Owner"),
        ("overdue", "Owner"),
        ("escalated-manager", "Manager"),
        ("escalated-quality", "Quality"),
        ("overdue", "Owner"),
        ("overdue", "Owner"),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-07-11", []),
        ("2026-07-12", ["due-soon"]),
        ("2026-07-15", ["due-soon"]),
        ("2026-07-16", ["overdue", "escalated-manager"]),
        ("2026-07-21", ["overdue", "escalated-manager"]),
        ("2026-07-22", ["overdue", "escalated-manager", "escalated-quality"]),
    ],
)
def test_what_a_single_day_says(ground: Ground, record: Nonconformity, day: str, expected: list[str]) -> None:
    on(day)

    assert [kind for kind, _ in ground.told()] == expected


def test_working_days_of_the_site_count_for_the_chain(ground: Ground) -> None:
    make.nonconformity(ground.site, ground.owner, due_on=make.day("2026-09-30"), due_step="plan")

    on("2026-10-07")
    assert [kind for kind, _ in ground.told()] == ["overdue"]
    on("2026-10-08")
    assert [kind for kind, _ in ground.told()] == ["overdue", "overdue", "escalated-manager"]


def test_a_site_may_set_its_own_days(ground: Ground, record: Nonconformity) -> None:
    actor = make.actor_for(ground.quality)
    timing.set_terms(
        actor,
        ground.site,
        terms=DEFAULT_TERMS,
        remind_days=0,
        manager_after=3,
        quality_after=3,
        reason="Shorter ways",
        version=0,
    )

    for offset in range(-5, 6):
        on(DUE + timedelta(days=offset))

    assert ground.told() == [
        ("overdue", "Owner"),
        ("escalated-manager", "Manager"),
        ("escalated-quality", "Quality"),
    ]


def test_an_extension_begins_anew(ground: Ground, record: Nonconformity) -> None:
    on("2026-07-16")
    record.due_on = make.day("2026-07-31")
    database.session.commit()

    on("2026-07-20")
    assert len(ground.told()) == 2
    on("2026-07-29")
    on("2026-08-03")
    assert [kind for kind, _ in ground.told()][2:] == ["due-soon", "overdue", "escalated-manager"]


def test_nobody_is_told_of_what_is_done_or_void(ground: Ground, record: Nonconformity) -> None:
    record.state, record.due_on = NonconformityState.VOID, DUE
    database.session.commit()

    assert on("2026-08-15") == len(_reviews(ground))
    assert ground.told() == []


def _reviews(ground: Ground) -> list[int]:
    return list(
        database.session.execute(
            sa.select(OutboxMessage.id).where(
                OutboxMessage.organisation_id == ground.company.id, OutboxMessage.kind.like("review-%")
            )
        ).scalars()
    )


def test_without_a_manager_the_quality_managers_hear_of_it_in_their_place(ground: Ground) -> None:
    ground.owner.manager_id = None
    make.nonconformity(ground.site, ground.owner, due_on=DUE, due_step="plan")

    on("2026-07-16")

    assert ground.told() == [("overdue", "Owner"), ("escalated-quality", "Quality")]


def test_an_owner_who_has_left_is_passed_over(ground: Ground, record: Nonconformity) -> None:
    ground.owner.active = False

    on("2026-07-16")

    assert ground.told() == [("escalated-quality", "Quality")]


def test_who_was_told_when_is_on_the_record(ground: Ground, record: Nonconformity) -> None:
    for offset in range(1, 10):
        on(DUE + timedelta(days=offset))

    rows = database.session.execute(
        sa.select(HistoryEvent.event, HistoryEvent.at, HistoryEvent.changes)
        .where(HistoryEvent.record_id == record.id)
        .order_by(HistoryEvent.id)
    ).all()
    assert [(row.event, row.at.date(), row.changes["told"][1][1]) for row in rows] == [
        ("overdue", date(2026, 7, 16), "Owner"),
        ("escalated_manager", date(2026, 7, 16), "Manager"),
        ("escalated_quality", date(2026, 7, 22), "Quality"),
        ("overdue", date(2026, 7, 23), "Owner"),
    ]


def test_a_task_is_told_of_by_its_action_and_noted_for_itself(db: SQLAlchemy) -> None:
    with clock.at(make.day("2026-03-02")):
        at = loop.company()
        action = loop.implementing(at, at.nonconformity())
    tasks = list(db.session.execute(sa.select(Task).where(Task.action_id == action.id)).scalars())
    for task in tasks:
        task.due_on = DUE
    action.due_on = None
    db.session.commit()
    assert tasks

    on("2026-07-16")
    on("2026-07-16")

    notices = db.session.execute(
        sa.select(Notice.record_id).where(Notice.record_kind == "task", Notice.kind == "overdue")
    ).scalars()
    assert sorted(notices) == sorted(task.id for task in tasks)
    told = db.session.execute(
        sa.select(OutboxMessage.record_kind, OutboxMessage.record_number).where(
            OutboxMessage.kind == "overdue", OutboxMessage.record_kind != "nonconformity"
        )
    ).all()
    assert set(told) == {("action", action.number)}


def test_two_rounds_at_the_same_time_tell_once(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        ground = lay()
        for _ in range(12):
            make.nonconformity(ground.site, ground.owner, due_on=DUE, due_step="plan")
        database.session.commit()
        organisation_id = ground.company.id
    start = threading.Barrier(2)
    written: list[int] = []

    def run() -> None:
        with fresh_app.app_context(), clock.at(make.day("2026-07-16")):
            start.wait()
            written.append(rounds.make_rounds(organisation_id))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with fresh_app.app_context():
        messages = list(database.session.execute(sa.select(OutboxMessage)).scalars())
        notices = database.session.scalar(sa.select(sa.func.count()).select_from(Notice))
        # The owner and the manager are told of all twelve together, the quality manager of the review alone.
        assert len(messages) == sum(written) == 3
        assert sorted(each.payload.get("overdue", 0) for each in messages) == [0, 12, 12]
        assert notices == 12 + 12 + 1 + 2


# ---------------------------------------------------------------- several at once


def test_an_old_register_is_one_message_a_person_and_one_line_a_record(ground: Ground) -> None:
    many = [
        make.nonconformity(ground.site, ground.owner, due_on=DUE - timedelta(days=each), due_step="plan")
        for each in range(130)
    ]

    on("2026-07-30")

    assert ground.told() == [
        ("reminders-of-day", "Owner"),
        ("escalations-of-day", "Manager"),
        ("escalations-of-day", "Quality"),
    ]
    said = database.session.execute(
        sa.select(OutboxMessage.payload).where(OutboxMessage.kind == "escalations-of-day")
    ).scalars()
    for payload in said:
        assert (payload["overdue"], payload["due"], payload["more"]) == (130, 0, 130 - rounds.LISTED)
        assert payload["kinds"] == {"nonconformity": 130}
        # The longest overdue first.
        assert payload["due_on"] == payload["items"][0]["due_on"] == str(DUE - timedelta(days=129))
        assert [each["number"] for each in payload["items"]] == [
            each.number for each in reversed(many[-rounds.LISTED :])
        ]
        assert {each["owner_en"] for each in payload["items"]} == {"Owner"}
    lines = database.session.execute(
        sa.select(HistoryEvent.record_id, HistoryEvent.event).where(
            HistoryEvent.record_id.in_([each.id for each in many])
        )
    ).all()
    assert len(lines) == len(set(lines)) == 3 * 130

    on("2026-07-30")
    assert len(ground.told()) == 3


def test_what_is_due_and_what_is_overdue_is_one_reminder(ground: Ground, record: Nonconformity) -> None:
    make.nonconformity(ground.site, ground.owner, due_on=make.day("2026-07-18"), due_step="plan")

    on("2026-07-16")

    (mine,) = [kind for kind, name in ground.told() if name == "Owner"]
    assert mine == "reminders-of-day"


def test_a_round_that_breaks_off_says_the_rest_the_next_day(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        make.nonconformity(ground.site, ground.owner, due_on=DUE, due_step="plan")
    ground.owner.manager_id = None
    ground.quality.active = False
    database.session.commit()
    monkeypatch.setattr(rounds, "PIECE", 2)
    noted = rounds.News.note
    calls: list[int] = []

    def breaks_off(self: rounds.News) -> None:
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("the power is gone")
        noted(self)

    monkeypatch.setattr(rounds.News, "note", breaks_off)
    with pytest.raises(RuntimeError):
        on("2026-07-16")
    database.session.rollback()
    monkeypatch.setattr(rounds.News, "note", noted)

    on("2026-07-16")
    assert ground.told() == [("reminders-of-day", "Owner")]
    on("2026-07-17")
    assert ground.told() == [("reminders-of-day", "Owner")] * 2
    last = database.session.execute(
        sa.select(OutboxMessage.payload).order_by(OutboxMessage.id.desc()).limit(1)
    ).scalar_one()
    assert last["overdue"] == 3


def test_nobody_is_told_of_what_they_cannot_open(ground: Ground, record: Nonconformity) -> None:
    west = make.site(ground.company, code="west")
    for person in (ground.owner, ground.manager):
        grant = database.session.execute(
            sa.select(RoleGrant).where(RoleGrant.person_id == person.id)
        ).scalar_one()
        grant.site_id = west.id
    database.session.commit()

    on("2026-07-16")

    # As if there were neither: the quality manager hears of it at once.
    assert ground.told() == [("escalated-quality", "Quality")]


# ---------------------------------------------------------------- the yearly clock of reviews


def reviews_told(ground: Ground) -> list[str]:
    rows = database.session.execute(
        sa.select(OutboxMessage.kind)
        .where(OutboxMessage.organisation_id == ground.company.id, OutboxMessage.kind.like("review-%"))
        .order_by(OutboxMessage.id)
    )
    return list(rows.scalars())


def test_a_year_and_a_half_after_a_review(ground: Ground) -> None:
    with clock.at(make.day("2025-03-10")):
        make.review(ground.site, ground.quality)

    for week in range(78):
        on(make.day("2025-03-11") + timedelta(weeks=week))

    told = reviews_told(ground)
    assert told[:4] == ["review-benchmark", "review-due", "review-due", "review-overdue"]
    # One a month for the half year that it is overdue.
    assert told.count("review-overdue") == 6
    assert set(told[3:]) == {"review-overdue"}


def test_a_site_that_was_never_reviewed_is_named_once_a_month(ground: Ground) -> None:
    for day in ("2026-07-01", "2026-07-02", "2026-07-31", "2026-08-01"):
        on(day)

    assert reviews_told(ground) == ["review-never", "review-never"]


def test_an_external_audit_without_a_review_around_it_is_named_on_both_sides(ground: Ground) -> None:
    with clock.at(make.day("2026-01-05")):
        make.review(ground.site, ground.quality)
    audit = ExternalAudit(
        organisation_id=ground.company.id,
        number=1,
        site_id=ground.site.id,
        state=ExternalState.PLANNED,
        body="A certification body",
        standard="COPC",
        planned_on=make.day("2026-06-01"),
        created_at=clock.now(),
    )
    database.session.add(audit)
    database.session.commit()

    for day in ("2026-02-01", "2026-03-05", "2026-05-01", "2026-06-03"):
        on(day)
    assert reviews_told(ground) == ["review-window", "review-window"]


def test_a_planned_review_keeps_the_clock_quiet(ground: Ground) -> None:
    with clock.at(make.day("2026-01-05")):
        make.review(ground.site, ground.quality)
    make.review(
        ground.site,
        ground.quality,
        state=ReviewState.PLANNED,
        reported_at=None,
        accepted_at=None,
        accepted_by_id=None,
        planned_on=make.day("2026-12-01"),
    )

    for month in range(2, 12):
        on(date(2026, month, 2))

    assert reviews_told(ground) == []


# ---------------------------------------------------------------- the digest


def test_a_digest_a_day_for_whoever_wants_no_more(ground: Ground, record: Nonconformity) -> None:
    ground.owner.mail = MailWish.DIGEST
    make.nonconformity(ground.site, ground.owner, due_on=make.day("2026-07-20"), due_step="plan")

    on("2026-07-16")
    on("2026-07-16")
    on("2026-07-17")

    digests = list(
        database.session.execute(
            sa.select(OutboxMessage).where(OutboxMessage.kind == "digest").order_by(OutboxMessage.id)
        ).scalars()
    )
    assert [each.payload["overdue"] for each in digests] == [1, 1]
    assert [each.payload["due"] for each in digests] == [1, 1]
    assert len(digests[0].payload["items"]) == 2
    # It repeats what stands in the inbox already.
    assert all(each.read_at is not None for each in digests)


def test_whoever_has_nothing_to_do_gets_no_digest(ground: Ground) -> None:
    ground.manager.mail = MailWish.DIGEST

    on("2026-07-16")

    assert ground.told() == []


def test_organisations_keep_apart(ground: Ground, record: Nonconformity) -> None:
    other = lay()

    on("2026-07-16")

    assert other.told() == []
    assert len(ground.told()) == 2
