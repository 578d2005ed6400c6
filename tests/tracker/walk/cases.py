"""People at a corrective action and its follow-up audits: each call does what the state asks for next."""

from datetime import timedelta
from typing import Any

from tests.tracker.walk.company import Company, Dice
from tracker.actions.models import Action, Cause, Task
from tracker.audits.models import Audit, AuditCheck, AuditVerdict
from tracker.nonconformities.models import Nonconformity
from workflows.actions import ActionState
from workflows.audits import AuditState
from workflows.kinds import TaskState

PROBLEM = {
    "problem_what": "Late",
    "problem_where": "Loan",
    "problem_since": "2026-01-05",
    "problem_extent": "12 of 60",
}
LIVE_AUDITS = (AuditState.SCHEDULED, AuditState.IN_PROGRESS)


class Casework:
    """Corrective actions that are worked on."""

    def __init__(self, company: Company, dice: Dice) -> None:
        self.company, self.dice = company, dice
        self.move, self.press, self.fresh = company.move, company.press, company.fresh

    def work_on(self, action: Action, record: Nonconformity) -> None:
        """The next step of an action that names `record`; seldom, one that leads elsewhere."""
        if self.dice.often(6):
            self._turn_aside(action)
            return
        {
            ActionState.DEFINING: self._define,
            ActionState.ANALYSING: self._analyse,
            ActionState.PLANNING: self._plan,
            ActionState.PLAN_REVIEW: self._decide,
            ActionState.IMPLEMENTING: self._implement,
            ActionState.FOLLOW_UP: lambda each: self._follow_up(record, "implementation"),
            ActionState.MONITORING: lambda each: self._monitor(each, record),
        }[action.state](action)

    def _turn_aside(self, action: Action) -> None:
        back = {ActionState.IMPLEMENTING: "revise_plan", ActionState.PLAN_REVIEW: "recall_plan"}
        what = self.dice.weighed((1, "cancel"), (1, "extend"), (3, back.get(action.state, "extend")))
        if what == "extend":
            day = (action.due_on or self.company.day) + timedelta(days=14)
            given = {"deadline-version": action.version, "deadline-due_on": day.isoformat()}
            status = self.press(
                "manager", f"/actions/{action.number}/deadline", given | {"deadline-reason": "Later"}
            )
            self.company.seen[f"extension {status}"] += 1
        else:
            self.move("manager" if what == "cancel" else "owner", "actions", action, what)

    # ------------------------------------------------------------ problem, cause, plan

    def step(self, action: Action, name: str, **fields: object) -> None:
        """Fill in one step of the case."""
        given = {f"{name}-{key}": value for key, value in fields.items()}
        self.press(
            "owner", f"/actions/{action.number}/steps/{name}", {f"{name}-version": action.version, **given}
        )

    def _define(self, action: Action) -> None:
        self.step(action, "define", title=action.title, **PROBLEM)
        self.move("owner", "actions", self.fresh(action), "define")

    def _analyse(self, action: Action) -> None:
        path = f"/actions/{action.number}/causes"
        if not self._causes(action):
            why = {"why-0-text": "The list is not sorted", "why-0-kind": "root", "why-0-evidence": "Screen"}
            self.press("owner", path, why | {"why-0-controllable": "y"})
        for cause in self._causes(action):
            if cause.verified_at is None:
                name = f"verify-{cause.id}"
                given = {"version": cause.version, "method": "observation", "evidence": "Watched"}
                self.press(
                    "owner",
                    f"{path}/{cause.id}/verify",
                    {f"{name}-{key}": value for key, value in given.items()},
                )
        self.move("owner", "actions", self.fresh(action), "analyse")

    def _plan(self, action: Action) -> None:
        causes = self._causes(action)
        if causes and not self._tasks(action, TaskState.OPEN):
            name = f"newtask-{causes[0].id}"
            task = {
                "title": "Sort it",
                # Seldom somebody who ought to verify it later.
                "owner_id": getattr(self.company.at, self.dice.weighed((12, "owner"), (1, "lead"))).id,
                "due_on": (self.company.day + timedelta(days=10)).isoformat(),
                "effort": "1",
                "cause_id": causes[0].id,
            }
            given = {f"{name}-{key}": value for key, value in task.items()}
            self.press("owner", f"/actions/{action.number}/tasks?cause={causes[0].id}", given)
        self.step(self.fresh(action), "plan", solution="Sort", criterion="95 %", window_days="30", effort="2")
        self.move("owner", "actions", self.fresh(action), "submit_plan")

    def _decide(self, action: Action) -> None:
        event = self.dice.weighed(
            (16, "approve_plan"), (1, "return_to_planning"), (1, "return_to_analysis"), (1, "recall_plan")
        )
        who = "owner" if event == "recall_plan" else "approver"
        self.move(who, "actions", action, event)
        self._perhaps_undo(who, "actions", action)

    def _implement(self, action: Action) -> None:
        path = f"/actions/{action.number}"
        for task in self._tasks(action, TaskState.OPEN):
            name = f"done-{task.id}"
            given = {f"{name}-version": task.version, f"{name}-evidence": "Release notes"}
            self.press("owner", f"{path}/tasks/{task.id}/done", given)
        self.step(
            self.fresh(action),
            "carry",
            documents_updated="yes",
            documents_note="Callback procedure",
            read_across="None elsewhere",
        )
        self.move("owner", "actions", self.fresh(action), "implement")
        self._perhaps_undo("owner", "actions", action)

    def _perhaps_undo(self, who: str, kind: str, record: Action | Audit) -> None:
        """A slip of the hand, where it can be taken back."""
        if self.company.can_undo(kind) and self.dice.often(6):
            self.company.undo(who, kind, record)

    def _causes(self, action: Action) -> list[Cause]:
        return self.company.rows(Cause, Cause.action_id == action.id)

    def _tasks(self, action: Action, state: TaskState) -> list[Task]:
        return self.company.rows(Task, Task.action_id == action.id, Task.state == state)

    # ------------------------------------------------------------ follow-up

    def _monitor(self, action: Action, record: Nonconformity) -> None:
        """Wait for the end of the window, mostly; then look at the data, audit, and close."""
        over = action.window_ends_on is None or action.window_ends_on < self.company.day
        if not over and action.window_ends_on is not None and self.dice.often(95):
            self.company.wait((action.window_ends_on - self.company.day).days + 1)
        answered = self.company.verdicts(
            AuditVerdict.nonconformity_id == record.id, AuditVerdict.effective.is_(True)
        )
        if action.criterion_met is None:
            met = "yes" if self.dice.often(80) else "no"
            self.step(action, "verify", effect_result="97 %", criterion_met=met, standardised="In the script")
        if not answered or self.dice.often(40):
            self._follow_up(record, "effectiveness")
        self.move(self.dice.pick(["lead", "auditor"]), "actions", self.fresh(action), "close")

    def _follow_up(self, record: Nonconformity, purpose: str) -> None:
        """Arrange an audit where none is; hold the one that is."""
        covering = [
            each.audit_id for each in self.company.verdicts(AuditVerdict.nonconformity_id == record.id)
        ]
        found = [
            each
            for each in self.company.rows(Audit, Audit.id.in_(covering), Audit.state.in_(LIVE_AUDITS))
            if each.purpose == purpose
        ]
        if found:
            self._conduct(found[0])
        else:
            self._schedule(record, purpose)

    def _schedule(self, record: Nonconformity, purpose: str) -> None:
        fields = {
            "nonconformity_ids": [record.id],
            "purpose": purpose,
            "mode": self.dice.weighed((5, "on_site"), (1, "desk")),
            "planned_on": self.company.day.isoformat(),
            "auditor_id": getattr(self.company.at, self.dice.weighed((9, "auditor"), (1, "lead"))).id,
            "desk_reason": "",
        }
        self.press("lead", f"/audits/new?nonconformity={record.number}", fields)

    def _conduct(self, audit: Audit) -> None:
        """Start it, answer everything, sign it; or put it off, or give it up."""
        path = f"/audits/{audit.number}"
        who = "auditor" if audit.auditor_id == self.company.at.auditor.id else "lead"
        event = self.dice.weighed((20, "start"), (1, "reschedule"), (1, "cancel"))
        if event != "start":
            day = (self.company.day + timedelta(days=3)).isoformat()
            self.move("lead", "audits", audit, event, planned_on=day)
            return
        if audit.state == AuditState.SCHEDULED:
            self.move(who, "audits", audit, "start")
        for check in self.company.rows(AuditCheck, AuditCheck.audit_id == audit.id):
            name = f"check-{check.id}"
            given = {f"{name}-version": check.version, f"{name}-answer": "yes", f"{name}-evidence": "Seen"}
            self.press(who, f"{path}/checks/{check.id}", given)
        sample = {"version": self.fresh(audit).version, "sample": "30 calls", "summary": "Fine"}
        self.press(who, f"{path}/sample", {f"sample-{key}": value for key, value in sample.items()})
        for verdict in self.company.verdicts(AuditVerdict.audit_id == audit.id):
            self._answer(who, audit, verdict)
        self.move(who, "audits", self.fresh(audit), "conclude")
        self._perhaps_undo(who, "audits", audit)

    def _answer(self, who: str, audit: Audit, verdict: AuditVerdict) -> None:
        """Implemented? effective? Mostly yes."""
        done = self.dice.weighed((12, "yes"), (1, "no"))
        works = self.dice.weighed((5, "yes"), (1, "no")) if audit.purpose == "effectiveness" else ""
        given: dict[str, Any] = {
            "version": verdict.version,
            "implemented": done,
            "effective": works,
            "note": "As seen",
            "evidence": "Recordings",
        }
        name = f"verdict-{verdict.nonconformity_id}"
        self.press(
            who,
            f"/audits/{audit.number}/verdicts/{verdict.nonconformity_id}",
            {f"{name}-{key}": value for key, value in given.items()},
        )
