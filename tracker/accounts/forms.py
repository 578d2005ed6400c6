"""What people may type about themselves and each other, and what is wrong with it."""

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, StopValidation, ValidationError
from wtforms.widgets import HiddenInput

from tracker.accounts.models import Role
from tracker.accounts.passwords import MAXIMUM_LENGTH
from tracker.accounts.rules import check_password
from tracker.database import MAX_ID
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.organisations.models import CODE, CspType

EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[^@\s<>\"(),:;\\\[\]]{1,189}")


def strip(value: str | None) -> str:
    """Typed text without the spaces around it, and without characters that no database keeps."""
    return (value or "").replace("\x00", "").strip()


class Filled(InputRequired):
    """The field must be filled; the message is put into the language of the request when it is needed."""

    def __call__(self, form: Any, field: Any) -> None:
        """Stop at an empty field."""
        if not field.raw_data or not field.raw_data[0]:
            field.errors = []
            raise StopValidation(str(self.message))


def required(message: Any = None) -> InputRequired:
    """The field must be filled."""
    return Filled(message or _l("Please fill this in."))


def at_most(count: int) -> Length:
    """The field holds no more than the column does."""
    return Length(max=count, message=_l("At most %(max)d characters, please."))


def is_email(_form: FlaskForm, field: StringField) -> None:
    """The field holds something that can be an e-mail address."""
    if field.data and not EMAIL.fullmatch(field.data):
        raise ValidationError(_("This is not an e-mail address."))


class VersionField(IntegerField):
    """The version of the record that the form was made from."""

    widget = HiddenInput()

    def __init__(self, **kwargs: Any) -> None:
        # Without it nobody could tell whether the page is an old one.
        message = _l("This page is not complete. Reload it and try again.")
        super().__init__(_l("Version"), validators=[required(message)], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the version; whatever is no number is as good as none."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("This page is not complete. Reload it and try again.")) from None


def pairs(*values: tuple[str, Any]) -> list[SelectChoice]:
    """The choices of a field from (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in values]


def read_id(text: str) -> int | None:
    """An identifier typed into a form; None for none. Raises ValueError for what no column can hold."""
    if text == "":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > MAX_ID:
        raise ValueError(text)
    return int(text)


class TwoNames:
    """Mixin of forms with a name in both languages, of which one is enough."""

    def validate_names(self, zh: StringField, en: StringField) -> bool:
        """Whether at least one of the names is there; says so beside the first otherwise."""
        if zh.data or en.data:
            return True
        zh.errors = [*zh.errors, _("Give a name in at least one of the two languages.")]
        return False


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = EmailField(_l("E-mail"), [required(), at_most(254)], filters=[strip])
    password = PasswordField(_l("Password"), [required(), at_most(MAXIMUM_LENGTH)])
    next = HiddenField()


class NewPassword:
    """Mixin of forms that set a password, typed twice."""

    password = PasswordField(
        _l("New password"), [required()], description=_l("At least 10 characters; a sentence is a good one.")
    )
    again = PasswordField(_l("The password once more"), [required()])

    def validate_password(self, field: PasswordField) -> None:
        """Long and varied enough, and not the e-mail address."""
        email = getattr(self, "email", None)
        wrong = check_password(field.data or "", (email.data or "") if email is not None else "")
        if wrong:
            raise ValidationError(wrong[0])

    def validate_again(self, field: PasswordField) -> None:
        """The same both times."""
        if field.data != self.password.data:
            raise ValidationError(_("The two passwords differ."))


class FirstRunForm(NewPassword, TwoNames, FlaskForm):
    """What a new installation needs to know."""

    token = StringField(
        _l("One-time token"),
        [required(), at_most(60)],
        filters=[strip],
        description=_l("It is shown in the terminal in which Rescore was started."),
    )
    organisation_zh = StringField(_l("Organisation, in Chinese"), [at_most(200)], filters=[strip])
    organisation_en = StringField(_l("Organisation, in English"), [at_most(200)], filters=[strip])
    site_code = StringField(
        _l("Short code of the first site"),
        [required(), at_most(40)],
        filters=[strip],
        description=_l("Letters, digits and hyphens, for example: shanghai."),
    )
    site_zh = StringField(_l("First site, in Chinese"), [at_most(200)], filters=[strip])
    site_en = StringField(_l("First site, in English"), [at_most(200)], filters=[strip])
    csp_type = RadioField(
        _l("Whose customers does it serve?"),
        choices=pairs(
            (CspType.THIRD_PARTY.value, _l("Customers of clients (third party)")),
            (CspType.INTERNAL.value, _l("Our own customers (internal)")),
        ),
        default=CspType.THIRD_PARTY.value,
    )
    name_zh = StringField(_l("Your name, in Chinese"), [at_most(120)], filters=[strip])
    name_en = StringField(_l("Your name, in English"), [at_most(120)], filters=[strip])
    email = EmailField(_l("E-mail"), [required(), at_most(254), is_email], filters=[strip])
    single_person = BooleanField(
        _l("One person works here alone"),
        description=_l("Segregation of duties is then off, and every signature that it concerns says so."),
    )

    def validate_site_code(self, field: StringField) -> None:
        """Fit to stand in an address."""
        if field.data and not CODE.fullmatch(field.data):
            raise ValidationError(_("Only letters, digits, full stops, hyphens and underscores."))

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then each pair of names."""
        valid = super().validate(extra_validators)
        pairs = (
            (self.organisation_zh, self.organisation_en),
            (self.site_zh, self.site_en),
            (self.name_zh, self.name_en),
        )
        return all([valid, *(self.validate_names(zh, en) for zh, en in pairs)])


class OwnPasswordForm(NewPassword, FlaskForm):
    """A new password of one's own, and the present one."""

    current = PasswordField(_l("Present password"), [required(), at_most(MAXIMUM_LENGTH)])


class SetPasswordForm(NewPassword, FlaskForm):
    """A new password for somebody else."""


class PersonForm(TwoNames, FlaskForm):
    """Who somebody is."""

    name_zh = StringField(_l("Chinese name"), [at_most(120)], filters=[strip])
    name_en = StringField(_l("English name"), [at_most(120)], filters=[strip])
    email = EmailField(_l("E-mail"), [required(), at_most(254), is_email], filters=[strip])
    title = StringField(_l("Job title"), [at_most(120)], filters=[strip])
    manager_id = SelectField(_l("Manager"), description=_l("Is told when something of theirs is overdue."))
    language = SelectField(
        _l("Language"),
        choices=pairs(("", _l("As the browser")), ("zh", "中文"), ("en", "English")),
        default="",
    )
    version: Any = VersionField()

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then the pair of names."""
        valid = super().validate(extra_validators)
        return self.validate_names(self.name_zh, self.name_en) and valid


class NewPersonForm(NewPassword, PersonForm):
    """Somebody new: who, a first password, and roles at one place."""

    version = None
    site_id = SelectField(_l("Roles at"))
    roles = SelectMultipleField(_l("Roles"), choices=pairs(*((role.value, role.value) for role in Role)))

    def validate_roles(self, field: SelectMultipleField) -> None:
        """Somebody without a role could see nothing at all."""
        if not field.data:
            raise ValidationError(_("Give at least one role; without one a person sees nothing."))


class GrantForm(FlaskForm):
    """One more role."""

    site_id = SelectField(_l("Roles at"))
    role = SelectField(_l("Role"), choices=pairs(*((role.value, role.value) for role in Role)))
