"""The non-conformity: a requirement that is not fulfilled, from its discovery to its signed closure (E)."""

from workflows.facts import NonconformityFacts
from workflows.guards import nonconformities as guards
from workflows.machine import SYSTEM, Machine, Tone, Transition, state
from workflows.text import Text, Worded


class NonconformityState(Worded):
    """Where a non-conformity stands."""

    DRAFT = "draft", "草稿", "draft"
    OPEN = "open", "已登记", "open"
    DISPUTED = "disputed", "有异议", "disputed"
    CONTAINED = "contained", "已遏制", "contained"
    CORRECTING = "correcting", "改正中", "correcting"
    VERIFYING = "verifying", "待跟进审核", "verifying"
    CLOSED = "closed", "已关闭", "closed"
    VOID = "void", "已作废", "void"


_VOIDABLE = (
    NonconformityState.DRAFT,
    NonconformityState.OPEN,
    NonconformityState.DISPUTED,
    NonconformityState.CONTAINED,
)
_ANSWERED_EFFECTIVE = (
    guards.FOLLOWUP_IMPLEMENTED,
    guards.FOLLOWUP_EFFECTIVE,
    guards.METRICS_AGREE,
)
_SEGREGATED_CLOSER = (
    guards.CLOSER_NOT_OWNER,
    guards.CLOSER_NOT_IMPLEMENTER,
    guards.CLOSER_NOT_APPROVER,
    guards.CLOSURE_FREE_OF_OWN_OVERRULE,
)
_WRONGLY_CLOSED = (guards.WITHIN_REOPEN_TIME, guards.CLOSING_JUDGEMENT_WRONG)

NONCONFORMITY: Machine[NonconformityFacts] = Machine(
    name="nonconformity",
    title=Text("不符合项", "Non-conformity"),
    noun=Text("不符合项", "non-conformity"),
    initial=NonconformityState.DRAFT,
    states=(
        state(
            NonconformityState.DRAFT,
            "已记下但尚未登记，不影响得分。",
            "Written down but not raised yet; it pins no facts.",
            Tone.NEUTRAL,
        ),
        state(
            NonconformityState.OPEN,
            "已登记，期限开始计算，等待责任人答复和遏制。",
            "Raised: its deadlines run, and the owner is to answer and contain it.",
            Tone.DANGER,
        ),
        state(
            NonconformityState.DISPUTED,
            "责任人有异议，等待审核组长书面答复；期限照常计算。",
            "The owner disputes it and the lead auditor has to answer in writing; the clock runs on.",
            Tone.ATTENTION,
        ),
        state(
            NonconformityState.CONTAINED,
            "影响已受控，等待针对原因的改正行动。",
            "Its effect is under control; a corrective action against its cause is to follow.",
            Tone.INFO,
        ),
        state(
            NonconformityState.CORRECTING,
            "改正行动正在进行。",
            "Corrective actions are under way.",
            Tone.PROGRESS,
        ),
        state(
            NonconformityState.VERIFYING,
            "改正行动已全部实施，等待跟进审核判定是否有效。",
            "Every action is implemented; a follow-up audit is to say whether it worked.",
            Tone.REVIEW,
        ),
        state(
            NonconformityState.CLOSED,
            "已验证有效并签名关闭，关联的事实已释放。",
            "Verified effective and signed; the facts it pinned are released.",
            Tone.SUCCESS,
            final=True,
        ),
        state(
            NonconformityState.VOID,
            "经两人确认不成立；不会使任何事实变为符合。",
            "Two people agreed that it does not stand; no fact became met by it.",
            Tone.MUTED,
            final=True,
        ),
    ),
    transitions=(
        Transition(
            event="raise",
            title=Text("登记", "raise"),
            sources=(NonconformityState.DRAFT,),
            target=NonconformityState.OPEN,
            guards=(
                guards.TITLE_GIVEN,
                guards.SOURCE_GIVEN,
                guards.EVIDENCE_GIVEN,
                guards.OWNER_NAMED,
                guards.GRADED,
                guards.PINS_FIT_GRADE,
                guards.REPEAT_IS_MAJOR,
                guards.REVIEW_REPORTED,
            ),
            permission="nonconformity:raise",
            clause="ISO 9001 10.2",
        ),
        Transition(
            event="return_to_draft",
            title=Text("退回草稿", "return to draft"),
            sources=(NonconformityState.OPEN,),
            target=NonconformityState.DRAFT,
            guards=(guards.REPORT_WITHDRAWN,),
            permission=SYSTEM,
            clause="E.6",
        ),
        Transition(
            event="accept",
            title=Text("接受", "accept"),
            sources=(NonconformityState.OPEN,),
            target=None,
            guards=(guards.NOT_ANSWERED_YET, guards.ACTOR_IS_OWNER),
            permission="nonconformity:answer",
            clause="E.6",
        ),
        Transition(
            event="dispute",
            title=Text("提出异议", "dispute"),
            sources=(NonconformityState.OPEN,),
            target=NonconformityState.DISPUTED,
            guards=(
                guards.NOT_ANSWERED_YET,
                guards.ACTOR_IS_OWNER,
                guards.WITHIN_CONTAINMENT_TIME,
                guards.NOT_UPHELD_BEFORE,
            ),
            permission="nonconformity:answer",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="uphold",
            title=Text("维持原判", "uphold"),
            sources=(NonconformityState.DISPUTED,),
            target=NonconformityState.OPEN,
            guards=(guards.DISPUTE_ANSWERED_BY_ANOTHER,),
            permission="nonconformity:judge_dispute",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="regrade",
            title=Text("改定等级", "regrade"),
            sources=(NonconformityState.DISPUTED,),
            target=NonconformityState.OPEN,
            guards=(
                guards.DISPUTE_ANSWERED_BY_ANOTHER,
                guards.NEW_GRADE_DIFFERS,
                guards.NEW_GRADE_FITS,
            ),
            permission="nonconformity:judge_dispute",
            clause="E.3",
            reason_required=True,
        ),
        Transition(
            event="contain",
            title=Text("遏制", "contain"),
            sources=(NonconformityState.OPEN,),
            target=NonconformityState.CONTAINED,
            guards=(guards.OWNER_ACCEPTED, guards.CORRECTION_ANSWERED),
            permission="nonconformity:contain",
            clause="ISO 9001 10.2.1a",
        ),
        Transition(
            event="start_correcting",
            title=Text("开始改正", "start correcting"),
            sources=(NonconformityState.CONTAINED,),
            target=NonconformityState.CORRECTING,
            guards=(guards.ACTION_NAMES_IT,),
            permission=SYSTEM,
            clause="2.3-1c",
        ),
        Transition(
            event="await_verification",
            title=Text("等待跟进审核", "await verification"),
            sources=(NonconformityState.CORRECTING,),
            target=NonconformityState.VERIFYING,
            guards=(guards.ACTIONS_IMPLEMENTED,),
            permission=SYSTEM,
            clause="2.3-1c",
        ),
        Transition(
            event="resume_correcting",
            title=Text("继续改正", "resume correcting"),
            sources=(NonconformityState.VERIFYING,),
            target=NonconformityState.CORRECTING,
            guards=(guards.ACTIONS_NOT_IMPLEMENTED,),
            permission=SYSTEM,
            clause="2.3-3",
        ),
        Transition(
            event="send_back",
            title=Text("退回", "send back"),
            sources=(NonconformityState.VERIFYING,),
            target=NonconformityState.CORRECTING,
            guards=(guards.FOLLOWUP_SAYS_NO,),
            permission=SYSTEM,
            clause="ISO 19011 6.7",
        ),
        Transition(
            event="approve_closure",
            title=Text("批准关闭", "approve the closure"),
            sources=(NonconformityState.VERIFYING,),
            target=None,
            guards=(
                guards.IS_MAJOR,
                guards.CLOSURE_NOT_APPROVED_YET,
                *_ANSWERED_EFFECTIVE,
                guards.CLOSER_NOT_OWNER,
                guards.CLOSER_NOT_IMPLEMENTER,
                guards.CLOSURE_FREE_OF_OWN_OVERRULE,
            ),
            permission="nonconformity:approve_closure",
            clause="E.6",
            signature=Text(
                "我批准关闭这项严重不符合。",
                "I approve that this major non-conformity is closed.",
            ),
        ),
        Transition(
            event="close",
            title=Text("关闭", "close"),
            sources=(NonconformityState.VERIFYING,),
            target=NonconformityState.CLOSED,
            guards=(
                guards.ROOT_CAUSE_VERIFIED,
                *_ANSWERED_EFFECTIVE,
                guards.ACTIONS_SETTLED,
                guards.MAJOR_APPROVED,
                *_SEGREGATED_CLOSER,
            ),
            permission="nonconformity:close",
            clause="ISO 9001 10.2.1d",
            signature=Text(
                "我已验证改正行动有效，同意关闭并释放所列事实。",
                "I have verified that the correction is effective, and release the facts listed.",
            ),
        ),
        Transition(
            event="close_short",
            title=Text("简短答复并关闭", "close with a short answer"),
            sources=(NonconformityState.OPEN,),
            target=NonconformityState.CLOSED,
            guards=(guards.SHORT_PATH_FITS, guards.SHORT_ANSWER_GIVEN, guards.CLOSER_NOT_OWNER),
            permission="nonconformity:close",
            clause="E.3",
        ),
        Transition(
            event="reopen",
            title=Text("重新打开", "reopen"),
            sources=(NonconformityState.CLOSED,),
            target=NonconformityState.CORRECTING,
            guards=(guards.CLOSED_IN_FULL, *_WRONGLY_CLOSED),
            permission="nonconformity:reopen",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="reopen_short",
            title=Text("重新打开（简短关闭）", "reopen the short answer"),
            sources=(NonconformityState.CLOSED,),
            target=NonconformityState.OPEN,
            guards=(guards.CLOSED_SHORT, *_WRONGLY_CLOSED),
            permission="nonconformity:reopen",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="request_void",
            title=Text("申请作废", "ask to void"),
            sources=_VOIDABLE,
            target=None,
            guards=(guards.VOID_NOT_REQUESTED,),
            permission="nonconformity:request_void",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="decline_void",
            title=Text("不予作废", "decline to void"),
            sources=_VOIDABLE,
            target=None,
            guards=(guards.VOID_REQUESTED,),
            permission="nonconformity:void",
            clause="E.6",
            reason_required=True,
        ),
        Transition(
            event="void",
            title=Text("确认作废", "void"),
            sources=_VOIDABLE,
            target=NonconformityState.VOID,
            guards=(
                guards.VOID_REQUESTED,
                guards.VOIDED_BY_ANOTHER,
                guards.VOIDED_BY_NON_OWNER,
                guards.PINS_SETTLED,
            ),
            permission="nonconformity:void",
            clause="E.6",
            signature=Text("我确认该不符合项不成立。", "I confirm that this non-conformity does not stand."),
        ),
    ),
)
