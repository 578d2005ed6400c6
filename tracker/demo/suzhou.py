"""Site A: five closures and an assessor's word, from 1786.67 to 2000 points.

Ten programmes, ten key positions, 28 required metrics whose facts an assessor stated. Every step of the way can be
followed on the score page; the figures are those of the worked example that the scoring tests know as G21.
"""

from datetime import date, timedelta
from fractions import Fraction
from functools import partial

from tracker.demo.cast import Cast
from tracker.demo.loop import Diary, Hands, Story, Telling, on, signing
from tracker.metrics.models import Better, Metric
from tracker.metrics.services import create_metric
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.services import PinSpec
from tracker.reviews import current, judging
from tracker.reviews import services as reviews
from tracker.reviews.models import Fact, Review
from tracker.reviews.queries import gaps_of, load
from tracker.scores.sheets import COPC
from workflows.kinds import Grade, Source

# (item, code, zh, en, better, unit, meets target, improving)
METRICS: tuple[tuple[str, str, str, str, Better, str, bool, bool], ...] = (
    ("4.1", "client-satisfaction", "客户满意度", "Client satisfaction", Better.HIGHER, "%", True, True),
    ("4.1", "client-dissatisfaction", "客户不满意度", "Client dissatisfaction", Better.LOWER, "%", True, True),
    ("4.1", "client-complaints", "客户投诉件数", "Client complaints", Better.LOWER, "", False, False),
    ("4.1", "client-reports-on-time", "客户报表准时率", "Client reports on time", Better.HIGHER, "%", False, False),
    ("4.2", "user-satisfaction-phone", "最终用户满意度（电话）", "End-user satisfaction, phone", Better.HIGHER, "%", True, True),
    ("4.2", "user-satisfaction-chat", "最终用户满意度（在线）", "End-user satisfaction, chat", Better.HIGHER, "%", True, True),
    ("4.2", "user-dissatisfaction", "最终用户不满意度", "End-user dissatisfaction", Better.LOWER, "%", False, False),
    ("4.2", "user-complaints", "万次服务投诉率", "Complaints per 10,000 contacts", Better.LOWER, "", False, False),
    ("4.3", "service-level-phone", "服务水平（电话）", "Service level, phone", Better.HIGHER, "%", True, True),
    ("4.3", "abandonment", "放弃率", "Abandonment", Better.LOWER, "%", True, True),
    ("4.3", "chat-response", "在线首次响应时间", "First response, chat", Better.LOWER, "s", False, False),
    ("4.3", "mail-cycle-time", "邮件处理周期", "E-mail cycle time", Better.LOWER, "h", False, False),
    ("4.4", "critical-accuracy-user", "最终用户关键差错准确率", "End-user critical accuracy", Better.HIGHER, "%", True, True),
    ("4.4", "critical-accuracy-business", "业务关键差错准确率", "Business critical accuracy", Better.HIGHER, "%", True, False),
    ("4.4", "critical-accuracy-compliance", "合规关键差错准确率", "Compliance critical accuracy", Better.HIGHER, "%", True, False),
    ("4.4", "first-contact-resolution", "首次解决率", "First-contact resolution", Better.HIGHER, "%", True, True),
    ("4.4", "non-critical-accuracy", "非关键差错准确率", "Non-critical accuracy", Better.HIGHER, "%", False, False),
    ("4.4", "recontact", "七日重复来电率", "Recontacts within seven days", Better.LOWER, "%", False, False),
    ("4.5", "cost-per-contact", "单次服务成本", "Cost per contact", Better.LOWER, "CNY", True, True),
    ("4.5", "handling-time", "平均处理时长", "Average handling time", Better.LOWER, "s", True, True),
    ("4.5", "occupancy", "占用率", "Occupancy", Better.RANGE, "%", True, False),
    ("4.5", "schedule-adherence", "排班遵守率", "Schedule adherence", Better.HIGHER, "%", False, False),
    ("4.5", "forecast-accuracy", "预测准确率", "Forecast accuracy", Better.HIGHER, "%", False, False),
    ("4.5", "shrinkage", "损耗率", "Shrinkage", Better.LOWER, "%", False, False),
    ("4.6", "absenteeism", "缺勤率", "Absenteeism", Better.LOWER, "%", True, False),
    ("4.6", "attrition-agents", "代表流失率", "Attrition, representatives", Better.LOWER, "%", False, False),
    ("4.6", "attrition-leaders", "班组长流失率", "Attrition, team leaders", Better.LOWER, "%", False, False),
    ("4.6", "attrition-new-hires", "入职 90 天内流失率", "Attrition within 90 days of hire", Better.LOWER, "%", False, False),
)  # fmt: skip

UNTRUSTED = ("critical-accuracy-compliance", "first-contact-resolution")
MISSING = "attrition-new-hires"

EVIDENCE = "访谈与记录抽样 Interviews and sampled records"
UNDEPLOYED = {
    "2.3/unit/telecom-billing",
    "2.3/unit/shop-chat",
    "2.3/unit/insurance-claims",
    "3.3/unit/planner",
    "3.3/unit/knowledge-editor",
}
UNMET = {"1.2/line/1.2-2c", "4.6/line/4.6-1"}

# Each finding: the facts it pins, its title, grade, what was found, and the story of its closure.
FINDINGS: tuple[tuple[str, Grade, str, tuple[str, ...], str, Hands, Story, int], ...] = (
    (
        "评审结论缺少书面证据 Review verdicts without written evidence",
        Grade.MINOR,
        "1.2",
        ("1.2/line/1.2-2c",),
        "上次评审 41 条结论中有 17 条没有附证据。17 of 41 verdicts of the last review had no evidence.",
        Hands("he", "su"),
        Story(
            title="评审记录统一模板并强制附证据 One template for verdicts, evidence mandatory",
            what="评审结论只记“符合”，没有证据。Verdicts say “compliant” and nothing else.",
            where="苏州评审组，类别 2.0 与 3.0 Review team, categories 2.0 and 3.0",
            extent="41 条中 17 条 17 of 41 lines",
            rib="procedures",
            whys=(
                "评审员在会后凭记忆补录结论 Verdicts are written up afterwards, from memory",
                "现场表格没有证据栏 The form used on the floor has no column for evidence",
                "表格沿用 2019 年版，从未按标准核对 The form dates from 2019 and was never checked against the standard",
            ),
            proof="比对 2019 年表格与标准条款 1.2-2c；换用新表的两个班组 20 条全部有证据。"
            "Form of 2019 compared with 1.2-2c; two teams with the new form: 20 of 20 with evidence.",
            solution="新模板：无证据不能提交结论 New template: no verdict without evidence",
            tasks=("修订评审模板 Revise the template", "培训评审员 Train the reviewers", "补齐 17 条证据 Complete the 17 lines"),
            criterion="下一次抽查 40 条结论，全部有证据 40 of 40 sampled verdicts carry evidence",
            correction="17 条结论已补证据 Evidence added to the 17 verdicts",
            effort=Fraction(2),
        ),
        0,
    ),
    (
        "三个方案未采用改正行动方法 Corrective-action method not used in three programmes",
        Grade.MINOR,
        "2.3",
        ("2.3/unit/telecom-billing", "2.3/unit/shop-chat"),
        "电信账单与电商在线客服连续四个月未达标，没有原因分析。Telecom billing and shop chat missed target four months "
        "running without any root-cause analysis.",
        Hands("he", "su"),
        Story(
            title="将改正行动方法推广到全部方案 Take the corrective-action method to every programme",
            what="指标未达标只做“加强培训”，不找原因。Missed targets are answered with “more training”, not with a cause.",
            where="电信账单、电商在线客服 Telecom billing, shop chat",
            extent="4 个月 × 2 个方案 Four months in two programmes",
            rib="process",
            whys=(
                "班组长不会做原因分析 Team leaders do not know how to analyse causes",
                "方法只在信用卡方案试点时培训过 The method was taught in the card pilot only",
                "新方案上线清单里没有改正行动一项 The launch checklist of a programme does not ask for it",
            ),
            proof="上线清单 2.1 版核对；访谈 6 名班组长。Launch checklist 2.1 checked; six team leaders interviewed.",
            solution="上线清单加入改正行动，班组长完成演练 Checklist extended, every team leader solves a case",
            tasks=("修订上线清单 Extend the launch checklist", "培训 12 名班组长 Train twelve team leaders",
                   "两个方案各完成一个案例 One case solved in each programme"),
            criterion="两个方案连续两个月每个未达标指标都有已验证的根本原因 For two months every missed target has a verified cause",
            correction="两个方案的未达标指标已登记案例 Cases opened for the missed targets of both programmes",
            effort=Fraction(8),
        ),
        14,
    ),
    (
        "两个关键职位未核实技能 Skills not verified for two key positions",
        Grade.MINOR,
        "3.3",
        ("3.3/unit/planner",),
        "排班师上岗前没有技能测试记录。No test record for planners before they work alone.",
        Hands("he", "su"),
        Story(
            title="排班师技能测试 Skill test for planners",
            what="排班师未经核实即独立排班。Planners schedule alone before their skills are verified.",
            where="运营支持部 Operations support",
            extent="5 名排班师中 5 名 Five of five planners",
            rib="people",
            whys=(
                "没有排班师的测试题 There is no test for planners",
                "测试只覆盖直接面对顾客的职位 Tests were made only for positions that face customers",
                "关键职位清单没有包含支持职位 The list of key positions left support roles out",
            ),
            proof="职位清单与人事档案比对 Position list compared with personnel files",
            solution="更新关键职位清单并建立测试 Update the list, set up the test",
            tasks=("更新关键职位清单 Update the list", "编写测试并设合格线 Write the test with a pass mark", "测试 5 名排班师 Test five planners"),
            criterion="全部排班师通过测试，新人上岗前通过 Every planner passes, newcomers before working alone",
            correction="5 名排班师由主管复核排班 Schedules checked by a supervisor meanwhile",
            effort=Fraction(3),
        ),
        28,
    ),
    (
        "两项质量指标数据完整性不足 Integrity of two quality metrics not assured",
        Grade.MAJOR,
        "4.4",
        tuple(f"4.4/metric/{code}/cui" for code in UNTRUSTED),
        "合规关键差错准确率与首次解决率的抽样由班组自行挑选。Samples for two quality metrics are picked by the teams themselves.",
        Hands("he", "su"),
        Story(
            title="质量抽样改为系统随机 Quality samples drawn by the system",
            what="班组自选样本，结果偏高。Teams pick their own samples and results look better than they are.",
            where="业务监控组 Transaction monitoring",
            extent="复核 120 笔：自选样本比随机样本高 3.1 个百分点 120 cases: 3.1 points above a random sample",
            rib="systems",
            whys=(
                "系统抽样功能没有启用 Random sampling is not switched on",
                "上线时没有数据负责人 Nobody owned the data at launch",
                "指标定义里没有写明抽样方式 The metric's definition does not say how to sample",
            ),
            proof="随机样本与自选样本并行 4 周 Four weeks of both samples side by side",
            solution="系统随机抽样，指标定义写明并由他人核对 Random sampling, defined in writing, checked by another",
            tasks=("启用随机抽样 Switch on random sampling", "修订指标定义 Revise the definitions", "独立复核三个月数据 Check three months of data"),
            criterion="连续三个月复核差异小于 0.5 个百分点 Three months of checks within 0.5 points",
            correction="停止使用两项指标做考核 Both metrics taken out of appraisals",
            effort=Fraction(5),
        ),
        21,
    ),
    (
        "未统计入职 90 天内流失率 Attrition of new hires is not measured",
        Grade.MAJOR,
        "4.6",
        ("4.6/line/4.6-1", *(f"4.6/metric/{MISSING}/{aspect}" for aspect in ("cui", "meets", "improves"))),
        "要求采用的流失率指标缺少新员工口径。The required attrition metric is missing for new hires.",
        Hands("he", "su"),
        Story(
            title="建立并改善新员工流失率 Measure and improve attrition of new hires",
            what="新员工流失率没有数据。There are no figures for attrition of new hires.",
            where="人力资源与培训部 HR and training",
            extent="上年离职 132 人，入职 90 天内占比不明 132 leavers last year, share of new hires unknown",
            rib="policies",
            whys=(
                "离职数据不含入职日期 Leaver data carry no date of hire",
                "人事与排班系统没有对接 HR and scheduling systems are not linked",
                "指标清单没有按职位和工龄拆分 The metric list does not split by position and tenure",
            ),
            proof="两个系统数据比对，口径验证 Data of both systems compared",
            solution="打通数据，设目标，改进带教 Link the data, set a target, improve coaching",
            tasks=("对接两个系统 Link the systems", "设定目标 Set a target", "新人带教计划 Coaching for new hires"),
            criterion="连续三个月达标且较前三个月改善 Three months at target and better than the three before",
            correction="手工补算 12 个月数据 Twelve months computed by hand",
            effort=Fraction(8),
        ),
        45,
    ),
)  # fmt: skip

REASONS = {
    "2.3/unit/insurance-claims": "该方案下季度到期，不再推广 The programme ends next quarter",
    "3.3/unit/knowledge-editor": "职位 6 月撤并，改由培训师承担 The position is merged into training in June",
}
TRACKED = "该条目水平已达标，此指标由月度绩效会跟踪 The item reaches its level; tracked in the monthly performance meeting"


def build_suzhou(cast: Cast, today: date) -> None:
    """Plan, judge and report the review; close its five findings one after another; record the word on 4.7."""
    reported = today - timedelta(days=250)
    metrics = _create_metrics(cast, reported - timedelta(days=30))
    review = _review(cast, reported, metrics)
    records = _raise(cast, review, reported)
    with on(reported):
        reviews.make_move(
            cast.actors["chen"],
            review,
            "report",
            signing=signing(review=review.title),
            sampled_kcrp="信用卡挂失流程抽样审核，36 笔 Sample audit of the card-loss process, 36 cases",
            metric_list_confirmed=True,
        )
    with on(reported + timedelta(days=2)):
        reviews.make_move(cast.actors["lin"], review, "accept", signing=signing(review=review.title))
    diary = Diary()
    for (_t, grade, element, _k, _s, hands, story, wait), record in zip(FINDINGS, records, strict=True):
        window = 90 if grade == Grade.MAJOR else 60
        Telling(cast, record, story, hands, reported, window_days=window).write(diary, "closed", wait)
        if element in CHECKED:
            diary.write(reported + timedelta(days=30 + window + wait), partial(_check_data, cast, element))
    diary.write(today - timedelta(days=40), partial(_speak_on_results, cast))
    diary.tell()


def _speak_on_results(cast: Cast) -> None:
    reason = "28 项要求采用的指标中 15 项达标，方式、水平、趋势均为满分 15 of 28 required metrics at target; approach, level and trend full"
    current.record_word(cast.actors["tang"], cast.sites["suzhou"], True, reason)


def _create_metrics(cast: Cast, day: date) -> dict[str, Metric]:
    with on(day):
        return {
            code: create_metric(
                cast.actors["lin"],
                site_id=cast.sites["suzhou"].id,
                item=item,
                code=code,
                name_zh=zh,
                name_en=en,
                better=better,
                measure=measure,
                owner_id=cast.id("su"),
            )
            for item, code, zh, en, better, measure, _meets, _improving in METRICS
        }


def _review(cast: Cast, reported: date, metrics: dict[str, Metric]) -> Review:
    """Judge every line and unit, state the facts of every metric, and give a reason for what nobody carries."""
    start = reported - timedelta(days=14)
    with on(start - timedelta(days=7)):
        review = reviews.plan_review(
            cast.actors["chen"],
            site_id=cast.sites["suzhou"].id,
            title=f"{reported.year} 年度管理体系评审 Annual management system review",
            copc=True,
            see_cmm=False,
            period_start=date(reported.year - 1, reported.month, 1),
            period_end=reported.replace(day=1) - timedelta(days=1),
            planned_on=start,
            lead_auditor_id=cast.id("chen"),
        )
    with on(start):
        reviews.make_move(cast.actors["chen"], review, "start")
        _judge(cast, review, load(review).facts[COPC])
        for item, code, _zh, _en, _better, _measure, meets, improving in METRICS:
            _state(cast, review, item, code, meets, improving)
    return review


def _judge(cast: Cast, review: Review, facts: tuple[Fact, ...]) -> None:
    groups: dict[str, list[str]] = {}
    for fact in facts:
        value = _verdict(fact)
        if value:
            groups.setdefault(value, []).append(fact.key)
    for value, keys in groups.items():
        judging.judge_many(
            cast.actors["zhou"], review, COPC, keys, value, note=EVIDENCE, evidence=EVIDENCE, sampled=True
        )
    judging.record_word(
        cast.actors["tang"], review, False, "水平未达 50 %，暂不认定 Level below 50 %: not compliant for now"
    )


def _verdict(fact: Fact) -> str:
    if fact.value == "not_applicable" or fact.kind in ("word", "metric"):
        return ""
    if fact.kind == "unit":
        return "none" if fact.key in UNDEPLOYED else "full"
    return "not_met" if fact.key in UNMET else "met"


def _state(cast: Cast, review: Review, item: str, code: str, meets: bool, improving: bool) -> None:
    stated = {"meets_target": meets, "improving": improving}
    if code in UNTRUSTED:
        stated["integrity"] = False
    if code == MISSING:
        return  # no values and nothing stated: it fails C by itself
    for aspect, value in stated.items():
        judging.state_metric(
            cast.actors["tang"], review, code, aspect, value, item=item, note=EVIDENCE, evidence=EVIDENCE
        )


def _raise(cast: Cast, review: Review, reported: date) -> list[Nonconformity]:
    """The five drafts, and a reason for each gap that none of them carries."""
    records = []
    with on(reported - timedelta(days=3)):
        for title, grade, element, keys, statement, hands, story, _wait in FINDINGS:
            records.append(
                nonconformities.raise_draft(
                    cast.actors["zhou"],
                    site_id=review.site_id,
                    review_id=review.id,
                    source=Source.REVIEW,
                    grade=grade,
                    title=title,
                    statement=statement,
                    evidence=EVIDENCE,
                    owner_id=cast.id(hands.owner),
                    effort=story.effort,
                    pins=[PinSpec(COPC, key, None) for key in keys],
                    links=[(COPC, element)],
                )
            )
        for gap in gaps_of(review):
            if gap.carried_by is None and not gap.reason:
                judging.give_gap_reason(cast.actors["chen"], review, gap.key, REASONS.get(gap.key, TRACKED))
    return records


# What the independent check of the metrics found before the effectiveness audit.
CHECKED: dict[str, dict[tuple[str, str, str], bool | None]] = {
    "4.4": {("4.4", code, "integrity"): True for code in UNTRUSTED},
    "4.6": {("4.6", MISSING, aspect): True for aspect in ("meets_target", "improving")},
}


def _check_data(cast: Cast, element: str) -> None:
    current.state_metrics(
        cast.actors["tang"],
        cast.sites["suzhou"],
        CHECKED[element],
        note="独立复核三个月数据 Three months of data checked independently",
    )
