"""E.5: the tree of whys, verification, blame, and the gates of analysis and plan."""

from dataclasses import replace

import pytest

from workflows.causes import (
    PERSON_QUESTION,
    RIBS,
    BrokenTree,
    Cause,
    Removal,
    RibSet,
    blames_person,
    causes_without_task,
    chains,
    ends_at_person,
    levels,
    person_chains_open,
    tasks_without_cause,
    tree,
    verified_roots,
)
from workflows.kinds import CauseKind, VerificationMethod

WHY = Cause(id="a", text="Callers wait too long")
BRANCH = Cause(id="b", text="Two shifts overlap badly", parent="a", order=1, kind=CauseKind.CONTRIBUTING)
ROOT = Cause(
    id="c",
    text="The forecast ignores holidays",
    parent="a",
    order=0,
    kind=CauseKind.ROOT,
    evidence="Forecast of May against arrivals",
)
ESCAPE = Cause(id="d", text="Nobody compares forecast and arrivals", kind=CauseKind.ESCAPE, order=1)
TREE = (ESCAPE, BRANCH, ROOT, WHY)


def test_chains_run_from_the_problem_down_in_the_order_of_their_answers():
    assert [[each.id for each in chain] for chain in chains(TREE)] == [["a", "c"], ["a", "b"], ["d"]]
    assert levels(TREE) == {"a": 1, "d": 1, "c": 2, "b": 2}
    assert list(tree(TREE).successors("problem")) == ["a", "d"]


def test_no_causes_have_no_chains():
    assert chains(()) == ()


@pytest.mark.parametrize(
    ("causes", "zh", "en"),
    [
        ((WHY, WHY), "重复", "occurs twice"),
        ((replace(WHY, id="problem"),), "重复", "occurs twice"),
        ((replace(WHY, parent="x"),), "不存在", "does not exist"),
        ((replace(WHY, parent="c"), ROOT), "互相解释", "explain each other"),
        ((replace(WHY, parent="a"),), "互相解释", "explain each other"),
    ],
)
def test_what_is_no_tree_is_refused_in_words(causes, zh, en):
    with pytest.raises(BrokenTree) as broken:
        tree(causes)

    assert zh in broken.value.text.zh
    assert en in str(broken.value)


def test_a_circle_is_named():
    with pytest.raises(BrokenTree) as broken:
        tree((replace(WHY, parent="c"), ROOT))

    assert broken.value.text.en.count("→") == 2
    assert "Callers wait too long" in broken.value.text.en


def test_a_cause_is_verified_by_its_evidence():
    verified = ROOT.verified(7, VerificationMethod.MEASUREMENT)

    assert verified.is_verified
    assert verified.verification.by == 7
    assert verified_roots((WHY, verified, BRANCH)) == (verified,)
    assert verified_roots((WHY, ROOT)) == ()
    with pytest.raises(ValueError, match="evidence"):
        WHY.verified(7, VerificationMethod.OBSERVATION)


def test_a_verified_contributing_cause_is_no_root_cause():
    contributing = replace(BRANCH, evidence="Rosters").verified(7, VerificationMethod.OBSERVATION)

    assert contributing.is_verified
    assert verified_roots((contributing,)) == ()


@pytest.mark.parametrize(
    ("change", "stands"),
    [
        ({"text": "The forecast ignores weather"}, False),
        ({"evidence": "Hearsay"}, False),
        ({"evidence": ""}, False),
        ({"text": ROOT.text}, True),
        ({}, True),
    ],
)
def test_editing_undoes_the_verification(change, stands):
    edited = ROOT.verified(7, VerificationMethod.REPRODUCTION).edited(**change)

    assert edited.is_verified is stands
    assert (edited.verification is not None) is stands


def test_an_edit_past_this_module_undoes_it_too():
    verified = ROOT.verified(7, VerificationMethod.REPRODUCTION)

    assert not replace(verified, text="Something else").is_verified


@pytest.mark.parametrize(
    "text",
    [
        "话务员粗心",
        "主管疏忽了检查",
        "员工责任心不强",
        "新人忘记记录工单",
        "班长执行力不足",
        "The agent was careless",
        "Human error",
        "CSR forgot to log the call",
        "Staff didn’t follow the script",
        "Lack of attention in the night shift",
    ],
)
def test_blaming_a_person_is_noticed(text):
    assert blames_person(text)
    assert ends_at_person((WHY, Cause(id="x", text=text)))


@pytest.mark.parametrize(
    "text",
    [
        "排班系统没有考虑节假日",
        "流程没有规定复核步骤",
        "The forecast ignores holidays",
        "The script has no step for refunds",
        "Callers and careful agents share one queue",
        "",
    ],
)
def test_a_process_is_no_person(text):
    assert not blames_person(text)


def test_a_chain_that_ends_at_a_person_waits_for_an_answer_or_another_why():
    blame = Cause(id="x", text="The agent forgot", parent="a")
    answered = replace(blame, person_answer="The form saves without the field")
    asked_on = Cause(id="y", text="The form saves without the field", parent="x")

    assert person_chains_open((WHY, blame)) == ("The agent forgot",)
    assert person_chains_open((WHY, answered)) == ()
    assert person_chains_open((WHY, blame, asked_on)) == ()
    assert "流程" in PERSON_QUESTION.zh
    assert "process" in PERSON_QUESTION.en


def test_each_task_names_a_cause_that_still_exists():
    plan = (
        Removal(task="T1", causes=frozenset({"c"})),
        Removal(task="T2"),
        Removal(task="T3", causes=frozenset({"gone"})),
    )

    assert tasks_without_cause(TREE, plan) == ("T2", "T3")


def test_each_cause_has_a_task_or_a_reason():
    plan = (Removal(task="T1", causes=frozenset({"c"})),)
    excused = replace(ESCAPE, no_task_reason="Covered by the monthly metric review")

    assert causes_without_task(TREE, plan) == (ESCAPE.text, BRANCH.text)
    assert causes_without_task((WHY, ROOT, excused), plan) == ()
    assert causes_without_task((WHY,), ()) == ()


def test_fishbones_have_their_ribs_in_both_languages():
    assert [len(RIBS[each]) for each in RibSet] == [4, 8, 6]
    for ribs in RIBS.values():
        assert len({name for name, _ in ribs}) == len(ribs)
        assert all(title.zh and title.en for _, title in ribs)
