"""The machines as graphs: one start, everything reachable, no trap, everything can end."""

from dataclasses import replace

import pytest

from workflows import graph
from workflows.machine import Machine, State, Text, Tone, Transition
from workflows.registry import MACHINES

every_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


@every_machine
def test_every_state_is_reachable_from_the_one_start(machine):
    assert machine.initial == machine.states[0].id
    assert graph.unreachable(machine) == frozenset()


@every_machine
def test_no_state_is_a_trap(machine):
    assert graph.trapped(machine) == frozenset()


@every_machine
def test_every_state_can_end(machine):
    assert graph.never_ending(machine) == frozenset()


@every_machine
def test_every_state_can_end_without_the_help_of_void_or_cancellation(machine):
    done = {str(each.id) for each in machine.states if each.final and each.tone is not Tone.MUTED}
    given_up = {str(each.id) for each in machine.states if each.final} - done
    way = graph.to_graph(machine)

    for state in set(way) - done - given_up:
        assert set(graph.nx.descendants(way, state)) & done


def a_machine(**changes):
    def state(name, final=False):
        return State(name, Text(name, name), Text(name, name), Tone.NEUTRAL, final)

    def move(event, source, target):
        return Transition(event, Text(event, event), (source,), target, (), "x:y", "-")

    declared = {
        "name": "toy",
        "title": Text("玩具", "Toy"),
        "noun": Text("玩具", "toy"),
        "initial": "a",
        "states": (state("a"), state("b"), state("z", final=True)),
        "transitions": (move("go", "a", "b"), move("end", "b", "z")),
    }
    return Machine(**(declared | changes)), state, move


def test_the_proofs_find_what_they_look_for():
    sound, state, move = a_machine()
    island = replace(sound, states=(*sound.states, state("i")))
    trap = replace(island, transitions=(*sound.transitions, move("fall", "a", "i")))
    circle = replace(
        trap,
        states=(*island.states, state("j")),
        transitions=(*trap.transitions, move("turn", "i", "j"), move("back", "j", "i")),
    )

    assert graph.unreachable(sound) == graph.trapped(sound) == graph.never_ending(sound) == frozenset()
    assert graph.unreachable(island) == {"i"}
    assert graph.trapped(trap) == graph.never_ending(trap) == {"i"}
    assert graph.trapped(circle) == frozenset()
    assert graph.never_ending(circle) == {"i", "j"}


def test_a_state_with_only_a_loop_is_a_trap():
    sound, state, move = a_machine()
    looping = replace(
        sound,
        states=(*sound.states, state("i")),
        transitions=(*sound.transitions, move("fall", "a", "i"), move("spin", "i", None)),
    )

    assert graph.trapped(looping) == {"i"}


@pytest.mark.parametrize(
    "change",
    [
        lambda toy, state, move: {"initial": "nowhere"},
        lambda toy, state, move: {"states": (*toy.states, state("a"))},
        lambda toy, state, move: {"transitions": (*toy.transitions, move("go", "a", "z"))},
        lambda toy, state, move: {"transitions": (move("go", "a", "nowhere"),)},
        lambda toy, state, move: {"transitions": (move("go", "nowhere", "a"),)},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(change):
    toy, state, move = a_machine()

    with pytest.raises(ValueError):
        replace(toy, **change(toy, state, move))


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("review", "planned in_progress reported closed"),
        ("nonconformity", "draft open contained correcting verifying closed"),
        ("action", "defining analysing planning plan_review implementing follow_up monitoring closed"),
        ("audit", "scheduled in_progress concluded"),
    ],
)
def test_the_way_forward_is_found(name, way):
    assert graph.spine(MACHINES[name]) == tuple(way.split())
