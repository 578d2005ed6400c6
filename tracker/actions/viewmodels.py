"""Actions as pages see them."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tracker.nonconformities.viewmodels import CaseLine
from tracker.offers import MoveView, StateView
from tracker.timeline import Entry, SignatureView
from workflows.fishbone import Bone
from workflows.kinds import Grade


@dataclass(frozen=True)
class Chip:
    """Words in a tone: a grade, the state of a task."""

    title: str
    tone: str


@dataclass(frozen=True)
class AnswerView:
    """A non-conformity that an action answers."""

    id: int
    number: int
    label: str
    title: str
    element: str
    grade: Chip
    state: StateView
    points: Fraction | None
    implemented: bool | None
    effective: bool | None


@dataclass(frozen=True)
class Row:
    """A line of the register."""

    number: int
    label: str
    title: str
    state: StateView
    site: str
    owner: str
    due_on: date | None
    days_left: int | None
    tasks_done: int
    tasks: int
    not_effective: int
    answers: tuple[AnswerView, ...]

    @property
    def points(self) -> Fraction | None:
        """The most that one of its non-conformities is worth alone; points of several do not add up."""
        return max((each.points for each in self.answers if each.points is not None), default=None)


@dataclass(frozen=True)
class Register:
    """A page of the register, and the keys of its neighbours."""

    rows: tuple[Row, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class CauseNode:
    """A cause in its place in the tree."""

    id: int
    version: int
    text: str
    kind: str
    kind_title: str
    evidence: str
    rib: str
    rib_title: str
    controllable: bool
    person_answer: str
    no_task_reason: str
    verified: bool
    verified_by: str
    verified_on: date | None
    method_title: str
    question: str
    level: int
    tasks: int
    children: tuple["CauseNode", ...] = ()

    @property
    def removable(self) -> bool:
        """Whether it can be taken out: nothing answers to it and no task names it."""
        return not self.children and not self.tasks


@dataclass(frozen=True)
class TaskView:
    """A task of the plan."""

    id: int
    version: int
    title: str
    owner_id: int
    owner: str
    due_on: date
    days_left: int | None
    extensions: int
    effort: str
    status: str
    state: Chip
    evidence: str
    dropped_reason: str
    done_by: str
    done_on: date | None
    cause_id: int | None
    earlier: bool


@dataclass(frozen=True)
class TaskGroup:
    """The tasks that remove one cause."""

    cause: CauseNode | None
    tasks: tuple[TaskView, ...]


@dataclass(frozen=True)
class NeedView:
    """An action that has to be implemented first."""

    number: int
    label: str
    title: str
    state: StateView


@dataclass(frozen=True)
class AuditLine:
    """A follow-up audit of what the action answers."""

    number: int
    label: str
    state: StateView
    purpose: str
    planned_on: date
    auditor: str


@dataclass(frozen=True)
class Shown:
    """A follow-up's present answers, in words."""

    implemented: bool | None
    effective: bool | None


@dataclass(frozen=True)
class ActionPage:
    """All of one action."""

    id: int
    number: int
    label: str
    version: int
    title: str
    status: str
    state: StateView
    site: str
    site_code: str
    owner_id: int
    owner: str
    approver: str
    approved_on: date | None
    due_on: date | None
    due_step: str
    days_left: int | None
    extensions: int
    round: int
    returned: int
    not_effective: int
    problem_what: str
    problem_where: str
    problem_since: date | None
    problem_extent: str
    metric: str
    analysis: str
    solution: str
    criterion: str
    window_days: int | None
    # The grades that it answers, by which a site proposes the window.
    window_grades: tuple[Grade, ...]
    window_began_on: date | None
    window_ends_on: date | None
    window_left: int | None
    effort: str
    documents_updated: bool | None
    documents_note: str
    read_across: str
    implemented_on: date | None
    effect_result: str
    criterion_met: bool | None
    standardised: str
    closed_on: date | None
    answers: tuple[AnswerView, ...]
    causes: tuple[CauseNode, ...]
    groups: tuple[TaskGroup, ...]
    needs: tuple[NeedView, ...]
    audits: tuple[AuditLine, ...]
    cases: tuple[CaseLine, ...]
    bones: tuple[Bone, ...]
    fishbone: str
    shown: Shown
    steps: tuple[tuple[str, str], ...]
    phase: str
    moves: tuple[MoveView, ...]
    signatures: tuple[SignatureView, ...]
    history: tuple[Entry, ...]
    drawing: str
    forward: str
    # The last move, where this person may take it back now.
    undo: str
    effects: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def verified_roots(self) -> tuple[CauseNode, ...]:
        """The root causes whose verification stands, from left to right."""
        return tuple(node for node in walk(self.causes) if node.kind == "root" and node.verified)

    @property
    def tasks(self) -> tuple[TaskView, ...]:
        """Every task, group by group."""
        return tuple(task for group in self.groups for task in group.tasks)

    @property
    def tasks_done(self) -> int:
        return sum(task.status == "done" for task in self.tasks)

    @property
    def tasks_planned(self) -> int:
        return sum(task.status != "dropped" for task in self.tasks)


def walk(nodes: tuple[CauseNode, ...]) -> list[CauseNode]:
    """Every node of a tree, each before what answers to it."""
    found = []
    for node in nodes:
        found += [node, *walk(node.children)]
    return found
