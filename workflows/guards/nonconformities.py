"""Guards of the non-conformity."""

from workflows.facts import NonconformityFacts
from workflows.guards.building import is_person, is_true, none_left
from workflows.kinds import Grade, Source
from workflows.machine import Guard
from workflows.sod import apart, one
from workflows.text import Text

REOPEN_DAYS = 90
"""Calendar days after its closing within which a closing judgement can be corrected (E.6)."""

_GRADES_IN_FULL = (Grade.MAJOR, Grade.MINOR)


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


TITLE_GIVEN: Guard[NonconformityFacts] = is_true(
    "title_given",
    "缺少标题：请用一句话写明不符合之处。",
    "The title is missing: say in one line what does not conform.",
    "ISO 9001 10.2",
    lambda facts: facts.title_given,
)
SOURCE_GIVEN: Guard[NonconformityFacts] = is_true(
    "source_given",
    "缺少来源：请选择不符合项的来源。",
    "The source is missing: choose where it was found.",
    "ISO 9001 10.2",
    lambda facts: facts.source is not None,
)
EVIDENCE_GIVEN: Guard[NonconformityFacts] = is_true(
    "evidence_given",
    "缺少客观证据：请写明看到的事实或上传附件。",
    "Objective evidence is missing: write down what was seen, or attach it.",
    "ISO 9000",
    lambda facts: facts.evidence_given,
)
OWNER_NAMED: Guard[NonconformityFacts] = is_true(
    "owner_named",
    "尚未指定责任人：请指定一位。",
    "No owner is named: name one.",
    "2.3-3",
    lambda facts: facts.owner is not None,
)
GRADED: Guard[NonconformityFacts] = is_true(
    "graded",
    "尚未定级：请选择等级。",
    "The grade is missing: choose one.",
    "E.3",
    lambda facts: facts.grade is not None,
)
PINS_FIT_GRADE: Guard[NonconformityFacts] = is_true(
    "pins_fit_grade",
    "关联的事实与等级不符：严重不符合须关联事实；一般不符合须关联事实，或由审核组长说明为个别疏漏；"
    "观察项不关联事实；改进机会只可关联 SEE-CMM 细项。",
    "The pinned facts do not fit the grade: a major pins facts; a minor pins facts, unless the lead auditor "
    "records it as an isolated lapse; an observation pins none; an opportunity pins SEE-CMM rows only.",
    "E.3",
    lambda facts: facts.grade is None or _pins_fit(facts, facts.grade),
)
REPEAT_IS_MAJOR: Guard[NonconformityFacts] = is_true(
    "repeat_is_major",
    "重复发生的不符合项须定为严重不符合：请修改等级。",
    "A repeat of a closed non-conformity is a major: change the grade.",
    "E.3",
    lambda facts: not facts.repeat_of_closed or facts.grade is Grade.MAJOR,
)
REVIEW_REPORTED: Guard[NonconformityFacts] = is_true(
    "review_reported",
    "所属评审尚未出报告：草稿将随报告一并登记。",
    "Its review has not been reported yet: the draft opens with the report.",
    "N-SCORE-1",
    lambda facts: not facts.awaiting_report,
)
REPORT_WITHDRAWN: Guard[NonconformityFacts] = is_true(
    "report_withdrawn",
    "所属评审的报告没有撤回，不符合项保持登记。",
    "The report of its review has not been withdrawn, so it stays open.",
    "N-SCORE-1",
    lambda facts: facts.awaiting_report and facts.source is Source.REVIEW,
)
ACTOR_IS_OWNER: Guard[NonconformityFacts] = is_true(
    "actor_is_owner",
    "只有责任人可以答复：如需他人答复，请先移交。",
    "Only the owner answers: hand the record over first if somebody else should.",
    "E.6",
    lambda facts: is_person(facts, facts.owner),
)
NOT_ANSWERED_YET: Guard[NonconformityFacts] = is_true(
    "not_answered_yet",
    "责任人已接受该不符合项。",
    "The owner has accepted it already.",
    "E.6",
    lambda facts: not facts.accepted,
)
WITHIN_CONTAINMENT_TIME: Guard[NonconformityFacts] = is_true(
    "within_containment_time",
    "遏制期限已过，不能再提出异议：请先遏制，或请审核组长处理。",
    "The containment time has passed: contain it, or turn to the lead auditor.",
    "E.4",
    lambda facts: not facts.containment_overdue,
)
NOT_UPHELD_BEFORE: Guard[NonconformityFacts] = is_true(
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
NEW_GRADE_DIFFERS: Guard[NonconformityFacts] = is_true(
    "new_grade_differs",
    "请选择一个不同的等级。",
    "Choose a grade that differs from the present one.",
    "E.3",
    lambda facts: facts.new_grade is not None and facts.new_grade is not facts.grade,
)
NEW_GRADE_FITS: Guard[NonconformityFacts] = is_true(
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
CORRECTION_ANSWERED: Guard[NonconformityFacts] = is_true(
    "correction_answered",
    "缺少纠正：请写明已作的纠正，或说明无需纠正的理由。",
    "The correction is missing: write down what was corrected, or why nothing needs to be.",
    "ISO 9001 10.2.1a",
    lambda facts: facts.correction_given or facts.no_correction_reason,
)
OWNER_ACCEPTED: Guard[NonconformityFacts] = is_true(
    "owner_accepted",
    "责任人尚未接受：请责任人先接受，或由责任人自己完成遏制。",
    "The owner has not accepted it: the owner accepts first, or contains it in person.",
    "E.6",
    lambda facts: facts.accepted or is_person(facts, facts.owner),
)
ACTION_NAMES_IT: Guard[NonconformityFacts] = is_true(
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
ACTIONS_NOT_IMPLEMENTED: Guard[NonconformityFacts] = is_true(
    "actions_not_implemented",
    "所有改正行动均已实施，继续等待跟进审核。",
    "All its actions are implemented, so it goes on awaiting the follow-up audit.",
    "2.3-3",
    lambda facts: facts.actions_live == 0 or bool(facts.actions_unimplemented),
)
FOLLOWUP_SAYS_NO: Guard[NonconformityFacts] = is_true(
    "followup_says_no",
    "没有跟进审核判定其未实施或无效。",
    "No follow-up audit has answered no.",
    "ISO 19011 6.7",
    lambda facts: facts.followup_implemented is False or facts.followup_effective is False,
)
FOLLOWUP_IMPLEMENTED: Guard[NonconformityFacts] = is_true(
    "followup_implemented",
    "跟进审核尚未确认已实施：请安排跟进审核。",
    "No follow-up audit has confirmed that it is implemented: schedule one.",
    "ISO 19011 6.7",
    lambda facts: facts.followup_implemented is True,
)
FOLLOWUP_EFFECTIVE: Guard[NonconformityFacts] = is_true(
    "followup_effective",
    "跟进审核尚未判定有效：请在观察期结束后安排核实有效性的跟进审核。",
    "No follow-up audit has called it effective: schedule one for effectiveness after the window.",
    "ISO 9001 10.2.1d",
    lambda facts: facts.followup_effective is True,
)
ROOT_CAUSE_VERIFIED: Guard[NonconformityFacts] = is_true(
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
METRICS_AGREE: Guard[NonconformityFacts] = none_left(
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
IS_MAJOR: Guard[NonconformityFacts] = is_true(
    "is_major",
    "只有严重不符合的关闭需要审批人批准。",
    "Only the closure of a major needs an approval.",
    "E.3",
    lambda facts: facts.grade is Grade.MAJOR,
)
CLOSURE_NOT_APPROVED_YET: Guard[NonconformityFacts] = is_true(
    "closure_not_approved_yet",
    "关闭已获批准。",
    "The closure has been approved already.",
    "E.6",
    lambda facts: facts.closure_approved_by is None,
)
MAJOR_APPROVED: Guard[NonconformityFacts] = is_true(
    "major_approved",
    "严重不符合须先由审批人批准关闭。",
    "A major needs the approver's signature first: have the closure approved.",
    "E.6",
    lambda facts: (
        facts.grade in (Grade.MINOR, Grade.OBSERVATION, Grade.OFI) or facts.closure_approved_by is not None
    ),
)
SHORT_PATH_FITS: Guard[NonconformityFacts] = is_true(
    "short_path_fits",
    "只有不关联任何事实的观察项和改进机会可以简短关闭：其余须走完整流程。",
    "Only an observation or opportunity that pins no fact closes with a short answer.",
    "E.3",
    lambda facts: facts.grade in (Grade.OBSERVATION, Grade.OFI) and _pins(facts) == 0,
)
SHORT_ANSWER_GIVEN: Guard[NonconformityFacts] = is_true(
    "short_answer_given",
    "缺少简短答复：请写明如何处理。",
    "The short answer is missing: write down what was done about it.",
    "E.3",
    lambda facts: facts.short_answer_given,
)
CLOSED_SHORT: Guard[NonconformityFacts] = is_true(
    "closed_short",
    "它不是以简短答复关闭的。",
    "It was not closed by a short answer.",
    "E.6",
    lambda facts: facts.closed_short,
)
CLOSED_IN_FULL: Guard[NonconformityFacts] = is_true(
    "closed_in_full",
    "它是以简短答复关闭的，没有可退回的改正行动。",
    "It was closed by a short answer, so there is no corrective action to go back to.",
    "E.6",
    lambda facts: not facts.closed_short,
)
WITHIN_REOPEN_TIME: Guard[NonconformityFacts] = is_true(
    "within_reopen_time",
    "关闭已超过 90 天，不能重新打开：请登记新的不符合项并关联为重复发生。",
    "It was closed more than 90 days ago: raise a new non-conformity and link it as a repeat.",
    "E.6",
    lambda facts: facts.days_since_closed is not None and 0 <= facts.days_since_closed <= REOPEN_DAYS,
)
CLOSING_JUDGEMENT_WRONG: Guard[NonconformityFacts] = is_true(
    "closing_judgement_wrong",
    "只有当初的关闭判断有误才可重新打开：若属再次发生，请登记新的不符合项并关联为重复发生。",
    "Only a wrong closing judgement can be reopened: raise a recurrence as a new non-conformity, "
    "linked as repeat.",
    "E.6",
    lambda facts: facts.closing_judgement_wrong,
)
VOID_NOT_REQUESTED: Guard[NonconformityFacts] = is_true(
    "void_not_requested",
    "已有人申请作废，等待另一人确认。",
    "Somebody has asked to void it already; another person confirms.",
    "E.6",
    lambda facts: facts.void_requested_by is None,
)
VOID_REQUESTED: Guard[NonconformityFacts] = is_true(
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
PINS_SETTLED: Guard[NonconformityFacts] = none_left(
    "pins_settled",
    "有关联的事实尚未安排：须由其他不符合项承担、由评分员重新判定或写明理由，作废不会使其变为符合。",
    "Some pinned facts are not settled: voiding meets nothing, so each has to be carried by another "
    "non-conformity, judged again by an assessor, or given a reason.",
    "N-SCORE-1",
    lambda facts: facts.pins_unsettled,
)
