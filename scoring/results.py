"""The result of a score by items, and its public form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from scoring import catalogue, numbers
from scoring.catalogue import Standard
from scoring.certification import Condition, Verdict
from scoring.judging import Judgement, Tally
from scoring.metrics import MetricFacts
from scoring.policy import Policy
from scoring.reasons import Reason

FORMAT = "score-result/1"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item's score. `None` is blank: never 0. Points and percents are exact; `max` is the tier's full marks."""

    id: str
    category: str
    dimensions: Mapping[str, int | None]
    percent: Fraction | None
    points: Fraction | None
    max: Fraction
    reasons: tuple[Reason, ...]
    computed: Mapping[str, int | None]
    tallies: Mapping[str, Tally]
    metrics: tuple[MetricFacts, ...]

    def to_json(self) -> dict[str, Any]:
        """The item as the public result shows it."""
        shown: dict[str, Any] = dict(self.dimensions)
        shown["percent"] = _exact(self.percent)
        shown["points"] = _exact(self.points)
        shown["max"] = numbers.exact(self.max)
        shown["why"] = [reason.text("en") for reason in self.reasons]
        if self.computed:
            shown["computed"] = dict(self.computed)
        return shown


@dataclass(frozen=True, slots=True)
class CategoryResult:
    """Points of the scored items of a category, and its full marks."""

    points: Fraction
    max: Fraction


@dataclass(frozen=True, slots=True)
class CopcResult:
    """The score of a sheet. `total` is the sum of what is scored; `blank` lists the items that are not."""

    standard: str
    tier: str
    policy: Policy
    items: Mapping[str, ItemResult]
    categories: Mapping[str, CategoryResult]
    total: Fraction
    max: Fraction
    verdict: Verdict
    conditions: tuple[Condition, ...]
    blank: tuple[str, ...]
    hints: tuple[Reason, ...]
    compliant: bool
    judgements: Mapping[str, Judgement] = field(repr=False, compare=False)
    read_with: Standard | None = field(default=None, repr=False, compare=False)

    @property
    def catalogue(self) -> Standard:
        """The content that this score was computed with: the one handed in, or else what its identifier stands for."""
        return self.read_with or catalogue.load(self.standard)

    def condition(self, name: str) -> Condition:
        """One condition by its identifier."""
        return next(entry for entry in self.conditions if entry.id == name)

    def points_of(self) -> dict[str, Fraction]:
        """Item → points, blank counted as 0."""
        return {item.id: item.points or Fraction(0) for item in self.items.values()}

    def to_json(self) -> dict[str, Any]:
        """The public result."""
        return {
            "format": FORMAT,
            "standard": self.standard,
            "tier": self.tier,
            "policy": self.policy.to_json(),
            "items": {item.id: item.to_json() for item in self.items.values()},
            "categories": {
                name: {"points": numbers.exact(entry.points), "max": numbers.exact(entry.max)}
                for name, entry in self.categories.items()
            },
            "total": numbers.exact(self.total),
            "max": numbers.exact(self.max),
            "verdict": self.verdict.value,
            "conditions": [_condition_json(entry) for entry in self.conditions],
            "blank": list(self.blank),
            "hints": [hint.text("en") for hint in self.hints],
        }


def _exact(value: Fraction | None) -> str | None:
    return None if value is None else numbers.exact(value)


def _condition_json(condition: Condition) -> dict[str, Any]:
    if condition.needs is not None and condition.has is not None:
        needs, has = numbers.exact(condition.needs), numbers.exact(condition.has)
        return {"id": condition.id, "holds": condition.holds, "needs": needs, "has": has}
    return {"id": condition.id, "holds": condition.holds, "items": list(condition.items)}
