"""Two reviews of a site side by side: what each item scored, which facts changed, what was found in between.

A reported review is compared by the run that its report stored; one that is not reported yet by its running score.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from tracker.database import db
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, say
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.offers import StateView, state_view
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor
from tracker.reviews import scope
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review
from tracker.reviews.work import Head, get_head, load
from tracker.scores.models import Cause, ScoringRun
from tracker.scores.releases import Known
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

HELD = (ReviewState.REPORTED, ReviewState.CLOSED)
DIMENSIONS = ("approach", "deployment", "level", "trend")
CHOICES = 100


@dataclass(frozen=True)
class Side:
    """One of the two reviews."""

    number: int
    code: str
    title: str
    state: StateView
    total: Fraction | None
    maximum: Fraction | None


@dataclass(frozen=True)
class Change:
    """A fact that one review judged otherwise than the other; "" where it was not judged or not asked for."""

    key: str
    kind: str
    subject: str
    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Found:
    """A non-conformity of an item that one of the two found, or that came or went between them."""

    number: int
    code: str
    title: str
    state: StateView


@dataclass(frozen=True)
class ElementChange:
    """An item or criterion in both."""

    standard: str
    id: str
    name: str
    before: Fraction | None
    after: Fraction | None
    maximum: Fraction | None
    dimensions: tuple[tuple[str, Any, Any], ...]
    facts: tuple[Change, ...]
    found: tuple[Found, ...]

    @property
    def moved(self) -> Fraction | None:
        """Points gained or lost; None where one of the two has none."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def changed(self) -> bool:
        """Whether anything about it is different."""
        return bool(self.facts or self.moved or any(a != b for _each, a, b in self.dimensions))


@dataclass(frozen=True)
class Comparison:
    """Two reviews under one standard after the other."""

    site_id: int
    first: dict[str, Side]
    second: dict[str, Side]
    elements: tuple[ElementChange, ...]

    @property
    def standards(self) -> tuple[str, ...]:
        """The standards that one of the two covers."""
        return tuple(dict.fromkeys(element.standard for element in self.elements))

    def moved(self, standard: str) -> Fraction | None:
        """Points gained or lost over the items that both scored: what one left out is no loss."""
        changes = [each.moved or Fraction(0) for each in self._scored_by_both(standard)]
        return sum(changes, Fraction(0)) if changes else None

    def compared(self, standard: str) -> tuple[int, int]:
        """How many items both scored, of all that one of them looked at."""
        every = sum(element.standard == standard for element in self.elements)
        return len(self._scored_by_both(standard)), every

    def _scored_by_both(self, standard: str) -> list[ElementChange]:
        return [each for each in self.elements if each.standard == standard and each.moved is not None]


@dataclass(frozen=True)
class Choice:
    """A review that can be compared."""

    number: int
    code: str
    title: str
    site_id: int
    site_name: str


def list_choices(actor: Actor, asked: Iterable[int | None] = ()) -> tuple[Choice, ...]:
    """Reviews that have begun, newest first, at the sites that the person sees: one statement.

    There is room for so many; those of the sites of the reviews that are `asked` for come before all others.
    """
    numbers = [number for number in asked if number is not None]
    there = aliased(Review)
    wanted = (
        sa.select(Review.number, Review.title, Review.site_id, Site.name_zh, Site.name_en)
        .join(Site, (Site.organisation_id == Review.organisation_id) & (Site.id == Review.site_id))
        .where(
            Review.organisation_id == actor.organisation_id,
            Review.state.in_([*HELD, ReviewState.IN_PROGRESS]),
        )
        .order_by(Review.number.desc())
        .limit(CHOICES)
    )
    if numbers:
        beside = sa.select(there.site_id).where(
            there.organisation_id == actor.organisation_id, there.number.in_(numbers)
        )
        wanted = wanted.order_by(None).order_by(
            Review.number.in_(numbers).desc(), Review.site_id.in_(beside).desc(), Review.number.desc()
        )
    sites = actor.sites()
    if sites is not None:
        wanted = wanted.where(Review.site_id.in_(sites))
    found = (
        Choice(
            row.number,
            label("review", row.number),
            row.title,
            row.site_id,
            pick(row.name_zh, row.name_en),
        )
        for row in db.session.execute(wanted)
    )
    return tuple(sorted(found, key=lambda each: -each.number))


def compare(organisation_id: int, first: int, second: int) -> Comparison:
    """Compare two reviews, item by item; in a fixed number of statements. Raises NotFound."""
    heads = (get_head(organisation_id, first), get_head(organisation_id, second))
    facts = _facts(heads)
    results = _results(heads)
    units, known = _units(heads[0].review), scope.known_of(*(head.review for head in heads))
    found = _found(heads)
    elements = []
    for standard in (COPC, SEE_CMM):
        names = [_elements(head.review, standard) for head in heads]
        for element in dict.fromkeys([*names[0], *names[1]]):
            sides = tuple(
                _scored(results[place].get(standard, {}), element, inside=element in names[place])
                for place in (0, 1)
            )
            elements.append(
                _element(
                    known,
                    (standard, element),
                    sides,
                    tuple(_changes(facts, known, standard, element, units)),
                    found.get(element, ()),
                )
            )
    return Comparison(
        site_id=heads[0].review.site_id,
        first={name: _side(heads[0], results[0].get(name, {})) for name in (COPC, SEE_CMM)},
        second={name: _side(heads[1], results[1].get(name, {})) for name in (COPC, SEE_CMM)},
        elements=tuple(elements),
    )


def _elements(review: Review, standard: str) -> tuple[str, ...]:
    return scope.elements_of(review, standard) if standard in scope.standards_of(review) else ()


def _side(head: Head, result: Mapping[str, Any]) -> Side:
    review = head.review
    return Side(
        number=review.number,
        code=label("review", review.number),
        title=review.title,
        state=state_view("review", review.state),
        total=_exact(result.get("total")),
        maximum=_exact(result.get("max")),
    )


def _exact(text: Any) -> Fraction | None:
    return None if text is None else Fraction(text)


def _scored(result: Mapping[str, Any], element: str, *, inside: bool) -> Mapping[str, Any]:
    """What an item scored; nothing where the review did not look at it."""
    known: Mapping[str, Any] = result.get("items", result.get("criteria", {}))
    return known.get(element, {}) if inside else {}


def _element(
    known: Known,
    named: tuple[str, str],
    sides: tuple[Mapping[str, Any], ...],
    facts: tuple[Change, ...],
    found: tuple[Found, ...],
) -> ElementChange:
    standard, element = named
    before, after = sides
    has = ("level",) if standard == SEE_CMM else DIMENSIONS
    return ElementChange(
        standard=standard,
        id=element,
        name=known.name(element, language()),
        before=_exact(before.get("points")),
        after=_exact(after.get("points")),
        maximum=_exact(after.get("max", before.get("max"))),
        dimensions=tuple(
            (each, before.get(each), after.get(each)) for each in has if each in before or each in after
        ),
        facts=facts,
        found=found,
    )


def _facts(heads: Iterable[Head]) -> tuple[dict[str, Fact], ...]:
    """The facts of each review by key, in one statement."""
    ids = [head.review.id for head in heads]
    organisation_id = next(iter(heads)).review.organisation_id
    found: dict[int, dict[str, Fact]] = {each: {} for each in ids}
    rows = db.session.execute(
        sa.select(Fact, FactSet.review_id)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            Fact.organisation_id == organisation_id,
            FactSet.review_id.in_(ids),
            FactSet.kind == FactSetKind.REVIEW,
        )
        .order_by(Fact.position, Fact.id)
    )
    for fact, review_id in rows:
        found[review_id][fact.key] = fact
    return tuple(found[each] for each in ids)


def _results(heads: tuple[Head, Head]) -> tuple[dict[str, Mapping[str, Any]], ...]:
    """What each review scored under each standard: as its report stored it, or as it runs now."""
    ids = [head.review.id for head in heads if head.review.state in HELD]
    stored: dict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    rows = db.session.execute(
        sa.select(ScoringRun.review_id, ScoringRun.standard, ScoringRun.result)
        .where(
            ScoringRun.organisation_id == heads[0].review.organisation_id,
            ScoringRun.review_id.in_(ids),
            ScoringRun.cause == Cause.BASELINE,
        )
        .order_by(ScoringRun.number)
    )
    for row in rows:
        if row.review_id is not None:
            stored[row.review_id][row.standard] = json.loads(row.result)
    return tuple(stored[head.review.id] if head.review.id in stored else _running(head) for head in heads)


def _running(head: Head) -> dict[str, Mapping[str, Any]]:
    work = load(head.review, reasons=False, head=head)
    return {standard: computed.result.to_json() for standard, computed in work.computed.items()}


def _units(review: Review) -> dict[str, str]:
    rows = db.session.execute(
        sa.select(Unit.code, Unit.name_zh, Unit.name_en).where(
            Unit.organisation_id == review.organisation_id, Unit.site_id == review.site_id
        )
    )
    return {row.code: pick(row.name_zh, row.name_en) for row in rows}


def _changes(
    sides: tuple[Mapping[str, Fact], ...], known: Known, standard: str, element: str, units: dict[str, str]
) -> Iterable[Change]:
    first, second = sides
    for key in dict.fromkeys([*first, *second]):
        fact = second.get(key) or first[key]
        if fact.element != element or (fact.kind == FactKind.ROW) != (standard == SEE_CMM):
            continue
        before = first[key].value if key in first else ""
        after = second[key].value if key in second else ""
        if before != after:
            yield Change(
                key, fact.kind.value, fact.subject, _title(known, standard, fact, units), before, after
            )


def _title(known: Known, standard: str, fact: Fact, units: dict[str, str]) -> str:
    if fact.kind == FactKind.LINE:
        line = known.line(standard, fact.subject)
        return fact.subject if line is None else say(line.text)
    if fact.kind == FactKind.ROW:
        criterion = known.criterion(fact.element)
        rows = () if criterion is None else criterion.rows
        return next((say(row.name) for row in rows if row.id == fact.subject), fact.subject)
    if fact.kind == FactKind.METRIC:
        return ASPECTS[fact.aspect]() if fact.aspect in ASPECTS else fact.aspect
    if fact.kind == FactKind.WORD:
        return _("Word of the assessor")
    return units.get(fact.subject, fact.subject)


ASPECTS: dict[str, Callable[[], str]] = {
    "collected": lambda: _("Collected"),
    "usable": lambda: _("Usable"),
    "integrity": lambda: _("Integrity"),
    "meets_target": lambda: _("Meets target"),
    "improving": lambda: _("Sustained improvement"),
}


def _found(heads: tuple[Head, Head]) -> dict[str, tuple[Found, ...]]:
    """Non-conformities by item: those of either review, and those that came or went between the two."""
    review = heads[0].review
    ids = [head.review.id for head in heads]
    first, last = sorted(_day(head.review) for head in heads)
    rows = db.session.execute(
        sa.select(Nonconformity.number, Nonconformity.title, Nonconformity.state, Nonconformity.element)
        .where(
            Nonconformity.organisation_id == review.organisation_id,
            Nonconformity.site_id == review.site_id,
            Nonconformity.state != NonconformityState.VOID,
            sa.or_(
                Nonconformity.review_id.in_(ids),
                Nonconformity.opened_at.between(first, last),
                Nonconformity.closed_at.between(first, last),
            ),
        )
        .order_by(Nonconformity.number)
    )
    found: dict[str, list[Found]] = defaultdict(list)
    for row in rows:
        found[row.element].append(
            Found(
                row.number,
                label("nonconformity", row.number),
                row.title,
                state_view("nonconformity", row.state),
            )
        )
    return {element: tuple(rows) for element, rows in found.items()}


def _day(review: Review) -> datetime:
    return review.reported_at or review.started_at or review.created_at
