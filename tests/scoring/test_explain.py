"""What is said about an item: each sentence names the count, the band and the rule, and promises what scoring gives."""

import re

import pytest

from scoring import rescore
from scoring.explain import Explanation, explain
from scoring.numbers import show
from scoring.results import CopcResult
from scoring.sheet import CopcSheet, parse
from scoring.text import Text
from tests.scoring import builders
from tests.scoring.random_sheets import Maker


def told(item_id: str, plain: builders.Plain, names: dict[str, Text] | None = None) -> Explanation:
    sheet = parse(plain)
    result = rescore.score(sheet)
    assert isinstance(sheet, CopcSheet)
    assert isinstance(result, CopcResult)
    return explain(sheet, result, item_id, names)


def english(found: tuple[Text, ...]) -> str:
    return "\n".join(text.en for text in found)


@pytest.mark.parametrize(
    ("deployed", "score", "words"),
    [
        (10, 100, "10 of 10 programmes, 100 %: all of them"),
        (
            9,
            100,
            "9 of 10 programmes, 90 %: exactly the lower edge of 90 %, which belongs to the band above it",
        ),
        (8, 75, "8 of 10 programmes, 80 %: at least 75 % and below 90 %"),
        (2, 0, "2 of 10 programmes, 20 %: below 25 %"),
    ],
)
def test_deployment_names_its_share_and_its_band(deployed: int, score: int, words: str) -> None:
    item = builders.item("2.3", deployed=builders.PROGRAMMES[:deployed])

    why = english(told("2.3", builders.sheet(_2_3=item)).why)

    assert f"Deployment is {score}: the approach is fully deployed in {words}" in why
    assert "(C-13-DEP)" in why


def test_at_exactly_ninety_percent_the_rest_brings_nothing_and_one_less_costs_a_band() -> None:
    item = builders.item("2.3", deployed=builders.PROGRAMMES[:9])
    names = {builders.PROGRAMMES[9]: Text(zh="理赔", en="Claims")}

    found = told("2.3", builders.sheet(_2_3=item), names)

    assert "Deploying the rest as well (Claims) would add no points, only reserve." in english(found.change)
    assert "one more unit not deployed, deployment would fall from 100 to 75, and 25 points" in english(
        found.change
    )
    assert "未部署：理赔" in "".join(text.zh for text in found.why)


def test_an_approach_held_down_by_the_other_dimension_promises_no_points() -> None:
    item = builders.item("2.3", lines=builders.lines("2.3", 3, 1), deployed=builders.PROGRAMMES[:5])

    change = english(told("2.3", builders.sheet(_2_3=item)).change)

    assert "1 more requirement line met would make approach 100, but no points yet" in change
    assert (
        "3 more of its programmes fully deployed would make deployment 75 and move the total by +25" in change
    )


CUI = [
    {"id": "a", "meets_target": True, "improving": True, "integrity": False},
    {"id": "b", "meets_target": True, "improving": True, "usable": False},
    {"id": "c", "meets_target": True, "improving": False},
    {"id": "d", "meets_target": False, "improving": False},
    {"id": "e"},
]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("keep", "stay in both denominators, so level reads 1 of 5 and trend 0 of 5"),
        ("drop", "leave the denominator of the level, which reads 1 of 2; trend counts 0 of 5"),
    ],
)
def test_failing_data_are_named_with_what_they_do_to_the_denominators(policy: str, words: str) -> None:
    sheet = builders.sheet(policy={"copc.cui_denominator": policy}, _4_4=builders.item("4.4", metrics=CUI))

    found = told("4.4", sheet)

    why = english(found.why)
    assert (
        "The data of 3 required metrics cannot be trusted: a fails I (integrity not shown); b fails U" in why
    )
    assert "e fails C (not collected, or fewer than three values)" in why
    assert words in why
    assert "Were all its data trusted and nothing else changed, level would read 3 of 5 (100)" in english(
        found.change
    )


def test_the_word_on_4_7_says_whose_trends_it_fills_and_what_it_is_worth() -> None:
    one = builders.item("4.6", metrics=builders.metrics(4, 4, 1))
    yes = builders.item("4.7", compliant=True)

    found = told("4.7", builders.sheet(_4_6=one, _4_7=yes))

    assert "that lifts 4.6 and brings +16.7 points (C-N4)" in english(found.why)
    assert "Taking the word back would cost 16.7 points" in english(found.change)
    lifted = told("4.6", builders.sheet(_4_6=one, _4_7=yes))
    assert "Trend is 100 by note 4" in english(lifted.why)
    assert "1 of 4 required metrics improving, would give 50" in english(lifted.why)
    said_no = told("4.7", builders.sheet(_4_6=one, _4_7=builders.item("4.7", compliant=False)))
    assert "would bring +16.7 points by the trends of 4.1 to 4.6; its figures suggest it" in english(
        said_no.change
    )


def test_the_computed_word_is_worth_the_same() -> None:
    one = builders.item("4.6", metrics=builders.metrics(4, 4, 1))
    sheet = builders.sheet(policy={"copc.c47_compliant": "computed"}, _4_6=one)

    assert "its three scores are all 100" in english(told("4.7", sheet).why)
    assert "that lifts 4.6 and brings +16.7 points" in english(told("4.7", sheet).why)


def test_gold_has_no_note_4() -> None:
    why = english(told("4.7", builders.sheet("gold", _4_7=builders.item("4.7", compliant=True))).why)

    assert "lifts no trend here" in why


def test_waived_lines_and_overrules_are_said() -> None:
    waived = builders.item("4.4", lines=builders.lines("4.4", 3, 0, 1), metrics=builders.metrics(4, 3, 2))
    ruled = builders.item(
        "1.2", lines=builders.lines("1.2", 4, 1), overrule={"approach": 100, "reason": "seen"}
    )
    sheet = builders.sheet(_4_4=waived, _1_2=ruled)

    assert "by note 3 these unmet lines on improvement do not count: 4.4-3 (C-N3)" in english(
        told("4.4", sheet).why
    )
    assert "an assessor set it so; the facts alone would give 75. Reason: seen" in english(
        told("1.2", sheet).why
    )
    assert "While approach is overruled, closing findings on it moves nothing there." in english(
        told("1.2", sheet).change
    )


@pytest.mark.parametrize("seed", range(40))
def test_what_is_promised_is_what_scoring_gives(seed: int) -> None:
    """Every item of random sheets is explained in both languages, and its points are those of the result."""
    sheet = parse(Maker(seed).sheet())
    result = rescore.score(sheet)
    assert isinstance(sheet, CopcSheet)
    assert isinstance(result, CopcResult)

    for item in result.items.values():
        found = explain(sheet, result, item.id)

        assert found.why
        for text in (*found.why, *found.change):
            assert text.en
            assert re.search(r"[\u4e00-\u9fff]", text.zh)
            assert "{" not in text.en + text.zh
        if item.points is not None:
            shown = show(item.points, 0 if item.points.denominator == 1 else 1)
            assert f"{shown} of " in found.why[-1].en
