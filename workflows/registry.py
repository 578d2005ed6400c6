"""The one mapping that pages, drawings and tests loop over."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from workflows.actions import ACTION
from workflows.audits import AUDIT
from workflows.machine import Machine
from workflows.nonconformities import NONCONFORMITY
from workflows.reviews import REVIEW

MACHINES: Mapping[str, Machine[Any]] = MappingProxyType(
    {machine.name: machine for machine in (REVIEW, NONCONFORMITY, ACTION, AUDIT)}
)
"""Machine name → machine, in the order of the loop: review, nonconformity, action, audit."""

PERMISSIONS: frozenset[str] = frozenset(
    move.permission for machine in MACHINES.values() for move in machine.transitions if not move.by_system
)
"""Every permission that a move asks of a person (``nonconformity:close``); ``SYSTEM`` is not one of them."""
