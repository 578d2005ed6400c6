"""Write what programmes measured, and the counts behind a percentage. Every change of data stores a run."""

from dataclasses import dataclass
from fractions import Fraction

from scoring.roll_up import Rule
from tracker import history
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput
from tracker.i18n import gettext as _
from tracker.metrics import programmes
from tracker.metrics.models import Metric, MetricValue, ProgrammeValue
from tracker.metrics.series import write
from tracker.metrics.services import (
    Number,
    check_month,
    read_number,
    record_of,
    rescore_data,
    set_value,
    split_mark,
)
from tracker.organisations.models import Unit
from tracker.permissions import Actor


@dataclass(frozen=True)
class Typed:
    """What was typed for a programme's month; a star behind a number marks it as provisional."""

    value: Number = None
    numerator: Number = None
    denominator: Number = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed at all: the month is taken away."""
        given = (self.value, self.numerator, self.denominator)
        return all(each is None or (isinstance(each, str) and not each.strip(" *")) for each in given)


def set_part(
    actor: Actor,
    metric: Metric,
    unit: Unit,
    month: str,
    typed: Typed,
    *,
    version: int | None = None,
    rescore: bool = True,
) -> ProgrammeValue | None:
    """Write what a programme measured in a month, exactly; nothing typed takes it away.

    `version` is that of what was shown, 0 for a month shown empty. Raises InvalidInput, Conflict.
    """
    check_month(metric, month)
    if metric.roll_up is None or metric.roll_up is Rule.EACH:
        raise InvalidInput({"value": [_("Declare first how the programmes are rolled up.")]})
    row = programmes.get_part(metric, unit, month)
    if version is not None and (row.version if row is not None else 0) != version:
        raise Conflict(_("Somebody else entered a value for this month in the meantime."))
    before = _written(row)
    if typed.is_empty:
        if row is not None:
            db.session.delete(row)
            db.session.flush()
        after, row = "", None
    else:
        row = _write(metric, unit, month, row, typed)
        after = _written(row)
    if before != after:
        history.record(
            record_of(metric), "value_set", actor.person_id, changes={f"{unit.code} {month}": [before, after]}
        )
        if rescore:
            rescore_data(metric, actor)
    return row


def _write(
    metric: Metric, unit: Unit, month: str, row: ProgrammeValue | None, typed: Typed
) -> ProgrammeValue:
    read, provisional = _read(metric, typed)
    if row is None:
        return add(
            ProgrammeValue(
                organisation_id=metric.organisation_id,
                metric_id=metric.id,
                unit_id=unit.id,
                month=month,
                provisional=provisional,
                **read,
            )
        )
    for name, number in read.items():
        setattr(row, name, number)
    row.provisional = provisional
    db.session.flush()
    return row


def _read(metric: Metric, typed: Typed) -> tuple[dict[str, Fraction | None], bool]:
    """The numbers that the metric's rule asks for, and whether any of them carries a star."""
    asked = {"ratio": ("numerator", "denominator"), "weighted": ("value", "denominator")}
    names = asked.get(programmes.ASKS.get(metric.roll_up or Rule.EACH, ""), ("value",))
    faults: dict[str, list[str]] = {}
    read: dict[str, Fraction | None] = {"value": None, "numerator": None, "denominator": None}
    starred = False
    for name in names:
        given, star = split_mark(getattr(typed, name))
        starred = starred or star
        try:
            read[name] = read_number(given, name)
        except InvalidInput as error:
            faults |= error.fields
    if read["denominator"] is not None and read["denominator"] < 0:
        faults["denominator"] = [_("This cannot lie below nought.")]
    if not faults and "numerator" in names:
        top, bottom = read["numerator"] or Fraction(0), read["denominator"] or Fraction(0)
        if not bottom and top:
            faults["denominator"] = [_("Something out of nothing: check the two numbers.")]
        read["value"] = programmes.ratio(metric, top, bottom)
    if faults:
        raise InvalidInput(faults)
    return read, starred


def _written(row: ProgrammeValue | None) -> str:
    if row is None:
        return ""
    star = "*" if row.provisional else ""
    if row.numerator is not None:
        return f"{write(row.numerator)}/{write(row.denominator)}{star}"
    if row.denominator is not None:
        return f"{write(row.value)} ({write(row.denominator)}){star}"
    return f"{write(row.value)}{star}"


def set_counts(
    actor: Actor,
    metric: Metric,
    month: str,
    numerator: Number,
    denominator: Number,
    *,
    version: int | None = None,
) -> MetricValue | None:
    """Write a site's percentage from its counts; both empty take the month away. Raises InvalidInput, Conflict."""
    typed = Typed(None, numerator, denominator)
    if typed.is_empty:
        return set_value(actor, metric, month, None, version=version)
    faults: dict[str, list[str]] = {}
    read: list[Fraction] = []
    starred = False
    for name, given in (("numerator", numerator), ("denominator", denominator)):
        text, star = split_mark(given)
        starred = starred or star
        try:
            read.append(read_number(text, name))
        except InvalidInput as error:
            faults |= error.fields
    if not faults and read[1] <= 0:
        faults["denominator"] = [_("This has to be more than nought.")]
    if faults:
        raise InvalidInput(faults)
    value = programmes.ratio(metric, *read)
    return set_value(
        actor,
        metric,
        month,
        value,
        numerator=read[0],
        denominator=read[1],
        provisional=starred,
        version=version,
    )
