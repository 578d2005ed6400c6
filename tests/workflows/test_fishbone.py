"""The fishbone: its ribs, what lights up, and the same in words."""

from xml.etree import ElementTree

import pytest

from workflows.causes import RIBS, RibSet
from workflows.fishbone import (
    DEFAULT_RIBS,
    MOST_RIBS,
    BadRibs,
    Bone,
    chosen_ribs,
    describe,
    fishbone,
    rib_title,
    ribs_of,
)
from workflows.kinds import CauseKind

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Bone(text="No step in the script", rib="process", kind=CauseKind.ROOT, verified=True)
ESCAPE = Bone(text="质检不看备注", rib="own:质检", kind=CauseKind.ESCAPE)
WHY = Bone(text="Notes <b>missing</b> & late", rib="systems")


def drawn(*bones: Bone, ribs: tuple[str, ...] = (), lang: str = "en") -> ElementTree.Element:
    return ElementTree.fromstring(fishbone("Complaints escalate", ribs_of(ribs, bones), bones, lang))


def texts(svg: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in svg.iter(f"{SVG}text")]


@pytest.mark.parametrize("which", list(RibSet))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_set_is_drawn_with_all_its_ribs(which: RibSet, lang: str) -> None:
    codes = tuple(code for code, _title in RIBS[which])

    svg = drawn(ribs=codes, lang=lang)
    titles = [each.text for each in svg.iter(f"{SVG}text") if each.get("text-anchor") == "middle"]

    assert sorted(titles) == sorted(title.of(lang) for _code, title in RIBS[which])


def test_a_rib_with_a_verified_root_cause_is_lit_and_no_other() -> None:
    svg = drawn(ROOT, WHY, ribs=("process", "systems"))
    boxes = [each.get("fill", "") for each in svg.iter(f"{SVG}rect")]

    assert sum("danger-bg" in fill for fill in boxes) == 1
    assert sum("neutral-bg" in fill for fill in boxes) == 1


def test_kind_and_verification_are_marks_of_shape_too() -> None:
    said = texts(drawn(ROOT, ESCAPE, WHY))

    assert any(text.startswith("● No step") and text.endswith("✓") for text in said)
    assert any(text.startswith("▲") and not text.endswith("✓") for text in said)
    dashes = [each for each in drawn(ROOT, ESCAPE).iter(f"{SVG}path") if each.get("stroke-dasharray")]
    assert len(dashes) == 1


def test_the_drawing_stands_in_words_and_names_every_text_in_full() -> None:
    long = Bone(text="word " * 40, rib="process")
    svg = drawn(ROOT, ESCAPE, WHY, long)
    said = svg.find(f"{SVG}desc").text

    for bone in (ROOT, ESCAPE, WHY, long):
        assert bone.text in said
    assert "No step in the script (root cause, verified)" in said
    assert "Ribs without a cause" in said
    assert any(text.endswith("…") for text in texts(svg))
    titles = [each.text for each in svg.iter(f"{SVG}title")]
    assert long.text in titles


def test_nothing_that_people_typed_is_markup_and_no_text_leaves_the_drawing() -> None:
    svg = drawn(*(Bone(text=f"{WHY.text} {number}", rib="process") for number in range(9)), ribs=("process",))
    width, height = float(svg.get("width")), float(svg.get("height"))

    assert svg.find(f".//{SVG}b") is None
    for each in svg.iter(f"{SVG}text"):
        assert 0 <= float(each.get("x")) <= width
        assert 0 <= float(each.get("y")) <= height


def test_in_chinese_the_words_are_chinese() -> None:
    said = describe("投诉升级", ("process", "own:质检"), (ROOT, ESCAPE), "zh")

    assert said.startswith("结果：投诉升级。")
    assert "流程：No step in the script（根本原因、已验证）。" in said
    assert "质检：质检不看备注（逃逸原因）。" in said


def test_ribs_are_chosen_from_all_sets_and_own_names() -> None:
    assert chosen_ribs(["machine", "skills"], ["  电话   线路 ", "", "电话 线路"]) == (
        "machine",
        "skills",
        "own:电话 线路",
    )
    assert rib_title("own:电话 线路").en == "电话 线路"


@pytest.mark.parametrize(
    ("codes", "own"),
    [
        ([], []),
        (["nowhere"], []),
        ([], ["x" * 31]),
        ([], ["a|b"]),
        ([], [f"rib {n}" for n in range(MOST_RIBS + 1)]),
    ],
)
def test_ribs_that_cannot_be_drawn_are_refused_in_words(codes: list[str], own: list[str]) -> None:
    with pytest.raises(BadRibs) as refusal:
        chosen_ribs(codes, own)

    assert refusal.value.text.zh
    assert refusal.value.text.en


def test_causes_keep_their_rib_in_the_drawing_when_it_is_not_chosen_any_more() -> None:
    assert ribs_of((), ()) == DEFAULT_RIBS
    assert ribs_of(("skills",), (ROOT, WHY, ROOT)) == ("skills", "process", "systems")
