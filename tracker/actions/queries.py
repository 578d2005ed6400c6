"""Reads of corrective actions: the case as a whole, the facts its guards ask for, the register."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import networkx as nx
import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Role, RoleGrant
from tracker.actions.models import Action, ActionDependency, ActionNonconformity, Cause, Task
from tracker.database import db
from tracker.errors import NotFound
from tracker.nonconformities.models import Nonconformity, Pin, SimilarCase
from tracker.numbering import label
from tracker.permissions import Actor, Subject
from tracker.signatures import Signature
from workflows import causes as whys
from workflows import schedule
from workflows.actions import ActionState
from workflows.facts import ActionFacts
from workflows.kinds import Grade, TaskState
from workflows.nonconformities import NonconformityState
from workflows.repeats import SimilarAnswer

IMPLEMENTED = frozenset(
    {ActionState.FOLLOW_UP, ActionState.MONITORING, ActionState.CLOSED, ActionState.CANCELLED}
)
UNCONTAINED = frozenset({NonconformityState.DRAFT, NonconformityState.OPEN, NonconformityState.DISPUTED})
SETTLED = frozenset({NonconformityState.CLOSED, NonconformityState.VOID})
METRIC_TREND = ("meets", "improves")


@dataclass(frozen=True)
class Answers:
    """A non-conformity that the action answers, with the follow-up's latest answers for this pair."""

    id: int
    number: int
    title: str
    state: NonconformityState
    grade: Grade
    element: str
    owner_id: int | None
    points_alone: Any
    opened_on: date | None
    implemented: bool | None
    effective: bool | None
    places_asked: int = 0
    """Other sites and programmes where the same is still to be looked for."""
    places_answered: int = 0

    @property
    def label(self) -> str:
        return label("nonconformity", self.number)


@dataclass(frozen=True)
class Need:
    """An edge of the dependencies below an action: `action_id` waits for `needs_id`."""

    action_id: int
    needs_id: int
    number: int
    title: str
    state: ActionState

    @property
    def label(self) -> str:
        return label("action", self.number)


@dataclass(frozen=True)
class Case:
    """Everything that the guards of an action look at, read in a fixed number of statements."""

    action: Action
    answers: tuple[Answers, ...]
    causes: tuple[Cause, ...]
    tasks: tuple[Task, ...]
    needs: tuple[Need, ...]
    approvers: frozenset[int]
    metrics_disagree: tuple[str, ...] | None

    @property
    def plan(self) -> tuple[Task, ...]:
        """The tasks of the present attempt that are not dropped."""
        return tuple(
            task
            for task in self.tasks
            if task.state != TaskState.DROPPED
            and (task.round == self.action.round or task.state == TaskState.OPEN)
        )

    @property
    def live(self) -> tuple[Answers, ...]:
        """The non-conformities that still want an answer."""
        return tuple(each for each in self.answers if each.state not in SETTLED)

    @property
    def last_task_on(self) -> date | None:
        """The day the last task was done."""
        return last_task_on(self.tasks)


def get_action(actor: Actor, number: int) -> Action:
    """An action by its number. Raises NotFound for one of another organisation or of a site unseen."""
    query = sa.select(Action).where(Action.organisation_id == actor.organisation_id, Action.number == number)
    sites = actor.sites()
    if sites is not None:
        query = query.where(Action.site_id.in_(sites))
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def subject_of(action: Action, *people: int | None) -> Subject:
    """What permissions look at; `people` own the part at hand beside the owner (of a task, for instance)."""
    owners = frozenset(person for person in (action.owner_id, *people) if person is not None)
    approvers = frozenset() if action.approver_id is None else frozenset({action.approver_id})
    return Subject(site_id=action.site_id, owner_ids=owners, approver_ids=approvers)


def load_case(action: Action, approvers: frozenset[int] | None = None) -> Case:
    """Read the case of an action: five statements, and in monitoring those of the metric data.

    `approvers` spares one where the caller has read the signatures already.
    """
    tasks = _list(Task, action)
    return Case(
        action=action,
        answers=list_answers(action),
        causes=_list(Cause, action),
        tasks=tasks,
        needs=_list_needs(action),
        approvers=_list_approvers(action) if approvers is None else approvers,
        metrics_disagree=_metrics_disagree(action, last_task_on(tasks)),
    )


def last_task_on(tasks: Iterable[Task]) -> date | None:
    """The day the last task was done."""
    return max((task.done_at.date() for task in tasks if task.done_at is not None), default=None)


def facts_of(action: Action, case: Case | None = None, **moving: Any) -> ActionFacts:
    """The facts that guard the moves of an action; `moving` adds what only the present move knows."""
    case = case or load_case(action)
    nodes = why_nodes(case.causes)
    removals = [removal(task) for task in case.tasks if task.state != TaskState.DROPPED]
    implemented, effective = answered(case.answers)
    facts: dict[str, Any] = {
        "owner": action.owner_id,
        "nonconformity_owners": frozenset(
            each.owner_id for each in case.answers if each.owner_id is not None
        ),
        "implementers": implementers(action, case.tasks),
        "plan_approvers": case.approvers,
        "nonconformities": len(case.live),
        "nonconformities_uncontained": tuple(each.label for each in case.live if each.state in UNCONTAINED),
        "problem_what": bool(action.problem_what.strip()),
        "problem_where": bool(action.problem_where.strip()),
        "problem_since": action.problem_since is not None,
        "problem_extent": bool(action.problem_extent.strip()) or action.metric_id is not None,
        "root_causes_verified": len(whys.verified_roots(nodes)),
        "person_chains_open": whys.person_chains_open(nodes),
        "tasks": len(case.plan),
        "tasks_incomplete": tuple(task.title for task in case.plan if task.effort <= 0),
        "tasks_without_cause": whys.tasks_without_cause(nodes, [removal(task) for task in case.plan]),
        "causes_without_task": whys.causes_without_task(nodes, removals),
        "criterion_set": bool(action.criterion.strip()),
        "window_set": action.window_days is not None and action.window_days > 0,
        "dependency_cycle": find_circle(case),
        "tasks_open": tuple(task.title for task in case.plan if task.state == TaskState.OPEN),
        "tasks_done": sum(task.state == TaskState.DONE for task in case.plan),
        "documents_answered": action.documents_updated is not None and bool(action.documents_note.strip()),
        "read_across_done": read_across_done(action, case.answers),
        "predecessors_open": predecessors_open(case),
        "implemented": implemented,
        "effective": effective,
        "window_over": action.window_ends_on is not None and clock.today() > action.window_ends_on,
        "criterion_met": action.criterion_met is True and bool(action.effect_result.strip()),
        "nonconformities_unanswered": tuple(
            each.label
            for each in case.answers
            if each.state != NonconformityState.VOID and each.effective is not True
        ),
        "metrics_disagree": case.metrics_disagree,
        "gain_kept": bool(action.standardised.strip()),
    }
    return ActionFacts(**facts | moving)


def answered(answers: Iterable[Answers]) -> tuple[bool | None, bool | None]:
    """Implemented? Effective? over all pairs: one no is a no, one yes a yes, else not answered yet."""
    pairs = [each for each in answers if each.state != NonconformityState.VOID]
    return _all([each.implemented for each in pairs]), _all([each.effective for each in pairs])


def _all(given: list[bool | None]) -> bool | None:
    if False in given:
        return False
    return True if True in given else None


def why_nodes(causes: Iterable[Cause]) -> tuple[whys.Cause, ...]:
    """The rows of the cause tree as the pure rules know them."""
    return tuple(_why(row) for row in causes)


def _why(row: Cause) -> whys.Cause:
    verification = None
    if row.verified_at is not None and row.verified_by_id is not None and row.method is not None:
        # An edit of text or evidence clears these columns, so what stands was given for the present words.
        verification = whys.Verification(
            by=row.verified_by_id, method=row.method, text=row.text, evidence=row.evidence
        )
    return whys.Cause(
        id=str(row.id),
        text=row.text,
        parent=None if row.parent_id is None else str(row.parent_id),
        order=row.position,
        kind=row.kind,
        evidence=row.evidence,
        control=whys.Control.CONTROLLABLE if row.controllable else whys.Control.UNCONTROLLABLE,
        rib=row.rib,
        verification=verification,
        person_answer=row.person_answer,
        no_task_reason=row.no_task_reason,
    )


def removal(task: Task) -> whys.Removal:
    """A task as far as causes are concerned."""
    causes = frozenset() if task.cause_id is None else frozenset({str(task.cause_id)})
    return whys.Removal(task=task.title, causes=causes)


def implementers(action: Action, tasks: Iterable[Task]) -> frozenset[int]:
    """Everybody who had a hand in doing it: the owner, owners of tasks done, and who reported them done."""
    done = [task for task in tasks if task.state == TaskState.DONE]
    people = {action.owner_id, *(task.owner_id for task in done), *(task.done_by_id for task in done)}
    return frozenset(person for person in people if person is not None)


def find_circle(case: Case) -> tuple[str, ...]:
    """The circle below this action, by numbers; empty when there is none."""
    names = {case.action.id: label("action", case.action.number)} | {
        need.needs_id: need.label for need in case.needs
    }
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((names[need.needs_id], names[need.action_id]) for need in case.needs)
    return schedule.find_circle(graph)


def predecessors_open(case: Case) -> tuple[str, ...]:
    """The actions that this one waits for directly and that are not implemented yet."""
    return tuple(
        need.label
        for need in case.needs
        if need.action_id == case.action.id and need.state not in IMPLEMENTED
    )


def list_answers(action: Action) -> tuple[Answers, ...]:
    """The non-conformities an action answers, by number."""
    rows = db.session.execute(
        sa.select(
            Nonconformity.id,
            Nonconformity.number,
            Nonconformity.title,
            Nonconformity.state,
            Nonconformity.grade,
            Nonconformity.element,
            Nonconformity.owner_id,
            Nonconformity.points_alone,
            Nonconformity.opened_at,
            ActionNonconformity.implemented,
            ActionNonconformity.effective,
            _places(SimilarCase.answer == SimilarAnswer.ASKED).label("asked"),
            _places(SimilarCase.answer != SimilarAnswer.ASKED).label("answered"),
        )
        .join(
            ActionNonconformity,
            (ActionNonconformity.organisation_id == Nonconformity.organisation_id)
            & (ActionNonconformity.nonconformity_id == Nonconformity.id),
        )
        .where(
            Nonconformity.organisation_id == action.organisation_id,
            ActionNonconformity.action_id == action.id,
        )
        .order_by(Nonconformity.number)
    )
    return tuple(
        Answers(
            row.id,
            row.number,
            row.title,
            row.state,
            row.grade,
            row.element,
            row.owner_id,
            row.points_alone,
            None if row.opened_at is None else row.opened_at.date(),
            row.implemented,
            row.effective,
            row.asked,
            row.answered,
        )
        for row in rows
    )


def _places(condition: Any) -> Any:
    """How many places of a non-conformity there are where the same was looked for."""
    return (
        sa.select(sa.func.count())
        .where(
            SimilarCase.organisation_id == Nonconformity.organisation_id,
            SimilarCase.nonconformity_id == Nonconformity.id,
            condition,
        )
        .correlate(Nonconformity)
        .scalar_subquery()
    )


def read_across_done(action: Action, answers: Iterable[Answers]) -> bool:
    """Whether similar cases were looked for: in writing or at a place, and no place is left unanswered."""
    answers = tuple(answers)
    looked = bool(action.read_across.strip()) or any(each.places_answered for each in answers)
    return looked and not any(each.places_asked for each in answers)


def _list(model: type[Any], action: Action) -> tuple[Any, ...]:
    return tuple(
        db.session.execute(
            sa.select(model)
            .where(model.organisation_id == action.organisation_id, model.action_id == action.id)
            .order_by(model.position, model.id)
        ).scalars()
    )


def _list_needs(action: Action) -> tuple[Need, ...]:
    """Every dependency reachable from the action, walked by the database."""
    edge = (ActionDependency.action_id, ActionDependency.needs_id)
    below = (
        sa.select(*edge)
        .where(
            ActionDependency.organisation_id == action.organisation_id,
            ActionDependency.action_id == action.id,
        )
        .cte("below", recursive=True)
    )
    # UNION, not UNION ALL: it ends even where a circle should exist.
    below = below.union(
        sa.select(*edge)
        .join(below, ActionDependency.action_id == below.c.needs_id)
        .where(ActionDependency.organisation_id == action.organisation_id)
    )
    rows = db.session.execute(
        sa.select(below.c.action_id, below.c.needs_id, Action.number, Action.title, Action.state)
        .join(Action, Action.id == below.c.needs_id)
        .where(Action.organisation_id == action.organisation_id)
        .order_by(Action.number, below.c.action_id)
    )
    return tuple(Need(*row) for row in rows)


def _list_approvers(action: Action) -> frozenset[int]:
    """Everybody who ever signed the approval of its plan."""
    return frozenset(
        db.session.execute(
            sa.select(Signature.person_id).where(
                Signature.organisation_id == action.organisation_id,
                Signature.record_kind == "action",
                Signature.record_id == action.id,
                Signature.event == "approve_plan",
            )
        ).scalars()
    )


def metric_pins(organisation_id: int, nonconformity_ids: Iterable[int]) -> tuple[Pin, ...]:
    """The metric facts that these non-conformities pin."""
    return tuple(
        db.session.execute(
            sa.select(Pin)
            .where(
                Pin.organisation_id == organisation_id,
                Pin.nonconformity_id.in_(list(nonconformity_ids)),
                Pin.kind == "metric",
            )
            .order_by(Pin.key)
        ).scalars()
    )


def _action_pins(action: Action) -> tuple[Pin, ...]:
    return tuple(
        db.session.execute(
            sa.select(Pin)
            .join(
                ActionNonconformity,
                (ActionNonconformity.organisation_id == Pin.organisation_id)
                & (ActionNonconformity.nonconformity_id == Pin.nonconformity_id),
            )
            .where(
                Pin.organisation_id == action.organisation_id,
                ActionNonconformity.action_id == action.id,
                Pin.kind == "metric",
                Pin.released_at.is_(None),
            )
            .order_by(Pin.key)
        ).scalars()
    )


def is_on_level_or_trend(action: Action) -> bool:
    """Whether it answers a gap of level or trend, whose window must hold whole months (N-METRIC)."""
    return any(pin.aspect in METRIC_TREND for pin in _action_pins(action))


def _metrics_disagree(action: Action, since: date | None) -> tuple[str, ...] | None:
    """Which metric facts the data do not show yet; asked only where a move depends on it."""
    if action.state != ActionState.MONITORING:
        return None
    pins = _action_pins(action)
    if not pins:
        return ()
    from tracker.metrics.agreement import disagree

    return disagree(action.organisation_id, action.site_id, pins, since)


def list_people_with(role: Role, organisation_id: int, site_id: int) -> tuple[int, ...]:
    """Ids of everybody who holds a role at a site."""
    return tuple(
        db.session.execute(
            sa.select(RoleGrant.person_id)
            .where(
                RoleGrant.organisation_id == organisation_id,
                RoleGrant.role == role,
                sa.or_(RoleGrant.site_id.is_(None), RoleGrant.site_id == site_id),
            )
            .order_by(RoleGrant.person_id)
            .distinct()
        ).scalars()
    )


def list_naming(organisation_id: int, nonconformity_ids: Iterable[int]) -> tuple[Action, ...]:
    """The actions that name any of these non-conformities, cancelled ones left out."""
    named = sa.select(ActionNonconformity.action_id).where(
        ActionNonconformity.organisation_id == organisation_id,
        ActionNonconformity.nonconformity_id.in_(list(nonconformity_ids)),
    )
    return tuple(
        db.session.execute(
            sa.select(Action)
            .where(
                Action.organisation_id == organisation_id,
                Action.id.in_(named),
                Action.state != ActionState.CANCELLED,
            )
            .order_by(Action.number)
        ).scalars()
    )


def content_to_sign(case: Case) -> dict[str, Any]:
    """What an approver or verifier has before them: the version signed is exactly this."""
    action = case.action
    return {
        "action": label("action", action.number),
        "version": action.version,
        "title": action.title,
        "problem": [
            action.problem_what,
            action.problem_where,
            str(action.problem_since or ""),
            action.problem_extent,
        ],
        "nonconformities": [each.label for each in case.answers],
        "causes": [
            [str(cause.parent_id or ""), cause.text, str(cause.kind or ""), cause.verified_at is not None]
            for cause in case.causes
        ],
        "solution": action.solution,
        "tasks": [[task.title, str(task.due_on), str(task.state), task.evidence] for task in case.tasks],
        "criterion": action.criterion,
        "window_days": action.window_days,
        "effect": action.effect_result,
        "kept_by": action.standardised,
    }
