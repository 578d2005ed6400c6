"""Which actions wait for which: never in a circle."""

import sqlalchemy as sa

from tracker import history
from tracker.actions import queries
from tracker.actions.checks import BEFORE_APPROVAL, exists, record_of, refuse_outside
from tracker.actions.models import Action, ActionDependency
from tracker.actions.queries import Case, load_case
from tracker.database import add, db
from tracker.errors import NotFound, RefusedMove
from tracker.i18n import gettext as _
from tracker.numbering import label
from tracker.permissions import Actor
from workflows.actions import ActionState as State


def add_dependency(actor: Actor, action: Action, needs: Action) -> None:
    """Let `action` wait for `needs`. Raises RefusedMove, with the circle named, when that makes one."""
    title = _("Add the dependency")
    refuse_outside(action, BEFORE_APPROVAL | {State.IMPLEMENTING}, _("This action is implemented already."))
    own, other = label("action", action.number), label("action", needs.number)
    if action.id == needs.id:
        raise RefusedMove(title, [_("The dependencies form a circle: %(way)s.", way=f"{own} → {own}")])
    way = _way(load_case(needs), action.id)
    if way:
        raise RefusedMove(
            title, [_("The dependencies form a circle: %(way)s.", way=" → ".join([own, other, *way]))]
        )
    if exists(ActionDependency, action, ActionDependency.needs_id == needs.id):
        return
    add(ActionDependency(organisation_id=action.organisation_id, action_id=action.id, needs_id=needs.id))
    history.record(record_of(action), "dependency_added", actor.person_id, changes={"needs": [None, other]})


def remove_dependency(actor: Actor, action: Action, needs: Action) -> None:
    """Let `action` no longer wait for `needs`."""
    row = db.session.execute(
        sa.select(ActionDependency).where(
            ActionDependency.organisation_id == action.organisation_id,
            ActionDependency.action_id == action.id,
            ActionDependency.needs_id == needs.id,
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound
    db.session.delete(row)
    history.record(
        record_of(action),
        "dependency_removed",
        actor.person_id,
        changes={"needs": [label("action", needs.number), None]},
    )
    db.session.flush()


def _way(case: Case, goal: int) -> list[str]:
    """The numbers on the way from the case's action down to `goal`; empty: there is none."""
    below: dict[int, list[queries.Need]] = {}
    for need in case.needs:
        below.setdefault(need.action_id, []).append(need)
    waiting: list[tuple[int, list[str]]] = [(case.action.id, [])]
    seen = set()
    while waiting:
        node, way = waiting.pop()
        for need in below.get(node, []):
            if need.needs_id == goal:
                return [*way, need.label]
            if need.needs_id not in seen:
                seen.add(need.needs_id)
                waiting.append((need.needs_id, [*way, need.label]))
    return []
