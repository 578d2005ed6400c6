"""What the facts that a record pins are called, in words and not by their keys."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.metrics.models import Metric
from tracker.nonconformities import wording
from tracker.nonconformities.drafts import PinSpec
from tracker.organisations.models import Unit
from tracker.reviews.facts import parse_key
from tracker.reviews.models import FactKind
from tracker.scores.releases import Known, first, of_site


def subject_names(organisation_id: int, site_id: int, pins: Iterable[Any]) -> dict[tuple[str, str], str]:
    """(kind, code) → name of the programmes, key positions and metrics that pins speak of: one statement."""
    pins = list(pins)
    units = {pin.subject for pin in pins if pin.kind == FactKind.UNIT}
    metrics = {pin.subject for pin in pins if pin.kind == FactKind.METRIC}
    if not units and not metrics:
        return {}
    rows = db.session.execute(
        sa.union_all(
            sa.select(sa.literal("unit"), Unit.code, Unit.name_zh, Unit.name_en).where(
                Unit.organisation_id == organisation_id, Unit.site_id == site_id, Unit.code.in_(units)
            ),
            sa.select(sa.literal("metric"), Metric.code, Metric.name_zh, Metric.name_en).where(
                Metric.organisation_id == organisation_id, Metric.site_id == site_id, Metric.code.in_(metrics)
            ),
        )
    )
    return {(kind, code): pick(zh, en) for kind, code, zh, en in rows}


def fact_name(pin: Any, names: dict[tuple[str, str], str], lang: str, releases: Known) -> str:
    """What a pinned fact is called: the line, the unit, the metric with its aspect, the row with its level."""
    if pin.kind == FactKind.UNIT:
        return _("Deployed in %(unit)s", unit=names.get(("unit", pin.subject), pin.subject))
    if pin.kind == FactKind.METRIC:
        return f"{names.get(('metric', pin.subject), pin.subject)}: {aspect_words(pin.aspect)}"
    if pin.kind == FactKind.ROW:
        row = wording.row_name(pin.element, pin.subject, lang, releases)
        return _("%(row)s at level %(level)s", row=row, level=pin.level)
    if pin.kind == FactKind.WORD:
        return _("The assessor's word: compliant")
    return _("Line %(line)s", line=pin.subject)


def aspect_words(aspect: str) -> str:
    """What about a metric is pinned."""
    return {
        "cui": _("collected, usable, with integrity"),
        "meets": _("meets its target"),
        "improves": _("sustained improvement"),
        "collected": _("collected"),
        "usable": _("usable"),
        "integrity": _("with integrity"),
        "meets_target": _("meets its target"),
        "improving": _("sustained improvement"),
    }.get(aspect, aspect)


def name_facts(organisation_id: int, site_id: int, pins: Iterable[PinSpec]) -> dict[str, str]:
    """Key → the item and what the fact is called: three statements at most, none for nothing."""
    known = [(pin, parse_key(pin.key)) for pin in pins]
    if not known:
        return {}
    named = [
        SimpleNamespace(
            element=key.element, kind=key.kind, subject=key.subject, aspect=key.aspect, level=pin.level
        )
        for pin, key in known
    ]
    names = subject_names(organisation_id, site_id, named)
    lang, releases = language(), of_site(organisation_id, site_id)
    return {
        pin.key: f"{each.element} · {fact_name(each, names, lang, releases)}"
        for (pin, _key), each in zip(known, named, strict=True)
    }


def key_words(key: str) -> str:
    """A fact by its key alone, as history kept it; what is no key stays as it is."""
    try:
        found = parse_key(key)
    except ValueError:
        return key
    said = {
        FactKind.LINE: _("Line %(line)s", line=found.subject),
        FactKind.UNIT: _("Deployed in %(unit)s", unit=found.subject),
        FactKind.METRIC: f"{found.subject}: {aspect_words(found.aspect)}",
        FactKind.WORD: _("The assessor's word: compliant"),
        FactKind.ROW: _row_name(found.element, found.subject),
    }
    return f"{found.element} · {said.get(found.kind, found.subject)}"


def _row_name(criterion: str, row: str) -> str:
    known = first().criterion(criterion)
    names = {each.id: each.name.of(language()) for each in known.rows} if known is not None else {}
    return names.get(row, row)


def keys_words(value: object) -> str:
    keys = value if isinstance(value, list) else str(value).split(", ")
    return ", ".join(key_words(str(key)) for key in keys)
