"""What was found at site B: in its review, and afterwards by clients, complaints and monitoring."""

from dataclasses import dataclass

from tracker.demo.cases import CASES, USUAL, Case
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.kinds import Grade, Source

# The metric whose data are not independent: found in the review.
UNTRUSTED = "critical-accuracy-compliance"


@dataclass(frozen=True)
class Finding:
    """A finding: where, what, how far its story has come, and since how many days before today it is open."""

    element: str
    title: str
    statement: str
    keys: tuple[str, ...] = ()
    grade: Grade = Grade.MINOR
    stage: str = "open"
    source: Source = Source.REVIEW
    opened: int = 140
    effort: int = 3
    owner: str = "jiang"
    name: str = ""
    waits_for: str = ""

    @property
    def key(self) -> str:
        """By what others name it: its own name, or its element."""
        return self.name or self.element

    @property
    def case(self) -> Case:
        """Why it came about, and what is done."""
        return CASES.get(self.key, USUAL)

    @property
    def standard(self) -> str:
        return SEE_CMM if self.element.startswith("S") else COPC


# Found in the review: the facts below were judged as unmet.
REVIEWED = (
    Finding("1.1", "愿景未体现最终用户承诺 Statement of direction silent on end users", "书面声明只提到客户。The written statement names clients only.", ("1.1/line/1.1-0",), stage="closed", effort=2),
    Finding("1.2", "评审未覆盖全部要求 Review did not cover every requirement", "上次评审缺少 3.4 与 3.5。The last review left out 3.4 and 3.5.", ("1.2/line/1.2-2b",), stage="closed", effort=2),
    Finding("2.1", "新方案上线审核未做 No early audit of a new programme", "酒店预订上线前四周没有审核。Hotel booking was not audited in its first four weeks.", ("2.1/line/2.1-1e", "2.1/unit/hotel-booking"), stage="answered", effort=5),
    Finding("2.2", "班次间流程执行不一致 Shifts follow a procedure differently", "夜班跳过身份核验步骤。The night shift skips a verification step.", ("2.2/line/2.2-2b", "2.2/unit/wallet-risk", "2.2/unit/delivery-hotline"), Grade.MAJOR, "monitoring", effort=8),
    Finding("2.3", "改正行动没有效果验证 Corrective actions end without proof of effect", "12 条行动中 9 条没有效果数据。9 of 12 actions have no data on their effect.", ("2.3/line/2.3-1d", "2.3/unit/appliance-repair"), stage="monitoring", effort=5),
    Finding("2.4", "监控员未校准 Monitors are not calibrated", "三名监控员对同一录音评分相差 22 分。Three monitors differ by 22 points on one call.", ("2.4/line/2.4-3",), stage="follow_up", effort=3),
    Finding("2.5", "预测未按时段编制 Forecast is not made by interval", "预测只到日。Volumes are forecast by day only.", ("2.5/line/2.5-1", "2.5/unit/delivery-chat"), stage="follow_up", effort=5),
    Finding("2.6", "指标完整性没有核对 Integrity of metrics is not checked", "合规准确率由本组自查。Compliance accuracy is checked by its own team.", ("2.6/line/2.6-3", f"4.4/metric/{UNTRUSTED}/cui"), Grade.MAJOR, "implementing", effort=5),
    Finding("3.1", "岗位最低技能未定义 Minimum skills of a position undefined", "排班师没有任职要求。Planners have no minimum skills.", ("3.1/line/3.1-1", "3.1/unit/planner"), stage="implementing", effort=3),
    Finding("3.3", "上岗前未核实技能 Skills not verified before working alone", "在线代表 14 人中 5 人先上岗后测试。5 of 14 chat agents were tested afterwards.", ("3.3/line/3.3-1", "3.3/unit/chat-agent", "3.3/unit/planner"), Grade.MAJOR, "implementing", effort=5, waits_for="3.1"),
    Finding("4.4", "非关键差错准确率未统计 Non-critical accuracy is not measured", "只有最近两个月的数据。There are figures for two months only.", ("4.4/line/4.4-1", "4.4/metric/non-critical-accuracy/cui"), Grade.MAJOR, "plan_review", effort=5),
    Finding("4.5", "单次服务成本没有目标 Cost per contact has no target", "成本按月统计，但没有目标。Cost is reported monthly without a target.", ("4.5/line/4.5-3", "4.5/metric/cost-per-contact/cui"), Grade.MAJOR, "planning", effort=2),
    Finding("4.6", "代表流失率未达标 Attrition of representatives misses its target", "12 个月均高于 4 %。Above 4 % in each of twelve months.", ("4.6/metric/attrition-agents/meets",), stage="analysing", effort=8),
    Finding("S1", "领导层没有反馈机制 Leaders get no feedback on their own work", "没有对领导行为的定期反馈。Nobody asks regularly how leaders are seen.", ("S1/row/feedback",), stage="closed", effort=3),
    Finding("S5", "知识库只覆盖两个方案 Knowledge base covers two programmes only", "六个方案中四个没有知识库。Four of six programmes have none.", ("S5/row/deployed", "S5/row/feedback"), stage="implementing", effort=8),
    Finding("S7", "员工与供应商生产力无趋势数据 No trend data on productivity", "供应商绩效只有最近一个季度。Supplier performance for one quarter only.", ("S7/row/trends",), stage="contained", effort=5),
)  # fmt: skip

# Found afterwards: by a client, a complaint, monitoring. Opening one pins facts that had been met.
LATER = (
    Finding("2.7", "质检录音对外可见 Recordings visible outside the team", "共享盘权限过宽。A shared folder was open to everybody.", ("2.7/line/2.7-3",), Grade.MAJOR, "analysing", Source.CLIENT, 24, effort=2),
    Finding("3.2", "复训未覆盖夜班 Refresher training misses the night shift", "夜班 11 人未参加。Eleven night-shift agents did not attend.", ("3.2/unit/csr",), Grade.MINOR, "defining", Source.MONITORING, 12, effort=2),
    Finding("4.2", "投诉未分析原因 Complaints are not analysed", "近两月 37 件投诉没有归类。37 complaints of two months are unsorted.", ("4.2/line/4.2-3",), Grade.MINOR, "accepted", Source.COMPLAINT, 6, effort=3),
    Finding("4.3", "在线首次响应超时 Chat answers come late", "过去六个月均高于 30 秒。Above 30 seconds in each of six months.", ("4.3/metric/chat-response/meets",), Grade.MINOR, "open", Source.METRIC_ALERT, 20, effort=5),
    Finding("3.5", "员工反馈未告知结果 Staff never hear what became of their feedback", "上半年调查结果未公布。Results of the spring survey were not shared.", ("3.5/line/3.5-3",), Grade.MINOR, "disputed", Source.MONITORING, 8, effort=1),
    Finding("3.4", "绩效目标与职位不符 Targets do not fit the position", "质检员按通话量考核。Monitors are judged by call volume.", ("3.4/line/3.4-1",), Grade.MINOR, "void", Source.MONITORING, 30, effort=2),
    Finding("2.4", "监控样本偏少 Few transactions monitored at weekends", "周末样本不足 10 %。Less than a tenth of the sample is from weekends.", (), Grade.OBSERVATION, "open", Source.MONITORING, 15, effort=1),
    Finding("2.5", "可考虑联合排班 Joint scheduling of two programmes", "两条快递方案可共享班次。The two delivery programmes could share shifts.", (), Grade.OFI, "draft", Source.FOLLOW_UP_AUDIT, 3, effort=2),
    # These two pay only together: each alone leaves 3.2 at the lower of its two dimensions.
    Finding("3.2", "培训内容未覆盖最低技能 Training leaves out minimum skills", "培训大纲未对应岗位最低技能，讲师未经认证。The syllabus does not follow the minimum skills, trainers are not qualified.", ("3.2/line/3.2-1", "3.2/line/3.2-2"), Grade.MINOR, "implementing", Source.FOLLOW_UP_AUDIT, 26, effort=3, name="3.2 content", waits_for="3.1"),
    Finding("3.2", "两个职位没有培训计划 Two positions have no training plan", "在线代表与排班师今年没有培训计划。Chat agents and planners have no training plan this year.", ("3.2/unit/chat-agent", "3.2/unit/planner"), Grade.MINOR, "planning", Source.FOLLOW_UP_AUDIT, 18, effort=2, name="3.2 coverage", waits_for="3.2 content"),
)  # fmt: skip
