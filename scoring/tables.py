"""Results as text that people read in a terminal, in either language."""

import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction

from scoring import certification, numbers
from scoring.attribution import Attribution
from scoring.path import Plan
from scoring.rescore import Result, Simulation
from scoring.results import CopcResult, ItemResult
from scoring.see_cmm import SeeResult
from scoring.sheet import Sheet
from scoring.text import Text

_DASH = "–"
_WORDS = {
    "item": Text(zh="条目", en="Item"),
    "criterion": Text(zh="大项", en="Criterion"),
    "approach": Text(zh="方式", en="Approach"),
    "deployment": Text(zh="部署", en="Deployment"),
    "level": Text(zh="水平", en="Level"),
    "maturity": Text(zh="等级", en="Level"),
    "trend": Text(zh="趋势", en="Trend"),
    "percent": Text(zh="比例 %", en="Percent"),
    "points": Text(zh="得分", en="Points"),
    "max": Text(zh="满分", en="of"),
    "total": Text(zh="总分", en="Total"),
    "category": Text(zh="类别", en="Category"),
    "verdict": Text(zh="结论", en="Verdict"),
    "conditions": Text(zh="条件", en="Conditions"),
    "hints": Text(zh="提示", en="Hints"),
    "blank": Text(zh="未评分", en="Not scored"),
    "overall": Text(zh="总体等级", en="Overall level"),
    "next": Text(zh="到下一等级的差距", en="Below the next level"),
    "warnings": Text(zh="提醒", en="Warnings"),
    "moved": Text(zh="得分变化", en="Moved"),
    "closed": Text(zh="关闭", en="Closed"),
    "before": Text(zh="关闭前", en="Before"),
    "after": Text(zh="关闭后", en="After"),
    "needed": Text(zh="需要", en="needed"),
    "nothing": Text(zh="无", en="none"),
    "gap": Text(zh="不符合项", en="Gap"),
    "alone": Text(zh="单独关闭", en="Alone"),
    "last": Text(zh="最后关闭", en="Last"),
    "share": Text(zh="应占份额", en="Share"),
    "error": Text(zh="标准误", en="Std. error"),
    "gain": Text(zh="全部关闭后增加", en="Gain with all closed"),
    "sampled": Text(zh="份额由抽样得出", en="The shares are sampled"),
    "effort": Text(zh="工作量", en="Effort"),
    "ready": Text(zh="最早可关闭", en="Ready on"),
    "goal": Text(zh="目标", en="Goal"),
    "order": Text(zh="关闭顺序", en="Close in this order"),
    "reachable": Text(zh="可以达到", en="can be reached"),
    "unreachable": Text(zh="关闭全部不符合项也达不到", en="cannot be reached even with every gap closed"),
    "blocking": Text(zh="阻碍", en="Blocking"),
}
_MARKS = {True: "[x]", False: "[ ]", None: "[?]"}


def word(key: str, lang: str) -> str:
    """A heading in a language."""
    return _WORDS[key].of(lang)


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def pad(text: str, columns: int, right: bool = False) -> str:
    """The text filled with spaces to a number of columns."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def grid(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Rows in aligned columns, the first `left` columns to the left and the others to the right."""
    columns = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  ".join(pad(cell, columns[i], right=i >= left) for i, cell in enumerate(row)).rstrip()
        for row in rows
    ]


def _number(value: Fraction | None, lines: Sequence[Fraction] = ()) -> str:
    return _DASH if value is None else numbers.show(value, lines=lines)


def _score(value: int | None) -> str:
    return _DASH if value is None else str(value)


def title(sheet: Sheet, lang: str) -> str:
    """What was scored, in one line."""
    name = sheet.catalogue.name.of(lang)
    return " · ".join(part for part in (sheet.site, name, sheet.as_of.isoformat()) if part)


def result(sheet: Sheet, scored: Result, lang: str) -> str:
    """A result as a table, with the reason for every lost point under its item."""
    body = copc_lines(scored, lang) if isinstance(scored, CopcResult) else see_lines(scored, lang)
    return "\n".join([title(sheet, lang), *body])


def copc_lines(scored: CopcResult, lang: str) -> Iterator[str]:
    """The lines of a result of items."""
    yield certification.NOTICE.of(lang)
    yield ""
    yield from _copc_items(scored, lang)
    yield ""
    yield from copc_summary(scored, lang)
    if scored.hints:
        yield ""
        yield word("hints", lang)
        yield from (f"  - {hint.text(lang)}" for hint in scored.hints)


def _copc_items(scored: CopcResult, lang: str) -> Iterator[str]:
    standard = scored.catalogue
    heads = ("item", "approach", "deployment", "level", "trend", "percent", "points", "max")
    rows = [[word(head, lang) for head in heads]]
    rows += [_item_row(item, standard.item(item.id).name.of(lang)) for item in scored.items.values()]
    head, *lines = grid(rows)
    yield head
    for line, item in zip(lines, scored.items.values(), strict=True):
        yield line
        yield from (f"       {reason.text(lang)}" for reason in item.reasons)


def _item_row(item: ItemResult, name: str) -> list[str]:
    scores = [
        _score(item.dimensions[key]) if key in item.dimensions else ""
        for key in ("approach", "deployment", "level", "trend")
    ]
    full = [item.max]
    return [f"{pad(item.id, 6)} {name}", *scores, _number(item.percent, [Fraction(100)]),
            _number(item.points, full), _number(item.max)]  # fmt: skip


def copc_summary(scored: CopcResult, lang: str) -> Iterator[str]:
    """Category sums, total, verdict and conditions."""
    standard = scored.catalogue
    rows = []
    for category in standard.categories:
        sums = scored.categories.get(category.id)
        if sums is None:
            continue
        name = f"{word('category', lang)} {category.id} {category.name.of(lang)}"
        rows.append([name, _number(sums.points, [sums.max]), _number(sums.max)])
    rows.append([word("total", lang), _number(scored.total, _total_lines(scored)), _number(scored.max)])
    yield from grid(rows)
    yield ""
    yield f"{word('verdict', lang)}: {scored.verdict.label.of(lang)}"
    if scored.blank:
        yield f"{word('blank', lang)}: {', '.join(scored.blank)}"
    yield word("conditions", lang)
    for condition in scored.conditions:
        detail = ", ".join(condition.items)
        if condition.needs is not None and condition.has is not None:
            shown = numbers.show(condition.has, lines=_total_lines(scored))
            detail = f"{shown} ({word('needed', lang)} {numbers.show(condition.needs)})"
        yield f"  {_MARKS[condition.holds]} {condition.label.of(lang)}{': ' if detail else ''}{detail}"


def _total_lines(scored: CopcResult) -> list[Fraction]:
    needs = scored.conditions[0].needs
    return [scored.max] if needs is None else [needs, scored.max]


def see_lines(scored: SeeResult, lang: str) -> Iterator[str]:
    """The lines of a result of rows."""
    standard = scored.catalogue
    rows = [[word(head, lang) for head in ("criterion", "maturity", "percent", "points", "max")]]
    for entry in scored.criteria.values():
        name = f"{entry.id} {standard.criterion(entry.id).name.of(lang)}"
        rows.append(
            [name, _score(entry.level), _number(entry.percent), _number(entry.points), _number(entry.max)]
        )
    head, *lines = grid(rows)
    yield ""
    yield head
    for line, entry in zip(lines, scored.criteria.values(), strict=True):
        yield line
        yield from (f"       {reason.text(lang)}" for reason in entry.reasons)
    yield ""
    yield from see_summary(scored, lang)


def see_summary(scored: SeeResult, lang: str) -> Iterator[str]:
    """Total, overall level, the rows below the next one, and warnings."""
    yield f"{word('total', lang)}: {_number(scored.total, [scored.max])} / {_number(scored.max)}"
    yield f"{word('overall', lang)}: {_score(scored.overall_level)}"
    if scored.next:
        below = ", ".join(f"{row.criterion}.{row.row} ({row.level})" for row in scored.next)
        yield f"{word('next', lang)}: {below}"
    if scored.warnings:
        yield word("warnings", lang)
        yield from (f"  - {warning.text(lang)}" for warning in scored.warnings)


def summary(scored: Result, lang: str) -> Iterator[str]:
    """The short form of a result."""
    return copc_summary(scored, lang) if isinstance(scored, CopcResult) else see_summary(scored, lang)


def simulation(sheet: Sheet, simulated: Simulation, lang: str) -> str:
    """Before, what moved, and the result after the closures."""
    before = numbers.show(simulated.before.total)
    after = numbers.show(simulated.after.total)
    moved = ", ".join(f"{name} {_signed(change)}" for name, change in simulated.moved.items())
    head = [
        title(sheet, lang),
        f"{word('closed', lang)}: {', '.join(simulated.closed) or word('nothing', lang)}",
        f"{word('total', lang)}: {before} -> {after} ({_signed(simulated.after.total - simulated.before.total)})",
        f"{word('moved', lang)}: {moved or word('nothing', lang)}",
        "",
        word("after", lang),
    ]
    after_result = simulated.after
    body = (
        copc_lines(after_result, lang)
        if isinstance(after_result, CopcResult)
        else see_lines(after_result, lang)
    )
    return "\n".join([*head, *body])


def _signed(change: Fraction) -> str:
    return f"{'+' if change > 0 else ''}{numbers.show(change)}"


def attribution(sheet: Sheet, found: Attribution, lang: str) -> str:
    """What every gap is worth, the largest share first."""
    heads = ["gap", "alone", "last", "share", *([] if found.exact else ["error"])]
    rows = [[word(head, lang) for head in heads]]
    for name, worth in sorted(found.gaps.items(), key=lambda pair: (-pair[1].share, pair[0])):
        values = [worth.alone, worth.last, worth.share, *([] if worth.error is None else [worth.error])]
        rows.append([name, *(_signed(value) for value in values)])
    lines = [title(sheet, lang), "", *grid(rows), "", f"{word('gain', lang)}: {_signed(found.gain)}"]
    return "\n".join(lines if found.exact else [*lines, word("sampled", lang)])


def plan(sheet: Sheet, found: Plan, lang: str) -> str:
    """The ordered closures with their dates, or what blocks the goal."""
    return "\n".join([title(sheet, lang), *_plan_lines(sheet, found, lang)])


def _plan_lines(sheet: Sheet, found: Plan, lang: str) -> Iterator[str]:
    goal = f"{word('goal', lang)}: {found.goal.label}"
    if not found.feasible:
        yield f"{goal} {word('unreachable', lang)}"
        yield word("blocking", lang)
        yield from (f"  - {reason}" for reason in found.blocking)
    else:
        yield f"{goal} {word('reachable', lang)}"
        yield f"{word('effort', lang)}: {numbers.show(found.effort)}"
        yield f"{word('ready', lang)}: {found.ready_on}"
        yield f"{word('order', lang)}: {', '.join(found.order) or word('nothing', lang)}"
        if found.order:
            yield from _plan_rows(sheet, found, lang)
    yield ""
    yield from summary(found.result, lang)


def _plan_rows(sheet: Sheet, found: Plan, lang: str) -> Iterator[str]:
    gaps = {gap.id: gap for gap in sheet.gaps}
    rows = [[word(head, lang) for head in ("gap", "effort", "ready")]]
    rows += [[name, numbers.show(gaps[name].effort), found.days[name].isoformat()] for name in found.order]
    yield from (f"  {line}" for line in grid(rows))
