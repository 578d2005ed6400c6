"""What is said about a criterion: the row that decides, the sum of its points, and what the next level takes."""

from scoring import catalogue, see_cmm
from scoring.explain_rows import explain
from scoring.policy import Policy
from scoring.sheet import SeeSheet, parse


def sheet(level: int = 2, policy: dict[str, str] | None = None, **rows: dict[str, int]) -> SeeSheet:
    known = catalogue.load(catalogue.SEE_CMM)
    marks = {each.id: {row.id: level for row in each.rows} for each in known.criteria}
    for name, changed in rows.items():
        marks[name] |= changed
    plain = {
        "format": "score-sheet/1",
        "standard": known.id,
        "as_of": "2026-06-30",
        "policy": policy or {},
        "rows": marks,
    }
    found = parse(plain)
    assert isinstance(found, SeeSheet)
    assert isinstance(found.policy, Policy)
    return found


def told(found: SeeSheet, criterion: str = "S1") -> str:
    said = explain(found, see_cmm.score(found), criterion)
    assert all(text.zh and "{" not in text.zh for text in (*said.why, *said.change))
    return "\n".join(text.en for text in (*said.why, *said.change))


def test_the_lowest_row_decides_and_holds_the_overall_level() -> None:
    words = told(sheet(S1={"feedback": 1}))

    assert "The level is 1: the lowest row decides (S-LEVEL), and that is Feedback" in words
    assert "(2 + 2 + 1) of 12 = 41.7 %, 41.7 of 100 points (S-PTS)" in words
    assert "it holds the overall level at 1" in words
    assert "the criterion would reach level 2, and the points would move by +8.3" in words
    assert "That alone would lift the overall level to 2." in words


def test_two_weak_criteria_hold_it_together() -> None:
    words = told(sheet(S1={"feedback": 1}, S4={"deployed": 1}))

    assert "would reach level 2" in words
    assert "That alone" not in words


def test_the_mean_rule_says_so() -> None:
    words = told(sheet(S1={"feedback": 1}, policy={"see.level_rule": "mean_floor"}))

    assert "The level is 1: the mean of the rows, 1.7, rounded down (S-LEVEL)." in words


def test_a_full_criterion_asks_for_nothing_and_an_empty_row_has_no_level() -> None:
    full = explain(sheet(4), see_cmm.score(sheet(4)), "S1")
    assert full.change == ()

    empty = SeeSheet("see-cmm@2009", sheet().as_of, rows={"S1": {"approach": 2}})
    assert "There is no level yet" in told(empty)
