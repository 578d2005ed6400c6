"""N-SOD as a table: which person may make which move, by what that person has had a hand in."""

from dataclasses import replace

import pytest

from tests.workflows.cases import (
    APPROVER,
    ASSESSOR,
    IMPLEMENTER,
    LEAD,
    MANAGER,
    OUTSIDER,
    OWNER,
    VERIFIER,
    facts_for,
)
from workflows.machine import NOT_SEGREGATED, Refused, fire, unsegregated
from workflows.registry import MACHINES

EVERYBODY = {
    "owner": OWNER,
    "implementer": IMPLEMENTER,
    "approver": APPROVER,
    "verifier": VERIFIER,
    "lead": LEAD,
    "assessor": ASSESSOR,
    "manager": MANAGER,
    "outsider": OUTSIDER,
}
ALL = set(EVERYBODY)

# (machine, state, event) → who of them may not. The lead auditor raised the non-conformity and may close it.
TABLE = {
    ("nonconformity", "disputed", "uphold"): {"owner"},
    ("nonconformity", "disputed", "regrade"): {"owner"},
    ("nonconformity", "verifying", "approve_closure"): {"owner", "implementer", "assessor"},
    ("nonconformity", "verifying", "close"): {"owner", "implementer", "approver", "assessor"},
    ("nonconformity", "open", "close_short"): {"owner"},
    ("nonconformity", "open", "void"): {"owner", "lead"},
    ("nonconformity", "open", "accept"): ALL - {"owner"},
    ("nonconformity", "open", "dispute"): ALL - {"owner"},
    ("action", "plan_review", "approve_plan"): {"owner"},
    ("action", "plan_review", "return_to_planning"): {"owner"},
    ("action", "plan_review", "return_to_analysis"): {"owner"},
    ("action", "monitoring", "close"): {"owner", "implementer", "approver"},
    ("review", "in_progress", "report"): ALL - {"lead"},
    ("review", "reported", "accept"): {"lead", "assessor"},
}
CASES = [(*move, person, person in barred) for move, barred in TABLE.items() for person in EVERYBODY]


@pytest.mark.parametrize(("machine", "state", "event", "person", "barred"), CASES)
def test_a_person_is_barred_by_what_that_person_did(machine, state, event, person, barred):
    facts = replace(facts_for(machine, event), actor=EVERYBODY[person])

    if barred:
        with pytest.raises(Refused):
            fire(MACHINES[machine], state, event, facts)
    else:
        assert fire(MACHINES[machine], state, event, facts)


@pytest.mark.parametrize("person", EVERYBODY)
@pytest.mark.parametrize(("state", "event"), [("scheduled", "start"), ("in_progress", "conclude")])
def test_an_auditor_audits_nothing_of_the_own_work(person, state, event):
    auditor = EVERYBODY[person]
    facts = replace(facts_for("audit", event), actor=auditor, auditor=auditor)

    if person in {"owner", "implementer", "approver"}:
        with pytest.raises(Refused):
            fire(MACHINES["audit"], state, event, facts)
    else:
        assert fire(MACHINES["audit"], state, event, facts)


def test_standing_in_for_somebody_brings_the_rights_and_the_conflicts():
    deputy = {"actor": OUTSIDER, "acting_for": frozenset({OWNER})}

    accepting = replace(facts_for("nonconformity", "accept"), **deputy)
    assert fire(MACHINES["nonconformity"], "open", "accept", accepting) == "open"

    closing = replace(facts_for("nonconformity", "close"), **deputy)
    with pytest.raises(Refused) as refusal:
        fire(MACHINES["nonconformity"], "verifying", "close", closing)
    assert set(refusal.value.guards) == {"closer_not_owner", "closer_not_implementer"}


def test_one_person_may_do_all_of_it_when_segregation_is_switched_off_and_it_is_marked():
    facts = replace(
        facts_for("nonconformity", "close"),
        actor=OWNER,
        single_person=True,
        closure_approved_by=OWNER,
        plan_approvers=frozenset({OWNER}),
    )

    assert fire(MACHINES["nonconformity"], "verifying", "close", facts) == "closed"
    waived = unsegregated(MACHINES["nonconformity"], "verifying", "close", facts)
    assert {each.name for each in waived} == {
        "closer_not_owner",
        "closer_not_implementer",
        "closer_not_approver",
    }
    assert (NOT_SEGREGATED.zh, NOT_SEGREGATED.en) == ("未分离", "not segregated")


def test_the_switch_waives_segregation_and_nothing_else():
    facts = replace(
        facts_for("nonconformity", "close"), actor=OWNER, single_person=True, root_cause_verified=False
    )

    with pytest.raises(Refused) as refusal:
        fire(MACHINES["nonconformity"], "verifying", "close", facts)

    assert refusal.value.guards == ("root_cause_verified",)


def test_a_sign_off_by_an_independent_person_is_not_marked_even_under_the_switch():
    facts = replace(facts_for("nonconformity", "close"), single_person=True)

    assert unsegregated(MACHINES["nonconformity"], "verifying", "close", facts) == ()
    assert unsegregated(MACHINES["nonconformity"], "draft", "close", facts) == ()


@pytest.mark.parametrize(
    ("machine", "state", "event", "field"),
    [
        ("nonconformity", "verifying", "close", "implementers"),
        ("nonconformity", "verifying", "close", "plan_approvers"),
        ("nonconformity", "verifying", "close", "overrule_recorders"),
        ("nonconformity", "verifying", "close", "owner"),
        ("nonconformity", "verifying", "close", "actor"),
        ("action", "monitoring", "close", "implementers"),
        ("action", "plan_review", "approve_plan", "nonconformity_owners"),
        ("audit", "in_progress", "conclude", "implementers"),
        ("review", "reported", "accept", "auditors"),
    ],
)
def test_not_knowing_who_had_a_hand_in_it_is_a_refusal(machine, state, event, field):
    facts = replace(facts_for(machine, event), **{field: None})

    with pytest.raises(Refused):
        fire(MACHINES[machine], state, event, facts)
