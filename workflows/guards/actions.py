"""Guards of the corrective action."""

from workflows.facts import ActionFacts
from workflows.guards.building import is_true, none_left
from workflows.guards.nonconformities import METRICS_AGREE
from workflows.machine import Guard
from workflows.sod import apart, one
from workflows.text import Text

ACTION_OWNER_NAMED: Guard[ActionFacts] = is_true(
    "action_owner_named",
    "尚未指定行动负责人：请指定一位。",
    "No action owner is named: name one.",
    "2.3-3",
    lambda facts: facts.owner is not None,
)
ANSWERS_A_NONCONFORMITY: Guard[ActionFacts] = is_true(
    "answers_a_nonconformity",
    "没有关联未关闭的不符合项：请至少关联一项。",
    "It answers no open non-conformity: name at least one.",
    "2.3-0",
    lambda facts: facts.nonconformities > 0,
)
CONTAINED_FIRST: Guard[ActionFacts] = none_left(
    "contained_first",
    "先遏制，后找原因：以下不符合项的影响尚未受控。",
    "Containment comes before the cause: the effect of these non-conformities is not under control yet.",
    "ISO 9001 10.2.1a",
    lambda facts: facts.nonconformities_uncontained,
)
PROBLEM_WHAT: Guard[ActionFacts] = is_true(
    "problem_what",
    "问题描述缺少“发生了什么”。",
    "The problem statement does not say what happens: write it down.",
    "2.3-1a",
    lambda facts: facts.problem_what,
)
PROBLEM_WHERE: Guard[ActionFacts] = is_true(
    "problem_where",
    "问题描述缺少“发生在哪里”。",
    "The problem statement does not say where: write it down.",
    "2.3-1a",
    lambda facts: facts.problem_where,
)
PROBLEM_SINCE: Guard[ActionFacts] = is_true(
    "problem_since",
    "问题描述缺少“从何时开始”。",
    "The problem statement does not say since when: write it down.",
    "2.3-1a",
    lambda facts: facts.problem_since,
)
PROBLEM_EXTENT: Guard[ActionFacts] = is_true(
    "problem_extent",
    "问题描述缺少“程度多大”：请给出数字或指标。",
    "The problem statement does not say how much: give numbers, or a metric.",
    "2.3-1a",
    lambda facts: facts.problem_extent,
)
HAS_VERIFIED_ROOT_CAUSE: Guard[ActionFacts] = is_true(
    "has_verified_root_cause",
    "至少需要一个经过验证的根本原因：写明原因、附上证据并验证（修改原因后须重新验证）。",
    "At least one root cause has to be verified: state it, give evidence, verify it (again after any edit).",
    "E.5",
    lambda facts: facts.root_causes_verified > 0,
)
PERSON_CHAINS_QUESTIONED: Guard[ActionFacts] = none_left(
    "person_chains_questioned",
    "有原因链止于个人：请继续追问是哪个流程让它发生。",
    "Some chains of causes end at a person: ask which process allowed it.",
    "E.5",
    lambda facts: facts.person_chains_open,
)
HAS_TASKS: Guard[ActionFacts] = is_true(
    "has_tasks",
    "行动计划中没有任务：请至少添加一项。",
    "The plan has no task: add at least one.",
    "2.3-1c",
    lambda facts: facts.tasks > 0,
)
TASKS_COMPLETE: Guard[ActionFacts] = none_left(
    "tasks_complete",
    "有任务缺少负责人、截止日期或工作量：请补全。",
    "Some tasks lack an owner, a due date or the effort: complete them.",
    "2.3-3",
    lambda facts: facts.tasks_incomplete,
)
TASKS_NAME_CAUSES: Guard[ActionFacts] = none_left(
    "tasks_name_causes",
    "有任务未注明要消除的原因：请逐一注明。",
    "Some tasks do not name the cause they remove: name it.",
    "E.5",
    lambda facts: facts.tasks_without_cause,
)
CAUSES_HAVE_TASKS: Guard[ActionFacts] = none_left(
    "causes_have_tasks",
    "有原因没有对应任务：请添加任务，或写明不处理的理由。",
    "Some causes have no task: add one, or write down why there is none.",
    "E.5",
    lambda facts: facts.causes_without_task,
)
CRITERION_SET: Guard[ActionFacts] = is_true(
    "criterion_set",
    "尚未确定有效性准则：须在实施之前确定。",
    "The effectiveness criterion is not set: fix it before doing anything.",
    "2.3-1d",
    lambda facts: facts.criterion_set,
)
WINDOW_SET: Guard[ActionFacts] = is_true(
    "window_set",
    "尚未确定观察期：须在实施之前确定。",
    "The effectiveness window is not set: fix it before doing anything.",
    "E.4",
    lambda facts: facts.window_set,
)
NO_DEPENDENCY_CYCLE: Guard[ActionFacts] = none_left(
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
DOCUMENTS_ANSWERED: Guard[ActionFacts] = is_true(
    "documents_answered",
    "尚未回答“文件是否更新”：请写明更新了哪些文件，或无需更新。",
    "The question of document updates is open: name the documents updated, or say that none had to be.",
    "IATF 16949 10.2.3",
    lambda facts: facts.documents_answered,
)
READ_ACROSS_DONE: Guard[ActionFacts] = is_true(
    "read_across_done",
    "尚未举一反三：请写明在其他方案和地点查找类似情况的结果，并答复所有已提出的查找。",
    "Similar cases have not been looked for: write down what was found in other programmes and sites, and answer "
    "every place that was asked.",
    "ISO 9001 10.2.1b",
    lambda facts: facts.read_across_done,
)
PREDECESSORS_DONE: Guard[ActionFacts] = none_left(
    "predecessors_done",
    "它依赖的行动尚未实施完成：请先完成那些行动。",
    "Actions it depends on are not implemented yet: finish those first.",
    "2.3-3",
    lambda facts: facts.predecessors_open,
)
ANSWERED_IMPLEMENTED: Guard[ActionFacts] = is_true(
    "answered_implemented",
    "跟进审核尚未确认已实施。",
    "No follow-up audit has confirmed that it is implemented.",
    "ISO 19011 6.7",
    lambda facts: facts.implemented is True,
)
ANSWERED_NOT_IMPLEMENTED: Guard[ActionFacts] = is_true(
    "answered_not_implemented",
    "没有跟进审核判定其未实施。",
    "No follow-up audit has answered that it is not implemented.",
    "ISO 19011 6.7",
    lambda facts: facts.implemented is False,
)
ANSWERED_NOT_EFFECTIVE: Guard[ActionFacts] = is_true(
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
WINDOW_OVER: Guard[ActionFacts] = is_true(
    "window_over",
    "观察期尚未结束：请在观察期结束后判定。",
    "The effectiveness window is not over: judge it afterwards.",
    "E.4",
    lambda facts: facts.window_over,
)
CRITERION_MET: Guard[ActionFacts] = is_true(
    "criterion_met",
    "尚未用数据判定有效性准则已达到：请录入数据并判定。",
    "The effectiveness criterion has not been judged as met on data: enter the data and judge it.",
    "2.3-1d",
    lambda facts: facts.criterion_met,
)
ACTION_METRICS_AGREE: Guard[ActionFacts] = none_left(
    "metrics_agree",
    METRICS_AGREE.message.zh,
    METRICS_AGREE.message.en,
    METRICS_AGREE.clause,
    lambda facts: facts.metrics_disagree,
)
GAIN_KEPT: Guard[ActionFacts] = is_true(
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
NONCONFORMITY_REOPENED: Guard[ActionFacts] = is_true(
    "nonconformity_reopened",
    "没有相关的不符合项被重新打开。",
    "No non-conformity that it answered has been reopened.",
    "E.6",
    lambda facts: facts.nonconformity_reopened,
)
