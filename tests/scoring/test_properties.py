"""What must hold for every sheet: closing never costs points, nothing is lost in writing, no float is met."""

import json
from fractions import Fraction
from itertools import combinations
from math import factorial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring import attribution, closures, path, rescore
from scoring.rescore import Result
from scoring.sheet import Sheet, loads, parse, to_json
from tests.scoring import builders

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BRUTE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TOUCHED = ["1.2", "2.3", "3.3", "4.1", "4.4", "4.6", "4.7"]
LINE = st.sampled_from(["met", "not_met", "not_met", {"status": "not_met", "improvement_approach": True}])


@st.composite
def metrics(draw: st.DrawFn, count: int) -> dict[str, Any]:
    if draw(st.booleans()):
        stated = st.booleans()
        return {
            "id": f"m{count}",
            "integrity": draw(stated),
            "meets_target": draw(stated),
            "improving": draw(stated),
        }
    values = draw(st.lists(st.decimals("0", "20", places=1), min_size=0, max_size=8))
    months = {f"2025-{month:02}": str(value) for month, value in enumerate(values, start=1)}
    found = {"id": f"m{count}", "better": draw(st.sampled_from(["higher", "lower"])), "values": months}
    return found | ({"target": "10"} if draw(st.booleans()) else {})


@st.composite
def entries(draw: st.DrawFn, item_id: str) -> dict[str, Any]:
    statuses = draw(st.lists(LINE, min_size=1, max_size=4))
    found: dict[str, Any] = {"lines": {f"{item_id}-{n}": status for n, status in enumerate(statuses)}}
    if item_id == "4.7":
        return found | {"compliant": draw(st.booleans())}
    if item_id.startswith("4"):
        return found | {"metrics": [draw(metrics(n)) for n in range(draw(st.integers(1, 4)))]}
    units = builders.POSITIONS if item_id.startswith("3") else builders.PROGRAMMES
    return found | {"deployed": units[: draw(st.integers(0, 10))]}


def facts_of(items: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"item": "4.7", "fact": "compliant"}]
    for item_id in TOUCHED:
        entry = items[item_id]
        found += [{"item": item_id, "line": line} for line in entry["lines"]]
        units = builders.POSITIONS if item_id.startswith("3") else builders.PROGRAMMES
        found += [{"item": item_id, "unit": unit} for unit in units[-4:] if "deployed" in entry]
        for metric in entry.get("metrics", ()):
            for fact in ("cui", "meets", "improves"):
                found.append({"item": item_id, "metric": metric["id"], "fact": fact})
    return found


@st.composite
def sheets(draw: st.DrawFn, gaps: int = 6, policy: dict[str, Any] | None = None) -> dict[str, Any]:
    plain = builders.sheet(draw(st.sampled_from(["standard", "gold"])), policy)
    for item_id in TOUCHED:
        plain["items"][item_id] = draw(entries(item_id))
    facts = facts_of(plain["items"])
    for number in range(draw(st.integers(0, gaps))):
        plain["gaps"].append(
            builders.gap(
                f"NC-{number}",
                *draw(st.lists(st.sampled_from(facts), max_size=5)),
                effort=draw(st.sampled_from(["0", "1", "5/2", "3"])),
                ready_on=f"2026-0{draw(st.integers(7, 9))}-01",
                needs=[f"NC-{need}" for need in draw(st.sets(st.integers(0, number - 1), max_size=1))]
                if number
                else [],
            )
        )
    return plain


SWITCHED = st.fixed_dictionaries(
    {
        "copc.cui_denominator": st.sampled_from(["keep", "drop"]),
        "copc.note3_effect": st.sampled_from(["waive_lines", "auto_trend"]),
        "copc.c47_compliant": st.sampled_from(["assessor", "computed"]),
        "copc.trend_one_metric": st.sampled_from(["literal", "capped"]),
    }
)


def total(sheet: Sheet, closed: frozenset[str]) -> Fraction:
    return rescore.score(rescore.close(sheet, closed)).total


def subsets(sheet: Sheet) -> list[frozenset[str]]:
    names = [gap.id for gap in sheet.gaps]
    return [frozenset(some) for size in range(len(names) + 1) for some in combinations(names, size)]


@SLOW
@given(sheets())
def test_closing_more_never_lowers_the_total(plain: dict[str, Any]) -> None:
    """Under `drop` it may: a metric whose data become sound re-enters the denominator."""
    sheet = parse(plain)
    closed: frozenset[str] = frozenset()
    before = total(sheet, closed)
    for gap in sheet.gaps:
        closed |= {gap.id}
        after = total(sheet, closed)
        assert after >= before
        before = after


@SLOW
@given(sheets(), SWITCHED)
def test_rescoring_since_an_earlier_result_equals_scoring_afresh(
    plain: dict[str, Any], policy: dict[str, Any]
) -> None:
    sheet = parse(plain | {"policy": policy})
    result: Result | None = None
    for closed in subsets(sheet)[:12]:
        now = rescore.close(sheet, closed)
        result = rescore.score(now, since=result)
        assert result == rescore.score(now)


@SLOW
@given(sheets())
def test_a_sheet_survives_writing_and_reading(plain: dict[str, Any]) -> None:
    sheet = parse(plain)

    assert loads(json.dumps(to_json(sheet))) == sheet
    assert rescore.content_hash(to_json(sheet)) == rescore.content_hash(
        to_json(loads(json.dumps(to_json(sheet))))
    )


def floats_in(value: object) -> bool:
    if isinstance(value, dict):
        return any(floats_in(entry) for entry in value.values())
    if isinstance(value, list):
        return any(floats_in(entry) for entry in value)
    return isinstance(value, float)


@SLOW
@given(sheets())
def test_no_float_ever_and_points_add_up(plain: dict[str, Any]) -> None:
    result = rescore.score(parse(plain))

    assert type(result.total) is Fraction
    assert all(type(item.points) in (Fraction, type(None)) for item in result.items.values())
    assert result.total == sum(result.points_of().values())
    assert not floats_in(result.to_json())


@BRUTE
@given(sheets(gaps=5), SWITCHED)
def test_compiled_counts_and_shares_equal_brute_force(plain: dict[str, Any], policy: dict[str, Any]) -> None:
    sheet = parse(plain | {"policy": policy})
    model = closures.compile_sheet(sheet)
    bit = {gap.id: 1 << place for place, gap in enumerate(sheet.gaps)}
    values = {closed: total(sheet, closed) for closed in subsets(sheet)}

    found = attribution.attribute(sheet)

    assert all(model.total(sum(bit[name] for name in closed)) == value for closed, value in values.items())
    assert found.exact
    assert sum((worth.share for worth in found.gaps.values()), Fraction(0)) == found.gain
    for name, worth in found.gaps.items():
        assert worth.share == share_by_definition(name, values, len(bit))


def share_by_definition(name: str, values: dict[frozenset[str], Fraction], players: int) -> Fraction:
    ways = factorial(players)
    return sum(
        (
            Fraction(factorial(len(some)) * factorial(players - len(some) - 1), ways)
            * (values[some | {name}] - values[some])
            for some in values
            if name not in some
        ),
        Fraction(0),
    )


@BRUTE
@given(sheets(gaps=6), SWITCHED, st.data())
def test_the_path_equals_brute_force(
    plain: dict[str, Any], policy: dict[str, Any], data: st.DataObject
) -> None:
    sheet = parse(plain | {"policy": policy})
    results = {closed: rescore.score(rescore.close(sheet, closed)) for closed in subsets(sheet)}
    totals = sorted(result.total for result in results.values())
    wanted = data.draw(st.sampled_from(["strict", "lenient", f"points={data.draw(st.sampled_from(totals))}"]))
    by = data.draw(st.sampled_from(["effort", "date"]))

    found = path.find(sheet, wanted, by)

    best = best_by_definition(sheet, results, path.goal_of(sheet, wanted), by)
    assert found.feasible is (best is not None)
    if best is not None:
        assert list(found.close) == best
        assert found.result == results[frozenset(best)]


def best_by_definition(
    sheet: Sheet, results: dict[frozenset[str], Result], goal: path.Goal, by: str
) -> list[str] | None:
    gaps = {gap.id: gap for gap in sheet.gaps}
    days = path.ready_days(sheet)
    keys = []
    for closed, result in results.items():
        if all(need in closed for name in closed for need in gaps[name].needs) and path.reaches(result, goal):
            latest = max((days[name] for name in closed), default=sheet.as_of)
            effort = sum((gaps[name].effort for name in closed), Fraction(0))
            keys.append((latest if by == "date" else sheet.as_of, effort, len(closed), sorted(closed)))
    return min(keys)[-1] if keys else None


MARK = st.one_of(st.none(), st.integers(0, 4))
SEE_ROWS = [("S1", "approach"), ("S1", "feedback"), ("S6", "trends"), ("S6", "scope"), ("S8", "targets")]


@st.composite
def see_sheets(draw: st.DrawFn) -> dict[str, Any]:
    plain = builders.see_sheet([[3, 3, 3]] * 5, [[3] * 5] * 3)
    plain["policy"] = {
        "see.weighting": draw(st.sampled_from(["halves", "eighths"])),
        "see.level_rule": draw(st.sampled_from(["weakest", "mean_floor"])),
    }
    for criterion, row in SEE_ROWS:
        plain["rows"][criterion][row] = draw(MARK)
    plain["gaps"] = [
        builders.gap(
            f"NC-{number}",
            *(
                {"criterion": criterion, "row": row, "level": draw(st.integers(0, 4))}
                for criterion, row in draw(st.lists(st.sampled_from(SEE_ROWS), max_size=3))
            ),
            effort=draw(st.sampled_from(["1", "2", "1/3"])),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    return plain


@BRUTE
@given(see_sheets(), st.data())
def test_rows_too_equal_brute_force(plain: dict[str, Any], data: st.DataObject) -> None:
    sheet = parse(plain)
    results = {closed: rescore.score(rescore.close(sheet, closed)) for closed in subsets(sheet)}
    values = {closed: result.total for closed, result in results.items()}
    points = data.draw(st.sampled_from(sorted(values.values())))
    wanted = data.draw(st.sampled_from(["level=1", "level=2", "level=3", f"points={points}"]))

    worth = attribution.attribute(sheet)
    found = path.find(sheet, wanted)

    assert all(worth.gaps[n].share == share_by_definition(n, values, len(sheet.gaps)) for n in worth.gaps)
    best = best_by_definition(sheet, results, path.goal_of(sheet, wanted), "effort")
    assert (list(found.close) if found.feasible else None) == best


@SLOW
@given(st.lists(st.integers(0, 4), min_size=30, max_size=30))
def test_an_overall_level_implies_250_points_each(marks: list[int]) -> None:
    rows = [marks[start : start + 3] for start in range(0, 15, 3)]
    results = [marks[start : start + 5] for start in range(15, 30, 5)]

    found = rescore.score(parse(builders.see_sheet(rows, results)))

    assert found.total >= 250 * (found.overall_level or 0)
    assert all(
        rescore.score(parse(builders.see_sheet([[n] * 3] * 5, [[n] * 5] * 3))).total == 250 * n
        for n in range(5)
    )
