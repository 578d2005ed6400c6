from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy

from tests.tracker.actions import loop
from tracker import clock
from tracker.actions import services
from tracker.actions.queries import load_case
from tracker.errors import Conflict, Forbidden, InvalidInput, RefusedMove, WrongPassword
from tracker.moves import Signing
from workflows.kinds import AuditPurpose, TaskState
from workflows.nonconformities import NonconformityState

START = loop.date(2026, 3, 2)


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield loop.company()


def test_an_action_goes_from_its_problem_to_its_kept_gain(at) -> None:
    record = at.nonconformity()
    action = loop.implemented(at, record)
    assert record.state == NonconformityState.VERIFYING
    assert action.window_ends_on == loop.date(2026, 4, 1)

    with clock.at(START + timedelta(days=5)):
        loop.audited(at, record, purpose=AuditPurpose.IMPLEMENTATION, effective=None)
    assert action.state == "monitoring"

    with clock.at(START + timedelta(days=40)):
        loop.audited(at, record)
        services.edit_step(
            at.act(at.owner),
            action,
            {"effect_result": "97 %", "criterion_met": True, "standardised": "Procedure 7, trained"},
        )
        services.make_move(at.act(at.lead), action, "close", signing=loop.SIGNED)

    assert action.state == "closed"
    assert action.closed_at is not None
    assert record.state == NonconformityState.VERIFYING
