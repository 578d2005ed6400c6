"""What a person may type about an action, and what is wrong with it."""

from fractions import Fraction
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import NumberRange, Optional, ValidationError

from tracker.accounts.forms import VersionField, at_most, pairs, read_id, required, strip
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l

TEXT = 4000
YES_NO = pairs(("yes", _l("Yes")), ("no", _l("No")))


def area(label: Any, rows: int = 3, need: bool = False, longest: int = TEXT, **kwargs: Any) -> TextAreaField:
    """A text of several lines."""
    return TextAreaField(
        label,
        filters=[strip],
        validators=[*([required()] if need else []), at_most(longest)],
        render_kw={"rows": rows, "maxlength": longest},
        **kwargs,
    )


class IdSelect(SelectField):
    """A choice among records: what is chosen is an identifier, or nothing."""

    def __init__(self, label: Any, need: bool = False, **kwargs: Any) -> None:
        self.need = need
        kwargs.setdefault("choices", [])
        super().__init__(label, validate_choice=False, **kwargs)

    def offer(self, choices: list[tuple[int, str]], empty: str | None = None) -> None:
        """Fill the choices; `empty` is the words for nothing chosen."""
        none = [("", empty)] if empty is not None else []
        self.choices = pairs(*none, *((str(key), text) for key, text in choices))

    @property
    def id_value(self) -> int | None:
        """The identifier chosen."""
        return read_id(str(self.data)) if self.data else None

    def pre_validate(self, form: Any) -> None:
        known = {choice.value for choice in self.choices or []}
        if self.data in (None, ""):
            if self.need:
                raise ValidationError(_("Please choose one."))
        elif str(self.data) not in known:
            raise ValidationError(_("This is not one of the choices."))


class EffortField(StringField):
    """Working days, exact: `2`, `0.5`, `1/2`."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label, filters=[strip], **kwargs)

    @property
    def amount(self) -> Fraction:
        return Fraction(self.data or "0")

    def pre_validate(self, form: Any) -> None:
        try:
            amount = Fraction(self.data or "")
        except (ValueError, ZeroDivisionError):
            raise ValidationError(_("Write a number of days, such as 2 or 0.5.")) from None
        if not 0 < amount <= 1000 or len(str(amount)) > 40:
            raise ValidationError(_("Between more than 0 and 1000 days."))


class Versioned(FlaskForm):
    """A form made from a version of a record."""

    version = VersionField()


class NewActionForm(FlaskForm):
    """Open an action for one or more non-conformities."""

    title = StringField(_l("Title"), filters=[strip], validators=[required(), at_most(200)])
    owner_id = IdSelect(_l("Action owner"), need=True)
    nonconformity_ids = SelectMultipleField(_l("Non-conformities"), validate_choice=False)

    def validate_nonconformity_ids(self, field: SelectMultipleField) -> None:
        """At least one, and only those offered."""
        known = {choice.value for choice in field.choices}
        if not field.data:
            raise ValidationError(_("Choose at least one non-conformity."))
        if not set(field.data) <= known:
            raise ValidationError(_("This is not one of the choices."))


class DefineForm(Versioned):
    """The problem statement: what, where, since when, how much."""

    title = StringField(_l("Title"), filters=[strip], validators=[required(), at_most(200)])
    problem_what = area(_l("What happens?"))
    problem_where = area(_l("Where?"), rows=2)
    problem_since = DateField(_l("Since when?"), validators=[Optional()])
    problem_extent = area(_l("How much?"), rows=2, description=_l("Numbers: how often, how many, how long."))
    metric_id = IdSelect(_l("Metric that shows it"))


class AnalysisForm(Versioned):
    """What the data show."""

    analysis = area(_l("What do the data show?"), rows=4, longest=20000)


class PlanForm(Versioned):
    """Solution, criterion and window."""

    solution = area(_l("Solution"))
    criterion = area(
        _l("Effectiveness criterion"),
        rows=2,
        description=_l("What will the data show if it worked? Fixed before doing, frozen at approval."),
    )
    window_days = IntegerField(
        _l("Effectiveness window"),
        validators=[Optional(), NumberRange(1, 730, _l("Between 1 and 730 days."))],
        description=_l("Days to watch after the last task is done."),
    )
    effort = EffortField(_l("Effort of the whole"))


class ImplementForm(Versioned):
    """What the report of implementation asks beside the tasks."""

    documents_updated = RadioField(
        _l("Documents updated?"), choices=YES_NO, validators=[Optional()], validate_choice=False
    )
    documents_note = area(
        _l("Which documents, or why none"), rows=2, description=_l("Procedures, scripts, training material.")
    )
    read_across = area(
        _l("Similar cases"),
        rows=2,
        description=_l("Where else could it happen: other programmes, other sites?"),
    )


class EffectForm(Versioned):
    """What the window showed, and how the gain is kept."""

    effect_result = area(_l("What the data of the window show"), rows=3)
    criterion_met = RadioField(
        _l("Criterion met?"), choices=YES_NO, validators=[Optional()], validate_choice=False
    )
    standardised = area(
        _l("How the gain is kept"), rows=3, description=_l("Procedure, training, monitoring.")
    )


class NewCauseForm(FlaskForm):
    """An answer to a why."""

    text = area(_l("Because …"), rows=2, need=True, longest=2000)
    kind = SelectField(_l("Kind of cause"), default="")
    evidence = area(_l("What shows it"), rows=2)
    rib = SelectField(_l("Rib of the fishbone"), default="")
    controllable = BooleanField(_l("We can do something about it"), default=True)
    person_answer = area(_l("Which process allowed it?"), rows=2)
    no_task_reason = area(_l("Why no task removes it"), rows=2)


class CauseForm(NewCauseForm, Versioned):
    """A cause that stands in the tree."""


class VerifyForm(Versioned):
    """How a cause was shown to be one."""

    method = RadioField(_l("Verified by"), validators=[required(_l("Please choose one."))])
    evidence = area(_l("What shows it"), rows=2, need=True)


class RibsForm(Versioned):
    """The ribs of the fishbone: of the three sets, and names of one's own, one a line."""

    ribs = SelectMultipleField(_l("Ribs"), validate_choice=False)
    own = area(_l("Ribs of your own"), rows=2, longest=600, description=_l("One a line."))


class NewTaskForm(FlaskForm):
    """A task to be planned."""

    title = StringField(_l("Task"), filters=[strip], validators=[required(), at_most(300)])
    owner_id = IdSelect(_l("Owner"), need=True)
    due_on = DateField(_l("Due date"), validators=[required()])
    effort = EffortField(_l("Effort in days"), default="1")
    cause_id = IdSelect(_l("Cause it removes"))


class TaskForm(NewTaskForm, Versioned):
    """A task of the plan."""


class DoneForm(Versioned):
    """A task done, with what shows it."""

    evidence = area(_l("What shows that it is done"), rows=2, need=True)


class ReasonForm(Versioned):
    """A step that needs a reason."""

    reason = area(_l("Reason"), rows=2, need=True)


class DependencyForm(FlaskForm):
    """Another action that has to be finished first."""

    needs = StringField(_l("Number of the action"), filters=[strip], validators=[required(), at_most(20)])

    def validate_needs(self, field: StringField) -> None:
        """`CA-0003`, or the digits alone."""
        digits = field.data.upper().removeprefix("CA-")
        if not digits.isascii() or not digits.isdigit() or int(digits) > 2**31 - 1:
            raise ValidationError(_("Write a number such as CA-0003."))

    @property
    def number(self) -> int:
        return int(self.needs.data.upper().removeprefix("CA-"))


class OwnerForm(Versioned):
    """Hand the action over."""

    owner_id = IdSelect(_l("New owner"), need=True)
    reason = area(_l("Reason"), rows=2, need=True)


class ExtendForm(Versioned):
    """A later deadline."""

    due_on = DateField(_l("New date"), validators=[required()])
    reason = area(_l("Reason"), rows=2, need=True)


class MoveForm(Versioned):
    """A move, with a reason and a signature where it asks for them."""

    reason = area(_l("Reason"))
    password = PasswordField(_l("Your password"))


class NameForm(Versioned):
    """One more non-conformity that the action answers."""

    nonconformity_id = IdSelect(_l("Non-conformity"), need=True)


class JoinForm(FlaskForm):
    """An action that is still being planned, to answer a non-conformity too."""

    action_number = IdSelect(_l("Action that is being planned"), need=True)


class KeepPlanForm(FlaskForm):
    """A plan kept as a template."""

    name = StringField(
        _l("Name of the template"),
        filters=[strip],
        validators=[required(), at_most(120)],
        description=_l("What kind of problem it answers."),
    )


class UseTemplateForm(Versioned):
    """A plan begun with a template."""

    template_id = IdSelect(_l("Template"), need=True)
    cause_id = IdSelect(_l("Cause it removes"))


class TemplateForm(Versioned):
    """A template of plans."""

    name = StringField(_l("Name of the template"), filters=[strip], validators=[required(), at_most(120)])
    solution = area(_l("Solution"))
    criterion = area(_l("Effectiveness criterion"), rows=2)
    window_days = IntegerField(
        _l("Effectiveness window"),
        validators=[Optional(), NumberRange(1, 730, _l("Between 1 and 730 days."))],
    )


class BoardForm(MoveForm):
    """A card sent to another column; `event` names the move once its reason and signature have been asked for."""

    event = StringField(filters=[strip], validators=[at_most(64)])
    target = StringField(filters=[strip], validators=[at_most(32)])
