"""What if these were closed: both standards before and after, from the same facts and nothing stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from scoring import rescore
from scoring.certification import CONDITIONS_OF, Condition
from scoring.rescore import Result
from scoring.results import CopcResult, ItemResult
from scoring.see_cmm import CriterionResult, SeeResult
from tracker.i18n import language
from tracker.offers import StateView
from tracker.permissions import Actor
from tracker.scores import charts
from tracker.scores.ground import Ground, Now, read_ground
from tracker.scores.totals import mark_of
from tracker.scores.viewmodels import SiteChoice


@dataclass(frozen=True)
class Choice:
    """An open non-conformity that can be ticked, with the ones that must be closed before it."""

    number: int
    label: str
    title: str
    state: StateView
    elements: tuple[str, ...]
    effort: Fraction
    needs: tuple[str, ...]
    ticked: bool
    pinned: bool


@dataclass(frozen=True)
class Flip:
    """A condition of certification before and after: `holds`, `fails` or `unknown`."""

    id: str
    title: str
    before: str
    after: str
    short: tuple[str, ...]
    detail: str
    strict: bool
    lenient: bool

    @property
    def flips(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class ChangedRow:
    """An item or criterion that moves; `scores` are (dimension, before, after), or the one level of a criterion."""

    id: str
    name: str
    scores: tuple[tuple[str, int | None, int | None], ...]
    before: Fraction | None
    after: Fraction | None
    maximum: Fraction

    @property
    def change(self) -> Fraction:
        return (self.after or Fraction(0)) - (self.before or Fraction(0))


@dataclass(frozen=True)
class Outlook:
    """One standard before and after."""

    standard: str
    before: Fraction
    after: Fraction
    maximum: Fraction
    mark: Fraction
    passes: bool
    verdict_before: str
    verdict_after: str
    conditions: tuple[Flip, ...]
    rows: tuple[ChangedRow, ...]

    @property
    def change(self) -> Fraction:
        return self.after - self.before

    @property
    def verdict_moves(self) -> bool:
        return self.verdict_before != self.verdict_after

    @property
    def readings(self) -> tuple[tuple[str, int, int, int], ...]:
        """(reading, conditions that hold before, that hold after, of how many); nothing without conditions."""
        return tuple(
            (
                reading,
                sum(each.before == "holds" for each in self.conditions if each.id in asked),
                sum(each.after == "holds" for each in self.conditions if each.id in asked),
                len(asked),
            )
            for reading, asked in CONDITIONS_OF.items()
            if self.conditions
        )


@dataclass(frozen=True)
class WhatIfPage:
    """The ticks and what they come to; `waiting` are (ticked, what it needs and is not ticked)."""

    sites: tuple[SiteChoice, ...]
    site_code: str
    site_name: str
    choices: tuple[Choice, ...]
    outlooks: tuple[Outlook, ...]
    waiting: tuple[tuple[str, tuple[str, ...]], ...]
    unknown: tuple[str, ...]
    overruled: tuple[str, ...] = ()

    @property
    def ticked(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.ticked)

    @property
    def effort(self) -> Fraction:
        """The effort of what is ticked."""
        return sum((choice.effort for choice in self.ticked), Fraction(0))


def get_what_if_page(actor: Actor, site_code: str | None, close: Iterable[str]) -> WhatIfPage:
    """A site as it would stand with these closed. Raises NotFound for a site that this person does not see.

    What is not open here any more is left out and named: an address may be older than a closure.
    """
    ground = read_ground(actor, site_code, plans=True)
    wanted = dict.fromkeys(name.strip().upper() for name in close if name.strip())
    ticked = frozenset(name for name in wanted if name in ground.records)
    return WhatIfPage(
        sites=ground.sites,
        site_code=ground.site_code,
        site_name=ground.site_name,
        choices=_choices(ground, ticked),
        outlooks=tuple(outlook(now, ticked) for now in ground.now.values()),
        waiting=tuple(
            (name, short)
            for name in sorted(ticked)
            if (short := tuple(need for need in ground.records[name].needs if need not in ticked))
        ),
        unknown=tuple(name for name in wanted if name not in ground.records),
        overruled=tuple(_overruled(ground, ticked)),
    )


def _overruled(ground: Ground, ticked: frozenset[str]) -> Iterator[str]:
    """What is ticked and moves nothing in a dimension, because an assessor has overruled that one."""
    for now in ground.now.values():
        if isinstance(now.result, CopcResult):
            for hint in now.result.hints:
                if hint.code == "hint_overruled_gap" and hint["gap"] in ticked:
                    yield hint.text(language())


def _choices(ground: Ground, ticked: frozenset[str]) -> tuple[Choice, ...]:
    elements: dict[str, dict[str, None]] = {}
    for now in ground.now.values():
        for gap in now.sheet.gaps:
            elements.setdefault(gap.id, {}).update(dict.fromkeys(each.item for each in gap.releases))
    return tuple(
        Choice(
            number=record.number,
            label=record.label,
            title=record.title,
            state=record.state,
            elements=tuple(elements.get(record.label, ())),
            effort=record.effort,
            needs=record.needs,
            ticked=record.label in ticked,
            pinned=record.label in elements,
        )
        for record in ground.records.values()
    )


def outlook(now: Now, close: frozenset[str]) -> Outlook:
    """One standard with some gaps closed; judged again is only what they touch."""
    known = close & {gap.id for gap in now.sheet.gaps}
    before = now.result
    after = rescore.score(rescore.close(now.sheet, known), since=before)
    return Outlook(
        standard=now.standard,
        before=before.total,
        after=after.total,
        maximum=after.max,
        mark=mark_of(after),
        passes=isinstance(after, CopcResult) and after.verdict.passes(after.policy.cert_policy),
        verdict_before=verdict_of(before),
        verdict_after=verdict_of(after),
        conditions=_flips(before, after),
        rows=changed_rows(before, after),
    )


def verdict_of(result: Result) -> str:
    """The verdict of a standard of items, or the overall level of one of criteria, in words."""
    if isinstance(result, CopcResult):
        return result.verdict.label.of(language())
    if result.overall_level is None:
        return "–"
    name = charts.level_name(result.catalogue, result.overall_level, language())
    return f"{result.overall_level} · {name}"


def _status(condition: Condition) -> str:
    return {True: "holds", False: "fails", None: "unknown"}[condition.holds]


def _flips(before: Result, after: Result) -> tuple[Flip, ...]:
    if not isinstance(before, CopcResult) or not isinstance(after, CopcResult):
        return ()
    return tuple(
        Flip(
            id=new.id,
            title=new.label.of(language()),
            before=_status(old),
            after=_status(new),
            short=new.items,
            detail=""
            if new.has is None or new.needs is None
            else f"{charts.shown(new.has, new.needs)} / {charts.shown(new.needs)}",
            strict=new.id in CONDITIONS_OF["strict"],
            lenient=new.id in CONDITIONS_OF["lenient"],
        )
        for old, new in zip(before.conditions, after.conditions, strict=True)
    )


def changed_rows(before: Result, after: Result) -> tuple[ChangedRow, ...]:
    """The items or criteria of which any dimension, level or point moves, in the order of the standard."""
    standard, lang = after.catalogue, language()
    if isinstance(before, CopcResult) and isinstance(after, CopcResult):
        return tuple(
            _item(before.items[name], item, standard.item(name).name.of(lang))
            for name, item in after.items.items()
            if item.dimensions != before.items[name].dimensions or item.points != before.items[name].points
        )
    if isinstance(before, SeeResult) and isinstance(after, SeeResult):
        return tuple(
            _criterion(before.criteria[name], each, standard.criterion(name).name.of(lang))
            for name, each in after.criteria.items()
            if each.rows != before.criteria[name].rows
        )
    return ()


def _item(before: ItemResult, after: ItemResult, name: str) -> ChangedRow:
    scores = tuple(
        (dimension, before.dimensions.get(dimension), score) for dimension, score in after.dimensions.items()
    )
    return ChangedRow(after.id, name, scores, before.points, after.points, after.max)


def _criterion(before: CriterionResult, after: CriterionResult, name: str) -> ChangedRow:
    scores = (("level", before.level, after.level),)
    return ChangedRow(after.id, name, scores, before.points, after.points, after.max)
