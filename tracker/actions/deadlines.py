"""When the present step of an action is due (E.4)."""

from collections.abc import Iterable
from datetime import date

from tracker.organisations.rules import SiteRules
from workflows import schedule
from workflows.actions import ActionState
from workflows.kinds import Grade
from workflows.schedule import Step

_STEPS = {
    ActionState.DEFINING: Step.PLAN,
    ActionState.ANALYSING: Step.PLAN,
    ActionState.PLANNING: Step.PLAN,
    ActionState.PLAN_REVIEW: Step.IMPLEMENTATION,
    ActionState.IMPLEMENTING: Step.IMPLEMENTATION,
    ActionState.FOLLOW_UP: Step.FOLLOW_UP,
    ActionState.MONITORING: Step.WINDOW,
}


def step_of(state: ActionState) -> Step | None:
    """The step whose deadline runs in a state; None where nothing is due any more."""
    return _STEPS.get(state)


def due_on(
    rules: SiteRules,
    state: ActionState,
    grades: Iterable[Grade],
    began_on: date,
    last_task_on: date | None = None,
    window_ends_on: date | None = None,
) -> date | None:
    """The last day of the step that `state` stands for: the strictest of the grades it answers, at its site.

    None where no grade has a term for it. In monitoring the judgement is due with the follow-up, but never
    before the first day after the window.
    """
    step = step_of(state)
    if step is None:
        return None
    start = began_on if step in (Step.PLAN, Step.IMPLEMENTATION) else last_task_on or began_on
    term = Step.FOLLOW_UP if step is Step.WINDOW else step
    found = (schedule.due(term, grade, start, rules.calendar, terms=rules.terms) for grade in grades)
    days = [day for day in found if day is not None]
    if step is Step.WINDOW and window_ends_on is not None:
        return max([rules.calendar.after(window_ends_on), *([min(days)] if days else [])])
    return min(days, default=None)


def default_window(rules: SiteRules, grades: Iterable[Grade]) -> int:
    """The window in days that the site proposes: the longest of the grades; 60 where none has one."""
    terms = (rules.terms.get((grade, Step.WINDOW)) for grade in grades)
    return max((term.days for term in terms if term is not None), default=60)
