"""Items and criteria in every situation that sentences tell apart; `sentences.json` holds what is said of each.

Run as a module it writes down what is said now, to be read before it is committed.
"""

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from scoring import explain, explain_rows, rescore
from scoring.copc import CopcResult
from scoring.explain import Explanation
from scoring.see_cmm import SeeResult
from scoring.sheet import CopcSheet, SeeSheet, parse
from scoring.text import Text
from tests.scoring.builders import POSITIONS, PROGRAMMES, item, lines, metrics, see_sheet, sheet

SENTENCES = Path(__file__).with_name("sentences.json")
NAMES = {PROGRAMMES[8]: Text(zh="理赔", en="Claims"), "late": Text(zh="超时率", en="Late answers")}


@dataclass(frozen=True)
class Situation:
    """What is asked about, and the sheet it stands in."""

    about: str
    plain: dict[str, Any]

    def told(self) -> Explanation:
        found = parse(self.plain)
        result = rescore.score(found)
        if isinstance(found, SeeSheet):
            assert isinstance(result, SeeResult)
            return explain_rows.explain(found, result, self.about)
        assert isinstance(found, CopcSheet)
        assert isinstance(result, CopcResult)
        return explain.explain(found, result, self.about, NAMES)


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


SHARED = item("4.1", metrics=metrics(4, 2, 0))
FLAGGED = {"4.2-0": "met", "4.2-1": {"status": "not_met", "improvement_approach": True}}

SITUATIONS: dict[str, Situation] = {
    "a practice with everything": practice("2.3"),
    "a practice with a line and two units missing": practice("2.3", lines=lines("2.3", 3, 1), deployed=PROGRAMMES[:8]),
    "a practice with two lines missing": practice("2.3", lines=lines("2.3", 2, 2)),
    "a practice held down by its deployment": practice("2.3", lines=lines("2.3", 3, 1), deployed=PROGRAMMES[:5]),
    "a practice at the lower edge of the highest band": practice("2.3", deployed=PROGRAMMES[:9]),
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
    "rows at one level": rows([2, 2, 2]),
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


def said(found: Explanation) -> dict[str, list[str]]:
    """The sentences, each in English and in Chinese."""
    return {
        part: list(chain.from_iterable((text.en, text.zh) for text in texts))
        for part, texts in (("why", found.why), ("change", found.change))
    }


if __name__ == "__main__":
    now = {name: said(situation.told()) for name, situation in SITUATIONS.items()}
    SENTENCES.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
