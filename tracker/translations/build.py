"""Merges the parts of a language into the file that is read at run time, and checks that nothing is missing.

    python -m tracker.translations.build          zh/*.po → zh/LC_MESSAGES/messages.mo
    python -m tracker.translations.build check    every text of the program is translated, once, and rightly

The texts are found in the Python of tracker/ and in the templates; their English is the key.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).resolve().parent
LANGUAGE = "zh"
PARTS = HERE / LANGUAGE
BUILT = PARTS / "LC_MESSAGES" / "messages.mo"
PACKAGE = HERE.parent
TEMPLATES = PACKAGE.parent / "templates"

# Names under which the texts are marked; `pgettext` carries a context before the text.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SOURCES: tuple[tuple[Path, list[tuple[str, str]]], ...] = (
    (PACKAGE, [("**.py", "python")]),
    (TEMPLATES, [("**.html", "jinja2"), ("**.txt", "jinja2"), ("**.svg", "jinja2")]),
)
# A template that cannot be read must not count as one without texts.
OPTIONS = {method: {"trimmed": "true", "silent": "false"} for method in ("**.html", "**.txt", "**.svg")}

_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")
# Chinese is set with marks of full width; those of half width beside a character are slips of the keyboard.
_HALF_WIDTH = re.compile("[\u4e00-\u9fff] ?[,:;?!(]|[,:;?!)] ?[\u4e00-\u9fff]|[\u4e00-\u9fff]\\)")

Key = tuple[str, str]
"""Context ("" where there is none) and English text; of a plural its singular."""


@dataclass(frozen=True)
class Used:
    """A text as the program uses it, and the first place where it does."""

    singular: str
    plural: str | None
    place: str


@dataclass(frozen=True)
class Translated:
    """A text as a part translates it."""

    message: Message
    part: str


def parts() -> list[Path]:
    """The parts of the language, in order of name."""
    return sorted(PARTS.glob("*.po"))


def read_part(path: Path) -> Catalog:
    """One part. Raises ValueError where its form is broken."""
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans_CN", abort_invalid=True)


def messages(catalog: Catalog) -> Iterator[Message]:
    """The texts of a part without its header."""
    return (message for message in catalog if message.id)


def build() -> int:
    """Write the merged file; returns the number of texts."""
    merged = Catalog(locale="zh_Hans_CN", charset="utf-8")
    count = 0
    for path in parts():
        for message in messages(read_part(path)):
            if message.string and not message.fuzzy:
                merged.add(message.id, message.string, context=message.context)
                count += 1
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    with BUILT.open("wb") as file:
        write_mo(file, merged)
    return count


# ---------------------------------------------------------------- the check


def key_of(message: Message) -> Key:
    """What identifies a text."""
    text = message.id if isinstance(message.id, str) else message.id[0]
    return (message.context or "", text)


def used_texts() -> dict[Key, Used]:
    """Every text that the program shows through the catalogue."""
    found: dict[Key, Used] = {}
    for folder, methods in SOURCES:
        extracted = extract_from_dir(folder, methods, OPTIONS, keywords=KEYWORDS)
        for filename, line, text, _comments, context in extracted:
            singular, plural = (text, None) if isinstance(text, str) else (text[0], text[1])
            place = f"{(folder / filename).relative_to(PACKAGE.parent)}:{line}"
            found.setdefault((context or "", singular), Used(singular, plural, place))
    return found


def translated_texts() -> tuple[dict[Key, Translated], list[str]]:
    """What the parts translate, and the texts that stand twice."""
    found: dict[Key, Translated] = {}
    faults: list[str] = []
    for path in parts():
        seen_here: set[Key] = set()
        catalog = read_part(path)
        faults += [f"{path.name}: obsolete: {key!r}" for key in catalog.obsolete]
        for message in messages(catalog):
            key = key_of(message)
            if key in found:
                faults.append(f"{path.name}: also in {found[key].part}: {key[1]!r}")
            seen_here.add(key)
            found.setdefault(key, Translated(message, path.name))
        faults += [f"{path.name}: twice in the file: {text!r}" for text in _written_twice(path)]
    return found, faults


def _written_twice(path: Path) -> list[str]:
    """Texts that one file holds twice; the reader of the format would silently keep one."""
    keys = re.findall(r'^(?:msgctxt (".*")\n)?msgid (""\n(?:".*"\n)+|".+"\n)', path.read_text("utf-8"), re.M)
    seen: set[tuple[str, str]] = set()
    twice: list[str] = []
    for context, text in keys:
        key = (context, "".join(re.findall(r'"(.*)"', text)))
        if key in seen:
            twice.append(key[1])
        seen.add(key)
    return twice


def placeholders(text: str) -> set[str]:
    """The names that a text expects to be filled: `%(count)s`, `{site}`."""
    return {match.group(0) for match in _PLACEHOLDER.finditer(text)}


def faults_of(used: Used, translated: Translated) -> Iterator[str]:
    """What is wrong with one translation."""
    message, part = translated.message, translated.part
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not strings or not all(strings):
        yield f"{part}: not translated: {used.singular!r} ({used.place})"
        return
    if message.fuzzy:
        yield f"{part}: marked fuzzy: {used.singular!r}"
    if used.plural and isinstance(message.id, str):
        yield f"{part}: a plural in {used.place}, but not here: {used.singular!r}"
    wanted = placeholders(used.plural or used.singular)
    for string in strings:
        differing = placeholders(string) ^ wanted
        if differing:
            yield f"{part}: placeholders differ ({', '.join(sorted(differing))}): {used.singular!r}"
        if _HALF_WIDTH.search(string):
            yield f"{part}: a half-width mark beside a Chinese character: {string!r}"


def check() -> list[str]:
    """Every fault of the translations, one line each; an empty list when all is well."""
    used = used_texts()
    translated, faults = translated_texts()
    for key, text in used.items():
        if key in translated:
            faults += faults_of(text, translated[key])
        else:
            faults.append(f"{text.place}: not in any part: {text.singular!r}")
    for key in translated.keys() - used.keys():
        faults.append(f"{translated[key].part}: no page uses it: {key[1]!r}")
    return sorted(faults)


def main(arguments: list[str]) -> int:
    """The command; returns the exit status."""
    if arguments == ["check"]:
        faults = check()
        print("\n".join(faults) or f"{len(used_texts())} texts, all translated")
        return 1 if faults else 0
    if arguments:
        print("usage: python -m tracker.translations.build [check]", file=sys.stderr)
        return 2
    print(f"{build()} texts → {BUILT.relative_to(PACKAGE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
