"""Full-text search over a register, the same on both databases, in Chinese and in English.

Neither database splits Chinese into words, so a space goes around each Chinese character when a text is
stored, and what a person types becomes a phrase of neighbours: 一次解决 finds just these in a row. All other
signs but letters and digits become spaces on both sides, so that `NC-0012` and `2.7-1` are found as typed and
neither database's own idea of hyphens, paths and numbers comes into play.

SQLite keeps the words in an FTS5 table, PostgreSQL in a generated `tsvector`; the migration makes both, and
the database itself keeps them in step with `search_text`.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tracker.database import db

MAX_TERMS = 12
MAX_LENGTH = 200

_CJK = (
    r"\u2e80-\u2eff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
    r"\U00020000-\U0003134f"
)
_ONE_CJK = re.compile(f"([{_CJK}])")
_NOT_WORD = re.compile(r"[\W_]+")
_LATIN_WORD = re.compile(rf"[^{_CJK}]{{2,}}")


def words(text: str) -> list[str]:
    """The words of a text as they are stored and asked for: small letters, each Chinese character alone.

    >>> words("NC-0012 首次解决率 ＦＣＲ")
    ['nc', '0012', '首', '次', '解', '决', '率', 'fcr']
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _ONE_CJK.sub(r" \1 ", _NOT_WORD.sub(" ", plain)).split()


def searchable(*texts: str) -> str:
    """What to store as `search_text` for a record with these texts."""
    return " ".join(word for text in texts for word in words(text))


def phrases(query: str) -> list[list[str]]:
    """What a person typed, as phrases that must all be found; empty where there is nothing to look for.

    >>> phrases("投诉 NC-12")
    [['投', '诉'], ['nc', '12']]
    """
    found = [words(term) for term in query[:MAX_LENGTH].split()]
    return [phrase for phrase in found if phrase][:MAX_TERMS]


fts = sa.table("nonconformity_search", sa.column("rowid", sa.BigInteger))
"""SQLite's table of words; its rowid is the record's id."""


def on_postgresql() -> bool:
    """Which of the two databases is in use."""
    return str(db.session.get_bind().dialect.name) == "postgresql"


def matching(query: str) -> sa.ColumnElement[bool]:
    """The condition on non-conformities that the query finds, for the database in use; it must have words."""
    if on_postgresql():
        vector: sa.ColumnClause[Any] = sa.literal_column("nonconformities.search_vector")
        asked = sa.func.to_tsquery(sa.literal_column("'simple'::regconfig"), _tsquery(phrases(query)))
        return vector.bool_op("@@")(asked)
    found = sa.select(fts.c.rowid).select_from(fts).where(matches(query))
    return sa.literal_column("+nonconformities.id").in_(found)  # the plus: to be checked, not to begin with


def matches(query: str) -> sa.ColumnElement[bool]:
    """The condition on the words in SQLite's table."""
    return sa.literal_column("nonconformity_search").bool_op("MATCH")(fts_query(phrases(query)))


def fts_query(wanted: list[list[str]]) -> str:
    """The phrases in FTS5's own language; the end of a phrase may be the beginning of a word."""
    return " AND ".join(f'"{" ".join(phrase)}"{" *" if _open_end(phrase) else ""}' for phrase in wanted)


def any_of(groups: Sequence[Sequence[str]]) -> str:
    """A query, in the language of the database in use, for what holds all parts of at least one group.

    A part is the beginning of a word, or Chinese signs in a row. Match it with `matches_query`.
    """
    several = [[words(part) for part in group] for group in groups]
    several = [[part for part in group if part] for group in several]
    if on_postgresql():
        return " | ".join(f"({_tsquery(group)})" for group in several if group)
    return " OR ".join(f"({fts_query(group)})" for group in several if group)


def matches_query(query: str) -> sa.ColumnElement[bool]:
    """The condition that `any_of` made a query for: on non-conformities, or in SQLite on its table of words."""
    if not on_postgresql():
        return sa.literal_column("nonconformity_search").bool_op("MATCH")(query)
    vector: sa.ColumnClause[Any] = sa.literal_column("nonconformities.search_vector")
    return vector.bool_op("@@")(sa.func.to_tsquery(sa.literal_column("'simple'::regconfig"), query))


def _tsquery(wanted: list[list[str]]) -> str:
    """The phrases in PostgreSQL's own language."""
    return " & ".join(
        "(" + " <-> ".join(f"'{word}'" for word in phrase) + (":*" if _open_end(phrase) else "") + ")"
        for phrase in wanted
    )


def _open_end(phrase: list[str]) -> bool:
    return _LATIN_WORD.fullmatch(phrase[-1]) is not None
