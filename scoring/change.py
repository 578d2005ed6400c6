"""What would change an item's score, in whole sentences.

It is asked of the scorer itself: facts are turned to met, the sheet is scored again, and the two results are
compared. So the lower of two, the mean of three, shared metrics and the word on 4.7 need no second formula.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scoring import outlook, rescore
from scoring.facts import CopcSheet, LineFact, Metric
from scoring.judging import Tally
from scoring.reasons import DIMENSION_NAMES
from scoring.results import CopcResult
from scoring.telling import Telling, plain, score_words, signed
from scoring.text import Text


class Change(Telling):
    """What would lift the item, and what it would lose first."""

    def tell(self) -> Iterator[Text]:
        for name, score in self.item.dimensions.items():
            if name in self.item.computed:
                title = DIMENSION_NAMES[name]
                yield Text(
                    en=f"While {title.en} is overruled, closing findings on it moves nothing there.",
                    zh=f"{title.zh}被改定期间，关闭相关不符合项不会改变该分值。",
                )
            elif score is not None and score < 100:
                yield from self._next_step(name)
        yield from self._trusted()
        yield from self._word_step()
        yield from self._spare_units()
        yield from self._reserve()

    def _scored(self, sheet: CopcSheet) -> CopcResult:
        scored = rescore.score(sheet, since=self.result)
        if not isinstance(scored, CopcResult):
            raise TypeError("an item belongs to a standard of items")
        return scored

    def _next_step(self, name: str) -> Iterator[Text]:
        """The fewest facts that lift a dimension, and what that moves."""
        for count, sheet in enumerate(self._better(name), start=1):
            after = self._scored(sheet)
            then, now = after.items[self.item.id].dimensions[name], self.item.dimensions[name]
            if then is not None and now is not None and then > now:
                yield self._step_words(name, count, then, after)
                return

    def _better(self, name: str) -> Iterator[CopcSheet]:
        """The sheet with one, two, three … of the facts turned that hold a dimension down."""
        tally = self.judgement.tallies[name]
        facts = self.facts
        if name == "approach":
            for line in tally.missing:
                facts = replace(
                    facts,
                    lines={**facts.lines, line: LineFact("met", facts.lines[line].improvement_approach)},
                )
                yield self.with_facts(self.item.id, facts)
        elif name == "deployment":
            for unit in tally.missing:
                facts = replace(facts, deployed=(*(facts.deployed or ()), unit))
                yield self.with_facts(self.item.id, facts)
        else:
            yield from self._better_metrics(name, tally)

    def _better_metrics(self, name: str, tally: Tally) -> Iterator[CopcSheet]:
        sheet = self.sheet
        for item_id, metric in self._metrics_of(tally.missing):
            facts = sheet.items[item_id]
            changed = (
                replace(metric, cui_released=True, meets_target=True)
                if name == "level"
                else replace(metric, cui_released=True, improving=True)
            )
            sheet = replace(
                sheet,
                items={
                    **sheet.items,
                    item_id: replace(
                        facts, metrics=tuple(changed if m.id == metric.id else m for m in facts.metrics or ())
                    ),
                },
            )
            yield sheet

    def _metrics_of(self, codes: Iterable[str]) -> Iterator[tuple[str, Metric]]:
        """Metrics with the item they stand in; item 4.7 reads those of the others."""
        wanted = dict.fromkeys(codes)
        places = [self.item.id] if self.item.id != self.word_item else list(self.sheet.items)
        for item_id in places:
            for metric in self.sheet.items[item_id].metrics or ():
                if metric.required and metric.id in wanted:
                    yield item_id, metric

    def _step_words(self, name: str, count: int, then: int, after: CopcResult) -> Text:
        title, gain = DIMENSION_NAMES[name], after.total - self.result.total
        what_en = {
            "approach": "requirement line" + ("s" if count > 1 else "") + " met",
            "deployment": "of its " + self.unit.en + " fully deployed",
            "level": "metric" + ("s" if count > 1 else "") + " meeting target",
            "trend": "metric in sustained improvement",  # a single one lifts it at any time
        }[name]
        what_zh = {
            "approach": f"再满足 {count} 条要求",
            "deployment": f"再有 {count} 个{self.unit.zh}全面部署",
            "level": f"再有 {count} 个指标达标",
            "trend": f"再有 {count} 个指标持续改善",
        }[name]
        if gain:
            others = {
                key: moved for key, moved in rescore.moved(self.result, after).items() if key != self.item.id
            }
            also_en = (
                f" (with {', '.join(f'{key} {signed(moved)}' for key, moved in others.items())})"
                if others
                else ""
            )
            also_zh = (
                f"（其中 {'、'.join(f'{key} {signed(moved)}' for key, moved in others.items())}）"
                if others
                else ""
            )
            return Text(
                en=f"{count} more {what_en} would make {title.en} {then} and move the total by {signed(gain)} "
                f"points{also_en}.",
                zh=f"{what_zh}，{title.zh}即为 {then}，总分 {signed(gain)} 分{also_zh}。",
            )
        return Text(
            en=f"{count} more {what_en} would make {title.en} {then}, but no points yet: the lower dimension "
            f"decides the item.",
            zh=f"{what_zh}，{title.zh}即为 {then}，但尚不增分：条目由较低的维度决定。",
        )

    def _trusted(self) -> Iterator[Text]:
        """What trusted data alone would bring, everything else as it is."""
        failing = [entry.id for entry in self.judgement.metrics if entry.failing]
        if not failing:
            return
        items = dict(self.sheet.items)
        for item_id, metric in self._metrics_of(failing):
            facts = items[item_id]
            items[item_id] = replace(
                facts,
                metrics=tuple(
                    replace(m, cui_released=True) if m.id == metric.id else m for m in facts.metrics or ()
                ),
            )
        after = self._scored(replace(self.sheet, items=items))
        mine, gain = after.items[self.item.id], after.total - self.result.total
        tallies = after.judgements[self.item.id].tallies
        level, trend = tallies["level"], tallies["trend"]
        yield Text(
            en=f"Were all its data trusted and nothing else changed, level would read {level.met} of {level.count} "
            f"({score_words(mine, 'level').en}) and trend {trend.met} of {trend.count} "
            f"({score_words(mine, 'trend').en}), "
            f"{'the total ' + signed(gain) + ' points' if gain else 'and the total would stay'}.",
            zh=f"若全部数据可信而其他不变，水平为 {level.count} 中 {level.met} 个（{score_words(mine, 'level').zh}），"
            f"趋势为 {trend.count} 中 {trend.met} 个（{score_words(mine, 'trend').zh}），"
            f"{'总分 ' + signed(gain) + ' 分' if gain else '总分不变'}。",
        )

    def _word_step(self) -> Iterator[Text]:
        if self.item.id != self.word_item or self.result.tier != "standard":
            return
        if self.result.policy.c47_compliant != "assessor":
            return
        if self.result.compliant:
            yield Text(
                en=f"Taking the word back would cost {plain(self.effect_of_word(compliant=False))} points. Its "
                f"own trend is never touched by it.",
                zh=f"若撤回该判定，将失去 {plain(self.effect_of_word(compliant=False))} 分。它不影响 4.7 自身的趋势。",
            )
            return
        gain = self.effect_of_word(compliant=True)
        if all(score == 100 for score in self.item.dimensions.values()):
            suggests = Text(
                en="suggest it: approach, level and trend are all 100",
                zh="其方式、水平、趋势均为 100，数据支持该判定",
            )
        else:
            suggests = Text(
                en="do not suggest it yet: approach, level and trend are not all 100",
                zh="其方式、水平、趋势不全为 100，数据尚不支持该判定",
            )
        yield Text(
            en=f"The word “compliant” would bring {signed(gain)} points by the trends of 4.1 to 4.6; its figures "
            f"{suggests.en}.",
            zh=f"若判定为“合规”，4.1 至 4.6 的趋势将带来 {signed(gain)} 分；{suggests.zh}。",
        )

    def _spare_units(self) -> Iterator[Text]:
        """Units that are missing although deployment is full: reserve, not points."""
        tally = self.judgement.tallies.get("deployment")
        if tally is None or not tally.missing or self.item.dimensions["deployment"] != 100:
            return
        missing = self.listed(tally.missing)
        yield Text(
            en=f"Deploying the rest as well ({missing.en}) would add no points, only reserve.",
            zh=f"其余单元（{missing.zh}）也全面部署不会增分，只会增加余量。",
        )

    def _reserve(self) -> Iterator[Text]:
        """The first thing that would fall: one more failing of a kind."""
        edges = [edge for edge in outlook.edges_of(self.sheet, self.item.id, self.result) if edge.lost > 0]
        # A unit is named even where a line would cost more: bands of deployment are where people doubt.
        worst = max(edges, key=lambda edge: edge.lost, default=None)
        for edge in edges:
            if edge is not worst and edge.kind != "unit":
                continue
            fallen = [self._fall(drop) for drop in edge.drops[:3]]
            drops_en, drops_zh = ", ".join(each.en for each in fallen), "、".join(each.zh for each in fallen)
            yield Text(
                en=f"On the edge: with {edge.label.en}, {drops_en}, and {plain(edge.lost)} points would be lost.",
                zh=f"临界：{edge.label.zh}，{drops_zh}，失去 {plain(edge.lost)} 分。",
            )

    def _fall(self, drop: outlook.Drop) -> Text:
        """One dimension that would fall, with its item where that is another one."""
        title, mine = DIMENSION_NAMES[drop.dimension], drop.item == self.item.id
        return Text(
            en=f"{title.en}{'' if mine else f' of {drop.item}'} would fall from {drop.now} to {drop.then}",
            zh=f"{'' if mine else f'{drop.item} '}{title.zh}由 {drop.now} 降至 {drop.then}",
        )
