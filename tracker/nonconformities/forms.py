"""What people may type about a non-conformity, and what is wrong with it."""

from fractions import Fraction
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Field,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput, TextInput

from scoring.numbers import NotANumber, parse
from tracker.accounts.viewmodels import PersonView
from tracker.database import MAX_ID
from tracker.errors import InvalidInput
from tracker.i18n import gettext as _
from tracker.i18n import language, lazy_gettext, pick
from tracker.nonconformities import wording
from tracker.nonconformities.drafts import Draft, PinSpec, decode_pin
from tracker.organisations.viewmodels import SiteView
from tracker.reviews.facts import parse_key
from tracker.scores.releases import Known
from workflows.causes import RIBS
from workflows.kinds import Grade, Source
from workflows.repeats import SimilarAnswer

TEXT = Length(max=20_000, message=lazy_gettext("At most 20,000 characters."))
REQUIRED = InputRequired(lazy_gettext("Please fill this in."))


def faults(form: FlaskForm) -> InvalidInput:
    """What is wrong with a form, as the error that a service would raise."""
    return InvalidInput({name: [str(message) for message in found] for name, found in form.errors.items()})


def strip(value: str | None) -> str:
    """Typed text without the spaces around it, and without characters that no database keeps."""
    return (value or "").replace("\x00", "").strip()


def text(label: Any, *validators: Any, rows: int = 3, **options: Any) -> TextAreaField:
    """A longer text."""
    return TextAreaField(label, [*validators, TEXT], filters=[strip], render_kw={"rows": rows}, **options)


class Effort(Field):
    """An exact amount of work, in person days: `3`, `2.5`, `1/2`."""

    widget = TextInput()
    data: Fraction | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = strip(valuelist[0]) if valuelist else ""
        try:
            self.data = parse(typed) if typed else None
        except NotANumber:
            self.data = None
            raise ValueError(_("This is not a number.")) from None


class MoveForm(FlaskForm):
    """What every move may come with: the version that was shown, a reason, the password of a signature."""

    version = IntegerField("", [Optional(), NumberRange(0, 2**31 - 1)], widget=HiddenInput())
    reason = text(lazy_gettext("Reason"))
    password = PasswordField(lazy_gettext("Your password"), [Length(max=200)])


class ContainForm(MoveForm):
    """The correction, or why none is needed, and how the consequences were dealt with."""

    correction = text(lazy_gettext("Correction made"))
    none_needed = BooleanField(lazy_gettext("No correction is needed"))
    no_correction_reason = text(lazy_gettext("Why no correction is needed"), rows=2)
    consequence = text(lazy_gettext("How the consequences were dealt with"), rows=2)

    def fields(self) -> dict[str, Any]:
        return {
            "correction": self.correction.data or "",
            "correction_needed": not self.none_needed.data,
            "no_correction_reason": self.no_correction_reason.data or "",
            "consequence": self.consequence.data or "",
        }


class RegradeForm(MoveForm):
    """The grade that the answer to a dispute gives it."""

    new_grade = SelectField(lazy_gettext("New grade"), [REQUIRED])

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.new_grade.choices = _worded(Grade)

    def fields(self) -> dict[str, Any]:
        return {"new_grade": Grade(self.new_grade.data)}


class ShortForm(MoveForm):
    """The short answer to an observation or an opportunity."""

    short_answer = text(lazy_gettext("What was done about it"), REQUIRED)

    def fields(self) -> dict[str, Any]:
        return {"short_answer": self.short_answer.data or ""}


class ReopenForm(MoveForm):
    """The statement that the closing judgement was wrong."""

    judgement_wrong = BooleanField(
        lazy_gettext("The closing judgement itself was wrong; this is no recurrence")
    )

    def fields(self) -> dict[str, Any]:
        return {"judgement_wrong": bool(self.judgement_wrong.data)}


class VoidForm(MoveForm):
    """Reasons for the pinned facts, `settle-<pin>` for each, and the record of which this one is a duplicate."""

    duplicate_of = StringField(
        lazy_gettext("Duplicate of"),
        [Length(max=60)],
        filters=[strip],
        description=lazy_gettext(
            "Number of the record that stays: it takes over the facts held by this one."
        ),
    )

    def validate_duplicate_of(self, field: StringField) -> None:
        """The number of a record, or nothing."""
        try:
            read_record_number(field.data or "")
        except ValueError:
            raise ValidationError(_("This is not the number of a record.")) from None

    def fields(self) -> dict[str, Any]:
        from flask import request

        given = {
            int(name[7:]): strip(value)
            for name, value in request.form.items()
            if name.startswith("settle-") and name[7:].isdigit() and len(name) < 27
        }
        return {"settlements": given, "duplicate_of": read_record_number(self.duplicate_of.data or "")}


class SplitForm(FlaskForm):
    """The facts that a new record takes over, what it is called, and why."""

    version = IntegerField("", [Optional(), NumberRange(0, 2**31 - 1)], widget=HiddenInput())
    title = StringField(
        lazy_gettext("Title of the new record"),
        [REQUIRED, Length(max=200, message=lazy_gettext("At most 200 characters."))],
        filters=[strip],
    )
    taken = SelectMultipleField(lazy_gettext("Facts that it takes over"), validate_choice=False)
    # The form that moves the deadline stands on the same page.
    reason = text(lazy_gettext("Reason"), REQUIRED, rows=2, id="split-reason")

    def pin_ids(self) -> set[int]:
        """The pins that were ticked."""
        return {
            int(each)
            for each in self.taken.data or []
            if each.isascii() and each.isdigit() and len(each) < 20
        }


class LookForm(FlaskForm):
    """The places where the same is to be looked for."""

    places = SelectMultipleField(lazy_gettext("Where to look"), validate_choice=True)

    def chosen(self) -> list[tuple[int, int | None]]:
        """Site and unit of each place."""
        parts = [each.partition("-") for each in self.places.data or []]
        return [(int(site), int(unit) if unit else None) for site, _dash, unit in parts]


class FoundForm(FlaskForm):
    """What was found at a place."""

    version = IntegerField("", [Optional(), NumberRange(0, 2**31 - 1)], widget=HiddenInput())
    answer = SelectField(lazy_gettext("Is it there?"), [REQUIRED])
    note = text(lazy_gettext("What was looked at, and what was seen"), REQUIRED, rows=2)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.answer.choices = [
            ("", _("Choose …")),
            (SimilarAnswer.ABSENT.value, _("It is not there")),
            (SimilarAnswer.PRESENT.value, _("It is there: raise it")),
        ]


FORMS: dict[str, type[MoveForm]] = {
    "contain": ContainForm,
    "regrade": RegradeForm,
    "close_short": ShortForm,
    "reopen": ReopenForm,
    "reopen_short": ReopenForm,
    "request_void": VoidForm,
    "void": VoidForm,
}


class ExtendForm(FlaskForm):
    """A later day for the present step."""

    version = IntegerField("", [Optional(), NumberRange(0, 2**31 - 1)], widget=HiddenInput())
    new_day = DateField(lazy_gettext("New due date"), [InputRequired(lazy_gettext("Please give a date."))])
    reason = text(lazy_gettext("Reason for the extension"), REQUIRED)


class JudgeForm(FlaskForm):
    """An assessor's word on a pinned fact."""

    value = StringField(lazy_gettext("Judgement"), [REQUIRED, Length(max=20)])
    note = text(lazy_gettext("What the judgement rests on"), REQUIRED, rows=2)


# ---------------------------------------------------------------- the draft


class DraftForm(FlaskForm):
    """Everything that is written about a non-conformity; what it may pin is checked by the service."""

    version = IntegerField("", [Optional(), NumberRange(0, 2**31 - 1)], widget=HiddenInput())
    title = StringField(
        lazy_gettext("Title"),
        [REQUIRED, Length(max=200, message=lazy_gettext("At most 200 characters."))],
        filters=[strip],
        description=lazy_gettext("One line that says what does not conform."),
    )
    grade = SelectField(lazy_gettext("Grade"), [REQUIRED])
    source = SelectField(lazy_gettext("Source"), [REQUIRED])
    owner = SelectField(lazy_gettext("Owner"), default="")
    statement = text(lazy_gettext("What was found"), rows=4)
    evidence = text(
        lazy_gettext("Objective evidence"),
        description=lazy_gettext("What was seen: records, samples, figures."),
        rows=4,
    )
    effort = Effort(
        lazy_gettext("Effort"),
        description=lazy_gettext("Person days to close it, as a first guess; it decides what pays first."),
    )
    pins = SelectMultipleField(lazy_gettext("Facts it holds at “not met”"), validate_choice=False)
    also = SelectMultipleField(lazy_gettext("Also touches"), validate_choice=True)
    unpinned_reason = text(
        lazy_gettext("Why it is an isolated lapse"),
        description=lazy_gettext(
            "Only for a minor that pins nothing: the lead auditor says why the requirement is met as a whole."
        ),
        rows=2,
    )
    repeat_of = StringField(
        lazy_gettext("Repeat of"),
        [Length(max=60)],
        filters=[strip],
        description=lazy_gettext("Number of the closed record that came back; a repeat is a major."),
    )

    # These two are not written down: they help to find repeats and to grade.
    cause = SelectField(lazy_gettext("Suspected cause"), validate_choice=False, default="")
    asked = SelectMultipleField(lazy_gettext("Questions on the grade"), validate_choice=False)

    def offer(self, people: list[PersonView], known: Known) -> None:
        """Fill the choices; items and criteria are those of the releases that are known."""
        lang = language()
        self.known = known
        self.cause.choices = [("", _("Not known")), *rib_choices(lang)]
        self.asked.choices = [
            ("met", _("The requirement is met today")),
            ("may_become", _("It is met, but may become a non-conformity")),
            ("absent", _("The requirement is absent altogether, or the system failed")),
        ]
        self.grade.choices = _worded(Grade)
        self.source.choices = _worded(Source)
        named = [(str(person.id), pick(person.name_zh, person.name_en)) for person in people]
        self.owner.choices = [("", _("Nobody yet")), *named]
        self.also.choices = list(wording.element_choices(lang, known))

    def validate_effort(self, field: Effort) -> None:
        """More than nothing, and small enough to be meant."""
        if field.data is not None and not 0 < field.data <= 100_000:
            raise ValidationError(_("The effort has to be more than nothing."))

    def validate_pins(self, field: SelectMultipleField) -> None:
        """Values that a checkbox of ours can have."""
        try:
            self.specs = tuple(decode_pin(value) for value in field.data or [])
        except ValueError:
            raise ValidationError(_("One of the facts does not exist.")) from None

    def draft(self, repeat_of_id: int | None) -> Draft:
        """What was typed, for the service. Of several levels of one row the highest counts."""
        highest: dict[tuple[str, str], PinSpec] = {}
        for spec in self.specs:
            known = highest.get((spec.standard, spec.key))
            if known is None or (spec.level or 0) > (known.level or 0):
                highest[(spec.standard, spec.key)] = spec
        return Draft(
            grade=Grade(self.grade.data),
            source=Source(self.source.data),
            title=self.title.data or "",
            statement=self.statement.data or "",
            evidence=self.evidence.data or "",
            owner_id=int(self.owner.data) if self.owner.data else None,
            effort=self.effort.data or Fraction(1),
            pins=tuple(highest.values()),
            links=tuple(
                (standard, element)
                for element in self.also.data or []
                if (standard := self.known.standard_of(element)) is not None
            ),
            unpinned_reason=self.unpinned_reason.data or "",
            repeat_of_id=repeat_of_id,
        )

    def typed_pins(self) -> tuple[PinSpec, ...]:
        """The facts that are ticked so far, without those that cannot be read."""
        found = []
        for value in self.pins.data or []:
            try:
                spec = decode_pin(value)
                parse_key(spec.key)
            except ValueError:
                continue
            found.append(spec)
        return tuple(found)


def rib_choices(lang: str) -> list[tuple[str, str]]:
    """Every category of causes of the sets that ship, as (identifier, set and title)."""
    return [
        (code, f"{ribs.of(lang)} · {title.of(lang)}") for ribs, found in RIBS.items() for code, title in found
    ]


def read_record_number(typed: str, prefix: str = "NC") -> int | None:
    """A number as people type it: `NC-0012`, `nc12`, `12`; None for nothing. Raises ValueError."""
    bare = typed.strip().upper().removeprefix(prefix).lstrip("-").strip()
    if not typed.strip():
        return None
    if not (bare.isascii() and bare.isdigit() and len(bare) < 19 and 0 < int(bare) <= min(MAX_ID, 2**31 - 1)):
        raise ValueError(typed)
    return int(bare)


def site_choices(sites: list[SiteView]) -> list[tuple[str, str]]:
    """Sites by code, with their names."""
    return [(site.code, pick(site.name_zh, site.name_en)) for site in sites]


def _worded(values: Any) -> list[tuple[str, str]]:
    lang = language()
    return [(each.value, each.of(lang)) for each in values]
