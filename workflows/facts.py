"""What guards may look at: frozen records of plain values, copied out of rows by the caller.

Every default refuses. A caller who forgets a field keeps a gate shut, never opens one: counts start at 0,
flags at False, people at None, and lists of what is missing at None, which means that nobody has looked.
People are known by their id, because segregation of duties holds by person and not by role (N-SOD).
"""

from dataclasses import dataclass

from workflows.kinds import AuditMode, AuditPurpose, Grade, Source
from workflows.machine import Names

People = frozenset[int] | None
"""Ids of people; None: not looked up, so that no rule about them can be shown to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonFacts:
    """What every move of every machine knows."""

    actor: int | None = None
    """Who makes the move; for moves of the system, who caused it."""
    acting_for: frozenset[int] = frozenset()
    """People the actor lawfully stands in for today; the actor has their rights and their conflicts."""
    single_person: bool = False
    """The organisation has switched segregation of duties off (N-SOD 5)."""
    reason: str = ""
    """The reason typed for this move."""
    signed: bool = False
    """The actor has just signed this move."""

    @property
    def hands(self) -> frozenset[int]:
        """The actor together with everybody the actor stands in for."""
        return self.acting_for if self.actor is None else self.acting_for | {self.actor}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts(CommonFacts):
    """A review, its items, and the non-conformities found in it."""

    lead_auditor: int | None = None
    """Who leads the review and signs its report."""
    auditors: People = None
    """Everybody who judged an item, the lead auditor included."""
    items_in_scope: int = 0
    """Number of items and SEE-CMM rows to be judged."""
    period_set: bool = False
    """The period that the review looks at is entered."""
    items_unjudged: Names = None
    """Items in scope with a line, unit or row that has no verdict."""
    verdicts_without_evidence: Names = None
    """Lines, units and rows judged without note or evidence, compliant ones too (1.2-2c)."""
    carried_unconfirmed: Names = None
    """Facts carried forward from the last review and not yet confirmed."""
    assignments_open: Names = None
    """Items assigned to an auditor whose work has not been handed in and accepted; () where none is assigned."""
    calibrations_open: Names = None
    """Items that two auditors judge blind, and whose differences are not settled yet."""
    own_work_items: Names = None
    """Items judged by a person who owns the process judged (N-SOD 3)."""
    gaps_uncarried: Names = None
    """Unmet lines, undeployed units, metrics failing CUI or target, items with a trend score below 100, that
    neither a non-conformity nor a written reason carries."""
    drafts_unready: Names = None
    """Draft non-conformities of this review that could not be opened as they are."""
    closures_unconfirmed: Names = None
    """Non-conformities of earlier reviews closed since this review began, whose effect is not confirmed."""
    sampled_audit_attached: bool = False
    """One sampled audit of a key customer-related process is attached (1.2, explanation)."""
    overrule_recorders: People = None
    """Who recorded an overrule or the 4.7 word on which this report relies (N-SOD 4)."""
    accepted_by: int | None = None
    """Who accepted the present report for management."""
    nonconformities_moved_on: Names = None
    """Non-conformities of this review that have left the state in which the report opened them."""
    nonconformities_unsettled: Names = None
    """Non-conformities of this review that are neither closed, void nor carried by a later review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityFacts(CommonFacts):
    """A non-conformity, the facts it pins, its actions and its follow-up audits."""

    owner: int | None = None
    """Who answers for the non-conformity."""
    raised_by: int | None = None
    """Who raised it."""
    title_given: bool = False
    """It has a title."""
    source: Source | None = None
    """Where it was found."""
    evidence_given: bool = False
    """Objective evidence is written down or attached."""
    grade: Grade | None = None
    """Its grade."""
    awaiting_report: bool = True
    """It was found in a review that has not been reported yet; False for every other source."""
    copc_pins: int = 0
    """Number of COPC facts (lines, units, metrics) it pins."""
    see_cmm_pins: int = 0
    """Number of SEE-CMM rows it pins."""
    isolated_lapse: bool = False
    """The lead auditor recorded, with a reason, an isolated lapse in a requirement met as a whole."""
    repeat_of_closed: bool = False
    """It repeats a closed non-conformity."""
    new_grade: Grade | None = None
    """The grade that the answer to a dispute would give it."""
    accepted: bool = False
    """The owner has accepted it."""
    containment_overdue: bool = True
    """The containment time has passed."""
    upheld_before: bool = False
    """A dispute about it has been upheld already."""
    correction_given: bool = False
    """The correction that was made is written down."""
    no_correction_reason: bool = False
    """It is written down why no correction is needed."""
    actions_live: int = 0
    """Number of corrective actions that name it and are not cancelled."""
    actions_unimplemented: Names = None
    """Of these, the ones whose implementation has not been reported."""
    actions_unsettled: Names = None
    """Actions naming it that are neither closed, cancelled nor answered effective for it."""
    root_cause_verified: bool = False
    """Among the actions that name it there is a verified root cause."""
    followup_implemented: bool | None = None
    """The latest signed answer to: implemented? None: not answered since it was last sent back."""
    followup_effective: bool | None = None
    """The latest signed answer to: effective? None: not answered since it was last sent back."""
    metrics_disagree: Names = None
    """Level, trend and CUI facts it pins that the metric data do not show yet (N-METRIC)."""
    implementers: People = None
    """Everybody who owns an action that names it, or carried out one of its tasks."""
    plan_approvers: People = None
    """Everybody who approved the plan of an action that names it."""
    overrule_recorders: People = None
    """Who recorded an overrule or the 4.7 word on which the closure relies (N-SOD 4)."""
    closure_approved_by: int | None = None
    """Who approved the closure of this major; None again as soon as it is sent back."""
    short_answer_given: bool = False
    """The short answer to an observation or an opportunity is written down."""
    closed_short: bool = False
    """It was closed by a short answer."""
    days_since_closed: int | None = None
    """Calendar days since it was closed."""
    closing_judgement_wrong: bool = False
    """The person states that the closing judgement itself was wrong, and that this is no recurrence."""
    void_requested_by: int | None = None
    """Who asked to void it, while the request stands."""
    pins_unsettled: Names = None
    """Facts it pins that are neither carried by another, judged again by an assessor, nor given a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFacts(CommonFacts):
    """A corrective action: problem, causes, plan, tasks and the follow-up on it."""

    owner: int | None = None
    """Who answers for the action."""
    nonconformity_owners: People = None
    """The owners of the non-conformities it answers."""
    implementers: People = None
    """Everybody who carried out one of its tasks, the owner included."""
    plan_approvers: People = None
    """Everybody who approved its plan, in this round or an earlier one."""
    nonconformities: int = 0
    """Number of non-conformities it answers that are neither closed nor void."""
    nonconformities_uncontained: Names = None
    """Of these, the ones whose effect is not under control yet."""
    problem_what: bool = False
    """The problem statement says what happens."""
    problem_where: bool = False
    """The problem statement says where."""
    problem_since: bool = False
    """The problem statement says since when."""
    problem_extent: bool = False
    """The problem statement says how much: numbers, or a metric."""
    root_causes_verified: int = 0
    """Number of root causes with text, evidence and a verification that still stands."""
    person_chains_open: Names = None
    """Chains of causes that end at a person, without an answer to the question which process allowed it."""
    tasks: int = 0
    """Number of tasks in the plan."""
    tasks_incomplete: Names = None
    """Tasks without owner, due date or effort."""
    tasks_without_cause: Names = None
    """Tasks that do not name the cause they remove."""
    causes_without_task: Names = None
    """Causes that neither a task removes nor a reason excuses."""
    criterion_set: bool = False
    """The effectiveness criterion is written down."""
    window_set: bool = False
    """The effectiveness window is fixed."""
    dependency_cycle: Names = None
    """Actions or tasks that wait for each other in a circle."""
    tasks_open: Names = None
    """Tasks neither done with evidence nor dropped with a reason."""
    tasks_done: int = 0
    """Number of tasks done with evidence."""
    documents_answered: bool = False
    """The question whether documents had to be updated is answered."""
    read_across_done: bool = False
    """Similar cases in other programmes and sites have been looked for."""
    predecessors_open: Names = None
    """Actions this one depends on that are not implemented yet."""
    implemented: bool | None = None
    """The latest signed follow-up answer to: implemented? None: not answered in this round."""
    effective: bool | None = None
    """The latest signed follow-up answer to: effective? False as soon as one non-conformity says so."""
    window_over: bool = False
    """The effectiveness window has passed."""
    criterion_met: bool = False
    """The effectiveness criterion has been judged on data, and is met."""
    nonconformities_unanswered: Names = None
    """Non-conformities it answers, not void, that no follow-up audit has answered effective."""
    metrics_disagree: Names = None
    """Level, trend and CUI facts of these that the metric data do not show yet (N-METRIC)."""
    gain_kept: bool = False
    """How the gain is kept (procedure, training, monitoring) is written down."""
    nonconformity_reopened: bool = False
    """A non-conformity that it answered has been reopened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFacts(CommonFacts):
    """A follow-up audit and the records it covers."""

    auditor: int | None = None
    """Who carries it out and signs it."""
    date_set: bool = False
    """Its date is fixed."""
    nonconformities: int = 0
    """Number of non-conformities it covers."""
    purpose: AuditPurpose | None = None
    """What it is to answer."""
    mode: AuditMode | None = None
    """On site, or desk."""
    covers_major: bool = True
    """It covers at least one major."""
    desk_reason_given: bool = False
    """It is written down why a desk audit is enough for a major."""
    owners: People = None
    """The owners of the non-conformities covered and of their actions."""
    implementers: People = None
    """Everybody who carried out a task of these actions."""
    plan_approvers: People = None
    """Everybody who approved the plan of one of these actions."""
    records_unready: Names = None
    """Non-conformities covered that do not await verification."""
    checklist_open: Names = None
    """Questions of the checklist without an answer."""
    sample_taken: bool = False
    """The sample that was taken is written down."""
    answers_missing: Names = None
    """Non-conformities without an answer that the purpose asks for."""
    answers_without_evidence: Names = None
    """Answers without evidence."""
    noes_unexplained: Names = None
    """Answers "no" without a finding that says what was seen."""
    effective_too_early: Names = None
    """Non-conformities called effective before their window is over (N-METRIC)."""
    metrics_disagree: Names = None
    """Non-conformities called effective although the metric data do not show it (N-METRIC)."""
