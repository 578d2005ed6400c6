"""The register of key processes: what it keeps, who may, and what it proposes."""

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import HistoryEvent
from tracker.metrics import services as metrics
from tracker.metrics.loaded import load_site
from tracker.processes import queries, services
from tracker.processes.models import AuditResult, Process, ProcessKind

Be = Callable[[Person], Pages]


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask) -> Be:
    return lambda person: Pages(make_client(app)).sign_in(person)


def add(at: Ground, *, metric_ids: tuple[int, ...] = (), **fields: object) -> Process:
    given = {"kind": ProcessKind.KCRP, "name_en": "Card loss", "owner_id": at.owner.id} | fields
    return services.create_process(
        at.actor(at.manager), site_id=at.site.id, fields=given, metric_ids=metric_ids
    )


def audit(at: Ground, process: Process, **fields: object) -> None:
    given = {
        "audited_on": TODAY,
        "auditor_id": at.lead.id,
        "result": AuditResult.FOLLOWED,
        "sample": "36 calls",
    } | fields
    services.record_audit(at.actor(at.lead), process, **given)


def rows(at: Ground, state: str = "", kind: str = "") -> list[str]:
    found = queries.list_processes(at.actor(at.manager), at.site, kind, state)
    return [row.label for row in found]


# ---------------------------------------------------------------- what is kept


def test_a_process_keeps_what_was_said_and_a_history(at: Ground, db: SQLAlchemy) -> None:
    process = add(at, procedure="QM-17", audit_months=6, metric_ids=(at.metrics[0].id,))
    services.edit_process(
        at.actor(at.manager), process, {"procedure": "QM-18"}, (at.metrics[1].id,), version=process.version
    )
    events = db.session.execute(
        sa.select(HistoryEvent.event, HistoryEvent.changes)
        .where(HistoryEvent.record_kind == "process", HistoryEvent.record_id == process.id)
        .order_by(HistoryEvent.id)
    ).all()

    assert (process.name_zh, process.number) == ("Card loss", 1)
    assert [event for event, _changes in events] == ["created", "edited"]
    assert events[1].changes == {
        "procedure": ["QM-17", "QM-18"],
        "metrics": [
            f"{at.metrics[0].item} {at.metrics[0].code}",
            f"{at.metrics[1].item} {at.metrics[1].code}",
        ],
    }


def test_metrics_alone_move_the_version(at: Ground) -> None:
    process = add(at)
    before = process.version
    services.edit_process(at.actor(at.manager), process, {}, (at.metrics[0].id,), version=before)

    assert process.version == before + 1
    with pytest.raises(Conflict):
        services.edit_process(at.actor(at.manager), process, {"procedure": "x"}, version=before)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name_en": " "}, "name_en"),
        ({"kind": "other"}, "kind"),
        ({"audit_months": 0}, "audit_months"),
        ({"audit_months": 37}, "audit_months"),
        ({"unit_id": 7}, "unit_id"),
        ({"owner_id": 7}, "owner_id"),
        ({"procedure": "x" * 401}, "procedure"),
    ],
)
def test_a_process_that_cannot_be_is_refused(at: Ground, fields: dict, wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(at, **fields)
    assert list(refused.value.fields) == [wrong]


def test_metrics_and_sites_of_others_are_refused(at: Ground) -> None:
    other = grounds.lay()

    with pytest.raises(InvalidInput) as refused:
        add(at, metric_ids=(other.metrics[0].id,))
    assert list(refused.value.fields) == ["metrics"]
    with pytest.raises(NotFound):
        services.create_process(at.actor(at.manager), site_id=other.site.id, fields={"name_en": "x"})


# ---------------------------------------------------------------- sampled audits


def test_a_sampled_audit_keeps_for_its_months(at: Ground) -> None:
    process = add(at, audit_months=6)
    assert rows(at, "overdue") == ["P-0001"], "never audited: wanted now"
    audit(at, process, audited_on=date(2025, 12, 19))
    assert rows(at, "overdue") == ["P-0001"], "due on 19 June, the day before"
    audit(at, process, audited_on=date(2025, 12, 20))

    assert rows(at, "overdue") == []
    assert queries.get_page(process).row.due_on == TODAY


def test_the_end_of_a_month_stays_the_end_of_a_month(at: Ground) -> None:
    assert queries.due_on(add(at, audit_months=6), date(2025, 8, 31)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"audited_on": date(2026, 6, 21)}, "audited_on"),
        ({"audited_on": None}, "audited_on"),
        ({"auditor_id": None}, "auditor_id"),
        ({"result": "good"}, "result"),
        ({"sample": " "}, "sample"),
    ],
)
def test_an_audit_that_cannot_be_is_refused(at: Ground, fields: dict, wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        audit(at, add(at), **fields)
    assert list(refused.value.fields) == [wrong]


def test_a_process_out_of_use_is_not_audited(at: Ground, be: Be) -> None:
    process = add(at, active=False)
    typed = {
        "audited_on": "2026-06-20",
        "auditor_id": str(at.lead.id),
        "result": "followed",
        "sample": "36 calls",
    }

    assert "no longer in use" in be(at.manager).post(f"/processes/{process.number}/audits", typed, 422).words
    assert queries.list_audits(process) == ()


def test_an_owner_does_not_audit_their_own_process(at: Ground) -> None:
    with pytest.raises(InvalidInput) as refused:
        audit(at, add(at), auditor_id=at.owner.id)
    assert list(refused.value.fields) == ["auditor_id"]


def test_an_audit_is_taken_back_with_a_reason_and_the_history_keeps_it(at: Ground, db: SQLAlchemy) -> None:
    process = add(at)
    audit(at, process)
    (view,) = queries.list_audits(process)
    row = queries.get_audit(process, view.id)
    with pytest.raises(InvalidInput):
        services.remove_audit(at.actor(at.lead), process, row, " ")
    services.remove_audit(at.actor(at.lead), process, row, "wrong process", view.version)

    assert queries.list_audits(process) == ()
    last = db.session.execute(
        sa.select(HistoryEvent)
        .where(HistoryEvent.record_kind == "process")
        .order_by(HistoryEvent.id.desc())
        .limit(1)
    ).scalar_one()
    assert (last.event, last.reason) == ("process_audit_removed", "wrong process")
    with pytest.raises(NotFound):
        queries.get_audit(process, view.id)


def test_a_review_finds_the_sampled_audits_of_its_customer_processes(at: Ground) -> None:
    audit(at, add(at))
    audit(at, add(at, kind=ProcessKind.KSP))
    audit(at, add(at, name_en="Old"), audited_on=date(2025, 1, 1))
    found = queries.list_sampled(at.organisation.id, at.site.id, date(2026, 1, 1))

    assert [(row.name, view.sample) for row, view in found] == [("Card loss", "36 calls")]


# ---------------------------------------------------------------- variation


def vary(at: Ground) -> Process:
    metric = at.metrics[0]
    for month, value in enumerate(("150", "240", "330", "200", "310", "270"), start=1):
        metrics.set_value(at.actor(at.manager), metric, f"2026-0{month}", value)
    return add(at, metric_ids=(metric.id, at.metrics[1].id))


def test_a_process_is_flagged_when_any_rule_fires_on_any_metric(at: Ground) -> None:
    process = vary(at)
    add(at, metric_ids=(at.metrics[1].id,))

    assert rows(at, "varies") == ["P-0001"]
    assert [metric.number for metric in queries.get_page(process).flagged] == [at.metrics[0].number]


def test_a_flag_proposes_a_gap_on_2_2_3_and_sets_nothing(at: Ground, be: Be) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))
    process = vary(at)
    pages = be(at.manager)
    page = pages.get(f"/processes/{process.number}")
    draft = pages.get(f"/nonconformities/new?process={process.number}")

    assert f"/nonconformities/new?site={at.site.code}&amp;process=1" in page.text
    assert draft.value("title") == "2.2 Card loss: too much variation"
    assert 'value="copc-2000-csp|2.2/line/2.2-3|"' in draft.text
    assert "Bond coefficient 0.7200" in draft.text
    pages.get("/nonconformities/new?process=99", 404)


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", ["/processes/", "/processes/1", "/processes/new", "/processes/1/edit"])
def test_every_page_is_shown(at: Ground, be: Be, path: str, language: str) -> None:
    audit(at, vary(at))
    be(at.manager).get(path, headers={"Accept-Language": language})


def test_the_forms_add_change_and_audit(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    typed = {"kind": "kcrp", "name_en": "Card loss", "audit_months": "12", "metrics": str(at.metrics[0].id)}
    wrong = pages.post("/processes/new", typed | {"audit_months": "99"}, 422)
    address = pages.post("/processes/new", typed).location or ""
    page = pages.get(f"{address}/edit")
    pages.post(
        f"{address}/edit", typed | {"procedure": "QM-17", "active": "y", "version": page.value("version")}
    )
    stale = pages.post(f"{address}/edit", typed | {"version": "1", "name_en": "Mine"}, 409)
    empty = pages.post(f"{address}/audits", {"audited_on": "2026-06-20"}, 422)
    pages.post(
        f"{address}/audits",
        {
            "audited_on": "2026-06-20",
            "auditor_id": str(at.lead.id),
            "result": "deviations",
            "sample": "36 calls",
        },
    )
    shown = pages.get(address)

    assert wrong.value("name_en") == "Card loss"
    assert "Between 1 and 36 months" in wrong.words
    assert stale.value("name_en") == "Mine"
    assert "Please fill this in" in empty.words
    assert "QM-17" in shown.words
    assert "With deviations" in shown.words
    pages.get("/processes/?site=nowhere", 404)


def test_a_retired_process_leaves_the_register(at: Ground) -> None:
    process = add(at)
    services.edit_process(at.actor(at.manager), process, {"active": False})

    assert (rows(at), rows(at, "overdue"), rows(at, "retired")) == ([], [], ["P-0001"])


@pytest.mark.parametrize("path", ["/processes/new", "/processes/1/edit", "/processes/1/audits"])
def test_a_viewer_reads_only(at: Ground, be: Be, path: str) -> None:
    add(at)
    pages = be(factories.person(at.organisation, Role.VIEWER))

    pages.get("/processes/1")
    pages.post(path, {"name_en": "x"}, 403)


def test_another_organisation_and_another_site_are_not_seen(at: Ground, be: Be) -> None:
    add(at)
    be(grounds.lay().manager).get("/processes/1", 404)
    elsewhere = factories.site(at.organisation)
    stranger = factories.person(at.organisation, Role.QUALITY_MANAGER, at=elsewhere)

    be(stranger).get("/processes/1", 403)
    assert "Card loss" not in be(stranger).get("/processes/").words


def test_the_register_asks_the_same_for_any_number(at: Ground, db: SQLAlchemy) -> None:
    actor = at.actor(at.manager)

    def count() -> int:
        db.session.flush()
        with counting() as found:
            queries.list_processes(actor, at.site)
        return len(found)

    vary(at)
    few = count()
    for place in range(10):
        add(at, name_en=f"Process {place}", metric_ids=(at.metrics[1].id,))

    assert count() == few <= 3
    assert load_site(at.organisation.id, at.site).rows
