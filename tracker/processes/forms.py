"""What may be typed about key processes and their sampled audits."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import NumberRange, Optional

from tracker.accounts.forms import TwoNames, VersionField, at_most, pairs, read_id, required, strip
from tracker.i18n import gettext as _
from tracker.i18n import lazy_gettext as _l
from tracker.processes import words
from tracker.processes.models import AuditResult, ProcessKind


class ProcessForm(TwoNames, FlaskForm):
    """A key process."""

    kind = RadioField(_l("Kind"), choices=pairs(*((kind.value, words.KINDS[kind]) for kind in ProcessKind)))
    name_zh = StringField(_l("Name in Chinese"), [at_most(200)], filters=[strip])
    name_en = StringField(_l("Name in English"), [at_most(200)], filters=[strip])
    procedure = StringField(
        _l("Procedure"),
        [at_most(400)],
        filters=[strip],
        description=_l("Where it is written: a document number or an address."),
    )
    unit_id = SelectField(_l("Run for"), [Optional()], coerce=str)
    owner_id = SelectField(_l("Owner"), [Optional()], coerce=str)
    audit_months = IntegerField(
        _l("Sampled audit every (months)"),
        [NumberRange(1, 36, message=_l("Between 1 and 36 months."))],
        default=12,
    )
    outsourced = BooleanField(
        _l("Run by a supplier"), description=_l("Its results count as the entity's own all the same.")
    )
    metrics = SelectMultipleField(
        _l("Metrics"), coerce=str, description=_l("Their variation is shown with the process.")
    )

    def offer(
        self,
        units: Iterable[tuple[str, str]],
        people: Iterable[tuple[str, str]],
        metrics: list[tuple[str, str]],
    ) -> None:
        """Fill the lists."""
        self.unit_id.choices = [("", _("The whole site")), *units]
        self.owner_id.choices = [("", _("Nobody yet")), *people]
        self.metrics.choices = metrics

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, then the pair of names."""
        valid = super().validate(extra_validators)
        return self.validate_names(self.name_zh, self.name_en) and valid

    def fields(self) -> dict[str, Any]:
        """What is kept in the row."""
        return {
            "kind": self.kind.data,
            "name_zh": self.name_zh.data,
            "name_en": self.name_en.data,
            "procedure": self.procedure.data,
            "unit_id": read_id(self.unit_id.data or ""),
            "owner_id": read_id(self.owner_id.data or ""),
            "audit_months": self.audit_months.data,
            "outsourced": self.outsourced.data,
        }

    def chosen(self) -> list[int]:
        """The metrics that were ticked."""
        return [int(each) for each in self.metrics.data or []]


class EditProcessForm(ProcessForm):
    """A process that exists."""

    active = BooleanField(_l("In use"), default=True)
    version = VersionField()

    def fields(self) -> dict[str, Any]:
        """What is kept in the row, and whether it is still in use."""
        return super().fields() | {"active": self.active.data}


class AuditForm(FlaskForm):
    """A sampled audit."""

    audited_on = DateField(_l("Sampled on"), [required(_l("Please give a date."))])
    auditor_id = SelectField(_l("Auditor"), [required()], coerce=str)
    result = RadioField(
        _l("Result"), choices=pairs(*((result.value, words.RESULTS[result]) for result in AuditResult))
    )
    sample = TextAreaField(
        _l("Sample taken"),
        [required(), at_most(4000)],
        filters=[strip],
        description=_l("What was looked at, and how much: 36 calls of March, two teams."),
    )
    checklist = StringField(
        _l("Checklist used"),
        [at_most(400)],
        filters=[strip],
        description=_l("A document number, a file's name or an address."),
    )
    notes = TextAreaField(_l("What was found"), [at_most(4000)], filters=[strip])

    def offer(self, people: Iterable[tuple[str, str]]) -> None:
        """Fill the list of people."""
        self.auditor_id.choices = [("", _("Choose")), *people]

    def fields(self) -> dict[str, Any]:
        """What is taken down."""
        return {
            "audited_on": self.audited_on.data,
            "auditor_id": read_id(self.auditor_id.data or ""),
            "result": self.result.data or "",
            "sample": self.sample.data or "",
            "checklist": self.checklist.data or "",
            "notes": self.notes.data or "",
        }


class RemoveForm(FlaskForm):
    """Why a sampled audit is taken back."""

    version = VersionField()
    reason = StringField(_l("Reason"), [required(), at_most(400)], filters=[strip])
