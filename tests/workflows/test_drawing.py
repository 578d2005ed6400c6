"""Drawings: complete in both languages, readable, never over each other, never out of step with the rules."""

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import workflows
from tracker.draw_command import DRAW_COMMANDS
from workflows.drawing import mermaid, svg, table, with_drawings
from workflows.geometry import text_width, wrap
from workflows.layout import lay_out
from workflows.registry import MACHINES
from workflows.svg import PALETTE

README = Path(workflows.__file__).parent / "README.md"
SVG = "{http://www.w3.org/2000/svg}"
DRAW = DRAW_COMMANDS[0]

each_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
each_language = pytest.mark.parametrize("lang", ["zh", "en"])
each_shape = pytest.mark.parametrize("compact", [False, True], ids=["wide", "compact"])


@each_machine
@each_language
def test_mermaid_has_every_state_and_every_move(machine, lang):
    drawn = mermaid(machine, lang)

    for state in machine.states:
        assert f'state "{state.title.of(lang)}" as {state.id}\n' in drawn
        assert (f"    {state.id} --> [*]\n" in drawn) is state.final
    for move in machine.transitions:
        for source in move.sources:
            assert f"    {source} --> {move.target_from(source)}: {move.title.of(lang)}\n" in drawn
    assert f"[*] --> {machine.initial}\n" in drawn
    assert "class " not in drawn


@each_machine
@each_language
@each_shape
def test_svg_has_every_state_and_every_move(machine, lang, compact):
    drawn = ElementTree.fromstring(svg(machine, lang, machine.initial, compact=compact))
    states = [each.get("data-state") for each in drawn.iter(f"{SVG}g") if each.get("data-state")]
    events = {name for each in drawn.iter(f"{SVG}g") for name in (each.get("data-events") or "").split()}
    words = " ".join("".join(each.itertext()) for each in drawn.iter(f"{SVG}text"))

    assert sorted(states) == sorted(machine.by_id)
    moving = {move.event for move in machine.transitions if move.target is not None}
    assert moving <= events
    for move in machine.transitions:
        assert all(part in words for part in move.title.of(lang).split()), move.event
    for state in machine.states:
        # A long title is broken into lines.
        assert state.title.of(lang).replace(" ", "") in words.replace(" ", "")


@each_machine
@each_shape
def test_svg_lights_the_present_state_and_marks_those_passed(machine, compact):
    for state in machine.by_id:
        drawn = svg(machine, "zh", state, visited=[machine.initial], compact=compact)

        lit = re.findall(r'class="([^"]*\bis-current\b[^"]*)" data-state="(\w+)"', drawn)
        assert [name for _, name in lit] == [state]
        passed = re.findall(r'class="[^"]*\bis-visited\b[^"]*" data-state="(\w+)"', drawn)
        assert passed == ([] if state == machine.initial else [machine.initial])
    assert "is-current" not in svg(machine, "zh", compact=compact)


@each_machine
@each_language
@each_shape
def test_svg_can_stand_in_a_page_with_a_strict_content_policy(machine, lang, compact):
    drawn = svg(machine, lang, machine.initial, compact=compact)

    assert "<script" not in drawn
    assert "<style" not in drawn
    assert not re.search(r"\son\w+=", drawn)
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    named = root.get("aria-labelledby").split()
    assert [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")] == named
    assert machine.state(machine.initial).title.of(lang) in root.find(f"{SVG}desc").text
    # Two shapes of one machine may stand in one page.
    assert ("compact" in named[0]) is compact


def test_svg_as_a_file_brings_its_dark_colours():
    drawn = svg(MACHINES["audit"], "en", standalone=True)

    assert "prefers-color-scheme:dark" in drawn
    assert all(f"--{name}:{dark};" in drawn for name, (_, dark) in PALETTE.items())
    ElementTree.fromstring(drawn)


@each_machine
@each_language
def test_nothing_lies_over_anything_else_in_the_wide_drawing(machine, lang):
    drawing = lay_out(machine, lang)
    labels = [each.label.box for each in drawing.wires]
    nodes = [each.box for each in drawing.nodes]

    for one, other in itertools.combinations([*labels, *nodes], 2):
        assert not one.meets(other)
    for wire in drawing.wires:
        for path in wire.paths:
            for (x1, y1), (x2, y2) in itertools.pairwise(path):
                assert x1 == x2 or y1 == y2
                for label in labels:
                    crosses = (
                        min(x1, x2) < label.right
                        and label.left < max(x1, x2)
                        and min(y1, y2) < label.bottom
                        and label.top < max(y1, y2)
                    ) or (x1 == x2 and label.left < x1 < label.right and _overlap(y1, y2, label))
                    assert not crosses, (wire.events, label)


def _overlap(y1, y2, label):
    return min(y1, y2) < label.bottom and label.top < max(y1, y2)


@each_machine
@each_language
def test_everything_is_inside_the_frame(machine, lang):
    drawing = lay_out(machine, lang)

    for box in (*(each.box for each in drawing.nodes), *(each.label.box for each in drawing.wires)):
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= drawing.width
        assert box.bottom <= drawing.height
    assert drawing.width < 1650


@each_machine
@each_language
def test_the_compact_drawing_fits_a_phone_and_its_rows_do_not_meet(machine, lang):
    root = ElementTree.fromstring(svg(machine, lang, compact=True))

    assert float(root.get("width")) <= 360
    for group in root.iter(f"{SVG}g"):
        if "machine-move" not in (group.get("class") or ""):
            continue
        texts = list(group.iter(f"{SVG}text"))
        starts = [each for each in texts if each.get("text-anchor") is None]
        ends = [each for each in texts if each.get("text-anchor") == "end"]
        for start, end in zip(starts, ends, strict=False):
            left = float(start.get("x")) + text_width(start.text, 12) + 16
            assert left < float(end.get("x")) - text_width(end.text, 12) - 16, start.text


def test_drawing_twice_gives_the_same_drawing():
    assert svg(MACHINES["action"], "zh") == svg(MACHINES["action"], "zh")


def test_long_words_are_wrapped():
    assert wrap("plan awaiting approval", 14, 104) == ("plan awaiting", "approval")
    assert wrap("有效性观察中有效性观察中", 14, 104) == ("有效性观察中", "有效性观察中")
    assert wrap("short", 14, 104) == ("short",)


@each_machine
@each_language
def test_the_table_has_a_row_for_every_move(machine, lang):
    rows = table(machine, lang).splitlines()

    assert len(rows) == 2 + len(machine.transitions)
    assert len({each.count(" | ") for each in rows}) == 1
    for move, row in zip(machine.transitions, rows[2:], strict=True):
        assert f"`{move.event}`" in row
        assert all(guard.message.of(lang) in row for guard in move.guards)


def test_the_drawings_of_the_readme_have_not_drifted():
    text = README.read_text(encoding="utf-8")

    assert with_drawings(text) == text
    assert all(mermaid(machine, "en") in text for machine in MACHINES.values())


def test_a_drawing_cannot_light_a_state_that_is_not_there():
    with pytest.raises(LookupError):
        svg(MACHINES["audit"], "zh", "closed")
    with pytest.raises(LookupError):
        mermaid(MACHINES["audit"], "zh", "closed")


def run(*arguments):
    return CliRunner().invoke(DRAW, arguments)


def test_the_command_draws_every_machine():
    result = run("--lang", "zh")

    assert result.exit_code == 0
    assert result.output.count("stateDiagram-v2") == len(MACHINES)
    assert all(machine.title.zh in result.output for machine in MACHINES.values())


def test_the_command_draws_one_machine_in_each_form():
    assert run("audit").output == mermaid(MACHINES["audit"], "en")
    assert run("audit", "--format", "table").output == table(MACHINES["audit"], "en")
    assert run("audit", "--format", "svg", "--state", "in_progress", "--lang", "zh").output == svg(
        MACHINES["audit"], "zh", "in_progress", standalone=True
    )
    assert 'width="344"' in run("audit", "--format", "svg", "--compact").output
    assert "class in_progress current" in run("audit", "--state", "in_progress").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["process"], "review, nonconformity, action, audit"),
        (["audit", "--state", "closed"], "scheduled, in_progress, concluded, cancelled"),
        (["--state", "closed"], "Name the machine"),
        (["--format", "svg"], "Name the machine"),
        (["audit", "--format", "pdf"], "'mermaid'"),
    ],
)
def test_the_command_refuses_what_it_does_not_know_with_what_it_does(arguments, words):
    result = run(*arguments)

    assert result.exit_code == 2
    assert words in result.output


def test_the_command_brings_a_readme_up_to_date(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- machine: audit zh -->\nold\n<!-- /machine -->\nafter\n", encoding="utf-8")
    broken = tmp_path / "broken.md"
    broken.write_text("<!-- machine: nothing zh -->\n<!-- /machine -->\n", encoding="utf-8")

    assert run("--update-readme", str(readme)).exit_code == 0
    text = readme.read_text(encoding="utf-8")
    assert mermaid(MACHINES["audit"], "zh") in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert run("--update-readme", str(broken)).exit_code == 2
