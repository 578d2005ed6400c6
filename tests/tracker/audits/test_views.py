import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.actions.statements import count_statements
from tracker import clock
from tracker.accounts.models import Person
from tracker.audits.queries import get_audit, list_checks


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(loop.date(2026, 3, 2)):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_an_audit_is_shown_before_while_and_after(app, at, language) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)
    headers = {"Accept-Language": language}

    pages = be(app, at.auditor)
    assert "FA-0001" in pages.get(f"/audits/{audit.number}", headers=headers).words
    assert "FA-0001" in pages.get("/audits/", headers=headers).words
    assert record.title in be(app, at.lead).get(f"/audits/new?nonconformity={record.number}").text


HTMX = {"HX-Request": "true"}


@pytest.fixture
def record(at):
    found = at.nonconformity()
    loop.implemented(at, found)
    return found


def schedule_form(at, record, **fields):
    return {
        "nonconformity_ids": record.id,
        "purpose": "implementation",
        "mode": "on_site",
        "planned_on": "2026-03-09",
        "auditor_id": at.auditor.id,
    } | fields


def test_an_audit_is_scheduled_from_a_record(app, at, record) -> None:
    lead = be(app, at.lead)

    answer = lead.post(f"/audits/new?nonconformity={record.number}", schedule_form(at, record))

    assert answer.location.endswith("/audits/1")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"planned_on": "31.2."}, "Not a valid date"),
        ({"auditor_id": "77"}, "not one of the choices"),
        ({"nonconformity_ids": "77"}, "not one of the choices"),
        ({"purpose": "fun"}, "valid choice"),
    ],
)
def test_what_cannot_be_scheduled_is_said_beside_the_field(app, at, record, fields, said) -> None:
    page = be(app, at.lead).post("/audits/new", schedule_form(at, record, **fields), 422)

    assert said in " ".join(page.errors())
    assert (
        f'value="{record.id}" selected' in page.text
        or f'selected value="{record.id}"' in page.text
        or ("nonconformity_ids" in fields)
    )


def test_who_had_a_hand_in_it_is_marked_and_refused(app, at, record) -> None:
    both = loop.factories.person(at.organisation, loop.Role.AUDITOR, loop.Role.ACTION_OWNER, at=at.site)
    at.owner = both
    other = at.nonconformity()
    loop.implemented(at, other)
    path = f"/audits/new?nonconformity={other.number}"
    lead = be(app, at.lead)
    assert "(not independent)" in lead.get(path).words

    page = lead.post(path, schedule_form(at, other, auditor_id=both.id), 422)

    assert "name somebody independent" in " ".join(page.errors())


def test_the_auditor_answers_signs_and_the_records_move(app, at, record) -> None:
    lead, auditor = be(app, at.lead), be(app, at.auditor)
    lead.post("/audits/new", schedule_form(at, record))
    audit = get_audit(at.act(at.auditor), 1)
    auditor.post("/audits/1/moves/start", {"version": audit.version})
    (check,) = list_checks(audit)
    line = {
        f"check-{check.id}-answer": "yes",
        f"check-{check.id}-evidence": "Seen",
        f"check-{check.id}-version": check.version,
    }
    part = auditor.post(f"/audits/1/checks/{check.id}", line, 200, headers=HTMX)
    assert f'id="check-{check.id}"' in part.text
    auditor.post("/audits/1/checks", {"question-text": "Do agents know it?"})
    own = list_checks(audit)[-1]
    auditor.post(
        f"/audits/1/checks/{own.id}",
        {f"check-{own.id}-answer": "not_applicable", f"check-{own.id}-version": own.version},
    )
    auditor.post("/audits/1/sample", {"sample-sample": "30 calls", "sample-version": audit.version})
    name = f"verdict-{record.id}"
    auditor.post(
        f"/audits/1/verdicts/{record.id}",
        {
            f"{name}-implemented": "yes",
            f"{name}-evidence": "Recordings",
            f"{name}-note": "As planned",
            f"{name}-version": 1,
        },
    )

    wrong = auditor.post("/audits/1/moves/conclude", {"version": audit.version, "password": "no"}, 422)
    assert "The password is not right" in wrong.words
    auditor.post("/audits/1/moves/conclude", {"version": audit.version, "password": loop.factories.PASSWORD})

    assert audit.state == "concluded"
    assert "concluded" in auditor.get("/audits/1").words
    assert "monitoring" in auditor.get("/actions/1").words


def test_a_stale_answer_is_a_conflict_with_both_texts(app, at, record) -> None:
    audit = loop.started(at, record)
    (check,) = list_checks(audit)
    version, name = check.version, f"check-{check.id}"
    auditor = be(app, at.auditor)
    path = f"/audits/1/checks/{check.id}"
    auditor.post(path, {f"{name}-answer": "yes", f"{name}-evidence": "Theirs", f"{name}-version": version})

    page = auditor.post(
        path,
        {f"{name}-answer": "no", f"{name}-evidence": "Mine", f"{name}-version": version},
        409,
        headers=HTMX,
    )

    assert "Mine" in page.text
    assert "Theirs" in page.text
    assert check.evidence == "Theirs"


def test_an_answer_that_contradicts_itself_is_refused_in_place(app, at, record) -> None:
    loop.started(at, record)
    name = f"verdict-{record.id}"

    page = be(app, at.auditor).post(
        f"/audits/1/verdicts/{record.id}",
        {
            f"{name}-implemented": "no",
            f"{name}-effective": "yes",
            f"{name}-note": "Kept",
            f"{name}-version": 1,
        },
        422,
        headers=HTMX,
    )

    assert "cannot be effective" in " ".join(page.errors())
    assert "Kept" in page.text


def test_only_the_auditor_writes_answers(app, at, record) -> None:
    audit = loop.started(at, record)
    (check,) = list_checks(audit)
    for person in (at.lead, at.owner):
        pages = be(app, person)
        pages.post(f"/audits/1/checks/{check.id}", {f"check-{check.id}-answer": "yes"}, 403)
        pages.post("/audits/1/moves/conclude", {"version": audit.version, "password": "x"}, 403)


def test_an_audit_is_put_off_on_its_page(app, at, record) -> None:
    be(app, at.lead).post("/audits/new", schedule_form(at, record))
    lead = be(app, at.lead)
    wrong = lead.post("/audits/1/moves/reschedule", {"reason": "Ill", "planned_on": "x", "version": 1}, 422)
    assert "Ill" in wrong.text

    lead.post("/audits/1/moves/reschedule", {"reason": "Ill", "planned_on": "2026-03-20", "version": 1})

    assert "20 Mar 2026" in lead.get("/audits/1").words


def test_strangers_and_odd_numbers_find_nothing(app, at, record) -> None:
    loop.started(at, record)
    role = loop.Role.LEAD_AUDITOR
    elsewhere = loop.factories.person(loop.factories.organisation(), role)
    beside = loop.factories.person(at.organisation, role, at=loop.factories.site(at.organisation))
    for stranger in (elsewhere, beside):
        pages = be(app, stranger)
        pages.get("/audits/1", 404)
        assert "FA-0001" not in pages.get("/audits/").words
        pages.get(f"/audits/new?nonconformity={record.number}", 404)
    be(app, at.lead).get("/audits/99999999999999999999", 404)
    be(app, at.auditor).post("/audits/1/verdicts/9223372036854775807", {}, 404)


def test_statements_do_not_grow_with_rows(app, at, record) -> None:
    audit = loop.started(at, record)
    auditor = be(app, at.auditor)

    def counts() -> tuple[int, int]:
        auditor.get("/audits/")
        with count_statements() as register:
            auditor.get("/audits/?state=in_progress&sort=planned")
        with count_statements() as page:
            auditor.get(f"/audits/{audit.number}")
        return len(register), len(page)

    before = counts()
    more = [at.nonconformity() for _ in range(3)]
    loop.implemented(at, *more)
    loop.started(at, *more)
    audit = loop.started(at, *more, record)

    after = counts()
    assert after[0] == before[0] <= 6
    assert after[1] == before[1] <= 12
