"""What must hold of a company, whatever its people did: read from the rows, never with what the guards use."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tests.tracker.nonconformities import ground
from tracker.actions.models import Action, ActionNonconformity, Cause, Task
from tracker.audits.models import Audit, AuditVerdict
from tracker.database import db
from tracker.history import HistoryEvent
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.reviews.models import Fact, FactSet, FactSetKind, Review
from tracker.scores.models import ScoringRun
from tracker.signatures import Signature

KINDS: dict[str, Any] = {"nonconformity": Nonconformity, "action": Action, "audit": Audit, "review": Review}
SHORT = ("observation", "ofi")
AT_REST = ("closed", "void", "draft")
ENDS = ("close", "close_short", "void")
STANDARD = "copc-2000-csp"


@dataclass
class Promises:
    """The promises to one company; what its history told so far is remembered, so that only the news are read."""

    organisation_id: int
    site_id: int
    seen: Counter[str]
    told: dict[tuple[str, int], str] = field(default_factory=dict)
    last: int = 0

    def hold(self) -> None:
        """Assert all of them. What stands on rows that only a move changes is looked at when there is news."""
        db.session.rollback()
        news = self._replay()
        self._told_is_stored()
        if news:
            for line in news:
                self._look_at(line)
            self._closed_exactly_when_released()
            self._reviews_and_their_records()

    def hold_to_the_end(self) -> None:
        """Assert them of a whole life: its history from the first line, and what its last moves have left."""
        db.session.rollback()
        told = self._replay()
        self._told_is_stored()
        newest = {(line.record_kind, line.record_id): line for line in told if line.new_state}
        for line in newest.values():
            if (
                line.event in ENDS
            ):  # elsewhere others may have done things since that would have barred them then
                self._look_at(line)
        self._closed_exactly_when_released()
        self._reviews_and_their_records()

    def rows(self, model: Any, *where: Any) -> list[Any]:
        statement = sa.select(model).where(model.organisation_id == self.organisation_id, *where)
        return list(db.session.execute(statement.order_by(model.id)).scalars())

    # ------------------------------------------------------------ the history and the present

    def _replay(self) -> list[HistoryEvent]:
        """Follow the moves told since the last time, each from where the one before it ended."""
        news = self.rows(HistoryEvent, HistoryEvent.id > self.last)
        for line in news:
            self.last = line.id
            if line.record_kind not in KINDS or not (line.old_state or line.new_state):
                continue
            record = line.record_kind, line.record_id
            before = self.told.get(record, line.old_state)
            assert line.old_state == before, (
                f"{record}: {line.event} begins at {line.old_state}, not {before}"
            )
            self.told[record] = line.new_state
            self.seen[f"{line.record_kind} {line.event}"] += 1
        return news

    def _told_is_stored(self) -> None:
        for kind, model in KINDS.items():
            statement = sa.select(model.id, model.number, model.state)
            for id_, number, state in db.session.execute(
                statement.where(model.organisation_id == self.organisation_id)
            ):
                told = self.told.get((kind, id_), str(state))
                assert told == str(state), f"{kind} {number}: {told} told, {state} stored"

    # ------------------------------------------------------------ what each move asks for

    def _look_at(self, line: HistoryEvent) -> None:
        """A move has to have been made by one who may; a closure has to have its proof, then and until reopened."""
        key = f"{line.record_kind} {line.event}"
        check = {
            "nonconformity close": self._closed_with_proof,
            "nonconformity close_short": self._closed_short,
            "nonconformity void": self._void_by_two,
            "nonconformity uphold": self._answered_by_another,
            "nonconformity regrade": self._answered_by_another,
            "action approve_plan": self._approved_by_another,
            "action close": self._verified_by_another,
            "audit conclude": self._audited_by_another,
            "review accept": self._accepted_by_another,
        }.get(key)
        if check is not None:
            check(line)

    def _one(self, model: Any, id_: int) -> Any:
        return self.rows(model, model.id == id_)[0]

    def _line(self, kind: str, id_: int, event: str) -> HistoryEvent:
        """The newest move of that name."""
        found = self.rows(
            HistoryEvent,
            HistoryEvent.record_kind == kind,
            HistoryEvent.record_id == id_,
            HistoryEvent.event == event,
        )
        return found[-1]

    def _signature(self, kind: str, id_: int, event: str) -> Signature:
        found = self.rows(
            Signature, Signature.record_kind == kind, Signature.record_id == id_, Signature.event == event
        )
        assert found, f"{kind} {event} without a signature"
        return found[-1]

    def _naming(self, record_id: int) -> list[Action]:
        """The actions that name a record and were not given up."""
        ids = sa.select(ActionNonconformity.action_id).where(
            ActionNonconformity.organisation_id == self.organisation_id,
            ActionNonconformity.nonconformity_id == record_id,
        )
        return [each for each in self.rows(Action, Action.id.in_(ids)) if str(each.state) != "cancelled"]

    def _doers(self, actions: Iterable[Action]) -> set[int]:
        """Whoever owns the actions or one of their tasks."""
        actions = list(actions)
        tasks = self.rows(Task, Task.action_id.in_([each.id for each in actions]))
        return {each.owner_id for each in actions} | {task.owner_id for task in tasks}

    def _owners(self, action: Action) -> set[int]:
        """The owners of the records that an action names."""
        ids = sa.select(ActionNonconformity.nonconformity_id).where(
            ActionNonconformity.organisation_id == self.organisation_id,
            ActionNonconformity.action_id == action.id,
        )
        return {each.owner_id for each in self.rows(Nonconformity, Nonconformity.id.in_(ids))}

    def _closed_short(self, line: HistoryEvent) -> None:
        record = self._one(Nonconformity, line.record_id)
        assert str(record.grade) in SHORT
        assert line.person_id != record.owner_id

    def _closed_with_proof(self, line: HistoryEvent) -> None:
        record = self._one(Nonconformity, line.record_id)
        actions = self._naming(record.id)
        assert actions
        ids = [each.id for each in actions]
        roots = [each for each in self.rows(Cause, Cause.action_id.in_(ids)) if str(each.kind) == "root"]
        assert any(each.verified_at for each in roots)
        audit, verdict = self._last_verdict(record)
        assert str(audit.purpose) == "effectiveness"
        assert verdict.implemented
        assert verdict.effective
        barred = self._doers(actions) | {record.owner_id}
        assert audit.auditor_id not in barred
        signed = self._signature("nonconformity", record.id, "close")
        assert signed.person_id == line.person_id
        assert signed.person_id not in barred
        assert signed.person_id not in {each.approver_id for each in actions}
        if str(record.grade) == "major":
            approved = self._signature("nonconformity", record.id, "approve_closure")
            assert approved.person_id not in barred | {signed.person_id}
        self.seen["closures proven"] += 1

    def _last_verdict(self, record: Nonconformity) -> tuple[Audit, AuditVerdict]:
        verdicts = {
            each.audit_id: each
            for each in self.rows(AuditVerdict, AuditVerdict.nonconformity_id == record.id)
        }
        concluded = [
            (self._line("audit", audit.id, "conclude").id, audit)
            for audit in self.rows(Audit, Audit.id.in_(verdicts))
            if str(audit.state) == "concluded"
        ]
        _when, audit = max(concluded, key=lambda pair: pair[0])
        return audit, verdicts[audit.id]

    def _void_by_two(self, line: HistoryEvent) -> None:
        record = self._one(Nonconformity, line.record_id)
        asked = self._line("nonconformity", record.id, "request_void")
        signed = self._signature("nonconformity", record.id, "void")
        assert signed.person_id == line.person_id
        assert line.person_id not in {asked.person_id, record.owner_id}

    def _answered_by_another(self, line: HistoryEvent) -> None:
        disputed = self._line("nonconformity", line.record_id, "dispute")
        assert line.person_id not in {disputed.person_id, None}
        assert line.reason

    def _approved_by_another(self, line: HistoryEvent) -> None:
        action = self._one(Action, line.record_id)
        signed = self._signature("action", action.id, "approve_plan")
        assert signed.person_id == line.person_id
        assert line.person_id not in {action.owner_id} | self._owners(action)

    def _verified_by_another(self, line: HistoryEvent) -> None:
        action = self._one(Action, line.record_id)
        signed = self._signature("action", action.id, "close")
        approved = self._line("action", action.id, "approve_plan")
        assert signed.person_id == line.person_id
        assert line.person_id not in self._doers([action]) | self._owners(action) | {approved.person_id}
        assert action.criterion_met
        assert action.window_ends_on is not None
        assert line.at.date() > action.window_ends_on

    def _audited_by_another(self, line: HistoryEvent) -> None:
        audit = self._one(Audit, line.record_id)
        assert line.person_id == audit.auditor_id
        for verdict in self.rows(AuditVerdict, AuditVerdict.audit_id == audit.id):
            record = self._one(Nonconformity, verdict.nonconformity_id)
            assert audit.auditor_id not in self._doers(self._naming(record.id)) | {record.owner_id}
            assert verdict.implemented is not None
            assert verdict.evidence

    def _accepted_by_another(self, line: HistoryEvent) -> None:
        review = self._one(Review, line.record_id)
        assert self._signature("review", review.id, "accept").person_id == line.person_id
        assert line.person_id != review.lead_auditor_id
        assert self._signature("review", review.id, "report").person_id == review.lead_auditor_id

    # ------------------------------------------------------------ records, facts, score

    def _closed_exactly_when_released(self) -> None:
        records = {each.id: each for each in self.rows(Nonconformity)}
        held: set[str] = set()
        for pin in self.rows(Pin):
            record = records[pin.nonconformity_id]
            state = str(record.state)
            assert (pin.released_at is not None) == (state == "closed") or state in ("void", "draft"), (
                f"{record.number} {state}: {pin.key} released {pin.released_at}"
            )
            if state not in AT_REST:
                held.add(pin.key)
        for record in records.values():
            self.seen["closed seen"] += str(record.state) == "closed"
            assert (record.closed_at is not None) == (str(record.state) == "closed")
        self._score_stands_on(held)

    def _score_stands_on(self, held: set[str]) -> None:
        """The newest run stands on the facts as they are, and counts none that an open record holds."""
        newest = self.rows(ScoringRun, ScoringRun.standard == STANDARD)[-1]
        item = json.loads(newest.sheet)["items"]["2.7"]
        stored = self._current_facts()
        for key in (ground.LINE, ground.OTHER_LINE):
            scored = item["lines"][key.rpartition("/")[2]] == "met"
            assert scored == (stored[key] == "met" and key not in held), f"{key}: {stored[key]}, {scored}"
        deployed = "loan" in item["deployed"]
        assert deployed == (stored[ground.UNIT] == "full" and ground.UNIT not in held)

    def _current_facts(self) -> dict[str, str]:
        found = db.session.execute(
            sa.select(Fact.key, Fact.value)
            .join(
                FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id)
            )
            .where(
                Fact.organisation_id == self.organisation_id,
                FactSet.site_id == self.site_id,
                FactSet.kind == FactSetKind.CURRENT,
                FactSet.standard == STANDARD,
                Fact.element == "2.7",
            )
        )
        return {key: str(value) for key, value in found}

    def _reviews_and_their_records(self) -> None:
        """What a review found is open only while its report stands; a closed one leaves nothing open behind.

        What is reopened after a later report of the site is carried by that one.
        """
        reviews = self.rows(Review)
        reported = [each.reported_at for each in reviews if str(each.state) in ("reported", "closed")]
        for review in reviews:
            states = {
                str(each.state) for each in self.rows(Nonconformity, Nonconformity.review_id == review.id)
            }
            if str(review.state) in ("planned", "in_progress", "cancelled"):
                assert states <= {"draft", "void"}, f"review {review.number} {review.state}: {states}"
            elif str(review.state) == "closed" and not any(day > review.reported_at for day in reported):
                assert states <= {"closed", "void"}, f"review {review.number} is closed: {states}"
