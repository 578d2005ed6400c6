"""What the pages of actions show: the register, and the whole of one action."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from tracker import clock
from tracker.accounts.models import Person
from tracker.actions import queries, trail  # noqa: F401  (registers the words of the history)
from tracker.actions.checks import BEFORE_APPROVAL, record_of
from tracker.actions.models import Action, ActionNonconformity, Cause, Task
from tracker.actions.queries import Case, facts_of, load_case, subject_of
from tracker.actions.viewmodels import (
    ActionPage,
    AnswerView,
    AuditLine,
    CauseNode,
    Chip,
    NeedView,
    Register,
    Row,
    Shown,
    TaskGroup,
    TaskView,
    walk,
)
from tracker.audits.models import Audit, AuditVerdict
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.metrics.models import Metric
from tracker.nonconformities.cases import list_cases
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.viewmodels import CaseLine
from tracker.numbering import label
from tracker.offers import machine_of, offered, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor, Subject, can
from tracker.timeline import list_history, list_signatures
from workflows import causes as whys
from workflows.actions import ActionState
from workflows.fishbone import Bone, rib_title, ribs_of
from workflows.fishbone import fishbone as draw_fishbone
from workflows.kinds import Grade, TaskState
from workflows.schedule import Step
from workflows.svg import svg

FAR = date(9999, 12, 31)
SORTS = ("number", "-number", "due", "-due")
GRADE_TONES = {
    Grade.MAJOR: "danger",
    Grade.MINOR: "attention",
    Grade.OBSERVATION: "info",
    Grade.OFI: "neutral",
}
TASK_TONES = {TaskState.OPEN: "neutral", TaskState.DONE: "success", TaskState.DROPPED: "muted"}

# The four steps of 2.3, and the states in which each is the present one.
PHASES: dict[str, frozenset[ActionState]] = {
    "define": frozenset({ActionState.DEFINING}),
    "analyse": frozenset({ActionState.ANALYSING}),
    "solve": frozenset({ActionState.PLANNING, ActionState.PLAN_REVIEW, ActionState.IMPLEMENTING}),
    "verify": frozenset({ActionState.FOLLOW_UP, ActionState.MONITORING, ActionState.CLOSED}),
}

# The move that takes an action on: the one button that stands out.
FORWARD = {
    ActionState.DEFINING: "define",
    ActionState.ANALYSING: "analyse",
    ActionState.PLANNING: "submit_plan",
    ActionState.PLAN_REVIEW: "approve_plan",
    ActionState.IMPLEMENTING: "implement",
    ActionState.MONITORING: "close",
}


# ---------------------------------------------------------------- the register


@dataclass(frozen=True)
class Filters:
    """What the register is narrowed to; all of it stands in the address."""

    site_id: int | None = None
    state: str = ""
    owner_id: int | None = None
    overdue: bool = False
    q: str = ""
    sort: str = "-number"


def list_register(actor: Actor, wanted: Filters, after: str, before: str, size: int) -> Register:
    """A page of the register in two statements: the actions, and what they answer."""
    query = _narrow(actor, wanted)
    key, falling = _key(wanted.sort)
    back = bool(before) and not after
    bound = _bound(before if back else after, wanted.sort)
    down = falling != back
    columns = (key, Action.number)
    if bound is not None:
        at = sa.tuple_(*columns)
        query = query.where(at < sa.tuple_(*bound) if down else at > sa.tuple_(*bound))
    order = [column.desc() if down else column.asc() for column in columns]
    found = db.session.execute(query.order_by(*order).limit(size + 1)).all()
    more, found = len(found) > size, found[:size]
    if back:
        found = found[::-1]
    answers = _answers_of(actor.organisation_id, [row.id for row in found])
    rows = tuple(_row(row, answers.get(row.id, ())) for row in found)
    return Register(
        rows,
        before=_mark(found[0], wanted.sort) if found and (more if back else bound is not None) else None,
        after=_mark(found[-1], wanted.sort) if found and (bool(back) or more) else None,
    )


def _narrow(actor: Actor, wanted: Filters) -> Any:
    tasks = (
        sa.select(sa.func.count())
        .where(
            Task.organisation_id == Action.organisation_id,
            Task.action_id == Action.id,
            Task.state != TaskState.DROPPED,
        )
        .correlate(Action)
    )
    query = (
        sa.select(
            Action.id,
            Action.number,
            Action.title,
            Action.state,
            Action.due_on,
            Action.not_effective,
            Site.name_zh.label("site_zh"),
            Site.name_en.label("site_en"),
            Person.name_zh.label("owner_zh"),
            Person.name_en.label("owner_en"),
            tasks.scalar_subquery().label("tasks"),
            tasks.where(Task.state == TaskState.DONE).scalar_subquery().label("done"),
        )
        .join(Site, (Site.organisation_id == Action.organisation_id) & (Site.id == Action.site_id))
        .join(Person, (Person.organisation_id == Action.organisation_id) & (Person.id == Action.owner_id))
        .where(Action.organisation_id == actor.organisation_id)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Action.site_id.in_(sites))
    if wanted.site_id is not None:
        query = query.where(Action.site_id == wanted.site_id)
    if wanted.owner_id is not None:
        query = query.where(Action.owner_id == wanted.owner_id)
    if wanted.overdue:
        query = query.where(Action.due_on < clock.today())
    if wanted.q:
        query = query.where(_matches(wanted.q))
    ended = (ActionState.CLOSED, ActionState.CANCELLED)
    if wanted.state == "live":
        query = query.where(Action.state.notin_(ended))
    elif wanted.state:
        query = query.where(Action.state == ActionState(wanted.state))
    return query


def _matches(words: str) -> Any:
    """Titles that hold the words, or the action of that number."""
    digits = words.upper().removeprefix("CA-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 9:
        return Action.number == int(digits)
    pattern = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Action.title.ilike(f"%{pattern}%", escape="\\")


def _key(sort: str) -> tuple[Any, bool]:
    falling = sort.startswith("-")
    if sort.lstrip("-") == "due":
        return sa.func.coalesce(Action.due_on, sa.literal(FAR, sa.Date)), falling
    return Action.number, falling


def _mark(row: Any, sort: str) -> str:
    first = (row.due_on or FAR).isoformat() if sort.lstrip("-") == "due" else str(row.number)
    return f"{first}.{row.number}"


def _bound(mark: str, sort: str) -> tuple[Any, Any] | None:
    """The place in the order that a mark of the address stands for; None for one that cannot be read."""
    first, _dot, number = mark.partition(".")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    try:
        if sort.lstrip("-") == "due":
            return sa.literal(date.fromisoformat(first), sa.Date), int(number)
        return int(number), int(number)
    except ValueError:
        return None


def _row(row: Any, answers: tuple[AnswerView, ...]) -> Row:
    return Row(
        number=row.number,
        label=label("action", row.number),
        title=row.title,
        state=state_view("action", row.state),
        site=pick(row.site_zh, row.site_en),
        owner=pick(row.owner_zh, row.owner_en),
        due_on=row.due_on,
        days_left=days_left(row.due_on),
        tasks_done=row.done,
        tasks=row.tasks,
        not_effective=row.not_effective,
        answers=answers,
    )


def days_left(due_on: date | None) -> int | None:
    """Days until a date; negative when it has passed."""
    return None if due_on is None else (due_on - clock.today()).days


def _answers_of(organisation_id: int, ids: list[int]) -> dict[int, tuple[AnswerView, ...]]:
    if not ids:
        return {}
    found: dict[int, list[AnswerView]] = {}
    for row in db.session.execute(
        sa.select(
            ActionNonconformity.action_id,
            ActionNonconformity.implemented,
            ActionNonconformity.effective,
            Nonconformity.id,
            Nonconformity.number,
            Nonconformity.title,
            Nonconformity.element,
            Nonconformity.grade,
            Nonconformity.state,
            Nonconformity.points_alone,
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == ActionNonconformity.organisation_id)
            & (Nonconformity.id == ActionNonconformity.nonconformity_id),
        )
        .where(ActionNonconformity.organisation_id == organisation_id, ActionNonconformity.action_id.in_(ids))
        .order_by(Nonconformity.number)
    ):
        found.setdefault(row.action_id, []).append(answer_view(row))
    return {action: tuple(rows) for action, rows in found.items()}


def answer_view(row: Any) -> AnswerView:
    """A non-conformity beside its action."""
    return AnswerView(
        id=row.id,
        number=row.number,
        label=label("nonconformity", row.number),
        title=row.title,
        element=row.element,
        grade=grade_chip(row.grade),
        state=state_view("nonconformity", row.state),
        points=row.points_alone,
        implemented=row.implemented,
        effective=row.effective,
    )


def grade_chip(grade: Grade) -> Chip:
    """A grade in words and tone."""
    return Chip(grade.of(language()), GRADE_TONES[grade])


# ---------------------------------------------------------------- one action


def get_page(actor: Actor, action: Action) -> ActionPage:
    """Everything the workspace shows, in a number of statements that does not grow with what is in it."""
    record = record_of(action)
    signatures = list_signatures(record)
    case = load_case(action, frozenset(each.person_id for each in signatures if each.event == "approve_plan"))
    history = list_history(record)
    site, names = _site_and_names(action, _people(case))
    causes = cause_tree(case.causes, case.tasks, names)
    answers = tuple(answer_view(each) for each in case.answers)
    facts = facts_of(action, case)
    bones = bones_of(case.causes)
    return ActionPage(
        id=action.id,
        number=action.number,
        label=label("action", action.number),
        version=action.version,
        title=action.title,
        status=action.state.value,
        state=state_view("action", action.state),
        site=pick(site.name_zh, site.name_en),
        site_code=site.code,
        owner_id=action.owner_id,
        owner=names.get(action.owner_id, ""),
        approver=names.get(action.approver_id or 0, ""),
        approved_on=_day(action.approved_at),
        due_on=action.due_on,
        due_step=Step(action.due_step).of(language()) if action.due_step else "",
        days_left=days_left(action.due_on),
        extensions=action.extensions,
        round=action.round,
        returned=action.returned,
        not_effective=action.not_effective,
        problem_what=action.problem_what,
        problem_where=action.problem_where,
        problem_since=action.problem_since,
        problem_extent=action.problem_extent,
        metric=pick(site.metric_zh or "", site.metric_en or ""),
        analysis=action.analysis,
        solution=action.solution,
        criterion=action.criterion,
        window_days=action.window_days,
        window_grades=tuple(each.grade for each in case.answers),
        window_began_on=case.last_task_on if action.window_ends_on else None,
        window_ends_on=action.window_ends_on,
        window_left=days_left(action.window_ends_on),
        effort=days_text(action.effort),
        documents_updated=action.documents_updated,
        documents_note=action.documents_note,
        read_across=action.read_across,
        implemented_on=_day(action.implemented_at),
        effect_result=action.effect_result,
        criterion_met=action.criterion_met,
        standardised=action.standardised,
        closed_on=_day(action.closed_at),
        answers=answers,
        causes=causes,
        groups=task_groups(case, causes, names),
        needs=_needs(case),
        audits=list_audits(action.organisation_id, [each.id for each in case.answers]),
        cases=_cases(case),
        bones=bones,
        fishbone=_fishbone(action, bones),
        shown=Shown(facts.implemented, facts.effective),
        steps=steps(action.state),
        phase=phase(action.state),
        moves=offered("action", action.state, actor, facts, subject_of(action)),
        signatures=signatures,
        history=history,
        drawing=svg(machine_of("action"), language(), action.state, compact=True),
        forward=FORWARD.get(action.state, ""),
        effects=effects_of(case),
    )


def bones_of(rows: Iterable[Cause]) -> tuple[Bone, ...]:
    """The causes as they hang on the fishbone, in the order in which they were written."""
    return tuple(
        Bone(text=row.text, rib=row.rib, kind=row.kind, verified=row.verified_at is not None)
        for row in sorted(rows, key=lambda row: (row.position, row.id))
    )


def _fishbone(action: Action, bones: tuple[Bone, ...]) -> Markup:
    """The drawing with its words, in the language of the request; made by us, from escaped texts."""
    ribs = ribs_of(action.ribs or (), bones)
    effect = action.problem_what or action.title
    return Markup(draw_fishbone(effect, ribs, bones, language()))  # noqa: S704


def _cases(case: Case) -> tuple[CaseLine, ...]:
    """The places where the same was looked for, where any was asked."""
    ids = [each.id for each in case.answers if each.places_asked or each.places_answered]
    return list_cases(case.action.organisation_id, ids) if ids else ()


def days_text(effort: Fraction) -> str:
    """Working days as people write them: `2`, `0.5`, `1/3`."""
    decimal = f"{float(effort):.3f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == effort else str(effort)


def _day(moment: Any) -> date | None:
    return None if moment is None else moment.date()


def _site_and_names(action: Action, wanted: set[int | None]) -> tuple[Any, dict[int, str]]:
    """The site with the metric of the action, and the names of people by id, in one statement."""
    rows = db.session.execute(
        sa.select(
            Site.code,
            Site.name_zh,
            Site.name_en,
            Metric.name_zh.label("metric_zh"),
            Metric.name_en.label("metric_en"),
            Person.id.label("person_id"),
            Person.name_zh.label("person_zh"),
            Person.name_en.label("person_en"),
        )
        .outerjoin(Metric, (Metric.organisation_id == Site.organisation_id) & (Metric.id == action.metric_id))
        .outerjoin(Person, (Person.organisation_id == Site.organisation_id) & Person.id.in_(wanted - {None}))
        .where(Site.organisation_id == action.organisation_id, Site.id == action.site_id)
    ).all()
    names = {row.person_id: pick(row.person_zh, row.person_en) for row in rows if row.person_id is not None}
    return rows[0], names


def _people(case: Case) -> set[int | None]:
    return {
        case.action.owner_id,
        case.action.approver_id,
        *(cause.verified_by_id for cause in case.causes),
        *(task.owner_id for task in case.tasks),
        *(task.done_by_id for task in case.tasks),
    }


def phase(state: ActionState) -> str:
    """Which of the four steps is the present one; the last for an action that was cancelled."""
    return next((name for name, states in PHASES.items() if state in states), "verify")


def steps(state: ActionState) -> tuple[tuple[str, str], ...]:
    """The eight states as the course of an action: done, now, or still to come."""
    course = [each for each in ActionState if each != ActionState.CANCELLED]
    if state == ActionState.CANCELLED:
        return tuple((each.of(language()), "") for each in course)
    here = course.index(state)
    end = state == ActionState.CLOSED
    return tuple(
        (each.of(language()), "done" if place < here or end else "now" if place == here else "")
        for place, each in enumerate(course)
    )


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
            verified_on=_day(row.verified_at),
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
        done_on=_day(task.done_at),
        cause_id=task.cause_id,
        earlier=task.round < action.round and task.state != TaskState.OPEN,
    )


def _needs(case: Case) -> tuple[NeedView, ...]:
    return tuple(
        NeedView(need.number, need.label, need.title, state_view("action", need.state))
        for need in case.needs
        if need.action_id == case.action.id
    )


def list_audits(organisation_id: int, nonconformity_ids: list[int]) -> tuple[AuditLine, ...]:
    """The follow-up audits of these non-conformities, the newest first."""
    covering = sa.select(AuditVerdict.audit_id).where(
        AuditVerdict.organisation_id == organisation_id,
        AuditVerdict.nonconformity_id.in_(nonconformity_ids),
    )
    rows = db.session.execute(
        sa.select(Audit.number, Audit.state, Audit.purpose, Audit.planned_on, Person.name_zh, Person.name_en)
        .join(Person, (Person.organisation_id == Audit.organisation_id) & (Person.id == Audit.auditor_id))
        .where(Audit.organisation_id == organisation_id, Audit.id.in_(covering))
        .order_by(Audit.number.desc())
    )
    return tuple(
        AuditLine(
            row.number,
            label("audit", row.number),
            state_view("audit", row.state),
            row.purpose.of(language()),
            row.planned_on,
            pick(row.name_zh, row.name_en),
        )
        for row in rows
    )


def effects_of(case: Case) -> dict[str, list[tuple[str, str]]]:
    """What a signature covers, shown before it is given."""
    action = case.action
    roots = sum(row.verified_at is not None for row in case.causes)
    numbers = ", ".join(each.label for each in case.answers)
    approved = [
        (_("Non-conformities answered"), numbers),
        (_("Verified causes"), str(roots)),
        (_("Tasks"), str(len(case.plan))),
        (_("Effectiveness criterion"), action.criterion),
        (_("Effectiveness window"), _("%(count)s days", count=action.window_days or "–")),
    ]
    closed = [
        (_("Non-conformities answered"), numbers),
        (_("Effectiveness criterion"), action.criterion),
        (_("What the data of the window show"), action.effect_result),
        (_("How the gain is kept"), action.standardised),
    ]
    return {"approve_plan": approved, "close": closed}


# ---------------------------------------------------------------- choices


def list_metrics(action: Action) -> list[tuple[int, str]]:
    """The metrics of the action's site to choose from."""
    rows = db.session.execute(
        sa.select(Metric.id, Metric.item, Metric.name_zh, Metric.name_en)
        .where(Metric.organisation_id == action.organisation_id, Metric.site_id == action.site_id)
        .order_by(Metric.item, Metric.position, Metric.id)
        .limit(300)
    )
    return [(row.id, f"{row.item} {pick(row.name_zh, row.name_en)}") for row in rows]


def list_nameable(actor: Actor, site_id: int) -> list[tuple[int, str]]:
    """The open non-conformities of a site that an action can name."""
    rows = db.session.execute(
        sa.select(Nonconformity.id, Nonconformity.number, Nonconformity.title)
        .where(
            Nonconformity.organisation_id == actor.organisation_id,
            Nonconformity.site_id == site_id,
            Nonconformity.state.notin_([*queries.SETTLED, "draft"]),
        )
        .order_by(Nonconformity.number)
        .limit(500)
    )
    return [(row.id, f"{label('nonconformity', row.number)} {row.title}") for row in rows]


def list_joinable(actor: Actor, site_id: int, nonconformity_id: int) -> list[tuple[int, str]]:
    """The actions that are still being planned, that this person works on, and that do not answer it yet."""
    answering = sa.select(ActionNonconformity.action_id).where(
        ActionNonconformity.organisation_id == actor.organisation_id,
        ActionNonconformity.nonconformity_id == nonconformity_id,
    )
    rows = db.session.execute(
        sa.select(Action.number, Action.title, Action.owner_id)
        .where(
            Action.organisation_id == actor.organisation_id,
            Action.site_id == site_id,
            Action.state.in_(BEFORE_APPROVAL),
            Action.id.not_in(answering),
        )
        .order_by(Action.number.desc())
        .limit(200)
    )
    return [
        (row.number, f"{label('action', row.number)} {row.title}")
        for row in rows
        if can(actor, "action:work", Subject(site_id=site_id, owner_ids=frozenset({row.owner_id})))
    ]
