"""The ground of what is said about an item: its facts and result, names by their codes, and numbers in words."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

from scoring import numbers, rescore
from scoring.catalogue import Bands
from scoring.facts import ACHIEVING_RESULTS, CopcSheet, ItemFacts
from scoring.judging import NOTE_4_ITEMS, Judgement
from scoring.results import CopcResult, ItemResult
from scoring.text import Names, Text

_UNITS = {
    "programme": Text(en="programmes", zh="方案"),
    "key_position": Text(en="key positions", zh="关键职位"),
}


def percent(value: Fraction, bands: Bands = ()) -> Text:
    """A share for display, never looking as if it had reached an edge that it has not."""
    shown = numbers.show(value, 0 if value.denominator == 1 else 1, [edge for edge, _score in bands])
    return Text(en=f"{shown} %", zh=f"{shown}%")


def plain(value: Fraction) -> str:
    return numbers.show(value, 0 if value.denominator == 1 else 1)


def signed(value: Fraction) -> str:
    return f"−{plain(-value)}" if value < 0 else f"+{plain(value)}"


def place(bands: Bands, met: int, count: int) -> Text:
    """Where a share lies among the bands, its lower edges inclusive (C-ARITH-3).

    >>> place(((25, 25), (50, 50), (75, 75), (90, 100)), 9, 10).en
    'exactly the lower edge of 90 %, which belongs to the band above it (C-ARITH-3)'
    """
    share = Fraction(100 * met, count)
    reached = [edge for edge, _score in bands if share >= edge]
    above = [edge for edge, _score in bands if share < edge]
    if reached and share == reached[-1] and share < 100:
        edge = reached[-1]
        return Text(
            en=f"exactly the lower edge of {edge} %, which belongs to the band above it (C-ARITH-3)",
            zh=f"恰好等于 {edge}% 这一下限，下限归入上一档（C-ARITH-3）",
        )
    if share == 100:
        return Text(en="all of them", zh="全部")
    if not reached:
        return Text(en=f"below {above[0]} %", zh=f"低于 {above[0]}%")
    if not above:
        return Text(en=f"at least {reached[-1]} %", zh=f"不低于 {reached[-1]}%")
    return Text(
        en=f"at least {reached[-1]} % and below {above[0]} %",
        zh=f"不低于 {reached[-1]}% 而低于 {above[0]}%",
    )


@dataclass(frozen=True)
class Telling:
    """One item being explained."""

    sheet: CopcSheet
    result: CopcResult
    item: ItemResult
    facts: ItemFacts
    names: Names

    @property
    def judgement(self) -> Judgement:
        return self.result.judgements[self.item.id]

    @property
    def unit(self) -> Text:
        kind = self.result.catalogue.item(self.item.id).unit_kind
        return _UNITS[kind or "programme"]

    @property
    def word_item(self) -> str | None:
        return ACHIEVING_RESULTS if self.result.catalogue.copc else None

    @property
    def rests_on_word(self) -> bool:
        """Whether note 4 fills the trend of this item."""
        return (
            self.item.id in NOTE_4_ITEMS and self.item.dimensions["trend"] != self.judgement.scores["trend"]
        )

    def name(self, code: str, lang: str) -> str:
        known = self.names.get(code)
        return known.of(lang) if known else code

    def listed(self, codes: Collection[str]) -> Text:
        """Names one after another; beyond four the rest is counted."""
        shown, more = list(codes)[:4], len(codes) - 4
        en = ", ".join(self.name(code, "en") for code in shown) + (f" and {more} more" if more > 0 else "")
        zh = "、".join(self.name(code, "zh") for code in shown) + (f"等 {len(codes)} 项" if more > 0 else "")
        return Text(en=en, zh=zh)

    def with_facts(self, item_id: str, facts: ItemFacts) -> CopcSheet:
        """The sheet with other facts of one item."""
        return replace(self.sheet, items={**self.sheet.items, item_id: facts})

    def effect_of_word(self, *, compliant: bool) -> Fraction:
        """How many points the word is worth: between it and its opposite."""
        if self.result.policy.c47_compliant != "assessor":
            lost = Fraction(0)
            for name in NOTE_4_ITEMS & self.result.items.keys():
                item, own = self.result.items[name], self.result.judgements[name].scores["trend"]
                if item.points is not None and item.dimensions["trend"] == 100 and own is not None:
                    lost += item.max * (100 - own) / 300
            return lost
        other = replace(self.facts, compliant=compliant)
        turned = rescore.score(self.with_facts(self.item.id, other), since=self.result)
        return abs(turned.total - self.result.total)


def score_words(item: ItemResult, name: str) -> Text:
    score = item.dimensions[name]
    return Text(en="blank", zh="空白") if score is None else Text(en=str(score), zh=str(score))
