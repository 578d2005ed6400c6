"""Guards of the review."""

from workflows.facts import ReviewFacts
from workflows.guards.building import is_person, is_true, none_left
from workflows.machine import Guard
from workflows.sod import apart
from workflows.text import Text

SCOPE_SET: Guard[ReviewFacts] = is_true(
    "scope_set",
    "尚未确定评审范围：请选择要评审的条目。",
    "The scope is empty: choose the items to review.",
    "1.2-2a",
    lambda facts: facts.items_in_scope > 0,
)
LEAD_AUDITOR_NAMED: Guard[ReviewFacts] = is_true(
    "lead_auditor_named",
    "尚未指定审核组长：请指定一位。",
    "No lead auditor is named: name one.",
    "ISO 19011",
    lambda facts: facts.lead_auditor is not None,
)
PERIOD_SET: Guard[ReviewFacts] = is_true(
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
VERDICTS_EVIDENCED: Guard[ReviewFacts] = none_left(
    "verdicts_evidenced",
    "有判定缺少说明或证据：合规的判定也须附上证据。",
    "Some verdicts have no note or evidence: add them, to compliant verdicts as well.",
    "1.2-2c",
    lambda facts: facts.verdicts_without_evidence,
)
CARRIED_CONFIRMED: Guard[ReviewFacts] = none_left(
    "carried_confirmed",
    "有沿用上次评审的判定尚未确认：请逐一确认或修改。",
    "Some verdicts carried forward from the last review are not confirmed: confirm or change each.",
    "1.2-2a",
    lambda facts: facts.carried_unconfirmed,
)
ASSIGNMENTS_ACCEPTED: Guard[ReviewFacts] = none_left(
    "assignments_accepted",
    "有分派的条目尚未提交或尚未接受：请审核员提交，并由审核组长接受。",
    "Some assigned items are not handed in and accepted: their auditors hand them in, the lead auditor accepts.",
    "ISO 19011",
    lambda facts: facts.assignments_open,
)
CALIBRATIONS_SETTLED: Guard[ReviewFacts] = none_left(
    "calibrations_settled",
    "有双人独立判定的条目尚未定论：请两位审核员完成判定，并由审核组长裁定分歧。",
    "Some items judged by two auditors are not settled: both finish, then the lead auditor settles what differs.",
    "ISO 19011",
    lambda facts: facts.calibrations_open,
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
GAPS_CARRIED: Guard[ReviewFacts] = none_left(
    "gaps_carried",
    "有差距尚未处理：请为每项差距登记不符合项，或写明不登记的理由。",
    "Some gaps are not carried: raise a non-conformity for each, or write down why not.",
    "1.2-3",
    lambda facts: facts.gaps_uncarried,
)
SAMPLED_AUDIT_ATTACHED: Guard[ReviewFacts] = is_true(
    "sampled_audit_attached",
    "缺少抽样审核：请附上至少一个与顾客相关的关键流程的抽样审核。",
    "The sample audit is missing: attach one of a key customer-related process.",
    "1.2 explanation",
    lambda facts: facts.sampled_audit_attached,
)
DRAFTS_READY: Guard[ReviewFacts] = none_left(
    "drafts_ready",
    "有不符合项草稿内容不全：出报告时它们将一并登记，请先补全。",
    "Some draft non-conformities are incomplete: they open with the report, so complete them first.",
    "1.2-3",
    lambda facts: facts.drafts_unready,
)
CLOSURES_CONFIRMED: Guard[ReviewFacts] = none_left(
    "closures_confirmed",
    "评审期间有不符合项已关闭：请确认其对本次判定的影响。",
    "Some non-conformities were closed while this review was under way: confirm what that changes here.",
    "N-SCORE-3",
    lambda facts: facts.closures_unconfirmed,
)
ACTOR_IS_LEAD_AUDITOR: Guard[ReviewFacts] = is_true(
    "actor_is_lead_auditor",
    "报告须由审核组长签名。",
    "The lead auditor signs the report.",
    "ISO 19011",
    lambda facts: is_person(facts, facts.lead_auditor),
)
REPORT_FREE_OF_OWN_OVERRULE: Guard[ReviewFacts] = apart(
    "report_free_of_own_overrule",
    "本报告依据了您记录的改判或 4.7 结论：请由另一人签名。",
    "The report relies on an overrule or a 4.7 word that you recorded: another person has to sign.",
    "N-SOD 4",
    lambda facts: facts.overrule_recorders,
)
NOT_ACCEPTED_YET: Guard[ReviewFacts] = is_true(
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
ACCEPTED_BY_MANAGEMENT: Guard[ReviewFacts] = is_true(
    "accepted_by_management",
    "管理层尚未接受报告：请质量经理或高层签名接受。",
    "Management has not accepted the report: the quality manager or an executive signs it first.",
    "1.2-2",
    lambda facts: facts.accepted_by is not None,
)
NONE_MOVED_ON: Guard[ReviewFacts] = none_left(
    "none_moved_on",
    "本次评审的不符合项已有后续处理，报告不能再撤回。",
    "Non-conformities of this review have moved on, so the report can no longer be withdrawn.",
    "E.6",
    lambda facts: facts.nonconformities_moved_on,
)
NONCONFORMITIES_SETTLED: Guard[ReviewFacts] = none_left(
    "nonconformities_settled",
    "有不符合项尚未关闭：须全部关闭、作废或转入后续评审。",
    "Some non-conformities are still open: each has to be closed, void or carried by a later review.",
    "1.2-3",
    lambda facts: facts.nonconformities_unsettled,
)
NONCONFORMITY_UNSETTLED: Guard[ReviewFacts] = is_true(
    "nonconformity_unsettled",
    "没有被重新打开的不符合项，评审保持关闭。",
    "No non-conformity has been reopened, so the review stays closed.",
    "E.6",
    lambda facts: bool(facts.nonconformities_unsettled),
)
