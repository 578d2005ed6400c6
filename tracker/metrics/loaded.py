"""The metrics of a site with their months and verdicts, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sqlalchemy as sa

from scoring.catalogue import Standard
from scoring.metrics import MetricFacts
from scoring.sheet import Metric as ScoredMetric
from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.i18n import say
from tracker.metrics import insight, series
from tracker.metrics.models import Metric, MetricTarget, MetricValue
from tracker.metrics.rolled import Readings
from tracker.metrics.viewmodels import (
    HintView,
    MonthView,
    TargetView,
    VerdictView,
)
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.organisations.models import Site, Unit
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review, Tier
from tracker.scores import releases
from tracker.scores.sheets import COPC, PINNING, read_readings

Stated = Mapping[tuple[str, str], Mapping[str, bool]]
MONTHS_SHOWN = 12
PINNED = ("cui", "meets", "improves")


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
