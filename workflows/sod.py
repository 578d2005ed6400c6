"""Segregation of duties by person (N-SOD).

A rule is told who has had a hand in the record; it holds when none of them is the actor, nor anybody the
actor stands in for. Not knowing who they are is a refusal. The single-person switch waives these rules and
no others; what it let through is marked (N-SOD 5).
"""

from collections.abc import Callable
from typing import TypeVar

from workflows.facts import CommonFacts, People
from workflows.machine import Guard
from workflows.text import Text

F = TypeVar("F", bound=CommonFacts)


def apart(name: str, zh: str, en: str, clause: str, others: Callable[[F], People]) -> Guard[F]:
    """The guard that the actor is none of ``others``; waived by the single-person switch."""

    def none_of_them(facts: F) -> bool:
        people = others(facts)
        return facts.actor is not None and people is not None and facts.hands.isdisjoint(people)

    return Guard(name, Text(zh, en), clause, none_of_them, segregation=True)


def one(person: int | None) -> People:
    """A single person as a set; None stays None, so that an unknown person is a refusal."""
    return None if person is None else frozenset({person})
