"""Reads of metrics: a fixed number of statements whatever the number of metrics and months."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

import sqlalchemy as sa

from scoring.catalogue import Standard
from scoring.metrics import MetricFacts
from scoring.policy import Policy
from scoring.sheet import Metric as ScoredMetric
from tracker import charts, clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import gettext as _
from tracker.i18n import pick, say
from tracker.metrics import insight, programmes, series
from tracker.metrics.models import Better, Metric, MetricTarget, MetricValue
from tracker.metrics.rolled import PERCENT, Readings
from tracker.metrics.viewmodels import (
    CheckView,
    GridRow,
    HintView,
    MetricPage,
    MetricRow,
    MonthView,
    TargetView,
    VerdictView,
)
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor, Subject
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review, Tier
from tracker.scores import releases
from tracker.scores.sheets import COPC, PINNING, month_of, read_readings, read_series

Stated = Mapping[tuple[str, str], Mapping[str, bool]]
MONTHS_SHOWN = 12
# Periods begun after the last task that a level or trend gap needs (N-METRIC).
PERIODS_NEEDED = 3


class Pinned(Protocol):
    """What `disagree` reads of a pin."""

    element: Any
    subject: Any
    aspect: Any
    nonconformity_id: Any


# ---------------------------------------------------------------- rows


def get_metric(organisation_id: int, number: int) -> Metric:
    """The metric with this number. Raises NotFound."""
    found = db.session.execute(
        sa.select(Metric).where(Metric.organisation_id == organisation_id, Metric.number == number)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def subject_of(metric: Metric) -> Subject:
    """The metric as permissions see it."""
    owners = frozenset({metric.owner_id}) if metric.owner_id is not None else frozenset()
    return Subject(site_id=metric.site_id, owner_ids=owners)


def get_target(metric: Metric, target_id: int) -> MetricTarget:
    """A target of a metric. Raises NotFound."""
    found = db.session.get(MetricTarget, (metric.organisation_id, target_id))
    if found is None or found.metric_id != metric.id:
        raise NotFound
    return found


def current_facts(organisation_id: int, site_id: int) -> tuple[tuple[Fact, Person | None], ...]:
    """What is stated of the metrics of a site in its current facts, with who said it."""
    rows = db.session.execute(
        sa.select(Fact, Person)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .outerjoin(
            Person, (Person.organisation_id == Fact.organisation_id) & (Person.id == Fact.judged_by_id)
        )
        .where(
            Fact.organisation_id == organisation_id,
            FactSet.site_id == site_id,
            FactSet.standard == COPC,
            FactSet.kind == FactSetKind.CURRENT,
            Fact.kind == FactKind.METRIC,
        )
    )
    return tuple((fact, person) for fact, person in rows)


def stated_in(facts: Iterable[Fact]) -> dict[tuple[str, str], dict[str, bool]]:
    """(item, code) → aspect → what is stated; what has been taken back is left out."""
    found: dict[tuple[str, str], dict[str, bool]] = defaultdict(dict)
    for fact in facts:
        if fact.kind == FactKind.METRIC and fact.value:
            found[fact.element, fact.subject][fact.aspect] = fact.value == "yes"
    return found


def verdict_of(facts: MetricFacts, stated: Mapping[str, bool]) -> VerdictView:
    """What the rules say of a metric, as pages see it."""
    return VerdictView(
        failing=facts.failing,
        meets=facts.meets,
        improving=facts.improving,
        periods_met=facts.periods_met,
        periods=facts.periods,
        provisional=facts.provisional,
        stated=tuple(stated),
    )


# ---------------------------------------------------------------- N-METRIC


def disagree(
    organisation_id: int, site_id: int, pins: Sequence[Pinned], since: date | Mapping[int, date | None] | None
) -> tuple[str, ...]:
    """Names of the pinned metric facts that the data do not show (N-METRIC).

    Of a level only months begun after `since`, the day of the last task, count, and at least three of them; of a
    trend the last three months must have begun after it. `since` may also say it for each non-conformity, where
    several are judged together, each on its own work. CUI is read as it stands. A fact that an assessor stated
    agrees when it says yes. Facts of other kinds are passed over.
    """
    wanted = [pin for pin in pins if pin.aspect in ("cui", "meets", "improves")]
    if not wanted:
        return ()
    site = db.session.get_one(Site, (organisation_id, site_id))
    targets, values = read_series(organisation_id, site_id, clock.today())
    stated = stated_in(fact for fact, _person in current_facts(organisation_id, site_id))
    known = {
        (metric.item, metric.code): metric
        for metric in db.session.execute(
            sa.select(Metric).where(Metric.organisation_id == organisation_id, Metric.site_id == site_id)
        ).scalars()
    }
    policy = series.policy_of(site)
    names = []
    for pin in wanted:
        metric = known.get((pin.element, pin.subject))
        if metric is None:
            names.append(pin.subject)
            continue
        said = stated.get((pin.element, pin.subject), {})
        if not _agrees(
            pin.aspect,
            metric,
            (targets.get(metric.id, []), values.get(metric.id, {})),
            said,
            since.get(pin.nonconformity_id) if isinstance(since, Mapping) else since,
            policy,
        ):
            names.append(f"{metric.item} {pick(metric.name_zh, metric.name_en)}")
    return tuple(dict.fromkeys(names))


def _agrees(
    aspect: str,
    metric: Metric,
    data: tuple[Sequence[MetricTarget], Mapping[str, Fraction]],
    stated: Mapping[str, bool],
    since: date | None,
    policy: Policy,
) -> bool:
    targets, values = data
    counted = {
        month: value for month, value in values.items() if since is None or series.first_day(month) > since
    }
    whole = series.facts_of(series.scored(metric, targets, values, stated), policy)
    if aspect == "cui":
        return whole.cui
    if aspect == "meets":
        if "meets_target" in stated:
            return whole.meets
        later = series.facts_of(series.scored(metric, targets, counted, stated), policy)
        return len(counted) >= PERIODS_NEEDED and later.meets
    if "improving" in stated:
        return whole.improving
    return len(counted) >= PERIODS_NEEDED and whole.improving


# ---------------------------------------------------------------- the register


@dataclass(frozen=True)
class SiteSeries:
    """The metrics of a site with their targets, values and what is stated of them.

    `pinned` says which aspects open non-conformities hold at "not met"; `tier` is what the site is scored in, and
    `has_facts` whether it has current facts, so that a check can be recorded on them. `standard` is the release that
    the site is judged by.
    """

    site: Site
    rows: tuple[tuple[Metric, Unit | None, Person | None], ...]
    targets: dict[int, list[MetricTarget]]
    readings: Readings
    stated: Stated
    pinned: Mapping[int, frozenset[str]] = field(default_factory=dict)
    tier: str = "standard"
    has_facts: bool = False
    standard: Standard = field(default_factory=lambda: releases.first()[COPC])

    @property
    def values(self) -> dict[int, dict[str, Fraction]]:
        """Metric → month → value."""
        return self.readings.values

    def scored(self, metric: Metric) -> ScoredMetric:
        """One of them as the rules read it."""
        said = self.stated.get((metric.item, metric.code), {})
        return series.scored(metric, self.targets.get(metric.id, []), self.values.get(metric.id, {}), said)

    def verdict(self, metric: Metric) -> VerdictView:
        """What the rules say of one of them."""
        said = self.stated.get((metric.item, metric.code), {})
        return verdict_of(series.facts_of(self.scored(metric), series.policy_of(self.site)), said)

    def known(self, metric: Metric) -> insight.Known:
        """One of them as its hints read it."""
        return insight.Known(
            item=metric.item,
            scored=self.scored(metric),
            measure=metric.measure,
            pinned=self.pinned.get(metric.id, frozenset()),
            left_out=self.readings.left_out.get(metric.id),
        )

    def hints(self, wanted: Iterable[Metric] | None = None) -> dict[int, tuple[HintView, ...]]:
        """Metric → what people should look at before it costs points."""
        day, policy = clock.today(), series.policy_of(self.site)
        known = {metric.id: self.known(metric) for metric, _unit, _owner in self.rows}
        edges = insight.edges_of(known.values(), policy, self.tier, day, self.standard)
        chosen = known if wanted is None else [metric.id for metric in wanted]
        return {
            each: insight.hints_of(known[each], edges.get(known[each].item, ()), policy, day, self.standard)
            for each in chosen
        }

    def item_name(self, item: str) -> str:
        """What an item is called at this site."""
        return say(self.standard.item(item).name) if self.standard.has_item(item) else item

    def months(self, metric: Metric, shown: Sequence[str]) -> tuple[MonthView, ...]:
        """The months of one of them, with the target in force in each."""
        targets, values = self.targets.get(metric.id, []), self.values.get(metric.id, {})
        scored = series.scored(metric, targets, values)
        begins = self.readings.rolled.get(metric.id, "")
        counts = self.readings.counts.get(metric.id, {})
        unsure = self.readings.provisional.get(metric.id, set())
        left_out = self.readings.left_out.get(metric.id, {})
        return tuple(
            MonthView(
                month=month,
                value=series.write(values.get(month)),
                numerator=series.write(counts[month][0]) if month in counts else "",
                denominator=series.write(counts[month][1]) if month in counts else "",
                target=series.target_text(targets, month, metric.measure),
                meets=series.meets(scored, month, values[month]) if month in values else None,
                provisional=month in unsure,
                rolled=bool(begins) and month >= begins,
                left_out=left_out.get(month, ()),
                shown=insight.shown(values[month]) if month in values else "",
            )
            for month in shown
        )


def load_site(organisation_id: int, site: Site, stated: Stated | None = None) -> SiteSeries:
    """Everything about the metrics of a site; `stated`, given by a review, stands in for the current facts."""
    held = {aspect: _is_pinned(aspect) for aspect in PINNED}
    rows = db.session.execute(
        sa.select(
            Metric,
            Unit,
            Person,
            _tier_of(site),
            releases.hash_in_force(COPC, organisation_id, site.id),
            *held.values(),
        )
        .outerjoin(Unit, (Unit.organisation_id == Metric.organisation_id) & (Unit.id == Metric.unit_id))
        .outerjoin(
            Person, (Person.organisation_id == Metric.organisation_id) & (Person.id == Metric.owner_id)
        )
        .where(Metric.organisation_id == organisation_id, Metric.site_id == site.id)
        .order_by(Metric.item, Metric.position, Metric.number)
    ).all()
    targets, readings = read_readings(organisation_id, site.id, clock.today())
    if stated is None:
        stated = stated_in(fact for fact, _person in current_facts(organisation_id, site.id))
    return SiteSeries(
        site,
        tuple((row[0], row[1], row[2]) for row in rows),
        targets,
        readings,
        stated,
        pinned={
            row[0].id: frozenset(aspect for aspect, yes in zip(held, row[5:], strict=True) if yes)
            for row in rows
        },
        tier=rows[0][3].value if rows and rows[0][3] is not None else "standard",
        has_facts=bool(rows) and rows[0][3] is not None,
        standard=releases.by_hash(organisation_id, rows[0][4])
        if rows and rows[0][4] is not None
        else releases.first()[COPC],
    )


PINNED = ("cui", "meets", "improves")


def _is_pinned(aspect: str) -> sa.Exists:
    """Whether an open non-conformity holds an aspect of the metric of the row."""
    return sa.exists().where(
        Pin.organisation_id == Metric.organisation_id,
        Pin.site_id == Metric.site_id,
        Pin.standard == COPC,
        Pin.key == Metric.item + "/metric/" + Metric.code + f"/{aspect}",
        Pin.released_at.is_(None),
        Nonconformity.organisation_id == Pin.organisation_id,
        Nonconformity.id == Pin.nonconformity_id,
        Nonconformity.state.in_(PINNING),
    )


def _tier_of(site: Site) -> sa.ScalarSelect[Tier]:
    """The tier of the review that the site's current facts come from."""
    return (
        sa.select(Review.tier)
        .join(FactSet, (FactSet.organisation_id == Review.organisation_id) & (FactSet.review_id == Review.id))
        .where(
            FactSet.organisation_id == site.organisation_id,
            FactSet.site_id == site.id,
            FactSet.standard == COPC,
            FactSet.kind == FactSetKind.CURRENT,
        )
        .limit(1)
        .scalar_subquery()
    )


def list_sites(actor: Actor) -> tuple[Site, ...]:
    """The active sites that a person sees."""
    sites = actor.sites()
    wanted = (
        sa.select(Site).where(Site.organisation_id == actor.organisation_id, Site.active).order_by(Site.code)
    )
    if sites is not None:
        wanted = wanted.where(Site.id.in_(sites))
    return tuple(db.session.execute(wanted).scalars())


def list_metrics(actor: Actor, site: Site, *, item: str = "", verdict: str = "") -> tuple[MetricRow, ...]:
    """The metrics of a site, by item; `verdict` is `cui`, `missing_target`, `not_improving`, `good` or `hints`."""
    return rows_of(load_site(actor.organisation_id, site), item=item, verdict=verdict)


def rows_of(loaded: SiteSeries, *, item: str = "", verdict: str = "") -> tuple[MetricRow, ...]:
    """The metrics that have been read, as their register shows them; narrowed like `list_metrics`."""
    hints = loaded.hints()
    rows = (
        _row(loaded, entry, hints[entry[0].id]) for entry in loaded.rows if not item or entry[0].item == item
    )
    return tuple(row for row in rows if not verdict or _speaks(row, verdict))


def hints(organisation_id: int, site: Site) -> tuple[tuple[MetricRow, HintView], ...]:
    """What people should look at among the metrics of a site, the gravest first: four statements."""
    loaded = load_site(organisation_id, site)
    found = loaded.hints()
    told = [
        (_row(loaded, entry, found[entry[0].id]), hint)
        for entry in loaded.rows
        for hint in found[entry[0].id]
    ]
    order = {kind: place for place, kind in enumerate(("drop", "cui", "stale", "gap", "edge"))}
    return tuple(sorted(told, key=lambda pair: order[pair[1].kind]))


def _speaks(row: MetricRow, wanted: str) -> bool:
    found = row.verdict
    return {
        "hints": bool(row.hints),
        "cui": bool(found.failing),
        "missing_target": not found.failing and not found.meets,
        "not_improving": not found.improving,
        "good": found.meets and found.improving,
    }.get(wanted, True)


def _row(
    loaded: SiteSeries,
    entry: tuple[Metric, Unit | None, Person | None],
    hints: tuple[HintView, ...] = (),
) -> MetricRow:
    metric, unit, owner = entry
    values = loaded.values.get(metric.id, {})
    last = max(values, default="")
    shown = loaded.months(metric, sorted(values)[-MONTHS_SHOWN:])
    return MetricRow(
        number=metric.number,
        item=metric.item,
        item_name=loaded.item_name(metric.item),
        code=metric.code,
        name=pick(metric.name_zh, metric.name_en),
        unit=pick(unit.name_zh, unit.name_en) if unit is not None else "",
        required=metric.required,
        better=metric.better.value if metric.better is not None else "",
        measure=metric.measure,
        last_month=last,
        last_value=series.with_measure(insight.shown(values[last]), metric.measure) if last else "",
        target=series.target_text(
            loaded.targets.get(metric.id, []), last or month_of(clock.today()), metric.measure
        ),
        owner=pick(owner.name_zh, owner.name_en) if owner is not None else "",
        verdict=loaded.verdict(metric),
        spark=tuple((view.month, view.value, view.meets) for view in shown),
        hints=hints,
    )


# ---------------------------------------------------------------- the grid of an item


def grid_of(
    loaded: SiteSeries, item: str, versions: Mapping[tuple[int, str], int], count: int = MONTHS_SHOWN
) -> tuple[GridRow, ...]:
    """The metrics of an item as rows of months up to now, for editing in place."""
    shown = series.latest_months(month_of(clock.today()), count)
    rows = []
    for metric, unit, _owner in loaded.rows:
        if metric.item != item:
            continue
        targets = loaded.targets.get(metric.id, [])
        months = tuple(
            replace(view, version=versions.get((metric.id, view.month), 0))
            for view in loaded.months(metric, shown)
        )
        rows.append(
            GridRow(
                number=metric.number,
                version=metric.version,
                code=metric.code,
                name=pick(metric.name_zh, metric.name_en),
                unit=pick(unit.name_zh, unit.name_en) if unit is not None else "",
                better=metric.better.value if metric.better is not None else "",
                measure=metric.measure,
                required=metric.required,
                verdict=loaded.verdict(metric),
                months=months,
                target=target_view(targets[-1], metric.measure) if targets else None,
            )
        )
    return tuple(rows)


def value_versions(organisation_id: int, metric_ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """(metric, month) → version of its value."""
    rows = db.session.execute(
        sa.select(MetricValue.metric_id, MetricValue.month, MetricValue.version).where(
            MetricValue.organisation_id == organisation_id, MetricValue.metric_id.in_(list(metric_ids))
        )
    )
    return {(metric_id, month): version for metric_id, month, version in rows}


def target_view(row: MetricTarget, measure: str = "") -> TargetView:
    """A target as pages see it."""
    return TargetView(
        id=row.id,
        version=row.version,
        from_month=row.from_month,
        text=series.text_of(row, measure),
        value=series.write(row.value),
        low=series.write(row.low),
        high=series.write(row.high),
    )


# ---------------------------------------------------------------- one metric


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
