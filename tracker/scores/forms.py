"""What may be typed on the score pages: the assessor's word, and the goal of a path."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, Field, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from scoring import numbers
from tracker import clock
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l


class WordForm(FlaskForm):
    """The word on item 4.7, with its reason; the reason is shown wherever the word counts."""

    compliant = RadioField(
        _l("Item 4.7 is"),
        choices=[SelectChoice("yes", _l("compliant")), SelectChoice("no", _l("not compliant"))],
        validators=[InputRequired(_l("Choose one."))],
    )
    reason = TextAreaField(
        _l("Reason"),
        validators=[InputRequired(_l("Write down the reason.")), Length(max=2000)],
        filters=[lambda text: text.strip() if text else text],
    )
    version = IntegerField(validators=[Optional()])


class ForecastForm(FlaskForm):
    """The day of a forecast. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET: the address is the question."""

        csrf = False

    by = DateField(_l("Forecast for"), validators=[InputRequired(_l("Enter a day."))])

    def __init__(self, asked: Mapping[str, str] | None, last: date) -> None:
        super().__init__(formdata=asked)
        self.last = last

    def validate_by(self, field: Field) -> None:
        """A day from today on, and not beyond all plans."""
        if field.data is not None and not clock.today() <= field.data <= self.last:
            raise ValidationError(_("Enter a day from today to %(last)s.", last=self.last.isoformat()))


def _is_choice(form: FlaskForm, field: Any) -> None:
    """The words of this product for an address that names what there is not."""
    if field.data not in {choice.value for choice in field.iter_choices()}:
        raise ValidationError(_("Choose one."))


class PathForm(FlaskForm):
    """Where a path is to lead, and what counts on the way. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET: the address is the question."""

        csrf = False

    to = RadioField(_l("Goal"), validate_choice=False, validators=[_is_choice])
    points = StringField(_l("Points to reach"), filters=[lambda text: text.strip() if text else text])
    level = SelectField(
        _l("Level to reach"),
        choices=[SelectChoice(str(level), str(level)) for level in range(1, 5)],
        validate_choice=False,
        validators=[_is_choice],
    )
    by = RadioField(
        _l("Shortest by"),
        choices=[SelectChoice("effort", _l("least effort")), SelectChoice("date", _l("earliest date"))],
        validate_choice=False,
        validators=[_is_choice],
    )

    def __init__(
        self, maximum: Fraction, by_level: bool, asked: Mapping[str, str] | None, **defaults: str
    ) -> None:
        super().__init__(formdata=asked, data=defaults)
        self.maximum = maximum
        goals = ("level",) if by_level else ("strict", "lenient")
        titles = {
            "strict": _("Strict"),
            "lenient": _("Lenient"),
            "level": _("Maturity level"),
            "points": _("Points"),
        }
        self.to.choices = [SelectChoice(goal, titles[goal]) for goal in (*goals, "points")]

    def validate_points(self, field: Field) -> None:
        """A number of points between nothing and the maximum; needed only where points are the goal."""
        if not field.data:
            if self.to.data == "points":
                raise ValidationError(_("Enter a number of points."))
            return
        try:
            value = numbers.parse(field.data)
        except numbers.NotANumber as error:
            raise ValidationError(_("Enter a number of points, such as 1900.")) from error
        if not 0 <= value <= self.maximum:
            raise ValidationError(
                _("Enter a number from 0 to %(maximum)s.", maximum=numbers.show(self.maximum, 0))
            )

    @property
    def goal(self) -> str:
        """The goal as the scoring commands name it."""
        if self.to.data == "points":
            return f"points={numbers.exact(numbers.parse(self.points.data))}"
        return f"level={self.level.data}" if self.to.data == "level" else str(self.to.data)
