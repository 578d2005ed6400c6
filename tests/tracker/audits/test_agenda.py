"""What awaits a follow-up audit, several records ticked for one, the calendar ahead, and N-METRIC record by record."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tests.tracker.actions.statements import count_statements
from tests.tracker.audits.test_services import answer, conclude, prepared, refused, schedule
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.actions import queries as actions
from tracker.audits import agenda, services
from tracker.audits.models import Audit
from tracker.audits.queries import list_checks, list_covered
from tracker.errors import InvalidInput, RefusedMove
from tracker.metrics import services as metrics
from tracker.timeline import list_signatures
from workflows.kinds import AuditMode, Grade
from workflows.nonconformities import NonconformityState

START = loop.date(2026, 3, 2)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


def waiting(at, *records):
    """Records that are implemented and wait for their audit, each by an action of its own."""
    found = records or (at.nonconformity(), at.nonconformity())
    for record in found:
        loop.implemented(at, record)
    return found


# ---------------------------------------------------------------- awaiting an audit


def test_what_is_implemented_waits_until_an_audit_covers_it(app, at) -> None:
    first, second = waiting(at)
    correcting = at.nonconformity()
    loop.planned(at, correcting)
    lead = be(app, at.lead)
    page = lead.get("/audits/waiting")
    assert first.title in page.words
    assert correcting.title not in page.words

    schedule(at, first)

    page = lead.get("/audits/waiting")
    assert first.title not in page.words
    assert second.title in page.words


def test_while_the_window_runs_only_implementation_can_be_asked(at) -> None:
    (record,) = waiting(at, at.nonconformity())
    (row,) = agenda.list_waiting(at.act(at.lead), None, "", 10).rows
    assert row.purpose == "implementation"

    with clock.at(row.window_ends_on + timedelta(days=1)):
        (row,) = agenda.list_waiting(at.act(at.lead), None, "", 10).rows

    assert row.purpose == "effectiveness"
    assert row.number == record.number


def test_records_ticked_are_audited_together(app, at, db) -> None:
    first, second = waiting(at)
    lead = be(app, at.lead)
    page = lead.get("/audits/waiting")
    assert page.text.count('name="record"') == 2

    path = f"/audits/new?record={first.number}&record={second.number}&purpose=effectiveness"
    form = lead.get(path)
    assert len(re.findall(r"<option selected", form.text)) >= 2
    assert re.search(r'value="effectiveness"[^>]*checked|checked[^>]*value="effectiveness"', form.text)
    answered = lead.post(
        path,
        {
            "nonconformity_ids": [first.id, second.id],
            "purpose": "effectiveness",
            "mode": "on_site",
            "planned_on": "2026-06-09",
            "auditor_id": at.auditor.id,
        },
    )

    audit = db.session.query(Audit).one()
    assert answered.location.endswith(f"/audits/{audit.number}")
    assert [each.id for each in list_covered(audit)] == [first.id, second.id]


def test_a_record_is_taken_out_before_the_audit_begins(app, at) -> None:
    first, second = waiting(at)
    audit = schedule(at, first, second)
    lead = be(app, at.lead)
    path = f"/audits/{audit.number}/verdicts/{second.id}/remove"
    assert path in lead.get(f"/audits/{audit.number}").text

    stale = lead.post(path, {"version": 0}, 409)
    assert "changed" in stale.words
    lead.post(path, {"version": audit.version})

    assert [each.id for each in list_covered(audit)] == [first.id]
    assert len(list_checks(audit)) == 1, "the lines of its own tasks go with it"
    last = lead.post(f"/audits/{audit.number}/verdicts/{first.id}/remove", {"version": audit.version}, 409)
    assert "cancel the audit instead" in last.words
    be(app, at.owner).post(path, {"version": audit.version}, 403)


def test_what_an_audit_covers_stands_once_it_has_begun(at) -> None:
    first, second = waiting(at)
    audit = loop.started(at, first, second)

    with pytest.raises(RefusedMove) as error:
        services.uncover(at.act(at.lead), audit, second.id)

    assert "has begun" in refused(error)


def test_records_of_another_site_are_left_out_and_said(app, at) -> None:
    (first,) = waiting(at, at.nonconformity())
    elsewhere = factories.site(at.organisation)
    other = factories.nonconformity(elsewhere, at.process_owner, state=NonconformityState.VERIFYING)
    manager = be(app, factories.person(at.organisation, Role.QUALITY_MANAGER))

    page = manager.get(f"/audits/new?record={first.number}&record={other.number}&record=x&record=")

    assert "belongs to another site" in page.words
    assert other.title not in page.text.split("nonconformity_ids")[1].split("</select>")[0]


def test_everybody_with_a_hand_in_any_of_them_is_marked(app, at) -> None:
    first, second = waiting(at)
    at_both = factories.person(at.organisation, Role.AUDITOR, at=at.site)
    task = actions.load_case(actions.list_naming(at.organisation.id, [second.id])[0]).tasks[0]
    task.done_by_id = at_both.id

    page = be(app, at.lead).get(f"/audits/new?record={first.number}&record={second.number}")

    assert f"{at_both.name_en} (not independent)" in page.words
    with pytest.raises(InvalidInput):
        schedule(at, first, second, auditor_id=at_both.id)


def test_one_major_among_them_asks_for_the_reason_of_a_desk_audit(at) -> None:
    first = at.nonconformity()
    major = at.nonconformity(grade=Grade.MAJOR)
    waiting(at, first, major)

    with pytest.raises(InvalidInput) as error:
        schedule(at, first, major, mode=AuditMode.DESK)
    audit = schedule(at, first, major, mode=AuditMode.DESK, desk_reason="All evidence is on file")

    assert "desk_reason" in error.value.fields
    assert audit.desk_reason


def test_the_list_is_paged_and_takes_the_same_statements(app, at, db) -> None:
    waiting(at)
    lead = be(app, at.lead)
    lead.get("/audits/waiting")
    with count_statements() as few:
        lead.get("/audits/waiting")
    waiting(at)
    waiting(at)
    db.session.commit()
    with count_statements() as many:
        lead.get("/audits/waiting")
    first = agenda.list_waiting(at.act(at.lead), None, "", 4)
    rest = agenda.list_waiting(at.act(at.lead), None, first.after or "", 4)

    assert len(few) == len(many) <= 6
    assert (len(first.rows), len(rest.rows)) == (4, 2)
    assert {row.number for row in first.rows}.isdisjoint(row.number for row in rest.rows)
    lead.get("/audits/waiting?after=nonsense&site=nowhere")


def test_who_may_not_schedule_ticks_nothing(app, at) -> None:
    waiting(at)
    viewer = be(app, factories.person(at.organisation, Role.VIEWER, at=at.site))
    stranger = be(app, factories.person(at.organisation, Role.AUDITOR, at=factories.site(at.organisation)))

    assert 'name="record"' not in viewer.get("/audits/waiting").text
    assert "No record awaits" in stranger.get("/audits/waiting").words


# ---------------------------------------------------------------- the calendar


def test_the_calendar_holds_audits_windows_and_what_is_due(at) -> None:
    first, second = waiting(at)
    schedule(at, first, planned_on=START + timedelta(days=9))

    found = agenda.get_agenda(at.act(at.lead), at.site.id, 60)

    kinds = {each.kind: each for day in found.days for each in day.happenings}
    assert kinds["audit"].day == START + timedelta(days=9)
    assert kinds["window"].day == actions.list_naming(at.organisation.id, [first.id])[0].window_ends_on
    assert found.counts == {"audit": 1, "window": 2, "due": 0}
    wide = agenda.get_agenda(at.act(at.lead), at.site.id, 90)
    assert len(wide.weeks) > len(found.weeks)
    assert second.due_on > wide.last


def test_what_is_overdue_stands_above_the_weeks(at) -> None:
    (first, second) = waiting(at)
    schedule(at, first, planned_on=START + timedelta(days=9))

    with clock.at(loop.date(2026, 12, 1)):
        found = agenda.get_agenda(at.act(at.lead), None, 30)

    assert [each.kind for each in found.overdue] == ["audit", "due"]
    assert found.overdue[1].label == f"NC-{second.number:04d}"
    assert found.days == ()


def test_holidays_and_weekends_are_days_off(at) -> None:
    found = agenda.get_agenda(at.act(at.lead), at.site.id, 30)

    worked = {day.day: day.worked for week in found.weeks for day in week}
    assert worked[loop.date(2026, 3, 6)]
    assert not worked[loop.date(2026, 3, 7)]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("days", ["30", "60", "90", "x"])
def test_the_page_of_the_calendar(app, at, language, days) -> None:
    (record, _other) = waiting(at)
    schedule(at, record, planned_on=clock.now().date() + timedelta(days=3))

    page = be(app, at.lead).get(f"/audits/calendar?days={days}", headers={"Accept-Language": language})

    assert "FA-0001" in page.words
    assert "style=" not in page.text


def test_the_calendar_of_a_site_unseen_is_empty(app, at) -> None:
    waiting(at)
    stranger = factories.person(at.organisation, Role.AUDITOR, at=factories.site(at.organisation))

    found = agenda.get_agenda(factories.actor_for(stranger), at.site.id, 90)

    assert found.days == () == found.overdue


# ---------------------------------------------------------------- N-METRIC


def measured(at, name: str):
    """A metric with a target of 90 and no value yet."""
    manager = at.act(at.manager)
    metric = metrics.create_metric(
        manager, site_id=at.site.id, item="4.4", name_en=name, code=name.lower(), better="higher"
    )
    metrics.set_target(manager, metric, "2026-01", value="90")
    return metric


def fill(at, metric, **values: str) -> None:
    """Values of the months given as m04="96"."""
    months = {f"2026-{key[1:]}": value for key, value in values.items()}
    metrics.set_values(at.act(at.manager), metric, months)


def on_level(at, metric):
    """A record that says that a metric misses its level, implemented by an action of its own."""
    record = at.nonconformity(unpinned_reason="")
    factories.pin(record, f"{metric.item}/metric/{metric.code}/meets")
    loop.implemented(at, record)
    return record


def test_a_level_is_not_effective_before_three_whole_months(at) -> None:
    metric = measured(at, "Speed")
    record = on_level(at, metric)
    (action,) = actions.list_naming(at.organisation.id, [record.id])
    assert action.window_ends_on == loop.date(2026, 6, 30), (
        "three whole months, although thirty days were planned"
    )

    with clock.at(loop.date(2026, 6, 10)):
        fill(at, metric, m03="95", m04="95", m05="95")
        audit = schedule(at, record)
        services.make_move(at.act(at.auditor), audit, "start")
        prepared(at, audit, record, effective=True)
        with pytest.raises(RefusedMove) as early:
            conclude(at, audit)

    assert "before their window is over" in refused(early)
    assert f"NC-{record.number:04d}" in refused(early)


def test_after_the_window_the_data_have_to_agree(at) -> None:
    metric = measured(at, "Speed")
    record = on_level(at, metric)

    with clock.at(loop.date(2026, 7, 10)):
        fill(at, metric, m04="95", m05="80", m06="80")
        audit = schedule(at, record)
        services.make_move(at.act(at.auditor), audit, "start")
        prepared(at, audit, record, effective=True)
        with pytest.raises(RefusedMove) as disagreeing:
            conclude(at, audit)
        fill(at, metric, m05="95", m06="95")
        conclude(at, audit)

    assert "at least three periods" in refused(disagreeing)
    assert "Speed" in refused(disagreeing)
    assert audit.state == "concluded"


def test_a_no_needs_no_window_and_no_data(at) -> None:
    record = on_level(at, measured(at, "Speed"))

    with clock.at(loop.date(2026, 4, 10)):
        audit = schedule(at, record)
        services.make_move(at.act(at.auditor), audit, "start")
        prepared(at, audit, record, effective=False)
        conclude(at, audit)

    assert record.state == NonconformityState.CORRECTING
    assert record.not_effective == 1


def test_records_audited_together_are_judged_each_on_its_own_work(at) -> None:
    speed, care = measured(at, "Speed"), measured(at, "Care")
    early = on_level(at, speed)
    with clock.at(loop.date(2026, 7, 6)):
        late = on_level(at, care)

    with clock.at(loop.date(2026, 11, 16)):
        # Good for six months up to September, when the later of the two has only just been done.
        fill(at, speed, m04="95", m05="95", m06="95", m07="95", m08="95", m09="95")
        fill(at, care, m04="95", m05="95", m06="95", m07="95", m08="80", m09="80", m10="80")
        audit = schedule(at, early, late)
        services.make_move(at.act(at.auditor), audit, "start")
        prepared(at, audit, early, effective=True)
        answer(at, audit, late, effective=True)
        with pytest.raises(RefusedMove) as error:
            conclude(at, audit)
        answer(at, audit, late, effective=False)
        conclude(at, audit)

    assert "Care" in refused(error)
    assert "Speed" not in refused(error), "its three months are counted from its own last task"
    assert early.answered_effective is True
    assert late.state == NonconformityState.CORRECTING


def test_the_single_person_switch_marks_what_it_lets_through(at) -> None:
    at.organisation.single_person = True
    (record,) = waiting(at, at.nonconformity())
    audit = schedule(at, record, auditor_id=at.lead.id)
    owner_of_all = at.act(at.lead)
    (action,) = actions.list_naming(at.organisation.id, [record.id])
    action.owner_id = at.lead.id

    services.make_move(owner_of_all, audit, "start")
    for check in list_checks(audit):
        services.answer_check(owner_of_all, audit, check, "yes", "Seen")
    services.set_sample(owner_of_all, audit, sample="All")
    services.set_verdict(
        owner_of_all, audit, record.id, implemented=True, effective=False, note="Seen", evidence="Seen"
    )
    services.make_move(owner_of_all, audit, "conclude", signing=loop.SIGNED)

    (signature,) = list_signatures(services.record_of(audit))
    assert not signature.segregated
