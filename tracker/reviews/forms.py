"""What may be typed about a review and its facts, and what is wrong with it."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import AnyOf, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from tracker.accounts.forms import VersionField, at_most, pairs, read_id, required, strip
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.nonconformities.forms import Effort
from tracker.organisations.forms import DayField
from tracker.reviews.judging import LONGEST
from tracker.reviews.models import ExternalVerdict, Tier
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.kinds import Grade


class Choices(SelectMultipleField):
    """Several of many, each with a box of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """What is unknown is said by the service, which knows the tier."""


class PlanForm(FlaskForm):
    """A review that is planned."""

    title = StringField(_l("Title"), [required(), at_most(200)], filters=[strip])
    site_id = SelectField(_l("Site"), [required()], coerce=str)
    copc = BooleanField("COPC-2000 CSP 4.1", default=True)
    see_cmm = BooleanField("SEE-CMM", default=True)
    tier = RadioField(
        _l("Tier"),
        choices=pairs(
            (Tier.STANDARD.value, _l("CSP standard (21 items)")),
            (Tier.GOLD.value, _l("Gold (30 items)")),
        ),
        default=Tier.STANDARD.value,
    )
    whole = RadioField(
        _l("Scope"),
        choices=pairs(("yes", _l("All items and criteria")), ("no", _l("Only those chosen"))),
        default="yes",
    )
    scope = Choices(_l("Items and criteria"), [Optional()])
    period_start = DayField(_l("First day of the period"), message_required=True)
    period_end = DayField(_l("Last day of the period"), message_required=True)
    planned_on = DayField(_l("Day of the review"))
    lead_auditor_id = SelectField(_l("Lead auditor"), [required()], coerce=str)
    from_last = BooleanField(
        _l("Start from the last report of the site"),
        description=_l(
            "Its verdicts, notes and evidence stand there from the start; each has to be confirmed."
        ),
    )

    def days(self) -> dict[str, Any]:
        """The period, and the day of the review."""
        return {name: self[name].data for name in ("period_start", "period_end", "planned_on")}

    def chosen_scope(self) -> list[str]:
        """The items and criteria chosen; nothing where all are meant."""
        return [] if self.whole.data == "yes" else list(self.scope.data or [])

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then what only holds of several together."""
        valid = super().validate(extra_validators)
        if self.whole.data == "no" and not self.scope.data:
            self.scope.errors = [*self.scope.errors, _("Choose at least one item or criterion.")]
            valid = False
        return valid

    def key_of(self, field: SelectField) -> int:
        """The identifier that was chosen; 0, which no record has, where it cannot be one."""
        try:
            return read_id(field.data or "") or 0
        except ValueError:
            return 0


class JudgeForm(FlaskForm):
    """A verdict on one fact, with note and evidence."""

    value = StringField(_l("Verdict"), filters=[strip])
    note = TextAreaField(_l("Note"), [at_most(LONGEST)], filters=[strip])
    evidence = TextAreaField(_l("Evidence"), [at_most(LONGEST)], filters=[strip])
    sampled = BooleanField(_l("Sampled"))
    version = VersionField()


class ManyForm(FlaskForm):
    """The same verdict, note or evidence for many facts."""

    value = StringField(_l("Verdict"), id="same-value", filters=[strip])
    note = TextAreaField(_l("Note"), [at_most(LONGEST)], filters=[strip], id="same-note")
    evidence = TextAreaField(_l("Evidence"), [at_most(LONGEST)], filters=[strip], id="same-evidence")


class StateForm(FlaskForm):
    """A statement about a metric."""

    value = StringField(
        _l("Statement"), [AnyOf(["", "yes", "no"], _l("Choose one of the answers."))], filters=[strip]
    )
    note = TextAreaField(_l("Note"), [at_most(LONGEST)], filters=[strip])
    evidence = TextAreaField(_l("Evidence"), [at_most(LONGEST)], filters=[strip])
    version = VersionField()


class OverruleForm(FlaskForm):
    """An assessor's score in place of a computed one."""

    dimension = SelectField(_l("Dimension"), validate_choice=False)
    score = SelectField(_l("Score"), validate_choice=False)
    reason = TextAreaField(
        _l("Reason"), [required(), at_most(LONGEST)], filters=[strip], id="overrule-reason"
    )


class WordForm(FlaskForm):
    """The assessor's word on item 4.7."""

    compliant = RadioField(
        _l("Is item 4.7 compliant?"), choices=pairs(("yes", _l("Compliant")), ("no", _l("Not compliant")))
    )
    reason = TextAreaField(_l("Reason"), [required(), at_most(LONGEST)], filters=[strip])
    version = VersionField()


class ReasonForm(FlaskForm):
    """Why a gap is carried by no non-conformity."""

    key = StringField("", [required(), at_most(160)], filters=[strip])
    reason = TextAreaField(_l("Reason"), [at_most(LONGEST)], filters=[strip])


class DetailsForm(FlaskForm):
    """What a report needs besides its verdicts."""

    sampled_kcrp = TextAreaField(
        _l("Sampled audit of a key customer-related process"),
        [at_most(LONGEST)],
        filters=[strip],
        description=_l("Which process, when, by whom, what was found, and where the record lies."),
    )
    metric_list_confirmed = BooleanField(_l("The list of required metrics (Exhibit 1) is confirmed"))
    version = VersionField()


class MoveForm(FlaskForm):
    """One move of a review."""

    reason = TextAreaField(_l("Reason"), [at_most(LONGEST)], filters=[strip])
    password = StringField(_l("Password"))
    version = VersionField()


class ExternalForm(FlaskForm):
    """An audit that somebody outside will hold."""

    site_id = SelectField(_l("Site"), [required()], coerce=str)
    body = StringField(_l("Who audits"), [required(), at_most(160)], filters=[strip])
    standard = StringField(_l("Standard"), [required(), at_most(120)], filters=[strip])
    beside = SelectField(
        _l("Stands beside our score under"),
        choices=pairs(("", _l("none of them")), (COPC, "COPC-2000 CSP"), (SEE_CMM, "SEE-CMM")),
        coerce=str,
    )
    planned_on = DayField(_l("Planned for"), message_required=True)
    version = VersionField()

    def key_of_site(self) -> int:
        """The site that was chosen; 0, which no site has, where it cannot be one."""
        try:
            return read_id(self.site_id.data or "") or 0
        except ValueError:
            return 0

    def fields(self) -> dict[str, Any]:
        """What the service wants."""
        return {name: self[name].data for name in ("body", "standard", "beside", "planned_on")}


class HeldForm(FlaskForm):
    """That it took place, and what was said."""

    held_on = DayField(_l("Held on"), message_required=True)
    verdict = RadioField(
        _l("Verdict of the body"),
        [required()],
        choices=pairs(
            (ExternalVerdict.PASSED.value, _l("Passed")),
            (ExternalVerdict.CONDITIONAL.value, _l("Passed with conditions")),
            (ExternalVerdict.FAILED.value, _l("Not passed")),
        ),
    )
    score = Effort(_l("Score"), description=_l("As the body told it; empty where it told none."))
    maximum = Effort(_l("Out of"))
    summary = TextAreaField(_l("Summary"), [at_most(LONGEST)], filters=[strip])
    version = VersionField()


class FindingForm(FlaskForm):
    """Something that the body found."""

    title = StringField(_l("Title"), [required(), at_most(200)], filters=[strip], id="finding-title")
    grade = SelectField(
        _l("Grade"),
        choices=pairs(*((grade.value, grade.value) for grade in Grade)),
        coerce=str,
        id="finding-grade",
    )
    element = StringField(
        _l("Item or criterion"), [at_most(20)], filters=[strip], description=_l("Such as 2.4 or S3.")
    )
    statement = TextAreaField(_l("What was found"), [at_most(LONGEST)], filters=[strip])


class CancelForm(FlaskForm):
    """Why something will not take place."""

    reason = TextAreaField(_l("Reason"), [required(), at_most(LONGEST)], filters=[strip], id="cancel-reason")
    version = VersionField(id="cancel-version")


class AssignForm(FlaskForm):
    """Who works on the items that are chosen."""

    auditor_id = SelectField(_l("Auditor"), coerce=str, validate_choice=False)

    def person(self) -> int | None:
        """Who was chosen; None where nobody in particular is meant, 0 for what cannot be one."""
        return person_in(self.auditor_id)


class ReturnForm(FlaskForm):
    """What is to be looked at again."""

    comment = TextAreaField(_l("What is to be looked at again"), [at_most(LONGEST)], filters=[strip])
    version = VersionField(id="return-version")


class CalibrateForm(FlaskForm):
    """An item and the two who judge it blind."""

    element = SelectField(_l("Item or criterion"), coerce=str, validate_choice=False)
    first_id = SelectField(_l("First auditor"), coerce=str, validate_choice=False)
    second_id = SelectField(_l("Second auditor"), coerce=str, validate_choice=False)


def person_in(field: SelectField) -> int | None:
    """The person chosen in a list; None for nobody, 0, whom nobody is, for what cannot be one."""
    if not field.data:
        return None
    try:
        return read_id(field.data) or 0
    except ValueError:
        return 0


class SampleForm(FlaskForm):
    """A sampled audit that is attached to a review."""

    process_id = SelectField(_l("Process in the register"), coerce=str, validate_choice=False)
    process_name = StringField(
        _l("Or its name"), [at_most(200)], filters=[strip], description=_l("Where it is not in the register.")
    )
    sampled_on = DayField(_l("Sampled on"), message_required=True)
    sample = TextAreaField(_l("Sample taken"), [required(), at_most(LONGEST)], filters=[strip])
