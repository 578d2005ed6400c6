"""Finds words of the wrong language on a page: words of ours, not what people have typed into the database.

A Chinese page may hold Latin letters only in what the database holds, in names that are the same everywhere
(COPC, Rescore), and in identifiers. An English page may hold no Chinese but what the database holds.
"""

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from tracker.database import db

# Every text of a page that somebody sees or hears, with a selector that finds it again.
COLLECT = """() => {
  const found = [];
  const where = (node) => {
    const parts = [];
    for (let at = node; at && at !== document.body && parts.length < 4; at = at.parentElement) {
      parts.unshift(at.localName + (at.id ? '#' + at.id : at.classList.length ? '.' + at.classList[0] : ''));
    }
    return parts.join(' > ');
  };
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest('script, style, noscript, code, textarea')) continue;
    if (parent.closest('.record-number, .fact-code, [translate="no"]')) continue;
    const text = walker.currentNode.textContent.replace(/\\s+/g, ' ').trim();
    if (text) found.push([text, where(parent)]);
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-confirm', 'data-label']) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      const text = node.getAttribute(name).replace(/\\s+/g, ' ').trim();
      if (text) found.push([text, where(node) + '@' + name]);
    }
  }
  for (const node of document.querySelector('#messages')?.getAttributeNames() ?? []) {
    if (node.startsWith('data-') && node !== 'data-sign-in') {
      found.push([document.querySelector('#messages').getAttribute(node), '#messages@' + node]);
    }
  }
  return found;
}"""

# The same in every language: names, abbreviations of the standards, units, codes of records and requirements.
NAMES = re.compile(
    r"""COPC-2000 | SEE-CMM | Rescore | English | Inc\. | Ctrl | Cpk |
        \b[\dS][\d.]*/(line|unit|metric|row|word)/[\w./-]+ |  # a fact
        \b[A-Z]+(-[A-Z0-9]+)*-?\d+(\.\d+)*\b | \b[A-Z]{1,6}\b |  # NC-0012, C-13-DEP, ISO
        \b[0-9a-f]{12,64}\b | [\w.+-]+@[\w.-]+ | \b\d[\w.-]*""",
    re.VERBOSE,
)
# Tables whose texts the product writes itself.
OURS = ("alembic_version", "scoring_runs", "catalogue_releases", "audit_events")
LATIN = re.compile(r"[A-Za-z]{2,}")
CHINESE = re.compile(r"[\u3400-\u9fff]+")


def data_of_database() -> re.Pattern[str]:
    """Everything that people have typed, longest first: texts that are more than a word of a machine, and codes."""
    inspector = sa.inspect(db.engine)  # on a connection of its own, so before the session opens one
    columns = {
        table: [
            column["name"] for column in inspector.get_columns(table) if isinstance(column["type"], sa.String)
        ]
        for table in inspector.get_table_names()
        if table not in OURS
    }
    texts: set[str] = set()
    codes_typed: set[str] = set()
    for table, names in columns.items():
        if not names:
            continue
        chosen = sa.select(*(sa.column(name) for name in names)).select_from(sa.table(table)).distinct()
        for row in db.session.execute(chosen):
            texts.update(" ".join(text.split()) for text in row if isinstance(text, str) and _typed(text))
            if "code" in names:
                codes_typed.add(row[names.index("code")])
    db.session.rollback()
    codes = rf"(?<![A-Za-z0-9-])(?:{_any(codes_typed)})(?![A-Za-z0-9-])"
    return re.compile(f"{_any(texts)}|{codes}")


def _any(texts: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(texts, key=len, reverse=True)))


def _typed(text: str) -> bool:
    return len(text) > 3 and bool(re.search(r"[\s\u3400-\u9fff@-]", text)) and not text.startswith("{")


def foreign_words(texts: Iterable[tuple[str, str]], lang: str, data: re.Pattern[str]) -> list[str]:
    """What is on a page of `lang` in another language, each with where it stands."""
    wrong = LATIN if lang == "zh" else CHINESE
    found: dict[str, None] = {}
    for text, where in texts:
        rest = text
        if not wrong.search(_without_names(rest, lang)):
            continue
        rest = _without_names(data.sub(" ", rest), lang)
        if wrong.search(rest):
            found[f"{rest.strip()[:90]!r} in {where}"] = None
    return list(found)


def _without_names(text: str, lang: str) -> str:
    return NAMES.sub(" ", text) if lang == "zh" else text.replace("中文", " ").replace("持续改善追踪", " ")


def texts_of(page: Any) -> list[tuple[str, str]]:
    """Every text of a page with where it stands."""
    return [(text, where) for text, where in page.evaluate(COLLECT)]
