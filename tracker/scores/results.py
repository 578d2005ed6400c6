"""Between a result and the rows of a page: names of items and criteria, reasons and conditions in words."""

from collections import defaultdict
from collections.abc import Mapping

from scoring import catalogue
from scoring.certification import CONDITIONS_OF
from scoring.results import CopcResult, ItemResult
from scoring.see_cmm import SeeResult
from scoring.text import Names, Text
from tracker.i18n import language
from tracker.scores import charts
from tracker.scores.viewmodels import (
    CategoryRows,
    CriterionRow,
    ItemRow,
    PinnedBy,
    Reading,
    RowMark,
)

Pinning = Mapping[str, tuple[PinnedBy, ...]]
"""Element → the open non-conformities that hold facts of it."""


def conditions(result: CopcResult) -> tuple[Reading, ...]:
    """What certification asks for, under each reading that asks for it."""
    found = []
    for condition in result.conditions:
        if condition.needs is not None and condition.has is not None:
            detail = f"{charts.shown(condition.has, condition.needs)} / {charts.shown(condition.needs)}"
        else:
            detail = ("、" if language() == "zh" else ", ").join(condition.items)
        found.append(
            Reading(
                id=condition.id,
                title=condition.label.of(language()),
                holds=condition.holds,
                detail=detail,
                strict=condition.id in CONDITIONS_OF["strict"],
                lenient=condition.id in CONDITIONS_OF["lenient"],
            )
        )
    return tuple(found)


def categories(result: CopcResult, pinning: Pinning, names: Names) -> tuple[CategoryRows, ...]:
    """The items of each category with the reasons for what they lose; `names` words the codes of a sheet."""
    standard = result.catalogue
    items: dict[str, list[ItemRow]] = defaultdict(list)
    for item in result.items.values():
        items[item.category].append(_item_row(item, standard.item(item.id).name, pinning, names))
    return tuple(
        CategoryRows(
            id=category_id,
            name=standard.category(category_id).name.of(language()),
            points=category.points,
            maximum=category.max,
            items=tuple(items[category_id]),
        )
        for category_id, category in result.categories.items()
    )


def _item_row(item: ItemResult, name: Text, pinning: Pinning, names: Names) -> ItemRow:
    return ItemRow(
        id=item.id,
        name=name.of(language()),
        dimensions=tuple(item.dimensions.items()),
        computed=tuple(item.computed.items()),
        percent=item.percent,
        points=item.points,
        maximum=item.max,
        lost=None if item.points is None else item.max - item.points,
        reasons=tuple(reason.text(language(), names) for reason in item.reasons),
        pinned_by=pinning.get(item.id, ()),
    )


def criteria(result: SeeResult, pinning: Pinning) -> tuple[CriterionRow, ...]:
    """The criteria with their rows and what the next level of each row asks for."""
    standard, lang = result.catalogue, language()
    found = []
    for criterion in result.criteria.values():
        known = standard.criterion(criterion.id)
        rows = tuple(
            RowMark(
                id=row.id,
                name=row.name.of(lang),
                level=criterion.rows.get(row.id),
                next_step=_rubric(row, criterion.rows.get(row.id), lang),
            )
            for row in known.rows
        )
        found.append(
            CriterionRow(
                id=criterion.id,
                name=known.name.of(lang),
                kind=criterion.kind,
                level=criterion.level,
                percent=criterion.percent,
                points=criterion.points,
                maximum=criterion.max,
                rows=rows,
                reasons=tuple(reason.text(lang) for reason in criterion.reasons),
                pinned_by=pinning.get(criterion.id, ()),
            )
        )
    return tuple(found)


def _rubric(row: catalogue.Row, level: int | None, lang: str) -> str:
    """What the level above the present one asks for; nothing at the top."""
    return "" if level is not None and level >= len(row.rubric) else row.rubric[level or 0].of(lang)


def next_rows(result: SeeResult) -> tuple[str, ...]:
    """The rows below the next level, in words."""
    standard, lang = result.catalogue, language()
    names = {(criterion.id, row.id): row.name.of(lang) for criterion, row in standard.rows()}
    return tuple(
        f"{below.criterion} · {names[below.criterion, below.row]} ({below.level})"
        for below in result.next or ()
    )
