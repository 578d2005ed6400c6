"""A state machine as data, and the small interpreter that asks it what may happen.

A machine is declared once. The buttons, the refusals, the drawings and the tests all read that declaration,
so none of them can disagree with another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from workflows.text import Text, Worded

SYSTEM = "system"
"""The permission of moves that no person presses: they follow from a move of another record."""

NOT_SEGREGATED = Text("未分离", "not segregated")
"""The mark of a sign-off that only the single-person switch let through (N-SOD 5)."""

Names = tuple[str, ...] | None
"""What is still missing, by the labels people know (``NC-0012``, ``1.2-2a``); None: nobody has looked yet."""

_NAMES_SHOWN = 5


class Tone(StrEnum):
    """The palette of states. A state has one tone, and wears it on every page and drawing."""

    NEUTRAL = "neutral"
    INFO = "info"
    ATTENTION = "attention"
    PROGRESS = "progress"
    REVIEW = "review"
    SUCCESS = "success"
    DANGER = "danger"
    MUTED = "muted"


class Facts(Protocol):
    """What every record of facts tells the interpreter itself."""

    @property
    def single_person(self) -> bool:
        """Whether the organisation has switched segregation of duties off (N-SOD 5)."""

    @property
    def reason(self) -> str:
        """The reason typed for this move."""

    @property
    def signed(self) -> bool:
        """Whether the actor has just signed this move."""


# A guard that needs little of its facts serves every machine whose facts offer more: hence contravariant.
F = TypeVar("F", bound=Facts, contravariant=True)


@dataclass(frozen=True, slots=True)
class State:
    """Where a record can be.

    ``final`` marks the states in which nothing more is expected of anybody, even if a record can be
    brought back from there.
    """

    id: str
    title: Text
    meaning: Text
    tone: Tone
    final: bool = False


def state(member: Worded, zh: str, en: str, tone: Tone, final: bool = False) -> State:
    """The state of one member of a state enumeration; zh and en say in one line what it means."""
    return State(member, member.text, Text(zh, en), tone, final)


@dataclass(frozen=True, slots=True)
class Guard(Generic[F]):
    """A condition of a move.

    ``message`` says what is missing and what to do about it. ``clause`` is the rule it comes from.
    ``left`` lists what is still missing, if that can be listed. ``segregation`` marks the rules of N-SOD,
    which an organisation of one person may switch off.
    """

    name: str
    message: Text
    clause: str
    predicate: Callable[[F], bool]
    left: Callable[[F], Names] | None = None
    segregation: bool = False

    def holds(self, facts: F) -> bool:
        """Whether the move may pass this guard."""
        return self.predicate(facts) or self.waived(facts)

    def waived(self, facts: F) -> bool:
        """Whether only the single-person switch lets the move pass (N-SOD 5)."""
        return self.segregation and facts.single_person and not self.predicate(facts)

    def say(self, facts: F) -> Text:
        """The message, followed by the names of what is missing where they are known."""
        names = self.left(facts) if self.left else None
        if not names:
            return self.message
        more = len(names) - _NAMES_SHOWN
        zh, en = "、".join(names[:_NAMES_SHOWN]), ", ".join(names[:_NAMES_SHOWN])
        if more > 0:
            zh, en = f"{zh} 等 {len(names)} 项", f"{en} and {more} more"
        return Text(f"{self.message.zh}（未满足：{zh}）", f"{self.message.en} (Missing: {en}.)")


@dataclass(frozen=True, slots=True)
class Transition(Generic[F]):
    """A move: the event that asks for it, where it starts, where it leads, and what it needs.

    ``target`` None means that the record stays in the state it is in. ``permission`` is what the person must
    hold, or ``SYSTEM``. ``signature`` is the meaning of the signature, None if the move is not signed.
    """

    event: str
    title: Text
    sources: tuple[str, ...]
    target: str | None
    guards: tuple[Guard[F], ...]
    permission: str
    clause: str
    signature: Text | None = None
    reason_required: bool = False

    def target_from(self, source: str) -> str:
        """The state this move leads to from ``source``."""
        return source if self.target is None else self.target

    @property
    def by_system(self) -> bool:
        """Whether the move follows by itself from a move of another record."""
        return self.permission == SYSTEM


@dataclass(frozen=True)
class Machine(Generic[F]):
    """A named machine. Raises ValueError if the declaration contradicts itself.

    ``noun`` is the word for one record, as it stands in the middle of a sentence.
    """

    name: str
    title: Text
    noun: Text
    states: tuple[State, ...]
    initial: str
    transitions: tuple[Transition[F], ...]
    by_id: Mapping[str, State] = field(init=False, repr=False, compare=False)
    moves: Mapping[str, Mapping[str, Transition[F]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {str(each.id): each for each in self.states}
        moves: dict[str, dict[str, Transition[F]]] = {each: {} for each in by_id}
        for move in self.transitions:
            for source in move.sources:
                if source not in by_id or move.target_from(source) not in by_id:
                    raise ValueError(f"{self.name}: {move.event} names a state that is not declared")
                if move.event in moves[source]:
                    raise ValueError(f"{self.name}: {move.event} is declared twice for {source}")
                moves[source][move.event] = move
        if self.initial not in by_id or len(by_id) != len(self.states):
            raise ValueError(f"{self.name}: the states are not distinct, or the start is not one of them")
        object.__setattr__(self, "by_id", MappingProxyType(by_id))
        object.__setattr__(self, "moves", MappingProxyType(moves))

    def state(self, state: str) -> State:
        """The state of that identifier. Raises LookupError for one that is not declared."""
        try:
            return self.by_id[state]
        except KeyError:
            raise LookupError(f"{self.name} has no state {state!r}") from None

    def transition(self, state: str, event: str) -> Transition[F] | None:
        """The move that ``event`` makes from ``state``; None if it makes none."""
        return self.moves[self.state(state).id].get(event)

    @property
    def events(self) -> tuple[str, ...]:
        """Every event once, in the order of declaration."""
        return tuple(dict.fromkeys(move.event for move in self.transitions))

    def event_title(self, event: str) -> Text | None:
        """The title of an event; None for one the machine does not know."""
        return next((move.title for move in self.transitions if move.event == event), None)


@dataclass(frozen=True, slots=True)
class Offer(Generic[F]):
    """A move that leaves the present state, with the guards that say no and their words."""

    transition: Transition[F]
    refused: tuple[Guard[F], ...]
    said: tuple[Text, ...]

    @property
    def allowed(self) -> bool:
        """Whether every guard lets it pass."""
        return not self.refused

    def reasons(self, lang: str) -> list[str]:
        """What is missing, in words."""
        return [each.of(lang) for each in self.said]


class Refused(Exception):
    """A move that may not happen: machine, state, event, and the guards that said no.

    ``guards`` is empty when the event does not leave the state at all; ``said`` always has a sentence.
    """

    def __init__(
        self,
        machine: str,
        state: str,
        event: str,
        guards: tuple[str, ...],
        said: tuple[Text, ...],
    ) -> None:
        super().__init__(machine, state, event, guards, said)
        self.machine = machine
        self.state = state
        self.event = event
        self.guards = guards
        self.said = said

    def reasons(self, lang: str) -> list[str]:
        """What is missing, in words: at least one sentence."""
        return [each.of(lang) for each in self.said]

    def __str__(self) -> str:
        return f"{self.machine}: {self.event} refused in {self.state}: {' '.join(self.reasons('en'))}"


REASON_GIVEN: Guard[Facts] = Guard(
    "reason_given",
    Text("请写明理由。", "Write down the reason."),
    "E.6",
    lambda facts: bool(facts.reason.strip()),
)
SIGNATURE_GIVEN: Guard[Facts] = Guard(
    "signature_given",
    Text("此操作需要电子签名：请再次输入密码并签名。", "This move is signed: enter your password again."),
    "21 CFR Part 11",
    lambda facts: facts.signed,
)


def offers(machine: Machine[F], state: str, facts: F) -> tuple[Offer[F], ...]:
    """Every move that leaves the state, in the order of declaration, with the guards that refuse it.

    Reason and signature are not asked for here: the form of the move asks for them.
    """
    return tuple(_offer(move, facts) for move in machine.moves[machine.state(state).id].values())


def allowed(machine: Machine[F], state: str, facts: F) -> tuple[Transition[F], ...]:
    """The moves that no guard refuses (reason and signature aside, as in ``offers``)."""
    return tuple(each.transition for each in offers(machine, state, facts) if each.allowed)


def fire(machine: Machine[F], state: str, event: str, facts: F) -> str:
    """The state that ``event`` leads to.

    Besides the guards it demands the reason and the signature where the move is declared to need them.
    Raises Refused, with every guard that said no, not only the first; LookupError for an unknown state.
    """
    move = machine.transition(state, event)
    if move is None:
        raise Refused(machine.name, state, event, (), (_no_such_move(machine, state, event),))
    offer = _offer(move, facts)
    asked = tuple(guard for guard in _asked_at_the_move(move) if not guard.holds(facts))
    if offer.refused or asked:
        names = (*(guard.name for guard in offer.refused), *(guard.name for guard in asked))
        said = (*offer.said, *(guard.message for guard in asked))
        raise Refused(machine.name, state, event, names, said)
    return move.target_from(state)


def unsegregated(machine: Machine[F], state: str, event: str, facts: F) -> tuple[Guard[F], ...]:
    """The rules of N-SOD that this move breaks under the single-person switch.

    A sign-off for which this is not empty is shown and printed with ``NOT_SEGREGATED`` (N-SOD 5).
    """
    move = machine.transition(state, event)
    return tuple(guard for guard in move.guards if guard.waived(facts)) if move else ()


def _offer(move: Transition[F], facts: F) -> Offer[F]:
    refused = tuple(guard for guard in move.guards if not guard.holds(facts))
    return Offer(move, refused, tuple(guard.say(facts) for guard in refused))


def _asked_at_the_move(move: Transition[F]) -> tuple[Guard[Facts], ...]:
    reason = (REASON_GIVEN,) if move.reason_required else ()
    signature = (SIGNATURE_GIVEN,) if move.signature else ()
    return (*reason, *signature)


def _no_such_move(machine: Machine[F], state: str, event: str) -> Text:
    here = machine.state(state).title
    title = machine.event_title(event)
    exits = [move.title for move in machine.moves[state].values() if not move.by_system]
    zh_exits = "、".join(each.zh for each in exits) or "无"
    en_exits = "; ".join(each.en for each in exits) or "nothing"
    if title is None:
        return Text(
            f"没有“{event}”这一操作。当前状态“{here.zh}”可进行的操作：{zh_exits}。",
            f"There is no move called “{event}”. Possible from “{here.en}”: {en_exits}.",
        )
    return Text(
        f"{machine.noun.zh}处于“{here.zh}”状态时不能“{title.zh}”。此时可进行的操作：{zh_exits}。",
        f"“{title.en}” is not possible while the {machine.noun.en} is “{here.en}”. Possible now: {en_exits}.",
    )
