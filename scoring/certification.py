"""From scored items to conditions and a verdict (C-CERT, C-GOLD). Always a self-assessment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from scoring.text import Text

NOTICE = Text(
    zh="自评结论，不代表 COPC Inc. 认证", en="Self-assessment; it is not a certification by COPC Inc."
)


class Verdict(StrEnum):
    """The four verdicts."""

    MEETS = "meets"
    MEETS_LENIENT_ONLY = "meets_lenient_only"
    NOT_MET = "not_met"
    INCOMPLETE = "incomplete"

    @property
    def label(self) -> Text:
        """The verdict as people read it."""
        return _VERDICT_LABELS[self]

    def passes(self, cert_policy: str) -> bool:
        """Whether it counts as a pass under `strict` or `lenient`."""
        return self is Verdict.MEETS or (self is Verdict.MEETS_LENIENT_ONLY and cert_policy == "lenient")


_VERDICT_LABELS = {
    Verdict.MEETS: Text(zh="达到认证线（严格读法）", en="Meets the pass mark (strict reading)"),
    Verdict.MEETS_LENIENT_ONLY: Text(zh="仅在宽松读法下达到", en="Meets it on the lenient reading only"),
    Verdict.NOT_MET: Text(zh="未达到", en="Not met"),
    Verdict.INCOMPLETE: Text(zh="评分不完整", en="Incomplete"),
}

CONDITION_LABELS = {
    "total": Text(zh="总分达到认证线", en="The total reaches the pass mark"),
    "approach_1_3": Text(
        zh="类别 1–3 各条目方式均为满分", en="Approach is full in every item of categories 1–3"
    ),
    "category_4_full": Text(zh="类别 4 全部满分（严格读法）", en="Category 4 is full (strict reading)"),
    "category_4_approach": Text(
        zh="类别 4 各条目方式均为满分（宽松读法）",
        en="Approach is full in every item of category 4 (lenient reading)",
    ),
}
CONDITIONS_OF = {
    "strict": ("total", "approach_1_3", "category_4_full"),
    "lenient": ("total", "approach_1_3", "category_4_approach"),
}


class ScoredItem(Protocol):
    """What the conditions look at."""

    @property
    def id(self) -> str: ...
    @property
    def dimensions(self) -> Mapping[str, int | None]: ...
    @property
    def percent(self) -> Fraction | None: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `holds` is `None` while an item in its range is blank. `items` are the known shortfalls."""

    id: str
    holds: bool | None
    items: tuple[str, ...] = ()
    needs: Fraction | None = None
    has: Fraction | None = None

    @property
    def label(self) -> Text:
        """The condition as people read it."""
        return CONDITION_LABELS[self.id]


def conditions(items: Iterable[ScoredItem], total: Fraction, pass_points: Fraction) -> tuple[Condition, ...]:
    """The four conditions in their fixed order; points are those of the tier."""
    scored = list(items)
    practice = [item for item in scored if "deployment" in item.dimensions]
    results = [item for item in scored if "deployment" not in item.dimensions]
    blank = any(item.percent is None for item in scored)
    return (
        Condition("total", None if blank else total >= pass_points, needs=pass_points, has=total),
        _condition("approach_1_3", practice, _approach_short),
        _condition("category_4_full", results, _short),
        _condition("category_4_approach", results, _approach_short),
    )


def _approach_short(item: ScoredItem) -> bool:
    approach = item.dimensions["approach"]
    return approach is not None and approach < 100


def _short(item: ScoredItem) -> bool:
    return any(score is not None and score < 100 for score in item.dimensions.values())


def _condition(name: str, items: list[ScoredItem], short: Callable[[ScoredItem], bool]) -> Condition:
    missing = tuple(item.id for item in items if short(item))
    blank = any(item.percent is None for item in items)
    return Condition(name, None if blank else not missing, missing)


def verdict(found: Iterable[Condition]) -> Verdict:
    """The verdict that follows from the conditions: strict implies lenient."""
    holds = {condition.id: condition.holds for condition in found}
    if any(value is None for value in holds.values()):
        return Verdict.INCOMPLETE
    if all(holds[name] for name in CONDITIONS_OF["strict"]):
        return Verdict.MEETS
    if all(holds[name] for name in CONDITIONS_OF["lenient"]):
        return Verdict.MEETS_LENIENT_ONLY
    return Verdict.NOT_MET
