"""Repeats: what a finding has to do with records that are there, and the grade that speaks for itself (E.3, E.6)."""

from datetime import date, timedelta

import pytest

from workflows.kinds import Grade
from workflows.repeats import (
    ALIKE,
    REPEAT_DAYS,
    Finding,
    GradeAnswers,
    Known,
    Match,
    Sign,
    compare,
    features,
    groups_of,
    likeness,
    minors_hint,
    propose_grade,
)

TODAY = date(2026, 11, 2)
RECENT = TODAY - timedelta(days=REPEAT_DAYS)
LONG_AGO = RECENT - timedelta(days=1)
FACT = "2.7/line/2.7-1"
FOUND = Finding(
    facts=frozenset({FACT}), elements=frozenset({"2.7"}), cause="process", title="Complaints are not recorded"
)


def known(**fields: object) -> Known:
    return Known(**{"number": 1, "open": True, **fields})


@pytest.mark.parametrize(
    ("record", "match", "signs"),
    [
        (known(facts=frozenset({FACT})), Match.CARRIED, {Sign.SAME_FACTS}),
        (known(facts=frozenset({FACT}), open=False, closed_on=RECENT), Match.REPEAT, {Sign.SAME_FACTS}),
        (known(facts=frozenset({FACT}), open=False, closed_on=LONG_AGO), None, set()),
        (known(facts=frozenset({FACT}), open=False), None, set()),  # void
        (known(facts=frozenset({FACT}), same_site=False), None, set()),
        (known(facts=frozenset({"2.7/line/2.7-2"})), None, set()),
        (known(elements=frozenset({"2.7"}), causes=frozenset({"process"}), open=False, closed_on=RECENT),
         Match.REPEAT, {Sign.SAME_CAUSE}),
        (known(elements=frozenset({"2.7"}), causes=frozenset({"people"})), None, set()),
        (known(elements=frozenset({"4.1"}), causes=frozenset({"process"})), None, set()),
        (known(title="Complaints are not recorded", elements=frozenset({"2.7"})),
         Match.CARRIED, {Sign.SIMILAR_TEXT}),
        (known(title="Complaints are not recorded", elements=frozenset({"4.1"})),
         Match.ALIKE, {Sign.SIMILAR_TEXT}),
        (known(title="Complaints are not recorded", elements=frozenset({"2.7"}), same_site=False),
         Match.ALIKE, {Sign.SIMILAR_TEXT}),
        (known(title="The recording of complaints"), Match.ALIKE, {Sign.SIMILAR_TEXT}),
        (known(title="Attrition of agents above target"), None, set()),
    ],
)  # fmt: skip
def test_what_a_known_record_is_to_a_finding(record, match, signs):
    found = compare(FOUND, [record], TODAY)

    assert [each.match for each in found] == ([] if match is None else [match])
    assert {sign for each in found for sign in each.signs} == signs


def test_the_surest_comes_first():
    records = [
        known(number=1, title="Complaints are recorded late"),
        known(number=2, facts=frozenset({FACT}), open=False, closed_on=RECENT),
        known(number=3, facts=frozenset({FACT})),
    ]

    assert [each.number for each in compare(FOUND, records, TODAY)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("投诉没有记录", "客户投诉未被记录", True),
        ("投诉没有记录", "座席流失率过高", False),
        ("Calls escalated without notes", "Escalation of calls has no notes", True),
        ("Calls escalated without notes", "Training plan is out of date", False),
        ("ＦＣＲ 未达标", "FCR 未达标", True),
        ("", "", False),
    ],
)
def test_texts_are_alike_in_both_languages(one, other, alike):
    assert (likeness(features(one), features(other)) >= ALIKE) is alike


def test_a_text_is_like_itself_and_order_does_not_matter():
    words = features("Complaints are not recorded 投诉没有记录")

    assert likeness(words, words) == 1.0
    assert likeness(words, features("投诉没有记录")) == likeness(features("投诉没有记录"), words)


def test_one_common_word_looks_nothing_up():
    assert groups_of("the complaints of the calls", 9) == (("compla", "calls"),)
    assert groups_of("投诉没有记录", 2) == (("投诉没",), ("诉没有",))
    assert groups_of("  of the ", 9) == ()


@pytest.mark.parametrize(
    ("answers", "grade", "reasons"),
    [
        (GradeAnswers(), Grade.MINOR, 1),
        (GradeAnswers(absent=True), Grade.MAJOR, 1),
        (GradeAnswers(weak_approach=True, weak_deployment=True), Grade.MAJOR, 2),
        (GradeAnswers(metric_fails=True), Grade.MAJOR, 1),
        (GradeAnswers(repeats=True), Grade.MAJOR, 1),
        (GradeAnswers(unmet=False, repeats=True), Grade.MAJOR, 1),
        (GradeAnswers(unmet=False, may_become=True), Grade.OBSERVATION, 1),
        (GradeAnswers(unmet=False), Grade.OFI, 1),
        (GradeAnswers(open_minors=9), Grade.MINOR, 1),
    ],
)
def test_the_questions_propose_a_grade_with_reasons(answers, grade, reasons):
    found = propose_grade(answers)

    assert found.grade is grade
    assert len(found.reasons) == reasons


@pytest.mark.parametrize(("minors", "said"), [(1, False), (2, False), (3, True), (4, True)])
def test_three_open_minors_on_an_item_are_a_hint(minors, said):
    assert (minors_hint(minors) is not None) is said
