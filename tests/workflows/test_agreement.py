"""Agreement and kappa against figures worked out by hand."""

from fractions import Fraction

import pytest

from workflows.agreement import agreement, in_words


def verdicts(text: str) -> dict[str, str]:
    return {str(place): sign for place, sign in enumerate(text)}


@pytest.mark.parametrize(
    ("first", "second", "share", "kappa"),
    [
        # 50 cases of the textbook: 20 both yes, 15 both no, 5 and 10 apart: 0.7 seen, 0.5 by chance, kappa 0.4.
        ("y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15, Fraction(7, 10), Fraction(2, 5)),
        ("ynynynynyn", "ynynynynyn", Fraction(1), Fraction(1)),
        ("ynynynynyn", "nynynynyny", Fraction(0), Fraction(-1)),
        ("yyyyyyyyyy", "yyyyyyyyyy", Fraction(1), None),
        ("ynynynyny", "ynynynyny", Fraction(1), None),
        ("", "", None, None),
    ],
    ids=["textbook", "same", "opposite", "one verdict only", "too few", "nothing"],
)
def test_share_and_kappa(first: str, second: str, share: Fraction | None, kappa: Fraction | None) -> None:
    found = agreement(verdicts(first), verdicts(second))

    assert (found.share, found.kappa) == (share, kappa)
    assert agreement(verdicts(second), verdicts(first)).kappa == kappa


def test_only_what_both_judged_is_compared_and_what_differs_is_named() -> None:
    found = agreement({"a": "met", "b": "met", "c": "met"}, {"b": "not_met", "c": "met", "d": "met"})

    assert (found.compared, found.same, found.differing) == (2, 1, ("b",))


@pytest.mark.parametrize(
    ("kappa", "words"),
    [
        (Fraction(1), "almost perfect"),
        (Fraction(4, 5), "substantial"),
        (Fraction(2, 5), "fair"),
        (Fraction(0), "no better than chance"),
        (Fraction(-1), "no better than chance"),
    ],
)
def test_kappa_in_words(kappa: Fraction, words: str) -> None:
    assert in_words(kappa).of("en") == words
