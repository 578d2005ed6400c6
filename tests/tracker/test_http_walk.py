"""A hypothesis machine that lives in the loop through HTTP: people do their work, and press what is not theirs.

Whatever was pressed, by whomever, in whatever order: no closure without proof, nobody verifies own work, a record is
closed exactly when its facts are released, and the history replays to the present state. What is held here is read
from the rows with statements of its own (`walk/promises.py`), never with what the guards use.

``HTTP_STEPS`` in the environment makes the walk longer (20000 requests, on either engine), ``HTTP_SEED`` takes another
way, ``HTTP_LIFE`` begins at that life of the way: for the one that broke a promise, which the failure names.
"""

import os
import traceback
from collections import Counter
from typing import Any

import hypothesis
import pytest
from flask import Flask
from hypothesis import Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.tracker.walk.buttons import press_anything
from tests.tracker.walk.company import Company, Dice
from tests.tracker.walk.promises import Promises
from tests.tracker.walk.reviewing import Reviewing
from tests.tracker.walk.turns import Turns
from tracker import clock
from tracker.database import db
from tracker.history import verify_chain
from tracker.nonconformities.models import Nonconformity
from workflows.registry import MACHINES

STEPS = int(os.environ.get("HTTP_STEPS", "500"))
SEED = os.environ.get("HTTP_SEED", "1")
FIRST_LIFE = int(os.environ.get("HTTP_LIFE", "1"))
# A life is long enough for a record to be closed, reopened and closed again.
RULES_OF_A_LIFE = 150
# A long walk runs on whichever engine is asked for; the short one of every run on one of them.
ENGINES = ("sqlite", "postgresql") if STEPS > 500 else ("sqlite",)
# With as many requests as this, every event of every machine has to have come about.
LONG = 10_000
SOON = (
    "nonconformity raise",
    "nonconformity contain",
    "nonconformity close",
    "action approve_plan",
    "action close",
    "audit conclude",
)

# What the walk has seen in all of its lives; a walk that gets nowhere proves nothing.
SEEN: Counter[str] = Counter()


class Loop(RuleBasedStateMachine):
    """One company, its people with a browser each, and the records they make."""

    app: Flask
    # What the people of the life that broke a promise had done.
    broken: list[str]

    company: Company | None = None

    @initialize(born=st.integers(0, 1 << 16))
    def begin(self, born: int) -> None:
        if born == 0:
            return  # the simplest of lives, which hypothesis always looks at first, says nothing
        self.company = Company(self.app, SEEN)
        self.promises = self._promises()
        self.reviewed = born % 2 == 0
        Loop.broken = self.company.trail

    def _promises(self, seen: Counter[str] | None = None) -> Promises:
        assert self.company is not None
        return Promises(self.company.organisation_id, self.company.site_id, SEEN if seen is None else seen)

    def teardown(self) -> None:
        db.session.rollback()
        if self.company is not None:
            self._promises(Counter()).hold_to_the_end()
            assert verify_chain(self.company.organisation_id) is None
            SEEN["lives"] += 1
        clock.travel(None)

    @rule(data=st.data())
    def live(self, data: Any) -> None:
        """One rule for all, because a machine with many leaves some of them out of a whole life."""
        if self.company is None:
            return
        dice = Dice(data)
        what = dice.weighed((60, "go on"), (25, "press"), (8, "write"), (7, "review"), (3, "wait"))
        SEEN["rules"] += 1
        if what == "write" or not self.company.rows(Nonconformity):
            Turns(self.company, dice).write_down()
        elif what == "go on":
            Turns(self.company, dice).go_on()
        elif what == "review" and self.reviewed:
            Reviewing(self.company, dice).go_on()
        elif what == "wait":
            self.company.wait(dice.number(1, 40))
        else:
            press_anything(self.company, dice)

    @invariant()
    def every_promise_holds(self) -> None:
        if self.company is not None:
            self.promises.hold()


@pytest.mark.engine(*ENGINES)
def test_no_way_through_the_pages_breaks_a_promise(fresh_app: Flask) -> None:
    SEEN.clear()
    Loop.app = fresh_app
    life = FIRST_LIFE
    with fresh_app.app_context():
        while SEEN["requests"] < STEPS:
            live_once(life)
            if STEPS >= LONG:
                print(f"life {life}: {SEEN['requests']} requests", flush=True)
            life += 1
    print(f"\n{told()}")
    missing = [event for event in wanted() if not SEEN[event]]
    assert not missing, f"never came about: {missing}"
    assert SEEN["closures proven"]


def live_once(life: int) -> None:
    """One life. Hypothesis would make the next ones out of this one, so that it is asked anew for each."""
    try:
        run_state_machine_as_test(
            hypothesis.seed(f"{SEED}/{life}")(Loop),
            settings=settings(
                max_examples=2,
                stateful_step_count=RULES_OF_A_LIFE,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                verbosity=Verbosity.quiet,
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        lately = "\n".join(Loop.broken[-25:])
        raise AssertionError(
            f"HTTP_SEED={SEED} HTTP_LIFE={life}: {type(error).__name__} {error} in {where.name}: {where.line}\n{lately}"
        ) from None


def wanted() -> list[str]:
    """Kind and event of every move that has to have been seen."""
    if STEPS < LONG:
        return list(SOON)
    return [f"{kind} {event}" for kind, machine in MACHINES.items() for event in sorted(machine.events)]


def told() -> str:
    """What the walk has seen: in all, and how often each move of each machine."""
    moves = {f"{kind} {event}" for kind, machine in MACHINES.items() for event in machine.events}
    rest = {name: count for name, count in SEEN.most_common() if name not in moves}
    lines = [", ".join(f"{name} {count}" for name, count in rest.items())]
    for kind, machine in MACHINES.items():
        counts = ((event, SEEN[f"{kind} {event}"]) for event in sorted(machine.events))
        lines.append(f"{kind}: " + ", ".join(f"{event} {count}" for event, count in counts))
    return "\n".join(lines)
