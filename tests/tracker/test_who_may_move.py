"""Who may make which move, written out: every state, event and role of the four machines, and nobody else.

The table is meant to be read beside the roles that people have, not beside the code: a move that a role gains or
loses shows here.
"""

from collections.abc import Iterator

import pytest

from tracker.accounts.models import Role
from tracker.permissions import Actor, Subject, can
from workflows.machine import SYSTEM
from workflows.registry import MACHINES

HERE, ELSEWHERE = 1, 2
ME, OTHER = 10, 11

MANAGER, LEAD, AUDITOR = Role.QUALITY_MANAGER, Role.LEAD_AUDITOR, Role.AUDITOR
PROCESS_OWNER, APPROVER, VERIFIER, VIEWER = Role.PROCESS_OWNER, Role.APPROVER, Role.VERIFIER, Role.VIEWER
# Places in the record, whatever the role.
OWNER, NAMED_AUDITOR = "its owner", "its auditor"

TABLE: dict[str, dict[str, set[object]]] = {
    "review": {
        "start": {MANAGER, LEAD, AUDITOR},
        "report": {LEAD},
        "accept": {MANAGER, VIEWER},
        "withdraw": {LEAD, MANAGER},
        "close": {LEAD, MANAGER},
        "cancel": {LEAD, MANAGER},
        "reopen": set(),
    },
    "nonconformity": {
        "raise": {AUDITOR, LEAD, MANAGER},
        "return_to_draft": set(),
        "accept": {OWNER},
        "dispute": {OWNER},
        "uphold": {LEAD},
        "regrade": {LEAD},
        "contain": {OWNER, PROCESS_OWNER},
        "start_correcting": set(),
        "await_verification": set(),
        "resume_correcting": set(),
        "send_back": set(),
        "approve_closure": {APPROVER, MANAGER},
        "close": {VERIFIER, AUDITOR, LEAD},
        "close_short": {VERIFIER, AUDITOR, LEAD},
        "reopen": {LEAD, MANAGER},
        "reopen_short": {LEAD, MANAGER},
        "request_void": {AUDITOR, LEAD, MANAGER, OWNER},
        "decline_void": {AUDITOR, LEAD, MANAGER},
        "void": {AUDITOR, LEAD, MANAGER},
    },
    "action": {
        "define": {OWNER, MANAGER},
        "analyse": {OWNER, MANAGER},
        "submit_plan": {OWNER, MANAGER},
        "recall_plan": {OWNER, MANAGER},
        "approve_plan": {APPROVER},
        "return_to_planning": {APPROVER},
        "return_to_analysis": {APPROVER},
        "revise_plan": {OWNER, MANAGER},
        "implement": {OWNER, MANAGER},
        "confirm_implemented": set(),
        "not_implemented": set(),
        "not_effective": set(),
        "close": {VERIFIER, AUDITOR, LEAD},
        "reopen": set(),
        "cancel": {OWNER, MANAGER},
    },
    "audit": {
        "reschedule": {AUDITOR, LEAD, MANAGER},
        "start": {NAMED_AUDITOR},
        "conclude": {NAMED_AUDITOR},
        "cancel": {LEAD, MANAGER, NAMED_AUDITOR},
    },
}


def every_case() -> Iterator[tuple[str, str, str, object]]:
    for name, machine in MACHINES.items():
        for state in machine.states:
            for event in sorted(machine.events):
                for who in (*Role, OWNER, NAMED_AUDITOR):
                    yield name, str(state.id), event, who


def may(name: str, state: str, event: str, actor: Actor, subject: Subject) -> bool:
    """Whether a move leaves this state and this person holds its permission."""
    transition = MACHINES[name].transition(state, event)
    if transition is None or transition.permission == SYSTEM:
        return False
    return can(actor, transition.permission, subject)


def person(*grants: tuple[int | None, Role]) -> Actor:
    return Actor(1, ME, "我", "Me", frozenset(grants))


def moves(name: str, state: str, event: str, who: object) -> bool:
    """Whether somebody may who has nothing but this role, or nothing but this place in the record."""
    if isinstance(who, Role):
        others = Subject(HERE, frozenset({OTHER}), frozenset({OTHER}), frozenset({OTHER}))
        return may(name, state, event, person((HERE, who)), others)
    mine = Subject(
        HERE, frozenset({ME if who == OWNER else OTHER}), frozenset({ME if who == NAMED_AUDITOR else OTHER})
    )
    # An assessor moves nothing by role, but sees the site.
    return may(name, state, event, person((HERE, Role.ASSESSOR)), mine)


@pytest.mark.parametrize("name", MACHINES)
def test_the_table_knows_every_event(name: str) -> None:
    assert set(TABLE[name]) == set(MACHINES[name].events)


def test_every_move_is_for_those_of_the_table_and_nobody_else() -> None:
    wrong = [
        f"{name} {state} {event}: {who} {'may' if moves(name, state, event, who) else 'may not'}"
        for name, state, event, who in every_case()
        if moves(name, state, event, who)
        != (MACHINES[name].transition(state, event) is not None and who in TABLE[name][event])
    ]

    assert wrong == []
    cases = sum(len(machine.states) * len(machine.events) for machine in MACHINES.values())
    assert len(list(every_case())) == cases * (len(Role) + 2)


def test_no_role_at_another_site_moves_anything_here() -> None:
    mine = Subject(HERE, frozenset({ME}), frozenset({ME}), frozenset({ME}))
    for name, state, event, who in every_case():
        if isinstance(who, Role):
            assert not may(name, state, event, person((ELSEWHERE, who)), mine), f"{name} {event}: {who}"


def test_a_role_at_every_site_moves_the_same_as_at_this_one() -> None:
    for name, state, event, who in every_case():
        if isinstance(who, Role):
            everywhere = may(name, state, event, person((None, who)), Subject(HERE))
            assert everywhere == may(name, state, event, person((HERE, who)), Subject(HERE))
