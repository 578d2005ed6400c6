"""Plans as they were approved, and what differs from them now.

Each approval keeps the plan whole. Criterion and window are frozen then; whoever approves a revised plan sees
what was added, changed and dropped since the one that was signed before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.queries import get_names
from tracker.actions.models import Action, PlanVersion
from tracker.actions.queries import Case
from tracker.database import add, db
from tracker.i18n import gettext as _
from tracker.i18n import language, ngettext, pick, show_date
from tracker.permissions import Actor
from workflows.kinds import TaskState


@dataclass(frozen=True)
class Change:
    """A line of the difference: what it is about, and how it reads before and now."""

    kind: str
    subject: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Approved:
    """A version of the plan: which, by whom, when."""

    number: int
    by: str
    on: date
    attempt: int


@dataclass(frozen=True)
class Difference:
    """What differs between an approved version and the plan as it stands."""

    since: Approved
    versions: tuple[Approved, ...]
    changes: tuple[Change, ...]


def keep_plan(actor: Actor, action: Action, case: Case) -> PlanVersion:
    """Keep the plan that was just approved; tasks that it gives more time are counted as extended (E.4)."""
    last = db.session.execute(
        sa.select(PlanVersion)
        .where(PlanVersion.organisation_id == action.organisation_id, PlanVersion.action_id == action.id)
        .order_by(PlanVersion.number.desc())
        .limit(1)
    ).scalar_one_or_none()
    known = last.number if last is not None else None
    if last is not None and last.round == action.round:
        _count_extensions(case, last.content)
    return add(
        PlanVersion(
            organisation_id=action.organisation_id,
            action_id=action.id,
            number=(known or 0) + 1,
            round=action.round,
            approved_by_id=actor.person_id,
            approved_at=clock.now(),
            content=content_of(action, case),
        )
    )


def _count_extensions(case: Case, approved: Mapping[str, Any]) -> None:
    """The owner asked for the time with a reason, and another granted it by approving the plan again."""
    before = {each["id"]: each["due_on"] for each in approved["tasks"]}
    for task in case.tasks:
        # Days written like 2026-07-15 compare like days.
        if task.due_on.isoformat() > before.get(str(task.id), "9999-12-31"):
            task.extensions += 1


def content_of(action: Action, case: Case) -> dict[str, Any]:
    """The plan in plain values: what an approval covers."""
    texts = {str(cause.id): cause.text for cause in case.causes}
    return {
        "nonconformities": [each.label for each in case.answers],
        "solution": action.solution,
        "criterion": action.criterion,
        "window_days": action.window_days,
        "effort": str(action.effort),
        "needs": [need.label for need in case.needs if need.action_id == action.id],
        "tasks": [
            {
                "id": str(task.id),
                "title": task.title,
                "owner": str(task.owner_id),
                "due_on": str(task.due_on),
                "effort": str(task.effort),
                "cause": texts.get(str(task.cause_id), ""),
                "dropped": task.state == TaskState.DROPPED,
                "reason": task.dropped_reason,
                # Settled in an attempt before this one: kept in sight, but no part of this plan.
                "earlier": task.round < action.round and task.state != TaskState.OPEN,
            }
            for task in case.tasks
        ],
    }


def get_difference(action: Action, case: Case, number: int | None = None) -> Difference | None:
    """What changed since an approved version, the newest unless `number` names another; None without one."""
    rows = list(
        db.session.execute(
            sa.select(PlanVersion)
            .where(PlanVersion.organisation_id == action.organisation_id, PlanVersion.action_id == action.id)
            .order_by(PlanVersion.number.desc())
        ).scalars()
    )
    chosen = next((row for row in rows if number in (None, row.number)), None)
    if chosen is None:
        return None
    now = content_of(action, case)
    people = {row.approved_by_id for row in rows} | _owners(chosen.content) | _owners(now)
    views = get_names(action.organisation_id, people)
    names = {str(key): pick(view.name_zh, view.name_en) for key, view in views.items()}
    versions = tuple(
        Approved(row.number, names.get(str(row.approved_by_id), ""), row.approved_at.date(), row.round)
        for row in rows
    )
    since = next(each for each in versions if each.number == chosen.number)
    return Difference(since, versions, compare(chosen.content, now, names))


def _owners(content: Mapping[str, Any]) -> set[int | None]:
    return {int(task["owner"]) for task in content["tasks"]}


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[Change, ...]:
    """What differs between two plans: fields, what is answered and waited for, then the tasks."""
    return (
        *_fields(before, after),
        *_sets(before, after),
        *_tasks(before["tasks"], after["tasks"], names),
    )


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Change]:
    titles = {
        "criterion": _("Effectiveness criterion"),
        "window_days": _("Effectiveness window"),
        "solution": _("Solution"),
        "effort": _("Effort of the whole, in days"),
    }
    for name, title in titles.items():
        if before[name] != after[name]:
            yield Change("changed", title, "", _shown(name, before[name]), _shown(name, after[name]))


def _shown(name: str, value: Any) -> str:
    if name == "window_days" and value:
        return ngettext("%(num)d day", "%(num)d days", int(value))
    if name == "due_on":
        return show_date(date.fromisoformat(value))
    return str(value) if value else "–"


def _sets(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Change]:
    titles = {"nonconformities": _("Non-conformities answered"), "needs": _("Waits for")}
    for name, title in titles.items():
        for each in after[name]:
            if each not in before[name]:
                yield Change("added", title, "", "", each)
        for each in before[name]:
            if each not in after[name]:
                yield Change("dropped", title, "", each, "")


def _tasks(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]], names: Mapping[str, str]
) -> Iterable[Change]:
    titles = {
        "title": _("Task"),
        "owner": _("Owner"),
        "due_on": _("Due date"),
        "effort": _("Effort in days"),
        "cause": _("Cause it removes"),
    }
    old = {task["id"]: task for task in before if not (task["dropped"] or task["earlier"])}
    new = {task["id"]: task for task in after}
    for key, task in new.items():
        was = old.get(key)
        if task["earlier"]:
            continue
        if was is None:
            if not task["dropped"]:
                yield Change("added", task["title"], "", "", _in_short(task, names))
        elif task["dropped"]:
            yield Change("dropped", task["title"], "", _in_short(was, names), task["reason"])
        else:
            for name, title in titles.items():
                if was[name] != task[name]:
                    values = [
                        names.get(each[name], "") if name == "owner" else _shown(name, each[name])
                        for each in (was, task)
                    ]
                    yield Change("changed", task["title"], title, *values)
    for key, task in old.items():
        if key not in new:
            yield Change("dropped", task["title"], "", _in_short(task, names), "")


def _in_short(task: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A task in one line: who, until when."""
    joined = "，" if language() == "zh" else ", "
    return joined.join([names.get(task["owner"], ""), _shown("due_on", task["due_on"])])
