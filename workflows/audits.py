"""The follow-up audit: somebody independent asks whether it was done, and whether it worked (ISO 19011)."""

from workflows.facts import AuditFacts
from workflows.guards import audits as guards
from workflows.machine import Machine, Tone, Transition, state
from workflows.text import Text, Worded


class AuditState(Worded):
    """Where a follow-up audit stands."""

    SCHEDULED = "scheduled", "已计划", "scheduled"
    IN_PROGRESS = "in_progress", "进行中", "in progress"
    CONCLUDED = "concluded", "已得出结论", "concluded"
    CANCELLED = "cancelled", "已取消", "cancelled"


_INDEPENDENT = (
    guards.AUDITOR_NOT_OWNER,
    guards.AUDITOR_NOT_IMPLEMENTER,
    guards.AUDITOR_NOT_APPROVER,
)

AUDIT: Machine[AuditFacts] = Machine(
    name="audit",
    title=Text("跟进审核", "Follow-up audit"),
    noun=Text("跟进审核", "follow-up audit"),
    initial=AuditState.SCHEDULED,
    states=(
        state(
            AuditState.SCHEDULED,
            "日期、审核员和要核实的不符合项已安排。",
            "Date, auditor and the non-conformities to verify are arranged.",
            Tone.NEUTRAL,
        ),
        state(
            AuditState.IN_PROGRESS,
            "审核员正在抽样、取证并作出结论。",
            "The auditor is sampling, collecting evidence and answering.",
            Tone.PROGRESS,
        ),
        state(
            AuditState.CONCLUDED,
            "结论已签名，每项不符合项均已答复。",
            "Signed: every non-conformity it covers has its answers.",
            Tone.SUCCESS,
            final=True,
        ),
        state(
            AuditState.CANCELLED,
            "未得出结论即取消。",
            "Given up before it came to an answer.",
            Tone.MUTED,
            final=True,
        ),
    ),
    transitions=(
        Transition(
            event="reschedule",
            title=Text("改期", "reschedule"),
            sources=(AuditState.SCHEDULED,),
            target=None,
            guards=(guards.AUDIT_DATE_SET,),
            permission="audit:schedule",
            clause="E.4",
            reason_required=True,
        ),
        Transition(
            event="start",
            title=Text("开始审核", "start"),
            sources=(AuditState.SCHEDULED,),
            target=AuditState.IN_PROGRESS,
            guards=(
                guards.AUDIT_DATE_SET,
                guards.COVERS_SOMETHING,
                guards.PURPOSE_SET,
                guards.AUDITOR_NAMED,
                guards.ACTOR_IS_AUDITOR,
                guards.RECORDS_READY,
                *_INDEPENDENT,
            ),
            permission="audit:conduct",
            clause="ISO 19011 6.7",
        ),
        Transition(
            event="conclude",
            title=Text("得出结论", "conclude"),
            sources=(AuditState.IN_PROGRESS,),
            target=AuditState.CONCLUDED,
            guards=(
                guards.ACTOR_IS_AUDITOR,
                guards.COVERS_SOMETHING,
                guards.CHECKLIST_DONE,
                guards.SAMPLE_TAKEN,
                guards.ANSWERS_GIVEN,
                guards.ANSWERS_EVIDENCED,
                guards.NOES_EXPLAINED,
                guards.MAJOR_ON_SITE,
                guards.WINDOWS_OVER,
                guards.AUDIT_METRICS_AGREE,
                *_INDEPENDENT,
            ),
            permission="audit:conduct",
            clause="ISO 19011 6.7",
            signature=Text(
                "我独立完成本次跟进审核，并对结论负责。",
                "I carried out this follow-up audit independently and am responsible for its answers.",
            ),
        ),
        Transition(
            event="cancel",
            title=Text("取消审核", "cancel"),
            sources=(AuditState.SCHEDULED, AuditState.IN_PROGRESS),
            target=AuditState.CANCELLED,
            guards=(),
            permission="audit:cancel",
            clause="E.6",
            reason_required=True,
        ),
    ),
)
