"""Site B: six programmes, metrics computed from twelve months of values, and findings in every state of the loop."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import partial

import sqlalchemy as sa

from tracker.database import db
from tracker.demo.cast import PROGRAMMES, Cast
from tracker.demo.findings import LATER, REVIEWED, UNTRUSTED, Finding
from tracker.demo.loop import Diary, Hands, Story, Telling, on, signing
from tracker.metrics.models import Better, Metric
from tracker.metrics.services import create_metric, set_target, set_value, set_values
from tracker.nonconformities import life
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.nonconformities.services import PinSpec
from tracker.reviews import judging
from tracker.reviews import services as reviews
from tracker.reviews.models import Fact, FactKind, Review
from tracker.reviews.queries import gaps_of, load
from tracker.scores.models import Cause
from tracker.scores.services import Why, rescore_site
from tracker.scores.sheets import COPC, SEE_CMM, month_of, months_before
from workflows.kinds import Grade

EVIDENCE = "访谈、现场观察与记录抽样 Interviews, observation, sampled records"
MONTHS = 12
# One shape of noise for every series: deterministic, and it sums to nought over a year.
WAVE = (0, 2, -1, 1, -2, 1, 0, -1, 2, -2, 1, -1)


@dataclass(frozen=True)
class Series:
    """A metric and how its year goes: a start, a step for each month, and a third of its noise, all in tenths."""

    item: str
    code: str
    zh: str
    en: str
    better: Better
    measure: str
    target: str | tuple[str, str] | None
    start: int
    step: int
    noise: int = 1
    months: int = MONTHS

    def values(self, today: date) -> dict[str, Fraction]:
        first = MONTHS - self.months
        return {
            months_before(today, MONTHS - index): Fraction(
                self.start * 10 + self.step * index + self.noise * WAVE[index] * 10 // 3, 100
            )
            for index in range(first, MONTHS)
        }


# Steps are in hundredths a month.
SERIES = (
    Series("4.1", "client-satisfaction", "客户满意度", "Client satisfaction", Better.HIGHER, "%", "85", 820, 50),
    Series("4.1", "client-dissatisfaction", "客户不满意度", "Client dissatisfaction", Better.LOWER, "%", "5", 46, -3),
    Series("4.1", "client-complaints", "客户投诉件数", "Client complaints", Better.LOWER, "", "3", 45, 0, 3),
    Series("4.2", "user-satisfaction-phone", "最终用户满意度（电话）", "End-user satisfaction, phone", Better.HIGHER, "%", "90", 876, 12),
    Series("4.2", "user-satisfaction-chat", "最终用户满意度（在线）", "End-user satisfaction, chat", Better.HIGHER, "%", "88", 889, 5),
    Series("4.2", "user-dissatisfaction", "最终用户不满意度", "End-user dissatisfaction", Better.LOWER, "%", "4", 56, -6),
    Series("4.2", "user-complaints", "万次服务投诉率", "Complaints per 10,000 contacts", Better.LOWER, "", "6", 52, 0),
    Series("4.3", "service-level-phone", "服务水平（电话）", "Service level, phone", Better.HIGHER, "%", "80", 752, 65, 3),
    Series("4.3", "abandonment", "放弃率", "Abandonment", Better.LOWER, "%", "5", 58, -12),
    Series("4.3", "chat-response", "在线首次响应时间", "First response, chat", Better.LOWER, "s", "30", 412, -85, 3),
    Series("4.3", "appointment-time", "报修预约周期", "Repair appointment time", Better.LOWER, "h", "24", 229, 0, 2),
    Series("4.4", "critical-accuracy-user", "最终用户关键差错准确率", "End-user critical accuracy", Better.HIGHER, "%", "97", 959, 4),
    Series("4.4", "critical-accuracy-business", "业务关键差错准确率", "Business critical accuracy", Better.HIGHER, "%", "98", 984, 2),
    Series("4.4", "critical-accuracy-compliance", "合规关键差错准确率", "Compliance critical accuracy", Better.HIGHER, "%", "99", 992, 1),
    Series("4.4", "first-contact-resolution", "首次解决率", "First-contact resolution", Better.HIGHER, "%", "78", 702, 42, 3),
    Series("4.4", "non-critical-accuracy", "非关键差错准确率", "Non-critical accuracy", Better.HIGHER, "%", "95", 948, 10, 1, 2),
    Series("4.5", "handling-time", "平均处理时长", "Average handling time", Better.LOWER, "s", "330", 3528, -215, 6),
    Series("4.5", "occupancy", "占用率", "Occupancy", Better.RANGE, "%", ("80", "88"), 842, 0, 6),
    Series("4.5", "forecast-accuracy", "预测准确率", "Forecast accuracy", Better.HIGHER, "%", "90", 843, 18, 4),
    Series("4.5", "schedule-adherence", "排班遵守率", "Schedule adherence", Better.HIGHER, "%", "92", 931, 3),
    Series("4.5", "cost-per-contact", "单次服务成本", "Cost per contact", Better.LOWER, "CNY", None, 92, -2),
    Series("4.6", "absenteeism", "缺勤率", "Absenteeism", Better.LOWER, "%", "6", 54, 0, 1),
    Series("4.6", "attrition-agents", "代表流失率", "Attrition, representatives", Better.LOWER, "%", "4", 61, -11),
    Series("4.6", "attrition-leaders", "班组长流失率", "Attrition, team leaders", Better.LOWER, "%", "2", 15, 0, 1),
)  # fmt: skip

# SEE-CMM marks in the order of the grid; the site aims at level 2.
MARKS = {
    "S1": (2, 2, 1),
    "S2": (2, 2, 2),
    "S3": (3, 2, 1),
    "S4": (2, 1, 2),
    "S5": (2, 1, 1),
    "S6": (2, 2, 1, 2, 2),
    "S7": (1, 2, 2, 2, 2),
    "S8": (2, 2, 2, 2, 1),
}


REVIEW_REASONS = (
    "指标由月度绩效会跟踪，本次不另立项 Tracked in the monthly performance meeting, no record of its own"
)


def build_chengdu(cast: Cast, today: date) -> None:
    """Metrics with their year, the review with its findings, and everything that was found since."""
    reported = today - timedelta(days=140)
    _create_metrics(cast, today, reported - timedelta(days=20))
    for day in _third_days(reported - timedelta(days=20), reported):
        with on(day):
            _record_month(cast, today, months_before(day, 1))
    review = _review(cast, reported)
    with on(reported - timedelta(days=2)):
        records = [_raise(cast, finding, review) for finding in REVIEWED]
        for gap in gaps_of(review):
            if gap.carried_by is None and not gap.reason:
                judging.give_gap_reason(cast.actors["chen"], review, gap.key, REVIEW_REASONS)
    with on(reported):
        reviews.make_move(
            cast.actors["chen"],
            review,
            "report",
            signing=signing(review=review.title),
            sampled_kcrp="快递催件流程抽样审核，30 笔 Sample audit of the delivery-chase process, 30 cases",
            metric_list_confirmed=True,
        )
    diary = Diary()
    accept = partial(
        reviews.make_move, cast.actors["lin"], review, "accept", signing=signing(review=review.title)
    )
    diary.write(reported + timedelta(days=2), accept)
    for day in _third_days(reported, today):
        diary.write(day, partial(_record_month, cast, today, months_before(day, 1)))
    told: dict[str, Telling] = {}
    for place, (finding, record) in enumerate(zip(REVIEWED, records, strict=True)):
        told[finding.key] = _telling(cast, finding, record, reported)
        told[finding.key].write(diary, finding.stage, place)
    for finding in LATER:
        telling = _find_later(cast, diary, finding, today)
        if telling is not None:
            told[finding.key] = telling
    _write_waits(cast, diary, told)
    diary.tell()


def _write_waits(cast: Cast, diary: Diary, told: dict[str, Telling]) -> None:
    """On the day on which an action is planned, what it waits for is put down as well."""
    for finding in (*REVIEWED, *LATER):
        if finding.waits_for:
            waiting, first = told[finding.key], told[finding.waits_for]
            diary.write(max(waiting.day(7), first.day(7)), partial(waiting.wait_for, first))


def _create_metrics(cast: Cast, today: date, day: date) -> None:
    manager, site = cast.actors["lin"], cast.sites["chengdu"]
    with on(day):
        for series in SERIES:
            metric = create_metric(
                manager,
                site_id=site.id,
                item=series.item,
                code=series.code,
                name_zh=series.zh,
                name_en=series.en,
                better=series.better,
                measure=series.measure,
                owner_id=cast.id("feng"),
                rescore=False,
            )
            first = months_before(today, MONTHS)
            if isinstance(series.target, str):
                set_target(manager, metric, first, value=series.target)
            elif series.target is not None:
                set_target(manager, metric, first, low=series.target[0], high=series.target[1])
            known = {month: value for month, value in series.values(today).items() if month < month_of(day)}
            set_values(manager, metric, known, rescore=False)


def _third_days(first: date, last: date) -> list[date]:
    """The third of each month after `first`, up to `last`: the day on which the month before is entered."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    days = [date(index // 12, index % 12 + 1, 3) for index in months]
    return [day for day in days if first < day <= last]


def _record_month(cast: Cast, today: date, month: str) -> None:
    """Enter one month for every metric; together they make one run."""
    site = cast.sites["chengdu"]
    numbers = {
        (metric.item, metric.code): metric
        for metric in db.session.execute(
            sa.select(Metric).where(Metric.organisation_id == site.organisation_id, Metric.site_id == site.id)
        ).scalars()
    }
    for series in SERIES:
        value = series.values(today).get(month)
        if value is not None:
            set_value(cast.actors["lin"], numbers[series.item, series.code], month, value, rescore=False)
    rescore_site(site.organisation_id, site.id, Why(Cause.DATA), cast.actors["lin"])


def _review(cast: Cast, reported: date) -> Review:
    start = reported - timedelta(days=10)
    with on(start - timedelta(days=5)):
        review = reviews.plan_review(
            cast.actors["chen"],
            site_id=cast.sites["chengdu"].id,
            title=f"{reported.year} 年度管理体系评审 Annual management system review",
            copc=True,
            see_cmm=True,
            period_start=date(reported.year - 1, reported.month, 1),
            period_end=reported.replace(day=1) - timedelta(days=1),
            planned_on=start,
            lead_auditor_id=cast.id("chen"),
        )
    with on(start):
        reviews.make_move(cast.actors["chen"], review, "start")
        work = load(review)
        _judge_items(cast, review, work.facts[COPC])
        for fact in work.facts[SEE_CMM]:
            rows = [each.subject for each in work.facts[SEE_CMM] if each.element == fact.element]
            mark = MARKS[fact.element][rows.index(fact.subject)]
            judging.judge(
                cast.actors["zhou"], review, SEE_CMM, fact.key, str(mark), note=EVIDENCE, evidence=EVIDENCE
            )
        judging.state_metric(
            cast.actors["tang"],
            review,
            UNTRUSTED,
            "integrity",
            False,
            item="4.4",
            note=EVIDENCE,
            evidence=EVIDENCE,
        )
    return review


def _judge_items(cast: Cast, review: Review, facts: tuple[Fact, ...]) -> None:
    unmet = {key for finding in REVIEWED for key in finding.keys}
    groups: dict[str, list[str]] = {}
    for fact in facts:
        value = _verdict(fact, unmet)
        if value:
            groups.setdefault(value, []).append(fact.key)
    for value, keys in groups.items():
        judging.judge_many(
            cast.actors["zhou"], review, COPC, keys, value, note=EVIDENCE, evidence=EVIDENCE, sampled=True
        )
    reason = "水平尚未达到 50 %，不认定 Level below the mark: not compliant"
    judging.record_word(cast.actors["tang"], review, False, reason)


def _verdict(fact: Fact, unmet: set[str]) -> str:
    if fact.kind == FactKind.LINE and fact.value != "not_applicable":
        return "not_met" if fact.key in unmet else "met"
    if fact.kind == FactKind.UNIT:
        return "partial" if fact.key in unmet else "full"
    return ""


def _raise(cast: Cast, finding: Finding, review: Review | None) -> Nonconformity:
    return nonconformities.raise_draft(
        cast.actors["zhou"],
        site_id=cast.sites["chengdu"].id,
        review_id=None if review is None else review.id,
        source=finding.source,
        grade=finding.grade,
        title=finding.title,
        statement=finding.statement,
        evidence=EVIDENCE,
        owner_id=cast.id(finding.owner),
        effort=Fraction(finding.effort),
        pins=[PinSpec(_standard(key), key, _level(key)) for key in finding.keys],
        links=[(finding.standard, finding.element)],
    )


def _standard(key: str) -> str:
    return SEE_CMM if key.startswith("S") else COPC


def _level(key: str) -> int | None:
    return 2 if "/row/" in key else None


def _telling(cast: Cast, finding: Finding, record: Nonconformity, opened_on: date) -> Telling:
    story = Story(
        title=finding.case.solution,
        what=finding.statement,
        where="、".join(name for _code, name, _en, _client in PROGRAMMES["chengdu"][:2]) + " Two programmes",
        extent="抽样 40 笔中 9 笔 9 of 40 sampled cases",
        whys=(finding.case.why, finding.case.cause),
        rib=finding.case.rib,
        proof="抽样 20 笔复现 Reproduced in a sample of 20",
        solution=finding.case.solution,
        tasks=("修订流程 Revise the procedure", "培训班组 Train the teams", "抽查四周 Check for four weeks"),
        criterion="连续两个月抽查全部符合 Every sampled case conforms for two months",
        correction="已对受影响的案例逐一补救 Every case concerned was put right",
        effort=Fraction(finding.effort),
    )
    hands = Hands(finding.owner, "feng", auditor="zhou")
    return Telling(
        cast, record, story, hands, opened_on, window_days=90 if finding.grade == Grade.MAJOR else 60
    )


def _find_later(cast: Cast, diary: Diary, finding: Finding, today: date) -> Telling | None:
    """Raise it on its day and tell its story from there, where it has one."""
    opened_on = today - timedelta(days=finding.opened)
    with on(opened_on - timedelta(days=1)):
        record = _raise(cast, finding, None)
    if finding.stage == "draft":
        return None
    diary.write(opened_on, partial(life.make_move, cast.actors["zhou"], record, "raise"))
    if finding.stage == "disputed":
        reason = "结果已在班前会说明，记录待补 It was told in team meetings; minutes are to follow"
        diary.write(
            opened_on + timedelta(days=2),
            partial(life.make_move, cast.actors[finding.owner], record, "dispute", reason=reason),
        )
    elif finding.stage == "void":
        _void(cast, diary, record, opened_on)
    else:
        telling = _telling(cast, finding, record, opened_on)
        telling.write(diary, finding.stage)
        return telling
    return None


def _void(cast: Cast, diary: Diary, record: Nonconformity, opened_on: date) -> None:
    asked, settled, agreed = (opened_on + timedelta(days=days) for days in (5, 7, 8))
    reason = "证据来自已停用的考核表 The evidence is from a form no longer in use"
    diary.write(asked, partial(life.make_move, cast.actors["zhou"], record, "request_void", reason=reason))
    diary.write(settled, partial(_judge_again, cast, record))
    diary.write(
        agreed,
        partial(life.make_move, cast.actors["chen"], record, "void", signing=signing(record=record.title)),
    )


def _judge_again(cast: Cast, record: Nonconformity) -> None:
    pins = db.session.execute(
        sa.select(Pin.id).where(
            Pin.organisation_id == record.organisation_id, Pin.nonconformity_id == record.id
        )
    ).scalars()
    for pin_id in list(pins):
        nonconformities.judge_pin(
            cast.actors["tang"],
            record,
            pin_id,
            "met",
            "现行考核表按职位设定 The form in force is set by position",
        )
