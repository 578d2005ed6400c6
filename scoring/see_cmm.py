"""Scoring a standard of rows: criterion levels, points, the next step and warnings (S-ROW … S-WARN).

The arithmetic is ours; the model publishes none. Everything is exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from scoring import catalogue, numbers
from scoring.catalogue import Criterion, Standard
from scoring.policy import Policy
from scoring.reasons import Reason, because
from scoring.sheet import SeeSheet

FORMAT = "score-result/1"
MAX_POINTS = Fraction(1000)
HIGHEST_LEVEL = 4
# A row that lies above the one it rests on is worth a question (S-WARN).
_RESTS_ON = {"deployed": "approach", "feedback": "approach", "targets": "scope"}


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion: level 0-4, percent 0-100 and points, all `None` while a row is empty."""

    id: str
    kind: str
    rows: Mapping[str, int | None]
    level: int | None
    percent: Fraction | None
    points: Fraction | None
    max: Fraction
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """The criterion as the public result shows it."""
        exact = [None if value is None else numbers.exact(value) for value in (self.percent, self.points)]
        return {"level": self.level, "percent": exact[0], "points": exact[1], "max": numbers.exact(self.max)}


@dataclass(frozen=True, slots=True)
class RowBelow:
    """A row that lies below the next level, with its present level."""

    criterion: str
    row: str
    level: int


@dataclass(frozen=True, slots=True)
class SeeResult:
    """The score of a sheet of rows; sums are over what is scored, `overall_level` is `None` while a row is empty."""

    standard: str
    policy: Policy
    target_level: int | None
    criteria: Mapping[str, CriterionResult]
    enabler_points: Fraction
    result_points: Fraction
    total: Fraction
    max: Fraction
    overall_level: int | None
    next: tuple[RowBelow, ...] | None
    warnings: tuple[Reason, ...]
    blank: tuple[str, ...]
    read_with: Standard | None = field(default=None, repr=False, compare=False)

    @property
    def catalogue(self) -> Standard:
        """The content that this score was computed with: the one handed in, or else what its identifier stands for."""
        return self.read_with or catalogue.load(self.standard)

    def points_of(self) -> dict[str, Fraction]:
        """Criterion → points, blank counted as 0."""
        return {entry.id: entry.points or Fraction(0) for entry in self.criteria.values()}

    def to_json(self) -> dict[str, Any]:
        """The public result."""
        rows = None if self.next is None else [
            {"criterion": row.criterion, "row": row.row, "level": row.level} for row in self.next
        ]  # fmt: skip
        return {
            "format": FORMAT,
            "standard": self.standard,
            "policy": self.policy.to_json(),
            "criteria": {entry.id: entry.to_json() for entry in self.criteria.values()},
            "enabler_points": numbers.exact(self.enabler_points),
            "result_points": numbers.exact(self.result_points),
            "total": numbers.exact(self.total),
            "max": numbers.exact(self.max),
            "overall_level": self.overall_level,
            "next": rows,
            "warnings": [warning.text("en") for warning in self.warnings],
            "blank": list(self.blank),
        }


def full_marks(standard: Standard, weighting: str) -> dict[str, Fraction]:
    """Criterion → its full marks: half of 1000 for each kind, or an eighth for each criterion."""
    kinds = [criterion.kind for criterion in standard.criteria]
    if weighting == "eighths":
        return {criterion.id: MAX_POINTS / len(kinds) for criterion in standard.criteria}
    return {criterion.id: MAX_POINTS / 2 / kinds.count(criterion.kind) for criterion in standard.criteria}


def criterion_level(marks: Iterable[int], rule: str) -> int:
    """The lowest row, or the floor of the mean (S-LEVEL)."""
    rows = list(marks)
    return min(rows) if rule == "weakest" else sum(rows) // len(rows)


def score(sheet: SeeSheet) -> SeeResult:
    """Score a sheet of rows."""
    standard = sheet.catalogue
    full = full_marks(standard, sheet.policy.weighting)
    criteria = {
        criterion.id: _score_criterion(
            criterion, sheet.rows.get(criterion.id, {}), full[criterion.id], sheet.policy
        )
        for criterion in standard.criteria
    }
    levels = [entry.level for entry in criteria.values()]
    known = [level for level in levels if level is not None]
    overall = min(known) if len(known) == len(levels) else None
    enablers = _points(criteria.values(), "enabler")
    results = _points(criteria.values(), "result")
    return SeeResult(
        standard=sheet.standard,
        policy=sheet.policy,
        target_level=sheet.target_level,
        criteria=criteria,
        enabler_points=enablers,
        result_points=results,
        total=enablers + results,
        max=MAX_POINTS,
        overall_level=overall,
        next=None if overall is None else tuple(rows_below(criteria.values(), overall + 1)),
        warnings=tuple(_warnings(standard, criteria)),
        blank=tuple(
            f"{c.id}.{row}" for c in criteria.values() for row, mark in c.rows.items() if mark is None
        ),
        read_with=sheet.read_with,
    )


def _points(criteria: Iterable[CriterionResult], kind: str) -> Fraction:
    return sum((entry.points or Fraction(0) for entry in criteria if entry.kind == kind), Fraction(0))


def _score_criterion(
    criterion: Criterion, given: Mapping[str, int | None], full: Fraction, policy: Policy
) -> CriterionResult:
    rows = {row.id: given.get(row.id) for row in criterion.rows}
    marks = [mark for mark in rows.values() if mark is not None]
    complete = len(marks) == len(rows)
    percent = Fraction(25 * sum(marks), len(marks)) if complete else None
    points = None if percent is None else percent * full / 100
    return CriterionResult(
        id=criterion.id,
        kind=criterion.kind,
        rows=rows,
        level=criterion_level(marks, policy.level_rule) if complete else None,
        percent=percent,
        points=points,
        max=full,
        reasons=tuple(_reasons(criterion, rows, percent, points, full)),
    )


def _reasons(
    criterion: Criterion,
    rows: Mapping[str, int | None],
    percent: Fraction | None,
    points: Fraction | None,
    full: Fraction,
) -> Iterable[Reason]:
    for row in criterion.rows:
        mark = rows[row.id]
        if mark is None:
            yield because("row_empty", row=row.name)
        elif mark < HIGHEST_LEVEL:
            yield because("row", row=row.name, level=mark)
    if points is not None and points < full:
        yield because("criterion_lost", lost=full - points, max=full, percent=percent)


def rows_below(criteria: Iterable[CriterionResult], level: int) -> Iterable[RowBelow]:
    """The rows that lie below a level (S-NEXT); none above the highest."""
    if level > HIGHEST_LEVEL:
        return
    for entry in criteria:
        for row, mark in entry.rows.items():
            if mark is not None and mark < level:
                yield RowBelow(entry.id, row, mark)


def _warnings(standard: Standard, criteria: Mapping[str, CriterionResult]) -> Iterable[Reason]:
    for criterion in standard.criteria:
        names = {row.id: row.name for row in criterion.rows}
        rows = criteria[criterion.id].rows
        for row, other in _RESTS_ON.items():
            mark, base = rows.get(row), rows.get(other)
            if mark is not None and base is not None and mark > base:
                yield because("warn_rows", criterion=criterion.id, row=names[row], level=mark, other=names[other],
                              other_level=base)  # fmt: skip
