"""Writes of non-conformities. The events of their machine are in `life`, and are offered from here too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

import sqlalchemy as sa

from tracker import clock, history, search
from tracker.database import add, db
from tracker.errors import InvalidInput, RefusedMove
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.metrics.models import Metric
from tracker.moves import check_version
from tracker.nonconformities import wording
from tracker.nonconformities.drafts import Draft, PinSpec
from tracker.nonconformities.facts import record_of, subject_of
from tracker.nonconformities.grading import Shares, proposed_grade, shares_of
from tracker.nonconformities.life import (
    action_named,
    actions_changed,
    make_move,
    open_drafts,
    return_to_draft,
    verdict_given,
)
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
from tracker.notifications.services import tell
from tracker.numbering import label, next_number
from tracker.permissions import Actor, Subject, can, require
from tracker.reviews.facts import PIN_ASPECTS, Key, parse_key
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Review
from tracker.scores.releases import Known, of_site
from tracker.scores.sheets import COPC, SEE_CMM, STANDARDS
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState
from workflows.schedule import Deadline, ExtensionRefused, Step, extend

__all__ = [
    "Draft",
    "PinSpec",
    "action_named",
    "actions_changed",
    "edit",
    "extend_due",
    "judge_pin",
    "make_move",
    "open_drafts",
    "prefill",
    "raise_draft",
    "raise_for_gaps",
    "record_of",
    "return_to_draft",
    "subject_of",
    "verdict_given",
]


class Gap(Protocol):
    """A gap of a review, as `reviews.queries.gaps_of` hands it out."""

    @property
    def element(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def aspect(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def pins(self) -> Sequence[PinSpec]: ...
    @property
    def carried_by(self) -> int | None: ...


# ---------------------------------------------------------------- raising


def raise_draft(
    actor: Actor,
    *,
    site_id: int,
    title: str,
    grade: Grade,
    source: Source = Source.REVIEW,
    review_id: int | None = None,
    statement: str = "",
    evidence: str = "",
    owner_id: int | None = None,
    effort: Fraction = Fraction(1),
    pins: Iterable[PinSpec] = (),
    links: Iterable[tuple[str, str]] = (),
    unpinned_reason: str = "",
    repeat_of_id: int | None = None,
) -> Nonconformity:
    """Write down a non-conformity; it holds no facts before it is raised. Raises Forbidden, InvalidInput."""
    require(actor, "nonconformity:raise", Subject(site_id=site_id))
    draft = Draft(
        grade=grade,
        source=source,
        title=title,
        statement=statement,
        evidence=evidence,
        owner_id=owner_id,
        effort=effort,
        pins=tuple(PinSpec(pin.standard, pin.key, pin.level) for pin in pins),
        links=tuple(links),
        unpinned_reason=unpinned_reason,
        repeat_of_id=repeat_of_id,
    )
    _check(actor, site_id, review_id, draft)
    return _write_draft(actor, site_id, review_id, draft)


def _write_draft(actor: Actor, site_id: int, review_id: int | None, draft: Draft) -> Nonconformity:
    number = next_number(actor.organisation_id, "nonconformity")
    nonconformity = add(
        Nonconformity(
            organisation_id=actor.organisation_id,
            number=number,
            site_id=site_id,
            review_id=review_id,
            state=NonconformityState.DRAFT,
            raised_by_id=actor.person_id,
            created_at=clock.now(),
            element=_element(draft),
            **_columns(number, draft),
        )
    )
    _pin(nonconformity, draft.pins)
    _link(nonconformity, _links(draft))
    history.record(
        record_of(nonconformity), "created", actor.person_id, new_state=NonconformityState.DRAFT.value
    )
    db.session.flush()
    return nonconformity


def _columns(number: int, draft: Draft) -> dict[str, Any]:
    return {
        "grade": draft.grade,
        "source": draft.source,
        "title": draft.title.strip(),
        "statement": draft.statement.strip(),
        "evidence": draft.evidence.strip(),
        "owner_id": draft.owner_id,
        "effort": draft.effort,
        "unpinned_reason": draft.unpinned_reason.strip(),
        "repeat_of_id": draft.repeat_of_id,
        "search_text": search_text(number, draft),
    }


def search_text(number: int, draft: Draft) -> str:
    """What the search reads: the number as it is written and typed, elements, title and statement."""
    elements = " ".join(element for _standard, element in _links(draft))
    numbers = f"{label('nonconformity', number)} NC-{number}"
    return search.searchable(numbers, elements, draft.title, draft.statement, draft.evidence)


def _links(draft: Draft) -> tuple[tuple[str, str], ...]:
    """Every element it touches: those it pins facts of first."""
    pinned = [(pin.standard, parse_key(pin.key).element) for pin in draft.pins]
    return tuple(dict.fromkeys([*pinned, *draft.links]))


def _element(draft: Draft) -> str:
    links = _links(draft)
    return links[0][1] if links else ""


def _pin(nonconformity: Nonconformity, pins: Iterable[PinSpec]) -> None:
    for spec in pins:
        key = parse_key(spec.key)
        db.session.add(
            Pin(
                organisation_id=nonconformity.organisation_id,
                nonconformity_id=nonconformity.id,
                site_id=nonconformity.site_id,
                standard=spec.standard,
                key=spec.key,
                element=key.element,
                kind=key.kind.value,
                subject=key.subject,
                aspect=key.aspect,
                level=spec.level,
            )
        )


def _link(nonconformity: Nonconformity, links: Iterable[tuple[str, str]]) -> None:
    for standard, element in links:
        db.session.add(
            NonconformityLink(
                organisation_id=nonconformity.organisation_id,
                nonconformity_id=nonconformity.id,
                number=nonconformity.number,
                standard=standard,
                element=element,
            )
        )


def raise_for_gaps(
    actor: Actor, review: Review, gaps: Sequence[Gap], *, owner_id: int | None = None
) -> list[Nonconformity]:
    """Draft one non-conformity for each element with gaps that nothing carries, prefilled with them."""
    require(actor, "nonconformity:raise", Subject(site_id=review.site_id))
    by_element: dict[str, list[Gap]] = defaultdict(list)
    for gap in gaps:
        if gap.carried_by is None:
            by_element[gap.element].append(gap)
    shares = shares_of(review, by_element)
    seen = _evidence(review, [pin.key for found in by_element.values() for gap in found for pin in gap.pins])
    releases = of_site(review.organisation_id, review.site_id)
    return [
        _write_draft(
            actor,
            review.site_id,
            review.id,
            prefilled(element, found, shares[element], seen, releases, owner_id),
        )
        for element, found in by_element.items()
    ]


def prefill(review: Review, gaps: Sequence[Gap], owner_id: int | None = None) -> Draft:
    """A draft about some gaps of a review, filed under the element of the first."""
    element = gaps[0].element
    seen = _evidence(review, [pin.key for gap in gaps for pin in gap.pins])
    releases = of_site(review.organisation_id, review.site_id)
    return prefilled(element, gaps, shares_of(review, [element])[element], seen, releases, owner_id)


def prefilled(
    element: str,
    gaps: Sequence[Gap],
    shares: Shares,
    seen: Mapping[str, str],
    releases: Known,
    owner_id: int | None = None,
) -> Draft:
    """The draft about the gaps of one element, in the language of the person."""
    pins = tuple(dict.fromkeys(PinSpec(pin.standard, pin.key, pin.level) for gap in gaps for pin in gap.pins))
    titles = [gap.title for gap in gaps]
    evidence = list(dict.fromkeys(seen[pin.key] for pin in pins if seen.get(pin.key)))
    return Draft(
        grade=proposed_grade(gaps, shares),
        source=Source.REVIEW,
        title=wording.title_for(element, titles, language(), releases),
        statement="\n".join(titles),
        evidence="\n".join(evidence) or wording.nothing_seen(titles, language()),
        owner_id=owner_id,
        pins=pins,
    )


def _evidence(review: Review, keys: Iterable[str]) -> dict[str, str]:
    """Fact → what the auditor noted and saw when judging it in this review."""
    rows = db.session.execute(
        sa.select(Fact.key, Fact.note, Fact.evidence)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            FactSet.organisation_id == review.organisation_id,
            FactSet.review_id == review.id,
            Fact.key.in_(set(keys)),
        )
    )
    return {
        key: "; ".join(part for part in (note.strip(), evidence.strip()) if part)
        for key, note, evidence in rows
    }


# ---------------------------------------------------------------- checking what was typed


def _check(actor: Actor, site_id: int, review_id: int | None, draft: Draft, lapse_before: str = "") -> None:
    """Raise InvalidInput for what no form can catch: facts and records of elsewhere, words of the wrong person."""
    faults: dict[str, list[str]] = {}
    if len(draft.title.strip()) > 200:
        faults["title"] = [_("At most 200 characters.")]
    if draft.effort <= 0:
        faults["effort"] = [_("The effort has to be more than nothing.")]
    lapse = draft.unpinned_reason.strip()
    if lapse not in ("", lapse_before) and not can(actor, "nonconformity:isolate", Subject(site_id=site_id)):
        faults["unpinned_reason"] = [_("Only a lead auditor calls it an isolated lapse.")]
    unknown = unknown_pins(actor.organisation_id, site_id, review_id, draft.pins)
    if unknown:
        faults["pins"] = [_("Not facts of this site: %(keys)s.", keys=", ".join(unknown))]
    if draft.repeat_of_id is not None and not _is_of_site(actor.organisation_id, site_id, draft.repeat_of_id):
        faults["repeat_of"] = [_("There is no such record at this site.")]
    if faults:
        raise InvalidInput(faults)


def _is_of_site(organisation_id: int, site_id: int, nonconformity_id: int) -> bool:
    found = db.session.get(Nonconformity, (organisation_id, nonconformity_id))
    return found is not None and found.site_id == site_id


def unknown_pins(
    organisation_id: int, site_id: int, review_id: int | None, pins: Sequence[PinSpec]
) -> tuple[str, ...]:
    """The pins that name no fact of the site, of its review, or of its metrics."""
    if not pins:
        return ()
    parsed: dict[str, Key] = {}
    for pin in pins:
        try:
            parsed[pin.key] = parse_key(pin.key)
        except ValueError:
            continue
    known = set(
        db.session.execute(
            sa.select(Fact.key)
            .join(
                FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id)
            )
            .where(
                FactSet.organisation_id == organisation_id,
                FactSet.site_id == site_id,
                sa.or_(FactSet.kind == FactSetKind.CURRENT, FactSet.review_id == review_id),
                Fact.key.in_(set(parsed)),
            )
        ).scalars()
    )
    metrics = _metrics(organisation_id, site_id, parsed.values())
    return tuple(pin.key for pin in pins if not _is_known(pin, parsed.get(pin.key), known, metrics))


def _metrics(organisation_id: int, site_id: int, keys: Iterable[Key]) -> set[tuple[str, str]]:
    codes = {key.subject for key in keys if key.kind == FactKind.METRIC}
    if not codes:
        return set()
    rows = db.session.execute(
        sa.select(Metric.item, Metric.code).where(
            Metric.organisation_id == organisation_id, Metric.site_id == site_id, Metric.code.in_(codes)
        )
    )
    return {(item, code) for item, code in rows}


def _is_known(pin: PinSpec, key: Key | None, known: set[str], metrics: set[tuple[str, str]]) -> bool:
    if key is None or pin.standard not in STANDARDS:
        return False
    if key.kind == FactKind.METRIC:
        return key.aspect in PIN_ASPECTS and (key.element, key.subject) in metrics
    if key.kind == FactKind.ROW:
        return pin.key in known and pin.standard == SEE_CMM and pin.level in (1, 2, 3, 4)
    return pin.key in known and pin.standard == COPC


# ---------------------------------------------------------------- editing


def edit(actor: Actor, nonconformity: Nonconformity, draft: Draft, version: int | None = None) -> None:
    """Change what is written down; after the raising grade, source and pinned facts stay as they are.

    Raises Forbidden, Conflict, InvalidInput, and RefusedMove for a record whose life is over.
    """
    require(actor, "nonconformity:edit", subject_of(nonconformity))
    check_version(nonconformity, version)
    if nonconformity.state in (NonconformityState.CLOSED, NonconformityState.VOID):
        raise RefusedMove(_("Edit"), [_("A closed or void record is not changed any more.")])
    raised = nonconformity.state != NonconformityState.DRAFT
    if raised:
        draft = _as_raised(nonconformity, draft)
    _check(actor, nonconformity.site_id, nonconformity.review_id, draft, nonconformity.unpinned_reason)
    owner_before = nonconformity.owner_id
    changes = _write_columns(nonconformity, _columns(nonconformity.number, draft))
    if not raised:
        changes |= _replace_pins(nonconformity, draft.pins)
    changes |= _replace_links(nonconformity, _links(draft))
    nonconformity.element = _element(draft)
    if changes:
        history.record(record_of(nonconformity), "edited", actor.person_id, changes=changes)
    if raised and nonconformity.owner_id != owner_before:
        tell([nonconformity.owner_id], "nonconformity-handed-over", record_of(nonconformity), {})
    db.session.flush()


def _as_raised(nonconformity: Nonconformity, draft: Draft) -> Draft:
    pins = tuple(
        PinSpec(pin.standard, pin.key, pin.level)
        for pin in db.session.execute(
            sa.select(Pin).where(
                Pin.organisation_id == nonconformity.organisation_id, Pin.nonconformity_id == nonconformity.id
            )
        ).scalars()
    )
    return Draft(
        grade=nonconformity.grade,
        source=nonconformity.source,
        title=draft.title,
        statement=draft.statement,
        evidence=draft.evidence,
        owner_id=draft.owner_id if draft.owner_id is not None else nonconformity.owner_id,
        effort=draft.effort,
        pins=pins,
        links=draft.links,
        unpinned_reason=nonconformity.unpinned_reason,
        repeat_of_id=nonconformity.repeat_of_id,
    )


_UNSHOWN = frozenset({"search_text"})


def _write_columns(nonconformity: Nonconformity, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Write the columns that differ; field → [before, after] for the history."""
    changes: dict[str, Any] = {}
    for name, value in columns.items():
        before = getattr(nonconformity, name)
        if before == value:
            continue
        setattr(nonconformity, name, value)
        if name not in _UNSHOWN:
            changes[name] = [_plain(before), _plain(value)]
    return changes


def _plain(value: object) -> object:
    return value if isinstance(value, int | None) else str(value)


def _replace_pins(nonconformity: Nonconformity, pins: Sequence[PinSpec]) -> dict[str, Any]:
    before = _rows(Pin, nonconformity)
    wanted = {(pin.standard, pin.key): pin for pin in pins}
    found = {(row.standard, row.key): row for row in before}
    if {key: row.level for key, row in found.items()} == {key: pin.level for key, pin in wanted.items()}:
        return {}
    for key, row in found.items():
        if key not in wanted:
            db.session.delete(row)
        else:
            row.level = wanted[key].level
    _pin(nonconformity, [pin for key, pin in wanted.items() if key not in found])
    return {"pins": [sorted(key for _, key in found), sorted(key for _, key in wanted)]}


def _replace_links(nonconformity: Nonconformity, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    found = {(row.standard, row.element): row for row in _rows(NonconformityLink, nonconformity)}
    if set(found) == set(links):
        return {}
    for key, row in found.items():
        if key not in links:
            db.session.delete(row)
    _link(nonconformity, [link for link in links if link not in found])
    before, after = (sorted(element for _, element in pairs) for pairs in (found, links))
    return {"elements": [before, after]}


def _rows(model: Any, nonconformity: Nonconformity) -> list[Any]:
    return list(
        db.session.execute(
            sa.select(model).where(
                model.organisation_id == nonconformity.organisation_id,
                model.nonconformity_id == nonconformity.id,
            )
        ).scalars()
    )


# ---------------------------------------------------------------- deadlines and settled facts


def extend_due(
    actor: Actor, nonconformity: Nonconformity, new_day: date, reason: str, version: int | None = None
) -> None:
    """Move the deadline of the present step: with a reason, by another than the owner, and counted (E.4)."""
    require(actor, "nonconformity:extend", subject_of(nonconformity))
    check_version(nonconformity, version)
    if nonconformity.due_on is None:
        raise RefusedMove(_("Extend"), [_("Nothing is due now.")])
    deadline = Deadline(Step(nonconformity.due_step), nonconformity.due_on, nonconformity.extensions)
    try:
        later = extend(
            deadline,
            new_day,
            reason=reason,
            by=actor.person_id,
            owner=nonconformity.owner_id,
            single_person=actor.single_person,
        )
    except ExtensionRefused as refused:
        raise RefusedMove(_("Extend"), refused.reasons(language())) from None
    changes = {"due_on": [deadline.last_day.isoformat(), later.last_day.isoformat()]}
    nonconformity.due_on, nonconformity.extensions = later.last_day, later.extensions
    history.record(
        record_of(nonconformity), "extended", actor.person_id, reason=reason.strip(), changes=changes
    )
    tell(
        [nonconformity.owner_id],
        "nonconformity-extended",
        record_of(nonconformity),
        {"due_on": later.last_day.isoformat()},
    )
    db.session.flush()


VALUES = {
    FactKind.LINE: ("met", "not_met", "not_applicable"),
    FactKind.UNIT: ("full", "partial", "none", "not_applicable"),
    FactKind.ROW: ("0", "1", "2", "3", "4"),
}


def judge_pin(actor: Actor, nonconformity: Nonconformity, pin_id: int, value: str, note: str) -> Pin:
    """An assessor's word on a pinned fact; it takes effect once the record is void, in a run of its own.

    Raises InvalidInput for a value the fact cannot have, or without a note.
    """
    require(actor, "nonconformity:settle", subject_of(nonconformity))
    pin = db.session.get(Pin, (nonconformity.organisation_id, pin_id))
    faults: dict[str, list[str]] = {}
    if pin is None or pin.nonconformity_id != nonconformity.id:
        faults["pin"] = [_("This record pins no such fact.")]
    elif value not in VALUES.get(FactKind(pin.kind), ("data",)):
        faults["value"] = [_("The fact cannot have this value.")]
    if not note.strip():
        faults["note"] = [_("Say what the judgement rests on.")]
    if faults or pin is None:
        raise InvalidInput(faults)
    history.record(
        record_of(nonconformity),
        "fact_judged",
        actor.person_id,
        reason=note.strip(),
        changes={pin.key: [pin.judged_value, value]},
    )
    pin.judged_value, pin.judged_by_id, pin.settled_reason = value, actor.person_id, note.strip()
    db.session.flush()
    return pin
