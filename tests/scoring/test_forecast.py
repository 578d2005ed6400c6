"""The forecast for a day: due days, dependencies, and the months that a series needs before it could show a fact."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import metrics, rescore
from scoring.forecast import count_from, first_day, forecast
from scoring.policy import DEFAULT, Policy
from scoring.series import month_name, month_number
from scoring.sheet import Metric, Range, parse
from tests.scoring import builders

AS_OF = date(2026, 6, 30)


def series(
    *values: int, better: str = "higher", target: object = Fraction(90), until: str = "2026-06"
) -> Metric:
    last = month_number(until)
    months = [month_name(last - len(values) + place) for place in range(1, len(values) + 1)]
    return Metric(
        "m",
        better=better,
        target=(("", target),),  # type: ignore[arg-type]
        values=tuple(zip(months, map(Fraction, values), strict=True)),
    )


@pytest.mark.parametrize(
    ("metric", "fact", "day"),
    [
        # DEFAULT: a window of 6 months, at least half of which meet.
        (series(91, 91, 91, 91, 91, 91), "meets", AS_OF),
        (series(80, 80, 80, 80, 80, 80), "meets", None),
        (series(80, 80), "meets", None),
        (series(91), "cui", date(2026, 8, 31)),
        (series(91, 91, 91), "cui", AS_OF),
        (series(70, 72, 74, 76, 78, 80), "improves", AS_OF),
        # One more good month, and the low one falls into the half that is compared with.
        (series(70, 72, 74, 76, 60, 80, 81), "improves", date(2026, 7, 31)),
        (series(80, 80, 80, 70, 70, 70), "improves", date(2026, 9, 30)),
        (series(80, 80), "improves", date(2026, 10, 31)),
        (series(80, 70, 60, 50, 40, 30, better="lower"), "improves", AS_OF),
        (series(5, 5, 5, 5, 5, 5, better="range", target=Range(Fraction(0), Fraction(9))), "improves", None),
        (series(15, 15, 15, 15, 15, 15, better="range", target=Range(Fraction(0), Fraction(9))), "improves",
         date(2026, 9, 30)),
        (Metric("m", meets_target=False), "meets", AS_OF),
    ],
)  # fmt: skip
def test_the_first_month_that_could_show_a_fact(metric: Metric, fact: str, day: date | None) -> None:
    found = first_day(metric, fact, AS_OF, DEFAULT)
    if day is None and fact == "meets":
        day = _by_trying(metric)
    assert found == day


def _by_trying(metric: Metric) -> date:
    """The first month with which the rule itself, asked with good months appended, says yes."""
    values = list(metric.values or ())
    for _more in range(40):
        values.append((month_name(month_number(values[-1][0]) + 1), Fraction(99)))
        if metrics.facts(Metric("m", better="higher", target=metric.target, values=tuple(values))).meets:
            year, month = map(int, values[-1][0].split("-"))
            return date(year + month // 12, month % 12 + 1, 1).fromordinal(
                date(year + month // 12, month % 12 + 1, 1).toordinal() - 1
            )
    raise AssertionError("never")


@given(st.lists(st.integers(0, 120), min_size=1, max_size=14))
def test_the_first_month_is_the_first_at_which_the_rules_say_yes(values: list[int]) -> None:
    metric = series(*values)
    found = first_day(metric, "improves", AS_OF, DEFAULT)
    grown, more = list(metric.values or ()), 0
    while not metrics.facts(
        Metric("m", better="higher", target=metric.target, values=tuple(grown))
    ).improving:
        grown.append((month_name(month_number(grown[-1][0]) + 1), Fraction(1000 + more * 1000)))
        more += 1
    assert (found == AS_OF) == (more == 0)
    if more:
        assert found is not None
        assert f"{found:%Y-%m}" == month_name(month_number("2026-06") + more)


AIMS: dict[str, Fraction | Range] = {
    "higher": Fraction(5),
    "lower": Fraction(5),
    "range": Range(Fraction(4), Fraction(7)),
}


def trying(metric: Metric, fact: str, policy: Policy) -> int | None:
    """How many months, each better than any before it (in a range: inside), until the rules themselves say yes."""
    values = list(metric.values or ())
    for more in range(policy.window + 2):
        facts = metrics.facts(replace(metric, values=tuple(values)), policy)
        if {"cui": facts.cui, "meets": facts.meets, "improves": facts.improving}[fact]:
            return more
        good = {"higher": 100 + more, "lower": -100 - more, "range": 5}[str(metric.better)]
        values.append((month_name(month_number(values[-1][0]) + 1), Fraction(good)))
    return None


@pytest.mark.parametrize("better", sorted(AIMS))
@pytest.mark.parametrize("fact", ["cui", "meets", "improves"])
def test_whatever_the_series_the_day_is_the_first_at_which_the_rules_say_yes(fact: str, better: str) -> None:
    """Every series of up to five values that lie below, inside and above, and some longer ones."""
    short = [values for length in range(1, 6) for values in product((3, 5, 9), repeat=length)]
    for values in [
        *short,
        (9, 9, 9, 5, 5, 5),
        (9, 9, 9, 5, 5, 5, 5),
        (3, 5, 5, 5, 5, 5, 5),
        (5, 3, 9, 9, 9, 3, 3, 5),
    ]:
        metric = series(*values, better=better, target=AIMS[better], until="2026-04")
        for policy in (DEFAULT, Policy(window=3, meet_share=Fraction(1)), Policy(window=8)):
            if fact != "meets" and policy is not DEFAULT:
                continue
            more = trying(metric, fact, policy)
            last = None if more is None else _last_day(month_name(month_number("2026-04") + more))
            wanted = None if last is None else date(2026, 1, 31) if more == 0 else last

            assert first_day(metric, fact, date(2026, 1, 31), policy) == wanted, (values, policy.window)


def _last_day(month: str) -> date:
    following = month_name(month_number(month) + 1)
    return date.fromordinal(date(int(following[:4]), int(following[5:]), 1).toordinal() - 1)


@pytest.mark.parametrize(
    ("until", "day"), [("2025-10", "2025-12-31"), ("2027-12", "2028-02-29"), ("2026-11", "2027-01-31")]
)
def test_a_month_counts_on_its_last_day(until: str, day: str) -> None:
    assert first_day(series(91, until=until), "cui", date(2025, 1, 31), DEFAULT) == date.fromisoformat(day)


def test_months_before_the_sheet_s_own_day_are_no_later_than_it() -> None:
    assert first_day(series(91, until="2026-01"), "cui", AS_OF, DEFAULT) == AS_OF


def test_a_month_is_held_against_the_target_of_its_time() -> None:
    """Three months at 80: against 90 they all miss, against 70 until April and 90 from then on one misses."""
    changing = replace(series(80, 80, 80, target=0), target=(("", Fraction(70)), ("2026-06", Fraction(90))))
    late = replace(series(80, 80, 80, target=0), target=(("2026-06", Fraction(70)),))

    assert first_day(series(80, 80, 80), "meets", AS_OF, DEFAULT) == date(2026, 10, 31)
    assert first_day(changing, "meets", AS_OF, DEFAULT) == AS_OF
    # Without a target in April and May one of three meets; three more make four of six.
    assert first_day(late, "meets", AS_OF, DEFAULT) == date(2026, 9, 30)


def a_pinned_sheet(*facts: tuple[str, str], ready_on: str = "2026-07-01") -> dict[str, object]:
    """A gap on facts of one metric each: `short` has one value, `long` six that all miss, `said` none."""
    long = {f"2026-0{month}": "80" for month in range(1, 7)}
    shared = {"better": "higher", "target": "90"}
    entry = builders.item(
        "4.4",
        metrics=[
            {"id": "short", "values": {"2026-06": "80"}, **shared},
            {"id": "long", "values": long, **shared},
            {"id": "said", "meets_target": False, "improving": False},
        ],
    )
    pins = [{"item": "4.4", "metric": name, "fact": fact} for name, fact in facts]
    return builders.sheet(gaps=[builders.gap("A", *pins) | {"ready_on": ready_on}], _4_4=entry)


@pytest.mark.parametrize(
    ("facts", "ready_on", "day"),
    [
        ([("said", "meets")], "2026-07-01", "2026-07-01"),
        ([("said", "meets")], "2026-06-01", "2026-06-30"),
        ([("short", "cui")], "2026-07-01", "2026-08-31"),
        ([("short", "cui")], "2026-09-15", "2026-09-15"),
        ([("short", "cui"), ("long", "meets")], "2026-07-01", "2026-10-31"),
        ([("long", "meets"), ("short", "cui")], "2026-07-01", "2026-10-31"),
        ([("said", "improves"), ("long", "improves")], "2026-07-01", "2026-09-30"),
    ],
)
def test_a_gap_waits_for_the_slowest_fact_that_it_pins(
    facts: list[tuple[str, str]], ready_on: str, day: str
) -> None:
    assert count_from(parse(a_pinned_sheet(*facts, ready_on=ready_on))) == {"A": date.fromisoformat(day)}


def test_a_metric_is_waited_for_behind_a_line_too() -> None:
    plain = a_pinned_sheet(("short", "cui"))
    plain["gaps"][0]["releases"].insert(0, {"item": "1.2", "line": "1.2-0"})  # type: ignore[index]

    assert count_from(parse(plain)) == {"A": date(2026, 8, 31)}


def test_a_gap_on_an_improvement_that_cannot_come_never_counts() -> None:
    """A range that every month lies inside; neither does what needs that gap."""
    values = {f"2026-0{month}": "5" for month in range(1, 7)}
    inside = {"id": "m", "better": "range", "target": {"low": "0", "high": "9"}, "values": values}
    plain = builders.sheet(
        gaps=[
            builders.gap("A", {"item": "4.4", "metric": "m", "fact": "improves"})
            | {"ready_on": "2026-07-01"},
            builders.gap("B", {"item": "1.2", "line": "1.2-0"}, needs=["A"]) | {"ready_on": "2026-07-01"},
            builders.gap("C", {"item": "1.2", "line": "1.2-1"}) | {"ready_on": "2026-07-01"},
        ],
        _4_4=builders.item("4.4", metrics=[inside]),
    )

    found = forecast(parse(plain), date(2099, 1, 1))

    assert (found.day, found.closed) == (date(2099, 1, 1), ("C",))
    assert found.waiting == {"A": None, "B": None}


def test_a_metric_is_judged_by_the_switches_of_its_sheet() -> None:
    """A window of three months asks for two good ones, one of six for four."""
    plain = a_pinned_sheet(("long", "meets"))

    assert count_from(parse(plain | {"policy": {"metric.window": 3}})) == {"A": date(2026, 8, 31)}


def a_sheet() -> dict[str, object]:
    return builders.sheet(
        gaps=[
            builders.gap("A", {"item": "1.2", "line": "1.2-1"}) | {"ready_on": "2026-09-30"},
            builders.gap("B", {"item": "1.2", "line": "1.2-2a"}, needs=["A"]) | {"ready_on": "2026-07-31"},
            builders.gap("C", {"item": "1.2", "line": "1.2-2b"}),
            builders.gap("D", {"item": "1.2", "line": "1.2-3"}, needs=["C"]) | {"ready_on": "2026-07-31"},
            builders.gap("E", {"item": "1.2", "line": "1.2-2c"}) | {"ready_on": "2020-01-01"},
        ],
        _1_2=builders.item(
            "1.2", lines=dict.fromkeys(("1.2-1", "1.2-2a", "1.2-2b", "1.2-2c", "1.2-3"), "not_met")
        ),
    )


def test_due_days_dependencies_and_gaps_without_a_day() -> None:
    sheet = parse(a_sheet())
    assert count_from(sheet) == {
        "A": date(2026, 9, 30), "B": date(2026, 9, 30), "C": None, "D": None, "E": sheet.as_of,
    }  # fmt: skip
    early, late = forecast(sheet, date(2026, 9, 29)), forecast(sheet, date(2026, 9, 30))
    assert (early.closed, late.closed) == (("E",), ("A", "B", "E"))
    assert late.waiting == {"C": None, "D": None}
    assert late.result == rescore.simulate(sheet, ["A", "B", "E"]).after
    assert early.result.total <= late.result.total
    assert forecast(sheet, date(2026, 6, 29)).closed == ()


def test_a_metric_gap_waits_for_the_data_and_rows_for_none() -> None:
    values = {f"2026-0{month}": "80" for month in range(1, 7)}
    plain = builders.sheet(
        gaps=[
            builders.gap("A", {"item": "4.4", "metric": "m", "fact": "improves"}) | {"ready_on": "2026-07-01"}
        ],
        _4_4=builders.item(
            "4.4", metrics=[{"id": "m", "better": "higher", "target": "90", "values": values}]
        ),
    )
    assert count_from(parse(plain)) == {"A": date(2026, 9, 30)}
    rows = {
        "format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30",
        "rows": {"S1": {"approach": 1}},
        "gaps": [builders.gap("A", {"criterion": "S1", "row": "approach", "level": 2}) | {"ready_on": "2026-08-01"}],
    }  # fmt: skip
    assert forecast(parse(rows), date(2026, 8, 1)).closed == ("A",)
