"""What stands on the edge of a band: found before it falls, and worth exactly what falling would cost."""

from fractions import Fraction

import pytest

from scoring import outlook, rescore
from scoring.facts import CopcSheet, Metric, Range
from scoring.outlook import Drop, Edge
from scoring.policy import DEFAULT, Policy
from scoring.sheet import parse
from tests.scoring import builders


def edges_of(item: str, sheet: builders.Plain) -> dict[str, Edge]:
    read = parse(sheet)
    assert isinstance(read, CopcSheet)
    return {edge.kind: edge for edge in outlook.edges(read) if edge.item == item}


def test_deployment_exactly_at_90_percent_falls_with_one_unit() -> None:
    nine = builders.PROGRAMMES[:9]

    found = edges_of("2.3", builders.sheet(_2_3=builders.item("2.3", deployed=nine)))["unit"]

    assert found == Edge("2.3", "unit", tuple(nine), (Drop("2.3", "deployment", 100, 75),), Fraction(25))
    assert found.label.of("en") == "one more unit not deployed"


def test_with_all_units_there_is_one_to_spare() -> None:
    assert "unit" not in edges_of("2.3", builders.sheet())


def test_any_line_of_a_full_item_stands_on_the_edge() -> None:
    assert edges_of("1.2", builders.sheet())["line"].lost == 10


def test_a_dimension_may_fall_without_costing_points() -> None:
    item = builders.item("2.3", deployed=builders.PROGRAMMES[:5])

    found = edges_of("2.3", builders.sheet(_2_3=item))["line"]

    assert found.drops == (Drop("2.3", "approach", 100, 75),)
    assert found.lost == 0


def test_one_metric_less_costs_the_75_percent_rule_too() -> None:
    """3 of 4 at target waive two lines; at 2 of 4 the level still stands at 100 but the lines count again."""
    item = builders.item("4.2", lines=builders.lines("4.2", 6, 0, 2), metrics=builders.metrics(4, 3, 3))

    found = edges_of("4.2", builders.sheet(_4_2=item))["meets"]

    assert found.drops[0] == Drop("4.2", "approach", 100, 75)
    assert found.facts == ("metric-0", "metric-1", "metric-2")
    assert found.lost == Fraction(50, 3)


def test_the_second_improving_metric_is_the_one_that_counts() -> None:
    assert edges_of("4.6", builders.sheet())["improves"].drops == (Drop("4.6", "trend", 100, 50),)
    three = builders.item("4.6", metrics=builders.metrics(4, 4, 3))
    assert "improves" not in edges_of("4.6", builders.sheet(_4_6=three))


def test_bad_data_take_level_and_trend_at_once() -> None:
    item = builders.item("4.4", metrics=builders.metrics(2, 1, 2))
    item["metrics"][1]["improving"] = False
    item["metrics"].append({"id": "x", "meets_target": False, "improving": True})

    found = [
        edge
        for edge in outlook.edges(_read(builders.sheet(_4_4=builders.item("4.4", metrics=item["metrics"]))))
        if (edge.item, edge.kind) == ("4.4", "cui")
    ]

    assert {edge.facts: {drop.dimension for drop in edge.drops} for edge in found} == {
        ("metric-0",): {"level", "trend"}, ("x",): {"trend"},
    }  # fmt: skip


def _read(plain: builders.Plain) -> CopcSheet:
    sheet = parse(plain)
    assert isinstance(sheet, CopcSheet)
    return sheet


def test_an_edge_of_4_7_is_seen_from_the_item_that_holds_it() -> None:
    """27 of 54 metrics at target: one fewer anywhere and 4.7 loses half its level, with the word all trends."""
    met = dict.fromkeys(("4.1", "4.2", "4.3"), 5) | dict.fromkeys(("4.4", "4.5", "4.6"), 4)
    items = {
        f"_{name.replace('.', '_')}": builders.item(name, metrics=builders.metrics(9, count, 2))
        for name, count in met.items()
    }
    sheet = builders.sheet(policy={"copc.c47_compliant": "computed"}, **items)

    found = edges_of("4.1", sheet)["meets"]

    assert Drop("4.7", "level", 100, 50) in found.drops
    assert found.drops[0].item == "4.1"


@pytest.mark.parametrize("tier", ["standard", "gold"])
def test_what_is_lost_is_what_scoring_says(tier: str) -> None:
    sheet = _read(builders.sheet(tier))
    now = rescore.score(sheet).total

    for edge in outlook.edges(sheet):
        assert edge.drops
        assert 0 <= edge.lost <= now
        assert type(edge.lost) is Fraction


def test_blank_and_overruled_dimensions_do_not_fall() -> None:
    ruled = builders.item("1.2", overrule={"approach": 100, "reason": "seen on site"})
    blank = builders.item("1.1", deployed=None)

    sheet = builders.sheet(_1_2=ruled, _1_1=blank)

    assert "line" not in edges_of("1.2", sheet)
    assert set(edges_of("1.1", sheet)) == {"line"}


# One metric


def metric(*values: int, **parts: object) -> Metric:
    months = [f"2025-{month:02}" for month in range(1, 13)] + [f"2026-{month:02}" for month in range(1, 7)]
    series = tuple(zip(months, map(Fraction, values), strict=False))
    base: dict[str, object] = {"better": "higher", "target": (("", Fraction(10)),), "values": series}
    return Metric("m", **(base | parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "window", "spare"),
    [
        ((10, 10, 10, 10, 10, 10), 6, 2),
        ((9, 10, 10, 10, 10, 9), 6, 1),
        ((10, 9, 10, 9, 10, 10), 6, 0),
        ((10, 10, 10), 6, 1),
        ((10, 10, 9), 6, 0),
        ((9, 9, 10, 10, 10, 10, 10, 10, 10), 3, 1),
        ((9, 9, 9, 10), 6, None),
        ((10, 10), 6, None),
    ],
)
def test_months_to_spare(values: tuple[int, ...], window: int, spare: int | None) -> None:
    assert outlook.spare_misses(metric(*values), Policy(window=window)) == spare


def test_a_stated_or_distrusted_metric_has_no_months_to_spare() -> None:
    good = (10, 10, 10, 10, 10, 10)

    assert outlook.spare_misses(metric(*good, meets_target=True), DEFAULT) is None
    assert outlook.spare_misses(metric(*good, integrity=False), DEFAULT) is None
    assert outlook.spare_misses(Metric("m", meets_target=True), DEFAULT) is None


def test_a_range_has_months_to_spare_too() -> None:
    target = (("", Range(Fraction(9), Fraction(11))),)

    assert outlook.spare_misses(metric(9, 11, 10, 10, 10, 12, better="range", target=target), DEFAULT) == 1
