"""The causes of an action as a tree and on the fishbone, and the tasks under the cause that each removes."""

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from tracker.actions.models import Action, Cause, Task
from tracker.actions.queries import Case
from tracker.actions.showing import day_of, days_left, days_text
from tracker.actions.viewmodels import CauseNode, Chip, TaskGroup, TaskView, walk
from tracker.i18n import language
from workflows import causes as whys
from workflows.fishbone import Bone, rib_title, ribs_of
from workflows.fishbone import fishbone as draw_fishbone
from workflows.kinds import TaskState

TASK_TONES = {TaskState.OPEN: "neutral", TaskState.DONE: "success", TaskState.DROPPED: "muted"}


def bones_of(rows: Iterable[Cause]) -> tuple[Bone, ...]:
    """The causes as they hang on the fishbone, in the order in which they were written."""
    return tuple(
        Bone(text=row.text, rib=row.rib, kind=row.kind, verified=row.verified_at is not None)
        for row in sorted(rows, key=lambda row: (row.position, row.id))
    )


def fishbone(action: Action, bones: tuple[Bone, ...]) -> Markup:
    """The drawing with its words, in the language of the request; made by us, from escaped texts."""
    ribs = ribs_of(action.ribs or (), bones)
    effect = action.problem_what or action.title
    return Markup(draw_fishbone(effect, ribs, bones, language()))  # noqa: S704


def cause_tree(
    causes: Iterable[Cause], tasks: Iterable[Task], names: Mapping[int, str]
) -> tuple[CauseNode, ...]:
    """The cause tree as the page draws it, with the question where a chain ends at a person."""
    rows = list(causes)
    below: dict[int | None, list[Cause]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    removed: dict[int | None, int] = {}
    for task in tasks:
        removed[task.cause_id] = removed.get(task.cause_id, 0) + 1

    def nodes(parent: int | None, level: int) -> tuple[CauseNode, ...]:
        return tuple(node(row, level) for row in below.get(parent, []))

    def node(row: Cause, level: int) -> CauseNode:
        children = nodes(row.id, level + 1)
        asks = not children and whys.blames_person(row.text) and not row.person_answer.strip()
        return CauseNode(
            id=row.id,
            version=row.version,
            text=row.text,
            kind=row.kind.value if row.kind else "",
            kind_title=row.kind.of(language()) if row.kind else "",
            evidence=row.evidence,
            rib=row.rib,
            rib_title=rib_title(row.rib).of(language()) if row.rib else "",
            controllable=row.controllable,
            person_answer=row.person_answer,
            no_task_reason=row.no_task_reason,
            verified=row.verified_at is not None,
            verified_by=names.get(row.verified_by_id or 0, ""),
            verified_on=day_of(row.verified_at),
            method_title=row.method.of(language()) if row.method else "",
            question=whys.PERSON_QUESTION.of(language()) if asks else "",
            level=level,
            tasks=removed.get(row.id, 0),
            children=children,
        )

    return nodes(None, 1)


def task_groups(case: Case, causes: tuple[CauseNode, ...], names: Mapping[int, str]) -> tuple[TaskGroup, ...]:
    """The tasks under the cause each removes: causes of a kind first, in tree order, then the rest."""
    tasks: dict[int | None, list[TaskView]] = {}
    for task in case.tasks:
        tasks.setdefault(task.cause_id, []).append(task_view(task, case.action, names))
    order = [node for node in walk(causes) if node.kind or node.id in tasks]
    groups = [TaskGroup(node, tuple(tasks.get(node.id, ()))) for node in order]
    if tasks.get(None):
        groups.append(TaskGroup(None, tuple(tasks[None])))
    return tuple(groups)


def task_view(task: Task, action: Action, names: Mapping[int, str]) -> TaskView:
    """A task as the page shows it."""
    return TaskView(
        id=task.id,
        version=task.version,
        title=task.title,
        owner_id=task.owner_id,
        owner=names.get(task.owner_id, ""),
        due_on=task.due_on,
        days_left=days_left(task.due_on) if task.state == TaskState.OPEN else None,
        extensions=task.extensions,
        effort=days_text(task.effort),
        status=task.state.value,
        state=Chip(task.state.of(language()), TASK_TONES[task.state]),
        evidence=task.evidence,
        dropped_reason=task.dropped_reason,
        done_by=names.get(task.done_by_id or 0, ""),
        done_on=day_of(task.done_at),
        cause_id=task.cause_id,
        earlier=task.round < action.round and task.state != TaskState.OPEN,
    )
