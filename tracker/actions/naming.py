"""Which non-conformities an action answers: named before its plan is approved, and taken out with a reason.

What an action answers is part of what its approver signs, so it is frozen with the plan.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from tracker import history
from tracker.actions import queries
from tracker.actions.answers import list_links, renew_deadline
from tracker.actions.checks import BEFORE_APPROVAL, record_of, refuse_outside, words
from tracker.actions.models import Action, ActionNonconformity
from tracker.database import add, db
from tracker.errors import InvalidInput, NotFound, RefusedMove
from tracker.i18n import gettext as _
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.models import Nonconformity
from tracker.notifications.services import tell
from tracker.numbering import label
from tracker.permissions import Actor
from workflows.nonconformities import NonconformityState

_NOT_OPEN = frozenset({NonconformityState.DRAFT, NonconformityState.CLOSED, NonconformityState.VOID})


def name_nonconformity(actor: Actor, action: Action, nonconformity_id: int) -> Nonconformity:
    """Let an action that is still being planned answer one more non-conformity of its site."""
    why = _("What it answers is frozen with the plan: revise the plan first, so that it is approved again.")
    refuse_outside(action, BEFORE_APPROVAL, why)
    (found,) = list_nameable(actor, [nonconformity_id])
    if found.site_id != action.site_id:
        raise InvalidInput({"nonconformity_id": [_("It belongs to another site.")]})
    if found.id in {each.id for each in queries.list_answers(action)}:
        raise InvalidInput({"nonconformity_id": [_("This action answers it already.")]})
    add(link_to(action, found.id))
    if found.opened_at is not None:
        action.began_on = min(action.began_on, found.opened_at.date())
    number = label("nonconformity", found.number)
    history.record(
        record_of(action),
        "nonconformity_named",
        actor.person_id,
        changes={"nonconformities": [None, number]},
    )
    tell([action.owner_id, found.owner_id], "action-named", record_of(action), {"title": action.title})
    renew_deadline(action)
    nonconformities.action_named(found, action, actor)
    return found


def unname_nonconformity(actor: Actor, action: Action, nonconformity_id: int, reason: str) -> None:
    """Let an action no longer answer a non-conformity; its other actions, or a new one, have to.

    Raises RefusedMove once the plan is approved, for the last one, and for one that it has answered already.
    """
    title = _("Take it out")
    why = _("What it answers is frozen with the plan: revise the plan first, so that it is approved again.")
    refuse_outside(action, BEFORE_APPROVAL, why)
    link = next((each for each in list_links(action) if each.nonconformity_id == nonconformity_id), None)
    if link is None:
        raise NotFound
    if link.effective:
        raise RefusedMove(
            title, [_("A follow-up audit has answered it effective: that stands with this action.")]
        )
    others = [each for each in queries.list_answers(action) if each.id != nonconformity_id]
    if not any(each.state not in queries.SETTLED for each in others):
        raise RefusedMove(title, [_("It answers no other open one: cancel the action instead.")])
    reason = words(reason, "reason", 4000)
    found = db.session.execute(
        sa.select(Nonconformity).where(
            Nonconformity.organisation_id == action.organisation_id, Nonconformity.id == nonconformity_id
        )
    ).scalar_one()
    db.session.delete(link)
    db.session.flush()
    history.record(
        record_of(action),
        "nonconformity_unnamed",
        actor.person_id,
        reason=reason,
        changes={"nonconformities": [label("nonconformity", found.number), None]},
    )
    tell([found.owner_id], "action-unnamed", record_of(action), {"title": action.title, "reason": reason})
    renew_deadline(action)
    nonconformities.actions_changed(found, actor)


def link_to(action: Action, nonconformity_id: int) -> ActionNonconformity:
    """The row that says that an action answers a non-conformity."""
    return ActionNonconformity(
        organisation_id=action.organisation_id, action_id=action.id, nonconformity_id=nonconformity_id
    )


def list_nameable(actor: Actor, nonconformity_ids: Iterable[int]) -> list[Nonconformity]:
    """The non-conformities to be named: seen by the actor, of one site, raised, and not settled."""
    wanted = set(nonconformity_ids)
    query = sa.select(Nonconformity).where(
        Nonconformity.organisation_id == actor.organisation_id, Nonconformity.id.in_(wanted)
    )
    sites = actor.sites()
    if sites is not None:
        query = query.where(Nonconformity.site_id.in_(sites))
    found = list(db.session.execute(query.order_by(Nonconformity.number)).scalars())
    field = "nonconformity_ids"
    if not wanted:
        raise InvalidInput({field: [_("Choose at least one non-conformity.")]})
    if len(found) != len(wanted):
        raise InvalidInput({field: [_("There is no such non-conformity.")]})
    if len({each.site_id for each in found}) > 1:
        raise InvalidInput({field: [_("An action answers non-conformities of one site.")]})
    wrong = [label("nonconformity", each.number) for each in found if each.state in _NOT_OPEN]
    if wrong:
        raise InvalidInput({field: [_("Not open: %(numbers)s.", numbers=", ".join(wrong))]})
    return found
