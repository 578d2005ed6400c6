"""What a person may type about a follow-up audit, and what is wrong with it."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Optional, ValidationError

from tracker.accounts.forms import at_most, pairs, required, strip
from tracker.actions.forms import IdSelect, MoveForm, Versioned, area
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l

YES_NO = pairs(("yes", _l("Yes")), ("no", _l("No")), ("", _l("Not answered yet")))
TRUTH = {"yes": True, "no": False}


class ScheduleForm(FlaskForm):
    """Arrange a follow-up audit."""

    nonconformity_ids = SelectMultipleField(_l("Non-conformities"), validate_choice=False)
    purpose = RadioField(_l("Purpose"), validators=[InputRequired(_l("Please choose one."))])
    mode = RadioField(_l("How it is held"), validators=[InputRequired(_l("Please choose one."))])
    desk_reason = area(_l("Why a desk audit is enough"), rows=2)
    planned_on = DateField(_l("Planned for"), validators=[required()])
    auditor_id = IdSelect(_l("Auditor"), need=True)

    def validate_nonconformity_ids(self, field: SelectMultipleField) -> None:
        """At least one, and only those offered."""
        if not field.data:
            raise ValidationError(_("Choose at least one non-conformity."))
        if not set(field.data) <= {choice.value for choice in field.choices}:
            raise ValidationError(_("This is not one of the choices."))


class CheckForm(Versioned):
    """A line of the checklist."""

    answer = RadioField(
        _l("Found as planned?"),
        choices=pairs(
            ("yes", _l("Yes")),
            ("no", _l("No")),
            ("not_applicable", _l("N/A")),
            ("", _l("Not answered yet")),
        ),
        validators=[Optional()],
    )
    evidence = StringField(_l("What was seen"), filters=[strip], validators=[at_most(4000)])


class OwnCheckForm(FlaskForm):
    """A question of the auditor's own."""

    text = StringField(_l("Question"), filters=[strip], validators=[required(), at_most(500)])


class SampleForm(Versioned):
    """What was drawn, and what was found."""

    sample = area(_l("Sample"), rows=2, description=_l("What was drawn, from what, and how much."))
    summary = area(_l("Summary of the audit"), rows=3)


class VerdictForm(Versioned):
    """The two answers for one non-conformity."""

    implemented = RadioField(_l("Implemented?"), choices=YES_NO, validators=[Optional()])
    effective = RadioField(_l("Effective?"), choices=YES_NO, validators=[Optional()])
    note = area(_l("Finding"), rows=2, description=_l("A no has to say what was seen."))
    evidence = area(_l("Objective evidence"), rows=2)


class AuditMoveForm(MoveForm):
    """A move; a new date where it is put off."""

    planned_on = DateField(_l("New date"), validators=[Optional()])


def truth(field: Any) -> bool | None:
    """Yes, no, or not answered."""
    return TRUTH.get(field.data or "")
