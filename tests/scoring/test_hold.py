"""Facts that an open gap pins count as not met, whatever the records and the data say."""

import pytest

from scoring import rescore
from scoring.hold import hold
from scoring.sheet import CopcSheet, SeeSheet, parse

SERIES = {
    "2026-01": "90",
    "2026-02": "91",
    "2026-03": "92",
    "2026-04": "95",
    "2026-05": "96",
    "2026-06": "97",
}


def sheet(item: str, facts: dict, releases: list[dict], **more: object) -> CopcSheet:
    found = parse(
        {
            "format": "score-sheet/1",
            "standard": "copc-2000-csp@4.1",
            "as_of": "2026-06-30",
            "programmes": ["card", "loan"],
            "key_positions": ["csr"],
            "items": {item: facts},
            "gaps": [{"id": "NC-0001", "releases": releases}],
        }
        | more
    )
    assert isinstance(found, CopcSheet)
    return found


def test_a_met_line_that_is_pinned_counts_as_unmet() -> None:
    held = hold(sheet("1.2", {"lines": {"1.2-1": "met"}}, [{"item": "1.2", "line": "1.2-1"}]))

    assert held.items["1.2"].lines["1.2-1"].status == "not_met"


def test_a_line_that_is_not_applicable_stays_so() -> None:
    held = hold(sheet("2.1", {"lines": {"2.1-2a": "not_applicable"}}, [{"item": "2.1", "line": "2.1-2a"}]))

    assert held.items["2.1"].lines["2.1-2a"].status == "not_applicable"


def test_a_deployed_unit_that_is_pinned_counts_as_not_deployed() -> None:
    held = hold(sheet("2.7", {"deployed": ["card", "loan"]}, [{"item": "2.7", "unit": "loan"}]))

    assert held.items["2.7"].deployed == ("card",)


@pytest.mark.parametrize(("fact", "dimension"), [("meets", "level"), ("improves", "trend"), ("cui", "level")])
def test_a_metric_fact_needs_the_data_and_no_open_gap(fact: str, dimension: str) -> None:
    metric = {"id": "fcr", "better": "higher", "target": "90", "values": SERIES}
    free = sheet("4.4", {"metrics": [metric]}, [{"item": "4.4", "metric": "fcr", "fact": fact}])

    held = rescore.score(hold(free)).items["4.4"].dimensions[dimension]

    assert held < rescore.score(free).items["4.4"].dimensions[dimension]


def test_a_metric_that_misses_its_target_anyway_keeps_its_series_as_it_is() -> None:
    metric = {"id": "fcr", "better": "higher", "target": "99", "values": SERIES}
    free = sheet("4.4", {"metrics": [metric]}, [{"item": "4.4", "metric": "fcr", "fact": "meets"}])

    assert hold(free) == free


def test_releasing_trust_in_the_data_does_not_release_a_target_that_is_pinned_too() -> None:
    metric = {"id": "fcr", "better": "higher", "target": "90", "values": SERIES}
    both = sheet("4.4", {"metrics": [metric]}, [{"item": "4.4", "metric": "fcr", "fact": "cui"}], gaps=[
        {"id": "NC-0001", "releases": [{"item": "4.4", "metric": "fcr", "fact": "cui"}]},
        {"id": "NC-0002", "releases": [{"item": "4.4", "metric": "fcr", "fact": "meets"}]},
    ])  # fmt: skip

    after = rescore.simulate(hold(both), ["NC-0001"]).after

    assert after.items["4.4"].dimensions["level"] == 0
    assert after.items["4.4"].dimensions["trend"] == 50


def test_closing_every_gap_gives_the_score_of_the_facts_alone() -> None:
    metric = {"id": "fcr", "better": "higher", "target": "90", "values": SERIES}
    releases = [{"item": "4.4", "metric": "fcr", "fact": fact} for fact in ("cui", "meets", "improves")]
    facts = {"lines": {"4.4-1": "met"}, "metrics": [metric]}
    free = sheet("4.4", facts, [*releases, {"item": "4.4", "line": "4.4-1"}])

    after = rescore.simulate(hold(free)).after

    assert after.total == rescore.score(free).total


def test_a_row_is_held_one_level_below_what_its_closure_promises() -> None:
    found = parse(
        {
            "format": "score-sheet/1",
            "standard": "see-cmm@2009",
            "as_of": "2026-06-30",
            "rows": {"S1": {"approach": 3, "deployed": 1, "feedback": None}},
            "gaps": [
                {
                    "id": "NC-0001",
                    "releases": [
                        {"criterion": "S1", "row": "approach", "level": 2},
                        {"criterion": "S1", "row": "deployed", "level": 2},
                        {"criterion": "S1", "row": "feedback", "level": 2},
                    ],
                }
            ],
        }
    )
    assert isinstance(found, SeeSheet)

    assert hold(found).rows["S1"] == {"approach": 1, "deployed": 1, "feedback": None}
