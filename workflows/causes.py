"""Root causes: the tree of whys, the ribs of the fishbone, and the gates of analysis and plan (E.5).

A cause is a frozen record; the tree is computed from a collection of them. Each cause answers why its parent
happened; a cause without parent answers why the problem did. Chains may branch.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from workflows.kinds import CauseKind, Control, VerificationMethod
from workflows.text import Text, Worded

PROBLEM = "problem"
"""The node of the tree that stands for the problem itself."""

TYPICAL_WHYS = (3, 7)
"""The usual length of a chain of whys: a hint, not a rule (E.5)."""


class RibSet(Worded):
    """Which ribs a fishbone starts with; they can be edited afterwards."""

    FOUR_S = "4s", "4S（服务）", "4S (service)"
    EIGHT_P = "8p", "8P（服务）", "8P (service)"
    SIX_M = "6m", "6M（制造）", "6M (manufacturing)"


RIBS: dict[RibSet, tuple[tuple[str, Text], ...]] = {
    RibSet.FOUR_S: (
        ("surroundings", Text("环境", "surroundings")),
        ("suppliers", Text("供应商", "suppliers")),
        ("systems", Text("系统", "systems")),
        ("skills", Text("技能", "skills")),
    ),
    RibSet.EIGHT_P: (
        ("product", Text("产品（服务）", "product or service")),
        ("price", Text("价格", "price")),
        ("place", Text("场所", "place or plant")),
        ("promotion", Text("推广", "promotion")),
        ("people", Text("人员", "people")),
        ("process", Text("流程", "process")),
        ("policies", Text("政策", "policies")),
        ("procedures", Text("程序", "procedures")),
    ),
    RibSet.SIX_M: (
        ("man", Text("人", "people")),
        ("machine", Text("机", "machine")),
        ("material", Text("料", "material")),
        ("method", Text("法", "method")),
        ("milieu", Text("环", "environment")),
        ("measurement", Text("测", "measurement")),
    ),
}
"""Rib set → (identifier, title) of each rib, head first (E.5)."""

PERSON_QUESTION = Text(
    "原因止于个人。是哪个流程允许它发生？什么样的流程、系统或培训可以防止任何人再犯？",
    "This chain ends at a person. Which process allowed it? What process, system or training would keep "
    "anybody from doing it again?",
)
"""What is asked when a chain of causes ends at a person (E.5)."""

_PERSON_ZH = (
    "粗心", "疏忽", "大意", "马虎", "责任心", "责任感", "不负责", "不认真", "不够认真", "不细心", "不仔细",
    "态度不", "态度差", "态度问题", "意识不强", "意识不足", "意识淡薄", "不用心", "没用心", "不上心", "偷懒",
    "懒惰", "忘记", "忘了", "遗忘", "个人原因", "人为失误", "人为错误", "失误",
    "不遵守", "没有遵守", "未遵守", "不服从", "注意力不集中", "不专心", "素质", "能力差", "能力不足",
    "积极性不", "执行力不",
)  # fmt: skip
_PERSON_EN = (
    "careless", "carelessness", "carelessly", "negligent", "negligence", "inattention", "inattentive",
    "not paying attention", "did not pay attention", "didn't pay attention", "lack of attention",
    "distracted", "forgot", "forgets", "forgetful", "forgetting", "lazy", "laziness", "sloppy", "attitude",
    "human error", "operator error", "agent error", "his fault", "her fault", "their fault", "irresponsible",
    "lack of responsibility", "lack of discipline", "undisciplined", "did not care", "does not care",
    "didn't care", "doesn't care", "not motivated", "unmotivated", "incompetent", "incompetence",
    "ignored the rule", "ignored the procedure", "did not follow", "didn't follow", "failed to follow",
)  # fmt: skip
_PERSON = re.compile(
    "|".join(map(re.escape, _PERSON_ZH))
    + r"|\b(?:"
    + "|".join(re.escape(each).replace("'", "['’]") for each in _PERSON_EN)
    + r")\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Somebody showed that a cause is real. It holds for the wording and evidence it was given for."""

    by: int
    """Who verified it: the owner of the action or somebody of the team."""
    method: VerificationMethod
    text: str
    """The cause as it read then."""
    evidence: str
    """The evidence as it read then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One answer to a why."""

    id: str
    text: str
    parent: str | None = None
    """The cause whose why this one answers; None: it answers why the problem happened."""
    order: int = 0
    """Its place among the answers to the same why, from left to right."""
    kind: CauseKind | None = None
    evidence: str = ""
    """What shows it: words, or references of attachments."""
    control: Control | None = None
    rib: str = ""
    """The rib of the fishbone it hangs on."""
    verification: Verification | None = None
    person_answer: str = ""
    """The answer to ``PERSON_QUESTION``, if the chain ends at a person."""
    no_task_reason: str = ""
    """Why no task removes it."""

    @property
    def is_verified(self) -> bool:
        """Text, evidence, and a verification made for exactly these.

        A verification carries what it was made for, so that an edit undoes it wherever the edit happens.
        """
        return (
            bool(self.text.strip() and self.evidence.strip())
            and self.verification is not None
            and self.verification.text == self.text
            and self.verification.evidence == self.evidence
        )

    def edited(self, *, text: str | None = None, evidence: str | None = None) -> "Cause":
        """The cause with other words; the verification goes if the words really differ."""
        changed = replace(
            self,
            text=self.text if text is None else text,
            evidence=self.evidence if evidence is None else evidence,
        )
        return changed if changed.is_verified else replace(changed, verification=None)

    def verified(self, by: int, method: VerificationMethod) -> "Cause":
        """The cause as verified now. Raises ValueError without text and evidence (E.5)."""
        if not (self.text.strip() and self.evidence.strip()):
            raise ValueError("a cause is verified by its evidence: give text and evidence first")
        stamp = Verification(by=by, method=method, text=self.text, evidence=self.evidence)
        return replace(self, verification=stamp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A task of the plan, as far as causes are concerned: the causes it removes."""

    task: str
    causes: frozenset[str] = frozenset()


class BrokenTree(ValueError):
    """Causes that do not form a tree. ``text`` says what is wrong, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def tree(causes: Iterable[Cause]) -> "nx.DiGraph[str]":
    """The whys as a directed tree from ``PROBLEM`` downwards; each node carries its ``cause``.

    Children stand in their order. Raises BrokenTree for an identifier used twice, an unknown parent or a
    cause that would explain itself.
    """
    known: dict[str, Cause] = {}
    for each in sorted(causes, key=lambda cause: (cause.order, cause.id)):
        if each.id in known or each.id == PROBLEM:
            raise BrokenTree(Text(f"原因“{each.id}”重复。", f"Cause “{each.id}” occurs twice."))
        known[each.id] = each
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_node(PROBLEM)
    graph.add_nodes_from((each.id, {"cause": each}) for each in known.values())
    for each in known.values():
        if each.parent is not None and each.parent not in known:
            raise BrokenTree(
                Text(
                    f"原因“{each.text}”的上一层不存在。", f"What “{each.text}” is to explain does not exist."
                )
            )
        graph.add_edge(each.parent or PROBLEM, each.id)
    _refuse_circles(graph, known)
    return graph


def _refuse_circles(graph: "nx.DiGraph[str]", known: dict[str, Cause]) -> None:
    reached: set[str] = nx.descendants(graph, PROBLEM)
    lost = set(known) - reached
    if lost:
        circle = [edge[0] for edge in nx.find_cycle(graph, sorted(lost)[0])]
        names = [known[each].text for each in (*circle, circle[0])]
        raise BrokenTree(
            Text(f"原因互相解释：{' → '.join(names)}。", f"Causes explain each other: {' → '.join(names)}.")
        )


def chains(causes: Iterable[Cause]) -> tuple[tuple[Cause, ...], ...]:
    """Every chain of whys from the problem to a last answer, from left to right."""
    graph = tree(causes)
    found: list[tuple[Cause, ...]] = []
    waiting: list[tuple[str, tuple[Cause, ...]]] = [(PROBLEM, ())]
    while waiting:
        node, way = waiting.pop()
        below = list(graph.successors(node))
        if way and not below:
            found.append(way)
        waiting.extend((each, (*way, graph.nodes[each]["cause"])) for each in reversed(below))
    return tuple(found)


def levels(causes: Iterable[Cause]) -> dict[str, int]:
    """Cause → how many whys deep it lies; the first answer is 1."""
    depths = nx.single_source_shortest_path_length(tree(causes), PROBLEM)
    return {each: depth for each, depth in depths.items() if each != PROBLEM}


def blames_person(text: str) -> bool:
    """Whether the words look for the cause in a person. A prompt to think, by a list of words, not a proof.

    >>> blames_person("话务员粗心"), blames_person("The script has no step for it")
    (True, False)
    """
    return _PERSON.search(text) is not None


def ends_at_person(chain: Sequence[Cause]) -> bool:
    """Whether the last why of the chain ends at a person."""
    return bool(chain) and blames_person(chain[-1].text)


def person_chains_open(causes: Iterable[Cause]) -> tuple[str, ...]:
    """The texts of last causes that blame a person and carry no answer to ``PERSON_QUESTION``."""
    return tuple(
        chain[-1].text
        for chain in chains(causes)
        if ends_at_person(chain) and not chain[-1].person_answer.strip()
    )


def verified_roots(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The root causes whose verification stands; analysis needs at least one (E.5)."""
    return tuple(each for each in causes if each.kind is CauseKind.ROOT and each.is_verified)


def tasks_without_cause(causes: Iterable[Cause], plan: Iterable[Removal]) -> tuple[str, ...]:
    """Tasks that name no cause, or only causes that are gone: their labels (E.5)."""
    known = {each.id for each in causes}
    return tuple(each.task for each in plan if not each.causes & known)


def causes_without_task(causes: Iterable[Cause], plan: Iterable[Removal]) -> tuple[str, ...]:
    """Causes of a kind that no task removes and no reason excuses: their texts (E.5).

    A why on the way needs no task of its own: what removes the root removes it too.
    """
    removed = frozenset[str]().union(*(each.causes for each in plan))
    return tuple(
        each.text
        for each in causes
        if each.kind is not None and each.id not in removed and not each.no_task_reason.strip()
    )
