"""What the page of an action shows: all of it, in a number of statements that does not grow."""

from typing import Any

import sqlalchemy as sa

from tracker import undo
from tracker.accounts.models import Person
from tracker.actions import trail  # noqa: F401  (registers the words of the history)
from tracker.actions.checks import record_of
from tracker.actions.models import Action
from tracker.actions.queries import Case, facts_of, load_case, subject_of
from tracker.actions.showing import answer_view, day_of, days_left, days_text
from tracker.actions.trees import bones_of, cause_tree, fishbone, task_groups
from tracker.actions.viewmodels import (
    ActionPage,
    AuditLine,
    NeedView,
    Shown,
)
from tracker.audits.models import Audit, AuditVerdict
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.metrics.models import Metric
from tracker.nonconformities.cases import list_cases
from tracker.nonconformities.viewmodels import CaseLine
from tracker.numbering import label
from tracker.offers import machine_of, offered, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.timeline import list_history, list_signatures
from workflows.actions import ActionState
from workflows.schedule import Step
from workflows.svg import svg

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
        approved_on=day_of(action.approved_at),
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
        implemented_on=day_of(action.implemented_at),
        effect_result=action.effect_result,
        criterion_met=action.criterion_met,
        standardised=action.standardised,
        closed_on=day_of(action.closed_at),
        answers=answers,
        causes=causes,
        groups=task_groups(case, causes, names),
        needs=_needs(case),
        audits=list_audits(action.organisation_id, [each.id for each in case.answers]),
        cases=_cases(case),
        bones=bones,
        fishbone=fishbone(action, bones),
        shown=Shown(facts.implemented, facts.effective),
        steps=steps(action.state),
        phase=phase(action.state),
        moves=offered("action", action.state, actor, facts, subject_of(action)),
        signatures=signatures,
        history=history,
        drawing=svg(machine_of("action"), language(), action.state, compact=True),
        forward=FORWARD.get(action.state, ""),
        undo=undo.offered(record, actor),
        effects=effects_of(case),
    )


def _cases(case: Case) -> tuple[CaseLine, ...]:
    """The places where the same was looked for, where any was asked."""
    ids = [each.id for each in case.answers if each.places_asked or each.places_answered]
    return list_cases(case.action.organisation_id, ids) if ids else ()


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
