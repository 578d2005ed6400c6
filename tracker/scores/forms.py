"""What an assessor may type on the score page."""

from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

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
