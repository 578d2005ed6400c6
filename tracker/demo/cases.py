"""Why the findings of site B came about, and what is done: one case each, by the key of the finding."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """The rib of the fishbone, the why on the way, the root cause, and the solution."""

    rib: str
    why: str
    cause: str
    solution: str


CASES = {
    "1.1": Case("policies", "声明由市场部起草 Marketing drafted the statement", "声明的起草规则没有要求写明最终用户 The rule for statements does not ask for end users", "修订声明并每年由管理层复核 Revise the statement, reviewed by management every year"),
    "1.2": Case("procedures", "评审表从旧版复制 The form was copied from an older one", "评审程序没有规定核对要求清单 The review procedure does not check the list of requirements", "评审前核对要求清单 Check the list of requirements before each review"),
    "2.1": Case("procedures", "上线团队在第二周解散 The launch team is dissolved in week two", "上线清单止于首日 The launch checklist ends on the first day", "清单延长至第四周并含审核 Extend the checklist to week four with an audit"),
    "2.2": Case("process", "夜班没有第二人核验 Nobody is there at night to verify", "核验步骤只为白班设计 The verification step was designed for the day shift", "夜班改为系统核验 Verify by the system at night"),
    "2.3": Case("procedures", "行动在实施后即归档 Actions are filed once implemented", "表单没有效果一栏 The form has no field for the effect", "表单增加准则与观察期 Add criterion and window to the form"),
    "2.4": Case("skills", "三人由不同的人带教 The three were taught by different people", "没有校准会议 There is no calibration meeting", "每月校准一次 Calibrate every month"),
    "2.5": Case("systems", "预测工具按日汇总 The tool sums up by day", "接口只导出日数据 The interface exports daily data only", "接口改为按 15 分钟导出 Export by quarter hour"),
    "2.6": Case("policies", "本组最了解数据 The team knows its data best", "指标政策没有要求独立核对 The metrics policy asks for no independent check", "每季由另一团队核对 Another team checks every quarter"),
    "3.1": Case("people", "排班师由代表晋升 Planners are promoted agents", "职位说明没有最低技能 Position descriptions hold no minimum skills", "补全职位说明与最低技能 Complete the descriptions with minimum skills"),
    "3.3": Case("place", "高峰期缺人 Hands are short at the peak", "排班允许未测试者上岗 The roster lets untested people work", "系统只排已通过测试者 The roster takes tested people only"),
    "4.4": Case("measurement", "监控表只记致命差错 The form records critical errors only", "监控表未列非关键差错 The form leaves non-critical errors out", "监控表增列并回填 Add them to the form"),
    "4.5": Case("price", "财务只报实际 Finance reports actual cost only", "预算没有分摊到单次服务 The budget is not broken down to contacts", "由预算导出目标 Derive the target from the budget"),
    "4.6": Case("people", "入职三个月内离开最多 Most leave within three months", "招聘未说明夜班比例 Hiring does not tell the share of night shifts", "面试时试听夜班 Let applicants sit in on a night shift"),
    "S1": Case("policies", "只有自上而下的评价 Feedback only goes down", "领导力政策没有反馈环节 The leadership policy has no feedback", "每半年一次下属反馈 Feedback from teams twice a year"),
    "S5": Case("systems", "知识由各方案自建 Each programme keeps its own notes", "没有统一的知识平台 There is no common platform", "四个方案接入知识库 Bring four programmes onto the platform"),
    "2.7": Case("systems", "共享盘为全员开放 The folder was opened to all", "权限没有定期复核 Access is not reviewed", "每季复核权限 Review access every quarter"),
    "3.2 content": Case("process", "大纲由讲师各自编写 Trainers write their own syllabus", "大纲编写流程未接最低技能 The syllabus is not written from minimum skills", "由最低技能导出大纲 Derive the syllabus from minimum skills"),
    "3.2 coverage": Case("people", "支持职位不归培训组 Support positions belong to nobody's plan", "培训计划只覆盖一线 The plan covers the front line only", "培训计划覆盖全部关键职位 Cover every key position in the plan"),
}  # fmt: skip

# Of findings that have no case of their own yet.
USUAL = Case(
    "procedures",
    "班组各自理解要求 Teams read the requirement differently",
    "流程未写明由谁负责 The procedure does not say who is responsible",
    "明确责任并纳入月度检查 Name the owner and check it monthly",
)
