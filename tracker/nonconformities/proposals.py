"""Which rows of SEE-CMM a gap in an item may speak to as well: proposed, never set."""

from collections.abc import Iterable
from dataclasses import dataclass

from scoring import crosswalk
from scoring.facts import Release
from scoring.standard import Standard
from tracker.i18n import say
from tracker.nonconformities.drafts import PinSpec
from tracker.reviews.facts import parse_key
from tracker.reviews.models import FactKind
from tracker.scores.releases import Known
from tracker.scores.sheets import COPC, SEE_CMM


@dataclass(frozen=True)
class ProposalView:
    """A row of a criterion that may deserve another look, and why."""

    criterion: str
    criterion_name: str
    row: str
    row_name: str
    primary: bool
    item: str
    why: str


def propose(pins: Iterable[PinSpec], releases: Known) -> tuple[ProposalView, ...]:
    """The rows that the pinned facts speak to, those of the first criterion of an item before the others.

    `releases` are those that count at the site. Rows that are pinned already are left out.
    """
    known = list(pins)
    source, target = releases[COPC], releases[SEE_CMM]
    pinned = {pin.key for pin in known if pin.standard == SEE_CMM}
    closed = [found for pin in known if pin.standard == COPC and (found := _release(pin)) is not None]
    return tuple(
        _view(found, target)
        for found in crosswalk.propose(source, target, closed)
        if f"{found.criterion}/row/{found.row}" not in pinned
    )


def _release(pin: PinSpec) -> Release | None:
    """A pin as the crossings read it; None for what they do not know."""
    try:
        key = parse_key(pin.key)
    except ValueError:
        return None
    if key.kind not in (FactKind.LINE, FactKind.UNIT, FactKind.METRIC):
        return None
    return Release(key.kind.value, key.element, key.subject, key.aspect)


def _view(found: crosswalk.Proposal, target: Standard) -> ProposalView:
    criterion = target.criterion(found.criterion)
    row = next(row for row in criterion.rows if row.id == found.row)
    return ProposalView(
        criterion=criterion.id,
        criterion_name=say(criterion.name),
        row=row.id,
        row_name=say(row.name),
        primary=found.primary,
        item=found.item,
        why="; ".join(dict.fromkeys(say(reason) for reason in found.reasons)),
    )
