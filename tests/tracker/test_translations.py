"""The check of the translations finds what a reader would stumble over."""

import gettext
from pathlib import Path

import pytest

from tracker.translations import build

HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def entry(text: str, translation: str) -> str:
    return f'msgid "{text}"\nmsgstr "{translation}"\n\n'


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of two texts, and a folder for the parts of its translation."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "page.html").write_text("{{ _('Close') }} {{ ngettext('%(num)d row', '%(num)d rows', 2) }}")
    parts = tmp_path / "zh"
    parts.mkdir()
    monkeypatch.setattr(build, "PACKAGE", tmp_path / "tracker")
    monkeypatch.setattr(build, "SOURCES", ((templates, [("**.html", "jinja2")]),))
    monkeypatch.setattr(build, "PARTS", parts)
    monkeypatch.setattr(build, "BUILT", parts / "LC_MESSAGES" / "messages.mo")
    return parts


ROWS = 'msgid "%(num)d row"\nmsgid_plural "%(num)d rows"\nmsgstr[0] "%(num)d 行"\n\n'


def test_complete_translation_has_no_fault(texts: Path) -> None:
    (texts / "common.po").write_text(HEADER + entry("Close", "关闭") + ROWS)

    assert build.check() == []


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        (ROWS, "not in any part: 'Close'"),
        (ROWS + entry("Close", ""), "not translated: 'Close'"),
        (ROWS + "#, fuzzy\n" + entry("Close", "关闭"), "marked fuzzy: 'Close'"),
        (ROWS + entry("Close", "关闭") + entry("Open", "打开"), "no page uses it: 'Open'"),
        (ROWS + entry("Close", "关闭") * 2, "twice in the file: 'Close'"),
        (ROWS.replace("%(num)d 行", "行") + entry("Close", "关闭"), "placeholders differ (%(num)d)"),
        (ROWS + entry("Close", "关闭,再关"), "a half-width mark beside a Chinese character: '关闭,再关'"),
        (entry("%(num)d row", "%(num)d 行") + entry("Close", "关闭"), "a plural in templates/page.html:1"),
        (
            ROWS + entry("Close", "关闭") + "#~ " + entry("Old", "旧").replace("\nmsgstr", "\n#~ msgstr"),
            "obsolete",
        ),
    ],
)
def test_each_fault_is_named(texts: Path, part: str, fault: str) -> None:
    (texts / "common.po").write_text(HEADER + part)

    found = build.check()

    assert len(found) == 1
    assert fault in found[0]


def test_text_in_two_parts_is_a_fault(texts: Path) -> None:
    (texts / "actions.po").write_text(HEADER + entry("Close", "关闭") + ROWS)
    (texts / "common.po").write_text(HEADER + entry("Close", "关"))

    assert build.check() == ["common.po: also in actions.po: 'Close'"]


def test_parts_are_merged_into_one_file(texts: Path) -> None:
    (texts / "actions.po").write_text(HEADER + entry("Close", "关闭"))
    (texts / "common.po").write_text(HEADER + ROWS)

    assert build.build() == 2

    with build.BUILT.open("rb") as file:
        merged = gettext.GNUTranslations(file)
    assert merged.gettext("Close") == "关闭"
    assert merged.ngettext("%(num)d row", "%(num)d rows", 3) == "%(num)d 行"


def test_template_that_cannot_be_read_is_not_passed_over(texts: Path) -> None:
    (texts.parent / "templates" / "broken.html").write_text("{{ _('Half') }")

    with pytest.raises(Exception, match="unexpected"):
        build.check()
