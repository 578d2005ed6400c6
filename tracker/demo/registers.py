"""The demo's registers: key processes with their sampled audits, a metric by programme, the required metrics."""

from datetime import date, timedelta

import sqlalchemy as sa

from scoring.roll_up import Rule
from tracker import clock
from tracker.database import db
from tracker.demo.cast import Cast
from tracker.metrics import exhibit, exhibit_changes, parts, programmes
from tracker.metrics.models import Metric
from tracker.metrics.parts import Typed
from tracker.metrics.services import create_metric, rescore_data, set_target
from tracker.organisations import timing
from tracker.organisations.rules import DEFAULT_HOLIDAYS
from tracker.processes import services as processes
from tracker.processes.models import AuditResult, ProcessKind
from tracker.scores.sheets import months_before
from workflows.calendars import WEEKEND, Day

# (site, kind, zh, en, procedure, owner, metrics by code, days since its sampled audits, result of the last)
PROCESSES = (
    (
        "chengdu",
        ProcessKind.KCRP,
        "快递催件",
        "Chasing a delivery",
        "QP-CD-07 v3",
        "jiang",
        ("resolution-by-programme", "user-complaints"),
        ((142, AuditResult.DEVIATIONS), (510, AuditResult.FOLLOWED)),
    ),
    (
        "chengdu",
        ProcessKind.KCRP,
        "家电报修派单",
        "Dispatching a repair",
        "QP-CD-11 v2",
        "feng",
        ("appointment-time", "client-complaints"),
        ((401, AuditResult.FOLLOWED),),
    ),
    (
        "chengdu",
        ProcessKind.KSP,
        "预测与排班",
        "Forecasting and scheduling",
        "QP-CD-20 v5",
        "jiang",
        ("forecast-accuracy", "schedule-adherence"),
        ((60, AuditResult.FOLLOWED),),
    ),
    (
        "suzhou",
        ProcessKind.KCRP,
        "信用卡挂失",
        "Card loss",
        "QP-SZ-03 v6",
        "he",
        (),
        ((200, AuditResult.FOLLOWED),),
    ),
)
# Programme → (resolved, contacts) of the latest whole month; each month before has a little less resolved.
RESOLVED = {"wallet-service": (4120, 5000), "delivery-hotline": (3310, 4200), "hotel-booking": (1480, 1750)}
MONTHS = 9


def build_registers(cast: Cast, today: date) -> None:
    """Fill the registers of both sites."""
    with clock.at(today):
        _build_by_programme(cast, today)
        _build_processes(cast, today)
        _build_exhibit(cast)
        _build_calendar(cast, today)
        db.session.commit()


def _build_calendar(cast: Cast, today: date) -> None:
    """Days of a site's own over the official ones: a weekend worked for a switch of systems, and a day off for it.

    They lie ahead, so that no deadline of the story is counted in another way for them.
    """
    site = cast.sites["chengdu"]
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 14)
    days = (
        Day(saturday, True, "新呼叫平台切换"),
        Day(saturday + timedelta(days=1), True, "新呼叫平台切换"),
        Day(saturday + timedelta(days=6), False, "平台切换补休"),
    )
    timing.set_calendar(
        cast.actors["lin"],
        site,
        holidays=DEFAULT_HOLIDAYS,
        weekend=WEEKEND,
        days=days,
        reason="切换新呼叫平台，周末全员到岗，次周五补休。",
        version=0,
    )


def _build_processes(cast: Cast, today: date) -> None:
    for site, kind, zh, en, procedure, owner, codes, audits in PROCESSES:
        place = cast.sites[site]
        metric_ids = db.session.execute(
            sa.select(Metric.id).where(
                Metric.organisation_id == place.organisation_id,
                Metric.site_id == place.id,
                Metric.code.in_(codes),
            )
        ).scalars()
        process = processes.create_process(
            cast.actors["lin"],
            site_id=place.id,
            fields={
                "kind": kind,
                "name_zh": zh,
                "name_en": en,
                "procedure": procedure,
                "owner_id": cast.id(owner),
            },
            metric_ids=metric_ids,
        )
        for days, result in audits:
            processes.record_audit(
                cast.actors["zhou"],
                process,
                audited_on=today - timedelta(days=days),
                auditor_id=cast.id("zhou"),
                result=result,
                sample="30 笔，两个班组 30 cases, two teams",
                checklist="CL-2.2",
            )


def _build_exhibit(cast: Cast) -> None:
    """The outline as the company's list; Chengdu has answered what its metrics answer, and nobody has confirmed it."""
    manager, site = cast.actors["lin"], cast.sites["chengdu"]
    exhibit_changes.start_list(manager)
    exhibit_changes.set_services(manager, site, ["inbound", "chat"])
    page = exhibit.get_page(site)
    by_name = {name: metric_id for metric_id, _item, name in page.choices}
    entries = {entry.name: entry.id for entry in page.entries}
    for name in by_name.keys() & entries.keys():
        exhibit_changes.answer(
            manager,
            site,
            exhibit.get_entry(site.organisation_id, entries[name]),
            metric_id=by_name[name],
        )


def _build_by_programme(cast: Cast, today: date) -> None:
    """Resolution by programme, pooled; the latest month is provisional, and one programme has not reported it."""
    manager, site = cast.actors["lin"], cast.sites["chengdu"]
    metric = create_metric(
        manager,
        site_id=site.id,
        item="4.4",
        code="resolution-by-programme",
        name_zh="一次解决率（按方案汇总）",
        name_en="Resolved at first contact, by programme",
        required=False,
        better="higher",
        measure="%",
        owner_id=cast.id("feng"),
        roll_up=Rule.POOLED,
        rescore=False,
    )
    set_target(manager, metric, months_before(today, MONTHS), value="80", rescore=False)
    units = {code: programmes.get_programme(metric, code) for code in RESOLVED}
    for back in range(MONTHS, 0, -1):
        month = months_before(today, back)
        star = "*" if back == 1 else ""
        for place, (code, (resolved, contacts)) in enumerate(RESOLVED.items()):
            if back == 1 and place == 2:
                continue
            typed = Typed(None, f"{resolved - back * 12 - (back * (place + 3)) % 7 * 9}{star}", str(contacts))
            parts.set_part(manager, metric, units[code], month, typed, rescore=False)
    rescore_data(metric, manager)
