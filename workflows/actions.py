"""The corrective action: one structured case of problem solving (2.3), from the problem to the kept gain."""

from workflows.facts import ActionFacts
from workflows.guards import actions as guards
from workflows.machine import SYSTEM, Machine, Tone, Transition, state
from workflows.text import Text, Worded


class ActionState(Worded):
    """Where a corrective action stands."""

    DEFINING = "defining", "定义问题", "defining"
    ANALYSING = "analysing", "原因分析中", "analysing"
    PLANNING = "planning", "制定计划", "planning"
    PLAN_REVIEW = "plan_review", "计划待审批", "plan awaiting approval"
    IMPLEMENTING = "implementing", "实施中", "implementing"
    FOLLOW_UP = "follow_up", "跟进审核中", "follow-up"
    MONITORING = "monitoring", "有效性观察中", "monitoring"
    CLOSED = "closed", "已关闭", "closed"
    CANCELLED = "cancelled", "已取消", "cancelled"


_PLAN_FITS_CAUSES = (
    guards.HAS_VERIFIED_ROOT_CAUSE,
    guards.HAS_TASKS,
    guards.TASKS_COMPLETE,
    guards.TASKS_NAME_CAUSES,
    guards.CAUSES_HAVE_TASKS,
    guards.CRITERION_SET,
    guards.WINDOW_SET,
    guards.NO_DEPENDENCY_CYCLE,
)
_SEGREGATED_APPROVER = (guards.APPROVER_NOT_OWNER, guards.APPROVER_NOT_NONCONFORMITY_OWNER)

ACTION: Machine[ActionFacts] = Machine(
    name="action",
    title=Text("改正行动", "Corrective action"),
    noun=Text("改正行动", "corrective action"),
    initial=ActionState.DEFINING,
    states=(
        state(
            ActionState.DEFINING,
            "正在写清问题：什么、哪里、从何时起、程度多大。",
            "The problem is being stated: what, where, since when, how much.",
            Tone.NEUTRAL,
        ),
        state(
            ActionState.ANALYSING,
            "正在分析数据，查找并验证根本原因。",
            "Data are being analysed until a root cause is found and verified.",
            Tone.INFO,
        ),
        state(
            ActionState.PLANNING,
            "正在制定任务、有效性准则和观察期。",
            "Tasks, effectiveness criterion and window are being settled.",
            Tone.INFO,
        ),
        state(
            ActionState.PLAN_REVIEW,
            "等待审批人确认原因并批准计划。",
            "An approver is to confirm the causes and approve the plan.",
            Tone.ATTENTION,
        ),
        state(
            ActionState.IMPLEMENTING,
            "计划已批准，任务正在执行。",
            "The plan is approved and its tasks are being carried out.",
            Tone.PROGRESS,
        ),
        state(
            ActionState.FOLLOW_UP,
            "任务已完成，等待跟进审核核实是否已实施。",
            "The tasks are done; a follow-up audit is to confirm it.",
            Tone.REVIEW,
        ),
        state(
            ActionState.MONITORING,
            "已核实实施，观察期内用数据判断是否有效。",
            "Implementation is confirmed; data of the window are to show the effect.",
            Tone.REVIEW,
        ),
        state(
            ActionState.CLOSED,
            "有效且成果已固化。",
            "It worked, and the gain is kept.",
            Tone.SUCCESS,
            final=True,
        ),
        state(
            ActionState.CANCELLED,
            "未完成即取消。",
            "Given up before it was done.",
            Tone.MUTED,
            final=True,
        ),
    ),
    transitions=(
        Transition(
            event="define",
            title=Text("完成问题定义", "define the problem"),
            sources=(ActionState.DEFINING,),
            target=ActionState.ANALYSING,
            guards=(
                guards.ACTION_OWNER_NAMED,
                guards.ANSWERS_A_NONCONFORMITY,
                guards.CONTAINED_FIRST,
                guards.PROBLEM_WHAT,
                guards.PROBLEM_WHERE,
                guards.PROBLEM_SINCE,
                guards.PROBLEM_EXTENT,
            ),
            permission="action:work",
            clause="2.3-1a",
        ),
        Transition(
            event="analyse",
            title=Text("完成原因分析", "finish the analysis"),
            sources=(ActionState.ANALYSING,),
            target=ActionState.PLANNING,
            guards=(guards.HAS_VERIFIED_ROOT_CAUSE, guards.PERSON_CHAINS_QUESTIONED),
            permission="action:work",
            clause="2.3-1b",
        ),
        Transition(
            event="submit_plan",
            title=Text("提交计划", "submit the plan"),
            sources=(ActionState.PLANNING,),
            target=ActionState.PLAN_REVIEW,
            guards=_PLAN_FITS_CAUSES,
            permission="action:work",
            clause="2.3-1c",
        ),
        Transition(
            event="recall_plan",
            title=Text("收回计划", "recall the plan"),
            sources=(ActionState.PLAN_REVIEW,),
            target=ActionState.PLANNING,
            guards=(),
            permission="action:work",
            clause="2.3-1c",
        ),
        Transition(
            event="approve_plan",
            title=Text("批准计划", "approve the plan"),
            sources=(ActionState.PLAN_REVIEW,),
            target=ActionState.IMPLEMENTING,
            guards=(*_PLAN_FITS_CAUSES, *_SEGREGATED_APPROVER),
            permission="action:approve",
            clause="E.5",
            signature=Text(
                "我确认根本原因并批准本计划。",
                "I confirm the root causes and approve this plan.",
            ),
        ),
        Transition(
            event="return_to_planning",
            title=Text("驳回：修改计划", "reject: plan again"),
            sources=(ActionState.PLAN_REVIEW,),
            target=ActionState.PLANNING,
            guards=_SEGREGATED_APPROVER,
            permission="action:approve",
            clause="2.3-1c",
            reason_required=True,
        ),
        Transition(
            event="return_to_analysis",
            title=Text("驳回：重新分析", "reject: analyse again"),
            sources=(ActionState.PLAN_REVIEW,),
            target=ActionState.ANALYSING,
            guards=_SEGREGATED_APPROVER,
            permission="action:approve",
            clause="2.3-1b",
            reason_required=True,
        ),
        Transition(
            event="revise_plan",
            title=Text("变更计划", "revise the plan"),
            sources=(ActionState.IMPLEMENTING,),
            target=ActionState.PLANNING,
            guards=(),
            permission="action:work",
            clause="2.3-1c",
            reason_required=True,
        ),
        Transition(
            event="implement",
            title=Text("报告已实施", "report it implemented"),
            sources=(ActionState.IMPLEMENTING,),
            target=ActionState.FOLLOW_UP,
            guards=(
                guards.TASKS_SETTLED,
                guards.PREDECESSORS_DONE,
                guards.DOCUMENTS_ANSWERED,
                guards.READ_ACROSS_DONE,
            ),
            permission="action:work",
            clause="2.3-1c",
        ),
        Transition(
            event="confirm_implemented",
            title=Text("确认已实施", "confirm it implemented"),
            sources=(ActionState.FOLLOW_UP,),
            target=ActionState.MONITORING,
            guards=(guards.ANSWERED_IMPLEMENTED,),
            permission=SYSTEM,
            clause="ISO 19011 6.7",
        ),
        Transition(
            event="not_implemented",
            title=Text("判定未实施", "found not implemented"),
            sources=(ActionState.FOLLOW_UP, ActionState.MONITORING),
            target=ActionState.IMPLEMENTING,
            guards=(guards.ANSWERED_NOT_IMPLEMENTED,),
            permission=SYSTEM,
            clause="ISO 19011 6.7",
        ),
        Transition(
            event="not_effective",
            title=Text("判定无效", "found not effective"),
            sources=(ActionState.FOLLOW_UP, ActionState.MONITORING),
            target=ActionState.ANALYSING,
            guards=(guards.ANSWERED_NOT_EFFECTIVE,),
            permission=SYSTEM,
            clause="ISO 9001 10.2.1d",
        ),
        Transition(
            event="close",
            title=Text("关闭", "close"),
            sources=(ActionState.MONITORING,),
            target=ActionState.CLOSED,
            guards=(
                guards.ANSWERED_IMPLEMENTED,
                guards.ANSWERED_EFFECTIVE,
                guards.WINDOW_OVER,
                guards.CRITERION_MET,
                guards.ACTION_METRICS_AGREE,
                guards.GAIN_KEPT,
                guards.VERIFIER_NOT_OWNER,
                guards.VERIFIER_NOT_IMPLEMENTER,
                guards.VERIFIER_NOT_NONCONFORMITY_OWNER,
                guards.VERIFIER_NOT_APPROVER,
            ),
            permission="action:close",
            clause="2.3-1d",
            signature=Text(
                "我已用数据验证行动有效，且成果已固化。",
                "I have verified on data that the action worked and that the gain is kept.",
            ),
        ),
        Transition(
            event="reopen",
            title=Text("重新打开", "reopen"),
            sources=(ActionState.FOLLOW_UP, ActionState.MONITORING, ActionState.CLOSED),
            target=ActionState.ANALYSING,
            guards=(guards.NONCONFORMITY_REOPENED,),
            permission=SYSTEM,
            clause="E.6",
        ),
        Transition(
            event="cancel",
            title=Text("取消行动", "cancel"),
            sources=(
                ActionState.DEFINING,
                ActionState.ANALYSING,
                ActionState.PLANNING,
                ActionState.PLAN_REVIEW,
                ActionState.IMPLEMENTING,
                ActionState.FOLLOW_UP,
                ActionState.MONITORING,
            ),
            target=ActionState.CANCELLED,
            guards=(),
            permission="action:cancel",
            clause="E.6",
            reason_required=True,
        ),
    ),
)
