"""The colours of the design can be read by everyone, in both themes (WCAG 2.2: 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

import tracker

TOKENS = Path(tracker.__file__).parent / "assets" / "css" / "tokens.css"
TONES = ("neutral", "info", "attention", "progress", "review", "success", "danger", "muted")


def read_colours() -> dict[str, tuple[str, str]]:
    """Token → its colour in the light and in the dark theme."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS.read_text("utf-8"))
    return {name: (light, dark) for name, light, dark in pairs}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


COLOURS = read_colours()
SURFACES = ("canvas", "surface", "surface-sunken", "surface-raised", "surface-hover")
TEXT = (
    [(ink, surface) for ink in ("ink", "ink-2", "ink-3", "accent-ink") for surface in SURFACES]
    + [(f"{tone}-fg", f"{tone}-bg") for tone in TONES]
    + [(f"{tone}-fg", "surface") for tone in TONES]
    + [("accent-ink", "accent-soft"), ("ink", "accent-soft"), ("ink-2", "accent-soft")]
)
SIGNS = (
    [(f"{tone}-mark", f"{tone}-bg") for tone in TONES if tone != "muted"]
    + [(f"{tone}-mark", "surface") for tone in TONES if tone != "muted"]
    + [("field-line", "surface"), ("focus", "surface"), ("focus", "canvas"), ("accent", "surface")]
)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT, ids=[" on ".join(pair) for pair in TEXT])
def test_text_has_enough_contrast(ink: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("sign", "ground"), SIGNS, ids=[" on ".join(pair) for pair in SIGNS])
def test_signs_and_outlines_have_enough_contrast(sign: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[sign][theme], COLOURS[ground][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("accent", ["accent", "accent-hover"])
def test_the_words_on_a_primary_button_can_be_read(accent: str, theme: int) -> None:
    assert contrast(COLOURS[accent][theme], "#ffffff") >= 4.5
