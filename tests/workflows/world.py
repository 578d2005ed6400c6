"""A small world of one non-conformity, its actions and its audits, moved at random by ten people.

Facts are computed from what really happened in it, never set to please a guard; what the guards promise is
checked against the diary, by other means than the guards use.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from workflows.facts import ActionFacts, AuditFacts, NonconformityFacts
from workflows.kinds import AuditMode, AuditPurpose, Grade, Source
from workflows.machine import SYSTEM, Refused, fire
from workflows.registry import MACHINES

PEOPLE = range(1, 11)
GIVING_UP = {"cancel", "request_void", "close_short", "regrade", "revise_plan", "recall_plan"}
IMPLEMENTED_STATES = {"follow_up", "monitoring", "closed"}


@dataclass
class Action:
    owner: int
    state: str = "defining"
    helpers: set[int] = field(default_factory=set)
    approvers: set[int] = field(default_factory=set)
    defined: bool = False
    verified: bool = False
    planned: bool = False
    tasks_done: bool = False
    implemented: bool | None = None
    effective: bool | None = None
    judged: bool = False
    name: str = "CA"


@dataclass
class Audit:
    auditor: int
    purpose: AuditPurpose
    state: str = "scheduled"
    worked: bool = False
    implemented: bool | None = None
    effective: bool | None = None


@dataclass
class World:
    random: Random
    state: str = "draft"
    grade: Grade = Grade.MAJOR
    pins: int = 1
    owner: int = 1
    overrulers: set[int] = field(default_factory=set)
    written: bool = False
    accepted: bool = False
    upheld: bool = False
    contained: bool = False
    window_over: bool = False
    metrics_agree: bool = True
    answer: tuple[bool | None, bool | None] = (None, None)
    closure_approved_by: int | None = None
    closed_short: bool = False
    void_requested_by: int | None = None
    days_since_closed: int | None = None
    actions: list[Action] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    diary: list[tuple[Any, ...]] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)

    def live(self) -> list[Action]:
        return [each for each in self.actions if each.state != "cancelled"]

    # Facts

    def common(self, actor: int) -> dict[str, Any]:
        return {
            "actor": actor,
            "reason": self.random.choice(("because", "because", "")),
            "signed": self.random.random() < 0.8,
        }

    def hands(self) -> frozenset[int]:
        return frozenset(person for each in self.live() for person in ({each.owner} | each.helpers))

    def approvers(self) -> frozenset[int]:
        return frozenset(person for each in self.live() for person in each.approvers)

    def nonconformity(self, actor: int) -> NonconformityFacts:
        live = self.live()
        return NonconformityFacts(
            **self.common(actor),
            owner=self.owner,
            title_given=self.written,
            source=Source.REVIEW,
            evidence_given=self.written,
            grade=self.grade,
            awaiting_report=False,
            copc_pins=self.pins,
            new_grade=self.random.choice(list(Grade)),
            accepted=self.accepted,
            containment_overdue=False,
            upheld_before=self.upheld,
            correction_given=self.contained,
            actions_live=len(live),
            actions_unimplemented=tuple(each.name for each in live if each.state not in IMPLEMENTED_STATES),
            actions_unsettled=tuple(
                each.name for each in live if each.state != "closed" and each.effective is not True
            ),
            root_cause_verified=any(each.verified for each in live),
            followup_implemented=self.answer[0],
            followup_effective=self.answer[1],
            metrics_disagree=() if self.metrics_agree else ("AHT",),
            implementers=self.hands(),
            plan_approvers=self.approvers(),
            overrule_recorders=frozenset(self.overrulers),
            closure_approved_by=self.closure_approved_by,
            short_answer_given=self.written,
            closed_short=self.closed_short,
            days_since_closed=self.days_since_closed,
            closing_judgement_wrong=True,
            void_requested_by=self.void_requested_by,
            pins_unsettled=() if self.random.random() < 0.2 else ("1.2-2a",),
        )

    def action(self, each: Action, actor: int) -> ActionFacts:
        left = None if not each.planned else ()
        return ActionFacts(
            **self.common(actor),
            owner=each.owner,
            nonconformity_owners=frozenset({self.owner}),
            implementers=frozenset({each.owner} | each.helpers),
            plan_approvers=frozenset(each.approvers),
            nonconformities=int(self.state not in {"closed", "void"}),
            nonconformities_uncontained=("NC-0001",) if self.state in {"open", "disputed"} else (),
            problem_what=each.defined,
            problem_where=each.defined,
            problem_since=each.defined,
            problem_extent=each.defined,
            root_causes_verified=int(each.verified),
            person_chains_open=(),
            tasks=int(each.planned),
            tasks_incomplete=left,
            tasks_without_cause=left,
            causes_without_task=left,
            criterion_set=each.planned,
            window_set=each.planned,
            dependency_cycle=(),
            tasks_open=() if each.tasks_done else ("T1",),
            tasks_done=int(each.tasks_done),
            documents_answered=each.tasks_done,
            read_across_done=each.tasks_done,
            predecessors_open=(),
            implemented=each.implemented,
            effective=each.effective,
            window_over=self.window_over,
            criterion_met=each.judged,
            nonconformities_unanswered=() if self.answer[1] else ("NC",),
            metrics_disagree=() if self.metrics_agree else ("AHT",),
            gain_kept=each.judged,
        )

    def audit(self, each: Audit, actor: int) -> AuditFacts:
        missing = None if not each.worked else ()
        both = each.purpose is AuditPurpose.EFFECTIVENESS
        return AuditFacts(
            **self.common(actor),
            auditor=each.auditor,
            date_set=True,
            nonconformities=1,
            purpose=each.purpose,
            mode=AuditMode.ON_SITE,
            owners=self.hands() | {self.owner},
            implementers=self.hands(),
            plan_approvers=self.approvers(),
            records_unready=() if self.state == "verifying" else ("NC",),
            checklist_open=missing,
            sample_taken=each.worked,
            answers_missing=() if each.implemented is not None else ("NC",),
            answers_without_evidence=missing,
            noes_unexplained=missing,
            effective_too_early=("NC",) if both and each.effective and not self.window_over else (),
            metrics_disagree=("NC",) if both and each.effective and not self.metrics_agree else (),
        )

    # Moves

    def step(self) -> None:
        """One random thing: somebody edits something, or tries a move."""
        roll = self.random.random()
        if roll < 0.4:
            self.edit()
        elif roll < 0.6:
            self.try_nonconformity()
        elif roll < 0.85 and self.actions:
            self.try_action(self.random.choice(self.actions))
        elif self.audits:
            self.try_audit(self.random.choice(self.audits[-4:]))
        self.settle()

    def edit(self) -> None:
        random = self.random
        edits = [
            lambda: setattr(self, "written", True),
            lambda: setattr(self, "contained", True),
            lambda: setattr(self, "window_over", random.random() < 0.7),
            lambda: setattr(self, "metrics_agree", random.random() < 0.7),
            lambda: self.overrulers.add(random.choice(PEOPLE)) if random.random() < 0.05 else None,
            self.add_action,
            self.add_audit,
            *[self.edit_action] * 5,
            *[self.edit_audit] * 2,
        ]
        if self.days_since_closed is not None:
            self.days_since_closed += random.choice((0, 1, 40))
        random.choice(edits)()

    def add_action(self) -> None:
        wanted = not self.live() or self.random.random() < 0.03
        if wanted and len(self.live()) < 3 and self.state in {"contained", "correcting", "verifying"}:
            name = f"CA-{len(self.actions) + 1}"
            self.actions.append(Action(self.random.choice(PEOPLE), name=name))

    def edit_action(self) -> None:
        if self.actions:
            each = self.random.choice(self.actions)
            what = self.random.choice(("defined", "verified", "planned", "tasks_done", "judged"))
            setattr(each, what, what != "verified" or self.random.random() < 0.8)
            if what == "tasks_done" and each.state == "implementing":
                each.helpers.add(self.random.choice(PEOPLE))

    def add_audit(self) -> None:
        if self.state == "verifying":
            purpose = self.random.choice(list(AuditPurpose))
            self.audits.append(Audit(self.random.choice(PEOPLE), purpose))

    def edit_audit(self) -> None:
        under_way = [each for each in self.audits if each.state == "in_progress"]
        if under_way:
            each = under_way[-1]
            each.worked = True
            each.implemented = self.random.random() < 0.8
            if each.purpose is AuditPurpose.EFFECTIVENESS:
                each.effective = each.implemented and self.random.random() < 0.8

    def attempt(self, machine: str, state: str, event: str, facts: Any) -> str | None:
        try:
            return fire(MACHINES[machine], state, event, facts)
        except Refused as refusal:
            self.refusals.append(refusal)
            return None

    def pressed(self, machine: str, state: str) -> str:
        """The event somebody asks for: mostly one that leaves the state, rarely one that gives up."""
        asked = [move.event for move in MACHINES[machine].transitions if move.permission != SYSTEM]
        if self.random.random() < 0.98:
            asked = [event for event in asked if event not in GIVING_UP]
        here = [event for event in asked if event in MACHINES[machine].moves[state]]
        return self.random.choice(here if here and self.random.random() < 0.9 else asked)

    def try_nonconformity(self, event: str | None = None) -> bool:
        event = event or self.pressed("nonconformity", self.state)
        facts = self.nonconformity(self.random.choice(PEOPLE))
        after = self.attempt("nonconformity", self.state, event, facts)
        if after is None:
            return False
        self.diary.append(("nonconformity", self.state, event, after, facts, None))
        self.state = after
        self.remember(event, facts)
        return True

    def remember(self, event: str, facts: NonconformityFacts) -> None:
        """What a move leaves behind besides the new state."""
        after: dict[str, dict[str, Any]] = {
            "accept": {"accepted": True},
            "uphold": {"upheld": True},
            "regrade": {"grade": facts.new_grade},
            "approve_closure": {"closure_approved_by": facts.actor},
            "request_void": {"void_requested_by": facts.actor},
            "decline_void": {"void_requested_by": None},
            "close": {"days_since_closed": 0, "closed_short": False},
            "close_short": {"days_since_closed": 0, "closed_short": True},
        }
        sent_back: dict[str, Any] = {"answer": (None, None), "closure_approved_by": None}
        if event in {"send_back", "resume_correcting", "reopen", "reopen_short"}:
            after[event] = sent_back
        for name, value in after.get(event, {}).items():
            setattr(self, name, value)
        if event == "regrade" and self.grade in (Grade.OBSERVATION, Grade.OFI):
            self.pins = 0
        if event.startswith("reopen"):
            self.reopen_actions()

    def reopen_actions(self) -> None:
        self.days_since_closed = None
        for each in self.live():
            if each.state in IMPLEMENTED_STATES:
                each.state, each.verified = "analysing", False
                each.implemented = each.effective = None

    def try_action(self, each: Action, event: str | None = None) -> None:
        event = event or self.pressed("action", each.state)
        facts = self.action(each, self.random.choice(PEOPLE))
        after = self.attempt("action", each.state, event, facts)
        if after is None:
            return
        self.diary.append(("action", each.state, event, after, facts, each.name))
        each.state = after
        if event == "approve_plan":
            each.approvers.add(facts.actor or 0)
        if event in {"not_implemented", "not_effective"}:
            each.implemented = each.effective = None
            each.judged = False
            each.tasks_done = False
        if event == "not_effective":
            each.verified = False

    def try_audit(self, each: Audit) -> None:
        event = self.random.choice(["start", "conclude"])
        if event == "conclude" and self.state != "verifying":
            return
        actor = each.auditor if self.random.random() < 0.8 else self.random.choice(PEOPLE)
        facts = self.audit(each, actor)
        after = self.attempt("audit", each.state, event, facts)
        if after is None:
            return
        self.diary.append(("audit", each.state, event, after, facts, each))
        each.state = after
        if after == "concluded":
            self.hear(each)

    def hear(self, audit: Audit) -> None:
        """The answers of a concluded audit reach the records it covers."""
        self.answer = (audit.implemented, audit.effective)
        for each in self.live():
            if each.state in {"follow_up", "monitoring"}:
                each.implemented, each.effective = audit.implemented, audit.effective
                self.system_action(each)

    def system_action(self, each: Action) -> None:
        if each.implemented is False:
            self.try_action(each, "not_implemented")
        else:
            if each.state == "follow_up":
                self.try_action(each, "confirm_implemented")
            if each.effective is False:
                self.try_action(each, "not_effective")

    def settle(self) -> None:
        """The moves of the system, after whatever happened."""
        if self.state == "contained" and self.live():
            self.try_nonconformity("start_correcting")
        if self.state == "verifying" and False in self.answer:
            self.try_nonconformity("send_back")
        live = self.live()
        done = bool(live) and all(each.state in IMPLEMENTED_STATES for each in live)
        if self.state == "verifying" and not done:
            self.try_nonconformity("resume_correcting")
        if self.state == "correcting" and done:
            self.try_nonconformity("await_verification")
