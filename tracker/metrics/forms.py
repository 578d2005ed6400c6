"""What may be typed about a metric, its targets and its values."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from scoring.roll_up import Rule
from tracker.accounts.forms import TwoNames, VersionField, at_most, pairs, read_id, required, strip
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.i18n import say
from tracker.metrics.models import Better


class MetricForm(TwoNames, FlaskForm):
    """A metric."""

    item = SelectField(_l("Item"), [Optional()], validate_choice=False)
    code = StringField(
        _l("Code"),
        [at_most(60)],
        filters=[strip],
        description=_l("Names it in facts and score sheets; made from its number when left empty."),
    )
    name_zh = StringField(_l("Name in Chinese"), [at_most(200)], filters=[strip])
    name_en = StringField(_l("Name in English"), [at_most(200)], filters=[strip])
    measure = StringField(_l("Unit of measure"), [at_most(20)], filters=[strip])
    better = RadioField(
        _l("Good direction"),
        choices=pairs(
            (Better.HIGHER.value, _l("Higher is better")),
            (Better.LOWER.value, _l("Lower is better")),
            (Better.RANGE.value, _l("Within a range")),
        ),
        default=Better.HIGHER.value,
    )
    required = BooleanField(
        _l("Required"), default=True, description=_l("Only required metrics count for level and trend.")
    )
    unit_id = SelectField(_l("Kept for"), [Optional()], validate_choice=False, coerce=str)
    roll_up = SelectField(
        _l("Values come from"),
        [Optional()],
        coerce=str,
        description=_l(
            "Rolled up, each programme's values are entered and the site's series follows by this rule. "
            "A metric that counts once per programme is kept as one metric for each."
        ),
    )
    owner_id = SelectField(_l("Owner"), [Optional()], validate_choice=False, coerce=str)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.roll_up.choices = [
            ("", _("One value for the site")),
            *((rule.value, say(rule.label)) for rule in Rule if rule is not Rule.EACH),
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then the pair of names and the choices."""
        valid = super().validate(extra_validators)
        for field in (self.unit_id, self.owner_id):
            known = {str(choice.value) for choice in field.choices}
            if (field.data or "") not in known:
                field.errors = [*field.errors, _("Choose one of the list.")]
                valid = False
        return self.validate_names(self.name_zh, self.name_en) and valid

    def fields(self) -> dict[str, Any]:
        """The values that can be changed later."""
        return {
            "name_zh": self.name_zh.data or self.name_en.data,
            "name_en": self.name_en.data or self.name_zh.data,
            "measure": self.measure.data,
            "better": self.better.data,
            "required": self.required.data,
            "unit_id": read_id(self.unit_id.data or ""),
            "owner_id": read_id(self.owner_id.data or ""),
            "roll_up": self.roll_up.data or None,
        }


class EditMetricForm(MetricForm):
    """A metric that exists."""

    version = VersionField()


class TargetForm(FlaskForm):
    """A target with the month from which it holds."""

    from_month = StringField(_l("From month"), [required(), at_most(7)], filters=[strip])
    value = StringField(_l("Target"), [at_most(60)], filters=[strip])
    low = StringField(_l("Lower end"), [at_most(60)], filters=[strip])
    high = StringField(_l("Upper end"), [at_most(60)], filters=[strip])


class ValueForm(FlaskForm):
    """The value of one month, or a target in one text."""

    value = StringField(_l("Value"), [at_most(120)], filters=[strip])
    target = StringField(_l("Target"), [at_most(120)], filters=[strip])
    numerator = StringField(_l("Numerator"), [at_most(120)], filters=[strip])
    denominator = StringField(_l("Denominator"), [at_most(120)], filters=[strip])
    version = VersionField()


def _yes_no_open() -> list[Any]:
    return pairs(("yes", _l("Yes")), ("no", _l("No")), ("", _l("Not said")))


class CheckForm(FlaskForm):
    """A check of the data: usable? sound?"""

    usable = RadioField(_l("Usable"), choices=_yes_no_open(), default="")
    integrity = RadioField(_l("Integrity"), choices=_yes_no_open(), default="")
    note = TextAreaField(_l("What was checked"), [required(), at_most(4000)], filters=[strip])
    evidence = TextAreaField(_l("Evidence"), [at_most(4000)], filters=[strip])
