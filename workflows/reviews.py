"""The review: an organisation looks at itself, item by item, and reports what it found (1.2)."""

from workflows.facts import ReviewFacts
from workflows.guards import reviews as guards
from workflows.machine import SYSTEM, Machine, Tone, Transition, state
from workflows.text import Text, Worded


class ReviewState(Worded):
    """Where a review stands."""

    PLANNED = "planned", "已计划", "planned"
    IN_PROGRESS = "in_progress", "进行中", "in progress"
    REPORTED = "reported", "已出报告", "reported"
    CLOSED = "closed", "已关闭", "closed"
    CANCELLED = "cancelled", "已取消", "cancelled"


_READY_TO_START = (guards.SCOPE_SET, guards.PERIOD_SET, guards.LEAD_AUDITOR_NAMED)
_READY_TO_REPORT = (
    guards.ITEMS_JUDGED,
    guards.VERDICTS_EVIDENCED,
    guards.CARRIED_CONFIRMED,
    guards.CALIBRATIONS_SETTLED,
    guards.ASSIGNMENTS_ACCEPTED,
    guards.NO_OWN_WORK_JUDGED,
    guards.GAPS_CARRIED,
    guards.SAMPLED_AUDIT_ATTACHED,
    guards.DRAFTS_READY,
    guards.CLOSURES_CONFIRMED,
    guards.ACTOR_IS_LEAD_AUDITOR,
    guards.REPORT_FREE_OF_OWN_OVERRULE,
)

REVIEW: Machine[ReviewFacts] = Machine(
    name="review",
    title=Text("评审", "Review"),
    noun=Text("评审", "review"),
    initial=ReviewState.PLANNED,
    states=(
        state(
            ReviewState.PLANNED,
            "范围、周期和审核组长正在确定。",
            "Scope, period and lead auditor are being settled.",
            Tone.NEUTRAL,
        ),
        state(
            ReviewState.IN_PROGRESS,
            "正在逐条判定；已验证得分不受影响。",
            "Items are being judged; the verified score does not move.",
            Tone.PROGRESS,
        ),
        state(
            ReviewState.REPORTED,
            "审核组长已签名，基线已冻结，不符合项已登记。",
            "Signed by the lead auditor: the baseline is frozen and the non-conformities are open.",
            Tone.REVIEW,
        ),
        state(
            ReviewState.CLOSED,
            "所有不符合项均已了结。",
            "Every non-conformity found in it is settled.",
            Tone.SUCCESS,
            final=True,
        ),
        state(
            ReviewState.CANCELLED,
            "评审未完成即取消，没有产生得分。",
            "Given up before its report; it never counted.",
            Tone.MUTED,
            final=True,
        ),
    ),
    transitions=(
        Transition(
            event="start",
            title=Text("开始评审", "start"),
            sources=(ReviewState.PLANNED,),
            target=ReviewState.IN_PROGRESS,
            guards=_READY_TO_START,
            permission="review:start",
            clause="1.2-2a",
        ),
        Transition(
            event="report",
            title=Text("出具报告", "report"),
            sources=(ReviewState.IN_PROGRESS,),
            target=ReviewState.REPORTED,
            guards=_READY_TO_REPORT,
            permission="review:report",
            clause="1.2-2c",
            signature=Text(
                "我作为审核组长对本报告及其判定负责。",
                "As lead auditor I am responsible for this report and its verdicts.",
            ),
        ),
        Transition(
            event="accept",
            title=Text("管理层接受", "accept"),
            sources=(ReviewState.REPORTED,),
            target=None,
            guards=(
                guards.NOT_ACCEPTED_YET,
                guards.ACCEPTED_BY_ANOTHER,
                guards.REPORT_FREE_OF_OWN_OVERRULE,
            ),
            permission="review:accept",
            clause="1.2-2",
            signature=Text("管理层接受本报告。", "Management accepts this report."),
        ),
        Transition(
            event="withdraw",
            title=Text("撤回报告", "withdraw the report"),
            sources=(ReviewState.REPORTED,),
            target=ReviewState.IN_PROGRESS,
            guards=(guards.NONE_MOVED_ON,),
            permission="review:withdraw",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="close",
            title=Text("关闭评审", "close"),
            sources=(ReviewState.REPORTED,),
            target=ReviewState.CLOSED,
            guards=(guards.ACCEPTED_BY_MANAGEMENT, guards.NONCONFORMITIES_SETTLED),
            permission="review:close",
            clause="1.2-3",
        ),
        Transition(
            event="reopen",
            title=Text("重新打开", "reopen"),
            sources=(ReviewState.CLOSED,),
            target=ReviewState.REPORTED,
            guards=(guards.NONCONFORMITY_UNSETTLED,),
            permission=SYSTEM,
            clause="E.6",
        ),
        Transition(
            event="cancel",
            title=Text("取消评审", "cancel"),
            sources=(ReviewState.PLANNED, ReviewState.IN_PROGRESS),
            target=ReviewState.CANCELLED,
            guards=(),
            permission="review:cancel",
            clause="E.6",
            reason_required=True,
        ),
    ),
)
