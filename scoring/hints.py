"""What a result suggests and never changes: findings on 2.6, one-metric items, minors together, overruled gaps."""

from collections.abc import Iterable, Mapping, Sequence

from scoring.judging import Frame
from scoring.metrics import MetricFacts
from scoring.reasons import DIMENSION_NAMES, NO, YES, Reason, because
from scoring.results import ItemResult
from scoring.sheet import CopcSheet, Gap

# Hints


def hints(
    sheet: CopcSheet, items: Mapping[str, ItemResult], compliant: bool, frame: Frame
) -> Iterable[Reason]:
    for item in items.values():
        if item.id != frame.word_item:
            yield from _metric_hints(item, frame)
    achieving = items.get(frame.word_item or "")
    if achieving is not None and not compliant and frame.lifted and achieving.percent == 100:
        yield because("hint_c47", older=YES if passes_older_test(achieving.metrics) else NO)
    yield from _gap_hints(sheet.gaps, items)


def _metric_hints(item: ItemResult, frame: Frame) -> Iterable[Reason]:
    for entry in item.metrics:
        if entry.failing and frame.word_item is None:
            # A standard of one's own has no item 2.6 on which to raise a finding.
            yield because("hint_cui_own", metric=entry.id, item=item.id, letters=", ".join(entry.failing))
        elif "C" in entry.failing:
            yield because("hint_missing", metric=entry.id, item=item.id)
        elif entry.failing:
            yield because("hint_cui", metric=entry.id, item=item.id, letters=", ".join(entry.failing))
        elif entry.provisional:
            yield because("hint_provisional", metric=entry.id, item=item.id, periods=entry.periods)
    if (
        len(item.metrics) == 1
        and frame.policy.trend_one_metric == "literal"
        and item.dimensions["trend"] != 100
    ):
        yield because("hint_one_metric", item=item.id)


def passes_older_test(required: Sequence[MetricFacts]) -> bool:
    """The older published test: half at target, and three quarters at target or improving."""
    met = sum(entry.meets for entry in required)
    either = sum(entry.meets or entry.improving for entry in required)
    return bool(required) and 2 * met >= len(required) and 4 * either >= 3 * len(required)


_DIMENSIONS_OF_RELEASE = {"line": ("approach",), "unit": ("deployment",), "metric": ("level", "trend")}
_DIMENSION_OF_FACT = {"meets": ("level",), "improves": ("trend",)}


def _gap_hints(gaps: Sequence[Gap], items: Mapping[str, ItemResult]) -> Iterable[Reason]:
    overruled = {item.id: item for item in items.values() if item.computed}
    if overruled:
        yield from _overruled_hints(gaps, overruled)
    minors: dict[str, dict[str, None]] = {}
    for gap in gaps:
        if gap.grade == "minor":
            for release in gap.releases:
                if release.item in items:
                    minors.setdefault(release.item, {})[gap.id] = None
    for item_id, gap_ids in minors.items():
        if len(gap_ids) >= 3:
            yield because("hint_minors", item=item_id, count=len(gap_ids), missing=tuple(gap_ids))


def _overruled_hints(gaps: Iterable[Gap], overruled: Mapping[str, ItemResult]) -> Iterable[Reason]:
    said: set[tuple[str, str, str]] = set()
    for gap in gaps:
        for release in gap.releases:
            item = overruled.get(release.item)
            if item is None:
                continue
            names = _DIMENSION_OF_FACT.get(release.fact) or _DIMENSIONS_OF_RELEASE.get(release.kind, ())
            for name in names:
                if name in item.computed and (gap.id, item.id, name) not in said:
                    said.add((gap.id, item.id, name))
                    yield because(
                        "hint_overruled_gap", gap=gap.id, item=item.id, dimension=DIMENSION_NAMES[name]
                    )
