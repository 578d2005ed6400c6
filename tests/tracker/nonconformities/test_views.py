"""The pages of non-conformities over HTTP: what is offered, refused, kept, and hidden from others."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.actions import loop
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import LINE, OTHER_LINE, ROW, START, UNIT, Ground
from tracker import clock
from tracker.accounts.models import Role
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.signatures import Signature
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState as State

REGISTER = "/nonconformities/"


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


def press(pages: Pages, record: Nonconformity, event: str, status: int = 303, **fields: object):
    data = {"version": record.version, **fields}
    return pages.post(f"{REGISTER}{record.number}/moves/{event}", data, status=status)


# ---------------------------------------------------------------- the loop by hand


def test_a_record_goes_through_its_life_in_the_browser(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    pages.sign_in(at.auditor)
    form = pages.get(f"{REGISTER}new?site={at.site.code}&element=2.7")
    assert "2.7-1" in form.words
    made = pages.post(
        f"{REGISTER}new?site={at.site.code}",
        {
            "title": "投诉没有记录",
            "grade": "major",
            "source": "monitoring",
            "owner": at.process_owner.id,
            "evidence": "12 of 60 calls",
            "effort": "2.5",
            "pins": [f"copc-2000-csp|{LINE}|", f"copc-2000-csp|{OTHER_LINE}|", f"copc-2000-csp|{UNIT}|"],
        },
    )
    assert made.location == f"{REGISTER}1"
    record = db.session.execute(sa.select(Nonconformity)).scalar_one()
    press(pages, record, "raise")
    press(pages.sign_in(at.process_owner), record, "accept")
    press(pages, record, "contain", correction="Recorded by hand")
    loop.implemented(at, record)
    loop.audited(at, record, purpose=loop.AuditPurpose.IMPLEMENTATION, effective=None)
    with clock.at(START + timedelta(days=150)):
        loop.audited(at, record)
    db.session.refresh(record)
    promised, before = record.points_alone, at.total()

    page = pages.sign_in(at.manager).get(f"{REGISTER}1")
    assert "approve the closure" in page.words
    press(pages, record, "approve_closure", password=factories.PASSWORD)
    page = pages.sign_in(at.lead).get(f"{REGISTER}1")
    assert "released" in page.words
    press(pages, record, "close", password=factories.PASSWORD)

    assert record.state == State.CLOSED
    assert promised > 0
    assert at.total() - before == promised
    assert db.session.execute(sa.select(Signature).where(Signature.event == "close")).scalar_one()


def test_what_closing_moves_is_shown_item_by_item(at: Ground, pages: Pages) -> None:
    record = at.opened(LINE, OTHER_LINE, UNIT, ROW)

    page = pages.sign_in(at.viewer).get(f"{REGISTER}{record.number}/worth")
    part = pages.get(f"{REGISTER}{record.number}/worth", headers={"HX-Request": "true"})

    assert "COPC-2000" in page.words
    assert "S1" in part.words
    assert not part.text.lstrip().startswith("<!doctype")


# ---------------------------------------------------------------- refusals


def test_a_refused_move_says_why_and_keeps_what_was_typed(at: Ground, pages: Pages) -> None:
    record = at.opened()

    page = press(
        pages.sign_in(at.process_owner), record, "contain", status=409, consequence="Customers were called"
    )

    assert "The correction is missing" in page.words
    assert "Customers were called" in page.text
    assert record.state == State.OPEN


def test_a_missing_reason_is_asked_for(at: Ground, pages: Pages) -> None:
    record = at.opened()

    page = press(pages.sign_in(at.process_owner), record, "dispute", status=409)

    assert "Write down the reason" in page.words


def test_a_wrong_password_signs_nothing(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    record = at.verified()

    page = press(pages.sign_in(at.lead), record, "close", status=422, password="wrong", reason="All is well")

    assert "password" in page.words
    assert "All is well" in page.text
    assert record.state == State.VERIFYING


def test_a_stale_version_is_a_conflict_with_the_fresh_page(at: Ground, pages: Pages) -> None:
    record = at.opened()
    version = record.version - 1

    page = press(pages.sign_in(at.auditor), record, "request_void", 409, version=version, reason="Not ours")

    assert "changed this record in the meantime" in page.words
    assert "Not ours" in page.text
    assert page.value("version") == str(record.version)


def test_a_stale_edit_keeps_what_was_typed_and_can_be_sent_again(at: Ground, pages: Pages) -> None:
    record = at.draft()
    sent = {
        "version": record.version - 1,
        "title": "My title",
        "grade": "minor",
        "source": "monitoring",
        "evidence": "Mine",
        "pins": [f"copc-2000-csp|{LINE}|"],
    }
    page = pages.sign_in(at.auditor).post(f"{REGISTER}{record.number}/edit", sent, status=409)
    assert page.value("title") == "My title"
    assert "Complaints are not recorded" in page.words

    pages.post(f"{REGISTER}{record.number}/edit", sent | {"version": page.value("version")})

    assert record.title == "My title"


def test_what_was_typed_for_a_move_that_is_gone_is_still_shown(at: Ground, pages: Pages) -> None:
    record = at.contained()

    page = press(pages.sign_in(at.process_owner), record, "dispute", status=409, reason="A long text of mine")

    assert "A long text of mine" in page.words


def test_only_permitted_moves_are_offered(at: Ground, pages: Pages) -> None:
    record = at.opened()

    owner = pages.sign_in(at.process_owner).get(f"{REGISTER}{record.number}")
    viewer = pages.sign_in(at.viewer).get(f"{REGISTER}{record.number}")

    assert "/moves/accept" in owner.text
    assert "/moves/" not in viewer.text
    press(pages, record, "accept", status=403)


def test_moves_that_nobody_makes_are_not_found(at: Ground, pages: Pages) -> None:
    record = at.opened()
    pages.sign_in(at.lead)

    for event in ("return_to_draft", "send_back", "nonsense"):
        press(pages, record, event, status=404)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "Please fill this in"),
        ({"title": "x" * 201}, "200 characters"),
        ({"effort": "many"}, "not a number"),
        ({"effort": "-1"}, "more than nothing"),
        ({"effort": "1/0"}, "not a number"),
        ({"grade": "worst"}, "valid choice"),
        ({"owner": str(2**70)}, "valid choice"),
        ({"pins": ["nonsense"]}, "does not exist"),
        ({"pins": ["copc-2000-csp|9.9/line/9.9-1|"]}, "Not facts of this site"),
        ({"repeat_of": "NC-9999"}, "no such record"),
        ({"repeat_of": str(2**70)}, "not the number of a record"),
        ({"also": ["9.9"]}, "valid choice"),
    ],
)
def test_bad_input_is_said_in_place_and_kept(at: Ground, pages: Pages, db: SQLAlchemy, fields, said) -> None:
    sent = {"title": "T", "grade": "minor", "source": "client", "evidence": "Typed before", "effort": "1"}

    page = pages.sign_in(at.auditor).post(f"{REGISTER}new?site={at.site.code}", sent | fields, status=422)

    assert said in page.words
    assert "Typed before" in page.text
    assert db.session.execute(sa.select(sa.func.count()).select_from(Nonconformity)).scalar_one() == 0


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "99999-01-01"])
def test_a_bad_date_is_refused(at: Ground, pages: Pages, day: str) -> None:
    record = at.opened()
    due = record.due_on

    pages.sign_in(at.manager).post(
        f"{REGISTER}{record.number}/due", {"new_day": day, "reason": "Holidays"}, status=422
    )

    assert record.due_on == due


def test_the_deadline_is_extended(at: Ground, pages: Pages) -> None:
    record = at.opened()
    later = record.due_on + timedelta(days=7)

    pages.sign_in(at.manager).post(
        f"{REGISTER}{record.number}/due",
        {"new_day": later.isoformat(), "reason": "Holidays", "version": record.version},
    )

    assert (record.due_on, record.extensions) == (later, 1)


def test_a_void_by_two_persons_with_an_assessors_word(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    record = at.opened(LINE, OTHER_LINE)
    first, second = db.session.execute(
        sa.select(Pin).where(Pin.nonconformity_id == record.id).order_by(Pin.key)
    ).scalars()
    settled = {f"settle-{first.id}": "The item is judged at another site"}
    press(pages.sign_in(at.auditor), record, "request_void", reason="Wrong site", **settled)
    pages.sign_in(at.assessor).post(
        f"{REGISTER}{record.number}/pins/{second.id}", {"value": "not_met", "note": "Seen on the floor"}
    )
    pages.post(f"{REGISTER}{record.number}/pins/{second.id}", {"value": "full", "note": "x"}, status=422)
    pages.post(f"{REGISTER}{record.number}/pins/{2**80}", {"value": "met", "note": "x"}, status=404)

    press(pages.sign_in(at.lead), record, "void", password=factories.PASSWORD)

    assert record.state == State.VOID


# ---------------------------------------------------------------- who sees what


def test_numbers_that_nobody_has_are_not_found(at: Ground, pages: Pages) -> None:
    pages.sign_in(at.viewer)

    for number in ("0", "7", str(2**31), str(2**63), str(2**63 + 1), "9" * 40):
        pages.get(f"{REGISTER}{number}", status=404)


def test_other_organisations_and_sites_stay_unseen(at: Ground, pages: Pages) -> None:
    record = at.opened()
    stranger = factories.person(factories.organisation(), Role.QUALITY_MANAGER)
    elsewhere = factories.site(at.organisation)
    neighbour = factories.person(at.organisation, Role.LEAD_AUDITOR, at=elsewhere)

    for person in (stranger, neighbour):
        pages.sign_in(person)
        pages.get(f"{REGISTER}{record.number}", status=404)
        pages.get(f"{REGISTER}{record.number}/worth", status=404)
        pages.get(f"{REGISTER}{record.number}/edit", status=404)
        press(pages, record, "raise", status=404)
        assert record.title not in pages.get(REGISTER).words
        assert record.title not in pages.get(f"{REGISTER}?q=complaints").words


# ---------------------------------------------------------------- the cost of a page


def test_the_record_page_takes_a_fixed_number_of_statements(at: Ground, pages: Pages) -> None:
    small = at.opened()
    large = at.contained(LINE, OTHER_LINE, UNIT, ROW)
    for _each in range(3):
        loop.implemented(at, large)
    loop.audited(at, large, purpose=loop.AuditPurpose.IMPLEMENTATION, effective=None)
    pages.sign_in(at.manager)
    pages.get(f"{REGISTER}{small.number}")

    with counting() as few:
        pages.get(f"{REGISTER}{small.number}")
    with counting() as many:
        pages.get(f"{REGISTER}{large.number}")

    assert len(many) <= 12, many
    assert len(many) - len(few) <= 3  # actions, their work, and names are asked for where there are any


def test_the_register_takes_the_same_statements_for_any_number_of_rows(at: Ground, pages: Pages) -> None:
    for _each in range(5):
        at.draft()
    pages.sign_in(at.manager)
    pages.get(REGISTER)
    with counting() as few:
        pages.get(REGISTER)
    for _each in range(50):
        at.draft()
    pages.get("/account")  # what the test arranged is written before the counting
    with counting() as many:
        pages.get(REGISTER)
    with counting() as part:
        pages.get(f"{REGISTER}?grade=minor&sort=due", headers={"HX-Request": "true"})

    assert len(few) <= 5
    assert len(many) <= 6, many
    assert len(part) <= 4, part


# ---------------------------------------------------------------- raised from a review, both languages


def test_pages_speak_both_languages(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    record = at.opened(LINE, ROW)
    at.auditor.language = "zh"
    db.session.flush()
    pages.sign_in(at.auditor)

    page = pages.get(f"{REGISTER}{record.number}")
    register = pages.get(f"{REGISTER}?state=open")

    assert "已登记" in page.words
    assert "一般不符合" in register.words
    assert "不符合项" in register.words


@pytest.mark.parametrize("grade", list(Grade))
def test_every_grade_has_its_page(at: Ground, pages: Pages, grade: Grade) -> None:
    record = at.draft(grade=grade)

    assert pages.sign_in(at.lead).get(f"{REGISTER}{record.number}").status == 200
    assert pages.get(f"{REGISTER}{record.number}/edit").value("title") == record.title


def test_a_record_can_begin_at_the_gaps_of_a_review(at: Ground, pages: Pages, db: SQLAlchemy) -> None:
    from tracker.reviews import queries, services

    review = services.plan_review(
        at.actor("lead"),
        site_id=at.site.id,
        title="Review of spring",
        copc=True,
        see_cmm=False,
        tier="standard",
        scope=["2.7"],
        period_start=START,
        period_end=START + timedelta(days=30),
        planned_on=START,
        lead_auditor_id=at.lead.id,
    )
    services.make_move(at.actor("lead"), review, "start")
    services.judge(
        at.actor("auditor"), review, "copc-2000-csp", LINE, "not_met", note="12 of 60", evidence="Calls"
    )
    gap = next(gap for gap in queries.gaps_of(review) if gap.key == LINE)
    pages.sign_in(at.auditor)

    page = pages.get(f"{REGISTER}new?review={review.number}&key={gap.key}")

    assert page.value("title").startswith("2.7")
    assert "12 of 60; Calls" in page.words
    assert f'value="copc-2000-csp|{LINE}|"' in page.text
    pages.get(f"{REGISTER}new?review={review.number}&key=2.7/line/2.7-5", status=422)
    pages.get(f"{REGISTER}new?review=999", status=404)
