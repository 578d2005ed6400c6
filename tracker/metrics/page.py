"""One metric: its verdict, its months, its chart and what holds it."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import sqlalchemy as sa

from tracker import charts, clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.metrics import insight, programmes, series
from tracker.metrics.loaded import (
    MONTHS_SHOWN,
    SiteSeries,
    current_facts,
    load_site,
    stated_in,
    target_view,
    value_versions,
)
from tracker.metrics.models import Better, Metric, MetricTarget
from tracker.metrics.rolled import PERCENT
from tracker.metrics.viewmodels import (
    CheckView,
    MetricPage,
    MonthView,
    VerdictView,
)
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.organisations.models import Site
from tracker.reviews.models import Fact, FactKind
from tracker.scores.sheets import PINNING, month_of


def get_metric_page(metric: Metric) -> MetricPage:
    """Everything on the page of a metric."""
    site = db.session.get_one(Site, (metric.organisation_id, metric.site_id))
    facts = current_facts(metric.organisation_id, metric.site_id)
    loaded = load_site(metric.organisation_id, site, stated_in(fact for fact, _person in facts))
    _metric, unit, owner = next(entry for entry in loaded.rows if entry[0].id == metric.id)
    said = [
        (fact, person) for fact, person in facts if (fact.element, fact.subject) == (metric.item, metric.code)
    ]
    verdict = loaded.verdict(metric)
    months = _all_months(loaded, metric)
    name = pick(metric.name_zh, metric.name_en)
    targets = loaded.targets.get(metric.id, [])
    values, counts = loaded.values.get(metric.id, {}), loaded.readings.counts.get(metric.id, {})
    pinned_by = _pinned_by(metric)
    policy = series.policy_of(site)
    return MetricPage(
        number=metric.number,
        version=metric.version,
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        site_id=site.id,
        item=metric.item,
        item_name=loaded.item_name(metric.item),
        code=metric.code,
        name_zh=metric.name_zh,
        name_en=metric.name_en,
        unit=pick(unit.name_zh, unit.name_en) if unit is not None else "",
        required=metric.required,
        better=metric.better.value if metric.better is not None else "",
        measure=metric.measure,
        owner=pick(owner.name_zh, owner.name_en) if owner is not None else "",
        owner_id=metric.owner_id,
        verdict=verdict,
        months=months,
        targets=tuple(target_view(row, metric.measure) for row in reversed(targets)),
        checks=(*_checks(verdict, said, bool(targets)), *_use_of(owner, verdict, pinned_by)),
        has_facts=loaded.has_facts,
        chart=_chart(metric, name, months, targets),
        pinned_by=pinned_by,
        hints=loaded.hints([metric])[metric.id],
        control=insight.control_of(name, metric.measure, _charted(months), values),
        variation=insight.variation_of(
            [values[month] for month in sorted(values)],
            [counts[month] for month in sorted(counts)],
            metric.better.value if metric.better is not None else None,
            policy,
        ),
        windows=insight.windows_of(loaded.scored(metric), policy, clock.today()),
        roll_up=programmes.get_grid(metric, loaded.readings, [view.month for view in months])
        if metric.roll_up is not None
        else None,
        counted=metric.measure.strip() in PERCENT and metric.roll_up is None,
    )


def _charted(months: Sequence[MonthView]) -> list[str]:
    """The months from the first value on to the last, gaps included."""
    there = [place for place, view in enumerate(months) if view.value]
    return [view.month for view in months[there[0] : there[-1] + 1]] if there else []


def _use_of(owner: Person | None, verdict: VerdictView, pinned_by: Sequence[int]) -> tuple[CheckView, ...]:
    """K and A: is there somebody who knows the number, and does anything happen where it is bad."""
    known = (
        _("%(owner)s answers for it.", owner=pick(owner.name_zh, owner.name_en))
        if owner is not None
        else _("Nobody is named who answers for it.")
    )
    good = not verdict.failing and verdict.meets
    if good:
        acted = _("It meets its target: nothing has to be done now.")
    elif pinned_by:
        acted = _("Non-conformities that are open speak of it.")
    else:
        acted = _("It is bad, and no open non-conformity speaks of it.")
    return (
        CheckView("K", _("Known"), owner is not None, known),
        CheckView("A", _("Acted on"), good or bool(pinned_by), acted),
    )


def _all_months(loaded: SiteSeries, metric: Metric) -> tuple[MonthView, ...]:
    """From the first value on (at least a year) to this month, gaps included."""
    last = month_of(clock.today())
    first = min([*loaded.values.get(metric.id, {}), series.month_after(last, 1 - MONTHS_SHOWN)])
    count = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
    versions = value_versions(metric.organisation_id, [metric.id])
    return tuple(
        replace(view, version=versions.get((metric.id, view.month), 0))
        for view in loaded.months(metric, series.latest_months(last, count))
    )


def _checks(
    verdict: VerdictView, said: Sequence[tuple[Fact, Person | None]], has_target: bool
) -> tuple[CheckView, ...]:
    """C from the data, U and I from recorded checks."""
    by_aspect = {fact.aspect: (fact, person) for fact, person in said}
    if "C" in verdict.failing:
        collected = _("Fewer than three values.")
    elif verdict.periods:
        collected = _("At least three monthly values.")
    else:
        collected = _("as stated by the assessor")
    letters = [CheckView("C", _("Collected"), "C" not in verdict.failing, collected)]
    for letter, aspect, name in (("U", "usable", _("Usable")), ("I", "integrity", _("Integrity"))):
        fact, person = by_aspect.get(aspect, (None, None))
        why = _("Checked.") if fact is not None and fact.value else _("Not checked yet; taken as it is.")
        if letter == "U" and letter in verdict.failing and not has_target:
            why = _("There is no target.")
        letters.append(
            CheckView(
                letter,
                name,
                letter not in verdict.failing,
                why,
                aspect=aspect,
                note=fact.note if fact is not None else "",
                evidence=fact.evidence if fact is not None else "",
                version=fact.version if fact is not None else None,
                who=pick(person.name_zh, person.name_en) if person is not None else "",
                on=fact.judged_at.date() if fact is not None and fact.judged_at is not None else None,
            )
        )
    return tuple(letters)


def _chart(
    metric: Metric, name: str, months: Sequence[MonthView], targets: Sequence[MetricTarget]
) -> dict[str, object] | None:
    if not any(view.value for view in months):
        return None
    in_force = targets[-1] if targets else None
    readings = [
        charts.Reading(
            view.month,
            Fraction(view.value) if view.value else None,
            view.meets,
            series.with_measure(view.value, metric.measure)
            + (_(" (provisional)") if view.provisional else ""),
            provisional=view.provisional,
        )
        for view in months
    ]
    target = series.text_of(in_force, metric.measure) if in_force is not None else ""
    words = charts.RunWords(
        metric=f"{name} ({metric.measure})" if metric.measure else name,
        target=_("Target %(target)s", target=target) if target else "",
        met=_("Target met"),
        missed=_("Target missed"),
        missing=_("No value"),
    )
    if in_force is not None and metric.better == Better.RANGE:
        ends = (in_force.low or Fraction(0), in_force.high or Fraction(0))
        return dict(charts.run_chart(readings, words, target_range=ends))
    return dict(charts.run_chart(readings, words, target=in_force.value if in_force is not None else None))


def _pinned_by(metric: Metric) -> tuple[int, ...]:
    """Numbers of the open non-conformities that pin a fact of the metric."""
    rows = db.session.execute(
        sa.select(Nonconformity.number)
        .join(
            Pin,
            (Pin.organisation_id == Nonconformity.organisation_id)
            & (Pin.nonconformity_id == Nonconformity.id),
        )
        .where(
            Nonconformity.organisation_id == metric.organisation_id,
            Nonconformity.site_id == metric.site_id,
            Nonconformity.state.in_(PINNING),
            Pin.element == metric.item,
            Pin.kind == FactKind.METRIC.value,
            Pin.subject == metric.code,
            Pin.released_at.is_(None),
        )
        .distinct()
        .order_by(Nonconformity.number)
    ).scalars()
    return tuple(rows)
