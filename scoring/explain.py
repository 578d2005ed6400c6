"""Why an item has the score it has, and what would change it: whole sentences, made by rule from its facts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from scoring.change import Change
from scoring.facts import CopcSheet
from scoring.judging import NOTE_4_ITEMS, Tally
from scoring.metrics import MetricFacts
from scoring.reasons import DIMENSION_NAMES
from scoring.results import CopcResult
from scoring.telling import Telling, percent, place, plain, signed
from scoring.text import Names, Text

LETTERS = {
    "C": Text(en="not collected, or fewer than three values", zh="未收集，或不足三个数值"),
    "U": Text(en="not usable: no target or definition", zh="不可用：没有目标或定义"),
    "I": Text(en="integrity not shown", zh="完整性未证实"),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences: `why` the score is what it is, and what would `change` it."""

    why: tuple[Text, ...]
    change: tuple[Text, ...]


def explain(sheet: CopcSheet, result: CopcResult, item_id: str, names: Names | None = None) -> Explanation:
    """An item's score in plain words; `names` holds the names of units and metrics by their codes.

    >>> from datetime import date
    >>> from scoring import rescore
    >>> sheet = CopcSheet("copc-2000-csp@4.1", date(2026, 6, 30))
    >>> [text.en for text in explain(sheet, rescore.score(sheet), "1.1").why]
    ['This item has not been assessed, so it is blank: neither 0 nor full (C-ARITH-4).']
    """
    item, facts = result.items[item_id], sheet.items.get(item_id)
    if facts is None:
        blank = Text(
            en="This item has not been assessed, so it is blank: neither 0 nor full (C-ARITH-4).",
            zh="该条目尚未评分，因此为空白：既不是 0 分也不是满分（C-ARITH-4）。",
        )
        return Explanation((blank,), ())
    known = names or {}
    why = tuple(_Why(sheet, result, item, facts, known).tell())
    return Explanation(why, tuple(Change(sheet, result, item, facts, known).tell()))


class _Why(Telling):
    """What made the score."""

    def tell(self) -> Iterator[Text]:
        for name in self.item.dimensions:
            if name in self.item.computed:
                yield self._overruled(name)
            else:
                yield from getattr(self, f"_why_{name}")()
        yield from self._why_word()
        if self.item.points is not None:
            yield self._points()

    def _overruled(self, name: str) -> Text:
        title, score, computed = DIMENSION_NAMES[name], self.item.dimensions[name], self.item.computed[name]
        reason = self.facts.overrule.reason if self.facts.overrule else ""
        return Text(
            en=f"{title.en.capitalize()} is {score} because an assessor set it so; the facts alone would give "
            f"{'blank' if computed is None else computed}. Reason: {reason}",
            zh=f"{title.zh}为 {score}，由评分员改定；"
            f"仅按事实计算应为{'空白' if computed is None else f' {computed}'}。理由：{reason}",
        )

    def _blank(self, name: str) -> Text:
        title = DIMENSION_NAMES[name]
        return Text(
            en=f"{title.en.capitalize()} is blank: its facts are not all judged, or none is applicable "
            f"(C-ARITH-4, 5).",
            zh=f"{title.zh}为空白：事实尚未全部评定，或没有适用的事实（C-ARITH-4、5）。",
        )

    def _why_approach(self) -> Iterator[Text]:
        score, tally = self.item.dimensions["approach"], self.judgement.tallies["approach"]
        if score is None:
            yield self._blank("approach")
            return
        if tally.count:
            bands = self.result.catalogue.bands["approach"]
            where, share = place(bands, tally.met, tally.count), Fraction(100 * tally.met, tally.count)
            rule = "C-13-APP" if "deployment" in self.item.dimensions else "C-4-APP"
            missing = self._missing_lines(tally)
            yield Text(
                en=f"Approach is {score}: {tally.met} of {tally.count} requirement lines are met, "
                f"{percent(share, bands).en}: {where.en} ({rule}){missing.en}.",
                zh=f"方式为 {score}：{tally.count} 条要求满足 {tally.met} 条，即 {percent(share, bands).zh}，"
                f"{where.zh}（{rule}）{missing.zh}。",
            )
        if tally.waived:
            yield Text(
                en=f"At least three quarters of its required metrics meet target, so by note 3 these unmet lines on "
                f"improvement do not count: {', '.join(tally.waived)} (C-N3).",
                zh=f"四分之三以上的要求指标达标，按注 3 以下未满足的改善类要求行不计："
                f"{'、'.join(tally.waived)}（C-N3）。",
            )

    def _missing_lines(self, tally: Tally) -> Text:
        if not tally.missing:
            return Text(en="", zh="")
        return Text(en=f"; not met: {', '.join(tally.missing)}", zh=f"；未满足：{'、'.join(tally.missing)}")

    def _why_deployment(self) -> Iterator[Text]:
        score, tally = self.item.dimensions["deployment"], self.judgement.tallies["deployment"]
        if score is None or not tally.count:
            yield self._blank("deployment")
            return
        bands = self.result.catalogue.bands["deployment"]
        where, share = place(bands, tally.met, tally.count), Fraction(100 * tally.met, tally.count)
        missing = self.listed(tally.missing)
        yield Text(
            en=f"Deployment is {score}: the approach is fully deployed in {tally.met} of {tally.count} "
            f"{self.unit.en}, "
            f"{percent(share, bands).en}: {where.en} (C-13-DEP)"
            + (f"; not in: {missing.en}." if tally.missing else "."),
            zh=f"部署为 {score}：{tally.count} 个{self.unit.zh}中 {tally.met} 个全面部署，即 "
            f"{percent(share, bands).zh}，"
            f"{where.zh}（C-13-DEP）" + (f"；未部署：{missing.zh}。" if tally.missing else "。"),
        )

    def _why_level(self) -> Iterator[Text]:
        yield from self._untrusted()
        score, tally = self.item.dimensions["level"], self.judgement.tallies["level"]
        if score is None or not tally.count:
            yield self._blank("level")
            return
        bands = self.result.catalogue.bands[f"level.{self.result.tier}"]
        where, share = place(bands, tally.met, tally.count), Fraction(100 * tally.met, tally.count)
        whose = self._whose()
        yield Text(
            en=f"Level is {score}: {tally.met} of {tally.count} required metrics{whose.en} meet target, "
            f"{percent(share, bands).en}: {where.en} (C-LEVEL).",
            zh=f"水平为 {score}：{whose.zh}{tally.count} 个要求指标中 {tally.met} 个达标，即 "
            f"{percent(share, bands).zh}，"
            f"{where.zh}（C-LEVEL）。",
        )

    def _whose(self) -> Text:
        if self.item.id != self.word_item:
            return Text(en="", zh="")
        return Text(en=" of all the other items of category 4", zh="类别 4 其余各条目的 ")

    def _untrusted(self) -> Iterator[Text]:
        """Which data fail which letters, and what that does to the two denominators (C-N1)."""
        failing = [entry for entry in self.judgement.metrics if entry.failing]
        if not failing:
            return
        level, trend = self.judgement.tallies["level"], self.judgement.tallies["trend"]
        parts = self._parts(failing)
        level_en, level_zh = f"{level.met} of {level.count}", f"{level.count} 中 {level.met} 个"
        trend_en, trend_zh = f"{trend.met} of {trend.count}", f"{trend.count} 中 {trend.met} 个"
        if self.result.policy.cui_denominator == "keep":
            en = f"but stay in both denominators, so level reads {level_en} and trend {trend_en}"
            zh = f"但仍留在两个分母中，因此水平按 {level_zh}、趋势按 {trend_zh}计"
        else:
            en = f"and leave the denominator of the level, which reads {level_en}; trend counts {trend_en}"
            zh = f"并退出水平的分母，因此水平按 {level_zh}计；趋势按 {trend_zh}计"
        yield Text(
            en=f"The data of {len(failing)} required metrics cannot be trusted: {parts.en}. They count neither as "
            f"meeting target nor as improving (C-N1) {en}."
            if len(failing) > 1
            else f"The data of one required metric cannot be trusted: {parts.en}. It counts neither as meeting target "
            f"nor as improving (C-N1) {en.replace('stay', 'stays').replace('and leave ', 'and leaves ')}.",
            zh=f"有 {len(failing)} 个要求指标的数据不可信：{parts.zh}。"
            f"这些指标既不计为达标也不计为改善（C-N1），{zh}。",
        )

    def _parts(self, failing: Iterable[MetricFacts]) -> Text:
        entries = [
            (entry.id, entry.failing, [LETTERS[letter] for letter in entry.failing]) for entry in failing
        ]
        shown = entries[:4]
        more = len(entries) - len(shown)
        en = "; ".join(
            f"{self.name(code, 'en')} fails {', '.join(letters)} ({', '.join(word.en for word in words)})"
            for code, letters, words in shown
        )
        zh = "；".join(
            f"{self.name(code, 'zh')}不满足 {'、'.join(letters)}（{'、'.join(word.zh for word in words)}）"
            for code, letters, words in shown
        )
        return Text(
            en=en + (f"; and {more} more" if more else ""), zh=zh + (f"；另有 {more} 个" if more else "")
        )

    def _why_trend(self) -> Iterator[Text]:
        score, tally = self.item.dimensions["trend"], self.judgement.tallies["trend"]
        if self.rests_on_word:
            own = self.judgement.scores["trend"]
            yield Text(
                en=f"Trend is 100 by note 4, because item 4.7 is compliant (C-N4); its own figures, {tally.met} of "
                f"{tally.count} required metrics improving, would give {'blank' if own is None else own}.",
                zh=f"趋势按注 4 为 100，因为条目 4.7 合规（C-N4）；按自身数据，{tally.count} 个要求指标中 "
                f"{tally.met} 个改善，"
                f"应为{'空白' if own is None else f' {own}'}。",
            )
            return
        if score is None:
            yield self._blank("trend")
            return
        if any(reason.code == "trend_note3" for reason in self.item.reasons):
            yield Text(
                en="Trend is 100 by note 3, because at least three quarters of its required metrics meet "
                "target (C-N3).",
                zh="趋势按注 3 为 100，因为四分之三以上的要求指标达标（C-N3）。",
            )
            return
        scale_en = {0: "none gives 0", 50: "exactly one gives 50", 100: "two or more give 100"}[score]
        scale_zh = {0: "没有则为 0", 50: "恰有一个为 50", 100: "两个及以上为 100"}[score]
        whose = self._whose()
        yield Text(
            en=f"Trend is {score}: {tally.met} of {tally.count} required metrics{whose.en} are in sustained "
            f"improvement; "
            f"{scale_en} (C-TREND).",
            zh=f"趋势为 {score}：{whose.zh}{tally.count} 个要求指标中 {tally.met} 个持续改善；{scale_zh}（C-TREND）。",
        )

    def _why_word(self) -> Iterator[Text]:
        """What the word on 4.7 does to the trends of the others (C-N4)."""
        if self.item.id != self.word_item:
            return
        if self.result.tier != "standard":
            yield Text(
                en="Note 4 belongs to the standard tier alone: the word on 4.7 lifts no trend here (C-N4).",
                zh="注 4 仅适用于标准版：4.7 的判定在此不提升任何趋势（C-N4）。",
            )
            return
        by_word = self.result.policy.c47_compliant == "assessor"
        if self.result.compliant:
            lifted = [
                name
                for name, item in self.result.items.items()
                if name in NOTE_4_ITEMS
                and item.dimensions["trend"] != self.result.judgements[name].scores["trend"]
            ]
            source_en = "an assessor recorded it as compliant" if by_word else "its three scores are all 100"
            source_zh = "评分员记录为合规" if by_word else "其三项得分均为 100"
            effect = self.effect_of_word(compliant=False)
            yield Text(
                en=f"4.7 counts as compliant: {source_en}. Note 4 therefore makes the trends of 4.1 to 4.6 full"
                + (
                    f"; that lifts {', '.join(lifted)} and brings {signed(effect)} points (C-N4)."
                    if lifted
                    else "; they are full by their own figures already (C-N4)."
                ),
                zh=f"4.7 计为合规：{source_zh}。按注 4，4.1 至 4.6 的趋势均为满分"
                + (
                    f"；因此提升的是 {'、'.join(lifted)}，共 {signed(effect)} 分（C-N4）。"
                    if lifted
                    else "；它们按自身数据也已是满分（C-N4）。"
                ),
            )
            return
        source_en = (
            "an assessor has not recorded it as compliant" if by_word else "its three scores are not all 100"
        )
        source_zh = "评分员未记录为合规" if by_word else "其三项得分不全为 100"
        yield Text(
            en=f"4.7 does not count as compliant: {source_en}. The trends of 4.1 to 4.6 stand on their own "
            f"figures (C-N4).",
            zh=f"4.7 不计为合规：{source_zh}。4.1 至 4.6 的趋势按各自数据计算（C-N4）。",
        )

    def _points(self) -> Text:
        points, mean, full = self.item.points, self.item.percent, self.item.max
        if points is None or mean is None:
            return self._blank("approach")
        scores = list(self.item.dimensions.values())
        has_en, has_zh = f"{plain(points)} of {plain(full)} points", f"{plain(full)} 分得 {plain(points)} 分"
        if "deployment" in self.item.dimensions:
            return Text(
                en=f"The lower of the two counts, {min(s for s in scores if s is not None)} %: {has_en} (C-13-ITEM).",
                zh=f"取两者较低者 {min(s for s in scores if s is not None)}%：{has_zh}（C-13-ITEM）。",
            )
        sum_of = " + ".join(str(score) for score in scores)
        return Text(
            en=f"The mean of the three counts, ({sum_of}) ÷ 3 = {percent(mean).en}: {has_en} (C-4-ITEM).",
            zh=f"取三者平均：({sum_of}) ÷ 3 = {percent(mean).zh}，{has_zh}（C-4-ITEM）。",
        )
