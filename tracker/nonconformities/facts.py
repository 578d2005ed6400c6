"""What the guards of a non-conformity look at, read for many records in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from tracker import clock
from tracker.accounts.models import Person
from tracker.actions.models import Action, ActionNonconformity, Cause, Task
from tracker.database import db
from tracker.history import Record
from tracker.nonconformities.models import Nonconformity, NonconformityRelation, Pin
from tracker.numbering import label
from tracker.permissions import Subject
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind, Overrule, Review
from tracker.scores.sheets import COPC, PINNING, SEE_CMM
from tracker.signatures import Signature
from workflows.actions import ActionState
from workflows.facts import NonconformityFacts
from workflows.kinds import CauseKind, Grade, TaskState
from workflows.nonconformities import NonconformityState
from workflows.repeats import Relation
from workflows.reviews import ReviewState
from workflows.schedule import Step

IMPLEMENTED = (ActionState.FOLLOW_UP, ActionState.MONITORING, ActionState.CLOSED)
SETTLED_ACTIONS = (ActionState.CLOSED, ActionState.CANCELLED)
UNREPORTED = (ReviewState.PLANNED, ReviewState.IN_PROGRESS)
SPLITTABLE = (
    NonconformityState.DRAFT,
    NonconformityState.OPEN,
    NonconformityState.DISPUTED,
    NonconformityState.CONTAINED,
    NonconformityState.CORRECTING,
)
FIT_TO_KEEP = tuple(state for state in PINNING if state != NonconformityState.VERIFYING)
"""The states in which a record takes over the facts of its duplicate: not one that is being verified already."""


@dataclass(frozen=True)
class ActionFact:
    """An action that names a non-conformity, as the guards see it."""

    id: int
    number: int
    title: str
    state: ActionState
    owner_id: int
    owner: tuple[str, str]
    due_on: date | None
    implemented: bool | None
    effective: bool | None

    @property
    def live(self) -> bool:
        return self.state != ActionState.CANCELLED

    @property
    def settled(self) -> bool:
        return self.state in SETTLED_ACTIONS or self.effective is True


@dataclass(frozen=True)
class Work:
    """Who did, who planned, and when the last task was done, over all actions of a non-conformity."""

    actions: tuple[ActionFact, ...]
    implementers: frozenset[int]
    plan_approvers: frozenset[int]
    root_cause: bool
    last_done: date | None


@dataclass
class Hands:
    """Who had a hand in one action, and what stands of it."""

    doers: set[int] = field(default_factory=set)
    approvers: set[int] = field(default_factory=set)
    last_done: date | None = None
    rooted: bool = False


@dataclass
class Around:
    """What else is known of pinned facts: who else holds them, their values, who overruled their elements."""

    holders: dict[tuple[int, str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    labels: dict[int, str] = field(default_factory=dict)
    values: dict[tuple[int, str, str], str] = field(default_factory=dict)
    recorders: dict[tuple[int, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    merging: set[int] = field(default_factory=set)
    """Records to be voided as duplicates, whose facts the record that is kept takes over."""


def record_of(nonconformity: Nonconformity) -> Record:
    """The record as history, signatures and messages point to it."""
    return Record(nonconformity.organisation_id, "nonconformity", nonconformity.id, nonconformity.number)


def subject_of(nonconformity: Nonconformity) -> Subject:
    """The record as permissions see it."""
    owners = frozenset() if nonconformity.owner_id is None else frozenset({nonconformity.owner_id})
    return Subject(site_id=nonconformity.site_id, owner_ids=owners)


def facts_of(nonconformity: Nonconformity) -> NonconformityFacts:
    """The guard facts of one record, every field filled."""
    return facts_for([nonconformity])[nonconformity.id]


def facts_for(records: Sequence[Nonconformity]) -> dict[int, NonconformityFacts]:
    """The guard facts of records of one organisation, by id, in a number of statements that does not grow.

    Only what the data show of pinned metrics is asked for one by one, where somebody awaits that answer.
    """
    if not records:
        return {}
    organisation_id = records[0].organisation_id
    ids = [record.id for record in records]
    pins = pins_of(organisation_id, ids)
    work = work_of(organisation_id, ids)
    origins = _origins(organisation_id, ids)
    known = around(organisation_id, [pin for found in pins.values() for pin in found])
    return {
        record.id: gathered(record, pins[record.id], work[record.id], known, origins[record.id])
        for record in records
    }


def gathered(
    record: Nonconformity, pins: Sequence[Pin], work: Work, known: Around, origin: tuple[bool, bool]
) -> NonconformityFacts:
    """The guard facts of one record out of what has been read; every field is filled."""
    awaiting_report, repeat_of_closed = origin
    return NonconformityFacts(
        owner=record.owner_id,
        raised_by=record.raised_by_id,
        title_given=bool(record.title.strip()),
        source=record.source,
        evidence_given=bool(record.evidence.strip()),
        grade=record.grade,
        awaiting_report=awaiting_report,
        copc_pins=_count(pins, COPC),
        see_cmm_pins=_count(pins, SEE_CMM),
        isolated_lapse=bool(record.unpinned_reason.strip()),
        repeat_of_closed=repeat_of_closed,
        accepted=record.accepted_at is not None,
        containment_overdue=containment_overdue(record, clock.today()),
        upheld_before=record.dispute_upheld,
        correction_given=bool(record.correction.strip()),
        no_correction_reason=not record.correction_needed and bool(record.no_correction_reason.strip()),
        actions_live=sum(action.live for action in work.actions),
        actions_unimplemented=_named(
            action for action in work.actions if action.live and action.state not in IMPLEMENTED
        ),
        actions_unsettled=_named(action for action in work.actions if not action.settled),
        root_cause_verified=work.root_cause,
        followup_implemented=record.answered_implemented,
        followup_effective=record.answered_effective,
        metrics_disagree=metrics_disagree(record, pins, work),
        implementers=work.implementers,
        plan_approvers=work.plan_approvers,
        overrule_recorders=frozenset(
            person for pin in pins for person in known.recorders[(record.site_id, pin.element)]
        ),
        closure_approved_by=record.closure_approved_by_id,
        short_answer_given=bool(record.short_answer.strip()),
        closed_short=record.closed_short,
        days_since_closed=_days_since(record.closed_at),
        void_requested_by=record.void_requested_by_id,
        pins_unsettled=unsettled(record, pins, known),
    )


def containment_overdue(record: Nonconformity, today: date) -> bool:
    """Whether the containment time has passed; a grade without a deadline is never late."""
    if record.opened_at is None:
        return True
    return record.due_step == Step.CONTAINMENT and record.due_on is not None and today > record.due_on


def _days_since(moment: datetime | None) -> int | None:
    return None if moment is None else (clock.today() - moment.date()).days


def _count(pins: Iterable[Pin], standard: str) -> int:
    return sum(pin.standard == standard for pin in pins)


def _named(actions: Iterable[ActionFact]) -> tuple[str, ...]:
    return tuple(label("action", action.number) for action in actions)


def pins_of(organisation_id: int, ids: Sequence[int]) -> dict[int, list[Pin]]:
    """Non-conformity → its pins, in the order of their keys."""
    found: dict[int, list[Pin]] = defaultdict(list)
    asked = {"organisation": organisation_id, "ids": list(ids)}
    for pin in db.session.execute(_pins_statement(), asked).scalars():
        found[pin.nonconformity_id].append(pin)
    return found


@cache
def _pins_statement() -> Any:
    return (
        sa.select(Pin)
        .where(
            Pin.organisation_id == sa.bindparam("organisation"),
            Pin.nonconformity_id.in_(sa.bindparam("ids", expanding=True)),
        )
        .order_by(Pin.standard, Pin.key)
    )


def work_of(organisation_id: int, ids: Sequence[int]) -> dict[int, Work]:
    """Non-conformity → its actions and who had a hand in them: two statements, however many records."""
    actions: dict[int, list[ActionFact]] = defaultdict(list)
    asked = {"organisation": organisation_id, "ids": list(ids)}
    for row in db.session.execute(_work_statement(), asked):
        actions[row.nonconformity_id].append(
            ActionFact(
                id=row.id,
                number=row.number,
                title=row.title,
                state=row.state,
                owner_id=row.owner_id,
                owner=(row.name_zh, row.name_en),
                due_on=row.due_on,
                implemented=row.implemented,
                effective=row.effective,
            )
        )
    action_ids = {action.id for found in actions.values() for action in found}
    hands = _hands(organisation_id, action_ids) if action_ids else {}
    return {each: _work(actions[each], hands) for each in ids}


@cache
def _work_statement() -> Any:
    return (
        sa.select(
            ActionNonconformity.nonconformity_id,
            ActionNonconformity.implemented,
            ActionNonconformity.effective,
            Action.id,
            Action.number,
            Action.title,
            Action.state,
            Action.owner_id,
            Action.due_on,
            Person.name_zh,
            Person.name_en,
        )
        .join(
            Action,
            (Action.organisation_id == ActionNonconformity.organisation_id)
            & (Action.id == ActionNonconformity.action_id),
        )
        .join(Person, (Person.organisation_id == Action.organisation_id) & (Person.id == Action.owner_id))
        .where(
            ActionNonconformity.organisation_id == sa.bindparam("organisation"),
            ActionNonconformity.nonconformity_id.in_(sa.bindparam("ids", expanding=True)),
        )
        .order_by(Action.number)
    )


def _work(actions: Sequence[ActionFact], hands: Mapping[int, Hands]) -> Work:
    """A cancelled action made nothing: nobody who worked on it is kept from judging the others."""
    live = [(action, hands.get(action.id, Hands())) for action in actions if action.live]
    return Work(
        actions=tuple(actions),
        implementers=frozenset(person for action, of in live for person in {action.owner_id, *of.doers}),
        plan_approvers=frozenset(person for _, of in live for person in of.approvers),
        root_cause=any(of.rooted for _, of in live),
        last_done=max((of.last_done for _, of in live if of.last_done is not None), default=None),
    )


def _hands(organisation_id: int, action_ids: set[int]) -> dict[int, Hands]:
    """Action → who carried out its tasks, who signed its plan in any round, and what stands of it."""
    found: dict[int, Hands] = defaultdict(Hands)
    nobody, never = sa.null().cast(sa.BigInteger), sa.null().cast(Task.done_at.type)
    done = sa.select(
        sa.literal("done"), Task.action_id, Task.owner_id, Task.done_by_id, Task.done_at.label("at")
    ).where(
        Task.organisation_id == organisation_id, Task.action_id.in_(action_ids), Task.state == TaskState.DONE
    )
    approved = sa.select(
        sa.literal("approved"), Signature.record_id, Signature.person_id, nobody, never
    ).where(
        Signature.organisation_id == organisation_id,
        Signature.record_kind == "action",
        Signature.record_id.in_(action_ids),
        Signature.event == "approve_plan",
    )
    rooted = (
        sa.select(sa.literal("rooted"), Cause.action_id, nobody, nobody, never)
        .where(
            Cause.organisation_id == organisation_id,
            Cause.action_id.in_(action_ids),
            Cause.kind == CauseKind.ROOT,
            Cause.verified_at.is_not(None),
        )
        .distinct()
    )
    for what, action_id, person_id, other_id, at in db.session.execute(sa.union_all(done, approved, rooted)):
        hands = found[action_id]
        if what == "approved":
            hands.approvers.add(person_id)
        elif what == "rooted":
            hands.rooted = True
        else:
            hands.doers |= {person for person in (person_id, other_id) if person is not None}
            hands.last_done = max(day for day in (hands.last_done, at and at.date()) if day)
    return found


def _origins(organisation_id: int, ids: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """Record → whether its review still awaits the report, and whether it repeats a closed record."""
    asked = {"organisation": organisation_id, "ids": list(ids)}
    return {
        row.id: (row.review_state in UNREPORTED, row.repeated_state == NonconformityState.CLOSED)
        for row in db.session.execute(_origins_statement(), asked)
    }


# The statements of every move are put together once, because that takes longer than asking them.


@cache
def _origins_statement() -> Any:
    repeated = sa.orm.aliased(Nonconformity)
    return (
        sa.select(
            Nonconformity.id, Review.state.label("review_state"), repeated.state.label("repeated_state")
        )
        .outerjoin(
            Review,
            (Review.organisation_id == Nonconformity.organisation_id)
            & (Review.id == Nonconformity.review_id),
        )
        .outerjoin(
            repeated,
            (repeated.organisation_id == Nonconformity.organisation_id)
            & (repeated.id == Nonconformity.repeat_of_id),
        )
        .where(
            Nonconformity.organisation_id == sa.bindparam("organisation"),
            Nonconformity.id.in_(sa.bindparam("ids", expanding=True)),
        )
    )


def around(organisation_id: int, pins: Sequence[Pin]) -> Around:
    """Everything about the facts of `pins` beside the pins themselves, in one statement."""
    found = Around()
    if not pins:
        return found
    asked = {
        "organisation": organisation_id,
        "sites": list({pin.site_id for pin in pins}),
        "keys": list({pin.key for pin in pins}),
        "elements": list({pin.element for pin in pins}),
        "records": list({pin.nonconformity_id for pin in pins}),
    }
    for what, site_id, standard, key, number, value in db.session.execute(_around_statement(), asked):
        if what == "holder":
            found.holders[(site_id, standard, key)].add(number)
            found.labels[number] = label("nonconformity", int(value))
        elif what == "value":
            found.values[(site_id, standard, key)] = value
        elif what == "merging":
            found.merging.add(number)
        else:
            found.recorders[(site_id, key)].add(number)
    return found


@cache
def _around_statement() -> sa.CompoundSelect[Any]:
    organisation: sa.BindParameter[Any] = sa.bindparam("organisation")
    sites: sa.BindParameter[Any] = sa.bindparam("sites", expanding=True)
    keys: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
    elements: sa.BindParameter[Any] = sa.bindparam("elements", expanding=True)
    current = (FactSet.organisation_id == organisation) & (FactSet.kind == FactSetKind.CURRENT)
    current &= FactSet.site_id.in_(sites)
    of_set = (Fact.organisation_id == FactSet.organisation_id) & (Fact.fact_set_id == FactSet.id)
    holders = (
        sa.select(
            sa.literal("holder").label("what"),
            Pin.site_id,
            Pin.standard,
            Pin.key,
            Pin.nonconformity_id,
            sa.cast(Nonconformity.number, sa.String),
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == Pin.organisation_id)
            & (Nonconformity.id == Pin.nonconformity_id),
        )
        .where(
            Pin.organisation_id == organisation,
            Pin.site_id.in_(sites),
            Pin.key.in_(keys),
            Pin.released_at.is_(None),
            Nonconformity.state.in_(PINNING),
        )
    )
    values = (
        sa.select(sa.literal("value"), FactSet.site_id, FactSet.standard, Fact.key, sa.literal(0), Fact.value)
        .join(Fact, of_set)
        .where(current, Fact.key.in_(keys))
    )
    overruled = (
        sa.select(
            sa.literal("recorder"),
            FactSet.site_id,
            FactSet.standard,
            Overrule.element,
            Overrule.person_id,
            sa.literal(""),
        )
        .join(
            Overrule,
            (Overrule.organisation_id == FactSet.organisation_id) & (Overrule.fact_set_id == FactSet.id),
        )
        .where(current, Overrule.element.in_(elements))
    )
    spoken = (
        sa.select(
            sa.literal("recorder"),
            FactSet.site_id,
            FactSet.standard,
            Fact.element,
            Fact.judged_by_id,
            sa.literal(""),
        )
        .join(Fact, of_set)
        .where(
            current, Fact.kind == FactKind.WORD, Fact.element.in_(elements), Fact.judged_by_id.is_not(None)
        )
    )
    merging = (
        sa.select(
            sa.literal("merging"),
            Nonconformity.site_id,
            sa.literal(""),
            sa.literal(""),
            NonconformityRelation.nonconformity_id,
            sa.literal(""),
        )
        .join(
            Nonconformity,
            (Nonconformity.organisation_id == NonconformityRelation.organisation_id)
            & (Nonconformity.id == NonconformityRelation.other_id),
        )
        .where(
            NonconformityRelation.organisation_id == organisation,
            NonconformityRelation.nonconformity_id.in_(sa.bindparam("records", expanding=True)),
            NonconformityRelation.kind == Relation.DUPLICATE,
            Nonconformity.state.in_(FIT_TO_KEEP),
        )
    )
    return sa.union_all(holders, values, overruled, spoken, merging)


def unsettled(record: Nonconformity, pins: Sequence[Pin], known: Around) -> tuple[str, ...]:
    """The pinned facts that would be left alone, or become met, if the record stood no longer.

    Settled is a fact that another open record pins, or on which an assessor has said a word. A written reason
    is enough only while the fact is unmet in the record as well: otherwise letting it go would meet it. Those of a
    duplicate are all carried by the record that is kept.
    """
    if record.id in known.merging:
        return ()
    return tuple(
        pin.key
        for pin in pins
        if pin.released_at is None
        and not known.holders[(pin.site_id, pin.standard, pin.key)] - {record.id}
        and pin.judged_by_id is None
        and not (pin.settled_reason.strip() and not would_be_met(pin, known))
    )


def may_hold(grade: Grade, standard: str) -> bool:
    """Whether a record of this grade may pin facts of a standard (E.3)."""
    return grade in (Grade.MAJOR, Grade.MINOR) or (grade is Grade.OFI and standard == SEE_CMM)


def would_be_met(pin: Pin, known: Around) -> bool:
    """Whether only the pin keeps its fact from being met.

    The data of a metric speak as soon as no pin holds it, so a written reason never settles one.
    """
    value = known.values.get((pin.site_id, pin.standard, pin.key), "")
    if pin.kind == FactKind.ROW:
        return bool(value) and int(value) >= (pin.level or 0)
    return pin.kind == FactKind.METRIC or value in ("met", "full", "yes")


def metrics_disagree(record: Nonconformity, pins: Sequence[Pin], work: Work) -> tuple[str, ...] | None:
    """The pinned metric facts that the data do not show yet (N-METRIC); None before it is asked."""
    from tracker.metrics.agreement import disagree

    pinned = [pin for pin in pins if pin.kind == FactKind.METRIC]
    if not pinned:
        return ()
    if record.state != NonconformityState.VERIFYING:
        return None
    return tuple(disagree(record.organisation_id, record.site_id, pinned, work.last_done))
