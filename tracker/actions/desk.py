"""The small forms of an action's workspace."""

from fractions import Fraction
from typing import Any

from flask_wtf import FlaskForm

from tracker.access import allowed
from tracker.accounts.forms import pairs
from tracker.accounts.queries import list_people
from tracker.actions import choices, forms, plan_templates, services
from tracker.actions.deadlines import default_window
from tracker.actions.models import Action
from tracker.actions.queries import subject_of
from tracker.actions.viewmodels import walk
from tracker.desk import Opened
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.organisations.rules import rules_for
from tracker.permissions import Actor
from workflows.actions import ActionState
from workflows.causes import RIBS
from workflows.fishbone import DEFAULT_RIBS, OWN, rib_title, ribs_of
from workflows.kinds import CauseKind, VerificationMethod

STEPS: dict[str, type[FlaskForm]] = {
    "define": forms.DefineForm,
    "analysis": forms.AnalysisForm,
    "plan": forms.PlanForm,
    "carry": forms.ImplementForm,
    "verify": forms.EffectForm,
}
# A field of each step, by which to tell whether the step may be written.
STEP_FIELDS = {
    "define": "problem_what",
    "analysis": "analysis",
    "plan": "criterion",
    "carry": "read_across",
    "verify": "effect_result",
}
SMALL: dict[str, type[FlaskForm]] = {
    "needs": forms.DependencyForm,
    "owner": forms.OwnerForm,
    "deadline": forms.ExtendForm,
    "answers": forms.NameForm,
    "keep": forms.KeepPlanForm,
    "use": forms.UseTemplateForm,
}


class Desk:
    """The small forms of the workspace: made when the page asks, or the one that came back refused."""

    def __init__(self, actor: Actor, action: Action, page: Any, opened: Opened) -> None:
        self.actor, self.action, self.page, self.opened = actor, action, page, opened
        self._people: list[tuple[int, str]] | None = None

    @property
    def may_work(self) -> bool:
        """Whether this person may write the steps of the action."""
        return allowed("action:work", subject_of(self.action))

    def may_do(self, task: Any) -> bool:
        """Whether this person may report a task: the owner of the task, or whoever works on the action."""
        return allowed("action:work", subject_of(self.action, task.owner_id))

    def can(self, field_name: str) -> bool:
        """Whether a field may be written now, by this person."""
        return self.may_work and self.action.state in services.EDITABLE[field_name]

    @property
    def may_extend(self) -> bool:
        """Whether this person may set a later deadline: never the owner (E.4)."""
        return allowed("action:extend", subject_of(self.action)) and (
            self.actor.person_id != self.action.owner_id or self.actor.single_person
        )

    @property
    def open_steps(self) -> list[str]:
        """The steps whose form stands on the page and carries the action's version."""
        return [name for name, columns in STEP_FIELDS.items() if self.can(columns)]

    @property
    def can_analyse(self) -> bool:
        return self.may_work and self.action.state in services.BEFORE_APPROVAL

    @property
    def can_plan(self) -> bool:
        return self.may_work and self.action.state == ActionState.PLANNING

    @property
    def is_doing(self) -> bool:
        return self.action.state == ActionState.IMPLEMENTING

    @property
    def can_depend(self) -> bool:
        return self.may_work and (
            self.action.state in services.BEFORE_APPROVAL or self.action.state == ActionState.IMPLEMENTING
        )

    def people(self) -> list[tuple[int, str]]:
        if self._people is None:
            views = list_people(self.action.organisation_id, self.action.site_id)
            self._people = [(view.id, pick(view.name_zh, view.name_en)) for view in views]
        return self._people

    def step(self, name: str) -> Any:
        """The form of a step, filled with what is saved."""
        if self.opened.form is not None and self.opened.name == name:
            return self.bind(self.opened.form)
        form = self.bind(STEPS[name](formdata=None, prefix=f"{name}-"))
        for each in form:
            if hasattr(self.action, each.short_name) and each.short_name != "version":
                each.data = _shown(getattr(self.action, each.short_name))
        form.version.data = self.action.version
        if name == "plan" and form.window_days.data is None:
            rules = rules_for(self.action.organisation_id, self.action.site_id)
            form.window_days.data = default_window(rules, self.page.window_grades)
        return form

    def cause(self, node: Any) -> Any:
        """The form to edit a cause."""
        form = self.opened.refused(f"cause-{node.id}") or forms.CauseForm(
            formdata=None,
            prefix=f"cause-{node.id}-",
            data={
                "text": node.text,
                "kind": node.kind,
                "evidence": node.evidence,
                "rib": node.rib,
                "controllable": node.controllable,
                "person_answer": node.person_answer,
                "no_task_reason": node.no_task_reason,
                "version": node.version,
            },
        )
        return self.bind(form)

    def why(self, parent_id: int | None) -> Any:
        """The form to answer a why, under a cause or under the problem."""
        name = f"why-{parent_id or 0}"
        form = self.opened.refused(name) or forms.NewCauseForm(formdata=None, prefix=f"{name}-")
        return self.bind(form)

    def ribs(self) -> Any:
        """The form that chooses the ribs of the fishbone."""
        chosen = self.action.ribs or DEFAULT_RIBS
        own = [code.removeprefix(OWN) for code in chosen if code.startswith(OWN)]
        data = {"ribs": list(chosen), "own": "\n".join(own), "version": self.action.version}
        return self.opened.refused("ribs") or forms.RibsForm(formdata=None, prefix="ribs-", data=data)

    @property
    def rib_sets(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The three sets with their ribs, as (title, (code, title) of each)."""
        lang = language()
        return [
            (ribs.of(lang), [(code, title.of(lang)) for code, title in found]) for ribs, found in RIBS.items()
        ]

    def verify(self, node: Any) -> Any:
        """The form to verify a cause."""
        name = f"verify-{node.id}"
        form = self.opened.refused(name) or forms.VerifyForm(
            formdata=None, prefix=f"{name}-", data={"evidence": node.evidence, "version": node.version}
        )
        return self.bind(form)

    def new_task(self, cause_id: int | None) -> Any:
        """The form to plan a task."""
        name = f"newtask-{cause_id or 0}"
        data = {"cause_id": str(cause_id or ""), "owner_id": str(self.action.owner_id)}
        form = self.opened.refused(name) or forms.NewTaskForm(formdata=None, prefix=f"{name}-", data=data)
        return self.bind(form)

    def task(self, task: Any) -> Any:
        """The form to change a task."""
        name = f"task-{task.id}"
        form = self.opened.refused(name) or forms.TaskForm(
            formdata=None,
            prefix=f"{name}-",
            data={
                "title": task.title,
                "owner_id": str(task.owner_id),
                "due_on": task.due_on,
                "effort": str(task.effort),
                "cause_id": str(task.cause_id or ""),
                "version": task.version,
            },
        )
        return self.bind(form)

    def done(self, task: Any) -> Any:
        """The form to report a task done."""
        name = f"done-{task.id}"
        return self.opened.refused(name) or forms.DoneForm(
            formdata=None, prefix=f"{name}-", data={"version": task.version}
        )

    def reason(self, kind: str, task: Any) -> Any:
        """The form to drop a task, or to open it again."""
        name = f"{kind}-{task.id}"
        return self.opened.refused(name) or forms.ReasonForm(
            formdata=None, prefix=f"{name}-", data={"version": task.version}
        )

    def may_unname(self, answer: Any) -> bool:
        """Whether a non-conformity may be taken out here; the service has the last word."""
        return self.can_analyse and len(self.page.answers) > 1 and not answer.effective

    def unname(self, answer: Any) -> Any:
        """The form to take a non-conformity out."""
        name = f"unname-{answer.id}"
        return self.opened.refused(name) or forms.ReasonForm(
            formdata=None, prefix=f"{name}-", data={"version": self.action.version}
        )

    def small(self, name: str) -> Any:
        """The form to add a dependency, hand over, or extend."""
        found = self.opened.refused(name)
        if found is None:
            found = SMALL[name](formdata=None, prefix=f"{name}-")
            if "version" in found:
                found.version.data = self.action.version
        return self.bind(found)

    def bind(self, form: Any) -> Any:
        """Fill the choices of a form."""
        if "owner_id" in form and not form.owner_id.choices:
            form.owner_id.offer(self.people(), _("Choose …"))
        if "metric_id" in form and not form.metric_id.choices:
            form.metric_id.offer(choices.list_metrics(self.action), _("None"))
        if "nonconformity_id" in form and not form.nonconformity_id.choices:
            known = {each.id for each in self.page.answers} if self.page else set()
            found = choices.list_nameable(self.actor, self.action.site_id)
            form.nonconformity_id.offer([each for each in found if each[0] not in known], _("Choose …"))
        if "template_id" in form and not form.template_id.choices:
            form.template_id.offer(plan_templates.list_choices(self.action.organisation_id), _("Choose …"))
        if "cause_id" in form and not form.cause_id.choices:
            nodes = walk(self.page.causes)
            form.cause_id.offer([(node.id, node.text) for node in nodes], _("Choose …"))
        if "kind" in form:
            kinds = [(kind.value, kind.of(language())) for kind in CauseKind]
            form.kind.choices = pairs(("", _("A why on the way")), *kinds)
            codes = ribs_of(self.action.ribs or (), self.page.bones if self.page is not None else ())
            ribs = [(code, rib_title(code).of(language())) for code in codes]
            if form.rib.data and form.rib.data not in codes:
                ribs.append((form.rib.data, rib_title(form.rib.data).of(language())))
            form.rib.choices = pairs(("", _("None")), *ribs)
        if "method" in form:
            form.method.choices = pairs(*((each.value, each.of(language())) for each in VerificationMethod))
        return form


def _shown(value: Any) -> Any:
    """A column as a form field holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, Fraction) else value
