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
    (put(RELEASE, 7), "gaps[0].releases[0]"),
    (put(RELEASE, {"item": "1.2", "line": 5}), "gaps[0].releases[0].line"),
    (put(RELEASE, {"item": 5, "line": "1.2-1"}), "gaps[0].releases[0].item"),
    (put(RELEASE, {"item": "1.2"}), "gaps[0].releases[0]"),
    (put(RELEASE, {"item": "9.9", "fact": "compliant"}), "gaps[0].releases[0].item"),
    (put(RELEASE, {"item": "9.9", "fact": "meets"}), "gaps[0].releases[0].fact"),
    (put(RELEASE, {"fact": "meets"}), "gaps[0].releases[0].item"),
    (put(RELEASE, {"item": "4.7", "fact": "meets"}), "gaps[0].releases[0].fact"),
    (put(RELEASE, {"item": "4.4", "metric": "moon", "fact": "shines"}), "gaps[0].releases[0].metric"),
    (put("gaps", 5), "gaps"),
    (put("gaps/0", 5), "gaps[0]"),
    (put("gaps/0/releases", 5), "gaps[0].releases"),
    (put("gaps/0/needs", 5), "gaps[0].needs"),
    (put("gaps/0/needs", ["", 5, "NC-99", "NC-98"]), "gaps[0].needs[2]"),
    (put("gaps/0/id", " "), "gaps[0].id"),
    (put("policy", 5), "policy"),
    (put("policy", {"copc.unheard_of": 1, "metric.window": 2}), "policy.metric.window"),
    (put("items/1.2/lines", 5), "items.1.2.lines"),
    (put("items", {"9.9": {}, "8.8": {}}), "items.8.8"),
    (put("gaps", [{}, {}, {"id": "A", "needs": [""]}]), "gaps[1].id"),
    (put("items/1.2/lines/1.2-1", {"status": "perhaps", "improvement_approach": True}), "items.1.2.lines.1.2-1.status"),
    (put("items/1.2/deployed", 5), "items.1.2.deployed"),
    (put("items/1.2/deployed", ["card", "moon", "sun", 5]), "items.1.2.deployed[2]"),
    (put("items/1.2/deployed", ["moon", "moon"]), "items.1.2.deployed[1]"),
    (put("items/2.1/overrule", 5), "items.2.1.overrule"),
    (put("items/2.1/overrule/reason", 5), "items.2.1.overrule.reason"),
    (put("items/4.4/metrics", 5), "items.4.4.metrics"),
    (put(METRIC, 5), "items.4.4.metrics[0]"),
    (put(f"{METRIC}/values", 5), "items.4.4.metrics[0].values"),
    (put(f"{METRIC}/values", {"2026-01": "x", "June": "1", "2026-09": "y"}), "items.4.4.metrics[0].values.June"),
    (put(f"{METRIC}/values/2026-6", "98"), "items.4.4.metrics[0].values.2026-6"),
    (put(f"{METRIC}/values/2026-00", "98"), "items.4.4.metrics[0].values.2026-00"),
    (put(f"{METRIC}/target", {"June": "x", "2026-01": "y", "2026-02": "98"}), "items.4.4.metrics[0].target.June"),
    (put(METRIC, {"id": "m", "better": "range", "target": {"low": "2", "high": "1"}}), "items.4.4.metrics[0].target"),
    (put(METRIC, {"id": "m", "better": "range", "target": {"low": "2"}}), "items.4.4.metrics[0].target.high"),
    (put(METRIC, {"id": "m", "better": "range", "target": {"high": "2"}}), "items.4.4.metrics[0].target.low"),
    (put(METRIC, {"id": "m", "better": "range", "target": {"low": "x", "high": "2", "mid": 1}}),
     "items.4.4.metrics[0].target.mid"),
    (put(METRIC, {"id": "m", "target": {}}), "items.4.4.metrics[0].target.low"),
]  # fmt: skip


# What the schema does not see: half a sign, a name of blanks, a target that does not fit what is better.
BEYOND = [
    (put("site", "\udfff"), "site"),
    (put("site", "\ud800"), "site"),
    (put("items/1.2/lines/ ", "met"), "items.1.2.lines. "),
    (put(METRIC, {"id": "m", "better": "range", "target": {"2026-01": "5"}}), "items.4.4.metrics[0].target.2026-01"),
    (put(METRIC, {"id": "m", "better": "lower", "target": {"2026-01": {"low": "1", "high": "2"}}}),
     "items.4.4.metrics[0].target.2026-01"),
]  # fmt: skip

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
    (drop("gaps/0/releases/0/criterion"), "gaps[0].releases[0].criterion"),
    (drop("gaps/0/releases/0/row"), "gaps[0].releases[0].row"),
    (put("gaps/0/releases/0/item", "1.2"), "gaps[0].releases[0].item"),
    (put("gaps/0/releases/0", 5), "gaps[0].releases[0]"),
    (put("gaps/0/releases/0/level", -1), "gaps[0].releases[0].level"),
    (put("target_level", 0), "target_level"),
    (put("part", 5), "part"),
    (put("rows", 5), "rows"),
    (put("rows/S1", 5), "rows.S1"),
    (put("rows", {"S9": {}, "S10": {}}), "rows.S10"),
    (put("rows", {"S1": None, "S9": {}}), "rows.S9"),
    (put("rows/S1/feedback", -1), "rows.S1.feedback"),
    (put("standard", "see-cmm@9"), "standard"),
    (put("standard", "nobody@1"), "standard"),
]


# All that each change makes wrong, word for word.
SAID: dict[str, list[list[str]]] = json.loads(
    Path(__file__).with_name("sheet_faults.json").read_text("utf-8")
)
CASES = [
    pytest.param(name, change, path, said, id=f"{name[:3]}-{number}:{path}")
    for name, table in (("copc-example", TABLE + BEYOND), ("see-example", SEE_TABLE))
    for number, ((change, path), said) in enumerate(zip(table, SAID[name], strict=True))
]


@pytest.mark.parametrize(("name", "change", "path", "said"), CASES)
def test_each_fault_is_told_with_its_field(
    name: str, change: Callable[[Plain], None], path: str, said: list[str]
) -> None:
    plain = example(name)
    change(plain)

    with pytest.raises(SheetFaults) as caught:
        parse(plain)

    assert [str(fault) for fault in caught.value.faults] == said
    assert path in [fault.path for fault in caught.value.faults]


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


WRONG_RELEASES = [
    ({"item": "4.4", "metric": "moon", "fact": "shines"}, {"metric", "fact"}),
    ({"item": "9.9", "metric": "moon", "fact": "shines"}, {"item", "fact"}),
    ({"item": "1.1", "metric": "moon", "fact": "shines"}, {"item", "fact"}),
    ({"item": 5, "metric": 6, "fact": 7}, {"item", "metric", "fact"}),
    ({"item": "9.9", "line": 6}, {"item", "line"}),
    ({"item": "9.9", "line": "x", "colour": 1}, {"item", "colour"}),
    ({"item": "1.2", "line": "1.2-9", "colour": 1}, {"line", "colour"}),
    ({"item": "9.9", "fact": "shines"}, {"item", "fact"}),
    ({"item": "9.9", "fact": "compliant"}, {"item"}),
    ({"metric": "recontact", "fact": "shines"}, {"item", "fact"}),
    ({"item": "4.4", "metric": "moon"}, {"", "metric"}),
]


@pytest.mark.parametrize(("release", "fields"), WRONG_RELEASES)
def test_all_faults_of_a_release_come_at_once(release: Plain, fields: set[str]) -> None:
    """Section 1: one line per fault, "all faults at once, not only the first"; here within one release."""
    plain = example()
    put(RELEASE, release)(plain)

    where = "gaps[0].releases[0]"
    assert sorted(paths(plain)) == sorted(f"{where}.{field}" if field else where for field in fields)


@pytest.mark.parametrize(
    ("release", "fields"),
    [
        ({"criterion": "S9", "row": "trends", "level": 9}, {"criterion", "level"}),
        ({"criterion": "S1", "row": "trends", "level": 9}, {"row", "level"}),
        ({"criterion": "S1", "row": "trends"}, {"row", "level"}),
    ],
)
def test_all_faults_of_a_row_release_come_at_once(release: Plain, fields: set[str]) -> None:
    """Section 1: one line per fault, "all faults at once, not only the first"."""
    plain = example("see-example")
    put("gaps/0/releases/0", release)(plain)

    assert sorted(paths(plain)) == sorted(f"gaps[0].releases[0].{field}" for field in fields)


@pytest.mark.parametrize("change", [drop("gaps/1/id"), put("gaps/1/id", "NC-01"), put("gaps/1/id", 7)])
def test_the_needs_of_a_gap_without_a_good_identifier_are_judged_too(
    change: Callable[[Plain], None],
) -> None:
    """Section 1: "all faults at once, not only the first"."""
    plain = example()
    change(plain)
    put("gaps/1/needs", ["NC-99"])(plain)

    assert sorted(paths(plain)) == ["gaps[1].id", "gaps[1].needs[0]"]


def test_a_cycle_of_needs_is_named() -> None:
    gaps = [builders.gap("A", needs=["C"]), builders.gap("B", needs=["A"]), builders.gap("C", needs=["B"])]

    with pytest.raises(SheetFaults) as caught:
        parse(builders.sheet(gaps=gaps))

    assert [str(fault) for fault in caught.value.faults] == [
        "gaps[0].needs: a cycle of needs: A -> C -> B -> A"
    ]


def test_the_names_in_a_cycle_are_whole() -> None:
    gaps = [builders.gap("X'1", needs=["2X"]), builders.gap("2X", needs=["X'1"])]

    with pytest.raises(SheetFaults) as caught:
        parse(builders.sheet(gaps=gaps))

    assert [fault.message for fault in caught.value.faults] == ["a cycle of needs: X'1 -> 2X -> X'1"]


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


def test_what_is_no_json_is_told_with_its_place() -> None:
    with pytest.raises(SheetFaults) as caught:
        loads('{"a":\n x}')

    assert str(caught.value) == "sheet: not JSON: Expecting value (line 2, column 2)"


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

    assert str(caught.value) == "items.1.2.lines.1.2-3: duplicate identifier: it stands twice"


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


def levels(text: str) -> str:
    return (
        '{"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", '
        f'"rows": {{"S1": {{"feedback": {text}}}}}}}'
    )


def overruled(text: str) -> str:
    return (
        '{"format": "score-sheet/1", "standard": "copc-2000-csp@4.1", "as_of": "2026-06-30", "items": {"1.1": '
        f'{{"lines": {{"a": "met"}}, "overrule": {{"approach": {text}, "reason": "seen"}}}}}}}}'
    )


@pytest.mark.parametrize(("form", "plain", "other"), [(levels, "2", "2.0"), (overruled, "50", "5.0e1")])
def test_a_whole_number_is_one_however_json_writes_it(
    form: Callable[[str], str], plain: str, other: str
) -> None:
    assert loads(form(other)) == loads(form(plain))


@pytest.mark.parametrize(
    ("form", "wrong"), [(levels, "2.5"), (levels, "true"), (levels, '"2"'), (overruled, "50.5")]
)
def test_what_is_not_whole_is_refused(form: Callable[[str], str], wrong: str) -> None:
    with pytest.raises(SheetFaults):
        loads(form(wrong))
