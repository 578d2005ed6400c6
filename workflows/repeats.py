"""What a new finding has to do with those that are there: carried already, come back, or alike (E.3, E.6)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from workflows.kinds import Grade
from workflows.text import Text, Worded


class Relation(Worded):
    """How a record belongs to another."""

    DUPLICATE = "duplicate", "重复登记", "duplicate of"
    SPLIT = "split", "拆分自", "split from"
    SIMILAR = "similar", "举一反三自", "similar case of"


class SimilarAnswer(Worded):
    """What was found where a similar case was looked for."""

    ASKED = "asked", "待查找", "to be looked for"
    ABSENT = "absent", "不存在", "not there"
    PRESENT = "present", "存在", "there"


REPEAT_DAYS = 365
"""Calendar days after a closing within which the same finding is a recurrence: the yearly review sees it twice."""

MINORS_FOR_A_HINT = 3
"""So many open minors on one item may add up to a major (ISO/IEC 17021-1, E.3)."""

ALIKE = 0.33
"""Two texts that share this much of their words are worth looking at; 1.0 is the same text."""
VERY_ALIKE = 0.7
"""From here on a text of the same item is taken for the same finding."""


# ---------------------------------------------------------------- likeness of texts

_CJK = re.compile("[\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff]+")
_WORD = re.compile("[a-z0-9]+")
_FILLING = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "did", "do", "does", "for", "from"),
        *(
            "had",
            "has",
            "have",
            "in",
            "into",
            "is",
            "it",
            "its",
            "no",
            "not",
            "of",
            "on",
            "or",
            "that",
            "the",
        ),
        *("their", "there", "they", "this", "to", "was", "were", "when", "which", "while", "will", "with"),
        "without",
    ]
)


def features(text: str) -> frozenset[str]:
    """What a text is compared by: pairs of Chinese neighbours, and trigrams of the words that carry meaning.

    Trigrams make "escalated" and "escalation" nearly the same; pairs are as good as words in Chinese.

    >>> sorted(features("投诉升级"))
    ['升级', '投诉', '诉升']
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    found: set[str] = set()
    for run in _CJK.findall(plain):
        found.update(run[place : place + 2] for place in range(max(1, len(run) - 1)))
    for word in _WORD.findall(plain):
        if word not in _FILLING and len(word) > 1:
            padded = f"_{word}_"
            found.update(padded[place : place + 3] for place in range(len(padded) - 2))
    return frozenset(found)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two texts share, from 0.0 to 1.0: twice what is common by what both have (Dice)."""
    if not one or not other:
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def share(part: frozenset[str], whole: frozenset[str]) -> float:
    """How much of a short text a longer one holds, from 0.0 to 1.0."""
    return len(part & whole) / len(part) if part else 0.0


# ---------------------------------------------------------------- what a finding has to do with another


class Match(Worded):
    """What a known record is to a new finding."""

    CARRIED = "carried", "已由其承载", "already carried by it"
    REPEAT = "repeat", "重复发生", "repeat of it"
    ALIKE = "alike", "相似", "similar to it"


class Sign(Worded):
    """Why a record is held against a new finding."""

    SAME_FACTS = "same_facts", "关联相同事实", "same facts"
    SAME_CAUSE = "same_cause", "同一条目、同类原因", "same item and cause category"
    SIMILAR_TEXT = "similar_text", "描述相似", "similar text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record of the register that may be the same finding."""

    number: int
    open: bool
    """Neither closed nor void: it still carries what it found."""
    closed_on: date | None = None
    same_site: bool = True
    facts: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    """Categories of its verified root causes."""
    title: str = ""
    statement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is being written down."""

    facts: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    cause: str = ""
    """The category in which its cause is suspected."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """A known record, what it is to the finding, why, and how alike the texts are."""

    number: int
    match: Match
    signs: tuple[Sign, ...]
    likeness: float
    facts: tuple[str, ...] = ()
    """The facts that both hold."""


def is_recent(closed_on: date | None, today: date) -> bool:
    """Whether a record was closed so lately that the same finding is a recurrence."""
    return closed_on is not None and (today - closed_on).days <= REPEAT_DAYS


def compare(finding: Finding, known: Iterable[Known], today: date) -> tuple[Matched, ...]:
    """The records that the finding may be the same as, the surest first.

    The same facts decide: an open record carries them already, a lately closed one has come back. The same item
    with the same category of cause, or with very similar words, says the same with less weight. What is merely
    alike is shown, no more; another site's record is never carried nor repeated, because facts are of a site.
    """
    wanted = features(finding.title)
    found = [match for each in known if (match := _match(finding, wanted, each, today)) is not None]
    order = {Match.CARRIED: 0, Match.REPEAT: 1, Match.ALIKE: 2}
    return tuple(
        sorted(found, key=lambda each: (order[each.match], -len(each.facts), -each.likeness, -each.number))
    )


def _match(finding: Finding, wanted: frozenset[str], known: Known, today: date) -> Matched | None:
    shared = tuple(sorted(finding.facts & known.facts)) if known.same_site else ()
    alike = _alike(wanted, known)
    same_item = bool(finding.elements & known.elements)
    signs = []
    if shared:
        signs.append(Sign.SAME_FACTS)
    if same_item and finding.cause and finding.cause in known.causes:
        signs.append(Sign.SAME_CAUSE)
    if alike >= ALIKE:
        signs.append(Sign.SIMILAR_TEXT)
    if not signs or not (known.open or is_recent(known.closed_on, today)):
        return None
    sure = bool(shared) or Sign.SAME_CAUSE in signs or (same_item and alike >= VERY_ALIKE)
    match = Match.ALIKE
    if sure and known.same_site:
        match = Match.CARRIED if known.open else Match.REPEAT
    return Matched(known.number, match, tuple(signs), alike, shared)


def _alike(wanted: frozenset[str], known: Known) -> float:
    """Title against title; what only the statement says counts for less."""
    title = features(known.title)
    return max(likeness(wanted, title), 0.75 * share(wanted, title | features(known.statement)))


# ---------------------------------------------------------------- grading


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeAnswers:
    """The questions of E.3 and what is known to answer them."""

    unmet: bool = True
    """A requirement is not fulfilled today."""
    may_become: bool = False
    """It is fulfilled, but may not be for long."""
    absent: bool = False
    """The requirement has no answer at all, or the system failed."""
    weak_approach: bool = False
    """Its approach would score 0 to 25 %."""
    weak_deployment: bool = False
    """Less than half of the units are fully deployed."""
    metric_fails: bool = False
    """A required metric is missing or fails CUI."""
    repeats: bool = False
    """It repeats a closed non-conformity."""
    open_minors: int = 0
    """Open minors on the same item, this one not counted."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grade to begin with and the reasons for it; whoever raises the record decides."""

    grade: Grade
    reasons: tuple[Text, ...]


_MAJOR: tuple[tuple[str, Text], ...] = (
    (
        "repeats",
        Text("重复发生的不符合项一律定为严重。", "A repeat of a closed non-conformity is always a major."),
    ),
    ("absent", Text("要求完全没有落实，或体系失效。", "The requirement is absent, or the system fails.")),
    (
        "weak_approach",
        Text("该条目的方式得分只有 0–25%。", "The approach of the item would score 0 to 25 % only."),
    ),
    ("weak_deployment", Text("部署不足一半。", "It is deployed in fewer than half of the units.")),
    (
        "metric_fails",
        Text("要求采用的指标缺失，或未通过 CUI。", "A required metric is missing or fails CUI."),
    ),
)


def propose_grade(answers: GradeAnswers) -> Proposal:
    """The grade that the answers speak for (E.3).

    >>> propose_grade(GradeAnswers(repeats=True)).grade.value
    'major'
    """
    if not answers.unmet and not answers.repeats:
        if answers.may_become:
            return Proposal(
                Grade.OBSERVATION,
                (Text("今天符合要求，但可能变为不符合。", "Met today, but it may become a non-conformity."),),
            )
        return Proposal(
            Grade.OFI, (Text("符合要求，可以更好。", "It meets the requirement and could be better."),)
        )
    reasons = [text for name, text in _MAJOR if getattr(answers, name)]
    if reasons:
        return Proposal(Grade.MAJOR, tuple(reasons))
    lapse = Text("个别疏漏：方式存在且基本有效。", "An isolated lapse: the approach exists and mostly works.")
    return Proposal(Grade.MINOR, (lapse,))


def minors_hint(open_minors: int) -> Text | None:
    """What is said when a minor would join others on one item (ISO/IEC 17021-1); None below three.

    `open_minors` counts this one, too. It is a hint: adding up is a judgement.
    """
    if open_minors < MINORS_FOR_A_HINT:
        return None
    return Text(
        f"同一条目将有 {open_minors} 项未关闭的一般不符合：合在一起可能就是一项严重不符合。",
        f"That makes {open_minors} open minors on one item: together they may add up to a major.",
    )


def groups_of(text: str, most: int) -> tuple[tuple[str, ...], ...]:
    """What to look up in an index to find texts like this one: each group is to be found as a whole.

    In Chinese three signs in a row; of other words each with the next two that carry meaning, cut to the part
    that their forms share. One common word alone would find half the register.

    >>> groups_of("Complaints not recorded", 9)
    (('compla', 'record'),)
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    found: list[tuple[str, ...]] = []
    for run in _CJK.findall(plain):
        found.extend((run[place : place + 3],) for place in range(max(1, len(run) - 2)))
    stems = [
        word[:6] for word in _WORD.findall(_CJK.sub(" ", plain)) if word not in _FILLING and len(word) > 1
    ]
    for place, word in enumerate(stems):
        found.extend((word, other) for other in stems[place + 1 : place + 3] if other != word)
    if len(stems) == 1:
        found.append((stems[0],))
    return tuple(dict.fromkeys(found))[:most]
