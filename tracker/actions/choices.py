"""What there is to choose from in the forms of actions."""

import sqlalchemy as sa

from tracker.actions import queries
from tracker.actions.checks import BEFORE_APPROVAL
from tracker.actions.models import Action, ActionNonconformity
from tracker.database import db
from tracker.i18n import pick
from tracker.metrics.models import Metric
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.permissions import Actor, Subject, can


def list_metrics(action: Action) -> list[tuple[int, str]]:
    """The metrics of the action's site to choose from."""
    rows = db.session.execute(
        sa.select(Metric.id, Metric.item, Metric.name_zh, Metric.name_en)
        .where(Metric.organisation_id == action.organisation_id, Metric.site_id == action.site_id)
        .order_by(Metric.item, Metric.position, Metric.id)
        .limit(300)
    )
    return [(row.id, f"{row.item} {pick(row.name_zh, row.name_en)}") for row in rows]


def list_nameable(actor: Actor, site_id: int) -> list[tuple[int, str]]:
    """The open non-conformities of a site that an action can name."""
    rows = db.session.execute(
        sa.select(Nonconformity.id, Nonconformity.number, Nonconformity.title)
        .where(
            Nonconformity.organisation_id == actor.organisation_id,
            Nonconformity.site_id == site_id,
            Nonconformity.state.notin_([*queries.SETTLED, "draft"]),
        )
        .order_by(Nonconformity.number)
        .limit(500)
    )
    return [(row.id, f"{label('nonconformity', row.number)} {row.title}") for row in rows]


def list_joinable(actor: Actor, site_id: int, nonconformity_id: int) -> list[tuple[int, str]]:
    """The actions that are still being planned, that this person works on, and that do not answer it yet."""
    answering = sa.select(ActionNonconformity.action_id).where(
        ActionNonconformity.organisation_id == actor.organisation_id,
        ActionNonconformity.nonconformity_id == nonconformity_id,
    )
    rows = db.session.execute(
        sa.select(Action.number, Action.title, Action.owner_id)
        .where(
            Action.organisation_id == actor.organisation_id,
            Action.site_id == site_id,
            Action.state.in_(BEFORE_APPROVAL),
            Action.id.not_in(answering),
        )
        .order_by(Action.number.desc())
        .limit(200)
    )
    return [
        (row.number, f"{label('action', row.number)} {row.title}")
        for row in rows
        if can(actor, "action:work", Subject(site_id=site_id, owner_ids=frozenset({row.owner_id})))
    ]
