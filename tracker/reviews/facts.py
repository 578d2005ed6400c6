"""Facts by key, and what a signed closure or a reopening does to the site's current ones."""

from dataclasses import dataclass

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import db
from tracker.history import Record
from tracker.nonconformities.models import Nonconformity, Pin
from tracker.permissions import Actor
from tracker.reviews.models import Fact, FactKind, FactSet, FactSetKind

# Aspects of a metric as facts are recorded, and as non-conformities pin them.
CUI = ("collected", "usable", "integrity")
PIN_ASPECTS = ("cui", "meets", "improves")

MET = {FactKind.LINE: "met", FactKind.UNIT: "full"}
UNMET = {FactKind.LINE: "not_met", FactKind.UNIT: "none"}


@dataclass(frozen=True)
class Key:
    """The parts of a fact's key: `4.4/metric/recontact/meets_target`."""

    element: str
    kind: FactKind
    subject: str
    aspect: str = ""

    def __str__(self) -> str:
        parts = [self.element, self.kind.value, self.subject]
        return "/".join([*parts, self.aspect] if self.aspect else parts)


def parse_key(text: str) -> Key:
    """The parts of a key. Raises ValueError for what is none."""
    parts = text.split("/")
    if len(parts) not in (3, 4) or not all(parts):
        raise ValueError(f"not the key of a fact: {text!r}")
    return Key(parts[0], FactKind(parts[1]), parts[2], parts[3] if len(parts) == 4 else "")


def release(nonconformity: Nonconformity, actor: Actor) -> None:
    """A signed, effective closure: its pins let go, and lines, units and rows become what they promised.

    A fact that another open non-conformity still pins becomes met in the record and stays held in every sheet.
    Metric facts are read from the data, so only their pins change (N-SCORE-4).
    """
    for pin in _pins(nonconformity):
        pin.released_at = clock.now()
        _settle(pin, nonconformity, actor, met=True)
    db.session.flush()


def hold_again(nonconformity: Nonconformity, actor: Actor) -> None:
    """A reopening: the pins hold again, and the facts that its closure had released are unmet again."""
    for pin in _pins(nonconformity):
        pin.released_at = None
        _settle(pin, nonconformity, actor, met=False)
    db.session.flush()


def _pins(nonconformity: Nonconformity) -> list[Pin]:
    return list(
        db.session.execute(
            sa.select(Pin)
            .where(
                Pin.organisation_id == nonconformity.organisation_id, Pin.nonconformity_id == nonconformity.id
            )
            .order_by(Pin.key)
        ).scalars()
    )


def _settle(pin: Pin, nonconformity: Nonconformity, actor: Actor, *, met: bool) -> None:
    fact = db.session.execute(
        sa.select(Fact)
        .join(
            FactSet,
            (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id),
        )
        .where(
            Fact.organisation_id == pin.organisation_id,
            FactSet.site_id == pin.site_id,
            FactSet.standard == pin.standard,
            FactSet.kind == FactSetKind.CURRENT,
            Fact.key == pin.key,
        )
    ).scalar_one_or_none()
    if fact is None:
        return
    value = settled_value(fact, pin, met=met)
    if value == fact.value:
        return
    before, fact.value = fact.value, value
    fact.judged_by_id, fact.judged_at = actor.person_id, clock.now()
    history.record(
        Record(nonconformity.organisation_id, "nonconformity", nonconformity.id, nonconformity.number),
        "fact_released" if met else "fact_held",
        actor.person_id,
        changes={pin.key: [before, value]},
    )


def settled_value(fact: Fact, pin: Pin, *, met: bool) -> str:
    """The value of a fact once a pin of it is released (`met`), or holds again."""
    if fact.kind == FactKind.ROW:
        level = pin.level or 0
        now = int(fact.value or 0)
        return str(max(now, level)) if met else str(min(now, max(level - 1, 0)))
    if fact.kind not in MET:
        return fact.value
    if met and fact.value == "not_applicable":
        return fact.value
    return (MET if met else UNMET)[fact.kind]
