"""Values just on, below and beyond every line, and the words: cases that a slip of one sign would change."""

import hashlib
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from scoring import (
    attribution,
    catalogue,
    control,
    crosswalk,
    numbers,
    outlook,
    path,
    path_writer,
    rescore,
    series,
    variation,
)
from scoring.catalogue import CatalogueError, UnknownStandard
from scoring.control import Limits, Signal
from scoring.facts import CopcSheet, ItemFacts, LineFact, Metric, SeeSheet
from scoring.faults import Fault, SheetFaults
from scoring.hold import hold
from scoring.policy import DEFAULT, SWITCHES, BadValue, Policy
from scoring.sheet import Sheet, loads, parse
from tests.scoring import builders
from tests.scoring.builders import gap, item, lines, metrics
from tests.scoring.random_sheets import Maker

Plain = dict[str, Any]


def items_of(plain: Plain) -> CopcSheet:
    sheet = parse(plain)
    assert isinstance(sheet, CopcSheet)
    return sheet


def numbers_of(*values: int | str) -> list[Fraction]:
    return [Fraction(value) for value in values]


# ---------------------------------------------------------------- variation


def test_the_variation_rules_say_their_names_and_when_data_are_few() -> None:
    five, six = numbers_of(5, 6, 7, 5, 6), numbers_of(5, 6, 7, 5, 6, 7)

    assert [variation.bond_coefficient(data) for data in (five, six)] == [
        variation.Variation("C-VAR1", "0.3448", False, True),
        variation.Variation("C-VAR1", "0.3333", False, False),
    ]
    for data, few in ((five, True), (six, False)):
        spread = variation.spread_ratio(data)
        assert spread is not None
        assert (spread.rule, spread.few_data) == ("C-VAR2", few)
    for opportunities, few in ((5, True), (6, False)):
        sigma = variation.process_sigma(1, opportunities)
        assert sigma is not None
        assert (sigma.rule, sigma.few_data) == ("C-VAR3", few)


def test_two_values_are_enough_and_a_mean_of_nothing_is_not() -> None:
    for rule in (variation.bond_coefficient, variation.spread_ratio):
        assert rule(numbers_of(1, 1)) is not None
        assert rule(numbers_of("1/4", "1/2")) is not None
        assert rule(numbers_of(7)) is None
        assert rule([]) is None
        assert rule(numbers_of(-1, 1)) is None
        assert rule(numbers_of(-3, 1)) is None


def test_the_kind_of_deviation_and_its_line() -> None:
    """5 and 7: variance 2 by n - 1, 1 by n; mean 6; 36 × 2 ÷ 36 = 2, root 1.4142; 36 × 1 ÷ 36 = 1, on the line."""
    sample, population = (variation.spread_ratio(numbers_of(5, 7), kind) for kind in ("sample", "population"))

    assert sample is not None
    assert population is not None
    assert (sample.shown, sample.flagged) == ("1.4142", True)
    assert (population.shown, population.flagged) == ("1.0000", False)
    beyond = variation.spread_ratio(numbers_of("499/100", 7), "population")
    assert beyond is not None
    assert (beyond.shown, beyond.flagged) == ("1.0058", True)


def test_process_sigma_needs_some_defects_and_not_all() -> None:
    assert [variation.process_sigma(d, n) for d, n in ((0, 10), (10, 10), (0, 0), (-1, 10), (1, -5))] == [
        None
    ] * 5
    one, most = variation.process_sigma(1, 10), variation.process_sigma(9, 10)
    assert one is not None
    assert most is not None
    assert (one.shown, one.flagged, most.shown, most.flagged) == ("2.7816", False, "0.2184", True)
    half = variation.process_sigma(1, 2, Fraction(5, 2))
    assert half is not None
    assert (half.shown, half.flagged) == ("2.5000", False)


# ---------------------------------------------------------------- charts

LINES = Limits(Fraction(0), Fraction(1), Fraction(1), Fraction(-3), Fraction(3), Fraction(100), 20)


def fired(rule: str, *values: int | str) -> list[tuple[int, str]]:
    return [(s.place, s.side) for s in control.signals(numbers_of(*values), LINES) if s.rule == rule]


@pytest.mark.parametrize(
    ("rule", "values", "found"),
    [
        ("two_of_three", ("5/2", 0, "5/2"), [(2, "high")]),
        ("two_of_three", ("5/2", 0, 0, "5/2"), []),
        ("two_of_three", ("5/2", "5/2", 0), [(1, "high")]),
        ("two_of_three", ("-5/2", "5/2", "-5/2"), [(2, "low")]),
        ("two_of_three", (2, 2, 2), []),
        ("four_of_five", ("3/2", "3/2", 0, "3/2", "3/2"), [(4, "high")]),
        ("four_of_five", ("3/2", "3/2", 0, "3/2", 0, "3/2"), []),
        ("four_of_five", ("3/2", "3/2", 0, 0, "3/2", "3/2"), []),
        ("four_of_five", ("-3/2", "-3/2", "-3/2", "-3/2"), [(3, "low")]),
        ("eight_on_a_side", (1, 1, 1, 1, 1, 1, 1), []),
        ("eight_on_a_side", (1, 1, 1, 1, 1, 1, 1, 1), [(7, "high")]),
        ("beyond_limits", (4, 3, -4), [(0, "high"), (2, "low")]),
    ],
)
def test_rules_on_several_points_reach_back_as_far_as_they_say(
    rule: str, values: tuple[int | str, ...], found: list[tuple[int, str]]
) -> None:
    assert fired(rule, *values) == found


def test_signals_are_exactly_those_of_the_whole_series() -> None:
    assert control.signals(numbers_of(0, 4, 0), LINES) == (Signal(1, "beyond_limits", "high"),)


# ---------------------------------------------------------------- what a gap holds


def held(plain: Plain) -> CopcSheet:
    found = hold(items_of(plain))
    assert isinstance(found, CopcSheet)
    return found


@pytest.mark.parametrize("said", [True, False])
def test_the_word_on_4_7_is_held_at_no(said: bool) -> None:
    word = {"item": "4.7", "fact": "compliant"}

    assert (
        held(builders.sheet(gaps=[gap("A", word)], _4_7=item("4.7", compliant=said))).items["4.7"].compliant
        is False
    )


def test_a_metric_fact_where_the_item_has_no_metrics_and_another_item_s_word_change_nothing() -> None:
    plain = builders.sheet(
        gaps=[gap("A", {"item": "4.7", "line": "4.7-0"})], _4_7=item("4.7", compliant=True)
    )

    assert held(plain).items["4.7"].compliant is True


def test_a_flagged_line_that_is_held_keeps_its_flag() -> None:
    flagged = {"a": "met", "b": {"status": "met", "improvement_approach": True}}
    plain = builders.sheet(gaps=[gap("A", {"item": "4.2", "line": "b"})], _4_2=item("4.2", lines=flagged))

    assert held(plain).items["4.2"].lines["b"] == LineFact("not_met", True)


@pytest.mark.parametrize("fact", ["cui", "improves"])
def test_what_fails_anyway_is_left_as_it_is_written(fact: str) -> None:
    metric = {"id": "m", "usable": False, "meets_target": True}
    plain = builders.sheet(
        gaps=[gap("A", {"item": "4.2", "metric": "m", "fact": fact})], _4_2=item("4.2", metrics=[metric])
    )

    assert held(plain).items["4.2"].metrics == (Metric("m", usable=False, meets_target=True),)


def test_a_metric_is_held_by_the_switches_of_its_sheet() -> None:
    """The last three of six months meet: 3 of 6 does not, 3 of 3 does; with a window of 3 there is what to hold."""
    values = {f"2026-0{n}": "9" if n < 4 else "11" for n in range(1, 7)}
    metric = {"id": "m", "better": "higher", "target": "10", "values": values}
    plain = builders.sheet(
        policy={"metric.window": 3},
        gaps=[gap("A", {"item": "4.2", "metric": "m", "fact": "meets"})],
        _4_2=item("4.2", metrics=[metric]),
    )

    found = held(plain)

    assert rescore.score(items_of(plain)).items["4.2"].dimensions["level"] == 100  # type: ignore[union-attr]
    assert rescore.score(found).items["4.2"].dimensions["level"] == 0  # type: ignore[union-attr]


def test_a_row_exactly_at_what_a_closure_promises_is_held_one_below() -> None:
    plain = builders.see_sheet([[2] * 3] * 5, [[2] * 5] * 3)
    plain["gaps"] = [gap("A", {"criterion": "S1", "row": "approach", "level": 2})]

    found = hold(parse(plain))

    assert isinstance(found, SeeSheet)
    assert found.rows["S1"]["approach"] == 1


# ---------------------------------------------------------------- what stands on the edge


def edge_of(plain: Plain, item_id: str, kind: str) -> list[outlook.Edge]:
    return [edge for edge in outlook.edges(items_of(plain)) if (edge.item, edge.kind) == (item_id, kind)]


def test_a_flagged_line_that_note_3_would_waive_stands_on_no_edge() -> None:
    """With 4 of 4 at target, b leaves both sides when it fails; a does not."""
    flagged = {"a": "met", "b": {"status": "met", "improvement_approach": True}}

    found = edge_of(builders.sheet(_4_2=item("4.2", lines=flagged)), "4.2", "line")

    assert [edge.facts for edge in found] == [("a",)]


def test_a_flagged_line_stands_on_the_edge_where_nothing_is_waived() -> None:
    flagged = {"a": "met", "b": {"status": "met", "improvement_approach": True}, "c": "not_applicable"}

    found = edge_of(builders.sheet(_4_2=item("4.2", lines=flagged, metrics=metrics(4, 2, 2))), "4.2", "line")

    assert [edge.facts for edge in found] == [("a",), ("b",)]


def test_a_lone_line_and_a_lone_unit_are_edges_too() -> None:
    one = builders.PROGRAMMES[:1]
    plain = builders.sheet(_2_3=item("2.3", lines={"a": "met"}, in_scope=one, deployed=one))

    assert [edge.lost for kind in ("line", "unit") for edge in edge_of(plain, "2.3", kind)] == [100, 100]
    assert edge_of(builders.sheet(_2_3=item("2.3", deployed=[])), "2.3", "unit") == []


def test_units_outside_the_scope_hold_nothing_up() -> None:
    two, four = builders.PROGRAMMES[:2], builders.PROGRAMMES[:4]

    (found,) = edge_of(builders.sheet(_2_3=item("2.3", in_scope=two, deployed=four)), "2.3", "unit")

    assert found.facts == tuple(two)
    nowhere = item("2.3", in_scope=two, deployed=builders.PROGRAMMES[4:6])
    assert edge_of(builders.sheet(_2_3=nowhere), "2.3", "unit") == []


def test_the_switches_of_the_sheet_decide_what_meets() -> None:
    values = {f"2026-0{n}": "9" if n < 4 else "11" for n in range(1, 7)}
    metric = {"id": "m", "better": "higher", "target": "10", "values": values}
    plain = builders.sheet(policy={"metric.window": 3}, _4_2=item("4.2", metrics=[metric]))

    (found,) = edge_of(plain, "4.2", "meets")

    assert (found.facts, found.drops[0].then) == (("m",), 0)
    series = items_of(plain).items["4.2"].metrics
    assert series is not None
    assert outlook.spare_misses(series[0], Policy(window=3)) == 1
    assert outlook.spare_misses(series[0], DEFAULT) is None


def test_metrics_that_meet_and_improve_weigh_the_same_as_those_that_only_meet() -> None:
    """Both kinds in one group for `meets`; two groups for the data, which take the improvement along."""
    entry = item("4.2", metrics=metrics(4, 2, 1))

    assert [edge.facts for edge in edge_of(builders.sheet(_4_2=entry), "4.2", "meets")] == [
        ("metric-0", "metric-1")
    ]
    assert [edge.facts for edge in edge_of(builders.sheet(_4_2=entry), "4.2", "cui")] == [
        ("metric-0",),
        ("metric-1",),
    ]


@pytest.mark.parametrize("kind", ["meets", "improves"])
def test_one_fact_fails_and_the_other_stays(kind: str) -> None:
    """A series that meets and improves; only what fails falls."""
    values = {f"2026-0{n}": str(10 + n) for n in range(1, 7)}
    metric = {"id": "m", "better": "higher", "target": "10", "values": values}

    (found,) = edge_of(builders.sheet(_4_2=item("4.2", metrics=[metric])), "4.2", kind)

    wanted = {"meets": [("level", 100, 0)], "improves": [("trend", 50, 0)]}[kind]
    assert [(drop.dimension, drop.now, drop.then) for drop in found.drops] == wanted


def test_every_month_to_come_may_miss_only_within_the_window() -> None:
    values = tuple((f"2026-0{n}", Fraction(11)) for n in range(1, 7))
    lower = Metric("m", better="lower", target=(("", Fraction(11)),), values=values)

    assert outlook.spare_misses(lower, Policy(meet_share=Fraction(1, 100))) == 5
    assert outlook.spare_misses(lower, DEFAULT) == 2


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ({}, "an object"),
        ([], "a list"),
        ((), "a list"),
        (17, "17"),
        (Decimal("1.50"), "1.50"),
        (2**240 - 1, str(2**240 - 1)[:40] + "…"),
        (2**240, "a very long number"),
        ("a\nb", "'a\\nb'"),
        ("x" * 38, "'" + "x" * 38 + "'"),
        ("x" * 39, "'" + "x" * 39 + "…"),
    ],
)
def test_a_wrong_value_is_quoted_in_one_short_line(value: object, shown: str) -> None:
    assert numbers.describe(value) == shown


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("copc.cert_policy", "mild", "must be strict or lenient, not 'mild'"),
        ("copc.cert_policy", 5, "must be strict or lenient, not 5"),
        ("copc.sigma_shift", "2", "must be 1.5 or 0, not '2'"),
        ("metric.window", "7/2", "must be a whole number of at least 3 periods, not '7/2'"),
        ("metric.window", 2, "must be a whole number of at least 3 periods, not 2"),
        ("metric.meet_share", 0, "must be above 0 and at most 1"),
        ("metric.meet_share", "101/100", "must be above 0 and at most 1"),
        ("copc.gold_pass_points", -1, "must not be negative"),
        ("copc.gold_pass_points", "many", "not a number: 'many'"),
    ],
)
def test_a_switch_says_what_it_takes(key: str, value: object, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        Policy().with_keys({key: value})
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("copc.sigma_shift", "0", "0"),
        ("copc.sigma_shift", "3/2", "1.5"),
        ("metric.window", 3, 3),
        ("metric.window", "6", 6),
        ("metric.meet_share", 1, "1"),
        ("metric.meet_share", "1/100", "1/100"),
        ("copc.gold_pass_points", 0, "0"),
    ],
)
def test_a_switch_takes_its_very_ends(key: str, value: object, read: object) -> None:
    assert Policy().with_keys({key: value}).to_json()[key] == read


def test_every_choice_of_a_switch_is_listed_and_taken() -> None:
    listed = {key: switch.choices for key, switch in SWITCHES.items() if switch.choices}

    assert listed["copc.cert_policy"] == ("strict", "lenient")
    assert len(listed) == 9
    for key, choices in listed.items():
        for choice in choices:
            assert Policy().with_keys({key: choice}).to_json()[key] == choice


def test_faults_are_told_one_a_line() -> None:
    assert str(SheetFaults([Fault("a", "no"), Fault("b.c", "neither")])) == "a: no\nb.c: neither"


def test_what_is_lost_in_a_criterion_is_told_with_its_percent() -> None:
    plain = builders.see_sheet([[4, 4, 2], *[[4] * 3] * 4], [[4] * 5] * 3)

    row, lost = rescore.score(parse(plain)).criteria["S1"].reasons  # type: ignore[union-attr]

    assert row.text("en").endswith("at level 2 of 4")
    assert lost.text("en") == "16.7 of 100 points lost: the mean of the rows is 83.3 % (S-PTS)"


def test_unknown_standards_and_replaced_ones_are_named() -> None:
    with pytest.raises(UnknownStandard, match="made-up@1"):
        catalogue.source("made-up@1")
    with pytest.raises(CatalogueError) as caught:
        catalogue.register(catalogue.load(catalogue.COPC))
    assert [fault.path for fault in caught.value.faults] == ["id"]


def test_a_pin_that_proposes_nothing_does_not_silence_those_after_it() -> None:
    copc, see = catalogue.load(catalogue.COPC), catalogue.load(catalogue.SEE_CMM)
    word, unit = rescore.Release("compliant", "4.7", fact="compliant"), rescore.Release("unit", "2.3", "card")

    assert crosswalk.propose(copc, see, [word, unit]) == crosswalk.propose(copc, see, [unit])
    assert crosswalk.propose(copc, see, [unit])


def test_the_reason_of_an_approach_names_what_is_not_met() -> None:
    result = rescore.score(parse(builders.sheet(_1_2=item("1.2", lines=lines("1.2", 4, 1)))))

    assert [reason.text("en") for reason in result.items["1.2"].reasons] == [  # type: ignore[union-attr]
        "approach 75: 4 of 5 lines met (C-13-APP); not met: 1.2-4",
        "10 of 40 points lost: the lower of approach 75 and deployment 100 counts (C-13-ITEM)",
    ]


@pytest.mark.parametrize(
    ("months", "silent"), [((), 0), (("2026-02",), 3), (("2026-01", "2026-02", "2026-04"), 1)]
)
def test_silence_is_counted_from_the_last_value_and_needs_one(months: tuple[str, ...], silent: int) -> None:
    metric = Metric("m", values=tuple((month, Fraction(1)) for month in months))

    assert series.standing(metric, "2026-06").silent == silent


# ---------------------------------------------------------------- identity and canonical form


def test_the_canonical_form_is_sorted_tight_and_utf_8() -> None:
    wanted = hashlib.sha256('{"a":["方案","é"],"b":{"c":"1"}}'.encode()).hexdigest()

    assert rescore.content_hash({"b": {"c": "1"}, "a": ["方案", "é"]}) == wanted
    with pytest.raises(ValueError, match="JSON"):
        rescore.content_hash({"a": float("nan")})


def test_facts_that_no_closure_changes_stay_the_same_object() -> None:
    facts = ItemFacts("1.2", lines={"a": LineFact("met")}, deployed=("card",))
    line, unit = (rescore.Release(kind, "1.2", name) for kind, name in (("line", "a"), ("unit", "card")))

    assert rescore.release_facts(facts, [line, unit]) is facts
    assert rescore.release_facts(facts, [rescore.Release("unit", "1.2", "loan")]).deployed == ("card", "loan")


def test_blank_criteria_count_nothing() -> None:
    plain = builders.see_sheet([[2] * 3] * 5, [[2] * 5] * 3)
    plain["rows"]["S1"]["approach"] = None

    assert rescore.score(parse(plain)).points_of()["S1"] == 0


def test_an_attribution_says_gain_exact_and_where_sampled_an_error() -> None:
    same = [gap(f"NC-{n:02}", {"item": "1.2", "line": "1.2-4"}) for n in range(20)]
    entry = item("1.2", lines=lines("1.2", 4, 1))
    idle = gap("idle")

    sampled = attribution.attribute(parse(builders.sheet(gaps=[*same, idle], _1_2=entry))).to_json()
    exact = attribution.attribute(parse(builders.sheet(gaps=same[:2], _1_2=entry))).to_json()

    assert exact == {
        "gain": "10",
        "exact": True,
        "gaps": {name: {"alone": "0", "last": "10", "share": "5"} for name in ("NC-00", "NC-01")},
    }
    assert (sampled["gain"], sampled["exact"]) == ("10", False)
    assert sampled["gaps"]["idle"] == {"alone": "0", "last": "0", "share": "0", "standard_error": "0"}
    assert 0 < Fraction(sampled["gaps"]["NC-07"]["standard_error"]) < 1


# ---------------------------------------------------------------- the program and the scorer


@pytest.mark.parametrize("names", ["XY", "YX"])
def test_among_equals_that_do_different_things_the_smallest_list_is_taken(names: str) -> None:
    """10 points by a line of 1.2 or by a unit of 3.4, at the same effort, with what else is needed in both."""
    first, second = names
    plain = builders.sheet(
        _1_2=item("1.2", lines=lines("1.2", 3, 1)),
        _3_4=item("3.4", deployed=builders.POSITIONS[:8]),
        _2_7=item("2.7", lines=lines("2.7", 3, 1)),
    )
    plain["gaps"] = [
        gap("W", {"item": "2.7", "line": "2.7-3"}, effort="1/2"),
        gap(first, {"item": "1.2", "line": "1.2-3"}),
        gap(second, {"item": "3.4", "unit": builders.POSITIONS[8]}),
    ]

    assert path.find(parse(plain), "points=1990").close == ("W", "X")
    assert path.find(parse(plain), "points=2000").close == ("W", "X", "Y")


@pytest.mark.parametrize("seed", range(12))
def test_the_program_never_finds_what_the_scorer_refuses(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is checked by the scorer in any case; here the program itself must have been right at once."""

    def refused(self: path_writer.Writer, found: set[int]) -> None:
        raise AssertionError(f"the scorer refuses {sorted(found)}")

    monkeypatch.setattr(path_writer.Writer, "forbid", refused)
    maker = Maker(seed)
    for plain, goals in (
        (maker.sheet(gaps=8, rough=0.25, blank=0.02), ["lenient", "strict"]),
        (maker.rows(gaps=6), ["level=1", "level=2"]),
        (maker.rows(gaps=6, empty=0), ["level=1", "level=3"]),
    ):
        sheet: Sheet = loads(json.dumps(plain))
        simulated = rescore.simulate(sheet)
        gain = simulated.after.total - simulated.before.total
        halves = [f"points={simulated.before.total + gain * part / 4}" for part in (1, 2, 3)]
        for goal in (*goals, *halves):
            plan = path.find(sheet, goal)
            assert path.reaches(plan.result, plan.goal) is plan.feasible
