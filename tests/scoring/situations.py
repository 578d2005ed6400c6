"""Items and criteria in every situation that sentences tell apart; `sentences.json` holds what is said of each.

Run as a module it writes down what is said now, to be read before it is committed.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring import catalogue, explain, explain_rows, rescore
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import CopcSheet, SeeSheet, parse
from scoring.text import Text
from tests.scoring.builders import POSITIONS, PROGRAMMES, gap, item, lines, metrics, see_sheet, sheet

catalogue.register(
    catalogue.parse(Path(__file__).with_name("sheets").joinpath("own-items.toml").read_text("utf-8"))
)

SENTENCES = Path(__file__).with_name("sentences.json")
NAMES = {PROGRAMMES[8]: Text(zh="理赔", en="Claims"), "late": Text(zh="超时率", en="Late answers")}


@dataclass(frozen=True)
class Situation:
    """What is asked about, and the sheet it stands in."""

    about: str
    plain: dict[str, Any]

    def told(self) -> dict[str, list[str]]:
        """The reasons of the score, the sentences about it, and the hints of its sheet, in English and in Chinese."""
        found = parse(self.plain)
        result = rescore.score(found)
        if isinstance(found, SeeSheet):
            assert isinstance(result, SeeResult)
            told = explain_rows.explain(found, result, self.about)
            reasons, hints = result.criteria[self.about].reasons, result.warnings
        else:
            assert isinstance(found, CopcSheet)
            assert isinstance(result, CopcResult)
            told = explain.explain(found, result, self.about, NAMES)
            reasons, hints = result.items[self.about].reasons, result.hints
        return {
            "reasons": [reason.text(lang) for reason in reasons for lang in ("en", "zh")],
            "why": [sentence for text in told.why for sentence in (text.en, text.zh)],
            "change": [sentence for text in told.change for sentence in (text.en, text.zh)],
            "hints": [hint.text(lang) for hint in hints for lang in ("en", "zh")],
        }


def untrusted(count: int, policy: str) -> dict[str, Any]:
    letters = ("collected", "usable", "integrity")
    wrong: list[dict[str, Any]] = [
        {"id": f"bad-{n}", "meets_target": True, "improving": n == 0, letters[n % 3]: False}
        for n in range(count)
    ]
    wrong[0] |= {"id": "late", "integrity": False}
    good = [
        {"id": "good", "meets_target": True, "improving": False},
        {"id": "poor", "meets_target": False, "improving": False},
    ]
    aside = {"id": "aside", "required": False, "meets_target": False, "improving": False, "usable": False}
    return sheet(policy={"copc.cui_denominator": policy}, _4_4=item("4.4", metrics=[*wrong, *good, aside]))


def practice(item_id: str, **parts: Any) -> Situation:
    return Situation(item_id, sheet(**{f"_{item_id.replace('.', '_')}": item(item_id, **parts)}))


def results(
    item_id: str, required: int, met: int, improving: int, policy: Any = None, **parts: Any
) -> Situation:
    entry = item(item_id, metrics=metrics(required, met, improving), **parts)
    return Situation(item_id, sheet(policy=policy, **{f"_{item_id.replace('.', '_')}": entry}))


def word(
    compliant: bool | None, improving: int = 1, tier: str = "standard", who: str = "assessor", **parts: Any
) -> dict[str, Any]:
    """4.1 and 4.6 with few improving metrics, and what is said of 4.7."""
    weak = {f"_4_{n}": item(f"4.{n}", metrics=metrics(4, 4, improving)) for n in (1, 6)}
    said = {} if compliant is None else {"compliant": compliant}
    return sheet(tier, policy={"copc.c47_compliant": who}, **weak, _4_7=item("4.7", **said, **parts))


POOR = {f"_4_{n}": item(f"4.{n}", metrics=metrics(4, 1, 0)) for n in range(1, 7)}
MEAN, EIGHTHS = {"see.level_rule": "mean_floor"}, {"see.level_rule": "mean_floor", "see.weighting": "eighths"}


def rows(
    first: list[int | None],
    enabler: int | None = 2,
    result: int = 2,
    second: list[int | None] | None = None,
    **parts: Any,
) -> Situation:
    """The first criterion, perhaps the second one, and all others at one level."""
    others = [[enabler] * 3 for _ in range(4)]
    if second is not None:
        others[0] = second
    return Situation("S1", see_sheet([first, *others], [[result] * 5] * 3, **parts))  # type: ignore[list-item]


WATCHED: list[dict[str, Any]] = [
    {"id": "short", "better": "higher", "target": "1", "values": {"2026-01": "2", "2026-02": "2"}},
    {"id": "young", "better": "higher", "target": "1", "values": {f"2026-0{n}": "2" for n in range(1, 5)}},
    {"id": "loose", "meets_target": True, "improving": True, "usable": False, "integrity": False},
    {"id": "sound", "meets_target": True, "improving": True},
]


LOOSE = [*metrics(4, 4, 2), {"id": "late", "meets_target": True, "improving": True, "usable": False}]


def own_sheet(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """A sheet of a standard of one's own, with an item of results."""
    return {
        "format": "score-sheet/1", "standard": "acme-service@2", "as_of": "2026-06-30",
        "programmes": ["a"], "key_positions": ["b"],
        "items": {"R1": {"lines": {"R1-a": "met"}, "metrics": metrics}},
    }  # fmt: skip


def older_test_fails() -> dict[str, Any]:
    """Half of all metrics meet target, which is enough for full marks, and none of the others improves."""
    half = {f"_4_{n}": item(f"4.{n}", metrics=metrics(4, 2, 2)) for n in range(1, 7)}
    return sheet(**half)


def overruled_with_gaps() -> dict[str, Any]:
    """Gaps on each dimension of two overruled items; one names the same fact twice, one an item that is not."""
    ruled = {"level": 100, "trend": 50, "reason": "two  words"}
    results = item("4.2", metrics=metrics(4, 1, 0), overrule=ruled)
    practice = item(
        "2.3", lines=lines("2.3", 3, 1), deployed=PROGRAMMES[:5], overrule={"deployment": 100, "reason": "x"}
    )
    metric = {"item": "4.2", "metric": "metric-1"}
    return sheet(_4_2=results, _2_3=practice, _1_2=item("1.2", lines=lines("1.2", 3, 1)), gaps=[
        gap("A", {**metric, "fact": "meets"}, {**metric, "fact": "meets"}),
        gap("B", {**metric, "fact": "improves"}),
        gap("C", {**metric, "fact": "cui"}),
        gap("D", {"item": "2.3", "unit": PROGRAMMES[6]}, {"item": "2.3", "line": "2.3-3"}),
        gap("E", {"item": "1.2", "line": "1.2-3"}),
    ])  # fmt: skip


def minor_gaps(count: int) -> dict[str, Any]:
    """Minor gaps on one item, one of them with two pins on it, and a major one that does not count."""
    pin, other = {"item": "1.2", "line": "1.2-3"}, {"item": "1.2", "line": "1.2-4"}
    minors = [gap(f"M{n}", pin, other, grade="minor") for n in range(count)]
    return sheet(
        _1_2=item("1.2", lines=lines("1.2", 3, 2)),
        gaps=[*minors, gap("big", pin, grade="major"), gap("plain", pin)],
    )


SHARED = item("4.1", metrics=metrics(4, 2, 0))
UNMET = {"status": "not_met", "improvement_approach": True}
FLAGGED = {"4.2-0": "met", "4.2-1": UNMET, "4.2-2": UNMET}

SITUATIONS: dict[str, Situation] = {
    "a practice with everything": practice("2.3"),
    "a practice with a line and two units missing": practice("2.3", lines=lines("2.3", 3, 1), deployed=PROGRAMMES[:8]),
    "a practice with two lines missing": practice("2.3", lines=lines("2.3", 2, 2)),
    "a practice held down by its deployment": practice("2.3", lines=lines("2.3", 3, 1), deployed=PROGRAMMES[:5]),
    "a practice at the lower edge of the highest band": practice("2.3", deployed=PROGRAMMES[:9]),
    "a practice with four units missing": practice("2.3", deployed=PROGRAMMES[:6]),
    "a practice far from the highest band": practice("1.2", lines=lines("1.2", 5, 1), deployed=PROGRAMMES[:7]),
    "a practice of people deployed almost nowhere": practice("3.4", deployed=POSITIONS[:2]),
    "a practice of people deployed in one of ten": practice("3.4", deployed=POSITIONS[:1], lines=lines("3.4", 1, 9)),
    "a practice without a word on deployment": practice("2.3", deployed=None),
    "a practice whose lines are not all judged": practice("2.3", lines={"a": "met", "b": "not_assessed"}),
    "a practice with both dimensions overruled": practice(
        "2.3", lines={"a": "not_assessed"}, deployed=PROGRAMMES[:8],
        overrule={"approach": 100, "deployment": 50, "reason": "seen on site"},
    ),
    "an item that nobody assessed": Situation("2.3", sheet(_2_3=None)),
    "results with everything": results("4.2", 4, 4, 2),
    "results with one metric of four missing target": results("4.2", 4, 3, 1),
    "results with half of the metrics missing target": results("4.2", 4, 1, 0),
    "results with few metrics improving": results("4.2", 8, 4, 1),
    "results that need two metrics for the next band": results("4.2", 8, 0, 0),
    "results with a single metric": results("4.2", 1, 0, 0),
    "results without metrics": Situation("4.2", sheet(_4_2=item("4.2", metrics=[]))),
    "results whose lines are all not applicable": results("4.2", 4, 2, 2, lines={"a": "not_applicable"}),
    "results by note 3": results("4.2", 4, 3, 2, lines=FLAGGED),
    "results by note 3 with the trend filled": results("4.2", 4, 3, 0, {"copc.note3_effect": "auto_trend"}),
    "results overruled": results("4.2", 4, 2, 2, overrule={"level": 100, "trend": 0, "reason": "recounted"}),
    "results of a pool that 4.7 reads": Situation("4.1", sheet(_4_1=SHARED)),
    "achieving results over the others": Situation(
        "4.7", sheet(_4_1=SHARED, _4_2=item("4.2", metrics=metrics(4, 0, 0)))
    ),
    "achieving results far from the others' targets": Situation("4.7", sheet(**POOR)),
    "data of one metric that cannot be trusted, kept": Situation("4.4", untrusted(1, "keep")),
    "data of one metric that cannot be trusted, dropped": Situation("4.4", untrusted(1, "drop")),
    "data whose trust would move nothing": Situation("4.4", sheet(_4_4=item("4.4", metrics=LOOSE))),
    "data of six metrics that cannot be trusted, kept": Situation("4.4", untrusted(6, "keep")),
    "data of six metrics that cannot be trusted, dropped": Situation("4.4", untrusted(6, "drop")),
    "data that cannot be trusted, seen from 4.7": Situation("4.7", untrusted(2, "keep")),
    "4.7 called compliant, lifting two trends": Situation("4.7", word(True)),
    "4.7 called compliant, lifting none": Situation("4.7", word(True, improving=2)),
    "4.7 called not compliant although its figures are full": Situation("4.7", word(False)),
    "4.7 called nothing with figures that are not": Situation("4.7", word(None, lines=lines("4.7", 3, 1))),
    "4.7 computed as compliant": Situation("4.7", word(None, who="computed")),
    "4.7 computed as not compliant": Situation("4.7", word(None, who="computed", lines=lines("4.7", 3, 1))),
    "4.7 of the gold tier": Situation("4.7", word(True, tier="gold")),
    "a trend that the word fills": Situation("4.6", word(True)),
    "a trend that the word fills over nothing": Situation("4.6", word(True) | {"items": {
        **word(True)["items"], "4.6": item("4.6", metrics=[])}}),
    "metrics that are watched": Situation("4.4", sheet(_4_4=item("4.4", metrics=WATCHED))),
    "metrics that are watched, of a standard of one's own": Situation("R1", own_sheet(metrics=WATCHED)),
    "a single metric, capped": results("4.2", 1, 1, 1, {"copc.trend_one_metric": "capped"}),
    "a single metric that improves": results("4.2", 1, 1, 1),
    "4.7 full in itself, and by the older test too": Situation("4.7", word(None, improving=2)),
    "4.7 full in itself, but not by the older test": Situation("4.7", older_test_fails()),
    "an overrule with gaps on what it sets": Situation("4.2", overruled_with_gaps()),
    "three minor gaps on an item": Situation("1.2", minor_gaps(3)),
    "two minor gaps on an item": Situation("1.2", minor_gaps(2)),
    "rows that lie above those they rest on": rows([1, 2, 2], 2, 2),
    "targets above the scope": Situation("S6", see_sheet([[2] * 3] * 5, [[2, 3, 2, 2, 2], *[[2] * 5] * 2])),
    "rows at one level": rows([2, 2, 2]),
    "a row at nothing": rows([0, 2, 2]),
    "the lowest row of all": rows([2, 3, 1]),
    "two lowest rows, and another criterion as low": rows([1, 3, 1], second=[1, 1, 1]),
    "rows by their mean": rows([2, 3, 1], 3, 3, policy=MEAN),
    "rows of results by their mean, weighed in eighths": Situation(
        "S6", see_sheet([[3] * 3] * 5, [[2, 2, 1, 4, 1], *[[3] * 5] * 2], policy=EIGHTHS)
    ),
    "rows at the highest level": rows([4, 4, 4], 4, 4),
    "rows that are not all judged": rows([None, 3, None]),
    "one criterion among some that are not judged": rows([1, 1, 1], second=[None] * 3),
}  # fmt: skip


if __name__ == "__main__":
    now = {name: situation.told() for name, situation in SITUATIONS.items()}
    SENTENCES.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
