"""Every state × event × guard of the four machines, with its outcome."""

from dataclasses import fields, replace

import pytest

from tests.workflows.cases import BREAKS, IMPLIES, facts_for
from workflows.facts import ActionFacts, AuditFacts, CommonFacts, NonconformityFacts, ReviewFacts
from workflows.machine import Refused, Tone, allowed, fire, offers
from workflows.registry import MACHINES, PERMISSIONS

# The policy, written a second time by hand: from → {event: to}. What is not here is forbidden.
POLICY: dict[str, dict[str, dict[str, str]]] = {
    "review": {
        "planned": {"start": "in_progress", "cancel": "cancelled"},
        "in_progress": {"report": "reported", "cancel": "cancelled"},
        "reported": {"accept": "reported", "withdraw": "in_progress", "close": "closed"},
        "closed": {"reopen": "reported"},
        "cancelled": {},
    },
    "nonconformity": {
        "draft": {"raise": "open", "request_void": "draft", "decline_void": "draft", "void": "void"},
        "open": {
            "return_to_draft": "draft",
            "accept": "open",
            "dispute": "disputed",
            "contain": "contained",
            "close_short": "closed",
            "request_void": "open",
            "decline_void": "open",
            "void": "void",
        },
        "disputed": {
            "uphold": "open",
            "regrade": "open",
            "request_void": "disputed",
            "decline_void": "disputed",
            "void": "void",
        },
        "contained": {
            "start_correcting": "correcting",
            "request_void": "contained",
            "decline_void": "contained",
            "void": "void",
        },
        "correcting": {"await_verification": "verifying"},
        "verifying": {
            "resume_correcting": "correcting",
            "send_back": "correcting",
            "approve_closure": "verifying",
            "close": "closed",
        },
        "closed": {"reopen": "correcting", "reopen_short": "open"},
        "void": {},
    },
    "action": {
        "defining": {"define": "analysing", "cancel": "cancelled"},
        "analysing": {"analyse": "planning", "cancel": "cancelled"},
        "planning": {"submit_plan": "plan_review", "cancel": "cancelled"},
        "plan_review": {
            "recall_plan": "planning",
            "approve_plan": "implementing",
            "return_to_planning": "planning",
            "return_to_analysis": "analysing",
            "cancel": "cancelled",
        },
        "implementing": {"revise_plan": "planning", "implement": "follow_up", "cancel": "cancelled"},
        "follow_up": {
            "confirm_implemented": "monitoring",
            "not_implemented": "implementing",
            "not_effective": "analysing",
            "reopen": "analysing",
            "cancel": "cancelled",
        },
        "monitoring": {
            "not_implemented": "implementing",
            "not_effective": "analysing",
            "close": "closed",
            "reopen": "analysing",
            "cancel": "cancelled",
        },
        "closed": {"reopen": "analysing"},
        "cancelled": {},
    },
    "audit": {
        "scheduled": {"reschedule": "scheduled", "start": "in_progress", "cancel": "cancelled"},
        "in_progress": {"conclude": "concluded", "cancel": "cancelled"},
        "concluded": {},
        "cancelled": {},
    },
}
EVERY_PAIR = [
    (machine.name, str(state.id), event)
    for machine in MACHINES.values()
    for state in machine.states
    for event in machine.events
]
EVERY_GUARD = [
    (machine.name, str(source), move.event, guard.name)
    for machine in MACHINES.values()
    for move in machine.transitions
    for source in move.sources
    for guard in move.guards
]


@pytest.mark.parametrize(("machine", "state", "event"), EVERY_PAIR)
def test_every_event_in_every_state_has_the_outcome_of_the_policy(machine, state, event):
    expected = POLICY[machine][state].get(event)
    facts = facts_for(machine, event)

    if expected is None:
        with pytest.raises(Refused) as refusal:
            fire(MACHINES[machine], state, event, facts)
        assert refusal.value.guards == ()
        assert len(refusal.value.reasons("zh")) == len(refusal.value.reasons("en")) == 1
    else:
        assert fire(MACHINES[machine], state, event, facts) == expected


@pytest.mark.parametrize(("machine", "state", "event", "guard"), EVERY_GUARD)
def test_every_guard_refuses_on_its_own(machine, state, event, guard):
    change = BREAKS.get((machine, guard, event)) or BREAKS[(machine, guard)]
    facts = replace(facts_for(machine, event), **change)

    with pytest.raises(Refused) as refusal:
        fire(MACHINES[machine], state, event, facts)

    follows = IMPLIES.get((machine, guard), set())
    assert set(refusal.value.guards) - follows == {guard}
    assert all(refusal.value.reasons("zh"))
    assert all(refusal.value.reasons("en"))


@pytest.mark.parametrize("name", MACHINES)
def test_facts_that_nobody_filled_in_open_no_gate_that_has_one(name):
    empty: dict[str, CommonFacts] = {
        "review": ReviewFacts(),
        "nonconformity": NonconformityFacts(),
        "action": ActionFacts(),
        "audit": AuditFacts(),
    }
    # Asking for a void is open to everybody; a withdrawn action or plan needs nothing but its reason.
    free = {"request_void", "cancel", "recall_plan", "revise_plan", "resume_correcting"}

    for state in MACHINES[name].states:
        assert {move.event for move in allowed(MACHINES[name], state.id, empty[name])} <= free


@pytest.mark.parametrize(
    ("machine", "event"), [(m.name, move.event) for m in MACHINES.values() for move in m.transitions]
)
def test_reason_and_signature_are_demanded_where_declared_and_only_there(machine, event):
    move = next(each for each in MACHINES[machine].transitions if each.event == event)
    state = move.sources[0]
    bare = replace(facts_for(machine, event), reason="  ", signed=False)
    asked = {"reason_given"} if move.reason_required else set()
    asked |= {"signature_given"} if move.signature else set()

    # The button is offered: what the form asks for is not known yet.
    offer = next(each for each in offers(MACHINES[machine], state, bare) if each.transition is move)
    assert offer.allowed

    if not asked:
        assert fire(MACHINES[machine], state, event, bare)
        return
    with pytest.raises(Refused) as refusal:
        fire(MACHINES[machine], state, event, bare)
    assert set(refusal.value.guards) == asked


def test_signed_moves_are_those_that_somebody_answers_for():
    signed = {
        (m.name, move.event)
        for m in MACHINES.values()
        for move in m.transitions
        if move.signature is not None
    }

    assert signed == {
        ("review", "report"),
        ("review", "accept"),
        ("nonconformity", "approve_closure"),
        ("nonconformity", "close"),
        ("nonconformity", "void"),
        ("action", "approve_plan"),
        ("action", "close"),
        ("audit", "conclude"),
    }


def test_a_refusal_names_all_that_is_missing_at_once():
    facts = replace(
        facts_for("nonconformity", "close"),
        actions_unsettled=("CA-0001", "CA-0002"),
        root_cause_verified=False,
    )

    with pytest.raises(Refused) as refusal:
        fire(MACHINES["nonconformity"], "verifying", "close", facts)

    assert refusal.value.guards == ("root_cause_verified", "actions_settled")
    assert "CA-0001、CA-0002" in refusal.value.reasons("zh")[1]
    assert "CA-0001, CA-0002" in refusal.value.reasons("en")[1]
    assert "close refused in verifying" in str(refusal.value)


def test_a_long_list_of_what_is_missing_is_cut_and_counted():
    facts = replace(facts_for("review", "report"), items_unjudged=tuple(f"4.{n}" for n in range(1, 22)))

    with pytest.raises(Refused) as refusal:
        fire(MACHINES["review"], "in_progress", "report", facts)

    assert "4.5 等 21 项" in refusal.value.reasons("zh")[0]
    assert "4.5 and 16 more" in refusal.value.reasons("en")[0]


def test_an_impossible_event_is_refused_with_what_is_possible():
    with pytest.raises(Refused) as refusal:
        fire(MACHINES["nonconformity"], "closed", "contain", NonconformityFacts())

    assert refusal.value.reasons("zh") == [
        "不符合项处于“已关闭”状态时不能“遏制”。此时可进行的操作：重新打开、重新打开（简短关闭）。"
    ]
    assert "“contain” is not possible while the non-conformity is “closed”" in refusal.value.reasons("en")[0]


def test_an_unknown_event_is_refused_and_an_unknown_state_is_an_error():
    with pytest.raises(Refused) as refusal:
        fire(MACHINES["audit"], "scheduled", "explode", AuditFacts())
    assert "explode" in refusal.value.reasons("zh")[0]
    assert "no move called" in refusal.value.reasons("en")[0]

    with pytest.raises(LookupError):
        fire(MACHINES["audit"], "nowhere", "start", AuditFacts())


def test_every_text_is_there_in_both_languages():
    for machine in MACHINES.values():
        texts = [machine.title, machine.noun]
        texts += [text for state in machine.states for text in (state.title, state.meaning)]
        for move in machine.transitions:
            texts += [move.title, *(guard.message for guard in move.guards)]
            texts += [move.signature] if move.signature else []
        for text in texts:
            assert any("\u4e00" <= each <= "\u9fff" for each in text.zh), text
            assert text.en.isascii(), text
            assert not set(text.zh) & set(",;?!"), text
            assert text.en.strip() == text.en


def test_every_move_and_guard_cites_its_clause():
    for machine in MACHINES.values():
        for move in machine.transitions:
            assert move.clause
            assert all(guard.clause for guard in move.guards)


def test_permissions_are_named_after_their_machine():
    assert {each.split(":")[0] for each in PERMISSIONS} == set(MACHINES)
    assert "system" not in PERMISSIONS


def test_states_of_the_same_meaning_wear_the_same_tone():
    tones: dict[str, set[Tone]] = {}
    for machine in MACHINES.values():
        for state in machine.states:
            tones.setdefault(state.title.zh, set()).add(state.tone)

    assert {title for title, found in tones.items() if len(found) > 1} == set()


def test_every_field_of_the_facts_is_frozen_and_has_a_default():
    for kind in (ReviewFacts, NonconformityFacts, ActionFacts, AuditFacts):
        assert kind() == kind()
        assert fields(kind)
        with pytest.raises(AttributeError):
            kind().actor = 1
