"""A hypothesis machine that lives in the loop through HTTP: people do their work, and press what is not theirs.

Whatever was pressed, by whomever, in whatever order: no closure without proof, nobody verifies own work, a record is
closed exactly when its facts are released, and the history replays to the present state. What is held here is read
from the rows with statements of its own, never with what the guards use.

``HTTP_STEPS`` in the environment makes the walk longer (20000), ``HTTP_SEED`` takes another way.
"""

import json
import os
from collections import Counter
from datetime import date, timedelta
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.nonconformities import ground
from tracker import clock
from tracker.accounts.models import Person
from tracker.accounts.passwords import hash_lightly
from tracker.actions.models import Action, ActionNonconformity, Cause, Task
from tracker.audits.models import Audit, AuditCheck, AuditVerdict
from tracker.database import db
from tracker.history import HistoryEvent, verify_chain
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.reviews.models import Fact, FactSet, FactSetKind
from tracker.scores.models import ScoringRun
from tracker.signatures import Signature
from workflows.registry import MACHINES

STEPS = int(os.environ.get("HTTP_STEPS", "500"))
# A life is long enough for a record to be closed and reopened; some hundred of its rules send a form.
RULES_OF_A_LIFE = 150
REQUESTS_OF_A_LIFE = 100
CREW = ("process_owner", "owner", "approver", "auditor", "lead", "manager", "assessor", "viewer")
PINS = ("", ground.LINE, ground.OTHER_LINE, ground.UNIT, ground.ROW)
ANSWERS = {200, 204, 303, 403, 404, 409, 422}

# What the walk has seen in all of its lives; a walk that gets nowhere proves nothing.
SEEN: Counter[str] = Counter()


class Loop(RuleBasedStateMachine):
    """One company, its people with a browser each, and the records they make."""

    app: Flask

    @initialize()
    def begin(self) -> None:
        self.day = ground.START
        clock.travel(self.day)
        self.at = ground.ground()
        for name in CREW:
            person: Person = getattr(self.at, name)
            person.password_hash = hash_lightly(factories.PASSWORD)
        db.session.commit()
        self.browsers = {name: Pages(make_client(self.app)).sign_in(getattr(self.at, name)) for name in CREW}
        self.tokens = {name: pages.get("/account").token for name, pages in self.browsers.items()}

    def teardown(self) -> None:
        SEEN["lives"] += 1
        db.session.rollback()
        clock.travel(None)

    # ------------------------------------------------------------ what people do

    def press(self, who: str, path: str, fields: dict[str, Any]) -> int:
        """One form sent by one person; whatever it says, it is an answer and not an accident."""
        data = {"csrf_token": self.tokens[who], **fields}
        answer = self.browsers[who].client.post(path, data=data)
        SEEN["requests"] += 1
        SEEN[f"status {answer.status_code}"] += 1
        assert answer.status_code in ANSWERS, f"{answer.status_code} for {who} at {path} with {fields}"
        return answer.status_code

    def move(self, who: str, kind: str, record: Any, event: str, **fields: Any) -> int:
        given = {"version": record.version, "reason": "Because", "password": factories.PASSWORD, **fields}
        status = self.press(who, f"/{kind}/{record.number}/moves/{event}", given)
        if status == 303:
            SEEN[f"{kind} {event}"] += 1
        return status

    def rows(self, model: Any) -> list[Any]:
        return list(
            db.session.execute(
                sa.select(model).where(model.organisation_id == self.at.organisation.id).order_by(model.id)
            ).scalars()
        )

    def one(self, model: Any, data: Any) -> Any:
        found = self.rows(model)
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data(), what=st.sampled_from([*["go on"] * 6, *["press"] * 4, "wait", "write"]))
    def live(self, data: Any, what: str) -> None:
        """One rule for all, because a machine with many leaves some of them out of a whole life."""
        if what == "write" or not self.rows(Nonconformity):
            self.write_down(data)
        elif what == "wait":
            if self.day < date(2031, 1, 1):
                self.wait(data.draw(st.integers(1, 40)))
        elif what == "go on":
            self.go_on(data, data.draw(st.sampled_from(["yes", "yes", "yes", "no"])))
        else:
            self.press_anything(data)

    def write_down(self, data: Any) -> None:
        keys = data.draw(st.lists(st.sampled_from(PINS), max_size=2, unique=True))
        grade = data.draw(st.sampled_from(["major", "minor", "minor", "observation", "ofi"]))
        who = data.draw(st.sampled_from(["auditor", "lead", "auditor", "owner"]))
        if len(self.rows(Nonconformity)) >= 4:
            return
        pins = [f"see-cmm|{key}|2" if "/row/" in key else f"copc-2000-csp|{key}|" for key in keys if key]
        fields = {
            "title": "Callbacks come late",
            "grade": grade,
            "source": "monitoring",
            "owner": self.at.process_owner.id,
            "evidence": "12 of 60 calls",
            "effort": "2",
            "pins": pins,
        }
        self.press(who, f"/nonconformities/new?site={self.at.site.code}", fields)

    def go_on(self, data: Any, effective: str) -> None:
        """Somebody whose turn it is does the next thing that there is to do."""
        record = self.one(Nonconformity, data)
        if record is None:
            return
        actions = [each for each in self._actions_of(record) if each.state not in ("closed", "cancelled")]
        state = str(record.state)
        if state == "draft":
            self.move("auditor", "nonconformities", record, "raise")
        elif state == "open" and str(record.grade) in ("observation", "ofi"):
            self.move(
                "lead", "nonconformities", record, "close_short", short_answer="Written into the script"
            )
        elif state == "open":
            self.move("process_owner", "nonconformities", record, "contain", correction="Called back")
        elif state == "disputed":
            self.move(
                "lead",
                "nonconformities",
                record,
                data.draw(st.sampled_from(["uphold", "regrade"])),
                new_grade="minor",
            )
        elif state == "contained" and not actions:
            self.open_action(record)
        elif state in ("contained", "correcting", "verifying") and actions:
            self.work_on(data.draw(st.sampled_from(actions)), record, effective)
        elif state == "verifying":
            self.move("manager", "nonconformities", record, "approve_closure")
            self.move("lead", "nonconformities", self.fresh(record), "close")

    def fresh(self, row: Any) -> Any:
        db.session.refresh(row)
        return row

    def open_action(self, record: Nonconformity) -> None:
        fields = {"title": "Sort the list", "owner_id": self.at.owner.id, "nonconformity_ids": [record.id]}
        self.press("manager", f"/actions/new?nonconformity={record.number}", fields)

    def _actions_of(self, record: Nonconformity) -> list[Action]:
        return list(
            db.session.execute(
                sa.select(Action)
                .join(ActionNonconformity, ActionNonconformity.action_id == Action.id)
                .where(ActionNonconformity.nonconformity_id == record.id)
                .order_by(Action.id)
            ).scalars()
        )

    def step(self, action: Action, name: str, **fields: Any) -> None:
        given = {f"{name}-{key}": value for key, value in fields.items()}
        self.press(
            "owner", f"/actions/{action.number}/steps/{name}", {f"{name}-version": action.version, **given}
        )

    def work_on(self, action: Action, record: Nonconformity, effective: str) -> None:
        state = str(action.state)
        path = f"/actions/{action.number}"
        if state == "defining":
            self.step(
                action,
                "define",
                title=action.title,
                problem_what="Late",
                problem_where="Loan",
                problem_since="2026-01-05",
                problem_extent="12 of 60",
            )
            self.move("owner", "actions", self.fresh(action), "define")
        elif state == "analysing":
            self.analyse(action)
        elif state == "planning":
            self.plan(action)
        elif state == "plan_review":
            self.move("approver", "actions", action, "approve_plan")
        elif state == "implementing":
            for task in self._tasks(action):
                if str(task.state) == "open":
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
        elif state == "follow_up":
            self.follow_up(record, "implementation", "")
        elif state == "monitoring":
            self.monitor(action, record, effective)

    def _causes(self, action: Action) -> list[Cause]:
        return [each for each in self.rows(Cause) if each.action_id == action.id]

    def _tasks(self, action: Action) -> list[Task]:
        return [each for each in self.rows(Task) if each.action_id == action.id]

    def analyse(self, action: Action) -> None:
        path = f"/actions/{action.number}/causes"
        if not self._causes(action):
            why = {"why-0-text": "The list is not sorted", "why-0-kind": "root", "why-0-evidence": "Screen"}
            self.press("owner", path, why | {"why-0-controllable": "y"})
        for cause in self._causes(action):
            if cause.verified_at is None:
                name = f"verify-{cause.id}"
                self.press(
                    "owner",
                    f"{path}/{cause.id}/verify",
                    {
                        f"{name}-version": cause.version,
                        f"{name}-method": "observation",
                        f"{name}-evidence": "Watched",
                    },
                )
        self.move("owner", "actions", self.fresh(action), "analyse")

    def plan(self, action: Action) -> None:
        causes = self._causes(action)
        if causes and not any(str(task.state) == "open" for task in self._tasks(action)):
            name = f"newtask-{causes[0].id}"
            task = {
                "title": "Sort it",
                "owner_id": self.at.owner.id,
                "due_on": (self.day + timedelta(days=10)).isoformat(),
                "effort": "1",
                "cause_id": causes[0].id,
            }
            given = {f"{name}-{key}": value for key, value in task.items()}
            self.press("owner", f"/actions/{action.number}/tasks?cause={causes[0].id}", given)
        self.step(self.fresh(action), "plan", solution="Sort", criterion="95 %", window_days="30", effort="2")
        self.move("owner", "actions", self.fresh(action), "submit_plan")

    def follow_up(self, record: Nonconformity, purpose: str, effective: str) -> None:
        live = [
            each
            for each in self.rows(Audit)
            if str(each.state) in ("scheduled", "in_progress")
            and str(each.purpose) == purpose
            and record.id in {verdict.nonconformity_id for verdict in self._verdicts(each)}
        ]
        if not live:
            fields = {
                "nonconformity_ids": [record.id],
                "purpose": purpose,
                "mode": "on_site",
                "planned_on": self.day.isoformat(),
                "auditor_id": self.at.auditor.id,
                "desk_reason": "",
            }
            self.press("lead", f"/audits/new?nonconformity={record.number}", fields)
            return
        self.conduct(live[0], effective)

    def _verdicts(self, audit: Audit) -> list[AuditVerdict]:
        return list(
            db.session.execute(sa.select(AuditVerdict).where(AuditVerdict.audit_id == audit.id)).scalars()
        )

    def conduct(self, audit: Audit, effective: str) -> None:
        path = f"/audits/{audit.number}"
        self.move("auditor", "audits", audit, "start")
        checks = db.session.execute(sa.select(AuditCheck).where(AuditCheck.audit_id == audit.id)).scalars()
        for check in list(checks):
            name = f"check-{check.id}"
            given = {f"{name}-version": check.version, f"{name}-answer": "yes", f"{name}-evidence": "Seen"}
            self.press("auditor", f"{path}/checks/{check.id}", given)
        sample = {
            "sample-version": self.fresh(audit).version,
            "sample-sample": "30 calls",
            "sample-summary": "Fine",
        }
        self.press("auditor", f"{path}/sample", sample)
        for verdict in self._verdicts(audit):
            name = f"verdict-{verdict.nonconformity_id}"
            given = {
                f"{name}-version": verdict.version,
                f"{name}-implemented": "yes",
                f"{name}-effective": effective,
                f"{name}-note": "As seen",
                f"{name}-evidence": "Recordings",
            }
            self.press("auditor", f"{path}/verdicts/{verdict.nonconformity_id}", given)
        self.move("auditor", "audits", self.fresh(audit), "conclude")

    def monitor(self, action: Action, record: Nonconformity, effective: str) -> None:
        if action.window_ends_on is not None and action.window_ends_on >= self.day:
            self.wait((action.window_ends_on - self.day).days + 1)
        met = "yes" if effective == "yes" else "no"
        self.step(action, "verify", effect_result="97 %", criterion_met=met, standardised="In the script")
        self.follow_up(record, "effectiveness", effective)
        self.move("lead", "actions", self.fresh(action), "close")

    def wait(self, days: int) -> None:
        self.day += timedelta(days=days)
        clock.travel(self.day)

    def press_anything(self, data: Any) -> None:
        """Somebody presses a button that may not be there for them, with everything it could ask for."""
        who = data.draw(st.sampled_from(CREW))
        kind = data.draw(st.sampled_from(["nonconformity", "nonconformity", "action", "audit"]))
        stale = data.draw(st.sampled_from([0, 0, 0, 1]))
        model, path = {
            "nonconformity": (Nonconformity, "nonconformities"),
            "action": (Action, "actions"),
            "audit": (Audit, "audits"),
        }[kind]
        row = self.one(model, data)
        if row is None:
            return
        event = data.draw(st.sampled_from(sorted(MACHINES[kind].events)))
        pins = [
            pin.id for pin in self.rows(Pin) if kind == "nonconformity" and pin.nonconformity_id == row.id
        ]
        fields: dict[str, Any] = {f"settle-{pin}": "Carried elsewhere" for pin in pins}
        fields |= {
            "correction": "Done",
            "new_grade": data.draw(st.sampled_from(["major", "minor", "observation", "ofi"])),
            "short_answer": "Done",
            "planned_on": (self.day + timedelta(days=3)).isoformat(),
        }
        if data.draw(st.booleans()):
            fields["judgement_wrong"] = "y"
        fields["reason"] = data.draw(st.sampled_from(["Because", ""]))
        fields["password"] = data.draw(st.sampled_from([factories.PASSWORD, "", "wrong"]))
        before = str(row.state)
        status = self.move(who, path, row, event, version=row.version - stale, **fields)
        if stale:
            assert status != 303
        assert status == 303 or str(self.fresh(row).state) == before

    # ------------------------------------------------------------ what must hold

    @invariant()
    def history_replays_to_the_present(self) -> None:
        SEEN["rules"] += 1
        if not hasattr(self, "at"):
            return
        db.session.rollback()
        lines: dict[tuple[str, int], list[HistoryEvent]] = {}
        for line in self.rows(HistoryEvent):
            if line.new_state or line.old_state:
                lines.setdefault((line.record_kind, line.record_id), []).append(line)
        for kind, model in (("nonconformity", Nonconformity), ("action", Action), ("audit", Audit)):
            for row in self.rows(model):
                state = None
                for line in lines.get((kind, row.id), []):
                    assert state is None or line.old_state == state, (
                        f"{kind} {row.number}: a gap in its history"
                    )
                    state = line.new_state
                assert state in (None, str(row.state)), (
                    f"{kind} {row.number}: {state} told, {row.state} stored"
                )

    @invariant()
    def a_closed_record_has_its_proof(self) -> None:
        if not hasattr(self, "at"):
            return
        for record in self.rows(Nonconformity):
            if str(record.state) == "closed":
                SEEN["closed seen"] += 1
                self.check_closure(record)

    def check_closure(self, record: Nonconformity) -> None:
        closing = self.newest(record, ("close", "close_short"))
        if closing.event == "close_short":
            assert str(record.grade) in ("observation", "ofi")
            return
        actions = [each for each in self._actions_of(record) if str(each.state) != "cancelled"]
        assert actions
        ids = {each.id for each in actions}
        roots = [each for each in self.rows(Cause) if each.action_id in ids and str(each.kind) == "root"]
        assert any(each.verified_at for each in roots)
        concluded = [
            (audit, verdict)
            for audit in self.rows(Audit)
            if str(audit.state) == "concluded"
            for verdict in self._verdicts(audit)
            if verdict.nonconformity_id == record.id
        ]
        audit, verdict = max(concluded, key=lambda pair: pair[0].id)
        assert str(audit.purpose) == "effectiveness"
        assert verdict.implemented
        assert verdict.effective
        doers = {each.owner_id for each in actions} | {
            task.owner_id for task in self.rows(Task) if task.action_id in ids
        }
        assert audit.auditor_id not in doers | {record.owner_id}
        signed = self.signature(record, "close")
        assert signed.person_id == closing.person_id
        assert signed.person_id not in doers | {record.owner_id}
        approvers = {
            line.person_id
            for line in self.rows(HistoryEvent)
            if line.record_kind == "action" and line.record_id in ids and line.event == "approve_plan"
        }
        assert signed.person_id not in approvers
        if str(record.grade) == "major":
            assert self.signature(record, "approve_closure").person_id != signed.person_id

    def newest(self, record: Nonconformity, events: tuple[str, ...]) -> HistoryEvent:
        return [
            line for line in self.rows(HistoryEvent) if line.record_id == record.id and line.event in events
        ][-1]

    def signature(self, record: Nonconformity, event: str) -> Signature:
        return [each for each in self.rows(Signature) if each.record_id == record.id and each.event == event][
            -1
        ]

    @invariant()
    def closed_exactly_when_its_facts_are_released(self) -> None:
        if not hasattr(self, "at"):
            return
        records = {each.id: each for each in self.rows(Nonconformity)}
        held: set[str] = set()
        for pin in self.rows(Pin):
            record = records[pin.nonconformity_id]
            closed = str(record.state) == "closed"
            assert (pin.released_at is not None) == closed or str(record.state) in ("void", "draft"), (
                f"{record.number} {record.state}: {pin.key} released {pin.released_at}"
            )
            if str(record.state) not in ("closed", "void", "draft"):
                held.add(pin.key)
        self.check_score(held)

    def check_score(self, held: set[str]) -> None:
        """The newest run stands on the facts as they are, and counts none that an open record holds."""
        newest = [run for run in self.rows(ScoringRun) if run.standard == "copc-2000-csp"][-1]
        item = json.loads(newest.sheet)["items"]["2.7"]
        stored = dict(
            db.session.execute(
                sa.select(Fact.key, Fact.value)
                .join(FactSet, FactSet.id == Fact.fact_set_id)
                .where(FactSet.site_id == self.at.site.id, FactSet.kind == FactSetKind.CURRENT)
            ).all()
        )
        for key in (ground.LINE, ground.OTHER_LINE):
            scored = item["lines"][key.rpartition("/")[2]] == "met"
            assert scored == (stored[key] == "met" and key not in held), (
                f"{key}: {stored[key]}, scored {scored}"
            )
        deployed = "loan" in item["deployed"]
        assert deployed == (stored[ground.UNIT] == "full" and ground.UNIT not in held)


@pytest.mark.engine("sqlite")
def test_no_way_through_the_pages_breaks_a_promise(fresh_app: Flask) -> None:
    lives = max(1, STEPS // REQUESTS_OF_A_LIFE)
    SEEN.clear()
    with fresh_app.app_context():
        Loop.app = fresh_app
        seed = os.environ.get("HTTP_SEED")
        run_state_machine_as_test(
            hypothesis.seed(int(seed))(Loop) if seed else Loop,
            settings=settings(
                max_examples=lives,
                stateful_step_count=RULES_OF_A_LIFE,
                deadline=None,
                derandomize=seed is None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
        assert all(
            verify_chain(found) is None
            for found in db.session.execute(sa.select(HistoryEvent.organisation_id).distinct()).scalars()
        )
    print(f"\n{sum(SEEN.values())} things seen: {dict(SEEN.most_common())}")
    # The walk is worth something only if it gets everywhere that matters.
    assert SEEN["closed seen"]
    for step in ("nonconformities close", "actions close", "audits conclude", "actions approve_plan"):
        assert SEEN[step], f"never reached: {step}"
