"""The guards of the four machines: named predicates over facts, each citing its clause.

A message is what a quality manager reads on a refused move: it says what is missing and what to do.
"""

from collections.abc import Callable
from typing import TypeVar

from workflows.facts import ActionFacts, AuditFacts, CommonFacts, NonconformityFacts, People, ReviewFacts
from workflows.kinds import AuditMode, Grade, Source
from workflows.machine import Guard, Names
from workflows.sod import apart, one
from workflows.text import Text

F = TypeVar("F", bound=CommonFacts)

REOPEN_DAYS = 90
"""Calendar days after its closing within which a closing judgement can be corrected (E.6)."""

_GRADES_IN_FULL = (Grade.MAJOR, Grade.MINOR)


def _is(name: str, zh: str, en: str, clause: str, predicate: Callable[[F], bool]) -> Guard[F]:
    return Guard(name, Text(zh, en), clause, predicate)


def _none_left(name: str, zh: str, en: str, clause: str, left: Callable[[F], Names]) -> Guard[F]:
    """The guard that nothing is left; not having looked (None) is a refusal too."""
    return Guard(name, Text(zh, en), clause, lambda facts: left(facts) == (), left)


def _is_person(facts: CommonFacts, person: int | None) -> bool:
    return person is not None and person in facts.hands


# Review

SCOPE_SET: Guard[ReviewFacts] = _is(
    "scope_set",
    "尚未确定评审范围：请选择要评审的条目。",
    "The scope is empty: choose the items to review.",
    "1.2-2a",
    lambda facts: facts.items_in_scope > 0,
)
LEAD_AUDITOR_NAMED: Guard[ReviewFacts] = _is(
    "lead_auditor_named",
    "尚未指定审核组长：请指定一位。",
    "No lead auditor is named: name one.",
    "ISO 19011",
    lambda facts: facts.lead_auditor is not None,
)
PERIOD_SET: Guard[ReviewFacts] = _is(
    "period_set",
    "尚未填写评审周期：请填写起止日期。",
    "The review period is not set: enter its first and last day.",
    "1.2-2a",
    lambda facts: facts.period_set,
)
ITEMS_JUDGED: Guard[ReviewFacts] = Guard(
    "items_judged",
    Text(
        "范围内仍有条目未判定：请逐条完成判定。",
        "Some items in scope are not judged yet: judge each of them.",
    ),
    "1.2-2a",
    lambda facts: facts.items_in_scope > 0 and facts.items_unjudged == (),
    lambda facts: facts.items_unjudged,
)
VERDICTS_EVIDENCED: Guard[ReviewFacts] = _none_left(
    "verdicts_evidenced",
    "有判定缺少说明或证据：合规的判定也须附上证据。",
    "Some verdicts have no note or evidence: add them, to compliant verdicts as well.",
    "1.2-2c",
    lambda facts: facts.verdicts_without_evidence,
)
CARRIED_CONFIRMED: Guard[ReviewFacts] = _none_left(
    "carried_confirmed",
    "有沿用上次评审的判定尚未确认：请逐一确认或修改。",
    "Some verdicts carried forward from the last review are not confirmed: confirm or change each.",
    "1.2-2a",
    lambda facts: facts.carried_unconfirmed,
)
NO_OWN_WORK_JUDGED: Guard[ReviewFacts] = Guard(
    "no_own_work_judged",
    Text(
        "有条目由其流程负责人自己判定：请改由其他审核员判定。",
        "Some items were judged by the owner of the process: have another auditor judge them.",
    ),
    "N-SOD 3",
    lambda facts: facts.own_work_items == (),
    lambda facts: facts.own_work_items,
    segregation=True,
)
GAPS_CARRIED: Guard[ReviewFacts] = _none_left(
    "gaps_carried",
    "有差距尚未处理：请为每项差距登记不符合项，或写明不登记的理由。",
    "Some gaps are not carried: raise a non-conformity for each, or write down why not.",
    "1.2-3",
    lambda facts: facts.gaps_uncarried,
)
SAMPLED_AUDIT_ATTACHED: Guard[ReviewFacts] = _is(
    "sampled_audit_attached",
    "缺少抽样审核：请附上至少一个与顾客相关的关键流程的抽样审核。",
    "The sample audit is missing: attach one of a key customer-related process.",
    "1.2 explanation",
    lambda facts: facts.sampled_audit_attached,
)
DRAFTS_READY: Guard[ReviewFacts] = _none_left(
    "drafts_ready",
    "有不符合项草稿内容不全：出报告时它们将一并登记，请先补全。",
    "Some draft non-conformities are incomplete: they open with the report, so complete them first.",
    "1.2-3",
    lambda facts: facts.drafts_unready,
)
CLOSURES_CONFIRMED: Guard[ReviewFacts] = _none_left(
    "closures_confirmed",
    "评审期间有不符合项已关闭：请确认其对本次判定的影响。",
    "Some non-conformities were closed while this review was under way: confirm what that changes here.",
    "N-SCORE-3",
    lambda facts: facts.closures_unconfirmed,
)
ACTOR_IS_LEAD_AUDITOR: Guard[ReviewFacts] = _is(
    "actor_is_lead_auditor",
    "报告须由审核组长签名。",
    "The lead auditor signs the report.",
    "ISO 19011",
    lambda facts: _is_person(facts, facts.lead_auditor),
)
REPORT_FREE_OF_OWN_OVERRULE: Guard[ReviewFacts] = apart(
    "report_free_of_own_overrule",
    "本报告依据了您记录的改判或 4.7 结论：请由另一人签名。",
    "The report relies on an overrule or a 4.7 word that you recorded: another person has to sign.",
    "N-SOD 4",
    lambda facts: facts.overrule_recorders,
)
NOT_ACCEPTED_YET: Guard[ReviewFacts] = _is(
    "not_accepted_yet",
    "管理层已接受本报告。",
    "Management has accepted this report already.",
    "1.2-2",
    lambda facts: facts.accepted_by is None,
)
ACCEPTED_BY_ANOTHER: Guard[ReviewFacts] = apart(
    "accepted_by_another",
    "管理层接受须由审核组以外的人签名。",
    "Acceptance is signed by somebody who did not audit in this review.",
    "N-SOD 3",
    lambda facts: facts.auditors,
)
ACCEPTED_BY_MANAGEMENT: Guard[ReviewFacts] = _is(
    "accepted_by_management",
    "管理层尚未接受报告：请质量经理或高层签名接受。",
    "Management has not accepted the report: the quality manager or an executive signs it first.",
    "1.2-2",
    lambda facts: facts.accepted_by is not None,
)
NONE_MOVED_ON: Guard[ReviewFacts] = _none_left(
    "none_moved_on",
    "本次评审的不符合项已有后续处理，报告不能再撤回。",
    "Non-conformities of this review have moved on, so the report can no longer be withdrawn.",
    "E.6",
    lambda facts: facts.nonconformities_moved_on,
)
NONCONFORMITIES_SETTLED: Guard[ReviewFacts] = _none_left(
    "nonconformities_settled",
    "有不符合项尚未关闭：须全部关闭、作废或转入后续评审。",
    "Some non-conformities are still open: each has to be closed, void or carried by a later review.",
    "1.2-3",
    lambda facts: facts.nonconformities_unsettled,
)
NONCONFORMITY_UNSETTLED: Guard[ReviewFacts] = _is(
    "nonconformity_unsettled",
    "没有被重新打开的不符合项，评审保持关闭。",
    "No non-conformity has been reopened, so the review stays closed.",
    "E.6",
    lambda facts: bool(facts.nonconformities_unsettled),
)

# Non-conformity


def _pins(facts: NonconformityFacts) -> int:
    return facts.copc_pins + facts.see_cmm_pins


def _pins_fit(facts: NonconformityFacts, grade: Grade | None) -> bool:
    """E.3: what each grade must pin, may pin, and must not."""
    if grade is Grade.MAJOR:
        return _pins(facts) > 0
    if grade is Grade.MINOR:
        return _pins(facts) > 0 or facts.isolated_lapse
    if grade is Grade.OFI:
        return facts.copc_pins == 0
    return grade is Grade.OBSERVATION and _pins(facts) == 0


def _regrade_keeps_pins(facts: NonconformityFacts) -> bool:
    """A milder grade that may not pin lets go of facts, which must each be settled first."""
    return _pins_fit(facts, facts.new_grade) or (
        facts.new_grade not in _GRADES_IN_FULL and facts.pins_unsettled == ()
    )


TITLE_GIVEN: Guard[NonconformityFacts] = _is(
    "title_given",
    "缺少标题：请用一句话写明不符合之处。",
    "The title is missing: say in one line what does not conform.",
    "ISO 9001 10.2",
    lambda facts: facts.title_given,
)
SOURCE_GIVEN: Guard[NonconformityFacts] = _is(
    "source_given",
    "缺少来源：请选择不符合项的来源。",
    "The source is missing: choose where it was found.",
    "ISO 9001 10.2",
    lambda facts: facts.source is not None,
)
EVIDENCE_GIVEN: Guard[NonconformityFacts] = _is(
    "evidence_given",
    "缺少客观证据：请写明看到的事实或上传附件。",
    "Objective evidence is missing: write down what was seen, or attach it.",
    "ISO 9000",
    lambda facts: facts.evidence_given,
)
OWNER_NAMED: Guard[NonconformityFacts] = _is(
    "owner_named",
    "尚未指定责任人：请指定一位。",
    "No owner is named: name one.",
    "2.3-3",
    lambda facts: facts.owner is not None,
)
GRADED: Guard[NonconformityFacts] = _is(
    "graded",
    "尚未定级：请选择等级。",
    "The grade is missing: choose one.",
    "E.3",
    lambda facts: facts.grade is not None,
)
PINS_FIT_GRADE: Guard[NonconformityFacts] = _is(
    "pins_fit_grade",
    "关联的事实与等级不符：严重不符合须关联事实；一般不符合须关联事实，或由审核组长说明为个别疏漏；"
    "观察项不关联事实；改进机会只可关联 SEE-CMM 细项。",
    "The pinned facts do not fit the grade: a major pins facts; a minor pins facts, unless the lead auditor "
    "records it as an isolated lapse; an observation pins none; an opportunity pins SEE-CMM rows only.",
    "E.3",
    lambda facts: facts.grade is None or _pins_fit(facts, facts.grade),
)
REPEAT_IS_MAJOR: Guard[NonconformityFacts] = _is(
    "repeat_is_major",
    "重复发生的不符合项须定为严重不符合：请修改等级。",
    "A repeat of a closed non-conformity is a major: change the grade.",
    "E.3",
    lambda facts: not facts.repeat_of_closed or facts.grade is Grade.MAJOR,
)
REVIEW_REPORTED: Guard[NonconformityFacts] = _is(
    "review_reported",
    "所属评审尚未出报告：草稿将随报告一并登记。",
    "Its review has not been reported yet: the draft opens with the report.",
    "N-SCORE-1",
    lambda facts: not facts.awaiting_report,
)
REPORT_WITHDRAWN: Guard[NonconformityFacts] = _is(
    "report_withdrawn",
    "所属评审的报告没有撤回，不符合项保持登记。",
    "The report of its review has not been withdrawn, so it stays open.",
    "N-SCORE-1",
    lambda facts: facts.awaiting_report and facts.source is Source.REVIEW,
)
ACTOR_IS_OWNER: Guard[NonconformityFacts] = _is(
    "actor_is_owner",
    "只有责任人可以答复：如需他人答复，请先移交。",
    "Only the owner answers: hand the record over first if somebody else should.",
    "E.6",
    lambda facts: _is_person(facts, facts.owner),
)
NOT_ANSWERED_YET: Guard[NonconformityFacts] = _is(
    "not_answered_yet",
    "责任人已接受该不符合项。",
    "The owner has accepted it already.",
    "E.6",
    lambda facts: not facts.accepted,
)
WITHIN_CONTAINMENT_TIME: Guard[NonconformityFacts] = _is(
    "within_containment_time",
    "遏制期限已过，不能再提出异议：请先遏制，或请审核组长处理。",
    "The containment time has passed: contain it, or turn to the lead auditor.",
    "E.4",
    lambda facts: not facts.containment_overdue,
)
NOT_UPHELD_BEFORE: Guard[NonconformityFacts] = _is(
    "not_upheld_before",
    "审核组长已书面答复过异议并维持原判。",
    "The lead auditor has already answered a dispute in writing and upheld the finding.",
    "E.6",
    lambda facts: not facts.upheld_before,
)
DISPUTE_ANSWERED_BY_ANOTHER: Guard[NonconformityFacts] = apart(
    "dispute_answered_by_another",
    "责任人不能答复自己提出的异议：请由审核组长答复。",
    "The owner cannot answer the dispute: the lead auditor does.",
    "N-SOD 3",
    lambda facts: one(facts.owner),
)
NEW_GRADE_DIFFERS: Guard[NonconformityFacts] = _is(
    "new_grade_differs",
    "请选择一个不同的等级。",
    "Choose a grade that differs from the present one.",
    "E.3",
    lambda facts: facts.new_grade is not None and facts.new_grade is not facts.grade,
)
NEW_GRADE_FITS: Guard[NonconformityFacts] = _is(
    "new_grade_fits",
    "新等级与关联的事实不符：请先为每项事实另作安排（由其他不符合项承担、由评分员重新判定或写明理由），"
    "重复发生的只能定为严重不符合。",
    "The new grade does not fit the pinned facts: settle each first (carried by another non-conformity, "
    "judged again by an assessor, or given a reason); a repeat stays a major.",
    "E.3",
    lambda facts: (
        _regrade_keeps_pins(facts) and (not facts.repeat_of_closed or facts.new_grade is Grade.MAJOR)
    ),
)
CORRECTION_ANSWERED: Guard[NonconformityFacts] = _is(
    "correction_answered",
    "缺少纠正：请写明已作的纠正，或说明无需纠正的理由。",
    "The correction is missing: write down what was corrected, or why nothing needs to be.",
    "ISO 9001 10.2.1a",
    lambda facts: facts.correction_given or facts.no_correction_reason,
)
OWNER_ACCEPTED: Guard[NonconformityFacts] = _is(
    "owner_accepted",
    "责任人尚未接受：请责任人先接受，或由责任人自己完成遏制。",
    "The owner has not accepted it: the owner accepts first, or contains it in person.",
    "E.6",
    lambda facts: facts.accepted or _is_person(facts, facts.owner),
)
ACTION_NAMES_IT: Guard[NonconformityFacts] = _is(
    "action_names_it",
    "还没有针对它的改正行动：请先建立一项。",
    "No corrective action names it yet: start one.",
    "2.3-1c",
    lambda facts: facts.actions_live > 0,
)
ACTIONS_IMPLEMENTED: Guard[NonconformityFacts] = Guard(
    "actions_implemented",
    Text(
        "改正行动尚未全部实施：请完成或取消其余行动。",
        "Not every corrective action is implemented: finish or cancel the others.",
    ),
    "2.3-1c",
    lambda facts: facts.actions_live > 0 and facts.actions_unimplemented == (),
    lambda facts: facts.actions_unimplemented,
)
ACTIONS_NOT_IMPLEMENTED: Guard[NonconformityFacts] = _is(
    "actions_not_implemented",
    "所有改正行动均已实施，继续等待跟进审核。",
    "All its actions are implemented, so it goes on awaiting the follow-up audit.",
    "2.3-3",
    lambda facts: facts.actions_live == 0 or bool(facts.actions_unimplemented),
)
FOLLOWUP_SAYS_NO: Guard[NonconformityFacts] = _is(
    "followup_says_no",
    "没有跟进审核判定其未实施或无效。",
    "No follow-up audit has answered no.",
    "ISO 19011 6.7",
    lambda facts: facts.followup_implemented is False or facts.followup_effective is False,
)
FOLLOWUP_IMPLEMENTED: Guard[NonconformityFacts] = _is(
    "followup_implemented",
    "跟进审核尚未确认已实施：请安排跟进审核。",
    "No follow-up audit has confirmed that it is implemented: schedule one.",
    "ISO 19011 6.7",
    lambda facts: facts.followup_implemented is True,
)
FOLLOWUP_EFFECTIVE: Guard[NonconformityFacts] = _is(
    "followup_effective",
    "跟进审核尚未判定有效：请在观察期结束后安排核实有效性的跟进审核。",
    "No follow-up audit has called it effective: schedule one for effectiveness after the window.",
    "ISO 9001 10.2.1d",
    lambda facts: facts.followup_effective is True,
)
ROOT_CAUSE_VERIFIED: Guard[NonconformityFacts] = _is(
    "root_cause_verified",
    "没有经过验证的根本原因：请在改正行动中完成原因分析并验证。",
    "There is no verified root cause: find and verify one in its corrective action.",
    "E.5",
    lambda facts: facts.root_cause_verified,
)
ACTIONS_SETTLED: Guard[NonconformityFacts] = Guard(
    "actions_settled",
    Text(
        "有改正行动既未关闭或取消，也未对本不符合项判定有效。",
        "Some of its actions are neither closed, cancelled nor answered effective for it.",
    ),
    "ISO 9001 10.2.1d",
    lambda facts: facts.actions_live > 0 and facts.actions_unsettled == (),
    lambda facts: facts.actions_unsettled,
)
METRICS_AGREE: Guard[NonconformityFacts] = _none_left(
    "metrics_agree",
    "指标数据尚未证实改善：任务完成后须有至少三个周期的数据，且达成目标（水平）或持续改善（趋势）。",
    "The metric data do not show it yet: at least three periods begun after the last task have to meet the "
    "target (level) or show sustained improvement (trend).",
    "N-METRIC",
    lambda facts: facts.metrics_disagree,
)
CLOSER_NOT_OWNER: Guard[NonconformityFacts] = apart(
    "closer_not_owner",
    "您是责任人：须由其他人关闭。",
    "You own it: somebody else has to close it.",
    "N-SOD 2",
    lambda facts: one(facts.owner),
)
CLOSER_NOT_IMPLEMENTER: Guard[NonconformityFacts] = apart(
    "closer_not_implementer",
    "您参与了实施：须由其他人验证。",
    "You implemented one of its actions: somebody else has to verify it.",
    "N-SOD 1",
    lambda facts: facts.implementers,
)
CLOSER_NOT_APPROVER: Guard[NonconformityFacts] = apart(
    "closer_not_approver",
    "您批准了行动计划或本次关闭：须由另一位验证人签名。",
    "You approved the plan or this closure: another verifier has to sign.",
    "N-SOD 1",
    lambda facts: (
        facts.plan_approvers
        if facts.plan_approvers is None or facts.closure_approved_by is None
        else facts.plan_approvers | {facts.closure_approved_by}
    ),
)
CLOSURE_FREE_OF_OWN_OVERRULE: Guard[NonconformityFacts] = apart(
    "closure_free_of_own_overrule",
    "本次关闭依据了您记录的改判或 4.7 结论：请由另一人签名。",
    "The closure relies on an overrule or a 4.7 word that you recorded: another person has to sign.",
    "N-SOD 4",
    lambda facts: facts.overrule_recorders,
)
IS_MAJOR: Guard[NonconformityFacts] = _is(
    "is_major",
    "只有严重不符合的关闭需要审批人批准。",
    "Only the closure of a major needs an approval.",
    "E.3",
    lambda facts: facts.grade is Grade.MAJOR,
)
CLOSURE_NOT_APPROVED_YET: Guard[NonconformityFacts] = _is(
    "closure_not_approved_yet",
    "关闭已获批准。",
    "The closure has been approved already.",
    "E.6",
    lambda facts: facts.closure_approved_by is None,
)
MAJOR_APPROVED: Guard[NonconformityFacts] = _is(
    "major_approved",
    "严重不符合须先由审批人批准关闭。",
    "A major needs the approver's signature first: have the closure approved.",
    "E.6",
    lambda facts: (
        facts.grade in (Grade.MINOR, Grade.OBSERVATION, Grade.OFI) or facts.closure_approved_by is not None
    ),
)
SHORT_PATH_FITS: Guard[NonconformityFacts] = _is(
    "short_path_fits",
    "只有不关联任何事实的观察项和改进机会可以简短关闭：其余须走完整流程。",
    "Only an observation or opportunity that pins no fact closes with a short answer.",
    "E.3",
    lambda facts: facts.grade in (Grade.OBSERVATION, Grade.OFI) and _pins(facts) == 0,
)
SHORT_ANSWER_GIVEN: Guard[NonconformityFacts] = _is(
    "short_answer_given",
    "缺少简短答复：请写明如何处理。",
    "The short answer is missing: write down what was done about it.",
    "E.3",
    lambda facts: facts.short_answer_given,
)
CLOSED_SHORT: Guard[NonconformityFacts] = _is(
    "closed_short",
    "它不是以简短答复关闭的。",
    "It was not closed by a short answer.",
    "E.6",
    lambda facts: facts.closed_short,
)
CLOSED_IN_FULL: Guard[NonconformityFacts] = _is(
    "closed_in_full",
    "它是以简短答复关闭的，没有可退回的改正行动。",
    "It was closed by a short answer, so there is no corrective action to go back to.",
    "E.6",
    lambda facts: not facts.closed_short,
)
WITHIN_REOPEN_TIME: Guard[NonconformityFacts] = _is(
    "within_reopen_time",
    "关闭已超过 90 天，不能重新打开：请登记新的不符合项并关联为重复发生。",
    "It was closed more than 90 days ago: raise a new non-conformity and link it as a repeat.",
    "E.6",
    lambda facts: facts.days_since_closed is not None and 0 <= facts.days_since_closed <= REOPEN_DAYS,
)
CLOSING_JUDGEMENT_WRONG: Guard[NonconformityFacts] = _is(
    "closing_judgement_wrong",
    "只有当初的关闭判断有误才可重新打开：若属再次发生，请登记新的不符合项并关联为重复发生。",
    "Only a wrong closing judgement can be reopened: raise a recurrence as a new non-conformity, "
    "linked as repeat.",
    "E.6",
    lambda facts: facts.closing_judgement_wrong,
)
VOID_NOT_REQUESTED: Guard[NonconformityFacts] = _is(
    "void_not_requested",
    "已有人申请作废，等待另一人确认。",
    "Somebody has asked to void it already; another person confirms.",
    "E.6",
    lambda facts: facts.void_requested_by is None,
)
VOID_REQUESTED: Guard[NonconformityFacts] = _is(
    "void_requested",
    "尚无人申请作废：请先由一人申请并写明理由。",
    "Nobody has asked to void it: one person asks first, with a reason.",
    "E.6",
    lambda facts: facts.void_requested_by is not None,
)
VOIDED_BY_ANOTHER: Guard[NonconformityFacts] = apart(
    "voided_by_another",
    "作废须由两人完成：请由申请人以外的人处理。",
    "It takes two people to void it: somebody other than the one who asked decides.",
    "N-SOD 2",
    lambda facts: one(facts.void_requested_by) or frozenset(),
)
VOIDED_BY_NON_OWNER: Guard[NonconformityFacts] = apart(
    "voided_by_non_owner",
    "您是责任人：作废须由其他人确认。",
    "You own it: somebody else has to confirm that it is void.",
    "N-SOD 2",
    # A draft may have no owner yet, and then nobody is barred.
    lambda facts: one(facts.owner) or frozenset(),
)
PINS_SETTLED: Guard[NonconformityFacts] = _none_left(
    "pins_settled",
    "有关联的事实尚未安排：须由其他不符合项承担、由评分员重新判定或写明理由，作废不会使其变为符合。",
    "Some pinned facts are not settled: voiding meets nothing, so each has to be carried by another "
    "non-conformity, judged again by an assessor, or given a reason.",
    "N-SCORE-1",
    lambda facts: facts.pins_unsettled,
)

# Corrective action

ACTION_OWNER_NAMED: Guard[ActionFacts] = _is(
    "action_owner_named",
    "尚未指定行动负责人：请指定一位。",
    "No action owner is named: name one.",
    "2.3-3",
    lambda facts: facts.owner is not None,
)
ANSWERS_A_NONCONFORMITY: Guard[ActionFacts] = _is(
    "answers_a_nonconformity",
    "没有关联未关闭的不符合项：请至少关联一项。",
    "It answers no open non-conformity: name at least one.",
    "2.3-0",
    lambda facts: facts.nonconformities > 0,
)
PROBLEM_WHAT: Guard[ActionFacts] = _is(
    "problem_what",
    "问题描述缺少“发生了什么”。",
    "The problem statement does not say what happens: write it down.",
    "2.3-1a",
    lambda facts: facts.problem_what,
)
PROBLEM_WHERE: Guard[ActionFacts] = _is(
    "problem_where",
    "问题描述缺少“发生在哪里”。",
    "The problem statement does not say where: write it down.",
    "2.3-1a",
    lambda facts: facts.problem_where,
)
PROBLEM_SINCE: Guard[ActionFacts] = _is(
    "problem_since",
    "问题描述缺少“从何时开始”。",
    "The problem statement does not say since when: write it down.",
    "2.3-1a",
    lambda facts: facts.problem_since,
)
PROBLEM_EXTENT: Guard[ActionFacts] = _is(
    "problem_extent",
    "问题描述缺少“程度多大”：请给出数字或指标。",
    "The problem statement does not say how much: give numbers, or a metric.",
    "2.3-1a",
    lambda facts: facts.problem_extent,
)
HAS_VERIFIED_ROOT_CAUSE: Guard[ActionFacts] = _is(
    "has_verified_root_cause",
    "至少需要一个经过验证的根本原因：写明原因、附上证据并验证（修改原因后须重新验证）。",
    "At least one root cause has to be verified: state it, give evidence, verify it (again after any edit).",
    "E.5",
    lambda facts: facts.root_causes_verified > 0,
)
PERSON_CHAINS_QUESTIONED: Guard[ActionFacts] = _none_left(
    "person_chains_questioned",
    "有原因链止于个人：请继续追问是哪个流程让它发生。",
    "Some chains of causes end at a person: ask which process allowed it.",
    "E.5",
    lambda facts: facts.person_chains_open,
)
HAS_TASKS: Guard[ActionFacts] = _is(
    "has_tasks",
    "行动计划中没有任务：请至少添加一项。",
    "The plan has no task: add at least one.",
    "2.3-1c",
    lambda facts: facts.tasks > 0,
)
TASKS_COMPLETE: Guard[ActionFacts] = _none_left(
    "tasks_complete",
    "有任务缺少负责人、截止日期或工作量：请补全。",
    "Some tasks lack an owner, a due date or the effort: complete them.",
    "2.3-3",
    lambda facts: facts.tasks_incomplete,
)
TASKS_NAME_CAUSES: Guard[ActionFacts] = _none_left(
    "tasks_name_causes",
    "有任务未注明要消除的原因：请逐一注明。",
    "Some tasks do not name the cause they remove: name it.",
    "E.5",
    lambda facts: facts.tasks_without_cause,
)
CAUSES_HAVE_TASKS: Guard[ActionFacts] = _none_left(
    "causes_have_tasks",
    "有原因没有对应任务：请添加任务，或写明不处理的理由。",
    "Some causes have no task: add one, or write down why there is none.",
    "E.5",
    lambda facts: facts.causes_without_task,
)
CRITERION_SET: Guard[ActionFacts] = _is(
    "criterion_set",
    "尚未确定有效性准则：须在实施之前确定。",
    "The effectiveness criterion is not set: fix it before doing anything.",
    "2.3-1d",
    lambda facts: facts.criterion_set,
)
WINDOW_SET: Guard[ActionFacts] = _is(
    "window_set",
    "尚未确定观察期：须在实施之前确定。",
    "The effectiveness window is not set: fix it before doing anything.",
    "E.4",
    lambda facts: facts.window_set,
)
NO_DEPENDENCY_CYCLE: Guard[ActionFacts] = _none_left(
    "no_dependency_cycle",
    "依赖关系形成循环：请去掉其中一个依赖。",
    "The dependencies form a circle: remove one of them.",
    "E.4",
    lambda facts: facts.dependency_cycle,
)
APPROVER_NOT_OWNER: Guard[ActionFacts] = apart(
    "approver_not_owner",
    "您是行动负责人：计划须由其他人审批。",
    "You own the action: somebody else has to decide on its plan.",
    "N-SOD 2",
    lambda facts: one(facts.owner),
)
APPROVER_NOT_NONCONFORMITY_OWNER: Guard[ActionFacts] = apart(
    "approver_not_nonconformity_owner",
    "您是相关不符合项的责任人：计划须由其他人审批。",
    "You own a non-conformity that it answers: somebody else has to decide on its plan.",
    "N-SOD 2",
    lambda facts: facts.nonconformity_owners,
)
TASKS_SETTLED: Guard[ActionFacts] = Guard(
    "tasks_settled",
    Text(
        "有任务尚未完成：须附证据完成，或写明理由放弃；至少须完成一项。",
        "Some tasks are open: finish them with evidence or drop them with a reason; at least one is done.",
    ),
    "2.3-3",
    lambda facts: facts.tasks_done > 0 and facts.tasks_open == (),
    lambda facts: facts.tasks_open,
)
DOCUMENTS_ANSWERED: Guard[ActionFacts] = _is(
    "documents_answered",
    "尚未回答“文件是否更新”：请写明更新了哪些文件，或无需更新。",
    "The question of document updates is open: name the documents updated, or say that none had to be.",
    "IATF 16949 10.2.3",
    lambda facts: facts.documents_answered,
)
READ_ACROSS_DONE: Guard[ActionFacts] = _is(
    "read_across_done",
    "尚未举一反三：请写明在其他方案和地点查找类似情况的结果。",
    "Similar cases have not been looked for: write down what was found in other programmes and sites.",
    "ISO 9001 10.2.1b",
    lambda facts: facts.read_across_done,
)
PREDECESSORS_DONE: Guard[ActionFacts] = _none_left(
    "predecessors_done",
    "它依赖的行动尚未实施完成：请先完成那些行动。",
    "Actions it depends on are not implemented yet: finish those first.",
    "2.3-3",
    lambda facts: facts.predecessors_open,
)
ANSWERED_IMPLEMENTED: Guard[ActionFacts] = _is(
    "answered_implemented",
    "跟进审核尚未确认已实施。",
    "No follow-up audit has confirmed that it is implemented.",
    "ISO 19011 6.7",
    lambda facts: facts.implemented is True,
)
ANSWERED_NOT_IMPLEMENTED: Guard[ActionFacts] = _is(
    "answered_not_implemented",
    "没有跟进审核判定其未实施。",
    "No follow-up audit has answered that it is not implemented.",
    "ISO 19011 6.7",
    lambda facts: facts.implemented is False,
)
ANSWERED_NOT_EFFECTIVE: Guard[ActionFacts] = _is(
    "answered_not_effective",
    "没有跟进审核判定其无效。",
    "No follow-up audit has answered that it is not effective.",
    "ISO 9001 10.2.1d",
    lambda facts: facts.effective is False,
)
ANSWERED_EFFECTIVE: Guard[ActionFacts] = Guard(
    "answered_effective",
    Text(
        "有不符合项尚未由跟进审核判定有效：请安排核实有效性的跟进审核。",
        "Some non-conformities are not answered effective: schedule a follow-up audit for effectiveness.",
    ),
    "ISO 9001 10.2.1d",
    lambda facts: facts.effective is True and facts.nonconformities_unanswered == (),
    lambda facts: facts.nonconformities_unanswered,
)
WINDOW_OVER: Guard[ActionFacts] = _is(
    "window_over",
    "观察期尚未结束：请在观察期结束后判定。",
    "The effectiveness window is not over: judge it afterwards.",
    "E.4",
    lambda facts: facts.window_over,
)
CRITERION_MET: Guard[ActionFacts] = _is(
    "criterion_met",
    "尚未用数据判定有效性准则已达到：请录入数据并判定。",
    "The effectiveness criterion has not been judged as met on data: enter the data and judge it.",
    "2.3-1d",
    lambda facts: facts.criterion_met,
)
ACTION_METRICS_AGREE: Guard[ActionFacts] = _none_left(
    "metrics_agree",
    METRICS_AGREE.message.zh,
    METRICS_AGREE.message.en,
    METRICS_AGREE.clause,
    lambda facts: facts.metrics_disagree,
)
GAIN_KEPT: Guard[ActionFacts] = _is(
    "gain_kept",
    "尚未固化成果：请写明通过哪些程序、培训或监测保持成果。",
    "The gain is not secured: write down the procedure, training or monitoring that keeps it.",
    "2.3-1d",
    lambda facts: facts.gain_kept,
)
VERIFIER_NOT_OWNER: Guard[ActionFacts] = apart(
    "verifier_not_owner",
    "您是行动负责人：须由其他人验证。",
    "You own the action: somebody else has to verify it.",
    "N-SOD 1",
    lambda facts: one(facts.owner),
)
VERIFIER_NOT_IMPLEMENTER: Guard[ActionFacts] = apart(
    "verifier_not_implementer",
    "您参与了实施：须由其他人验证。",
    "You carried out one of its tasks: somebody else has to verify it.",
    "N-SOD 1",
    lambda facts: facts.implementers,
)
VERIFIER_NOT_NONCONFORMITY_OWNER: Guard[ActionFacts] = apart(
    "verifier_not_nonconformity_owner",
    "您是相关不符合项的责任人：须由其他人验证。",
    "You own a non-conformity that it answers: somebody else has to verify it.",
    "N-SOD 2",
    lambda facts: facts.nonconformity_owners,
)
VERIFIER_NOT_APPROVER: Guard[ActionFacts] = apart(
    "verifier_not_approver",
    "您批准了本行动的计划：须由其他人验证。",
    "You approved its plan: somebody else has to verify it.",
    "N-SOD 1",
    lambda facts: facts.plan_approvers,
)
NONCONFORMITY_REOPENED: Guard[ActionFacts] = _is(
    "nonconformity_reopened",
    "没有相关的不符合项被重新打开。",
    "No non-conformity that it answered has been reopened.",
    "E.6",
    lambda facts: facts.nonconformity_reopened,
)

# Follow-up audit

AUDIT_DATE_SET: Guard[AuditFacts] = _is(
    "audit_date_set",
    "尚未确定审核日期：请填写。",
    "The date is not set: enter it.",
    "E.4",
    lambda facts: facts.date_set,
)
COVERS_SOMETHING: Guard[AuditFacts] = _is(
    "covers_something",
    "没有纳入任何不符合项：请至少选择一项。",
    "It covers no non-conformity: choose at least one.",
    "ISO 19011 6.7",
    lambda facts: facts.nonconformities > 0,
)
PURPOSE_SET: Guard[AuditFacts] = _is(
    "purpose_set",
    "尚未确定审核目的：请选择核实实施或核实有效性。",
    "The purpose is not set: choose implementation or effectiveness.",
    "ISO 19011 6.7",
    lambda facts: facts.purpose is not None,
)
AUDITOR_NAMED: Guard[AuditFacts] = _is(
    "auditor_named",
    "尚未指定审核员：请指定一位。",
    "No auditor is named: name one.",
    "ISO 19011",
    lambda facts: facts.auditor is not None,
)
ACTOR_IS_AUDITOR: Guard[AuditFacts] = _is(
    "actor_is_auditor",
    "须由指定的审核员进行并签名。",
    "The auditor who is named carries it out and signs it.",
    "ISO 19011",
    lambda facts: _is_person(facts, facts.auditor),
)
RECORDS_READY: Guard[AuditFacts] = _none_left(
    "records_ready",
    "有不符合项尚未进入待跟进审核状态：请先完成其改正行动，或将其移出本次审核。",
    "Some records do not await verification yet: finish their actions, or take them out of this audit.",
    "ISO 19011 6.7",
    lambda facts: facts.records_unready,
)
CHECKLIST_DONE: Guard[AuditFacts] = _none_left(
    "checklist_done",
    "检查表尚未答完：请逐项回答。",
    "The checklist is not complete: answer each question.",
    "ISO 19011",
    lambda facts: facts.checklist_open,
)
SAMPLE_TAKEN: Guard[AuditFacts] = _is(
    "sample_taken",
    "尚未记录样本：请写明抽取了什么、多少。",
    "The sample is not recorded: write down what was drawn, and how much.",
    "ISO 19011",
    lambda facts: facts.sample_taken,
)
ANSWERS_GIVEN: Guard[AuditFacts] = _none_left(
    "answers_given",
    "有不符合项尚未作出结论：请按审核目的回答“已实施？”和“有效？”。",
    "Some records are not answered: answer implemented? and effective? as the purpose asks.",
    "ISO 19011 6.7",
    lambda facts: facts.answers_missing,
)
ANSWERS_EVIDENCED: Guard[AuditFacts] = _none_left(
    "answers_evidenced",
    "有结论缺少证据：请逐一附上。",
    "Some answers have no evidence: add it to each.",
    "ISO 19011",
    lambda facts: facts.answers_without_evidence,
)
NOES_EXPLAINED: Guard[AuditFacts] = _none_left(
    "noes_explained",
    "有否定的结论没有说明：请写明看到了什么。",
    "Some answers are no without a finding: write down what was seen.",
    "ISO 19011 6.7",
    lambda facts: facts.noes_unexplained,
)
MAJOR_ON_SITE: Guard[AuditFacts] = _is(
    "major_on_site",
    "严重不符合须现场审核：请改为现场审核，或写明资料审核即可的理由。",
    "A major is audited on site: change the mode, or write down why a desk audit is enough.",
    "E.4",
    lambda facts: (
        facts.mode is AuditMode.ON_SITE
        or (facts.mode is AuditMode.DESK and (not facts.covers_major or facts.desk_reason_given))
    ),
)
WINDOWS_OVER: Guard[AuditFacts] = _none_left(
    "windows_over",
    "有不符合项的观察期尚未结束，不能判定有效：请改为核实实施，或待观察期结束。",
    "Some records are called effective before their window is over: audit implementation only, or wait.",
    "N-METRIC",
    lambda facts: facts.effective_too_early,
)
AUDIT_METRICS_AGREE: Guard[AuditFacts] = _none_left(
    "metrics_agree",
    METRICS_AGREE.message.zh,
    METRICS_AGREE.message.en,
    METRICS_AGREE.clause,
    lambda facts: facts.metrics_disagree,
)


def _independent(
    name: str, zh: str, en: str, clause: str, people: Callable[[AuditFacts], People]
) -> Guard[AuditFacts]:
    """Independence binds the auditor named, and whoever starts or signs the audit."""

    def predicate(facts: AuditFacts) -> bool:
        # That an auditor is named, and is the one who acts, is for other guards to say.
        others = people(facts)
        return others is not None and facts.auditor not in others and facts.hands.isdisjoint(others)

    return Guard(name, Text(zh, en), clause, predicate, segregation=True)


AUDITOR_NOT_OWNER = _independent(
    "auditor_not_owner",
    "审核员是所审核记录的责任人：请指定另一位审核员。",
    "The auditor owns a record that is audited: name another auditor.",
    "N-SOD 3",
    lambda facts: facts.owners,
)
AUDITOR_NOT_IMPLEMENTER = _independent(
    "auditor_not_implementer",
    "审核员参与了所审核行动的实施：请指定另一位审核员。",
    "The auditor carried out a task that is audited: name another auditor.",
    "N-SOD 1",
    lambda facts: facts.implementers,
)
AUDITOR_NOT_APPROVER = _independent(
    "auditor_not_approver",
    "审核员批准了所审核行动的计划：请指定另一位审核员。",
    "The auditor approved a plan that is audited: name another auditor.",
    "N-SOD 3",
    lambda facts: facts.plan_approvers,
)
