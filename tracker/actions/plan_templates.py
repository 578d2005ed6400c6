"""Plans that worked, kept as templates of the organisation: kept, used to begin a plan, and retired."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import Person
from tracker.actions.checks import record_of, refuse_outside, words
from tracker.actions.models import Action, Cause, PlanTemplate, PlanTemplateTask
from tracker.actions.queries import load_case
from tracker.actions.tasks import add_task
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.moves import check_version
from tracker.organisations.rules import rules_for
from tracker.permissions import Actor
from workflows.actions import ActionState as State
from workflows.causes import CauseKind

MOST = 200


@dataclass(frozen=True)
class TaskLine:
    """A task of a template."""

    title: str
    days: int
    effort: Fraction


@dataclass(frozen=True)
class TemplateView:
    """A template as pages show it."""

    id: int
    version: int
    name: str
    solution: str
    criterion: str
    window_days: int | None
    by: str
    created_on: date
    retired: bool
    tasks: tuple[TaskLine, ...]


# ---------------------------------------------------------------- reads


def list_templates(organisation_id: int) -> tuple[TemplateView, ...]:
    """Every template, those in use first, with its tasks, in two statements."""
    rows = db.session.execute(
        sa.select(PlanTemplate, Person.name_zh, Person.name_en)
        .join(
            Person,
            (Person.organisation_id == PlanTemplate.organisation_id)
            & (Person.id == PlanTemplate.created_by_id),
        )
        .where(PlanTemplate.organisation_id == organisation_id)
        .order_by(PlanTemplate.retired_at.is_not(None), PlanTemplate.name)
        .limit(MOST)
    ).all()
    tasks = _list_tasks(organisation_id, [row[0].id for row in rows])
    return tuple(_view(row[0], pick(row[1], row[2]), tasks.get(row[0].id, ())) for row in rows)


def _view(row: PlanTemplate, by: str, tasks: tuple[TaskLine, ...]) -> TemplateView:
    return TemplateView(
        id=row.id,
        version=row.version,
        name=row.name,
        solution=row.solution,
        criterion=row.criterion,
        window_days=row.window_days,
        by=by,
        created_on=row.created_at.date(),
        retired=row.retired_at is not None,
        tasks=tasks,
    )


def _list_tasks(organisation_id: int, ids: list[int]) -> dict[int, tuple[TaskLine, ...]]:
    found: dict[int, list[TaskLine]] = {}
    for row in db.session.execute(
        sa.select(PlanTemplateTask)
        .where(PlanTemplateTask.organisation_id == organisation_id, PlanTemplateTask.template_id.in_(ids))
        .order_by(PlanTemplateTask.position, PlanTemplateTask.id)
    ).scalars():
        found.setdefault(row.template_id, []).append(TaskLine(row.title, row.days, row.effort))
    return {key: tuple(rows) for key, rows in found.items()}


def list_choices(organisation_id: int) -> list[tuple[int, str]]:
    """The templates to begin a plan with."""
    rows = db.session.execute(
        sa.select(PlanTemplate.id, PlanTemplate.name)
        .where(PlanTemplate.organisation_id == organisation_id, PlanTemplate.retired_at.is_(None))
        .order_by(PlanTemplate.name)
        .limit(MOST)
    )
    return [(row.id, row.name) for row in rows]


def get_template(organisation_id: int, template_id: int) -> PlanTemplate:
    """A template of the organisation. Raises NotFound."""
    found = db.session.execute(
        sa.select(PlanTemplate).where(
            PlanTemplate.organisation_id == organisation_id, PlanTemplate.id == template_id
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


# ---------------------------------------------------------------- writes


def keep_as_template(actor: Actor, action: Action, name: str) -> PlanTemplate:
    """Keep the plan of an action: its solution, criterion, window, and its tasks by their distance in days."""
    case = load_case(action)
    if not case.plan:
        raise RefusedMove(_("Keep the plan"), [_("The plan has no task that could be kept.")])
    name = words(name, "name", 120)
    _refuse_name(action.organisation_id, name)
    kept = add(
        PlanTemplate(
            organisation_id=action.organisation_id,
            name=name,
            solution=action.solution,
            criterion=action.criterion,
            window_days=action.window_days or None,
            created_by_id=actor.person_id,
            created_at=clock.now(),
        )
    )
    began = action.approved_at.date() if action.approved_at is not None else clock.today()
    _add_tasks(
        kept, [TaskLine(task.title, max(0, (task.due_on - began).days), task.effort) for task in case.plan]
    )
    history.record(record_of(action), "plan_kept", actor.person_id, changes={"template": [None, name]})
    db.session.flush()
    return kept


def begin_with_template(
    actor: Actor,
    action: Action,
    template: PlanTemplate,
    cause_id: int | None,
    version: int | None = None,
) -> int:
    """Add the tasks of a template to a plan, and its texts where the plan has none; how many tasks were added.

    Due dates are counted from today and fall on working days of the site. What was written stays as it is.
    """
    check_version(action, version)
    refuse_outside(
        action, {State.PLANNING}, _("Tasks are planned in the planning step: revise the plan first.")
    )
    if template.retired_at is not None:
        raise InvalidInput({"template_id": [_("This template is retired.")]})
    changes = _fill(action, template)
    calendar = rules_for(action.organisation_id, action.site_id).calendar
    cause_id = cause_id or _only_root(action)
    tasks = _list_tasks(action.organisation_id, [template.id]).get(template.id, ())
    history.record(
        record_of(action),
        "plan_begun",
        actor.person_id,
        changes={"template": [None, template.name]} | changes,
    )
    for task in tasks:
        add_task(
            actor,
            action,
            title=task.title,
            owner_id=action.owner_id,
            due_on=calendar.roll(clock.today() + timedelta(days=task.days)),
            effort=task.effort,
            cause_id=cause_id,
        )
    db.session.flush()
    return len(tasks)


def _fill(action: Action, template: PlanTemplate) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name in ("solution", "criterion", "window_days"):
        offered = getattr(template, name)
        if offered and not getattr(action, name):
            setattr(action, name, offered)
            changes[name] = [None, str(offered)]
    return changes


def _only_root(action: Action) -> int | None:
    """The verified root cause, where there is exactly one: that is what the tasks will remove."""
    rows = db.session.execute(
        sa.select(Cause.id)
        .where(
            Cause.organisation_id == action.organisation_id,
            Cause.action_id == action.id,
            Cause.kind == CauseKind.ROOT,
            Cause.verified_at.is_not(None),
        )
        .limit(2)
    ).scalars()
    found = list(rows)
    return found[0] if len(found) == 1 else None


def edit_template(
    actor: Actor,
    template: PlanTemplate,
    fields: Mapping[str, Any],
    version: int | None = None,
    tasks: Sequence[TaskLine] | None = None,
) -> None:
    """Change the name, the texts and the tasks of a template; plans that began with it stay as they are.

    None leaves the tasks alone. Raises Conflict, InvalidInput.
    """
    check_version(template, version)
    name = words(fields["name"], "name", 120)
    if name != template.name:
        _refuse_name(template.organisation_id, name)
    template.name = name
    template.solution, template.criterion = fields["solution"], fields["criterion"]
    template.window_days = fields["window_days"]
    if tasks is not None:
        _replace_tasks(template, tasks)
    db.session.flush()


def _replace_tasks(template: PlanTemplate, tasks: Sequence[TaskLine]) -> None:
    """Let these be the tasks of a template, in this order."""
    before = _list_tasks(template.organisation_id, [template.id]).get(template.id, ())
    if tuple(tasks) == before:
        return
    # The tasks are rows of their own: a change of them alone must renew the version, too.
    sa.orm.attributes.flag_modified(template, "name")
    db.session.execute(
        sa.delete(PlanTemplateTask)
        .where(
            PlanTemplateTask.organisation_id == template.organisation_id,
            PlanTemplateTask.template_id == template.id,
        )
        .execution_options(synchronize_session="fetch")
    )
    _add_tasks(template, tasks)


def _add_tasks(template: PlanTemplate, tasks: Iterable[TaskLine]) -> None:
    for place, task in enumerate(tasks):
        db.session.add(
            PlanTemplateTask(
                organisation_id=template.organisation_id,
                template_id=template.id,
                title=task.title,
                days=task.days,
                effort=task.effort,
                position=place,
            )
        )


def retire_template(template: PlanTemplate, retired: bool, version: int | None = None) -> None:
    """Offer a template no longer, or again."""
    check_version(template, version)
    template.retired_at = clock.now() if retired else None
    db.session.flush()


def _refuse_name(organisation_id: int, name: str) -> None:
    taken = sa.exists().where(PlanTemplate.organisation_id == organisation_id, PlanTemplate.name == name)
    if db.session.execute(sa.select(taken)).scalar():
        raise InvalidInput({"name": [_("There is a template of this name already.")]})
