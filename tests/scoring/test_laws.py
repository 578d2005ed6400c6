"""Laws that no sheet may break: what closing can cost, what shares add up to, and that no float takes part."""

import ast
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from types import CodeType, FrameType
from typing import Any

import pytest

from scoring import attribution, path, rescore
from scoring.facts import CopcSheet, Gap, LineFact, Metric, SeeSheet
from scoring.policy import SWITCHES
from scoring.rescore import Result
from scoring.results import CopcResult
from scoring.sheet import Sheet, loads, parse, to_json
from tests.scoring import builders
from tests.scoring.random_sheets import CHOICES, Maker

SCORING = Path(rescore.__file__).parent
# The one switch under which closing a gap can lower the total.
CAN_COST = "copc.cui_denominator"


def read(plain: dict[str, Any]) -> Sheet:
    return loads(json.dumps(plain))


# Closing never costs points


def falls(sheet: Sheet, chance: Random) -> bool:
    """Whether the total falls anywhere while all gaps are closed in a random order."""
    order = chance.sample([gap.id for gap in sheet.gaps], len(sheet.gaps))
    totals = [rescore.score(rescore.close(sheet, frozenset(order[:n]))).total for n in range(len(order) + 1)]
    return any(after < before for before, after in pairwise(totals))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("key", ["", *(key for key in CHOICES if key != CAN_COST)])
def test_closing_never_costs_points_whatever_other_switch_is_turned(key: str, seed: int) -> None:
    maker = Maker(seed)
    for _ in range(3):
        plain = maker.sheet(gaps=6, rough=0.4)
        plain["policy"] = {key: CHOICES[key][-1]} if key else {}
        assert not falls(read(plain), maker.chance)


@pytest.mark.parametrize("seed", range(6))
def test_closing_never_costs_points_on_rows(seed: int) -> None:
    maker = Maker(seed)
    assert not falls(read(maker.rows(gaps=6, empty=0)), maker.chance)


def test_dropping_distrusted_metrics_is_the_switch_that_lets_closing_cost_points() -> None:
    """1 of 2 sound metrics meets target: level 100. The third becomes sound and does not meet: 1 of 3 is 50."""
    metrics = [
        {"id": "a", "meets_target": True, "improving": True},
        {"id": "b", "meets_target": False, "improving": True},
        {"id": "c", "meets_target": False, "improving": False, "integrity": False},
    ]
    gap = builders.gap("NC-1", {"item": "4.1", "metric": "c", "fact": "cui"})
    item = builders.item("4.1", metrics=metrics)

    dropped = rescore.simulate(parse(builders.sheet(policy={CAN_COST: "drop"}, gaps=[gap], _4_1=item)))
    kept = rescore.simulate(parse(builders.sheet(policy={CAN_COST: "keep"}, gaps=[gap], _4_1=item)))

    assert dropped.moved == {"4.1": Fraction(-50, 3)}
    assert kept.moved == {}
    assert CAN_COST in SWITCHES


# Shares


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_shares_add_up_to_the_gain_sampled_or_not(seed: int, drop: bool) -> None:
    plain = Maker(seed).sheet(gaps=24, rough=0.9, blank=0)
    plain["policy"] = {CAN_COST: "drop"} if drop else {}

    found = attribution.attribute(read(plain))

    assert sum((worth.share for worth in found.gaps.values()), Fraction(0)) == found.gain
    assert attribution.attribute(read(plain)) == found


def test_sampled_shares_say_so_and_still_add_up() -> None:
    """Twenty units, each pinned by its own gap and all by others in pairs: no two gaps are alike."""
    units = [f"unit-{n:02}" for n in range(20)]
    gaps = [
        builders.gap(
            f"NC-{n:02}", *({"item": "2.3", "unit": units[(n + step) % 20]} for step in range(1 + n % 3))
        )
        for n in range(20)
    ]
    plain = builders.sheet(_2_3=builders.item("2.3", deployed=[]), gaps=gaps) | {"programmes": units}
    for name in plain["items"]:
        if "deployed" in plain["items"][name] and name[0] in "12" and name != "2.3":
            plain["items"][name]["deployed"] = units

    found = attribution.attribute(read(plain))

    assert not found.exact
    assert sum((worth.share for worth in found.gaps.values()), Fraction(0)) == found.gain == 100
    assert all("standard_error" in entry for entry in found.to_json()["gaps"].values())


# Paths


@pytest.mark.parametrize("seed", [0, 1])
def test_the_path_among_twelve_gaps_equals_trying_all_4096_sets(seed: int) -> None:
    sheet = read(Maker(seed).sheet(gaps=12, rough=0.12, blank=0))
    gaps = {gap.id: gap for gap in sheet.gaps}
    names = [gap.id for gap in sheet.gaps]
    now = rescore.score(sheet)
    everything = rescore.score(rescore.close(sheet, frozenset(names)))
    target = f"points={(now.total + 2 * everything.total) / 3}"
    goals = {text: path.goal_of(sheet, text) for text in ("strict", "lenient", target)}
    best: dict[str, tuple[Any, ...]] = {}
    for size in range(len(names) + 1):
        for some in combinations(names, size):
            if any(need not in some for name in some for need in gaps[name].needs):
                continue
            result = rescore.score(rescore.close(sheet, frozenset(some)), since=now)
            key = (sum((gaps[name].effort for name in some), Fraction(0)), size, sorted(some))
            for text, goal in goals.items():
                if path.reaches(result, goal):
                    best[text] = min(best.get(text, key), key)

    for text in goals:
        plan = path.find(sheet, text)
        assert plan.feasible is (text in best)
        if plan.feasible:
            assert (plan.effort, len(plan.close), list(plan.close)) == best[text]


# Incremental


def edited(sheet: Sheet, chance: Random) -> Sheet:
    """The sheet with one fact changed by hand, as an assessor or new data would change it."""
    if isinstance(sheet, SeeSheet):
        criterion = chance.choice(sorted(sheet.rows))
        marks = {
            **sheet.rows[criterion],
            chance.choice(sorted(sheet.rows[criterion])): chance.choice([None, 0, 2, 4]),
        }
        return replace(sheet, rows={**sheet.rows, criterion: marks})
    facts = sheet.items[chance.choice(sorted(sheet.items))]
    kind = chance.choice(["line", "unit", "metric", "word", "gone"])
    if kind == "line" and facts.lines:
        status = chance.choice(["met", "not_met", "not_applicable", "not_assessed"])
        facts = replace(facts, lines={**facts.lines, chance.choice(sorted(facts.lines)): LineFact(status)})
    elif kind == "unit" and facts.deployed:
        facts = replace(facts, deployed=facts.deployed[1:])
    elif kind == "metric" and facts.metrics:
        first = facts.metrics[0]
        new = [
            replace(first, integrity=not first.integrity),
            replace(first, meets_target=True),
            Metric(first.id),
        ]
        facts = replace(facts, metrics=(chance.choice(new), *facts.metrics[1:]))
    elif kind == "word" and facts.id == "4.7":
        facts = replace(facts, compliant=not facts.compliant)
    elif kind == "gone" and not any(
        release.item == facts.id for gap in sheet.gaps for release in gap.releases
    ):
        return replace(sheet, items={name: entry for name, entry in sheet.items.items() if name != facts.id})
    return replace(sheet, items={**sheet.items, facts.id: facts})


@pytest.mark.parametrize("seed", range(12))
def test_one_step_after_another_equals_scoring_afresh(seed: int) -> None:
    """Closings, reopenings and edits in random order; each score starts from the one before."""
    maker = Maker(seed)
    sheet = read(maker.rows(gaps=5) if seed % 4 == 3 else maker.sheet(gaps=5))
    closed: frozenset[str] = frozenset()
    result: Result | None = None
    for _ in range(25):
        if maker.maybe(0.4):
            sheet = edited(sheet, maker.chance)
        else:
            closed ^= {maker.chance.choice(sheet.gaps).id}
        now = rescore.close(sheet, closed)
        result = rescore.score(now, since=result)
        assert result == rescore.score(now)
        assert result.to_json() == rescore.score(now).to_json()


def test_one_closure_judges_again_only_what_it_touches() -> None:
    """Items whose facts stay are taken over as they are; 4.7, which reads all metrics, is always judged."""
    gap = builders.gap("NC-1", {"item": "4.4", "metric": "metric-3", "fact": "meets"})
    item = builders.item("4.4", metrics=builders.metrics(4, 3, 2))
    sheet = read(builders.sheet(gaps=[gap], _4_4=item))
    assert isinstance(sheet, CopcSheet)

    simulated = rescore.simulate(sheet)

    before, after = simulated.before.judgements, simulated.after.judgements  # type: ignore[union-attr]
    assert {name for name in before if before[name] is not after[name]} == {"4.4", "4.7"}


def turned(sheet: CopcSheet, left: dict[str, Gap], maker: Maker) -> CopcSheet:
    """The sheet after one random event: an edit, a gap raised or closed, another day, another switch."""
    chance = maker.chance
    if maker.maybe(0.45):
        changed = edited(sheet, chance)
        assert isinstance(changed, CopcSheet)
        return changed
    if maker.maybe(0.15):
        return replace(sheet, as_of=sheet.as_of + timedelta(days=chance.randrange(1, 60)))
    if maker.maybe(0.1):
        return replace(
            sheet, policy=replace(sheet.policy, trend_one_metric=chance.choice(["literal", "capped"]))
        )
    if left and maker.maybe(0.5):
        gap = left.pop(chance.choice(sorted(left)))
        return replace(sheet, gaps=(*sheet.gaps, gap))
    gaps = list(sheet.gaps)
    gap = gaps.pop(chance.randrange(len(gaps)))
    left[gap.id] = gap
    closed = rescore.close(sheet, {gap.id}) if maker.maybe(0.5) else sheet
    assert isinstance(closed, CopcSheet)
    return replace(closed, gaps=tuple(gaps))


@pytest.mark.parametrize("seed", range(16))
def test_worth_renewed_where_something_stirred_equals_worth_of_every_gap(seed: int) -> None:
    """A gap whose items nothing touched keeps its number: it is the one that scoring afresh would give."""
    maker = Maker(seed)
    sheet = read(maker.sheet(gaps=10))
    assert isinstance(sheet, CopcSheet)
    result = rescore.score(sheet)
    left: dict[str, Gap] = {}
    kept: dict[str, Fraction] = {}
    spared = 0
    before = to_json(sheet)
    for _ in range(25):
        if len(sheet.gaps) < 2:
            break
        sheet = turned(sheet, left, maker)
        result = rescore.score(sheet, since=result)
        assert isinstance(result, CopcResult)
        names = {gap.id for gap in sheet.gaps}
        stirred = rescore.stirred(before, to_json(sheet), sheet.catalogue)
        wanted = stirred | (names - kept.keys())
        kept = {name: kept[name] for name in names - wanted} | rescore.alone(sheet, result, wanted)
        spared += len(names - wanted)
        before = to_json(sheet)
        now = rescore.score(sheet).total
        assert kept == {name: rescore.score(rescore.close(sheet, {name})).total - now for name in names}
    assert spared > 20


# Nothing is lost in writing


@pytest.mark.parametrize("seed", range(10))
def test_a_sheet_with_everything_in_it_survives_writing(seed: int) -> None:
    for plain in (Maker(seed).sheet(gaps=6), Maker(seed).rows(gaps=4)):
        sheet = read(plain)
        again = loads(json.dumps(to_json(sheet), sort_keys=True))

        assert again == sheet
        assert rescore.content_hash(to_json(again)) == rescore.content_hash(to_json(sheet))
        assert rescore.score(again).to_json() == rescore.score(sheet).to_json()


# No float


@contextmanager
def watched() -> Iterator[set[str]]:
    """Names every function of the package that held, took or gave a float while the block ran."""
    met: set[str] = set()
    mine: dict[CodeType, bool] = {}

    def note(frame: FrameType, event: str, answer: Any) -> None:
        code = frame.f_code
        if code not in mine:
            mine[code] = Path(code.co_filename).parent == SCORING
        if mine[code] and event == "return" and any(map(holds_float, [answer, *frame.f_locals.values()])):
            met.add(f"{Path(code.co_filename).name}:{code.co_name}")

    sys.setprofile(note)
    try:
        yield met
    finally:
        sys.setprofile(None)


def holds_float(value: object) -> bool:
    """Whether a value is a float, or a plain collection with one directly in it."""
    if type(value) in (list, tuple, set, frozenset):
        return any(type(entry) is float for entry in value)  # type: ignore[attr-defined]
    if type(value) is dict:
        return any(type(entry) is float for entry in value.values())
    return type(value) is float


def test_the_watch_sees_a_float() -> None:
    from scoring import variation

    with watched() as met:
        variation.process_sigma(1600, 10000)

    assert met == {"variation.py:process_sigma"}


@pytest.mark.parametrize("seed", range(4))
def test_no_float_is_held_while_scoring_simulating_and_attributing(seed: int) -> None:
    plain = Maker(seed).sheet(gaps=4), Maker(seed).rows(gaps=3)
    texts = [json.dumps(each).replace('"5/2"', "2.5") for each in plain]

    with watched() as met:
        for text in texts:
            sheet = loads(text)
            rescore.simulate(sheet).to_json()
            attribution.attribute(sheet).to_json()

    assert met == set()


@pytest.mark.parametrize("seed", range(4))
def test_a_path_meets_floats_in_the_solver_alone(seed: int) -> None:
    sheet = read(Maker(seed).sheet(gaps=5, rough=0.2, blank=0))

    with watched() as met:
        path.find(sheet, "lenient")
        path.find(sheet, f"points={rescore.simulate(sheet).after.total}")

    assert {name.partition(":")[0] for name in met} <= {"program.py"}


def test_no_module_but_the_quantile_and_the_solver_speaks_of_floats() -> None:
    found = set()
    for file in SCORING.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            literal = isinstance(node, ast.Constant) and type(node.value) is float
            named = isinstance(node, ast.Name) and node.id in ("float", "round", "sqrt")
            if literal or named:
                found.add(file.name)

    assert found <= {"program.py"}


# Reasons


def test_what_is_full_needs_no_reason() -> None:
    result = rescore.score(read(builders.sheet()))

    assert {name: item["why"] for name, item in result.to_json()["items"].items() if item["why"]} == {}


def test_a_trend_made_full_by_note_4_keeps_no_other_word_on_the_trend() -> None:
    still = builders.item("4.5", metrics=builders.metrics(4, 4, 0))
    ruled = builders.item("4.6", overrule={"trend": 50, "reason": "seen"})
    word = builders.item("4.7", compliant=True)

    found = rescore.score(read(builders.sheet(_4_5=still, _4_6=ruled, _4_7=word))).to_json()["items"]

    assert found["4.5"]["why"] == found["4.6"]["why"] == ["trend 100 by note 4: item 4.7 is compliant (C-N4)"]
    assert found["4.6"]["computed"] == {"trend": 100}
