"""What guards are built with."""

from collections.abc import Callable
from typing import TypeVar

from workflows.facts import CommonFacts
from workflows.machine import Guard, Names
from workflows.text import Text

F = TypeVar("F", bound=CommonFacts)


def is_true(name: str, zh: str, en: str, clause: str, predicate: Callable[[F], bool]) -> Guard[F]:
    """A guard that asks whether something holds."""
    return Guard(name, Text(zh, en), clause, predicate)


def none_left(name: str, zh: str, en: str, clause: str, left: Callable[[F], Names]) -> Guard[F]:
    """The guard that nothing is left; not having looked (None) is a refusal too."""
    return Guard(name, Text(zh, en), clause, lambda facts: left(facts) == (), left)


def is_person(facts: CommonFacts, person: int | None) -> bool:
    """Whether whoever acts is this person, or stands in for them."""
    return person is not None and person in facts.hands
