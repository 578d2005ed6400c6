"""Ten people press everything, at random and for long: no closure without proof, nobody verifies own work.

``RANDOM_STEPS`` in the environment makes the walk longer.
"""

import os
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.world import World
from workflows.kinds import Grade
from workflows.registry import MACHINES

STEPS = int(os.environ.get("RANDOM_STEPS", "80000"))
PER_WORLD = 1000


def walk(seed: int, steps: int) -> World:
    world = World(Random(seed))
    for _ in range(steps):
        world.step()
    return world


def check(world: World) -> None:
    """What must hold of every diary, told without the guards."""
    for record, before, event, _, facts, _ in world.diary:
        move = MACHINES[record].transition(before, event)
        assert move is not None
        assert facts.signed or not move.signature
        assert facts.reason or not move.reason_required
        if record == "action":
            check_action(event, facts)
    for refusal in world.refusals:
        assert refusal.reasons("zh")
        assert refusal.reasons("en")
    check_voids(world)
    check_closures(world)


def check_voids(world: World) -> None:
    asked: int | None = None
    for record, _, event, _, facts, _ in world.diary:
        if record == "nonconformity" and event == "request_void":
            asked = facts.actor
        if record == "nonconformity" and event == "void":
            assert asked not in (None, facts.actor)
            assert facts.actor != facts.owner


def check_closures(world: World) -> None:
    state = "draft"
    answers: list[tuple[int, bool | None, bool | None]] = []
    approvals: list[int] = []
    for record, before, event, after, facts, what in world.diary:
        if record == "audit":
            assert facts.auditor not in facts.implementers | facts.owners | facts.plan_approvers
            answers += [(facts.auditor, what.implemented, what.effective)] if event == "conclude" else []
        if record != "nonconformity":
            continue
        assert before == state
        state = after
        if event in {"send_back", "resume_correcting", "reopen"}:
            approvals.clear()
        approvals += [facts.actor] if event == "approve_closure" else []
        if event == "close":
            check_closure(facts, answers, approvals)
        if event == "close_short":
            assert facts.grade in (Grade.OBSERVATION, Grade.OFI)
            assert facts.copc_pins == 0
            assert facts.actor != facts.owner
    # The diary replays to the present state.
    assert state == world.state


def check_action(event, facts) -> None:
    if event == "approve_plan":
        assert facts.actor != facts.owner
        assert facts.actor not in facts.nonconformity_owners
        assert facts.root_causes_verified
    if event == "close":
        assert facts.actor not in facts.implementers
        assert facts.actor != facts.owner
        assert facts.criterion_met
        assert facts.window_over


def check_closure(facts, signed_audits, approvals) -> None:
    assert facts.root_cause_verified
    assert facts.actions_live
    auditor, implemented, effective = signed_audits[-1]
    assert implemented
    assert effective
    assert auditor not in facts.implementers
    assert facts.actor != facts.owner
    assert facts.actor not in facts.implementers
    assert facts.actor not in facts.plan_approvers
    assert facts.actor not in facts.overrule_recorders
    assert facts.metrics_disagree == ()
    if facts.grade is Grade.MAJOR:
        assert approvals
        assert approvals[-1] != facts.actor


def test_no_sequence_of_moves_closes_without_proof():
    seen: set[tuple[str, str]] = set()
    for seed in range(max(STEPS // PER_WORLD, 1)):
        world = walk(seed, PER_WORLD)
        check(world)
        seen |= {(entry[0], entry[2]) for entry in world.diary}

    # The walk is worth something only if it gets everywhere that matters.
    assert {
        ("nonconformity", "close"),
        ("nonconformity", "send_back"),
        ("nonconformity", "void"),
        ("nonconformity", "reopen"),
        ("nonconformity", "approve_closure"),
        ("nonconformity", "resume_correcting"),
        ("action", "close"),
        ("action", "not_effective"),
        ("action", "not_implemented"),
        ("action", "return_to_analysis"),
        ("audit", "conclude"),
    } <= seen


@settings(max_examples=25, deadline=None)
@given(st.integers(), st.integers(1, 400))
def test_every_short_walk_keeps_the_promises(seed, steps):
    check(walk(seed, steps))
