"""What may be typed about sites, programmes and key positions, and what is wrong with it."""

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from scoring.policy import DEFAULT, SWITCHES
from tracker.accounts.forms import TwoNames, VersionField, at_most, pairs, required, strip
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.i18n import say
from tracker.organisations.models import CODE, CspType
from tracker.organisations.policies import choice_meaning


def is_code(_form: FlaskForm, field: StringField) -> None:
    """Fit to stand in an address and in the key of a fact."""
    if field.data and not CODE.fullmatch(field.data):
        raise ValidationError(_("Only letters, digits, full stops, hyphens and underscores."))


def csp_types() -> list[SelectChoice]:
    """The two kinds of site, in words."""
    return pairs(
        (CspType.THIRD_PARTY.value, _l("Customers of clients (third party)")),
        (CspType.INTERNAL.value, _l("Our own customers (internal)")),
    )


class SiteForm(TwoNames, FlaskForm):
    """A site that exists."""

    name_zh = StringField(_l("Name in Chinese"), [at_most(200)], filters=[strip])
    name_en = StringField(_l("Name in English"), [at_most(200)], filters=[strip])
    csp_type = RadioField(
        _l("Whose customers does it serve?"),
        choices=csp_types(),
        default=CspType.THIRD_PARTY.value,
        description=_l("Decides which of the requirement lines 2.1-2a and 2.1-2b applies."),
    )
    target_level = RadioField(
        _l("Target level (SEE-CMM)"),
        choices=pairs(*((str(level), str(level)) for level in (1, 2, 3, 4))),
        default="3",
    )
    active = BooleanField(
        _l("In use"), default=True, description=_l("A site out of use is kept with all its records.")
    )
    version: Any = VersionField()

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then the pair of names."""
        valid = super().validate(extra_validators)
        return self.validate_names(self.name_zh, self.name_en) and valid


class NewSiteForm(SiteForm):
    """A site that is added; its code stays for ever."""

    version = None
    code = StringField(
        _l("Short code"),
        [required(), at_most(40), is_code],
        filters=[strip],
        description=_l("Stands in addresses and score sheets and cannot be changed later."),
    )


class DayField(DateField):
    """A day, or nothing; what cannot be read is said in plain words and kept as typed."""

    def __init__(self, label: Any, message_required: bool = False, **kwargs: Any) -> None:
        super().__init__(label, [required()] if message_required else [Optional()], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day; years that no calendar of ours has are refused as well."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("This is not a date. Write it like 2026-07-15.")) from None
        day: date | None = getattr(self, "data", None)
        if day is not None and not 1990 <= day.year <= 2200:
            self.data = None
            raise ValueError(_("This year cannot be right."))


class UnitForm(TwoNames, FlaskForm):
    """A programme or key position that exists."""

    name_zh = StringField(_l("Name in Chinese"), [at_most(200)], filters=[strip])
    name_en = StringField(_l("Name in English"), [at_most(200)], filters=[strip])
    client = StringField(_l("Client"), [at_most(200)], filters=[strip])
    starts_on = DayField(
        _l("First day"), description=_l("Counts from this day on; empty: from the beginning.")
    )
    ends_on = DayField(_l("Last day"), description=_l("Counts up to this day; empty: no end."))
    version: Any = VersionField()

    def validate_ends_on(self, field: DateField) -> None:
        """Not before the first day."""
        if field.data and self.starts_on.data and field.data < self.starts_on.data:
            raise ValidationError(_("The last day is before the first."))

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then the pair of names."""
        valid = super().validate(extra_validators)
        return self.validate_names(self.name_zh, self.name_en) and valid


class NewUnitForm(UnitForm):
    """A programme or key position that is added."""

    version = None
    code = StringField(
        _l("Short code"),
        [required(), at_most(60), is_code],
        filters=[strip],
        description=_l("Stands in score sheets and facts and cannot be changed later."),
    )


class RetireForm(FlaskForm):
    """The end of a programme or key position."""

    ends_on = DayField(_l("Last day"), message_required=True)
    reason = TextAreaField(_l("Reason"), [required(_l("Say why it ends.")), at_most(2000)], filters=[strip])
    version: Any = VersionField()


class PolicyForm(FlaskForm):
    """The switches of a site; one field each, made from the scoring package's own list."""

    reason = TextAreaField(
        _l("Reason"),
        [required(_l("Say why: the score will be read another way from now on.")), at_most(2000)],
        filters=[strip],
    )
    version: Any = VersionField()

    def values(self) -> dict[str, Any]:
        """Switch → typed value."""
        return {key: self[field_name(key)].data for key in SWITCHES}


def field_name(key: str) -> str:
    """The field of a switch: dots cannot stand in the name of an attribute."""
    return "switch_" + key.replace(".", "__")


def policy_form(policy: dict[str, Any] | None = None, **kwargs: Any) -> PolicyForm:
    """The form with a field for each switch, labelled in the language of the request."""
    defaults = DEFAULT.to_json()
    current = {field_name(key): str((policy or {}).get(key, defaults[key])) for key in SWITCHES}

    class Bound(PolicyForm):
        pass

    for key, switch in SWITCHES.items():
        if switch.choices:
            field = RadioField(
                _switch_label(key),
                choices=pairs(*((value, choice_meaning(key, value)) for value in switch.choices)),
                description=switch.rule,
            )
        else:
            field = StringField(
                _switch_label(key), [required(), at_most(20)], filters=[strip], description=switch.rule
            )
        setattr(Bound, field_name(key), field)
    return Bound(data=current, **kwargs)


def _switch_label(key: str) -> str:
    return say(SWITCHES[key].about)
