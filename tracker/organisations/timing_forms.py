"""What may be typed about how a site counts its days."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import NumberRange, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from tracker.accounts.forms import VersionField, at_most, pairs, required, strip
from tracker.i18n import gettext as _
from tracker.i18n import language, say
from tracker.i18n import lazy_gettext as _l
from tracker.organisations.rules import SiteRules
from workflows.calendars import LONGEST_TERM, Day, Holidays, parse_days, write_days
from workflows.kinds import Grade
from workflows.schedule import DEFAULT_TERMS, Step, Term

MOST_DAYS = 400


def weekdays() -> list[tuple[str, Any]]:
    """The days of the week, Monday first."""
    names = (
        _l("Monday"),
        _l("Tuesday"),
        _l("Wednesday"),
        _l("Thursday"),
        _l("Friday"),
        _l("Saturday"),
        _l("Sunday"),
    )
    return [(str(number), name) for number, name in enumerate(names)]


class Checkboxes(SelectMultipleField):
    """Several of a few, each with a box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Reasoned(FlaskForm):
    """A change of the rules says why, and which version of them it was made from."""

    reason = TextAreaField(
        _l("Reason"),
        [
            required(_l("Say why the deadlines are counted in another way from now on.")),
            at_most(2000),
        ],
        filters=[strip],
    )
    version: Any = VersionField()


class CalendarForm(Reasoned):
    """The calendar of a site."""

    holidays = RadioField(
        _l("Official calendar"), description=_l("It is kept up to date with new versions of the product.")
    )
    weekend = Checkboxes(_l("Not worked every week"), choices=[])
    days = TextAreaField(
        _l("Days of this site"),
        [at_most(20_000)],
        description=_l(
            "One a line, laid over the official calendar: 2026-12-24 off Christmas Eve, or "
            "2026-02-07..2026-02-08 work Stocktaking. Lists in Chinese (2026年2月7日 上班 盘点) are read, too."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holidays.choices = pairs(*((each.value, say(each.text)) for each in Holidays))
        self.weekend.choices = weekdays()

    def validate_weekend(self, field: SelectMultipleField) -> None:
        """At least one day is worked."""
        if len(set(field.data or ())) > 6:
            raise ValidationError(_("A week needs at least one working day."))

    def validate_days(self, field: TextAreaField) -> None:
        """Every line can be read; the first few that cannot are named."""
        reading = parse_days(field.data or "")
        if reading.faults:
            lang = language()
            raise ValidationError(
                " ".join(
                    _("Line %(line)s: %(fault)s", line=fault.line, fault=fault.text.of(lang))
                    for fault in reading.faults[:5]
                )
            )
        if len(reading.days) > MOST_DAYS:
            raise ValidationError(_("More than %(most)s days of its own are too many.", most=MOST_DAYS))

    def fill(self, rules: SiteRules) -> None:
        """Show the calendar in force."""
        self.holidays.data = rules.holidays.value
        self.weekend.data = [str(each) for each in sorted(rules.weekend)]
        self.days.data = write_days(rules.own_days, language())
        self.version.data = rules.version

    @property
    def read_days(self) -> tuple[Day, ...]:
        """The days as typed; call it on a form that is valid."""
        return parse_days(self.days.data or "").days

    @property
    def read_weekend(self) -> frozenset[int]:
        """The weekdays as chosen."""
        return frozenset(int(each) for each in self.weekend.data or ())


class TermsForm(Reasoned):
    """When somebody is told; the terms themselves are fields of their own, see `terms_form`."""

    remind_days = IntegerField(
        _l("Remind the owner"),
        [NumberRange(0, 60, _l("Between 0 and 60 days."))],
        description=_l("Days before the deadline; 0 for no reminder."),
    )
    manager_after = IntegerField(
        _l("Tell the owner's manager"),
        [NumberRange(1, 60, _l("Between 1 and 60 days."))],
        description=_l("Working days after the deadline."),
    )
    quality_after = IntegerField(
        _l("Tell the quality managers"),
        [NumberRange(1, 60, _l("Between 1 and 60 days."))],
        description=_l("Working days after the deadline; not before the manager."),
    )

    def validate_quality_after(self, field: IntegerField) -> None:
        """The chain goes upwards."""
        if field.data is not None and self.manager_after.data and field.data < self.manager_after.data:
            raise ValidationError(_("Not before the manager is told."))

    def rows(self) -> list[tuple[Grade, Step, Any, Any, Term | None]]:
        """Grade, step, the two fields, and what E.4 proposes, in order."""
        return [
            (grade, step, self[f"{_name(grade, step)}_days"], self[f"{_name(grade, step)}_working"], proposed)
            for grade in Grade
            for step in Step
            for proposed in [DEFAULT_TERMS.get((grade, step))]
        ]

    def read_terms(self) -> dict[tuple[Grade, Step], Term | None]:
        """The terms as typed; call it on a form that is valid."""
        return {
            (grade, step): Term(int(days.data), bool(working.data)) if days.data else None
            for grade, step, days, working, _proposed in self.rows()
        }

    def fill(self, rules: SiteRules) -> None:
        """Show the terms in force."""
        for name in ("remind_days", "manager_after", "quality_after", "version"):
            self[name].data = getattr(rules, name)
        for grade, step, days, working, _proposed in self.rows():
            term = rules.terms.get((grade, step))
            days.data = "" if term is None else str(term.days)
            working.data = term is not None and term.working


def _name(grade: Grade, step: Step) -> str:
    return f"{grade.value}_{step.value}"


def is_term(_form: FlaskForm, field: StringField) -> None:
    """Nothing, or a number of days."""
    text = field.data or ""
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LONGEST_TERM):
        raise ValidationError(_("A whole number from 1 to %(most)s, or nothing.", most=LONGEST_TERM))


def terms_form(**kwargs: Any) -> TermsForm:
    """The form with two fields for each grade and step."""

    class Bound(TermsForm):
        pass

    for grade in Grade:
        for step in Step:
            label = f"{say(grade.text)}, {say(step.text)}"
            setattr(
                Bound,
                f"{_name(grade, step)}_days",
                StringField(label, [at_most(6), is_term], filters=[strip]),
            )
            setattr(Bound, f"{_name(grade, step)}_working", BooleanField(_("working days")))
    return Bound(**kwargs)
