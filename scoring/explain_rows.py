"""Why a criterion has the level and the points it has, and which rows would change them."""

from collections.abc import Iterator
from fractions import Fraction

from scoring.explain import Explanation
from scoring.facts import SeeSheet
from scoring.see_cmm import HIGHEST_LEVEL, CriterionResult, SeeResult, criterion_level, score
from scoring.telling import percent, plain, signed
from scoring.text import Text


def explain(sheet: SeeSheet, result: SeeResult, criterion_id: str) -> Explanation:
    """A criterion's level and points in plain words.

    >>> from datetime import date
    >>> sheet = SeeSheet("see-cmm@2009", date(2026, 6, 30), rows={"S1": {"approach": 2, "deployed": 2, "feedback": 1}})
    >>> explain(sheet, score(sheet), "S1").why[0].en
    'The level is 1: the lowest row decides (S-LEVEL), and that is Feedback mechanism in place.'
    """
    found = result.criteria[criterion_id]
    names = {row.id: row.name for row in result.catalogue.criterion(criterion_id).rows}
    return Explanation(tuple(_why(result, found, names)), tuple(_change(sheet, result, found, names)))


def _listed(rows: list[str], names: dict[str, Text]) -> Text:
    return Text(en=", ".join(names[row].en for row in rows), zh="、".join(names[row].zh for row in rows))


def _why(result: SeeResult, found: CriterionResult, names: dict[str, Text]) -> Iterator[Text]:
    empty = [row for row, mark in found.rows.items() if mark is None]
    if empty or found.level is None or found.percent is None or found.points is None:
        blank = _listed(empty, names)
        yield Text(
            en=f"There is no level yet: these rows are not judged: {blank.en}.",
            zh=f"尚无等级：以下行未评定：{blank.zh}。",
        )
        return
    marks = {row: mark for row, mark in found.rows.items() if mark is not None}
    if result.policy.level_rule == "weakest":
        lowest = _listed([row for row, mark in marks.items() if mark == found.level], names)
        yield Text(
            en=f"The level is {found.level}: the lowest row decides (S-LEVEL), and that is {lowest.en}.",
            zh=f"等级为 {found.level}：由最低的一行决定（S-LEVEL），即{lowest.zh}。",
        )
    else:
        mean = Fraction(sum(marks.values()), len(marks))
        yield Text(
            en=f"The level is {found.level}: the mean of the rows, {plain(mean)}, rounded down (S-LEVEL).",
            zh=f"等级为 {found.level}：各行平均 {plain(mean)} 向下取整（S-LEVEL）。",
        )
    sums = " + ".join(str(mark) for mark in marks.values())
    share = percent(found.percent)
    yield Text(
        en=f"The points follow the mean of the rows: ({sums}) of {HIGHEST_LEVEL * len(marks)} = {share.en}, "
        f"{plain(found.points)} of {plain(found.max)} points (S-PTS).",
        zh=f"分数取各行平均：({sums}) / {HIGHEST_LEVEL * len(marks)} = {share.zh}，"
        f"{plain(found.max)} 分得 {plain(found.points)} 分（S-PTS）。",
    )
    if result.overall_level is not None and found.level == result.overall_level < HIGHEST_LEVEL:
        yield Text(
            en=f"It is among the lowest criteria, so it holds the overall level at {result.overall_level}.",
            zh=f"它属于最低的准则，因此总体等级停在 {result.overall_level}。",
        )


def _change(
    sheet: SeeSheet, result: SeeResult, found: CriterionResult, names: dict[str, Text]
) -> Iterator[Text]:
    if found.level is None or found.level >= HIGHEST_LEVEL:
        return
    wanted = found.level + 1
    marks = {row: mark or 0 for row, mark in found.rows.items()}
    raised = {row: max(mark, wanted) for row, mark in marks.items()}
    below = _listed([row for row, mark in marks.items() if mark < wanted], names)
    rows = {**sheet.rows, found.id: raised}
    after = score(
        SeeSheet(sheet.standard, sheet.as_of, policy=sheet.policy, rows=rows, read_with=sheet.read_with)
    )
    gain = after.total - result.total
    if criterion_level(raised.values(), result.policy.level_rule) >= wanted:
        yield Text(
            en=f"With level {wanted} in {below.en} the criterion would reach level {wanted}, and the points would move "
            f"by {signed(gain)}.",
            zh=f"{below.zh}达到 {wanted} 级后，该准则即为 {wanted} 级，分数 {signed(gain)}。",
        )
    if after.overall_level is not None and after.overall_level != result.overall_level:
        yield Text(
            en=f"That alone would lift the overall level to {after.overall_level}.",
            zh=f"仅此一项即可使总体等级升至 {after.overall_level}。",
        )
