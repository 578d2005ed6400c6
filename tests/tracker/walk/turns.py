"""People who do their work: whose turn it is, does the next thing that there is to do, or one of the other things."""

from collections.abc import Callable
from datetime import timedelta

from tests.tracker.nonconformities import ground
from tests.tracker.walk.cases import Casework
from tests.tracker.walk.company import Company, Dice
from tracker.actions.models import Action
from tracker.nonconformities.models import Nonconformity, Pin
from workflows.actions import ActionState
from workflows.nonconformities import NonconformityState

Step = tuple[int, Callable[[], object]]
# More than these are not looked after at once, nor made in a life.
LIVE, MADE = 4, 12
SHORT = ("observation", "ofi")
DONE = (NonconformityState.CLOSED, NonconformityState.VOID)
UNDER_WAY = (NonconformityState.CONTAINED, NonconformityState.CORRECTING, NonconformityState.VERIFYING)


class Turns:
    """Non-conformities that are looked after."""

    def __init__(self, company: Company, dice: Dice) -> None:
        self.company, self.dice = company, dice
        self.move, self.fresh = company.move, company.fresh

    # ------------------------------------------------------------ writing down

    def write_down(self) -> None:
        """Somebody has seen something; most know which facts the grade asks for."""
        found = self.company.rows(Nonconformity)
        if len(found) >= MADE or sum(each.state not in DONE for each in found) >= LIVE:
            return
        who = self.dice.weighed((6, "auditor"), (4, "lead"), (1, "owner"))
        path = f"/nonconformities/new?site={self.company.at.site.code}"
        self.company.press(who, path, self.draft())

    def draft(self) -> dict[str, object]:
        grade = self.dice.pick(["major", "minor", "minor", "minor", "observation", "ofi"])
        keys = self.dice.weighed(
            (4, (ground.LINE,)),
            (3, (ground.UNIT,)),
            (2, (ground.LINE, ground.OTHER_LINE)),
            (2, (ground.ROW,)),
            (1, ()),
        )
        if grade in SHORT and self.dice.often(90):
            keys = ()
        return {
            # What says the same as a closed record is a repeat, and that is to be seen as well.
            "title": self.dice.pick(["Callbacks come late", "Scripts are old", "Forecast is missing"]),
            "grade": grade,
            "source": "monitoring",
            "owner": self.company.at.process_owner.id,
            "evidence": "12 of 60 calls",
            "effort": "2",
            "pins": [f"see-cmm|{key}|2" if "/row/" in key else f"copc-2000-csp|{key}|" for key in keys],
        }

    # ------------------------------------------------------------ the next thing

    def go_on(self) -> None:
        """The next step of a record that is not done; now and then, of one that is."""
        found = self.company.rows(Nonconformity)
        live = [each for each in found if each.state not in DONE]
        done = [each for each in found if each.state == NonconformityState.CLOSED]
        if done and (not live or self.dice.often(8)):
            in_full = [each for each in done if each.grade not in SHORT]
            self.reopen(self.dice.pick(in_full if in_full and self.dice.often(70) else done))
        elif live:
            record = self.dice.pick(live)
            _weight, step = self.dice.weighed(*((each[0], each) for each in self.steps(record)))
            step()

    def steps(self, record: Nonconformity) -> list[Step]:
        """What may come next, by how likely it is."""
        found: list[Step] = self._of_state(record)
        if record.state not in UNDER_WAY or record.state == NonconformityState.CONTAINED:
            found += self._of_void(record)
        if record.state != NonconformityState.DRAFT:
            found.append((1, lambda: self.extend(record)))
        return found

    def _of_state(self, record: Nonconformity) -> list[Step]:
        by = self.dice.pick(["auditor", "lead"])
        if record.state == NonconformityState.DRAFT:
            return [
                (12, lambda: self.move(by, "nonconformities", record, "raise")),
                (2, lambda: self.correct(record)),
            ]
        if record.state == NonconformityState.OPEN and record.grade in SHORT:
            return [(10, lambda: self._close_short(record)), (1, lambda: self._answer(record, "accept"))]
        if record.state == NonconformityState.OPEN:
            return [
                (10, lambda: self._contain(record)),
                (2, lambda: self._answer(record, "accept")),
                (3, lambda: self._answer(record, "dispute")),
            ]
        if record.state == NonconformityState.DISPUTED:
            return [(1, lambda: self._judge(record, "uphold")), (1, lambda: self._judge(record, "regrade"))]
        return [(20, lambda: self._correct_cause(record))]

    def _of_void(self, record: Nonconformity) -> list[Step]:
        if record.void_requested_by_id is None:
            return [(1, lambda: self._ask_to_void(record))]
        return [(8, lambda: self._void(record)), (2, lambda: self._decline(record))]

    def _close_short(self, record: Nonconformity) -> None:
        self.move("lead", "nonconformities", record, "close_short", short_answer="Written into the script")

    def _contain(self, record: Nonconformity) -> None:
        self.move("process_owner", "nonconformities", record, "contain", correction="Called back")
        self._perhaps_undo("process_owner", record)

    def _answer(self, record: Nonconformity, event: str) -> None:
        self.move("process_owner", "nonconformities", record, event)
        self._perhaps_undo("process_owner", record)

    def _judge(self, record: Nonconformity, event: str) -> None:
        other = "minor" if record.grade == "major" else "major"
        grade = self.dice.weighed((4, other), (1, "observation"))
        self.move("lead", "nonconformities", record, event, new_grade=grade, **self.settled(record))

    def _perhaps_undo(self, who: str, record: Nonconformity) -> None:
        if self.dice.often(7):
            self.company.undo(who, "nonconformities", record)

    def extend(self, record: Nonconformity) -> None:
        """A later day for the step that is due."""
        day = (record.due_on or self.company.day) + timedelta(days=self.dice.pick([7, 30]))
        fields = {"version": record.version, "new_day": day.isoformat(), "reason": "Supplier on holiday"}
        who = self.dice.pick(["manager", "lead", "process_owner"])
        status = self.company.press(who, f"/nonconformities/{record.number}/due", fields)
        self.company.seen[f"extension {status}"] += 1

    def correct(self, record: Nonconformity) -> None:
        """A draft is written anew: another grade, other facts."""
        fields = self.draft() | {"version": record.version}
        self.company.press("auditor", f"/nonconformities/{record.number}/edit", fields)

    # ------------------------------------------------------------ two people, or none

    def settled(self, record: Nonconformity) -> dict[str, str]:
        """A reason for every fact that the record holds."""
        pins = self.company.rows(Pin, Pin.nonconformity_id == record.id)
        return {f"settle-{pin.id}": "Carried elsewhere" for pin in pins}

    def _ask_to_void(self, record: Nonconformity) -> None:
        who = self.dice.pick(["auditor", "manager", "lead", "process_owner"])
        self.move(who, "nonconformities", record, "request_void")
        self._perhaps_undo(who, record)

    def _void(self, record: Nonconformity) -> None:
        who = self.dice.pick(["auditor", "manager", "lead"])
        self.move(who, "nonconformities", record, "void", **self.settled(record))

    def _decline(self, record: Nonconformity) -> None:
        self.move(self.dice.pick(["manager", "lead"]), "nonconformities", record, "decline_void")

    def reopen(self, record: Nonconformity) -> None:
        """The judgement that closed it was wrong."""
        event = "reopen_short" if record.grade in SHORT else "reopen"
        self.move("lead", "nonconformities", record, event, judgement_wrong="y")

    # ------------------------------------------------------------ the cause

    def _correct_cause(self, record: Nonconformity) -> None:
        """Work on an action that names the record; where all have said what they can, close it."""
        named = self.company.actions_of(record)
        live = [each for each in named if each.state not in (ActionState.CLOSED, ActionState.CANCELLED)]
        verifying = record.state == NonconformityState.VERIFYING
        if live and not (verifying and self.dice.often(10)):
            Casework(self.company, self.dice).work_on(self.dice.pick(live), record)
        elif verifying and named and not self.dice.often(10):
            self.close(record)
        else:
            self.open_action(record)

    def open_action(self, record: Nonconformity) -> None:
        """An action for it: one of its own, or one for everything that waits for an action."""
        waiting = self.company.rows(Nonconformity, Nonconformity.state == NonconformityState.CONTAINED)
        chosen = {record.id, *(each.id for each in waiting if self.dice.often(30))}
        fields = {
            "title": "Sort the list",
            "owner_id": self.company.at.owner.id,
            "nonconformity_ids": sorted(chosen),
        }
        who = self.dice.pick(["manager", "owner", "process_owner"])
        self.company.press(who, f"/actions/new?nonconformity={record.number}", fields)

    def close(self, record: Nonconformity) -> None:
        """Whoever may, signs; a major is approved by another first."""
        who = self.dice.pick(["manager", "approver"])
        self.move(who, "nonconformities", record, "approve_closure")
        self.move(self.dice.pick(["lead", "auditor"]), "nonconformities", self.fresh(record), "close")

    def live_action(self) -> Action | None:
        """Any action that is not at its end."""
        found = [
            each
            for each in self.company.rows(Action)
            if each.state not in (ActionState.CLOSED, ActionState.CANCELLED)
        ]
        return self.dice.pick(found) if found else None
