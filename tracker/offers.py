"""What the machines offer: the moves a page may show for a record, and its state in words. Reads only."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from tracker.i18n import language
from tracker.permissions import Actor, Subject, can
from workflows.machine import Machine, Offer, offers
from workflows.registry import MACHINES


@dataclass(frozen=True)
class MoveView:
    """A move as a page offers it; with `reasons` it is shown as refused, with why."""

    event: str
    title: str
    target: str
    tone: str
    reasons: tuple[str, ...]
    signature: str | None
    reason_required: bool

    @property
    def allowed(self) -> bool:
        return not self.reasons


def machine_of(kind: str) -> Machine[Any]:
    """The machine that moves records of a kind: `review`, `nonconformity`, `action`, `audit`."""
    return MACHINES[kind]


def offered(kind: str, row_state: str, actor: Actor, facts: Any, subject: Subject) -> tuple[MoveView, ...]:
    """The moves that this person may make from here: allowed ones first, then refused ones with their reasons."""
    machine = machine_of(kind)
    facts = dataclasses.replace(
        facts, actor=actor.person_id, acting_for=actor.acting_for, single_person=actor.single_person
    )
    found = [
        _view(machine, row_state, offer)
        for offer in offers(machine, row_state, facts)
        if not offer.transition.by_system and can(actor, offer.transition.permission, subject)
    ]
    return tuple(sorted(found, key=lambda view: not view.allowed))


def _view(machine: Machine[Any], state: str, offer: Offer[Any]) -> MoveView:
    transition, lang = offer.transition, language()
    target = machine.state(transition.target_from(state))
    return MoveView(
        event=transition.event,
        title=sentence(transition.title.of(lang)),
        target=target.title.of(lang),
        tone=target.tone.value,
        reasons=tuple(offer.reasons(lang)),
        signature=transition.signature.of(lang) if transition.signature else None,
        reason_required=transition.reason_required,
    )


def sentence(text: str) -> str:
    """The same words with a capital first letter, as buttons and headings want them."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class StateView:
    """A state as a page shows it."""

    id: str
    title: str
    meaning: str
    tone: str


def state_view(kind: str, state: str) -> StateView:
    """Title, meaning and tone of a state in the language of this request."""
    found = machine_of(kind).state(state)
    return StateView(
        str(found.id), found.title.of(language()), found.meaning.of(language()), found.tone.value
    )
