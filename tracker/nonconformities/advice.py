"""What is said to somebody who writes a finding down: what it may be the same as, and how grave it is (E.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from tracker.database import db
from tracker.i18n import language
from tracker.nonconformities.drafts import PinSpec
from tracker.nonconformities.grading import HALF, Shares, shares_at
from tracker.nonconformities.models import Nonconformity, NonconformityLink
from tracker.nonconformities.naming import name_facts
from tracker.nonconformities.repeats import MatchView, find_matches
from tracker.permissions import Actor
from tracker.reviews.facts import Key, parse_key
from tracker.reviews.models import FactKind
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState
from workflows.repeats import Finding, GradeAnswers, minors_hint, propose_grade

MOST_COUNTED = 9
NOT_COUNTED = (NonconformityState.DRAFT, NonconformityState.CLOSED, NonconformityState.VOID)


@dataclass(frozen=True)
class Typed:
    """What has been typed so far about a finding."""

    site_id: int
    title: str = ""
    grade: str = ""
    pins: tuple[PinSpec, ...] = ()
    also: tuple[str, ...] = ()
    cause: str = ""
    repeats: bool = False
    asked: frozenset[str] = frozenset()
    """Answers to the questions of E.3: met, may_become, absent."""
    review_id: int | None = None
    but: int | None = None
    """The record itself, where it is there already."""


@dataclass(frozen=True)
class Advice:
    """What may be the same, the grade that speaks for itself with its reasons, and a hint."""

    matches: tuple[MatchView, ...]
    grade: str
    grade_words: str
    reasons: tuple[str, ...]
    hint: str

    @property
    def sure(self) -> tuple[MatchView, ...]:
        return tuple(match for match in self.matches if match.sure)


def advise(actor: Actor, typed: Typed) -> Advice:
    """The advice on a finding, in a number of statements that does not grow."""
    lang = language()
    keys = [parse_key(pin.key) for pin in typed.pins]
    elements = tuple(dict.fromkeys([*(key.element for key in keys), *typed.also]))
    finding = Finding(
        facts=frozenset(pin.key for pin in typed.pins),
        elements=frozenset(elements),
        cause=typed.cause,
        title=typed.title,
    )
    minors = _open_minors(actor, typed, elements)
    proposal = propose_grade(_answers(actor, typed, keys, minors))
    hint = minors_hint(minors + 1) if typed.grade == Grade.MINOR and elements else None
    return Advice(
        matches=_in_words(actor, typed, find_matches(actor, typed.site_id, finding, typed.but)),
        grade=proposal.grade.value,
        grade_words=proposal.grade.of(lang),
        reasons=tuple(reason.of(lang) for reason in proposal.reasons),
        hint=hint.of(lang) if hint is not None else "",
    )


def _in_words(actor: Actor, typed: Typed, matches: tuple[MatchView, ...]) -> tuple[MatchView, ...]:
    """The same matches with the facts they share called by their names."""
    shared = {key for match in matches for key in match.facts}
    names = name_facts(actor.organisation_id, typed.site_id, [pin for pin in typed.pins if pin.key in shared])
    return tuple(replace(match, facts=tuple(names.get(key, key) for key in match.facts)) for match in matches)


def _answers(actor: Actor, typed: Typed, keys: Sequence[Key], minors: int) -> GradeAnswers:
    """What is known to answer the questions: the facts ticked, and how much of their items holds."""
    lines = {key.element for key in keys if key.kind == FactKind.LINE}
    units = {key.element for key in keys if key.kind == FactKind.UNIT}
    shares: dict[str, Shares] = {}
    if lines or units:
        shares = shares_at(actor.organisation_id, typed.site_id, typed.review_id, lines | units)
    return GradeAnswers(
        unmet="met" not in typed.asked and "may_become" not in typed.asked,
        may_become="may_become" in typed.asked,
        absent="absent" in typed.asked,
        weak_approach=any(_weak(shares[each].approach) for each in lines),
        weak_deployment=any(_weak(shares[each].deployment) for each in units),
        metric_fails=any(key.kind == FactKind.METRIC and key.aspect == "cui" for key in keys),
        repeats=typed.repeats,
        open_minors=minors,
    )


def _weak(share: object) -> bool:
    return share is not None and share < HALF  # type: ignore[operator]


def _open_minors(actor: Actor, typed: Typed, elements: Iterable[str]) -> int:
    """The most open minors that one of the elements has at the site, the record itself not counted.

    Counted no further than the hint needs, so that a long register takes no longer than a short one.
    """
    counts = [_count_minors(actor, typed, element) for element in elements]
    if not counts:
        return 0
    each = sa.union_all(*(sa.select(count.label("minors")) for count in counts)).subquery()
    return int(db.session.execute(sa.select(sa.func.max(each.c.minors))).scalar_one() or 0)


def _count_minors(actor: Actor, typed: Typed, element: str) -> sa.ScalarSelect[int]:
    few = (
        sa.select(sa.literal(1))
        .select_from(NonconformityLink)
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == NonconformityLink.organisation_id)
            & (Nonconformity.id == NonconformityLink.nonconformity_id),
        )
        .where(
            NonconformityLink.organisation_id == actor.organisation_id,
            NonconformityLink.element == element,
            Nonconformity.site_id == typed.site_id,
            Nonconformity.grade == Grade.MINOR,
            Nonconformity.state.not_in(NOT_COUNTED),
            Nonconformity.id != (typed.but or 0),
        )
        .order_by(NonconformityLink.number.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()
