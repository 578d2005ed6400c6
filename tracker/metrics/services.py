"""Keep metrics: what they are, what they aim at, and what was measured. Every change of data stores a run."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from scoring import numbers
from scoring.catalogue import Item, Standard
from scoring.roll_up import Rule
from tracker import clock, history
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.metrics.models import Better, Metric, MetricTarget, MetricValue, ProgrammeValue
from tracker.metrics.series import MONTH, text_of, write
from tracker.moves import check_version
from tracker.numbering import next_number
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor
from tracker.reviews import scope
from tracker.scores import releases
from tracker.scores.models import Cause
from tracker.scores.services import Why, rescore_site
from tracker.scores.sheets import COPC, month_of

Number = str | int | Fraction | Decimal | None
EDITABLE = ("name_zh", "name_en", "required", "better", "measure", "owner_id", "unit_id", "roll_up")


def record_of(metric: Metric) -> Record:
    """The metric as history points to it."""
    return Record(metric.organisation_id, "metric", metric.id, metric.number)


def items(*standards: Standard) -> tuple[Item, ...]:
    """The items of releases that have metrics of their own: category 4 without 4.7, both tiers."""
    found = {item.id: item for standard in reversed(standards) for item in standard.items}
    return tuple(
        found[name]
        for name in dict.fromkeys(item.id for standard in standards for item in standard.items)
        if found[name].category == "4" and name != scope.ACHIEVING_RESULTS
    )


# ---------------------------------------------------------------- metrics


def create_metric(
    actor: Actor,
    *,
    site_id: int,
    item: str,
    name_zh: str = "",
    name_en: str = "",
    code: str = "",
    required: bool = True,
    better: Better | str | None = None,
    unit_id: int | None = None,
    measure: str = "",
    owner_id: int | None = None,
    roll_up: Rule | str | None = None,
    rescore: bool = True,
) -> Metric:
    """Add a metric to an item; without a code it gets one from its number. Raises NotFound, InvalidInput.

    `rescore` false is for many at once: the caller then calls `rescore_site` when all are there.
    """
    site = db.session.get(Site, (actor.organisation_id, site_id))
    if site is None:
        raise NotFound
    number = next_number(actor.organisation_id, "metric")
    code = code.strip() or f"m{number}"
    given = {"name_zh": name_zh, "name_en": name_en, "measure": measure, "unit_id": unit_id}
    given |= {"roll_up": Rule(roll_up) if roll_up else None, "better": Better(better) if better else None}
    _check_metric(site, item, code, given)
    metric = add(
        Metric(
            organisation_id=actor.organisation_id,
            number=number,
            site_id=site_id,
            unit_id=unit_id,
            item=item,
            code=code,
            name_zh=name_zh.strip() or name_en.strip(),
            name_en=name_en.strip() or name_zh.strip(),
            required=required,
            better=Better(better) if better else None,
            measure=measure.strip(),
            owner_id=owner_id,
            roll_up=given["roll_up"],
            position=number,
        )
    )
    history.record(
        record_of(metric), "created", actor.person_id, changes={"item": ["", item], "code": ["", code]}
    )
    if rescore:
        rescore_data(metric, actor)
    return metric


def _check_metric(site: Site, item: str, code: str, given: Mapping[str, Any]) -> None:
    faults: dict[str, list[str]] = {}
    standard = releases.of_site(site.organisation_id, site.id)[COPC]
    if item not in {entry.id for entry in items(standard)}:
        faults["item"] = [_("Choose an item of category 4; item 4.7 has no metrics of its own.")]
    if len(code) > 60 or "/" in code:
        faults["code"] = [_("A code has at most 60 characters and no slash.")]
    elif _is_taken(site, item, code):
        faults["code"] = [_("This item has a metric with that code already.")]
    faults |= _text_faults(given) | _rule_faults(given)
    if given.get("unit_id") is not None and not _has_unit(site, given["unit_id"]):
        faults["unit_id"] = [_("Choose a programme of this site.")]
    if faults:
        raise InvalidInput(faults)


def _rule_faults(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """What speaks against rolling a metric up by its rule; one that counts per programme is a metric for each."""
    rule = given.get("roll_up")
    if rule is None:
        return {}
    if rule is Rule.EACH:
        return {"roll_up": [_("Keep one metric for each programme instead.")]}
    if given.get("unit_id") is not None:
        return {"roll_up": [_("A metric that is kept for one programme has nothing to roll up.")]}
    if rule is Rule.WORST and given.get("better") not in (Better.HIGHER, Better.LOWER):
        return {"roll_up": [_("The worst programme needs a metric that is better higher or lower.")]}
    return {}


def _text_faults(given: Mapping[str, Any]) -> dict[str, list[str]]:
    faults = {}
    if not (given.get("name_zh") or "").strip() and not (given.get("name_en") or "").strip():
        faults["name_en"] = [_("Name the metric in at least one language.")]
    for name, longest in (("name_zh", 200), ("name_en", 200), ("measure", 20)):
        if len(given.get(name) or "") > longest:
            faults[name] = [_("At most %(count)d characters.", count=longest)]
    return faults


def _is_taken(site: Site, item: str, code: str) -> bool:
    return bool(
        db.session.execute(
            sa.select(
                sa.exists().where(
                    Metric.organisation_id == site.organisation_id,
                    Metric.site_id == site.id,
                    Metric.item == item,
                    Metric.code == code,
                )
            )
        ).scalar()
    )


def _has_unit(site: Site, unit_id: int) -> bool:
    unit = db.session.get(Unit, (site.organisation_id, unit_id))
    return unit is not None and unit.site_id == site.id


def edit_metric(actor: Actor, metric: Metric, fields: Mapping[str, Any], version: int | None = None) -> None:
    """Change what a metric is; its item and code stay, because facts are named by them.

    Raises InvalidInput, Conflict.
    """
    check_version(metric, version)
    given = {name: fields[name] for name in EDITABLE if name in fields}
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    texts = {name: given.get(name, getattr(metric, name)) for name in ("name_zh", "name_en", "measure")}
    faults = _text_faults(texts)
    if given.get("unit_id") is not None and not _has_unit(site, given["unit_id"]):
        faults["unit_id"] = [_("Choose a programme of this site.")]
    if "roll_up" in given:
        given["roll_up"] = Rule(given["roll_up"]) if given["roll_up"] else None
    if "better" in given:
        given["better"] = Better(given["better"]) if given["better"] else None
        if given["better"] is None and _has_values(metric):
            faults["better"] = [_("A metric with values needs a good direction.")]
    faults |= _rule_faults(
        {name: given.get(name, getattr(metric, name)) for name in ("roll_up", "unit_id", "better")}
    )
    if faults:
        raise InvalidInput(faults)
    said = {}
    for name, after in given.items():
        before = getattr(metric, name)
        if before != after:
            setattr(metric, name, after)
            said[name] = [before, after]
    if said:
        history.record(record_of(metric), "edited", actor.person_id, changes=said)
        rescore_data(metric, actor)


def _has_values(metric: Metric) -> bool:
    return bool(
        db.session.execute(
            sa.select(
                sa.exists().where(
                    MetricValue.organisation_id == metric.organisation_id, MetricValue.metric_id == metric.id
                )
            )
        ).scalar()
    )


# ---------------------------------------------------------------- targets


def set_target(
    actor: Actor,
    metric: Metric,
    from_month: str,
    *,
    value: Number = None,
    low: Number = None,
    high: Number = None,
    version: int | None = None,
    rescore: bool = True,
) -> MetricTarget:
    """Set the target in force from a month on: one number, or for a range its two ends.

    Raises InvalidInput with every field that cannot be accepted, and Conflict.
    """
    numbers_given = _read_target(metric, from_month, {"value": value, "low": low, "high": high})
    row = db.session.execute(
        sa.select(MetricTarget).where(
            MetricTarget.organisation_id == metric.organisation_id,
            MetricTarget.metric_id == metric.id,
            MetricTarget.from_month == from_month,
        )
    ).scalar_one_or_none()
    before = text_of(row) if row is not None else ""
    if row is None:
        row = MetricTarget(
            organisation_id=metric.organisation_id,
            metric_id=metric.id,
            from_month=from_month,
            **numbers_given,
        )
        add(row)
    else:
        check_version(row, version)
        for name, number in numbers_given.items():
            setattr(row, name, number)
    history.record(
        record_of(metric), "target_set", actor.person_id, changes={from_month: [before, text_of(row)]}
    )
    if rescore:
        rescore_data(metric, actor)
    return row


def _read_target(metric: Metric, from_month: str, given: dict[str, Number]) -> dict[str, Fraction | None]:
    faults: dict[str, list[str]] = {}
    if not MONTH.fullmatch(from_month):
        faults["from_month"] = [_("Give the month as 2026-01.")]
    wanted = ("low", "high") if metric.better == Better.RANGE else ("value",)
    read: dict[str, Fraction | None] = dict.fromkeys(given)
    for name in wanted:
        try:
            read[name] = read_number(given[name], name)
        except InvalidInput as error:
            faults |= error.fields
    low, high = read.get("low"), read.get("high")
    if low is not None and high is not None and low > high:
        faults["high"] = [_("The upper end lies below the lower one.")]
    if metric.better is None:
        faults["value"] = [_("Say first which direction is good.")]
    if faults:
        raise InvalidInput(faults)
    return read


def read_number(value: Number, field: str = "value") -> Fraction:
    """A number exactly as it was typed; a decimal comma and spaces are understood. Raises InvalidInput."""
    text = (
        value.replace("\u00a0", "").replace(" ", "").replace("，", ",") if isinstance(value, str) else value
    )
    if isinstance(text, str):
        text = text.rstrip("%％")
        if text.count(",") == 1 and "." not in text and len(text.partition(",")[2]) != 3:
            text = text.replace(",", ".")
    if text is None or text == "":
        raise InvalidInput({field: [_("Enter a number.")]})
    if isinstance(text, Fraction):
        return text
    try:
        found = numbers.parse(text)
    except numbers.NotANumber:
        raise InvalidInput({field: [_("Not a number: enter a decimal such as 97.5.")]}) from None
    if len(str(found)) > 100:
        raise InvalidInput({field: [_("Not a number of reasonable size.")]})
    return found


def remove_target(actor: Actor, metric: Metric, target: MetricTarget, version: int | None = None) -> None:
    """Take a target away; the one before it is in force again. Raises Conflict."""
    check_version(target, version)
    before, month = text_of(target), target.from_month
    db.session.delete(target)
    history.record(record_of(metric), "target_removed", actor.person_id, changes={month: [before, ""]})
    rescore_data(metric, actor)


# ---------------------------------------------------------------- values


def set_value(
    actor: Actor,
    metric: Metric,
    month: str,
    value: Number,
    *,
    numerator: Number = None,
    denominator: Number = None,
    provisional: bool = False,
    version: int | None = None,
    rescore: bool = True,
) -> MetricValue | None:
    """Write the value of a month, exact as it was typed; an empty one takes the month's value away.

    `version` is that of the value that was shown; 0 says that the month was shown empty. A provisional value, by
    the argument or by a star behind it, counts as any other and is marked until it is entered without.

    Raises InvalidInput, Conflict.
    """
    value, starred = split_mark(value)
    before, row = _put_value(metric, month, (value, numerator, denominator), version, provisional or starred)
    after = _written(row)
    if before != after:
        history.record(record_of(metric), "value_set", actor.person_id, changes={month: [before, after]})
        if rescore:
            rescore_data(metric, actor)
    return row


def _put_value(
    metric: Metric,
    month: str,
    given: tuple[Number, Number, Number],
    version: int | None,
    provisional: bool = False,
) -> tuple[str, MetricValue | None]:
    """Write or take away the value of a month; hands back what stood there as text, and the row that now does."""
    check_month(metric, month)
    row = db.session.execute(
        sa.select(MetricValue).where(
            MetricValue.organisation_id == metric.organisation_id,
            MetricValue.metric_id == metric.id,
            MetricValue.month == month,
        )
    ).scalar_one_or_none()
    _check_value_version(row, version)
    before = _written(row)
    value = given[0]
    if value is None or (isinstance(value, str) and not value.strip()):
        _take_away(row)
        return before, None
    if metric.roll_up is not None and (begins := _rolled_from(metric)) is not None and month >= begins:
        raise InvalidInput(
            {
                "value": [
                    _("This month is rolled up from the programmes: enter their values on the metric's page.")
                ]
            }
        )
    return before, _write_value(metric, month, row, _read_value(*given), provisional)


def _rolled_from(metric: Metric) -> str | None:
    """The first month in which a programme has a value."""
    return db.session.execute(
        sa.select(sa.func.min(ProgrammeValue.month)).where(
            ProgrammeValue.organisation_id == metric.organisation_id, ProgrammeValue.metric_id == metric.id
        )
    ).scalar_one_or_none()


def split_mark(value: Number) -> tuple[Number, bool]:
    """A typed number without the star that marks it as provisional, and whether there was one.

    >>> split_mark("97.2*"), split_mark("97.2"), split_mark(None)
    (('97.2', True), ('97.2', False), (None, False))
    """
    if not isinstance(value, str):
        return value, False
    bare = value.strip()
    return (bare.rstrip("*＊").rstrip(), True) if bare.endswith(("*", "＊")) else (value, False)


def _written(row: MetricValue | None) -> str:
    """A value as history tells it."""
    return "" if row is None else write(row.value) + ("*" if row.provisional else "")


def check_month(metric: Metric, month: str) -> None:
    if not MONTH.fullmatch(month):
        raise InvalidInput({"month": [_("Give the month as 2026-01.")]})
    if month > month_of(clock.today()):
        raise InvalidInput({"value": [_("This month has not begun yet.")]})
    if metric.better is None:
        raise InvalidInput({"value": [_("Say first which direction is good.")]})


def _check_value_version(row: MetricValue | None, version: int | None) -> None:
    if version is None:
        return
    if (row.version if row is not None else 0) != version:
        raise Conflict(_("Somebody else entered a value for this month in the meantime."))


def _read_value(value: Number, numerator: Number, denominator: Number) -> dict[str, Fraction | None]:
    read: dict[str, Fraction | None] = {"value": read_number(value)}
    for name, given in (("numerator", numerator), ("denominator", denominator)):
        empty = given is None or (isinstance(given, str) and not given.strip())
        read[name] = None if empty else read_number(given, name)
    return read


def _write_value(
    metric: Metric,
    month: str,
    row: MetricValue | None,
    read: dict[str, Fraction | None],
    provisional: bool,
) -> MetricValue:
    if row is None:
        return add(
            MetricValue(
                organisation_id=metric.organisation_id,
                metric_id=metric.id,
                month=month,
                provisional=provisional,
                **read,
            )
        )
    row.provisional = provisional
    for name, number in read.items():
        setattr(row, name, number)
    db.session.flush()
    return row


def _take_away(row: MetricValue | None) -> None:
    if row is not None:
        db.session.delete(row)
        db.session.flush()


def set_values(actor: Actor, metric: Metric, values: Mapping[str, Number], *, rescore: bool = True) -> None:
    """Write the values of many months at once, all or none, and store one run. Raises InvalidInput."""
    said = {}
    for month, value in sorted(values.items()):
        value, starred = split_mark(value)
        before, row = _put_value(metric, month, (value, None, None), None, starred)
        after = _written(row)
        if before != after:
            said[month] = [before, after]
    if said:
        history.record(record_of(metric), "value_set", actor.person_id, changes=said)
        if rescore:
            rescore_data(metric, actor)


def rescore_data(metric: Metric, actor: Actor) -> None:
    """New data move the verified score at once, up or down; a site without current facts has none to move."""
    db.session.flush()
    rescore_site(metric.organisation_id, metric.site_id, Why(Cause.DATA), actor)
