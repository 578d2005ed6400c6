"""What the page of causes shows: frozen values, already in the language of the request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """A category of causes in the Pareto."""

    code: str
    title: str
    count: int
    verified: int
    actions: int
    sites: int
    share: str
    cumulative: str
    vital: bool


@dataclass(frozen=True)
class CauseRow:
    """A cause with the records that it belongs to."""

    text: str
    category: str
    kind: str
    verified: bool
    controllable: bool
    action: int
    action_label: str
    action_title: str
    site: str
    records: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class SharedCause:
    """The same category of cause at the same item, found more than once."""

    element: str
    element_name: str
    code: str
    title: str
    sites: int
    programmes: int
    actions: int
    causes: int
    repeats: int
