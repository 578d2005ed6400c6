"""What may be typed about releases: the one to move to, and a file of one's own."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from tracker.accounts.forms import VersionField
from tracker.i18n import lazy_gettext as _l


class ReleaseFile(FlaskForm):
    """A release of one's own as a TOML file."""

    file = FileField(_l("File (TOML)"), validators=[FileRequired(_l("Choose a file."))])


class MoveForm(FlaskForm):
    """Which release a site is to be scored by, and why."""

    standard = HiddenField()
    release = SelectField(_l("Release"), validate_choice=False)
    reason = TextAreaField(
        _l("Reason"),
        validators=[InputRequired(_l("Write down the reason.")), Length(max=2000)],
        filters=[lambda text: text.strip() if text else text],
    )
    version: Any = VersionField()

    def offer(self, choices: tuple[tuple[str, str], ...]) -> None:
        """The releases that can be chosen."""
        self.release.choices = [SelectChoice(key, title) for key, title in choices]
