"""Every fault of a sheet is found, all at once, each with the path of its field."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import rescore
from scoring.sheet import CopcSheet, Fault, Sheet, SheetFaults, loads, parse, to_json
from tests.scoring import builders

SHEETS = Path(__file__).with_name("sheets")
Plain = dict[str, Any]


def example(name: str = "copc-example") -> Plain:
    return json.loads((SHEETS / f"{name}.json").read_text(encoding="utf-8"))


def paths(plain: object) -> list[str]:
    with pytest.raises(SheetFaults) as caught:
        parse(plain)
    return [fault.path for fault in caught.value.faults]


def put(path: str, value: object) -> Callable[[Plain], None]:
    """Sets a value at a path of keys and indexes parted by `/`."""

    def change(plain: Plain) -> None:
        *steps, last = path.split("/")
        place: Any = plain
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        if isinstance(place, list):
            if int(last) == len(place):
                place.append(value)
            else:
                place[int(last)] = value
        else:
            place[last] = value

    return change


def drop(path: str) -> Callable[[Plain], None]:
    def change(plain: Plain) -> None:
        *steps, last = path.split("/")
        place: Any = plain
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        del place[last]

    return change


METRIC = "items/4.4/metrics/0"
RELEASE = "gaps/0/releases/0"
TABLE = [
    (put("surprise", 1), "surprise"),
    (put("format", "score-sheet/2"), "format"),
    (drop("format"), "format"),
    (drop("standard"), "standard"),
    (put("standard", "copc-2000-csp@9"), "standard"),
    (drop("as_of"), "as_of"),
    (put("as_of", "2026-02-30"), "as_of"),
    (put("as_of", "20260630"), "as_of"),
    (put("as_of", 20260630), "as_of"),
    (drop("items"), "items"),
    (put("items", []), "items"),
    (put("tier", "silver"), "tier"),
    (put("site", 5), "site"),
    (put("policy/copc.unheard_of", 1), "policy.copc.unheard_of"),
    (put("policy/copc.cert_policy", "mild"), "policy.copc.cert_policy"),
    (put("policy/metric.window", 2), "policy.metric.window"),
    (put("policy/metric.window", "many"), "policy.metric.window"),
    (put("policy/metric.meet_share", "0"), "policy.metric.meet_share"),
    (put("policy/copc.sigma_shift", "1"), "policy.copc.sigma_shift"),
    (put("policy/copc.gold_pass_points", "-1"), "policy.copc.gold_pass_points"),
    (put("programmes/1", "card"), "programmes[1]"),
    (put("programmes/1", ""), "programmes[1]"),
    (put("programmes", "card"), "programmes"),
    (drop("programmes"), "programmes"),
    (put("items/9.9", {}), "items.9.9"),
    (put("items/1.2", 5), "items.1.2"),
    (put("items/1.2/colour", "red"), "items.1.2.colour"),
    (put("items/1.2/lines/1.2-1", "perhaps"), "items.1.2.lines.1.2-1"),
    (put("items/1.2/lines/1.2-1", {"improvement_approach": True}), "items.1.2.lines.1.2-1.status"),
    (put("items/1.2/lines/1.2-1", {"status": "met", "why": ""}), "items.1.2.lines.1.2-1.why"),
    (put("items/1.2/lines/1.2-1", {"status": "met", "improvement_approach": 1}),
     "items.1.2.lines.1.2-1.improvement_approach"),
    (put("items/1.2/deployed/0", "moon"), "items.1.2.deployed[0]"),
    (put("items/1.2/deployed/1", "card"), "items.1.2.deployed[1]"),
    (put("items/2.1/in_scope/0", "moon"), "items.2.1.in_scope[0]"),
    (put("items/1.2/metrics", []), "items.1.2.metrics"),
    (put("items/4.7/metrics", []), "items.4.7.metrics"),
    (put("items/4.4/deployed", []), "items.4.4.deployed"),
    (put("items/4.4/in_scope", []), "items.4.4.in_scope"),
    (put("items/4.4/compliant", True), "items.4.4.compliant"),
    (put("items/4.7/compliant", "no"), "items.4.7.compliant"),
    (put("items/2.1/overrule/level", 50), "items.2.1.overrule.level"),
    (put("items/2.1/overrule/approach", 60), "items.2.1.overrule.approach"),
    (put("items/2.1/overrule/approach", True), "items.2.1.overrule.approach"),
    (put("items/2.1/overrule/mood", 50), "items.2.1.overrule.mood"),
    (drop("items/2.1/overrule/reason"), "items.2.1.overrule.reason"),
    (put("items/2.1/overrule/reason", "  "), "items.2.1.overrule.reason"),
    (put("items/4.4/overrule", {"deployment": 50, "reason": "x"}), "items.4.4.overrule.deployment"),
    (put("items/4.4/overrule", {"level": 25, "reason": "x"}), "items.4.4.overrule.level"),
    (put(f"{METRIC}/target", "abc"), "items.4.4.metrics[0].target"),
    (put(f"{METRIC}/target", 0.5), "items.4.4.metrics[0].target"),
    (put(f"{METRIC}/target", {"low": "1", "high": "2"}), "items.4.4.metrics[0].target"),
    (put(f"{METRIC}/target", {"2026-13": "1"}), "items.4.4.metrics[0].target.2026-13"),
    (put(f"{METRIC}/target", {"2026-01": "x"}), "items.4.4.metrics[0].target.2026-01"),
    (put(f"{METRIC}/target", {}), "items.4.4.metrics[0].target"),
    (put(f"{METRIC}/better", "sideways"), "items.4.4.metrics[0].better"),
    (put(f"{METRIC}/better", "range"), "items.4.4.metrics[0].target"),
    (drop(f"{METRIC}/better"), "items.4.4.metrics[0].better"),
    (drop(f"{METRIC}/id"), "items.4.4.metrics[0].id"),
    (put("items/4.4/metrics/1/id", "critical-accuracy"), "items.4.4.metrics[1].id"),
    (put(f"{METRIC}/required", "yes"), "items.4.4.metrics[0].required"),
    (put(f"{METRIC}/values/2026-07", "98"), "items.4.4.metrics[0].values.2026-07"),
    (put(f"{METRIC}/values/June", "98"), "items.4.4.metrics[0].values.June"),
    (put(f"{METRIC}/values/2026-06", "1/0"), "items.4.4.metrics[0].values.2026-06"),
    (put(f"{METRIC}/values/2026-06", None), "items.4.4.metrics[0].values.2026-06"),
    (put(f"{METRIC}/values/2026-06", True), "items.4.4.metrics[0].values.2026-06"),
    (put(f"{METRIC}/values/2026-06", Decimal("Infinity")), "items.4.4.metrics[0].values.2026-06"),
    (put(f"{METRIC}/colour", 1), "items.4.4.metrics[0].colour"),
    (put("gaps/1/id", "NC-01"), "gaps[1].id"),
    (drop("gaps/0/id"), "gaps[0].id"),
    (put("gaps/0/grade", "observation"), "gaps[0].grade"),
    (put("gaps/0/effort", "-1/2"), "gaps[0].effort"),
    (put("gaps/0/effort", "much"), "gaps[0].effort"),
    (put("gaps/0/ready_on", "soon"), "gaps[0].ready_on"),
    (put("gaps/0/needs", ["NC-99"]), "gaps[0].needs[0]"),
    (put("gaps/0/needs", ["NC-02"]), "gaps[0].needs"),
    (put("gaps/0/needs", ["NC-01"]), "gaps[0].needs"),
    (put("gaps/0/colour", 1), "gaps[0].colour"),
    (put(RELEASE, {"item": "1.2", "line": "1.2-9"}), "gaps[0].releases[0].line"),
    (put(RELEASE, {"item": "9.9", "line": "x"}), "gaps[0].releases[0].item"),
    (put(RELEASE, {"item": "1.1", "line": "1.1-0"}), "gaps[0].releases[0].item"),
    (put(RELEASE, {"item": "2.7", "unit": "moon"}), "gaps[0].releases[0].unit"),
    (put(RELEASE, {"item": "4.4", "unit": "card"}), "gaps[0].releases[0].unit"),
    (put(RELEASE, {"item": "4.4", "metric": "moon", "fact": "meets"}), "gaps[0].releases[0].metric"),
    (put(RELEASE, {"item": "4.4", "metric": "recontact", "fact": "shines"}), "gaps[0].releases[0].fact"),
    (put(RELEASE, {"item": "4.4", "fact": "compliant"}), "gaps[0].releases[0].fact"),
    (put(RELEASE, {"item": "1.2", "line": "1.2-1", "unit": "card"}), "gaps[0].releases[0]"),
    (put(RELEASE, {"line": "1.2-1"}), "gaps[0].releases[0].item"),
    (put(RELEASE, {"item": "1.2", "row": "1"}), "gaps[0].releases[0].row"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path"), TABLE, ids=[f"{n}:{path}" for n, (_, path) in enumerate(TABLE)])
def test_each_fault_names_its_field(change: Callable[[Plain], None], path: str) -> None:
    plain = example()
    change(plain)

    assert path in paths(plain)


SEE_TABLE = [
    (put("tier", "standard"), "tier"),
    (put("items", {}), "items"),
    (drop("rows"), "rows"),
    (put("rows/S9", {}), "rows.S9"),
    (put("rows/S1/trends", 2), "rows.S1.trends"),
    (put("rows/S1/feedback", 5), "rows.S1.feedback"),
    (put("rows/S1/feedback", "2"), "rows.S1.feedback"),
    (put("rows/S1/feedback", True), "rows.S1.feedback"),
    (put("target_level", 5), "target_level"),
    (put("gaps/0/releases/0/criterion", "S9"), "gaps[0].releases[0].criterion"),
    (put("gaps/0/releases/0/row", "trends"), "gaps[0].releases[0].row"),
    (put("gaps/0/releases/0/level", 9), "gaps[0].releases[0].level"),
    (drop("gaps/0/releases/0/level"), "gaps[0].releases[0].level"),
]


@pytest.mark.parametrize(("change", "path"), SEE_TABLE)
def test_each_fault_of_a_row_sheet_names_its_field(change: Callable[[Plain], None], path: str) -> None:
    plain = example("see-example")
    change(plain)

    assert path in paths(plain)


def test_the_promised_wording_of_a_bad_number() -> None:
    plain = example()
    put(f"{METRIC}/target", "abc")(plain)

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert [str(fault) for fault in caught.value.faults] == [
        "items.4.4.metrics[0].target: not a number: 'abc'"
    ]


def test_all_faults_come_at_once() -> None:
    plain = example()
    broken = [TABLE[n] for n in (0, 5, 13, 24, 27, 32, 43, 53, 67, 73)]
    for change, _ in broken:
        change(plain)

    found = paths(plain)

    assert len(found) >= len(broken)
    assert {path for _, path in broken} <= set(found)


def test_a_cycle_of_needs_is_named() -> None:
    gaps = [builders.gap("A", needs=["C"]), builders.gap("B", needs=["A"]), builders.gap("C", needs=["B"])]

    with pytest.raises(SheetFaults) as caught:
        parse(builders.sheet(gaps=gaps))

    assert [str(fault) for fault in caught.value.faults] == [
        "gaps[0].needs: a cycle of needs: A -> C -> B -> A"
    ]


HARMLESS = [
    put("items/2.1/deployed", ["loan", "card"]),
    put(RELEASE, {"item": "2.1", "unit": "card"}),
    put("items/2.G.A", {"lines": {"x": "not_met"}, "deployed": ["card"]}),
    put(RELEASE, {"item": "2.G.A", "line": "x"}),
    put(f"{METRIC}/target", {"2026-01": "98", "2027-01": "99"}),
    put("gaps/0/releases/1", {"item": "1.2", "line": "1.2-2c"}),
    put("gaps/0/ready_on", "2020-01-01"),
    put(f"{METRIC}/values", {}),
]


@pytest.mark.parametrize("change", HARMLESS)
def test_what_is_no_fault(change: Callable[[Plain], None]) -> None:
    plain = example()
    change(plain)

    assert isinstance(parse(plain), CopcSheet)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "not an object"),
        (b"7", "not an object"),
    ],
)
def test_what_is_no_document_is_refused_in_words(text: bytes, message: str) -> None:
    with pytest.raises(SheetFaults) as caught:
        loads(text)

    assert str(caught.value).startswith(f"sheet: {message}")


def written(target: str) -> bytes:
    return json.dumps(example()).replace('"98"', target, 1).encode()


@pytest.mark.parametrize(
    "target",
    ["NaN", "Infinity", "-Infinity", "1e99999999999999999999", "9" * 5000, '"' + "9" * 5000 + '"', "1e500"],
)
def test_numbers_beyond_reason_are_refused_by_path(target: str) -> None:
    with pytest.raises(SheetFaults) as caught:
        loads(written(target))

    assert [fault.path for fault in caught.value.faults] == ["items.4.4.metrics[0].target"]


@pytest.mark.parametrize("target", ["98.0", "980e-1", '"98.00"', '"196/2"', "98"])
def test_a_number_may_be_written_in_many_ways(target: str) -> None:
    assert loads(written(target)) == loads(written('"98"'))


def test_a_key_that_stands_twice_is_a_fault() -> None:
    text = json.dumps(example()).replace('"1.2-3": "met"', '"1.2-3": "met", "1.2-3": "not_met"')

    with pytest.raises(SheetFaults) as caught:
        loads(text)

    assert [fault.path for fault in caught.value.faults] == ["items.1.2.lines.1.2-3"]


def test_a_lone_surrogate_is_no_text() -> None:
    text = json.dumps(example()).replace('"Suzhou"', '"\\ud800"')

    with pytest.raises(SheetFaults) as caught:
        loads(text)

    assert [fault.path for fault in caught.value.faults] == ["site"]


def test_a_strange_key_cannot_break_the_line() -> None:
    plain = example()
    plain["two\nlines"] = 1

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("name", ["copc-example", "see-example"])
def test_a_sheet_goes_out_and_comes_back_without_loss(name: str) -> None:
    sheet = parse(example(name))

    assert parse(to_json(sheet)) == sheet
    assert loads(json.dumps(to_json(sheet))) == sheet


JUNK: list[object] = [
    *(
        None,
        True,
        -1,
        0,
        7,
        10**80,
        Decimal("NaN"),
        Decimal("0.5"),
        0.5,
        "",
        " ",
        "x",
        "2026-01",
        "met",
        "NC-01",
        "4.7",
    ),
    *("\ud800", [], [[]], ["card", "card"], [None], {}, {"": 1}, {"a": {}}, {"low": 1, "high": 0}),
]


def read_or_refuse(plain: object) -> tuple[Sheet | None, tuple[Fault, ...]]:
    try:
        return parse(plain), ()
    except SheetFaults as refused:
        return None, refused.faults


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The path of every node below a value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield (*path, step)
        yield from places(below, (*path, step))


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_no_junk_anywhere_raises_anything_but_faults(data: st.DataObject) -> None:
    plain: Any = example(data.draw(st.sampled_from(["copc-example", "see-example"])))
    for _ in range(data.draw(st.integers(1, 3))):
        *steps, last = data.draw(st.sampled_from(list(places(plain)) or [("x",)]))
        place = plain
        for step in steps:
            place = place[step]
        place[last] = deepcopy(data.draw(st.sampled_from(JUNK)))
        if isinstance(place, dict) and data.draw(st.booleans()):
            place[data.draw(st.sampled_from(["", "x", "4.4", "2026-01", "low", "\n"]))] = place.pop(last)

    sheet, faults = read_or_refuse(plain)

    assert all("\n" not in str(fault) for fault in faults)
    assert bool(faults) is (sheet is None)
    if sheet is not None:
        json.dumps(rescore.simulate(sheet).to_json())
        assert parse(to_json(sheet)) == sheet


def test_an_empty_key_has_a_path_too() -> None:
    plain = example()
    plain[""] = 1
    plain["items"][""] = {}

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert [str(fault) for fault in caught.value.faults] == ["'': unknown field", "items.'': unknown item"]


@pytest.mark.parametrize("named", [None, 3, "copc-2000-csp@9.9"])
def test_a_wrong_standard_does_not_hide_the_other_faults(named: object) -> None:
    plain = example()
    plain["items"]["4.4"]["metrics"][0]["target"] = "abc"
    if named is None:
        del plain["standard"]
    else:
        plain["standard"] = named

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert [fault.path for fault in caught.value.faults] == ["standard", "items.4.4.metrics[0].target"]


def test_a_sheet_of_a_foreign_standard_is_not_read_as_another() -> None:
    with pytest.raises(SheetFaults) as caught:
        parse(example() | {"standard": "acme@1"})

    assert [fault.path for fault in caught.value.faults] == ["standard"]


def test_an_empty_sheet_names_all_that_it_lacks() -> None:
    with pytest.raises(SheetFaults) as caught:
        parse({})

    assert [fault.path for fault in caught.value.faults] == ["standard", "format", "as_of", "items"]
