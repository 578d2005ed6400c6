"""What is said of an item or a criterion in every situation, word for word and in both languages."""

import json
from fractions import Fraction

import pytest

from scoring.telling import percent, place, plain, signed
from scoring.text import Text
from tests.scoring import builders
from tests.scoring.situations import SENTENCES, SITUATIONS, Situation

TOLD = json.loads(SENTENCES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_told_in_these_words(name: str) -> None:
    """After a change of words: python -m tests.scoring.situations, and read what it changed."""
    assert SITUATIONS[name].told() == TOLD[name]


@pytest.mark.parametrize("name", ["approach", "deployment", "level"])
def test_a_share_just_below_an_edge_is_not_told_as_if_it_had_reached_it(name: str) -> None:
    """2999 of 4000 and 1999 of 4000 would be 75.0 % and 50.0 % to one place."""
    many = {f"u{n}": "met" if n < 2999 else "not_met" for n in range(4000)}
    plain = builders.sheet(_2_3=builders.item("2.3", lines=many, deployed=list(many)[:2999]))
    plain |= {"programmes": list(many)}
    for entry in plain["items"].values():
        if entry.get("deployed") == builders.PROGRAMMES:
            entry["deployed"] = list(many)
    plain["items"]["4.2"]["metrics"] = builders.metrics(4000, 1999, 0)
    about, share = ("4.2", "49.98") if name == "level" else ("2.3", "74.98")

    english, chinese, *_ = [
        text for text in Situation(about, plain).told()["why"] if f"{share} %" in text or f"{share}%" in text
    ][2 * (name == "deployment") :]

    assert english.lower().startswith(name)
    assert f"{share} %" in english
    assert f"{share}%" in chinese


def test_every_sentence_belongs_to_a_situation() -> None:
    assert list(TOLD) == list(SITUATIONS)


@pytest.mark.parametrize(
    ("bands", "met", "count", "en", "zh"),
    [
        (((25, 25), (90, 100)), 1, 5, "below 25 %", "低于 25%"),
        (((25, 25), (90, 100)), 1, 2, "at least 25 % and below 90 %", "不低于 25% 而低于 90%"),
        (((25, 25), (50, 75), (90, 100)), 19, 20, "at least 90 %", "不低于 90%"),
        (((25, 25), (90, 100)), 1, 1, "all of them", "全部"),
        (((25, 25), (100, 100)), 1, 1, "all of them", "全部"),
        (
            ((25, 25), (90, 100)),
            9,
            10,
            "exactly the lower edge of 90 %, which belongs to the band above it (C-ARITH-3)",
            "恰好等于 90% 这一下限，下限归入上一档（C-ARITH-3）",
        ),
        (
            ((25, 25), (90, 100)),
            1,
            4,
            "exactly the lower edge of 25 %, which belongs to the band above it (C-ARITH-3)",
            "恰好等于 25% 这一下限，下限归入上一档（C-ARITH-3）",
        ),
    ],
)
def test_a_share_has_its_place_among_the_bands(
    bands: tuple[tuple[int, int], ...], met: int, count: int, en: str, zh: str
) -> None:
    assert place(bands, met, count) == Text(en=en, zh=zh)


def test_numbers_in_sentences_are_short_and_never_reach_an_edge_by_rounding() -> None:
    assert [plain(Fraction(value)) for value in ("7", "1/3", "-1/2", "5/4")] == ["7", "0.3", "-0.5", "1.3"]
    assert [signed(Fraction(value)) for value in (7, 0, -7, "-1/3")] == ["+7", "+0", "−7", "−0.3"]
    assert percent(Fraction(50)) == Text(en="50 %", zh="50%")
    assert percent(Fraction(200, 3)) == Text(en="66.7 %", zh="66.7%")
    # To one place it would read 90.0 and look as if it had reached the edge.
    assert percent(Fraction(8997, 100), ((90, 100),)).en == "89.97 %"
