"""The standards as data: catalogues read from `data/` or from a file of one's own, checked whole, found by identifier.

A catalogue that does not add up is refused with the list of all its faults, so a wrong digit can never
reach a score. Every standard carries its release and a hash of its content; a scoring run stores both.
"""

from functools import cache
from pathlib import Path

from scoring.catalogue_reader import CatalogueError, read
from scoring.faults import Fault
from scoring.standard import (
    Bands,
    Category,
    Criterion,
    Crossing,
    DimensionCrossing,
    Hint,
    Item,
    Line,
    MaturityLevel,
    Row,
    Standard,
    Tier,
)
from scoring.text import Text

__all__ = [
    "COPC",
    "COPC_4_3",
    "DATA",
    "FILES",
    "OUTLINE_NOTICE",
    "SEE_CMM",
    "Bands",
    "CatalogueError",
    "Category",
    "Criterion",
    "Crossing",
    "DimensionCrossing",
    "Hint",
    "Item",
    "Line",
    "MaturityLevel",
    "Row",
    "Standard",
    "Tier",
    "UnknownStandard",
    "known",
    "load",
    "parse",
    "register",
    "source",
]

DATA = Path(__file__).parent / "data"
COPC = "copc-2000-csp@4.1"
COPC_4_3 = "copc-2000-csp@4.3"
SEE_CMM = "see-cmm@2009"
FILES = {COPC: "copc-2000-csp-4.1.toml", COPC_4_3: "copc-2000-csp-4.3.toml", SEE_CMM: "see-cmm-2009.toml"}

OUTLINE_NOTICE = Text(
    zh="工作提纲（非标准原文），请按贵公司持有的标准核对",
    en="Working outline (not the text of the standard): check it against your own licensed copy",
)

# Standards of one's own, made known to this process by `register`.
_registered: dict[str, Standard] = {}


class UnknownStandard(KeyError):
    """No catalogue with this identifier ships or was registered."""


@cache
def _shipped(standard_id: str) -> Standard:
    return parse(source(standard_id))


def load(standard_id: str) -> Standard:
    """The catalogue of a standard that ships, read once, or of one that was registered.

    Raises `UnknownStandard`, and `CatalogueError` when the file does not add up.

    >>> load("copc-2000-csp@4.1").item("2.3").points["standard"]
    Fraction(100, 1)
    """
    return _registered.get(standard_id) or _shipped(standard_id)


def known(standard_id: str) -> bool:
    """Whether `load` finds a standard with this identifier.

    >>> known("see-cmm@2009"), known("see-cmm@1999")
    (True, False)
    """
    return standard_id in FILES or standard_id in _registered


def source(standard_id: str) -> str:
    """The TOML text of a catalogue that ships, to be kept with the runs made under it; raises `UnknownStandard`."""
    if standard_id not in FILES:
        raise UnknownStandard(standard_id)
    return (DATA / FILES[standard_id]).read_text(encoding="utf-8")


def parse(source: str) -> Standard:
    """Read a catalogue from its TOML text; raises `CatalogueError` with every fault, each with its path."""
    return read(source)


def register(standard: Standard) -> Standard:
    """Make a standard of one's own known, so that sheets may name it.

    Registering the same content again changes nothing. Raises `CatalogueError` for an identifier that ships, or
    that stands for other content already: one identifier, one content, or old scores could not be repeated.
    """
    if standard.id in FILES:
        raise CatalogueError([Fault("id", f"{standard.id} ships with the product and cannot be replaced")])
    earlier = _registered.setdefault(standard.id, standard)
    if earlier.content_hash != standard.content_hash:
        raise CatalogueError([Fault("id", f"{standard.id} is known already with other content")])
    return earlier
