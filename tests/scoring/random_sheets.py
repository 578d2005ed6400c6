"""Random sheets that reach into the corners: holes in series, ranges, targets that change, blanks, overrules."""

from fractions import Fraction
from random import Random
from typing import Any

from tests.scoring.second_reading import CRITERIA, GOLD_ONLY, POINTS

Plain = dict[str, Any]
MONTHS = [f"20{year}-{month:02}" for year in (25, 26) for month in range(1, 13)][:18]
CHOICES: dict[str, list[Any]] = {
    "copc.cert_policy": ["strict", "lenient"],
    "copc.cui_denominator": ["keep", "drop"],
    "copc.note3_effect": ["waive_lines", "auto_trend"],
    "copc.c47_compliant": ["assessor", "computed"],
    "copc.trend_one_metric": ["literal", "capped"],
    "copc.gold_pass_points": ["2850", "2500"],
    "metric.window": [3, 4, 6, 12],
    "metric.meet_share": ["2/3", "1/2", "1"],
}
EFFORTS = ["0", "1", "2", "5/2", "1/3"]
DAYS = ["2026-05-01", "2026-07-01", "2026-08-15", "2026-09-30"]


class Maker:
    """Makes sheets from one seed; `rough` is the share of items that are not at full marks."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def sheet(self, gaps: int = 0, rough: float = 0.5, blank: float = 0.04) -> Plain:
        tier = self.chance.choice(["standard", "standard", "gold"])
        units = {
            "programmes": [f"p{n}" for n in range(self.chance.choice([1, 3, 4, 8, 9, 10]))],
            "key_positions": [f"k{n}" for n in range(self.chance.choice([1, 3, 4, 10]))],
        }
        names = [*POINTS[tier], *(name for name in GOLD_ONLY if tier == "standard" and self.maybe(0.1))]
        items = {
            name: self.item(name, units["key_positions" if name[0] == "3" else "programmes"], rough, blank)
            for name in names
            if not self.maybe(blank)
        }
        policy = {key: self.chance.choice(values) for key, values in CHOICES.items() if self.maybe(0.35)}
        return {
            "format": "score-sheet/1", "standard": "copc-2000-csp@4.1", "tier": tier, "as_of": "2026-06-30",
            "policy": policy, **units, "items": items, "gaps": self.gaps(self.facts(items, units), gaps),
        }  # fmt: skip

    def item(self, name: str, units: list[str], rough: float, blank: float) -> Plain:
        results = name[0] == "4"
        if not self.maybe(rough):
            found: Plain = {"lines": {f"{name}-{n}": "met" for n in range(2)}}
            if not results:
                found["deployed"] = list(units)
            elif name != "4.7":
                found["metrics"] = [
                    {"id": f"m{n}", "meets_target": True, "improving": True} for n in range(2)
                ]
            return found
        found = {
            "lines": {f"{name}-{n}": self.line(blank) for n in range(self.chance.choice([0, 1, 2, 4, 5, 8]))}
        }
        if not results:
            if not self.maybe(blank):
                found["deployed"] = self.chance.sample(units, self.chance.randint(0, len(units)))
            if self.maybe(0.2):
                found["in_scope"] = self.chance.sample(units, self.chance.randint(0, len(units)))
        elif name != "4.7":
            found["metrics"] = [
                self.metric(n) for n in range(self.chance.randint(0 if self.maybe(0.2) else 1, 5))
            ]
        elif self.maybe(0.6):
            found["compliant"] = self.maybe(0.4)
        if self.maybe(0.15):
            found["overrule"] = self.overrule(results)
        return found

    def line(self, blank: float) -> Any:
        status = self.chance.choice(["met", "met", "met", "not_met", "not_met", "not_applicable"])
        status = "not_assessed" if self.maybe(blank) else status
        return status if self.maybe(0.6) else {"status": status, "improvement_approach": self.maybe(0.8)}

    def overrule(self, results: bool) -> Plain:
        named = {"approach": [0, 25, 50, 75, 100]}
        named |= (
            {"level": [0, 50, 100], "trend": [0, 50, 100]}
            if results
            else {"deployment": [0, 25, 50, 75, 100]}
        )
        return {"reason": "seen", **{k: self.chance.choice(v) for k, v in named.items() if self.maybe(0.5)}}

    def metric(self, number: int) -> Plain:
        found: Plain = {"id": f"m{number}"}
        for flag, share in (("required", 0.15), ("collected", 0.08), ("usable", 0.08), ("integrity", 0.08)):
            if self.maybe(share):
                found[flag] = False
        if self.maybe(0.55):
            months = self.chance.sample(MONTHS, self.chance.choice([0, 1, 2, 3, 4, 5, 6, 6, 6, 7, 9, 12]))
            slope = self.chance.choice([0, 1, -1])
            level = {month: Fraction(self.chance.randint(0, 60), 6) for month in months}
            found["values"] = {
                month: str(level[month] + Fraction(3 * slope * place, 2))
                for place, month in enumerate(sorted(months))
            }
            found["better"] = self.chance.choice(["higher", "lower", "range"])
            if self.maybe(0.85):
                found["target"] = self.target(found["better"])
        for fact in ("meets_target", "improving"):
            if self.maybe(0.3):
                found[fact] = self.maybe(0.6)
        return found

    def target(self, better: str) -> Any:
        def one() -> Any:
            low, high = sorted((self.chance.randint(0, 20), self.chance.randint(0, 20)))
            return {"low": str(low), "high": str(high)} if better == "range" else f"{low}/3"

        if self.maybe(0.6):
            return one()
        return {self.chance.choice([*MONTHS, "2026-09"]): one() for _ in range(self.chance.randint(1, 4))}

    def facts(self, items: Plain, units: Plain) -> list[Plain]:
        found: list[Plain] = []
        for name, item in items.items():
            found += [{"item": name, "line": line} for line, said in item["lines"].items() if said != "met"]
            if name[0] != "4":
                every = units["key_positions" if name[0] == "3" else "programmes"]
                left = [unit for unit in every if unit not in item.get("deployed", [])]
                found += [{"item": name, "unit": unit} for unit in left]
            found += [
                {"item": name, "metric": metric["id"], "fact": fact}
                for metric in item.get("metrics", [])
                for fact in ("cui", "meets", "improves")
                if metric.get("meets_target") is not True
            ]
        word = [{"item": "4.7", "fact": "compliant"}] if "4.7" in items else []
        return found + 3 * word

    def gaps(self, facts: list[Plain], most: int) -> list[Plain]:
        names = [f"NC-{n}" for n in self.chance.sample(range(30), most)]
        facts = self.chance.sample(facts, len(facts))
        found = []
        for place, name in enumerate(names):
            # All open facts are dealt out, some of them twice, so that a goal can be reached.
            releases = facts[place::most] + ([self.chance.choice(facts)] if facts and self.maybe(0.4) else [])
            gap: Plain = {"id": name, "releases": releases}
            if self.maybe(0.7):
                gap["effort"] = self.chance.choice(EFFORTS)
            if self.maybe(0.6):
                gap["ready_on"] = self.chance.choice(DAYS)
            if place and self.maybe(0.3):
                gap["needs"] = [self.chance.choice(names[:place])]
            found.append(gap)
        return self.chance.sample(found, len(found))

    def rows(self, gaps: int = 0, empty: float = 0.03) -> Plain:
        highest = self.chance.choice([2, 3, 4])
        rows = {
            name: {row: None if self.maybe(empty) else self.chance.randint(0, highest) for row in kinds}
            for name, kinds in CRITERIA.items()
        }
        places = [(name, row) for name, kinds in CRITERIA.items() for row in kinds]
        some = self.chance.sample(places, self.chance.choice([4, 12, 30]))
        named = [
            {"criterion": name, "row": row, "level": self.chance.randint(0, 4)}
            for name, row in self.chance.choices(some, k=5 * gaps)
        ]
        policy = {"see.weighting": self.chance.choice(["halves", "eighths"]),
                  "see.level_rule": self.chance.choice(["weakest", "mean_floor"])}  # fmt: skip
        return {"format": "score-sheet/1", "standard": "see-cmm@2009", "as_of": "2026-06-30", "policy": policy,
                "rows": rows, "gaps": self.gaps(named, gaps)}  # fmt: skip
