"""Guards of the follow-up audit."""

from collections.abc import Callable

from workflows.facts import AuditFacts, People
from workflows.guards.building import is_person, is_true, none_left
from workflows.guards.nonconformities import METRICS_AGREE
from workflows.kinds import AuditMode
from workflows.machine import Guard
from workflows.text import Text

AUDIT_DATE_SET: Guard[AuditFacts] = is_true(
    "audit_date_set",
    "尚未确定审核日期：请填写。",
    "The date is not set: enter it.",
    "E.4",
    lambda facts: facts.date_set,
)
COVERS_SOMETHING: Guard[AuditFacts] = is_true(
    "covers_something",
    "没有纳入任何不符合项：请至少选择一项。",
    "It covers no non-conformity: choose at least one.",
    "ISO 19011 6.7",
    lambda facts: facts.nonconformities > 0,
)
PURPOSE_SET: Guard[AuditFacts] = is_true(
    "purpose_set",
    "尚未确定审核目的：请选择核实实施或核实有效性。",
    "The purpose is not set: choose implementation or effectiveness.",
    "ISO 19011 6.7",
    lambda facts: facts.purpose is not None,
)
AUDITOR_NAMED: Guard[AuditFacts] = is_true(
    "auditor_named",
    "尚未指定审核员：请指定一位。",
    "No auditor is named: name one.",
    "ISO 19011",
    lambda facts: facts.auditor is not None,
)
ACTOR_IS_AUDITOR: Guard[AuditFacts] = is_true(
    "actor_is_auditor",
    "须由指定的审核员进行并签名。",
    "The auditor who is named carries it out and signs it.",
    "ISO 19011",
    lambda facts: is_person(facts, facts.auditor),
)
RECORDS_READY: Guard[AuditFacts] = none_left(
    "records_ready",
    "有不符合项尚未进入待跟进审核状态：请先完成其改正行动，或将其移出本次审核。",
    "Some records do not await verification yet: finish their actions, or take them out of this audit.",
    "ISO 19011 6.7",
    lambda facts: facts.records_unready,
)
CHECKLIST_DONE: Guard[AuditFacts] = none_left(
    "checklist_done",
    "检查表尚未答完：请逐项回答。",
    "The checklist is not complete: answer each question.",
    "ISO 19011",
    lambda facts: facts.checklist_open,
)
SAMPLE_TAKEN: Guard[AuditFacts] = is_true(
    "sample_taken",
    "尚未记录样本：请写明抽取了什么、多少。",
    "The sample is not recorded: write down what was drawn, and how much.",
    "ISO 19011",
    lambda facts: facts.sample_taken,
)
ANSWERS_GIVEN: Guard[AuditFacts] = none_left(
    "answers_given",
    "有不符合项尚未作出结论：请按审核目的回答“已实施？”和“有效？”。",
    "Some records are not answered: answer implemented? and effective? as the purpose asks.",
    "ISO 19011 6.7",
    lambda facts: facts.answers_missing,
)
ANSWERS_EVIDENCED: Guard[AuditFacts] = none_left(
    "answers_evidenced",
    "有结论缺少证据：请逐一附上。",
    "Some answers have no evidence: add it to each.",
    "ISO 19011",
    lambda facts: facts.answers_without_evidence,
)
NOES_EXPLAINED: Guard[AuditFacts] = none_left(
    "noes_explained",
    "有否定的结论没有说明：请写明看到了什么。",
    "Some answers are no without a finding: write down what was seen.",
    "ISO 19011 6.7",
    lambda facts: facts.noes_unexplained,
)
MAJOR_ON_SITE: Guard[AuditFacts] = is_true(
    "major_on_site",
    "严重不符合须现场审核：请改为现场审核，或写明资料审核即可的理由。",
    "A major is audited on site: change the mode, or write down why a desk audit is enough.",
    "E.4",
    lambda facts: (
        facts.mode is AuditMode.ON_SITE
        or (facts.mode is AuditMode.DESK and (not facts.covers_major or facts.desk_reason_given))
    ),
)
WINDOWS_OVER: Guard[AuditFacts] = none_left(
    "windows_over",
    "有不符合项的观察期尚未结束，不能判定有效：请改为核实实施，或待观察期结束。",
    "Some records are called effective before their window is over: audit implementation only, or wait.",
    "N-METRIC",
    lambda facts: facts.effective_too_early,
)
AUDIT_METRICS_AGREE: Guard[AuditFacts] = none_left(
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
